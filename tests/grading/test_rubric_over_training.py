"""The rubric of the lab on over-training: right in any spelling is right, and each mistake costs what it says."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from roofline.scaling_laws import Law, least_effort

from .rubric_tests import SEEDS, Asked, RubricTests

ASKED = Asked("over_training")
RUBRIC, drawn, every = ASKED.rubric, ASKED.drawn, ASKED.every


# The same functions in other spellings. All are right.


def exactly(N, D, L, phi_att, repeated):
    N, D, L, phi_att, repeated = map(Fraction, (N, D, L, phi_att, repeated))
    forward = 2 * N + phi_att * L / 2
    return 3 * forward * D + 2 * repeated * N * D


def optimal_by_search(flops, A, B, alpha, beta):
    """Bisects for the size at which more of either lowers the loss equally well."""
    low, high = 0.0, math.log(flops)
    for _ in range(100):
        N = math.exp((low + high) / 2)
        by_size, by_data = alpha * A * N**-alpha, beta * B * (flops / 6 / N) ** -beta
        low, high = (math.log(N), high) if by_size > by_data else (low, math.log(N))
    return [N, flops / 6 / N]


def factor_by_search(N, D, A, B, alpha, beta):
    """Bisects for the logarithm of the factor."""
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        too_far = beta * B * (D / math.exp(middle)) ** -beta > alpha * A / N**alpha
        low, high = (low, middle) if too_far else (middle, high)
    return math.exp(low)


def cheapest_numpy(N_0, later, A, B, alpha, beta):
    """Tries twenty thousand sizes."""
    D_0 = (beta * B / (alpha * A) * N_0**alpha) ** (1 / beta)
    above = A / N_0**alpha + B / D_0**beta
    N = (A / above) ** (1 / alpha) + np.geomspace(1e-6 * N_0, N_0, 20_000)
    left = above - A / N**alpha
    D = (B / left) ** (1 / beta)
    best = np.argmin(N * (D + later))
    return float(N[best]), float(D[best])


def cheapest_by_its_condition(N_0, later, A, B, alpha, beta):
    """Solves the condition of the optimum, of which the later cost is the unknown."""
    D_0 = (beta * B / (alpha * A) * N_0**alpha) ** (1 / beta)

    def data(x):
        return D_0 * ((alpha + (1 + x) * beta) / (alpha + beta)) ** (1 / beta)

    low, high = 0.0, later / D_0
    for _ in range(200):
        x = (low + high) / 2
        low, high = (x, high) if x * data(x) < later else (low, x)
    above = A / N_0**alpha + B / D_0**beta
    return (A / (above - B / data(x) ** beta)) ** (1 / alpha), data(x)


def split_exactly(served, x_inf, x_rl, eta, generated, cached, trained):
    served, x_inf, x_rl, eta, generated, cached, trained = map(
        Fraction, (served, x_inf, x_rl, eta, generated, cached, trained))
    cost = served * (2 * generated * eta + 2 * (1 - generated) * (1 - cached))  # of serving, for each parameter
    pre = cost / x_inf / 6
    return float(pre), float(x_rl * 6 * pre / (2 * eta + 6 * trained))


SPELLINGS = {
    "training_flops": [exactly, lambda N, D, L, phi_att, repeated: np.dot([6.0, 1.5, 2.0], [
        N * D, phi_att * L * D, repeated * N * D])],
    "compute_optimal": [optimal_by_search],
    "over_training": [factor_by_search,
                      lambda N, D, A, B, alpha, beta: D * (A * alpha / (B * beta * N**alpha)) ** (1 / beta)],
    "cheapest_model": [cheapest_numpy, cheapest_by_its_condition],
    "data_split": [split_exactly],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_the_reference_is_the_books_solver(seed):
    for _, cases in drawn("cheapest_model", seed):
        for x, expected in cases[:2]:
            found = least_effort(Law(1.0, x.A, x.B, x.alpha, x.beta), x.N_0, x.later)
            assert expected == pytest.approx((found.parameters, found.tokens), rel=1e-9)


def test_inputs_are_plain_numbers_and_laws_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            assert all(type(x[name]) in (int, float) for name in question.parameters)
    for name in ("compute_optimal", "over_training", "cheapest_model"):
        assert all(0.1 < x.alpha < 0.7 and 0.1 < x.beta < 0.7 for x, _ in every(name))
    assert all(0 < x.D < 1e17 for x, _ in every("over_training"))


def test_the_powers_are_alike_in_one_kind_and_differ_in_the_others():
    for name, seed in itertools.product(("compute_optimal", "over_training"), SEEDS):
        for kind, cases in drawn(name, seed):
            assert all((x.alpha == x.beta) == ("alike" in kind.name) for x, _ in cases)
            assert all(x.alpha == x.beta or abs(x.alpha / x.beta - 1) > 0.15 for x, _ in cases)


def test_later_tokens_are_none_few_or_many():
    for seed in SEEDS:
        none, few, many = ([(x, expected) for x, expected in cases] for _, cases in drawn("cheapest_model", seed))
        assert all(x.later == 0 and expected[0] == pytest.approx(x.N_0) for x, expected in none)
        assert all(0 < x.later / expected[1] < 0.71 for x, expected in few)
        assert all(x.later / expected[1] > 1.39 for x, expected in many)
