"""The explorer of the chapter on KV memory: what does each chip keep, and does it fit?

The formulas are those of the chapter, asked with two inputs worked out: experts spread over no more chips than a stage
has, and as many micro-batches are in flight as stages, or one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sympy import Expr, Max, Min, ceiling, sympify

from roofline.algebra import Formula, Notation
from roofline.attention import LinearAttention, SoftmaxAttention
from roofline.catalog import MissingFact, chips, models
from roofline.kv_memory import (
    N_in_experts,
    kv_replication,
    largest_batch_laid,
    longest_context_laid,
    stage_caches,
    stage_caches_laid,
    stage_memory_laid,
)
from roofline.moe import expert_weights, experts_per_chip
from roofline.notation import M, N_tot, P, b_w, dp, ep, f_other, m_b, n, notation, tp
from roofline.pipelining import stage_weights

from ..explorer import (
    Caution,
    Choice,
    Explorer,
    ExplorerWidget,
    Readout,
    Regime,
    Slider,
    tabulate,
    whole_stops,
)
from ..explorer.stacks import Segment, Stack, Stacks

CHIPS = ("A100 80GB", "H100", "H200", "B200", "GB200", "GB300", "Rubin", "TPU v5e", "TPU v5p", "Ironwood", "MI300X",
         "MI355X", "Trainium2")
TENSOR = (1, 2, 4, 8, 16, 32, 64)
GROUPS = (1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 36, 48, 64, 72, 96, 128, 144)
STAGES = (1, 2, 3, 4, 6, 8, 12, 16)
OTHER = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


def kv_heads(name: str) -> float:
    """KV heads of a layer; one for entries that all heads share. MissingFact if the state is not kept by KV heads."""
    shape = models[name].shape
    if shape is None or any(isinstance(kind, LinearAttention) for kind in shape.attention):
        raise MissingFact(f"{name} keeps no cache by KV heads")
    return float(max(kind.kv_heads if isinstance(kind, SoftmaxAttention) else 1 for kind in shape.attention))


def _model(model: str, weights: str, kv: str) -> dict[str, float]:
    return {**models[model].at(weights, kv), "n_kv": kv_heads(model)}


def placeable(name: str) -> bool:
    """Whether a model can be laid out: its shape and counts are published, and its cache is kept by heads."""
    try:
        return bool(_model(name, "bf16", "bf16"))
    except MissingFact:
        return False


class Layout:
    """The chapter's formulas with the two inputs worked out, in a notation of their own."""

    def __init__(self) -> None:
        self.notation: Notation = notation.child()
        fill = self.notation.symbol("fill", "u", "1", "1 if each stage has a micro-batch in flight, else 0", "fraction")
        in_flight, over = 1 + fill * (P - 1), Min(ep, tp * dp)
        swap = {m_b: in_flight, ep: over, n: tp * dp}

        def put(name: str, expression: Any, unit: str, meaning: str, swap: Mapping[Any, Any] = swap) -> Formula:
            whole: Expr = sympify(expression).subs(swap, simultaneous=True)
            return self.notation.define(name, whole, unit, meaning)

        rest = sympify(N_tot - N_in_experts)
        held = b_w * ceiling(sympify(experts_per_chip)) * sympify(expert_weights) / P
        self.experts = put("chip_experts", held, "byte", "bytes of whole experts on the busiest chip")
        self.rest = put("chip_rest", b_w * rest / (tp * P), "byte", "bytes of all other weights on a chip")
        self.weights = put("chip_weights", held + b_w * rest / (tp * P), "byte", "bytes of all weights on a chip")
        self.caches = put("chip_caches", stage_caches_laid, "byte", "bytes of caches on the busiest chip")
        self.other = put("chip_other", M * f_other, "byte", "bytes kept for anything else")
        self.total = put("chip_total", stage_memory_laid, "byte", "bytes of weights and caches on the busiest chip")
        self.left = put("chip_left", M * (1 - f_other) - stage_memory_laid, "byte", "bytes left on the busiest chip")
        self.needed = put("chip_needed", stage_memory_laid + M * f_other, "byte", "bytes of all on the busiest chip")
        self.limit = put("chip_memory", M, "byte", "memory of a chip")
        self.even_weights = put("even_weights", stage_weights, "byte", "weights, if cut evenly")
        self.even_caches = put("even_caches", stage_caches, "byte", "caches, if cut evenly")
        self.copies = put("copies", kv_replication, "1", "cache of the busiest chip over an even share of its group")
        self.once = put("once", Max(1, 1 / tp), "1", "one")
        self.chips = put("all_chips", tp * dp * P, "1", "chips of all stages")
        self.stage_chips = put("stage_chips", tp * dp, "1", "chips of one stage")
        self.asked = put("experts_asked", ep, "1", "chips that the experts would be spread over", {})
        self.used = put("experts_over", over, "1", "chips that the experts are spread over")
        self.stages = put("stages", P, "1", "stages")
        self.flying = put("in_flight", in_flight, "1", "micro-batches in flight")
        self.batch = put("most_sequences", largest_batch_laid, "1", "most sequences of a micro-batch")
        self.context = put("most_context", longest_context_laid, "token", "most context of each sequence")


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    listed = {chips[name].name: next(iter(chips[name].rates)) for name in CHIPS}
    shapes = [name for name in models if placeable(name)]
    precisions = ["bf16", "fp8", "fp4"]
    lay = Layout()
    return Explorer(
        name="kv_memory",
        title="Lay a model out: what does each chip keep, and does it fit?",
        notation=lay.notation,
        choices=(
            Choice("model", "Model", {name: name for name in shapes}, models["DeepSeek-V3"].name),
            Choice("chip", "Chip", {name: name for name in listed}, chips["GB200"].name),
            Choice("weights", "Weights in", {p: p for p in precisions}, "fp8"),
            Choice("kv", "KV cache in", {p: p for p in precisions[:2]}, "bf16"),
            Choice("flight", "In flight", {"full": "a micro-batch for each stage", "one": "one micro-batch"}, "full"),
        ),
        tables=(
            tabulate(lambda chip: chips[chip].at(listed[chip]), chip=listed),
            tabulate(_model, model=shapes, weights=precisions, kv=precisions[:2]),
            tabulate(lambda flight: {"fill": float(flight == "full")}, flight=("full", "one")),
        ),
        sliders=(
            Slider("B", "Batch of one micro-batch", whole_stops(1, 1e5), start=2000.0, digits=6,
                   noun=("sequence", "sequences")),
            Slider("L", "Context of each", whole_stops(100, 1e7), start=32_000.0, digits=4),
            Slider("tp", "Tensor parallelism (TP)", tuple(map(float, TENSOR)), start=1.0,
                   noun=("chip", "chips")),
            Slider("dp", "Groups with sequences of their own (DP)", tuple(map(float, GROUPS)), start=64.0,
                   noun=("group", "groups")),
            Slider("ep", "Expert parallelism (EP)", tuple(map(float, GROUPS)), start=64.0,
                   noun=("chip", "chips")),
            Slider("P", "Pipeline stages (PP)", tuple(map(float, STAGES)), start=1.0, noun=("stage", "stages")),
            Slider("f_other", "Kept free for anything else", OTHER, start=0.0, unit="%"),
        ),
        chart=Stacks(
            rows=(
                Stack("On the busiest chip, as laid out", (
                    Segment(lay.experts, "experts", "weights"),
                    Segment(lay.rest, "other weights", "weights", light=True),
                    Segment(lay.caches, "KV caches", "kv"),
                    Segment(lay.other, "kept free", "ink", light=True),
                )),
                Stack("If everything could be cut evenly", (
                    Segment(lay.even_weights, "weights", "weights"),
                    Segment(lay.even_caches, "KV caches", "kv"),
                    Segment(lay.other, "kept free", "ink", light=True),
                )),
            ),
            limit=lay.limit, limit_label="memory", fits="fits: {} to spare", over="does not fit: {} too much",
            alt="Two stacked bars beside a line at the memory of one {chip}, {chip_memory}. The busiest chip keeps "
                "{chip_experts} of experts, {chip_rest} of other weights and {chip_caches} of KV caches of {model}. "
                "Cut evenly it would be {even_weights} of weights and {even_caches} of caches.",
        ),
        readouts=(
            Readout(lay.total, "Weights and caches, busiest chip", lead=True),
            Readout(lay.experts, "whole experts", role="weights"),
            Readout(lay.rest, "other weights", role="weights", light=True),
            Readout(lay.caches, "KV caches", role="kv"),
            Readout(lay.left, "Left over"),
            Readout(lay.copies, "Cache over an even share", unit="1"),
            Readout(lay.chips, "Chips in all", digits=6),
            Readout(lay.batch, "Largest micro-batch that fits", digits=5),
            Readout(lay.context, "Longest context that fits"),
        ),
        regimes=(
            Regime("mostly caches", "kv", lay.caches, lay.weights),
            Regime("mostly weights", "weights"),
        ),
        cautions=(
            Caution(lay.needed, lay.limit, "This does not fit: {chip_needed} on a chip that has {chip_memory}.",
                    "does not fit"),
            Caution(lay.copies, lay.once,
                    "Heads are not cut, so the busiest chip keeps {copies} times an even share of its group's cache.",
                    "cache copied"),
            Caution(lay.asked, lay.used,
                    "A stage has {stage_chips?# chip|# chips}, so its experts spread over no more.", "few chips"),
            Caution(lay.stages, lay.flying, "With one micro-batch in flight, all stages but one stand idle.",
                    "idle stages"),
        ),
        summary="{model} with {B} of {L}{B?| each}, on {all_chips?# chip|# chips} of type {chip}: the busiest one "
                "keeps {chip_total} of its {chip_memory}, {regime}.",
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(model="Llama-3-70B", tp=8, dp=1)."""
    return build()(**chosen)
