"""Self-check questions: the reader types a number, and the page says whether it follows, without a kernel.

A question takes its answer from a formula. The page gets no answer in clear: it gets the width and phase of a grid of
buckets on the logarithmic axis and, for the right answer and each wrong one that has a hint, a check sum of its bucket
and a sentence that only the number of that bucket unseals. `book/assets/selfcheck.js` does what `reply` does here.

Examples
--------
>>> from roofline.teaching.selfcheck import question
>>> asked = question("doubled", "How long do 2 s take twice?", 4.0, "s", why="Twice two is four.",
...                  hints={2.0: "Once is not enough."})
>>> asked.reply("4 s")
(True, 'Right: 4 s. Twice two is four.')
>>> asked.reply("2000 ms")
(False, 'Once is not enough.')
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from roofline.algebra import units

FAMILIES = (
    ("ns", "us", "µs", "ms", "s", "min", "h"),
    ("B", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB"),
    ("B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s"),
    ("FLOP", "GFLOP", "TFLOP", "PFLOP"),
    ("FLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s"),
    ("USD/Mtoken", "USD/token"),
    ("USD/h", "USD/s"),
)
MAGNITUDES = {"k": 1e3, "K": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "bn": 1e9, "G": 1e9, "billion": 1e9,
              "T": 1e12, "trillion": 1e12}
NUMBER = re.compile(r"^[$≈~]?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:\s*[x*·]\s*10\^?([-+]?\d+))?\s*(.*)$",
                    re.IGNORECASE)
GROUPS = re.compile(r"(?<=\d)(?<!^0)(?<!\D0)[, ](?=\d{3}(?!\d))")  # after a zero alone a comma is that of a fraction
POWERS = (1e3, 1e-3, 1e6, 1e-6, 1e9, 1e-9, 1e12, 1e-12)
PLAIN = str.maketrans({"−": "-", "×": "x", "\u00a0": " ", "\u202f": " ", "_": ""})
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")

asked: dict[str, Question] = {}


@dataclass(frozen=True)
class Question:
    """A numeric question; shown as the last value of a cell. Made by `question`."""

    id: str
    text: str
    answer: float
    unit: str
    noun: str
    tolerance: float
    why: str
    hints: Mapping[float, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What stands behind the input field."""
        return self.noun or ("" if self.unit == units.ONE else self.unit)

    @cached_property
    def suffixes(self) -> dict[str, float]:
        """Units the reader may type, each as a multiple of the question's unit."""
        here = units.factor(self.unit)
        known = {self.unit: 1.0} if self.unit != units.ONE else {"%": 0.01}
        for family in FAMILIES:
            if units.compatible(self.unit, family[0]):
                known.update({name: float(f"{units.factor(name) / here:.12g}") for name in family})
        if self.noun:
            known.update({self.noun: 1.0, self.noun.removesuffix("s"): 1.0})
        if self.noun == "percent":
            known["%"] = 1.0
        return known

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The sealed replies: the right answer first, then the hints."""
        counted = f" {self.noun}" if self.noun and self.unit == units.ONE else ""  # another unit says what it counts
        written = units.text(self.answer, self.unit) + counted
        replies = [(self.answer, f"Right: {written}. {self.why}".strip()), *self.hints.items()]
        here = units.factor(self.unit)
        return [sealed(self.id, value / here, self.tolerance, words) for value, words in replies]

    def reply(self, typed: str | float) -> tuple[bool, str]:
        """Whether what the reader typed is right, and the sentence to show."""
        value, fault = self.read(str(typed))
        if fault:
            return False, fault
        for index, entry in enumerate(self.entries):
            words = unsealed(self.id, value, entry)
            if words is not None:
                return index == 0, words
        if any(unsealed(self.id, value * power, self.entries[0]) for power in POWERS):
            where = f": answer in {self.label}" if self.label else ""
            return False, f"The digits are right, the power of ten is not{where}."
        return False, "Not yet."

    def read(self, typed: str) -> tuple[float, str]:
        """The number typed, in the question's unit; or 0 and what is wrong with it."""
        plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+", lambda m: "^" + m[0].translate(RAISED), typed.translate(PLAIN)).strip()
        plain = GROUPS.sub("", plain)
        match = NUMBER.match(re.sub(r"(?<=\d),(?=\d)", ".", plain).replace("**", "^"))
        if not match:
            return 0.0, "Type a number, such as 5.4k, 1.16 or 1.16e-3."
        value = float(match[1]) * 10.0 ** int(match[2] or 0)
        if not 0 < value < math.inf:
            return 0.0, "The answer is a positive number."
        scale = self.scale(match[3])
        if scale is None:
            return 0.0, f"“{match[3]}” is no unit here; answer in {self.label or 'a plain number'}."
        return value * scale, ""

    def scale(self, suffix: str) -> float | None:
        """What the letters behind the number multiply it by; None when they mean nothing here."""
        if not suffix or suffix in self.suffixes:
            return self.suffixes.get(suffix, 1.0)
        for name, size in MAGNITUDES.items():
            rest = suffix.removeprefix(name).strip()
            if suffix.startswith(name) and (not rest or rest in self.suffixes):
                return size * self.suffixes.get(rest, 1.0)
        return None

    def __repr__(self) -> str:
        return f"{self.text} ({self.expectation()}; check({self.id!r}, your answer))"

    def expectation(self) -> str:
        """How the answer is wanted, in words."""
        within = f"within {100 * self.tolerance:g} %"
        return f"in {self.label}, {within}" if self.label else within

    def _repr_html_(self) -> str:
        data = {"id": self.id, "label": self.label, "units": self.suffixes, "entries": self.entries}
        name = f"selfcheck-{self.id}"
        label = f"Your answer{', in ' + self.label if self.label else ''}"
        return (
            f'<div class="selfcheck" id="{name}" data-selfcheck="{html.escape(json.dumps(data, ensure_ascii=False))}">'
            f'<p class="selfcheck-title">Check yourself</p>'
            f'<p class="selfcheck-text" id="{name}-text">{marked_up(self.text)} ({html.escape(self.expectation())})</p>'
            f'<form hidden><label class="visually-hidden" for="{name}-input">{html.escape(label)}</label>'
            f'<input id="{name}-input" type="text" autocomplete="off" spellcheck="false"'
            f' aria-describedby="{name}-text">'
            f'<span class="selfcheck-unit" aria-hidden="true">{html.escape(self.label)}</span>'
            f'<button type="submit">Check</button><p role="status"></p></form>'
            f'<p class="selfcheck-live">In a notebook: <code>check("{self.id}", "your answer")</code></p></div>'
        )


