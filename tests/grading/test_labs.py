"""Each lab as students hand it in: with its solutions it gets every point, blank none."""

import shutil
from pathlib import Path

import pytest

from roofline.__main__ import main
from roofline.teaching import rubrics
from roofline.teaching.grading import Limits, grade, sandbox
from roofline.teaching.grading.conversation import Conversation
from roofline.teaching.grading.marking import mark
from roofline.teaching.grading.report import PASTED
from roofline.teaching.grading.submission import read

from .notebooks import SHAPES, code, written

SOLUTIONS = Path(__file__).parent / "solutions"
each_lab = pytest.mark.parametrize("lab", rubrics.names())


@each_lab
def test_the_blank_lab_gets_nothing_and_says_what_is_not_written(lab, root):
    rubric, blank = rubrics.load(lab), read(root / f"labs/{lab}.md")
    with Conversation([(cell.label, cell.source) for cell in blank.running], sandbox.available()[0], Limits()) as talk:
        for seed in ("a", "b"):  # a function that is not written looks at no input
            said = {(question.points, question.fault) for question in mark(rubric, talk.ask, seed, uses=talk.uses)}
            assert said == {(0, "is not written yet")}
    assert not talk.faults


@each_lab
def test_the_lab_with_its_solutions_written_into_a_cell_gets_every_point(lab, root, tmp_path):
    cells = [code(cell.source, *cell.tags) for cell in read(root / f"labs/{lab}.md").cells]
    path = written(tmp_path / "mine.ipynb", [*cells, code((SOLUTIONS / f"{lab}.py").read_text("utf8"))])
    report = grade(path, rubrics.load(lab))
    assert report.points == report.out_of and not report.notes, report


@each_lab
def test_every_graded_function_of_the_lab_is_asked_and_no_other(lab, root):
    graded = [cell for cell in read(root / f"labs/{lab}.md").cells if "graded" in cell.tags]
    defined = [line[4:].partition("(")[0] for cell in graded for line in cell.source.splitlines() if line[:4] == "def "]
    assert defined == [question.name for question in rubrics.load(lab)]


@each_lab
def test_a_question_fits_on_half_a_screen(lab):
    """From a heading to the next one, in the rubric's own file."""
    text = Path(rubrics.__file__).with_name(f"{lab}.py").read_text("utf8")
    blocks = text.split(" = Question(")[1:]
    assert len(blocks) == len(rubrics.load(lab).questions)
    for block in blocks:
        assert block.partition("\n])")[0].count("\n") <= 40, block


def test_another_lab_of_the_book_is_named(root):
    """Its setup may well name functions of the right one, as that of `moe` names `t_compute`."""
    report = grade(root / "labs/moe.md", rubrics.load("batch_size"))
    assert report.fault.endswith("): it is lab moe") and report.points == 0
    assert grade(root / "labs/moe.md", rubrics.load("moe")).fault == ""


def test_notebooks_of_several_labs_in_a_folder_are_named(root, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for name, lab in (("ada", "moe"), ("ben", "pricing"), ("cleo", "moe"), ("dora", "moe"), ("emil", "moe")):
        shutil.copy(root / f"labs/{lab}.ipynb", tmp_path / f"in/{name}.ipynb")
    with pytest.raises(SystemExit, match="2"):
        main(["grade", "--folder", str(tmp_path / "in"), "--out", str(tmp_path / "marks.csv")])
    assert capsys.readouterr().err.endswith(
        "holds notebooks of several labs; name the lab to mark with --lab: moe (4 notebooks); pricing (ben.ipynb)\n")


@each_lab
def test_every_lab_says_alike_which_cells_run(lab, root):
    """As is so: a cell without a tag runs whatever it holds, and has the time of a call."""
    said = ("It runs the graded cells and those that you add, which have two seconds each: helper functions belong "
            "there. Files, the network and other packages, `roofline` among them, are not there when it does. ## ")
    assert said in " ".join((root / f"labs/{lab}.md").read_text("utf8").split())
    assert Limits().call_s == 2


def test_a_cell_that_a_student_adds_runs_without_a_def(tmp_path):
    area = "def area(width, height):\n    return width * height * ONE\n"
    path = written(tmp_path / "mine.ipynb", [code(area, "graded"), code("ONE = 1"), code("ONE = 2", "explore")])
    assert [mark.points for mark in grade(path, SHAPES).questions] == [3, 0]


# The page for teachers


def test_the_page_for_teachers_names_the_lab_the_message_and_the_solutions(root):
    page = (root / "book/teaching.md").read_text("utf8")
    assert "--folder submissions --out marks.csv --official --lab batch_size\n" in page
    assert "| holds notebooks of several labs | Name the lab to mark with `--lab`;" in page
    assert "`tests/grading/solutions/NAME.py`" in page
    assert sorted(path.stem for path in SOLUTIONS.glob("*.py")) == sorted(rubrics.names())
    assert f"more than {PASTED:,} characters" in page
