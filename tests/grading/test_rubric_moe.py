"""The rubric of the lab on experts: right answers in any spelling are right, and each mistake costs what it says."""

from collections import Counter
from fractions import Fraction

import numpy as np

from .rubric_tests import Asked, RubricTests

ASKED = Asked("moe")
RUBRIC, every = ASKED.rubric, ASKED.every


# The same functions in other spellings. All are right.


def touched_by_adding_up(E, k, tokens):
    """One token after the other: each finds so many experts that nobody has used."""
    found = 0.0
    for _ in range(tokens):
        found += (E - found) * k / E
    return found


def read_from_the_rest(N_tot, N_act, E, k, B, b_w):
    """All weights without the experts that no token uses."""
    left_out = np.exp(B * np.log1p(-k / E)) * E
    return b_w * (N_tot - left_out * (N_tot - N_act) / (E - k))


def sent_by_counting_pairs(B, k, width, layers, b_disp, b_comb, chips):
    """Of all pairs of a token's chip and an expert's, those of two different chips."""
    pairs = Fraction(chips * (chips - 1), chips**2)
    return float(pairs * B * layers * k * Fraction(width) * (Fraction(b_disp) + Fraction(b_comb)))


def uneven_by_hand(choices, E, chips):
    counts = Counter(expert * chips // E for token in choices for expert in token)
    return Fraction(max(counts.values()) * chips, sum(counts.values()))


def uneven_by_shape(choices, E, chips):
    counts = np.zeros(E)
    np.add.at(counts, np.concatenate([np.array(token) for token in choices]), 1)
    held = counts.reshape(chips, -1).sum(1)
    return held.max() / held.mean()


def time_exactly(load, B, E, k, N_e, b_w, n, C, W):
    touched = E - E * Fraction(E - k, E) ** B
    per_chip = Fraction(N_e) / n
    return float(max(Fraction(load) * 2 * B * k * per_chip / Fraction(C), touched * Fraction(b_w) * per_chip
                     / Fraction(W)))


SPELLINGS = {
    "experts_touched": [
        touched_by_adding_up,
        lambda E, k, tokens: float(E - E * Fraction(E - k, E) ** tokens),
        lambda E, k, tokens: np.array(E) * -np.expm1(tokens * np.log1p(-k / E))],
    "weight_bytes_read": [
        read_from_the_rest,
        lambda N_tot, N_act, E, k, B, b_w: b_w * N_tot - b_w * (N_tot - N_act) * ((E - k) / E) ** (B - 1)],
    "dispatch_bytes": [
        sent_by_counting_pairs,
        lambda B, k, width, layers, b_disp, b_comb, chips: np.prod([B, k, layers, width / chips, chips - 1])
        * (b_comb + b_disp)],
    "imbalance_factor": [uneven_by_hand, uneven_by_shape],
    "experts_time": [
        time_exactly,
        lambda load, B, E, k, N_e, b_w, n, C, W: np.max([2 * B * k * load / C, (1 - (1 - k / E) ** B) * E * b_w / W])
        * N_e / n],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_inputs_are_layers_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            plain = [x[name] for name in question.parameters if name != "choices"]
            assert all(type(value) in (int, float) and value > 0 for value in plain)
            assert "E" not in x or 1 <= x.k <= x.E / 4
            assert "N_tot" not in x or x.N_tot * x.k / x.E < x.N_act < 0.6 * x.N_tot


def test_choices_are_of_different_experts_and_chips_hold_equally_many():
    for x, _ in every("imbalance_factor"):
        assert x.E % x.chips == 0 and all(type(e) is int and 0 <= e < x.E for token in x.choices for e in token)
        assert all(len({*token}) == len(token) == x.k for token in x.choices)
