"""Sparsity: each "therefore" proved, then tried on wrong formulas, on sums written out here, and on the world."""

import math

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import oo

from roofline import batch_size as bs
from roofline import catalog, moe
from roofline.algebra import DomainError
from roofline.algebra.proofs import limit, never_falls, never_rises, same
from roofline.architecture import active_parameters, parameters, total_parameters
from roofline.notation import (
    B,
    C,
    E,
    E_max,
    E_red,
    E_start,
    G_fine,
    N_act,
    N_tot,
    N_unit,
    W,
    a_fine,
    a_routed,
    alpha_fine,
    b_comb,
    b_disp,
    b_routed,
    b_w,
    c_routed,
    c_tok,
    d_routed,
    ep,
    f_cover,
    f_routed,
    g_fine,
    g_tok,
    gamma_fine,
    k,
    notation,
    one_token,
    phi,
    q,
    tp,
    x_load,
)

few = settings(max_examples=25)
p, more = sympy.symbols("p more", positive=True)
GROUP = sympy.Symbol("group_size", nonnegative=True)
SPARSE = {E: k + more}  # more experts than a token uses


def sparse(formula):
    """The formula where a token does not use every expert, so that the first branch is the one that counts."""
    there = sympy.sympify(formula).subs(SPARSE)
    return there.replace(sympy.Piecewise, lambda first, *_: first[0])


def one_level(formula, **parts):
    """The formula's right-hand side with parts of it, by name, put in."""
    rhs = formula.rhs
    return rhs.subs({s: parts[s.name] for s in rhs.free_symbols if s.name in parts}, simultaneous=True)


MISS = 1 / (1 + p)  # a chance between 0 and 1, so that signs can be told
DECODE = {q: one_token}  # one new token of each sequence


# proofs: where the parameters are


def test_what_serves_every_token_and_all_experts_add_up_to_both_counts():
    assert same(sparse(moe.always_weights + E * moe.expert_weights), N_tot)
    assert same(sparse(moe.always_weights + k * moe.expert_weights), N_act)


def test_if_a_token_uses_every_expert_all_parameters_are_active():
    dense = {E: k, N_tot: N_act}
    assert moe.expert_weights.expr.subs(dense) == 0 and same(moe.always_weights.expr.subs(dense), N_act)


def test_the_ratio_of_experts_gives_the_ratio_of_parameters_only_through_the_routed_share():
    by_experts = moe.ratio_from_experts.expr.subs(f_routed, moe.routed_share.expr)
    assert same(sparse(by_experts), bs.sparsity_ratio)
    assert same(moe.ratio_from_experts.expr.subs(f_routed, 1), E / k)  # nothing but experts
    assert same(moe.ratio_from_experts.expr.subs(f_routed, 0), 1)


def test_experts_alone_balance_at_a_larger_batch_than_the_whole_model():
    gap = sympy.factor((E / k - moe.ratio_from_experts.expr).subs(SPARSE))
    share_left = sympy.Symbol("share_left", nonnegative=True)
    assert sympy.simplify(gap.subs(f_routed, 1 - share_left)).is_nonnegative
    assert same(moe.balance_batch_experts / bs.balance_batch, E / k / bs.sparsity_ratio)


# proofs: which experts are touched


def test_the_weights_read_are_those_of_the_touched_experts_and_of_the_rest():
    built = moe.always_weights + moe.expert_weights * moe.experts_touched
    assert same(sparse(built).subs(DECODE), bs.N_read.expr.subs(SPARSE))


def test_touched_experts_run_from_k_to_all_and_never_fall():
    touched = one_level(moe.experts_touched, miss_chance=MISS)
    assert same(moe.experts_touched.expr.subs(DECODE | {B: 1}), k)
    for many in (B, q):
        assert limit(touched.subs(one_token, 1), many, oo) == E
        assert never_falls(touched, many)


def test_a_pass_of_more_tokens_a_sequence_is_one_of_so_many_sequences():
    """Experts, cover, load and capacity see tokens; whose they are makes no difference."""
    at = {"E": 96.0, "k": 6.0, "C": 4e15, "W": 7e12, "b_w": 0.5, "c_cap": 1.3, "g_tok": 4.0, "c_tok": 0.3}
    seen = [
        moe.experts_touched,
        moe.experts_touched_grouped,
        moe.imbalance_bound,
        moe.expert_capacity,
        moe.straggler_slack,
    ]
    for formula in seen:
        own = {name: value for name, value in at.items() if name in formula.inputs}
        each = formula(own, B=25, q=3)
        assert each == pytest.approx(formula(own, B=75, q=1), rel=1e-12), formula.name
        assert each != pytest.approx(formula(own, B=25, q=1), rel=0.01), formula.name  # a twin: q left out
    cover = moe.coverage_batch(f_cover=0.9, E=96, k=6)
    assert moe.coverage_batch(f_cover=0.9, E=96, k=6, q=3) == pytest.approx(cover / 3)


