"""The list of facts due for review, as the weekly workflow reads it."""

import datetime
import re

import pytest

from roofline import chips, prices
from roofline.catalog.staleness import SHELF_LIFE, Due
from tools import stale

DAY = datetime.date(2027, 3, 1)


def due(what, record, review):
    return Due(what, record, "2026", datetime.date.fromisoformat(review))


def test_the_report_names_each_fact_once_under_its_kind_the_oldest_first():
    facts = [due("price", "b", "2027-02-01"), due("price", "a", "2027-02-03"), due("price", "c", "2027-01-31"),
             due("rental price", "H100", "2027-01-01")]
    report = stale.report(facts, DAY)
    assert report.startswith("On 2027-03-01 4 facts are past their review date.")
    assert re.findall(r"### (.+), due", report) == ["Rental prices", "Prices"]
    assert re.findall(r"(?m)^\| (\w+) \| 2026 \| ([\d-]+) \|$", report) == [
        ("H100", "2027-01-01"), ("c", "2027-01-31"), ("b", "2027-02-01"), ("a", "2027-02-03")]


@pytest.mark.parametrize("kind", SHELF_LIFE)
def test_status_and_text_follow_the_day(kind, capsys):
    """A kind is listed the day after the shelf life of its newest fact; nothing is on a day when all are new."""
    newest = {"price": max(p.date for p in prices.values() if not p.until), "specification": chips["H100"].date,
              "rental price": chips["H100"].rental.date}
    last = datetime.date.fromisoformat(newest[kind]) + datetime.timedelta(days=SHELF_LIFE[kind])
    assert stale.main(["--today", str(last + datetime.timedelta(days=1))]) == 1
    assert f"### {kind.capitalize()}s, due" in capsys.readouterr().out
    assert stale.main(["--today", "2020-01-01"]) == 0
    assert capsys.readouterr().out == "On 2020-01-01 no fact is past its review date.\n"


def test_a_day_that_is_none_is_neither_fresh_nor_stale(capsys):
    with pytest.raises(SystemExit) as stopped:
        stale.main(["--today", "soon"])
    assert stopped.value.code == 2
