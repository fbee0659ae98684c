"""The rubric of the lab on pipelining: right answers in any spelling are right, and each mistake costs what it says."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from roofline.schedules import one_f_one_b, simulate, written, zero_bubble
from roofline.teaching.grading.draws import Inputs
from roofline.teaching.rubrics._orders import judged, text_of
from roofline.teaching.rubrics.pipelining import is_stuck

from .rubric_tests import SEEDS, Asked, RubricTests, right

ASKED = Asked("pipelining")
SOLVED, QUESTIONS, RUBRIC, drawn, every = ASKED.solved, ASKED.questions, ASKED.rubric, ASKED.drawn, ASKED.every


# The same functions in other spellings. All are right.


def bubble_exactly(P, m, t_f, t_b, t_link):
    f, b, way = map(Fraction, (t_f, t_b, t_link))
    idle = (P - 1) * (f + b + 2 * way)
    return float(1 - m * (f + b) / (m * (f + b) + idle))


def bubble_by_running(P, m, t_f, t_b, t_link):
    order = [" ".join(f"{kind}{i}" for kind in "FB" for i in range(m))] * P
    return 1 - m * (t_f + t_b) / SOLVED["makespan"](order, t_f, t_b, t_link)


def makespan_by_longest_path(order, t_f, t_b, t_link):
    """Relax all arrows of the graph of passes again and again; an end that still moves says that there is a circle."""
    ends = {(s, word): 0.0 for s, line in enumerate(order) for word in line.split()}
    last = len(order) - 1
    for _ in range(len(ends) + 1):
        before = dict(ends)
        for s, line in enumerate(order):
            words = line.split()
            for at, word in enumerate(words):
                starts = [ends[s, words[at - 1]]] if at else [0.0]
                near = s - 1 if word[0] == "F" else s + 1
                starts += [ends[near, word] + t_link] if 0 <= near <= last else []
                starts += [ends[s, "F" + word[1:]]] if word[0] == "B" else []
                ends[s, word] = max(starts) + (t_f if word[0] == "F" else t_b)
        if ends == before:
            return np.float64(max(ends.values()))
    return None


SPELLINGS = {
    "bubble_fraction": [bubble_exactly, lambda P, m, t_f, t_b, t_link: (
        1 / (1 + m / (P - 1) * np.float64(t_f + t_b) / (t_f + t_b + t_link + t_link)))],
    "makespan": [makespan_by_longest_path],
    "comm_ratio": [
        lambda k, layers, b_disp, b_comb, b_act, W_up, W_out: k * layers * ((b_disp + b_comb) / b_act) / (W_up / W_out),
        lambda k, layers, b_disp, b_comb, b_act, W_up, W_out: np.sum([k * layers * b / W_up for b in (b_disp, b_comb)])
        * W_out / b_act],
    "stages_needed": [lambda N_tot, b_state, act_micro, m, n, n_layers, M: next(
        (P for P in range(1, n_layers + 1)
         if P * M * n >= b_state * N_tot + n * min(m, P) * act_micro), None)],
    "order_of_work": [lambda P, m: text_of(zero_bubble(P, m))],
}  # fmt: skip


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_the_bubble_is_that_of_a_run_of_the_order():
    question = QUESTIONS["bubble_fraction"]
    for x, expected in every(question.name)[::12]:
        assert right(question, x, ASKED.answering(question, bubble_by_running)(x), expected)


def test_inputs_are_plain():
    for question in RUBRIC:
        for x, _ in every(question.name):
            values = [x[name] for name in question.parameters]
            assert all(type(value) in (int, float, list) for value in values)
            assert all(type(line) is str for value in values if type(value) is list for line in value)


def test_orders_that_never_end_are_asked_for_among_others_that_do():
    for seed in SEEDS:
        kinds = {kind.name: [is_stuck(x) for x, _ in cases] for kind, cases in drawn("makespan", seed)}
        assert kinds.pop("the order may never end") == [True, False] * 3
        assert not any(itertools.chain(*kinds.values()))


def test_one_model_in_two_has_too_few_layers_where_that_is_asked():
    for seed in SEEDS:
        answers = {kind.name: [expected for _, expected in cases] for kind, cases in drawn("stages_needed", seed)}
        assert [a is None for a in answers.pop("the model may have too few layers")] == [True, False] * 3
        assert None not in itertools.chain(*answers.values())


# An order of one's own


def goal(goal, P=4, m=8):
    return Inputs(P=P, m=m, goal=goal)


@pytest.mark.parametrize(("answer", "says"), [
    (None, "returned something else than 4 texts"),
    (["F0"] * 3, "returned something else than 4 texts"),
    ("F0 B0 W0", "returned something else than 4 texts"),
    ([1, 2, 3, 4], "returned something else than 4 texts"),
    (["F0 X0"] * 4, "cannot run: stage 0: 'X0' is not an operation"),
    (["F0 BW0"] * 4, "an order of other work than 8 micro-batches, forward and backward on 4 stages"),
    ([" ".join(f"F{i}" for i in range(8))] * 4, "an order of other work"),
    ([" ".join(f"F{i} BW{i}" for i in range(8))] * 4, ""),
])  # fmt: skip
def test_an_order_is_judged_in_one_sentence(answer, says):
    told = judged(goal("runs"), answer)
    assert says in told and (says != "" or told == "")


def test_the_goals_are_what_the_simulator_says_of_known_orders():
    one, late, early = text_of(one_f_one_b(4, 8)), text_of(zero_bubble(4, 8)), text_of(zero_bubble(4, 8, ahead=2))
    assert "takes 33 passes, not 32 or less" in judged(goal("ends"), one) and judged(goal("holds"), one) == ""
    assert judged(goal("least"), late) == judged(goal("holds"), late) == judged(goal("ends"), early) == ""
    assert "holds 7 micro-batches, not 4 or less" in judged(goal("least"), early)
    split = text_of(one_f_one_b(4, 8), split=True)
    assert judged(goal("ends"), split) == "" and "passes, not 27 or less" in judged(goal("least"), split)


@pytest.mark.parametrize("chunked", [["F0 F0.1 BW0.1 BW0"] * 4])
def test_chunks_are_other_work(chunked):
    assert "other work" in judged(goal("runs", m=1), chunked)


def test_no_order_of_the_solutions_holds_more_than_p_or_ends_late():
    for P, m in itertools.product(range(3, 9), (6, 16, 17, 33)):
        if m >= 2 * P:
            ran = simulate(written(SOLVED["order_of_work"](P, m)))
            assert ran.makespan == 3 * m + P - 1 and ran.held().max() <= P
