"""How much memory do weights and KV caches need, who can share it, and what fits?

A model keeps its weights once and a KV cache for every sequence. Both spread over chips, but not alike: pipeline stages
divide the weights for good, while the sequences in flight that keep the stages busy bring the caches back.
"""

from __future__ import annotations

from sympy import Max, Min, Piecewise, ceiling, floor, oo

from . import batch_size, moe, pipelining  # noqa: F401  their formulas are named below
from .notation import formula

# Bytes per token


@formula("byte/token", r"\kappa_\text{heads}")
def kappa_heads(n_kv_layers, n_kv, d_head, b_kv):
    """KV bytes read per token of context: a key and a value of every KV head, in every layer that attends."""
    return 2 * n_kv_layers * n_kv * d_head * b_kv


@formula("byte/token", r"\kappa_\text{s,heads}")
def kappa_heads_stored(kappa_heads, n_share):
    """KV bytes stored per token of context when neighbouring layers share one cache; each of them still reads it."""
    return kappa_heads / n_share


@formula("byte/token", r"\kappa_\text{latent}")
def kappa_latent(n_kv_layers, d_latent, d_rope, b_kv):
    """KV bytes per token of context of compressed entries (MLA): one vector and one rotary key for all heads."""
    return n_kv_layers * (d_latent + d_rope) * b_kv


@formula("byte", r"S_\text{stored}")
def kv_stored(kappa_stored, L, kappa_stored_cap, L_stored_cap):
    """KV bytes that one sequence keeps in memory: growing layers, and layers capped at a window."""
    return kappa_stored * L + kappa_stored_cap * Min(L, L_stored_cap)


@formula("byte", r"S_\text{shared}")
def kv_stored_with_prefix(B, kappa_stored, L, L_prefix):
    """KV bytes of a batch whose sequences begin alike and keep that beginning once; layers without windows."""
    return kappa_stored * (L_prefix + B * (L - L_prefix))


# Memory of a deployment


@formula("byte", r"S_\text{w}")
def weights_bytes(b_w, N_tot):
    """Bytes of all weights."""
    return b_w * N_tot


@formula("byte", r"S")
def memory_needed(weights_bytes, B, kv_stored):
    """Bytes of the weights and of every sequence's cache; activations and buffers come on top."""
    return weights_bytes + B * kv_stored


# Spread evenly over the n chips of a stage, and over P stages


@formula("byte", r"S_\text{kv,chip}")
def stage_caches(global_batch, kv_stored, n, P):
    """KV bytes on each chip: a stage keeps its own layers of every sequence in flight."""
    return global_batch * kv_stored / (n * P)


@formula("byte", r"S_\text{chip}")
def stage_memory(stage_weights, stage_caches):
    """Bytes on each chip if the chips of a stage and the stages divide everything evenly."""
    return stage_weights + stage_caches


# As models are laid out: tp*dp chips to a stage, ep of them at most for its experts; the busiest chip decides


@formula("parameter", r"N_\text{experts}")
def N_in_experts(E, expert_weights):
    """Parameters of the routed experts: a token misses E - k of every E of them, and nothing else."""
    return E * expert_weights


@formula("byte", r"S_\text{w,laid}")
def stage_weights_laid(b_w, experts_per_chip, expert_weights, N_tot, N_in_experts, tp, P):
    """Weight bytes on the busiest chip: whole experts, copies included, and all else divided by tensor parallelism.

    Expert parallelism takes no more chips than a stage has, ep <= tp*dp. All else includes the embeddings.
    """
    return b_w * (ceiling(experts_per_chip) * expert_weights + (N_tot - N_in_experts) / tp) / P


@formula("1", r"n_\text{kv,chip}")
def kv_heads_per_chip(n_kv, tp):
    """KV heads of which the busiest chip keeps the cache: a head is never cut, and its queries go with it."""
    return ceiling(n_kv / tp)


