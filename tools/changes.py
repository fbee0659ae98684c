"""Which numbers of the book changed between two builds: `python -m tools.changes OLD [NEW]`, in Markdown.

A build is a git revision, whose executed notebooks hold every number that was glued into the prose; a checkout; or a
built site, whose notebooks for download hold those of the reference pages too. What a cell measured on the machine
that built the book is left out.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from roofline.algebra import units
from tools.twins import GLUED, MEASURED

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("lectures", "labs")
SAME = 1e-9  # relative difference up to which two values are the same number
SHOWN = 300  # rows of a table

Key = tuple[str, str]  # page, such as lectures/moe, and the number's name in its prose


@dataclass(frozen=True)
class Value:
    """A glued number: how it reads, and, where it was recorded, its value in base units and the unit shown."""

    text: str
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Change:
    """A number of one build or of both; `old` is None where it is new, `new` where it is gone."""

    page: str
    name: str
    old: Value | None
    new: Value | None

    @property
    def relative(self) -> float | None:
        """(new - old) / |old|; None where there is no such ratio."""
        if self.old is None or self.new is None or not self.old.value or self.new.value is None:
            return None
        if not commensurable(self.old.unit, self.new.unit):
            return None
        return (self.new.value - self.old.value) / abs(self.old.value)


def commensurable(one: str, other: str) -> bool:
    """Whether two units measure the same kind of quantity."""
    with suppress(ValueError):  # "×" and "%" are no units but ways to write a ratio
        return one == other or units.compatible(one, other)
    return False


# Reading a build


def values(build: str, root: Path = ROOT) -> dict[Key, Value]:
    """Every number of a build.

    Parameters
    ----------
    build : str
        A folder, of a checkout or of a built site, or a git revision.

    Raises
    ------
    ValueError
        If it is neither, or holds no number.
    """
    folder = Path(build)
    notebooks = in_folder(folder) if folder.is_dir() else in_revision(build, root)
    found = {(page, name): value for page, text in notebooks for name, value in glued(json.loads(text))}
    if not found:
        raise ValueError(f"{build} holds no executed notebooks with numbers")
    return found


def in_folder(folder: Path) -> Iterator[tuple[str, str]]:
    """Page and text of the executed notebooks of a built site, or of a checkout."""
    top = folder / "_sources"
    files = top.rglob("*.ipynb") if top.is_dir() else (f for name in FOLDERS for f in (folder / name).glob("*.ipynb"))
    for file in sorted(files):
        page = file.relative_to(top if top.is_dir() else folder).with_suffix("").as_posix()
        yield page, file.read_text(encoding="utf8")


def in_revision(revision: str, root: Path) -> Iterator[tuple[str, str]]:
    """Page and text of the executed notebooks of a git revision."""
    command = ["git", "archive", "--format=tar", "--end-of-options", revision]
    done = subprocess.run(command, cwd=root, capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(f"{revision} is neither a folder nor a git revision: {said[-1] if said else 'git failed'}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tree:
        for member in tree.getmembers():
            path = PurePosixPath(member.name)
            if path.suffix == ".ipynb" and path.parts[0] in FOLDERS and (content := tree.extractfile(member)):
                yield path.with_suffix("").as_posix(), content.read().decode()


def glued(notebook: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Name and value of every number glued in a notebook."""
    for cell in notebook["cells"]:
        if MEASURED in cell["metadata"].get("tags", []):
            continue
        for output in cell.get("outputs", []):
            about = output.get("metadata", {})
            if name := about.get("scrapbook", {}).get("name"):
                data = {kind.removeprefix(GLUED): text for kind, text in output.get("data", {}).items()}
                record = about.get("number") or {"text": plain(data.get("text/plain", ""))}
                yield name, Value(record["text"], record.get("value"), record.get("unit", ""))


def plain(text: str | list[str]) -> str:
    """What was glued without a record: its repr without quotes."""
    return "".join(text).strip("'\"")


