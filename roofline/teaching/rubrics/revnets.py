"""How the six functions of the lab on reversible networks are marked.

The references are the book's formulas and its own coupled layers. Most mistakes are a reference asked with one wrong
input, or a pass in which one thing is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from roofline import revnets as book
from roofline.teaching.grading.draws import Inputs, between, one_of, spread, whole
from roofline.teaching.grading.rubric import Cases, Law, Mistake, Question, Rubric, scales

from . import _networks as nets


def ask(function: Callable[..., Any], x: Inputs, **changed: Any) -> Any:
    """What a reference gives for the inputs `x`, some of them changed."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return function(**{name: {**x, **changed}[name] for name in names})


SHAPES = {"rows": whole(2, 3), "half": whole(2, 3), "inner": whole(3, 5)}
ONE_LAYER = Cases("the network has one layer", 1, fix=lambda rng, x: {"layers": x.layers[:1]})


# A network, forward


def forward(x, y, layers):
    return nets.forward(x, y, layers)


STATE_IN = {**SHAPES, "x": nets.halves(), "y": nets.halves(), "layers": nets.several(2, 4)}

FORWARD = Question(forward, STATE_IN, cases=[
    ONE_LAYER,
    Cases("the network has several layers", 2),
], laws=[
    Law("One layer more begins with what the others gave.",
        lambda x, y: {**x, "layers": [*x.layers, x.layers[0]]},
        lambda x, y, z: nets.near(z, nets.forward(np.asarray(y[0]), np.asarray(y[1]), x.layers[:1]))),
], mistakes=[
    Mistake("The halves did not change places: each layer would change the same one.",
            lambda x: nets.ahead(x, lambda x, y, a, b: (x, y + nets.added(x, a, b))), costs=3),
    Mistake("This reads the half that it changes. A layer reads one half and changes the other.",
            lambda x: nets.ahead(x, lambda x, y, a, b: (y + nets.added(y, a, b), x)), costs=3),
    Mistake("This leaves the maximum out.", lambda x: nets.ahead(x, lambda x, y, a, b: (y + x @ a @ b, x)), costs=3),
    Mistake("This is what f gives, without the half that it is added to.",
            lambda x: nets.ahead(x, lambda x, y, a, b: (nets.added(x, a, b), x)), costs=3),
    Mistake("This takes the layers from the last to the first.",
            lambda x: ask(forward, x, layers=x.layers[::-1]), costs=2),
    Mistake("This is the state after the first layer alone.", lambda x: ask(forward, x, layers=x.layers[:1]), costs=2),
])  # fmt: skip


# The way back


def inverse(u, v, layers):
    return nets.inverse(u, v, layers)


STATE_OUT = {**SHAPES, "u": nets.halves(), "v": nets.halves(), "layers": nets.several(2, 4)}

INVERSE = Question(inverse, STATE_OUT, cases=[
    ONE_LAYER,
    Cases("the network has several layers", 2),
], laws=[
    Law("A layer put in front of the others is undone after them.",
        lambda x, y: {**x, "layers": [x.layers[0], *x.layers]},
        lambda x, y, z: nets.near(z, nets.inverse(np.asarray(y[0]), np.asarray(y[1]), x.layers[:1]))),
], mistakes=[
    Mistake("This undoes the first layer first. The last one done is the first to be undone.",
            lambda x: ask(inverse, x, layers=x.layers[::-1]), costs=2),
    Mistake("This reads the half that was changed. What the layer read still stands in the other.",
            lambda x: nets.undone(x, lambda u, v, a, b: (v, u - nets.added(u, a, b))), costs=3),
    Mistake("This adds f once more. To undo an addition, subtract.",
            lambda x: nets.undone(x, lambda u, v, a, b: (v, u + nets.added(v, a, b))), costs=3),
    Mistake("The halves did not change back to their places.",
            lambda x: nets.undone(x, lambda u, v, a, b: (u - nets.added(v, a, b), v)), costs=3),
    Mistake("This leaves the maximum out.", lambda x: nets.undone(x, lambda u, v, a, b: (v, u - v @ a @ b)), costs=3),
    Mistake("This goes forward once more.",
            lambda x: nets.forward(x.u, x.v, x.layers), costs=3),
])  # fmt: skip


# Gradients, without anything that was kept


def backward(u, v, grad_u, grad_v, layers):
    return nets.backward(u, v, grad_u, grad_v, layers)


