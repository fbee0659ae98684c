"""The rubric of the lab on rack topology: right answers in any spelling are right, each mistake costs what it says."""

import math
from fractions import Fraction

import numpy as np
import pytest

from roofline import rack_topology as book
from roofline.dispatch import simulate_dispatch
from roofline.teaching.grading.answers import Answer
from roofline.teaching.grading.marking import mark
from roofline.teaching.grading.rubric import Rubric

from .rubric_tests import Asked, RubricTests

ASKED = Asked("rack_topology")
QUESTIONS, RUBRIC, every = ASKED.questions, ASKED.rubric, ASKED.every


# The same functions in other spellings. All are right.


def share_numpy(tokens, experts):
    pairs = np.outer(tokens, experts) / np.sum(tokens) / np.sum(experts)
    return pairs.sum() - np.trace(pairs)


def share_exactly(tokens, experts):
    chances = [Fraction(each, sum(experts)) for each in experts]
    return float(sum(here * (1 - stay) for here, stay in zip(tokens, chances, strict=True)) / sum(tokens))


def slow_by_bytes(R, W_up, W_out, overlap):
    times = sorted(((1 / R) / W_up, (R - 1) / R / W_out))
    return (times[1] + times[0] - overlap * times[0]) * W_up


def once_numpy(R, k, W_up, W_out):
    held = -np.expm1(k * np.log1p(-1 / R)) if R > 1 else 1.0
    return np.maximum(1, W_up / W_out * (R - 1) * held / k)


def rack_one_by_one(budget, switches, links, pairs, ports):
    n = 0
    while n < ports and (n + 1) * links * pairs <= budget and math.ceil((n + 1) * links / ports) <= switches:
        n += 1
    return n


SPELLINGS = {
    "all_to_all_time": [
        lambda n, S, W, t_hop: (2 * t_hop + (S - S / n) / W) * (n != 1),
        lambda n, S, W, t_hop: np.float64(n > 1) * (t_hop + t_hop) + sum([S / n / W] * (n - 1))],
    "cross_rack_share": [share_numpy, share_exactly],
    "slowdown": [slow_by_bytes,
                 lambda R, W_up, W_out, overlap: 1 / R + W_up / W_out * (R - 1) / R
                 - overlap * min(1 / R, W_up / W_out * (R - 1) / R)],
    "slowdown_once": [once_numpy],
    "weight_read_time": [
        lambda P, n_up, N_tot, b_w, W: sum(b_w * N_tot / P / n_up / W for _ in range(P)),
        lambda P, n_up, N_tot, b_w, W: float(Fraction(b_w) * Fraction(N_tot) / n_up / Fraction(W))],
    "largest_rack": [rack_one_by_one,
                     lambda budget, switches, links, pairs, ports: float(np.floor(
                         np.min([ports, budget / (links * pairs), switches * ports / links])))],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_a_sum_that_was_forgotten_is_named():
    def forgetful(tokens, experts):
        racks = range(len(tokens))
        return sum(tokens[i] * experts[j] for i in racks for j in racks if i != j) / sum(tokens)

    alone = Rubric("alone", "", [QUESTIONS["cross_rack_share"]])
    got, = mark(alone, lambda name, inputs: Answer(forgetful(**inputs)), "any")
    assert got.points == 0 and "the sum of `tokens` alone" in got.mistakes[0] and len(got.mistakes) == 1


# References against something outside them


def test_racks_that_are_alike_lose_the_share_of_the_book():
    for racks in range(1, 9):
        share = QUESTIONS["cross_rack_share"].reference([3] * racks, [7] * racks)
        assert share == pytest.approx(book.cross_rack_share(R=racks))


def test_racks_that_differ_lose_the_share_of_simulated_copies():
    rng, tokens, experts = np.random.default_rng(0), [5, 1, 2], [1, 6, 3]
    home, to = (rng.choice(3, 200_000, p=np.array(weights) / sum(weights)) for weights in (tokens, experts))
    assert QUESTIONS["cross_rack_share"].reference(tokens, experts) == pytest.approx((home != to).mean(), abs=0.004)


def test_one_copy_for_each_rack_is_what_simulated_tokens_send():
    """With very many experts, drawing different ones is drawing independently."""
    ran = simulate_dispatch(8, 8 * 400, 6, tokens=1500)
    slow = QUESTIONS["slowdown_once"].reference(R=8, k=6, W_up=9.0, W_out=1.0)
    assert slow == pytest.approx(9 * ran.copies_out_once / 6, rel=0.02)


def test_inputs_are_plain_numbers_of_racks_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            given = [x[name] for name in question.parameters]
            numbers = [each for value in given for each in (value if isinstance(value, list) else [value])]
            assert all(type(each) in (int, float) and 0 <= each < 1e15 for each in numbers)
