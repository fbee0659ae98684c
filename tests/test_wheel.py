"""The released package in an environment of its own, away from the checkout; and the first cell that Colab runs."""

import ast
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import bootstrap, release, twins, wheel

QUICK = ["tests/algebra/test_symbols.py", "tests/grading/test_draws.py", "tests/test_selfcheck.py",
         "tests/test_block_cipher.py"]


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the source distribution."""
    return wheel.build(root, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def python(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of a fresh environment with the wheel and what runs tests."""
    return wheel.install(tmp_path_factory.mktemp("installed") / "venv", built[0], *wheel.TESTING)


def files_of(root: Path) -> set[str]:
    """The files of the package in the checkout, those of Python's caches aside."""
    return {file.relative_to(root).as_posix() for file in (root / "roofline").rglob("*")
            if file.is_file() and "__pycache__" not in file.parts}


def test_wheel_and_source_hold_every_file_of_the_package_and_no_other_code(root, built):
    with zipfile.ZipFile(built[0]) as packed:
        assert {name for name in packed.namelist() if ".dist-info/" not in name} == files_of(root)
        (metadata,) = (packed.read(name).decode() for name in packed.namelist() if name.endswith("/METADATA"))
    assert f"\nVersion: {release.version(root)}\n" in metadata
    with tarfile.open(built[1]) as packed:
        names = {name.split("/", 1)[1] for name in packed.getnames()}
    assert {name for name in names if name.startswith("roofline/")} == files_of(root)
    assert {"pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"} <= names


