"""The explorer of the chapter on reversible networks: how deep a network fits, and what forgetting costs in time.

The formulas are those of the chapter. What depends on the strategy is a sum over all, each times one or nought.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sympy import Expr, Max, Piecewise, floor, sqrt, sympify

from roofline.algebra import Notation
from roofline.catalog import BYTES, chips
from roofline.notation import C, M, b_train, d_half, d_inner, eta_C, forgetful, n_blocks, notation
from roofline.revnets import (
    best_segment,
    block_flops,
    flops_all,
    flops_checkpoints,
    flops_reversible,
    keep_over_again,
    kept_bytes,
    peak_all,
    peak_naive,
    peak_reversible,
    state_bytes,
)

from ..explorer import (
    Caution,
    Chart,
    Choice,
    Curve,
    Explorer,
    ExplorerWidget,
    Mark,
    Readout,
    Regime,
    Slider,
    tabulate,
    whole_stops,
)

CHIPS = ("A100 80GB", "H100", "H200", "B200", "GB200", "GB300", "Rubin", "TPU v5p", "Ironwood", "MI300X", "MI355X",
         "Trainium2")
WAYS = {"all": "store all", "each": "checkpoint each block", "root": "checkpoints at the root of depth",
        "back": "reversible", "naive": "reversible, run forward again"}
KEPT = {"two": "before and after the nonlinearity", "one": "after it alone"}


class Trade:
    """The chapter's formulas for each strategy and for the chosen one, in a notation of their own."""

    def __init__(self) -> None:
        self.notation: Notation = notation.child()
        pick = {way: self.notation.symbol(f"is_{way}", f"i_{way[0]}", "1", f"1 for {words}, else 0", "fraction")
                for way, words in WAYS.items()}

        put = self.notation.define

        S, K = sympify(state_bytes), sympify(kept_bytes)
        each = b_train * 4 * d_half * d_inner
        segment = Max(1, sympify(best_segment))
        peaks = {"all": sympify(peak_all), "each": n_blocks * S + K + S / 2, "back": sympify(peak_reversible),
                 "root": n_blocks * S / segment + segment * K + S / 2, "naive": sympify(peak_naive)}
        again = {"all": sympify(flops_all), "each": checkpointed(1), "root": checkpointed(segment),
                 "back": reversed_(0), "naive": reversed_(1)}
        deepest = {"all": (M - S) / (K + each), "each": (M - K - S / 2) / (S + each), "root": deepest_root(S, K, each),
                   "back": (M - peaks["back"]) / each, "naive": (M - peaks["naive"]) / each}
        self.weights = put("train_weights", n_blocks * each, "byte", "weights with all that training keeps for them")
        self.peaks = {way: put(f"held_{way}", peak, "byte", f"activations held at most, {WAYS[way]}")
                      for way, peak in peaks.items() if way != "naive"}
        held = sum(pick[way] * peak for way, peak in peaks.items())
        self.held = put("held", held, "byte", "activations held at most, as chosen")
        self.chosen = put("needed", n_blocks * each + held, "byte", "memory needed, as chosen")
        self.memory = put("chip_memory", M, "byte", "memory of the chip")
        flops = sum(pick[way] * work for way, work in again.items())
        self.time = put("step_time", flops / (C * eta_C), "s", "time of a step, if arithmetic sets its pace")
        self.ratio = put("work_ratio", flops / sympify(flops_all), "1", "arithmetic over that of storing all")
        limit = sum(pick[way] * most for way, most in deepest.items())
        self.deepest = put("deepest", floor(Max(limit, 0)), "1", "blocks that fit, as chosen")
        self.kept = put("all_kept", n_blocks * K, "byte", "all activations of a step")
        self.parameters = put("parameters", n_blocks * 4 * d_half * d_inner, "1", "weights of the network")
        self.price = put("keep_price", keep_over_again, "1", "cost of storing all over that of running backwards")
        self.one = put("once", Max(1, 1 / n_blocks), "1", "one")


def checkpointed(segment: Any) -> Expr:
    """Arithmetic with checkpoints, segments of that length dividing the depth evenly."""
    whole: Expr = sympify(flops_checkpoints.function(flops_all=flops_all, n_blocks=n_blocks, early_stop=1,
                                                     segments=n_blocks / segment, block_flops=block_flops))
    return whole


def reversed_(again: int) -> Expr:
    """Arithmetic of the reversible run, which forgets or does not."""
    whole: Expr = sympify(flops_reversible).subs(forgetful, again)
    return whole


