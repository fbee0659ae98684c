"""How many racks, or chips, hold the experts of one token? Counted exactly, and with tokens that draw them.

Examples
--------
>>> from roofline.dispatch import racks_touched_exact, simulate_dispatch
>>> racks_touched_exact(racks=2, experts=2, k=2)
2.0
>>> exact = racks_touched_exact(racks=8, experts=256, k=8)
>>> seen = simulate_dispatch(racks=8, experts=256, k=8, tokens=20_000)
>>> round(exact, 2), round(float(seen.racks_touched), 1)
(5.29, 5.3)
>>> racks_touched_exact(racks=8, experts=256, k=8, limit=4) < 4
True
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb

import numpy as np


@dataclass(frozen=True)
class Dispatch:
    """Averages over simulated tokens: racks that hold one token's experts, and copies of it that leave its rack."""

    racks_touched: float
    copies_out_each: float
    copies_out_once: float


def simulate_dispatch(
    racks: int, experts: int, k: int, tokens: int, limit: int | None = None, groups: int | None = None, seed: int = 0
) -> Dispatch:
    """Tokens in random racks draw k different experts each; count racks reached and copies sent across.

    Parameters
    ----------
    racks, experts, k : int
        Experts lie evenly in the racks; each token uses k of them.
    limit, groups : int, optional
        Each token may draw from so many groups of experts, chosen at random for it, out of so many that lie evenly in
        the racks; from all by default, and each rack is a group.

    Returns
    -------
    Dispatch
        Copies that leave with one sent for each expert, and with one for each rack.
    """
    pool = _pool(racks, experts, k, limit, groups)
    _whole("tokens", tokens)
    rng = np.random.default_rng(seed)
    allowed = np.argsort(rng.random((tokens, pool.groups)), axis=1) < pool.limit
    numbers = np.arange(pool.groups * pool.each)
    score = np.where(allowed[:, numbers // pool.each], rng.random((tokens, len(numbers))), -1.0)
    chosen = np.argsort(score, axis=1)[:, -pool.k :] // (pool.each * pool.per_rack)
    home = rng.integers(0, pool.racks, tokens)
    reached = (chosen[:, :, None] == np.arange(pool.racks)).any(axis=1)
    away = reached & (np.arange(pool.racks) != home[:, None])
    return Dispatch(reached.sum(axis=1).mean(), (chosen != home[:, None]).sum(axis=1).mean(), away.sum(axis=1).mean())


def racks_touched_exact(
    racks: float, experts: float, k: float, limit: float | None = None, groups: float | None = None
) -> float:
    """Racks, or chips, that hold the k different experts of one token on average, each set of k equally likely.

    A rack is missed if all k come from the others: hypergeometric. With a limit, the token first picks so many groups
    of experts, by default the racks themselves; of those picked, a rack has a hypergeometric number as well.

    Parameters
    ----------
    racks, experts, k, limit, groups : whole numbers
        As in `simulate_dispatch`.

    Raises
    ------
    ValueError
        If a count is not a whole number of at least 1, groups or experts do not divide evenly, or k are not in reach.
    """
    pool = _pool(racks, experts, k, limit, groups)
    missed = 0
    for here in range(min(pool.per_rack, pool.limit) + 1):
        picks = comb(pool.per_rack, here) * comb(pool.groups - pool.per_rack, pool.limit - here)
        missed += picks * comb(pool.each * (pool.limit - here), pool.k)
    draws = comb(pool.groups, pool.limit) * comb(pool.each * pool.limit, pool.k)
    return float(pool.racks * (1 - Fraction(missed, draws)))


@dataclass(frozen=True)
class _Pool:
    """Experts in groups, groups in racks, and how many of each one token may take; `each` is experts of one group."""

    racks: int
    groups: int
    each: int
    limit: int
    k: int

    @property
    def per_rack(self) -> int:
        return self.groups // self.racks


def _pool(racks: float, experts: float, k: float, limit: float | None, groups: float | None) -> _Pool:
    """What a token draws from; ValueError if the experts cannot lie so, or are too few."""
    racks, experts, k = _whole("racks", racks), _whole("experts", experts), _whole("k", k)
    groups = racks if groups is None else _whole("groups", groups)
    limit = groups if limit is None else min(groups, _whole("limit", limit))
    if groups % racks:
        raise ValueError(f"groups = {groups}: expected a multiple of the racks, {racks}")
    if experts % groups:
        raise ValueError(
            f"experts = {experts}: expected a multiple of the {'racks' if groups == racks else 'groups'}, {groups}"
        )
    if k > experts // groups * limit:
        raise ValueError(f"k = {k}: expected at most the {experts // groups * limit} experts within reach")
    return _Pool(racks, groups, experts // groups, limit, k)


def _whole(name: str, value: float) -> int:
    """A whole number of at least 1, perhaps as a float: the catalog has counts so."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer) or value < 1 or value % 1 != 0:
        raise ValueError(f"{name} = {value!r}: expected a whole number of at least 1")
    return int(value)
