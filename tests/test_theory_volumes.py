"""Exact laws: theorems on cones, closed forms, reference numbers, Monte Carlo.

The reference numbers were computed once from another implementation.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import erf

from sparsetheory.theory.curves import l1_statistical_dimension
from sparsetheory.theory.finite import l1_success_probability
from sparsetheory.theory.volumes import (
    l1_exact_success_probability,
    l1_intrinsic_volumes,
    nonnegative_exact_success_probability,
    nonnegative_intrinsic_volumes,
)

VOLUMES = (l1_intrinsic_volumes, nonnegative_intrinsic_volumes)
PROBABILITIES = (l1_exact_success_probability, nonnegative_exact_success_probability)
BOTH = pytest.mark.parametrize("volumes", VOLUMES)
SIZES = [(2, 1), (5, 3), (60, 1), (60, 20), (60, 59), (400, 3), (400, 150)]

L1 = {  # (n, m): {k: probability of success}
    (100, 10): {1: 0.9432231915818337, 2: 0.5250969031570396, 3: 0.14921427805708176},
    (100, 50): {16: 0.8885408885013186, 19: 0.59200136928225, 24: 0.10260207954720868},
    (100, 90): {54: 0.9008160182100827, 63: 0.4639768507111335, 71: 0.0905529066701104},
    (200, 20): {2: 0.9820336738589373, 4: 0.4800345289517626, 6: 0.05350654942298272},
    (200, 100): {30: 0.9829455598612004, 39: 0.5023089246725749},
    (400, 200): {69: 0.9167762906786681, 77: 0.5371741448375242},
    (400, 360): {229: 0.8975661977559106, 245: 0.5154505210697227},
    (800, 200): {48: 0.8953257252804233, 54: 0.4776146568681615},
    (800, 600): {303: 0.9006124866681224, 339: 0.10337981110802552},
}
NONNEGATIVE = {
    (100, 10): {1: 0.9820840543986413, 2: 0.7529322915177095, 4: 0.1150256298102097},
    (100, 50): {24: 0.8964501320996954, 29: 0.4737265351588743},
    (100, 90): {78: 0.8821589958838385, 88: 0.03748636241324799},
    (400, 40): {7: 0.9478287984001033, 10: 0.4722727139419679},
    (400, 200): {103: 0.8960344794068953, 122: 0.10471306618672216},
    (800, 600): {444: 0.9001838713894028, 478: 0.08907394751022912},
}


@pytest.mark.parametrize(
    ("probability", "table"),
    [(PROBABILITIES[0], L1), (PROBABILITIES[1], NONNEGATIVE)],
    ids=["l1", "nonnegative"],
)
def test_probabilities_are_the_reference(probability, table):
    for (n, m), law in table.items():
        found = [probability(n, k)[m] for k in law]
        assert_allclose(found, list(law.values()), rtol=0, atol=3e-12)


@BOTH
@pytest.mark.parametrize(("n", "k"), SIZES)
def test_volumes_are_a_law_and_satisfy_gauss_and_bonnet(volumes, n, k):
    v = volumes(n, k)
    assert v.shape == (n + 1,)
    assert np.all(v >= 0)
    assert_allclose(v[::2].sum(), 0.5, rtol=0, atol=1e-12)
    assert_allclose(v[1::2].sum(), 0.5, rtol=0, atol=1e-12)
    assert np.all(v[: k - 1] == 0), "the cone holds a subspace of dimension k - 1"


@BOTH
@pytest.mark.parametrize("k", [1, 400, 1999])
def test_volumes_stay_accurate_at_two_thousand(volumes, k):
    assert_allclose(volumes(2000, k).sum(), 1, rtol=0, atol=1e-11)


@pytest.mark.parametrize("n", [1, 2, 4, 30])
def test_polar_of_the_cone_at_a_vertex_is_one_face_of_the_cube(n):
    assert_allclose(l1_intrinsic_volumes(n, 1)[0], 1 / (2 * n), rtol=1e-12)


def test_cone_at_a_vertex_tiles_the_plane_and_four_dimensions():
    # The squares' quadrant; the cone over an octahedron of the 24-cell.
    assert_allclose(l1_intrinsic_volumes(2, 1)[2], 1 / 4, rtol=1e-12)
    assert_allclose(l1_intrinsic_volumes(4, 1)[4], 1 / 24, rtol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 9, 99, 999])
def test_one_zero_entry_is_a_plane_angle(k):
    l1 = l1_exact_success_probability(k + 1, k)
    assert_allclose(l1[k], 2 / np.pi * np.arctan(1 / np.sqrt(k)), rtol=1e-11)
    plus = nonnegative_exact_success_probability(k + 1, k)
    angle = np.arcsin(1 / np.sqrt(k + 1)) / np.pi
    assert_allclose(plus[k], 0.5 + angle, rtol=1e-11)
    assert_allclose([l1[k - 1], plus[k - 1]], 0, atol=1e-12)


@pytest.mark.parametrize("probability", PROBABILITIES)
def test_ends_of_the_exact_law(probability):
    assert_allclose(probability(5, 0), np.ones(6))
    assert_allclose(probability(5, 5), [0, 0, 0, 0, 0, 1])
    assert_allclose(probability(1, 1), [0, 1])
    P = probability(300, 60)
    assert P[0] == 0.0
    assert P[300] == 1.0
    assert np.all(P[:60] == 0), "fewer rows than nonzeros"
    assert P[60] > 0
    assert np.all(np.diff(P) >= -1e-12)
    assert np.all((P >= 0) & (P <= 1))


def test_small_probabilities_keep_their_digits():
    # m = k: only the lowest volume counts.
    n, k = 80, 40

    def integrand(t):
        return np.exp(-k * t * t / 2) * erf(t / np.sqrt(2)) ** (n - k)

    cone = quad(integrand, 0, 5, epsabs=0, epsrel=1e-12)[0]
    P = l1_exact_success_probability(n, k)[k]
    assert P < 1e-14
    assert_allclose(P, 2 * np.sqrt(k / (2 * np.pi)) * cone, rtol=1e-10)


def test_knowing_the_signs_never_hurts():
    for k in (3, 20, 50):
        free, known = (p(100, k) for p in PROBABILITIES)
        assert np.all(known >= free - 1e-12)


@pytest.mark.parametrize(("n", "k"), [(100, 1), (100, 30), (900, 100)])
def test_mean_dimension_is_the_statistical_dimension(n, k):
    mean = l1_intrinsic_volumes(n, k) @ np.arange(n + 1)
    excess = n * float(l1_statistical_dimension(k / n)) - mean
    assert 0 <= excess <= np.sqrt(n / k) + 1


@pytest.mark.parametrize(("n", "bound"), [(100, 0.03), (400, 0.015)])
def test_the_approximation_is_near(n, bound):
    m = np.arange(n // 10, n)
    for k in (2, n // 20, n // 5, n // 2):
        exact = l1_exact_success_probability(n, k)[m]
        assert np.abs(exact - l1_success_probability(n, m, k)).max() <= bound


def recovered(n, k, trials, nonnegative, rng):
    """Count successes with m = n - 2 rows: on a plane, its kinks decide."""
    X, Y = rng.standard_normal((2, trials, n))
    # direction i of trial t has d_i = 0 there:
    D = Y[:, k:, None] * X[:, None, :] - X[:, k:, None] * Y[:, None, :]
    D = np.concatenate([D, -D], axis=1)
    support, rest = D[..., :k].sum(-1), D[..., k:]
    if not nonnegative:
        return int(np.all(support + np.abs(rest).sum(-1) > 0, axis=1).sum())
    feasible = np.all(rest >= -1e-12 * np.abs(D).max(-1, keepdims=True), axis=-1)
    return int(np.all(~feasible | (support + rest.sum(-1) > 0), axis=1).sum())


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize(("n", "k"), [(4, 1), (7, 3), (12, 9)])
def test_random_planes_meet_the_cone_as_often_as_the_law_says(n, k, nonnegative):
    trials = 20_000
    rng = np.random.default_rng(n)
    P = PROBABILITIES[nonnegative](n, k)
    error = 5 * np.sqrt(P[n - 2] * (1 - P[n - 2]) / trials)
    frequency = recovered(n, k, trials, nonnegative, rng) / trials
    assert abs(frequency - P[n - 2]) < error
    # controls: one row less, one nonzero more, the other constraint
    assert abs(frequency - P[n - 3]) > error
    assert abs(frequency - PROBABILITIES[nonnegative](n, k + 1)[n - 2]) > error
    assert abs(frequency - PROBABILITIES[not nonnegative](n, k)[n - 2]) > error


@BOTH
@pytest.mark.parametrize("sizes", [(0, 0), (5, 6), (5, -1), (5, 2.5), (5, np.nan)])
def test_impossible_sizes_are_named(volumes, sizes):
    with pytest.raises(ValueError, match=r"n, k must be whole .* got \("):
        volumes(*sizes)