def test_groups_of_one_and_groups_that_share_nothing_are_independent_tokens():
    lone = one_level(moe.miss_chance_group, group_size=1, miss_chance=MISS)
    assert same(lone, MISS) and moe.group_size.expr.subs(DECODE | {g_tok: 1, B: 1 + p}) == 1
    assert same(one_level(moe.experts_touched_grouped, group_size=1, miss_chance_group=lone),
                one_level(moe.experts_touched, miss_chance=MISS))  # fmt: skip
    apart = one_level(moe.miss_chance_group, c_tok=0, miss_chance=MISS)
    assert same(apart, MISS**GROUP)
    assert same(one_level(moe.experts_touched_grouped, miss_chance_group=apart),
                one_level(moe.experts_touched, miss_chance=MISS))  # fmt: skip


def test_tokens_that_share_everything_are_as_few_as_their_groups():
    together = one_level(moe.miss_chance_group, c_tok=1, group_size=1 + more, miss_chance=MISS)
    assert same(together, MISS)
    alike = one_level(moe.experts_touched_grouped, miss_chance_group=together)
    assert same(alike, one_level(moe.experts_touched, miss_chance=MISS).subs(B, B / GROUP))


def test_a_pass_of_fewer_tokens_than_a_group_is_one_smaller_group():
    assert moe.group_size.expr == sympy.Min(g_tok, q * B / one_token)
    small = {q: one_token, g_tok: B + more}
    assert same(one_level(moe.experts_touched_grouped, group_size=moe.group_size.expr).subs(small),
                E * (1 - sympy.Symbol("miss_chance_group", nonnegative=True)))  # fmt: skip


def test_a_pair_that_may_share_misses_an_expert_more_often():
    pair = one_level(moe.miss_chance_group, group_size=2, miss_chance=MISS)
    assert same(pair - MISS**2, MISS * (1 - MISS) * c_tok**2)


def test_ungrouped_tokens_read_what_the_first_chapter_says():
    alone = {"experts_touched_grouped": moe.experts_touched.expr.subs(DECODE)}  # for groups of one, as shown above
    parts = {"always_weights": moe.always_weights.expr, "expert_weights": moe.expert_weights.expr}
    assert same(sparse(one_level(moe.N_read_grouped, **alone, **parts)), bs.N_read.expr.subs(SPARSE))
    assert same(one_level(moe.t_weights_grouped, N_read_grouped=bs.N_read.expr), bs.t_weights_touched)


def test_the_covering_batch_undoes_the_count_of_touched_experts():
    (never, impossible), (needed, _) = one_level(moe.coverage_batch, miss_chance=MISS).args
    exact = next(a for a in needed.args if a != 1)
    missed = sympy.exp(exact * q / one_token * sympy.log(MISS))  # MISS ** tokens
    assert same(missed, 1 - f_cover)
    assert never == oo and impossible == (f_cover >= 1)
    assert sympy.limit(exact.subs(DECODE | {p: 1}), f_cover, 1, "-") == oo


# proofs: the work of one expert, and uneven load


def test_an_experts_arithmetic_meets_its_own_read_at_rho_times_experts_over_experts_used():
    (root,) = sympy.solve(moe.expert_intensity - C / W, B)
    assert same(root, moe.balance_batch_experts) and same(root, C * b_w / (phi * W) * E / (k * q))


def test_slack_is_the_read_over_the_arithmetic_of_the_experts():
    ratio = sparse(moe.t_experts_read.expr) / sparse(moe.t_experts_compute.expr)
    assert same(ratio, moe.straggler_slack.expr.subs(SPARSE))


def test_a_straggler_costs_nothing_until_the_slack_is_used_up_and_then_at_most_its_load():
    slack = sympy.Symbol("straggler_slack", nonnegative=True)
    cost = moe.straggler_cost.rhs
    assert cost.free_symbols == {slack, x_load}
    hidden = cost.subs({slack: 1 + p + more, x_load: 1 + p}, simultaneous=True)
    assert same(hidden, 1)
    assert same(cost.subs({slack: 0, x_load: 1 + p}, simultaneous=True), 1 + p)
    assert never_falls(cost.subs(slack, 1 + p), x_load) and never_falls(cost.subs(slack, MISS), x_load)


def test_the_straggler_makes_the_experts_time_grow_in_proportion_once_arithmetic_is_longer():
    compute, read = sympy.symbols("t_experts_compute t_experts_read", nonnegative=True)
    assert moe.t_experts_straggler.rhs == sympy.Max(x_load * compute, read)
    assert same(moe.t_experts_straggler.rhs.subs(read, 0), x_load * compute)


def test_a_large_batch_evens_out_the_load():
    bound = moe.imbalance_bound.expr.subs({E: 256, k: 8, one_token: 1})
    assert limit(bound, B, oo) == 1 and never_rises(bound, B)


