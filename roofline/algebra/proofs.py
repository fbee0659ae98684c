"""Proofs about formulas with a max in them, which sympy's own limit and signs do not reach.

A max is handled branch by branch: its limit is the max of the limits, and it never rises if no branch rises.
"""

from __future__ import annotations

from typing import Any

import sympy


def spread(expression: Any) -> sympy.Expr:
    """Move factors that cannot be negative into a max or min: a*max(x, y) becomes max(a*x, a*y)."""
    e = sympy.sympify(expression)
    if e.args:
        e = e.func(*[spread(a) for a in e.args])
    if isinstance(e, sympy.Mul):
        choices = [a for a in e.args if isinstance(a, sympy.Max | sympy.Min)]
        factor = sympy.Mul(*[a for a in e.args if a not in choices[:1]])
        if choices and factor.is_nonnegative:
            return choices[0].func(*[spread(sympy.expand(factor * a)) for a in choices[0].args])
    return e


def limit(expression: Any, variable: sympy.Symbol, to: Any) -> sympy.Expr:
    """The limit as `variable` goes to `to`; a max or min is continuous, so its limit is that of its branches."""
    e = spread(expression)
    if isinstance(e, sympy.Max | sympy.Min):
        return e.func(*[limit(branch, variable, to) for branch in e.args])
    if not e.has(variable):
        return e
    if e.has(sympy.Max, sympy.Min):
        inner = {m: sympy.Dummy(positive=True) for m in e.atoms(sympy.Max, sympy.Min)}
        ends = {stand_in: limit(m, variable, to) for m, stand_in in inner.items()}
        if all(end.is_finite is not False for end in ends.values()):
            return sympy.limit(e.xreplace(inner), variable, to).xreplace(ends)
        return limit(_one_branch(e, variable, to), variable, to)
    return sympy.limit(e, variable, to)


def _one_branch(e: sympy.Expr, variable: sympy.Symbol, to: Any) -> sympy.Expr:
    """`e` with every max and min that grows without bound replaced by the branch that wins near `to`."""
    for m in e.atoms(sympy.Max, sympy.Min):
        first, *rest = m.args
        for other in rest:
            gap = sympy.limit(sympy.expand(first - other) / variable, variable, to)
            if gap.is_positive is None and gap.is_negative is None:
                raise ValueError(
                    f"which is larger near {to}, {first} or {other}, depends on the inputs: substitute first"
                )
            wins = gap.is_positive if isinstance(m, sympy.Max) else gap.is_negative
            first = first if wins else other
        e = e.xreplace({m: first})
    return e


def never_rises(expression: Any, variable: sympy.Symbol) -> bool:
    """Whether the expression is proved not to increase with `variable`, for every value of the other inputs."""
    e = spread(expression)
    if isinstance(e, sympy.Max | sympy.Min):
        return all(never_rises(branch, variable) for branch in e.args)
    return bool(sympy.factor(sympy.diff(e, variable)).is_nonpositive)


def never_falls(expression: Any, variable: sympy.Symbol) -> bool:
    """Whether the expression is proved not to decrease with `variable`."""
    e = spread(expression)
    if isinstance(e, sympy.Max | sympy.Min):
        return all(never_falls(branch, variable) for branch in e.args)
    return bool(sympy.factor(sympy.diff(e, variable)).is_nonnegative)


def same(a: Any, b: Any) -> bool:
    """Whether two expressions are equal for every value of their inputs."""
    return bool(sympy.simplify(sympy.sympify(a) - sympy.sympify(b)) == 0)
