"""The explorer of the chapter on over-training: how large a model, on how much data, for so many users?

The cheapest model of a given loss is the root of an equation in the later cost over that of pre-training. Python and
the page solve it alike; everything else are the chapter's formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sympy import sympify

from roofline import over_training as book
from roofline.algebra import Formula, Notation, javascript
from roofline.catalog import disclosures, models
from roofline.notation import D, D_inf, D_one, D_rl, N_act, N_one, notation, x_inf, x_rl
from roofline.scaling_laws import Law, later_cost_of_cheapest, published

from ..explorer import Caution, Choice, Explorer, ExplorerWidget, Mark, Readout, Regime, Slider, log_stops, tabulate
from ..explorer.bars import Bars, Pair
from ..explorer.parts import Supply

LAWS = {
    "chinchilla_besiroglu": "Chinchilla, refitted (Besiroglu et al. 2024)",
    "chinchilla_hoffmann/unrounded": "Chinchilla, as fitted (Hoffmann et al. 2022)",
    "chinchilla_hoffmann": "Chinchilla, as printed",
    "datablations_muennighoff": "Muennighoff et al. 2023, one power for both",
}
SERVED = {"generated": "all generated", "mixed": "prompts and answers as in DeepSeek's service"}
DAY = 86_400.0
LIVES = (7, 14, 30, 60, 90, 120, 180, 270, 365, 545, 730, 1095)
HALVINGS = 100
SOLVE = """((parts) => (given) => {
  const at = (x_inf) => parts({ ...given, x_inf }), { later, same } = at(0);
  let low = 0, high = (2 * later) / same;
  for (let i = 0; i < HALVINGS; i += 1) {
    const x = (low + high) / 2;
    if (x * at(x).growth < later / same) low = x; else high = x;
  }
  return { x_later: (low + high) / 2 };
})"""


def mix(served: str) -> dict[str, float]:
    """Shares of the served tokens that are generated, and of the prompts' that a cache holds."""
    if served == "generated":
        return {"s_dec": 1.0, "s_reused": 0.0}
    seen = disclosures["deepseek_inference_overview"]
    return {
        "s_dec": seen["output"] / (seen["input"] + seen["output"]),
        "s_reused": seen["cached_input"] / seen["input"],
    }


class Lives:
    """The chapter's formulas for the cheapest model and for the compute-optimal one of the same loss."""

    def __init__(self) -> None:
        self.notation: Notation = notation.child()
        good = self.notation.symbol("N_good", "N_0", "parameter", "size of the compute-optimal model that is as good")
        solved = self.notation.symbol("x_later", "x", "1", "later cost over that of pre-training", "nonnegative")
        most = self.notation.symbol("D_most", "D", "token", "most training data published for a model")
        rule = self.notation.symbol("tau_rule", "t", "token/parameter", "tokens per parameter of the rule of thumb")
        cheapest: dict[Any, Any] = {x_rl: 0, x_inf: solved}
        self.later = sympify(book.later_tokens).subs(D_inf, book.served_tokens)
        self.same = sympify(book.matched_tokens).subs(N_act, good)
        size = good * sympify(book.size_at_optimum).subs(cheapest)
        data = self.same * sympify(book.data_at_optimum).subs(cheapest)

        put = self.notation.define

        def phases(which: str, n: Any, d: Any) -> tuple[Formula, ...]:
            """Chip time of the three phases and of all, as arithmetic of training."""
            once, rl, served = map(sympify, (book.train_flops, book.rl_weight, book.inference_weight))
            shares = [D, rl * D_rl, served * sympify(book.served_tokens)]
            parts = [once.subs(D, share).subs({N_act: n, D: d}, simultaneous=True) for share in shares]
            told = zip(("pre-training", "reinforcement learning", "serving"), parts, strict=True)
            made = [put(f"{which}_{i}", part, "FLOP", f"cost of {words}") for i, (words, part) in enumerate(told)]
            return (*made, put(f"{which}_all", sum(parts), "FLOP", "cost of a model's life"))

        self.cheap, self.plain = phases("cheapest", size, data), phases("plain", good, self.same)
        ratio = data / size
        self.size = put("best_size", size, "parameter", "size of the cheapest model")
        self.data = put("best_data", data, "token", "training data of the cheapest model")
        self.ratio = put("best_ratio", ratio * N_one / D_one, "1", "tokens per parameter of the cheapest model")
        self.over = put("best_over", sympify(book.over_training_at_optimum).subs(cheapest), "1", "over-training")
        self.rule = put("best_rule", ratio / rule, "1", "training data over those of the rule of thumb")
        self.saved = put("best_saves", 1 - sympify(self.cheap[3]) / sympify(self.plain[3]), "1", "share that is saved")
        self.times = put("later_times", solved * 1, "1", "later cost over that of pre-training")
        self.loss = put("best_loss", sympify(book.training_loss).subs({N_act: good, D: self.same}), "1", "loss, nats")
        self.served = put("all_served", book.served_tokens, "token", "tokens that the model is expected to serve")
        self.learnt = put("all_learnt", D_rl * 1, "token", "tokens of reinforcement learning")
        self.asked = put("good_data", self.same, "token", "training data of the compute-optimal model")
        self.most = put("most_data", most * 1, "token", "most training data published for a model")
        later = sympify(self.cheap[1]) + sympify(self.cheap[2])
        self.rest = put("cheapest_later", later, "FLOP", "cost after pre-training")

    def supply(self) -> Supply:
        """The later cost over that of pre-training, for the cheapest model."""
        growth = sympify(book.data_at_optimum).subs(x_rl, 0)
        parts = {"later": self.later, "same": self.same, "growth": growth}
        taken = sorted({s.name for part in parts.values() for s in part.free_symbols})
        needs = tuple(name for name in taken if name != "x_inf")
        script = SOLVE.replace("HALVINGS", str(HALVINGS))
        return Supply(("x_later",), needs, solved, f"{script}({javascript(parts, taken)})")


