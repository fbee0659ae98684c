"""Explorers in a real browser: one equation in three languages, and what pointer, keyboard and a kernel do to a page.

What holds of every explorer stands in tests/test_every_explorer.py.
"""

import dataclasses
import importlib
import itertools
import json
import math
import pkgutil
import random
import re

import mpmath
import numpy as np
import pytest
import sympy

import roofline
from roofline.algebra import DomainError, Formula, javascript, units
from roofline.batch_size import t_compute
from roofline.notation import notation
from roofline.teaching.explorer import page as parts
from roofline.teaching.explorer import words
from roofline.teaching.explorers import moe
from roofline.teaching.explorers.batch_size import build, explorer
from tests.browser.explorers import assert_as_python, boxes_of, drag, move, settled, widen

pytestmark = pytest.mark.browser


# the same equation in three languages

def every_formula():
    for found in pkgutil.iter_modules(roofline.__path__):
        if not found.ispkg and found.name != "__main__":
            importlib.import_module(f"roofline.{found.name}")
    return notation.formulas


def random_inputs(rng, names):
    """Values inside the domains and relations of the notation, over four decades."""
    drawn = {}
    for name in names:
        domain = notation.inputs[name].domain
        low = 1.0 if domain.low == 1 else 0.0
        drawn[name] = rng.random() if domain.high == 1 else low + 10 ** rng.uniform(-2, 2)
    for relation in notation.relations:
        if {relation.small, relation.large} <= drawn.keys():
            drawn[relation.small], drawn[relation.large] = sorted((drawn[relation.small], drawn[relation.large]))
    return drawn


def exactly(f):
    """The formula as sympy itself evaluates it, in 30 digits: a function of its inputs."""
    compute = sympy.lambdify([f.notation.inputs[n].symbol for n in f.inputs], f.expr, "mpmath")

    def at(inputs):
        with mpmath.workdps(30):
            return float(compute(*map(mpmath.mpf, inputs.values())))
    return at


def in_numpy(f, grid):
    """The formula at every point of the grid, halved until what has no usable value stands alone: None."""
    if not grid:
        return []
    try:
        found = np.asarray(f(**{n: np.array([point[n] for point in grid]) for n in f.inputs}))
        return [float(x) for x in np.broadcast_to(found, len(grid))]
    except DomainError:
        half = len(grid) // 2
        return in_numpy(f, grid[:half]) + in_numpy(f, grid[half:]) if half else [None]


def test_sympy_numpy_and_javascript_agree_on_every_formula(browser):
    formulas, rng = every_formula(), random.Random(1)
    assert len(formulas) > 30
    everything = sorted({name for f in formulas.values() for name in f.inputs})
    grid = [random_inputs(rng, everything) for _ in range(200)]
    script = javascript({name: f.expr for name, f in formulas.items()}, everything)
    sheet = browser.new_page()
    in_page = json.loads(sheet.evaluate(f"grid => JSON.stringify(grid.map({script}).map(point => Object.fromEntries("
                                        "Object.entries(point).map(([name, value]) => [name, String(value)]))))", grid))
    sheet.close()
    for name, f in formulas.items():
        compared, exact = 0, exactly(f)
        for point, there, here in zip(grid, in_page, in_numpy(f, grid), strict=True):
            inputs = {n: point[n] for n in f.inputs}
            if here is None:
                continue  # a point where the formula has no usable value
            assert math.isclose(float(there[name]), here, rel_tol=1e-9, abs_tol=1e-12), (name, inputs)
            if compared < 12:  # thirty exact digits take their time
                assert exact(inputs) == pytest.approx(here, rel=1e-9), (name, inputs)
            compared += 1
        assert compared >= 40, f"{name}: only {compared} of {len(grid)} points are in its domain"


# numbers as words

def numbers_to_write(rng):
    ties = [0.125, 2.5, 1.125, 5445.0, 544.5, 54450.0, 0.0001, 1000.0, 999.5, 999.49, 99.95, 0.99951, 1e15, 123456789.5,
            999.994, 999.999, 999499.0, 999999.6, 0.09999, 0.037]
    sizes = [10 ** rng.uniform(-16, 20) for _ in range(80)]
    sizes += [float(f"{10 ** rng.uniform(-9, 15):.4g}") for _ in range(80)]
    edges = [10.0**k for k in range(-9, 18)] + [k * f for k in (60, 86400, 3600) for f in (1.9999, 2, 2.005, 5)]
    found = [*ties, *sizes, *edges, 0.0, 119.99, 120.0, math.inf]
    return found + [-x for x in found[:20]]


