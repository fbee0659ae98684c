"""Evaluation: checks and arithmetic together, block by block, so that a sweep stays inside the cache.

One block of about 65,000 values is sliced, checked and computed before the next; a million-point sweep then needs
hardly more memory than its result, and the checks cost less than the memory traffic they save.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .symbols import DomainError, Input

if TYPE_CHECKING:
    from .formulas import Formula

BLOCK = 65536


def evaluate(formula: Formula, bound: dict[str, Any]) -> Any:
    """`formula` at checked inputs: a float when all are floats, else an array of their broadcast shape."""
    arguments = list(bound.values())
    arrays = [a for a in arguments if type(a) is not float]
    if not arrays:
        return _one(formula, formula.scalar, bound)
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        shapes = ", ".join(f"{n} {v.shape}" for n, v in bound.items() if type(v) is not float)
        raise DomainError(f"{formula.name}: the inputs do not broadcast together: {shapes}") from None
    return _sweep(formula, formula.array, list(bound), arguments, shape)


def _one(formula: Formula, function: Any, bound: dict[str, float]) -> float:
    try:
        value = float(function(*bound.values()))
    except (ZeroDivisionError, OverflowError, ValueError):
        value = math.nan
    if not _usable(formula, value, value):
        raise _unusable(formula, value, bound)
    return value


def _usable(formula: Formula, low: Any, high: Any) -> bool:
    """Whether results from `low` to `high` are numbers the formula may give; infinity only where it has a meaning."""
    return formula.result.low <= low and high <= (math.inf if formula.infinite else formula.result.high)


def _unusable(formula: Formula, value: float, inputs: dict[str, float]) -> DomainError:
    at = ", ".join(f"{n}={v:.6g}" for n, v in inputs.items())
    return DomainError(f"{formula.name} came out as {value:.6g}, not {formula.result.words}, at {at}")


def _sweep(
    formula: Formula, function: Any, names: list[str], arguments: list[Any], shape: tuple[int, ...]
) -> np.ndarray:
    cards = [formula.notation.inputs[name] for name in names]
    for card, a in zip(cards, arguments, strict=True):
        if type(a) is not float and a.size <= BLOCK:
            card.check(a)
    whole = np.empty(shape)
    out, arguments = _flattened(whole, arguments)
    # inputs too large to have been checked above are checked where they are used, while in the cache
    checks = [
        (i, cards[i].domain.low, cards[i].domain.high)
        for i, a in enumerate(arguments)
        if type(a) is not float and a.size > BLOCK
    ]
    places = {name: i for i, name in enumerate(names)}
    pairs = [
        (places[r.small], places[r.large], r)
        for r in formula.notation.relations
        if r.small in places and r.large in places
    ]
    floor = -math.inf if formula.never_below else formula.result.low
    ceiling = math.inf if formula.infinite else formula.result.high
    with np.errstate(all="ignore"):
        for block in _blocks(out.shape):
            parts = [a if type(a) is float else _part(a, block) for a in arguments]
            for i, low, high in checks:
                if not (low <= _least(parts[i], None) and _most(parts[i], None) <= high):
                    cards[i].check(parts[i])
            for i, j, relation in pairs:
                if not np.less_equal(parts[i], parts[j]).all():
                    relation.check({names[i]: parts[i], names[j]: parts[j]})
            piece = out[block]
            function(*parts, piece)
            if not (_most(piece, None) <= ceiling and (floor == -math.inf or floor <= _least(piece, None))):
                raise _first_unusable(formula, cards, parts, piece)
    return whole


_least: Any = np.minimum.reduce
_most: Any = np.maximum.reduce


def _flattened(whole: np.ndarray, arguments: list[Any]) -> tuple[np.ndarray, list[Any]]:
    """The same work in one dimension when no array is broadcast; otherwise with every array given all axes."""
    arrays = [a for a in arguments if type(a) is not float]
    if all(a.shape == whole.shape and a.flags.c_contiguous for a in arrays):
        return whole.reshape(-1), [a if type(a) is float else a.reshape(-1) for a in arguments]
    return whole, [a if type(a) is float else a.reshape((1,) * (whole.ndim - a.ndim) + a.shape) for a in arguments]


def _first_unusable(formula: Formula, cards: list[Input], parts: list[Any], piece: np.ndarray) -> DomainError:
    bad = next(p for p in np.ndindex(piece.shape) if not _usable(formula, piece[p], piece[p]))
    at = {c.name: float(np.broadcast_to(v, piece.shape)[bad]) for c, v in zip(cards, parts, strict=True)}
    return _unusable(formula, float(piece[bad]), at)


def _part(array: np.ndarray, block: tuple[slice, ...]) -> np.ndarray:
    """The part of an input that meets a block: axes of length one are broadcast, the others sliced."""
    if len(block) == 1:
        return array[block] if array.shape[0] > 1 else array
    return array[tuple(s if size > 1 else slice(None) for s, size in zip(block, array.shape, strict=True))]


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Slices that cover an array of `shape`, each of at most about BLOCK values, splitting outer axes first."""
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    if inner > BLOCK:
        for i in range(shape[0]):
            for rest in _blocks(shape[1:]):
                yield (slice(i, i + 1), *rest)
        return
    rows = max(1, BLOCK // max(inner, 1))
    for start in range(0, shape[0], rows):
        yield (slice(start, start + rows), *(slice(None) for _ in shape[1:]))


class Compiled:
    """A formula with all inputs fixed but a few: a function of those, by position, on floats or arrays.

    Domains of the free inputs and the result are checked as in the formula itself. Pickles.
    """

    def __init__(self, formula: Formula, free: tuple[str, ...], fixed: dict[str, Any]) -> None:
        from . import printing

        self.formula, self.free, self.fixed = formula, free, fixed
        if any(type(v) is not float for v in fixed.values()):
            arrays = [n for n, v in fixed.items() if type(v) is not float]
            raise DomainError(f"{formula.name}.compile: {', '.join(arrays)} must be plain numbers, not arrays")
        cards = [formula.notation.inputs[name] for name in free]
        expression = formula.expr.subs({formula.notation.inputs[n].symbol: v for n, v in fixed.items()})
        self._scalar = printing.scalar(free, expression)
        self._array = printing.into(free, expression)
        self._cards, self._limits = cards, [c.domain.holds for c in cards]

    def __call__(self, *values: Any) -> Any:
        if len(values) != len(self.free):
            raise TypeError(f"{self!r} takes {len(self.free)} values, got {len(values)}")
        for value, holds in zip(values, self._limits, strict=True):
            if type(value) is not float or not holds(value, value):
                break
        else:
            result = self._result(values)
            if _usable(self.formula, result, result):
                return result
            raise _unusable(self.formula, result, dict(zip(self.free, values, strict=True)))
        bound: list[Any] = [c.number(v) for c, v in zip(self._cards, values, strict=True)]
        if all(type(v) is float for v in bound):
            return self(*bound)
        shape = np.broadcast_shapes(*(np.shape(v) for v in bound))
        return _sweep(self.formula, self._array, list(self.free), bound, shape)

    def _result(self, values: tuple[float, ...]) -> float:
        try:
            return float(self._scalar(*values))
        except (ZeroDivisionError, OverflowError, ValueError):
            return math.nan

    def __repr__(self) -> str:
        return f"{self.formula.name}({', '.join(self.free)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self.formula, self.free, self.fixed)
