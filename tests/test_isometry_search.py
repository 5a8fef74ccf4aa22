"""What isometry constants must survive: ties, scale, sparsity, layers, interruption."""

import dataclasses
import itertools
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.conditions import _plan, _search
from sparsetheory.conditions._search import Clock, Sections, Stop
from sparsetheory.conditions._sections import gram
from sparsetheory.conditions.evidence import Evidence


def exhaustive(A, k):
    G = A.conj().T @ A
    S = np.array(list(itertools.combinations(range(len(G)), k)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, -1].max() - 1, 1 - w[:, 0].min()


def unit(A):
    return A / np.linalg.norm(A, axis=0)


def matrices(rng):
    h = rng.standard_normal
    yield "scaled", 30 * h((6, 10))
    yield "small", 1e-3 * h((6, 10))
    yield "complex", h((5, 9)) + 1j * h((5, 9))
    yield "low rank", h((6, 2)) @ h((2, 9))
    yield "orthonormal", np.linalg.qr(h((10, 8)))[0]
    yield "signs", np.sign(h((5, 10)))
    A = h((5, 9))
    A[:, 1], A[:, 2], A[:, 3] = A[:, 0], -A[:, 0], 0
    yield "equal and zero columns", A
    sparse = np.where(rng.random((10, 10)) < 0.25, h((10, 10)), 0)
    yield "sparse", sparse + np.eye(10)


def layers(rng):
    h = rng.standard_normal
    yield st.BlockCirculant(h((2, 2, 2)), 5)
    yield st.BlockCirculant(h((1, 1, 3)), 11)
    yield st.BlockCirculant(h((3, 1, 4)), 9, stride=3, origin=1)
    yield st.BlockCirculant(h((2, 1, 2, 2)), (3, 4))
    yield st.BlockCirculant(h((2, 1, 1, 2)), (3, 4))  # apart along one axis
    yield st.BlockCirculant(h((2, 2, 5)), 5)  # taps meet round the circle
    yield st.BlockCirculant(np.ones((1, 2, 2)), 5)  # equal channels
    yield st.BlockCirculant(h((2, 1, 3)), 7, stride=2)  # does not divide
    yield st.BlockCirculant(h((4, 1, 2, 2)), (4, 3), stride=(2, 1))


def assert_all_of(A, D, k, normalise):
    above, below = exhaustive(unit(D) if normalise else D, k)
    found = st.rip_constant(A, k, normalise=normalise, both=True)
    scale = max(1.0, 1 + above)
    assert found.above.exact
    assert found.below.exact
    assert_allclose(found.above.lower, above, atol=1e-11 * scale)
    assert_allclose(found.below.lower, below, atol=1e-11 * scale)
    assert found.verify(A)
    assert len(set(found.support.tolist())) == k


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_matrices_of_all_kinds(rng, k):
    for _, A in matrices(rng):
        assert_all_of(A, A, k, False)
        if np.linalg.norm(A, axis=0).all():
            assert_all_of(A, A, k, True)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_layers_agree_with_their_matrix(rng, k):
    for layer in layers(rng):
        D = layer.to_dense()
        assert_all_of(layer, D, k, True)
        assert_all_of(layer, D, k, False)


@pytest.mark.parametrize("method", ["chain", "ordered", "connected"])
def test_each_search_alone_is_exact(rng, method):
    for dtype in (float, complex):
        A = rng.standard_normal((6, 10)).astype(dtype)
        if dtype is complex:
            A += 1j * rng.standard_normal((6, 10))
        for sign in (1, -1):
            side = Sections(gram(A, 4, True), sign, 4, Clock())
            for t in range(1, 5):
                assert side.close(t, methods=[method])
                expected = exhaustive(unit(A), t)[0 if sign > 0 else 1]
                assert_allclose(side.lower[t], expected, atol=1e-11)


@pytest.mark.parametrize("method", ["chain", "ordered", "connected"])
def test_a_search_in_many_slices_misses_nothing(rng, method):
    A = unit(rng.standard_normal((5, 11)))
    expected = exhaustive(A, 4)[0]
    side = Sections(gram(A, 4, False), 1, 4, Clock())
    side.supports[4] = np.arange(4)
    side.lower[4] = side.value(np.arange(4))  # from a bad start, finding on the way
    side.caps[:] = np.inf
    side.caps[:3] = [0, 0, side.lower[2]]
    race = _search.Race(side, 4, method, -np.inf)
    ended, slices = False, 0
    while not ended:
        race.budget = 1
        ended, found = race.run(float(side.lower[4]))
        if found.size:
            side.raise_to(4, side.value(_search.extend(found, 4, 11)), found)
        slices += 1
    assert_allclose(side.lower[4], expected, atol=1e-12)
    assert slices > 3


@pytest.mark.parametrize("method", ["ordered", "connected"])
def test_many_ties_take_few_sets(method):
    H = np.ones((1, 1))
    while len(H) < 16:
        H = np.block([[H, H], [H, -H]])
    A = np.hstack([np.eye(16), H / 4])
    side = Sections(gram(A, 5, False), 1, 5, Clock())
    side.close(5, methods=[method], budget=100_000)
    assert side.closed(5)
    assert_allclose(side.lower[5], 0.6123724356957945, atol=1e-10)


def test_a_sparse_matrix_is_searched_by_its_connected_supports():
    angle, n, k = 0.7, 30, 6
    A = st.BlockCirculant([[[np.cos(angle), np.sin(angle)]]], n).to_dense()
    found = st.rip_constant(A, k)
    assert_allclose(found.lower, np.sin(2 * angle) * np.cos(np.pi / (k + 1)))
    assert found.exact
    assert found.above.evidence.nodes < 5000


def test_a_layer_of_any_size_has_the_constants_of_a_small_one(rng):
    h = rng.standard_normal((2, 2, 3))
    k = 3
    dense = exhaustive(st.BlockCirculant(h, k * 2 + 1).to_dense(), k)
    for size in (7, 8, 500):
        layer = st.BlockCirculant(h, size)
        found = st.rip_constant(layer, k, both=True)
        assert_allclose((found.above.lower, found.below.lower), dense, atol=1e-10)
        for side in (found.above, found.below):  # on the grid of that size
            assert side.support.max() < layer.shape[1]
        assert found.verify(layer)


def test_more_columns_than_rows_are_dependent(rng):
    A = unit(rng.standard_normal((3, 12)))
    found = st.rip_constant(A, 4)
    assert_allclose(found.below.lower, 1, atol=1e-12)
    assert found.below.exact
    assert found.below.evidence.kind == "rank"


def test_scale_and_condition(rng):
    A = rng.standard_normal((8, 10))
    found = st.rip_constant(A, 3, both=True)
    above, below = exhaustive(A, 3)
    kappa = (1 + above) / (1 - below)
    assert_allclose(found.kappa, [kappa, kappa], rtol=1e-9)
    best = np.sqrt(2 / (2 + above - below))
    scaled = st.rip_constant(best * A, 3, both=True)
    assert_allclose(found.scaled, [scaled.lower, scaled.upper], atol=1e-9)
    assert_allclose(found.scaled[0], (kappa - 1) / (kappa + 1), atol=1e-9)
    assert_allclose(scaled.above.lower, scaled.below.lower, atol=1e-9)


run = _search.Race.run


def slowly(self, level):
    self.budget = 3
    return run(self, level)


def interrupted(monkeypatch, error, after):
    ticks = itertools.count()

    def tick(self, nodes=0):
        if next(ticks) >= after:
            raise error

    monkeypatch.setattr(Clock, "tick", tick)
    monkeypatch.setattr(_search.Race, "run", slowly)


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
@pytest.mark.parametrize("after", [0, 2, 5])
def test_an_interrupted_search_says_what_is_certified(monkeypatch, error, after):
    A = unit(np.random.default_rng(0).standard_normal((8, 14)))
    whole = exhaustive(A, 5)
    with monkeypatch.context() as patch:
        interrupted(patch, error, after)
        found = st.rip_constant(A, 5, both=True)
    for part, exact in zip((found.above, found.below), whole, strict=True):
        assert part.lower <= exact + 1e-11
        assert part.upper >= exact - 1e-11
    assert found.verify(A)


def test_bounds_that_are_wrong_are_refuted(rng):
    A = unit(rng.standard_normal((8, 14)))
    found = st.rip_constant(A, 4, both=True)
    assert found.verify(A)
    assert not found.verify(unit(rng.standard_normal((8, 14))))

    def replaced(**changes):
        return dataclasses.replace(
            found, above=dataclasses.replace(found.above, **changes)
        )

    assert not replaced(upper=found.above.lower - 1e-3).verify(A)
    assert not replaced(lower=found.above.lower - 1e-3).verify(A)
    assert not replaced(support=np.array([0, 1, 2, 2])).verify(A)
    for kind in ("Babel", "Frobenius", "rank", "semidefinite", "unknown"):
        evidence = Evidence(kind, 4, found.above.upper)
        assert not replaced(evidence=evidence).verify(A)
    weak = replaced(upper=3.0, evidence=Evidence("Babel", 4, 3.0))
    assert weak.verify(A)


def test_time_that_runs_out_leaves_a_bracket():
    A = unit(np.random.default_rng(0).standard_normal((8, 14)))
    found = st.rip_constant(A, 5, time_limit=0.01)
    assert 0 < found.lower <= found.upper
    assert not st.rip_constant(A, 5, time_limit=1e-6).exact


def test_less_time_is_spent_on_smaller_sizes_if_the_last_is_out_of_reach():
    times = [0.001, 0.01, 0.02, 0.06]  # the next takes about 0.18 seconds
    assert not _plan._too_long(times, 1.0, 0)
    assert not _plan._too_long(times, 1.0, 1)
    assert _plan._too_long(times, 1.0, 2)
    assert not _plan._too_long(times, 1.3, 9)
    assert _plan._too_long(times, 0.3, 0)
    assert not _plan._too_long(times, np.inf, 9)


def test_the_relaxation_gets_half_of_the_time_that_is_left(monkeypatch):
    A = unit(np.random.default_rng(1).standard_normal((8, 14)))
    seen, begin = [], time.perf_counter()

    def watched(values, k, deadline, **options):
        seen.append(deadline - begin)
        return np.inf, np.zeros_like(values)

    monkeypatch.setattr(_plan, "semidefinite_dual", watched)
    side = Sections(gram(A, 4, False), 1, 4, Clock(begin + 1000.0))
    side.explore(4, 4)
    _plan.relax(side, 4)
    assert_allclose(seen, 500, atol=50)


def test_both_sides_have_the_same_largest_entries(rng):
    layer = st.BlockCirculant(rng.standard_normal((2, 3, 3)), 12)
    for A in (rng.standard_normal((8, 14)), layer):
        G = gram(A, 5, False)
        one = Sections(G, 1, 5, Clock())
        alone, shared = (Sections(G, -1, 5, Clock(), x) for x in (None, one.largest))
        assert_allclose(shared.caps, alone.caps, rtol=1e-14)


def test_a_gram_matrix_is_hermitian_to_the_last_bit(rng):
    C = rng.standard_normal((200, 333)) * rng.uniform(0.1, 9, 333)
    for A in (C, C[:, ::2], C[::3].T, C.astype(np.float32), C + 1j * C[::-1]):
        for normalise in (False, True):
            G = gram(A, 2, normalise).matrix
            assert np.array_equal(G, G.conj().T)
            assert G.flags.c_contiguous


def test_passes_lower_the_bound_to_the_constant():
    A = unit(np.random.default_rng(1).standard_normal((8, 14)))
    exact = exhaustive(A, 4)[0]
    side = Sections(gram(A, 4, False), 1, 4, Clock())
    side.explore(4, 4)
    assert _plan._lower(side, 4)
    assert side.closed(4)
    assert_allclose(side.caps[4], exact, atol=1e-10)


def test_a_level_below_the_constant_does_not_hold():
    A = unit(np.random.default_rng(1).standard_normal((8, 14)))
    exact = exhaustive(A, 4)[0]
    side = Sections(gram(A, 4, False), 1, 4, Clock())
    side.raise_to(4, side.value(np.arange(4)), np.arange(4))
    assert not _plan._pass(side, 4, exact - 1e-6)
    assert side.lower[4] > exact - 1e-6


@pytest.mark.parametrize(
    ("A", "k", "message"),
    [
        (np.eye(3), 4, r"k must be in 1\.\.3"),
        (np.eye(3), 0, r"k must be in 1\.\.3"),
        (np.array([[1.0, np.inf]]), 1, "finite"),
    ],
)
def test_bad_arguments_are_refused(A, k, message):
    with pytest.raises(ValueError, match=message):
        st.rip_constant(A, k)


def test_zero_columns_have_no_unit_length():
    layer = st.BlockCirculant([[[1.0], [0.0]]], 3)
    for A in (layer, layer.to_dense()):
        with pytest.raises(ValueError, match="zero"):
            st.rip_constant(A, 2, normalise=True)
        assert st.rip_constant(A, 2).below.lower == 1.0
