"""`python -m roofline grade`: what is printed and written, the exit status, and one sentence for what does not fit."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import roofline.teaching.grading as grader
from roofline.__main__ import main
from roofline.teaching import rubrics
from roofline.teaching.grading import sandbox
from roofline.teaching.grading.marks import CaseMark, QuestionMark, Report

from .notebooks import RIGHT, SHAPES, notebook

HALF = "def area(width, height):\n    return width + height\n\ndef edge(area, height):\n    return area / height\n"
OWN_RUBRIC = "from tests.grading.notebooks import SHAPES as rubric\n"


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """No job of GitHub around the tests, no seed, and a small lab beside those of the book."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "ROOFLINE_SEED", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(rubrics, "names", lambda: ("shapes",))
    monkeypatch.setattr(rubrics, "load", lambda which: SHAPES)


@pytest.fixture
def asked(monkeypatch):
    """A grader that notes what it was asked and gives full marks to what has a product in it."""
    calls = []

    def fake(path, rubric, **options):
        calls.append((Path(path), options))
        right = "width * height" in Path(path).read_text()
        marks = tuple(QuestionMark(question.name, tuple(
            CaseMark(kind.name, kind.points * right, kind.points, 7, 7 * right) for kind in question.cases))
            for question in rubric)
        mode = sandbox.chosen(options["isolation"], options["official"])
        return Report(str(path), "shapes", options["student"], "5eed", "d", mode, options["official"], marks)

    monkeypatch.setattr(grader, "grade", fake)
    return calls


@pytest.fixture
def right(tmp_path):
    return notebook(tmp_path / "right.ipynb", RIGHT)


@pytest.fixture
def wrong(tmp_path):
    return notebook(tmp_path / "wrong.ipynb", HALF)


def complaint(capsys, *typed):
    """What is said about arguments that do not fit."""
    with pytest.raises(SystemExit) as stopped:
        main(["grade", *map(str, typed)])
    told = capsys.readouterr()
    assert stopped.value.code == 2 and told.out == "" and told.err.count("\n") == 1 and told.err.endswith("\n"), told
    return told.err.removeprefix("python -m roofline grade: ").rstrip()


def grade(*typed):
    return main(["grade", *map(str, typed)])


# One notebook


def test_the_status_says_all_points_not_all_or_not_marked(asked, right, wrong, tmp_path, capsys):
    empty = tmp_path / "empty.ipynb"
    empty.touch()
    assert (grade(right), grade(wrong), grade(empty)) == (0, 1, 2)
    assert (grade(right, wrong), grade(empty, right)) == (1, 2)
    told = capsys.readouterr()
    assert "7 of 7 points" in told.out and "0 of 7 points" in told.out and told.err == ""
    assert "Could not be marked: empty.ipynb is empty" in told.out


@pytest.mark.parametrize(("name", "content", "says"), [
    ("x.txt", "hello", "is not a notebook: expected a file that ends in .ipynb or .md"),
    ("x.ipynb", "{", "not valid JSON"),
    ("x.ipynb", "[]", "no list of cells"),
    ("x.md", "# Nothing\n", "holds no code cell"),
    ("x.md", "```{code-cell}\n1 + 1\n```\n", "is not recognised as a lab; if it is one, name it with --lab: shapes"),
])
def test_what_is_no_lab_gets_one_sentence(asked, tmp_path, capsys, name, content, says):
    (tmp_path / name).write_text(content)
    assert grade(tmp_path / name) == 2
    lines = capsys.readouterr().out.split("\n\n")
    assert len(lines) == 1 and says in " ".join(lines[0].split()) and asked == []


def test_a_failure_of_the_grader_is_a_sentence_and_no_traceback(right, monkeypatch, capsys):
    def broken(path, rubric, **options):
        raise RuntimeError("no memory left")

    monkeypatch.setattr(grader, "grade", broken)
    assert grade(right) == 2
    told = capsys.readouterr()
    assert "Could not be marked: the grader failed: RuntimeError: no memory left" in told.out and told.err == ""


def test_options_reach_the_grader(asked, right, capsys):
    grade(right)
    grade(right, "--student", "ada", "--seed", "s", "--hide", "--isolation", "none")
    assert [options for _, options in asked] == [
        {"seed": "", "student": "", "isolation": None, "official": False, "reveal": True},
        {"seed": "s", "student": "ada", "isolation": "none", "official": False, "reveal": False}]


@pytest.mark.skipif(sandbox.available()[0] == "none", reason="official marks need isolation, which this machine lacks")
def test_official_marks_hide_the_answers_unless_told_to_reveal_them(asked, right):
    grade(right, "--official", "--seed", "s")
    grade(right, "--official", "--reveal", "--seed", "s")
    assert [options["reveal"] for _, options in asked] == [False, True]


@pytest.mark.skipif(sandbox.available()[0] == "none", reason="official marks need isolation, which this machine lacks")
def test_there_are_no_official_marks_without_a_seed(asked, right, capsys, monkeypatch):
    monkeypatch.delenv("ROOFLINE_SEED", raising=False)
    assert "official marks need a seed" in complaint(capsys, right, "--official")
    assert asked == []
    grade(right)
    grade(right, "--official", "--seed", "s")
    assert [options["official"] for _, options in asked] == [False, True]


