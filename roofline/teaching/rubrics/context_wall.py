"""How the four functions of the lab on long contexts are marked.

The references are the book's own formulas. Kinds of inputs are drawn where windows are full or not, where a choice is
smaller than the context or not, and where reading or arithmetic decides, so that each of these has points of its own.
"""

from __future__ import annotations

import math
from functools import partial

from roofline import batch_size, kv_memory
from roofline import context_wall as book
from roofline.teaching.grading.draws import Inputs, between, one_of, spread, times, whole
from roofline.teaching.grading.rubric import Cases, Law, Mistake, Question, Rubric, rises, scales

from .batch_size import HOUR, ask

# Where attention's arithmetic takes over


def crossover_context(N_act, layers_all, layers_window, heads, head_dim, window):
    return crossed(Inputs(locals()))


def attends(x: Inputs, layers: float) -> float:
    """FLOP per token that so many layers see."""
    return kv_memory.phi_att_heads(n_kv_layers=layers, n_heads=x.heads, d_head=x.head_dim)


def crossed(x: Inputs, **changed: float) -> float:
    """Inside the windows all layers see the context; beyond, the weights must pay for full windows first."""
    x = Inputs({**x, **changed})
    inside = batch_size.attention_context(N_act=x.N_act, phi_att=attends(x, x.layers_all + x.layers_window))
    if not x.layers_window or inside <= x.window:
        return inside
    return outside(x)


def outside(x: Inputs) -> float:
    """The same if all windows are full, as they are not at a short context."""
    if not x.layers_all:
        return math.inf
    left = x.N_act - (attends(x, x.layers_window) * x.window / 2 if x.layers_window else 0)
    return math.copysign(1, left) * batch_size.attention_context(N_act=abs(left), phi_att=attends(x, x.layers_all))


def full(x: Inputs) -> bool:
    return bool(x.layers_all and x.layers_window and 1.5 * x.window < crossed(x) < 1e9)


LAYERS = one_of(4, 6, 8, 10, 12, 16, 24, 32, 40, 64)
CROSSOVER = Question(crossover_context, {
    "layers_all": LAYERS,
    "layers_window": LAYERS,
    "heads": one_of(16, 24, 32, 64, 96, 128),
    "head_dim": one_of(64, 96, 128, 192),
    "window": one_of(128, 512, 1024, 4096, 8192),
    "sees": spread(0.05, 60),
    "N_act": lambda rng, x: x.sees * x.window * attends(x, x.layers_all + x.layers_window) / 2,
}, cases=[
    Cases("every layer sees everything", 1, fix={"layers_window": 0}),
    Cases("the windows are full by then", 2, full),
    Cases("the windows are not full by then", 1, lambda x: crossed(x) < x.window / 1.5),
    Cases("no layer sees everything", 1, lambda x: math.isinf(crossed(x)), contrast=full,
          fix=lambda rng, x: {"layers_all": rng.choice([0, x.layers_all])}),
], laws=[
    scales({"N_act": 3, "heads": 3}, 1, "Three times the parameters and three times the heads leave the crossing."),
    scales({"head_dim": 2, "heads": 0.5}, 1, "Heads twice as long and half as many leave the crossing."),
    rises("N_act", 2, "With more active parameters the crossing never comes sooner."),
], mistakes=[
    Mistake("Here attention costs half: the values are missing, or its multiply-adds count as one FLOP and not as two.",
            lambda x: crossed(x, head_dim=x.head_dim / 2), costs=5),
    Mistake("That is where a whole prompt's attention takes as much. A new token sees all of its context.",
            lambda x: 2 * crossed(x), costs=5),
    Mistake("Here a parameter costs one FLOP and attention two. A multiply-add is two for both.",
            lambda x: crossed(x, N_act=x.N_act / 2), costs=5),
    Mistake("Here one layer attends. How many do?",
            lambda x: crossed(x, layers_all=min(1, x.layers_all), layers_window=min(1, x.layers_window)), costs=5),
    Mistake("Here layers with a window cost nothing.", lambda x: outside(Inputs({**x, "layers_window": 0})), costs=4),
    Mistake("Here layers with a window see everything. Beyond the window their work no longer grows.",
            lambda x: crossed(x, window=1e30), costs=3),
    Mistake("Here windows are full from the first token on. How much does such a layer see of a short context?",
            lambda x: outside(x) if x.layers_window else crossed(x), costs=1),
    Mistake("Where attention always takes less, the answer is math.inf, not 0.",
            lambda x: 0 if math.isinf(crossed(x)) else crossed(x), costs=1),
])


