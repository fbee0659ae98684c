"""Rubrics: inputs that repeat, that rounding cannot decide, and that no constant answer satisfies."""

import math

import pytest

from roofline.teaching import rubrics
from roofline.teaching.grading.draws import Inputs, one_of, spread, whole
from roofline.teaching.grading.rubric import Cases, Question, Rubric, RubricError, rises, scales

from .notebooks import AREA, EDGE, SHAPES, SIDES


def floor_of(share):
    return math.floor(share)


def test_the_same_seed_gives_the_same_inputs_and_another_gives_others():
    kind = AREA.cases[0]
    assert AREA.inputs(kind, "a") == AREA.inputs(kind, "a") != AREA.inputs(kind, "b")
    assert all(x.width < 10 for x in AREA.inputs(kind, "a")) and len(AREA.inputs(kind, "a")) == kind.count


def test_inputs_of_one_kind_do_not_depend_on_the_other_kinds():
    alone = Question(AREA.reference, SIDES, cases=[AREA.cases[1]])
    assert alone.inputs(alone.cases[0], "a") == AREA.inputs(AREA.cases[1], "a")


def test_answers_that_are_all_the_same_are_refused():
    dull = Question(floor_of, {"share": spread(0.1, 0.9)}, cases=[Cases("any", 1)], rtol=0)
    with pytest.raises(RubricError, match=r"floor_of, where any: every answer is 0; add a contrast"):
        dull.inputs(dull.cases[0], "s")
    contrast = Cases("below one", 1, where=lambda x: x.share < 1, contrast=lambda x: x.share > 1)
    lively = Question(floor_of, {"share": spread(0.1, 90)}, cases=[contrast], rtol=0)
    assert [x.share < 1 for x in lively.inputs(contrast, "s")] == [True, False] * 3


def test_no_input_is_asked_where_rounding_decides_the_answer():
    edges = Question(floor_of, {"share": one_of(2.0, 2.5, 3.0, 3.5, 3.0 - 1e-15)}, cases=[Cases("any", 1)], rtol=0)
    for seed in "abcdef":
        assert {x.share for x in edges.inputs(edges.cases[0], seed)} <= {2.5, 3.5}


def test_no_input_is_asked_where_the_answer_hangs_on_the_last_digits():
    def gap(a, b):
        return a - b

    touchy = Question(gap, {"a": one_of(1.0, 2.0, 3.0), "b": one_of(1.0 + 1e-8, 2.0 + 1e-8)}, cases=[Cases("any", 1)])
    assert all(abs(x.a - x.b) > 0.1 for x in touchy.inputs(touchy.cases[0], "s"))


def test_fixed_inputs_replace_drawn_ones():
    kind = Cases("a square", 1, fix=lambda rng, x: {"width": float(x.height)})
    assert all(x.width == x.height for x in Question(AREA.reference, SIDES, cases=[kind]).inputs(kind, "s"))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Question(floor_of, {}, cases=[Cases("any", 1)]), "no draw for share"),
        (lambda: Question(floor_of, {"share": spread(1, 2)}, cases=[]), "expected cases"),
        (lambda: Question(floor_of, {"share": spread(1, 2)}, cases=[Cases("a", 1), Cases("a", 2)]), "different names"),
        (lambda: Question(floor_of, {"share": spread(1, 2)}, cases=[Cases("a", 1)], rtol=-1), "rtol -1"),
        (lambda: Cases("a", 0), "1 point or more"),
        (lambda: Cases("a", 1, count=1), "2 inputs or more"),
        (lambda: Rubric("r", "R", []), "no questions"),
        (lambda: Rubric("r", "R", [AREA, AREA]), "area is asked twice"),
    ],
)
def test_a_rubric_that_makes_no_sense_is_refused_with_a_reason(make, words):
    with pytest.raises(RubricError, match=words):
        make()


def test_inputs_that_cannot_be_found_are_an_error_of_the_rubric():
    never = Cases("never", 1, where=lambda x: False)
    with pytest.raises(RubricError, match=r"no inputs found where never"):
        Question(floor_of, {"share": spread(1, 2)}, cases=[never]).inputs(never, "s")


def test_a_course_replaces_and_adds_questions_and_keeps_its_inputs_to_itself():
    harder = Question(AREA.reference, SIDES, cases=[Cases("any", 7)])
    own = Question(floor_of, {"share": spread(1, 9)}, cases=[Cases("any", 1)])
    course = SHAPES.extended(harder, own, salt="secret")
    assert [question.name for question in course] == ["area", "edge", "floor_of"] and course.points == 7 + 4 + 1
    assert (SHAPES.points, SHAPES.salt, course.salt) == (7, "", "secret")


def test_laws_say_what_they_hold():
    x = Inputs(width=3.0, height=4)
    law = scales({"width": 2}, 2, "")
    assert (
        law.then(x, 12.0) == {"width": 6.0, "height": 4} and law.holds(x, 12.0, 24.0) and not law.holds(x, 12.0, 23.0)
    )
    up, down = rises("width", 2, ""), rises("width", 0.5, "")
    assert (
        up.holds(x, 1.0, 2.0) and not up.holds(x, 2.0, 1.0) and down.holds(x, 2.0, 1.0) and not down.holds(x, 1.0, 2.0)
    )


def test_rubrics_are_found_by_the_name_of_their_lab(root):
    assert set(rubrics.names()) <= {path.stem for path in (root / "labs").glob("*.md")}
    assert "batch_size" in rubrics.names()
    for name in rubrics.names():
        assert rubrics.load(name).lab == name


def test_a_course_file_is_loaded_by_its_path(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("from tests.grading.notebooks import SHAPES as public\nrubric = public.extended(salt='s')\n")
    assert rubrics.load(path).salt == "s"
    for text, words in [
        ("x = 1", "defines no `rubric`"),
        ("rubric = 3", "is int, not a Rubric"),
        ("1/0", "does not run"),
    ]:
        path.write_text(text)
        with pytest.raises(RubricError, match=words):
            rubrics.load(path)
    with pytest.raises(RubricError, match=r"no rubric 'chess': expected one of .*batch_size"):
        rubrics.load("chess")
    with pytest.raises(RubricError, match=r"no rubric file"):
        rubrics.load(tmp_path / "none.py")


def test_a_whole_number_is_never_nudged():
    def exactly(n):
        return n

    assert Question(exactly, {"n": whole(0, 10**6)}, cases=[Cases("any", 1)], rtol=0).inputs(Cases("any", 1), "s")


def test_edge_is_the_inverse_of_area():
    for x in EDGE.inputs(EDGE.cases[0], "s"):
        assert AREA.reference(EDGE.expected(x), x.height) == pytest.approx(x.area)
