"""Who keeps which bytes: proved from the definitions, tried on numbers, held against papers, and on wrong formulas."""

import math

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Max, Min, oo

from roofline import batch_size as bs
from roofline import kv_memory as km
from roofline import moe, shape_operands
from roofline import pipelining as pl
from roofline.algebra.proofs import limit, never_falls, never_rises, same, spread
from roofline.architecture import SoftmaxAttention, parameters
from roofline.catalog import chips, disclosures, models
from roofline.notation import (
    B,
    C,
    E,
    L,
    L_att_cap,
    L_cap,
    L_prefix,
    L_stored_cap,
    M,
    N_act,
    N_tot,
    P,
    W,
    b_kv,
    b_w,
    dp,
    k,
    kappa,
    kappa_cap,
    kappa_stored,
    kappa_stored_cap,
    m_b,
    n,
    n_heads,
    n_kv,
    n_share,
    notation,
    one_token,
    phi_att,
    phi_att_cap,
    phi_pair,
    q,
    tp,
)  # fmt: skip

GROWING_ONLY = {kappa_cap: 0, L_cap: 0, kappa_stored_cap: 0, L_stored_cap: 0, phi_att_cap: 0}
held = sympy.Symbol("held", positive=True)  # bytes that one sequence keeps


def plain(formula):
    return sympy.sympify(formula).subs(GROWING_ONLY)


def with_held(formula):
    """The formula with the bytes that one sequence keeps as one positive symbol."""
    return sympy.sympify(formula).subs(km.kv_stored.expr, held)


def wrong(unit, expression, what="deliberately wrong"):
    return notation.child().expression(expression, unit, what)


# proofs: pipelining


def free_of_stages(formula):
    """Whether the formula does not depend on P once as many micro-batches as stages are in flight."""
    return P not in sympy.sympify(formula).subs(m_b, P).free_symbols


def test_p_cancels_for_the_caches_and_not_for_the_weights():
    assert free_of_stages(km.stage_caches) and free_of_stages(km.stage_caches_laid)
    assert same(km.stage_caches.expr.subs(m_b, P), B * km.kv_stored / n)
    for weights in (pl.stage_weights, km.stage_weights_laid):
        assert not free_of_stages(weights) and free_of_stages(weights * P)


def test_twin_without_more_sequences_in_flight_p_does_not_cancel():
    one_batch = wrong("byte", km.stage_caches.expr.subs(m_b, 1))
    each_keeps_all_layers = wrong("byte", km.stage_caches * P)
    assert not free_of_stages(one_batch) and not free_of_stages(each_keeps_all_layers)


def test_memory_per_chip_is_all_that_is_kept_over_all_chips():
    everything = km.memory_needed.expr.subs(B, m_b * B)
    assert same(km.stage_memory, everything / (n * P))
    assert not same(km.stage_memory, km.memory_needed / (n * P))  # twin: only one micro-batch is kept


def test_with_endless_stages_only_the_caches_are_left():
    per_chip = with_held(pl.stage_weights + km.stage_caches).subs(m_b, P)
    assert same(limit(per_chip, P, oo), B * held / n)
    assert never_rises(per_chip, P) and not never_rises(with_held(km.stage_caches), m_b)


def test_caches_over_weights_rise_in_step_with_the_stages():
    ratio = sympy.simplify((km.stage_caches / pl.stage_weights).subs(m_b, P))
    assert same(ratio.subs(P, 2 * P), 2 * ratio) and same(ratio, P * B * km.kv_stored / (b_w * N_tot))


def test_pipelining_helps_model_size_and_not_context():
    """The context that fills a chip, solved for: stages raise it only up to a limit, and the model size without one."""
    full = plain(pl.stage_weights + km.stage_caches).subs(m_b, P) - M
    (context,) = sympy.solve(full, L)
    (model,) = sympy.solve(full, N_tot)
    assert same(sympy.limit(context, P, oo), M * n / (B * kappa_stored))
    assert same(model.subs(P, 7 * P), 7 * model)


def test_pipelining_leaves_the_weight_read_time_of_a_token_as_it_was():
    a_stage = bs.t_weights.expr.subs(N_tot, N_tot / P)
    assert same(P * a_stage, bs.t_weights)
    assert not same(P * a_stage, bs.t_weights.expr.subs(n, n * P))  # what tensor or expert parallelism would give


# proofs: what fits


cut = sympy.Symbol("cut", nonnegative=True)
PART = cut / (1 + cut)  # what rounding takes away or adds: any number from 0 to below 1


def rounded(expression):
    """The expression with a floor or ceiling as its argument less, or plus, a part of one."""
    down = sympy.sympify(expression).replace(sympy.floor, lambda x: x - PART)
    return down.replace(sympy.ceiling, lambda x: x + PART)


def last_that_fits(beyond, at, step=1):
    """Whether `beyond`, the bytes lacking at a count, is proved not positive here and positive a step further."""
    here, further = (sympy.factor(sympy.simplify(beyond(x))) for x in (at, at + step))
    return bool(here.is_nonpositive) and bool(further.is_positive)


def opaque(name):
    return sympy.Symbol(name, nonnegative=True)


room = sympy.Symbol("room", positive=True)


def test_the_largest_batch_fits_and_one_more_does_not():
    branch = km.largest_batch.rhs.args[0][0].subs({opaque("kv_room"): room, opaque("kv_stored"): held})
    assert last_that_fits(lambda count: count * held - room, rounded(branch))
    needs = with_held(km.memory_needed) - km.weights_bytes.expr
    assert same(needs.subs(B, room / held), room)


