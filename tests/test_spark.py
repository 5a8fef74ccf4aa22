"""How few columns are dependent."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as s
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory._kernels import dependence
from sparsetheory._kernels._compile import JIT
from sparsetheory.conditions import spark as module
from sparsetheory.conditions._circuits import null_vector_bound

large = pytest.mark.skipif(not JIT, reason="takes minutes when interpreted")


def by_definition(A):
    n = A.shape[1]
    for size in range(1, n + 1):
        for some in combinations(range(n), size):
            if np.linalg.matrix_rank(A[:, some]) < size:
                return size
    return n + 1


def holds(A, M, found):
    """The witness is one: as many columns as said, and a combination that vanishes."""
    n = M.shape[1]
    assert found.lower <= found.upper <= n + 1
    if found.upper == n + 1:
        assert found.support.size == 0
        return
    assert found.support.size == found.upper == found.null_vector.size
    assert np.all(np.diff(found.support) > 0)
    assert_allclose(np.abs(found.null_vector).max(), 1, rtol=1e-14)
    assert np.abs(found.null_vector).min() > 0
    x = np.zeros(n, found.null_vector.dtype)
    x[found.support] = found.null_vector
    weights = np.linalg.norm(M[:, found.support], axis=0) * found.null_vector
    size = np.linalg.norm(weights)
    assert np.linalg.norm(A @ x) <= 2.1 * found.tol * size + 1e-14
    assert found.residual <= 2 * found.tol


def equals(A, expected, **options):
    M = A.to_dense() if isinstance(A, st.BlockCirculant) else A
    found = st.spark(A, **options)
    holds(A, M, found)
    assert (found.lower, found.upper, found.exact) == (expected, expected, True)
    return found


@settings(max_examples=60 if JIT else 10)
@given(s.integers(1, 6), s.integers(1, 10), s.integers(1, 3), s.integers(0, 10**6))
def test_it_is_what_it_is_by_definition(m, n, largest, seed):
    rng = np.random.default_rng(seed)
    equals(A := rng.integers(-largest, largest + 1, (m, n)) * 1.0, by_definition(A))


@settings(max_examples=15)
@given(s.integers(2, 4), s.integers(3, 8), s.integers(0, 10**6))
def test_of_complex_matrices_too(m, n, seed):
    rng = np.random.default_rng(seed)
    A = rng.integers(-1, 2, (m, n)) + 1j * rng.integers(-1, 2, (m, n))
    equals(A, by_definition(A))


def hadamard(power):
    H = np.array([[1.0]])
    for _ in range(power):
        H = np.block([[H, H], [H, -H]])
    return H


def steiner():
    """A tight frame of 16 columns in 6 dimensions, from pairs of 4 points."""
    pairs = np.array(
        [[i in pair for pair in combinations(range(4), 2)] for i in range(4)]
    )
    H = hadamard(2)[1:]
    columns = []
    for row in pairs:
        block = np.zeros((6, 4))
        block[row] = H
        columns.append(block)
    return np.hstack(columns)


def test_closed_forms():
    nodes = np.linspace(-1, 1, 11)
    equals(np.vander(nodes, 5).T, 6)  # any m columns of Vandermonde are independent
    equals(np.fft.fft(np.eye(12))[:5], 6)  # so are those of low frequencies
    equals(np.fft.fft(np.eye(12))[[0, 4, 8]], 2)  # and not those of a subgroup
    for m in (2, 5, 8):
        simplex = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T
        equals(simplex, m + 1)
    # Four columns of Hadamard's matrix without its first row add up to nought.
    equals(steiner(), 4)
    equals(np.eye(5), 6)
    equals(np.eye(5)[:, :3], 4)
    equals(np.ones((3, 1)), 2)
    assert equals(np.array([[1.0, 0.0, 2.0], [1.0, 0.0, 3.0]]), 1).support == [1]
    A = np.array([[1.0, 5.0, -2.0], [2.0, 1.0, -4.0]])
    found = equals(A, 2)
    assert found.support.tolist() == [0, 2]
    assert_allclose(found.null_vector, [1, 0.5])


@pytest.mark.parametrize("N", [4, 9, pytest.param(16, marks=large)])
def test_spikes_and_waves_are_uncertain(N):
    # Donoho and Stark: as many as 2 sqrt(N), of a comb that is its own transform.
    found = equals(np.hstack([np.eye(N), np.fft.fft(np.eye(N))]), 2 * int(N**0.5))
    assert_allclose(np.abs(found.null_vector[found.support < N]), 1)


@pytest.mark.parametrize("N", [5, pytest.param(7, marks=large)])
def test_spikes_and_waves_of_prime_length(N):
    # Tao, 2005: x and its transform have more than N nonzeros together.
    equals(np.hstack([np.eye(N), np.fft.fft(np.eye(N))]), N + 1)


@large
def test_spikes_and_walsh_functions():
    equals(np.hstack([np.eye(4), hadamard(2)]), 4)
    equals(np.hstack([np.eye(16), hadamard(4)]), 8)


@large
def test_gaussian_columns_are_as_independent_as_can_be(rng):
    for m, n in ((1, 4), (4, 6), (6, 12), (9, 18), (20, 23)):
        found = equals(rng.standard_normal((m, n)), m + 1)
    assert found.evidence == "search"


@large
def test_few_dependent_columns_among_many_are_found(rng):
    for m, n, size in ((10, 30, 3), (20, 40, 4), (30, 60, 5)):
        A = rng.standard_normal((m, n))
        some = rng.choice(n, size, replace=False)
        A[:, some[-1]] = A[:, some[:-1]] @ rng.uniform(1, 2, size - 1)
        found = equals(A, size)
        assert np.array_equal(found.support, np.sort(some))
        order = rng.permutation(n)
        equals(A[:, order] * rng.choice([-1e-90, 1e90], n), size)


@large
def test_tol_says_what_is_dependent(rng):
    A = rng.standard_normal((6, 9))
    A[:, 4] = A[:, 2] / np.linalg.norm(A[:, 2])
    off = rng.standard_normal(6)
    off -= A[:, 4] * (off @ A[:, 4])
    A[:, 4] += 1e-10 * off / np.linalg.norm(off)
    found = equals(A, 7)
    assert 1e-12 < found.nearest < 1.01e-10  # less, where more columns help
    equals(A, 2, tol=2e-10)
    assert equals(np.delete(A, 4, 1), 7).nearest == np.inf
    with pytest.raises(ValueError, match="tol must lie between 1e-14 and 1, got 1e-15"):
        st.spark(A, tol=1e-15)


def test_one_output_and_two_inputs():
    for N in (4, 5, 8, 1000):  # h1 * h2 - h2 * h1 = 0
        layer = st.BlockCirculant([[[0.6, 0.8], [1.0, -1.0]]], N)
        equals(layer, 4)


def test_dependent_columns_need_not_be_of_the_first_channel():
    filters = [[[0, 0], [0.6, 0.8], [1, -1]], [[1, 0.5], [0, 0], [0, 0]]]
    for N in (5, 1000):
        found = equals(st.BlockCirculant(np.array(filters), N), 4)
        assert set(found.support // N) == {1, 2}


def small_layers(rng):
    h = rng.standard_normal
    yield st.BlockCirculant(h((1, 2, 2)), 7)
    yield st.BlockCirculant(h((1, 2, 3)), 5, origin=1)
    yield st.BlockCirculant(h((1, 3, 2)), 6)
    yield st.BlockCirculant(rng.integers(-1, 2, (2, 3, 2)) + 0.0, 4)
    yield st.BlockCirculant(h((1, 1, 4)), 12, stride=2)
    yield st.BlockCirculant(h((2, 1, 3)), 12, stride=3)
    yield st.BlockCirculant(h((1, 2, 2, 1)), (4, 3))
    yield st.BlockCirculant(h((1, 1, 2, 2)), (4, 4), stride=(2, 1))
    yield st.BlockCirculant(np.array([[[1.0, -1.0]]]), 6)  # kills constants
    yield st.BlockCirculant(np.array([[[1.0, 0.0, -1.0]]]), 8)  # and those by parity
    yield st.BlockCirculant(h((2, 1, 2)), 6)
    yield st.BlockCirculant(h((2, 2, 2)), 7).take([0, 3, 5, 6, 7, 11])


@large
def test_layers_agree_with_their_matrix(rng):
    for layer in small_layers(rng):
        found, plain = st.spark(layer), st.spark(layer.to_dense())
        holds(layer, layer.to_dense(), found)
        assert found.exact
        assert plain.exact
        assert found.upper == plain.upper


@large
def test_a_layer_of_any_size_has_the_spark_of_a_small_one(rng):
    filters = rng.standard_normal((1, 2, 3))
    small, large = st.BlockCirculant(filters, 40), st.BlockCirculant(filters, 10**4)
    one, two = st.spark(small), st.spark(large)
    assert one.exact
    assert two.exact
    assert one.upper == two.upper == 6
    x = np.zeros(2 * 10**4)
    x[two.support] = two.null_vector
    assert np.abs(large @ x).max() < 1e-12
    plane = st.BlockCirculant(rng.standard_normal((1, 2, 2, 1)), (60, 50))
    assert (found := st.spark(plane)).exact
    assert found.upper == 4


def test_minors_bound_layers_with_more_channels_in_than_out(rng):
    for out, taps in ((1, 3), (2, 2), (2, 3), (3, 2)):
        filters = rng.standard_normal((out, out + 1, taps))
        for N in (out * (taps - 1) + 1, 50, 2000):
            layer = st.BlockCirculant(filters, N)
            found = st.spark(layer, time_limit=0.05)
            assert found.upper <= (out + 1) * (out * (taps - 1) + 1)
            x = np.zeros(layer.shape[1])
            x[found.support] = found.null_vector
            assert np.linalg.norm(layer @ x) < 1e-11
    strided = st.BlockCirculant(rng.standard_normal((2, 1, 6)), 3000, stride=3)
    assert st.spark(strided, time_limit=0.05).upper <= 3 * (2 * 1 + 1)


def test_layers_beyond_reach():
    rng = np.random.default_rng(0)
    injective = st.BlockCirculant(rng.standard_normal((3, 2, 3)), 2000)
    found = st.spark(injective)
    assert (found.lower, found.upper, found.evidence) == (4001, 4001, "rank")
    with pytest.raises(ValueError, match="more than 1024 columns"):
        st.spark(st.BlockCirculant([[[1.0, -1.0]]], 2000))


def test_time_is_kept_and_a_bracket_returned(rng):
    A = rng.standard_normal((40, 80))
    found = st.spark(A, time_limit=0.5)
    holds(A, A, found)
    assert found.lower < 41 <= found.upper
    assert not found.exact
    assert found.lower >= 1 + 1 / st.mutual_coherence(A).value


@large
def test_programs_bound_from_below_and_their_duals_show_it(rng, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    for A, expected in (
        (rng.standard_normal((12, 15)), 13),
        (np.hstack([np.eye(16), hadamard(4)]), 8),
    ):
        found = equals(A, expected)
        bracket = module._Bracket(A, 1e-12, np.inf)
        bracket.raise_to(2, "columns")
        bracket.solve_programs()
        assert bracket.lower <= expected <= bracket.upper
        assert bracket.evidence == "programs"
        U = A / np.linalg.norm(A, axis=0)
        shown = [null_vector_bound(U, j, z) for j, z in enumerate(bracket.duals)]
        assert bracket.lower == np.ceil(min(shown) - 1e-9)
        assert min(shown) >= 1 + 1 / st.mutual_coherence(A).value - 1e-9
        assert found.evidence in ("programs", "search")


def test_the_bound_of_a_simplex_is_its_spark():
    for m in (2, 5):  # only multiples of the vector of ones vanish
        simplex = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T
        U = simplex / np.linalg.norm(simplex, axis=0)
        assert_allclose([null_vector_bound(U, j, U[:, j]) for j in range(m + 1)], m + 1)


def test_any_dual_vector_bounds_null_vectors(rng):
    A = rng.standard_normal((6, 10))
    U = A / np.linalg.norm(A, axis=0)
    null = np.linalg.svd(A)[2][6:].T
    for _ in range(30):
        z = rng.standard_normal(6)
        x = null @ rng.standard_normal(4) * np.linalg.norm(A, axis=0)
        for j in range(10):
            assert null_vector_bound(U, j, z) <= np.abs(x).sum() / abs(x[j]) + 1e-9


def test_a_column_that_is_in_no_dependent_set(rng, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    A = np.zeros((6, 9))
    A[0, 0] = 1.0
    A[1:, 1:] = rng.standard_normal((5, 8))
    assert 0 not in equals(A, 6).support


@pytest.mark.parametrize("s", [2, 3, 4, 5])
def test_a_search_that_pauses_goes_on(s):
    rng = np.random.default_rng(s)
    columns = rng.standard_normal((14, 9))
    columns[13] = columns[13 - s + 1 : 13].sum(axis=0)  # the last that is looked at
    columns /= np.linalg.norm(columns, axis=1, keepdims=True)
    key = np.ones(9) / 3
    for budget in (1, 7, 10**6):
        walk, state = dependence.new_walk(columns, s, 14, 14, key), dependence.PAUSED
        while state == dependence.PAUSED:
            state = dependence.dependence_search(walk, s, 14, 14, 1e-12, budget)
        assert state == dependence.FOUND
        assert walk.found[: walk.head[2]].tolist() == list(range(14 - s, 14))


def test_keys_are_put_in_order(rng):
    for size in range(40):
        keys = rng.integers(0, 9, size) * 1.0
        order = dependence.ascending(keys)
        assert np.array_equal(np.sort(order), np.arange(size))
        assert np.array_equal(keys[order], np.sort(keys))


@pytest.mark.parametrize(
    ("A", "words"),
    [
        (np.full((2, 3), np.nan), "finite"),
        (np.zeros((0, 3)), "rows and columns"),
        (np.ones(3), "axes"),
    ],
)
def test_bad_input(A, words):
    with pytest.raises((ValueError, TypeError, IndexError), match=words):
        st.spark(A)
    with pytest.raises(ValueError, match="time_limit must be positive"):
        st.spark(np.eye(2), time_limit=-1)


def test_any_kind_of_array_will_do(rng):
    A = rng.integers(-3, 4, (4, 7))
    expected = st.spark(A * 1.0)
    for same in (A, np.asfortranarray(A), A.astype(np.float32), A.astype(np.int8)):
        assert st.spark(same).upper == expected.upper


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-170, 1e160, 1e300])
def test_the_scale_of_columns_does_not_matter(rng, scale):
    equals(np.eye(3) * scale, 4)
    A = rng.standard_normal((5, 8))
    A[:, 6] = A[:, 1] - 2 * A[:, 3]
    for columns in ([2], [0, 3, 6], range(8)):
        B = A.copy()
        B[:, columns] *= scale
        found = st.spark(B)
        assert (found.lower, found.upper) == (3, 3)
        assert_allclose(np.abs(found.null_vector).max(), 1)
        assert found.residual <= 2 * found.tol
        assert found.support.tolist() == [1, 3, 6]
    assert_allclose(found.null_vector, st.spark(A).null_vector, atol=1e-12)
    h = rng.standard_normal((1, 2, 2))
    layer = st.BlockCirculant(h * np.reshape([1.0, scale], (2, 1)), 6)
    expected = st.spark(st.BlockCirculant(h, 6)).upper
    assert (st.spark(layer).lower, st.spark(layer).upper) == (expected, expected)
    long = st.BlockCirculant(h * scale, 2000)
    assert st.spark(long).upper == st.spark(st.BlockCirculant(h, 2000)).upper


def test_channels_of_zeros_are_dependent_at_any_scale():
    for scale in (1e-200, 1.0):
        layer = st.BlockCirculant([[[scale, scale], [0.0, 0.0]]], 6)
        assert st.spark(layer).upper == 1
