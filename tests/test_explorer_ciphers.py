"""The explorer of ciphers: its map is what the ciphers and networks do, in Python and in the page, by hand and key."""

import operator

import numpy as np
import pytest

from roofline import ciphers
from roofline.block_cipher import simon_functions
from roofline.random_network import forward, network
from roofline.teaching.explorer import bitmap
from roofline.teaching.explorer.bitmap import CODE, NEEDED, SURE, Spread, spreading
from roofline.teaching.explorers.ciphers import LONG_KEY, MACHINES, NETWORKS, ROUNDS, build, explorer, spreads
from tests.browser.explorers import drag, move, settled

TEXTS = "abc"


def states():
    """Every machine, round and flipped bit; texts take turns."""
    for code in range(len(MACHINES)):
        for place, (round_, bit) in enumerate((r, b) for r in range(ROUNDS + 1) for b in range(1, 33)):
            yield dict(zip(NEEDED, (float(code), float(place % 3), float(bit), float(round_)), strict=True))


# In Python


def test_a_map_of_a_shift_by_hand():
    spread = spreading(lambda bits: [np.roll(bits, r, axis=1) for r in (1, 2)], np.zeros((4, 3), dtype=bool), pairs=2)
    assert spread.pairs.shape == (2, 3, 3, 3)
    assert spread.pairs[0, 0].tolist() == [[True, False, False], [False, True, False], [False, False, True]]
    assert spread.levels[2, 1].tolist() == [SURE, 0, 0]
    packed = spread.packed()
    assert (packed["bits"], packed["rounds"]) == (3, 2) and packed["pairs"][:3] == "BCE"  # one of three bits each


