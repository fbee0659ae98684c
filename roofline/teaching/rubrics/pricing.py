"""How the five functions of the lab on price lists are marked.

The references are the book's own formulas. Where an answer is a pair, it is least and most.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from roofline import batch_size, pricing
from roofline.teaching.grading.comparing import difference
from roofline.teaching.grading.draws import Inputs, between, one_of, spread, times, whole
from roofline.teaching.grading.rubric import Cases, Law, Mistake, Question, Rubric, rises, scales

from .batch_size import ask

Pair = tuple[float, float]


def stays(sentence: str, factors: dict[str, float], by: float = 1) -> Law:
    """The answer, a number or a pair, grows `by` with those factors; None stays None."""
    def holds(x: Inputs, y: Any, z: Any) -> bool:
        if y is None:
            return z is None
        grown = [by * part for part in y] if isinstance(y, list | tuple) else by * y
        return difference(z, grown, 1e-6, 1e-9) is None

    return Law(sentence, lambda x, _: {**x, **{name: x[name] * factor for name, factor in factors.items()}}, holds)


# A step in the price, as bytes


def kink_bytes(L_kink, N_act, rho, b_w, batches, eta_C, eta_W):
    u_w = weights_part(Inputs(locals()))
    return None if u_w >= 1 else kappa(Inputs(locals()), u_w=u_w)


def weights_part(x: Inputs, **changed: float) -> float:
    """Time to read the weights over that of the arithmetic, at the rates that are reached."""
    values = {**x, **changed}
    return values["eta_C"] / (values["batches"] * values["eta_W"])


def kappa(x: Inputs, **changed: float) -> float:
    """The book's formula, which does not mind a batch too small: the bytes then come out negative."""
    return float(ask(pricing.kink_kappa.function, x, **{"machine_balance": x.rho, "q": 1, "u_w": 0.0, **changed}))


def bends(x: Inputs) -> bool:
    return weights_part(x) < 0.8 and abs(x.eta_C / x.eta_W - 1) > 0.05


def bends_not(x: Inputs) -> bool:
    return weights_part(x) > 1.2 and abs(x.eta_C / x.eta_W - 1) > 0.05


def bytes_if(x: Inputs, part: float, **changed: float) -> float | None:
    """The bytes with another part of the weights; None where that leaves no bend."""
    return None if part >= 1 else kappa(x, u_w=part, **changed)


KINK = Question(kink_bytes, {
    "L_kink": spread(3e4, 1e6),
    "N_act": spread(1e10, 5e11),
    "rho": spread(100, 600),
    "b_w": one_of(0.5, 2),
    "eta_C": between(0.2, 0.9),
    "eta_W": between(0.5, 0.95),
    "batches": spread(0.1, 10),
}, cases=[
    Cases("the batch is very large and both rates are full", 1, fix={"eta_C": 1, "eta_W": 1, "batches": 10**9}),
    Cases("the rates are full", 1, lambda x: 1.3 < x.batches < 8, fix={"eta_C": 1, "eta_W": 1}),
    Cases("the rates are not full", 1, bends),
    Cases("the weights alone outlast the arithmetic", 1, bends_not, contrast=bends),
], laws=[
    stays("Twice the active parameters allow twice the bytes.", {"N_act": 2}, 2),
    stays("A step twice as far out implies half the bytes.", {"L_kink": 2}, 0.5),
    stays("Weights of twice the bytes on a chip of twice the balance change nothing.", {"b_w": 2, "rho": 2}),
], mistakes=[
    Mistake("This is what you get if reading the weights takes no time. How large is the batch?", kappa, costs=3),
    Mistake("Here the weights take their part at full rates. At which rates are they read, and multiplied?",
            lambda x: bytes_if(x, 1 / x.batches), costs=2),
    Mistake("Here the two shares have changed places. Does faster memory allow more bytes or fewer?",
            lambda x: bytes_if(x, weights_part(x), eta_C=x.eta_W, eta_W=x.eta_C), costs=2),
    Mistake("A multiply-add is two FLOP, but the balance counts multiply-adds already.",
            lambda x: bytes_if(x, weights_part(x), N_act=2 * x.N_act), costs=4),
    Mistake("Here a weight has one byte, whatever the format.", lambda x: bytes_if(x, weights_part(x), b_w=1), costs=4),
    Mistake("These are the bytes of the whole context. How many has a token?",
            lambda x: bytes_if(x, weights_part(x), L_kink=1), costs=4),
    Mistake("Bytes below zero say that there is no bend. What should be returned then?",
            lambda x: kappa(x, u_w=weights_part(x)), costs=1),
])