def asked(python: Path, folder: Path, *words: str) -> str:
    """What the installed package answers, asked from a folder that has nothing in it."""
    done = subprocess.run([python, "-I", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_command_line_answers_from_any_folder(python, tmp_path):
    step = asked(python, tmp_path, "-m", "roofline", "step", "GB200", "DeepSeek-V3", "--json")
    assert json.loads(step)
    where = asked(python, tmp_path, "-c", "import roofline; print(roofline.__file__)")
    assert Path(where.strip()).is_relative_to(python.parent.parent)
    assert list(tmp_path.iterdir()) == []


def test_an_explorer_brings_its_script_and_its_style(python, tmp_path):
    code = ("from roofline.teaching.explorers.batch_size import explorer\n"
            "made = explorer(); print(len(str(made._esm)), len(str(made._css)))")
    script, style = map(int, asked(python, tmp_path, "-c", code).split())
    assert script > 20_000 and style > 5_000


def test_a_lab_is_marked_by_the_installed_package(root, python, tmp_path):
    shutil.copy(root / "labs/batch_size.ipynb", tmp_path)
    command = [python, "-I", "-m", "roofline", "grade", "batch_size.ipynb"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "step_time" in done.stdout, done.stderr     # nothing is written yet


def test_a_file_of_tests_needs_what_the_files_that_it_imports_need(tmp_path):
    files = {"helpers.py": "from tools import book\n", "between.py": "from .helpers import book\n",
             "test_far.py": "from tests.between import book\n", "test_module.py": "from . import between\n",
             "test_own.py": "import math\nfrom roofline import moe\n", "test_itself.py": "from .test_own import moe\n"}
    (tmp_path / "tests").mkdir()
    for name, source in files.items():
        (tmp_path / "tests" / name).write_text(source)
    assert wheel.tests_of_the_package(tmp_path) == ["tests/test_itself.py", "tests/test_own.py"]


def test_tests_of_the_package_pass_without_the_checkout(root, python, tmp_path):
    """Some quick ones; the release workflow runs all of them."""
    known = wheel.tests_of_the_package(root)
    assert len(known) > 50 and not [name for name in known if "test_site" in name or "test_lectures" in name]
    wheel.lay_out(root, tmp_path)
    assert wheel.run(python, tmp_path, [name for name in QUICK if name in known]) == 0


# --- the first cell of every notebook

COLAB = """\
calls = []
def enable_custom_widget_manager():
    calls.append("enabled")
"""
SHOW = """
import json, sys
import roofline
seen = sys.modules.get("google.colab.output")
print("RESULT", json.dumps({"where": roofline.__file__, "calls": seen.calls if seen else None}))
"""


@pytest.fixture(scope="module")
def bare(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with what the package asks for, but without the package, as Colab is."""
    return wheel.install(tmp_path_factory.mktemp("colab") / "venv", "-r", root / "pyproject.toml", "pip", "hatchling")


@pytest.fixture(scope="module")
def published(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this package under the name that the notebooks install."""
    folder = tmp_path_factory.mktemp("published") / "book"
    shutil.copytree(root / "roofline", folder / "roofline", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT"):
        shutil.copy(root / name, folder)
    person = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q", "-b", "published"], ["add", "."], [*person, "commit", "-qm", "All"],
                  ["tag", release.reference(root)]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def first_cell(root: Path) -> str:
    """The code that all twins begin with."""
    cells = {twins.code_cells(twins.read(page.with_suffix(".ipynb")))[0].source for page in twins.sources(root)}
    assert len(cells) == 1, "not all notebooks begin alike"
    return cells.pop()


def in_a_notebook(python: Path, folder: Path, code: str, **variables: str) -> tuple[dict, str]:
    """Run code as a cell; what it saw, and all it printed. pip takes nothing from the net.

    It builds with the hatchling that is there: PIP_NO_BUILD_ISOLATION is read the wrong way round.
    """
    (folder / "cell.ipy").write_text(code + "\n" + SHOW)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
                   "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "GIT_CONFIG_NOSYSTEM": "1", **variables}
    command = [python, "-m", "IPython", "--no-banner", "--colors=NoColor", "cell.ipy"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    found = re.search(r"(?m)^RESULT (.*)$", done.stdout)
    assert done.returncode == 0 and found, done.stdout + done.stderr
    return json.loads(found[1]), done.stdout.replace(found[0], "").strip()


def test_in_colab_the_first_cell_installs_the_version_of_the_notebook_and_lets_widgets_show(
    root, bare, published, tmp_path
):
    (tmp_path / "google/colab").mkdir(parents=True)
    (tmp_path / "google/colab/output.py").write_text(COLAB)
    (tmp_path / "google/colab/__init__.py").touch()
    address = twins.execute.config(root)["repository"]["url"]
    here = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
            "GIT_CONFIG_VALUE_0": address, "PYTHONPATH": str(tmp_path)}
    saw, _ = in_a_notebook(bare, tmp_path, "import google.colab\n" + first_cell(root), **here)
    assert Path(saw["where"]).is_relative_to(bare.parent.parent) and saw["calls"] == ["enabled"]
    saw, said = in_a_notebook(bare, tmp_path, first_cell(root))     # once installed, and away from Colab
    assert saw["calls"] is None and said == ""
    imports = "\n".join(sorted(imported(root)))
    assert "from roofline" in imports and "import ipywidgets" in imports
    in_a_notebook(bare, tmp_path, imports)       # what the package asks for is all that the notebooks need


def imported(root: Path) -> set[str]:
    """Every import of the lectures and labs."""
    twinned = (twins.read(page.with_suffix(".ipynb")) for page in twins.sources(root))
    sources = [cell.source for twin in twinned for cell in twins.code_cells(twin)[1:]]
    trees = (ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", source)) for source in sources)
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)}


def test_where_the_package_is_installed_the_first_cell_does_nothing(root, tmp_path):
    """As in Binder: without a network, without pip, and without a word."""
    python = bootstrap.venv_python(root / ".venv")
    (tmp_path / "bin").mkdir()
    saw, said = in_a_notebook(python, tmp_path, first_cell(root), PIP_CONFIG_FILE=os.devnull, PATH="/nowhere")
    assert (said, saw["calls"]) == ("", None)
    assert sorted(file.name for file in tmp_path.iterdir() if not file.name.startswith(".")) == ["bin", "cell.ipy"]


@pytest.mark.site
@pytest.mark.parametrize("page", twins.sources(twins.ROOT), ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_every_chapter_and_lab_opens_in_binder_and_colab(root, site, page):
    name = f"{page.parent.name}/{page.stem}"
    html = (site / f"{name}.html").read_text(encoding="utf8")
    repository = twins.execute.config(root)["repository"]
    owner = repository["url"].removeprefix("https://github.com/")
    assert f'href="https://mybinder.org/v2/gh/{owner}/{repository["branch"]}?urlpath=lab/tree/{name}.ipynb"' in html
    assert f'href="https://colab.research.google.com/github/{owner}/blob/{repository["branch"]}/{name}.ipynb"' in html
    assert page.with_suffix(".ipynb").is_file() and "no-launch" not in page.read_text(encoding="utf8")
