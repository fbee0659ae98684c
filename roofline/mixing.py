"""How well does a map mix: how many output bits flip when one input bit does, and how soon does each depend on all?

The instruments work on anything that maps rows of bits to rows of bits. A cipher's two halves are one such row; so are
the signs that go into a network and come out of it.

Examples
--------
>>> import numpy as np
>>> from roofline.mixing import (
...     avalanche, blocks_left, dependencies, dependent_share, deviation, flips, full_diffusion, on_bits,
...     simon_avalanche, simon_diffusion, simon_flips, toy_avalanche, toy_flips)
>>> unmixed = flips(lambda bits: bits, in_bits=4, samples=10)
>>> avalanche(unmixed), deviation(unmixed), dependent_share(unmixed)
(0.25, 0.5, 0.25)
>>> round(simon_avalanche(32), 2), round(avalanche(simon_flips(32, samples=200)), 1)
(0.5, 0.5)
>>> round(toy_avalanche(12), 1), toy_flips(2, samples=50).shape
(0.5, (16, 16))
>>> simon_diffusion(32), full_diffusion(np.ones((8, 8), dtype=bool))
(7, 3)
>>> depends = dependencies(lambda words: words ^ (words >> 1), width=4)
>>> depends.astype(int).tolist()
[[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]
>>> swapped = on_bits(lambda x, y: (y, x), half_bits=1)
>>> swapped(np.array([[1, 0]])).tolist()
[[False, True]]
>>> blocks_left("feistel", 4, half_bits=4), blocks_left("plain", 4, half_bits=4) < 1
(1.0, True)
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from .block_cipher import Map, all_blocks, simon, simon_function, toy, toy_table
from .ciphers import encrypt

Bits = Callable[[np.ndarray], np.ndarray]


def flips(function: Bits, in_bits: int, samples: int, seed: int = 0) -> np.ndarray:
    """How often each output bit flips when one input bit does: the matrix of the strict avalanche criterion.

    Parameters
    ----------
    function : callable
        Maps bits of shape (samples, in_bits) to bits of shape (samples, outputs).
    in_bits, samples : int
        Bits of an input; random inputs to try, each with every one of its bits flipped.

    Returns
    -------
    array, shape (in_bits, outputs)
        Shares of the inputs; 1/2 everywhere meets the criterion (Webster and Tavares, CRYPTO 1985).

    Raises
    ------
    ValueError
        If there is no bit or no sample.
    """
    for name, value in (("in_bits", in_bits), ("samples", samples)):
        if value < 1:
            raise ValueError(f"{name} = {value!r}: expected one or more")
    bits = np.random.default_rng(seed).integers(0, 2, (samples, in_bits)).astype(bool)
    before = function(bits)
    return np.array([(before ^ function(bits ^ one)).mean(axis=0) for one in np.eye(in_bits, dtype=bool)])


def avalanche(matrix: np.ndarray) -> float:
    """Mean share of output bits that flip for one input bit, from the matrix of `flips`."""
    return float(np.mean(matrix))


def deviation(matrix: np.ndarray) -> float:
    """Largest deviation from 1/2 in the matrix of `flips`."""
    return float(np.abs(np.asarray(matrix) - 0.5).max())


def dependent_share(matrix: np.ndarray) -> float:
    """Share of pairs of an input and an output bit of which the one was seen to flip the other."""
    return float(np.mean(np.asarray(matrix) > 0))


def on_bits(cipher: Map, half_bits: int) -> Bits:
    """A cipher of two halves as a map of rows of bits: first half first, lowest bit first."""
    weights = np.uint64(1) << np.arange(half_bits, dtype=np.uint64)

    def function(bits: np.ndarray) -> np.ndarray:
        x, y = (half.astype(np.uint64) @ weights for half in np.split(bits, 2, axis=1))
        return np.concatenate([(half[:, None] & weights) > 0 for half in cipher(x, y)], axis=1)

    return function


def simon_flips(rounds: int, samples: int = 1000, block_bits: int = 32, seed: int = 0) -> np.ndarray:
    """The matrix of `flips` for the first rounds of Simon, with four random key words; blocks of 32, 48, 64 or 128."""
    rng = np.random.default_rng(seed)
    key = [int(word) for word in rng.integers(0, 1 << min(block_bits // 2, 62), 4)]
    return flips(on_bits(simon(key, block_bits, rounds)[0], block_bits // 2), block_bits, samples, seed)


def toy_flips(rounds: int, samples: int = 1000, boxes: int = 2, seed: int = 0) -> np.ndarray:
    """The matrix of `flips` for the toy, with random round keys."""
    table = toy_table(boxes)
    keys = np.random.default_rng(seed).integers(0, len(table), rounds, dtype=np.uint64)
    return flips(on_bits(toy(keys, table)[0], 4 * boxes), 8 * boxes, samples, seed)


@lru_cache(maxsize=64)
def simon_avalanche(rounds: int, samples: int = 1000) -> float:
    """Mean share of output bits that one input bit flips in the first rounds of Simon32/64."""
    return avalanche(simon_flips(rounds, samples))


@lru_cache(maxsize=64)
def toy_avalanche(rounds: int, samples: int = 1000) -> float:
    """Mean share of output bits that one input bit flips in the toy."""
    return avalanche(toy_flips(rounds, samples))


# Which output bits depend on which input bits, whatever the values


def dependencies(function: Callable[[np.ndarray], np.ndarray], width: int, samples: int = 256) -> np.ndarray:
    """Which output bits of a round function depend on which input bits, as far as random inputs show.

    Parameters
    ----------
    function : callable
        Maps an array of words of `width` bits to another.
    width, samples : int

    Returns
    -------
    array of bool, shape (width, width)
        Output bits by input bits.
    """
    rng, places = np.random.default_rng(0), np.arange(width, dtype=np.uint64)
    words = rng.integers(0, 1 << width, samples, dtype=np.uint64)
    changed = function(words) ^ function(words ^ (np.uint64(1) << places)[:, None])
    return np.asarray(((changed[..., None] >> places) & 1).any(axis=1).T)


def full_diffusion(depends: np.ndarray) -> int:
    """Rounds of a Feistel network after which every output bit depends on every input bit.

    Parameters
    ----------
    depends : array of bool, shape (h, h)
        Which output bits of the round function depend on which of its input bits.

    Raises
    ------
    ValueError
        If that never happens.
    """
    width = len(depends)
    identity = np.eye(2 * width, dtype=bool)
    x, y = identity[:width], identity[width:]
    for rounds in range(1, 4 * width + 3):
        x, y = encrypt(x, y, [lambda bits: depends @ bits], operator.or_)
        if x.all() and y.all():
            return rounds
    raise ValueError(f"depends: expected a round function that reaches all bits; some of {2 * width} stay apart")


def simon_diffusion(block_bits: int = 32) -> int:
    """Rounds after which every output bit of Simon depends on every input bit."""
    width = block_bits // 2
    return full_diffusion(dependencies(lambda word: simon_function(word, width), width))


def blocks_left(shape: str, rounds: int, half_bits: int = 8, seed: int = 0) -> float:
    """Share of all blocks that can still come out after rounds of random functions, which are not invertible.

    Parameters
    ----------
    shape : str
        "feistel", a Feistel network of random functions of one half; or "plain", random functions of the whole block.

    Raises
    ------
    ValueError
        If the shape is neither.
    """
    if shape not in ("feistel", "plain"):
        raise ValueError(f"shape = {shape!r}: expected feistel or plain")
    rng, (x, y) = np.random.default_rng(seed), all_blocks(half_bits)
    blocks = (x << half_bits) | y
    for _ in range(rounds):
        if shape == "plain":
            blocks = rng.integers(0, len(x), len(x), dtype=np.uint64)[blocks]
        else:
            x, y = encrypt(x, y, [rng.integers(0, 1 << half_bits, 1 << half_bits, dtype=np.uint64).take], operator.xor)
            blocks = (x << half_bits) | y
    return len(np.unique(blocks)) / len(x)
