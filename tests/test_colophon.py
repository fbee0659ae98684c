"""What the colophon counts, counted again in another way."""

import ast
import gzip
import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_file

from tests.test_front import glued
from tests.test_site import loaded, local, parsed
from tools import book, colophon, weights

ROOT = book.ROOT
FOUND = re.compile(r'<(span|div) data-counted="([\w-]+)">(.*?)</\1>', re.DOTALL)


@pytest.fixture(scope="module")
def counted(site):
    """What stands in each place of the page."""
    text = (site / "book/colophon.html").read_text(encoding="utf8")
    return {name: content for _, name, content in FOUND.findall(text)}


@pytest.fixture(scope="module")
def numbers(site):
    return {key: int(text.replace(",", "")) for key, text in glued(site, "book/colophon").items()}


def whole(text):
    return int(text.replace(",", ""))


def anchors(site, page, pattern):
    return len(set(re.findall(pattern, (site / f"{page}.html").read_text(encoding="utf8"))))


def records(name):
    return len(yaml.safe_load((ROOT / f"roofline/catalog/data/{name}.yaml").read_text(encoding="utf8")))


@pytest.mark.site
def test_every_place_is_filled(counted):
    promised = set(re.findall(r'data-counted="([\w-]+)"', (ROOT / "book/colophon.md").read_text(encoding="utf8")))
    assert set(counted) == promised and all(counted.values())


@pytest.mark.site
def test_equations_and_symbols_are_the_rows_of_the_notation(site, numbers):
    assert numbers["formulas"] == anchors(site, "book/notation", r'id="(formula-\w+)"')
    assert numbers["symbols"] == anchors(site, "book/notation", r'id="(symbol-\w+)"')


@pytest.mark.site
def test_claims_are_the_rows_of_the_fact_check_by_verdict(site, numbers):
    text = (site / "book/fact_check.html").read_text(encoding="utf8")
    rows = re.findall(r'id="claim-([\w-]+)"', text)
    assert numbers["claims"] + numbers["others"] == numbers["rows"] == len(set(rows))
    verdicts = ("holds", "roughly", "off", "inconsistent", "not-derivable")
    assert sum(numbers[verdict] for verdict in verdicts) == numbers["claims"]
    files = [yaml.safe_load(file.read_text(encoding="utf8"))
             for file in (ROOT / "roofline/teaching/data/claims").glob("*.yaml") if file.stem != "sources"]
    said = [row for found in files for row in found.values() if re.search("^Reiner|^Dwark|and R", row["speaker"])]
    assert numbers["claims"] == len(said)
    typed = [row.get("verdict", "") for row in said]
    assert all(numbers[verdict] >= typed.count(verdict.replace("-", " ")) for verdict in verdicts)


@pytest.mark.site
def test_cards_are_those_of_the_deck_and_chips_those_of_the_tables(site, numbers):
    for page, key in (("hardware", "chips"), ("models", "models"), ("prices", "prices")):
        rows = parsed(site / f"book/{page}.html").all("th")
        assert numbers[key] <= sum(tag.get("scope") == "row" for tag in rows)
    assert numbers["sources"] == records("sources") and numbers["memory-tiers"] == records("memory_tiers")
    assert numbers["models"] == records("models") and numbers["chips"] == records("accelerators")
    assert numbers["prices"] == records("prices")


@pytest.mark.site
def test_files_and_lines_are_counted_as_other_programs_count_them(counted):
    def told(*patterns):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
        names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
        files = [ROOT / name for name in names if name and (ROOT / name).is_file()]
        return sum(file.read_bytes().count(b"\n") for file in files)

    assert whole(counted["lines-package"]) == told("roofline/*.py")
    assert whole(counted["lines-tests"]) == told("tests/*.py")
    assert whole(counted["lines-tools"]) == told("tools/*.py")
    assert whole(counted["lines-browser"]) == told("roofline/*.js", "roofline/*.css", ":(glob)book/assets/*.js",
                                                   ":(glob)book/assets/*.css")
    assert whole(counted["works"]) == len(parse_file(str(ROOT / "book/references.bib")).entries)
    assert whole(counted["labs"]) == sum(page.startswith("labs/") for page in book.pages(ROOT))


