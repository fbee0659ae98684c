"""The title page and what pages say of themselves: its explorer, its answers, citation, site map, shared links."""

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document
from PIL import Image
from pybtex.database import parse_string

from roofline import batch_size, chips, models
from roofline.teaching.explorers.front import CHIPS, MODELS, build, explorer
from tests.test_site import parsed
from tools import book, cards, citation, execute, heads, twins

PAGES = book.pages(book.ROOT)
SITE = twins.site_address(book.ROOT)


# the explorer


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("chip", CHIPS)
def test_the_bill_is_a_million_times_the_cost_of_a_token(chip, model):
    widget = explorer(chip=chip, model=model, B=50, L=3000)
    inputs = chips[chip].at("fp8", n=8), models[model].at(weights="fp8", kv="fp8")
    assert widget["bill"] == pytest.approx(1e6 * batch_size.cost_per_token(*inputs, B=50, L=3000))
    assert widget["tokens_per_s_user"] == pytest.approx(batch_size.tokens_per_s_user(*inputs, B=50, L=3000))


def test_alone_a_million_tokens_cost_a_million_readings_of_all_weights():
    """With the figures of the data sheets: 405 GB at 4.8 TB/s from each of eight chips, for the rent of eight."""
    seconds = 1e6 * 405e9 / (8 * 4.8e12)
    rent = 8 * chips["H200"].rental.price
    assert explorer(B=1, L=100)["bill"] == pytest.approx(rent * seconds, rel=1e-3)


@pytest.mark.parametrize("L", [100, 20_000])  # in a short context arithmetic takes over, in a long one never
@pytest.mark.parametrize("B", [1, 10, 100, 1000, 10_000])
def test_the_bill_is_the_larger_of_arithmetic_and_reads(B, L):
    widget = explorer(B=B, L=L)
    reads = widget["bill_weights"] + widget["bill_kv"]
    assert widget["bill"] == pytest.approx(max(reads, widget["bill_compute"]))


def test_twice_the_company_halves_the_weights_and_leaves_the_rest():
    one, two = explorer(B=20), explorer(B=40)
    assert two["bill_weights"] == pytest.approx(one["bill_weights"] / 2)
    assert two["bill_kv"] == pytest.approx(one["bill_kv"])
    assert two["bill_compute"] == pytest.approx(one["bill_compute"])


def test_every_model_reads_all_of_its_weights_for_one_user_too():
    """So that the cost of a lone user is right: with experts it would be lower."""
    for model in MODELS:
        found = models[model].at("fp8")
        assert found["N_act"] == found["N_tot"]


def test_every_machine_has_a_rent_in_the_catalog():
    assert all(chips[name].rental for name in CHIPS)
    assert "price" not in {slider.name for slider in build().sliders}


@pytest.mark.site
def test_the_page_says_what_the_explorers_bill_rests_on(site):
    """The precision and the rent of the catalog, in the text under it."""
    said = glued(site, "book/intro")
    assert said["precision"] == "fp8"
    assert said["rent"] == f"${3600 * chips['H200'].at('fp8')['price']:.2f} per hour"


@pytest.mark.parametrize("chip", CHIPS)
def test_the_explorer_shows_the_rent_and_the_precision_that_decide(chip):
    assert explorer(chip=chip)["rent"] == pytest.approx(chips[chip].rental.price)
    (shown,) = [part for part in build().readouts if part.formula.name == "rent"]
    assert shown.unit == "USD/hour"
    (model,) = [choice for choice in build().choices if choice.name == "model"]
    assert model.label.endswith("in fp8")


# the page


def glued(site, page):
    """The numbers of a built page by their keys."""
    text = (site / f"{page}.html").read_text(encoding="utf8")
    return {key: unescape(value) for key, value in re.findall(r'data-number="([\w-]+)"[^>]*>(.*?)</span>', text)}


@pytest.mark.site
def test_five_answers_each_have_a_number_and_lead_to_a_chapter_of_their_own(site):
    text = (site / "book/intro.html").read_text(encoding="utf8")
    listed = re.search(r'<ol class="[^"]*answers[^>]*>(.*?)</ol>', text, re.DOTALL)[1]
    answers = re.findall(r"<li>(.*?)</li>", listed, re.DOTALL)
    assert len(answers) == 5
    assert all(answer.count("data-number=") >= 2 for answer in answers)
    chapters = [re.findall(r'href="\.\./lectures/(\w+)\.html"', answer) for answer in answers]
    assert all(len(found) == 1 for found in chapters) and len({found[0] for found in chapters}) == 5


