"""How do ciphers and networks mix, and how does a small difference travel through either?

A Feistel network makes an invertible map of two halves from any round function at all: a residual add. What follows are
the closed forms of the chapter. `block_cipher` holds ciphers of that shape, `differentials` attacks them, `mixing`
measures, and `random_network` is measured with the same instruments.

Examples
--------
The rounds can be undone, although squaring cannot:

>>> from roofline.ciphers import decrypt, encrypt, step
>>> def square(x):
...     return x * x
>>> step(3, 4, square)
(3, 13)
>>> encrypt(3, 4, [square, square])
(172, 13)
>>> decrypt(172, 13, [square, square])
(3, 4)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from sympy import Min, Piecewise, Rational, log, oo, pi, sqrt

from .notation import formula

# A Feistel network: any round function, any group


def step(x: Any, y: Any, function: Callable[[Any], Any], add: Callable[[Any, Any], Any] = operator.add) -> Any:
    """The lecture's step: keep x, add function(x) to y.

    Parameters
    ----------
    x, y : elements of a group
        Numbers, numpy arrays or sympy expressions.
    function : callable
        Any function of x; it need not be invertible.
    add : callable
        The group's operation: operator.add, or operator.xor for bits.

    Returns
    -------
    tuple
        x and add(y, function(x)).
    """
    return x, add(y, function(x))


def encrypt(
    x: Any, y: Any, functions: Sequence[Callable[[Any], Any]], add: Callable[[Any, Any], Any] = operator.add
) -> tuple[Any, Any]:
    """A Feistel network: in each round the halves become (y + f(x), x), with the round's own f.

    Parameters
    ----------
    x, y : elements of a group
        The halves of a block, or arrays of halves: ints, numpy arrays, sympy expressions.
    functions : sequence of callables
        One round function a round.
    add : callable
        The group's operation.

    Returns
    -------
    tuple
        The halves after the last round, which are not swapped back.

    Raises
    ------
    ValueError
        If a round function cannot be called.
    """
    for function in _callables(functions):
        x, y = step(x, y, function, add)[::-1]
    return x, y


def decrypt(
    x: Any, y: Any, functions: Sequence[Callable[[Any], Any]], subtract: Callable[[Any, Any], Any] = operator.sub
) -> tuple[Any, Any]:
    """The halves that `encrypt` started from: rounds in reverse, with the inverse of its operation.

    No round function is inverted. For bits `subtract` is operator.xor, which is its own inverse. Parameters, returns
    and errors are those of `encrypt`.
    """
    for function in reversed(_callables(functions)):
        x, y = y, subtract(x, function(y))
    return x, y


def _callables(functions: Sequence[Callable[[Any], Any]]) -> list[Callable[[Any], Any]]:
    found = list(functions)
    for place, function in enumerate(found):
        if not callable(function):
            raise ValueError(f"functions[{place}] = {function!r}: expected a round function, something to call")
    return found


@formula("1", r"\text{adv}", "fraction")
def three_rounds_bound(texts_seen, half_bits):
    """Most by which three rounds of random functions differ from a random permutation, to who picks so many texts.

    Two halves must not meet by chance, in either of two places (Luby and Rackoff 1988).
    """
    return Min(1, texts_seen * (texts_seen - 1) / 2**half_bits)


# How many output bits flip


@formula("1", r"\bar f", "fraction")
def avalanche_ideal(out_bits):
    """Mean share of output bits that flip in a random permutation, for any change of its input."""
    return 1 / (1 - 2 ** (-out_bits)) / 2


@formula("1", r"\sigma_{\bar f}")
def avalanche_error(pairs_seen, out_bits):
    """Standard error of a measured mean share of flips, if the bits flip like fair coins."""
    return 1 / (2 * sqrt(pairs_seen * out_bits))


@formula("1", r"\sigma_f")
def flip_error(pairs_seen):
    """Standard error of the measured share of flips of one output bit for one input bit."""
    return 1 / (2 * sqrt(pairs_seen))


@formula("1", r"\hat f")
def largest_deviation(flip_error, in_bits, out_bits):
    """Largest chance deviation from 1/2 to be expected among all pairs of an input and an output bit."""
    return flip_error * sqrt(2 * log(2 * in_bits * out_bits))


@formula("1", r"r_\text{full}")
def diffusion_rounds(half_bits, fan_in):
    """Rounds of a Feistel network before which not both output halves can depend on every input bit."""
    return 1 + log(2 * half_bits) / log(1 + fan_in)


# Differences through a cipher


@formula("1", r"p_\text{S}", "fraction")
def p_box(ddt_max, sbox_inputs):
    """Largest probability that an S-box turns one difference into another."""
    return ddt_max / sbox_inputs


@formula("1", r"p", "fraction")
def p_characteristic(p_box, boxes_active):
    """Largest probability of a characteristic: a chosen difference in each S-box, round after round."""
    return p_box**boxes_active


@formula("1", r"n_\text{right}", "at least one")
def pairs_for_one(p_characteristic):
    """Pairs until one is expected to follow the characteristic."""
    return 1 / p_characteristic


@formula("1", r"n_\text{pair}")
def pairs_needed(z_margin, p_signal, p_wrong):
    """Pairs after which the right key leads any one wrong key by so many standard deviations of its own count."""
    return z_margin**2 * (p_signal + p_wrong) / p_signal**2


@formula("1", r"n_\text{chosen}")
def texts_needed(pairs_needed):
    """Chosen plaintexts of an attack with one difference."""
    return 2 * pairs_needed


@formula("1", r"n_\text{book}")
def pairs_available(half_bits):
    """Pairs with a given difference among all blocks: no attack with one difference can have more."""
    return 2 ** (2 * half_bits - 1)


@formula("1", r"r_\text{safe}", infinite="a difference passes for certain")
def rounds_resisted(half_bits, p_box, boxes_per_round):
    """Rounds after which a characteristic is expected in less than one of all pairs there are."""
    bits = (2 * half_bits - 1) * log(2)
    return Piecewise((bits / (boxes_per_round * log(1 / p_box)), p_box < 1), (oo, True))


# Differences through a network, which may be as small as one likes


@formula("1", r"G_\text{plain}")
def growth_plain(branch_gain, n_layers):
    """Growth of a small difference through layers without residuals, root mean square over random weights."""
    return branch_gain**n_layers


@formula("1", r"G_\text{res}")
def growth_residual(branch_gain, n_layers):
    """Growth of a small difference through layers that add to what they were given."""
    return (1 + branch_gain**2) ** (n_layers / 2)


@formula("1", r"G_\text{norm}")
def growth_normalised(branch_gain, n_layers):
    """Growth of a small difference through residual layers that normalise what they read."""
    return sqrt(1 + n_layers * branch_gain**2)


@formula("1", r"e_\text{diff}")
def difference_error(diff_step, u_round, third_slope):
    """Largest error of a central difference as a derivative: what was cut off, and rounding over the step."""
    return third_slope * diff_step**2 / 6 + u_round / diff_step


@formula("1", r"\epsilon^\ast")
def best_step(u_round, third_slope):
    """Step at which a central difference is closest to the derivative."""
    return (3 * u_round / third_slope) ** Rational(1, 3)


@formula("1", r"\text{gain}")
def signed_step_gain(in_bits):
    """Response to a step along the gradient's signs over that to random signs, for a gradient of normal numbers."""
    return sqrt(2 * in_bits / pi)
