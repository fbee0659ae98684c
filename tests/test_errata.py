"""The errata: every error names a test that exists, and those that no other file shows are shown here."""

import ast
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from roofline import catalog
from roofline.architecture import flops_per_token
from roofline.batch_size import t_compute, t_memory
from roofline.catalog.loading import DataError
from roofline.kv_memory import stage_caches
from roofline.teaching import errata
from roofline.teaching.bounds import decode_runs
from roofline.teaching.ledger import load

HERE = Path(__file__).parent


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(n.name for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.FunctionDef))


def exists(test: str) -> bool:
    """Whether a test called so is there; where a file is named, in that file, and its case too."""
    file, _, name = test.rpartition("::")
    name, _, case = name.partition("[")
    files = [HERE.parent / file] if file else list(HERE.rglob("test_*.py"))
    found = [path for path in files if path.is_file() and name in functions(path)]
    parts = re.split(r"-(?=rates)", case.rstrip("]"))
    return bool(found) and all(part in path.read_text("utf-8") for path in found for part in parts)


@pytest.mark.parametrize("test", dict.fromkeys(errata.every_test()))
def test_every_test_that_the_page_names_exists(test):
    assert exists(test)


@pytest.mark.parametrize("test", [
    "test_that_nobody_wrote", "tests/test_ledger.py::test_cost_never_rises", "tests/no_such_file.py::test_x",
    "tests/test_ledger.py::test_the_ledger_comes_to_what_a_small_sum_comes_to[batch-size-999]",
])  # fmt: skip
def test_a_test_that_is_not_there_is_missed(test):
    assert not exists(test)


def test_every_wrong_claim_is_listed_once_and_no_other():
    ledger = load()
    listed = [row.id for kind in errata.KINDS for row in errata.wrong(kind)]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {row.id for row in ledger.values()
                           if row.verdict in ("off", "inconsistent") or row.chapter == "misreports"}
    assert all(row.verdict in ("off", "inconsistent") for row in errata.wrong("lecture"))
    assert {row.speaker.split()[0] for row in errata.wrong("lecture")} <= {"Reiner", "Dwarkesh"}
    assert not any("Reiner" in row.speaker or "Dwarkesh" in row.speaker for row in errata.wrong("reports"))
    assert set(errata.entries()["claims"]) <= set(listed)
    assert not any(ledger[name].proof for name in errata.entries()["claims"])


def test_each_list_shows_every_error_with_its_test():
    for made in (errata.lecture(), errata.reports(), errata.sources(), errata.book()):
        rows = made.markup.split("<tbody>")[1].count("<tr>")
        assert rows >= 4 and made.markup.count("<code") >= rows
    assert 'href="fact_check.html#claim-moe-04"' in errata.lecture().markup
    assert errata.deduced().markup.count("<tr>") == 1 + len(errata.wrong("deduced")) > 1


def test_an_error_without_a_test_is_refused(tmp_path, monkeypatch):
    (tmp_path / "e.yaml").write_text("claims: {}\nsources: []\nbook: [{stood: x, right: y}]\n")
    monkeypatch.setattr(errata, "DATA", tmp_path / "e.yaml")
    errata.entries.cache_clear()
    with pytest.raises(DataError, match="names no test"):
        errata.entries()
    monkeypatch.undo()
    errata.entries.cache_clear()


# Reports of the lecture

# GB200: 8 TB/s (NVIDIA); DeepSeek-V3: 671 and 37 billion parameters, 8 of 256 experts (DeepSeek-AI 2024); A100: 312
# TFLOP/s, 2.039 TB/s with 80 GB (NVIDIA); a disk of 30 TB at 275 MB/s (Seagate); Clark et al.: 1.3 and 0.37 billion.
MISREPORTED = {
    "misreport-02": (300 * 8, 3750),
    "misreport-03": (1.3e9 / 370e6, 64),
    "misreport-04": (671e9 / (72 * 8e12), 0.020),
    "misreport-06": (8, 32),
    "misreport-11": (312e12 / 2.039e12, 275),
    "misreport-13": (30e12 / 275e6 / 86400, 38),
}


@pytest.mark.parametrize("name", MISREPORTED)
def test_a_misreported_number_is_what_a_small_sum_says(name):
    value, stated = MISREPORTED[name]
    row = load()[name]
    assert row.ratio == pytest.approx(value / stated, rel=1e-3) and row.verdict != "holds"


@pytest.mark.parametrize("name", ["misreport-05", "misreport-08", "misreport-09", "misreport-10", "misreport-12"])
def test_what_a_report_says_otherwise_is_held_against_the_transcript(name):
    """Nothing to compute: who said what. The row rests on the transcript beside the report, and gives its reason."""
    row = load()[name]
    assert "transcript" in row.sources and any(source.startswith("summary_") for source in row.sources)
    assert row.called == "inconsistent" and row.reason and not row.cases


