"""What a lab is marked by: its questions, each with a reference, kinds of inputs with points, and classic mistakes.

A rubric is data with small functions. `x` is the `Inputs` of one call everywhere: `x.B` is its batch. Nothing here
runs a student's code.
"""

from __future__ import annotations

import hashlib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

from .comparing import difference
from .draws import Draw, Inputs

NUDGE = 1e-8  # a reference whose answer jumps when an input moves by this share is not asked there
TRIES = 5000


class RubricError(ValueError):
    """The rubric itself is at fault, not the submission."""


@dataclass(frozen=True)
class Cases:
    """Inputs of one kind. All of their answers must be right for the points.

    Parameters
    ----------
    name : str
        What is the case, so that "where NAME" reads well: "the reads take longer".
    points : int
        1 or more.
    where : function of x, optional
        Inputs are drawn until this is true.
    contrast : function of x, optional
        Every second input is drawn until this is true instead. Needed where all answers would otherwise be the same,
        because a function that always returns it would earn the points.
    fix : mapping or function of (rng, x), optional
        Inputs that replace the drawn ones.
    count : int
        How many inputs are asked.
    """

    name: str
    points: int
    where: Callable[[Inputs], bool] | None = None
    contrast: Callable[[Inputs], bool] | None = None
    fix: Mapping[str, Any] | Callable[[Random, Inputs], Mapping[str, Any]] = field(default_factory=dict)
    count: int = 6

    def __post_init__(self) -> None:
        if self.points < 1 or self.count < 2:
            raise RubricError(f"cases {self.name!r}: expected 1 point or more and 2 inputs or more, "
                              f"not {self.points} and {self.count}")

    def contrasts(self, index: int) -> bool:
        """Whether an input is one of those drawn as a contrast: every second one, but for the first asked again."""
        return self.contrast is not None and index % 2 == 1 and index < self.count


@dataclass(frozen=True)
class Law:
    """A relation between an answer and a second one, to hold for every kind of input.

    Where some answers are wrong, a broken law is told to explain them. Where all are right it costs the kind's points:
    the function knows answers without the rule behind them.

    Parameters
    ----------
    sentence : str
        The law in words: "Twice the chips halve the time."
    then : function of (x, answer)
        The inputs of a second call of the same function.
    holds : function of (x, answer, second answer)
        Whether the two answers are as they must be.
    """

    sentence: str
    then: Callable[[Inputs, Any], Mapping[str, Any]]
    holds: Callable[[Inputs, Any, Any], bool]


@dataclass(frozen=True)
class Mistake:
    """A classic wrong answer: what it computes, what it costs, and the sentence that sets the student right."""

    sentence: str
    answer: Callable[[Inputs], Any]
    costs: int