# What an indexer saves


def sparse_saving(L, entry, key, k):
    return saved(Inputs(locals()))


def saved(x: Inputs, chosen: float | None = None, **changed: float) -> float:
    """The book's saving; with `chosen`, as many tokens are read in full even where the context has fewer."""
    x = Inputs({**x, **changed})
    if chosen is not None:
        return x.entry * x.L / (x.key * x.L + x.entry * chosen)
    return book.sparse_saving(kappa_dense=x.entry, L=x.L, kappa=x.key, kappa_cap=x.entry, L_cap=x.k)


SAVING = Question(sparse_saving, {
    "entry": spread(200, 8000),
    "key": times("entry", 0.02, 0.5),
    "k": whole(64, 8192),
    "long": spread(0.02, 1000),
    "L": lambda rng, x: max(2, round(x.long * x.k)),
}, cases=[
    Cases("the context is a few times the choice", 2, lambda x: 3 < x.L / x.k < 30 and saved(x) > 1.1),
    Cases("the context is far longer than the choice", 1, lambda x: 100 * x.k < x.L),
    Cases("the context is shorter than the choice", 1, lambda x: 1 < x.L < 0.7 * x.k),
], laws=[
    scales({"entry": 2, "key": 2}, 1, "Twice the bytes for entries and keys save as much."),
    rises("L", 2, "A longer context never saves less."),
    Law("A key twice as long never saves more.", lambda x, _: {**x, "key": 2 * x.key},
        lambda x, y, z: z <= y * (1 + 1e-9)),
], mistakes=[
    Mistake("Here the indexer reads nothing. It scores every token.", lambda x: x.L / min(x.L, x.k), costs=4),
    Mistake("Here the indexer reads the keys of the tokens chosen alone. How does it know which to choose?",
            lambda x: x.entry * x.L / ((x.key + x.entry) * min(x.L, x.k)), costs=3),
    Mistake("Here more tokens are chosen than there are.", lambda x: saved(x, chosen=x.k), costs=1),
    Mistake("That is the limit for very long contexts. The chosen tokens are read as well.",
            lambda x: x.entry / x.key, costs=4),
    Mistake("That is what a square root would save. An indexer reads in proportion to the context.",
            lambda x: math.sqrt(x.L), costs=4),
    Mistake("This is upside down: a saving above 1 means that fewer bytes are read.", lambda x: 1 / saved(x), costs=4),
    Mistake("At short contexts the indexer reads more than it saves. Below 1 is a right answer too.",
            lambda x: max(1, saved(x)), costs=1),
])


# What a context keeps and has read


def context_bytes(kind, L, layers, entry, key, window, every, k):
    return held(Inputs(locals()))


def held(x: Inputs, **changed: float) -> tuple[float, float]:
    """Bytes kept and read, by the book's formulas."""
    x = Inputs({**x, **changed})
    if x.kind == "top-k":
        kept = kv_memory.kv_stored(kappa_stored=x.layers * (x.entry + x.key), L=x.L)
        read = batch_size.kv_sequence(kappa=x.layers * x.key, L=x.L, kappa_cap=x.layers * x.entry, L_cap=x.k)
        return kept, read
    if x.kind == "window":
        seen = min(x.L, x.window)
        return (batch_size.kv_sequence(kappa=x.layers * x.entry, L=seen),) * 2
    far = x.layers / (x.every if x.kind == "hybrid" else 1)
    near = {"kappa_cap": (x.layers - far) * x.entry, "L_cap": x.window}
    return (batch_size.kv_sequence(kappa=far * x.entry, L=x.L, **near),) * 2


