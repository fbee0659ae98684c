"""The title page in a real browser: what the first screen shows, and that it answers."""

import re

import pytest

from roofline.teaching.explorers.front import build
from tests.browser.explorers import assert_as_python, drag
from tools import book, citation

pytestmark = [pytest.mark.browser, pytest.mark.site]
DESK, PHONE = (1440, 900), (390, 844)


def first_screen(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto("/book/intro.html")
    page.locator(".explorer svg.chart path.curve").first.wait_for(state="attached")
    return page


def seen(page, selector):
    """Whether an element stands wholly in the window, as it is before anything is scrolled."""
    return page.locator(selector).first.evaluate("""e => {
        const box = e.getBoundingClientRect();
        return box.width > 0 && box.left >= 0 && box.right <= innerWidth
            && box.top >= 0 && box.bottom <= innerHeight; }""")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_first_screen_holds_the_question_the_chart_and_its_slider(page, size):
    first_screen(page, size)
    for part in (".bd-article h1", "p.title-page", ".explorer .title", ".explorer select", ".explorer svg.chart",
                 "input[name=B]"):
        assert seen(page, part), part


def test_on_a_desk_all_of_the_explorer_and_the_ways_in_stand_on_the_first_screen(page):
    first_screen(page, DESK)
    for part in ("input[name=L]", ".explorer .headline dd", "p.ways"):
        assert seen(page, part), part
    assert page.locator("p.ways a").evaluate_all("all => all.map(a => a.getAttribute('href'))") == [
        "../lectures/batch_size.html", "../labs/batch_size.html", "teaching.html"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_dragging_the_batch_makes_the_bill_fall(page, size, console_errors):
    first_screen(page, size)
    bill = page.locator('.explorer dd[data-name="bill"]')
    told = [float(bill.inner_text().strip("$").replace(",", ""))]
    for place in (0.25, 0.5, 1.0):
        drag(page, "B", place)
        page.wait_for_timeout(150)
        told.append(float(bill.inner_text().strip("$").replace(",", "")))
    assert told == sorted(told, reverse=True) and told[0] > 100 * told[-1]
    assert console_errors == []


def test_the_page_says_what_python_says(page):
    first_screen(page, DESK)
    for choose, name, place in (("H200", "B", 0.6), ("B200", "L", 0.9), ("MI300X", "B", 1.0)):
        page.select_option(".explorer select[name=chip]", choose)
        drag(page, name, place)
        assert_as_python(page, build())


def test_the_slider_follows_the_keyboard(page):
    first_screen(page, DESK)
    before = page.inner_text('.explorer dd[data-name="bill"]')
    page.locator("input[name=B]").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(150)
    assert page.inner_text('.explorer dd[data-name="bill"]') != before


def test_a_number_of_an_answer_opens(page):
    first_screen(page, DESK)
    page.locator(".answers [data-number]").first.click()
    card = page.locator(".number-card")
    card.wait_for(state="visible")
    assert "cost_per_token" in card.inner_text()


def test_the_entry_for_bibtex_is_copied_whole(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first_screen(page, DESK)
    block = page.locator("div.highlight-bibtex")
    block.scroll_into_view_if_needed()
    block.hover()
    block.locator("button.copybtn").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == citation.bibtex(book.ROOT)


def test_weights_stand_under_one_another(page):
    page.goto("/book/colophon.html")
    cells = page.locator("table.weights tbody tr td:last-child").all_inner_texts()
    assert len(cells) == len(book.pages(book.ROOT)) and all(re.fullmatch(r"\d+ kB", cell) for cell in cells)


def test_it_leads_back_to_where_a_reader_was(page):
    first_screen(page, DESK)
    assert page.locator(".resume").count() == 0
    page.goto("/lectures/moe.html#there-and-back")
    page.goto("/book/intro.html")
    back = page.locator(".resume a")
    assert back.inner_text() == "Mixture of experts, There and back"
    back.click()
    page.wait_for_url("**/lectures/moe.html#there-and-back")
    page.goto("/labs/moe.html")
    page.goto("/book/intro.html")
    assert page.locator(".resume a").inner_text() == "Lab: run a router"


@pytest.mark.parametrize("kept", ["not JSON", '{"page": "https://example.org/labs/x.html", "id": "", "names": [""]}'])
def test_what_it_cannot_have_kept_itself_is_passed_over(page, kept, console_errors):
    first_screen(page, DESK)
    page.evaluate("kept => localStorage.setItem('tokens-from-first-principles:place', kept)", kept)
    first_screen(page, DESK)
    assert page.locator(".ways").count() == 1 and page.locator(".resume").count() == 0
    assert console_errors == []
