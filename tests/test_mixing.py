"""The instruments read what they should on maps whose mixing is known, and on Simon and the toy round by round."""

import hashlib
import itertools
import math

import numpy as np
import pytest

from roofline import ciphers as c
from roofline import mixing as m
from roofline.block_cipher import simon, simon_function, toy_table

# The instruments, on maps that need no instrument


def test_a_map_that_moves_bits_flips_one_bit_each_and_a_parity_flips_all():
    moved = m.flips(lambda bits: np.roll(bits, 1, axis=1), 6, 50)
    assert np.array_equal(moved, np.roll(np.eye(6), 1, axis=1))
    assert m.avalanche(moved) == pytest.approx(1 / 6) and m.deviation(moved) == 0.5
    assert m.dependent_share(moved) == pytest.approx(1 / 6)
    parity = m.flips(lambda bits: bits.sum(axis=1, keepdims=True) % 2 > 0, 5, 50)
    assert parity.shape == (5, 1) and (parity == 1).all() and m.avalanche(parity) == 1 and m.deviation(parity) == 0.5


def test_an_and_gate_flips_half_the_time():
    matrix = m.flips(lambda bits: bits[:, :1] & bits[:, 1:2], 3, 4000)
    assert matrix[:2, 0] == pytest.approx(0.5, abs=4 * c.flip_error(pairs_seen=4000)) and matrix[2, 0] == 0


def test_sha_256_flips_half_of_its_bits_within_the_standard_error():
    def digest(bits):
        rows = [hashlib.sha256(np.packbits(row).tobytes()).digest() for row in bits]
        return np.unpackbits(np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 32), axis=1).astype(bool)

    matrix = m.flips(digest, 40, 200)
    error = c.avalanche_error(pairs_seen=200 * 40, out_bits=256)
    assert abs(m.avalanche(matrix) - c.avalanche_ideal(out_bits=256)) < 4 * error
    bound = c.largest_deviation(pairs_seen=200, in_bits=40, out_bits=256)
    assert 0.8 * bound < m.deviation(matrix) < 1.4 * bound


def test_seeds_choose_the_samples():
    def shaky(bits):
        return bits[:, :1] & bits[:, 1:2]

    assert np.array_equal(m.flips(shaky, 2, 30), m.flips(shaky, 2, 30, seed=0))
    assert not np.array_equal(m.flips(shaky, 2, 30), m.flips(shaky, 2, 30, seed=1))


@pytest.mark.parametrize(("bits", "samples", "message"), [(0, 5, "in_bits = 0"), (5, 0, "samples = 0")])
def test_no_bits_and_no_samples_are_refused(bits, samples, message):
    with pytest.raises(ValueError, match=f"{message}: expected one or more"):
        m.flips(lambda b: b, bits, samples)


def test_a_ciphers_halves_are_rows_of_bits_lowest_first():
    encrypt, _ = simon((0x1918, 0x1110, 0x0908, 0x0100), 32)  # test vector of ePrint 2013/404
    bits = [[(word >> place) & 1 for word in (0x6565, 0x6877) for place in range(16)]]
    out = m.on_bits(encrypt, 16)(np.array(bits, dtype=bool))
    assert out.astype(int).tolist() == [[(word >> place) & 1 for word in (0xC69B, 0xE9BB) for place in range(16)]]


# Round by round


def test_simon_reaches_one_half_and_the_strict_criterion():
    matrices = [m.simon_flips(rounds, 500) for rounds in range(13)]
    means = [m.avalanche(matrix) for matrix in matrices]
    assert means[0] == pytest.approx(1 / 32) and all(a < b for a, b in itertools.pairwise(means[:10]))
    assert means[12] == pytest.approx(0.5, abs=4 * c.avalanche_error(pairs_seen=500 * 32, out_bits=32))
    bound = c.largest_deviation(pairs_seen=500, in_bits=32, out_bits=32)
    assert m.deviation(matrices[12]) < 1.4 * bound and m.deviation(matrices[6]) == 0.5
    assert m.simon_avalanche(3, 500) == means[3]


def test_after_one_round_of_simon_a_bit_has_moved_to_itself_two_odd_chances_and_a_sure_flip():
    matrix = m.simon_flips(1, 800)
    assert (matrix[:16, 16:] == np.eye(16)).all() and (matrix[16:, :16] == np.eye(16)).all()
    for place in range(16):
        row = matrix[place, :16]
        assert row[(place + 2) % 16] == 1 and np.count_nonzero(row) == 3
        assert row[[(place + 1) % 16, (place + 8) % 16]] == pytest.approx(0.5, abs=0.09)
    # a bit of the first half: 1 in its copy, 1 and two halves; of the second: 1
    assert m.avalanche(matrix) == pytest.approx((3 + 1) / 2 / 32, rel=0.02)


