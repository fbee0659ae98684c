"""What size and how much data cost least, for a scaling law fitted by whoever: solved, searched, and fitted again.

A law says loss = E + A/N^alpha + B/D^beta in nats per token. The closed forms are formulas of `over_training`; here is
what they cannot say: the cheapest model when the later tokens are given, and laws fitted to runs of one's own.

Examples
--------
>>> import numpy as np
>>> from roofline.scaling_laws import (
...     Law, bootstrap, cheapest, compute_optimal, fit, later_cost_of_cheapest, least_effort, matched, published)
>>> law = published("chinchilla_besiroglu")
>>> best = compute_optimal(law, flops=1e24)
>>> round(6 * best.parameters * best.tokens / 1e24, 6)
1.0
>>> bool(np.isclose(matched(law, best.parameters).tokens, best.tokens))
True

A model that will serve many tokens is better made smaller and trained for longer:

>>> served = least_effort(law, best.parameters, later_tokens=2e12)
>>> served.parameters < best.parameters, served.tokens > best.tokens
(True, True)
>>> later_cost_of_cheapest(law, best.parameters, later_tokens=0)
0.0
>>> def training(size, data):
...     return 6 * size * data
>>> bool(np.isclose(cheapest(law, best.loss, training).parameters, best.parameters, rtol=1e-3))
True

A fit finds the law that the runs were made with:

>>> sizes, tokens = (grid.ravel() for grid in np.meshgrid([1e8, 1e9, 1e10], [2e9, 3e10, 4e11]))
>>> losses = 1.7 + 500 / sizes**0.35 + 1000 / tokens**0.3
>>> found = fit(sizes, tokens, losses)
>>> round(found.alpha, 3), round(found.beta, 3), round(found.E, 2)
(0.35, 0.3, 1.7)
>>> len(bootstrap(sizes, tokens, losses, draws=2, zooms=5))
2
>>> Law(E=1.7, A=500.0, B=1000.0, alpha=0.35, beta=0.3).at()["loss_floor"]
1.7
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from . import catalog, over_training
from .searches import bisect, least


@dataclass(frozen=True)
class Law:
    """A scaling law in the letters of the literature; all positive, E at least 0, losses in nats per token."""

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (0 < value < np.inf or (field.name == "E" and value == 0)):
                raise ValueError(f"{field.name} = {value!r}: expected a positive finite number")

    def at(self) -> dict[str, float]:
        """The law as a source of values for formulas."""
        return {
            "loss_floor": self.E,
            "A_N": self.A,
            "A_D": self.B,
            "alpha_N": self.alpha,
            "alpha_D": self.beta,
        }


def published(name: str) -> Law:
    """A law from the catalog's disclosures.

    Parameters
    ----------
    name : str
        "chinchilla_besiroglu"; "chinchilla_hoffmann/unrounded" for the figures unrounded_E, unrounded_A, ...;
        "sardana_table1/250" for the row of a table fitted to runs of at most 250 tokens per parameter.

    Raises
    ------
    ValueError
        If the disclosure has no such law; UnknownName if there is no such disclosure.
    """
    record, _, part = name.partition("/")
    table = catalog.disclosures[record]
    if part.isdigit():
        found = [row for row in table["rows"] if row["max_tokens_per_parameter"] == float(part)]
        if not found:
            raise ValueError(f"{record} has no row up to {part} tokens per parameter")
        return Law(**{field.name: found[0][field.name] for field in fields(Law)})
    prefix = f"{part}_" if part else ""
    figures = {field.name: f"{prefix}{field.name}" for field in fields(Law)}
    if table.has(f"{prefix}alpha_eq_beta"):
        figures |= dict.fromkeys(("alpha", "beta"), f"{prefix}alpha_eq_beta")
    if missing := [figure for figure in figures.values() if not table.has(figure)]:
        raise ValueError(f"{record} is not a scaling law: it has no {missing[0]}")
    return Law(**{letter: table[figure] for letter, figure in figures.items()})


def _law(law: Law | str) -> Law:
    return published(law) if isinstance(law, str) else law


class Optimum(NamedTuple):
    """A model: parameters, tokens of pre-training, and the loss that the law expects of it, nats per token."""

    parameters: float
    tokens: float
    loss: float


def compute_optimal(law: Law | str, flops: float) -> Optimum:
    """The model of least loss that a budget can train, in closed form (Hoffmann et al. 2022, equation 4)."""
    at = _law(law).at()
    size = over_training.optimal_parameters(at, budget=flops)
    data = over_training.optimal_tokens(at, budget=flops)
    return Optimum(size, data, over_training.training_loss(at, N_act=size, D=data))


def matched(law: Law | str, parameters: float) -> Optimum:
    """The compute-optimal model of a given size."""
    at = _law(law).at()
    data = over_training.matched_tokens(at, N_act=parameters)
    return Optimum(parameters, data, over_training.training_loss(at, N_act=parameters, D=data))


def later_cost_of_cheapest(law: Law | str, parameters: float, later_tokens: float) -> float:
    """Later cost over pre-training's, for the cheapest model with the loss of a compute-optimal one of this size.

    Parameters
    ----------
    law : Law or str
        A law, or the name of a published one.
    parameters : float
        Size of the compute-optimal model whose loss is to be reached.
    later_tokens : float
        Tokens of pre-training that cost as much as everything after it: served tokens count 1/3 at equal MFU.

    Returns
    -------
    float
        x, from which the formulas of `over_training` give size, data and saving. At the optimum x D/D0 is the later
        tokens over D0, which grows with x and so has one root.

    Raises
    ------
    ValueError
        If the later tokens are negative or not finite.
    """
    if not 0 <= later_tokens < np.inf:
        raise ValueError(f"later_tokens = {later_tokens!r}: expected a finite number, zero or more")
    at = _law(law).at()
    wanted = later_tokens / matched(law, parameters).tokens
    stretched = over_training.data_at_optimum.compile("x_inf", at, x_rl=0)
    return bisect(lambda x: x * stretched(x) - wanted, 0.0, 2 * wanted) if wanted > 0 else 0.0


def least_effort(law: Law | str, parameters: float, later_tokens: float) -> Optimum:
    """The cheapest model with the loss of a compute-optimal one of this size, later tokens counted (Sardana et al.)."""
    at, same = _law(law).at(), matched(law, parameters)
    split = {"x_rl": 0.0, "x_inf": later_cost_of_cheapest(law, parameters, later_tokens)}
    smaller, longer = over_training.size_at_optimum(at, split), over_training.data_at_optimum(at, split)
    return Optimum(same.parameters * smaller, same.tokens * longer, same.loss)


def cheapest(law: Law | str, loss: float, cost: Callable[[float, float], float], largest: float = 1e15) -> Optimum:
    """The model of a given loss that costs least, whatever the cost of (parameters, tokens), by direct search.

    Parameters
    ----------
    law : Law or str
    loss : float
        Loss to reach, nats per token.
    cost : callable
        Cost of a model of so many parameters and tokens; along the line of equal loss it falls and then rises.
    largest : float
        Largest size to consider, parameters.

    Raises
    ------
    ValueError
        If no model up to the largest size reaches the loss.
    """
    at = _law(law).at()
    smallest = over_training.smallest_parameters(at, loss_target=loss)
    if not smallest < largest:
        raise ValueError(f"loss = {loss!r}: no model of up to {largest:g} parameters reaches it")
    data = over_training.isoloss_tokens.compile("N_act", at, loss_target=loss)

    def at_size(log: float) -> float:
        size = float(np.exp(log))
        return cost(size, data(size))

    size = float(np.exp(least(at_size, float(np.log(smallest)), float(np.log(largest)))))
    return Optimum(size, data(size), loss)


# Fitting


def fit(parameters: np.ndarray, tokens: np.ndarray, losses: np.ndarray, zooms: int = 40) -> Law:
    """Fit a law to finished runs, by least squares of the relative error of the loss.

    Given both powers, E, A and B follow by linear least squares. The powers are found on a grid that closes in on the
    best of its points.

    Parameters
    ----------
    parameters, tokens, losses : arrays of shape (runs,)
        Size, data and final loss (nats per token) of each run: five different ones or more, of three sizes and three
        amounts of data or more, which do not stand in step, as D = 20 N does; otherwise many laws fit alike.
    zooms : int
        How often the grid closes in, each time by a third.

    Raises
    ------
    ValueError
        If the arrays do not fit together, the runs cannot tell size from data, or no law with positive parts suits.
    """
    size, data, loss = _runs(parameters, tokens, losses)
    middle = np.exp(np.log(size).mean()), np.exp(np.log(data).mean())  # keeps the columns of one magnitude
    centre, width = np.array([0.5, 0.5]), 0.48
    for _ in range(zooms):
        steps = width * np.linspace(-1, 1, 9)
        powers = np.clip(np.stack(np.meshgrid(*(c + steps for c in centre)), axis=-1).reshape(-1, 2), 0.01, 2)
        parts, errors = _linear(size / middle[0], data / middle[1], loss, powers)
        best = int(np.argmin(errors))
        centre, width = powers[best], width * 2 / 3
    if not np.isfinite(errors[best]):
        raise ValueError("no law with positive parts suits these runs")
    floor, by_size, by_data = (float(part) for part in parts[best])
    alpha, beta = (float(power) for power in centre)
    return Law(max(floor, 0.0), float(by_size * middle[0] ** alpha), float(by_data * middle[1] ** beta), alpha, beta)


def _runs(parameters: np.ndarray, tokens: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, ...]:
    """The runs as three arrays of floats, if they can tell what size brings from what data bring."""
    size, data, loss = (np.asarray(a, dtype=float) for a in (parameters, tokens, losses))
    if not (size.ndim == 1 and size.shape == data.shape == loss.shape and size.size >= 5):
        raise ValueError("parameters, tokens, losses: expected three arrays of one length, five runs or more")
    if not all(np.all((a > 0) & np.isfinite(a)) for a in (size, data, loss)):
        raise ValueError("parameters, tokens, losses: expected positive finite numbers")
    if not _telling(size, data):
        raise ValueError("parameters, tokens: expected five different runs, and three sizes and data not in step")
    return size, data, loss


def _telling(size: np.ndarray, data: np.ndarray) -> bool:
    """Whether runs are many and different enough; where data are a power of size they are not."""
    logs = np.log([size, data]) - np.log([size, data]).mean(axis=1, keepdims=True)
    counts = len(set(size)), len(set(data)), len(set(zip(size, data, strict=True)))
    return all(np.greater_equal(counts, (3, 3, 5))) and bool(np.linalg.matrix_rank(logs, rtol=1e-3) == 2)


def _linear(size: np.ndarray, data: np.ndarray, loss: np.ndarray, powers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per pair of powers (pairs, 2): the best E, A, B (pairs, 3), and the sum of squares, infinite if one is < 0."""
    floor = np.ones((len(powers), size.size))
    columns = np.stack([floor, size ** -powers[:, :1], data ** -powers[:, 1:]], axis=-1) / loss[:, None]
    squares = np.einsum("pri,prj->pij", columns, columns)
    parts = np.linalg.solve(squares, columns.sum(axis=1)[..., None])[..., 0]
    errors = ((np.einsum("pri,pi->pr", columns, parts) - 1) ** 2).sum(axis=1)
    return parts, np.where((parts >= 0).all(axis=1), errors, np.inf)


def bootstrap(
    parameters: np.ndarray, tokens: np.ndarray, losses: np.ndarray, draws: int, seed: int = 0, zooms: int = 20
) -> list[Law]:
    """Laws fitted to runs drawn with replacement, again where too few differ: their spread is the fit's uncertainty."""
    if draws < 1:
        raise ValueError(f"draws = {draws!r}: expected one or more")
    rng = np.random.default_rng(seed)
    size, data, loss = _runs(parameters, tokens, losses)
    laws: list[Law] = []
    while len(laws) < draws:
        pick = rng.integers(0, size.size, size.size)
        if _telling(size[pick], data[pick]):
            laws.append(fit(size[pick], data[pick], loss[pick], zooms))
    return laws
