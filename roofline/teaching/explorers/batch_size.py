"""The explorer of the batch-size chapter: how long is a pass, what is it waiting for, and what does a token cost?"""

from __future__ import annotations

from functools import cache
from typing import Any

from roofline.batch_size import (
    balance_batch_kv,
    cost_per_token,
    mfu,
    t_compute,
    t_drain,
    t_kv,
    t_memory,
    t_step,
    t_weights,
    tokens_per_s,
    tokens_per_s_user,
)
from roofline.catalog import BYTES, MissingFact, chips, models

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

CHIPS = ("A100 80GB", "H100", "H200", "B200", "GB200", "GB300", "Rubin", "TPU v5e", "TPU v5p", "TPU v6e", "Ironwood",
         "MI300X", "MI355X", "Trainium2")
CHIP_COUNTS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 72, 96, 128, 144, 192, 256, 320, 384, 512, 576, 768, 1024)
RENTED_LIKE = "B200"  # where the catalog has no rental price


def _named(names: Any) -> dict[str, str]:
    return {name: name for name in names}


def _counted(name: str) -> bool:
    try:
        return bool(models[name].at("bf16"))
    except MissingFact:
        return False


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    listed = [chips[name] for name in CHIPS]
    rates = [p for p in BYTES if any(p in chip.rates for chip in listed)]
    shapes = [name for name in models if _counted(name)]
    stand_in = chips[RENTED_LIKE].rental
    assert stand_in is not None
    return Explorer(
        name="batch_size",
        title="Drag the batch: what is a pass waiting for?",
        choices=(
            Choice("chip", "Chip", {chip.name: chip.name for chip in listed}, chips["GB200"].name),
            Choice("compute", "Arithmetic in", _named(rates), "fp8"),
            Choice("model", "Model", _named(shapes), models["DeepSeek-V3"].name),
            Choice("weights", "Weights in", _named(["bf16", "fp8", "fp4"]), "fp8"),
            Choice("kv", "KV cache in", _named(["bf16", "fp8"]), "bf16"),
        ),
        tables=(
            tabulate(lambda chip, compute: chips[chip].at(compute), chip=[c.name for c in listed], compute=rates),
            tabulate(lambda model, weights, kv: models[model].at(weights, kv), model=shapes,
                     weights=["bf16", "fp8", "fp4"], kv=["bf16", "fp8"]),
        ),
        sliders=(
            Slider("B", "Batch", whole_stops(1, 1e5), start=256.0, digits=6, noun=("sequence", "sequences")),
            Slider("L", "Context of each", whole_stops(100, 1e6), start=1000.0, digits=4),
            Slider("n", "Number of chips", tuple(map(float, CHIP_COUNTS)), start=72.0, digits=4,
                   noun=("chip", "chips")),
            Slider("price", "Rent of a chip", tuple(x / 3600 for x in log_stops(0.1, 100)), assumed=stand_in.price,
                   unit="USD/hour", given="The rental price in the catalog; those of TPUs are modelled.",
                   otherwise=f"Assumed as for a {RENTED_LIKE}: the catalog has no rental price for this chip.",
                   moved="Assumed by you."),
        ),
        chart=Chart(
            x="B", x_label="batch: sequences in one pass", y_label="time of one pass", dot=t_step,
            curves=(
                Curve(t_step, "pass", style="envelope"),
                Curve(t_memory, "memory", style="dashed"),
                Curve(t_weights, "weights", "weights"),
                Curve(t_kv, "KV cache", "kv"),
                Curve(t_compute, "compute", "compute"),
            ),
            marks=(
                Mark(balance_batch_kv, "compute takes over: {balance_batch_kv}",
                     "Compute takes over at a batch of {balance_batch_kv}.",
                     "Compute never takes over: at this context the caches take longer to read than the arithmetic, "
                     "whatever the batch.", "compute"),
            ),
            alt="Time of one pass against batch, both on log scales, for {model} on {chip}: the times of the "
                "arithmetic, of reading the weights and of reading the KV caches, the sum of the two reads, and the "
                "pass, which takes the longer of arithmetic and reads. At a batch of {B} the pass takes {t_step}.",
        ),
        readouts=(
            Readout(t_step, "Time of one pass", lead=True),
            Readout(t_compute, "arithmetic", role="compute"),
            Readout(t_weights, "reading weights", role="weights"),
            Readout(t_kv, "reading KV caches", role="kv"),
            Readout(mfu, "MFU, at best", unit="%"),
            Readout(tokens_per_s_user, "Speed for one user"),
            Readout(tokens_per_s, "Speed in all"),
            Readout(cost_per_token, "Cost of tokens", unit="USD/Mtoken"),
            Readout(balance_batch_kv, "Compute takes over at batch", digits=4),
        ),
        regimes=(
            Regime("compute-bound", "compute", t_compute, t_memory),
            Regime("weights-bound", "weights", t_weights, t_kv),
            Regime("KV-bound", "kv"),
        ),
        cautions=(
            Caution(t_memory, t_drain, "This does not fit: weights and caches are larger than the memory. They take "
                                       "{t_memory} to read, the whole memory {t_drain}.", "does not fit"),
        ),
        summary="A pass of {model} over {B}, {B?with|each with} {L} of context, takes {t_step} on {n} of {chip}: it is "
                "{regime}. The chips cost {cost_per_token}.",
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(chip="H100", B=64, L=32000)."""
    return build()(**chosen)
