"""The explorer of the chapter on the context wall: the chapter's formulas, and other kinds of attention by hand."""

import itertools

import pytest

from roofline import batch_size as bs
from roofline import chips, models
from roofline import context_wall as cw
from roofline import kv_memory as km
from roofline.shape_operands import attention_operands
from roofline.teaching.explorer import page, words
from roofline.teaching.explorers.context_wall import KINDS, LIMITS, build, explorer
from tests.browser.explorers import widen
from tests.explorers import assert_gives


def expected(values):
    """What the chapter's own formulas say of the controls, with the model's own attention."""
    chip = chips[values["chip"]].at(values["compute"], n=int(values["n"]))
    model = models[values["model"]].at("fp8", values["kv"])
    here = {**chip, **model, **attention_operands(models[values["model"]].shape), "B": 1, "L": values["L"],
            "price": build().operands(values)["price"]}  # fmt: skip
    longest = max(bs.t_compute(here) + km.t_attention(here), bs.t_kv(here))
    return {"t_read": bs.t_kv(here), "t_attends": km.t_attention(here), "t_arithmetic": bs.t_compute(here),
            "t_token": longest, "token_cost": here["price"] * values["n"] * longest,
            "context_kept": km.kv_stored(here), "chips_kept": cw.chips_to_keep(here),
            "memory_rent": cw.cache_rent(here)}  # fmt: skip


def test_with_its_own_attention_a_model_gives_what_the_chapters_formulas_give():
    assert_gives(build(), expected, kind="own")


def test_other_kinds_of_attention_come_to_what_a_small_sum_comes_to():
    """DeepSeek-V3: 61 layers of 576 numbers; an index key has 128, and 2,048 tokens are chosen (V3.2's own)."""
    token, root = 61 * 576 * 2, 2 * 10**3
    expected = {
        "full": (token * 10**6, token * 10**6),
        "hybrid": (token / 8 * 10**6 + 7 / 8 * token * 1024,) * 2,
        "topk": (61 * 256 * 10**6 + token * 2048, (token + 61 * 256) * 10**6),
        "root": (token * root, token * 10**6),
    }
    for kind, (read, kept) in expected.items():
        widget = explorer(model="DeepSeek-V3", kind=kind, L=1e6)
        assert widget["context_read"] == pytest.approx(read), kind
        assert widget["context_kept"] == pytest.approx(kept), kind


def test_arithmetic_of_other_kinds_by_hand():
    """A head of DeepSeek-V3 meets 1,088 numbers of each token, 128 heads a layer; an indexer has 64 heads of 128."""
    rate, pair = 72 * 5e15, 2 * 61 * 128 * 1088
    scoring = 2 * 61 * 64 * 128 * 1e6
    expected = {"full": pair * 1e6, "hybrid": pair / 8 * 1e6 + 7 / 8 * pair * 1024, "topk": scoring + pair * 2048,
                "root": pair * 2e3}  # fmt: skip
    for kind, flop in expected.items():
        assert explorer(kind=kind, L=1e6)["t_attends"] == pytest.approx(flop / rate, rel=1e-5), kind


def test_the_indexer_of_a_dense_model_is_that_of_its_successor():
    mine, theirs = explorer(model="DeepSeek-V3", kind="topk"), explorer(model="DeepSeek-V3.2", kind="own")
    for name in ("context_read", "context_kept"):
        assert mine[name] == pytest.approx(theirs[name])
    for name in KINDS[1:]:
        one, other = explorer(model="DeepSeek-V3", kind=name), explorer(model="DeepSeek-V3.2", kind=name)
        assert one["context_read"] == pytest.approx(other["context_read"])


def test_without_an_indexer_every_model_reads_everything_or_less():
    for name in {*build().choice("model").options} - {"DeepSeek-V3.2", "DeepSeek-V4-Pro"}:
        for tokens in (1e3, 2e5, 1e8):
            whole = explorer(model=name, kind="full", L=tokens)
            for kind in ("own", "hybrid", "root"):
                assert explorer(model=name, kind=kind, L=tokens)["context_read"] <= whole["context_read"] * (1 + 1e-9)


def test_models_left_out_are_those_with_layers_that_keep_no_tokens():
    left = {name for name in models if models[name].shape} - set(build().choice("model").options)
    assert left == {"MiniMax-Text-01"}


def test_limits_of_today_are_those_of_price_lists_and_of_a_model_card():
    assert {name: tokens for name, (tokens, _) in LIMITS.items()} == {"step": 2e5, "offer": 1e6, "claim": 1e7}
    told = explorer().summary
    for words_of_limit in ("0.2M: where a price list of 2026-02", "1M: what others offer", "10M: the longest context"):
        assert words_of_limit in told


def test_it_opens_on_a_token_that_waits_for_memory_and_says_when_nothing_fits():
    widget = explorer()
    assert build().regime(widget.values) == "waiting for memory"
    assert "does not fit" not in widget.summary
    assert "This does not fit" in explorer(n=1.0).summary
    assert build().regime(explorer(L=1e3, kind="hybrid").values) == "busy with weights"


def test_a_page_has_three_marks_and_four_curves():
    spec = page.spec(build())
    assert len(spec["chart"]["marks"]) == 3 and len(spec["chart"]["curves"]) == 4
    assert words.summary(build(), build().start()).startswith("With 200,000 tokens of context")


@pytest.mark.browser
def test_labels_of_the_limits_do_not_touch(show):
    sheet = show(explorer())
    for width in (360, 1100):
        widen(sheet, width)
        ends = sheet.evaluate("""() => [...document.querySelectorAll(".explorer svg.chart text.label")]
            .filter(e => /^[0-9.]+M/.test(e.textContent))
            .map(e => [e.getStartPositionOfChar(0).x, e.getEndPositionOfChar(e.textContent.indexOf("M")).x])""")
        assert len(ends) == 3
        for (_, left), (right, _) in itertools.pairwise(sorted(ends)):
            assert left + 3 < right
