"""The page of all claims: every row, what the script filters by, links where they lead, and the figure's counts."""

import re

import pytest

from roofline.teaching import chapters, fact_check
from roofline.teaching.claims import VERDICTS
from roofline.teaching.ledger import load

SAID = {"Reiner", "Dwarkesh", "Dwarkesh and Reiner", "Reiner and Dwarkesh", "flashcard and Reiner"}


@pytest.fixture(scope="module")
def markup():
    return fact_check.ledger_table().markup


def rows(markup):
    return dict(re.findall(r'<tr id="claim-([\w-]+)"(.*?)</tr>', markup, re.S))


def test_every_claim_has_one_row_with_its_verdict_chapter_and_speaker(markup):
    found = rows(markup)
    assert list(found) == list(load()) and len(found) >= 234
    for row in load().values():
        says = dict(re.findall(r'data-(\w+)="([^"]*)"', found[row.id].split(">")[0]))
        assert (says["verdict"], says["chapter"]) == (row.verdict, row.chapter) and says["speaker"]


def test_a_row_shows_the_expression_its_value_its_inputs_and_their_sources(markup):
    row = rows(markup)["batch-size-36"]
    assert "batch_size.t_drain(" in row and "<details" in row and "It reads:" in row
    assert re.search(r"W = [\d.]+ TB/s", row) and 'href="http' in row.split("It reads:")[1]


def test_rows_that_compute_nothing_have_no_workings(markup):
    for row in load().values():
        assert ("How it is computed" in rows(markup)[row.id]) == bool(row.cases or row.others), row.id


def test_a_claim_leads_to_its_chapter_only_where_the_chapter_is_written(markup, tmp_path, monkeypatch):
    for row in load().values():
        linked = f'href="../lectures/{row.chapter}.html#claim-{row.id}"' in rows(markup)[row.id]
        assert linked == chapters.lecture(row.chapter).exists()
    monkeypatch.setattr(chapters, "lecture", lambda chapter: tmp_path / f"{chapter}.md")
    assert "lectures/" not in fact_check.ledger_table().markup


def test_every_choice_of_the_form_leaves_rows_and_every_row_can_be_chosen(markup):
    form = markup.split("</form>")[0]
    speakers = re.findall(r'<option value="(\w+)"', form.split('name="speaker"')[1])
    chosen = re.findall(r'<option value="(\w+)"', form.split('name="chapter"')[1].split("</select>")[0])
    assert set(speakers) == set(fact_check.SPEAKERS) and set(chosen) == {row.chapter for row in load().values()}
    assert chosen == [*chapters.CHAPTERS, fact_check.REPORTS]
    assert {name for row in load().values() for name in fact_check.said_by(row)} == set(speakers)
    assert all(fact_check.said_by(row) for row in load().values())
    assert re.findall(r'value="([\w ]+)"', form.split("<fieldset>")[1]) == list(VERDICTS)


@pytest.mark.parametrize(("speaker", "names"), [
    ("Reiner and Dwarkesh", ("lecture", "reiner", "dwarkesh")), ("implied by both", ("derived",)),
    ("flashcard and Reiner", ("lecture", "reiner", "flashcards")), ("a reader's notes", ("reports",)),
    ("implied in the lecture", ("derived",)), ("derived", ("derived",)), ("Dwarkesh", ("lecture", "dwarkesh")),
])  # fmt: skip
def test_a_claim_is_found_under_all_who_made_it_and_what_nobody_said_under_nobody(speaker, names):
    row = next(row for row in load().values() if row.speaker == speaker)
    assert fact_check.said_by(row) == names


def said(chapter=None):
    """The rows that the files put down to those who speak in the lecture."""
    return [row for row in load().values() if row.speaker in SAID and chapter in (None, row.chapter)]


def test_the_figure_has_a_bar_a_chapter_as_long_as_the_claims_that_were_made_in_it():
    ax = fact_check.verdicts_by_chapter()
    lengths = {}
    for bar in ax.patches:
        place = round(bar.get_y() + bar.get_height() / 2)
        lengths[place] = lengths.get(place, 0) + bar.get_width()
    assert [lengths[place] for place in range(10)] == [len(said(name)) for name in chapters.CHAPTERS]
    assert ax.get_title("left").startswith(f"Of the lecture's {len(said())} claims, ")
    fact_check.figures.plt.close("all")


def test_shares_add_up_to_one_and_are_those_of_what_was_said_in_the_lecture():
    shares = fact_check.shares()
    assert sum(shares.values()) == pytest.approx(1)
    for verdict in VERDICTS:
        assert shares[verdict] == pytest.approx(sum(row.verdict == verdict for row in said()) / len(said()))


def test_what_is_not_the_lectures_is_counted_by_where_it_comes_from():
    found = fact_check.origins()
    assert found["lecture"] == len(said()) and sum(found.values()) == len(load())
    assert found["flashcards"] == sum(row.speaker == "flashcard" for row in load().values())
    assert found["derived"] == sum(row.speaker.split()[0] in ("derived", "implied", "our") for row in load().values())


COUNT = re.compile(r"([\d,]+) (?:more |are |technical )?claims (?:that [\w ]+ )?(?:of the|made in the|made there)")


@pytest.mark.site
def test_no_page_puts_more_claims_into_the_lecture_than_were_made_in_it(site):
    counts = {len(said())} | {len([row for row in said(name) if not row.inline]) for name in chapters.CHAPTERS}
    found = {}
    for page in site.rglob("*.html"):
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page.read_text(encoding="utf8")))
        found[page.relative_to(site).as_posix()] = {int(count.replace(",", "")) for count in COUNT.findall(text)}
    assert len(said()) in found["book/fact_check.html"] & found["book/intro.html"]
    assert all(found[f"lectures/{name}.html"] for name in chapters.CHAPTERS)
    assert set().union(*found.values()) <= counts
