"""What the style sheet must know of a page's contents: classes say it, as `:has()` would."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tools import book, finish

PAGES = book.pages(book.ROOT)
TABLE = re.compile(r'<table class="[^"]*\btable".*?</table>', re.DOTALL)
NAMED = ["th:nth-child(3)", "td:nth-child(1) code, td:nth-child(2) code", "td .math"]
SHEETS = sorted([*(book.ROOT / "book/assets").glob("*.css"), *(book.ROOT / "roofline").rglob("*.css")])


@pytest.mark.site
def test_tables_are_marked_as_selectors_would_find_them(site):
    pages = [name for name in PAGES if not name.startswith("book/api/")] + ["book/api/moe"]  # the others are alike
    markup = "".join(found for name in pages for found in TABLE.findall((site / f"{name}.html").read_text("utf8")))
    soup = BeautifulSoup(markup, "html.parser")

    def select(selector):
        return [id(tag) for tag in soup.select(selector)]  # tags are equal whose contents are, which takes long to see

    named = [table for table in soup.select("table") if all(map(table.select, NAMED))]
    assert len(named) > 50
    assert [id(table) for table in named] == select(".named-in-code")
    assert [id(table) for table in named if not table.select("th:nth-child(4)")] == select(".of-three")
    assert [id(cell) for cell in soup.select("table:not(.weights) td") if not cell.text.strip()] == select("td.empty")
    assert [head for head in soup.select("thead") if not head.text.strip()] == []


@pytest.mark.site
def test_links_to_the_glossary_are_marked(site):
    markup = "".join((site / f"{name}.html").read_text("utf8") for name in PAGES)
    links = re.findall(r'<a ([^>]*)>(<\w+ class="[^"]*\bstd-term)?', markup)
    assert sum(bool(word) for _, word in links) > 50
    assert [tag for tag, word in links if bool(word) != bool(re.search(r'class="(?:[^"]* )?term[ "]', tag))] == []


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_it_holds(site, name):
    """By the classes of its elements, as a parser reads them."""
    text = (site / f"{name}.html").read_text("utf8")
    body = re.search("<body ([^>]*)>", text)
    assert body
    said = re.findall(r"holds-([\w-]+)", body[1])
    assert said == [each for each in finish.HOLDS if re.search(rf'<\w[^>]* class="(?:[^"]* )?{each}(?: [^"]*)?"', text)]


def test_what_a_page_holds_is_said_once():
    page = '<body data-x="1"><div class="cell ledger"><p class="ledger-form errata"></p></div></body>'
    once = finish.says_what_it_holds(page)
    assert once.startswith('<body class="holds-ledger holds-errata" data-x="1">')
    assert finish.says_what_it_holds(once) == once
    assert finish.says_what_it_holds("<body x><p class=ledgers></p>") == "<body x><p class=ledgers></p>"


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_sheet_of_the_book_makes_a_browser_look_through_the_page(sheet: Path):
    assert ":has(" not in sheet.read_text("utf8")


def test_rules_of_others_that_would_are_left_out(tmp_path: Path):
    sheet = tmp_path / "_build/html/_static/theirs.css"
    sheet.parent.mkdir(parents=True)
    sheet.write_text("@media print { p:has(img),\nh1 { color: red } a { b: c } }\nu { v: w } p:not(:has(i)) { x: y }")
    finish.calm_sheets(tmp_path)
    assert " ".join(sheet.read_text().split()) == "@media print { a { b: c } } u { v: w }"


@pytest.mark.site
def test_the_site_has_none(site):
    sheets = list(site.rglob("*.css"))
    assert len(sheets) > 5
    assert [sheet.name for sheet in sheets if ":has(" in sheet.read_text("utf8")] == []
