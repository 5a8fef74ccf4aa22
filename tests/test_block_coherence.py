"""Block coherence and sub-coherence of matrices and of layers."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as s
from numpy.testing import assert_allclose

import sparsetheory as st


def by_definition(A, labels):
    """Norms over d between blocks, and the largest products inside each."""
    U = A / np.linalg.norm(A, axis=0)
    names = np.unique(labels)
    blocks = [U[:, labels == name] for name in names]
    d = blocks[0].shape[1]
    between = np.zeros((len(blocks), len(blocks)))
    for a, one in enumerate(blocks):
        for b, two in enumerate(blocks):
            if a != b:
                between[a, b] = np.linalg.norm(one.conj().T @ two, 2) / d
    inside = np.abs(U.conj().T @ U) * np.equal.outer(labels, labels)
    np.fill_diagonal(inside, 0.0)
    return between, inside


def agrees(A, M, groups, labels):
    found = st.block_coherence(A, groups)
    between, inside = by_definition(M, labels)
    assert found.size == np.sum(labels == labels[0])
    assert_allclose(found.value, between.max(), rtol=1e-12)
    assert_allclose(between[found.blocks], between.max(), rtol=1e-12)
    assert found.blocks[0] < found.blocks[1]
    assert_allclose(found.sub_coherence, inside.max(), rtol=1e-12, atol=1e-15)
    if found.columns is None:
        assert found.size == 1
    else:
        assert found.columns[0] < found.columns[1]
        assert_allclose(inside[found.columns], inside.max(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("m", [3, 20])
def test_matrices_agree_with_the_definition(rng, m, kind):
    A = rng.standard_normal((m, 24)) * rng.uniform(0.1, 9, 24)
    if kind is complex:
        A = A + 1j * rng.standard_normal(A.shape)
    for d in (1, 2, 4, 6, 8, 12):
        labels = np.arange(24) // d
        agrees(A, A, d, labels)
        mixed = rng.permutation(labels)
        agrees(A, A, mixed, mixed)
        agrees(A, A, [f"block {name:02}" for name in mixed], mixed)


def layers(rng):
    h = rng.standard_normal
    yield st.BlockCirculant(h((3, 2, 3)), 12)
    yield st.BlockCirculant(h((2, 3, 5)), 7, origin=2)
    yield st.BlockCirculant(h((4, 2, 4)), 12, stride=3, origin=1)
    yield st.BlockCirculant(h((3, 2, 9)), 6)  # taps wrap round
    yield st.BlockCirculant(h((4, 2, 3, 2)), (8, 6), stride=(2, 1), origin=(1, 0))
    yield st.BlockCirculant(h((2, 3, 2, 3)), (5, 6))
    yield st.BlockCirculant.from_conv_layer(h((6, 3, 3, 3)), 8, stride=2)
    yield st.BlockCirculant(h((4, 2, 3)), 7, stride=2)  # does not divide
    yield st.BlockCirculant(h((4, 2, 3)), 8).take([0, 3, 5, 9, 17, 30])


def test_layers_agree_with_their_matrix_in_channels_and_positions(rng):
    for layer in layers(rng):
        M, n = layer.to_dense(), layer.shape[1]
        if not np.linalg.norm(M, axis=0).all():
            continue
        N = int(np.prod(layer.size))
        channels, positions = np.divmod(np.arange(n), N)
        agrees(layer, M, N, channels)
        agrees(layer, M, positions, positions)
        agrees(layer, M, -channels, -channels)
        backwards = rng.permutation(N)[positions]
        agrees(layer, M, backwards, backwards)
        neither = rng.permutation(channels)
        agrees(layer, M, neither, neither)


def test_channels_and_positions_need_no_matrix(rng):
    layer = st.BlockCirculant(rng.standard_normal((8, 4, 3, 3)), 200)
    small = st.BlockCirculant(layer.filters, 25)
    n, N = layer.shape[1], 200**2
    big = st.block_coherence(layer, np.arange(n) % N)
    little = st.block_coherence(small, np.arange(4 * 625) % 625)
    assert_allclose(big.value, little.value, rtol=1e-12)  # neighbours alone matter
    found = st.block_coherence(layer, N)
    H = np.fft.fft2(layer.filters, (200, 200)).reshape(8, 4, -1)
    H /= np.sqrt(np.sum(layer.filters**2, axis=(0, 2, 3)))[:, None]
    G = np.abs(np.einsum("oaw,obw->abw", H.conj(), H)).max(axis=2) / N
    np.fill_diagonal(G, 0)
    assert_allclose(found.value, G.max(), rtol=1e-10)
    assert_allclose(G[found.blocks], G.max(), rtol=1e-10)


def test_blocks_of_one_column_have_the_mutual_coherence(rng):
    A = rng.standard_normal((7, 12))
    found, plain = st.block_coherence(A, 1), st.mutual_coherence(A)
    assert_allclose(found.value, plain.value, rtol=1e-14)
    assert found.blocks == plain.pair
    assert (found.sub_coherence, found.columns) == (0.0, None)


def test_two_orthonormal_bases_as_blocks():
    # A unitary matrix between two blocks of d columns has norm one.
    F = np.fft.fft(np.eye(16)) / 4
    found = st.block_coherence(np.hstack([np.eye(16), F]), 16)
    assert_allclose(found.value, 1 / 16)
    assert_allclose(found.sub_coherence, 0, atol=1e-15)
    # Two equal blocks: the norm of a Gram matrix.
    A = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 3)))[0]
    assert_allclose(st.block_coherence(np.hstack([A, A]), 3).value, 1 / 3)


def test_few_blocks_and_rows_go_through_triangles(rng):
    A = rng.standard_normal((4, 200))
    agrees(A, A, 50, np.arange(200) // 50)


def test_it_bounds_the_eigenvalues_of_some_blocks(rng):
    # Gershgorin's theorem for blocks, the step behind the guarantee.
    d, k = 3, 4
    A = rng.standard_normal((40, 60))
    U = A / np.linalg.norm(A, axis=0)
    found = st.block_coherence(A, d)
    nu, between = found.sub_coherence, d * found.value
    for _ in range(50):
        some = rng.choice(20, k, replace=False)
        S = U.reshape(40, 20, d)[:, some].reshape(40, -1)
        values = np.linalg.eigvalsh(S.T @ S)
        assert np.abs(values - 1).max() <= (d - 1) * nu + (k - 1) * between


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([0, 0, 0, 1, 1, 2], "of one size, got 1 to 3"),
        (6, "all 6 columns in one"),
        (4, "must divide n = 6"),
        (0, "in 1..6, got 0"),
        ([0, 1], "shape"),
        ([0.5] * 6, "labels"),
    ],
)
def test_groups_that_are_refused(groups, words):
    with pytest.raises((ValueError, TypeError), match=words):
        st.block_coherence(np.arange(24.0).reshape(4, 6), groups)


def test_columns_that_are_refused():
    A = np.eye(4)
    A[:, 2] = 0
    with pytest.raises(ValueError, match="zero columns, got one at 2"):
        st.block_coherence(A, 2)
    layer = st.BlockCirculant(np.array([[[1.0, 2.0], [0.0, 0.0]]]), 5)
    with pytest.raises(ValueError, match="channel 1 of length 0"):
        st.block_coherence(layer, 5)
    with pytest.raises(ValueError, match="finite"):
        st.block_coherence(np.full((2, 2), np.nan), 1)


@given(s.integers(1, 6), s.integers(2, 5), s.integers(1, 4), s.integers(0, 9))
def test_it_lies_between_its_bounds(m, count, d, seed):
    A = np.random.default_rng(seed).standard_normal((m, count * d))
    found, mu = st.block_coherence(A, d), st.mutual_coherence(A).value
    assert found.value <= mu * (1 + 1e-12)  # Eldar, Kuppinger, Bolcskei, 2010
    assert found.sub_coherence <= mu * (1 + 1e-12)
    assert max(d * found.value, found.sub_coherence) >= mu * (1 - 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("call", ["mutual_coherence(A)", "block_coherence(A, 4)"])
def test_fifty_thousand_columns_fit_in_a_gigabyte(call):
    code = (
        "import resource, numpy as np, sparsetheory as st\n"
        "A = np.random.default_rng(0).standard_normal((50, 50_000))\n"
        f"st.{call}\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 10**6


def test_blocks_of_layers_whose_columns_hardly_overlap(rng):
    h = rng.standard_normal
    for layer in (
        st.BlockCirculant(h((3, 3, 1)), 6),
        st.BlockCirculant(h((2, 3, 1, 1)), (3, 4)),
        st.BlockCirculant(h((2, 1, 1)), 6),
        st.BlockCirculant(h((2, 2, 2)), 6, stride=2),
        st.BlockCirculant(h((2, 1, 3)), 6, stride=3),
        st.BlockCirculant(h((3, 2, 1)), 1),
        st.BlockCirculant(h((3, 2, 1, 2)), (5, 4)),
    ):
        n, N = layer.shape[1], int(np.prod(layer.size))
        channel, place = np.divmod(np.arange(n), N)
        for labels in (channel, place, (place + 1) % N):
            if np.unique(labels).size > 1:
                agrees(layer, layer.to_dense(), labels, labels)
