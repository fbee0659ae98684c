"""What people type for numbers: 8192, 8k, 1.5M, 1e6, and lists of them; K and M are thousands and millions."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable

SCALES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
SHAPE = re.compile(r"(\d{1,3}(?:,\d{3})+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)\s*([kmb]?)", re.IGNORECASE)


def amount(low: float, high: float = math.inf, *, whole: bool = False, what: str) -> Callable[[str], float]:
    """A reader of one number between `low` and `high`, for `type=` of an argument."""
    wanted = what + (f" from {low:,g} to {high:,g}" if high < math.inf else f" of at least {low:,g}")

    def read(typed: str) -> float:
        found = SHAPE.fullmatch(typed.strip())
        value = float(re.sub("[,_]", "", found[1])) * SCALES[found[2].lower()] if found else math.nan
        if not (low <= value <= high and value < math.inf) or (whole and value != round(value)):
            several = "; it takes one number" if "," in typed else ""
            raise argparse.ArgumentTypeError(f"{typed!r} is not {wanted}{several}")
        return value

    return read


def several(one: Callable[[str], float], most: int = 6) -> Callable[[str], list[float]]:
    """A reader of numbers with commas between them, and none within."""

    def read(typed: str) -> list[float]:
        parts = [one(part) for part in typed.split(",")] if typed.strip() else []
        if not 0 < len(parts) <= most:
            raise argparse.ArgumentTypeError(f"{typed!r}: expected one to {most} numbers with commas between them")
        return parts

    return read


def names(typed: str) -> list[str]:
    """Names with commas between them."""
    parts = [part.strip() for part in typed.split(",")]
    if not all(parts):
        raise argparse.ArgumentTypeError(f"{typed!r}: expected names with commas between them")
    return parts
