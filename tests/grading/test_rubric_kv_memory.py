"""The rubric of the lab on KV memory: right answers in any spelling are right, and each mistake costs what it says."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np

from .rubric_tests import Asked, RubricTests

ASKED = Asked("kv_memory")
RUBRIC, every = ASKED.rubric, ASKED.every


# The same functions in other spellings, by counting one by one where that is possible. All are right.


def bytes_layer_by_layer(kind, layers, heads, kv_heads, head_dim, latent, rope, share, b):
    total, kept = 0, {"MHA": heads, "GQA": kv_heads, "MQA": 1, "shared": kv_heads}
    for layer in range(layers):
        if kind == "MLA":
            total += (latent + rope) * b
        elif kind != "shared" or layer % share == 0:
            total += sum(head_dim * b for _ in range(kept[kind]) for _ in ("key", "value"))
    return total


def copies_by_dealing(n_kv, tp):
    queries = n_kv * tp  # any number of query heads that both divide
    if tp % n_kv == 0 or n_kv % tp == 0:
        chips = [range(c * queries // tp, (c + 1) * queries // tp) for c in range(tp)]
        return max(len({query * n_kv // queries for query in chip}) for chip in chips) * tp / n_kv
    dealt = Counter(head % tp for head in range(max(n_kv, tp)))
    return max(dealt.values()) * tp / n_kv


def fits_by_dealing(M, experts, rest, B, each, n_kv, tp, dp):
    groups = np.bincount(np.arange(B) % dp, minlength=dp)
    heads = np.bincount(np.arange(max(n_kv, tp)) % tp, minlength=tp)
    chips = np.outer(groups, heads) * (each / n_kv) + experts / dp / tp + rest / tp
    return np.all(chips <= M)


def exactly_longest(M, weights, B, dp, kappa, kappa_cap, L_cap):
    M, weights, kappa, kappa_cap = map(Fraction, (M, weights, kappa, kappa_cap))
    room, most = M - weights, -(-B // dp)
    if room <= 0:
        return 0
    low, high = 0, 2**60
    while high - low > 1:
        tokens = (low + high) // 2
        full = most * (kappa * tokens + kappa_cap * min(tokens, L_cap)) > room
        low, high = (low, tokens) if full else (tokens, high)
    return low


def longest_numpy(M, weights, B, dp, kappa, kappa_cap, L_cap):
    room = np.float64(M - weights) / np.ceil(B / dp)
    return float(np.floor(max(0.0, room / (kappa + kappa_cap), (room - kappa_cap * L_cap) / kappa)))


def stages_by_trying(weights, n, M, B, each):
    for stages in range(1, 200_000):
        if weights / stages + B * each <= n * M:
            return stages
        if B * each >= n * M:
            return None
    raise AssertionError("not found")


def stages_exactly(weights, n, M, B, each):
    room = n * Fraction(M) - B * Fraction(each)
    return math.ceil(Fraction(weights) / room) if room > 0 else None


SPELLINGS = {
    "kv_bytes_per_token": [bytes_layer_by_layer],
    "kv_copies": [copies_by_dealing, lambda n_kv, tp: Fraction(-(-n_kv // tp) * tp, n_kv),
                  lambda n_kv, tp: np.ceil(n_kv / tp) / (n_kv / tp)],
    "fits": [fits_by_dealing],
    "longest_context": [exactly_longest, longest_numpy],
    "fewest_stages": [stages_by_trying, stages_exactly],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_inputs_are_plain_values_of_layouts_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            assert all(type(x[name]) in (int, float, str) for name in question.parameters)
    for x, _ in every("kv_bytes_per_token"):
        assert x.heads % x.kv_heads == 0 == x.layers % x.share and x.heads > x.kv_heads > 1
    for name in ("fits", "longest_context", "fewest_stages"):
        assert all(x.B >= 1 and int(x.B) == x.B and x.M > 0 for x, _ in every(name))


def test_every_kind_of_answer_is_asked_for():
    fits = Counter(expected for _, expected in every("fits"))
    assert fits[True] == fits[False] == 20 * 18
    assert {x.kind for x, _ in every("kv_bytes_per_token")} == {"MHA", "GQA", "MQA", "MLA", "shared"}
    stages = Counter(type(expected) for _, expected in every("fewest_stages"))
    assert stages[type(None)] == 20 * 3 and stages[int] == 20 * 15
    assert 0 in (longest := [expected for _, expected in every("longest_context")]) and max(longest) > 1e6
