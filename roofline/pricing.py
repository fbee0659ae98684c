"""What does a price list give away?

A provider pays for passes: arithmetic that no batch shares, weights that the batch shares, a cache that grows with
context. If prices followed cost, the step at long context would tell the bytes of a cached token, the ratio of output
to input how far decode is from its roof, and the discount on cached input how a cache is kept. Each deduction is a
formula here, with its assumptions as arguments, so that one can see which of them exclude each other.
"""

from __future__ import annotations

from sympy import Max, Piecewise, oo

from . import batch_size  # noqa: F401  its formulas are named below
from .notation import formula

# The kink: cost against context; every ratio of times is at the rates that are reached

NO_KINK = "reading the weights alone outlasts the arithmetic, so that there is no kink"


@formula("1", r"u_\text{w}(B)")
def weights_over_compute(balance_batch, B, eta_C, eta_W):
    """Time to read the weights over that of arithmetic: at full rates, 1/2 to 1/3 at two to three balance batches."""
    return balance_batch * eta_C / (B * eta_W)


@formula("1", r"y(\ell)")
def memory_over_compute(u_w, kv_sequence, kv_budget, eta_C, eta_W):
    """Memory time of a decode pass over its arithmetic time: the weights' part, and a part that grows with context."""
    return u_w + kv_sequence * eta_C / (kv_budget * eta_W)


@formula("1", r"c(\ell)/c_\text{compute}")
def decode_over_compute(memory_over_compute):
    """Cost of a decoded token over that of its arithmetic: flat up to the kink, then rising with context."""
    return Max(1, memory_over_compute)


@formula("byte/token", r"\kappa_\text{kink}")
def kink_kappa(q, b_w, N_act, machine_balance, L_kink, u_w, eta_C, eta_W):
    """KV bytes per token of a model whose memory time overtakes its arithmetic at the context of a price step."""
    return q * b_w * N_act * eta_W * (1 - u_w) / (machine_balance * eta_C * L_kink)


@formula("token", r"\ell_\text{profit}", infinite=NO_KINK)
def profitable_context(L_kink, m_tier, m_margin, u_w):
    """Context up to which a price with one step at the kink covers a cost that rises from there."""
    return Piecewise((L_kink * (m_tier * m_margin - u_w) / (1 - u_w), u_w < 1), (oo, True))


@formula("1", r"m_\text{needed}", infinite=NO_KINK)
def margin_needed(L, L_kink, m_tier, u_w):
    """Price over cost at short context that keeps the upper tier profitable at a context beyond the kink."""
    return Piecewise(((u_w + (1 - u_w) * L / L_kink) / m_tier, u_w < 1), (oo, True))


# Output against input


@formula("1", r"\text{MFU}_\text{decode}/\text{MFU}_\text{prefill}")
def decode_mfu_share(m_out, m_markup):
    """MFU of decode over that of prefill, if prices follow the time of the chips."""
    return m_markup / m_out


@formula("byte/token", r"\kappa_\text{ratio}")
def kappa_from_ratio(kv_budget, m_out, m_markup, u_w, L, eta_C, eta_W):
    """KV bytes per token of a model whose decode at a typical context costs the listed multiple of prefill."""
    return kv_budget * eta_W * (m_out / m_markup - u_w) / (eta_C * L)


@formula("token", r"\ell_\text{kink,ratio}", infinite="weights alone cost as much as the ratio says, or more")
def kink_from_ratio(L, m_out, m_markup, u_w):
    """Where the kink then lies: never above that context; at zero if the weights alone outlast the arithmetic."""
    ratio = m_out / m_markup
    return Piecewise((L * Max(0, 1 - u_w) / (ratio - u_w), u_w < ratio), (oo, True))


@formula("byte/token", r"\kappa_\text{weights}")
def kappa_weight_bound(kv_budget, m_out, m_markup, m_tier, L_kink, eta_C, eta_W):
    """KV bytes per token if reading weights makes decode dear, and the cache adds the upper tier's extra price."""
    return kv_budget * eta_W * m_out * (m_tier - 1) / (m_markup * eta_C * L_kink)