def solved(at: Mapping[str, float]) -> dict[str, float]:
    """The twin of SOLVE: x times the growth of the data is the later tokens over the data of the plain model."""
    law = Law(at["loss_floor"], at["A_N"], at["A_D"], at["alpha_N"], at["alpha_D"])
    known = {name: at[name] for name in at if name in notation.inputs}
    later = book.later_tokens(known, D_inf=book.served_tokens(known))
    return {"x_later": later_cost_of_cheapest(law, at["N_good"], later)}


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    lives = Lives()
    most = max(model.training_tokens or 0 for model in models.values())
    return Explorer(
        name="over_training",
        title="For so many users: how large a model, on how much data?",
        notation=lives.notation,
        choices=(
            Choice("law", "Loss by the law of", LAWS, "chinchilla_besiroglu"),
            Choice("served", "Served tokens", SERVED, "generated"),
        ),
        tables=(
            tabulate(lambda law: published(law).at(), law=LAWS),
            tabulate(mix, served=SERVED),
        ),
        sliders=(
            Slider("traffic", "Traffic of the model", log_stops(1e4, 1e10, 20), start=5e7),
            Slider("N_good", "As good as a compute-optimal model of", log_stops(1e9, 1e13, 20), start=5e11),
            Slider("lifetime", "Time in service", tuple(DAY * days for days in LIVES), start=60 * DAY),
            Slider("p_ship", "Chance of being served at all", tuple(i / 20 for i in range(1, 21)), start=1.0, unit="%"),
            Slider("eta_dec", "Decode slower than training by", tuple(1 + i / 4 for i in range(37)), start=3.0),
            Slider("D_rl", "Tokens of reinforcement learning", log_stops(1e9, 1e16, 10), start=1e13),
            Slider("f_rl", "Share of rollouts trained on", tuple(i / 20 for i in range(21)), start=0.5, unit="%"),
        ),
        fixed={"tau_rule": disclosures["chinchilla_hoffmann"]["tokens_per_parameter"], "D_most": most},
        supply=lives.supply(),
        chart=Bars(
            rows=tuple(
                Pair(label, first, second, "compute")
                for label, first, second in zip(
                    ("Pre-training", "Reinforcement learning", "Serving", "All of its life"),
                    lives.cheap, lives.plain, strict=True)
            ),
            names=("the cheapest model", "the compute-optimal one of equal loss"),
            marks=(
                Mark(lives.learnt, "", "This counts {D_rl} of reinforcement learning; the example in the text has "
                                       "none.", ""),
            ),
            alt="Pairs of bars, the cost of each phase in chip time as arithmetic of training. For the cheapest model, "
                "of {best_size}: pre-training {cheapest_0}, reinforcement learning {cheapest_1}, serving {cheapest_2}, "
                "together {cheapest_all}. For the compute-optimal model of the same loss, of {N_good}: {plain_0}, "
                "{plain_1}, {plain_2}, together {plain_all}.",
        ),
        readouts=(
            Readout(lives.size, "Cheapest model, active parameters", lead=True),
            Readout(lives.data, "Its training data"),
            Readout(lives.ratio, "Tokens per parameter"),
            Readout(lives.rule, "Over the rule of 20", unit="1"),
            Readout(lives.over, "Over what this law calls optimal", unit="1"),
            Readout(lives.times, "Later cost over pre-training's", unit="1"),
            Readout(lives.saved, "Saved over the compute-optimal model", unit="%"),
            Readout(lives.served, "Tokens expected to be served"),
            Readout(lives.loss, "Loss of both, nats per token", digits=4),
        ),
        regimes=(
            Regime("training is the dearer part", "compute", lives.cheap[0], lives.rest),
            Regime("what comes later is the dearer part"),
        ),
        cautions=(
            Caution(lives.data, lives.most,
                    "These are more than the {most_data} that are the most published for a model: would there be "
                    "such text?", "beyond published data"),
        ),
        summary="A model as good as a compute-optimal one of {N_good} and {good_data} that is to serve {all_served} "
                "should have {best_size} and {best_data} of training: {best_rule?the|# times the} rule of 20. That "
                "saves {best_saves} of the cost of its life; what comes later costs {later_times?as much as|# times} "
                "its pre-training.",
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(law="chinchilla_hoffmann", traffic=1e8)."""
    return build()(**chosen)