def test_what_is_rare_is_not_written_as_never_nor_what_is_frequent_as_always():
    shares = np.array([[[0, 1e-4, 0.5, 1 - 1e-4, 1]]])
    levels = Spread(np.zeros((1, 1, 1, 5), dtype=bool), shares).levels
    assert levels.ravel().tolist() == [0, 1, SURE // 2, SURE - 1, SURE] and len(CODE) == SURE + 1


def test_the_map_of_simon_is_what_two_encryptions_differ_by():
    texts = np.random.default_rng(5).integers(0, 2, (512, 32)).astype(bool)  # as the explorer draws them
    halves = (texts[:3].reshape(3, 2, 16) @ (1 << np.arange(16))).tolist()
    for text, (x, y) in enumerate(halves):
        for bit, rounds in ((1, 3), (20, 5), (32, 12)):
            functions = simon_functions(LONG_KEY, 32, rounds)
            change = 1 << (bit - 1)
            before = ciphers.encrypt(x, y, functions, operator.xor)
            after = ciphers.encrypt(x ^ (change & 0xFFFF), y ^ (change >> 16), functions, operator.xor)
            differ = (before[0] ^ after[0]) | ((before[1] ^ after[1]) << 16)
            row = spreads()[0].pairs[text, bit - 1, rounds]
            assert [i for i in range(32) if differ >> i & 1] == np.flatnonzero(row).tolist()


def test_the_maps_of_networks_are_what_their_signs_do_layer_by_layer():
    texts = 2.0 * np.random.default_rng(5).integers(0, 2, (512, 32)) - 1
    for place, (kind, activation) in enumerate(NETWORKS.values()):
        for depth in (1, 7):
            net = network(kind, activation, depth=ROUNDS, width=32, inputs=32, seed=3)
            shallow = type(net)(kind, activation, net.first, net.layers[:depth])
            flipped = texts.copy()
            flipped[:, 8] *= -1
            changed = (forward(shallow, texts) > 0) != (forward(shallow, flipped) > 0)
            found = spreads()[2 + place]
            assert np.abs(found.shares[8, depth] - changed.mean(axis=0)).max() <= 2 / 512  # a sum may round across zero
            assert found.steps == "layer"


def test_the_second_half_passes_one_round_untouched():
    for spread in spreads()[:2]:
        half = spread.shares.shape[-1] // 2
        for bit in range(half, 2 * half):
            assert np.flatnonzero(spread.shares[bit, 1]).tolist() == [bit - half]


def test_regimes_are_those_of_the_chapter():
    early, late = explorer(rounds_shown=5.0), explorer(rounds_shown=12.0)
    assert early.regime == "some bits are never reached" and late.regime == "every bit flips like a coin"
    assert explorer(machine="normalised", rounds_shown=12.0)["flipped_mean"] < 0.2
    assert explorer(machine="toy", bit_asked=30.0)["used"] == 16
    assert "16 bits only" in explorer(machine="toy", bit_asked=30.0).summary


# In the page


@pytest.mark.browser
def test_the_page_looks_up_every_state_as_python_does(browser):
    inputs = list(states())[::5]
    sheet = browser.new_page()
    script = bitmap.supply(spreads()).javascript
    there = sheet.evaluate(f"inputs => {{ const supplied = {script}; return inputs.map((one) => "
                           "[supplied(one), supplied.rows(one, false), supplied.rows(one, true).at(-1)]); }", inputs)
    sheet.close()
    for given, (supplied, pair, often) in zip(inputs, there, strict=True):
        assert supplied == pytest.approx(bitmap.measured(spreads(), given), abs=1e-12), given
        spread = spreads()[int(given["machine_code"])]
        bit = int(min(given["bit_asked"], spread.shares.shape[-1])) - 1
        assert np.array_equal(pair, spread.pairs[int(given["text_code"]), bit])
        assert np.abs(np.array(often) - spread.shares[bit, -1]).max() <= 1 / SURE


@pytest.mark.browser
def test_a_bit_is_drawn_for_every_bit_that_differs(show):
    sheet = show(explorer())
    for place, (machine, text) in enumerate(zip(MACHINES, TEXTS * 2, strict=True)):
        for look, rounds, bit in (("one", 4, 29), ("often", 10, 7)):
            move(sheet, build(), machine=machine, text=text, look=look, rounds_shown=rounds, bit_asked=bit)
            values = settled(sheet)
            spread, used = spreads()[place], int(build().results(values)["used"]) - 1
            grid = spread.pairs[TEXTS.index(text), used] if look == "one" else spread.shares[used]
            assert values["rounds_shown"] == rounds
            paths = sheet.locator(".bitmap .cells path").evaluate_all("all => all.map(e => e.getAttribute('d'))")
            assert "".join(paths).count("M") == np.count_nonzero(grid[: rounds + 1])


@pytest.mark.browser
def test_the_sentence_names_the_bits_that_differ(show):
    sheet = show(explorer(rounds_shown=1.0, bit_asked=20.0))
    assert sheet.inner_text(".now") == "Bit 20 was flipped: after round 1, these bits differ: 4."
    drag(sheet, "rounds_shown", 0)
    settled(sheet)
    assert sheet.inner_text(".now") == "Bit 20 was flipped: in the input, these bits differ: 20."


@pytest.mark.browser
def test_a_click_on_the_map_flips_that_bit(show):
    sheet = show(explorer())
    chart = sheet.locator(".bitmap").bounding_box()
    across = float(sheet.get_attribute(".bitmap .lane", "d").split("M")[7].split()[0])  # the input's seventh bit
    sheet.mouse.click(chart["x"] + across + 3, chart["y"] + 60)
    assert settled(sheet)["bit_asked"] == 7


@pytest.mark.browser
def test_it_plays_round_by_round_and_pauses_by_keyboard(show):
    sheet = show(explorer(rounds_shown=12.0), motion="no-preference")
    sheet.focus(".play")
    sheet.keyboard.press("Enter")
    assert sheet.inner_text(".play") == "Pause"
    sheet.wait_for_function("document.querySelector('.explorer').values().rounds_shown === 2")
    sheet.keyboard.press("Space")
    assert sheet.inner_text(".play") == "Play the rounds"
    stopped = settled(sheet)["rounds_shown"]
    sheet.wait_for_timeout(700)
    assert settled(sheet)["rounds_shown"] == stopped < ROUNDS


@pytest.mark.browser
def test_a_reader_who_wants_no_motion_gets_none(show):
    assert not show(explorer()).locator(".play").is_visible()
