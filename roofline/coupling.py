"""Coupled layers, which can be run backwards whatever function they couple.

A layer reads one half of its input and changes the other by what it read: (x, y) becomes (y + f(x), x). It is undone by
reading x again, so f itself need not have an inverse. Two such layers are one block of a reversible network. Forward,
inverse and backward are written out by hand; every matrix product goes through `multiply`, so that it can be counted.

Examples
--------
>>> import numpy as np
>>> from roofline.coupling import (
...     Additive, Affine, Function, distance, forward, inverse, random_network, random_state, reconstruction_error)
>>> layers = random_network(blocks=4, width=8, inner=16, last_scale=0.1)
>>> state = random_state(rows=3, width=8)
>>> back = inverse(layers, forward(layers, state))
>>> distance(back, state) == reconstruction_error(layers, state) < 1e-12
True
>>> f = Function(np.eye(2), np.eye(2))
>>> (changed, kept), _ = Additive(f).forward((np.array([[1.0, -1.0]]), np.array([[10.0, 10.0]])))
>>> changed.tolist(), kept.tolist()
([[11.0, 10.0]], [[1.0, -1.0]])
>>> double = Function(np.eye(2), np.ones((2, 4)))
>>> after, _ = Affine(double).forward((np.zeros((1, 2)), np.ones((1, 2))))
>>> after[0].tolist()
[[1.0, 1.0]]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

Array = np.ndarray
Arrays = tuple[Array, ...]
State = tuple[Array, Array]
Multiply = Callable[[Array, Array], Array]


class Nonlinearity(NamedTuple):
    """A function of each number, and its slope from what went in or, where that is enough, from what came out."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    slope_after: Callable[[Array], Array] | None = None


def _sigmoid(z: Array) -> Array:
    return (1 + np.tanh(z / 2)) / 2


