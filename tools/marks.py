"""A Sphinx extension: what the style sheet must know of an element's contents, as classes.

`:has()` in the sheet could ask for it too, but then a browser asks anew at each change of a page: half of a frame of an
explorer went there.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx


def mark(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for table in doctree.findall(nodes.table):
        mark_table(table)
    for link in doctree.findall(nodes.reference):
        if any("std-term" in child["classes"] for child in link.findall(nodes.inline)):
            link["classes"].append("term")


def mark_table(table: nodes.table) -> None:
    """Mark its empty cells, and it, if it names symbols or formulas in code; drop a head in which nothing stands."""
    for head in list(table.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)
    for entry in table.findall(nodes.entry):
        if not entry.astext().strip():
            entry["classes"].append("empty")
    if named_in_code(table):
        table["classes"] += ["named-in-code"] + ["of-three"] * (columns(table) == 3)


def columns(table: nodes.table) -> int:
    return max(len(row) for row in table.findall(nodes.row))


def named_in_code(table: nodes.table) -> bool:
    """Whether one of the first two of at least three columns holds code, and any of them a formula."""
    first = [entry for body in table.findall(nodes.tbody) for row in body for entry in row[:2]]
    return columns(table) >= 3 and any(map(holds_code, first)) and next(table.findall(nodes.math), None) is not None


def holds_code(entry: nodes.entry) -> bool:
    """Whether there is code in a cell, as Markdown or in tags."""
    plain = next(entry.findall(nodes.literal), None)
    return plain is not None or any("<code" in raw.astext() for raw in entry.findall(nodes.raw))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", mark)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
