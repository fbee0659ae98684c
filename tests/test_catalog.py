"""The catalog: what it holds, that it agrees with itself, and what it says when asked for something it lacks."""

import datetime
import inspect
import pickle
import re
import subprocess
import sys
import warnings

import pytest

import roofline.catalog as catalog
from roofline.algebra.units import UnitError
from roofline.catalog import (
    BYTES,
    DataError,
    MissingFact,
    Operands,
    StaleFact,
    UnknownName,
    UnknownPrecision,
    bytes_per_element,
    chips,
    disclosures,
    measured,
    memory_tiers,
    models,
    prices,
    pricing_rules,
    rack_totals,
    sources,
    sparse_scaling,
    stale,
)
from roofline.catalog.collection import folded
from roofline.catalog.disclosure import Disclosure, figure
from roofline.catalog.hardware import Chip
from roofline.catalog.language_model import Model
from roofline.catalog.loading import DATA, check_names, read, validated
from roofline.catalog.record import first_day, last_day, quantity
from roofline.catalog.staleness import SHELF_LIFE

COLLECTIONS = {"chips": chips, "memory_tiers": memory_tiers, "models": models, "sparse_scaling": sparse_scaling,
               "prices": prices, "pricing_rules": pricing_rules, "disclosures": disclosures}
RECORDS = [pytest.param(record, id=f"{kind}-{record.name}") for kind, c in COLLECTIONS.items() for record in c.values()]
RACKS = [chip for chip in chips.values() if chip.rack]


def message(error):
    """The text of an error, which must be one sentence without a traceback wall."""
    text = str(error.value)
    assert "\n" not in text and len(text) < 300
    return text


# --- what it holds


@pytest.mark.parametrize("kind, number", [
    ("chips", 30), ("memory_tiers", 13), ("models", 22), ("sparse_scaling", 6), ("prices", 67), ("pricing_rules", 6),
    ("disclosures", 58)])
def test_every_fact_of_the_first_collection_is_still_there(kind, number):
    assert len(COLLECTIONS[kind]) == len(list(COLLECTIONS[kind])) >= number


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_has_a_source_and_a_date(record):
    assert record.cited and all(source.title and source.kind for source in record.cited)
    assert first_day(record.date) <= last_day(record.date)


@pytest.mark.parametrize("source", sources.values(), ids=lambda s: s.name)
def test_every_source_has_an_address_or_says_where_it_was_seen(source):
    assert (source.url or "").startswith("http") or source.note


def test_every_source_is_cited():
    cited = {name for c in COLLECTIONS.values() for r in c.values() for name in r.sources}
    cited |= {a.source for c in COLLECTIONS.values() for r in c.values() for a in r.alternatives}
    cited |= {name for chip in chips.values() if chip.rental for name in chip.rental.sources}
    assert set(sources) == cited


def test_no_record_speaks_of_how_it_was_collected():
    text = "".join(path.read_text() for path in DATA.glob("*.yaml")).lower()
    assert not re.search(r"from memory|author memory|this session|\bagent\b|chatbot said", text)


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_names_and_aliases_are_unique_and_found_in_any_spelling(kind):
    collection, owner = COLLECTIONS[kind], {}
    for name, record in collection.items():
        for spelling in {folded(s) for s in (name, *record.aliases)}:
            assert owner.setdefault(spelling, name) == name
            if kind != "prices":
                assert collection[spelling.upper()] is record


def test_alternatives_are_in_the_unit_of_their_field():
    units = {"memory": "byte", "bandwidth": "byte/s", "scale_out": "byte/s", "scale_up.bandwidth": "byte/s", "tdp": "W"}
    seen = 0
    for chip in chips.values():
        for alternative in chip.alternatives:
            unit = "FLOP/s" if alternative.field.startswith("rates.") else units[alternative.field]
            assert quantity(alternative.value, unit) > 0
            seen += 1
    assert seen == 30


# --- chips


def test_a_chip_gives_its_operands_in_si():
    gb200 = chips["GB200"].at("fp8", n=72)
    links = {"W_up": 900e9, "W_out": 50e9, "n_up": 72.0}
    assert dict(gb200) == {"C": 5e15, "W": 8e12, "M": 186e9, "n": 72.0, "power": 1200.0, **links}
    assert gb200.label == "72 × GB200 at fp8"
    assert {s.name for s in gb200.sources["C"]} >= {"nv_gb200"}
    assert not gb200.unconfirmed


def test_the_rental_price_is_per_chip_second():
    h100 = chips["H100"].at("fp8")
    assert h100["price"] * 3600 == pytest.approx(2.71)
    assert {s.name for s in h100.sources["price"]} == set(chips["H100"].rental.sources)
    assert "price" not in chips["GB200"].at("fp8")


