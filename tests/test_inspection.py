"""What the number inspector tells: of a formula, an input, an expression, a quotation, and all over the chapters."""

import inspect
import json
import re

import pytest

from roofline import catalog
from roofline.algebra import units
from roofline.batch_size import latency_floor
from roofline.notation import notation
from roofline.teaching import inspection, places, published, reference
from roofline.teaching.ledger import load
from roofline.teaching.numbers import number, quoted, said
from tests.test_docstrings import MODULES, public
from tools import twins

GB200 = catalog.chips["GB200"].at("fp8", n=72)
V3 = catalog.models["DeepSeek-V3"].at(weights="fp8", kv="bf16")
C, W, B = (notation.inputs[name].symbol for name in ("C", "W", "B"))


def told(record):
    return inspection.entry(vars(record))


def test_a_formula_is_told_with_its_value_in_full_and_its_inputs_by_source():
    found = told(number("floor", latency_floor, GB200, V3, digits=1))
    assert found["formula"] == "latency_floor"
    assert found["value"] == units.text(671e9 / (72 * 8e12), "s", 6)
    sources = {words: (page, dict(given)) for words, page, given in found["inputs"]}
    page, given = sources["72 × GB200 at fp8"]
    assert page == "book/hardware.html#chip-GB200" and given == {"n": "72", "W": "8 TB/s"}
    page, given = sources["DeepSeek-V3, weights fp8, KV bf16"]
    assert page == "book/models.html#model-DeepSeek-V3" and set(given) == {"b_w", "N_tot"}


def test_what_is_given_in_the_text_is_told_apart_from_a_usual_value():
    found = told(number("t", notation.formulas["t_compute"], GB200, V3, B=64))
    sources = {words: dict(given) for words, _, given in found["inputs"]}
    assert sources["given in the text"] == {"B": "64"} and "phi" in sources["usual value"]


def test_a_number_that_is_an_input_says_where_it_is_from_and_no_more():
    found = told(number("experts", notation.inputs["E"].symbol, V3))
    assert found["formula"] == "E" and found["inputs"] == [(V3.label, "book/models.html#model-DeepSeek-V3", [])]


def test_a_formula_is_told_with_the_formulas_that_it_is_made_of_and_their_values():
    """72 GB200, one sequence, no context: 671 billion weights at 8 TB/s, and 37 billion at 5 PFLOP/s."""
    found = told(number("step", notation.formulas["t_step"], GB200, V3, B=1, L=0))
    assert [name for name, _ in found["parts"]] == ["t_compute", "t_memory"]
    values = {name: units.parse(value, "s") for name, value in found["parts"]}
    assert values["t_compute"] == pytest.approx(2 * 37e9 / (72 * 5e15), rel=1e-3)
    assert values["t_memory"] == pytest.approx(671e9 / (72 * 8e12), rel=1e-3)
    assert "parts" not in told(number("b", B, B=3))


def test_a_rent_is_told_by_the_hour_as_everywhere_in_the_book():
    rented = catalog.chips["H200"].at("fp8", n=8)
    found = told(number("rent", notation.inputs["price"].symbol, rented, unit="USD/s"))
    assert found["value"] == units.text(catalog.chips["H200"].rental.price, "USD/hour", 6)
    cost = number("cost", notation.formulas["cost_per_token"], rented, V3, B=1, L=0)
    assert cost.inputs["price"].endswith("per hour")


def test_an_expression_is_told_as_mathematics_and_keeps_its_inputs():
    record = vars(number("ratio", C / W, GB200, unit="FLOP/byte"))
    found = inspection.entry(record)
    assert inspection.page([record])["expressions"] == {"ratio": ("", r"\frac{C}{W}")}
    assert found["expression"] == "short"
    assert {name for _, _, given in found["inputs"] for name, _ in given} == {"C", "W"}


def test_a_value_with_a_phrase_links_the_formulas_that_it_names():
    found = told(number("x", 2.0, how="1/fast_batch_ratio < 3"))
    assert found["how"] == (
        '1/<a href="book/notation.html#formula-fast_batch_ratio"><code>fast_batch_ratio</code></a> &lt; 3'
    )
    assert "inputs" not in found


