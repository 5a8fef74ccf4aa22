"""The fast group LASSO: closed forms, optimality, certificates; designs of any kind."""

import numpy as np
import pytest
from group_problems import EPS, certified, problem, uneven
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array
from scipy.sparse.linalg import aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory.solvers import reference

# What the minimum is


def test_orthonormal_design_is_solved_by_one_block_threshold(rng):
    Q, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    y = rng.standard_normal(20)
    z = (Q.T @ y).reshape(5, 4)
    lengths = np.linalg.norm(z, axis=1, keepdims=True)
    lam = 0.4 * lengths.max()
    expected = np.maximum(1 - lam * 2.0 / lengths, 0) * z
    found = st.group_lasso(Q, y, lam, 4, tol=0)
    assert 0 < np.count_nonzero(found.x) < 20
    assert_allclose(found.x, expected.ravel(), atol=1e-7)


def test_one_group_is_ridge_regression_of_the_right_strength(rng):
    A, y = rng.standard_normal((30, 8)), rng.standard_normal(30)
    lam = st.group_lambda_max(A, y, 8) / 3
    x = st.group_lasso(A, y, lam, 8, tol=0).x
    ridge = lam * np.sqrt(8) / np.linalg.norm(x)
    expected = np.linalg.solve(A.T @ A + ridge * np.eye(8), A.T @ y)
    assert_allclose(x, expected, rtol=1e-6)


def test_groups_of_one_are_the_lasso(rng):
    A, y, _ = problem(rng)
    lam = st.lambda_max(A, y) / 20
    expected = st.lasso(A, y, lam, tol=0).x
    assert_allclose(st.group_lasso(A, y, lam, 1, tol=0).x, expected, atol=1e-6)


@pytest.mark.parametrize("over", [3, 30, 300])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_gap_asked_for_is_reached_and_proved(over, order, rng):
    A, y, _ = problem(rng)
    A, labels = np.array(A, order=order), uneven(rng, 160, 30)
    weights = np.sqrt(np.bincount(labels))
    lam = st.group_lambda_max(A, y, labels) / over
    for tol in (1e-3, 1e-6, 1e-9):
        found = st.group_lasso(A, y, lam, labels, tol=tol)
        assert certified(A, y, lam, labels, weights, found, tol) <= tol


def test_optimality_conditions_hold(rng):
    A, y, _ = problem(rng)
    labels, lam = uneven(rng, 160, 30), 0.02
    x = st.group_lasso(A, y, lam, labels, tol=0).x
    c, active = A.T @ (y - A @ x), 0
    for g in range(30):
        mine, level = labels == g, lam * np.sqrt(np.sum(labels == g))
        if x[mine].any():
            active += 1
            expected = level * x[mine] / np.linalg.norm(x[mine])
            assert_allclose(c[mine], expected, atol=1e-5 * level)
        else:
            assert np.linalg.norm(c[mine]) <= level * (1 + 1e-6)
    assert 0 < active < 30
    assert st.group_lasso_kkt(A, y, lam, labels, x) < 1e-5


def test_kkt_measures_each_condition_in_units_of_lam(rng):
    A, y = np.eye(4), np.array([3.0, 4.0, 0.1, 0.1])
    c = y / 2.0
    zero = st.group_lasso_kkt(A, y, 2.0, 2, np.zeros(4), weights=[1, 1])
    assert_allclose(zero, np.linalg.norm(c[:2]) - 1.0)
    x = np.array([0.0, 0.0, 0.0, 0.1])
    off = [0.05, -1.0]  # residual over lam less the unit vector along x
    alone = st.group_lasso_kkt(A, y, 2.0, 2, x, weights=[9, 1])
    assert_allclose(alone, np.linalg.norm(off))
    assert st.group_lasso_kkt(A, y, 2.0, 2, x, weights=[9, 0]) == pytest.approx(0.05)


def test_the_solution_vanishes_exactly_from_lambda_max_on(rng):
    A, y, _ = problem(rng)
    labels = uneven(rng, 160, 20)
    top = st.group_lambda_max(A, y, labels)
    sizes = np.bincount(labels)
    each = [np.linalg.norm(A[:, labels == g].T @ y) for g in range(20)]
    assert_allclose(top, np.max(each / np.sqrt(sizes)), rtol=1e-12)
    zero = st.group_lasso(A, y, 1.0001 * top, labels)
    assert (zero.n_iter, zero.support.size, zero.converged) == (0, 0, True)
    assert zero.gap < 1e-7
    assert st.group_lasso(A, y, 0.99 * top, labels).support.size > 0


