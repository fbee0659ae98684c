"""Answers on the command line: against arithmetic on the data sheets, and for every name that the book knows."""

import json
import math

import pytest

from roofline import chips, models, prices
from roofline.__main__ import main
from roofline.ask import compare, facts, fits, price, step
from roofline.ask.answer import WIDTH, Answer, Row
from roofline.batch_size import t_step
from roofline.catalog import MissingFact, UnknownName, UnknownPrecision


def quantity(answer, name, case=0):
    return next(row.values[case] for row in answer.rows if row.name == name)


# step


def test_at_batch_one_a_step_reads_the_weights_of_the_data_sheet():
    told = step.answer("H100", "Llama-3-70B", [1.0], 0.0, count=8)
    assert quantity(told, "t_weights") == pytest.approx(models["Llama-3-70B"].total / (8 * 3.35e12), rel=1e-12)
    assert quantity(told, "t_step") == quantity(told, "t_weights") and quantity(told, "set_by") == "weights"
    assert quantity(told, "tokens_per_s_user") == pytest.approx(1 / quantity(told, "t_step"))


def test_the_rent_of_a_token_is_rent_over_tokens():
    told = step.answer("GB200", "DeepSeek-V3", [64.0], 8192.0, rent=3.6)
    each = 72 * 0.001 * quantity(told, "t_step") / 64
    assert quantity(told, "cost_per_token") == pytest.approx(each, rel=1e-12)
    assert not any("rent" in note for note in told.notes)


def test_without_a_rent_the_answer_says_how_to_give_one():
    told = step.answer("GB200", "DeepSeek-V3", [64.0], 8192.0)
    assert quantity(told, "cost_per_token") is None and "--rent" in told.notes[-1]


@pytest.mark.parametrize(("batch", "context", "waits_for"), [(1, 0, "weights"), (20_000, 0, "arithmetic"),
                                                             (4096, 100_000, "caches")])
def test_what_sets_the_step_is_named(batch, context, waits_for):
    assert quantity(step.answer("GB200", "DeepSeek-V3", [batch], context), "set_by") == waits_for


def test_what_does_not_fit_is_said():
    assert "they do not fit" in step.answer("RTX 4090", "Llama-3-70B", [1.0], 0.0).notes[0]
    assert "they fit" in step.answer("H200", "Llama-3-70B", [1.0], 0.0).notes[0]


# compare


def test_a_line_for_each_pair_and_what_is_left_out_is_named():
    told = compare.answer(["H100", "A100 80GB"], ["Llama-3-70B", "Character.AI"], 64.0, 8192.0, precision="fp8")
    assert len(told.cases) == 1 and sum(note.startswith("Left out") for note in told.notes) == 2
    chip, model = chips["H100"].at("fp8", n=8), models["Llama-3-70B"].at("fp8", "bf16")
    assert quantity(told, "t_step") == t_step(chip, model, B=64, L=8192)
    assert 8 * quantity(told, "tokens_per_s_chip") == pytest.approx(64 / quantity(told, "t_step"), rel=1e-12)
    with pytest.raises(UnknownPrecision):
        compare.answer(["A100 80GB"], ["Llama-3-70B"], 1.0, 0.0, precision="fp4")
    with pytest.raises(UnknownName):
        compare.answer(["H100", "H10"], ["Llama-3-70B"], 1.0, 0.0)


# fits


@pytest.mark.parametrize("model", ["DeepSeek-V3", "Llama-3-70B", "Gemma-3-27B"])
@pytest.mark.parametrize("context", [1000.0, 100_000.0])
def test_the_largest_batch_fits_and_one_more_does_not(model, context):
    def at(batch, length):
        return fits.answer("H200", model, batch, length, 0.1, count=8)

    first = at(1.0, context)
    most = quantity(first, "largest_batch")
    assert quantity(at(most, context), "fits") == "yes" and quantity(at(most + 1, context), "fits") == "no"
    longest = quantity(first, "longest_context")
    assert quantity(at(1.0, longest), "fits") == "yes" and quantity(at(1.0, longest + 2), "fits") == "no"


