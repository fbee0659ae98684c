"""Which values do the choices stand for? Tables made from the catalog, no larger than they need to be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...catalog import MissingFact, UnknownPrecision

Values = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Values of input symbols for each combination of choices: `rows` maps a tuple of options to a source."""

    axes: tuple[str, ...]
    rows: Mapping[tuple[str, ...], Mapping[str, float]]


def tabulate(at: Callable[..., Mapping[str, float]], **axes: Iterable[str]) -> Table:
    """A table of `at(option, ...)` over all combinations; those that the catalog has no data for are left out."""
    rows = {}
    for key in itertools.product(*(tuple(options) for options in axes.values())):
        try:
            rows[key] = dict(at(*key))
        except (UnknownPrecision, MissingFact):
            continue
    return Table(tuple(axes), rows)


def log_stops(low: float, high: float, per_decade: int = 40) -> tuple[float, ...]:
    """Values from `low` to `high`, even on a log scale, of two significant digits: what a log slider stops at."""
    steps = round(per_decade * math.log10(high / low))
    return tuple(dict.fromkeys(float(f"{low * (high / low) ** (i / steps):.1e}") for i in range(steps + 1)))


def whole_stops(low: float, high: float, per_decade: int = 40) -> tuple[float, ...]:
    """The same for what is counted: whole numbers, each once, so that the first decade has ten."""
    return tuple(dict.fromkeys(float(round(stop)) for stop in log_stops(low, high, per_decade)))


def look(table: Mapping[str, Any], values: Values) -> Any:
    found = table["at"]
    for axis in table["by"]:
        found = found.get(values[axis]) if found is not None else None
    return found


def narrowed(axes: tuple[str, ...], rows: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """The fewest axes that settle the value of every row, and the values nested by those."""
    for count in range(len(axes) + 1):
        for kept in itertools.combinations(range(len(axes)), count):
            seen: dict[tuple[str, ...], Any] = {}
            if all(seen.setdefault(tuple(key[i] for i in kept), value) == value for key, value in rows.items()):
                return {"by": [axes[i] for i in kept], "at": _nested(seen)}
    raise AssertionError("all axes together settle every row")


def _nested(flat: Mapping[tuple[str, ...], Any]) -> Any:
    if () in flat:
        return flat[()]
    tree: dict[str, Any] = {}
    for (*path, last), value in flat.items():
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
        if value is not None:
            branch[last] = value
    return tree
