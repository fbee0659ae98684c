"""Inputs of the chapter pricing alone."""

from __future__ import annotations

from .register import notation, symbol

# The kink and the tiers of a price list
L_kink = symbol("L_kink", r"\ell_\text{kink}", "token", "context at which a price steps up, taken for the kink of cost")
u_w = symbol(
    "u_w",
    r"u_\text{w}",
    "1",
    "time to read the weights over the time of the arithmetic, both at the rates that are reached",
    "nonnegative",
    default=0.0,
)
eta_C = symbol(
    "eta_C", r"\eta_C", "1", "share of the peak arithmetic rate that is reached when it is the limit", "fraction", 1.0
)
eta_W = symbol(
    "eta_W", r"\eta_W", "1", "share of the memory bandwidth that is reached when it is the limit", "fraction", 1.0
)
m_tier = symbol(
    "m_tier", r"m_\text{tier}", "1", "price above the step over the price below it, for one token", "at least one"
)
m_margin = symbol("m_margin", r"m_\text{margin}", "1", "price over cost at short context", "at least one", default=1.0)
m_out = symbol("m_out", r"m_\text{out}", "1", "price of an output token over that of a fresh input token")
m_markup = symbol("m_markup", r"m_\text{markup}", "1", "price over cost of output, over that of input", default=1.0)

# Prompts in chunks
q_chunk = symbol(
    "q_chunk", r"q_\text{chunk}", "token", "tokens of a prompt that one pass takes beside the decoding sequences"
)
L_prompt = symbol("L_prompt", r"\ell_\text{prompt}", "token", "tokens of a prompt")
L_before = symbol(
    "L_before",
    r"\ell_\text{before}",
    "token",
    "tokens of a prompt that earlier chunks left in the KV cache",
    "nonnegative",
    default=0.0,
)

# Keeping a cache
t_keep = symbol("t_keep", r"t_\text{keep}", "s", "time for which a cache entry is kept")
h_hold = symbol("h_hold", r"h_\text{hold}", "USD/byte/s", "cost of holding one byte in a memory tier for one second")
h_below = symbol("h_below", r"h_\text{below}", "USD/byte/s", "the same in the next tier down")
W_tier = symbol("W_tier", r"W_\text{tier}", "byte/s", "bandwidth of the memory tier, or of the link to it")
p_wait = symbol("p_wait", r"p_\text{wait}", "USD/s", "rent of what is kept busy while a cache entry is loaded")
p_byte = symbol("p_byte", r"p_\text{byte}", "USD/byte", "purchase price of one byte of a memory tier")
t_life = symbol("t_life", r"t_\text{device}", "s", "time over which a device is written off")
T_tier = symbol(
    "T_tier",
    r"T_\text{tier}",
    "s",
    "drain time of a memory tier: capacity over bandwidth; 0 if nothing is fetched",
    "nonnegative",
)
T_below = symbol("T_below", r"T_\text{below}", "s", "drain time of the next tier down")
m_write = symbol(
    "m_write", r"m_\text{write}", "1", "price of writing a token to the cache over that of fresh input", "at least one"
)
m_long = symbol("m_long", r"m_\text{long}", "1", "the same for an entry that is kept longer", "at least one")
m_hit = symbol("m_hit", r"m_\text{hit}", "1", "price of a cached input token over that of a fresh one", "fraction")

# Price lists
p_in = symbol("p_in", r"p_\text{in}", "USD/token", "list price of a fresh input token")
p_hit = symbol("p_hit", r"p_\text{hit}", "USD/token", "list price of an input token found in the cache")
p_out = symbol("p_out", r"p_\text{out}", "USD/token", "list price of an output token")
cached_share = symbol(
    "cached_share",
    r"x_\text{hit}",
    "1",
    "share of the input tokens that are found in the cache",
    "fraction",
    default=0.0,
)
r_in = symbol("r_in", r"r_\text{in}", "1", "input tokens, cached or fresh, per output token", "nonnegative")
p_token = symbol("p_token", r"p_\text{token}", "USD/token", "what a token is sold for")
c_token = symbol("c_token", r"c_\text{token}", "USD/token", "what a token costs to make")
m_wish = symbol(
    "m_wish", r"m_\text{wish}", "1", "speed that a customer wishes over the speed of the standard mode", "at least one"
)

notation.at_most(q_chunk, L_prompt, "a chunk cannot be longer than its prompt")
notation.at_most(m_write, m_long, "an entry that is kept longer is not cheaper to write")
notation.at_most(
    m_markup, m_out, "decode never costs less than its arithmetic, which is what prefill at its roof costs"
)
