"""The explorer of the rack-topology chapter: what it says is what the formulas say, in Python and in a browser."""

import pytest

from roofline.catalog import chips, models
from roofline.rack_topology import all_to_all_slowdown, all_to_all_slowdown_sum, cross_rack_share, t_weights_domain
from roofline.teaching.explorer import page
from roofline.teaching.explorers.rack_topology import CHIPS, build, explorer
from tests.browser.axe import faults
from tests.browser.test_explorer import assert_as_python, drag, numbers, settled
from tests.browser.test_explorer import show as show  # a fixture


def test_full_overlap_and_none_are_the_formulas_of_the_chapter():
    chip = chips["GB300"].at("fp8")
    for racks in (1, 2, 8, 64):
        assert explorer(chip="GB300", R=racks)["all_to_all_slowdown_partly"] == all_to_all_slowdown(chip, R=racks)
        turns = explorer(chip="GB300", R=racks, o_net=0)["all_to_all_slowdown_partly"]
        assert turns == pytest.approx(all_to_all_slowdown_sum(chip, R=racks))


def test_numbers_are_those_of_the_catalog():
    widget = explorer(chip="H800", model="DeepSeek-V3", R=18)
    assert widget["cross_rack_share"] == cross_rack_share(R=18) and widget["bandwidth_gap"] == 4
    read = t_weights_domain(chips["H800"].at("fp8"), models["DeepSeek-V3"].at("fp8"))
    assert widget["t_weights_domain"] == read
    for name in CHIPS:
        assert explorer(chip=name)["W_out"] == chips[name].at(next(iter(chips[name].rates)))["W_out"]
        assert 1 < explorer(chip=name)["bandwidth_gap"] < 20 and chips[name].scale_up.chips <= 72


def test_one_rack_has_no_crossing_and_two_have():
    alone, two = explorer(R=1), explorer(R=2)
    assert alone.regime == "the fast network decides" and "nothing crosses" in alone.summary
    assert two.regime == "the slow network decides" and f"batch of {two['exchange_batch']:.0f}" in two.summary
    assert explorer(R=2, W_out=2e12).regime == "the fast network decides"


def test_a_limit_on_racks_makes_it_cheaper():
    free, held = explorer(chip="H800", R=18), explorer(chip="H800", R=18, m_racks=4)
    assert held["all_to_all_slowdown_dedup"] < free["all_to_all_slowdown_dedup"]
    assert held["all_to_all_slowdown_partly"] == free["all_to_all_slowdown_partly"]


def test_script_is_small():
    assert len(page.module(build()).encode()) <= 32_000


def test_printed_without_scripts_it_says_the_same():
    told = repr(explorer(R=4, o_net=0.5))
    assert "4 racks" in told and "50 %" in told and "75 % of the bytes leave" in told


@pytest.mark.browser
def test_sliders_and_choices_move_the_numbers_to_what_python_computes(show):
    sheet = show(explorer())
    for chip in build().choice("chip").options:
        sheet.select_option(".explorer select[name=chip]", chip)
        assert_as_python(sheet, build())
    for model in ("gpt-oss-120b", "Mixtral-8x7B"):
        sheet.select_option(".explorer select[name=model]", model)
        assert_as_python(sheet, build())
    for name in ("R", "W_out", "o_net", "m_racks"):
        for part in (0.0, 0.4, 1.0):
            drag(sheet, name, part)
            assert_as_python(sheet, build())


@pytest.mark.browser
def test_the_drawing_is_to_scale(show):
    """Pipes inside and out are as wide as their bandwidths, bars as long as their times."""
    sheet = show(explorer(chip="H800", R=4, o_net=0))
    found = sheet.evaluate("""() => [...document.querySelectorAll('.explorer svg.fabric rect')].map(r => ({
        width: +r.getAttribute('width'), height: +r.getAttribute('height'), x: +r.getAttribute('x'),
        style: r.getAttribute('style') }))""")
    pipes_in = [r["width"] for r in found if r["height"] == 18]
    pipes_out = [r["width"] for r in found if r["height"] == 30]
    assert len(pipes_in) == len(pipes_out) == 4 and pipes_in[0] / pipes_out[0] == pytest.approx(4)
    one, inside, across, once = (r for r in found if r["height"] == 12)
    widget = explorer(chip="H800", R=4, o_net=0)
    assert inside["width"] / one["width"] == pytest.approx(0.25, abs=0.01)
    assert across["width"] / one["width"] == pytest.approx(3, abs=0.02)
    assert across["x"] == pytest.approx(inside["width"], abs=0.2)  # in turns: one starts where the other ends
    ratio = widget["all_to_all_slowdown_dedup"]
    assert once["width"] / one["width"] == pytest.approx(ratio, abs=0.02)


@pytest.mark.browser
@pytest.mark.parametrize(("chip", "dots"), [("H100", 8), ("GB200", 72)])
def test_every_chip_of_a_rack_is_drawn_and_every_rack_drawn_or_counted(show, chip, dots):
    sheet = show(explorer(chip=chip, R=18), width=900)
    squares = sheet.locator(".explorer svg.fabric rect[rx='1']").count()
    words = sheet.locator(".explorer svg.fabric text").all_text_contents()
    shown = squares // dots
    assert squares % dots == 0 and f"and {18 - shown}" in words


@pytest.mark.browser
def test_keys_move_the_racks(show):
    sheet = show(explorer())
    sheet.focus(".explorer input[name=R]")
    sheet.keyboard.press("ArrowRight")
    assert settled(sheet)["R"] == 3
    assert numbers(sheet)["all_to_all_slowdown_partly"] == "12"
    sheet.keyboard.press("Home")
    assert settled(sheet)["R"] == 1


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault(show, theme):
    sheet = show(explorer(R=18), theme=theme, width=900)
    assert faults(sheet) == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("chosen", [{}, {"R": 64, "o_net": 0}, {"R": 1}])
def test_a_phone_shows_all_of_it(show, width, chosen):
    sheet = show(explorer(**chosen), width=width)
    settled(sheet)
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    boxes = sheet.locator(".explorer svg text").evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())")
    assert all(box["left"] >= 0 and box["right"] <= width for box in boxes), boxes
