"""The fitted laws of what sparsity buys, with the coefficients of the catalog.

Clark et al. (2022) fitted the loss of models that route each token to one of E experts in some layers; Krajewski et
al. (2024) that of models with finer experts. Both hold for the sizes, data and routers they were fitted to.

Examples
--------
>>> from roofline.sparse_laws import cutoff, dense_equivalent, experts_for_gain, fine_law, granularity_gain, routed_law
>>> worth = dense_equivalent(active=370e6, experts=64)
>>> 2 < worth / 370e6 < 64
True
>>> round(experts_for_gain(active=370e6, gain=worth / 370e6))
64
>>> dense_equivalent(active=370e6, experts=64, method="HASH") < worth
True
>>> granularity_gain(1), granularity_gain(8) > 1
(1.0, True)
>>> sorted(fine_law()), cutoff() > 1e11
(['a_fine', 'alpha_fine', 'g_fine', 'gamma_fine'], True)
>>> sorted(routed_law())
['E_max', 'E_start', 'a_routed', 'b_routed', 'c_routed', 'd_routed']
"""

from __future__ import annotations

from roofline import catalog

from . import moe

METHODS = ("S-BASE", "RL-R", "HASH")
_ROUTED = {
    **{f"{letter}_routed": letter for letter in "abcd"},
    "E_start": "E_start",
    "E_max": "E_max",
}
_FINE = {"g_fine": "g", "gamma_fine": "gamma", "a_fine": "a", "alpha_fine": "alpha"}


def routed_law(method: str = "S-BASE") -> dict[str, float]:
    """Coefficients of the routed law for one way of routing, as inputs of the formulas of `moe`.

    Raises
    ------
    ValueError
        If the law was not fitted to such a method.
    """
    _known(method)
    row = catalog.sparse_scaling["clark2022_law"][method]
    return {name: row[printed] for name, printed in _ROUTED.items()}


def _known(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"method = {method!r}: expected one of {', '.join(METHODS)}")


def fine_law() -> dict[str, float]:
    """Coefficients of the law of fine-grained experts, as inputs of `moe.granularity_gain`."""
    row = catalog.sparse_scaling["krajewski2024"]["moe"]
    return {name: row[printed] for name, printed in _FINE.items()}


def dense_equivalent(active: float, experts: float, method: str = "S-BASE") -> float:
    """Parameters of the dense model that loses as much as one with so many active parameters and experts."""
    return moe.effective_parameters(routed_law(method), N_act=active, E=experts)


def cutoff(method: str = "S-BASE") -> float:
    """Active parameters from which on more experts no longer help, as the paper prints them.

    `moe.routed_cutoff` of the printed coefficients gives 1.07, 0.37 and 2.6 times as much for the three methods: their
    three decimals do not fix a power of ten with b/c in the exponent.
    """
    _known(method)
    return catalog.sparse_scaling["clark2022_law"][method]["N_cutoff"]


def granularity_gain(granularity: float) -> float:
    """Parameters that standard experts need over those of experts so many times finer, for the same loss."""
    return moe.granularity_gain(fine_law(), G_fine=granularity)


def experts_for_gain(active: float, gain: float, method: str = "S-BASE") -> float:
    """Experts at which a model is worth `gain` times its active parameters: the inverse of `dense_equivalent`.

    Raises
    ------
    ValueError
        If even endless experts are not worth that much, the gain is below 1, or experts gain nothing at that size.
    """
    law = routed_law(method)
    if not gain >= 1:
        raise ValueError(f"gain = {gain!r}: expected a number of at least 1")
    most_active = moe.routed_cutoff(law)  # of these coefficients, so that every smaller model gains by them
    if not active < most_active:
        raise ValueError(
            f"active = {active:.3g}: expected less than {most_active:.3g}, from which on the printed coefficients of "
            f"the {method} law give more experts no gain"
        )
    low, high = 1.0, 1e12  # of so many experts the law counts no more than of endlessly many
    most = moe.sparsity_gain(law, N_act=active, E=high)
    if gain > most:
        raise ValueError(f"gain = {gain!r}: expected less than {most:.3g}, at which the {method} law saturates")
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        below = moe.sparsity_gain(law, N_act=active, E=middle) < gain
        low, high = (middle, high) if below else (low, middle)
    return high
