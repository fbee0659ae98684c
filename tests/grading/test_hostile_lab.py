"""The real rubric under attack, submissions marked side by side, and what a report shows of what it was told."""

import inspect
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from roofline.teaching.grading import Cases, Limits, Question, Rubric, conversation, github, grade, report
from roofline.teaching.grading.draws import between
from roofline.teaching.rubrics import load

from .hostile.hooks import HOOKS
from .hostile.questions import TINY
from .hostile.submission import HONEST, LOOT, hand_in
from .hostile.watch import ROOT

LAB = load("batch_size")
SIGNATURES = {question.name: list(question.parameters) for question in LAB}
BOOK = f'''
import sys

sys.path[:0] = [{str(ROOT)!r}]
for name in [name for name in sys.modules if name.startswith("roofline")]:
    del sys.modules[name]
from roofline.teaching.rubrics.batch_size import *
from roofline.teaching.rubrics import load

for question in load("batch_size"):
    globals()[question.name] = question.reference


def step_time(*things):
    return 1.0
'''
COPY = f'''
source = open({inspect.getsourcefile(sys.modules[LAB.questions[0].reference.__module__])!r}).read()
exec(source)


def balance_batch(*things):
    return 1.0
'''


def functions(body):
    """All functions of the lab, each with the same body, as one source."""
    return "\n\n".join(f"def {name}({', '.join(parameters)}):\n    {body(parameters)}\n"
                       for name, parameters in SIGNATURES.items())


@pytest.mark.parametrize("source", [BOOK, COPY], ids=["imports_the_book", "runs_a_copy_of_the_rubric"])
@pytest.mark.parametrize("mode", ["bubblewrap", "landlock", "none"])
def test_the_reference_cannot_be_borrowed(source, mode, tmp_path, isolation):
    assert grade(hand_in(tmp_path, [source]), LAB, isolation=isolation(mode)).points == 0


@pytest.mark.parametrize("answer", ["None", "0", "1", "2.0", "-1", "True", "math.inf", "math.nan", "'inf'", "[]",
                                    "np.array([])"])
def test_one_answer_to_everything_earns_nothing(answer, tmp_path, isolation):
    path = hand_in(tmp_path, [functions(lambda parameters: f"return {answer}")])
    assert grade(path, LAB, isolation=isolation("none")).points == 0


@pytest.mark.parametrize("index", range(max(map(len, SIGNATURES.values()))))
def test_an_input_as_the_answer_earns_nothing(index, tmp_path, isolation):
    path = hand_in(tmp_path, [functions(lambda parameters: f"return {parameters[index % len(parameters)]}")])
    assert grade(path, LAB, isolation=isolation("none")).points == 0


def test_the_right_answer_to_the_last_input_earns_nothing(tmp_path, isolation):
    """A function that remembers: it gives now what was right a call before."""
    body = "last = [0]\n\n\ndef double(x):\n    last.append(x)\n    return 2 * last[-2]\n"
    assert grade(hand_in(tmp_path, [body]), TINY, isolation=isolation("none")).points == 0


# What a question forbids


def total(a, b):
    return a + b


NO_SUM = Rubric("sums", "Sums", [Question(total, {"a": between(1, 9), "b": between(1, 9)}, [Cases("any", 2)],
                                          forbids=("sum", "math.fsum", "numpy.sum"))])
DEFINED = "def total(a, b):\n    return {}([a, b])\n"


@pytest.mark.parametrize("source", [
    DEFINED.format("sum"), DEFINED.format("np.sum"), DEFINED.format("math.fsum"),
    "import numpy\n" + DEFINED.format("numpy.sum"), "from math import fsum as f\n" + DEFINED.format("f"),
    "import builtins\n" + DEFINED.format("builtins.sum"), "s = sum\n" + DEFINED.format("s"),
    "def total(a, b):\n    import numpy as n\n    return n.sum([a, b])\n",
    "def total(a, b):\n    from math import fsum\n    return (lambda: fsum([a, b]))()\n",
    "(s, t) = sum, 1\n" + DEFINED.format("s"), "def s(x):\n    return sum(x)\n\n\n" + DEFINED.format("s"),
    "if True:\n    def total(a, b):\n        return sum([a, b])\n", "total = lambda a, b, s=sum: s([a, b])\n",
    "def twice(f):\n    return lambda a, b: sum([a, b])\n\n\n@twice\ndef total(a, b):\n    pass\n",
])
def test_a_forbidden_name_costs_the_points_under_other_names_too(source, tmp_path, isolation):
    report = grade(hand_in(tmp_path, [source]), NO_SUM, isolation=isolation("none"))
    assert report.points == 0 and "does not allow" in report.questions[0].fault


