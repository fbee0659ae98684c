"""The pages of the package and the index, in the built site: every formula, every word, and where they lead."""

import re

import pytest

from roofline.notation import notation
from roofline.teaching import chapters
from tools import where_explained

CHAPTER = """# Title

Text.

## First

```{code-cell} ipython3
equation(t_step, t_memory)
```

## Second: a *part*

```{code-cell} ipython3
from roofline.batch_size import t_drain
```

```{code-cell} ipython3
t_drain(chip), t_step(chip)
```
"""


class Section:
    def __init__(self, title, name):
        self.title, self.ids = title, [name]

    def __getitem__(self, key):
        return self.ids if key == "ids" else self

    def astext(self):
        return self.title


class Document:
    def findall(self, kind):
        return [Section("First", "first"), Section("Second: a part", "second-a-part")]


def test_a_formula_is_explained_where_its_equation_stands_else_where_it_is_first_used(tmp_path):
    path = tmp_path / "chapter.md"
    path.write_text(CHAPTER, encoding="utf8")
    found = dict(where_explained.formulas(str(path), Document()))
    assert found == {"t_step": "first", "t_memory": "first", "t_drain": "second-a-part"}


@pytest.fixture(scope="module")
def index(site):
    """Each entry of the index with the words and addresses of its links."""
    text = (site / "genindex.html").read_text(encoding="utf8")
    items = re.findall(r"<li>(?:<code>)?([^<]+)(?:</code> )?(<a .*)</li>", text)
    return {name.strip(): re.findall(r'<a href="([^"]+)">([^<]+)</a>', links) for name, links in items}


@pytest.mark.site
def test_the_index_has_every_word_of_the_glossary_and_leads_to_chapters(site, index):
    terms = re.findall(r'<dt id="(term-[^"]+)">([^<]+)<', (site / "book/glossary.html").read_text(encoding="utf8"))
    assert len(terms) > 90
    for anchor, word in terms:
        assert (f"book/glossary.html#{anchor}", "Glossary") in index[word], word
    led = [word for _, word in terms if any(address.startswith("lectures/") for address, _ in index[word])]
    assert len(led) > 0.75 * len(terms)
    assert ("lectures/moe.html#what-more-experts-buy", "Mixture of experts") in index["router"]


@pytest.mark.site
def test_the_index_has_every_formula_with_its_page_and_its_chapter(index):
    places = {name: " ".join(address for address, _ in index[name]) for name in notation.formulas}
    for chapter in chapters.CHAPTERS:
        for formula in chapters.formulas(chapter):
            module = formula.function.__module__
            assert f"book/api/{chapter}.html#{module}.{formula.name}" in places[formula.name]
    shown = [name for name, where in places.items() if "lectures/" in where]
    assert len(shown) > 0.8 * len(places)


@pytest.mark.site
@pytest.mark.parametrize("chapter", chapters.CHAPTERS)
def test_a_page_of_the_package_shows_each_formula_with_its_example(site, chapter):
    from roofline.teaching import examples

    text = (site / f"book/api/{chapter}.html").read_text(encoding="utf8")
    words = re.sub(r"<[^>]+>", "", text)
    for formula in chapters.formulas(chapter):
        assert f'id="{formula.function.__module__}.{formula.name}"' in text
        assert examples.example(formula).result in words
    assert text.count("notation.html#symbol-") >= len(chapters.formulas(chapter))


@pytest.mark.site
def test_functions_of_the_package_stand_on_its_pages(site):
    text = (site / "book/api/pipelining.html").read_text(encoding="utf8")
    assert 'id="roofline.schedules.simulate"' in text and 'id="roofline.schedules.Timeline.makespan"' in text
    assert "If stages wait for each other in a circle" in text


@pytest.mark.site
def test_nothing_of_a_page_depends_on_the_machine(site):
    for page in sorted((site / "book/api").glob("*.html")):
        assert not re.search(r"0x[0-9a-f]{6,}", page.read_text(encoding="utf8")), page.name
