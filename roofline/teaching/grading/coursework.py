"""What `python -m roofline grade` does: mark notebooks, or the folder of a course, and say what came out."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from roofline.teaching import grading, rubrics

from . import github, summary
from .course import BROKEN, Task, mark_all, write
from .folder import Recognise, Submission, in_shard, labs_of, recogniser, students, submission
from .marks import Report
from .progress import Progress
from .report import as_text
from .rubric import Rubric, RubricError
from .safe_text import visible
from .sandbox import IsolationMissing
from .submission import Unreadable, read

FEW = 3


class LabUnknown(ValueError):
    """It is not clear which lab is to be marked; says why in one sentence."""


def mark_notebooks(arguments: Namespace) -> int:
    """Mark each notebook and say what came out; the exit status."""
    reports: list[Report] = []
    for path in arguments.notebook:
        report = _graded(arguments, path)
        _tell(report, first=not reports)
        reports.append(report)
    if github.here():
        github.add_to_summary("\n".join(map(github.as_markdown, reports)))
    _write_json(arguments, reports)
    return max(2 if report.fault else int(report.points < report.out_of) for report in reports)


def _graded(arguments: Namespace, path: Path) -> Report:
    fault = Report(str(path), "", arguments.student or "", "", "", "", arguments.official)
    try:
        return grading.grade(path, _rubric(arguments, path), seed=arguments.seed, student=arguments.student or "",
                             isolation=arguments.isolation, official=arguments.official, reveal=arguments.reveal)
    except Unreadable as error:
        return replace(fault, fault=str(error))
    except (IsolationMissing, RubricError):
        raise
    except Exception as error:
        return replace(fault, fault=f"{BROKEN}: {type(error).__name__}: {error}")


def _rubric(arguments: Namespace, path: Path) -> Rubric:
    """The rubric that was asked for, or that of the lab which the notebook is of, first tried by its name."""
    if named := arguments.rubric or arguments.lab:
        return rubrics.load(named)
    found = read(path)
    likely = [name for name in rubrics.names() if name == path.stem]
    for names in (likely, rubrics.names()):
        if recognised := found.lab([rubrics.load(name) for name in names]):
            return recognised
    raise Unreadable(f"{path.name} is not recognised as a lab; if it is one, name it with --lab: "
                     + ", ".join(rubrics.names()))


def _recogniser(*own: Rubric) -> Recognise:
    """Tells the labs apart: those of this package, one of them perhaps with a course's own questions."""
    others = [rubrics.load(name) for name in rubrics.names() if name not in [rubric.lab for rubric in own]]
    return recogniser([*own, *others])


def _tell(report: Report, first: bool) -> None:
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    text = as_text(report, colour)
    if github.here():
        text = github.muted(text) + "\n".join(github.annotated(report)) + "\n"
    _say(text if first else "\n" + text)


def _say(text: str, stream: TextIO | None = None) -> None:
    """Print; a letter that the terminal does not have becomes a question mark."""
    stream = stream or sys.stdout
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end="", file=stream, flush=True)


def _write_json(arguments: Namespace, reports: list[Report]) -> None:
    if arguments.json:
        write(arguments.json, json.dumps([report.as_data() for report in reports], indent=1) + "\n")


def mark_folder(arguments: Namespace) -> int:
    """Mark the submissions of a course, and write the table unless this is a part; the exit status."""
    found, others = students(arguments.folder)
    rubric = _course_rubric(arguments, found)
    recognise = _recogniser(rubric)
    mine = [submission(name, paths, arguments.folder, rubric.lab, recognise) for name, paths in found.items()
            if not arguments.shard or in_shard(name, arguments.shard)]
    task = Task(rubric, arguments.rubric, arguments.seed, arguments.official, arguments.reveal, arguments.isolation)
    marks = arguments.out.with_suffix("")
    marks.mkdir(exist_ok=True)
    try:
        reports = _marked(mine, task, marks, arguments.jobs)
    except KeyboardInterrupt:
        _say(f"interrupted: the reports in {marks} are kept, and the same command goes on from there\n", sys.stderr)
        return 130
    _write_json(arguments, reports)
    if arguments.shard:
        _say("part {} of {}: ".format(*arguments.shard)
             + f"{len(reports)} reports are in {marks}; a run without --shard writes the table\n")
    else:
        _write_tables(arguments.out, reports, rubric, others)
    return int(any(report.fault.startswith(BROKEN) for report in reports))


def _marked(submissions: list[Submission], task: Task, marks: Path, jobs: int) -> list[Report]:
    with Progress(sys.stderr) as progress:
        return mark_all(submissions, task, marks, jobs, grading.grade, progress)


def _course_rubric(arguments: Namespace, found: dict[str, list[Path]]) -> Rubric:
    """The rubric that was asked for, or that of the one lab of which there are notebooks in the folder."""
    if named := arguments.rubric or arguments.lab:
        return rubrics.load(named)
    labs = labs_of(found, _recogniser())
    if len(labs) != 1:
        held = "notebooks of several labs" if labs else "no notebook that is recognised as a lab"
        listed = "; ".join(f"{lab} ({_named(paths)})" for lab, paths in labs.items()) or ", ".join(rubrics.names())
        raise LabUnknown(f"{arguments.folder} holds {held}; name the lab to mark with --lab: {listed}")
    return rubrics.load(*labs)


def _named(paths: list[Path]) -> str:
    """The files themselves where they are few, or else their number."""
    return ", ".join(visible(path.name) for path in paths) if len(paths) <= FEW else f"{len(paths)} notebooks"


def _write_tables(out: Path, reports: list[Report], rubric: Rubric, others: list[str]) -> None:
    """The table, the summary beside it, and the summary on the screen and in the job's page."""
    remarks = [f"Neither a notebook nor a folder, so not looked at: {', '.join(others)}."] if others else []
    text, markdown = summary.as_text(reports, rubric, remarks), summary.as_markdown(reports, rubric, remarks)
    write(out, summary.table(reports, rubric))
    write(out.with_suffix(".md"), markdown)
    if github.here():
        github.add_to_summary(markdown)
        text = github.muted(text)
    _say(f"{text}\nWritten: {out}, {out.with_suffix('.md')}, and the reports in {out.with_suffix('')}{os.sep}\n")
