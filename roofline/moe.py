"""What does sparsity buy, and what does it cost?

A token uses k of E experts, so a model can hold many times the parameters that it multiplies. What that buys is fewer
FLOPs for the same quality, which only experiments can tell; what it costs is memory, larger batches, traffic between
chips, and chips that wait for the busiest one. Experts are drawn evenly unless a formula says otherwise.
"""

from __future__ import annotations

from sympy import Max, Min, Piecewise, ceiling, log, oo, sqrt

from . import batch_size  # noqa: F401  its formulas are named below
from .notation import formula

# Where the parameters are


@formula("parameter", r"N_\text{e}")
def expert_weights(N_tot, N_act, E, k):
    """Parameters of one routed expert, over all layers, from the counts of a model; 0 if a token uses every expert.

    All of N_tot - N_act is taken for experts; embeddings or a vision encoder in it make this too large by their share.
    """
    return Piecewise(((N_tot - N_act) / (E - k), k < E), (0, True))


@formula("parameter", r"N_\text{all}")
def always_weights(N_act, k, expert_weights):
    """Parameters that serve every token: attention, shared experts, dense layers, embeddings."""
    return N_act - k * expert_weights


@formula("1", r"f_\text{r}", "fraction")
def routed_share(k, expert_weights, N_act):
    """Share of a token's active parameters that lies in routed experts."""
    return k * expert_weights / N_act


@formula("1", r"r(E, k)")
def ratio_from_experts(f_routed, E, k):
    """Total over active parameters, from the ratio of experts: only the routed share is multiplied by E/k."""
    return 1 + f_routed * (E / k - 1)


# Which experts a batch touches


@formula("1", r"\bar p", "fraction")
def miss_chance(k, E):
    """Chance that one draw of k experts leaves a given one out."""
    return 1 - k / E


@formula("1", r"E_\text{touch}")
def experts_touched(E, miss_chance, q, B, one_token):
    """Experts of a layer that some token of the pass uses, on average, if each of its qB tokens draws its own."""
    return E * (1 - miss_chance ** (q * B / one_token))


@formula("1", r"g^\prime")
def group_size(g_tok, q, B, one_token):
    """Tokens of a group, of which a pass cannot have more than its own."""
    return Min(g_tok, q * B / one_token)


@formula("1", r"\bar p_g", "fraction")
def miss_chance_group(miss_chance, c_tok, group_size):
    """Chance that a group leaves an expert out, if each token takes the shared draw with chance chi, or its own.

    No own draw has the expert and, unless nobody took the shared draw, that has it neither.
    """
    own = (1 - c_tok) * miss_chance
    return miss_chance * (c_tok + own) ** group_size + (1 - miss_chance) * own**group_size


@formula("1", r"E_\text{touch}(g, \chi)")
def experts_touched_grouped(E, miss_chance_group, q, B, one_token, group_size):
    """Experts of a layer that a pass uses, on average, if a group may share its draw; exact if qB is whole groups."""
    return E * (1 - miss_chance_group ** (q * B / (one_token * group_size)))


@formula("parameter", r"N_\text{read}(g, \chi)")
def N_read_grouped(always_weights, expert_weights, experts_touched_grouped):
    """Weights that a batch touches when tokens of a group may share their experts."""
    return always_weights + expert_weights * experts_touched_grouped


@formula("s", r"t_\text{read}(g, \chi)")
def t_weights_grouped(b_w, N_read_grouped, n, W):
    """Time to read the weights that a batch touches when tokens of a group may share their experts."""
    return b_w * N_read_grouped / (n * W)


@formula("1", r"B_\text{cover}", infinite="some expert may always be left out")
def coverage_batch(f_cover, miss_chance, q, one_token):
    """Batch that touches a share of the experts on average, each of its tokens drawing its own."""
    needed = log(1 - f_cover) / log(miss_chance) * one_token / q
    return Piecewise((1, miss_chance <= 0), (oo, f_cover >= 1), (Max(1, needed), True))


# The work of one expert, and what an uneven load makes of it


