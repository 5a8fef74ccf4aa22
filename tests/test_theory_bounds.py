"""Worst-case guarantees: defining equations, real matrices, reference numbers."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import entr

from sparsetheory.theory.bounds import (
    RIP_CONDITIONS,
    block_coherence_guarantee,
    coherence_guarantee,
    gaussian_rip_bounds,
    rip_guarantee,
    welch_bound,
)
from sparsetheory.theory.faces import l1_strong_threshold

REFERENCE = {  # name: rho at delta = .001, .1, .5, .999; another implementation
    "l1 asymmetric": (
        0.0017155643835390453,
        0.0024486849812003476,
        0.0028976337640123704,
        0.0031520053059229205,
    ),
    "iht asymmetric": (
        0.0006270982662234582,
        0.0008752683593173728,
        0.0010209714906867522,
        0.0011012967019498603,
    ),
    "l1 2k": (
        0.0026007184345793713,
        0.0037796250120451453,
        0.0045272276263201485,
        0.004961095374971256,
    ),
    "iht 1/sqrt(3)": (
        0.0011856451672209792,
        0.00169576580142306,
        0.002009348228526103,
        0.002187469874992682,
    ),
    "grades": (
        0.0006133718031634051,
        0.0008439743672090763,
        0.0009758666340888323,
        0.0010474099184801281,
    ),
    "iht 0.618": (
        0.0013482226785672853,
        0.0019384686513743527,
        0.00230500738707663,
        0.002514648129726187,
    ),
    "cosamp 0.4782": (
        0.0006205194043354121,
        0.0008751444773375119,
        0.0010275581004826422,
        0.0011126254056577705,
    ),
}


@pytest.mark.parametrize(("name", "rho"), REFERENCE.items())
def test_guarantees_are_the_reference(name, rho):
    found = rip_guarantee([0.001, 0.1, 0.5, 0.999], RIP_CONDITIONS[name])
    assert_allclose(found, rho, rtol=3e-11)


@pytest.mark.parametrize("name", RIP_CONDITIONS)
def test_constants_meet_each_condition_at_its_guarantee(name):
    row = RIP_CONDITIONS[name]
    for delta in (1e-6, 0.3, 1.0):
        rho = row.order * float(rip_guarantee(delta, row))
        U, L = gaussian_rip_bounds(delta, rho)
        assert_allclose(row.measure(U, L), row.threshold, rtol=1e-10)
        assert rho / row.order < l1_strong_threshold(delta)
    assert rip_guarantee(0.0, row) == 0
    assert np.all(np.diff(rip_guarantee(np.linspace(0, 1, 20), row)) > 0)
    assert 0 < rip_guarantee(5e-324, row) < 1e-3
    assert rip_guarantee([[0.1, 0.2]], row).shape == (1, 2)


def test_thresholds_are_those_of_the_papers():
    table = {name: (r.order, r.threshold) for name, r in RIP_CONDITIONS.items()}
    assert table["l1 k"] == (1, 1 / 3)
    assert table["iht 1/sqrt(32)"] == (3, 1 / np.sqrt(32))
    assert table["cosamp 0.1"] == (4, 0.1)
    assert table["cosamp 0.4782"][1] < np.sqrt(np.sqrt(11 / 3) - 1) / 2 < 0.4783
    assert table["sp 0.205"] == (3, 0.205)
    assert table["sp 0.4859"] == (3, 0.4859)
    assert table["iht 0.618"] == (3, (np.sqrt(5) - 1) / 2)
    # 1 / rho as delta -> 1: Blanchard, Cartis, Tanner, Thompson 2011
    for name, inverse in [("l1 asymmetric", 317), ("iht asymmetric", 907)]:
        assert abs(1 / rip_guarantee(1.0, RIP_CONDITIONS[name]) - inverse) < 1


def exponents(delta, rho):
    """Both defining equations, at the bounds; U where the least is at gamma = rho."""
    U, L = gaussian_rip_bounds(delta, rho)
    H = entr(delta * rho) + entr(1 - delta * rho)
    big = 0.5 * ((1 + rho) * np.log1p(U) - rho * np.log(rho) + rho - U)
    small = 0.5 * ((1 - rho) * np.log1p(-L) + rho * np.log(rho) - rho + L)
    small += entr(rho) + entr(1 - rho)
    return delta * big + H, delta * small + H, U, L


@pytest.mark.parametrize("delta", [0.01, 0.5, 0.9])
def test_bounds_solve_their_equations(delta):
    rho = np.array([1e-5, 1e-3, 0.05, 0.3])
    big, small, U, L = exponents(delta, rho)
    assert_allclose(big / delta, 0, atol=1e-12)
    assert_allclose(small / delta, 0, atol=1e-12)
    # on the right branches
    assert np.all(np.minimum(U, L) - rho > 0)
    assert np.all(L < 1)


def test_bounds_at_few_nonzeros_keep_their_digits():
    # computed once with 60 digits, on both sides of the change of series
    U, L = gaussian_rip_bounds([0.3, 0.3, 0.9], [1e-5, 5e-6, 1e-9])
    upper = [0.028542506803444247, 0.020645661164327745, 0.0003616535445398799]
    lower = [0.028009602425330137, 0.02036538433922058, 0.00036156637015091053]
    assert_allclose(U, upper, rtol=5e-12)
    assert_allclose(L, lower, rtol=5e-12)


def test_bounds_at_the_ends():
    U, L = gaussian_rip_bounds(0.5, [0.0, 1.0])
    assert_allclose([U[0], L[0], L[1]], [0, 0, 1])
    rho = np.linspace(0, 1, 300)
    for delta in (0.0, 1e-3, 0.5, 0.95, 1.0):
        U, L = gaussian_rip_bounds(delta, rho)
        assert np.all(np.diff(U) >= -1e-12)
        assert np.all(np.diff(L) >= 0)
        assert np.all(np.isfinite(U))
    # no choice of columns is left: 2 log(lambda) + 2 = lambda, above the true 4
    largest = 1 + float(gaussian_rip_bounds(1.0, 1.0)[0])
    assert_allclose(2 * np.log(largest) + 2, largest)
    # and it bounds the constants of lower orders
    assert gaussian_rip_bounds(1.0, 0.75)[0] == largest - 1
    assert gaussian_rip_bounds([[0.1], [0.2]], [0.1, 0.2, 0.3])[0].shape == (2, 3)


def test_bounds_hold_for_a_gaussian_matrix():
    m, n, k = 40, 60, 2
    A = np.random.default_rng(0).standard_normal((m, n)) / np.sqrt(m)
    G = A.T @ A
    spectra = [
        np.linalg.eigvalsh(G[np.ix_(S, S)])
        for S in map(list, combinations(range(n), k))
    ]
    U, L = gaussian_rip_bounds(m / n, k / m)
    assert 0.4 * U < np.max(spectra) - 1 < U
    assert 0.4 * L < 1 - np.min(spectra) < L


def test_coherence_promises_fewer_than_half_one_and_its_inverse():
    mu = 1 / np.arange(1, 200)
    # k < (1 + j) / 2 for mu = 1 / j, exactly
    assert_allclose(coherence_guarantee(mu), (np.arange(1, 200) + 2) // 2 - 1)
    assert_allclose(coherence_guarantee([0, 0.3, 0.4]), [np.inf, 2, 1])
    above = coherence_guarantee(mu * (1 - 1e-6))
    assert_allclose(above, np.arange(2, 201) // 2)


def test_welch_bound_is_met_by_equiangular_frames():
    # three lines in the plane; six diagonals of the icosahedron
    angle = np.pi * np.arange(3) / 3
    plane = np.array([np.cos(angle), np.sin(angle)])
    g = (1 + np.sqrt(5)) / 2
    diagonals = np.array(
        [[0, 1, g], [0, 1, -g], [1, g, 0], [1, -g, 0], [g, 0, 1], [-g, 0, 1]]
    ).T / np.sqrt(1 + g * g)
    for A in (plane, diagonals):
        G = np.abs(A.T @ A - np.eye(A.shape[1]))
        assert_allclose(welch_bound(A.shape[1], A.shape[0]), G.max())
    A = np.random.default_rng(0).standard_normal((20, 50))
    A /= np.linalg.norm(A, axis=0)
    assert welch_bound(50, 20) < np.abs(A.T @ A - np.eye(50)).max()
    assert_allclose(welch_bound([5, 5, 1], [5, 9, 1]), 0)


def test_blocks_of_one_column_are_plain_coherence():
    mu = np.linspace(0.01, 1, 50)
    assert_allclose(block_coherence_guarantee(mu, 0.0, 1), coherence_guarantee(mu))


def test_block_guarantee_by_its_formula():
    for mu, nu, d in [(0.02, 0.05, 4), (0.01, 0.3, 3), (0.05, 0.0, 2), (0.1, 0.9, 5)]:
        bound = 0.5 * (1 / mu + d - (d - 1) * nu / mu)
        k = float(block_coherence_guarantee(mu, nu, d))
        assert k == 0 or k * d < bound
        assert (k + 1) * d >= bound
    assert block_coherence_guarantee(0.0, 0.0, 3) == np.inf
    assert block_coherence_guarantee(0.0, 1.0, 3) == 0
    # orthonormal blocks: k < (1 + 1 / (d mu)) / 2
    assert_allclose(block_coherence_guarantee([0.01, 0.02], 0.0, 5), [10, 5])


def test_arguments_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\], got 2"):
        gaussian_rip_bounds(2, 0.1)
    with pytest.raises(ValueError, match=r"rho must lie in \[0, 1\], got -1"):
        gaussian_rip_bounds(0.5, -1)
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\]"):
        rip_guarantee(np.nan, RIP_CONDITIONS["grades"])
    with pytest.raises(ValueError, match=r"mu must lie in \[0, 1\], got 1.5"):
        coherence_guarantee(1.5)
    with pytest.raises(ValueError, match=r"mu_block must lie in \[0, 1\]"):
        block_coherence_guarantee(1.5, 0, 2)
    with pytest.raises(ValueError, match=r"size must be .* got 1.5"):
        block_coherence_guarantee(0.5, 0, 1.5)
    with pytest.raises(ValueError, match=r"at least 1, got \(0.0, 3.0\)"):
        welch_bound(0, 3)
