"""What to remember of a forward pass: every activation, some checkpoints, or only its output.

Each strategy gives the gradients of the same network of coupled layers, so they differ in memory and arithmetic alone.
A meter is told of every array that is kept from one call to the next and of every matrix product. Temporaries inside
one layer's forward or backward call, and the gradients of the weights, are the same for all and not counted.

Examples
--------
>>> from roofline.coupling import random_network, random_state
>>> from roofline.strategies import gradient_error, gradients, half_square, metered, random_run
>>> layers, state = random_network(4, 8, 16, last_scale=0.1), random_state(3, 8)
>>> plain = gradients(layers, state, half_square)
>>> back = gradients(layers, state, half_square, "reversible")
>>> back.meter.stored < plain.meter.stored, back.meter.total_flops > plain.meter.total_flops
(True, True)
>>> gradients(layers, state, half_square, "invert_and_forward").meter.stored == back.meter.stored
True
>>> gradient_error(layers, state) < 1e-12
True
>>> shape = {"blocks": 8, "width": 8, "inner": 16, "rows": 3}
>>> stored = {name: metered("stored", name, **shape) for name in ("store_all", "checkpoint", "reversible")}
>>> sorted(stored, key=stored.get)
['reversible', 'checkpoint', 'store_all']
>>> random_run("binomial", checkpoints=2, **shape).meter.stored < stored["store_all"]
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .checkpointing import binomial_schedule
from .coupling import Arrays, Layer, Network, State, distance, random_network, random_state, whole
from .metering import Meter

Loss = Callable[[State], tuple[float, State]]


@dataclass(frozen=True)
class Run:
    """One forward and backward pass: the loss, its gradients by each layer's weights and by the input, the meter."""

    loss: float
    weights: tuple[Arrays, ...]
    inputs: State
    meter: Meter


def gradients(network: Network, state: State, loss: Loss, strategy: str = "store_all", **options: int | bool) -> Run:
    """The gradients of a loss, by the strategy named.

    Parameters
    ----------
    network : tuple of layers, two a block
    state : two arrays of shape (rows, width)
    loss : function of the output state
        Gives its value and its gradients by the two halves.
    strategy : {"store_all", "checkpoint", "binomial", "reversible", "invert_and_forward"}
    **options
        segment (blocks to a checkpoint, 1) and early_stop (True) of "checkpoint"; checkpoints of "binomial".

    Raises
    ------
    ValueError
        If the network has no whole number of blocks, the halves differ, or a name is unknown.
    """
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy = {strategy!r}: expected one of {', '.join(STRATEGIES)}")
    if not network or len(network) % 2:
        raise ValueError(f"network = {len(network)} layers: expected two for each block")
    if np.shape(state[0]) != np.shape(state[1]) or np.ndim(state[0]) != 2:
        raise ValueError(f"state = shapes {np.shape(state[0])}, {np.shape(state[1])}: expected (rows, width) twice")
    meter = Meter()
    value, inputs, weights = STRATEGIES[strategy](network, state, loss, meter, **options)
    return Run(value, tuple(reversed(weights)), inputs, meter)


Backward = tuple[float, State, list[Arrays]]


def store_all(network: Network, state: State, loss: Loss, meter: Meter) -> Backward:
    """Keep what every layer's backward pass needs."""
    tape: list[Arrays] = []
    for layer in network:
        state, kept = layer.forward(state, meter.counting("forward"))
        tape.append(meter.keep(*kept))
    value, grad = _turned(state, loss, meter)
    return value, *_unwound(network, tape, grad, meter)


def checkpoint(
    network: Network, state: State, loss: Loss, meter: Meter, segment: int = 1, early_stop: bool = True
) -> Backward:
    """Keep the input of every segment of so many blocks; run a segment again, keeping all of it, when its turn comes.

    With early_stop the second run ends before the last product, whose result nobody needs.
    """
    stride = 2 * whole("segment", segment)
    saved: list[State] = []
    for place, layer in enumerate(network):
        if place % stride == 0:
            saved.append(state)
            meter.keep(*state)
        state = layer.forward(state, meter.counting("forward"))[0]
    value, grad = _turned(state, loss, meter)
    weights: list[Arrays] = []
    for place in reversed(range(0, len(network), stride)):
        state = saved.pop()
        grad, found = _again(network[place : place + stride], state, grad, meter, early_stop)
        meter.release(*state)
        weights += found
    return value, grad, weights


def reversible(network: Network, state: State, loss: Loss, meter: Meter) -> Backward:
    """Keep the output only; running a layer backwards gives its input, and on the way all that its gradient needs."""
    state = _run(network, state, meter, "forward")
    meter.keep(*state)
    value, grad = _turned(state, loss, meter)
    weights: list[Arrays] = []
    for layer in reversed(network):
        before, kept = layer.inverse(state, meter.counting("recompute"))
        meter.release(*state)
        meter.keep(*before, *kept)
        grad, found = _back(layer, kept, grad, meter)
        state, weights = before, [*weights, found]
    meter.release(*state)
    return value, grad, weights


