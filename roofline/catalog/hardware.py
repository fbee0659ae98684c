"""Chips and memory tiers: what a data sheet says, and the operands a formula takes from it."""

from __future__ import annotations

from operator import index
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from .errors import UnknownPrecision
from .operands import Operands
from .precision import known, listed
from .record import BytePrice, ByteRate, Bytes, Date, FlopRate, HourlyPrice, Names, Part, Record, Text, Watts


class ScaleUp(Part):
    """The domain in which chips reach each other at full link speed. `bandwidth` is one way, per chip."""

    chips: int = Field(gt=0)
    bandwidth: ByteRate | None = None


class Rental(Part):
    """What an hour of one chip costs on the market, with its own sources and date.

    `until` is the last day it held, of a price that is history; None for one that is looked up again.
    """

    price: HourlyPrice
    other: HourlyPrice | None = None
    low: HourlyPrice | None = None
    high: HourlyPrice | None = None
    flex_start: HourlyPrice | None = None
    spot_low: HourlyPrice | None = None
    sources: Names = Field(min_length=1)
    date: Date
    until: Date | None = None
    note: str = ""


class Rack(Part):
    """Which chip a rack is made of, and how many."""

    chip: str
    count: int = Field(gt=0)


class Chip(Record):
    """One accelerator package, or a whole rack of them.

    Attributes
    ----------
    rates : mapping of str to float
        Dense FLOP/s by precision (integer operations count as FLOP).
    memory, bandwidth : float
        Bytes, and bytes per second, of HBM (or of SRAM where there is no HBM).
    scale_up : ScaleUp
        The fast domain; bandwidth one way, per chip.
    scale_out : float
        Bytes per second one way, per chip, to the rest of the cluster.
    tdp : float
        Watts. `rental` is None where no price was found.
    """

    vendor: str
    product: str
    status: str
    released: Text
    rates: dict[Annotated[str, AfterValidator(known)], FlopRate] = Field(min_length=1)
    memory: Bytes
    memory_label: str
    bandwidth: ByteRate
    scale_up: ScaleUp
    scale_out: ByteRate | None = None
    tdp: Watts | None = None
    rental: Rental | None = None
    rack: Rack | None = None

    def rate(self, compute: str) -> float:
        """Dense FLOP/s at a precision; UnknownPrecision naming those it has."""
        if compute not in self.rates:
            has = listed(self.rates)
            raise UnknownPrecision(f"{self.name} has no {compute!r} rate in the catalog; it has {has}")
        return self.rates[compute]

    def at(self, compute: str, n: int = 1) -> Operands:
        """The operands of n such chips at a compute precision; a rack counts as its chips.

        Parameters
        ----------
        compute : str
            Precision of the arithmetic, such as "fp8".
        n : int
            How many.

        Returns
        -------
        Operands
            C (FLOP/s per chip), W (byte/s per chip), M (bytes per chip), n (chips), n_up (chips of a scale-up
            domain) and, where they are known, W_up and W_out (byte/s one way per chip, inside and outside that
            domain), power (watts) and price (USD per chip-second).

        Raises
        ------
        UnknownPrecision
            If the chip has no rate at that precision.
        ValueError
            If n is not a whole number of at least 1.
        """
        count = whole(n)
        if self.rack is not None:
            return rack_chip(self).at(compute, count * self.rack.count)
        rate = self.rate(compute)
        sheet = {"C": (rate, f"rates.{compute}"), "W": (self.bandwidth, "bandwidth"), "M": (self.memory, "memory"),
                 "W_up": (self.scale_up.bandwidth, "scale_up.bandwidth"), "W_out": (self.scale_out, "scale_out"),
                 "n_up": (self.scale_up.chips, "scale_up.chips"), "power": (self.tdp, "tdp")}
        values = {"n": float(count)} | {name: float(v) for name, (v, _) in sheet.items() if v is not None}
        fields = {name: field for name, (_, field) in sheet.items() if name in values}
        origin = dict.fromkeys(fields, self.cited)
        if self.rental is not None:
            values["price"], fields["price"] = self.rental.price, "rental"
            origin["price"] = cited(self.rental.sources)
        doubted = frozenset(symbol for symbol, field in fields.items() if self.is_unconfirmed(field))
        return Operands(f"{count} × {self.name} at {compute}", values, origin, doubted)


class MemoryTier(Record):
    """A level of the memory hierarchy: bytes, bytes per second, and USD per byte where a price is public."""

    product: str
    capacity: Bytes
    bandwidth: ByteRate
    price: BytePrice | None = None
    price_2025: BytePrice | None = None
    price_server_2026: BytePrice | None = None
    price_cheapest: BytePrice | None = None


def cited(names: tuple[str, ...]) -> Any:
    """The entries of the sources file by these names."""
    from . import sources

    return tuple(sources[name] for name in names)


def whole(n: Any) -> int:
    """n as an int of at least 1; ValueError otherwise."""
    try:
        count = index(n)
    except TypeError:
        count = 0
    if isinstance(n, bool) or count < 1:
        raise ValueError(f"n must be a whole number of chips of at least 1, got {n!r}")
    return count


def rack_chip(rack: Chip) -> Chip:
    """The chip a rack is made of; ValueError for a record that is not a rack."""
    from . import chips

    if rack.rack is None:
        raise ValueError(f"{rack.name} is one chip, not a rack")
    return chips[rack.rack.chip]


def rack_totals(rack: Chip) -> dict[str, float]:
    """A rack's totals recomputed from its chips: FLOP/s by precision, memory, bandwidth, scale_out."""
    chip = rack_chip(rack)
    count = rack.rack.count if rack.rack else 1
    totals = {f"rates.{precision}": rate * count for precision, rate in chip.rates.items()}
    totals |= {"memory": chip.memory * count, "bandwidth": chip.bandwidth * count}
    if chip.scale_out is not None:
        totals["scale_out"] = chip.scale_out * count
    return totals
