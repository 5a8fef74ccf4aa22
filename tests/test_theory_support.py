"""Finding the support: exact laws against t distributions, simulation, rates."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student

from sparsetheory.theory.support import (
    L0_STRONG_THRESHOLD,
    L0_WEAK_THRESHOLD,
    l0_rows,
    l0_uniform_rows,
    lasso_support_probability,
    lasso_support_thetas,
    support_rows,
)
from sparsetheory.theory.volumes import l1_exact_success_probability


def test_probabilities_are_the_reference():
    # computed once with 25 digits
    found = lasso_support_probability(
        [200, 200, 30, 1000, 20, 400],
        [100, 100, 5, 50, 19, 600],
        [10, 60, 5, 3, 19, 30],
    )
    expected = [
        0.5807430745269035,
        5.808384930615688e-19,
        0.00010429877669930978,
        0.8520457380912008,
        0.14356629312870628,
        0.9943812648361299,
    ]
    assert_allclose(found, expected, rtol=1e-12)
    rounded = lasso_support_probability([200, 200, 400], [100, 100, 150], [8, 12, 12])
    assert_allclose(rounded, [0.8427, 0.3074, 0.7348], atol=5e-5)


@pytest.mark.parametrize(("m", "k"), [(1, 1), (7, 1), (5, 5), (40, 12), (300, 40)])
def test_one_column_off_the_support_is_a_t_test(m, k):
    freedom = m - k + 1
    expected = 1 - 2 * student.sf(np.sqrt(freedom / k), freedom)
    assert_allclose(lasso_support_probability(k + 1, m, k), expected, rtol=1e-12)


def test_the_irrepresentable_condition_holds_as_often_as_the_law_says():
    n, m, k, trials = 30, 18, 4, 5000
    rng = np.random.default_rng(0)
    A = rng.standard_normal((trials, m, n))
    S, rest = A[..., :k], A[..., k:]
    signs = np.ones((trials, k, 1))
    dual = S @ np.linalg.solve(S.transpose(0, 2, 1) @ S, signs)
    worst = np.abs(rest.transpose(0, 2, 1) @ dual).max(axis=(1, 2))
    frequency = np.mean(worst < 1)
    P = lasso_support_probability(n, m, k)
    error = 5 * np.sqrt(P * (1 - P) / trials)
    assert abs(frequency - P) < error
    for other in [(n, m - 2, k), (n, m, k + 1), (n + 6, m, k)]:
        assert abs(frequency - lasso_support_probability(*other)) > error


def test_ends_of_the_support_law():
    P = lasso_support_probability(10, [0, 3, 4, 10, 10, 9], [0, 4, 0, 10, 0, 10])
    assert_allclose(P, [1, 0, 1, 1, 1, 0])
    P = lasso_support_probability(100, np.arange(200), 5)
    assert np.all(np.diff(P) >= 0)
    assert np.all(P[:5] == 0)
    assert 1 - 1e-6 < P[-1] <= 1
    P = lasso_support_probability(100_000, 2000, np.arange(1, 300))
    assert np.all(np.diff(P) <= 1e-12)
    assert lasso_support_probability([[50], [60]], 20, [1, 2, 3]).shape == (2, 3)


def test_basis_pursuit_succeeds_where_the_condition_holds():
    for k in (2, 5, 10):
        m = np.arange(60)
        P = lasso_support_probability(60, m, k)
        recovered = l1_exact_success_probability(60, k)[:60]
        assert np.all(recovered - P > -1e-12)


def test_the_exact_law_turns_at_the_rate():
    wrong = []
    for n, k in [(10**4, 100), (10**8, 1000), (10**14, 10**5)]:
        m = np.round(support_rows(n, k) * np.array([0.7, 1.5]))
        below, above = lasso_support_probability(n, m, k)
        wrong.append((below, 1 - above))
    assert np.all(np.diff(wrong, axis=0) < 0)
    assert max(wrong[-1]) < 1e-3
    assert_allclose(support_rows(100, [0, 1, 10]), [0, 2 * np.log(99), 20 * np.log(90)])
    assert support_rows(10, 9) == 0


def test_thetas_of_independent_columns_are_one():
    for scale in (1.0, 7.0):
        thetas = lasso_support_thetas(scale * np.eye(6), [4, 1])
        assert_allclose([thetas.lower, thetas.upper, thetas.gamma], 1)


def test_thetas_of_a_chain_of_columns():
    # x_j depends on the past through its neighbour alone.
    r, n, k = 0.3, 12, 2
    covariance = r ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    thetas = lasso_support_thetas(covariance, np.arange(k))
    distance = np.arange(1, n - k + 1)  # to the support; given = 1 - r^(2 distance)
    assert_allclose(thetas.gamma, 1 - r)
    upper = (1 - r ** (2 * distance[-1])) / ((1 - r) * (1 - r) ** 2)
    assert_allclose(thetas.upper, upper)
    # nearest are the first two: variances 1 - r^2, 1 - r^4, covariance r (1 - r^2)
    half = 0.5 * (1 - r**2 + 1 - r**4) - r * (1 - r**2)
    assert_allclose(thetas.lower, half / ((1 + r) * (1 + r) ** 2))
    assert thetas.lower < 1 < thetas.upper


def test_without_incoherence_no_number_of_rows_is_promised():
    covariance = np.eye(5)
    covariance[2, :2] = covariance[:2, 2] = 0.6
    thetas = lasso_support_thetas(covariance, [0, 1])
    assert_allclose(thetas.gamma, -0.2)
    assert thetas.upper == np.inf


def test_exhaustive_search_sets_the_information_limit():
    k = np.arange(0, 11)
    assert_allclose(l0_rows(10, k), [0, *range(2, 11), 10])
    assert_allclose(l0_uniform_rows(10, k), [0, 2, 4, 6, 8, 10, 10, 10, 10, 10, 10])
    k, n = 10**6, 10**8
    assert_allclose(k / l0_rows(n, k), L0_WEAK_THRESHOLD, rtol=1e-5)
    assert_allclose(k / l0_uniform_rows(n, k), L0_STRONG_THRESHOLD)
    # k + 1 generic rows tell x from every other support; k rows do not
    rng = np.random.default_rng(0)
    for rows, others in [(4, 0), (3, 9)]:
        A = rng.standard_normal((rows, 5))
        y = A[:, :3] @ [1.0, 2.0, 3.0]
        fits = 0
        for i in range(5):
            for j in range(i + 1, 5):
                S = np.delete(np.arange(5), [i, j])
                x = np.linalg.lstsq(A[:, S], y, rcond=None)[0]
                same = set(S) == {0, 1, 2}
                fits += not same and np.allclose(A[:, S] @ x, y, atol=1e-9)
        assert fits == others


@pytest.mark.parametrize("sizes", [(5, 3, 6), (5, -1, 2), (0, 0, 0), (5, 2.5, 2)])
def test_impossible_sizes_are_named(sizes):
    with pytest.raises(ValueError, match=r"n, m, k must be whole .* got \("):
        lasso_support_probability(*sizes)


def test_impossible_arguments_are_named():
    with pytest.raises(ValueError, match=r"0 <= k < n, got \(10.0, 10.0\)"):
        support_rows(10, 10)
    with pytest.raises(ValueError, match="got"):
        l0_rows(5, 6)
    with pytest.raises(ValueError, match=r"must be square, got shape \(2, 3\)"):
        lasso_support_thetas(np.ones((2, 3)), [0])
    with pytest.raises(ValueError, match="finite and symmetric"):
        lasso_support_thetas([[1, 2, 0], [0, 1, 0], [0, 0, 1]], [0])
    for support in ([0, 0], [9], [-1], [], [0.5]):
        with pytest.raises(ValueError, match="distinct indices below 5"):
            lasso_support_thetas(np.eye(5), support)
    with pytest.raises(ValueError, match="leave out two of 5"):
        lasso_support_thetas(np.eye(5), [0, 1, 2, 3])
    with pytest.raises(ValueError, match="positive definite"):
        lasso_support_thetas(np.ones((5, 5)), [0, 1])