@formula("1", r"R_\text{kv}")
def kv_replication(kv_heads_per_chip, tp, n_kv):
    """Cache of the busiest chip over an even share.

    Copies once tp exceeds n_kv, unevenness where tp does not divide it.
    """
    return kv_heads_per_chip * tp / n_kv


@formula("1", r"B_\text{group}")
def group_batch(B, dp):
    """Sequences of a batch in the largest data-parallel group; a sequence is never cut either."""
    return ceiling(B / dp)


@formula("byte", r"S_\text{kv,laid}")
def stage_caches_laid(m_b, group_batch, kv_stored, kv_replication, tp, P):
    """KV bytes on the busiest chip: sequences divided among data-parallel groups, heads among the chips of a group."""
    return m_b * group_batch * kv_stored * kv_replication / (tp * P)


@formula("byte", r"S_\text{laid}")
def stage_memory_laid(stage_weights_laid, stage_caches_laid):
    """Bytes on the busiest chip, on tp*dp chips a stage and stages of equally many layers."""
    return stage_weights_laid + stage_caches_laid


@formula("s", r"t_\text{kv,laid}")
def t_kv_laid(group_batch, kv_sequence, kv_replication, tp, W):
    """Time to read the caches on tp*dp chips: the busiest chip decides, and every copy is read."""
    return group_batch * kv_sequence * kv_replication / (tp * W)


# What fits


def _whole_tokens(room, growing, capped, cap, one_token):
    """Tokens whose cache fills the room: inside the cap or beyond it, whichever answer is larger is the right one."""
    return one_token * floor(Max(room / (growing + capped), (room - capped * cap) / growing) / one_token)


@formula("byte", r"S_\text{use}")
def usable_memory(M, f_other):
    """Bytes of a chip that weights and KV caches may fill."""
    return M * (1 - f_other)


@formula("byte", r"S_\text{room}")
def kv_room(n, usable_memory, weights_bytes):
    """Bytes left for KV caches beside the weights; none if the weights themselves do not fit."""
    return Max(0, n * usable_memory - weights_bytes)


@formula("1", r"B_\text{max}", infinite="without context, memory limits no batch")
def largest_batch(kv_room, kv_stored):
    """Most sequences whose caches fit beside the weights, if all is spread evenly."""
    return Piecewise((floor(kv_room / kv_stored), kv_stored > 0), (oo, kv_room > 0), (0, True))


@formula("token", r"\ell_\text{room}")
def filling_context(kv_room, B, kappa_stored, kappa_stored_cap, L_stored_cap):
    """Tokens of context, the same for every sequence of a batch, whose caches fill the room; not yet a whole number."""
    inside = kv_room / (B * (kappa_stored + kappa_stored_cap))
    beyond = (kv_room - B * kappa_stored_cap * L_stored_cap) / (B * kappa_stored)
    return Max(inside, beyond)


@formula("token", r"\ell_\text{max}")
def longest_context(filling_context, one_token):
    """Most tokens of context that every sequence of a batch can keep if all is spread evenly, a whole number."""
    return one_token * floor(filling_context / one_token)


@formula("1", r"n_\text{min}")
def fewest_chips(memory_needed, usable_memory):
    """Fewest chips that hold the weights and every cache, if all is spread evenly."""
    return ceiling(memory_needed / usable_memory)


@formula("1", r"P_\text{min}", infinite="the caches of one micro-batch fill a stage by themselves")
def fewest_stages(weights_bytes, n, usable_memory, B, kv_stored):
    """Fewest stages of n chips that hold the model with as many micro-batches of B sequences in flight as stages."""
    room = n * usable_memory - B * kv_stored
    return Piecewise((ceiling(weights_bytes / room), room > 0), (oo, True))


# What fits as laid out: tp*dp chips to a stage