@formula("token", r"\ell_\text{weights}")
def weights_context(u_w, kv_budget, kappa, eta_C, eta_W):
    """Context at which a sequence's cache takes as long to read as its part of the weights; layers without windows."""
    return u_w * kv_budget * eta_W / (eta_C * kappa)


def regime(weights: float, cache: float) -> str:
    """What a decode pass waits for.

    Parameters
    ----------
    weights, cache : float
        Time to read the weights, and time to read the caches, over the time of the arithmetic.

    Returns
    -------
    str
        "arithmetic", "weights" or "cache": the longest part of the longer of the two times.

    Raises
    ------
    ValueError
        If either is negative or not finite.

    >>> regime(weights=0.5, cache=0.2), regime(weights=0.5, cache=0.7)
    ('arithmetic', 'cache')
    """
    for name, value in (("weights", weights), ("cache", cache)):
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} = {value!r}: expected a finite number, zero or more")
    if weights + cache <= 1:
        return "arithmetic"
    return "weights" if weights >= cache else "cache"


# A pass against its length: decode, prefill, and both at once. Arithmetic is on weights; attention's where it is named


@formula("token", r"q^\ast")
def balance_pass(q, t_memory, t_compute):
    """New tokens per sequence at which arithmetic on weights takes as long as the memory traffic of a pass."""
    return q * t_memory / t_compute


@formula("USD/token", r"c_\text{prefill}")
def cost_prefill(cost_compute, eta_C):
    """Rent while one prompt token is multiplied by the active weights, at a share of the peak rate."""
    return cost_compute / eta_C


@formula("1", r"a_\text{att}")
def attention_factor(phi_att, L, q, phi, N_act):
    """Arithmetic of a prompt token over that on weights: it meets cache and half its prompt; layers without windows."""
    return 1 + phi_att * (L + q / 2) / (phi * N_act)


@formula("USD/token", r"c_\text{prompt}")
def cost_prompt(cost_prefill, attention_factor):
    """Rent for one prompt token with the arithmetic of attention counted, in layers without windows."""
    return cost_prefill * attention_factor


@formula("USD/token", r"c_\text{decode}")
def cost_decode(n, price, t_compute, t_memory, eta_C, eta_W, q, B):
    """Rent of the chips for one pass, at the rates that are reached, shared by the tokens of that pass."""
    return n * price * Max(t_compute / eta_C, t_memory / eta_W) / (q * B)


@formula("token", r"q_\text{free}")
def free_prefill(B, balance_pass, q):
    """Prompt tokens that can ride along with a decode pass without making it longer; no attention arithmetic."""
    return B * Max(0, balance_pass - q)


@formula("s", r"t_\text{mixed}")
def t_mixed(t_compute, phi, q_chunk, N_act, n, C, t_memory, kappa, L_before, W):
    """Shortest pass with a chunk of a prompt, in layers without windows, beside decoding; no attention arithmetic."""
    return Max(t_compute + phi * q_chunk * N_act / (n * C), t_memory + kappa * L_before / (n * W))


@formula("USD/token", r"c_\text{mixed}")
def cost_mixed(n, price, t_mixed, q, B, q_chunk):
    """Rent of such a pass, shared by its prompt tokens and its decoded ones alike."""
    return n * price * t_mixed / (q * B + q_chunk)


@formula("byte", r"S_\text{chunks}")
def chunk_reads(kappa, L_prompt, q_chunk):
    """KV bytes of a prompt that are read again because it is taken in chunks, in layers whose cache grows."""
    return kappa * L_prompt * (L_prompt / q_chunk - 1) / 2


@formula("token", r"q_\text{chunk,min}")
def smallest_chunk(q, L_before, kappa, kv_budget):
    """Chunk whose arithmetic on weights takes as long as reading what earlier ones left; layers without windows."""
    return q * L_before * kappa / kv_budget


# A cache entry: compute it again, or keep it and load it


@formula("USD/byte/s", r"h_\text{chip}")
def hold_rate_chip(price, M):
    """Rent of one byte of a chip's own memory, if full memory makes the chip useless."""
    return price / M


@formula("USD/byte/s", r"h_\text{device}")
def hold_rate_device(p_byte, t_life):
    """Cost of one byte of a device that is bought: its price over its life, without power, server or space."""
    return p_byte / t_life


