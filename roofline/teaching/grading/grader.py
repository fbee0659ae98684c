"""Mark one submission: read it, have its functions asked in a process of their own, and report."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from pathlib import Path

from . import sandbox
from .conversation import Conversation, Ended, Run
from .marking import mark
from .marks import CaseMark, QuestionMark, Report
from .rubric import Rubric
from .sandbox import Limits
from .submission import MOST_LETTERS, Submission, Unreadable, lab_of, read


def grade(path: str | Path, rubric: Rubric, *, seed: str = "", student: str = "", isolation: str | None = None,
          official: bool = False, reveal: bool = True, limits: Limits | None = None) -> Report:
    """Mark one submission. Whatever is wrong with it is in the report; it never raises for that.

    Parameters
    ----------
    path : path of a notebook, `.ipynb` or `.md`
    rubric : Rubric
    seed : str
        With the rubric's salt, the student and the submission itself it decides the inputs: the same four give the
        same marks, and a table of answers in a submission cannot know its own inputs.
    student : str
        Gives each student inputs of their own even where two hand in the same.
    isolation : str, optional
        "bubblewrap", "landlock" or "none"; without it the best that works here.
    official : bool
        Refuse to mark without the isolation of files.
    reveal : bool
        Whether inputs and expected values are told.
    limits : Limits, optional

    Raises
    ------
    IsolationMissing
        If the isolation asked for, or any for official marks, does not work on this machine.
    RubricError
        If the rubric is at fault.
    """
    mode, started = sandbox.chosen(isolation, official), time.perf_counter()
    about = partial(Report, submission=str(path), lab=rubric.lab, student=student, isolation=mode, official=official)
    try:
        found = _checked(read(path), rubric)
    except Unreadable as fault:
        return about(seed="", digest="", fault=str(fault), questions=_nothing(rubric))
    sources = "|".join([seed, rubric.salt, student, found.digest])
    drawn_from = hashlib.sha256(sources.encode("utf8", "replace")).hexdigest()
    cells = [Run(cell.label, cell.source, own=cell.own) for cell in found.running if not cell.long]
    with Conversation(cells, mode, limits or Limits()) as talk:
        try:
            talk.start()
        except Ended as ended:  # each answer will say so
            talk.faults.setdefault("", f"the process {ended}")
        marks = mark(rubric, talk.ask, drawn_from, uses=talk.uses, reveal=reveal)
    return about(seed=drawn_from[:12], digest=found.digest, questions=marks, notes=_notes(found, talk),
                 seconds=time.perf_counter() - started, cpu_s=talk.usage.cpu_s, memory_bytes=talk.usage.memory)


def _checked(found: Submission, rubric: Rubric) -> Submission:
    """The submission, if it is one of this rubric's lab."""
    names = [question.name for question in rubric]
    if any(map(found.defines, names)):
        return found
    other = lab_of(found.path)
    if other not in (None, rubric.lab) or not any(name in cell.source for name in names for cell in found.cells):
        raise Unreadable(f"{found.path.name} has none of the functions of lab {rubric.lab} ({', '.join(names)})"
                         + (f": it is lab {other}" if other else ": is it another lab?"))
    return found


def _nothing(rubric: Rubric) -> tuple[QuestionMark, ...]:
    return tuple(QuestionMark(question.name, tuple(CaseMark(kind.name, 0, kind.points, 0, 0)
                                                   for kind in question.cases)) for question in rubric)


def _notes(found: Submission, talk: Conversation) -> tuple[str, ...]:
    """Sentences on cells that did not run as they should, and on how the cells were chosen."""
    notes = [f"Code cell {label} {fault}." if label else f"Note that {fault}." for label, fault in talk.faults.items()]
    long = [cell.label for cell in found.running if cell.long]
    notes += [f"Code cell {label} is longer than {MOST_LETTERS >> 10} KB and was not run." for label in long]
    if not found.tagged:
        notes.insert(0, "The notebook has lost the tags of its cells; all of them were run.")
    return tuple(notes)