BACKWARD = Question(backward, {**STATE_OUT, "grad_u": nets.halves(), "grad_v": nets.halves()}, cases=[
    ONE_LAYER,
    Cases("the network has several layers", 3),
], laws=[nets.FINITE_DIFFERENCES], mistakes=[
    Mistake("The slope of the maximum is missing: what was cut off passes no gradient.",
            lambda x: nets.back(x, slope=False), costs=4),
    Mistake("The half that is read also passes on unchanged, and its gradient with it. That part is missing.",
            lambda x: nets.back(x, both=False), costs=4),
    Mistake("This reads the half that was changed. What the layer read still stands in the other.",
            lambda x: nets.back(x, read="changed"), costs=4),
    Mistake("The pairs come in the order of the way back. They are wanted in the order of the layers.",
            lambda x: nets.back(x, order=-1), costs=3),
    Mistake("This adds f on the way back, so earlier layers see states that never were.",
            lambda x: nets.back(x, sign=-1), costs=3),
    Mistake("This never undoes a layer's sum: earlier layers see states that never were.",
            lambda x: nets.back(x, sign=0), costs=3),
])  # fmt: skip


# What must be held

PAIRS = {
    "store all": (book.stored_all, book.peak_all),
    "checkpoint": (book.stored_checkpoints, book.peak_checkpoints),
    "reversible": (book.stored_reversible, book.peak_reversible),
}

SIZES = {
    "segment": whole(2, 12),
    "blocks": lambda rng, x: x.segment * rng.randint(2, 12),
    "rows": whole(10, 100_000),
    "half": whole(16, 8192),
    "inner": lambda rng, x: x.half * rng.randint(2, 6),
    "size": one_of(2, 4, 8),
}


def activation_bytes(strategy, blocks, segment, rows, half, inner, size):
    at = {"n_blocks": blocks, "segment_blocks": segment, "n_rows": rows, "d_half": half, "d_inner": inner}
    return tuple(formula(at, b_act=size) for formula in PAIRS[strategy])


def less(x: Inputs, states: float) -> Any:
    """The right pair, its peak less so many states."""
    stored, peak = ask(activation_bytes, x)
    return stored, peak - states * 2 * x.rows * x.half * x.size


BYTES = Question(activation_bytes, {**SIZES, "strategy": one_of("store all", "checkpoint", "reversible")}, cases=[
    Cases("everything is stored", 1, fix={"strategy": "store all"}),
    Cases("segments have a checkpoint each", 2, fix={"strategy": "checkpoint"}),
    Cases("the network is reversible", 1, fix={"strategy": "reversible"}),
], laws=[
    Law("Twice the rows take twice the bytes.", lambda x, y: {**x, "rows": 2 * x.rows},
        lambda x, y, z: all(abs(b - 2 * a) <= 1e-6 * abs(a) for a, b in zip(y, z, strict=True))),
], mistakes=[
    Mistake("This counts one layer to a block. A block has two.",
            lambda x: tuple(n / 2 for n in ask(activation_bytes, x)), costs=4),
    Mistake("This keeps one inner array to a layer. Here it keeps two, before and after the maximum.",
            lambda x: ask(activation_bytes, x, inner=x.inner / 2), costs=4),
    Mistake("This counts numbers. How many bytes does each take?",
            lambda x: ask(activation_bytes, x, size=1), costs=4),
    Mistake("This is the peak without the gradient of the state.",
            lambda x: less(x, 0.5 if x.strategy == "checkpoint" else 1), costs=4),
    Mistake("A half is counted twice: what a segment's first layer reads is already in its checkpoint.",
            lambda x: less(x, -0.5 if x.strategy == "checkpoint" else 0), costs=2),
    Mistake("This sets a checkpoint at each block. There is one for each segment.",
            lambda x: ask(activation_bytes, x, segment=1), costs=2),
    Mistake("The peak has no segment in it: when its turn comes, all of it is in memory.",
            lambda x: less(x, x.segment * (1 + 2 * x.inner / x.half) if x.strategy == "checkpoint" else 0), costs=2),
    Mistake("The way back works on one layer at a time, not on a block.",
            lambda x: less(x, -x.inner / x.half if x.strategy == "reversible" else 0), costs=1),
])  # fmt: skip


# What it costs


def overhead_ratio(strategy, blocks, segment, forward_flop, backward_flop):
    plain, at = blocks * (forward_flop + backward_flop), {"n_blocks": blocks, "block_flops": forward_flop}
    if strategy == "checkpoint":
        return book.flops_checkpoints.function(flops_all=plain, early_stop=1, segments=blocks / segment, **at) / plain
    forgets = float(strategy == "forgetful")
    return book.flops_reversible.function(flops_all=plain, forgetful=forgets, **at) / plain


def saved(x: Inputs, again: float) -> float:
    """The ratio, if so many forward passes of a block are run again."""
    return 1 + again * x.forward_flop / (x.blocks * (x.forward_flop + x.backward_flop))


