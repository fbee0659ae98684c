"""What does the book know by this name: a chip, a model, a price, a published run, a claim, a formula, a symbol?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, get_args

from pydantic import BaseModel

from roofline import catalog
from roofline.algebra import units
from roofline.algebra.symbols import Input
from roofline.catalog.collection import closest, folded
from roofline.catalog.disclosure import Quantity, Table
from roofline.catalog.price import Price
from roofline.catalog.record import Record, quantity
from roofline.notation import notation
from roofline.teaching import chapters, ledger
from roofline.teaching.claims import Claim

from .answer import Answer, Row

ASIDE = {"name", "aliases", "sources", "date", "confidence", "unconfirmed", "alternatives", "note"}
EXACT = 7  # significant digits, so that what was published is read as it was
MOST = 12  # names in a list that could be long
RECORDS: dict[str, catalog.Catalog[Any]] = {
    "chip": catalog.chips,
    "model": catalog.models,
    "memory tier": catalog.memory_tiers,
    "price line": catalog.prices,
    "published run": catalog.disclosures,
}


def answer(name: str) -> Answer:
    """Everything by that name, the first kind in full.

    Raises
    ------
    UnknownName
        If nothing is called so; with what is close.
    """
    if not name:
        return contents()
    found = list(_found(name))
    if not found:
        known = {folded(spelling): spelling for kind in named().values() for spelling in kind}
        near = closest(name, known)
        hint = f"did you mean {' or '.join(near)}?" if near else "without a name, `facts` lists what there is"
        raise catalog.UnknownName(f"the book knows nothing called {name!r}; {hint}")
    first, others = found[0][1](), [kind for kind, _ in found[1:]]
    more = [f"There is also a {kind} of that name." for kind in others]
    return Answer(first.title, first.given, first.cases, first.rows, [*first.notes, *more], first.lying)


def contents() -> Answer:
    """How many there are of each kind, and some of their names."""
    kinds = named()
    said = len(ledger.load().select(said=True))
    rows = [Row(kind, f"{len(listed):,} {kind}s", [", ".join(listed[:4]) + ", …"]) for kind, listed in kinds.items()]
    note = f"Of the claims, {said} were made in the lecture; the others were only reported, or they follow."
    return Answer("What the book knows", ["ask for one by its name: facts NAME"], [""], rows, [note])


def named() -> dict[str, list[str]]:
    """Every name by kind."""
    return {
        **{kind: list(records) for kind, records in RECORDS.items()},
        "claim": list(ledger.load()),
        "formula": [formula.name for formula in chapters.formulas()],
        "symbol": list(notation.inputs),
    }


def _found(name: str) -> Iterator[tuple[str, Callable[[], Answer]]]:
    """The kinds that have the name, with what answers for each. Code distinguishes capitals, so it comes first."""
    code = {formula.name: formula for formula in chapters.formulas()}
    if name in code:
        yield "formula", partial(formula_answer, code[name])
    if name in notation.inputs:
        yield "symbol", partial(symbol_answer, notation.inputs[name])
    for kind, records in RECORDS.items():
        if (record := records.get(name)) is not None:
            yield kind, partial(record_answer, kind, record)
    claim = next((row for row in ledger.load().values() if folded(row.id) == folded(name)), None)
    if claim is not None:
        yield "claim", partial(claim_answer, claim)


# One answer for each kind


def formula_answer(formula: Any) -> Answer:
    cards = notation.inputs
    rows = [Row("formula", formula.name, [f"{formula.rhs}"], formula=formula), Row("unit", "unit", [formula.unit]),
            *(Row(n, n, [f"{cards[n].meaning} [{cards[n].unit}]"]) for n in formula.inputs)]  # fmt: skip
    chapter = next(name for name in chapters.CHAPTERS if formula in chapters.formulas(name))
    return Answer(formula.meaning, [f"a formula of the chapter {chapters.title(chapter)}"], [""], rows)


def symbol_answer(card: Input) -> Answer:
    used = [formula.name for formula in chapters.formulas() if card.name in formula.inputs]
    rows = [Row("unit", "unit", [card.unit]), Row("domain", "where it may lie", [card.domain.words])]
    rows += [Row("default", "when left out", [units.significant(card.default)])] if card.default is not None else []
    listed = ", ".join(used[:MOST]) + (f" and {len(used) - MOST} more" if len(used) > MOST else "")
    return Answer(f"{card.name}: {card.meaning}", ["a symbol"], [""], rows, [f"In {len(used)} formulas: {listed}."])


def record_answer(kind: str, record: Record) -> Answer:
    rows = list(_published(record) if isinstance(record, Table) else _fields(record))
    notes = [record.note] if record.note else []
    notes += [f"Unconfirmed: {', '.join(record.unconfirmed)}."] if record.unconfirmed else []
    notes += [f"Also published: {a.field} {a.value} ({a.source}{': ' + a.verdict if a.verdict else ''})."
              for a in record.alternatives]  # fmt: skip
    notes += [f"{source.title}{f' <{source.url}>' if source.url else ''}" for source in record.cited]
    title = ", ".join(record.models) if isinstance(record, Price) else record.name  # a price line has a key, no name
    return Answer(title, [f"a {kind}, collected on {record.date}", record.confidence], [""], rows, notes)


def claim_answer(row: Claim) -> Answer:
    texts = {"said": row.said, "follows": row.follows, "verdict": f"{row.verdict}{', ' + row.gap if row.gap else ''}"}
    computed = [line.strip() for line in row.explain().splitlines() if line.startswith("  ")]
    notes = [row.filled(row.reason), row.decides and "What decides: " + row.filled(row.decides), *computed]
    given = [ledger.made_by(row), f"chapter {chapters.title(row.chapter)}"]
    rows = [Row(key, key, [text]) for key, text in texts.items() if text]
    return Answer(f"{row.id}: {row.claim}", given, [""], rows, [note for note in notes if note])


# The fields of a record


def _fields(record: BaseModel) -> Iterator[Row]:
    """Each field that has a value, in its unit; parts and tables field by field."""
    for name, about in type(record).model_fields.items():
        if name not in ASIDE:
            unit = _unit(about.metadata) or _unit(get_args(about.annotation))
            yield from _rows(name, getattr(record, name), unit)


def _rows(path: str, value: Any, unit: str) -> Iterator[Row]:
    parts: Mapping[Any, Any] = {}
    if isinstance(value, BaseModel):
        yield from (Row(f"{path}.{row.name}", f"{path}.{row.label}", row.values, row.unit, digits=EXACT)
                    for row in _fields(value))
    elif is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, Mapping):
        parts = value
    elif isinstance(value, tuple) and value and (is_dataclass(value[0]) or isinstance(value[0], BaseModel)):
        parts = dict(enumerate(value))
    elif value not in (None, "", (), {}):
        yield _row(path, value, unit)
    for key, part in parts.items():
        yield from _rows(f"{path}.{key}", part, unit)


def _published(record: Table) -> Iterator[Row]:
    """Figures of a published run."""
    for name, value in record.figures.items():
        yield from _figures(name, value)


def _figures(path: str, value: Any) -> Iterator[Row]:
    """A figure, or each one of a list or table of them."""
    parts = dict(enumerate(value)) if isinstance(value, tuple) and not isinstance(value, Quantity) else value
    if isinstance(parts, Mapping):
        for key, part in parts.items():
            yield from _figures(f"{path}.{key}", part)
    else:
        yield _row(path, value.value, value.unit) if isinstance(value, Quantity) else _row(path, value, "")


def _row(path: str, value: Any, unit: str) -> Row:
    if unit == "USD/token":
        return Row(path, f"{path}, per million tokens", [_cell(value)], unit, shown_in="USD/Mtoken")
    return Row(path, path, [_cell(value)], unit, digits=EXACT)


def _cell(value: Any) -> float | str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return float(value)


def _unit(metadata: Any) -> str:
    """The unit that a field's annotation reads quantities in; "" if it reads none."""
    for part in metadata:
        reader = getattr(part, "func", None)
        if isinstance(reader, partial) and reader.func is quantity:
            return str(reader.keywords["unit"])
        if found := _unit([*getattr(part, "__metadata__", ()), *get_args(part)]):
            return found
    return ""