def test_zero_data_have_the_zero_solution(rng):
    A, _, _ = problem(rng)
    for weights in (None, [0.0] * 3 + [1.0] * 37):
        found = st.group_lasso(A, np.zeros(60), 1.0, 4, weights=weights)
        assert (found.support.size, found.gap, found.converged) == (0, 0.0, True)


@pytest.mark.parametrize("c", [1e-100, 1e-6, 7.0, 1e6, 1e100])
def test_scaling_the_problem_scales_the_solution(c, rng):
    A, y, lam = problem(rng)
    x = st.group_lasso(A, y, lam, 4, tol=1e-9).x
    assert_allclose(st.group_lasso(A, c * y, c * lam, 4, tol=1e-9).x, c * x, rtol=1e-5)
    moved = st.group_lasso(c * A, y, c * lam, 4, tol=1e-9).x
    assert_allclose(moved, x / c, rtol=1e-5)


def test_order_and_names_of_groups_do_not_matter(rng):
    A, y, _ = problem(rng)
    labels, lam = uneven(rng, 160, 30), 0.02
    x = st.group_lasso(A, y, lam, labels, tol=1e-12).x
    names = np.array([f"group {g:02}" for g in range(30)])[labels]
    assert_array_equal(st.group_lasso(A, y, lam, names, tol=1e-12).x, x)
    order = rng.permutation(160)
    moved = st.group_lasso(A[:, order], y, lam, labels[order], tol=1e-12).x
    assert_allclose(moved, x[order], atol=1e-6)


