"""A folder of submissions: what counts as one, and marks that do not depend on order, number of runners or restarts."""

import csv
import io
import json
import os
import random
import re
import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from roofline.teaching.grading import course, folder, summary
from roofline.teaching.grading.course import Task, mark_all
from roofline.teaching.grading.folder import in_shard, recogniser, students, submission
from roofline.teaching.grading.marks import CaseMark, QuestionMark, Report
from roofline.teaching.grading.progress import Progress
from roofline.teaching.grading.sandbox import IsolationMissing

from .notebooks import RIGHT, SHAPES, notebook

TASK = Task(SHAPES, seed="a seed")
BLANK = "def area(width, height):\n    raise NotImplementedError\n"


def fake(path, rubric, *, seed, student, isolation, official, reveal):
    """A report drawn from the student's name; a notebook with "boom" in it breaks the grader."""
    text = path.read_text()
    if "boom" in text:
        raise RuntimeError(f"boom in {path.name}")
    drawn = random.Random(f"{student} {seed}")
    marks = tuple(QuestionMark(question.name, tuple(
        CaseMark(kind.name, kind.points * drawn.randint(0, 1), kind.points, 7, 3) for kind in question.cases))
        for question in rubric)
    return Report(str(path), rubric.lab, student, "5eed", str(len(text)), "landlock", official, marks)


@pytest.fixture
def course_of(tmp_path):
    """Make a folder of submissions, and say what is found in it."""
    tmp_path = tmp_path / "submissions"
    tmp_path.mkdir()

    def make(*names, source=RIGHT):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            notebook(path, source)
        return tmp_path

    return make


def all_of(path, shard=None):
    found, _ = students(path)
    recognise = recogniser([SHAPES])
    return [submission(name, paths, path, "shapes", recognise) for name, paths in found.items()
            if not shard or in_shard(name, shard)]


def only(path):
    """The one submission of a folder."""
    (one,) = all_of(path)
    return one


# What counts as a submission


def test_a_notebook_at_the_top_is_its_stems_and_a_sub_folder_its_own(course_of):
    path = course_of("ada.ipynb", "bob/work/here.ipynb", "cyd/labs/shapes.ipynb")
    assert [(one.name, one.shown, one.fault) for one in all_of(path)] == [
        ("ada", "ada.ipynb", ""), ("bob", "bob/work/here.ipynb", ""), ("cyd", "cyd/labs/shapes.ipynb", "")]


def test_a_lab_in_markdown_counts_and_a_readme_does_not(course_of):
    path = course_of("ada.ipynb")
    (path / "bob.md").write_text(f"# Lab\n\n```{{code-cell}} ipython3\n:tags: [graded]\n\n{RIGHT}```\n")
    (path / "README.md").write_text("# Submissions\n")
    (path / "list.txt").write_text("ada\n")
    found, others = students(path)
    assert list(found) == ["ada", "bob"] and others == ["list.txt"]


def test_hidden_folders_and_installed_packages_are_passed_over(course_of):
    path = course_of("ada/shapes.ipynb", "ada/.ipynb_checkpoints/shapes.ipynb", "ada/.git/a.ipynb", ".git/b.ipynb",
                     "ada/node_modules/c.ipynb", ".ipynb_checkpoints/ada.ipynb", "ada/venv/d.ipynb", "ada/.e.ipynb")
    assert only(path).path == path / "ada/shapes.ipynb"


def test_a_copy_beside_the_lab_at_its_place_does_no_harm(course_of):
    assert only(course_of("ada/labs/shapes.ipynb", "ada/copy.ipynb")).shown == "ada/labs/shapes.ipynb"


def test_notebooks_of_other_labs_are_left_alone(course_of):
    path = course_of("ada/mine.ipynb")
    notebook(path / "ada/other.ipynb", "def volume(side):\n    return side ** 3\n")
    assert only(path).shown == "ada/mine.ipynb"


def test_the_source_in_markdown_counts_where_there_is_no_notebook(course_of):
    path = course_of("ada/shapes.ipynb")
    (path / "ada/shapes.md").write_text(f"```{{code-cell}}\n{RIGHT}```\n")
    assert only(path).shown == "ada/shapes.ipynb"
    (path / "ada/shapes.ipynb").unlink()
    assert only(path).shown == "ada/shapes.md"


@pytest.mark.parametrize(("names", "says"), [
    (["ada/a.ipynb", "ada/b.ipynb"], "there are 2 notebooks of the lab shapes: a.ipynb and b.ipynb"),
    (["ada.ipynb", "ada/a.ipynb"], "several submissions named ada: ada, ada.ipynb"),
])
def test_two_candidates_are_named_and_none_is_marked(course_of, names, says):
    one = only(course_of(*names))
    assert one.path is None and says in one.fault