@pytest.mark.parametrize("count", [4, 11, 40])
def test_the_fewest_chips_hold_it_and_one_less_does_not(count):
    fewest = quantity(fits.answer("H100", "DeepSeek-V3", 64.0, 32_000.0, 0.1, count=count), "fewest_chips")
    held = [quantity(fits.answer("H100", "DeepSeek-V3", 64.0, 32_000.0, 0.1, count=n), "fits")
            for n in (fewest, fewest - 1)]
    assert held == ["yes", "no"]


def test_where_the_weights_do_not_fit_there_is_no_batch():
    told = fits.answer("RTX 4090", "DeepSeek-V3", 1.0, 0.0, 0.0)
    assert quantity(told, "largest_batch") is None and quantity(told, "longest_context") is None
    assert "no batch" in told.notes[-1]


# price


def test_a_request_costs_its_tokens_at_their_prices():
    line = prices["opus46_flat"]
    told = price.answer("Claude Opus 4.6", 20_000.0, 1000.0, 50_000.0, tier="standard", date="2026-11-01")
    assert len(told.cases) == 1
    assert quantity(told, "request") == pytest.approx(20_000 * line.input + 50_000 * line.cached_input
                                                      + 1000 * line.output, rel=1e-12)


def test_a_line_for_longer_contexts_has_no_price_for_a_short_request():
    assert price.request(prices["opus46_hi"], 1000.0, 10.0, 0.0) is None
    assert price.request(prices["opus46_lo"], 1000.0, 10.0, 0.0) == pytest.approx(1000 * 5e-6 + 10 * 25e-6)
    assert price.request(prices["cer_oss120"], 1000.0, 10.0, 5.0) is None
    assert price.request(prices["cer_oss120"], 0.0, 10.0, 0.0) == pytest.approx(10 * 0.75e-6)


def test_every_model_with_a_price_has_an_answer():
    for name in {name for line in prices.values() for name in line.models}:
        told = price.answer(name, 1000.0, 100.0)
        assert told.cases and "nan" not in told.as_text(True)
    with pytest.raises(ValueError, match="--tier or --date"):
        price.answer("Claude Opus 4.6", date="2020-01-01", tier="standard")


# facts

@pytest.mark.parametrize("kind", facts.named())
def test_every_name_has_an_answer_in_text_and_in_json(kind):
    for name in facts.named()[kind]:
        told = facts.answer(name)
        assert told.rows, name
        assert json.loads(told.as_json(True))["title"] == told.title
        for line in told.as_text(True).splitlines():
            assert len(line) <= WIDTH or " " not in line[WIDTH:] or "<http" in line or len(told.cases) > 1, (name, line)


def test_figures_are_told_as_the_data_sheet_has_them():
    told = facts.answer("h100")
    assert quantity(told, "memory") == 80e9 and quantity(told, "rates.fp8") == chips["H100"].rates["fp8"]
    assert "1.9789 PFLOP/s" in told.as_text() and "7,168" in facts.answer("DeepSeek-V3").as_text()


def test_a_price_line_is_headed_by_its_models_and_not_by_its_key():
    assert facts.answer("claude opus 4.7").title == "Claude Opus 4.7, Claude Opus 4.8, Claude Opus 5"
    assert facts.answer("opus46_lo").title == "Claude Opus 4.6"


def test_capitals_tell_symbols_apart_and_names_are_found_in_any_spelling():
    assert facts.answer("B").title.startswith("B: batch")
    assert facts.answer("batch size 36").title.startswith("batch-size-36:")
    assert facts.answer("t_step").title == t_step.meaning
    assert "There is also a price line" not in " ".join(facts.answer("H100").notes)


# what is printed


