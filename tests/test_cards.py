"""The deck: every card computes, says no number that is typed, covers the takeaways, and can be taken along."""

import re
import sqlite3
import zipfile
from collections import Counter

import pytest
import yaml

from roofline import chips, models
from roofline.__main__ import main
from roofline.algebra import Formula
from roofline.batch_size import latency_floor
from roofline.catalog.loading import DataError, validated
from roofline.teaching import cards, chapters, deck, deck_files, ledger

DECK = cards.load()
MADE = [card for card in DECK if card.formulas]
GIVEN = {"question": "How long?", "answer": "{worked}.", "caveat": "Links come on top.", "unit": "ms",
         "formula": "batch_size.t_drain", "given": [{"M": "80 GB", "W": "4 TB/s"}]}


def made(**changes):
    return validated(cards.Entry, "drain", GIVEN | changes, "batch_size.yaml").made("batch_size")


@pytest.mark.parametrize("chapter", chapters.CHAPTERS)
def test_chapter_has_eight_cards_and_one_for_each_claim_in_its_text(chapter):
    own = cards.select(chapter)
    assert sum(1 for card in own if card.formulas) >= cards.LEAST
    claims = [row.id for row in ledger.load().select(chapter, inline=True)]
    assert [card.claim.id for card in own if card.claim] == claims


def test_cards_keep_their_names_apart():
    assert [name for name, count in Counter(card.name for card in DECK).items() if count > 1] == []
    assert [text for text, count in Counter(card.question for card in DECK).items() if count > 1] == []


@pytest.mark.parametrize("card", MADE, ids=lambda card: card.name)
def test_a_card_says_all_that_a_card_should(card):
    assert card.question.endswith("?")
    assert card.answer.endswith(".")
    assert card.worked and "∞" not in card.worked + card.answer
    (label, caveat), = card.notes
    assert label == "Mind" and caveat.endswith(".") and ". " not in caveat, "a caveat is one sentence"


def texts_of(name):
    entries = yaml.safe_load((cards.DATA / f"{name}.yaml").read_text(encoding="utf8"))
    return {key: (entry[part] for part in ("question", "answer", "caveat")) for key, entry in entries.items()}


@pytest.mark.parametrize("chapter", chapters.CHAPTERS)
def test_no_number_is_typed_into_a_card(chapter):
    """Digits stand only in names, such as H100, bf16 or DeepSeek-V3."""
    typed = {key: found for key, texts in texts_of(chapter).items()
             if (found := [hit for text in texts for hit in re.findall(r"(?<![\w.-])\d[\d.,]*(?!\w)", text)])}
    assert typed == {}


@pytest.mark.parametrize("chapter", [name for name in chapters.CHAPTERS if chapters.lecture(name).exists()])
def test_formulas_of_the_takeaways_are_on_cards(chapter):
    """A takeaway without its card: write one, or name the formula under `beside` of a card that it belongs to."""
    source = chapters.lecture(chapter).read_text(encoding="utf8")
    section = re.search(r"^## Takeaways\n(.*?)^## ", source, re.M | re.S)[1]
    known = {formula.name for formula in chapters.formulas()}
    named = {name.split(".")[-1] for name in re.findall(r"<([\w.]+)>`", section)} & known
    assert len(named) >= 5 and named - {formula.name for card in DECK for formula in card.formulas} == set()


def test_worked_number_is_what_the_formula_gives():
    """One card worked by hand from the data sheet: 671 GB over 72 times 8 TB/s."""
    card = next(card for card in DECK if card.name == "batch-size-floor")
    rack, model = chips["GB200"].at("fp8", n=72), models["DeepSeek-V3"].at(weights="fp8", kv="bf16")
    assert card.formulas[0] is latency_floor
    assert latency_floor(rack, model) == pytest.approx(671e9 / (72 * 8e12))
    assert card.worked == "1.16 ms"


def test_card_writes_its_inputs_with_where_they_come_from():
    card = made(given=[{"M": {"chip": "H100", "at": "fp8", "value": "M"}, "W": "4 TB/s"}])
    assert (card.worked, card.answer) == ("20 ms", "20\N{NO-BREAK SPACE}ms.")
    assert card.setting == (("M", "80 GB (H100)"), ("W", "4 TB/s"))


@pytest.mark.parametrize(("changes", "words"), [
    ({"formula": "batch_size.t_drian"}, "t_drain"),
    ({"given": [{"M": "80 GB"}]}, "needs W"),
    ({"unit": "GB"}, "cannot be shown in GB"),
    ({"answer": "It takes {time}."}, "{time} names no computation"),
    ({"also": {"other": "20 ms"}}, "no text of the card names it"),
    ({"beside": ["batch_size.t_stepp"]}, "t_step"),
    ({"given": [{"chip": "H1000", "at": "fp8"}]}, "H1000"),
])
def test_a_card_that_does_not_load_is_named(changes, words):
    with pytest.raises(DataError, match=r"card batch-size-drain: ") as error:
        made(**changes)
    assert words in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("changes", [{"caveat": ""}, {"caution": "None."}, {"given": []}])
def test_a_card_with_fields_amiss_is_named(changes):
    with pytest.raises(DataError, match=r"batch_size\.yaml, drain, "):
        made(**changes)


def test_a_chapter_with_too_few_cards_is_refused(tmp_path):
    (tmp_path / "batch_size.yaml").write_text(yaml.safe_dump({"drain": GIVEN}))
    with pytest.raises(cards.CardError, match=r"batch_size\.yaml: expected 8 cards or more, found 1"):
        cards.load(tmp_path)