# Output over input, as utilisation


def mfu_ratio(p_in, p_out, markup_low, markup_high):
    return share(p_out / p_in, markup_low), share(p_out / p_in, markup_high)


def share(m_out: float, markup: float) -> float:
    """The book's formula, for a decode that is never used better than prefill."""
    return float(pricing.decode_mfu_share(m_out=m_out, m_markup=min(markup, m_out)))


def capped(low: float, high: float) -> Pair:
    return min(1.0, low), min(1.0, high)


def both_below(x: Inputs) -> bool:
    return 1.2 * x.markup_high * x.p_in < x.p_out


MFU = Question(mfu_ratio, {
    "p_in": spread(1e-7, 1e-5),
    "p_out": times("p_in", 1.3, 10),
    "markup_low": between(0.3, 0.9),
    "markup_high": times("markup_low", 1.3, 6),
}, cases=[
    Cases("decode has less even at the high mark-up", 1, lambda x: both_below(x) and abs(x.markup_high - 1) > 0.05),
    Cases("the high mark-up explains the whole price", 1, lambda x: x.markup_high * x.p_in > 1.2 * x.p_out),
    Cases("the mark-up is known", 1, both_below,
          fix=lambda rng, x: {"markup_low": x.markup_low, "markup_high": x.markup_low}),
], laws=[
    stays("Twice both prices say the same.", {"p_in": 2, "p_out": 2}),
    stays("Output twice as dear at twice the mark-ups says the same.",
          {"p_out": 2, "markup_low": 2, "markup_high": 2}),
], mistakes=[
    Mistake("This is what you get at equal mark-ups. Between which two do they lie?",
            lambda x: (x.p_in / x.p_out,) * 2, costs=3),
    Mistake("Here a high mark-up of output makes decode look worse. What does it leave for cost?",
            lambda x: capped(x.p_in / (x.p_out * x.markup_high), x.p_in / (x.p_out * x.markup_low)), costs=3),
    Mistake("This is upside down: what decode costs over what prefill costs.",
            lambda x: (x.p_out / (x.p_in * x.markup_high), x.p_out / (x.p_in * x.markup_low)), costs=3),
    Mistake("More than one would mean that decode is used better than prefill. Where does the interval end?",
            lambda x: (x.markup_low * x.p_in / x.p_out, x.markup_high * x.p_in / x.p_out), costs=1),
    Mistake("The ends have changed places: the least comes first.",
            lambda x: mfu_ratio(x.p_in, x.p_out, x.markup_high, x.markup_low), costs=2),
])


# A write to the cache, as hits


def break_even_reuse(p_in, p_write, p_hit):
    if p_write <= p_in:
        return 0
    if p_hit >= p_in:
        return None
    return math.ceil(pricing.reuses_to_pay(m_write=p_write / p_in, m_hit=p_hit / p_in))


def hits(x: Inputs, premium: float) -> int:
    """Whole hits that pay for so much."""
    return math.ceil(max(0, premium) / (x.p_in - x.p_hit))


def cheaper(x: Inputs) -> bool:
    return x.p_hit < 0.9 * x.p_in and x.p_write > 1.05 * x.p_in


def several(x: Inputs) -> bool:
    """Whether it takes some hits, and the usual slips give other numbers."""
    slips = [math.ceil((x.p_write - x.p_in) / saved) for saved in (x.p_hit, x.p_in)]
    return cheaper(x) and 3 <= break_even_reuse(x.p_in, x.p_write, x.p_hit) not in slips


