"""A Sphinx extension: exercises are numbered by chapter, 2.1 being the first of the second, not through the book."""

from __future__ import annotations

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

CHAPTERS = "lectures/"


def number(app: Sphinx, env: BuildEnvironment) -> None:
    """Give each exercise the numbers of its chapter and of its place there, once all pages are read."""
    pages = [page for page in env.toctree_includes.get(app.config.root_doc, ()) if page.startswith(CHAPTERS)]
    for chapter, page in enumerate(pages, 1):
        numbers = env.toc_fignumbers.get(page, {}).get("exercise", {})
        for place, name in enumerate(numbers, 1):
            numbers[name] = (chapter, place)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("env-check-consistency", number)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
