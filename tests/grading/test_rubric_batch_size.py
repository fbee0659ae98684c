"""The rubric of the lab on batch size: right answers in any spelling are right, and each mistake costs what it says."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from .rubric_tests import Asked, RubricTests, right

ASKED = Asked("batch_size")
SOLVED, RUBRIC, every = ASKED.solved, ASKED.rubric, ASKED.every


# The same functions in other spellings. All are right.


def exact(x):
    return {name: Fraction(value) for name, value in x.items()}


def step_exactly(**x):
    x = Box(exact(x))
    return float(max(2 * x.B * x.N_act / x.C, (x.b_w * x.N_tot + x.B * x.kappa * x.L) / x.W) / x.n)


def balance_exactly(**x):
    x = Box(exact(x))
    left = 2 * x.N_act / x.C - x.kappa * x.L / x.W
    return float(x.b_w * x.N_tot / x.W / left) if left > 0 else float("inf")


def cheapest_exactly(**x):
    x = Box(exact(x))
    fixed, each = x.b_w * x.N_tot, x.kappa * x.L
    room = min(x.limit * x.n * x.W, x.n * x.M) - fixed
    if room < each or 2 * x.N_act > x.limit * x.n * x.C:
        return None
    largest = x.limit * x.n * x.C / (2 * x.N_act)
    largest = math.floor(min(largest, room / each) if each else largest)
    gain = 2 * x.N_act * x.W / x.C - each
    return min(largest, math.ceil(fixed / gain)) if gain > 0 else largest


def step_numpy(B, L, N_act, N_tot, b_w, kappa, n, C, W):
    rates = np.array([C, W]) * n
    return np.max(np.array([2.0 * N_act * B, np.add(kappa * B * L, b_w * N_tot)]) / rates)


def balance_numpy(L, N_act, N_tot, b_w, kappa, C, W):
    with np.errstate(divide="ignore"):
        per_sequence = np.maximum(np.float64(2 * N_act / C) - np.float64(kappa * L / W), 0.0)
        return np.divide(b_w * N_tot / W, per_sequence)


def cheapest_numpy(limit, L, N_act, N_tot, b_w, kappa, n, C, W, M):
    """Tries every batch; the arithmetic alone ends the list."""
    B = np.arange(1, int(limit * n * C / (2 * N_act)) + 2, dtype=float)
    reads = B * L * kappa + N_tot * b_w
    times = np.maximum(N_act * B * 2 / C, reads / W) / n
    B, times = (each[(times <= limit) & (reads <= M * n)] for each in (B, times))
    cost = times / B
    return np.int64(B[np.argmax(cost <= cost.min() * (1 + 1e-9))]) if B.size else None


def cheapest_without_the_tie_rule(limit, L, N_act, N_tot, b_w, kappa, n, C, W, M):
    """Rounds the balance batch up and does not think of ties within a billionth."""
    most = limit / (2 * N_act / C / n)
    if L > 0:
        most = min(most, (limit * W - b_w * N_tot / n) / (kappa * L / n), (M - b_w * N_tot / n) * n / kappa / L)
    if most < 1 or b_w * N_tot / n > M or b_w * N_tot / n / W > limit:
        return None
    balance = balance_numpy(L, N_act, N_tot, b_w, kappa, C, W)
    return float(int(most) if most < balance else math.ceil(balance))


class Box(dict):
    __getattr__ = dict.__getitem__


SPELLINGS = {
    "step_time": [
        step_exactly, step_numpy,
        lambda B, L, N_act, N_tot, b_w, kappa, n, C, W: sorted((B / n * N_act / C * 2, N_tot / W * b_w / n
                                                                + kappa / W * B / n * L))[1]],
    "balance_batch": [
        balance_exactly, balance_numpy,
        lambda L, N_act, N_tot, b_w, kappa, C, W: b_w / W * N_tot / t if (t := N_act / C * 2 - L * kappa / W) > 0
        else np.inf],
    "balance_context": [
        lambda **x: Fraction(2) * Fraction(x["N_act"]) / Fraction(x["kappa"]) * Fraction(x["W"]) / Fraction(x["C"]),
        lambda N_act, kappa, C, W: np.array(W / kappa) / C * N_act * 2,
        lambda N_act, kappa, C, W: 2 / (C / W) * (N_act / kappa)],
    "cost_per_million_tokens": [
        lambda B, seconds, n, price_per_hour: price_per_hour * n / (B / seconds * 3600 / 1_000_000),
        lambda B, seconds, n, price_per_hour: np.prod([seconds / 60 / 60, n, 10**6, price_per_hour]) / B],
    "cheapest_batch_under_latency": [cheapest_exactly, cheapest_numpy, cheapest_without_the_tie_rule],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


@pytest.mark.parametrize("question", list(ASKED.questions.values()), ids=list(ASKED.questions))
def test_whole_numbers_may_be_given_and_returned_as_floats_and_the_other_way_round(question):
    for x, _ in every(question.name)[:60]:
        rounded = {name: round(value) if value > 1e6 else value for name, value in x.items()}
        as_floats = {name: float(value) for name, value in rounded.items()}
        expected = ASKED.answering(question, question.reference)(as_floats)
        answer = ASKED.answering(question, SOLVED[question.name])(rounded)
        assert right(question, x, answer if answer is None else float(answer), expected)


def test_inputs_are_plain_numbers_of_deployments_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            assert all(type(x[name]) in (int, float) for name in question.parameters)
            assert x.N_tot >= x.N_act and 99 < x.C / x.W < 1001
            assert 0 <= x.L < 4e6 and x.B >= 1 and 0 < x.limit < 60


def test_every_kind_of_answer_of_the_cheapest_batch_is_asked_for():
    asked = Counter(type(expected) for _, expected in every("cheapest_batch_under_latency"))
    assert asked[type(None)] == 20 * 6 and asked[int] == 20 * 30 and len(asked) == 2
