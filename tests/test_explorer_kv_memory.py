"""The explorer of the chapter on KV memory: its numbers are the chapter's formulas, in Python and in a real browser."""

import random

import pytest

from roofline import chips, models
from roofline import kv_memory as km
from roofline.pipelining import stage_weights
from roofline.teaching.explorer import page, words
from roofline.teaching.explorers.kv_memory import build, explorer, kv_heads
from tests.browser.explorers import move, settled
from tests.explorers import assert_gives, somewhere


def expected(values):
    """What the chapter's own formulas say of the controls."""
    chip = chips[values["chip"]].at(next(iter(chips[values["chip"]].rates)))
    model = models[values["model"]].at(values["weights"], values["kv"])
    stage = values["tp"] * values["dp"]
    at = {**chip, **model, "n_kv": kv_heads(values["model"]), "ep": min(values["ep"], stage), "n": stage,
          "m_b": values["P"] if values["flight"] == "full" else 1,
          **{name: values[name] for name in ("B", "L", "tp", "dp", "P", "f_other")}}  # fmt: skip
    return {"chip_weights": km.stage_weights_laid(at), "chip_caches": km.stage_caches_laid(at),
            "chip_total": km.stage_memory_laid(at), "copies": km.kv_replication(at),
            "even_weights": stage_weights(at), "even_caches": km.stage_caches(at),
            "most_sequences": km.largest_batch_laid(at), "most_context": km.longest_context_laid(at),
            "chip_left": km.usable_memory(at) - km.stage_memory_laid(at)}  # fmt: skip


def test_the_explorer_says_what_the_formulas_of_the_chapter_say():
    assert_gives(build(), expected, abs=1e-3)


def test_experts_and_other_weights_are_all_weights():
    rng = random.Random(6)
    for _ in range(20):
        found = build().results(somewhere(build(), rng))
        assert found["chip_experts"] + found["chip_rest"] == pytest.approx(found["chip_weights"])


def test_it_opens_on_a_layout_that_fits_and_a_group_of_eight_copies_the_cache():
    widget = explorer()
    assert widget["chip_needed"] < widget["chip_memory"] and "does not fit" not in widget.summary
    before = widget["chip_caches"]
    widget.set(tp=8.0, dp=8.0)
    assert widget["chip_caches"] == pytest.approx(8 * before, rel=0.03)  # groups of whole sequences
    assert "This does not fit" in widget.summary and "8 times an even share" in widget.summary


def test_stages_leave_the_caches_as_they_were_unless_all_but_one_idle():
    widget = explorer()
    caches, weights = widget["chip_caches"], widget["chip_weights"]
    widget.set(P=4.0)
    assert widget["chip_caches"] == pytest.approx(caches) and widget["chip_weights"] == pytest.approx(weights / 4)
    widget.set(flight="one")
    assert widget["chip_caches"] == pytest.approx(caches / 4) and "all stages but one stand idle" in widget.summary


def test_experts_spread_over_no_more_chips_than_a_stage_has():
    widget = explorer(ep=144.0)
    assert widget["experts_over"] == 64 and "its experts spread over no more" in widget.summary
    with_144 = widget["chip_experts"]
    widget.set(ep=64.0)
    assert widget["chip_experts"] == with_144


def test_models_left_out_are_those_that_keep_no_cache_by_heads():
    left = {name for name in models if models[name].shape} - set(build().choice("model").options)
    assert left == {"MiniMax-Text-01"}
    assert kv_heads("DeepSeek-V3") == 1 and kv_heads("Llama-3-70B") == 8 and kv_heads("Gemma-3-27B") == 16


def test_a_page_gets_two_stacks_beside_the_memory_of_a_chip():
    spec = page.spec(build())
    assert [len(row["segments"]) for row in spec["chart"]["rows"]] == [4, 3]
    assert spec["chart"]["limit"] == "chip_memory" and spec["chart"]["kind"] == "stacks"
    assert words.summary(build(), build().start()).startswith("DeepSeek-V3 with 2,000 sequences")


def bars(sheet):
    """Widths of the segments of both bars, and of what passes the limit, in pixels."""
    return sheet.evaluate("""() => {
        const svg = document.querySelector(".explorer svg.stacks");
        const width = (rect) => Number(rect.getAttribute("width"));
        return {parts: [...svg.querySelectorAll("rect[data-role]")].map(width),
                over: [...svg.querySelectorAll("rect:not([data-role])")].slice(2).map(width)}; }""")


@pytest.mark.browser
def test_bars_are_as_long_as_their_bytes_and_hatched_beyond_the_memory(show):
    sheet = show(explorer())
    for chosen in ({}, {"tp": 8, "dp": 8}, {"f_other": 0.1, "P": 2}):
        move(sheet, build(), **chosen)
        widget, drawn = explorer(**settled(sheet)), bars(sheet)
        names = ["chip_experts", "chip_rest", "chip_caches", "chip_other", "even_weights", "even_caches", "chip_other"]
        sizes = [widget[name] for name in names]
        scale = sum(drawn["parts"]) / sum(sizes)
        assert drawn["parts"] == pytest.approx([size * scale for size in sizes], abs=0.2)
        over = max(0.0, widget["chip_needed"] - widget["chip_memory"])
        assert drawn["over"][0] == pytest.approx(over * scale, abs=0.3)