def test_unconfirmed_fields_reach_the_operands():
    assert chips["Rubin Ultra"].at("fp8").unconfirmed == {"C", "W", "W_up", "n_up"}
    assert chips["Rubin Ultra"].at("fp4").unconfirmed == {"W", "W_up", "n_up"}
    assert chips["TPU v5e"].at("bf16").unconfirmed == {"price"}
    assert "(unconfirmed)" in repr(chips["TPU v5e"].at("bf16"))


@pytest.mark.parametrize("chip", chips.values(), ids=lambda c: c.name)
def test_every_chip_works_at_every_precision_it_lists(chip):
    for precision in chip.rates:
        operands = chip.at(precision, n=2)
        assert all(value > 0 for value in operands.values())


@pytest.mark.parametrize("chip", [c for c in chips.values() if {"bf16", "fp8"} <= set(c.rates)], ids=lambda c: c.name)
def test_fp8_is_never_slower_than_bf16(chip):
    assert chip.rates["fp8"] >= chip.rates["bf16"]


def test_tpus_run_fp8_at_their_bf16_rate_as_documented():
    for name in ("TPU v5p", "TPU v6e"):
        assert chips[name].rates["fp8"] == chips[name].rates["bf16"]


@pytest.mark.parametrize("rack", RACKS, ids=lambda r: r.name)
def test_rack_totals_follow_from_the_chips(rack):
    totals = rack_totals(rack)
    stated = {**{f"rates.{p}": rate for p, rate in rack.rates.items()}, "memory": rack.memory,
              "bandwidth": rack.bandwidth, "scale_out": rack.scale_out}
    assert totals == pytest.approx(stated, rel=2e-3)    # vendors print 13.4 TB for 72 x 186 GB
    assert rack.tdp > rack.rack.count * chips[rack.rack.chip].tdp


def test_a_rack_counts_as_its_chips():
    assert len(RACKS) == 3
    assert dict(chips["GB200 NVL72"].at("fp8")) == dict(chips["GB200"].at("fp8", n=72))
    with pytest.raises(ValueError) as error:
        rack_totals(chips["H100"])
    assert message(error) == "H100 is one chip, not a rack"


def test_published_measurements_stay_below_the_peak():
    for name in ("mamf_bf16", "mamf_fp8"):
        table = disclosures[name]
        assert all(table[row]["measured"] < table[row]["peak"] for row in table.figures)


def test_memory_tiers_of_a_chip_are_the_chips_own_memory():
    for tier, chip in {"HBM3 H100": "H100", "HBM3e GB200": "GB200", "HBM4 Rubin": "Rubin", "SRAM WSE-3": "WSE-3",
                       "SRAM Groq LPU v1": "Groq LPU v1"}.items():
        level = memory_tiers[tier]
        assert (level.capacity, level.bandwidth) == (chips[chip].memory, chips[chip].bandwidth)


def test_memory_prices_follow_from_the_products_they_were_taken_from():
    assert memory_tiers["DDR5 socket"].price * 32e9 == pytest.approx(389.99, rel=1e-3)
    assert memory_tiers["DDR5 socket"].price_server_2026 * 16 * 256e9 == pytest.approx(76_999, rel=1e-3)
    assert memory_tiers["NVMe TLC 30TB"].price * 30.72e12 == pytest.approx(10_950, rel=2e-3)
    assert memory_tiers["3FS cluster"].capacity == pytest.approx(180 * 16 * 14 * 2**40)


# --- models


def test_a_model_gives_its_operands_in_si():
    assert dict(models["DeepSeek-V3"].at(weights="fp8", kv="bf16")) == {
        "N_tot": 671e9, "N_act": 37e9, "b_w": 1.0, "kappa": 70_272.0, "kappa_cap": 0.0, "L_cap": 0.0,
        "kappa_stored": 70_272.0, "kappa_stored_cap": 0.0, "L_stored_cap": 0.0,
        "E": 256.0, "k": 8.0, "d_model": 7168.0, "n_layers": 61.0, "n_exchanges": 58.0}


def test_sparse_attention_stores_more_than_a_step_reads():
    sparse = models["DeepSeek-V3.2"].at(kv="bf16")
    assert (sparse["kappa_stored"], sparse["kappa_stored_cap"]) == (61 * (576 + 128) * 2, 0)
    assert sparse["kappa_stored"] > sparse["kappa"]