g, c, w, inside, above = sympy.symbols("g c w inside above", positive=True)  # growing, capped, window, a context


def kept(tokens):
    """Bytes of one sequence of so many tokens."""
    return g * tokens + c * Min(tokens, w)


@pytest.mark.parametrize(("context", "cap"), [(inside, inside + above), (w + above, w)])
def test_the_context_that_fills_a_room_is_the_larger_of_two_answers_inside_the_cap_and_beyond_it(context, cap):
    """One of the two is the context whose cache fills the room, and the other is not more."""
    need = (g * context + c * Min(context, cap)).subs(Min(w, w + above), w)
    answers = km._whole_tokens(need, g, c, cap, 1).args[0].args
    gaps = [sympy.factor(sympy.simplify(context - answer)) for answer in answers]
    assert sorted(gap == 0 for gap in gaps) == [False, True] and all(gap.is_nonnegative for gap in gaps)


def test_the_longest_context_fits_and_one_more_token_does_not():
    """At any context, the need is a rising function; so the floor of the context that fills the room is tight."""
    for answer, need in ((room / (g + c), lambda x: (g + c) * x), ((room - c * w) / g, lambda x: g * x + c * w)):
        assert last_that_fits(lambda x, need=need: need(x) - room, rounded(sympy.floor(answer)))
        assert not last_that_fits(lambda x, need=need: need(x) - room, rounded(sympy.floor(answer) + 1))  # twin
    evenly = km.longest_context.rhs.subs(opaque("filling_context"), km.filling_context.rhs)
    for each in (evenly, km.longest_context_laid.rhs):
        assert each.func is sympy.Mul and each.has(sympy.floor) and each.has(Max)
        assert same(each, one_token * sympy.floor(each.atoms(sympy.floor).pop().args[0]))
    share = evenly.subs({kappa_stored_cap: 0, one_token: 1, opaque("kv_room"): B * room})
    assert same(share, sympy.floor(room / kappa_stored))


def test_the_fewest_chips_hold_everything_and_one_fewer_does_not():
    need, usable = sympy.symbols("need usable", positive=True)
    chips_ = km.fewest_chips.rhs.subs({opaque("memory_needed"): need, opaque("usable_memory"): usable})
    assert last_that_fits(lambda count: need - count * usable, rounded(chips_), -1)


def test_the_fewest_stages_hold_the_weights_beside_the_caches_and_one_fewer_does_not():
    usable = opaque("usable_memory")
    (stages, enough), _ = km.fewest_stages.rhs.subs(opaque("kv_stored"), held).args
    left = sympy.Symbol("left", positive=True)  # of a stage, beside the caches
    gap = n * usable - B * held
    assert enough == (gap > 0) or enough == (-gap < 0)
    stages = stages.subs({opaque("weights_bytes"): room, usable: (left + B * held) / n})
    assert last_that_fits(lambda count: room - count * left, rounded(sympy.simplify(stages)), -1)


def test_twin_rounded_the_other_way_nothing_fits_tightly():
    assert not last_that_fits(lambda count: count * held - room, rounded(sympy.ceiling(room / held)))
    assert not last_that_fits(lambda count: count * held - room, rounded(sympy.floor(room / held) - 1))
    assert not last_that_fits(lambda count: count * held - room, rounded(sympy.floor(room / (2 * held))))


@given(st.integers(1, 40), st.floats(1e9, 1e12), st.floats(0, 0.9), st.floats(1e8, 1e13), st.floats(1e2, 1e7),
       st.integers(1, 10**6))  # fmt: skip
@settings(max_examples=60)
def test_limits_of_memory_are_tight(count, memory, other, weights, each, context):
    """One sequence, one token of context, one chip fewer: at each limit the memory holds, one further it does not."""
    at = {"n": count, "M": memory, "f_other": other, "b_w": 1.0, "N_tot": weights, "kappa_stored": each,
          "kappa_stored_cap": 3 * each, "L_stored_cap": 128.0}  # fmt: skip
    have, kv = count * memory * (1 - other), each * (context + 3 * min(context, 128))
    batch = km.largest_batch(at, L=context)
    if weights >= have:
        assert batch == 0 and km.longest_context(at, B=2) == 0
        return
    assert weights + batch * kv <= have * (1 + 1e-9) and weights + (batch + 1) * kv > have * (1 - 1e-9)
    longest = km.longest_context(at, B=2)

    def need(tokens):
        return weights + 2 * each * (tokens + 3 * min(tokens, 128))

    assert longest == int(longest)
    assert need(longest) <= have * (1 + 1e-9) and need(longest + 1) > have * (1 - 1e-9)
    chips_ = km.fewest_chips(at, B=2, L=context)
    needed = weights + 2 * kv
    assert chips_ * memory * (1 - other) >= needed * (1 - 1e-9) > (chips_ - 1) * memory * (1 - other) * (1 - 2e-9)


def test_without_context_memory_limits_no_batch_unless_the_weights_do_not_fit():
    at = {"n": 2, "M": 10.0, "b_w": 1.0, "kappa_stored": 1.0, "L": 0.0}
    assert km.largest_batch(at, N_tot=19.0) == math.inf and km.largest_batch(at, N_tot=20.0) == 0
    assert km.kv_room(n=2, M=10.0, b_w=1.0, N_tot=25.0, f_other=0.1) == 0
    assert km.kv_room(n=2, M=10.0, b_w=2.0, N_tot=4.0, f_other=0.25) == 7


