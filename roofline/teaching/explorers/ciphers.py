"""The explorer of the chapter on ciphers: flip one input bit and watch it spread, in ciphers and in networks."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from roofline.block_cipher import simon_functions, toy_table
from roofline.ciphers import encrypt
from roofline.mixing import on_bits
from roofline.notation import notation
from roofline.random_network import Network, forward, network

from ..explorer import Caution, Choice, Explorer, ExplorerWidget, Readout, Regime, Slider, Table
from ..explorer.bitmap import BitMap, Spread, spreading, supply

ROUNDS, TEXTS, SAMPLES = 12, 3, 512
HALVES = ("first half", "second half")
LONG_KEY = (0x1918, 0x1110, 0x0908, 0x0100)  # of the designers' own example
MACHINES = {
    "simon": "Simon, a published cipher",
    "toy": "the toy cipher of this chapter",
    "sign": "network of hard signs",
    "relu": "network of relu",
    "residual": "relu with residuals",
    "normalised": "relu with residuals, normalised",
}
NETWORKS = {"sign": ("plain", "sign"), "relu": ("plain", "relu"), "residual": ("residual", "relu"),
            "normalised": ("normalised", "relu")}


def _through(functions: Sequence[Any], half: int) -> Any:
    """Rows of bits after each round of a Feistel cipher."""
    def rounds(bits: np.ndarray) -> list[np.ndarray]:
        found = []
        for f in functions:
            bits = on_bits(lambda x, y, f=f: encrypt(x, y, [f], operator.xor), half)(bits)  # type: ignore[misc]
            found.append(bits)
        return found

    return rounds


def _layers(net: Network) -> Any:
    """Signs of the stream after each layer, for inputs that are signs."""
    def rounds(bits: np.ndarray) -> list[np.ndarray]:
        stream, found, as_is = (2.0 * bits - 1) @ net.first.T, [], np.eye(len(net.first))
        for weights in net.layers:
            stream = forward(Network(net.kind, net.activation, as_is, weights[None]), stream)
            found.append(stream > 0)
        return found

    return rounds


@cache
def spreads() -> tuple[Spread, ...]:
    """How a flipped bit spreads through each machine."""
    rng = np.random.default_rng(5)
    texts = rng.integers(0, 2, (SAMPLES, 32)).astype(bool)
    table, keys = toy_table(2), rng.integers(0, 256, ROUNDS, dtype=np.uint64)
    toys = [lambda word, k=k: table[word ^ k] for k in keys]
    nets = [network(*NETWORKS[name], depth=ROUNDS, width=32, inputs=32, seed=3) for name in NETWORKS]
    return (
        spreading(_through(simon_functions(LONG_KEY, 32, ROUNDS), 16), texts, TEXTS, halves=HALVES),
        spreading(_through(toys, 8), texts[:, :16], TEXTS, halves=HALVES),
        *(spreading(_layers(net), texts, TEXTS, steps="layer") for net in nets),
    )


def _own() -> Any:
    """The book's notation, and what the map gives."""
    own = notation.child()
    own.symbol("machine_code", "c", "1", "which machine", "nonnegative")
    own.symbol("text_code", "t", "1", "which text", "nonnegative")
    own.symbol("bit_asked", "i", "1", "place of the input bit that is flipped", "at least one")
    own.symbol("rounds_shown", "r", "1", "rounds that are shown", "nonnegative")
    own.symbol("bit_used", "i", "1", "place of the bit that is flipped, if the block is so long", "at least one")
    own.symbol("n_flipped", "n", "1", "output bits that differ in this pair", "nonnegative")
    own.symbol("mean_share", "f", "1", "mean share of output bits that differ, over many texts", "nonnegative")
    own.symbol("n_reached", "n", "1", "output bits that differ in one of many texts at least", "nonnegative")
    own.symbol("worst", "d", "1", "largest distance from one half among the shares of the output bits", "nonnegative")
    own.symbol("even_within", "d", "1", "distance from one half that chance may explain", "nonnegative")
    own.symbol("one_bit", "n", "1", "one", "nonnegative")

    @own.formula("1", "n")
    def flipped(n_flipped):
        """Output bits that differ in this pair."""
        return n_flipped

    @own.formula("1", "f")
    def flipped_share(n_flipped, out_bits):
        """Share of the output bits that differ in this pair."""
        return n_flipped / out_bits

    @own.formula("1", "f")
    def flipped_mean(mean_share):
        """The same, on average over many texts."""
        return mean_share

    @own.formula("1", "f")
    def ideal(avalanche_ideal):
        """The share if any other result were as likely as the next."""
        return avalanche_ideal

    @own.formula("1", "n")
    def reached(n_reached):
        """Output bits that the flipped bit reached in one of the texts at least."""
        return n_reached

    @own.formula("1", "n")
    def missed(n_reached, out_bits):
        """Output bits that it never reached."""
        return out_bits - n_reached

    @own.formula("1", "n")
    def bits(out_bits):
        """Bits of a block."""
        return out_bits

    @own.formula("1", "i")
    def asked(bit_asked):
        """The bit that was asked for."""
        return bit_asked

    @own.formula("1", "i")
    def used(bit_used):
        """The bit that is flipped."""
        return bit_used

    @own.formula("1", "d")
    def furthest(worst):
        """How far the share of some output bit is from one half."""
        return worst

    @own.formula("1", "d")
    def even(even_within):
        """How far chance may take it."""
        return even_within

    @own.formula("1", "n")
    def single(one_bit):
        """One bit."""
        return one_bit

    return own


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    own = _own()
    f = own.formulas
    codes: dict[tuple[str, ...], dict[str, float]] = {(name,): {"machine_code": float(i)}
                                                      for i, name in enumerate(MACHINES)}
    texts: dict[tuple[str, ...], dict[str, float]] = {(name,): {"text_code": float(i)} for i, name in enumerate("abc")}
    return Explorer(
        name="ciphers",
        title="Flip one bit: where does the difference go?",
        choices=(
            Choice("machine", "Machine", MACHINES, "simon"),
            Choice("look", "Look at", {"one": "one pair of texts", "often": "how often, over many texts"}, "one"),
            Choice("text", "Text", {name: f"random text {name.upper()}" for name in "abc"}, "a"),
        ),
        tables=(Table(("machine",), codes), Table(("text",), texts)),
        sliders=(
            Slider("rounds_shown", "Rounds, or layers", tuple(map(float, range(ROUNDS + 1))), start=5.0),
            Slider("bit_asked", "Input bit that is flipped", tuple(map(float, range(1, 33))), start=20.0),
        ),
        chart=BitMap(
            "A map of bits: {machine}, one row a round. Bit {used} of the input is flipped. After {rounds_shown} "
            "rounds {flipped} of {bits} bits differ in this pair of texts, and on average {flipped_mean}."),
        readouts=(
            Readout(f["flipped_share"], "Bits that differ, this pair", unit="%", lead=True, digits=2),
            Readout(f["flipped"], "how many they are"),
            Readout(f["flipped_mean"], "on average over many texts", unit="%", digits=2),
            Readout(f["ideal"], "in a random permutation", unit="%", digits=3),
            Readout(f["reached"], "Bits that ever differ"),
            Readout(f["bits"], "of all"),
            Readout(f["furthest"], "Furthest from one half", unit="%", digits=2),
        ),
        regimes=(
            Regime("some bits are never reached", "compute", f["missed"], f["single"]),
            Regime("every bit flips like a coin", "kv", f["even"], f["furthest"]),
            Regime("all bits reached, unevenly", "weights"),
        ),
        cautions=(
            Caution(f["asked"], f["used"], "The toy has {bits} bits only: the last of them is flipped.", "short block"),
        ),
        summary="{machine}, bit {used} flipped: after {rounds_shown} rounds {flipped} of {bits} bits differ. Over many "
                "texts {flipped_mean} do on average, and {reached} of {bits} do in some text: {regime}.",
        fixed={"even_within": 0.08, "one_bit": 1.0},
        notation=own,
        supply=supply(spreads()),
    )  # fmt: skip


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(machine="residual", bit_asked=3)."""
    return build()(**chosen)
