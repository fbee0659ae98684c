"""Self-check questions: what counts as right, what a reader may type, and that the page gives no answer away."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roofline.teaching import selfcheck
from roofline.teaching.selfcheck import question


def batch(**changes):
    given = {"id": "balance-batch", "text": "How many?", "answer": 5441.4, "noun": "sequences",
             "why": "The ratio of parameters counts.", "hints": {2400.0: "You took the ratio of experts."}}
    return question(**given | changes)


@pytest.mark.parametrize("typed", ["5441", "5,441", "5 441", "5.4k", "5.4e3", "5.4 × 10³", "5.4*10^3", "0.0054 M",
                                   "≈5441", "5441 sequences", "5.4k sequences", "5.4 thousand"])
def test_many_ways_of_typing_the_answer_are_right(typed):
    assert batch().reply(typed) == (True, "Right: 5,440 sequences. The ratio of parameters counts.")


@pytest.mark.parametrize("typed", ["1.16", "1.16 ms", "1160 µs", "1160us", "0.00116 s", "1.16e-3 s", "1,16 ms"])
def test_units_are_converted(typed):
    assert question("floor", "How long?", 0.00116, "ms").reply(typed)[0]


@pytest.mark.parametrize(("typed", "words"), [
    ("", "Type a number"), ("many", "Type a number"), ("-5", "positive"), ("0", "positive"), ("1e999", "positive"),
    ("5441 apples", "“apples” is no unit here; answer in sequences"), ("9e9", "Not yet."),
])
def test_what_is_wrong_with_an_answer_is_said(typed, words):
    right, said = batch().reply(typed)
    assert not right and words in said


@pytest.mark.parametrize(("asked", "typed", "said"), [
    (question("share", "How much?", 0.5, noun="percent"), "0.5 %", "Right: 0.5 percent."),
    (question("share", "How much?", 0.5, noun="percent"), "0,500", "Right: 0.5 percent."),
    (question("share", "How much?", 0.5, noun="percent"), "50 %", "Not yet."),
    (question("size", "How many?", 2.89e11, "parameter", noun="parameters"), "289 billion",
     "Right: 289 billion parameters."),
    (question("bytes", "How many?", 1.61e11, "GB"), "1.61e11",
     "The digits are right, the power of ten is not: answer in GB."),
    (question("ratio", "How often?", 3.2), "3200", "The digits are right, the power of ten is not."),
])  # fmt: skip
def test_units_percent_and_powers_of_ten_are_told_apart(asked, typed, said):
    assert asked.reply(typed)[1] == said


def test_a_classic_mistake_gets_its_hint():
    assert batch().reply("2,400") == (False, "You took the ratio of experts.")


@given(answer=st.floats(1e-12, 1e18), tolerance=st.sampled_from([0.01, 0.05, 0.2]), place=st.floats(-0.98, 0.98))
def test_what_lies_within_the_tolerance_is_right(answer, tolerance, place):
    asked = question("any", "How much?", answer, tolerance=tolerance)
    assert asked.reply(repr(answer * (1 + tolerance) ** place))[0]


@given(answer=st.floats(1e-12, 1e18), place=st.floats(1.02, 3) | st.floats(-3, -1.02))
def test_what_lies_outside_the_tolerance_is_wrong(answer, place):
    asked = question("any", "How much?", answer, tolerance=0.05)
    assert not asked.reply(repr(answer * 1.05**place))[0]


def test_page_gives_neither_answer_nor_hint_away():
    markup = batch()._repr_html_()
    for secret in ("5441", "5,44", "2400", "ratio of", str(math.log(5441.4))[:6]):
        assert secret not in markup


def test_text_is_escaped_and_lightly_marked_up():
    markup = batch(text="Is `N_tot` < 2 & *that* all?")._repr_html_()
    assert "Is <code>N_tot</code> &lt; 2 &amp; <em>that</em> all?" in markup


@pytest.mark.parametrize("changes", [{"id": "Balance batch"}, {"answer": 0.0}, {"answer": -1.0}, {"answer": math.inf},
                                     {"answer": "5"}, {"tolerance": 0}, {"hints": {math.nan: "no"}},
                                     {"unit": "furlong"}])
def test_a_bad_question_is_refused(changes):
    with pytest.raises(ValueError):
        batch(**changes)


def test_a_notebook_answers_too(capsys):
    batch()
    selfcheck.check("balance-batch", "5.4k")
    assert capsys.readouterr().out.startswith("Right")
    with pytest.raises(ValueError, match="balance-batch"):
        selfcheck.check("balance-botch", 1)
