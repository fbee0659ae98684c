"""The explorer of the chapter on experts: a model in its parts gives what the chapter's formulas give for the whole."""

import math
import re

import pytest

from roofline import batch_size, chips, models, moe
from roofline.teaching.explorer import words
from roofline.teaching.explorer.panels import Panels
from roofline.teaching.explorers.moe import CHIPS, EXPERTS, MODELS, USED, build, explorer


def whole(model, **changed):
    """A catalog model with other numbers of experts of the same size."""
    m = models[model].at(weights="fp8", kv="bf16")
    counts = {"E": m["E"], "k": m["k"], **changed}
    each, rest = moe.expert_weights(m), moe.always_weights(m)
    return {**m, **counts, "N_tot": rest + counts["E"] * each, "N_act": rest + counts["k"] * each}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("changed", [{}, {"E": 1024.0, "k": 3.0}, {"E": 16.0, "k": 12.0}], ids=str)
def test_a_model_in_parts_gives_what_the_formulas_give_for_the_whole(model, changed):
    widget, gpu = explorer(model=model, B=50, **changed), chips["GB200"].at("fp8", n=72)
    m = whole(model, **changed)
    for formula, inputs in ((moe.experts_touched, {"B": 50}), (moe.t_weights_grouped, {"B": 50}),
                            (moe.imbalance_bound, {"B": 50}), (moe.straggler_slack, {"B": 50}),
                            (moe.balance_batch_experts, {}), (batch_size.balance_batch, {}),
                            (batch_size.t_compute, {"B": 50}), (batch_size.sparsity_ratio, {})):
        assert widget[formula.name] == pytest.approx(formula(gpu, m, inputs), rel=1e-9), formula.name
    assert widget["bytes_read"] == pytest.approx(m["b_w"] * moe.N_read_grouped(m, B=50))
    assert widget["bytes_held"] == pytest.approx(m["b_w"] * m["N_tot"])


def test_the_books_own_formulas_are_left_as_they_were():
    build()
    assert {"N_act", "N_tot"} <= set(batch_size.t_compute.inputs) | set(batch_size.sparsity_ratio.inputs)
    assert "expert_weights" in moe.N_read_grouped.notation.formulas
    assert "bytes_read" not in moe.N_read_grouped.notation.formulas


def test_every_number_of_experts_allows_every_top_k():
    assert max(USED) <= min(EXPERTS)
    for model in MODELS:
        m = models[model].at("bf16")
        assert m["E"] in EXPERTS and m["k"] in USED
    for experts in (EXPERTS[0], EXPERTS[-1]):
        for used in (USED[0], USED[-1]):
            for batch in (1, 100_000):
                widget = explorer(E=float(experts), k=float(used), B=batch)
                assert all(math.isfinite(widget[name]) for name in build().formulas)


def test_no_more_experts_are_touched_than_there_are():
    made = build()
    for experts in EXPERTS:
        told = words.say(made, "experts_touched", explorer(E=float(experts), B=1e5)["experts_touched"])
        assert float(told.replace(",", "")) <= experts


def test_every_chip_and_model_can_be_shown():
    for chip in CHIPS:
        assert "t_pass" in build().formulas and explorer(chip=chips[chip].name)["t_pass"] > 0
    for model in MODELS:
        assert model in repr(explorer(model=model))


def test_experts_follow_the_model_until_they_are_moved():
    widget = explorer()
    widget.set(model="Kimi-K2")
    assert widget["E"] == models["Kimi-K2"].at("bf16")["E"]
    widget.set(E=64.0)
    assert widget["E"] == 64 and "Yours" in repr(widget)


@pytest.mark.parametrize(("chosen", "label"), [
    ({"B": 100}, "memory-bound, busy experts hide"),
    ({"B": 5600, "model": "DeepSeek-V3", "E": 16.0, "k": 1.0}, "compute-bound"),
    ({"B": 100_000}, "compute-bound")])
def test_the_regime_says_what_a_pass_waits_for(chosen, label):
    assert explorer(**chosen).regime == label


def test_where_a_model_is_nearly_all_experts_a_busy_one_may_show_before_the_balance():
    sparse = explorer(model="MiniMax-Text-01", E=4096.0, k=16.0)
    sparse.set(B=int(0.95 * sparse["balance_batch"]))
    assert sparse["t_compute"] < sparse["t_weights_grouped"] and sparse["imbalance_bound"] > sparse["straggler_slack"]
    assert sparse.regime == "memory-bound, a busy expert may show"


def test_weights_that_do_not_fit_are_named():
    assert "does not fit" in explorer(E=4096.0, n=8.0).summary and "does not fit" not in explorer().summary


def test_panels_keep_each_chart_its_own_marks():
    picture = build().chart
    spec = picture.spec({s.name: s for s in build().sliders})
    assert [panel["marks"] for panel in spec["panels"]] == [[0], [1]] and len(picture.marks) == 2
    with pytest.raises(ValueError, match="each with a title"):
        Panels(titles=("one",), charts=picture.charts, alt="")


@pytest.mark.browser
def test_both_charts_have_all_of_their_curves(show):
    sheet = show(explorer(B=200))
    assert sheet.locator(".explorer svg.chart").count() == 2
    lines = sheet.locator(".explorer svg path.curve").evaluate_all("all => all.map(p => p.getAttribute('d'))")
    assert len(lines) == 5 and all(re.match(r"M[\d.]+ -?[\d.]+L", line) for line in lines)