def test_a_dense_model_has_one_expert():
    llama = models["Llama-3-70B"].at(kv="fp8")
    assert (llama["E"], llama["k"], llama["N_tot"], llama["b_w"]) == (1, 1, llama["N_act"], 2)
    assert "n_exchanges" not in llama
    assert llama["kappa"] == 163_840


def test_native_precision_is_the_default_and_mixes_formats():
    # The published checkpoint of gpt-oss-120b is 60.8 GiB (OpenAI, gpt-oss model card, table 1).
    model = models["gpt-oss-120b"]
    native = model.at()["b_w"]
    assert native * model.total == pytest.approx(60.8 * 2**30, rel=5e-3)
    assert BYTES["mxfp4"] < native < BYTES["bf16"]
    assert models["DeepSeek-V3"].at()["b_w"] == models["DeepSeek-V3"].at(weights="native")["b_w"] == 1


def test_windows_states_and_sparse_reads_become_one_cap():
    gemma, minimax, sparse = (models[n].at() for n in ("Gemma-3-27B", "MiniMax-Text-01", "DeepSeek-V3.2"))
    assert (gemma["kappa"], gemma["kappa_cap"], gemma["L_cap"]) == (81_920, 52 * 2 * 16 * 128 * 2, 1024)
    assert (minimax["kappa_cap"], minimax["L_cap"]) == (73_400_320 * 2, 1)
    assert (sparse["kappa"], sparse["kappa_cap"], sparse["L_cap"]) == (61 * 128 * 2, 61 * 576 * 2, 2048)


@pytest.mark.parametrize("model", [m for m in models.values() if m.shape], ids=lambda m: m.name)
def test_kv_read_by_the_operands_is_what_the_architecture_reads(model):
    operands = model.at(kv="fp8")
    context = max(50_000, operands["L_cap"])
    read = operands["kappa"] * context + operands["kappa_cap"] * min(context, operands["L_cap"])
    assert read == pytest.approx(model.kv_read("fp8", context))
    assert operands["N_act"] <= operands["N_tot"] and operands["k"] <= operands["E"]


def test_unconfirmed_counts_reach_the_operands():
    assert models["Kimi-K2"].at().unconfirmed == {"N_act"}
    assert models["MiniMax-Text-01"].at().unconfirmed == {
        "kappa", "kappa_cap", "kappa_stored", "kappa_stored_cap", "n_layers"}


def test_block_formats_carry_their_scales():
    assert bytes_per_element("mxfp4") == (32 * 4 + 8) / 32 / 8
    assert bytes_per_element("nvfp4") == (16 * 4 + 8) / 16 / 8


# --- operands


@pytest.mark.parametrize("operands", [chips["H100"].at("fp8", n=8), models["DeepSeek-V3"].at()], ids=lambda o: o.label)
def test_operands_are_frozen_and_pickle(operands):
    back = pickle.loads(pickle.dumps(operands))
    assert (back, back.label, back.unconfirmed) == (operands, operands.label, operands.unconfirmed)
    assert dict(back.sources) == dict(operands.sources)
    assert isinstance(back, Operands) and hash(back) == hash(operands)
    with pytest.raises(AttributeError):
        operands.label = "other"
    with pytest.raises(TypeError):
        operands["C"] = 1.0
    assert all(type(value) is float for value in operands.values())


@pytest.mark.parametrize("record", [chips["H100"], models["Gemma-3-27B"], prices["opus46_flat"],
                                    disclosures["flashmla"]], ids=lambda r: r.name)
def test_records_pickle(record):
    assert pickle.loads(pickle.dumps(record)) == record


def test_operands_of_any_symbol_can_be_shown():
    shown = repr(Operands("a link", {"T": 0.02, "price": 1 / 3600, "b_w": 0.5, "not_yet": 3.0}, {}))
    assert shown == "<a link: T = 20 ms, price = $1.000 per hour, b_w = 4 bit/parameter, not_yet = 3>"


# --- prices


def test_a_model_name_finds_its_current_standard_price():
    opus = prices["Claude Opus 4.6"]
    assert (opus.name, opus.input * 1e6, opus.output * 1e6) == ("opus46_flat", 5, 25)
    assert prices["gemini 2.5 pro"].name == "gemini25pro_lo"


