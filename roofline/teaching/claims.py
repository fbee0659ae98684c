"""One claim of the lecture: what was said, what follows, and the assumption that makes the difference.

A claim that states a number has it recomputed from the book's formulas, and its verdict follows by rule. A claim that
states an idea, contradicts itself or cannot be derived has a verdict by a person, with a reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from roofline.algebra import UnitError, units
from roofline.algebra.symbols import nearest
from roofline.catalog.loading import DataError
from roofline.catalog.record import Names, Part

from .doubts import doubts
from .numbers import written
from .recompute import described, evaluate

HOLDS, ROUGHLY = 0.10, 3.0  # within 10 %, within a factor of 3
Verdict = Literal["holds", "roughly", "off", "inconsistent", "not derivable"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
BY_RULE = VERDICTS[:3]
RATIOS = ("×", "%", "1 in")


class LedgerError(DataError):
    """A claim that cannot be computed, judged or written; one sentence that names it."""


def by_rule(ratio: float) -> Verdict:
    """The verdict on recomputed over stated."""
    if abs(ratio - 1) <= HOLDS + 1e-9:
        return "holds"
    return "roughly" if 1 / ROUGHLY - 1e-9 <= ratio <= ROUGHLY + 1e-9 else "off"


def shown(value: float, unit: str, digits: int = 3) -> str:
    """A value in base units as text; ratios may be shown in "×", "%" or "1 in"."""
    return f"1 in {units.significant(1 / value, digits)}" if unit == "1 in" else written(value, unit, digits)


@dataclass(frozen=True)
class Case:
    """One recomputation: its value in base units, and the range that was stated (both ends alike for one value)."""

    key: str
    label: str
    how: str
    value: float
    unit: str
    digits: int
    stated: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        return self.label or self.key.replace("_", " ")

    @property
    def text(self) -> str:
        return shown(self.value, self.unit, self.digits)

    @property
    def said(self) -> str:
        return " to ".join(dict.fromkeys(shown(end, self.unit, self.digits) for end in self.stated or ()))

    @property
    def ratio(self) -> float:
        """Recomputed over stated: 1 inside a stated range, else over its nearer end."""
        low, high = self.stated or (math.nan, math.nan)
        return 1.0 if low <= self.value <= high else self.value / (low if self.value < low else high)

    @property
    def distance(self) -> float:
        """How far the ratio is from 1, as a factor's logarithm."""
        return abs(math.log(self.ratio)) if self.ratio > 0 else math.inf


