"""A Sphinx extension: a line above the title of a chapter or lab says which it is and leads to what readers seek."""

from __future__ import annotations

from html import escape
from pathlib import PurePosixPath
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

KINDS = {"lectures": "Chapter", "labs": "Lab"}
AT_HOME = "book/teaching", "on-your-own-computer"
PARTS = {"try-it": "Explorer", "what-the-lecture-said": "What the lecture said", "takeaways": "Takeaways"}


def place(env: BuildEnvironment, page: str) -> int:
    """Number of a page among those of its folder, as the table of contents has them."""
    folder = page.rpartition("/")[0]
    all_pages = env.toctree_includes.get(env.config.root_doc, [])
    return [name for name in all_pages if name.startswith(f"{folder}/")].index(page) + 1


def links(app: Sphinx, page: str, body: str) -> dict[str, str]:
    """Addresses by their words: parts that the page has, and its lab, or its chapter."""
    found = {words: f"#{part}" for part, words in PARTS.items() if f'id="{part}"' in body}
    path = PurePosixPath(page)
    folder = "labs" if path.parent.name == "lectures" else "lectures"
    if (other := f"{folder}/{path.name}") in app.env.found_docs:
        found[f"{KINDS[folder]} {place(app.env, other)}"] = app.builder.get_relative_uri(page, other)
    if path.parent.name == "labs":
        found["Run it on your computer"] = app.builder.get_relative_uri(page, AT_HOME[0]) + f"#{AT_HOME[1]}"
    return found


def add(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    folder = page.rpartition("/")[0]
    if doctree is None or folder not in KINDS or "<h1>" not in context["body"]:
        return
    name = f"{KINDS[folder]} {place(app.env, page)}"
    leads = "".join(f' <a href="{address}">{escape(words)}</a>'
                    for words, address in links(app, page, context["body"]).items())  # fmt: skip
    line = f'<nav class="signposts" aria-label="{name}"><span>{name}</span>{leads}</nav>'
    context["body"] = context["body"].replace("<h1>", f"{line}<h1>", 1)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
