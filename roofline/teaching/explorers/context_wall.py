"""The explorer of the chapter on the context wall: what does a new token wait for, and what must be kept for it?

The model's own attention may be exchanged for another kind; the formulas are those of the chapter, with one term more
for strides, which read in proportion to the square root of the context.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sympy import Max, Min, sqrt, sympify

from roofline.algebra import Formula, Notation
from roofline.architecture import Attention
from roofline.attention import CompressedAttention, LatentAttention, LinearAttention, SoftmaxAttention
from roofline.batch_size import kv_sequence, t_compute
from roofline.catalog import BYTES, MissingFact, chips, disclosures, models, prices
from roofline.context_wall import cache_rent, chips_to_keep
from roofline.kv_memory import flops_attention, kv_stored, weights_bytes
from roofline.notation import B, C, L, M, W, kappa, n, notation, one_token, phi_att, price
from roofline.shape_operands import attention_operands

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
    log_stops,
    tabulate,
    whole_stops,
)
from .batch_size import CHIP_COUNTS, CHIPS, RENTED_LIKE

INDEXED = "DeepSeek-V3.2"  # whose indexer and whose number of chosen tokens the kind "topk" takes
NEAR, FAR_LAYERS = 1024, 8  # the hybrid: a window in all layers but one in eight
KINDS = ("own", "full", "hybrid", "topk", "root")


def entry(kind: Attention) -> float:
    """Elements that a layer keeps of each token if it can attend to every token."""
    if isinstance(kind, SoftmaxAttention):
        return 2 * kind.kv_heads * kind.head_dim
    if isinstance(kind, LatentAttention):
        return kind.kv_rank + kind.rope_dim
    if isinstance(kind, CompressedAttention):
        return kind.head_dim
    raise MissingFact("a layer of linear attention keeps no tokens")


def work(kind: Attention) -> float:
    """FLOP of a layer for each token that a new token attends to, in decode."""
    if isinstance(kind, LatentAttention):
        return 2 * kind.heads * (2 * kind.kv_rank + kind.rope_dim)
    return 4 * kind.heads * (0 if isinstance(kind, LinearAttention) else kind.head_dim)


def attention(model: str, kv: str, kind: str) -> dict[str, float]:
    """Inputs of the explorer's formulas for a model whose layers attend in the way of `kind`."""
    shape = models[model].shape
    if shape is None:
        raise MissingFact(f"the shape of {model} is not published")
    given = {**models[model].at("fp8", kv), **attention_operands(shape), "strides": float(kind == "root")}
    everything = sum(layer.layers * entry(layer) for layer in shape.attention) * BYTES[kv]
    arithmetic = float(sum(layer.layers * work(layer) for layer in shape.attention))
    if kind == "own":
        return given
    sparse = models[INDEXED].shape
    assert sparse is not None
    (chosen,) = {layer.indexer for layer in sparse.attention if isinstance(layer, LatentAttention)}
    assert chosen is not None
    key, scoring = chosen.dim * BYTES[kv] * shape.layers, 2.0 * chosen.heads * chosen.dim * shape.layers
    part, rest = 1 / FAR_LAYERS, 1 - 1 / FAR_LAYERS
    # bytes read per token, and of a capped number of tokens; bytes kept, likewise; arithmetic, likewise; the cap
    names = ("kappa", "kappa_cap", "kappa_stored", "kappa_stored_cap", "phi_att", "phi_att_cap", "L_cap")
    values = {
        "full": (everything, 0, everything, 0, arithmetic, 0, 0),
        "hybrid": (part * everything, rest * everything, part * everything, rest * everything, part * arithmetic,
                   rest * arithmetic, NEAR),
        "topk": (key, everything, everything + key, 0, scoring, arithmetic, chosen.top_k),
        "root": (everything, 0, everything, 0, arithmetic, 0, 0),
    }[kind]
    found = given | dict(zip(names, map(float, values), strict=True))
    return found | {"L_att_cap": found["L_cap"], "L_stored_cap": found["L_cap"] if found["kappa_stored_cap"] else 0.0}