@pytest.mark.site
def test_the_answers_are_those_of_the_chapters(site):
    front = glued(site, "book/intro")
    for key, chapter, there in (("cover", "moe", "cover-most"), ("longer", "over_training", "small-factor"),
                                ("fell", "context_wall", "fell-read"), ("faster", "context_wall", "grow-read"),
                                ("span", "context_wall", "span"), ("stored", "revnets", "open-stored"),
                                ("back", "revnets", "open-back")):
        assert front[key] == glued(site, f"lectures/{chapter}")[there], key
    assert front["claims"] == glued(site, "book/fact_check")["claims"] == glued(site, "book/colophon")["claims"]


@pytest.mark.site
def test_reader_student_and_teacher_each_have_a_first_click(site):
    text = (site / "book/intro.html").read_text(encoding="utf8")
    ways = re.search(r'<p class="ways">(.*?)</p>', text, re.DOTALL)[1]
    paths = re.search(r'<ul class="[^"]*paths[^>]*>(.*?)</ul>', text, re.DOTALL)[1]
    for target in ("../lectures/batch_size.html", "../labs/batch_size.html", "teaching.html"):
        assert f'href="{target}"' in ways and f'href="{target}"' in paths


# how to cite


def test_the_entry_for_bibtex_says_what_the_citation_file_says():
    cited, entry = citation.read(book.ROOT), parse_string(citation.bibtex(book.ROOT), "bibtex").entries
    (found,) = entry.values()
    assert found.fields["title"].strip("{}") == cited["title"]
    assert cited["url"] in found.fields["howpublished"] and cited["version"] in found.fields["note"]
    assert re.fullmatch(r"20\d\d", found.fields["year"])
    (author,) = found.persons["author"]
    assert str(author).strip("{}") == cited["authors"][0]["name"], "a group, and not a family called Principles"


def test_a_person_is_cited_by_both_names_and_the_year_is_that_of_the_release(tmp_path):
    (tmp_path / "_config.yml").write_text('copyright: "2020"\n')
    (tmp_path / "CITATION.cff").write_text(
        "title: A book\nversion: 2.0.0\nurl: https://a.b/\ndate-released: 2031-05-06\n"
        "authors: [{given-names: Ada, family-names: Byron}, {name: The Club}]\n")
    (found,) = parse_string(citation.bibtex(tmp_path), "bibtex").entries.values()
    assert found.fields["year"] == "2031"
    assert [author.last_names for author in found.persons["author"]] == [["Byron"], ["{The Club}"]]


@pytest.mark.site
def test_the_title_page_says_how_to_cite_and_the_entry_can_be_copied(site):
    text = (site / "book/intro.html").read_text(encoding="utf8")
    shown = re.search(r'<div class="highlight-bibtex.*?<pre>(.*?)</pre>', text, re.DOTALL)[1]
    assert unescape(re.sub(r"<[^>]*>", "", shown)).strip() == citation.bibtex(book.ROOT)


# for search engines, and for whoever shares a link


def built(site):
    """Every page of HTML that readers come to, whoever wrote it."""
    return sorted(page for page in site.rglob("*.html") if "_static" not in page.parts)


@pytest.mark.site
def test_the_site_map_lists_every_page_once(site):
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    listed = [loc.text for loc in ElementTree.parse(site / "sitemap.xml").getroot().findall("s:url/s:loc", names)]
    own = [page.relative_to(site).as_posix() for page in built(site) if page.parent != site or page.stem in PAGES]
    assert sorted(listed) == sorted(SITE + page for page in own)


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_a_shared_link_shows(site, name):
    page = parsed(site / f"{name}.html")
    said = {tag["property"]: tag["content"] for tag in page.all("meta") if tag.get("property", "").startswith("og:")}
    plain = {tag["name"]: tag["content"] for tag in page.all("meta") if "name" in tag}
    (canonical,) = [tag["href"] for tag in page.all("link") if tag.get("rel") == "canonical"]
    assert said["og:url"] == canonical == f"{SITE}{name}.html"
    assert said["og:site_name"] == execute.config(book.ROOT)["title"]
    assert said["og:title"] and not re.search(r"[<>]|&\w+;", said["og:title"])
    assert plain["description"] == said["og:description"] and 30 <= len(plain["description"]) <= heads.LONGEST + 2
    assert plain["twitter:card"] == "summary_large_image"
    picture = site / said["og:image"].removeprefix(SITE)
    with Image.open(picture) as drawn:
        assert drawn.size == (1200, 630) == (int(said["og:image:width"]), int(said["og:image:height"]))
    assert picture.stat().st_size < 60_000 and len(said["og:image:alt"].split()) >= 4


