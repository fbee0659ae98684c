"""The explorer of the chapter on prices: its numbers are the chapter's formulas, in Python and in a real browser."""

import itertools
import math

import pytest

from roofline import disclosures, models, prices
from roofline import pricing as pr
from roofline.teaching.explorer import page, words
from roofline.teaching.explorers import pricing
from roofline.teaching.explorers.pricing import ABOVE, KEEP, SHEETS, build, explorer, measured, read_at
from tests.browser.explorers import move, settled
from tests.explorers import assert_gives


def expected(at):
    """What the chapter's own formulas say of the inputs, and none where they see no bend."""
    ratio, part = at["p_out"] / at["p_in"] / at["markup"], at["eta_C"] / at["batches"]
    chip = {name: at[name] for name in ("C", "W", "N_act", "eta_C")}
    sold = {"p_in": at["p_in"], "m_write": at["m_write"], "t_keep": at["t_keep"]}
    margin = at["p_in"] / pr.cost_prefill(chip, price=at["price"])
    found = {
        "kink_bytes": pr.kink_kappa(chip, L_kink=at["L_kink"], u_w=part) if part < 1 else math.inf,
        "ratio_bytes": at["W"] * 2 * at["N_act"] / at["C"] / at["eta_C"] * (ratio - part) / at["L"]
        if part < ratio else math.inf,
        "mfu_share": 1 / ratio,
        "input_over_cost": margin,
        "hits_to_pay": pr.reuses_to_pay(m_write=at["m_write"], m_hit=at["p_hit"] / at["p_in"])
        if at["p_hit"] < at["p_in"] else math.inf,
        "premium_rate": pr.implied_hold_rate(sold, kappa_stored=at["kappa_stored"]),
        "bytes_in_hbm": pr.kappa_paid(sold, h_hold=at["price"] / at["M"]),
    }
    if part < 1 <= margin:
        found["covered_to"] = pr.profitable_context(L_kink=at["L_kink"], m_tier=at["m_tier"], m_margin=margin, u_w=part)
    found["bend_from_ratio"] = pr.kink_from_ratio(L=at["L"], m_out=ratio, u_w=part) if ratio > 1 else math.inf
    return found


def test_the_explorer_says_what_the_formulas_of_the_chapter_say():
    assert_gives(build(), lambda values: expected(build().operands(values)), places=80)


def test_it_opens_on_the_lectures_reading_and_says_that_its_two_deductions_exclude_each_other():
    widget = explorer()
    assert widget["kink_bytes"] == pytest.approx(1667, rel=0.06)  # a GB200 has 312 where the lecture has 300
    assert widget["mfu_share"] == pytest.approx(1 / 6)
    assert widget["bend_from_ratio"] < widget["step_at"] and "exclude each other" in widget.summary
    widget.set(markup=6.0)
    assert "exclude each other" not in widget.summary  # sold at six times the mark-up, output costs what input does


def test_decode_better_used_than_prefill_is_said_to_exclude_itself():
    widget = explorer()
    assert "more than prefill" not in widget.summary
    widget.set(markup=10.0)
    assert widget["mfu_share"] == pytest.approx(10 / 6) and "167 % of the utilisation of prefill" in widget.summary


def test_a_list_is_the_readers_own_once_a_price_of_it_has_moved():
    widget = explorer()
    assert widget.summary.startswith("Gemini")
    widget.set(N_act=3e11, price=0.001)
    assert widget.summary.startswith("Gemini")
    widget.set(p_in=1e-6)
    assert widget.summary.startswith("Your own list: ") and "Gemini" not in repr(widget)
    widget.set(sheet="opus47_48")
    assert "Your own list" not in repr(widget)


def test_a_sheet_fills_its_sliders_and_what_it_lacks_is_assumed():
    for name, keep in itertools.product(SHEETS, KEEP):
        widget, line = explorer(sheet=name, keep=keep), prices[name]
        assert (widget["p_in"], widget["p_out"], widget["p_hit"]) == (line.input, line.output, line.cached_input)
        if name in ABOVE:
            assert widget["L_kink"] == line.context_up_to and "Price steps at: From the list" in repr(widget)
        else:
            assert "Price steps at: Assumed: the list has no step" in repr(widget)
    hour = explorer(sheet="opus47_48", keep="1h")
    assert hour["m_write"] == pytest.approx(2) and hour["t_keep"] == 3600
    hour.set(p_in=1e-5)
    assert "List price: input: Typed by you" in repr(hour) and hour["m_write"] == pytest.approx(2)
    hour.set(sheet="gpt54_lo")
    assert hour["p_in"] == prices["gpt54_lo"].input  # another sheet fills them again