@pytest.mark.parametrize("block", [32, 48, 64, 128])
def test_every_simon_can_be_measured(block):
    matrix = m.simon_flips(20, 40, block)
    assert matrix.shape == (block, block) and m.avalanche(matrix) == pytest.approx(0.5, abs=0.02)


def test_the_toy_reaches_one_half_in_six_rounds():
    means = [m.toy_avalanche(rounds, 500) for rounds in range(7)]
    assert means[0] == 1 / 16 and means[1] < means[2] < means[3] < means[6]
    assert means[6] == pytest.approx(0.5, abs=0.01)
    assert m.deviation(m.toy_flips(6, 500)) < 1.6 * c.largest_deviation(pairs_seen=500, in_bits=16, out_bits=16)
    assert m.toy_flips(2, 50, boxes=3).shape == (24, 24)


# Dependence


@pytest.mark.parametrize(("width", "rounds"), [(16, 7), (24, 8), (32, 9), (48, 11), (64, 13)])
def test_simons_full_diffusion_takes_the_published_rounds(width, rounds):
    """Kölbl, Leander and Tiessen, "Observations on the Simon block cipher family", CRYPTO 2015, section 5.1.

    The figures are recalled from the paper, not looked up again; the next test finds them in another way.
    """
    depends = m.dependencies(lambda word: simon_function(word, width), width)
    assert (depends.sum(axis=1) == 3).all() and m.full_diffusion(depends) == rounds == m.simon_diffusion(2 * width)
    assert c.diffusion_rounds(half_bits=width, fan_in=3) <= rounds


@pytest.mark.parametrize("width", [16, 24, 32, 48, 64, 96, 128])
def test_simons_rounds_grow_with_the_block_since_no_bit_gets_further_than_eight_places_a_round(width):
    """By sets of places: a bit of the second half waits a round, then all sums of turns by 1, 2 and 8 are reached."""
    first, second, rounds = set(), {0}, 0
    while len(first) < width or len(second) < width:
        first, second = second | {(place + turn) % width for place in first for turn in (1, 2, 8)}, first
        rounds += 1
    depends = np.any([np.roll(np.eye(width, dtype=bool), turn, axis=0) for turn in (1, 2, 8)], axis=0)
    assert rounds == m.full_diffusion(depends) == 5 + width / 8
    assert (rounds - 2) * 8 >= width - 1  # what a bit would need to come round, at eight places a round


def test_simon_is_measured_in_halves_of_its_block_unless_told_of_the_smallest(monkeypatch):
    widths = []
    monkeypatch.setattr(m, "full_diffusion", lambda depends: widths.append(depends.shape))
    m.simon_diffusion(), m.simon_diffusion(48)
    assert widths == [(16, 16), (24, 24)]


def test_a_search_for_full_diffusion_ends_after_a_few_times_the_width(monkeypatch):
    rounds = []
    monkeypatch.setattr(m, "encrypt", lambda *given: rounds.append(1) or c.encrypt(*given))
    with pytest.raises(ValueError, match="stay apart"):
        m.full_diffusion(np.eye(4, dtype=bool))
    assert 2 * 4 <= len(rounds) <= 4 * 4 + 2  # a ring, the slowest that arrives, takes twice the width


def test_dependence_by_hand():
    depends = m.dependencies(lambda word: (word & (word >> 1)) & 7, 3)
    assert depends.astype(int).tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]  # the third is an AND with 0


@pytest.mark.parametrize("boxes", [1, 2, 3, 4])
def test_the_toys_diffusion_keeps_to_the_bound(boxes):
    table = toy_table(boxes)
    depends = m.dependencies(lambda word: table[word], 4 * boxes)
    rounds = m.full_diffusion(depends)
    assert (depends.sum(axis=1) == 4).all() and rounds == (3 if boxes == 1 else 4)
    assert c.diffusion_rounds(half_bits=4 * boxes, fan_in=4) <= rounds
    seen = (
        [m.dependent_share(m.toy_flips(r, 2000, min(boxes, 2))) for r in (rounds - 1, rounds)] if boxes < 3 else [0, 1]
    )
    assert seen[0] < 1 == seen[1]


