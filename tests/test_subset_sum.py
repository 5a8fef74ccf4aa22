"""Subset sums, pruned neurons and covering: enumeration, closed forms, simulation."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

import sparsetheory as st

SIZES = [6, 8, 10, 12, 14, 16]


@pytest.fixture(scope="module")
def trials():
    return st.subset_sum_trials(SIZES, trials=1200)


@given(
    values=some.lists(some.floats(-1e3, 1e3), max_size=10),
    target=some.floats(-1e3, 1e3),
)
def test_the_best_subset_is_the_best_of_all(values, target):
    found = st.best_subset(values, target)
    masks = np.array(list(product([False, True], repeat=len(values))), dtype=bool)
    errors = np.abs(masks @ np.array(values) - target)
    assert found.mask.shape == (len(values),)
    assert found.mask.dtype == bool
    assert_allclose(found.total, np.array(values)[found.mask].sum(), atol=1e-9)
    assert_allclose(found.error, abs(found.total - target), atol=1e-9)
    assert_allclose(found.error, errors.min(), atol=1e-9)


def test_a_hidden_subset_is_found_among_a_billion():
    rng = np.random.default_rng(0)
    values = rng.integers(-(10**12), 10**12, 30)
    mask = rng.random(30) < 0.5
    found = st.best_subset(values, values[mask].sum())
    assert_array_equal(found.mask, mask)
    assert found.error == 0


def test_one_weight_covers_its_neighbourhood():
    # the empty subset, and U within eps of z
    assert_allclose(st.subset_sum_expectation(1, 0.5, [0.1, 0.5, 0.7]), [0.1, 1.5, 1.6])
    assert_allclose(st.subset_sum_density(1, [0.0, 0.99, 1.5]), [0.5, 0.5, 0])


def test_two_weights_have_a_triangle():
    z = np.array([-1.7, -0.4, 0.0, 0.9, 1.5, 2.5])
    expected = 2 * 0.5 * (np.abs(z) < 1) + np.maximum(2 - np.abs(z), 0) / 4
    assert_allclose(st.subset_sum_density(2, z), expected, rtol=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 40])
def test_all_subsets_are_counted(n):
    assert_allclose(st.subset_sum_expectation(n, 0.3, 2.0 * n), 2.0**n, rtol=1e-11)
    assert_allclose(st.subset_sum_expectation(n, -n, n), (2.0**n + 1) / 2, rtol=1e-11)


def test_few_subsets_are_a_density_times_a_length():
    for n in (2, 7, 40):
        eps = 1e-9
        found = st.subset_sum_expectation(n, 0.4, eps)
        assert_allclose(found, 2 * eps * st.subset_sum_density(n, 0.4), rtol=1e-7)


def test_subsets_in_an_interval_are_the_integral_of_their_density():
    for n in (2, 3, 5):
        nodes = np.linspace(0.1, 0.9, 401)
        middles = 0.5 * (nodes[1:] + nodes[:-1])
        expected = 0.8 * st.subset_sum_density(n, middles).mean()
        assert_allclose(st.subset_sum_expectation(n, 0.5, 0.4), expected, rtol=1e-5)


def test_many_weights_have_a_normal_density():
    n, z = 100, 2.0
    expected = 2.0**n * math.sqrt(3 / (math.pi * n)) * math.exp(-3 * z * z / n)
    assert_allclose(st.subset_sum_density(n, z), expected, rtol=1e-3)


def test_as_many_subsets_are_close_as_expected():
    n, z, draws = 7, 0.6, 20_000
    values = np.random.default_rng(0).uniform(-1, 1, (draws, n))
    masks = np.array(list(product([0.0, 1.0], repeat=n)))
    distance = np.abs(values @ masks.T - z)
    for eps in (0.003, 0.02, 0.5):
        counts = (distance <= eps).sum(axis=1)
        expected = st.subset_sum_expectation(n, z, eps)
        error = 5 * counts.std() / math.sqrt(draws)
        assert abs(counts.mean() - expected) < error
        assert abs(counts.mean() - 1.2 * expected) > error
        assert np.mean(counts > 0) <= expected + error


def test_the_error_of_the_best_subset_has_its_law(trials):
    count = trials.subset.shape[1]
    median = st.subset_sum_median_error(trials.n, 0.5)
    chance = st.subset_sum_probability(trials.n, 0.5, median)
    assert_allclose(chance, 0.5, atol=1e-9)
    for factor in (0.1, 0.3, 1.0, 3.0, 10.0):
        p = st.subset_sum_probability(trials.n, 0.5, factor * median)
        share = np.mean(trials.subset <= factor * median[:, None], axis=1)
        # 0.02 is what the approximation may be off
        assert np.all(np.abs(share - p) < 0.02 + 5 * np.sqrt(p * (1 - p) / count))


def test_the_empty_subset_will_do_for_small_targets():
    found = st.subset_sum_probability(6, [0.0, 0.005, -0.01, 0.011], 0.01)
    assert_array_equal(found[:3], 1)
    assert 0.3 < found[3] < 0.5
    z = np.array([0.0, 0.01, -0.01, 0.5])
    median = st.subset_sum_median_error(6, z)
    assert_array_equal(median[:3], np.abs(z[:3]))
    assert median[3] < 0.03
    count = 1000
    for target, law in zip(z[:2], median[:2], strict=True):
        errors = st.subset_sum_trials(6, target, trials=count).subset
        assert np.median(errors) == law
    share = np.mean(st.subset_sum_trials(6, 0.011, trials=count).subset <= 0.01)
    assert abs(share - found[3]) < 0.02 + 5 * 0.5 / math.sqrt(count)


def test_the_rate_of_the_law_is_that_of_the_weights_drawn():
    # Given the weights, a random subset's sum is normal with mean sum(w)/2 and
    # variance sum(w^2)/4.
    n, draws = 100, 20_000
    w = np.random.default_rng(0).uniform(-1, 1, (draws, n))
    for z in (0.3, 4.0, -8.0):
        law = norm(w.sum(axis=1) / 2, np.sqrt((w * w).sum(axis=1)) / 2)
        rate = 2.0**n * law.pdf(z)
        for factor in (0.1, 1.0, 10.0):
            eps = factor * st.subset_sum_median_error(n, z)
            hit = -np.expm1(-2 * eps * rate)
            p = st.subset_sum_probability(n, z, eps)
            assert abs(hit.mean() - p) < 0.01 + 5 * hit.std() / math.sqrt(draws)


def test_weights_that_lean_together_make_the_law_wider_than_poisson():
    # median error over that of a Poisson process, log 2 / 2 D
    n, z = np.array([12, 40, 100]), 0.1
    ratio = st.subset_sum_median_error(n, z) * st.subset_sum_density(n, z) * 2
    assert np.all(ratio / math.log(2) > 1.06)
    small = st.subset_sum_probability(n, z, 1e-6 / st.subset_sum_density(n, z))
    assert_allclose(small, 2e-6, rtol=1e-5)  # the rate is right in the mean


def test_medians_are_those_of_the_ledger(trials):
    # simulated elsewhere, 400 trials each, for n = 6, 8, ..., 16
    subset = [0.0200, 0.0048, 0.00120, 0.00030, 7.51e-5, 2.41e-5]
    single = [0.1129, 0.0819, 0.0683, 0.0535, 0.0486, 0.0422]
    assert_allclose(np.median(trials.subset, axis=1), subset, rtol=0.35)
    assert_allclose(np.median(trials.single, axis=1), single, rtol=0.2)
    assert_allclose(st.subset_sum_median_error(SIZES, 0.5), subset, rtol=0.25)


def test_an_error_falls_by_half_with_each_weight_and_like_one_over_n_without_sums():
    n = np.arange(8, 60)
    error = st.subset_sum_median_error(n, 0.5)
    assert_allclose(error[1:] / error[:-1], 0.5, rtol=0.08)
    single = st.single_weight_median_error(n, 0.5)
    assert_allclose(n * single, math.log(2), rtol=0.05)


def test_the_best_single_weight_has_its_median(trials):
    for z in (0.5, 0.95, -2.0):
        found = st.subset_sum_trials([1, 3, 9], z, trials=2000)
        median = st.single_weight_median_error([1, 3, 9], z)
        share = np.mean(found.single <= median[:, None], axis=1)
        assert np.all(np.abs(share - 0.5) < 5 * 0.5 / math.sqrt(2000))
    assert_allclose(
        st.single_weight_median_error([4, 6], 0.5), [0.159104, 0.109101], 1e-5
    )


def test_sizes_grow_with_the_logarithm_of_the_accuracy():
    eps = 2.0 ** -np.arange(2, 30)
    n = st.subset_sum_size(eps, 0.5)
    reached = st.subset_sum_expectation(n.astype(int), 0.5, eps)
    before = st.subset_sum_expectation(np.maximum(n.astype(int) - 1, 1), 0.5, eps)
    assert np.all(reached >= 0.5)
    assert np.all((before < 0.5) | (n == 1))
    bits = np.log2(1 / eps)
    assert np.all(n <= bits + np.log2(bits))
    assert st.subset_sum_size(0.5, 0.2) == 0
    assert st.subset_sum_size(1e-3, 0.5, chance=0.99) > st.subset_sum_size(1e-3, 0.5)


def test_fewer_weights_than_the_size_fail_more_often(trials):
    for eps in (1e-2, 1e-3):
        n = int(st.subset_sum_size(eps, 0.5)) - 1
        found = st.subset_sum_trials(n, trials=1000)
        assert np.mean(found.subset <= eps) < 0.5


def test_an_interval_is_covered_as_often_as_measured():
    found = st.subset_sum_trials([6, 8, 10, 12], trials=300, cover=True)
    # simulated elsewhere, 300 trials each, eps = .05
    share, expected = np.mean(found.cover <= 0.05, axis=1), [0.21, 0.783, 0.927, 0.99]
    assert np.all(np.abs(share - expected) < 5 * np.sqrt(2 * 0.25 / 300))
    # 2^n intervals of length 2 eps cover a length of 1
    assert np.all(found.cover >= 0.5 ** (found.n[:, None] + 1))
    plain = st.subset_sum_trials([6, 8], trials=5)
    assert_array_equal(plain.subset, found.subset[:2, :5])
    assert np.isnan(plain.cover).all()
    assert np.all(found.subset <= found.cover)  # the target is in the interval


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_covered_interval_is_seen_on_a_grid(n):
    found = st.subset_sum_trials(n, trials=3, cover=True)
    for trial in range(3):
        # the same stream, one block
        values = np.random.default_rng((0, n, 0, 0, 0, 0)).uniform(-1, 1, (3, n))[trial]
        masks = np.array(list(product([0.0, 1.0], repeat=n)))
        grid = np.linspace(-0.5, 0.5, 20_001)
        gaps = np.abs(grid[:, None] - masks @ values).min(axis=1)
        assert_allclose(found.cover[0, trial], gaps.max(), atol=1e-4)


def test_a_pruned_network_is_the_weight_to_within_its_error():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, (2, 24))
    found = st.pruned_weight(a, b, -0.4)
    x = np.linspace(-1, 1, 201)[:, None]
    output = (np.maximum(x * a, 0) * b) @ found.mask
    assert_allclose(np.abs(output + 0.4 * x[:, 0]).max(), found.error, rtol=1e-12)
    assert_allclose(output[-1], found.positive)
    assert_allclose(output[0], -found.negative)
    kept = [st.best_subset((a * b)[a > 0], -0.4), st.best_subset((a * b)[a < 0], -0.4)]
    assert found.error == max(each.error for each in kept)
    assert found.error < 0.01


def test_neurons_are_realised_as_closely_as_measured():
    found = st.pruned_neuron_trials([6, 10, 14, 16], trials=120)
    # simulated elsewhere, 40 trials each
    assert_allclose(np.median(found.errors[:2], axis=1), [1.04, 0.36], rtol=0.35)
    middle = np.median(found.errors[2:], axis=1)
    assert np.all(np.abs(np.log(middle / [1.8e-3, 4.5e-4])) < math.log(2))
    assert found.errors.shape == (4, 120)
    assert np.all(found.errors >= 0)


def test_lenses_are_those_of_the_ledger():
    found = st.ball_hit_probability([1, 2, 3], 0.5, 1.0, 1.0)
    assert_allclose(found, [0.25, 0.11165247968116598, 0.05078125], rtol=1e-13)


def test_hits_happen_as_often_as_the_volume_says():
    rng, draws, d, B = np.random.default_rng(0), 200_000, 4, 2.0
    v = rng.standard_normal((draws, d))
    v *= B * rng.random((draws, 1)) ** (1 / d) / np.linalg.norm(v, axis=1)[:, None]
    for r, eps in [(1.5, 0.9), (0.3, 1.0), (2.0, 1.5), (0.5, 1.8), (3.0, 2.0), (3, 4)]:
        p = float(st.ball_hit_probability(d, eps, B, r))
        w = np.array([r, 0.0, 0.0, 0.0])
        share = np.mean(np.linalg.norm(v - w, axis=1) < eps)
        error = 5 * math.sqrt(p * (1 - p) / draws)
        assert abs(share - p) < error
        assert abs(share - 1.2 * p) > error


def test_balls_inside_and_apart():
    found = st.ball_hit_probability(3, [0.5, 0.5, 3.0, 0.5], 1.0, [0, 0.5, 1.0, 1.5])
    assert_allclose(found, [1 / 8, 1 / 8, 1, 0])


def test_the_covering_bound_holds_for_the_ball_and_fails_for_a_cut_normal():
    eps, r = np.linspace(0.01, 2.0, 40)[:, None], np.linspace(0, 1, 30)
    for d in (1, 2, 5, 30):
        p = st.ball_hit_probability(d, eps, 1.0, r)
        assert np.all(p >= (eps / 2) ** d * (1 - 1e-12))
    tight = st.ball_hit_probability(1, eps, 1.0, 1.0)
    assert_allclose(tight, eps / 2)
    cut = (norm.cdf(5) - norm.cdf(4)) / (norm.cdf(5) - norm.cdf(-5))
    assert_allclose(cut, 3.1384608254091025e-05)
    assert cut < 0.1 * float(st.ball_hit_probability(1, 1.0, 5.0, 5.0))


def test_covering_sizes_are_those_of_the_ledger():
    d = np.arange(1, 7)
    found = np.ceil(st.covering_size(10, (0.1 / 2) ** d, 0.05))
    assert found.tolist() == [104, 2117, 42384, 847729, 16954613, 339092309]
    assert_allclose(10 * (1 - 0.3) ** st.covering_size(10, 0.3, 0.01), 0.01)
    tiny = st.covering_size(3, 1e-200, 0.5)
    assert_allclose(tiny, math.log(6) * 1e200)


def test_the_sketched_width_is_enough_and_the_headline_is_not():
    n, eta = 10, 0.05
    d = np.arange(1, 7)
    sketch = st.malach_sketch_size(n, d, 0.1, 1.0, eta)
    assert np.all(sketch >= n * st.covering_size(n, (0.1 / 2) ** d, eta))
    # -log(1 - p) is p to first order
    assert_allclose(sketch[3:], n * st.covering_size(n, 0.05 ** d[3:], eta), rtol=1e-5)
    headline = st.malach_headline_size(n, eta)
    assert_allclose(headline, 100 * math.log(200))
    # even at the centre a neuron is close with chance eps^d, and one is needed
    assert headline * st.ball_hit_probability(5, 0.1, 1.0, 0.0) < 0.1 < 1 - eta
    assert st.malach_sketch_size(2, 10**6, 0.1, 1.0, eta) == np.inf


def test_balls_of_very_different_sizes():
    # a ball seen from inside a far larger one's boundary is cut by a plane
    for e in (1e9, 1e100, 1e200):
        for d in (1, 2, 3, 50):
            found = st.ball_hit_probability(d, e, 1.0, e)
            assert_allclose(found, 0.5, rtol=1e-7)
    # and less is cut by a sphere: to first order in its curvature
    e = 1e7
    for d in (2, 3, 20):
        slice_ = math.gamma(d / 2 + 1) / math.gamma((d + 1) / 2) / math.sqrt(math.pi)
        missing = 0.5 - float(st.ball_hit_probability(d, e, 1.0, e))
        assert_allclose(missing, slice_ / (2 * e) * (d - 1) / (d + 1), rtol=1e-6)
    huge = st.ball_hit_probability(3, [1e200, 1.0, 1e-200], [1e-200, 1.0, 1e200], 1.0)
    assert_allclose(huge, [1, 0.3125, 0], rtol=1e-13)
    assert st.ball_hit_probability(2, 1.0, 1.0, 1e300) == 0


def test_typical_sizes_are_the_inverse_of_the_chance():
    for chance in (0.5, 0.9):
        for eps in (1e-2, 1e-3):
            n = int(st.subset_sum_typical_size(eps, 0.5, chance))
            assert n >= st.subset_sum_size(eps, 0.5, chance)
            assert st.subset_sum_probability(n, 0.5, eps) >= chance
            assert st.subset_sum_probability(n - 1, 0.5, eps) < chance
            count = 600
            shares = np.mean(
                st.subset_sum_trials([n - 2, n + 1], trials=count).subset <= eps, axis=1
            )
            error = 5 * math.sqrt(chance * (1 - chance) / count)
            assert shares[1] > chance - error
            assert shares[0] < chance + error
    assert st.subset_sum_typical_size(0.5, 0.2) == 0
    with pytest.raises(ValueError, match="in reach of 100 weights"):
        st.subset_sum_typical_size(1e-3, 1e3)


def test_the_union_bound_is_a_bound():
    rng, draws = np.random.default_rng(0), 4000
    targets = np.linspace(-1, 1, 5)
    for m in (50, 100, 200):
        v = rng.uniform(-1, 1, (draws, m, 1))
        matched = np.mean((np.abs(v - targets) < 0.1).any(axis=1).all(axis=1))
        assert matched >= 1 - 5 * (1 - 0.05) ** m - 5 * 0.5 / math.sqrt(draws)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: st.best_subset(np.ones(45), 0), ValueError, "at most 44, got 45"),
        (lambda: st.best_subset([1.0, np.nan], 0), ValueError, "got nan at"),
        (lambda: st.best_subset([1j], 0), TypeError, "must be real"),
        (lambda: st.best_subset([[1.0]], 0), ValueError, "must have 1 axes"),
        (lambda: st.best_subset([1.0], np.inf), ValueError, "target must be finite"),
        (lambda: st.best_subset([1.0], [0.1, 0.2]), ValueError, r"0 axes.*\(2,\)"),
        (lambda: st.subset_sum_trials(3, [0.1, 9.0]), ValueError, r"target .*\(2,\)"),
        (lambda: st.pruned_weight([1.0], [1, 2], 0), ValueError, r"\(1,\), \(2,\)"),
        (lambda: st.subset_sum_trials(45), ValueError, r"in 1..44, got 45"),
        (lambda: st.subset_sum_trials(21, cover=True), ValueError, "in 1..20, got 21"),
        (lambda: st.subset_sum_trials([]), ValueError, r"got shape \(0,\)"),
        (lambda: st.subset_sum_trials(2.5), TypeError, "must be an integer, got"),
        (lambda: st.subset_sum_trials(2, trials=0), ValueError, "at least 1, got 0"),
        (lambda: st.pruned_neuron_trials(0), ValueError, "units must be in 1..44"),
        (lambda: st.subset_sum_expectation(101, 0, 1), ValueError, "at most 100, got"),
        (lambda: st.subset_sum_expectation(3, np.nan, 1), ValueError, "target must"),
        (lambda: st.subset_sum_expectation(3, 0, -1), ValueError, "eps must be non-n"),
        (lambda: st.subset_sum_density(0, 0), ValueError, "n must be whole and at"),
        (lambda: st.subset_sum_size(0, 0.5), ValueError, "eps must be positive"),
        (lambda: st.subset_sum_size(0.1, 0.5, 1.0), ValueError, r"\(0, 1\), got 1.0"),
        (lambda: st.subset_sum_size(1e-3, 1e3), ValueError, "in reach of 100 weights"),
        (lambda: st.ball_hit_probability(0, 1, 1, 0), ValueError, "d must .* got 0"),
        (lambda: st.ball_hit_probability(2, 1, 0, 0), ValueError, "radius must be p"),
        (lambda: st.covering_size(0, 0.5, 0.1), ValueError, r"^n must .* got 0\.0"),
        (lambda: st.single_weight_median_error(3, np.nan), ValueError, "finite, got n"),
        (lambda: st.subset_sum_density(3, np.nan), ValueError, "target must be finite"),
        (lambda: st.malach_headline_size(1.5, 0.1), ValueError, r"^n must .* got 1\.5"),
        (
            lambda: st.malach_sketch_size(2, 0, 1, 1, 0.1),
            ValueError,
            "^d must be whole",
        ),
        (lambda: st.malach_sketch_size(2, 1, 3, 1, 0.1), ValueError, "at most 2 rad"),
        (lambda: st.covering_size(2, 1.0, 0.1), ValueError, r"p must lie in \(0, 1\)"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