def test_the_badge_names_the_dearest_tier_that_the_premium_pays_for():
    widget = explorer(sheet="opus47_48")
    seen = []
    for size in (1e2, 1e5, 3e6, 1e7):
        widget.set(kappa_stored=size)
        seen.append(widget.regime)
    assert seen[0] == "premium pays even for HBM" and "DDR5, not HBM" in seen[2]
    widget.set(m_write=1.0)
    assert widget.regime == "premium pays for no tier"


def test_in_too_small_a_batch_there_is_no_bend_and_no_bytes():
    widget = explorer(batches=0.5)
    assert widget["kink_bytes"] == math.inf and "no bend" in widget.summary
    assert words.say(build(), "kink_bytes", math.inf) == "none"


def test_below_cost_is_said():
    widget = explorer(p_in=1e-9)
    assert "below its cost" in widget.summary and widget["input_gross_margin"] < 0 == widget["covered_to"]


def test_known_places_are_those_of_the_catalog():
    own = disclosures["deepseek_inference_overview"]
    assert measured()["DeepSeek"] == pytest.approx(own["decode_output_per_node"] / 32244, rel=1e-3)
    assert all(0.3 < share < 0.5 for share in measured().values())
    assert read_at("Llama-3-70B", 200e3) == models["Llama-3-70B"].at("fp8", "bf16")["kappa"]
    assert 1667 < read_at("DeepSeek-V4-Pro", 200e3) < 2 * 1667 < read_at("DeepSeek-V3.2", 200e3)
    assert pytest.approx(1) == pricing.TB_HOUR * 1e12 * 3600


def test_a_page_gets_four_rulers():
    spec = page.spec(build())
    assert [len(ruler["found"]) for ruler in spec["chart"]["rulers"]] == [3, 1, 1, 1]
    assert all(ruler["from"] < ruler["to"] for ruler in spec["chart"]["rulers"])


def pointers(sheet):
    """For each ruler its ends and the places of its pointers and of known things, in pixels, and its words."""
    return sheet.evaluate("""() => [...document.querySelectorAll(".explorer svg.rulers > g")].map((group) => {
        const number = (text) => Number(text.match(/M([-\\d.]+)/)[1]);
        const shown = (part) => part.style.display !== "none";
        const paths = [...group.querySelectorAll("path[data-role]")];
        const heads = paths.filter((path) => path.getAttribute("d")?.includes("l-6"));
        const band = group.querySelector(":scope > path").getAttribute("d");
        return {ends: [number(band), Number(band.split("H")[1])],
                found: heads.filter(shown).map((path) => number(path.getAttribute("d"))),
                known: [...group.querySelectorAll("circle")].map((dot) => Number(dot.getAttribute("cx"))),
                words: [...group.querySelectorAll("text")].filter(shown).map((text) => text.textContent)}; })""")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
def test_no_stem_of_a_known_thing_strikes_through_a_figure_of_the_scale(show, width):
    sheet = show(explorer(), width=width)
    struck, stems = sheet.evaluate("""() => {
        const box = (part) => part.getBoundingClientRect(), all = (query) => [...document.querySelectorAll(query)];
        const stems = all(".rulers .rule"), figures = all(".rulers .grid text");
        const crosses = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom - 3 && b.top + 3 < a.bottom;
        return [figures.filter((figure) => stems.some((stem) => crosses(box(stem), box(figure))))
            .map((figure) => figure.textContent), stems.length]; }""")
    assert stems > 5 and struck == []


@pytest.mark.browser
def test_pointers_stand_where_the_logarithm_says(show):
    sheet = show(explorer())
    for chosen in ({}, {"sheet": "ds_r1_std", "eta_C": 0.15}, {"batches": 0.5}):
        move(sheet, build(), **chosen)
        widget = explorer(**settled(sheet))
        for ruler, drawn in zip(page.spec(build())["chart"]["rulers"], pointers(sheet), strict=True):
            left, right = drawn["ends"]

            def place(value, ruler=ruler, left=left, right=right):
                inside = min(max(value, ruler["from"]), ruler["to"])
                return left + (right - left) * math.log(inside / ruler["from"]) / math.log(ruler["to"] / ruler["from"])

            found = [widget[one["name"]] for one in ruler["found"]]
            assert drawn["found"] == pytest.approx([place(v) for v in found if 0 < v < math.inf], abs=0.2)
            known = [widget[one["name"]] if "name" in one else one["value"] for one in ruler["known"]]
            assert drawn["known"] == pytest.approx([place(v) for v in known], abs=0.2)
            assert all(one["label"] in drawn["words"] for one in ruler["known"])
