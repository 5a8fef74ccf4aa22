"""Transition curves: the fit, where its trials stand, and tests of maps."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

import sparsetheory as st
from sparsetheory.experiments.curve import _variances, sample_transition
from sparsetheory.experiments.fit import _penalised
from sparsetheory.solvers.certificates import Verdict


def test_exact_counts_give_the_line_back():
    k = np.arange(10.0, 31.0)
    n = np.full(21, 10**7)
    found = st.fit_transition(k, np.rint(n * expit((19.3 - k) / 2.5)), n)
    assert_allclose([found.k50, found.width], [19.3, 2.5], rtol=1e-4)
    assert found.low < 19.3 < found.high
    assert found.high - found.low < 0.01
    assert not found.separated


def test_estimate_maximises_the_penalised_likelihood(rng):
    k = np.arange(5.0, 12.0)
    X = np.column_stack([np.ones(7), (k - k.mean()) / k.std()])
    n = np.full(7, 6.0)
    s = rng.binomial(6, expit((8.5 - k) / 1.2)).astype(float)
    found = st.fit_transition(k, s, n)
    slope = -k.std() / found.width
    beta = np.array([-slope * (found.k50 - k.mean()) / k.std(), slope])
    best = _penalised(X, s, n, beta)[0]
    for step in ([0.01, 0], [-0.01, 0], [0, 0.01], [0, -0.01]):
        assert _penalised(X, s, n, beta + step)[0] < best


def test_penalty_is_half_the_log_determinant(rng):
    X = np.column_stack([np.ones(5), rng.standard_normal(5)])
    s, n, beta = np.arange(5.0), np.full(5, 4.0), np.array([0.3, -0.7])
    p = expit(X @ beta)
    information = (X.T * (n * p * (1 - p))) @ X
    likelihood = np.sum(s * np.log(p) + (n - s) * np.log(1 - p))
    expected = likelihood + 0.5 * np.log(np.linalg.det(information))
    value, score, _ = _penalised(X, s, n, beta)
    assert_allclose(value, expected)
    for i, unit in enumerate(np.eye(2)):
        up, down = (_penalised(X, s, n, beta + h * unit)[0] for h in (1e-5, -1e-5))
        assert_allclose(score[i], (up - down) / 2e-5, rtol=1e-6, atol=1e-8)


def test_separation_is_flagged_and_stays_finite():
    found = st.fit_transition([5, 6, 7, 8], [9, 9, 0, 0], [9, 9, 9, 9])
    assert found.separated
    assert 6 < found.k50 < 7
    assert 0 < found.width < 1
    assert found.low < found.k50 < found.high
    for s in ([0, 0], [9, 9]):
        assert st.fit_transition([5, 6], s, [9, 9]).separated


@pytest.mark.parametrize("far", [30, 300, 10_000])
def test_a_cell_far_away_does_not_spoil_the_fit(far):
    found = st.fit_transition([1, 2, 3, far], [50, 30, 2, 0], [50, 60, 60, 60])
    near = st.fit_transition([1, 2, 3], [50, 30, 2], [50, 60, 60])
    assert_allclose([found.k50, found.width], [near.k50, near.width], rtol=0.02)


def test_counts_without_a_fall_have_no_place():
    found = st.fit_transition([5, 9], [2, 7], [9, 9])
    assert (found.low, found.high) == (-np.inf, np.inf)
    assert found.width == np.inf


@given(some.lists(some.tuples(some.integers(0, 9), some.integers(1, 9)), min_size=2))
def test_any_counts_are_fitted(pairs):
    s = np.array([min(a, b) for a, b in pairs])
    n = np.array([b for _, b in pairs])
    found = st.fit_transition(np.arange(len(pairs)), s, n)
    assert found.low <= found.high
    assert found.width > 0


def test_order_and_splitting_of_counts_do_not_matter():
    found = st.fit_transition([3, 5, 7], [6, 4, 1], [8, 8, 8])
    split = st.fit_transition([7, 3, 5, 5, 9], [1, 6, 3, 1, 0], [8, 8, 5, 3, 0])
    assert_allclose([split.k50, split.width], [found.k50, found.width], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1], [2, 2]), "must have one shape"),
        (([1, 2], [1, 3], [2, 2]), r"successes must lie in 0..trials"),
        (([1, 1], [1, 2], [2, 2]), "k must have two different values"),
        (([1, 2], [1, 0], [2, 0]), "k must have two different values"),
        (([1, 2], [1, 0], [2, 2], 1.0), r"level must lie in \(0, 1\), got 1.0"),
        (([1, np.nan], [1, 0], [2, 2]), "k must be finite, got nan"),
    ],
)
def test_bad_counts_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        st.fit_transition(*arguments)


def simulate(n, m, law, trials, rng, count):
    """Fits of `count` adaptive runs on coins that fall by `law`."""

    def draw(k, block):
        return [
            st.Verdict.SUCCESS if rng.random() < law(k) else st.Verdict.FAILURE
            for _ in block
        ]

    fits = []
    for _ in range(count):
        cells = sample_transition(draw, n, m, trials)
        assert cells[:, 1:].sum() == trials
        fits.append(st.fit_transition(cells[:, 0], cells[:, 1], cells[:, 1:].sum(1)))
    return fits


@pytest.mark.slow
def test_intervals_cover_and_errors_are_small():
    n, errors, covered, count = 400, [], [], 60
    rng = np.random.default_rng(0)
    for m in (20, 60, 120, 200, 280, 340, 380):
        share = st.l1_success_probability(n, m, np.arange(m + 1))
        k50 = st.l1_median_sparsity(n, m)
        fits = simulate(n, m, lambda k, p=share: p[k], 96, rng, count)
        errors.append(np.sqrt(np.mean([(f.k50 - k50) ** 2 for f in fits])) / m)
        covered += [f.low <= k50 <= f.high for f in fits]
    assert np.mean(errors) <= 0.0075
    # Nominal 95 %, five standard errors; an interval half as wide would fail.
    assert abs(np.mean(covered) - 0.95) <= 5 * np.sqrt(0.05 * 0.95 / len(covered))


@pytest.mark.parametrize("k50", [6.0, 33.0, 120.0, 190.0])
def test_a_transition_far_from_the_guess_is_found(k50):
    # Gaussian basis pursuit would turn at 77.5.
    rng = np.random.default_rng(1)
    width = 0.04 * k50 + 0.5
    fits = simulate(400, 200, lambda k: expit((k50 - k) / width), 128, rng, 20)
    errors = np.array([f.k50 - k50 for f in fits])
    assert np.median(np.abs(errors)) < 0.6 * width


def test_curve_runs_the_trials_of_a_map():
    curve = st.transition_curve(st.basis_pursuit, n=60, delta=[0.3, 0.6], trials=48)
    assert_array_equal(curve.m, [18, 36])
    assert_allclose(curve.delta, [0.3, 0.6])
    assert_allclose(curve.rho50, curve.k50 / [18, 36])
    assert curve.cells[:, 2:].sum() == 2 * 48
    for m, k, *counts in curve.cells.tolist():
        cell = st.phase_transition(
            st.basis_pursuit, n=60, delta=m / 60, rho=k / m, trials=sum(counts)
        )
        assert_array_equal(cell.k, [[k]])
        assert int(cell.successes[0, 0]) == counts[0]
        assert int(cell.failures[0, 0]) == counts[1]


def test_workers_and_company_change_no_column():
    both = st.transition_curve(st.iht, n=50, delta=[0.4, 0.8], trials=32, workers=1)
    one = st.transition_curve(st.iht, n=50, delta=[0.8], trials=32, workers=2)
    assert_array_equal(one.cells, both.cells[both.cells[:, 0] == 40])
    assert_allclose(one.k50, both.k50[1:])


def test_a_layers_curve_stops_at_its_rows():
    layer = st.random_rows(st.BlockCirculant(np.ones((1, 2, 3)), 10))  # 10 x 20
    options = {"delta": [0.4, 0.9], "trials": 16, "ensemble": layer}
    curve = st.transition_curve(st.iht, **options)
    assert_array_equal(curve.m, [8])
    nothing = st.transition_curve(st.iht, **(options | {"delta": [0.9]}))
    assert nothing.k50.shape == (0,)


def test_a_map_is_fitted_column_by_column():
    rho = np.linspace(0.1, 0.9, 9)
    grid = {"n": 60, "delta": [0.3, 0.6], "rho": rho, "trials": 30}
    result = st.phase_transition(st.basis_pursuit, **grid)
    curve = st.fit_map(result)
    for j in range(2):
        expected = st.fit_transition(
            result.k[:, j], result.successes[:, j], result.counts[:, j]
        )
        assert_allclose(curve.k50[j], expected.k50)
        assert abs(curve.k50[j] - st.l1_median_sparsity(60, curve.m[j])) < 2.5


def test_few_trials_are_refused():
    with pytest.raises(ValueError, match="trials must be at least 16, got 8"):
        st.transition_curve(st.iht, n=50, delta=[0.5], trials=8)


# Comparisons


@pytest.fixture(scope="module")
def certified():
    return st.phase_transition(
        st.basis_pursuit, n=100, delta=[0.3, 0.6], rho=[0.2, 0.3, 0.4, 0.5], trials=200
    )


def test_a_map_agrees_with_its_law_and_no_other(certified):
    right = st.compare(certified, st.l1_success_probability)
    assert 1e-3 < right.p_value < 0.999
    wrong = st.compare(
        certified, lambda n, m, k: st.l1_success_probability(n, m + 3, k)
    )
    assert wrong.p_value < 1e-6


def test_scores_are_those_of_the_binomial_law(certified):
    p = np.full((4, 2), 0.5)
    found = st.compare(certified, p)
    expected = (certified.successes - 100) / np.sqrt(50)
    assert_allclose(found.z, expected)
    assert_allclose(found.chi_square, np.sum(expected**2))
    assert found.dof == 8


def test_cells_of_no_chance_are_left_out():
    grid = {"n": 40, "delta": 0.5, "rho": [0.05, 0.3, 0.95], "trials": 40}
    result = st.phase_transition(st.basis_pursuit, **grid)
    assert result.probability[[0, 2], 0].tolist() == [1.0, 0.0]
    found = st.compare(result, np.array([[1.0], [0.4], [1e-3]]))
    assert found.dof == 1
    assert np.isnan(found.z[[0, 2], 0]).all()
    sure = st.phase_transition(st.basis_pursuit, **(grid | {"rho": 0.05}))
    with pytest.raises(ValueError, match="no cell has a chance"):
        st.compare(sure, np.ones((1, 1)))


def test_cells_that_the_law_rules_out_enter(certified):
    p = np.full((4, 2), 0.5)
    p[0], p[1, 0] = 1.0, 0.001
    found = st.compare(certified, p)
    failed = certified.successes[0] < certified.counts[0]
    assert_array_equal(found.z[0] == -np.inf, failed)
    assert found.dof == 6 + failed.sum()
    assert found.p_value == 0.0


def test_cells_of_equal_sizes_count_once():
    grid = {"n": 50, "delta": [0.5, 0.501], "rho": [0.3, 0.301, 0.302], "trials": 60}
    found = st.compare(
        st.phase_transition(st.basis_pursuit, **grid), st.l1_success_probability
    )
    assert found.dof == 1
    assert_allclose(found.z, np.full((3, 2), found.z[0, 0]))
    assert_allclose(found.chi_square, found.z[0, 0] ** 2)


def test_two_maps_are_compared(certified):
    grid = {"n": 100, "delta": [0.3, 0.6], "rho": [0.2, 0.3, 0.4, 0.5], "trials": 200}
    again = st.phase_transition(st.basis_pursuit, **grid, seed=5)
    assert st.compare(certified, again).p_value > 1e-3
    greedy = st.phase_transition(st.iht, **grid, signal="signs")
    found = st.compare(certified, greedy)
    assert found.p_value < 1e-6
    assert np.nanmax(found.z) > 4
    assert_allclose(st.compare(greedy, certified).z, -found.z)
    other = st.phase_transition(st.iht, n=100, delta=[0.3], rho=[0.2], trials=1)
    with pytest.raises(ValueError, match="the maps must have the same n, m and k"):
        st.compare(certified, other)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (np.ones(3), r"the law must have shape \(4, 2\), got \(3,\)"),
        (np.full((4, 2), 1.5), r"the law must lie in \[0, 1\], got 1.5"),
        (np.full((4, 2), np.nan), r"the law must lie in \[0, 1\], got nan"),
    ],
)
def test_bad_laws_are_named(certified, law, message):
    with pytest.raises(ValueError, match=message):
        st.compare(certified, law)


def test_a_shared_matrix_that_decides_alone_doubles_the_interval():
    def corner(A, y, k):
        return st.Recovery(np.full(A.shape[1], A[0, 0]), 1, True)

    def beats(x_hat, x, tol):
        return bool(4.0 * np.sqrt(50) * x_hat[0] + 18 > np.count_nonzero(x))

    def own(x_hat, x, tol):
        return bool(4.0 * x[np.flatnonzero(x)[0]] + 18 > np.count_nonzero(x))

    grid = {"n": 100, "delta": 0.5, "trials": 400, "workers": 1}

    def ratio(rule):
        """Return the interval over that of as many independent trials."""
        found = st.transition_curve(corner, success=rule, signals_per_matrix=4, **grid)
        k, s = found.cells[:, 1], found.cells[:, 2]
        free = st.fit_transition(k, s, found.counts)
        return (found.high[0] - found.low[0]) / (free.high - free.low)

    matrices = 400 / 4
    error = 2 / np.sqrt(2 * 0.5 * matrices)  # of a root of 4, half the dof at least
    assert abs(ratio(beats) - 2.0) < 5 * error / 2
    assert ratio(beats) > 1.4
    assert 1.0 <= ratio(own) < 1.3


@pytest.mark.parametrize(("count", "share"), [(8, 4), (7, 3), (5, 4), (6, 2)])
def test_both_variances_are_unbiased_for_independent_trials(count, share):
    p, means = 0.3, np.zeros(2)
    for outcomes in product([Verdict.FAILURE, Verdict.SUCCESS], repeat=count):
        won = outcomes.count(Verdict.SUCCESS)
        chance = p**won * (1 - p) ** (count - won)
        means += chance * np.array(_variances(list(outcomes), share))
    assert_allclose(means, count * p * (1 - p))
    assert _variances([Verdict.SUCCESS, Verdict.FAILURE], share) == (0.0, 0.0)


def test_shared_matrices_are_drawn_once_and_of_few_signals():
    drawn = []

    def ensemble(m, n, rng):
        drawn.append(m)
        return st.gaussian(m, n, rng)

    options = {"n": 60, "delta": 0.5, "trials": 96, "ensemble": ensemble, "workers": 1}
    st.transition_curve(st.iht, **options)
    alone = len(drawn)
    shared = st.transition_curve(st.iht, signals_per_matrix=4, **options)
    assert alone == 96
    assert len(drawn) - alone < 60
    assert shared.counts.sum() == 96
    assert shared.settings["signals_per_matrix"] == 4
    with pytest.raises(
        ValueError, match=r"signals_per_matrix must be in 1\.\.4, got 5"
    ):
        st.transition_curve(st.iht, signals_per_matrix=5, **options)
