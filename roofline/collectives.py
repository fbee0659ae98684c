"""Collectives played out step by step, counting the bytes on every link: a check on the formulas of `rack_topology`.

A torus has `side` chips along each of `dims` dimensions, numbered as numpy ravels them; a ring is a torus of one
dimension. Each chip has two links per dimension, one to the next chip and one to the chip before.

Examples
--------
>>> import numpy as np
>>> from roofline.collectives import (
...     neighbours, racks_all_to_all, ring_reduce_scatter, torus_all_gather, torus_all_to_all)
>>> neighbours(side=4, dims=1).ravel().tolist()
[1, 2, 3, 0]
>>> gathered = torus_all_gather(side=4, dims=1, array_bytes=8.0)
>>> gathered.busiest, gathered.seconds(bandwidth=2.0, hop=0.0)
(3.0, 3.0)
>>> sums = ring_reduce_scatter(np.ones((4, 4, 2)))
>>> sums.result.tolist() == [[4.0, 4.0]] * 4
True
>>> float(torus_all_to_all(side=4, dims=1, array_bytes=8.0).result)
1.0
>>> traffic = racks_all_to_all(racks=2, chips_per_rack=4, array_bytes=8.0)
>>> traffic.out_sent.tolist(), traffic.seconds(up=18.0, out=1.0)
([4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0], 4.0)
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Passes:
    """What a collective on a torus did.

    Attributes
    ----------
    link_bytes : array of shape (steps, chips, dims, 2)
        Bytes that each chip sent in each step along each dimension: first to the next chip, then to the one before.
    result : array
        What the chips hold in the end; each function says what.
    """

    link_bytes: np.ndarray
    result: np.ndarray

    @property
    def busiest(self) -> float:
        """Bytes on the most loaded link, all steps together."""
        return float(self.link_bytes.sum(axis=0).max(initial=0.0))

    @property
    def sent(self) -> np.ndarray:
        """Bytes that each chip sent over all its links, shape (chips,)."""
        return self.link_bytes.sum(axis=(0, 2, 3))

    def seconds(self, bandwidth: float, hop: float) -> float:
        """Time in s if steps follow one another, from the bandwidth of one chip, byte/s one way over all its links."""
        link = bandwidth / (2 * self.link_bytes.shape[2])
        return float(sum(hop + step.max() / link for step in self.link_bytes))


def neighbours(side: int, dims: int) -> np.ndarray:
    """The next chip along each dimension, shape (chips, dims); its inverse is the chip before.

    Raises
    ------
    ValueError
        If `side` or `dims` is not a whole number of at least 1.
    """
    chips = np.arange(_whole("side", side) ** _whole("dims", dims)).reshape((side,) * dims)
    return np.stack([np.roll(chips, -1, axis=axis).ravel() for axis in range(dims)], axis=1)


def torus_all_gather(side: int, dims: int, array_bytes: float) -> Passes:
    """Every chip starts with an equal part of the array and ends with all of it.

    The array is cut in as many stripes as there are dimensions; stripe i goes round dimension i first, then the next,
    so that all links work at once. In a ring a part travels both ways; the chip opposite gets half from each side.

    Returns
    -------
    Passes
        `result` counts the parts that each chip holds, shape (chips,): all of them, in every stripe and both halves.
    """
    after, size = neighbours(side, dims), _positive("array_bytes", array_bytes)
    chips = len(after)
    held = np.zeros((chips, dims, chips, 2), dtype=bool)  # chip, stripe, part, half
    held[np.arange(chips), :, np.arange(chips)] = True
    steps = []
    for phase in range(dims):
        going = (held.copy(), held.copy())
        for hop in range(1, side // 2 + 1):
            opposite = 2 * hop == side
            step, going = _pass_on(held, going, after, phase, opposite)
            steps.append(step * size / (chips * dims * 2))
    return Passes(np.array(steps).reshape(-1, chips, dims, 2), held.all(axis=(1, 3)).sum(axis=1))


def _pass_on(
    held: np.ndarray, going: tuple[np.ndarray, np.ndarray], after: np.ndarray, phase: int, opposite: bool
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """One step of every ring at once: the halves sent on each link, and what goes on from here; `held` grows."""
    chips, dims = after.shape
    step, onward = np.zeros((chips, dims, 2)), (np.zeros_like(held), np.zeros_like(held))
    for stripe, way in itertools.product(range(dims), (0, 1)):
        dim = (stripe + phase) % dims
        moving = going[way][:, stripe].copy()
        if opposite:
            moving[:, :, 1 - way] = False
        step[:, dim, way] = moving.sum(axis=(1, 2))
        origin = np.argsort(after[:, dim]) if way == 0 else after[:, dim]
        onward[way][:, stripe] = moving[origin]
        held[:, stripe] |= moving[origin]
    return step, onward


def ring_reduce_scatter(values: np.ndarray, element_bytes: float = 1.0) -> Passes:
    """Chips of a ring add up their arrays; chip i ends with the sum of everyone's i-th part.

    The all-gather run backwards: partial sums travel towards their owner from both sides, and the chip opposite
    sends the first half of its part one way and the second half the other.

    Parameters
    ----------
    values : array of shape (chips, chips, elements)
        What each chip holds of each part; elements is even.

    Returns
    -------
    Passes
        `result` of shape (chips, elements): the sums.
    """
    values = np.asarray(values, dtype=float)
    chips = len(values)
    if values.ndim != 3 or values.shape[1] != chips or values.shape[2] % 2:
        raise ValueError(f"values has shape {values.shape}: expected (chips, chips, an even number of elements)")
    size, half = _positive("element_bytes", element_bytes), values.shape[2] // 2
    partial, steps = values.copy(), []
    for distance in range(chips // 2, 0, -1):
        step, arriving = np.zeros((chips, 1, 2)), np.zeros_like(partial)
        for way, chip in itertools.product((0, 1), range(chips)):
            forward = 1 if way == 0 else -1
            owner, to = (chip + forward * distance) % chips, (chip + forward) % chips
            cut = slice(way * half, (way + 1) * half) if 2 * distance == chips else slice(None)
            arriving[to, owner, cut] += partial[chip, owner, cut]
            step[chip, 0, way] = partial[chip, owner, cut].size * size
        partial += arriving
        steps.append(step)
    return Passes(np.array(steps).reshape(-1, chips, 1, 2), partial[np.arange(chips), np.arange(chips)])


def torus_all_to_all(side: int, dims: int, array_bytes: float) -> Passes:
    """Each chip has an array, an equal part of it for each chip, and sends each part along a shortest path.

    Paths follow the dimensions in their order; a part for the chip opposite goes half one way, half the other.

    Returns
    -------
    Passes
        One step with all bytes of each link; `result`, shape (): mean hops to any chip, itself included.
    """
    after, size = neighbours(side, dims), _positive("array_bytes", array_bytes)
    chips, before = len(after), np.argsort(after, axis=0)
    places = np.stack(np.unravel_index(np.arange(chips), (side,) * dims), axis=1)
    loads = np.zeros((1, chips, dims, 2))
    for source, target in itertools.product(range(chips), range(chips)):
        here = source
        for dim in range(dims):
            ahead = int(places[target, dim] - places[source, dim]) % side
            for way, hops, share in _ways(ahead, side):
                at = here
                for _ in range(hops):
                    loads[0, at, dim, way] += share * size / chips
                    at = (after, before)[way][at, dim]
                if share:
                    end = at
            here = end
    return Passes(loads, loads.sum() / (size * chips))


def _ways(ahead: int, side: int) -> list[tuple[int, int, float]]:
    """(way, hops, share of the bytes) for a chip so many places ahead in a ring."""
    if 2 * ahead == side:
        return [(0, ahead, 0.5), (1, ahead, 0.5)]
    return [(0, ahead, 1.0)] if 2 * ahead < side else [(1, side - ahead, 1.0)]


@dataclass(frozen=True)
class RackTraffic:
    """Bytes that each chip of several racks sent and received, shape (chips,), over its two networks."""

    up_sent: np.ndarray
    up_received: np.ndarray
    out_sent: np.ndarray
    out_received: np.ndarray

    def seconds(self, up: float, out: float, overlap: bool = True) -> float:
        """Time in s on networks of so many byte/s one way per chip, at once or in turns; the busiest chip decides."""
        inside = max(self.up_sent.max(), self.up_received.max()) / up
        across = max(self.out_sent.max(), self.out_received.max()) / out
        return float(max(inside, across) if overlap else inside + across)


def racks_all_to_all(racks: int, chips_per_rack: int, array_bytes: float, own: bool = False) -> RackTraffic:
    """An all-to-all over racks: each chip sends an equal part of its array to each chip of every rack.

    Parameters
    ----------
    own : bool
        Whether the part that a chip keeps is counted on its link, as the lecture's round numbers do.
    """
    _whole("racks", racks), _whole("chips_per_rack", chips_per_rack)
    chips = racks * chips_per_rack
    part = _positive("array_bytes", array_bytes) / chips
    made = {name: np.zeros(chips) for name in ("up_sent", "up_received", "out_sent", "out_received")}
    for source, target in itertools.product(range(chips), range(chips)):
        if source == target and not own:
            continue
        network = "up" if source // chips_per_rack == target // chips_per_rack else "out"
        made[f"{network}_sent"][source] += part
        made[f"{network}_received"][target] += part
    return RackTraffic(**made)


def _whole(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} = {value!r}: expected a whole number of at least 1")
    return int(value)


def _positive(name: str, value: float) -> float:
    if isinstance(value, bool) or not 0 < value < np.inf:
        raise ValueError(f"{name} = {value!r}: expected a positive finite number")
    return float(value)
