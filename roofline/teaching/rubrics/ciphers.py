"""How the six functions of the lab on ciphers are marked.

The references are the book's ciphers and its attack. Every key is drawn afresh, so that an attack must find it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from roofline import ciphers as book
from roofline.block_cipher import simon_function
from roofline.differentials import best_characteristic
from roofline.teaching.grading.comparing import difference
from roofline.teaching.grading.draws import Inputs, one_of, whole
from roofline.teaching.grading.rubric import Cases, Law, Mistake, Question, Rubric

from ._ciphers import (
    TABLE,
    attacked,
    by_sums,
    clear,
    colliding,
    counts,
    difference_counts,
    greatest,
    linear_map,
    permuted,
    published,
    random_map,
    several,
    shifted,
    tally,
    turned,
    voted,
    word,
)


def ask(function: Callable[..., Any], x: Inputs, **changed: Any) -> Any:
    """What a reference gives for the inputs `x`, some of them changed."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return function(**{name: {**x, **changed}[name] for name in names})


def alike(one: Any, other: Any) -> bool:
    return difference(one, other, 1e-9, 1e-12) is None


# One round of Simon

UNMASKED = "A word keeps its bits: what leaves it on the left comes back on the right, and nothing remains above."
HALVES = {"bits": one_of(16, 24, 32, 48, 64), "x": word, "y": word, "key": word}


def simon_round(x, y, key, bits):
    return list(book.encrypt(x, y, [lambda half: simon_function(half, bits) ^ key], operator.xor))


def unmasked_round(x, y, key, bits):
    """A round whose turned words keep what leaves them on the left, beside what comes back on the right."""
    one, eight, two = (x << places | x >> (bits - places) for places in (1, 8, 2))
    return [y ^ (one & eight) ^ two ^ key, x]


def with_function(x: Inputs, function: Callable[[int], int]) -> list[int]:
    """A round with another function of the first half, and the key."""
    return [x.y ^ function(x.x) ^ x.key, x.x]


ROUND = Question(simon_round, HALVES, rtol=0, cases=[
    Cases("halves have 16 bits", 1,
          fix=lambda rng, x: {"bits": 16, "x": 0x9ABC, "y": 0x1234, "key": word(rng, Inputs(bits=16))}),
    Cases("halves have more bits", 1, lambda x: x.bits > 16),
    Cases("the key is zero", 1, lambda x: x.bits == 16, fix={"key": 0}),
], laws=[
    Law("A difference of the second half alone comes out unchanged, in the first.",
        lambda x, y: {**x, "y": x.y ^ 5}, lambda x, y, z: z[0] == y[0] ^ 5 and z[1] == y[1]),
    Law("A difference of the key does what one of the second half does.",
        lambda x, y: {**x, "key": x.key ^ 6}, lambda x, y, z: z[0] == y[0] ^ 6 and z[1] == y[1]),
], mistakes=[
    Mistake("The halves are not swapped. Which half does the next round read?",
            lambda x: ask(simon_round, x)[::-1], costs=3),
    Mistake("This is what you get if the words are turned to the right. They turn to the left.",
            lambda x: with_function(x, lambda h: turned(x, -1) & turned(x, -8) ^ turned(x, -2)), costs=3),
    Mistake("This shifts instead of turning: what leaves a word on the left comes back on the right.",
            lambda x: with_function(x, lambda h: shifted(x, 1) & shifted(x, 8) ^ shifted(x, 2)), costs=3),
    Mistake(UNMASKED, lambda x: unmasked_round(x.x, x.y, x.key, x.bits), costs=3),
    Mistake("This is what you get with OR in the place of AND.",
            lambda x: with_function(x, lambda h: (turned(x, 1) | turned(x, 8)) ^ turned(x, 2)), costs=3),
    Mistake("This is what you get without the key.", lambda x: ask(simon_round, x, key=0), costs=2),
    Mistake("This XORs the key before the function. Simon does so after it.",
            lambda x: [x.y ^ simon_function(x.x ^ x.key, x.bits), x.x], costs=2),
    Mistake("This turns words of 16 bits. How many bits has a half here?",
            lambda x: ask(simon_round, x, bits=16), costs=1),
])  # fmt: skip


# The way back

SECRET_TEXTS = {"bits": one_of(16, 24, 32, 48, 64), "rounds": whole(3, 12), "x": word, "y": word, "round_keys": several}


def simon_decrypt(x, y, round_keys, bits):
    functions = [lambda half, key=key: simon_function(half, bits) ^ key for key in round_keys]
    return list(book.decrypt(x, y, functions, operator.xor))


def encrypted(x: Inputs) -> list[int]:
    state = [x.x, x.y]
    for key in x.round_keys:
        state = simon_round(state[0], state[1], key, x.bits)
    return state


def unmasked(x: Inputs) -> list[int]:
    """The text, if the words that are turned keep what leaves them on the left."""
    state = [x.x, x.y]
    for key in x.round_keys[::-1]:
        state = unmasked_round(state[1], state[0], key, x.bits)[::-1]
    return state


