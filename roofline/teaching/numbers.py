"""Numbers in the prose: each computed, written with its unit, and kept together with where it came from.

A hidden cell calls `number("floor", latency_floor, chip, model, unit="ms")`; the prose says {glue:text}`floor`. The
formula, inputs and sources travel in the metadata of the cell's output, for the number inspector, the cards and the
report of what changed.

Examples
--------
Outside a notebook a number is only computed:

>>> from roofline import chips
>>> from roofline.batch_size import t_drain
>>> from roofline.teaching.numbers import number, quoted, written
>>> drain = number("drain", t_drain, chips["H100"].at("fp8"), unit="ms")
>>> drain
drain: 23.9 ms (t_drain)
>>> drain.inputs
{'W': '3.35 TB/s', 'M': '80 GB'}
>>> quoted("year", "1977", how="the year of the standard").text
'1977'
>>> written(0.04, "%"), written(3.2, "×"), written(0.0119, "s")
('4 %', '3.2×', '11.9 ms')
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import sympy

from ..algebra import Formula, units
from ..notation import notation

_GLUE = "application/papermill.record/"
READABLE = {"USD/token": "USD/Mtoken", "USD/s": "USD/hour", "USD/byte/s": "USD/GB/hour"}  # as people read them
_RATIOS = {"×": (1.0, "×"), "%": (100.0, " %")}


@dataclass(frozen=True, repr=False)
class Number:
    """A number of the prose and its record.

    Attributes
    ----------
    key, text : str
        What the prose calls it, and how it reads there.
    value : float
        In base units.
    unit : str
        The unit it is shown in.
    formula : str
        Name of the formula, or the expression, or how a given value was obtained.
    inputs : dict of str to str
        Each input, written with its unit.
    sources : dict of str to str
        Where inputs came from: a chip or model of the catalog, by input name.
    parts : dict of str to str
        The formulas that the formula is made of, one level deep, each with its value.
    tex : str
        An expression as LaTeX; "" for what has a name.
    """

    key: str
    text: str
    value: float | None
    unit: str
    formula: str
    inputs: dict[str, str]
    sources: dict[str, str]
    parts: dict[str, str] = field(default_factory=dict)
    tex: str = ""

    def __repr__(self) -> str:
        return f"{self.key}: {self.text} ({self.formula})"


def number(
    key: str,
    what: Formula | sympy.Expr | float,
    *sources: Mapping[str, float],
    unit: str | None = None,
    digits: int = 3,
    how: str = "",
    **values: Any,
) -> Number:
    """Compute a number, record it and glue it under `key`.

    Parameters
    ----------
    key : str
        Name in the prose, words joined by hyphens.
    what : Formula, sympy expression of formulas and symbols, or float
        A float, in base units, needs `how`: a phrase that says how it was computed.
    *sources, **values
        As for a call of the formula.
    unit : str, optional
        Unit to show; the formula's own otherwise. "×" and "%" write a ratio as a multiple or in hundredths.
    digits : int
        Significant digits.

    Raises
    ------
    ValueError
        If the key is badly formed, a float comes without `how`, or the unit does not fit.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        raise ValueError(f"key {key!r}: expected lower-case words joined by hyphens, such as 'latency-floor'")
    if isinstance(what, numbers.Real):
        record = _given(key, what, sources, unit, how, values, digits)
    else:
        record = _computed(key, what, sources, unit, how, values, digits)
    _glue(record)
    return record


def compared(
    key: str,
    what: Formula,
    this: tuple[Mapping[str, float], ...],
    that: tuple[Mapping[str, float], ...],
    unit: str = "×",
    digits: int = 3,
) -> Number:
    """A formula at `this` over the same at `that`, each a tuple of sources; with "%", by how much it is more.

    Examples
    --------
    >>> from roofline import chips
    >>> from roofline.batch_size import t_drain
    >>> compared("slower", t_drain, (chips["H200"].at("fp8"),), (chips["H100"].at("fp8"),))
    slower: 1.23× (t_drain, 29.4 ms with 1 × H200 at fp8, over 23.9 ms with 1 × H100 at fp8)
    """
    value = what(*this) / what(*that)
    told = [f"{_readable(what(*sources), what.unit, digits)} with {_setting(sources)}" for sources in (this, that)]
    more = ", less one" if unit == "%" else ""
    return number(key, value - bool(more), unit=unit, digits=digits, how=f"{what.name}, {', over '.join(told)}{more}")


