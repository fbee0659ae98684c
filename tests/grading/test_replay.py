"""A table of the right answers earns nothing: whatever carries it into the submission also changes the inputs."""

import json

import pytest

from roofline.teaching.grading import grade
from roofline.teaching.grading.conversation import Conversation

from .hostile.questions import SECRET_FACTOR, TINY
from .hostile.submission import cell, hand_in, notebook

FIND = r'''
import re
from functools import cache


def strings():
    """Every text that this process can lay hands on."""
    import gc
    for thing in gc.get_objects():
        parts = thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple, set) else ()
        yield from [part for part in list(parts) if type(part) is str]
    for name in ("lab.ipynb", "/lab.ipynb", "beside.txt", "@BESIDE@", "@NOTEBOOK@"):
        try:
            yield open(name).read()
        except BaseException:
            pass


@cache
def table():
    return next((found[1] for text in strings() if (found := re.search(r"TABLE(\[[^\]]*\])", text))), "[]")


def secret(x):
    pairs = re.findall(r"([-+.0-9e]+):([-+.0-9e]+)", table())
    return dict(pairs)[repr(x)] and float(dict(pairs)[repr(x)])
'''


@pytest.fixture
def asked(monkeypatch):
    """Every (function, inputs) that is asked, noted by the grader's own process: more than a student can learn."""
    noted = []
    real = Conversation.ask

    def ask(self, function, inputs):
        noted.append((function, dict(inputs)))
        return real(self, function, inputs)

    monkeypatch.setattr(Conversation, "ask", ask)
    return noted


def answers_of(asked):
    pairs = [f"{inputs['x']!r}:{SECRET_FACTOR * inputs['x']!r}" for function, inputs in asked if function == "secret"]
    return f"TABLE[{','.join(pairs)}]"


def carried(way, table):
    """The notebook with the table in one place: cells as JSON, metadata of the notebook."""
    source, code = FIND, None
    outside = {"cell_type": "markdown", "metadata": {}, "source": table}
    output = {"output_type": "stream", "name": "stdout", "text": table}
    if way in ("comment", "docstring", "magic", "name", "spaces"):
        source += {"comment": f"# {table}\n", "docstring": f"\n\ndef f():\n    '''{table}'''\n",
                   "magic": f"\n%x {table}\n", "name": f"\nX = {table!r}\n",
                   "spaces": " " * (len(table) % 997) + "\n"}[way]
    code = cell(source, "graded", *([table] if way == "tag" else []))
    code["metadata"] |= {"held": table} if way == "cell metadata" else {}
    code["outputs"] = [output] if way == "output" else []
    code["id"] = table[:60] if way == "cell id" else "a"
    more = {"markdown cell": [outside], "explore cell": [cell(f"X = {table!r}", "explore")],
            "untagged cell": [cell(f"X = {table!r}")], "cell before": [cell(f"def f():\n    return {table!r}")]}
    return notebook([*more.get(way, []), code], **({"held": table} if way == "notebook metadata" else {}))


WAYS = ("comment", "docstring", "magic", "name", "spaces", "tag", "cell metadata", "output", "cell id", "markdown cell",
        "explore cell", "untagged cell", "cell before", "notebook metadata", "beside")


@pytest.mark.parametrize("way", WAYS)
def test_a_table_of_the_answers_of_the_last_marking_gains_nothing(way, tmp_path, asked, isolation):
    path = tmp_path / "lab.ipynb"
    for table in ("TABLE[]", None, None):
        table = table or answers_of(asked)
        asked.clear()
        (tmp_path / "beside.txt").write_text(table)
        text = carried(way, table).replace("@BESIDE@", str(tmp_path / "beside.txt")).replace("@NOTEBOOK@", str(path))
        path.write_text(text)
        report = grade(path, TINY, seed="known", isolation=isolation("none"))
        assert report.points == 0
        assert len(asked) > 12


@pytest.mark.parametrize("way", ["name", "docstring"])
def test_the_same_table_would_earn_all_if_inputs_did_not_depend_on_it(way, tmp_path, asked, isolation, monkeypatch):
    """Shows that the tables above are found and right, so that the test above is worth something."""
    monkeypatch.setattr("roofline.teaching.grading.submission.Submission.digest", "the same for all")
    path, table, points = tmp_path / "lab.ipynb", "TABLE[]", []
    for _ in range(2):
        path.write_text(carried(way, table))
        asked.clear()
        points.append(grade(path, TINY, seed="known", isolation=isolation("none")).points)
        table = answers_of(asked)
    assert points == [0, 4]


def test_the_numbers_of_the_cells_carry_nothing(tmp_path, asked, isolation):
    """Cells that do not run, put between those that do, move their numbers and could so spell out a table."""
    slots = 61
    reads = "LABELS.append(int(re.search(r'[0-9]+', (lambda: 0).__code__.co_filename)[0]))\n\n\ndef f():\n    pass\n"
    start = "import re\n\nLABELS = []\n\n\ndef f():\n    pass\n"
    end = f"""def positive(x):
    gaps = [b - a for a, b in zip(LABELS, LABELS[1:])]
    return gaps[int(abs(x) * 1e6) % {slots}] > 1
"""
    told = {}
    for _ in range(3):
        cells = [cell(start, "graded")]
        for slot in range(slots + 1):
            cells += [cell("1", "explore")] * bool(told.get(slot - 1)) + [cell(reads, "graded")]
        (tmp_path / "lab.ipynb").write_text(notebook([*cells, cell(end, "graded")]))
        asked.clear()
        report = grade(tmp_path / "lab.ipynb", TINY, seed="known", isolation=isolation("none"))
        told = {int(abs(inputs["x"]) * 1e6) % slots: inputs["x"] > 0 for name, inputs in asked if name == "positive"}
        assert report.points == 0


def test_the_same_notebook_is_asked_the_same_and_another_one_is_not(tmp_path, asked):
    sources = ("def secret(x):\n    return x\n", "def secret(x):\n    return x\n", "def secret(x):\n    return x \n")
    seen = []
    for source in sources:
        asked.clear()
        grade(hand_in(tmp_path, [source]), TINY, seed="known")
        seen.append(list(asked))
    assert seen[0] == seen[1]
    assert not {json.dumps(entry) for entry in seen[0]} & {json.dumps(entry) for entry in seen[2]}
