"""Coupled networks for the lab on reversible networks: drawn at random, run by the book, and run with a mistake."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from roofline.coupling import Additive, Function, Network
from roofline.coupling import forward as run_forward
from roofline.coupling import inverse as run_inverse
from roofline.teaching.grading.comparing import difference
from roofline.teaching.grading.draws import Draw, Inputs
from roofline.teaching.grading.rubric import Law

Pair = tuple[np.ndarray, np.ndarray]
NUDGE = 1e-6


def matrix(rng: Random, rows: int, columns: int) -> np.ndarray:
    """Numbers of three digits after the point, of about one."""
    return np.array([[round(rng.gauss(0, 1), 3) for _ in range(columns)] for _ in range(rows)])


def halves() -> Draw:
    """One half of a state."""
    return lambda rng, x: matrix(rng, x.rows, x.half)


def several(low: int, high: int) -> Draw:
    """The matrices of so many layers."""
    return lambda rng, x: [(matrix(rng, x.half, x.inner) / 2, matrix(rng, x.inner, x.half) / 2)
                           for _ in range(rng.randint(low, high))]  # fmt: skip


def network(layers: Any) -> Network:
    """The same layers as the book's own."""
    return tuple(Additive(Function(np.asarray(first), np.asarray(last))) for first, last in layers)


def forward(x: np.ndarray, y: np.ndarray, layers: Any) -> Pair:
    return run_forward(network(layers), (x, y))


def inverse(u: np.ndarray, v: np.ndarray, layers: Any) -> Pair:
    return run_inverse(network(layers), (u, v))


def backward(
    u: np.ndarray, v: np.ndarray, grad_u: np.ndarray, grad_v: np.ndarray, layers: Any
) -> tuple[np.ndarray, np.ndarray, list[Pair]]:
    """By the book's inverse and backward pass, layer by layer."""
    state, grad, grads = (u, v), (grad_u, grad_v), list[Any]()
    for layer in reversed(network(layers)):
        state, kept = layer.inverse(state)
        grad, found = layer.backward(kept, grad)
        grads.insert(0, found)
    return *grad, grads


# with a mistake


def added(x: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """What a layer adds."""
    return np.maximum(x @ first, 0) @ last


def ahead(x: Inputs, layer: Callable[..., Any]) -> Any:
    """Forward through the layers with a function of one's own for a layer."""
    state = x.x, x.y
    for first, last in x.layers:
        state = layer(*state, first, last)
    return state


def undone(x: Inputs, layer: Callable[..., Any]) -> Any:
    """Back through the layers with a function of one's own for a layer."""
    state = x.u, x.v
    for first, last in reversed(x.layers):
        state = layer(*state, first, last)
    return state


def back(x: Inputs, slope: bool = True, both: bool = True, read: str = "kept", order: int = 1, sign: int = 1) -> Any:
    """`backward`, with one thing left out or done otherwise."""
    (u, v), (grad_u, grad_v), grads = (x.u, x.v), (x.grad_u, x.grad_v), list[Any]()
    for first, last in reversed(x.layers):
        from_ = {"kept": v, "changed": u}[read]
        before, after = from_ @ first, np.maximum(from_ @ first, 0)
        through = grad_u @ last.T * (before > 0 if slope else 1)
        grads.insert(0, (from_.T @ through, after.T @ grad_u))
        grad_u, grad_v = both * grad_v + through @ first.T, grad_u
        u, v = v, u - sign * added(v, first, last)
    return grad_u, grad_v, grads[::order]


# laws


def near(found: Any, true: Pair) -> bool:
    """Whether a state came back, up to what rounding did on the way."""
    return difference(found, true, 1e-6, 1e-6) is None


def nudged(x: Inputs) -> Pair:
    """What comes out if the input that gives (u, v) is moved a little, in a direction of its own."""
    start = inverse(x.u, x.v, x.layers)
    return forward(start[0] + NUDGE, start[1] - 2 * NUDGE, x.layers)


def agrees(x: Inputs, answer: Any, other: Any) -> bool:
    """Whether the outputs move as the gradients by the inputs say, taken on average over the way."""
    grad_x, grad_y = ((np.asarray(here, dtype=float) + np.asarray(there, dtype=float)) / 2
                      for here, there in zip(answer[:2], other[:2], strict=True))  # fmt: skip
    said = NUDGE * (grad_x.sum() - 2 * grad_y.sum())
    found = sum(float(np.sum(grad * (new - old)))
                for grad, new, old in zip((x.grad_u, x.grad_v), nudged(x), (x.u, x.v), strict=True))  # fmt: skip
    size = NUDGE * (np.abs(grad_x).sum() + 2 * np.abs(grad_y).sum())
    return bool(abs(said - found) <= 1e-4 * size)


FINITE_DIFFERENCES = Law(
    "The gradients by the inputs are what finite differences of the forward pass give.",
    lambda x, y: {**x, **dict(zip("uv", nudged(x), strict=True))}, agrees,
)  # fmt: skip
