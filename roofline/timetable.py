"""Passes that leave on a timetable, simulated request by request: a check on the closed forms of `batch_size`.

Examples
--------
A pass every 20 ms; whoever arrives waits half of that on average, and the answer takes one pass more:

>>> from roofline.timetable import simulate_timetable
>>> seen = simulate_timetable(period=0.02, arrivals_per_s=5000, seats=float("inf"), seconds=20)
>>> round(float(seen.waits.mean()), 4), round(float(seen.times_to_token.mean()), 4)
(0.01, 0.03)
>>> round(float(seen.batches.mean()))
100
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Timetable:
    """What a simulated timetable did: one entry per request, times in s, and the batch of each departure."""

    waits: np.ndarray
    times_to_token: np.ndarray
    batches: np.ndarray


def simulate_timetable(period: float, arrivals_per_s: float, seats: float, seconds: float, seed: int = 0) -> Timetable:
    """Requests arrive at random; a pass leaves every period with whoever waits, up to its seats, and takes a period.

    Parameters
    ----------
    period : float
        Time between departures, s.
    arrivals_per_s : float
        Mean rate of a Poisson stream of requests.
    seats : float
        Most requests that one pass takes; math.inf for no limit. Those left over wait for the next.
    seconds : float
        Length of the simulation.

    Returns
    -------
    Timetable
        `waits` and `times_to_token` of shape (boarded requests,), `batches` of shape (departures,).

    Raises
    ------
    ValueError
        If an argument is not positive and finite (seats may be infinite), or nobody arrives.
    """
    for name, value in (("period", period), ("arrivals_per_s", arrivals_per_s), ("seconds", seconds)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} = {value!r}: expected a positive finite number")
    if not seats >= 1:
        raise ValueError(f"seats = {seats!r}: expected one or more")
    rng = np.random.default_rng(seed)
    arrivals = np.sort(rng.uniform(0, seconds, rng.poisson(arrivals_per_s * seconds)))
    departures = period * np.arange(1, int(np.ceil(seconds / period)) + 1)
    come = np.searchsorted(arrivals, departures, side="right")
    boarded, gone = np.zeros(len(departures), dtype=int), 0
    for i, ready in enumerate(come):
        boarded[i] = min(ready - gone, seats)
        gone += boarded[i]
    if gone == 0:
        raise ValueError(f"nobody arrived in {seconds} s at {arrivals_per_s} per second; simulate longer")
    waits = np.repeat(departures, boarded) - arrivals[:gone]
    return Timetable(waits, waits + period, boarded)
