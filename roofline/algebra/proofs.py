"""Proofs about formulas with a max in them, which sympy's own limit and signs do not reach.

`spread` brings a formula into the form of a max or min of plain expressions, by rules that hold for every value of the
inputs. A limit is then the max of the limits, and an expression never rises if no branch rises. What cannot be brought
into that form is refused, not guessed.

Examples
--------
>>> from sympy import Max, oo, symbols
>>> from roofline.algebra.proofs import limit, never_falls, never_rises, same, spread
>>> x, y, z = symbols("x y z", positive=True)
>>> spread(z * Max(x, y))
Max(x*z, y*z)
>>> limit(Max(x, y / z), z, oo)
x
>>> never_rises(Max(x, y) / x, x), never_falls(Max(x, y) / x, x)
(True, False)
>>> same(x * (x + y), x**2 + x * y), same(x + y, x * y)
(True, False)
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Max, Min

_JUMPING = (sympy.Piecewise, sympy.floor, sympy.ceiling, sympy.Mod)


def spread(expression: Any) -> sympy.Expr:
    """Move sums, factors of known sign and powers into a max or min: a*max(x, y) becomes max(a*x, a*y)."""
    e = sympy.sympify(expression)
    if not e.has(Max, Min) or isinstance(e, sympy.Piecewise):
        return e
    if e.args:
        e = e.func(*[spread(a) for a in e.args])
    if isinstance(e, sympy.Pow):
        return _spread_power(e)
    if isinstance(e, sympy.Mul | sympy.Add):
        choices = [a for a in e.args if isinstance(a, Max | Min)]
        others = e.func(*[a for a in e.args if a not in choices[:1]])
        if choices:
            chooser = _chooser(choices[0], others if isinstance(e, sympy.Mul) else sympy.S.One)
            if chooser:
                return chooser(*[spread(sympy.expand(e.func(others, a))) for a in choices[0].args])
    return e


def _chooser(choice: sympy.Expr, factor: sympy.Expr) -> Any:
    """Max or Min, whichever the choice is once its branches are multiplied by `factor`; None if the sign is unknown."""
    if factor.is_nonnegative:
        return type(choice)
    if factor.is_nonpositive:
        return Min if isinstance(choice, Max) else Max
    return None


def _spread_power(e: sympy.Pow) -> sympy.Expr:
    """A power rises with its base, or falls if the exponent is negative, as long as no branch is negative."""
    base, exponent = e.args
    if not isinstance(base, Max | Min) or not all(a.is_nonnegative for a in base.args):
        return e
    if exponent.is_positive:
        return type(base)(*[a**exponent for a in base.args])
    if exponent.is_negative and all(a.is_positive for a in base.args):
        return (Min if isinstance(base, Max) else Max)(*[a**exponent for a in base.args])
    return e


def limit(expression: Any, variable: sympy.Symbol, to: Any) -> sympy.Expr:
    """The limit as `variable` goes to `to`, for every value of the other inputs.

    Raises
    ------
    ValueError
        If the expression jumps, or cannot be written as a max or min of plain expressions, or its limit is unknown.
    """
    e = spread(expression)
    if isinstance(e, Max | Min):
        return e.func(*[limit(branch, variable, to) for branch in e.args])
    if e.has(Max, Min, *_JUMPING):
        raise ValueError(f"the limit of {e} is not known: it is not a max or min of plain expressions")
    end = sympy.limit(sympy.factor(e), variable, to)
    if end is sympy.nan or end.has(sympy.Limit, sympy.AccumBounds):
        raise ValueError(f"the limit of {e} as {variable} goes to {to} depends on the inputs")
    return end


def never_rises(expression: Any, variable: sympy.Symbol) -> bool:
    """Whether the expression is proved not to increase with `variable`, for every value of the other inputs."""
    return _slopes(expression, variable, "is_nonpositive")


def never_falls(expression: Any, variable: sympy.Symbol) -> bool:
    """Whether the expression is proved not to decrease with `variable`, for every value of the other inputs."""
    return _slopes(expression, variable, "is_nonnegative")


def _slopes(expression: Any, variable: sympy.Symbol, sign: str) -> bool:
    """Whether the slope of every branch has the sign; False, unproved, where the expression may jump."""
    e = spread(expression)
    if isinstance(e, Max | Min):
        return all(_slopes(branch, variable, sign) for branch in e.args)
    if e.has(Max, Min, *_JUMPING):
        return False
    return bool(getattr(sympy.factor(sympy.diff(e, variable)), sign))


def same(a: Any, b: Any) -> bool:
    """Whether two expressions are equal for every value of their inputs."""
    return bool(sympy.simplify(sympy.sympify(a) - sympy.sympify(b)) == 0)
