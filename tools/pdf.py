"""Print the book: every page by Chromium, joined with a cover, contents, page numbers, bookmarks and working links.

Writes `_build/tokens-from-first-principles.pdf`, and beside it `tokens-from-first-principles-chapters.pdf`: what is
read from beginning to end. Explorers print the state they stand in; what is folded is unfolded.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, Fit, NameObject, TextStringObject

from roofline import __version__
from tools import book, execute, twins
from tools.browser import FLAGS, chromium, serving

NOWHERE = "https://book.invalid"  # stands for the site in what is printed before there is one
FILE = "tokens-from-first-principles.pdf"
READ = ("lectures/", "labs/", "book/notation", "book/glossary", "book/bibliography")  # beside the first page
READY_TO_PRINT = """() => {
  for (const image of document.images) image.loading = "eager";
  for (const link of document.querySelectorAll("a.enlarge")) link.removeAttribute("href");
  const pictures = [...document.images].filter((image) => image.checkVisibility()).map((image) => image.decode());
  return Promise.all([document.fonts.ready, ...pictures]).then(() => true);
}"""
LINKED = """wanted => {
  const box = document.createElement("div");
  box.style.cssText = "position:absolute;left:0;top:0;font-size:1px;line-height:1px;opacity:0";
  for (const id of wanted) {
    if (!document.getElementById(id)) continue;
    const link = document.createElement("a");
    link.href = "#" + encodeURIComponent(id);
    link.textContent = ".";
    box.append(link);
  }
  document.body.append(box);
}"""
STYLE = """<style>
@font-face { font-family: "Source Serif 4"; font-weight: 200 900;
  src: url("/_static/vendor/source-serif-4/source-serif-4-latin-wght-normal.woff2"); }
