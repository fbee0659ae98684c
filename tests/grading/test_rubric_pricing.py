"""The rubric of the lab on price lists: right answers are right however spelled, and mistakes cost what they say."""

from collections import Counter
from fractions import Fraction

import numpy as np

from .rubric_tests import Asked, RubricTests

ASKED = Asked("pricing")
RUBRIC, every = ASKED.rubric, ASKED.every


# The same functions in other spellings: by times of a pass, by bisection, by counting. All are right.


def bytes_by_bisection(L_kink, N_act, rho, b_w, batches, eta_C, eta_W):
    """The bytes at which a pass of one chip of unit bandwidth reads as long as it computes, found by halving."""
    B, C, W = 1e3, 2 * rho / b_w, 1.0
    arithmetic = 2 * N_act * B / (C * eta_C)
    weights = 2 * N_act * B / C / batches / (W * eta_W)
    if weights >= arithmetic:
        return None
    low, high = 0.0, 1e12
    for _ in range(200):
        middle = (low + high) / 2
        slower = weights + B * middle * L_kink / (W * eta_W) > arithmetic
        low, high = (low, middle) if slower else (middle, high)
    return low


def shares_numpy(p_in, p_out, markup_low, markup_high):
    return np.minimum(1, np.array([markup_low, markup_high]) * p_in / p_out)


def shares_by_costs(p_in, p_out, markup_low, markup_high):
    """Cost of a token of input is p_in; what a token of output can have cost at least is that, too."""
    return [p_in / max(p_in, p_out / markup) for markup in (markup_low, markup_high)]


def hits_one_by_one(p_in, p_write, p_hit):
    plain, cached = Fraction(p_in), Fraction(p_write)
    for hits in range(2000):
        if cached <= plain:
            return hits
        if p_hit >= p_in:
            return None
        plain, cached = plain + Fraction(p_in), cached + Fraction(p_hit)
    raise AssertionError("not found")


def drain_by_rates(capacity, bandwidth, devices, link):
    each = np.full(devices, bandwidth, dtype=float)
    each *= min(1.0, link / each.sum())
    return np.float64(capacity / each[0])


def profit_by_grid(price, cost, u_w, L_bend, L_from, L_to):
    context = np.linspace(L_from, L_to, 50)
    profit = price - cost * np.maximum(1, u_w + (1 - u_w) * context / L_bend)
    return profit.min(), profit.max()


SPELLINGS = {
    "kink_bytes": [bytes_by_bisection],
    "mfu_ratio": [shares_numpy, shares_by_costs],
    "break_even_reuse": [hits_one_by_one],
    "drain_time": [drain_by_rates, lambda capacity, bandwidth, devices, link:
                   max(capacity / bandwidth, devices * capacity / link)],
    "profit_range": [profit_by_grid],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_inputs_are_plain_values_of_lists_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            assert all(type(x[name]) in (int, float) for name in question.parameters)
    for x, _ in every("kink_bytes"):
        assert 0 < x.eta_C <= 1 >= x.eta_W > 0 and x.batches > 0
    for x, _ in every("mfu_ratio"):
        assert x.p_out > x.p_in and x.markup_high >= x.markup_low > 0
    for x, _ in every("profit_range"):
        assert 0 <= x.u_w < 1 and x.L_to > x.L_from > 0


def test_every_kind_of_answer_is_asked_for():
    bends = Counter(type(expected) for _, expected in every("kink_bytes"))
    assert bends[type(None)] == 20 * 3 and bends[float] == 20 * 21
    hits = Counter(expected for _, expected in every("break_even_reuse"))
    assert hits[None] == hits[0] == hits[1] == 20 * 3 and max(hit for hit in hits if hit is not None) > 10
    assert any(high == 1 > low for _, (low, high) in every("mfu_ratio"))
    assert any(low < 0 < high for _, (low, high) in every("profit_range"))
