"""The lab batch_size: its functions mean what the formulas say, and its panel says it too."""

import contextlib
import inspect
import io
import math
import re
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import batch_size as physics
from roofline import chips, models
from roofline.teaching import figures
from tests.labs import Lab

LAB = Lab("batch_size")
TOY = {"N_act": 1e9, "N_tot": 4e9, "b_w": 1, "kappa": 1e4, "n": 2, "C": 1e12, "W": 1e10}
step_time, balance_batch, balance_context, cost_per_million_tokens, cheapest_batch_under_latency = LAB.solved.values()


def drawn(count, seed):
    """Random deployments, from tiny to vast, with a third of them beyond the balance context."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        active = 10 ** rng.uniform(8, 12)
        case = {"N_act": active, "N_tot": active * rng.choice([1, rng.uniform(1, 40)]),
                "b_w": rng.choice([0.5, 1, 2]), "n": int(rng.integers(1, 100)),
                "C": 10 ** rng.uniform(13, 16.5), "W": 10 ** rng.uniform(11, 13.5), "kappa": 10 ** rng.uniform(3, 6)}
        beyond = balance_context(active, case["kappa"], case["C"], case["W"])
        yield {**case, "B": int(10 ** rng.uniform(0, 5)), "L": rng.choice([0.0, beyond * rng.uniform(0.01, 1.5)])}


def taken(function, case):
    return {name: case[name] for name in inspect.signature(function).parameters if name in case}


def test_the_answers_are_those_of_the_formulas():
    for case in drawn(300, seed=1):
        numbers = {**case, "price": 2.5 / 3600}
        t_step = physics.t_step(numbers)
        assert step_time(**taken(step_time, case)) == pytest.approx(t_step)
        assert balance_batch(**taken(balance_batch, case)) == pytest.approx(physics.balance_batch_kv(numbers))
        assert balance_context(**taken(balance_context, case)) == pytest.approx(physics.balance_context(numbers))
        cost = cost_per_million_tokens(case["B"], t_step, case["n"], 2.5)
        assert cost == pytest.approx(1e6 * physics.cost_per_token(numbers))


def test_the_cheapest_batch_is_that_of_a_search_through_all_of_them():
    found = []
    for case in drawn(300, seed=2):
        case = {**taken(cheapest_batch_under_latency, case)}
        case["C"] /= 30  # keeps the balance batch within what a search can go through
        rng = np.random.default_rng(int(case["W"]))
        floor = case["b_w"] * case["N_tot"] / (case["n"] * case["W"])
        share = case["b_w"] * case["N_tot"] / case["n"]
        B = np.arange(1, 20_000)
        times = physics.t_step(case, B=B)
        case |= {"limit": floor * rng.uniform(0.9, 6), "M": share * rng.uniform(0.9, 9)}
        stored = case["b_w"] * case["N_tot"] + B * case["kappa"] * case["L"]
        allowed = (times <= case["limit"]) & (stored <= case["n"] * case["M"])
        if allowed[-1]:
            continue
        cost = np.where(allowed, times / B, math.inf)
        expected = int(B[cost <= cost.min() * (1 + 1e-9)][0]) if allowed.any() else None
        assert cheapest_batch_under_latency(**case) == expected, case
        found.append(expected)
    assert len(found) > 150 and found.count(None) > 20 and len(set(found)) > 50


def test_beyond_the_balance_context_no_batch_is_large_enough():
    edge = balance_context(*(TOY[name] for name in ("N_act", "kappa", "C", "W")))
    case = taken(balance_batch, TOY)
    assert balance_batch(L=edge * 1.001, **case) == math.inf
    assert balance_batch(L=edge * 0.999, **case) < math.inf


# The panel


@pytest.fixture
def panel(monkeypatch):
    """The names of the setup, deployment and panel cells, with nothing drawn."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__"}
    setup = "\n".join(line for line in LAB.code[0].source.splitlines() if "environ" not in line and line[:1] != "%")
    setup = re.sub(r"^for name in .*$", "", setup, flags=re.MULTILINE)
    exec(setup, names)
    monkeypatch.setattr(figures, "chart", MagicMock())
    deploy, show = (LAB.cell(f"def {name}").source for name in ("deployment", "dropdown"))
    with contextlib.redirect_stdout(io.StringIO()):
        exec(deploy.replace("plt.show()", "pass"), names)
        exec(show, names)
    return names


def test_the_panel_sizes_every_chip_and_every_model(panel, capsys):
    controls = panel["controls"]
    for name in controls["chip"].options:
        controls["chip"].value = name
        assert controls["compute"].value in chips[name].rates
    for name in controls["model"].options:
        controls["model"].value = name
        for kind in ("mxfp4", "fp8"):
            panel["deployment"](**{**{key: control.value for key, control in controls.items()},
                                   "weights": kind, "model": name})
    assert set(controls["model"].options) == {name for name, model in models.items() if model.shape}
    assert "IT DOES NOT FIT" in capsys.readouterr().out


def test_the_panel_says_what_the_formulas_say(panel, capsys):
    panel["deployment"]("H100", 8, "fp8", "Llama-3-70B", "fp8", "bf16", batch=64, context=4096)
    machine, network = chips["H100"].at("fp8", n=8), models["Llama-3-70B"].at("fp8", "bf16")
    told = capsys.readouterr().out
    dollars = 1e6 * physics.cost_per_token(machine, network, B=64, L=4096)
    stored = 70.6e9 + 64 * 4096 * 2 * 80 * 8 * 128 * 2  # K and V, 80 layers, 8 heads of 128, 2 bytes
    assert f"${dollars:.2f} per million tokens" in told
    assert f"memory {stored / (8 * chips['H100'].memory):.0%} full: it fits" in told
