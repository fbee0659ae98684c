"""Why does batch size set the price and the speed of a token?

One decode pass multiplies every new token by the active weights, and reads all weights and every sequence's KV cache
from memory. Two times follow, and from them latency, cost, the batch at which they balance, and what price tiers sell.
"""

from __future__ import annotations

from sympy import Max, Min, Piecewise, oo

from .notation import formula

# One pass


@formula("s", r"t_\text{compute}")
def t_compute(phi, q, B, N_act, n, C):
    """Time to multiply the new tokens of one pass by every active weight."""
    return phi * q * B * N_act / (n * C)


@formula("s", r"t_\text{weights}")
def t_weights(b_w, N_tot, n, W):
    """Time to read every weight once."""
    return b_w * N_tot / (n * W)


@formula("byte", r"S_\text{kv}")
def kv_sequence(kappa, L, kappa_cap, L_cap):
    """KV bytes that one sequence has read in one pass: growing layers, and layers capped at a window."""
    return kappa * L + kappa_cap * Min(L, L_cap)


@formula("s", r"t_\text{kv}")
def t_kv(B, kv_sequence, n, W):
    """Time to read the KV cache of every sequence in the batch."""
    return B * kv_sequence / (n * W)


@formula("s", r"t_\text{memory}")
def t_memory(t_weights, t_kv):
    """Time to read what one pass must read: weights once, and each sequence's own cache."""
    return t_weights + t_kv


@formula("s", r"t_\text{step}")
def t_step(t_compute, t_memory):
    """Shortest possible pass: arithmetic and memory traffic overlap completely."""
    return Max(t_compute, t_memory)


@formula("s", r"t_\text{sum}")
def t_no_overlap(t_compute, t_memory):
    """Time of a pass in which arithmetic and memory traffic take turns: a model, not a bound."""
    return t_compute + t_memory


@formula("1", r"\text{MFU}", "fraction")
def mfu(t_compute, t_step):
    """Model FLOP utilisation: the share of the pass during which the arithmetic units have work, at best."""
    return t_compute / t_step


# Speed and cost


@formula("token/s", r"v_\text{user}")
def tokens_per_s_user(q, t_step):
    """Tokens per second that one sequence receives."""
    return q / t_step


@formula("token/s", r"v")
def tokens_per_s(q, B, t_step):
    """Tokens per second of all sequences together."""
    return q * B / t_step


@formula("USD/token", r"c")
def cost_per_token(n, price, t_step, q, B):
    """Rent of the chips for one pass, shared by the tokens of that pass."""
    return n * price * t_step / (q * B)


@formula("USD/token", r"c_\text{compute}")
def cost_compute(price, phi, N_act, C):
    """Rent while one token is multiplied by the active weights: no batch makes it smaller."""
    return price * phi * N_act / C


@formula("USD/token", r"c_\text{kv}")
def cost_kv(price, kv_sequence, q, W):
    """Rent while one sequence's cache is read: no batch makes it smaller."""
    return price * kv_sequence / (q * W)


@formula("USD/token", r"c_\infty")
def cost_floor(cost_compute, cost_kv):
    """Cost per token that a growing batch approaches."""
    return Max(cost_compute, cost_kv)


# How fast a pass can be


@formula("s", r"t_\text{floor}")
def latency_floor(t_weights):
    """Time of a pass without context, once the batch is large enough to touch every weight."""
    return t_weights


@formula("s", r"t_\text{floor,1}")
def latency_floor_one(b_w, N_act, n, W):
    """Time to read the weights that a single token uses: the floor at batch 1."""
    return b_w * N_act / (n * W)


@formula("parameter", r"N_\text{read}")
def N_read(N_tot, N_act, k, E, B):
    """Weights that a batch touches when each token draws its k of E experts evenly and independently.

    Each sequence brings one token, as in decode; `moe.N_read_grouped` counts all q of them. A weight outside the active
    set of the first sequence is missed by each other sequence with chance 1 - k/E.
    """
    return N_tot - (N_tot - N_act) * (1 - k / E) ** (B - 1)


@formula("s", r"t_\text{read}")
def t_weights_touched(b_w, N_read, n, W):
    """Time to read the weights that a batch touches: from the active ones at batch 1 to all of them."""
    return b_w * N_read / (n * W)


@formula("s", r"t_\text{drain}")
def t_drain(M, W):
    """Time to read the whole memory once: the longest pass in which no byte is read twice."""
    return M / W


@formula("1", r"f_\text{w}")
def weights_share(b_w, N_tot, n, M):
    """Share of the memory that the weights fill; above 1 the model does not fit."""
    return b_w * N_tot / (n * M)


# Where compute takes over


