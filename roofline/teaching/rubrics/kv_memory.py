"""How the five functions of the lab on KV memory are marked.

The references are the book's own formulas. A layout that does not fit for one reason alone tells which reason a
function has forgotten, so the kinds of `fits` are drawn that way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial

from roofline import kv_memory as book
from roofline.teaching.grading.draws import Inputs, between, one_of, spread, times, whole
from roofline.teaching.grading.rubric import Cases, Law, Mistake, Question, Rubric, rises, scales

from .batch_size import ask

# What a token keeps


def kv_bytes_per_token(kind, layers, heads, kv_heads, head_dim, latent, rope, share, b):
    if kind == "MLA":
        return book.kappa_latent(n_kv_layers=layers, d_latent=latent, d_rope=rope, b_kv=b)
    n_kv = {"MHA": heads, "MQA": 1}.get(kind, kv_heads)
    n_share = share if kind == "shared" else 1
    return book.kappa_heads_stored(n_kv_layers=layers, n_kv=n_kv, d_head=head_dim, b_kv=b, n_share=n_share)


def by_heads(x: Inputs, factor: float) -> float:
    """The right answer for an entry, and a multiple of it for heads."""
    return ask(kv_bytes_per_token, x) * (1 if x.kind == "MLA" else factor)


def entry(x: Inputs, **changed: float) -> float:
    """The right answer for heads, and that with other inputs for an entry."""
    return ask(kv_bytes_per_token, x, **(changed if x.kind == "MLA" else {}))


PER_TOKEN = Question(kv_bytes_per_token, {
    "kind": one_of("MHA", "GQA", "MQA", "MLA", "shared"),
    "share": one_of(2, 3, 4),
    "layers": lambda rng, x: x.share * whole(4, 40)(rng, x),
    "kv_heads": one_of(2, 3, 4, 8, 16),
    "heads": lambda rng, x: x.kv_heads * rng.choice([2, 4, 5, 8, 16]),
    "head_dim": one_of(64, 80, 96, 128, 256),
    "latent": one_of(256, 320, 384, 512, 640),
    "rope": one_of(32, 48, 64, 96),
    "b": one_of(0.5, 2),
}, cases=[
    Cases("every query head has its own", 1, fix={"kind": "MHA"}),
    Cases("query heads share KV heads", 1, fix={"kind": "GQA"}),
    Cases("all query heads share one", 1, fix={"kind": "MQA"}),
    Cases("a compressed entry is kept", 1, fix={"kind": "MLA"}),
    Cases("layers share a cache", 1, fix={"kind": "shared"}),
], laws=[
    scales({"b": 2}, 2, "Elements of twice the bytes keep twice the bytes."),
    scales({"layers": 3}, 3, "Three times the layers keep three times the bytes."),
], mistakes=[
    Mistake("These are keys without values. Both are kept.", lambda x: by_heads(x, 0.5), costs=4),
    Mistake("Here every query head keeps a key and a value. It is the KV heads that are kept.",
            lambda x: ask(kv_bytes_per_token, x, kv_heads=x.heads), costs=2),
    Mistake("The compressed entry is counted twice. It serves as key and as value.",
            lambda x: entry(x, latent=2 * x.latent, rope=2 * x.rope), costs=1),
    Mistake("The compressed entry is counted for every head. All heads look into one.",
            lambda x: entry(x, latent=x.heads * x.latent, rope=x.heads * x.rope), costs=1),
    Mistake("The key for the position is missing beside the compressed entry.", lambda x: entry(x, rope=0), costs=1),
    Mistake("Here all layers keep a cache, though some share.", lambda x: ask(kv_bytes_per_token, x, share=1), costs=1),
    Mistake("These are elements. How many bytes is each?", lambda x: ask(kv_bytes_per_token, x, b=1), costs=5),
    Mistake("This is one layer. How many keep a cache?", lambda x: ask(kv_bytes_per_token, x) / x.layers, costs=5),
])


# Whole heads on chips


def kv_copies(n_kv, tp):
    return book.kv_replication(n_kv=n_kv, tp=tp)


def uneven(x: Inputs) -> bool:
    return x.tp < x.n_kv and x.n_kv % x.tp > 0


COPIES = Question(kv_copies, {"n_kv": one_of(1, 2, 4, 6, 8, 12, 16, 96), "tp": one_of(2, 3, 4, 5, 6, 7, 8, 16, 32, 64)},
                  cases=[
    Cases("the chips or the heads divide the other", 1, lambda x: x.n_kv % x.tp == 0,
          contrast=lambda x: x.tp > x.n_kv and x.tp % x.n_kv == 0),
    Cases("there are more chips than heads", 1, lambda x: x.tp > x.n_kv > 1 and x.tp % x.n_kv == 0),
    Cases("the chips do not divide the heads", 1, uneven),
], laws=[
    scales({"n_kv": 2, "tp": 2}, 1, "Twice the heads on twice the chips are kept as often."),
    rises("tp", 2, "On twice the chips a group never keeps fewer copies."),
], mistakes=[
    Mistake("This is right where the chips divide the heads, or the other way round. Can a head be cut?",
            lambda x: max(1, x.tp / x.n_kv), costs=1),
    Mistake("Rounded the wrong way: where heads do not divide, some chip has one more and not one fewer.",
            lambda x: x.n_kv // x.tp * x.tp / x.n_kv if x.tp < x.n_kv else ask(kv_copies, x), costs=1),
    Mistake("Here every chip keeps all heads. A chip keeps those that its queries look into.", lambda x: x.tp, costs=3),
    Mistake("This is the number of heads on the busiest chip. What would be an even share?",
            lambda x: math.ceil(x.n_kv / x.tp), costs=3),
    Mistake("This is upside down: an even share over the busiest chip's.", lambda x: 1 / ask(kv_copies, x), costs=3),
    Mistake("Here no head is ever copied. What do more chips than heads look into?", lambda x: 1, costs=3),
])


# What the busiest chip holds


def fits(M, experts, rest, B, each, n_kv, tp, dp):
    return kept(Inputs(locals())) <= M


def kept(x: Inputs, rest: float = 1, experts: float = 1, caches: float = 1) -> float:
    """Bytes on the busiest chip, its parts taken so many times."""
    return (experts * x.experts / (x.tp * x.dp) + rest * x.rest / x.tp
            + caches * in_caches(B=x.B, kappa_stored=x.each, n_kv=x.n_kv, tp=x.tp, dp=x.dp))


in_caches = lru_cache(8)(partial(book.stage_caches_laid, m_b=1, P=1, L=1))  # asked again for every slip
SLIPS: dict[str, Callable[[Inputs], float]] = {  # bytes as they come out when one thing is forgotten
    "rest": lambda x: kept(x, rest=1 / x.dp),
    "copies": lambda x: kept(x, caches=1 / kv_copies(x.n_kv, x.tp)),
    "whole": lambda x: kept(x, caches=x.B / x.dp / math.ceil(x.B / x.dp)),
    "caches": lambda x: kept(x, caches=0),
    "groups": lambda x: kept(x, caches=x.B / math.ceil(x.B / x.dp)),
    "experts": lambda x: kept(x, experts=x.dp),
}


def alone(*slips: str) -> Callable[[Inputs], bool]:
    """Whether these slips, and no others, give the wrong answer."""
    def only(x: Inputs) -> bool:
        right = kept(x) <= x.M
        return all(((slip(x) <= x.M) != right) == (name in slips) for name, slip in SLIPS.items())
    return only


def clear(large: bool) -> Callable[[Inputs], bool]:
    """Whether all fits, or does not, with every slip as without."""
    return lambda x: (kept(x) <= x.M) == large and alone()(x)


FITS = Question(fits, {
    "tp": one_of(1, 2, 3, 4, 8),
    "dp": one_of(2, 3, 4, 8, 16),
    "n_kv": one_of(1, 2, 4, 8),
    "B": whole(1, 64),
    "each": spread(1e8, 2e10),
    "experts": spread(1e10, 2e12), "rest": spread(1e9, 2e11),
    "M": lambda rng, x: kept(x) * spread(0.25, 4)(rng, x),
}, cases=[
    Cases("each group's copy of the weights decides", 1, alone("rest"), contrast=clear(True)),
    Cases("copies of heads decide", 1, alone("copies", "caches"), contrast=clear(True)),
    Cases("a last sequence decides", 1, alone("whole", "caches"), contrast=clear(True)),
    Cases("the caches decide", 1, alone("caches"), contrast=clear(True)),
    Cases("it fits because groups divide the sequences", 1, alone("groups"), contrast=clear(False)),
    Cases("it fits because all chips divide the experts", 1, alone("experts"), contrast=clear(False)),
], laws=[
    Law("With a thousand times the memory, what fitted still fits.",
        lambda x, _: {**x, "M": 1000 * x.M}, lambda x, y, z: bool(z or not y)),
    Law("With everything twice as large, the memory too, the answer stays.",
        lambda x, _: {**x, **{name: 2 * x[name] for name in ("M", "experts", "rest", "each")}},
        lambda x, y, z: bool(z == y)),
], mistakes=[
    Mistake("Here all chips of a stage divide the weights that each group must have.",
            lambda x: SLIPS["rest"](x) <= x.M, costs=1),
    Mistake("Here heads are cut as finely as you like. What does a chip keep that has no head of its own?",
            lambda x: SLIPS["copies"](x) <= x.M, costs=1),
    Mistake("Here sequences are cut at the border of two groups. The largest group decides.",
            lambda x: SLIPS["whole"](x) <= x.M, costs=1),
    Mistake("Here only weights are kept. What else fills the memory?", lambda x: SLIPS["caches"](x) <= x.M, costs=3),
    Mistake("Here every group keeps the caches of all sequences. Each has its own.",
            lambda x: SLIPS["groups"](x) <= x.M, costs=1),
    Mistake("Here each group has all experts. All chips divide them.", lambda x: SLIPS["experts"](x) <= x.M, costs=1),
    Mistake("This is True where it does not fit, and False where it does.", lambda x: kept(x) > x.M, costs=6),
])


# The context that fills a chip


def longest_context(M, weights, B, dp, kappa, kappa_cap, L_cap):
    return filled(Inputs(locals()))


def filled(x: Inputs, **changed: float) -> int:
    """Whole tokens by the book's formula, for a dense model of the size that is kept on one chip."""
    given = {**x, "kappa_stored": x.kappa, "kappa_stored_cap": x.kappa_cap, "L_stored_cap": x.L_cap, "N_tot": x.weights,
             **changed}
    return int(ask(book.longest_context_laid, Inputs(given), b_w=1, N_act=given["N_tot"], tp=1, n_kv=1, P=1, m_b=1))


