"""Does a network with random weights mix as a cipher does? Networks small enough to differentiate by hand.

Layers read a stream through a non-linearity and multiply by random weights. What comes out replaces the stream
("plain"), is added to it ("residual"), or is added after the reading was scaled to unit size ("normalised").

Examples
--------
>>> import numpy as np
>>> from roofline.random_network import (
...     adversarial_gain, central_difference, decisions_changed, forward, gradient, growth, jacobian, network,
...     network_avalanche, second_difference, sign_flips, signed_step, tangent, wide_avalanche)
>>> net = network("residual", "tanh", depth=4, width=16, inputs=16)
>>> rng = np.random.default_rng(0)
>>> x, v, readout = rng.normal(size=(3, 16))
>>> forward(net, x).shape, jacobian(net, x).shape
((16,), (16, 16))
>>> bool(np.allclose(jacobian(net, x) @ v, tangent(net, x, v)))
True
>>> bool(np.isclose(gradient(net, x, readout) @ v, readout @ tangent(net, x, v)))
True
>>> bool(np.allclose(central_difference(net, x, v, 1e-4), tangent(net, x, v), atol=1e-6))
True
>>> bool(np.abs(second_difference(net, x, v, 1e-3)).max() < 1e-3)
True
>>> bool(np.allclose(abs(signed_step(net, x, readout, 0.01)), 0.01)), sign_flips(net, samples=5).shape
(True, (16, 16))

What it has of a cipher, and what not:

>>> network_avalanche("plain", "sign", 4, width=32) > network_avalanche("residual", "sign", 4, width=32)
True
>>> round(wide_avalanche("plain", "relu", 0, inputs=64), 3)
0.08
>>> growth("residual", 4, width=32, samples=5) > 1, adversarial_gain(inputs=64) > 1
(True, True)
>>> decisions_changed("signed", 0.1, inputs=64) > decisions_changed("random", 0.1, inputs=64)
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .mixing import avalanche, flips

KINDS = ("plain", "residual", "normalised")

# How each non-linearity acts, its slope, and one over its mean square for normal numbers of unit variance, so that a
# gain of 1 keeps the size of a signal (exact for relu and sign; for tanh it is the slope at 0 that is kept at the gain)
_ACTIVATIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray], float]] = {
    "relu": (lambda h: np.maximum(h, 0.0), lambda h: (h > 0).astype(float), 2.0),
    "tanh": (np.tanh, lambda h: 1 - np.tanh(h) ** 2, 1.0),
    "sign": (lambda h: np.where(h > 0, 1.0, -1.0), np.zeros_like, 1.0),
}


@dataclass(frozen=True)
class Network:
    """Random weights: `first` of shape (width, inputs) starts the stream, `layers` (depth, width, width) follow."""

    kind: str
    activation: str
    first: np.ndarray
    layers: np.ndarray


def network(
    kind: str = "plain",
    activation: str = "relu",
    depth: int = 8,
    width: int = 64,
    inputs: int = 64,
    gain: float = 1.0,
    seed: int = 0,
) -> Network:
    """A network of random normal weights, scaled so that a layer's branch has the gain asked for.

    Raises
    ------
    ValueError
        If the kind or activation is unknown, a size is below 1, the depth or gain below 0.
    """
    for name, value, known in (("kind", kind, KINDS), ("activation", activation, tuple(_ACTIVATIONS))):
        if value not in known:
            raise ValueError(f"{name} = {value!r}: expected one of {', '.join(known)}")
    for name, number, least in (("width", width, 1), ("inputs", inputs, 1), ("depth", depth, 0), ("gain", gain, 0)):
        if number < least:
            raise ValueError(f"{name} = {number!r}: expected {least} or more")
    rng = np.random.default_rng(seed)
    spread = gain * np.sqrt(_ACTIVATIONS[activation][2] / width)
    first = rng.normal(size=(width, inputs)) / np.sqrt(inputs)
    return Network(kind, activation, first, rng.normal(size=(depth, width, width)) * spread)


def forward(net: Network, x: np.ndarray) -> np.ndarray:
    """The stream after the last layer, shape (..., width), for inputs of shape (..., inputs)."""
    return _run(net, x, None)[0]


def tangent(net: Network, x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Derivative of `forward` at x in direction v, by the chain rule, layer by layer.

    Parameters
    ----------
    x, v : arrays, shape (..., inputs)
        They broadcast: one x with many directions gives many derivatives.

    Raises
    ------
    ValueError
        If the network is made of signs, whose derivative is zero wherever it exists.
    """
    _check_slope(net)
    return _run(net, x, v)[1]