@formula("byte", r"S_\text{room,laid}")
def kv_room_laid(usable_memory, stage_weights_laid):
    """Bytes that the busiest chip has left for KV caches; none if its weights themselves do not fit."""
    return Max(0, usable_memory - stage_weights_laid)


@formula("1", r"B_\text{max,laid}")
def largest_batch_laid(kv_room_laid, m_b, kv_stored, kv_replication, tp, dp, P):
    """Most sequences of a micro-batch, with some context, that fit as laid out: equally many to a group."""
    return dp * floor(kv_room_laid * tp * P / (m_b * kv_stored * kv_replication))


@formula("token", r"\ell_\text{max,laid}")
def longest_context_laid(
    kv_room_laid, m_b, group_batch, kv_replication, tp, P, kappa_stored, kappa_stored_cap, L_stored_cap, one_token
):
    """Most tokens of context that every sequence can keep as laid out, a whole number."""
    room = kv_room_laid * tp * P / (m_b * group_batch * kv_replication)
    return _whole_tokens(room, kappa_stored, kappa_stored_cap, L_stored_cap, one_token)


# Attention's own arithmetic


@formula("FLOP/token/token", r"\varphi_\text{heads}")
def phi_att_heads(phi_pair, n_kv_layers, n_heads, d_head):
    """Attention arithmetic per new token and token of context: every query head meets a key and a value."""
    return 2 * phi_pair * n_kv_layers * n_heads * d_head


@formula("FLOP/token/token", r"\varphi_\text{latent}")
def phi_att_latent(phi_pair, n_kv_layers, n_heads, d_latent, d_rope):
    """The same for MLA in absorbed form: every query head meets the compressed entry twice and the rotary key once."""
    return phi_pair * n_kv_layers * n_heads * (2 * d_latent + d_rope)


@formula("FLOP/token/token", r"\varphi_\text{expanded}")
def phi_att_expanded(phi_pair, n_kv_layers, n_heads, d_head, d_rope):
    """The same for MLA in full form: keys and values of each head expanded from the entry, and the rotary key."""
    return phi_pair * n_kv_layers * n_heads * (2 * d_head + d_rope)


@formula("FLOP", r"F_\text{att,pass}")
def flops_attention(phi_att, q, L, phi_att_cap, L_att_cap):
    """Attention's arithmetic for the new tokens of one sequence: they meet its context and half of one another.

    Taken as an integral over the context, from L to L + q. Counted token by token, each meets itself too: on average
    half a token more than here, so L + 1 in plain decode, for which this has L + 1/2.
    """
    before, after = Min(L, L_att_cap), Min(L + q, L_att_cap)
    window = after * (L + q - after / 2) - before * (L - before / 2)
    return phi_att * q * (L + q / 2) + phi_att_cap * window


@formula("s", r"t_\text{att}")
def t_attention(flops_attention, B, n, C):
    """Time of attention's arithmetic in one pass."""
    return B * flops_attention / (n * C)


@formula("FLOP/byte", r"I_\text{att}")
def attention_intensity(phi_att, q, kappa):
    """Attention arithmetic per KV byte read, in decode: where the new tokens are few beside the context."""
    return phi_att * q / kappa


@formula("1", r"t_\text{kv}/t_\text{att}")
def kv_over_attention(C, W, attention_intensity):
    """How many times longer a growing cache takes to read than to compute with, in decode: at any batch and context."""
    return C / (W * attention_intensity)


# A pass with attention in it


@formula("s", r"t_\text{step,att}")
def t_step_attention(t_compute, t_attention, t_memory):
    """Shortest possible pass with attention's arithmetic counted: everything overlaps."""
    return Max(t_compute + t_attention, t_memory)


@formula("s", r"t_\text{phases}")
def t_step_phases(t_kv, t_attention, t_compute, t_weights):
    """Pass in two phases that do not overlap: attention with the caches, then the weights with the batch."""
    return Max(t_kv, t_attention) + Max(t_compute, t_weights)
