"""A Sphinx extension: pages carry the meaning of the words that they link to the glossary, for `terms.js` to show."""

from __future__ import annotations

import json
import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

GLOSSARY = "book/glossary"
LINK = re.compile(r'href="[^"]*glossary\.html#(term-[^"]+)"')


def add(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the meanings of the page's words to its body, as JSON."""
    if not doctree or page == GLOSSARY:
        return
    known = meanings(app)
    found = {name: known[name] for name in sorted(set(LINK.findall(context["body"]))) if name in known}
    if found:
        text = json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        context["body"] += f'<script type="application/json" id="terms">{text}</script>'


def meanings(app: Sphinx) -> dict[str, str]:
    """The markup of each definition by the identifier of its word, made once a build."""
    if not hasattr(app, "glossary_meanings"):
        glossary = app.env.get_doctree(GLOSSARY)
        app.glossary_meanings = {  # type: ignore[attr-defined]
            name: app.builder.render_partial(plain(item))["fragment"]  # type: ignore[attr-defined]
            for item in glossary.findall(nodes.definition_list_item)
            for name in item[0]["ids"]
        }
    return app.glossary_meanings  # type: ignore[attr-defined]


def plain(item: nodes.Element) -> nodes.Element:
    """The paragraphs of a definition without links, which would lead away from a card, and without citations."""
    text = nodes.container()
    text += [part.deepcopy() for part in item[-1].children]
    for link in list(text.findall(addnodes.pending_xref)):
        words = nodes.inline("", "") if link["refdomain"] == "cite" else nodes.inline("", link.astext())
        before = link.parent[link.parent.index(link) - 1]
        if link["refdomain"] == "cite" and isinstance(before, nodes.Text):
            link.parent.replace(before, nodes.Text(before.rstrip()))
        link.replace_self(words)
    return text


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", add, priority=400)  # before scripts are chosen by what a page needs
    return {"parallel_read_safe": True, "parallel_write_safe": True}
