"""From answers to marks: which inputs are asked, in which order, and what the answers are worth.

Everything here runs in the parent. The submission is behind `ask`, which gives a plain value or a fault.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from .answers import Answer
from .comparing import difference
from .draws import Inputs
from .marks import CaseMark, QuestionMark, Wrong
from .rubric import Cases, Law, Question, Rubric, RubricError
from .telling import differing, shown

Ask = Callable[[str, Mapping[str, Any]], Answer]
UNASKED = ("unwritten", "missing", "uncallable", "signature")
SAME_INPUT = "The same input always gives the same answer."


@dataclass
class _Asked:
    """One kind of inputs of one question, with what came back. The first input is asked twice."""

    question: Question
    kind: Cases
    inputs: list[Inputs]
    answers: dict[int, Answer] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    excused: bool = False
    right: dict[int, Any] = field(default_factory=dict)

    def expected(self, index: int) -> Any:
        """The reference's answer to an input, which is computed once."""
        index %= len(self.inputs) - 1  # the last input is the first again
        if index not in self.right:
            with _blamed(self.question, self.kind):
                self.right[index] = self.question.expected(self.inputs[index])
        return self.right[index]

    @cached_property
    def said(self) -> list[str | None]:
        """For each input, once all are answered: None if the answer is right, what is wrong with its kind, or ""."""
        return [self._said(index) for index in range(len(self.inputs))]

    def _said(self, index: int) -> str | None:
        answer, x = self.answers[index], self.inputs[index]
        if answer.fault:
            return answer.fault
        if self.question.accepts:
            return _judged(self.question, x, answer.value) or None
        return difference(answer.value, self.expected(index), self.question.rtol, self.question.atol)

    def told(self, index: int, reveal: bool) -> tuple[str, str]:
        """What is told of a wrong answer, and what of the right one."""
        said, question = self.said[index], self.question
        if said:
            return said, shown(self.expected(index)) if reveal and not question.accepts else ""
        return differing(self.answers[index].value, self.expected(index), question.rtol, question.atol, reveal)


def mark(rubric: Rubric, ask: Ask, seed: str, *, uses: Mapping[str, Sequence[str]] | None = None,
         reveal: bool = True) -> tuple[QuestionMark, ...]:
    """Ask every question of a rubric and count the points.

    Parameters
    ----------
    rubric : Rubric
    ask : function of (name of the function, inputs)
        Gives an `Answer`; never raises.
    seed : str
        Decides the inputs and the order in which they are asked.
    uses : mapping of str to sequence of str
        The names that each definition of the submission uses, for what a question forbids.
    reveal : bool
        Whether the marks hold inputs and expected values.

    Raises
    ------
    RubricError
        If the rubric cannot draw its inputs, or its reference breaks down.
    """
    asked = [_Asked(question, kind, _inputs(question, kind, seed)) for question in rubric for kind in question.cases]
    turns = [(item, index) for item in asked for index in range(len(item.inputs))]
    Random(hashlib.sha256(f"{seed}|order".encode()).digest()).shuffle(turns)
    for item, index in turns:
        item.answers[index] = ask(item.question.name, _arguments(item.question, item.inputs[index]))
    for item in asked:
        _check_laws(item, ask)
    for question in rubric:
        _excuse_laws([item for item in asked if item.question is question])
    return tuple(_question(question, [item for item in asked if item.question is question], uses or {}, reveal)
                 for question in rubric)


def _inputs(question: Question, kind: Cases, seed: str) -> list[Inputs]:
    with _blamed(question, kind):
        drawn = question.inputs(kind, seed)
    return [*drawn, drawn[0]]


@contextlib.contextmanager
def _blamed(question: Question, kind: Cases) -> Iterator[None]:
    """What the rubric's own functions raise within is the rubric's fault."""
    try:
        yield
    except RubricError:
        raise
    except Exception as error:
        raise RubricError(f"question {question.name}, where {kind.name}: the rubric raised {error!r}") from error


def _arguments(question: Question, x: Mapping[str, Any]) -> dict[str, Any]:
    return {name: x[name] for name in question.parameters}


def _check_laws(item: _Asked, ask: Ask) -> None:
    """Note which laws the first answer of a kind breaks, unless it is none that a law could speak of."""
    question, first, again = item.question, item.answers[0], item.answers[len(item.inputs) - 1]
    if first.fault or again.fault or (item.said[0] and not question.accepts):
        return
    if not question.accepts and difference(again.value, first.value, question.rtol, question.atol) is not None:
        item.broken.append(SAME_INPUT)
    item.broken += [law.sentence for law in question.laws if not _holds(law, item, first.value, ask)]


