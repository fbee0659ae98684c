"""Write the executed twin of every lecture and lab: the `.ipynb` that Binder and Colab open and nbval checks.

A twin is a function of its source and of the outputs of the code cells alone, so a test can derive it again
from the outputs it holds itself. It has no images, no widget state and no time stamps.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupytext
import nbformat
from nbformat import NotebookNode

from tools import book, execute, release
from tools.plain_markdown import Known, collect, plain

if TYPE_CHECKING:
    from jupyter_cache.base import JupyterCacheAbstract

ROOT = Path(__file__).resolve().parent.parent
GLUED = "application/papermill.record/"
LEFT_OUT = ("image/", "application/pdf", "application/vnd.jupyter.widget-view")
MEASURED = "nbval-ignore-output"
DOLLAR = "<span>&#36;</span>"  # Jupyter, unlike Colab, takes even an escaped dollar for the start of mathematics
CODE_HIDDEN = {"remove-input", "hide-input", "remove-cell"}  # tags of cells whose code the site does not show at once
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
INSTALL = """\
# Where the package of this book is missing, as on Colab, this installs it; elsewhere it does nothing.
import importlib.util
import sys

if importlib.util.find_spec("roofline") is None:
    %pip install --quiet "roofline @ git+{address}@{reference}"
if "google.colab" in sys.modules:  # there, widgets of other packages are shown only when asked for
    from google.colab import output

    output.enable_custom_widget_manager()
"""


def main(root: Path = ROOT) -> None:
    """Run what has changed and write the twins that are not up to date."""
    cache = execute.refresh(root)
    for page in sources(root):
        fresh = executed(page, cache, root)
        file = page.with_suffix(".ipynb")
        if not problem(page, root) and unmeasured(read(file)) == unmeasured(fresh):
            print(f"[twins] unchanged: {file.relative_to(root)}", flush=True)
            continue
        nbformat.write(fresh, file)
        print(f"[twins] written: {file.relative_to(root)}", flush=True)


def executed(page: Path, cache: JupyterCacheAbstract, root: Path) -> NotebookNode:
    """The twin of a page with the outputs that the site shows."""
    _, found = cache.merge_match_into_notebook(cache.get_project_notebook(str(page)).nb)
    return derive(page, [cell.outputs for cell in code_cells(found)], root)


def sources(root: Path) -> list[Path]:
    """The notebooks that have twins."""
    return [page for page in execute.notebooks(root) if page.parent.name in ("lectures", "labs")]


def problem(page: Path, root: Path = ROOT) -> str:
    """What is wrong with the twin of this page: it must be there, executed, and follow from its source."""
    file = page.with_suffix(".ipynb")
    if not file.exists():
        return f"{file.name} is missing"
    twin = read(file)
    own = code_cells(twin)[1:]
    if [cell.source for cell in own] != [cell.source for cell in code_cells(jupytext.read(page))]:
        return f"the code cells of {file.name} are not those of {page.name}"
    if any(cell.execution_count is None for cell in own):
        return f"{file.name} has cells that were not executed"
    if twin != derive(page, [cell.outputs for cell in own], root):
        return f"the text, tags or metadata of {file.name} do not follow from {page.name} and the outputs"
    return ""


def derive(page: Path, outputs: list[list[NotebookNode]], root: Path = ROOT) -> NotebookNode:
    """The twin of a page, given the outputs of its code cells in order."""
    notebook = jupytext.read(page)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, (cell, found) in enumerate(zip(code_cells(notebook), outputs, strict=True), start=1):
        cell.execution_count = number
        cell.outputs = [cleaned(output, number) for output in map(NotebookNode, found) if visible(output)]
        fold(cell)
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    cited = citations(root / "book/references.bib")
    known = Known(glued(outputs), citations=cited, folder=page.parent.name, site=site_address(root))
    known.chapter = chapter(page, root)
    collect((cell.source for cell in texts), known)
    for cell in texts:
        cell.source = plain(cell.source, known)
    notebook.cells = [install_cell(root), *(cell for cell in notebook.cells if cell.source.strip())]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    return nbformat.from_dict(notebook)


def chapter(page: Path, root: Path) -> str:
    """The number of a lecture among the lectures and a dot, with which the numbers of its exercises begin."""
    name = page.relative_to(root).with_suffix("").as_posix()
    lectures = [other for other in book.pages(root) if other.startswith("lectures/")]
    return f"{lectures.index(name) + 1}." if name in lectures else ""


def install_cell(root: Path) -> NotebookNode:
    """The first cell: installs the package where it is missing, in the version that the notebook belongs to."""
    address = execute.config(root)["repository"]["url"]
    source = INSTALL.format(address=address, reference=release.reference(root)).rstrip()
    return nbformat.v4.new_code_cell(source, metadata={"tags": ["nbval-skip"]})


def site_address(root: Path) -> str:
    """Where the site is published: `baseurl` under `html` in `_config.yml`, else the repository's GitHub Pages."""
    settings = execute.config(root)
    owner, project = settings["repository"]["url"].rstrip("/").split("/")[-2:]
    return settings.get("html", {}).get("baseurl") or f"https://{owner}.github.io/{project}/"