def test_fewest_stages_hold_the_model_and_one_fewer_does_not():
    # 1,000 GB of weights on stages of 4 chips of 100 GB, 10 % of it taken, with 30 sequences of 5 GB: 360 - 150 = 210
    at = {"n": 4, "M": 100e9, "f_other": 0.1, "b_w": 2.0, "B": 30, "kappa_stored": 5e4, "L": 1e5}
    assert km.fewest_stages(at, N_tot=500e9) == 5  # ceil(1000 / 210)
    assert km.fewest_stages(at, N_tot=104.9e9) == 1 and km.fewest_stages(at, N_tot=105.1e9) == 2
    assert km.fewest_stages({**at, "B": 72}, N_tot=500e9) == math.inf  # 360 - 360
    assert km.fewest_stages({**at, "B": 71}, N_tot=500e9) == 200
    for stages, fit in ((5, True), (4, False)):
        layout = {"n": 4, "P": stages}
        weights = pl.stage_weights(layout, b_w=2.0, N_tot=500e9)
        caches = km.stage_caches(layout, m_b=stages, B=30, kappa_stored=5e4, L=1e5)
        assert (weights + caches <= 90e9) == fit


# proofs: layouts


def test_experts_are_what_a_token_does_not_use_scaled_up():
    experts, rest = sympy.symbols("experts rest", positive=True)
    formula = sympy.piecewise_fold(km.N_in_experts.expr).args[0][0]
    given_ = {N_tot: rest + experts, N_act: rest + experts * k / E}
    assert same(formula.subs(given_), experts)
    assert km.N_in_experts(N_tot=7e9, N_act=6.5e9, k=1, E=1) == 0  # dense: what is not used is the embedding


@pytest.mark.parametrize("name", ["DeepSeek-V3", "Kimi-K2", "Qwen3-235B-A22B", "Mixtral-8x7B", "gpt-oss-120b"])
def test_parameters_in_experts_agree_with_the_count_from_the_shape(name):
    counted = {row.name: row.total for row in parameters(models[name].shape)}["routed experts"]
    assert km.N_in_experts(models[name].at()) == pytest.approx(counted, rel=0.02)


def even(formula):
    """The formula with every rounding up left out: as if experts, heads and sequences could be cut."""
    return sympy.sympify(formula).replace(sympy.ceiling, lambda x: x)


def test_where_all_divides_a_layout_of_experts_alone_is_the_even_one():
    everything_expert = {opaque("N_in_experts"): N_tot, opaque("experts_per_chip"): E / n,
                         opaque("expert_weights"): N_tot / E}  # fmt: skip
    assert same(even(km.stage_weights_laid.rhs).subs(everything_expert), pl.stage_weights)
    assert same(even(km.stage_caches_laid.expr).subs(dp, n / tp), km.stage_caches)
    assert same(even(km.t_kv_laid.expr).subs(dp, n / tp), bs.t_kv)
    assert not same(even(km.t_kv_laid.expr).subs(dp, n), bs.t_kv)  # twin: groups are not chips


def test_weights_as_laid_out_are_those_of_a_chip_of_experts_with_the_layers_of_a_stage():
    """The chapter on experts counts what serves every token from the active parameters: where k < E, all the rest."""
    experts, rest = sympy.symbols("experts rest", positive=True)
    at = {N_tot: rest + experts, N_act: rest + experts * k / E}
    laid, chip = (sympy.piecewise_fold(even(f.expr)).args[0][0].subs(at)
                  for f in (km.stage_weights_laid, moe.expert_chip_weights))  # fmt: skip
    assert same(laid * P, chip)
    dense = {"b_w": 2.0, "N_tot": 7e9, "N_act": 6.5e9, "tp": 4}  # what no token is multiplied by is the embedding
    assert km.stage_weights_laid(dense, P=1, ep=1) == 2 * 7e9 / 4
    assert moe.expert_chip_weights(dense) == 2 * 6.5e9 / 4  # which is left out there


def test_a_layout_keeps_whole_experts_copies_included():
    at = {"b_w": 2.0, "N_tot": 90.0, "N_act": 30.0, "k": 2, "E": 8, "tp": 3, "P": 7}  # 80 in 8 experts, 10 beside them
    for over, redundant, held_ in ((4, 0, 2), (5, 0, 2), (8, 0, 1), (1000, 0, 1), (5, 2, 2), (5, 3, 3), (1, 1, 9)):
        laid = km.stage_weights_laid(at, ep=over, E_red=redundant)
        assert laid == pytest.approx(2 * (10 * held_ + 10 / 3) / 7)


def test_deepseeks_units_hold_as_many_experts_on_a_chip_as_published():
    # DeepSeek-V3/R1 Inference System Overview (2025): 32 redundant experts; 9 to a chip on EP32, 2 on EP144
    v3, unit = models["DeepSeek-V3"].at(weights="fp8", kv="bf16"), disclosures["deepseek_inference_overview"]
    one = moe.expert_weights(v3)
    for phase in ("prefill", "decode"):
        layout = {"tp": 1, "P": 1, "ep": unit[f"{phase}_ep"]}
        laid = km.stage_weights_laid(v3, layout, E_red=unit["redundant_experts"])
        rest = v3["N_tot"] - 256 * one
        assert (laid - rest) / one == pytest.approx(unit[f"{phase}_routed_experts_per_gpu"])


