"""Tickets of weights that carry a signal, and overlaps."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, stats

import sparsetheory as st


def closed_pair(a):
    """P(|x| > |y|), x ~ N(a, 1), y ~ N(0, 1): x - y and x + y are independent."""
    p = stats.norm.cdf(a / math.sqrt(2))
    return p * p + (1 - p) ** 2, p * p


@pytest.mark.parametrize("a", [1e-6, 0.3, 1.0, 4.0, 9.0])
def test_one_signal_against_one_weight_has_a_closed_form(a):
    for signed in (False, True):
        found = st.log_top_k_ticket_probability(
            2, 1, 3.0, amplitude=3 * a, signed=signed
        )
        assert_allclose(np.exp(found), closed_pair(a)[signed], rtol=1e-12)


@pytest.mark.parametrize(("n", "k", "a"), [(50, 3, 2.5), (1000, 100, 6.0), (9, 8, 0.5)])
def test_detection_by_the_largest_is_an_integral_over_the_strongest_rival(n, k, a):
    def kept(v, signed):
        return stats.norm.sf(v - a) + (not signed) * stats.norm.sf(v + a)

    for signed in (False, True):

        def f(v, signed=signed):
            rival = 2 * (n - k) * stats.norm.pdf(v)
            return (
                rival
                * (2 * stats.norm.cdf(v) - 1) ** (n - k - 1)
                * kept(v, signed) ** k
            )

        expected, _ = integrate.quad(f, 0, 12, epsabs=0, epsrel=1e-12, limit=200)
        found = st.log_top_k_ticket_probability(n, k, amplitude=a, signed=signed)
        assert_allclose(np.exp(found), expected, rtol=1e-10)


@pytest.mark.parametrize("n", [2, 10, 10**4, 10**8])
def test_a_faint_signal_leaves_the_lottery(n):
    for k in {1, n // 3, n - 1} - {0}:
        for signed in (False, True):
            plain = st.log_top_k_ticket_probability(n, k, signed=signed)
            faint = st.log_top_k_ticket_probability(
                n, k, amplitude=1e-14, signed=signed
            )
            assert_allclose(faint, plain, rtol=1e-9)
            t = st.optimal_threshold(n, k, amplitude=1e-14)
            assert_allclose(t, st.optimal_threshold(n, k), rtol=1e-6)


@pytest.mark.parametrize("amplitude", [0.0, 1.5, 3.0])
def test_detection_happens_as_often_as_the_law_says(amplitude):
    n, k, t, trials = 12, 4, 1.6, 200_000
    w = np.random.default_rng(0).standard_normal((trials, n))
    w[:, :k] += amplitude
    size, right = np.abs(w), np.all(w[:, :k] > 0, axis=1)
    least, most = size[:, :k].min(axis=1), size[:, k:].max(axis=1)
    for signed in (False, True):
        signs = right if signed else True
        options = {"amplitude": amplitude, "signed": signed}
        for won, log_p in [
            (least > most, st.log_top_k_ticket_probability(n, k, **options)),
            (
                (least >= t) & (most < t),
                st.log_ticket_probability(n, k, t, **options),
            ),
        ]:
            p = float(np.exp(log_p))
            error = 5 * math.sqrt(p * (1 - p) / trials)
            assert abs(np.mean(won & signs) - p) < error
            if 0.3 * p > 2 * error:
                assert abs(np.mean(won & signs) - 1.3 * p) > error


@pytest.mark.parametrize("signed", [False, True])
def test_the_best_threshold_with_a_signal_is_a_maximum(signed):
    n, k = np.array([[10], [10**6]]), np.array([1, 5, 9])
    for a in (0.5, 3.0, 8.0):
        options = {"amplitude": a, "signed": signed}
        t = st.optimal_threshold(n, k, **options)
        steps = [t, t * (1 - 1e-4), t * (1 + 1e-4)]
        best, *near = (st.log_ticket_probability(n, k, x, **options) for x in steps)
        assert np.all(best > np.maximum(*near))
        top = st.log_top_k_ticket_probability(n, k, **options)
        assert np.all(top > best)


def test_a_signal_at_every_place_needs_no_luck_but_for_signs():
    found = st.log_top_k_ticket_probability(5, 5, amplitude=1.0, signed=True)
    assert_allclose(found, 5 * stats.norm.logcdf(1.0))
    assert st.log_top_k_ticket_probability(5, [0, 5], amplitude=1.0).tolist() == [0, 0]


def test_the_lottery_turns_into_detection_at_the_amplitude_of_the_theorem():
    chances = []
    for n, k in ((10**4, 10), (10**6, 100), (10**8, 1000), (10**14, 10**5)):
        a = st.ticket_amplitude(n, k, 2.0) * np.array([0.8, 1.25])
        t = st.optimal_threshold(n, k, 2.0, amplitude=a)
        log_p = st.log_ticket_probability(n, k, t, 2.0, amplitude=a)
        chances.append(np.exp(log_p))
    below, above = np.transpose(chances)
    assert np.all(np.diff(below) < 0)
    assert np.all(np.diff(above) > 0)
    assert below[-1] < 1e-20
    assert above[-1] > 1 - 1e-5
    assert st.ticket_amplitude(2, 1) == 0


def test_overlaps_are_hypergeometric():
    for n, k, kept in [(100, 10, 10), (30, 12, 25), (30, 25, 12), (7, 7, 3), (5, 0, 2)]:
        s = np.arange(-1, k + 2)
        found = np.exp(st.log_top_k_overlap(n, k, s, kept))
        assert_allclose(found, stats.hypergeom(n, k, kept).sf(s - 1), atol=1e-13)
    top = st.log_top_k_overlap(1000, 100, 100)
    assert_allclose(top, st.log_top_k_ticket_probability(1000, 100), rtol=1e-12)


def test_best_thresholds_of_strong_signals_are_maxima():
    n, k = 1000, 10
    a = np.array([5.0, 60.0, 200.0, 1e6, 1e99])
    t = st.optimal_threshold(n, k, amplitude=a)
    # k phi(t - a) = 2 (n - k) phi(t), but for factors of nearly 1
    expected = a / 2 + math.log(2 * (n - k) / k) / a
    assert_allclose(t[1:], expected[1:], rtol=1e-9)
    assert abs(t[0] - expected[0]) < 0.05
    signed = st.optimal_threshold(n, k, amplitude=a, signed=True)
    assert_allclose(signed[1:], t[1:], rtol=1e-12)
    with pytest.raises(ValueError, match=r"at most 1e\+100 sigma, got 1e\+200"):
        st.optimal_threshold(n, k, amplitude=1e200)


def test_tickets_of_huge_signals_win():
    for a in (1e2, 1e4, 1e200, 1e308):
        for signed in (False, True):
            options = {"amplitude": a, "signed": signed}
            assert st.log_top_k_ticket_probability(10, 3, **options) == 0
    assert st.log_top_k_ticket_probability(10, 3, 1e-300, amplitude=1e100) == 0


@pytest.mark.parametrize("signed", [False, True])
def test_a_level_profile_is_a_ticket(signed):
    t = np.array([[0.5, 1.0, 3.0]])
    for law in (None, stats.laplace.logsf):
        options = {"signed": signed, "log_tail": law}
        found = st.log_profile_probability(20, np.full(4, 1.5), t, 0.7, **options)
        expected = st.log_ticket_probability(20, 4, t, 0.7, amplitude=1.5, **options)
        assert_allclose(found, expected, rtol=1e-13)
    nothing = st.log_profile_probability(20, [], t)
    assert_allclose(nothing, st.log_ticket_probability(20, 0, t))
    assert_allclose(
        st.log_profile_probability(3, [0.0] * 3, 2.0),
        st.log_ticket_probability(3, 3, 2.0),
    )


def test_profiles_are_products_that_draws_follow():
    n, a, t, trials = 6, np.array([0.5, 2.0, 3.0]), [0.8, 1.4], 100_000
    profile = np.r_[a, np.zeros(n - a.size)]

    def draw(rng, size):
        return (rng.standard_normal(size).reshape(-1, n) + profile).ravel()

    found = st.ticket_trials(n, a.size, t, draw=draw, trials=trials)
    for signed, counts in ((0, found.successes), (1, found.signed_successes)):
        p = np.exp(st.log_profile_probability(n, a, t, signed=signed))
        error = 5 * np.sqrt(p * (1 - p) / trials)
        assert np.all(np.abs(counts / trials - p) < error)
        level = np.exp(
            st.log_ticket_probability(n, 3, t, amplitude=a.mean(), signed=signed)
        )
        assert np.all(np.abs(counts / trials - level) > error)


def test_bad_profiles_are_named():
    for arguments, message in (
        ((2, [1.0, 1.0, 1.0], 1.0), r"got \(2\.0, 3\.0\)"),
        ((5, [[1.0]], 1.0), r"amplitudes must have shape \(k,\), got \(1, 1\)"),
        ((5, [1.0, -1.0], 1.0), r"amplitudes must be non-negative .* got -1\.0"),
        (([5, 6], [1.0], 1.0), r"n must be one number, got shape \(2,\)"),
        ((5, [1.0], np.nan), "t must be non-negative and finite, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            st.log_profile_probability(*arguments)


def test_overlaps_of_a_threshold_are_two_binomials():
    n, k, t, a = 40, 8, 1.3, 0.7
    on = stats.norm.sf(t - a) + stats.norm.cdf(-t - a)
    s, f = np.arange(9)[:, None], np.arange(-1, 34)
    found = np.exp(st.log_threshold_overlap(n, k, t, found=s, false=f, amplitude=a))
    off = stats.binom(n - k, 2 * stats.norm.sf(t)).cdf(f)
    assert_allclose(found, stats.binom(k, on).sf(s - 1) * off, atol=1e-13)
    any_ = np.exp(st.log_threshold_overlap(n, k, t, found=s.ravel(), amplitude=a))
    assert_allclose(any_, stats.binom(k, on).sf(s.ravel() - 1), atol=1e-13)
    exact = st.log_threshold_overlap(n, k, 3 * t, 3.0, found=k, false=0)
    assert_allclose(exact, st.log_ticket_probability(n, k, t), rtol=1e-12)


def test_overlaps_far_out_stay_finite():
    n, k, t = 10**8, 10**6, 2.5758293035489004
    found = st.log_threshold_overlap(n, k, t, found=[9000, 10**4, 2 * 10**4, k])
    q = 2 * stats.norm.sf(t)
    law = stats.binom(k, q)
    assert_allclose(found[:2], law.logsf([8999, 9999]), atol=1e-6)
    assert_allclose(found[3], k * math.log(q), rtol=1e-9)
    # sums of mass: geometric from the first term on, to first order
    first = law.logpmf(2 * 10**4)
    ratio = (k - 2 * 10**4) * q / ((1 - q) * 2 * 10**4)
    assert_allclose(found[2], first - math.log1p(-ratio), atol=1e-3)
    assert -1e-12 < st.log_top_k_overlap(n, k, 9000) <= 0
    some_ = st.log_top_k_overlap(n, k, 10**5)
    assert -1e6 < some_ < -1e5