def test_numbers_are_written_as_in_python(browser):
    rng, shown = random.Random(2), ["1", "s", "byte", "byte/s", "FLOP/s", "token", "token/s", "parameter", "USD/hour",
                                    "USD/Mtoken", "USD/token", "USD/s", "USD", "µs", "%", "FLOP/byte",
                                    "byte/token", "J"]
    cases = [(x, unit, digits) for unit in shown for x in numbers_to_write(rng) for digits in (2, 3, 4, 6)]
    module = parts.script("() => ({})", shown)
    sheet = browser.new_page()
    there = sheet.evaluate("""async ([module, cases]) => {
        const { default: made } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
        return cases.map(([x, unit, digits]) => made.text(Number(x), unit, digits)); }""",
                           [module, [(str(x).replace("inf", "Infinity"), u, d) for x, u, d in cases]])
    sheet.close()
    differ = [(case, units.text(*case), js) for case, js in zip(cases, there, strict=True) if units.text(*case) != js]
    assert differ == []


# the page

def test_a_choice_comes_back_with_a_chip_that_has_it(show):
    widget = explorer()
    sheet = show(widget)
    for chosen in ({"chip": "A100 80GB"}, {"chip": "GB200"}, {"compute": "fp4"}, {"chip": "H100"}, {"compute": "fp8"},
                   {"chip": "GB200"}, {"compute": "bf16"}, {"chip": "H100"}):
        widget.set(**chosen)
        for name, option in chosen.items():
            sheet.select_option(f".explorer select[name={name}]", option)
        assert assert_as_python(sheet, build()) == widget.values


def test_reset_by_key_restores_the_opening(show):
    widget = explorer(chip="A100 80GB", B=512, price=0.001)
    sheet = show(widget)
    sheet.select_option(".explorer select[name=chip]", "H100")
    drag(sheet, "B", 0.9)
    drag(sheet, "L", 0.4)
    assert settled(sheet) != widget.values
    sheet.evaluate("document.querySelector('.explorer select').focus()")
    sheet.keyboard.press("Shift+Tab")
    assert sheet.evaluate("document.activeElement.textContent") == "Reset"
    sheet.keyboard.press("Enter")
    assert assert_as_python(sheet, build()) == widget.values
    sheet.select_option(".explorer select[name=chip]", "H100")
    assert settled(sheet)["compute"] == "fp8"


def test_long_times_on_the_axis_stay_in_seconds_and_on_the_page(show):
    sheet = show(explorer(chip="TPU v5e", model="Llama-3-70B", n=1, B=1000, L=1e6))
    for width in (390, 900):
        widen(sheet, width)
        ticks = sheet.locator(".explorer .grid text[text-anchor=end]").all_text_contents()
        assert "1,000 s" in ticks and not [tick for tick in ticks if re.search("min|h$|days", tick)]
        card = boxes_of(sheet, ".explorer")[0]
        assert all(box["left"] >= card["left"] + 2 for box in boxes_of(sheet, ".explorer .grid text"))


def test_a_warning_appears_without_moving_the_numbers(show):
    sheet = show(explorer())
    for width in (320, 390, 640, 700, 900, 1280):
        widen(sheet, width)
        seen, places = set(), set()
        for part in (0.0, 0.5, 1.0):
            drag(sheet, "L", part)
            drag(sheet, "B", part)
            settled(sheet)
            seen.add(sheet.locator(".explorer .warning").is_visible())
            boxes = boxes_of(sheet, ".explorer :is(dl, select, input)")
            places.add(tuple((box["left"], box["top"]) for box in boxes))
        assert seen == {True, False} and len(places) == 1, width


def test_keys_move_a_slider(show):
    sheet = show(explorer())
    for name in ("B", "L"):
        sheet.focus(f".explorer input[name={name}]")
        for key, sign in (("ArrowRight", 1), ("ArrowUp", 1), ("PageUp", 1), ("ArrowLeft", -1), ("ArrowDown", -1),
                          ("PageDown", -1)):
            before = settled(sheet)[name]
            sheet.keyboard.press(key)
            assert (assert_as_python(sheet, build())[name] - before) * sign > 0


