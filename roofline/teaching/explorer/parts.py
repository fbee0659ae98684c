"""The parts of an explorer: what a reader moves, what is drawn, what is read out and said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...algebra import Formula


@dataclass(frozen=True)
class Choice:
    """A list to choose from; `options` maps each value to the words that the reader sees, `start` is chosen first.

    `own` stands in place of those words once the reader has moved a slider that the choice fills.
    """

    name: str
    label: str
    options: Mapping[str, str]
    start: str
    own: str = ""


@dataclass(frozen=True)
class Slider:
    """An input symbol to drag over `stops` (base units, rising).

    Parameters
    ----------
    start : float, optional
        Where it stands at first. None: at what the tables give; where they give nothing, at `assumed`.
    unit, digits : str, int
        How the value is shown; the symbol's own unit by default.
    noun : (str, str)
        What is counted, one and many: ("chip", "chips").
    given, otherwise, moved : str
        Words beside a slider without `start`: for a value from the tables, for `assumed`, for the reader's own.
    """

    name: str
    label: str
    stops: tuple[float, ...]
    start: float | None = None
    assumed: float | None = None
    unit: str = ""
    digits: int = 3
    noun: tuple[str, str] | None = None
    given: str = ""
    otherwise: str = ""
    moved: str = ""


@dataclass(frozen=True)
class Curve:
    """One line of the chart: a formula against x, labelled at its end. `style`: plain, dashed or envelope."""

    formula: Formula
    label: str
    role: str = "ink"
    style: str = "plain"


@dataclass(frozen=True)
class Mark:
    """A vertical line at the x that a formula gives.

    `label` stands at the line and `present` below the chart; `absent` instead of both when the formula is infinite.
    """

    formula: Formula
    label: str
    present: str
    absent: str
    role: str = "ink"


class Picture(Protocol):
    """What an explorer draws. `Chart` is one; another kind brings its own JavaScript.

    `drawing` is the source of a function (picture, tools) => ({node, paint}): `picture` is what `spec` gives, and
    `paint` gets {inputs, results, values, width, said} on every frame. `alt` and the marks' sentences are templates.
    """

    @property
    def kind(self) -> str: ...

    @property
    def alt(self) -> str: ...

    @property
    def marks(self) -> tuple[Mark, ...]: ...

    @property
    def drawing(self) -> str: ...

    def formulas(self) -> list[Formula]:
        """The formulas that it draws."""
        ...

    def roles(self) -> list[str]:
        """The colours that it draws them in."""
        ...

    def along(self) -> list[str]:
        """The sliders that it is drawn along."""
        ...

    def spec(self, sliders: Mapping[str, Slider]) -> dict[str, Any]:
        """What its JavaScript is given, as JSON."""
        ...


@dataclass(frozen=True)
class Chart:
    """Curves against the slider `x`, log-log; a dot on the formula `dot` at the current x. `alt` is a sentence."""

    x: str
    x_label: str
    y_label: str
    dot: Formula
    curves: tuple[Curve, ...]
    alt: str
    marks: tuple[Mark, ...] = ()
    kind: str = "lines"
    drawing: str = ""

    def formulas(self) -> list[Formula]:
        return [self.dot, *(curve.formula for curve in self.curves)]

    def roles(self) -> list[str]:
        return [curve.role for curve in self.curves]

    def along(self) -> list[str]:
        return [self.x]

    def spec(self, sliders: Mapping[str, Slider]) -> dict[str, Any]:
        stops = sliders[self.x].stops
        curves = [{"name": c.formula.name, "label": c.label, "role": c.role, "style": c.style} for c in self.curves]
        return {"x": self.x, "from": stops[0], "to": stops[-1], "x_label": self.x_label, "y_label": self.y_label,
                "dot": self.dot.name, "curves": curves}


@dataclass(frozen=True)
class Readout:
    """One number with its label, in `unit` (the formula's own by default); "%" writes a ratio in hundredths.

    `light` is for the number of a segment drawn light.
    """

    formula: Formula
    label: str
    unit: str = ""
    role: str = ""
    lead: bool = False
    digits: int = 3
    light: bool = False


@dataclass(frozen=True)
class Regime:
    """A state of the system in words: it holds if `large` >= `small` and none before it does; without them, else."""

    label: str
    role: str = "ink"
    large: Formula | None = None
    small: Formula | None = None


@dataclass(frozen=True)
class Caution:
    """A sentence shown while `large` > `small`, and a badge beside the regime that says `label`."""

    large: Formula
    small: Formula
    words: str
    label: str = ""


@dataclass(frozen=True)
class Supply:
    """Inputs that are worked out from the others where no formula can say how: by a simulation, for instance.

    Parameters
    ----------
    names : tuple of str
        The input symbols that it gives.
    needs : tuple of str
        The input symbols that it takes.
    python : function of a mapping of inputs
        Gives a mapping of those names to values, in base units.
    javascript : str
        Source of the same function.
    """

    names: tuple[str, ...]
    needs: tuple[str, ...]
    python: Callable[[Mapping[str, float]], Mapping[str, float]]
    javascript: str
