"""What must hold of every rubric. A lab's own file makes a class of `RubricTests`, and adds what is special to it."""

import doctest
import inspect
import io
import itertools
import math
import runpy
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache, cached_property
from numbers import Real
from pathlib import Path
from typing import Any, ClassVar

import jupytext
import numpy as np

from roofline.teaching.grading import Limits, sandbox
from roofline.teaching.grading.comparing import difference
from roofline.teaching.grading.conversation import Answer, Conversation
from roofline.teaching.grading.draws import Inputs
from roofline.teaching.grading.marking import mark
from roofline.teaching.grading.rubric import Cases, Question, Rubric
from roofline.teaching.rubrics import load

HERE = Path(__file__).resolve().parent
SEEDS = tuple(f"seed {number}" for number in range(20))
CONSTANTS = [
    0, 1, 2, -1, 0.5, 4 / 3, 5 / 4, 1e9, None, math.inf, math.nan, True, False, "", (), (0, 0), (1, 1), (0, 1),
    [0.2, 1.0], [[0.0]], [[0.5] * 4] * 4, ["F0 BW0"] * 4,
]  # fmt: skip


class Remembered(Question):
    """A question that draws the inputs of a kind and a seed once, and works out the right answer to each once."""

    @cached_property
    def known(self) -> tuple[dict[tuple[str, str], list[Inputs]], dict[int, Any]]:
        """Inputs by kind and seed, and answers by the identity of those inputs, which are kept."""
        return {}, {}

    def inputs(self, kind: Cases, seed: str) -> list[Inputs]:
        drawn, answers = self.known
        if (kind.name, seed) not in drawn:
            drawn[kind.name, seed] = super().inputs(kind, seed)
            answers |= {id(x): super(Remembered, self).expected(x) for x in drawn[kind.name, seed]}
        return drawn[kind.name, seed]

    def expected(self, x: Inputs) -> Any:
        answers = self.known[1]
        return answers[id(x)] if id(x) in answers else super().expected(x)


class Asked:
    """A rubric, what a student could hand in for it, and inputs drawn from twenty seeds with the answers expected."""

    def __init__(self, lab: str) -> None:
        self.rubric = replace(load(lab), questions=[
            Remembered(**{part.name: getattr(question, part.name) for part in fields(question)})
            for question in load(lab)])
        self.solved = runpy.run_path(str(HERE / f"solutions/{lab}.py"))
        self.questions = {question.name: question for question in self.rubric}
        self.drawn = cache(self._drawn)

    def _drawn(self, name: str, seed: str) -> list[tuple[Any, list[tuple[Inputs, Any]]]]:
        """The inputs of a question with their expected answers, by kind."""
        question = self.questions[name]
        return [(kind, [(x, question.expected(x)) for x in question.inputs(kind, seed)]) for kind in question.cases]

    def every(self, name: str, most: int = len(SEEDS)) -> list[tuple[Inputs, Any]]:
        return [case for seed in SEEDS[:most] for _, cases in self.drawn(name, seed) for case in cases]

    def first(self, name: str, most: int = len(SEEDS)) -> list[Inputs]:
        """The first input of each kind, at which laws are tried."""
        return [cases[0][0] for seed in SEEDS[:most] for _, cases in self.drawn(name, seed)]

    def answering(self, question: Any, function: Any) -> Any:
        """The function as one of the inputs, its fractions made plain as the grader makes them."""
        def answer(x: Any) -> Any:
            found = function(**{name: x[name] for name in question.parameters})
            return float(found) if isinstance(found, Fraction) else found
        return answer

    def lost(self, question: Any, seed: str, answer: Any) -> list[Any]:
        """The kinds in which some answer is not right."""
        return [kind for kind, cases in self.drawn(question.name, seed)
                if not all(right(question, x, answer(x), expected) for x, expected in cases)]

    def holds(self, law: Any, answer: Any, x: Inputs) -> bool:
        found = answer(x)
        return law.holds(x, found, answer(Inputs(law.then(x, found))))

    @cached_property
    def stubs(self) -> dict[str, Any]:
        """The functions that the lab asks for, as it hands them out."""
        names: dict[str, Any] = {}
        for cell in jupytext.read(HERE.parent.parent / f"labs/{self.rubric.lab}.md").cells:
            if {"setup", "graded"} & set(cell.metadata.get("tags", [])):
                exec(cell.source, names)
        return {name: stub for name, stub in names.items() if inspect.isfunction(stub)}