def can_change(name: str) -> bool:
    """Whether a model's shape and counts are published, and all of its layers keep tokens."""
    try:
        return bool(attention(name, "bf16", "full"))
    except MissingFact:
        return False


LIMITS: Mapping[str, tuple[float, str]] = {
    "step": (float(prices["gemini31pro_lo"].context_up_to or 0),
             f"where a price list of {prices['gemini31pro_lo'].since} steps up"),
    "offer": (float(prices["opus46_flat"].context_up_to or 0),
              f"what others offer at a flat price, since {prices['opus46_flat'].since}"),
    "claim": (disclosures["context_windows"]["llama4_scout"],
              "the longest context announced by a maker, for Llama 4 Scout"),
}


def short(tokens: float) -> str:
    """0.2M, 1M: for a label over a line, narrow enough for a phone."""
    return f"{tokens / 1e6:g}M"


class Parts:
    """The chapter's formulas for one sequence, with attention by strides added, in a notation of their own."""

    def __init__(self) -> None:
        self.notation: Notation = notation.child()
        strides = self.notation.symbol("strides", "u", "1", "1 if a token attends by strides, else 0", "fraction")
        near = Min(L, 2 * sqrt(L * one_token))  # tokens of the best stride: the s last, and every s-th before them

        def put(name: str, expression: Any, unit: str, meaning: str) -> Formula:
            return self.notation.define(name, sympify(expression).subs(B, 1), unit, meaning)

        reads = (1 - strides) * kv_sequence + strides * kappa * near
        work = (1 - strides) * flops_attention + strides * phi_att * near * one_token
        weights, attends, reading = sympify(t_compute), work / (n * C), reads / (n * W)
        pass_time = Max(weights + attends, reading)
        self.read = put("context_read", reads, "byte", "bytes that a new token reads of its context")
        self.t_read = put("t_read", reading, "s", "time to read them")
        self.t_weights = put("t_arithmetic", weights, "s", "time to multiply it by the active weights")
        self.t_attends = put("t_attends", attends, "s", "time of its attention's arithmetic")
        self.t_both = put("t_both", weights + attends, "s", "time of all its arithmetic")
        self.t_token = put("t_token", pass_time, "s", "time that it takes of the chips, beside many others")
        self.cost = put("token_cost", n * price * pass_time / one_token, "USD/token", "rent of the chips for that time")
        self.multiple = put("times_dearer", pass_time / weights, "1", "that over the cost without context")
        self.keeps = put("context_kept", kv_stored, "byte", "bytes that the context keeps")
        self.chips = put("chips_kept", chips_to_keep, "1", "chips whose memory it fills")
        self.rent = put("memory_rent", cache_rent, "USD/s", "rent of the memory that it fills")
        self.needed = put("needed", sympify(kv_stored) + sympify(weights_bytes), "byte",
                          "bytes of the weights and of one context")
        self.room = put("all_memory", n * M, "byte", "memory of all chips")
        self.limits = {name: put(f"limit_{name}", value * one_token, "token", words)
                       for name, (value, words) in LIMITS.items()}


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    listed = [chips[name] for name in CHIPS]
    rates = [p for p in BYTES if any(p in chip.rates for chip in listed)]
    shapes = [name for name in models if can_change(name)]
    stand_in, sparse = chips[RENTED_LIKE].rental, models[INDEXED].at()
    assert stand_in is not None
    made = Parts()
    return Explorer(
        name="context_wall",
        title="Lengthen the context: what does a new token wait for?",
        notation=made.notation,
        choices=(
            Choice("model", "Model", {name: name for name in shapes}, models["DeepSeek-V3"].name),
            Choice("kind", "Attention", {
                "own": "as the model was built",
                "full": "every layer to every token",
                "hybrid": f"one layer in {FAR_LAYERS} to all, {NEAR:,} tokens in the rest",
                "topk": f"an indexer and {sparse['L_cap']:,.0f} tokens of its choice",
                "root": "strides, as a square root",
            }, "own"),
            Choice("chip", "Chip", {chip.name: chip.name for chip in listed}, chips["GB200"].name),
            Choice("compute", "Arithmetic in", {p: p for p in rates}, "fp8"),
            Choice("kv", "KV cache in", {p: p for p in ("bf16", "fp8")}, "bf16"),
        ),
        tables=(
            tabulate(lambda chip, compute: chips[chip].at(compute), chip=[c.name for c in listed], compute=rates),
            tabulate(attention, model=shapes, kv=("bf16", "fp8"), kind=KINDS),
        ),
        sliders=(
            Slider("L", "Context", whole_stops(1e3, 1e8), start=200_000.0, digits=4),
            Slider("n", "Number of chips", tuple(map(float, CHIP_COUNTS)), start=72.0, digits=4,
                   noun=("chip", "chips")),
            Slider("price", "Rent of a chip", tuple(x / 3600 for x in log_stops(0.1, 100)), assumed=stand_in.price,
                   unit="USD/hour", given="The rental price in the catalog; those of TPUs are modelled.",
                   otherwise=f"Assumed as for a {RENTED_LIKE}: the catalog has no rental price for this chip.",
                   moved="Assumed by you."),
        ),
        chart=Chart(
            x="L", x_label="context, tokens", y_label="time for one new token", dot=made.t_token,
            curves=(
                Curve(made.t_token, "a token", style="envelope"),
                Curve(made.t_read, "reading", "kv"),
                Curve(made.t_attends, "attention", "compute", style="dashed"),
                Curve(made.t_weights, "weights", "compute"),
            ),
            marks=tuple(
                Mark(made.limits[name], short(value) + gap, f"{short(value)}: {words}.", "")
                for (name, (value, words)), gap in zip(LIMITS.items(), ("\u00a0\u00a0", "", ""), strict=True)
            ),  # the first label ends in spaces, to stand clear of the second on a phone
            alt="Time that one new token takes of {n} of type {chip} against context, both on log scales, for {model}: "
                "multiplying by the weights, attention's arithmetic, and reading the context's cache; the token takes "
                "the longer of arithmetic and reading. At {L} it takes {t_token}.",
        ),
        readouts=(
            Readout(made.t_token, "A new token takes", lead=True),
            Readout(made.t_read, "reading its context", role="kv"),
            Readout(made.t_attends, "attention's arithmetic", role="compute"),
            Readout(made.t_weights, "arithmetic on weights", role="compute"),
            Readout(made.cost, "Cost of new tokens, at least", unit="USD/Mtoken"),
            Readout(made.multiple, "times that without context"),
            Readout(made.read, "Bytes read for it"),
            Readout(made.keeps, "Bytes that the context keeps"),
            Readout(made.chips, "Chips that these fill", digits=5),
            Readout(made.rent, "Rent of that memory", unit="USD/hour"),
        ),
        regimes=(
            Regime("waiting for memory", "kv", made.t_read, made.t_both),
            Regime("busy with attention", "compute", made.t_attends, made.t_weights),
            Regime("busy with weights", "compute"),
        ),
        cautions=(
            Caution(made.needed, made.room, "This does not fit: the weights and one such context take {needed}, and "
                                            "the chips have {all_memory}.", "does not fit"),
            Caution(made.t_attends, made.t_weights, "Attention takes more arithmetic than the weights.",
                    "attention above weights"),
        ),
        summary="With {L} of context, attention {kind}, a new token of {model} takes at least {t_token} of {n} of type "
                "{chip}: it is {regime}. It costs {token_cost}, and the context keeps {context_kept}.",
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(model="Llama-3-70B", kind="root", L=1e6)."""
    return build()(**chosen)