def test_home_and_end_reach_the_ends_and_every_arrow_key_counts(show):
    sheet = show(explorer())
    sheet.focus(".explorer input[name=B]")
    sheet.keyboard.press("End")
    assert assert_as_python(sheet, build())["B"] == 100_000
    sheet.keyboard.press("Home")
    assert assert_as_python(sheet, build())["B"] == 1
    seen = []
    for _ in range(12):
        sheet.keyboard.press("ArrowRight")
        seen.append(settled(sheet)["B"])
    assert seen == sorted(set(seen))


def test_a_drag_on_the_chart_moves_its_slider(show):
    sheet = show(explorer())
    box = sheet.locator(".explorer svg").bounding_box()
    sheet.mouse.move(box["x"] + 100, box["y"] + 150)
    sheet.mouse.down()
    sheet.mouse.move(box["x"] + 300, box["y"] + 150, steps=4)
    sheet.mouse.up()
    values = assert_as_python(sheet, build())
    dot = sheet.locator(".explorer .dot").bounding_box()
    assert dot["x"] + dot["width"] / 2 == pytest.approx(box["x"] + 300, abs=4)
    assert values["B"] != 256


def test_curves_pass_through_what_python_computes(show):
    """Where the time of the pass is drawn, read off the axes: an axis has its own ticks to measure by."""
    sheet = show(explorer(B=20_000, L=1000))
    found = sheet.evaluate("""() => { const dot = document.querySelector('.explorer .dot');
        const texts = [...document.querySelectorAll('.explorer .grid text')];
        const at = texts.map(t => [t.textContent, +t.getAttribute('x'), +t.getAttribute('y')]);
        return { x: +dot.getAttribute('cx'), y: +dot.getAttribute('cy'), at }; }""")
    ticks = {text: (x, y - 4) for text, x, y in found["at"]}
    low, high = ticks["1 ms"][1], ticks["10 ms"][1]
    read = 10 ** (-3 + (found["y"] - low) / (high - low))
    assert read == pytest.approx(explorer(B=20_000, L=1000)["t_step"], rel=0.01)
    left, right = ticks["1"][0], ticks["100K"][0]
    assert 10 ** (5 * (found["x"] - left) / (right - left)) == pytest.approx(20_000, rel=0.01)


def test_mark_stands_where_compute_takes_over(show):
    widget = explorer(L=1000)
    sheet = show(widget)
    balance = widget["balance_batch_kv"]
    drag_to = min(range(len(build().sliders[0].stops)), key=lambda i: abs(build().sliders[0].stops[i] - balance))
    drag(sheet, "B", drag_to / (len(build().sliders[0].stops) - 1))
    settled(sheet)
    mark, dot = sheet.locator(".explorer .mark").bounding_box(), sheet.locator(".explorer .dot").bounding_box()
    assert mark["x"] == pytest.approx(dot["x"] + dot["width"] / 2, abs=6)
    assert "compute takes over" in sheet.locator(".explorer svg").inner_html()
    drag(sheet, "L", 1.0)
    settled(sheet)
    assert not sheet.locator(".explorer .mark").is_visible()
    assert "never takes over" in sheet.inner_text(".explorer .notes")


def test_a_screen_reader_hears_the_sentence_once_the_reader_pauses(show):
    sheet = show(explorer())
    assert sheet.get_attribute(".explorer .spoken", "aria-live") == "polite"
    before = sheet.text_content(".explorer .spoken")
    drag(sheet, "B", 0.9)
    values = settled(sheet)
    assert sheet.text_content(".explorer .spoken") == before
    sheet.wait_for_timeout(700)
    assert sheet.text_content(".explorer .spoken") == words.summary(build(), values)


@pytest.mark.parametrize("width", [390, 320])
def test_labels_of_curves_stand_apart_on_a_phone(show, width):
    sheet = show(explorer(), width=width)
    for chosen in ({}, {"B": 5000, "L": 1e6}, {"B": 50_000, "L": 100, "model": "Llama-3-8B"}):
        move(sheet, build(), **chosen)
        settled(sheet)
        boxes = boxes_of(sheet, ".explorer svg text.label:visible")
        heights = sorted(box["top"] for box in boxes if box["left"] > width * 0.6)
        assert len(heights) >= 4 and all(later - earlier >= 13 for earlier, later in itertools.pairwise(heights))