# proofs: between the chips


def sent(formula):
    """What a model with experts sends: the first branch."""
    return sympy.sympify(formula).replace(sympy.Piecewise, lambda first, *_: first[0])


def test_the_way_back_costs_its_precision_over_that_of_the_way_there():
    assert same(sent(moe.combine_bytes) / sent(moe.dispatch_bytes), b_comb / b_disp)


def test_a_dense_model_sends_nothing_to_experts():
    for formula in (moe.dispatch_bytes, moe.combine_bytes, moe.exchange_bytes):
        assert formula.expr.subs(E, 1) == 0 and not same(sent(formula), 0)
    dense = {"N_tot": 7e9, "N_act": 7e9, "d_model": 4096, "b_disp": 1, "b_comb": 2, "n_exchanges": 32}
    assert moe.exchange_bytes({n: v for n, v in dense.items() if n[0] != "N"}) == 0
    assert moe.wire_intensity(dense) == math.inf


def test_arithmetic_per_byte_on_the_wire_depends_on_the_size_of_an_expert_and_not_on_how_many_are_used():
    assert same(sympy.diff(sparse(moe.wire_intensity).subs(N_tot, N_act + 7 * more), k), 0)
    assert not sent(moe.dispatch_bytes).has(E)


def test_spreading_experts_never_shrinks_a_chips_weights_below_what_serves_every_token():
    alone = sparse(moe.expert_chip_weights.expr.subs({ep: 1, tp: 1, E_red: 0}))
    assert same(alone, b_w * N_tot)
    rest = sympy.Symbol("rest", nonnegative=True)
    chip = one_level(moe.expert_chip_weights, experts_per_chip=moe.experts_per_chip.expr, always_weights=rest)
    assert same(limit(sympy.expand(chip), ep, oo), b_w * rest / tp) and never_rises(chip, ep)
    assert never_falls(chip, E_red)


# proofs: quality


def test_one_expert_is_a_dense_model():
    assert same(moe.counted_experts.expr.subs(E, 1), E_start)
    assert same(moe.effective_parameters.expr.subs(E, 1), N_act)
    assert same(moe.routed_size_exponent.expr.subs(E, 1), moe.dense_size_exponent)


def test_the_page_prints_the_power_of_a_dense_model_as_that_of_the_count_it_is_taken_at():
    """A reader who puts E_start for E-hat in the one line must get the other, and not A at one."""
    general, dense = moe.routed_size_exponent.latex(), moe.dense_size_exponent.latex()
    assert general.replace(moe.counted_experts.tex, notation.inputs["E_start"].latex) == dense
    assert moe.dense_size_exponent.tex in moe.effective_parameters.latex()


def test_experts_count_for_less_and_less_and_never_for_more_than_their_limit():
    assert same(sympy.limit(moe.counted_experts.expr, E, oo), E_max)
    slope = sympy.diff(moe.counted_experts.expr.subs(E_max, E_start + more), E)
    assert sympy.factor(slope.subs(E, 1 + p)).is_nonnegative
    assert same(sympy.limit(slope, E, oo), 0)


def test_the_effective_size_is_that_of_the_dense_model_of_equal_loss():
    n_, e_, s_ = sympy.symbols("n_ e_ s_", positive=True)  # ten-logarithms of size, of counted experts, of E_start
    loss = a_routed * n_ + b_routed * e_ + c_routed * n_ * e_
    (dense,) = sympy.solve(sympy.Eq(a_routed * (x := sympy.Symbol("x")) + b_routed * s_ + c_routed * x * s_, loss), x)
    names = {"N_act": N_unit * 10**n_, "counted_experts": 10**e_, "E_start": 10**s_,
             "routed_size_exponent": a_routed + c_routed * e_,
             "dense_size_exponent": a_routed + c_routed * s_}  # fmt: skip
    ours = one_level(moe.effective_parameters, **names)
    assert same(sympy.expand_log(sympy.log(ours / N_unit), force=True) / sympy.log(10), dense)
    ours = one_level(moe.routed_loss, **names)
    assert same(sympy.expand_log(sympy.log(ours), force=True) / sympy.log(10), loss + d_routed)


def test_at_the_cutoff_experts_buy_nothing_and_below_it_they_buy_something():
    at_cutoff = moe.effective_parameters.expr.subs(N_act, moe.routed_cutoff.expr)
    law = {a_routed: -0.08, b_routed: -0.11, c_routed: 0.009, E_start: 1.8, E_max: 310, N_unit: 1}
    for experts in (2, 16, 300):
        assert float(at_cutoff.subs(law | {E: experts})) == pytest.approx(10 ** (0.11 / 0.009), rel=1e-9)
    gain = [float(moe.sparsity_gain.expr.subs(law | {E: 64, N_act: n})) for n in (1e6, 1e9, 1e12, 1e13)]
    assert gain == sorted(gain, reverse=True) and gain[2] > 1 > gain[3]


