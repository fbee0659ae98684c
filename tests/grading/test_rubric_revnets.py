"""The rubric of the lab on reversible networks: right answers are right, and each mistake costs what it says."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from roofline.teaching.rubrics import _networks as nets

from .rubric_tests import SEEDS, Asked, RubricTests

ASKED = Asked("revnets")
SOLVED, QUESTIONS, RUBRIC, every, lost = ASKED.solved, ASKED.questions, ASKED.rubric, ASKED.every, ASKED.lost


# The same functions in other spellings. All are right.


def forward_as_a_line(x, y, layers):
    """A residual from two layers back, row by row."""
    line = [np.asarray(y, dtype=float), np.asarray(x, dtype=float)]
    for first, last in layers:
        rows = [row @ first for row in line[-1]]
        line.append(line[-2] + np.array([np.where(row > 0, row, 0) @ last for row in rows]))
    return [line[-1].tolist(), line[-2].tolist()]


def inverse_recursively(u, v, layers):
    if not layers:
        return np.array(u), np.array(v)
    *others, (first, last) = layers
    return inverse_recursively(v, u - np.clip(v @ first, 0, None) @ last, others)


def backward_by_jacobians(u, v, grad_u, grad_v, layers):
    """Forward again from the rebuilt input, with every state kept, and gradients by einsum."""
    state = inverse_recursively(u, v, layers)
    states = [state]
    for layer in layers:
        states.append(SOLVED["forward"](*states[-1], [layer]))
    grads, gu, gv = [], grad_u, grad_v
    for (x, _), (first, last) in reversed(list(zip(states, layers, strict=False))):
        before = x @ first
        inner = np.einsum("rd,hd->rh", gu, last) * np.heaviside(before, 0)
        grads.append((np.einsum("rd,rh->dh", x, inner), np.einsum("rh,rd->hd", before * (before > 0), gu)))
        gu, gv = gv + np.einsum("rh,dh->rd", inner, first), gu
    return [gu, gv, [list(pair) for pair in grads[::-1]]]


def ratio_exactly(strategy, blocks, segment, forward_flop, backward_flop):
    f, b = Fraction(forward_flop), Fraction(backward_flop)
    again = {"checkpoint": 1 - Fraction(1, 4 * segment), "reversible": Fraction(1), "forgetful": Fraction(2)}[strategy]
    return float((f + b + again * f) / (f + b))


def bytes_by_counting(strategy, blocks, segment, rows, half, inner, size):
    """As a list of floats, every array by itself."""
    column = float(rows) * size
    layer = [half * column, inner * column, inner * column]
    if strategy == "store all":
        return [2 * blocks * sum(layer), 2 * blocks * sum(layer) + half * column + half * column]
    if strategy == "reversible":
        return [2 * half * column, 4 * half * column + sum(layer[1:])]
    stored = 2 * half * column * (blocks / segment)
    return [stored, stored + 2 * segment * sum(layer) + half * column]


SPELLINGS = {
    "forward": [forward_as_a_line],
    "inverse": [inverse_recursively],
    "backward": [backward_by_jacobians],
    "activation_bytes": [bytes_by_counting],
    "overhead_ratio": [ratio_exactly],
    "break_even_seconds": [lambda flop, kept, C, M, reached: np.float64(M) / C * (flop / kept) / reached],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_the_gradients_of_the_reference_are_finite_differences_on_random_weights():
    """One weight of one layer is moved both ways, and the loss with it: a weighted sum of the output."""
    for x, (_, _, grads) in every("backward")[::17]:
        start = nets.inverse(x.u, x.v, x.layers)
        for place, which in itertools.product(range(len(x.layers)), (0, 1)):
            losses = []
            for step in (1e-5, -1e-5):
                layers = [[np.array(array) for array in pair] for pair in x.layers]
                layers[place][which][1, 2 if which == 0 else 0] += step
                u, v = nets.forward(*start, layers)
                losses.append(np.sum(u * x.grad_u) + np.sum(v * x.grad_v))
            found = grads[place][which][1, 2 if which == 0 else 0]
            assert found == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-6)


def test_inputs_are_plain_numbers_words_and_arrays():
    for question in RUBRIC:
        for x, _ in every(question.name):
            values = [x[name] for name in question.parameters if name != "layers"]
            assert all(type(value) in (int, float, str, np.ndarray) for value in values)
            assert all(len(pair) == 2 for pair in x.get("layers", []))


def test_segments_divide_the_blocks():
    for name in ("activation_bytes", "overhead_ratio"):
        assert all(x.blocks % x.segment == 0 and x.blocks > x.segment for x, _ in every(name))


@pytest.mark.parametrize("name", ["forward", "inverse"])
def test_handing_back_the_state_as_it_came_earns_nothing(name):
    question = QUESTIONS[name]
    halves = question.parameters[:2]
    for seed, order in itertools.product(SEEDS, (halves, halves[::-1])):
        assert lost(question, seed, lambda x, order=order: tuple(x[half] for half in order)) == list(question.cases)
