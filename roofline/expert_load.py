"""How much more than the mean does the busiest expert or chip get, when every token draws k of E experts evenly?

The distribution of one load is exact. That of the largest is exact too where it can be counted out, and lies between
two bounds everywhere: loads of one pass compete for its tokens, so that they are negatively associated. Tokens are all
that pass together, q of each sequence.

Examples
--------
>>> from roofline.expert_load import (
...     chance_all_within, dropped_share, largest_load, largest_load_between, load_chances)
>>> load_chances(tokens=2, experts=2, top_k=1).tolist()
[0.25, 0.5, 0.25]
>>> largest_load(tokens=2, experts=2, top_k=1)
1.5
>>> chance_all_within(tokens=2, experts=2, top_k=1, limit=1)
0.5
>>> between = largest_load_between(tokens=2048, experts=256, top_k=8)
>>> bool(between.low < between.high < 2 * 2048 * 8 / 256)
True
>>> round(dropped_share(tokens=2048, experts=256, top_k=8, factor=1.25), 3)
0.001
"""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product
from typing import NamedTuple

import numpy as np

from .routing import check_router, check_whole


class Between(NamedTuple):
    """Two bounds on an expected value."""

    low: float
    high: float


def load_chances(tokens: int, experts: int, top_k: int, held: int = 1) -> np.ndarray:
    """Distribution of the choices that fall on a chip which holds `held` of the experts.

    One token's are hypergeometric, `top_k` drawn from `experts` of which the chip has `held`; tokens draw on their own,
    so their distributions are convolved (by Fourier's transform, to about 1e-15 in each chance).

    Returns
    -------
    np.ndarray, shape (tokens * min(top_k, held) + 1,)
        Chance of each load, from 0.
    """
    check_router(tokens, experts, top_k)
    _check_held(experts, held)
    ways = [math.comb(held, hit) * math.comb(experts - held, top_k - hit) for hit in range(min(top_k, held) + 1)]
    one = np.array(ways, dtype=float) / math.comb(experts, top_k)
    size = tokens * (one.size - 1) + 1
    return np.maximum(np.fft.irfft(np.fft.rfft(one, size) ** tokens, size), 0)


def _check_held(experts: int, held: int) -> None:
    check_whole(held=(held, 1))
    if experts % held:
        raise ValueError(f"held = {held}: expected a divisor of the number of experts, {experts}")


def largest_load_between(tokens: int, experts: int, top_k: int, held: int = 1) -> Between:
    """Bounds on the expected largest load of the chips that hold `held` experts each.

    With t the chance that one load exceeds m, that of the largest is at most n t, the union bound, and at least
    1 - (1 - t)**n: the loads are negatively associated (Joag-Dev and Proschan 1983), so they are all small together
    no more often than independent ones would be. Both are summed over m.

    Returns
    -------
    Between
        In choices of tokens; divide by tokens * top_k * held / experts for the load over the mean.
    """
    chances = load_chances(tokens, experts, top_k, held)
    exceeds = np.cumsum(chances[::-1])[::-1][1:]
    chips = experts // held
    low = (1 - (1 - exceeds) ** chips).sum()
    return Between(float(low), float(np.minimum(1, chips * exceeds).sum()))


def chance_all_within(tokens: int, experts: int, top_k: int, limit: int) -> float:
    """Exact chance that no expert gets more than `limit` tokens.

    Experts are filled one after the other. A token that still needs j of the R experts left takes the next one with
    chance j / R; how many tokens need how many is all that need be remembered. The work grows as tokens**top_k, so
    this is for small cases.
    """
    check_router(tokens, experts, top_k)
    check_whole(limit=(limit, 0))
    states = {(*[0] * (top_k - 1), tokens): 1.0}  # tokens that still need 1, 2, ..., top_k
    for left in range(experts, 0, -1):
        after: dict[tuple[int, ...], float] = defaultdict(float)
        for needing, chance in states.items():
            for taken, likely in _takes(needing, left, limit):
                after[_moved(needing, taken)] += chance * likely
        states = after
    return sum(states.values())


def _takes(needing: tuple[int, ...], left: int, limit: int):
    """How many tokens of each need take the next expert, at most `limit` together, and how likely that is."""
    for taken in product(*(range(min(n, limit) + 1) for n in needing)):
        if sum(taken) <= limit:
            yield (
                taken,
                math.prod(_binomial(n, j / left, t) for j, (n, t) in enumerate(zip(needing, taken, strict=True), 1)),
            )


def _binomial(n: int, p: float, hits: int) -> float:
    return math.comb(n, hits) * p**hits * (1 - min(p, 1.0)) ** (n - hits)


def _moved(needing: tuple[int, ...], taken: tuple[int, ...]) -> tuple[int, ...]:
    """Each token that took an expert needs one fewer."""
    arrived = (*taken[1:], 0)
    return tuple(n - t + a for n, t, a in zip(needing, taken, arrived, strict=True))


def largest_load(tokens: int, experts: int, top_k: int) -> float:
    """Exact expected load of the busiest expert, for small cases: the chances to exceed 0, 1, 2, ... added up."""
    return sum(1 - chance_all_within(tokens, experts, top_k, limit) for limit in range(tokens))


def dropped_share(tokens: int, experts: int, top_k: int, factor: float) -> float:
    """Share of the choices that find no place if each expert keeps `moe.expert_capacity` places: the mean excess."""
    if isinstance(factor, bool) or not 0 < factor < math.inf:
        raise ValueError(f"factor = {factor!r}: expected a positive finite number")
    chances = load_chances(tokens, experts, top_k)
    mean = tokens * top_k / experts
    excess = np.maximum(np.arange(chances.size) - math.ceil(factor * mean), 0)
    return float(excess @ chances / mean)
