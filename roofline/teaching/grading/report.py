"""A report for people: lines for a terminal of 80 columns, with colour where it is wanted.

It answers, for each question: how many points, the first input that went wrong as a call to paste, what came back, and
which classic mistake gives the same answers. A line is a list of spans, each a text with the name of its colour.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import chain

from .marks import CaseMark, QuestionMark, Report, Wrong
from .safe_text import visible

WIDTH = 80
COLOURS = {"bold": "1", "faint": "2", "red": "31", "green": "32", "yellow": "33"}
DEEP = 9  # columns before what is said of one kind of inputs
PASTED = 2000  # characters of a call that is shown whole
WITHOUT_ISOLATION = ("The code could read the files of this machine while it was marked. "
                     "Where bubblewrap or Landlock works, it cannot.")

Line = list[tuple[str, str]]


def as_text(report: Report, colour: bool = False) -> str:
    """The whole report, ending in a newline. What the submission said is shown without control characters."""
    questions = () if report.fault else report.questions
    parts: list[Iterable[Line]] = [_head(report), *map(_question, questions), _notes(report), _foot(report)]
    written = [[_painted(line, colour) for line in part] for part in parts]
    return "\n\n".join("\n".join(part) for part in written if part) + "\n"


def pasted(function: str, wrong: Wrong, width: int = WIDTH) -> list[str]:
    """The call that went wrong, to paste; of one too long for that the beginning, and where all of it is to be had."""
    if len(wrong.inputs) <= PASTED:
        return call(function, visible(wrong.inputs, PASTED), width)
    begun = visible(f"{function}({wrong.inputs}"[:width - 4])
    return [f"{begun} ...", f"# {len(wrong.inputs):,} characters in all: --json FILE writes them in full"]


def call(function: str, inputs: str, width: int = WIDTH) -> list[str]:
    """A call to paste, broken between its arguments where it is longer than `width`."""
    whole = f"{function}({inputs})"
    if len(whole) <= width or "'" in inputs or '"' in inputs:
        return [whole]
    return textwrap.wrap(whole, max(width, 20), subsequent_indent=" " * min(len(function) + 1, 24),
                         break_long_words=False, break_on_hyphens=False)


def points(got: int, out_of: int) -> str:
    return f"{got} of {out_of} point{'' if out_of == 1 else 's'}"


def sentence(text: str) -> str:
    """The text with a capital first letter, where it opens with a plain word, and a full stop."""
    text = text.strip()
    opened = text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text
    return ended(opened)


def ended(text: str) -> str:
    """The text with a full stop, unless it has an end already."""
    return text if not text or text[-1] in ".!?" else f"{text}."


def _head(report: Report) -> Iterator[Line]:
    lab, path = f"{report.lab or 'unknown lab'}: ", visible(report.submission)
    student = f", for {visible(report.student, 30)}" if report.student else ""
    room = WIDTH - len(lab + student) - len("100 of 100 points") - 2
    who = lab + (path if len(path) <= room else "..." + path[3 - room:]) + student
    if report.fault:
        yield [(who, "bold")]
        yield from _wrapped(f"Could not be marked: {report.fault}", 0, "red")
    else:
        colour = "green" if report.points == report.out_of else "yellow"
        yield _row([(who, "bold")], (points(report.points, report.out_of), colour))


def _question(mark: QuestionMark) -> Iterator[Line]:
    yield _row([(mark.name, "bold")], (points(mark.points, mark.out_of), ""))
    if mark.fault:
        yield from _wrapped(about(mark), 2, "red")
        return
    for case, wrong, remarks in findings(mark):
        verdict = ("right", "green") if case.points == case.out_of else ("wrong", "red")
        yield _row([("  ", ""), verdict, (f"  where {case.name}", "")], (f"{case.points} of {case.out_of}", ""))
        yield from _wrong(mark.name, case, wrong) if wrong else ()
        for remark in remarks:
            yield from _wrapped(remark, DEEP, "yellow")


def findings(mark: QuestionMark) -> Iterator[tuple[CaseMark, Wrong | None, list[str]]]:
    """Each kind of inputs with its first wrong answer and what is remarked on it, but nothing that was said before."""
    said: set[str] = set()
    for case in mark.cases:
        broken = case.broken_laws if case.points < case.out_of else ()
        laws = [f"Does not hold: {sentence(law)}" for law in broken]
        remarks = [remark for remark in ([sentence(case.mistake)] if case.mistake else laws) if remark not in said]
        wrong = case.first_wrong if case.first_wrong and case.first_wrong.said not in said else None
        silent = case.points < case.out_of and not wrong and not remarks
        yield case, wrong, ["As above."] if silent else remarks
        said |= {*remarks, *([wrong.said] if wrong else [])}


def _wrong(function: str, case: CaseMark, wrong: Wrong) -> Iterator[Line]:
    yield [(" " * DEEP + counted(case), "faint")]
    if wrong.inputs:
        yield from ([(" " * DEEP + line, "")] for line in pasted(function, wrong, WIDTH - DEEP))
    said = sentence(visible(wrong.said))
    yield from _wrapped(f"{said} Expected: {visible(wrong.expected)}" if wrong.expected else said, DEEP)


def counted(case: CaseMark) -> str:
    """How many answers of a kind are right, as the beginning of an example."""
    if not case.right:
        return f"None of {case.asked} answers is right. The first:"
    whose = "wrong one is there for contrast:" if case.first_wrong and case.first_wrong.contrast else "wrong one:"
    return f"{case.right} of {case.asked} answers {'is' if case.right == 1 else 'are'} right. The first {whose}"


def about(mark: QuestionMark) -> str:
    """The fault of a function as a sentence about it."""
    fault = visible(mark.fault)
    return ended(f"{mark.name} {fault}") if fault[:1].islower() else sentence(fault)


def _notes(report: Report) -> Iterator[Line]:
    if report.notes:
        yield [("Notes", "bold")]
    for note in report.notes:
        (first, *others) = _wrapped(sentence(note), 4)
        yield [("  - ", ""), (first[0][0][4:], "")]
        yield from others


def _foot(report: Report) -> Iterator[Line]:
    if report.fault:
        return
    how = [f"Isolation: {report.isolation or 'none'}", *([f"seed {report.seed[:12]}"] if report.seed else []),
           "official" if report.official else "for practice"]
    yield [(", ".join(how) + ".", "faint")]
    if report.isolation == "none":
        yield from _wrapped(WITHOUT_ISOLATION, 0, "faint")


def _row(left: Line, right: tuple[str, str]) -> Line:
    """A line with something at both ends; the left end is cut where both do not fit."""
    room = WIDTH - len(right[0]) - 2
    over = sum(len(text) for text, _ in left) - room
    if over > 0:
        text, colour = left[-1]
        left = [*left[:-1], (text[:-over - 3] + "...", colour)]
    return [*left, (" " * (2 + max(0, -over)), ""), right]


def _wrapped(text: str, indent: int, colour: str = "") -> Iterator[Line]:
    for line in textwrap.wrap(visible(text, 1000), WIDTH - indent, break_on_hyphens=False) or [""]:
        yield [(" " * indent + line, colour)]


def _painted(line: Line, colour: bool) -> str:
    spans = chain.from_iterable(("\x1b[" + COLOURS[name] + "m", text, "\x1b[0m") if colour and name else (text,)
                                for text, name in line)
    return "".join(spans).rstrip()
