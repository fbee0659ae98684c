"""How does a difference travel through a Feistel cipher, and what does it give away?

The table of differences of an S-box, the most probable path of a difference through rounds, its exact probability by
counting all blocks, and an attack that finds the last round's key from chosen plaintexts. For the toy of
`block_cipher`, all of it by enumeration.

Examples
--------
The S-box of PRESENT turns no difference into another for more than four of its sixteen inputs:

>>> from roofline.block_cipher import PRESENT_SBOX, toy, toy_table
>>> from roofline.differentials import (
...     attack_success, best_characteristic, counted_differential, ddt, differential, key_counts, pairs_for_attack,
...     plan, toy_characteristic, uniformity)
>>> ddt(PRESENT_SBOX).shape, uniformity(PRESENT_SBOX)
((16, 16), 4)
>>> table = toy_table(boxes=1)
>>> path = best_characteristic(table, rounds=3)
>>> path.probability == toy_characteristic(3, boxes=1), len(path.differences)
(True, 4)
>>> start = path.differences[0]
>>> float(differential(table, 3, start).sum()), float(counted_differential(table, [1, 2, 3], start).sum())
(1.0, 1.0)
>>> attack, keys = plan(4, boxes=1), [5, 9, 2, 11]
>>> encrypt, _ = toy(keys, table)
>>> int(key_counts(encrypt, table, attack, pairs=100).argmax())
11
>>> pairs_for_attack(4, boxes=1) > 1, attack_success(4, pairs=100, trials=10, boxes=1) > 0.5
(True, True)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .block_cipher import Map, all_blocks, toy, toy_table
from .ciphers import pairs_needed

Difference = tuple[int, int]


def ddt(table: Sequence[int] | np.ndarray) -> np.ndarray:
    """Table of differences: how many inputs turn input difference a into output difference b.

    Parameters
    ----------
    table : sequence of int
        The function, an output for each input; 2**s of them.

    Returns
    -------
    array of int, shape (2**s, outputs)
        Outputs are counted up to the next power of two. Each row adds up to 2**s.

    Raises
    ------
    ValueError
        If the number of inputs is no power of two.
    """
    values = np.asarray(table).astype(np.int64)
    inputs = np.arange(len(values))
    if len(values) < 2 or len(values) & (len(values) - 1):
        raise ValueError(f"table has {len(values)} entries: expected a power of two, an output for each input")
    outputs = 1 << int(values.max()).bit_length()
    return np.array([np.bincount(values ^ values[inputs ^ a], minlength=outputs) for a in inputs])


def uniformity(table: Sequence[int] | np.ndarray) -> int:
    """Largest entry of the table of differences, beside that of no difference: the smaller, the better the S-box."""
    return int(ddt(table)[1:].max())


def _passage(table: np.ndarray) -> np.ndarray:
    """Probability that the round function, with any key, turns a difference into another, shape (2**h, 2**h)."""
    return ddt(table) / len(table)


# One path of differences


@dataclass(frozen=True)
class Characteristic:
    """A path: the differences of both halves before each round and after the last, and its probability.

    The probability is that of a cipher whose round keys are independent and even: the product over rounds.
    """

    probability: float
    differences: tuple[Difference, ...]


def _advance(weights: np.ndarray, passage: np.ndarray, best: bool) -> tuple[np.ndarray, np.ndarray]:
    """One round on weights[dx, dy], taking the largest or the sum of what meets; and which b = f's difference won."""
    after, came = np.zeros_like(weights), np.zeros(weights.shape, dtype=np.int64)
    halves = np.arange(len(weights))
    for dx in np.flatnonzero(weights.any(axis=1)):
        outputs = np.flatnonzero(passage[dx])
        arriving = weights[dx, halves ^ outputs[:, None]] * passage[dx, outputs, None]  # [b, dy ^ b]
        after[:, dx] = arriving.max(axis=0) if best else arriving.sum(axis=0)
        came[:, dx] = outputs[arriving.argmax(axis=0)]
    return after, came


def best_characteristic(table: np.ndarray, rounds: int, start: Difference | None = None) -> Characteristic:
    """The most probable path of a difference through rounds of the toy, by dynamic programming over all paths.

    Parameters
    ----------
    table : array
        The round function, from `toy_table`, with halves of at most 10 bits.
    rounds : int
    start : (int, int), optional
        Differences of the halves to start from; by default the best of all but (0, 0).
    """
    size, passage = _checked(table, rounds), _passage(table)
    weights = np.zeros((size, size)) if start else np.ones((size, size))
    weights[start or (0, 0)] = 1.0 if start else 0.0
    choices = []
    for _ in range(rounds):
        weights, came = _advance(weights, passage, best=True)
        choices.append(came)
    end = np.unravel_index(int(weights.argmax()), weights.shape)
    path = [(int(end[0]), int(end[1]))]
    for came in reversed(choices):
        x, y = path[-1]
        path.append((y, x ^ int(came[x, y])))
    return Characteristic(float(weights.max()), tuple(reversed(path)))


