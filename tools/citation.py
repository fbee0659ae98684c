"""A Sphinx extension: `{citation}` says how to cite the book, in words and for BibTeX, out of CITATION.cff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FILE = "CITATION.cff"


def read(root: Path) -> dict[str, Any]:
    """What the file says."""
    return yaml.safe_load((root / FILE).read_text(encoding="utf8"))


def year(root: Path, cited: dict[str, Any]) -> str:
    """Of the release, or while there is none, of the copyright."""
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))
    return str(cited.get("date-released") or settings["copyright"])[:4]


def authors(cited: dict[str, Any]) -> list[str]:
    """Each by the name to print: that of a group, or given and family name."""
    return [one.get("name") or f"{one['given-names']} {one['family-names']}" for one in cited["authors"]]


def bibtex(root: Path) -> str:
    """The entry; a group's name stands in braces of its own, or BibTeX would take its last word for a family name."""
    cited = read(root)
    names = [f"{{{name}}}" if "name" in one else name
             for one, name in zip(cited["authors"], authors(cited), strict=True)]  # fmt: skip
    fields = {
        "author": " and ".join(names),
        "title": f"{{{cited['title']}}}",
        "year": year(root, cited),
        "note": f"Version {cited['version']}",
        "howpublished": rf"\url{{{cited['url']}}}",
    }
    lines = [f"  {name:<12} = {{{value}}}," for name, value in fields.items()]
    return "\n".join([f"@misc{{{cited['title'].lower().replace(' ', '_')},", *lines, "}"])


class Citation(SphinxDirective):
    """A sentence to print and an entry to copy."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(root / FILE))
        cited = read(root)
        words = nodes.paragraph()
        words += nodes.Text(f"{', '.join(authors(cited))} ({year(root, cited)}). ")
        words += nodes.emphasis("", cited["title"])
        words += nodes.Text(f" (version {cited['version']}). ")
        words += nodes.reference("", cited["url"], refuri=cited["url"])
        entry = nodes.literal_block(bibtex(root), bibtex(root), language="bibtex")
        return [words, entry]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("citation", Citation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
