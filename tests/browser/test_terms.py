"""The words of the glossary in a real browser: hover, focus, tap; what a card says; how it closes; paper, no script."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.bubble import CARD, assert_stays_while_on_it_and_goes_when_left, open_page

pytestmark = [pytest.mark.browser, pytest.mark.site]
CHAPTER = "lectures/moe"
WORD = ".bd-article a.reference[href$='#term-router']"
MEANING = "scores the experts for each token"


def test_hover_says_what_a_word_means_and_leaving_closes(page):
    open_page(page, CHAPTER)
    page.locator(WORD).first.hover()
    card = page.locator(CARD)
    card.wait_for(state="visible")
    assert MEANING in card.inner_text()
    assert_stays_while_on_it_and_goes_when_left(page)


def test_focus_says_it_to_a_screen_reader_and_escape_closes(page):
    open_page(page, CHAPTER)
    word = page.locator(WORD).first
    page.keyboard.press("Tab")   # from here on the page is used by keyboard
    word.focus()
    page.locator(CARD).wait_for(state="visible")
    assert MEANING in page.locator(f"#{word.get_attribute('aria-describedby')}").inner_text()
    page.keyboard.press("Escape")
    assert page.locator(CARD).count() == 0 and word.get_attribute("aria-describedby") is None


def test_enter_and_a_click_follow_the_link(page):
    open_page(page, CHAPTER)
    page.locator(WORD).first.click()
    page.wait_for_url("**/glossary.html#term-router")
    open_page(page, CHAPTER)
    page.locator(WORD).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html#term-router")


def test_a_tap_opens_and_the_next_leads_to_the_glossary(browser, site_url):
    with browser.new_context(base_url=site_url, viewport={"width": 390, "height": 844}, has_touch=True,
                             is_mobile=True) as context:  # fmt: skip
        page = context.new_page()
        page.goto(f"/{CHAPTER}.html")
        page.locator(WORD).first.tap()
        card = page.locator(CARD)
        card.wait_for(state="visible")
        box = card.bounding_box()
        assert MEANING in card.inner_text() and box["x"] >= 0 and box["x"] + box["width"] <= 390
        page.touchscreen.tap(20, 830) if box["y"] < 420 else page.touchscreen.tap(20, 90)
        card.wait_for(state="detached")
        page.locator(WORD).first.tap()
        card.get_by_role("link", name="In the glossary").tap()
        page.wait_for_url("**/glossary.html#term-router")


def test_a_card_of_a_word_takes_the_place_of_a_card_of_a_number(page):
    open_page(page, CHAPTER)
    page.locator(".bd-article [data-number][role=button]").first.click()
    page.locator(WORD).first.hover()
    page.get_by_text(MEANING).wait_for(state="visible")
    assert page.locator(CARD).count() == 1


def test_nothing_of_it_is_printed(page):
    open_page(page, CHAPTER)
    page.locator(WORD).first.hover()
    page.locator(CARD).wait_for(state="visible")
    page.emulate_media(media="print")
    assert not page.locator(CARD).is_visible()


def test_every_word_that_a_chapter_links_has_its_meaning(page):
    open_page(page, CHAPTER)
    linked = page.locator(".bd-article a.term").evaluate_all("all => all.map(a => a.hash.slice(1))")
    meanings = json.loads(page.locator("script#terms").text_content())
    assert len(set(linked)) > 10 and set(linked) == set(meanings)
    assert all(len(text) > 40 and "<a " not in text and " ." not in text for text in meanings.values())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_an_open_card(page, scheme):
    open_page(page, CHAPTER)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.locator(WORD).first.hover()
    page.locator(CARD).wait_for(state="visible")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    found = Axe().run(page, context={"include": [[CARD], [WORD]], "exclude": [[".katex-html"]]}, options=rules)
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found.response["violations"]] == []


def test_what_is_overdue_is_marked_by_the_readers_clock(page):
    days = "all => all.map(t => [t.dateTime, t.nextElementSibling?.textContent ?? ''])"
    page.clock.set_fixed_time("2026-12-01T12:00:00Z")
    open_page(page, "book/prices")
    before = page.locator("time.review").evaluate_all(days)
    page.clock.set_fixed_time("2100-01-01T12:00:00Z")
    open_page(page, "book/prices")
    after = page.locator("time.review").evaluate_all(days)
    assert len(before) == len(after) > 20
    assert [words for day, words in before] == ["overdue" if day < "2026-12-01" else "" for day, _ in before]
    assert {words for _, words in after} == {"overdue"}
