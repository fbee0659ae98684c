"""An explorer in words, as `explorer.js` also writes it: for print, for Python, for a page without JavaScript."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ...algebra import units
from .parts import Choice, Slider
from .tables import Values, look

if TYPE_CHECKING:
    from .description import Explorer

TEMPLATE = re.compile(r"\{(\w+)(?:\?([^|{}]*)\|([^{}]*))?\}")  # {n_chips}, or {n_chips?# chip|# chips}
NONE = "none"  # an infinite result: there is no such batch


def names(template: str) -> list[str]:
    """What a template names in braces."""
    return [found[1] for found in TEMPLATE.finditer(template)]


def templates(explorer: Explorer) -> list[str]:
    """Every text of an explorer with names in braces."""
    marks = [text for mark in explorer.chart.marks for text in (mark.label, mark.present, mark.absent)]
    return [explorer.summary, explorer.chart.alt, *marks, *(caution.words for caution in explorer.cautions)]


def shown(explorer: Explorer) -> dict[str, tuple[str, int]]:
    """Unit and digits in which each formula and input is written."""
    own = {name: (explorer.notation.card(name).unit, 3) for name in [*explorer.formulas, *explorer.inputs]}
    sliders = {s.name: (s.unit or own[s.name][0], s.digits) for s in explorer.sliders}
    readouts = {r.formula.name: (r.unit or own[r.formula.name][0], r.digits) for r in explorer.readouts}
    return own | sliders | readouts


def say(explorer: Explorer, name: str, value: float) -> str:
    """One value as the reader sees it."""
    if value == math.inf:
        return NONE
    noun = next((s.noun for s in explorer.sliders if s.name == name), None)
    return units.text(value, *shown(explorer)[name]) + (f" {noun[value != 1]}" if noun else "")


def widest(explorer: Explorer, slider: Slider) -> str:
    """The widest of the amounts that a slider can show, at a stop of its own or from a table; letters count about."""
    given = {row[slider.name] for table in explorer.tables for row in table.rows.values() if slider.name in row}
    unit, digits = shown(explorer)[slider.name]
    amounts = (units.text(value, unit, digits) for value in sorted({*slider.stops, *given}))
    wide = max(amounts, key=lambda told: sum(0.5 if c in "., " else 1.5 if c in "Mmµ%" else 1 for c in told))
    return wide + (f" {slider.noun[1]}" if slider.noun else "")


def longest(slider: Slider) -> str:
    """The longest of the words that say where the value of a slider comes from."""
    return max(slider.given, slider.otherwise, slider.moved, key=len)


def counted(told: str, one: str | None, many: str | None) -> str:
    """A value in words; of two wordings the one for a single thing or the other, with the value at #.

    >>> counted("1", "# chip", "# chips"), counted("72", "# chip", "# chips"), counted("1 user", "", " each")
    ('1 chip', '72 chips', '')
    """
    wording = one if told.split(" ")[0] == "1" else many
    return told if wording is None else wording.replace("#", told)


def own(explorer: Explorer, choice: Choice, values: Values) -> bool:
    """Whether the reader has moved a slider that the choice fills, and the choice has words for that."""
    filled = [name for name, table in explorer.data.items() if choice.name in table["by"]]
    return bool(choice.own) and any(values.get(name) is not None for name in filled)


def chosen(explorer: Explorer, choice: Choice, values: Values) -> str:
    """What a choice stands at, in words."""
    return choice.own if own(explorer, choice, values) else choice.options[values[choice.name]]


def fill(explorer: Explorer, template: str, values: Values) -> str:
    """A template with its braces filled."""
    numbers = {**explorer.results(values), **explorer.operands(values)}
    words = {name: say(explorer, name, numbers[name]) for name in names(template) if name in numbers}
    words |= {c.name: chosen(explorer, c, values) for c in explorer.choices} | {"regime": explorer.regime(values)}
    return TEMPLATE.sub(lambda found: counted(words[found[1]], found[2], found[3]), template)


def remarks(explorer: Explorer, values: Values) -> list[str]:
    """What stands below the chart: where each mark is, or that there is none; then cautions."""
    results = explorer.results(values)
    marks = [m.absent if results[m.formula.name] == math.inf else m.present for m in explorer.chart.marks]
    cautions = [c.words for c in explorer.cautions if results[c.large.name] > results[c.small.name]]
    return [fill(explorer, text, values) for text in [*marks, *cautions]]


def summary(explorer: Explorer, values: Values) -> str:
    """The state in a few sentences, as a screen reader hears it."""
    return " ".join([fill(explorer, explorer.summary, values), *remarks(explorer, values)])


def written(explorer: Explorer, values: Values) -> str:
    """The whole state in plain lines: what prints, and what a page without JavaScript shows."""
    results, operands = explorer.results(values), explorer.operands(values)
    rows = [(c.label, chosen(explorer, c, values)) for c in explorer.choices]
    rows += [(s.label, say(explorer, s.name, operands[s.name])) for s in explorer.sliders]
    rows += [(r.label, say(explorer, r.formula.name, results[r.formula.name])) for r in explorer.readouts]
    wide = max(len(label) for label, _ in rows)
    origins = [f"{s.label}: {_origin(explorer, s, values)}" for s in explorer.sliders if s.assumed is not None]
    lines = [explorer.title, *(f"  {label:<{wide}}  {value}" for label, value in rows), *origins]
    return "\n".join([*lines, fill(explorer, explorer.summary, values), *remarks(explorer, values)])


def _origin(explorer: Explorer, slider: Slider, values: Values) -> str:
    """Where the value of a slider that a table may fill comes from."""
    if values[slider.name] is not None:
        return slider.moved
    return slider.given if look(explorer.data[slider.name], values) is not None else slider.otherwise
