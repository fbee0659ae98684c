"""The explorer of the chapter on prices: what does a price sheet imply, and how far do assumptions move it?

The formulas are those of the chapter, asked with prices in place of their ratios, and with a batch counted in balance
batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sympy import Expr, Piecewise, oo, sympify

from roofline import pricing as book
from roofline.algebra import Formula, Notation
from roofline.batch_size import kv_sequence
from roofline.catalog import chips, disclosures, memory_tiers, models, prices
from roofline.notation import (
    L_kink,
    eta_C,
    eta_W,
    h_hold,
    m_hit,
    m_margin,
    m_markup,
    m_out,
    m_tier,
    notation,
    p_hit,
    p_in,
    p_out,
    u_w,
)

from ..explorer import (
    Caution,
    Choice,
    Explorer,
    ExplorerWidget,
    Readout,
    Regime,
    Slider,
    log_stops,
    tabulate,
    whole_stops,
)
from ..explorer.rulers import Found, Known, Ruler, Rulers

SHEETS = ("gemini31pro_lo", "opus47_48", "gpt54_lo", "ds_v4pro_launch", "opus46_lo", "ds_r1_std", "gemini15pro_lo",
          "opus55", "gpt61sol")
ABOVE = {"gemini31pro_lo": "gemini31pro_hi", "gpt54_lo": "gpt54_hi", "opus46_lo": "opus46_hi",
         "gemini15pro_lo": "gemini15pro_hi"}  # the line beyond the step, where a list has one
CHIPS = ("GB200", "B200", "H200", "H100", "H800", "TPU v7", "MI300X")
KEEP = {"5m": ("5 minutes", 300.0), "1h": ("1 hour", 3600.0)}
YEARS = 5 * 365.25 * 86400.0  # s, over which a device is written off
MODELS = ("DeepSeek-V4-Pro", "DeepSeek-V3.2", "gpt-oss-120b", "DeepSeek-V3", "Llama-3-70B", "Llama-3.1-405B")
TIERS = {"h_ddr": ("DDR5", "DDR5 socket"), "h_flash": ("flash", "NVMe TLC 30TB"), "h_disk": ("disk", "HDD 30TB")}
TB_HOUR = 1 / (1e12 * 3600)  # USD/TB/hour in USD/byte/s


def listed(name: str) -> str:
    """A price list as the reader finds it: its model and since when."""
    line = prices[name]
    return f"{line.models[0]} ({line.since})"


def sheet(name: str, keep: str) -> dict[str, float]:
    """What a list says, as inputs; what it does not say is left out."""
    line = prices[name]
    found = {"p_in": line.input, "p_out": line.output, "p_hit": line.cached_input}
    if name in ABOVE:
        found |= {"L_kink": line.context_up_to, "m_tier": prices[ABOVE[name]].output / line.output}
    write = line.cache_write or (line.cache_write_5m if keep == "5m" else line.cache_write_1h)
    if write:
        found["m_write"] = write / line.input
    return {key: float(value) for key, value in found.items() if value is not None}


def hold_rates() -> dict[str, float]:
    """Cost of holding a byte for a second in each device that is bought."""
    bought = {key: memory_tiers[name].price for key, (_, name) in TIERS.items()}
    return {key: book.hold_rate_device(p_byte=price, t_life=YEARS) for key, price in bought.items()}


def read_at(name: str, context: float) -> float:
    """Bytes that a pass reads for each token of a long context, with the cache in bf16 as in the chapter."""
    return float(kv_sequence(models[name].at("fp8", "bf16"), L=context) / context)


def measured() -> dict[str, float]:
    """Published utilisations of decode over those of prefill."""
    own, other = disclosures["deepseek_inference_overview"], disclosures["sglang_96_h100"]
    palm = disclosures["palm_540b_low_latency"]
    return {"DeepSeek": own["decode_output_per_node"] / own["uncached_prefill_per_node"],
            "SGLang": other["decode_per_node_2k_batch256"] / other["prefill_per_node_at_2k"],
            "PaLM": palm["decode_mfu"] / palm["prefill_mfu"]}  # fmt: skip


class Deductions:
    """The chapter's formulas with prices put in, in a notation of their own."""

    def __init__(self) -> None:
        self.notation: Notation = notation.child()
        batches = self.notation.symbol("batches", "x", "1", "batch over the balance batch", "positive")
        markup = self.notation.symbol("markup", "m", "1", "price over cost of output, over that of input", "positive")
        held = {key: self.notation.symbol(key, "h", "USD/byte/s", f"cost of holding one byte for a second: {label}")
                for key, (label, _) in TIERS.items()}  # fmt: skip
        weights, ratio = eta_C / (batches * eta_W), p_out / (p_in * markup)
        swap: Mapping[Any, Any] = {u_w: weights, m_out: ratio, m_markup: 1, m_hit: p_hit / p_in}

        def put(name: str, expression: Any, unit: str, meaning: str, when: Any = True, otherwise: Any = oo) -> Formula:
            whole: Expr = sympify(expression).subs(swap, simultaneous=True)
            whole = whole if when is True else Piecewise((whole, when), (otherwise, True))
            return self.notation.define(name, whole, unit, meaning, infinite="there is none")

        self.kink = put("kink_bytes", book.kink_kappa, "byte/token", "bytes from the step", weights < 1)
        self.ratio = put("ratio_bytes", book.kappa_from_ratio, "byte/token", "bytes from the ratio", weights < ratio)
        self.slow = put("weight_bytes", book.kappa_weight_bound, "byte/token", "bytes if decode waits for weights",
                        m_tier > 1, 0)
        self.bend = put("bend_from_ratio", book.kink_from_ratio, "token", "where the ratio puts the bend", ratio > 1)
        self.step = put("step_at", L_kink, "token", "where the price steps")
        self.weights = put("weights_part", weights, "1", "time to read the weights over that of the arithmetic")
        self.one = put("one", 1, "1", "one")
        self.share = put("mfu_share", book.decode_mfu_share, "1", "utilisation of decode over that of prefill")
        margin = p_in / sympify(book.cost_prefill)
        self.cost = put("input_cost", book.cost_prefill, "USD/token", "cost of an input token")
        self.sold = put("input_price", p_in, "USD/token", "price of an input token")
        self.margin = put("input_over_cost", margin, "1", "price of input over its cost")
        self.gross = put("input_gross_margin", 1 - 1 / margin, "1", "profit over price of input")
        covered = sympify(book.profitable_context).subs(m_margin, margin)
        self.covers = put("covered_to", covered, "token", "context up to which the upper price covers cost",
                          margin >= 1, 0)
        self.hits = put("hits_to_pay", book.reuses_to_pay, "1", "hits that pay for a write", p_hit < p_in)
        self.rate = put("premium_rate", book.implied_hold_rate, "USD/byte/s", "what the premium pays for holding")
        chip = sympify(book.hold_rate_chip)
        self.hbm = put("hbm_rate", chip, "USD/byte/s", "rent of one byte of the chip's memory")
        self.tiers = {key: put(f"rate_{key}", held[key], "USD/byte/s", "cost of holding a byte") for key in TIERS}
        self.paid = put("bytes_in_hbm", sympify(book.kappa_paid).subs(h_hold, chip), "byte/token",
                        "bytes whose keeping in HBM the premium pays")


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    own, used, bought = Deductions(), [chips[name] for name in CHIPS], hold_rates()
    precisions = [p for p in ("bf16", "fp8", "fp4") if any(p in chip.rates for chip in used)]
    step = prices["gemini31pro_lo"].context_up_to
    assert step is not None
    return Explorer(
        name="pricing",
        title="Price detective: what does a price sheet imply?",
        notation=own.notation,
        choices=(
            Choice("sheet", "Price sheet (since)", {name: listed(name) for name in SHEETS}, SHEETS[0],
                   own="Your own list"),
            Choice("keep", "A cache is kept for", {key: words for key, (words, _) in KEEP.items()}, "5m"),
            Choice("chip", "Assumed chip", {chip.name: chip.name for chip in used}, used[0].name),
            Choice("compute", "Assumed arithmetic in", {p: p for p in precisions}, "fp8"),
        ),
        tables=(
            tabulate(sheet, sheet=SHEETS, keep=KEEP),
            tabulate(lambda keep: {"t_keep": KEEP[keep][1]}, keep=KEEP),
            tabulate(lambda chip, compute: chips[chip].at(compute), chip=[c.name for c in used], compute=precisions),
        ),
        sliders=_sliders(step),
        fixed=bought,
        chart=Rulers(rulers=(
            Ruler("KV bytes of a token", 100.0, 5, (
                Found(own.kink, "from the step", "kv"),
                Found(own.ratio, "from output over input", "compute"),
                Found(own.slow, "if weights are slow", "weights"),
            ), tuple(Known(name, read_at(name, step)) for name in MODELS)),
            Ruler("Utilisation, decode over prefill", 0.01, 2, (
                Found(own.share, "from output over input", "compute"),
            ), tuple(Known(name, share) for name, share in measured().items())),
            Ruler("Input price over its cost", 0.1, 4, (
                Found(own.margin, "this sheet", "compute"),
            ), (Known("cost", 1.0),)),
            Ruler("Holding a TB for an hour", 1e-3 * TB_HOUR, 6, (
                Found(own.rate, "the write premium pays", "kv"),
            ), (Known("HBM, rented", own.hbm), *(Known(label, bought[key]) for key, (label, _) in TIERS.items()))),
        ), alt="Four logarithmic rulers. The step implies a cache of {kink_bytes}, output over input one of "
               "{ratio_bytes}, and slow weights {weight_bytes}, beside what open models read. Decode would use "
               "{mfu_share} of the utilisation of prefill. Input is sold at {input_over_cost?the|# times the} cost of "
               "its arithmetic. The premium of a write pays for holding at up to {premium_rate}; memory on the chip "
               "costs {hbm_rate}."),
        readouts=(
            Readout(own.kink, "KV bytes from the step", role="kv", lead=True),
            Readout(own.ratio, "from output over input", role="compute"),
            Readout(own.slow, "if decode waits for weights", role="weights"),
            Readout(own.share, "Decode's MFU over prefill's", unit="%"),
            Readout(own.bend, "Bend by output over input"),
            Readout(own.margin, "Input price over its cost"),
            Readout(own.gross, "Gross margin on input", unit="%"),
            Readout(own.covers, "Upper price covers cost to"),
            Readout(own.hits, "Hits that pay for a write"),
            Readout(own.paid, "Bytes kept in HBM, if paid"),
            Readout(own.rate, "Premium pays to hold", unit="USD/TB/hour"),
            Readout(own.hbm, "Rent of memory on the chip", unit="USD/TB/hour"),
        ),
        regimes=(
            Regime("premium pays even for HBM", "kv", own.rate, own.hbm),
            Regime("premium pays for DDR5, not HBM", "kv", own.rate, own.tiers["h_ddr"]),
            Regime("premium pays for flash, not DDR5", "kv", own.rate, own.tiers["h_flash"]),
            Regime("premium pays for a disk only", "kv", own.rate, own.tiers["h_disk"]),
            Regime("premium pays for no tier"),
        ),
        cautions=(
            Caution(own.step, own.bend,
                    "Output over input puts the bend at {bend_from_ratio}, below the step at {L_kink}. At these "
                    "margins the two deductions exclude each other.", "deductions exclude each other"),
            Caution(own.weights, own.one,
                    "In so small a batch reading the weights outlasts the arithmetic: cost has no bend to step at.",
                    "no bend"),
            Caution(own.share, own.one,
                    "Decode would use {mfu_share} of the utilisation of prefill: more than prefill, which reads each "
                    "weight for more tokens. At this mark-up the assumptions exclude each other.",
                    "decode above prefill"),
            Caution(own.cost, own.sold, "Input would be sold below its cost.", "below cost"),
        ),
        summary="{sheet}: the step implies a cache of {kink_bytes}, output over input one of {ratio_bytes}; input is "
                "sold at {input_over_cost?the|# times the} cost of its arithmetic; {regime}.",
    )