@page { size: A4; margin: 0; }
@page wide { size: A4 landscape; margin: 0; }
body { font-family: "Source Serif 4", Georgia, serif; margin: 0; color: #000; }
.cover { height: 297mm; box-sizing: border-box; padding: 60mm 22mm; break-after: page; }
.cover h1 { font-size: 34pt; line-height: 1.15; margin: 0 0 8mm; }
a { color: #000; }
.cover p { font-size: 12pt; line-height: 1.5; max-width: 130mm; }
.contents { padding: 22mm; }
.contents h2 { font-size: 18pt; margin: 0 0 6mm; } .contents h3 { font-size: 11pt; margin: 5mm 0 1mm; color: #444; }
.contents a { display: flex; gap: 3mm; font-size: 11pt; line-height: 1.7; color: #000; text-decoration: none; }
.contents a::before { content: ""; order: 1; flex: 1; border-bottom: 0.3pt dotted #777; transform: translateY(-1.5mm); }
.contents a .page { order: 2; }
.number { height: 297mm; position: relative; break-after: page; }
.number.wide { page: wide; height: 210mm; }
.number span { position: absolute; bottom: 7mm; right: 15mm; font-size: 8.5pt; color: #444; }
.number i { position: absolute; bottom: 7mm; left: 15mm; font-size: 8.5pt; color: #444; }
</style>"""


@dataclass
class Sheet:
    """One printed page of the site.

    Attributes
    ----------
    name, title : str
    reader : PdfReader
    first : int
        Number of its first sheet of paper in the whole, from 0.
    """

    name: str
    title: str
    reader: PdfReader
    first: int = 0

    @property
    def count(self) -> int:
        return len(self.reader.pages)


def main() -> list[Path]:
    """Build the site if need be, print it, and return the files: the whole, then the chapters."""
    executable = chromium()
    if executable is None:
        sys.exit("[pdf] printing needs Chromium or Chrome (Debian: apt-get install chromium)")
    book.main()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        out = printed_book(book.ROOT, browser)
        browser.close()
    return out


def printed_book(root: Path, browser: Any) -> list[Path]:
    """Print the site that stands in `_build/html` with a running browser, and return the files."""
    with serving(root / "_build/html") as address:
        page = browser.new_page(viewport={"width": 1100, "height": 1400}, color_scheme="light")
        sheets = list(printed(page, address, book.pages(root), root))
        read = [sheet for sheet in sheets if sheet is sheets[0] or sheet.name.startswith(READ)]
        page.goto(f"{address}/{sheets[-1].name}.html")  # what is set from here on has the fonts of the site
        out = [bound(root, page, some, address, file)
               for some, file in ((sheets, FILE), (read, FILE.replace(".pdf", "-chapters.pdf")))]
        page.close()
    return out


def bound(root: Path, page: Any, sheets: list[Sheet], address: str, name: str) -> Path:
    """Join printed pages into a file, with what stands in front of them and at their feet."""
    started, out = time.monotonic(), root / "_build" / name
    front = placed(page, sheets, root)
    whole = joined(front, sheets, address, twins.site_address(root))
    numbered(whole, page, sheets)
    for sheet in whole.pages:  # each was unpacked when its number was put onto it
        sheet.compress_content_streams()
    whole.compress_identical_objects()
    whole.write(out)
    size = out.stat().st_size / 1e6
    print(f"[pdf] {len(whole.pages)} pages, {size:.0f} MB, in {time.monotonic() - started:.0f} s: {out}", flush=True)
    return out


def printed(page: Any, address: str, names: list[str], root: Path) -> Iterator[Sheet]:
    """Each page of the site on paper, with a named place for everything that another page links to."""
    wanted = links(root, names)
    for name in names:
        page.goto(f"{address}/{name}.html", wait_until="load")
        page.evaluate(READY_TO_PRINT)
        page.wait_for_timeout(300)
        title = page.locator("h1").first.evaluate("h => h.firstChild.textContent.trim()")
        page.evaluate(LINKED, sorted(wanted.get(name, ())))
        data = page.pdf(format="A4", print_background=True, prefer_css_page_size=True, tagged=True, outline=True)
        yield Sheet(name, title, PdfReader(io.BytesIO(data)))


def links(root: Path, names: list[str]) -> dict[str, set[str]]:
    """For each page, the anchors that any page links to."""
    found: dict[str, set[str]] = {}
    for name in names:
        text = (root / "_build/html" / f"{name}.html").read_text(encoding="utf8")
        for href in re.findall(r'<a\s[^>]*?href="([^"]*#[^"]+)"', text):
            address, anchor = urldefrag(urljoin(f"{NOWHERE}/{name}.html", unescape(href)))
            if address.startswith(NOWHERE):
                found.setdefault(_page_of(address, NOWHERE), set()).add(unquote(anchor))
    return found


def _page_of(address: str, base: str) -> str:
    """The page of the site at an address, without suffix."""
    return unquote(address.removeprefix(f"{base}/")).removesuffix(".html")


def placed(page: Any, sheets: list[Sheet], root: Path) -> PdfReader:
    """Cover and contents; printed twice, for the number of their own pages moves the others."""
    length = 2
    for _ in range(3):
        at = length
        for sheet in sheets:
            sheet.first, at = at, at + sheet.count
        front = _html(page, cover(root) + contents(sheets, root))
        if len(front.pages) == length:
            return front
        length = len(front.pages)
    raise RuntimeError("the contents have no settled length")


def cover(root: Path) -> str:
    settings = execute.config(root)
    return (
        f'{STYLE}<div class="cover"><h1>{escape(settings["title"])}</h1><p>How large language models are trained and '
        f"served, deduced from data sheets and price lists.</p><p>Version {__version__}. "
        f'<a href="{escape(settings["repository"]["url"])}">{escape(settings["repository"]["url"])}</a></p>'
        f'{settings["html"]["extra_footer"]}</div>'
    )


def contents(sheets: list[Sheet], root: Path) -> str:
    by_name = {sheet.name: sheet for sheet in sheets}
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf8"))
    parts = [f'<div class="contents"><h2>Contents</h2>{_line(by_name[toc["root"]])}']
    for part in toc["parts"]:
        lines = [_line(by_name[name]) for name in book.files_in(part["chapters"]) if name in by_name]
        parts += [f"<h3>{escape(part['caption'])}</h3>", *lines] if lines else []
    return "\n".join([*parts, "</div>"])


def _line(sheet: Sheet) -> str:
    return (f'<a href="{NOWHERE}/{sheet.name}.html"><span>{escape(sheet.title)}</span>'
            f'<span class="page">{sheet.first + 1}</span></a>')  # fmt: skip


def _html(page: Any, markup: str) -> PdfReader:
    page.set_content(f"<!DOCTYPE html><html lang=en><meta charset=utf-8>{markup}</html>")
    page.evaluate("() => document.fonts.ready.then(() => true)")
    data = page.pdf(format="A4", print_background=True, prefer_css_page_size=True)
    return PdfReader(io.BytesIO(data))


def joined(front: PdfReader, sheets: list[Sheet], address: str, published: str) -> PdfWriter:
    """All in one: bookmarks by page and heading, links that lead within the file, or to the published site."""
    whole = PdfWriter()
    whole.append(front)
    for sheet in sheets:
        whole.append(sheet.reader, outline_item=sheet.title)
    by_name = {sheet.name: sheet for sheet in sheets}
    places = {sheet.name: dict(sheet.reader.named_destinations) for sheet in sheets}
    here = {number: sheet.name for sheet in sheets for number in range(sheet.first, sheet.first + sheet.count)}
    for number, page in enumerate(whole.pages):
        for link in page.get("/Annots", ()):
            turned = link.get_object()
            target = _target(turned, here.get(number, ""), address)
            if target and target[0] in by_name:
                named = places[target[0]]
                _lead(whole, turned, by_name[target[0]], named.get(f"/{target[1]}", named.get(target[1])))
            elif target:
                there = f"{published}{target[0]}.html" + f"#{quote(target[1])}" * bool(target[1])
                turned["/A"].get_object()[NameObject("/URI")] = TextStringObject(there)
    return whole


def _target(link: DictionaryObject, here: str, address: str) -> tuple[str, str] | None:
    """Page and anchor that a link leads to, or None if it leads out of the book."""
    if link.get("/Subtype") != "/Link":
        return None
    if "/Dest" in link:
        return (here, str(link["/Dest"])) if isinstance(link["/Dest"], str) else None
    action = link.get("/A", DictionaryObject()).get_object()
    if action.get("/S") != "/URI":
        return None
    found, anchor = urldefrag(str(action["/URI"]))
    base = next((base for base in (address, NOWHERE) if found.startswith(base)), None)
    return (_page_of(found, base), unquote(anchor)) if base else None


def _lead(whole: PdfWriter, link: DictionaryObject, sheet: Sheet, place: Any) -> None:
    """Make a link lead to a place on a sheet; to its top where the place is not known."""
    number, top = sheet.first, 842.0
    if place is not None:
        number += sheet.reader.get_destination_page_number(place) or 0
        top = float(place.top or top)
    for key in ("/A", "/Dest"):
        if key in link:
            del link[key]
    fit = Fit.xyz(left=0, top=top, zoom=0)
    link[NameObject("/Dest")] = ArrayObject(
        [whole.pages[number].indirect_reference, NameObject(fit.fit_type), *fit.fit_args])  # fmt: skip


def numbered(whole: PdfWriter, page: Any, sheets: list[Sheet]) -> None:
    """Print the title and the number of the page at the foot of every page but those in front."""
    titles = [(sheet, number) for sheet in sheets for number in range(sheet.first, sheet.first + sheet.count)]
    feet = [
        f'<div class="number{" wide" * _wide(whole, number)}"><i>{escape(sheet.title)}</i><span>{number + 1}</span>'
        for sheet, number in titles
    ]
    stamps = _html(page, STYLE + "</div>".join(feet) + "</div>")
    for (_, number), stamp in zip(titles, stamps.pages, strict=False):
        whole.pages[number].merge_page(stamp)
    whole.add_metadata({"/Title": "Tokens from First Principles"})


def _wide(whole: PdfWriter, number: int) -> bool:
    """Whether a page lies on its side."""
    return bool(whole.pages[number].mediabox.width > whole.pages[number].mediabox.height)


if __name__ == "__main__":
    main()
