"""Which facts are older than they should be before somebody looks at them again.

Examples
--------
>>> import datetime, warnings
>>> from roofline.catalog.staleness import review_dates, stale
>>> all(due.review > datetime.date.fromisoformat("2020-01-01") for due in review_dates())
True
>>> stale(datetime.date(2020, 1, 1))
()
>>> with warnings.catch_warnings():
...     warnings.simplefilter("ignore")
...     late = stale(datetime.date(2100, 1, 1))
>>> len(late) == len(review_dates())
True
"""

from __future__ import annotations

import datetime
import warnings
from typing import NamedTuple

from .record import last_day

#: How long a fact stands before it is due for review, in days.
SHELF_LIFE = {"specification": 365, "rental price": 180, "price": 180}


class StaleFact(UserWarning):
    """A price or specification is past its review date."""


class Due(NamedTuple):
    """A fact and the day it is due for review."""

    what: str
    record: str
    date: str
    review: datetime.date


def review_dates() -> tuple[Due, ...]:
    """Every price and specification that still holds, with its review date; the past is not reviewed."""
    from . import chips, memory_tiers, prices

    dated = [("specification", r.name, r.date) for r in (*chips.values(), *memory_tiers.values())]
    dated += [("rental price", c.name, c.rental.date) for c in chips.values() if c.rental and not c.rental.until]
    dated += [("price", p.name, p.date) for p in prices.values() if p.until is None]
    return tuple(Due(what, name, date, last_day(date) + datetime.timedelta(days=SHELF_LIFE[what]))
                 for what, name, date in dated)


def stale(today: datetime.date | None = None) -> tuple[Due, ...]:
    """The facts past their review date, each also given as a StaleFact warning.

    Parameters
    ----------
    today : datetime.date, optional
        The day to judge by; by default the current one.
    """
    today = today or datetime.date.today()
    past = tuple(due for due in review_dates() if due.review < today)
    for due in past:
        message = f"the {due.what} of {due.record} dates from {due.date}, to be reviewed by {due.review}"
        warnings.warn(message, StaleFact, stacklevel=2)
    return past
