"""What holds of every explorer: its words and numbers in Python, and in a browser, wherever the controls stand.

In the browser the tests of an explorer share its one page, in the order in which they stand here.
"""

import json
import math
import re
from dataclasses import dataclass
from random import Random

import pytest

from roofline import chips, models
from roofline.notation import notation
from roofline.teaching import rubrics
from roofline.teaching.explorer import page, words
from tests.browser.axe import faults
from tests.browser.explorers import (
    assert_as_python,
    boxes_of,
    misplaced,
    move,
    one_by_one,
    settled,
    showing,
    values_of,
    widen,
)
from tests.explorers import MODULES, cornered, each_explorer, journey, somewhere

KB = 1000


def test_every_chapter_has_an_explorer_and_so_has_the_title_page():
    assert set(MODULES) == {*rubrics.names(), "front"}
    assert all(module.build().name == name for name, module in MODULES.items())


# In Python


@each_explorer
def test_the_book_gets_none_of_its_own_formulas(module):
    before = dict(notation.formulas), dict(notation.inputs), list(notation.relations)
    made = module.build.__wrapped__()
    assert (notation.formulas, notation.inputs, notation.relations) == before
    for f in made.formulas.values():
        assert f.notation is made.notation or notation.formulas[f.name] is f


@each_explorer
def test_the_example_of_its_docstring_can_be_shown(module):
    example = re.search(r"(explorer\(.*\))\.", module.explorer.__doc__)[1]
    widget = eval(example, {"explorer": module.explorer})
    assert widget.values != module.build().start()


@each_explorer
def test_what_it_names_after_the_catalog_is_in_the_catalog(module):
    made = module.build()
    for choice in made.choices:
        known = {"chip": chips, "model": models}.get(choice.name, choice.options)
        assert all(option in known for option in choice.options)


@each_explorer
def test_a_chip_offers_precisions_that_it_has(module):
    made = module.build()
    if {"chip", "compute"} <= {choice.name for choice in made.choices}:
        for chip in made.choice("chip").options:
            rates, all_listed = chips[chip].rates, made.choice("compute").options
            assert set(made.open("compute", made.moved(made.start(), chip=chip))) == {*rates} & {*all_listed}
            assert made.moved(made.start(), chip=chip)["compute"] in rates


@each_explorer
def test_stops_rise_from_end_to_end_and_starts_lie_between(module):
    for slider in module.build().sliders:
        assert list(slider.stops) == sorted(set(slider.stops)) and math.isfinite(slider.stops[-1])
        for start in (slider.start, slider.assumed):
            assert start is None or slider.stops[0] <= start <= slider.stops[-1]


@each_explorer
def test_wherever_the_controls_stand_there_is_an_answer_in_words(module):
    made, rng = module.build(), Random(11)
    for at in (somewhere, cornered):
        for _ in range(25):
            values = at(made, rng)
            assert not [name for name, found in made.results(values).items() if math.isnan(found)], values
            told = words.written(made, values)
            assert not re.search(r"[{}—∞]|\bnan\b|\binf\b", told), told
            assert made.regime(values) in [regime.label for regime in made.regimes]


@each_explorer
def test_it_prints_all_that_a_page_shows(module):
    made, rng = module.build(), Random(12)
    values = somewhere(made, rng)
    told = words.written(made, values).splitlines()
    results, operands = made.results(values), made.operands(values)
    rows = [*((c.label, words.chosen(made, c, values)) for c in made.choices),
            *((s.label, words.say(made, s.name, operands[s.name])) for s in made.sliders),
            *((r.label, words.say(made, r.formula.name, results[r.formula.name])) for r in made.readouts)]
    assert told[0] == made.title
    assert [re.split(r"\s{2,}", line.strip()) for line in told[1 : len(rows) + 1]] == [list(row) for row in rows]
    assert repr(made(**values)) == "\n".join(told)


ONE_OF_MANY = re.compile(r".*(?<![\d.,])1 (?!ms\b)[a-z-]+s\b.*|.*(?<![\d.,])1 sequence\b.* each\b.*")


@each_explorer
def test_one_is_never_many(module):
    made = module.build()
    low = {slider.name: slider.stops[0] for slider in made.sliders}
    for choice in made.choices:
        for option in made.open(choice.name, made.start()):
            values = made.moved(made.moved(made.start(), **{choice.name: option}), **low)
            told = f"{words.written(made, values)}\n{words.fill(made, made.chart.alt, values)}"
            assert not ONE_OF_MANY.findall(told)


@each_explorer
def test_a_page_gets_no_number_that_json_lacks(module):
    spec = page.spec(module.build())
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec


@each_explorer
def test_its_script_is_small(module):
    made = module.build()
    script, drawing = page.module(made), made.chart.drawing
    simulation = re.sub(r"^const data = .*$", "", made.supply.javascript if made.supply else "", flags=re.MULTILINE)
    given = len(script) - len(drawing) - len(made.supply.javascript if made.supply else "")
    assert given <= 24 * KB and len(drawing) + len(simulation) <= (13 if made.name == "pipelining" else 7) * KB


# In a browser


@dataclass
class Opened:
    """An explorer whose page stands open."""

    name: str
    made: object
    sheet: object

    def moves(self, /, **chosen):
        move(self.sheet, self.made, **chosen)