def kept_by_dealing(heads, over):
    """Brute force: deal heads to chips; a chip without a head of its own must hold a copy of the one its queries need.

    Returns the heads kept per chip, if all chips are given as many query heads and keep whole KV heads.
    """
    queries = heads * over  # any number of query heads that both divide
    of_chip = [{query * heads // queries for query in range(c * queries // over, (c + 1) * queries // over)}
               for c in range(over)]  # fmt: skip
    return max(len(kept) for kept in of_chip)


@pytest.mark.parametrize(
    ("heads", "over"), [(8, 1), (8, 2), (8, 8), (8, 16), (8, 64), (1, 64), (96, 8), (4, 4), (2, 6)]
)
def test_tensor_parallelism_beyond_the_kv_heads_keeps_copies(heads, over):
    assert km.kv_heads_per_chip(n_kv=heads, tp=over) == kept_by_dealing(heads, over)
    assert km.kv_replication(n_kv=heads, tp=over) == pytest.approx(max(1, over / heads))


def test_a_group_of_chips_that_does_not_divide_the_heads_wastes_room_too():
    """Heads go to a chip whole, with the queries that meet them: of 8 on 3 chips the busiest has 3, not 8/3."""
    assert km.kv_heads_per_chip(n_kv=8, tp=3) == 3 and km.kv_replication(n_kv=8, tp=3) == pytest.approx(9 / 8)
    assert km.kv_heads_per_chip(n_kv=2, tp=3) == 1 and km.kv_replication(n_kv=2, tp=3) == pytest.approx(3 / 2)


def test_replication_is_one_whenever_heads_are_a_multiple_of_chips():
    m = sympy.Symbol("m", integer=True, positive=True)
    assert same(km.kv_replication.expr.subs(n_kv, m * tp), 1)
    assert not same(km.kv_replication.expr.subs(n_kv, m * tp / 2), 1)


def test_beyond_the_kv_heads_more_chips_in_a_group_save_no_memory_and_no_time():
    at = {"m_b": 2, "B": 30, "kappa_stored": 7e4, "L": 1e4, "n_kv": 8, "dp": 3, "P": 2}
    kept_ = {t: km.stage_caches_laid(at, tp=t) for t in (1, 4, 8, 16, 64)}
    assert kept_[4] == pytest.approx(kept_[1] / 4) and kept_[8] == pytest.approx(kept_[1] / 8)
    assert kept_[8] == pytest.approx(kept_[16]) == pytest.approx(kept_[64])
    assert kept_[1] == pytest.approx(60 * 7e8 / (3 * 2))
    read = {"B": 30, "kappa": 7e4, "L": 1e4, "W": 3e12, "n_kv": 8}
    times = [km.t_kv_laid(read, tp=t) for t in (8, 16)]
    assert times == pytest.approx([30 * 7e8 / (8 * 3e12)] * 2)


def test_a_sequence_is_never_cut_so_the_largest_group_decides():
    assert [km.group_batch(B=30, dp=groups) for groups in (1, 3, 4, 29, 30, 64)] == [30, 10, 8, 2, 1, 1]
    at = {"B": 30, "dp": 4, "tp": 3, "n_kv": 8}  # 8 of 30 sequences, and 3 of 8 heads
    caches = km.stage_caches_laid(at, m_b=5, P=2, kappa_stored=7e4, L=1e4)
    assert caches == pytest.approx(5 * 8 * 7e8 * (3 / 8) / 2)
    assert km.t_kv_laid(at, kappa=7e4, L=1e4, W=3e12) == pytest.approx(8 * 7e8 * (3 / 8) / 3e12)
    weights_ = {"b_w": 1.0, "N_tot": 9e9, "N_act": 8e9, "ep": 1}
    total = km.stage_memory_laid(weights_, at, m_b=5, P=2, kappa_stored=7e4, L=1e4)
    assert total == pytest.approx(caches + 9e9 / 3 / 2)


def test_data_parallel_attention_divides_the_caches_that_tensor_parallelism_would_copy():
    swapped = even(km.stage_caches_laid.expr).subs({tp: 1, n_kv: 1, dp: tp * dp}, simultaneous=True)
    copied = even(km.stage_caches_laid.expr.subs(n_kv, 1).subs(sympy.ceiling(1 / tp), 1))
    assert same(copied, tp * swapped)


# proofs: what fits as laid out


def test_the_largest_batch_as_laid_out_fits_and_one_more_does_not():
    """A group takes whole sequences; one more than that many for each group makes some group too large."""
    kept_, groups = sympy.symbols("kept groups", positive=True)  # bytes of a sequence on the busiest chip
    at = {opaque("kv_room_laid"): room, opaque("kv_replication"): 1, m_b: 1, tp: 1, P: 1, dp: groups}
    most = km.largest_batch_laid.rhs.subs(at).subs(opaque("kv_stored"), kept_)
    assert same(most, groups * sympy.floor(room / kept_))
    assert last_that_fits(lambda count: count * kept_ - room, rounded(most / groups))
    assert not last_that_fits(
        lambda count: count * kept_ - room,
        rounded(km.largest_batch.rhs.args[0][0]).subs({opaque("kv_room"): 2 * room, opaque("kv_stored"): kept_}),
    )  # twin: the room of two chips


def test_with_nothing_rounded_what_fits_as_laid_out_is_what_fits_evenly():
    def smooth(formula):
        return even(formula).replace(sympy.floor, lambda x: x)

    one_stage = {opaque("kv_room_laid"): room, opaque("kv_replication"): 1, P: 1, m_b: 1, dp: n / tp}
    laid = smooth(km.largest_batch_laid.rhs).subs(one_stage)
    assert same(laid, smooth(km.largest_batch.rhs.args[0][0]).subs(opaque("kv_room"), n * room))
    laid = smooth(km.longest_context_laid.rhs).subs(opaque("group_batch"), B * tp / n).subs(one_stage)
    evenly = smooth(km.longest_context.rhs.subs(opaque("filling_context"), km.filling_context.rhs))
    evenly = evenly.subs(opaque("kv_room"), n * room)
    for rates in ({kappa_stored_cap: 0}, {kappa_stored: 3, kappa_stored_cap: 5, L_stored_cap: 7}):
        assert same(sympy.simplify(laid.subs(rates)), sympy.simplify(evenly.subs(rates)))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3), st.sampled_from([1, 2, 8]), st.integers(1, 40),
       st.integers(0, 3), st.floats(2e10, 2e11))  # fmt: skip
