"""The explorer of the pipelining chapter: in which order do stages work, how long do they idle, what do they hold?"""

from __future__ import annotations

from functools import cache
from typing import Any

import roofline.pipelining  # noqa: F401  its formulas are named below
from roofline.notation import notation

from ..explorer import Caution, Choice, Explorer, ExplorerWidget, Readout, Regime, Slider, Table
from ..explorer.schedule import CODES, SchedulePicture, supply

MS, ROUNDING = 1e-3, 1e-9
SCHEDULES = {
    "gpipe": ("GPipe: all forward, then all backward", "gpipe", 1),
    "1f1b": ("1F1B: one forward, one backward", "1f1b", 1),
    "interleaved-2": ("1F1B, interleaved: 2 chunks a stage", "interleaved", 2),
    "interleaved-4": ("1F1B, interleaved: 4 chunks a stage", "interleaved", 4),
    "zb-h1": ("Zero bubble H1: weights wait", "zb-h1", 1),
    "zb-h2": ("Zero bubble H2: twice as many ahead", "zb-h2", 1),
}
PASSES = {
    "equal": ("all alike", (10, 10, 10)),
    "light": ("weights half as long", (10, 10, 5)),
    "heavy": ("weights twice as long", (10, 10, 20)),
    "deep": ("backward twice as long", (10, 20, 10)),
}


def _own() -> Any:
    """The book's notation, and what a run of a schedule gives."""
    own = notation.child()
    own.symbol("schedule_code", r"c", "1", "which order the stages work in", "nonnegative")
    own.symbol("m_run", r"m", "1", "micro-batches that were run", "at least one")
    own.symbol("t_span", r"t", "s", "time from the first start to the last end", "positive")
    own.symbol("t_work", r"t", "s", "work of one stage", "positive")
    own.symbol("t_inside", r"t", "s", "longest idle time between a stage's own first and last work", "nonnegative")
    own.symbol("n_held", r"n", "1", "most activations that a stage holds, in those of one micro-batch", "nonnegative")

    @own.formula("s", "t")
    def step_time(t_span):
        """Time of one optimizer step, the update itself aside."""
        return t_span

    @own.formula("1", "x")
    def idle_over_work(t_span, t_work):
        """Idle time of a stage over its work."""
        return t_span / t_work - 1

    @own.formula("1", "f")
    def idle_over_step(t_span, t_work):
        """Idle time of a stage over the whole step."""
        return 1 - t_work / t_span

    @own.formula("1", "x")
    def inside_over_work(t_inside, t_work):
        """Longest idle time inside a stage over its work: the bubble if steps may end apart."""
        return t_inside / t_work

    @own.formula("1", "n")
    def micro_batches_held(n_held):
        """Most activations that one stage holds."""
        return n_held

    @own.formula("1", "m")
    def micro_batches_run(m_run):
        """Micro-batches of the step."""
        return m_run

    @own.formula("1", "m")
    def micro_batches_asked(m_b):
        """Micro-batches that were asked for."""
        return m_b

    @own.formula("s", "t")
    def gpipe_step(t_work, bubble_gpipe):
        """Time of the step under GPipe with these micro-batches."""
        return t_work + bubble_gpipe

    @own.formula("s", "t")
    def step_rounded_up(t_span):
        """Time of the step, with room for rounding."""
        return (1 + ROUNDING) * t_span

    @own.formula("s", "t")
    def least_idle(bubble_least):
        """Idle time that no schedule in one direction avoids if all stages end a step together."""
        return bubble_least

    @own.formula("s", "t")
    def idle_rounded_down(t_span, t_work):
        """Idle time of a stage, with room for rounding."""
        return (1 - ROUNDING) * (t_span - t_work)

    return own


@cache
def build() -> Explorer:
    """The description; made once, when first shown."""
    own = _own()
    f = own.formulas
    codes: dict[tuple[str, ...], dict[str, float]] = {
        (key,): {"schedule_code": float(CODES[name]), "v_chunks": float(chunks)}
        for key, (_, name, chunks) in SCHEDULES.items()
    }
    times: dict[tuple[str, ...], dict[str, float]] = {
        (key,): dict(zip(("t_f", "t_b", "t_w"), (MS * t for t in each), strict=True))
        for key, (_, each) in PASSES.items()
    }
    return Explorer(
        name="pipelining",
        title="Play a training step: which stages idle, and when?",
        choices=(
            Choice("schedule", "Order of work", {key: words for key, (words, *_) in SCHEDULES.items()}, "1f1b"),
            Choice("passes", "Duration of the passes", {key: words for key, (words, _) in PASSES.items()}, "equal"),
        ),
        tables=(Table(("schedule",), codes), Table(("passes",), times)),
        sliders=(
            Slider("P", "Stages", tuple(map(float, range(2, 9))), start=4.0, noun=("stage", "stages")),
            Slider("m_b", "Micro-batches in a step", tuple(map(float, range(1, 25))), start=8.0,
                   noun=("micro-batch", "micro-batches")),
            Slider("t_link", "Time from stage to stage", tuple(x * MS for x in (0, 0.1, 0.2, 0.5, 1, 2, 5, 10)),
                   start=0.0),
        ),
        chart=SchedulePicture(
            "The order of work of {P} with {m_b}, as boxes in time: {schedule}. The step takes {step_time}; a "
            "stage idles for {idle_over_step} of it and holds the activations of at most "
            "{micro_batches_held?# micro-batch|# micro-batches}."),
        readouts=(
            Readout(f["idle_over_step"], "Idle, of the step", unit="%", lead=True),
            Readout(f["idle_over_work"], "Idle, over work", unit="%"),
            Readout(f["inside_over_work"], "of it inside a stage, at most", unit="%"),
            Readout(f["step_time"], "Time of the step"),
            Readout(f["gpipe_step"], "under GPipe"),
            Readout(f["micro_batches_held"], "Micro-batches held, at most"),
            Readout(f["least_idle"], "Idle, at the least"),
        ),
        regimes=(
            Regime("as little idle as one direction allows", "kv", f["least_idle"], f["idle_rounded_down"]),
            Regime("no faster than GPipe", "compute", f["step_rounded_up"], f["gpipe_step"]),
            Regime("faster than GPipe", "weights"),
        ),
        cautions=(
            Caution(f["micro_batches_run"], f["micro_batches_asked"],
                    "Interleaving takes micro-batches in groups of as many as there are stages: {micro_batches_run} "
                    "are run.", "rounded up"),
        ),
        summary="{schedule}. {P} with {m_b} take {step_time}; a stage idles for {idle_over_step} of the step and "
                "holds the activations of at most {micro_batches_held?# micro-batch|# micro-batches}.",
        notation=own,
        supply=supply(),
    )  # fmt: skip


def explorer(**chosen: Any) -> ExplorerWidget:
    """The explorer, with some controls set: explorer(schedule="zb-h1", P=8, m_b=16)."""
    return build()(**chosen)