@formula("token", r"m_\text{e}")
def tokens_per_expert(q, B, k, E):
    """New tokens that share one read of an expert, on average."""
    return q * B * k / E


@formula("FLOP/byte", r"I_\text{e}")
def expert_intensity(phi, tokens_per_expert, b_w):
    """Arithmetic per byte read of an expert; below C/W its chip waits for memory."""
    return phi * tokens_per_expert / b_w


@formula("1", r"B^\ast_\text{e}")
def balance_batch_experts(machine_balance, E, k, q):
    """Batch at which an expert's own arithmetic takes as long as reading that expert."""
    return machine_balance * E / (k * q)


@formula("1", r"\lambda")
def load_scatter(E, tokens_per_expert, one_token):
    """Logarithm of the number of experts over their mean load: how far chance drives the busiest from the mean."""
    return log(E) * one_token / tokens_per_expert


@formula("1", r"x_\text{max}")
def imbalance_bound(miss_chance, E, k, load_scatter):
    """What the load of the busiest expert over the mean cannot exceed on average, if each token draws its own.

    Bernstein's bound on the largest of E binomial loads (Boucheron et al. 2013, corollary 2.6), and at most all tokens.
    """
    return Min(E / k, 1 + sqrt(2 * miss_chance * load_scatter) + load_scatter / 3)


@formula("s", r"t_\text{e,compute}")
def t_experts_compute(phi, q, B, k, expert_weights, n, C):
    """Time of the routed experts' arithmetic in one pass, spread evenly over the chips."""
    return phi * q * B * k * expert_weights / (n * C)


@formula("s", r"t_\text{e,read}")
def t_experts_read(b_w, experts_touched, expert_weights, n, W):
    """Time to read the experts that a batch touches, spread evenly over the chips."""
    return b_w * experts_touched * expert_weights / (n * W)


@formula("s", r"t_\text{e}(x)")
def t_experts_straggler(x_load, t_experts_compute, t_experts_read):
    """Time of the routed experts when all wait for the busiest chip: it computes for longer, and reads the same."""
    return Max(x_load * t_experts_compute, t_experts_read)


@formula("1", r"x^\ast")
def straggler_slack(machine_balance, experts_touched, q, B, k):
    """Load of the busiest chip over the mean up to which its arithmetic hides behind the read of its experts."""
    return machine_balance * experts_touched / (q * B * k)


@formula("1", r"t_\text{e}(x)/t_\text{e}(1)")
def straggler_cost(x_load, straggler_slack):
    """Time of the routed experts over that of an even load."""
    return Max(x_load, straggler_slack) / Max(1, straggler_slack)


@formula("1", r"m_\text{cap}")
def expert_capacity(c_cap, tokens_per_expert, one_token):
    """Places that each expert keeps for the tokens of a pass; those beyond them are dropped."""
    return ceiling(c_cap * tokens_per_expert / one_token)


# Between the chips


@formula("byte/token", r"D_\text{d}")
def dispatch_bytes(E, k, d_model, b_disp):
    """Bytes that one token sends to its experts in one layer, a copy to each; none in a dense model."""
    return Piecewise((k * d_model * b_disp, E > 1), (0, True))


@formula("byte/token", r"D_\text{c}")
def combine_bytes(E, k, d_model, b_comb):
    """Bytes that the experts of one layer send back for one token, a result from each; none in a dense model."""
    return Piecewise((k * d_model * b_comb, E > 1), (0, True))


@formula("byte/token", r"D_\text{x}")
def exchange_bytes(n_exchanges, dispatch_bytes, combine_bytes):
    """Bytes that one token sends and gets back in all its expert layers."""
    return n_exchanges * (dispatch_bytes + combine_bytes)


@formula("1", r"f_\text{off}", "fraction")
def off_chip_share(ep):
    """Part of that traffic that leaves its chip when experts are drawn evenly."""
    return 1 - 1 / ep


@formula("FLOP/byte", r"I_\text{x}", infinite="a dense model sends nothing to experts")
def wire_intensity(phi, E, k, expert_weights, exchange_bytes):
    """Arithmetic of the routed experts per byte sent to them and back."""
    return Piecewise((phi * k * expert_weights / exchange_bytes, E > 1), (oo, True))


