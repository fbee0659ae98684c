"""What providers charge per token: dated price lines, and the rules behind them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from pydantic import Field

from roofline.attention import check_context

from .collection import Catalog, closest, folded
from .errors import UnknownName
from .record import Date, Names, Ratio, Record, TokenPrice, Tokens, dated, first_day, last_day


class Price(Record):
    """One line of a price list: a model, a tier, a range of context lengths, a span of time.

    Attributes
    ----------
    input, output, cached_input, cache_write, cache_write_5m, cache_write_1h : float
        USD per token (the file says USD/Mtoken); None where not offered or not found.
    tier : str
        "standard", "batch", "batch/flex", "priority", "fast", "off-peak" or "peak".
    price_multiple, speed_multiple : float
        Of the standard tier, as the provider states them.
    context_up_to, context_above : float
        The range of context lengths in tokens; None where unbounded.
    since, until : str
        First and last day the price held; None where not established.
    """

    provider: str
    models: Names = Field(min_length=1)
    variant: str = ""
    tier: str = "standard"
    price_multiple: Ratio | None = None
    speed_multiple: Ratio | None = None
    hours: str = ""
    context_up_to: Tokens | None = None
    context_above: Tokens | None = None
    context_note: str = ""
    since: Date | None = None
    until: Date | None = None
    input: TokenPrice
    output: TokenPrice
    cached_input: TokenPrice | None = None
    cache_write: TokenPrice | None = None
    cache_write_5m: TokenPrice | None = None
    cache_write_1h: TokenPrice | None = None

    @property
    def output_to_input(self) -> float:
        return self.output / self.input

    @property
    def input_to_cached(self) -> float | None:
        return None if self.cached_input is None else self.input / self.cached_input

    def holds_on(self, day: datetime.date) -> bool:
        """Whether the price held on a day, as far as its dates are established."""
        begun = self.since is None or first_day(self.since) <= day
        return begun and (self.until is None or day <= last_day(self.until))

    def holds_at(self, context: float) -> bool:
        """Whether the price is for a context of so many tokens."""
        return (self.context_above or -1) < context <= (self.context_up_to or float("inf"))


class PricingRule(Record):
    """A rule that a provider's prices follow, as named ratios; tests hold the price lines to it."""

    topic: str
    provider: str | None = None
    providers: Names = ()
    threshold: Tokens | None = None
    input_above: Ratio | None = None
    output_above: Ratio | None = None
    cache_write_5m: Ratio | None = None
    cache_write_1h: Ratio | None = None
    cache_read: Ratio | None = None
    cache_read_exceptions: dict[str, Ratio] = Field(default_factory=dict)
    of_standard: Ratio | None = None
    offpeak_of_peak: Ratio | None = None
    peak_hours: str = ""
    status: str = ""


class PriceList(Catalog[Price]):
    """Price lines by name, by model, or by `select`.

    `prices["Claude Opus 4.6"]` is that model's current standard price at short context; every other line has
    a name of its own, or is found by `select`.
    """

    def select(self, provider: str | None = None, model: str | None = None, tier: str | None = None,
               date: str | datetime.date | None = None, context: float | None = None) -> tuple[Price, ...]:
        """The price lines that fit all that is given, in the order of the file.

        Parameters
        ----------
        provider, model, tier : str, optional
            Spelled freely; tier "batch" also finds "batch/flex".
        date : str or datetime.date, optional
            A day on which the price held, such as "2026-03-01".
        context : float, optional
            Context length in tokens.

        Raises
        ------
        UnknownName
            If no line of any date has that provider, model or tier.
        ValueError
            If the date or the context is none.
        """
        if context is not None:
            check_context(context)
        day = None if date is None else _day(date)
        asked = {what: self._known(what, name) for what, name in
                 (("provider", provider), ("model", model), ("tier", tier)) if name is not None}
        return tuple(
            line for line in self.values()
            if all(name in map(folded, _names(line, what)) for what, name in asked.items())
            and (day is None or line.holds_on(day))
            and (context is None or line.holds_at(context))
        )

    def _known(self, what: str, name: str) -> str:
        """The name of a provider, model or tier, folded; UnknownName with what is close if no line has it."""
        if not isinstance(name, str):
            raise UnknownName(f"a {what} is looked up by its name, not by {name!r}")
        known = self._spelled(what)
        if folded(name) not in known:
            near = " or ".join(closest(name, known))
            hint = f"did you mean {near}?" if near else f"there are {', '.join(list(known.values())[:6])}"
            raise UnknownName(f"no price line has the {what} {name!r}; {hint}")
        return folded(name)

    def _spelled(self, what: str) -> dict[str, str]:
        return {folded(name): name for line in self.values() for name in _names(line, what)}

    def __getitem__(self, name: str) -> Price:
        if not isinstance(name, str) or name in self._records or folded(name) not in self._spelled("model"):
            return super().__getitem__(name)
        lines = self.select(model=name)
        current = [p for p in lines if p.tier == "standard" and p.until is None and p.context_above is None]
        if len(current) == 1:
            return current[0]
        raise UnknownName(f"there is no one current standard price of {name}; its lines are "
                          + ", ".join(f"{p.name} ({p.provider}, {p.tier})" for p in lines))

    def _unknown(self, name: str) -> str:
        near = closest(name, self._spelled("model"))
        return f"no price is called {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")


def _names(line: Price, what: str) -> Sequence[str]:
    """What a line's provider, model or tier may be called."""
    called = {"provider": [line.provider], "model": line.models, "tier": [line.tier, *line.tier.split("/")]}
    return called[what]


def _day(date: str | datetime.date) -> datetime.date:
    """A day given as text, as a date, or as a moment of it."""
    if isinstance(date, datetime.datetime):
        return date.date()
    if isinstance(date, datetime.date):
        return date
    try:
        return first_day(dated(date))
    except ValueError as error:
        raise ValueError(f"date: {error}, got {date!r}") from None
