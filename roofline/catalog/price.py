"""What providers charge per token: dated price lines, and the rules behind them."""

from __future__ import annotations

import datetime

from pydantic import Field

from .collection import Catalog, closest, folded
from .errors import UnknownName
from .record import Date, Names, Ratio, Record, TokenPrice, Tokens, first_day, last_day


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
        """
        day = first_day(date) if isinstance(date, str) else date
        return tuple(
            line for line in self.values()
            if (provider is None or folded(provider) == folded(line.provider))
            and (model is None or folded(model) in map(folded, line.models))
            and (tier is None or folded(tier) in map(folded, [line.tier, *line.tier.split("/")]))
            and (day is None or line.holds_on(day))
            and (context is None or line.holds_at(context))
        )

    def __getitem__(self, name: str) -> Price:
        lines = self.select(model=name) if isinstance(name, str) and name not in self._records else ()
        if not lines:
            return super().__getitem__(name)
        current = [p for p in lines if p.tier == "standard" and p.until is None and p.context_above is None]
        if len(current) == 1:
            return current[0]
        raise UnknownName(f"there is no one current standard price of {name}; its lines are "
                          + ", ".join(f"{p.name} ({p.provider}, {p.tier})" for p in lines))

    def _unknown(self, name: str) -> str:
        near = closest(name, {folded(model): model for line in self.values() for model in line.models})
        return f"no price is called {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else "")
