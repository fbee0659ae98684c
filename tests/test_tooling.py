"""The machinery around the book: nothing private in a file, one address, a lock any machine can use."""

import ast
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tools import bootstrap, twins

# Written in pieces, so that this file does not hold what it looks for.
REGISTRIES = ["pypi" + ".org", "python" + "hosted", "registry.npm" + "js", "deb.debian" + ".org"]
MACHINE = re.compile("/" + r"(?:home|Users)/\w|/" + r"root/|/" + r"work/(?:main|shared)|/" + r"tmp/\w+\.")


def tracked(root: Path) -> list[Path]:
    """Text files that are in the repository or would be added to it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    files = [root / name for name in listed.decode().split("\0") if name]
    return [file for file in files if file.is_file() and b"\0" not in file.read_bytes()[:4096]]


def address(root: Path) -> str:
    """The one place that says where the repository is."""
    return yaml.safe_load((root / "_config.yml").read_text())["repository"]["url"]


def test_no_tracked_file_names_a_path_of_this_machine_or_a_registry(root: Path) -> None:
    private = [str(root), str(Path.home()) + os.sep]
    for file in tracked(root):
        text = file.read_text(encoding="utf8", errors="ignore")
        found = [word for word in private + REGISTRIES if word in text] + MACHINE.findall(text)
        assert not found, f"{file.relative_to(root)} names {found}"


def test_the_lock_names_no_host_and_has_a_hash_for_everything(root: Path) -> None:
    lock = (root / "requirements.lock").read_text()
    assert "://" not in lock
    requirements = re.findall(r"(?m)^[A-Za-z0-9][^\n]*==[^\n]*", lock)
    assert len(requirements) > 50
    assert all(requirement.endswith("\\") for requirement in requirements), "a requirement without a hash"
    assert lock.count("--index-url") == lock.count("--find-links") == 0


def test_the_lock_holds_what_pyproject_asks_for(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lock = (root / "requirements.lock").read_text()
    for wanted in project["dependencies"] + extras["book"] + extras["test"]:
        name = re.match(r"[\w.-]+", wanted)[0].lower().replace("_", "-")
        assert re.search(rf"(?m)^{re.escape(name)}==", lock), f"{name} is not in the lock; run `make lock`"


def test_workflows_pass_actionlint(root: Path) -> None:
    files = sorted((root / ".github/workflows").glob("*.yml"))
    assert {file.stem for file in files} == {"test", "publish", "weekly", "grade", "release"}
    actionlint = Path(sys.executable).with_name("actionlint")
    if not actionlint.exists() and (sys.platform, platform.machine()) == ("darwin", "x86_64"):
        pytest.skip("there is no actionlint wheel for this machine")
    done = subprocess.run([actionlint, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_by_major_version(root: Path) -> None:
    for file in (root / ".github/workflows").glob("*.yml"):
        for action in re.findall(r"uses: (\S+)", file.read_text()):
            own = action.startswith("./") and (root / action).is_file()
            assert own or re.fullmatch(r"actions/[\w-]+@v\d+", action), f"{file.name}: {action}"


@pytest.mark.parametrize("name", ["README.md", "CITATION.cff", "pyproject.toml", "CONTRIBUTING.md"])
def test_every_link_to_the_repository_is_the_configured_one(root: Path, name: str) -> None:
    text = (root / name).read_text()
    owner, project = address(root).split("/")[-2:]
    for found in re.findall(r"(?:github\.com|research\.google\.com/github|/v2/gh)/([\w-]+/[\w-]+)", text):
        assert found == f"{owner}/{project}", f"{name} links to {found}"
    for site in re.findall(r"https://[\w-]+\.github\.io/[\w-]+/", text):
        assert site == twins.site_address(root), f"{name} links to {site}"


def test_the_readme_fits_a_screen_and_says_the_commands(root: Path) -> None:
    readme = (root / "README.md").read_text()
    assert len(readme.splitlines()) <= 60
    assert "make book" in readme and "make test" in readme and "tools/bootstrap.py" in readme
    for link in re.findall(r"\]\(([\w./-]+)\)", readme):
        assert (root / link).is_file(), f"README.md links to {link}, which is not there"


def test_the_code_in_the_readme_runs(root: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(), re.DOTALL):
        subprocess.run([sys.executable, "-c", block], check=True)


def test_the_citation_has_what_the_format_requires_and_no_invented_doi(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert "doi" not in citation and "identifiers" not in citation


def test_every_make_target_says_what_it_does(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    promised = re.findall(r'@echo "make (\w+)', makefile)
    assert set(promised) == {"book", "lab", "test", "pdf", "serve", "notebooks", "lint", "lock", "bench", "mutants",
                             "release", "clean"}  # fmt: skip
    for target in promised:
        assert re.search(rf"(?m)^{target}:", makefile)


def test_an_old_python_can_read_what_tells_it_so(root: Path) -> None:
    ast.parse((root / "tools/bootstrap.py").read_text(), feature_version=(3, 6))


def test_too_old_a_python_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=r"Python 3\.11 to 3\.13 is needed; this is 3\.9") as told:
        bootstrap.main()
    assert "\n" not in str(told.value)


def test_a_fitting_python_elsewhere_on_the_path_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(bootstrap.shutil, "which", {"python3.12": "/bin/python3.12"}.get)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: called.append(command[0]) or 0)
    with pytest.raises(SystemExit):
        bootstrap.use_a_fitting_python()
    assert called == ["/bin/python3.12"]


@pytest.mark.parametrize("said", ["Failed to establish a new connection", "dns error", "name resolution failed"])
def test_no_network_is_told_in_one_line(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="no network"):
        bootstrap.run(sys.executable, "-c", f"import sys; sys.exit({said!r})")
    assert capsys.readouterr().err == ""


def test_a_cache_that_cannot_be_written_is_replaced_by_one_in_the_build_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", os.devnull + "/cache")
    listing = (sys.executable, "-m", "uv", "--quiet", "pip", "install", "--offline", "--dry-run", "uv")
    assert bootstrap.attempt(listing)[0]
    bootstrap.run(*listing)
    assert os.environ["UV_CACHE_DIR"] == bootstrap.OWN_CACHE


def test_make_says_that_there_is_no_python(root: Path) -> None:
    told = subprocess.run(["make", "PYTHON=no-such-python", "setup"], cwd=root, capture_output=True, text=True)
    assert told.returncode and "there is no no-such-python here; install Python 3.11 to 3.13" in told.stderr


def test_the_bare_command_line_shows_its_help() -> None:
    told = subprocess.run([sys.executable, "-m", "roofline"], capture_output=True, text=True)
    assert told.returncode == 2 and "measure" in told.stdout and told.stderr.count("\n") == 1


def test_a_failed_step_shows_what_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="installing failed"):
        bootstrap.run(sys.executable, "-c", "import sys; sys.exit('hashes do not match')")
    assert "hashes do not match" in capsys.readouterr().err


def test_an_unchanged_setup_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    python = bootstrap.venv_python(tmp_path / ".venv")
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (tmp_path / ".venv/installed.sha256").write_text(bootstrap.stamp_text(tmp_path))
    monkeypatch.setattr(bootstrap, "run", lambda *command: pytest.fail(f"ran {command}"))
    bootstrap.main(tmp_path)
    (tmp_path / "requirements.lock").write_text("changed")
    with pytest.raises(SystemExit, match="names no uv"):
        bootstrap.main(tmp_path)
