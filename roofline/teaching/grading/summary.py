"""What a course got: the teacher's table as CSV, and a summary by question, in Markdown and for a terminal."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from .marks import QuestionMark, Report
from .report import WITHOUT_ISOLATION, sentence
from .rubric import Question, Rubric
from .safe_text import as_code, in_markdown, in_spreadsheet, visible

BARS = 10       # of the histogram
BAR_LENGTH = 40
NUMBERS = {"points", "full", "partial", "zero", "mean", "submissions"}  # columns


def table(reports: Iterable[Report], rubric: Rubric) -> str:
    """One row for each submission, sorted by student; a column for each question. No cell is taken for a formula."""
    names = [question.name for question in rubric]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["submission", "student", "points", "out_of", *names, "fault", "isolation", "seed", "digest"])
    for report in _sorted(reports):
        marks = _marks(report)
        got = [marks[name].points if name in marks else 0 for name in names]
        words = [in_spreadsheet(part) for part in (report.submission, report.student)]
        writer.writerow([*words, sum(got), rubric.points, *got, in_spreadsheet(report.fault), report.isolation,
                         report.seed, report.digest])
    return text.getvalue()


@dataclass(frozen=True)
class _Part:
    """A section of the summary. Its texts are as they came; those who show it make them harmless."""

    heading: str
    sentences: Sequence[str] = ()
    columns: Sequence[str] = ()  # of a table; those of `NUMBERS` stand to the right
    rows: Sequence[Sequence[Any]] = ()
    drawn: Sequence[str] = ()    # lines of a figure made of letters
    remarks: Sequence[str] = ()


def as_markdown(reports: Iterable[Report], rubric: Rubric, remarks: Sequence[str] = ()) -> str:
    """The summary by question, with the mistakes counted, faults, a histogram of the totals, and remarks."""
    return _joined(_in_markdown(part) for part in _parts(reports, rubric, remarks))


def as_text(reports: Iterable[Report], rubric: Rubric, remarks: Sequence[str] = ()) -> str:
    """The same for a terminal: without the signs of Markdown, and with columns that stand below each other."""
    return _joined(_in_text(part) for part in _parts(reports, rubric, remarks))


def _joined(parts: Iterable[Iterator[str]]) -> str:
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _in_markdown(part: _Part) -> Iterator[str]:
    yield f"{'##' if part.columns or part.drawn or part.remarks else '#'} {in_markdown(part.heading)}\n"
    yield from map(in_markdown, part.sentences)
    if part.columns:
        yield f"| {' | '.join(part.columns)} |"
        yield "|" + "|".join("--:" if name in NUMBERS else "---" for name in part.columns) + "|"
    for row in part.rows:
        cells = (as_code(cell) if name == "question" else in_markdown(str(cell))
                 for name, cell in zip(part.columns, row, strict=True))
        yield f"| {' | '.join(cells)} |"
    if part.drawn:
        yield from ("```text", *part.drawn, "```")
    yield from (f"- {in_markdown(remark)}" for remark in part.remarks)


def _in_text(part: _Part) -> Iterator[str]:
    yield f"{visible(part.heading)}\n"
    yield from map(visible, part.sentences)
    table = [[visible(str(cell)) for cell in row] for row in (part.columns, *part.rows)] if part.columns else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.rjust(width) if name in NUMBERS else cell.ljust(width)
                 for name, cell, width in zip(part.columns, row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    yield from part.drawn
    yield from (f"- {visible(remark)}" for remark in part.remarks)


def _parts(reports: Iterable[Report], rubric: Rubric, remarks: Sequence[str]) -> Iterator[_Part]:
    reports = _sorted(reports)
    yield _Part(f"Marks: {rubric.title or rubric.lab}", [_head(reports, rubric)])
    yield _Part("By question", columns=["question", "points", "full", "partial", "zero", "mean"],
                rows=[_question(reports, question) for question in rubric])
    if mistakes := _mistakes(reports):
        yield _Part("Mistakes recognised", columns=["submissions", "question", "mistake"], rows=mistakes)
    if reports:
        yield _Part("Totals", drawn=list(_histogram(reports, rubric)))
    if faulty := [(report.submission, sentence(report.fault)) for report in reports if report.fault]:
        yield _Part(f"Not marked: {len(faulty)}", columns=["submission", "why"], rows=faulty)
    if told := [*_alike(reports), *_isolation(reports), *remarks]:
        yield _Part("Remarks", remarks=told)


def _sorted(reports: Iterable[Report]) -> list[Report]:
    return sorted(reports, key=lambda report: (report.student, report.submission))


def _marks(report: Report) -> dict[str, QuestionMark]:
    return {mark.name: mark for mark in report.questions}


def _head(reports: Sequence[Report], rubric: Rubric) -> str:
    counted = f"{len(reports)} submission{'' if len(reports) == 1 else 's'}"
    if not reports:
        return f"{counted}."
    totals = [report.points for report in reports]
    full, faults = totals.count(rubric.points), sum(bool(report.fault) for report in reports)
    told = f"mean {mean(totals):.1f}, median {median(totals):g}, {full} with all points."
    return (f"{counted}, {rubric.points} points to be had: {told}"
            + (f" The {faults} that could not be marked count as 0." if faults else ""))


def _question(reports: Sequence[Report], question: Question) -> tuple[Any, ...]:
    got = [_points(report, question) for report in reports]
    full, zero = got.count(question.points), got.count(0)
    return question.name, question.points, full, len(got) - full - zero, zero, f"{mean(got):.2f}" if got else ""


def _points(report: Report, question: Question) -> int:
    mark = _marks(report).get(question.name)
    return mark.points if mark else 0


def _mistakes(reports: Sequence[Report]) -> list[tuple[int, str, str]]:
    counts = Counter((mark.name, mistake) for report in reports for mark in report.questions
                     for mistake in mark.mistakes)
    return [(count, *made) for made, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _histogram(reports: Sequence[Report], rubric: Rubric) -> Iterator[str]:
    """Totals in tenths of all points; those with all points stand by themselves."""
    bins = Counter(BARS * report.points // rubric.points for report in reports)
    edges = [-(-rubric.points * step // BARS) for step in range(BARS + 1)]
    yield "    points  submissions"
    for step, low in enumerate(edges):
        high = edges[step + 1] - 1 if step < BARS else low
        if high >= low:
            count = bins[step]
            bar = "#" * -(-count * BAR_LENGTH // max(bins.values()))
            yield f"{f'{low} to {high}' if high > low else low:>10}  {count:4d} {bar}".rstrip()


def _alike(reports: Sequence[Report]) -> Iterator[str]:
    """Submissions whose cells are the same, unless they earned nothing, as blank ones do."""
    same: dict[str, list[Report]] = {}
    for report in reports:
        if report.digest and report.points:
            same.setdefault(report.digest, []).append(report)
    for group in same.values():
        if len(group) > 1:
            names = ", ".join(report.student or report.submission for report in group)
            yield f"The cells of {len(group)} submissions are the same: {names}."


def _isolation(reports: Sequence[Report]) -> Iterator[str]:
    modes = Counter(report.isolation for report in reports if not report.fault)
    if modes:
        yield "Isolation: " + ", ".join(f"{mode} for {count}" for mode, count in sorted(modes.items())) + "."
    if modes["none"]:
        yield WITHOUT_ISOLATION
