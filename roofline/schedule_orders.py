"""In which order does each stage of a pipeline do its work? A schedule as data, and the orders in use.

A model is a chain of positions (chunks of layers). A stage runs a list of operations, each the forward pass F, the
backward pass towards the input B, the backward pass towards the weights W, or the whole backward pass BW, of one
micro-batch at one position. When they run is the business of `roofline.schedules`.

Examples
--------
>>> from roofline.schedule_orders import decode, dualpipe, gpipe, interleaved, one_f_one_b, written, zero_bubble
>>> turns = one_f_one_b(stages=2, micro_batches=3)
>>> [turns.name(i) for i in range(turns.first[0], turns.first[1])]
['F0 of stage 0', 'F1 of stage 0', 'BW0 of stage 0', 'F2 of stage 0', 'BW1 of stage 0', 'BW2 of stage 0']
>>> gpipe(2, 3).depth, interleaved(2, 4, chunks=2).depth
(2, 4)
>>> [len(s.kind) for s in (zero_bubble(2, 4), dualpipe(2, 4), decode(2, 2, tokens=3))]
[24, 18, 12]
>>> written(["F0 F1 BW0 BW1", "F0 BW0 F1 BW1"]).micro_batches
2
>>> written(["BW0 F0"])
Traceback (most recent call last):
    ...
roofline.schedule_orders.ScheduleError: BW0 of stage 0 needs F0 of stage 0 before it
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

KINDS = ("F", "B", "W", "BW")
F, B, W, BW = range(4)


class ScheduleError(ValueError):
    """A schedule that is incomplete, contradicts itself or deadlocks; one sentence that names the operation."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """What each stage does, in order: the operations of stage s are first[s] to first[s + 1].

    Attributes
    ----------
    kind, micro_batch, position : integer arrays of shape (operations,)
        `kind` is an index into KINDS; `position` counts chunks of layers from the input.
    first : integer array of shape (stages + 1,)
    """

    kind: np.ndarray
    micro_batch: np.ndarray
    position: np.ndarray
    first: np.ndarray

    def __post_init__(self) -> None:
        _check(self)

    @property
    def stages(self) -> int:
        return len(self.first) - 1

    @property
    def depth(self) -> int:
        """Positions of the chain."""
        return int(self.position.max()) + 1

    @property
    def micro_batches(self) -> int:
        return int(self.micro_batch.max()) + 1

    @property
    def stage(self) -> np.ndarray:
        return np.repeat(np.arange(self.stages), np.diff(self.first))

    def places(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the F, the B or BW, and the W or BW of each micro-batch and position stand; -1 where there is none."""
        where = np.full((3, self.micro_batches * self.depth), -1, dtype=np.int64)
        cell = self.micro_batch * self.depth + self.position
        for row, kinds in enumerate(((F, F), (B, BW), (W, BW))):
            (found,) = np.nonzero((self.kind == kinds[0]) | (self.kind == kinds[1]))
            where[row, cell[found]] = found
        return where[0], where[1], where[2]

    def name(self, operation: int) -> str:
        """An operation for people: "F3 of stage 1", with its position if that is not the stage."""
        stage = int(np.searchsorted(self.first, operation, side="right")) - 1
        position = int(self.position[operation])
        at = "" if position == stage else f" at position {position}"
        return f"{KINDS[self.kind[operation]]}{self.micro_batch[operation]}{at} of stage {stage}"


def _check(schedule: Schedule) -> None:
    """ScheduleError unless every micro-batch passes every position once, forward before backward."""
    if schedule.stages < 1 or len(schedule.kind) == 0:
        raise ScheduleError("a schedule needs at least one stage and one operation")
    arrays = (schedule.micro_batch, schedule.position, schedule.kind)
    if min(int(a.min()) for a in arrays) < 0 or int(schedule.kind.max()) >= len(KINDS):
        raise ScheduleError("micro-batches and positions count from 0, and kinds are F, B, W or BW")
    forward, backward, weights = schedule.places()
    parts = (schedule.kind != BW).sum() + 2 * (schedule.kind == BW).sum()
    if parts != sum(int((p >= 0).sum()) for p in (forward, backward, weights)):
        raise ScheduleError("an operation is listed twice, or a BW beside the B or W of the same micro-batch")
    wanted = (forward,) if (backward < 0).all() and (weights < 0).all() else (forward, backward, weights)
    for places, what in zip(wanted, ("forward pass", "backward pass", "work on weights"), strict=False):
        if (places < 0).any():
            b, p = divmod(int(np.argmin(places)), schedule.depth)
            raise ScheduleError(f"micro-batch {b} has no {what} at position {p}")
    if len(wanted) == 3:
        _check_order(schedule, forward, backward)
        _check_order(schedule, backward, weights)


