"""Where does a function cross zero, and where is it least? Two searches along a line, for what no formula solves.

Examples
--------
>>> from roofline.searches import bisect, least
>>> round(bisect(lambda x: x**2 - 2, 0, 2), 6)
1.414214
>>> round(least(lambda x: (x - 3) ** 2, 0, 10), 6)
3.0
"""

from __future__ import annotations

from collections.abc import Callable

_GOLDEN = (5**0.5 - 1) / 2


def bisect(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function crosses zero between two points, to the last digits of a float.

    Raises
    ------
    ValueError
        If the ends do not lie on either side of zero.
    """
    if not (low < high and rising(low) <= 0 <= rising(high)):
        raise ValueError(f"expected a function that rises through zero between low = {low!r} and high = {high!r}")
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return middle


def least(valley: Callable[[float], float], low: float, high: float, tolerance: float = 1e-9) -> float:
    """Where a function that falls and then rises is least, by golden sections.

    Parameters
    ----------
    valley : callable
        A function of one number with a single minimum; it may be infinite at the low end.
    low, high : float
        The ends of the search.
    tolerance : float
        Width of the last section; much below 1e-8 times the point, rounding decides.
    """
    if not (low < high and tolerance > 0):
        raise ValueError(f"expected low < high and tolerance > 0, got {low!r}, {high!r}, {tolerance!r}")
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = valley(left), valley(right)
    while high - low > tolerance:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = valley(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = valley(right)
        if not low < left < right < high:
            break
    return (low + high) / 2
