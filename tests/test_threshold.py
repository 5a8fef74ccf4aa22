"""Thresholding: each operator against its definition, by brute force."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal

from sparsetheory._kernels.threshold import (
    block_soft_threshold,
    hard_threshold,
    kth_smallest,
    largest,
    soft_threshold,
)

vectors = arrays.arrays(
    np.float64,
    some.integers(1, 12),
    elements=some.one_of(some.integers(-3, 3).map(float), some.floats(-1e6, 1e6)),
)
thresholds = some.sampled_from([0.0, 0.3, 1.0, 2.0, 1e7])


def soft(z, t):
    out = np.empty_like(z)
    soft_threshold(z, t, out)
    return out


def hard(z, k):
    out = np.empty_like(z)
    hard_threshold(z, k, out)
    return out


@given(vectors, thresholds)
def test_soft_threshold_satisfies_its_optimality_condition(z, t):
    p = soft(z, t)
    # z - p is t times a subgradient of ||.||_1 at p
    on = p != 0
    assert_allclose((z - p)[on], t * np.sign(p[on]), rtol=0, atol=1e-9)
    assert np.all(np.abs(z[~on]) <= t)


@given(vectors)
def test_soft_threshold_may_write_over_its_argument(z):
    expected = soft(z, 0.5)
    soft_threshold(z, 0.5, z)
    assert_array_equal(z, expected)


@given(vectors, some.data())
def test_kth_smallest_is_that_of_the_sorted_array(z, data):
    k = data.draw(some.integers(0, z.size - 1))
    assert kth_smallest(z.copy(), k) == np.sort(z)[k]


@given(vectors, some.data())
def test_hard_threshold_is_the_nearest_sparse_vector(z, data):
    k = data.draw(some.integers(0, z.size))
    out = hard(z, k)
    best = min(
        float(np.sum(np.delete(z, list(kept)) ** 2))
        for kept in combinations(range(z.size), k)
    )
    assert np.count_nonzero(out) <= k
    assert_array_equal(out[out != 0], z[out != 0])
    assert_allclose(np.sum((z - out) ** 2), best, rtol=1e-12)


@given(vectors, some.data())
def test_hard_threshold_keeps_the_first_of_equals(z, data):
    k = data.draw(some.integers(0, z.size))
    kept = np.sort(np.argsort(-np.abs(z), kind="stable")[:k])
    expected = np.zeros_like(z)
    expected[kept] = z[kept]
    assert_array_equal(hard(z, k), expected)


@given(vectors, some.data(), some.floats(0, 10))
def test_largest_are_the_places_of_the_largest_whatever_the_guess(z, data, guess):
    k = data.draw(some.integers(0, z.size))
    order = np.argsort(-np.abs(z), kind="stable")[:k]
    expected = np.sort(order[z[order] != 0])
    index = np.empty(k, dtype=np.int64)
    for floor in (0.0, guess):
        count, cut = largest(z, k, floor, index)
        assert_array_equal(index[:count], expected)
        assert cut == (np.abs(z[expected]).min() if count else 0.0)


def partition(labels):
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    return order, np.concatenate([[0], np.cumsum(sizes)])


@pytest.mark.parametrize("t", [0.0, 0.4, 1.0, 5.0])
def test_block_soft_threshold_satisfies_its_optimality_condition(rng, t):
    labels = np.array([0, 2, 1, 2, 0, 1, 1, 2, 3])  # unequal, interleaved
    weights = np.array([1.0, 0.5, 2.0, 1.0])
    z, p = rng.standard_normal(9), np.empty(9)
    block_soft_threshold(z, t, *partition(labels), weights, p)
    for g, weight in enumerate(weights):
        rest = (z - p)[labels == g]
        norm = np.linalg.norm(p[labels == g])
        if norm > 0:
            assert_allclose(rest, t * weight * p[labels == g] / norm, atol=1e-12)
        else:
            assert np.linalg.norm(rest) <= t * weight + 1e-12


@given(vectors, thresholds)
def test_groups_of_one_are_soft_thresholding(z, t):
    p, each = np.empty_like(z), np.arange(z.size)
    block_soft_threshold(z, t, *partition(each), np.ones(z.size), p)
    assert_allclose(p, soft(z, t), rtol=1e-9, atol=1e-9)


def test_block_soft_threshold_does_not_overflow():
    z, p = np.array([3e200, 4e200]), np.empty(2)
    block_soft_threshold(z, 1e200, np.arange(2), np.array([0, 2]), np.ones(1), p)
    assert_allclose(p, [2.4e200, 3.2e200])


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # interpreted
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("guess", [0.0, 1.0, np.inf, np.nan])
def test_selection_at_the_ends_of_the_floats(dtype, guess):
    least, most = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    rng = np.random.default_rng(0)
    ends = np.array([0.0, least, 2 * least, most, np.inf], dtype)
    for count in (1, 2, 4, 5):
        for n, k in ((3, 2), (40, 5), (60, 30), (60, 60), (50, 0)):
            z = rng.choice(ends[:count], n) * rng.choice(np.array([-1, 1], dtype), n)
            index = np.full(max(k, 1), -1)
            found, cut = largest(z, k, guess, index)
            size = np.abs(z)
            best = np.argsort(-size, kind="stable")[:k]
            best = np.sort(best[size[best] > 0])
            assert index[:found].tolist() == best.tolist()
            assert cut == (size[best].min() if best.size else 0.0)


def test_selection_passes_over_what_is_not_a_number():
    z, index = np.full(50, np.nan), np.empty(30, np.int64)
    assert largest(z, 30, 0.0, index) == (0, 0.0)
    z[::2] = np.arange(25.0)
    assert largest(z, 30, 0.0, index) == (24, 1.0)
    assert index[:24].tolist() == list(range(2, 50, 2))
