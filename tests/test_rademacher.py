"""Rademacher complexities against definitions, closed forms and their bounds."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import comb

import sparsetheory as sp
from sparsetheory import rademacher_bounds, rademacher_complexity
from sparsetheory.learning import bounds as bounding
from sparsetheory.learning import rademacher

WAVES = np.cos(np.outer(np.arange(1, 11), np.arange(1, 7)))
EXACT = [0.3724879291876334, 0.45388125314448846, 0.4923762374371412]
EXACT += [0.5115441765822032, 0.5196545177258672, 0.5222741654342575]
FIXED = [0.22464366509528216, 0.3170095380106349, 0.387918471917568]
FIXED += [0.4422202399800435, 0.4904476310749294, 0.533934798253031]
UNION = [0.6498982729237291, 0.8850324551678908, 1.0041128731978408]
UNION += [1.0531485155414153, 0.9904965673727005, 0.533934798253031]


def by_definition(X, k):
    """Try all signs and all supports."""
    m, n = X.shape
    total = 0.0
    for signs in product([-1.0, 1.0], repeat=m):
        z = np.array(signs) @ X
        total += max(np.linalg.norm(z[list(S)]) for S in combinations(range(n), k))
    return total / 2**m / m


def test_known_sample():
    found = rademacher_complexity(WAVES)
    assert found.exact
    assert found.trials == 2**10
    assert not found.error.any()
    assert found.k.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.value == pytest.approx(EXACT, rel=1e-13)


def test_known_bounds():
    bounds = rademacher_bounds(WAVES)
    assert bounds.fixed == pytest.approx(FIXED, rel=1e-13)
    assert bounds.union == pytest.approx(UNION, rel=1e-12)
    assert bounds.lower == pytest.approx(np.array(FIXED) / np.sqrt(2), rel=1e-13)
    assert bounds.upper[0] == pytest.approx(0.500799876451719, rel=1e-13)
    k = np.arange(1, 6)
    ratio = np.sqrt(k * np.log(np.e * 6 / k) / np.log(comb(6, k)))
    price = (bounds.union - bounds.fixed)[:5]
    assert (bounds.entropy - bounds.fixed)[:5] == pytest.approx(ratio * price)


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (5, 4), (7, 3)])
def test_all_signs_and_supports(shape, rng):
    X = rng.standard_normal(shape)
    for k in range(1, shape[1] + 1):
        found = rademacher_complexity(X, k).value
        assert found == pytest.approx(by_definition(X, k), rel=1e-12)


def test_blocks_of_signs_make_no_difference(monkeypatch, rng):
    X = rng.standard_normal((9, 4))
    whole = rademacher_complexity(X).value
    for name, value in (("LOW", 3), ("HELD", 8)):
        monkeypatch.setattr(rademacher, name, value)
        assert rademacher_complexity(X).value == pytest.approx(whole, rel=1e-13)


def test_ends_are_the_balls_of_l1_and_l2():
    """The supremum over a ball is the dual norm of X^T s."""
    signs = np.array(list(product([-1.0, 1.0], repeat=10)))
    images = signs @ WAVES / 10
    value = rademacher_complexity(WAVES, [1, 6], radius=2.5).value
    assert value[0] == pytest.approx(2.5 * np.abs(images).max(axis=1).mean())
    assert value[1] == pytest.approx(2.5 * np.linalg.norm(images, axis=1).mean())


def test_one_sample_has_the_norm_of_its_largest_entries():
    x = [[3.0, -4.0, 1.0]]
    assert rademacher_complexity(x).value == pytest.approx([4, 5, np.sqrt(26)])


def test_orthogonal_features_of_signs_cost_what_the_walk_costs():
    """One feature of ones: the mean distance of a random walk of m steps."""
    m = 10
    walk = m * comb(m, m // 2) / 2**m  # E |sum of signs|, m even
    assert rademacher_complexity(np.ones((m, 1)), 1).value == pytest.approx(walk / m)


def test_complexity_is_that_of_the_largest_energies_of_groups(rng):
    X = rng.standard_normal((6, 5))
    labels = np.array(["b", "a", "b", "c", "a"])
    found = rademacher_complexity(X, groups=labels).value
    expected = np.zeros(3)
    for signs in product([-1.0, 1.0], repeat=6):
        z = np.array(signs) @ X
        energies = np.sort([(z[labels == g] ** 2).sum() for g in "abc"])[::-1]
        expected += np.sqrt(np.cumsum(energies)) / 2**6 / 6
    assert found == pytest.approx(expected, rel=1e-12)
    whole = rademacher_complexity(X, 5).value
    assert found[-1] == pytest.approx(whole, rel=1e-12)
    single = rademacher_complexity(X, groups=1).value
    assert single == pytest.approx(rademacher_complexity(X).value, rel=1e-15)


def test_monte_carlo_agrees_with_all_signs(rng):
    X = rng.standard_normal((12, 9))
    exact = rademacher_complexity(X).value
    seed = int(rng.integers(100))
    found = rademacher_complexity(X, trials=3000, seed=seed)
    assert not found.exact
    assert found.trials == 3000
    assert (np.abs(found.value - exact) < 5 * found.error).all()
    assert (np.abs(found.value - 1.1 * exact) > 5 * found.error).all()


def test_standard_errors_are_those_of_the_draws(monkeypatch):
    """Blocks are merged into the mean and the variance of all draws."""
    drawn = []
    plain = rademacher._top_norms

    def kept(*arguments):
        drawn.append(plain(*arguments))
        return drawn[-1]

    monkeypatch.setattr(rademacher, "_top_norms", kept)
    found = rademacher_complexity(WAVES, [2, 5], trials=700)
    norms = np.concatenate(drawn) / 10
    assert norms.shape == (700, 2)
    assert found.value == pytest.approx(norms.mean(axis=0), rel=1e-13)
    error = norms.std(axis=0, ddof=1) / np.sqrt(700)
    assert found.error == pytest.approx(error, rel=1e-12)


def test_more_trials_begin_with_the_same_signs(monkeypatch):
    rows = []
    monkeypatch.setattr(
        rademacher, "_top_norms", lambda z, *rest: rows.append(z) or z[:, :1]
    )
    rademacher_complexity(WAVES, 1, trials=300)
    few = np.concatenate(rows)
    rows.clear()
    rademacher_complexity(WAVES, 1, trials=1000)
    np.testing.assert_array_equal(np.concatenate(rows)[:300], few)
    rows.clear()
    rademacher_complexity(WAVES, 1, trials=300, seed=1)
    assert not np.array_equal(np.concatenate(rows), few)


def test_normal_samples_have_the_norm_of_the_largest_normal_entries(rng):
    """Signs leave normal rows normal: over samples, X^T s / root m is N(0, I)."""
    m, n, k = 4, 30, [1, 6, 30]
    values = np.array(
        [
            rademacher_complexity(rng.standard_normal((m, n)), k).value
            for _ in range(400)
        ]
    )
    mean, error = values.mean(axis=0), values.std(axis=0) / 20
    assert (np.abs(mean - sp.expected_top_norm(n, k) / np.sqrt(m)) < 5 * error).all()


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1), st.booleans())
def test_bounds_hold(m, n, seed, grouped):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n)) * rng.choice([1e-3, 1.0, 30.0], n)
    groups = rng.integers(0, 3, n) if grouped else None
    found = rademacher_complexity(X, groups=groups).value
    bounds = rademacher_bounds(X, groups=groups)
    room = 1 + 1e-12
    assert (np.diff(found) >= -1e-12 * found[-1]).all()
    assert (bounds.lower <= found * room).all()
    assert (found <= bounds.upper * room).all()
    assert (bounds.upper <= bounds.union * room).all()
    assert (bounds.union <= bounds.entropy * room).all()


def test_the_lower_bound_is_attained_by_two_equal_samples():
    found = rademacher_complexity([[1.0], [1.0]], 1).value
    assert rademacher_bounds([[1.0], [1.0]], 1).lower == pytest.approx(found)


def test_one_support_is_bounded_without_a_logarithm_and_the_class_is_not(rng):
    X = rng.standard_normal((10, 12))
    k = 3
    fixed = rademacher_bounds(X, k).fixed
    singles = [
        rademacher_complexity(X[:, S], k).value for S in combinations(range(12), k)
    ]
    assert max(singles) <= fixed < rademacher_complexity(X, k).value


def test_eigenvalues_are_bounded_where_supports_are_too_many(monkeypatch, rng):
    X = rng.standard_normal((8, 10))
    for groups in (None, 2):
        tight = rademacher_bounds(X, groups=groups)
        with monkeypatch.context() as patch:
            patch.setattr(bounding, "WORK", 0)
            loose = rademacher_bounds(X, groups=groups)
        assert (loose.union >= tight.union * (1 - 1e-13)).all()
        assert loose.union[0] == pytest.approx(tight.union[0], rel=1e-12)
        assert loose.union[-1] == pytest.approx(tight.union[-1], rel=1e-12)
        assert (loose.union < 1.5 * tight.union).all()


@pytest.mark.parametrize("size", [1, 2])
def test_sums_of_blocks_bound_eigenvalues(size, rng, monkeypatch):
    """Where correlations are weak they are the least bound: nearly equal to all."""
    X = np.eye(8) + 0.01 * rng.standard_normal((8, 8))
    starts = np.arange(0, 9, size)
    sums = bounding._block_sums(X, starts)
    for k in range(1, 8 // size + 1):
        largest = max(
            np.linalg.norm(X[:, np.concatenate(S)], 2) ** 2
            for S in combinations(np.split(np.arange(8), 8 // size), k)
        )
        assert largest * (1 - 1e-13) <= sums[k - 1] <= 1.3 * largest
    monkeypatch.setattr(bounding, "HELD", 16)  # rows one by one
    assert bounding._block_sums(X, starts) == pytest.approx(sums, rel=1e-14)


def test_sums_of_blocks_have_the_entries_of_the_gram_matrix(rng):
    X = rng.standard_normal((3, 4))
    G = np.abs(X.T @ X)
    expected = [
        max(
            G[i, i] + sum(sorted(np.delete(G[i], i), reverse=True)[: k - 1])
            for i in range(4)
        )
        for k in (1, 2, 3, 4)
    ]
    assert bounding._block_sums(X, np.arange(5)) == pytest.approx(expected)


def test_the_least_upper_bound_is_one_of_four():
    """Orthogonal unit columns, also in few groups; and columns in equal pairs."""
    n = 400
    found = rademacher_bounds(np.eye(n), [2, 30, n]).upper * n
    ball, levels = 4 * np.log(2 * n), 60 * np.log(2 * np.e * n / 30)
    assert found**2 == pytest.approx([ball, levels, n], rel=1e-8)
    halves = rademacher_bounds(np.eye(n), 1, groups=200).upper * n
    tail = 200 + 2 * np.sqrt(200 * np.log(2)) + 2 * np.log(2)
    assert halves**2 == pytest.approx(tail, rel=1e-12)
    pairs = rademacher_bounds(np.repeat(np.eye(200), 2, axis=1), 1, groups=2)
    assert (200 * pairs.upper) ** 2 == pytest.approx(4 * np.log(800), rel=1e-12)
    exact = rademacher_complexity(np.repeat(np.eye(9), 2, axis=1), 1, groups=2)
    assert exact.value == pytest.approx(np.sqrt(2) / 9)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8), st.data())
def test_levels_are_the_best(lengths, data):
    """No level gives less, on a fine grid of them."""
    L = np.array(lengths)
    k = data.draw(st.integers(1, L.size))
    found = bounding._above_levels(L, np.array([k]))[0] ** 2
    t = np.geomspace(1e-9, 100, 4000)[:, None] * L.max()
    tried = k * t[:, 0] + 4 * (L * np.exp(-t / (2 * L))).sum(axis=1)
    assert found <= tried.min() * (1 + 1e-6)
    assert found >= tried.min() * (1 - 1e-3)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_scales_of_samples_do_not_matter(scale):
    assert rademacher_complexity(scale * WAVES).value / scale == pytest.approx(EXACT)
    bounds = rademacher_bounds(scale * WAVES)
    assert bounds.union / scale == pytest.approx(UNION)


def test_integers_memory_order_and_read_only_samples():
    X = np.arange(12).reshape(4, 3)
    found = rademacher_complexity(X).value
    view = np.asfortranarray(X, dtype=float)
    view.flags.writeable = False
    np.testing.assert_allclose(rademacher_complexity(view).value, found, rtol=1e-14)
    assert rademacher_complexity(X, [[1, 2], [3, 1]]).value.shape == (2, 2)
    assert rademacher_complexity(X, 2).value.shape == ()
    assert rademacher_complexity(np.zeros((3, 2))).value.tolist() == [0.0, 0.0]
    assert rademacher_bounds(np.zeros((3, 2))).upper.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("function", [rademacher_complexity, rademacher_bounds])
@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"X": [1.0, 2.0]}, ValueError, "X must have 2 axes"),
        ({"X": np.zeros((0, 3))}, ValueError, r"got shape \(0, 3\)"),
        ({"X": [[np.nan]]}, ValueError, "X must be finite, got nan"),
        ({"X": [[1j]]}, TypeError, "X must be real"),
        ({"k": 7}, ValueError, r"k must be in 1\.\.6, got 7"),
        ({"k": [1, 0]}, ValueError, r"k must be in 1\.\.6, got 0"),
        ({"k": 2.0}, TypeError, r"k must be an integer, got 2\.0"),
        ({"k": True}, TypeError, "k must be an integer, got True"),
        ({"k": []}, ValueError, "k must not be empty"),
        ({"k": 4, "groups": 2}, ValueError, r"k must be in 1\.\.3, got 4"),
        ({"groups": 4}, ValueError, "groups must divide"),
        ({"radius": 0.0}, ValueError, r"radius must be positive and finite, got 0\.0"),
    ],
)
def test_bad_input_is_refused(function, change, error, words):
    with pytest.raises(error, match=words):
        function(**{"X": WAVES} | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trials": 1}, "trials must be at least 2, got 1"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"X": np.ones((25, 1))}, "at most 24 rows without trials, got 25"),
    ],
)
def test_bad_trials_are_refused(change, words):
    with pytest.raises(ValueError, match=words):
        rademacher_complexity(**{"X": WAVES} | change)
