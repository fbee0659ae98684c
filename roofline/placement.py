"""Which chip holds which expert, and which experts are held twice?

Every chip holds equally many experts, so that memory is even; loads are not. A popular expert gets redundant copies
on other chips that share its tokens, and all are placed by the rule "largest first, on the chip that has least so far".

Examples
--------
Five experts on three chips, and one copy of the busiest of them:

>>> import numpy as np
>>> from roofline.placement import balanced, chip_loads, copies, place, place_apart, slots_per_chip
>>> loads = np.array([12, 6, 4, 3, 2])
>>> slots_per_chip(experts=5, chips=3, redundant=1)
2
>>> copies(loads, redundant=1).tolist()
[2, 1, 1, 1, 1]
>>> place(loads, chips=3).tolist()
[0, 1, 2, 2, 1]
>>> chip_loads(loads, place(loads, chips=3), chips=3).tolist()
[12.0, 8.0, 7.0]
>>> balanced(loads, chips=3, redundant=1).tolist()
[10.0, 9.0, 8.0]
>>> place_apart(np.array([6, 6, 6, 4, 3, 2]), owners=np.array([0, 0, 1, 2, 3, 4]), chips=3, per_chip=2).tolist()
[0, 1, 2, 0, 1, 2]
"""

from __future__ import annotations

import numpy as np

from .routing import check_whole


def slots_per_chip(experts: int, chips: int, redundant: int = 0) -> int:
    """Experts that each chip holds, copies included.

    Raises
    ------
    ValueError
        If they do not come out even; it says how many redundant copies would.
    """
    check_whole(experts=(experts, 1), chips=(chips, 1), redundant=(redundant, 0))
    slots, over = divmod(experts + redundant, chips)
    if over:
        raise ValueError(
            f"chips = {chips}: {experts} experts and {redundant} redundant copies do not divide evenly; "
            f"{redundant + chips - over} copies would"
        )
    return slots


def _positive(loads: np.ndarray) -> np.ndarray:
    loads = np.asarray(loads, dtype=float)
    if loads.ndim != 1 or loads.size == 0 or not (loads.min() >= 0 and np.isfinite(loads.sum())):
        raise ValueError("loads: expected one or more finite numbers in a row, none negative")
    return loads


def copies(loads: np.ndarray, redundant: int) -> np.ndarray:
    """How often each expert is held, when each redundant copy in turn goes to the one most loaded per copy.

    No other way to hand out as many copies makes the largest load per copy smaller.

    Returns
    -------
    np.ndarray of int, shape (experts,), adding to experts + redundant
    """
    loads = _positive(loads)
    check_whole(redundant=(redundant, 0))
    held = np.ones(loads.size, dtype=int)
    for _ in range(redundant):
        held[np.argmax(loads / held)] += 1
    return held


def _check_places(items: int, chips: int, per_chip: int | None) -> None:
    check_whole(chips=(chips, 1))
    if per_chip is None:
        return
    check_whole(per_chip=(per_chip, 1))
    if chips * per_chip < items:
        places = chips * per_chip
        raise ValueError(f"per_chip = {per_chip}: expected places for {items} items, but {chips} chips have {places}")


def place(loads: np.ndarray, chips: int, per_chip: int | None = None) -> np.ndarray:
    """A chip for each item, largest item first, each on the chip with the least load that has a place left.

    Without a limit per chip this is Graham's rule of 1969: the busiest chip gets at most 4/3 - 1/(3 chips) of the least
    possible. With one, that guarantee is lost.

    Parameters
    ----------
    loads : np.ndarray, shape (items,)
    chips : int
    per_chip : int, optional
        Most items that one chip takes; no limit by default.

    Returns
    -------
    np.ndarray of int, shape (items,)
    """
    loads = _positive(loads)
    _check_places(loads.size, chips, per_chip)
    where, filled, held = np.empty(loads.size, dtype=int), np.zeros(chips), np.zeros(chips, dtype=int)
    for item in np.argsort(-loads, kind="stable"):
        open_ = filled if per_chip is None else np.where(held < per_chip, filled, np.inf)
        chip = where[item] = np.argmin(open_)
        filled[chip] += loads[item]
        held[chip] += 1
    return where


def place_apart(loads: np.ndarray, owners: np.ndarray, chips: int, per_chip: int) -> np.ndarray:
    """As `place`, but on chips that hold nothing of the same owner.

    If only chips that do have a place left, the item changes places with one that may go there. An owner of more items
    than there are chips must have two on one of them.

    Parameters
    ----------
    loads, owners : np.ndarray, shape (items,)
    chips, per_chip : int

    Returns
    -------
    np.ndarray of int, shape (items,)
    """
    loads, owners = _positive(loads), np.asarray(owners)
    if owners.shape != loads.shape:
        raise ValueError(f"owners: expected one for each of {loads.size} loads, got shape {owners.shape}")
    _check_places(loads.size, chips, per_chip)
    where = np.full(loads.size, -1)
    for item in np.argsort(-loads, kind="stable"):
        free = np.bincount(where[where >= 0], minlength=chips) < per_chip
        apart = ~np.isin(np.arange(chips), where[owners == owners[item]])
        filled = np.bincount(where[where >= 0], weights=loads[where >= 0], minlength=chips)
        best = free & apart if (free & apart).any() else free
        chip = int(np.argmin(np.where(best, filled, np.inf)))
        if not apart[chip] and (others := _may_move(where, owners, apart, chip)).size:
            after = np.maximum(filled[chip] + loads[others], filled[where[others]] - loads[others] + loads[item])
            other = others[np.argmin(after)]
            chip, where[other] = where[other], chip
        where[item] = chip
    return where


def _may_move(where: np.ndarray, owners: np.ndarray, apart: np.ndarray, chip: int) -> np.ndarray:
    """Items on the chips set apart whose owner has nothing on `chip`."""
    placed = np.flatnonzero(where >= 0)
    return placed[apart[where[placed]] & ~np.isin(owners[placed], owners[where == chip])]


def chip_loads(loads: np.ndarray, where: np.ndarray, chips: int) -> np.ndarray:
    """Load of each chip, from the load and the chip of each item; shape (chips,)."""
    loads = _positive(loads)
    if np.shape(where) != loads.shape:
        raise ValueError(f"where: expected a chip for each of {loads.size} loads, got shape {np.shape(where)}")
    return np.bincount(where, weights=loads, minlength=chips)


def balanced(loads: np.ndarray, chips: int, redundant: int = 0) -> np.ndarray:
    """Load of each chip once popular experts have copies and all are placed, equally many to a chip.

    Copies of an expert share its load evenly. The rules are those of DeepSeek's expert-parallel load balancer with
    one group of chips, except that no chip holds an expert twice, unless one has more copies than there are chips.

    Returns
    -------
    np.ndarray, shape (chips,)
    """
    loads = _positive(loads)
    slots = slots_per_chip(loads.size, chips, redundant)
    held = copies(loads, redundant)
    parts, owners = np.repeat(loads / held, held), np.repeat(np.arange(loads.size), held)
    return chip_loads(parts, place_apart(parts, owners, chips, slots), chips)
