"""A worked example for each formula: a call as a reader would type it, and what it gives.

Inputs come from a rack of chips, a model, the fitted laws of the catalog, and `data/examples.yaml` for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from roofline.algebra import Formula, units
from roofline.catalog.loading import DataError, read
from roofline.notation import notation

from .numbers import written

DATA = Path(__file__).parent / "data" / "examples.yaml"

#: The sources that the calls name, as code that a reader can run.
SOURCES = {
    "rack": 'chips["GB200"].at("fp8", n=72)',
    "model": 'models["DeepSeek-V3"].at(weights="fp8", kv="bf16")',
    "routed": "routed_law()",
    "fine": "fine_law()",
    "law": 'published("chinchilla_besiroglu").at()',
}
IMPORTS = {
    "rack": "from roofline import chips, models",
    "routed": "from roofline.sparse_laws import fine_law, routed_law",
    "law": "from roofline.scaling_laws import published",
}


@dataclass(frozen=True)
class Example:
    """A call of a formula and its result.

    Attributes
    ----------
    call, result, shown : str
        What a reader types, what Python answers, and the same with its unit for people.
    sources : tuple of str
        The names among SOURCES that the call uses.
    """

    call: str
    result: str
    shown: str
    sources: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """As in a Python session."""
        return [f">>> {self.call}  # {self.shown}", self.result]


def setup(names: tuple[str, ...] | list[str]) -> list[str]:
    """The lines that make the sources of these names."""
    imports = {"model": "rack", "fine": "routed"}
    needed = dict.fromkeys(IMPORTS[imports.get(name, name)] for name in names)
    return [*needed, *(f"{name} = {SOURCES[name]}" for name in names)]


@cache
def sources() -> Mapping[str, Mapping[str, float]]:
    """What SOURCES says, by running it: the page and the numbers cannot part."""
    found: dict[str, Any] = {}
    exec("\n".join(setup(list(SOURCES))), found)
    return {name: found[name] for name in SOURCES}


@cache
def values(module: str) -> dict[str, float]:
    """The other inputs for the formulas of a module, in base units; DataError if one is unknown or of another kind."""
    typed = read(DATA)
    own = {name: text for name, text in typed.items() if not isinstance(text, dict)} | typed.get(module, {})
    if unknown := [name for name in own if name not in notation.inputs]:
        raise DataError(f"{DATA.name}: {unknown[0]!r} is not in the notation")
    return {name: units.parse(str(text), notation.inputs[name].unit) for name, text in own.items()}


def example(formula: Formula) -> Example:
    """A call of the formula with all that it needs; sources come first."""
    used, given = arguments(formula)
    result = formula(*(sources()[name] for name in used), **given)
    typed = [*used, *(f"{name}={plain(value)}" for name, value in given.items())]
    return Example(f"{formula.name}({', '.join(typed)})", repr(result), shown(result, formula.unit), tuple(used))


def bound(formula: Formula) -> dict[str, float]:
    """Every input of the formula's example, in base units."""
    used, given = arguments(formula)
    return formula.bind(*(sources()[name] for name in used), **given)


def arguments(formula: Formula) -> tuple[list[str], dict[str, float]]:
    """The sources that give the formula something, and the values of what they do not give."""
    own = values(formula.function.__module__.rpartition(".")[2])
    used: list[str] = []
    known: set[str] = set()
    for name, source in sources().items():
        if new := (set(formula.inputs) & set(source)) - known:
            used.append(name)
            known |= new
    return used, {name: own[name] for name in formula.inputs if name in own and name not in known}


def plain(value: float) -> str:
    """A number as one types it: 4096 and 1e12 rather than 4096.0 and 1000000000000.0."""
    short = re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}")
    return short if float(short) == value else repr(value)


def shown(value: float, unit: str) -> str:
    """A result for people; ratios and counts bare."""
    return written(value, {"USD/token": "USD/Mtoken"}.get(unit, unit))