def test_finer_experts_gain_without_ever_gaining_more_than_a_limit():
    assert moe.granularity_gain.expr.subs(G_fine, 1) == 1
    most = ((a_fine + g_fine) / a_fine) ** (1 / alpha_fine)
    assert same(sympy.limit(moe.granularity_gain.expr.subs(gamma_fine, 1), G_fine, oo), most)
    assert never_falls(moe.granularity_gain.expr, G_fine)


def test_sparsity_lowers_the_floor_under_cost_and_raises_batch_latency_and_memory():
    assert not bs.cost_compute.expr.has(N_tot) and never_falls(bs.cost_compute, N_act)
    for dear in (bs.balance_batch, bs.latency_floor, bs.weights_share, moe.memory_per_active):
        assert sympy.diff(dear.expr, N_tot).is_positive
    assert sympy.diff(bs.balance_batch.expr, N_act).is_negative  # a sparser model needs a larger batch, not a smaller


def test_memory_per_active_parameter_is_the_bytes_of_a_weight_times_the_ratio():
    assert same(moe.memory_per_active, b_w * bs.sparsity_ratio)


# the same proofs fail on wrong formulas


def wrong(unit, expression):
    return notation.child().expression(expression, unit, "deliberately wrong")


def test_twin_experts_counted_once_too_often_do_not_add_up():
    off = wrong("parameter", (N_tot - N_act) / (E - k + 1))
    assert not same(sparse(moe.always_weights + E * off), N_tot)


def test_twin_the_ratio_of_experts_itself_is_not_the_ratio_of_parameters():
    off = wrong("1", f_routed * E / k)
    assert not same(sparse(off.expr.subs(f_routed, moe.routed_share.expr)), bs.sparsity_ratio)


def test_twin_touched_experts_with_a_batch_too_many_do_not_start_at_k():
    off = wrong("1", E * (1 - (1 - k / E) ** (q * B / one_token + 1)))
    assert not same(off.expr.subs(DECODE | {B: 1}), k)


def test_twin_an_expert_that_is_lost_is_not_in_the_limit():
    assert limit((E - 1) * (1 - (1 + p) ** -B), B, oo) != E


def test_twin_a_touched_count_that_falls_is_not_proved_rising():
    assert not never_falls(E * (1 + p) ** -B, B)


def test_twin_a_factor_of_two_moves_the_balance_of_the_experts():
    (root,) = sympy.solve(2 * moe.expert_intensity - C / W, B)
    assert not same(root, moe.balance_batch_experts)


def test_twin_a_wire_that_carries_one_copy_for_all_experts_does_not_forget_how_many():
    one_copy = sparse(moe.wire_intensity) * k
    assert not same(sympy.diff(one_copy.subs(N_tot, N_act + 7 * more), k), 0)


def test_twin_a_law_without_its_mixed_term_gives_another_effective_size():
    n_, e_, s_ = sympy.symbols("n_ e_ s_", positive=True)
    (dense,) = sympy.solve(a_routed * (x := sympy.Symbol("x")) + b_routed * s_ - a_routed * n_ - b_routed * e_, x)
    ours = (n_ * (a_routed + c_routed * e_) + b_routed * (e_ - s_)) / (a_routed + c_routed * s_)
    assert not same(ours, dense)


# numbers: every formula against a sum written out here, with inputs that are neither round nor alike

V3 = {"N_tot": 671e9, "N_act": 37e9, "E": 256.0, "k": 8.0}
ONE = (671e9 - 37e9) / 248  # one expert
REST = 37e9 - 8 * ONE
CHIP = {"C": 4.9e15, "W": 7.7e12, "n": 72.0, "M": 180e9}
GROUPED = 1 - (31 / 32 * (0.3 + 0.7 * 31 / 32) ** 5 + 1 / 32 * (0.7 * 31 / 32) ** 5) ** (35 / 5)
TOUCHED = 256 * (1 - (31 / 32) ** 35)
LAW = {"a_routed": -0.083, "b_routed": -0.126, "c_routed": 0.012, "d_routed": 1.111, "E_start": 1.88, "E_max": 470.0}
HAT = 1 / (1 / (63 + 1 / (1 / 1.88 - 1 / 470)) + 1 / 470)
SLOPE, SLOPE_1 = -0.083 + 0.012 * math.log10(HAT), -0.083 + 0.012 * math.log10(1.88)
SIZE = math.log10(3e8)
EFFECTIVE = 10 ** ((SLOPE * SIZE - 0.126 * math.log10(HAT / 1.88)) / SLOPE_1)

