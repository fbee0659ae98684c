"""A report as text, for GitHub, and as what a student's words are turned into: readable, and harmless."""

import ast
import html
import json
import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from roofline.teaching.grading import github
from roofline.teaching.grading.marks import CaseMark, QuestionMark, Report, Wrong
from roofline.teaching.grading.report import WIDTH, as_text, call
from roofline.teaching.grading.safe_text import as_code, file_name, in_markdown, in_spreadsheet, visible

WRONG = Wrong("width=2.5, height=3", "returned 5.5", "7.5")
NARROW = CaseMark("the width is below 10", 0, 1, 7, 3, WRONG, "This is half the circumference.")
WIDE = CaseMark("the width is 10 or more", 0, 2, 7, 0, replace(WRONG, said="returned 99"), NARROW.mistake)
EDGE = QuestionMark("edge", (CaseMark("any", 4, 4, 7, 7),))
REPORT = Report("labs/shapes.ipynb", "shapes", "ada", "0123456789ab", "d" * 64, "landlock", False,
                (QuestionMark("area", (NARROW, WIDE)), EDGE), notes=("code cell 2 raised NameError",))
ODD = st.text(st.characters(), min_size=1, max_size=60)
ESCAPE = re.compile(r"\x1b\[\d+m")


def of_area(**changes):
    """The report with one question, changed."""
    return replace(REPORT, questions=(replace(REPORT.questions[0], **changes),))


# The terminal


def test_a_report_says_points_input_answer_expectation_and_mistake():
    text = as_text(REPORT)
    for part in ("4 of 7 points", "where the width is below 10", "3 of 7 answers are right",
                 "area(width=2.5, height=3)", "Returned 5.5. Expected: 7.5", "This is half the circumference.",
                 "Code cell 2 raised NameError.", "Isolation: landlock", "for ada"):
        assert part in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_of_a_long_path_the_end_is_shown():
    first = as_text(replace(REPORT, submission="/a/folder" * 20 + "/labs/shapes.ipynb")).splitlines()[0]
    assert "er/labs/shapes.ipynb, for ada" in first and first.endswith("4 of 7 points") and len(first) <= WIDTH


def test_a_sentence_is_said_once_in_a_question():
    assert as_text(REPORT).count("half the circumference") == 1
    assert as_text(of_area(cases=(NARROW, replace(WIDE, first_wrong=WRONG)))).count("As above.") == 1


def test_one_right_answer_is_told_in_the_singular():
    assert "1 of 7 answers is right. The first wrong one:" in as_text(of_area(cases=(replace(NARROW, right=1),)))


def test_of_a_call_too_long_to_paste_the_beginning_is_told_and_where_all_of_it_is():
    inputs = f"pairs={[[1, 2, 3, 4]] * 400}, target=5"
    report = of_area(cases=(replace(NARROW, first_wrong=replace(WRONG, inputs=inputs)),))
    for text in (as_text(report), github.as_markdown(report), github.annotated(report)[0]):
        assert "area(pairs=[[1, 2, 3, 4], [1, 2" in text and "target" not in text and len(text) < 1500
        assert f"# {len(inputs):,} characters in all: --json FILE writes them in full" in text
    assert inputs in json.dumps(report.as_data()) and all(len(line) <= WIDTH for line in as_text(report).splitlines())


def test_colour_changes_nothing_but_the_colour():
    coloured = as_text(REPORT, colour=True)
    assert ESCAPE.search(coloured) and ESCAPE.sub("", coloured) == as_text(REPORT)


def test_a_function_with_a_fault_is_one_sentence_without_its_kinds_of_inputs():
    text = as_text(of_area(fault="is not written yet"))
    assert "area is not written yet." in text and "where" not in text


def test_what_could_not_be_marked_is_one_sentence():
    text = as_text(replace(REPORT, fault="x.ipynb is empty", notes=()))
    assert text == "shapes: labs/shapes.ipynb, for ada\nCould not be marked: x.ipynb is empty\n"