@settings(max_examples=25)
def test_limits_as_laid_out_are_tight_and_never_above_the_even_ones(t, groups, stages, heads, batch, redundant, memory):
    """The limits fit, one further does not: by dealing experts, heads and sequences out one by one."""
    layout = {"tp": t, "dp": groups, "ep": t * groups, "P": stages, "m_b": stages, "n_kv": heads}
    at = {"M": memory, "f_other": 0.1, "b_w": 1.0, "N_tot": 90e9, "N_act": 30e9, "k": 2, "E": 8, "E_red": redundant,
          "kappa_stored": 7e4, "kappa_stored_cap": 2e5, "L_stored_cap": 1000.0}  # fmt: skip
    slots = [0] * (t * groups)
    for copy in range(8 + redundant):
        slots[copy % len(slots)] += 1
    weights_ = (max(slots) * 10e9 + 10e9 / t) / stages
    assert km.stage_weights_laid(at, layout) == pytest.approx(weights_)

    def need(sequences, tokens):
        places = [0] * groups
        for i in range(sequences):
            places[i % groups] += 1
        kept_ = 7e4 * tokens + 2e5 * min(tokens, 1000)
        dealt = [0] * t  # heads with their queries, and to chips left over a copy
        for head in range(max(heads, t)):
            dealt[head % t] += 1
        return weights_ + max(places) * kept_ * max(dealt) / heads

    have = memory * 0.9
    if weights_ >= have:
        assert km.kv_room_laid(at, layout) == km.longest_context_laid(at, layout, B=batch) == 0
        return
    assert km.kv_room_laid(at, layout) == pytest.approx(have - weights_)
    most = int(km.largest_batch_laid(at, layout, L=30_000))
    assert need(most, 30_000) <= have * (1 + 1e-9) and need(most + 1, 30_000) > have * (1 - 1e-9)
    longest = int(km.longest_context_laid(at, layout, B=batch))
    assert need(batch, longest) <= have * (1 + 1e-9) and need(batch, longest + 1) > have * (1 - 1e-9)
    all_chips = {"n": t * groups * stages}
    spread_out = {name: value for name, value in at.items() if name != "E_red"}
    assert stages * most <= km.largest_batch(spread_out, all_chips, L=30_000)
    assert longest <= km.longest_context(spread_out, all_chips, B=stages * batch)


# proofs: bytes per token, and sharing


def test_layers_that_share_a_cache_store_less_and_read_as_much():
    assert same(km.kappa_heads_stored * n_share, km.kappa_heads) and n_share not in km.kappa_heads.expr.free_symbols
    at = {"n_kv_layers": 6, "n_kv": 3, "d_head": 7, "b_kv": 1.5}
    assert km.kappa_heads(at) == 2 * 6 * 3 * 7 * 1.5
    assert km.kappa_heads_stored(at, n_share=4) == pytest.approx(2 * 6 * 3 * 7 * 1.5 / 4)
    assert km.kappa_latent(n_kv_layers=6, d_latent=11, d_rope=5, b_kv=1.5) == 6 * 16 * 1.5


def test_a_common_beginning_is_kept_once():
    assert same(km.kv_stored_with_prefix.expr.subs(L_prefix, 0), B * plain(km.kv_stored))
    assert same(km.kv_stored_with_prefix.expr.subs(L_prefix, L), plain(km.kv_stored))
    assert km.kv_stored_with_prefix(B=5, kappa_stored=3, L=11, L_prefix=4) == 3 * (4 + 5 * 7)
    with pytest.raises(ValueError, match="cannot share more context than they have"):
        km.kv_stored_with_prefix(B=5, kappa_stored=3, L=11, L_prefix=12)


@given(st.floats(1, 1e6), st.floats(0, 1e6), st.floats(0, 1e5), st.integers(0, 10**6))
@settings(max_examples=50)
def test_stored_bytes_equal_a_count_by_layer_kind(growing, capped, cap, context):
    at = {"kappa_stored": growing, "kappa_stored_cap": capped, "L_stored_cap": cap}
    assert km.kv_stored(at, L=context) == pytest.approx(growing * context + capped * min(context, cap))


