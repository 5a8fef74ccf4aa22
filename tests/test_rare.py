"""Probabilities of rare tickets."""

import math
import tracemalloc

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import sparsetheory as st
from sparsetheory._kernels.rare import log_above
from sparsetheory.experiments import rare, tickets


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def variance(n, k, t, draws):
    """The relative variance of one estimate, from those of single draws."""
    q = 2 * stats.norm.sf(t)
    rate = 0.5 * (t + math.sqrt(t * t + 4))
    # second moment of 2 phi / (rate exp(-rate (x - t))) beyond t
    exponent = rate * rate / 4 - rate * t
    area = 0.5 * math.sqrt(math.pi) * math.erfc(t - rate / 2) * math.exp(exponent)
    on = 2 * area / (math.pi * rate) / q**2 - 1
    off = q / (1 - q)
    if t < 1:
        area = 0.5 * math.sqrt(math.pi) * math.erf(t)
        off = 2 * t * area / math.pi / (1 - q) ** 2 - 1
    return (1 + on / draws) ** k * (1 + off / draws) ** (n - k) - 1


@pytest.mark.parametrize(
    ("n", "k", "decade"), [(10, 3, -3), (80, 9, -12), (200, 23, -31), (60, 40, -17)]
)
def test_estimates_of_rare_tickets_are_unbiased_with_the_variance_that_is_said(
    n, k, decade
):
    draws, repeats = 100, 200
    t = float(st.optimal_threshold(n, k))
    exact = float(st.log_ticket_probability(n, k, t))
    assert math.floor(exact / math.log(10)) in (decade, decade - 1)
    found = st.rare_ticket_probability(n, k, t, draws=draws, repeats=repeats, seed=1)
    expected = variance(n, k, t, draws)
    error = 4 * math.sqrt(expected / repeats)
    ratios = np.exp(found.log_estimates[0] - exact)
    assert abs(ratios.mean() - 1) < error
    assert abs(1.5 * ratios.mean() - 1) > error
    assert 0.6 < ratios.var() / expected < 1.6
    assert len(np.unique(ratios)) == repeats
    assert_allclose(found.log_p, math.log(ratios.mean()) + exact)
    assert_allclose(
        found.relative_error, ratios.std(ddof=1) / ratios.mean() / math.sqrt(repeats)
    )


class Nodes:
    """A generator whose only draw is given."""

    def __init__(self, x):
        self.x = x

    def standard_exponential(self, shape):
        return np.full(shape, self.x)


above = getattr(log_above, "py_func", log_above)


@pytest.mark.parametrize("signed", [False, True])
def test_draws_have_the_variances_that_their_number_is_chosen_by(signed):
    nodes, w = np.polynomial.legendre.leggauss(400)
    nodes, w = 18 * (nodes + 1), 18 * w
    for u, a in [(1.3, 0.5), (2.5, 0.0), (6.0, 0.2), (3.0, 2.9), (0.4, 0.0)]:
        lottery = tickets.Lottery(2, 1, (u,), 1.0, a, 0)
        on, off = rare._variances(lottery, u, signed)
        p = stats.norm.sf(u - a) + (not signed) * stats.norm.sf(u + a)
        logs = [above(Nodes(x), 1, 1, u, a, signed) for x in nodes]
        weights = np.exp(np.array(logs) - math.log(p))
        assert_allclose(w @ (np.exp(-nodes) * weights), 1, rtol=1e-11)
        assert_allclose(w @ (np.exp(-nodes) * (weights - 1) ** 2), on, atol=1e-11)
        if a == 0:
            assert_allclose(on, variance(1, 1, u, 1), rtol=1e-9)
        assert_allclose(off, variance(1, 0, u, 1), rtol=1e-9, atol=1e-14)
    for u, a in [(0.9, 1.1), (3.0, 3.0), (0.0, 0.4)]:
        on, _ = rare._variances(tickets.Lottery(2, 1, (u,), 1.0, a, 0), u, signed)
        p = stats.norm.sf(u - a) + (not signed) * stats.norm.sf(u + a)
        assert_allclose(on, (1 - p) / p, atol=1e-15)


def test_signs_are_estimated_too():
    for t, a in [(1.3, 0.0), (2.0, 0.3), (0.8, 1.5), (12.0, 3.0)]:
        found = st.rare_ticket_probability(40, 6, t, amplitude=a, signed=True)
        exact = st.log_ticket_probability(40, 6, t, amplitude=a, signed=True)
        assert found.signed
        assert abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error
        assert found.relative_error < 0.05
        other = st.log_ticket_probability(40, 6, t, amplitude=a)
        if a < 1:
            assert abs(np.expm1(found.log_p - other)) > 5 * found.relative_error


def test_so_many_draws_are_made_that_the_error_stays_moderate():
    found = st.rare_ticket_probability(8000, 2000, repeats=5, seed=3)
    q = 0.25
    assert found.draws >= 6000 * q / (1 - q)
    assert found.draws < 1.2 * 6000 * q / (1 - q) + 1
    exact = st.log_ticket_maximum(8000, 2000)
    assert abs(found.log_p - exact) < 5 * math.sqrt(math.expm1(1) / 5)
    assert st.rare_ticket_probability(100, 10, repeats=2).draws == 1000


