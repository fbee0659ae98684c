"""Inputs: sympy symbols declared once, each with its unit, meaning, domain and perhaps a default."""

from __future__ import annotations

import difflib
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy

from . import units


class NameUnknown(ValueError):
    """A name that is neither a declared input nor a formula."""


class InputMissing(TypeError):
    """A formula was called without an input that it needs."""


class DomainError(ValueError):
    """A value outside the domain of its symbol, or a result that is not a usable number."""


_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Domain:
    """A closed interval of the floats, said in words for error messages.

    An open end is the next float: x > 0 is x >= 5e-324, x < infinity is x <= 1.8e308. So two comparisons decide, and
    NaN fails both.
    """

    name: str
    words: str
    low: float
    high: float = _LARGEST

    @property
    def assumptions(self) -> dict[str, bool]:
        """What sympy may assume of a symbol of this domain."""
        return {"positive": True} if self.low > 0 else {"nonnegative": True} if self.low == 0 else {"real": True}

    @property
    def signs(self) -> str:
        """The interval in signs, for tables: "> 0", "≥ 1", "0 to 1"."""
        if self.high < _LARGEST:
            return f"{self.low:g} to {self.high:g}"
        if self.low < 0:
            return "any"
        return f"≥ {self.low:g}" if self.low in (0.0, 1.0) else "> 0"

    def holds(self, low: float, high: float) -> bool:
        """Whether values running from `low` to `high` lie inside; False as soon as either is NaN."""
        return bool(self.low <= low and high <= self.high)


DOMAINS = {
    domain.name: domain
    for domain in (
        Domain("positive", "a positive finite number", math.nextafter(0.0, 1.0)),
        Domain("nonnegative", "a finite number, zero or more", 0.0),
        Domain("at least one", "a finite number, one or more", 1.0),
        Domain("fraction", "a number between 0 and 1", 0.0, high=1.0),
        Domain("real", "a finite number", -_LARGEST),
    )
}


def domain(name: str) -> Domain:
    if name not in DOMAINS:
        raise NameUnknown(f"domain {name!r}: expected one of {', '.join(DOMAINS)}")
    return DOMAINS[name]


@dataclass(frozen=True)
class Input:
    """The card of one symbol, as the notation page shows it."""

    name: str
    latex: str
    unit: str
    meaning: str
    domain: Domain
    default: float | None
    order: int
    symbol: sympy.Symbol = field(compare=False)

    def describe(self) -> str:
        return f"{self.name} ({self.meaning}; {'a plain number' if self.unit == units.ONE else self.unit})"

    def reject(self, value: Any) -> DomainError:
        return DomainError(f"{self.name} = {_short(value)}: expected {self.domain.words} for {self.describe()}")

    def number(self, value: Any) -> float | np.ndarray:
        """`value` as a float or a float array, inside the domain; DomainError otherwise."""
        kind = type(value)
        if kind is float or (kind is int and abs(value) < _LARGEST):
            as_float = float(value)
            if self.domain.holds(as_float, as_float):
                return as_float
            raise self.reject(value)
        try:
            array = np.asarray(value)
            if array.dtype.kind not in "fiu" and not (array.dtype.kind == "O" and _all_numbers(array)):
                raise TypeError
            array = array.astype(float, copy=False)
        except (TypeError, ValueError, OverflowError):
            raise self.reject(value) from None
        return self.number(float(array)) if array.ndim == 0 else array

    def check(self, array: Any) -> None:
        """DomainError that names the first value of `array` outside the domain."""
        if array.size == 0 or self.domain.holds(array.min(), array.max()):
            return
        flat = array.ravel()
        inside = np.array([self.domain.holds(x, x) for x in flat])
        place = int(np.flatnonzero(~inside)[0])
        raise DomainError(f"{self.reject(flat[place])} (element {place} of {flat.size})")


def _all_numbers(array: np.ndarray) -> bool:
    return all(isinstance(x, int | float) and not isinstance(x, bool) for x in array.ravel())


def _short(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    written = repr(value)
    return written if len(written) <= 60 else written[:57] + "..."


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as '; did you mean t_step?', or nothing when no known name is close."""
    known = list(known)
    folded = {k.casefold(): k for k in reversed(known)}
    close = [folded[c] for c in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
    return f"; did you mean {' or '.join(close)}?" if close else ""


@dataclass(frozen=True)
class Relation:
    """What must hold between two inputs: small <= large."""

    small: str
    large: str
    reason: str

    @property
    def names(self) -> tuple[str, str]:
        return self.small, self.large

    def joins(self, values: Mapping[str, Any]) -> bool:
        """Whether both of its inputs are among the values."""
        return self.small in values and self.large in values

    def check(self, values: Mapping[str, Any]) -> None:
        """DomainError if both inputs are among the values and the small one exceeds the large one anywhere."""
        if not self.joins(values):
            return
        a, b = values[self.small], values[self.large]
        try:
            holds = (a <= b) if type(a) is type(b) is float else np.all(np.less_equal(a, b))
        except ValueError:
            shapes = f"{self.small} {np.shape(a)}, {self.large} {np.shape(b)}"
            raise DomainError(f"the inputs do not broadcast together: {shapes}") from None
        if holds:
            return
        raise DomainError(f"{self.small} = {_short(a)} is more than {self.large} = {_short(b)}: {self.reason}")
