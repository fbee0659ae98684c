"""How the six functions of the lab on rack topology are marked.

The references are the book's own formulas; the share that leaves unequal racks is counted over all pairs of racks,
and the largest rack is found by trying every size with the formulas for cables and switch chips.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from inspect import signature
from itertools import permutations
from random import Random
from typing import Any

import numpy as np

from roofline import rack_overlap, rack_parts
from roofline import rack_topology as book
from roofline.teaching.grading.draws import Inputs, between, one_of, spread, times, whole
from roofline.teaching.grading.rubric import Cases, Law, Mistake, Question, Rubric, rises, scales


def ask(function: Callable[..., Any], x: Inputs, **changed: Any) -> Any:
    """What a reference gives for the inputs `x`, some of them changed."""
    values = {**x, **changed}
    return function(**{name: values[name] for name in signature(function).parameters})


# An all-to-all on one switch


def all_to_all_time(n, S, W, t_hop):
    return book.t_exchange_switch(n_group=n, S_array=S, W_up=W, t_hop=t_hop)


ALL_TO_ALL = Question(all_to_all_time, {
    "n": whole(1, 576), "W": spread(5e10, 2e12), "t_hop": spread(5e-7, 5e-6),
    "S": lambda rng, x: x.W * x.t_hop * spread(0.2, 50)(rng, x),
}, cases=[
    Cases("there are many chips", 2, lambda x: x.n > 8),
    Cases("there are two chips", 1, fix={"n": 2}),
    Cases("a chip is alone", 1, lambda x: x.n == 1, contrast=lambda x: x.n > 2),
], laws=[
    scales({"S": 2, "W": 2}, 1, "Twice the bytes over twice the bandwidth take as long."),
    scales({"S": 2, "t_hop": 2}, 2, "Twice the bytes and twice the time of a hop take twice as long."),
    rises("S", 2, "More bytes never take less time."),
], mistakes=[
    Mistake("This is what you get if a chip also sends its own part. Does that part take a link?",
            lambda x: 2 * x.t_hop + x.S / x.W if x.n > 1 else 0.0, costs=4),
    Mistake("This is what you get if each chip is sent all S bytes. S is what one chip hands out to all.",
            lambda x: ask(all_to_all_time, x, S=x.S * x.n), costs=4),
    Mistake("This is what you get with one hop. The way leads in to the switch and out of it.",
            lambda x: ask(all_to_all_time, x, t_hop=x.t_hop / 2), costs=4),
    Mistake("This is what you get if every part waits for the hops of the one before. They follow each other closely.",
            lambda x: ask(all_to_all_time, x, t_hop=x.t_hop * (x.n - 1)), costs=3),
    Mistake("This is the time of an all-reduce: two such exchanges.", lambda x: 2 * ask(all_to_all_time, x), costs=4),
    Mistake("A chip alone sends nothing and waits for no hop.",
            lambda x: 2 * x.t_hop + x.S * (x.n - 1) / x.n / x.W, costs=1),
])


# Which part leaves a rack


def cross_rack_share(tokens, experts):
    leaving = sum(here * popular for (here, _), (_, popular) in permutations(zip(tokens, experts, strict=True), 2))
    return leaving / (sum(tokens) * sum(experts))


def amounts(low: int, high: int) -> Callable[[Random, Inputs], list[int]]:
    """A list with a whole number for each rack, the first two never alike."""
    def draw(rng: Random, x: Inputs) -> list[int]:
        found = [rng.randint(low, high) for _ in range(x.racks)]
        return [found[0], found[0] + rng.randint(2, 9), *found[2:]] if x.racks > 1 else found
    return draw


def even(rng: Random, x: Inputs) -> dict[str, list[int]]:
    return {"tokens": [x.tokens[0]] * x.racks, "experts": [x.experts[0]] * x.racks}


def all_in_one(rng: Random, x: Inputs) -> dict[str, list[int]]:
    return {"experts": [*[0] * (x.racks - 1), x.experts[0]]}


def exactly_uneven(x: Inputs) -> bool:
    """Whether none of the usual short cuts is right by accident."""
    share = cross_rack_share(x.tokens, x.experts)
    return x.racks > 1 and min(abs(share - 1 + 1 / x.racks), abs(share - cross_rack_share(x.tokens, x.tokens))) > 1e-4


SHARE = Question(cross_rack_share, {"racks": whole(1, 8), "tokens": amounts(1, 40), "experts": amounts(1, 20)}, cases=[
    Cases("all lies evenly", 1, lambda x: x.racks > 2, contrast=lambda x: x.racks == 2, fix=even),
    Cases("racks differ", 2, exactly_uneven),
    Cases("one rack holds all experts", 1, exactly_uneven, fix=all_in_one),
    Cases("there is one rack", 1, lambda x: x.racks == 1, contrast=exactly_uneven),
], laws=[
    Law("Twice the tokens everywhere leave the share as it is.",
        lambda x, y: {**x, "tokens": [2 * each for each in x.tokens]},
        lambda x, y, z: math.isclose(y, z, rel_tol=1e-6, abs_tol=1e-9)),
    Law("Tokens and experts may change places: as many pairs lie in different racks.",
        lambda x, y: {**x, "tokens": x.experts, "experts": x.tokens},
        lambda x, y, z: math.isclose(y, z, rel_tol=1e-6, abs_tol=1e-9)),
], mistakes=[
    Mistake("This is (R - 1)/R, the share of racks that are alike. Here they differ.",
            lambda x: 1 - 1 / len(x.tokens), costs=4),
    Mistake("This is the share that stays. How much leaves?", lambda x: 1 - ask(cross_rack_share, x), costs=5),
    Mistake("This is what you get if experts are as popular in a rack as it has tokens.",
            lambda x: ask(cross_rack_share, x, experts=x.tokens), costs=4),
    Mistake("This is a number of pairs. Which share of all pairs is it?",
            lambda x: ask(cross_rack_share, x) * sum(x.tokens) * sum(x.experts), costs=5),
    Mistake("This is divided by the sum of `tokens` alone. `experts` does not add up to 1 either.",
            lambda x: ask(cross_rack_share, x) * sum(x.experts), costs=5),
    Mistake("This is what leaves over what stays. The share is that of all copies.",
            lambda x: ask(cross_rack_share, x) / (1 - ask(cross_rack_share, x)), costs=5),
])


# What leaving costs


def slowdown(R, W_up, W_out, overlap):
    return rack_overlap.all_to_all_slowdown_partly(R=R, W_up=W_up, W_out=W_out, o_net=overlap)


def shared(inside: float, across: float, overlap: float) -> float:
    """The two networks' times put together, where a mistake has changed one of them."""
    return max(inside, across) + (1 - overlap) * min(inside, across)


