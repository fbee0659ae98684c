"""A computation written as data: a formula by name and what it is given, or a fact, or arithmetic on two of these.

Nothing here runs text as code. A computation is one of

    20 ms                                                          a quantity, as the catalog writes them
    {disclosure: NAME, value: FIGURE}   also price, chip, model    one figure of the catalog
    {formula: batch_size.t_drain, given: [{chip: H100, at: fp8}, {T: 20 ms}]}
    {ratio: [A, B]}   {difference: [A, B]}   {product: [A, B, ...]}

A formula may be given the value of another formula that it is built from, such as t_step, in place of its inputs.
"""

from __future__ import annotations

import math
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from importlib import import_module
from typing import Any

import roofline
from roofline import catalog
from roofline.algebra import DomainError, Formula, NameUnknown, Notation, UnitError, dimensions, units
from roofline.algebra.symbols import nearest
from roofline.architecture import flops_per_token
from roofline.catalog.disclosure import Quantity, figure
from roofline.notation import notation

Node = str | int | float | Mapping[str, Any]
PRICE_UNITS = {
    **dict.fromkeys(
        ("input", "output", "cached_input", "cache_write", "cache_write_5m", "cache_write_1h"), "USD/token"
    ),
    **dict.fromkeys(("price_multiple", "speed_multiple", "output_to_input", "input_to_cached"), units.ONE),
    **dict.fromkeys(("context_up_to", "context_above"), "token"),
}


class NotAComputation(ValueError):
    """Data that does not have the shape of a computation."""


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


# One figure of the catalog


def _operands(node: Mapping[str, Any]) -> Mapping[str, float]:
    """A chip or a model at its precisions, as a source of values."""
    try:
        if "chip" in node:
            return catalog.chips[node["chip"]].at(node["at"], n=node.get("n", 1))
        return catalog.models[node["model"]].at(weights=node["weights"], kv=node["kv"])
    except KeyError as error:
        if isinstance(error, catalog.UnknownName):
            raise
        needs = "a chip needs at: PRECISION" if "chip" in node else "a model needs weights: and kv: PRECISION"
        raise NotAComputation(f"{dict(node)!r}: {needs}") from None


def _attention(node: Mapping[str, Any]) -> Quantity:
    """Attention arithmetic per new token and token of a short context, from the model's shape."""
    if node["attention"] not in ("absorbed", "expanded"):
        raise NotAComputation(f"attention: expected absorbed or expanded, got {node['attention']!r}")
    model = catalog.models[node["model"]]
    if model.shape is None:
        raise catalog.MissingFact(f"the shape of {model.name} is not published")
    flops = flops_per_token(model.shape, 1, absorbed=node["attention"] == "absorbed")["attention"]
    return Quantity(flops, notation.inputs["phi_att"].unit)


def _symbol(node: Mapping[str, Any]) -> Quantity:
    if "attention" in node:
        return _attention(node)
    source, name = _operands(node), _value_name(node)
    if name not in source:
        raise NameUnknown(f"{getattr(source, 'label', node)} gives no {name!r}; it gives {', '.join(source)}")
    return Quantity(source[name], notation.inputs[name].unit)


def _disclosed(node: Mapping[str, Any]) -> Quantity:
    record, name = catalog.disclosures[node["disclosure"]], _value_name(node)
    value = record[name]
    if not isinstance(value, int | float):
        raise NotAComputation(f"{node['disclosure']}: {name} is not one number")
    return Quantity(float(value), record.unit(name))


def _priced(node: Mapping[str, Any]) -> Quantity:
    line, name = catalog.prices[node["price"]], _value_name(node)
    value = getattr(line, name) if name in PRICE_UNITS else None
    if value is None:
        hint = "" if name in PRICE_UNITS else nearest(name, PRICE_UNITS)
        raise NotAComputation(f"the price {node['price']!r} has no figure {name!r}{hint}")
    return Quantity(float(value), PRICE_UNITS[name])


def _value_name(node: Mapping[str, Any]) -> str:
    if "value" not in node:
        raise NotAComputation(f"{dict(node)!r}: say which figure with value: NAME")
    return str(node["value"])


# Formulas