def differential(table: np.ndarray, rounds: int, start: Difference) -> np.ndarray:
    """Probability of each output difference after rounds, over all paths and over independent, even round keys.

    Returns
    -------
    array, shape (2**h, 2**h)
        Indexed by the differences of the halves; adds up to 1.
    """
    size, passage = _checked(table, rounds), _passage(table)
    weights = np.zeros((size, size))
    weights[start] = 1.0
    for _ in range(rounds):
        weights, _ = _advance(weights, passage, best=False)
    return weights


def counted_differential(table: np.ndarray, keys: Sequence[int], start: Difference) -> np.ndarray:
    """The same for one key, counted over all blocks: the share of blocks that lead to each output difference."""
    size = _checked(table, len(keys))
    encrypt, _ = toy(keys, table)
    x, y = all_blocks(size.bit_length() - 1)
    (a, b), (c, d) = encrypt(x, y), encrypt(x ^ start[0], y ^ start[1])
    place = ((a ^ c) * size + (b ^ d)).astype(np.int64)
    return np.bincount(place, minlength=size * size).reshape(size, size) / len(x)


def _checked(table: np.ndarray, rounds: int) -> int:
    if len(table) > 1 << 10:
        raise ValueError(f"table has {len(table)} entries: expected at most 1024, so that all differences fit")
    if rounds < 0:
        raise ValueError(f"rounds = {rounds!r}: expected zero or more")
    return len(table)


@lru_cache(maxsize=64)
def toy_characteristic(rounds: int, boxes: int = 2) -> float:
    """Probability of the toy's most probable path of a difference through rounds."""
    return best_characteristic(toy_table(boxes), rounds).probability


# The attack: guess the last round's key, undo the round, see whether the expected difference appears


@dataclass(frozen=True)
class Attack:
    """What an attack on so many rounds looks for: a difference to start from, and one half's two rounds before the end.

    That half passes the next round unchanged, as every Feistel network swaps, so one more round costs nothing.
    """

    start: Difference
    target: int
    probability: float


@lru_cache(maxsize=32)
def plan(rounds: int, boxes: int = 2) -> Attack:
    """The attack on the toy with so many rounds: the best path up to two rounds before the end.

    `probability` counts every path that leads to the target, not only the best.

    Raises
    ------
    ValueError
        If there are fewer than three rounds.
    """
    if rounds < 3:
        raise ValueError(f"rounds = {rounds!r}: expected three or more; fewer pass differences for certain")
    table = toy_table(boxes)
    start = best_characteristic(table, rounds - 2).differences[0]
    halves = differential(table, rounds - 2, start).sum(axis=1)
    halves[0] = 0
    return Attack(start, int(halves.argmax()), float(halves.max()))


def key_counts(encrypt: Map, table: np.ndarray, attack: Attack, pairs: int, seed: int = 0) -> np.ndarray:
    """For each key of the last round, the pairs of chosen plaintexts that suggest it.

    Parameters
    ----------
    encrypt : function of two halves
        The cipher under attack; its keys are not looked at.
    table : array
        Its round function.
    attack : Attack
        What to look for, from `plan`.
    pairs : int
        Pairs of plaintexts, drawn at random with the attack's difference.

    Returns
    -------
    array of int, shape (2**h,)

    Raises
    ------
    ValueError
        If there is no pair.
    """
    if pairs < 1:
        raise ValueError(f"pairs = {pairs!r}: expected one or more")
    rng, size = np.random.default_rng(seed), len(table)
    x, y = rng.integers(0, size, (2, pairs), dtype=np.uint64)
    (a, b), (c, d) = encrypt(x, y), encrypt(x ^ attack.start[0], y ^ attack.start[1])
    guesses = np.arange(size, dtype=np.uint64)[:, None]
    before = a ^ c ^ table[b ^ guesses] ^ table[d ^ guesses]
    return np.asarray((before == attack.target).sum(axis=1))


def pairs_for_attack(rounds: int, margin: float = 5.0, boxes: int = 2) -> float:
    """Pairs that the attack on the toy needs by the formula `pairs_needed`, if wrong keys are suggested at random."""
    chance = 16.0**-boxes
    return float(pairs_needed(z_margin=margin, p_signal=plan(rounds, boxes).probability - chance, p_wrong=chance))


@lru_cache(maxsize=64)
def attack_success(rounds: int, pairs: int, trials: int = 100, boxes: int = 2, seed: int = 0) -> float:
    """Share of fresh random keys whose last round key the attack finds: the right one alone has the highest count."""
    if trials < 1:
        raise ValueError(f"trials = {trials!r}: expected one or more")
    table, attack = toy_table(boxes), plan(rounds, boxes)
    rng, found = np.random.default_rng(seed), 0
    for trial in range(trials):
        keys = rng.integers(0, len(table), rounds, dtype=np.uint64)
        counts = key_counts(toy(keys, table)[0], table, attack, pairs, seed=seed * trials + trial)
        found += int(counts.argmax() == keys[-1] and (counts == counts.max()).sum() == 1)
    return found / trials