BY_HAND = {
    "expert_weights": (V3, ONE),
    "always_weights": (V3, REST),
    "routed_share": (V3, 8 * ONE / 37e9),
    "ratio_from_experts": ({"f_routed": 0.37, "E": 96, "k": 4}, 0.37 * 24 + 0.63),
    "miss_chance": ({"E": 96, "k": 6}, 15 / 16),
    "experts_touched": ({"E": 96, "k": 6, "B": 3, "q": 4}, 96 * (1 - (15 / 16) ** 12)),
    "group_size": ({"g_tok": 9, "B": 7, "q": 0.5}, 3.5),
    "miss_chance_group": ({"E": 4, "k": 1, "c_tok": 0.2, "g_tok": 3, "B": 5}, 0.75 * 0.8**3 + 0.25 * 0.6**3),
    "experts_touched_grouped": (V3 | {"B": 7, "q": 5, "g_tok": 5, "c_tok": 0.3}, 256 * GROUPED),
    "N_read_grouped": (V3 | {"B": 35, "g_tok": 5, "c_tok": 0.3}, REST + ONE * 256 * GROUPED),
    "t_weights_grouped": (
        V3 | CHIP | {"B": 35, "g_tok": 5, "c_tok": 0.3, "b_w": 0.5},
        0.5 * (REST + ONE * 256 * GROUPED) / (72 * 7.7e12),
    ),
    "coverage_batch": ({"f_cover": 63 / 64, "E": 2, "k": 1, "q": 1.5}, 4),
    "tokens_per_expert": ({"B": 48, "k": 6, "E": 96, "q": 5}, 15),
    "expert_intensity": ({"B": 48, "k": 6, "E": 96, "q": 5, "b_w": 0.5}, 60),
    "balance_batch_experts": ({"C": 6e15, "W": 1e13, "b_w": 0.5, "E": 96, "k": 6, "q": 3}, 150 * 16 / 3),
    "load_scatter": ({"E": 96, "k": 6, "B": 16, "q": 3}, math.log(96) / 3),
    "imbalance_bound": (
        {"E": 96, "k": 6, "B": 16, "q": 3}, 1 + math.sqrt(2 * 15 / 16 * math.log(96) / 3) + math.log(96) / 9
    ),
    "t_experts_compute": (V3 | CHIP | {"B": 35, "q": 3}, 2 * 3 * 35 * 8 * ONE / (72 * 4.9e15)),
    "t_experts_read": (V3 | CHIP | {"B": 5, "q": 7, "b_w": 0.5}, 0.5 * TOUCHED * ONE / (72 * 7.7e12)),
    "t_experts_straggler": (
        V3 | CHIP | {"B": 90_000, "b_w": 0.5, "x_load": 1.7}, 1.7 * 2 * 90_000 * 8 * ONE / (72 * 4.9e15)
    ),
    "straggler_slack": (
        {"E": 256, "k": 8, "B": 7, "q": 5, "C": 4.9e15, "W": 7.7e12, "b_w": 0.5},
        4.9e15 * 0.5 / (2 * 7.7e12) * TOUCHED / (35 * 8),
    ),
    "expert_capacity": ({"c_cap": 1.25, "B": 10, "q": 5, "k": 6, "E": 96}, 4),
    "dispatch_bytes": ({"E": 7, "k": 6, "d_model": 5120, "b_disp": 0.5}, 15_360),
    "combine_bytes": ({"E": 7, "k": 6, "d_model": 5120, "b_comb": 4}, 122_880),
    "exchange_bytes": ({"E": 7, "k": 6, "d_model": 5120, "b_disp": 0.5, "b_comb": 4, "n_exchanges": 11}, 11 * 138_240),
    "off_chip_share": ({"ep": 8}, 0.875),
    "wire_intensity": (
        V3 | {"d_model": 7168, "b_disp": 1, "b_comb": 2, "n_exchanges": 58}, 2 * ONE / (58 * 7168 * 3)
    ),
    "spare_slots": ({"E": 256, "ep": 72}, 32),
    "experts_per_chip": ({"E": 250, "E_red": 38, "ep": 36}, 8),
    "expert_chip_weights": (V3 | {"b_w": 0.5, "tp": 4, "E_red": 32, "ep": 144}, 0.5 * (REST / 4 + 2 * ONE)),
    "t_weights_ep": (
        V3 | {"b_w": 0.5, "tp": 4, "E_red": 32, "ep": 144, "W": 7.7e12}, 0.5 * (REST / 4 + 2 * ONE) / 7.7e12
    ),
    "memory_per_active": (V3 | {"b_w": 0.5}, 0.5 * 671 / 37),
    "chips_to_hold": ({"b_w": 2, "N_tot": 671e9, "f_fill": 0.6, "M": 80e9}, 28),  # 1342 GB by 48 GB
    "unsaturated_experts": (LAW | {"E": 64}, 63 + 1 / (1 / 1.88 - 1 / 470)),
    "counted_experts": (LAW | {"E": 64}, HAT),
    "routed_size_exponent": (LAW | {"E": 64}, SLOPE),
    "dense_size_exponent": (LAW, SLOPE_1),
    "routed_loss": (LAW | {"E": 64, "N_act": 3e8}, 10 ** (1.111 + SLOPE * SIZE - 0.126 * math.log10(HAT))),
    "effective_parameters": (LAW | {"E": 64, "N_act": 3e8}, EFFECTIVE),
    "sparsity_gain": (LAW | {"E": 64, "N_act": 3e8}, EFFECTIVE / 3e8),
    "routed_cutoff": (LAW, 10**10.5),
    "granularity_gain": (
        {"G_fine": 9, "g_fine": 2.1, "gamma_fine": 0.5, "a_fine": 18.3, "alpha_fine": 0.125}, (20.4 / 19.0) ** 8
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_each_formula_gives_what_a_sum_by_hand_gives(name):
    inputs, expected = BY_HAND[name]
    formula = getattr(moe, name)
    given_ = {n: float(v) for n, v in inputs.items() if n in formula.inputs}
    assert formula(given_) == pytest.approx(expected, rel=1e-12)


def test_the_table_by_hand_leaves_out_only_what_is_tried_below():
    from roofline.teaching.chapters import formulas

    assert {f.name for f in formulas("moe")} - set(BY_HAND) == {"straggler_cost"}


def test_experts_wait_for_the_read_or_for_the_straggler_whichever_is_longer():
    few_tokens = V3 | CHIP | {"B": 35.0, "b_w": 0.5}
    read = moe.t_experts_read(few_tokens)
    assert moe.t_experts_straggler(few_tokens, x_load=1.7) == read
    at = {"E": 256, "k": 8, "C": 4e15, "W": 1e13, "b_w": 0.5}  # 100 tokens balance an expert
    big = at | {"B": 6400.0}  # 200 tokens an expert
    assert moe.straggler_slack(big) == pytest.approx(0.5)
    assert moe.straggler_cost(big, x_load=1.7) == pytest.approx(1.7)
    small = at | {"B": 2400.0}  # 75
    assert moe.straggler_cost(small, x_load=1.25) == pytest.approx(1)
    assert moe.straggler_cost(small, x_load=1.6) == pytest.approx(1.2)


def test_covering_all_experts_for_certain_takes_forever_and_covering_what_one_token_uses_takes_one():
    assert moe.coverage_batch(f_cover=1, E=256, k=8) == math.inf
    assert moe.coverage_batch(f_cover=0.01, E=256, k=8) == 1
    assert moe.coverage_batch(f_cover=0.9, E=8, k=8) == 1 == moe.coverage_batch(f_cover=1, E=8, k=8)
    assert moe.coverage_batch(f_cover=0.01, E=256, k=8, q=64) == 1


def test_counts_that_cannot_be_of_one_model_are_refused():
    with pytest.raises(DomainError, match="always_weights came out as"):
        moe.always_weights(N_tot=100e9, N_act=10e9, E=4, k=2)  # the experts active alone would be 90 billion
    with pytest.raises(DomainError, match="a single expert cannot count for more"):
        moe.counted_experts(E=4, E_start=9, E_max=3)


models = st.tuples(st.floats(1e9, 1e12), st.floats(0.05, 0.95), st.integers(1, 16), st.integers(1, 40)).map(
    lambda m: {"N_act": m[0], "N_tot": m[0] * (1 + m[1] * (m[3] - 1)), "k": float(m[2]), "E": float(m[2] * m[3])}
)


@few
@given(models, st.floats(1, 5000))
def test_touched_weights_lie_between_active_and_total_and_grouping_never_adds_any(model, batch):
    plain, shared = ({"B": batch, "c_tok": c, "g_tok": min(batch, 6.0)} for c in (0.0, 0.7))
    read, fewer = moe.N_read_grouped(model, plain), moe.N_read_grouped(model, shared)
    assert model["N_act"] * (1 - 1e-9) <= fewer <= read * (1 + 1e-9) <= model["N_tot"] * (1 + 2e-9)
    assert read == pytest.approx(bs.N_read(model, B=batch), rel=1e-9)


@few
@given(models)
def test_the_routed_share_rebuilds_the_ratio(model):
    if model["E"] > model["k"]:
        share = moe.routed_share(model)
        assert moe.ratio_from_experts(model, f_routed=share) == pytest.approx(bs.sparsity_ratio(model))


@few
@given(st.integers(2, 64), st.integers(1, 8), st.floats(1, 1e4), st.floats(1.01, 20))
def test_a_straggler_costs_between_nothing_and_its_load(ratio, used, batch, load):
    at = {"E": float(used * ratio), "k": float(used), "B": batch, "C": 2e15, "W": 3e12, "b_w": 1.0}
    cost = moe.straggler_cost(at, x_load=load)
    assert 1 <= cost <= load * (1 + 1e-12)
    assert 1 < moe.imbalance_bound({n: at[n] for n in ("E", "k", "B")}) <= ratio


@few
@given(st.integers(1, 40), st.integers(2, 9), st.floats(0, 1))
def test_between_whole_groups_a_little_fewer_experts_are_counted_than_a_smaller_last_group_touches(
    tokens, size, follow
):
    def missed(group):  # chance that a group of so many leaves an expert out, from its definition: 2 of 12 experts
        own = (1 - follow) * 5 / 6
        return 5 / 6 * (follow + own) ** group + 1 / 6 * own**group if group else 1.0

    full, rest = divmod(tokens, size)
    split = 12 * (1 - missed(size) ** full * missed(rest))
    found = moe.experts_touched_grouped(E=12, k=2, B=tokens, g_tok=size, c_tok=follow)
    assert found <= split * (1 + 1e-9) and ((rest and full) or found == pytest.approx(split, rel=1e-9))


def test_checking_64_tokens_a_sequence_leaves_little_slack_for_the_busiest_chip():
    """By hand: 64 tokens of each of 4 sequences touch 99.97 % of 256 experts, not 12 %."""
    at = {"E": 256, "k": 8, "B": 4, "q": 64, "C": 5e15, "W": 8e12, "b_w": 1}
    touched = 1 - (31 / 32) ** 256
    assert moe.straggler_slack(at) == pytest.approx(312.5 * 256 * touched / (256 * 8))
    assert touched / (1 - (31 / 32) ** 4) == pytest.approx(8.4, rel=0.01)


@few
@given(st.integers(1, 600), st.integers(1, 200))
def test_spare_slots_are_the_fewest_that_make_the_layout_even(experts, chips):
    spare = moe.spare_slots(E=experts, ep=chips)
    assert (experts + spare) % chips == 0 and 0 <= spare < chips


@few
@given(st.floats(1e9, 1e12), st.floats(0.5, 2), st.floats(0.1, 1), st.floats(1e10, 1e12))
def test_the_chips_that_hold_a_model_are_the_fewest_that_do(total, width, fill, memory):
    chips = moe.chips_to_hold(N_tot=total, b_w=width, f_fill=fill, M=memory)
    assert chips == int(chips) >= 1
    assert chips * fill * memory >= width * total * (1 - 1e-12) and (chips - 1) * fill * memory < width * total


# the world


def deepseek():
    return catalog.models["DeepSeek-V3"].at(weights="fp8", kv="bf16")


def test_deepseeks_two_counts_give_the_size_of_an_expert_that_its_shape_gives():
    """58 layers of three matrices of 7168 by 2048 (DeepSeek-V3 config_671B.json)."""
    assert moe.expert_weights(deepseek()) == pytest.approx(58 * 3 * 7168 * 2048, rel=0.002)


SPARSE_MODELS = {
    n: m for n, m in catalog.models.items() if m.shape and any(hasattr(f, "routed") for f in m.shape.feedforward)
}
# Where the published counts do not fit to 1 %: by how much, and why.
COUNTED_OTHERWISE = {
    "Kimi-K2": 0.015,  # 1.04 trillion, where the shape comes to 1.026
    "DeepSeek-V4-Pro": 0.02,  # 1.6 trillion, where the shape comes to 1.573
    "Llama-4-Scout": 0.02,  # the vision encoder is in the total only, and both are rounded
    "gpt-oss-20b": 0.045,  # the embedding, 0.6 of 21 billion, is in the total and not in the active count
}


@pytest.mark.parametrize("name", SPARSE_MODELS)
def test_published_counts_of_total_and_active_parameters_give_the_experts_of_the_published_shape(name):
    model = SPARSE_MODELS[name]
    layers = [kind for kind in model.shape.feedforward if hasattr(kind, "routed")]
    from_shape = sum(kind.layers * kind.weights(model.shape.width) for kind in layers)
    off = moe.expert_weights(model.at()) / from_shape - 1
    assert abs(off) < 0.01 or 0.01 < off < COUNTED_OTHERWISE[name]


@pytest.mark.parametrize("name", SPARSE_MODELS)
def test_from_the_counts_of_the_shape_itself_every_sparse_model_has_its_experts_exactly(name):
    """`architecture.parameters` counts the same other parts in both, but for a vision encoder."""
    shape = SPARSE_MODELS[name].shape
    parts = {part.name: part for part in parameters(shape)}
    (experts,) = [kind for kind in shape.feedforward if hasattr(kind, "routed")]
    counts = {"N_tot": total_parameters(shape, extras=False), "N_act": active_parameters(shape)}
    found = moe.expert_weights(counts, E=experts.routed, k=experts.top_k)
    assert found * experts.routed == pytest.approx(parts["routed experts"].total, rel=1e-12)
    if shape.extras:  # held and not used: taken for experts
        over = moe.expert_weights(counts | {"N_tot": total_parameters(shape)}, E=experts.routed, k=experts.top_k)
        assert over - found == pytest.approx(dict(shape.extras)["vision encoder"] / (experts.routed - experts.top_k))


def test_eight_times_seven_billion_is_not_56_billion_because_attention_is_not_copied():
    """Mixtral 8x7B has 46.7 billion parameters and uses 12.9 (Jiang et al. 2024)."""
    mixtral = {"N_tot": 46.7e9, "N_act": 12.9e9, "E": 8, "k": 2}
    assert 8 * (moe.expert_weights(mixtral) + moe.always_weights(mixtral)) == pytest.approx(58e9, rel=0.01)
    assert bs.sparsity_ratio(N_tot=46.7e9, N_act=12.9e9) < 8 / 2


def test_five_ratios_go_by_the_name_of_deepseeks_sparsity():
    """8 of 256, the lecture's 32 of 256, 700 over 37, the counts' own 671 over 37 (DeepSeek-AI 2024)."""
    v3 = deepseek()
    assert v3["E"] / v3["k"] == 32 and v3["E"] / 32 == 8
    assert bs.sparsity_ratio(v3) == pytest.approx(18.135, rel=1e-4)
    assert 700 / v3["N_act"] * 1e9 == pytest.approx(18.92, rel=1e-3)
    assert moe.routed_share(v3) == pytest.approx((18.135 - 1) / 31, rel=1e-4)
    gb200 = catalog.chips["GB200"].at("fp8")
    assert moe.balance_batch_experts(gb200, v3) == pytest.approx(312.5 * 32)


# DeepEP, low-latency kernels on H800: 128 tokens of 7168, 8 experts, dispatch in fp8 with a 4-byte scale for each 128
# elements, combine in bf16 (README as of June 2025): time and bandwidth of each. Multiplied they are a chip's traffic.
DEEPEP = {8: (77, 98, 114, 127), 16: (118, 63, 195, 74), 32: (155, 48, 273, 53), 64: (173, 43, 314, 46),
          128: (192, 39, 369, 39), 256: (194, 39, 360, 40)}  # fmt: skip


@pytest.mark.parametrize("chips", DEEPEP)
def test_deepeps_time_times_bandwidth_is_the_traffic_of_128_tokens(chips):
    there, there_rate, back, back_rate = DEEPEP[chips]
    dispatch = 128 * moe.dispatch_bytes(E=256, k=8, d_model=7168, b_disp=1 + 4 / 128)
    combine = 128 * moe.combine_bytes(E=256, k=8, d_model=7168, b_comb=2)
    assert there * 1e-6 * there_rate * 1e9 == pytest.approx(dispatch, rel=0.03)
    assert back * 1e-6 * back_rate * 1e9 == pytest.approx(combine, rel=0.03)


def test_deepseeks_layouts_come_out_whole_and_72_chips_need_32_copies():
    """Inference system overview, 2025: 9 routed experts a chip on 32 chips, 2 on 144, with 32 redundant ones."""
    served = catalog.disclosures["deepseek_inference_overview"]
    copies, prefill, decode = served["redundant_experts"], served["prefill_ep"], served["decode_ep"]
    assert moe.experts_per_chip(E=256, E_red=copies, ep=prefill) == served["prefill_routed_experts_per_gpu"] == 9
    assert moe.experts_per_chip(E=256, E_red=copies, ep=decode) == served["decode_routed_experts_per_gpu"] == 2
    assert moe.spare_slots(E=256, ep=decode) == copies == moe.spare_slots(E=256, ep=72)
    assert moe.spare_slots(E=256, ep=64) == 0 and moe.experts_per_chip(E=256, ep=64) == 4


def test_on_144_chips_most_of_a_chips_weights_are_not_experts():
    """The reason why wide expert parallelism meets a floor: attention and the shared expert are on every chip."""
    v3 = deepseek()
    wide = moe.expert_chip_weights(v3, ep=144, E_red=32)
    assert moe.always_weights(v3) * v3["b_w"] / wide > 0.75
    assert wide > 4 * v3["b_w"] * v3["N_tot"] / 144  # over four times an even split


def test_switch_c_has_the_parameters_that_its_experts_add_up_to():
    """Fedus et al. 2021, table 9: 1571 billion; experts in each of 15 encoder and 15 decoder layers, top 1."""
    row = catalog.sparse_scaling["switch_c"]
    experts = 2 * row["layers"] * row["experts"] * 2 * row["width"] * row["hidden"]
    assert experts == pytest.approx(row["parameters"], rel=0.002)


def test_the_capacity_of_an_expert_is_that_of_the_switch_transformers_first_figure():
    """Fedus et al. 2021, figure 3: six tokens and three experts have two places each, three at a factor of 1.5."""
    assert moe.expert_capacity(c_cap=1.0, B=6, E=3, k=1) == 2
    assert moe.expert_capacity(c_cap=1.5, B=6, E=3, k=1) == 3
