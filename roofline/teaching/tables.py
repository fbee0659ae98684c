"""HTML tables of records: units in the head, sortable columns, a first column that stays, doubts marked.

`book/theme.css` and `book/book.js` dress and sort them on the page; in a notebook they are plain tables.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from roofline.algebra import units

from . import places

DASH = '<span class="unknown">–<span class="visually-hidden"> not known</span></span>'


@dataclass(frozen=True)
class Html:
    """Markup for the page; shown as the last value of a cell."""

    markup: str
    summary: str

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.summary


@dataclass(frozen=True)
class Column:
    """One column: how its cell is found in a record and written.

    Attributes
    ----------
    title : str
        Head of the column, plain text.
    value : function of a record
        A number in base units, or text; None where nothing is known. A number is sorted as a number.
    unit : str
        The unit numbers are shown in; it stands under the title. "" for text, "1" for counts and ratios.
    field : str
        The record's field, such as "rates.fp8", whose confirmation is in question; "" for what is computed here.
    small : function of a record, optional
        A second line in small print.
    digits : int
        Significant digits of numbers.
    label : str
        How the unit is written, where that differs from its name.
    order : function of a record, optional
        The number by which a column of text is sorted, such as quantities in several units.
    review : bool
        Whether text is a day to look again; the page marks those that have passed when it is read.
    """

    title: str
    value: Callable[[Any], float | str | None]
    unit: str = ""
    field: str = ""
    small: Callable[[Any], str] | None = None
    digits: int = 4
    label: str = ""
    order: Callable[[Any], float] | None = None
    review: bool = False

    def head(self) -> str:
        shown = self.label or ("" if self.unit in ("", units.ONE) else self.unit)
        unit = f' <span class="unit">{html.escape(shown)}</span>' if shown else ""
        kind = ' class="num"' if self.unit else ""
        return f'<th scope="col"{kind}><span class="title">{html.escape(self.title)}</span>{unit}</th>'

    def cell(self, record: Any, tag: str = "td") -> str:
        value = self.value(record)
        scope = ' scope="row"' if tag == "th" else ""
        if value is None or value == "":
            kind = ' class="num"' if self.unit else ""
            return f'<{tag}{scope}{kind} data-sort="">{DASH}</{tag}>'
        doubt = mark(record, self.field) if self.field else ""
        small = self.small(record) if self.small else ""
        note = f"<small>{small}</small>" if small else ""
        if isinstance(value, str):
            kind = ' class="short"' if len(value) <= 24 else ""
            kind += f' data-sort="{self.order(record):.6g}"' if self.order else ""
            text = html.escape(value)
            text = f'<time class="review" datetime="{text}">{text}</time>' if self.review else text
            return f"<{tag}{scope}{kind}>{text}{doubt}{note}</{tag}>"
        written = units.significant(value / units.factor(self.unit), self.digits)
        if self.unit.startswith("USD"):
            written = cents(written)
        return f'<{tag}{scope} class="num" data-sort="{value:.6g}">{written}{doubt}{note}</{tag}>'


def cents(written: str) -> str:
    """A sum of money with at least two decimals: '2.5' -> '2.50'."""
    whole, _, decimals = written.partition(".")
    return f"{whole}.{decimals:0<2}"


def mark(record: Any, field: str) -> str:
    """The sign behind a value that no source confirms, with words for those who cannot see it."""
    if not record.is_unconfirmed(field):
        return ""
    return ('<span class="unconfirmed" title="no source confirms this value"><span aria-hidden="true">?</span>'
            '<span class="visually-hidden"> (unconfirmed)</span></span>')


def links(sources: Iterable[Any]) -> str:
    """Numbered links to sources, each named in words for a screen reader and on hover."""
    found = []
    for number, source in enumerate(sources, 1):
        title = html.escape(source.title + (f", {source.date}" if source.date else ""))
        if source.url and source.url.startswith("http"):
            url = html.escape(source.url.split(" ")[0])
            found.append(f'<a href="{url}" title="{title}">{number}<span class="visually-hidden">: {title}</span></a>')
        else:
            found.append(f'<span title="{title}">{number}<span class="visually-hidden">: {title}</span></span>')
    return " ".join(found)


def citations(sources: Iterable[Any]) -> str:
    """Links to sources by short names, the full title on hover; plain text for a source without an address."""
    found = []
    for source in sources:
        title = html.escape(source.title + (f", {source.date}" if source.date else ""))
        words = html.escape(short(source))
        if source.url and source.url.startswith("http"):
            url = html.escape(source.url.split(" ")[0])
            found.append(f'<a href="{url}" title="{title}">{words}</a>')
        else:
            found.append(f'<span title="{title}">{words}</span>')
    return ", ".join(found)


def short(source: Any) -> str:
    """A source in a few words: of the lecture its key, such as "flashcards"; otherwise how its title begins."""
    if source.kind in ("lecture", "transcript", "flashcards", "summary"):
        return str(source.name).replace("_", " ")
    words = re.split(r" \(|[,:] ", source.title)[0].split()[:4]
    while len(words) > 1 and words[-1] in ("a", "and", "at", "by", "for", "in", "of", "on", "the", "to"):
        words.pop()
    return " ".join(words)


def table(
    name: str, columns: Sequence[Column], records: Iterable[Any], caption: str, kind: str = "", sources: bool = True
) -> Html:
    """A sortable table; `name` says what it holds ("accelerators"), the first column names the row.

    With a `kind` of `places.SHOWN` each row has its anchor.
    """
    rows = list(records)
    head = "".join(column.head() for column in columns)
    head += '<th scope="col" class="plain">Sources</th>' if sources else ""
    body = "".join(
        (f'<tr id="{places.row(kind, row.name)}">' if kind else "<tr>")
        + columns[0].cell(row, "th") + "".join(column.cell(row) for column in columns[1:])
        + (f'<td class="sources">{links(row.cited)}</td>' if sources else "") + "</tr>\n"
        for row in rows
    )
    markup = (
        f'<div class="table-box" role="region" aria-label="Table of {html.escape(name)}" tabindex="0">'
        f'<table class="data sortable"><caption>{html.escape(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )
    return Html(markup, f"{len(rows)} {name}")


def remarks(title: str, entries: Iterable[tuple[str, Sequence[str]]]) -> Html:
    """A folded list: for each record that has any, its remarks."""
    listed = [(name, [line for line in lines if line]) for name, lines in entries]
    listed = [(name, lines) for name, lines in listed if lines]
    items = "".join(
        f"<dt>{html.escape(name)}</dt>" + "".join(f"<dd>{html.escape(line)}</dd>" for line in lines)
        for name, lines in listed
    )
    return Html(f'<details class="folded"><summary>{html.escape(title)}</summary><dl>{items}</dl></details>',
                f"{title}: {len(listed)} records")
