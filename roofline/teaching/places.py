"""Where the book shows what a text names, and what readers call it: a formula, a symbol, a function, a record.

Examples
--------
>>> from roofline.teaching import places
>>> places.address("price", "opus46_fast"), places.called("opus46_fast")
('book/prices.html#price-opus46_fast', 'Claude Opus 4.6, fast mode, since 2026-02')
>>> places.linked("bandwidth of Rubin, doubled")
'bandwidth of <a href="book/hardware.html#chip-Rubin">Rubin</a>, doubled'
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from roofline import catalog
from roofline.notation import notation

from . import chapters

SHOWN = {  # kinds of records: the collection, and the page that has a row for each
    "chip": ("chips", "book/hardware.html"),
    "tier": ("memory_tiers", "book/hardware.html"),
    "model": ("models", "book/models.html"),
    "price": ("prices", "book/prices.html"),
    "published": ("disclosures", "book/published.html"),
    "sparse": ("sparse_scaling", "book/published.html"),
}
BY_NAME = ("chip", "tier", "model")  # whose names are words for readers
IDENTIFIER = r"^price list(?=: [A-Z])|\b[a-z]\w*\.[a-z]\w+\b|\b[A-Za-z]\w*_\w+\b|\b[a-z]+\d\w*\b"


def row(kind: str, name: str) -> str:
    """The anchor of a record's row: chip-A100-40GB."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}"


def address(kind: str, name: str) -> str:
    """The page of the book that shows a record, and its row there."""
    return f"{SHOWN[kind][1]}#{row(kind, name)}"


def symbol(name: str) -> str:
    """Where the notation page lists a formula or a symbol."""
    return f"book/notation.html#{'formula' if name in formulas() else 'symbol'}-{name}"


def called(name: str) -> str:
    """What readers call a price line or a published table."""
    if name in catalog.prices:
        line = catalog.prices[name]
        tier = line.variant or ("" if line.tier == "standard" else line.tier)
        return ", ".join(filter(None, (*line.models, tier, context(line), span(line))))
    kind = _kind(name)
    return str(getattr(catalog, SHOWN[kind][0])[name].topic) if kind else name


def span(line: Any) -> str:
    """When a price held; "" where neither day is established."""
    return " ".join(f"{sign} {day}" for sign, day in (("since", line.since), ("until", line.until)) if day)


def context(line: Any) -> str:
    """The range of contexts for which a price holds; "" for any."""
    limits = (("up to", line.context_up_to), ("above", line.context_above))
    return ", ".join(f"{sign} {limit:,.0f} tokens" for sign, limit in limits if limit) or line.context_note


def linked(text: str, functions: Mapping[str, str] | None = None) -> str:
    """A text as markup, in which every record, formula, symbol and function that it names is a link.

    Parameters
    ----------
    text : str
        Plain words, with names as the code writes them.
    functions : mapping of name to address, optional
        Functions of the package that have an entry in the book, by their short names.
    """
    known = functions or {}
    return _pattern().sub(lambda found: _link(found[0], known), html.escape(text, quote=False))


def _link(name: str, functions: Mapping[str, str]) -> str:
    short = name.rpartition(".")[2]
    if name in formulas() or name in notation.inputs:
        return f'<a href="{symbol(name)}"><code>{name}</code></a>'
    if kind := _kind(name):
        words = name if kind in BY_NAME else html.escape(called(name), quote=False)
        return f'<a href="{address(kind, name)}">{words}</a>'
    if name == "price list":
        return f'<a href="{SHOWN["price"][1]}">{name}</a>'
    if short in functions:
        return f'<a href="{functions[short]}"><code>{short}</code></a>'
    return name.replace("_", " ")


@cache
def _kind(name: str) -> str:
    """The kind of the record that is called so; "" if there is none."""
    return next((kind for kind, (records, _) in SHOWN.items() if name in list(getattr(catalog, records))), "")


@cache
def _pattern() -> re.Pattern[str]:
    """Names of records that do not look like code first, the longest foremost, then whatever looks like code."""
    named = (
        name
        for kind, (records, _) in SHOWN.items()
        for name in getattr(catalog, records)
        if kind in BY_NAME or not re.search(IDENTIFIER, name)
    )
    words = "|".join(map(re.escape, sorted(named, key=len, reverse=True)))
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w-])|{IDENTIFIER}")


@cache
def formulas() -> Mapping[str, Any]:
    """Every formula of the book by its name."""
    return {formula.name: formula for formula in chapters.formulas()}
