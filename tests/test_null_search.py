"""The search for heavy null vectors, in parts and without climbing, by brute force."""

import itertools
import signal
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from null_vectors import by_circuits, share
from numpy.testing import assert_allclose
from scipy.optimize import linprog

import sparsetheory as st
from sparsetheory._kernels.columns import plateau
from sparsetheory._kernels.nullspace import (
    OPEN,
    heaviest_share,
    new_search,
    null_part,
    overshoot,
    settle,
    signed_search,
)
from sparsetheory.conditions import _nullspace
from sparsetheory.conditions._nullsearch import SLACK, Shares
from sparsetheory.conditions._nullspace import dual_norm, null_space, relaxation

EPS = np.finfo(float).eps
RUNNING = np.zeros(1)

pytestmark = pytest.mark.slow  # when interpreted


def small_matrices(kind, rng):
    if kind == "generic":
        return rng.standard_normal((4, 7))
    if kind == "wide":
        return rng.standard_normal((3, 8))
    if kind == "integers":
        return rng.integers(-2, 3, (4, 7)).astype(float)
    if kind == "signs":
        return rng.choice([-1.0, 1.0], (3, 6))
    if kind == "layer":
        return st.BlockCirculant(rng.standard_normal((1, 2, 3)), 4)
    return st.BlockCirculant(rng.integers(-2, 3, (1, 2, 2)).astype(float), 4)


KINDS = ["generic", "wide", "integers", "signs", "layer", "integer layer"]


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_search_finds_the_heaviest_with_no_vector_and_no_climbing(kind, k, monkeypatch):
    """Whatever the dual of the relaxation is; a worse one leaves more to search."""
    monkeypatch.setattr(Shares, "climb", lambda self, k, s, z: heaviest_share(z, k))
    rng = np.random.default_rng(k)
    for trial in range(12):
        A = small_matrices(kind, rng)
        shares = Shares(null_space(A), np.inf)
        if shares.space.dimension < 2:
            continue
        if trial % 2:
            monkeypatch.setattr(
                "sparsetheory.conditions._nullsearch.relaxation",
                lambda space, k, deadline: (space.projector, space.projector),
            )
        for order in range(1, k + 1):
            shares.relax(order)
        monkeypatch.setattr(
            "sparsetheory.conditions._nullsearch.relaxation", relaxation
        )
        state = new_search(np.zeros(shares.space.size), k)
        reached = shares.search(k, 0.0, state)
        alpha = by_circuits(A if isinstance(A, np.ndarray) else A.to_dense(), k)
        assert alpha - 1e-12 <= reached <= alpha + 3 * SLACK
        assert_allclose(state.best[0], share(state.z, k), rtol=1e-12)
        assert state.best[0] >= alpha - 3 * SLACK
        assert state.mark.tolist() == [0.0] * shares.space.size