def _check_order(schedule: Schedule, early: np.ndarray, late: np.ndarray) -> None:
    """ScheduleError unless each early operation stands before its late one, on the same stage."""
    stage = schedule.stage
    wrong = (stage[early] != stage[late]) | (early > late)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ScheduleError(f"{schedule.name(int(late[i]))} needs {schedule.name(int(early[i]))} before it")


# Schedules as text


def written(stages: Sequence[str]) -> Schedule:
    """A schedule as text, one line a stage: ["F0 F1 BW0 BW1", "F0 BW0 F1 BW1"].

    Parameters
    ----------
    stages : sequence of str
        Operations such as "F0", "B0", "W0" or "BW0", each with the number of its micro-batch. A stage that holds
        several chunks says which after a dot: "F0.1" on stage s of P is position s + 1 * P.

    Raises
    ------
    ScheduleError
        If an operation cannot be read, or the schedule is incomplete.
    """
    if isinstance(stages, str) or not all(isinstance(line, str) for line in stages):
        raise ScheduleError(f"expected a list of texts, one for each stage, got {stages!r}")
    rows: list[list[tuple[int, int, int]]] = []
    for s, line in enumerate(stages):
        rows.append([])
        for word in line.split():
            match = re.fullmatch(r"(BW|F|B|W)(\d+)(?:\.(\d+))?", word)
            if match is None:
                raise ScheduleError(f"stage {s}: {word!r} is not an operation such as F0, B0, W0, BW0 or F0.1")
            rows[-1].append((KINDS.index(match[1]), int(match[2]), s + int(match[3] or 0) * len(stages)))
    return _listed(rows)


def _listed(rows: Sequence[Sequence[tuple[int, int, int]]]) -> Schedule:
    flat = np.array([op for row in rows for op in row], dtype=np.int64).reshape(-1, 3)
    first = np.cumsum([0, *(len(row) for row in rows)])
    return Schedule(flat[:, 0], flat[:, 1], flat[:, 2], first)


# Schedules in use


def _ordered(*parts: tuple[int, np.ndarray, np.ndarray, np.ndarray]) -> Schedule:
    """Operations (kind, micro-batch, position, key), each (stages, m) or broadcast to it, by key within a stage."""
    shape = np.broadcast_shapes(*(np.shape(a) for part in parts for a in part[1:]))
    columns = [
        np.concatenate([np.broadcast_to(part[i], shape) for part in parts], axis=1) for i in range(4)
    ]  # kind, micro-batch, position, key
    order = np.argsort(columns[3], axis=1, kind="stable")
    kind, micro_batch, position = (np.take_along_axis(c, order, axis=1).ravel() for c in columns[:3])
    return Schedule(kind, micro_batch, position, np.arange(shape[0] + 1) * order.shape[1])


def _counts(stages: int, micro_batches: int, **more: int) -> tuple[np.ndarray, np.ndarray]:
    """Stages as a column and micro-batches as a row, once all counts are checked."""
    for name, value in {"stages": stages, "micro_batches": micro_batches, **more}.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ScheduleError(f"{name} = {value!r}: expected a whole number of at least 1")
    return np.arange(stages)[:, None], np.arange(micro_batches)[None, :]


def gpipe(stages: int, micro_batches: int) -> Schedule:
    """All forward passes, then all backward passes (Huang et al. 2019)."""
    s, i = _counts(stages, micro_batches)
    return _ordered((F, i, s, i), (BW, i, s, i + micro_batches))


def one_f_one_b(stages: int, micro_batches: int) -> Schedule:
    """One forward, one backward in turn, once P - 1 - s forward passes are ahead (Narayanan et al. 2021)."""
    s, i = _counts(stages, micro_batches)
    return _ordered((F, i, s, i - (stages - 1 - s) - 0.5), (BW, i, s, i))


