"""Thresholding of one normal observation: closed forms against integrals and limits."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.stats import norm

import sparsetheory as st

RULES = {
    "soft": lambda z, lam: math.copysign(max(abs(z) - lam, 0.0), z),
    "hard": lambda z, lam: z if abs(z) > lam else 0.0,
}
MEANS = [0.0, 0.4, -1.7, 2.0, 3.5]


def mean(f, mu, lam):
    ends = sorted({mu - 12.0, -lam, lam, mu, mu + 12.0})
    parts = [
        quad(lambda z: f(z) * norm.pdf(z - mu), low, high, epsabs=1e-14)[0]
        for low, high in pairwise(ends)
    ]
    return sum(parts)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("lam", [0.0, 0.7, 2.0])
def test_risks_biases_and_degrees_are_integrals(rule, lam):
    call = {name: getattr(st, f"{rule}_threshold_{name}") for name in NAMES}
    for mu in MEANS:

        def error(z, mu=mu):
            return RULES[rule](z, lam) - mu

        assert_allclose(call["bias"](mu, lam), mean(error, mu, lam), atol=1e-11)
        risk = mean(lambda z: error(z) ** 2, mu, lam)
        assert_allclose(call["risk"](mu, lam), risk, rtol=1e-10)
        covariance = mean(lambda z, mu=mu: error(z) * (z - mu), mu, lam)
        assert_allclose(call["degrees"](mu, lam), covariance, atol=1e-11)


NAMES = ("risk", "bias", "degrees")


def series(lam, terms=40):
    """The soft risk at 0 over the density, 4 / lam^3 (1 - 6 / lam^2 + ...)."""
    # E (z - x)_+^2 = density int s^2 exp(-s^2 / 2 - x s) ds, by terms of s^2 / 2
    total = Fraction(0)
    for j in range(terms):
        term = Fraction(math.factorial(2 * j + 2), math.factorial(j) * (-2) ** j)
        total += term / Fraction(lam) ** (2 * j + 3)
    return 2 * float(total)


@pytest.mark.parametrize("lam", [16, 30, 37])
def test_the_risk_far_in_the_tail_has_all_its_digits(lam):
    density = math.exp(-0.5 * lam * lam) / math.sqrt(2 * math.pi)
    expected = density * series(lam)
    assert_allclose(st.soft_threshold_risk(0.0, lam), expected, rtol=1e-12)
    small = st.soft_threshold_risk(0.01, lam)
    assert_allclose(small, 1e-4, rtol=1e-12)


@given(mu=some.floats(-60, 60), lam=some.floats(0, 60))
def test_risks_are_squares_of_biases_and_variances(mu, lam):
    for rule in RULES:
        risk = getattr(st, f"{rule}_threshold_risk")(mu, lam)
        bias = getattr(st, f"{rule}_threshold_bias")(mu, lam)
        mirrored = getattr(st, f"{rule}_threshold_bias")(-mu, lam)
        assert bias == -mirrored
        assert risk >= bias**2 * (1 - 1e-12)
        assert risk >= 0
    assert 0 <= st.soft_threshold_degrees(mu, lam) <= 1
    assert st.hard_threshold_degrees(mu, lam) >= st.soft_threshold_degrees(mu, lam)


def test_far_means_and_thresholds_have_their_limits():
    for mu in (50.0, 1e10, 1e200, -1e308):
        assert st.hard_threshold_risk(mu, 2.0) == 1
        assert st.hard_threshold_bias(mu, 2.0) == 0
        assert st.hard_threshold_degrees(mu, 2.0) == 1
        assert_allclose(st.soft_threshold_risk(mu, 2.0), 5, rtol=1e-12)
        assert_allclose(st.soft_threshold_bias(mu, 2.0), -2 * np.sign(mu), rtol=1e-12)
    for rule in RULES:
        assert getattr(st, f"{rule}_threshold_risk")(3.0, 1e200) == 9
        assert getattr(st, f"{rule}_threshold_bias")(3.0, 1e200) == -3
        assert getattr(st, f"{rule}_threshold_degrees")(3.0, 1e200) == 0


def test_huge_means_and_thresholds_have_their_limits_too():
    for mu, lam in ((1e20, 1e18), (1e308, 1e160), (-1e308, 1e150)):
        sign = np.sign(mu)
        assert st.hard_threshold_risk(mu, lam) == 1
        assert st.hard_threshold_bias(mu, lam) == 0
        assert_allclose(st.soft_threshold_bias(mu, lam), -lam * sign, rtol=1e-12)
        degrees = (getattr(st, f"{rule}_threshold_degrees") for rule in RULES)
        assert [float(each(mu, lam)) for each in degrees] == [1, 1]
    assert_allclose(st.soft_threshold_risk(1e20, 1e18), 1e36, rtol=1e-12)
    assert st.soft_threshold_risk(1e308, 1e160) == np.inf
    # kept or not by a coin, where the mean is the threshold
    for lam in (1e20, 1e308):
        assert_allclose(st.soft_threshold_degrees(lam, lam), 0.5)
        jumps = lam / math.sqrt(2 * math.pi)
        assert_allclose(st.hard_threshold_degrees(lam, lam), jumps, rtol=1e-12)
        assert_allclose(st.hard_threshold_bias(lam, lam), -lam / 2, rtol=1e-12)
        assert_allclose(st.soft_threshold_bias(lam, lam), -lam, rtol=1e-12)
        for rule in RULES:
            assert getattr(st, f"{rule}_threshold_risk")(-1.0, lam) == 1
    assert_allclose(st.hard_threshold_risk(1e20, 1e20), 5e39, rtol=1e-12)
    assert st.hard_threshold_risk(1e308, 1e308) == np.inf


def test_without_threshold_nothing_is_lost():
    for rule in RULES:
        risk, bias, degrees = (getattr(st, f"{rule}_threshold_{x}") for x in NAMES)
        assert_allclose(risk(MEANS, 0.0), 1, rtol=1e-13)
        assert_allclose(bias(MEANS, 0.0), 0, atol=1e-13)
        assert_allclose(degrees(MEANS, 0.0), 1, rtol=1e-13)


def test_shapes_broadcast_and_bad_arguments_are_named():
    for rule in RULES:
        for name in NAMES:
            function = getattr(st, f"{rule}_threshold_{name}")
            found = function(np.ones((3, 1), dtype=int), [1, 2])
            assert found.shape == (3, 2)
            assert_array_equal(found[0], found[2])
            with pytest.raises(ValueError, match=r"lam must be .* got -1\.0"):
                function(0.0, -1.0)
            with pytest.raises(ValueError, match="mu must be finite, got nan"):
                function([0.0, np.nan], 1.0)


RISKS = """
1 0 0.15067956668754157 0.8012519569012009
1 1 0.7248655711453139 1.107981933026376
1 2 1.5931303866541617 1.2432408884161517
1 8 1.999999999997136 1.000000000016685
2 0 0.011537453429040057 0.26146412994911067
2 1 0.9096765858829805 1.2552662697549575
2 2 2.904262549636103 2.50044030717756
2 4 4.926305653650145 1.2332700678527941
3 0 0.00040687016097446654 0.029290886534888254
3 4 9.258136451956194 3.137858084497459
3 8 9.99999912527022 1.0000106254514547
"""


@pytest.mark.parametrize("row", RISKS.split("\n")[1:-1])
def test_risks_of_thresholding(row):
    lam, mu, soft, hard = map(float, row.split())
    assert st.soft_threshold_risk([mu, -mu], lam) == pytest.approx(soft, rel=1e-11)
    assert st.hard_threshold_risk([mu, -mu], lam) == pytest.approx(hard, rel=1e-11)


def test_risks_are_the_integrals(rng):
    lam, mu = rng.uniform(0.1, 3.0), rng.uniform(-4.0, 4.0)

    def risk(rule):
        def integrand(z):
            return (rule(z) - mu) ** 2 * np.exp(-((z - mu) ** 2) / 2)

        points = [-lam, lam]
        value, _ = quad(integrand, mu - 12, mu + 12, points=points, epsabs=1e-12)
        return value / np.sqrt(2 * np.pi)

    soft = risk(lambda z: np.sign(z) * max(abs(z) - lam, 0.0))
    hard = risk(lambda z: z if abs(z) > lam else 0.0)
    assert float(st.soft_threshold_risk(mu, lam)) == pytest.approx(soft, rel=1e-9)
    assert float(st.hard_threshold_risk(mu, lam)) == pytest.approx(hard, rel=1e-9)


def test_limits_of_the_risks():
    assert float(st.soft_threshold_risk(30.0, 2.0)) == pytest.approx(5.0)
    assert float(st.hard_threshold_risk(30.0, 2.0)) == pytest.approx(1.0)
    for risk in (st.soft_threshold_risk, st.hard_threshold_risk):
        assert_allclose(risk([0.0, 1.0, 5.0], 0.0), 1.0)
        assert float(risk(3.0, 60.0)) == pytest.approx(9.0)
    grid = st.soft_threshold_risk(np.linspace(0, 9, 200), 1.5)
    assert np.all(np.diff(grid) >= -1e-13)