def test_prices_are_selected_by_provider_model_tier_date_and_context():
    assert [p.name for p in prices.select(model="Claude Opus 4.6", tier="fast")] == ["opus46_fast"]
    assert [p.name for p in prices.select(model="Claude Opus 4.6", tier="standard", date="2026-03-01",
                                          context=500_000)] == ["opus46_hi"]
    assert [p.name for p in prices.select(model="GPT-5.6 Sol", date="2026-08-20")] == ["gpt56sol_a"]
    assert [p.name for p in prices.select(model="GPT-5.6 Sol", date=datetime.date(2026, 8, 21))] == ["gpt56sol_b"]
    assert [p.name for p in prices.select(model="Gemini 2.5 Pro", tier="batch")] == ["gemini25pro_batch"]
    assert len(prices.select(provider="openai")) == 19
    assert prices.select(model="GPT-5.6 Sol", date="2020-01-01") == ()    # known, but has no line on that day
    assert prices.select(model="Claude Opus 4.6", tier="peak") == ()    # each known, but not together
    moment = datetime.datetime(2026, 8, 21, 23, 59)
    assert prices.select(model="GPT-5.6 Sol", date=moment) == prices.select(model="GPT-5.6 Sol", date="2026-08-21")


def test_a_context_on_the_threshold_is_charged_the_lower_price():
    def name(context):
        return [p.name for p in prices.select(model="Gemini 2.5 Pro", tier="standard", context=context)]
    assert name(200_000) == ["gemini25pro_lo"] and name(200_001) == ["gemini25pro_hi"] and name(0) == ["gemini25pro_lo"]


@pytest.mark.parametrize("line", [p for p in prices.values() if p.tier == "fast"], ids=lambda p: p.name)
def test_fast_mode_costs_its_stated_multiple(line):
    standard = [p for p in prices.select(model=line.models[0], tier="standard") if p.until is None]
    assert [line.input / p.input for p in standard] == pytest.approx([line.price_multiple])
    assert [line.output / p.output for p in standard] == pytest.approx([line.price_multiple])
    assert line.speed_multiple == 2.5


def test_anthropic_cache_prices_follow_their_rule():
    rule = pricing_rules["anthropic_cache_multipliers"]
    lines = prices.select(provider="Anthropic")
    assert len(lines) == 16
    for line in lines:
        read = rule.cache_read_exceptions.get(line.models[0], rule.cache_read)
        assert line.cached_input == pytest.approx(line.input * read)
        assert line.cache_write_5m == pytest.approx(line.input * rule.cache_write_5m)
        assert line.cache_write_1h == pytest.approx(line.input * rule.cache_write_1h)


@pytest.mark.parametrize("rule", [r for r in pricing_rules.values() if r.threshold], ids=lambda r: r.name)
def test_long_context_prices_follow_their_rule(rule):
    above = [p for p in prices.select(provider=rule.provider) if p.context_above == rule.threshold]
    assert above
    for line in above:
        short = [p for p in prices.select(provider=rule.provider, model=line.models[0], tier=line.tier)
                 if p.context_up_to == line.context_above]
        assert [line.input / p.input for p in short] == pytest.approx([rule.input_above])
        assert [line.output / p.output for p in short] == pytest.approx([rule.output_above])


def test_batch_and_off_peak_prices_follow_their_rules():
    batch = [p for p in prices.values() if p.tier.startswith("batch")]
    assert {p.provider for p in batch} == set(pricing_rules["batch_discount"].providers)
    for line in batch:
        assert line.output == pytest.approx(prices[line.models[0]].output * pricing_rules["batch_discount"].of_standard)
    for model in ("DeepSeek-V4-Pro", "DeepSeek-V4.1-Flash"):
        (off,), (peak,) = (prices.select(model=model, tier=tier) for tier in ("off-peak", "peak"))
        assert off.output / peak.output == pricing_rules["deepseek_2026_peak"].offpeak_of_peak


def test_output_costs_more_than_input_and_cached_input_less():
    for line in prices.values():
        assert line.output_to_input >= 1
        assert line.input_to_cached is None or line.input_to_cached > 1


# --- disclosures: the arithmetic in them is recomputed


def test_figures_are_si_and_remember_their_unit():
    serving = disclosures["deepseek_inference_overview"]
    assert serving["decode_output_per_node"] == 14_800 and serving.unit("decode_output_per_node") == "token/s"
    assert serving["cache_hit"] == 0.563 and serving["gpu"] == "H800"
    assert disclosures["google_2026_05"]["traffic"] == pytest.approx(1_216_822_572, rel=1e-9)
    assert disclosures["llama3_405b_training"]["config_rows"][0]["rate_per_gpu"] == 430e12
    assert disclosures["mlperf_v60_nvidia"]["gpus_in_total_rows"] is None