# below a gap of 2, two networks at once may beat one
LINKS = {"R": whole(1, 64), "W_out": spread(5e9, 2e11), "W_up": times("W_out", 2.1, 20)}
AT_ONCE = {"overlap": 1}

SLOWDOWN = Question(slowdown, {**LINKS, "overlap": between(0.1, 0.9)}, cases=[
    Cases("two racks exchange at once", 1, fix={"R": 2, **AT_ONCE}),
    Cases("many racks exchange at once", 1, lambda x: x.R > 4, fix=AT_ONCE),
    Cases("the networks take turns", 1, lambda x: x.R > 2, fix={"overlap": 0}),
    Cases("the networks overlap in part", 2, lambda x: x.R > 2),
    Cases("there is one rack", 1, lambda x: x.R == 1, contrast=lambda x: x.R > 2, fix=AT_ONCE),
], laws=[
    scales({"W_up": 2, "W_out": 2}, 1, "Twice the bandwidth of both networks leaves the slowdown as it is."),
    rises("R", 2, "More racks are never faster."),
], mistakes=[
    Mistake("This is the whole gap. Not all bytes cross: one part in R stays.",
            lambda x: x.W_up / x.W_out, costs=6),
    Mistake("This is what you get if one part in R leaves. One part in R is what stays.",
            lambda x: shared(1 - 1 / x.R, x.W_up / x.W_out / x.R, x.overlap), costs=5),
    Mistake("This is what you get if the two networks always work at once. What does `overlap` say?",
            lambda x: ask(slowdown, x, overlap=1), costs=3),
    Mistake("This is what you get if the two networks always take turns. What does `overlap` say?",
            lambda x: ask(slowdown, x, overlap=0), costs=5),
    Mistake("This is what you get if `overlap` is read the other way round: 1 means at once.",
            lambda x: ask(slowdown, x, overlap=1 - x.overlap), costs=6),
    Mistake("This is what you get if W_up and W_out change places. Which of the two is the slow one?",
            lambda x: ask(slowdown, x, W_up=x.W_out, W_out=x.W_up), costs=6),
    Mistake("This counts the slow network alone. What of the bytes that stay?",
            lambda x: x.W_up / x.W_out * (1 - 1 / x.R), costs=4),
])


