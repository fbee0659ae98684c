"""What one explorer shows, and what its controls stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...algebra import Formula, InputMissing, NameUnknown, Notation
from ...algebra.symbols import nearest
from ...notation import notation as book
from . import checks, words
from .parts import Caution, Choice, Picture, Readout, Regime, Slider, Supply
from .tables import Table, Values, look, narrowed

if TYPE_CHECKING:
    from .widget import ExplorerWidget


@dataclass(frozen=True, kw_only=True)
class Explorer:
    """What one explorer shows. Call it for a widget: `explorer(B=256, chip="H100")`.

    Parameters
    ----------
    name, title : str
        An identifier, and what the reader sees.
    choices, sliders : tuples of Choice, Slider
        What the reader moves. The first two sliders stand out.
    tables : tuple of Table
        What the choices stand for; each input symbol in at most one table.
    chart, readouts, regimes, cautions : Chart, tuples of Readout, Regime, Caution
    summary : str
        One or two sentences. They, `alt` and the sentences of marks and cautions name formulas, inputs and choices in
        braces: "a pass takes {t_step}"; or with two wordings, of one and of many: "on {n?# chip|# chips}".
    fixed : mapping of str to float
        Inputs that do not move, in base units; the notation's defaults need no mention.
    supply : Supply, optional
        Inputs that are simulated from the others.

    Raises
    ------
    InputMissing, NameUnknown, ValueError
        When made, if a formula's input comes from nowhere, or a name or role is unknown.
    """

    name: str
    title: str
    choices: tuple[Choice, ...]
    tables: tuple[Table, ...]
    sliders: tuple[Slider, ...]
    chart: Picture
    readouts: tuple[Readout, ...]
    summary: str
    regimes: tuple[Regime, ...] = ()
    cautions: tuple[Caution, ...] = ()
    fixed: Mapping[str, float] = field(default_factory=dict)
    notation: Notation = book
    supply: Supply | None = None

    def __post_init__(self) -> None:
        checks.check(self)

    def __call__(self, **chosen: Any) -> ExplorerWidget:
        """A widget with some controls set."""
        from .widget import ExplorerWidget

        self.start(**chosen)  # refuses what could not stand
        return ExplorerWidget(self, self.opening(**chosen))

    @cached_property
    def formulas(self) -> dict[str, Formula]:
        """Every formula that is drawn, read out, compared or named in a sentence."""
        chart = self.chart
        used = [*chart.formulas(), *(part.formula for group in (chart.marks, self.readouts) for part in group),
                *(f for group in (self.regimes, self.cautions) for pair in group for f in (pair.large, pair.small))]
        named = [self.notation.formulas.get(n) for template in words.templates(self) for n in words.names(template)]
        return {f.name: f for f in [*used, *named] if f is not None}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The inputs of those formulas, and the sliders, in the order of the notation."""
        needed = {name for f in self.formulas.values() for name in f.inputs} | {s.name for s in self.sliders}
        needed |= {*self.supply.needs} if self.supply else set()
        return tuple(name for name in self.notation.inputs if name in needed)

    @cached_property
    def data(self) -> dict[str, dict[str, Any]]:
        """For each input that the tables give: which choices it depends on, and its values nested by those."""
        set_by_hand = {s.name for s in self.sliders if s.start is not None}
        return {name: narrowed(table.axes, {key: row.get(name) for key, row in table.rows.items()})
                for table in self.tables for name in dict.fromkeys(n for row in table.rows.values() for n in row)
                if name in self.inputs and name not in set_by_hand}

    @cached_property
    def offers(self) -> dict[str, dict[str, Any]]:
        """The options open to a choice, where earlier choices close some: a chip has not every precision."""
        found = {}
        for table in self.tables:
            for i, axis in enumerate(table.axes):
                options = self.choice(axis).options
                open_to: dict[tuple[str, ...], set[str]] = {}
                for key in table.rows:
                    open_to.setdefault(key[:i], set()).add(key[i])
                if any(len(some) < len(options) for some in open_to.values()):
                    lists = {key: [o for o in options if o in some] for key, some in open_to.items()}
                    found[axis] = narrowed(table.axes[:i], lists)
        return found

    def choice(self, name: str) -> Choice:
        return next(c for c in self.choices if c.name == name)

    @cached_property
    def constants(self) -> dict[str, float]:
        """Inputs that neither a table nor a slider gives: fixed here, or the notation's defaults."""
        moving = {*self.data, *(s.name for s in self.sliders), *(self.supply.names if self.supply else ())}
        known = {n: self.fixed.get(n, self.notation.inputs[n].default) for n in self.inputs if n not in moving}
        return {n: v for n, v in known.items() if v is not None}

    # the controls

    def opening(self, **chosen: Any) -> Values:
        """What is asked of every control at first, with some `chosen`, whether or not it is open."""
        return {c.name: c.start for c in self.choices} | {s.name: s.start for s in self.sliders} | chosen

    def start(self, **chosen: Any) -> Values:
        """Where all controls stand at first, with some `chosen`; what that closes falls back to what is open."""
        return self.moved(self.opening(), **chosen)

    def moved(self, values: Values, wishes: Values | None = None, /, **chosen: Any) -> Values:
        """`values` after some controls moved, as in the page: the rest settles. ValueError if one cannot stand so.

        A choice follows what was last asked of it, in `wishes`, where that is open; else it stays or falls back.
        """
        after = {**values, **chosen}
        for name in (c.name for c in self.choices if c.name not in chosen):
            options = self.open(name, after)
            wanted = [(wishes or {}).get(name), after[name], *options[:1]]
            after[name] = next((option for option in wanted if option in options), after[name])
        for name in (s.name for s in self.sliders if s.name not in chosen):
            if {*self.data.get(name, {"by": ()})["by"]} & {*chosen}:
                after[name] = None
        return self.checked(after)

    def open(self, name: str, values: Values) -> list[str]:
        """The options that a choice has now."""
        return (look(self.offers[name], values) or []) if name in self.offers else list(self.choice(name).options)

    def checked(self, values: Values) -> Values:
        """The values themselves, if every control can stand so."""
        known = [*(c.name for c in self.choices), *(s.name for s in self.sliders)]
        for name in [*values, *known]:
            if name not in known:
                raise NameUnknown(f"explorer {self.name}: no control is called {name!r}{nearest(name, known)}")
            if name not in values:
                raise InputMissing(f"explorer {self.name}: {name} has no value")
        for choice in self.choices:
            options = self.open(choice.name, values)
            if values[choice.name] not in options:
                raise ValueError(f"explorer {self.name}: {choice.name} cannot be {values[choice.name]!r} here; "
                                 f"it can be {', '.join(options)}")
        for slider in self.sliders:
            low, value, high = slider.stops[0], values[slider.name], slider.stops[-1]
            number = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
            if not number and not (value is None and slider.start is None):
                raise ValueError(f"explorer {self.name}: {slider.name} cannot be {value!r}; "
                                 f"it runs from {low:g} to {high:g}")
        return values

    # what follows from them

    def operands(self, values: Values) -> dict[str, float]:
        """The inputs of the formulas, in base units, when the controls stand at `values`."""
        found = {**self.constants, **{name: look(table, values) for name, table in self.data.items()}}
        for s in self.sliders:
            found[s.name] = next(float(v) for v in (values[s.name], found.get(s.name), s.assumed) if v is not None)
        return {**found, **self.supply.python(found)} if self.supply else found

    def results(self, values: Values) -> dict[str, float]:
        """What each formula gives, in its own unit; one of the book's knows nothing of inputs made for the explorer."""
        given = self.operands(values).items()
        return {name: f({n: value for n, value in given if n in f.notation.inputs})
                for name, f in self.formulas.items()}

    def regime(self, values: Values) -> str:
        """The label of the first regime that holds."""
        results = self.results(values)
        holds = (r.label for r in self.regimes
                 if r.large is None or r.small is None or results[r.large.name] >= results[r.small.name])
        return next(holds, "")
