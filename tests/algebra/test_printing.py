"""One expression in three languages: numpy and plain floats agree, JavaScript and LaTeX read as written here."""

import math

import numpy as np
import pytest
import sympy
from sympy import Abs, And, Max, Min, Mod, Ne, Or, Piecewise, Rational, ceiling, exp, floor, log, oo, pi, sqrt

from roofline.algebra import Notation, Unsayable, javascript, printing

a, b, c = sympy.symbols("a b c", positive=True)
z, r = sympy.Symbol("z", nonnegative=True), sympy.Symbol("r", real=True)
NAMES = ("a", "b", "c", "z", "r")
PLACES = {name: (i, name) for i, name in enumerate(NAMES)}
SHARED = log(a - b) + sqrt(log(a - b))


@pytest.mark.parametrize(("expression", "value"), [
    (a + b, 5.0),
    (a - b, -1.0),
    (a * b, 6.0),
    (a / b, 2 / 3),
    (a**b, 8.0),
    (a**-2, 0.25),
    (1 / sqrt(a), 2**-0.5),
    (b ** Rational(2, 3), 3 ** (2 / 3)),
    (a, 2.0),
    (-a, -2.0),
    (sympy.Integer(7), 7.0),
    (pi * a, 2 * math.pi),
    (log(b), math.log(3)),
    (exp(-a), math.exp(-2)),
    (ceiling(b / a), 2.0),
    (floor(b / a), 1.0),
    (Mod(b, a), 1.0),
    (Abs(r), 5.0),
    (Max(a, b), 3.0),
    (Min(a, b), 2.0),
    (Max(a, b, c), 7.0),
    (Min(a, b, c), 2.0),
    (Max(a, 2 * b, c, -r), 7.0),
    (2 * Max(a, b), 6.0),
    (Max(a, b) + Max(a, b) ** 2, 12.0),
    (Piecewise((a, a > b), (b, True)), 3.0),
    (Piecewise((a, a > b), (b, b > c), (c, True)), 7.0),
    (Piecewise((a, And(a > 1, b > 1, c > 9)), (c, True)), 7.0),
    (Piecewise((a, Or(a > 9, b > 9, c > 1)), (c, True)), 2.0),
    (Piecewise((1, Ne(a, b)), (0, True)), 1.0),
    (Piecewise((SHARED, a > b), (c, True)), 7.0),
])  # fmt: skip
def test_floats_and_arrays_give_what_the_expression_says(expression, value):
    at = {"a": 2.0, "b": 3.0, "c": 7.0, "z": 0.0, "r": -5.0}
    assert printing.scalar(NAMES, expression)(*at.values()) == pytest.approx(value, rel=1e-15)
    out = np.empty((2, 1))
    with np.errstate(all="ignore"):
        assert printing.into(NAMES, expression)(*(np.full((2, 1), v) for v in at.values()), out) is None
    np.testing.assert_allclose(out, value, rtol=1e-15)


def test_a_choice_that_names_no_other_case_is_nan_there():
    out = np.empty(2)
    printing.into(["a"], Piecewise((a, a > 1)))(np.array([2.0, 1.0]), out)
    assert out[0] == 2.0 and math.isnan(out[1])


def test_what_is_shared_inside_one_branch_does_not_fail_in_another():
    f = printing.scalar(("a", "b"), Piecewise((SHARED, a > b), (b, True)))
    assert f(1.0, 1.0) == 1.0 and f(2.0, 3.0) == 3.0 and f(math.e + 1, 1.0) == pytest.approx(2.0)


def test_what_is_shared_is_computed_once():
    calls = []

    def counted(x):
        calls.append(x)
        return math.log(x)

    f = printing.scalar(("a",), log(a) + log(a) ** 2)
    f.__globals__["log"] = counted
    assert f(math.e) == pytest.approx(2.0) and calls == [math.e]