def deepest_root(S: Expr, K: Expr, each: Expr) -> Expr:
    """Blocks that fit with the best segments: where they are longer than a block, a quadratic in the root of depth."""
    room, half = M - S / 2, sqrt(S * K)
    root = (Max(0, sqrt(Max(0, half**2 + each * room)) - half) / each) ** 2
    return Piecewise((root, root >= K / S), ((M - K - S / 2) / (S + each), True))


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    rates = {chips[name].name: "bf16" for name in CHIPS}
    trade = Trade()
    return Explorer(
        name="revnets",
        title="Drag the depth: what must training hold, and what does forgetting cost?",
        notation=trade.notation,
        choices=(
            Choice("way", "Strategy", WAYS, "all"),
            Choice("chip", "Chip", {name: name for name in rates}, chips["H100"].name),
            Choice("kept", "A layer keeps its inside", KEPT, "two"),
            Choice("element", "Activations in", {p: p for p in ("fp32", "bf16", "fp8")}, "bf16"),
        ),
        tables=(
            tabulate(lambda way: {f"is_{other}": float(other == way) for other in WAYS}, way=WAYS),
            tabulate(lambda chip: {key: chips[chip].at(rates[chip])[key] for key in ("M", "C")}, chip=rates),
            tabulate(lambda kept: {"kept_inner": 1.0 + (kept == "two")}, kept=KEPT),
            tabulate(lambda element: {"b_act": float(BYTES[element])}, element=("fp32", "bf16", "fp8")),
        ),
        sliders=(
            Slider("n_blocks", "Depth", whole_stops(1, 2000), start=32.0, digits=4, noun=("block", "blocks")),
            Slider("n_rows", "Rows of a step: tokens or samples", whole_stops(100, 1e6), start=32_000.0, digits=4),
            Slider("d_half", "Columns of each half", whole_stops(64, 16_384), start=2000.0, digits=5),
            Slider("d_inner", "Columns inside a layer", whole_stops(64, 65_536), start=8000.0, digits=5),
            Slider("b_train", "Bytes that training keeps for a weight", (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 18.0),
                   start=16.0),
            Slider("eta_C", "Share of the peak rate reached", tuple(x / 20 for x in range(1, 21)), start=0.4, unit="%"),
        ),
        chart=Chart(
            x="n_blocks", x_label="depth: blocks of two layers", y_label="memory needed", dot=trade.chosen,
            curves=(
                Curve(trade.chosen, "needed", style="envelope"),
                Curve(trade.peaks["all"], "store all", "ink"),
                Curve(trade.peaks["each"], "each block", "compute"),
                Curve(trade.peaks["root"], "√ depth", "network"),
                Curve(trade.peaks["back"], "reversible", "kv"),
                Curve(trade.weights, "weights", "weights"),
                Curve(trade.memory, "memory", "ink", style="dashed"),
            ),
            marks=(
                Mark(trade.deepest, "fits to {deepest}", "It fits up to {deepest?# block|# blocks}.",
                     "It fits at any depth.", "ink"),
            ),
            alt="Activations held against depth, both on log scales, for four strategies, beside the weights and the "
                "memory of one {chip}. Storing all rises fastest, the reversible run is level. A band shows all that "
                "is needed with the chosen strategy, {way}: at {n_blocks} {needed}, {held} of it for activations; "
                "the chip has {chip_memory}.",
        ),
        readouts=(
            Readout(trade.chosen, "Memory needed", lead=True),
            Readout(trade.held, "activations, at most", role="kv"),
            Readout(trade.weights, "weights and their training state", role="weights"),
            Readout(trade.time, "Time of a step", role="compute"),
            Readout(trade.ratio, "Arithmetic over storing all", unit="1", digits=3),
            Readout(trade.deepest, "Blocks that fit", digits=4),
            Readout(trade.kept, "All activations of a step"),
            Readout(trade.price, "Storing over running back, in rent", unit="1"),
        ),
        regimes=(
            Regime("mostly activations", "kv", trade.held, trade.weights),
            Regime("mostly weights", "weights"),
        ),
        cautions=(
            Caution(trade.chosen, trade.memory, "This does not fit: {needed} on a chip that has {chip_memory}.",
                    "does not fit"),
            Caution(trade.price, trade.one, "By rent, running backwards is the cheaper way here: all activations would "
                                            "fill more than two thirds of the memory.", "running back pays"),
        ),
        summary="{n_blocks} with {n_rows} rows in a step, {way}: {needed} on one {chip}, {regime}; a step takes "
                "{step_time}, with {work_ratio?the|# times the} arithmetic of storing all.",
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(way="back", n_blocks=400)."""
    return build()(**chosen)