def test_card_of_a_claim_has_its_verdict_and_what_decides():
    row = ledger.load()["batch-size-35"]
    card = cards.of_claim(row)
    assert card.question == f"Reiner: {row.claim} Does it hold?"
    assert card.answer.startswith("Roughly, ")
    assert dict(card.notes)["What decides"] == row.filled(row.decides)


# --- faces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chapter", chapters.CHAPTERS)
def test_page_folds_every_card_of_its_chapter(chapter):
    text = deck.chapter(chapter).text
    assert re.findall(r'data-card="([\w-]+)"', text) == [card.name for card in cards.select(chapter)]
    for tag in ("details", "div", "summary", "p"):
        assert len(re.findall(rf"<{tag}\b", text)) == text.count(f"</{tag}>"), tag
    assert text.count("$$") == 2 * sum(len(card.formulas) for card in cards.select(chapter))


def test_symbols_of_the_formulas_are_explained():
    card = next(card for card in DECK if card.name == "batch-size-drain")
    said = [deck.in_markdown(line) for line in deck.back(card).symbols]
    assert any(line.startswith("$W$ memory bandwidth") for line in said)
    assert any(line.startswith("$M$ memory capacity") for line in said)


def test_signs_of_markdown_in_a_text_lose_their_meaning():
    assert deck.in_markdown((("text", "$2 *per* <hour>"), ("math", "N_1"))) == r"\$2 \*per\* \<hour\>$N_1$"
    assert deck.in_html((("text", "a < b"), ("math", "a < b"))) == r"a &lt; b\(a &lt; b\)"


# --- files ---------------------------------------------------------------------------------------------------------


def test_markdown_deck_has_a_heading_for_each_chapter_and_card():
    text = deck_files.markdown(DECK)
    assert text.startswith("# Tokens from First Principles: cards\n\n## Batch size\n\n### ")
    assert re.findall(r"^## (.*)$", text, re.M) == [chapters.title(name) for name in chapters.CHAPTERS]
    assert text.count("\n### ") == len(DECK)
    assert text.count("\n$$\n") == 2 * sum(len(card.formulas) for card in DECK)
    assert "\n\n\n" not in text and "None" not in text and "{worked}" not in text
    assert "**1.16 ms** with 72 × GB200 at fp8" in text


def test_chapters_can_be_taken_alone(tmp_path, capsys):
    assert main(["cards", "--format", "markdown", "--out", str(tmp_path / "moe.md"), "--chapter", "moe"]) == 0
    assert capsys.readouterr().out.startswith(f"{len(cards.select('moe'))} cards in ")
    assert re.findall(r"^## (.*)$", (tmp_path / "moe.md").read_text(encoding="utf8"), re.M) == ["Mixture of experts"]


@pytest.mark.parametrize(("typed", "words"), [
    (["--format", "markdown", "--out", "/nowhere/at/all.md"], "cannot be written"),
    (["--format", "markdown", "--out", "-", "--chapter", "mow"], "did you mean moe"),
    (["--format", "markdown", "--out", "-", "--chapter", "foo"], f"the chapters are {', '.join(chapters.CHAPTERS)}"),
    (["--format", "anki", "--out", "-"], "not text"),
    (["--format", "pdf", "--out", "x"], "invalid choice"),
    (["--format", "anki"], "--out"),
])
def test_what_does_not_fit_is_one_sentence(typed, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["cards", *typed])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and words in said and len(said.splitlines()) == 1


def test_without_genanki_one_sentence_says_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(__import__("sys").modules, "genanki", None)
    with pytest.raises(SystemExit) as stop:
        main(["cards", "--format", "anki", "--out", str(tmp_path / "deck.apkg")])
    assert stop.value.code == 2 and capsys.readouterr().err.endswith("pip install genanki\n")
    assert not (tmp_path / "deck.apkg").exists()


def notes_in(file, folder):
    """The notes of an Anki package, read as the database that it is: guid, fields, number of the note's kind."""
    zipfile.ZipFile(file).extract("collection.anki2", folder)
    base = sqlite3.connect(folder / "collection.anki2")
    notes = sorted(base.execute("select guid, flds, mid from notes"))
    return notes, base.execute("select decks from col").fetchone()[0]


def test_anki_package_keeps_its_numbers_from_edition_to_edition(tmp_path):
    """What Anki goes by when a deck is imported again: guids of notes, numbers of decks and of the kind of note."""
    pytest.importorskip("genanki")
    found = []
    for edition in ("first", "second"):
        file = tmp_path / f"{edition}.apkg"
        deck_files.anki(DECK, file)
        found.append(notes_in(file, tmp_path))
    (notes, decks), (again, decks_again) = found
    assert notes == again and len({guid for guid, _, _ in notes}) == len(DECK)
    assert set(re.findall(r'"id": (\d+)', decks)) == set(re.findall(r'"id": (\d+)', decks_again))
    for chapter in chapters.CHAPTERS:
        assert str(deck_files.number(chapter)) in decks


def test_an_anki_note_is_known_by_its_name_and_not_by_its_text():
    one, other = made(), made(question="How long does it take?")
    assert deck_files.guid(one) == deck_files.guid(other)
    assert deck_files.front_html(one) != deck_files.front_html(other)


def test_anki_sets_the_same_equations():
    card = next(card for card in DECK if card.name == "batch-size-balance")
    told = deck_files.back_html(card)
    assert rf"\[{card.formulas[0].latex()}\]" in told and "$" not in told
    assert isinstance(card.formulas[0], Formula)