def test_memory_adds_up_by_hand():
    at = {"b_w": 0.5, "N_tot": 60.0, "kappa_stored": 3.0, "kappa_stored_cap": 5.0, "L_stored_cap": 4.0, "L": 7.0}
    assert km.weights_bytes(b_w=0.5, N_tot=60.0) == 30 and km.kv_stored({n_: at[n_] for n_ in list(at)[2:]}) == 41
    assert km.memory_needed(at, B=11) == 30 + 11 * 41
    assert km.stage_caches({n_: at[n_] for n_ in list(at)[2:]}, m_b=3, B=7, n=4, P=3) == pytest.approx(71.75)
    assert km.stage_memory(at, m_b=3, B=7, n=4, P=3) == pytest.approx(2.5 + 71.75)
    assert km.fewest_chips(at, B=11, M=100, f_other=0.2) == 7  # 481 / 80


# proofs: attention's arithmetic


def test_arithmetic_per_kv_byte_is_two_per_query_head_and_kv_element():
    grouped = km.attention_intensity.expr.subs({phi_att: km.phi_att_heads.expr, kappa: km.kappa_heads.expr, q: 1})
    assert same(grouped, phi_pair * n_heads / (n_kv * b_kv))
    latent = km.attention_intensity.expr.subs({phi_att: km.phi_att_latent.expr, kappa: km.kappa_latent.expr, q: 1})
    dc, dr = (notation.inputs[name].symbol for name in ("d_latent", "d_rope"))
    assert same(latent, phi_pair * n_heads * (2 * dc + dr) / ((dc + dr) * b_kv))
    assert not same(grouped, 2 * phi_pair * n_heads / (n_kv * b_kv))  # twin


def test_reading_takes_longer_than_attending_by_a_factor_of_chip_and_heads_alone():
    """In decode: the further the context exceeds the new tokens, the closer; half of these are attended to besides."""
    ratio = plain(bs.t_kv) / plain(km.t_attention)
    assert same(limit(ratio, L, oo), km.kv_over_attention) and not {B, L, n} & km.kv_over_attention.expr.free_symbols
    assert same(ratio * (1 + q / (2 * L)), km.kv_over_attention)
    assert not same(ratio, km.kv_over_attention)
    assert same(km.kv_over_attention.expr, C * kappa / (W * phi_att * q))


def test_attention_takes_as_long_as_the_weights_at_the_attention_context():
    """On average over the new tokens, of which the mean one sees half of the others besides the context."""
    (root,) = sympy.solve(plain(km.t_attention) - bs.t_compute.expr, L)
    assert same(root + q / 2, bs.attention_context)
    halved = wrong("s", plain(km.t_attention) / 2)
    (moved,) = sympy.solve(halved.expr - bs.t_compute.expr, L)
    assert not same(moved + q / 2, bs.attention_context)


def test_attention_of_a_pass_is_the_integral_of_attention_per_token_over_its_new_tokens():
    x, far = sympy.symbols("x far", positive=True)
    growing = sympy.integrate(phi_att * x, (x, L, L + q))
    assert same(plain(km.flops_attention), growing)
    within = km.flops_attention.expr.subs(L_att_cap, L + q + far)  # the window is never full
    assert same(within.subs({Min(L, L + far + q): L, Min(L + q, L + far + q): L + q}),
                growing * (phi_att + phi_att_cap) / phi_att)  # fmt: skip
    beyond = km.flops_attention.expr.subs(L, L_att_cap + far)  # and always
    full = beyond.subs({Min(L_att_cap, L_att_cap + far): L_att_cap, Min(L_att_cap, L_att_cap + far + q): L_att_cap})
    assert same(full, growing.subs(L, L_att_cap + far) + phi_att_cap * L_att_cap * q)
    alone = wrong("FLOP", phi_att * q * L)  # twin: new tokens that do not see one another
    assert not same(alone, growing)
    assert alone(phi_att=3.0, q=8.0, L=0.0) == 0 and km.flops_attention(phi_att=3.0, q=8, L=0) == 3 * 32


@given(st.integers(0, 300), st.integers(1, 200), st.integers(0, 250))
@settings(max_examples=60)
def test_attention_of_a_pass_is_half_a_token_each_less_than_a_count_in_which_tokens_meet_themselves(before, new, cap):
    at = {"phi_att": 3.0, "phi_att_cap": 5.0, "L_att_cap": float(cap), "L": float(before), "q": float(new)}
    met = [before + i + 1 for i in range(new)]
    counted = sum(3 * x + 5 * min(x, cap) for x in met)
    growing_inside = sum(x <= cap for x in met)  # a token whose window is full meets no more for itself
    assert km.flops_attention(at) == pytest.approx(counted - 3 * new / 2 - 5 * growing_inside / 2)


def test_attention_time_by_hand_with_a_window():
    at = {"phi_att": 10.0, "phi_att_cap": 7.0, "L_att_cap": 3.0, "q": 2.0, "B": 5.0, "n": 4.0, "C": 8.0}
    assert km.t_attention(at, L=6) == pytest.approx(5 * (10 * 2 * 7 + 7 * 3 * 2) / 32)
    assert km.t_attention(at, L=2) == pytest.approx(5 * (10 * 2 * 3 + 7 * (2.5 + 3)) / 32)  # 2 to 3, then 3
    assert km.t_attention(at, L=0) == pytest.approx(5 * (10 * 2 + 7 * 2) / 32)
    assert km.kv_over_attention(C=6.0, W=4.0, phi_att=10.0, q=2.0, kappa=5.0) == pytest.approx(6 * 5 / (4 * 20))
    assert km.attention_intensity(phi_att=10.0, q=2.0, kappa=5.0) == 4


