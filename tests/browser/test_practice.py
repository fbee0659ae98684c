"""Cards and questions with numbers in a real browser: keys, memory, words, and the same numbers as Python.

The pages here are small files: the markup of the book's cells, turned to HTML without Sphinx, and the book's scripts.
"""

import random
import re

import pytest
from markdown_it import MarkdownIt

from roofline.teaching import cards, deck, quiz_page, quizzes
from tests.browser.axe import faults
from tools import book

pytestmark = pytest.mark.browser
ASSETS = book.ROOT / "book/assets"
CHAPTERS = ("batch_size", "moe")
COUNT = len(cards.select("batch_size"))


def document(body, *scripts, theme="light"):
    css = "".join((ASSETS / name).read_text(encoding="utf8") for name in ("theme.css", "practice.css"))
    code = "".join(f"<script>{(ASSETS / name).read_text(encoding='utf8')}</script>" for name in scripts)
    return (f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Page</title>'
            f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{css}</style></head>'
            f'<body style="margin: 8px"><main class="bd-article"><h1>Page</h1>{body}</main>{code}</body></html>')


def markup(made):
    return MarkdownIt("commonmark", {"html": True}).render(made.text)


@pytest.fixture(scope="module")
def practice():
    folded = "".join(markup(deck.chapter(name)) for name in CHAPTERS)
    return '<div class="practice" id="practice" hidden></div>' + folded


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens a page from a file in one browser profile, and fails the test if the page complained."""
    complaints = []
    context = browser.new_context(viewport={"width": 1000, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(10_000)

    def open_page(body, *scripts, **how):
        file = tmp_path / "page.html"
        file.write_text(document(body, *scripts, **how), encoding="utf8")
        sheet = context.new_page()
        sheet.on("pageerror", lambda error: complaints.append(str(error)))
        sheet.goto(file.as_uri())
        return sheet

    yield open_page
    context.close()
    assert complaints == []


def tally(sheet, name):
    return sheet.locator(".practice-decks button", has_text=name).locator(".practice-tally").inner_text()


def test_a_card_is_asked_turned_and_rated(show, practice):
    sheet = show(practice, "practice.js")
    first, second = (card.question for card in cards.select("batch_size")[:2])
    assert sheet.inner_text(".practice-question") == first
    assert not sheet.is_visible(".practice-answer") and not sheet.is_visible("text=Not yet")
    sheet.click("text=Show the answer")
    assert "1.16 ms" not in sheet.inner_text(".practice-answer")
    assert cards.select("batch_size")[0].worked in sheet.inner_text(".practice-answer")
    sheet.get_by_role("button", name="Known", exact=True).click()
    assert sheet.inner_text(".practice-question") == second
    assert tally(sheet, "Batch size") == f"1/{COUNT}"
    assert "1 of" in sheet.inner_text(".practice-status")


def test_keys_do_all_of_it_and_only_where_the_focus_is(show, practice):
    sheet = show(practice, "practice.js")
    first, second = (card.question for card in cards.select("batch_size")[:2])
    sheet.keyboard.press("1")
    sheet.keyboard.press("Space")
    assert sheet.inner_text(".practice-question") == first and not sheet.is_visible(".practice-answer")
    sheet.focus(".practice-question")
    sheet.keyboard.press("1")
    assert sheet.inner_text(".practice-question") == first, "no rating before the answer is seen"
    sheet.keyboard.press("Space")
    assert sheet.evaluate("document.activeElement.className") == "practice-answer"
    sheet.keyboard.press("2")
    assert sheet.inner_text(".practice-question") == second
    assert sheet.evaluate("document.activeElement.className") == "practice-question"
    sheet.keyboard.press("Space")
    sheet.keyboard.press("1")
    assert tally(sheet, "Batch size") == f"1/{COUNT}"


def test_a_card_that_is_not_known_comes_back_after_some_others(show, practice):
    sheet = show(practice, "practice.js")
    sheet.focus(".practice-question")
    seen = []
    for _ in range(5):
        seen.append(sheet.inner_text(".practice-question"))
        sheet.keyboard.press("Space")
        sheet.keyboard.press("2" if len(seen) == 1 else "1")
    assert len(set(seen)) == 5 and sheet.inner_text(".practice-question") == seen[0]


def test_progress_is_kept_and_can_be_forgotten(show, practice):
    sheet = show(practice, "practice.js")
    sheet.focus(".practice-question")
    for _ in range(3):
        sheet.keyboard.press("Space")
        sheet.keyboard.press("1")
    again = show(practice, "practice.js")
    assert tally(again, "Batch size") == f"3/{COUNT}"
    assert again.inner_text(".practice-question") == cards.select("batch_size")[3].question
    assert again.locator("details.card[data-known]").count() == 3
    again.once("dialog", lambda dialog: dialog.dismiss())
    again.click("text=Forget my progress")
    assert tally(again, "Batch size") == f"3/{COUNT}"
    again.once("dialog", lambda dialog: dialog.accept())
    again.click("text=Forget my progress")
    assert tally(again, "Batch size") == f"0/{COUNT}"
    assert tally(show(practice, "practice.js"), "Batch size") == f"0/{COUNT}"


def test_a_chapter_can_be_finished_and_begun_again(show, practice):
    sheet = show(practice, "practice.js")
    sheet.locator(".practice-decks button", has_text="Mixture of experts").click()
    sheet.focus(".practice-question")
    for _ in cards.select("moe"):
        sheet.keyboard.press("Space")
        sheet.keyboard.press("1")
    assert sheet.inner_text(".practice-question") == f"You know all {len(cards.select('moe'))} cards here."
    assert tally(sheet, "All chapters").startswith(f"{len(cards.select('moe'))}/")
    sheet.click("text=Once more from the start")
    assert tally(sheet, "Mixture of experts").startswith("0/")


@pytest.mark.parametrize("broken", ["throw new Error('no')", "return 'not JSON'"])
def test_practice_works_where_nothing_can_be_stored(show, practice, broken):
    refuse = f"Storage.prototype.getItem = () => {{ {broken} }}; Storage.prototype.setItem = () => {{ throw 1; }}"
    sheet = show(f"<script>{refuse}</script>{practice}", "practice.js")
    sheet.focus(".practice-question")
    sheet.keyboard.press("Space")
    sheet.keyboard.press("1")
    assert tally(sheet, "Batch size") == f"1/{COUNT}"
    assert "keeps no progress" in sheet.inner_text(".practice-status")


def test_without_script_every_card_can_be_unfolded(show, practice):
    sheet = show(practice)
    assert not sheet.is_visible("#practice")
    assert sheet.locator("details.card").count() == sum(len(cards.select(name)) for name in CHAPTERS)
    sheet.locator("details.deck > summary").first.click()
    card = sheet.locator("details.card").first
    card.locator("summary").first.click()
    assert cards.select("batch_size")[0].worked in card.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_in_the_practice(show, practice, theme):
    sheet = show(practice, "practice.js", theme=theme)
    assert faults(sheet) == []
    sheet.click("text=Show the answer")
    sheet.locator("details.deck > summary").first.click()
    sheet.locator("details.card > summary").first.click()
    assert faults(sheet) == []


@pytest.mark.parametrize("width", [390, 320])
def test_practice_fits_a_phone(show, practice, width):
    sheet = show(practice, "practice.js")
    sheet.set_viewport_size({"width": width, "height": 800})
    sheet.click("text=Show the answer")
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [button.bounding_box() for button in sheet.locator(".practice button:visible").all()]
    assert min(box["height"] for box in boxes) >= 24


# --- questions with numbers ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asked():
    return "".join(markup(quiz_page.chapter(name)) for name in CHAPTERS) + quiz_page.live().text


@pytest.fixture(scope="module")
def everything():
    names = dict.fromkeys(quiz.chapter for quiz in quizzes.load())
    return "".join(markup(quiz_page.chapter(name)) for name in names) + quiz_page.live().text


def alive(show, body):
    sheet = show(body, "selfcheck.js", "quizzes.js")
    sheet.wait_for_selector("html[data-quizzes]", state="attached")
    return sheet


def test_python_and_the_page_draw_compute_and_reply_alike(show, everything):
    sheet, rng = alive(show, everything), random.Random(3)
    for quiz in quizzes.load():
        chances = [[rng.random() for _ in quiz.draws] for _ in range(12)]
        drawn = [quiz.drawn(chance) for chance in chances]
        made = [quiz.numbers(one) for one in drawn]
        typed = [[*(repr(x / quiz.size * f) for x in one.values() for f in (1, 1.004, 1.3)), "", "5 apples"]
                 for one in made]
        there = sheet.evaluate("""([name, chances, typed]) => {
            const { quiz } = document.getElementById(`quiz-${name}`);
            return chances.map((chance, i) => { quiz.draw(chance);
                return [quiz.question(), quiz.values(), quiz.written(), typed[i].map(quiz.reply)]; }); }""",
                               [quiz.name, chances, typed])
        for one, numbers, answers, (question, values, written, replies) in zip(drawn, made, typed, there, strict=True):
            assert plain(question) == quiz.text(one)
            assert values == pytest.approx(numbers, rel=1e-9)
            assert written == quiz.written(numbers["answer"])
            assert [tuple(reply) for reply in replies] == [quiz.reply(answer, one) for answer in answers]


def plain(markup):
    return re.sub(r"</?(code|em)>", "", markup).replace("&lt;", "<").replace("&amp;", "&")


def test_an_answer_is_checked_and_another_one_drawn(show, asked):
    sheet = alive(show, asked)
    box, quiz = sheet.locator("#quiz-batch-size-floor"), quizzes.load()[0]
    now = quiz.numbers(quiz.drawn([quiz_page.FIRST] * len(quiz.draws)))
    box.locator("input").fill(f"{now['wrong1'] * 1e6:.4g} us")
    box.get_by_role("button", name="Check").click()
    assert box.locator("[role=status]").inner_text() == quiz.mistakes[1].say
    box.locator("input").fill(f"{now['answer'] * 1e3:.4g}")
    sheet.keyboard.press("Enter")
    assert box.locator("[role=status]").inner_text().startswith("Right: ")
    before = {box.locator(".quiz-text").inner_text()}
    for _ in range(8):
        box.get_by_role("button", name="Another one").click()
        before.add(box.locator(".quiz-text").inner_text())
    assert len(before) > 3
    assert box.locator("[role=status]").inner_text() == "" and box.locator("input").input_value() == ""


def test_without_script_a_question_has_its_answer_folded(show, asked):
    sheet = show(asked)
    box, quiz = sheet.locator("#quiz-batch-size-floor"), quizzes.load()[0]
    assert not box.locator("form").is_visible()
    box.locator("summary").first.click()
    assert quiz.written(quiz.numbers(quiz.drawn([quiz_page.FIRST] * len(quiz.draws)))["answer"]) in box.inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_in_the_questions(show, asked, theme):
    sheet = show(asked, "selfcheck.js", "quizzes.js", theme=theme)
    sheet.wait_for_selector("html[data-quizzes]", state="attached")
    assert faults(sheet) == []
