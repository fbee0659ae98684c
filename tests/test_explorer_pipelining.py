"""The explorer of pipelining: the page runs schedules as Python does, and can be played, paused and stepped."""

import itertools
import json

import pytest

from roofline.catalog import disclosures
from roofline.schedules import KINDS, one_f_one_b, simulate, zero_bubble
from roofline.teaching import palette
from roofline.teaching.explorer import schedule, words
from roofline.teaching.explorers.pipelining import PASSES, SCHEDULES, build, explorer
from tests.browser.axe import faults, thin
from tests.browser.test_explorer import boxes_of, drag, html, numbers, settled

LINKS = next(s.stops for s in build().sliders if s.name == "t_link")
BACK, ON = "button[aria-label='One event back']", "button[aria-label='One event on']"


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens an explorer in a page from a file, and fails the test if the page complained."""
    contexts, complaints = [], []

    def open_page(widget, width=1000, motion="no-preference", **how):
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(html(widget, **how), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion=motion)
        contexts.append(context)
        context.set_default_timeout(10_000)
        sheet = context.new_page()
        sheet.on("pageerror", lambda error: complaints.append(str(error)))
        sheet.goto(file.as_uri(), wait_until="domcontentloaded")
        sheet.wait_for_selector("html[data-hydrated]", state="attached")
        sheet.wait_for_selector(".timeline .op")
        return sheet

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


# In Python


def states():
    """Every order with every number of stages and of micro-batches; durations and time between stages take turns."""
    for place, (order, P, m) in enumerate(itertools.product(SCHEDULES, range(2, 9), range(1, 25))):
        passes = [*PASSES][place % len(PASSES)]
        values = {"schedule": order, "passes": passes, "P": float(P), "m_b": float(m)}
        yield {**build().start(), **values, "t_link": LINKS[place // 4 % len(LINKS)]}


def test_an_interleaved_order_gets_a_multiple_of_the_stages():
    widget = explorer(schedule="interleaved-2", P=4.0, m_b=10.0)
    assert widget["m_run"] == 12 and "12 are run" in widget.summary
    assert "are run" not in explorer(schedule="interleaved-2", P=4.0, m_b=12.0).summary


def test_numbers_of_known_schedules():
    gpipe, one, late = (explorer(schedule=name, P=4.0, m_b=8.0) for name in ("gpipe", "1f1b", "zb-h1"))
    assert [round(w["idle_over_work"], 9) for w in (gpipe, one, late)] == [3 / 8, 3 / 8, 1 / 8]
    assert [w["micro_batches_held"] for w in (gpipe, one, late)] == [8, 4, 4]
    assert gpipe.regime == one.regime == "no faster than GPipe"
    assert late.regime == "as little idle as one direction allows"
    assert explorer(schedule="interleaved-2", P=4.0, m_b=8.0).regime == "faster than GPipe"


def test_the_simulator_gives_the_published_bubbles_of_real_runs():
    """Qi et al. 2023, table 5: from the times of their table 6, four digits printed."""
    for row in disclosures["zero_bubble_runs"]["rows"]:
        at = [row[name] for name in ("forward", "backward", "weights", "link")]
        for order, key in ((one_f_one_b, "bubble_1f1b"), (zero_bubble, "bubble_zb")):
            ran = simulate(order(int(row["stages"]), int(row["micro_batches"])), *at)
            longest = (ran.busy + ran.idle_inside).max()
            assert 1 - ran.busy.max() / longest == pytest.approx(row[key], abs=6e-5)


# In the page


@pytest.mark.browser
def test_the_page_runs_every_schedule_as_python_does(browser):
    inputs = [build().operands(values) for values in states()]
    assert len(inputs) == 6 * 7 * 24
    sheet = browser.new_page()
    there = json.loads(sheet.evaluate(f"""text => {{ const {{ timeline, supply }} = {schedule._script("valueOf()")};
        return JSON.stringify(JSON.parse(text).map((one) => [supply(one), timeline(one).rows.map((row) =>
            row.map(({{ kind, b, position, start, end }}) => [kind, b, position, start, end]))])); }}""",
                                      json.dumps(inputs)))  # fmt: skip
    sheet.close()
    for given, (supplied, rows) in zip(inputs, there, strict=True):
        ran, expected = schedule.timeline(given), schedule.measured(given)
        assert supplied == pytest.approx(expected, rel=1e-12, abs=1e-15), given
        plan = ran.schedule
        names = [[KINDS[k], b, p] for k, b, p in zip(plan.kind.tolist(), plan.micro_batch.tolist(),
                                                     plan.position.tolist(), strict=True)]  # fmt: skip
        assert [op[:3] for row in rows for op in row] == names, given
        ends = [op[4] for row in rows for op in row]
        starts = [op[3] for row in rows for op in row]
        assert max(abs(a - b) for a, b in zip(ends, ran.end.tolist(), strict=True)) < 1e-12
        assert max(abs(a - b) for a, b in zip(starts, ran.start.tolist(), strict=True)) < 1e-12


@pytest.mark.browser
def test_every_control_moves_the_words_to_what_python_says(show):
    sheet = show(explorer())
    for order in SCHEDULES:
        sheet.select_option(".explorer select[name=schedule]", order)
        for passes, (P, m, link) in zip(PASSES, ((0, 0, 0), (0.4, 0.9, 0.5), (1, 1, 1), (0.6, 0.2, 0.3)), strict=True):
            sheet.select_option(".explorer select[name=passes]", passes)
            for name, place in (("P", P), ("m_b", m), ("t_link", link)):
                drag(sheet, name, place)
            values = build().checked(settled(sheet))
            results = build().results(values)
            shown = numbers(sheet)
            assert {name: words.say(build(), name, results[name]) for name in shown} == shown
            assert sheet.inner_text(".explorer .regime") == build().regime(values)
            alt = words.fill(build(), build().chart.alt, values)
            assert sheet.get_attribute(".explorer .schedule", "aria-label") == alt
            boxes = sheet.locator(".timeline .op").count()
            assert boxes == len(schedule.timeline(build().operands(values)).end)


@pytest.mark.browser
def test_the_whole_step_stands_at_first_and_nothing_moves_by_itself(show):
    sheet = show(explorer())
    before = sheet.inner_html(".schedule")
    sheet.wait_for_timeout(400)
    assert sheet.inner_html(".schedule") == before
    assert sheet.inner_text(".now") == "The whole step: 330 ms." and sheet.locator(".op.ahead").count() == 0


@pytest.mark.browser
def test_it_plays_and_pauses_by_keyboard(show):
    sheet = show(explorer())
    sheet.focus(".play")
    sheet.keyboard.press("Enter")
    assert sheet.inner_text(".play") == "Pause"
    sheet.wait_for_function("document.querySelector('.schedule').time() > 0")
    first = sheet.evaluate("document.querySelector('.schedule').time()")
    sheet.wait_for_function("t => document.querySelector('.schedule').time() > t", arg=first)
    sheet.keyboard.press("Space")
    assert sheet.inner_text(".play") == "Play"
    stopped = sheet.evaluate("document.querySelector('.schedule').time()")
    sheet.wait_for_timeout(200)
    assert sheet.evaluate("document.querySelector('.schedule').time()") == stopped
    assert sheet.inner_text(".explorer .schedule .spoken").startswith("At ")


@pytest.mark.browser
def test_it_steps_from_event_to_event_by_buttons_and_arrow_keys(show):
    sheet = show(explorer(schedule="1f1b", P=2.0, m_b=2.0))
    scrub = sheet.locator(".player input")
    scrub.focus()
    sheet.keyboard.press("Home")
    assert sheet.inner_text(".now") == "At 0 s of 90 ms, 1 of 2 stages work."
    sheet.keyboard.press("ArrowRight")
    told = "At 10 ms of 90 ms, 2 of 2 stages work. stage 1 forward of micro-batch 2; stage 2 forward of micro-batch 1."
    assert sheet.inner_text(".explorer .schedule .spoken") == told
    sheet.focus(ON)
    sheet.keyboard.press("Enter")
    assert sheet.inner_text(".now") == "At 20 ms of 90 ms, 1 of 2 stages work."
    told = sheet.inner_text(".explorer .schedule .spoken")
    assert "stage 1 idle; stage 2 backward and weights of micro-batch 1" in told
    sheet.focus(BACK)
    sheet.keyboard.press("Enter")
    assert sheet.inner_text(".now").startswith("At 10 ms")
    held = sheet.locator(".timeline .holds").all_text_contents()
    assert held == ["1", "0"]  # a pass counts once it has begun
    scrub.focus()
    sheet.keyboard.press("End")
    assert sheet.inner_text(".now") == scrub.get_attribute("aria-valuetext") == "The whole step: 90 ms."
    assert sheet.locator(".timeline .holds").all_text_contents() == ["2", "1"]  # the most


@pytest.mark.browser
def test_a_reader_who_wants_no_motion_gets_none_and_can_step(show):
    sheet = show(explorer(), motion="reduce")
    assert not sheet.locator(".play").is_visible()
    sheet.click(BACK)
    assert sheet.inner_text(".now").startswith("At 310 ms")


@pytest.mark.browser
def test_a_change_of_controls_ends_the_play(show):
    sheet = show(explorer())
    sheet.click(".play")
    drag(sheet, "P", 1.0)
    settled(sheet)
    assert sheet.inner_text(".play") == "Play" and sheet.inner_text(".now").startswith("The whole step")


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_it_fits_and_everybody_can_use_it(show, width, theme):
    sheet = show(explorer(schedule="interleaved-4", P=8.0, m_b=23.0), width=width, theme=theme)
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    card = boxes_of(sheet, ".explorer")[0]
    assert all(card["left"] <= box["left"] and box["right"] <= card["right"]
               for box in boxes_of(sheet, ".timeline text, .timeline rect"))
    assert min(box["height"] for box in boxes_of(sheet, ".player button, .player input")) >= 24
    thin(sheet)
    assert faults(sheet) == []


@pytest.mark.browser
def test_jupyterlab_leaves_the_player_its_keys(show):
    found = show(explorer()).locator(".player :is(button, input)")
    assert found.count() == 4
    assert set(found.evaluate_all("all => all.map(e => e.dataset.lmSuppressShortcuts)")) == {"true"}


# Colours


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_passes_stand_out_from_light_and_dark_pages_and_have_the_books_colours():
    assert palette.PASSES["forward"] == palette.COMPUTE and palette.PASSES["weights"] == palette.WEIGHTS
    for colour in palette.PASSES.values():
        assert contrast(colour, "#fdfcfa") > 3 and contrast(colour, "#14191f") > 3
    assert json.loads(json.dumps(build().chart.spec({})))["colors"]["B"] == palette.PASSES["backward"]


@pytest.mark.browser
def test_the_page_speaks_the_summary_of_python(show):
    chosen = {"schedule": "zb-h2", "passes": "light", "P": 5.0, "m_b": 11.0}
    assert show(explorer(**chosen)).text_content(".explorer > .spoken") == explorer(**chosen).summary

