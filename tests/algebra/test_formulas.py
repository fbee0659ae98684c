"""The engine: definition, errors, sympy, pickling, threads, compiled calls. Languages are compared in other files."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sympy
from sympy import Max, Piecewise, ceiling, log, oo, sqrt

from roofline.algebra import DomainError, InputMissing, NameUnknown, Notation, UnitError, Unsayable, javascript
from roofline.batch_size import balance_batch_kv, t_compute, t_memory, t_step, t_weights
from roofline.notation import B, notation

POINT = {"B": 64, "L": 8192, "N_act": 37e9, "N_tot": 671e9, "b_w": 1, "kappa": 70272, "n": 72, "C": 5e15, "W": 8e12}


@pytest.fixture
def book():
    made = Notation()
    made.symbol("x", "x", "s", "a time")
    made.symbol("y", "y", "s", "another time", "nonnegative", default=0.0)
    made.symbol("v", "v", "byte/s", "a rate")
    made.symbol("c", "c", "1", "a count", "at least one")
    return made


# definition


def test_a_unit_that_does_not_fit_is_refused_at_definition(book):
    with pytest.raises(UnitError, match=r"wrong is declared in byte, but x comes out in s"):

        @book.formula("byte", "w")
        def wrong(x):
            """Not bytes."""
            return x


def test_adding_a_parameter_count_to_a_byte_count_cannot_be_written():
    with pytest.raises(UnitError, match="cannot stand together"):

        @notation.child().formula("byte", "w")
        def wrong(N_tot, B, kappa, L):
            """What the lecture's card adds up."""
            return N_tot + B * kappa * L


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        (lambda x, y, v, c: Max(x, y), "s"),
        (lambda x, y, v, c: Piecewise((x, x > y), (0, True)), "s"),
        (lambda x, y, v, c: sqrt(x * y) + x**2 / x, "s"),
        (lambda x, y, v, c: ceiling(c / 2) * log(c) * x, "s"),
        (lambda x, y, v, c: v * x * 2**c, "byte"),
        (lambda x, y, v, c: v * sympy.Abs(x - y), "byte"),
    ],
)
def test_units_are_walked_through_every_kind_of_expression(book, expression, unit):
    made = book.expression(expression(*(book.inputs[n].symbol for n in "xyvc")), unit, "tried")
    assert made.unit == unit


@pytest.mark.parametrize(
    "expression",
    [
        lambda x, y, v, c: Max(x, v),
        lambda x, y, v, c: Piecewise((x, x > v), (0, True)),
        lambda x, y, v, c: log(x),
        lambda x, y, v, c: 2**x,
        lambda x, y, v, c: x**c,
        lambda x, y, v, c: ceiling(x),
        lambda x, y, v, c: sympy.gamma(c),
        lambda x, y, v, c: x + 1,
        lambda x, y, v, c: sympy.Integer(3),
    ],
)
def test_units_that_cannot_be_are_refused(book, expression):
    with pytest.raises(UnitError):
        book.expression(expression(*(book.inputs[n].symbol for n in "xyvc")), "s", "tried")


def test_a_formula_cannot_be_defined_in_terms_of_itself(book):
    with pytest.raises(NameUnknown, match="loop is defined in terms of itself"):

        @book.formula("s", "l")
        def loop(x, loop):
            """Round and round."""
            return x + loop


def test_a_longer_circle_stops_at_the_name_not_yet_defined(book):
    with pytest.raises(NameUnknown, match="first uses 'second', which is neither a symbol nor a formula"):

        @book.formula("s", "a")
        def first(x, second):
            """Needs what needs it."""
            return x + second


def test_two_formulas_cannot_share_a_name(book):
    def define(module):
        def twice(x):
            """Some time."""
            return x

        twice.__module__ = module
        return book.formula("s", "t")(twice)

    define("one")
    assert define("one")  # the same module again: a reload, or a notebook cell run twice
    with pytest.raises(NameUnknown, match="one already defines a formula of that name"):
        define("two")
    with pytest.raises(NameUnknown, match="already declared"):
        book.symbol("x", "x", "s", "again")


def test_a_formula_without_meaning_is_refused(book):
    with pytest.raises(TypeError, match="needs a docstring"):
        book.formula("s", "s")(lambda x: x)