@pytest.mark.site
def test_test_functions_are_counted_as_lines_that_define_one(counted):
    text = "\n".join(file.read_text(encoding="utf8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert whole(counted["tests"]) == len(re.findall(r"(?m)^def test_", text))
    assert whole(counted["properties"]) == len(re.findall(r"(?m)^@(?:\w+\.)?given\(", text))
    assert 100 < whole(counted["proofs"]) < whole(counted["tests"])


def test_pytest_collects_the_functions_that_are_counted():
    file = "tests/test_tooling.py"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", file]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120).stdout
    collected = set(re.findall(rf"(?m)^{file}::(\w+)", told))
    tree = ast.parse((ROOT / file).read_text(encoding="utf8"))
    assert collected and collected <= {node.name for node, _ in colophon.tests(ROOT)}
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(collected) == sum(name.startswith("test_") for name in functions)


@pytest.mark.parametrize(("body", "proved"), [
    ("assert never_rises(cost, B)", True),
    ("assert sympy.simplify(a - b) == 0", True),
    ("assert sympy.symbols('x')", False),
    ("assert a(1) == 2", False),
    ("assert text.expand() == 3", False),
])
def test_a_test_proves_if_it_calls_a_proof(tmp_path, body, proved):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_it.py").write_text(
        "import sympy\nfrom roofline.algebra.proofs import never_rises\n\n\n"
        f"def test_it():\n    {body}\n\n\ndef helper():\n    pass\n")
    found = colophon.of_tests(tmp_path)
    assert found["tests"] == "1" and found["proofs"] == str(int(proved))


@pytest.mark.site
@pytest.mark.parametrize("name", ["book/intro", "lectures/moe", "book/fact_check"])
def test_a_page_weighs_what_a_server_sends_of_it_and_its_parts(site, counted, name):
    path = site / f"{name}.html"
    page = parsed(path)
    late = [tag["src"] for tag in page.all("img") if tag.get("loading") == "lazy"]
    parts = {local(path, address) for address in {*loaded(page)} - {*late} if not address.startswith("data:")}
    own = len(gzip.compress(path.read_bytes()))
    both = own, own + sum(len(gzip.compress(part.read_bytes())) for part in parts)
    assert weights.weigh(path) == both
    row = re.search(rf'href="\.\./{name}\.html">.*?</tr>', counted["weights"], re.DOTALL)[0]
    assert re.findall(r"<td>(\d+) kB</td>", row) == [f"{bytes_ / 1000:.0f}" for bytes_ in both]


@pytest.mark.site
def test_every_page_is_weighed_under_its_title(site, counted):
    rows = re.findall(r'<a href="\.\./([\w/]+)\.html">(.*?)</a>', counted["weights"])
    assert [page for page, _ in rows] == book.pages(ROOT)
    for page, title in rows:
        assert unescape(title) in (site / f"{page}.html").read_text(encoding="utf8") and "<" not in title


def test_filling_again_changes_nothing_and_an_unknown_place_is_an_error():
    page = '<p><span data-counted="tests"></span> and <div data-counted="weights"><table><tr></tr></table></div></p>'
    found = {"tests": "12", "weights": "<table><tr><td>1</td></tr></table>"}
    once = colophon.filled(page, found)
    table = f'<div data-counted="weights">{found["weights"]}</div>'
    assert once == f'<p><span data-counted="tests">12</span> and {table}</p>'
    assert colophon.filled(once, found) == once
    with pytest.raises(KeyError, match="weights"):
        colophon.filled(page, {"tests": "1"})


@pytest.mark.site
def test_the_build_is_named_with_its_moment_and_its_commit(site, counted):
    record = json.loads((site.parent / "build.json").read_text())
    assert record["moment"] in counted["build"] and f"{record['seconds']} s" in counted["build"]
    known = subprocess.run(["git", "cat-file", "-t", record["commit"].removesuffix("-dirty")], cwd=ROOT,
                           capture_output=True, text=True)
    assert known.stdout.strip() == "commit" or not record["commit"]


def test_outside_a_repository_no_commit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert colophon.commit(tmp_path) == ""


PARTS = """<link rel="stylesheet" href="a.css?v=1"><script>const sample = '<img src="said.png">';</script>
<img alt="more > less" src="b%20c.png"><img src="late.png" loading="lazy"><img src="data:,"><a href="next.html">on</a>
<script src="d.js"></script>"""


def test_a_page_is_weighed_with_what_its_tags_name_and_not_with_what_its_scripts_say(tmp_path):
    (tmp_path / "page.html").write_text(PARTS)
    assert {part.name for part in weights.parts(tmp_path / "page.html")} == {"a.css", "b c.png", "d.js"}
