"""What does a router do to a batch: which experts does it touch, and how unevenly does it load them?

A router over E experts is simulated token by token, with even, Zipf-skewed or grouped choices, as a check on the closed
forms of `moe` and for what they cannot say. It draws without replacement: a token uses k different experts.

Examples
--------
>>> import numpy as np
>>> from roofline.routing import (
...     balance_batch_touched, expert_loads, imbalance, inclusion, popularity, route, touched_by)
>>> choices = route(tokens=1000, experts=64, top_k=4, zipf=0.5, seed=1)
>>> loads = expert_loads(choices, experts=64)
>>> choices.shape, int(loads.sum()), imbalance(loads) > 1
((1000, 4), 4000, True)
>>> chances = inclusion(popularity(64, zipf=0.5), top_k=4)
>>> round(float(chances.sum()), 6), round(touched_by(chances, tokens=32), 1)
(4.0, 52.2)
>>> imbalance(np.array([1, 1, 1, 5]))
2.5

A batch touches fewer than all experts, so it balances earlier than one that reads every weight:

>>> from roofline import chips, models
>>> from roofline.batch_size import balance_batch
>>> rack, model = chips["GB200"].at("fp8", n=72), models["DeepSeek-V3"].at("fp8")
>>> balance_batch_touched(rack, model) <= balance_batch(rack, model)
True
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real

import numpy as np

from . import batch_size, moe


def check_whole(**counts: tuple[int, int]) -> None:
    """ValueError unless each count, given with the least it may be, is a whole number of at least that."""
    for name, (value, least) in counts.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} = {value!r}: expected a whole number of at least {least}")


def check_router(tokens: int, experts: int, top_k: int) -> None:
    """ValueError unless so many tokens can choose `top_k` different ones of the experts."""
    check_whole(tokens=(tokens, 1), experts=(experts, 1), top_k=(top_k, 1))
    if top_k > experts:
        raise ValueError(f"top_k = {top_k}: expected at most the number of experts, {experts}")


def popularity(experts: int, zipf: float = 0.0) -> np.ndarray:
    """Weights of the experts, adding to 1: even at zipf 0, else the i-th in proportion to i**-zipf.

    Parameters
    ----------
    experts : int
    zipf : float
        Exponent, 0 or more.

    Returns
    -------
    np.ndarray, shape (experts,)
    """
    check_whole(experts=(experts, 1))
    if isinstance(zipf, bool) or not isinstance(zipf, Real) or not 0 <= zipf < np.inf:
        raise ValueError(f"zipf = {zipf!r}: expected a finite number, zero or more")
    weights = np.arange(1, experts + 1, dtype=float) ** -zipf
    return weights / weights.sum()


def _draw(rng: np.random.Generator, draws: int, weights: np.ndarray, top_k: int) -> np.ndarray:
    """`top_k` different experts a draw, by weight: those whose exponential clocks, of these rates, ring first."""
    clocks = rng.exponential(size=(draws, weights.size)) / weights
    return np.argpartition(clocks, top_k - 1, axis=1)[:, :top_k]


def route(
    tokens: int, experts: int, top_k: int, *, zipf: float = 0.0, group: int = 1, follow: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Experts that each token uses.

    Parameters
    ----------
    tokens, experts, top_k : int
    zipf : float
        Skew of popularity, as for `popularity`.
    group : int
        Tokens that stand together as a group; the last group may be smaller.
    follow : float
        Chance that a token takes its group's draw rather than one of its own.
    seed : int

    Returns
    -------
    np.ndarray of int, shape (tokens, top_k)
        Different experts in each row, in no order.

    Raises
    ------
    ValueError
        If an argument is outside its range.
    """
    check_router(tokens, experts, top_k)
    check_whole(group=(group, 1))
    if isinstance(follow, bool) or not isinstance(follow, Real) or not 0 <= follow <= 1:
        raise ValueError(f"follow = {follow!r}: expected a number between 0 and 1")
    rng, weights = np.random.default_rng(seed), popularity(experts, zipf)
    own = _draw(rng, tokens, weights, top_k)
    shared = _draw(rng, -(-tokens // group), weights, top_k)[np.arange(tokens) // group]
    return np.where(rng.random((tokens, 1)) < follow, shared, own)


def expert_loads(choices: np.ndarray, experts: int) -> np.ndarray:
    """Tokens that each expert gets, from `route`; an int array of shape (experts,)."""
    check_whole(experts=(experts, 1))
    flat = np.asarray(choices).ravel()
    if flat.size and not 0 <= flat.min() <= flat.max() < experts:
        raise ValueError(f"choices: expected experts from 0 to {experts - 1}, got {flat.min()} to {flat.max()}")
    return np.bincount(flat, minlength=experts)


def imbalance(loads: np.ndarray) -> float:
    """The largest load over the mean load: 1 if all are alike."""
    loads = np.asarray(loads, dtype=float)
    if loads.size == 0 or loads.min() < 0 or not loads.sum() > 0:
        raise ValueError("loads: expected one or more numbers, none negative and not all zero")
    return float(loads.max() / loads.mean())


def inclusion(weights: np.ndarray, top_k: int, nodes: int = 96) -> np.ndarray:
    """Chance of each expert to be among the `top_k` of a token, when experts are drawn by weight without replacement.

    An expert is chosen if fewer than `top_k` clocks of the others ring before its own (as in `route`). The chance of
    that is integrated over the moment at which its own rings, by Gauss and Legendre's rule.

    Parameters
    ----------
    weights : np.ndarray, shape (experts,)
        Positive popularities; their scale does not matter.
    top_k : int
    nodes : int
        Points of the integral.

    Returns
    -------
    np.ndarray, shape (experts,), adding to top_k
    """
    weights = np.asarray(weights, dtype=float)
    check_router(1, weights.size, top_k)
    if not (weights.min() > 0 and np.isfinite(weights.sum())):
        raise ValueError("weights: expected positive finite numbers")
    points, share = np.polynomial.legendre.leggauss(nodes)
    times = -np.log1p(-(1 + points[:, None]) / 2) / weights  # of each expert's clock, (nodes, experts)
    earlier = np.zeros((top_k, *times.shape))  # chance that so many others have rung
    earlier[0] = 1
    for j, rate in enumerate(weights):
        rung = -np.expm1(-rate * times)
        rung[:, j] = 0
        earlier[1:] = earlier[1:] * (1 - rung) + earlier[:-1] * rung
        earlier[0] *= 1 - rung
    return share @ earlier.sum(axis=0) / 2


def touched_by(chances: np.ndarray, tokens: float) -> float:
    """Experts that some token uses, on average, from each expert's chance to be used by one token.

    Uneven chances touch fewer experts than even ones of the same sum, since (1 - p)**tokens is convex in p.
    """
    chances = np.asarray(chances, dtype=float)
    if chances.size == 0 or not 0 <= chances.min() <= chances.max() <= 1 + 1e-9:
        raise ValueError("chances: expected numbers between 0 and 1")
    if not 0 <= tokens < np.inf:
        raise ValueError(f"tokens = {tokens!r}: expected a finite number, zero or more")
    return float(np.sum(1 - (1 - np.minimum(chances, 1)) ** tokens))


def balance_batch_touched(*sources: Mapping[str, float], **values: float) -> float:
    """Batch at which arithmetic takes as long as reading the weights that this batch touches.

    There is no closed form in elementary functions: the batch stands in a line on one side and in an exponent on the
    other. Read weights never exceed the total, so the root lies at or below `batch_size.balance_batch`; they are
    concave in the batch while arithmetic is linear, so the two meet once at most, and bisection finds where.

    Parameters
    ----------
    *sources, **values
        A chip, a model and single inputs, as for a formula: C, W, N_act, N_tot, E, k, b_w; and q, g_tok, c_tok
        where they are not the default. All q tokens of a sequence draw experts, and a group is of tokens.

    Returns
    -------
    float
        The batch; the smallest one modelled (a single group) where its arithmetic is already the longer time.

    Raises
    ------
    InputMissing, NameUnknown, DomainError
        As a formula does.
    """
    at = [*sources, values]
    given = {name: value for source in at for name, value in source.items()}
    low = max(1.0, given.get("g_tok", 1.0) / given.get("q", 1.0))  # sequences of a single group
    high = max(low, batch_size.balance_batch(*at))
    one = batch_size.t_compute(*at, B=high) / high
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle * one > moe.t_weights_grouped(*at, B=middle):
            high = middle
        else:
            low = middle
    return high