def test_a_quotation_has_no_value_and_what_was_said_leads_to_its_row():
    assert told(quoted("year", "2026", "price list: opus46_fast, first year")) == {
        "how": 'price list: <a href="book/prices.html#price-opus46_fast">Claude Opus 4.6, fast mode, since 2026-02</a>'
        ", first year"
    }
    found = told(said("said", load()["batch-size-35"]))
    assert 'href="book/fact_check.html#claim-batch-size-35"' in found["how"] and found["value"].endswith("ms")


def test_what_a_summary_stated_is_not_put_into_the_lecture():
    by = {row.speaker: row for row in load().values() if row.said}
    for speaker, row in by.items():
        there = told(said("said", row))["how"].startswith("stated in the lecture: ")
        assert there == bool(re.search("^Reiner|^Dwarkesh|and Reiner", speaker)), speaker
    assert {"a summary", "Reiner"} <= set(by)


@pytest.mark.parametrize(("how", "markup"), [
    ("price list: gemini31pro_lo", 'price list: <a href="book/prices.html#price-gemini31pro_lo">'
     'Gemini 3.1 Pro, preview, up to 200,000 tokens, since 2026-02-19</a>'),
    ("price list: Gemini 1.5 Pro, year", '<a href="book/prices.html">price list</a>: Gemini 1.5 Pro, year'),
    ("catalog: context_windows", 'catalog: <a href="book/published.html#published-context_windows">'
     'Longest contexts that models were offered with</a>'),
    ("kappa_stored of GPT-3", '<a href="book/notation.html#symbol-kappa_stored"><code>kappa_stored</code></a> of '
     '<a href="book/models.html#model-GPT-3">GPT-3</a>'),
    ("scaling_laws.matched, A100 40GB", '<a href="book/api/x.html#m"><code>matched</code></a>, '
     '<a href="book/hardware.html#chip-A100-40GB">A100 40GB</a>'),
    ("link_latency, infiniband_high", '<a href="book/published.html#published-link_latency">'
     'Time for a small message over one link or one network</a>, infiniband high'),
    ("revnet: error of RevNet-104", '<a href="book/published.html#published-revnet">Reversible residual network</a>: '
     'error of RevNet-104'),
    ("time of a token as stated, pipelining-24 of the ledger", 'time of a token as stated in the lecture: '
     '<a href="book/fact_check.html#claim-pipelining-24">pipelining-24</a>'),
])  # fmt: skip
def test_a_phrase_has_words_and_links_for_all_that_it_names(how, markup):
    assert inspection.linked(how, {"matched": "book/api/x.html#m"}) == markup


RECORDS = {name: record for kind, _ in places.SHOWN.values() for name, record in getattr(catalog, kind).items()}
FUNCTIONS = {key for name in MODULES for key, value in public(name) if inspect.isroutine(value)}
KNOWN = {*RECORDS, *places.formulas(), *notation.inputs, *catalog.BYTES, "float16", "float32", "price list"}
WORDS = re.compile("|".join(map(re.escape, [*catalog.chips, *catalog.memory_tiers, *catalog.models])))  # such as TPU v4


def unknown(how):
    """What looks like code and names no record, formula, symbol, function or precision, nor a figure of its record."""
    found = re.findall(places.IDENTIFIER, WORDS.sub("", how))
    figures = {figure for name in found for figure in getattr(RECORDS.get(name), "figures", ())}
    return [name for name in found if name.rpartition(".")[2] not in KNOWN | FUNCTIONS | figures]


@pytest.fixture(scope="module")
def chapters(root):
    """The record of each number of the chapters, by page and key, and what its card tells."""
    functions = dict.fromkeys(FUNCTIONS, "book/api/x.html")
    outputs = [(page.stem, output) for page in sorted((root / "lectures").glob("*.ipynb"))
               for cell in twins.read(page).cells for output in cell.get("outputs", ())]
    records = [(page, output.metadata["number"]) for page, output in outputs if "number" in output.get("metadata", {})]
    return {(page, record["key"]): (record, inspection.entry(record, functions)) for page, record in records}


def test_every_name_in_a_phrase_of_the_chapters_is_one_that_the_book_knows(chapters):
    phrases = {key: record["formula"] for key, (record, found) in chapters.items() if "how" in found}
    assert {key: names for key, how in phrases.items() if (names := unknown(how))} == {}
    assert sum(any(name in how for name in RECORDS) for how in phrases.values()) > 100


