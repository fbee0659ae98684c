"""Which submissions a folder holds: a notebook at its top, or a sub-folder with one notebook of the lab in it.

A symbolic link is never followed, because it could lead to another student's work. Hidden folders and folders of
installed packages are passed over. The student is the stem of the file or the name of the sub-folder.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .rubric import Rubric
from .safe_text import visible
from .submission import Unreadable, read

ENDINGS = (".ipynb", ".md")
PASSED_OVER = {"__pycache__", "node_modules", "venv", "env", "site-packages"}
MOST_FILES = 20_000  # in one sub-folder

Recognise = Callable[[Path], str]  # the lab of a notebook, "" if it is of none


@dataclass(frozen=True)
class Submission:
    """A student's name, and the notebook to mark, as a path and as shown; or the reason why there is none."""

    name: str
    path: Path | None
    shown: str
    fault: str = ""


class TooManyFiles(Exception):
    """A sub-folder is too large to be searched."""


def recogniser(rubrics: Sequence[Rubric]) -> Recognise:
    """A function that says of which of these labs a notebook is, and remembers it."""
    @functools.cache
    def recognise(path: Path) -> str:
        try:
            found = read(path).lab(rubrics)
        except Unreadable:
            return ""
        return found.lab if found else ""

    return recognise


def students(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """What lies at the top, by student, and the names of what is neither a notebook nor a folder."""
    found: dict[str, list[Path]] = {}
    others = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith("."):
            continue
        if entry.is_dir() or path.suffix.lower() == ".ipynb" or _has_cells(path):
            name = entry.name if entry.is_dir() else path.stem
            found.setdefault(visible(name), []).append(path)
        elif entry.name.lower() not in ("readme.md", "readme.txt"):
            others.append(visible(entry.name))
    return dict(sorted(found.items())), others


def in_shard(name: str, shard: tuple[int, int]) -> bool:
    """Whether a student belongs to part `k` of `n`: decided by the name alone."""
    part, parts = shard
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % parts == part - 1


def labs_of(found: dict[str, list[Path]], recognise: Recognise) -> dict[str, list[Path]]:
    """The notebooks of a folder by the labs that they are of, the labs of which there are most first."""
    labs: dict[str, list[Path]] = {}
    for name in found:
        for path in candidates(found[name]):
            if lab := recognise(path):
                labs.setdefault(lab, []).append(path)
    return dict(sorted(labs.items(), key=lambda pair: -len(pair[1])))


def candidates(paths: Iterable[Path]) -> list[Path]:
    """The notebooks of one student: ordinary files only. A sub-folder that is too large has none."""
    listed: list[Path] = []
    for path in paths:
        if path.is_symlink():
            continue
        try:
            listed += _notebooks(path)[0] if path.is_dir() else [path] if path.is_file() else []
        except (TooManyFiles, OSError):
            continue
    return listed


def submission(name: str, paths: Sequence[Path], folder: Path, lab: str, recognise: Recognise) -> Submission:
    """The one notebook of a student, or a sentence why there is none."""
    shown = ", ".join(visible(path.name) for path in paths)
    if len(paths) > 1:
        return Submission(name, None, shown, f"there are several submissions named {name}: {shown}; leave one")
    path = paths[0]
    if path.is_symlink():
        return Submission(name, None, shown, f"{shown} is a symbolic link, and links are not followed")
    if not path.is_dir():
        fault = "" if path.is_file() else f"{shown} is not an ordinary file"
        return Submission(name, None if fault else path, shown, fault)
    try:
        chosen, fault = _chosen(path, lab, recognise)
    except TooManyFiles:
        chosen, fault = None, f"the folder {shown} holds more than {MOST_FILES:,} files"
    except OSError as error:
        chosen, fault = None, f"the folder {shown} cannot be read ({error.strerror or error})"
    return Submission(name, chosen, visible(chosen.relative_to(folder).as_posix()) if chosen else shown, fault)


def _chosen(folder: Path, lab: str, recognise: Recognise) -> tuple[Path | None, str]:
    """The notebook of the lab within a student's folder, or why there is none."""
    notebooks, links = _notebooks(folder)
    for ending in ENDINGS:
        home = folder / "labs" / f"{lab}{ending}"
        labs = {path: recognise(path) for path in notebooks if path.suffix.lower() == ending}
        of_lab = [path for path in labs if labs[path] == lab]
        unknown = [path for path in labs if not labs[path]] if ending == ".ipynb" else []
        for group in (of_lab, unknown):
            if home in group or len(group) == 1:
                return home if home in group else group[0], ""
        if of_lab:
            named = " and ".join(visible(path.relative_to(folder).as_posix()) for path in of_lab)
            return None, (f"there are {len(of_lab)} notebooks of the lab {lab}: {named}; leave one, or put it at "
                          f"labs/{lab}.ipynb")
    linked = f"; {visible(links[0].name)} is a symbolic link, and links are not followed" if links else ""
    return None, f"no notebook of the lab {lab} was found{linked}"


def _notebooks(folder: Path) -> tuple[list[Path], list[Path]]:
    """The notebooks in a folder and below, sorted, and the symbolic links that are named like one."""
    found, links, waiting, seen = [], [], [folder], 0
    while waiting:
        for entry in os.scandir(waiting.pop()):
            seen += 1
            if seen > MOST_FILES:
                raise TooManyFiles
            path = Path(entry.path)
            if entry.is_symlink():
                links += [path] if path.suffix.lower() in ENDINGS else []
            elif entry.is_dir():
                waiting += [] if entry.name.startswith(".") or entry.name in PASSED_OVER else [path]
            elif entry.is_file() and path.suffix.lower() in ENDINGS and not entry.name.startswith("."):
                found.append(path)
    return sorted(found), sorted(links)


def _has_cells(path: Path) -> bool:
    """Whether a file is a lab in Markdown, which has cells of code. A link named like one counts, to be refused."""
    if path.suffix.lower() != ".md":
        return False
    try:
        if path.is_symlink() or not path.is_file():
            return True
        with path.open("rb") as file:
            return b"{code-cell}" in file.read(4_000_000)
    except OSError:
        return True  # marking it will say why it cannot be read
