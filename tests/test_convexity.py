"""Contraction factors against closed forms, and against runs that may violate them."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory.conditions import convexity
from sparsetheory.conditions.convexity import _contractions
from sparsetheory.conditions.isometry import Isometry, IsometrySide

GOLDEN = (1 + np.sqrt(5)) / 2
ROUNDING = 1e-9
numbers = some.floats(0.01, 10)


def tall(seed, n=12, m=300):
    return np.random.default_rng(seed).standard_normal((m, n)) / np.sqrt(m)


def two_taps(tap, n=20):
    """Neighbours have inner product `tap`, nearly, and columns have norm one."""
    angle = np.arcsin(2 * tap) / 2
    return st.BlockCirculant([[[np.cos(angle), np.sin(angle)]]], n)


def path_constant(tap, k):
    """The isometry constant of `two_taps`: k neighbours form a path."""
    return 2 * tap * np.cos(np.pi / (k + 1))


def extremes(A, s):
    """Return the extreme eigenvalues over all supports, by enumeration."""
    G = A.T @ A
    S = np.array(list(itertools.combinations(range(len(G)), s)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, 0].min(), w[:, -1].max()


def signals(n, k, count, rng):
    """Yield sparse signals and sparse starts, on supports that overlap at random."""
    for _ in range(count):
        x, start = np.zeros(n), np.zeros(n)
        x[rng.choice(n, k, replace=False)] = rng.standard_normal(k)
        start[rng.choice(n, k, replace=False)] = rng.standard_normal(k)
        yield x, start


def iterate(contraction, A, y, k, z):
    if contraction.algorithm == "iht":
        return st.iht(A, y, k, step=contraction.step, x0=z, max_iter=1, tol=0).x
    with quiet():
        return st.htp(A, y, k, step=contraction.step, x0=z, max_iter=1).x


def largest_ratio(contraction, A, k, rng, count=150, steps=6):
    """Return the largest contraction of any step of any run."""
    worst = 0.0
    for x, z in signals(A.shape[1], k, count, rng):
        y = A @ x

        def size(z, y=y, x=x):
            if contraction.measure == "loss":
                return np.sum((y - A @ z) ** 2)
            return np.linalg.norm(z - x)

        for _ in range(steps):
            z, before = iterate(contraction, A, y, k, z), size(z)
            if before < 1e-6:
                break
            worst = max(worst, size(z) / before)
    return worst


@given(numbers, numbers, some.floats(1e-3, 1e3))
def test_no_step_beats_the_best_one(a, b, step):
    alpha, beta = sorted((a, b))
    best = float(st.gradient_rate(alpha, beta))
    kappa = beta / alpha
    assert_allclose(best, (kappa - 1) / (kappa + 1), atol=1e-12)
    assert best <= st.gradient_rate(alpha, beta, step) + 1e-12


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1.0, 4e307])
def test_the_best_rate_does_not_depend_on_the_scale_nor_leave_the_floats(scale):
    assert_allclose(st.gradient_rate([scale, 2 * scale, 0], 4 * scale), [0.6, 1 / 3, 1])
    assert st.gradient_rate(1e300, 1e308, 1e300) == np.inf


@given(numbers, some.floats(0.1, 5))
def test_gradient_rate_is_a_spectral_norm(spread, step):
    w = np.linspace(1, 1 + spread, 5)
    expected = np.linalg.norm(np.eye(5) - step * np.diag(w), 2)
    assert_allclose(st.gradient_rate(1, 1 + spread, step), expected, rtol=1e-12)


@given(some.integers(1, 30), some.integers(1, 30))
def test_thresholding_attains_its_factor(nonzeros, more):
    K, k = nonzeros, nonzeros + more - 1
    r = K / k
    factor = float(st.threshold_factor(r))
    # All entries of u are alike, and the k outside of x are the ones that are kept.
    height = np.linspace(1, 10, 100_001)
    moved = k + K * height**2, k + K * (height - 1) ** 2
    assert_allclose(np.sqrt(moved[0] / moved[1]).max(), factor, rtol=1e-8)
    assert_allclose(factor - 1 / factor, np.sqrt(r), rtol=1e-12)


@given(some.integers(0, 10**6))
def test_thresholding_stays_within_its_factor(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 12)
    k = rng.integers(1, n + 1)
    K = rng.integers(1, k + 1)
    x, u = np.zeros(n), rng.standard_normal(n)
    x[:K] = 3 * rng.standard_normal(K)
    kept = np.zeros(n)
    places = np.argsort(-np.abs(u))[:k]
    kept[places] = u[places]
    factor = st.threshold_factor(K / k) + 1e-12
    assert np.linalg.norm(kept - x) <= factor * np.linalg.norm(u - x)


def test_known_thresholds_are_where_the_factors_are_one():
    thresholds = {
        name: st.RIP_CONDITIONS[name].threshold
        for name in ("iht 0.618", "iht 1/sqrt(3)", "grades")
    }
    delta = thresholds["iht 0.618"]
    assert_allclose(st.iht_rate(1 - delta, 1 + delta, 1.0), 1)
    delta = thresholds["iht 1/sqrt(3)"]
    kappa = (1 + delta) / (1 - delta)
    assert_allclose(st.htp_rate(1 - delta, 1 + delta, 1.0, kappa=kappa), 1)
    delta = thresholds["grades"]
    assert_allclose(st.grades_rate((1 + delta) / (1 - delta)), 1)


@given(some.floats(1, 100))
def test_keeping_more_entries_makes_up_for_the_condition(kappa):
    more = float(st.iht_expansion(kappa))
    rate = float(st.iht_rate(1, kappa, ratio=1 / more))
    if more > 1:
        assert_allclose(rate, 1, rtol=1e-9)
    else:
        assert kappa <= 2 + np.sqrt(5) + 1e-9
        assert rate <= 1 + 1e-9


def test_iht_that_keeps_more_entries_finds_a_signal_in_ill_conditioned_data():
    # The spectrum bounds the constants of every order.
    rng = np.random.default_rng(0)
    n, kappa = 40, 10.0
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    A = (
        Q
        * np.sqrt(np.linspace(1, kappa, n))
        @ np.linalg.qr(rng.standard_normal((n, n)))[0]
    )
    k = int(np.ceil(st.iht_expansion(kappa)))
    rate = float(st.iht_rate(1, kappa, ratio=1 / k))
    assert k == 7
    assert rate < 1
    for at in range(n):
        x, z = np.zeros(n), np.zeros(n)
        x[at] = 1
        for _ in range(10):
            before = np.linalg.norm(z - x)
            z = st.iht(A, A @ x, k, step=2 / 11, x0=z, max_iter=1, tol=0).x
            assert np.linalg.norm(z - x) <= rate * before + ROUNDING


def test_convexity_and_smoothness_are_extreme_eigenvalues():
    A = tall(0, 10, 14)
    for s in (1, 2, 4):
        found = st.rip_constant(A, s, both=True)
        alpha, beta = extremes(A, s)
        assert_allclose(found.convexity, [alpha, alpha], atol=1e-9)
        assert_allclose(found.smoothness, [beta, beta], atol=1e-9)
        assert_allclose(found.kappa, beta / alpha, rtol=1e-8)


def test_convexity_is_zero_beyond_the_rows():
    found = st.rip_constant(tall(0, 10, 4), 5, both=True)
    assert_allclose(found.convexity, 0, atol=1e-12)


def test_factors_of_a_two_tap_layer_have_closed_forms():
    tap, k = 0.08, 3
    found = st.convergence_bounds(two_taps(tap), k, step=1.0)
    d1, d2, d3 = (path_constant(tap, s) for s in (k, 2 * k, 3 * k))
    expected = [
        d1,
        np.sqrt(8) * d3,
        np.sqrt(3) * d3,
        GOLDEN * d3,
        np.sqrt(2 * d3**2 / (1 - d2**2)),
        2 * d2 / (1 - d2),
    ]
    assert_allclose([c.factor for c in found.contractions], expected, atol=1e-9)
    assert [c.order for c in found.contractions] == [3, 9, 9, 9, 9, 6]
    assert_allclose(found.contractions[-1].step, 1 / (1 + d2))
    assert found.verify(two_taps(tap))
    assert not found.verify(two_taps(tap + 1e-3))


def test_the_best_step_takes_away_the_scale():
    A = tall(1)
    plain = st.convergence_bounds(A, 2)
    scaled = st.convergence_bounds(3 * A, 2)
    for one, other in zip(plain.contractions, scaled.contractions, strict=True):
        assert_allclose(one.factor, other.factor, rtol=1e-9)
        assert_allclose(one.step, 9 * other.step, rtol=1e-9)
    alpha, beta = extremes(A, 6)
    assert_allclose(plain.contractions[0].step, 2 / (alpha + beta), rtol=1e-9)


def test_masked_descent_attains_its_factor():
    A, k = tall(2), 3
    found = st.convergence_bounds(A, k, step=0.7)
    first = found.contractions[0]
    worst = 0.0
    for S in itertools.combinations(range(A.shape[1]), k):
        M = np.eye(k) - 0.7 * A[:, S].T @ A[:, S]
        e = np.linalg.eigh(M)[1][:, [0, -1]]
        worst = max(worst, np.linalg.norm(M @ e, axis=0).max())
    assert_allclose(first.factor, worst, atol=1e-9)


@pytest.mark.parametrize("step", [None, 1.0, 0.7])
@pytest.mark.parametrize(
    ("A", "k"),
    [(tall(3, 12, 40), 1), (tall(4), 2), (tall(4), 3), (two_taps(0.1), 2)],
    ids=["1", "2", "3", "layer"],
)
def test_no_step_of_any_run_violates_a_bound(A, k, step):
    rng = np.random.default_rng(5)
    found = st.convergence_bounds(A, k, step=step)
    assert any(c.recovers for c in found.contractions)
    for contraction in found.contractions[1:]:
        ratio = largest_ratio(contraction, A, k, rng)
        assert ratio <= contraction.factor * (1 + ROUNDING)


def test_a_bound_for_the_wrong_step_is_violated():
    A, k = tall(3, 12, 40), 1
    found = st.convergence_bounds(A, k, step=1.0)
    wrong = dataclasses.replace(found.contractions[3], step=1.9)
    assert largest_ratio(wrong, A, k, np.random.default_rng(0)) > wrong.factor


def test_scale_breaks_a_unit_step():
    A, k = 2 * tall(4), 2
    found = st.convergence_bounds(A, k, step=1.0)
    assert not any(c.recovers for c in found.contractions if c.step == 1.0)
    x = np.zeros(A.shape[1])
    x[:k] = 1
    with quiet():
        diverged = st.iht(A, A @ x, k, step=1.0, max_iter=50).x
    assert np.linalg.norm(diverged - x) > 1e3


def bracket(k, rounding=0.0):
    """An isometry constant of which the ends are known alone."""
    ends = ((0.1, 0.3), (0.2, 0.4))
    sides = [IsometrySide(*end, np.arange(k), None, rounding) for end in ends]
    return Isometry(k, *sides, normalised=False)


def test_the_ends_of_a_bracket_change_places():
    assert_allclose(bracket(3).convexity, (0.6, 0.8))
    assert_allclose(bracket(3).smoothness, (1.1, 1.3))


def test_factors_take_the_far_ends_and_what_rounding_may_have_added(monkeypatch):
    monkeypatch.setattr(
        convexity, "rip_constant", lambda A, k, **options: bracket(k, 0.05)
    )
    alpha, beta = 0.55, 1.35
    found = st.convergence_bounds(np.eye(9), 2).contractions
    assert_allclose(found[0].step, 2 / (alpha + beta))
    d = (beta - alpha) / (beta + alpha)
    expected = [d, 8**0.5 * d, 3**0.5 * d, GOLDEN * d, np.sqrt(2 * d * d / (1 - d * d))]
    assert_allclose([c.factor for c in found], [*expected, beta / alpha - 1])
    assert_allclose(found[-1].step, 1 / beta)


def test_factors_hold_although_time_is_up():
    A = np.random.default_rng(0).standard_normal((300, 60)) / np.sqrt(300)
    found = st.convergence_bounds(A, 2, step=1.0, time_limit=1e-3)
    assert not all(i.exact for i in found.isometries)
    near = found.isometries[2]
    least = float(st.iht_rate(near.convexity[1], near.smoothness[0], 1.0))
    assert found.contractions[3].factor > least


@pytest.mark.parametrize("limit", [None, 30.0])
def test_an_interrupted_constant_leaves_no_time_to_the_others(monkeypatch, limit):
    limits = []

    def stop(*args, time_limit, **options):
        limits.append(time_limit)
        found = st.rip_constant(*args, time_limit=time_limit, **options)
        return dataclasses.replace(found, interrupted=len(limits) == 1)

    monkeypatch.setattr("sparsetheory.conditions.convexity.rip_constant", stop)
    A = np.random.default_rng(0).standard_normal((6, 9))
    found = st.convergence_bounds(A, 2, time_limit=limit)
    assert [i.interrupted for i in found.isometries] == [True, False, False]
    assert limits[1:] == [1e-3, 1e-3]


def test_a_wrong_factor_is_not_verified():
    A = tall(6)
    found = st.convergence_bounds(A, 1)
    assert found.verify(A)
    wrong = dataclasses.replace(found.contractions[3], factor=0.1)
    rest = (*found.contractions[:3], wrong, *found.contractions[4:])
    assert not dataclasses.replace(found, contractions=rest).verify(A)
    assert not dataclasses.replace(found, k=2).verify(A)


def test_factors_of_constants_that_are_forged_are_not_verified():
    A = tall(6)
    found = st.convergence_bounds(A, 1)
    parts = tuple(
        dataclasses.replace(
            i,
            above=dataclasses.replace(i.above, upper=0.0),
            below=dataclasses.replace(i.below, upper=0.0),
        )
        for i in found.isometries
    )
    step = found.contractions[0].step
    for isometries in (
        parts,
        tuple(st.rip_constant(A, i.k, normalise=True) for i in found.isometries),
    ):
        contractions = _contractions(isometries, step)
        forged = dataclasses.replace(
            found, isometries=isometries, contractions=contractions
        )
        assert not forged.verify(A)
    nothing = tuple(dataclasses.replace(c, factor=0.0) for c in found.contractions)
    assert not dataclasses.replace(found, contractions=nothing).verify(A)
    assert not dataclasses.replace(found, contractions=()).verify(A)
    for step in (-1.0, 0.0, np.nan, np.inf):
        steps = tuple(dataclasses.replace(c, step=step) for c in found.contractions)
        assert not dataclasses.replace(found, contractions=steps).verify(A)


def test_orders_end_at_the_number_of_columns():
    found = st.convergence_bounds(tall(7, 4, 50), 2)
    assert [i.k for i in found.isometries] == [2, 4, 4]
    assert found.verify(tall(7, 4, 50))


def test_without_convexity_nothing_is_promised_of_all_signals():
    found = st.convergence_bounds(tall(0, 10, 4), 2)
    assert found.contractions[0].recovers
    assert not any(c.recovers for c in found.contractions[1:4])
    assert found.contractions[3].factor >= GOLDEN * (1 - 1e-12)


def test_with_too_few_rows_for_two_signals_no_algorithm_is_promised_anything():
    found = st.convergence_bounds(tall(0, 10, 3), 2)
    assert [c.factor for c in found.contractions[-2:]] == [np.inf, np.inf]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: st.gradient_rate(2, 1), "got 2.0, 1.0"),
        (lambda: st.gradient_rate([0.5, -1], 1), "got -1.0, 1.0"),
        (lambda: st.gradient_rate(0, 0), "beta > 0, got 0.0, 0.0"),
        (lambda: st.gradient_rate(np.nan, 1), "got nan, 1.0"),
        (lambda: st.gradient_rate(1, np.inf), "got 1.0, inf"),
        (lambda: st.gradient_rate(1, 2, 0), "step must be positive and finite, got 0"),
        (lambda: st.iht_rate(1, 2, ratio=1.5), r"ratio must lie in \[0, 1\], got 1.5"),
        (lambda: st.grades_rate(0.5), "kappa must be at least 1, got 0.5"),
        (lambda: st.htp_rate(1, 2, kappa=np.nan), "kappa must be at least 1, got nan"),
        (lambda: st.iht_expansion([2, 0]), "kappa must be at least 1, got 0.0"),
        (lambda: st.convergence_bounds(tall(0), 0), r"k must be in 1..12, got 0"),
        (lambda: st.convergence_bounds(tall(0), 1, step=-1), "step must be positive"),
        (lambda: st.convergence_bounds(tall(0), 1, time_limit=0), "time_limit"),
        (lambda: st.convergence_bounds(np.zeros((3, 4)), 1), "A must not be zero"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
