"""Each kind of proof is right on what is true, and fails on what is deliberately wrong."""

import pytest
import sympy
from sympy import Max, Min, oo, symbols

from roofline.algebra.proofs import limit, never_falls, never_rises, same, spread

x, a, b, c = symbols("x a b c", positive=True)
free = sympy.Symbol("free", real=True)


def test_a_limit_of_a_max_is_the_max_of_the_limits():
    assert limit(Max(a * x, b + c * x) / x, x, oo) == Max(a, c)
    assert limit(Min(a, b / x), x, oo) == 0
    assert limit(a + Max(b, c / x), x, oo) == a + b
    assert limit(a * x / Max(a * x, b + 2 * a * x), x, oo) == sympy.Rational(1, 2)


def test_a_wrong_limit_is_not_confirmed():
    assert limit(Max(2 * a * x, b + c * x) / x, x, oo) != Max(a, c)
    assert limit(Max(a * x, b + c * x**2) / x, x, oo) == oo


def test_a_limit_that_depends_on_the_inputs_says_so():
    with pytest.raises(ValueError, match="depends on the inputs"):
        limit(a * x / Max(a * x, b + c * x), x, oo)


def test_never_rises_tells_a_falling_max_from_a_rising_one():
    assert never_rises(Max(a, b / x + c), x) and never_rises(Max(a * x, b + c * x) / x, x)
    assert not never_rises(Max(a, b / x + c * x), x)
    assert not never_rises(Max(a * x**2, b) / x, x)
    assert not never_rises(free * x, x)  # undecided is not proved


def test_never_falls_is_its_mirror():
    assert never_falls(Max(a, b * x), x) and not never_falls(Max(a, b / x), x)


def test_same_is_equality_for_every_input():
    assert same((x + a) ** 2, x**2 + 2 * a * x + a**2) and not same((x + a) ** 2, x**2 + a * x + a**2)


def test_spread_moves_only_factors_that_cannot_be_negative():
    assert spread(a * Max(x, b)) == Max(a * x, a * b)
    assert spread(free * Max(x, b)) == free * Max(x, b)
