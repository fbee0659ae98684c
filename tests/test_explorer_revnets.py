"""The explorer of the chapter on reversible networks: its numbers are the formulas, in Python and in a browser."""

import math
import random

import pytest

from roofline import chips
from roofline import revnets as rv
from roofline.teaching.explorer import page, words
from roofline.teaching.explorers.revnets import CHIPS, WAYS, build, explorer
from tests.explorers import assert_gives, somewhere

BYTES = {"fp32": 4, "bf16": 2, "fp8": 1}


def inputs(values):
    """The controls as the chapter's formulas take them."""
    at = {name: values[name] for name in ("n_blocks", "n_rows", "d_half", "d_inner", "b_train", "eta_C")}
    return {**at, "kept_inner": 1 + (values["kept"] == "two"), "b_act": BYTES[values["element"]],
            **{key: chips[values["chip"]].at("bf16")[key] for key in "MC"}}  # fmt: skip


def state_of_training(at):
    return at["n_blocks"] * at["b_train"] * 4 * at["d_half"] * at["d_inner"]


def root_peak(at):
    """Checkpoints at the best segment, which is a block at least."""
    if rv.best_segment(at) < 1:
        return rv.peak_checkpoints(at, segment_blocks=1)
    return rv.least_checkpointed(at) + rv.state_bytes(at) / 2


def expected(values):
    at, way = inputs(values), values["way"]
    peak = {"all": rv.peak_all, "each": rv.peak_checkpoints, "root": root_peak, "back": rv.peak_reversible,
            "naive": rv.peak_naive}[way](at)  # fmt: skip
    ratio = {"all": lambda: 1.0, "each": lambda: rv.again_checkpoints(at), "back": rv.again_reversible,
             "root": lambda: 4 / 3 - 1 / (12 * max(1.0, rv.best_segment(at))),
             "naive": lambda: rv.again_reversible(forgetful=1)}[way]()  # fmt: skip
    return {"needed": state_of_training(at) + peak, "held": peak, "train_weights": state_of_training(at),
            "work_ratio": ratio, "step_time": ratio * rv.flops_all(at) / (at["C"] * at["eta_C"]),
            "all_kept": rv.stored_all(at), "keep_price": 1.5 * rv.stored_all(at) / at["M"]}  # fmt: skip


def test_the_explorer_says_what_the_formulas_of_the_chapter_say():
    assert_gives(build(), expected, places=80)


@pytest.mark.parametrize("way", WAYS)
def test_the_deepest_network_fits_and_one_block_more_does_not(way):
    rng = random.Random(7)
    tried = 0
    while tried < 25:
        values = {**somewhere(build(), rng), "way": way}
        most = build().results(values)["deepest"]
        if not 1 <= most < 2000:
            continue
        tried += 1
        for blocks, fits in ((most, True), (most + 1, False)):
            found = build().results({**values, "n_blocks": float(min(blocks, 2000))})
            assert (found["needed"] <= found["chip_memory"] * (1 + 1e-12)) == fits, (blocks, values)


def test_it_opens_on_a_network_that_fits_only_where_something_is_forgotten():
    widget = explorer()
    assert "This does not fit" in widget.summary and widget["work_ratio"] == 1
    widget.set(way="back")
    assert "does not fit" not in widget.summary and widget["work_ratio"] == pytest.approx(4 / 3)
    held = widget["held"]
    widget.set(n_blocks=64.0)
    assert widget["held"] == pytest.approx(held)


def test_where_nothing_fits_no_depth_does():
    widget = explorer(n_rows=1e6, d_half=16_000.0, d_inner=64_000.0, element="fp32")
    for way in WAYS:
        widget.set(way=way)
        assert widget["deepest"] == 0 and math.isfinite(widget["needed"]) and "does not fit" in widget.summary


def test_by_rent_running_back_pays_beyond_two_thirds_of_the_memory():
    for blocks in build().sliders[0].stops[::7]:
        widget = explorer(n_blocks=blocks)
        says = "running backwards is the cheaper way" in widget.summary
        assert says == (widget["all_kept"] > 2 / 3 * widget["chip_memory"])


def test_a_page_gets_every_strategy():
    spec = page.spec(build())
    assert [curve["label"] for curve in spec["chart"]["curves"]] == [
        "needed", "store all", "each block", "√ depth", "reversible", "weights", "memory"]  # fmt: skip
    assert words.summary(build(), build().start()).startswith("32 blocks with 32,000 rows in a step, store all")


def test_every_chip_of_the_list_is_in_the_catalog_and_multiplies_in_bf16():
    assert all("bf16" in chips[name].rates for name in CHIPS)