def test_a_complete_round_function_diffuses_in_three_rounds_and_one_that_keeps_halves_apart_never():
    assert m.full_diffusion(np.ones((8, 8), dtype=bool)) == 3 == math.ceil(c.diffusion_rounds(half_bits=8, fan_in=8))
    assert m.full_diffusion(np.ones((1, 1), dtype=bool)) == 2
    chain = np.eye(9, dtype=bool) | np.eye(9, k=1, dtype=bool) | np.eye(9, k=-8, dtype=bool)
    assert m.full_diffusion(chain) == 10  # a bit meets its neighbour each round: 8 steps round, and the swaps
    ring = np.roll(np.eye(5, dtype=bool), 1, axis=1)  # one step a round: five offsets, two rounds apart, of either half
    assert m.full_diffusion(ring) == 2 * 5
    with pytest.raises(ValueError, match="some of 8 stay apart"):
        m.full_diffusion(np.eye(4, dtype=bool))


# Why invertible


def test_a_feistel_network_keeps_every_block_where_plain_functions_lose_them():
    """The images of random functions in turn are shares 1 - t with t' = exp(t - 1) (Flajolet and Odlyzko 1989)."""
    lost = 0.0
    for rounds in range(1, 5):
        lost = math.exp(lost - 1)
        assert m.blocks_left("plain", rounds) == pytest.approx(1 - lost, abs=0.01)
        assert m.blocks_left("feistel", rounds) == 1
    assert m.blocks_left("plain", 0) == 1 and m.blocks_left("plain", 1, half_bits=3) < 1
    assert m.blocks_left("plain", 2, seed=1) != m.blocks_left("plain", 2)


def test_a_measurement_takes_a_thousand_samples_unless_told():
    default, told = m.simon_flips(2), m.simon_flips(2, 1000)
    assert np.array_equal(default, told) and np.array_equal(m.toy_flips(2), m.toy_flips(2, 1000, 2))
    assert m.simon_avalanche(2) == m.avalanche(told) and m.toy_avalanche(2) == m.avalanche(m.toy_flips(2, 1000))
    shares = default[(default > 0) & (default < 1)]
    assert np.round(shares * 1000) == pytest.approx(shares * 1000)  # whole numbers of a thousand


def test_the_toy_is_measured_as_it_enciphers():
    """One round copies the first half into the second: x becomes y, so those flips are an identity."""
    matrix = m.toy_flips(1, 60)
    assert (matrix[:8, 8:] == np.eye(8)).all() and (matrix[8:, 8:] == 0).all() and (matrix[8:, :8] == np.eye(8)).all()


def test_simon_is_measured_with_a_key_that_is_not_zero():
    unkeyed = m.on_bits(simon((0, 0, 0, 0), 32, 5)[0], 16)
    assert not np.array_equal(m.simon_flips(5, 60), m.flips(unkeyed, 32, 60))


@pytest.mark.parametrize("block", [32, 48, 64, 128])
def test_the_words_of_the_key_are_as_wide_as_a_half_and_differ_from_seed_to_seed(block, monkeypatch):
    keys = []
    monkeypatch.setattr(m, "simon", lambda key, *given: keys.append(key) or simon(key, *given))
    for seed in range(8):
        m.simon_flips(1, 1, block, seed)
    words = [word for key in keys for word in key]
    width = min(block // 2, 62)  # numpy draws no wider ones
    assert {len(key) for key in keys} == {4}
    assert len(set(words)) == len(words) and np.bitwise_or.reduce(words) == (1 << width) - 1


def test_the_round_functions_of_the_feistel_network_are_random_on_every_half(monkeypatch):
    tables = []

    def seen(x, y, functions, add):
        tables.append(functions[0](np.arange(256)))
        return c.encrypt(x, y, functions, add)

    monkeypatch.setattr(m, "encrypt", seen)
    assert m.blocks_left("feistel", 2) == 1
    for table in tables:  # of 256 values a random function hits 1 - 1/e
        assert len(np.unique(table)) == pytest.approx(256 * (1 - 1 / math.e), rel=0.1) and table.max() < 256
    assert not np.array_equal(*tables)


def test_eight_bits_a_half_and_all_of_their_blocks_are_counted_unless_told():
    """Of 2**16 values a random function keeps 1 - 1/e; of 2**6, with their own seed, a multiple of 1/64."""
    assert m.blocks_left("plain", 1) == m.blocks_left("plain", 1, half_bits=8)
    assert (m.blocks_left("plain", 1) * 2**16) % 1 == 0 != (m.blocks_left("plain", 1) * 2**12) % 1
    assert (m.blocks_left("plain", 3, half_bits=3) * 64) % 1 == 0
    assert m.blocks_left("feistel", 5, half_bits=3, seed=2) == 1


def test_an_unknown_shape_is_named():
    with pytest.raises(ValueError, match="shape = 'ring': expected feistel or plain"):
        m.blocks_left("ring", 2)