def test_deepseek_serving_adds_up():
    d = disclosures["deepseek_inference_overview"]
    day, gpus = 86_400, d["average_nodes"] * d["gpus_per_node"]
    assert gpus * d["assumed_gpu_price"] == pytest.approx(d["cost"])
    fresh = d["input"] - d["cached_input"]
    revenue = fresh * d["r1_price_cache_miss"] + d["cached_input"] * d["r1_price_cache_hit"]
    revenue += d["output"] * d["r1_price_output"]
    assert revenue == pytest.approx(d["revenue_recomputed"]) == pytest.approx(d["theoretical_revenue"], rel=2e-4)
    assert d["theoretical_revenue"] / d["cost"] - 1 == pytest.approx(d["cost_profit_margin"], rel=1e-3)
    assert d["cached_input"] / d["input"] == pytest.approx(d["cache_hit"], rel=1e-3)
    assert d["cost"] / d["output"] == pytest.approx(d["cost_if_all_on_output"], rel=1e-3)
    assert d["decode_output_per_node"] / d["gpus_per_node"] == d["decode_output_per_gpu"]
    nodes = d["output"] / d["decode_output_per_node"] + d["input"] / d["prefill_input_per_node_incl_cache_hits"]
    assert nodes == pytest.approx(d["implied_nodes_total"], rel=1e-3) == pytest.approx(d["average_nodes"], rel=2e-3)
    assert d["input"] * day == pytest.approx(608e9)


def test_training_disclosures_add_up():
    v3, llama = disclosures["deepseek_v3_training"], disclosures["llama3_405b_training"]
    assert v3["gpu_time_h800_total"] * v3["assumed_gpu_price"] == pytest.approx(v3["cost"])
    work = 6 * v3["active_parameters"] * v3["tokens"]
    assert work == pytest.approx(v3["arithmetic_6ND"])
    assert work / v3["gpu_time_h800_pretraining"] / chips["H800"].rates["bf16"] == pytest.approx(
        v3["mfu_vs_bf16_peak"], rel=2e-3)
    rate = 6 * models["Llama-3.1-405B"].total * llama["tokens"] / llama["gpu_time_h100"]
    assert rate == pytest.approx(llama["average_rate_per_gpu_from_card"], rel=1e-3)
    for row in llama["config_rows"]:
        assert row["tp"] * row["cp"] * row["pp"] * row["dp"] == row["gpus"]
        assert row["rate_per_gpu"] / chips["H100"].rates["bf16"] == pytest.approx(row["bf16_mfu"], abs=0.006)


def test_serving_disclosures_add_up():
    palm = disclosures["palm_540b_high_throughput"]
    peak = palm["chips"] * chips["TPU v4"].rates["bf16"]
    tokens = palm["decode_batch"] * palm["decode_tokens"]
    assert 2 * 540e9 * tokens / palm["decode_latency"] / peak == pytest.approx(palm["decode_mfu_check"], rel=3e-3)
    assert palm["decode_latency"] / palm["decode_tokens"] == palm["time_per_token_from_table"]
    azure = disclosures["azure_gb200_llama2_70b"]
    assert azure["llama2_70b_per_rack"] / azure["gpus"] == pytest.approx(azure["per_gpu"], rel=1e-4)
    assert azure["hbm_measured"] / chips["GB200"].bandwidth == pytest.approx(azure["hbm_efficiency"], rel=2e-3)
    router = disclosures["openrouter_2026_11"]
    assert router["deepseek_v41_flash_in_the_week"] / router["share"] == pytest.approx(
        router["implied_total_in_the_week"], rel=2e-3)
    mla = disclosures["flashmla"]
    assert mla["memory_bound"] / chips["H800"].bandwidth == pytest.approx(mla["fraction_of_h800_hbm"], rel=1e-3)


def test_google_traffic_only_grew():
    traffic = [disclosures[name]["traffic"] for name in disclosures if re.match(r"google_20", name)]
    assert len(traffic) == 5 and traffic == sorted(traffic)


# --- staleness


def test_prices_and_specifications_go_stale_with_a_warning_and_not_before():
    written = datetime.date.fromisoformat(chips["H100"].rental.date)
    last = written + datetime.timedelta(days=SHELF_LIFE["rental price"])
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", StaleFact)
        after = stale(last + datetime.timedelta(days=1))
    assert ("rental price", "H100") in {(due.what, due.record) for due in after}
    said = f"the rental price of H100 dates from {written}, to be reviewed by {last}"
    assert said in [str(warning.message) for warning in warned] and len(warned) == len(after)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StaleFact)
        assert ("rental price", "H100") not in {(due.what, due.record) for due in stale(last)}
        assert {due.what for due in stale(datetime.date(2040, 1, 1))} == set(SHELF_LIFE)


def test_what_has_ended_is_not_reviewed():
    with pytest.warns(StaleFact):
        old = stale(datetime.date(2040, 1, 1))
    assert prices["opus46_hi"].until and "opus46_hi" not in {due.record for due in old}
    assert chips["H800"].rental.until       # DeepSeek's assumption of one day
    assert ("rental price", "H800") not in {(due.what, due.record) for due in old}
    assert ("specification", "H800") in {(due.what, due.record) for due in old}


