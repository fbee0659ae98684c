"""The rubric of the lab on ciphers: right answers in any spelling are right, and each mistake costs what it says."""

import itertools

import numpy as np

from roofline.block_cipher import simon
from roofline.teaching.grading.answers import Answer
from roofline.teaching.grading.marking import mark
from roofline.teaching.grading.marks import Report
from roofline.teaching.grading.report import as_text
from roofline.teaching.grading.rubric import Rubric
from roofline.teaching.rubrics.ciphers import unmasked_round

from .rubric_tests import SEEDS, Asked, RubricTests

ASKED = Asked("ciphers")
SOLVED, QUESTIONS, RUBRIC, every = ASKED.solved, ASKED.questions, ASKED.rubric, ASKED.every


# The same functions in other spellings. All are right.


def round_of_digits(x, y, key, bits):
    """On texts of 0 and 1."""
    word = f"{x:0{bits}b}"
    turned = [int(word[n:] + word[:n], 2) for n in (1, 8, 2)]
    return np.array([y ^ (turned[0] & turned[1]) ^ turned[2] ^ key, x], dtype=object).tolist()


def decrypt_by_encrypting(x, y, round_keys, bits):
    """A Feistel network is undone by running it with keys in reverse on swapped halves."""
    for key in round_keys[::-1]:
        y, x = round_of_digits(y, x, key, bits)
    return (x, y)


def matrix_of_bits(outputs, in_bits, out_bits):
    digits = np.array([[value >> j & 1 for j in range(out_bits)] for value in outputs])
    swap = [[place ^ 2**i for place in range(len(outputs))] for i in range(in_bits)]
    return np.array([(digits != digits[order]).mean(axis=0) for order in swap])


def table_of_pairs(box):
    table = np.zeros((len(box), len(box)), dtype=int)
    for one, other in itertools.product(range(len(box)), repeat=2):
        table[one ^ other, box[one] ^ box[other]] += 1
    return table


def best_backwards(box, rounds):
    """From the last round to the first, over all ways on."""
    odds = table_of_pairs(box) / 16
    best = np.ones((16, 16))
    for _ in range(rounds):
        best = np.array([[max(odds[dx, b] * best[dy ^ b, dx] for b in range(16)) for dy in range(16)]
                         for dx in range(16)])
    return best.ravel()[1:].max()


def key_in_plain_python(pairs, table, target):
    def votes(key):
        return sum(a ^ c ^ table[b ^ key] ^ table[d ^ key] == target for a, b, c, d in pairs)

    return max(range(len(table)), key=votes)


SPELLINGS = {"simon_round": [round_of_digits], "simon_decrypt": [decrypt_by_encrypting],
             "avalanche_matrix": [matrix_of_bits], "difference_table": [table_of_pairs],
             "best_probability": [best_backwards], "recover_key": [key_in_plain_python]}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS
    slow = {"best_probability": 3, "recover_key": 3}  # noqa: RUF012


def test_inputs_are_plain():
    for question in RUBRIC:
        for x, _ in every(question.name, 3):
            values = [x[name] for name in question.parameters]
            assert all(type(value) in (int, list) for value in values)
            flat = itertools.chain(*(v if v and type(v[0]) is list else [v] for v in values if type(v) is list))
            assert all(type(item) is int for row in flat for item in row)


def test_a_round_begins_simon_and_decrypting_ends_it():
    """Against the cipher that meets its designers' test vectors."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        key, text = ([int(v) for v in rng.integers(0, 1 << 16, size)] for size in (4, 2))
        first = QUESTIONS["simon_round"].reference(*text, key[-1], 16)  # the last word is the first round key
        assert tuple(first) == simon(key, 32, 1)[0](*text)
    for x, expected in every("simon_decrypt", 2):
        state = list(expected)
        for key in x.round_keys:
            state = SOLVED["simon_round"](*state, key, x.bits)
        assert state == [x.x, x.y]


def test_keys_are_fresh_and_it_is_the_true_key_that_is_asked_for():
    asked = every("recover_key")
    assert all(expected == x.secret for x, expected in asked)
    assert len({expected for _, expected in asked}) > 100


def test_every_word_that_is_given_or_asked_for_fits_into_a_half():
    for name in ("simon_round", "simon_decrypt"):
        for x, expected in every(name):
            words = [x.x, x.y, *(x.round_keys if "rounds" in x else [x.key]), *expected]
            assert all(0 <= word < 1 << x.bits for word in words), (name, x)


def test_a_round_that_cuts_its_whole_result_to_the_half_gets_all_points():
    question = QUESTIONS["simon_round"]

    def cut(x):
        return [half & (1 << x.bits) - 1 for half in unmasked_round(x.x, x.y, x.key, x.bits)]

    assert not [seed for seed in SEEDS if ASKED.lost(question, seed, cut)]


def wrong_halves(pairs, table, target):
    """An attack that looks at the other halves."""
    def votes(key):
        return sum(b ^ d ^ table[a ^ key] ^ table[c ^ key] == target for a, b, c, d in pairs)

    return max(range(len(table)), key=votes)


def test_a_failing_attack_is_told_with_a_call_that_can_be_pasted():
    got, = mark(Rubric("ciphers", "", [QUESTIONS["recover_key"]]), lambda _, x: Answer(wrong_halves(**x)), "s")
    small, *others = got.cases
    assert small.points == 0 and small.mistake and len(small.first_wrong.inputs) < 600
    asked = eval(f"dict({small.first_wrong.inputs})")
    assert repr(SOLVED["recover_key"](**asked)) == small.first_wrong.expected
    assert small.first_wrong.said == f"returned {wrong_halves(**asked)}"
    told = as_text(Report("x", "ciphers", "", "", "", "none", False, (got,)))
    assert len(told.splitlines()) < 40
    for case in others:
        assert f"# {len(case.first_wrong.inputs):,} characters in all" in told
