"""The irrepresentable condition, of signs, a support and all supports."""

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from designs import equicorrelated, worst_signs
from exact import dot, fractions, gram, solve
from hypothesis import given
from hypothesis import strategies as hs
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st


@pytest.mark.parametrize(
    ("rho", "value"), [(0.1, 0.25), (0.2, 3 / 7), (0.5, 0.75), (0.9, 27 / 28)]
)
def test_equal_correlations_have_the_closed_form(rho, value):
    found = st.irrepresentability(equicorrelated(5, rho), [0, 1, 2], [1, 1, 1])
    assert_allclose(found.value, value, rtol=1e-12)
    assert_allclose(value, 3 * rho / (1 + 2 * rho))
    assert found.holds
    worst = st.irrepresentability(equicorrelated(5, rho), [0, 1, 2])
    assert_allclose(worst.value, value, rtol=1e-12)
    assert_array_equal(np.abs(worst.signs.sum()), 3)


@pytest.mark.parametrize("rho", [0.1, 0.19, 0.2, 0.21])
def test_coherence_is_sharp_for_the_worst_pattern(rho):
    found = st.irrepresentability(worst_signs(3, rho), [0, 1, 2], np.ones(3))
    assert_allclose(found.value, 3 * rho / (1 - 2 * rho), rtol=1e-12)
    assert found.feature == 3
    if rho != 0.2:
        assert found.holds == (rho < 0.2) == (not found.fails)
    else:  # 1 to rounding: neither is claimed
        assert not found.holds
        assert not found.fails


def test_it_is_what_the_definition_says(rng):
    A = rng.standard_normal((12, 9)) * rng.lognormal(size=9)
    on = np.array([7, 2, 4])
    off = np.setdiff1d(np.arange(9), on)
    pinv = np.linalg.pinv(A[:, on])
    for s in product((1.0, -1.0), repeat=3):
        sizes = np.abs(A[:, off].T @ pinv.T @ s)
        found = st.irrepresentability(A, on, s)
        assert_allclose(found.value, sizes.max(), rtol=1e-10)
        assert found.feature == off[sizes.argmax()]
        assert_allclose(found.value, st.dual_certificate(A, on, s).fuchs_peak)
    worst = st.irrepresentability(A, on)
    sums = np.abs(pinv @ A[:, off]).sum(axis=0)
    assert_allclose(worst.value, sums.max(), rtol=1e-10)
    same = st.irrepresentability(A, on, worst.signs)
    assert_allclose(same.value, worst.value, rtol=1e-10)
    assert same.feature == worst.feature
    unit = A / np.linalg.norm(A, axis=0)
    tropp = st.exact_recovery_coefficient(A, on)
    assert_allclose(st.irrepresentability(unit, on).value, tropp, rtol=1e-10)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_worst_of_all_supports_is_found_with_what_attains_it(k, rng):
    A = rng.standard_normal((10, 7)) * rng.lognormal(size=7)
    found = st.worst_irrepresentability(A, k)
    values = {
        on: st.irrepresentability(A, on).value for on in combinations(range(7), k)
    }
    assert_allclose(found.value, max(values.values()), rtol=1e-12)
    assert tuple(found.support) == max(values, key=values.get)
    again = st.irrepresentability(A, found.support, found.signs)
    assert_allclose(again.value, found.value, rtol=1e-9)
    assert again.feature == found.feature
    assert found.rounding < 1e-9


def test_supports_are_gone_through_in_parts(monkeypatch, rng):
    A = rng.standard_normal((10, 7))
    whole = st.worst_irrepresentability(A, 3)
    monkeypatch.setattr("sparsetheory.learning.irrepresentable.BATCH", 30)
    assert st.worst_irrepresentability(A, 3).value == whole.value


