"""The rubric of the lab on long contexts: right answers in any spelling are right, each mistake costs what it says."""

import math

import numpy as np

from roofline.teaching.grading.comparing import difference

from .rubric_tests import Asked, RubricTests

ASKED = Asked("context_wall")
RUBRIC, every = ASKED.rubric, ASKED.every


# The same functions in other spellings, by counting one by one where that is possible. All are right.


def crossing_by_bisection(N_act, layers_all, layers_window, heads, head_dim, window):
    def attention(tokens):  # FLOP, query head by key and value
        return 2 * 2 * heads * head_dim * (layers_all * tokens + layers_window * min(tokens, window))

    low, high = 0.0, 1e15
    if attention(high) < 2 * N_act:
        return math.inf
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if attention(middle) < 2 * N_act else (low, middle)
    return high


def saving_token_by_token(L, entry, key, k):
    read = np.full(L, float(key))
    read[: int(min(k, L))] += entry
    return np.float64(entry * L) / read.sum()


def bytes_layer_by_layer(kind, L, layers, entry, key, window, every, k):
    kept = read = 0
    for layer in range(layers):
        far = kind in ("full", "top-k") or (kind == "hybrid" and layer % every == 0)
        seen = L if far else min(L, window)
        kept += seen * (entry + (key if kind == "top-k" else 0))
        read += min(L, k) * entry + L * key if kind == "top-k" else seen * entry
    return [kept, read]


def cost_by_the_hour(L, N_act, kappa, kappa_cap, window, C, W, price_per_hour):
    busy = np.maximum(2 * N_act / C, (kappa * L + kappa_cap * np.minimum(L, window)) / W)
    return price_per_hour / (3600 / busy) * 1_000_000


SPELLINGS = {
    "crossover_context": [crossing_by_bisection],
    "sparse_saving": [saving_token_by_token, lambda L, entry, key, k: 1 / (key / entry + min(1, k / L))],
    "context_bytes": [bytes_layer_by_layer, lambda **x: np.array(bytes_layer_by_layer(**x))],
    "cost_per_million_tokens": [cost_by_the_hour],
}


class TestRubric(RubricTests):
    asked, spellings = ASKED, SPELLINGS


def test_inputs_are_plain_values_of_models_that_could_be():
    for question in RUBRIC:
        for x, _ in every(question.name):
            assert all(type(x[name]) in (int, float, str) for name in question.parameters)
    for x, _ in every("context_bytes"):
        assert x.layers % x.every == 0 and x.L >= 1
    for x, _ in every("sparse_saving"):
        assert type(x.L) is int and x.key < x.entry


def test_every_kind_of_answer_is_asked_for():
    crossings = [expected for _, expected in every("crossover_context")]
    assert 20 * 3 == sum(map(math.isinf, crossings)) < len(crossings) / 5
    assert {x.kind for x, _ in every("context_bytes")} == {"full", "window", "hybrid", "top-k"}
    assert min(expected for _, expected in every("sparse_saving")) < 1


def test_both_ways_to_a_crossing_twice_too_far_are_named():
    """Without the values, and with multiply-adds that are one FLOP in attention and two in the weights."""
    question = ASKED.questions["crossover_context"]
    half, = [mistake for mistake in question.mistakes if "values are missing" in mistake.sentence]
    assert "multiply-adds count as one FLOP" in half.sentence
    for x in ASKED.first(question.name):
        given = {name: x[name] for name in question.parameters}
        for slipped in ({"head_dim": x.head_dim / 2}, {"heads": x.heads / 2}):
            assert difference(half.answer(x), crossing_by_bisection(**given | slipped), 1e-6, 0) is None
