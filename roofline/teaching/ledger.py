"""The ledger of the lecture's claims: read, computed and checked, and shown on the page.

A claim that teaches stands in its chapter as a note, `claim("batch-size-35")`; the others stand in a folded table at
its end, `claims_table("batch_size")`. Both are plain HTML without mathematics; each claim has the anchor claim-ID.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from roofline import catalog
from roofline.algebra.symbols import nearest
from roofline.catalog.loading import read, validated
from roofline.catalog.record import Source

from .claims import VERDICTS, Claim, LedgerError
from .tables import Html, citations

__all__ = ["Claim", "Ledger", "LedgerError", "checked", "claim", "claims_table", "load", "reading"]

DATA = Path(__file__).parent / "data" / "claims"
COLUMNS = ("Claim", "Verdict", "Why")
REPORTS = "misreports"
DEDUCED = ("derived", "implied", "our own")  # how a speaker begins who is none
SPEAKERS = {
    "lecture": ("anybody in the lecture", ("Reiner", "Dwarkesh")),
    "reiner": ("Reiner Pope", ("Reiner",)),
    "dwarkesh": ("Dwarkesh Patel", ("Dwarkesh",)),
    "flashcards": ("the flashcards", ("flashcard",)),
    "reports": ("summaries, notes and reports", ("summar", "notes", "report")),
    "derived": ("nobody: it follows", DEDUCED),
}


class Ledger(Mapping[str, Claim]):
    """The claims by id, in the order of the files, and the sources they name."""

    def __init__(self, claims: Mapping[str, Claim], sources: Mapping[str, Source]) -> None:
        self._claims, self.sources = dict(claims), dict(sources)

    def __getitem__(self, name: str) -> Claim:
        if name not in self._claims:
            raise LedgerError(f"no claim is called {name!r}{nearest(str(name), self._claims)}")
        return self._claims[name]

    def __contains__(self, name: object) -> bool:
        return name in self._claims

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def select(
        self, chapter: str | None = None, inline: bool | None = None, said: bool | None = None
    ) -> tuple[Claim, ...]:
        """The claims of a chapter (by default, of all); those inline, or said in the lecture, or the others."""
        chapters = dict.fromkeys(row.chapter for row in self.values())
        if chapter is not None and chapter not in chapters:
            raise LedgerError(f"the ledger has no chapter {chapter!r}{nearest(chapter, chapters)}")
        return tuple(
            row
            for row in self.values()
            if chapter in (None, row.chapter) and inline in (None, row.inline) and said in (None, of_the_lecture(row))
        )

    def counts(self, chapter: str | None = None, said: bool | None = None) -> dict[str, int]:
        """How many claims have each verdict, in the order of VERDICTS; of those said in the lecture, or the others."""
        found = Counter(row.verdict for row in self.select(chapter, said=said))
        return {verdict: found[verdict] for verdict in VERDICTS}


def said_by(row: Claim) -> tuple[str, ...]:
    """To whom a claim is put down, by the names of SPEAKERS; what was only implied, or deduced, to nobody."""
    if row.speaker.startswith(DEDUCED):
        return ("derived",)
    found = tuple(name for name, (_, signs) in SPEAKERS.items() if any(sign in row.speaker for sign in signs))
    if not found:
        raise LedgerError(f"{row.id}: nobody in SPEAKERS is called {row.speaker!r}")
    return found


def of_the_lecture(row: Claim) -> bool:
    """Whether one of the two who speak in the lecture made the claim."""
    return "lecture" in said_by(row)


def stated_by(row: Claim) -> str:
    """Where a figure was stated: "in the lecture" only if it was said there."""
    return "in the lecture" if of_the_lecture(row) else made_by(row)


def made_by(row: Claim) -> str:
    """Who made a claim, in words that put nothing into the lecture that was not said there."""
    if of_the_lecture(row):
        return f"a claim of {row.speaker}, in the lecture"
    if said_by(row) == ("derived",):
        return f"not said in the lecture, but {row.speaker}"
    return f"not said in the lecture, but by {'a ' if row.speaker == 'flashcard' else ''}{row.speaker}"


def checked(folder: Path = DATA) -> Ledger:
    """The claims under `folder`, with all computed that is computed, and each verdict checked.

    Raises
    ------
    LedgerError, DataError
        One sentence that names the claim and what is wrong with it.
    """
    ledger = load.__wrapped__(folder)
    for row in ledger.values():
        row.check()
    return ledger


@cache
def load(folder: Path = DATA) -> Ledger:
    """Read every claim under `folder`, a file a chapter, once in a process.

    A claim computes when it is asked, so that a page pays for its own alone; `checked` asks all of them.

    Raises
    ------
    LedgerError, DataError
        One sentence that names the claim and what is wrong with it.
    """
    sources = dict(catalog.sources) | {
        name: validated(Source, name, content, "sources.yaml")
        for name, content in read(folder / "sources.yaml").items()
    }
    claims: dict[str, Claim] = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, content in () if path.stem == "sources" else read(path).items():
            if name in claims:
                raise LedgerError(f"{path.name}: claim {name!r} is already in {claims[name].chapter}.yaml")
            fields = {"chapter": path.stem, **content} if isinstance(content, Mapping) else content
            claims[name] = validated(Claim, name, fields, path.name)
    for row in claims.values():
        for kind, named, known in (("source", row.sources, sources), ("claim", row.see, claims)):
            if unknown := [name for name in named if name not in known]:
                raise LedgerError(f"{row.id}: no {kind} is called {unknown[0]!r}{nearest(unknown[0], known)}")
    return Ledger(claims, sources)


def claim(name: str) -> Html:
    """The claim called `name` as a note in the text, to stand as the last value of a cell."""
    row = load()[name]
    return Html(note(row, load()), reading(row))


def claims_table(chapter: str | None = None, *, inline: bool | None = False, folded: bool = True) -> Html:
    """The claims of a chapter as a table, to stand as the last value of a cell.

    Parameters
    ----------
    chapter : str, optional
        Such as "batch_size"; every chapter by default.
    inline : bool, optional
        False leaves out the claims that stand in the chapter's text, True shows only them, None shows both.
    folded : bool
        Whether the table is folded away under its one-line count of verdicts.
    """
    ledger = load()
    rows = ledger.select(chapter, inline)
    title = heading(rows, more=inline is False)
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    body = "\n".join(_line(row, ledger, chapter) for row in rows)
    table = (
        '<div class="claims-box" role="region" aria-label="Table of claims" tabindex="0">'
        f'<table class="data claims"><caption{_HIDDEN if folded else ""}>{html.escape(title)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
    if folded:
        table = f'<details class="folded"><summary>{html.escape(title)}</summary>\n{table}</details>'
    return Html(table, "\n".join([title, *(f"{row.id}: {reading(row)}" for row in rows)]))


def heading(rows: Iterable[Claim], more: bool) -> str:
    """How many claims are the lecture's and how many are not, with their verdicts."""
    said, others = (tuple(row for row in rows if of_the_lecture(row) == kind) for kind in (True, False))
    parts = [f"{len(said)} {'more ' if more else ''}claims of the lecture: {counted(said)}"] if said else []
    parts += [f"{len(others)} of others: {counted(others)}"] if others else []
    return "; ".join(parts)


