"""A-optimal design: the criterion, rules of thumb, the relaxation and the optimum."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import cvxpy as cp
import numpy as np
import pytest
from exact import fractions, gram, solve
from hypothesis import given
from hypothesis import strategies as hs
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

LONG = [[10.0, 0.0], [9.0, 0.0], [0.0, 1.0]]
RULES = (st.forward_rows, st.backward_rows, st.exchange_rows)
PRIORS = (np.inf, 1.0, 0.01)


def trace_inverse(A, rows, tau):
    M = A[list(rows)].T @ A[list(rows)] + np.eye(A.shape[1]) / tau
    return np.trace(np.linalg.inv(M))


def best_of_all(A, k, tau):
    every = combinations(range(len(A)), k)
    return min((trace_inverse(A, rows, tau), rows) for rows in every)


@pytest.mark.parametrize("tau", PRIORS)
def test_criterion_is_the_trace_of_the_inverse(tau, rng):
    A = rng.standard_normal((9, 4))
    for rows in ([0, 3, 5, 7], [8, 2, 1, 4, 6]):
        value = st.a_optimality(A, rows, tau=tau)
        assert_allclose(value, trace_inverse(A, rows, tau), rtol=1e-9)
    mask = np.arange(9) < 5
    assert st.a_optimality(A, mask, tau=tau) == st.a_optimality(
        A, np.arange(5), tau=tau
    )


def test_criterion_is_the_error_of_estimates(rng):
    A, rows, tau, sigma = rng.standard_normal((6, 3)), [0, 2, 3, 5], 0.5, 0.7
    B, draws = A[rows], 40_000
    x = sigma * np.sqrt(tau) * rng.standard_normal((3, draws))
    y = B @ x + sigma * rng.standard_normal((4, draws))
    mean = np.linalg.solve(B.T @ B + np.eye(3) / tau, B.T @ y)
    errors = np.sum((mean - x) ** 2, axis=0) / sigma**2
    expected = st.a_optimality(A, rows, tau=tau)
    assert abs(errors.mean() - expected) < 5 * errors.std() / np.sqrt(draws)


def test_without_a_prior_a_direction_not_seen_costs_everything():
    assert st.a_optimality(LONG, [0, 1]) == np.inf
    assert st.a_optimality(LONG, [0]) == np.inf
    assert_allclose(st.a_optimality(LONG, [0, 1], tau=2.0), 2 + 1 / 181.5)
    assert_allclose(st.a_optimality(LONG, [], tau=2.0), 4)


def test_long_rows_can_fail_without_bound():
    assert_array_equal(st.magnitude_rows(LONG, 2), [0, 1])
    best = st.optimal_design(LONG, 2)
    assert_array_equal(best.rows, [0, 2])
    assert_allclose(best.value, 1.01)
    values = [st.a_optimality(LONG, [0, 1], tau=tau) for tau in (1, 1e3, 1e6)]
    assert np.all(np.diff(values) > 900)


@pytest.mark.parametrize("tau", PRIORS)
@pytest.mark.parametrize("k", [1, 3, 7])
def test_long_rows_are_optimal_in_one_dimension(tau, k, rng):
    A = rng.standard_normal((10, 1))
    best = st.optimal_design(A, k, tau=tau)
    assert_array_equal(st.magnitude_rows(A, k), best.rows)
    assert_allclose(best.value, 1 / (np.sort(A[:, 0] ** 2)[-k:].sum() + 1 / tau))


def test_long_rows_are_optimal_for_a_narrow_prior_and_not_for_a_wide_one(rng):
    A = rng.standard_normal((12, 3))
    rows = st.magnitude_rows(A, 6)
    tau = 1e-6
    assert_array_equal(st.optimal_design(A, 6, tau=tau).rows, rows)
    lost = 3 * tau - st.a_optimality(A, rows, tau=tau)
    assert_allclose(lost, tau**2 * np.sum(A[rows] ** 2), rtol=1e-4)
    wide, none = st.optimal_design(A, 6, tau=1e9), st.optimal_design(A, 6)
    assert_array_equal(wide.rows, none.rows)
    assert_allclose(wide.value, none.value, rtol=1e-6)
    assert none.value < st.a_optimality(A, rows)


def test_the_first_of_equal_rows_is_kept():
    A = [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    assert_array_equal(st.magnitude_rows(A, 3), [0, 1, 3])


@pytest.mark.parametrize("tau", PRIORS)
@pytest.mark.parametrize("seed", range(20))
def test_forward_takes_the_best_next_row_and_backward_leaves_the_worst(tau, seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((9, 3)) * rng.lognormal(size=(9, 1))

    def seen(rows):  # by a wide prior, where there is none and too few rows
        return st.a_optimality(A, rows, tau=min(tau, 1e6))

    for k in (3, 6):
        chosen, kept = [], list(range(9))
        while len(chosen) < k:
            left = [i for i in range(9) if i not in chosen]
            chosen.append(min(left, key=lambda i: seen([*chosen, i])))
        while len(kept) > k:
            kept.remove(min(kept, key=lambda i: seen([j for j in kept if j != i])))
        assert_array_equal(st.forward_rows(A, k, tau=tau), sorted(chosen))
        assert_array_equal(st.backward_rows(A, k, tau=tau), kept)


@pytest.mark.parametrize("tau", PRIORS)
@pytest.mark.parametrize("seed", range(20))
def test_no_swap_helps_where_exchange_ends(tau, seed):
    A = np.random.default_rng(seed).standard_normal((12, 3))
    start = [0, 1, 2, 3, 4]
    rows = st.exchange_rows(A, 5, tau=tau, rows=start)
    value = st.a_optimality(A, rows, tau=tau)
    assert value < st.a_optimality(A, start, tau=tau)
    for i in rows:
        for j in set(range(12)) - set(rows):
            swapped = [*(set(rows) - {i}), j]
            assert st.a_optimality(A, swapped, tau=tau) >= value * (1 - 1e-9)
    assert st.a_optimality(A, st.exchange_rows(A, 5, tau=tau), tau=tau) <= (
        st.a_optimality(A, st.forward_rows(A, 5, tau=tau), tau=tau)
    )


@pytest.mark.parametrize("tau", PRIORS)
@pytest.mark.parametrize("k", [3, 5, 8])
@pytest.mark.parametrize("searched", [False, True])
def test_optimum_is_that_of_all_subsets(tau, k, searched, monkeypatch, rng):
    if searched:
        monkeypatch.setattr("sparsetheory.learning.optimal.FEW", 0)
        monkeypatch.setattr("sparsetheory.learning.optimal.MANY", 0)
    A = rng.standard_normal((9, 3))
    found = st.optimal_design(A, k, tau=tau)
    value, rows = best_of_all(A, k, tau)
    assert_allclose(found.value, value, rtol=1e-9)
    assert_array_equal(found.rows, rows)
    assert found.exact
    assert found.lower <= value * (1 + 1e-13)
    assert found.lower >= value * (1 - 1e-8)
    assert found.verify(A)
    assert bool(found.branch.size) == searched
    for rule in RULES:
        assert st.a_optimality(A, rule(A, k, tau=tau), tau=tau) >= value * (1 - 1e-12)


@pytest.mark.parametrize("tau", [np.inf, 1.0])
def test_more_dimensions_than_rows_need_a_prior(tau, rng):
    A = rng.standard_normal((7, 5))
    if tau == np.inf:
        with pytest.raises(ValueError, match="at least 5 without a prior, got 3"):
            st.optimal_design(A, 3)
        return
    found = st.optimal_design(A, 3, tau=tau)
    assert_allclose(found.value, best_of_all(A, 3, tau)[0])
    assert found.verify(A)


def test_a_larger_optimum_is_proved_by_its_tree():
    A = np.random.default_rng(1).standard_normal((30, 8))
    found = st.optimal_design(A, 10)
    assert found.exact
    assert 100 < found.branch.size < 1000
    assert len(found.duals) < 200
    assert found.verify(A)
    for rule in RULES:
        assert st.a_optimality(A, rule(A, 10)) >= found.value * (1 - 1e-12)
    relaxed = st.relaxed_design(A, 10)
    assert relaxed.lower <= relaxed.value <= found.value
    better = replace(found, lower=found.lower * (1 + 1e-6))
    assert not better.verify(A)
    assert not replace(found, value=0.9 * found.value).verify(A)
    leaves = found.branch < 0
    assert not replace(found, branch=np.where(leaves, -1, 0)).verify(A)
    assert not replace(found, branch=np.full_like(found.branch, -1)).verify(A)
    assert not replace(found, duals=found.duals * 0.9 + 0.01).verify(A)
    assert not found.verify(A + 0.01)
    assert not found.verify(A[:25])
    assert not replace(found, rows=found.rows[:9]).verify(A)
    for name in ("lower", "value"):
        assert not replace(found, **{name: np.nan}).verify(A)
    assert not replace(relaxed, lower=np.nan).verify(A)


def test_what_a_search_cannot_close_is_gone_through(rng):
    A = rng.standard_normal((20, 3)) * [1, 1e-5, 1e5]
    found = st.optimal_design(A, 8)
    assert found.branch.size == 0
    assert found.efficiency > 0.99
    assert found.verify(A)
    searched = st.optimal_design(A, 8, time_limit=0.1)
    assert searched.branch.size > 0
    assert searched.lower <= found.value <= searched.value * (1 + 1e-6)
    assert searched.verify(A)


def test_rows_of_one_length_are_hard_and_time_ends_it():
    A = np.random.default_rng(0).standard_normal((40, 4))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    found = st.optimal_design(A, 12, time_limit=0.2)
    assert not found.exact
    assert 0.95 < found.efficiency < 1
    assert found.verify(A)


def test_equal_rows_are_a_tie_to_be_proved():
    A = np.repeat(np.random.default_rng(0).standard_normal((5, 3)), 4, axis=0)
    found = st.optimal_design(A, 7)
    assert found.exact
    assert found.verify(A)


@pytest.mark.parametrize("tau", [np.inf, 0.3])
def test_relaxation_agrees_with_a_conic_solver(tau, rng):
    A, k = rng.standard_normal((15, 3)), 6
    w = cp.Variable(15)
    M = A.T @ cp.diag(w) @ A + np.eye(3) / tau
    problem = cp.Problem(cp.Minimize(cp.tr_inv(M)), [w >= 0, w <= 1, cp.sum(w) == k])
    problem.solve(solver="CLARABEL")
    found = st.relaxed_design(A, k, tau=tau)
    assert_allclose(found.value, problem.value, rtol=1e-6)
    assert_allclose(found.weights.sum(), k)
    assert found.weights.min() >= 0
    assert found.weights.max() <= 1
    assert 0 <= found.gap < 1e-8
    assert found.verify(A)
    optimum = st.optimal_design(A, k, tau=tau)
    assert found.lower <= optimum.value <= st.a_optimality(A, found.rows, tau=tau)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("searched", [False, True])
def test_lower_bounds_hold_in_exact_arithmetic(seed, searched, monkeypatch):
    if searched:
        monkeypatch.setattr("sparsetheory.learning.optimal.FEW", 0)
        monkeypatch.setattr("sparsetheory.learning.optimal.MANY", 0)
    rng = np.random.default_rng(seed)
    tau = (np.inf, 1.0, 2.0**-14, 2.0**20)[seed % 4]
    A = rng.standard_normal((6, 3)) * np.exp(rng.normal(0, seed % 3, (6, 1)))
    A[:, 2] = A[:, 0] + 10.0 ** -(seed % 5) * A[:, 2]
    found, relaxed = st.optimal_design(A, 4, tau=tau), st.relaxed_design(A, 4, tau=tau)
    M = gram(fractions(A[found.rows]))
    for i in range(3):
        M[i][i] += 1 / Fraction(tau) if tau < np.inf else 0
    exact = sum(solve(M, np.eye(3)[i])[i] for i in range(3))
    assert Fraction(found.lower) <= exact
    assert Fraction(relaxed.lower) <= exact
    assert abs(Fraction(found.value) / exact - 1) < 1e-7


def test_false_certificates_of_the_relaxation_are_refuted(rng):
    A = rng.standard_normal((15, 3))
    found = st.relaxed_design(A, 6)
    assert found.verify(A)
    assert not replace(found, lower=found.lower * (1 + 1e-6)).verify(A)
    assert not replace(found, dual=found.dual + 0.01 * np.eye(3)).verify(A)
    assert not replace(found, dual=found.dual + np.triu(np.ones((3, 3)), 1)).verify(A)
    assert not found.verify(1.1 * A)
    # a trace that is lost in rounding proves nothing
    huge = replace(found, dual=np.diag([1e17, 1.0, -1e17]))
    assert not huge.verify(A)


def test_relaxation_of_an_orthogonal_design_takes_all_rows_alike():
    A = np.vstack([np.eye(3)] * 4)
    found = st.relaxed_design(A, 6)
    assert_allclose(found.value, 3 / 2, rtol=1e-9)
    assert_allclose(found.lower, 3 / 2, rtol=1e-9)


@pytest.mark.parametrize("power", [-60, 60])
def test_scale_is_nothing_but_a_factor(power, monkeypatch, rng):
    A, scale = rng.standard_normal((10, 3)), 2.0**power
    for tau in (np.inf, 1.0):
        prior = tau / scale**2
        for few in (0, 5000):
            monkeypatch.setattr("sparsetheory.learning.optimal.FEW", few)
            one = st.optimal_design(A, 5, tau=tau)
            two = st.optimal_design(scale * A, 5, tau=prior)
            assert_array_equal(one.rows, two.rows)
            assert_allclose(two.value, one.value / scale**2)
            assert_allclose(two.lower, one.lower / scale**2)
            assert two.verify(scale * A)
        found = st.relaxed_design(scale * A, 5, tau=prior)
        assert found.gap < 1e-8
        for rule in (*RULES, st.magnitude_rows):
            options = {} if rule is st.magnitude_rows else {"tau": tau}
            rows = rule(A, 5, **options)
            options = {name: prior for name in options}
            assert_array_equal(rule(scale * A, 5, **options), rows)


@pytest.mark.parametrize("rule", [*RULES, st.optimal_design, st.relaxed_design])
@pytest.mark.parametrize(
    ("A", "k", "tau", "message"),
    [
        (np.eye(3), 4, 1.0, r"k must be in 1\.\.3, got 4"),
        (np.eye(3), 0, 1.0, r"k must be in 1\.\.3, got 0"),
        (np.eye(3), 2, np.inf, "k must be at least 3 without a prior, got 2"),
        (np.ones((3, 2)), 2, np.inf, "2 independent columns .*, got rank 1"),
        (np.eye(3), 3, 0.0, "tau must be positive, with inf for no prior, got 0"),
        (np.eye(3), 3, np.nan, "tau must be positive, with inf for no prior, got nan"),
        ([[1.0, np.inf]], 1, 1.0, r"A must be finite, got inf at \(0, 1\)"),
        (np.empty((0, 3)), 1, 1.0, "A must have rows and columns"),
        (np.ones(3), 1, 1.0, "A must have 2 axes"),
        (1e120 * np.eye(3), 3, 1.0, r"A must be rescaled, got .* 1\.0e\+120"),
        (np.eye(3), 3, 1e-200, r"tau must lie within 1e-100\.\.1e\+100, got 1e-200"),
    ],
)
def test_bad_arguments_are_named(rule, A, k, tau, message):
    with pytest.raises(ValueError, match=message):
        rule(A, k, tau=tau)


def test_complex_matrices_are_refused():
    with pytest.raises(TypeError, match="A must be real"):
        st.a_optimality(np.eye(2) * 1j, [0, 1])
    with pytest.raises(TypeError, match=r"k must be an integer, got 1\.5"):
        st.magnitude_rows(np.eye(2), 1.5)


def test_an_exchange_needs_a_start_that_spans():
    with pytest.raises(ValueError, match=r"span all dimensions, got \[0, 1\]"):
        st.exchange_rows(LONG, 2, rows=[0, 1])
    with pytest.raises(ValueError, match="rows must number 2, got 1"):
        st.exchange_rows(LONG, 2, rows=[0])


@pytest.mark.parametrize("rule", RULES)
def test_directions_that_are_hardly_there_are_found(rule):
    A = np.random.default_rng(0).standard_normal((8, 3))
    A[:, 2] = A[:, 0] + 1e-9 * A[:, 2]
    value, rows = min(
        (st.a_optimality(A, rows), rows) for rows in combinations(range(8), 4)
    )
    assert st.a_optimality(A, rule(A, 4)) < 3 * value
    assert_array_equal(st.optimal_design(A, 4).rows, rows)


@pytest.mark.parametrize("tau", [1e-90, 1e-20, 1e20, 1e90])
@pytest.mark.parametrize("size", [1e-40, 1.0, 1e40])
@pytest.mark.parametrize("few", [0, 5000])
def test_extreme_scales_are_certified_too(tau, size, few, monkeypatch):
    monkeypatch.setattr("sparsetheory.learning.optimal.FEW", few)
    A = size * np.random.default_rng(0).standard_normal((8, 2))
    found, relaxed = st.optimal_design(A, 4, tau=tau), st.relaxed_design(A, 4, tau=tau)
    assert found.exact
    assert found.verify(A)
    assert relaxed.verify(A)
    assert relaxed.lower <= found.value
    assert relaxed.gap < 1e-8


@given(
    m=hs.integers(1, 7),
    n=hs.integers(1, 4),
    k=hs.integers(1, 7),
    tau=hs.sampled_from([np.inf, 1e8, 1.0, 1e-8]),
    order=hs.sampled_from("CF"),
    kind=hs.sampled_from(["f8", "f4", "i8"]),
    seed=hs.integers(0, 99),
)
def test_any_shape_order_and_type_of_number(m, n, k, tau, order, kind, seed):
    rng = np.random.default_rng(seed)
    A = np.array(rng.integers(-3, 4, (m, n)), dtype=kind, order=order)
    k = min(k, m)
    if tau == np.inf and (k < n or np.linalg.matrix_rank(A) < n):
        with pytest.raises(ValueError, match="without a prior"):
            st.optimal_design(A, k)
        return
    found = st.optimal_design(A, k, tau=tau)
    assert found.exact
    assert found.verify(A)
    assert found.rows.shape == (k,)
    for rule in RULES:
        rows = rule(A, k, tau=tau)
        assert np.unique(rows).size == k
        assert st.a_optimality(A, rows, tau=tau) >= found.lower
    relaxed = st.relaxed_design(A, k, tau=tau)
    assert relaxed.lower <= found.value * (1 + 1e-12)
    assert relaxed.verify(A)
