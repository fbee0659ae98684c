"""Explorers in a browser, for their tests: pages that show them, their controls, what they say, where things stand.

The pages are small files that hold what a built page holds: the widget's state, its place, hydrate.js.
"""

import json
import math
import re
from contextlib import contextmanager
from itertools import count

from ipywidgets.embed import dependency_state, embed_data

from roofline.teaching.explorer import words
from tools import book

FRAME = "new Promise(requestAnimationFrame)"
DRAWN = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
MOVE = """moves => {
  const root = document.querySelector(".explorer");
  for (const [name, to] of moves) {
    const control = root.querySelector(`[name=${name}]`), list = control.localName === "select";
    if (list) root.frame(); // it offers what the moves before have opened
    control.value = to;
    control.dispatchEvent(new Event(list ? "change" : "input", { bubbles: true }));
  }
}"""
SAID = f"""async () => {{
  await {FRAME};
  const root = document.querySelector(".explorer"), all = (selector) => [...root.querySelectorAll(selector)];
  const texts = (some) => some.map((e) => e.textContent);
  const slider = (row) => [row.querySelector("input").name, {{ amount: row.querySelector(".amount").textContent,
    origin: row.querySelector(".origin")?.textContent ?? "", assumed: row.querySelector(".assumed") !== null,
    heard: row.querySelector("input").getAttribute("aria-valuetext") }}];
  return {{
    values: root.values(),
    numbers: Object.fromEntries(all("dd").map((dd) => [dd.dataset.name, dd.textContent])),
    regime: texts(all(".regime")).join(), warnings: texts(all(".warning").filter((e) => e.checkVisibility())),
    notes: texts(all(".notes p")), alt: root.querySelector(".stage > [role]").getAttribute("aria-label"),
    sliders: Object.fromEntries(all(".sliders > .slider").map(slider)),
    chosen: Object.fromEntries(all("select").map((list) => [list.name, list.value])),
    offered: Object.fromEntries(all("select").map((list) => [list.name, [...list.options].map((o) => o.value)])),
  }};
}}"""
MISPLACED = """() => {
  const root = document.querySelector(".explorer"), card = root.getBoundingClientRect();
  const parts = root.querySelectorAll("*:not(svg *, .spoken), svg :is(text, circle, rect:not(defs *))");
  const out = [...parts].filter((e) => e.checkVisibility()).filter((e) => {
    const { left, right, width } = e.getBoundingClientRect();
    return width > 0 && (left < card.left - 0.5 || right > card.right + 0.5);
  });
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const lost = (e) => [...e.attributes].some(({ value }) => /NaN|undefined/.test(value));
  const nowhere = [...root.querySelectorAll("svg *")].filter(lost);
  return [...page, ...[...out, ...nowhere].map((e) => `${e.localName}.${e.getAttribute("class")}: ${e.textContent}`)];
}"""

OVERLAPPING = """() => {
  const box = (e) => {
    const range = document.createRange();
    range.selectNodeContents(e);
    return range.getBoundingClientRect();
  };
  const words = [...document.querySelectorAll(".explorer .slider :is(label, .amount, .origin)")];
  const texts = words.map((e) => [e.textContent, box(e)]), beside = (a, b) => a <= b + 0.5;
  const apart = (a, b) => beside(a.right, b.left) || beside(b.right, a.left) || beside(a.bottom, b.top)
    || beside(b.bottom, a.top);
  return texts.flatMap(([one, a], i) => texts.slice(i + 1).filter(([, b]) => !apart(a, b))
    .map(([other]) => `${one} runs into ${other}`));
}"""
ONE_BY_ONE = f"""moves => {{
  const move = {MOVE}, misplaced = {MISPLACED}, overlapping = {OVERLAPPING}, root = document.querySelector(".explorer");
  return moves.map((one) => {{
    move([one]);
    root.frame();
    const boxes = [...root.querySelectorAll("select, .sliders input")].map((e) => e.getBoundingClientRect());
    return [boxes.map(({{ left, top }}) => [left, top]).join(), [...misplaced(), ...overlapping()]];
  }});
}}"""


def html(*widgets, theme="light", styled=True):
    """A page as the site builds it: places of widgets, their state once, the hydrator."""
    data = embed_data(views=list(widgets), state=dependency_state(widgets))  # and not of all that were ever made
    views = "".join(f'<div class="cell_output"><script type="application/vnd.jupyter.widget-view+json">'
                    f"{json.dumps(view)}</script></div>" for view in data["view_specs"])
    state = json.dumps(data["manager_state"]).replace("</", "<\\/")
    css = (book.ROOT / "book/assets/theme.css").read_text() if styled else ""
    return (f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Page</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style id="book">{css}</style></head>'
            f'<body style="margin: 8px"><main><h1>Page</h1>{views}</main>'
            f'<script type="application/vnd.jupyter.widget-state+json">{state}</script>'
            f"<script>{(book.ROOT / 'book/assets/hydrate.js').read_text()}</script></body></html>")