def test_broken_laws_are_told_where_no_mistake_explains_them():
    broken = replace(NARROW, mistake="", broken_laws=("Twice the width is twice the area.",))
    assert "Does not hold: Twice the width is twice the area." in as_text(of_area(cases=(broken,)))
    assert "Does not hold" not in as_text(of_area(cases=(replace(broken, mistake="Known."),)))


def test_missing_isolation_is_told():
    assert "could read the files of this machine" in " ".join(as_text(replace(REPORT, isolation="none")).split())
    assert "could read the files" not in as_text(REPORT)


def test_a_wrong_answer_beside_its_kind_is_not_told_as_one_of_it():
    for contrast, told in ((False, "The first wrong one:"), (True, "The first wrong one is there for contrast:")):
        report = of_area(cases=(replace(NARROW, first_wrong=replace(WRONG, contrast=contrast)),))
        assert f"3 of 7 answers are right. {told}" in as_text(report) and told in github.as_markdown(report)


def test_a_hidden_answer_stays_hidden():
    hidden = replace(NARROW, first_wrong=Wrong("", "returned 5.5", ""))
    for text in (as_text(of_area(cases=(hidden,))), github.as_markdown(of_area(cases=(hidden,)))):
        assert "7.5" not in text and "Expected" not in text and "width=" not in text and "Returned 5.5." in text


@given(st.dictionaries(st.sampled_from(["B", "N_act", "kappa", "price_per_hour", "W"]),
                       st.floats() | st.integers() | st.lists(st.floats(allow_nan=False)), min_size=1))
def test_a_call_can_be_pasted_however_it_is_broken(inputs):
    lines = call("cheapest_batch", ", ".join(f"{name}={value!r}" for name, value in inputs.items()))
    pasted = ast.parse("\n".join(lines)).body
    assert len(pasted) == 1 and isinstance(pasted[0].value, ast.Call)
    assert [keyword.arg for keyword in pasted[0].value.keywords] == list(inputs)


@given(ODD, ODD, ODD)
def test_nothing_a_submission_says_steers_the_terminal(name, said, fault):
    wrong = replace(NARROW, first_wrong=Wrong("width=1", said, ""))
    questions = (QuestionMark("area", (wrong,)), QuestionMark("edge", (), fault))
    text = as_text(replace(REPORT, submission=name, student=name, questions=questions, notes=(said,)))
    text += as_text(replace(REPORT, fault=fault))
    assert not [letter for letter in text if letter != "\n" and unicodedata.category(letter)[0] == "C"]
    assert text.encode("utf8")


def test_long_text_is_cut():
    assert len(visible("x" * 10_000)) < 500


# GitHub


def parsed(line):
    """A workflow command as the runner reads it: its name, properties and message."""
    head, message = re.fullmatch(r"::(.*?)::(.*)", line).groups()
    level, _, told = head.partition(" ")
    properties = dict(part.split("=", 1) for part in told.split(",")) if told else {}
    decoded = {name: undone(value) for name, value in properties.items()}
    return level, decoded, undone(message)


def undone(text):
    for code, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, letter)
    return text


@given(ODD, ODD)
def test_the_runner_reads_a_command_as_it_was_meant(title, message):
    line = github.command("error", message, title=title, file="")
    assert "\n" not in line and "\r" not in line
    assert parsed(line) == ("error", {"title": title}, message)


def test_a_command_without_properties_has_no_space():
    assert github.command("notice", "50% done") == "::notice::50%25 done"


def test_annotations_name_file_question_and_reason():
    error, notice = map(parsed, github.annotated(REPORT))
    assert error[:2] == ("error", {"file": "labs/shapes.ipynb", "title": "area: 0 of 3 points"})
    assert "area(width=2.5, height=3)" in error[2] and "Expected: 7.5" in error[2] and "half the circ" in error[2]
    assert notice == ("notice", {"file": "labs/shapes.ipynb", "title": "4 of 7 points"}, "4 of 7 points in shapes.")