def formula(path: str) -> Formula:
    """The formula called, for instance, batch_size.t_drain; NameUnknown with the nearest names otherwise."""
    chapter, _, name = str(path).partition(".")
    chapters = [m.name for m in pkgutil.iter_modules(roofline.__path__) if not m.ispkg and m.name != "__main__"]
    if chapter not in chapters:
        raise NameUnknown(f"formula {path!r}: no chapter module is called {chapter!r}{nearest(chapter, chapters)}")
    known = {n: f for n, f in vars(import_module(f"roofline.{chapter}")).items() if isinstance(f, Formula)}
    if name not in known:
        raise NameUnknown(f"formula {path!r}: {chapter} has no formula {name!r}{nearest(name, known)}")
    return known[name]


def _evaluated(node: Mapping[str, Any]) -> Quantity:
    made = formula(node["formula"])
    sources, values = _given(made, node.get("given", []))
    return Quantity(_call(made, sources, values), made.unit)


def _given(made: Formula, given: Any) -> tuple[list[Mapping[str, float]], dict[str, float]]:
    if not isinstance(given, list) or not all(isinstance(item, Mapping) for item in given):
        raise NotAComputation(f"{made.name}: given is a list of chips, models and named inputs")
    sources: list[Mapping[str, float]] = []
    values: dict[str, float] = {}
    for item in given:
        if "chip" in item or "model" in item:
            sources.append(_operands(item))
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
    return float((_cut(made, cut) if cut else made)(*sources, **values))


def _cut(made: Formula, names: list[str]) -> Formula:
    """The formula in a notation of its own, in which the formulas named are inputs."""
    child = made.notation.child()
    for name in names:
        part = child.formulas.pop(name)
        child.symbol(name, part.tex, part.unit, part.meaning, part.result.name)
    return _remade(made, child)


def _remade(made: Formula, notation: Notation) -> Formula:
    """The formula and all it is built from, as the notation has their parts."""
    for name in made.arguments:
        if name in notation.formulas:
            notation.formulas[name] = _remade(notation.formulas[name], notation)
    return replace(made, notation=notation)


# Arithmetic


def _parts(node: Mapping[str, Any], kind: str) -> list[Quantity]:
    parts = node[kind]
    if not isinstance(parts, list) or len(parts) < 2 or (kind != "product" and len(parts) > 2):
        many = "two or more" if kind == "product" else "two"
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


def _product(node: Mapping[str, Any]) -> Quantity:
    parts = _parts(node, "product")
    dimension = reduce(lambda a, b: a * b, (dimensions.dimension(part.unit) for part in parts))
    return Quantity(math.prod(part.value for part in parts), dimensions.written(dimension))


def _joined(kind: str, sign: str) -> Callable[[Mapping[str, Any]], str]:
    def join(node: Mapping[str, Any]) -> str:
        parts = [(part, described(part)) for part in node[kind]]
        return sign.join(
            f"({d})" if isinstance(p, Mapping) and {"ratio", "difference", "product"} & {*p} else d for p, d in parts
        )

    return join


def _formula_described(node: Mapping[str, Any]) -> str:
    given = [
        getattr(_operands(item), "label", "")
        if "chip" in item or "model" in item
        else ", ".join(f"{name} = {described(value)}" for name, value in item.items())
        for item in node.get("given", [])
    ]
    return f"{node['formula']}({'; '.join(given)})"


def _figure_described(node: Mapping[str, Any]) -> str:
    name = next(node[kind] for kind in ("chip", "model", "disclosure", "price") if kind in node)
    return f"{node.get('value') or node['attention'] + ' attention'} of {name}"


@dataclass(frozen=True)
class _Kind:
    """How one kind of computation is evaluated and described, and which keys may stand beside its own."""

    evaluate: Callable[[Mapping[str, Any]], Quantity]
    describe: Callable[[Mapping[str, Any]], str]
    beside: tuple[str, ...] = ()


_KINDS = {
    "formula": _Kind(_evaluated, _formula_described, ("given",)),
    "chip": _Kind(_symbol, _figure_described, ("at", "n", "value")),
    "model": _Kind(_symbol, _figure_described, ("weights", "kv", "value", "attention")),
    "disclosure": _Kind(_disclosed, _figure_described, ("value",)),
    "price": _Kind(_priced, _figure_described, ("value",)),
    "ratio": _Kind(_ratio, _joined("ratio", " / ")),
    "difference": _Kind(_difference, _joined("difference", " − ")),
    "product": _Kind(_product, _joined("product", " × ")),
}
