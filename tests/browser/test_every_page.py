"""Every page, opened once: quiet, self-contained, light, fit for a phone and for large text, usable without a mouse.

The tests of a page share its one opening, in the order in which they stand here: the last ones thin the page out, down
to what no page before it has shown.
"""

import gzip
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser.axe import faults, thin
from tools import book

pytestmark = [pytest.mark.browser, pytest.mark.site]
PAGES = book.pages(book.ROOT)
FIRST_LOAD = 700_000  # bytes, compressed: a page with all that a browser asks for to show it
COMPRESSED = {".woff2", ".png", ".jpg", ".webp"}  # sent as they are
READY = "() => document.fonts.ready.then(() => true)"
ZOOMED, PHONE, NARROW = 640, 390, 320  # 200 % of a window of 1280; 400 % of one, or the smallest phone
# What a reader may set, and WCAG 1.4.12 asks pages to bear
SPACED = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
            p { margin-bottom: 2em !important; }"""


@dataclass
class Visit:
    """A page that stands open, and what it has asked and complained of since."""

    name: str
    sheet: object
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)  # what it asked for until it stood there

    def widen(self, width):
        self.sheet.set_viewport_size({"width": width, "height": 844})


@pytest.fixture(scope="module")
def context(browser, site_url):
    context = browser.new_context(base_url=site_url, color_scheme="light", reduced_motion="reduce")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture(scope="module", params=[*PAGES, "search"])
def visit(request, context):
    """The page, opened in a window of 1280 by 844."""
    sheet = context.new_page()
    made = Visit(request.param, sheet)
    sheet.on("request", lambda asked: made.asked.append(asked.url))
    sheet.on("console", lambda said: made.errors.extend([f"{said.text} {said.location}"] * (said.type == "error")))
    sheet.on("pageerror", lambda error: made.errors.append(str(error)))
    made.widen(1280)
    sheet.goto(f"/{request.param}.html")
    sheet.evaluate(READY)
    made.first = list(made.asked)
    yield made
    sheet.close()


@pytest.fixture(scope="module")
def known():
    """The kinds of elements that pages have shown so far, and which page was the first."""
    return {}


@cache
def size(site, address):
    """Bytes of a file as a server sends it."""
    file = site / unquote(urlsplit(address).path).lstrip("/")
    data = file.read_bytes()
    return len(data) if file.suffix in COMPRESSED else len(gzip.compress(data))


def test_all_that_a_page_loads_at_first_is_light(visit, site):
    """Fonts too, which no tag names; the page itself is the first of the requests."""
    files = {address.split("?")[0] for address in visit.first if address.startswith("http")}
    assert any(address.endswith(".woff2") for address in files) and len(files) > 10
    weights = {Path(address).name: size(site, address) for address in files}
    assert sum(weights.values()) <= FIRST_LOAD, sorted(weights.items(), key=lambda pair: -pair[1])[:5]


def test_a_slider_moves_the_numbers_of_each_explorer(visit):
    explorers = visit.sheet.locator(".explorer")
    assert explorers.count() or not visit.name.startswith("lectures/")
    for explorer in explorers.all():
        before = explorer.inner_text()
        explorer.locator("input[type=range]").first.evaluate(
            "input => { input.value = input.value === input.max ? input.min : input.max;"
            " input.dispatchEvent(new Event('input', { bubbles: true })); }")  # fmt: skip
        visit.sheet.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert explorer.inner_text() != before


WIDE = """width => {
  const known = new Map(), held = (e) => known.get(e) ?? (known.set(e, !e.matches(".bd-article")
    && (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX) || held(e.parentElement))), known.get(e));
  return [...document.querySelectorAll(".bd-article *:not(svg *)")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.right > width + 1 && box.width > 0 && !held(e);
  }).map(e => e.outerHTML.slice(0, 120)); }"""
# Words cut off at the edge of a box that hides what does not fit and cannot be scrolled
CUT = """() => [...document.querySelectorAll("body *:not(.katex *, svg *, .visually-hidden, .sr-only)")].filter(e => {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) return false;
  const { overflowX, overflowY, clipPath, position } = getComputedStyle(e);
  if (position === "absolute" && clipPath !== "none") return false;
  return (/hidden|clip/.test(overflowX) && e.scrollWidth > e.clientWidth + 1)
    || (/hidden|clip/.test(overflowY) && e.scrollHeight > e.clientHeight + 1);
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", [ZOOMED, PHONE, NARROW])
def test_page_fits_a_phone_and_a_window_zoomed_to_twice_its_size(visit, width):
    visit.widen(width)
    assert visit.sheet.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.sheet.evaluate(WIDE, width) == []
    assert visit.sheet.evaluate(CUT) == []


def test_no_word_is_lost_when_a_reader_spaces_the_text(visit):
    visit.widen(NARROW)
    style = visit.sheet.add_style_tag(content=SPACED)
    assert visit.sheet.evaluate(WIDE, NARROW) == []
    assert visit.sheet.evaluate(CUT) == []
    style.evaluate("style => style.remove()")


# Where the eye meets things in another order than the keyboard does: an index above 0, or a style that moves a box
MOVED = """() => [...document.querySelectorAll("[tabindex]")].filter(e => e.tabIndex > 0)
  .concat([...document.querySelectorAll(".bd-article *:not(.math, .katex *, svg *)")].filter(e => {
    const { order, flexDirection, direction } = getComputedStyle(e);
    return order !== "0" || flexDirection.endsWith("reverse") || direction !== "ltr"; }))
  .map(e => e.outerHTML.slice(0, 120))"""
# Elements that the keyboard reaches and that look the same as before it did
UNSEEN = """() => {
  const look = (e) => ["", "::before", "::after"].flatMap(part => {
    const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(e, part);
    return [outlineStyle === "none" ? "" : outlineWidth, boxShadow, borderColor, backgroundColor]; }).join();
  document.activeElement.blur();
  const REACHED = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(REACHED)].filter(e => {
    if (!e.checkVisibility({ visibilityProperty: true }) || e.disabled || e.tabIndex < 0) return false;
    const parts = [e, e.parentElement, e.closest("label") ?? e, ...e.children], before = parts.map(look).join();
    e.focus();
    return document.activeElement === e && parts.map(look).join() === before;
  }).map(e => e.outerHTML.slice(0, 160));
}"""


def test_the_keyboard_goes_in_the_order_of_reading_and_shows_where_it_is(visit, known):
    visit.widen(1280)
    thin(visit.sheet, known)
    assert visit.sheet.evaluate(MOVED) == []
    visit.sheet.keyboard.press("Tab")  # from here on the browser shows the focus
    assert visit.sheet.evaluate(UNSEEN) == []
    visit.sheet.keyboard.press("Escape")


def test_axe_finds_no_fault_in_light_or_dark(visit, known):
    thin(visit.sheet, known)
    visit.sheet.evaluate("document.activeElement.blur()")
    assert visit.sheet.evaluate("document.documentElement.dataset.theme") == "light"
    assert faults(visit.sheet) == []
    visit.sheet.emulate_media(color_scheme="dark")
    visit.sheet.locator("html[data-theme=dark]").wait_for()
    assert faults(visit.sheet, "color-contrast") == []
    visit.sheet.emulate_media(color_scheme="light")


def test_page_was_quiet_all_along_and_asked_nobody_else(visit):
    """Nothing in the console, such as what the policy of the page refuses, since it was opened."""
    assert visit.errors == []
    assert {urlsplit(address).hostname for address in visit.asked} - {None} == {"127.0.0.1"}


ROWS = '<!doctype html><html lang="en"><title>Rows</title><main><h1>Rows</h1><table>{}</table></main>'


@pytest.mark.parametrize(("cell", "rule"), [
    ('<td style="color: #bbb">some words</td>', "color-contrast"),
    ('<td class="pale">some words</td>', "color-contrast"),
    ("<td><button></button></td>", "button-name"), ('<td><img src="data:,"></td>', "image-alt"),
    ('<td role="nothing">x</td>', "aria-roles"), ('<td><a href="#"></a></td>', "link-name"),
])  # fmt: skip
def test_a_fault_in_one_row_of_hundreds_is_found_on_the_first_page_that_has_it(context, cell, rule):
    rows, known = ["<tr><td>some words</td></tr>"] * 300, {}
    one, two, three = (context.new_page() for _ in range(3))
    for sheet, markup, found in [(one, rows, set()), (two, [*rows[:200], f"<tr>{cell}</tr>", *rows[200:]], {rule}),
                                 (three, [*rows, f"<tr>{cell}</tr>"], set())]:
        sheet.set_content(ROWS.format("".join(markup)) + "<style>.pale { color: #ccc }</style>")
        assert thin(sheet, known) < 15
        assert {fault for fault, _, _ in faults(sheet)} == found
    for sheet in (one, two, three):
        sheet.close()
