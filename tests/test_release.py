"""A release: one version everywhere, notes with the numbers that changed, files with their sums, and its workflows."""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
import yaml

import roofline
from tools import book, pdf, release, wheel

CITATION = "cff-version: 1.2.0\nversion: 1.2.0\ndate-released: 2027-03-01\n"
CHANGELOG = "# Changelog\n\n## 1.2.0, 2027-03-01\n\n- Faster.\n- Shorter.\n\n## 1.1.0, 2027-01-01\n\n- First.\n"
CONFIG = "repository: {url: 'https://github.com/a/book', branch: trunk}\n"


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A checkout in which everything is ready for v1.2.0."""
    (tmp_path / "roofline").mkdir()
    (tmp_path / "roofline/__init__.py").write_text('"""A package."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "CITATION.cff").write_text(CITATION)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "_config.yml").write_text(CONFIG)
    return tmp_path


def replace(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_this_checkout_has_one_version_everywhere(root):
    assert list(release.faults(root)) == []
    assert release.version(root) == roofline.__version__


def test_nothing_stands_in_the_way_of_a_release_that_is_ready(released):
    assert list(release.faults(released, "v1.2.0")) == []


@pytest.mark.parametrize(("file", "old", "new", "says"), [
    ("CITATION.cff", "version: 1.2.0\ndate", "version: 1.1.0\ndate", "CITATION.cff is of version 1.1.0"),
    ("CHANGELOG.md", "## 1.2.0, 2027", "## 1.3.0, 2027", "first heading"),
    ("CHANGELOG.md", "## 1.2.0, 2027-03-01", "## 1.2.0", "first heading"),
    ("CHANGELOG.md", "2027-03-01", "unreleased", "dates 1.2.0 unreleased, CITATION.cff 2027-03-01"),
    ("CITATION.cff", "date-released: 2027-03-01\n", "", "dates 1.2.0 2027-03-01, CITATION.cff unreleased"),
    ("CITATION.cff", "date-released: 2027-03-01\n", "", "no date-released"),
    ("roofline/__init__.py", "1.2.0", "1.2.1", "the tag is v1.2.0, the version 1.2.1"),
])
def test_what_does_not_fit_together_is_named(released, file, old, new, says):
    replace(released / file, old, new)
    assert any(says in fault for fault in release.faults(released, "v1.2.0"))


def test_between_releases_there_is_no_date_and_that_is_no_fault(released):
    replace(released / "CITATION.cff", "date-released: 2027-03-01\n", "")
    replace(released / "CHANGELOG.md", "2027-03-01", "unreleased")
    assert list(release.faults(released)) == []
    assert release.reference(released) == "trunk"


def test_a_released_checkout_is_found_by_its_tag(released):
    assert release.reference(released) == "v1.2.0"


def test_the_notes_are_one_part_of_the_changelog(released):
    assert release.section(released, "1.2.0") == "- Faster.\n- Shorter."
    assert release.section(released, "1.1.0") == "- First."
    with pytest.raises(ValueError, match=r"no heading '## 1\.3\.0"):
        release.section(released, "1.3.0")


def git(folder, *words):
    person = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]
    subprocess.run(["git", *person, *words], cwd=folder, check=True, capture_output=True)


def commit(folder, floor):
    """A commit in which the one number of the one chapter reads so."""
    about = {"scrapbook": {"name": "floor"}, "number": {"text": f"{floor} ms", "value": floor / 1000, "unit": "ms"}}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [{"data": {}, "metadata": about}]}
    (folder / "lectures").mkdir(exist_ok=True)
    (folder / "lectures/a.ipynb").write_text(json.dumps({"cells": [cell]}))
    git(folder, "add", ".")
    git(folder, "commit", "-qm", str(floor))


def test_the_notes_say_which_numbers_changed_since_the_release_before(released):
    git(released, "init", "-q")
    commit(released, 20)
    assert "Numbers changed" not in release.notes(released, "v1.1.0")       # there was none before
    git(released, "tag", "v1.1.0")
    assert release.last_tag(released, "v1.1.0") == ""
    commit(released, 10)
    for tagged in (False, True):        # the same before the tag and on it
        if tagged:
            git(released, "tag", "v1.2.0")
        assert release.last_tag(released, "v1.2.0") == "v1.1.0"
        notes = release.notes(released, "v1.2.0")
        assert notes.startswith("- Faster.\n- Shorter.\n\n## Numbers changed between v1.1.0 and v1.2.0\n")
        assert "| lectures/a | `floor` | 20 ms | 10 ms | -50 % |" in notes


