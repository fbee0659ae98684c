"""Every page is valid HTML, as far as a parser and the rules below see; the theme's own faults are listed.

The parser is html5lib, which follows the standard and tells what it had to mend; bleach, of the lock, carries it.
"""

import itertools
import re
from collections import Counter
from functools import cache
from xml.etree.ElementTree import Element

import pytest
from bleach._vendor import html5lib

from tools import book

pytestmark = pytest.mark.site
NAMES = ["index", "search", "genindex", *book.pages(book.ROOT)]
WHOLE = "lectures/batch_size"  # parsed with the inside of its formulas: nine tenths of some pages are spans of KaTeX
KATEX = re.compile(r'<span class="katex-html" aria-hidden="true">|<span|</span>')
BLOCKS = frozenset(re.findall(r"\w+", """address article aside blockquote details dialog div dl fieldset figure footer
    form h1 h2 h3 h4 h5 h6 header hr main menu nav ol p pre section table ul"""))
WORDS = frozenset(re.findall(r"\w+", """p h1 h2 h3 h4 h5 h6 span em strong code small button label summary pre b i u s
    sub sup q cite dfn abbr kbd samp var time mark legend"""))  # elements that hold words and no blocks
CONTROLS = {"a", "button", "input", "select", "textarea", "details", "label"}
WITHDRAWN = frozenset(re.findall(r"\w+", "acronym basefont big center dir font frame frameset marquee nobr strike tt"))
OLD = frozenset(re.findall(r"\w+", "align valign bgcolor border cellpadding cellspacing nowrap vspace hspace"))
CHILDREN = {"ul": {"li"}, "ol": {"li"}, "dl": {"dt", "dd", "div"}, "tr": {"td", "th"}, "tbody": {"tr"}, "thead": {"tr"},
            "table": {"caption", "colgroup", "thead", "tbody", "tfoot"}}  # fmt: skip
