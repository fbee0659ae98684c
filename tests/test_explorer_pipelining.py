"""The explorer of pipelining: the page runs schedules as Python does, and can be played, paused and stepped."""

import itertools
import json

import pytest

from roofline.catalog import disclosures
from roofline.schedules import KINDS, one_f_one_b, simulate, zero_bubble
from roofline.teaching import palette
from roofline.teaching.explorer import schedule
from roofline.teaching.explorers.pipelining import PASSES, SCHEDULES, build, explorer
from tests.browser.explorers import drag, move, settled

LINKS = next(s.stops for s in build().sliders if s.name == "t_link")
BACK, ON = "button[aria-label='One event back']", "button[aria-label='One event on']"


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
    there = json.loads(sheet.evaluate(f"""text => {{
        const supply = {build().supply.javascript}, {{ timeline }} = supply;
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


def boxes(sheet):
    """How many boxes of each kind are drawn, all together."""
    return sheet.evaluate("""() => { const found = { F: 0, B: 0, W: 0 };
        for (const path of document.querySelectorAll(".timeline path.op"))
            found[path.dataset.kind] += (path.getAttribute("d").match(/M/g) ?? []).length;
        return found; }""")


@pytest.mark.browser
def test_every_pass_of_every_order_is_drawn(show):
    sheet = show(explorer())
    for order in SCHEDULES:
        for passes, (P, m) in zip(PASSES, ((2, 1), (4, 22), (8, 24), (6, 6)), strict=True):
            move(sheet, build(), schedule=order, passes=passes, P=P, m_b=m)
            values = settled(sheet)
            assert (values["P"], values["m_b"]) == (P, m)
            plan = schedule.timeline(build().operands(values)).schedule
            names = "".join(KINDS[kind] for kind in plan.kind.tolist())  # BW is drawn as two boxes
            assert boxes(sheet) == {kind: names.count(kind) for kind in "FBW"}


@pytest.mark.browser
def test_the_whole_step_stands_at_first_and_nothing_moves_by_itself(show):
    sheet = show(explorer(), motion="no-preference")
    before = sheet.inner_html(".schedule")
    sheet.wait_for_timeout(400)
    assert sheet.inner_html(".schedule") == before
    assert sheet.inner_text(".now") == "The whole step: 330 ms." and sheet.locator(".timeline .ahead").count() == 0


@pytest.mark.browser
def test_it_plays_and_pauses_by_keyboard(show):
    sheet = show(explorer(), motion="no-preference")
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
    sheet = show(explorer())
    assert not sheet.locator(".play").is_visible()
    sheet.click(BACK)
    assert sheet.inner_text(".now").startswith("At 310 ms")


@pytest.mark.browser
def test_a_change_of_controls_ends_the_play(show):
    sheet = show(explorer(), motion="no-preference")
    sheet.click(".play")
    drag(sheet, "P", 1.0)
    settled(sheet)
    assert sheet.inner_text(".play") == "Play" and sheet.inner_text(".now").startswith("The whole step")


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
