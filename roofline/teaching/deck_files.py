"""The deck as files to take along: one Markdown text, or a package for Anki."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from . import chapters
from .cards import Card
from .deck import TITLE, back, escaped, in_html, in_markdown

GENANKI = "the package genanki is needed to write an Anki deck; install it with: pip install genanki"
STYLE = """
.card { font: 20px/1.5 Georgia, serif; max-width: 40em; margin: 0 auto; padding: 0.5em; text-align: left; }
.small { font-size: 0.8em; opacity: 0.85; } .small ul { padding-left: 1.2em; }
"""


class CannotWrite(RuntimeError):
    """A deck that cannot be written here; one sentence that says what is missing."""


def markdown(cards: Sequence[Card]) -> str:
    """The cards as one Markdown text: a heading for each chapter and each question, mathematics between dollars."""
    parts = [f"# {TITLE}: cards"]
    for chapter, group in groupby(cards, key=lambda card: card.chapter):
        parts.append(f"## {chapters.title(chapter)}")
        parts += [part for card in group for part in _entry(card)]
    return "\n\n".join(parts) + "\n"


def _entry(card: Card) -> list[str]:
    told = back(card)
    listed = "\n".join(f"- {in_markdown(line)}" for line in told.symbols)
    return [
        f"### {escaped(card.question)}",
        in_markdown(told.answer),
        *(f"$$\n{equation}\n$$" for equation in told.equations),
        *(in_markdown(line) for line in (told.worked, *told.notes) if line),
        *([listed] if listed else []),
    ]


def front_html(card: Card) -> str:
    """The front of a card, as Anki shows it."""
    return html.escape(card.question, quote=False)


def back_html(card: Card) -> str:
    r"""The back of a card, as Anki shows it: mathematics between \[ and \]."""
    told = back(card)
    lines = [f"<p>{in_html(told.answer)}</p>"]
    lines += [rf"<p>\[{html.escape(equation, quote=False)}\]</p>" for equation in told.equations]
    lines += [f"<p>{in_html(line)}</p>" for line in (told.worked, *told.notes) if line]
    listed = "".join(f"<li>{in_html(line)}</li>" for line in told.symbols)
    return "".join([*lines, f'<div class="small"><ul>{listed}</ul></div>' if listed else ""])


def number(name: str) -> int:
    """The number by which Anki knows a deck or a kind of note: always the same for the same name."""
    return int.from_bytes(hashlib.sha256(f"{TITLE}: {name}".encode()).digest()[:4]) % 2**30 + 2**30


def guid(card: Card) -> str:
    """The name by which Anki knows a note: an import of a later edition changes the note and keeps its history."""
    return hashlib.sha256(f"{TITLE}: {card.name}".encode()).hexdigest()[:20]


def anki(cards: Sequence[Card], file: Path) -> None:
    """Write the cards as an Anki package, a deck for each chapter.

    Raises
    ------
    CannotWrite
        Without the package genanki.
    """
    try:
        import genanki
    except ImportError:
        raise CannotWrite(GENANKI) from None
    kind = _kind(genanki)
    decks = {name: genanki.Deck(number(name), f"{TITLE}::{place:02} {chapters.title(name)}")
             for place, name in enumerate(chapters.CHAPTERS, 1)}  # fmt: skip
    for card in cards:
        fields = [front_html(card), back_html(card)]
        decks[card.chapter].add_note(genanki.Note(kind, fields, tags=[card.chapter], guid=guid(card)))
    genanki.Package([deck for deck in decks.values() if deck.notes]).write_to_file(str(file))


def _kind(genanki: Any) -> Any:
    """The kind of note: a question and its answer."""
    template = {"name": "Card", "qfmt": "{{Question}}", "afmt": "{{FrontSide}}<hr id=answer>{{Answer}}"}
    fields = [{"name": "Question"}, {"name": "Answer"}]
    return genanki.Model(number("question and answer"), TITLE, fields=fields, templates=[template], css=STYLE)