def test_too_few_draws_are_warned_of():
    options = {"draws": 20, "repeats": 100, "seed": 3}
    with pytest.warns(RuntimeWarning, match=r"above 0\.5 with 20 draws .* 1000 d"):
        found = st.rare_ticket_probability(8000, 800, **options)
    # what the warning is for: the spread alone does not tell
    off = np.expm1(st.log_ticket_maximum(8000, 800) - found.log_p)
    assert off > 2 * found.relative_error


def test_the_warning_is_for_relative_errors_above_a_half():
    n, k, repeats = 300, 30, 10
    t = float(st.optimal_threshold(n, k))
    draws = np.arange(1, 100)
    error = np.sqrt([variance(n, k, t, N) / repeats for N in draws])
    enough = int(draws[error <= 0.5][0])
    st.rare_ticket_probability(n, k, t, draws=enough, repeats=repeats)
    with pytest.warns(RuntimeWarning, match="error above"):
        st.rare_ticket_probability(n, k, t, draws=enough - 1, repeats=repeats)


def test_draws_of_many_weights_take_little_memory():
    tracemalloc.start()
    st.rare_ticket_probability(20_000, 10, draws=1000, repeats=2, workers=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40e6  # all at once takes 160 MB and more


def test_estimates_that_are_all_zero_have_an_infinite_error():
    with pytest.warns(RuntimeWarning, match="above 0.5"):
        found = st.rare_ticket_probability(400, 0, 1.0, draws=1, repeats=3)
    assert found.log_p == -np.inf
    assert found.relative_error == np.inf
    far = st.rare_ticket_probability(10, 3, 1e99)
    assert_allclose(far.log_p, -1.5e198, rtol=1e-9)
    for options in ({"t": 1e200}, {"t": 1.0, "amplitude": 1e200}):
        with pytest.raises(ValueError, match=r"at most 1e\+100 sigma, got 1e\+200"):
            st.rare_ticket_probability(10, 3, **options)


def test_estimates_reach_a_tenth_far_below_the_floats():
    for n, k, t, amplitude in [
        (1000, 100, 1.645, 0.0),
        (100, 10, 30.0, 0.0),
        (200, 20, 12.0, 3.0),
        (300, 10, 0.05, 0.0),
    ]:
        found = st.rare_ticket_probability(
            n, k, t, amplitude=amplitude, draws=300, repeats=60
        )
        exact = st.log_ticket_probability(n, k, t, amplitude=amplitude)
        assert exact < -300 or amplitude
        assert found.relative_error < 0.1
        assert abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error


@pytest.mark.parametrize("t", [1e-160, 1e-300, 5e-324])
def test_thresholds_may_be_as_small_as_floats_are(t):
    _, off = rare._variances(tickets.Lottery(10, 3, (t,), 1.0, 0.0, 0), t, False)
    assert_allclose(off, 0, atol=1e-12)
    found = st.rare_ticket_probability(10, 3, t)
    exact = 7 * (math.log(t) + 0.5 * math.log(2 / math.pi))
    assert abs(found.log_p - exact) < 5 * found.relative_error
    zero = st.rare_ticket_probability(10, 3, 0.0)
    assert zero.log_p == -np.inf


def test_without_support_a_threshold_must_be_given():
    for function in (st.rare_ticket_probability, st.ticket_trials):
        with pytest.raises(ValueError, match="t must be given for k = 0"):
            function(10, 0)


@pytest.mark.parametrize("amplitude", [0.6, 5.0])
def test_estimates_with_a_signal_on_either_side_of_the_threshold(amplitude):
    options = {"sigma": 2.0, "amplitude": amplitude}
    t = [1.5, 4.0, 4.9, 5.1, 8.0]
    found = st.rare_ticket_probability(20, 4, t, **options, draws=300, repeats=100)
    exact = st.log_ticket_probability(20, 4, t, **options)
    assert np.all(np.abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error)
    assert np.all(found.relative_error < 0.1)
    alone = st.rare_ticket_probability(20, 4, t[2], **options, draws=300, repeats=100)
    assert_array_equal(alone.log_estimates[0], found.log_estimates[2])


def laplace(rng, size):
    return rng.laplace(size=size)


@pytest.mark.parametrize("signed", [False, True])
def test_weights_of_other_laws_are_drawn_as_they_are(signed):
    log_tail = stats.laplace.logsf
    t, options = [0.5, 2.0, 4.0], {"sigma": 1.5, "amplitude": 0.5, "signed": signed}
    found = st.rare_ticket_probability(150, 15, t, draw=laplace, repeats=60, **options)
    exact = st.log_ticket_probability(150, 15, t, log_tail=log_tail, **options)
    assert exact.min() < -60
    assert np.all(np.abs(np.expm1(found.log_p - exact)) < 5 * found.relative_error)
    assert np.all(found.relative_error < 0.4)
    p = 0.5 * math.exp(-7 / 3) * (1 if signed else 1 + math.exp(-2 / 3))
    q = math.exp(-8 / 3)
    assert_allclose(found.draws, max(15 * (1 - p) / p + 135 * q / (1 - q), 1000))


def test_weights_that_are_never_drawn_are_named():
    with pytest.raises(ValueError, match=r"none of 100000 .* above t = 30\.0"):
        st.rare_ticket_probability(20, 4, 30.0, draw=laplace)
    with pytest.raises(ValueError, match=r"none of 100000 .* below t = 0\.0"):
        st.rare_ticket_probability(20, 4, 0.0, draw=laplace)
    with pytest.warns(RuntimeWarning, match="above 0.5 with 2 draws"):
        st.rare_ticket_probability(20, 4, 2.0, draw=laplace, draws=2, repeats=5)
