"""What the pages do in a real browser: menu, search, tables, questions, print."""

import html
import json
import math
import re
from io import BytesIO
from urllib.parse import quote_plus

import pytest
from pypdf import PdfReader

from roofline.teaching.selfcheck import question, unsealed
from tests.browser.axe import faults
from tools import book

pytestmark = [pytest.mark.browser, pytest.mark.site]
PAGES = book.pages(book.ROOT)
CHAPTERS = [page for page in PAGES if page.startswith("lectures/")]
SCRIPT = book.ROOT / "book/assets/selfcheck.js"


def open_page(page, name, width=1280, until="load"):
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"/{name}.html", wait_until=until)


def test_wide_table_keeps_its_first_column_on_a_phone(page):
    open_page(page, "book/hardware", width=390)
    box = page.locator(".table-box").first
    head = box.locator("tbody th").first
    before = head.bounding_box()["x"]
    box.evaluate("box => { box.scrollLeft = 300; }")
    assert box.evaluate("box => box.scrollLeft") > 200
    assert abs(head.bounding_box()["x"] - before) < 2


def test_phone_menu_opens_and_leads_to_a_chapter(page):
    open_page(page, "book/intro", width=390)
    link = page.locator("nav.bd-links a", has_text="Batch size").first
    assert not link.is_visible()
    page.locator(".primary-toggle").first.click()
    link.wait_for(state="visible")
    link.click()
    page.wait_for_url("**/lectures/batch_size.html*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_link_past_the_menu_can_be_read_once_the_keyboard_is_on_it(page, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("/book/notation.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.wait_for_function("() => document.querySelector('.skip-link').getBoundingClientRect().top === 0")
    assert faults(page, "color-contrast", include=[".skip-link"]) == []


def test_the_list_of_headings_opens_on_a_ground_of_its_own_on_a_phone(page):
    open_page(page, CHAPTERS[0], width=390)
    page.locator(".secondary-toggle").first.click()
    box = page.locator("#pst-secondary-sidebar-modal")
    box.get_by_role("link", name="Takeaways").wait_for(state="visible")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert box.evaluate("box => getComputedStyle(box).backgroundColor") == paper != "rgba(0, 0, 0, 0)"
    box.get_by_role("link", name="Takeaways").click()
    page.wait_for_url("**#takeaways")


def test_no_tooltip_stays_where_nothing_hovers(browser, site_url):
    with browser.new_context(base_url=site_url, is_mobile=True, has_touch=True) as context:
        page = context.new_page()
        page.goto(f"/{CHAPTERS[0]}.html")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<div class=\"tooltip show\">Search</div>')")
        assert not page.locator(".tooltip", has_text="Search").is_visible()


@pytest.mark.parametrize("name", [CHAPTERS[0], "book/notation"])
def test_symbols_and_their_meaning_fit_a_phone(page, name):
    open_page(page, name, width=390)
    table = page.locator("table.table", has_text="Meaning").first
    for fold in page.locator("details.folded", has=table).all():
        fold.locator("summary").click()
    cells = table.locator("tbody td:nth-child(4)")
    boxes = cells.evaluate_all("all => all.map(cell => cell.getBoundingClientRect().toJSON())")
    assert len(boxes) > 10
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["width"] > 250 for box in boxes)


def test_figures_are_not_dimmed_on_a_dark_page(page):
    """The theme dims every picture; the figures' ink would fall from 4.2 to 2.5 to 1."""
    open_page(page, CHAPTERS[0])
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    filters = page.locator(".bd-article img").evaluate_all("all => all.map(img => getComputedStyle(img).filter)")
    assert filters and set(filters) == {"none"}


@pytest.fixture
def search(page, console_errors):
    """A function that searches for some words; the test fails on any error of its pages."""

    def look_for(words):
        page.goto(f"/search.html?q={quote_plus(words)}")
        page.locator("#search-results :is(li, .search-summary:not(:empty))").first.wait_for()  # many come for long

    yield look_for
    page.wait_for_load_state("networkidle")  # quotes come after the list
    assert console_errors == []


def test_search_quotes_each_formula_once(page, search):
    search("active")
    page.locator("#search-results p.context", has_text="act").first.wait_for(state="visible")
    shown = page.locator("#search-results").inner_text()
    assert "Nact" in shown and "\\text" not in shown


def test_search_quotes_the_passage_with_the_words_as_typed_and_chapters_come_before_the_package(page, search):
    search("speculative decoding")
    page.locator("#search-results li", has=page.locator("a[href*=lectures]")).first.locator("p.context").wait_for()
    quoted = page.locator("#search-results li:has(a[href*=batch_size]) p.context").first.inner_text()
    assert "speculative decoding" in quoted
    search("MFU")
    page.locator("#search-results li a[href='book/api/batch_size.html']").first.wait_for()
    found = page.locator("#search-results li > a").evaluate_all("all => all.map(link => link.getAttribute('href'))")
    whole = [address for address in found if "#" not in address]  # a function of that very name may come first
    assert whole.index("lectures/batch_size.html") < whole.index("book/api/batch_size.html")


