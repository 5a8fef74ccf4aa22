"""Verdicts on non-negative and on grouped signals, and dual certificates."""

import cvxpy as cp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog

import sparsetheory as st
from sparsetheory import Verdict
from sparsetheory._checks import check_groups
from sparsetheory._kernels.chebyshev import curved_rows, excess


def positive(n, k, rng):
    return st.sparse_signal(n, k, rng, amplitude="nonnegative")


def blocks(n, size):
    return np.arange(n) // size


# Non-negative signals


def structured(rng, kind):
    m, n = rng.integers(3, 8), rng.integers(4, 11)
    if kind == "integer":
        return rng.integers(-2, 3, (m, n)).astype(float)
    if kind == "low rank":
        return rng.integers(-2, 3, (m, 2)).astype(float) @ rng.integers(-2, 3, (2, n))
    if kind == "counts":  # no null vector is one of non-negative entries
        return rng.integers(0, 3, (m, n)).astype(float)
    B = rng.standard_normal((m, n))
    if kind == "repeated rows":
        return np.vstack([B, B[:1], B[:1] + B[1:2]])
    if kind == "twins":
        return np.column_stack([B, B[:, 0], np.zeros(m)])
    return B * 10.0 ** rng.integers(-3, 4, n)  # scaled columns


@pytest.mark.parametrize(
    "kind",
    ["integer", "low rank", "counts", "repeated rows", "twins", "scaled columns"],
)
def test_no_verdict_on_non_negative_signals_is_wrong(kind):
    # Over d in the null space, d >= 0 off S, |d| <= 1: the least sum is negative just
    # if x is no minimiser, and another minimiser is a d of no sum.
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        A = structured(rng, kind)
        n = A.shape[1]
        x = positive(n, int(rng.integers(0, np.linalg.matrix_rank(A) + 1)), rng)
        bounds = [(-1, 1) if a else (0, 1) for a in x]
        null = {"A_eq": A, "b_eq": np.zeros(len(A)), "bounds": bounds}
        least = linprog(np.ones(n), **null).fun
        verdict = st.nonnegative_verdict(A, x)
        found.append(verdict)
        if least < -1e-6:
            assert verdict == Verdict.FAILURE
        elif verdict != Verdict.UNRESOLVED:
            flat = {"A_ub": np.ones((1, n)), "b_ub": [0.0]}
            moved = max(
                -linprog(-sign * unit, **null, **flat).fun
                for unit in np.eye(n)
                for sign in (1, -1)
            )
            assert (moved < 1e-6) == (verdict == Verdict.SUCCESS)
    assert Verdict.SUCCESS in found
    assert Verdict.FAILURE in found


def test_verdicts_agree_with_the_linear_program(rng):
    seen = set()
    for k in (2, 6, 8, 10, 12):
        for _ in range(8):
            A, x = st.gaussian(20, 40, rng), positive(40, k, rng)
            best = linprog(np.ones(40), A_eq=A, b_eq=A @ x).fun
            optimal = best > x.sum() * (1 - 1e-7)
            verdict = st.nonnegative_verdict(A, x)
            assert verdict == (Verdict.SUCCESS if optimal else Verdict.FAILURE)
            seen.add(verdict)
    assert seen == {Verdict.SUCCESS, Verdict.FAILURE}


def test_non_negative_successes_are_as_many_as_the_theory_says():
    n, trials = 30, 200
    cells = [(m, k) for k in (3, 6, 9) for m in range(6, 20, 2)]
    wins = np.array(
        [
            sum(
                st.nonnegative_verdict(st.gaussian(m, n, rng), positive(n, k, rng)) == 1
                for rng in map(np.random.default_rng, range(trials))
            )
            for m, k in cells
        ]
    )

    def chi_square(extra):
        theory = [
            st.nonnegative_exact_success_probability(n, k + extra) for k in range(n)
        ]
        p = np.array([theory[k][m] for m, k in cells])
        unsure = (p > 0.05) & (p < 0.95)
        p = p[unsure]
        z = (wins[unsure] - trials * p) / np.sqrt(trials * p * (1 - p))
        return (z**2).sum(), unsure.sum()

    total, count = chi_square(0)
    assert count > 6
    assert total < count + 5 * np.sqrt(2 * count)
    total, count = chi_square(1)
    assert total > count + 5 * np.sqrt(2 * count)


def test_success_without_signs_is_success_with_them_but_not_conversely(rng):
    more = 0
    for k in (3, 6, 8):
        for _ in range(10):
            A, x = st.gaussian(20, 40, rng), positive(40, k, rng)
            one, two = st.nonnegative_verdict(A, x), st.l1_verdict(A, x)
            assert one >= two
            more += one > two
    assert more > 0


def test_where_the_sum_is_measured_x_must_be_the_only_feasible_point():
    line = np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
    assert st.nonnegative_verdict(line, [1.0, 0.0, 0.0]) == Verdict.SUCCESS
    tie = [0.0, 1.0, 0.0]  # and half of each of the others
    assert st.nonnegative_verdict(line, tie) == Verdict.UNRESOLVED


