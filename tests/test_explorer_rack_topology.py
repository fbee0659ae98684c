"""The explorer of the rack-topology chapter: what it says is what the formulas say, in Python and in a browser."""

import pytest

from roofline.catalog import chips, models
from roofline.rack_topology import all_to_all_slowdown, all_to_all_slowdown_sum, cross_rack_share, t_weights_domain
from roofline.teaching.explorers.rack_topology import CHIPS, build, explorer
from tests.browser.explorers import move, settled


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
def test_every_chip_of_a_rack_is_drawn_and_every_rack_drawn_or_counted(show):
    sheet = show(explorer(), width=900)
    for chip, dots in (("H100", 8), ("GB200", 72)):
        move(sheet, build(), chip=chip, R=18)
        settled(sheet)
        squares = sheet.get_attribute(".explorer svg.fabric .dots", "d").count("M")
        words = sheet.locator(".explorer svg.fabric text").all_text_contents()
        assert squares % dots == 0 and f"and {18 - squares // dots}" in words
