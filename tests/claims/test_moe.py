"""The ledger's rows on sparse models: complete, and their numbers against small sums done here."""

import math

import pytest

from .rows import agrees, lent

# DeepSeek-V3: 671 and 37 billion parameters, 8 of 256 experts, 7168 wide (DeepSeek-AI 2024); served on 144 chips with
# 32 redundant experts (inference overview, 2025). GB200: 5 PFLOP/s dense fp8, 8 TB/s, 186 GB (NVIDIA). Clark et al.
# 2022, table 3, S-BASE: a -0.082, b -0.108, c 0.009, E_start 1.847, E_max 314.478.


def counted(experts):
    return 1 / (1 / (experts - 1 + 1 / (1 / 1.847 - 1 / 314.478)) + 1 / 314.478)


def worth(active, experts):
    size, more, one = math.log10(active), math.log10(counted(experts)), math.log10(1.847)
    return 10 ** ((-0.082 * size - 0.108 * (more - one) + 0.009 * size * more) / (-0.082 + 0.009 * one))


KEY_ROWS = {
    "moe-03": (worth(370e6, 64), 1.3e9, "holds"),
    "moe-04": (1 + 0.6154 * 63, 64, "inconsistent"),  # every layer routed, the end nearer to what was said
    "moe-05": (1 + 0.6154 / 2 * 63, 4, "inconsistent"),
    "moe-12": (8 / 256, 1 / 32, "holds"),
    "moe-14": (256 / 64, 4, "holds"),
    "moe-15": (2 / 1, 1, "roughly"),
    "moe-19": (8, 16, "inconsistent"),  # held against the nearer end of 16 to 32
}


@pytest.mark.parametrize("name", KEY_ROWS)
def test_the_ledger_comes_to_what_a_small_sum_comes_to(ledger, name):
    agrees(ledger[name], *KEY_ROWS[name])


EXPERT = (671e9 - 37e9) / 248
LENT = {
    ("moe-02", "few"): worth(370e6, 8) / 370e6,
    ("moe-02", "most"): worth(370e6, 1e12) / 370e6,
    ("moe-02", "cutoff"): 937e9,  # as printed; 10 ** (0.108 / 0.009) is a trillion
    ("moe-04", "law"): worth(370e6, 64) / 370e6,
    ("moe-04", "dense"): (1 + 0.6154 / 2 * 63) * 370e6 / 1.3e9,
    ("moe-04", "dense_all"): (1 + 0.6154 * 63) * 370e6 / 1.3e9,
    ("moe-05", "saved"): 1300 / 370,
    ("moe-07", "batch"): 5e15 / 2 / 8e12 * 671 / 37,
    ("moe-07", "dense"): 312.5,
    ("moe-07", "latency"): 671 / 37,
    ("moe-08", "parameters"): 671 / 37,
    ("moe-08", "experts"): 5e15 / 2 / 8e12 * 32,
    ("moe-09", "bytes"): 671 / 37,
    ("moe-09", "sparse"): 9,  # 671 GB by 80 GB
    ("moe-10", "eight"): ((2.1 + 18.1) / (2.1 / 8**0.58 + 18.1)) ** (1 / 0.115),  # Krajewski et al. 2024, table 1
    ("moe-11", "shared"): 37e9 - 8 * EXPERT,
    ("moe-11", "share"): 8 * EXPERT / 37e9,
    ("moe-13", "chip"): 37e9 - 8 * EXPERT + 2 * EXPERT,
    ("moe-13", "even"): 671e9 / 144,
    ("moe-14", "rack"): 256 / 72,
    ("moe-14", "spare"): 32,
    ("moe-15", "all"): 58 * 8 * 7168 * (1 + 2),
    ("moe-16", "leaving"): 143 / 144,
    ("moe-18", "held"): 72 * 186e9,
    ("moe-18", "read"): 72 * 8e12 * 0.020,
    ("moe-17", "older"): (46.7e9 - 12.9e9) / 6 / 32,
    ("moe-18", "needed"): 4,
    ("moe-19", "said"): 256 / 32,
}


@pytest.mark.parametrize(("name", "key"), LENT)
def test_a_number_lent_to_the_text_comes_to_what_a_small_sum_comes_to(ledger, name, key):
    found = lent(ledger[name])
    assert found[key] == pytest.approx(LENT[name, key], rel=1e-6)


def test_the_experts_that_halve_the_active_size_are_worth_twice_it(ledger):
    found = lent(ledger["moe-06"])
    assert worth(370e6, found["experts"]) == pytest.approx(2 * 370e6, rel=1e-6)
    assert worth(370e6, found["second"]) == pytest.approx(4 * 370e6, rel=1e-6)
    assert found["total"] == pytest.approx((1 + 0.6154 / 2 * (found["experts"] - 1)) / 2) and found["most"] < 8
    found = lent(ledger["moe-21"])
    assert worth(5e6, found["smaller"]) == pytest.approx(5e7, rel=1e-6)
    assert worth(55e6, found["small"]) == pytest.approx(5.5e8, rel=1e-6)


def test_every_verdict_is_counted(ledger):
    assert ledger.counts("moe") == {"holds": 11, "roughly": 1, "off": 0, "inconsistent": 4, "not derivable": 5}
