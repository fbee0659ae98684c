"""The fact check in a real browser: filters, counts, address, keyboard, and all rows without a script."""

import re

import pytest

from roofline.teaching.claims import VERDICTS
from roofline.teaching.ledger import load

pytestmark = [pytest.mark.browser, pytest.mark.site]
PAGE = "/book/fact_check.html"
SHOWN = ".ledger tbody tr:not([hidden])"


def ids(page):
    return page.locator(SHOWN).evaluate_all("rows => rows.map(row => row.id.replace('claim-', ''))")


def wanted(**choice):
    return [row.id for row in load().values() if all(getattr(row, name) == value for name, value in choice.items())]


def test_all_rows_stand_in_the_page_without_a_script(browser, site_url):
    with browser.new_context(base_url=site_url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(PAGE)
        assert page.locator(SHOWN).count() == len(load()) and not page.locator(".ledger-form").is_visible()
        page.locator(".workings summary").first.click()
        assert page.locator(".workings code").first.is_visible()


def test_chapter_and_verdict_filter_and_the_count_is_announced(page):
    page.goto(PAGE)
    assert len(ids(page)) == len(load())
    page.get_by_label("Chapter").select_option("moe")
    assert ids(page) == wanted(chapter="moe")
    page.locator(".pick", has_text="inconsistent").click()
    expected = wanted(chapter="moe", verdict="inconsistent")
    assert ids(page) == expected
    status = page.get_by_role("status").inner_text()
    assert status == f"{len(expected)} of {len(load())} claims: inconsistent {len(expected)}."
    assert page.locator(".ledger-form [role=status]").get_attribute("role") == "status"  # spoken when it changes


def test_counts_beside_the_choices_follow_the_filter(page):
    page.goto(PAGE)
    page.get_by_label("Chapter").select_option("pricing")
    for verdict in VERDICTS:
        pick = page.locator(".pick", has=page.locator(f"input[value='{verdict}']"))
        assert pick.locator(".count").inner_text() == str(load().counts("pricing")[verdict])
    page.locator(".pick", has_text="off").click()
    chosen = page.locator("select[name=chapter] option[value=moe]").inner_text()
    assert chosen == f"Mixture of experts ({load().counts('moe')['off']})"


def test_search_finds_every_word_in_any_part_of_a_row(page):
    page.goto(PAGE)
    page.locator(".ledger-form [type=search]").fill("Gemini thousandth")
    page.wait_for_function("location.hash.includes('q=')")
    found = ids(page)
    assert "batch-size-46" in found and len(found) < 6
    page.locator(".ledger-form [type=search]").fill("no such words anywhere")
    page.wait_for_function("document.querySelector('.ledger [role=status]').textContent.startsWith('0 of')")
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("location.hash === ''")
    assert len(ids(page)) == len(load())


def test_a_speaker_is_found_in_claims_of_two(page):
    page.goto(PAGE)
    page.get_by_label("Said by").select_option("dwarkesh")
    found = set(ids(page))
    assert {row.id for row in load().values() if "Dwarkesh" in row.speaker} <= found and len(found) < len(load()) / 2


def test_the_address_keeps_the_state_and_brings_it_back(page):
    page.goto(PAGE)
    page.get_by_label("Chapter").select_option("pricing")
    page.locator(".pick", has_text="off").click()
    address, found = page.url, ids(page)
    assert "chapter=pricing" in address and re.search("verdict=off", address)
    page.goto("about:blank")
    page.goto(address)
    assert ids(page) == found == wanted(chapter="pricing", verdict="off")
    assert page.get_by_label("Chapter").input_value() == "pricing"


def test_a_link_to_a_row_shows_it_whatever_was_chosen(page):
    page.goto(f"{PAGE}#chapter=pricing")
    assert len(ids(page)) == len(wanted(chapter="pricing"))
    page.evaluate("location.hash = 'claim-moe-04'")
    page.wait_for_function("document.querySelector('#claim-moe-04').checkVisibility()")
    box = page.locator("#claim-moe-04").bounding_box()
    assert 0 <= box["y"] < page.viewport_size["height"]


def test_the_keyboard_alone_filters(page):
    page.goto(PAGE)
    page.locator(".pick input[value=off]").focus()
    page.keyboard.press("Space")
    assert ids(page) == wanted(verdict="off")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "reset"
    page.keyboard.press("Enter")
    page.wait_for_function(f"document.querySelectorAll({SHOWN!r}).length === {len(load())}")


def test_a_row_leads_to_its_place_in_the_chapter_though_it_is_folded_there(page):
    page.goto(PAGE)
    name = next(row.id for row in load().select("batch_size", inline=False))
    page.locator(f"#claim-{name} small a").click()
    page.wait_for_url(f"**/lectures/batch_size.html#claim-{name}")
    row = page.locator(f"#claim-{name}")
    row.wait_for(state="visible")
    assert 0 <= row.bounding_box()["y"] < page.viewport_size["height"]


def test_hidden_rows_stay_hidden_on_a_phone_and_the_form_is_not_printed(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{PAGE}#verdict=off")
    assert page.locator(".ledger tbody tr:visible").count() == len(wanted(verdict="off"))
    page.emulate_media(media="print")
    assert not page.locator(".ledger-form").is_visible()
    assert page.locator(".ledger tbody tr:visible").count() == len(wanted(verdict="off"))


PHONE = {"width": 390, "height": 844}


def test_a_phone_shows_twenty_rows_and_more_on_request_and_a_desk_all(page):
    page.set_viewport_size(PHONE)
    page.goto(PAGE)
    seen = page.locator(".ledger tbody tr:visible")
    more = page.locator(".ledger-more button")
    assert seen.count() == 20 and more.inner_text() == f"Show 20 more of {len(load()) - 20}"
    more.click()
    assert seen.count() == 40
    assert page.evaluate("document.activeElement.id") == f"claim-{list(load())[20]}"
    page.get_by_label("Chapter").select_option("context_wall")
    assert seen.count() == len(wanted(chapter="context_wall")) < 20 and not more.is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("() => document.querySelectorAll('.ledger tbody tr:not([hidden])').length > 200")
    assert seen.count() == len(load()) and not more.is_visible()


def test_a_phone_shows_the_row_that_the_address_names_and_paper_shows_all(page):
    page.set_viewport_size(PHONE)
    last = list(load())[-1]
    page.goto(f"{PAGE}#claim-{last}")
    assert page.locator(f"#claim-{last}").is_visible()
    page.goto(PAGE + "#chapter=batch_size")
    page.emulate_media(media="print")
    assert page.locator(".ledger tbody tr:visible").count() == len(wanted(chapter="batch_size")) > 20
