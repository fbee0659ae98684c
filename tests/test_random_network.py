"""Random networks against the laws of wide layers, derivatives against finite differences, and steps that are aimed."""

import math

import numpy as np
import pytest

from roofline import ciphers as c
from roofline import random_network as rn
from roofline.mixing import avalanche, simon_avalanche

RNG = np.random.default_rng(11)
X, V = RNG.normal(size=(2, 64))

CLOSED = {"plain": c.growth_plain, "residual": c.growth_residual, "normalised": c.growth_normalised}


# What a layer does, by hand


def hand(kind, weights, h):
    """Two layers of relu written out for one input."""
    for w in weights:
        read = h / np.sqrt(np.mean(h * h)) if kind == "normalised" else h
        branch = np.array([sum(w[i, j] * max(read[j], 0) for j in range(len(h))) for i in range(len(h))])
        h = branch if kind == "plain" else h + branch
    return h


@pytest.mark.parametrize("kind", rn.KINDS)
def test_layers_do_what_is_said_of_them(kind):
    net = rn.network(kind, "relu", depth=2, width=5, inputs=3, gain=0.7, seed=4)
    x = np.array([0.3, -1.1, 0.6])
    start = np.array([sum(net.first[i, j] * x[j] for j in range(3)) for i in range(5)])
    assert rn.forward(net, x) == pytest.approx(hand(kind, net.layers, start))
    assert rn.forward(net, np.stack([x, 2 * x])).shape == (2, 5)
    assert rn.forward(rn.network(depth=0, seed=4), X) == pytest.approx(rn.network(seed=4).first @ X)


def test_weights_have_the_spread_that_gives_the_gain():
    for activation, factor in (("relu", 2), ("tanh", 1), ("sign", 1)):
        net = rn.network("plain", activation, depth=3, width=200, inputs=100, gain=1.3)
        assert net.layers.shape == (3, 200, 200) and net.layers.std() == pytest.approx(
            1.3 * math.sqrt(factor / 200), rel=0.02
        )
        assert net.first.shape == (200, 100) and net.first.std() == pytest.approx(0.1, rel=0.02)
    assert rn.network().layers.shape == (8, 64, 64)
    assert np.array_equal(rn.network(seed=2).layers, rn.network(seed=2).layers)
    assert not np.array_equal(rn.network(seed=2).layers, rn.network(seed=3).layers)


def test_signs_and_tanh_act_as_named():
    assert rn.forward(rn.network("plain", "sign", 1, 4, 4), np.ones(4)) == pytest.approx(
        (net := rn.network("plain", "sign", 1, 4, 4)).layers[0] @ np.where(net.first @ np.ones(4) > 0, 1, -1)
    )
    net = rn.network("plain", "tanh", 1, 4, 4)
    assert rn.forward(net, np.ones(4)) == pytest.approx(net.layers[0] @ np.tanh(net.first @ np.ones(4)))


@pytest.mark.parametrize(("given", "message"), [
    ({"kind": "recurrent"}, "kind = 'recurrent': expected one of plain, residual, normalised"),
    ({"activation": "gelu"}, "activation = 'gelu': expected one of relu, tanh, sign"),
    ({"width": 0}, "width = 0: expected 1 or more"), ({"inputs": 0}, "inputs = 0: expected 1 or more"),
    ({"depth": -1}, "depth = -1: expected 0 or more"), ({"gain": -0.5}, "gain = -0.5: expected 0 or more"),
])  # fmt: skip
def test_what_no_network_can_be_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        rn.network(**given)
    assert rn.network(width=1, inputs=1, depth=0, gain=0).layers.shape == (0, 1, 1)


# The derivative is the small-difference limit


@pytest.mark.parametrize("kind", rn.KINDS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_differences_of_outputs_tend_to_the_derivative_by_the_chain_rule(kind, activation):
    net = rn.network(kind, activation, depth=4, gain=0.9)
    exact = rn.tangent(net, X, V)
    errors = [np.abs(rn.central_difference(net, X, V, step) - exact).max() for step in (1e-1, 1e-2, 1e-3, 1e-5)]
    assert errors[3] < 1e-7 * np.abs(exact).max() + 1e-9
    assert rn.jacobian(net, X).shape == (64, 64) and rn.jacobian(net, X) @ V == pytest.approx(exact, rel=1e-9)
    assert not np.allclose(rn.central_difference(net, X, V, 1e-5), 1.1 * exact)  # a wrong derivative is not the limit


def test_the_error_falls_with_the_square_of_the_step_until_rounding_takes_over():
    net = rn.network("normalised", "tanh", depth=3)
    exact, steps = rn.tangent(net, X, V), [0.04, 0.02, 0.01]
    errors = [np.abs(rn.central_difference(net, X, V, step) - exact).max() for step in steps]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1) and errors[1] / errors[2] == pytest.approx(4, rel=0.1)
    third = 6 * errors[2] / 0.01**2
    best = c.best_step(u_round=1e-16, third_slope=third)
    closest = np.abs(rn.central_difference(net, X, V, best) - exact).max()
    assert all(closest < np.abs(rn.central_difference(net, X, V, best * f) - exact).max() for f in (1e3, 1e-4))


