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
from dataclasses import asdict, dataclass
from typing import Any

import sympy

from ..algebra import Formula, units
from ..notation import notation

_GLUE = "application/papermill.record/"
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
    """

    key: str
    text: str
    value: float | None
    unit: str
    formula: str
    inputs: dict[str, str]
    sources: dict[str, str]

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
    value, base, formula, inputs = _computed(key, what, sources, unit, how, values)
    shown = unit or base
    record = Number(
        key, written(value, shown, digits), value, shown, formula, inputs, _origins(inputs, sources, values)
    )
    _glue(record)
    return record


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


def _computed(
    key: str, what: Any, sources: tuple[Mapping[str, float], ...], unit: str | None, how: str, values: dict[str, Any]
) -> tuple[float, str, str, dict[str, str]]:
    if isinstance(what, numbers.Real):
        if not how or sources or values or isinstance(what, bool) or math.isnan(what):
            raise ValueError(f"number {key!r}: the bare value {what!r} needs how='...', and takes no inputs")
        return float(what), unit or units.ONE, how, {}
    if not isinstance(what, Formula | sympy.Expr) or how:
        raise ValueError(f"number {key!r}: expected a formula or an expression without how=, or a bare value with it")
    formula = what if isinstance(what, Formula) else notation.expression(what, _base(unit), str(what))
    if not units.compatible(formula.unit, _base(unit or formula.unit)):
        raise ValueError(f"number {key!r}: {formula.name} is measured in {formula.unit}, not in {unit}")
    bound = formula.bind(*sources, **values)
    inputs = {name: units.as_given(v, notation.inputs[name].unit) for name, v in bound.items()}
    return formula(*sources, **values), formula.unit, formula.name if what is formula else str(what), inputs


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
