"""A lab in JupyterLab, as Binder shows it: it opens, runs, and its sliders move what is printed."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import psutil
import pytest
from playwright.sync_api import expect

from tools import book

pytestmark = pytest.mark.browser
TOKEN = "of-this-test"
LAB, FIRST = "labs/rack_topology.ipynb", "labs/batch_size.ipynb"
LATER = 120_000  # ms; a busy machine is no fault of the lab
OPTIONS = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={TOKEN}",
           "--ServerApp.shutdown_no_activity_timeout=600"]  # fmt: skip
SETTINGS = {  # cells that are out of sight stay in the page; no question about news
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture
def jupyterlab(tmp_path: Path) -> Iterator[str]:
    """Address of a server over a folder with one lab. Its processes end with the test, its files stay in `tmp_path`."""
    for folder in ("labs", "home"):
        (tmp_path / folder).mkdir()
    shutil.copy(book.ROOT / LAB, tmp_path / LAB)
    shutil.copy(book.ROOT / FIRST, tmp_path / FIRST)
    (tmp_path / "lectures").mkdir()
    for name, settings in SETTINGS.items():
        file = tmp_path / f"settings/@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    environment |= {"HOME": str(tmp_path / "home"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
                    "JUPYTERLAB_SETTINGS_DIR": str(tmp_path / "settings"),
                    "MPLCONFIGDIR": matplotlib.get_cachedir()}  # fmt: skip
    with (tmp_path / "log.txt").open("w") as log:
        command = [sys.executable, *make_lab(), *OPTIONS]
        server = psutil.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield address(server, tmp_path)
    finally:
        started = [server, *server.children(recursive=True)]
        server.terminate()  # it ends its kernels
        _, left = psutil.wait_procs(started, timeout=30)
        for process in left:
            process.kill()
        assert left == []


def make_lab() -> list[str]:
    """What `make lab` hands to Python."""
    recipe = (book.ROOT / "Makefile").read_text().partition("\nlab: setup\n")[2].splitlines()[0]
    return recipe.split()[1:]


def address(server: psutil.Popen, folder: Path) -> str:
    """Where the server listens, once it says so."""
    until = time.monotonic() + LATER / 1000
    while time.monotonic() < until and server.poll() is None:
        for file in (folder / "runtime").glob("jpserver-*.json"):
            if text := file.read_text():
                return json.loads(text)["url"].rstrip("/")
        time.sleep(0.1)
    pytest.fail("JupyterLab did not start: " + (folder / "log.txt").read_text()[-2000:])


@pytest.fixture
def lab(browser, jupyterlab):
    """The lab in JupyterLab, in a page that may ask nobody else."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(LATER)
    page.route(lambda url: not url.startswith(jupyterlab), lambda route: route.abort())
    page.goto(f"{jupyterlab}/lab/tree/{LAB}?token={TOKEN}")
    yield page
    page.close()


def test_a_lab_runs_in_jupyterlab_and_its_slider_moves_what_is_printed(lab, jupyterlab):
    """The server is that of `make lab`: it opens at the first lab, and has the chapters too."""
    assert lab.request.get(f"{jupyterlab}/api/contents/lectures?token={TOKEN}").ok
    assert lab.request.get(f"{jupyterlab}/?token={TOKEN}").url.partition("?")[0] == f"{jupyterlab}/lab/tree/{FIRST}"
    expect(lab.get_by_role("heading", level=1)).to_be_visible(timeout=LATER)
    lab.get_by_text("| Idle").wait_for()    # cells that are run before are dropped
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    cell = lab.locator(".jp-Cell", has=lab.get_by_role("slider"))
    cell.wait_for(state="attached")
    slider = cell.get_by_role("slider").nth(1)
    links = round(float(slider.get_attribute("aria-valuenow")))
    expect(cell).to_contain_text(f"chips with {links} links", timeout=LATER)
    slider.focus()
    lab.keyboard.press("ArrowRight")
    expect(cell).to_contain_text(f"chips with {links + 1} links", timeout=LATER)
    expect(cell).not_to_contain_text(f"chips with {links} links")
    assert lab.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
