"""Explorers in Python: what a description refuses, what the controls stand for, what is said, what syncs."""

import dataclasses
import itertools
import re

import pytest
from ipywidgets.embed import embed_data

from roofline.algebra import InputMissing, NameUnknown
from roofline.batch_size import (
    balance_batch_kv,
    mfu,
    t_compute,
    t_kv,
    t_memory,
    t_step,
    t_weights,
    tokens_per_s,
    tokens_per_s_user,
)
from roofline.catalog import MissingFact, UnknownPrecision, chips, models
from roofline.teaching import palette
from roofline.teaching.explorer import Chart, Choice, Curve, Explorer, Mark, Readout, Slider, Table, page, words
from roofline.teaching.explorers import batch_size
from roofline.teaching.explorers.batch_size import build, explorer
from tests.explorers import assert_gives

START = build().start()


def small(**changed):
    """A small explorer that works, with some parts changed."""
    parts = {
        "name": "small", "title": "Small", "summary": "A pass takes {t_compute}.",
        "choices": (Choice("chip", "Chip", {"slow": "Slow", "fast": "Fast"}, "slow"),),
        "tables": (Table(("chip",), {("slow",): {"C": 1e12}, ("fast",): {"C": 1e15}}),),
        "sliders": (Slider("B", "Batch", (1.0, 10.0, 100.0), start=10.0),),
        "fixed": {"N_act": 1e9},
        "chart": Chart("B", "batch", "time", t_compute, (Curve(t_compute, "compute", "compute"),), alt="At {B}."),
        "readouts": (Readout(t_compute, "Time"),),
    }
    return Explorer(**{**parts, **changed})


def expected(values):
    """What the formulas say of the chip and the model as they stand in the catalog."""
    chip = chips[values["chip"]].at(values["compute"], n=int(values["n"]))
    at = {**chip, **models[values["model"]].at(values["weights"], values["kv"]), "B": values["B"], "L": values["L"]}
    formulas = t_step, t_compute, t_weights, t_kv, t_memory, mfu, tokens_per_s, tokens_per_s_user, balance_batch_kv
    return {formula.name: formula(at) for formula in formulas}


def test_the_explorer_says_what_the_formulas_of_the_chapter_say():
    assert_gives(build(), expected)
    assert explorer(chip="H100")["price"] == chips["H100"].at("bf16")["price"]


@pytest.mark.parametrize("chip", batch_size.CHIPS)
def test_tables_hold_every_precision_that_the_chip_has_and_no_other(chip):
    name, rates = chips[chip].name, chips[chip].rates
    assert set(build().open("compute", {**START, "chip": name})) == set(rates)
    for compute in rates:
        now, want = build().operands({**START, "chip": name, "compute": compute}), chips[chip].at(compute)
        assert (now["C"], now["W"], now["M"]) == (want["C"], want["W"], want["M"])


@pytest.mark.parametrize("model", list(build().choice("model").options))
def test_tables_hold_every_model_at_every_precision(model):
    for weights in ("bf16", "fp8", "fp4"):
        for kv in ("bf16", "fp8"):
            now = build().operands({**START, "model": model, "weights": weights, "kv": kv})
            want = models[model].at(weights=weights, kv=kv)
            assert {symbol: now[symbol] for symbol in want if symbol in now} == {s: want[s] for s in want if s in now}


def test_models_left_out_are_those_without_the_data():
    for name in set(models) - set(build().choice("model").options):
        with pytest.raises(MissingFact):
            models[name].at("bf16")


def test_a_chip_without_the_precision_falls_back_to_one_it_has():
    assert "fp8" not in chips["A100 80GB"].rates
    assert explorer(chip=chips["A100 80GB"].name).values["compute"] in chips["A100 80GB"].rates


def test_a_choice_that_a_chip_closed_comes_back_with_another_chip():
    widget, own = explorer(), explorer(compute="bf16")
    for chip, compute in (("A100 80GB", "bf16"), ("GB200", "fp8")):
        widget.set(chip=chip)
        own.set(chip=chip)
        assert (widget.values["compute"], own.values["compute"]) == (compute, "bf16")
    widget.set(compute="fp4")
    widget.set(chip="H100")
    assert widget.values["compute"] in chips["H100"].rates and "fp4" not in chips["H100"].rates
    widget.set(compute="fp8")  # asked for where fp4 is closed, and so kept
    widget.set(chip="GB200")
    assert widget.values["compute"] == "fp8"