def counted(rows: Iterable[Claim]) -> str:
    """How the verdicts fall: holds 20, roughly 8."""
    found = Counter(row.verdict for row in rows)
    return ", ".join(f"{v} {found[v]}" for v in VERDICTS if v in found)


def reading(row: Claim) -> str:
    """A claim in one line: said, follows, verdict, and the assumption that decides."""
    parts = [f"{speaker(row)}: {row.claim}"]
    if row.said:
        parts.append(f"Said: {row.said}. Follows: {row.follows}.")
    parts.append(f"Verdict: {row.verdict}" + (f", {row.gap}." if row.gap else "."))
    parts += [row.filled(row.reason)] if row.reason else []
    parts += [f"What decides: {row.filled(row.decides)}"] if row.decides else []
    return " ".join(parts)


def note(row: Claim, ledger: Ledger) -> str:
    """A claim as a block in the text of its chapter."""
    facts = [
        ("Said", row.said),
        ("Follows", row.follows),
        ("Why", row.filled(row.reason)),
        ("What decides", row.filled(row.decides)),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{worded(words)}</dd></div>" for name, words in facts if words)
    return (
        f'<div class="claim" id="{anchor(row.id)}" role="note" aria-label="Claim {row.id}" '
        f'data-verdict="{row.verdict}"><p class="claim-said"><strong>{html.escape(speaker(row))}:</strong> '
        f'{worded(row.claim)}</p><p class="claim-verdict">{badge(row)}</p><dl>{listed}</dl>'
        f"{foot(row, ledger, row.chapter)}</div>"
    )


def badge(row: Claim) -> str:
    """The verdict, by colour and in words, and how far off the number is."""
    gap = f' <span class="claim-gap">{worded(row.gap)}</span>' if row.gap else ""
    kind = row.verdict.replace(" ", "-")
    said = f'<span class="visually-hidden">Verdict: </span>{row.verdict}'
    return f'<span class="verdict verdict-{kind}">{said}</span>{gap}'


def anchor(name: str) -> str:
    """Where a claim stands on its page: claim-batch-size-35."""
    return html.escape(f"claim-{name}")


_HIDDEN = ' class="visually-hidden"'


def _line(row: Claim, ledger: Ledger, page: str | None) -> str:
    """A row of the table on the page of one chapter, or of all."""
    place = "" if row.inline and page else f' id="{anchor(row.id)}"'  # on its chapter's page the note has the anchor
    numbers = f"Said: {row.said}. Follows: {row.follows}." if row.said else ""
    verdict = f"<p>{badge(row)}</p>" + paragraph(numbers)
    decides = f"What decides: {row.filled(row.decides)}" if row.decides else ""
    why = paragraph(row.filled(row.reason)) + paragraph(decides) + foot(row, ledger, page)
    return (
        f'<tr{place} data-verdict="{row.verdict}" data-chapter="{row.chapter}">'
        f'<th scope="row">{worded(row.claim)}<small>{html.escape(speaker(row))}, {row.id}</small></th>'
        f'<td data-label="Verdict">{verdict}</td><td data-label="Why">{why}</td></tr>'
    )


def worded(text: str) -> str:
    """Text of a claim as markup; a number and its percent sign stay on one line."""
    return re.sub(r"(?<=\d) (?=%)", "\N{NARROW NO-BREAK SPACE}", html.escape(text))


def paragraph(words: str) -> str:
    """Text of a claim as a paragraph; nothing for no text."""
    return f"<p>{worded(words)}</p>" if words else ""


def foot(row: Claim, ledger: Ledger, page: str | None) -> str:
    """Related claims, sources, and, folded, the tests that prove it."""
    see = f"See {', '.join(_link(ledger[name], page) for name in row.see)}. " if row.see else ""
    doubts = f"No source confirms: {'; '.join(row.doubts)}." if row.doubts else ""
    sources = f"<p>{see}Sources: {citations(ledger.sources[name] for name in row.sources)}</p>"
    proof = ""
    if row.proof:
        tests = ", ".join(f"<code>{html.escape(name).replace('_', '_<wbr>')}</code>" for name in row.proof)
        count = "a test" if len(row.proof) == 1 else f"{len(row.proof)} tests"
        proof = f'<details class="proof"><summary>Proved in {count}</summary>{tests}</details>'
    return f'<div class="claim-foot">{paragraph(doubts)}{sources}{proof}</div>'


def _link(row: Claim, page: str | None) -> str:
    elsewhere = "" if page in (None, row.chapter) else f"{row.chapter}.html"
    return f'<a href="{elsewhere}#{anchor(row.id)}">{row.id}</a>'


def speaker(row: Claim) -> str:
    """Who said it, with a capital; of what nobody said, that too."""
    unsaid = ", not said" if said_by(row) == ("derived",) else ""
    return row.speaker[:1].upper() + row.speaker[1:] + unsaid
