"""Names of functions and formulas in the prose of a chapter lead to their descriptions."""

import re

import pytest

from tools import book
from tools.named import meant

DESCRIBED = ["roofline.moe.N_read", "roofline.moe.gain", "roofline.kv_memory.gain", "roofline.kv_memory.t_swap",
             "roofline.notation.t_swap", "roofline.kv_memory.room", "roofline.chips", "os.path.join"]
CHAPTERS = [page for page in book.pages(book.ROOT) if page.startswith("lectures/")]
LINK = re.compile(r'<a class="reference internal" href="\.\./book/api/(\w+)\.html#([\w.]+)"><span>')


@pytest.mark.parametrize(
    ("name", "full"),
    [("gain", "roofline.moe.gain"), ("kv_memory.gain", "roofline.kv_memory.gain"), ("room", "roofline.kv_memory.room"),
     ("chips", "roofline.chips"), ("t_swap", None), ("loss", None), ("join", None), ("N", None)],
)  # fmt: skip
def test_a_name_means_the_chapters_own_or_the_only_one(name, full):
    assert meant(name, "moe", DESCRIBED) == full


@pytest.mark.site
@pytest.mark.parametrize("page", CHAPTERS)
def test_what_the_takeaways_name_leads_to_where_it_is_described(site, page):
    html = (site / f"{page}.html").read_text(encoding="utf8")
    takeaways = re.search(r'<section id="takeaways">(.*?)</section>', html, re.DOTALL)[1]
    links = LINK.findall(takeaways)
    assert len(links) >= 8 and "<code" not in takeaways, "they are said in words"
    for file, anchor in links:
        described = (site / f"book/api/{file}.html").read_text(encoding="utf8")
        assert f'id="{anchor}"' in described


@pytest.mark.site
def test_exercises_and_their_solutions_are_numbered_by_chapter(site):
    for chapter, page in enumerate(CHAPTERS, 1):
        html = (site / f"{page}.html").read_text(encoding="utf8")
        asked = re.findall(r'<span class="caption-number">Exercise ([\d.]+) ?</span>', html)
        solved = re.findall(r'Solution to <a class="reference internal" href="#ex-[\w-]+">Exercise ([\d.]+)', html)
        assert asked == [f"{chapter}.{place}" for place in range(1, len(asked) + 1)] and len(asked) >= 5
        assert sorted(set(solved) - set(asked)) == [] and solved
