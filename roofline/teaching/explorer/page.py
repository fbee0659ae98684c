"""What a page gets of an explorer: its spec as JSON, an ES module with its formulas, and a style sheet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...algebra import javascript, units
from .. import palette
from . import words

if TYPE_CHECKING:
    from .description import Explorer


def spec(explorer: Explorer) -> dict[str, Any]:
    """Everything that `explorer.js` needs besides the formulas."""
    chart = explorer.chart
    made = {
        "name": explorer.name, "title": explorer.title, "summary": explorer.summary,
        "fixed": explorer.constants, "data": explorer.data, "offers": explorer.offers, "shown": words.shown(explorer),
        "choices": [{"name": c.name, "label": c.label, "options": list(c.options.items()), "own": c.own}
                    for c in explorer.choices],
        "sliders": [{**asdict(s), "widest": words.widest(explorer, s), "longest": words.longest(s)}
                    for s in explorer.sliders],
        "readouts": [{"name": r.formula.name, "label": r.label, "role": r.role, "lead": r.lead, "light": r.light}
                     for r in explorer.readouts],
        "regimes": [{"label": r.label, "role": r.role, "at_least": r.large and r.small and [r.large.name, r.small.name]}
                    for r in explorer.regimes],
        "cautions": [{"when": [c.large.name, c.small.name], "words": c.words, "label": c.label}
                     for c in explorer.cautions],
        "chart": {**chart.spec({s.name: s for s in explorer.sliders}), "kind": chart.kind, "alt": chart.alt, "marks": [
            {"name": m.formula.name, "label": m.label, "role": m.role, "present": m.present, "absent": m.absent}
            for m in chart.marks]},
    }
    return json.loads(json.dumps(made, allow_nan=False))


def module(explorer: Explorer) -> str:
    """The ES module of one explorer: the generic script, its formulas, its units."""
    compute = javascript({name: f.expr for name, f in explorer.formulas.items()}, explorer.inputs)
    if explorer.supply:
        joined = "((made, more) => (given) => made({ ...given, ...more(given) }))"
        compute = f"{joined}({compute}, supplied)"
    chart = explorer.chart
    drawings = {chart.kind: chart.drawing} if chart.drawing else {}
    supply = explorer.supply.javascript if explorer.supply else ""
    return script(compute, {unit for unit, _ in words.shown(explorer).values()}, drawings, supply)


def script(
    compute: str, shown: Iterable[str], drawings: Mapping[str, str] = MappingProxyType({}), supply: str = ""
) -> str:
    """explorer.js and one line more, with a JavaScript function and the tables of the units that are shown.

    A supply is there once, as `supplied`, for `compute` and for the drawings.
    """
    tables = {"factors": {unit: units.factor(unit) for unit in sorted(shown) if unit != units.PERCENT},
              "prefixes": units.PREFIXES, "times": units.LONG_TIMES, "words": units.WORDS,
              "prefixed": units.PREFIXED, "spelled": units.SPELLED}
    given = [f"compute: {compute}", f"units: {json.dumps(tables, ensure_ascii=False)}"]
    given += [f"draw: {{ {kind}: {source} }}" for kind, source in drawings.items()]
    before = f"const supplied = {supply};\n" if supply else ""
    return f"{_read('explorer.js')}\n{before}export default explorer({{ {', '.join(given)} }});\n"


def style() -> str:
    """explorer.css, and the palette for pages that have none: `:where` lets the book's own win."""
    roles = " ".join(f"--role-{name}: {colour};" for name, colour in palette.ROLES.items())
    return f":where(:root) {{ {roles} }}\n{_read('explorer.css')}"


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
