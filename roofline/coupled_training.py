"""Train a network of coupled layers on a small task, with any strategy for what is remembered of the forward pass.

A strategy must not change what is learned: recomputing gives the same numbers to the last bit, running backwards the
same up to rounding.

Examples
--------
>>> from roofline.coupled_training import train, wave_task
>>> from roofline.coupling import random_network
>>> task, layers = wave_task(rows=32, width=4), random_network(2, 4, 16, nonlinearity="tanh", last_scale=0.3)
>>> learned = train(layers, task, steps=50, rate=0.05)
>>> bool(learned.losses[-1] < learned.losses[0])
True
>>> again = train(layers, task, steps=50, rate=0.05, strategy="checkpoint")
>>> bool((again.losses == learned.losses).all())
True
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .coupling import Array, Arrays, Layer, Network, State, whole
from .strategies import Loss, gradients


@dataclass(frozen=True)
class Task:
    """What is read and what should come out: an input state, and a target for the changed half, all (rows, width)."""

    state: State
    target: Array

    def loss(self, state: State) -> tuple[float, State]:
        """Mean squared error of the last half that was changed, and its gradients by both halves."""
        found, other = state
        gap = found - self.target
        return float(np.mean(gap.astype(np.float64) ** 2)), (2 * gap / gap.size, np.zeros_like(other))


@dataclass(frozen=True)
class Training:
    """The loss before each step, shape (steps,), and the network at the end."""

    losses: Array
    network: Network


def wave_task(rows: int, width: int, dtype: str = "float64", seed: int = 2) -> Task:
    """Random points, the same in both halves; wanted is the sine of a random mixture of each."""
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((whole("rows", rows), whole("width", width)))
    mixture = rng.standard_normal((width, width)) / np.sqrt(width)
    return Task((points.astype(dtype), points.astype(dtype)), np.sin(2 * points @ mixture).astype(dtype))


def train(
    network: Network,
    task: Task,
    *,
    steps: int,
    rate: float,
    momentum: float = 0.9,
    strategy: str = "store_all",
    **options: int | bool,
) -> Training:
    """Gradient descent with momentum, on all rows in every step.

    Parameters
    ----------
    rate, momentum : float
        Size of a step; the part of the last step that is taken again, below 1.
    strategy, **options
        As `strategies.gradients` takes them.
    """
    if not rate > 0:
        raise ValueError(f"rate = {rate!r}: expected a positive number")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum = {momentum!r}: expected a number from 0 to below 1")
    loss: Loss = task.loss
    losses: list[float] = []
    pace: list[Arrays] = [tuple(np.zeros_like(w) for w in _weights(layer)) for layer in network]
    for _ in range(whole("steps", steps)):
        with np.errstate(over="ignore", invalid="ignore"):
            run = gradients(network, task.state, loss, strategy, **options)
        if not np.isfinite(run.loss):
            raise ValueError(f"rate = {rate!r}: the loss is lost after {len(losses)} steps; expected a smaller rate")
        losses.append(run.loss)
        pace = [_pushed(old, new, rate, momentum) for old, new in zip(pace, run.weights, strict=True)]
        network = tuple(_moved(layer, step) for layer, step in zip(network, pace, strict=True))
    return Training(np.array(losses), network)


def _pushed(pace: Arrays, gradient: Arrays, rate: float, momentum: float) -> Arrays:
    return tuple(momentum * old - rate * new for old, new in zip(pace, gradient, strict=True))


def _weights(layer: Layer) -> Arrays:
    return layer.function.first, layer.function.last


def _moved(layer: Layer, step: Arrays) -> Layer:
    first, last = (weight + move for weight, move in zip(_weights(layer), step, strict=True))
    return replace(layer, function=replace(layer.function, first=first, last=last))
