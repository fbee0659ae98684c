"""Kernels that are forked behave as kernels that are started."""

import os
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_cache.base import ProjectNb
from jupyter_cache.executors.basic import ProcessData
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from tools import book, executor, nursery

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture(scope="module", autouse=True)
def forked(tmp_path_factory):
    own = pytest.MonkeyPatch()
    own.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    with nursery.kernels(book.ROOT):
        yield
    own.undo()


def run(folder: Path, *sources: str, timeout: int = 60) -> list[str]:
    """What each cell prints."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=timeout, kernel_name="python3",
                            resources={"metadata": {"path": str(folder)}})
    client.execute()
    return ["".join(output.get("text", "") for output in cell.outputs).strip() for cell in notebook.cells]


def alive(process: str) -> bool:
    """Whether it runs; one that has ended and is not yet reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def ends(process: str) -> bool:
    """Whether it ends within some seconds."""
    end = time.monotonic() + 20
    while alive(process) and time.monotonic() < end:
        time.sleep(0.05)
    return not alive(process)


def test_a_kernel_has_imported_much_and_stands_where_its_notebook_does(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("VALUE = 41\n")
    monkeypatch.setenv("FROM_OUTSIDE", "seen")
    told = run(tmp_path, "import sys; print('sympy' in sys.modules, 'roofline.moe' in sys.modules, sys.path[0] == '')",
               "import os; print(os.getcwd(), os.environ['FROM_OUTSIDE'], os.getppid() != 1)",
               "import beside; print(beside.VALUE)", "print('tools.nursery' in sys.modules)")  # fmt: skip
    assert told == ["True True True", f"{tmp_path.resolve()} seen True", "41", "False"]


def test_nothing_of_one_kernel_is_left_in_the_next_and_it_ends_with_its_notebook(tmp_path):
    process, mine = run(tmp_path, "import os; print(os.getpid())", "import sympy; sympy.mine = 1; print(sympy.mine)")
    other, theirs = run(tmp_path, "import os; print(os.getpid())", "import sympy; print(hasattr(sympy, 'mine'))")
    assert (mine, theirs) == ("1", "False") and process != other
    assert ends(process) and ends(other)


def test_figures_are_drawn_inline_without_being_asked(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    assert any("image/png" in output.get("data", {}) for output in notebook.cells[0].outputs)


def test_a_cell_that_takes_too_long_is_stopped(tmp_path):
    with pytest.raises(CellTimeoutError):
        run(tmp_path, "import time; time.sleep(60)", timeout=2)


def test_the_death_of_a_kernel_is_seen(tmp_path):
    with pytest.raises(DeadKernelError):
        run(tmp_path, "import os; os._exit(3)")


def test_a_kernel_dies_with_the_process_that_asked_for_it(tmp_path):
    """The cell kills the one that asked, and would otherwise sleep on."""
    kill = """
import os, pathlib, signal, sys, time
mine = next(word for word in sys.argv if word.endswith(".json")).encode()
pathlib.Path("mine").write_text(str(os.getpid()))
for one in pathlib.Path("/proc").glob("[0-9]*"):
    words = (one / "cmdline").read_bytes().split(b"\\0")
    if b"ask" in words and mine in words:
        os.kill(int(one.name), signal.SIGKILL)
time.sleep(100)
"""
    with pytest.raises(DeadKernelError):
        run(tmp_path, kill)
    assert ends((tmp_path / "mine").read_text())


def test_what_is_printed_in_pieces_is_kept_as_one_without_a_line_between(tmp_path):
    """MyST-NB would end each piece with a line's end of its own."""
    cell = nbformat.v4.new_code_cell("print('one', end='', flush=True)\nprint('\\ntwo', flush=True)\nprint('three')")
    notebook = ProjectNb(1, str(tmp_path / "printing.md"), nbformat.v4.new_notebook(cells=[cell]), [])
    executor.Worker.execute(notebook, ProcessData(1, notebook.uri, None, 60, False))
    assert [(output.name, output.text) for output in cell.outputs] == [("stdout", "one\ntwo\nthree\n")]


def test_outside_of_it_jupyter_looks_where_it_looked_before(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "/before")
    with nursery.kernels(book.ROOT):
        assert os.environ["JUPYTER_PATH"].endswith(f"{os.pathsep}/before")
    assert os.environ["JUPYTER_PATH"] == "/before"