def only(kind: str, x: Inputs, otherwise: tuple[float, float]) -> tuple[float, float]:
    """The right answer, but `otherwise` for one kind."""
    return otherwise if x.kind == kind else held(x)


def long(x: Inputs) -> bool:
    return 3 * max(x.window, x.k) < x.L


def chosen_alone(x: Inputs) -> tuple[float, float]:
    return only("top-k", x, (held(x, L=min(x.L, x.k))[0], held(x)[1]))


def brimful(x: Inputs) -> tuple[float, float]:
    """With windows that are full from the first token on."""
    near = {"window": x.layers, "hybrid": x.layers - x.layers / x.every}.get(x.kind, 0)
    kept, read = held(x)
    more = near * x.entry * max(0, x.window - x.L)
    return kept + more, read + more


BYTES = Question(context_bytes, {
    "kind": one_of("full", "window", "hybrid", "top-k"),
    "every": one_of(3, 4, 6, 8),
    "layers": lambda rng, x: x.every * whole(3, 12)(rng, x),
    "entry": one_of(256, 1024, 1152, 2048, 4096),
    "key": one_of(64, 128, 132, 256),
    "window": one_of(512, 1024, 4096, 8192),
    "k": one_of(256, 512, 2048, 3072),
    "L": whole(30_000, 5_000_000),
}, cases=[
    Cases("every layer sees everything", 1, long, fix={"kind": "full"}),
    Cases("every layer has a window", 1, long, fix={"kind": "window"}),
    Cases("one layer in several sees everything", 1, long, fix={"kind": "hybrid"}),
    Cases("an indexer chooses", 2, long, fix={"kind": "top-k"}),
    Cases("the context is shorter than a window", 1, lambda x: x.kind == "window", lambda x: x.kind == "hybrid",
          fix=lambda rng, x: {"L": rng.randrange(20, x.window // 2)}),
    Cases("the context is shorter than the choice", 1, fix=lambda rng, x: {
        "kind": "top-k", "L": rng.randrange(20, x.k // 2)}),
], laws=[
    Law("Twice the layers keep and read twice the bytes.", lambda x, _: {**x, "layers": 2 * x.layers},
        lambda x, y, z: all(math.isclose(b, 2 * a, rel_tol=1e-6) for a, b in zip(y, z, strict=True))),
    Law("A token more never keeps or reads fewer bytes.", lambda x, _: {**x, "L": x.L + 1},
        lambda x, y, z: all(b >= a * (1 - 1e-9) for a, b in zip(y, z, strict=True))),
], mistakes=[
    Mistake("The pair is the wrong way round: first what is kept, then what is read.",
            lambda x: held(x)[::-1], costs=2),
    Mistake("Here only the chosen tokens are kept. Which may be chosen for the next token?", chosen_alone, costs=2),
    Mistake("Here the short keys are read but not kept.",
            lambda x: only("top-k", x, (held(x)[0] - x.layers * x.key * x.L, held(x)[1])), costs=3),
    Mistake("Here the short keys are kept but not read. How does the indexer score?",
            lambda x: only("top-k", x, (held(x)[0], held(x)[1] - x.layers * x.key * x.L)), costs=3),
    Mistake("Here attention reads everything although an indexer has chosen.", lambda x: held(x, k=x.L), costs=2),
    Mistake("Here more tokens are chosen than there are.",
            lambda x: only("top-k", x, (held(x)[0], x.layers * (x.key * x.L + x.entry * x.k))), costs=1),
    Mistake("Here windows go on growing.", lambda x: held(x, window=x.L), costs=2),
    Mistake("Here windows are always full. How much is in them at a short context?", brimful, costs=1),
    Mistake("The hybrid is turned round: here one layer in so many has a window, and the others see everything.",
            lambda x: only("hybrid", x, held(x, every=x.every / (x.every - 1))), costs=1),
    Mistake("Here the hybrid's layers with a window keep nothing.",
            lambda x: only("hybrid", x, held(x, window=0)), costs=2),
    Mistake("This is one layer. How many are there?", lambda x: tuple(side / x.layers for side in held(x)), costs=7),
])


# What a new token costs


def cost_per_million_tokens(L, N_act, kappa, kappa_cap, window, C, W, price_per_hour):
    return priced(Inputs(locals()))


def parts(x: Inputs) -> tuple[float, float]:
    """USD for a million tokens' arithmetic, and for their reading."""
    hire = {"price": x.price_per_hour / HOUR}
    return (1e6 * batch_size.cost_compute(N_act=x.N_act, C=x.C, **hire),
            1e6 * ask(batch_size.cost_kv, x, L_cap=x.window, **hire))


def priced(x: Inputs, **changed: float) -> float:
    x = Inputs({**x, **changed})
    return 1e6 * ask(batch_size.cost_floor, x, L_cap=x.window, price=x.price_per_hour / HOUR)


def reading(x: Inputs) -> bool:
    """Whether reading takes clearly longer than the arithmetic."""
    arithmetic, reads = parts(x)
    return reads > 2.5 * arithmetic


free = partial(priced, L=0)
NO_WINDOW = {"kappa_cap": 0, "window": 0}
COST = Question(cost_per_million_tokens, {
    "N_act": spread(1e9, 5e11),
    "W": spread(1e12, 2e13),
    "C": times("W", 100, 1000),
    "kappa": times("N_act", 1e-7, 1e-5),
    "kappa_cap": times("kappa", 2, 10),
    "window": one_of(1024, 4096, 8192, 16384),
    "share": spread(0.02, 200),
    "L": lambda rng, x: max(1, round(2 * x.share * x.N_act * x.W / (x.C * x.kappa))),
    "price_per_hour": between(0.5, 12),
}, cases=[
    Cases("the arithmetic takes longer", 1, lambda x: parts(x)[0] > 2.5 * parts(x)[1] > 0, fix=NO_WINDOW),
    Cases("reading takes longer", 1, reading, fix=NO_WINDOW),
    Cases("there are full windows too", 1,
          lambda x: reading(x) and 1.5 * x.window < x.L and x.kappa_cap * x.window > 0.01 * x.kappa * x.L),
    Cases("the windows are not full", 1, lambda x: x.window / 1.5 > x.L and reading(x)),
    Cases("there is no context yet", 1, fix={"L": 0, **NO_WINDOW}),
], laws=[
    scales({"C": 2, "W": 2}, 0.5, "A chip that is twice as fast in both makes tokens for half."),
    scales({"price_per_hour": 3}, 3, "Three times the rent is three times the cost."),
    rises("L", 2, "A longer context never makes a token cheaper."),
], mistakes=[
    Mistake("This is the sum of the two times. Here they overlap, and the longer one counts.",
            lambda x: sum(parts(x)), costs=4),
    Mistake("Here the context is free. Every new token reads its own cache.", free, costs=3),
    Mistake("Here the arithmetic is free.", lambda x: parts(x)[1], costs=2),
    Mistake("Here layers with a window cost nothing.", lambda x: priced(x, kappa_cap=0), costs=2),
    Mistake("Here windows go on growing.", lambda x: priced(x, window=x.L), costs=1),
    Mistake("Here windows are full from the first token on.",
            lambda x: priced(x, kappa=x.kappa + x.kappa_cap * x.window / (x.L or 1), kappa_cap=0), costs=1),
    Mistake("This is what you get with 1 FLOP per parameter. A multiply-add counts as two.",
            lambda x: priced(x, N_act=x.N_act / 2), costs=2),
    Mistake("This is what you get if the price were for a second. It is for an hour.",
            lambda x: HOUR * priced(x), costs=5),
    Mistake("This is the cost of one token. A million are asked for.", lambda x: priced(x) / 1e6, costs=5),
])

rubric = Rubric("context_wall", "Needles in a long context", [CROSSOVER, SAVING, BYTES, COST])
