"""Theory: two theorems that must agree, reference numbers, limits.

The constants were computed once with 30 digits from other formulas than the code's
(face counting, conic intrinsic volumes), except where a test says otherwise.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

import sparsetheory as st
from sparsetheory.theory.curves import minimax_threshold

DELTA = np.linspace(0.05, 0.95, 19)
L1 = {  # delta: rho
    0.0001: 0.0556639502093944499,
    0.01: 0.106877620243241703,
    0.1: 0.189429367759673607,
    0.25: 0.267383552407757087,
    0.5: 0.385689666181480919,
    0.75: 0.533711676804468785,
    0.9: 0.678169378134499485,
    0.99: 0.883714865083354206,
    0.999: 0.961334668008335101,
}
NONNEGATIVE = {
    0.0001: 0.0600641817243272169,
    0.01: 0.123369390254207232,
    0.1: 0.240975896186354452,
    0.5: 0.558227691314179525,
    0.9: 0.902657232687374745,
    0.999: 0.999000273164880921,
}
EXACT = {  # (n, m): {k: probability of success}
    (100, 10): {1: 0.9432231915818337, 2: 0.5250969031570396, 3: 0.14921427805708176},
    (100, 50): {16: 0.8885408885013186, 20: 0.4683635557722907, 24: 0.1026020795472068},
    (100, 90): {54: 0.9008160182100827, 63: 0.4639768507111335, 71: 0.0905529066701104},
    (200, 50): {11: 0.879489124840511, 14: 0.43837317147719157, 17: 0.0908093191720839},
    (200, 150): {72: 0.8978000046374339, 81: 0.4919136290663021, 90: 0.101547980208521},
    (400, 200): {69: 0.9167762906786681, 78: 0.4746757169694695, 86: 0.098864733025038},
    (800, 600): {303: 0.90061248666812, 321: 0.500681538516953, 339: 0.10337981110802},
}


def test_weak_thresholds_are_the_reference():
    assert_allclose(st.l1_weak_threshold(list(L1)), list(L1.values()), rtol=1e-13)
    rho = st.nonnegative_weak_threshold(list(NONNEGATIVE))
    assert_allclose(rho, list(NONNEGATIVE.values()), rtol=1e-13)


def test_message_passing_and_conic_geometry_give_one_curve():
    # rho(delta) solves  delta = psi(rho delta), to 12 digits.
    psi = st.l1_statistical_dimension(st.l1_weak_threshold(DELTA) * DELTA)
    assert_allclose(psi, DELTA, rtol=1e-12)


@pytest.mark.parametrize(
    ("curve", "faces"),
    [(st.l1_weak_threshold, 2), (st.nonnegative_weak_threshold, 1)],
)
def test_state_evolution_gives_the_same_curve(curve, faces):
    # Donoho, Maleki, Montanari 2009: a maximum over the threshold z.
    for delta in DELTA:

        def negative(z, delta=delta):
            g = (1 + z * z) * norm.sf(z) - z * norm.pdf(z)
            return -(1 - faces / delta * g) / (1 + z * z - faces * g)

        best = minimize_scalar(negative, bounds=(0, 8), method="bounded")
        assert_allclose(curve(delta), -best.fun, rtol=1e-6)


def test_statistical_dimension_is_the_expected_distance():
    # psi(s) = min_t E dist^2(g, t * subdifferential), by quadrature.
    for s in (0.01, 0.2, 0.7):

        def cost(t, s=s):
            off = quad(lambda g: 2 * (g - t) ** 2 * norm.pdf(g), t, 12)[0]
            return s * (1 + t * t) + (1 - s) * off

        best = minimize_scalar(cost, bounds=(0, 5), method="bounded")
        assert_allclose(st.l1_statistical_dimension(s), best.fun, rtol=1e-8)
        assert_allclose(minimax_threshold(s), best.x, atol=1e-5)


def test_limits_of_the_curves():
    for curve in (st.l1_weak_threshold, st.nonnegative_weak_threshold):
        assert_allclose(curve([0.0, 1.0]), [0.0, 1.0])
        assert np.all(np.diff(curve(np.linspace(0, 1, 200))) > 0)
        assert curve(0.5).shape == ()
        assert curve([[0.1, 0.2]]).shape == (1, 2)
    # rho ~ 1 / (2 log(1 / delta)) as delta -> 0 (Donoho and Tanner 2009)
    tiny = 1e-200
    assert_allclose(2 * np.log(1 / tiny) * st.l1_weak_threshold(tiny), 1.0, rtol=0.02)
    assert_allclose(st.l1_statistical_dimension([0.0, 1.0]), [0.0, 1.0])
    assert st.l1_statistical_dimension(1e-320) >= 0
    assert np.isfinite(st.l1_weak_threshold(1e-320))


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan, [0.5, 2.0]])
def test_ratios_outside_the_unit_interval_are_named(bad):
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\], got"):
        st.l1_weak_threshold(bad)
    with pytest.raises(ValueError, match=r"k_over_n must lie in \[0, 1\], got"):
        st.l1_statistical_dimension(bad)


@pytest.mark.parametrize(("size", "law"), EXACT.items(), ids=str)
def test_success_probability_is_near_the_exact_law(size, law):
    (n, m), k = size, np.array(list(law))
    bound = 0.03 * np.sqrt(100 / n) * (1.0 if m / n < 0.2 else 0.5)
    found = st.l1_success_probability(n, m, k)
    assert np.abs(found - list(law.values())).max() <= bound


def test_leaving_out_the_shift_would_be_seen():
    # The control of the test above: half a row more is several times its tolerance.
    k = np.array(list(EXACT[400, 200]))
    moved = st.l1_success_probability(400, 200.5, k)
    wrong = np.abs(moved - list(EXACT[400, 200].values()))
    assert (
        wrong.max()
        > 0.015
        > np.abs(
            st.l1_success_probability(400, 200, k) - list(EXACT[400, 200].values())
        ).max()
        * 3
    )


def test_success_probability_by_its_definition():
    # Second moments by quadrature instead of closed forms.
    n, m, k = 300, 120, 35
    e, t = k / n, minimax_threshold(k / n)
    m2, m4 = (
        quad(lambda g, p=p: 2 * (g - t) ** p * norm.pdf(g), t, 12)[0] for p in (2, 4)
    )
    psi = e * (1 + t * t) + (1 - e) * m2
    shift = 1 - e / psi * t * t / (1 - e)
    variance = e * (2 + 4 * t * t) + (1 - e) * (m4 - m2 * m2) - 2 * psi
    expected = norm.cdf((m - n * psi + shift) / np.sqrt(variance * n))
    assert_allclose(st.l1_success_probability(n, m, k), expected, rtol=1e-9)


def test_success_probability_at_the_ends():
    assert_allclose(st.l1_success_probability(10, 5, [0, 6, 10]), [1, 0, 0])
    assert_allclose(st.l1_success_probability(10, [10, 12], 10), [1, 1])
    assert_allclose(st.l1_success_probability(10, 0, 1), 0)
    k = np.arange(1, 200)
    assert np.all(np.diff(st.l1_success_probability(400, 200, k)) <= 0)
    m = np.arange(1, 400)
    assert np.all(np.diff(st.l1_success_probability(400, m, 40)) >= 0)
    assert st.l1_success_probability([[100], [200]], 50, [1, 2, 3]).shape == (2, 3)


def test_median_is_where_the_probability_is_one_half():
    for n, m in [(100, 10), (400, 200), (400, 360), (1000, 7)]:
        k = st.l1_median_sparsity(n, m)
        assert 0 < k < m
        assert_allclose(st.l1_success_probability(n, m, k), 0.5, atol=1e-9)
    assert abs(st.l1_median_sparsity(400, 200) - 77.595) < 0.1


@pytest.mark.parametrize(
    "sizes", [(10, 5, 11), (10, -1, 2), (0, 0, 0), (10, 5, -1), (10, 5, np.nan)]
)
def test_impossible_sizes_are_named(sizes):
    with pytest.raises(ValueError, match="n, m, k must have"):
        st.l1_success_probability(*sizes)


@pytest.mark.parametrize("m", [0, 10, -1])
def test_impossible_rows_are_named(m):
    with pytest.raises(ValueError, match=rf"m must lie in \(0, 10\), got {m}"):
        st.l1_median_sparsity(10, m)