@formula("1", r"r")
def sparsity_ratio(N_tot, N_act):
    """Total over active parameters: 1 for a dense model."""
    return N_tot / N_act


@formula("token", r"\rho")
def machine_balance(C, b_w, phi, W):
    """Tokens that must share one read of a weight for arithmetic to take as long: multiply-adds per weight read."""
    return C * b_w / (phi * W)


@formula("1", r"B^\ast")
def balance_batch(machine_balance, sparsity_ratio, q):
    """Batch at which arithmetic takes as long as reading the weights, with no context."""
    return machine_balance * sparsity_ratio / q


@formula("byte", r"S^\ast")
def kv_budget(phi, q, N_act, W, C):
    """KV bytes that can be read while one sequence's new tokens are multiplied by the active weights."""
    return phi * q * N_act * W / C


@formula("1", r"B^\ast_\text{kv}", infinite="no batch is large enough")
def balance_batch_kv(b_w, N_tot, kv_budget, kv_sequence):
    """Batch at which arithmetic takes as long as all memory traffic; none beyond the balance context."""
    return Piecewise((b_w * N_tot / (kv_budget - kv_sequence), kv_budget > kv_sequence), (oo, True))


@formula("token", r"\ell^\ast")
def balance_context(kv_budget, kappa, kappa_cap, L_cap):
    """Context at which a sequence's cache takes as long to read as its tokens take to compute."""
    inside = kv_budget / (kappa + kappa_cap)
    return Piecewise((inside, inside <= L_cap), ((kv_budget - kappa_cap * L_cap) / kappa, True))


@formula("1", r"B_\text{drain}")
def drain_batch(t_drain, n, C, phi, q, N_act):
    """Batch whose arithmetic takes as long as reading the whole memory once."""
    return t_drain * n * C / (phi * q * N_act)


@formula("token", r"\ell_\text{att}")
def attention_context(phi, N_act, phi_att):
    """Context at which attention arithmetic equals the arithmetic on weights."""
    return phi * N_act / phi_att


# A timetable of passes


@formula("s", r"\bar t_\text{wait}")
def mean_wait(T):
    """Average wait for the next departure, for a request that arrives at any moment alike."""
    return T / 2


@formula("s", r"\bar t_\text{token}")
def mean_time_to_token(mean_wait, T):
    """Average time from arrival to the end of the first pass: wait for a departure, then ride."""
    return mean_wait + T


@formula("s", r"t_\text{worst}")
def worst_time_to_token(T):
    """Longest time from arrival to the end of the first pass: just miss one, wait a period, ride a period."""
    return 2 * T


# Fast and slow modes, from a pass of w + gB


@formula("1", r"B_\text{fast}/B_\text{std}")
def fast_batch_ratio(m_price, m_speed):
    """Batch of the fast mode over that of the standard mode, if price follows cost."""
    return 1 / (m_price * m_speed)


@formula("1", r"x")
def standard_load(m_price, m_speed):
    """Part of the standard pass that grows with batch over the part that does not, gB/w, if batch explains both."""
    return (m_speed - 1) * m_price / (m_price - 1)


@formula("1", r"s_\text{max}")
def fastest_multiple(standard_load):
    """Speed over standard that no price can exceed: the pass without its growing part."""
    return 1 + standard_load


@formula("1", r"s(m)")
def speed_for_price(standard_load, m_pay):
    """Speed over standard that a price multiple buys."""
    return 1 + standard_load * (m_pay - 1) / m_pay


@formula("1", r"c_\text{min}/c_\text{std}", "fraction")
def cheapest_multiple(standard_load):
    """Cost over standard that no patience can undercut: the growing part alone."""
    return standard_load / (1 + standard_load)


# Speculative decoding


@formula("1", r"a")
def tokens_per_pass(alpha, d):
    """Expected tokens of a sequence and pass, over the one of plain decoding: d drafts, and the one the pass adds."""
    return Piecewise(((1 - alpha ** (d + 1)) / (1 - alpha), alpha < 1), (d + 1, True))


@formula("s", r"t_\text{spec}")
def t_speculative(d, t_compute, t_memory):
    """Shortest pass that checks d drafted tokens besides the next one; drafting itself is not counted."""
    return Max((1 + d) * t_compute, t_memory)


@formula("1", r"s_\text{spec}")
def speculative_speedup(tokens_per_pass, t_step, t_speculative):
    """Tokens per second over plain decoding at the same batch."""
    return tokens_per_pass * t_step / t_speculative


# A deployment in its market


@formula("1", r"\text{share}")
def traffic_share(tokens_per_s, traffic):
    """Part of a whole service's traffic that one deployment handles."""
    return tokens_per_s / traffic