def test_values_that_were_assigned_are_wishes_too():
    widget = explorer()
    widget.values = {**widget.values, "compute": "bf16"}
    for chip in ("A100 80GB", "H100"):
        widget.set(chip=chip)
        assert widget.values["compute"] == "bf16"


def test_reset_restores_the_opening_and_its_wishes():
    widget = explorer(chip="A100 80GB", B=512, price=0.001)
    opened = dict(widget.values)
    widget.set(chip="H100", compute="bf16", B=3, L=5000, n=8)
    widget.reset()
    assert widget.values == opened
    widget.set(chip="H100")
    assert widget.values["compute"] == "fp8"


def test_sequences_and_tokens_are_counted_whole():
    for name, low, high in (("B", 1, 1e5), ("L", 100, 1e6)):
        stops = next(s.stops for s in build().sliders if s.name == name)
        assert (stops[0], stops[-1]) == (low, high) and all(stop == int(stop) for stop in stops)
        steps = [later / earlier for earlier, later in itertools.pairwise(stops)]
        assert all(1 < step <= max(1.12, 1 + 1.01 / stop) for step, stop in zip(steps, stops, strict=False))


def test_the_batch_where_compute_takes_over_has_the_digits_of_the_chapter():
    widget = explorer()
    shown = f"{round(widget['balance_batch_kv'], -1):,.0f}"
    assert f"at a batch of {shown}." in widget.summary and f"at batch  {shown}" in repr(widget)


def test_utilization_reads_in_hundredths():
    widget = explorer()
    assert f"{100 * widget['mfu']:.3g} %" in repr(widget)


def test_rent_is_the_catalog_s_or_marked_as_assumed():
    known, unknown, own = explorer(chip="H100"), explorer(chip="GB200"), explorer(chip="H100", price=0.001)
    assert chips["GB200"].rental is None
    assert known["price"] == chips["H100"].rental.price and "Rent of a chip: The rental price" in repr(known)
    assert unknown["price"] == chips["B200"].rental.price and "Assumed as for a B200" in repr(unknown)
    assert own["price"] == 0.001 and "Assumed by you" in repr(own)
    own.set(chip="H200")
    assert own["price"] == chips["H200"].rental.price


@pytest.mark.parametrize(("chosen", "label"), [
    ({"B": 1, "L": 100}, "weights-bound"), ({"B": 100_000, "L": 1e6}, "KV-bound"),
    ({"B": 50_000, "L": 100}, "compute-bound")])
def test_regime_names_the_longest_of_the_times(chosen, label):
    widget = explorer(**chosen)
    assert widget.regime == label
    largest = {"weights-bound": t_weights, "KV-bound": t_kv, "compute-bound": t_compute}[label].name
    assert widget[largest] == max(widget[f.name] for f in (t_compute, t_weights, t_kv))


def test_summary_says_where_compute_takes_over_or_that_it_never_does():
    assert "Compute takes over at a batch of" in explorer(L=100).summary
    assert "Compute never takes over" in explorer(L=1e6).summary


def test_more_bytes_than_the_memory_holds_is_said_plainly():
    assert "does not fit" not in explorer(B=64, L=8192, n=72).summary
    assert "does not fit" in explorer(B=10_000, L=1e6).summary
    assert "does not fit" in explorer(B=1, L=100, n=1, chip="H100").summary


# in sync

def test_values_sync_both_ways():
    widget, seen = explorer(B=10), []
    widget.observe(lambda change: seen.append(change["new"]["B"]), names="values")
    widget.set(B=20)
    widget.set_state({"values": {**widget.values, "B": 640, "chip": "H100"}})  # what a page sends
    assert seen == [20, 640]
    assert widget["B"] == 640 and widget["W"] == chips["H100"].bandwidth
    assert {"values", "spec", "_esm", "_css"} <= set(widget.keys)