BREAK_EVEN = Question(break_even_reuse, {
    "p_in": spread(1e-7, 1e-5),
    "p_write": times("p_in", 1.06, 6),
    "p_hit": times("p_in", 0.02, 0.85),
}, rtol=0, cases=[
    Cases("it takes several hits", 2, several),
    Cases("one hit is enough", 1, lambda x: cheaper(x) and break_even_reuse(x.p_in, x.p_write, x.p_hit) == 1,
          contrast=several),
    Cases("writing costs no more than input", 1, contrast=several,
          where=lambda x: x.p_write <= x.p_in,
          fix=lambda rng, x: {"p_write": x.p_in * rng.choice([0.8, 1.0, 1.5, 2.5, 3.5, 4.5])}),
    Cases("a hit costs as much as input or more", 1, lambda x: x.p_hit >= x.p_in, contrast=several,
          fix=lambda rng, x: {"p_hit": x.p_in * rng.choice([0.3, 0.5, 1.2, 1.5])}),
], laws=[
    stays("Twice all prices say the same.", {"p_in": 2, "p_write": 2, "p_hit": 2}),
    rises("p_write", 2, "A dearer write never takes fewer hits."),
], mistakes=[
    Mistake("This is one hit short: a part of one must be a whole one.",
            lambda x: None if x.p_hit >= x.p_in < x.p_write else math.floor(max(0, x.p_write - x.p_in)
            / (x.p_in - x.p_hit)) if x.p_hit < x.p_in else 0, costs=5),
    Mistake("Here a hit saves all of its price. What does a hit still cost?",
            lambda x: hits(Inputs(x, p_hit=0), x.p_write - x.p_in), costs=5),
    Mistake("Here the whole write must be earned. What would the first time have cost without a cache?",
            lambda x: None if x.p_hit >= x.p_in else hits(x, x.p_write), costs=5),
    Mistake("Here the premium is divided by what a hit costs. What does it save?",
            lambda x: 0 if x.p_write <= x.p_in else None if x.p_hit >= x.p_in
            else math.ceil((x.p_write - x.p_in) / x.p_hit), costs=5),
    Mistake("Where a hit saves nothing no number of hits pays: the answer is None.",
            lambda x: math.inf if break_even_reuse(x.p_in, x.p_write, x.p_hit) is None
            else break_even_reuse(x.p_in, x.p_write, x.p_hit), costs=1),
    Mistake("Where writing costs no more than input nothing must be earned. How many hits is that?",
            lambda x: max(1, break_even_reuse(x.p_in, x.p_write, x.p_hit) or 1)
            if x.p_write <= x.p_in else break_even_reuse(x.p_in, x.p_write, x.p_hit), costs=1),
])


# Devices, as a time


def drain_time(capacity, bandwidth, devices, link):
    return batch_size.t_drain(M=capacity * devices, W=min(bandwidth * devices, link))


DRAIN = Question(drain_time, {
    "capacity": spread(1e11, 3e13),
    "bandwidth": spread(2e8, 1e13),
    "devices": whole(2, 64),
    "link": lambda rng, x: x.bandwidth * x.devices * spread(0.02, 50)(rng, x),
}, cases=[
    Cases("there is one device and a fast link", 1, lambda x: x.link > 1.5 * x.bandwidth, fix={"devices": 1}),
    Cases("the devices set the pace", 1, lambda x: x.link > 1.5 * x.bandwidth * x.devices),
    Cases("the link sets the pace", 1, lambda x: x.bandwidth * 1.2 < x.link < x.bandwidth * x.devices / 1.5),
    Cases("the link is slower than one device", 1, lambda x: x.link < x.bandwidth / 1.2),
], laws=[
    scales({"capacity": 2}, 2, "Twice the capacity takes twice as long."),
    scales({"bandwidth": 2, "link": 2}, 0.5, "Devices and link of twice the bandwidth take half as long."),
    scales({"devices": 3, "link": 3}, 1, "Three times the devices behind three times the link take as long."),
], mistakes=[
    Mistake("This is the drain time of one device. What do all of them share?",
            lambda x: x.capacity / x.bandwidth, costs=2),
    Mistake("Here the devices are read one after the other. They are read side by side.",
            lambda x: x.devices * x.capacity / min(x.bandwidth, x.link), costs=2),
    Mistake("Here every device has a link of its own. They share one.",
            lambda x: x.capacity / min(x.bandwidth, x.link), costs=2),
    Mistake("Here everything waits for the link, even where the devices are slower.",
            lambda x: x.devices * x.capacity / x.link, costs=2),
    Mistake("This is bandwidth over capacity. It is how often a second can read everything.",
            lambda x: 1 / ask(drain_time, x), costs=4),
])