@pytest.mark.parametrize("words", ["moe-05", "cost_per_token"])
def test_a_page_found_by_words_that_are_not_in_its_text_is_listed_without_a_quotation(page, search, words):
    search(words)
    page.locator("#search-results .search-summary:not(:empty)").wait_for()
    listed = page.locator("#search-results li")
    assert listed.count() > 1
    assert "null" not in listed.last.inner_text()


def test_a_number_that_is_not_in_the_index_is_answered_in_words_of_the_book(page, search):
    search("37")
    told = page.locator("#search-results .search-summary").inner_text()
    assert "Numbers in the text are not in the index" in told and "categories" not in told


def test_a_search_without_a_result_leaves_the_next_page_as_it_was(page, search):
    search("xyzzy")
    page.goto(f"/{CHAPTERS[0]}.html")
    assert page.locator("span.highlighted, .highlight-link").count() == 0


@pytest.mark.parametrize("press", ["click", "Escape"])
def test_words_that_were_searched_for_are_marked_until_a_small_button_is_pressed(page, search, press):
    page.goto("/lectures/moe.html")
    head = page.locator(".bd-article h1").bounding_box()
    search("router")
    page.goto("/lectures/moe.html")
    button, marked = page.locator(".highlight-link button"), page.locator(".bd-article span.highlighted")
    assert marked.count() > 3 and page.locator("span.highlighted").count() == marked.count()
    assert button.bounding_box()["height"] < 40 and page.locator(".bd-article h1").bounding_box() == head
    button.click() if press == "click" else page.keyboard.press(press)
    assert marked.count() == button.count() == 0


def test_search_from_a_disk_gives_titles_and_no_error(browser, site):
    """A page opened as a file may not fetch another, so nothing is quoted."""
    with browser.new_context() as context:
        page, errors = context.new_page(), []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{(site / 'search.html').as_uri()}?q=active")
        page.locator("#search-results li").first.wait_for(state="visible")
        page.wait_for_timeout(300)
        assert errors == []


def test_search_finds_the_balance_batch(page, search):
    search("balance batch")
    for place in ("lectures/batch_size", "book/glossary"):  # they come one by one
        page.locator(f"#search-results li a[href*='{place}']").first.wait_for(state="visible")


def test_search_opens_from_the_keyboard(page):
    open_page(page, "book/intro")
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input[type=search]")
    field.wait_for(state="visible")
    field.fill("latency floor")
    field.press("Enter")
    page.wait_for_url("**/search.html?q=latency*")


def column(table, title):
    """Sort keys of a column, from top to bottom."""
    return table.evaluate(
        """(table, title) => {
             const heads = [...table.tHead.rows[0].cells];
             const place = heads.findIndex(head => head.textContent.trim().startsWith(title));
             return [...table.tBodies[0].rows].map(row => row.cells[place].dataset.sort);
           }""", title)


@pytest.mark.parametrize(("name", "title"), [("book/hardware", "Memory"), ("book/models", "Parameters"),
                                             ("book/prices", "Output")])
def test_table_sorts_by_number_both_ways_with_the_keyboard(page, name, title):
    open_page(page, name)
    table = page.locator("table.sortable").first
    head = table.locator("thead th", has=page.locator("button", has_text=title)).first
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    rising = [float(value) for value in column(table, title) if value]
    assert rising == sorted(rising)
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending"
    falling = column(table, title)
    known = [float(value) for value in falling if value]
    assert known == sorted(rising, reverse=True)
    assert "" not in falling[:len(known)], "what is not known stays last"
    assert table.locator("th[aria-sort]").count() == 1


def right_answer(data):
    """The number that opens the first reply, found by trying: a page does not hold it in clear."""
    entry = data["entries"][0]
    first = math.floor(math.log(1e-15) / entry["width"])
    middles = (math.exp((n + entry["phase"] + 0.5) * entry["width"]) for n in range(first, -3 * first))
    return next(value for value in middles if unsealed(data["id"], value, entry))


@pytest.mark.parametrize("name", CHAPTERS)
def test_self_check_questions_answer_right_and_wrong(page, name):
    open_page(page, name)
    boxes = page.locator(".selfcheck")
    assert boxes.count() >= 2
    for box in boxes.all():
        data = json.loads(box.get_attribute("data-selfcheck"))
        value, field, status = right_answer(data), box.get_by_role("textbox"), box.get_by_role("status")
        field.fill(repr(value * 7.3))
        field.press("Enter")
        assert box.get_attribute("data-state") == "wrong" and status.inner_text()
        field.fill(repr(value))
        box.get_by_role("button", name="Check").click()
        assert box.get_attribute("data-state") == "right"
        assert status.inner_text().startswith("Right") and not re.search(r"\b(\w+) \1\b", status.inner_text())