def leaves(n, k, orbit):
    """The signed supports that a search visits where nothing is cut off."""
    P = null_space(np.random.default_rng(0).standard_normal((n // 2, n))).projector
    F = np.linalg.eigh(P)[1][:, : n // 2].copy()
    sizes = np.full((k + 1, n, n), 10.0)
    orders = np.tile(np.arange(n), (k + 1, n, 1))
    state = new_search(np.zeros(n), k)
    state.best[0] = 1.0
    seen = []
    while signed_search(F, P, sizes, orders, orbit, k, 1e-3, -1.0, state) == OPEN:
        seen.append(tuple(state.s))
    return seen


def signed_supports(n, k):
    for S in itertools.combinations(range(n), k):
        for signs in itertools.product((1.0, -1.0), repeat=k):
            s = np.zeros(n)
            s[list(S)] = signs
            yield tuple(s)


@pytest.mark.parametrize(("n", "k"), [(4, 1), (6, 2), (6, 3), (5, 4), (4, 4)])
def test_search_visits_each_signed_support_once(n, k):
    """Or the opposite one."""
    seen = leaves(n, k, np.arange(n))
    both = seen + [tuple(-x for x in s) for s in seen]
    assert sorted(both) == sorted(signed_supports(n, k))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_search_visits_some_shift_of_each_signed_support(k):
    n, shift = 8, np.array([1, 2, 3, 0, 5, 6, 7, 4])
    seen = leaves(n, k, np.repeat([0, 1], 4))
    assert len(set(seen)) == len(seen)
    every = set()
    for s in seen:
        for sign in (1, -1):
            moved = sign * np.array(s)
            for _ in range(4):
                every.add(tuple(moved))
                moved = moved[shift]
    assert every == set(signed_supports(n, k))
    assert 2 * len(seen) < len(every)


def test_search_above_a_level_says_that_nothing_exceeds_it():
    A = np.random.default_rng(0).standard_normal((10, 16))
    alpha = st.null_space_constant(A, 2).alpha[1]
    shares = Shares(null_space(A), np.inf)
    shares.relax(1)
    shares.relax(2)
    nodes = []
    bound = shares.certificate(2)[0]
    for level in (alpha + 1e-6, 0.5 * (alpha + bound), bound):
        state = new_search(np.zeros(16), 2)
        reached = shares.search(2, level, state)
        assert level + shares.margin(2) <= reached <= level + 1e-9
        nodes.append(state.counts[2])
    assert nodes[0] > nodes[1] > nodes[2] == 1


def test_search_goes_on_where_it_was_interrupted():
    A = np.random.default_rng(6).standard_normal((10, 18))
    shares = Shares(null_space(A), np.inf)
    for k in (1, 2, 3):
        shares.relax(k)
    whole, parts = (new_search(np.zeros(18), 3) for _ in range(2))
    reached, pauses = shares.search(3, 0.0, whole), 0
    limit = 1e-3
    while (again := shares.search(3, 0.0, parts, time.perf_counter() + limit)) is None:
        pauses += 1
        limit *= 1.1
    assert pauses > 0
    assert_allclose(again, reached, rtol=1e-9)
    # A node that is taken up again starts from where it was left.
    assert_allclose(parts.counts, whole.counts, rtol=0.05)


def test_open_leaves_are_closed_by_a_linear_program(monkeypatch):
    monkeypatch.setattr(Shares, "climb", lambda self, k, s, z: heaviest_share(z, k))
    A = np.random.default_rng(1).standard_normal((4, 7))
    shares = Shares(null_space(A), np.inf)
    state = new_search(np.zeros(7), 2)
    for S in itertools.combinations(range(7), 2):
        for sign in (1.0, -1.0):
            state.s[:] = 0.0
            state.s[list(S)] = 1.0, sign
            best = max(
                abs(state.s @ z) / np.abs(z).sum()
                for z in (
                    null_vector(A, T) for T in itertools.combinations(range(7), 5)
                )
            )
            assert_allclose(shares.leaf(2, state), best, rtol=1e-12)
    assert_allclose(state.best[0], by_circuits(A, 2), rtol=1e-12)
    assert_allclose(A @ state.z, 0, atol=1e-13)


def null_vector(A, T):
    z = np.zeros(A.shape[1])
    z[list(T)] = np.linalg.svd(A[:, T])[2][-1]
    return z


def cosets(n, r, rng):
    F = np.linalg.qr(rng.standard_normal((n, r)))[0]
    s = rng.choice([-1.0, 0.0, 1.0], n)
    w = np.where(s == 0, rng.exponential(0.3, n), 0.0)
    return F, s, w


def least_peak(F, s, w):
    n, r = F.shape
    one = np.ones((n, 1))
    A = np.block([[F, -one], [-F, -one]])
    b = np.concatenate([-s - w, s - w])
    free = [(None, None)] * (r + 1)
    return linprog(np.r_[np.zeros(r), 1.0], A_ub=A, b_ub=b, bounds=free).fun


@pytest.mark.parametrize("seed", range(40))
def test_settled_is_what_a_linear_program_finds(seed):
    rng = np.random.default_rng(seed)
    F, s, w = cosets(10, 5, rng)
    w *= seed % 2  # some prices leave it open, as |z| is not concave
    least = least_peak(F, s, w)
    for factor in (0.7, 0.99, 1 - 1e-6, 1 + 1e-6, 1.01, 1.5):
        level, v, z = factor * least, s.copy(), np.empty(10)
        verdict = settle(v, F, s, w, 0.9 * level, level, 20, RUNNING, z)
        assert verdict in ((1 if factor > 1 else -1), 0 if w.any() else None)
        if verdict == 1:
            assert (np.abs(v) + w).max() <= level
            assert_allclose(v - s, F @ (F.T @ (v - s)), atol=1e-12)
        if verdict == -1:
            assert_allclose(F.T @ z, 0, atol=1e-12 * np.abs(z).sum())
            assert s @ z + w @ np.abs(z) > level * np.abs(z).sum() * (1 - 1e-12)


def test_nothing_is_settled_after_a_stop():
    F, s, w = cosets(10, 5, np.random.default_rng(0))
    z = np.ones(10)
    assert settle(s.copy(), F, s, w, 9.0, 10.0, 20, np.ones(1), z) == 0
    assert (z == 0).all()


@given(some.integers(0, 99), some.floats(0.1, 2))
def test_overshoot_is_the_way_to_the_nearest_point_of_a_box(seed, level):
    rng = np.random.default_rng(seed)
    v, w = rng.standard_normal(8), rng.exponential(1.0, 8)
    h = np.empty(8)
    peak = overshoot(v, w, level, h)
    room = np.maximum(level - w, 0)
    assert_allclose(v - h, np.clip(v, -room, room), atol=1e-15)
    assert peak == (np.abs(v) + w).max()


def test_what_rounding_leaves_is_no_null_vector():
    F, s, w = cosets(12, 6, np.random.default_rng(3))
    z, q = np.empty(12), np.arange(1.0, 7.0)
    for size in (1.0, 1e-8, 1e8):
        assert null_part(F, size * (F @ q), s, w, z) == 0
    assert null_part(F, np.zeros(12), s, w, z) == 0
    h = np.random.default_rng(4).standard_normal(12)
    value = null_part(F, h, s, w, z)
    by_hand = h - F @ (F.T @ h)
    assert_allclose(z, by_hand, rtol=1e-12)
    norm = np.abs(by_hand).sum()
    assert_allclose(value, (s @ by_hand + w @ np.abs(by_hand)) / norm, rtol=1e-12)


@given(some.integers(0, 999), some.integers(2, 12), some.floats(0.02, 0.98))
def test_rows_fall_as_fast_as_they_say(seed, n, part):
    """Lam is piecewise linear in the level, its slope that of one of the pieces."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, n + 1))
    a = np.sort(rng.exponential(1.0, n))[::-1].copy()
    sums = np.r_[0.0, np.cumsum(a)]
    level, h = part * sums[k], 1e-7
    theta, lam, fall = plateau(a, sums, k, level)
    assert theta >= 0
    lowered = np.minimum(a, np.maximum(a - lam, theta))
    assert_allclose(lowered[:k].sum(), level, rtol=1e-9)
    assert_allclose((a - lowered).sum(), k * lam, rtol=1e-9) if theta > 0 else None
    below, above = (plateau(a, sums, k, level + d)[1] for d in (-h, h))
    slopes = (below - lam) / h, (lam - above) / h
    assert min(abs(fall - slope) for slope in slopes) <= 1e-4 * fall


@pytest.mark.parametrize("k", [1, 2, 5])
def test_dual_norm_is_attained_and_never_exceeded(k, rng):
    """Of the largest sum of k magnitudes of a column."""
    W = rng.standard_normal((6, 4))
    best = np.zeros((6, 4))
    for j, w in enumerate(W.T):
        order = np.argsort(-np.abs(w))
        top = np.zeros(6)
        top[order[0]] = np.sign(w[order[0]])
        flat = np.sign(w) / k
        best[:, j] = max(top, flat, key=lambda x: x @ w)
    norm = dual_norm(W, k)
    sums = np.sort(np.abs(best), axis=0)[-k:].sum(axis=0)
    assert sums.max() <= 1 + 1e-12
    assert_allclose((best * W).sum(), norm, rtol=1e-12)
    for _ in range(20):
        X = rng.standard_normal((6, 4))
        size = np.sort(np.abs(X), axis=0)[-k:].sum(axis=0).max()
        assert (X * W).sum() <= size * norm


def test_dual_norm_of_a_layer_looks_at_one_column_a_channel(rng):
    table = rng.standard_normal((2, 2, 5))
    columns = table.swapaxes(0, 1).reshape(2, 10).T
    assert_allclose(dual_norm(table, 3), dual_norm(columns, 3), rtol=1e-14)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_relaxation_stops_where_its_dual_meets_it(k, monkeypatch):
    lower_peaks, calls = _nullspace.lower_peaks, []

    def counted(*args):
        calls.append(1)
        return lower_peaks(*args)

    monkeypatch.setattr(_nullspace, "lower_peaks", counted)
    A = st.gaussian(20, 40, rng=0)
    space = null_space(A)
    M, W = relaxation(space, k)
    assert len(calls) < 1000
    value = np.sort(np.abs(M), axis=0)[-k:].sum(axis=0).max()
    below = (space.projector * W).sum() / dual_norm(W, k)
    assert_allclose(A @ W.T, 0, atol=1e-12)
    assert (1 - 2e-3) * value <= below <= value


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("shape", [(4, 5), (3, 6)])
def test_bracket_has_a_margin_for_what_the_condition_amplifies(shape, k):
    m, n = shape
    B = np.random.default_rng(2).integers(-3, 4, shape).astype(float)
    scales = 2.0 ** np.linspace(0, 24, m).round()
    A = np.cumsum(scales[:, None] * B, axis=0)
    alpha = by_circuits(B, k)
    found = st.null_space_constant(A, k)
    low, high = found.alpha
    s = np.linalg.svd(A / 2.0 ** np.frexp(np.abs(A).max(axis=1))[1][:, None])[1]
    margin = 8 * (k + 1) * np.sqrt(n) * max(shape) * EPS * s[0] / s[-1]
    assert low <= alpha <= high
    reached = share(found.vector, k)
    assert reached - low >= 0.99 * margin
    assert high - reached >= 0.99 * margin


def test_limits_hold_for_large_layers():
    A = st.BlockCirculant(np.random.default_rng(0).standard_normal((4, 8, 3)), 200)
    for limit in (0.5, 2.0):
        for function, k in ((st.null_space_bounds, 2), (st.null_space_constant, 2)):
            start = time.perf_counter()
            function(A, k, time_limit=limit)
            assert time.perf_counter() - start < 2 * limit + 3


def test_ctrl_c_ends_a_search_with_a_bracket(monkeypatch):
    A = np.random.default_rng(7).standard_normal((32, 64))
    main, search, begun = threading.main_thread().ident, Shares.search, []

    def interrupted(*args):
        begun.append(time.perf_counter())
        threading.Timer(1.0, signal.pthread_kill, (main, signal.SIGINT)).start()
        return search(*args)

    monkeypatch.setattr(Shares, "search", interrupted)
    found = st.null_space_constant(A, 6)
    assert time.perf_counter() - begun[0] < 3
    assert 0 < found.lower < found.upper
    assert found.evidence.kind == "dual"


def test_limited_searches_that_end_cost_no_more():
    A = np.random.default_rng(7).standard_normal((20, 40))
    free, limited = (st.null_space_constant(A, 2, time_limit=t) for t in (None, 60))
    assert limited.exact
    assert limited.evidence.nodes == free.evidence.nodes


def test_limited_searches_that_do_not_end_fall_back_on_higher_levels(monkeypatch):
    A = np.random.default_rng(7).standard_normal((16, 32))
    search, calls = Shares.search, []

    def watched(self, k, level, state, until):
        calls.append((level, search(self, k, level, state, until)))
        return calls[-1][1]

    monkeypatch.setattr(Shares, "search", watched)
    alpha = st.null_space_constant(A, 2).alpha[1]
    assert len(calls) == 1
    monkeypatch.setattr("sparsetheory.conditions.nullspace.HALF", 0.0)
    found = st.null_space_constant(A, 2, time_limit=60)
    (_, first), *passes = calls[1:]
    assert first is None
    levels, reached = zip(*passes, strict=True)
    assert len(passes) == 4
    assert list(levels) == sorted(levels, reverse=True)
    assert (np.abs(np.subtract(reached, levels)) <= 3 * SLACK).all()
    assert min(reached) >= alpha - 3 * SLACK
    assert found.exact
