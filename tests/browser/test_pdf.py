"""The printed book: a small site on paper, its links, bookmarks and page numbers."""

import pytest
from pypdf import PdfReader

from tools import pdf

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>@page {{ size: A4{turned}; margin: 14mm }} .tall {{ height: 400mm }}</style></head>
<body><h1>{title}</h1>{body}</body></html>"""
FILES = {
    "book/intro": ("Front", '<p><a href="../lectures/one.html#deep">deep</a> <a href="../lectures/one.html">top</a> '
                            '<a href="https://example.org/x#y">out</a> '
                            '<a href="../lectures/one.html#lost">lost</a></p>',
                   ""),
    "lectures/one": ("Chapter &amp; verse", '<p><a href="#deep">here</a> <a href="../book/table.html">wide</a></p>'
                                            '<div class="tall"></div><h2 id="deep">Deep</h2>', ""),
    "book/table": ("Wide", '<p><a href="intro.html">back</a> <a class="enlarge" href="../a.png">figure</a></p>',
                   " landscape"),
}  # fmt: skip
TOC = """format: jb-book
root: book/intro
parts:
  - caption: Chapters
    chapters: [{file: lectures/one}]
  - caption: Reference
    chapters: [{file: book/table}]
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory, browser):
    """The small book, printed, and what of it is read from beginning to end."""
    root = tmp_path_factory.mktemp("book")
    for name, (title, body, turned) in FILES.items():
        path = root / "_build/html" / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGE.format(title=title, body=body, turned=turned), encoding="utf8")
    (root / "_toc.yml").write_text(TOC)
    (root / "_config.yml").write_text("title: A small book\nrepository: {url: 'https://github.com/example/book'}\n"
                                      "html: {extra_footer: <p>Free.</p>}\n")  # fmt: skip
    return [PdfReader(file) for file in pdf.printed_book(root, browser)]


@pytest.fixture(scope="module")
def printed(both):
    """The whole of it."""
    return both[0]


def test_a_second_file_has_the_chapters_alone(both):
    """What is not in it is on the site."""
    words = [page.extract_text() for page in both[1].pages]
    assert len(words) == 5 and "Wide" not in "".join(words) and "Reference" not in words[1]
    assert words[4].rstrip().endswith("5") and [to for to, _ in links(both[1], 1)] == [2, 3]
    assert links(both[1], 3)[1] == "https://example.github.io/book/book/table.html"


def links(reader, number):
    """For each link of a page: the number of the page it leads to and how high, or its address."""
    found = []
    for entry in reader.pages[number].get("/Annots", ()):
        link = entry.get_object()
        if "/Dest" in link:
            place = link["/Dest"]
            to = next(i for i, page in enumerate(reader.pages) if page.indirect_reference == place[0])
            found.append((to, float(place[3])))
        else:
            found.append(link["/A"]["/URI"])
    return found


def test_a_figure_leads_nowhere_on_paper(printed):
    wide = next(number for number, page in enumerate(printed.pages) if page.extract_text().startswith("Wide"))
    assert len(links(printed, wide)) == 1


def test_cover_contents_and_every_page_are_there_in_order(printed):
    words = [page.extract_text() for page in printed.pages]
    assert "A small book" in words[0] and "Contents" in words[1] and "Chapter & verse" in words[1]
    assert [word for page in words[2:] for word in ("Front", "Deep", "Wide") if page.startswith(word)]
    assert len(words) == 6  # cover, contents, one, two for the tall one, one


def test_contents_lead_to_their_pages_and_name_the_numbers_that_stand_there(printed):
    assert [to for to, _ in links(printed, 1)] == [2, 3, 5]
    listed = printed.pages[1].extract_text()
    for number in (2, 3, 5):
        assert str(number + 1) in listed and printed.pages[number].extract_text().rstrip().endswith(str(number + 1))


def test_links_between_pages_lead_within_the_file(printed):
    (deep, height), (top, page_top), out, (lost, _) = links(printed, 2)
    assert (deep, top, out, lost) == (4, 3, "https://example.org/x#y", 3)
    assert 0 < height < page_top == 842
    assert links(printed, 3)[0][0] == 4 and links(printed, 5)[0][0] == 2


def test_bookmarks_name_the_pages_of_the_book(printed):
    titles = [entry.title for entry in printed.outline if not isinstance(entry, list)]
    assert titles == ["Front", "Chapter & verse", "Wide"]


def test_a_page_turned_sideways_keeps_its_foot_within_the_paper(printed):
    page = printed.pages[5]
    assert page.mediabox.width > page.mediabox.height and page.extract_text().rstrip().endswith("6")
