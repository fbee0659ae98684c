"""How long does a piece of work take? Warm up, repeat, and keep both the fastest repeat and the median.

Noise on a computer only ever adds time, so the fastest repeat is the best estimate of what the hardware can
do; the median says how far a typical repeat is from it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Seconds of one run of the work, and how busy the processor was meanwhile."""

    seconds: float
    seconds_median: float
    repeats: int
    cores_busy: float


def wall(work: Work) -> float:
    """Seconds on the wall clock for one run of `work`."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def clock(
    work: Work,
    seconds: float = 0.3,
    repeats: tuple[int, int] = (3, 50),
    warm_up: float = 0.0,
    once: Callable[[Work], float] = wall,
) -> Timing:
    """Time `work` within about `seconds` seconds.

    Parameters
    ----------
    work : callable
        Called without arguments, once or more to warm up, then once a repeat.
    seconds : float
        Stop before a further repeat would pass this; the fewest repeats are made even so.
    repeats : (int, int)
        Fewest and most repeats.
    warm_up : float
        Run the work unrecorded for at least this many seconds, and at least once.
    once : callable
        How one run is timed; a GPU uses its own clock.

    Returns
    -------
    Timing
        Fastest and median repeat in seconds, their number, and processor seconds per wall second.
    """
    fewest, most = repeats
    if not (seconds > 0 and 1 <= fewest <= most):
        raise ValueError(f"clock: {seconds=} must be positive and {repeats=} two rising counts from 1")
    began, took = time.perf_counter(), once(work)
    while time.perf_counter() - began < warm_up:
        once(work)
    times: list[float] = []
    wall_start, cpu_start = time.perf_counter(), time.process_time()
    while len(times) < fewest or (len(times) < most and time.perf_counter() - began + took < seconds):
        times.append(once(work))
        took = times[-1]
    busy = (time.process_time() - cpu_start) / max(time.perf_counter() - wall_start, 1e-9)
    return Timing(min(times), statistics.median(times), len(times), round(busy, 2))
