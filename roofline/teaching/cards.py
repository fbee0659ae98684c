"""The deck: what is worth knowing by heart of each chapter, as cards with a question and an answer.

A card of `data/cards/CHAPTER.yaml` asks in plain words, names a formula, and says with which inputs it is worked; the
number is computed by the formula, and so are those that its texts name in braces. The lecture's claims that stand in a
chapter's text are cards too: what was said, and whether it holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from roofline import catalog
from roofline.algebra import Formula, units
from roofline.algebra.symbols import nearest
from roofline.catalog.loading import DataError, read, validated
from roofline.catalog.record import Names, Part
from roofline.notation import notation

from . import chapters, ledger
from .claims import Claim, fitting, shown
from .facts import operands
from .numbers import READABLE
from .recompute import evaluate
from .reference import called
from .tables import short

DATA = Path(__file__).parent / "data" / "cards"
LEAST = 8  # cards of a chapter, claims aside
PUBLISHED: dict[str, Any] = {
    "disclosure": catalog.disclosures, "sparse_scaling": catalog.sparse_scaling, "price": catalog.prices,
}  # fmt: skip


class CardError(DataError):
    """A card that cannot be computed or written; one sentence that names it."""


@dataclass(frozen=True)
class Card:
    """One card, with every number in its place.

    Attributes
    ----------
    name : str
        The same in every edition of the deck: whoever imports a later one keeps what they know.
    chapter, question, answer : str
    formulas : tuple of Formula
        The first one gave `worked`; the others belong beside it. None on the card of a claim.
    worked, setting : str, tuple of (symbol, text)
        A number with its unit, and the inputs that it was computed from: symbols, each with what it stands for.
    notes : tuple of (label, text)
        What else the back of the card says.
    claim : Claim, optional
        The row of the ledger that the card asks about.
    """

    name: str
    chapter: str
    question: str
    answer: str
    formulas: tuple[Formula, ...] = ()
    worked: str = ""
    setting: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    claim: Claim | None = None


class Entry(Part):
    """A card as its file writes it.

    Attributes
    ----------
    question, answer, caveat : str
        Plain words; in braces {worked}, or the name of one of the computations of `also`.
    formula, beside : str, tuple of str
        Such as batch_size.t_step; `beside` are shown as well.
    given, also : list, mapping of name to computation
        As in the ledger: what the formula is given, and computations that lend numbers to the texts.
    unit, digits : str, int
        How the worked number is shown.
    """

    name: str
    question: str = Field(min_length=1)
    answer: str = Field(min_length=1)
    caveat: str = Field(min_length=1)
    formula: str
    beside: Names = ()
    given: list[dict[str, Any]] = Field(min_length=1)
    also: dict[str, Any] = Field(default={})
    unit: str | None = None
    digits: int = Field(default=3, ge=1, le=6)

    def made(self, chapter: str) -> Card:
        """The card, computed; CardError if anything of it cannot be."""
        name = f"{chapter}-{self.name}".replace("_", "-")
        try:
            node = {"formula": self.formula, "given": self.given}
            numbers = {"worked": self._written(node, self.unit)}
            numbers |= {key: self._also(part) for key, part in self.also.items()}
            question, answer, caveat = (self._filled(t, numbers) for t in (self.question, self.answer, self.caveat))
            if unused := [key for key in self.also if f"{{{key}}}" not in self.question + self.answer + self.caveat]:
                raise ValueError(f"{unused[0]} is computed, but no text of the card names it")
            formulas = tuple(chapters.formula(path) for path in (self.formula, *self.beside))
            return Card(name, chapter, question, answer, formulas, numbers["worked"], setting(self.given),
                        (("Mind", caveat),))  # fmt: skip
        except (ValueError, TypeError, KeyError) as error:
            raise CardError(f"card {name}: {error}") from None

    def _also(self, part: Any) -> str:
        own = part if isinstance(part, Mapping) else {}
        return self._written({k: v for k, v in own.items() if k != "unit"} or part, own.get("unit"))

    def _written(self, node: Any, unit: str | None) -> str:
        found = evaluate(node)
        unit = unit or READABLE.get(found.unit, found.unit)
        fitting(unit, found.unit)
        return shown(found.value, unit, self.digits)

    def _filled(self, text: str, numbers: Mapping[str, str]) -> str:
        def number(match: re.Match[str]) -> str:
            if match[1] not in numbers:
                raise ValueError(f"{match[0]} names no computation of it{nearest(match[1], numbers)}")
            return re.sub(r"(?<=\d) (?=\S+$)", "\N{NO-BREAK SPACE}", numbers[match[1]])

        return re.sub(r"\{(\w*)\}", number, text)


def setting(given: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """What a formula is given: ("", "72 × GB200 at fp8"), ("B", "64"), ("D", "14.8 trillion tokens (DeepSeek-V3)")."""
    parts: list[tuple[str, str]] = []
    for item in given:
        if "chip" in item or "model" in item:
            parts.append(("", str(getattr(operands(item), "label", ""))))
        else:
            parts += [(name, _worded(name, node)) for name, node in item.items()]
    return tuple(parts)


def _worded(name: str, node: Any) -> str:
    """An input as its card writes it, or as it comes out, with where it comes from."""
    if not isinstance(node, Mapping):
        return re.sub(r"(?<![\d.])\d{4,}", lambda digits: f"{int(digits[0]):,}", str(node))
    origin = _origin(node)
    unit = notation.card(name).unit
    return units.as_given(evaluate(node).value, READABLE.get(unit, unit)) + (f" ({origin})" if origin else "")


def _origin(node: Mapping[str, Any]) -> str:
    """The chip, model, price list, publication or formula behind a computation; "" for arithmetic."""
    for kind, records in PUBLISHED.items():
        if kind in node:
            record = records[node[kind]]
            return called(record) if kind == "price" else short(record.cited[0])
    found = next((str(node[kind]) for kind in ("chip", "model", "tier", "record", "formula") if kind in node), "")
    return found.partition(".")[2] if "formula" in node else found


@cache
def load(folder: Path = DATA) -> tuple[Card, ...]:
    """Every card: chapter by chapter, first those of the files, then those of the ledger.

    Raises
    ------
    CardError, DataError, LedgerError
        One sentence that names the card and what is wrong with it.
    """
    found: list[Card] = []
    for chapter in chapters.CHAPTERS:
        path = folder / f"{chapter}.yaml"
        entries = read(path)
        if len(entries) < LEAST:
            raise CardError(f"{path.name}: expected {LEAST} cards or more, found {len(entries)}")
        found += [validated(Entry, key, content, path.name).made(chapter) for key, content in entries.items()]
        found += [of_claim(row) for row in ledger.load().select(chapter, inline=True)]
    return tuple(found)


def select(chapter: str | None = None) -> tuple[Card, ...]:
    """The cards of a chapter, or all; NameUnknown with the nearest names if there is no such chapter."""
    if chapter is not None:
        chapters.module(chapter)
    return tuple(card for card in load() if chapter in (None, card.chapter))


def of_claim(row: Claim) -> Card:
    """The card of a claim: what was said in front, what comes of it on the back."""
    notes = (
        ("Said", row.said),
        ("Follows", row.follows),
        ("Why", row.filled(row.reason)),
        ("What decides", row.filled(row.decides)),
    )
    verdict = row.verdict.capitalize() + (f", {row.gap}" if row.gap else "")
    asked = f"{ledger.speaker(row)}: {row.claim} Does it hold?"
    told = tuple((label, text) for label, text in notes if text)
    return Card(f"claim-{row.id}", row.chapter, asked, f"{verdict}.", notes=told, claim=row)
