"""What the fast group LASSO does with bad, odd and degenerate input; paths."""

import warnings

import numpy as np
import pytest
from bad_problems import BAD, spoilt
from bad_problems import problem as small
from group_problems import certified, problem, uneven
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array
from scipy.sparse.linalg import aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory.solvers import _group_problem

SOLVERS = {
    "group_lasso": st.group_lasso,
    "group_lasso_path": lambda A, y, lam, groups, **o: st.group_lasso_path(
        A, y, [2 * lam, lam], groups, **o
    ),
}
CHECKS = {
    "group_lambda_max": lambda A, y, lam, groups, **o: st.group_lambda_max(
        A, y, groups, **o
    ),
    "group_lasso_kkt": lambda A, y, lam, groups, **o: st.group_lasso_kkt(
        A, y, lam, groups, np.zeros(24), **o
    ),
}
ALL = SOLVERS | CHECKS
solvers = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
everything = pytest.mark.parametrize("solve", ALL.values(), ids=ALL)


@everything
@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_problems_are_named(solve, case):
    spoil, message = case
    A, y = spoil(*small())
    with pytest.raises((TypeError, ValueError), match=message):
        solve(A, y, 0.5, 4)


LABELS = np.arange(24) // 4
GROUPS = {
    "size that does not divide": (5, {}, "groups must divide n = 24 .*, got 5"),
    "size zero": (0, {}, r"groups must be in 1..24, got 0"),
    "size beyond n": (48, {}, r"groups must be in 1..24, got 48"),
    "half a size": (1.5, {}, "groups must be an integer, got 1.5"),
    "feature in no group": (LABELS[:-4], {}, r"shape \(24,\), got \(20,\)"),
    "one feature too many": (np.r_[LABELS, 7], {}, r"shape \(24,\), got \(25,\)"),
    "lists of members": (np.arange(24).reshape(6, 4), {}, r"got \(6, 4\)"),
    "ragged": ([[0, 1], [2]], {}, "groups must be an array, got lists of unequal"),
    "labels of floats": (LABELS + 0.0, {}, "integer or string labels, got float64"),
    "none": (None, {}, "groups must be an integer, got None"),
    "few weights": (4, {"weights": [1.0] * 5}, "weights must number 6, got 5"),
    "negative weight": (4, {"weights": [-1.0] * 6}, "non-negative, got -1.0"),
    "nan weight": (4, {"weights": [np.nan] * 6}, "weights must be finite, got nan"),
    "complex weight": (4, {"weights": [1j] * 6}, "weights must be real"),
}


@everything
@pytest.mark.parametrize("case", GROUPS.values(), ids=GROUPS)
def test_bad_groups_are_named(solve, case):
    groups, options, message = case
    with pytest.raises((TypeError, ValueError), match=message):
        solve(*small(), 0.5, groups, **options)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("group", [0, 1])
def test_bad_entries_are_named_in_free_columns_too(order, group):
    A, y = small()
    A[3, 2 + 4 * group] = np.nan
    A = np.array(A, order=order)
    with pytest.raises(ValueError, match="A must be finite, got nan at"):
        st.group_lasso(A, y, 0.5, 4, weights=[0.0] + [1.0] * 5)


def test_bad_entries_are_named_in_wide_groups_too(monkeypatch):
    monkeypatch.setattr(_group_problem, "WIDEST", 3)
    with pytest.raises(ValueError, match="A must be finite, got inf at"):
        st.group_lasso(spoilt(small()[0], np.inf), small()[1], 0.5, 4)


@pytest.mark.parametrize("lam", [0.0, -0.1, np.nan, np.inf, None, "one", 1j])
@pytest.mark.parametrize("solve", [st.group_lasso, CHECKS["group_lasso_kkt"]])
def test_bad_penalties_are_named(solve, lam):
    with pytest.raises((TypeError, ValueError), match=r"lam must be .*, got"):
        solve(*small(), lam, 4)


