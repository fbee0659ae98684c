"""Marks from GitHub Actions: what the workflows do, what they never do, and that the page for teachers is right."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from roofline.__main__ import main, parser
from roofline.teaching import rubrics
from roofline.teaching.grading import grade
from roofline.teaching.grading.conversation import Answer
from roofline.teaching.grading.draws import Inputs
from roofline.teaching.grading.marking import mark
from roofline.teaching.grading.report import as_text
from roofline.teaching.grading.rubric import Rubric

from .notebooks import notebook

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / ".github/workflows/grade.yml").read_text()
WORKFLOW = yaml.safe_load(TEXT)
CALL = WORKFLOW[True]["workflow_call"]  # YAML 1.1 reads the key `on` as a truth value
TEMPLATES = sorted((ROOT / "classroom").glob("*/.github/workflows/*.yml"))
PAGE = (ROOT / "book/teaching.md").read_text()
JOBS = WORKFLOW["jobs"]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
SECRET = "correct horse battery staple"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the runners are Linux")


def script(job, name):
    return next(step["run"] for step in JOBS[job]["steps"] if step.get("name") == name)


def bash(text, folder, **variables):
    """Run the script of a step as the runner does."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    return subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=60)


@pytest.fixture
def python(tmp_path):
    """A `python` that notes how it was called, and ends with the status in the file `status`."""
    program = tmp_path / "bin/python"
    program.parent.mkdir()
    program.write_text('#!/bin/bash\nprintf "%s\\n" "$@" > arguments\nenv > environment\ncat > typed\n'
                       'tr "\\0" "\\n" < /proc/$$/environ > started\nexit "$(cat status)"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


# The workflows as text


def test_the_templates_pass_actionlint():
    actionlint = Path(sys.executable).with_name("actionlint")
    if not actionlint.exists():
        pytest.skip("there is no actionlint wheel for this machine")
    done = subprocess.run([actionlint, *TEMPLATES], capture_output=True, text=True)
    assert len(TEMPLATES) == 2 and done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_calls_the_workflow_of_this_repository_with_what_it_knows(template):
    address = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"].removeprefix("https://github.com/")
    (job,) = yaml.safe_load(template.read_text())["jobs"].values()
    assert job["uses"] == f"{address}/.github/workflows/grade.yml@main"
    assert job["with"].keys() <= CALL["inputs"].keys() and job.get("secrets", {}).keys() <= CALL["secrets"].keys()
    assert f"https://github.com/{address}" in script("feedback", "Install the grader")


@pytest.mark.parametrize("path", [ROOT / ".github/workflows/grade.yml", *TEMPLATES], ids=lambda path: path.stem)
def test_no_job_may_write_anything(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    assert "pull_request_target" not in (workflow[True] or {})


def test_no_checkout_leaves_credentials_behind():
    checkouts = [step for _, step in STEPS if "checkout" in step.get("uses", "")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_script_has_an_expression_pasted_into_it():
    assert not [step["name"] for _, step in STEPS if "${{" in step.get("run", "")]


def test_a_job_that_runs_a_students_code_never_sees_the_token_and_one_with_the_token_runs_none():
    for name, job in JOBS.items():
        text = json.dumps(job)
        assert ("read-token" in text) == (name == "gather")
        assert ("roofline grade" in text) == (name != "gather")
        assert ("secrets.seed" in text) == (name in ("mark", "collect"))
    assert TEXT.count("secrets.seed") == 1  # one step, used by both
    assert all("secrets." not in json.dumps(step.get("with", {})) for _, step in STEPS)


def test_nothing_is_imported_from_the_folder_that_is_marked():
    assert WORKFLOW["env"]["PYTHONSAFEPATH"] == "1"


def test_every_input_says_what_it_is_for_and_is_used():
    for name, about in CALL["inputs"].items():
        assert about["description"] and f"inputs.{name}" in TEXT


# The scripts of the workflow


@linux
def test_the_seed_is_in_no_environment_and_no_argument_of_the_grader(tmp_path, python):
    subprocess.run(["tar", "-cf", tmp_path / "submissions.tar", "-T", "/dev/null"], check=True)
    (tmp_path / "status").write_text("0")
    done = bash(script("mark", "Mark"), tmp_path, **python, SEED=SECRET, LAB="", RUBRIC="own.py", SHARD="2/8")
    assert done.returncode == 0, done.stderr
    assert " ".join((tmp_path / "arguments").read_text().split()) == (
        "-m roofline grade --folder submissions --out out/marks.csv --official --rubric course/own.py --shard 2/8 "
        "--seed -")
    assert (tmp_path / "typed").read_text() == f"{SECRET}\n"
    for name in ("environment", "started", "arguments"):
        assert SECRET not in (tmp_path / name).read_text()
    assert SECRET not in done.stdout + done.stderr


@linux
def test_marks_without_a_seed_are_refused(tmp_path, python):
    done = bash(script("collect", "Mark"), tmp_path, **python, SEED="", LAB="", RUBRIC="")
    assert done.returncode == 1 and "::error::Marks need the secret seed" in done.stdout


@linux
@pytest.mark.parametrize(("status", "every", "ends"), [(0, "false", 0), (1, "false", 0), (2, "false", 2),
                                                       (1, "true", 1)])
def test_feedback_fails_where_nothing_could_be_marked_or_every_point_is_required(tmp_path, python, status, every, ends):
    (tmp_path / "labs").mkdir()
    for name in ("a b.ipynb", "c.ipynb", "d.md"):
        (tmp_path / "labs" / name).touch()
    (tmp_path / "status").write_text(str(status))
    assert bash(script("feedback", "Grade"), tmp_path, **python, LABS="", ALL=every).returncode == ends
    assert (tmp_path / "arguments").read_text().splitlines() == ["-m", "roofline", "grade", "--", "labs/a b.ipynb",
                                                                 "labs/c.ipynb"]


@linux
def test_feedback_on_named_labs_marks_those(tmp_path, python):
    (tmp_path / "status").write_text("0")
    bash(script("feedback", "Grade"), tmp_path, **python, LABS="x.ipynb y.md", ALL="false")
    assert (tmp_path / "arguments").read_text().splitlines()[3:] == ["--", "x.ipynb", "y.md"]


@linux
@pytest.mark.parametrize(("shards", "plan"), [("1", ["1/1"]), ("3", ["1/3", "2/3", "3/3"]), ("0", None), ("65", None),
                                              ("3; id", None), ("", None)])
def test_runners_are_numbered(tmp_path, shards, plan):
    if subprocess.run(["which", "jq"], capture_output=True).returncode:
        pytest.skip("there is no jq, which the runners have")
    done = bash(script("gather", "Number the runners"), tmp_path, SHARDS=shards, GITHUB_OUTPUT="plan")
    assert (done.returncode == 0) == (plan is not None)
    if plan:
        assert json.loads((tmp_path / "plan").read_text().removeprefix("shards=")) == plan


def repository(path, **files):
    """A repository with these files; the commit."""
    path.mkdir(parents=True)
    for name, text in files.items():
        (path / name).write_text(text)
    (path / "eve.ipynb").symlink_to("/etc/passwd")
    git(path, "init", "-q")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "x")
    return git(path, "rev-parse", "HEAD")


def git(path, *arguments):
    """Run git in a folder, as nobody in particular; what it printed."""
    command = ["git", "-C", str(path), "-c", "user.name=x", "-c", "user.email=x@y", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def github(tmp_path):
    """Two repositories in place of GitHub's, and the variables under which git finds them."""
    first = repository(tmp_path / "hub/course/ada", lab="one")
    repository(tmp_path / "hub/course/bob", lab="two")
    (tmp_path / "hub/course/ada/lab").write_text("too late")
    git(tmp_path / "hub/course/ada", "commit", "-q", "-a", "-m", "late")
    (tmp_path / "config").write_text(f'[url "file://{tmp_path}/hub/"]\n\tinsteadOf = https://github.com/\n'
                                     "[safe]\n\tdirectory = *\n")
    (tmp_path / "course").mkdir()
    return {"GIT_CONFIG_GLOBAL": str(tmp_path / "config"), "STUDENTS": "students.txt", "TOKEN": "token-of-the-course",
            "first": first}


@linux
def test_repositories_are_fetched_without_links_and_without_leaving_the_token(tmp_path, github):
    first = github.pop("first")
    (tmp_path / "course/students.txt").write_text(
        f"# name repository commit\n\nada course/ada {first}\r\nbob course/bob\ncyd course/nothing")
    done = bash(script("gather", "Fetch the students' repositories"), tmp_path, **github)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gathered/ada/lab").read_text() == "one" and (tmp_path / "gathered/bob/lab").read_text() == "two"
    assert not (tmp_path / "gathered/ada/eve.ipynb").is_symlink()
    assert not list((tmp_path / "gathered").rglob(".git")) and (tmp_path / "gathered/cyd").is_dir()
    assert "::warning::cyd: course/nothing could not be fetched" in done.stdout
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if "token-of-the-course" in path.read_text("latin1")]
    assert "token-of-the-course" not in done.stdout + done.stderr


@linux
@pytest.mark.parametrize("line", ["../x course/ada", ".git course/ada", "-x course/ada", "ada course/ada/more", "ada",
                                  "ada course/ada main", "ada course/ada 0 1", "ada --upload-pack=x",
                                  "$(id) course/ada"])
def test_a_line_that_is_not_a_name_and_a_repository_stops_the_gathering(tmp_path, github, line):
    github.pop("first")
    (tmp_path / "course/students.txt").write_text(line + "\n")
    done = bash(script("gather", "Fetch the students' repositories"), tmp_path, **github)
    assert done.returncode == 1 and "::error::students.txt: expected" in done.stdout
    assert not list((tmp_path / "gathered").iterdir())


@linux
def test_what_was_handed_in_is_packed_with_links_as_links(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "course/ada.ipynb").symlink_to("/etc/passwd")
    bash(script("gather", "Pack what was handed in"), tmp_path, FOLDER="course")
    listed = subprocess.run(["tar", "-tvf", str(tmp_path / "submissions.tar")], capture_output=True, text=True).stdout
    assert "ada.ipynb -> /etc/passwd" in listed


# The page for teachers, and the rubrics in it


def of(function):
    """Answers as a submission gives them that has this one function under every name."""
    return lambda name, inputs: Answer(function(**inputs))


def written():
    """The rubric that the page writes."""
    names = {}
    (block,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "rubric = Rubric(" in block]
    exec(compile(block, "book/teaching.md", "exec"), names)
    return names["rubric"]


def own():
    """The question that the teacher's template adds."""
    return rubrics.load(ROOT / "classroom/teacher/rubric.py").questions[-1]


@pytest.mark.parametrize("question", [pytest.param(lambda: written().questions[0], id="the page's"),
                                      pytest.param(own, id="the template's")])
def test_a_question_of_the_page_gives_all_points_and_each_mistake_its_sentence(question):
    question = question()
    lab = Rubric("lab", "A lab", [question])
    for seed in ("a", "b", "c"):
        assert mark(lab, of(question.reference), seed)[0].points == question.points
        for mistake in question.mistakes:
            (got,) = mark(lab, of(lambda mistake=mistake, **inputs: mistake.answer(Inputs(inputs))), seed)
            assert got.points == question.points - mistake.costs and got.mistakes == (mistake.sentence,)


def test_the_templates_rubric_is_the_public_one_and_more():
    public, private = rubrics.load("batch_size"), rubrics.load(ROOT / "classroom/teacher/rubric.py")
    assert list(private.questions[:-1]) == list(public.questions) and private.salt and not public.salt
    assert "literalinclude} ../classroom/teacher/rubric.py" in PAGE


def test_the_report_on_the_page_is_the_one_that_is_printed(tmp_path, monkeypatch):
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    notebook(tmp_path / "reading.ipynb", "def reading_time(N, b_w, W):\n    return N / W\n")
    monkeypatch.chdir(tmp_path)
    printed = as_text(grade("reading.ipynb", written()))
    assert printed.startswith(shown), printed


def test_the_commands_on_the_page_are_understood():
    commands = re.findall(r"^python -m roofline (.*)$", PAGE + "".join(
        (ROOT / f"classroom/{who}/README.md").read_text() for who in ("student", "teacher")), re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        parser().parse_args(command.split())


def test_every_option_on_the_page_exists(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    known = capsys.readouterr().out
    assert [option for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE)) if option not in known] == []


def test_the_table_of_labs_counts_what_the_rubrics_ask():
    shown = re.findall(r"\(\.\./labs/(\w+)\.md\) \| (\d+) \| (\d+) \|", PAGE)
    counted = {name: rubrics.load(name) for name in rubrics.names()}
    assert {name: (int(functions), int(points)) for name, functions, points in shown} == {
        name: (len(list(rubric)), rubric.points) for name, rubric in counted.items()}


def test_the_page_is_in_the_book():
    assert "book/teaching" in (ROOT / "_toc.yml").read_text()