def longer(x: Inputs, y: Any) -> dict[str, Any]:
    """The same text, enciphered by two more rounds with keys of zero."""
    more = Inputs(x, round_keys=[0, 0])
    return {**x, **dict(zip("xy", encrypted(more), strict=True)), "round_keys": [*x.round_keys, 0, 0]}


DECRYPT = Question(simon_decrypt, SECRET_TEXTS, rtol=0, cases=[
    Cases("there is one round", 1, fix=lambda rng, x: {"round_keys": x.round_keys[:1]}),
    Cases("there are several rounds", 1),
    Cases("the cipher is complete, with its own round keys", 2, fix=published),
], laws=[
    Law("Without rounds a text stays as it is.", lambda x, y: {**x, "round_keys": []},
        lambda x, y, z: alike(z, [x.x, x.y])),
    Law("Two rounds more, with keys of zero, are two rounds more to undo.", longer, lambda x, y, z: alike(z, y)),
], mistakes=[
    Mistake("This is what you get if the keys come in the order of encryption. The last is undone first.",
            lambda x: ask(simon_decrypt, x, round_keys=x.round_keys[::-1]), costs=3),
    Mistake("This encrypts. Which half has been kept, and what was added to the other?", encrypted, costs=4),
    Mistake(UNMASKED, unmasked, costs=4),
    Mistake("These are the halves of the text, the wrong way round.",
            lambda x: ask(simon_decrypt, x)[::-1], costs=4),
    Mistake("This is what you get if the halves that come in are read the wrong way round.",
            lambda x: simon_decrypt(x.y, x.x, x.round_keys, x.bits), costs=4),
    Mistake("This leaves the last key out.", lambda x: ask(simon_decrypt, x, round_keys=x.round_keys[:-1]), costs=4),
    Mistake("This leaves the first key out.", lambda x: ask(simon_decrypt, x, round_keys=x.round_keys[1:]), costs=4),
])  # fmt: skip


# Which flips follow which

MAPS = {"in_bits": whole(3, 6), "out_bits": lambda rng, x: x.in_bits, "outputs": random_map}


def avalanche_matrix(outputs, in_bits, out_bits):
    values, inputs = np.array(outputs), np.arange(1 << in_bits)
    changed = values ^ values[inputs ^ (1 << np.arange(in_bits))[:, None]]
    return ((changed[..., None] >> np.arange(out_bits)) & 1).mean(axis=1).tolist()


def matrix(x: Inputs) -> np.ndarray:
    return np.array(ask(avalanche_matrix, x))


AVALANCHE = Question(avalanche_matrix, MAPS, cases=[
    Cases("the map is random", 2),
    Cases("inputs and outputs have different numbers of bits", 1,
          fix=lambda rng, x: (more := {"out_bits": x.in_bits + rng.choice((-1, 2))})
          | {"outputs": random_map(rng, Inputs(x, **more))}),
    Cases("outputs are sums of input bits", 1, fix=linear_map),
], laws=[
    Law("An XOR of all outputs with one word changes no flip.",
        lambda x, y: {**x, "outputs": [value ^ 1 for value in x.outputs]}, lambda x, y, z: alike(z, y)),
    Law("An XOR of all inputs with one word changes no flip.",
        lambda x, y: {**x, "outputs": [x.outputs[place ^ 3] for place in range(len(x.outputs))]},
        lambda x, y, z: alike(z, y)),
], mistakes=[
    Mistake("Rows and columns have changed places: a row belongs to an input bit.",
            lambda x: matrix(x).T.tolist(), costs=4),
    Mistake("This counts bits from the highest. Bit 0 is the lowest, of inputs and of outputs.",
            lambda x: matrix(x)[::-1, ::-1].tolist(), costs=4),
    Mistake("These are counts. Divide by the number of inputs.",
            lambda x: (matrix(x) * len(x.outputs)).tolist(), costs=4),
    Mistake("This is how often a bit stays. Asked for is how often it flips.",
            lambda x: (1 - matrix(x)).tolist(), costs=4),
    Mistake("Each pair is counted at one of its two inputs, and divided by the number of inputs.",
            lambda x: (matrix(x) / 2).tolist(), costs=4),
    Mistake("This is the mean over output bits. Asked for is each of them.",
            lambda x: matrix(x).mean(axis=1).tolist(), costs=4),
])  # fmt: skip


# Which differences follow which

BOXES = {"size": one_of(16), "box": permuted}


def difference_table(box):
    return difference_counts(box).tolist()


