"""The page of published figures: what others measured, counted or fitted, a row for each publication."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from roofline import catalog
from roofline.algebra import units
from roofline.catalog.disclosure import Quantity, Table

from . import places
from .tables import Html, citations, mark

DIGITS = 6
CHIP = re.compile(r"(gb|h|b|a|l|mi)\d\d+\w?")
CENTS = re.compile(r"(\$[\d,]+\.\d\d\d*?)0+(?= )")  # zeros beyond the cents of an amount
MOST = 12  # figures of a list or a table; a longer one is only counted
CAPITALS = {"gpus": "GPUs"} | {name: name.upper() for name in ("gpu", "kv", "ep", "dp", "mfu", "tpu", "nvl72")}
WORDS = {"USD/token": "USD/Mtoken", "USD/Mtoken": "USD/Mtoken"}


def table() -> Html:
    """Every published table of the catalog, to stand as the last value of a cell."""
    rows = [
        *(_row("published", record) for record in catalog.disclosures.values()),
        *(_row("sparse", record) for record in catalog.sparse_scaling.values()),
    ]
    head = "".join(f'<th scope="col">{title}</th>' for title in ("What", "Figures", "Sources"))
    markup = (
        '<div class="claims-box published" role="region" aria-label="Table of published figures" tabindex="0">'
        f'<table class="data claims"><caption class="visually-hidden">{len(rows)} publications</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>"
    )
    return Html(markup, f"{len(rows)} publications")


def _row(kind: str, record: Any) -> str:
    day = getattr(record, "published", None) or getattr(record, "period", None)
    made = f"<small>{day}</small>" if day else ""
    figures = "; ".join(_figures(record)) or "none in numbers"
    note = f"<p>{html.escape(record.note)}</p>" if record.note else ""
    return (
        f'<tr id="{places.row(kind, record.name)}"><th scope="row">{html.escape(record.topic)}{made}</th>'
        f'<td data-label="Figures"><p>{figures}.</p>{note}</td>'
        f'<td data-label="Sources">{citations(record.cited)}</td></tr>'
    )


def _figures(record: Table) -> Iterator[str]:
    """Each figure with its value, a long list or table of them by its length alone."""
    for name, value in {**record.figures, **record.derived}.items():
        yield f"{html.escape(words(name))} {_text(value)}{mark(record, name)}"


def _text(value: Any) -> str:
    if isinstance(value, Quantity):
        written = CENTS.sub(r"\1", units.text(value.value, WORDS.get(value.unit, value.unit), DIGITS))
        return f"<b>{html.escape(written)}</b>"
    if isinstance(value, Mapping):
        listed = [f"{html.escape(words(str(key)))} {_text(part)}" for key, part in value.items()]
    elif isinstance(value, tuple):
        listed = [_text(part) for part in value]
    else:
        return html.escape(("yes" if value else "no") if isinstance(value, bool) else str(value))
    return f"({', '.join(listed)})" if len(listed) <= MOST else f"(a table of {len(listed)})"


def words(name: str) -> str:
    """A figure's name as words: "kv_tokens_per_h100" is "KV tokens per H100"."""
    parts = name.split("_")
    return " ".join(CAPITALS.get(part, part.upper() if CHIP.fullmatch(part) else part) for part in parts)