@pytest.mark.parametrize("width", [390, 768])
def test_the_label_of_a_mark_makes_room_for_the_value_beside_the_dot(show, width):
    sheet = show(moe.explorer(B=100_000, E=4096, k=16, n=576), width=width)
    (label,) = boxes_of(sheet, ".explorer svg text.label:text('takes over')")
    value = boxes_of(sheet, ".explorer svg .value")[0]
    assert label["bottom"] > value["top"] and label["right"] <= value["left"] and label["left"] >= 0


def test_a_page_without_scripts_keeps_the_words(browser, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    widget = explorer()
    widget._ipython_display_()
    file = tmp_path / "plain.html"
    file.write_text(f"<!doctype html><title>x</title>{shown[1]['text/html']}", encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    sheet = context.new_page()
    sheet.goto(file.as_uri())
    assert widget.summary in " ".join(sheet.inner_text("body").split("\n"))
    context.close()


# a picture of another kind, two explorers, and a kernel

@dataclasses.dataclass(frozen=True)
class Bar:
    """A bar as long as a time: what a chapter that draws something new writes."""

    formula: Formula
    alt: str
    marks: tuple = ()
    kind: str = "bar"
    drawing: str = """(picture, { svg, html }) => {
        const node = html("div", { role: "img", class: "bar" });
        return { node, paint: ({ results }) => { node.style.width = `${results[picture.name] * 1e6}px`; } };
    }"""

    def formulas(self):
        return [self.formula]

    def roles(self):
        return ["compute"]

    def along(self):
        return ["B"]

    def spec(self, sliders):
        return {"name": self.formula.name}


def test_a_new_kind_of_picture_brings_its_own_drawing(show):
    described = dataclasses.replace(build(), chart=Bar(t_compute, "A bar of {t_compute}."))
    sheet = show(described(B=512))
    settled(sheet)
    assert sheet.locator(".bar").bounding_box()["width"] == pytest.approx(described(B=512)["t_compute"] * 1e6, abs=0.1)
    drag(sheet, "B", 0.5)
    values = settled(sheet)
    assert sheet.get_attribute(".bar", "aria-label") == words.fill(described, "A bar of {t_compute}.", values)



def test_two_explorers_on_a_page_are_apart(show):
    sheet = show(explorer(B=1), explorer(B=100_000))
    assert sheet.evaluate("[...document.querySelectorAll('.explorer')].map(e => e.values().B)") == [1, 100_000]
    ids = sheet.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert sheet.evaluate("document.querySelectorAll('style.anywidget').length") == 1


# the address

def reopened(sheet, path):
    """The page of the sheet opened anew, with another end of its address: what it says in all."""
    sheet.goto(re.sub(r"[?#].*", "", sheet.url) + path, wait_until="domcontentloaded")
    sheet.wait_for_selector("html[data-hydrated]", state="attached")
    settled(sheet)
    return sheet.inner_text("body")


def ending(sheet, ends):
    """Waits until the address ends so: it is written where the reader pauses."""
    sheet.wait_for_url(re.compile(re.escape(ends) + "$"))


def test_a_setting_is_in_the_address_and_opens_from_it(show):
    sheet = show(explorer())
    move(sheet, build(), chip="A100 80GB", B=500, price=0.001)
    values = settled(sheet)
    spoken = sheet.locator(".explorer .spoken", has_text="A100 80GB")
    spoken.wait_for(state="attached")  # it is said once the hand rests
    said = sheet.inner_text("body")
    ending(sheet, "?chip=A100+80GB&B=500&price=0.0009722")
    sheet.reload()
    sheet.wait_for_selector("html[data-hydrated]", state="attached")
    spoken.wait_for(state="attached")
    assert assert_as_python(sheet, build()) == values != explorer().values and sheet.inner_text("body") == said
    sheet.select_option(".explorer select[name=chip]", "GB200")  # with its own rent, and precision
    ending(sheet, "?B=500")
    assert settled(sheet)["compute"] == explorer().values["compute"] != values["compute"]


def test_a_setting_that_is_taken_back_leaves_the_address(show):
    sheet = show(explorer())
    assert "?" not in sheet.url
    reopened(sheet, "?from=afar#here")
    move(sheet, build(), B=1)
    ending(sheet, "?from=afar&B=1#here")
    sheet.click(".explorer .reset")
    ending(sheet, "?from=afar#here")


NONSENSE = ("?B=", "?B=many&n=NaN", "?B=0&L=1e9&n=-3", "?chip=Abacus&B=Infinity", "?toString=1&values=2&spec=3",
            "#B=1", "?%E0%A4%A", "?compute=fp8%22%3E%3Cscript%3E&%3D&&2.B=1")


def test_nonsense_in_the_address_changes_nothing(show):
    sheet, logged = show(explorer(), styled=False), []
    sheet.on("console", lambda message: logged.append(message.text))
    for nonsense in NONSENSE:
        reopened(sheet, nonsense)
        assert assert_as_python(sheet, build()) == explorer().values and logged == [], nonsense


def test_a_number_in_the_address_is_the_stop_close_to_it(show):
    sheet = show(explorer())
    reopened(sheet, "?B=511.3&n=70&compute=fp8&chip=A100+80GB")
    values = assert_as_python(sheet, build())
    assert (values["B"], values["n"], values["compute"]) == (500, 72, "bf16")
    sheet.select_option(".explorer select[name=chip]", "H100")
    assert settled(sheet)["compute"] == "fp8"  # asked for in the address


def test_two_explorers_on_a_page_have_their_own_part_of_the_address(show):
    sheet = show(explorer(), explorer())
    sheet.evaluate("document.querySelectorAll('.explorer')[1].move('B', 1)")
    ending(sheet, "?2.B=1")
    reopened(sheet, "?B=100&2.B=10")
    assert sheet.evaluate("[...document.querySelectorAll('.explorer')].map(e => e.values().B)") == [100, 10]


def test_a_link_to_the_setting_is_copied(show):
    sheet = show(explorer())
    sheet.evaluate("""() => {
        const writeText = async (text) => { window.copied = text; };
        Object.defineProperty(navigator, "clipboard", { value: { writeText } });
    }""")
    move(sheet, build(), B=1)
    ending(sheet, "?B=1")
    sheet.click(".explorer .copy")
    sheet.wait_for_function("document.querySelector('.copy').textContent === 'Copied'")
    assert sheet.evaluate("window.copied") == sheet.url
    sheet.wait_for_function("document.querySelector('.copy').textContent === 'Copy link'")


def test_page_and_kernel_hear_each_other(browser):
    widget = explorer()
    sheet = browser.new_page()
    sheet.set_content("<!doctype html><div id='here'></div>")
    sheet.evaluate("""async ([module, spec, values]) => {
        const { default: made } = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
        const state = { spec, values, opening: values, wishes: values }, heard = [];
        window.sent = [];
        window.model = { get: (name) => state[name], set: (name, value) => { state[name] = value; },
            save_changes: () => window.sent.push(state.values),
            on: (event, hear) => heard.push(hear), off: () => { heard.length = 0; } };
        window.fromKernel = (values) => { state.values = values; heard.forEach(hear => hear()); };
        window.close_view = made.render({ model: window.model, el: document.querySelector("#here") }); }""",
                   [widget._esm, widget.spec, widget.values])
    sheet.evaluate("""() => { const input = document.querySelector(".explorer input[name=B]");
        for (const part of [0.5, 0.7]) {
            input.value = Math.round(input.max * part);
            input.dispatchEvent(new Event("input", {bubbles: true})); } }""")
    sheet.wait_for_function("window.sent.length > 0")
    assert sheet.evaluate("window.sent.length") == 1  # where the reader paused, not every frame
    assert sheet.evaluate("location.href") == "about:blank" and sheet.locator(".copy").count() == 0  # of a notebook
    widget.set_state({"values": sheet.evaluate("window.sent[0]")})
    assert widget.values == settled(sheet) != explorer().values
    widget.set(B=640, chip="H100")
    sheet.evaluate("values => window.fromKernel(values)", widget.values)
    assert assert_as_python(sheet, build()) == widget.values
    sheet.evaluate("window.close_view()")
    sheet.close()