# proofs: a pass in two phases

kv, att, compute, weights = sympy.symbols("t_kv t_attention t_compute t_weights", nonnegative=True)
PHASES = km.t_step_phases.rhs
BOUND = km.t_step_attention.rhs.subs(sympy.Symbol("t_memory", nonnegative=True), bs.t_memory.rhs)
OVERLAP = bs.t_step.rhs.subs(sympy.Symbol("t_memory", nonnegative=True), bs.t_memory.rhs)


def at_most(low, high):
    """Whether low <= high is proved: each branch of the one max is at most some branch of the other."""
    lows, highs = (spread(e).args if spread(e).func is Max else (spread(e),) for e in (low, high))
    return all(any(sympy.expand(h - a).is_nonnegative for h in highs) for a in lows)


def test_two_phases_take_at_least_as_long_as_if_all_overlapped_with_or_without_attention():
    assert at_most(OVERLAP, BOUND) and at_most(BOUND, PHASES) and at_most(OVERLAP, PHASES)


def test_two_phases_take_at_most_the_sum_of_all_four_times_and_twice_the_bound():
    assert at_most(PHASES, kv + att + compute + weights)
    both = sum(BOUND.args)  # twice a max is at least the sum of its two branches
    assert at_most(PHASES, both)


def test_two_phases_stay_below_no_overlap_unless_attention_outlasts_its_reads_and_the_lesser_weight_job():
    """No-overlap leaves attention's arithmetic out, so it is not above the phases always."""
    no_overlap = compute + weights + kv
    assert at_most(PHASES.subs(att, kv), no_overlap)  # attention no longer than the cache reads: the usual case
    assert not at_most(PHASES, no_overlap)
    gap = (no_overlap - PHASES) - (kv + Min(compute, weights) - Max(kv, att))
    for values in ((1, 2, 3, 4), (2, 9, 4, 3), (5, 1, 1, 7), (3, 8, 5, 9), (0, 2, 2, 0)):
        assert gap.subs(dict(zip((kv, att, compute, weights), values, strict=True))) == 0


def test_twin_one_max_of_all_four_is_not_two_phases():
    assert not at_most(BOUND, Max(kv, att, compute, weights))
    assert not at_most(PHASES, BOUND) and not at_most(kv + att + compute + weights, PHASES)


@given(*[st.floats(0.001, 1000)] * 4)
@settings(max_examples=25)
def test_phases_lie_between_the_bound_and_the_sums_on_numbers(a, b, c, d):
    names = {"t_kv": a, "t_attention": b, "t_compute": c, "t_weights": d}
    phases = float(PHASES.subs({sympy.Symbol(n_, nonnegative=True): v for n_, v in names.items()}))
    assert phases == pytest.approx(max(a, b) + max(c, d))
    bound = max(c + b, a + d)
    assert bound * (1 - 1e-12) <= phases <= min(a + b + c + d, 2 * bound) * (1 + 1e-12)
    if abs(b - a - min(c, d)) > 1e-6:
        assert (phases <= a + c + d) == (b <= a + min(c, d))


def test_a_pass_of_deepseek_v3_lies_where_it_should():
    at = {**chips["H800"].at("fp8", n=144), **models["DeepSeek-V3"].at(weights="fp8", kv="bf16")}
    attention = shape_operands.attention_operands(models["DeepSeek-V3"].shape)
    formulas = (bs.t_step, km.t_step_attention, km.t_step_phases, bs.t_no_overlap)
    step, bound, phases, apart = (f(at, attention, B=144 * 128, L=4989) for f in formulas)
    assert step <= bound < phases < apart + km.t_attention(at, attention, B=144 * 128, L=4989)
    assert never_falls(plain(km.t_step_attention), L)
    compute_s = 2 * 37e9 * 144 * 128 / (144 * 1978.9e12)
    attention_s = 2 * 61 * 128 * 1088 * 4989.5 * 128 / 1978.9e12  # 4,989 tokens and half of the new one
    kv_s = 128 * 70_272 * 4989 / 3.35e12
    weights_s = 671e9 / (144 * 3.35e12)
    assert bound == pytest.approx(max(compute_s + attention_s, kv_s + weights_s))
    assert phases == pytest.approx(max(kv_s, attention_s) + max(compute_s, weights_s))


# published values


@pytest.mark.parametrize(("name", "given_", "published"), [
    # DeepSeek-AI, "Insights into DeepSeek-V3" (arXiv:2505.09343), table 1, KV cache per token in bf16
    ("Llama-3.1-405B", {"n_kv_layers": 126, "n_kv": 8, "d_head": 128}, 516_096),
    # Pope et al. 2022 (arXiv:2211.05102): PaLM 540B has 118 layers, one KV head of 256
    ("PaLM-540B", {"n_kv_layers": 118, "n_kv": 1, "d_head": 256}, 120_832),
])  # fmt: skip
def test_bytes_per_token_by_heads(name, given_, published):
    assert km.kappa_heads(given_, b_kv=2) == published == models[name].at(kv="bf16")["kappa_stored"]


