"""The notebooks: twins follow from their sources, and a change of code leaves no old number on a page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
from nbformat.v4 import new_output

from tools import book, execute, plain_markdown, twins

PAGES = twins.sources(book.ROOT)
MARKDOWN = sorted(page for folder in ("lectures", "labs") for page in (book.ROOT / folder).glob("*.md"))


def name(page: Path) -> str:
    return f"{page.parent.name}/{page.stem}"


MATHEMATICS = r"\$\$.+?\$\$|\$(?=\S)[^$]*?(?<=\S)\$(?!\d)"  # as Pandoc tells it from money
HEADER = """\
---
jupytext: {text_representation: {extension: .md, format_name: myst, format_version: 0.13}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A number

"""
CELLS = """\
```{code-cell} ipython3
import sys

sys.path.insert(0, "..")
from myst_nb import glue
from roofline import SPEED
glue("speed", SPEED, display=False)
glue("fine", "$300", display=False)
```

The speed is {glue:text}`speed` m/s. Faster costs {glue:text}`fine`.

```{code-cell} ipython3
:tags: [nbval-ignore-output]
import time
time.perf_counter_ns()
```
"""
CONFIG = """\
title: A small book
only_build_toc_files: true
exclude_patterns: [lectures/*.ipynb]
execute: {execute_notebooks: cache, raise_on_error: true, stderr_output: error}
repository: {url: "https://github.com/a/book"}
launch_buttons: {binderhub_url: "https://mybinder.org"}
"""


@pytest.fixture
def small_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of one notebook over a package of one number."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setattr("tools.assets.fetch", lambda root: None)
    for folder in ("lectures", "roofline"):
        (tmp_path / folder).mkdir()
    (tmp_path / "roofline/__init__.py").write_text("SPEED = 41\n")
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "_config.yml").write_text(CONFIG)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: lectures/number\n")
    (tmp_path / "lectures/number.md").write_text(HEADER + CELLS)
    return tmp_path


def shown(root: Path) -> str:
    return (root / "_build/html/lectures/number.html").read_text(encoding="utf8")


def test_a_change_in_the_package_reaches_the_page_and_the_twin(small_book: Path) -> None:
    book.main(small_book)
    twins.main(small_book)
    assert ">41</span> m/s" in shown(small_book)
    (small_book / "roofline/__init__.py").write_text("SPEED = 43\n")
    assert not book.is_fresh(small_book)
    book.main(small_book)
    twins.main(small_book)
    assert ">43</span> m/s" in shown(small_book)
    assert "The speed is 43 m/s." in (small_book / "lectures/number.ipynb").read_text()


def test_a_change_of_a_test_alone_counts_anew_and_builds_no_page(
    small_book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.main(small_book)
    (small_book / "tests").mkdir()
    (small_book / "tests/test_it.py").write_text("def test_it():\n    assert True\n")
    assert not book.is_fresh(small_book)
    monkeypatch.setattr(book, "build", None)
    book.main(small_book)
    assert book.is_fresh(small_book)


def test_the_site_offers_the_executed_twin_and_a_front_page(small_book: Path) -> None:
    book.main(small_book)
    offered = twins.read(small_book / "_build/html/_sources/lectures/number.ipynb")
    assert "The speed is 41 m/s." in offered.cells[-2].source and offered.cells[-1].outputs
    front = (small_book / "_build/html/index.html").read_text()
    assert "<title>A small book</title>" in front and '<html lang="en">' in front
    assert "url=lectures/number.html" in front and '<a href="lectures/number.html">' in front


def test_a_build_says_how_far_it_is_and_ends_with_where_the_site_is(
    small_book: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    book.main(small_book)
    said = capfd.readouterr().out.splitlines()
    assert any(re.fullmatch(r"\[book\]   lectures/number\.md done in \d+ s", line) for line in said), said
    assert said[-1].endswith("_build/html/index.html")
    assert all(line.startswith("[book]") for line in said), said


def test_a_build_with_a_warning_fails_every_time(small_book: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (small_book / "lectures/number.md").write_text("# A number\n\nSee {eq}`nowhere`.\n")
    for _ in range(2):
        with pytest.raises(SystemExit, match="build failed"):
            book.main(small_book)
        assert "nowhere" in capfd.readouterr().err


def test_an_error_in_a_cell_stops_the_build(small_book: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (small_book / "lectures/number.md").write_text(HEADER + "```{code-cell} ipython3\n1 / 0\n```\n")
    with pytest.raises(SystemExit, match="not all notebooks ran"):
        book.main(small_book)
    said = capfd.readouterr().err
    assert "lectures/number.md failed" in said and "1 / 0\nZeroDivisionError: division by zero" in said
    assert len(said.splitlines()) < 10


def test_an_error_in_the_package_is_shown_by_the_notebook_that_imports_it(
    small_book: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (small_book / "roofline/broken.py").write_text("1 / 0\n")
    cell = "```{code-cell} ipython3\nimport sys\nsys.path.insert(0, '..')\nimport roofline.broken\n```\n"
    (small_book / "lectures/number.md").write_text(HEADER + cell)
    with pytest.raises(SystemExit, match="not all notebooks ran"):
        book.main(small_book)
    assert "import roofline.broken\nZeroDivisionError: division by zero" in capfd.readouterr().err


LOOK = """\
```{code-cell} ipython3
import time
from pathlib import Path

end = time.monotonic() + 60
while not (read := Path("../_build/.doctrees/lectures/plain.doctree").exists()) and time.monotonic() < end:
    time.sleep(0.05)
print("It is", "read" if read else "not read")
```
"""


def test_other_pages_are_read_while_a_notebook_runs_and_its_own_when_it_has(small_book: Path) -> None:
    (small_book / "lectures/number.md").write_text(HEADER + LOOK)
    (small_book / "lectures/plain.md").write_text("# A page that is no notebook\n")
    (small_book / "_toc.yml").write_text("format: jb-book\nroot: lectures/number\nchapters: [file: lectures/plain]\n")
    book.main(small_book)
    assert "It is read" in shown(small_book)


HEARS = "import signal, time\nsignal.signal(signal.SIGINT, signal.{})\n"  # what runs in the background may be born deaf
POLITE = HEARS.format("default_int_handler") + (
    "try: print('up', flush=True); time.sleep(60)\nfinally: print('cleared up')\n")  # fmt: skip
DEAF = HEARS.format("SIG_IGN") + "print('up', flush=True)\ntime.sleep(60)\n"


@pytest.mark.skipif(os.name == "nt", reason="there is no such signal on Windows")
@pytest.mark.parametrize(("program", "said", "status"), [(POLITE, b"cleared up", -2), (DEAF, b"", -9)])
def test_a_process_may_clear_up_before_it_is_killed(program: str, said: bytes, status: int) -> None:
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout and process.stdout.readline() == b"up\n"
        book.interrupt(process, patience=20.0 if said else 0.2)
        assert (process.stdout.read().strip(), process.returncode) == (said, status)


@pytest.mark.parametrize("file", ["roofline/__init__.py", "roofline/data/a.yaml", "roofline/a.js", "requirements.lock"])
def test_the_numbers_depend_on_code_data_and_lock(small_book: Path, file: str) -> None:
    before = execute.code_digest(small_book)
    (small_book / file).parent.mkdir(exist_ok=True)
    (small_book / file).write_text("# changed\n")
    assert execute.code_digest(small_book) != before


def test_nothing_is_written_again_when_only_the_clock_has_moved(small_book: Path) -> None:
    twins.main(small_book)
    written = (small_book / "lectures/number.ipynb").read_text()
    (small_book / "roofline/unrelated.py").write_text("")
    twins.main(small_book)
    assert (small_book / "lectures/number.ipynb").read_text() == written


def test_a_twin_that_does_not_follow_from_its_source_is_found_out(small_book: Path) -> None:
    page = small_book / "lectures/number.md"
    assert "missing" in twins.problem(page, small_book)
    twins.main(small_book)
    twin = page.with_suffix(".ipynb")
    good = twin.read_text()
    assert twins.problem(page, small_book) == ""
    twin.write_text(good.replace("The speed is 41", "The speed is 300"))
    assert "text" in twins.problem(page, small_book)
    twin.write_text(good.replace('"execution_count": 1', '"execution_count": null'))
    assert "not executed" in twins.problem(page, small_book)
    twin.write_text(good)
    page.write_text(page.read_text().replace("import time", "import time as clock"))
    assert "code cells" in twins.problem(page, small_book)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_twin_is_executed_and_matches_its_source(page: Path) -> None:
    assert not (wrong := twins.problem(page)), f"{wrong}; run `make notebooks`"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_twin_holds_no_myst_and_no_pictures(page: Path) -> None:
    twin = twins.read(page.with_suffix(".ipynb"))
    for cell in twin.cells:
        if cell.cell_type == "markdown":
            assert not plain_markdown.ROLE.search(cell.source), cell.source
            assert "{code-cell}" not in cell.source and ":::" not in cell.source, cell.source
        for output in cell.get("outputs", []):
            assert not any(kind.startswith("image/") for kind in output.get("data", {}))
    assert "widgets" not in twin.metadata


def markdown_of(file: Path) -> str:
    """All running text of a notebook, without its code."""
    text = "\n\n".join(cell.source for cell in twins.read(file).cells if cell.cell_type == "markdown")
    return re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_sum_of_money_in_a_twin_is_taken_for_mathematics(page: Path) -> None:
    without_mathematics = re.sub(MATHEMATICS, "", markdown_of(page.with_suffix(".ipynb")), flags=re.DOTALL)
    assert "$" not in without_mathematics, re.findall(r".{0,60}\$.{0,60}", without_mathematics)


def test_only_plain_text_that_is_glued_keeps_its_dollars_as_money() -> None:
    def made(kind: str, text: str) -> list:
        return [new_output("display_data", {twins.GLUED + kind: text}, metadata={"scrapbook": {"name": "x"}})]

    assert twins.glued([made("text/plain", "'$5.00 to $6.00'")]) == {"x": f"{twins.DOLLAR}5.00 to {twins.DOLLAR}6.00"}
    assert twins.glued([made("text/latex", "$2m^3$")]) == {"x": "$2m^3$"}
    assert re.sub(MATHEMATICS, "", "at $5.00 an hour, $6.00; $2m^3$ FLOP") == "at $5.00 an hour, $6.00;  FLOP"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_jupyter_folds_what_the_site_does_not_show_at_once(page: Path) -> None:
    for cell in twins.code_cells(twins.read(page.with_suffix(".ipynb"))):
        tags, folded = cell.metadata.get("tags", []), cell.metadata.get("jupyter", {})
        hidden = any(tag in tags for tag in ("remove-input", "hide-input", "remove-cell"))
        assert folded.get("source_hidden", False) == hidden, tags
        assert folded.get("outputs_hidden", False) == ("remove-cell" in tags), tags


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_twin_links_to_twins_and_to_pages_of_the_site(page: Path) -> None:
    address = twins.site_address(book.ROOT)
    for target in re.findall(r"\]\(([^)\s#]+)", markdown_of(page.with_suffix(".ipynb"))):
        if target.startswith(address):
            assert target.removeprefix(address).removesuffix(".html") in book.pages(book.ROOT), target
        elif "://" not in target:
            assert (page.parent / target).is_file() and not target.endswith(".md"), target


@pytest.mark.site
def test_no_notebook_for_download_holds_myst(site: Path) -> None:
    offered = sorted((site / "_sources").rglob("*.ipynb"))
    assert {page.with_suffix(".ipynb").name for page in PAGES} <= {file.name for file in offered}
    for file in offered:
        text = markdown_of(file)
        assert "{glue" not in text and "{term}" not in text, file
        assert all(cell.execution_count for cell in twins.code_cells(twins.read(file))[1:]), file


@pytest.mark.site
def test_the_bare_address_has_a_title_an_icon_and_a_link(site: Path) -> None:
    front, settings = (site / "index.html").read_text(encoding="utf8"), execute.config(book.ROOT)
    assert f"<title>{settings['title']}</title>" in front and '<html lang="en">' in front
    (icon,) = re.findall(r'rel="icon" href="([^"]+)"', front)
    assert (site / icon).is_file()
    assert 'content="0; url=book/intro.html"' in front and '<a href="book/intro.html">' in front


@pytest.mark.parametrize("page", MARKDOWN, ids=name)
def test_every_lecture_and_lab_says_that_it_is_a_notebook(page: Path) -> None:
    representation = jupytext.read(page).metadata["jupytext"]["text_representation"]
    assert (representation["extension"], representation["format_name"]) == (".md", "myst")


def in_plain(text: str) -> str:
    known = plain_markdown.Known({"t": "1.16 ms"}, citations={"pope": ("Pope et al.", "2022")}, site="https://a.b/",
                                 chapter="2.")
    plain_markdown.collect([text], known)
    return plain_markdown.plain(text, known)


@pytest.mark.parametrize(
    ("myst", "markdown"),
    [
        ("Reading takes {glue:text}`t`.", "Reading takes 1.16 ms."),
        ("the {term}`KV\ncache <kv cache>`", "the KV cache"),
        ("$$\na = b\n$$ (bound)\n\nby {eq}`bound`", "$$\na = b\n\\tag{1}\n$$\n\nby (1)"),
        ("(top)=\n# Title\n\nsee {ref}`top`", "# Title\n\nsee Title"),
        ("shown by {cite:t}`pope` and {cite}`pope`", "shown by Pope et al. (2022) and (Pope et al., 2022)"),
        (":::{note}\nSlow.\n:::", "> **Note**\n>\n> Slow."),
        ("::::{admonition} A\n:class: x\n:::{tip}\nB\n:::\n::::", "> **A**\n>\n> > **Tip**\n> >\n> > B"),
        ("```{figure} a.png\n:alt: A line\nRises.\n```", "![A line](a.png)\n\nRises."),
        (
            "```{exercise}\n:label: e\nHow?\n```\n```{solution-start} e\n```",
            "**Exercise 2.1**\n\nHow?\n\n**Solution to exercise 2.1**",
        ),
        ("```python\nx = '{term}`left alone`'\n```", "```python\nx = '{term}`left alone`'\n```"),
        ("the [table](../book/prices.md#rent)", "the [table](https://a.b/book/prices.html#rent)"),
        ("the [lab](../labs/x.md), [next](y.md#z)", "the [lab](../labs/x.ipynb), [next](y.ipynb#z)"),
        ("[there](https://c.d/e.md)", "[there](https://c.d/e.md)"),
        ("% a remark\n```{raw} html\n<b>\n```\nText", "Text"),
    ],
)
def test_myst_becomes_plain_markdown(myst: str, markdown: str) -> None:
    assert in_plain(myst) == markdown


def test_a_fence_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="not closed"):
        in_plain(":::{note}\nSlow.")