def room(x: Inputs) -> float:
    """Bytes that each sequence of the largest group may fill; negative where the weights are too large."""
    return (x.M - x.weights) / math.ceil(x.B / x.dp)


def even(x: Inputs) -> bool:
    return x.B % x.dp == 0 and 1.05 * x.weights < x.M and filled(x) > 100


def windowed(full: bool) -> Callable[[Inputs], bool]:
    """Whether the windows are full, or far from it, at the longest context."""
    return lambda x: even(x) and (filled(x) > 2 * x.L_cap if full else 100 < filled(x) < x.L_cap / 2)


NO_WINDOW = {"kappa_cap": 0, "L_cap": 0}
LONGEST = Question(longest_context, {
    "dp": one_of(2, 4, 8, 16, 64),
    "B": lambda rng, x: x.dp * whole(1, 30)(rng, x),
    "M": spread(3e10, 3e11),
    "weights": times("M", 0.2, 0.9),
    "kappa": spread(1e3, 5e5),
    "kappa_cap": times("kappa", 0.5, 20),
    "L_cap": one_of(128, 512, 1024, 4096, 8192, 131072),
}, rtol=0, cases=[
    Cases("no layer has a window", 1, even, fix=NO_WINDOW),
    Cases("the windows are full", 1, windowed(True)),
    Cases("the windows are not full", 1, windowed(False)),
    Cases("some chips have one sequence more", 1, lambda x: 1.05 * x.weights < x.M and filled(x) > 100,
          fix=lambda rng, x: {**NO_WINDOW, "B": x.dp * whole(1, 4)(rng, x) + rng.randrange(1, x.dp)}),
    Cases("the weights alone are too large", 1, lambda x: x.weights > x.M, contrast=even,
          fix=lambda rng, x: {**NO_WINDOW, "weights": x.M * rng.choice([0.5, 1.5])}),
], laws=[
    rises("M", 2, "With twice the memory contexts are never shorter."),
    Law("Twice the memory for twice the weights and twice the sequences allows the same context.",
        lambda x, _: {**x, "M": 2 * x.M, "weights": 2 * x.weights, "B": 2 * x.dp * math.ceil(x.B / x.dp)},
        lambda x, y, z: abs(z - y) <= 1),
], mistakes=[
    Mistake("Here windows go on growing. Beyond its window a layer keeps no more.",
            lambda x: max(0, math.floor(room(x) / (x.kappa + x.kappa_cap))), costs=1),
    Mistake("Here layers with a window keep nothing.", lambda x: filled(x, kappa_stored_cap=0), costs=2),
    Mistake("Here windows are full from the first token on. How much of a window is kept in a short context?",
            lambda x: max(0, math.floor((room(x) - x.kappa_cap * x.L_cap) / x.kappa)), costs=1),
    Mistake("This is one token too many: its cache no longer fits.", lambda x: filled(x) + 1, costs=5),
    Mistake("Here one chip keeps all sequences. The chips divide them.", lambda x: filled(x, dp=1), costs=5),
    Mistake("Here sequences are cut. A chip keeps whole ones, and the one with most decides.", lambda x: filled(x)
            if x.kappa_cap else max(0, math.floor((x.M - x.weights) * x.dp / x.B / x.kappa)), costs=1),
    Mistake("Here the weights take no room.", lambda x: filled(x, N_tot=1e-9), costs=5),
    Mistake("Less than no context is none: where there is no room the answer is 0.",
            lambda x: filled(x) or math.floor(room(x) / x.kappa), costs=1),
])


