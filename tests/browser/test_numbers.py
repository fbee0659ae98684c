"""The number inspector in a real browser: hover, focus, tap; what it says; how it closes; paper, phone, no script."""

import json

import pytest

from tests.browser.axe import faults
from tests.browser.bubble import CARD, assert_stays_while_on_it_and_goes_when_left, open_page
from tools import book

pytestmark = [pytest.mark.browser, pytest.mark.site]
PAGES = [page for page in book.pages(book.ROOT) if page.startswith("lectures/")]
CHAPTER = "lectures/batch_size"
FLOOR = ".bd-article [data-number='floor']"


def inside(page, box):
    wide, high = page.evaluate("[document.documentElement.clientWidth, innerHeight]")
    return 0 <= box["x"] <= wide - box["width"] and 0 <= box["y"] <= high - box["height"]


def test_hover_shows_formula_value_inputs_and_sources_and_leaving_closes(page):
    open_page(page, CHAPTER)
    page.locator(FLOOR).first.hover()
    card = page.locator(CARD)
    card.wait_for(state="visible")
    words = card.inner_text()
    assert "touch every weight" in words and "1.16493 ms" in words and "72 × GB200 at fp8" in words
    assert "8 TB/s" in words and card.locator("> .number-math .katex").count() == 1
    part = card.locator(".number-parts details")
    assert "= 1.165 ms" in part.inner_text() and not part.locator(".number-math").is_visible()
    part.locator("summary").click()
    assert part.locator(".number-math .katex").is_visible()
    assert card.locator("a[href$='book/notation.html#formula-latency_floor']").count() == 1
    assert_stays_while_on_it_and_goes_when_left(page)


def test_focus_opens_tab_goes_on_into_the_card_and_escape_closes(page):
    open_page(page, CHAPTER)
    number = page.locator(FLOOR).first
    number.evaluate(
        """number => {
             const all = [...document.querySelectorAll(".bd-article [data-number]")];
             all[all.indexOf(number) - 1].focus();
           }""")
    for _ in range(20):
        page.keyboard.press("Escape")   # or Tab would go into the card of the number before
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.number === 'floor'"):
            break
    assert number.get_attribute("aria-expanded") == "true" and page.locator(CARD).is_visible()
    said = number.get_attribute("aria-describedby")
    assert "touch every weight" in page.locator(f"#{said}").inner_text()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.number-card') !== null")
    page.keyboard.press("Escape")
    assert page.locator(CARD).count() == 0 and page.evaluate("document.activeElement.dataset.number") == "floor"
    assert number.get_attribute("aria-expanded") == "false" and number.get_attribute("aria-describedby") is None


def test_enter_opens_and_closes_and_blur_closes(page):
    open_page(page, CHAPTER)
    number = page.locator(FLOOR).first
    number.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    assert page.locator(CARD).is_visible()
    page.keyboard.press("Space")
    assert page.locator(CARD).count() == 0
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.querySelector('.number-card')?.previousElementSibling?.dataset.number") != "floor"


def test_a_tap_opens_and_a_tap_elsewhere_closes_on_a_phone(browser, site_url):
    with browser.new_context(base_url=site_url, viewport={"width": 390, "height": 844}, has_touch=True,
                             is_mobile=True) as context:  # fmt: skip
        page = context.new_page()
        page.goto(f"/{CHAPTER}.html")
        number = page.locator(FLOOR).first
        number.tap()
        card = page.locator(CARD)
        card.wait_for(state="visible")
        assert inside(page, card.bounding_box())
        number.tap()
        assert card.count() == 0
        number.tap()
        page.locator(".bd-article h1").scroll_into_view_if_needed()
        page.wait_for_timeout(100)
        assert card.count() == 0, "a card does not stay where its number is out of sight"
        number.tap()
        card.wait_for(state="visible")
        page.touchscreen.tap(20, 830) if card.bounding_box()["y"] > 420 else page.touchscreen.tap(20, 90)
        card.wait_for(state="detached")


@pytest.fixture(scope="module", params=PAGES)
def chapter(request, browser, site_url):
    """A chapter that stands open for several tests."""
    with browser.new_context(base_url=site_url, color_scheme="light", reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"/{request.param}.html")
        yield page


@pytest.mark.parametrize("width", [1280, 320])
def test_every_number_opens_inside_the_window_and_shifts_nothing(chapter, width):
    chapter.set_viewport_size({"width": width, "height": 844})
    marked = chapter.locator(".bd-article [data-number][role=button]")
    assert marked.count() >= 20
    bad = chapter.evaluate(
        """() => {
             const bad = [];
             for (const number of document.querySelectorAll(".bd-article [data-number][role=button]")) {
               if (!number.checkVisibility()) continue;
               number.scrollIntoView({ block: "center" });
               const before = document.documentElement.scrollHeight, place = number.getBoundingClientRect().top;
               number.click();
               const card = document.querySelector(".number-card"), box = card?.getBoundingClientRect();
               const wide = document.documentElement.clientWidth;
               if (!card?.innerText.trim() || box.left < 0 || box.right > wide
                   || box.top < 0 || box.bottom > innerHeight || number.getBoundingClientRect().top !== place
                   || document.documentElement.scrollHeight !== before
                   || document.documentElement.scrollWidth > wide)
                 bad.push([number.dataset.number, box && [box.left, box.right, box.top, box.bottom]]);
               number.click();
             }
             return bad;
           }""")
    assert bad == []


def test_records_hold_what_the_page_names_and_links_lead_somewhere(site, chapter):
    data = json.loads(chapter.locator("script#numbers").text_content())
    named = set(chapter.locator("[data-number]").evaluate_all("all => all.map(n => n.dataset.number)"))
    assert named == set(data["numbers"])
    used = {entry["formula"] for entry in data["numbers"].values() if "formula" in entry}
    assert used <= set(data["formulas"]) | set(data["symbols"])
    notation = (site / "book/notation.html").read_text("utf-8")
    kinds = {"formula": data["formulas"], "symbol": set(data["symbols"]) & used - set(data["formulas"])}
    assert all(f'id="{kind}-{item}"' in notation for kind, items in kinds.items() for item in items)


def test_text_can_be_selected_and_reads_in_order(page):
    open_page(page, CHAPTER)
    number = page.locator(FLOOR).first
    text = number.locator("xpath=ancestor::p").inner_text()
    assert number.inner_text() in text
    box = number.bounding_box()
    page.mouse.move(box["x"] - 60, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 60, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert number.inner_text() in page.evaluate("getSelection().toString()")


def test_nothing_of_it_is_printed(page):
    open_page(page, CHAPTER)
    number = page.locator(FLOOR).first
    number.click()
    page.emulate_media(media="print")
    assert not page.locator(CARD).is_visible()
    assert "none" in number.evaluate("number => getComputedStyle(number).textDecorationLine")


def test_without_script_a_number_is_text(browser, site_url):
    with browser.new_context(base_url=site_url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"/{CHAPTER}.html")
        assert page.locator(FLOOR).first.get_attribute("role") is None
        assert page.locator(FLOOR).first.inner_text().startswith("1.16")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_an_open_card(page, scheme):
    open_page(page, CHAPTER)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.locator(FLOOR).first.click()
    assert faults(page, include=[CARD, FLOOR]) == []