# A tier of a price, as profit


def profit_range(price, cost, u_w, L_bend, L_from, L_to):
    return tuple(price - cost * risen(L, L_bend, u_w) for L in (L_to, L_from))


def risen(L: float, L_bend: float, u_w: float) -> float:
    """Cost at a context over that at a short one."""
    return float(max(1.0, pricing.margin_needed(L=L, L_kink=L_bend, m_tier=1, u_w=u_w)))


def profits(x: Inputs, cost_at: Callable[[float], float]) -> Pair:
    """Least and most profit if the cost at a context is this multiple of the short one."""
    return x.price - x.cost * cost_at(x.L_to), x.price - x.cost * cost_at(x.L_from)


def within(gain: bool) -> Callable[[Inputs], bool]:
    """Whether the bend lies within the tier, and its far end is sold at a gain, or at a loss."""
    return lambda x: x.L_from < 0.8 * x.L_bend < x.L_to / 2 and gains(x) == gain


def gains(x: Inputs) -> bool:
    return x.price > x.cost * risen(x.L_to, x.L_bend, x.u_w)


PROFIT = Question(profit_range, {
    "price": spread(1e-6, 1e-4),
    "cost": times("price", 0.05, 0.8),
    "u_w": between(0.15, 0.8),
    "L_bend": spread(2e4, 5e5),
    "L_from": times("L_bend", 0.01, 4),
    "L_to": times("L_from", 1.5, 30),
}, atol=1e-15, cases=[
    Cases("the tier ends before the bend", 1, lambda x: x.L_to < x.L_bend / 1.1),
    Cases("the tier begins beyond the bend", 1, lambda x: x.L_from > 1.2 * x.L_bend and gains(x)),
    Cases("the bend lies within the tier", 1, within(True)),
    Cases("reading weights takes no time", 1, within(True), fix={"u_w": 0.0}),
    Cases("the far end is sold at a loss", 1, within(False)),
], laws=[
    stays("Price and cost twice as high leave twice the profit.", {"price": 2, "cost": 2}, 2),
    stays("All contexts twice as long, the bend too, leave the same profit.", {"L_bend": 2, "L_from": 2, "L_to": 2}),
], mistakes=[
    Mistake("Here cost never rises. What does a pass wait for beyond the bend?",
            lambda x: profits(x, lambda L: 1), costs=4),
    Mistake("Here cost rises from the first token on. Before the bend a token costs its arithmetic.",
            lambda x: profits(x, lambda L: x.u_w + (1 - x.u_w) * L / x.L_bend), costs=4),
    Mistake("Here cost beyond the bend is proportional to context. Part of the reads are weights.",
            lambda x: profits(x, lambda L: max(1, L / x.L_bend)), costs=3),
    Mistake("The ends have changed places: the least profit comes first.",
            lambda x: profits(x, lambda L: risen(L, x.L_bend, x.u_w))[::-1], costs=4),
    Mistake("This is profit over price. The profit itself is asked for.",
            lambda x: tuple(part / x.price for part in profits(x, lambda L: risen(L, x.L_bend, x.u_w))), costs=5),
    Mistake("Less than no profit is a loss, and counts as one.",
            lambda x: tuple(max(0, p) for p in profits(x, lambda L: risen(L, x.L_bend, x.u_w))), costs=1),
])

rubric = Rubric("pricing", "What six price lists cannot say", [KINK, MFU, BREAK_EVEN, DRAIN, PROFIT])