def _setting(sources: tuple[Mapping[str, float], ...]) -> str:
    """Sources in words: their labels, or what is given by name."""
    named = [getattr(source, "label", "") for source in sources]
    given = [f"{name} = {_readable(value, notation.inputs[name].unit)}"
             for source, label in zip(sources, named, strict=True) if not label for name, value in source.items()]
    return ", ".join([*filter(None, named), *given])


def quoted(key: str, text: str, how: str) -> Number:
    """Glue a text from a record, such as a year, with where it stands."""
    record = Number(key, text, None, "", how, {}, {})
    _glue(record)
    return record


def said(key: str, row: Any) -> Number:
    """Glue what a row of the ledger says was stated, so that a quoted figure is not typed either."""
    if not row.said:
        raise ValueError(f"number {key!r}: {row.id} states no quantity")
    shown = row.deciding
    record = Number(key, row.said, shown.stated[0], shown.unit, f"stated, {row.id} of the ledger", {}, {})
    _glue(record)
    return record


def _given(
    key: str, what: Any, sources: Any, unit: str | None, how: str, values: dict[str, Any], digits: int
) -> Number:
    """A bare value, with a phrase that says how it was computed."""
    if not how or sources or values or isinstance(what, bool) or math.isnan(what):
        raise ValueError(f"number {key!r}: the bare value {what!r} needs how='...', and takes no inputs")
    shown = unit or units.ONE
    return Number(key, written(float(what), shown, digits), float(what), shown, how, {}, {})


def _computed(
    key: str, what: Any, sources: Any, unit: str | None, how: str, values: dict[str, Any], digits: int
) -> Number:
    """The value of a formula or an expression, with its inputs and parts."""
    if not isinstance(what, Formula | sympy.Expr) or how:
        raise ValueError(f"number {key!r}: expected a formula or an expression without how=, or a bare value with it")
    named = isinstance(what, Formula)
    formula = what if named else notation.expression(what, _base(unit), str(what))
    if not units.compatible(formula.unit, _base(unit or formula.unit)):
        raise ValueError(f"number {key!r}: {formula.name} is measured in {formula.unit}, not in {unit}")
    bound, value, shown = formula.bind(*sources, **values), formula(*sources, **values), unit or formula.unit
    inputs = {name: _readable(v, notation.inputs[name].unit) for name, v in bound.items()}
    return Number(
        key,
        written(value, shown, digits),
        value,
        shown,
        formula.name if named else str(what),
        inputs,
        _origins(inputs, sources, values),
        _parts(formula, bound),
        "" if named else formula.notation.latex(formula.rhs),
    )


def _parts(formula: Formula, bound: Mapping[str, Any]) -> dict[str, str]:
    """The formulas among a formula's arguments, each with its value at the same inputs, unless it needs others too."""
    made = [formula.notation.formulas[name] for name in formula.arguments if name in formula.notation.formulas]
    known = [part for part in made if set(part.inputs) <= set(bound)]
    return {part.name: _readable(part({n: bound[n] for n in part.inputs}), part.unit) for part in known}


def _readable(value: float, unit: str, digits: int = 0) -> str:
    shown = READABLE.get(unit, unit)
    return units.text(value, shown, digits) if digits else units.as_given(value, shown)


def _base(unit: str | None) -> str:
    return units.ONE if unit is None or unit in _RATIOS else unit


def _origins(
    inputs: dict[str, str], sources: tuple[Mapping[str, float], ...], values: dict[str, Any]
) -> dict[str, str]:
    """The label of the source that gave each input; "here" for one given by name, "default" for the rest."""
    found = {name: "here" if name in values else "default" for name in inputs}
    for source in sources:
        found |= {name: getattr(source, "label", "here") for name in inputs if name in source and name not in values}
    return found


def written(value: float, unit: str, digits: int = 3) -> str:
    """`value`, in base units, with its unit; "×" and "%" are the two ways to write a ratio."""
    scale, sign = _RATIOS.get(unit, (1.0, ""))
    return units.text(value * scale, units.ONE if sign else unit, digits) + sign


def _glue(record: Number) -> None:
    """Put the text where {glue:text} finds it, and the record beside it; outside a notebook do nothing."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return
    finite = record.value if record.value is not None and math.isfinite(record.value) else None  # JSON has no infinity
    display(
        {_GLUE + "text/plain": repr(record.text)},
        raw=True,
        metadata={
            "scrapbook": {"name": record.key, "mime_prefix": _GLUE},
            "number": asdict(record) | {"value": finite},
        },
    )