@pytest.fixture(scope="module", params=MODULES)
def opened(request, browser, tmp_path_factory):
    """The explorer as readers find it."""
    module = MODULES[request.param]
    with showing(browser, tmp_path_factory.mktemp("pages")) as show:
        yield Opened(request.param, module.build(), show(module.explorer()))


@pytest.mark.browser
@each_explorer
def test_it_opens_where_python_left_it(module, show):
    made = module.build()
    widget = made(**somewhere(made, Random(3)))
    sheet = show(widget)
    assert assert_as_python(sheet, made) == widget.values
    spoken = sheet.locator(".explorer > .spoken")
    assert spoken.text_content() == widget.summary and spoken.get_attribute("aria-live") == "polite"


@pytest.mark.browser
def test_wherever_the_controls_stand_it_says_what_python_says_and_fits(opened):
    for stage, (moves, values) in enumerate(journey(opened.made, Random(1))):
        if stage % 4 == 0:
            widen(opened.sheet, [320, 1280, 640, 390][stage // 4 % 4])
        opened.moves(**moves)
        assert assert_as_python(opened.sheet, opened.made) == values
        assert misplaced(opened.sheet) == [], values
    opened.sheet.wait_for_function("told => document.querySelector('.explorer > .spoken').textContent === told",
                                   arg=words.summary(opened.made, values))


@pytest.mark.browser
def test_reset_restores_the_opening(opened):
    opened.moves(**{slider.name: slider.stops[-1] for slider in opened.made.sliders})
    assert settled(opened.sheet) != opened.made.start()
    opened.sheet.click(".explorer .title .reset")
    assert assert_as_python(opened.sheet, opened.made) == opened.made.start()


@pytest.mark.browser
def test_keys_move_every_slider(opened):
    for slider in opened.made.sliders:
        opened.sheet.focus(f".explorer input[name={slider.name}]")
        at = []
        for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
            opened.sheet.keyboard.press(key)
            at.append(values_of(opened.sheet)[slider.name])
        assert (at[0], at[2]) == (slider.stops[0], slider.stops[-1]), slider.name
        assert at[0] < at[1] and at[3] < at[2], slider.name
    assert_as_python(opened.sheet, opened.made)


def turns(made):
    """Each slider to both ends of its way and to where its amount is longest: names and places."""
    for slider in made.sliders:
        lengths = [len(re.sub(r"[.,]", "", words.say(made, slider.name, stop))) for stop in slider.stops]
        for place in dict.fromkeys([0, len(lengths) - 1, lengths.index(max(lengths))]):
            yield [slider.name, place]


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 390, 640, 700, 1280])  # 700: as wide as in a chapter on a desk
def test_nothing_moves_under_a_finger_and_no_amount_runs_into_another(opened, width):
    widen(opened.sheet, width)
    opened.sheet.click(".explorer .title .reset")
    settled(opened.sheet)
    moves = [*turns(opened.made)]
    found = one_by_one(opened.sheet, moves)
    for move_, (places, wrong) in zip(moves, found, strict=True):
        assert (places, wrong) == (found[0][0], []), move_
    rows = opened.sheet.locator(".explorer .slider").evaluate_all(
        "rows => rows.map(row => [row, row.querySelector('input')].map(e => e.getBoundingClientRect().top))")
    assert len({top for top, _ in rows}) == len({*map(tuple, rows)}), "sliders side by side are at one height"


@pytest.mark.browser
def test_a_finger_hits_every_control_and_jupyterlab_leaves_it_its_keys(opened):
    widen(opened.sheet, 390)
    controls = opened.sheet.locator(".explorer :is(select, input, button)")
    assert controls.count() >= len(opened.made.choices) + len(opened.made.sliders) + 1
    assert set(controls.evaluate_all("all => all.map(e => e.dataset.lmSuppressShortcuts)")) == {"true"}
    assert min(box["height"] for box in boxes_of(opened.sheet, ".explorer :is(select, input, button):visible")) >= 24


# Where most stands in the picture
BUSY = {"batch_size": {"B": 5000, "L": 1e6}, "ciphers": {"machine": "normalised", "look": "often", "rounds_shown": 12},
        "kv_memory": {"tp": 8, "dp": 8}, "pipelining": {"schedule": "interleaved-4", "P": 8, "m_b": 8},
        "pricing": {"sheet": "opus47_48", "keep": "1h"}, "rack_topology": {"R": 64, "o_net": 0},
        "revnets": {"way": "back"}}
PLAIN = """theme => {
  document.querySelector("#book").disabled = true;
  document.body.style.background = { dark: "#111", light: "#fff" }[theme];
  document.querySelector("h1").style.color = "#888";
}"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [1100, 360])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_it(opened, theme, width):
    widen(opened.sheet, width)
    opened.sheet.click(".explorer .title .reset")
    opened.moves(**BUSY.get(opened.name, {}))
    opened.sheet.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    settled(opened.sheet)
    assert faults(opened.sheet, include=[".explorer"]) == []


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_read_it_in_a_page_without_the_books_colours(opened, theme):
    opened.sheet.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    opened.sheet.evaluate(PLAIN, theme)
    settled(opened.sheet)
    assert faults(opened.sheet, "color-contrast", "target-size", include=[".explorer"]) == []