@pytest.mark.parametrize(("lam", "w"), [(1e-200, 1e-200), (1e200, 1e200)])
def test_penalties_that_leave_the_floats_are_named(lam, w):
    for M in (small()[0], aslinearoperator(small()[0])):
        with pytest.raises(ValueError, match=r"lam \* weights must be .*, got"):
            st.group_lasso(M, small()[1], lam, 4, weights=[w] * 6)


@pytest.mark.parametrize(
    ("lams", "message"),
    [
        ([1.0, 0.0], "lams must be positive numbers, got 0.0"),
        ([1.0, np.nan], r"lams must be finite, got nan at \(1,\)"),
        ([], "lams must be positive numbers, got none"),
        (1.0, "lams must have 1 axes"),
    ],
)
def test_bad_paths_are_named(lams, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.group_lasso_path(*small(), lams, 4)


@solvers
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tol": -1.0}, "tol must be non-negative and finite, got -1.0"),
        ({"tol": np.nan}, "tol must be non-negative and finite, got nan"),
        ({"max_iter": 0}, "max_iter must be at least 1, got 0"),
        ({"max_iter": 1.5}, "max_iter must be an integer, got 1.5"),
    ],
)
def test_bad_loops_are_named(solve, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        solve(*small(), 0.5, 4, **options)


@pytest.mark.parametrize(
    ("x0", "message"),
    [
        (np.zeros(23), r"x0 must have shape \(24,\) to match A, got \(23,\)"),
        (np.full(24, np.nan), "x0 must be finite, got nan"),
        (np.zeros(24, complex), "x0 must be real"),
    ],
)
def test_bad_starts_are_named(x0, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.group_lasso(*small(), 0.5, 4, x0=x0)


@pytest.mark.parametrize("c", [1e-250, 1e250])
def test_squares_that_leave_the_floats_are_said_to(c):
    A, y = small()
    layer = st.BlockCirculant(np.full((5, 3, 2), min(c, 1e145)), 8)
    for M in (c * A, np.asfortranarray(c * A), csc_array(c * A), layer):
        with pytest.raises(ValueError, match="A must be rescaled, norms of groups rea"):
            st.group_lasso(M, y, 0.5, 4)
    with pytest.raises(ValueError, match="y must be rescaled, its entries reach"):
        st.group_lasso(A, c * y, 0.5, 4)


def test_the_least_penalty_and_the_largest_limit_end_at_rounding():
    A, y = small()
    with pytest.warns(ConvergenceWarning, match="duality gap"):  # no dual point fits
        found = st.group_lasso(A, y, 5e-308, 4, tol=1e-9, max_iter=10**30)
    assert_allclose(found.x, np.linalg.lstsq(A, y)[0], atol=1e-9)


@pytest.mark.parametrize("kind", [np.array, csc_array, aslinearoperator])
def test_a_zero_matrix_is_solved_by_zero(kind):
    for weights in (None, [0.0] + [1.0] * 5):
        A, y = kind(np.zeros((40, 24))), small()[1]
        found = st.group_lasso(A, y, 0.5, 4, weights=weights)
        assert (found.support.size, found.converged) == (0, True)


@pytest.mark.parametrize("kind", [np.array, np.asfortranarray, csc_array])
def test_penalised_columns_may_all_be_zero_where_others_are_free(kind):
    A, y = small()
    A[:, 4:] = 0.0
    found = st.group_lasso(kind(A), y, 0.5, 4, weights=[0.0] + [1.0] * 5)
    assert found.converged
    assert_allclose(found.x[:4], np.linalg.lstsq(A[:, :4], y)[0], rtol=1e-9)
    assert not found.x[4:].any()


def degenerate(seed):
    """Duplicates, zero columns, rank 3 or scales from 1e-4 to 1e4."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(10, 80)), int(rng.integers(10, 150))
    A = rng.standard_normal((m, n))
    if seed % 4 == 0:
        A[:, n // 2 : 2 * (n // 2)] = A[:, : n // 2]
    elif seed % 4 == 1:
        A[:, rng.random(n) < 0.3] = 0.0
    elif seed % 4 == 2:
        A = rng.standard_normal((m, 3)) @ rng.standard_normal((3, n))
    else:
        A *= 10.0 ** rng.uniform(-4, 4, n)
    y = A @ (rng.standard_normal(n) * (rng.random(n) < 0.1))
    labels = uneven(rng, n, int(rng.integers(2, n // 2)))
    return A, y + 0.1 * rng.standard_normal(m), labels


@pytest.mark.slow
@pytest.mark.parametrize(("over", "least"), [(30, 60), (1e3, 60), (1e5, 50)])
def test_degenerate_problems_are_solved_or_said_not_to_be(over, least):
    solved = 0
    for seed in range(60):
        A, y, labels = degenerate(seed)
        weights = np.sqrt(np.bincount(labels))
        lam = st.group_lambda_max(A, y, labels) / over
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = st.group_lasso(A, y, lam, labels, tol=2e-9)
        certified(A, y, lam, labels, weights, found, 2e-9)
        assert [w.category for w in caught] == [ConvergenceWarning] * (
            not found.converged
        )
        solved += found.converged
    assert solved >= least


# Paths


@pytest.mark.parametrize("kind", ["dense", "sparse", "operator", "free"])
def test_a_path_is_the_solutions_one_by_one(kind, rng):
    A, y, _ = problem(rng)
    labels = uneven(rng, 160, 30)
    weights = np.sqrt(np.bincount(labels))
    weights[3] *= kind != "free"
    M = {"sparse": csc_array(A), "operator": aslinearoperator(A)}.get(kind, A)
    top = st.group_lambda_max(A, y, labels, weights=weights)
    lams = top / np.array([1.0, 3.0, 30.0, 10.0])
    path = st.group_lasso_path(M, y, lams, labels, weights=weights, tol=1e-9)
    assert_array_equal(path.lams, lams)
    assert path.converged.all()
    for i, lam in enumerate(lams):
        one = st.Recovery(
            path.x[i], int(path.n_iter[i]), True, float(path.gaps[i]), path.duals[i]
        )
        assert certified(A, y, lam, labels, weights, one, 1e-9) <= 1e-9
        alone = st.group_lasso(M, y, lam, labels, weights=weights, tol=1e-9)
        assert_allclose(path.x[i], alone.x, atol=1e-3 * np.abs(alone.x).max())


def test_a_path_costs_less_than_its_parts(rng):
    A, y, lam = problem(rng)
    lams = lam * np.geomspace(15, 0.2, 15)
    path = st.group_lasso_path(A, y, lams, 4)
    parts = [st.group_lasso(A, y, one, 4).n_iter for one in lams]
    assert path.n_iter.sum() < sum(parts)


def test_a_path_that_stops_short_warns_once(rng):
    A, y, lam = problem(rng)
    with pytest.warns(ConvergenceWarning, match="2 of 2 duality gaps up to") as said:
        path = st.group_lasso_path(A, y, [lam, lam / 9], 4, tol=1e-9, max_iter=1)
    assert len(said) == 1
    assert not path.converged.any()


def test_what_rounding_ends_is_said_to_be_so(rng):
    A, y, lam = problem(rng, over=10)
    for solve in (
        lambda **o: st.lasso(A, y, lam, **o),
        lambda **o: st.lasso_path(A, y, [lam], **o),
        lambda **o: st.group_lasso(A, y, lam, 5, **o),
        lambda **o: st.group_lasso_path(A, y, [lam], 5, **o),
    ):
        with pytest.warns(ConvergenceWarning, match="rounding ended all .* raise tol"):
            solve(tol=1e-30)
        with pytest.warns(ConvergenceWarning, match="; raise max_iter or tol"):
            solve(tol=1e-30, max_iter=1)


@pytest.mark.parametrize(("a", "b"), [(1e60, 1e-120), (1e100, 1e-65), (1e-60, 1e120)])
def test_solutions_whose_squares_are_no_numbers_are_refused(a, b, rng):
    A, y = a * rng.standard_normal((20, 40)), b * rng.standard_normal(20)
    lam = st.group_lambda_max(A, y, 4) / 30
    with pytest.raises(ValueError, match="y must be rescaled to A, solutions"):
        st.group_lasso(A, y, lam, 4)