TABLES = Question(difference_table, BOXES, rtol=0, cases=[
    Cases("the box is a permutation of 16 values", 2),
    Cases("the box has another size", 1, fix=lambda rng, x: {"box": permuted(rng, Inputs(size=rng.choice((8, 32))))}),
    Cases("values of the box repeat", 1, lambda x: len(set(x.box)) < 16,
          fix=lambda rng, x: {"box": [rng.randrange(16) for _ in range(16)]}),
], laws=[
    Law("An XOR of all outputs with one word changes no difference.",
        lambda x, y: {**x, "box": [value ^ 1 for value in x.box]}, lambda x, y, z: alike(z, y)),
    Law("An XOR of all inputs with one word changes no difference.",
        lambda x, y: {**x, "box": [x.box[place ^ 3] for place in range(len(x.box))]}, lambda x, y, z: alike(z, y)),
], mistakes=[
    Mistake("Rows and columns have changed places: a row belongs to an input difference.",
            lambda x: counts(x).T.tolist(), costs=4),
    Mistake("This counts each pair once. Count the inputs: both members of a pair are one.",
            lambda x: (counts(x) // 2).tolist(), costs=4),
    Mistake("These are probabilities. Asked for are counts.",
            lambda x: (counts(x) / len(x.box)).tolist(), costs=4),
    Mistake("This takes differences of numbers. Here a difference is an XOR.", by_sums, costs=4),
    Mistake("This leaves out the difference 0. It has a row of its own, with one entry.",
            lambda x: counts(x)[1:].tolist(), costs=4),
])  # fmt: skip


# The best path

PATHS = {"size": one_of(16), "box": permuted, "rounds": whole(4, 6)}


def best_probability(box, rounds):
    return best_characteristic(np.array(box, dtype=np.uint64), rounds).probability


BEST = Question(best_probability, PATHS, cases=[
    Cases("there are two or three rounds", 1, lambda x: x.rounds == 2 and greatest(x) < 1,
          contrast=lambda x: x.rounds == 3 and greatest(x) < 1, fix=lambda rng, x: {"rounds": rng.choice((2, 3))}),
    Cases("there are four rounds or more", 2, lambda x: x.rounds == 4, contrast=lambda x: x.rounds == 6),
    Cases("values of the box repeat", 1, lambda x: len(set(x.box)) < 16 and x.rounds == 3,
          contrast=lambda x: len(set(x.box)) < 16 and x.rounds > 4, fix=colliding),
], laws=[
    Law("One round more never makes a path more probable.",
        lambda x, y: {**x, "rounds": x.rounds + 1}, lambda x, y, z: z <= y * (1 + 1e-9)),
    Law("An XOR of all outputs of the box with one word changes no path.",
        lambda x, y: {**x, "box": [value ^ 1 for value in x.box]}, lambda x, y, z: alike(z, y)),
], mistakes=[
    Mistake("This pays in every round. A round whose first half has no difference is free.",
            lambda x: greatest(x) ** x.rounds, costs=4),
    Mistake("This is one more round than there are.", lambda x: ask(best_probability, x, rounds=x.rounds + 1), costs=4),
    Mistake("This is one round less than there are.", lambda x: ask(best_probability, x, rounds=x.rounds - 1), costs=4),
    Mistake("This counts the path on which nothing differs, which is certain. Leave out the start (0, 0).",
            lambda x: 1.0, costs=4),
    Mistake("This pays once, for the best entry of the table. What do the other rounds cost?", greatest, costs=4),
    Mistake("This multiplies counts. A probability is a count over sixteen.",
            lambda x: ask(best_probability, x) * 16**x.rounds, costs=4),
])  # fmt: skip


# The key of the last round

SECRETS = {"rounds": whole(4, 6), "pairs": lambda rng, x: [],
           "table": lambda rng, x: TABLE.tolist(), "target": lambda rng, x: 0, "secret": lambda rng, x: 0}


def recover_key(pairs, table, target):
    return int(tally(pairs, table, target).argmax())


KEY = Question(recover_key, SECRETS, rtol=0, cases=[
    Cases("the cipher is small", 1, clear, fix=attacked(4, boxes=1)),
    Cases("the cipher has four rounds", 1, clear, fix=attacked(4)),
    Cases("it has five", 1, clear, fix=attacked(5), count=3),
    Cases("it has six", 1, clear, fix=attacked(6), count=2),
], laws=[
    Law("The order of the pairs does not matter.", lambda x, y: {**x, "pairs": x.pairs[::-1]}, lambda x, y, z: z == y),
    Law("The order of the two texts of a pair does not matter.",
        lambda x, y: {**x, "pairs": [[c, d, a, b] for a, b, c, d in x.pairs]}, lambda x, y, z: z == y),
], mistakes=[
    Mistake("This undoes the round with the halves the wrong way round. The second half went into the function.",
            lambda x: voted(x, lambda a, b, c, d, t, k: b ^ d ^ t[a ^ k] ^ t[c ^ k]), costs=4),
    Mistake("This guesses the key behind the function. It is XORed before the table is looked up.",
            lambda x: voted(x, lambda a, b, c, d, t, k: a ^ c ^ t[b] ^ t[d] ^ k), costs=4),
    Mistake("This takes the key with the fewest votes.",
            lambda x: int(tally(x.pairs, x.table, x.target).argmin()), costs=4),
    Mistake("These are the votes of the right key. Asked for is the key.",
            lambda x: int(tally(x.pairs, x.table, x.target).max()), costs=4),
    Mistake("This decides by the first pairs alone. Count all of them.",
            lambda x: recover_key(x.pairs[:3], x.table, x.target), costs=4),
])  # fmt: skip

rubric = Rubric("ciphers", "Build a cipher and break it", [ROUND, DECRYPT, AVALANCHE, TABLES, BEST, KEY])
