"""Say in plain Markdown what the pages say in MyST, for Jupyter and Colab, which know only the former.

Glued numbers become their values, roles their text, directives quotations with a title; equations keep a
number. What has no meaning outside the site is left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

FENCE = re.compile(r"\s*(`{3,}|:{3,}|~{3,})(?:\{([\w:-]+)\})?\s*(.*)")
OPTION = re.compile(r":([\w-]+):\s*(.*)")
ROLE = re.compile(r"\{([\w:-]+)\}`([^`]+)`")
TARGETED = re.compile(r"(.*\S)\s*<([^<>]+)>", re.DOTALL)
EQUATION = re.compile(r"\$\$(.+?)\$\$ *\(([\w:.-]+)\)", re.DOTALL)
LABEL = re.compile(r"\$\$ *\(([\w:.-]+)\)|^(?:`{3,}|:{3,})\{math\}\n:label: *(\S+)", re.MULTILINE)
HEADING = re.compile(r"^\(([\w:.-]+)\)=\n+#+ +(.+)$", re.MULTILINE)
SITE_ONLY_LINES = re.compile(r"^(?:\([\w:.-]+\)=|%.*|\{[#.][^}\n]*\})\n?", re.MULTILINE)
EMPTY_LINK = re.compile(r"\[\]\(#?([\w:.-]+)\)")
INLINE_ATTRIBUTES = re.compile(r"(?<=[\])])\{[#.][^}\n]*\}")
BARE_SPAN = re.compile(r"\[([^\[\]]+)\]\{[#.][^}\n]*\}")
PAGE_LINK = re.compile(r"(?<=\]\()([\w./-]+)\.md(?=[)#])")
WITH_TWINS = ("lectures/", "labs/")

UNTITLED = {
    "note",
    "tip",
    "hint",
    "important",
    "warning",
    "caution",
    "attention",
    "danger",
    "error",
    "seealso",
}
BODY_ONLY = {"glossary", "table", "div", "container", "tab-set", "grid", "list-table"}
LEFT_OUT = {"raw", "only", "citation", "contents", "tableofcontents", "bibliography", "eval-rst"}


@dataclass
class Known:
    """What roles refer to: glued values, numbers of equations and exercises, titles, citations (author, year).

    Links start from the page's `folder` in the repository; pages without a twin are read at the address `site`.
    Exercises are numbered within the `chapter`, such as "2.".
    """

    glued: dict[str, str] = field(default_factory=dict)
    equations: dict[str, int] = field(default_factory=dict)
    exercises: dict[str, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    citations: dict[str, tuple[str, str]] = field(default_factory=dict)
    folder: str = "lectures"
    site: str = ""
    chapter: str = ""


def collect(texts: Iterable[str], known: Known) -> None:
    """Note the equations and titled targets of a notebook, in order."""
    for text in texts:
        for label in LABEL.findall(text):
            known.equations.setdefault("".join(label), len(known.equations) + 1)
        known.titles.update(HEADING.findall(text))


def plain(text: str, known: Known) -> str:
    """One Markdown cell in plain Markdown."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(blocks(text.split("\n"), known))).strip("\n")


def blocks(lines: list[str], known: Known) -> Iterator[str]:
    """Running text and directives, one after the other."""
    start = here = 0
    while here < len(lines):
        fence = FENCE.fullmatch(lines[here])
        if not fence:
            here += 1
            continue
        yield inline("\n".join(lines[start:here]), known)
        mark, name, argument = fence.groups()
        end = closing(lines, here, mark)
        yield from directive(name, argument, lines[here + 1 : end], known) if name else lines[here : end + 1]
        start = here = end + 1
    yield inline("\n".join(lines[start:]), known)


def closing(lines: list[str], opening: int, mark: str) -> int:
    """Index of the line that ends the fence."""
    for here in range(opening + 1, len(lines)):
        if re.fullmatch(re.escape(mark) + mark[0] + "*", lines[here].strip()):
            return here
    raise ValueError(f"a fence is not closed: {lines[opening]!r}")