def test_a_misspelt_argument_is_answered_with_the_nearest_name():
    with pytest.raises(NameUnknown, match="did you mean t_compute"):

        @notation.child().formula("s", "t")
        def fresh(t_compte):
            """Misspelt."""
            return t_compte


def test_a_child_notation_leaves_its_parent_alone():
    child = notation.child()

    @child.formula("s", "t")
    def of_the_reader(t_compute):
        """Twice the arithmetic."""
        return 2 * t_compute

    assert of_the_reader(**{k: POINT[k] for k in ("B", "N_act", "n", "C")}) == 2 * t_compute(
        **{k: POINT[k] for k in ("B", "N_act", "n", "C")}
    )
    assert "of_the_reader" not in notation.formulas


# calls


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (
            {"L": None},
            InputMissing,
            "t_step needs L (context: tokens of one sequence that are already in the KV cache; token)",
        ),
        ({"W": 0}, DomainError, "W = 0: expected a positive finite number"),
        ({"B": -1}, DomainError, "B = -1: expected a finite number, one or more"),
        ({"B": float("nan")}, DomainError, "B = nan"),
        ({"C": float("inf")}, DomainError, "C = inf"),
        ({"B": "64"}, DomainError, "B = '64'"),
        ({"B": 1j}, DomainError, "B = 1j"),
        ({"B": True}, DomainError, "B = True"),
        ({"B": [1, None]}, DomainError, "B = [1, None]"),
        ({"B": np.array([1.0, -2.0, 3.0])}, DomainError, "B = -2: expected a finite number, one or more"),
        ({"N_act": 1e12}, DomainError, "a model cannot use more parameters than it has"),
        ({"bandwidth": 1}, NameUnknown, "t_step: no input is called 'bandwidth'"),
        ({"b": 1}, NameUnknown, "did you mean B or b_w?"),
        ({"price": 1}, NameUnknown, "t_step does not depend on price"),
        ({"t_memory": 1}, NameUnknown, "t_memory is itself a formula; give its inputs instead"),
        ({"B": [1.0, 2.0], "L": [1.0, 2.0, 3.0]}, DomainError, "do not broadcast together: B (2,), L (3,)"),
        ({"B": 10**400}, DomainError, "B = 1000"),
    ],
)
def test_a_bad_call_gets_one_clear_sentence(change, error, says):
    values = {k: v for k, v in {**POINT, **change}.items() if v is not None}
    with pytest.raises(error) as caught:
        t_step(**values)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_bad_value_deep_in_a_large_array_is_found_and_placed():
    values = np.full(100_000, 8.0)
    values[77_777] = np.nan
    with pytest.raises(DomainError, match="B = nan"):
        t_step(**{**POINT, "B": values})


def test_relations_hold_for_arrays_too():
    with pytest.raises(DomainError, match="more parameters than it has"):
        t_step(**{**POINT, "N_act": np.array([1e9, 1e12])})


def test_sources_give_values_and_single_inputs_win():
    chip, model = (
        {"C": 5e15, "W": 8e12, "n": 72.0, "M": 1e11},
        {k: POINT[k] for k in ("N_act", "N_tot", "b_w", "kappa")},
    )
    assert t_step(chip, model, B=64, L=8192) == t_step(**POINT)
    assert t_step(chip, model, B=64, L=8192, W=4e12) > t_step(chip, model, B=64, L=8192)
    with pytest.raises(DomainError, match="W is given twice"):
        t_step(chip, {**model, "W": 4e12}, B=64, L=8192)
    with pytest.raises(NameUnknown, match="not in the notation"):
        t_step({"bandwith": 1.0}, B=64)
    with pytest.raises(TypeError, match="not a source of values"):
        t_step(5e15, B=64)


def test_whole_numbers_do_not_overflow():
    whole = {**POINT, "B": np.int32(2_000_000_000), "L": 2**40, "kappa": 10**6, "n": 1, "C": 10**15, "W": 10**12}
    assert t_step(**whole) == pytest.approx(2e9 * 2**40 * 1e6 / 1e12)