def _check_slope(net: Network) -> None:
    if net.activation == "sign":
        raise ValueError("activation = 'sign': expected one with a derivative, relu or tanh")


def _run(net: Network, x: np.ndarray, v: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The stream and, if a direction is given, its derivative."""
    act, slope, _ = _ACTIVATIONS[net.activation]
    h = np.asarray(x, dtype=float) @ net.first.T
    dh = np.zeros_like(h) if v is None else np.asarray(v, dtype=float) @ net.first.T
    for weights in net.layers:
        read, dread = h, dh
        if net.kind == "normalised":
            size = np.sqrt((h**2).mean(axis=-1, keepdims=True))
            read = h / size
            dread = (dh - read * (read * dh).mean(axis=-1, keepdims=True)) / size
        branch, dbranch = act(read) @ weights.T, (slope(read) * dread) @ weights.T
        h, dh = (branch, dbranch) if net.kind == "plain" else (h + branch, dh + dbranch)
    return h, dh


def jacobian(net: Network, x: np.ndarray) -> np.ndarray:
    """All derivatives at one input of shape (inputs,): shape (width, inputs)."""
    return tangent(net, x, np.eye(net.first.shape[1])).T


def gradient(net: Network, x: np.ndarray, readout: np.ndarray) -> np.ndarray:
    """Derivative of readout · outputs by each input, by the chain rule from the last layer back.

    Parameters
    ----------
    x, readout : arrays, shapes (inputs,) and (width,)

    Returns
    -------
    array, shape (inputs,)

    Raises
    ------
    ValueError
        As `tangent` does.
    """
    _check_slope(net)
    act, slope, _ = _ACTIVATIONS[net.activation]
    h, back, passed = net.first @ x, np.asarray(readout, dtype=float), []
    for weights in net.layers:
        size = np.sqrt((h**2).mean()) if net.kind == "normalised" else 1.0
        passed.append((weights, h / size, size))
        h = weights @ act(h / size) + (0.0 if net.kind == "plain" else h)
    for weights, read, size in reversed(passed):
        branch = (back @ weights) * slope(read)
        if net.kind == "normalised":
            branch = (branch - read * (read * branch).mean()) / size
        back = branch if net.kind == "plain" else back + branch
    return back @ net.first


def central_difference(net: Network, x: np.ndarray, v: np.ndarray, step: float) -> np.ndarray:
    """The difference of outputs over a difference of inputs of 2 step v: what a derivative is the limit of."""
    if not step > 0:
        raise ValueError(f"step = {step!r}: expected a positive number")
    return (forward(net, x + step * v) - forward(net, x - step * v)) / (2 * step)


def second_difference(net: Network, x: np.ndarray, v: np.ndarray, step: float) -> np.ndarray:
    """Outputs at x + 2 step v and at x, less twice that at x + step v: 0 where the network is a straight line."""
    return forward(net, x + 2 * step * v) - 2 * forward(net, x + step * v) + forward(net, x)


# Flips of signs: the cipher's instrument


def sign_flips(net: Network, samples: int = 100, seed: int = 0) -> np.ndarray:
    """How often each output's sign flips when one input's sign does: the matrix of `mixing.flips`."""
    return flips(lambda bits: forward(net, 2.0 * bits - 1.0) > 0, net.first.shape[1], samples, seed)


@lru_cache(maxsize=64)
def network_avalanche(kind: str, activation: str, depth: int, gain: float = 1.0, width: int = 64) -> float:
    """Mean share of output signs that flip with one input sign, over random networks of as many inputs as outputs."""
    made = (network(kind, activation, depth, width, width, gain, seed) for seed in range(8))
    return float(np.mean([avalanche(sign_flips(net, samples=20, seed=1)) for net in made]))


def wide_avalanche(kind: str, activation: str, depth: int, gain: float = 1.0, inputs: float = 64) -> float:
    """The same for infinitely wide layers, from the angle between the two streams, layer by layer.

    Two normal numbers of correlation c differ in sign with chance arccos(c)/π (Sheppard 1899); their images under relu
    or sign have the correlations of Cho and Saul (2009). There is none so short for tanh.

    Raises
    ------
    ValueError
        If the kind is unknown, or the activation is not relu or sign.
    """
    if kind not in KINDS or activation not in ("relu", "sign"):
        raise ValueError(f"{kind!r}, {activation!r}: expected one of {', '.join(KINDS)}, and relu or sign")
    stream, cosine = 1.0, 1 - 2 / inputs  # size of the stream, squared
    for _ in range(int(depth)):
        angle = np.arccos(cosine)
        image = 1 - 2 * angle / np.pi if activation == "sign" else (np.sin(angle) + (np.pi - angle) * cosine) / np.pi
        kept = 0.0 if kind == "plain" else stream
        added = gain**2 * (stream if activation == "relu" and kind != "normalised" else 1.0)
        stream, cosine = kept + added, (kept * cosine + added * image) / (kept + added)
    return float(np.arccos(cosine) / np.pi)


# Small differences, and the worst of them


@lru_cache(maxsize=32)
def growth(kind: str, depth: int, gain: float = 1.0, width: int = 64, samples: int = 40) -> float:
    """Root mean square growth of a small difference through the layers of random relu networks, measured."""
    rng, squares = np.random.default_rng(1), []
    for seed in range(samples):
        net = network(kind, "relu", depth, width, width, gain, seed)
        x, v = rng.normal(size=(2, 8, width))
        start = np.linalg.norm(v @ net.first.T, axis=-1)
        squares.append((np.linalg.norm(tangent(net, x, v), axis=-1) / start) ** 2)
    return float(np.sqrt(np.mean(squares)))


def signed_step(net: Network, x: np.ndarray, readout: np.ndarray, size: float) -> np.ndarray:
    """The step, each coordinate plus or minus `size`, that moves a readout of the outputs most, to first order.

    The fast gradient sign method of Goodfellow, Shlens and Szegedy (2015), with the readout in place of a loss.
    """
    return size * np.sign(gradient(net, x, readout))


@lru_cache(maxsize=32)
def adversarial_gain(kind: str = "residual", depth: int = 4, inputs: int = 256, size: float = 1e-3) -> float:
    """Response of random networks to the signed step over that to random signs of the same size, root mean squares."""
    worst, usual = [], []
    for net, x, readout, at in _readouts(kind, depth, inputs, samples=20):
        random = size * np.random.default_rng(3).choice([-1.0, 1.0], size=(64, inputs))
        worst.append((forward(net, x + signed_step(net, x, readout, size)) @ readout - at) ** 2)
        usual.append(np.mean((forward(net, x + random) @ readout - at) ** 2))
    return float(np.sqrt(np.mean(worst) / np.mean(usual)))


@lru_cache(maxsize=32)
def decisions_changed(aim: str, size: float, kind: str = "residual", depth: int = 4, inputs: int = 784) -> float:
    """Share of decisions, the sign of a readout, that a step of so much per coordinate turns round.

    Parameters
    ----------
    aim : str
        "signed" steps against the decision along the signs of the gradient; "random" takes random signs.
    size : float
        Step of each coordinate; inputs have unit variance.

    Raises
    ------
    ValueError
        If the aim is neither.
    """
    if aim not in ("signed", "random"):
        raise ValueError(f"aim = {aim!r}: expected signed or random")
    rng, changed = np.random.default_rng(4), []
    for net, x, readout, at in _readouts(kind, depth, inputs, samples=300):
        random = size * rng.choice([-1.0, 1.0], size=inputs)
        step = signed_step(net, x, -np.sign(at) * readout, size) if aim == "signed" else random
        changed.append((forward(net, x + step) @ readout > 0) != (at > 0))
    return float(np.mean(changed))


def _readouts(kind: str, depth: int, inputs: int, samples: int) -> Iterator[tuple[Network, Any, Any, Any]]:
    """Random networks of tanh, each with a random input, a random readout and the readout's value there."""
    rng = np.random.default_rng(2)
    for seed in range(samples):
        net = network(kind, "tanh", depth, 64, inputs, 0.5, seed)
        x, readout = rng.normal(size=inputs), rng.normal(size=64)
        yield net, x, readout, forward(net, x) @ readout