@pytest.mark.parametrize("text, first, last", [
    ("2026", (2026, 1, 1), (2026, 12, 31)), ("2024-02", (2024, 2, 1), (2024, 2, 29)),
    ("2025-12", (2025, 12, 1), (2025, 12, 31)), ("2026-09-20", (2026, 9, 20), (2026, 9, 20))])
def test_a_vague_date_means_a_span_of_days(text, first, last):
    assert (first_day(text), last_day(text)) == (datetime.date(*first), datetime.date(*last))


# --- asking for what is not there


@pytest.mark.parametrize("ask, kind, sentence", [
    (lambda: chips["GB2000"], UnknownName, "no chip is called 'GB2000'; did you mean GB200 or B200 or GB300?"),
    (lambda: chips[3], UnknownName, "a chip is looked up by its name, not by 3"),
    (lambda: models["deepseek v9"], UnknownName, r"no model is called 'deepseek v9'; did you mean DeepSeek-V3"),
    (lambda: prices["Claude Opus 4.66"], UnknownName,
     "no price is called 'Claude Opus 4.66'; did you mean Claude Opus 4.6"),
    (lambda: prices["DeepSeek-V4-Pro"], UnknownName, "there is no one current standard price of DeepSeek-V4-Pro; "),
    (lambda: disclosures["flashmla"]["memory"], UnknownName,
     "flashmla has no figure 'memory'; did you mean memory_bound?"),
    (lambda: chips["A100"].at("fp8"), UnknownPrecision,
     "A100 80GB has no 'fp8' rate in the catalog; it has bf16 and int8"),
    (lambda: prices.select(provider="Antropic"), UnknownName,
     "no price line has the provider 'Antropic'; did you mean Anthropic?"),
    (lambda: prices.select(model="Claude Opus 4.66"), UnknownName,
     "no price line has the model 'Claude Opus 4.66'; did you mean Claude Opus 4.6"),
    (lambda: prices.select(tier="standrad"), UnknownName,
     "no price line has the tier 'standrad'; did you mean standard?"),
    (lambda: prices.select(tier="zzz"), UnknownName, "no price line has the tier 'zzz'; there are "),
    (lambda: prices.select(model=5), UnknownName, "a model is looked up by its name, not by 5"),
    *((lambda bad=bad: prices.select(date=bad), ValueError,
       f"date: expected a date such as 2026, 2026-09 or 2026-09-20, got {bad!r}")
      for bad in ("yesterday", "2026-13-01", "2026-00-00", "2026-02-30", "", 20260301, 2026.5, True)),
    *((lambda bad=bad: prices.select(context=bad), ValueError,
       f"context must be a number of tokens of at least 0, got {bad!r}")
      for bad in ("8k", -1, float("nan"), True)),
    *((lambda bad=bad: models["DeepSeek-V3"].kv_stored("bf16", bad), ValueError,
       f"context must be a number of tokens of at least 0, got {bad!r}")
      for bad in (-5, float("nan"), float("inf"), "5", None)),
    (lambda: models["DeepSeek-V3"].kv_read("bf16", -5), ValueError,
     "context must be a number of tokens of at least 0, got -5"),
    (lambda: chips["GB200"].at("fp8", n=0), ValueError, "n must be a whole number of chips of at least 1, got 0"),
    (lambda: chips["GB200"].at("fp8", n=2.5), ValueError, "n must be a whole number of chips of at least 1, got 2.5"),
    (lambda: chips["GB200"].at("fp8", n=True), ValueError, "n must be a whole number of chips of at least 1, got True"),
    (lambda: models["Llama-3-70B"].at(kv="fp7"), UnknownPrecision,
     "precision 'fp7' is not known; there are fp64, fp32"),
    (lambda: models["Character.AI"].at(), MissingFact,
     "the shape of Character.AI is not published, so its cost cannot be computed"),
    (lambda: models["Llama-3-8B"].model_copy(update={"active": None}).at(), MissingFact,
     "Llama-3-8B has no published count of active parameters"),
])
def test_questions_without_an_answer_get_a_sentence(ask, kind, sentence):
    with pytest.raises(kind) as error:
        ask()
    assert message(error).startswith(sentence)


