"""Bounds on errors that were not seen, beside gaps that are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import comb

import sparsetheory as sp
from sparsetheory import (
    GeneralisationGaps,
    generalisation_bound,
    generalisation_gaps,
    margin_bound,
    occam_bound,
    ramp_loss,
)


def test_the_ramp_lies_between_two_counts():
    t = np.linspace(-2, 2, 401)
    ramp = ramp_loss(t, scale=0.5)
    assert ((t <= 0) <= ramp).all()
    assert (ramp <= (t < 0.5)).all()
    assert np.abs(np.diff(ramp)).max() == pytest.approx(0.01 / 0.5)
    assert ramp_loss(0.125, scale=0.5) == 0.75


def test_the_margin_bound_has_its_three_terms():
    found = margin_bound(0.1, 0.02, 450, scale=0.25, confidence=0.9)
    assert found == pytest.approx(0.1 + 2 * 0.02 / 0.25 + 3 * np.sqrt(np.log(20) / 900))
    assert margin_bound([0.1, 0.2], [[0.1], [0.2]], 9, scale=1.0).shape == (2, 2)


def test_occam_counts_supports_and_bits():
    classes = comb(20, 3, exact=True) * 2 ** (3 * 4)
    expected = np.sqrt(np.log(classes / 0.1) / (2 * 50))
    assert occam_bound(20, 3, 50, bits=4, confidence=0.9) == pytest.approx(expected)
    known = occam_bound(7400, 795, 1000, bits=32)
    assert known == pytest.approx(3.1746414882910208, rel=1e-9)


@given(st.integers(1, 9), st.integers(1, 30), st.floats(0.5, 0.99))
def test_occam_holds_for_the_worst_of_independent_functions(n, m, confidence):
    """Each of N functions exceeds its mean by t with chance exp(-2 m t^2) at most."""
    k = (n + 1) // 2
    t = occam_bound(n, k, m, bits=0, confidence=confidence)
    union = comb(n, k) * np.exp(-2 * m * t**2)
    assert union == pytest.approx(1 - confidence, rel=1e-9)


def test_the_bound_of_a_classifier_is_made_of_its_parts(rng):
    X = rng.standard_normal((50, 6))
    w = np.array([3.0, 0.0, -4.0, 0.0, 0.0, 0.0])
    y = np.sign(X[:, 0])
    found = generalisation_bound(X, y, w, scale=0.5, confidence=0.9)
    assert found.k == 2
    assert found.risk == pytest.approx(ramp_loss(y * (X @ w) / 5, 0.5).mean())
    assert found.complexity == pytest.approx(sp.rademacher_bounds(X, 2).upper)
    whole = margin_bound(
        found.risk, found.complexity, 50, scale=0.5, confidence=1 - 0.1 / 6
    )
    assert found.bound == pytest.approx(float(whole))
    again = generalisation_bound(X, y, 1e-200 * w, scale=0.5, confidence=0.9)
    assert again.bound == pytest.approx(found.bound)


def test_a_bound_can_say_something():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 20))
    found = generalisation_bound(X, np.sign(X[:, 0]), np.eye(20)[0], scale=0.3)
    assert 0 < found.bound < 0.4  # the error is 0


def test_gaps_of_coin_flips_are_the_complexity_of_the_class():
    """The mean fit to labels that mean nothing, by two formulas and by definition."""
    n, m, k = 40, 60, [1, 8, 40]
    found = generalisation_gaps(n, m, k, noise=0.5, trials=300)
    assert (found.error == 0.5).all()
    mean = found.fit.mean(axis=1)
    error = found.fit.std(axis=1) / np.sqrt(300)
    exact = sp.expected_top_norm(n, k) / np.sqrt(m)
    assert (np.abs(mean - exact) < 5 * error).all()
    one_support = sp.expected_top_norm(k, k) / np.sqrt(m)
    assert ((mean - one_support)[:2] > 5 * error[:2]).all()
    assert (found.fit <= found.complexity + 5 / np.sqrt(m)).all()


def test_errors_are_those_of_new_samples(monkeypatch):
    """Measured on fresh samples; the classifier is taken from its own formula."""
    n, m, k, flip = 10, 30, 3, 0.1
    found = generalisation_gaps(n, m, k, informative=2, noise=flip, trials=1, seed=3)
    X = np.random.default_rng((3, n, m, 0, 0, 0)).standard_normal((m, n))
    flips = np.random.default_rng((3, n, m, 0, 0, 2)).random(m) < flip
    u = np.r_[np.ones(2), np.zeros(8)] / np.sqrt(2)
    y = np.sign(X @ u) * np.where(flips, -1, 1)
    w = X.T @ y / m
    w[np.argsort(np.abs(w))[: n - k]] = 0.0
    w /= np.linalg.norm(w)
    assert found.wrong[0, 0] == np.count_nonzero(y * (X @ w) <= 0)
    assert found.risk[0, 0] == pytest.approx(ramp_loss(y * (X @ w), 1.0).mean())
    rng, size = np.random.default_rng(99), 200_000
    fresh = rng.standard_normal((size, n))
    labels = np.sign(fresh @ u) * np.where(rng.random(size) < flip, -1, 1)
    heights = labels * (fresh @ w)
    error = found.error[0, 0]
    assert abs((heights <= 0).mean() - error) < 5 * np.sqrt(error / size)
    fit = (y * (X @ w)).mean() - heights.mean()
    assert abs(found.fit[0, 0] - fit) < 5 * heights.std() / np.sqrt(size)


def test_bounds_hold_and_gaps_rise_with_features():
    k = [1, 5, 20, 100]
    found = generalisation_gaps(100, 300, k, informative=3, noise=0.2, trials=40)
    assert found.covered.tolist() == [40] * 4
    assert (found.bound >= found.risk).all()
    mean, low, high = found.mean_gap()
    assert (np.diff(mean) > 0).all()
    assert (low < mean).all()
    assert (mean < high).all()
    assert low[-1] > high[0]


def test_covered_counts_errors_below_their_bounds():
    found = generalisation_gaps(4, 20, [1, 4], trials=6, noise=0.3)
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
    bound = np.where(np.arange(6) < [[2], [5]], found.error, found.error - 1e-9)
    again = GeneralisationGaps(**fields | {"bound": bound})
    assert again.covered.tolist() == [2, 5]
    np.testing.assert_allclose(found.gap, found.error - found.wrong / 20)


def test_intervals_are_those_of_student():
    found = generalisation_gaps(4, 20, 2, trials=2, noise=0.3)
    mean, low, high = found.mean_gap(0.5)  # its quantile for 1 degree is 1
    assert high - mean == pytest.approx(np.ptp(found.gap) / 2)
    assert mean - low == pytest.approx(np.ptp(found.gap) / 2)
    single = generalisation_gaps(4, 20, 2, trials=1).mean_gap()
    assert single[1:] == (-np.inf, np.inf)


def test_more_trials_begin_with_the_same():
    few = generalisation_gaps(5, 12, [1, 3], trials=3, noise=0.2, seed=4)
    more = generalisation_gaps(5, 12, [3], trials=5, noise=0.2, seed=4)
    np.testing.assert_array_equal(more.error[0, :3], few.error[1])
    other = generalisation_gaps(5, 12, [3], trials=3, noise=0.2, seed=5)
    assert not np.array_equal(other.error, more.error[:, :3])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"n": 0}, ValueError, "n must be at least 1, got 0"),
        ({"m": 2.5}, TypeError, r"m must be an integer, got 2\.5"),
        ({"k": 11}, ValueError, r"k must be in 1\.\.10, got 11"),
        ({"k": []}, ValueError, "k must be a number or a list"),
        ({"informative": 11}, ValueError, r"informative must be in 1\.\.10, got 11"),
        ({"noise": 0.6}, ValueError, r"noise must lie in \[0, 1/2\], got 0\.6"),
        ({"noise": np.nan}, ValueError, "noise must be non-negative and finite"),
        ({"scale": 0}, ValueError, "scale must be positive"),
        ({"confidence": 1.0}, ValueError, r"confidence must lie in \(0, 1\), got 1\.0"),
        ({"trials": 0}, ValueError, "trials must be at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
    ],
)
def test_bad_settings_are_refused(change, error, words):
    with pytest.raises(error, match=words):
        generalisation_gaps(**{"n": 10, "m": 20, "k": 2} | change)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: margin_bound(-0.1, 0.1, 9, scale=1), "risk must be non-negative"),
        (lambda: margin_bound(0.1, np.nan, 9, scale=1), "complexity must be non-neg"),
        (lambda: margin_bound(0.1, 0.1, 0, scale=1), "m must be positive"),
        (lambda: margin_bound(0.1, 0.1, 9, scale=-1), "scale must be positive"),
        (
            lambda: margin_bound(0.1, 0.1, 9, scale=1, confidence=0.0),
            "confidence must be positive",
        ),
        (lambda: occam_bound(4, 5, 9, bits=1), "n, k must be whole"),
        (lambda: occam_bound(4, 2, 9, bits=-1), "bits must be non-negative"),
        (lambda: occam_bound(4, 2, 9, bits=1, confidence=2), r"confidence must lie in"),
        (lambda: ramp_loss([np.nan], 1.0), "margins must be finite, got nan"),
        (lambda: ramp_loss([1.0], 0.0), "scale must be positive"),
    ],
)
def test_bad_numbers_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_pictures_of_complexities():
    X = np.cos(np.outer(np.arange(1, 11), np.arange(1, 7)))
    exact = sp.rademacher_complexity(X, [3, 1])
    ax = sp.plot_rademacher(exact, sp.rademacher_bounds(X))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[-1] == "all supports, exact"
    heights = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_array_equal(
        heights["one support, upper bound"], sp.rademacher_bounds(X).fixed
    )
    drawn = sp.rademacher_complexity(X, [1, 3], trials=10)
    assert sp.plot_rademacher(drawn, ax=ax) is ax
    ax = sp.plot_rademacher(drawn)
    assert ax.get_legend().get_texts()[0].get_text() == "all supports, Monte Carlo"
    low, high = ax.collections[0].get_segments()[0][:, 1]
    assert high - low == pytest.approx(4 * drawn.error[0])


def test_pictures_of_nothing_and_of_a_union_far_above():
    zero = np.zeros((3, 2))
    found = sp.rademacher_complexity(zero)
    ax = sp.plot_rademacher(found, sp.rademacher_bounds(zero))
    assert ax.get_ylim()[0] == 0
    X = np.random.default_rng(0).standard_normal((8, 60))
    bounds = sp.rademacher_bounds(X)
    ax = sp.plot_rademacher(sp.rademacher_complexity(X), bounds)
    assert ax.get_ylim() == (0, pytest.approx(2 * bounds.upper.max()))


def test_pictures_of_margins():
    X, y = [[1.0, 0.0], [0.5, 1.0], [-1.0, 1.0]], [1, 1, 1]
    found = sp.margin(X, y, [1.0, 0.0])
    ax = sp.plot_margins({"one": found})
    steps = ax.lines[0].get_xdata()
    assert sorted(set(steps) & set(found.margins)) == sorted(found.margins)
    assert sp.plot_margins({"two": found}, ax=ax) is ax
    with pytest.raises(ValueError, match="margins must not be empty"):
        sp.plot_margins({})


def test_pictures_of_gaps():
    found = generalisation_gaps(20, 50, [20, 1], noise=0.2, trials=4)
    ax = sp.plot_generalisation(found)
    lines = {line.get_label(): line.get_xydata() for line in ax.lines}
    bound = lines["upper bound on test error less ramp loss"]
    assert bound[:, 0].tolist() == [1, 20]
    assert bound[:, 1] == pytest.approx((found.bound - found.risk).mean(axis=1)[::-1])
    rate = lines[r"$\sqrt{k \log(n/k) / m}$"]
    assert rate[-1] == pytest.approx([20, 0])
    assert sp.plot_generalisation(found, ax=ax) is ax
