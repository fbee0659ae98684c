"""The busiest expert: exact counts against enumeration, bounds against both, and simulation for large batches."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roofline import moe
from roofline.expert_load import (
    chance_all_within,
    dropped_share,
    largest_load,
    largest_load_between,
    load_chances,
)
from roofline.routing import expert_loads, route

few = settings(max_examples=15)


def enumerated(tokens, experts, used):
    """All equally likely ways in which tokens may choose: the largest load of each."""
    draws = list(itertools.combinations(range(experts), used))
    return [
        max(np.bincount(list(itertools.chain(*way)), minlength=experts))
        for way in itertools.product(draws, repeat=tokens)
    ]


CASES = [(3, 4, 1), (5, 3, 1), (3, 4, 2), (4, 4, 2), (3, 5, 3), (2, 5, 2), (4, 3, 3), (1, 6, 2)]


@pytest.mark.parametrize("case", CASES)
def test_the_largest_load_is_that_of_writing_out_every_way(case):
    ways = np.array(enumerated(*case))
    assert largest_load(*case) == pytest.approx(ways.mean(), rel=1e-12)
    for limit in range(case[0] + 1):
        assert chance_all_within(*case, limit) == pytest.approx((ways <= limit).mean(), abs=1e-12)


@pytest.mark.parametrize("case", [*CASES, (8, 6, 2), (12, 8, 1)])
def test_the_exact_largest_load_lies_between_the_two_bounds(case):
    between, exact = largest_load_between(*case), largest_load(*case)
    assert between.low <= exact * (1 + 1e-9) and exact <= between.high * (1 + 1e-9)


def test_the_bounds_are_the_sums_of_the_two_bounds_on_each_chance():
    """Four tokens, three experts, one each: a load is binomial with p = 1/3; written out here."""
    chances = [math.comb(4, m) * 2 ** (4 - m) / 81 for m in range(5)]
    exceeds = [sum(chances[m + 1:]) for m in range(4)]  # fmt: skip
    between = largest_load_between(4, 3, 1)
    assert between.low == pytest.approx(sum(1 - (1 - t) ** 3 for t in exceeds))
    assert between.high == pytest.approx(sum(min(1, 3 * t) for t in exceeds))


def test_the_classic_urn_two_balls_in_two_urns_meet_half_of_the_time():
    assert chance_all_within(2, 2, 1, 1) == pytest.approx(1 / 2)
    assert largest_load(2, 2, 1) == pytest.approx(1.5)


def test_23_people_share_a_birthday_more_often_than_not():
    """The birthday problem (von Mises 1939) is a largest load above 1, with 365 experts and 23 tokens: 50.7 %."""
    assert 1 - chance_all_within(23, 365, 1, 1) == pytest.approx(0.5073, abs=5e-5)


def test_a_token_that_uses_every_expert_loads_all_alike():
    assert largest_load(5, 4, 4) == 5 and largest_load_between(5, 4, 4) == pytest.approx((5, 5))


@pytest.mark.parametrize("held", [1, 8])
@pytest.mark.parametrize("tokens", [64, 512])
def test_simulated_batches_have_their_largest_load_between_the_bounds(tokens, held):
    loads = [expert_loads(route(tokens, 64, 4, seed=s), 64).reshape(-1, held).sum(axis=1) for s in range(400)]
    seen = np.mean([each.max() for each in loads])
    between = largest_load_between(tokens, 64, 4, held)
    slack = 4 * np.std([each.max() for each in loads]) / 20
    assert between.low - slack <= seen <= between.high + slack
    assert between.high / between.low < 1.08


@few
@given(st.integers(1, 300), st.integers(2, 64), st.data())
def test_bernsteins_bound_lies_above(tokens, experts, data):
    used = data.draw(st.integers(1, experts - 1))
    mean = tokens * used / experts
    bound = moe.imbalance_bound(E=experts, k=used, B=tokens)
    assert largest_load_between(tokens, experts, used).low / mean <= bound * (1 + 1e-9)
    assert bound <= experts / used * (1 + 1e-12)
    assert moe.imbalance_bound(E=experts, k=used, B=1, q=tokens) == pytest.approx(bound)


def test_the_mean_of_passes_keeps_to_bernsteins_bound_and_a_single_pass_need_not():
    """The chapter's model and batch, and the sixteen passes of its figure."""
    bound = moe.imbalance_bound(E=256, k=8, B=2048)
    seen = [expert_loads(route(2048, 256, 8, seed=seed), 256).max() / 64 for seed in range(16)]
    assert np.mean(seen) < bound < max(seen)


