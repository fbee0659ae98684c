"""Run the notebooks of the book once and keep what they put out; site and twins both take it from there.

The stock cache of Jupyter Book knows a notebook by its cells alone and would keep old numbers after a change
in `roofline/` or the lock. So the cache goes when either of them changes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from jupyter_cache.base import JupyterCacheAbstract

READER = {"name": "myst_nb_md", "type": "plugin"}
WAITING = "_build/waiting"
TIMEOUT = 120  # seconds a cell may run; as in _config.yml


def digest(root: Path, patterns: Iterable[str]) -> str:
    """One hash over the names and contents of all files that match, `__pycache__` aside."""
    whole = hashlib.sha256()
    for pattern in patterns:
        for file in sorted(root.glob(pattern)):
            if file.is_file() and "__pycache__" not in file.parts:
                whole.update(file.relative_to(root).as_posix().encode() + b"\0")
                whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def code_digest(root: Path) -> str:
    """What the numbers in the book depend on besides the notebooks: the package and the lock.

    And which lectures there are: the fact check links to them.
    """
    lectures = " ".join(sorted(page.stem for page in (root / "lectures").glob("*.md")))
    return digest(root, ["roofline/**/*", "requirements.lock"]) + f" {lectures}"


def config(root: Path) -> dict[str, Any]:
    """What `_config.yml` says."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf8"))


def notebooks(root: Path) -> list[Path]:
    """The pages of the book that are notebooks, known by their jupytext header."""
    pages = [page for folder in ("lectures", "labs", "book") for page in sorted((root / folder).glob("*.md"))]
    return [page for page in pages if "format_name: myst" in page.read_text(encoding="utf8")[:600]]


def refresh(root: Path) -> JupyterCacheAbstract:
    """Drop the cache if the code changed, run what is not in it (one notebook a core), and return it.

    Raises
    ------
    SystemExit
        When a notebook fails; the error and the cell are printed.
    """
    cache, waiting = prepare(root)
    run(cache, waiting, root)
    return cache


def prepare(root: Path) -> tuple[JupyterCacheAbstract, list[Path]]:
    """The cache, emptied if the code changed, and the notebooks that are not in it; the others wait no longer."""
    from jupyter_cache import get_cache  # slow to import, and an unchanged site needs none of it

    folder = root / "_build/.jupyter_cache"
    stamp, wanted = folder / "code.sha256", code_digest(root)
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stamp.write_text(wanted)
    cache = get_cache(folder)
    pages = [str(page) for page in notebooks(root)]
    for page in pages:
        cache.add_nb_to_project(page, read_data=READER)
    isolate_kernels(root / "_build/ipython")
    waiting = [Path(record.uri) for record in cache.list_unexecuted(filter_uris=pages)]
    for file in map(marker, {*map(Path, pages)} - {*waiting}):
        file.unlink(missing_ok=True)
    return cache, waiting


def mark(root: Path) -> None:
    """Make a file for every notebook that says that it waits; it goes when the notebook is in the cache."""
    for file in map(marker, notebooks(root)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def marker(page: Path) -> Path:
    """The file that is there while a notebook waits to be run; every notebook lies in a folder of the root."""
    return page.parent.parent / WAITING / page.parent.name / page.stem


def isolate_kernels(folder: Path) -> None:
    """Give the kernels a profile of their own: no start-up files of the user's, no notices but errors."""
    profile = folder / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 40\n")
    os.environ["IPYTHONDIR"] = str(folder)


def run(cache: JupyterCacheAbstract, pages: list[Path], root: Path) -> None:
    """Run these notebooks into the cache; SystemExit when one fails, after its error is printed."""
    from tools import nursery
    from tools.executor import Executor

    if not pages:
        return
    names = ", ".join(page.relative_to(root).as_posix() for page in pages)
    print(f"[book] running {len(pages)} notebook{'s' if len(pages) > 1 else ''}: {names}", flush=True)
    logger = logging.getLogger("notebooks")
    logger.setLevel(logging.CRITICAL)
    with nursery.kernels(root):
        result = Executor(cache, logger).run_and_cache(filter_uris=[str(page) for page in pages], timeout=TIMEOUT)
    for page in result.excepted + result.errored:
        report(Path(page), cache.get_project_record(page).traceback or "the kernel did not start", root)
    if result.excepted or result.errored:
        sys.exit("[book] not all notebooks ran; the lines above say why")


def report(page: Path, trace: str, root: Path) -> None:
    """Say which cell of a page failed and how; the whole trace goes into a file."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", trace).strip()
    file = root / f"_build/{page.parent.name}-{page.stem}.error.txt"
    file.write_text(plain, encoding="utf8")
    cell = plain.split("\n------------------\n")
    shown = [cell[1]] if len(cell) > 1 else []
    print(f"\n{page.relative_to(root)} failed; whole trace in {file.relative_to(root)}", file=sys.stderr)
    print("\n".join([*shown, plain.splitlines()[-1], ""]), file=sys.stderr)
