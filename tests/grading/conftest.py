"""Fixtures for the tests of the grader: the modes of isolation that work here, and the table of attacks."""

import compileall
import os
from collections.abc import Callable

import pytest

from roofline.teaching.grading import available, sandbox

compileall.compile_dir(sandbox.CHILD, maxlevels=0, quiet=2)  # as an installer does; the hundreds of processes do not

NO_SANDBOX = "NO {} ON THIS MACHINE: its grading tests did not run (Debian: apt-get install bubblewrap)"


@pytest.fixture(scope="session")
def isolation() -> Callable[[str], str]:
    """Gives a mode of isolation back if it works here. If not: a skip, or a failure where REQUIRE_SANDBOX is set."""
    working = available()

    def checked(mode: str) -> str:
        if mode not in working:
            (pytest.fail if os.environ.get("REQUIRE_SANDBOX") else pytest.skip)(NO_SANDBOX.format(mode.upper()))
        return mode

    return checked


@pytest.fixture
def record() -> Callable[..., None]:
    """Notes a line of the table of attacks: what it tries, points, seconds. ATTACK_TABLE names the file it goes to."""

    def note(mode, attack, report, seconds, seen):
        if name := os.environ.get("ATTACK_TABLE"):
            points = ", ".join(f"{question.name} {question.points}" for question in report.questions)
            with open(name, "a", encoding="utf8") as table:
                table.write(f"| {mode} | {attack.name} | {attack.tries} | {points} | {seconds:.2f} |\n")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = {str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])}
    for mode in ("BUBBLEWRAP", "LANDLOCK"):
        if any(NO_SANDBOX.format(mode) in words for words in skipped):
            terminalreporter.write_sep("!", NO_SANDBOX.format(mode), red=True, bold=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test of `RubricTests` is run for every question, mistake, law or spelling that its lab has."""
    if hasattr(metafunc.cls, "asked"):
        from .rubric_tests import cases_of

        for what in {"question", "mistake", "law", "function"} & {*metafunc.fixturenames}:
            found = cases_of(metafunc.cls, what)
            metafunc.parametrize(what, found.values(), ids=found)