@pytest.mark.parametrize("seed", range(40))
def test_rounding_covers_what_exact_arithmetic_gives(seed):
    rng = np.random.default_rng(seed)
    k = 1 + seed % 3
    A, s = rng.standard_normal((5, 6)), rng.choice([-1.0, 1.0], k)
    A[:, 1] = A[:, 0] + 10.0 ** -(seed % 8) * A[:, 1]  # nearly dependent
    A *= 2.0 ** rng.integers(-20, 20, 6)
    G = gram(fractions(A))
    on, off = range(k), range(k, 6)
    GS = [[G[i][j] for j in on] for i in on]
    h = solve(GS, s)
    value = max(abs(dot(h, [G[i][j] for i in on])) for j in off)
    sums = [sum(map(abs, solve(GS, [G[i][j] for i in on]))) for j in off]
    one, every = st.irrepresentability(A, on, s), st.irrepresentability(A, on)
    assert abs(Fraction(one.value) - value) <= Fraction(one.rounding)
    assert abs(Fraction(every.value) - max(sums)) <= Fraction(every.rounding)
    assert max(one.rounding / one.value, every.rounding / every.value) < 1e-2
    worst = st.worst_irrepresentability(A, 1)
    ratios = [abs(G[i][j]) / G[i][i] for i in range(6) for j in range(6) if i != j]
    assert abs(Fraction(worst.value) - max(ratios)) <= Fraction(worst.rounding)
    assert worst.rounding < 1e-12 * worst.value


@pytest.mark.parametrize("power", [-900, 900])
def test_the_scale_of_the_matrix_is_nothing(power, rng):
    A = rng.standard_normal((8, 6))
    for kind in (st.irrepresentability, st.worst_irrepresentability):
        args = ([0, 1],) if kind is st.irrepresentability else (2,)
        found = kind(np.ldexp(A, power), *args)
        assert_allclose(found.value, kind(A, *args).value, rtol=1e-10)


def test_everything_on_the_support_predicts_nothing():
    found = st.irrepresentability(np.eye(3), [2, 0, 1])
    assert (found.value, found.feature) == (0.0, None)
    assert found.holds


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((np.eye(3), []), "support must hold a column"),
        ((np.eye(3), [3]), r"support must lie in 0\.\.2, got 3"),
        ((np.eye(3), [0, 0]), "support must not repeat, got 0"),
        ((np.eye(3), [0], [1, 1]), r"signs must have shape \(1,\)"),
        ((np.eye(3), [0], [2]), r"signs must be \+1 or -1, got 2"),
        ((np.ones((3, 3)), [0, 1]), r"independent columns, got \[0, 1\]"),
        ((np.eye(2, 4), [0, 1, 3]), r"independent columns, got \[0, 1, 3\]"),
        (([[1.0, np.nan]], [0]), "A must be finite, got nan"),
    ],
)
def test_bad_arguments_are_named(args, message):
    with pytest.raises(ValueError, match=message):
        st.irrepresentability(*args)


def test_worst_case_refuses_what_it_cannot_say():
    with pytest.raises(ValueError, match=r"independent columns .* \[0, 1\]"):
        st.worst_irrepresentability(np.ones((3, 3)), 2)
    with pytest.raises(ValueError, match="zero columns, got one at 1"):
        st.worst_irrepresentability(np.diag([1.0, 0.0]), 1)
    with pytest.raises(ValueError, match="at most 1000000 supports"):
        st.worst_irrepresentability(np.eye(60), 20)
    with pytest.raises(ValueError, match=r"k must be in 1\.\.3, got 0"):
        st.worst_irrepresentability(np.eye(3), 0)


@given(
    m=hs.integers(1, 6),
    n=hs.integers(1, 6),
    k=hs.integers(1, 6),
    order=hs.sampled_from("CF"),
    kind=hs.sampled_from(["f8", "f4", "i8"]),
    seed=hs.integers(0, 99),
)
def test_any_shape_order_and_type_of_number(m, n, k, order, kind, seed):
    rng = np.random.default_rng(seed)
    A = np.array(rng.integers(-9, 10, (m, n)), dtype=kind, order=order)
    on = rng.permutation(n)[: min(k, n)]
    x = np.zeros(n)
    x[on] = 1.0
    if np.linalg.matrix_rank(A[:, on]) < on.size:
        with pytest.raises(ValueError, match="independent"):
            st.irrepresentability(A, on)
        return
    found = st.irrepresentability(A, on)
    assert found.value >= 0
    assert found.rounding < 1e-6 * (1 + found.value)
    window = st.sign_window(A, x)
    same = st.irrepresentability(A, on, np.ones(on.size))
    if abs(same.value - 1) > 1e-9:
        assert (window.low < window.high) == (same.value < 1)
    bracket = st.restricted_eigenvalue(A, on, max_cones=200)
    assert 0 <= bracket.lower <= bracket.upper
