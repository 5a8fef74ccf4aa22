"""Thresholds for all signals at once: face counts, limits, reference numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar
from scipy.special import entr, erf, erfcx
from scipy.stats import norm

from sparsetheory.theory.curves import l1_weak_threshold, nonnegative_weak_threshold
from sparsetheory.theory.faces import (
    L1_STRONG_LIMIT,
    l1_sectional_threshold,
    l1_strong_threshold,
    nonnegative_strong_threshold,
)

CURVES = (l1_strong_threshold, l1_sectional_threshold, nonnegative_strong_threshold)

# Computed once from another implementation, with the maximum over nu.
DELTA = [0.01, 0.05, 0.1, 0.35, 0.5, 0.75, 0.9, 0.99, 0.999]
REFERENCE = {
    l1_strong_threshold: [
        0.029971640982157044,
        0.04100982042907343,
        0.04880192645257278,
        0.0750534315857333,
        0.08941644181720634,
        0.11709559966811021,
        0.1404164297971809,
        0.16358866990422874,
        0.16785597477690622,
    ],
    l1_sectional_threshold: [
        0.06823867006927764,
        0.0920054003244312,
        0.10842796053600398,
        0.16187175608944665,
        0.1902215468485232,
        0.24426607878520237,
        0.2906393890887809,
        0.3400719618395132,
        0.35016247664413275,
    ],
    nonnegative_strong_threshold: [
        0.03388917799020853,
        0.04873858575594457,
        0.06013094538066941,
        0.10467629857540216,
        0.13345654355951356,
        0.19896494979561774,
        0.2665584030582152,
        0.34987572924708105,
        0.36788435868551045,
    ],
}


def net_exponent(nu, a, signs):
    """Combinatorial less internal less external exponent, term by term."""

    def H(x):
        return entr(x) + entr(1 - x)

    b = nu - a

    def angle(u):
        return u * np.sqrt(np.pi / 2) * erfcx(u / np.sqrt(2)) - b / nu

    u = brentq(angle, 1e-12, 200)
    internal = -(
        a * u * u / 2 + b * np.log(b / nu) - b * np.log(np.sqrt(2 * np.pi) * u)
    )

    def external(x):
        log_g = np.log(erf(x)) if signs else norm.logcdf(np.sqrt(2) * x)
        return nu * x * x - (1 - nu) * log_g

    least = minimize_scalar(external, bounds=(1e-9, 10), method="bounded").fun
    combinatorial = (1 - a) * H(b / (1 - a)) + signs * b * np.log(2)
    return combinatorial - internal - least


def chosen(curve, a):
    """Exponent of the number of faces."""
    supports = entr(a) + entr(1 - a)
    return {
        l1_strong_threshold: supports + a * np.log(2),
        l1_sectional_threshold: a * np.log(2),
        nonnegative_strong_threshold: supports,
    }[curve]


@pytest.mark.parametrize("curve", CURVES)
def test_curves_are_the_reference(curve):
    assert_allclose(curve(DELTA), REFERENCE[curve], rtol=1e-11)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("delta", [0.03, 0.3, 0.62, 0.97])
def test_the_expected_number_of_lost_faces_turns_at_the_threshold(curve, delta):
    signs = curve is not nonnegative_strong_threshold
    for factor, growing in [(0.98, False), (1.02, True)]:
        a = factor * delta * float(curve(delta))
        nu = np.linspace(delta, 1 - 1e-9, 200)
        total = [net_exponent(v, a, signs) + chosen(curve, a) for v in nu]
        assert (max(total) > 0) == growing
        assert np.argmax(total) == 0, "the largest exponent is at nu = delta"
    a = delta * float(curve(delta))
    at = net_exponent(delta, a, signs) + chosen(curve, a)
    assert_allclose(at, 0, atol=1e-9)


@pytest.mark.parametrize("delta", [0.05, 0.5, 0.9])
def test_the_same_exponent_vanishes_at_the_weak_threshold(delta):
    for curve, signs in [(l1_weak_threshold, 1), (nonnegative_weak_threshold, 0)]:
        exponent = net_exponent(delta, delta * float(curve(delta)), signs)
        assert_allclose(exponent, 0, atol=1e-10)


def test_stronger_demands_have_lower_thresholds():
    delta = np.linspace(0, 1, 201)[1:-1]
    strong, sectional, plus = (curve(delta) for curve in CURVES)
    assert np.all(strong < sectional)
    assert np.all(sectional < l1_weak_threshold(delta))
    assert np.all(strong < plus)
    assert np.all(plus < nonnegative_weak_threshold(delta))


@pytest.mark.parametrize("curve", CURVES)
def test_ends_of_the_curves(curve):
    assert curve(0.0) == 0.0
    assert np.all(np.diff(curve(np.linspace(0, 1, 300))) > 0)
    assert_allclose(curve(1 - 1e-13), curve(1.0), rtol=1e-6)
    assert 0 < curve(5e-324) <= curve(1e-300) < 1e-3
    assert curve([[0.1, 0.2]]).shape == (1, 2)
    assert curve(0.5).shape == ()


def test_thresholds_as_delta_vanishes():
    # 1 / (2 e log(1 / delta)) strong, 1 / (2 log(1 / delta)) weak: Donoho, Tanner 2009
    for curve in (l1_strong_threshold, nonnegative_strong_threshold):
        slow = [2 * np.e * np.log(1 / d) * float(curve(d)) for d in (1e-30, 1e-280)]
        assert abs(slow[1] - 1) < abs(slow[0] - 1) < 0.1
        assert abs(slow[1] - 1) < 0.03


def test_the_true_limit_halves_the_absolute_moment():
    # Worst k errors of n: they carry half of E|g| (Dwork, McSherry, Talwar 2007).
    t = norm.isf(L1_STRONG_LIMIT / 2)
    share = quad(lambda g: 2 * g * norm.pdf(g), t, 40)[0] / np.sqrt(2 / np.pi)
    assert_allclose(share, 0.5, rtol=1e-9)
    assert_allclose(L1_STRONG_LIMIT, 0.23903189144951, rtol=1e-13)
    assert l1_strong_threshold(1.0) < 0.1686 < L1_STRONG_LIMIT


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_ratios_outside_the_unit_interval_are_named(curve, bad):
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\], got"):
        curve(bad)