@pytest.mark.parametrize("kind", rn.KINDS)
def test_the_derivative_is_that_of_a_network_written_by_hand(kind):
    """One layer of tanh: the Jacobian from the formulas, W diag(1 - tanh^2) J and the scaling's own derivative."""
    net = rn.network(kind, "tanh", depth=1, width=6, inputs=4)
    x = np.array([0.2, -0.4, 1.0, 0.7])
    h, first = net.first @ x, net.first
    size = np.sqrt(h @ h / 6)
    read, dread = (
        (h, np.eye(6)) if kind != "normalised" else (h / size, (np.eye(6) - np.outer(h, h) / (6 * size**2)) / size)
    )
    jacobian = net.layers[0] @ np.diag(1 - np.tanh(read) ** 2) @ dread + (0 if kind == "plain" else np.eye(6))
    assert rn.jacobian(net, x) == pytest.approx(jacobian @ first)


@pytest.mark.parametrize("kind", rn.KINDS)
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_gradient_from_the_last_layer_back_is_the_derivatives_from_the_first_on(kind, activation):
    net, readout = rn.network(kind, activation, depth=3, width=20, inputs=12, gain=0.8), RNG.normal(size=20)
    assert rn.gradient(net, X[:12], readout) == pytest.approx(readout @ rn.jacobian(net, X[:12]))


def test_signs_have_no_derivative_and_a_step_must_be_positive():
    with pytest.raises(ValueError, match="activation = 'sign': expected one with a derivative"):
        rn.tangent(rn.network("plain", "sign"), X, V)
    with pytest.raises(ValueError, match="activation = 'sign': expected one with a derivative"):
        rn.gradient(rn.network("plain", "sign"), X, V)
    with pytest.raises(ValueError, match="step = 0: expected a positive number"):
        rn.central_difference(rn.network(), X, V, 0)


def test_a_relu_network_is_straight_at_small_steps_as_no_cipher_is():
    net = rn.network("plain", "relu", depth=8)
    unit = V / np.linalg.norm(V)
    assert np.abs(rn.second_difference(net, X, unit, 1e-4)).max() < 1e-13 < 1e-6 < np.abs(
        rn.second_difference(net, X, unit, 1.0)).max()  # fmt: skip
    assert rn.second_difference(net, X, unit, 0.5) == pytest.approx(
        rn.forward(net, X + unit) - 2 * rn.forward(net, X + unit / 2) + rn.forward(net, X)
    )


# Signs flipped by one sign flipped


@pytest.mark.parametrize("kind", rn.KINDS)
@pytest.mark.parametrize("activation", ["sign", "relu"])
@pytest.mark.parametrize("depth", [0, 1, 6])
def test_flips_follow_the_law_of_wide_layers(kind, activation, depth):
    measured = rn.network_avalanche(kind, activation, depth, width=128)
    assert measured == pytest.approx(rn.wide_avalanche(kind, activation, depth, inputs=128), rel=0.12)


def test_the_angle_before_any_layer_is_sheppards():
    """Sheppard (1899): normal numbers of correlation 1 - 2/n differ in sign with chance arccos(1 - 2/n)/pi."""
    assert rn.wide_avalanche("plain", "relu", 0, inputs=64) == pytest.approx(math.acos(1 - 2 / 64) / math.pi)
    assert rn.wide_avalanche("plain", "sign", 1, inputs=2) == pytest.approx(0.5)  # orthogonal stays so


