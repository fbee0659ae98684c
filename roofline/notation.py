"""Every input symbol of the book, declared once: how it is written, its unit, its meaning, where it may lie.

A chapter writes `from roofline.notation import formula` and names these symbols as the arguments of its formulas.
The notation page is generated from this file.
"""

from __future__ import annotations

from .algebra import Notation

notation = Notation()
symbol, formula = notation.symbol, notation.formula

# Work
phi = symbol(
    "phi", r"\varphi", "FLOP/parameter/token", "arithmetic per weight and token: one multiply and one add", default=2.0
)
q = symbol(
    "q", "q", "token", "new tokens of each sequence in one pass: 1 in plain decode, the prompt in prefill", default=1.0
)
B = symbol("B", "B", "1", "batch: sequences in one forward pass, over all chips", "at least one")

# Model
b_w = symbol("b_w", r"b_\text{w}", "byte/parameter", "bytes that store one weight")
N_act = symbol("N_act", r"N_\text{act}", "parameter", "active parameters: those that one token is multiplied by")
N_tot = symbol("N_tot", r"N_\text{tot}", "parameter", "total parameters")
E = symbol("E", "E", "1", "routed experts in a layer; 1 in a dense model", "at least one", default=1.0)
k = symbol("k", "k", "1", "routed experts that each token uses", "at least one", default=1.0)
kappa = symbol("kappa", r"\kappa", "byte/token", "KV bytes read per token of context, in layers whose cache grows")
L = symbol("L", r"\ell", "token", "context: tokens of one sequence that are already in the KV cache", "nonnegative")
kappa_cap = symbol(
    "kappa_cap",
    r"\kappa_\text{cap}",
    "byte/token",
    "KV bytes read per token of context, in layers whose cache is capped",
    "nonnegative",
    default=0.0,
)
L_cap = symbol(
    "L_cap", r"\ell_\text{cap}", "token", "tokens at which capped layers stop growing", "nonnegative", default=0.0
)
phi_att = symbol(
    "phi_att", r"\varphi_\text{att}", "FLOP/token/token", "attention arithmetic per new token and token of context"
)

# Machine
n = symbol("n", "n", "1", "chips that share one pass", "at least one", default=1.0)
C = symbol("C", "C", "FLOP/s", "peak arithmetic rate of one chip at the precision of the arithmetic")
W = symbol("W", "W", "byte/s", "memory bandwidth of one chip")
M = symbol("M", "M", "byte", "memory capacity of one chip")
price = symbol("price", "p", "USD/s", "rental price of one chip")

# Service
T = symbol("T", "T", "s", "period: time between two departures of a pass")
traffic = symbol("traffic", r"\Theta", "token/s", "tokens per second that the whole service handles")
m_price = symbol(
    "m_price", r"m_\text{p}", "1", "price of the fast mode over the price of the standard mode", "at least one"
)
m_speed = symbol(
    "m_speed", r"m_\text{s}", "1", "speed of the fast mode over the speed of the standard mode", "at least one"
)
m_pay = symbol(
    "m_pay", r"m", "1", "price that a customer would pay over the price of the standard mode", "at least one"
)
d = symbol("d", "d", "1", "drafted tokens per sequence and pass, in speculative decoding", "nonnegative", default=0.0)
alpha = symbol(
    "alpha", r"\alpha", "1", "chance that a drafted token is accepted, given that those before it were", "fraction"
)

notation.at_most(N_act, N_tot, "a model cannot use more parameters than it has")
notation.at_most(k, E, "a token cannot use more experts than the layer has")