def test_no_more_annotations_than_github_shows():
    many = replace(REPORT, questions=tuple(replace(REPORT.questions[0], name=f"f{i}") for i in range(30)))
    assert len(github.annotated(many)) == github.ANNOTATIONS + 1
    fault = github.annotated(replace(REPORT, fault="is empty"))
    assert [parsed(line)[1]["title"] for line in fault] == ["Could not be marked"]


def test_what_is_muted_stands_between_two_commands_with_a_new_token():
    first, second = github.muted("::error::no\n"), github.muted("::error::no\n")
    token = re.fullmatch(r"::stop-commands::(\w{32})\n::error::no\n::(\w{32})::\n", first)
    assert token[1] == token[2] and first != second


def test_the_summary_of_a_job_has_table_and_reasons():
    text = MarkdownIt("commonmark").enable("table").render(github.as_markdown(REPORT))
    assert "<td><code>area</code></td>" in text and text.count("<table>") == 1
    assert 'language-python">area(width=2.5, height=3)' in text and "half the circumference" in text


def test_a_summary_is_cut_where_github_would_refuse_it(tmp_path):
    path = tmp_path / "summary.md"
    for _ in range(3):
        github.add_to_summary("a line\n" * 90_000, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.stat().st_size < 2**20 and "did not fit" in path.read_text()
    github.add_to_summary("nowhere", {})


# Text that others wrote


def shown(markdown):
    """What a reader sees of Markdown in a table."""
    table = MarkdownIt("commonmark").enable("table").render(f"| a |\n|---|\n| {markdown} |\n")
    cells = re.findall(r"<td>(.*?)</td>", table, re.DOTALL)
    assert len(cells) == 1 and table.count("<tr>") == 2, table
    return cells[0]


@given(ODD)
def test_markdown_shows_a_text_as_it_is(text):
    assert html.unescape(shown(in_markdown(text))) == html.unescape(html.escape(visible(text))).strip()


@pytest.mark.parametrize("text", ["![x](http://a.b/c.png)", "[x](javascript:alert)", "<img src=x>", "*a* `b` |c|",
                                  "https://a.b/c", "www.a.b", "&lt;", "@everyone", "$x$", "~~a~~", "\\", "`" * 5])
def test_markdown_makes_no_link_picture_or_markup_of_a_name(text):
    assert not re.search("<(?!/?code>)", shown(in_markdown(text)) + shown(as_code(text)))
    assert html.unescape(shown(in_markdown(text))) == text


@given(ODD.filter(lambda text: visible(text).strip()))
def test_code_shows_a_text_as_it_is(text):
    found = re.fullmatch(r"<code>(.*)</code>", shown(as_code(text)), re.DOTALL)
    assert found and html.unescape(found[1]).strip() == visible(text).strip()


@given(st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "\n", " "]), ODD)
def test_no_cell_is_taken_for_a_formula(first, text):
    cell = in_spreadsheet(first + text)
    assert not re.match(r"\s*[=+@-]|[\t\r]", cell) and visible(first + text) in cell


@given(ODD, ODD)
def test_names_of_files_are_safe_and_differ(one, other):
    for name in (one, other):
        made = file_name(name)
        assert not re.search(r'[/\\:*?"<>|\s\x00]', made) and made[0] not in ".-" and made[-1] != "."
        assert len(f"{made}.json.part".encode()) <= 255 and made.split(".")[0].lower() not in ("con", "nul", "com1")
    assert (file_name(one) == file_name(other)) == (one == other)


@pytest.mark.parametrize("name", ["ada", "Ada_Lovelace-2", "s1234567", "josé"])
def test_an_ordinary_name_is_its_own_file_name(name):
    assert file_name(name) == name


def test_reserved_and_dangerous_names_get_another():
    for name in ("con", "NUL.x", "..", "../x", "a/b", "-rf", ".git", "a.", "x" * 300):
        assert file_name(name) != name
