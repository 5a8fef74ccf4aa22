"""Weights at which the LASSO has the right signs, with noise and without."""

from fractions import Fraction

import numpy as np
import pytest
from designs import equicorrelated, with_gram, worst_signs
from exact import dot, fractions, gram, solve
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import sparsetheory as st

DESIGNS = (st.gaussian, st.gaussian_ar1, st.gaussian_equicorrelated)


def lasso_signs(A, y, lam):
    """Return the signs of a LASSO solved to high accuracy, with small entries cut."""
    found = st.fista(A, y, lam, tol=1e-13, max_iter=50_000)
    x = np.where(np.abs(found.x) < 1e-6, 0.0, found.x)
    return np.sign(x)


@pytest.mark.parametrize("seed", range(40))
def test_inner_and_outer_windows_enclose_that_of_exact_arithmetic(seed):
    rng = np.random.default_rng(seed)
    k, x = seed % 4, np.zeros(6)
    A, e = rng.standard_normal((5, 6)), 0.1 * rng.standard_normal(5)
    A[:, 1] = A[:, 0] + 10.0 ** -(seed % 7) * A[:, 1]
    x[:k] = 5 * rng.choice([-1, 1], k)
    X, s, on = fractions(A), np.sign(x[:k]).astype(int).tolist(), range(k)
    G, noise = gram(X), [dot(a, map(Fraction, e)) for a in zip(*X, strict=True)]
    GS = [[G[i][j] for j in on] for i in on]
    h, b = solve(GS, s), solve(GS, noise[:k])
    rules = [(s[i] * (Fraction(x[i]) + b[i]), -s[i] * h[i]) for i in on]
    for j in range(k, 6):
        across = [G[i][j] for i in on]
        q, p = dot(h, across), noise[j] - dot(b, across)
        rules += [(-p, 1 - q), (p, 1 + q)]
    low = max([Fraction(0), *(-a / c for a, c in rules if c > 0)])
    high = min([Fraction(10) ** 30, *(-a / c for a, c in rules if c < 0)])
    window = st.sign_window(A, x, e)
    if low < high:
        assert window.outer[0] <= low
        assert window.outer[1] >= high or window.outer[1] == np.inf
    if window.inner[0] < window.inner[1]:
        assert window.inner[0] >= low
        assert window.inner[1] <= high or high == 10**30
    if low < high < 10**30:
        assert_allclose((window.low, window.high), (float(low), float(high)), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("draw", DESIGNS)
def test_the_lasso_has_the_signs_inside_the_window_and_not_outside(draw):
    some = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        A = draw(30, 12, rng)
        x = 2 * st.sparse_signal(12, 3, rng, amplitude="signs")
        noise = 0.15 * rng.standard_normal(30)
        window = st.sign_window(A, x, noise)
        assert window.outer[0] <= window.low <= window.inner[0]
        assert window.inner[1] <= window.high <= window.outer[1]
        if window.low < window.high:
            some += 1
            assert window.inner[0] - window.outer[0] < 1e-9
            middle = 0.5 * (window.low + window.high)
            inside, outside = [middle], [0.97 * window.low, 1.03 * window.high]
            inside += [1.03 * window.low, 0.97 * window.high]
            inside = [t for t in inside if window.low < t < window.high]
        else:
            inside, outside = [], [window.low, window.high, 0.1, 0.5]
        for lam in inside:
            assert_array_equal(lasso_signs(A, A @ x + noise, lam), np.sign(x))
        for lam in outside:
            if 0 < lam < np.inf:
                assert np.any(lasso_signs(A, A @ x + noise, lam) != np.sign(x))
    assert some >= 3


def test_without_noise_the_window_is_there_exactly_if_the_condition_holds(rng):
    seen = set()
    for _ in range(40):
        A = rng.standard_normal((10, 9))
        x = st.sparse_signal(9, 3, rng, amplitude="signs")
        on = np.flatnonzero(x)
        found = st.irrepresentability(A, on, np.sign(x[on]))
        window = st.sign_window(A, x)
        assert (window.low < window.high) == (found.value < 1)
        if found.value < 1:
            G = A[:, on].T @ A[:, on]
            pull = np.sign(x[on]) * np.linalg.solve(G, np.sign(x[on]))
            assert window.low == 0
            assert_allclose(window.high, (1 / pull[pull > 0]).min(), rtol=1e-9)
        seen.add(found.value < 1)
    assert seen == {True, False}


def test_the_window_of_nothing_is_above_the_noise():
    window = st.sign_window(np.eye(3), np.zeros(3), [0.5, -2.0, 1.0])
    assert_allclose((window.low, window.high), (2.0, np.inf))


def test_the_window_of_all_features_has_no_lower_end(rng):
    A = rng.standard_normal((6, 3))
    window = st.sign_window(A, [5.0, -5.0, 5.0])
    assert window.low == 0 < window.high


@pytest.mark.parametrize("draw", DESIGNS)
def test_probability_bounds_hold_what_draws_say(draw):
    rng = np.random.default_rng(3)
    A = draw(40, 10, rng)
    x = np.zeros(10)
    x[[1, 5]] = 1.5, -1.0
    sigma, trials = 0.25, 2000
    lam = np.array([0.2, 0.4, 0.6, 0.8])
    low, high = st.sign_probability_bounds(A, x, sigma, lam)
    hits = np.zeros(4)
    for _ in range(trials):
        window = st.sign_window(A, x, sigma * rng.standard_normal(40))
        hits += (window.low < lam) & (lam < window.high)
    p = hits / trials
    assert np.all(low <= high)
    assert np.all(p >= low - 5 * np.sqrt(low * (1 - low) / trials) - 1 / trials)
    assert np.all(p <= high + 5 * np.sqrt(high * (1 - high) / trials) + 1 / trials)
    assert (high - low).max() > 0.01


def test_probability_of_two_features_is_exact():
    rho, sigma, x, lam = 0.6, 0.5, 2.0, np.array([0.3, 1.0, 2.2])
    A = equicorrelated(2, rho)
    low, high = st.sign_probability_bounds(A, [x, 0.0], sigma, lam)
    spread = sigma * np.sqrt(1 - rho**2)
    off = stats.norm.cdf(lam * (1 - rho) / spread)
    off -= stats.norm.cdf(-lam * (1 + rho) / spread)
    exact = off * stats.norm.cdf((x - lam) / sigma)
    assert_allclose(low, exact, rtol=1e-12)
    assert_allclose(high, exact, rtol=1e-12)


def test_orthogonal_features_enter_independently():
    x = np.array([3.0, -2.0, 0.0, 0.0, 0.0])
    low, high = st.sign_probability_bounds(np.eye(5), x, 1.0, 1.7)
    cdf = stats.norm.cdf
    exact = (1 - 2 * cdf(-1.7)) ** 3 * cdf(1.3) * cdf(0.3)
    assert low < exact < high
    assert_allclose(low, (1 - 6 * cdf(-1.7)) * (1 - cdf(-1.3) - cdf(-0.3)))
    assert_allclose(high, (1 - 2 * cdf(-1.7)) * cdf(0.3))


def test_window_of_weights_keeps_its_level_and_ends_where_that_ends(rng):
    A = st.gaussian_ar1(60, 20, rng, correlation=0.4)
    x = np.zeros(20)
    x[[2, 3, 11]] = 4.0, 5.0, -4.0
    sigma, level = 0.3, 0.9
    window = st.lambda_window(A, x, sigma, level=level)
    assert 0 < window.low < window.high
    lam = np.linspace(window.low, window.high, 50)
    low, _ = st.sign_probability_bounds(A, x, sigma, lam)
    assert low.min() >= level
    equal = np.sign(x) * window.beta_min
    at = st.lambda_window(A, equal, sigma, level=level)
    assert_allclose(at.high, at.low, rtol=1e-6)
    short = st.lambda_window(A, 0.99 * equal, sigma, level=level)
    assert short.high < short.low


def test_window_of_weights_in_closed_form():
    sigma, level, n = 0.7, 0.8, 6
    x = np.eye(n)[0] * 10
    risk = 1 - np.sqrt(level)
    window = st.lambda_window(np.eye(n), x, sigma, level=level)
    low = -sigma * stats.norm.ppf(risk / (2 * (n - 1)))
    need = -sigma * stats.norm.ppf(risk)
    assert_allclose(window.low, low, rtol=1e-9)
    assert_allclose(window.high, 10 - need, rtol=1e-9)
    assert_allclose(window.beta_min, low + need, rtol=1e-9)


def test_levels_next_to_one_have_a_window_too():
    level = np.nextafter(1, 0)
    window = st.lambda_window(np.eye(3), [30.0, 0.0, 0.0], 1.0, level=level)
    assert 8 < window.low < window.high < 25
    assert_allclose(stats.norm.sf(window.low), (1 - level) / 2 / 4, rtol=1e-6)


def test_no_weight_helps_where_the_condition_fails():
    A = worst_signs(3, 0.25)
    window = st.lambda_window(A, [1.0, 1.0, 1.0, 0.0], 0.1)
    assert (window.low, window.beta_min) == (np.inf, np.inf)
    _, high = st.sign_probability_bounds(A, [1.0, 1.0, 1.0, 0.0], 0.1, [0.1, 1.0, 10])
    assert high.max() <= 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda A, x: st.sign_window(A, x[:2]), r"x must have shape \(3,\)"),
        (lambda A, x: st.sign_window(A, x, [1.0]), r"noise must have shape \(3,\)"),
        (lambda A, x: st.sign_window(np.ones((3, 3)), [1, 1, 0]), r"got \[0, 1\]"),
        (lambda A, x: st.lambda_window(np.ones((3, 3)), [1, 1, 0], 1), r"\[0, 1\]"),
        (lambda A, x: st.lambda_window(A, x, 0.0), "sigma must be positive"),
        (lambda A, x: st.lambda_window(A, x, 1.0, level=0.4), r"\[0.5, 1\), got 0.4"),
        (lambda A, x: st.sign_probability_bounds(A, x, -1.0, 1.0), "sigma must be"),
        (lambda A, x: st.sign_probability_bounds(A, x, 1.0, 0.0), "lam must be pos"),
        (lambda A, x: st.sign_probability_bounds(A, x, 1.0, np.nan), "finite, got nan"),
    ],
)
def test_windows_name_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.eye(3), np.array([1.0, 0.0, 0.0]))


