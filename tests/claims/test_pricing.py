"""The rows on prices against sums done here, from figures typed here with where they come from."""

import pytest

from .rows import agrees, lent

# Prices in USD per million tokens. Anthropic's list for Claude Opus 4.7, 2026-04-16: input 5, output 25, hit 0.50,
# write 6.25 and 10. Google's for Gemini 3.1 Pro, 2026-02-19: 2 and 12 up to 200,000 tokens, 4 and 18 above.
# DeepSeek's for V4-Pro at launch, 2026-04-23: 1.74, 3.48 and 0.145 for a hit.
# Llama 4 Scout: 12 layers that grow and 36 that keep 8,192 tokens, 8 KV heads of 128.
# GB200: 5 PFLOP/s dense fp8, 8 TB/s, 186 GB (NVIDIA). Rent as in the lecture, 2 USD an hour.
# DeepSeek, Inference System Overview, 2025-03-01: 14,800 tokens/s decoded a node; 73,700 prompt tokens/s a node,
# of which 342 of 608 billion were found in the cache.

KINK = 100e9 / 300 / 200e3
PREFILL = 2 * 100e9 / 5e15 * 2 / 3600 / 0.5
MEDIAN = 2 * 2 * 8 * 128 * (12 + 36 * 8192 / 200e3)
FLASH = 3.2e12 / 14e9  # Micron 9550 MAX, 3.2 TB at 14,000 MB/s (StorageReview)
DISK = 30e12 / 275e6  # Seagate Exos M class

KEY_ROWS = {  # what decides, what was stated, verdict
    "pricing-01": (4 / 2, 1.5, "roughly"),
    "pricing-06": (KINK, 1667, "holds"),
    "pricing-08": (MEDIAN, 2000, "off"),
    "pricing-09": (2 * 8 * 128, 1667, "roughly"),
    "pricing-11": (562_027 / 87_072, 1, "off"),
    "pricing-12": (3.48 / 1.74, 3, "roughly"),
    "pricing-15": (14_800 / (73_700 * (608 - 342) / 608), 0.2, "roughly"),
    "pricing-18": (1.74 / 0.145, 10, "roughly"),
    "pricing-24": (10 / 6.25, 1.25, "roughly"),
    "pricing-26": (768e9 / 614.4e9, 768e9 / 614.4e9, "holds"),  # twelve channels of DDR5-6400
    "pricing-27": (FLASH, 60, "off"),
    "pricing-28": (DISK, 3600, "off"),
}

TYPED = {
    "holds": {"02", "10", "13", "14", "20", "21", "22", "25", "32", "33"},
    "inconsistent": {"04", "07", "16", "17", "29", "31"},
    "not derivable": {"03", "05", "19", "30"},
}


@pytest.mark.parametrize("name", KEY_ROWS)
def test_a_row_comes_to_what_a_small_sum_comes_to(ledger, name):
    agrees(ledger[name], *KEY_ROWS[name], rel=2e-3)


def test_each_verdict_that_a_person_gave_is_known_here(ledger):
    typed = {row.id.removeprefix("pricing-"): row.called for row in ledger.select("pricing") if row.called}
    assert typed == {number: verdict for verdict, numbers in TYPED.items() for number in numbers}


def test_two_tiers_cover_half_as_much_context_again_and_a_million_tokens_needs_more_than_three_times_the_cost(ledger):
    found = lent(ledger["pricing-04"])
    assert found["covered"] == pytest.approx(1.5 * 200e3) and found["doubled"] == pytest.approx(3 * 200e3)
    assert found["needed"] == pytest.approx(5 / 1.5)


def test_one_open_model_reads_little_more_than_two_kilobytes_and_the_others_eight_to_260_times_as_much(ledger):
    """Layers and heads of Llama-3.1-405B: 126, 8 of 128. DeepSeek-V3: 61 layers, 512 + 64 elements. Two bytes each."""
    found = {case.key: case.value for case in ledger["pricing-08"].cases}
    assert found["llama405"] == 2 * 2 * 126 * 8 * 128 and found["v3"] == 2 * 61 * 576
    assert 2000 < found["v4"] < 2400 < 8 * 2000 < min(value for key, value in found.items() if key != "v4")
    assert sorted(found.values())[3] == ledger["pricing-08"].recomputed  # the median of seven
    assert MEDIAN / 2 > 3 * 2000  # in fp8 it would be off as well


def test_the_readings_that_do_not_exclude_each_other(ledger):
    found = lent(ledger["pricing-16"])
    assert found["kink"] == pytest.approx(KINK) and found["slow"] == pytest.approx(5 * KINK)
    assert found["weights"] == pytest.approx(2.5 * KINK)
    assert found["served"] == pytest.approx(100e9 / 300 * (5 - 0.5) / 20e3)
    assert found["crossed"] == pytest.approx(20e3 * 0.5 / 4.5)


def test_at_two_and_three_balance_batches_the_bytes_are_half_and_two_thirds(ledger):
    found = lent(ledger["pricing-07"])
    assert (found["at_two"], found["at_three"]) == (pytest.approx(KINK / 2), pytest.approx(KINK * 2 / 3))
    assert found["two"] == 1 / 2 and found["three"] == pytest.approx(1 / 3)