@contextmanager
def showing(browser, folder):
    """A function that opens widgets in a page from a file. The pages must not have complained in the end."""
    contexts, complaints, number = [], [], count()

    def show(*widgets, width=1280, motion="reduce", **how):
        file = folder / f"page{next(number)}.html"
        file.write_text(html(*widgets, **how), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion=motion)
        contexts.append(context)
        context.set_default_timeout(10_000)
        sheet = context.new_page()
        sheet.on("pageerror", lambda error: complaints.append(str(error)))
        sheet.goto(file.as_uri(), wait_until="domcontentloaded")
        sheet.wait_for_selector("html[data-hydrated]", state="attached")
        settled(sheet)
        return sheet

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


# Its controls


def settled(sheet):
    """Values of the controls, once the frame after the last event is drawn."""
    return sheet.evaluate(f"async () => {{ await {DRAWN}; return document.querySelector('.explorer').values(); }}")


def values_of(sheet):
    """Values of the controls at once."""
    return sheet.evaluate("document.querySelector('.explorer').values()")


def drag(sheet, name, place):
    """Move a slider to a part of its way."""
    most = int(sheet.get_attribute(f".explorer input[name={name}]", "max"))
    sheet.evaluate(MOVE, [[name, int(most * place + 0.5)]])


def move(sheet, made, /, **chosen):
    """Move choices to options and sliders to their nearest stops, one after the other."""
    stops = {slider.name: slider.stops for slider in made.sliders}

    def place(name, to):
        return to if name not in stops else min(range(len(stops[name])), key=lambda i: abs(stops[name][i] - to))

    sheet.evaluate(MOVE, [[name, place(name, to)] for name, to in chosen.items()])


# What it says


def assert_as_python(sheet, made):
    """Everything that the page says and offers is what Python says of the same values. Gives the values."""
    said = sheet.evaluate(SAID)
    values = made.checked(said["values"])
    results, operands = made.results(values), made.operands(values)
    assert [*said["numbers"]] == [readout.formula.name for readout in made.readouts]
    for name, told in said["numbers"].items():
        assert says(made, name, results[name], told), (name, told, values)
    held = [c.label for c in made.cautions if results[c.large.name] > results[c.small.name]]
    assert (said["regime"], said["warnings"]) == (made.regime(values), held), values
    remarks, alt = words.remarks(made, values), words.fill(made, made.chart.alt, values)
    for told, sentence in zip([*said["notes"], said["alt"]], [*remarks, alt], strict=True):
        assert alike(told, sentence), (told, sentence)
    own = [choice.name for choice in made.choices if words.own(made, choice, values)]
    assert said["chosen"] == {c.name: "" if c.name in own else values[c.name] for c in made.choices}
    assert said["offered"] == {c.name: [""] * (c.name in own) + made.open(c.name, values) for c in made.choices}
    printed = words.written(made, values).splitlines()
    for slider in made.sliders:
        assert_slider_as_printed(slider, said["sliders"][slider.name], printed)
        assert says(made, slider.name, operands[slider.name], said["sliders"][slider.name]["amount"])
    return values


def assert_slider_as_printed(slider, said, printed):
    """What stands and is heard beside a slider: its value, and where that comes from if a table may fill it."""
    if slider.assumed is None:
        assert (said["heard"], said["origin"]) == (said["amount"], "")
    else:
        assert said["heard"] == f"{said['amount']}, {said['origin']}"
        assert f"{slider.label}: {said['origin']}" in printed
        assert said["assumed"] == (said["origin"] != slider.given)


def says(made, name, value, told):
    """Whether a number is told in Python's words. The last bit may differ between languages, and show in a tie."""
    return any(told == words.say(made, name, value * (1 + bit)) for bit in (0, -1e-15, 1e-15))


def alike(sentence, other):
    """Whether two sentences have the same words, and numbers that differ by a last digit at most."""
    parts, others = (re.split(r"(\d[\d,]*(?:\.\d+)?)", text) for text in (sentence, other))
    numbers = zip(parts[1::2], others[1::2], strict=False)
    return parts[::2] == others[::2] and all(math.isclose(*map(plain, pair), rel_tol=0.011) for pair in numbers)


def plain(number):
    return float(number.replace(",", ""))


# Where things stand


def boxes_of(sheet, selector):
    """Where elements stand in the window."""
    return sheet.locator(selector).evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())")


def misplaced(sheet):
    """What stands beyond the sides of the explorer or of the window, or at no place at all."""
    return sheet.evaluate(MISPLACED)


def one_by_one(sheet, moves):
    """Where controls stand after each of the moves, and what stands at a wrong place or runs into another."""
    return sheet.evaluate(ONE_BY_ONE, moves)


def widen(sheet, width):
    """Another width of the window, and the explorer drawn for it."""
    sheet.set_viewport_size({"width": width, "height": 900})
    settled(sheet)
