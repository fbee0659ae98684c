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


@pytest.mark.parametrize(
    ("written", "unit", "value"),
    [
        ("-3 s", "s", -3.0),
        ("+3 s", "s", 3.0),
        (".5 B", "byte", 0.5),
        ("3e2s", "s", 300.0),
        ("2E-3 s", "s", 0.002),
        ("  2  s  ", "s", 2.0),
        ("1,234,567.5 s", "s", 1234567.5),
        ("0.1 TB", "byte", 1e11),
        ("1.1 TB", "byte", 1.1e12),
        ("1 month", "s", 365.25 / 12 * 86400),
        (2.5, "1", 2.5),
    ],
)
def test_a_number_may_be_written_in_many_ways(written, unit, value):
    assert parse(written, unit) == value


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("1,2 B", "'1,2 B': expected a number and a unit like byte"),
        ("1,0000 B", "'1,0000 B': expected a number and a unit like byte"),
        ("1_000 B", "'1_000 B': expected a number and a unit like byte"),
        ("1.2.3 B", "'1.2.3 B': expected a number and a unit like byte"),
        ("٣ B", "'٣ B': expected a number and a unit like byte"),
        ("", "'': expected a number and a unit like byte"),
        ("5 s", "'5 s': expected a unit like byte, got 's'"),
        (5, "5: expected a unit like byte, got 'none'"),
        ("1e308 GB", "'1e308 GB': expected a finite quantity in byte"),
        ([1], "[1]: expected a quantity in byte, such as '3.35 byte'"),
        (False, "False: expected a quantity in byte, such as '3.35 byte'"),
    ],
)
def test_a_bad_quantity_is_shown_with_what_was_expected(bad, says):
    with pytest.raises(UnitError) as error:
        parse(bad, "byte")
    assert str(error.value) == says


@pytest.mark.parametrize("bad", ["", "  ", None, 3])
def test_a_unit_is_text_and_not_empty(bad):
    with pytest.raises(UnitError) as error:
        units.unit(bad)
    assert str(error.value) == f"unit {bad!r}: expected text such as 'byte/s', or '1' for a count"


@pytest.mark.parametrize("bad", ["%", "kg", "!", "0", "byte/kg"])
def test_a_unit_that_is_not_ours_is_answered_with_those_that_are(bad):
    with pytest.raises(UnitError) as error:
        units.unit(bad)
    assert str(error.value) == (
        f"unit {bad!r} is not known; units are built from FLOP, byte, bit, token, parameter, USD, "
        "s, min, h, day, month, year, J and W, with SI or binary prefixes"
    )


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *((f"{prefix}s", scale) for scale, prefix in units.PREFIXES),
        ("us", 1e-6),
        ("kilobyte", 1e3),
        ("KiB", 2**10),
        ("MiB", 2**20),
        ("GiB", 2**30),
        ("TiB", 2**40),
        ("min", 60),
        ("h", 3600),
        ("day", 86400),
        ("month", 2_629_800),
        ("year", 31_557_600),
        ("W", 1),
        ("bit", 0.125),
        ("USD/Mtoken", 1e-6),
        (" 1 ", 1),
    ],
)
def test_a_unit_has_the_size_its_prefix_says(name, size):
    assert factor(name) == pytest.approx(size, rel=1e-15)


@pytest.mark.parametrize("name", ["byte/s", "1", "USD/token", "W", "FLOP*s"])
def test_a_base_unit_needs_no_factor(name):
    assert units.base(name, "it") is None


@pytest.mark.parametrize("name", ["ms", "TB/s", "bit", "hour"])
def test_a_unit_that_needs_a_factor_is_not_declared(name):
    with pytest.raises(UnitError) as error:
        units.base(name, "the rate")
    assert str(error.value) == (
        f"the rate is declared in {name!r}; declare it in base units: s, byte, FLOP, token, parameter, USD, J"
    )


STEPS = [1e24, 1e21, 1e18, 1e15, 1e12, 1e9, 1e6, 1e3, 1.0, 1e-3, 1e-6, 1e-9, 1e-12]


@pytest.mark.parametrize(("scale", "prefix"), list(zip(STEPS, [*"YZEPTGMk", "", *"mµnp"], strict=True)))
def test_a_prefix_starts_at_one_of_it_once_rounded(scale, prefix):
    assert text(scale, "FLOP") == f"1 {prefix}FLOP"
    assert text(5 * scale, "byte/s") == f"5 {prefix}B/s"
    assert text(999 * scale, "W") == f"999 {prefix}W"
    if scale > STEPS[-1]:
        assert text(0.99951 * scale, "J") == f"1 {prefix}J"
    if scale < STEPS[0]:
        assert text(999.999999999 * scale, "byte", 12) == f"999.999999999 {prefix}B"


