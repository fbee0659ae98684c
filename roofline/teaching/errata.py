"""The errata page: the lecture's, those of reports about it, those of sources, and this book's own, each with its test.

What the lecture and reports got wrong are the rows of the ledger that are off or inconsistent; their tests are the
proofs they name, or those that `data/errata.yaml` names for them. The other two lists stand in that file.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from roofline import catalog
from roofline.algebra import units
from roofline.catalog.loading import DataError, read

from .claims import Claim
from .ledger import REPORTS, anchor, badge, load, of_the_lecture, paragraph, said_by, speaker, worded
from .tables import Html, citations

DATA = Path(__file__).parent / "data" / "errata.yaml"
PARTS = ("claims", "sources", "book")
KINDS = ("lecture", "deduced", "reports")


@cache
def entries() -> Mapping[str, Any]:
    """What the file holds: tests by claim, errors of sources, errors of this book.

    Raises
    ------
    DataError
        If a part is missing or an error names no test.
    """
    found = read(DATA)
    if set(found) != set(PARTS):
        raise DataError(f"{DATA.name}: expected {', '.join(PARTS)}, got {', '.join(map(str, found))}")
    for part in PARTS[1:]:
        for entry in found[part]:
            if "test" not in entry:
                raise DataError(f"{DATA.name}: in {part}, {entry} names no test")
    return found


def wrong(kind: str) -> tuple[Claim, ...]:
    """The claims that are off or inconsistent: made in the "lecture", "deduced" from it, or made by "reports" of it."""
    rows = (row for row in load().values() if row.verdict in ("off", "inconsistent") or row.chapter == REPORTS)
    return tuple(row for row in rows if kind_of(row) == kind)


def kind_of(row: Claim) -> str:
    """The list in which a claim stands, if it is wrong: one of KINDS; flashcards are reports too."""
    return "lecture" if of_the_lecture(row) else "deduced" if said_by(row) == ("derived",) else "reports"


def tests_of(row: Claim) -> tuple[str, ...]:
    """The tests that show a claim to be wrong; DataError if none is named."""
    named = row.proof or tuple(filter(None, [entries()["claims"].get(row.id)]))
    if not named:
        raise DataError(f"{DATA.name}: no test shows that {row.id} is wrong")
    return tuple(named)


def every_test() -> tuple[str, ...]:
    """Every test that the page names."""
    named = [test for kind in KINDS for row in wrong(kind) for test in tests_of(row)]
    return (*named, *(entry["test"] for part in PARTS[1:] for entry in entries()[part]))


def lecture() -> Html:
    """What was said in the lecture and is wrong."""
    return _claims("errors of the lecture", wrong("lecture"))


def deduced() -> Html:
    """What nobody said, but follows from what was said, and is wrong."""
    return _claims("errors in what follows from the lecture", wrong("deduced"))


def reports() -> Html:
    """What summaries, flashcards, notes and reports of the lecture got wrong."""
    return _claims("errors of reports", wrong("reports"))


def _claims(name: str, rows: Iterable[Claim]) -> Html:
    lines = [
        (
            f'{worded(row.claim)}<small>{html.escape(speaker(row))}, '
            f'<a href="fact_check.html#{anchor(row.id)}">{row.id}</a></small>',
            f"<p>{badge(row)}</p>" + paragraph(f"Follows: {row.follows}." if row.said else row.filled(row.reason))
            + paragraph(row.filled(row.decides)),
            tests_of(row),
        )
        for row in rows
    ]  # fmt: skip
    return table(name, lines)


def sources() -> Html:
    """What sources of the catalog got wrong."""
    return table("errors of sources", [(*_source(entry), (entry["test"],)) for entry in entries()["sources"]])


def _source(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What a source says, and what the catalog says instead and why."""
    if "record" not in entry:
        record = _record(entry["cite"])
        return worded(entry["stood"]), paragraph(entry["right"]) + f"<p>Sources: {citations(record.cited)}</p>"
    record, field = _record(entry["record"]), entry["field"]
    other = next(a for a in record.alternatives if (a.field, a.source) == (field, entry["source"]))
    label = f"{record.name if hasattr(record, 'rates') else record.topic}, {words_of(field)}"
    stood = f"{label}: {other.value}<small>{citations([catalog.sources[other.source]])}</small>"
    right = f"{entry['why']} The catalog has {used(record, field)}."
    return stood, paragraph(right) + f"<p>Sources: {citations(record.cited)}</p>"


def words_of(field: str) -> str:
    """A field of the catalog in words: rates.fp8 is "rate in fp8"."""
    kind, _, name = field.partition(".")
    return f"rate in {name}" if kind == "rates" else field.replace("_", " ")


def used(record: Any, field: str) -> str:
    """The value that the catalog uses, with its unit."""
    kind, _, name = field.partition(".")
    if kind == "rates":
        return units.text(record.rates[name], "FLOP/s", 4)
    return units.text(float(record[field]), units.ONE, 4)


def _record(path: list[str]) -> Any:
    return getattr(catalog, path[0])[path[1]]


def book() -> Html:
    """What this book got wrong before, with the day on which it was mended."""
    lines = [
        (
            f'{worded(entry["stood"])}<small><a href="../{entry["where"]}.html">{entry["where"].split("/")[1]}</a>, '
            f'mended {entry["mended"]}</small>',
            paragraph(entry["right"]),
            (entry["test"],),
        )
        for entry in entries()["book"]
    ]  # fmt: skip
    return table("errors of this book", lines)


def table(name: str, lines: Iterable[tuple[str, str, Iterable[str]]]) -> Html:
    """A table of what stood, what is right, and the tests that show it; cells are markup, tests are names."""
    rows = [
        f'<tr><th scope="row">{stood}</th><td data-label="Right">{right}</td>'
        f'<td data-label="Test">{" ".join(map(_test, tests))}</td></tr>'
        for stood, right, tests in lines
    ]
    head = "".join(f'<th scope="col">{title}</th>' for title in ("What stood there", "What is right", "Shown by"))
    markup = (
        f'<div class="claims-box errata" role="region" aria-label="Table of {name}" tabindex="0">'
        f'<table class="data claims"><caption class="visually-hidden">{len(rows)} {name}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>"
    )
    return Html(markup, f"{len(rows)} {name}")


def _test(name: str) -> str:
    """A test's name, which may break at its underscores; the file stands in the tooltip."""
    file, _, short = name.rpartition("::")
    title = f' title="{html.escape(file)}"' if file else ""
    return f"<code{title}>{html.escape(short).replace('_', '_<wbr>')}</code>"
