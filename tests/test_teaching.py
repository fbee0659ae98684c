"""Numbers, equations, figures and published runs: what the pages are made of."""

import math

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from roofline.algebra import UnitError
from roofline.batch_size import balance_batch, balance_batch_kv, latency_floor, t_drain, t_step
from roofline.catalog import chips, disclosures, models
from roofline.notation import C, N_tot, W
from roofline.teaching import figures
from roofline.teaching.bounds import decode_runs, deepseek_batch
from roofline.teaching.equations import equation, symbols
from roofline.teaching.ledger import load
from roofline.teaching.numbers import compared, number, quoted, said, written

RACK, MODEL = chips["GB200"].at("fp8", n=72), models["DeepSeek-V3"].at(weights="fp8", kv="bf16")


@pytest.fixture
def glued(monkeypatch):
    """What a notebook would receive: the data and metadata of each display."""
    import IPython
    import IPython.display

    sent = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", lambda data, raw, metadata: sent.append((data, metadata)))
    return sent


def test_a_number_carries_its_formula_inputs_and_sources(glued):
    record = number("floor", latency_floor, RACK, MODEL)
    ((data, metadata),) = glued
    assert data == {"application/papermill.record/text/plain": "'1.16 ms'"}
    assert metadata["scrapbook"] == {"name": "floor", "mime_prefix": "application/papermill.record/"}
    kept = metadata["number"]
    assert kept["formula"] == "latency_floor" and kept["value"] == pytest.approx(671e9 / (72 * 8e12))
    assert kept["inputs"]["W"] == "8 TB/s" and kept["sources"]["W"] == RACK.label == record.sources["W"]
    assert kept["sources"]["N_tot"] == MODEL.label


def test_an_input_given_by_name_is_recorded_as_given_here():
    record = number("step", t_step, RACK, MODEL, B=64, L=8192, W=4e12)
    assert record.sources["W"] == "here" and record.sources["phi"] == "default" and record.sources["C"] == RACK.label


def test_expressions_of_formulas_and_symbols_are_numbers_too():
    assert number("ratio", C / W, RACK, unit="FLOP/byte").text == "625 FLOP/byte"
    assert number("total", N_tot, MODEL, unit="parameter").text == "671 billion parameters"
    assert number("gain", t_step / latency_floor, RACK, MODEL, unit="×", B=1, L=0).text == "1×"


def test_a_comparison_says_both_values_and_what_each_was_computed_with(glued):
    """80 GB at 3.35 TB/s and 141 GB at 4.8 TB/s (NVIDIA's data sheets)."""
    h100, h200 = (chips[name].at("fp8") for name in ("H100", "H200"))
    record = compared("slower", t_drain, (h200,), (h100,))
    assert record.value == pytest.approx((141 / 4.8) / (80 / 3.35)) and record.text == "1.23×"
    assert record.formula == "t_drain, 29.4 ms with 1 × H200 at fp8, over 23.9 ms with 1 × H100 at fp8"
    more = compared("more", t_drain, (h200,), (h100,), unit="%", digits=2)
    assert more.text == "23 %" and more.formula.endswith(", less one")
    given = compared("wide", t_drain, ({"M": 160e9, "W": 3.35e12},), (h100,))
    assert given.text == "2×" and "with M = 160 GB, W = 3.35 TB/s" in given.formula


def test_ratios_are_written_as_multiples_or_in_hundredths():
    assert written(0.058, "%", 2) == "5.8 %" and written(2.5, "×") == "2.5×"
    assert written(math.inf, "×") == "∞×" and written(-0.5, "×") == "−0.5×"


