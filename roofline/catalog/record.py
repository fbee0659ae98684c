"""What every record of the catalog has: sources, a date, and what is unconfirmed or disputed about it."""

from __future__ import annotations

import calendar
import datetime
import re
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from roofline.algebra.units import parse

_SCALES = {"thousand": "e3", "million": "e6", "billion": "e9", "trillion": "e12"}
_WORDED = re.compile(r"^\s*([-+\d.,_]+)\s+(thousand|million|billion|trillion)\b\s*(.*)$")
_DATE = re.compile(r"^\d{4}(-\d{2}(-\d{2})?)?$")


def quantity(value: Any, unit: str) -> float:
    """A quantity as the files write it: "3.35 TB/s", "671 billion parameters", "56.3 %", or a bare count."""
    if isinstance(value, str):
        if value.endswith("%"):
            return round(parse(value[:-1], unit) / 100, 12)
        if match := _WORDED.match(value):
            value = f"{match[1]}{_SCALES[match[2]]} {match[3]}"
        value = re.sub(r"\b(token|parameter)s\b", r"\1", value)
    return parse(value, unit)


def last_day(date: str) -> datetime.date:
    """The last day that a date such as 2026, 2026-09 or 2026-09-20 can mean."""
    year, *rest = map(int, date.split("-"))
    if len(rest) == 2:
        return datetime.date(year, *rest)
    month = rest[0] if rest else 12
    return datetime.date(year, month, calendar.monthrange(year, month)[1])


def first_day(date: str) -> datetime.date:
    """The first day that a date such as 2026, 2026-09 or 2026-09-20 can mean."""
    year, month, day = (*map(int, date.split("-")), 1, 1)[:3]
    return datetime.date(year, month, day)


def dated(value: Any) -> str:
    """A date as the files write it, in part or in full; ValueError if there is no such date."""
    text = str(value)
    try:
        if not _DATE.match(text):
            raise ValueError
        first_day(text)
    except ValueError:
        raise ValueError("expected a date such as 2026, 2026-09 or 2026-09-20") from None
    return text


def _in(unit: str) -> Any:
    return BeforeValidator(partial(quantity, unit=unit))


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Date = Annotated[str, BeforeValidator(dated)]
FlopRate = Annotated[float, _in("FLOP/s"), Field(gt=0)]
ByteRate = Annotated[float, _in("byte/s"), Field(gt=0)]
Bytes = Annotated[float, _in("byte"), Field(gt=0)]
Watts = Annotated[float, _in("W"), Field(gt=0)]
HourlyPrice = Annotated[float, _in("USD/hour"), Field(gt=0)]
BytePrice = Annotated[float, _in("USD/byte"), Field(gt=0)]
TokenPrice = Annotated[float, _in("USD/token"), Field(gt=0)]
Parameters = Annotated[float, _in("parameter"), Field(gt=0)]
Tokens = Annotated[float, _in("token"), Field(gt=0)]
TokenBytes = Annotated[float, _in("byte/token"), Field(gt=0)]
Seconds = Annotated[float, _in("s"), Field(gt=0)]
Text = Annotated[str, BeforeValidator(str)]
Ratio = Annotated[float, _in("1"), Field(gt=0)]
Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Part(BaseModel):
    """A frozen piece of a record that takes no unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Part):
    """Where a fact was found. `date` is the source's own date, where it has one."""

    name: str
    title: str
    url: str | None = None
    kind: str
    date: Date | None = None
    note: str = ""
    aliases: Names = ()


class Alternative(Part):
    """Another published value of one field, kept with the verdict on it."""

    field: str
    value: str | int
    source: str
    detail: str = ""
    verdict: str = ""


class Record(Part):
    """A fact with its provenance.

    Attributes
    ----------
    name, aliases : str, tuple of str
        What the record is looked up by.
    sources : tuple of str
        Names of entries in `roofline.catalog.sources`; `cited` gives the entries.
    date : str
        When the record was collected.
    unconfirmed : tuple of str
        Fields that no source confirms, each with an optional remark in brackets; "all" for every one.
    alternatives : tuple of Alternative
        Other published values.
    """

    name: str
    aliases: Names = ()
    sources: Names = Field(min_length=1)
    date: Date
    confidence: str = ""
    unconfirmed: Names = ()
    alternatives: tuple[Alternative, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _names_its_fields(self) -> Record:
        for path in [*self.unconfirmed_fields, *(a.field for a in self.alternatives)]:
            if path != "all" and not self.has(path):
                raise ValueError(f"{path!r} is called unconfirmed or disputed but is no field of this record")
        return self

    def has(self, path: str) -> bool:
        """Whether the record has the field, such as "memory" or "rates.fp8"."""
        here: Any = self
        for step in path.split("."):
            here = here.get(step) if isinstance(here, dict) else getattr(here, step, None)
            if here is None:
                return path in type(self).model_fields
        return True

    @property
    def unconfirmed_fields(self) -> frozenset[str]:
        """The unconfirmed fields without their remarks."""
        return frozenset(entry.split(" (")[0] for entry in self.unconfirmed)

    def is_unconfirmed(self, path: str) -> bool:
        """Whether the field, what contains it, or the whole record is unconfirmed."""
        steps = path.split(".")
        return bool(self.unconfirmed_fields & {"all", *(".".join(steps[:i + 1]) for i in range(len(steps)))})

    @property
    def cited(self) -> tuple[Source, ...]:
        """The entries of `sources`."""
        from . import sources

        return tuple(sources[name] for name in self.sources)
