"""The explorer of the title page: what does a million tokens cost on a rented machine, alone and in company?

The formulas are those of the first chapter, with the cost split into what is paid for weights, caches and arithmetic.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from roofline import batch_size as book
from roofline.algebra import Notation
from roofline.catalog import chips, models
from roofline.notation import B, n, notation, price, q

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

CHIPS = ("H100", "H200", "B200", "MI300X")  # each with a rental price in the catalog
IN_A_BOX = 8
PRECISION = "fp8"  # of arithmetic, weights and caches alike
MODELS = ("Llama-3.1-405B", "Llama-3-70B", "Qwen3-32B")  # dense: a lone user reads every weight too
MILLION = 1e6


class Bill:
    """What tokens cost by the first chapter's formulas, in a notation that knows how many are bought."""

    def __init__(self) -> None:
        self.notation: Notation = notation.child()
        bought = self.notation.symbol("bought", "x", "token", "tokens that are bought", "positive")
        rent = n * price * bought / (q * B)
        define = self.notation.define
        self.whole = define("bill", book.cost_per_token * bought, "USD", "cost of the tokens that are bought")
        self.weights = define("bill_weights", rent * book.t_weights, "USD", "cost of reading weights")
        self.kv = define("bill_kv", rent * book.t_kv, "USD", "cost of reading KV caches")
        self.rent = define("rent", price, "USD/s", "rent of one chip")
        self.compute = define("bill_compute", rent * book.t_compute, "USD", "cost of arithmetic")


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    bill = Bill()
    return Explorer(
        name="front",
        title="What does a million tokens cost? Let more users share the machine.",
        choices=(
            Choice("chip", "Rented machine", {name: f"{IN_A_BOX} × {name}" for name in CHIPS}, "H200"),
            Choice("model", f"Model, all in {PRECISION}", {name: name.replace("-", " ") for name in MODELS}, MODELS[0]),
        ),
        tables=(
            tabulate(lambda chip: chips[chip].at(PRECISION, n=IN_A_BOX), chip=CHIPS),
            tabulate(lambda model: models[model].at(weights=PRECISION, kv=PRECISION), model=MODELS),
        ),
        sliders=(
            Slider("B", "Users who share each pass", whole_stops(1, 1e4), start=1.0, digits=5, noun=("user", "users")),
            Slider("L", "Context of each", whole_stops(100, 1e6), start=1000.0, digits=4),
        ),
        chart=picture(bill),
        readouts=(
            Readout(bill.whole, "A million tokens cost", lead=True),
            Readout(book.tokens_per_s_user, "Speed for each user"),
            Readout(book.tokens_per_s, "Speed of the machine"),
            Readout(book.mfu, "Arithmetic in use, at best", unit="%"),
            Readout(bill.rent, "Rent of each chip", unit="USD/hour"),
        ),
        regimes=(
            Regime("waits for arithmetic", "compute", book.t_compute, book.t_memory),
            Regime("waits for weights", "weights", book.t_weights, book.t_kv),
            Regime("waits for KV caches", "kv"),
        ),
        cautions=(
            Caution(book.t_memory, book.t_drain, "This does not fit: weights and caches are larger than the memory.",
                    "does not fit"),
        ),
        summary="{chip} with {model}, shared by {B}, {B?with|each with} {L} of context: a million tokens cost {bill}, "
                "and each user gets {tokens_per_s_user}. The machine {regime}.",
        fixed={"bought": MILLION},
        notation=bill.notation,
    )


def picture(bill: Bill) -> Panels:
    """Cost against batch, its parts beside the whole; lower than a chart of a chapter, to fit a first screen."""
    chart = Chart(
        x="B", x_label="users who share each pass", y_label="cost of a million tokens", dot=bill.whole, alt="",
        curves=(
            Curve(bill.whole, "cost", style="envelope"),
            Curve(bill.weights, "weights", "weights"),
            Curve(bill.kv, "KV cache", "kv"),
            Curve(bill.compute, "compute", "compute"),
        ),
        marks=(
            Mark(book.balance_batch_kv, "arithmetic takes over: {balance_batch_kv}",
                 "Up to {balance_batch_kv} users the machine waits for memory, and company is cheap; beyond, it waits "
                 "for arithmetic, and company slows everybody.",
                 "However many share, the caches take longer to read than the arithmetic.", "compute"),
        ),
    )  # fmt: skip
    alt = ("Cost of a million tokens against the users who share each pass, both on log scales, for {model} on {chip}: "
           "the share for reading weights falls, those for caches and arithmetic are level, and the cost follows the "
           "larger of arithmetic and reads. At {B} it is {bill}.")  # fmt: skip
    return Panels(titles=("",), charts=(chart,), alt=alt, height=0.7)


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(chip="B200", B=64)."""
    return build()(**chosen)
