"""Figures that a browser fetches when a reader comes near them: they are half of what a chapter weighs.

Each is a link to itself: on a phone, where its lettering is small, a tap shows it as large as it was drawn.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from html import unescape
from pathlib import Path

FIGURE = re.compile(r'<img (?![^>]*\bloading=)([^>]*\bsrc="([^"]*_images/[^"?]+\.png)"[^>]*?)(/?)>')


def lazily(root: Path) -> None:
    """Let the figures of every page load late and open by themselves, and give their sizes, so that nothing moves."""
    for page in (root / "_build/html").rglob("*.html"):
        text = page.read_text(encoding="utf8")
        late = FIGURE.sub(lambda found, page=page: _late(found, page.parent), text)  # type: ignore[misc]
        if late != text:
            page.write_text(late, encoding="utf8")


def _late(found: re.Match[str], folder: Path) -> str:
    attributes, source, end = found.groups()
    sized = "" if re.search(r"\b(width|height)[=:]", attributes) else 'width="{}" height="{}" '.format(
        *size((folder / unescape(source)).resolve()))  # fmt: skip
    return f'<a class="enlarge" href="{source}" title="Enlarge"><img loading="lazy" {sized}{attributes}{end}></a>'


@cache
def size(file: Path) -> tuple[int, int]:
    """Width and height of a PNG in pixels, as its header has them."""
    with file.open("rb") as opened:
        head = opened.read(24)
    if head[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{file} is no PNG")
    width, height = struct.unpack(">II", head[16:24])
    return width, height