def test_one_token_that_uses_one_expert_loads_it_with_everything():
    """Bernstein's bound alone would give 1 + sqrt(2 * 63 * ln 64) + 64 ln 64 / 3, over 110."""
    assert moe.imbalance_bound(E=64, k=1, B=1) == 64 == largest_load(1, 64, 1) * 64


@few
@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 6), st.data())
def test_a_chips_load_has_the_mean_and_spread_of_hypergeometric_draws(tokens, chips, held, data):
    experts = chips * held
    used = data.draw(st.integers(1, experts))
    chances = load_chances(tokens, experts, used, held)
    loads = np.arange(chances.size)
    mean = loads @ chances
    assert chances.size == tokens * min(used, held) + 1 and chances.sum() == pytest.approx(1)
    assert mean == pytest.approx(tokens * used / chips)
    share = held / experts
    spread = tokens * used * share * (1 - share) * (experts - used) / max(experts - 1, 1)
    assert (loads - mean) ** 2 @ chances == pytest.approx(spread, abs=1e-9)


def test_one_experts_load_is_binomial():
    by_hand = [math.comb(5, m) * 0.25**m * 0.75 ** (5 - m) for m in range(6)]
    assert load_chances(5, 8, 2) == pytest.approx(by_hand)
    assert load_chances(3000, 256, 8).min() == 0  # no chance below nothing, by rounding
    assert load_chances(1, 3, 1, 3).tolist() == pytest.approx([0, 1])


# capacity


def test_the_dropped_share_is_the_mean_excess_over_the_places():
    """Four tokens, two experts, one each: loads 0 to 4 with chances 1, 4, 6, 4, 1 in 16; two places, mean 2."""
    assert dropped_share(4, 2, 1, 1.0) == pytest.approx((1 * 4 + 2 * 1) / 16 / 2)
    assert dropped_share(4, 2, 1, 1.25) == pytest.approx(1 / 16 / 2)  # places are whole: three
    assert dropped_share(4, 2, 1, 0.5) == pytest.approx((1 * 6 + 2 * 4 + 3 * 1) / 16 / 2)
    assert dropped_share(4, 2, 1, 2.0) == 0


def test_simulated_tokens_find_no_place_as_often():
    places = moe.expert_capacity(c_cap=1.2, B=40, q=5, E=16, k=2)
    loads = np.array([expert_loads(route(200, 16, 2, seed=s), 16) for s in range(300)])
    seen = np.maximum(loads - places, 0).sum() / loads.sum()
    assert dropped_share(200, 16, 2, 1.2) == pytest.approx(seen, rel=0.1)


def test_a_large_even_batch_drops_about_the_normal_laws_share():
    """Mean excess of a normal load over its mean: its standard deviation over the root of two pi."""
    tokens, mean = 40_000, 5000
    spread = math.sqrt(mean * (1 - 2 / 16))
    assert dropped_share(tokens, 16, 2, 1.0) == pytest.approx(spread / math.sqrt(2 * math.pi) / mean, rel=0.01)


# what is refused


@pytest.mark.parametrize(("call", "says"), [
    (lambda: load_chances(5, 8, 2, 3), "held = 3: expected a divisor of the number of experts, 8"),
    (lambda: load_chances(5, 8, 2, 0), "held = 0: expected a whole number of at least 1"),
    (lambda: load_chances(5, 8, 9), "top_k = 9"),
    (lambda: largest_load_between(5, 8, 2, 5), "held = 5"),
    (lambda: chance_all_within(5, 8, 2, -1), "limit = -1: expected a whole number of at least 0"),
    (lambda: chance_all_within(5, 8, 9, 1), "top_k = 9"),
    (lambda: dropped_share(5, 8, 2, 0), "factor = 0: expected a positive finite number"),
    (lambda: dropped_share(5, 8, 2, -1), "factor = -1"),
    (lambda: dropped_share(5, 8, 2, math.inf), "factor = inf"),
    (lambda: dropped_share(5, 8, 2, True), "factor = True"),
])  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence(call, says):
    with pytest.raises(ValueError, match="expected") as caught:
        call()
    assert says in str(caught.value)