# Comparing two


def comparable(old: dict[Key, Value], new: dict[Key, Value]) -> tuple[dict[Key, Value], dict[Key, Value]]:
    """Both without the pages of `book/`, unless both have them: only a built site does."""
    if all(any(page.startswith("book/") for page, _ in build) for build in (old, new)):
        return old, new
    less = [{key: value for key, value in build.items() if not key[0].startswith("book/")} for build in (old, new)]
    return less[0], less[1]


def changes(old: Mapping[Key, Value], new: Mapping[Key, Value]) -> list[Change]:
    """What reads otherwise or has another value, what is new and what is gone, by page."""
    keys = list(dict.fromkeys([*new, *old]))
    both = [Change(page, name, old.get((page, name)), new.get((page, name))) for page, name in keys]
    return sorted((change for change in both if differs(change.old, change.new)), key=lambda change: change.page)


def differs(old: Value | None, new: Value | None) -> bool:
    """Whether a reader, or a calculation, sees a difference."""
    if old is None or new is None:
        return True
    if old.value is None or new.value is None:
        return old.text != new.text
    return old.text != new.text or not math.isclose(old.value, new.value, rel_tol=SAME)


def report(found: Sequence[Change], old: str, new: str, count: int) -> str:
    """The changes in Markdown: a table of those that read otherwise, lists of the new and the gone."""
    both = [change for change in found if change.old and change.new]
    seen = [change for change in both if change.old and change.new and change.old.text != change.new.text]
    added, gone = [c for c in found if c.old is None], [c for c in found if c.new is None]
    unseen = f" {len(both) - len(seen)} more changed in digits that are not shown." if both != seen else ""
    parts = [
        f"## Numbers changed between {old} and {new}",
        f"{len(seen)} of {count} numbers read otherwise, {len(added)} new, {len(gone)} gone.{unseen}",
    ]
    if seen:
        head = ["| Page | Number | Was | Is | Change |", "|---|---|---|---|---|"]
        parts.append("\n".join([*head, *map(row, seen[:SHOWN])]))
    if len(seen) > SHOWN:
        parts.append(f"And {len(seen) - SHOWN} more.")
    parts += ["New: " + listed(added)] * bool(added) + ["Gone: " + listed(gone)] * bool(gone)
    return "\n\n".join(parts) + "\n"


def row(change: Change) -> str:
    """A line of the table."""
    relative = "" if change.relative is None else percent(change.relative)
    texts = [value.text.replace("|", "\\|") if value else "" for value in (change.old, change.new)]
    return f"| {change.page} | `{change.name}` | {texts[0]} | {texts[1]} | {relative} |"


def percent(relative: float) -> str:
    """A relative change in percent, or as a factor where it is large; it never rounds to nothing."""
    if relative > 9:
        return f"× {relative + 1:.3g}"
    return f"{100 * relative:+.3g} %"


def listed(found: Iterable[Change]) -> str:
    """Names and texts, by page."""
    pages = []
    for page, members in groupby(found, key=lambda change: change.page):
        names = ", ".join(f"`{change.name}` ({(change.new or change.old or Value('')).text})" for change in members)
        pages.append(f"{page}: {names}")
    return "; ".join(pages) + "."


def main(typed: Sequence[str] | None = None) -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m tools.changes", description="Numbers that differ in two builds.")
    parser.add_argument("old", metavar="OLD", help="a git revision, a checkout, or the folder of a built site")
    parser.add_argument("new", metavar="NEW", nargs="?", default=str(ROOT), help="the same (default: this checkout)")
    typed_in = parser.parse_args(typed)
    try:
        old, new = comparable(values(typed_in.old), values(typed_in.new))
    except ValueError as error:
        parser.error(str(error))
    here = "this checkout" if typed_in.new == str(ROOT) else typed_in.new
    print(report(changes(old, new), typed_in.old, here, len(new)), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
