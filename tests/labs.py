"""A lab for its tests: its cells, its functions, what its check cell says, and its executed copy."""

import ast
import contextlib
import inspect
import io
import runpy
from functools import cached_property
from typing import Any

import jupytext
from nbformat import NotebookNode

from roofline.teaching import rubrics
from tools import book, execute


class Lab:
    """A lab as a student gets it, beside functions that a student could hand in.

    Attributes
    ----------
    code : list of cell
    names : list of str
        The functions that are graded, in order.
    solved : dict of str to function
        Right ones, written without the package.
    graded : str
        The source of the cells that run when it is marked.
    """

    def __init__(self, name: str) -> None:
        self.page = book.ROOT / f"labs/{name}.md"
        self.code = [cell for cell in jupytext.read(self.page).cells if cell.cell_type == "code"]
        self.names = [question.name for question in rubrics.load(name)]
        solutions = runpy.run_path(str(book.ROOT / f"tests/grading/solutions/{name}.py"))
        self.solved = {name: solutions[name] for name in self.names}
        self.graded = "\n\n".join(cell.source for cell in [*self.tagged("setup"), *self.tagged("graded")])

    def tagged(self, tag: str) -> list[NotebookNode]:
        return [cell for cell in self.code if tag in cell.metadata.get("tags", [])]

    def cell(self, words: str) -> NotebookNode:
        """The first cell whose code has these words."""
        return next(cell for cell in self.code if words in cell.source)

    @property
    def figures(self) -> dict[int, str]:
        """Words for those who do not see it, by the place of the cell that draws."""
        return {place: cell.metadata["mystnb"]["image"]["alt"]
                for place, cell in enumerate(self.code) if "image" in cell.metadata.get("mystnb", {})}

    @property
    def defined(self) -> list[str]:
        """The functions that the cells to be marked define, in order."""
        return [node.name for node in ast.parse(self.graded).body if isinstance(node, ast.FunctionDef)]

    @cached_property
    def stubs(self) -> dict[str, Any]:
        """The functions as a student gets them, their cells having run with nothing else."""
        names: dict = {}
        exec(compile(self.graded, str(self.page), "exec"), names)
        return {name: names[name] for name in self.names}

    def told(self, functions: dict[str, Any]) -> str:
        """What the check cell prints about these functions, their docstrings being the stubs'."""
        names: dict = {"__name__": "__main__"}
        exec(self.graded, names)
        for name, function in functions.items():
            names[name] = documented(function, names[name])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(self.cell("def try_examples").source, names)
        return printed.getvalue()

    @cached_property
    def executed(self) -> list[NotebookNode]:
        """The code cells with their outputs, as the site shows them; the site is built if it is not up to date."""
        book.main()
        cache = execute.refresh(book.ROOT)
        _, found = cache.merge_match_into_notebook(cache.get_project_notebook(str(self.page)).nb)
        return [cell for cell in found.cells if cell.cell_type == "code"]

    def outputs(self, words: str = "") -> list[NotebookNode]:
        """The outputs of all cells, or of those that have these words."""
        return [output for cell in self.executed if words in cell.source for output in cell.outputs]

    def printed(self, words: str) -> str:
        """What the cells with these words printed."""
        return "".join(output.text for output in self.outputs(words) if output.get("name") == "stdout")


def documented(function: Any, stub: Any) -> Any:
    """The function, under the name of a stub and with its docstring."""
    def answer(*given: Any, **named: Any) -> Any:
        return function(*given, **named)

    answer.__doc__, answer.__name__ = stub.__doc__, stub.__name__
    answer.__signature__ = inspect.signature(stub)  # type: ignore[attr-defined]
    return answer