# Experts on chips, and the memory that sparsity costs


@formula("1", r"E_\text{spare}")
def spare_slots(E, ep):
    """Places left over when every chip holds equally many experts, and all of them: room for redundant copies."""
    return ep * ceiling(E / ep) - E


@formula("1", r"E_\text{chip}")
def experts_per_chip(E, E_red, ep):
    """Experts that one chip holds, redundant copies included; only a whole number can be built."""
    return (E + E_red) / ep


@formula("byte", r"S_\text{w,ep}")
def expert_chip_weights(b_w, always_weights, tp, experts_per_chip, expert_weights):
    """Weights on one chip: its own experts, and its part of what serves every token."""
    return b_w * (always_weights / tp + experts_per_chip * expert_weights)


@formula("s", r"t_\text{w,ep}")
def t_weights_ep(expert_chip_weights, W):
    """Time for a chip to read all the weights that it holds."""
    return expert_chip_weights / W


@formula("byte/parameter", r"S_\text{act}")
def memory_per_active(b_w, sparsity_ratio):
    """Memory taken by weights for each parameter that a token uses."""
    return b_w * sparsity_ratio


@formula("1", r"n_\text{hold}")
def chips_to_hold(b_w, N_tot, f_fill, M):
    """Smallest number of chips whose memory holds every weight once."""
    return ceiling(b_w * N_tot / (f_fill * M))


# What sparsity buys in quality, by fitted laws (logarithms to base 10, as in the paper)


@formula("1", r"\tilde E")
def unsaturated_experts(E, E_start, E_max):
    """What E experts would count as in the routed law if that grew by one with each of them."""
    return E - 1 + E_start * E_max / (E_max - E_start)


@formula("1", r"\hat E")
def counted_experts(unsaturated_experts, E_max):
    """What E experts count as in the routed law: E_start for one, E_max for endlessly many."""
    return unsaturated_experts * E_max / (unsaturated_experts + E_max)


@formula("1", r"A(\hat E)", "real")
def routed_size_exponent(a_routed, c_routed, counted_experts):
    """By which power loss changes with size, at a number of experts; negative while size helps."""
    return a_routed + c_routed * log(counted_experts, 10)


@formula("1", r"A(E_\text{start})", "real")
def dense_size_exponent(a_routed, c_routed, E_start):
    """The same for a single expert, which is a dense model."""
    return a_routed + c_routed * log(E_start, 10)


@formula("1", r"\mathcal L")
def routed_loss(N_act, N_unit, routed_size_exponent, b_routed, counted_experts, d_routed):
    """Loss, in nats per token, of a model whose token uses one of E experts in each routed layer."""
    return 10**d_routed * (N_act / N_unit) ** routed_size_exponent * counted_experts**b_routed


@formula("parameter", r"N_\text{eff}")
def effective_parameters(N_unit, N_act, routed_size_exponent, dense_size_exponent, counted_experts, E_start, b_routed):
    """Size of the dense model of the same loss."""
    from_experts = (counted_experts / E_start) ** (b_routed / dense_size_exponent)
    return N_unit * (N_act / N_unit) ** (routed_size_exponent / dense_size_exponent) * from_experts


@formula("1", r"N_\text{eff}/N_\text{act}")
def sparsity_gain(effective_parameters, N_act):
    """Parameters of the dense model of the same loss over those that a token uses: how much arithmetic is saved."""
    return effective_parameters / N_act


@formula("parameter", r"N_\text{cut}")
def routed_cutoff(N_unit, b_routed, c_routed):
    """Size at which, in the routed law, more experts no longer lower the loss; `sparse_laws.cutoff` as printed."""
    return N_unit * 10 ** (-b_routed / c_routed)


@formula("1", r"N(1)/N(G)")
def granularity_gain(G_fine, g_fine, gamma_fine, a_fine, alpha_fine):
    """Parameters that standard experts need over those that experts G times finer need, for the same loss."""
    return ((g_fine + a_fine) / (g_fine / G_fine**gamma_fine + a_fine)) ** (1 / alpha_fine)
