"""The arithmetic of a model's attention: operands against counts by layer kind, and where it equals the weights'."""

import math

import pytest

from roofline import batch_size as bs
from roofline import kv_memory as km
from roofline import shape_operands as so
from roofline.architecture import (
    CompressedAttention,
    Dense,
    Indexer,
    LatentAttention,
    LinearAttention,
    Shape,
    SoftmaxAttention,
    flops_per_token,
)
from roofline.catalog import models


def small(*attention):
    layers = sum(kind.layers for kind in attention)
    return Shape(width=64, vocabulary=50, attention=attention, feedforward=(Dense(layers=layers, hidden=96),))


GLOBAL = SoftmaxAttention(layers=3, heads=8, kv_heads=2, head_dim=16)
LOCAL = SoftmaxAttention(layers=5, heads=4, kv_heads=4, head_dim=8, window=100)
SPARSE = LatentAttention(layers=2, heads=4, kv_rank=16, rope_dim=4, q_rank=8, nope_dim=12, v_dim=10,
                         indexer=Indexer(heads=2, dim=6, top_k=40))  # fmt: skip
LINEAR = LinearAttention(layers=4, heads=2, head_dim=8)
PACKED = CompressedAttention(layers=2, heads=3, head_dim=8, q_rank=4, o_groups=2, o_rank=4, stride=4, window=16,
                             indexer=Indexer(heads=2, dim=4, top_k=10))  # fmt: skip


@pytest.mark.parametrize("stack", [(GLOBAL,), (GLOBAL, LOCAL), (SPARSE,), (PACKED,), (GLOBAL, LINEAR), (LOCAL, SPARSE)],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("absorbed", [True, False])
def test_operands_of_a_shape_give_its_attention_arithmetic_from_the_largest_cap_on(stack, absorbed):
    shape = small(*stack)
    operands = so.attention_operands(shape, absorbed)
    for context in (100, 101, 250, 4000):
        counted = flops_per_token(shape, context + 0.5, absorbed)["attention"]  # the new token meets half of itself
        assert km.t_attention(operands, B=1, L=context, n=1, C=1) == pytest.approx(counted)
        chunk = sum(flops_per_token(shape, context + i + 0.5, absorbed)["attention"] for i in range(30))
        assert km.t_attention(operands, B=3, q=30, L=context, n=4, C=5) == pytest.approx(3 * chunk / 20)


def test_operands_by_hand():
    assert so.attention_operands(small(GLOBAL)) == {"phi_att": 4 * 3 * 8 * 16, "phi_att_cap": 0, "L_att_cap": 0}
    found = so.attention_operands(small(GLOBAL, LOCAL))
    assert found == pytest.approx({"phi_att": 4 * 3 * 8 * 16, "phi_att_cap": 4 * 5 * 4 * 8, "L_att_cap": 100})
    expanded = so.attention_operands(small(SPARSE), absorbed=False)
    assert expanded == pytest.approx(
        {"phi_att": 2 * 2 * 2 * 6, "phi_att_cap": 2 * 2 * 4 * (12 + 4 + 10), "L_att_cap": 40}
    )


def test_formulas_for_heads_and_entries_agree_with_the_shapes():
    heads = {"n_kv_layers": 80, "n_heads": 64, "d_head": 128}
    assert km.phi_att_heads(heads) == so.attention_operands(models["Llama-3-70B"].shape)["phi_att"]
    entries = {"n_kv_layers": 61, "n_heads": 128, "d_rope": 64}
    shape = models["DeepSeek-V3"].shape
    assert km.phi_att_latent(entries, d_latent=512) == so.attention_operands(shape)["phi_att"]
    assert km.phi_att_expanded(entries, d_head=128) == so.attention_operands(shape, absorbed=False)["phi_att"]


@pytest.mark.parametrize("absorbed", [True, False])
@pytest.mark.parametrize(
    "name", ["Llama-3-8B", "DeepSeek-V3", "Kimi-K2", "Gemma-3-27B", "Llama-4-Scout", "DeepSeek-V3.2"]
)
def test_attention_equals_the_weights_where_it_is_said_to(name, absorbed):
    shape = models[name].shape
    context = so.attention_equals_weights(shape, absorbed)
    flops = flops_per_token(shape, context, absorbed)
    assert flops["attention"] == pytest.approx(flops["weights"], rel=1e-9)
    just_before = flops_per_token(shape, context * (1 - 1e-6), absorbed)
    assert just_before["attention"] < just_before["weights"]


@pytest.mark.parametrize("name", ["Llama-3-70B", "Llama-3.1-405B", "DeepSeek-V3", "GPT-3"])
def test_the_makers_count_of_parameters_gives_the_context_of_the_formula(name):
    model = models[name]
    work, at = so.attention_operands(model.shape), model.at("bf16")
    found = so.attention_equals_weights(model.shape, N_act=at["N_act"])
    assert found == pytest.approx(bs.attention_context(at, phi_att=work["phi_att"]), rel=1e-9)


def test_full_mla_meets_its_weights_at_3_4_times_the_context_of_the_absorbed_form():
    shape = models["DeepSeek-V3"].shape
    absorbed, full = (so.attention_equals_weights(shape, absorbed=a) for a in (True, False))
    assert full / absorbed == pytest.approx(1088 / 320)
    assert absorbed == pytest.approx(2 * 36_624_596_992 / (2 * 61 * 128 * 1088), rel=1e-3)  # about 4,300 tokens


def test_attention_that_stays_below_the_weights_never_equals_them():
    assert so.attention_equals_weights(small(LINEAR)) == math.inf
    assert so.attention_equals_weights(small(LOCAL)) == math.inf
