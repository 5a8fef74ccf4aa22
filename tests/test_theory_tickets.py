"""The lottery: closed forms against long arithmetic, limits, symmetry, counts."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose
from scipy import stats

import sparsetheory as st
from sparsetheory.theory.binomials import log_binomial

DIGITS = 420  # Q(40) is 1e-350, found as a difference from 1


@cache
def pi():
    with localcontext(prec=DIGITS):

        def arctan(x):
            total, term, j = Decimal(0), 1 / Decimal(x), 1
            while abs(term) > Decimal(10) ** -DIGITS:
                total += term / j
                term, j = -term / (x * x), j + 2
            return total

        return 4 * (4 * arctan(5) - arctan(239))


@cache
def half(u):
    """P(0 < z < u), from a series of positive terms."""
    with localcontext(prec=DIGITS):
        total = term = Decimal(u)
        j = 1
        while abs(term) > abs(total) * Decimal(10) ** -DIGITS:
            j += 2
            term *= u * u / j
            total += term
        return (-u * u / 2).exp() * total / (2 * pi()).sqrt()


@cache
def two_sided(t, sigma):
    """Logarithms of P(|w| >= t) and P(|w| < t)."""
    with localcontext(prec=DIGITS):
        inside = 2 * half(Decimal(t) / Decimal(sigma))
        return (1 - inside).ln(), inside.ln()


def reference(n, k, t, sigma=1.0):
    with localcontext(prec=DIGITS):
        outside, inside = two_sided(t, sigma)
        return k * outside + (n - k) * inside


def test_probabilities_agree_with_long_arithmetic_to_twelve_digits():
    thresholds = (1e-9, 1e-3, 0.3, 0.5, 0.7, 0.999, 1.0, 1.6449, 5.0, 6.5, 37.0, 40.0)
    for n in (1, 2, 10, 1000, 10**8):
        for k, t in product({0, 1, n // 3, n - 1, n}, thresholds):
            expected = float(reference(n, k, t))
            if abs(expected) > 1e-290:
                found = float(st.log_ticket_probability(n, k, t))
                assert abs(found / expected - 1) < 1e-12, (n, k, t)


@pytest.mark.parametrize("signed", [False, True])
def test_signals_leave_all_digits_however_small_the_threshold(signed):
    thresholds = (1e-160, 1e-12, 1e-5, 0.3, 0.999, 1.0, 2.0, 37.0)
    for t, a in product(thresholds, (1e-9, 0.5, 1.0, 3.0, 36.0)):
        with localcontext(prec=DIGITS):
            u, b = Decimal(t), Decimal(a)
            q = Decimal("0.5") - half(u - b)
            log_q = (q if signed else q + Decimal("0.5") - half(u + b)).ln()
            off = two_sided(t, 1.0)[1]
            for n, k in ((5, 5), (10, 3), (10**8, 10**7)):
                expected = float(k * log_q + (n - k) * off)
                options = {"amplitude": a, "signed": signed}
                found = float(st.log_ticket_probability(n, k, t, **options))
                assert abs(found - expected) <= 1e-12 * abs(expected), (n, k, t, a)


def test_thresholds_that_no_weight_reaches_are_told_from_certain_ones():
    """Off the support all logarithms are tiny; above 38 sigma one is no float."""
    for n, t in ((10**8, 37.0), (10**8, 38.0), (1e30, 40.0), (1, 38.2)):
        expected = float(reference(int(n), 0, t))
        assert abs(expected) > 0
        options = {"rtol": 1e-12, "atol": 5e-324}
        assert_allclose(st.log_ticket_probability(n, 0, t), expected, **options)
        assert_allclose(st.log_profile_probability(n, [], t), expected, **options)
    laplace = {"log_tail": lambda u: -np.log(2) - u}
    found = st.log_ticket_probability(1e30, 0, 760.0, **laplace)
    assert_allclose(found, -math.exp(30 * math.log(10) - 760), rtol=1e-12)


def test_another_law_is_known_to_the_rounding_of_its_tail():
    for t in (1e-12, 1e-6, 1.0):
        kept, dropped = -t, math.log(-math.expm1(-t))
        on, off = (
            float(st.log_ticket_probability(5, k, t, log_tail=stats.laplace.logsf))
            for k in (5, 0)
        )
        assert abs(on - 5 * kept) < 5 * 2.3e-16 / math.exp(kept)
        assert abs(off - 5 * dropped) < 5 * 2.3e-16 / math.exp(dropped)


def test_numbers_near_the_ends_of_the_floats_are_taken():
    far = st.log_ticket_probability(10, 3, [1e300, 1.0], 1e-300)
    assert far.tolist() == [-np.inf, -np.inf]
    one = {"sigma": 1e-300, "amplitude": 1e300}
    assert st.log_ticket_probability(10, 3, 1e-299, **one) > -1e-20
    assert st.log_ticket_probability(10, 3, 0.0, **one) == -np.inf
    assert st.log_ticket_probability(10, 0, 1e300, 1e-300) == 0
    assert st.log_profile_probability(10, [1e300], 0.0, 1e-300) == -np.inf
    assert st.log_threshold_overlap(10, 3, 1e300, 1e-300, found=1) == -np.inf
    with pytest.raises(ValueError, match="less than 1e308 sigma"):
        st.log_ticket_probability(10, 3, 1e300, **one)
    with pytest.raises(ValueError, match=r"at most 1e\+100 sigma, got inf"):
        st.optimal_threshold(10, 3, **one)


def test_a_wider_law_is_a_lower_threshold():
    for t, sigma in ((1.0, 0.5), (0.3, 7.0), (1e-3, 1e-4)):
        expected = float(reference(100, 5, t, sigma))
        assert_allclose(st.log_ticket_probability(100, 5, t, sigma), expected, 1e-12)


def test_probabilities_are_those_of_the_ledger():
    found = [
        st.log_ticket_probability(100, 5, 1.0, 0.5),
        st.log_ticket_probability(100, 5, 40.0),
        st.log_ticket_probability(1000, 10, 1e-9),
    ]
    expected = [-19.8741374333875, -4019.57647416597, -20739.566617703204]
    assert_allclose(found, expected, rtol=1e-12)


LEDGER = [
    (2, 1, 0.6744897501960817, -1.3862943611198908, -0.6931471805599453),
    (10, 3, 1.0364333894937898, -6.108643020548934, -4.787491742782047),
    (20, 5, 1.1503493803760079, -11.246702892376172, -9.648853334130546),
    (50, 5, 1.6448536269514729, -16.254148669572416, -14.566341569863738),
    (100, 10, 1.6448536269514729, -32.50829733914483, -30.482323362278635),
    (1000, 100, 1.6448536269514729, -325.0829733914484, -321.9132874332654),
    (10000, 100, 2.575829303548901, -560.0153435484735, -556.798011675477),
    (266200, 22867, 1.71742483192569, -77983.71278941962, -77977.82003067667),
]


@pytest.mark.parametrize(("n", "k", "t", "best", "top"), LEDGER)
def test_the_best_threshold_gives_the_entropy(n, k, t, best, top):
    assert_allclose(st.optimal_threshold(n, k), t, rtol=1e-12)
    assert_allclose(st.log_ticket_maximum(n, k), best, rtol=1e-12)
    assert_allclose(st.log_ticket_probability(n, k, t), best, rtol=1e-12)
    assert_allclose(st.log_top_k_ticket_probability(n, k), top, rtol=1e-12)
    around = st.log_ticket_probability(n, k, t * np.array([0.999, 1.001]))
    assert np.all(around < best)


def test_maxima_are_fractions():
    for n, k, exact in [
        (2, 1, Fraction(1, 4)),
        (10, 3, Fraction(22235661, 10**10)),
        (20, 5, Fraction(14348907, 1099511627776)),
    ]:
        assert exact == Fraction(k, n) ** k * Fraction(n - k, n) ** (n - k)
        assert_allclose(st.log_ticket_maximum(n, k), math.log(exact), rtol=1e-14)


def test_maxima_are_accurate_at_both_ends():
    with localcontext(prec=60):
        n = Decimal(10**8)
        for k in (1, 10**8 - 1):
            expected = k * (k / n).ln() + (n - k) * ((n - k) / n).ln()
            found = st.log_ticket_maximum(10**8, k)
            assert_allclose(found, float(expected), rtol=1e-14)
    assert_allclose(st.log_ticket_maximum(5, [0, 5]), 0)


def test_thresholds_are_accurate_at_both_ends():
    t = st.optimal_threshold(10**8, [1, 10**8 - 1, 10**8, 0])
    assert_allclose(t[0], stats.norm.isf(0.5e-8), rtol=1e-13)
    assert_allclose(t[1], 1e-8 * math.sqrt(math.pi / 2), rtol=1e-13)
    assert t[2:].tolist() == [0, np.inf]
    assert_allclose(st.optimal_threshold(100, 10, 3.0), 3 * 1.6448536269514729)


@pytest.mark.parametrize("n", [1, 2, 17, 18, 1000, 10**5])
def test_binomials_are_integers(n):
    for k in {0, 1, n // 7, n // 2, n - 1, n}:
        expected = math.log(math.comb(n, k))
        assert_allclose(log_binomial(n, k), expected, rtol=2e-14)
        assert_allclose(st.log_top_k_ticket_probability(n, k), -expected, rtol=1e-13)


def test_one_of_very_many_places_is_found_with_their_number():
    found = st.log_top_k_ticket_probability(10**8, [1, 2])
    many = 10**8 * (10**8 - 1) // 2
    assert_allclose(found, [-math.log(10**8), -math.log(many)], rtol=1e-14)


def test_taking_the_largest_gains_the_width_of_a_binomial():
    for n, k in ((1000, 100), (10**6, 10**5)):
        gain = st.log_top_k_ticket_probability(n, k) - st.log_ticket_maximum(n, k)
        width = 0.5 * math.log(2 * math.pi * k * (1 - k / n))
        assert abs(gain - width) < 0.2 / k


@pytest.mark.parametrize("law", [stats.laplace, stats.logistic, stats.t(3), stats.norm])
def test_the_maximum_does_not_depend_on_the_law(law):
    for n, k in ((10, 3), (1000, 10), (50, 45)):
        t = law.isf(0.5 * k / n)
        found = st.log_ticket_probability(n, k, t, log_tail=law.logsf)
        assert_allclose(found, st.log_ticket_maximum(n, k), rtol=1e-12)


def test_the_normal_law_given_as_a_function_is_the_normal_law():
    t = np.array([0.2, 1.0, 3.0, 30.0])
    for options in ({}, {"amplitude": 2.0}, {"signed": True}):
        own = st.log_ticket_probability(30, 4, t, 0.7, **options)
        given = st.log_ticket_probability(
            30, 4, t, 0.7, log_tail=stats.norm.logsf, **options
        )
        assert_allclose(own, given, rtol=1e-10)


def test_signs_cost_a_coin_each():
    t = np.array([0.1, 1.0, 8.0])
    plain = st.log_ticket_probability(20, 6, t)
    signed = st.log_ticket_probability(20, 6, t, signed=True)
    assert_allclose(plain - signed, 6 * math.log(2), rtol=1e-12)
    top = st.log_top_k_ticket_probability(20, 6, signed=True)
    assert_allclose(top, -math.log(math.comb(20, 6) * 2**6), rtol=1e-14)


def test_zero_keeps_everything():
    found = st.log_ticket_probability(4, [0, 3, 4], 0.0)
    assert found.tolist() == [-np.inf, -np.inf, 0]


def test_seeds_are_those_of_the_ledger():
    p = Fraction(14348907, 1099511627776), Fraction(1, math.comb(20, 5))
    for each, seeds in zip(p, (53113, 10746), strict=True):
        found = np.exp(st.log_ticket_seeds(math.log(each)))
        assert_allclose(found, math.log(0.5) / math.log1p(-each), rtol=1e-10)
        assert round(float(found)) == seeds
    huge = st.log_ticket_seeds([-325.0, -40000.0], 0.5) - math.log(math.log(2))
    assert_allclose(huge, [325, 40000])
    even = st.log_ticket_seeds(math.log(0.5), [0.5, 0.75, 1 - 2**-10])
    assert_allclose(np.exp(even), [1, 2, 10])


@pytest.mark.parametrize("law", [stats.laplace, stats.cauchy, stats.t(3), stats.norm])
def test_the_best_threshold_of_any_law_reaches_the_maximum(law):
    n, k = np.array([5, 40, 10**6, 10**6]), np.array([2, 39, 1, 400_000])
    t = st.optimal_threshold(n, k, 0.3, log_tail=law.logsf)
    assert_allclose(t, 0.3 * law.isf(k / n / 2), rtol=1e-9)
    found = st.log_ticket_probability(n, k, t, 0.3, log_tail=law.logsf)
    assert_allclose(found, st.log_ticket_maximum(n, k), rtol=1e-9)
    ends = st.optimal_threshold(4, [0, 4], log_tail=law.logsf)
    assert ends.tolist() == [np.inf, 0]


def test_a_law_must_be_symmetric():
    for tail in (stats.expon.logsf, stats.norm(0.1).logsf, stats.norm.sf):
        with pytest.raises(ValueError, match=r"log_tail must be .* symmetric"):
            st.log_ticket_probability(10, 3, 1.0, log_tail=tail)
        with pytest.raises(ValueError, match=r"log_tail must be .* symmetric"):
            st.optimal_threshold(10, 3, log_tail=tail)
    with pytest.raises(ValueError, match=r"without signal, got 2\.0 sigma"):
        st.optimal_threshold(9, 3, 0.5, amplitude=1.0, log_tail=stats.laplace.logsf)


def test_signs_are_asked_for_by_any_truth():
    for function, arguments in (
        (st.log_ticket_probability, (9, 3, 1.0)),
        (st.optimal_threshold, (9, 3)),
        (st.log_top_k_ticket_probability, (9, 3)),
    ):
        found = function(*arguments, amplitude=1.0, signed=2)
        assert found == function(*arguments, amplitude=1.0, signed=True)


SCALARS = [
    (st.log_ticket_probability, (10, 3, 1.0), {}),
    (st.log_ticket_probability, (10, 3, 1.0), {"log_tail": stats.laplace.logsf}),
    (st.optimal_threshold, (10, 3), {}),
    (st.optimal_threshold, (10, 3), {"amplitude": 1.0}),
    (st.optimal_threshold, (10, 3), {"log_tail": stats.laplace.logsf}),
    (st.log_ticket_maximum, (10, 3), {}),
    (st.log_top_k_ticket_probability, (10, 3), {}),
    (st.log_top_k_ticket_probability, (10, 3), {"amplitude": 1.0}),
    (st.log_ticket_seeds, (-3.0,), {}),
    (st.ticket_amplitude, (10, 3), {}),
    (st.log_profile_probability, (10, [1.0], 1.0), {}),
    (st.log_top_k_overlap, (10, 3, 1), {}),
    (st.log_threshold_overlap, (10, 3, 1.0), {"found": 1}),
    (st.subset_sum_expectation, (5, 0.5, 0.1), {}),
    (st.subset_sum_density, (5, 0.5), {}),
    (st.subset_sum_probability, (5, 0.5, 0.1), {}),
    (st.subset_sum_median_error, (5, 0.5), {}),
    (st.single_weight_median_error, (5, 0.5), {}),
    (st.subset_sum_size, (0.1, 0.5), {}),
    (st.subset_sum_typical_size, (0.1, 0.5), {}),
    (st.ball_hit_probability, (2, 0.5, 1.0, 1.0), {}),
    (st.covering_size, (2, 0.5, 0.1), {}),
    (st.malach_headline_size, (2, 0.1), {}),
    (st.malach_sketch_size, (2, 2, 0.1, 1.0, 0.1), {}),
    (st.hard_threshold_risk, (1.0, 2.0), {}),
    (st.soft_threshold_risk, (1.0, 2.0), {}),
    (st.hard_threshold_bias, (1.0, 2.0), {}),
    (st.soft_threshold_bias, (1.0, 2.0), {}),
    (st.hard_threshold_degrees, (1.0, 2.0), {}),
    (st.soft_threshold_degrees, (1.0, 2.0), {}),
]


@pytest.mark.parametrize(("function", "arguments", "options"), SCALARS)
def test_numbers_give_arrays_without_axes(function, arguments, options):
    found = function(*arguments, **options)
    assert type(found) is np.ndarray
    assert found.shape == ()
    assert np.isfinite(found)


@given(
    n=some.integers(1, 10**8),
    share=some.floats(0, 1),
    t=some.floats(0, 40),
    sigma=some.floats(1e-3, 1e3),
)
def test_no_threshold_beats_the_best_nor_that_the_largest(n, share, t, sigma):
    k = round(share * n)
    found = st.log_ticket_probability(n, k, t * sigma, sigma)
    best, top = st.log_ticket_maximum(n, k), st.log_top_k_ticket_probability(n, k)
    slack = 1e-9 * abs(float(best)) + 1e-12
    assert found <= best + slack
    assert best <= top + slack <= 2 * slack


BAD = [
    ((5, 6, 1.0), ValueError, r"0 <= k <= n .* got \(5.0, 6.0\)"),
    ((5, -1, 1.0), ValueError, "-1.0"),
    ((0, 0, 1.0), ValueError, "1 <= n"),
    ((5.5, 1, 1.0), ValueError, "5.5"),
    ((np.nan, 1, 1.0), ValueError, "nan"),
    ((5, 1, -1.0), ValueError, "t must be non-negative and finite, got -1.0"),
    ((5, 1, np.nan), ValueError, "got nan"),
    ((5, 1, np.inf), ValueError, "got inf"),
    ((5, 1, 1.0, 0.0), ValueError, "sigma must be positive and finite, got 0.0"),
    ((5, 1, 1j), TypeError, "t must hold real numbers, got dtype complex128"),
    (("5", 1, 1.0), TypeError, "n must hold real numbers"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        st.log_ticket_probability(*arguments)


def test_other_bad_arguments_are_named():
    with pytest.raises(ValueError, match="amplitude must be non-negative"):
        st.log_top_k_ticket_probability(5, 1, amplitude=-1.0)
    with pytest.raises(ValueError, match="sigma must be positive"):
        st.optimal_threshold(5, 1, -2.0)
    with pytest.raises(ValueError, match=r"log_p must be below 0, got 0\.0"):
        st.log_ticket_seeds(0.0)
    with pytest.raises(ValueError, match=r"chance must lie in \(0, 1\), got 1\.0"):
        st.log_ticket_seeds(-1.0, 1.0)
    with pytest.raises(ValueError, match=r"1 <= k < n, got \(4.0, 4.0\)"):
        st.ticket_amplitude(4, [1, 4])
    with pytest.raises(ValueError, match=r"s must hold whole numbers, got 1\.5"):
        st.log_top_k_overlap(5, 2, 1.5)
    with pytest.raises(TypeError, match="found must hold whole numbers"):
        st.log_threshold_overlap(5, 2, 1.0, found="a")
    with pytest.raises(ValueError, match=r"got \(5.0, 9.0\)"):
        st.log_top_k_overlap(5, 2, 1, kept=9)


def test_numbers_of_any_kind_and_shape_broadcast():
    n = np.asfortranarray(np.full((2, 3), 20, dtype=np.uint8))
    k = np.array([[1], [5]], dtype=np.int16)
    t = np.float32([0.5, 1.0, 2.0])
    found = st.log_ticket_probability(n, k, t)
    assert found.shape == (2, 3)
    assert_allclose(found[1, 2], st.log_ticket_probability(20, 5, 2.0))
    assert st.log_ticket_probability(3, 1, []).shape == (0,)