@pytest.mark.parametrize(
    ("scale", "word"), [(1e15, " quadrillion"), (1e12, " trillion"), (1e9, " billion"), (1e6, " million")]
)
def test_a_word_starts_at_one_of_it_once_rounded(scale, word):
    assert text(scale, "1") == f"1{word}" == text(0.9996 * scale)
    assert text(scale, "token/s") == f"1{word} tokens/s"
    assert text(scale - 1, "1", 15) != text(scale, "1", 15)
    assert text(2.5 * scale, "USD") == f"$2.5{word}"


def test_the_last_number_before_a_word_keeps_the_word_below_it():
    assert text(999_999_999_999_999, "1", 15) == "999.999999999999 trillion"
    assert text(999_999, "1", 6) == "999,999" and text(999_499, "1") == "999,000"


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        (119.4, "s", "119 s"),
        (120, "s", "2 min"),
        (-300, "second", "−5 min"),
        (7199.9, "s", "120 min"),
        (7200, "s", "2 h"),
        (172_799, "s", "48 h"),
        (172_800, "s", "2 days"),
        (7200, "hour", "2 hour"),
        (-math.inf, "s", "−∞"),
        (math.inf, "USD", "∞"),
        (1e27, "FLOP", "1,000 YFLOP"),
        (3e-15, "byte", "0.003 pB"),
        (5e3, "watt", "5 kW"),
        (1, "joule", "1 J"),
        (0, "byte", "0 B"),
        (0, "bit", "0 bit"),
        (0, "token", "0 tokens"),
        (0, "1", "0"),
        (1, "1", "1"),
        (1, "token/s", "1 token/s"),
        (-1, "token", "−1 token"),
        (1.004, "parameter", "1 parameter"),
        (1.01, "parameter", "1.01 parameters"),
        (1e6, "token", "1 million tokens"),
        (0.01, "%", "1 %"),
        (1000, "bit", "8,000 bit"),
        (-5, "USD", "−$5.00"),
        (3, "USD/token", "$3.00/token"),
        (1, "USD/s", "$1.00 per second"),
        (0.1, "USD", "$0.10"),
        (0.0949, "USD", "$0.0949"),
        (2.345, "USD", "$2.35"),
        (999.99, "USD", "$999.99"),
        (1e6, "USD", "$1 million"),
    ],
)
def test_the_form_changes_where_a_reader_would_change_it(value, unit, written):
    assert text(value, unit) == written


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (2.34567, 5, "$2.3457"),
        (2.5, 1, "$2.50"),
        (999.9999, 7, "$999.999900"),
        (1234.5678, 7, "$1,234.568"),
    ],
)
def test_money_shows_at_least_cents_and_more_if_asked(value, digits, written):
    assert text(value, "USD", digits) == written


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0, 3, "0"),
        (0.0001, 3, "0.0001"),
        (0.000099999, 3, "0.0001"),
        (0.000099949, 3, "9.99 × 10⁻⁵"),
        (123_456, 1, "100,000"),
        (2.5, 1, "3"),
        (0.125, 2, "0.13"),
        (-0.125, 2, "-0.13"),
        (999.5, 3, "1,000"),
        (999.4, 3, "999"),
        (1200.5, 5, "1,200.5"),
        (100, 3, "100"),
        (999_400_000_000_000, 3, "999,000,000,000,000"),
        (999_600_000_000_000, 3, "1.00 × 10¹⁵"),
        (1e15, 1, "1 × 10¹⁵"),
        (1.2345678e-10, 4, "1.235 × 10⁻¹⁰"),
    ],
)
def test_significant_rounds_halves_up_and_changes_to_powers_of_ten_at_both_ends(value, digits, written):
    assert units.significant(value, digits) == written


def test_three_digits_are_shown_unless_asked():
    assert units.significant(1234.5) == "1,230" and text(1234.5) == "1,230" and text(0.12345, "%") == "12.3 %"


def test_what_is_no_number_is_refused_by_its_unit():
    with pytest.raises(UnitError, match=r"^cannot write NaN in byte/s$"):
        text(math.nan, "byte/s")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(32768.0, "1", "32,768"),
     (131072, "token", "131,072 tokens"), (7, "1", "7"), (0, "1", "0"), (-12345, "1", "−12,345"),
     (0.12345, "1", "0.1235"), (12345.5, "1", "12,350"), (671.0264e9, "parameter", "671 billion parameters"),
     (98304, "byte", "98.3 kB"), (math.inf, "token", "∞")],
)  # fmt: skip
def test_an_input_is_shown_as_given_a_count_to_its_last_digit(value, unit, shown):
    assert units.as_given(value, unit) == shown
