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


def tall_floors(root: Path) -> None:
    """Mend the path of KaTeX's tall floor brackets, which begins with a doubled M and so is not drawn."""
    for page in (root / "_build/html").rglob("*.html"):
        text = page.read_text(encoding="utf8")
        if DOUBLED in text:
            page.write_text(text.replace(DOUBLED, DOUBLED[1:]), encoding="utf8")


def search_tools(root: Path) -> None:
    """Take the index of the book off all pages but the search; the theme loads it for searches as one types."""
    for page in (root / "_build/html").rglob("*.html"):
        text = page.read_text(encoding="utf8")
        if page.name != "search.html" and SEARCH.search(text):
            page.write_text(SEARCH.sub("", text), encoding="utf8")


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