class Claim(Part):
    """One row of the ledger.

    Attributes
    ----------
    id, chapter, speaker, claim : str
        `claim` restates in our words what was said.
    stated, unit, digits : str, str, int
        The quantity stated, such as "20 ms" or "15 to 20 ms"; the unit and significant digits in which values show.
    recompute, also : mappings of name to computation
        `recompute` is held against `stated`; `also` only lends numbers to the texts, which name them in braces. A
        computation may have a label, a unit and a stated value of its own.
    judged : str
        Which recomputation decides: "worst", or the name of one.
    called : str
        A verdict given by a person ("verdict" in the file), with its `reason`; None where it is computed.
    decides : str
        The assumption that makes the difference.
    inline : bool
        Whether the claim stands in the text of its chapter, rather than in the table at its end.
    proof, see, sources : tuple of str
        Names of tests, of related claims, and of sources.
    differs : str
        How this departs from an earlier fact check of the same claims, and why; for `explain`, not for the page.
    """

    id: str = Field(validation_alias="name")
    chapter: str
    speaker: str = Field(min_length=1)
    claim: str = Field(min_length=1)
    stated: str | float | None = None
    unit: str | None = None
    digits: int = Field(default=3, ge=1, le=6)
    recompute: dict[str, Any] = Field(default={})
    also: dict[str, Any] = Field(default={})
    judged: str = "worst"
    called: Verdict | None = Field(default=None, validation_alias="verdict")
    reason: str = ""
    decides: str = ""
    inline: bool = False
    proof: Names = ()
    see: Names = ()
    sources: Names = Field(min_length=1)
    differs: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Claim:
        if self.called is None and not self.recompute:
            raise ValueError("has no computation, so it needs a verdict and a reason")
        if self.called is not None and not self.reason:
            raise ValueError(f"verdict {self.called!r} was given by a person, so it needs a reason")
        if self.called in BY_RULE and self.recompute:
            raise ValueError(f"verdict {self.called!r} is typed, but its numbers decide; leave the verdict out")
        if self.called is None and not self.decides:
            raise ValueError("needs decides: the assumption that makes the difference")
        return self

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """The recomputations held against what was stated."""
        made = tuple(self._case(key, data, judged=True) for key, data in self.recompute.items())
        for case in made:
            if case.stated is None:
                raise LedgerError(f"{self.id}: {case.key} is recomputed, but nothing is stated to hold it against")
        return made

    @cached_property
    def others(self) -> tuple[Case, ...]:
        """The computations that only lend numbers to the texts."""
        return tuple(self._case(key, data, judged=False) for key, data in self.also.items())

    def _case(self, key: str, data: Any, judged: bool) -> Case:
        own = {k: data[k] for k in ("label", "unit", "stated") if k in data} if isinstance(data, Mapping) else {}
        node = {k: v for k, v in data.items() if k not in own} if isinstance(data, Mapping) else data
        try:
            found = evaluate(node)
            unit = own.get("unit") or (self.unit if judged else None) or found.unit
            fitting(unit, found.unit)
            stated = bounds(own.get("stated", self.stated), found.unit) if judged else None
            return Case(key, own.get("label", ""), described(node), found.value, unit, self.digits, stated)
        except (ValueError, TypeError, KeyError) as error:
            raise LedgerError(f"{self.id}, {key}: {error}") from None

    @property
    def deciding(self) -> Case | None:
        """The recomputation that the verdict rests on; None where nothing was recomputed."""
        if not self.cases:
            return None
        if self.judged == "worst":
            return max(self.cases, key=lambda case: case.distance)
        found = {case.key: case for case in self.cases}
        if self.judged not in found:
            raise LedgerError(
                f"{self.id}: judged by {self.judged!r}, which is not among its recomputations"
                + nearest(self.judged, found)
            )
        return found[self.judged]

    @property
    def ratio(self) -> float | None:
        """Recomputed over stated in the deciding case."""
        return self.deciding.ratio if self.deciding else None

    @property
    def recomputed(self) -> float | None:
        """The deciding recomputation, in base units."""
        return self.deciding.value if self.deciding else None

    @property
    def verdict(self) -> Verdict:
        case = self.deciding
        if case is not None and self.called is None:
            return by_rule(case.ratio)
        if case is not None and self.called == "inconsistent" and by_rule(case.ratio) == "holds":
            raise LedgerError(f"{self.id}: called inconsistent, but {case.name} comes to {case.text}, as was stated")
        assert self.called is not None
        return self.called

    @cached_property
    def doubts(self) -> tuple[str, ...]:
        """The figures that no source confirms, of those that its computations read."""
        return doubts([*self.recompute.values(), *self.also.values()])

    @property
    def said(self) -> str:
        """What was stated, in numbers; empty where nothing was."""
        return "; ".join(dict.fromkeys(case.said for case in self.cases))

    @property
    def follows(self) -> str:
        """What the recomputations came to; of more than three only the extremes, and the one that decides."""
        cases = sorted(self.cases, key=lambda case: case.value) if len(self.cases) > 3 else list(self.cases)
        texts = [f"{c.text} ({c.name})" if c.label or len(cases) > 1 else c.text for c in cases]
        if len(texts) <= 3:
            return ", ".join(texts)
        inner = [text for case, text in zip(cases[1:-1], texts[1:-1], strict=True) if case is self.deciding]
        return f"{texts[0]} to {texts[-1]}" + "".join(f"; {text} decides" for text in inner)

    @property
    def gap(self) -> str:
        """How far the deciding recomputation is from what was stated, in words."""
        ratio = self.ratio
        if ratio is None:
            return ""
        if by_rule(ratio) == "holds":
            percent = units.significant(round(100 * abs(ratio - 1), 1), 2)
            return "as stated" if percent == "0" else f"within {percent} %"
        if ratio > 1:
            return f"{units.significant(ratio, 2)} times what was stated"
        if by_rule(ratio) == "roughly":
            return f"{units.significant(100 * ratio, 2)} % of what was stated"
        return f"1/{units.significant(1 / ratio, 2)} of what was stated" if ratio > 0 else "of the other sign"

    def filled(self, text: str) -> str:
        """A text of this claim with the computed numbers that it names in braces."""
        known = {case.key: case.text for case in (*self.cases, *self.others)}

        def number(match: re.Match[str]) -> str:
            if match[1] not in known:
                raise LedgerError(f"{self.id}: {match[0]} names no computation of it{nearest(match[1], known)}")
            return known[match[1]]

        return re.sub(r"\{(\w*)\}", number, text)

    def check(self) -> None:
        """LedgerError if anything here cannot be computed, judged or written."""
        _ = self.verdict, self.others, [self.filled(text) for text in (self.reason, self.decides, self.differs)]

    def explain(self) -> str:
        """The claim in full: what was said, each computation, the verdict and why."""
        lines = [f"{self.id} ({self.speaker}): {self.claim}", *([f"Stated: {self.said}"] if self.said else [])]
        lines += [f"  {c.name}: {c.how} = {c.text}, ratio {units.significant(c.ratio)}" for c in self.cases]
        lines += [f"  {c.name}: {c.how} = {c.text}" for c in self.others]
        lines.append(
            f"Verdict{'' if self.called is None else ' by a person'}: {self.verdict}"
            + (f", {self.gap}" if self.gap else "")
        )
        if self.reason:
            lines.append(self.filled(self.reason))
        if self.decides:
            lines.append(f"What decides: {self.filled(self.decides)}")
        if self.doubts:
            lines.append(f"No source confirms: {'; '.join(self.doubts)}")
        if self.differs:
            lines.append(self.filled(self.differs))
        return "\n".join(lines)


def fitting(unit: str, wanted: str) -> None:
    """UnitError unless values in `wanted` can be shown in `unit`; "1" shows the bare number."""
    if unit != units.ONE and not units.compatible(units.ONE if unit in RATIOS else unit, wanted):
        raise UnitError(f"it comes out in {wanted}, which cannot be shown in {unit}")


def bounds(stated: str | float | None, unit: str) -> tuple[float, float] | None:
    """The ends of "20 ms" or "15 to 20 ms" in base units, both of the kind of `unit`; UnitError otherwise."""
    if stated is None:
        return None
    first, _, last = str(stated).partition(" to ")
    ends = [evaluate(first), evaluate(last or first)]
    if ends[0].unit == units.ONE:  # "15 to 20 ms"
        ends[0] = evaluate(f"{first} {ends[1].unit if ends[1].unit != units.ONE else ''}".strip())
    for end in ends:
        if not units.compatible(end.unit, unit):
            raise UnitError(f"it comes out in {unit}, but what is stated, {str(stated)!r}, is in {end.unit}")
    if not 0 < ends[0].value <= ends[1].value:
        raise ValueError(f"what is stated, {str(stated)!r}, is neither a positive value nor a rising range")
    return ends[0].value, ends[1].value
