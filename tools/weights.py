"""How heavy a built page is: gzip bytes of the page and of all that it asks for when it opens.

Fonts, which no tag names, are left out, and so are pictures that wait until a reader comes near them.
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SCRIPT = re.compile(r"(<script\b[^>]*>).*?(?=</script>)", re.DOTALL)
FETCHING = re.compile(r"""<(?:link|script|img|iframe|source|video|audio)\b(?:[^>"']|"[^"]*"|'[^']*')*>""")


class Parts(HTMLParser):
    """Collects the addresses that a browser fetches by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "link" and re.search(r"stylesheet|preload|icon", values.get("rel", "")):
            self.found.add(values.get("href", ""))
        elif tag in ("script", "img", "iframe", "source", "video", "audio") and values.get("loading") != "lazy":
            self.found.add(values.get("src", ""))


def parts(page: Path) -> set[Path]:
    """The files beside the page itself; what is written into the page, as data, is none."""
    reader = Parts()
    for tag in FETCHING.findall(SCRIPT.sub(r"\1", page.read_text(encoding="utf8"))):  # the others take long to parse
        reader.feed(tag + "</script>")
    files = {unquote(urlsplit(address).path) for address in reader.found if not address.startswith("data:")}
    return {(page.parent / file).resolve() for file in files if file} - {page}


@cache
def _packed(file: Path, changed: int) -> int:
    return len(gzip.compress(file.read_bytes()))


def packed(file: Path) -> int:
    """Size of one file as a server sends it."""
    return _packed(file, file.stat().st_mtime_ns)


def weigh(page: Path) -> tuple[int, int]:
    """Bytes of the page, and of the page with all its parts."""
    own = packed(page)
    return own, own + sum(packed(file) for file in parts(page))