def _sliders(step: float) -> tuple[Slider, ...]:
    """What must be assumed, close to the rulers that it moves, and then what the reader may type of the sheet."""
    prices_at, times = log_stops(1e-9, 2e-4), tuple(1 + i / 20 for i in range(61))

    def typed(name: str, label: str, stops: tuple[float, ...], assumed: float, lacks: str, unit: str = "") -> Slider:
        return Slider(name, label, stops, assumed=assumed, unit=unit, given="From the list.", moved="Typed by you.",
                      otherwise=f"Assumed: the list has no {lacks}.")

    return (
        Slider("N_act", "Assumed active parameters", log_stops(3e9, 3e12), start=1e11),
        Slider("batches", "Assumed batch, in balance batches", log_stops(0.1, 100), start=100.0),
        Slider("L", "Assumed context in use", whole_stops(1000, 1e6), start=20_000.0),
        Slider("eta_C", "Assumed share of the peak", tuple(i / 100 for i in range(5, 101)), start=1.0, unit="%"),
        Slider("markup", "Assumed mark-up, output over input", log_stops(0.2, 10), start=1.0),
        Slider("price", "Assumed rent of a chip", tuple(x / 3600 for x in log_stops(0.1, 100)), assumed=2 / 3600,
               unit="USD/hour", given="The rental price in the catalog; those of TPUs are modelled.",
               otherwise="Assumed as DeepSeek did: the catalog has no rental price for this chip.",
               moved="Assumed by you."),
        Slider("kappa_stored", "Assumed bytes kept a token", log_stops(100, 1e7), start=70_000.0, unit="byte"),
        typed("p_in", "List price: input", prices_at, 2e-6, "price", "USD/Mtoken"),
        typed("p_out", "List price: output", prices_at, 1e-5, "price", "USD/Mtoken"),
        typed("p_hit", "List price: cached input", prices_at, 2e-7, "price", "USD/Mtoken"),
        typed("L_kink", "Price steps at", whole_stops(1000, 2e6), step, "step"),
        typed("m_tier", "Output beyond the step, times", times, 1.5, "step"),
        typed("m_write", "Writing to the cache, times input", times, 1.25, "price for writing"),
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(sheet="opus47_48", keep="1h", N_act=3e11)."""
    return build()(**chosen)
