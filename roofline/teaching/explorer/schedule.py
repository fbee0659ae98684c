"""A picture that an explorer can draw: the schedule of a pipeline, to play, pause and step, with what each stage holds.

The page runs the schedule itself; its orders and its run are twins of `roofline.schedules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ...algebra import Formula
from ...schedules import Timeline, named, simulate
from .. import palette
from .parts import Mark, Slider, Supply

CODES = {"gpipe": 0, "1f1b": 1, "interleaved": 1, "zb-h1": 2, "zb-h2": 3}  # the input schedule_code
NEEDED = ("schedule_code", "P", "m_b", "v_chunks", "t_f", "t_b", "t_w", "t_link")
SUPPLIED = ("m_run", "t_span", "t_work", "t_inside", "n_held")
KINDS = {"F": "forward", "B": "backward", "W": "weights"}
NAMES = {"F": "forward", "B": "backward, to inputs", "W": "backward, to weights", "idle": "idle"}


def timeline(at: Mapping[str, float]) -> Timeline:
    """The schedule that the inputs describe, run; interleaving rounds micro-batches up to a multiple of the stages."""
    stages, micro_batches, chunks = (int(at[name]) for name in ("P", "m_b", "v_chunks"))
    code = int(at["schedule_code"])
    name = "interleaved" if chunks > 1 else next(n for n, c in CODES.items() if c == code)
    if chunks > 1:
        micro_batches = -(-micro_batches // stages) * stages
    schedule = named(name, stages, micro_batches, chunks)
    forward, backward, weights = (at[name] / chunks for name in ("t_f", "t_b", "t_w"))
    return simulate(schedule, forward, backward, weights, at["t_link"])


def measured(at: Mapping[str, float]) -> dict[str, float]:
    """What a run gives to the formulas: the twin of `supply` in schedule.js."""
    ran = timeline(at)
    work = ran.schedule.micro_batches * (at["t_f"] + at["t_b"] + at["t_w"])
    return {
        "m_run": float(ran.schedule.micro_batches),
        "t_span": float(ran.makespan),
        "t_work": work,
        "t_inside": max(0.0, float(ran.idle_inside.max())),
        "n_held": float(ran.held().max()) / int(at["v_chunks"]),
    }


def supply() -> Supply:
    """The inputs in SUPPLIED, from a run of the schedule; the picture draws that same run."""
    script = files(__package__).joinpath("schedule.js").read_text(encoding="utf-8")
    return Supply(SUPPLIED, NEEDED, measured, f"(() => {{\n{script}\n}})()")


@dataclass(frozen=True)
class SchedulePicture:
    """Stages as rows, passes as boxes against time, and the activations that each stage holds. Needs `supply`."""

    alt: str
    marks: tuple[Mark, ...] = ()
    kind: str = "schedule"
    drawing: str = "supplied.draw"

    def formulas(self) -> list[Formula]:
        return []

    def roles(self) -> list[str]:
        return []

    def along(self) -> list[str]:
        return []

    def spec(self, sliders: Mapping[str, Slider]) -> dict[str, Any]:
        return {"colors": {kind: palette.PASSES[name] for kind, name in KINDS.items()}, "names": NAMES}