@dataclass(frozen=True)
class Question:
    """A function that the student writes.

    Parameters
    ----------
    reference : function
        The right answer. Its name and its parameters are those of the student's function.
    domain : mapping of str to Draw
        A draw for each parameter at least; others may be drawn as help for the rest and are not passed.
    cases : sequence of Cases
    rtol, atol : float
        An answer may differ by `atol + rtol * abs(expected)`. Both 0: exactly, as for counts.
    laws : sequence of Law
    mistakes : sequence of Mistake
    forbids : sequence of str
        Names and dotted names that the function, and what it calls in the notebook, may not use: `numpy.sort`.
    accepts : function of (x, answer), optional
        For questions with many right answers: the empty string, or what is wrong. `reference` is then one right answer.
    """

    reference: Callable[..., Any]
    domain: Mapping[str, Draw]
    cases: Sequence[Cases]
    rtol: float = 1e-6
    atol: float = 0.0
    laws: Sequence[Law] = ()
    mistakes: Sequence[Mistake] = ()
    forbids: Sequence[str] = ()
    accepts: Callable[[Inputs, Any], str] | None = None

    def __post_init__(self) -> None:
        missing = [name for name in self.parameters if name not in self.domain]
        if missing:
            raise RubricError(f"question {self.name}: no draw for {', '.join(missing)}")
        if not self.cases or len({kind.name for kind in self.cases}) < len(self.cases):
            raise RubricError(f"question {self.name}: expected cases with different names")
        if self.rtol < 0 or self.atol < 0:
            raise RubricError(f"question {self.name}: rtol {self.rtol} and atol {self.atol} must not be negative")

    @property
    def name(self) -> str:
        return self.reference.__name__

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments, in their order."""
        return tuple(inspect.signature(self.reference).parameters)

    @property
    def points(self) -> int:
        return sum(kind.points for kind in self.cases)

    def expected(self, x: Inputs) -> Any:
        """The reference's answer."""
        return self.reference(**{name: x[name] for name in self.parameters})

    def inputs(self, kind: Cases, seed: str) -> list[Inputs]:
        """The inputs of one kind: the same for the same seed, on every machine.

        Raises
        ------
        RubricError
            If inputs of that kind are not found, or all of their answers are the same.
        """
        rng = Random(hashlib.sha256(f"{seed}|{self.name}|{kind.name}".encode()).digest())
        wanted = [kind.contrast if kind.contrasts(index) else kind.where for index in range(kind.count)]
        found = [self._draw(rng, kind, where) for where in wanted]
        if self.accepts is None and all(same(self.expected(x), self.expected(found[0]), self) for x in found[1:]):
            raise RubricError(f"question {self.name}, where {kind.name}: every answer is "
                              f"{self.expected(found[0])!r}; add a contrast")
        return found

    def _draw(self, rng: Random, kind: Cases, where: Callable[[Inputs], bool] | None) -> Inputs:
        for _ in range(TRIES):
            x = Inputs()
            for name, draw in self.domain.items():
                x[name] = _short(draw(rng, x))
            x.update(kind.fix(rng, x) if callable(kind.fix) else kind.fix)
            if (where is None or where(x)) and (self.accepts or self._steady(x)):
                return x
        raise RubricError(f"question {self.name}: no inputs found where {kind.name} in {TRIES} draws")

    def _steady(self, x: Inputs) -> bool:
        """Whether rounding cannot decide the answer: a nudge changes it by a tenth of the tolerance at most."""
        nudged = [Inputs(x, **{name: x[name] * factor}) for name in self.parameters if isinstance(x[name], float)
                  for factor in (1 - NUDGE, 1 + NUDGE)]
        here = self.expected(x) if nudged else None
        return all(difference(self.expected(near), here, self.rtol / 10, self.atol / 10) is None for near in nudged)


@dataclass(frozen=True)
class Rubric:
    """All questions of a lab, in the order of the lab. A course may add its own with `extended`."""

    lab: str
    title: str
    questions: Sequence[Question]
    salt: str = ""

    def __post_init__(self) -> None:
        names = [question.name for question in self.questions]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not names:
            raise RubricError(f"rubric {self.lab}: " + (f"{twice[0]} is asked twice" if twice else "no questions"))

    @property
    def points(self) -> int:
        return sum(question.points for question in self.questions)

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    def extended(self, *questions: Question, salt: str = "") -> Rubric:
        """This rubric with a course's own questions; one of the same name replaces the public one.

        A secret `salt` makes inputs that nobody outside the course can predict.
        """
        own = {question.name: question for question in questions}
        kept = [own.pop(question.name, question) for question in self.questions]
        return replace(self, questions=(*kept, *own.values()), salt=salt or self.salt)


def same(answer: Any, expected: Any, question: Question) -> bool:
    """Whether an answer equals the expected one within the question's tolerance, item by item in lists and arrays."""
    return difference(answer, expected, question.rtol, question.atol) is None


def _short(value: Any) -> Any:
    """A drawn float in four digits: easy to read, and the same on machines whose functions differ in the last one."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def scales(factors: Mapping[str, float], by: float, sentence: str) -> Law:
    """The answer grows `by` when the named inputs are multiplied by their factors."""
    return Law(sentence, lambda x, _: {**x, **{name: x[name] * factor for name, factor in factors.items()}},
               lambda x, y, z: _close(z, y * by))


def rises(name: str, factor: float, sentence: str) -> Law:
    """The answer does not fall when the input is multiplied by a factor above 1; with one below 1, does not rise."""
    def holds(x: Inputs, y: Any, z: Any) -> bool:
        if y is None or z is None or not math.isfinite(y):
            return True
        return bool((z - y) * math.copysign(1, factor - 1) >= -1e-9 * abs(y))

    return Law(sentence, lambda x, _: {**x, name: x[name] * factor}, holds)


def _close(a: Any, b: Any) -> bool:
    return math.isclose(a, b, rel_tol=1e-6)