@pytest.mark.parametrize("how", [
    "deepseek_inference_overveiw: redundant experts", "price list: gemini31pro, year", "cost_per_tokens at batch 1",
    "placement.balance on 64 chips", "catalog: scale_out_latency, infiniband_high",
])  # fmt: skip
def test_a_name_with_a_mistake_is_found(how):
    assert len(unknown(how)) == 1


def test_hardly_a_number_of_the_chapters_comes_from_bare_words(chapters):
    bare = {key: found["how"] for key, (_, found) in chapters.items() if "<a " not in found.get("how", "<a ")}
    assert len(chapters) > 500 and len(bare) <= len(chapters) / 200, bare


def test_every_record_that_a_phrase_can_name_has_a_row_on_its_page():
    shown = [reference.chips(), reference.memory_tiers(), reference.models(), reference.prices(), published.table()]
    ids = [name for table in shown for name in re.findall(r'<tr id="([^"]*)"', table.markup)]
    records = [places.row(kind, name) for kind, (kept, _) in places.SHOWN.items() for name in getattr(catalog, kept)]
    assert sorted(ids) == sorted(records) and len(set(ids)) == len(ids)


INTERNAL = re.compile(r"\w_\w")


@pytest.mark.site
def test_no_card_of_the_site_shows_an_internal_key_and_all_its_links_lead_somewhere(site):
    ids, links, told_of = {}, set(), 0
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf8")
        ids[page.relative_to(site).as_posix()] = set(re.findall(r'id="([^"]+)"', text))
        numbers = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', text, re.DOTALL)
        for key, found in json.loads(numbers[1])["numbers"].items() if numbers else ():
            words = re.sub(r"<a [^>]*>.*?</a>", "", found.get("how", "")) + found.get("expression", "")
            assert not INTERNAL.search(words), (page.stem, key, words)
            told_of += 1
            links |= {*re.findall(r'href="(book/[^"]+)"', found.get("how", "")),
                      *(address for _, address, _ in found.get("inputs", ()) if address)}
    for link in links:
        file, _, anchor = link.partition("#")
        assert not anchor or anchor in ids[file], link
    assert told_of > 500


def test_a_page_holds_each_formula_and_symbol_once_and_all_that_its_numbers_name():
    records = [vars(number("a", latency_floor, GB200, V3)), vars(number("b", latency_floor, GB200, V3)),
               vars(number("c", B, B=3)), vars(number("d", 1.0, how="one"))]  # fmt: skip
    found = inspection.page(records)
    assert set(found["numbers"]) == {"a", "b", "c", "d"}
    assert set(found["formulas"]) == {"latency_floor", "t_weights"}  # the floor is another name for the second
    assert set(found["symbols"]) == {"n", "W", "b_w", "N_tot", "B", "t_weights"}
    meaning, tex = found["formulas"]["latency_floor"]
    assert meaning == latency_floor.meaning and tex == latency_floor.latex()


@pytest.mark.parametrize(("label", "page"), [
    ("144 × H800 at fp8", "book/hardware.html#chip-H800"), ("1 × TPU v4 at bf16", "book/hardware.html#chip-TPU-v4"),
    ("gpt-oss-120b, weights experts mxfp4, rest bf16, KV bf16", "book/models.html#model-gpt-oss-120b"),
    ("a mapping of one's own", ""),
])  # fmt: skip
def test_a_source_leads_to_the_page_that_lists_it(label, page):
    assert inspection.origin(label) == (label, page)


def test_every_formula_and_symbol_has_its_anchor_on_the_notation_page():
    listed = reference.formulas().text + reference.symbols().text
    ids = re.findall(r'<span id="((?:formula|symbol)-\w+)">', listed)
    assert len(set(ids)) == len(ids)
    names = [*places.formulas(), *notation.inputs]
    assert {places.symbol(name).split("#")[1] for name in names} == set(ids)


def test_published_amounts_are_written_as_money():
    shown = published.table()._repr_html_()
    assert "<b>$0.14 per million tokens</b>" in shown and "<b>$2.00 per hour</b>" in shown
    assert re.findall(r"\$[\d,]+\.\d\d\d*0\b", shown) == []
