"""The built site, read as files: pages, links, pictures, mathematics, colours, and nothing from elsewhere."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from roofline.teaching import palette
from tools import book, weights

pytestmark = pytest.mark.site
PAGES = book.pages(book.ROOT)
THEME = book.ROOT / "book/assets/theme.css"
FIRST_LOAD = 700_000  # bytes, compressed: a page with all it asks for


class Page(HTMLParser):
    """What the checks need of a page: tags with their attributes, the ids, and the text outside scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.ids: set[str] = set()
        self.text: list[str] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attributes}
        self.tags.append((tag, values))
        self.ids |= {values[key] for key in ("id", "name") if key in values}
        if tag in ("script", "style", "code", "pre", "annotation"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and self.inside[-1] == tag:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.text.append(data)

    def all(self, *tags: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag in tags]


@cache
def parsed(path: Path) -> Page:
    return Page(path.read_text(encoding="utf8"))


def loaded(page: Page) -> list[str]:
    """Addresses that a browser fetches by itself when it shows the page."""
    links = [tag["href"] for tag in page.all("link") if re.search("stylesheet|preload|icon", tag.get("rel", ""))]
    sources = [tag["src"] for tag in page.all("script", "img", "iframe", "source", "video", "audio") if tag.get("src")]
    return links + sources


def local(path: Path, address: str) -> Path:
    target = (path.parent / unquote(urlsplit(address).path)).resolve() if urlsplit(address).path else path
    return target / "index.html" if target.is_dir() else target


def is_outside(address: str) -> bool:
    return bool(urlsplit(address).netloc)


@pytest.mark.parametrize("name", ["index", *PAGES])
def test_page_was_written(site, name):
    text = (site / f"{name}.html").read_text(encoding="utf8")
    assert "http-equiv" in text if name == "index" else "<h1>" in text


@pytest.mark.parametrize("name", ["index", "search", *PAGES])
def test_every_internal_link_leads_somewhere(site, name):
    path, lost = site / f"{name}.html", []
    for tag in parsed(path).all("a"):
        address = tag.get("href", "")
        if is_outside(address) or urlsplit(address).scheme in ("mailto", "javascript", "data"):
            continue
        target, fragment = local(path, address), unquote(urlsplit(address).fragment)
        if not target.is_file() or (fragment and target.suffix == ".html" and fragment not in parsed(target).ids):
            lost.append(address)
    assert not lost


@pytest.mark.parametrize("name", ["index", "search", *PAGES])
def test_page_loads_nothing_from_elsewhere(site, name):
    path = site / f"{name}.html"
    addresses = [address for address in loaded(parsed(path)) if not address.startswith("data:")]
    assert [address for address in addresses if is_outside(address)] == []
    assert [address for address in addresses if not local(path, address).is_file()] == []


def test_style_sheets_load_nothing_from_elsewhere_and_nothing_that_is_missing(site):
    """Only the sheets that pages use; the theme's icon fonts are declared there but never asked for."""
    sheets = {local(site / f"{name}.html", address).resolve() for name in PAGES
              for address in loaded(parsed(site / f"{name}.html")) if urlsplit(address).path.endswith(".css")}
    assert any(sheet.name == "theme.css" for sheet in sheets)
    for sheet in sheets:
        text = sheet.read_text(encoding="utf8")
        urls = re.findall(r"""(?:url\(|@import\s+)["']?((?!data:)[^"')\s;]+)""", text)
        urls = [url for url in urls if not url.startswith("#")]
        assert [url for url in urls if is_outside(url)] == [], sheet.name
        if "pydata" not in sheet.name:
            assert [url for url in urls if not local(sheet, url).is_file()] == [], sheet.name


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_has_words_for_those_who_cannot_see_it(site, name):
    page = parsed(site / f"{name}.html")
    poor = [tag for tag in page.all("img") if "logo" not in tag["src"] and not says_something(tag.get("alt", ""))]
    poor += [tag for tag in page.all("img") if "alt" not in tag]
    drawn = [tag for tag in page.all("svg") if tag.get("role") == "img"]
    poor += [tag for tag in drawn if not says_something(tag.get("aria-label", ""))]
    assert not poor


def says_something(words: str) -> bool:
    return len(words.split()) >= 4 and not re.search(r"\.(png|svg|jpe?g)\b|_build|/", words)


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_cell_has_its_picture(site, name):
    source = (book.ROOT / f"{name}.md").read_text(encoding="utf8")
    cells = re.findall(r"^```\{code-cell\}.*?^```", source, re.M | re.S)
    promised = sum("image:" in cell and "alt:" in cell for cell in cells)
    drawn = [cell for cell in cells if re.search(r"plt\.show\(", cell) and "remove-output" not in cell]
    assert all("alt:" in cell for cell in drawn), "a cell that draws states what its figure shows"
    markup = (site / f"{name}.html").read_text(encoding="utf8")
    outputs = re.findall(r'<img[^>]*src="[^"]*_images/[^"]*"', markup)
    assert len(outputs) >= promised
    assert all(f'<a class="enlarge" href="{source}" title="Enlarge"><img loading="lazy" ' in markup
               for source in re.findall(r'src="([^"]*_images/[^"]*)"', markup))


@pytest.mark.parametrize("name", PAGES)
def test_mathematics_is_set(site, name):
    path = site / f"{name}.html"
    assert "katex-error" not in path.read_text(encoding="utf8")
    assert not re.search(r'<path d="[^"]*MM', path.read_text(encoding="utf8"))
    raw = re.findall(r"\\\(|\\\[|\$\\|\\frac|\\text\{", " ".join(parsed(path).text))
    assert not raw


@pytest.mark.parametrize("name", PAGES)
def test_first_load_is_light(site, name):
    """Fonts and near pictures, which only a browser knows, are counted in `tests/browser/test_every_page.py`."""
    assert weights.weigh(site / f"{name}.html")[1] < FIRST_LOAD


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_only_the_scripts_it_needs(site, name):
    page = parsed(site / f"{name}.html")
    scripts = {Path(urlsplit(tag["src"]).path).name for tag in page.all("script") if tag.get("src")}
    assert "searchindex.js" not in scripts
    numbers = any("data-number" in tag for _, tag in page.tags)
    terms = any(tag.get("id") == "terms" for tag in page.all("script"))
    assert ("numbers.js" in scripts) == numbers and ("terms.js" in scripts) == terms
    assert ("cards.js" in scripts) == (numbers or terms)
    assert ("ledger.js" in scripts) == (name == "book/fact_check")


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith(("lectures/", "labs/"))])
def test_a_chapter_says_its_number_and_leads_to_its_parts_and_its_lab(site, name):
    """The number as in the table of contents; the links themselves are checked with all others."""
    kind, other = ("Chapter", "../labs/") if name.startswith("lectures/") else ("Lab", "../lectures/")
    of_kind = [page for page in PAGES if page.split("/")[0] == name.split("/")[0]]
    text = (site / f"{name}.html").read_text("utf8")
    found = re.search(r'<nav class="signposts" aria-label="(.*?)">(.*?)</nav><h1>', text)
    assert found and found[1] == f"{kind} {of_kind.index(name) + 1}"
    leads = set(re.findall(r'href="([^"]+)"', found[2]))
    parts = {"Chapter": ["#try-it", "#what-the-lecture-said", "#takeaways"],
             "Lab": ["../book/teaching.html#on-your-own-computer"]}  # fmt: skip
    assert leads == {f"{other}{name.split('/')[1]}.html", *parts[kind]}


