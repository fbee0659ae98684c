"""The reference tables: every record once, values as the catalog has them, doubts marked, sources linked."""

import re

import pytest

from roofline import catalog
from roofline.notation import notation
from roofline.teaching import chapters, reference, tables

TABLES = {"chips": (reference.chips, catalog.chips), "memory_tiers": (reference.memory_tiers, catalog.memory_tiers),
          "models": (reference.models, catalog.models), "prices": (reference.prices, catalog.prices)}


def rows(name):
    """The cells of each row of a table, tags included."""
    body = re.search(r"<tbody>(.*)</tbody>", TABLES[name][0]().markup, re.S)[1]
    return [re.findall(r"<t[hd].*?</t[hd]>", row) for row in re.findall(r"<tr.*?</tr>", body, re.S)]


def heads(name):
    return re.findall(r'class="title">([^<]+)<', TABLES[name][0]().markup)


@pytest.mark.parametrize("name", TABLES)
def test_every_record_has_a_row_with_a_cell_under_every_head(name):
    found = rows(name)
    assert len(found) == len(TABLES[name][1]) > 5
    assert {len(row) for row in found} == {len(heads(name)) + 1}  # and the sources


@pytest.mark.parametrize("name", TABLES)
def test_every_row_names_its_sources(name):
    for row, record in zip(rows(name), TABLES[name][1].values(), strict=True):
        shown = re.findall(r'class="visually-hidden">: ([^<]+)<', row[-1])
        assert len(shown) == len(record.sources) >= 1
        assert all(address.startswith("http") for address in re.findall(r'href="([^"]+)"', row[-1]))


@pytest.mark.parametrize(("name", "head", "value"), [
    ("chips", "Memory", lambda chip: chip.memory), ("chips", "fp8", lambda chip: chip.rates.get("fp8")),
    ("models", "Parameters", lambda model: model.total), ("prices", "Output", lambda price: price.output),
])
def test_cells_sort_by_the_value_in_the_catalog(name, head, value):
    place = heads(name).index(head)
    for row, record in zip(rows(name), TABLES[name][1].values(), strict=True):
        key = re.search(r'data-sort="([^"]*)"', row[place])[1]
        expected = value(record)
        assert (key == "") if expected is None else float(key) == pytest.approx(expected, rel=1e-5)


def test_unconfirmed_values_are_marked_in_sight_and_in_words():
    place, marked = heads("models").index("Active"), 0
    for row, model in zip(rows("models"), catalog.models.values(), strict=True):
        doubted = model.active is not None and model.is_unconfirmed("active")
        assert ("(unconfirmed)" in row[place]) == doubted
        marked += doubted
    assert marked, "the catalog has at least one active count that no source confirms"


def test_units_stand_in_the_head_and_numbers_in_the_cell():
    place = heads("chips").index("Bandwidth")
    h100 = dict(zip(catalog.chips, rows("chips"), strict=True))["H100"]
    assert ">3.35" in h100[place] and "TB/s" not in h100[place]
    assert re.search(r'Bandwidth</span> <span class="unit">TB/s', reference.chips().markup)


def test_a_rent_says_how_many_lists_it_rests_on_and_whether_it_was_modelled():
    place = heads("chips").index("Rent")
    for row, chip in zip(rows("chips"), catalog.chips.values(), strict=True):
        if chip.rental is not None:
            lists = len(chip.rental.sources)
            assert ("one list" in row[place]) == (lists == 1 and not chip.rental.note), chip.name
            assert ("modelled" in row[place]) == ("modelled" in chip.rental.note)
            assert chip.is_unconfirmed("rental") or "modelled" not in chip.rental.note


def test_what_readers_look_for_stands_first_in_wide_tables():
    assert {"Memory", "Bandwidth", "fp8", "Rent"} <= set(heads("chips")[:7])
    assert heads("prices")[2:7] == ["Input", "Cached input", "Output", "Output over input", "Input over cached"]
    assert "KV read per token of context" in heads("models")[:5]


def test_a_tier_is_not_said_twice():
    tiers = [re.sub(r"<.*?>", "", row[1]) for row in rows("prices")]
    assert "fast mode" in tiers and "standard" in tiers and not any(re.search(r"\b(\w+) \1\b", tier) for tier in tiers)


def test_machine_balance_of_the_h100_is_about_three_hundred():
    """989.4 TFLOP/s over 2 FLOP, times 2 bytes, over 3.35 TB/s (NVIDIA's data sheet): 295."""
    place = heads("chips").index("Machine balance ρ")
    assert ">295<" in dict(zip(catalog.chips, rows("chips"), strict=True))["H100"][place]


def test_notation_lists_every_symbol_and_every_formula_once_under_its_chapter():
    symbols, formulas = reference.symbols(), reference.formulas()
    named = r"^\| (?:\$[^|]*\$ \| `|<a href=[^>]*><code>)(\w+)(?:` \||</code></a><br>)"
    for shown, known, bars in ((symbols, notation.inputs, 7), (formulas, notation.formulas, 4)):
        listed = re.findall(named, shown.text, re.M)
        assert sorted(listed) == sorted(known)
        lines = [line for line in shown.text.splitlines() if line.startswith("|")]
        assert {line.count("|") for line in lines} == {bars}
        assert repr(shown) == f"{len(known)} rows"
    titles = re.findall(r"^\*\*(.+)\*\*$", formulas.text, re.M)
    assert titles == [chapters.title(name) for name in chapters.CHAPTERS]
    assert formulas.text.index(">t_step<") < formulas.text.index("**Mixture of experts**")


def test_remarks_keep_disputed_values():
    disputed = [record for record in catalog.chips.values() if record.alternatives]
    shown = reference.doubts(catalog.chips.values()).markup
    assert disputed and all(f"Another value of {other.field}" in shown for r in disputed for other in r.alternatives)


@pytest.mark.parametrize(("written", "money"), [
    ("2", "2.00"), ("2.5", "2.50"), ("0.625", "0.625"), ("1,250", "1,250.00"),
])
def test_money_has_two_decimals_at_least(written, money):
    assert tables.cents(written) == money


def test_text_of_the_catalog_is_escaped():
    column = tables.Column("Name", lambda record: "<b>R&D</b>")
    assert column.cell(object()) == '<td class="short">&lt;b&gt;R&amp;D&lt;/b&gt;</td>'
