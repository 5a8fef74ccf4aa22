"""Restricted eigenvalues between certified bounds."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from designs import equicorrelated
from numpy.testing import assert_allclose
from scipy.linalg import hadamard
from scipy.optimize import nnls

import sparsetheory as st
from sparsetheory.learning._cones import bounded, separation


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_restricted_eigenvalue_of_equal_correlations(rho, k):
    n, c = 7, 3.0
    A = equicorrelated(n, rho)
    if k > 1:
        exact = 1 - rho
    else:  # all others at -t / (n - 1)
        t = min(c, rho * (n - 1) / (1 - rho + rho * (n - 1)))
        exact = (1 - rho) * (1 + t**2 / (n - 1)) + rho * (1 - t) ** 2
    one = st.restricted_eigenvalue(A, range(k))
    every = st.least_restricted_eigenvalue(A, k, tol=0.01 if k < 3 else 0.1)
    for found in (one, every):
        assert found.lower <= exact * (1 + 1e-12)
        assert found.upper >= exact * (1 - 1e-12)
        assert found.upper - found.lower <= (0.01 if k < 3 else 0.1) * found.upper
        assert found.verify(A)


def test_the_bracket_holds_what_a_search_finds(rng):
    A = st.gaussian(14, 10, rng=rng)
    on = np.array([1, 4, 6])
    off = np.setdiff1d(np.arange(10), on)
    found = st.restricted_eigenvalue(A, on, cone=1.5)
    v = rng.standard_normal((3, 20_000))
    u = rng.dirichlet(np.full(7, 0.3), 20_000).T * rng.choice([-1, 1], (7, 20_000))
    u *= 1.5 * np.abs(v).sum(axis=0)
    values = np.sum((A[:, on] @ v + A[:, off] @ u) ** 2, 0) / np.sum(v**2, 0)
    assert values.min() >= found.lower
    assert found.upper <= values.min()
    assert found.upper - found.lower <= 0.01 * found.upper
    z = found.z
    assert np.abs(z[off]).sum() <= 1.5 * np.abs(z[on]).sum() * (1 + 1e-12)
    assert_allclose(found.upper, np.sum((A @ z) ** 2) / np.sum(z[on] ** 2))


def test_without_a_cone_it_is_the_least_eigenvalue(rng):
    A = st.gaussian(12, 8, rng=rng)
    on = [0, 3, 5]
    found = st.restricted_eigenvalue(A, on, cone=0.0, tol=1e-3)
    exact = np.linalg.svd(A[:, on], compute_uv=False)[-1] ** 2
    assert found.lower <= exact <= found.upper * (1 + 1e-12)
    assert found.upper - found.lower <= 1e-3 * found.upper
    assert found.verify(A)


def test_the_least_is_that_of_the_worst_support(rng):
    A = st.gaussian(10, 7, rng=rng)
    every = st.least_restricted_eigenvalue(A, 2, tol=1e-3)
    each = [
        st.restricted_eigenvalue(A, on, tol=1e-3) for on in combinations(range(7), 2)
    ]
    assert max(f.lower for f in [min(each, key=lambda f: f.upper)]) <= every.upper
    assert every.lower <= min(f.upper for f in each)
    assert_allclose(every.upper, min(f.upper for f in each), rtol=2e-3)
    for j in range(7):
        ray = st.restricted_eigenvalue(A, [j], tol=0.0)
        assert ray.cones == 1
        assert_allclose(ray.lower, ray.upper, rtol=1e-9, atol=1e-12)
    assert every.verify(A)


def test_many_supports_are_bounded_by_the_spectrum():
    A = np.hstack([np.eye(64), hadamard(64) / 8])
    for k, cone in ((1, 1.0), (2, 0.5)):
        found = st.least_restricted_eigenvalue(A, k, cone=cone, max_cones=100)
        assert not len(found.duals)
        # 1 - (1 + c)^2 k mu: cut less, the Gram matrix has small eigenvalues
        assert_allclose(found.lower, 1 - (1 + cone) ** 2 * k / 8, rtol=1e-9)
        assert found.lower <= found.upper <= 1
        assert found.verify(A)
    A = equicorrelated(40, 0.02)
    many = st.least_restricted_eigenvalue(A, 12, cone=1.0, max_cones=500)
    assert_allclose((many.lower, many.upper), 0.98, rtol=1e-6)
    assert many.verify(A)


def test_full_column_rank_bounds_it_by_the_least_eigenvalue(rng):
    A = rng.standard_normal((200, 40)) / 200**0.5
    found = st.least_restricted_eigenvalue(A, 20, max_cones=100)
    assert found.lower >= np.linalg.svd(A)[1][-1] ** 2 * (1 - 1e-9)
    assert found.verify(A)


def test_brackets_of_few_cones_are_wide_and_hold_those_of_many():
    wide = 0
    for seed in range(6):
        A = st.gaussian(12, 9, rng=seed)
        fine = st.restricted_eigenvalue(A, [0, 1, 2], cone=1.0, tol=1e-3)
        few = st.restricted_eigenvalue(A, [0, 1, 2], cone=1.0, max_cones=4)
        assert few.cones == 4
        assert few.lower <= fine.upper
        assert fine.lower <= few.upper
        assert few.verify(A)
        wide += few.lower < 0.9 * fine.lower
        wide += few.upper > 1.02 * fine.upper
    assert wide > 6


def test_a_dual_proves_its_least_inner_product_with_a_corner(rng):
    A, on, cone = rng.standard_normal((6, 8)), np.array([5, 1, 2]), 1.7
    V = rng.standard_normal((3, 3))
    V = np.abs(V / np.linalg.norm(V, axis=0)) * [[1], [-1], [1]]
    W = rng.standard_normal((4, 6))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    inside, outside = A[:, on] @ V, np.delete(A, on, axis=1)
    corners = [
        inside[:, i] + sign * cone * np.abs(V[:, i]).sum() * a
        for i, sign, a in product(range(3), (1, -1), outside.T)
    ]
    exact = np.min(W @ np.transpose(corners), axis=1)
    found = separation(A, on, V, cone, W @ A)
    assert np.all(found < exact)
    assert_allclose(found, exact, rtol=1e-10)
    bound, _, z = bounded(A, on, V, cone)
    system = np.vstack([np.transpose(corners), np.ones(len(corners))])
    weights, _ = nnls(system, np.eye(7)[6])
    nearest = np.transpose(corners) @ weights / weights.sum()
    assert_allclose(bound, nearest @ nearest, rtol=1e-8, atol=1e-12)
    assert_allclose(np.abs(A @ z), np.abs(nearest), rtol=1e-5, atol=1e-6)


def test_false_brackets_are_refuted(rng):
    A = st.gaussian(8, 6, rng=rng)
    found = st.restricted_eigenvalue(A, [0, 1])
    assert found.verify(A)
    assert not replace(found, lower=found.upper * 1.01).verify(A, max_cones=3000)
    assert not replace(found, upper=0.9 * found.upper).verify(A)
    outside = found.z.copy()
    outside[3] += 100
    assert not replace(found, z=outside).verify(A)
    assert not found.verify(0.9 * A, max_cones=3000)
    assert not found.verify(A[:, :5])
    assert not replace(found, support=np.array([0, 2])).verify(A)
    for name in ("lower", "upper", "cone"):
        wrong = replace(found, **{name: np.nan})
        assert not wrong.verify(A, max_cones=3000)
    level = st.least_restricted_eigenvalue(A, 2, cone=0.1, max_cones=2)
    if level.lower > 0:
        assert not replace(level, lower=level.lower * 1.01).verify(A)


def test_dependent_columns_have_none():
    A = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = st.restricted_eigenvalue(A, [0, 1])
    assert found.lower == 0
    assert found.upper < 1e-12
    assert found.verify(A)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cone": -1.0}, "cone must be non-negative and finite, got -1"),
        ({"tol": -1.0}, "tol must be non-negative"),
        ({"max_cones": 3}, "max_cones must be at least 4, got 3"),
    ],
)
def test_options_of_restricted_eigenvalues_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        st.restricted_eigenvalue(np.eye(4), [0, 1, 2], **options)
    with pytest.raises(ValueError, match="support must hold a column"):
        st.restricted_eigenvalue(np.eye(4), [])
    with pytest.raises(ValueError, match=r"A must be rescaled, got .* 1\.0e\+200"):
        st.restricted_eigenvalue(1e200 * np.eye(4), [0])