def test_a_small_entry_that_grows_with_the_weight_needs_a_large_one():
    # the third feature is nearly a sum of both others, and its pull is negative
    G = np.array([[1.0, 0.0, 0.7], [0.0, 1.0, 0.7], [0.7, 0.7, 1.0]])
    A = with_gram(G)
    x, sigma, level = np.array([90.0, 90.0, 5.0]), 1.0, 0.9
    lam = np.linspace(0.01, 8, 200)
    low, _ = st.sign_probability_bounds(A, x, sigma, lam)
    window = st.lambda_window(A, x, sigma, level=level)
    assert 0 < window.low < window.high
    assert low[0] < np.sqrt(level)
    inside = (window.low <= lam) & (lam <= window.high)
    assert inside.any()
    # without other features both factors are one, and the window is all there is
    assert_array_equal(low >= np.sqrt(level), inside)


def test_entries_too_small_leave_no_weight_but_say_how_large_they_must_be():
    n, sigma = 5, 1.0
    window = st.lambda_window(np.eye(n), 0.01 * np.eye(n)[0], sigma)
    enough = st.lambda_window(np.eye(n), window.beta_min * np.eye(n)[0], sigma)
    assert window.high < window.low == enough.low
    assert_allclose(enough.high, enough.low, rtol=1e-6)


def test_a_window_that_begins_at_zero_has_no_sign_there(rng):
    A = rng.standard_normal((6, 3))
    for x in ([1.0, 0.0, 0.0], [0.0, 0.0, 0.0]):
        window = st.sign_window(A, x)
        for low in (window.low, window.inner[0], window.outer[0]):
            assert str(low) == "0.0"


@pytest.mark.parametrize("size", [1e160, 1e-160])
def test_designs_and_noise_whose_squares_leave_the_floats_are_refused(size, rng):
    A, x = rng.standard_normal((6, 3)), np.array([1.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="A must be rescaled, got a largest entry of"):
        st.sign_window(size * A, x / size)
    with pytest.raises(ValueError, match="noise must be rescaled"):
        st.sign_window(A, x, size * A[:, 0])
    window, other = st.sign_window(A, x), st.sign_window(A, size * x)
    assert_allclose(other.high / size, window.high, rtol=1e-12)