def test_arrays_broadcast_like_numpy_whatever_their_size():
    rng = np.random.default_rng(0)
    for shapes in [((7,), ()), ((300, 1), (1, 400)), ((200_000,), (200_000,)), ((3, 1, 50_000), (5, 1)), ((0,), ())]:
        b, context = (1 + rng.uniform(0, 1e4, s) for s in shapes)
        expected = np.maximum(2 * b * 37e9 / (72 * 5e15), (671e9 + b * 70272 * context) / (72 * 8e12))
        got = t_step(**{**POINT, "B": b, "L": context})
        assert np.shape(got) == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_fortran_ordered_and_strided_arrays_give_the_same():
    b = np.asfortranarray(np.random.default_rng(1).uniform(1, 9, (200, 300)))
    np.testing.assert_array_equal(t_step(**{**POINT, "B": b}), t_step(**{**POINT, "B": b.copy(order="C")}))
    np.testing.assert_array_equal(t_step(**{**POINT, "B": b[::2, ::-1]}), t_step(**{**POINT, "B": b})[::2, ::-1])


def test_a_result_that_is_no_number_is_an_error_not_a_nan(book):
    made = book.expression(book.inputs["x"].symbol / book.inputs["y"].symbol, "1", "a ratio")
    with pytest.raises(DomainError, match="expression came out as nan"):
        made(x=1, y=0)
    with pytest.raises(DomainError, match=r"came out as inf.* at x=1, y=0"):
        made(x=np.ones(3), y=np.array([1.0, 0.0, 2.0]))


def test_infinity_is_a_result_only_where_it_has_a_meaning():
    beyond = {k: POINT[k] for k in ("b_w", "N_act", "N_tot", "kappa", "W", "C")}
    assert balance_batch_kv(**beyond, L=1e6) == np.inf
    assert list(np.isinf(balance_batch_kv(**beyond, L=np.array([10.0, 1e6])))) == [False, True]


def test_a_negative_time_is_an_error(book):
    @book.formula("s", "g")
    def gap(x, y):
        """May be negative, though declared as it is not."""
        return x - y

    with pytest.raises(DomainError, match="gap came out as -1"):
        gap(x=1, y=2)
    with pytest.raises(DomainError, match="gap came out as -1"):
        gap(x=np.array([5.0, 1.0]), y=2)


# sympy


def test_in_sympy_a_formula_is_its_full_expression():
    assert sympy.sympify(t_step) == t_step.expr == Max(t_compute, t_memory)
    assert {s.name for s in t_step.rhs.free_symbols} == {"t_compute", "t_memory"}
    (root,) = sympy.solve(t_compute - t_weights, B)
    assert t_compute.expr.subs(B, root).equals(t_weights.expr)
    assert sympy.diff(t_compute, B) == t_compute.expr / B


def test_operators_work_on_both_sides():
    x = notation.inputs["T"].symbol
    for mixed, plain in [
        (t_compute + x, t_compute.expr + x),
        (x - t_compute, x - t_compute.expr),
        (2 * t_compute, 2 * t_compute.expr),
        (t_compute / t_memory, t_compute.expr / t_memory.expr),
        (1 / t_compute, 1 / t_compute.expr),
        (-t_compute, -t_compute.expr),
        (t_compute**2, t_compute.expr**2),
    ]:
        assert mixed == plain
    assert (t_compute < x) == (t_compute.expr < x)


def test_two_symbols_of_one_name_stay_one_symbol():
    assert t_compute.expr.has(B) and t_memory.expr.has(B)
    assert (
        sympy.simplify(
            sympy.diff(t_compute - t_memory, B) - (t_compute.expr / B - (t_memory.expr - t_weights.expr) / B)
        )
        == 0
    )


# pickling, threads, loops


def test_formulas_pickle_by_name():
    assert pickle.loads(pickle.dumps(t_step)) is t_step


def test_a_compiled_formula_is_a_function_of_what_is_left_free():
    f = t_step.compile("B", **{k: v for k, v in POINT.items() if k != "B"})
    assert f(64.0) == pickle.loads(pickle.dumps(f))(64) == pytest.approx(t_step(**POINT), rel=1e-14)
    np.testing.assert_allclose(
        f(np.array([64.0, 128.0])), t_step(**{**POINT, "B": np.array([64.0, 128.0])}), rtol=1e-14
    )
    for bad in (0.0, float("nan"), "x"):
        with pytest.raises(DomainError):
            f(bad)
    with pytest.raises(TypeError, match="takes 1 values, got 2"):
        f(1.0, 2.0)
    with pytest.raises(NameUnknown, match="did you mean"):
        t_step.compile("b", **POINT)
    with pytest.raises(DomainError, match="must be plain numbers"):
        t_step.compile("B", **{**POINT, "L": [1.0, 2.0]})


