"""Two block ciphers that are Feistel networks: Simon, which is published and used, and a toy small enough to enumerate.

Words are Python ints or numpy arrays of uint64, so that many blocks, or many keys, are enciphered at once.

Examples
--------
>>> from roofline.block_cipher import (
...     all_blocks, rotated, simon, simon_function, simon_functions, simon_round_keys, toy, toy_table)
>>> rotated(0b1001, 1, width=4)
3
>>> key = [0x1918, 0x1110, 0x0908, 0x0100]
>>> encrypt, decrypt = simon(key, block_bits=32)
>>> x, y = encrypt(0x6565, 0x6877)
>>> f"{int(x):04x} {int(y):04x}"
'c69b e9bb'
>>> [int(half) for half in decrypt(x, y)] == [0x6565, 0x6877]
True
>>> len(simon_round_keys(key, 32)), len(simon_functions(key, 32, rounds=3)), simon_function(0, width=16)
(32, 3, 0)

The first lines are the test vector of Simon32/64 that its designers printed. The toy is small enough for all blocks:

>>> table = toy_table(boxes=1)
>>> scramble, restore = toy([3, 7, 1], table)
>>> left, right = all_blocks(half_bits=4)
>>> len(set(zip(*(half.tolist() for half in scramble(left, right))))) == len(left) == 256
True
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .ciphers import decrypt, encrypt

# Simon: Beaulieu, Shors, Smith, Treatman-Clark, Weeks, Wingers, "The Simon and Speck families of lightweight block
# ciphers", ePrint 2013/404, section 3: the rounds and the constant sequence of each (block bits, key bits).
SIMON_ROUNDS = {
    (32, 64): (32, 0),
    (48, 72): (36, 0),
    (48, 96): (36, 1),
    (64, 96): (42, 2),
    (64, 128): (44, 3),
    (96, 96): (52, 2),
    (96, 144): (54, 3),
    (128, 128): (68, 2),
    (128, 192): (69, 3),
    (128, 256): (72, 4),
}
SIMON_CONSTANTS = (
    "11111010001001010110000111001101111101000100101011000011100110",
    "10001110111110010011000010110101000111011111001001100001011010",
    "10101111011100000011010010011000101000010001111110010110110011",
    "11011011101011000110010111100000010010001010011100110100001111",
    "11010001111001101011011000100000010111000011001010010011101111",
)

# PRESENT's S-box: Bogdanov et al., "PRESENT: an ultra-lightweight block cipher", CHES 2007, section 3.
PRESENT_SBOX = (0xC, 0x5, 0x6, 0xB, 0x9, 0x0, 0xA, 0xD, 0x3, 0xE, 0xF, 0x8, 0x4, 0x7, 0x1, 0x2)

Map = Callable[[Any, Any], tuple[Any, Any]]


def rotated(word: Any, places: int, width: int) -> Any:
    """A word of `width` bits, or an array of words, rotated left; to the right if `places` is negative."""
    places %= width
    return ((word << places) | (word >> (width - places))) & ((1 << width) - 1) if places else word


def simon_function(word: Any, width: int) -> Any:
    """Simon's round function, without its key: one AND of two rotations, XORed with a third. It is not invertible."""
    return (rotated(word, 1, width) & rotated(word, 8, width)) ^ rotated(word, 2, width)


def simon_round_keys(key: Sequence[int], block_bits: int) -> list[int]:
    """Round keys of Simon.

    Parameters
    ----------
    key : sequence of int
        Key words of half a block each, in the order of the paper's test vectors: last used first.
    block_bits : int
        32, 48, 64, 96 or 128.

    Raises
    ------
    ValueError
        If there is no such variant, or a key word does not fit.
    """
    width = block_bits // 2
    if (block_bits, len(key) * width) not in SIMON_ROUNDS:
        known = ", ".join(f"{b}/{k}" for b, k in SIMON_ROUNDS)
        raise ValueError(f"Simon{block_bits}/{len(key) * width}: expected one of {known}")
    if any(not 0 <= word < 1 << width for word in key):
        raise ValueError(f"key = {[hex(word) for word in key]}: expected words of {width} bits")
    rounds, sequence = SIMON_ROUNDS[block_bits, len(key) * width]
    keys, constant = list(reversed(key)), (1 << width) - 4
    for i in range(rounds - len(key)):
        mixed = rotated(keys[-1], -3, width)
        if len(key) == 4:
            mixed ^= keys[-3]
        mixed ^= rotated(mixed, -1, width)
        keys.append(constant ^ int(SIMON_CONSTANTS[sequence][i % 62]) ^ keys[-len(key)] ^ mixed)
    return keys