WORK = {
    "segment": whole(1, 12),
    "blocks": lambda rng, x: x.segment * rng.randint(2, 12),
    "forward_flop": spread(1e6, 1e12),
    "backward_flop": lambda rng, x: x.forward_flop * rng.uniform(1.3, 2.7),
    "strategy": one_of("checkpoint", "reversible", "forgetful"),
}


def again(x: Inputs) -> float:
    """Forward passes of a block that are run again, as they should be."""
    return {"checkpoint": x.blocks - x.blocks / x.segment / 4, "reversible": x.blocks, "forgetful": 2 * x.blocks}[
        x.strategy]  # fmt: skip


OVERHEAD = Question(overhead_ratio, WORK, cases=[
    Cases("each block has a checkpoint", 1, fix=lambda rng, x: {"strategy": "checkpoint", "segment": 1}),
    Cases("segments are longer than a block", 1, lambda x: x.segment > 1, fix={"strategy": "checkpoint"}),
    Cases("the network is reversible", 1, fix={"strategy": "reversible"}),
    Cases("it forgets what it passes through", 1, fix={"strategy": "forgetful"}),
], laws=[
    scales({"forward_flop": 2, "backward_flop": 2}, 1, "Blocks of twice the arithmetic leave the ratio as it is."),
], mistakes=[
    Mistake("This takes a backward pass for twice a forward pass. Here both are given.",
            lambda x: ask(overhead_ratio, x, backward_flop=2 * x.forward_flop), costs=4),
    Mistake("This is what is run again, over the whole. The ratio has the plain run in it too.",
            lambda x: ask(overhead_ratio, x) - 1, costs=4),
    Mistake("This compares with the forward pass alone.",
            lambda x: ask(overhead_ratio, x) * (1 + x.backward_flop / x.forward_flop), costs=4),
    Mistake("This runs whole segments again. The last product of each is left out: nobody needs its result.",
            lambda x: saved(x, x.blocks) if x.strategy == "checkpoint" else saved(x, again(x)), costs=2),
    Mistake("This leaves out a product of every block. Only the last block of a segment can stop early.",
            lambda x: saved(x, 0.75 * x.blocks) if x.strategy == "checkpoint" else saved(x, again(x)), costs=1),
    Mistake("This lets the way back stop early too. The product that it would leave out is what must be subtracted.",
            lambda x: saved(x, 0.75 * x.blocks if x.strategy == "reversible" else again(x)), costs=1),
    Mistake("A forgetful network is undone, and then runs forward as well: twice a forward pass.",
            lambda x: saved(x, x.blocks if x.strategy == "forgetful" else again(x)), costs=1),
])  # fmt: skip


# Keep, or compute again


def break_even_seconds(flop, kept, C, M, reached):
    return book.break_even_hold(flops_per_byte=flop / kept, C=C, M=M, eta_C=reached)


TRADE = {
    "flop": spread(1e9, 1e15),
    "kept": spread(1e3, 1e9),
    "C": spread(1e14, 1e16),
    "M": spread(2e10, 3e11),
    "reached": between(0.2, 0.9),
}

BREAK_EVEN = Question(break_even_seconds, TRADE, cases=[
    Cases("any byte meets any chip", 2),
], laws=[
    scales({"flop": 2, "kept": 2}, 1, "Twice the arithmetic for twice the bytes is worth keeping for as long."),
    scales({"C": 2, "M": 2}, 1, "Two chips taken as one are no better at either."),
    scales({"reached": 0.5}, 2, "At half the rate, keeping pays for twice as long."),
], mistakes=[
    Mistake("This is the time of the arithmetic alone. Holding takes only a part of the memory, for so much longer.",
            lambda x: x.flop / (x.C * x.reached), costs=2),
    Mistake("This takes the peak rate as reached.", lambda x: ask(break_even_seconds, x, reached=1), costs=2),
    Mistake("This multiplies by the share of memory. The smaller the share, the longer it may be held.",
            lambda x: x.flop / (x.C * x.reached) * x.kept / x.M, costs=2),
    Mistake("This is the reciprocal of the time.", lambda x: 1 / ask(break_even_seconds, x), costs=2),
    Mistake("This multiplies by the share of the rate that is reached. A slower chip makes arithmetic dearer.",
            lambda x: ask(break_even_seconds, x) * x.reached**2, costs=2),
])  # fmt: skip

rubric = Rubric("revnets", "Train it forgetful", [FORWARD, INVERSE, BACKWARD, BYTES, OVERHEAD, BREAK_EVEN])