# One copy for each rack


def slowdown_once(R, k, W_up, W_out):
    return book.all_to_all_slowdown_dedup(R=R, m_racks=R, k=k, W_up=W_up, W_out=W_out)


def reached(x: Inputs) -> float:
    return book.racks_touched(R=x.R, m_racks=x.R, k=x.k)


def slow_part(x: Inputs, **changed: float) -> float:
    """Time of the slow network alone; `reached` and `left` replace the racks reached and the share that leaves."""
    values = {"reached": reached(x), "left": 1 - 1 / x.R, **changed}
    return x.W_up / x.W_out * values["left"] * values["reached"] / x.k


def slow_decides(x: Inputs) -> bool:
    return x.k > 1 and x.R > 1 and slow_part(x) > 1.05


ONCE = Question(slowdown_once, {**LINKS, "k": whole(1, 16)}, cases=[
    Cases("the slow network decides", 2, lambda x: slow_decides(x) and x.R < 16),
    Cases("the fast network decides", 1, lambda x: x.R > 1 and x.k > 1 and slow_part(x) < 0.95, contrast=slow_decides),
    Cases("there are many racks", 1, lambda x: slow_decides(x) and x.R > 16),
    Cases("a token uses one expert", 1, lambda x: slow_part(x) > 1.05, fix={"k": 1}),
], laws=[
    scales({"W_up": 2, "W_out": 2}, 1, "Twice the bandwidth of both networks leaves the slowdown as it is."),
    rises("W_up", 2, "A faster network inside the racks never makes leaving them cheaper by comparison."),
], mistakes=[
    Mistake("This is what you get with a copy for each expert. A rack that holds two of them needs one.",
            lambda x: max(1.0, slow_part(x, reached=x.k)), costs=4),
    Mistake("This is what you get if the experts lie in as many racks as they can. Some fall into the same one.",
            lambda x: max(1.0, slow_part(x, reached=min(x.R, x.k))), costs=4),
    Mistake("This counts the copies for each token. In one rack there are k of them in the time of 1.",
            lambda x: max(1.0, slow_part(x) * x.k), costs=4),
    Mistake("This is what you get if no expert is ever in the token's own rack.",
            lambda x: max(1.0, slow_part(x, left=1)), costs=5),
    Mistake("This is what you get if the own rack is always among those reached. Often it is not.",
            lambda x: max(1.0, slow_part(x, left=1, reached=reached(x) - 1)), costs=5),
    Mistake("This is below 1. The fast network still passes every copy on, which takes the time of one rack.",
            slow_part, costs=1),
])


# What a larger rack reads


def weight_read_time(P, n_up, N_tot, b_w, W):
    return P * book.t_weights_stage(P=P, n_up=n_up, N_tot=N_tot, b_w=b_w, W=W)


