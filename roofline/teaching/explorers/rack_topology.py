"""The explorer of the rack-topology chapter: what does an all-to-all cost once it leaves its rack?"""

from __future__ import annotations

from functools import cache
from typing import Any

from roofline.catalog import MissingFact, chips, models
from roofline.rack_overlap import all_to_all_slowdown_partly, time_across, time_inside
from roofline.rack_topology import (
    all_to_all_slowdown_dedup,
    bandwidth_gap,
    cross_rack_share,
    exchange_batch,
    racks_touched,
    t_weights_domain,
)

from ..explorer import Choice, Explorer, ExplorerWidget, Mark, Readout, Regime, Slider, log_stops, tabulate
from ..explorer.fabric import Fabric

CHIPS = ("A100 80GB", "H100", "H200", "H800", "B200", "GB200", "GB300", "Rubin", "MI300X", "MI355X")
RACKS = tuple(map(float, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 36, 40, 48, 64)))
BYTES_OUT, BYTES_BACK = 1.0, 2.0  # of an element: fp8 to the experts, bf16 back
ASSUMED_OUT = "GB200"  # where no slow network is known; the catalog knows one for every chip above


def _sparse(name: str) -> bool:
    """Whether a model has experts, and its shape is published."""
    try:
        return models[name].at("fp8").get("k", 1) > 1
    except MissingFact:
        return False


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    listed = {chip.name: next(iter(chip.rates)) for chip in (chips[name] for name in CHIPS)}
    sparse = [name for name in models if _sparse(name)]
    return Explorer(
        name="rack_topology",
        title="Drag the racks: what does leaving one cost?",
        choices=(
            Choice("chip", "Chip", {name: name for name in listed}, chips["GB200"].name),
            Choice("model", "Model", {name: name for name in sparse}, models["DeepSeek-V3"].name),
        ),
        tables=(
            tabulate(lambda chip: chips[chip].at(listed[chip]), chip=listed),
            tabulate(lambda model: models[model].at("fp8"), model=sparse),
        ),
        sliders=(
            Slider("R", "Racks that share the layer", RACKS, start=2.0, noun=("rack", "racks")),
            Slider("W_out", "Bandwidth of a chip out of its rack", log_stops(1e10, 2e12, 20),
                   assumed=chips[ASSUMED_OUT].at(listed[ASSUMED_OUT])["W_out"], given="The chip's own network card.",
                   otherwise=f"Assumed as for a {ASSUMED_OUT}.", moved="Assumed by you."),
            Slider("o_net", "Overlap of the two networks", tuple(i / 20 for i in range(21)), start=1.0, unit="%"),
            Slider("m_racks", "Racks that a token may use, at most", RACKS, start=RACKS[-1], noun=("rack", "racks")),
        ),
        fixed={"b_disp": BYTES_OUT, "b_comb": BYTES_BACK},
        chart=Fabric(
            racks="R", chips="n_up", overlap="o_net", gap=bandwidth_gap, stays=time_inside, inside=time_inside,
            across=time_across, total=all_to_all_slowdown_partly, once=all_to_all_slowdown_dedup,
            marks=(
                Mark(exchange_batch, "",
                     "At a batch of {exchange_batch} the crossing takes as long as reading the weights; a larger one "
                     "needs other work to hide behind.",
                     "In one rack nothing crosses.", "network"),
            ),
            alt="A drawing of {R}, each with {n_up} chips of type {chip} on one switch, and a network between them "
                "whose pipes are {bandwidth_gap?as|# times as} narrow. Bars below it: inside the racks an all-to-all "
                "takes {time_inside?what|# times what} it takes in one rack, between them {time_across}, in all "
                "{all_to_all_slowdown_partly}; with one copy for each rack {all_to_all_slowdown_dedup}.",
        ),
        readouts=(
            Readout(all_to_all_slowdown_partly, "Slowdown: times one rack", lead=True),
            Readout(bandwidth_gap, "Bandwidth inside over out", role="network"),
            Readout(cross_rack_share, "Share that leaves its rack", unit="%"),
            Readout(racks_touched, "Racks with a token's experts"),
            Readout(all_to_all_slowdown_dedup, "Slowdown, one copy a rack"),
            Readout(exchange_batch, "Crossing equals weight read at batch", digits=3),
            Readout(t_weights_domain, "Weight read of one rack", role="weights"),
        ),
        regimes=(
            Regime("the fast network decides", "ink", time_inside, time_across),
            Regime("the slow network decides", "network"),
        ),
        summary="An all-to-all over {R} of {chip} takes {all_to_all_slowdown_partly?as|# times as} long as in one "
                "rack: {cross_rack_share} of the bytes leave, over links {bandwidth_gap?as|# times as} slow, and "
                "{regime}.",
    )


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(chip="H800", R=18)."""
    return build()(**chosen)
