"""The parts that the searches for isometry constants are made of."""

import dataclasses
import itertools

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory._kernels import hermitian
from sparsetheory._kernels.ascent import ascend
from sparsetheory._kernels.chain import CLOSED, FOUND, chain_search, new_chain
from sparsetheory._warmup import searches
from sparsetheory.conditions import _search, _verify
from sparsetheory.conditions._search import Clock, Race, Sections
from sparsetheory.conditions._sections import extend, gram, pairs
from sparsetheory.conditions.evidence import Evidence


def unit(A):
    return A / np.linalg.norm(A, axis=0)


def exhaustive(A, k):
    G = A.conj().T @ A
    S = np.array(list(itertools.combinations(range(len(G)), k)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, -1].max() - 1, 1 - w[:, 0].min()


def hermitian_matrix(rng, n, dtype):
    M = rng.standard_normal((n, n)).astype(dtype)
    if dtype is complex:
        M += 1j * rng.standard_normal((n, n))
    return 0.5 * (M + M.conj().T)


@pytest.mark.parametrize("dtype", [float, complex])
def test_jacobi_finds_the_top_eigenpair(rng, dtype):
    M = hermitian_matrix(rng, 8, dtype)
    path, r = np.array([5, 0, 7, 2, 3]), 5
    x, A, V = np.empty(r, dtype), np.empty((r, r), dtype), np.empty((r, r), dtype)
    value = hermitian.top_pair(M, path, r, A, V, x)
    part = M[np.ix_(path, path)]
    assert_allclose(value, np.linalg.eigvalsh(part)[-1], atol=1e-13)
    assert_allclose(part @ x, value * x, atol=1e-13)
    assert_allclose(np.linalg.norm(x), 1, atol=1e-13)


@pytest.mark.parametrize("dtype", [float, complex])
def test_elimination_leaves_schur_complements(rng, dtype):
    n, level = 9, 8.0
    M = hermitian_matrix(rng, n, dtype)
    path = np.array([4, 1, 6, 0, 8, 3, 7])
    rows, slack = np.empty((7, n), dtype), np.empty((8, n))
    diagonal = M.diagonal().real.copy()
    assert hermitian.rebuild(M, diagonal, level, path, 7, rows, slack) == 7
    for d in range(8):
        R = path[:d]
        W = np.linalg.inv(level * np.eye(d) - M[np.ix_(R, R)])
        for c in set(range(n)) - set(R.tolist()):
            b = M[R, c]
            expected = level - diagonal[c] - (b.conj() @ W @ b).real
            assert_allclose(slack[d, c], expected, atol=1e-12)
        assert np.isinf(slack[d, R]).all()
    low = np.linalg.eigvalsh(M[np.ix_(path[:3], path[:3])])[-1] - 1e-6
    assert hermitian.rebuild(M, diagonal, low, path, 3, rows, slack) < 3


def test_the_prune_needs_all_of_its_cap():
    diagonal, top = np.zeros(4), np.empty(4)
    slack = np.ones(4)  # nothing is coupled to what has been eliminated
    assert hermitian.could_reach(diagonal, 1.0, slack, 0, 2, 1.0, top)
    assert not hermitian.could_reach(diagonal, 1.0, slack, 0, 2, 0.999, top)
    slack = np.array([0.9, 0.8, 0.7, np.inf])  # of which the best two add up
    assert hermitian.could_reach(diagonal, 1.0, slack, 0, 2, 0.5001, top)
    assert not hermitian.could_reach(diagonal, 1.0, slack, 0, 2, 0.4999, top)
    assert not hermitian.could_reach(diagonal, 1.0, slack, 3, 1, 0.9, top)


@pytest.mark.parametrize(("shape", "size"), [((2, 1, 4), 4), ((1, 2, 5), 5),
                                             ((2, 2, 2, 2), (2, 3))])  # fmt: skip
def test_one_pair_of_each_orbit(shape, size):
    layer = st.BlockCirculant(np.random.default_rng(0).standard_normal(shape), size)
    G = gram(layer, 2, False)
    first, n = G.orbits, len(G.matrix)
    grid = np.indices(G.torus).reshape(len(G.torus), -1).T

    def orbit(i, j):
        found = set()
        for shift in grid:
            moved = [
                np.ravel_multi_index(
                    tuple((grid[c // first] + shift) % G.torus), G.torus
                )
                * first
                + c % first
                for c in (i, j)
            ]
            found.add(tuple(sorted(int(c) for c in moved)))
        return min(found)

    expected = {orbit(i, j) for i, j in itertools.combinations(range(n), 2)}
    a, b = pairs(G, G.matrix, -np.inf)
    found = [orbit(i, j) for i, j in zip(a.tolist(), b.tolist(), strict=True)]
    assert set(found) == expected
    assert len(found) == len(expected)
    level = float(np.median(np.abs(G.matrix)))
    kept = pairs(G, G.matrix, level)
    values = [
        np.linalg.eigvalsh(G.matrix[np.ix_(p, p)])[-1] for p in zip(a, b, strict=True)
    ]
    assert len(kept[0]) == np.sum(np.array(values) >= level)


@pytest.mark.parametrize("method", ["chain", "ordered", "connected"])
def test_ties_survive_the_reduction_by_shifts(method):
    # The smallest entry is tied, so that a rule by index would lose the optimum.
    for h, size in (
        ([[[1.0, 1.0, 1.0]]], 9),
        ([[[1.0, -1.0]]], 9),
        ([[[1.0, 2.0, 1.0]]], 9),
        ([[[1.0, 1.0], [1.0, -1.0]]], 6),
        ([[[[1.0, 1.0], [1.0, -1.0]]]], (3, 4)),
    ):
        layer = st.BlockCirculant(h, size)
        for k, sign in itertools.product((3, 4, 5), (1, -1)):
            side = Sections(gram(layer, k, True), sign, k, Clock())
            side.climb = lambda t, starts: None  # or that finds what a search loses
            for t in range(3, k + 1):
                side.raise_to(t, side.value(np.arange(t)), np.arange(t))
                side.close(t, methods=[method])
            ends = exhaustive(unit(layer.to_dense()), k)
            expected = ends[0] if sign > 0 else ends[1]
            assert_allclose(side.lower[k], expected, atol=1e-11)


@pytest.mark.parametrize("dtype", [float, complex])
def test_chains_are_followed_from_every_pair_to_every_smallest_entry(rng, dtype):
    M, k = hermitian_matrix(rng, 9, dtype), 5
    diagonal = M.diagonal().real.copy()

    def top(S):
        w, V = np.linalg.eigh(M[np.ix_(S, S)])
        return w[-1], np.abs(V[:, -1])

    level = max(top(S)[0] for S in itertools.combinations(range(9), k)) + 0.1
    theta = diagonal.min() + (np.arange(k + 1) - 1) / (k - 1) * (level - diagonal.min())
    layer = [S for S in itertools.combinations(range(9), 2) if top(S)[0] >= theta[2]]
    expected = 0
    while layer and len(layer[0]) < k:
        expected += len(layer)
        longer = []
        for S, c in itertools.product(layer, range(9)):
            if c not in S:
                value, x = top((*S, c))
                if value >= theta[len(S) + 1] and x.argmin() == len(S):
                    longer.append((*S, c))
        layer = longer
    state = new_chain(9, k, M.dtype)
    first, second = np.triu_indices(9, 1)
    caps = np.full(k, np.inf)
    status = chain_search(
        M, diagonal, k, level, theta, caps, first, second, state, 10**6, 1e-10
    )
    assert status == CLOSED
    assert state.head[2] == expected


def test_a_chain_is_found_where_every_bound_is_tight():
    n, k, r = 8, 5, 0.2
    M = r * (np.ones((n, n)) - np.eye(n))
    first, second = np.triu_indices(n, 1)
    caps = r * (np.arange(k) - 1.0)
    for shift, status in ((-1e-6, FOUND), (1e-6, CLOSED)):
        level = (k - 1) * r + shift
        theta = (np.arange(k + 1) - 1) / (k - 1) * level - 1e-9
        state = new_chain(n, k, M.dtype)
        found = chain_search(
            M, np.zeros(n), k, level, theta, caps, first, second, state, 10**6, 1e-10
        )
        assert found == status


def test_a_climb_ends_where_no_exchange_helps(rng):
    A = unit(rng.standard_normal((6, 15)))
    M = A.T @ A - np.eye(15)
    best, k = np.empty(4, np.int64), 4
    diagonal = M.diagonal().copy()
    value = ascend(M, diagonal, k, 1.0, np.array([[0, 1], [3, 7]]), 1e-9, best)
    assert_allclose(value, np.linalg.eigvalsh(M[np.ix_(best, best)])[-1], atol=1e-12)
    for out, new in itertools.product(range(k), set(range(15)) - set(best.tolist())):
        other = best.copy()
        other[out] = new
        assert np.linalg.eigvalsh(M[np.ix_(other, other)])[-1] <= value + 1e-8


def test_supports_are_filled_up():
    assert extend(np.array([3, 0]), 4, 6).tolist() == [0, 1, 2, 3]
    assert extend(np.array([5, 1, 2]), 3, 6).tolist() == [1, 2, 5]


def test_a_layer_that_acts_along_one_axis():
    layer = st.BlockCirculant([[[[0.6, 0.8]]]], (4, 4))
    for k, value in {3: 0.96 / 2**0.5, 4: 0.96, 5: 0.96}.items():
        found = st.rip_constant(layer, k, both=True)
        assert found.above.exact
        assert found.below.exact
        assert_allclose([found.above.lower, found.below.lower], value, atol=1e-10)
        assert found.verify(layer)


def test_only_taps_that_are_there_count(rng):
    h = np.zeros((2, 1, 9))
    h[:, :, 3:5] = rng.standard_normal((2, 1, 2))
    for size in (12, 40):
        wide = st.BlockCirculant(h, size)
        G = gram(wide, 3, True)
        assert G.torus == (4,)
        found = st.rip_constant(wide, 3, normalise=True)
        expected = exhaustive(unit(st.BlockCirculant(h[:, :, 3:5], 9).to_dense()), 3)
        assert_allclose(found.above.lower, expected[0], atol=1e-11)
        assert found.verify(wide)
    nothing = st.BlockCirculant(np.array([[[2.0]], [[1.0]]]), 30)
    assert_allclose(st.rip_constant(nothing, 4).lower, 4.0, atol=1e-12)


def test_single_precision_is_taken_as_it_is(rng):
    A = rng.standard_normal((6, 9)).astype(np.float32)
    assert st.rip_constant(A, 3).verify(A)


def test_evidence_of_averages_and_of_repeated_columns_is_checked(rng):
    A = unit(rng.standard_normal((8, 14)))
    found = st.rip_constant(A, 4, both=True)
    pair = Evidence("pairs", 2, st.mutual_coherence(A).value)
    mean = Evidence("averaging", 4, 3 * pair.bound, basis=pair)

    def claims(**changes):
        side = dataclasses.replace(found.above, evidence=mean, **changes)
        return dataclasses.replace(found, above=side).verify(A)

    assert claims(upper=3 * pair.bound + 1e-9)
    assert not claims()  # the average says less
    repeated = dataclasses.replace(
        found.below,
        lower=1.0,
        upper=1.0,
        support=np.array([0, 0, 1, 2]),
        evidence=Evidence("rank", 4, 1.0),
    )
    assert not dataclasses.replace(found, below=repeated).verify(A)


def test_a_third_of_a_support_is_found_among_equal_columns():
    A = np.repeat(np.eye(3), 3, axis=1)  # three copies of each column
    for k, value in {2: 1.0, 3: 2.0, 4: 2.0}.items():
        found = st.rip_constant(A, k, both=True)
        assert_allclose(found.above.lower, value, atol=1e-12)
        assert_allclose(found.below.lower, 1.0, atol=1e-12)
        assert found.exact
        assert found.verify(A)


def test_the_warm_up_calls_the_searches_with_all_types_there_are(monkeypatch):
    seen = set()

    def watched(name, kernel):
        def call(*arguments):
            seen.add((name, tuple(map(numba.typeof, arguments))))
            return kernel(*arguments)

        return call

    for name in ("ascend", "chain_search", "ordered_search", "connected_search"):
        monkeypatch.setattr(_search, name, watched(name, getattr(_search, name)))
    h = np.random.default_rng(0).standard_normal
    A = h((8, 30))
    for B in (A[:, :8], A[:, :8] + 1j):
        searches(B)
    compiled = set(seen)
    assert len(compiled) == 8  # real and complex
    layer = st.BlockCirculant(h((2, 2, 3)), 20)
    plane = st.BlockCirculant(h((2, 2, 2, 2)), (5, 6))
    near = np.eye(30) + np.eye(30, k=1)
    for B in (A, A[:, ::2] + 1j * A[:, 1::2], layer, plane, near):
        st.rip_constant(B, 4, both=True).verify(B)
    assert seen == compiled


def test_evidence_of_a_search_says_what_it_knew_of_smaller_supports(rng):
    A = unit(rng.standard_normal((12, 30)))
    found = st.rip_constant(A, 5)
    sizes, evidence = [], found.above.evidence
    while evidence is not None:
        sizes.append(evidence.size)
        assert evidence.bound >= Sections(gram(A, 2, False), 1, 2, Clock()).lower[2]
        evidence = evidence.basis
    assert sizes == sorted(set(sizes), reverse=True)
    assert sizes[0] == 5
    assert sizes[-1] <= 3
    assert found.verify(A)

    def resting_on(basis):
        evidence = dataclasses.replace(found.above.evidence, basis=basis)
        side = dataclasses.replace(found.above, evidence=evidence)
        return dataclasses.replace(found, above=side).verify(A)

    inner = found.above.evidence.basis
    assert resting_on(inner)
    assert resting_on(None)
    assert not resting_on(dataclasses.replace(inner, bound=inner.bound - 1e-3))
    assert not resting_on(found.above.evidence)  # no smaller


@pytest.mark.slow
@pytest.mark.parametrize("hopeless", [False, True])
def test_a_search_is_verified_by_another_or_in_another_order(monkeypatch, hopeless):
    A = unit(np.random.default_rng(0).standard_normal((12, 30)))
    found = st.rip_constant(A, 5, both=True)
    first = found.above.evidence.method
    if hopeless:  # the other one is given no time
        monkeypatch.setattr(_verify, "SOME", 0)
        monkeypatch.setattr(_verify, "AGAIN", 0)
    seen, run = set(), Race.run

    def watched(self, level):
        if self.t == 5:
            assert not np.array_equal(abs(self.side.M), abs(A.T @ A - np.eye(30)))
            seen.add(self.method)
        return run(self, level)

    monkeypatch.setattr(Race, "run", watched)
    assert found.verify(A)
    assert (first in seen) == hopeless
    assert {"chain", "ordered"} & seen
