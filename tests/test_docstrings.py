"""What docstrings and the package's pages show is what Python answers; nothing that readers use lacks an example."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

from roofline.algebra import DomainError, Formula, InputMissing
from roofline.catalog import DataError
from roofline.notation import notation
from roofline.teaching import chapters, examples

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "book/api").glob("*.md"))
LISTED = re.compile(r"^\.\. automodule:: (\S+)(?:\n   :members:(?: (.+))?)?", re.M)


def listed():
    """Each module that a page of the package describes, with the names that it picks, or None for all."""
    found = {}
    for page in PAGES:
        for match in LISTED.finditer(page.read_text(encoding="utf8")):
            all_of_it = ":members:" in match[0] and not match[2]
            found[match[1]] = None if all_of_it else re.findall(r"\w+", match[2] or "")
    return found


MODULES = listed()


def public(name):
    """The functions and classes of a module that its page describes."""
    module, picked = importlib.import_module(name), MODULES[name]
    for key, value in vars(module).items():
        own = getattr(value, "__module__", None) == name and (inspect.isroutine(value) or inspect.isclass(value))
        if own and inspect.getdoc(value) and not key.startswith("_") and (picked is None or key in picked):
            yield key, value


def doctests(name):
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(importlib.import_module(name)) if test.examples]


def all_examples():
    found = [example for name in MODULES for test in doctests(name) for example in test.examples]
    return "\n".join(example.source + example.want for example in found)


@pytest.mark.parametrize("name", [name for name in MODULES if doctests(name)])
def test_examples_of_a_module_give_what_they_say(name):
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    said = []
    for test in doctests(name):
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_a_wrong_example_fails():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None).failed == 1


def test_every_function_of_the_pages_is_called_in_an_example():
    shown = all_examples()
    lacking = [f"{name}.{key}" for name in MODULES for key, value in public(name)
               if inspect.isroutine(value) and not re.search(rf"\b{key}\b", shown)]
    assert lacking == []


def test_every_class_of_the_pages_is_made_or_given_in_an_example():
    shown = all_examples()
    called = [value for name in MODULES for key, value in public(name)
              if inspect.isroutine(value) and re.search(rf"\b{key}\b", shown)]
    given = " ".join(str(inspect.signature(value).return_annotation) for value in called)
    lacking = [f"{name}.{key}" for name in MODULES for key, value in public(name)
               if inspect.isclass(value) and not issubclass(value, Exception)
               and not re.search(rf"\b{key}\b", shown + given)]
    assert lacking == []


def test_every_module_of_physics_is_on_a_page():
    modules = {f"roofline.{path.stem}" for path in (ROOT / "roofline").glob("[a-z]*.py")}
    assert modules <= set(MODULES)


def test_every_formula_is_on_exactly_one_page():
    """A page lists the formulas of a module by the module's name."""
    text = "\n".join(page.read_text(encoding="utf8") for page in PAGES)
    pages = re.findall(r"^\.\. formulas:: (\w+)", text, re.M)
    shown = [name for page in pages for name, value in vars(importlib.import_module(f"roofline.{page}")).items()
             if isinstance(value, Formula) and value.function.__module__ == f"roofline.{page}"]
    assert sorted(shown) == sorted(notation.formulas)


def test_examples_in_the_text_of_a_page_give_what_they_say():
    page = ROOT / "book/api/package.md"
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf8"), re.M | re.S))
    test = doctest.DocTestParser().get_doctest(code, {}, page.stem, str(page), 0)
    said = []
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append).failed == 0, "".join(said)


# The example of each formula


@pytest.mark.parametrize("chapter", chapters.CHAPTERS)
def test_the_example_of_a_formula_can_be_typed(chapter):
    """Run as text, the call under the lines that make its sources gives what the page prints."""
    made = [(formula, examples.example(formula)) for formula in chapters.formulas(chapter)]
    used = [name for name in examples.SOURCES if any(name in example.sources for _, example in made)]
    lines = [f">>> {line}" for line in examples.setup(used)]
    lines += [f">>> from {module} import *" for module in {formula.function.__module__ for formula, _ in made}]
    lines += [line for _, example in made for line in example.lines]
    test = doctest.DocTestParser().get_doctest("\n".join(lines), {}, chapter, None, 0)
    said = []
    assert doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed == 0, "".join(said)


def test_an_example_agrees_with_arithmetic_by_hand():
    """DeepSeek-V3 in fp8 on 72 GB200 of 8 TB/s each: 671 GB over 576 TB/s."""
    from roofline.batch_size import t_weights

    example = examples.example(t_weights)
    assert float(example.result) == pytest.approx(671e9 / 576e12)
    assert example.shown == "1.16 ms"


def test_every_example_value_is_used_and_fits_its_input():
    used = {name for formula in chapters.formulas() for name in examples.arguments(formula)[1]}
    assert set(examples.values("batch_size")) == used


@pytest.mark.parametrize(("text", "error"), [("B: 0.5\n", DomainError), ("B_wrong: 2\n", DataError)])
def test_an_impossible_example_value_is_refused(tmp_path, monkeypatch, text, error):
    from roofline.batch_size import t_compute

    path = tmp_path / "examples.yaml"
    path.write_text(text, encoding="utf8")
    monkeypatch.setattr(examples, "DATA", path)
    examples.values.cache_clear()
    try:
        with pytest.raises(error):
            examples.example(t_compute)
    finally:
        examples.values.cache_clear()


def test_a_missing_example_value_is_named(tmp_path, monkeypatch):
    from roofline.batch_size import t_compute

    path = tmp_path / "examples.yaml"
    path.write_text("L: 10 tokens\n", encoding="utf8")
    monkeypatch.setattr(examples, "DATA", path)
    examples.values.cache_clear()
    try:
        with pytest.raises(InputMissing, match="B "):
            examples.example(t_compute)
    finally:
        examples.values.cache_clear()