@pytest.mark.parametrize(("code", "statement"), [
    ("v0 + v1", "add(v0, v1, out=out)"),
    ("v0 - v1", "subtract(v0, v1, out=out)"),
    ("v0*v1*v2", "multiply(v0 * v1, v2, out=out)"),
    ("v0/v1", "divide(v0, v1, out=out)"),
    ("v0**(-2)", "power(v0, -2, out=out)"),
    ("maximum(v0, minimum(v1, v2))", "maximum(v0, minimum(v1, v2), out=out)"),
    ("minimum(v0, v1)", "minimum(v0, v1, out=out)"),
    ("where(v0 > 1, v0, v1)", "out[...] = where(v0 > 1, v0, v1)"),
    ("log(v0)", "out[...] = log(v0)"),
    ("v0", "out[...] = v0"),
    ("-v0", "out[...] = -v0"),
    ("7", "out[...] = 7"),
])  # fmt: skip
def test_the_last_operation_writes_into_the_result_itself(code, statement):
    assert printing._writes(code) == statement


@pytest.mark.parametrize("language", [printing.scalar, printing.into])
def test_a_function_python_does_not_have_is_not_compiled_into_a_call(language):
    with pytest.raises(Exception, match=r"zeta|unsupported|not support"):
        language(["a"], sympy.Function("zeta_of_nothing")(a))


# JavaScript


@pytest.mark.parametrize(("expression", "said"), [
    (a + b, "a + b"),
    (a / b, "a/b"),
    (a**2, "Math.pow(a, 2)"),
    (a**-2, "Math.pow(a, -2)"),
    (1 / a, "1/a"),
    (a**b, "Math.pow(a, b)"),
    (sqrt(a), "Math.sqrt(a)"),
    (1 / sqrt(a), "Math.pow(a, -1/2)"),
    (a ** Rational(2, 3), "Math.pow(a, 2/3)"),
    (Rational(1, 3) * a, "(1/3)*a"),
    (Max(a, b, c), "Math.max(a, b, c)"),
    (Min(a, b, c), "Math.min(a, b, c)"),
    (Piecewise((a, a > b), (b, True)), "((a > b) ? ( a ) : ( b ))"),
    (Piecewise((a, And(a >= 1, b <= 2)), (b, Or(a < 3, Ne(a, b))), (0, True)),
     "((a >= 1 && b <= 2) ? ( a ) : ((a < 3 || a != b) ? ( b ) : ( 0 )))"),
    (log(a), "Math.log(a)"),
    (exp(-a), "Math.exp(-a)"),
    (ceiling(a / b), "Math.ceil(a/b)"),
    (floor(a), "Math.floor(a)"),
    (b * Mod(a, b), "b*(a % b)"),
    (Abs(r), "Math.abs(r)"),
    (pi * a, "Math.PI*a"),
    (sympy.E * a, "Math.E*a"),
    (oo, "Infinity"),
    (sympy.Not(a > b), "a <= b"),
])  # fmt: skip
def test_an_expression_is_said_in_javascript(expression, said):
    assert javascript({"v": expression}, ["a", "b", "r"]) == f"({{a, b, r}}) => {{\n  return {{v: {said}}};\n}}"


def test_javascript_computes_shared_parts_once():
    assert javascript({"p": (a + b) ** 2, "q": (a + b) * c}, ["a", "b", "c"]) == (
        "({a, b, c}) => {\n  const _0 = a + b;\n  return {p: Math.pow(_0, 2), q: _0*c};\n}"
    )


def test_a_formula_in_javascript_returns_its_value():
    book = Notation()
    book.symbol("a", "a", "1", "a number")
    assert book.expression(2 / a, "1", "a ratio", "half").javascript() == (
        "(v) => (({a}) => {\n  return {half: 2/a};\n})(v).half"
    )


