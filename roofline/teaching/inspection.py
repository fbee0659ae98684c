"""What the number inspector tells about a number of the prose: value, formula, its parts, inputs by source, or where
it stands.

Built from the records that `numbers.number` leaves beside a glued value. LaTeX is left as such: whoever builds the
page sets it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from roofline import catalog
from roofline.notation import notation

from . import ledger, places
from .numbers import READABLE, written
from .places import formulas

DIGITS = 6  # of the value as computed, whatever the prose rounds it to
STATED = re.compile(r"stated, ([\w-]+) of the ledger")
GIVEN = {"here": "given in the text", "default": "usual value"}
LONG = 100  # characters of an expression that is better folded


def page(records: Iterable[Mapping[str, Any]], functions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """All that the inspector needs on one page.

    Parameters
    ----------
    records : iterable of mappings
        As in the metadata of the cells' outputs, under "number".
    functions : mapping of name to address, optional
        Functions of the package that have an entry in the book.

    Returns
    -------
    dict
        "numbers" by key; and once each, whatever number needs them, "formulas" by name as (meaning, LaTeX),
        "symbols" of inputs and of parts by name as (meaning, LaTeX), and "expressions" by key as ("", LaTeX).
    """
    records = list(records)
    made = {record["key"]: entry(record, functions) for record in records}
    parts = {name for e in made.values() for name, _ in e.get("parts", ())}
    used = parts | {made[key]["formula"] for key in made if "formula" in made[key]}
    inputs = {name for e in made.values() for _, _, given in e.get("inputs", ()) for name, _ in given}
    known, symbols = formulas(), notation.inputs
    named = {name: (symbols[name].meaning, symbols[name].latex) for name in sorted(inputs | used & {*symbols})}
    return {
        "numbers": made,
        "formulas": {name: (known[name].meaning, known[name].latex()) for name in sorted(used & {*known})},
        "symbols": named | {name: (known[name].meaning, known[name].tex) for name in sorted(parts)},
        "expressions": {one["key"]: ("", one["tex"]) for one in records if "expression" in made[one["key"]]},
    }


def entry(record: Mapping[str, Any], functions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One number: its value in full, its formula with its parts or how it came about, its inputs grouped by source."""
    value, how, inputs = record["value"], record["formula"], record["inputs"]
    found: dict[str, Any] = {} if value is None else {"value": written(value, shown_in(record["unit"]), DIGITS)}
    if how in formulas() or how in notation.inputs:
        found["formula"] = how
        found |= {"parts": [*record["parts"].items()]} if record["parts"] else {}
    elif inputs:
        found["expression"] = "long" if len(how) > LONG else "short"
    else:
        found["how"] = linked(how, functions)
    if inputs and found.get("formula") not in inputs:
        found["inputs"] = grouped(inputs, record["sources"])
    elif inputs:  # the number is itself an input
        found["inputs"] = [(*origin(record["sources"][how]), [])]
    return found


def grouped(inputs: Mapping[str, str], sources: Mapping[str, str]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Inputs with their values under the source that gave them: what it is called, and its page."""
    by_source: dict[str, list[tuple[str, str]]] = {}
    for name, value in inputs.items():
        by_source.setdefault(sources[name], []).append((name, value))
    return [(*origin(source), given) for source, given in by_source.items()]


def origin(label: str) -> tuple[str, str]:
    """A source in words, and the page of the book that shows it; "" for what has none."""
    if label in GIVEN:
        return GIVEN[label], "" if label == "here" else "book/notation.html"
    chip = next((name for name in catalog.chips if f" {name} at " in label), "")
    model = next((name for name in catalog.models if label.startswith(f"{name}, ")), "")
    return label, places.address("chip", chip) if chip else places.address("model", model) if model else ""


def linked(how: str, functions: Mapping[str, str] | None = None) -> str:
    """How a number came about as markup, with links to all that it names: formulas, records, a row of the ledger."""
    return STATED.sub(_stated, places.linked(how, functions))


def _stated(found: re.Match[str]) -> str:
    """By whom a figure was stated, and a link to the row of the ledger."""
    row = ledger.load()[found[1]]
    there = f'<a href="book/fact_check.html#{ledger.anchor(row.id)}">{row.id}</a>'
    place = ledger.stated_by(row)
    return f"stated{' ' if ledger.of_the_lecture(row) else ', '}{place}: {there}"


def shown_in(unit: str) -> str:
    """The unit in which people read a value: a rent by the hour."""
    return READABLE.get(unit, unit)