READ = Question(weight_read_time, {
    "P": whole(2, 16), "n_up": whole(2, 576), "N_tot": spread(1e10, 1e13), "b_w": between(0.51, 0.95),
    "W": spread(1e12, 3e13),
}, cases=[
    Cases("one rack holds the model", 1, fix={"P": 1}),
    Cases("several racks hold it in turn", 2),
    Cases("racks of one chip hold it in turn", 1, fix={"n_up": 1}),
], laws=[
    scales({"n_up": 2}, 0.5, "Twice the chips in a rack halve the time."),
    scales({"P": 2}, 1, "Twice the racks in a row leave the time as it is."),
    scales({"N_tot": 2, "W": 2}, 1, "Twice the weights at twice the bandwidth take as long."),
], mistakes=[
    Mistake("This is what one rack takes. The token still has to pass the others.",
            lambda x: ask(weight_read_time, x) / x.P, costs=3),
    Mistake("This is what you get if every rack reads the whole model. It holds only its own layers.",
            lambda x: ask(weight_read_time, x) * x.P, costs=3),
    Mistake("This is what you get if one chip of a rack reads everything.",
            lambda x: ask(weight_read_time, x, n_up=1), costs=3),
    Mistake("This is what you get if the chips of a rack read one after the other, each the whole rack's part.",
            lambda x: ask(weight_read_time, x, n_up=1) * x.n_up, costs=3),
    Mistake("This counts parameters. How many bytes are they?",
            lambda x: ask(weight_read_time, x, b_w=1), costs=4),
])


# How large a rack can be


def largest_rack(budget, switches, links, pairs, ports):
    sizes = np.arange(1, ports + 1)
    wires = rack_parts.cables(n_up=sizes, n_ports=links, n_pairs=pairs)
    chips = rack_parts.switch_chips(n_up=sizes, n_ports=links, n_ports_switch=ports)
    return int(np.max(sizes * ((wires <= budget) & (chips <= switches))))


def by_cables(x: Inputs) -> float:
    return x.budget / (x.links * x.pairs)


def by_switches(x: Inputs) -> float:
    return x.switches * x.ports / x.links


def joined(*limits: float) -> int:
    return math.floor(min(limits))


def cables_first(x: Inputs) -> bool:
    return 1 < by_cables(x) < min(by_switches(x), x.ports) - 2 and by_cables(x) % 1 > 0.01


def switches_first(x: Inputs) -> bool:
    return by_switches(x) < min(by_cables(x), x.ports) - 2 and by_switches(x) % 1 > 0.01


LARGEST = Question(largest_rack, {
    "ports": one_of(32, 48, 64, 72, 96, 128, 144),
    "links": whole(5, 36),
    "pairs": one_of(2, 4, 8),
    "switches": lambda rng, x: max(1, round(x.links * spread(0.3, 3)(rng, x))),
    "budget": lambda rng, x: round(x.ports * x.links * x.pairs * spread(0.3 / x.ports, 10)(rng, x)),
}, rtol=0, cases=[
    Cases("the cables run out first", 1, cables_first),
    Cases("the switch chips run out first", 1, switches_first),
    Cases("the ports of a switch chip end it", 1, lambda x: x.ports + 2 < min(by_cables(x), by_switches(x)),
          contrast=switches_first),
    Cases("the cables do not reach for one chip", 1,
          lambda x: x.links < x.budget < x.links * x.pairs and by_switches(x) > 1, contrast=cables_first),
], laws=[
    rises("budget", 2, "More cables never make the rack smaller."),
    rises("switches", 2, "More switch chips never make the rack smaller."),
], mistakes=[
    Mistake("This is what you get if a link takes one cable. It takes `pairs` of them.",
            lambda x: joined(by_cables(x) * x.pairs, by_switches(x), x.ports), costs=2),
    Mistake("This is what you get if there is no limit to cables.",
            lambda x: joined(by_switches(x), x.ports), costs=2),
    Mistake("This is what you get if there is no limit to switch chips.",
            lambda x: joined(by_cables(x), x.ports), costs=2),
    Mistake("These are more chips than a switch chip has ports. Each switch chip is linked to every chip.",
            lambda x: joined(by_cables(x), by_switches(x)), costs=1),
    Mistake("This is rounded up: the last chip would lack some of its links.",
            lambda x: math.ceil(min(by_cables(x), by_switches(x), x.ports)), costs=4),
    Mistake("This is not a whole number of chips.", lambda x: min(by_cables(x), by_switches(x), x.ports), costs=4),
])

rubric = Rubric("rack_topology", "Tokens between racks", [ALL_TO_ALL, SHARE, SLOWDOWN, ONCE, READ, LARGEST])