def test_one_layer_of_relu_has_the_kernel_of_cho_and_saul():
    """Cho and Saul, NIPS 2009: (sin t + (pi - t) cos t)/pi at angle t. At a right angle, 1/pi."""
    assert math.cos(math.pi * rn.wide_avalanche("plain", "relu", 1, inputs=2)) == pytest.approx(1 / math.pi)
    # with a residual of gain 2 on a stream of size 1: (0 + 4/pi)/5; normalised, a second layer adds 4 to 5, not 20
    assert math.cos(math.pi * rn.wide_avalanche("residual", "relu", 1, 2.0, 2)) == pytest.approx(4 / math.pi / 5)
    first = 4 / math.pi / 5
    image = (math.sin(math.acos(first)) + (math.pi - math.acos(first)) * first) / math.pi
    for kind, added in (("normalised", 4), ("residual", 20)):
        expected = (5 * first + added * image) / (5 + added)
        assert math.cos(math.pi * rn.wide_avalanche(kind, "relu", 2, 2.0, 2)) == pytest.approx(expected)
    signs = rn.wide_avalanche("residual", "sign", 2, 2.0, 8)
    once = (0.75 + 4 * (1 - 2 * math.acos(0.75) / math.pi)) / 5
    assert math.cos(math.pi * signs) == pytest.approx((5 * once + 4 * (1 - 2 * math.acos(once) / math.pi)) / 9)


def test_a_random_network_of_signs_mixes_as_a_cipher_and_one_of_relu_does_not():
    signs, relu = rn.network_avalanche("plain", "sign", 16), rn.network_avalanche("plain", "relu", 16)
    assert signs == pytest.approx(0.5, abs=0.01) and abs(simon_avalanche(16) - 0.5) < 0.01
    assert relu < 0.08 and relu < rn.network_avalanche("plain", "relu", 0)  # the outputs even draw together


def test_depth_mixes_a_network_of_large_weights_and_residuals_and_scaling_slow_it():
    """Poole et al., NeurIPS 2016: tanh layers of large weights are chaotic, of small ones ordered."""
    plain, residual, normalised = (rn.network_avalanche(kind, "tanh", 12, 4.0) for kind in rn.KINDS)
    assert plain > 0.4 > residual > 0.2 > normalised
    assert rn.network_avalanche("plain", "tanh", 12, 0.5) < 0.1
    net = rn.network("plain", "tanh", 12, gain=4.0)
    assert avalanche(rn.sign_flips(net, 20)) == pytest.approx(plain, abs=0.05) and rn.sign_flips(net, 5).shape == (
        64,
        64,
    )


@pytest.mark.parametrize(("kind", "activation"), [("ring", "relu"), ("plain", "tanh")])
def test_the_law_is_known_for_relu_and_sign_only(kind, activation):
    with pytest.raises(ValueError, match=f"'{kind}', '{activation}': expected one of plain"):
        rn.wide_avalanche(kind, activation, 2)


# Growth of small differences


@pytest.mark.parametrize("kind", rn.KINDS)
@pytest.mark.parametrize(("depth", "gain"), [(1, 0.5), (4, 1.0), (12, 0.7), (0, 2.0)])
def test_small_differences_grow_as_the_closed_forms_say(kind, depth, gain):
    expected = CLOSED[kind](branch_gain=gain, n_layers=max(depth, 1)) if depth else 1.0
    assert rn.growth(kind, depth, gain) == pytest.approx(expected, rel=0.08)


# Steps that are aimed


@pytest.mark.parametrize("kind", rn.KINDS)
@pytest.mark.parametrize("inputs", [16, 256])
def test_a_signed_step_moves_the_output_by_the_expected_multiple(kind, inputs):
    assert rn.adversarial_gain(kind, inputs=inputs) == pytest.approx(c.signed_step_gain(in_bits=inputs), rel=0.1)


def test_no_step_of_its_size_moves_a_linear_readout_further():
    net, readout = rn.network(depth=0, width=4, inputs=6), np.array([1.0, -2.0, 0.5, 3.0])
    step = rn.signed_step(net, np.zeros(6), readout, 0.1)
    assert np.abs(step) == pytest.approx(0.1)
    every = 0.1 * (2 * np.array(list(np.ndindex(*[2] * 6))) - 1)
    assert float(step @ net.first.T @ readout) == pytest.approx((every @ net.first.T @ readout).max())


def test_decisions_turn_under_aimed_steps_of_a_size_that_random_ones_survive():
    """Of a linear readout of normal inputs a share erf(e sqrt(n/pi)) turns, against arctan(e)/pi at random."""
    aimed, random = rn.decisions_changed("signed", 0.1, inputs=144), rn.decisions_changed("random", 0.1, inputs=144)
    assert aimed == pytest.approx(math.erf(0.1 * math.sqrt(144 / math.pi)), abs=0.09)
    assert random == pytest.approx(math.atan(0.1) / math.pi, abs=0.03)
    assert rn.decisions_changed("signed", 0.0, inputs=144) == 0


def test_an_aim_is_one_of_two():
    with pytest.raises(ValueError, match="aim = 'sideways': expected signed or random"):
        rn.decisions_changed("sideways", 0.1)
