"""Ciphers, boxes and ciphertexts for the lab on ciphers: drawn at random, and run with a mistake."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from roofline.block_cipher import SIMON_ROUNDS, rotated, simon_round_keys, toy, toy_table
from roofline.differentials import Attack, ddt, key_counts, plan
from roofline.teaching.grading.draws import Inputs

TABLE = toy_table()
TEXTS = {4: 150, 5: 500, 6: 1200}  # pairs of chosen texts, by rounds: enough for nearly every key
FEW = 25  # for a cipher of one S-box, which has sixteen keys: a call that can be read and pasted


def word(rng: Random, x: Inputs) -> int:
    """A random word of as many bits as a half has, neither empty nor full."""
    return rng.randrange(1, (1 << x.bits) - 1)


def turned(x: Inputs, places: int) -> int:
    return int(rotated(x.x, places, x.bits))


def shifted(x: Inputs, places: int) -> int:
    return int(x.x << places & ((1 << x.bits) - 1))


def several(rng: Random, x: Inputs) -> list[int]:
    return [word(rng, x) for _ in range(x.rounds)]


def published(rng: Random, x: Inputs) -> dict[str, Any]:
    """All round keys of a variant that is in use, from a random key."""
    block, key = rng.choice(list(SIMON_ROUNDS))
    drawn = [rng.randrange(1 << block // 2) for _ in range(key // (block // 2))]
    half = {"bits": block // 2}
    texts = {name: word(rng, Inputs(half)) for name in "xy"}
    return {**half, **texts, "round_keys": simon_round_keys(drawn, block)}


def random_map(rng: Random, x: Inputs) -> list[int]:
    return [rng.randrange(1 << x.out_bits) for _ in range(1 << x.in_bits)]


def linear_map(rng: Random, x: Inputs) -> dict[str, Any]:
    """A map of which every output bit is a sum of input bits."""
    columns, outputs = [rng.randrange(1, 1 << x.out_bits) for _ in range(x.in_bits)], [0]
    for column in columns:
        outputs += [value ^ column for value in outputs]
    return {"outputs": outputs}


def permuted(rng: Random, x: Inputs) -> list[int]:
    return rng.sample(range(x.size), x.size)


def counts(x: Inputs) -> np.ndarray:
    return difference_counts(x.box)


def by_sums(x: Inputs) -> list[list[int]]:
    """The table of differences of numbers, modulo the size of the box."""
    size, box, places = len(x.box), np.array(x.box), np.arange(len(x.box))
    return [np.bincount((box[(places + a) % size] - box) % size, minlength=size).tolist() for a in range(size)]


def difference_counts(box: list[int]) -> np.ndarray:
    """The table of differences, with as many columns as rows."""
    table = ddt(box)
    return np.pad(table, ((0, 0), (0, len(box) - table.shape[1])))


def greatest(x: Inputs) -> float:
    """Largest odds of the box, beside no difference."""
    return float(counts(x)[1:].max()) / 16


def colliding(rng: Random, x: Inputs) -> dict[str, Any]:
    """A box in which some values repeat."""
    box = rng.sample(range(16), 16)
    for _ in range(4):
        box[rng.randrange(16)] = rng.choice(box)
    return {"box": box, "rounds": rng.randint(3, 6)}


def tally(pairs: Any, table: Any, target: int) -> np.ndarray:
    """For each key of the last round, the pairs that suggest it, by the book's own count."""
    a, b, c, d = np.array(pairs, dtype=np.uint64).T
    halves = iter([(a, b), (c, d)])
    return key_counts(lambda x, y: next(halves), np.array(table, dtype=np.uint64), Attack((0, 0), target, 1.0), len(a))


def attacked(rounds: int, boxes: int = 2) -> Callable[[Random, Inputs], dict[str, Any]]:
    """Ciphertexts of chosen pairs under fresh keys, with the likely difference that they were chosen for."""
    size, table, count = 16**boxes, toy_table(boxes), TEXTS[rounds] if boxes == 2 else FEW

    def draw(rng: Random, x: Inputs) -> dict[str, Any]:
        keys, attack = [rng.randrange(size) for _ in range(rounds)], plan(rounds, boxes)
        encrypt = toy([np.uint64(key) for key in keys], table)[0]
        texts = np.array([[rng.randrange(size), rng.randrange(size)] for _ in range(count)], dtype=np.uint64).T
        other = [half ^ np.uint64(change) for half, change in zip(texts, attack.start, strict=True)]
        pairs = np.stack([*encrypt(*texts), *encrypt(*other)], axis=1).tolist()
        return {"rounds": rounds, "pairs": pairs, "table": table.tolist(), "target": attack.target, "secret": keys[-1]}

    return draw


def clear(x: Inputs) -> bool:
    """Whether the right key is ahead of all others, by two pairs at least."""
    found = tally(x.pairs, x.table, x.target)
    return bool(found.argmax() == x.secret and np.sort(found)[-2] + 2 <= found.max())


def voted(x: Inputs, before: Callable[..., Any]) -> int:
    """The key that most pairs suggest, if a round is undone in another way."""
    table, guesses = np.array(x.table), np.arange(len(x.table))[:, None]
    return int((before(*np.array(x.pairs).T, table, guesses) == x.target).sum(axis=1).argmax())
