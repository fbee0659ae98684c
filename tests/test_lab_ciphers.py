"""The lab ciphers: its functions mean what the physics says, and its vectors are the designers'."""

import contextlib
import io
import re

import matplotlib
import numpy as np
import pytest

from roofline.block_cipher import simon, toy, toy_table
from roofline.differentials import best_characteristic, ddt, key_counts, plan
from roofline.mixing import flips
from tests.labs import Lab
from tests.test_block_cipher import VECTORS, words

LAB = Lab("ciphers")


def test_the_cipher_is_the_one_that_meets_the_test_vectors():
    rng = np.random.default_rng(1)
    for block in (32, 48, 64):
        key = [int(word) for word in rng.integers(0, 1 << block // 2, 4)]
        text = tuple(int(word) for word in rng.integers(0, 1 << block // 2, 2))
        sealed = simon(key, block, 4)[0](*text)
        round_keys = key[::-1]  # the first four round keys are the key itself, last word first
        assert tuple(LAB.solved["simon_decrypt"](*sealed, round_keys, block // 2)) == text
        state = list(text)
        for round_key in round_keys:
            state = LAB.solved["simon_round"](*state, round_key, block // 2)
        assert tuple(state) == sealed


def test_tables_and_paths_are_those_of_the_physics():
    rng = np.random.default_rng(2)
    for _ in range(5):
        box = [int(value) for value in rng.permutation(16)]
        assert LAB.solved["difference_table"](box) == ddt(box).tolist()
        for rounds in (2, 5):
            expected = best_characteristic(np.array(box, dtype=np.uint64), rounds).probability
            assert LAB.solved["best_probability"](box, rounds) == pytest.approx(expected)


def test_the_avalanche_of_all_inputs_is_what_samples_tend_to():
    outputs = [int(value) for value in np.random.default_rng(3).permutation(32)]
    places = 1 << np.arange(5)
    sampled = flips(lambda bits: (np.array(outputs)[bits @ places][:, None] & places) > 0, 5, 20_000)
    assert np.allclose(LAB.solved["avalanche_matrix"](outputs, 5, 5), sampled, atol=0.02)


def test_fresh_keys_are_found_as_the_books_attack_finds_them():
    table, attack, rng = toy_table(), plan(4), np.random.default_rng(4)
    for seed in range(5):
        keys = rng.integers(0, 256, 4, dtype=np.uint64)
        encrypt, seen = toy(keys, table)[0], []

        def tapped(x, y, encrypt=encrypt, seen=seen):
            seen.append(encrypt(x, y))
            return seen[-1]

        votes = key_counts(tapped, table, attack, 128, seed)
        pairs = np.stack([*seen[0], *seen[1]], axis=1).tolist()
        assert LAB.solved["recover_key"](pairs, table.tolist(), attack.target) == votes.argmax() == keys[-1]


# The notebook


def test_the_labs_test_vectors_are_the_designers():
    names: dict = {}
    exec(LAB.cell("VECTORS").source.split("def meets")[0], names)
    parsed = [(int(block), [words(part) for part in rest.split("|")])
              for block, _, rest in (line.partition(" ") for line in names["VECTORS"])]
    assert parsed == [(block, [words(part) for part in parts]) for block, *parts in VECTORS]


@pytest.mark.site
def test_what_the_text_says_of_the_search_and_of_the_rounds_is_so():
    found = LAB.printed("def most_frequent")
    assert re.search(r"one in 32; by the search over paths one in 32", found) and "00 05" in found.splitlines()[0]
    four, seven = LAB.printed("for rounds in (4, 7)").splitlines()
    assert "3.125% to 3.125%" in four and "0.000% to" in seven
    rows = [line.split() for line in LAB.printed("budgets, TRIALS").splitlines()[1:-1]]
    assert "looked for" in LAB.printed("budgets, TRIALS").splitlines()[0]
    assert [float(row[1]) for row in rows] == [round(plan(int(row[0])).probability, 4) for row in rows]
    needed = {int(row[0]): float(row[2].replace(",", "")) for row in rows}
    assert needed[8] < 32_768 < needed[9]  # the pairs asked for pass all there are at nine rounds
    assert rows[1][-1] == "100%" and rows[-1][-1] == "0%"


def test_the_attacks_difference_is_more_frequent_than_the_best_path_as_it_covers_two_rounds_fewer_and_one_half():
    """Its column is not called after the path: over four rounds that is one in 32."""
    table = toy_table()
    for rounds in range(3, 10):
        looked_for, path = plan(rounds).probability, best_characteristic(table, rounds)
        shorter = best_characteristic(table, rounds - 2)
        assert plan(rounds).start == shorter.differences[0] and looked_for >= shorter.probability > path.probability
    assert plan(4).probability == 1 / 4 and best_characteristic(table, 4).probability == 1 / 32
    assert "best path" not in LAB.cell("budgets, TRIALS").source and "*looked for*" in LAB.page.read_text("utf8")


def test_the_vectors_come_out_for_the_solutions_and_not_for_a_wrong_round():
    from roofline.block_cipher import simon_round_keys

    def told(**functions):
        out, names = io.StringIO(), {"simon_round_keys": simon_round_keys, **functions}
        with contextlib.redirect_stdout(out):
            exec(LAB.cell("VECTORS").source, names)
        return out.getvalue()

    assert told(**LAB.solved).startswith("10 of 10 test vectors come out")
    assert told(**{**LAB.solved, "simon_round": lambda x, y, key, bits: [y ^ key, x]}).startswith("0 of 10")


def test_every_setting_of_the_panel_can_be_drawn(capsys):
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__"}
    exec(re.sub(r"^%.*$", "", LAB.code[0].source, flags=re.MULTILINE), names)
    names["table"] = toy_table()
    exec(LAB.cell("def show_votes").source, names)
    for rounds, pairs in ((3, 8), (10, 64)):
        names["show_votes"](rounds, pairs, seed=0)
    assert "10 rounds, 64 pairs" in capsys.readouterr().out