def test_the_search_page_has_its_index(site):
    scripts = [tag["src"] for tag in parsed(site / "search.html").all("script") if tag.get("src")]
    assert all(any(name in script for script in scripts) for name in ("searchindex.js", "searchtools.js"))


# --- colours -------------------------------------------------------------------------------------------------------


def properties(selector: str) -> dict[str, str]:
    """The custom properties that theme.css sets in the rule with this selector."""
    rules = re.findall(re.escape(selector) + r"[^{}]*\{(.*?)\}", THEME.read_text(encoding="utf8"), re.S)
    return dict(pair for rule in rules for pair in re.findall(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})\s*;", rule))


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_style_sheet_and_figures_use_the_same_colours():
    found = properties(":root {".removesuffix(" {"))
    assert {role: found[f"role-{role}"].upper() for role in palette.ROLES} == {
        role: colour.upper() for role, colour in palette.ROLES.items()}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_role_colours_stand_out_from_the_page(theme):
    page = properties(f'html[data-theme="{theme}"]')
    for role, colour in palette.ROLES.items():
        assert contrast(colour, page["paper"]) >= 3, role
        if role != "ink":
            assert contrast(page[f"role-{role}-text"], page["paper"]) >= 4.5, role
            assert contrast(page[f"role-{role}-text"], page["surface"]) >= 4.5, role


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_verdicts_in_a_figure_stand_out_from_the_page(theme):
    page = properties(f'html[data-theme="{theme}"]')
    assert all(contrast(colour, page["paper"]) >= 3 for colour in palette.VERDICTS.values())


def test_contrast_is_measured_as_the_standard_says():
    """Black on white is 21 to 1, and #767676 is the lightest grey that passes 4.5 to 1 on white."""
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") > 4.5 > contrast("#777777", "#FFFFFF")
