"""Is an answer the expected one? Decided in the parent, on plain values that came over the pipe."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

WORDS = {type(None): "None", bool: "a truth value", str: "a string", bytes: "bytes", dict: "a dict", list: "a list",
         tuple: "a tuple"}


def difference(answer: Any, expected: Any, rtol: float, atol: float) -> str | None:
    """None if the answer is right; else what is wrong with its kind, or "" if it is of the right kind and differs.

    Numbers may differ by `atol + rtol * abs(expected)`, in lists and arrays item by item. A whole float is as good as
    an int, an array without dimensions as good as a number, a list as good as an array or a tuple. A truth value is
    no number. The sentence never holds the expected value.
    """
    came, answer, expected = answer, _plain(answer), _plain(expected)
    if isinstance(expected, Mapping):
        return _mappings(answer, expected, rtol, atol)
    if isinstance(expected, Sequence) and not isinstance(expected, str | bytes):
        return _sequences(answer, expected, rtol, atol)
    if isinstance(expected, bool) or not isinstance(expected, int | float):
        if type(answer) is type(expected) or (isinstance(expected, bool) and answer in (0, 1)):
            return None if answer == expected else ""
        return f"returned {described(came)}, not {_kind(expected)}"
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return f"returned {described(came)}, not a number"
    return _numbers(answer, expected, rtol, atol)


def wrong_items(answer: Any, expected: Any, rtol: float, atol: float, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The items that are not right, each with its place, as "[2][0]", as it came and as it is expected."""
    answer, expected = _plain(answer), _plain(expected)
    if isinstance(answer, list | tuple) and isinstance(expected, list | tuple):
        for index, (came, right) in enumerate(zip(answer, expected, strict=False)):
            yield from wrong_items(came, right, rtol, atol, f"{at}[{index}]")
    elif difference(answer, expected, rtol, atol) is not None:
        yield at, answer, expected


def described(value: Any) -> str:
    """What a value is, in a few words: "the number 3.5", "the string 'abc'", "an array of shape (3,)"."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    if isinstance(value, str) and len(value) < 40:
        return f"the string {value!r}"
    if isinstance(value, bool):
        return f"the truth value {value}"
    plain = _plain(value)
    if isinstance(plain, float) or (isinstance(plain, int) and abs(plain) < 10**15):
        return f"the number {plain!r}"
    if isinstance(value, list | tuple) and len(value) < 1000:
        return f"{WORDS[type(value)]} of {counted(len(value))}"
    return WORDS.get(type(value), "a number")


def counted(*sizes: int) -> str:
    """How many items: "1 item", "10 × 20 items"."""
    return " × ".join(map(str, sizes)) + (" item" if sizes == (1,) else " items")


def _kind(value: Any) -> str:
    return WORDS.get(type(value), "a number")


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _numbers(answer: float, expected: float, rtol: float, atol: float) -> str | None:
    if answer == expected:
        return None
    if math.isnan(expected):
        return None if math.isnan(answer) else ""
    if isinstance(answer, float) and math.isnan(answer):
        return "returned nan, which is not a number"
    try:
        if (not rtol and not atol) or math.isinf(expected) or math.isinf(answer):
            return ""
        return None if abs(answer - expected) <= atol + rtol * abs(expected) else ""
    except OverflowError:
        return "returned a whole number of more digits than a float can hold"


def _sequences(answer: Any, expected: Sequence[Any], rtol: float, atol: float) -> str | None:
    if not isinstance(answer, list | tuple):
        pair = isinstance(expected, tuple) and len(expected) == 2
        return f"returned {described(answer)}, not {'a pair' if pair else 'a list or an array'}"
    if len(answer) != len(expected):
        return f"returned {counted(len(answer))}, not {len(expected)}"
    found = [difference(a, e, rtol, atol) for a, e in zip(answer, expected, strict=True)]
    return next((f and f"item {i}: {f}" for i, f in enumerate(found) if f is not None), None)


def _mappings(answer: Any, expected: Mapping[Any, Any], rtol: float, atol: float) -> str | None:
    if not isinstance(answer, dict):
        return f"returned {described(answer)}, not a dict"
    if set(answer) != set(expected):
        return "returned a dict with other keys than expected"
    found = {key: difference(answer[key], value, rtol, atol) for key, value in expected.items()}
    return next((f and f"key {key!r}: {f}" for key, f in found.items() if f is not None), None)