def test_corner_cases_of_non_negative_verdicts(rng):
    A = st.gaussian(5, 8, rng)
    assert st.nonnegative_verdict(A, np.zeros(8)) == Verdict.SUCCESS
    assert st.nonnegative_verdict(A, np.ones(8)) == Verdict.FAILURE
    assert st.nonnegative_verdict(A.T, np.ones(5)) == Verdict.SUCCESS
    twins = np.column_stack([A[:, 0], A])
    assert st.nonnegative_verdict(twins, np.eye(9)[0] + np.eye(9)[1]) == Verdict.FAILURE
    with pytest.raises(ValueError, match=r"x must not be negative, got -1\.0"):
        st.nonnegative_verdict(A, -np.eye(8)[0])


@pytest.mark.parametrize(
    "verdict",
    [st.nonnegative_verdict, lambda A, x: st.group_verdict(A, x, blocks(x.size, 1))],
    ids=["nonnegative", "group"],
)
def test_verdicts_do_not_depend_on_scale_or_order(verdict, rng):
    for k in (4, 8, 11):
        A, x = st.gaussian(20, 40, rng), positive(40, k, rng)
        expected = verdict(A, x)
        for scale in (1e-300, 1e155):
            assert verdict(scale * A, x) == expected
        order = rng.permutation(40)
        assert verdict(A[:, order], x[order]) == expected
        C = st.BlockCirculant(rng.standard_normal((2, 3, 5)), 8)
        x = positive(24, k, rng)
        assert verdict(C, x) == verdict(C.to_dense(), x)


# Groups


def least_group_norm(A, y, labels, weights):
    z = cp.Variable(A.shape[1])
    terms = [w * cp.norm2(z[labels == g]) for g, w in enumerate(weights)]
    problem = cp.Problem(cp.Minimize(sum(terms)), [A @ z == y])
    return problem.solve(solver="CLARABEL")


def test_group_verdicts_agree_with_a_cone_program(rng):
    seen = set()
    labels = np.array(
        [0] * 2 + [1] * 5 + [2] * 3 + [3] * 4 + [4] * 1 + [5] * 5 + [6] * 4
    )
    weights = rng.uniform(1.0, 2.0, 7)
    for k in (1, 2, 2, 3, 3, 4):
        A, x = st.gaussian(12, 24, rng), st.group_sparse_signal(labels, k, rng)
        norm = sum(w * np.linalg.norm(x[labels == g]) for g, w in enumerate(weights))
        optimal = least_group_norm(A, A @ x, labels, weights) > norm * (1 - 1e-6)
        verdict = st.group_verdict(A, x, labels, weights)
        assert verdict == (Verdict.SUCCESS if optimal else Verdict.FAILURE)
        order = rng.permutation(24)
        moved = st.group_verdict(A[:, order], x[order], labels[order], weights)
        assert moved == verdict
        seen.add(verdict)
    assert seen == {Verdict.SUCCESS, Verdict.FAILURE}


def test_groups_of_one_are_the_l1_norm(rng):
    for k in (4, 6, 7, 8, 12):
        A, x = st.gaussian(20, 40, rng), st.sparse_signal(40, k, rng)
        assert st.group_verdict(A, x, 1) == st.l1_verdict(A, x)


def test_weights_count(rng):
    # One active group: it wins if it is cheap enough.
    A, x = np.hstack([np.eye(3), np.eye(3)]), np.r_[1.0, 2.0, 3.0, np.zeros(3)]
    assert st.group_verdict(A, x, 3, [1.0, 1.1]) == Verdict.SUCCESS
    assert st.group_verdict(A, x, 3, [1.1, 1.0]) == Verdict.FAILURE
    assert st.group_verdict(A, x, 3) == Verdict.UNRESOLVED


def test_zeros_in_an_active_group_are_no_zeros(rng):
    # The verdict is that of a neighbour without them.
    for k in (3, 5, 6):
        A, x = st.gaussian(20, 40, rng), st.group_sparse_signal(blocks(40, 4), k, rng)
        near = x.copy()
        first = np.flatnonzero(x)[0]
        x[first], near[first] = 0.0, 1e-9
        assert st.group_verdict(A, x, 4) == st.group_verdict(A, near, 4)


def test_dependent_columns_of_active_groups_may_fail_but_never_succeed(rng):
    A = st.gaussian(5, 12, rng)
    A[:, 1] = A[:, 0]
    uneven, even = np.zeros(12), np.zeros(12)
    uneven[0], even[:2] = 1.0, 1.0
    assert st.group_verdict(A, uneven, 2) == Verdict.FAILURE
    assert st.group_verdict(A, even, 2) == Verdict.UNRESOLVED
    assert st.group_verdict(A, np.ones(12), 2) == Verdict.FAILURE
    assert st.group_verdict(A, np.zeros(12), 2) == Verdict.SUCCESS
    A[:, :2] = 0.0
    assert st.group_verdict(A, even, 2) == Verdict.FAILURE