def question(id: str, text: str, answer: float, unit: str = units.ONE, *, noun: str = "", tolerance: float = 0.05,
             why: str = "", hints: Mapping[float, str] | None = None) -> Question:
    """A self-check question, to stand as the last value of a cell tagged `remove-input`.

    Parameters
    ----------
    id : str
        Lower-case words joined by hyphens, unique in the book.
    text : str
        The question. `code` and *emphasis* are marked as in Markdown.
    answer : float
        From a formula, in base units (seconds, bytes); positive.
    unit : str
        The unit the reader answers in, such as "ms"; counts and ratios have unit "1".
    noun : str
        What a count counts: "sequences".
    tolerance : float
        Share by which an answer may differ, as a factor: 0.05 accepts answer/1.05 to answer*1.05.
    why : str
        One sentence that follows the right answer.
    hints : mapping of float to str
        Classic wrong answers, in base units, each with the sentence that sets the reader right.

    Raises
    ------
    ValueError
        If the id is malformed, an answer is not positive and finite, or the tolerance is not between 0 and 0.5.
    """
    hints = dict(hints or {})
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id):
        raise ValueError(f"question id {id!r}: expected lower-case words joined by hyphens")
    if not 0 < tolerance <= 0.5:
        raise ValueError(f"question {id!r}: tolerance {tolerance!r} is not between 0 and 0.5")
    for value in (answer, *hints):
        if not (isinstance(value, int | float) or hasattr(value, "__float__")) or not 0 < float(value) < math.inf:
            raise ValueError(f"question {id!r}: {value!r} is not a positive finite number")
    units.unit(unit)
    made = Question(id, text, float(answer), unit, noun, tolerance, why, {float(v): h for v, h in hints.items()})
    asked[id] = made
    return made


def check(id: str, typed: str | float) -> None:
    """Print the reply to an answer typed in a notebook, where the page's form is not at hand."""
    if id not in asked:
        raise ValueError(f"no question {id!r} was asked here; questions: {', '.join(sorted(asked)) or 'none'}")
    print(asked[id].reply(typed)[1])


def sealed(id: str, value: float, tolerance: float, words: str) -> dict[str, Any]:
    """A reply that opens for the numbers within `tolerance` of `value` and shows neither them nor itself."""
    width = round(2 * math.log1p(tolerance), 9)
    phase = round((math.log(value) / width - 0.5) % 1.0, 9)
    key = f"{id}|{math.floor(math.log(value) / width - phase)}"
    secret = bytes(byte ^ stream(key, index) for index, byte in enumerate(words.encode()))
    return {"width": width, "phase": phase, "sum": checksum(key), "text": secret.hex()}


def unsealed(id: str, value: float, entry: Mapping[str, Any]) -> str | None:
    """The words of a sealed reply if `value` opens it, else None."""
    key = f"{id}|{math.floor(math.log(value) / entry['width'] - entry['phase'])}"
    if checksum(key) != entry["sum"]:
        return None
    return bytes(byte ^ stream(key, index) for index, byte in enumerate(bytes.fromhex(entry["text"]))).decode()


def checksum(text: str) -> int:
    """FNV-1a, 32 bits: eight lines in any language."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def stream(key: str, index: int) -> int:
    """Byte `index` of the key stream that hides a reply."""
    return checksum(f"{key}|{index}") >> 13 & 0xFF


def marked_up(text: str) -> str:
    """HTML of a question: `code` and *emphasis*, everything else escaped."""
    safe = html.escape(text, quote=False)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", safe)