def directive(name: str, argument: str, lines: list[str], known: Known) -> list[str]:
    """A directive as lines of plain Markdown."""
    options, lines = split_options(lines)
    if name in LEFT_OUT or name.endswith("-end"):
        return []
    if name == "math":
        return ["$$", *lines, (tag(options["label"], known) if "label" in options else "") + "$$"]
    if name in ("code-block", "code"):
        return ["```" + argument, *lines, "```"]
    if name.startswith("glue"):
        value = known.glued.get(argument, "")
        return ["", f"$$\n{value.strip('$ ')}\n$$" if name == "glue:math" else value, ""]
    if name in UNTITLED:
        argument, lines = name.capitalize(), [argument, "", *lines] if argument else lines
    body = plain("\n".join(lines), known).split("\n")
    argument = inline(argument, known)
    if name in ("figure", "image"):
        return ["", f"![{options.get('alt', '')}]({argument})", "", *body, ""]
    if name in BODY_ONLY:
        return ["", *([f"**{argument}**", ""] if argument else []), *body, ""]
    if name.startswith(("exercise", "solution")):
        return ["", f"**{heading(name, argument, options, known)}**", "", *body, ""]
    return ["", *(f"> {line}".rstrip() for line in [f"**{argument or name.capitalize()}**", "", *body]), ""]


def tag(label: str, known: Known) -> str:
    """What gives an equation its number, as a line of its own."""
    return f"\\tag{{{known.equations[label]}}}\n"


def heading(name: str, argument: str, options: dict[str, str], known: Known) -> str:
    """Title of an exercise, or of its solution (whose argument is the exercise's label)."""
    if name.startswith("solution"):
        return f"Solution to exercise {known.exercises[argument]}"
    label = options.get("label", argument)
    number = known.exercises.setdefault(label, f"{known.chapter}{len(known.exercises) + 1}")
    return f"Exercise {number}: {argument}" if argument else f"Exercise {number}"


def split_options(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    """The `:key: value` lines that head a directive, and its body."""
    options = {}
    while lines and (match := OPTION.fullmatch(lines[0].strip())):
        options[match[1]] = match[2]
        lines = lines[1:]
    return options, lines


def inline(text: str, known: Known) -> str:
    """Running text without roles, targets, comments and attributes."""
    text = SITE_ONLY_LINES.sub("", text)
    text = EQUATION.sub(lambda found: f"$${found[1]}{tag(found[2], known)}$$", text)
    text = ROLE.sub(lambda found: role(found[1], found[2], known), text)
    text = EMPTY_LINK.sub(lambda found: referred(found[1], known), text)
    text = INLINE_ATTRIBUTES.sub("", BARE_SPAN.sub(r"\1", text))
    return PAGE_LINK.sub(lambda found: linked(found[1], known), text)


def linked(page: str, known: Known) -> str:
    """Where a link to another page leads: to its twin beside this one, else to the page on the site."""
    whole = posixpath.normpath(posixpath.join(known.folder, page))
    return f"{page}.ipynb" if whole.startswith(WITH_TWINS) else f"{known.site}{whole}.html"


def role(name: str, content: str, known: Known) -> str:
    """The text that a role shows."""
    content = " ".join(content.split())
    if name.startswith("glue"):
        key, _, style = content.partition(":")
        return format(float(known.glued[key]), style) if style else known.glued[key]
    if name.startswith("cite"):
        return cited(name, content, known)
    if name == "math":
        return f"${content}$"
    if name == "abbr":
        return content.split(" (")[0]
    if targeted := TARGETED.fullmatch(content):
        return f"{targeted[1]} (`{targeted[2]}`)" if name == "named" else targeted[1]
    return referred(content, known) if name in ("eq", "ref", "numref", "doc") else content


def referred(label: str, known: Known) -> str:
    """An equation's number, a section's title, or the label in words."""
    if label in known.equations:
        return f"({known.equations[label]})"
    return known.titles.get(label, label.rsplit("/", 1)[-1].replace("-", " ").replace("_", " "))


def cited(name: str, content: str, known: Known) -> str:
    """Authors and year; in the running sentence for `cite:t`, else all in brackets."""
    sources = [known.citations.get(key.strip(), (key.strip(), "")) for key in content.split(",")]
    if name == "cite:t":
        return ", ".join(f"{authors} ({year})" for authors, year in sources)
    return "(" + "; ".join(f"{authors}, {year}".rstrip(", ") for authors, year in sources) + ")"
