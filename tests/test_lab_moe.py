"""The lab moe: its functions mean what the formulas and the router say, and its panel says it too."""

import contextlib
import io
import itertools
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import batch_size, models, moe, routing
from roofline.dispatch import simulate_dispatch
from roofline.placement import balanced
from roofline.teaching import figures
from tests.labs import Lab

LAB = Lab("moe")
experts_touched, weight_bytes_read, dispatch_bytes, imbalance_factor, experts_time = LAB.solved.values()


@pytest.mark.parametrize("model", ["DeepSeek-V3", "Kimi-K2", "Mixtral-8x7B", "Llama-4-Maverick"])
def test_the_answers_are_those_of_the_formulas(model):
    m = models[model].at("fp8")
    layer, size = {n: m[n] for n in "Ek"}, {n: m[n] for n in ("N_tot", "N_act", "b_w")}
    gpu = {"n": 8, "C": 1e15, "W": 3e12}
    for batch in (1, 7, 200, 20_000):
        assert experts_touched(**layer, tokens=batch) == pytest.approx(moe.experts_touched(layer, B=batch))
        read = weight_bytes_read(**layer, **size, B=batch)
        assert read == pytest.approx(m["b_w"] * batch_size.N_read(m, B=batch))
        assert read / (gpu["n"] * gpu["W"]) == pytest.approx(moe.t_weights_grouped(m, gpu, B=batch))
        one = moe.expert_weights(m)
        for load in (1, 3):
            time = experts_time(load, B=batch, **layer, N_e=one, b_w=m["b_w"], **gpu)
            assert time == pytest.approx(moe.t_experts_straggler(m, gpu, B=batch, x_load=load))


def test_bytes_that_leave_a_chip_are_those_of_simulated_tokens():
    sent = simulate_dispatch(racks=8, experts=64, k=4, tokens=20_000).copies_out_each  # a rack stands for a chip
    assert dispatch_bytes(B=1, k=4, width=100, layers=1, b_disp=1, b_comb=2, chips=8) == pytest.approx(
        sent * 100 * 3, rel=0.01)


def test_the_factor_is_that_of_the_router_and_no_more_than_the_bound_on_average():
    found = []
    for seed in range(40):
        choices = routing.route(64, 32, 4, seed=seed)
        found.append(imbalance_factor(choices.tolist(), 32, 32))
        assert found[-1] == pytest.approx(routing.imbalance(routing.expert_loads(choices, 32)))
        assert 1 <= imbalance_factor(choices.tolist(), 32, 8) <= found[-1]
    assert np.mean(found) < moe.imbalance_bound(E=32, k=4, B=64)


def test_the_stragglers_cost_is_the_ratio_of_two_of_the_times():
    gb200 = {"C": 5e15, "W": 8e12, "b_w": 1.0}
    for batch, load in itertools.product((10, 1000, 3000, 50_000), (1, 1.3, 4)):
        times = [experts_time(x, B=batch, E=256, k=8, N_e=1e9, n=4, **gb200) for x in (load, 1)]
        cost = moe.straggler_cost(gb200, B=batch, E=256, k=8, x_load=load)
        assert times[0] / times[1] == pytest.approx(cost)


# The panel


@pytest.fixture
def panel(monkeypatch):
    """The names of the setup, straggler and panel cells, with nothing drawn."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__", "display": lambda *_: None}
    setup = LAB.code[0].source.split("import ipywidgets")[1]
    exec("import ipywidgets" + setup.replace("from IPython.display import display\n", ""), names)
    monkeypatch.setattr(figures, "chart", MagicMock())
    show = next(cell.source for cell in LAB.code if "def rack" in cell.source)
    gb200 = next(line for cell in LAB.code for line in cell.source.splitlines() if line.startswith("gb200, v3 ="))
    with contextlib.redirect_stdout(io.StringIO()):
        exec(gb200, names)
        exec(show, names)
    return names


def test_the_panel_places_the_experts_on_every_number_of_chips_it_offers(panel, capsys):
    options = panel["controls"]["chips_used"].options
    for chips_used, copies in [*((count, 0) for count in options), (72, 2)]:
        panel["rack"](0.3, 4096, chips_used, copies)
    told = capsys.readouterr().out
    assert told.count("of an even load") == len(options) + 1 and "nan" not in told


def test_the_panel_says_what_the_functions_say(panel, capsys):
    panel["rack"](0.2, 4096, 72, 0)
    wanted = routing.inclusion(routing.popularity(256, 0.2), 8)
    busiest = routing.imbalance(balanced(wanted, 72, 32))
    assert f"32 copies; busiest {busiest:.2f} times the mean" in capsys.readouterr().out