@pytest.mark.site
def test_no_two_pages_describe_themselves_alike(site):
    told = [cards.tags(site / f"{name}.html") for name in PAGES]
    assert len({found["title"] for found in told}) == len({found["description"] for found in told}) == len(PAGES)


@pytest.mark.site
def test_the_bare_address_shows_the_same_as_the_title_page(site):
    assert cards.tags(site / "index.html") == cards.tags(site / f"{PAGES[0]}.html")
    (canonical,) = [tag["href"] for tag in parsed(site / "index.html").all("link") if tag.get("rel") == "canonical"]
    assert canonical == f"{SITE}{PAGES[0]}.html"


@pytest.mark.site
def test_the_window_of_the_title_page_says_its_title_once(site):
    text, title = (site / f"{PAGES[0]}.html").read_text(encoding="utf8"), execute.config(book.ROOT)["title"]
    assert re.search(r"<title>(.*?)</title>", text)[1].strip() == title
    other = (site / f"{PAGES[1]}.html").read_text(encoding="utf8")
    assert re.search(r"<title>(.*?)</title>", other)[1].endswith(title)


@pytest.mark.site
def test_every_page_has_the_icon(site):
    for page in built(site):
        (icon,) = [tag["href"] for tag in parsed(page).all("link") if tag.get("rel") == "icon"]
        assert (page.parent / icon).resolve() == site / "_static/favicon.svg" and (page.parent / icon).is_file()


def document(*paragraphs):
    made = new_document("page")
    made += [nodes.paragraph(text=words) for words in paragraphs]
    return made


@pytest.mark.parametrize(("words", "told"), [
    ("One short line.", "One short line."),
    ("A  line\nbroken.", "A line broken."),
    ("A sentence of some length, which says what the page is about. " + "word " * 60,
     "A sentence of some length, which says what the page is about."),
    ("word " * 60, ("word " * 40).strip() + " …"),
])
def test_a_description_is_the_first_paragraph_cut_where_it_hurts_least(words, told):
    assert heads.description(document(words, "Another paragraph.")) == told
    assert len(told) <= heads.LONGEST + 2


def test_a_picture_has_another_name_when_its_words_change():
    names = {heads.picture("a/b", title, words) for title in ("T", "U") for words in ("x", "y")}
    assert len(names) == 4 and all(re.fullmatch(r"a-b-[0-9a-f]{8}\.png", name) for name in names)


def test_the_same_card_is_the_same_file_and_other_words_another(tmp_path):
    files = [tmp_path / f"{n}.png" for n in range(3)]
    for file, words in zip(files, ("Some words.", "Some words.", "Others."), strict=True):
        cards.save(cards.card("A title", words, "A book"), file)
    first, second, third = (Path(file).read_bytes() for file in files)
    assert first == second != third


def test_pictures_that_no_page_names_go_and_those_that_are_there_stay(tmp_path):
    site = tmp_path / "_build/html"
    folder = site / heads.FOLDER
    folder.mkdir(parents=True)
    for name in ("old.png", "kept.png"):
        (folder / name).write_bytes(name.encode())
    tags = "".join(f'<meta property="og:{name}" content="{value}" />' for name, value in (
        ("type", "article"), ("site_name", "A book"), ("title", "A"), ("description", "B"),
        ("image", f"https://a.b/{heads.FOLDER}/kept.png")))
    (site / "page.html").write_text(f"<head>{tags}</head>")
    cards.draw_all(tmp_path)
    assert {file.name for file in folder.iterdir()} == {"kept.png"}
    assert (folder / "kept.png").read_bytes() == b"kept.png"