@pytest.mark.parametrize(("expression", "says"), [
    (sympy.sin(a) + 1, "JavaScript has no words for sin, in sin(a) + 1"),
    (sympy.gamma(a), "JavaScript has no words for gamma, in gamma(a)"),
    (sympy.Function("f")(a), "JavaScript has no words for f, in f(a)"),
    (sympy.I * a, "JavaScript has no words for ImaginaryUnit, in I*a"),
])  # fmt: skip
def test_what_was_never_tried_in_javascript_is_refused(expression, says):
    with pytest.raises(Unsayable) as caught:
        javascript({"v": expression}, ["a"])
    assert str(caught.value) == says


# LaTeX


@pytest.mark.parametrize(("expression", "written"), [
    (b * a / c, r"\frac{a\,b}{c}"),
    (a**-2, r"\frac{1}{a^{2}}"),
    (a ** Rational(2, 3), r"a^{\frac{2}{3}}"),
    (1 / sqrt(a), r"\frac{1}{\sqrt{a}}"),
    (Max(c, b, a), r"\max\left(a, b, c\right)"),
    (Min(c, b, a), r"\min\left(a, b, c\right)"),
    (Piecewise((a, a > b), (b, True)), r"\begin{cases} a & \text{for}\: a > b \\ b & \text{otherwise} \end{cases}"),
    (Piecewise((a / b, a > b), (0, b > c)),
     r"\begin{cases} \displaystyle \frac{a}{b} & \text{for}\: a > b \\[0.9em] 0 & \text{for}\: b > c \end{cases}"),
    (Piecewise((a, a > b / c), (b, True)),
     r"\begin{cases} a & \text{for}\: \displaystyle a > \frac{b}{c} \\[0.9em] b & \text{otherwise} \end{cases}"),
    (Piecewise((0, a > b), (a / b, b > c)),
     r"\begin{cases} 0 & \text{for}\: a > b \\ \displaystyle \frac{a}{b} & \text{for}\: b > c \end{cases}"),
    (a ** (b / c), "a^{b / c}"),
    (a ** (-b / c), "a^{- b / c}"),
    ((a / b) ** (1 / c), r"\left(\frac{a}{b}\right)^{1 / c}"),
    (a ** ((a - b) / c), r"a^{\left(a - b\right) / c}"),
    (a ** (a / (b * c)), r"a^{\frac{a}{b\,c}}"),
    (1 + a * log(b, 10), r"1 + a\,\log_{10}{\left(b\right)}"),
    (log(b / c, 10), r"\log_{10}{\left(\frac{b}{c}\right)}"),
    (log(b * log(c)) / log(10), r"\log_{10}{\left(b\,\log{\left(c \right)}\right)}"),
    ((1 + log(b)) / log(10), r"\frac{1 + \log{\left(b \right)}}{\log{\left(10 \right)}}"),
    (log(b) / log(2), r"\frac{\log{\left(b \right)}}{\log{\left(2 \right)}}"),
    (log(10) * a, r"a\,\log{\left(10 \right)}"),
    (Abs(r), r"\left|{r}\right|"),
    (Abs(a - b), r"\left|{a - b}\right|"),
    (sqrt(a * b), r"\sqrt{a}\,\sqrt{b}"),
    (sqrt(z * r), r"\sqrt{z}\,\sqrt{r}"),
    (c + 1 + a, "1 + a + c"),
    (1 - a, "1 - a"),
    (a - 1, "a - 1"),
    (b + 2 - a, "2 + b - a"),
    (1 - a / b - 2 * c, r"1 - \frac{a}{b} - 2\,c"),
    (r - a, "r - a"),
    (a * b + c, r"a\,b + c"),
    (sympy.Integer(0), "0"),
])  # fmt: skip
def test_an_expression_is_written_in_latex(expression, written):
    assert printing.latex(expression, PLACES) == written


def test_latex_orders_by_place_and_writes_each_symbol_its_own_way():
    places = {"a": (12, r"\omega"), "b": (3, r"\beta"), "c": (100, "C")}
    assert printing.latex(a * b * c, places) == r"\beta\,\omega\,C"
    assert printing.latex(a + b + c, places) == r"\beta + \omega + C"
