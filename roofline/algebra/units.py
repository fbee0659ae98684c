"""Units: FLOP, byte, token, parameter, USD, second and joule are dimensions of their own.

Inside the package every value is a float in these base units; text such as "3.35 TB/s" is read, and results are
written for people, only here. "Add a parameter count to a byte count" is an error rather than a number.

Examples
--------
>>> from roofline.algebra.units import compatible, factor, parse, significant, text
>>> parse("3.35 TB/s", "byte/s"), parse("8192", "1")
(3350000000000.0, 8192.0)
>>> text(0.00116, "s"), text(671e9, "parameter"), text(3.1e-7, "USD/token")
('1.16 ms', '671 billion parameters', '$3.10 × 10⁻⁷/token')
>>> factor("hour"), compatible("TB/s", "byte/s"), compatible("byte", "parameter"), significant(5441.1)
(3600.0, True, False, '5,440')
>>> parse("3.35 TB", "byte/s")
Traceback (most recent call last):
    ...
roofline.algebra.units.UnitError: '3.35 TB': expected a unit like byte/s, got 'TB'
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any

import pint

DEFINITIONS = """
yotta- = 1e24 = Y-
zetta- = 1e21 = Z-
exa- = 1e18 = E-
peta- = 1e15 = P-
tera- = 1e12 = T-
giga- = 1e9 = G-
mega- = 1e6 = M-
kilo- = 1e3 = k-
milli- = 1e-3 = m-
micro- = 1e-6 = µ- = u-
nano- = 1e-9 = n-
pico- = 1e-12 = p-
kibi- = 1024 = Ki-
mebi- = 1048576 = Mi-
gibi- = 1073741824 = Gi-
tebi- = 1099511627776 = Ti-
FLOP = [arithmetic]
byte = [information] = B
bit = byte / 8
token = [token]
parameter = [parameter]
USD = [money]
second = [time] = s
minute = 60 * second = min
hour = 60 * minute = h
day = 24 * hour = d
month = 365.25 / 12 * day
year = 365.25 * day
joule = [energy] = J
watt = joule / second = W
"""

ONE = "1"  # the unit of counts and ratios
PERCENT = "%"  # how `text` may write a ratio: in hundredths


class UnitError(ValueError):
    """A unit that is unknown, or that does not fit where it is used."""


@lru_cache(maxsize=1)
def registry() -> pint.UnitRegistry:
    ureg: pint.UnitRegistry = pint.UnitRegistry(None, cache_folder=None)
    for line in DEFINITIONS.strip().splitlines():
        ureg.define(line)
    return ureg


@cache
def unit(name: str) -> pint.Quantity:
    """The unit `name` as a pint quantity of magnitude 1; UnitError if it is not one of ours."""
    if not isinstance(name, str) or not name.strip():
        raise UnitError(f"unit {name!r}: expected text such as 'byte/s', or '1' for a count")
    if name.strip() == ONE:
        return registry().Quantity(1.0, "")
    try:
        return registry().Quantity(1.0, registry().Unit(name))
    except Exception as error:
        raise UnitError(
            f"unit {name!r} is not known; units are built from FLOP, byte, bit, token, parameter, USD, "
            "s, min, h, day, month, year, J and W, with SI or binary prefixes"
        ) from error


def factor(name: str) -> float:
    """How many base units one `name` is: factor('TB/s') is 1e12, factor('hour') is 3600."""
    return float(unit(name).to_base_units().magnitude)


def base(name: str, what: str) -> None:
    """UnitError unless `name` is made of base units, so that values need no factor."""
    if factor(name) != 1:
        raise UnitError(
            f"{what} is declared in {name!r}; declare it in base units: s, byte, FLOP, token, parameter, USD, J"
        )


def compatible(a: str, b: str) -> bool:
    """Whether the units `a` and `b` measure the same thing."""
    return unit(a).dimensionality == unit(b).dimensionality


_QUANTITY = re.compile(
    r"^\s*([-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\d,_.])\s*(.*?)\s*$", re.ASCII
)


def parse(text: Any, expected: str) -> float:
    """Read a quantity such as "3.35 TB/s" as a float in base units.

    Parameters
    ----------
    text : str or number
        A number followed by a unit. A bare number is accepted only where a count or ratio is expected.
    expected : str
        A unit of the kind that must come out, such as "byte/s".

    Raises
    ------
    UnitError
        If there is no number, no unit where one is needed, or a unit of another kind.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise UnitError(f"{text!r}: expected a quantity in {expected}, such as '3.35 {expected}'")
    match = _QUANTITY.match(text) if isinstance(text, str) else None
    if isinstance(text, str) and not (match and re.search(r"[0-9]", match[1])):
        raise UnitError(f"{text!r}: expected a number and a unit like {expected}")
    number, name = (match[1].replace(",", ""), match[2]) if match else (text, "")
    if not compatible(name or ONE, expected):
        raise UnitError(f"{text!r}: expected a unit like {expected}, got {name or 'none'!r}")
    value = float(number) * factor(name or ONE)
    if not math.isfinite(value):
        raise UnitError(f"{text!r}: expected a finite quantity in {expected}")
    # one rounding at 15 digits: 3.35 * 1e12 should read as 3.35e12
    return float(f"{value:.15g}")


