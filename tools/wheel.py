"""Build the package as it is released, and try it where nothing of this checkout is: `python -m tools.wheel`.

Writes the wheel and the source distribution into `_build/dist`, installs the wheel with what it needs in a fresh
virtual environment, and runs there the tests that need the package alone. Words after it go to pytest.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tools.bootstrap import venv_python

ROOT = Path(__file__).resolve().parent.parent
TESTING = ("pytest", "pytest-xdist", "hypothesis")
# What a test names that needs more than the package: the checkout, its site, a browser, what makes books.
MORE = re.compile(
    r"\b(?:from|import) tools\b|__file__|\bmarkdown_it\b|\bjupytext\b|tests\.browser"
    r"|\bdef test_\w+\((?:.*, )?(?:root|site|browser)\b"
)
SETTINGS = "[pytest]\npythonpath = .\naddopts = -ra -p no:cacheprovider\n"


def build(root: Path, out: Path) -> tuple[Path, Path]:
    """The wheel and the source distribution, written into a folder that held nothing else of that kind."""
    for old in [*out.glob("*.whl"), *out.glob("*.tar.gz")]:
        old.unlink()
    out.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out)]
    subprocess.run(command, cwd=root, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (wheel,), (source,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return wheel, source


def install(folder: Path, *what: str | Path, root: Path = ROOT) -> Path:
    """A fresh virtual environment with these packages in the versions of the lock; its Python."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    python = venv_python(folder)
    subprocess.run([*uv, "venv", "--python", sys.executable, str(folder)], check=True)
    versions = ["--constraint", str(root / "requirements.lock")]
    into = ["pip", "install", "--python", str(python), "--link-mode", "symlink"]
    subprocess.run([*uv, *into, *versions, *map(str, what)], cwd=root, check=True)
    return python


def tests_of_the_package(root: Path = ROOT) -> list[str]:
    """The files under tests/ that need nothing but the package, and import no other file of tests that does."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return [file.relative_to(root).as_posix() for file in files if not needs_more(file, root)]


@cache
def needs_more(file: Path, root: Path = ROOT) -> bool:
    """Whether a file of tests needs more than the package, itself or by what it imports of the other files."""
    source = file.read_text(encoding="utf8")
    return bool(MORE.search(source)) or any(needs_more(other, root) for other in imported(file, source, root))


def imported(file: Path, source: str, root: Path) -> list[Path]:
    """The modules under tests/ that a file there imports by name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            start = file.parents[node.level - 1] if node.level else root
            folder = start.joinpath(*(node.module or "").split("."))
            found += [folder.with_suffix(".py"), *(folder / f"{name.name}.py" for name in node.names)]
    return [path for path in found if path.is_file() and path.is_relative_to(root / "tests") and path != file]


def lay_out(root: Path, folder: Path) -> None:
    """Copy the tests, with settings of their own, to where no checkout is."""
    left_out = shutil.ignore_patterns("__pycache__", "browser")
    shutil.copytree(root / "tests", folder / "tests", ignore=left_out)
    (folder / "tests/conftest.py").unlink()  # it builds the site
    (folder / "pytest.ini").write_text(SETTINGS)


def run(python: Path, folder: Path, tests: Sequence[str], *words: str) -> int:
    """Run tests that were laid out, under the Python of an environment; pytest's status."""
    command = [str(python), "-I", "-m", "pytest", "-q", "--hypothesis-profile=ci", *words, *tests]
    return subprocess.run(command, cwd=folder).returncode


def main(words: Sequence[str] | None = None) -> int:
    """Build, install and test; pytest's status."""
    wheel, source = build(ROOT, ROOT / "_build/dist")
    print(f"[wheel] {wheel.relative_to(ROOT)}, {source.relative_to(ROOT)}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python = install(folder / "venv", wheel, *TESTING)
        lay_out(ROOT, folder)
        tests = tests_of_the_package()
        print(f"[wheel] {len(tests)} files of tests, by {wheel.name} alone", flush=True)
        return run(python, folder, tests, *(sys.argv[1:] if words is None else words))


if __name__ == "__main__":
    sys.exit(main())