NONLINEARITIES = {
    "relu": Nonlinearity(lambda z: np.maximum(z, 0), lambda z: z > 0, lambda a: a > 0),
    "tanh": Nonlinearity(np.tanh, lambda z: 1 - np.tanh(z) ** 2, lambda a: 1 - a**2),
    "silu": Nonlinearity(lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
}


@dataclass(frozen=True)
class Function:
    """What a layer couples: f(x) = s(x first) last, with a nonlinearity s and no biases.

    Parameters
    ----------
    first, last : arrays of shape (width, inner) and (inner, outputs)
    nonlinearity : {"relu", "tanh", "silu"}
    lean : bool
        Keep only what the nonlinearity gave, and take its slope from that; not every nonlinearity allows it.
    """

    first: Array
    last: Array
    nonlinearity: str = "relu"
    lean: bool = False

    def __post_init__(self) -> None:
        shapes = np.shape(self.first), np.shape(self.last)
        if [len(s) for s in shapes] != [2, 2] or shapes[0][1] != shapes[1][0]:
            raise ValueError(f"first and last = shapes {shapes[0]} and {shapes[1]}: expected (d, h) and (h, outputs)")
        if self.nonlinearity not in NONLINEARITIES:
            raise ValueError(f"nonlinearity = {self.nonlinearity!r}: expected one of {', '.join(NONLINEARITIES)}")
        if self.lean and NONLINEARITIES[self.nonlinearity].slope_after is None:
            raise ValueError(
                f"lean = True: expected a nonlinearity with a slope by its result, not {self.nonlinearity}"
            )

    def inside(self, x: Array, multiply: Multiply = np.matmul) -> Arrays:
        """All but the last product: what the backward pass needs, x (rows, width) and one or two (rows, inner)."""
        before = multiply(x, self.first)
        after = NONLINEARITIES[self.nonlinearity].value(before)
        return (x, after) if self.lean else (x, before, after)

    def outside(self, kept: Arrays, multiply: Multiply = np.matmul) -> Array:
        """The last product, of shape (rows, outputs)."""
        return multiply(kept[-1], self.last)

    def backward(self, kept: Arrays, grad: Array, multiply: Multiply = np.matmul) -> tuple[Array, Arrays]:
        """From the gradient by f(x), shape (rows, outputs): the gradients by x, and by (first, last)."""
        of, x, after = NONLINEARITIES[self.nonlinearity], kept[0], kept[-1]
        slope = of.slope_after(after) if self.lean and of.slope_after else of.slope(kept[1])
        grad_last = multiply(after.T, grad)
        grad_before = multiply(grad, self.last.T) * slope
        return multiply(grad_before, self.first.T), (multiply(x.T, grad_before), grad_last)


@dataclass(frozen=True)
class Additive:
    """The layer (x, y) to (y + f(x), x)."""

    function: Function

    def __post_init__(self) -> None:
        _outputs(self.function, times=1)

    def forward(self, state: State, multiply: Multiply = np.matmul) -> tuple[State, Arrays]:
        """The layer's output, and what its backward pass needs."""
        x, y = state
        kept = self.function.inside(x, multiply)
        return (y + self.function.outside(kept, multiply), x), kept

    def rehearse(self, state: State, multiply: Multiply = np.matmul) -> Arrays:
        """What the backward pass needs, without the output and so without the last product."""
        return self.function.inside(state[0], multiply)

    def inverse(self, state: State, multiply: Multiply = np.matmul) -> tuple[State, Arrays]:
        """The layer's input from its output, and what its backward pass needs: a by-product of running f again."""
        moved, x = state
        kept = self.function.inside(x, multiply)
        return (x, moved - self.function.outside(kept, multiply)), kept

    def backward(self, kept: Arrays, grad: State, multiply: Multiply = np.matmul) -> tuple[State, Arrays]:
        """From the gradients by the output: those by the input, and by the weights (first, last)."""
        grad_moved, grad_x = grad
        through, weights = self.function.backward(kept, grad_moved, multiply)
        return (grad_x + through, grad_moved), weights


@dataclass(frozen=True)
class Affine:
    """The layer (x, y) to (y exp(tanh s) + t, x), where s and t are the two halves of f(x).

    The tanh keeps a layer from scaling by more than e either way. Backward needs y and tanh s besides what f keeps.
    """

    function: Function

    def __post_init__(self) -> None:
        _outputs(self.function, times=2)

    def forward(self, state: State, multiply: Multiply = np.matmul) -> tuple[State, Arrays]:
        """The layer's output, and what its backward pass needs."""
        x, y = state
        inside, log_scale, shift = self._read(x, multiply)
        return (y * np.exp(log_scale) + shift, x), (y, log_scale, *inside)

    def rehearse(self, state: State, multiply: Multiply = np.matmul) -> Arrays:
        """What the backward pass needs; the scale is part of it, so the last product cannot be left out."""
        return self.forward(state, multiply)[1]

    def inverse(self, state: State, multiply: Multiply = np.matmul) -> tuple[State, Arrays]:
        """The layer's input from its output, and what its backward pass needs."""
        moved, x = state
        inside, log_scale, shift = self._read(x, multiply)
        y = (moved - shift) * np.exp(-log_scale)
        return (x, y), (y, log_scale, *inside)

    def backward(self, kept: Arrays, grad: State, multiply: Multiply = np.matmul) -> tuple[State, Arrays]:
        """From the gradients by the output: those by the input, and by the weights (first, last)."""
        (y, log_scale, *inside), (grad_moved, grad_x) = kept, grad
        grad_y = grad_moved * np.exp(log_scale)
        grad_read = np.concatenate([grad_y * y * (1 - log_scale**2), grad_moved], axis=1)
        through, weights = self.function.backward(tuple(inside), grad_read, multiply)
        return (grad_x + through, grad_y), weights

    def _read(self, x: Array, multiply: Multiply) -> tuple[Arrays, Array, Array]:
        inside = self.function.inside(x, multiply)
        read = self.function.outside(inside, multiply)
        return inside, np.tanh(read[:, : x.shape[1]]), read[:, x.shape[1] :]


Layer = Additive | Affine
Network = tuple[Layer, ...]


def _outputs(function: Function, times: int) -> None:
    (width, _), (_, outputs) = function.first.shape, function.last.shape
    if outputs != times * width:
        raise ValueError(f"function.last = {outputs} outputs: expected {times} for each of {width} inputs")


def random_network(
    blocks: int,
    width: int,
    inner: int,
    *,
    kind: str = "additive",
    nonlinearity: str = "relu",
    lean: bool = False,
    last_scale: float = 1.0,
    dtype: str = "float64",
    seed: int = 0,
) -> Network:
    """A network of so many blocks, two layers each, with He's random weights (variance 2 / inputs of the product).

    Parameters
    ----------
    blocks, width, inner : int
        Blocks; columns of each half of the state; columns inside a function.
    kind : {"additive", "affine"}
    last_scale : float
        Factor on the last weight of each function. At 1 every layer adds twice the variance it reads, so a deep network
        cannot be run backwards; 0.1 or 1/sqrt(blocks) keeps it close to the identity.
    dtype : {"float64", "float32", "float16"}

    Returns
    -------
    tuple of 2 * blocks layers

    References
    ----------
    He et al. 2015, Delving Deep into Rectifiers, arXiv:1502.01852, section 2.2.
    """
    for name, value in (("blocks", blocks), ("width", width), ("inner", inner)):
        whole(name, value)
    if kind not in ("additive", "affine"):
        raise ValueError(f"kind = {kind!r}: expected additive or affine")
    if dtype not in ("float64", "float32", "float16"):
        raise ValueError(f"dtype = {dtype!r}: expected float64, float32 or float16")
    rng = np.random.default_rng(seed)
    layer: type[Layer] = Additive if kind == "additive" else Affine
    outputs = width if kind == "additive" else 2 * width

    def weights(rows: int, columns: int, scale: float) -> Array:
        return (rng.standard_normal((rows, columns)) * np.sqrt(2 / rows) * scale).astype(dtype)

    return tuple(
        layer(Function(weights(width, inner, 1), weights(inner, outputs, last_scale), nonlinearity, lean))
        for _ in range(2 * blocks)
    )


def random_state(rows: int, width: int, dtype: str = "float64", seed: int = 1) -> State:
    """Two halves of standard normal numbers, each of shape (rows, width)."""
    rng, shape = np.random.default_rng(seed), (whole("rows", rows), whole("width", width))
    return rng.standard_normal(shape).astype(dtype), rng.standard_normal(shape).astype(dtype)


def forward(network: Network, state: State) -> State:
    """The network's output, two arrays (rows, width) like its input."""
    for layer in network:
        state = layer.forward(state)[0]
    return state


def inverse(network: Network, state: State) -> State:
    """The network's input from its output, up to rounding."""
    for layer in reversed(network):
        state = layer.inverse(state)[0]
    return state


def reconstruction_error(network: Network, state: State) -> float:
    """How far off the input comes back from the output: `|found - input| / |input|`, over all numbers of both."""
    with np.errstate(over="ignore", invalid="ignore"):
        return distance(inverse(network, forward(network, state)), state)


def distance(found: Arrays, true: Arrays) -> float:
    """Relative distance of two lists of arrays, `|found - true| / |true|`, in float64; inf where a number is lost."""

    def norm(arrays: list[Array]) -> float:
        return float(np.sqrt(sum(np.sum(a**2) for a in arrays)))

    ours, theirs = ([np.asarray(a, dtype=np.float64) for a in arrays] for arrays in (found, true))
    gap = norm([a - b for a, b in zip(ours, theirs, strict=True)])
    return gap / norm(theirs) if np.isfinite(gap) else np.inf


def whole(name: str, value: int) -> int:
    """The value, if it is a whole number of at least one; ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} = {value!r}: expected a whole number of at least 1")
    return int(value)
