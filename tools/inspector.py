"""A Sphinx extension: numbers that a reader can open, and scripts and sheets only on the pages that need them.

`{glue:text}` becomes a span that names its number, and the page gets the records of its numbers once, as JSON;
`book/assets/numbers.js` makes a button and a card of the two. Without the script the span is plain text.
"""

from __future__ import annotations

import json
import re
from typing import Any

from docutils import nodes
from myst_nb.core.variables import RetrievalError
from myst_nb.ext.glue.roles import PasteTextRole
from myst_nb.ext.glue.utils import retrieve_glue_data
from sphinx.application import Sphinx

SOURCE = re.compile(r"<annotation.*?</annotation>")  # the LaTeX beside a formula that KaTeX has set
SCRIPTS = {  # by what stands in the pages that need them
    "cards.js": r'data-number=|id="terms"',
    "numbers.js": "data-number=",
    "terms.js": 'id="terms"',
    "ledger.js": 'class="ledger"',
}

SHEETS = {"front.css": re.compile(r'class="no-launch (title-page|colophon)"')}


class Glued(nodes.inline):
    """A number of the prose, with its record; to all other writers it is plain inline text."""


class GluedText(PasteTextRole):
    """`{glue:text}` that keeps the record beside the value."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        pasted, messages = super().run()
        try:
            record = retrieve_glue_data(self.document, self.text).metadata.get("number")
        except RetrievalError:  # of another page, or missing, which the role has reported
            record = None
        if record and len(pasted) == 1:
            pasted = [Glued("", pasted[0].astext(), classes=["pasted-text"], record=dict(record))]
        return pasted, messages


def visit(writer: Any, node: Glued) -> None:
    writer.body.append(writer.starttag(node, "span", "", **{"data-number": node["record"]["key"]}))


def depart(writer: Any, node: Glued) -> None:
    writer.body.append("</span>")


def add_records(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Append the records of the page's numbers to its body, and load the scripts it needs."""
    records = {node["record"]["key"]: node["record"] for node in doctree.findall(Glued)} if doctree else {}
    if records:
        text = json.dumps(typeset(list(records.values()), functions(app)), ensure_ascii=False, separators=(",", ":"))
        safe = text.replace("</", "<\\/")
        context["body"] += f'<script type="application/json" id="numbers">{safe}</script>'
    for script, sign in SCRIPTS.items():
        if re.search(sign, context.get("body", "")):
            app.add_js_file(script, defer="defer")
    for sheet, pattern in SHEETS.items():
        if pattern.search(context.get("body", "")):
            app.add_css_file(sheet)


def functions(app: Sphinx) -> dict[str, str]:
    """Where the pages of the package show each of its functions, by the last part of its name."""
    listed = app.env.get_domain("py").objects.items()  # type: ignore[attr-defined]
    return {
        name.rpartition(".")[2]: f"{entry.docname}.html#{entry.node_id}"
        for name, entry in listed
        if name.startswith("roofline.") and entry.objtype == "function"
    }


def typeset(records: list[dict[str, Any]], places: dict[str, str]) -> dict[str, Any]:
    """What the inspector needs, with the LaTeX set."""
    from sphinxcontrib.katex import render_latex

    from roofline.teaching import inspection  # slow to import, and Sphinx loads extensions for every command

    found = inspection.page(records, places)
    for kind, style in (("formulas", r"\displaystyle "), ("expressions", r"\displaystyle "), ("symbols", "")):
        found[kind] = {
            name: (words, SOURCE.sub("", render_latex(style + tex))) for name, (words, tex) in found[kind].items()
        }
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(Glued, html=(visit, depart))
    app.add_role_to_domain("glue", "text", GluedText(), override=True)
    app.connect("html-page-context", add_records)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
