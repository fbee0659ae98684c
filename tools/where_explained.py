"""A Sphinx extension: the index at the end of the book, and where the chapters speak of a formula.

Terms are indexed where a chapter first links them to the glossary, formulas where a chapter first shows their equation
or, failing that, first uses them in a cell. Nothing of it is typed: it is read off the pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxRole

CHAPTERS = "lectures/"
EQUATION = re.compile(r"(?<!\w)equation\(([^()]*)\)")
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.M | re.S)
HEADING = re.compile(r"^##+ (.+)$")
PACKAGE = "book/api/"
MEMBER = re.compile(r" (attribute|property|method)\)$")  # found under their class
OWNER = re.compile(r" \((class )?in (module )?[\w.]+\)$")


class Indexed(SphinxTransform):
    """Adds to a chapter the entries of its terms and formulas; domains collect them afterwards."""

    default_priority = 840

    def apply(self, **_: Any) -> None:
        if not self.env.docname.startswith(CHAPTERS):
            return
        found = dict(terms(self.document))
        places = dict(formulas(self.env.doc2path(self.env.docname), self.document))
        explained(self.env)[self.env.docname] = places
        entries = [("single", name, target, "", None) for name, target in (found | places).items()]
        self.document.insert(0, addnodes.index(entries=entries))


def explained(env: BuildEnvironment) -> dict[str, dict[str, str]]:
    """For each chapter, the section of each formula."""
    if not hasattr(env, "formulas_explained"):
        env.formulas_explained = {}  # type: ignore[attr-defined]
    return env.formulas_explained  # type: ignore[attr-defined]


def terms(document: nodes.document) -> Iterator[tuple[str, str]]:
    """Each term of the glossary that the chapter links, with the section of its first link."""
    links = [node for node in document.findall(addnodes.pending_xref) if node["reftype"] == "term"]
    for node in reversed(links):
        yield node["reftarget"], section_of(node)


def section_of(node: nodes.Node | None) -> str:
    while node is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node["ids"][0] if node is not None else ""


def formulas(path: str, document: nodes.document) -> Iterator[tuple[str, str]]:
    """Each formula that the chapter shows or uses, with its section; what is shown as an equation wins."""
    with open(path, encoding="utf8") as file:
        parts = list(sections(file.read(), document))
    for wanted in (used, shown):
        for target, text in reversed(parts):
            yield from ((name, target) for name in wanted(text) if name in names())


def sections(text: str, document: nodes.document) -> Iterator[tuple[str, str]]:
    """The identifier and the source of each section, by its title."""
    ids: dict[str, list[str]] = {}
    for node in document.findall(nodes.section):
        ids.setdefault(letters(node[0].astext()), []).append(node["ids"][0])
    target, fenced = "", False
    lines: list[str] = []
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and (heading := HEADING.match(line)) and (known := ids.get(letters(heading[1]))):
            yield target, "\n".join(lines)
            target, lines = known.pop(0), []
        lines.append(line)
    yield target, "\n".join(lines)


def letters(title: str) -> str:
    """A title without marks, so that source and page agree."""
    return re.sub(r"\W", "", title)


def shown(text: str) -> list[str]:
    return [name for call in EQUATION.findall(text) for name in re.findall(r"\w+", call)]


def used(text: str) -> list[str]:
    cells = [cell for cell in CELL.findall(text) if "import " not in cell]
    return [name for cell in cells for name in re.findall(r"\b[A-Za-z]\w*\b", cell)]


@cache
def names() -> frozenset[str]:
    from roofline.teaching import chapters  # slow to import, and Sphinx loads extensions for every command

    return frozenset(formula.name for formula in chapters.formulas())


class Explained(nodes.Inline, nodes.TextElement):
    """Stands for the chapters that speak of a formula until all of them have been read."""


class ExplainedRole(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        return [Explained("", formula=self.text)], []


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put links to the chapters in the place of each Explained; without any, take away the line that it stands in."""
    for node in list(doctree.findall(Explained)):
        found = [(page, places[node["formula"]]) for page, places in sorted(explained(app.env).items())
                 if node["formula"] in places]  # fmt: skip
        if not found:
            field = node.parent.parent.parent
            field.parent.remove(field)
            continue
        links: list[nodes.Node] = []
        for page, target in found:
            address = f"{app.builder.get_relative_uri(docname, page)}#{target}"
            links += [nodes.Text(", ")] if links else []
            links += [nodes.reference("", title(app.env, page), internal=True, refuri=address)]
        node.replace_self(links)


def title(env: BuildEnvironment, page: str) -> str:
    return env.titles[page].astext()


def purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    explained(env).pop(docname, None)


def entries(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Say in the index where each link leads, as a printed one gives the page."""
    if "genindexentries" not in context:  # the page of the table of contents, which the index then takes the place of
        return
    words = [(letter, [worded(app.env, *entry) for entry in group if not MEMBER.search(entry[0])])
             for letter, group in context["genindexentries"]]  # fmt: skip
    context["genindexentries"] = [(letter, group) for letter, group in words if group]


def worded(env: BuildEnvironment, name: str, entry: Any) -> tuple[str, bool, list[tuple[str, str]]]:
    """An entry: its words, whether they are code, and its links with what each leads to.

    Functions of one name in several modules come from Sphinx as parts of one entry, and say their modules here.
    """
    links, parts, _ = entry
    parts = [more for part, more in parts if not MEMBER.search(part)]
    found = [address for _, address in [*links, *(link for more in parts for link in more)]]
    several = sum(address.startswith(PACKAGE) for address in found) > 1
    code = name in names() or bool(OWNER.search(name) or parts)
    return OWNER.sub("", name), code, [(place(env, address, several), address) for address in found]


def place(env: BuildEnvironment, address: str, several: bool) -> str:
    """What a link of the index says: the title of a chapter or page; for the package, "package" or the module."""
    page, _, target = address.partition("#")
    if page.startswith(PACKAGE):
        return target.removeprefix("roofline.").rpartition(".")[0] if several else "package"
    return title(env, page.removesuffix(".html"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_transform(Indexed)
    app.add_role("explained", ExplainedRole())
    app.add_node(Explained)
    app.connect("doctree-resolved", resolve)
    app.connect("env-purge-doc", purge)
    app.connect("html-page-context", entries)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
