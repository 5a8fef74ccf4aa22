"""Isometry constants against closed forms and exhaustive values."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st

# lambda_max and lambda_min over k columns by exhaustive enumeration.
EXHAUSTIVE = {
    ("lcg", 8, 16, True): {
        2: (1.888284083111, 0.111715916889),
        3: (2.539891742328, 0.052597255124),
        4: (3.119909870752, 0.010794483135),
        5: (3.539750070878, 0.00219952689),
    },
    ("lcg", 10, 20, False): {
        2: (2.180390158881, 0.099462632333),
        3: (2.714246311393, 0.054529689193),
        4: (3.105925582746, 0.026244287953),
    },
    ("layer", (2, 2, 3), 8, True): {
        2: (1.401631794128, 0.598368205872),
        3: (1.62995416153, 0.487873537773),
        4: (1.793725520679, 0.451517899871),
        5: (1.950336622577, 0.431757518337),
    },
    ("layer", (3, 4, 5), 16, True): {
        4: (1.901615399065, 0.287649452485),
        5: (1.993930824159, 0.207349995228),
    },
    ("layer", (8, 4, 5), 64, True): {
        3: (1.508045103751, 0.543697944022),
    },
}
SLOW = {
    ("layer", (8, 4, 5), 64, True): {5: (1.749444226031, 0.428423125378)},
    ("lcg", 64, 128, True): {
        5: (2.207612190727, 0.234369320979),
        6: (2.362063571526, 0.19160678448),
    },
    ("layer", (4, 8, 5), 64, True): {
        5: (2.340349227409, 0.147512126984),
        6: (2.543346668672, 0.109364418427),
    },
    ("layer", (3, 4, 5), 16, True): {7: (2.221135744974, 0.100643360255)},
}


def lcg(count):
    """A portable generator, uniform in (-1, 1)."""
    x, out = 12345, np.empty(count)
    for i in range(count):
        x = (1103515245 * x + 12345) % 2**31
        out[i] = x / 2**30 - 1
    return out


def golden(kind, shape, size, _):
    if kind == "lcg":
        return np.sqrt(3 / shape) * lcg(shape * size).reshape(shape, size)
    return st.BlockCirculant(lcg(np.prod(shape)).reshape(shape), size)


def cases(table):
    rows = []
    for key, values in table.items():
        for k, ends in values.items():
            name = f"{key[0]}-{key[1]}-{key[2]}-{k}"
            rows.append(pytest.param(key, k, ends, id=name))
    return rows


def exhaustive(A, k):
    G = A.conj().T @ A
    S = np.array(list(itertools.combinations(range(len(G)), k)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, -1].max() - 1, 1 - w[:, 0].min()


def assert_exact(found, above, below, tol=1e-11):
    assert found.exact
    assert found.above.exact
    assert found.below.exact
    assert_allclose(found.above.lower, above, atol=tol, rtol=tol)
    assert_allclose(found.below.lower, below, atol=tol, rtol=tol)
    assert_allclose(found.upper, max(above, below), atol=tol, rtol=tol)


@pytest.mark.parametrize(("key", "k", "ends"), cases(EXHAUSTIVE))
def test_constants_equal_those_of_all_supports(key, k, ends):
    A = golden(*key)
    found = st.rip_constant(A, k, normalise=key[-1], both=True)
    assert_exact(found, ends[0] - 1, 1 - ends[1])
    assert found.verify(A)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "k", "ends"), cases(SLOW))
def test_constants_of_larger_matrices(key, k, ends):
    A = golden(*key)
    found = st.rip_constant(A, k, normalise=key[-1], both=True)
    assert_exact(found, ends[0] - 1, 1 - ends[1])


def hadamard(n):
    H = np.ones((1, 1))
    while len(H) < n:
        H = np.block([[H, H], [H, -H]])
    return H / np.sqrt(n)


def dft(n):
    return np.fft.fft(np.eye(n)) / np.sqrt(n)


def test_a_simplex():
    for m in (3, 5):
        A = np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T
        A *= np.sqrt((m + 1) / m)
        for k in range(2, m + 2):
            found = st.rip_constant(A, k)
            above = 1 / m
            assert_exact(found, above, (k - 1) / m, 1e-9)


def test_equal_correlations():
    n, r = 7, -0.1
    A = np.linalg.cholesky((1 - r) * np.eye(n) + r).T
    for k in range(2, n):
        found = st.rip_constant(A, k)
        assert found.exact
        assert_allclose(found.lower, (k - 1) * abs(r), atol=1e-9)


def test_two_bases_have_ties_on_both_sides():
    A = np.hstack([np.eye(8), hadamard(8)])
    values = {2: 8**-0.5, 3: 0.5, 4: 0.5**0.5, 5: 0.75**0.5}
    for k, value in values.items():
        assert_exact(st.rip_constant(A, k), value, value, 1e-9)


def test_identity_and_fourier_matrix():
    for n in (5, 7):  # primes
        A = np.hstack([np.eye(n), dft(n)])
        values = {2: n**-0.5, 3: (2 / n) ** 0.5, 4: 2 * np.cos(np.pi / 2 / n) / n**0.5}
        for k, value in values.items():
            found = st.rip_constant(A, k)
            assert_exact(found, value, value, 1e-9)
            assert found.verify(A)


def test_complex_layer_of_a_chirp_is_as_good_as_the_fourier_matrix():
    n = 5
    i = np.arange(n)
    chirp = np.exp(-1j * np.pi * i * (i + n % 2) / n) / np.sqrt(n)
    A = np.hstack([np.eye(n), chirp[(i[:, None] - i) % n]])
    for k in range(2, 6):
        one = st.rip_constant(A, k)
        two = st.rip_constant(np.hstack([np.eye(n), dft(n)]), k)
        assert_allclose(one.lower, two.lower, atol=1e-10)


def test_harmonic_frames():
    rows = np.array([1, 3, 4, 5, 9])
    A = np.exp(-2j * np.pi * np.outer(rows, np.arange(11)) / 11) / np.sqrt(5)
    assert_allclose(st.rip_constant(A, 2).lower, np.sqrt(6 / (5 * 10)), atol=1e-10)
    assert_exact(st.rip_constant(A, 3), 0.674456264654, 1 - 0.369095398261)
    four = st.rip_constant(A, 4)
    assert_exact(four, 0.880776297578, 1 - 0.097458529978)
    assert four.below.lower > four.above.lower
    assert four.support is four.below.support


@pytest.mark.slow
def test_gabor_frame_of_a_cubic_chirp():
    n = 7
    i = np.arange(n)
    chirp = np.exp(2j * np.pi * i**3 / n) / np.sqrt(n)
    waves = np.exp(2j * np.pi * np.outer(i, i) / n)
    A = np.concatenate([waves * np.roll(chirp, s)[:, None] for s in i], axis=1)
    assert_exact(st.rip_constant(A, 3), 0.753815215369, 1 - 0.296325588311)
    found = st.rip_constant(A, 4, both=True)
    assert_exact(found, 1.11972370951, 1 - 0.087513043166)


def test_low_frequencies():
    m, n = 6, 12
    A = np.exp(-2j * np.pi * np.outer(np.arange(m), np.arange(n)) / n) / np.sqrt(m)
    two = np.sin(np.pi * m / n) / (m * np.sin(np.pi / n))
    assert_exact(st.rip_constant(A, 2), two, two, 1e-9)
    assert_exact(st.rip_constant(A, 5), 0.9980037, 0.9980037, 1e-7)


def test_lines_of_a_plane():
    p = 3
    A = np.zeros((p * p, p * p))
    for a, b, x in itertools.product(range(p), repeat=3):
        A[x * p + (a * x + b) % p, a * p + b] = p**-0.5
    assert_exact(st.rip_constant(A, 2), 1 / 3, 1 / 3)
    assert_allclose(st.rip_constant(A, 3).lower, 2 / 3, atol=1e-10)
    assert_exact(st.rip_constant(A, 4), 0.853850937603, 1 - 0.333333333333)
    assert_exact(st.rip_constant(A, 5), 1.078689325833, 1 - 0.183503419072)


@pytest.mark.parametrize("size", [12, 1000])
def test_a_layer_of_two_taps_is_a_path(size):
    angle = 0.7
    layer = st.BlockCirculant([[[np.cos(angle), np.sin(angle)]]], size)
    for k in range(2, 7):
        value = np.sin(2 * angle) * np.cos(np.pi / (k + 1))
        found = st.rip_constant(layer, k)
        assert_exact(found, value, value, 1e-9)
        assert found.verify(layer)


def test_fewer_outputs_than_inputs_bound_the_spark():
    layer = st.BlockCirculant([[[0.6, 0.8], [0.5**0.5, -(0.5**0.5)]]], 8)
    ends = {
        2: (1.565685424949, 0.434314575051),
        3: (1.82858333144, 0.184766225683),
        4: (2.000815302187, 0),
        5: (2.019615242271, 0),
    }
    for k, (high, low) in ends.items():
        assert_exact(st.rip_constant(layer, k), high - 1, 1 - low)


def test_a_petersen_frame():
    pairs = list(itertools.combinations(range(5), 2))
    S = [[1.0 if u & v else -1.0 for v in map(set, pairs)] for u in map(set, pairs)]
    G = np.eye(10) + (np.array(S) - np.eye(10)) / 3
    w, V = np.linalg.eigh(G)
    A = (V * np.sqrt(np.maximum(w, 0))).T
    for k, value in {2: 1 / 3, 3: 2 / 3, 4: 1.0, 5: 1.0}.items():
        assert_exact(st.rip_constant(A, k), value, value, 1e-9)
