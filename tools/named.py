"""A Sphinx extension: where the prose of a chapter names a function or a formula, the name leads to its description.

A name alone is looked for in the chapter's own module first, then in all of the package, where it must be the only one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docutils import nodes
from sphinx.application import Sphinx

CHAPTERS = "lectures/"
NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
KINDS = ("data", "function", "class", "exception")


def link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn each name in code into a link, but for those in headings and in links."""
    if not docname.startswith(CHAPTERS):
        return
    known = app.env.domains["py"].objects
    described = {name for name, entry in known.items() if entry.objtype in KINDS}
    for literal in list(doctree.findall(nodes.literal)):
        name = literal.astext()
        if NAME.fullmatch(name) and not isinstance(literal.parent, nodes.reference | nodes.title):
            full = meant(name, docname.removeprefix(CHAPTERS), described)
            if full:
                entry = known[full]
                address = f"{app.builder.get_relative_uri(docname, entry.docname)}#{entry.node_id}"
                reference = nodes.reference("", "", internal=True, refuri=address)
                literal.replace_self(reference)
                reference += literal


def meant(name: str, chapter: str, described: Iterable[str]) -> str | None:
    """The full name of what a chapter calls `name`, if that is certain."""
    known = set(described)
    exact = [full for full in (f"roofline.{chapter}.{name}", f"roofline.{name}") if full in known]
    others = [full for full in known if full.startswith("roofline.") and full.endswith(f".{name}")]
    return exact[0] if exact else others[0] if len(others) == 1 else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
