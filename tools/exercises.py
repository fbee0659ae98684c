"""A Sphinx extension: exercises are numbered by chapter, 2.1 being the first of the second, not through the book.

And the space between "Solution to" and the exercise stands before the link, not in it.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node

CHAPTERS = "lectures/"


def number(app: Sphinx, env: BuildEnvironment) -> None:
    """Give each exercise the numbers of its chapter and of its place there, once all pages are read."""
    pages = [page for page in env.toctree_includes.get(app.config.root_doc, ()) if page.startswith(CHAPTERS)]
    for chapter, page in enumerate(pages, 1):
        numbers = env.toc_fignumbers.get(page, {}).get("exercise", {})
        for place, name in enumerate(numbers, 1):
            numbers[name] = (chapter, place)


class SpaceBeforeLinks(SphinxPostTransform):
    """Take the space that sphinx-exercise puts into the link of a solution's title out of it."""

    default_priority = 23  # the titles are made at 21, and references to solutions at 22

    def run(self, **_: Any) -> None:
        for solution in self.document.findall(solution_node):
            for link in list(solution.children[0].findall(nodes.reference)):
                words = link.children[0]
                link.replace(words, nodes.Text(words.astext().lstrip()))
                link.parent.insert(link.parent.index(link), nodes.Text(" "))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(SpaceBeforeLinks)
    app.connect("env-check-consistency", number)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
