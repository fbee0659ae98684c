"""Rules for chapters: no fact typed where the catalog has it, no number typed in the prose, every figure described."""

import ast
import io
import re
import tokenize
from pathlib import Path

import jupytext
import pytest
import yaml

from roofline.catalog import chips, disclosures, memory_tiers, models, prices
from roofline.teaching import selfcheck

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = sorted((ROOT / "lectures").glob("*.md"))
ROUND = {float(f"{d}e{e}") for d in (1, 2, 5) for e in range(-12, 19)}  # sweep ends and sizes: no fact by themselves
POWERS = {2.0**e for e in range(40)}


def numbers_in(value):
    """Every number in a record of the catalog, however nested, in base units and as its file writes it."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, dict):
        for entry in value.values():
            yield from numbers_in(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from numbers_in(entry)
    elif isinstance(value, str) and (match := re.match(r"^\s*(\d[\d.,]*(?:e[-+]?\d+)?)", value)):
        yield float(match[1].rstrip(".,").replace(",", ""))


def facts():
    known = set()
    for folder in (chips, models, prices, memory_tiers, disclosures):
        for record in folder.values():
            known.update(numbers_in(record.model_dump(mode="python", exclude={"date", "sources", "note"})))
    for path in (ROOT / "roofline/catalog/data").glob("*.yaml"):
        known.update(numbers_in(yaml.safe_load(path.read_text(encoding="utf8"))))
    scaled = {float(f"{x * 10.0**p:.12g}") for x in known for p in (-12, -9, -6, -3, 0, 3, 6, 9, 12)}
    return {x for x in scaled if abs(x) > 12 or len(f"{x:.12g}".replace(".", "").strip("0")) > 2} - ROUND - POWERS


FACTS = facts()


def literals(source):
    """The numeric literals of a cell with their lines."""
    clean = "\n".join("" if line.lstrip().startswith("%") else line for line in source.splitlines())
    for token in tokenize.generate_tokens(io.StringIO(clean).readline):
        if token.type == tokenize.NUMBER:
            yield token.start[0], float(ast.literal_eval(token.string))


def code_cells(path):
    return [c for c in jupytext.read(path).cells if c.cell_type == "code"]


def typed_facts(path):
    return [
        f"{path.name}, code cell {i}, line {line}: {value:g} stands in the catalog"
        for i, cell in enumerate(code_cells(path))
        for line, value in literals(cell.source)
        if float(f"{value:.12g}") in FACTS
    ]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_no_hardware_model_or_price_number_is_typed_in_a_cell(path):
    assert typed_facts(path) == []


@pytest.mark.parametrize("typed", ["8e12", "671e9", "37_000_000_000", "3.35e12", "72", "2.71", "0.31415", "14800"])
def test_a_typed_fact_is_found_and_placed(tmp_path, typed):
    source = (CHAPTERS[0].read_text(encoding="utf8").split("\n# ")[0]
              + f"\n# Try\n\n```{{code-cell}} ipython3\nx = 1\ny = {typed}\n```\n")  # fmt: skip
    (tmp_path / "try.md").write_text(source)
    found = typed_facts(tmp_path / "try.md")
    known = typed not in ("0.31415",)
    assert (found != []) == known
    assert not known or found[0].startswith("try.md, code cell 0, line 2")


def prose(path):
    """The Markdown of a chapter without what may hold digits: roles, links, code, math, dates and names."""
    for cell in jupytext.read(path).cells:
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"^:[\w-]+:.*$|^```.*$", "", cell.source, flags=re.MULTILINE)
        text = re.sub(r"\{[\w:]+\}`[^`]*`|`[^`]*`|\$[^$]*\$|\]\([^)]*\)", "", text)
        for name in sorted([*chips, *models], key=len, reverse=True):  # DeepSeek-V3.2 before DeepSeek-V3
            text = text.replace(name, "")
        schedules = r"\b1F1B\b|\bZB-H\d\b"
        yield re.sub(rf"\b(GB|H|B|A|MI)\d{{3}}X?\b|\bfp\d+\b|\bbf16\b|TPU v\d\w?|DeepSeek-V3|{schedules}", "", text)


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_no_number_of_the_prose_is_typed(path):
    typed = [line.strip() for text in prose(path) for line in text.splitlines() if re.search(r"\d", line)]
    assert typed == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_every_glued_number_is_used_and_every_use_is_glued(path):
    source = path.read_text(encoding="utf8")
    used = set(re.findall(r"\{glue:text\}`([^`]+)`", source))
    glued = set(re.findall(r'(?:number|said|quoted|compared)\("([a-z0-9-]+)"', source))
    assert used == glued


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_cells_that_are_shown_are_short(path):
    hidden = {"remove-cell", "remove-input", "hide-input"}
    shown = [c.source.splitlines() for c in code_cells(path) if not hidden & set(c.metadata.get("tags", []))]
    assert [lines for lines in shown if len(lines) > 12 or max(map(len, lines)) > 79] == []


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_every_figure_says_what_it_shows_without_a_number(path):
    figures = [c for c in code_cells(path) if "plt.show()" in c.source]
    assert len(figures) >= 4
    for cell in figures:
        alt = cell.metadata["mystnb"]["image"]["alt"]
        assert len(alt.split()) >= 12 and not re.search(r"\d", alt)
        assert "hide-input" in cell.metadata["tags"]  # what draws is not what a reader came for


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_a_notebook_has_what_the_boxes_tell_a_reader_to_type(path):
    """Below each question: *In a notebook: check(...)*."""
    first = next(cell.source for cell in code_cells(path) if "import" in cell.source)
    names: dict[str, object] = {}
    exec(first.replace("%matplotlib inline", ""), names)
    asked = [cell.source for cell in code_cells(path) if re.search(r"^question\(", cell.source, re.MULTILINE)]
    assert asked and names["check"] is selfcheck.check


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_a_chapter_has_its_parts_in_order(path):
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf8"), re.MULTILINE)
    parts = ["Try it", "Checked symbolically", "Where this model breaks", "What the lecture said", "Takeaways"]
    parts += ["Exercises", "Sources"]
    assert [h for h in headings if h in parts] == parts and 4 <= headings.index("Try it") <= 7


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_exercises_are_five_to_eight_each_with_a_folded_solution(path):
    source = path.read_text(encoding="utf8")
    asked = re.findall(r"^:label: (ex-[\w-]+)$", source, re.MULTILINE)
    solved = re.findall(r"^```\{solution-start\} (ex-[\w-]+)\n:class: dropdown$", source, re.MULTILINE)
    assert 5 <= len(asked) <= 8 and asked == solved
