"""The lab revnets: its figures reach what they promise, and its functions are the book's networks."""

import json
import re

import jupytext
import matplotlib
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from roofline import revnets
from roofline.coupling import random_network, random_state
from roofline.strategies import gradients, half_square, metered
from tests.labs import Lab

LAB = Lab("revnets")
ASK = """
import json
print(json.dumps({
    "stored": [held["reversible"]["stored"].tolist(), held["store_all"]["stored"].tolist()],
    "peak": [held["reversible"]["peak"].tolist(), held["store_all"]["peak"].tolist()],
    "traced": [held["reversible"]["traced"].tolist(), held["store_all"]["traced"].tolist()],
    "flops": flop_ratio.tolist(), "time": time_ratio.tolist(), "depths": DEPTHS,
    "stored_theory": np.broadcast_to(revnets.stored_all(at) / revnets.stored_reversible(at), len(DEPTHS)).tolist(),
    "peak_theory": np.broadcast_to(revnets.peak_all(at) / revnets.peak_reversible(at), len(DEPTHS)).tolist(),
    "losses": [plain.tolist(), back.tolist()], "gradients": gradient_error(deep, state)}))
"""


@pytest.fixture(scope="module")
def ran():
    """A blank copy, executed from end to end, with one more cell that tells its figures."""
    notebook = jupytext.read(LAB.page)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK))
    here = {"metadata": {"path": str(LAB.page.parent)}}
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources=here).execute()
    return notebook, json.loads("".join(output.text for output in notebook.cells[-1].outputs))


# The figures that the lab promises


def test_the_reversible_run_stores_and_holds_the_same_at_every_depth(ran):
    _, told = ran
    assert told["depths"] == [4, 8, 16, 32, 64, 128]
    for kind in ("stored", "peak", "traced"):
        reversible, _ = told[kind]
        assert max(reversible) <= 1.01 * min(reversible), kind


def test_plain_over_reversible_is_the_closed_form_at_every_depth(ran):
    _, told = ran
    for kind in ("stored", "peak"):
        reversible, plain = told[kind]
        ratios = [p / r for p, r in zip(plain, reversible, strict=True)]
        assert ratios == pytest.approx(told[f"{kind}_theory"], rel=1e-12)


def test_python_saw_what_the_meter_saw_but_for_the_temporaries_of_one_layer(ran):
    """They are the same at every depth, so what is traced above what is metered is the same too."""
    _, told = ran
    for traced, metered_peak in zip(told["traced"], told["peak"], strict=True):
        above = [t - m for t, m in zip(traced, metered_peak, strict=True)]
        assert min(above) > 0 and max(above) < 1_000_000 and max(above) - min(above) < 300_000


def test_four_thirds_of_the_flop(ran):
    _, told = ran
    assert told["flops"] == pytest.approx([4 / 3] * 6, rel=1e-12)


def test_the_gradients_are_those_of_the_plain_run_at_sixty_four_blocks(ran):
    assert ran[1]["gradients"] <= 1e-9


def test_step_for_step_the_same_losses(ran):
    plain, back = map(np.array, ran[1]["losses"])
    assert len(plain) == 30 and np.max(abs(back / plain - 1)) < 1e-11 and plain[-1] < plain[0] / 3


def test_unscaled_weights_lose_the_gradients_and_scaled_ones_keep_them(ran):
    printed = "".join(output.text for cell in ran[0].cells if cell.cell_type == "code" for output in cell.outputs
                      if output.get("name") == "stdout")
    scaled, unscaled = re.search(r"gradients off by: scaled (\S+), unscaled (\S+)", printed).groups()
    assert float(scaled) < 1e-12 and float(unscaled) > 1e6
    assert printed.count("DOES NOT FIT") == 1 and "64 blocks, store_all : DOES NOT FIT" in printed
    assert printed.splitlines()[-len(LAB.names) - 1 : -1] == [f"{name}: not written yet" for name in LAB.names]


@pytest.mark.parametrize("blocks", [1, 3])
def test_the_solutions_are_the_books_networks(blocks):
    network, (x, y) = random_network(blocks, 5, 7, last_scale=0.5), random_state(4, 5)
    layers = [(layer.function.first, layer.function.last) for layer in network]
    run = gradients(network, (x, y), half_square)
    u, v = LAB.solved["forward"](x, y, layers)
    np.testing.assert_allclose(LAB.solved["inverse"](u, v, layers), (x, y), atol=1e-12)
    grad_x, grad_y, grads = LAB.solved["backward"](u, v, u, v, layers)  # of half the sum of squares
    np.testing.assert_allclose((grad_x, grad_y), run.inputs, rtol=1e-9)
    for found, true in zip(grads, run.weights, strict=True):
        for one, other in zip(found, true, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_the_bytes_are_those_of_a_meter():
    shape = {"blocks": 6, "rows": 7, "width": 12, "inner": 20}
    for words, name, options in (("store all", "store_all", {}), ("checkpoint", "checkpoint", {"segment": 3}),
                                 ("reversible", "reversible", {})):
        found = LAB.solved["activation_bytes"](words, 6, options.get("segment", 1), 7, 12, 20, 8)
        assert found == tuple(metered(figure, name, **shape, **options) for figure in ("stored", "peak"))


def test_the_ratios_and_the_break_even_are_the_formulas():
    ratio = LAB.solved["overhead_ratio"]
    assert ratio("checkpoint", 12, 3, 1, 2) == pytest.approx(revnets.again_checkpoints(n_blocks=12, segment_blocks=3))
    assert ratio("reversible", 12, 3, 1, 2) == pytest.approx(revnets.again_reversible())
    assert ratio("forgetful", 12, 3, 1, 2) == pytest.approx(revnets.again_reversible(forgetful=1))
    chip = {"C": 1e15, "M": 8e10, "eta_C": 0.4}
    assert LAB.solved["break_even_seconds"](3e9, 2e3, 1e15, 8e10, 0.4) == pytest.approx(
        revnets.break_even_hold(chip, flops_per_byte=1.5e6))


# The notebook


def test_the_panel_draws_the_chapters_peaks(monkeypatch):
    matplotlib.use("agg")
    from roofline.algebra.units import text
    from roofline.teaching import figures, palette

    drawn = {}
    monkeypatch.setattr(figures, "label", lambda ax, x, y, words, **how: drawn.setdefault(words, x))
    cell = next(cell.source for cell in LAB.code if "def strategies" in cell.source)
    names = {"revnets": revnets, "figures": figures, "palette": palette, "text": text, "plt": figures.plt}
    exec(cell[: cell.index("\n\nstrategies(")].replace("plt.show()", "plt.close()"), names)
    names["strategies"](100, 256, 64, 256, 1e9)
    at = {"n_blocks": 100, "n_rows": 256, "d_half": 64, "d_inner": 256, "b_act": 4}
    expected = {revnets.peak_all(at), revnets.peak_checkpoints(at), revnets.peak_checkpoints(at, segment_blocks=3),
                revnets.peak_reversible(at)}
    assert set(drawn.values()) == expected
