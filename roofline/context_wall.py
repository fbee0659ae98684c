"""What stops contexts from growing: arithmetic, bandwidth, capacity or money, and how fast does each give way?

Attention's arithmetic over a prompt is quadratic, the bytes a new token reads are linear, and so are the bytes a
sequence keeps. Sparse attention changes the first two, nothing here the third. A fit over chips says how fast hardware
moves the wall.

Examples
--------
>>> from roofline.context_wall import fit_growth, growth_per_year
>>> doubling = fit_growth([2020, 2021, 2022, 2023], [1, 2, 4, 8])
>>> round(doubling.per_year, 6), round(doubling.scatter, 6)
(2.0, 1.0)
>>> round(growth_per_year([2020, 2021, 2022], [1, 3, 9]), 6)
3.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Max, Min, Piecewise, ceiling, log, oo, sqrt

from . import kv_memory  # noqa: F401  its formulas, and batch_size's, are named below
from .notation import formula

# Arithmetic: linear and quadratic


@formula("FLOP", r"F_\text{w}")
def flops_weights_prompt(phi, N_act, L_doc):
    """Arithmetic on weights for a whole prompt: linear in its length."""
    return phi * N_act * L_doc


@formula("FLOP", r"F_\text{att}")
def flops_attention_prompt(phi_att, L_doc, phi_att_cap, L_att_cap):
    """Attention's arithmetic for a whole prompt, each token meeting those before it; linear beyond a window."""
    window = Min(L_doc, L_att_cap)
    return phi_att * L_doc**2 / 2 + phi_att_cap * window * (L_doc - window / 2)


@formula("FLOP", r"F_\text{doc}")
def flops_prompt(flops_weights_prompt, flops_attention_prompt):
    """All arithmetic for a whole prompt."""
    return flops_weights_prompt + flops_attention_prompt


@formula("1", r"f_\text{att}", "fraction")
def attention_share(flops_attention_prompt, flops_prompt):
    """Attention's share of a prompt's arithmetic."""
    return flops_attention_prompt / flops_prompt


@formula("token", r"\ell_\text{quad}")
def quadratic_context(attention_context):
    """Prompt whose attention takes as much arithmetic as its weights, without windows: its tokens see half of it."""
    return 2 * attention_context


@formula("FLOP", r"F_\text{pass}")
def flops_pass(phi, q, B, N_act, flops_attention):
    """Arithmetic of one pass whose new tokens attend to the context and to one another."""
    return B * (phi * q * N_act + flops_attention)


# Bandwidth: linear, and summed over an answer quadratic


@formula("byte", r"S_\text{ans}")
def kv_read_answer(kappa, L, q_answer, one_token):
    """KV bytes read to generate an answer token by token, the cache growing by each; layers without windows."""
    return kappa * q_answer * (L + (q_answer - one_token) / 2) / one_token


@formula("1", r"m_\ell", "at least one")
def context_cost_multiple(kv_sequence, kv_budget):
    """Least cost of a new token over its cost without context: 1 up to the balance context, then proportional."""
    return Max(1, kv_sequence / kv_budget)


@formula("USD/token/token", r"c'")
def cost_per_context(price, kappa, q, W):
    """What one more token of context adds to the cost of each new token, beyond the balance context."""
    return price * kappa / (q * W)


# Sparse attention


@formula("1", r"g_\text{sparse}")
def sparse_saving(kappa_dense, L, kv_sequence):
    """KV bytes that attention to everything would read over those read, by an indexer and of what it chose."""
    return kappa_dense * L / kv_sequence


@formula("1", r"g_\infty")
def sparse_saving_limit(kappa_dense, kappa):
    """Saving that a long context approaches when an indexer still scores every token."""
    return kappa_dense / kappa


@formula("token", r"\ell_\text{even}", infinite="the indexer reads as much as it saves")
def sparse_break_even(kappa_cap, L_cap, kappa_dense, kappa):
    """Context from which an indexer and its chosen tokens take fewer bytes than attention to everything."""
    return Piecewise((kappa_cap * L_cap / (kappa_dense - kappa), kappa < kappa_dense), (oo, True))


@formula("byte", r"S_\text{stride}")
def kv_read_strided(kappa_dense, one_token, s_stride, L):
    """KV bytes read where a token attends to the s last tokens and to every s-th before them."""
    return kappa_dense * (one_token * s_stride + L / s_stride)


