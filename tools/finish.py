"""What Sphinx leaves undone: the notebooks and cards that the site offers for download, and its bare address."""

from __future__ import annotations

import re
import tempfile
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tools import execute

if TYPE_CHECKING:
    from jupyter_cache.base import JupyterCacheAbstract

DOUBLED = "MM319 602"
SEARCH = re.compile(r'\s*<script src="[./]*(_static/searchtools|_static/language_data|searchindex)\.js[^"]*"></script>')
CLASSES = re.compile(r'\bclass="([^"]*)"')
HOLDS = ["title-page", "colophon", "no-launch", "table-box", "claims-box", "ledger", "errata"]
BODY = re.compile(r"<body (?!class=)")
RULE_WITH_HAS = re.compile(r"[^{}]*:has\([^{}]*\{[^{}]*\}")
SHARED = re.compile(r'<(?:meta (?:property="og:|name="(?:twitter:|description"))|link rel="canonical")[^>]*>')
MAP = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{}\n</urlset>\n'
FRONT = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={target}">
<title>{title}</title>{icon}
{shared}
</head>
<body>
<p><a href="{target}">{title}</a></p>
</body>
</html>
"""


def downloads(root: Path, cache: JupyterCacheAbstract) -> dict[str, bytes]:
    """Each notebook as its executed twin; Sphinx copies it in raw MyST and without outputs."""
    import nbformat  # both are slow to import, and an unchanged site needs neither

    from tools import twins

    return {f"_sources/{page.relative_to(root).with_suffix('.ipynb').as_posix()}":
            (nbformat.writes(twins.executed(page, cache, root)) + "\n").encode() for page in execute.notebooks(root)}


def decks() -> dict[str, bytes]:
    """The deck of cards, as Markdown and, where genanki is installed, for Anki."""
    from roofline.teaching import cards, deck, deck_files

    found = {deck.FILES["markdown"]: deck_files.markdown(cards.select()).encode()}
    if find_spec("genanki"):
        with tempfile.TemporaryDirectory() as folder:
            deck_files.anki(cards.select(), Path(folder, "deck"))
            found[deck.FILES["anki"]] = Path(folder, "deck").read_bytes()
    return found


def lay_out(root: Path, files: dict[str, bytes]) -> None:
    """Put files into the site, notebooks only where Sphinx has put their source."""
    for name, content in files.items():
        file = root / "_build/html" / name
        if file.exists() or not name.startswith("_sources/"):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)


def mend(root: Path) -> None:
    """Every page: its floor brackets, its scripts, and what its style sheet must know of it."""
    for page in (root / "_build/html").rglob("*.html"):
        text = page.read_text(encoding="utf8")
        mended = tall_floors(says_what_it_holds(text))
        mended = mended if page.name == "search.html" else SEARCH.sub("", mended)
        if mended != text:
            page.write_text(mended, encoding="utf8")


def tall_floors(text: str) -> str:
    """Mend the path of KaTeX's tall floor brackets, which begins with a doubled M and so is not drawn."""
    return text.replace(DOUBLED, DOUBLED[1:])


def says_what_it_holds(text: str) -> str:
    """A page whose `body` has the class `holds-ledger` if an element in it has `ledger`: `:has()` at no cost."""
    classes = {name for found in CLASSES.findall(text) for name in found.split()}
    held = " ".join(f"holds-{name}" for name in HOLDS if name in classes)
    return BODY.sub(f'<body class="{held}" ', text, count=1) if held else text


def calm_sheets(root: Path) -> None:
    """Take the rules with `:has()` out of the sheets of theme and notebooks: none is needed here, each slows all pages.

    A browser asks them anew at each change of a page. With them, a frame of an explorer takes twice as long.
    """
    for sheet in (root / "_build/html").rglob("*.css"):
        text = sheet.read_text(encoding="utf8")
        if ":has(" in text:
            sheet.write_text(RULE_WITH_HAS.sub("", text), encoding="utf8")


def front_page(root: Path, first: str) -> None:
    """Write `index.html`, which leads to the first page of the book and tells others the same of itself."""
    settings = execute.config(root)
    favicon = settings.get("html", {}).get("favicon")
    icon = f'\n<link rel="icon" href="_static/{Path(favicon).name}">' if favicon else ""
    language = settings.get("sphinx", {}).get("config", {}).get("language", "en")
    shared = "\n".join(SHARED.findall((root / f"_build/html/{first}.html").read_text(encoding="utf8")))
    title, target = escape(settings["title"]), f"{first}.html"
    text = FRONT.format(language=language, target=target, title=title, icon=icon, shared=shared)
    (root / "_build/html/index.html").write_text(text, encoding="utf8")


def sitemap(root: Path, pages: list[str]) -> None:
    """List the addresses of all pages for search engines."""
    from tools import twins

    lines = [f"<url><loc>{twins.site_address(root)}{page}.html</loc></url>" for page in pages]
    (root / "_build/html/sitemap.xml").write_text(MAP.format("\n".join(lines)), encoding="utf8")