def right(question: Any, x: Inputs, answer: Any, expected: Any) -> bool:
    if question.accepts:
        return question.accepts(x, answer) == ""
    return difference(answer, expected, question.rtol, question.atol) is None


def amount(value: Any) -> float:
    """A number that depends on an input, whatever it is; 1 where it holds none, or nothing."""
    if isinstance(value, Real):
        return float(value) or 1.0
    parts = value if isinstance(value, list | tuple | np.ndarray) else ()
    return float(sum(amount(part) * (place + 1) for place, part in enumerate(parts))) or 1.0


def filled(like: Any, number: float) -> Any:
    """An answer of the same shape with nothing in it but one number."""
    if isinstance(like, list | tuple | np.ndarray):
        return [filled(part, number) for part in like]
    return number


def cases_of(cls: Any, what: str) -> dict[str, Any]:
    """What a test is run for, by name: every question, mistake, law or spelling of the class's rubric."""
    asked, each = cls.asked, cls.asked.questions.values()
    return {
        "question": lambda: {q.name: q for q in each},
        "mistake": lambda: {f"{q.name}: {m.sentence}": (q, m) for q in each for m in q.mistakes},
        "law": lambda: {f"{q.name}: {law.sentence}": (q, law) for q in each for law in q.laws},
        "function": lambda: {f"{q.name} {i}": (q, function) for q in each
                             for i, function in enumerate([asked.solved[q.name], *cls.spellings[q.name]])},
    }[what]()  # fmt: skip


