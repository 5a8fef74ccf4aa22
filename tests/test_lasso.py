"""LASSO and group LASSO: closed forms, symmetries, certificates; last, a library."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Lasso

import sparsetheory as st

both = pytest.mark.parametrize("solver", [st.ista, st.fista])


def problem(rng, m=30, n=60, k=4):
    A = st.gaussian(m, n, rng)
    y = A @ st.sparse_signal(n, k, rng) + 0.01 * rng.standard_normal(m)
    return A, y, 0.1 * np.abs(A.T @ y).max()


def soft(z, t):
    return np.sign(z) * np.maximum(np.abs(z) - t, 0)


@both
def test_orthonormal_design_is_solved_by_one_soft_threshold(solver, rng):
    Q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    y = rng.standard_normal(20)
    found = solver(Q, y, lam=0.5, step=1.0, max_iter=1, tol=0)
    assert_allclose(found.x, soft(Q.T @ y, 0.5), atol=1e-12)


@both
def test_optimality_conditions_hold(solver, rng):
    A, y, lam = problem(rng)
    x = solver(A, y, lam, tol=1e-13, max_iter=100_000).x
    correlation = A.T @ (y - A @ x)
    assert_allclose(correlation[x != 0], lam * np.sign(x[x != 0]), rtol=1e-4)
    assert np.abs(correlation).max() <= lam * (1 + 1e-5)


@both
def test_solution_vanishes_exactly_from_lam_max_on(solver, rng):
    A, y, _ = problem(rng)
    lam_max = np.abs(A.T @ y).max()
    zero = solver(A, y, lam_max)
    assert (zero.n_iter, zero.support.size, zero.converged) == (0, 0, True)
    assert solver(A, y, 0.99 * lam_max).support.size > 0


@both
def test_scaling_data_and_penalty_scales_the_solution(solver, rng):
    A, y, lam = problem(rng)
    x = solver(A, y, lam).x
    for c in (1e-6, 7.0, 1e6):
        assert_allclose(solver(A, c * y, c * lam).x, c * x, rtol=1e-6, atol=1e-9 * c)


def test_step_does_not_move_the_solution(rng):
    A, y, lam = problem(rng)
    expected = st.fista(A, y, lam, tol=1e-12).x
    step = 0.3 / st.operator_norm(A) ** 2
    assert_allclose(st.fista(A, y, lam, step=step, tol=1e-12).x, expected, atol=1e-5)


def test_momentum_saves_iterations(rng):
    A, y, _ = problem(rng, m=50, n=50)
    lam = 0.001 * np.abs(A.T @ y).max()
    plain = st.ista(A, y, lam, max_iter=10**6)
    assert st.fista(A, y, lam).n_iter < 0.5 * plain.n_iter


def test_objective_of_ista_never_grows(rng):
    A, y, lam = problem(rng)

    def objective(n_iter):
        x = st.ista(A, y, lam, max_iter=n_iter, tol=0).x
        return 0.5 * np.sum((y - A @ x) ** 2) + lam * np.abs(x).sum()

    assert np.all(np.diff([objective(i) for i in range(1, 40)]) <= 1e-12)


@both
def test_a_diverging_step_is_reported_not_raised(solver, rng):
    A, y, lam = problem(rng)
    with pytest.warns(match="stopped"):
        found = solver(A, y, lam, step=1e3)
    assert not found.converged


@both
def test_agrees_with_scikit_learn(solver, rng):
    A, y, lam = problem(rng)
    other = Lasso(alpha=lam / y.size, fit_intercept=False, tol=1e-10).fit(A, y)
    assert_allclose(solver(A, y, lam, tol=1e-12).x, other.coef_, atol=1e-5)


def test_zero_matrix_is_solved():
    found = st.fista(np.zeros((3, 4)), np.ones(3), 1.0)
    assert found.converged
    assert found.support.size == 0


# Groups


def test_groups_of_one_are_the_lasso(rng):
    A, y, lam = problem(rng)
    grouped = st.group_ista(A, y, lam, np.arange(60), tol=1e-10)
    plain = st.ista(A, y, lam, tol=1e-10)
    assert_allclose(grouped.x, plain.x, atol=1e-9)
    assert grouped.n_iter == plain.n_iter


def test_group_optimality_conditions_hold(rng):
    A, y, lam = problem(rng)
    labels = rng.integers(0, 9, 60)  # any order, unequal sizes
    x = st.group_ista(A, y, lam, labels, tol=1e-13, max_iter=200_000).x
    correlation = A.T @ (y - A @ x)
    active = 0
    for g in np.unique(labels):
        mine = labels == g
        weight = lam * np.sqrt(mine.sum())
        norm = np.linalg.norm(x[mine])
        if norm > 0:
            active += 1
            assert_allclose(correlation[mine], weight * x[mine] / norm, atol=1e-4)
        else:
            assert np.linalg.norm(correlation[mine]) <= weight * (1 + 1e-6)
    assert 0 < active < 9


def test_relabelling_and_reordering_groups_change_nothing(rng):
    A, y, lam = problem(rng)
    labels = np.arange(60) // 5
    x = st.group_ista(A, y, lam, labels).x
    names = np.array([f"group {g}" for g in range(12)])[labels]
    assert_allclose(st.group_ista(A, y, lam, names).x, x, atol=1e-12)
    order = rng.permutation(60)
    moved = st.group_ista(A[:, order], y, lam, labels[order]).x
    assert_allclose(moved, x[order], atol=1e-9)


def test_weights_default_to_the_root_of_the_size(rng):
    A, y, lam = problem(rng)
    labels = np.repeat([0, 1, 2], [10, 20, 30])
    weights = np.sqrt([10, 20, 30])
    assert_array_equal(
        st.group_ista(A, y, lam, labels).x,
        st.group_ista(A, y, lam, labels, weights=weights).x,
    )


def test_group_orthonormal_design_is_one_block_threshold(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    y, labels = rng.standard_normal(20), np.arange(20) // 4
    z = (Q.T @ y).reshape(5, 4)
    norms = np.linalg.norm(z, axis=1, keepdims=True)
    expected = np.maximum(1 - 0.9 * 2.0 / norms, 0) * z
    found = st.group_ista(Q, y, 0.9, labels, step=1.0, max_iter=1, tol=0)
    assert_allclose(found.x, expected.ravel(), atol=1e-12)


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        ([0, 1], {}, r"groups must have shape \(3,\), got \(2,\)"),
        ([0.0, 1.0, 1.0], {}, "groups must be integer or string labels, got float64"),
        ([0, 1, 1], {"weights": [1.0]}, "weights must number 2, got 1"),
        ([0, 1, 1], {"weights": [1.0, 0.0]}, "weights must be positive, got 0.0"),
        ([0, 1, 1], {"weights": [1.0, np.nan]}, "weights must be finite, got nan"),
    ],
)
def test_bad_groups_are_named(groups, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.group_ista(np.eye(3), np.ones(3), 1.0, groups, **options)