def _excuse_laws(asked: list[_Asked]) -> None:
    """Where answers are wrong, a broken law explains them and costs no more; it costs points where all are right."""
    wrong = any(words is not None for item in asked for words in item.said)
    for item in asked:
        item.excused = wrong


def _holds(law: Law, item: _Asked, answer: Any, ask: Ask) -> bool:
    x = item.inputs[0]
    try:
        second = ask(item.question.name, _arguments(item.question, law.then(x, answer)))
        return not second.fault and bool(law.holds(x, answer, second.value))
    except Exception:  # an answer of the wrong kind: what the law computes with it may raise anything
        return False


def _question(question: Question, asked: list[_Asked], uses: Mapping[str, Sequence[str]], reveal: bool) -> QuestionMark:
    fault = _forbidden(question, uses) or _unasked(asked)
    return QuestionMark(question.name, tuple(_case(item, asked, fault, reveal) for item in asked), fault)


def _unasked(asked: list[_Asked]) -> str:
    """The one fault that all answers share, if it is that there is no function to ask."""
    answers = [answer for item in asked for answer in item.answers.values()]
    kinds = {answer.kind for answer in answers}
    if len(kinds) > 1 or not kinds <= set(UNASKED):
        return ""
    if kinds == {"unwritten"}:
        return "is not written yet"
    wanted = f"; expected ({', '.join(asked[0].question.parameters)})" if kinds == {"signature"} else ""
    return answers[0].fault + wanted


def _forbidden(question: Question, uses: Mapping[str, Sequence[str]]) -> str:
    """Which forbidden name the function uses, or what it calls in the notebook uses."""
    seen, ahead = set(), [question.name]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += uses.get(name, ())
    banned = sorted(word for word in question.forbids for name in seen if name == word or name.startswith(word + "."))
    return f"uses {banned[0]}, which this question does not allow" if banned else ""


def _case(item: _Asked, asked: list[_Asked], fault: str, reveal: bool) -> CaseMark:
    said = item.said
    wrong = [index for index, words in enumerate(said) if words is not None]
    full = not wrong and (item.excused or not item.broken) and not fault
    first = None
    if wrong and not fault:
        index = min(wrong, key=lambda index: (item.answers[index].kind == "given up", item.kind.contrasts(index)))
        x = item.inputs[index]
        call = ", ".join(f"{name}={_typed(x[name])}" for name in item.question.parameters) if reveal else ""
        first = Wrong(call, *item.told(index, reveal), item.kind.contrasts(index))
    return CaseMark(item.kind.name, item.kind.points if full else 0, item.kind.points, len(said),
                    len(said) - len(wrong), first, _mistake(item, asked) if wrong and not fault else "",
                    tuple(item.broken) if not fault else ())


def _mistake(item: _Asked, asked: list[_Asked]) -> str:
    """The sentence of the classic mistake that gives all answers of this kind, and the most of the others."""
    best, sentence = 0, ""
    for mistake in item.question.mistakes:
        if not all(_agrees(item, mistake.answer, index) for index in range(len(item.inputs))):
            continue
        agreed = sum(_matches(other, mistake.answer) for other in asked)
        if agreed > best:
            best, sentence = agreed, mistake.sentence
    return sentence


def _matches(item: _Asked, wrong: Callable[[Inputs], Any]) -> int:
    """How many answers of a kind are those of a mistake."""
    return sum(_agrees(item, wrong, index) for index in range(len(item.inputs)))


def _agrees(item: _Asked, wrong: Callable[[Inputs], Any], index: int) -> bool:
    answer = item.answers[index]
    if answer.fault:
        return False
    try:
        expected = wrong(item.inputs[index])
    except ArithmeticError:
        return False
    return difference(answer.value, expected, item.question.rtol, item.question.atol) is None


def _judged(question: Question, x: Inputs, value: Any) -> str:
    """What a question with many right answers says of one; an answer that it cannot read is wrong."""
    try:
        return question.accepts(x, value) if question.accepts else ""
    except Exception:
        return f"returned {shown(value)}, which is not of the kind that was asked for"


def _typed(value: Any) -> str:
    """An input as it can be typed in a lab, where numpy is `np`."""
    return repr(value) if isinstance(value, str) else re.sub(r"(?<![\w.])array\(", "np.array(", repr(value))
