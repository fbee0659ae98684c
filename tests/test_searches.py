"""Searches along a line find what algebra finds, and refuse lines on which there is nothing to find."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roofline.searches import bisect, least

roots = st.floats(-1e6, 1e6)


@given(roots, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_bisection_finds_the_root_of_a_line_to_the_last_digits(root, below, above):
    found = bisect(lambda x: x - root, root - below, root + above)
    assert abs(found - root) <= 4 * math.ulp(max(abs(root), below, above))


def test_bisection_finds_a_root_that_algebra_knows():
    assert bisect(lambda x: x**3 - 5, 0, 2) == pytest.approx(5 ** (1 / 3), rel=1e-15)
    assert bisect(math.log, 0.1, 50) == pytest.approx(1, rel=1e-15)


def test_a_root_may_lie_at_an_end():
    assert bisect(lambda x: x, 0, 1) == pytest.approx(0, abs=1e-300)
    assert bisect(lambda x: x - 1, 0, 1) == pytest.approx(1)


@pytest.mark.parametrize(("low", "high"), [(2, 3), (-3, 0), (1, 1), (2, 0)])
def test_without_a_crossing_between_its_ends_bisection_refuses(low, high):
    with pytest.raises(ValueError, match=f"low = {low} and high = {high}"):
        bisect(lambda x: x - 1, low, high)


@given(st.floats(-50, 50), st.floats(0.5, 100), st.floats(0.5, 100))
def test_golden_sections_find_the_bottom_of_a_valley(bottom, left, right):
    found = least(lambda x: (x - bottom) ** 2, bottom - left, bottom + right)
    assert found == pytest.approx(bottom, abs=1e-6)


def test_the_bottom_of_a_kinked_or_one_sided_valley_is_found():
    assert least(lambda x: abs(x - 0.3), 0, 1, 1e-12) == pytest.approx(0.3, abs=1e-11)
    assert least(lambda x: math.inf if x <= 0 else x + 1 / x, 0, 10) == pytest.approx(1, abs=1e-6)
    assert least(lambda x: x, 2, 3) == pytest.approx(2, abs=1e-8)


def test_each_section_costs_one_evaluation():
    asked = []
    least(lambda x: asked.append(x) or (x - 1) ** 2, 0, 2, 1e-6)
    golden = (1 + 5**0.5) / 2
    assert len(asked) == pytest.approx(2 + math.log(2 / 1e-6, golden), abs=1.5)


@pytest.mark.parametrize(("low", "high", "tolerance"), [(1, 1, 1e-9), (2, 1, 1e-9), (0, 1, 0), (0, 1, -1e-3)])
def test_a_search_over_nothing_is_refused(low, high, tolerance):
    with pytest.raises(ValueError, match="low < high and tolerance > 0"):
        least(lambda x: x, low, high, tolerance)