def test_fast_mode_runs_a_smaller_batch_if_price_follows_cost():
    """t = w + k B with w = 1, at six times the price and 2.5 times the speed: B and t fall together."""
    row = load()["misreport-01"]
    price = catalog.prices["opus46_fast"]
    batch = np.linspace(1e-6, 1, 1_000_001)  # of the standard batch; its share of the pass is x
    x = (price.speed_multiple - 1) / (1 - price.speed_multiple / (price.price_multiple * price.speed_multiple))
    speed = (1 + x) / (1 + x * batch)
    found = batch[np.argmin(abs(speed - price.speed_multiple))]
    assert row.others[0].value == pytest.approx(found, rel=1e-3) and found < 1


def test_deepseek_spreads_its_experts_over_more_than_a_rack():
    assert load()["misreport-07"].others[0].value == 18 * 8 > 72  # nodes of a decode unit, chips of a node


def test_domains_grow_fourfold_in_dies_and_twofold_in_packages():
    found = {case.key: case.value for case in load()["misreport-14"].others}
    assert (found["dies"], found["packages"], found["mixed"]) == (576 / 144, 144 / 72, 576 / 72)


def test_one_name_stands_for_three_ratios_of_which_none_is_8():
    row = load()["batch-size-28"]
    found = [row.recomputed, *(case.value for case in row.others)]
    assert found == pytest.approx([256 / 8, 700 / 37], rel=1e-3) and all(abs(r - 8) > 8 for r in found)


def test_over_a_long_period_memory_idles_and_multipliers_need_not():
    """A GB200 that has read its memory waits for the rest of the period; a larger batch fills it with arithmetic."""
    chip, model = catalog.chips["GB200"].at("fp8", n=72), catalog.models["DeepSeek-V3"].at(weights="fp8", kv="bf16")
    period = 2 * chip["M"] / chip["W"]
    assert t_memory(chip, model, B=1e4, L=0) < period / 2
    busy = period * chip["n"] * chip["C"] / (2 * model["N_act"])
    assert t_compute(chip, model, B=busy) == pytest.approx(period)


@pytest.mark.parametrize("stages", [2, 4, 8])
def test_stages_divide_the_cache_of_a_sequence_and_leave_a_chip_with_as_much(stages):
    """A chip's caches are those of its layers, of as many more sequences in flight as there are stages."""
    model = catalog.models["Llama-3-70B"].at(weights="fp8", kv="bf16")
    held = {P: stage_caches(model, B=64, n=8, L=8192, P=P, m_b=P) for P in (1, stages)}
    assert held[stages] == pytest.approx(held[1])
    alone = stage_caches(model, B=64, n=8, L=8192, P=stages, m_b=1)
    assert alone == pytest.approx(held[1] / stages)
    assert alone == pytest.approx(80 * 2 * 8 * 128 * 2 * 8192 * 64 / (8 * stages))  # layers, K V, heads, width, bytes


# Sources


def wrong(chip, field):
    record = catalog.chips[chip]
    entry = next(e for e in errata.entries()["sources"] if e.get("record") == ["chips", chip] and e["field"] == field)
    other = next(a for a in record.alternatives if (a.field, a.source) == (field, entry["source"]))
    return float(str(other.value).split()[0]) * 1e12, record.rates


@pytest.mark.parametrize(("chip", "field"), [("H100", "rates.bf16"), ("B300", "rates.fp8"), ("GB300", "rates.fp8")])
def test_halving_the_bits_doubles_the_rate_which_the_wrong_value_does_not(chip, field):
    value, rates = wrong(chip, field)
    assert rates["fp8"] == pytest.approx(2 * rates["bf16"], rel=1e-3)
    mixed = dict(rates) | {field.removeprefix("rates."): value}
    assert abs(mixed["fp8"] / mixed["bf16"] - 2) > 0.9


@pytest.mark.parametrize(("chip", "field"), [("MI355X", "rates.fp8"), ("MI355X", "rates.fp4")])
def test_a_rate_for_sparse_matrices_is_twice_the_dense_one(chip, field):
    value, rates = wrong(chip, field)
    assert value == pytest.approx(2 * rates[field.removeprefix("rates.")], rel=0.02)


def test_three_thousand_pounds_are_the_racks_weight_in_kilograms():
    record = catalog.disclosures["nvl72_rack"]
    other = next(a for a in record.alternatives if a.field == "weight_in_kg")
    assert float(other.value) * 0.45359237 == pytest.approx(record["weight_in_kg"], rel=1e-3)


# This book


def test_attention_in_deepseeks_own_run_takes_longer_than_the_reads():
    """61 layers of 128 heads, with 576 and 512 cached elements: 4 x 61 x 128 x 544 FLOP a token of context."""
    run = decode_runs()[0]
    attention = flops_per_token(catalog.models["DeepSeek-V3"].shape, run.context)["attention"]
    assert attention == pytest.approx(4 * 61 * 128 * 544 * run.context, rel=1e-2)
    rate = catalog.chips["H800"].at("bf16")["C"] * run.chip["n"]
    arithmetic = t_compute(run.chip, run.model, B=run.batch) + run.batch * attention / rate
    assert arithmetic > t_memory(run.chip, run.model, B=run.batch, L=run.context)
