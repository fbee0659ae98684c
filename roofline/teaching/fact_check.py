"""The page of all claims: one table of the whole ledger to filter and search, and how the verdicts fall by chapter.

The table is complete without a script; `book/assets/ledger.js` filters it by what the rows say of themselves in
data attributes. Each row has what was said, what follows, what decides, and folded, how it is computed and from what.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes

from . import chapters, figures
from .claims import VERDICTS, Claim
from .ledger import (
    REPORTS,
    SPEAKERS,
    Ledger,
    anchor,
    badge,
    counted,
    foot,
    load,
    of_the_lecture,
    paragraph,
    said_by,
    speaker,
    worded,
)
from .palette import VERDICTS as COLOURS
from .tables import Html, citations
from .workings import Reading, readings


def ledger_table() -> Html:
    """Every claim of the ledger, with the form that filters them, to stand as the last value of a cell."""
    ledger = load()
    rows = list(ledger.values())
    body = "\n".join(_row(row, ledger) for row in rows)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("What was said", "Verdict and numbers", "Why"))
    markup = (
        f'<div class="ledger">{form(rows)}'
        f'<div class="claims-box" role="region" aria-label="Table of claims" tabindex="0">'
        f'<table class="data claims"><caption class="visually-hidden">{len(rows)} claims</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div></div>"
    )
    return Html(markup, f"{len(rows)} claims: {counted(rows)}")


def form(rows: Sequence[Claim]) -> str:
    """Search, chapter, speaker and verdicts; hidden until the script shows it."""
    speakers = {name: title for name, (title, _) in SPEAKERS.items()}
    listed = dict.fromkeys(row.chapter for name in (*chapters.CHAPTERS, REPORTS) for row in rows if row.chapter == name)
    boxes = "".join(
        f'<label class="pick"><input type="checkbox" name="verdict" value="{verdict}">'
        f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{verdict}</span> '
        f'<span class="count"></span></label>'
        for verdict in VERDICTS
    )
    return (
        '<form class="ledger-form" role="search" aria-label="Find claims" hidden>'
        '<label class="find">Search <input type="search" name="q" autocomplete="off" spellcheck="false"></label>'
        f"{_choice('chapter', 'Chapter', {name: chapter_title(name) for name in listed})}"
        f"{_choice('speaker', 'Said by', speakers)}"
        f'<fieldset><legend>Verdict</legend>{boxes}</fieldset><button type="reset">Show all</button>'
        '<p role="status"></p></form>'
    )


def _choice(name: str, title: str, options: Mapping[str, str]) -> str:
    listed = "".join(f'<option value="{key}">{html.escape(words)}</option>' for key, words in options.items())
    return f'<label>{title} <select name="{name}"><option value="">all</option>{listed}</select></label>'


def chapter_title(name: str) -> str:
    """A chapter's name in words; what reports made of the lecture has one of its own."""
    return "Reports of the lecture" if name == REPORTS else chapters.title(name)


def _row(row: Claim, ledger: Ledger) -> str:
    numbers = [("Said", row.said), ("Follows", row.follows)] if row.said else []
    listed = "".join(f"<p><span class='what'>{name}:</span> {worded(text)}</p>" for name, text in numbers)
    decides = f"<span class='what'>What decides:</span> {worded(row.filled(row.decides))}"
    why = paragraph(row.filled(row.reason)) + f"<p>{decides}</p>" * bool(row.decides)
    return (
        f'<tr id="{anchor(row.id)}" data-verdict="{row.verdict}" data-chapter="{row.chapter}"'
        f' data-speaker="{" ".join(said_by(row))}"><th scope="row">{worded(row.claim)}'
        f"<small>{html.escape(speaker(row))}, {place(row)}</small></th>"
        f'<td data-label="Verdict and numbers"><p>{badge(row)}</p>{listed}</td>'
        f'<td data-label="Why">{why}{workings(row)}{foot(row, ledger, None)}</td></tr>'
    )


def place(row: Claim) -> str:
    """The claim's name, linked to where it stands in its chapter, once that chapter is written."""
    if not chapters.lecture(row.chapter).exists():
        return row.id
    return (f'<a href="../lectures/{row.chapter}.html#{anchor(row.id)}" title="in the chapter '
            f'{chapters.title(row.chapter)}">{row.id}</a>')  # fmt: skip


def workings(row: Claim) -> str:
    """Folded: each computation of a claim as one expression with its value, and all that these read."""
    cases = [*row.cases, *row.others]
    if not cases:
        return ""
    made = "".join(
        f"<li>{html.escape(case.name)}: <code>{html.escape(case.how)}</code> = {worded(case.text)}</li>"
        for case in cases
    )
    found = readings([*row.recompute.values(), *row.also.values()])
    read = f'<p>It reads:</p><ul>{"".join(map(_reading, found))}</ul>' if found else ""
    return f'<details class="proof workings"><summary>How it is computed</summary><ul>{made}</ul>{read}</details>'


def _reading(found: Reading) -> str:
    cited = f' <span class="cited">({citations(found.cited)})</span>' if found.cited else ""
    return f"<li>{worded(str(found))}{cited}</li>"


def verdicts_by_chapter(size: tuple[float, float] = (7.2, 4.6)) -> Axes:
    """A bar a chapter for the claims made in the lecture, cut by verdict; its title is what the counts say."""
    counts = {chapters.title(name): load().counts(name, said=True) for name in chapters.CHAPTERS}
    ax = figures.chart(finding(counts.values()), "claims", "", "linear", "linear", size)
    left = dict.fromkeys(counts, 0)
    for verdict in VERDICTS:
        for place, (name, found) in enumerate(counts.items()):
            if found[verdict]:
                ax.barh(place, found[verdict], left=left[name], color=COLOURS[verdict], height=0.72, edgecolor="none")
                ax.annotate(f"{found[verdict]}", (left[name] + found[verdict] / 2, place), ha="center", va="center",
                            color="white", fontsize=9, fontweight="bold")  # fmt: skip
                left[name] += found[verdict]
    ax.set_yticks(range(len(counts)), list(counts))
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    _legend(ax)
    return ax


def _legend(ax: Axes) -> None:
    """The verdicts in their colours, in a line under the bars."""
    across = 0.0
    for verdict in VERDICTS:
        ax.annotate(verdict, (0, 0), xycoords="axes fraction", xytext=(across, -46), textcoords="offset points",
                    color=COLOURS[verdict], fontweight="bold", fontsize=10)  # fmt: skip
        across += 6.6 * len(verdict) + 18  # points that a word of this size takes, and a gap


def finding(counts: Iterable[Mapping[str, int]]) -> str:
    """What the counts come to, in one line."""
    total: Counter[str] = Counter()
    for found in counts:
        total.update(found)
    claims, wrong = sum(total.values()), total["off"] + total["inconsistent"]
    return f"Of the lecture's {claims} claims, {total['holds']} hold and {wrong} are off or inconsistent"


def origins() -> Counter[str]:
    """How many claims were made in the lecture, and how many by others, under the names of SPEAKERS."""
    return Counter("lecture" if of_the_lecture(row) else said_by(row)[0] for row in load().values())


def shares() -> dict[str, float]:
    """The share of the claims made in the lecture that has each verdict."""
    found = load().counts(said=True)
    return {verdict: count / sum(found.values()) for verdict, count in found.items()}
