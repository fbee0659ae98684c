"""The lab pricing: its functions mean what the formulas say, and its text what was drawn."""

import contextlib
import io
import re
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import batch_size, pricing
from roofline.teaching import figures
from tests.labs import Lab

LAB = Lab("pricing")


def test_the_answers_are_those_of_the_formulas():
    rng = np.random.default_rng(3)
    for _ in range(60):
        L, active, rho = 10 ** rng.uniform(4, 6), 10 ** rng.uniform(10, 12), rng.uniform(100, 600)
        b_w = rng.uniform(0.5, 2)
        batches, eta_C, eta_W = rng.uniform(2, 9), rng.uniform(0.2, 0.9), rng.uniform(0.5, 1)
        chip = {"C": 2 * rho / b_w * 1e12, "W": 1e12, "eta_C": eta_C, "eta_W": eta_W}
        part = pricing.weights_over_compute.function(balance_batch=1, B=batches, eta_C=eta_C, eta_W=eta_W)
        found = LAB.solved["kink_bytes"](L, active, rho, b_w, batches, eta_C, eta_W)
        assert found == pytest.approx(pricing.kink_kappa(chip, N_act=active, L_kink=L, u_w=float(part)))
        low, high = LAB.solved["mfu_ratio"](2.0, 12.0, 0.5, eta_W + 1)
        assert (low, high) == pytest.approx((pricing.decode_mfu_share(m_out=6, m_markup=0.5),
                                             pricing.decode_mfu_share(m_out=6, m_markup=eta_W + 1)))
        covered = pricing.profitable_context(L_kink=L, m_tier=1.0, m_margin=2.0, u_w=eta_C)
        assert LAB.solved["profit_range"](2.0, 1.0, eta_C, L, L / 2, covered) == pytest.approx((0, 1), abs=1e-9)
        assert LAB.solved["drain_time"](186e9, 8e12, 1, 1e15) == pytest.approx(batch_size.t_drain(M=186e9, W=8e12))


def test_caching_pays_after_one_read_at_five_minutes_and_two_at_an_hour():
    """So says Anthropic's price page of its multipliers 1.25, 2 and 0.1."""
    assert [LAB.solved["break_even_reuse"](5.0, write, 0.5) for write in (6.25, 10.0)] == [1, 2]


# The notebook


def test_nothing_is_drawn_from_an_unseeded_source():
    assert "default_rng(0)" in LAB.code[0].source and not any("np.random." in cell.source for cell in LAB.code[1:])


# What the prose says of the draws


@pytest.fixture(scope="module")
def explored():
    """The names of all cells before the graded ones, with nothing drawn."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__"}
    shown = figures.chart
    figures.chart = MagicMock()  # type: ignore[assignment]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in LAB.code[: LAB.code.index(LAB.tagged("setup")[0])]:
                source = re.sub(r"^%.*$", "", cell.source, flags=re.MULTILINE).replace("plt.show()", "pass")
                exec(source.replace("\ndisplay(", "\nprint("), names)
    finally:
        figures.chart = shown
    return names


def test_the_bars_of_four_lists_overlap_and_leave_out_dense_models(explored):
    spans = [explored["interval"](found) for found in explored["bytes_of"].values()]
    assert max(low for low, _, _ in spans) < min(middle for _, middle, _ in spans)
    assert max(high for *_, high in spans) < explored["models"]["Llama-3-70B"].at("fp8", "fp8")["kappa"]


def test_the_size_of_the_model_makes_most_of_the_spread(explored):
    shares = explored["shares"]
    assert shares["active parameters"] > 0.5 and sum(shares.values()) == pytest.approx(1, abs=0.03)


def test_no_draw_puts_the_bend_near_the_step(explored):
    drawn, ratio = explored["bends"], explored["lists"]["Claude Opus 4.6"].output_to_input
    share = ratio / drawn["markup"]
    bend = drawn["context"] * (1 - drawn["u_w"]) / (share - drawn["u_w"])
    assert np.mean(bend > explored["steps"]["Claude Opus 4.6"] / 2) < 0.001


def test_knowing_more_narrows_the_margin_until_the_truth_falls_out(explored):
    spans = {name: explored["interval"](found) for name, found in explored["margins"].items() if "R1" in name}
    widths = [high / low for low, _, high in spans.values()]
    assert widths == sorted(widths, reverse=True)
    inside = [low < explored["truth"] < high for low, _, high in spans.values()]
    assert inside == [True, True, False]


def test_flash_is_cheapest_for_both_times_in_every_draw(explored):
    for kept_for in (300, 3600):
        cost = {what: rate * (kept_for + explored["drains"].get(what, 0)) for what, rate in explored["rates"].items()}
        assert all(np.all(cost["flash"] < cost[what]) for what in ("HBM", "DDR5", "disk"))
    assert explored["cheapest"].tolist().count("flash") == len(explored["cheapest"])
