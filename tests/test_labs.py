"""What holds of every lab: its form, its stubs and examples, its check cell, and a blank copy that runs to its end."""

import ast
import doctest
import inspect
import io
import math
import re
import sys

import numpy as np
import pytest

from roofline.teaching import rubrics
from tests.labs import Lab

LABS = {name: Lab(name) for name in rubrics.names()}
FUNCTIONS = {f"{lab} {name}": (LABS[lab], name) for lab in LABS for name in LABS[lab].names}
each_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)
each_function = pytest.mark.parametrize("lab, name", FUNCTIONS.values(), ids=FUNCTIONS)


# The functions


@each_lab
def test_the_stubs_are_those_that_are_graded_and_say_that_they_are_not_written(lab):
    assert lab.defined == lab.names
    for stub in lab.stubs.values():
        with pytest.raises(NotImplementedError):
            stub(**dict.fromkeys(inspect.signature(stub).parameters, 1))


@each_lab
def test_stubs_need_numpy_and_the_standard_library_alone(lab):
    nodes = list(ast.walk(ast.parse(lab.graded)))
    imported = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert imported <= {"numpy", *sys.stdlib_module_names}
    assert not any(isinstance(node, ast.ImportFrom) for node in nodes)


def in_numpy(answer):
    """An answer as numpy gives it: numbers of its own, in a tuple where there are several."""
    if answer is None or isinstance(answer, bool | str) or (isinstance(answer, float) and math.isinf(answer)):
        return answer
    if isinstance(answer, tuple):
        return tuple(map(in_numpy, answer))
    if isinstance(answer, list) and any(isinstance(part, tuple | np.ndarray) for part in answer):
        return list(map(in_numpy, answer))
    return np.asarray(answer)[()]


@each_function
@pytest.mark.parametrize("spelled", [lambda answer: answer, in_numpy], ids=["plain", "numpy"])
def test_every_example_in_a_docstring_is_right_for_plain_numbers_and_for_numpys(lab, name, spelled):
    assert inspect.signature(lab.stubs[name]) == inspect.signature(lab.solved[name])

    def spell(function):
        return lambda *given, **named: spelled(function(*given, **named))

    names = {"np": np} | {other: spell(function) for other, function in lab.solved.items()}
    examples = doctest.DocTestParser().get_doctest(lab.stubs[name].__doc__, names, name, None, None)
    told = io.StringIO()
    outcome = doctest.DocTestRunner().run(examples, out=told.write)
    assert outcome.attempted and not outcome.failed, told.getvalue()


@each_function
def test_a_docstring_says_in_a_sentence_what_comes_back(lab, name):
    first = lab.stubs[name].__doc__.strip().split("\n\n")[0]
    assert re.search(r"\S\.(\s|$)", first) and len(first.split()) > 5


# The notebook


@each_lab
def test_every_cell_says_whether_it_sets_up_explores_or_is_graded(lab):
    for cell in lab.code:
        assert len({"setup", "explore", "graded"} & set(cell.metadata.get("tags", []))) == 1, cell.source


@each_lab
def test_the_cells_that_run_when_graded_follow_each_other(lab):
    setup, = lab.tagged("setup")
    first = lab.code.index(setup)
    assert lab.code[first + 1 : first + 1 + len(lab.names)] == lab.tagged("graded")


@each_lab
def test_figures_have_words_for_those_who_do_not_see_them(lab):
    assert len(lab.figures) >= 3
    for words in lab.figures.values():
        assert len(words.split()) > 15 and words.endswith(".")


@each_lab
def test_threads_are_set_before_numpy_is_loaded(lab):
    for cell in lab.code:
        if "NUM_THREADS" in cell.source:
            assert cell is lab.code[0]
            assert cell.source.index("NUM_THREADS") < cell.source.index("import numpy")


@each_lab
@pytest.mark.site
def test_a_blank_copy_runs_from_end_to_end(lab):
    drawn = {place for place, cell in enumerate(lab.executed)
             if any("image/png" in output.get("data", {}) for output in cell.outputs)}
    assert drawn == set(lab.figures)
    assert not [output.text for output in lab.outputs() if output.get("name") == "stderr"]
    assert lab.printed("def try_examples").splitlines() == [f"{name}: not written yet" for name in lab.names]


# The check cell


@each_lab
def test_the_check_cell_is_content_with_right_functions(lab):
    told = lab.told(lab.solved).splitlines()
    assert told == [f"{name}: all examples come out" for name in lab.names]


@each_function
def test_the_check_cell_knows_right_from_wrong_and_from_missing(lab, name):
    told = lab.told({name: lambda *given, **named: -1.5}).splitlines()
    for line, other in zip((line for line in told if line.partition(":")[0] in lab.names), lab.names, strict=True):
        said = "do not come out" if other == name else "not written yet"
        assert line.startswith(f"{other}: ") and said in line
