"""Simon enciphers what its designers say it does, and the toy is a permutation of all its blocks."""

import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roofline import ciphers
from roofline.block_cipher import (
    PRESENT_SBOX,
    SIMON_ROUNDS,
    all_blocks,
    rotated,
    simon,
    simon_function,
    simon_functions,
    simon_round_keys,
    toy,
    toy_table,
)

# Test vectors of appendix B of Beaulieu, Shors, Smith, Treatman-Clark, Weeks, Wingers, "The Simon and Speck families of
# lightweight block ciphers", ePrint 2013/404, all ten; as repeated in independent implementations of that appendix.
VECTORS = [
    (32, "1918 1110 0908 0100", "6565 6877", "c69b e9bb"),
    (48, "121110 0a0908 020100", "612067 6e696c", "dae5ac 292cac"),
    (48, "1a1918 121110 0a0908 020100", "726963 20646e", "6e06a5 acf156"),
    (64, "13121110 0b0a0908 03020100", "6f722067 6e696c63", "5ca2e27f 111a8fc8"),
    (64, "1b1a1918 13121110 0b0a0908 03020100", "656b696c 20646e75", "44c8fc20 b9dfa07a"),
    (96, "0d0c0b0a0908 050403020100", "2072616c6c69 702065687420", "602807a462b4 69063d8ff082"),
    (96, "151413121110 0d0c0b0a0908 050403020100", "746168742074 73756420666f", "ecad1c6c451e 3f59c5db1ae9"),
    (128, "0f0e0d0c0b0a0908 0706050403020100", "6373656420737265 6c6c657661727420",
     "49681b1e1e54fe3f 65aa832af84e0bbc"),
    (128, "1716151413121110 0f0e0d0c0b0a0908 0706050403020100", "206572656874206e 6568772065626972",
     "c4ac61effcdc0d4f 6c9c8d6e2597b85b"),
    (128, "1f1e1d1c1b1a1918 1716151413121110 0f0e0d0c0b0a0908 0706050403020100", "74206e69206d6f6f 6d69732061207369",
     "8d2b5579afc8a3a0 3bf72a87efe7b868"),
]  # fmt: skip
KEY = (0x1918, 0x1110, 0x0908, 0x0100)


def words(text):
    return tuple(int(word, 16) for word in text.split())


def test_there_is_a_vector_for_every_variant():
    assert {(block, len(words(key)) * block // 2) for block, key, *_ in VECTORS} == set(SIMON_ROUNDS)


@pytest.mark.parametrize(("block", "key", "plain", "cipher"), VECTORS, ids=lambda v: str(v)[:19])
def test_simon_meets_its_designers_test_vectors(block, key, plain, cipher):
    encrypt, decrypt = simon(words(key), block)
    assert encrypt(*words(plain)) == words(cipher) and decrypt(*words(cipher)) == words(plain)
    many = [np.full(3, word, dtype=np.uint64) for word in words(plain)]
    assert [half.tolist() for half in encrypt(*many)] == [[word] * 3 for word in words(cipher)]
    assert len(simon_round_keys(words(key), block)) == SIMON_ROUNDS[block, len(words(key)) * block // 2][0]


def test_simons_round_keys_start_with_the_key_itself_last_word_first():
    assert simon_round_keys(KEY, 32)[:4] == [0x0100, 0x0908, 0x1110, 0x1918]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 0xFFFFFF), min_size=4, max_size=4), st.integers(0, 36), st.integers(0, 2**48 - 1))
def test_any_number_of_simons_rounds_is_undone(key, rounds, block):
    x, y = block >> 24, block & 0xFFFFFF
    encrypt, decrypt = simon(key, 48, rounds)
    assert decrypt(*encrypt(x, y)) == (x, y) and all(0 <= half < 1 << 24 for half in encrypt(x, y))


def test_simons_rounds_are_steps_of_the_generic_network():
    functions = simon_functions(KEY, 32)
    assert ciphers.encrypt(0x6565, 0x6877, functions, operator.xor) == (0xC69B, 0xE9BB)
    assert len(simon_functions(KEY, 32, 5)) == 5 and simon_functions(KEY, 32, 0) == []


def test_simons_round_function_is_not_invertible_and_its_cipher_is():
    halves = np.arange(1 << 16, dtype=np.uint64)
    assert len(np.unique(simon_function(halves, 16))) < 1 << 16


def test_simons_round_function_has_the_differentials_of_the_published_theorem():
    """Kölbl, Leander and Tiessen, "Observations on the Simon block cipher family", CRYPTO 2015, theorem 3.

    A difference a reaches 2**weight outputs, all alike likely, where the weight is that of varibits XOR doublebits as
    defined below. Counted here over all words.
    """
    words16 = np.arange(1 << 16, dtype=np.uint64)
    rng = np.random.default_rng(1)
    for a in [1, 3, 0x81, 0x101, *rng.integers(1, 0xFFFF, 12)]:
        a = int(a)
        s8, s1 = rotated(a, 8, 16), rotated(a, 1, 16)
        varibits, doublebits = s8 | s1, s1 & (0xFFFF ^ s8) & rotated(a, 15, 16)  # rotations 8, 1 and 2*8 - 1
        weight = (varibits ^ doublebits).bit_count()
        reached, counts = np.unique(simon_function(words16, 16) ^ simon_function(words16 ^ a, 16), return_counts=True)
        assert set(counts.tolist()) == {1 << (16 - weight)} and len(reached) == 1 << weight
        linear = rotated(a, 2, 16)
        assert all((int(b) ^ linear) & (0xFFFF ^ varibits) == 0 for b in reached)


