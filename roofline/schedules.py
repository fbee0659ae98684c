"""When does each stage of a pipeline work, and what does it hold meanwhile? A schedule run event by event.

A stage takes its operations in order, one at a time. A forward pass waits for that of the position before it, a
backward pass for that of the position behind it; between stages a result travels for a given time, and nobody is busy
with it. Times in whole numbers stay whole, so that the closed forms of `pipelining` can be met exactly.

Examples
--------
Four stages, eight micro-batches: the bubble of both is 3/8 of the work, but 1F1B holds half as much.

>>> from roofline.schedules import bubble, micro_batches_held, named, simulate
>>> bubble("gpipe", 4, 8), bubble("1f1b", 4, 8), bubble("interleaved", 4, 8, chunks=2)
(Fraction(3, 8), Fraction(3, 8), Fraction(3, 16))
>>> micro_batches_held("gpipe", 4, 8), micro_batches_held("1f1b", 4, 8)
(8.0, 4.0)
>>> run = simulate(named("1f1b", stages=4, micro_batches=8))
>>> int(run.makespan), run.idle.tolist(), run.bubble_over_total
(33, [9, 9, 9, 9], Fraction(3, 11))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np

from .schedule_orders import (
    BW,
    KINDS,
    B,
    F,
    Schedule,
    ScheduleError,
    decode,
    dualpipe,
    gpipe,
    interleaved,
    one_f_one_b,
    written,
    zero_bubble,
)

__all__ = [
    "KINDS", "Schedule", "ScheduleError", "Timeline", "bubble", "decode", "dualpipe", "gpipe", "interleaved",
    "micro_batches_held", "named", "one_f_one_b", "simulate", "written", "zero_bubble",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Timeline:
    """A schedule with times: entry i of `start` and `end` is when operation i of the schedule runs.

    Attributes
    ----------
    schedule : Schedule
        Its arrays `stage`, `micro_batch`, `kind` (an index into KINDS) and `position` go with the times, for drawing.
    start, end : arrays of shape (operations,), whole numbers if all durations were
    """

    schedule: Schedule
    start: np.ndarray
    end: np.ndarray

    @property
    def chunk(self) -> np.ndarray:
        """Which of its chunks a stage works on: 0 everywhere without interleaving."""
        return self.schedule.position // self.schedule.stages

    @property
    def makespan(self) -> Any:
        """Time from the first start to the last end, over all stages."""
        return self.end.max() - self.start.min()

    @property
    def busy(self) -> np.ndarray:
        """Time that each stage works, shape (stages,)."""
        return np.add.reduceat(self.end - self.start, self.schedule.first[:-1])

    @property
    def idle(self) -> np.ndarray:
        """Time that each stage idles between the first start and the last end of all, shape (stages,)."""
        return self.makespan - self.busy

    @property
    def idle_inside(self) -> np.ndarray:
        """Time that each stage idles between its own first start and last end: the bubble if steps may end apart."""
        first = self.schedule.first
        return self.end[first[1:] - 1] - self.start[first[:-1]] - self.busy

    @property
    def bubble_over_ideal(self) -> Fraction | float:
        """Idle over working time of all stages; exact for whole numbers."""
        return _quotient(self.idle.sum(), self.busy.sum())

    @property
    def bubble_over_total(self) -> Fraction | float:
        """Idle over all time of all stages; exact for whole numbers."""
        return _quotient(self.idle.sum(), self.idle.sum() + self.busy.sum())

    def held(self, kept: float = 1) -> np.ndarray:
        """Most activations that each stage holds, in those of one micro-batch at one position; shape (stages,).

        Parameters
        ----------
        kept : number from 0 to 1
            Share that B leaves behind for W. A whole backward pass frees all at its end.
        """
        if isinstance(kept, bool) or not isinstance(kept, Real) or not 0 <= kept <= 1:
            raise ValueError(f"kept = {kept!r}: expected a number from 0 to 1")
        change = np.array([1, kept - 1, -kept, -1])[self.schedule.kind]
        total = np.cumsum(change)
        before = np.concatenate([[0], total])[self.schedule.first[:-1]]
        return np.maximum.reduceat(total, self.schedule.first[:-1]) - before


def _quotient(above: Any, below: Any) -> Fraction | float:
    exact = isinstance(above, np.integer) and isinstance(below, np.integer)
    return Fraction(int(above), int(below)) if exact else float(above / below)


Duration = float | Sequence[float] | np.ndarray


def simulate(
    schedule: Schedule, forward: Duration = 1, backward: Duration = 1, weights: Duration = 1, link: float = 0
) -> Timeline:
    """Run a schedule.

    Parameters
    ----------
    schedule : Schedule
    forward, backward, weights : number, or array of shape (positions,)
        Duration of F, B and W of one micro-batch at one position; BW takes as long as B and W together.
    link : number
        Time that a result travels from one stage to another.

    Raises
    ------
    ScheduleError
        If stages wait for each other in a circle; the message names it.
    ValueError
        If a duration is not positive, or `link` is negative.
    """
    times = _durations(schedule, forward, backward, weights, link)
    needs, far = _needs(schedule)
    lag = np.where(far, times.dtype.type(link), 0).tolist()
    end, at = _run(schedule.first.tolist(), needs.tolist(), lag, times.tolist())
    if (np.array(at) < schedule.first[1:]).any():
        raise ScheduleError(_deadlock(schedule, needs, at))
    ended = np.array(end, dtype=times.dtype)
    return Timeline(schedule, ended - times, ended)


def _durations(schedule: Schedule, forward: Any, backward: Any, weights: Any, link: Any) -> np.ndarray:
    """Duration of each operation: an integer array if all that was given is whole."""
    rows = []
    for name, given in (("forward", forward), ("backward", backward), ("weights", weights)):
        row = np.asarray(given)
        if row.dtype.kind not in "iuf" or row.shape not in ((), (schedule.depth,)) or not (row > 0).all():
            raise ValueError(
                f"{name} = {given!r}: expected a positive number, or one for each of {schedule.depth} positions"
            )
        rows.append(np.broadcast_to(row, schedule.depth))
    if np.asarray(link).dtype.kind not in "iuf" or np.ndim(link) or not 0 <= link < np.inf:
        raise ValueError(f"link = {link!r}: expected a number of at least 0")
    table = np.stack([*rows, rows[1] + rows[2]])
    if not np.isfinite(table).all():
        raise ValueError("durations: expected finite numbers")
    return table.astype(np.result_type(table, np.asarray(link)))[schedule.kind, schedule.position]


def _needs(schedule: Schedule) -> tuple[np.ndarray, np.ndarray]:
    """For each operation, the one of another position that it waits for (-1 if none), and whether a link lies between.

    What it needs of its own position stands before it on its own stage, so needs no waiting.
    """
    depth, stage = schedule.depth, schedule.stage
    forward, backward, _ = schedule.places()
    cell = schedule.micro_batch * depth + schedule.position
    needs = np.full(len(cell), -1, dtype=np.int64)
    ahead = (schedule.kind == F) & (schedule.position > 0)
    needs[ahead] = forward[cell[ahead] - 1]
    behind = ((schedule.kind == B) | (schedule.kind == BW)) & (schedule.position < depth - 1)
    needs[behind] = backward[cell[behind] + 1]
    return needs, (needs >= 0) & (stage[needs] != stage)


def _run(first: list[int], needs: list[int], lag: list[Any], times: list[Any]) -> tuple[list[Any], list[int]]:
    """End of each operation, and how far each stage came. A stage runs until it must wait, and is woken by name."""
    end, sleeper = [-1] * len(times), [-1] * len(times)
    at, clock = first[:-1], [0] * (len(first) - 1)
    ready = list(range(len(at)))
    while ready:
        s = ready.pop()
        now = clock[s]
        for i in range(at[s], first[s + 1]):
            need = needs[i]
            if need >= 0:
                come = end[need]
                if come < 0:
                    sleeper[need] = s
                    break
                come += lag[i]
                if come > now:
                    now = come
            now += times[i]
            end[i] = now
            if sleeper[i] >= 0:
                ready.append(sleeper[i])
        else:
            i = first[s + 1]
        at[s], clock[s] = i, now
    return end, at


def _deadlock(schedule: Schedule, needs: np.ndarray, at: list[int]) -> str:
    """The circle of waiting stages, in one sentence."""
    stage = schedule.stage
    s = next(s for s in range(schedule.stages) if at[s] < schedule.first[s + 1])
    seen: list[int] = []
    while s not in seen:
        seen.append(s)
        s = int(stage[needs[at[s]]])
    circle = [at[s] for s in seen[seen.index(s) :]]
    waits = [f"{schedule.name(i)} waits for {schedule.name(int(needs[i]))}" for i in circle]
    return "the schedule deadlocks: " + ", and ".join(waits)


# By name


NAMED: dict[str, Callable[..., Schedule]] = {
    "gpipe": gpipe,
    "1f1b": one_f_one_b,
    "interleaved": interleaved,
    "zb-h1": zero_bubble,
    "zb-h2": lambda stages, micro_batches: zero_bubble(stages, micro_batches, ahead=2),
    "dualpipe": dualpipe,
}


def named(name: str, stages: int, micro_batches: int, chunks: int = 1) -> Schedule:
    """The schedule called gpipe, 1f1b, interleaved (which takes `chunks`), zb-h1, zb-h2 or dualpipe."""
    if name not in NAMED:
        raise ValueError(f"name = {name!r}: expected one of {', '.join(NAMED)}")
    if name == "interleaved":
        return interleaved(stages, micro_batches, chunks)
    if chunks != 1:
        raise ValueError(f"chunks = {chunks!r}: only an interleaved schedule has more than 1")
    return NAMED[name](stages, micro_batches)


def bubble(
    name: str, stages: int, micro_batches: int, chunks: int = 1, over: str = "ideal", **durations: Any
) -> Fraction | float:
    """Idle time of a schedule by name, simulated, over its work ("ideal") or over its whole time ("total").

    Parameters
    ----------
    name, stages, micro_batches, chunks
        As in `named`.
    durations
        forward, backward, weights and link, as in `simulate`: for one chunk.
    """
    if over not in ("ideal", "total"):
        raise ValueError(f"over = {over!r}: expected 'ideal' or 'total'")
    ran = simulate(named(name, stages, micro_batches, chunks), **durations)
    return ran.bubble_over_ideal if over == "ideal" else ran.bubble_over_total


def micro_batches_held(name: str, stages: int, micro_batches: int, chunks: int = 1, kept: float = 1) -> float:
    """Most activations that one stage holds, in those of one micro-batch over all its layers."""
    ran = simulate(named(name, stages, micro_batches, chunks))
    return float(ran.held(kept).max()) / chunks
