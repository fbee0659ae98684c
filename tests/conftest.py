"""Fixtures for the tests that read the built site: its folder, a server for it, a real browser, a page."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import settings

from tools import book
from tools.browser import FLAGS, chromium, serving

settings.register_profile("book", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("book")

NO_SANDBOX = "NO {} ON THIS MACHINE: its grading tests did not run (Debian: apt-get install bubblewrap)"
NO_BROWSER = "NO CHROMIUM ON THIS MACHINE: the browser tests did not run (Debian: apt-get install chromium)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = {str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])}
    for words in (NO_BROWSER, *(NO_SANDBOX.format(mode) for mode in ("BUBBLEWRAP", "LANDLOCK"))):
        if any(words in reason for reason in skipped):
            terminalreporter.write_sep("!", words, red=True, bold=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return book.ROOT


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built site, built now if anything it is made from has changed."""
    return book.main()


@pytest.fixture(scope="session")
def site_url(site: Path) -> Iterator[str]:
    """Address of the site on a server of this test run, without a slash at the end."""
    with serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    """A real Chromium, headless. Without one: a skip, or a failure where REQUIRE_BROWSER is set."""
    executable = chromium()
    if not executable:
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=FLAGS, timeout=30_000)
        yield running
        running.close()


@pytest.fixture
def outside_requests() -> list[str]:
    """Addresses beyond this machine that the test's page asked for (the browser's flags let none of them through)."""
    return []


@pytest.fixture
def console_errors() -> list[str]:
    """Errors in the console of the test's page, uncaught exceptions included."""
    return []


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens explorers in a page of their own; see `tests.browser.explorers.showing`."""
    from tests.browser.explorers import showing  # most tests need none of it

    with showing(browser, tmp_path) as open_page:
        yield open_page


def wait_from_outside(page) -> None:
    """Let `page.wait_for_function` ask again and again from here: the pages' policy lets no text be evaluated there."""

    def wait_for_function(expression, arg=None, timeout=15_000):
        until = time.monotonic() + timeout / 1000
        while not page.evaluate(expression, arg):
            assert time.monotonic() < until, f"never came true: {expression}"
            page.wait_for_timeout(20)

    page.wait_for_function = wait_for_function


@pytest.fixture
def page(browser, site_url, outside_requests, console_errors):
    """A fresh page of 1280 by 800; `page.goto("/book/intro.html")` is relative to the site."""
    context = browser.new_context(base_url=site_url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)

    def watch(request):
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            outside_requests.append(request.url)

    def note(message):
        if message.type == "error":
            console_errors.append(message.text)

    new = context.new_page()
    wait_from_outside(new)
    new.on("request", watch)
    new.on("console", note)
    new.on("pageerror", lambda error: console_errors.append(str(error)))
    yield new
    context.close()
    assert [error for error in console_errors if "Content Security Policy" in error] == []