def interleaved(stages: int, micro_batches: int, chunks: int = 2) -> Schedule:
    """1F1B over several chunks a stage, P micro-batches at a time through each (Narayanan et al. 2021).

    Raises
    ------
    ScheduleError
        Unless the micro-batches are a multiple of the stages.
    """
    s, _ = _counts(stages, micro_batches, chunks=chunks)
    if micro_batches % stages:
        raise ScheduleError(f"micro_batches = {micro_batches}: expected a multiple of the {stages} stages")
    if chunks == 1:
        return one_f_one_b(stages, micro_batches)
    i = np.arange(micro_batches * chunks)[None, :]
    group, rest = np.divmod(i, stages * chunks)
    chunk, place = np.divmod(rest, stages)
    ahead = 2 * (stages - 1 - s) + (chunks - 1) * stages
    b = group * stages + place
    return _ordered((F, b, chunk * stages + s, i - ahead - 0.5), (BW, b, (chunks - 1 - chunk) * stages + s, i))


def zero_bubble(stages: int, micro_batches: int, ahead: int = 1) -> Schedule:
    """B at once, W later: ZB-H1 with `ahead` = 1, ZB-H2 with 2, which starts twice as many forward passes early.

    Stage s has ahead * (P - 1 - s) extra micro-batches before its first B and ahead * s between a B and its W
    (Qi et al. 2023, section 2).
    """
    s, i = _counts(stages, micro_batches, ahead=ahead)
    after = np.minimum(i + ahead * s, micro_batches - 1)
    return _ordered((F, i, s, i - ahead * (stages - 1 - s) - 0.5), (B, i, s, i), (W, i, s, after + 0.25))


def decode(stages: int, micro_batches: int, tokens: int) -> Schedule:
    """Serving: each micro-batch goes around the ring of stages once a token, forward only."""
    s, _ = _counts(stages, micro_batches, tokens=tokens)
    i = np.arange(micro_batches * tokens)[None, :]
    token, b = np.divmod(i, micro_batches)
    return _ordered((F, b, token * stages + s, i))


def dualpipe(stages: int, micro_batches: int) -> Schedule:
    """Two copies of the model, fed from both ends, half of the micro-batches each (DeepSeek-AI 2024, figure 5).

    Operations run one by one here; DeepSeek runs a forward and a backward pass of opposite directions together, to
    hide their traffic.

    Raises
    ------
    ScheduleError
        Unless stages and micro-batches are even, with at least two micro-batches a stage.
    """
    _counts(stages, micro_batches)
    if stages % 2 or micro_batches % 2 or micro_batches < 2 * stages:
        given = f"stages = {stages}, micro_batches = {micro_batches}"
        raise ScheduleError(f"{given}: expected even numbers, and at least two micro-batches a stage")
    return _listed([_dual_stage(s, stages, micro_batches // 2) for s in range(stages)])


def _dual_stage(stage: int, stages: int, half: int) -> list[tuple[int, int, int]]:
    """One stage's order: near the ends it starts early in its own direction (0), in the middle both alternate."""
    depth = min(stage, stages - 1 - stage)  # from the nearer end
    apart = stages // 2 - 1 - depth  # from the middle
    plan = 2 * apart * ["F0"] + (depth + 1) * ["F0", "F1"] + apart * ["B1", "W", "F1"]
    plan += (half - stages + depth + 1) * ["F0", "BW1", "F1", "BW0"] + apart * ["BW1", "F1", "BW0"]
    last = (depth + 1) * ["BW1", "BW0"]
    plan += last[: depth + 1] + [word.replace("W", "") for word in last[depth + 1 :]]
    plan += apart * ["W", "B0"] + (depth + 1) * ["W"]
    done = dict.fromkeys(("F0", "F1", "B0", "B1"), 0)
    waiting: list[tuple[int, int]] = []
    order: list[tuple[int, int, int]] = []
    for word in plan:
        if word == "W":
            order.append((W, *waiting.pop(0)))
            continue
        kind, way = word[:-1], int(word[-1])
        direction = way if stage < stages // 2 else 1 - way
        count = f"{kind[0]}{way}"
        at = (direction * half + done[count], stage if direction == 0 else stages - 1 - stage)
        done[count] += 1
        order.append((KINDS.index(kind), *at))
        waiting += [at] if kind == "B" else []
    return order
