"""The unit of an expression, found by walking it: sums need like units, powers need plain exponents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import sympy
from pint.util import UnitsContainer

from . import units

Dimension = UnitsContainer
_FREE = object()  # 0 and infinity fit every unit
_PLAIN_FUNCTIONS = (sympy.log, sympy.exp, sympy.ceiling, sympy.floor, sympy.Mod)


def dimension(unit: str) -> Dimension:
    return units.unit(unit).dimensionality


def written(dim: Dimension) -> str:
    """A dimension for people: [information]/[time] reads as byte/s."""
    names = {
        "[arithmetic]": "FLOP",
        "[information]": "byte",
        "[token]": "token",
        "[parameter]": "parameter",
        "[money]": "USD",
        "[time]": "s",
        "[energy]": "J",
    }

    def side(sign: int) -> str:
        return "*".join(
            names[d] + (f"^{abs(p):g}" if abs(p) != 1 else "")
            for d, p in sorted((d, float(str(p))) for d, p in dim.items())
            if p * sign > 0
        )

    return (side(+1) or units.ONE) + "".join("/" + part for part in side(-1).split("*") if part)


def of(expression: sympy.Basic, given: Mapping[str, str]) -> Dimension:
    """The dimension of `expression` when each symbol has the unit that `given` names; UnitError if it has none."""
    found = _walk(sympy.sympify(expression), {name: dimension(unit) for name, unit in given.items()})
    return dimension(units.ONE) if found is _FREE else found


def _walk(e: sympy.Basic, given: Mapping[str, Dimension]):
    plain = dimension(units.ONE)
    if isinstance(e, sympy.Symbol):
        if e.name not in given:
            raise units.UnitError(f"{e.name} has no declared unit")
        return given[e.name]
    if e.is_number:
        return _FREE if e.is_zero or e.is_infinite else plain
    if isinstance(e, sympy.Mul):
        parts = [_walk(a, given) for a in e.args]
        return reduce(lambda a, b: a * b, [p for p in parts if p is not _FREE], plain)
    if isinstance(e, sympy.Pow):
        return _power(e, given)
    if isinstance(e, sympy.Add | sympy.Max | sympy.Min):
        return _alike(list(e.args), given, e)
    if isinstance(e, sympy.Abs):
        return _walk(e.args[0], given)
    if isinstance(e, sympy.Piecewise):
        for _, condition in e.args:
            for comparison in condition.atoms(sympy.core.relational.Relational):
                _alike(list(comparison.args), given, comparison)
        return _alike([branch for branch, _ in e.args], given, e)
    if isinstance(e, _PLAIN_FUNCTIONS):
        for argument in e.args:
            if _walk(argument, given) not in (plain, _FREE):
                raise units.UnitError(
                    f"{type(e).__name__} needs a plain number, got {argument} in {written(_walk(argument, given))}"
                )
        return plain
    raise units.UnitError(f"the unit of {type(e).__name__} cannot be worked out, in {e}")


def _alike(parts: list[sympy.Basic], given: Mapping[str, Dimension], whole: sympy.Basic):
    found = [(part, _walk(part, given)) for part in parts]
    found = [(part, dim) for part, dim in found if dim is not _FREE]
    if not found:
        return _FREE
    first, dim = found[0]
    for other, other_dim in found[1:]:
        if other_dim != dim:
            raise units.UnitError(
                f"{first} in {written(dim)} and {other} in {written(other_dim)} cannot stand together in {whole}"
            )
    return dim


def _power(e: sympy.Pow, given: Mapping[str, Dimension]):
    plain = dimension(units.ONE)
    base, exponent = _walk(e.base, given), _walk(e.exp, given)
    if exponent not in (plain, _FREE):
        raise units.UnitError(f"the exponent {e.exp} has the unit {written(exponent)}; exponents are plain numbers")
    if base in (plain, _FREE):
        return base
    if not e.exp.is_Rational:
        raise units.UnitError(f"{e.base} in {written(base)} can only be raised to a fixed rational power, not {e.exp}")
    return base ** float(e.exp)