# A pipeline that is kept busy


def fewest_stages(weights, n, M, B, each):
    found = ask(book.fewest_stages, Inputs(locals()), b_w=1, N_tot=weights, kappa_stored=each, L=1)
    return None if math.isinf(found) else int(found)


stages = partial(ask, fewest_stages)


def spare(x: Inputs) -> float:
    """Bytes of a stage beside the caches of one micro-batch."""
    return x.n * x.M - x.B * x.each


def once(x: Inputs) -> int:
    """Stages if the caches of one micro-batch were all that is ever kept."""
    return math.ceil((x.weights + x.B * x.each) / (x.n * x.M))


def several(x: Inputs) -> bool:
    """Whether it takes some stages, and other numbers come out of the usual slips."""
    return spare(x) > 0 and stages(x) > 1 and stages(x) not in (once(x), math.ceil(x.weights / (x.n * x.M)))


STAGES = Question(fewest_stages, {
    "n": whole(4, 72),
    "M": spread(3e10, 3e11),
    "B": whole(1, 3000),
    "filled": between(0.1, 1.6),
    "each": lambda rng, x: x.filled * x.n * x.M / x.B,
    "weights": lambda rng, x: spread(0.05, 20)(rng, x) * x.n * x.M,
}, rtol=0, cases=[
    Cases("one stage is enough", 1, lambda x: spare(x) > 0 and stages(x) == 1, contrast=several),
    Cases("it takes several", 2, several),
    Cases("no number is enough", 1, lambda x: spare(x) < 0, contrast=several),
], laws=[
    Law("Twice the weights on stages of twice the chips, with twice the batch, take as many stages.",
        lambda x, _: {**x, "weights": 2 * x.weights, "n": 2 * x.n, "B": 2 * x.B}, lambda x, y, z: z == y),
    Law("With twice the memory it never takes more stages.",
        lambda x, _: {**x, "M": 2 * x.M}, lambda x, y, z: y is None or (z is not None and z <= y)),
], mistakes=[
    Mistake("Here one micro-batch is all that is in flight. How many keep all stages busy?", once, costs=4),
    Mistake("Here only the weights are kept.", lambda x: math.ceil(x.weights / (x.n * x.M)), costs=4),
    Mistake("This is a stage short: a part of one must be held too.",
            lambda x: None if stages(x) is None else stages(x) - 1, costs=4),
    Mistake("Here a stage is a single chip.", lambda x: stages(x, n=1), costs=4),
    Mistake("Where the caches of one micro-batch fill a stage, no number is enough. What should be returned then?",
            lambda x: math.ceil(x.weights / spare(x)), costs=1),
    Mistake("Where no number is enough, the answer is None, not infinity.",
            lambda x: math.inf if stages(x) is None else stages(x), costs=1),
])

rubric = Rubric("kv_memory", "Room for caches", [PER_TOKEN, COPIES, FITS, LONGEST, STAGES])