PREFIXES = [
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
]
LONG_TIMES = [(86400.0, "days"), (3600.0, "h"), (60.0, "min")]
WORDS = [(1e15, " quadrillion"), (1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1.0, "")]
PREFIXED = {
    "byte": "B",
    "B": "B",
    "FLOP": "FLOP",
    "second": "s",
    "s": "s",
    "J": "J",
    "joule": "J",
    "W": "W",
    "watt": "W",
}
SPELLED = {"USD/Mtoken": "per million tokens", "USD/hour": "per hour", "USD/s": "per second"}


def significant(x: float, digits: int = 3) -> str:
    """`x` to so many significant digits, with thousands separators: 5441.1 -> '5,440'."""
    if x == 0:
        return "0"
    rounded = rounded_to(x, digits)
    magnitude = rounded.adjusted()
    if magnitude < -4 or magnitude >= 15:
        mantissa = rounded.scaleb(-magnitude)
        superscript = str(magnitude).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa:.{digits - 1}f} × 10{superscript}"
    written = f"{rounded:,.{max(0, digits - 1 - magnitude)}f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def rounded_to(x: float, digits: int) -> Decimal:
    """`x` to so many significant digits, halves away from zero, as people and JavaScript round."""
    exact = Decimal(x)
    return exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), ROUND_HALF_UP)


def text(value: float, in_unit: str = ONE, digits: int = 3) -> str:
    """Write a value, given in base units, for people.

    A unit without a prefix is scaled to a readable one (0.00116, "s" -> "1.16 ms"); a unit with a prefix is kept
    (0.00116, "µs" -> "1,160 µs"); counts, tokens and parameters use words ("671 billion parameters"); money reads
    as "$0.31 per million tokens"; "%" writes a ratio in hundredths (0.037 -> "3.7 %"). Infinity reads as "∞", never
    as a number.
    """
    if math.isnan(value):
        raise UnitError(f"cannot write NaN in {in_unit}")
    scaled = value * 100 if in_unit == PERCENT else value / factor(in_unit)
    if math.isinf(scaled):
        return "∞" if scaled > 0 else "−∞"
    sign, size = ("−" if scaled < 0 else ""), abs(scaled)
    if in_unit.startswith("USD"):
        suffix = SPELLED.get(in_unit, "/" + in_unit[4:] if len(in_unit) > 4 else "")
        return f"{sign}${_money(size, digits)}{' ' + suffix if in_unit in SPELLED else suffix}"
    head, slash, rest = in_unit.partition("/")
    if in_unit in ("s", "second") and size >= 120:
        size, label = next((size / f, u) for f, u in LONG_TIMES if size >= 2 * f)
        return f"{sign}{significant(size, digits)} {label}"
    if head in PREFIXED:
        scale, prefix = _scale(size, PREFIXES, digits)
        return f"{sign}{significant(size / scale, digits)} {prefix}{PREFIXED[head]}{slash}{rest}"
    if head in (ONE, PERCENT, "token", "parameter"):
        scale, word = _scale(size, WORDS, digits)
        one = significant(size / scale, digits) == "1" and not word
        noun = "" if head == ONE else f" {head}" if one or head == PERCENT else f" {head}s"
        return f"{sign}{significant(size / scale, digits)}{word}{noun}{slash}{rest}"
    return f"{sign}{significant(size, digits)} {in_unit}"


def as_given(value: float, in_unit: str = ONE) -> str:
    """An input as `text` writes it, to four digits; a whole count below a million to its last: 32768 -> "32,768"."""
    counted = in_unit in (ONE, "token", "parameter") and abs(value) < 1e6 and float(value).is_integer()
    return text(value, in_unit, max(4, len(str(abs(int(value))))) if counted else 4)


def _scale(size: float, steps: list[tuple[float, str]], digits: int) -> tuple[float, str]:
    """The largest step not above `size` once it is rounded, so that 999.9 kB reads as 1 MB."""
    if size == 0:
        return next(step for step in steps if step[0] == 1.0)
    rounded = float(rounded_to(size, digits))
    return next((step for step in steps if rounded >= step[0]), steps[-1])


def _money(size: float, digits: int) -> str:
    """The form that suits the amount once it is rounded: $999.999 reads as $1,000, and $999,999.6 as $1 million."""
    near = float(rounded_to(size, digits))
    if near >= 1e6:
        scale, word = _scale(size, WORDS, digits)
        return significant(size / scale, digits) + word
    cents = Decimal(size).quantize(Decimal(1).scaleb(-max(2, digits - 1)), ROUND_HALF_UP)
    return f"{cents}" if near >= 0.1 and cents < 1000 else significant(size, digits)
