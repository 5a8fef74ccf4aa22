"""Best sparse approximations, and what magnitude misses."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

import sparsetheory as st

WHOLE = some.integers(-3, 3).map(float)  # with ties

W = np.array([3.0, -2.5, 1.5, -1.0, 0.75])


@pytest.mark.parametrize(
    ("p", "error"),
    [
        *[(0.5, 9.5528608939117), (1, 3.25), (2, 1.9525624189766635)],
        *[(3, 1.6864991779263563), (np.inf, 1.5)],
    ],
)
def test_magnitude_is_best_in_every_lp_norm(p, error):
    best = st.best_k_term(W, 2, p=p)
    assert_array_equal(best.support, [0, 1])
    assert best.error == pytest.approx(error, rel=1e-14)


def lp(errors, p):
    a = np.abs(errors)
    return a.max() if np.isinf(p) else (a**p).sum() ** (1 / p)


@given(
    arrays(float, 5, elements=WHOLE),
    arrays(float, 5, elements=some.integers(1, 4).map(float)),
    some.integers(0, 5),
    some.sampled_from([0.3, 1, 2, 3.5, np.inf]),
    some.booleans(),
)
def test_no_support_has_a_nearer_vector(w, c, k, p, nonnegative):
    best = st.best_k_term(w, k, p=p, weights=c, nonnegative=nonnegative)
    target = np.maximum(w, 0) if nonnegative else w
    errors = [
        lp(c * (np.where(np.isin(np.arange(5), S), target, 0.0) - w), p)
        for S in combinations(range(5), k)
    ]
    assert best.error == pytest.approx(min(errors), rel=1e-12)
    assert best.error == pytest.approx(lp(c * (best.x - w), p), rel=1e-12)
    assert best.support.size == k
    assert np.all(best.x[np.delete(np.arange(5), best.support)] == 0)


def test_magnitude_is_not_best_with_weights_or_signs():
    weighted = st.best_k_term(W, 2, weights=np.sqrt([1, 1, 4, 1, 1]))
    assert_array_equal(weighted.support, [0, 2])
    assert weighted.error**2 == pytest.approx(7.8125)
    assert W[2:] ** 2 @ [4, 1, 1] == 10.5625
    positive = st.best_k_term(W, 2, nonnegative=True)
    assert_array_equal(positive.support, [0, 2])
    assert positive.error**2 == pytest.approx(7.8125)
    assert W @ W - W[0] ** 2 == 10.0625  # the larger magnitude is negative


def test_approximation_errors_neither_overflow_nor_vanish():
    for scale in (1e-200, 1e200):
        best = st.best_k_term(scale * W, 2, p=3)
        assert best.error == pytest.approx(1.6864991779263563 * scale)
    assert st.best_k_term(W, 5).error == 0.0


H = np.array([[2.0, 1.8, 0.0], [1.8, 2.0, 0.0], [0.0, 0.0, 1.0]])

V = np.array([1.0, -1.0, 0.9])


@pytest.mark.parametrize(
    ("k", "refit", "square", "support"),
    [
        *[(1, False, 0.4, [2]), (1, True, 0.4, [2])],
        *[(2, False, 0.81, [0, 1]), (2, True, 0.38, [0, 2])],
    ],
)
def test_the_norm_of_a_matrix_asks_for_other_supports(k, refit, square, support):
    best = st.best_quadratic(V, H, k, refit=refit)
    assert best.error**2 == pytest.approx(square)
    assert_array_equal(best.support, support)


def test_without_refitting_fewer_entries_can_be_better():
    errors = [st.best_quadratic(V, H, k).error for k in range(4)]
    assert errors[1] < errors[2]
    refit = [st.best_quadratic(V, H, k, refit=True).error for k in range(4)]
    assert np.all(np.diff(refit) <= 0)
    assert refit[0] == errors[0] == pytest.approx(np.sqrt(V @ H @ V))
    assert refit[3] == errors[3] == 0.0


def test_the_best_support_in_a_matrix_norm_is_that_of_all(rng):
    B = rng.standard_normal((9, 6))
    M, w = B.T @ B, rng.standard_normal(6)
    for k, refit in ((2, True), (2, False), (4, True), (4, False)):
        best = st.best_quadratic(w, M, k, refit=refit)
        least = np.inf
        for S in combinations(range(6), k):
            u, on = np.zeros(6), np.isin(np.arange(6), S)
            u[on] = np.linalg.lstsq(B[:, on], B @ w)[0] if refit else w[on]
            least = min(least, np.linalg.norm(B @ (u - w)))
        assert best.error == pytest.approx(least, rel=1e-10)
        assert best.error == pytest.approx(np.linalg.norm(B @ (best.x - w)))


def test_a_diagonal_norm_is_the_weighted_one(rng):
    w, c = rng.standard_normal(16), rng.uniform(0.5, 2.0, 16)
    for refit in (False, True):
        best = st.best_quadratic(w, np.diag(c**2), 8, refit=refit)
        assert_array_equal(best.support, st.best_k_term(w, 8, weights=c).support)


def test_groups_under_a_budget_of_weights_are_a_knapsack():
    energies, sizes = [9.0, 7.0, 6.9], [3, 2, 2]
    kept = st.best_groups(energies, sizes, 4)
    assert_array_equal(kept, [False, True, True])
    assert 22.9 - np.sum(energies, where=kept) == pytest.approx(9.0)
    # By norm the first stays, and then no other fits.
    assert 22.9 - energies[0] == pytest.approx(13.9)


@given(
    some.lists(some.tuples(some.integers(0, 9), some.integers(1, 4)), min_size=1,
               max_size=7),
    some.integers(0, 30),
    some.integers(1, 3),
)  # fmt: skip
def test_no_choice_of_groups_is_worth_more(groups, budget, unit):
    energies, sizes = np.array(groups).T
    sizes = unit * sizes
    kept = st.best_groups(energies, sizes, budget)
    assert sizes[kept].sum() <= budget
    worth = [
        sum(energies[list(S)])
        for q in range(len(groups) + 1)
        for S in combinations(range(len(groups)), q)
        if sum(sizes[list(S)]) <= budget
    ]
    assert energies[kept].sum() == max(worth)


def test_groups_of_one_size_go_by_norm(rng):
    energies = rng.random(12)
    kept = st.best_groups(energies, np.full(12, 5), 34)
    assert_array_equal(kept, st.top_mask(energies, 6))