@pytest.mark.parametrize(("word", "places", "width", "turned"), [
    (0b1001, 1, 4, 0b0011), (0b1001, -1, 4, 0b1100), (0b1001, 0, 4, 0b1001), (0b1001, 6, 4, 0b0110),
    (0x80000001, 8, 32, 0x180),
])  # fmt: skip
def test_rotation_by_hand(word, places, width, turned):
    assert rotated(word, places, width) == turned


@pytest.mark.parametrize(("key", "block", "message"), [
    (KEY, 33, "Simon33/64: expected one of 32/64, 48/72"),
    (KEY[:2], 32, "Simon32/32: expected one of"),
    ((1, 2, 3, 0x10000), 32, "expected words of 16 bits"),
    ((-1, 2, 3, 4), 32, "expected words of 16 bits"),
])  # fmt: skip
def test_a_key_that_does_not_fit_is_named(key, block, message):
    with pytest.raises(ValueError, match=message):
        simon(key, block)


@pytest.mark.parametrize("rounds", [-1, 33])
def test_there_are_at_most_all_rounds(rounds):
    with pytest.raises(ValueError, match=f"rounds = {rounds}: expected 0 to 32"):
        simon(KEY, 32, rounds)
    assert simon((1, 2, 3, 0xFFFF), 32, 32)[0](1, 2) == simon((1, 2, 3, 0xFFFF), 32)[0](1, 2)


# The toy


def test_the_toys_round_function_by_hand():
    table = toy_table(2)
    # 0x31: boxes give S(3) = 0xB above, S(1) = 0x5 below, 1011 0101. The wire from place p leads to 2p mod 7, 7 to 7:
    # places 0, 2, 4, 5, 7 are set and lead to 0, 4, 1, 3, 7.
    assert int(table[0x31]) == 0b10011011
    assert toy_table(1).tolist() == list(PRESENT_SBOX)
    # three boxes, p to 3p mod 11: 0x00F gives S = C C 2, places 1, 6, 7, 10, 11, which lead to 3, 7, 10, 8, 11
    assert int(toy_table(3)[0x00F]) == sum(1 << p for p in (3, 7, 10, 8, 11))


def test_a_round_of_the_toy_by_hand():
    encrypt, decrypt = toy([0x5A], toy_table(2))
    # 0x6B with the key is 0x31, which the function turns into 0x9B, as above; 0x6B - 0x5A would be 0x11
    assert encrypt(np.uint64(0x6B), np.uint64(0x0F)) == (0x9B ^ 0x0F, 0x6B)
    assert decrypt(np.uint64(0x9B ^ 0x0F), np.uint64(0x6B)) == (0x6B, 0x0F)


@pytest.mark.parametrize("boxes", [1, 2, 3, 4])
def test_the_wires_lose_no_bit(boxes):
    table = toy_table(boxes)
    assert table.dtype == np.uint64 and sorted(table.tolist()) == list(range(16**boxes))


@pytest.mark.parametrize("rounds", [0, 1, 4])
def test_the_toy_permutes_its_blocks_even_with_an_s_box_that_is_no_permutation(rounds):
    lossy = toy_table(2, [0, 0, 1, 1, 2, 2, 3, 3, 15, 15, 4, 4, 9, 9, 9, 9])
    keys = np.random.default_rng(rounds).integers(0, 256, rounds, dtype=np.uint64)
    encrypt, decrypt = toy(keys, lossy)
    x, y = all_blocks(8)
    cx, cy = encrypt(x, y)
    assert len(np.unique(cx * 256 + cy)) == 1 << 16
    assert all(np.array_equal(a, b) for a, b in zip(decrypt(cx, cy), (x, y), strict=True))


def test_many_keys_are_tried_at_once():
    table, keys = toy_table(2), np.arange(3, dtype=np.uint64)[:, None]
    x, y = np.array([[17, 200]], dtype=np.uint64), np.array([[5, 6]], dtype=np.uint64)
    together = toy([keys, keys + 1], table)[0](x, y)
    for k in range(3):
        alone = toy([k, k + 1], table)[0](x[0], y[0])
        assert all(np.array_equal(a[k], b) for a, b in zip(together, alone, strict=True))


def test_all_blocks_are_there_once():
    x, y = all_blocks(2)
    assert sorted(zip(x.tolist(), y.tolist(), strict=True)) == [(a, b) for a in range(4) for b in range(4)]
    assert len(all_blocks(1)[0]) == 4 and len(all_blocks(10)[0]) == 1 << 20


@pytest.mark.parametrize(("call", "message"), [
    (lambda: toy_table(0), "boxes = 0: expected 1 to 4"),
    (lambda: toy_table(5), "boxes = 5: expected 1 to 4"),
    (lambda: toy_table(2, range(15)), "expected 16 values from 0 to 15"),
    (lambda: toy_table(2, range(1, 17)), "expected 16 values from 0 to 15"),
    (lambda: toy_table(2, range(-1, 15)), "expected 16 values from 0 to 15"),
    (lambda: all_blocks(0), "half_bits = 0: expected 1 to 10"),
    (lambda: all_blocks(11), "half_bits = 11: expected 1 to 10"),
])  # fmt: skip
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