def test_threads_share_formulas_safely():
    book = notation.child()
    fresh = [book.expression(t_step / (i + 1), "s", "one of many") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda f: f(**POINT), fresh * 4))
    assert got == pytest.approx([t_step(**POINT) / (i + 1) for i in range(8)] * 4)


# languages


def test_latex_names_the_symbols_in_the_order_they_are_derived():
    assert t_compute.latex() == r"t_\text{compute} = \frac{\varphi\,q\,B\,N_\text{act}}{n\,C}"
    assert t_step.latex() == r"t_\text{step} = \max\left(t_\text{compute}, t_\text{memory}\right)"
    assert r"\varphi\,q\,B\,N_\text{act}" in t_step.latex(full=True)


def test_what_javascript_cannot_say_is_refused(book):
    i, c = sympy.Symbol("i", integer=True), book.inputs["c"].symbol
    with pytest.raises(Unsayable, match="JavaScript has no words for Sum"):
        javascript({"s": sympy.Sum(1 / i, (i, 1, c))}, ["c"])


def test_infinity_is_said_in_javascript():
    assert "Infinity" in balance_batch_kv.javascript() and oo in balance_batch_kv.expr.atoms(
        sympy.core.numbers.Infinity
    )


def test_a_default_takes_part_in_relations():
    with pytest.raises(DomainError, match="more experts than the layer has"):
        notation.formulas["N_read"](N_tot=2e9, N_act=1e9, B=4, k=8)


def test_a_relation_is_checked_deep_in_a_large_sweep():
    total = np.full(200_000, 2e9)
    active = np.full(200_000, 1e9)
    active[150_000] = 3e9
    with pytest.raises(DomainError, match="more parameters than it has"):
        t_step(**{**POINT, "N_tot": total, "N_act": active})


def test_units_are_declared_in_base_units():
    fresh = Notation()
    with pytest.raises(UnitError, match="the symbol 'z' is declared in 'ms'"):
        fresh.symbol("z", "z", "ms", "a time")
    b = fresh.symbol("b", "b", "byte", "bytes")
    with pytest.raises(UnitError, match="'bits' is declared in 'bit'"):

        @fresh.formula("bit", "x")
        def bits(b):
            """A factor of eight too small."""
            return b

    assert b.is_positive


@pytest.mark.parametrize("name", ["lambda", "None", "Math", "two words", "1st"])
def test_a_name_that_a_language_keeps_for_itself_is_refused(name):
    with pytest.raises(NameUnknown, match="a name that Python and JavaScript can use"):
        Notation().symbol(name, "x", "s", "a time")


def test_symbols_may_be_called_like_functions_and_constants():
    fresh = Notation()
    names = ["pi", "max", "log", "maximum", "where", "add", "out", "x_0", "v1"]
    made = [fresh.symbol(name, "x", "1", "a number") for name in names]
    f = fresh.expression(Max(*made) * log(made[2]) + sympy.pi * made[0] + sympy.E, "1", "names that are taken")
    values = {name: 2.0 + i for i, name in enumerate(names)}
    expected = 10.0 * np.log(4.0) + np.pi * 2.0 + np.e
    assert f(**values) == pytest.approx(expected)
    assert f(**{**values, "pi": np.array([2.0, 2.0])}) == pytest.approx([expected] * 2)


def test_conditions_with_and_and_or_broadcast():
    fresh = Notation()
    x, y = fresh.symbol("x", "x", "1", "a number"), fresh.symbol("y", "y", "1", "another")
    choice = Piecewise((x, sympy.And(x > 1, y < 3)), (y, sympy.Or(x < 0.5, y > 5)), (0, True))
    f = fresh.expression(choice, "1", "a choice")
    got = f(x=np.array([[2.0], [0.1], [1.0]]), y=np.array([2.0, 6.0]))
    assert got.tolist() == [[2.0, 6.0], [2.0, 6.0], [0.0, 6.0]]
    assert [[f(x=a, y=b) for b in (2.0, 6.0)] for a in (2.0, 0.1, 1.0)] == got.tolist()


