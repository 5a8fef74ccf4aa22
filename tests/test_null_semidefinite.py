"""Bounds on null space constants from a semidefinite relaxation."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from null_vectors import by_circuits, share
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory._kernels.cone import onto_cones
from sparsetheory._parallel import blas_held
from sparsetheory.conditions._nullsearch import Shares
from sparsetheory.conditions._nullspace import null_space
from sparsetheory.conditions._semidefinite import (
    _weights,
    certified_share,
    directions,
    products,
    semidefinite_share,
)
from sparsetheory.conditions.evidence import NullSpaceEvidence
from sparsetheory.conditions.relaxation import hermitian

pytestmark = pytest.mark.slow  # when interpreted


def relaxed(A, k, **options):
    """The bound that the linear program finds, and the semidefinite one."""
    with blas_held():
        shares = Shares(null_space(A), np.inf)
        shares.relax(k)
        bound, L = semidefinite_share(shares.space, k, shares.tables[k], **options)
    return float(shares.bounds[k][k - 1]), bound, L


def certificate(A, k):
    """A constant whose upper bound rests on the semidefinite matrix."""
    _, bound, L = relaxed(A, k)
    found = st.null_space_bounds(A, k)[-1]
    proof, bound = NullSpaceEvidence("semidefinite", L), bound + 1e-11
    return dataclasses.replace(found, upper=bound / (1 - bound), evidence=proof)


@settings(max_examples=60)
@given(
    some.integers(1, 4),
    some.integers(1, 8),
    some.integers(1, 10),
    some.integers(0, 999),
    some.booleans(),
)
def test_rows_are_projected_on_their_cone(rows, n, k, seed, ties):
    """What is taken off lies in the polar cone, and is orthogonal to what is left."""
    rng = np.random.default_rng(seed)
    V, weights = rng.standard_normal((rows, 2, n)), 2 * rng.standard_normal(rows)
    V = np.round(V) if ties else V
    X, t = np.empty_like(V), rng.exponential(1.0, rows)
    onto_cones(V, -np.sort(-np.abs(V)), weights, k, t, X)
    sizes, rest = np.abs(X), np.abs(V - X)
    tol = 1e-10 * (1 + np.abs(V).sum())
    assert (t >= 0).all()
    assert (sizes.sum(axis=2).max(axis=1) <= t + tol).all()
    assert (sizes[:, 1].max(axis=1) <= t / k + tol).all()
    top = np.sort(rest[:, 1], axis=1)[:, ::-1][:, :k].sum(axis=1) / k
    assert (rest[:, 0].max(axis=1) + top <= t - weights + tol).all()
    inner = ((V - X) * X).sum(axis=(1, 2)) + (weights - t) * t
    assert_allclose(inner, 0, atol=10 * tol)


def test_any_matrix_certifies(rng):
    A = rng.standard_normal((4, 8))
    space = null_space(A)
    for k in (1, 2, 3):
        exact, z = by_circuits(A, k), directions(space)[0]
        for size in (0.0, 0.1, 3.0):
            L = products((8, 8)) + size * rng.standard_normal((16, 16))
            prices = [
                np.abs(row[:8]).max() + np.sort(np.abs(row[8:]))[-k:].sum() / k
                for row in L
            ]
            least = np.linalg.eigvalsh(z.T @ (hermitian(L) - products((8, 8))) @ z)[0]
            by_hand = k * max(prices[:8]) + sum(sorted(prices[8:])[-k:])
            by_hand += (k + 1) * max(-least, 0)
            bound = certified_share(space, L, k)
            assert by_hand < bound <= by_hand + 1e-9 * (1 + size)
            assert bound >= exact


def test_margin_covers_what_the_null_space_may_be_off(rng):
    A = rng.standard_normal((4, 8))
    mixed = null_space(np.vander([1.0, 1 + 1e-3, 1 + 2e-3, 1 - 1e-3]) @ A)
    assert 1e8 < mixed.condition < 1e13
    L = rng.standard_normal((16, 16))
    L = L @ L.T + products((8, 8))
    plain, bound = (certified_share(space, L, 2) for space in (null_space(A), mixed))
    length = np.linalg.norm(L - products((8, 8)))
    assert_allclose(bound - plain, 3 * 4 * mixed.rounding * length, rtol=1e-3)


@given(some.integers(1, 8), some.integers(1, 5), some.integers(0, 99))
def test_weights_are_projected(size, k, seed):
    x, caps = np.random.default_rng(seed).standard_normal(2 * size), [1.0] * size
    caps = np.array(caps + [1 / k] * size)
    w = _weights(x, caps, 0.5)
    assert ((w >= 0) & (w <= caps)).all()
    for part, old, cap in zip(*(np.split(v, 2) for v in (w, x, caps)), strict=True):
        assert part.sum() <= 0.5 + 1e-12
        taken = (old - part)[(part > 0) & (part < cap)]
        price = taken.max(initial=0.0)
        assert_allclose(taken, price, atol=1e-12)
        assert price >= -1e-12
        assert part.sum() >= 0.5 - 1e-12 or price <= 1e-12
        if taken.size:
            assert_allclose(part, np.clip(old - price, 0, cap), atol=1e-12)


def test_the_form_is_what_the_matrix_says(rng):
    """For null vectors of norm one and signs on k places."""
    A, k = rng.standard_normal((4, 8)), 3
    L, space = 0.2 * rng.standard_normal((16, 16)), null_space(A)
    for _ in range(50):
        x = space.projector @ rng.standard_normal(8)
        y = np.zeros(8)
        y[rng.choice(8, k, replace=False)] = rng.choice([-1.0, 1.0], k)
        x, y = x / np.abs(x).sum(), y / k
        w = np.r_[x, y]
        prices = np.abs(L[:, :8]).max(axis=1)
        prices += np.sort(np.abs(L[:, 8:]), axis=1)[:, -k:].sum(axis=1) / k
        assert w @ L @ w <= np.abs(w) @ prices + 1e-15
        assert_allclose(w @ products((8, 8)) @ w, x @ y, atol=1e-15)


@settings(max_examples=40)
@given(
    arrays(
        np.int64,
        some.tuples(some.integers(1, 4), some.integers(2, 7)),
        elements=some.integers(-2, 2),
    ),
    some.integers(1, 7),
)
def test_bound_is_between_the_constant_and_the_other_bound(A, k):
    """Zero columns, equal ones, dependent rows and k = n among them."""
    k = min(k, A.shape[1])
    if null_space(A).dimension == 0:
        return
    linear, bound, L = relaxed(A, k, max_iter=100)
    assert by_circuits(A, k) <= bound <= linear + 1e-9
    assert certified_share(null_space(A), L, k) == bound


@pytest.mark.parametrize("seed", range(8))
def test_bound_of_generic_matrices_is_above_the_constant(seed):
    A = np.random.default_rng(seed).standard_normal((5, 9))
    for k in (1, 2, 3):
        linear, bound, _ = relaxed(A, k)
        exact = by_circuits(A, k)
        assert exact <= bound <= linear + 1e-9
        assert k > 1 or bound <= 1.002 * exact


def test_one_null_vector_is_exact():
    z = np.array([5.0, -3.0, 2.0, 1.0, -1.0, 0.5])
    A = np.linalg.svd(z[None])[2][1:]
    for k in (1, 2, 4, 6):
        _, bound, _ = relaxed(A, k)
        assert_allclose(bound, share(z, k), rtol=1e-4)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_differences_are_exact(k):
    """The only null vector is constant."""
    layer = st.BlockCirculant([[[1.0, -1.0]]], 8)
    assert_allclose(relaxed(layer, k)[1], k / 8, rtol=1e-4)


def test_equal_columns_hold_all_of_a_null_vector(rng):
    A = rng.standard_normal((4, 7))
    A[:, 3] = A[:, 1]
    assert relaxed(A, 2)[1] >= 1


def primal(A, k, of_rows):
    """The relaxation itself; with norms of the whole matrix it is that of the paper."""
    import cvxpy as cp

    n = A.shape[1]
    B = null_space(A).projector
    B = np.linalg.svd(B)[0][:, : null_space(A).dimension]
    d = B.shape[1]
    W = cp.Variable((d + n, d + n), symmetric=True)
    X, Z, Y = B @ W[:d, :d] @ B.T, W[d:, :d] @ B.T, W[d:, d:]
    rules = [W >> 0]
    if of_rows:
        s, t = cp.Variable(n), cp.Variable(n)
        rules += [cp.sum(s) <= 1, cp.sum(t) <= k, t <= 1]
        for first, second, weight in ((X, Z.T, s), (Z, Y, t)):
            rules.append(cp.sum(cp.abs(first), axis=1) <= weight)
            rules.append(cp.sum(cp.abs(second), axis=1) <= k * weight)
            rules.append(cp.max(cp.abs(second), axis=1) <= weight)
    else:
        rules += [cp.sum(cp.abs(X)) <= 1, cp.max(cp.abs(Y)) <= 1]
        rules += [cp.sum(cp.abs(Y)) <= k**2, cp.sum(cp.abs(Z)) <= k]
    return cp.Problem(cp.Maximize(cp.trace(Z)), rules).solve(solver="CLARABEL")


@pytest.mark.parametrize("k", [1, 2, 3])
def test_relaxation_reaches_its_maximum(k):
    A = np.random.default_rng(3).standard_normal((6, 11))
    _, bound, _ = relaxed(A, k)
    most = primal(A, k, of_rows=True)
    assert most - 1e-6 <= bound <= most + 1e-4
    assert bound <= primal(A, k, of_rows=False) + 1e-4


def test_it_certifies_more_than_the_linear_program():
    A = np.random.default_rng(0).standard_normal((20, 40))
    linear, bound, _ = relaxed(A, 2)
    assert bound < 0.4935 < 0.5 < linear
    assert certificate(A, 2).recovers
    assert certificate(A, 2).verify(A)


LAYERS = {
    "one output": lambda h: st.BlockCirculant(h((1, 2, 3)), 5),
    "stride": lambda h: st.BlockCirculant(h((1, 1, 3)), 8, stride=2),
    "plane": lambda h: st.BlockCirculant(h((1, 2, 2, 2)), (2, 3)),
    "rows": lambda h: st.BlockCirculant(h((1, 1, 4)), 8).take([0, 1, 3, 6]),
    "uneven": lambda h: st.BlockCirculant([[[1.0, -1.0], [1.0, 1.0]]], 6),
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("k", [1, 2, 3])
def test_layers_agree_with_their_matrices(layer, k):
    A = LAYERS[layer](np.random.default_rng(3).standard_normal)
    bound, plain = relaxed(A, k)[1], relaxed(A.to_dense(), k)[1]
    assert_allclose(bound, plain, rtol=3e-4)
    assert bound >= by_circuits(A.to_dense(), k)
    assert bound >= 1 or certificate(A, k).verify(A)


def test_a_table_certifies_what_its_matrix_does(rng):
    layer = LAYERS["one output"](rng.standard_normal)
    table, at = rng.standard_normal((4, 4, 5)), np.subtract.outer(range(5), range(5))
    full = np.block([[table[a, b][at % 5] for b in range(4)] for a in range(4)])
    for k in (1, 4, 7):
        expected = certified_share(null_space(layer.to_dense()), full, k)
        assert_allclose(certified_share(null_space(layer), table, k), expected)


def test_rows_may_be_mixed_scaled_and_repeated(rng):
    A = rng.standard_normal((5, 9))
    bound = relaxed(A, 2)[1]
    for other in (
        rng.standard_normal((5, 5)) @ A,
        np.vstack([A, A[:2], 0 * A]),
        A * np.logspace(-8, 8, 5)[:, None],
        1e200 * A,
    ):
        assert_allclose(relaxed(other, 2)[1], bound, rtol=1e-4)


def test_false_claims_are_refuted(rng):
    A = rng.standard_normal((6, 11))
    layer = LAYERS["one output"](rng.standard_normal)
    for of in (A, layer):
        found = certificate(of, 2)
        assert found.verify(of)
        n, L = of.shape[1], found.evidence.dual

        def resting_on(L, found=found):
            proof = NullSpaceEvidence("semidefinite", L)
            return dataclasses.replace(found, evidence=proof)

        low = (1 - 1e-8) * found.upper
        assert not dataclasses.replace(found, upper=low).verify(of)
        for wrong in (
            None, 0 * L, L[1:, 1:], L[:, :-1], L[..., None], L + 0j, L.astype(object),
            L * np.nan, L + np.inf, 1e150 * L, 1.001 * L, 0.999 * L, L.swapaxes(0, 1),
            np.roll(L, 1), L.tolist(), "L", np.zeros((n, n)), L.astype(np.float16),
            L.astype(np.float32), L.astype(np.longdouble), L.astype(">f8"),
            np.ma.masked_array(L),
        ):  # fmt: skip
            assert not resting_on(wrong).verify(of)
        other = st.null_space_bounds(of, 2)[-1]
        mixed = dataclasses.replace(other.evidence, kind="semidefinite")
        assert not dataclasses.replace(other, evidence=mixed).verify(of)
    found = certificate(A, 2)
    for of in (A[::-1] + 0.01, A[:, ::-1], A * np.arange(1, 12), A[:, :-1], A[:-1]):
        assert not found.verify(of)
    assert found.verify(np.vstack([A, A[0] - A[1]]))
    assert not dataclasses.replace(found, k=1).verify(A)
    assert not dataclasses.replace(found, k=3).verify(A)
