"""The chapters in the order of the lecture, and their formulas and functions by name.

Examples
--------
>>> from roofline.teaching import chapters
>>> chapters.title("kv_memory"), chapters.module("moe").__name__, chapters.lecture("moe").name
('KV memory', 'roofline.moe', 'moe.md')
>>> [formula.name for formula in chapters.formulas("batch_size")][:3]
['t_compute', 't_weights', 'kv_sequence']
>>> chapters.formula("batch_size.t_drain"), chapters.function("schedules.bubble").__name__
(t_drain = M/W  [s], 'bubble')
>>> [card.name for card in chapters.symbols("revnets")][:3]
['n_blocks', 'n_rows', 'd_half']
>>> step = chapters.given_parts(chapters.formula("batch_size.t_step"), ["t_compute", "t_memory"])
>>> step(t_compute=2.0, t_memory=3.0)
3.0
>>> chapters.formula("batch_size.t_brain")  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
roofline.algebra.symbols.NameUnknown: ...; did you mean t_drain or fast_batch_ratio?
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from inspect import isroutine
from pathlib import Path
from types import ModuleType
from typing import Any

import roofline
from roofline.algebra import Formula, Notation
from roofline.algebra.symbols import Input, NameUnknown, nearest
from roofline.notation import notation

CHAPTERS = (
    "batch_size",
    "moe",
    "rack_topology",
    "pipelining",
    "kv_memory",
    "over_training",
    "pricing",
    "context_wall",
    "ciphers",
    "revnets",
)

# further modules with formulas of a chapter, for those that have any
PARTS = {"rack_topology": ("rack_parts", "rack_overlap")}

TITLES = {
    "moe": "Mixture of experts",
    "kv_memory": "KV memory",
    "over_training": "Over-training",
    "pricing": "API pricing",
    "revnets": "RevNets",
}


def module(chapter: str) -> ModuleType:
    """The module of a chapter; NameUnknown with the nearest names if there is none."""
    if chapter not in CHAPTERS:
        raise NameUnknown(f"no chapter is called {chapter!r}{nearest(chapter, CHAPTERS)}")
    return import_module(f"roofline.{chapter}")


def formulas(chapter: str | None = None) -> tuple[Formula, ...]:
    """The formulas that a chapter defines, in the order a reader derives them; those of all chapters by default."""
    return tuple(
        value
        for name in ([chapter] if chapter else CHAPTERS)
        for part in (module(name), *(import_module(f"roofline.{more}") for more in PARTS.get(name, ())))
        for value in vars(part).values()
        if isinstance(value, Formula) and value.function.__module__ == part.__name__
    )


def symbols(chapter: str | None) -> tuple[Input, ...]:
    """The inputs that a chapter alone uses; those that several share for None."""
    files = {name: vars(import_module(f"roofline.notation.{name}")) for name in ("shared", *CHAPTERS[1:])}
    own = {} if chapter == CHAPTERS[0] else files["shared" if chapter is None else chapter]
    return tuple(
        card
        for card in notation.inputs.values()
        if card.name in own and (chapter is None or card.name not in files["shared"])
    )


def title(chapter: str) -> str:
    """A chapter's name in words: kv_memory is KV memory."""
    return TITLES.get(chapter, chapter.replace("_", " ").capitalize())


def lecture(chapter: str) -> Path:
    """Where the chapter's source stands in a checkout of the book; it need not be there."""
    return Path(roofline.__file__).parent.parent / "lectures" / f"{chapter}.md"


def formula(path: str) -> Formula:
    """The formula called, for instance, batch_size.t_drain; NameUnknown with the nearest names otherwise."""
    found: Formula = _named("formula", path, lambda value, _: isinstance(value, Formula))
    return found


def function(path: str) -> Callable[..., Any]:
    """The public function called, for instance, schedules.bubble; NameUnknown with the nearest names otherwise."""

    def own(value: Any, module: str) -> bool:
        return isroutine(value) and value.__module__ == module and not value.__name__.startswith("_")

    found: Callable[..., Any] = _named("function", path, own)
    return found


def _named(kind: str, path: str, wanted: Callable[[Any, str], bool]) -> Any:
    """What a module of physics calls so; NameUnknown with the nearest names otherwise."""
    chapter, _, name = str(path).partition(".")
    chapters = [m.name for m in pkgutil.iter_modules(roofline.__path__) if not m.ispkg and m.name != "__main__"]
    if chapter not in chapters:
        raise NameUnknown(f"{kind} {path!r}: no chapter module is called {chapter!r}{nearest(chapter, chapters)}")
    full = f"roofline.{chapter}"
    known = {n: value for n, value in vars(import_module(full)).items() if wanted(value, full)}
    if name not in known:
        raise NameUnknown(f"{kind} {path!r}: {chapter} has no {kind} {name!r}{nearest(name, known)}")
    return known[name]


def given_parts(made: Formula, names: list[str]) -> Formula:
    """The formula in a notation of its own, in which the formulas named are inputs."""
    child = made.notation.child()
    for name in names:
        part = child.formulas.pop(name)
        child.symbol(name, part.tex, part.unit, part.meaning, part.result.name)
    return _remade(made, child)


def _remade(made: Formula, notation: Notation) -> Formula:
    """The formula and all it is built from, as the notation has their parts."""
    for name in made.arguments:
        if name in notation.formulas:
            notation.formulas[name] = _remade(notation.formulas[name], notation)
    return replace(made, notation=notation)