@pytest.mark.parametrize(("chosen", "error", "sentence"), [
    ({"Bach": 3}, NameUnknown, "no control is called 'Bach'"),
    ({"B": 0}, ValueError, "B cannot be 0; it runs from 1 to 100000"),
    ({"B": "many"}, ValueError, "B cannot be 'many'"),
    ({"L": None}, ValueError, "L cannot be None"),
    ({"L": True}, ValueError, "L cannot be True"),
    ({"chip": "A100 80GB", "compute": "fp8"}, ValueError, "compute cannot be 'fp8' here; it can be bf16"),
    ({"chip": "Abacus"}, ValueError, "chip cannot be 'Abacus' here; it can be A100 80GB, H100"),
])
def test_values_that_cannot_be_get_one_sentence(chosen, error, sentence):
    widget = explorer()
    before = dict(widget.values)
    for set_values in (widget.set, explorer):
        with pytest.raises(error, match=re.escape(sentence)):
            set_values(**chosen)
    with pytest.raises((error, InputMissing)):
        widget.values = {**before, **chosen}
    assert widget.values == before


def test_a_lost_value_and_an_unknown_name_are_told():
    widget = explorer()
    with pytest.raises(InputMissing, match="n has no value"):
        widget.values = {k: v for k, v in widget.values.items() if k != "n"}
    with pytest.raises(NameUnknown, match="it shows no 't_stepp'; did you mean t_step"):
        widget["t_stepp"]


# descriptions that could not be drawn

@pytest.mark.parametrize(("changed", "error", "sentence"), [
    ({"fixed": {}}, InputMissing, "explorer small: t_compute needs N_act (active parameters"),
    ({"tables": ()}, InputMissing, "t_compute needs C (peak arithmetic rate"),
    ({"tables": (Table(("chip",), {("slow",): {"C": 1.0}, ("fast",): {}}),)}, InputMissing, "there is none for fast"),
    ({"tables": (Table(("chip",), {("slow",): {"C": 1.0}}),)}, ValueError, "chip 'fast' has no data"),
    ({"tables": (Table(("chp",), {("slow",): {"C": 1.0}}),)}, NameUnknown, "'chp', which is no choice; did you mean"),
    ({"summary": "{t_comput}"}, NameUnknown,
     "{t_comput} in '{t_comput}' is no formula, input or choice; did you mean t_compute"),
    ({"sliders": (Slider("Batch", "Batch", (1.0, 2.0), 1.0),)}, NameUnknown, "no input is called 'Batch'"),
    ({"sliders": (Slider("B", "Batch", (1.0, 2.0)),)}, InputMissing, "the slider B needs a start"),
    ({"fixed": {"N_axt": 1.0}}, NameUnknown, "no input is called 'N_axt'; did you mean N_act"),
    ({"readouts": (Readout(t_compute, "Time", role="computing"),)}, NameUnknown, "no colour has the role 'computing'"),
    ({"choices": (Choice("chip", "Chip", {"slow": "Slow", "fast": "Fast"}, "slo"),)}, NameUnknown,
     "chip cannot start at 'slo'; did you mean slow"),
    ({"readouts": (Readout(t_memory, "Time"),)}, InputMissing, "t_memory needs b_w"),
])
def test_a_description_that_could_not_be_drawn_is_refused_in_a_sentence(changed, error, sentence):
    with pytest.raises(error, match=re.escape(sentence)) as caught:
        small(**changed)
    assert "\n" not in str(caught.value)


def test_a_small_description_is_a_page_of_python():
    widget = small()(chip="fast", B=100)
    assert widget["t_compute"] == t_compute(B=100, N_act=1e9, C=1e15)
    assert widget.summary == "A pass takes 200 µs."


def test_unknown_x_of_the_chart_is_refused():
    with pytest.raises(NameUnknown, match="the chart goes along 'L', which is no slider"):
        small(chart=dataclasses.replace(small().chart, x="L"))


def test_a_sentence_has_two_wordings_of_one_and_of_many():
    described = small(sliders=(Slider("B", "Batch", (1.0, 10.0), start=10.0, noun=("user", "users")),),
                      summary="On {B?it waits # alone|they wait #, each}, {t_compute}.")
    assert described().summary == "On they wait 10 users, each, 20 ms."
    assert described(B=1).summary == "On it waits 1 user alone, 2 ms."
    with pytest.raises(NameUnknown, match="is no formula, input or choice"):
        small(summary="{users?one|many}")