TYPED = ["5441", "5,441", "5 441", "5.4k", "5.4 × 10³", "5.4*10^3", "0.0054 M", "≈5441", "5441 sequences",
         "5.4k sequence", "2400", "2.4 thousand", "5441 apples", "", "x", "-5", "0", "1e999", "5.441,3", "5441%",
         "5.4K", "5_441", "5441 ms", "0,5441", "0,544", "5.441", "5441000"]


def test_page_and_kernel_give_the_same_replies(page):
    asked = question("same", "How many?", 5441.4, noun="sequences", hints={2400.0: "Not the experts."})
    page.set_content(asked._repr_html_())
    page.add_script_tag(path=SCRIPT)
    for typed in TYPED:
        page.get_by_role("textbox").fill(typed)
        page.get_by_role("button", name="Check").click()
        right, words = asked.reply(typed)
        assert page.get_by_role("status").inner_text() == words, typed
        assert (page.locator(".selfcheck").get_attribute("data-state") == "right") == right, typed


def test_question_reads_as_a_question_without_script(page):
    """As in a notebook that strips forms: the text stands, and says how to answer."""
    asked = question("plain", "How many?", 5441.4, noun="sequences")
    page.set_content(asked._repr_html_())
    assert not page.locator("form").is_visible()
    shown = page.locator(".selfcheck").inner_text()
    assert "How many? (in sequences, within 5 %)" in shown and 'check("plain", "your answer")' in shown
    assert html.escape("5441") not in shown


def test_print_shows_folded_parts_and_no_controls(page):
    open_page(page, "book/hardware")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator(".bd-sidebar-primary").is_visible()
    assert not page.locator(".bd-header-article").is_visible()


@pytest.mark.parametrize("name", [CHAPTERS[0], "lectures/pipelining"])
def test_an_explorer_prints_what_was_chosen_and_what_follows(page, name):
    open_page(page, name, width=720)
    explorer = page.locator(".explorer").first
    explorer.locator("input[type=range]").first.press("ArrowRight")
    page.emulate_media(media="print")
    parts = explorer.locator(".sliders :is(label, .amount), .choices :is(label, select), [role=img], dd")
    assert parts.count() > 12
    assert all(parts.evaluate_all("all => all.map(part => part.getBoundingClientRect().height > 0)"))
    moved = explorer.locator(".sliders input").first
    assert not moved.is_visible() and not explorer.locator(".player:visible").count()
    assert moved.get_attribute("aria-valuetext").startswith(explorer.locator(".sliders .amount").first.inner_text())


def test_settings_of_an_explorer_print_each_on_a_line(page):
    open_page(page, "lectures/pricing", width=680)
    page.emulate_media(media="print")
    choices = page.locator(".explorer .choice")
    tops = choices.evaluate_all("all => all.map(choice => choice.getBoundingClientRect().top)")
    assert len(tops) > 2 and len(set(tops)) == len(tops)
    assert all(choices.evaluate_all("all => all.map(choice => choice.scrollWidth <= choice.clientWidth)"))


def test_the_tallest_explorer_prints_on_one_sheet(page):
    open_page(page, "lectures/pricing")
    page.locator(".explorer .rulers").wait_for()
    printed = PdfReader(BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
    sheets = [sheet.extract_text() for sheet in printed.pages]
    for words in ("Price detective", "Holding a TB", "Writing to the cache, times input", "Rent of memory on the chip"):
        assert [words in sheet for sheet in sheets] == ["Price detective" in sheet for sheet in sheets], words
    assert sum("Price detective" in sheet for sheet in sheets) == 1
    last = page.locator(".explorer .notes p").last.inner_text()[:25]
    assert any("Price detective" in sheet and last in " ".join(sheet.split()) for sheet in sheets), last


def test_the_link_of_a_solution_begins_with_its_words(page):
    open_page(page, CHAPTERS[1])
    titles = page.locator(".solution > .admonition-title")
    assert titles.count() >= 5 and titles.first.text_content().strip() == "Solution to Exercise 2.1"
    assert all(text.startswith("Exercise 2.") for text in titles.locator("a").all_text_contents())


SIDEWAYS = round((297 - 2 * 11) / 25.4 * 96)  # px inside the margins of A4 turned sideways


@pytest.mark.parametrize("name", ["book/hardware", "book/models", "book/prices"])
def test_wide_tables_fit_a_sheet_turned_sideways(page, name):
    page.set_viewport_size({"width": SIDEWAYS, "height": 720})
    page.goto(f"/{name}.html")
    page.emulate_media(media="print")
    for table in page.locator(".table-box table").all():
        box = table.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= SIDEWAYS + 1


def test_claims_print_one_below_another(page):
    open_page(page, CHAPTERS[0], width=720)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    rows = page.locator(".claims-box tbody tr")
    assert rows.count() > 10
    for cell in rows.first.locator("td, th").all():
        assert cell.bounding_box()["width"] > 500
    assert not page.locator("details.proof").first.is_visible()
