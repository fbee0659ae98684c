"""The lab rack_topology: its simulators agree with the closed forms, and its panel with the formulas."""

import contextlib
import io
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import rack_topology as physics
from roofline.catalog import chips, models
from roofline.dispatch import racks_touched_exact
from roofline.teaching import figures
from tests.labs import Lab

LAB = Lab("rack_topology")


@pytest.fixture
def lab(monkeypatch):
    """The names of the exploring cells, with nothing drawn."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__"}
    monkeypatch.setattr(figures, "chart", MagicMock())
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    cells = [cell.source for cell in LAB.tagged("explore")[:-1] if "display(" not in cell.source]
    with contextlib.redirect_stdout(io.StringIO()):
        for source in cells:
            exec(source.replace("%matplotlib inline", ""), names)
    return names


def test_every_copy_is_sent_once_and_received_once(lab):
    counts = lab["send"](racks=3, per_rack=4, experts=48, k=5, tokens_each=20)
    assert counts.shape == (2, 2, 12)
    assert (counts[0].sum(axis=0) == 100).all() and (counts[0].sum(axis=1) == counts[1].sum(axis=1)).all()
    assert lab["send"](1, 4, 48, 5, 20)[:, 1].sum() == 0


def test_simulated_copies_leave_as_the_formula_says_and_the_busiest_chip_takes_no_less(lab):
    for racks in (2, 4, 8):
        counts = lab["send"](racks, 4, 256, 8, tokens_each=200)
        even = 200 * 8
        share = counts[0, 1].sum() / counts[0].sum()
        assert share == pytest.approx(physics.cross_rack_share(R=racks), rel=0.02)
        slow = lab["exchange_time"](counts, 8) / even
        bound = physics.all_to_all_slowdown(W_up=8, W_out=1, R=racks)
        assert 0.99 * bound < slow < 1.15 * bound


def test_small_batches_wait_longer_than_large_ones(lab):
    over = np.array(lab["over"])
    assert over[0] > 1.3 and over[-1] < 1.1 and over.min() >= 1


def test_copies_for_racks_are_those_of_the_exact_count(lab):
    for racks, most in ((4, None), (8, None), (8, 4)):
        each, once = lab["copies_out"](racks, 256, 8, 6000, most)
        away = physics.cross_rack_share(R=racks)
        assert each == pytest.approx(8 * away, rel=0.02)
        assert once == pytest.approx(racks_touched_exact(racks, 256, 8, most) * away, rel=0.02)


def test_at_a_fixed_number_of_cables_the_exchange_is_level_and_the_weight_read_falls(lab):
    (_, reads), (_, swaps), (_, gathers) = lab["rows"].values()
    assert swaps == pytest.approx([swaps[0]] * len(swaps))
    assert np.all(np.diff(reads) < 0) and np.all(np.diff(gathers) > 0)
    built = lab["design"](72)
    assert built["n_ports"] == 18 and built["W_up"] == chips["GB200"].scale_up.bandwidth


def test_the_panel_says_what_the_formulas_say(lab, capsys):
    lab["rack"](72, 18, 72, 4096)
    told = capsys.readouterr().out
    assert "5,184 cables, 130 TB/s" in told and "18 switch chips" in told and "9.0 times as long" in told
    read = physics.t_weights_domain(chips["GB200"].at("fp8"), models["DeepSeek-V3"].at("fp8"))
    assert f"{1e3 * read:.2f} ms to read the weights" in told
    lab["rack"](144, 9, 72, 4096)
    assert "does not join so many" in capsys.readouterr().out