def test_a_choice_has_words_for_values_of_the_readers_own():
    choice = Choice("chip", "Chip", {"slow": "Slow", "fast": "Fast"}, "slow", own="A chip of your own")
    table = Table(("chip",), {("slow",): {"C": 1e12}, ("fast",): {"C": 1e15}})
    rate = Slider("C", "Rate", (1e12, 1e14, 1e15), assumed=1e14)
    widget = small(choices=(choice,), tables=(table,), summary="{chip}.",
                   sliders=(*small().sliders, rate))()
    assert widget.summary == "Slow." and "Slow" in repr(widget)
    widget.set(B=1)
    assert widget.summary == "Slow."
    widget.set(C=1e14)
    assert widget.summary == "A chip of your own." and "Slow" not in repr(widget)
    widget.set(chip="fast")
    assert widget.summary == "Fast."


def test_an_infinite_mark_is_said_in_its_own_words():
    mark = Mark(t_compute, "{t_compute}", "It is at {t_compute}.", "There is none.")
    described = small(chart=dataclasses.replace(small().chart, marks=(mark,)))
    assert described().summary == "A pass takes 20 ms. It is at 20 ms."
    assert words.say(described, "t_compute", float("inf")) == "none"


# what a page gets

def test_generic_script_names_no_formula_chip_or_unit():
    script = page._read("explorer.js")
    assert not re.search(r"\b(t_\w+|kappa|GB200|H100|DeepSeek|tokens/s)\b", script)


def test_style_takes_the_palette_from_one_place():
    assert all(f"--role-{role}: {colour};" in page.style() for role, colour in palette.ROLES.items())
    assert not [colour for colour in palette.ROLES.values() if colour.lower() in page._read("explorer.css").lower()]


def test_print_is_stable_and_complete():
    widget, again = explorer(B=512, L=8192), explorer(B=512, L=8192)
    assert repr(widget) == repr(again) and "0x" not in repr(widget) and "object at" not in repr(widget)
    for said in ("512 sequences", "8,192 tokens", "72 chips", "GB200", "DeepSeek-V3", widget.regime):
        assert said in repr(widget)


def test_display_carries_words_for_readers_without_scripts(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    widget = explorer()
    widget._ipython_display_()
    view, fallback = shown
    assert view["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert view["text/plain"] == repr(widget)
    assert fallback["text/html"].startswith("<noscript>") and "Time of one pass" in fallback["text/html"]


def test_state_in_the_page_is_all_that_a_page_needs():
    widget = explorer(B=512)
    state = embed_data(views=[widget])["manager_state"]["state"][widget.model_id]
    assert state["model_module"] == "anywidget"
    assert state["state"]["values"]["B"] == 512 and state["state"]["spec"] == page.spec(build())
    assert state["state"]["_esm"] == page.module(build())


def test_ids_follow_the_order_of_making():
    first, second = explorer(), explorer()
    number = int(first.model_id.rsplit("-", 1)[1])
    assert second.model_id == f"batch_size-explorer-{number + 1}"
    assert first.layout.model_id == f"{first.model_id}-layout"


def test_narrowed_tables_lose_nothing():
    def at(model, kv):
        if model == "b" and kv == "fp8":
            raise UnknownPrecision("none")
        return {"N_act": {"a": 1.0, "b": 2.0}[model], "kappa": {"bf16": 2.0, "fp8": 1.0}[kv], "q": 1.0}

    from roofline.teaching.explorer import tabulate
    table = tabulate(at, model="ab", kv=("bf16", "fp8"))
    assert len(table.rows) == 3
    from roofline.teaching.explorer.tables import look, narrowed
    for symbol, axes in {"N_act": ["model"], "kappa": ["kv"], "q": []}.items():
        found = narrowed(table.axes, {key: row[symbol] for key, row in table.rows.items()})
        assert found["by"] == axes
        for (model, kv), row in table.rows.items():
            assert look(found, {"model": model, "kv": kv}) == row[symbol]