def test_scalars_and_arrays_agree_where_a_branch_not_taken_fails(book):
    x, y = book.inputs["x"].symbol, book.inputs["y"].symbol
    f = book.expression(
        Piecewise((1 / (x - y) + 2 / (x - y) ** 2 * x, x > y), (0, True)) * y / y**2, "1/s/s", "a branch"
    )
    assert f(x=1.0, y=1.0) == f(x=np.array([1.0]), y=1.0)[0] == 0.0
    g = book.expression(((x - y) / x) ** sympy.Rational(1, 3), "1", "complex below y")
    for call in (lambda: g(x=1.0, y=2.0), lambda: g(x=np.array([1.0]), y=2.0)):
        with pytest.raises(DomainError, match="came out as nan"):
            call()


def test_empty_arrays_give_empty_results():
    assert t_step(**{**POINT, "B": np.ones((3, 1)), "L": np.ones(0)}).shape == (3, 0)


def test_relations_hold_in_compiled_formulas_too():
    fixed = {k: v for k, v in POINT.items() if k not in ("N_tot", "N_act")}
    total = t_step.compile("N_tot", **fixed, N_act=37e9)
    assert total(671e9) == pytest.approx(t_step(**POINT))
    both = t_step.compile("N_act", "N_tot", **fixed)
    active = t_compute.compile("N_act", {"N_tot": 671e9}, B=64, n=72, C=5e15)
    for call in (
        lambda: total(1e9),
        lambda: both(1e12, 1e11),
        lambda: active(1e12),
        lambda: total(np.array([671e9, 1e9])),
        lambda: both(np.array([1e9, 1e12]), np.array([1e10, 1e11])),
    ):
        with pytest.raises(DomainError, match="more parameters than it has"):
            call()
    assert pickle.loads(pickle.dumps(total))(671e9) == total(671e9)
    with pytest.raises(DomainError, match="do not broadcast together"):
        both(np.ones(2), np.ones(3))


@pytest.mark.parametrize("call", [lambda: t_step.compile(**POINT), lambda: t_step.compile("B", "B", **POINT)])
def test_compiling_needs_each_free_name_once(call):
    with pytest.raises(NameUnknown, match="name each input to leave free once"):
        call()


def test_a_compiled_formula_without_a_usable_result_says_so():
    f = notation.formulas["standard_load"].compile("m_price", m_speed=2.0)
    with pytest.raises(DomainError, match="standard_load came out as nan"):
        f(1.0)
    with pytest.raises(DomainError, match="came out as nan"):
        notation.formulas["standard_load"].compile("m_speed", m_price=1.0)


def test_sources_may_hold_arrays_and_unused_values_are_checked_if_related():
    rates = np.array([1e15, 2e15])
    assert t_compute({"C": rates}, {"C": rates.copy()}, B=1, N_act=1e9).shape == (2,)
    with pytest.raises(DomainError, match="C is given twice"):
        t_compute({"C": rates}, {"C": 2 * rates}, B=1, N_act=1e9)
    assert t_compute({"C": rates}, {"C": 2 * rates}, B=1, N_act=1e9, C=1e15) == pytest.approx(2e-6)
    with pytest.raises(DomainError, match="N_tot = 'x'"):
        t_compute({"N_tot": "x"}, B=1, N_act=1e9, C=1e15)
    with pytest.raises(DomainError, match=r"do not broadcast together: N_act \(2,\), N_tot \(3,\)"):
        t_compute({"N_tot": np.ones(3)}, B=1, N_act=[1e9, 2e9], C=1e15)


def test_an_expression_without_a_name_in_a_module_refuses_to_pickle():
    with pytest.raises(pickle.PicklingError, match="pickle its expr"):
        pickle.dumps(notation.expression(2 * t_step.expr, "s", "twice"))


def test_a_second_formula_of_one_name_in_a_module_is_refused():
    fresh = notation.child()

    @fresh.formula("s", "t")
    def twice(T):
        """The first."""
        return T

    with pytest.raises(NameUnknown, match="already defines a formula of that name"):

        @fresh.formula("s", "t")
        def twice(T):
            """The second, further down."""
            return 2 * T


