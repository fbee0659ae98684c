"""A release: `python -m tools.release check v1.2.0` says what does not fit together, `collect v1.2.0` makes its files.

The version stands once, in `roofline/__init__.py`. A release is dated in `CITATION.cff`, by `date-released`, and in the
heading of `CHANGELOG.md`; between releases the first has no date and the second says "unreleased".
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from tools import execute

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r'(?m)^__version__ = "([^"]+)"$')
HEADING = re.compile(r"(?m)^## (\S+), (unreleased|\d{4}-\d{2}-\d{2})$")
UNRELEASED = "unreleased"


def version(root: Path = ROOT) -> str:
    """The version of the package and the book."""
    found = VERSION.search((root / "roofline/__init__.py").read_text(encoding="utf8"))
    if not found:
        raise ValueError("roofline/__init__.py gives no __version__")
    return found[1]


def released(root: Path = ROOT) -> str:
    """The day on which this version was released, by CITATION.cff; "unreleased" before."""
    file = root / "CITATION.cff"
    said = yaml.safe_load(file.read_text(encoding="utf8")) if file.exists() else {}
    return str(said.get("date-released", UNRELEASED))


def reference(root: Path = ROOT) -> str:
    """The tag of a released version, else the branch: where others find what this checkout holds."""
    if released(root) != UNRELEASED:
        return f"v{version(root)}"
    return execute.config(root)["repository"].get("branch", "main")


def faults(root: Path = ROOT, tag: str = "") -> Iterator[str]:
    """What does not fit together; with a tag, what stands in the way of releasing under it."""
    own, day = version(root), released(root)
    cited = str(yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf8"))["version"])
    if cited != own:
        yield f"CITATION.cff is of version {cited}, roofline/__init__.py of {own}"
    heading = HEADING.search((root / "CHANGELOG.md").read_text(encoding="utf8"))
    if not heading or heading[1] != own:
        yield f"the first heading of CHANGELOG.md is not '## {own}, ...'"
    elif heading[2] != day:
        yield f"CHANGELOG.md dates {own} {heading[2]}, CITATION.cff {day}"
    if tag and tag != f"v{own}":
        yield f"the tag is {tag}, the version {own}"
    if tag and day == UNRELEASED:
        yield "CITATION.cff has no date-released, so the notebooks would install the branch and not the release"


def section(root: Path, which: str) -> str:
    """What CHANGELOG.md says of a version."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf8")
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    parts = {heading[1]: text[heading.end() : end].strip() for heading, end in zip(headings, ends, strict=True)}
    if which not in parts:
        raise ValueError(f"CHANGELOG.md has no heading '## {which}, ...'")
    return parts[which]


def last_tag(root: Path, tag: str) -> str:
    """The release before `tag`, "" if there was none; a tag that is not there yet stands for what is checked out."""
    known = _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    start = f"{known}^" if known else "HEAD"
    return _git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "--end-of-options", start)


def _git(root: Path, *words: str) -> str:
    """What git answers; "" if it refuses."""
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True).stdout.strip()


def notes(root: Path, tag: str) -> str:
    """The notes of a release: its part of CHANGELOG.md, then the numbers that changed since the last one."""
    from tools import changes  # slow to import, and notebooks are written without it

    parts = [section(root, tag.removeprefix("v"))]
    if last := last_tag(root, tag):
        old, new = changes.values(last, root), changes.values(str(root))
        parts.append(changes.report(changes.changes(old, new), last, tag, len(new)).strip())
    return "\n\n".join(parts) + "\n"


def collect(root: Path, tag: str) -> Path:
    """Build all that a release offers and put it, with its notes and checksums, into `_build/release`."""
    from tools import book, pdf, wheel

    site, printed, out = book.main(root), pdf.main(), root / "_build/release"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "notes.md").write_text(notes(root, tag), encoding="utf8")
    wheel.build(root, out)
    name = f"{printed[0].stem}-{version(root)}"
    for file in printed:
        shutil.copyfile(file, out / f"{file.stem}-{version(root)}.pdf")
    for deck in sorted((site / "deck").iterdir()):
        shutil.copyfile(deck, out / f"{name}-cards{deck.suffix}")
    archive(site, out / f"{name}-site.zip")
    offered = sorted(file for file in out.iterdir() if file.name != "notes.md")
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in offered]
    (out / "SHA256SUMS").write_text("".join(sums))
    return out


def archive(site: Path, file: Path) -> None:
    """All pages in one file, under one folder of its name."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted(site.rglob("*")):
            if part.is_file():
                packed.write(part, Path(file.stem, part.relative_to(site)))


def main(typed: Sequence[str] | None = None) -> int:
    """Check, print the notes, or make the files; 1 if something does not fit together."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description="What a release needs.")
    parser.add_argument("what", choices=["check", "notes", "collect"])
    parser.add_argument("tag", nargs="?", default=f"v{version()}", help="such as v1.2.0 (default: %(default)s)")
    arguments = parser.parse_args(typed)
    if arguments.what == "notes":
        print(notes(ROOT, arguments.tag), end="")
        return 0
    if arguments.what == "collect":
        print(f"[release] {', '.join(sorted(file.name for file in collect(ROOT, arguments.tag).iterdir()))}")
        return 0
    found = list(faults(ROOT, arguments.tag))
    for fault in found:
        print(f"[release] {fault}", file=sys.stderr)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
