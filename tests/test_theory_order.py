"""Norms of the largest entries of a normal vector: closed forms, bounds and draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import comb, gammaln, ndtr

from sparsetheory import (
    expected_top_energy,
    expected_top_norm,
    support_entropy,
    top_norm_bound,
    top_norm_limit,
)

FORMULAS = (expected_top_norm, expected_top_energy, top_norm_bound, support_entropy)


@pytest.mark.parametrize("n", [1, 2, 10, 1000])
def test_all_entries_have_the_norm_of_a_chi_variable(n):
    chi = np.sqrt(2) * np.exp(gammaln((n + 1) / 2) - gammaln(n / 2))
    assert expected_top_norm(n, n) == pytest.approx(chi, rel=1e-11)
    assert expected_top_energy(n, n) == pytest.approx(n, rel=1e-12)


@pytest.mark.parametrize("n", [2, 10, 300])
def test_one_entry_is_the_largest_magnitude(n):
    def beyond(t):
        return 1 - (2 * ndtr(t) - 1) ** n

    mean = quad(beyond, 0, 10, epsabs=1e-13, limit=200)[0]
    assert expected_top_norm(n, 1) == pytest.approx(mean, rel=1e-10)
    square = quad(lambda t: 2 * t * beyond(t), 0, 10, epsabs=1e-12, limit=200)[0]
    assert expected_top_energy(n, 1) == pytest.approx(square, rel=1e-10)


@pytest.mark.parametrize("n", [1e6, 1e9, 1e12])
def test_one_entry_among_very_many(n):
    def beyond(t):
        return -np.expm1(n * np.log1p(-2 * ndtr(-t)))

    parts = [
        quad(beyond, *ends, epsabs=1e-13, limit=200)[0] for ends in ((0, 4), (4, 12))
    ]
    assert expected_top_norm(n, 1) == pytest.approx(sum(parts), rel=1e-11)


def test_the_larger_of_two_has_a_closed_form():
    assert expected_top_norm(2, 1) == pytest.approx(2 / np.sqrt(np.pi), rel=1e-12)
    assert expected_top_energy(2, 1) == pytest.approx(1 + 2 / np.pi, rel=1e-12)


def test_two_of_three_by_an_integral_over_the_sphere():
    """The norm is a chi variable of 3 times the part of a direction without its least.

    In the region where z is least in magnitude, with the angles of longitude in
    [0, pi/4] by symmetry, z = r tan(latitude) is at most the shorter of x and y.
    """

    def over_latitude(phi):
        top = np.arctan(np.sin(phi))
        return 0.5 * (top + np.sin(top) * np.cos(top))  # integral of cos^2

    part = 3 * 16 * quad(over_latitude, 0, np.pi / 4)[0] / (4 * np.pi)
    assert expected_top_norm(3, 2) == pytest.approx(
        part * 2 * np.sqrt(2 / np.pi), rel=1e-11
    )


def test_values_for_ten_entries():
    found = expected_top_norm(10, [1, 10])
    assert found == pytest.approx([1.88071569382116, 3.084327759799865], rel=1e-11)
    energy = [3.7996208556718307, 5.971083103929335, 7.397555393718452]
    energy += [9.028798081292472, 10.0]
    assert expected_top_energy(10, [1, 2, 3, 5, 10]) == pytest.approx(energy, rel=1e-11)
    bounds = [3.145966026289347, 4.173438993457086, 4.826397828438401]
    bounds += [5.561554133691519, 3.1622776601683795]
    assert top_norm_bound(10, [1, 2, 3, 5, 10]) == pytest.approx(bounds, rel=1e-12)


@pytest.mark.parametrize(("n", "k"), [(10, 2), (10, 5), (10, 9), (200, 20)])
def test_means_of_draws(n, k, rng):
    squares = np.sort(rng.standard_normal((20_000, n)) ** 2, axis=1)[:, n - k :]
    energy = squares.sum(axis=1)
    for values, exact in (
        (np.sqrt(energy), expected_top_norm(n, k)),
        (energy, expected_top_energy(n, k)),
    ):
        error = values.std() / np.sqrt(values.size)
        assert abs(values.mean() - exact) < 5 * error
        assert abs(values.mean() - 1.03 * exact) > 5 * error


@given(st.integers(2, 5000), st.data())
def test_norms_lie_between_their_bounds_and_rise(n, data):
    k = data.draw(st.integers(1, n - 1))
    less, norm = expected_top_norm(n, [k, k + 1])
    assert less < norm
    assert less <= np.sqrt(expected_top_energy(n, k)) * (1 + 1e-12)
    assert less <= top_norm_bound(n, k)
    assert less >= expected_top_norm(k, k) * (1 - 1e-12)  # any support by itself
    energies = expected_top_energy(n, [k, k + 1])
    assert energies[0] / k > energies[1] / (k + 1) >= 1 - 1e-12


@pytest.mark.parametrize("share", [0.1, 0.05, 0.01])
def test_norms_over_root_k_tend_to_their_limit(share):
    limit = {0.1: 2.095915227958384, 0.05: 2.3626276210338237, 0.01: 2.9067449083303036}
    assert top_norm_limit(share) == pytest.approx(limit[share], rel=1e-12)
    gaps = [
        abs(expected_top_norm(n, share * n) / np.sqrt(share * n) - limit[share])
        for n in (10**3, 10**4, 10**5, 10**6)
    ]
    assert gaps[-1] < 1e-4
    assert np.diff(np.log10(gaps)) == pytest.approx([-1] * 3, abs=0.2)


def test_the_limit_grows_like_the_root_of_a_logarithm():
    shares = np.array([1e-10, 1e-100, 1e-300])
    ratios = top_norm_limit(shares) / np.sqrt(2 * np.log(1 / shares))
    assert (np.diff(ratios) > 0).all()
    assert ratios[-1] == pytest.approx(1, abs=4e-3)
    assert top_norm_limit(1.0) == 1.0


def test_the_count_of_supports_is_bounded_and_the_usual_shortcut_is_not_a_bound():
    n, k = 60, np.arange(61)
    exact = np.log(comb(n, k))
    assert (support_entropy(n, k) >= exact - 1e-12).all()
    assert (np.diff(support_entropy(n, k)) > 0).all()
    assert support_entropy(n, [0, n]).tolist() == [0.0, n]
    shortcut = k[1:] * np.log(n / k[1:])
    assert (shortcut <= exact[1:] + 1e-12).all()
    assert shortcut[-1] == 0.0


def test_shapes_broadcast():
    assert expected_top_norm([[5], [6]], [1, 2, 3]).shape == (2, 3)
    assert expected_top_norm(5, 2).shape == ()
    assert expected_top_norm(5, 0) == 0.0
    assert expected_top_energy(5, 0) == 0.0


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize(
    ("n", "k", "error"),
    [
        (5, 6, ValueError),
        (5, -1, ValueError),
        (5, 1.5, ValueError),
        (0, 0, ValueError),
        (5, np.nan, ValueError),
        (5, 1j, TypeError),
    ],
)
def test_bad_sizes_are_refused(formula, n, k, error):
    with pytest.raises(error, match="k must"):
        formula(n, k)


@pytest.mark.parametrize("rho", [0.0, -0.1, 1.1, np.nan])
def test_bad_shares_are_refused(rho):
    with pytest.raises(ValueError, match="rho"):
        top_norm_limit(rho)