class RubricTests:
    """Right answers in any spelling are right, and each mistake costs what it says.

    Attributes
    ----------
    asked : Asked
    spellings : mapping of str to list of function
        For each question, the same function in other spellings.
    wrong : mapping of str to list of function of the inputs
        Wrong functions that break a law which no mistake and no answer made of one input breaks.
    slow : mapping of str to int
        Questions that some spellings answer in plain Python, and so on fewer seeds.
    """

    asked: ClassVar[Asked]
    spellings: ClassVar[dict[str, list[Any]]]
    wrong: ClassVar[dict[str, list[Any]]] = {}
    slow: ClassVar[dict[str, int]] = {}

    def test_a_right_function_is_right_everywhere_however_it_is_spelled(self, function):
        question, spelled = function
        answer = self.asked.answering(question, spelled)
        for x, expected in self.asked.every(question.name, self.slow.get(question.name, len(SEEDS))):
            assert right(question, x, answer(x), expected), (x, answer(x), expected)

    def test_the_solutions_get_every_point_from_a_process_of_their_own(self):
        """Asked on few seeds, by one process: a test below tries them on all seeds without it."""
        source = (HERE / f"solutions/{self.asked.rubric.lab}.py").read_text("utf8")
        with Conversation([("1", source)], sandbox.available()[0], Limits(function_s=100)) as talk:
            for seed in SEEDS[:5]:
                marks = mark(self.asked.rubric, talk.ask, seed, uses=talk.uses)
                lost = [question for question in marks if question.points < question.out_of]
                assert not lost and sum(question.points for question in marks) == self.asked.rubric.points
        assert not talk.faults

    def test_the_questions_are_the_functions_of_the_lab_with_their_arguments(self):
        asked = {name: tuple(inspect.signature(stub).parameters) for name, stub in self.asked.stubs.items()}
        assert list(asked) == list(self.asked.questions)
        assert asked == {name: question.parameters for name, question in self.asked.questions.items()}

    def test_the_examples_of_the_lab_come_out(self, question):
        told, names = io.StringIO(), dict(self.asked.solved)
        stub = self.asked.stubs[question.name]
        examples = doctest.DocTestParser().get_doctest(stub.__doc__, names, question.name, None, None)
        outcome = doctest.DocTestRunner().run(examples, out=told.write)
        assert outcome.attempted and not outcome.failed, told.getvalue()

    def test_a_constant_earns_nothing(self, question):
        for constant, seed in itertools.product(CONSTANTS, SEEDS):
            assert self.asked.lost(question, seed, lambda x, constant=constant: constant) == [*question.cases], constant

    def test_handing_back_an_argument_earns_nothing(self, question):
        for seed, name in itertools.product(SEEDS, question.parameters):
            for answer in (lambda x, name=name: x[name], lambda x, name=name: (x[name], x[name])):
                assert self.asked.lost(question, seed, answer) == list(question.cases)

    # Mistakes

    def test_a_mistake_costs_exactly_what_it_says(self, mistake):
        question, made = mistake
        for seed in SEEDS:
            kinds = self.asked.lost(question, seed, made.answer)
            assert sum(kind.points for kind in kinds) == made.costs > 0, (seed, [kind.name for kind in kinds])

    def test_a_mistake_gets_its_own_sentence_and_loses_no_more_by_the_laws(self, mistake):
        question, made = mistake
        for seed in SEEDS[:3]:
            alone = Rubric(self.asked.rubric.lab, self.asked.rubric.title, [question])
            got, = mark(alone, lambda name, inputs: Answer(made.answer(Inputs(inputs))), seed)
            assert got.points == question.points - made.costs and got.mistakes == (made.sentence,)

    def test_two_mistakes_never_give_the_same_answers(self, question):
        for seed in SEEDS[:5]:
            inputs = [x for _, cases in self.asked.drawn(question.name, seed) for x, _ in cases]
            for one, other in itertools.combinations(question.mistakes, 2):
                assert any(difference(other.answer(x), one.answer(x), question.rtol, question.atol) is not None
                           for x in inputs), (one.sentence, other.sentence)

    def test_a_mistake_has_a_sentence_of_its_own_that_fits_on_a_line(self, question):
        sentences = [mistake.sentence for mistake in question.mistakes]
        assert len(set(sentences)) == len(sentences) >= 4
        assert all(sentence.endswith((".", "?")) and len(sentence) < 120 for sentence in sentences)

    # Laws

    def test_a_law_holds_for_right_functions_on_every_input(self, law):
        question, held = law
        for function in (question.reference, self.asked.solved[question.name]):
            for x, _ in self.asked.every(question.name)[::3]:
                assert self.asked.holds(held, self.asked.answering(question, function), x), x

    def test_a_law_does_not_mind_how_a_right_function_is_spelled(self, law):
        question, held = law
        for function in (question.reference, *self.spellings[question.name]):
            for x in self.asked.first(question.name, 5):
                assert self.asked.holds(held, self.asked.answering(question, function), x), x

    def test_a_law_is_broken_by_a_wrong_function(self, law):
        question, held = law
        wrong = [made.answer for made in question.mistakes] + self.wrong.get(question.name, [])
        wrong += [lambda x, name=name, power=power: filled(question.expected(x), amount(x[name]) ** power)
                  for name in question.parameters for power in (1, -1)]
        assert any(self._breaks(held, answer, x) for answer in wrong for x in self.asked.first(question.name, 1))

    def _breaks(self, law: Any, answer: Any, x: Inputs) -> bool:
        try:
            return not self.asked.holds(law, answer, x)
        except (KeyError, IndexError, TypeError, ValueError, ArithmeticError):
            return False