def fold(cell: NotebookNode) -> None:
    """Fold in Jupyter what the site does not show at once: the code, and for `remove-cell` its outputs too."""
    tags = set(cell.metadata.get("tags", []))
    if tags & CODE_HIDDEN:
        folded = {"source_hidden": True} | ({"outputs_hidden": True} if "remove-cell" in tags else {})
        cell.metadata["jupyter"] = cell.metadata.get("jupyter", {}) | folded


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Its code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kept(data: dict[str, Any]) -> dict[str, Any]:
    """The forms of an output that a twin keeps: no image, no live widget."""
    return {kind: value for kind, value in data.items() if not kind.startswith(LEFT_OUT)}


def visible(output: NotebookNode) -> bool:
    """Whether anything of the output is kept."""
    return "data" not in output or bool(kept(output.data))


def cleaned(output: NotebookNode, number: int) -> NotebookNode:
    """One output without images, widgets and the metadata that belong to them."""
    if "data" in output:
        output.data = kept(output.data)
        output.metadata = kept(output.metadata)
    if "execution_count" in output:
        output.execution_count = number
    return output


def glued(outputs: Iterable[Iterable[NotebookNode]]) -> dict[str, str]:
    """Every glued value as the page shows it, in Markdown: in plain text a dollar is money, not mathematics."""
    found = {}
    for output in (output for cell in outputs for output in cell):
        name = output.get("metadata", {}).get("scrapbook", {}).get("name")
        data = {kind.removeprefix(GLUED): value for kind, value in output.get("data", {}).items()}
        if name:
            written = data.get("text/markdown") or data.get("text/latex")
            found[name] = unquoted(written) if written else unquoted(data.get("text/plain", "")).replace("$", DOLLAR)
    return found


def unquoted(text: str) -> str:
    """What a string's repr stands for; anything else as it is."""
    return str(ast.literal_eval(text)) if text[:1] in ("'", '"') else text


def citations(bibliography: Path) -> dict[str, tuple[str, str]]:
    """Authors and year of each entry, as the site cites it."""
    if not bibliography.exists():
        return {}
    from pybtex.database import parse_file

    entries = parse_file(str(bibliography)).entries
    return {
        key: (authors(entry.persons.get("author", [])), entry.fields.get("year", "")) for key, entry in entries.items()
    }


def authors(people: list[Any]) -> str:
    """One name, two names, or the first and the others."""
    names = [" ".join(person.prelast_names + person.last_names).strip("{}") for person in people]
    return " et al. ".join([names[0], ""]).strip() if len(names) > 2 else " and ".join(names)


def unmeasured(notebook: NotebookNode) -> list[Any]:
    """The outputs that are the same in every run: those of all cells that measure nothing."""
    return [cell.outputs for cell in code_cells(notebook) if MEASURED not in cell.metadata.get("tags", [])]


def read(file: Path) -> NotebookNode:
    """A notebook from its file."""
    return nbformat.read(file, as_version=4)


if __name__ == "__main__":
    main()