def test_list_prices_are_five_to_112_times_a_prefill_at_the_two_mfus(ledger):
    """B200: 4.5 PFLOP/s in fp8, 5 USD/h (2026-09). H800: 1.9789 PFLOP/s; 32,244 fresh tokens/s on eight of them."""
    found = {case.key: case.value for case in ledger["pricing-11"].cases}
    mfu = 2 * 37e9 * 32_244 / (8 * 1.9789e15)
    dear = 2 * 100e9 / 4.5e15 * 5 / 3600 / mfu
    assert found["gemini_low"] == pytest.approx(2e-6 / dear, rel=1e-3)
    assert found["claude_low"] == pytest.approx(5e-6 / dear, rel=1e-3)
    assert found["gemini_high"] == pytest.approx(2e-6 / PREFILL)
    assert found["claude_high"] == pytest.approx(5e-6 / PREFILL)


def test_fetching_is_thousands_of_times_cheaper_for_the_lectures_model_and_ten_times_for_a_dense_one(ledger):
    found = lent(ledger["pricing-19"])
    seconds = 2 / 4.5e15 / 0.5  # of a B200, per parameter; 63 GB/s over PCIe 5
    assert found["lecture"] == pytest.approx(100e9 * seconds / (1667 / 63e9))
    assert found["v3"] == pytest.approx(37e9 * seconds / (61 * 576 * 2 / 63e9))
    assert found["llama"] == pytest.approx(70.6e9 * seconds / (80 * 2 * 8 * 128 * 2 / 63e9))
    assert found["grace"] == pytest.approx(100e9 * 2 / 5e15 / 0.5 / (1667 / 225e9))  # half of a link of 450 GB/s


def test_an_entry_could_wait_in_hbm_for_hours(ledger):
    rate = 2 / 3600 / 186e9
    assert lent(ledger["pricing-31"])["paid"] == pytest.approx(PREFILL / (1667 * rate))


def test_grace_is_read_through_in_a_second(ledger):
    found = {case.key: case.value for case in ledger["pricing-26"].cases}
    assert found["grace"] == pytest.approx(480 / 450)


def test_with_the_prices_of_devices_flash_fits_five_minutes_and_an_hour_alike(ledger):
    """DDR5 at 12.19 USD/GB, TLC flash at 0.356, disk at 0.0496 (catalog, October 2026)."""
    found = lent(ledger["pricing-29"])
    ddr, flash, disk = 12.19, 0.356, 0.0496
    drains = 768 / 614.4, 30.72e12 / 14e9, DISK
    assert found["from"] == pytest.approx((flash * drains[1] - ddr * drains[0]) / (ddr - flash))
    assert found["until"] == pytest.approx((disk * drains[2] - flash * drains[1]) / (flash - disk))
    assert found["from"] < 300 < 3600 < found["until"]


def test_ddr_beats_hbm_where_the_line_of_the_figure_crosses_it(ledger):
    """What lies in HBM is read in place: only its holding costs. GB200 at 2 USD/h; DDR5 holds 768 GB at 614.4 GB/s."""
    hbm, ddr = 2 / 3600 / 186e9, 12.19e-9 / (5 * 365.25 * 24 * 3600)
    crossing = lent(ledger["pricing-25"])["ddr"]
    assert hbm * crossing == pytest.approx(ddr * (crossing + 768 / 614.4), rel=1e-3)
    assert crossing == pytest.approx(0.033, rel=0.02)


def test_the_premiums_would_pay_for_hbm(ledger):
    found, rate = lent(ledger["pricing-30"]), 2 / 3600 / 186e9
    assert found["five"] == pytest.approx(1.25e-6 / 300 / rate) and found["hour"] == pytest.approx(5e-6 / 3600 / rate)


def test_attention_at_200_000_tokens_multiplies_the_arithmetic_of_a_prompt(ledger):
    """Llama-3.1-405B: 126 layers, 128 heads of 128; two multiply-adds a head element, and a mean context of 100,000."""
    found = {case.key: case.value for case in ledger["pricing-34"].cases}
    assert found["llama405"] == pytest.approx(1 + 126 * 128 * 128 * 4 * 100e3 / (2 * 405e9))
    assert ledger["pricing-34"].verdict == "off"


def test_a_write_pays_after_one_hit_and_after_two(ledger):
    found = lent(ledger["pricing-23"])
    assert 0 < found["five"] <= 1 < found["hours"] <= 2
    assert found["hit"] == pytest.approx(0.5e-6) and found["hour"] == pytest.approx(10e-6)
    assert lent(ledger["pricing-24"])["pings"] == pytest.approx((2 - 1.25) / 0.1)


def test_rows_that_depart_from_the_earlier_check_say_why(ledger):
    departing = {row.id.removeprefix("pricing-") for row in ledger.select("pricing") if row.differs}
    assert departing == {"08", "11", "12", "15", "16", "18", "24", "26", "27", "28", "34"}
