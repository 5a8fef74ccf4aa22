"""Coherence of matrices and of layers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.conditions.gram import lag_table


def dense_coherence(A):
    U = A / np.linalg.norm(A, axis=0)
    G = np.abs(U.conj().T @ U)
    np.fill_diagonal(G, 0)
    return G


def layers(rng):
    h = rng.standard_normal
    yield st.BlockCirculant(h((3, 2, 3)), 12)
    yield st.BlockCirculant(h((2, 3, 5)), 7, origin=2)
    yield st.BlockCirculant(h((4, 2, 4)), 12, stride=3, origin=1)
    yield st.BlockCirculant(h((3, 2, 9)), 6)  # taps wrap round
    yield st.BlockCirculant(h((4, 2, 3, 2)), (8, 6), stride=(2, 1), origin=(1, 0))
    yield st.BlockCirculant(h((2, 1, 3, 3)), (5, 5))
    yield st.BlockCirculant.from_conv_layer(h((6, 3, 3, 3)), 8, stride=2)
    yield st.BlockCirculant(h((4, 2, 3)), 7, stride=2)  # does not divide
    yield st.BlockCirculant(h((4, 2, 3)), 8).take([0, 3, 5, 9, 17, 30])


def test_layers_agree_with_their_matrix(rng):
    for layer in layers(rng):
        G = dense_coherence(layer.to_dense())
        found = st.mutual_coherence(layer)
        assert_allclose(found.value, G.max(), rtol=1e-12)
        assert_allclose(G[found.pair], G.max(), rtol=1e-12)
        top = np.cumsum(-np.sort(-G, axis=1), axis=1)[:, :-1].max(axis=0)
        assert_allclose(st.babel(layer), top, rtol=1e-11)


def test_a_table_of_lags_is_the_gram_matrix(rng):
    for layer in layers(rng):
        table = lag_table(layer)
        if table is None:
            continue
        M = layer.to_dense()
        G = M.T @ M
        for _ in range(20):
            a, b = rng.integers(len(table.values), size=2)
            lag = tuple(int(rng.integers(n)) for n in table.lags)
            i = table.column(int(a), table.shift(lag))
            j = table.column(int(b), (0,) * len(lag))
            assert_allclose(G[i, j], table.values[(a, b, *lag)], atol=1e-12)
        shown = np.sum(table.values**2) * np.prod(table.grid)
        assert_allclose(np.sum(G**2), shown, rtol=1e-12)


def test_complex_matrices(rng):
    F = np.fft.fft(np.eye(9))[[0, 1, 3]]
    G = dense_coherence(F)
    found = st.mutual_coherence(F)
    assert_allclose(found.value, G.max())
    assert_allclose(G[found.pair], G.max())


def test_closed_forms():
    assert_allclose(st.mutual_coherence(np.eye(5)).value, 0, atol=1e-15)
    H = np.array([[1.0]])
    for _ in range(4):
        H = np.block([[H, H], [H, -H]])
    two = np.hstack([np.eye(16), H / 4])
    assert_allclose(st.mutual_coherence(two).value, 0.25)
    assert_allclose(st.babel(two, 5), 0.25 * np.arange(1, 6))
    angle = 0.3  # two taps: neighbours have the inner product cos sin
    layer = st.BlockCirculant([[[np.cos(angle), np.sin(angle)]]], 9)
    expected = np.cos(angle) * np.sin(angle)
    assert_allclose(st.mutual_coherence(layer).value, expected)
    assert_allclose(st.babel(layer, 3), expected * np.array([1, 2, 2]), atol=1e-15)
    m = 6  # a simplex attains the bound of Welch
    simplex = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T
    found = st.mutual_coherence(simplex).value
    assert_allclose(found, st.welch_bound(m + 1, m), rtol=1e-12)
    assert_allclose(found, 1 / m)


def test_scale_of_columns_does_not_matter(rng):
    A = rng.standard_normal((6, 10))
    D = rng.uniform(0.1, 10, 10)
    assert_allclose(
        st.mutual_coherence(A * D).value, st.mutual_coherence(A).value, rtol=1e-12
    )
    assert_allclose(st.babel(A * D, 4), st.babel(A, 4), rtol=1e-12)


def test_blocks_of_the_gram_matrix_are_all_seen(rng, monkeypatch):
    A = rng.standard_normal((5, 30))
    whole, sums = st.mutual_coherence(A), st.babel(A)
    monkeypatch.setattr("sparsetheory.conditions.gram.BLOCK", 90)
    assert st.mutual_coherence(A).pair == whole.pair
    assert_allclose(st.babel(A), sums)


def test_a_layer_of_any_size_has_the_coherence_of_a_small_one(rng):
    h = rng.standard_normal((4, 3, 3, 3))
    small, large = (st.mutual_coherence(st.BlockCirculant(h, n)) for n in (5, 500))
    assert_allclose(small.value, large.value, rtol=1e-12)
    layer = st.BlockCirculant(h, 500)
    i, j = large.pair
    columns = []
    for c in (i, j):
        unit = np.zeros(layer.shape[1])
        unit[c] = 1.0
        columns.append(layer @ unit)
    one, two = columns
    cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
    assert_allclose(abs(cosine), large.value, rtol=1e-10)


def test_exact_recovery_coefficient_is_its_definition(rng):
    A = rng.standard_normal((8, 14))
    U = A / np.linalg.norm(A, axis=0)
    S = rng.choice(14, 4, replace=False)
    off = np.setdiff1d(np.arange(14), S)
    expected = max(np.abs(np.linalg.pinv(U[:, S]) @ U[:, j]).sum() for j in off)
    assert_allclose(st.exact_recovery_coefficient(A, S), expected, rtol=1e-10)
    assert st.exact_recovery_coefficient(np.eye(3), [0, 1, 2]) == 0.0


def test_exact_recovery_coefficient_of_a_simplex():
    for m in (5, 8):
        simplex = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T
        for k in range(1, m):
            found = st.exact_recovery_coefficient(simplex, np.arange(k))
            assert_allclose(found, k / (m + 1 - k), rtol=1e-10)


@pytest.mark.parametrize(
    ("A", "message"),
    [
        (np.zeros((2, 3)), "zero columns"),
        (np.ones((2, 1)), "two columns at least"),
        (np.array([[1.0, np.nan]]), "finite"),
        (st.BlockCirculant([[[1.0, 2.0], [0.0, 0.0]]], 4), "channel 1 of length 0"),
    ],
)
def test_bad_matrices_are_refused(A, message):
    with pytest.raises(ValueError, match=message):
        st.mutual_coherence(A)
    with pytest.raises(ValueError, match=message):
        st.babel(A)


def test_bad_supports_are_refused():
    A = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    with pytest.raises(ValueError, match="independent columns"):
        st.exact_recovery_coefficient(A, [0, 2])
    with pytest.raises(ValueError, match=r"lie in 0\.\.2, got 3"):
        st.exact_recovery_coefficient(A, [0, 3])
    with pytest.raises(ValueError, match="must hold a column"):
        st.exact_recovery_coefficient(A, [])
    with pytest.raises(ValueError, match="must not repeat"):
        st.exact_recovery_coefficient(A, [0, 0])
    with pytest.raises(ValueError, match=r"k must be in 1\.\.2"):
        st.babel(A, 3)


def one_tap(rng):
    """Yield layers whose columns overlap at one point at most."""
    h = rng.standard_normal
    yield st.BlockCirculant([[[2.0]], [[1.0]]], 6)
    yield st.BlockCirculant(h((3, 3, 1)), 6)
    yield st.BlockCirculant(h((2, 3, 1, 1)), (3, 4))
    yield st.BlockCirculant(h((2, 1, 1, 1)), (1, 5))
    yield st.BlockCirculant(h((2, 1, 3)), 6, stride=3)  # as many taps
    yield st.BlockCirculant(h((2, 2, 2, 2)), (4, 4), stride=(2, 2))
    yield st.BlockCirculant(h((3, 2, 1)), 1)  # one point
    yield st.BlockCirculant(h((3, 2, 4)), 1)
    yield st.BlockCirculant(h((3, 2, 1, 2)), (5, 4))  # one tap along one axis


def test_layers_whose_columns_hardly_overlap_agree_with_their_matrix(rng):
    for layer in one_tap(rng):
        n = layer.shape[1]
        G = dense_coherence(layer.to_dense())
        found = st.mutual_coherence(layer)
        assert_allclose(found.value, G.max(), rtol=1e-12, atol=1e-15)
        assert found.pair[0] < found.pair[1] < n
        assert_allclose(G[found.pair], G.max(), rtol=1e-12, atol=1e-15)
        top = np.cumsum(-np.sort(-G, axis=1), axis=1)[:, :-1].max(axis=0)
        assert_allclose(st.babel(layer), top, rtol=1e-11, atol=1e-14)
        for k in range(1, min(n, 4) + 1):
            one, two = (
                st.rip_constant(A, k, normalise=True, both=True)
                for A in (layer, layer.to_dense())
            )
            assert_allclose(one.above.lower, two.above.lower, atol=1e-11)
            assert_allclose(one.below.lower, two.below.lower, atol=1e-11)
            assert one.verify(layer)
        assert st.spark(layer).upper == st.spark(layer.to_dense()).upper
