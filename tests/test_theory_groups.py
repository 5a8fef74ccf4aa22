"""Groups and boxes: special cases that are known, definitions, reference numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import binom, chi, norm

from sparsetheory.theory.curves import l1_statistical_dimension, l1_weak_threshold
from sparsetheory.theory.finite import l1_success_probability
from sparsetheory.theory.groups import (
    box_success_probability,
    box_weak_threshold,
    group_statistical_dimension,
    group_success_probability,
    group_weak_threshold,
)

DELTA = np.linspace(0.05, 0.95, 10)

REFERENCE = {  # size: rho at delta = .05, .1, .15, .9, .95; another implementation
    2: (
        0.22457249008448,
        0.264339927038808,
        0.294885231787405,
        0.715806506288754,
        0.787316131864687,
    ),
    3: (
        0.266756246977264,
        0.306824413926003,
        0.336864750645032,
        0.730015235201499,
        0.797201435462197,
    ),
    8: (
        0.357608165826183,
        0.392772682182744,
        0.418224436081804,
        0.748623531672663,
        0.809803824584287,
    ),
    64: (
        0.465570804839928,
        0.484906815088131,
        0.49912469713546,
        0.758371782162508,
        0.816334805956132,
    ),
    np.inf: (
        0.506411310382072,
        0.513167019494862,
        0.520303695138075,
        0.759746926647958,
        0.817256002368443,
    ),
}
FINITE = {  # (groups, size, m, active): P
    (200, 2, 200, 46): 0.5004811367133277,
    (100, 4, 200, 25): 0.6357705230597603,
    (100, 4, 200, 27): 0.22450953537385743,
    (50, 8, 100, 6): 0.34804461382162255,
    (50, 16, 400, 14): 0.5755580054422436,
}


@pytest.mark.parametrize(("size", "rho"), REFERENCE.items(), ids=str)
def test_thresholds_are_the_reference(size, rho):
    found = group_weak_threshold([0.05, 0.1, 0.15, 0.9, 0.95], size)
    assert_allclose(found, rho, rtol=2e-14)


def test_groups_of_one_are_l1():
    delta = np.concatenate([10.0 ** -np.arange(1, 280, 30), DELTA])
    assert_allclose(
        group_weak_threshold(delta, 1), l1_weak_threshold(delta), rtol=1e-12
    )
    psi = group_statistical_dimension(DELTA, 1)
    assert_allclose(psi, l1_statistical_dimension(DELTA), rtol=1e-12)
    k = np.arange(1, 100, 7)
    P = group_success_probability(200, 1, 100, k)
    assert_allclose(P, l1_success_probability(200, 100, k), rtol=1e-9, atol=1e-15)


def test_groups_of_two_are_complex_signals():
    # chi_2 is a Rayleigh variable: E(chi_2 - t)_+ = sqrt(2 pi) Q(t), and so on.
    for delta in (0.1, 0.4, 0.8):

        def used(t):
            ratio = np.sqrt(2 * np.pi) * norm.sf(t) / t
            return ratio / (1 + ratio)

        def rows(t):
            second = 2 * np.exp(-t * t / 2) - 2 * t * np.sqrt(2 * np.pi) * norm.sf(t)
            return (used(t) * (2 + t * t) + (1 - used(t)) * second) / 2

        t = brentq(lambda t, d=delta: rows(t) - d, 1e-3, 10, xtol=1e-14)
        assert_allclose(group_weak_threshold(delta, 2), used(t) / delta, rtol=1e-11)


@pytest.mark.parametrize("size", [1, 3, 20, 500])
def test_statistical_dimension_by_its_definition(size):
    for s in (0.02, 0.3, 0.9):

        def cost(t, s=s):
            off = quad(
                lambda x: (x - t) ** 2 * chi.pdf(x, size), t, t + np.sqrt(size) + 12
            )[0]
            return (s * (size + t * t) + (1 - s) * off) / size

        best = minimize_scalar(cost, bounds=(0, np.sqrt(size) + 5), method="bounded")
        assert_allclose(group_statistical_dimension(s, size), best.fun, rtol=1e-7)


@pytest.mark.parametrize("size", [1, 2, 7, 100, 10_000, np.inf])
def test_threshold_is_where_the_statistical_dimension_is_delta(size):
    rho = group_weak_threshold(DELTA, size)
    psi = group_statistical_dimension(rho * DELTA, size)
    assert_allclose(psi, DELTA, rtol=1e-12)


def test_larger_groups_recover_more_up_to_the_limit():
    sizes = [1, 2, 3, 10, 100, 10_000, np.inf]
    rho = np.array([group_weak_threshold(DELTA, size) for size in sizes])
    assert np.all(np.diff(rho, axis=0) > -1e-12)
    assert_allclose(rho[-2], rho[-1], atol=0.01)


@pytest.mark.parametrize("size", [1, 2, 50, np.inf])
def test_ends_of_the_group_curves(size):
    assert_allclose(group_weak_threshold(1.0, size), 1)
    assert_allclose(group_weak_threshold(0.0, size), 0.5 if np.isinf(size) else 0)
    assert_allclose(group_statistical_dimension([0.0, 1.0], size), [0, 1])
    assert np.all(np.diff(group_weak_threshold(np.linspace(0, 1, 100), size)) > 0)
    assert 0 < group_weak_threshold(5e-324, size) < 0.51
    assert group_weak_threshold([[0.1, 0.2]], size).shape == (1, 2)


def test_finite_probabilities_are_the_reference():
    found = [group_success_probability(*sizes) for sizes in FINITE]
    assert_allclose(found, list(FINITE.values()), rtol=1e-10)


def test_finite_probability_by_its_definition():
    G, B, m, active = 80, 3, 110, 20
    s = active / G
    t = minimize_scalar(
        lambda t: (
            s * (B + t * t)
            + (1 - s) * quad(lambda x: (x - t) ** 2 * chi.pdf(x, B), t, 15)[0]
        ),
        bounds=(0, 5),
        method="bounded",
        options={"xatol": 1e-10},
    ).x
    M = [
        quad(lambda x, p=p: (x - t) ** p * chi.pdf(x, B), t, 15, epsabs=1e-13)[0]
        for p in range(5)
    ]
    # the variance of s |t u + g|^2, u a unit vector, and of (1 - s)(chi - t)_+^2
    mean = s * (B + t * t) + (1 - s) * M[2]
    variance = s * (2 * B + 4 * t * t) + (1 - s) * (M[4] - M[2] ** 2) - 2 * mean
    shift = (s + (1 - s) * (M[2] - M[1] ** 2)) / (s + (1 - s) * M[0])
    expected = norm.cdf((m - G * mean + shift) / np.sqrt(variance * G))
    found = group_success_probability(G, B, m, active)
    assert_allclose(found, expected, rtol=1e-6)


def test_finite_probability_of_groups_at_the_ends():
    P = group_success_probability(10, 3, [0, 14, 30, 40, 20], [0, 5, 5, 10, 10])
    assert_allclose(P, [1, 0, 1, 1, 0])
    P = group_success_probability(100, 4, np.arange(1, 400), 20)
    assert np.all(np.diff(P) >= 0)
    assert group_success_probability([[50], [60]], 2, 40, [3, 4, 5]).shape == (2, 3)


def test_a_line_meets_the_cone_as_often_as_predicted():
    # m = n - 1: the kernel is one line, and recovery a sum of norms.
    trials, B, G, active = 20_000, 4, 12, 10
    rng = np.random.default_rng(0)
    rest = rng.chisquare(B, (trials, G - active)) ** 0.5
    support = np.sqrt(active) * rng.standard_normal(trials)
    frequency = np.mean(np.abs(support) < rest.sum(1))
    error = 0.03 + 2.5 / np.sqrt(trials)
    P = group_success_probability(G, B, G * B - 1, active)
    assert abs(P - frequency) < error
    assert abs(group_success_probability(G, B, G * B - 2, active) - frequency) > error


@pytest.mark.parametrize("size", [0, -1, 1.5, np.nan])
def test_impossible_sizes_of_groups_are_named(size):
    for call in (group_weak_threshold, group_statistical_dimension):
        with pytest.raises(ValueError, match=f"size must be .* got {size}"):
            call(0.5, size)
    with pytest.raises(ValueError, match="size must be finite, got inf"):
        group_success_probability(10, np.inf, 5, 2)
    with pytest.raises(ValueError, match=r"got \(10.0, 5.0, 11.0\)"):
        group_success_probability(10, 2, 5, 11)
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\]"):
        group_weak_threshold(-0.5, 2)


def test_box_law_is_a_binomial_tail():
    n, m = 60, 45
    k = np.arange(0, 45)
    expected = binom.cdf(m - k - 1, n - k - 1, 0.5)
    assert_allclose(box_success_probability(n, m, k), expected, rtol=1e-12)


@pytest.mark.parametrize("k", [0, 3, 8])
def test_one_missing_row_of_the_box(k):
    # The kernel is a line: it stays inside if its signs off k agree, 2 of 2^(n - k).
    n = 10
    assert_allclose(box_success_probability(n, n - 1, k), 1 - 2.0 ** (1 - n + k))


def test_random_planes_leave_the_orthant_as_often_as_the_law_says():
    n, k, trials = 8, 3, 20_000
    X, Y = np.random.default_rng(1).standard_normal((2, trials, n - k))
    D = Y[:, :, None] * X[:, None, :] - X[:, :, None] * Y[:, None, :]
    D = np.concatenate([D, -D], axis=1)
    rounding = 1e-12 * np.abs(D).max(-1, keepdims=True)
    inside = np.all(D + rounding >= 0, axis=-1)
    frequency = np.mean(~inside.any(axis=1))
    P = box_success_probability(n, n - 2, k)
    error = 5 * np.sqrt(P * (1 - P) / trials)
    assert abs(frequency - P) < error
    assert abs(frequency - box_success_probability(n, n - 2, k + 1)) > error


def test_box_curve_is_the_middle_of_the_box_law():
    n = 1_000_000
    for delta in (0.55, 0.7, 0.9):
        m = round(delta * n)
        k = round(m * float(box_weak_threshold(delta)))
        assert_allclose(box_success_probability(n, m, k), 0.5, atol=0.002)
    assert_allclose(box_weak_threshold([0, 1e-320, 0.5, 0.75, 1]), [0, 0, 0, 2 / 3, 1])


def test_box_law_at_the_ends():
    P = box_success_probability([5, 5, 5, 5, 1], [0, 5, 9, 3, 0], [0, 5, 2, 3, 0])
    assert_allclose(P, [0, 1, 1, 0, 0])
    assert_allclose(box_success_probability(20, 10, 0), 0.5)
    with pytest.raises(ValueError, match=r"whole .* got \(5.0, 2.5, 1.0\)"):
        box_success_probability(5, 2.5, 1)
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\]"):
        box_weak_threshold(1.5)