def test_collections_behave_like_mappings_and_complete():
    assert "h100" in chips and "H1000" not in chips and chips.get("H1000") is None
    assert chips.h100 is chips["H100"] and chips.GB200_NVL72 is chips["GB200 NVL72"]
    assert "GB200" in chips._ipython_key_completions_() and "TPU_v4" in dir(chips)
    with pytest.raises(AttributeError, match="no chip is called 'H1000'"):
        chips.H1000  # noqa: B018
    assert repr(memory_tiers).startswith(f"<{len(memory_tiers)} memory tiers: SRAM Groq LPU v1")


# --- bad data

GOOD_CHIP = {"product": "X", "vendor": "V", "status": "shipping", "released": 2024, "rates": {"bf16": "1 TFLOP/s"},
             "memory": "80 GB", "memory_label": "80GB", "bandwidth": "1 TB/s", "scale_up": {"chips": 8},
             "sources": ["stas"], "date": "2026-11-21"}
GOOD_MODEL = {"attention": "GQA", "weights": "bf16", "sources": ["litgpt"], "date": "2026-11-21", "shape": {
    "width": 8, "vocabulary": 4, "attention": [{"kind": "GQA", "layers": 1, "heads": 4, "kv_heads": 2, "head_dim": 2}],
    "feedforward": [{"kind": "dense", "layers": 1, "hidden": 8}]}}


def chip(**changes):
    return validated(Chip, "X1", {k: v for k, v in {**GOOD_CHIP, **changes}.items() if v != "DROP"}, "chips.yaml")


def model(**changes):
    return validated(Model, "M1", {**GOOD_MODEL, "shape": {**GOOD_MODEL["shape"], **changes}}, "models.yaml")


@pytest.mark.parametrize("make, sentence", [
    (lambda: chip(memory="80 XB"), "chips.yaml, X1, memory: "),
    (lambda: chip(memory="80 GB/s"), "chips.yaml, X1, memory: '80 GB/s': expected a unit like byte, got 'GB/s'"),
    (lambda: chip(memory=80), "chips.yaml, X1, memory: "),
    (lambda: chip(memory="-80 GB"), "chips.yaml, X1, memory: should be greater than 0, got '-80 GB'"),
    (lambda: chip(memory="DROP"), "chips.yaml, X1, memory: is missing"),
    (lambda: chip(memmory="80 GB"), "chips.yaml, X1, memmory: is not a known field; did you mean memory"),
    (lambda: chip(date="last week"), "chips.yaml, X1, date: expected a date such as 2026, 2026-09 or 2026-09-20"),
    (lambda: chip(date="2026-13"), "chips.yaml, X1, date: expected a date such as 2026, 2026-09 or 2026-09-20"),
    (lambda: chip(date="2026-00-00"), "chips.yaml, X1, date: expected a date such as 2026, 2026-09 or 2026-09-20"),
    (lambda: chip(sources=[]), "chips.yaml, X1, sources: "),
    (lambda: chip(unconfirmed=["speed"]),
     "chips.yaml, X1: 'speed' is called unconfirmed or disputed but is no field of this record"),
    (lambda: chip(scale_up={"chips": 0}), "chips.yaml, X1, scale_up.chips: should be greater than 0, got 0"),
    (lambda: model(width=0), "models.yaml, M1, shape: width must be a whole number of at least 1, got 0"),
    (lambda: model(attention=[{"kind": "MHA", "layers": 1, "heads": 4, "kv_heads": 2, "head_dim": 2}]),
     "models.yaml, M1, shape: 4 heads with 2 KV heads are GQA, not MHA"),
    (lambda: model(attention=[{"kind": "banded", "layers": 1}]),
     "models.yaml, M1, shape: expected layers with a kind of MHA, GQA, MQA, MLA, compressed and linear, got "),
    (lambda: model(feedforward=[{"kind": "dense", "layers": 1, "hidden": 8, "routed": 2}]),
     "models.yaml, M1, shape: a layer of kind dense has no 'routed'; it has layers, hidden and gated"),
    (lambda: model(feedforward=[{"kind": "dense", "layers": 1}]),
     "models.yaml, M1, shape: a layer of kind dense needs 'hidden'"),
    (lambda: model(feedforward=[{"kind": "dense", "layers": 2, "hidden": 8}]),
     "models.yaml, M1, shape: 1 attention layers but 2 feed-forward layers"),
    (lambda: model(attention=None), "models.yaml, M1, shape: attention must be a list of layers, got None"),
    (lambda: model(extras=[1]), "models.yaml, M1, shape: extras must be a mapping of names to parameters, got [1]"),
    (lambda: model(extras={"eye": "big"}), "models.yaml, M1, shape: extras.eye must be a whole number of at least 1"),
    (lambda: model(feedforward=[{"kind": "dense", "layers": "one", "hidden": 8}]),
     "models.yaml, M1, shape: layers must be a whole number of at least 1, got 'one'"),
    (lambda: model(depth=3), "models.yaml, M1, shape: a shape has no 'depth'; it has width, vocabulary, "),
    (lambda: validated(Model, "M1", {**GOOD_MODEL, "weights": "fp9"}, "models.yaml"),
     "models.yaml, M1, weights: precision 'fp9' is not known; there are fp64, "),
    (lambda: validated(Model, "M1", {**GOOD_MODEL, "weights": {"experts": "fp4"}}, "models.yaml"),
     "models.yaml, M1, weights: expected one precision, or one for experts and one for rest"),
    (lambda: chip(rates={"fp9": "1 TFLOP/s"}), "chips.yaml, X1, rates.fp9"),
    (lambda: validated(Chip, "X1", "text", "chips.yaml"),
     "chips.yaml, X1: expected the fields of a record, got 'text'"),
    (lambda: validated(Disclosure, "D", {"topic": "t", "figures": {"a": "3 furlong"}, "sources": ["stas"],
                                         "date": "2026"}, "d.yaml"), "d.yaml, D, figures: unit 'furlong' is not known"),
    (lambda: check_names({"X1": chip(sources=["stass"])}, "chips.yaml"),
     "chips.yaml, X1: source 'stass' is not in sources.yaml; did you mean stas"),
    (lambda: check_names({"X1": chip(), "x-1": chip()}, "chips.yaml"), "chips.yaml: X1 and x-1 both answer to 'x1'"),
])
def test_a_bad_record_is_refused_with_file_record_field_and_what_was_expected(make, sentence):
    with pytest.raises(DataError) as error:
        make()
    assert message(error).startswith(sentence)


