"""Tables of differences of published S-boxes, paths against counting all blocks, and an attack that works."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roofline import ciphers as c
from roofline import disclosures
from roofline.block_cipher import PRESENT_SBOX, toy, toy_table
from roofline.differentials import (
    Attack,
    attack_success,
    best_characteristic,
    counted_differential,
    ddt,
    differential,
    key_counts,
    pairs_for_attack,
    plan,
    toy_characteristic,
    uniformity,
)

TABLE = toy_table(2)
HEYS = (14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7)  # Heys's tutorial (Cryptologia 26, 2002), table 1

# Rows of the S-boxes S1, S2, S3 of DES, FIPS PUB 46-3 (1999), appendix 1
DES = [
    [(14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7), (0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8),
     (4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0), (15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13)],
    [(15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10), (3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5),
     (0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15), (13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9)],
    [(10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8), (13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1),
     (13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7), (1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12)],
]  # fmt: skip


def des_box(rows):
    """Outer two bits choose the row, inner four the column."""
    return [rows[2 * (x >> 5) + (x & 1)][(x >> 1) & 15] for x in range(64)]


def aes_box():
    """Inverse in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1, then the affine map: FIPS PUB 197, section 5.1.1."""

    def times(a, b):
        product = 0
        while b:
            product ^= a * (b & 1)
            a, b = (a << 1) ^ (0x11B if a & 0x80 else 0), b >> 1
        return product

    inverse = [0] + [next(b for b in range(1, 256) if times(a, b) == 1) for a in range(1, 256)]
    turned = [[v << i | v >> 8 - i for i in range(5)] for v in inverse]
    return [(t[0] ^ t[1] ^ t[2] ^ t[3] ^ t[4]) & 255 ^ 0x63 for t in turned]


# Tables of differences


@settings(max_examples=25)
@given(st.lists(st.integers(0, 15), min_size=16, max_size=16))
def test_rows_add_up_entries_are_even_and_no_difference_stays_none(box):
    table = ddt(box)
    assert (table.sum(axis=1) == 16).all() and (table % 2 == 0).all() and (table >= 0).all()
    assert table[0, 0] == 16 and (table[0, 1:] == 0).all()
    for a, b in ((1, 0), (7, 3)):
        if b < table.shape[1]:
            assert table[a, b] == sum(box[x] ^ box[x ^ a] == b for x in range(16))


@settings(max_examples=10)
@given(st.permutations(range(16)))
def test_a_permutations_columns_add_up_too_and_its_inverse_has_the_transposed_table(box):
    table, inverse = ddt(box), [box.index(value) for value in range(16)]
    assert (table.sum(axis=0) == 16).all() and np.array_equal(ddt(inverse), table.T)
    assert 4 <= uniformity(box) <= 16  # no permutation of 4 bits has 2: Leander and Poschmann, WAIFI 2007


def test_a_linear_box_passes_every_difference_for_certain():
    assert uniformity([x ^ (x << 1) & 15 for x in range(16)]) == 16


def test_presents_box_has_uniformity_4_and_turns_no_single_bit_into_a_single_bit():
    """Bogdanov et al., CHES 2007, section 4: both are design criteria of the S-box."""
    table = ddt(PRESENT_SBOX)
    assert uniformity(PRESENT_SBOX) == table[1:].max() == 4
    assert all(table[1 << a, 1 << b] == 0 for a in range(4) for b in range(4))


def test_aes_box_has_uniformity_4_reached_once_a_row_and_126_entries_of_2():
    """Daemen and Rijmen, The Design of Rijndael (2002), on the inverse in GF(2^8), after Nyberg (EUROCRYPT 1993)."""
    box = aes_box()
    assert box[:4] == [0x63, 0x7C, 0x77, 0x7B] and box[0x53] == 0xED  # FIPS PUB 197, figure 7
    table = ddt(box)[1:]
    assert uniformity(box) == 4 and ((table == 4).sum(axis=1) == 1).all() and ((table == 2).sum(axis=1) == 126).all()


def test_heys_tutorial_has_its_path_of_27_in_1024():
    """Heys, "A tutorial on linear and differential cryptanalysis", section 4.3: B to 2, 4 to 6, and 2 to 5 twice."""
    table = ddt(HEYS)
    assert (table[0xB, 0x2], table[0x4, 0x6], table[0x2, 0x5]) == (8, 6, 6) and uniformity(HEYS) == 8
    assert table[0xB, 0x2] * table[0x4, 0x6] * table[0x2, 0x5] ** 2 / 16**4 == 27 / 1024


def test_des_has_the_iterative_characteristic_of_one_in_234():
    """Biham and Shamir, Differential Cryptanalysis of the Data Encryption Standard (1993): 19600000 to 0, S1 to S3."""
    tables = [ddt(des_box(rows)) for rows in DES]
    odds = [int(table[a, 0]) for table, a in zip(tables, (0x03, 0x32, 0x2C), strict=True)]
    assert odds == [14, 8, 10] and round(64**3 / math.prod(odds)) == 234
    record = disclosures["des_differential"]
    assert record["inputs_to_no_difference"] == tuple(odds) and record["inputs_of_a_box"] == len(tables[0])
    # every second round of the thirteen is free, the first and the last among them: six cost two to the 7.87 each
    assert record["active_rounds_of_the_path"] == record["rounds_of_the_path"] // 2
    needed = (64**3 / math.prod(odds)) ** record["active_rounds_of_the_path"]
    assert math.log2(needed) == pytest.approx(record["log2_chosen_texts"], abs=1)
    assert (
        tables[0].shape == (64, 16) and tables[0][0x34, 0x2] == tables[0].max(axis=1)[0x34] == 16
    )  # their figure of S1


def test_a_table_of_the_wrong_length_is_named():
    for length in (1, 12):
        with pytest.raises(ValueError, match=f"table has {length} entries: expected a power of two"):
            ddt(list(range(length)))
    assert ddt([1, 0]).tolist() == [[2, 0], [0, 2]] and ddt([0, 0]).tolist() == [[2], [2]]


# Paths through rounds


def test_one_round_passes_the_lower_half_free():
    path = best_characteristic(TABLE, 1)
    assert path.probability == 1 and path.differences[0][0] == 0 and path.differences[1] == path.differences[0][::-1]
    assert best_characteristic(TABLE, 0).probability == 1


def path_probability(table, differences):
    """By the definition: an XOR of the halves before and after each round must come out of the round function."""
    odds = ddt(table) / len(table)
    product = 1.0
    for (x, y), (to_x, to_y) in itertools.pairwise(differences):
        assert to_y == x
        product *= odds[x, y ^ to_x]
    return product


@pytest.mark.parametrize("rounds", range(1, 7))
def test_the_best_path_is_a_path_of_its_probability_and_reads_the_same_backwards(rounds):
    path = best_characteristic(TABLE, rounds)
    assert len(path.differences) == rounds + 1 and path.differences[0] != (0, 0)
    assert path_probability(TABLE, path.differences) == path.probability == toy_characteristic(rounds)
    backwards = [(y, x) for x, y in reversed(path.differences)]  # a Feistel network's inverse is one
    assert path_probability(TABLE, backwards) == path.probability
    active = sum((x & 15 > 0) + (x > 15) for x, _ in path.differences[:-1])
    assert path.probability <= c.p_characteristic(ddt_max=4, sbox_inputs=16, boxes_active=active)


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_no_path_is_better_than_the_best_by_trying_all_of_a_smaller_toy(rounds):
    table = toy_table(1)
    odds, halves = ddt(table) / 16, range(16)

    def best(x, y, left):
        return 1.0 if left == 0 else max(odds[x, b] * best(y ^ b, x, left - 1) for b in halves if odds[x, b])

    every = {start: best(*start, rounds) for start in itertools.product(halves, halves) if start != (0, 0)}
    assert best_characteristic(table, rounds).probability == max(every.values())
    assert best_characteristic(table, rounds, (3, 9)).probability == every[3, 9]


def test_two_active_rounds_cost_the_boxes_best_odds_each():
    """By hand: (a, b) to (0, a) by an entry of 4 in 16, then to (a, 0) free; so three rounds hold two active boxes."""
    assert [toy_characteristic(r) for r in (1, 2, 3)] == [1, 1 / 4, 1 / 16]
    assert [toy_characteristic(r, boxes=1) for r in (1, 2, 3)] == [1, 1 / 4, 1 / 16]


@pytest.mark.parametrize("start", [(0, 1), (1, 5), (9, 12)])
def test_all_paths_together_are_the_count_of_all_blocks_under_all_keys(start):
    """Lai, Massey and Murphy, EUROCRYPT 1991: with independent round keys the rounds make a Markov chain."""
    table = toy_table(1)
    counted = np.mean(
        [counted_differential(table, keys, start) for keys in itertools.product(range(16), repeat=2)], axis=0
    )
    assert np.array_equal(differential(table, 2, start), counted)
    assert differential(table, 3, start).sum() == pytest.approx(1, abs=1e-12)
    three = [counted_differential(table, keys, start) for keys in itertools.product(range(16), range(16), [0, 7])]
    assert np.allclose(
        differential(table, 3, start), np.mean(three, axis=0), atol=1e-12
    )  # the last key changes nothing


def test_single_keys_depart_from_the_average_of_all_and_their_mean_does_not():
    rounds, rng = 7, np.random.default_rng(0)
    path = best_characteristic(TABLE, rounds).differences
    expected = differential(TABLE, rounds, path[0])[path[-1]]
    keys = rng.integers(0, 256, (80, rounds), dtype=np.uint64)
    counts = [counted_differential(TABLE, key, path[0]) for key in keys]
    shares = [count[path[-1]] for count in counts]
    assert all(count.sum() == pytest.approx(1) for count in counts)
    assert np.mean(shares) == pytest.approx(expected, rel=0.2) and len(set(shares)) > 5


def test_a_path_is_part_of_its_differential():
    for rounds in (2, 4, 6):
        path = best_characteristic(TABLE, rounds)
        assert differential(TABLE, rounds, path.differences[0])[path.differences[-1]] >= path.probability


def test_what_cannot_be_enumerated_is_named():
    with pytest.raises(ValueError, match="table has 4096 entries: expected at most 1024"):
        best_characteristic(toy_table(3), 2)
    with pytest.raises(ValueError, match="table has 2048 entries"):
        differential(np.arange(2048), 0, (0, 1))
    with pytest.raises(ValueError, match="rounds = -1: expected zero or more"):
        differential(TABLE, -1, (0, 1))
    assert differential(np.arange(1024), 0, (5, 6))[5, 6] == 1


# The attack


def test_four_rounds_fall_to_a_few_hundred_pairs_and_eight_do_not():
    assert attack_success(4, 256, trials=60) >= 0.95
    assert attack_success(5, 1024, trials=30) >= 0.9
    assert attack_success(8, 256, trials=60) <= 0.1


def test_the_data_that_the_formula_asks_for_is_enough_and_a_tenth_of_it_is_not():
    for rounds in (4, 5, 6):
        attack = plan(rounds)
        signal = attack.probability - 1 / 256
        assert pairs_for_attack(rounds) == pytest.approx(5**2 * attack.probability / signal**2)
        pairs = round(pairs_for_attack(rounds))
        assert attack_success(rounds, 2 * pairs, trials=40) >= 0.85
        assert attack_success(rounds, pairs // 10, trials=40) <= 0.5


def test_more_rounds_take_more_data():
    odds = [plan(rounds).probability for rounds in range(3, 9)]
    assert odds[0] == 1 and odds[1] == 1 / 4 and all(a > b for a, b in itertools.pairwise(odds))
    assert all(plan(rounds).probability >= toy_characteristic(rounds - 2) for rounds in range(3, 8))


def test_the_plans_probability_is_what_counting_blocks_finds():
    attack, rng = plan(5), np.random.default_rng(4)
    keys = rng.integers(0, 256, (40, 3), dtype=np.uint64)
    shares = [counted_differential(TABLE, key, attack.start).sum(axis=1)[attack.target] for key in keys]
    assert np.mean(shares) == pytest.approx(attack.probability, rel=0.1)


def test_the_right_key_is_suggested_as_often_as_planned_and_wrong_ones_at_chance():
    keys, attack, pairs = [3, 77, 140, 0xB2], plan(4), 4000
    counts = key_counts(toy(keys, TABLE)[0], TABLE, attack, pairs)
    assert counts.shape == (256,) and counts.argmax() == 0xB2
    assert counts[0xB2] / pairs == pytest.approx(attack.probability, abs=0.05)
    assert np.median(np.delete(counts, 0xB2)) / pairs < 0.03


def test_counting_by_hand_for_one_pair():
    keys, attack = [1, 2, 3], Attack((0, 1), 1, 1.0)
    counts = key_counts(toy(keys, TABLE)[0], TABLE, attack, 1, seed=9)
    x, y = (int(v) for v in np.random.default_rng(9).integers(0, 256, (2, 1), dtype=np.uint64).ravel())
    encrypt = toy(keys, [int(v) for v in TABLE])[0]
    (a, b), (d, e) = encrypt(x, y), encrypt(x, y ^ 1)
    by_hand = [int((a ^ int(TABLE[b ^ k])) ^ (d ^ int(TABLE[e ^ k])) == 1) for k in range(256)]
    assert counts.tolist() == by_hand and by_hand[3] == 1


def test_on_a_random_permutation_no_key_stands_out():
    rng = np.random.default_rng(6)
    shuffled = rng.permutation(1 << 16).astype(np.uint64)

    def ideal(x, y):
        out = shuffled[((x << 8) | y).astype(np.int64)]
        return out >> 8, out & 255

    counts = key_counts(ideal, TABLE, plan(4), 4000)
    assert counts.max() / 4000 < 0.02 < plan(4).probability


def test_an_attack_needs_three_rounds_a_pair_and_a_trial():
    with pytest.raises(ValueError, match="rounds = 2: expected three or more"):
        plan(2)
    with pytest.raises(ValueError, match="pairs = 0: expected one or more"):
        attack_success(4, 0, trials=1)
    with pytest.raises(ValueError, match="trials = 0: expected one or more"):
        attack_success(4, 8, trials=0)
    assert attack_success(3, 200, trials=1) == 1