def test_models_keep_1_to_8_kv_heads_a_layer_but_for_gpt_3_and_gemma_and_those_that_keep_no_heads():
    # The published configurations; DeepSeek's models and Kimi K2 keep compressed entries instead
    shaped = {m.name: m.shape.attention for m in models.values() if m.shape}
    kinds = {name: [a for a in layers if isinstance(a, SoftmaxAttention)] for name, layers in shaped.items()}
    heads = {name: max(a.kv_heads for a in found) for name, found in kinds.items() if found}
    assert {name: count for name, count in heads.items() if not 1 <= count <= 8} == {
        "GPT-3": 96, "Gemma-2-27B": 16, "Gemma-3-27B": 16}  # fmt: skip
    assert len(heads) >= 16
    assert all(a.kv_heads < a.heads for name in heads for a in kinds[name] if name != "GPT-3")


def test_deepseek_v3s_heads_in_full_would_take_71_times_its_entries():
    # Configuration: 128 heads, keys of 128 + 64 elements and values of 128, 61 layers, against 512 + 64
    shape = models["DeepSeek-V3"].shape.attention[0]
    full = shape.heads * (shape.nope_dim + shape.rope_dim + shape.v_dim)
    both = km.kappa_heads(n_kv_layers=61, n_kv=128, d_head=(192 + 128) / 2, b_kv=2)
    assert both == 61 * 2 * full == 4_997_120 and both / 70_272 == pytest.approx(71.1, abs=0.05)


def test_deepseek_v3_keeps_70_kb_per_token():
    # The same table: 70.272 KB
    assert km.kappa_latent(n_kv_layers=61, d_latent=512, d_rope=64, b_kv=2) == 70_272
    assert models["DeepSeek-V3"].at(kv="bf16")["kappa_stored"] == 70_272


@pytest.mark.parametrize("name", [m for m in models if models[m].kv_published])
def test_published_cache_sizes_follow_from_the_operands(name):
    # vLLM blog, 24 April 2026: 9.62 GiB (V4-Pro) and 83.9 GiB (a V3.2-style stack) at 1M tokens in bf16
    published = models[name].kv_published
    kept = km.kv_stored(models[name].at(kv=published.precision), L=published.context)
    assert kept == pytest.approx(published.size, rel=5e-4)


# Pope et al. 2022, table 1: context that fits 30 % of the memory of 64 TPU v4 beside PaLM 540B. The model serves with
# its 48 heads padded to 64; the multi-head variant has heads of 128, so that it has as many parameters.
PALM = {"multihead": ({"n_kv": 64, "d_head": 128}, {"tp": 64}),
        "mqa_head_sharded": ({"n_kv": 1, "d_head": 256}, {"tp": 64}),
        "mqa_batch_sharded": ({"n_kv": 1, "d_head": 256}, {"dp": 64})}  # fmt: skip


@pytest.mark.parametrize("batch", [128, 512])
@pytest.mark.parametrize("layout", PALM)
def test_palm_540b_fits_the_contexts_that_its_paper_prints(layout, batch):
    heads, chips_ = PALM[layout]
    kappa_ = km.kappa_heads(heads, n_kv_layers=118, b_kv=2)
    per_token = km.stage_caches_laid(m_b=1, B=batch, kappa_stored=kappa_, L=1, n_kv=heads["n_kv"], **chips_)
    longest = 0.3 * chips["TPU v4"].memory / per_token
    printed = disclosures["palm_540b_max_context"][f"{layout}_batch{batch}_tokens"]
    assert longest == pytest.approx(printed, rel=0.015)
    whole = km.longest_context_laid(chips_, n_kv=heads["n_kv"], M=chips["TPU v4"].memory, f_other=0.7, b_w=1e-9,
                                    N_tot=1.0, N_act=1.0, m_b=1, B=batch, kappa_stored=kappa_)  # fmt: skip
    assert whole == math.floor(longest)


def test_multiquery_attention_allows_32_times_the_context_only_if_sequences_are_divided():
    # The abstract: up to 32 times larger contexts
    kept_ = {}
    for layout, (heads, chips_) in PALM.items():
        kappa_ = km.kappa_heads(heads, n_kv_layers=118, b_kv=2)
        kept_[layout] = km.stage_caches_laid(m_b=1, B=64, kappa_stored=kappa_, L=1, n_kv=heads["n_kv"], **chips_)
    assert kept_["multihead"] / kept_["mqa_batch_sharded"] == 32
    assert kept_["multihead"] / kept_["mqa_head_sharded"] == 0.5


def test_the_lectures_rack_holds_13_trillion_weights_of_one_byte():
    # GB200 NVL72 data sheet: 13.4 TB HBM3e
    assert km.fewest_chips(b_w=1.0, N_tot=13.3e12, B=1, kappa_stored=1.0, L=0, M=chips["GB200"].memory) == 72
    assert km.fewest_chips(b_w=1.0, N_tot=13.4e12, B=1, kappa_stored=1.0, L=0, M=chips["GB200"].memory) == 73


def test_llama_3_1_405b_needs_two_nodes_of_h100_in_bf16_as_its_authors_say():
    # The Llama 3 Herd of Models (arXiv:2407.21783), section 6: too large for the 8 GPUs of a node in bf16, not in fp8
    llama, memory = models["Llama-3.1-405B"], chips["H100"].memory
    in_bf16, in_fp8 = (km.fewest_chips(llama.at(weights=p, kv="bf16"), M=memory, B=1, L=8192) for p in ("bf16", "fp8"))
    assert 8 < in_bf16 <= 16 and in_fp8 <= 8