@pytest.mark.parametrize("text, sentence", [
    ("a: 1\na: 2\n", "f.yaml, line 2: not valid YAML: 'a' is given twice"),
    ("a: [1\n", "f.yaml, line 2: not valid YAML: "),
    ("- a\n", "f.yaml: expected a mapping of names to values, got ['a']"),
    ("", "f.yaml: expected a mapping of names to values, got None"),
    ("[a, b]: 1\n", "f.yaml, line 1: not valid YAML: a name is expected"),
    ("a: \x07\n", "f.yaml: not valid YAML: "),
    (b"a: \xff\n", "f.yaml: cannot be read (not text)"),
])
def test_a_bad_file_is_refused_with_its_line(tmp_path, text, sentence):
    (tmp_path / "f.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as error:
        read(tmp_path / "f.yaml")
    assert message(error).startswith(sentence)


@pytest.mark.parametrize("text, unit, value", [
    ("671 billion parameters", "parameter", 671e9), ("14.8 trillion tokens", "token", 14.8e12), ("56.3 %", "1", 0.563),
    ("3.35 TB/s", "byte/s", 3.35e12), ("96 GiB", "byte", 96 * 2**30), ("2 USD/hour", "USD/s", 2 / 3600),
    ("5 USD/Mtoken", "USD/token", 5e-6), ("200 Gbit/s", "byte/s", 25e9)])
def test_quantities_are_read_as_the_files_write_them(text, unit, value):
    assert quantity(text, unit) == pytest.approx(value, rel=1e-14)


def test_text_that_only_looks_like_a_number_stays_text():
    assert figure("O(1) for reversible blocks") == "O(1) for reversible blocks"
    assert figure("1/Ehat = 1/(E - 1)") == "1/Ehat = 1/(E - 1)"
    with pytest.raises(UnitError):
        figure("3 furlong")


# --- measured runs


def test_contributed_runs_are_valid_and_plausible():
    assert measured
    for run in measured.values():
        assert all(timing.flop or timing.bytes for timing in run.results)


# --- how it is built


def test_importing_the_catalog_reads_nothing():
    code = ("import sys, roofline.catalog as c; "
            "print([m for m in ('pydantic', 'yaml', 'pint', 'sympy') if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_no_function_or_module_of_the_catalog_is_long():
    for path in sorted(DATA.parent.glob("*.py")):
        assert len(path.read_text().splitlines()) < 300, path.name
    for module in [m for name, m in sys.modules.items() if name.startswith("roofline.catalog")]:
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if not function.__module__.startswith("roofline.catalog"):
                continue
            body = inspect.getsource(function).replace(inspect.getdoc(function) or "", "")
            assert len(body.splitlines()) < 25, function.__qualname__


def test_every_public_name_exists():
    for name in catalog.__all__:
        assert getattr(catalog, name) is not None
        assert name in dir(catalog)
    with pytest.raises(AttributeError, match="has no attribute 'chipz'"):
        catalog.chipz  # noqa: B018
