"""A Sphinx extension: where the prose of a chapter names a function or a formula, the name leads to its description.

A name alone is looked for in the chapter's own module first, then in all of the package, where it must be the only one.
Words that stand for one lead there too: {named}`the balance batch <balance_batch>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole

LOG = logging.getLogger(__name__)

CHAPTERS = "lectures/"
NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
KINDS = ("data", "function", "class", "exception")


class Named(ReferenceRole):
    """Words, and the name of what they stand for."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        words = nodes.inline("", self.title, named=self.target)
        self.set_source_info(words)
        return [words], []


def link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn each name in code into a link, but for those in headings and in links, and all words that stand for one."""
    if not docname.startswith(CHAPTERS):
        return
    known = app.env.domains["py"].objects
    described = {name for name, entry in known.items() if entry.objtype in KINDS}
    literals = [literal for literal in doctree.findall(nodes.literal) if NAME.fullmatch(literal.astext())
                and not isinstance(literal.parent, nodes.reference | nodes.title)]  # fmt: skip
    for found in [*literals, *(words for words in doctree.findall(nodes.inline) if "named" in words)]:
        name = found.get("named") or found.astext()
        if full := meant(name, docname.removeprefix(CHAPTERS), described):
            entry = known[full]
            address = f"{app.builder.get_relative_uri(docname, entry.docname)}#{entry.node_id}"
            reference = nodes.reference("", "", internal=True, refuri=address)
            found.replace_self(reference)
            reference += found
        elif "named" in found:
            LOG.warning("nothing in the package is certainly called %r", name, location=found)


def meant(name: str, chapter: str, described: Iterable[str]) -> str | None:
    """The full name of what a chapter calls `name`, if that is certain."""
    known = set(described)
    exact = [full for full in (f"roofline.{chapter}.{name}", f"roofline.{name}") if full in known]
    others = [full for full in known if full.startswith("roofline.") and full.endswith(f".{name}")]
    return exact[0] if exact else others[0] if len(others) == 1 else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_role("named", Named())
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