def test_a_folder_without_the_lab_says_so(course_of):
    path = course_of()
    (path / "ada").mkdir()
    assert only(path).fault == "no notebook of the lab shapes was found"


def test_the_only_notebook_is_marked_even_where_it_cannot_be_recognised(course_of):
    path = course_of("ada/x.ipynb")
    (path / "ada/x.ipynb").write_text("{")
    assert only(path).path == path / "ada/x.ipynb"  # marking it will say that it is damaged


def test_links_are_refused_with_a_sentence(course_of):
    path = course_of("ada.ipynb", "zoe/shapes.ipynb")
    (path / "eve.ipynb").symlink_to("ada.ipynb")
    (path / "mal").symlink_to("zoe")
    (path / "tim").mkdir()
    (path / "tim/shapes.ipynb").symlink_to(path / "ada.ipynb")
    (path / "tim/more").symlink_to(path / "zoe")
    found = {one.name: one for one in all_of(path)}
    assert {name for name in found if found[name].path} == {"ada", "zoe"}
    assert all("symbolic link" in found[name].fault for name in ("eve", "mal", "tim"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_no_notebook_and_is_never_opened(course_of):
    path = course_of()
    os.mkfifo(path / "ada.ipynb")
    (path / "bob").mkdir()
    os.mkfifo(path / "bob/shapes.ipynb")
    assert [one.fault for one in all_of(path)] == ["ada.ipynb is not an ordinary file",
                                                   "no notebook of the lab shapes was found"]


def test_a_folder_with_too_many_files_is_given_up(course_of, monkeypatch):
    monkeypatch.setattr(folder, "MOST_FILES", 10)
    path = course_of(*(f"ada/{number}.ipynb" for number in range(11)))
    assert "more than 10 files" in only(path).fault


def test_parts_share_the_students_out_and_leave_nobody(course_of):
    names = [f"student {number}" for number in range(1000)]
    parts = [[name for name in names if in_shard(name, (part, 8))] for part in range(1, 9)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(80 < len(part) < 170 for part in parts)


# Marking


def rows(reports):
    return list(csv.DictReader(io.StringIO(summary.table(reports, SHAPES))))


def marked(path, marks, task=TASK, jobs=2, grade=fake, shard=None):
    marks.mkdir(exist_ok=True)
    return mark_all(all_of(path, shard), task, marks, jobs, grade)


def counting():
    """A fake grader that keeps the students it was asked about."""
    asked = []

    def grade(path, rubric, **options):
        asked.append(options["student"])
        return fake(path, rubric, **options)

    return grade, asked


@pytest.fixture
def many(course_of):
    return course_of(*(f"s{number:02}.ipynb" for number in range(24)), "t/shapes.ipynb")


def test_the_table_is_the_same_in_any_order_and_with_any_number_of_runners(many, tmp_path):
    tables = set()
    for turn, jobs in enumerate((1, 3, 24)):
        found = all_of(many)
        random.Random(turn).shuffle(found)
        (tmp_path / f"{turn}").mkdir()
        tables.add(summary.table(mark_all(found, TASK, tmp_path / f"{turn}", jobs, fake), SHAPES))
    assert len(tables) == 1


def test_parts_taken_together_give_the_table_of_one_run(many, tmp_path):
    whole = summary.table(marked(many, tmp_path / "whole"), SHAPES)
    for part in (3, 1, 2):
        marked(many, tmp_path / "parts", shard=(part, 3))
    grade, asked = counting()
    assert summary.table(marked(many, tmp_path / "parts", grade=grade), SHAPES) == whole and asked == []


def test_a_second_run_marks_only_what_is_new_or_changed(many, tmp_path):
    first = marked(many, tmp_path / "marks")
    notebook(many / "s05.ipynb", BLANK)
    notebook(many / "u.ipynb", RIGHT)
    grade, asked = counting()
    again = marked(many, tmp_path / "marks", grade=grade)
    assert sorted(asked) == ["s05", "u"]
    assert [report for report in again if report.student not in asked] == [r for r in first if r.student != "s05"]


@pytest.mark.parametrize("change", [{"seed": "another"}, {"official": True}, {"reveal": False}, {"isolation": "none"}])
def test_nothing_is_taken_over_from_a_run_with_other_options(many, tmp_path, change):
    marked(many, tmp_path / "marks")
    grade, asked = counting()
    marked(many, tmp_path / "marks", replace(TASK, **change), grade=grade)
    assert len(asked) == 25


def test_nothing_is_taken_over_after_a_change_of_rubric_or_grader(many, tmp_path, monkeypatch):
    rubric = tmp_path / "rubric.py"
    rubric.write_text("rubric = 1")
    task = replace(TASK, rubric_file=rubric)
    marked(many, tmp_path / "marks", task)
    rubric.write_text("rubric = 2")
    grade, asked = counting()
    marked(many, tmp_path / "marks", task, grade=grade)
    monkeypatch.setattr(course, "version", lambda: "newer")
    marked(many, tmp_path / "marks", task, grade=grade)
    assert len(asked) == 50


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"key": 1}', '{"report": {}}'])
def test_a_damaged_report_is_made_again(course_of, tmp_path, damage):
    path = course_of("ada.ipynb")
    whole = marked(path, tmp_path / "marks")
    (tmp_path / "marks/ada.json").write_text(damage)
    assert marked(path, tmp_path / "marks") == whole


def test_a_report_copied_from_another_student_is_not_taken_over(course_of, tmp_path):
    path = course_of("ada.ipynb", "bob.ipynb")
    marked(path, tmp_path / "marks")
    (tmp_path / "marks/bob.json").write_bytes((tmp_path / "marks/ada.json").read_bytes())
    grade, asked = counting()
    assert [report.student for report in marked(path, tmp_path / "marks", grade=grade)] == ["ada", "bob"]
    assert asked == ["bob"]


def test_one_that_breaks_the_grader_stops_nobody_else_and_is_tried_again(many, tmp_path):
    notebook(many / "s07.ipynb", "boom")
    reports = {report.student: report for report in marked(many, tmp_path / "marks")}
    assert reports["s07"].fault == "the grader failed: RuntimeError: boom in s07.ipynb" and len(reports) == 25
    assert not any(report.fault for name, report in reports.items() if name != "s07")
    grade, asked = counting()
    marked(many, tmp_path / "marks", grade=grade)
    assert asked == ["s07"]


def test_missing_isolation_stops_everything(many, tmp_path):
    def grade(*arguments, **options):
        raise IsolationMissing("there is none")

    with pytest.raises(IsolationMissing):
        marked(many, tmp_path / "marks", grade=grade)


def test_an_interruption_keeps_what_is_done_and_begun_and_starts_nothing_more(many, tmp_path):
    begun = []

    def grade(path, rubric, **options):
        begun.append(options["student"])
        time.sleep(0.02)
        return fake(path, rubric, **options)

    def interrupt(done, of):
        if done == 5:
            raise KeyboardInterrupt

    (tmp_path / "marks").mkdir()
    with pytest.raises(KeyboardInterrupt):
        mark_all(all_of(many), TASK, tmp_path / "marks", 2, grade, interrupt)
    assert 5 <= len(begun) < 12 and {path.stem for path in (tmp_path / "marks").glob("*.json")} == set(begun)
    again, asked = counting()
    assert len(marked(many, tmp_path / "marks", grade=again)) == 25
    assert not set(asked) & set(begun)


def test_several_are_marked_at_a_time(many, tmp_path):
    barrier = threading.Barrier(5, timeout=10)

    def grade(path, rubric, **options):
        barrier.wait()
        return fake(path, rubric, **options)

    assert not any(report.fault for report in marked(many, tmp_path / "marks", jobs=5, grade=grade))


def test_there_is_a_report_for_people_and_one_for_programs(course_of, tmp_path):
    (report,) = marked(course_of("Ada Lovelace.ipynb"), tmp_path / "marks")
    names = sorted(path.name for path in (tmp_path / "marks").iterdir())
    assert len(names) == 2 and all(re.fullmatch(r"Ada_Lovelace_\w{8}\.(json|txt)", name) for name in names)
    assert "for Ada Lovelace" in (tmp_path / "marks" / names[1]).read_text()
    data = json.loads((tmp_path / "marks" / names[0]).read_text())["report"]
    assert Report.from_data(data) == report and data["points"] == report.points


def test_no_report_holds_the_seed(course_of, tmp_path):
    marked(course_of("ada.ipynb"), tmp_path / "marks", replace(TASK, seed="very secret words"))
    assert not any("very secret" in path.read_text() for path in (tmp_path / "marks").iterdir())


# The table and the summary


def test_the_table_adds_up_and_is_sorted_by_student(many, tmp_path):
    found = rows(marked(many, tmp_path / "marks"))
    assert [row["student"] for row in found] == [*(f"s{number:02}" for number in range(24)), "t"]
    assert found[-1]["submission"] == "t/shapes.ipynb"
    assert all(int(row["points"]) == int(row["area"]) + int(row["edge"]) and row["out_of"] == "7" for row in found)


def test_a_submission_without_marks_has_a_row_with_its_fault(course_of, tmp_path):
    path = course_of("=1+1.ipynb")
    (path / "-eve.ipynb").symlink_to("=1+1.ipynb")
    eve, formula = rows(marked(path, tmp_path / "marks"))
    assert eve["student"] == "'-eve" and eve["points"] == "0" and "symbolic link" in eve["fault"]
    assert formula["student"] == "'=1+1" and formula["fault"] == ""


def test_the_summary_counts_what_the_table_holds(many, tmp_path):
    reports = marked(many, tmp_path / "marks")
    text, found = summary.as_markdown(reports, SHAPES), rows(reports)
    for question in SHAPES:
        got = Counter(int(row[question.name]) for row in found)
        full, zero = got[question.points], got[0]
        mean = sum(points * count for points, count in got.items()) / 25
        assert f"| `{question.name}` | {question.points} | {full} | {25 - full - zero} | {zero} | {mean:.2f} |" in text
    bars = dict(re.findall(r"^ +(\d+(?: to \d+)?) +(\d+) ?#*$", text, re.MULTILINE))
    assert sum(map(int, bars.values())) == 25
    assert int(bars["7"]) == sum(row["points"] == "7" for row in found)


def test_mistakes_are_counted_once_for_each_submission_the_most_frequent_first():
    def report(name, *mistakes):
        cases = tuple(CaseMark(f"case {number}", 0, 1, 7, 0, mistake=said) for number, said in enumerate(mistakes))
        return Report(name, "shapes", name, "", "", "landlock", False, (QuestionMark("area", cases),))

    text = summary.as_markdown([report("a", "Rare."), report("b", "Often.", "Often."), report("c", "Often.")], SHAPES)
    assert re.findall(r"\| (\d) \| `area` \| (\w+)\. \|", text) == [("2", "Often"), ("1", "Rare")]


def test_every_total_falls_into_one_bar_of_the_histogram():
    for points in range(SHAPES.points + 1):
        mark = QuestionMark("area", (CaseMark("x", points, points, 7, 7),))
        text = summary.as_markdown([Report("a", "shapes", "a", "", "", "none", False, (mark,))], SHAPES)
        (low, high), = re.findall(r"^ +(\d+)(?: to (\d+))? +1 #+$", text, re.MULTILINE)
        assert int(low) <= points <= int(high or low)


def test_faults_identical_cells_and_missing_isolation_are_remarked(course_of, tmp_path):
    path = course_of("ada.ipynb", "bob.ipynb")
    (path / "eve|.ipynb").symlink_to("ada.ipynb")
    right = QuestionMark("area", (CaseMark("x", 1, 3, 7, 7),))

    def grade(path, rubric, **options):
        return replace(fake(path, rubric, **options), isolation="none", questions=(right,))

    text = summary.as_markdown(marked(path, tmp_path / "marks", grade=grade), SHAPES, ["Not looked at: a.zip."])
    assert "Not marked: 1" in text and r"| eve\|.ipynb | eve\|.ipynb is a symbolic link" in text
    assert "The cells of 2 submissions are the same: ada, bob." in text
    assert "none for 2" in text and "could read the files of this machine" in text and "a.zip" in text


def test_a_terminal_gets_the_summary_without_the_signs_of_markdown(course_of, tmp_path):
    path = course_of("ada.ipynb", "bob_2.ipynb")
    (path / "eve_1*\x1b[31m.ipynb").symlink_to("ada.ipynb")
    reports = marked(path, tmp_path / "marks")
    mistake = CaseMark("x", 1, 3, 7, 7, mistake="This is `a_b`.")
    reports[0] = replace(reports[0], questions=(QuestionMark("area", (mistake,)),))
    text, markdown = (form(reports, SHAPES, ["No lab: a_b.zip."]) for form in (summary.as_text, summary.as_markdown))
    assert re.search(r"^submissions  question  mistake\n          1  area      This is `a_b`\.$", text, re.MULTILINE)
    assert "\neve_1*\\x1b[31m.ipynb  eve_1*" in text and "\x1b" not in text and "- No lab: a_b.zip." in text
    assert r"| eve\_1\*\\x1b\[31m.ipynb |" in markdown and r"- No lab: a\_b.zip." in markdown
    told, headings = re.sub(r"\\", "", text), re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    assert len(headings) == 6 and all(f"{heading}\n\n" in told for heading in headings)


def test_a_summary_of_nothing_is_no_error():
    assert "0 submissions." in summary.as_markdown([], SHAPES) and "0 submissions." in summary.as_text([], SHAPES)


# Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_and_a_log_a_line_now_and_then():
    now, bar, log = [0.0], Terminal(), io.StringIO()
    with Progress(bar, lambda: now[0]) as on_bar, Progress(log, lambda: now[0]) as on_log:
        for done in range(10, 101):
            on_bar(done, 100)
            on_log(done, 100)
            now[0] += 1
    assert bar.getvalue().count("\r") == 91 and bar.getvalue().endswith("\n") and "[###" in bar.getvalue()
    lines = log.getvalue().splitlines()
    assert lines[0] == "10 of 100 marked, 10 of them by an earlier run" and lines[-1] == "100 of 100 marked"
    assert 5 < len(lines) < 10 and "s left" in lines[2]
