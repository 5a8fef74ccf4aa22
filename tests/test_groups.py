"""Greedy solvers on groups, and the fit on a support: closed forms and relatives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st
from sparsetheory._checks import quiet

SOLVERS = [st.group_iht, st.group_omp]
every = pytest.mark.parametrize("solver", SOLVERS)


def blocks(n, size):
    return np.arange(n) // size


def uneven(rng, n, groups):
    """Labels of groups of different sizes, in no order."""
    return rng.permutation(np.concatenate([range(groups), rng.integers(0, groups, n)]))[
        :n
    ]


@every
def test_easy_problems_are_recovered(solver, rng):
    labels = uneven(rng, 120, 30)
    A, x = st.gaussian(60, 120, rng), st.group_sparse_signal(labels, 3, rng)
    found = solver(A, A @ x, 3, labels)
    assert found.converged
    assert found.gap is None
    assert_array_equal(found.support, np.flatnonzero(x))
    assert_allclose(found.x, x, atol=1e-7)


@every
def test_never_more_than_k_groups_and_the_ends(solver, rng):
    labels = blocks(24, 3)
    A, y = st.gaussian(10, 24, rng), rng.standard_normal(10)
    with quiet():
        for k in range(9):
            found = solver(A, y, k, labels)
            assert np.unique(labels[found.support]).size <= k
            assert np.isfinite(found.x).all()
    assert solver(A, np.zeros(10), 3, labels).support.size == 0


@every
def test_a_size_means_consecutive_blocks(solver, rng):
    A, y = st.gaussian(20, 48, rng), rng.standard_normal(20)
    with quiet():
        assert_array_equal(solver(A, y, 3, 4).x, solver(A, y, 3, blocks(48, 4)).x)


def test_group_ista_takes_a_size_too(rng):
    A, y = st.gaussian(20, 48, rng), rng.standard_normal(20)
    expected = st.group_ista(A, y, 0.5, blocks(48, 4)).x
    assert_array_equal(st.group_ista(A, y, 0.5, 4).x, expected)
    with pytest.raises(ValueError, match="groups must divide n = 48"):
        st.group_ista(A, y, 0.5, 7)


@every
def test_order_and_names_of_groups_do_not_matter(solver, rng):
    A, y = st.gaussian(20, 48, rng), rng.standard_normal(20)
    labels, order = blocks(48, 4), rng.permutation(48)
    names = np.array([f"group {g}" for g in labels])
    with quiet():
        expected = solver(A, y, 3, labels).x
        assert_allclose(solver(A, y, 3, names).x, expected, atol=1e-9)
        moved = solver(A[:, order], y, 3, labels[order]).x
    assert_allclose(moved, expected[order], atol=1e-9)


@every
def test_three_kinds_of_operator_give_one_answer(solver, rng):
    layers = [
        st.BlockCirculant(rng.standard_normal((2, 3, 5)), 16),
        st.BlockCirculant(rng.standard_normal((2, 3, 3, 3)), 4),
        st.BlockCirculant(rng.standard_normal((3, 3, 5)), 16).take(range(0, 48, 2)),
    ]
    for C in layers:
        M = C.to_dense()
        y = M @ st.group_sparse_signal(blocks(48, 3), 2, rng)
        with quiet():
            expected = solver(M, y, 2, 3).x
            for A in (C, aslinearoperator(M)):
                assert_allclose(solver(A, y, 2, 3).x, expected, atol=1e-9)


@every
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scaling_the_problem_changes_no_support(solver, scale, rng):
    A = st.gaussian(24, 48, rng)
    y = A @ st.group_sparse_signal(blocks(48, 4), 2, rng)
    base, scaled = solver(A, y, 2, 4), solver(scale * A, scale * y, 2, 4)
    assert_array_equal(scaled.support, base.support)


@every
def test_orthonormal_design_keeps_the_largest_groups(solver, rng):
    Q, _ = np.linalg.qr(rng.standard_normal((24, 24)))
    y = rng.standard_normal(24)
    z = (Q.T @ y).reshape(8, 3)
    kept = np.argsort(-np.linalg.norm(z, axis=1))[:3]
    expected = np.zeros((8, 3))
    expected[kept] = z[kept]
    assert_allclose(solver(Q, y, 3, 3).x, expected.ravel(), atol=1e-10)


def test_groups_of_one_are_entries(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    with quiet():
        one, other = st.group_iht(A, y, 7, 1), st.iht(A, y, 7)
    assert_array_equal(one.x, other.x)
    assert one.n_iter == other.n_iter
    assert_allclose(st.group_omp(A, y, 7, 1).x, st.omp(A, y, 7).x, atol=1e-12)


def test_one_group_is_least_squares(rng):
    A, y = st.gaussian(30, 8, rng), rng.standard_normal(30)
    best = np.linalg.lstsq(A, y, rcond=None)[0]
    assert_allclose(st.group_omp(A, y, 1, 8).x, best, atol=1e-11)
    assert_allclose(st.group_iht(A, y, 1, 8, tol=1e-13).x, best, atol=1e-9)


def test_group_iht_never_lets_the_residual_grow(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    norms = [
        np.linalg.norm(y - A @ st.group_iht(A, y, 3, 4, max_iter=i, tol=0).x)
        for i in range(1, 30)
    ]
    assert np.all(np.diff(norms) <= 1e-12)


def test_group_iht_starts_from_the_largest_groups_of_x0(rng):
    A, x = st.gaussian(40, 60, rng), st.group_sparse_signal(blocks(60, 4), 3, rng)
    found = st.group_iht(A, A @ x, 3, 4, x0=x + 1e-9)
    assert found.n_iter < st.group_iht(A, A @ x, 3, 4).n_iter
    assert_allclose(found.x, x, atol=1e-7)


def test_group_omp_takes_the_span_the_residual_is_longest_on(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    lengths = []
    for g in range(15):
        Q, _ = np.linalg.qr(A[:, 4 * g : 4 * g + 4])
        lengths.append(np.linalg.norm(Q.T @ y))
    found = st.group_omp(A, y, 1, 4)
    assert_array_equal(found.support // 4, np.argmax(lengths))
    fitted = np.linalg.norm(A @ found.x)
    assert_allclose(fitted, max(lengths))


def test_group_omp_does_not_care_for_the_columns_of_a_span(rng):
    A, x = st.gaussian(30, 60, rng), st.group_sparse_signal(blocks(60, 4), 3, rng)
    mix = np.kron(np.eye(15), rng.standard_normal((4, 4)))
    found = st.group_omp(A @ mix, A @ x, 3, 4)
    assert_allclose(mix @ found.x, st.group_omp(A, A @ x, 3, 4).x, atol=1e-9)


def test_group_omp_leaves_a_residual_orthogonal_to_its_groups(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    found = st.group_omp(A, y, 4, 4)
    assert found.n_iter == 4
    assert found.support.size == 16
    assert_allclose(A[:, found.support].T @ (y - A @ found.x), 0, atol=1e-10)


def test_group_omp_survives_dependent_columns(rng):
    A = st.gaussian(12, 8, rng)
    A = np.column_stack([A[:, :2], A[:, :2] @ [[1.0, 1], [1, -1]], A[:, 4:], A[:, 4:]])
    A = np.column_stack([A, np.zeros((12, 4))])  # groups of 4: rank 2, twins, zeros
    y = A @ np.arange(1.0, 17)
    found = st.group_omp(A, y, 4, 4)
    assert_allclose(A @ found.x, y, atol=1e-9)
    assert found.support.size <= 6
    beside = rng.standard_normal(12)  # not in the range: no group ends the search
    assert st.group_omp(A, beside, 4, 4).n_iter == 2  # twin and zeros are passed over


@every
@pytest.mark.parametrize(
    ("k", "groups", "message"),
    [
        (2, 5, "groups must divide n = 48 to be a size, got 5"),
        (2, 0, "groups must be in 1..48, got 0"),
        (2, 2.0, "groups must be an integer, got 2.0"),
        (2, np.zeros(7, int), r"groups must have shape \(48,\), got \(7,\)"),
        (2, np.zeros(48), "groups must be integer or string labels, got float64"),
        (13, 4, "k must be in 0..12, got 13"),
        (-1, 4, "k must be in 0..12, got -1"),
    ],
)
def test_bad_groups_are_named(solver, k, groups, message):
    with pytest.raises((TypeError, ValueError), match=message):
        solver(st.gaussian(24, 48, 0), np.ones(24), k, groups)


# The fit on a support


def test_debias_is_least_squares_on_the_support(rng):
    A, y = st.gaussian(30, 60, rng), rng.standard_normal(30)
    places = rng.permutation(60)[:9]
    best = np.linalg.lstsq(A[:, places], y, rcond=None)[0]
    x = st.debias(A, y, places)
    assert_allclose(x[places], best, atol=1e-11)
    assert np.count_nonzero(x) == 9
    mask = np.isin(np.arange(60), places)
    assert_allclose(st.debias(A, y, mask), x, atol=1e-11)
    assert not st.debias(A, y, []).any()


def test_debias_on_anything(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 5)), 16)
    y = C @ rng.standard_normal(48)
    expected = st.debias(C.to_dense(), y, [3, 8, 40])
    for A in (C, aslinearoperator(C.to_dense())):
        assert_allclose(st.debias(A, y, [3, 8, 40]), expected, atol=1e-10)


def test_debias_gives_dependent_columns_zero(rng):
    A, y = st.gaussian(12, 6, rng), rng.standard_normal(12)
    x = st.debias(np.column_stack([A, A]), y, range(12))
    assert np.count_nonzero(x) == 6
    assert_allclose(x[:6] + x[6:], st.debias(A, y, range(6)), atol=1e-10)


@pytest.mark.parametrize(
    ("support", "message"),
    [
        ([3], r"support must lie in 0..2, got 3"),
        ([-1], r"support must lie in 0..2, got -1"),
        ([0, 2, 0], "support must not repeat, got 0 twice"),
        ([0.0], "support must hold integers or booleans, got float64"),
        ([True, False], r"support must have shape \(3,\) as a mask, got \(2,\)"),
        (1, r"support must have 1 axis, got shape \(\)"),
    ],
)
def test_bad_supports_are_named(support, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.debias(np.eye(3), np.ones(3), support)
