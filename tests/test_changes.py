"""The report of numbers that changed: what it reads from a revision, a checkout and a site, and what it tells apart."""

import json
import subprocess
from pathlib import Path

import pytest

from tools import book, changes
from tools.changes import Change, Value


def output(name, text, value=None, unit="1"):
    """What `number` leaves in an executed notebook."""
    record = {"key": name, "text": text, "value": value, "unit": unit, "formula": "", "inputs": {}, "sources": {}}
    return {"output_type": "display_data", "data": {changes.GLUED + "text/plain": repr(text)},
            "metadata": {"scrapbook": {"name": name}, "number": record}}


def notebook(file, *outputs, tags=()):
    cell = {"cell_type": "code", "source": "", "metadata": {"tags": list(tags)}, "execution_count": 1,
            "outputs": list(outputs)}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))


def git(folder, *words):
    person = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *person, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two releases of a book: the floor fell, a ratio moved unseen, one number went, one came, one reads in words."""
    root = tmp_path / "book"
    root.mkdir()
    git(root, "init", "-q")
    old = [output("floor", "20 ms", 0.02, "ms"), output("ratio", "2.00×", 2.0), output("gone", "7", 7.0)]
    notebook(root / "lectures/a.ipynb", *old, output("year", "2025"))
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    git(root, "tag", "v1")
    new = [output("floor", "15,000 µs", 0.015, "µs"), output("ratio", "2.00×", 2.001), output("year", "2026")]
    notebook(root / "lectures/a.ipynb", *new)
    notebook(root / "labs/b.ipynb", output("came", "$3", 3.0, "USD"))
    git(root, "add", ".")
    git(root, "commit", "-qm", "two")
    return root


def compared(root, old="v1", new="HEAD"):
    return {c.name: c for c in changes.changes(changes.values(old, root), changes.values(new, root))}


def test_two_revisions_are_compared_without_building_either(repository):
    found = compared(repository)
    assert set(found) == {"floor", "ratio", "gone", "came", "year"}
    assert found["floor"].relative == pytest.approx(-0.25)      # 20 ms to 15 ms, in whatever unit each is shown
    assert found["ratio"].relative == pytest.approx(5e-4)
    assert found["gone"] == Change("lectures/a", "gone", Value("7", 7.0, "1"), None)
    assert found["came"] == Change("labs/b", "came", None, Value("$3", 3.0, "USD"))
    assert found["year"].relative is None and found["year"].new.text == "2026"


def test_a_checkout_reads_as_its_revision_does(repository):
    assert changes.values(str(repository)) == changes.values("HEAD", repository)


def test_the_report_says_what_a_reader_sees_and_counts_what_he_does_not(repository):
    report = changes.report(list(compared(repository).values()), "v1", "HEAD", 4)
    assert "## Numbers changed between v1 and HEAD" in report
    assert "2 of 4 numbers read otherwise, 1 new, 1 gone. 1 more changed in digits" in report
    assert "| lectures/a | `floor` | 20 ms | 15,000 µs | -25 % |" in report
    assert "| lectures/a | `year` | 2025 | 2026 |  |" in report
    assert "`ratio`" not in report
    assert "New: labs/b: `came` ($3)." in report and "Gone: lectures/a: `gone` (7)." in report


def test_a_long_table_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(changes, "SHOWN", 2)
    found = [Change("a", f"n{i}", Value("1", 1.0), Value("2", 2.0)) for i in range(5)]
    report = changes.report(found, "v1", "v2", 5)
    assert report.count("\n| a |") == 2 and "And 3 more." in report


@pytest.mark.parametrize(("old", "new", "relative"), [
    (Value("", 2.0, "s"), Value("", 1.0, "ms"), -0.5),
    (Value("", -2.0, "1"), Value("", -1.0, "1"), 0.5),
    (Value("", 2.0, "s"), Value("", 1.0, "byte"), None),
    (Value("", 2.0, "×"), Value("", 1.0, "%"), None),
    (Value("", 2.0, "×"), Value("", 3.0, "×"), 0.5),
    (Value("", 0.0, "1"), Value("", 3.0, "1"), None),
    (Value("", None, ""), Value("", 3.0, "1"), None),
])
def test_a_relative_change_is_one_of_like_quantities(old, new, relative):
    assert Change("", "", old, new).relative == relative


@pytest.mark.parametrize(("relative", "text"),
                         [(0.05, "+5 %"), (-0.25, "-25 %"), (1e-7, "+1e-05 %"), (8.0, "+800 %"), (99.0, "× 100")])
def test_a_relative_change_is_written_in_percent_or_as_a_factor(relative, text):
    assert changes.percent(relative) == text


def test_the_last_digits_of_a_float_are_no_change():
    assert not changes.differs(Value("3", 3.0), Value("3", 3.0 * (1 + 1e-12)))
    assert changes.differs(Value("3", 3.0), Value("3", 3.0 * (1 + 1e-6)))
    assert changes.differs(Value("3", 3.0), Value("3.0", 3.0))


def test_what_a_cell_measured_on_this_machine_is_left_out(tmp_path):
    notebook(tmp_path / "lectures/a.ipynb", output("measured", "3", 3.0), tags=[changes.MEASURED])
    notebook(tmp_path / "lectures/b.ipynb", output("kept", "3", 3.0))
    assert set(changes.values(str(tmp_path))) == {("lectures/b", "kept")}


def test_what_is_glued_without_a_record_is_compared_as_text():
    bare = {"data": {changes.GLUED + "text/plain": "'3 ms'"}, "metadata": {"scrapbook": {"name": "old"}}}
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [bare]}]
    assert list(changes.glued({"cells": cells})) == [("old", Value("3 ms"))]


def test_pages_that_only_a_site_holds_count_when_both_are_sites(tmp_path):
    for site, text in (("one", "3"), ("two", "4")):
        notebook(tmp_path / site / "_sources/book/intro.ipynb", output("taste", text, float(text)))
        notebook(tmp_path / site / "_sources/lectures/a.ipynb", output("floor", "1", 1.0))
    one, two = (changes.values(str(tmp_path / site)) for site in ("one", "two"))
    assert [c.name for c in changes.changes(*changes.comparable(one, two))] == ["taste"]
    checkout = {("lectures/a", "floor"): Value("1", 1.0, "1")}
    assert changes.changes(*changes.comparable(one, checkout)) == []


@pytest.mark.parametrize("build", ["no-such-tag", "--output=x", "."])
def test_what_is_no_build_is_refused_in_one_line_and_nothing_is_written(build, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"neither a folder nor a git revision|no executed notebooks") as refused:
        changes.values(build, tmp_path)
    assert "\n" not in str(refused.value) and list(tmp_path.iterdir()) == []


def test_an_unknown_revision_is_one_sentence_and_status_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        changes.main(["no-such-tag"])
    said = capsys.readouterr()
    assert stopped.value.code == 2 and "no-such-tag is neither" in said.err and said.out == ""


def test_the_notebooks_of_this_checkout_hold_every_number_of_their_prose():
    for page in sorted((book.ROOT / "lectures").glob("*.md")):
        twin = json.loads(page.with_suffix(".ipynb").read_text(encoding="utf8"))
        for cell in twin["cells"]:
            cell["metadata"].pop("tags", None)      # what is measured counts here too
        used = {part.split("`")[1] for part in page.read_text(encoding="utf8").split("{glue:text}")[1:]}
        assert used and used <= {name for name, _ in changes.glued(twin)}, page.stem
