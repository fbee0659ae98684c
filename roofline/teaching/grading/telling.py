"""Values in the sentences of a report: as they can be typed, or of long ones what helps to find the mistake."""

from __future__ import annotations

from typing import Any

from .comparing import counted, wrong_items

LINE = 80  # characters
LONG = 200


def shown(value: Any) -> str:
    """A value as it can be typed; a long one is cut, and a long list or array begins with its shape."""
    text = _typed(value)
    if len(text) <= LONG:
        return text
    sizes = _shape(value)
    return f"{counted(*sizes)}: {text[: LONG // 2]}..." if sizes else f"{text[: LONG - 3]}..."


def differing(answer: Any, expected: Any, rtol: float, atol: float, reveal: bool) -> tuple[str, str]:
    """What came back, in a sentence without its full stop, and what was expected or "" where that is not revealed.

    Of lists and arrays longer than a line it is the first item that is wrong: which, as it came and as it should be.
    """
    wrong = list(wrong_items(answer, expected, rtol, atol))
    sizes = _shape(answer)
    if not reveal or not sizes or max(len(_typed(answer)), len(_typed(expected))) <= LINE:
        return f"returned {shown(answer)}", shown(expected) if reveal else ""
    place, came, right = wrong[0]
    those = f"1 is wrong: {place}" if len(wrong) == 1 else f"{len(wrong)} are wrong; the first, {place},"
    return f"returned {counted(*sizes)}, of which {those} is {shown(came)}", shown(right)


def _typed(value: Any) -> str:
    return repr(value.tolist() if hasattr(value, "tolist") else value)


def _shape(value: Any) -> tuple[int, ...]:
    """How many items, and how many in each where all have as many; empty for what is no list or array."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if not isinstance(value, list | tuple):
        return ()
    inner = {_shape(item) for item in value}
    return (len(value), *(inner.pop() if len(inner) == 1 else ()))
