"""What a submission got and why, as plain data: the same for the terminal, the JSON file and the teacher's table."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """One input whose answer was not right."""

    inputs: str     # "B=12, L=0", ready to be pasted into a call
    said: str       # what is wrong, in one sentence without the expected value
    expected: str   # the right answer, or "" where it is not to be told
    contrast: bool = False  # whether the input was asked beside its kind, as a contrast to it


@dataclass(frozen=True)
class CaseMark:
    """One kind of inputs of one question."""

    name: str
    points: int
    out_of: int
    asked: int
    right: int
    first_wrong: Wrong | None = None
    mistake: str = ""               # the sentence of the classic mistake that gives the same answers
    broken_laws: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuestionMark:
    """One graded function."""

    name: str
    cases: tuple[CaseMark, ...]
    fault: str = ""                 # why it could not be asked, or may not count, in one sentence

    @property
    def points(self) -> int:
        return sum(case.points for case in self.cases)

    @property
    def out_of(self) -> int:
        return sum(case.out_of for case in self.cases)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """The sentences of the classic mistakes that were recognised, each once."""
        return tuple(dict.fromkeys(case.mistake for case in self.cases if case.mistake))


@dataclass(frozen=True)
class Report:
    """The marks of one submission.

    `fault` is set when nothing could be marked (not a notebook, another lab); the questions then carry no points.
    `notes` are sentences about cells and about how the marking was done. `cpu_s` and `memory_bytes` are what the
    submission's processes used.
    """

    submission: str
    lab: str
    student: str
    seed: str                       # what the inputs were drawn from, hashed: tells whether two markings were alike
    digest: str                     # of the cells that ran
    isolation: str                  # "bubblewrap", "landlock" or "none"
    official: bool
    questions: tuple[QuestionMark, ...] = ()
    fault: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    cpu_s: float = field(default=0.0, compare=False)
    memory_bytes: int = field(default=0, compare=False)

    @property
    def points(self) -> int:
        return sum(question.points for question in self.questions)

    @property
    def out_of(self) -> int:
        return sum(question.out_of for question in self.questions)

    def as_data(self) -> dict[str, Any]:
        """The report as plain dicts and lists for JSON, with the sums written out."""
        data = asdict(self)
        for question, mark in zip(data["questions"], self.questions, strict=True):
            question |= {"points": mark.points, "out_of": mark.out_of}
        return data | {"points": self.points, "out_of": self.out_of}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Report:
        """The report that `as_data` wrote.

        Raises
        ------
        ValueError
            If the data is not that of a report.
        """
        try:
            questions = tuple(_question(item) for item in data["questions"])
            plain = {key: value for key, value in data.items() if key not in ("questions", "points", "out_of")}
            return cls(**(plain | {"questions": questions, "notes": tuple(data["notes"])}))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not the data of a report: {error!r}") from None


def _question(data: dict[str, Any]) -> QuestionMark:
    return QuestionMark(data["name"], tuple(_case(item) for item in data["cases"]), data["fault"])


def _case(data: dict[str, Any]) -> CaseMark:
    wrong = Wrong(**data["first_wrong"]) if data["first_wrong"] else None
    return CaseMark(**(data | {"first_wrong": wrong, "broken_laws": tuple(data["broken_laws"])}))