def simon_functions(key: Sequence[int], block_bits: int, rounds: int | None = None) -> list[Callable[[Any], Any]]:
    """Simon's round functions, keys included, for `encrypt` and `decrypt` of a Feistel network: all, or the first."""
    keys, width = simon_round_keys(key, block_bits), block_bits // 2
    if rounds is not None and not 0 <= rounds <= len(keys):
        raise ValueError(f"rounds = {rounds!r}: expected 0 to {len(keys)}")
    return [lambda word, k=k: simon_function(word, width) ^ k for k in keys[:rounds]]  # type: ignore[misc]


def simon(key: Sequence[int], block_bits: int, rounds: int | None = None) -> tuple[Map, Map]:
    """Simon with a key: a function that enciphers the two halves of a block, and one that deciphers them.

    Parameters
    ----------
    key, block_bits
        As for `simon_round_keys`.
    rounds : int, optional
        Only the first rounds; by default all.
    """
    return _both(simon_functions(key, block_bits, rounds))


def _both(functions: Sequence[Callable[[Any], Any]]) -> tuple[Map, Map]:
    return (
        lambda x, y: encrypt(x, y, functions, operator.xor),
        lambda x, y: decrypt(x, y, functions, operator.xor),
    )


# The toy: halves of 4, 8, 12 or 16 bits; a round key is XORed, S-boxes follow, then wires cross as in PRESENT


def toy_table(boxes: int = 2, sbox: Sequence[int] = PRESENT_SBOX) -> np.ndarray:
    """The toy's round function without its key, as a table: S-boxes of 4 bits side by side, then crossed wires.

    Parameters
    ----------
    boxes : int
        S-boxes in a half: 1 to 4; a block has 8 bits for each.
    sbox : sequence of 16 ints
        The S-box: 16 values of 4 bits, which need not be a permutation.

    Returns
    -------
    array of uint64, shape (16**boxes,)

    Raises
    ------
    ValueError
        If there are not 1 to 4 boxes, or the S-box is no table of 4 bits.
    """
    if not 1 <= boxes <= 4:
        raise ValueError(f"boxes = {boxes!r}: expected 1 to 4")
    if len(sbox) != 16 or not all(0 <= value < 16 for value in sbox):
        raise ValueError(f"sbox = {list(sbox)}: expected 16 values from 0 to 15")
    width = 4 * boxes
    words, box = np.arange(1 << width, dtype=np.uint64), np.array(sbox, dtype=np.uint64)
    table = np.zeros_like(words)
    for place in range(width):
        bit = (box[(words >> (place - place % 4)) & 15] >> (place % 4)) & 1
        table |= bit << (place if place == width - 1 else place * boxes % (width - 1))
    return table


def toy(keys: Iterable[Any], table: np.ndarray) -> tuple[Map, Map]:
    """The toy with a key for each round: a function that enciphers the two halves of a block, and its inverse.

    Parameters
    ----------
    keys : iterable
        A key a round, as wide as a half: ints, or arrays of uint64 that broadcast against the halves, to try many.
    table : array
        The round function, from `toy_table`.
    """
    return _both([lambda word, k=k: table[word ^ k] for k in keys])  # type: ignore[misc]


def all_blocks(half_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Both halves of every block there is, as arrays of shape (4**half_bits,)."""
    if not 1 <= half_bits <= 10:
        raise ValueError(f"half_bits = {half_bits!r}: expected 1 to 10, so that all blocks fit")
    blocks = np.arange(1 << 2 * half_bits, dtype=np.uint64)
    return blocks >> half_bits, blocks & ((1 << half_bits) - 1)
