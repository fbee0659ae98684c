"""Counts what a computation holds and does: bytes of the arrays it keeps, FLOPs of its matrix products.

Nothing is estimated: an array counts from the call that keeps it to the call that releases it.

Examples
--------
>>> import numpy as np
>>> from roofline.metering import Meter
>>> meter = Meter()
>>> product = meter.counting("forward")(np.ones((4, 8)), np.ones((8, 2)))
>>> kept = meter.keep(product, product)
>>> meter.flops["forward"], meter.held
(128, 64)
>>> meter.release(product)
>>> meter.held, meter.peak
(64, 64)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .coupling import Array, Arrays, Multiply


@dataclass
class Meter:
    """Bytes held, each array once however often it is kept, and FLOPs done: 2mnk for (m, k) times (k, n).

    Attributes
    ----------
    held, peak : int
        Bytes held now, and at most.
    stored : int
        Bytes held between the forward and the backward pass.
    flops : dict
        By what they were for: "forward", "recompute" or "backward".
    """

    held: int = 0
    peak: int = 0
    stored: int = 0
    flops: dict[str, int] = field(default_factory=lambda: {"forward": 0, "recompute": 0, "backward": 0})
    _arrays: dict[int, tuple[int, Array]] = field(default_factory=dict, repr=False)

    @property
    def total_flops(self) -> int:
        return sum(self.flops.values())

    def counting(self, purpose: str) -> Multiply:
        """A matrix product that is counted under its purpose."""

        def multiply(a: Array, b: Array) -> Array:
            self.flops[purpose] += 2 * a.shape[0] * a.shape[1] * b.shape[1]
            return a @ b

        return multiply

    def keep(self, *arrays: Array) -> Arrays:
        """Count these arrays as held, and give them back."""
        for array in arrays:
            times, _ = self._arrays.get(id(array), (0, array))
            self.held += 0 if times else array.nbytes
            self._arrays[id(array)] = times + 1, array
        self.peak = max(self.peak, self.held)
        return arrays

    def release(self, *arrays: Array) -> None:
        """Count these arrays as let go; one kept twice is held until it is released twice."""
        for array in arrays:
            if id(array) not in self._arrays:
                raise ValueError(f"release = an array of shape {array.shape}: expected one that is kept")
            times, _ = self._arrays.pop(id(array))
            if times > 1:
                self._arrays[id(array)] = times - 1, array
            else:
                self.held -= array.nbytes

    def turn(self) -> None:
        """The forward pass has ended."""
        self.stored = self.held
