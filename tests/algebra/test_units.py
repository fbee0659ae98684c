import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roofline.algebra import units
from roofline.algebra.units import UnitError, compatible, factor, parse, text
from roofline.teaching import numbers as prose


@pytest.mark.parametrize(
    ("written", "unit", "value"),
    [
        ("3.35 TB/s", "byte/s", 3.35e12),
        ("989.4 TFLOP/s", "FLOP/s", 989.4e12),
        ("96 GiB", "byte", 96 * 2**30),
        ("4.25 bit/parameter", "byte/parameter", 4.25 / 8),
        ("2 USD/hour", "USD/s", 2 / 3600),
        ("671e9 parameter", "parameter", 671e9),
        ("14,800 token/s", "token/s", 14800.0),
        ("72", "1", 72.0),
        (5, "1", 5.0),
    ],
)
def test_quantities_are_read_in_base_units(written, unit, value):
    assert parse(written, unit) == pytest.approx(value, rel=1e-15)


def test_a_decimal_price_of_bandwidth_stays_the_decimal_that_was_written():
    assert parse("3.35 TB/s", "byte/s") == 3.35e12


@pytest.mark.parametrize(
    ("bad", "unit", "says"),
    [
        ("3.35 TB", "byte/s", "expected a unit like byte/s, got 'TB'"),
        ("3.35", "byte/s", "got 'none'"),
        (3.35, "byte/s", "got 'none'"),
        ("fast", "byte/s", "expected a number and a unit"),
        ("3 kg", "byte", "is not known"),
        (None, "byte", "expected a quantity in byte"),
        (True, "1", "expected a quantity"),
        ("1e999 B", "byte", "finite"),
    ],
)
def test_a_bad_quantity_gets_one_sentence(bad, unit, says):
    with pytest.raises(UnitError) as error:
        parse(bad, unit)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_what_is_counted_never_mixes():
    kinds = ["FLOP", "byte", "token", "parameter", "USD", "s", "J", "1"]
    for a in kinds:
        assert [b for b in kinds if compatible(a, b)] == [a]


def test_byte_and_gib_follow_the_convention():
    assert factor("GB") == 1e9 and factor("GiB") == 2**30 and factor("bit") == 1 / 8


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (0.00116, "s", "1.16 ms"),
        (0.00116, "µs", "1,160 µs"),
        (999.96e9, "byte", "1 TB"),
        (671e9, "parameter", "671 billion parameters"),
        (128_000, "token/s", "128,000 tokens/s"),
        (3.1e-7, "USD/Mtoken", "$0.31 per million tokens"),
        (2 / 3600, "USD/hour", "$2.00 per hour"),
        (5400, "s", "90 min"),
        (0, "s", "0 s"),
        (1, "token", "1 token"),
        (math.inf, "1", "∞"),
        (3.2e-7, "1", "3.20 × 10⁻⁷"),
        (-0.5, "1", "−0.5"),
        (0.037, "%", "3.7 %"),
        (1, "%", "100 %"),
        (-0.99999, "%", "−100 %"),
        (0, "%", "0 %"),
        (999.994, "USD", "$999.99"),
        (999.999, "USD", "$1,000"),
        (999_499, "USD", "$999,000"),
        (999_999.6, "USD", "$1 million"),
        (0.09999, "USD", "$0.10"),
        (0, "USD", "$0"),
    ],
)
def test_results_read_as_a_person_writes_them(value, unit, written):
    assert text(value, unit) == written


@given(st.floats(1e-6, 1e6), st.integers(1, 6))
def test_hundredths_read_as_the_prose_writes_them(ratio, digits):
    assert text(ratio, "%", digits) == prose.written(ratio, "%", digits)


@given(st.floats(0.1, 1e9), st.integers(3, 6))
def test_money_reads_back_and_shows_cents_only_below_a_thousand(amount, digits):
    shown = text(amount, "USD", digits).removeprefix("$")
    scale = 1e6 if "million" in shown else 1e9 if "billion" in shown else 1
    number = float(shown.split()[0].replace(",", "")) * scale
    assert number == pytest.approx(amount, rel=0.51 * 10 ** (1 - digits), abs=0.00501)
    if digits == 3:
        assert ("." in shown and "illion" not in shown) == (number < 1000)


def test_nan_is_never_written():
    with pytest.raises(UnitError):
        text(math.nan, "s")


@given(st.floats(1e-12, 1e25), st.sampled_from(["byte/s", "FLOP", "W"]))
def test_written_quantities_read_back_to_three_digits(value, unit):
    shown = text(value, unit)
    assert parse(shown, unit) == pytest.approx(value, rel=0.0051) or "×" in shown


@given(st.floats(1e-4, 1e14), st.integers(1, 6))
def test_significant_keeps_that_many_digits(value, digits):
    assert float(units.significant(value, digits).replace(",", "")) == pytest.approx(
        value, rel=0.51 * 10 ** (1 - digits)
    )