def test_the_files_of_a_release_are_complete_and_match_their_sums(released, monkeypatch):
    site, printed = released / "_build/html", released / "_build/book.pdf"
    for name in ("index.html", "lectures/a.html", "deck/cards.md", "deck/cards.apkg"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(name)
    chapters = printed.with_name("book-chapters.pdf")
    printed.write_text("paper")
    chapters.write_text("less paper")
    monkeypatch.setattr(book, "main", lambda root: site)
    monkeypatch.setattr(pdf, "main", lambda: [printed, chapters])
    monkeypatch.setattr(wheel, "build", lambda root, out: (out / "roofline-1.2.0-py3-none-any.whl").write_text("wheel"))
    out = release.collect(released, "v1.2.0")
    sums = dict(line.split("  ")[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {"roofline-1.2.0-py3-none-any.whl", "book-1.2.0.pdf", "book-chapters-1.2.0.pdf",
                         "book-1.2.0-site.zip", "book-1.2.0-cards.md", "book-1.2.0-cards.apkg"}
    assert {file.name for file in out.iterdir()} == {*sums, "SHA256SUMS", "notes.md"}
    for name, found in sums.items():
        assert found == hashlib.sha256((out / name).read_bytes()).hexdigest()
    with zipfile.ZipFile(out / "book-1.2.0-site.zip") as packed:
        assert packed.testzip() is None
        assert packed.read("book-1.2.0-site/lectures/a.html") == b"lectures/a.html"
        assert len(packed.namelist()) == 4


# --- the steps of workflows that talk to GitHub, with a stand-in for its command line

GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_SAID"
case "$1 $2" in "issue list") printf '%s' "$GH_OPEN";; esac
"""
PYTHON = "#!/bin/sh\necho 'the facts'\nexit $STALE\n"


def program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def step(root: Path, workflow: str, job: str, name: str) -> str:
    """The commands of a named step."""
    steps = yaml.safe_load((root / f".github/workflows/{workflow}.yml").read_text())["jobs"][job]["steps"]
    return next(step["run"] for step in steps if step.get("name") == name)


def told(commands: str, folder: Path, **variables: str) -> tuple[int, list[str]]:
    """Status of the commands, run as a workflow runs them, and what they asked of GitHub."""
    program(folder / "bin/gh", GH)
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "GH_SAID": str(folder / "said")}
    environment |= {"GH_OPEN": "", **variables}
    done = subprocess.run(["bash", "-e", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True)
    said = folder / "said"
    return done.returncode, said.read_text().splitlines() if said.exists() else []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash on this machine")
@pytest.mark.parametrize(("stale", "open_issue", "does"), [
    ("0", "", None),
    ("0", "7", "issue close 7 --comment the facts"),
    ("1", "7", "issue edit 7 --body-file facts.md"),
    ("1", "", "issue create --title Facts due for review --body-file facts.md"),
])
def test_one_issue_is_opened_renewed_or_closed(root, tmp_path, stale, open_issue, does):
    program(tmp_path / ".venv/bin/python", PYTHON)
    commands = step(root, "weekly", "review", "Open, renew or close the issue")
    status, said = told(commands, tmp_path, STALE=stale, GH_OPEN=open_issue)
    assert status == 0 and said[0].startswith("issue list --state open")
    assert said[1:] == ([does] if does else [])


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash on this machine")
def test_a_list_of_facts_that_failed_opens_no_issue(root, tmp_path):
    program(tmp_path / ".venv/bin/python", PYTHON)
    status, said = told(step(root, "weekly", "review", "Open, renew or close the issue"), tmp_path, STALE="2")
    assert status == 2 and [line for line in said if "list" not in line] == []


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum on this machine")
@pytest.mark.parametrize("whole", [True, False])
def test_a_release_is_published_with_its_notes_and_only_if_the_sums_are_right(root, tmp_path, whole):
    files = tmp_path / "release"
    files.mkdir()
    (files / "notes.md").write_text("- Faster.\n")
    (files / "book.pdf").write_text("paper")
    content = b"paper" if whole else b"paper cut"
    (files / "SHA256SUMS").write_text(f"{hashlib.sha256(content).hexdigest()}  book.pdf\n")
    status, said = told(step(root, "release", "publish", "Publish"), tmp_path, TAG="v1.2.0")
    wanted = "release create v1.2.0 --verify-tag --title v1.2.0 --notes-file notes.md "
    wanted += "release/SHA256SUMS release/book.pdf"
    assert (status == 0, said) == (whole, [wanted] if whole else [])


def test_only_the_jobs_that_must_may_write(root):
    for workflow, writing in (("release", {"publish"}), ("weekly", {"review"})):
        said = yaml.safe_load((root / f".github/workflows/{workflow}.yml").read_text())
        assert said["permissions"] == {"contents": "read"}
        rights = {name: job.get("permissions", {}) for name, job in said["jobs"].items()}
        assert {name for name, given in rights.items() if "write" in given.values()} == writing
