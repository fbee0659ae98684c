"""The lab context_wall: its functions mean what published shapes say, and its measurements are of attention."""

import contextlib
import io
import math
from statistics import NormalDist
from unittest.mock import MagicMock

import matplotlib
import numpy as np
import pytest

from roofline import batch_size, models
from roofline import context_wall as physics
from roofline.algebra.units import text
from roofline.architecture import flops_per_token
from roofline.kv_memory import kv_stored
from roofline.shape_operands import attention_equals_weights
from tests.labs import Lab

LAB = Lab("context_wall")


@pytest.mark.parametrize("name", ["Llama-3-70B", "Gemma-3-27B", "gpt-oss-120b", "Llama-4-Scout"])
def test_crossings_are_those_of_published_shapes(name):
    layers = models[name].shape.attention
    far = sum(layer.layers for layer in layers if not layer.window)
    near = sum(layer.layers for layer in layers if layer.window)
    window = max(layer.window or 1 for layer in layers)
    counted = attention_equals_weights(models[name].shape)
    active = flops_per_token(models[name].shape)["weights"] / 2
    found = LAB.solved["crossover_context"](active, far, near, layers[0].heads, layers[0].head_dim, window)
    assert found == pytest.approx(counted, rel=1e-6)


def test_bytes_are_those_of_published_models():
    # vLLM on DeepSeek V4 (2026-04-24): 83.9 GiB at 1M tokens with an indexer, in bf16; 61 layers of 576 numbers and 128
    indexed = {"layers": 61, "entry": 1152, "key": 256, "k": 2048, "window": 1, "every": 1}
    kept, read = LAB.solved["context_bytes"]("top-k", L=2**20, **indexed)
    assert kept / 2**30 == pytest.approx(83.9, rel=1e-3)
    v32 = models["DeepSeek-V3.2"].at(kv="bf16")
    assert (kept, read) == (kv_stored(v32, L=2**20), batch_size.kv_sequence(v32, L=2**20))
    gemma = models["Gemma-3-27B"]
    hybrid = LAB.solved["context_bytes"]("hybrid", 100_000, 60, 2 * 16 * 128 * 2, 0, 1024, 6, 1)
    assert hybrid[0] == pytest.approx(kv_stored(gemma.at(kv="bf16"), L=100_000), rel=0.05)  # 10 of 62 layers see all


def test_the_answers_are_those_of_the_formulas():
    rng = np.random.default_rng(3)
    for _ in range(60):
        entry, k = float(10 ** rng.uniform(2, 4)), int(rng.integers(10, 4000))
        key, tokens = entry * rng.uniform(0.01, 0.6), int(10 ** rng.uniform(1, 7))
        expected = physics.sparse_saving(kappa_dense=entry, kappa=key, kappa_cap=entry, L_cap=k, L=tokens)
        assert LAB.solved["sparse_saving"](tokens, entry, key, k) == pytest.approx(expected)
        at = {"N_act": 10 ** rng.uniform(9, 12), "kappa": entry, "kappa_cap": 5 * entry, "L": tokens,
              "C": 10 ** rng.uniform(14, 16), "W": 10 ** rng.uniform(12, 13)}  # fmt: skip
        cost = 1e6 * batch_size.cost_floor(at, L_cap=k, price=2 / 3600)
        assert LAB.solved["cost_per_million_tokens"](window=k, price_per_hour=2, **at) == pytest.approx(cost)


# The notebook


@pytest.fixture(scope="module")
def lab():
    """The names of the cells that do not measure, run on a short cache, with nothing drawn."""
    matplotlib.use("agg")
    names: dict = {"__name__": "__main__", "math": math, "np": np, "NormalDist": NormalDist, "display": MagicMock(),
                   "rng": np.random.default_rng(0), "widgets": MagicMock(), "live": MagicMock(),
                   "text": text}  # fmt: skip
    for part in ("def attend", "def ranks", "def design"):
        source = next(cell.source for cell in LAB.code if part in cell.source)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(source.replace("2**17", "2**15").replace("TRIES = 0.6, 400", "TRIES = 0.6, 300"), names)
            if part == "def attend":
                names["entry"] = 2 * names["SIZE"] * 4
    return names


def test_the_attention_of_the_lab_is_attention(lab):
    """Against sums over tokens one by one."""
    keys, values, query = lab["keys"][:9], lab["values"][:9], lab["query"]
    scores = [math.exp(sum(query * key) / math.sqrt(128)) for key in keys]
    mixed = sum(score * value for score, value in zip(scores, values, strict=True)) / sum(scores)
    assert lab["full"](9) == pytest.approx(mixed, rel=1e-4, abs=1e-5)
    assert lab["windowed"](9, window=1) == pytest.approx(values[8], rel=1e-5)
    best = max(range(9), key=lambda place: float(lab["short_keys"][place] @ lab["short_query"]))
    assert lab["top_k"](9, k=1) == pytest.approx(values[best], rel=1e-5)


def test_ranks_count_the_tokens_above_the_needle(lab):
    found = lab["ranks"](8, [200, 1000])
    mixed = lab["MIXES"][:, :8].astype(float)
    for one in range(0, 300, 60):
        short = lab["queries"][one] @ mixed
        needle = float(lab["needles"][one] @ mixed @ short)
        above = sum(float(key @ mixed @ short) > needle for key in lab["keys"][:1000])
        assert abs(found[1][one] - above) <= 1  # scores in float32


def test_the_theory_of_recall_is_about_what_is_counted(lab):
    for index, k, tokens in ((8, 256, 2**13), (16, 256, 2**14), (32, 64, 2**14)):
        counted = float((lab["ranks"](index, [tokens]) < k).mean())
        expected = lab["expected_recall"](index, k, tokens)
        assert counted == pytest.approx(expected, abs=0.1)
    falls = [lab["expected_recall"](16, 256, tokens) for tokens in (256, 2**12, 2**17, 2**24)]
    assert falls[0] == 1 and falls == sorted(falls, reverse=True) and falls[-1] < 0.1


def test_the_panel_says_what_is_read_and_found(lab, capsys):
    lab["design"](index=16, chosen=256, context=2**15, likeness=0.6)
    told = capsys.readouterr().out
    read = 16 * 4 * 2**15 + 1024 * 256
    assert f"{1024 * 2**15 / read:.1f} times less" in told and "finds 0.8%" in told
    assert f"{lab['expected_recall'](16, 256, 2**15):.1%}" in told
