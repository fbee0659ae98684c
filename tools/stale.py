"""Which prices and specifications are past their review date: `python -m tools.stale`.

What it prints is the text of the issue that the weekly workflow keeps. The status is 0 if nothing is due, 1 if
something is, so that a workflow can tell the two apart from a failure, 2.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import warnings
from collections.abc import Iterable, Sequence
from itertools import groupby

from roofline.catalog.staleness import SHELF_LIFE, Due, StaleFact, stale


def report(due: Iterable[Due], today: datetime.date) -> str:
    """The facts in Markdown, by kind, the one longest overdue first."""
    ordered = sorted(due, key=lambda fact: (list(SHELF_LIFE).index(fact.what), fact.review, fact.record))
    if not ordered:
        return f"On {today} no fact is past its review date.\n"
    parts = [
        f"On {today} {len(ordered)} facts are past their review date. Look each up again, correct what has changed, "
        "and write today's date beside it in `roofline/catalog/data/`."
    ]
    for what, facts in groupby(ordered, key=lambda fact: fact.what):
        rows = [f"| {fact.record} | {fact.date} | {fact.review} |" for fact in facts]
        parts.append(f"### {what.capitalize()}s, due after {SHELF_LIFE[what]} days")
        parts.append("\n".join(["| Record | Dates from | Was due |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def main(typed: Sequence[str] | None = None) -> int:
    """Print the report; 1 if anything is due."""
    parser = argparse.ArgumentParser(prog="python -m tools.stale", description="Facts past their review date.")
    parser.add_argument("--today", type=datetime.date.fromisoformat, default=datetime.date.today(), metavar="DAY",
                        help="judge by another day, such as 2027-03-01")  # fmt: skip
    today = parser.parse_args(typed).today
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleFact)  # the report says the same
        due = stale(today)
    print(report(due, today), end="")
    return bool(due)


if __name__ == "__main__":
    sys.exit(main())