def test_the_size_of_consecutive_groups_stands_for_their_labels(rng):
    A, y, lam = problem(rng)
    expected = st.group_lasso(A, y, lam, np.arange(160) // 4).x
    assert_array_equal(st.group_lasso(A, y, lam, 4).x, expected)


def test_turning_a_group_by_an_isometry_turns_the_solution(rng):
    A, y, lam = problem(rng)
    Q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    turned = A.copy()
    turned[:, 8:12] = A[:, 8:12] @ Q
    x = st.group_lasso(A, y, lam, 4, tol=0).x
    z = st.group_lasso(turned, y, lam, 4, tol=0).x
    x[8:12] = Q.T @ x[8:12]
    assert_allclose(z, x, atol=1e-6)


@pytest.mark.slow
def test_agrees_with_an_interior_point_method(rng):
    A, y, _ = problem(rng, m=30, n=40)
    labels = uneven(rng, 40, 9)
    for lam in (0.02, 0.2):
        expected = reference.group_lasso(A, y, lam, labels)
        found = st.group_lasso(A, y, lam, labels, tol=1e-12)
        assert_allclose(found.x, expected.x, atol=1e-4)


def test_agrees_with_the_textbook_method(rng):
    A, y, lam = problem(rng)
    expected = st.group_ista(A, y, lam, 4, tol=1e-10, max_iter=10**5).x
    assert_allclose(st.group_lasso(A, y, lam, 4, tol=1e-10).x, expected, atol=1e-4)


# Groups of every kind


def test_groups_wider_than_the_matrix_is_high_are_solved(rng):
    A, y = rng.standard_normal((10, 64)), rng.standard_normal(10)
    labels = np.repeat([0, 1, 2], [40, 20, 4])
    weights = np.sqrt([40, 20, 4])
    lam = st.group_lambda_max(A, y, labels) / 10
    found = st.group_lasso(A, y, lam, labels, tol=1e-9)
    assert certified(A, y, lam, labels, weights, found, 1e-9) <= 1e-9
    for g in range(3):  # nothing where A can't see it
        inside = A[:, labels == g]
        assert_allclose(
            np.linalg.pinv(inside) @ inside @ found.x[labels == g],
            found.x[labels == g],
            atol=1e-9,
        )


def test_zero_columns_and_zero_groups_stay_zero(rng):
    A, y, lam = problem(rng)
    A[:, 5] = 0.0
    A[:, 16:24] = 0.0
    found = st.group_lasso(A, y, lam, 4, tol=1e-9)
    assert found.converged
    assert not found.x[16:24].any()
    assert abs(found.x[5]) <= 4 * EPS * np.abs(found.x).max()


def test_duplicate_groups_share_without_harm(rng):
    A, y, lam = problem(rng)
    A[:, 80:] = A[:, :80]
    found = st.group_lasso(A, y, lam, 4, tol=1e-9)
    halves = st.group_lasso(A[:, :80], y, lam, 4, tol=1e-9)
    assert found.converged
    total = found.x[:80] + found.x[80:]
    assert_allclose(total, halves.x, atol=1e-3)


def test_without_any_penalty_it_is_least_squares(rng):
    A, y = rng.standard_normal((30, 12)), rng.standard_normal(30)
    found = st.group_lasso(A, y, 1.0, 3, weights=np.zeros(4))
    assert found.converged
    assert_allclose(found.x, np.linalg.lstsq(A, y)[0], rtol=1e-9)


def test_an_intercept_is_a_group_of_weight_zero(rng):
    A, y, lam = problem(rng)
    with_one = np.column_stack([np.ones(60), A])
    labels = np.r_[0, 1 + np.arange(160) // 4]
    weights = np.r_[0.0, np.full(40, 2.0)]
    found = st.group_lasso(with_one, y + 5.0, lam, labels, weights=weights, tol=1e-12)
    centred = st.group_lasso(A - A.mean(axis=0), y - y.mean(), lam, 4, tol=1e-12)
    assert_allclose(found.x[1:], centred.x, atol=1e-6)
    assert_allclose(found.x[0], np.mean(y + 5.0 - A @ found.x[1:]), rtol=1e-9)


# Where it starts and stops


def test_a_start_at_the_solution_ends_at_once(rng):
    A, y, lam = problem(rng)
    labels = np.arange(160) // 4
    x = st.group_lasso(A, y, lam, labels, tol=1e-10).x
    again = st.group_lasso(A, y, lam, labels, x0=x, tol=1e-9)
    assert again.n_iter == 0
    assert_allclose(again.x, x, atol=1e-12)


def test_any_start_leads_to_the_solution(rng):
    A, y, lam = problem(rng)
    expected = st.group_lasso(A, y, lam, 4, tol=0).x
    starts = [rng.standard_normal(160), np.where(np.arange(160) < 40, 9.0, 0.0)]
    for x0 in starts:
        kept = x0.copy()
        found = st.group_lasso(A, y, lam, 4, x0=x0, tol=0).x
        assert_allclose(found, expected, atol=1e-5)
        assert_array_equal(x0, kept)


def test_stopping_short_warns_once_with_the_figures(rng):
    A, y, lam = problem(rng, over=1000)
    for M in (A, csc_array(A), aslinearoperator(A)):
        with pytest.warns(
            ConvergenceWarning, match="group_lasso stopped after 1 iter"
        ) as said:
            found = st.group_lasso(M, y, lam, 4, tol=1e-12, max_iter=1)
        assert len(said) == 1
        assert (found.n_iter, found.converged) == (1, False)
        assert f"{found.gap:.1e} > {0.5e-12 * (y @ y):.1e}" in str(said[0].message)
        assert said[0].filename == __file__


def test_zero_tolerance_ends_at_rounding_in_silence(rng):
    A, y, lam = problem(rng)
    found = st.group_lasso(A, y, lam, 4, tol=0)
    assert found.n_iter < 10_000
    assert found.gap < 1e-12 * 0.5 * (y @ y)


def test_the_proof_holds_at_any_iteration(rng):
    A, y, lam = problem(rng, over=50)
    labels, weights = np.arange(160) // 4, np.full(40, 2.0)
    last = np.inf
    for n_iter in (1, 2, 3, 5, 8, 13, 21):
        with quiet():
            found = st.group_lasso(A, y, lam, 4, tol=1e-12, max_iter=n_iter)
        certified(A, y, lam, labels, weights, found, 1e-12)
        assert found.gap <= last * 10
        last = found.gap


def test_arguments_are_left_alone(rng):
    A, y, lam = problem(rng)
    labels = uneven(rng, 160, 20)
    weights = np.r_[0.0, np.ones(19)]
    kept = [v.copy() for v in (A, y, labels, weights)]
    st.group_lasso(A, y, lam, labels, weights=weights)
    for v, old in zip((A, y, labels, weights), kept, strict=True):
        assert_array_equal(v, old)


@settings(max_examples=60, deadline=None)
@given(
    m=some.integers(1, 30),
    n=some.integers(1, 40),
    share=some.floats(0.0, 1.0),
    data=some.data(),
)
def test_any_shape_is_solved(m, n, share, data):
    rng = np.random.default_rng(data.draw(some.integers(0, 2**32 - 1)))
    A = rng.standard_normal((m, n)) * (rng.random((m, n)) < share)
    y = rng.standard_normal(m)
    labels = rng.integers(0, data.draw(some.integers(1, n)), n)
    labels = np.unique(labels, return_inverse=True)[1]
    weights = rng.uniform(0.5, 2.0, labels.max() + 1)
    weights[rng.random(weights.size) < 0.2] = 0.0
    lam = 0.2 * (st.group_lambda_max(A, y, labels, weights=weights) or 1.0)
    found = st.group_lasso(A, y, lam, labels, weights=weights, tol=1e-8)
    assert certified(A, y, lam, labels, weights, found, 1e-8) <= 1e-8