REFERENCES = ("for", "headers", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns")

# What the theme and its extensions write; each is of no consequence in any browser.
THEME = {
    "meta viewport twice": "Sphinx and the theme each write one",
    "h1 twice": "the second is the title on paper, hidden on a screen",
    "parser: expected-named-entity": "an ampersand in the address for a new issue",
    "id exercise-content twice": "sphinx-exercise gives every exercise of a page the same",
    "id solution-content twice": "sphinx-exercise gives every solution of a page the same",
    "p in summary": "myst-nb folds a cell under a paragraph",
}


def without_formulas(text: str) -> str:
    """The page less what KaTeX drew: the balanced spans under `katex-html`."""
    kept, start, depth = [], 0, 0
    for tag in KATEX.finditer(text):
        if depth:
            depth += -1 if tag[0] == "</span>" else 1
            start = tag.end()
        elif tag[0] not in ("<span", "</span>"):
            kept.append(text[start:tag.start()])
            depth = 1
    return "".join(kept) + text[start:]


@cache
def faults(site, name: str) -> set[str]:
    text = (site / f"{name}.html").read_text(encoding="utf8")
    return faults_of(text if name == WHOLE else without_formulas(text), whole=name != "index")


def faults_of(text: str, whole: bool = True) -> set[str]:
    """Everything wrong with a page; `whole` pages have a main part with a heading."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(text)
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    found = {f"parser: {code}" for _, code, _ in parser.errors}
    found |= names(elements) | set().union(*map(inside, elements))
    return found | outline(tree, elements) if whole else found


def names(elements: list[Element]) -> set[str]:
    """Ids given twice, references to none, names of the head given twice."""
    ids = Counter(element.get("id") for element in elements if "id" in element.attrib)
    metas = Counter(element.get("name") for element in elements if element.tag == "meta" and "name" in element.attrib)
    wanted = {(kind, one) for element in elements for kind in REFERENCES for one in element.get(kind, "").split()}
    return ({f"id {name} twice" for name, count in ids.items() if count > 1}
            | {f"meta {name} twice" for name, count in metas.items() if count > 1}
            | {f"{kind} names {one}, which is not there" for kind, one in wanted if one not in ids})  # fmt: skip


def inside(element: Element) -> set[str]:
    """What an element must not be, have or hold."""
    tag, found = element.tag, set()
    below = [part for part in element.iter() if part is not element and isinstance(part.tag, str)]
    children = {child.tag for child in element if isinstance(child.tag, str)} - {"script", "template"}
    if tag in WORDS:
        found |= {f"{part.tag} in {tag}" for part in below if part.tag in BLOCKS
                  and not (tag == "summary" and re.fullmatch("h[1-6]", part.tag))}  # fmt: skip
    if tag in ("a", "button"):
        found |= {f"{part.tag} in {tag}" for part in below if part.tag in CONTROLS or "tabindex" in part.attrib}
    if tag in CHILDREN:
        found |= {f"{child} in {tag}" for child in children - CHILDREN[tag]}
    if tag == "details" and next((child.tag for child in element), None) != "summary":
        found.add("details without a summary at its head")
    if (tag == "img" and "alt" not in element.attrib) or (tag == "iframe" and "title" not in element.attrib):
        found.add(f"{tag} without words")
    attributes = sorted(element.attrib)
    if tag in WITHDRAWN or OLD & set(attributes) or any(key.startswith("on") for key in attributes):
        found.add(f"{tag} {attributes}: withdrawn, or a script in an attribute")
    return found


def outline(tree: Element, elements: list[Element]) -> set[str]:
    """One main part, one title, a language, one first heading, and no level of headings left out."""
    levels = [int(element.tag[1]) for element in elements if re.fullmatch("h[1-6]", element.tag)]
    skipped = {f"h{below} after h{above}" for above, below in itertools.pairwise(levels) if below > above + 1}
    counts = Counter(element.tag for element in elements if element.tag in ("h1", "main", "title", "body"))
    wrong = {f"{tag} twice" if counts[tag] == 2 else f"{tag} {counts[tag]} times" for tag in ("h1", "main", "body")
             if counts[tag] != 1}  # fmt: skip
    root = tree if tree.tag == "html" else tree.find(".//html")
    return skipped | wrong | (set() if root.get("lang") == "en" else {"no language"})


@pytest.mark.parametrize("name", NAMES)
def test_page_is_valid(site, name):
    assert faults(site, name) - set(THEME) == set()


def test_every_fault_listed_for_the_theme_is_still_there(site):
    """One that is gone with a new version goes from the list too, or it would hide one of ours."""
    assert set(THEME) <= set().union(*(faults(site, name) for name in NAMES))


PAGE = '<!doctype html><html lang="en"><head><title>t</title></head><body><main><h1>h</h1>{}</main></body></html>'


@pytest.mark.parametrize(("markup", "fault"), [
    ("<p>a</b></p>", "parser: unexpected-end-tag"), ("<p>a<div>b</div></p>", "parser: unexpected-end-tag"),
    ("<i id=a></i><i id=a></i>", "id a twice"), ("<label for=x>a</label>", "for names x, which is not there"),
    ("<b aria-owns=x>a</b>", "aria-owns names x, which is not there"), ("<h3>a</h3>", "h3 after h1"),
    ("<a href=x><button>a</button></a>", "button in a"), ("<button><div>a</div></button>", "div in button"),
    ("<ul><p>a</p></ul>", "p in ul"),
    ("<details>a</details>", "details without a summary at its head"), ("<img src=x>", "img without words"),
    ("<h1>b</h1>", "h1 twice"), ("<p onclick='x()'>", "p ['onclick']: withdrawn, or a script in an attribute"),
])  # fmt: skip
def test_a_fault_is_seen(markup, fault):
    assert faults_of(PAGE.format("")) == set()
    assert fault in faults_of(PAGE.format(markup))


def test_formulas_are_left_out_to_their_last_span():
    inner = '<span class="katex-html" aria-hidden="true"><span><span>x</span></span><span></span></span>'
    assert without_formulas(f"a<span>{inner}</span>b{inner}c") == "a<span></span>bc"
