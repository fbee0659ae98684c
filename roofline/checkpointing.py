"""The fewest steps that reverse a chain of blocks with a fixed number of checkpoints: a rule of binomials.

To go back through a block one needs its input, and some inputs must be worked out again from a checkpoint before it.
With c checkpoints and r repetitions of each block, (c + r)! / (c! r!) blocks can be reversed: a few of each go far.

Examples
--------
With 3 checkpoints and each block advanced over at most twice, (3 + 2)! / (3! 2!) = 10 blocks can be reversed:

>>> from roofline.checkpointing import best_advance, binomial_schedule, fewest_advances, repetitions
>>> repetitions(10, 3), repetitions(11, 3)
(2, 3)
>>> fewest_advances(10, 3), best_advance(10, 3)
(15, 4)
>>> [tuple(action) for action in binomial_schedule(2, 1)]
[('keep', 0, 0), ('advance', 0, 1), ('reverse', 1, 0), ('reverse', 0, 0), ('drop', 0, 0)]
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import NamedTuple

from .coupling import whole


class Action(NamedTuple):
    """One action: keep or drop the state at block `at`, advance from `at` to `to`, or reverse block `at`."""

    what: str
    at: int
    to: int = 0


def repetitions(blocks: int, checkpoints: int) -> int:
    """The least r for which `checkpoints` can reverse `blocks` with no block advanced over more than r times."""
    blocks, checkpoints, r = whole("blocks", blocks), whole("checkpoints", checkpoints), 0
    while comb(checkpoints + r, checkpoints) < blocks:
        r += 1
    return r


def fewest_advances(blocks: int, checkpoints: int) -> int:
    """Blocks advanced over, the first sweep included, to reverse a chain whose input takes one of the checkpoints.

    Each block is run once more, with everything kept, just before it is reversed; that run is not counted here.

    References
    ----------
    Griewank and Walther 2000, Algorithm 799: Revolve, ACM TOMS 26(1), 19-45, section 2.
    """
    r = repetitions(blocks, checkpoints)
    return r * blocks - (comb(checkpoints + r, checkpoints + 1) if r else 0)


def best_advance(blocks: int, checkpoints: int) -> int:
    """How far to advance from the first checkpoint before the next is set; to the last block if none is left."""
    if whole("blocks", blocks) < 2:
        raise ValueError(f"blocks = {blocks!r}: expected at least 2, or there is nothing to advance over")
    if whole("checkpoints", checkpoints) == 1:
        return blocks - 1
    return min(
        range(1, blocks),
        key=lambda m: m + fewest_advances(m, checkpoints) + fewest_advances(blocks - m, checkpoints - 1),
    )


def binomial_schedule(blocks: int, checkpoints: int) -> Iterator[Action]:
    """The actions that reverse the chain with the fewest advances, from keeping its input to dropping it."""
    whole("blocks", blocks), whole("checkpoints", checkpoints)
    yield Action("keep", 0)
    yield from _reversed(0, blocks, checkpoints)
    yield Action("drop", 0)


def _reversed(start: int, end: int, checkpoints: int) -> Iterator[Action]:
    """Reverse the blocks from `start`, whose input is kept, to before `end`."""
    while end - start > 1:
        middle = start + best_advance(end - start, checkpoints)
        yield Action("advance", start, middle)
        if checkpoints == 1:
            yield Action("reverse", middle)
        else:
            yield Action("keep", middle)
            yield from _reversed(middle, end, checkpoints - 1)
            yield Action("drop", middle)
        end = middle
    yield Action("reverse", start)