def test_an_expression_entered_under_a_name_is_found_there_and_takes_no_name_twice(book):
    x, y = book.inputs["x"].symbol, book.inputs["y"].symbol
    child = book.child()
    made = child.define("both", x + y, "s", "two times")
    assert child.formulas["both"] is made and made(x=1, y=2) == 3.0
    assert child.define("never", oo, "s", "a time", infinite="it does not come")() == np.inf
    assert child.define("thrice", made * 3, "s", "of another").expr == 3 * x + 3 * y
    assert "both" not in book.formulas
    with pytest.raises(NameUnknown, match="already defines a formula of that name"):
        child.define("both", x, "s", "again")
    with pytest.raises(NameUnknown, match="a symbol of that name is already declared"):
        child.define("x", y, "s", "an input")


def test_zero_and_infinity_fit_every_unit(book):
    assert book.expression(sympy.Integer(0), "s", "nothing")() == 0.0
    assert book.expression(Max(book.inputs["x"].symbol, 0), "s", "no less than nothing")(x=2.0) == 2.0
    assert book.expression(sympy.oo, "s", "for ever").unit == "s"


def test_sums_are_written_numbers_first_and_what_is_taken_away_last():
    x, total, active = (notation.inputs[n].symbol for n in ("T", "N_tot", "N_act"))
    assert notation.latex(total - active) == r"N_\text{tot} - N_\text{act}"
    assert notation.latex(1 + x / x.func("T", positive=True) * x) == "1 + T"
    assert notation.latex(1 - x) == "1 - T"


def test_long_values_are_cut_short_in_messages():
    with pytest.raises(DomainError, match=r"B = \[1, 2, 3.*\.\.\.: expected") as error:
        t_step(**{**POINT, "B": [*range(1, 60), None]})
    assert len(str(error.value)) < 200


def test_a_formula_s_meaning_is_the_first_line_of_its_docstring(book):
    @book.formula("s", "t")
    def twice(x, y):
        """Two times.

        Of which the second may be nothing.
        """
        return x + y

    assert twice.meaning == "Two times."
    assert twice.__doc__ == "Two times.\n\nOf which the second may be nothing.\n\nUnit: s. Inputs: x, y."
    assert repr(twice) == "twice = x + y  [s]" and twice._repr_latex_() == r"$\displaystyle t = x + y$"


def test_a_formula_lists_its_inputs_in_the_order_of_the_notation(book):
    made = book.expression(sympy.prod(book.inputs[n].symbol for n in "cvx"), "byte", "a product")
    assert made.inputs == ("x", "v", "c") and made.arguments == ("c", "v", "x")
    with pytest.raises(InputMissing) as caught:
        made(v=1.0)
    assert str(caught.value) == "expression needs x (a time; s), c (a count; a plain number)"


def test_a_formula_cannot_be_changed(book):
    with pytest.raises(AttributeError):
        book.expression(book.inputs["x"].symbol, "s", "a time").unit = "byte"


@pytest.mark.parametrize(("domain_name", "form", "known"), [
    ("nonnegative", lambda x, c: x * c, True),
    ("fraction", lambda x, c: x, True),
    ("nonnegative", lambda x, c: x - c, False),
    ("positive", lambda x, c: x * c, False),
    ("at least one", lambda x, c: c, False),
    ("real", lambda x, c: x * c, False),
])  # fmt: skip
def test_a_result_needs_no_check_from_below_where_signs_decide(domain_name, form, known):
    fresh = Notation()
    fresh.symbol("x", "x", "1", "a number")
    fresh.symbol("c", "c", "1", "a count", "at least one")

    def made(x, c):
        """A number."""
        return form(x, c)

    assert fresh.formula("1", "m", domain_name)(made).never_below is known


def test_compiling_without_a_free_name_suggests_the_first(book):
    product = book.expression(book.inputs["x"].symbol * book.inputs["v"].symbol, "byte", "bytes")
    for call in (lambda: product.compile(x=1.0, v=1.0), lambda: product.compile("v", "v", x=1.0)):
        with pytest.raises(NameUnknown) as caught:
            call()
        assert str(caught.value) == "expression.compile: name each input to leave free once, such as 'x'"


def test_a_source_is_read_only_where_it_matters(book):
    x, y, c = (book.inputs[n].symbol for n in "xyc")
    book.symbol("d", "d", "1", "another count")
    book.at_most(c, book.inputs["d"].symbol, "counted apart")
    total = book.expression(x + y, "s", "both")
    assert total({"c": "unreadable", "d": "too", "v": None}, x=1.0, y=2.0) == 3.0
    assert total.compile("x", {"c": "unreadable"}, y=2.0)(1.0) == 3.0
    with pytest.raises(DomainError, match="d = 'too'"):
        book.expression(c, "1", "a count")({"d": "too"}, c=1.0)


