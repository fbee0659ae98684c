"""The explorer of the chapter on experts: a model taken apart and put together with more or fewer of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from sympy import Max

from roofline import batch_size, moe
from roofline.algebra import Formula, Notation
from roofline.catalog import BYTES, chips, models
from roofline.notation import notation as book

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
from ..explorer.panels import Panels

CHIPS = ("H100", "H200", "B200", "GB200", "GB300", "Rubin", "TPU v6e", "Ironwood", "MI300X", "MI355X", "Trainium2")
MODELS = ("DeepSeek-V3", "Kimi-K2", "DeepSeek-V4-Pro", "Qwen3-235B-A22B", "gpt-oss-120b", "MiniMax-Text-01",
          "Llama-4-Scout", "Llama-4-Maverick")  # of so many experts that every setting of top-k is possible
EXPERTS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096)
USED = (1, 2, 3, 4, 6, 8, 12, 16)
CHIP_COUNTS = (8, 16, 32, 48, 64, 72, 96, 128, 144, 192, 256, 320, 384, 512, 576)
WEIGHTS = ("bf16", "fp8", "fp4")


def _taken_apart() -> Notation:
    """The book's notation with the parts of a model as inputs, and its two counts of parameters made from them.

    Every formula of the explorer is the chapter's own, read in this notation.
    """
    parts = book.child()
    for name in ("always_weights", "expert_weights"):
        card = parts.formulas.pop(name)
        parts.symbol(name, card.tex, card.unit, card.meaning, card.result.name)
    counts = {name: parts.inputs.pop(name) for name in ("N_act", "N_tot")}
    parts.relations = [r for r in parts.relations if not {r.small, r.large} & {*counts}]

    @parts.formula("parameter", counts["N_act"].latex)
    def N_act(always_weights, k, expert_weights):
        """Active parameters: what serves every token, and the experts that one uses."""
        return always_weights + k * expert_weights

    @parts.formula("parameter", counts["N_tot"].latex)
    def N_tot(always_weights, E, expert_weights):
        """Total parameters: what serves every token, and all experts."""
        return always_weights + E * expert_weights

    return parts


def _read_in(parts: Notation, formula: Formula) -> Formula:
    """The formula and all that it is built from, in another notation."""
    for name in formula.arguments:
        if name in parts.formulas and parts.formulas[name].notation is not parts:
            parts.formulas[name] = _read_in(parts, parts.formulas[name])
    return replace(formula, notation=parts)


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    parts = _taken_apart()
    asked = (moe.experts_touched, moe.N_read_grouped, moe.t_weights_grouped, moe.imbalance_bound, moe.straggler_slack,
             moe.balance_batch_experts, moe.tokens_per_expert, batch_size.balance_batch, batch_size.t_compute,
             batch_size.sparsity_ratio)
    for formula in asked:
        parts.formulas[formula.name] = _read_in(parts, formula)
    touched, _, t_read, uneven, slack, balance_experts, each, balance, t_compute, ratio = (
        parts.formulas[formula.name] for formula in asked)

    @parts.formula("s", r"t_\text{pass}")
    def t_pass(t_compute, t_weights_grouped):
        """The longer of the arithmetic and the read of the touched weights, without context."""
        return Max(t_compute, t_weights_grouped)

    @parts.formula("byte", r"S_\text{read}")
    def bytes_read(b_w, N_read_grouped):
        """Bytes of weights that a pass reads."""
        return b_w * N_read_grouped

    @parts.formula("byte", r"S_\text{held}")
    def bytes_held(b_w, N_tot):
        """Bytes of all weights."""
        return b_w * N_tot

    @parts.formula("byte", r"S_\text{room}")
    def bytes_room(n, M):
        """Memory of all chips."""
        return n * M

    return Explorer(
        name="moe",
        title="Add experts: what does a batch read, and when does it pay?",
        notation=parts,
        choices=(
            Choice("model", "Experts of the size of", {name: name for name in MODELS}, MODELS[0]),
            Choice("weights", "Weights in", {name: name for name in WEIGHTS}, "fp8"),
            Choice("chip", "Chip", {chips[name].name: chips[name].name for name in CHIPS}, chips["GB200"].name),
            Choice("compute", "Arithmetic in", {p: p for p in _rates()}, "fp8"),
        ),
        tables=(
            tabulate(lambda chip, compute: chips[chip].at(compute), chip=[chips[name].name for name in CHIPS],
                     compute=_rates()),
            tabulate(_parts, model=MODELS, weights=WEIGHTS),
        ),
        sliders=(
            Slider("B", "Batch", whole_stops(1, 1e5), start=32.0, digits=6, noun=("sequence", "sequences")),
            Slider("E", "Experts in a layer", tuple(map(float, EXPERTS)), assumed=256.0, digits=4,
                   given="As in the model.", moved="Yours: as many experts of the model's size."),
            Slider("k", "Experts used by a token", tuple(map(float, USED)), assumed=8.0,
                   given="As in the model.", moved="Yours: a token uses as many."),
            Slider("n", "Chips that share the read", tuple(map(float, CHIP_COUNTS)), start=72.0,
                   noun=("chip", "chips")),
        ),
        chart=Panels(
            titles=("Time of one pass without context", "Load of the busiest expert over the mean"),
            charts=(
                Chart(
                    x="B", x_label="batch: sequences in one pass", y_label="time", dot=t_pass, alt="",
                    curves=(Curve(t_pass, "pass", style="envelope"), Curve(t_read, "read", "weights"),
                            Curve(t_compute, "compute", "compute")),
                    marks=(Mark(balance, "compute takes over: {balance_batch}",
                                "Once all experts are touched, compute takes over at a batch of {balance_batch}.",
                                "Compute never takes over.", "compute"),),
                ),
                Chart(
                    x="B", x_label="batch: sequences in one pass", y_label="busiest over mean", dot=uneven, alt="",
                    curves=(Curve(uneven, "bound"), Curve(slack, "slack", "weights")),
                    marks=(Mark(balance_experts, "slack used up: {balance_batch_experts}",
                                "The experts by themselves keep their chips busy from a batch of "
                                "{balance_batch_experts} on; from there even loads leave no slack.",
                                "The experts never keep their chips busy.", "weights"),),
                ),
            ),
            alt="Two charts against batch, on log scales, for {E} experts of which a token uses {k}. Above, the time "
                "of a pass: the longer of the arithmetic and the read, which rises from the active weights to all of "
                "them. At a batch of {B} it is {t_pass}. Below, what the busiest expert gets over the mean, on average "
                "at most, which falls towards one and is {imbalance_bound} here, and the slack up to which that hides "
                "behind the read, {straggler_slack}.",
        ),
        readouts=(
            Readout(bytes_read, "Weights read in a pass", role="weights", lead=True),
            Readout(bytes_held, "Weights held by the chips"),
            Readout(touched, "Experts touched", digits=4),
            Readout(each, "Tokens of an expert"),
            Readout(t_read, "Time to read", role="weights"),
            Readout(t_compute, "Time to compute", role="compute"),
            Readout(balance, "Balance batch", digits=4),
            Readout(ratio, "Total over active"),
            Readout(uneven, "Busiest over mean, on average at most"),
            Readout(slack, "Slack: how much hides", role="weights"),
        ),
        regimes=(
            Regime("compute-bound", "compute", t_compute, t_read),
            Regime("memory-bound, busy experts hide", "weights", slack, uneven),
            Regime("memory-bound, a busy expert may show", "ink"),
        ),
        cautions=(
            Caution(bytes_held, bytes_room, "This does not fit: the weights are {bytes_held}, and the chips have "
                                            "{bytes_room}.", "does not fit"),
        ),
        summary="With {E} experts of the size of those of {model}, {k} to a token, a pass of {B} touches "
                "{experts_touched} and reads {bytes_read}. It is {regime}.",
    )


def _rates() -> list[str]:
    return [p for p in BYTES if any(p in chips[name].rates for name in CHIPS)]


def _parts(model: str, weights: str) -> dict[str, float]:
    """A model of the catalog by its parts, for experts chosen evenly."""
    whole = models[model].at(weights=weights)
    each, rest = moe.expert_weights(whole), moe.always_weights(whole)
    return {**whole, "expert_weights": each, "always_weights": rest}


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(model="Kimi-K2", B=64, E=512)."""
    return build()(**chosen)