def test_curvature_of_the_distance_is_that_of_differences(rng):
    F, v = rng.standard_normal((12, 4)), rng.standard_normal(12)
    groups = check_groups([0, 1, 0, 2, 2, 2, 1, 0, 3, 3, 0, 2], 12)

    def slope(q):
        h = np.empty(12)
        excess(v + F @ q, 1.5, groups, False, h)
        return F.T @ h

    h = np.empty(12)
    excess(v, 1.5, groups, False, h)
    assert 0 < np.count_nonzero(h) < 12
    rows = curved_rows(F, v, 1.5, groups)
    steps = 1e-6 * np.eye(4)
    expected = [(slope(s) - slope(-s)) / 2e-6 for s in steps]
    assert_allclose(rows.T @ rows, expected, atol=1e-7)


def test_group_successes_are_as_many_as_the_theory_says():
    size, count, active, trials = 3, 30, 4, 200
    n = size * count
    wins, rows = [], np.array([24, 28, 32])
    for m in rows:
        results = [
            st.group_verdict(
                st.gaussian(m, n, rng),
                st.group_sparse_signal(blocks(n, size), active, rng),
                size,
            )
            for rng in map(np.random.default_rng, range(trials))
        ]
        assert results.count(Verdict.UNRESOLVED) == 0
        wins.append(results.count(Verdict.SUCCESS) / trials)

    def off(active):
        p = st.group_success_probability(count, size, rows, active)
        # Its own error is said to be .03.
        return np.abs(wins - p) / (0.03 + 5 * np.sqrt(p * (1 - p) / trials))

    assert off(active).max() < 1
    assert off(active + 1).max() > 1


# Dual certificates


def test_certificate_has_the_least_peak(rng):
    for k in (3, 7, 12, 20):
        A, x = st.gaussian(20, 40, rng), st.sparse_signal(40, k, rng)
        on = x != 0
        proof = st.dual_certificate(A, on, np.sign(x[on]))
        rest = A[:, ~on].T
        assert_allclose(proof.peak, np.abs(rest @ proof.w).max(), rtol=1e-12)
        assert_allclose(A[:, on].T @ proof.w, np.sign(x[on]), atol=1e-9)
        one = np.ones((40 - k, 1))
        best = linprog(
            np.r_[np.zeros(20), 1.0],
            A_ub=np.block([[rest, -one], [-rest, -one]]),
            b_ub=np.zeros(80 - 2 * k),
            A_eq=np.column_stack([A[:, on].T, np.zeros(k)]),
            b_eq=np.sign(x[on]),
            bounds=(None, None),
        ).fun
        assert_allclose(proof.peak, best, rtol=2e-6)
        assert proof.bound <= best * (1 + 1e-7)
        assert proof.peak <= proof.bound * (1 + 2e-6)
        assert proof.peak <= proof.fuchs_peak * (1 + 1e-9)
        assert proof.holds == (st.l1_verdict(A, x) == Verdict.SUCCESS)


def test_the_search_starts_from_the_vector_of_least_norm(rng):
    A, s = st.gaussian(20, 40, rng), np.array([1.0, -1.0, 1.0])
    proof = st.dual_certificate(A, [30, 2, 5], s)
    fuchs = np.linalg.pinv(A[:, [30, 2, 5]].T) @ s
    assert_allclose(proof.fuchs, fuchs, atol=1e-12)
    off = np.delete(A, [30, 2, 5], axis=1)
    assert_allclose(proof.fuchs_peak, np.abs(off.T @ fuchs).max(), rtol=1e-12)
    assert_allclose(A[:, [30, 2, 5]].T @ proof.w, s, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-160, 1e155])
def test_certificates_scale_inversely(scale, rng):
    A = st.gaussian(10, 20, rng)
    one = st.dual_certificate(A, [0, 4], [1, -1])
    other = st.dual_certificate(scale * A, [0, 4], [1, -1])
    assert_allclose(scale * other.w, one.w, atol=1e-5)
    assert_allclose(other.peak, one.peak, rtol=2e-6)


def test_corner_cases_of_certificates(rng):
    A = st.gaussian(6, 9, rng)
    nothing = st.dual_certificate(A, [], [])
    assert nothing.holds
    assert not nothing.w.any()
    assert st.dual_certificate(A.T, range(6), np.ones(6)).holds
    square = st.dual_certificate(A, range(6), np.ones(6))  # one vector, no choice
    assert square.peak == square.fuchs_peak == square.bound
    alone = st.dual_certificate(np.eye(3), [1], [-1])
    assert alone.holds
    assert alone.peak == 0.0


@pytest.mark.parametrize(
    ("support", "signs", "message"),
    [
        ([0, 1], [1], r"signs must have shape \(2,\) to match support, got \(1,\)"),
        ([0, 1], [1, 0.5], r"signs must be \+1 or -1, got 0\.5"),
        ([0, 3], [1, 1], "support must lie in 0..2, got 3"),
        ([0, 2], [1, 1], "columns of the support must be independent"),
        ([0, 1, 2], [1, 1, 1], "columns of the support must be independent"),
    ],
)
def test_bad_certificates_are_named(support, signs, message):
    with pytest.raises(ValueError, match=message):
        st.dual_certificate(np.array([[1.0, 0, 1], [0, 1, 0]]), support, signs)
