"""What the colophon counts besides the package's own records: tests, lines, labs, this build, the weight of pages.

Pages exist only after the build, and tests change without one; so the page has empty places, `data-counted`, which are
filled here and can be filled again.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.metadata import version
from pathlib import Path

from tools import execute, weights

COUNTED = ["tests/**/*.py"]  # what changes a count and no other page
PAGE = "book/colophon"
PLACE = re.compile(r'(<(span|div) data-counted="([\w-]+)">).*?(</\2>)', re.DOTALL)
PROVING = {"cancel", "diff", "expand", "factor", "integrate", "limit", "series", "simplify", "solve", "summation",
           "together"}  # fmt: skip
FIXTURES = {"browser", "page", "show"}
PACKAGES = ["jupyter-book", "sphinx", "myst-nb", "numpy", "sympy", "pint", "matplotlib", "anywidget", "jupyterlab"]


def fill(root: Path, pages: Iterable[str]) -> None:
    """Count everything and write it into the built page; a book without the page has no colophon."""
    file = root / f"_build/html/{PAGE}.html"
    if not file.exists():
        return
    found = {**of_tests(root), **of_files(root), "versions": versions(), "build": built(root)}
    for _ in range(2):  # the second time the page is weighed as it will be, to a few bytes
        file.write_text(filled(file.read_text(encoding="utf8"), found | of_pages(root, pages)), encoding="utf8")


def filled(text: str, found: Mapping[str, str]) -> str:
    """A page with what was found in its places; KeyError for a place of which nothing is known."""
    return PLACE.sub(lambda place: place[1] + found[place[3]] + place[4], text)


def number(count: int) -> str:
    return f"{count:,}"


def of_tests(root: Path) -> dict[str, str]:
    """Test functions by what they do; one counts once, however many cases it runs on."""
    functions = list(tests(root))
    kinds = {
        "tests": lambda _: True,
        "proofs": lambda test: proves(*test),
        "properties": lambda test: decorated(test[0], "given"),
        "listed": lambda test: decorated(test[0], "parametrize"),
        "browsed": lambda test: bool(FIXTURES & {argument.arg for argument in test[0].args.args}),
    }
    return {name: number(sum(map(kind, functions))) for name, kind in kinds.items()}


def tests(root: Path) -> Iterator[tuple[ast.FunctionDef, set[str]]]:
    """Each function that pytest collects, with the names that its file imports for proofs."""
    for file in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf8"))
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module]
        helpers = {alias.name for node in imports if node.module == "roofline.algebra.proofs" for alias in node.names}
        if file.parent.name == "algebra":  # which tests the helpers themselves
            helpers = set()
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node, helpers


def decorated(function: ast.FunctionDef, name: str) -> bool:
    """Whether a decorator of that name is called on a function, `@given(...)` or `@pytest.mark.parametrize(...)`."""
    calls = [ast.unparse(by.func) for by in function.decorator_list if isinstance(by, ast.Call)]
    return any(call.split(".")[-1] == name for call in calls)


def proves(function: ast.FunctionDef, helpers: set[str]) -> bool:
    """Whether a test calls a proof of the book's own or one of sympy's, `sympy.simplify(...)` for instance."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in helpers:
                return True
            if isinstance(called, ast.Attribute) and called.attr in PROVING and ast.unparse(called.value) == "sympy":
                return True
    return False


def of_files(root: Path) -> dict[str, str]:
    """Labs, works in the bibliography, and lines by kind."""
    package, code = root / "roofline", "**/*.py"
    scripts = [*package.rglob("*.js"), *package.rglob("*.css"), *(root / "book/assets").glob("*.[jc]s*")]
    works = re.findall(r"^@(?!comment)\w+\{", (root / "book/references.bib").read_text(encoding="utf8"), re.MULTILINE)
    return {
        "labs": number(len(list((root / "labs").glob("*.md")))),
        "works": number(len(works)),
        "lines-package": number(lines(package.glob(code))),
        "lines-tests": number(lines((root / "tests").glob(code))),
        "lines-tools": number(lines((root / "tools").glob(code))),
        "lines-browser": number(lines(scripts)),
    }


def lines(files: Iterable[Path]) -> int:
    return sum(len(file.read_bytes().splitlines()) for file in files)


def of_pages(root: Path, pages: Iterable[str]) -> dict[str, str]:
    """The weights of all pages as a table, and of the fonts of the text."""
    site, rows = root / "_build/html", []
    for page in pages:
        file = site / f"{page}.html"
        own, whole = (f"<td>{bytes_ / 1000:.0f} kB</td>" for bytes_ in weights.weigh(file))
        link = f'<a href="../{page}.html">{escape(title(file))}</a>'
        rows.append(f'<tr><th scope="row">{link}</th>{own}{whole}</tr>')
    head = '<tr><th scope="col">Page</th><th scope="col">alone</th><th scope="col">with its parts</th></tr>'
    fonts = sum(file.stat().st_size for file in (site / "_static/vendor").glob("source-*/*.woff2"))
    table = f'<table class="table weights"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>'
    return {"weights": table, "fonts": f"{fonts / 1000:.0f} kB"}


def title(page: Path) -> str:
    """A page's first heading, without its markup."""
    found = re.search(r"<h1>(.*?)(?:<a class=\"headerlink\".*?)?</h1>", page.read_text(encoding="utf8"), re.DOTALL)
    return re.sub(r"<[^>]*>", "", found[1]) if found else page.stem


def versions() -> str:
    """The packages that matter most, as they are installed."""
    listed = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"<p>This build used {listed}; all others are in <code>requirements.lock</code>.</p>"


def note(root: Path, seconds: float) -> None:
    """Remember when the pages were built, out of which commit, in what time."""
    moment = time.strftime("%d %B %Y, %H:%M UTC", time.gmtime()).lstrip("0")
    record = {"moment": moment, "seconds": round(seconds), "commit": commit(root)}
    (root / "_build/build.json").write_text(json.dumps(record), encoding="utf8")


def commit(root: Path) -> str:
    """The commit that is checked out, and whether files differ from it; "" outside a repository."""
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    try:
        done = subprocess.run(asked, cwd=root, capture_output=True, text=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def built(root: Path) -> str:
    """The last build in a sentence or two."""
    record = json.loads((root / "_build/build.json").read_text(encoding="utf8"))
    name, changed = record["commit"].removesuffix("-dirty"), record["commit"].endswith("-dirty")
    repository = execute.config(root)["repository"]["url"]
    source = f' from commit <a href="{repository}/commit/{name}"><code>{name}</code></a>' if name else ""
    source += " (with changes that were not committed)" if changed else ""
    made = f"Built on {record['moment']}{source} with version {escape(release(root))} of the package"
    spared = "Notebooks that nothing has changed since an earlier build were not executed again."
    return f"<p>{made}, in {record['seconds']} s. {spared}</p>"


def release(root: Path) -> str:
    """The version in CITATION.cff, which is that of the package."""
    from tools import citation

    return str(citation.read(root)["version"])
