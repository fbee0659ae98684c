"""Marks from answers: the sum of what is right, with the reason for what is not. No process is started here."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roofline.teaching.grading.comparing import difference
from roofline.teaching.grading.conversation import Answer
from roofline.teaching.grading.draws import spread, whole
from roofline.teaching.grading.marking import SAME_INPUT, mark
from roofline.teaching.grading.rubric import Cases, Mistake, Question, Rubric, RubricError

from .notebooks import AREA, EDGE, SHAPES, SIDES

SEEDS = [f"seed {number}" for number in range(20)]


def asker(**functions):
    """Answers with these functions, as a process would."""

    def ask(name, inputs):
        if name not in functions:
            return Answer(fault="is not defined in the cells that run", kind="missing")
        try:
            return Answer(functions[name](**inputs))
        except Exception as error:
            return Answer(fault=f"raised {type(error).__name__}", kind="raised")

    return ask


def marks(rubric=SHAPES, seed="s", **functions):
    return {question.name: question for question in mark(rubric, asker(**functions), seed)}


def area(width, height):
    return width * height


def edge(area, height):
    return area / height


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reference_gets_all_points_and_nothing_gets_none(seed):
    assert sum(question.points for question in marks(seed=seed, area=area, edge=edge).values()) == SHAPES.points == 7
    assert sum(question.points for question in marks(seed=seed).values()) == 0


@given(
    st.sets(st.sampled_from([("area", "the width is below 10"), ("area", "the width is 10 or more"), ("edge", "any")])),
    st.text(max_size=5),
)
def test_the_score_of_any_partial_set_of_right_answers_is_their_sum(right, seed):
    def partly(width, height):
        return area(width, height) + (
            ("area", f"the width is {'below 10' if width < 10 else '10 or more'}") not in right
        )

    def wholly(area, height):
        return area / height + (("edge", "any") not in right)

    worth = {("area", "the width is below 10"): 1, ("area", "the width is 10 or more"): 2, ("edge", "any"): 4}
    lawless = Rubric("shapes", "", [Question(AREA.reference, SIDES, cases=AREA.cases), EDGE])
    got = marks(lawless, seed, area=partly, edge=wholly)
    assert sum(question.points for question in got.values()) == sum(worth[item] for item in right)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mistake", AREA.mistakes, ids=lambda mistake: mistake.sentence)
def test_a_classic_mistake_loses_its_points_and_gets_its_sentence(mistake, seed):
    from roofline.teaching.grading.draws import Inputs

    got = marks(seed=seed, area=lambda **x: mistake.answer(Inputs(x)), edge=edge)["area"]
    assert got.points == AREA.points - mistake.costs and got.mistakes == (mistake.sentence,)


def test_a_wrong_answer_that_is_no_classic_mistake_gets_no_sentence():
    got = marks(area=lambda width, height: 1.01 * width * height)["area"]
    assert got.points == 0 and got.mistakes == ()
    first = got.cases[0].first_wrong
    assert first.inputs.startswith("width=") and "height=" in first.inputs and first.said.startswith("returned ")
    call = eval(f"dict({first.inputs})")
    assert float(first.expected) == pytest.approx(area(**call)) and float(first.said[9:]) == pytest.approx(
        1.01 * area(**call)
    )


def test_of_wrong_answers_one_of_the_kind_is_shown_before_one_for_contrast():
    def right_if_wide(width, height):
        return width * height if width > 10 else -1.0

    for count in (5, 6):
        kind = Cases("it is wide", 1, lambda x: x.width > 10, contrast=lambda x: x.width <= 10, count=count)
        rubric = Rubric("shapes", "", [Question(area, SIDES, cases=[kind])])
        assert not marks(rubric, area=lambda **x: -1.0)["area"].cases[0].first_wrong.contrast
        beside = marks(rubric, area=right_if_wide)["area"].cases[0].first_wrong
        assert beside.contrast and eval(f"dict({beside.inputs})")["width"] <= 10


def test_an_array_is_told_as_a_notebook_can_read_it():
    def total(x):
        return float(x.sum())

    question = Question(total, {"x": lambda rng, _: np.array([rng.random(), 1.0])}, cases=[Cases("any", 1)])
    got = marks(Rubric("lab", "", [question]), total=lambda x: -1.0)["total"].cases[0].first_wrong.inputs
    assert got.startswith("x=np.array([") and eval(f"dict({got})", {"np": np})["x"][1] == 1.0


def grid(n):
    return [[float(n * row + column) for column in range(20)] for row in range(10)]


def first_of(answer, reveal=True):
    rubric = Rubric("lab", "", [Question(grid, {"n": whole(2, 9)}, cases=[Cases("any", 1)])])
    return mark(rubric, asker(grid=answer), "s", reveal=reveal)[0].cases[0].first_wrong


@pytest.mark.parametrize("form", [list, np.array])
def test_of_a_long_answer_its_shape_and_the_first_wrong_item_are_told(form):
    def slipped(n):
        found = grid(n)
        found[3][7], found[9][0] = -1.5, -2.5
        return form(found)

    first = first_of(slipped)
    n = eval(f"dict({first.inputs})")["n"]
    assert first.said == "returned 10 × 20 items, of which 2 are wrong; the first, [3][7], is -1.5"
    assert float(first.expected) == 3 * n + 7
    one = first_of(lambda n: form([[-1.0, *grid(n)[0][1:]], *grid(n)[1:]]))
    assert (one.said, one.expected) == ("returned 10 × 20 items, of which 1 is wrong: [0][0] is -1.0", "0.0")


def test_a_long_answer_is_cut_after_its_shape_where_nothing_is_revealed():
    hidden = first_of(lambda n: np.array(grid(n)) - 1, reveal=False)
    assert hidden.said.startswith("returned 10 × 20 items: [[-1.0, 0.0, 1.0") and hidden.said.endswith("...")
    assert len(hidden.said) < 150 and hidden.inputs == hidden.expected == ""


def test_an_answer_of_another_shape_is_told_with_the_shape_that_was_expected():
    short = first_of(lambda n: grid(n)[:4])
    assert short.said == "returned 4 items, not 10" and short.expected.startswith("10 × 20 items: [[")
    ragged = first_of(lambda n: [*grid(n)[:9], []])
    assert ragged.said == "item 9: returned 0 items, not 20"
    assert len(first_of(lambda n: "x" * 999).said) < 100 and first_of(lambda n: [[0.5] * 20] * 10).said.startswith(
        "returned 10 × 20 items, of which 200 are wrong; the first, [0][0], is 0.5"
    )


def test_what_is_expected_stays_untold_where_it_is_not_to_be_revealed():
    hidden = mark(SHAPES, asker(area=lambda width, height: 1.0), "s", reveal=False)[0]
    assert hidden.cases[0].first_wrong.inputs == hidden.cases[0].first_wrong.expected == ""
    assert hidden.cases[0].first_wrong.said == "returned 1.0"


def test_a_law_that_is_broken_costs_the_points_of_the_kind_even_if_the_answers_were_right():
    known = [x for kind in AREA.cases for x in AREA.inputs(kind, "s")]

    def learned(width, height):
        if any(width == x.width for x in known):
            return width * height
        return 0.0

    got = marks(seed="s", area=learned)["area"]
    assert got.points == 0 and all(case.right == case.asked for case in got.cases)
    assert {law for case in got.cases for law in case.broken_laws} == {"Twice the width is twice the area."}


@pytest.mark.parametrize("value", [None, "12", [12.0], math.nan, {}])
def test_of_an_answer_of_the_wrong_kind_no_law_is_told(value):
    got = marks(area=lambda width, height: value)["area"]
    assert got.points == 0 and not [law for case in got.cases for law in case.broken_laws]
    wrong = marks(area=lambda width, height: width * height + 1)["area"]
    assert {law for case in wrong.cases for law in case.broken_laws} == {"Twice the width is twice the area."}


def test_a_function_that_counts_its_calls_gains_nothing():
    calls = iter(range(10**6))
    got = marks(area=lambda width, height: width * height if next(calls) % 2 else 0.0)["area"]
    assert got.points == 0


def test_the_same_input_must_give_the_same_answer():
    first: dict = {}

    def drifting(width, height):
        first[width, height] = first.get((width, height), 0) + 1
        return width * height * (1 + 1e-7 * first[width, height])  # right within the tolerance, until it is not

    near = Question(AREA.reference, SIDES, cases=AREA.cases, rtol=1e-3)
    assert marks(Rubric("r", "", [near]), area=drifting)["area"].points == 3
    strict = Question(AREA.reference, SIDES, cases=AREA.cases, rtol=1.5e-7)
    got = marks(Rubric("r", "", [strict]), area=drifting)["area"]
    assert got.points == 0 and any(case.right < case.asked for case in got.cases)
    assert SAME_INPUT.startswith("The same input")


def test_questions_are_asked_in_an_order_that_the_seed_decides():
    def order(seed):
        asked: list = []
        mark(SHAPES, lambda name, inputs: asked.append((name, tuple(inputs.values()))) or Answer(1.0), seed)
        return asked

    assert order("a") == order("a") != order("b")
    names = [name for name, _ in order("a")]
    assert names != sorted(names) and names != sorted(names, reverse=True)


def test_a_forbidden_name_costs_the_question_even_if_a_helper_uses_it():
    strict = Rubric("r", "", [Question(AREA.reference, SIDES, cases=AREA.cases, forbids=["numpy.prod"]), EDGE])
    uses = {"area": ["product"], "product": ["numpy.prod"], "edge": ["numpy.prod.reduce"]}
    first, second = mark(strict, asker(area=area, edge=edge), "s", uses=uses)
    assert first.points == 0 and first.fault == "uses numpy.prod, which this question does not allow"
    assert (
        second.points == 4
        and mark(strict, asker(area=area, edge=edge), "s", uses={"area": ["numpy.product"]})[0].points
    )


def test_a_question_may_have_many_right_answers():
    def root(square):
        return math.sqrt(square)

    either = Question(
        root,
        {"square": spread(1, 9)},
        cases=[Cases("any", 2)],
        accepts=lambda x, y: "" if abs(y * y - x.square) < 1e-9 else "its square is not the input",
    )
    rubric = Rubric("r", "", [either])
    assert marks(rubric, root=lambda square: -math.sqrt(square))["root"].points == 2
    assert marks(rubric, root=lambda square: square)["root"].cases[0].first_wrong.said == "its square is not the input"
    assert "not of the kind" in marks(rubric, root=lambda square: "x")["root"].cases[0].first_wrong.said


def test_a_reference_that_breaks_down_is_the_fault_of_the_rubric():
    def broken(width):
        raise ZeroDivisionError

    with pytest.raises(RubricError, match="the rubric raised"):
        marks(Rubric("r", "", [Question(broken, SIDES, cases=[Cases("any", 1)])]))


def test_of_two_mistakes_that_agree_on_a_kind_the_one_that_agrees_everywhere_is_named():
    both = [
        Mistake("only narrow", lambda x: x.width + 1 if x.width < 10 else 0, 3),
        Mistake("all", lambda x: x.width + 1, 3),
    ]
    rubric = Rubric("r", "", [Question(AREA.reference, SIDES, cases=AREA.cases, mistakes=both)])
    assert marks(rubric, area=lambda width, height: width + 1)["area"].mistakes == ("all",)


@pytest.mark.parametrize(
    "answer, expected",
    [
        (2, 2.0),
        (2.0, 2),
        (np.float64(2), 2.0),
        (np.array(2.0), 2),
        (2 + 1e-7, 2.0),
        (math.inf, math.inf),
        (None, None),
        ([1, 2], (1.0, 2.0)),
        (np.array([1, 2]), [1, 2]),
        ((1, (2, 3)), [1, [2, 3]]),
        (True, True),
        (1, True),
        ("a", "a"),
        ({"a": 1}, {"a": 1.0}),
        (b"x", b"x"),
        (math.nan, math.nan),
        (10**400, 10**400),
        ([], []),
    ],
)
def test_what_is_equal(answer, expected):
    assert difference(answer, expected, 1e-6, 0.0) is None


@pytest.mark.parametrize(
    "answer, expected, words",
    [
        (2.1, 2.0, ""),
        (2 + 1e-5, 2.0, ""),
        (None, 2.0, "returned None, not a number"),
        ("2", 2.0, "the string '2'"),
        (True, 1.0, "the truth value True"),
        (math.nan, 1.0, "nan"),
        (math.inf, 1.0, ""),
        (1.0, math.inf, ""),
        (-math.inf, math.inf, ""),
        (10**400, 2.0, "more digits"),
        ([2.0], 2.0, "a list of 1 item, not a number"),
        ([2.0], [2.0, 3.0], "returned 1 item, not 2"),
        (2.0, (2.0, 3.0), "not a pair"),
        (2.0, (2.0, 3.0, 4.0), "not a list or an array"),
        (np.ones(3), 2.0, "an array of shape (3,)"),
        (2.0, [2.0], "not a list or an array"),
        ([1, 2], [1, 2, 3], "2 items, not 3"),
        ([1, None], [1, 2], "item 1: returned None"),
        ([1, 5], [1, 2], ""),
        (0, None, "returned the number 0, not None"),
        (np.float64(2.5), None, "returned the number 2.5, not None"),
        (10**20, None, "returned a number, not None"),
        ({"a": 1}, {"b": 1}, "other keys"),
        (3, {"b": 1}, "not a dict"),
        ({"a": 2}, {"a": 1}, ""),
        (b"x", "x", "returned bytes, not a string"),
        (1.0, math.nan, ""),
    ],
)
def test_what_differs_and_how_it_is_said(answer, expected, words):
    said = difference(answer, expected, 1e-6, 0.0)
    assert said is not None and words in said and bool(said) == bool(words)


def test_exact_means_exact():
    assert (
        difference(3.0, 3, 0, 0) is None
        and difference(3.0000001, 3, 0, 0) == ""
        and difference(2**60 + 1, 2**60, 0, 0) == ""
    )