def test_a_value_given_twice_counts_once_if_it_is_the_same_or_settled(book):
    total = book.expression(book.inputs["x"].symbol + book.inputs["c"].symbol * 0, "s", "a time")
    assert total({"x": 1.0}, {"x": 1}) == 1.0 and total({"x": 1.0}, {"x": 2.0}, x=3.0) == 3.0
    with pytest.raises(DomainError) as caught:
        total({"x": 1.0}, {"x": 2.0})
    assert str(caught.value) == "expression: x is given twice, as 1.0 and as 2.0; say which with x=..."


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda f: f({"vv": 1.0}), NameUnknown, "double: {'vv': 1.0} gives 'vv', which is not in the notation; "
     "did you mean v?"),
    (lambda f: f(3), TypeError, "double: 3 is not a source of values; pass chip.at(...), model.at(...), "
     "a dictionary, or single inputs by name"),
    (lambda f: f(v=1.0), NameUnknown, "double does not depend on v; its inputs are x, y"),
    (lambda f: f(sum_of_both=1.0), NameUnknown, "double: sum_of_both is itself a formula; give its inputs instead: "
     "x, y"),
    (lambda f: f(X=1.0), NameUnknown, "double: no input is called 'X'; did you mean x? (its inputs are x, y)"),
    (lambda f: f(zebra=1.0), NameUnknown, "double: no input is called 'zebra' (its inputs are x, y)"),
    (lambda f: f.compile("v"), NameUnknown, "double does not depend on v; its inputs are x, y"),
])  # fmt: skip
def test_a_call_with_a_wrong_name_is_answered_in_full(book, call, error, says):
    @book.formula("s", "b")
    def sum_of_both(x, y):
        """Both times."""
        return x + y

    @book.formula("s", "d")
    def double(sum_of_both):
        """Twice both."""
        return 2 * sum_of_both

    with pytest.raises(error) as caught:
        call(double)
    assert str(caught.value) == says
    assert double.latex() == r"d = 2\,b" and double.latex(full=True) == r"d = 2\,x + 2\,y"


@pytest.mark.parametrize(("apply", "expected"), [
    (lambda f, o: f + o, lambda e, o: e + o),
    (lambda f, o: o + f, lambda e, o: o + e),
    (lambda f, o: f - o, lambda e, o: e - o),
    (lambda f, o: o - f, lambda e, o: o - e),
    (lambda f, o: f * o, lambda e, o: e * o),
    (lambda f, o: o * f, lambda e, o: o * e),
    (lambda f, o: f / o, lambda e, o: e / o),
    (lambda f, o: o / f, lambda e, o: o / e),
    (lambda f, o: f**o, lambda e, o: e**o),
    (lambda f, o: o**f, lambda e, o: o**e),
    (lambda f, o: -f, lambda e, o: -e),
    (lambda f, o: f < o, lambda e, o: e < o),
    (lambda f, o: f <= o, lambda e, o: e <= o),
    (lambda f, o: f > o, lambda e, o: e > o),
    (lambda f, o: f >= o, lambda e, o: e >= o),
])  # fmt: skip
def test_each_operator_is_the_one_of_sympy(book, apply, expected):
    x, y = book.inputs["x"].symbol, book.inputs["y"].symbol
    made = book.expression(x * y, "s*s", "a product")
    assert apply(made, 3) == expected(x * y, 3)
    other = book.expression(x, "s", "a time")
    assert apply(made, other) == expected(x * y, x)


def test_formulas_are_themselves_alone():
    assert t_step == t_step and t_step != t_memory and len({t_step, t_memory, t_step}) == 2


def test_a_unit_that_does_not_fit_is_shown_with_the_expression(book):
    with pytest.raises(UnitError) as caught:
        book.expression(book.inputs["x"].symbol / book.inputs["y"].symbol, "s", "a ratio", name="bad")
    assert str(caught.value) == "bad is declared in s, but x/y comes out in 1"
    with pytest.raises(UnitError, match=r"^bad: . in \S+ and . in \S+ cannot stand together in v \+ x$"):
        book.expression(book.inputs["x"].symbol + book.inputs["v"].symbol, "s", "a sum", name="bad")
