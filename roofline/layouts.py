"""On how few chips does a model fit as it is laid out?

An even spread has a formula for it, `kv_memory.fewest_chips`. With whole experts, whole KV heads and whole sequences
several things are rounded at once, and the fewest chips are searched for.

Examples
--------
>>> from roofline import chips, models
>>> from roofline.layouts import Layout, fewest_chips_laid, smallest_layout
>>> Layout(tp=8, dp=4, stages=2).chips
64
>>> machine, model = chips["GB200"].at("fp8"), models["DeepSeek-V3"].at(weights="fp8", kv="bf16")
>>> names = ("b_w", "N_tot", "N_act", "E", "k", "kappa_stored", "kappa_stored_cap", "L_stored_cap")
>>> given = {name: model[name] for name in names} | {"M": machine["M"], "B": 64, "L": 8192, "n_kv": 1}
>>> smallest_layout(**given)
Layout(tp=1, dp=5, stages=1)
>>> fewest_chips_laid(**given)
5
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from . import kv_memory


@dataclass(frozen=True)
class Layout:
    """Stages of tp*dp chips, each of which shares the experts of its layers among all of them.

    Attributes
    ----------
    tp, dp, stages : int
        Chips that share a weight matrix, groups of these in a stage, and pipeline stages.
    """

    tp: int
    dp: int
    stages: int = 1

    @property
    def chips(self) -> int:
        return self.tp * self.dp * self.stages

    def inputs(self) -> dict[str, float]:
        """As inputs of the formulas, with as many micro-batches in flight as stages."""
        return {"tp": self.tp, "dp": self.dp, "ep": self.tp * self.dp, "P": self.stages, "m_b": self.stages}


def smallest_layout(*, tps: Sequence[int] = (1, 2, 4, 8), stages: int = 1, **given: float) -> Layout | None:
    """The layout on the fewest chips that holds the weights and the caches of a batch, or None if there is none.

    For a group size, more groups never ask more of a chip, and nothing changes once each has one sequence and one
    expert at most; so the fewest groups are found by halving.

    Parameters
    ----------
    tps : sequence of int
        Group sizes to choose from; of two layouts on equally many chips, that with the smaller groups.
    stages : int
        Pipeline stages, with a batch in flight for each.
    **given : float
        Inputs of `kv_memory.stage_memory_laid` and `usable_memory` but the layout, in base units.

    Raises
    ------
    ValueError
        If a group size or the number of stages is not a whole number of 1 or more, or an input is out of its domain.
    """
    for name, values in (("tps", tps), ("stages", (stages,))):
        if not values or any(not isinstance(v, int) or v < 1 for v in values):
            raise ValueError(f"{name}: expected whole numbers of 1 or more, got {values!r}")
    enough = math.ceil(max(given.get("B", 1), given.get("E", 1) + given.get("E_red", 0)))

    usable = kv_memory.usable_memory(given)

    def fits(layout: Layout) -> bool:
        return bool(kv_memory.stage_memory_laid(given, layout.inputs()) <= usable)

    found = []
    for tp in tps:
        if fits(Layout(tp, enough, stages)):
            low, high = 0, enough  # too few groups, and enough
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if fits(Layout(tp, middle, stages)) else (middle, high)
            found.append(Layout(tp, high, stages))
    return min(found, key=lambda layout: (layout.chips, layout.tp), default=None)


def fewest_chips_laid(*, tps: Sequence[int] = (1, 2, 4, 8), stages: int = 1, **given: float) -> float:
    """Chips of `smallest_layout`; math.inf if no number of them is enough."""
    layout = smallest_layout(tps=tps, stages=stages, **given)
    return layout.chips if layout else math.inf
