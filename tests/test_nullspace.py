"""Null space constants against closed forms, circuits and linear programs."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from null_vectors import by_circuits, share
from numpy.testing import assert_allclose
from scipy.optimize import linprog

import sparsetheory as st
from sparsetheory._kernels.nullspace import climb, heaviest_share
from sparsetheory.conditions._nullsearch import Shares
from sparsetheory.conditions._nullspace import (
    dense,
    null_space,
)

CLOSE = 2e-9  # what a search may leave open, with rounding

pytestmark = pytest.mark.slow  # when interpreted


def by_programs(A, k):
    """One linear program for each support and signs."""
    m, n = A.shape
    best = 0.0
    for S in itertools.combinations(range(n), k):
        for signs in itertools.product((1, -1), repeat=k - 1):
            s = np.zeros(n)
            s[list(S)] = 1, *signs
            found = linprog(
                -np.r_[s, -s],
                A_eq=np.c_[A, -A],
                b_eq=np.zeros(m),
                A_ub=np.ones((1, 2 * n)),
                b_ub=[1.0],
            )
            best = max(best, -found.fun)
    return best


def assert_alpha(found, alpha, tol=CLOSE):
    low, high = found.alpha
    assert found.exact
    assert low - tol <= alpha <= high + tol
    assert high - low <= 2 * tol


def simplex(m):
    """m + 1 unit vectors of mean zero."""
    U, _, _ = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))
    A = U[:, :m].T
    return A / np.linalg.norm(A, axis=0)


@pytest.mark.parametrize("m", [3, 6, 11])
def test_simplex(m):
    A, n = simplex(m), m + 1
    for k in range(1, n):
        found = st.null_space_constant(A, k)
        assert_allclose([found.lower, found.upper], k / (n - k), rtol=1e-10)
        assert 2 * k == n or found.recovers == (2 * k < n)
        assert found.evidence.kind == "line"
        assert found.verify(A)


def test_one_null_vector_decides(rng):
    A = rng.standard_normal((6, 7))
    z = np.sort(np.abs(np.linalg.svd(A)[2][-1]))[::-1]
    for k in range(1, 7):
        found = st.null_space_constant(A, k)
        assert_allclose(found.alpha, z[:k].sum() / z.sum(), rtol=1e-10)
        assert found.lower <= z[:k].sum() / z[k:].sum() <= found.upper


@pytest.mark.parametrize("shape", [(5, 7), (5, 9), (3, 8), (1, 5)])
def test_extreme_points_are_circuits(rng, shape):
    A = rng.standard_normal(shape)
    for k in range(1, min(shape[0], 4) + 1):
        found = st.null_space_constant(A, k)
        assert_alpha(found, by_circuits(A, k))
        assert found.verify(A)


def test_linear_program_for_each_support_and_signs():
    A = np.random.default_rng(1).standard_normal((5, 10))
    assert_alpha(st.null_space_constant(A, 2), by_programs(A, 2), 3e-8)


@settings(max_examples=30)
@given(
    arrays(
        np.int64,
        some.tuples(some.integers(1, 4), some.integers(2, 6)),
        elements=some.integers(-2, 2),
    ),
    some.integers(1, 6),
)
def test_matrices_of_small_integers(A, k):
    k = min(k, A.shape[1])
    found = st.null_space_constant(A, k)
    alpha = by_circuits(A, k)
    assert_alpha(found, alpha)
    assert (found.lower == np.inf) == (alpha > 1 - 1e-12)
    assert found.verify(A)


def test_dependent_columns():
    A = np.random.default_rng(0).standard_normal((6, 8))
    A[:, 5] = -A[:, 2]
    first, second = (st.null_space_constant(A, k) for k in (1, 2))
    assert first.lower >= 1 - CLOSE
    assert second.lower == second.upper == np.inf
    assert second.alpha == (1.0, 1.0)
    assert second.recovers is False
    assert second.support.tolist() == [2, 5]
    A[:, 4] = 0
    assert st.null_space_constant(A, 1).lower == np.inf


def test_no_null_space():
    A = np.random.default_rng(0).standard_normal((6, 6))
    for found in (st.null_space_constant(A, 3), *st.null_space_bounds(A)):
        assert found.lower == found.upper == 0
        assert found.recovers
        assert found.exact
        assert found.verify(A)
    assert len(st.null_space_bounds(A)) == 6
    assert not st.null_space_constant(A, 3).verify(A[:5])


def test_all_columns_hold_all_of_a_null_vector():
    A = np.random.default_rng(0).standard_normal((3, 5))
    found = st.null_space_constant(A, 5)
    assert found.lower == found.upper == np.inf
    assert found.verify(A)


def test_constant_grows_with_k_and_not_with_rows(rng):
    A = rng.standard_normal((6, 10))
    values = [st.null_space_constant(A, k).lower for k in range(1, 5)]
    assert values == sorted(values)
    fewer = st.null_space_constant(A[:5], 2)
    assert fewer.upper >= values[1]


def test_rows_may_be_mixed_and_columns_not_scaled(rng):
    A = rng.standard_normal((5, 9))
    plain = st.null_space_constant(A, 2)
    mixed = st.null_space_constant(rng.standard_normal((5, 5)) @ A, 2)
    assert_allclose(mixed.alpha, plain.alpha, atol=CLOSE)
    for other in (np.vstack([A, A[:2], 0 * A]), 1e200 * A, 1e-200 * A):
        assert_allclose(st.null_space_constant(other, 2).alpha, plain.alpha, atol=CLOSE)
    scaled = st.null_space_constant(A * np.arange(1, 10), 2)
    assert abs(scaled.alpha[0] - plain.alpha[0]) > 1e-3


LAYERS = {
    "one output": lambda h: st.BlockCirculant(h((1, 2, 3)), 5),
    "stride": lambda h: st.BlockCirculant(h((1, 1, 3)), 8, stride=2),
    "stride, shifted": lambda h: st.BlockCirculant(h((1, 2, 3)), 4, stride=2, origin=1),
    "plane": lambda h: st.BlockCirculant(h((1, 2, 2, 2)), (2, 3)),
    "taps wrap": lambda h: st.BlockCirculant(h((1, 2, 5)), 3),
    "scaled": lambda h: st.BlockCirculant(h((1, 2, 3)), 4).take(np.arange(4), 0.3),
    "rows": lambda h: st.BlockCirculant(h((1, 1, 4)), 8).take([0, 1, 3, 6]),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_agree_with_their_matrices(layer):
    A = LAYERS[layer](np.random.default_rng(3).standard_normal)
    D = A.to_dense()
    space, plain = null_space(A), null_space(D)
    assert space.dimension == plain.dimension
    assert_allclose(dense(space, space.projector), plain.projector, atol=1e-12)
    for k in (1, 2):
        found = st.null_space_constant(A, k)
        assert_alpha(found, by_circuits(D, k))
        assert found.verify(A)
        bounds = st.null_space_bounds(A, k)[-1], st.null_space_bounds(D, k)[-1]
        assert_allclose(bounds[0].alpha[1], bounds[1].alpha[1], rtol=2e-3)
        assert bounds[0].verify(A)


def test_search_of_a_layer_looks_at_one_of_all_shifts():
    A = st.BlockCirculant(np.random.default_rng(0).standard_normal((1, 2, 3)), 7)
    layer, matrix = (
        st.null_space_constant(A, 2),
        st.null_space_constant(A.to_dense(), 2),
    )
    assert 2 * layer.evidence.nodes < matrix.evidence.nodes


@pytest.mark.parametrize("size", [7, 30])
def test_differences_leave_the_constants(size):
    A = st.BlockCirculant([[[1.0, -1.0]]], size)
    found = st.null_space_constant(A, 3)
    assert_allclose([found.lower, found.upper], 3 / (size - 3), rtol=1e-9)
    assert found.verify(A)


@pytest.mark.parametrize("size", [9, 17])
def test_one_filter_undoes_another(size):
    """The filters (h2, -h1) are a null vector of four entries, on every grid."""
    A = st.BlockCirculant([[[1.0, 2.0], [3.0, -1.0]]], size)
    assert st.null_space_bounds(A, 4)[-1].upper == np.inf
    z = np.zeros(2 * size)
    z[[0, 1, size, size + 1]] = 3.0, -1.0, -1.0, -2.0
    assert_allclose(A @ z, 0, atol=1e-14)
    for k, least in ((1, 3 / 7), (2, 5 / 7), (3, 6 / 7), (4, 1)):
        found = st.null_space_constant(A, k)
        assert found.exact
        assert found.alpha[0] >= least - CLOSE
    assert found.lower == np.inf
    assert found.verify(A)


def test_as_many_outputs_as_inputs_leave_nothing():
    A = st.BlockCirculant(np.random.default_rng(0).standard_normal((3, 2, 3)), 64)
    assert st.null_space_constant(A, 20).upper == 0


def test_constant_below_one_is_recovery_of_all():
    A = np.random.default_rng(4).standard_normal((7, 10))
    first, second = (st.null_space_constant(A, k) for k in (1, 2))
    assert (first.recovers, second.recovers) == (True, False)
    for i in range(10):
        assert st.l1_verdict(A, np.eye(10)[i]) == st.Verdict.SUCCESS
    x = np.where(np.isin(np.arange(10), second.support), second.vector, 0)
    assert st.l1_verdict(A, x) == st.Verdict.FAILURE
    failures = sum(
        st.l1_verdict(A, np.eye(10)[i] + s * np.eye(10)[j]) == st.Verdict.FAILURE
        for i, j in itertools.combinations(range(10), 2)
        for s in (1, -1)
    )
    assert failures > 0


def test_isometry_implies_the_null_space_property():
    from scipy.linalg import hadamard

    for A, k in ((simplex(20), 7), (np.c_[np.eye(16), hadamard(16) / 4], 2)):
        assert st.rip_constant(A, 2 * k).upper < np.sqrt(0.5)
        found = st.null_space_bounds(A, k)[-1]
        assert found.upper < 1


def test_climbing_never_loses(rng):
    A = rng.standard_normal((8, 16))
    shares = Shares(null_space(A), np.inf)
    for start in shares.projector:
        z = start.copy()
        reached = climb(shares.basis, 3, 1e-9, np.zeros(1), z)
        assert_allclose(A @ z, 0, atol=1e-12 * np.abs(z).max())
        assert_allclose(reached, share(z, 3), rtol=1e-12)
        assert reached >= heaviest_share(start, 3)


def test_little_time_gives_a_bracket():
    A = np.random.default_rng(7).standard_normal((20, 40))
    exact = st.null_space_constant(A, 2)
    for limit in (1e-9, 0.02, 20):
        found = st.null_space_constant(A, 2, time_limit=limit)
        assert found.lower <= exact.upper
        assert found.upper >= exact.lower
        assert found.verify(A)
    assert found.exact
    assert not exact.verify(A, time_limit=1e-9)


def test_long_searches_end_in_time():
    import time

    A = np.random.default_rng(7).standard_normal((32, 64))
    start = time.perf_counter()
    found = st.null_space_constant(A, 6, time_limit=1.0)
    assert time.perf_counter() - start < 10
    assert 0 < found.lower < found.upper
    assert not found.exact


def test_false_claims_are_refuted():
    A = np.random.default_rng(8).standard_normal((6, 10))
    search = st.null_space_constant(A, 2)
    dual = st.null_space_bounds(A, 2)[-1]
    line = st.null_space_constant(simplex(5), 2)
    assert search.evidence.kind == "search"
    assert dual.evidence.kind == "dual"
    for found, of in ((search, A), (dual, A), (line, simplex(5))):
        assert found.verify(of)
        change = dataclasses.replace
        assert not change(found, upper=0.99 * found.upper).verify(of)
        assert not change(found, lower=1.01 * found.lower).verify(of)
        other = found.vector + np.arange(of.shape[1])
        assert not change(found, vector=other).verify(of)
        assert not change(found, vector=np.zeros_like(found.vector)).verify(of)
        assert not found.verify(of[:, ::-1] * np.arange(1, of.shape[1] + 1))
        assert not found.verify(of[:, :-1])
    proof = dataclasses.replace(dual.evidence, dual=0 * dual.evidence.dual)
    assert not dataclasses.replace(dual, evidence=proof).verify(A)
    proof = dataclasses.replace(dual.evidence, dual=None)
    assert not dataclasses.replace(dual, evidence=proof).verify(A)
    for kind in ("none", "line", "guess"):
        proof = dataclasses.replace(dual.evidence, kind=kind)
        assert not dataclasses.replace(dual, evidence=proof).verify(A)


def test_bounds_end_where_recovery_does():
    A = st.gaussian(30, 60, rng=0)
    bounds = st.null_space_bounds(A)
    more = st.null_space_bounds(A, len(bounds) + 1)
    assert all(b.recovers and b.verify(A) for b in bounds)
    assert more[-1].upper >= 1
    assert [b.k for b in more] == list(range(1, len(more) + 1))
    for bound in more:
        assert bound.lower <= bound.upper


@settings(max_examples=20)
@given(
    some.sampled_from([float, np.float32, np.int64, bool]), some.sampled_from("CFKA")
)
def test_kinds_of_arrays(dtype, order):
    A = (np.random.default_rng(0).integers(0, 2, (3, 5))).astype(dtype)
    given = np.asarray(A, order=order)
    expected = st.null_space_constant(A.astype(float), 1).alpha
    assert st.null_space_constant(given, 1).alpha == expected
    assert st.null_space_constant(given[::-1], 1).alpha == pytest.approx(expected)


@pytest.mark.parametrize("function", [st.null_space_constant, st.null_space_bounds])
def test_bad_input_is_named(function):
    A = np.ones((2, 4))
    for bad, error, match in (
        (A * 1j, TypeError, "A must be real"),
        (np.where(A, np.nan, 0), ValueError, "A must be finite, got nan"),
        (np.ones(3), ValueError, "A must have 2 axes"),
        (np.ones((0, 3)), ValueError, "A must have rows and columns"),
        ("matrix", TypeError, "A must be"),
    ):
        with pytest.raises(error, match=match):
            function(bad, 1)
    for k in (0, 5, -1):
        with pytest.raises(ValueError, match=f"k must be in 1..4, got {k}"):
            function(A, k)
    with pytest.raises(TypeError, match=r"k must be an integer, got 1\.5"):
        function(A, 1.5)
    with pytest.raises(ValueError, match="time_limit must be positive"):
        function(A, 1, time_limit=0)


@pytest.mark.parametrize(
    "ends", [(0.0, np.nan), (np.nan, 5.0), (0.0, -3.0), (2.0, 1.0)]
)
def test_ends_that_are_no_bracket_are_not_confirmed(ends):
    A = st.gaussian(4, 8, rng=0)
    found = st.null_space_constant(A, 1)
    forged = dataclasses.replace(found, lower=ends[0], upper=ends[1])
    assert found.verify(A)
    assert not forged.verify(A)


@pytest.mark.parametrize("at", [1, 2])
def test_ctrl_c_in_a_relaxation_leaves_a_bracket(monkeypatch, at):
    relax, calls = Shares.relax, []

    def stop(self, order):
        calls.append(order)
        if len(calls) == at:
            raise KeyboardInterrupt
        return relax(self, order)

    A = st.gaussian(8, 16, rng=0)
    exact = st.null_space_constant(A, 3)
    monkeypatch.setattr(Shares, "relax", stop)
    found = st.null_space_constant(A, 3)
    assert len(calls) == at
    assert found.interrupted
    assert not exact.interrupted
    assert found.lower <= exact.lower <= exact.upper <= found.upper
    assert found.verify(A)