def test_json_keeps_every_number_in_base_units(capsys):
    assert main(["step", "GB200", "DeepSeek-V3", "--batch", "1,64", "--json", "--show"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = {one["name"]: one for one in told["quantities"]}
    assert found["t_step"]["unit"] == "s" and found["t_step"]["formula"].startswith("t_step = Max(")
    chip, model = chips["GB200"].at("fp8", n=72), models["DeepSeek-V3"].at("fp8", "bf16")
    assert found["t_step"]["values"] == [t_step(chip, model, B=b, L=8192) for b in (1, 64)]


def test_infinity_is_told_in_words_that_json_can_carry():
    told = Answer("A", [], [""], [Row("x", "x", [math.inf], "s"), Row("y", "y", [None])])
    assert [one["values"] for one in json.loads(told.as_json())["quantities"]] == [["inf"], [None]]
    assert told.as_text().splitlines()[-2:] == ["x  ∞", "y  –"]


@pytest.mark.parametrize("typed", [
    ["step", "H100", "Llama-3-70B"], ["step", "H100", "Llama-3-70B", "--show"], ["fits", "H100", "Llama-3-70B"],
    ["compare", "H100,H200,B200", "Llama-3-70B,DeepSeek-V3"], ["price", "gpt-oss-120b"], ["facts"], ["facts", "H100"],
])  # fmt: skip
def test_an_answer_fits_on_a_screen(typed, capsys):
    assert main(typed) == 0
    told = capsys.readouterr().out.splitlines()
    assert max(map(len, told)) <= 110 and (len(told) <= 30 or "--show" in typed)


@pytest.mark.parametrize(("typed", "says"), [
    (["step", "H10", "Llama-3-70B"], "did you mean H100"),
    (["step", "H100", "Llama-3-71B"], "no model is called"),
    (["step", "H100"], "MODEL"),
    (["step", "H100", "Llama-3-70B", "--precision", "fp4"], "no 'fp4' rate"),
    (["step", "H100", "Llama-3-70B", "--weights", "fp5"], "'fp5' is not known"),
    (["step", "H100", "Llama-3-70B", "--batch", "1,2,3,4,5,6,7"], "one to 6 numbers"),
    *((["step", "H100", "Llama-3-70B", "--batch", bad], "is not a batch from 1")
      for bad in ("0", "-1", "x", "nan", "1,,2")),
    *((["fits", "H100", "Llama-3-70B", "--context", bad], "is not a number of tokens")
      for bad in ("-1", "1e99", "2 k b")),
    *((["fits", "H100", "Llama-3-70B", "--chips", bad], "is not a whole number") for bad in ("0", "2.5", "1e9")),
    (["fits", "H100", "Llama-3-70B", "--other", "1"], "is not a share"),
    (["fits", "H100", "Character.AI"], "not published"),
    (["compare", "H100", "H200", "Llama-3-70B"], "compare: unrecognized arguments: Llama-3-70B; chips have commas"),
    (["compare", "H100", "H200", "--batch", "8", "Llama-3-70B"], "chips have commas between them, such as H100,H200"),
    (["compare", "H100", "Llama-3-70B", "--batch", "1,2"], "compare: argument --batch: '1,2' is not a batch"),
    (["compare", "H100", "Llama-3-70B", "--batch", "1,2"], "it takes one number"),
    (["step", "H100", "Llama-3-70B", "B200"], "step: unrecognized arguments: B200\n"),
    (["compare", "H100,", "Llama-3-70B"], "expected names with commas"),
    (["price", "Claude Opus 9"], "no price line has the model"),
    (["price", "Claude Opus 4.6", "--in", "5"], "both --in and --out"),
    (["price", "Claude Opus 4.6", "--date", "May"], "expected a date"),
    (["facts", "H10"], "did you mean H100"),
    (["facts", "nothing at all"], "lists what there is"),
])  # fmt: skip
def test_an_argument_that_does_not_fit_gets_one_sentence(typed, says, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(typed)
    told = capsys.readouterr()
    assert stopped.value.code == 2 and told.out == "" and says in told.err and told.err.count("\n") == 1


def test_numbers_may_be_typed_in_thousands_and_millions(capsys):
    told = []
    for context in ("128000", "128k", "0.128M", "128,000", "1.28e5"):
        main(["fits", "H100", "Llama-3-70B", "--context", context])
        told.append(capsys.readouterr().out)
    assert len(set(told)) == 1


def test_a_model_without_a_shape_is_a_missing_fact():
    with pytest.raises(MissingFact):
        compare.answer(["H100"], ["Character.AI"], 1.0, 0.0)
