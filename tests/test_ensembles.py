"""Ensembles and signals: their moments, their streams, their supports."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest

import sparsetheory as st

ENSEMBLES = [
    st.gaussian,
    st.rademacher,
    st.spherical,
    st.partial_dct,
    st.random_circulant,
    st.partial_fourier,
    st.partial_hadamard,
    st.flat_circulant,
    st.random_toeplitz,
]
every = pytest.mark.parametrize("ensemble", ENSEMBLES)


@every
def test_squared_norms_are_preserved_on_average(ensemble, rng):
    m, n, draws = 20, 32, 2000
    x = rng.standard_normal(n)
    x /= np.linalg.norm(x)
    energy = [np.sum((ensemble(m, n, rng) @ x) ** 2) for _ in range(draws)]
    tolerance = 5 * np.std(energy) / np.sqrt(draws)
    assert abs(np.mean(energy) - 1) <= tolerance
    assert abs(np.mean(energy) * m / (m - 2) - 1) > tolerance  # two rows too few


@every
def test_draws_are_reproducible_and_differ(ensemble):
    first, again = ensemble(5, 8, 3), ensemble(5, 8, np.random.default_rng(3))
    assert first.shape == (5, 8)
    assert first.dtype == np.float64
    assert first.flags.forc
    assert_array_equal(first, again)
    assert not np.array_equal(first, ensemble(5, 8, 4))
    generator = np.random.default_rng(3)
    assert not np.array_equal(ensemble(5, 8, generator), ensemble(5, 8, generator))


def test_gaussian_entries_are_numpys_own(rng):
    m, n = 7, 11
    expected = np.random.default_rng(5).standard_normal((n, m)).T / np.sqrt(m)
    assert_allclose(st.gaussian(m, n, 5), expected, rtol=1e-15)
    sample = st.gaussian(40, 50, rng).ravel() * np.sqrt(40)
    assert kstest(sample, "norm").pvalue > 1e-4


def test_rows_and_columns_have_the_norms_that_define_them(rng):
    m, n = 12, 20
    assert_allclose(np.abs(st.rademacher(m, n, rng)), m**-0.5)
    assert_allclose(np.linalg.norm(st.spherical(m, n, rng), axis=0), 1)
    dct = st.partial_dct(m, n, rng)
    assert_allclose(dct @ dct.T, n / m * np.eye(m), atol=1e-12)
    assert_allclose(np.abs(st.random_circulant(m, n, rng)), m**-0.5)


def test_orthogonal_ensembles_have_orthogonal_rows(rng):
    for ensemble in (st.partial_fourier, st.partial_hadamard, st.flat_circulant):
        for m in (5, 16):
            A = ensemble(m, 16, rng)
            assert_allclose(A @ A.T, 16 / m * np.eye(m), atol=1e-12)
    for n in (1, 2, 5):
        F = st.partial_fourier(n, n, rng)
        assert_allclose(F @ F.T, np.eye(n), atol=1e-12)
    H = st.partial_hadamard(8, 16, rng)
    assert_allclose(np.abs(H), 8**-0.5)


def test_fourier_rows_are_waves(rng):
    A = st.partial_fourier(9, 9, rng)
    energy = np.abs(np.fft.rfft(A, axis=1)) ** 2
    assert_array_equal((energy > 1e-9).sum(axis=1), np.ones(9))


def test_toeplitz_entries_depend_on_the_difference_alone(rng):
    A = st.random_toeplitz(7, 12, rng)
    assert_array_equal(A[1:, 1:], A[:-1, :-1])
    assert_allclose(np.abs(A), 7**-0.5)
    first = np.concatenate([A[::-1, 0], A[0, 1:]])
    assert len(first) == 18
    assert 2 <= np.sum(first > 0) <= 16


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_columns_have_the_correlation_asked_for(correlation, rng):
    m, n = 20_000, 4
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    ar1 = st.gaussian_ar1(m, n, rng, correlation=correlation)
    equal = st.gaussian_equicorrelated(m, n, rng, correlation=correlation)
    # The variance of an entry of the Gram matrix is at most 2 / m.
    tolerance = 5 * np.sqrt(2 / m)
    power = np.where(lag > 0, correlation ** np.maximum(lag, 1), 1.0)
    assert np.abs(ar1.T @ ar1 - power).max() <= tolerance
    assert (
        np.abs(equal.T @ equal - np.where(lag > 0, correlation, 1)).max() <= tolerance
    )


def test_circulant_rows_are_shifts_of_one(rng):
    A = st.random_circulant(20, 20, rng)
    for i in range(20):
        assert_array_equal(A[i], np.roll(A[0], i))


def test_signs_are_fair_and_independent(rng):
    A = st.rademacher(50, 40, rng) * np.sqrt(50)
    assert abs(A.mean()) <= 5 / np.sqrt(A.size)
    gram = A.T @ A / 50
    assert np.abs(gram - np.eye(40)).max() <= 6 / np.sqrt(50)


@pytest.mark.parametrize("amplitude", ["gaussian", "signs", "uniform", "nonnegative"])
def test_signals_have_k_nonzeros_at_uniform_places(amplitude, rng):
    n, k, draws = 10, 3, 5000
    signals = np.array(
        [st.sparse_signal(n, k, rng, amplitude=amplitude) for _ in range(draws)]
    )
    hit = signals != 0
    assert np.all(hit.sum(axis=1) == k)
    sigma = np.sqrt(k / n * (1 - k / n) / draws)
    assert np.all(abs(hit.mean(axis=0) - k / n) <= 5 * sigma)
    law = {
        "gaussian": ("norm", ()),
        "uniform": ("uniform", (-1, 2)),
        "nonnegative": ("halfnorm", ()),
    }
    if amplitude == "signs":
        assert set(np.unique(signals[hit])) == {-1.0, 1.0}
        assert abs(signals[hit].mean()) <= 5 / np.sqrt(hit.sum())
    else:
        assert kstest(signals[hit], *law[amplitude]).pvalue > 1e-4


def test_group_signals_fill_whole_groups(rng):
    labels = np.array([4, 1, 1, 7, 4, 4, 7, 0])
    counts = np.zeros(8)
    for _ in range(4000):
        x = st.group_sparse_signal(labels, 2, rng)
        active = np.unique(labels[x != 0])
        assert active.size == 2
        assert_array_equal(x != 0, np.isin(labels, active))
        counts += x != 0
    assert np.all(abs(counts / 4000 - 0.5) <= 5 * 0.5 / np.sqrt(4000))


def test_random_rows_are_rows_rescaled(rng):
    M = rng.standard_normal((30, 12))
    ensemble = st.random_rows(M)
    A = ensemble(10, 12, rng)
    ratio = A[:, 0, None] / M[None, :, 0]
    scale = np.sqrt(30 * 12 / np.sum(M**2) / 10)
    where = [int(np.argmin(np.abs(r - scale))) for r in ratio]
    assert_allclose(A, scale * M[where])
    assert len(set(where)) == 10
    assert (ensemble.n, ensemble.max_rows) == (12, 30)


def test_random_rows_of_a_layer_preserve_squared_norms_of_random_signals(rng):
    layer = st.BlockCirculant.from_conv_layer(st.digits_filters(), 8)
    ensemble = st.random_rows(layer)
    energy = []
    for _ in range(1500):
        x = st.sparse_signal(256, 5, rng, amplitude="signs")
        energy.append(np.sum((ensemble(40, 256, rng) @ x) ** 2) / 5)
    assert abs(np.mean(energy) - 1) <= 5 * np.std(energy) / np.sqrt(1500)


def test_random_rows_of_a_large_layer_stay_an_operator(rng):
    layer = st.BlockCirculant(rng.standard_normal((2, 2, 3)), 300)
    ensemble = st.random_rows(layer)
    A = ensemble(50, 600, 7)
    dense = st.random_rows(layer.to_dense())(50, 600, 7)
    assert isinstance(A, st.BlockCirculant)
    assert_allclose(A.to_dense(), dense, atol=1e-12)


def test_names_of_row_ensembles_tell_their_entries_apart(rng):
    h = rng.standard_normal((2, 1, 3))
    first, same, other = (st.BlockCirculant(f, 8) for f in (h, h.copy(), 2 * h))
    names = [repr(st.random_rows(C)) for C in (first, same, other)]
    assert names[0] == names[1] != names[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: st.gaussian(0, 3, 0), "m must be at least 1, got 0"),
        (lambda: st.gaussian(2.0, 3, 0), "m must be an integer, got 2.0"),
        (lambda: st.partial_dct(5, 4, 0), r"m must be in 1..4, got 5"),
        (lambda: st.random_circulant(5, 4, 0), r"m must be in 1..4, got 5"),
        (lambda: st.partial_hadamard(2, 6, 0), "n must be a power of two, got 6"),
        (lambda: st.gaussian_ar1(2, 3, 0, correlation=1.0), r"in \(-1, 1\), got 1.0"),
        (
            lambda: st.gaussian_equicorrelated(2, 3, 0, correlation=1.0),
            r"in \[0, 1\), got 1.0",
        ),
        (lambda: st.sparse_signal(4, 5, 0), r"k must be in 0..4, got 5"),
        (lambda: st.sparse_signal(4, 1, 0, amplitude="x"), "amplitude must be one of"),
        (lambda: st.group_sparse_signal([], 0, 0), "groups must be a list of labels"),
        (lambda: st.group_sparse_signal([0, 0], 2, 0), r"k must be in 0..1, got 2"),
        (lambda: st.random_rows(np.zeros((2, 3))), "A must not be zero"),
        (lambda: st.random_rows(np.eye(3))(2, 4, 0), "n must be 3, .* got 4"),
        (lambda: st.random_rows(np.eye(3))(4, 3, 0), r"m must be in 1..3, got 4"),
    ],
)
def test_bad_draws_are_named(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@pytest.mark.parametrize("shape", [(2, 3, 5, 8), (2, 4, (3, 2), (4, 4))])
def test_random_layers_keep_squared_norms_on_average(shape, rng):
    ensemble = st.random_layers(*shape)
    m, n, draws = 11, ensemble.n, 3000
    x = st.sparse_signal(n, 3, rng)
    x /= np.linalg.norm(x)
    energy = [np.sum((ensemble(m, n, rng) @ x) ** 2) for _ in range(draws)]
    tolerance = 5 * np.std(energy) / np.sqrt(draws)
    assert abs(np.mean(energy) - 1) <= tolerance
    assert abs(np.mean(energy) * 1.25 - 1) > tolerance
    whole = ensemble(ensemble.max_rows, n, 7)
    assert_array_equal(whole, ensemble(ensemble.max_rows, n, 7))
    assert whole.shape == (ensemble.max_rows, n)


def test_random_layers_are_layers():
    ensemble = st.random_layers(2, 3, 4, 9)
    A = ensemble(27, 18, 0).reshape(3, 9, 2, 9)
    assert_allclose(A[:, 1:, :, 1:], A[:, :-1, :, :-1], atol=1e-14)
    large = st.random_layers(4, 8, (3, 3), (32, 32))
    assert isinstance(large(900, large.n, 0), st.BlockCirculant)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, 3, 4, (5, 5)), "taps and size must have the same axes"),
        ((0, 3, 4, 5), "channels_in must be at least 1"),
        ((2, 3, 0, 5), "taps must be at least 1"),
    ],
)
def test_bad_layers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        st.random_layers(*arguments)
    with pytest.raises(ValueError, match="n must be 10, that of the layer"):
        st.random_layers(2, 3, 4, 5)(3, 9, 0)
