"""The lab over_training: its runs are those of the catalog, and its functions mean what the book says."""

import itertools
import math
import re
from functools import cache
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import disclosures
from roofline import over_training as physics
from roofline.algebra.units import text
from roofline.scaling_laws import Law, compute_optimal, fit, least_effort, matched, published
from roofline.teaching import figures
from tests.labs import Lab

LAB = Lab("over_training")
LAWS = ("chinchilla_besiroglu", "chinchilla_hoffmann", "chinchilla_hoffmann/unrounded", "datablations_muennighoff")
RUNS = disclosures["overtraining_gadre_c4"]["rows"]


def letters(law):
    return {"A": law.A, "B": law.B, "alpha": law.alpha, "beta": law.beta}


@pytest.mark.parametrize("name", LAWS)
def test_the_answers_are_those_of_the_book(name):
    law = published(name)
    for flops in (1e19, 1e24, 1e27):
        best = compute_optimal(law, flops)
        assert LAB.solved["compute_optimal"](flops, **letters(law)) == pytest.approx(best[:2])
        assert LAB.solved["over_training"](*best[:2], **letters(law)) == pytest.approx(1)
        assert LAB.solved["over_training"](best[0], 50 * best[1], **letters(law)) == pytest.approx(50)
    for later in (0, 1e11, 1e14):
        found = LAB.solved["cheapest_model"](1e11, later, **letters(law))
        assert found == pytest.approx(least_effort(law, 1e11, later)[:2], rel=1e-5)


def test_training_takes_the_arithmetic_of_the_book():
    at = {"N_act": 1e9, "D": 3e10, "phi_att": 1e5, "L": 5000, "f_again": 0.3}
    expected = physics.hardware_flops(at) + physics.train_attention_flops(at)
    assert LAB.solved["training_flops"](1e9, 3e10, 5000, 1e5, 0.3) == pytest.approx(expected)


def test_the_split_makes_the_costs_stand_as_they_should():
    ask = {"served": 1e13, "x_inf": 1.7, "x_rl": 0.4, "eta": 3.5, "generated": 0.3, "cached": 0.6, "trained": 0.2}
    pre, rl = LAB.solved["data_split"](**ask)
    at = {"eta_dec": 3.5, "s_dec": 0.3, "s_reused": 0.6, "f_rl": 0.2}
    assert physics.inference_weight(at) * 1e13 / pre == pytest.approx(1.7)
    assert physics.rl_weight(at) * rl / pre == pytest.approx(0.4)


# What the lab says of the runs


def warmed():
    table = disclosures["overtraining_gadre_c4"]
    window = table["eval_tokens"] / table["eval_sequences"]
    assert window == 2048
    return [row for row in RUNS if row["tokens"] / (row["batch"] * window) > row["warmup"]]


def columns(rows):
    return [np.array([row[name] for row in rows]) for name in ("parameters", "tokens", "loss")]


def test_there_are_34_runs_and_two_ended_in_their_warm_up():
    assert len(RUNS) == 34 and len(warmed()) == 32
    sizes = sorted({row["parameters"] for row in RUNS})
    assert [f"{size:.2g}" for size in sizes] == ["1.1e+07", "7.9e+07", "1.5e+08", "4.1e+08", "1.4e+09", "6.9e+09"]


def test_the_four_small_sizes_were_trained_for_a_quarter_to_thirty_two_times_the_rule():
    for row in RUNS:
        times = row["tokens"] / row["parameters"] / 20
        assert math.log2(times) == pytest.approx(round(math.log2(times))) and 1 / 4 <= times <= 32


def test_a_straight_fit_of_the_same_runs_by_another_search_finds_the_same_law():
    """Nelder-Mead would do; here plain coordinate steps from afar, on the same squares."""
    size, data, loss = columns(warmed())

    def squares(at):
        ones = np.ones_like(loss)
        parts = np.stack([ones, size ** -at[0], data ** -at[1]], axis=1) / loss[:, None]
        norm = np.linalg.norm(parts, axis=0)
        found, rest, *_ = np.linalg.lstsq(parts / norm, ones, rcond=None)
        return float(rest[0]), found / norm

    at, step = np.array([0.4, 0.4]), 0.1
    while step > 1e-7:
        around = [at + step * np.array(way) for way in itertools.product((-1, 0, 1), repeat=2)]
        best = min(around, key=lambda one: squares(one)[0])
        at, step = (best, step) if squares(best)[0] < squares(at)[0] else (at, step / 2)
    law = fit(size, data, loss)
    assert (law.alpha, law.beta) == pytest.approx(at, rel=1e-3)
    assert pytest.approx(squares(at)[1][0], rel=1e-3) == law.E


@pytest.mark.site
def test_two_of_the_three_large_runs_end_outside_what_the_small_ones_predict():
    printed = ran()["predicted"]
    found = [tuple(map(float, re.search(r"([\d.]+) to ([\d.]+) predicted, ([\d.]+) seen", line).groups()))
             for line in printed]
    assert [low <= seen <= high for low, high, seen in found] == [False, True, False]


@pytest.mark.site
def test_the_range_of_the_ratio_grows_with_the_distance_from_the_runs():
    found = [tuple(map(float, re.search(r": ([\d.]+) to ([\d.]+), middle", line).groups())) for line in ran()["middle"]]
    spans = [high / low for low, high in found]
    assert spans[0] < spans[1] < spans[2] and spans[0] > 4 and spans[2] > 30
    assert all(low < 20 < high for low, high in found)
    told = re.search(r"cheapest size: ([\d.]+) billion.* to ([\d.]+) billion", ran()["cheapest"][0])
    low, high = map(float, told.groups())
    assert 1.5 < high / low < 3


# The notebook


@cache
def ran():
    """Printed lines by a word in them."""
    lines = LAB.printed("").splitlines()
    return {word: [line for line in lines if word in line] for word in ("predicted", "middle", "cheapest")}


# The panel


def test_the_panel_draws_every_amount_of_later_tokens_it_offers(monkeypatch, capsys):
    matplotlib.use("agg")
    monkeypatch.setattr(figures, "chart", MagicMock())
    size, data, loss = columns(warmed())
    law = fit(size, data, loss)
    around = [Law(law.E, law.A * f, law.B, law.alpha, law.beta) for f in (0.9, 0.95, 1, 1.05, 1.1)]
    names = {"np": np, "laws": around, "size": size, "loss": loss, "isoloss_tokens": physics.isoloss_tokens,
             "figures": figures, "palette": MagicMock(), "plt": MagicMock(), "text": text}
    source = next(cell.source for cell in LAB.code if "def show_regret" in cell.source)
    exec(source.rsplit("show_regret", 1)[0], names)
    sizes = []
    for later in (1e9, 1e11, 1e13):
        names["show_regret"](later)
        chosen, times = names["regret"](later)
        assert np.all(times.min(axis=1) == pytest.approx(1)) and not np.isnan(times).any()
        sizes.append(chosen[np.argmin(times[2])])
        best = least_effort(law, matched_size(law, loss[np.argmax(size)]), later).parameters
        assert sizes[-1] == pytest.approx(max(best, 5e8), rel=0.03)
    assert sizes[0] > sizes[1] > sizes[2] and "cheapest size" in capsys.readouterr().out


def matched_size(law, loss):
    """Size of the compute-optimal model of a loss, by halving."""
    low, high = 1e7, 1e14
    while high / low > 1 + 1e-9:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if matched(law, middle).loss > loss else (low, middle)
    return low
