"""Lower bounds on isometry constants from random supports."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.conditions.gram import lag_table


def sides(M, support):
    values = np.linalg.eigvalsh(M[:, support].conj().T @ M[:, support])
    return values[-1] - 1, 1 - values[0]


def matrices(rng):
    h = rng.standard_normal
    yield h((6, 9))
    yield h((6, 9)) + 1j * h((6, 9))
    yield st.BlockCirculant(h((3, 2, 3)), 12)
    yield st.BlockCirculant(h((2, 3, 5)), 7, origin=2)
    yield st.BlockCirculant(h((4, 2, 4)), 24, stride=3, origin=1)
    yield st.BlockCirculant(h((4, 2, 3, 2)), (8, 6), stride=(2, 1), origin=(1, 0))
    yield st.BlockCirculant(h((4, 2, 3)), 7, stride=2)


def as_array(A):
    return A.to_dense() if isinstance(A, st.BlockCirculant) else A


@pytest.mark.parametrize("normalise", [False, True])
def test_supports_attain_what_is_said(rng, normalise):
    for A in matrices(rng):
        M = as_array(A)
        if normalise:
            M = M / np.linalg.norm(M, axis=0)
        found = st.rip_lower_bound_by_sampling(A, 3, trials=40, normalise=normalise)
        assert_allclose(found.above, sides(M, found.above_support)[0], rtol=1e-10)
        assert_allclose(found.below, sides(M, found.below_support)[1], rtol=1e-10)
        assert found.lower == max(found.above, found.below)
        assert (found.k, found.trials, found.normalised) == (3, 40, normalise)
        assert np.all(np.diff(found.above_support) > 0)
        exact = st.rip_constant(A, 3, normalise=normalise, both=True)
        assert found.above <= exact.above.upper + 1e-10
        assert found.below <= exact.below.upper + 1e-10


def test_entries_of_a_table_are_inner_products(rng):
    for A in matrices(rng):
        table = lag_table(A)
        if table is not None:
            M, n = A.to_dense(), A.shape[1]
            G = table.entries(table.values, np.arange(n)[:, None], np.arange(n))
            assert_allclose(G, M.T @ M, atol=1e-12)


def test_enough_trials_find_the_constant(rng):
    # Of 20 supports each is missed 400 times in a row with chance e^-20.
    A = rng.standard_normal((5, 6))
    found = st.rip_lower_bound_by_sampling(A, 3, trials=400)
    best = np.max([sides(A, list(S)) for S in combinations(range(6), 3)], axis=0)
    assert_allclose((found.above, found.below), best, rtol=1e-10)


def test_more_trials_go_on_from_fewer(rng):
    A = rng.standard_normal((8, 30))
    last = -np.inf
    for trials in (1, 10, 100, 1000):
        found = st.rip_lower_bound_by_sampling(A, 4, trials=trials, seed=3)
        assert found.lower >= last
        last = found.lower
    again = st.rip_lower_bound_by_sampling(A, 4, trials=1000, seed=3)
    assert found.above == again.above
    assert_array_equal(found.below_support, again.below_support)
    other = st.rip_lower_bound_by_sampling(A, 4, trials=1, seed=4)
    first = st.rip_lower_bound_by_sampling(A, 4, trials=1, seed=3)
    assert other.above != first.above


def test_supports_are_uniform():
    # One column is longer: it is in a set of k with chance k / n.
    n, k, trials = 10, 3, 500
    A = np.eye(n)
    A[:, 4] *= 2
    hits = sum(
        st.rip_lower_bound_by_sampling(A, k, trials=1, seed=seed).above > 1
        for seed in range(trials)
    )
    chance = k / n
    assert abs(hits / trials - chance) < 5 * np.sqrt(chance * (1 - chance) / trials)


def test_closed_forms():
    m = 7  # a simplex: every set of k has the same eigenvalues
    simplex = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T
    found = st.rip_lower_bound_by_sampling(simplex, 4, trials=2, normalise=True)
    assert_allclose((found.above, found.below), (1 / m, 3 / m))
    found = st.rip_lower_bound_by_sampling(np.eye(5), 5, trials=1)
    assert found.lower == 0
    angle = 0.3  # two columns of a large layer overlap only if they are neighbours
    layer = st.BlockCirculant([[[np.cos(angle), np.sin(angle)]]], 10**6)
    found = st.rip_lower_bound_by_sampling(layer, 2, trials=10)
    assert_allclose(found.lower, 0, atol=1e-15)


def test_a_sample_lies_far_below(rng):
    A = rng.standard_normal((32, 64))
    found = st.rip_lower_bound_by_sampling(A, 6, trials=2000, normalise=True)
    exact = st.rip_constant(A, 6, normalise=True)
    assert exact.exact
    assert 0.5 * exact.lower < found.lower < 0.95 * exact.lower


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 0}, "k must be in 1..6, got 0"),
        ({"k": 7}, "k must be in 1..6, got 7"),
        ({"k": 1.5}, "k must be an integer"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises((ValueError, TypeError), match=words):
        st.rip_lower_bound_by_sampling(np.eye(6), **{"k": 2, **options})