@formula("USD/token", r"c_\text{hold}")
def cost_hold(kappa_stored, h_hold, t_keep):
    """Cost of keeping one token's cache entry for some time."""
    return kappa_stored * h_hold * t_keep


@formula("USD/token", r"c_\text{load}")
def cost_load(kappa_stored, p_wait, W_tier):
    """Cost of bringing one token's cache entry back to the chip."""
    return kappa_stored * p_wait / W_tier


@formula("1", r"c_\text{prefill}/c_\text{load}")
def recompute_over_load(cost_prefill, cost_load):
    """Computing a cache entry again over loading it."""
    return cost_prefill / cost_load


@formula("s", r"t_\text{keep}^\ast")
def break_even_keep(cost_prefill, cost_load, kappa_stored, h_hold):
    """Time after which an entry that is used once more would have been cheaper to compute again."""
    return Max(0, cost_prefill - cost_load) / (kappa_stored * h_hold)


@formula("1", r"n^\ast", infinite="loading costs no less than computing again")
def break_even_reuses(cost_hold, cost_prefill, cost_load):
    """Hits within the time of keeping that pay for it."""
    saved = cost_prefill - cost_load
    return Piecewise((cost_hold / saved, cost_load < cost_prefill), (oo, True))


@formula("s", r"t_\text{down}", infinite="the next tier down costs no less to hold")
def move_down_keep(h_hold, T_tier, h_below, T_below):
    """Time of keeping from which the next tier down is cheaper, if to load is to occupy the device for its bytes."""
    return Piecewise((Max(0, h_below * T_below - h_hold * T_tier) / (h_hold - h_below), h_below < h_hold), (oo, True))


# What the prices of a cache say


@formula("1", r"n_\text{pay}", infinite="a hit costs as much as fresh input")
def reuses_to_pay(m_write, m_hit):
    """Hits that make up for the premium of writing to the cache."""
    return Piecewise(((m_write - 1) / (1 - m_hit), m_hit < 1), (oo, True))


@formula("1", r"n_\text{ping}")
def pings_for_long(m_long, m_write, m_hit):
    """Hits, made only to keep a short-lived entry alive, that cost as much more as the long-lived one."""
    return (m_long - m_write) / m_hit


@formula("USD/byte/s", r"h_\text{implied}")
def implied_hold_rate(p_in, m_write, kappa_stored, t_keep):
    """Dearest tier whose holding cost the premium of a write would pay: all cheaper ones fit as well."""
    return p_in * (m_write - 1) / (kappa_stored * t_keep)


@formula("byte/token", r"\kappa_\text{paid}")
def kappa_paid(p_in, m_write, h_hold, t_keep):
    """Largest KV bytes per token whose keeping in a tier the premium of a write would pay."""
    return p_in * (m_write - 1) / (h_hold * t_keep)


# Price levels


@formula("USD/token", r"\bar p")
def blended_price(p_in, p_hit, p_out, cached_share, r_in):
    """Average price of a token, over fresh input, cached input and output."""
    return (r_in * ((1 - cached_share) * p_in + cached_share * p_hit) + p_out) / (r_in + 1)


@formula("USD/token", r"\bar c")
def cost_of_traffic(n, price, traffic):
    """Rent of a whole service over the tokens that it handles."""
    return n * price / traffic


@formula("1", r"\text{profit}/\text{cost}", "real")
def profit_over_cost(p_token, c_token):
    """Profit over cost; some call it margin."""
    return p_token / c_token - 1


@formula("1", r"\text{profit}/\text{price}", "real")
def gross_margin(p_token, c_token):
    """Profit over price."""
    return 1 - c_token / p_token


@formula("1", r"\text{MFU}_\text{implied}", "fraction")
def implied_mfu(cost_compute, c_token):
    """MFU at which a token costs so much; at a price without profit, the MFU that the price implies."""
    return cost_compute / c_token


@formula("1", r"m(s)", infinite="no price buys this speed")
def price_for_speed(standard_load, m_wish):
    """Price over standard at which a smaller batch gives the wished speed; the inverse of a price's speed."""
    left = 1 + standard_load - m_wish
    return Piecewise((standard_load / left, m_wish < 1 + standard_load), (oo, True))
