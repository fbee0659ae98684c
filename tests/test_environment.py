"""Binder's environment: what `environment.yml` and `postBuild` install is enough to run the package."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tools.bootstrap import venv_python


def pip_section(root: Path) -> list[str]:
    """The lines that conda writes into a file of requirements, in the folder of `environment.yml`."""
    dependencies = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    return next(entry["pip"] for entry in dependencies if isinstance(entry, dict))


def post_build_installs(root: Path) -> list[str]:
    """The arguments of `pip install` in postBuild."""
    lines = (root / "postBuild").read_text().splitlines()
    return shlex.split(next(line for line in lines if line.startswith("pip install")))[2:]


def test_the_pip_section_of_environment_yml_installs_and_the_package_runs(root: Path, tmp_path: Path) -> None:
    fresh, requirements = tmp_path / "venv", tmp_path / "repository/mambaf"
    requirements.parent.mkdir()
    requirements.write_text("\n".join(pip_section(root)))
    shutil.copy(root / "requirements.lock", requirements.parent)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    install = [*uv, "pip", "install", "--python", str(venv_python(fresh)), "--link-mode", "symlink"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(fresh)], check=True)
    subprocess.run([*install, "-r", str(requirements)], cwd=tmp_path, check=True)
    subprocess.run([*install, *post_build_installs(root)], cwd=root, check=True)
    command = [str(venv_python(fresh)), "-I", "-c", "import roofline; roofline.chips['H100']; print(roofline.__file__)"]
    found = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert Path(found.strip()).is_relative_to(fresh), "this is not the package of the fresh environment"


def test_everything_comes_from_the_lock(root: Path) -> None:
    dependencies = yaml.safe_load((root / "environment.yml").read_text())["dependencies"]
    assert [entry for entry in dependencies if isinstance(entry, str)] == ["python=3.12", "pip"]
    assert pip_section(root) == ["--require-hashes", "-r requirements.lock"]
    assert "--no-deps" in post_build_installs(root)