@formula("byte", r"S_{\sqrt{\ell}}")
def kv_read_sqrt(kappa_dense, L, one_token):
    """The same with the best stride, the square root of the context: what a square-root law reads."""
    return 2 * kappa_dense * sqrt(L * one_token)


# Capacity and money


@formula("1", r"n_\text{keep}")
def chips_to_keep(kv_stored, M):
    """Chips whose memory one sequence's cache fills."""
    return ceiling(kv_stored / M)


@formula("1", r"n_\text{read}")
def chips_to_read(kv_sequence, W, T):
    """Chips whose bandwidth reads one sequence's cache within a period."""
    return ceiling(kv_sequence / (W * T))


@formula("1", r"n_\ell")
def chips_for_context(chips_to_keep, chips_to_read):
    """Chips that one sequence needs to be kept and to be read in time."""
    return Max(chips_to_keep, chips_to_read)


@formula("USD/s", r"p_\ell")
def cache_rent(price, kv_stored, M):
    """Rent of the memory that one sequence's cache fills."""
    return price * kv_stored / M


@formula("USD", r"c_\text{m}")
def cache_purchase(kv_stored, price_media):
    """Price of the storage that one sequence's cache fills."""
    return kv_stored * price_media


@formula("s", r"t_\text{load}")
def cache_load_time(kv_stored, W_media):
    """Time to read one sequence's cache from a storage medium."""
    return kv_stored / W_media


# Progress


@formula("s", r"t_\text{reach}", infinite="what does not grow never gets there")
def time_to_multiple(t_growth, m_reach, growth):
    """Time until steady growth has multiplied something so often."""
    return Piecewise((t_growth * log(m_reach) / log(growth), growth > 1), (oo, True))


@formula("1", r"g_{\ell^\ast}")
def balance_context_growth(growth_W, growth_C):
    """Factor by which the balance context of a given model grows when bandwidth and arithmetic do."""
    return growth_W / growth_C


@dataclass(frozen=True)
class Growth:
    """A straight line through logarithms: a steady growth, and how well the points keep to it.

    Attributes
    ----------
    per_year : float
        Factor by which the fitted value grows in a year.
    standard_error : float
        Of the logarithm of `per_year`.
    scatter : float
        Factor by which a point typically lies off the line: 1 if all lie on it.
    points : int
    """

    per_year: float
    standard_error: float
    scatter: float
    points: int


def fit_growth(years: Sequence[float], values: Sequence[float]) -> Growth:
    """Fit a steady growth to values over time by least squares on their logarithms.

    Parameters
    ----------
    years : sequence of float, shape (n,)
        When each value was reached, in years.
    values : sequence of float, shape (n,)
        In any one unit.

    Returns
    -------
    Growth

    Raises
    ------
    ValueError
        If the two do not have the same length, of three or more; a value is not positive; or all years are the same.
    """
    if len(years) != len(values) or len(years) < 3:
        raise ValueError(f"values: expected as many as years and three or more, got {len(values)} for {len(years)}")
    if bad := [v for v in values if not 0 < v < math.inf]:
        raise ValueError(f"values: expected positive finite numbers, got {bad[0]!r}")
    logs, n = [math.log(v) for v in values], len(years)
    mean_year, mean_log = math.fsum(years) / n, math.fsum(logs) / n
    spread = math.fsum((y - mean_year) ** 2 for y in years)
    if not spread > 0:  # nor is it where a year is not finite
        raise ValueError(f"years: expected different finite numbers, got {list(years)!r}")
    slope = math.fsum((y - mean_year) * (v - mean_log) for y, v in zip(years, logs, strict=True)) / spread
    off = [v - mean_log - slope * (y - mean_year) for y, v in zip(years, logs, strict=True)]
    scatter = math.sqrt(math.fsum(o * o for o in off) / (n - 2))
    return Growth(math.exp(slope), scatter / math.sqrt(spread), math.exp(scatter), n)


def growth_per_year(years: Sequence[float], values: Sequence[float], errors: float = 0.0) -> float:
    """Factor per year of the fit by `fit_growth`, or of a line so many standard errors steeper."""
    fit = fit_growth(years, values)
    return fit.per_year * math.exp(errors * fit.standard_error)
