"""What a reader waits for, and what a builder waits for, beside their budgets: part of `make bench`. Nothing fails.

A page of a chapter is opened in a headless Chromium from a server on this machine: when can it be read, when do its
sliders move, how long does a frame of its explorer take? Then the book is built in a folder of its own, from nothing
and again unchanged. Times on a busy machine say little; each stands beside the time of a fixed sum in the same run.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tools import book
from tools.browser import FLAGS, chromium, serving

BUDGETS = {"interactive": 1.0, "frame": 8e-3, "cold": 120.0, "unchanged": 5.0}  # seconds
FRAMES = 60  # a slider
NOTE = """
    window.marks = {};
    new MutationObserver(() => {
        if (document.documentElement.hasAttribute('data-hydrated')) window.marks.live ??= performance.now();
    }).observe(document, {attributes: true, subtree: true, attributeFilter: ['data-hydrated']});
"""
DRAW = """frames => {
    const root = document.querySelector('.explorer'), times = [];
    for (const input of root.querySelectorAll('input[type=range]'))
        for (let i = 0; i < frames; i += 1) {
            const span = Number(input.max) - Number(input.min);
            input.value = Number(input.min) + (i * 37 % 101) / 100 * span;
            input.dispatchEvent(new Event('input'));
            const before = performance.now();
            root.frame();
            root.getBoundingClientRect();
            if (i > 4) times.push(performance.now() - before);
        }
    return times; }"""


def fixed_sum() -> float:
    """Seconds that this machine takes for two million additions in Python just now; 0.05 to 0.1 where it is idle."""
    started = time.perf_counter()
    sum(range(2_000_000))
    return time.perf_counter() - started


def chapters() -> list[str]:
    return [page for page in book.pages(book.ROOT) if page.startswith("lectures/")]


def opened(browser: Any, address: str) -> dict[str, Any]:
    """Seconds until a page is read in and until its explorer moves, in a fresh profile; its frames."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(NOTE)
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.locator("html[data-hydrated]").wait_for(state="attached", timeout=60_000)
    found = page.evaluate("""() => ({live: window.marks.live / 1000,
        read: performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd / 1000})""")
    frames = [each / 1000 for each in page.evaluate(DRAW, FRAMES)]
    context.close()
    return found | {"frames": sorted(frames)}


def pages() -> None:
    """A line for each chapter: the median of three visits."""
    from playwright.sync_api import sync_playwright

    if not (executable := chromium()):
        print("no Chromium on this machine: pages are not timed")
        return
    print(f"{'page':26} {'read in':>8} {'moves':>8} {'a frame':>9} {'95 % in':>9}   "
          f"(budgets: moves {BUDGETS['interactive']:g} s, a frame {1e3 * BUDGETS['frame']:g} ms)")
    with serving(book.main()) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        for name in chapters():
            visits = [opened(browser, f"{address}/{name}.html") for _ in range(3)]
            read, live = (statistics.median(visit[what] for visit in visits) for what in ("read", "live"))
            frames = min((visit["frames"] for visit in visits), key=statistics.median)
            print(f"{name:26} {read:6.2f} s {live:6.2f} s {1e3 * statistics.median(frames):6.1f} ms "
                  f"{1e3 * frames[int(0.95 * len(frames))]:6.1f} ms", flush=True)
        browser.close()


def builds() -> None:
    """The whole book, from nothing and again, as a process of its own each time, in a copy without anything built."""
    with tempfile.TemporaryDirectory() as folder:
        tracked = subprocess.run(["git", "ls-files", "-z"], cwd=book.ROOT, capture_output=True, check=True).stdout
        vendor = [path.relative_to(book.ROOT) for path in (book.ROOT / "book/assets/vendor").rglob("*")
                  if path.is_file()]  # what a build downloads is no part of its time
        for name in [*map(Path, filter(None, tracked.decode().split("\0"))), *vendor]:
            if (book.ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(book.ROOT / name, Path(folder) / name)
        for what in ("cold", "unchanged"):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-m", "tools.book"], cwd=folder, check=True, capture_output=True)
            took = time.perf_counter() - started
            print(f"build of the whole book, {what}: {took:.1f} s (budget {BUDGETS[what]:g} s)", flush=True)


def main() -> None:
    print(f"two million additions in Python: {1e3 * min(fixed_sum() for _ in range(5)):.0f} ms")
    pages()
    builds()
    print(f"two million additions in Python: {1e3 * min(fixed_sum() for _ in range(5)):.0f} ms")


if __name__ == "__main__":
    main()
