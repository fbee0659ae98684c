"""From a measured run to a roofline: this machine's C and W, what they predict, and what was seen.

The prediction takes nothing from the passes that it predicts: C comes from square products, W from reading
a buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..batch_size import balance_batch, t_compute, t_weights
from ..catalog.precision import bytes_per_element

BENT = 2.0  # the last pass over the fastest one, from which a bend between them can be read off


class Measured(Protocol):
    """A run: this package's own, or an entry of `roofline.catalog.measured`."""

    @property
    def device(self) -> str: ...
    @property
    def results(self) -> Sequence[Any]: ...


@dataclass(frozen=True)
class Roofline:
    """A device's two measured rates, and its passes of weights at one precision.

    `chip` and `model` are sources for the formulas: `t_compute(fit.chip, fit.model, B=...)`.
    """

    precision: str
    chip: dict[str, float]  # C in FLOP/s, W in byte/s, n
    model: dict[str, float]  # N_tot, N_act in parameters, b_w in bytes; no cache
    batches: np.ndarray  # shape (passes,)
    seconds: np.ndarray  # shape (passes,), the fastest repeats

    @property
    def predicted(self) -> np.ndarray:
        """Seconds of each pass if arithmetic and memory traffic overlap completely: a lower bound."""
        arithmetic = t_compute(self.chip, self.model, B=self.batches)
        return np.maximum(arithmetic, t_weights(self.chip, self.model))

    @property
    def predicted_crossover(self) -> float:
        """Batch at which arithmetic should take as long as reading the weights."""
        return float(balance_batch(self.chip, self.model))

    @property
    def floor(self) -> float:
        """Seconds of the fastest pass, whatever its batch."""
        return float(self.seconds.min())

    @property
    def crossover(self) -> float | None:
        """Batch where a line from zero through the largest pass meets the fastest pass: the bend as seen.

        None if the passes ended before the predicted crossover, or before they took twice the time of the fastest.
        """
        if self.batches[-1] < self.predicted_crossover or self.seconds[-1] < BENT * self.floor:
            return None
        return float(self.floor / (self.seconds[-1] / self.batches[-1]))

    @property
    def share_of_bandwidth(self) -> float:
        """Bandwidth that the fastest pass reached, over W."""
        return float(t_weights(self.chip, self.model)) / self.floor

    @property
    def share_of_rate(self) -> float:
        """Arithmetic rate that the largest pass reached, over C."""
        done = self.model["N_act"] * 2 * self.batches[-1] / self.seconds[-1]
        return float(done / self.chip["C"])


def fit(run: Measured, precision: str | None = None) -> Roofline:
    """The roofline of a run.

    Parameters
    ----------
    run : Run
        From `measure`, `load` or `roofline.catalog.measured`.
    precision : str, optional
        One of those of its passes; by default the first.

    Raises
    ------
    ValueError
        If the run lacks square products, reads, or passes at that precision; the message says which.
    """
    found = _of(run, "weights", precision)
    if not found:
        raise ValueError(f"the run of {run.device} has no passes of weights{_at(precision)}")
    precision = str(found[0].precision)
    passes = _of(run, "weights", precision)
    squares, reads = _of(run, "matmul", precision), _comparable(run, _of(run, "read"))
    if not squares or not reads:
        raise ValueError(f"the run of {run.device} lacks a square product{_at(precision)}, or a memory read")
    weights = float(np.prod(passes[0].shape))
    return Roofline(
        precision=precision,
        chip={"C": max(map(_flop_per_s, squares)), "W": max(map(_bytes_per_s, reads)), "n": 1.0},
        model={"N_tot": weights, "N_act": weights, "b_w": bytes_per_element(precision)},
        batches=np.array([r.batch for r in passes], dtype=float),
        seconds=np.array([r.seconds for r in passes]),
    )


def _of(run: Measured, what: str, precision: str | None = None) -> list[Any]:
    return [r for r in run.results if r.what == what and precision in (None, r.precision)]


def _comparable(run: Measured, reads: list[Any]) -> list[Any]:
    """The reads by no more threads than the products had, where the run says how many that was."""
    blas = (getattr(run, "threads", None) or {}).get("blas")
    few = [r for r in reads if blas is None or (getattr(r, "threads", None) or 1) <= blas]
    return few or reads


def _at(precision: str | None) -> str:
    return f" at {precision}" if precision else ""


def _flop_per_s(result: Any) -> float:
    return float(result.flop / result.seconds)


def _bytes_per_s(result: Any) -> float:
    return float(result.bytes / result.seconds)