def test_the_seed_comes_from_standard_input_or_the_environment_and_does_not_stay_there(asked, right, monkeypatch):
    monkeypatch.setenv("ROOFLINE_SEED", "from outside")
    grade(right)
    assert "ROOFLINE_SEED" not in os.environ
    monkeypatch.setattr(sys, "stdin", io.StringIO("typed in\n"))
    grade(right, "--seed", "-")
    assert [options["seed"] for _, options in asked] == ["from outside", "typed in"]


def test_the_rubric_is_that_of_the_lab_unless_one_is_named(asked, right, monkeypatch, tmp_path):
    loaded = []
    monkeypatch.setattr(rubrics, "load", lambda which: loaded.append(which) or SHAPES)
    own = tmp_path / "own.py"
    own.touch()
    grade(right, "--lab", "shapes")
    grade(right, "--rubric", own)
    assert loaded == ["shapes", own]


def test_the_json_file_is_a_list_of_reports(asked, right, wrong, tmp_path):
    grade(right, wrong, "--json", tmp_path / "out.json")
    reports = [Report.from_data(data) for data in json.loads((tmp_path / "out.json").read_text())]
    assert [(report.submission, report.points) for report in reports] == [(str(right), 7), (str(wrong), 0)]


def test_a_job_gets_annotations_and_a_summary(asked, wrong, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert grade(wrong) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::stop-commands::") and sum(line.startswith("::error ") for line in lines) == 2
    assert "| `edge` | 0 | 4 |" in (tmp_path / "summary.md").read_text()


def test_colour_is_for_terminals_that_want_it(asked, right, monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    def printed():
        monkeypatch.setattr(sys, "stdout", Terminal())
        grade(right)
        return sys.stdout.getvalue()

    assert "\x1b[" in printed()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in printed()


def test_a_terminal_without_unicode_is_no_error(asked, tmp_path, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert grade(notebook(tmp_path / "\u03bb.ipynb", RIGHT)) == 0
    assert b"?.ipynb" in out.buffer.getvalue()


# What does not fit


def test_more_at_a_time_than_the_machine_can_bear_are_refused(course, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("roofline.teaching.grading.command.cores", lambda: 2)
    message = complaint(capsys, "--folder", course, "--out", tmp_path / "marks.csv", "--jobs", "5")
    assert "this machine has 2 cores; take 4 at most" in message


@pytest.mark.parametrize(("typed", "says"), [
    ([], "name a notebook, or a --folder of submissions"),
    (["none.ipynb"], "none.ipynb: there is no such file"),
    (["."], ". is a folder; --folder marks one"),
    (["--frobnicate"], "--frobnicate"),
    (["x.ipynb", "--folder", "."], "name either notebooks or a --folder"),
    (["--folder", "."], "--folder needs --out"),
    (["--folder", "nowhere", "--out", "x.csv"], "nowhere is not a folder"),
    (["--folder", ".", "--out", "x.txt"], "--out x.txt: expected a name that ends in .csv"),
    (["--folder", ".", "--out", "no/such/x.csv"], "in a folder that exists"),
    (["--folder", ".", "--out", "x.csv"], "--out x.csv: expected a place outside of ."),
    (["--folder", ".", "--out", "x.csv", "--student", "ada"], "--student is for one notebook"),
    (["x.ipynb", "--out", "x.csv"], "--out is for a --folder"),
    (["x.ipynb", "--jobs", "2"], "--jobs is for a --folder"),
    (["x.ipynb", "--json", "no/such/x.json"], "there is no such file"),
    (["--lab", "shapes", "--rubric", __file__], "not allowed with"),
    (["--rubric", "batch_size"], "'batch_size' is not a Python file; a lab's name goes with --lab"),
    (["--isolation", "wishes"], "'wishes'"),
    *((["--jobs", bad], f"'{bad}' is not a number of submissions") for bad in ("0", "-1", "two", "1.5", "²", "999")),
    *((["--shard", bad], f"'{bad}' is not a part such as 2/8") for bad in ("0/4", "5/4", "1", "a/b", "1/0", "/2")),
])
def test_an_argument_that_does_not_fit_gets_one_sentence(typed, says, capsys):
    assert says in complaint(capsys, *typed)


def test_official_marks_without_isolation_are_refused(right, course, capsys, tmp_path):
    for typed in ([right], ["--folder", course, "--out", tmp_path / "marks.csv"]):
        assert "official marking needs" in complaint(capsys, *typed, "--official", "--isolation", "none")
    assert not (tmp_path / "marks").exists()


def test_an_empty_seed_on_standard_input_is_refused(right, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert "standard input held no seed" in complaint(capsys, right, "--seed", "-")


def test_a_file_that_cannot_be_written_gets_one_sentence(asked, right, capsys, tmp_path):
    (tmp_path / "out.json.part").mkdir()
    with pytest.raises(SystemExit) as stopped:
        grade(right, "--json", tmp_path / "out.json")
    told = capsys.readouterr()
    assert stopped.value.code == 2 and told.err.count("\n") == 1 and "out.json" in told.err


# A folder


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    for number in range(5):
        notebook(folder / f"s{number}.ipynb", RIGHT if number % 2 else HALF)
    return folder


def test_a_folder_becomes_table_summary_and_reports(asked, course, tmp_path, capsys):
    assert grade("--folder", course, "--out", tmp_path / "marks.csv", "--jobs", "2") == 0
    told = capsys.readouterr()
    summary = (tmp_path / "marks.md").read_text()
    assert "| `area` | 3 | 2 | 0 | 3 | 1.20 |" in summary and "5 of 5 marked" in told.err
    assert "\narea           3     2        0     3  1.20\n" in told.out and not set("|`\\") & set(told.out)
    assert len((tmp_path / "marks.csv").read_text().splitlines()) == 6
    assert len(list((tmp_path / "marks").glob("s?.json"))) == len(list((tmp_path / "marks").glob("s?.txt"))) == 5
    assert sorted(options["student"] for _, options in asked) == ["s0", "s1", "s2", "s3", "s4"]


def test_parts_write_no_table_and_a_last_run_takes_them_over(asked, course, tmp_path, capsys):
    assert grade("--folder", course, "--out", tmp_path / "whole.csv") == 0
    for part in (2, 1):
        assert grade("--folder", course, "--out", tmp_path / "marks.csv", "--shard", f"{part}/2") == 0
        assert not (tmp_path / "marks.csv").exists()
    asked.clear()
    assert grade("--folder", course, "--out", tmp_path / "marks.csv") == 0
    assert asked == [] and (tmp_path / "marks.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_the_lab_of_a_folder_is_that_of_its_notebooks(asked, course, tmp_path, capsys, monkeypatch):
    for path in course.iterdir():
        notebook(path, "print('nothing of a lab')")
    message = complaint(capsys, "--folder", course, "--out", tmp_path / "marks.csv")
    assert "holds no notebook that is recognised as a lab; name the lab to mark with --lab: shapes" in message


def test_a_failure_of_the_grader_is_the_status_but_not_the_end(course, tmp_path, monkeypatch, capsys):
    def broken(path, rubric, **options):
        raise RuntimeError("no memory left")

    monkeypatch.setattr(grader, "grade", broken)
    assert grade("--folder", course, "--out", tmp_path / "marks.csv") == 1
    assert (tmp_path / "marks.csv").read_text().count("the grader failed: RuntimeError: no memory left") == 5


def test_an_interruption_says_how_to_go_on(course, tmp_path, monkeypatch, capsys):
    def interrupted(path, rubric, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(grader, "grade", interrupted)
    assert grade("--folder", course, "--out", tmp_path / "marks.csv", "--jobs", "1") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert not (tmp_path / "marks.csv").exists()


def test_the_summary_of_a_folder_goes_to_the_job(asked, course, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "job.md"))
    grade("--folder", course, "--out", tmp_path / "marks.csv")
    assert (tmp_path / "job.md").read_text().strip() == (tmp_path / "marks.md").read_text().strip()
    assert "::stop-commands::" in capsys.readouterr().out


# The real thing


@pytest.fixture
def own_rubric(tmp_path, monkeypatch):
    """The small lab as a course's own rubric, loaded from a file as a course does."""
    monkeypatch.undo()
    (tmp_path / "shapes.py").write_text(OWN_RUBRIC)
    return tmp_path / "shapes.py"


def test_a_student_learns_why_an_answer_is_wrong(own_rubric, wrong, capsys):
    assert grade(wrong, "--rubric", own_rubric) == 1
    told = capsys.readouterr().out
    assert "This is half the circumference." in told and "area(width=" in told and "Expected: " in told
    assert "4 of 7 points" in told and "4 of 4 points" in told and f"Isolation: {sandbox.available()[0]}" in told


def test_a_hidden_report_tells_no_input_and_no_answer(own_rubric, wrong, capsys):
    assert grade(wrong, "--rubric", own_rubric, "--hide") == 1
    told = capsys.readouterr().out
    assert "This is half the circumference." in told and "width=" not in told and "Expected" not in told


def test_a_folder_is_marked_for_real_and_each_student_gets_own_inputs(own_rubric, course, tmp_path, capsys):
    (course / "odd.ipynb").write_text("{")
    assert grade("--folder", course, "--out", tmp_path / "marks.csv", "--rubric", own_rubric, "--seed", "s") == 0
    rows = [line.split(",") for line in (tmp_path / "marks.csv").read_text().splitlines()[1:]]
    assert [row[2] for row in rows] == ["0", "4", "7", "4", "7", "4"]
    seeds = [row[-2] for row in rows if row[-2]]
    assert len(seeds) == len(set(seeds)) == 5


def test_the_command_line_starts_without_numpy_and_sympy():
    code = ("import sys, roofline.__main__ as m; m.parser(); "
            "print([name for name in ('numpy', 'sympy', 'pydantic') if name in sys.modules])")
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
