"""A computation written as data: a formula by name and what it is given, or a fact, or arithmetic on two of these.

Nothing here runs text as code. A computation is one of::

    20 ms                                                          a quantity, as the catalog writes them
    {disclosure: NAME, value: FIGURE}                              one figure of the catalog; also of a chip, model,
                                                                   price, tier, sparse_scaling or model record
    {formula: batch_size.t_drain, given: [{chip: H100, at: fp8}, {T: 20 ms}]}
    {function: schedules.bubble, with: {stages: 4, name: gpipe}, gives: "1"}      where a formula cannot say it
    {ratio: [A, B]}   {difference: [A, B]}   {product: [A, B, ...]}   {sum: [A, B, ...]}

A formula may be given the value of another formula that it is built from, such as t_step, in place of its inputs.

Examples
--------
>>> from roofline.teaching.recompute import described, evaluate
>>> drain = {"formula": "batch_size.t_drain", "given": [{"chip": "H100", "at": "fp8"}]}
>>> described({"ratio": [drain, "20 ms"]})
'batch_size.t_drain(1 × H100 at fp8) / 20 ms'
>>> round(evaluate({"ratio": [drain, "20 ms"]}).value, 2)
1.19
>>> evaluate("3.35 TB/s")
Quantity(value=3350000000000.0, unit='TB/s')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from numbers import Real
from typing import Any

from roofline.algebra import DomainError, Formula, UnitError, dimensions, units
from roofline.algebra.symbols import nearest
from roofline.catalog.disclosure import Quantity, figure

from .chapters import formula, function, given_parts
from .facts import NotAComputation, operands, priced, recorded, symbol, tabled

Node = str | int | float | Mapping[str, Any]


def evaluate(node: Node) -> Quantity:
    """The value of a computation, in base units, with its unit.

    Raises
    ------
    NotAComputation, UnitError, NameUnknown, InputMissing, DomainError, or what the catalog says of an unknown name
    """
    if not isinstance(node, Mapping):
        return _quantity(node)
    return _KINDS[_kind(node)].evaluate(node)


def described(node: Node) -> str:
    """A computation in one line, for people: t_drain(1 × H100 at fp8) / 20 ms."""
    return _KINDS[_kind(node)].describe(node) if isinstance(node, Mapping) else str(node)


def _kind(node: Mapping[str, Any]) -> str:
    found = [kind for kind in _KINDS if kind in node]
    if len(found) != 1:
        raise NotAComputation(f"{dict(node)!r}: expected exactly one of {', '.join(_KINDS)}")
    known = _KINDS[found[0]].beside
    for key in node:
        if key != found[0] and key not in known:
            raise NotAComputation(f"{key!r} means nothing beside {found[0]!r}{nearest(str(key), known)}")
    return found[0]


def _quantity(text: Any) -> Quantity:
    read = figure(text)
    if not isinstance(read, Quantity):
        raise UnitError(f"{text!r}: expected a number with its unit, such as '20 ms'")
    return read


# Formulas


def _evaluated(node: Mapping[str, Any]) -> Quantity:
    made = formula(node["formula"])
    sources, values = _given(made, node.get("given", []))
    return Quantity(_call(made, sources, values), made.unit)


def _computed(node: Mapping[str, Any]) -> Quantity:
    """What a function gives for plain arguments: quantities, other computations, or words."""
    made, given = function(node["function"]), node.get("with", {})
    if not isinstance(given, Mapping):
        raise NotAComputation(f"{node['function']}: with holds its arguments by name")
    value = made(**{name: _argument(item) for name, item in given.items()})
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise NotAComputation(f"{node['function']}: expected one finite number, got {value!r}")
    units.base(str(node.get("gives", units.ONE)), node["function"])
    return Quantity(float(value), str(node.get("gives", units.ONE)))


def _argument(item: Any) -> Any:
    """A computation as its value, a whole number and a word as they are."""
    if isinstance(item, Mapping):
        return evaluate(item).value
    if isinstance(item, list):
        return [_argument(part) for part in item]
    if isinstance(item, bool | int):
        return item
    try:
        return _quantity(item).value
    except UnitError:
        return item


def _given(made: Formula, given: Any) -> tuple[list[Mapping[str, float]], dict[str, float]]:
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        raise NotAComputation(f"{made.name}: given is a list of chips, models and named inputs")
    sources: list[Mapping[str, float]] = []
    values: dict[str, float] = {}
    for item in given:
        if "chip" in item or "model" in item:
            sources.append(operands(item))
        else:
            values |= {name: _fitting(made, name, evaluate(node)) for name, node in item.items()}
    return sources, values


def _fitting(made: Formula, name: str, found: Quantity) -> float:
    wanted = made.notation.card(name).unit
    if not units.compatible(found.unit, wanted):
        raise UnitError(f"{made.name}: {name} is measured in {wanted}, not in {found.unit}")
    return found.value


def _call(made: Formula, sources: list[Mapping[str, float]], values: dict[str, float]) -> float:
    cut = [name for name in values if name in made.notation.formulas]
    return float((given_parts(made, cut) if cut else made)(*sources, **values))


# Arithmetic

MANY = ("product", "sum")
ARITHMETIC = {"ratio", "difference", *MANY}


def _parts(node: Mapping[str, Any], kind: str) -> list[Quantity]:
    parts = node[kind]
    if not isinstance(parts, list) or len(parts) < 2 or (kind not in MANY and len(parts) > 2):
        many = "two or more" if kind in MANY else "two"
        raise NotAComputation(f"{kind}: expected a list of {many} computations")
    return [evaluate(part) for part in parts]


def _ratio(node: Mapping[str, Any]) -> Quantity:
    above, below = _parts(node, "ratio")
    if below.value == 0:
        raise DomainError("ratio: the second computation came out as 0")
    dimension = dimensions.dimension(above.unit) / dimensions.dimension(below.unit)
    return Quantity(above.value / below.value, dimensions.written(dimension))


def _difference(node: Mapping[str, Any]) -> Quantity:
    left, right = _parts(node, "difference")
    if not units.compatible(left.unit, right.unit):
        raise UnitError(f"difference: {left.unit} and {right.unit} do not fit together")
    return Quantity(left.value - right.value, left.unit)


def _sum(node: Mapping[str, Any]) -> Quantity:
    parts = _parts(node, "sum")
    for part in parts[1:]:
        if not units.compatible(part.unit, parts[0].unit):
            raise UnitError(f"sum: {parts[0].unit} and {part.unit} do not fit together")
    return Quantity(math.fsum(part.value for part in parts), parts[0].unit)


def _product(node: Mapping[str, Any]) -> Quantity:
    parts = _parts(node, "product")
    dimension = reduce(lambda a, b: a * b, (dimensions.dimension(part.unit) for part in parts))
    return Quantity(math.prod(part.value for part in parts), dimensions.written(dimension))


def _joined(kind: str, sign: str) -> Callable[[Mapping[str, Any]], str]:
    def join(node: Mapping[str, Any]) -> str:
        parts = [(part, described(part)) for part in node[kind]]
        return sign.join(
            f"({d})" if isinstance(p, Mapping) and {"ratio", "difference", "product", "sum"} & {*p} else d
            for p, d in parts
        )

    return join


def _formula_described(node: Mapping[str, Any]) -> str:
    given = [
        getattr(operands(item), "label", "")
        if "chip" in item or "model" in item
        else ", ".join(f"{name} = {described(value)}" for name, value in item.items())
        for item in node.get("given", [])
    ]
    return f"{node['formula']}({'; '.join(given)})"


def _function_described(node: Mapping[str, Any]) -> str:
    given = (
        f"{name} = {described(item) if isinstance(item, Mapping) else item}"
        for name, item in node.get("with", {}).items()
    )
    return f"{node['function']}({', '.join(given)})"


def _figure_described(node: Mapping[str, Any]) -> str:
    name = next(node[kind] for kind in _FIGURES if kind in node)
    return f"{node.get('value') or node['attention'] + ' attention'} of {name}"


@dataclass(frozen=True)
class _Kind:
    """How one kind of computation is evaluated and described, and which keys may stand beside its own."""

    evaluate: Callable[[Mapping[str, Any]], Quantity]
    describe: Callable[[Mapping[str, Any]], str]
    beside: tuple[str, ...] = ()


_KINDS = {
    "formula": _Kind(_evaluated, _formula_described, ("given",)),
    "function": _Kind(_computed, _function_described, ("with", "gives")),
    "chip": _Kind(symbol, _figure_described, ("at", "n", "value")),
    "model": _Kind(symbol, _figure_described, ("weights", "kv", "value", "attention")),
    "disclosure": _Kind(tabled, _figure_described, ("value",)),
    "sparse_scaling": _Kind(tabled, _figure_described, ("value",)),
    "tier": _Kind(recorded, _figure_described, ("value",)),
    "record": _Kind(recorded, _figure_described, ("value",)),
    "price": _Kind(priced, _figure_described, ("value",)),
    "ratio": _Kind(_ratio, _joined("ratio", " / ")),
    "difference": _Kind(_difference, _joined("difference", " − ")),
    "product": _Kind(_product, _joined("product", " × ")),
    "sum": _Kind(_sum, _joined("sum", " + ")),
}
_FIGURES = ("chip", "model", "disclosure", "sparse_scaling", "tier", "record", "price")
