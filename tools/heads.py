"""A Sphinx extension: what each page says of itself to a search engine, and to whoever shares a link to it.

A description (the page's first paragraph), its canonical address, and the tags that social networks read. The picture
they name is drawn by tools/cards.py once the pages are there.
"""

from __future__ import annotations

import re
import zlib
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

LONGEST = 200  # characters of a description
FOLDER = "_static/cards"
SIZE = 1200, 630
MADE = {"genindex": ("Index", "Where the book explains a word, a formula or a function of the package: links.")}


def address(app: Sphinx, config: Config) -> None:
    """Let Sphinx name the canonical address of each page; `_config.yml` says where the repository is."""
    from tools import twins

    config["html_baseurl"] = twins.site_address(Path(app.confdir))


def add_tags(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the tags of a page to its head; of pages without a source, such as the search, those of MADE have some."""
    if doctree is None and page not in MADE:
        return
    site = app.config.html_title
    title, words = MADE[page] if doctree is None else (plain(context["title"]), description(doctree) or site)
    card = f"{FOLDER}/{picture(page, title, words)}"
    named = {
        "og:type": "website" if page == app.config.root_doc else "article",
        "og:site_name": site,
        "og:title": title,
        "og:description": words,
        "og:url": f"{app.config.html_baseurl}{page}.html",
        "og:image": f"{app.config.html_baseurl}{card}",
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
        "og:image:alt": f"{title}: {words}",
    }
    tags = [f'<meta property="{name}" content="{escape(value)}" />' for name, value in named.items()]
    tags.append('<meta name="twitter:card" content="summary_large_image" />')
    tags.append(f'<meta name="description" content="{escape(words)}" />')
    if title == site:
        context["docstitle"] = ""  # or the title of the window would say it twice
    context["metatags"] = "\n    ".join([context.get("metatags", ""), *tags])


def plain(markup: str) -> str:
    """A title without its tags."""
    return re.sub(r"<[^>]*>", "", markup).replace("&amp;", "&")


def description(doctree: nodes.document) -> str:
    """The first paragraph of a page, cut at the end of a sentence or a word."""
    first = next(doctree.findall(nodes.paragraph), None)
    words = " ".join(first.astext().split()) if first else ""
    if len(words) <= LONGEST:
        return words
    sentence = max((match.end() for match in re.finditer(r"[.?!:](?= )", words[:LONGEST])), default=0)
    return words[:sentence].rstrip(":") if sentence > LONGEST / 4 else words[:LONGEST].rsplit(" ", 1)[0] + " …"


def picture(page: str, title: str, words: str) -> str:
    """Name of a page's picture; another when the words on it change."""
    return f"{page.replace('/', '-')}-{zlib.crc32(' '.join([title, words]).encode()):08x}.png"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", address)
    app.connect("html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
