"""A report for GitHub Actions: annotations beside the notebook, and Markdown for the summary of the job."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from .marks import CaseMark, QuestionMark, Report, Wrong
from .report import WITHOUT_ISOLATION, about, counted, findings, pasted, points, sentence
from .safe_text import as_code, in_command, in_markdown, in_property, visible

ANNOTATIONS = 10        # of one level and step are shown; further ones are dropped by GitHub
SUMMARY_BYTES = 1_000_000   # a summary above 1 MiB is refused as a whole


def here(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a job of GitHub Actions."""
    return environment.get("GITHUB_ACTIONS") == "true"


def command(level: str, message: str, **properties: str) -> str:
    """A workflow command, such as `::error title=...::...`."""
    told = ",".join(f"{name}={in_property(value)}" for name, value in properties.items() if value)
    return f"::{level}{' ' if told else ''}{told}::{in_command(message)}"


def muted(text: str) -> str:
    """The text such that the runner takes no line of it for a command, whatever a submission said."""
    token = secrets.token_hex(16)
    return f"::stop-commands::{token}\n{text.rstrip()}\n::{token}::\n"


def annotated(report: Report) -> list[str]:
    """One command for each question that lost points, and one with the total."""
    file = visible(report.submission)
    if report.fault:
        return [command("error", visible(report.fault), file=file, title="Could not be marked")]
    lost = [mark for mark in report.questions if mark.points < mark.out_of]
    told = [command("error", why_lost(mark), file=file, title=f"{mark.name}: {points(mark.points, mark.out_of)}")
            for mark in lost[:ANNOTATIONS]]
    total = points(report.points, report.out_of)
    return [*told, command("notice", f"{total} in {report.lab}.", file=file, title=total)]


def why_lost(mark: QuestionMark) -> str:
    """The reason why a question lost points, as text of a few lines: the first kind of inputs that did."""
    if mark.fault:
        return about(mark)
    case, wrong, remarks = next(found for found in findings(mark) if found[0].points < found[0].out_of)
    lines = [f"Where {case.name}."]
    if wrong:
        lines += [counted(case), *(pasted(mark.name, wrong) if wrong.inputs else [])]
        lines += [sentence(visible(wrong.said)) + (f" Expected: {visible(wrong.expected)}" if wrong.expected else "")]
    return "\n".join([*lines, *remarks])


def as_markdown(report: Report) -> str:
    """The report for the summary of a job: a table of points, then what went wrong in each question."""
    head = f"## {in_markdown(report.lab or 'unknown lab')}: {as_code(report.submission)}\n"
    if report.fault:
        return f"{head}\nCould not be marked: {in_markdown(sentence(report.fault))}\n"
    rows = [f"| `{mark.name}` | {mark.points} | {mark.out_of} |" for mark in report.questions]
    rows += [f"| **all** | **{report.points}** | {report.out_of} |"]
    lost = [line for mark in report.questions if mark.points < mark.out_of for line in _lost(mark)]
    notes = ["\n### Notes\n", *(f"- {in_markdown(sentence(note))}" for note in report.notes)] if report.notes else []
    foot = f"\nIsolation: {report.isolation}. " + (WITHOUT_ISOLATION if report.isolation == "none" else "")
    return "\n".join([head, "| question | points | of |", "|---|--:|--:|", *rows, *lost, *notes, foot.rstrip(), ""])


def _lost(mark: QuestionMark) -> Iterator[str]:
    yield f"\n### `{mark.name}`: {points(mark.points, mark.out_of)}\n"
    if mark.fault:
        yield in_markdown(about(mark))
        return
    for case, wrong, remarks in findings(mark):
        if case.points < case.out_of:
            yield f"- Where {in_markdown(case.name)}: {case.points} of {case.out_of}."
            yield from _wrong(mark.name, case, wrong) if wrong else ()
            yield from (f"\n  {in_markdown(remark)}" for remark in remarks)


def _wrong(function: str, case: CaseMark, wrong: Wrong) -> Iterator[str]:
    yield f"  {counted(case)}"
    if wrong.inputs:
        called = "\n  ".join(pasted(function, wrong))
        yield f"\n  ```python\n  {called}\n  ```\n"
    said, expected = sentence(visible(wrong.said)), visible(wrong.expected)
    yield f"  {in_markdown(said)}" + (f" Expected: {as_code(expected)}" if expected else "")


def add_to_summary(markdown: str, environment: Mapping[str, str] = os.environ) -> None:
    """Append to the summary of the job, cut where GitHub would refuse the whole; nothing where there is none."""
    if not (name := environment.get("GITHUB_STEP_SUMMARY")):
        return
    path = Path(name)
    room = SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0)
    text = markdown.encode("utf8", "replace")
    if len(text) > room:
        text = text[:max(0, room - 200)].rsplit(b"\n", 1)[0] + b"\n\nThe rest did not fit into this summary.\n"
    with path.open("ab") as file:
        file.write(text + b"\n")