@pytest.mark.parametrize(("call", "error", "says"), [
    (lambda: number("Floor", latency_floor, RACK, MODEL), ValueError, "expected lower-case words joined by hyphens"),
    (lambda: number("x", 3.0), ValueError, "needs how="),
    (lambda: number("x", float("nan"), how="wrong"), ValueError, "the bare value nan needs how="),
    (lambda: number("x", np.float32(3)), ValueError, "needs how="),
    (lambda: number("x", 3.0, RACK, how="a ratio"), ValueError, "takes no inputs"),
    (lambda: number("x", "5 ms"), ValueError, "expected a formula or an expression"),
    (lambda: number("x", latency_floor, RACK, MODEL, how="computed"), ValueError, "without how="),
    (lambda: number("x", latency_floor, RACK, MODEL, unit="GB"), ValueError, "measured in s, not in GB"),
    (lambda: number("x", C / W, RACK, unit="s"), UnitError, "declared in s"),
    (lambda: said("x", load()["batch-size-19"]), ValueError, "states no quantity"),
])  # fmt: skip
def test_a_number_that_cannot_be_gets_one_sentence(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_what_was_said_is_quoted_from_the_ledger():
    assert said("said", load()["batch-size-27"]).text == "2,400"
    assert quoted("year", "2026", "price list").value is None


def test_no_glued_number_is_nan_or_infinite_in_its_metadata(glued):
    number("none", balance_batch_kv, RACK, MODEL, L=1e6)
    ((_, metadata),) = glued
    assert metadata["number"]["text"] == "∞" and metadata["number"]["value"] is None


def test_an_axis_of_time_has_the_ticks_of_a_clock():
    ax = figures.chart("", "time of keeping [s]", "")
    figures.curve(ax, [0.5, 1e5], [1, 2])
    figures.clock(ax)
    shown = dict(zip((text.get_text() for text in ax.get_xticklabels()), ax.get_xticks(), strict=True))
    assert shown == {"1 s": 1, "1 min": 60, "1 h": 60 * 60, "1 day": 24 * 60 * 60}
    figures.plt.close("all")


def test_equations_are_printed_from_the_formulas():
    shown = equation(t_step, balance_batch)._repr_latex_()
    assert shown.startswith(r"$$\begin{aligned} t_\text{step} &= \max") and shown.count("&=") == 2
    assert "t_step = Max(t_compute, t_memory)" in repr(equation(t_step))
    assert "`kappa`" in symbols("B", "kappa").text
    with pytest.raises(ValueError, match="not in the notation; did you mean"):
        symbols("kapa")


def test_ticks_are_written_in_the_unit_of_the_axis():
    ax = figures.chart("A finding", "batch [1]", "time [s]")
    assert ax.get_xlabel() == "batch" and ax.get_ylabel() == "time" and ax.get_title(loc="left") == "A finding"
    assert ax.yaxis.get_major_formatter()(0.01, 0) == "10 ms" and ax.xaxis.get_major_formatter()(1e5, 0) == "100,000"
    figures.curve(ax, np.array([1.0, 10.0]), 3.0, "level", "kv")
    assert ax.lines[0].get_color() == figures.ROLES["kv"] and list(ax.lines[0].get_ydata()) == [3.0, 3.0]
    figures.plt.close("all")


def test_an_axis_writes_its_numbers_in_one_way():
    long, short = (figures.chart("", "", "cost [USD/Mtoken]", ylim=(low / 1e6, 1e-4)) for low in (1e-7, 1e-3))
    written = [[ax.yaxis.get_major_formatter()(value / 1e6, 0) for value in (1e-3, 0.1, 10)] for ax in (long, short)]
    assert written == [["$10⁻³", "$10⁻¹", "$10¹"], ["$0.001", "$0.10", "$10.00"]]
    assert long.yaxis.get_major_formatter()(1e-13, 0) == "$10⁻⁷"
    figures.plt.close("all")


def test_no_published_run_beats_its_bound():
    runs = decode_runs()
    assert len(runs) >= 4 and all(0.05 < run.reached < 1 for run in runs), [str(r) for r in runs]
    assert all(run.source in disclosures for run in runs)


def test_batch_and_context_of_the_published_runs_are_figures_of_their_reports():
    h100, gb200 = (run for run in decode_runs() if run.who == "SGLang")
    assert (h100.batch, gb200.batch) == (72 * 256, 48 * 1408) and h100.context == gb200.context == 2000
    assert disclosures[h100.source].unit("decode_input") == disclosures[gb200.source].unit("decode_input") == "token"


def test_deepseeks_batch_follows_from_its_published_rates():
    # 18 nodes at 14.8 thousand tokens per second, 20 to 22 tokens per second for each user
    assert deepseek_batch() == pytest.approx(18 * 14_800 / 21) and not math.isnan(deepseek_batch())