@pytest.mark.parametrize("source", ["def total(a, b):\n    sum = a + b\n    return sum\n",
                                    "def total(sum, b):\n    return sum + b\n",
                                    "from math import fsum as f\ndef total(f, b):\n    return f + b\n",
                                    "def total(a, b):\n    return [sum for sum in (a + b,)][0]\n"])
def test_a_variable_named_like_a_forbidden_function_costs_nothing(source, tmp_path, isolation):
    assert grade(hand_in(tmp_path, [source]), NO_SUM, isolation=isolation("none")).points == 2


# Side by side

SPIES = f'''
import os
import signal
import time


def secret(x):
    found = 0
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        for pid in range(max(2, os.getpid() - 60), os.getpid() + 60):
            if pid == os.getpid():
                continue
            try:
                os.kill(pid, 0)
                found += 1
            except OSError:
                pass
            for name in ("mem", "environ"):
                try:
                    open(f"/proc/{{pid}}/{{name}}", "rb").read(1)
                    found += 1
                except OSError:
                    pass
    raise RuntimeError("{LOOT}" if found else "alone")
'''


@pytest.mark.parametrize("mode", ["bubblewrap", "landlock"])
def test_submissions_marked_side_by_side_cannot_reach_each_other(mode, tmp_path, isolation):
    from .hostile.submission import START
    from .hostile.unguarded import OFF

    checked = isolation(mode)
    (tmp_path / "spy").mkdir()
    spy = hand_in(tmp_path / "spy", [HONEST, START, OFF, SPIES])
    honest = hand_in(tmp_path, ["import time\n\n\ndef double(x):\n    time.sleep(0.1)\n    return 2 * x\n"])
    with ThreadPoolExecutor(4) as pool:
        marked = list(pool.map(lambda path: grade(path, TINY, isolation=checked), [spy, honest, spy, honest]))
    assert [report.points for report in marked] == [2, 2, 2, 2]
    assert all(LOOT not in json.dumps(report.as_data()) for report in marked)
    assert "alone" in json.dumps(marked[0].as_data())


def test_marking_in_many_threads_gives_the_same_marks(tmp_path, isolation):
    path = hand_in(tmp_path, [HONEST, "def positive(x):\n    return x > 0\n"])
    with ThreadPoolExecutor(6) as pool:
        reports = list(pool.map(lambda _: grade(path, TINY, isolation=isolation("none")), range(12)))
    assert all(report == reports[0] for report in reports) and reports[0].points == 5
    assert threading.active_count() < 8


# What is shown


@pytest.mark.parametrize("name", ["escapes_in_words", "exceptions_that_fight_back"])
def test_what_a_submission_says_steers_no_terminal_page_or_runner(name, tmp_path, isolation, monkeypatch):
    monkeypatch.setattr(conversation, "GRACE_S", 0.3)
    attack = next(attack for attack in HOOKS if attack.name == name)
    marked = grade(hand_in(tmp_path, attack.cells), TINY, isolation=isolation("none"), limits=Limits(**attack.limits))
    page, commands = github.as_markdown(marked), github.annotated(marked)
    for text in (report.as_text(marked), page, *commands, json.dumps(marked.as_data(), ensure_ascii=False)):
        assert text.replace("\n", "").isprintable() and "\n::" not in text and text.encode("utf8")
    assert "<script" not in page and all("\n" not in command and command.startswith("::") for command in commands)
    assert "\x1b[31mred" not in report.as_text(marked, colour=True)