def invert_and_forward(network: Network, state: State, loss: Loss, meter: Meter) -> Backward:
    """Keep the output only, but forget what the inverse passed through and run each block forward again to get it."""
    state = _run(network, state, meter, "forward")
    meter.keep(*state)
    value, grad = _turned(state, loss, meter)
    weights: list[Arrays] = []
    for place in reversed(range(0, len(network), 2)):
        meter.release(*state)
        for layer in reversed(network[place : place + 2]):
            state = layer.inverse(state, meter.counting("recompute"))[0]
        meter.keep(*state)
        grad, found = _again(network[place : place + 2], state, grad, meter, early_stop=False)
        weights += found
    meter.release(*state)
    return value, grad, weights


def binomial(network: Network, state: State, loss: Loss, meter: Meter, checkpoints: int) -> Backward:
    """Keep the inputs of so many blocks at a time, chosen so that the fewest blocks run again.

    The last block is reversed as soon as it has run, so what its gradient needs is stored beside the checkpoints.
    """
    saved: dict[int, State] = {}
    working = state
    done: Backward | None = None
    for what, place, to in binomial_schedule(len(network) // 2, checkpoints):
        part = network[2 * place : 2 * place + 2]
        if what == "keep":
            saved[place] = working
            meter.keep(*working)
        elif what == "drop":
            meter.release(*saved.pop(place))
        elif what == "advance":
            working = _run(network[2 * place : 2 * to], saved[place], meter, "recompute" if done else "forward")
        elif done is None:
            done = store_all(part, working, loss, meter)
        else:
            value, grad, weights = done
            grad, found = _again(part, saved.get(place, working), grad, meter, early_stop=True)
            done = value, grad, weights + found
    assert done is not None
    return done


STRATEGIES: dict[str, Callable[..., Backward]] = {
    made.__name__: made for made in (store_all, checkpoint, binomial, reversible, invert_and_forward)
}


def _run(part: Network, state: State, meter: Meter, purpose: str) -> State:
    """Run a part of the network forward, keeping nothing but its output."""
    for layer in part:
        state = layer.forward(state, meter.counting(purpose))[0]
    return state


def _turned(state: State, loss: Loss, meter: Meter) -> tuple[float, State]:
    """The loss at the end of the forward pass, and its gradients, which are held from now on."""
    meter.turn()
    value, grad = loss(state)
    meter.keep(*grad)
    return value, grad


def _again(part: Network, state: State, grad: State, meter: Meter, early_stop: bool) -> tuple[State, list[Arrays]]:
    """Run a part of the network forward again, keeping all of it, and then backward."""
    tape: list[Arrays] = []
    for layer in part[:-1]:
        state, kept = layer.forward(state, meter.counting("recompute"))
        tape.append(meter.keep(*kept))
    last, multiply = part[-1], meter.counting("recompute")
    kept = last.rehearse(state, multiply) if early_stop else last.forward(state, multiply)[1]
    tape.append(meter.keep(*kept))
    return _unwound(part, tape, grad, meter)


def _unwound(part: Network, tape: list[Arrays], grad: State, meter: Meter) -> tuple[State, list[Arrays]]:
    """Back through a part whose tape is complete: the gradients by its input and weights, the last layer's first."""
    weights: list[Arrays] = []
    for layer in reversed(part):
        grad, found = _back(layer, tape.pop(), grad, meter)
        weights.append(found)
    return grad, weights


def _back(layer: Layer, kept: Arrays, grad: State, meter: Meter) -> tuple[State, Arrays]:
    found, weights = layer.backward(kept, grad, meter.counting("backward"))
    meter.release(*kept, *grad)
    meter.keep(*found)
    return found, weights


def random_run(
    strategy: str, *, blocks: int, width: int, inner: int, rows: int, dtype: str = "float64", **options: int | bool
) -> Run:
    """A strategy on a random network that stays close to the identity, with gradients of half the squared output."""
    network = random_network(blocks, width, inner, last_scale=0.1, dtype=dtype)
    return gradients(network, random_state(rows, width, dtype), half_square, strategy, **options)


def half_square(state: State) -> tuple[float, State]:
    """Half the sum of all squares of a state, and its gradients: the state itself."""
    return float(sum(np.sum(half.astype(np.float64) ** 2) for half in state)) / 2, (state[0].copy(), state[1].copy())


def metered(figure: str, strategy: str, **shape: Any) -> int:
    """One figure of a random run's meter: "stored" or "peak" in bytes, or "flops".

    Parameters
    ----------
    figure, strategy : str
    **shape
        What `random_run` takes: blocks, width, inner, rows, and the strategy's own options.
    """
    meter = random_run(strategy, **shape).meter
    figures = {"stored": meter.stored, "peak": meter.peak, "flops": meter.total_flops}
    if figure not in figures:
        raise ValueError(f"figure = {figure!r}: expected one of {', '.join(figures)}")
    return figures[figure]


def gradient_error(network: Network, state: State, loss: Loss = half_square) -> float:
    """How far the reversible run's weight gradients are from those of storing all: `|found - true| / |true|`."""
    with np.errstate(over="ignore", invalid="ignore"):
        found, true = (gradients(network, state, loss, name).weights for name in ("reversible", "store_all"))
        return distance(*(tuple(array for layer in run for array in layer) for run in (found, true)))
