"""Margins, the largest ones with their proofs, and what pruning does to them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from separable import INTERCEPTS, draw

from sparsetheory import (
    best_sparse_margin,
    deletion_margins,
    margin,
    max_margin,
    svc_max_margin,
)
from sparsetheory.learning.max_margin import nearest

PAIR = [[1.0, 1.0], [1.0, -1.0]], [1, 1]
TRIPLE = [[1.0, 0.5], [1.0, -0.3], [1.2, 0.1]], [1, 1, 1]
THREE = [[1.0, 1.0, 0.0], [1.0, -0.5, 0.5], [1.5, 0.0, -1.0]], [1, 1, 1]
PS = (1, 2)
seeds = st.integers(0, 2**32 - 1)


def test_known_margins_rise_when_a_feature_goes():
    assert margin(*PAIR, [1, 1]).geometric == 0.0
    assert margin(*PAIR, [1, 0]).geometric == 1.0
    assert margin(*TRIPLE, [1.0, 0.8]).geometric == pytest.approx(0.5934602951767031)
    assert margin(*TRIPLE, [1.0, 0.0]).geometric == 1.0


@pytest.mark.parametrize("p", PS)
@given(seed=seeds)
def test_margins_are_distances_to_the_boundary(p, seed):
    """To move a sample by its margin, in the dual norm, brings it to the boundary."""
    rng = np.random.default_rng(seed)
    X, w, b = rng.standard_normal((5, 3)), rng.standard_normal(3), rng.standard_normal()
    y = rng.choice([-1, 1], 5)
    step = np.sign(w) if p == 1 else w / np.linalg.norm(w)
    found = margin(X, y, w, b, p=p)
    moved = X - (y * found.margins)[:, None] * step
    np.testing.assert_allclose(moved @ w + b, 0, atol=1e-12)
    assert found.geometric == found.margins.min()
    lengths = np.linalg.norm(X, np.inf if p == 1 else 2, axis=1)
    assert found.radius == pytest.approx(lengths.max())
    assert found.normalised == pytest.approx(found.geometric / lengths.max())


def test_neither_the_length_of_w_nor_of_x_matters():
    X, y = draw(0)
    w, plain = np.array([1.0, -0.2, 0.3, 0.0]), margin(*draw(0), [1.0, -0.2, 0.3, 0.0])
    for scale in (1e-250, 1e-3, 1e250):
        found = margin(X, y, scale * w)
        assert found.margins == pytest.approx(plain.margins, rel=1e-13)
        found = margin(scale * X, y, w)
        assert found.normalised == pytest.approx(plain.normalised, rel=1e-13)


def test_the_radius_counts_features_that_are_used():
    X, y = [[3.0, 4.0], [1.0, 0.0]], [1, 1]
    assert margin(X, y, [1, 1]).radius == 5.0
    assert margin(X, y, [1, 0]).radius == 3.0
    assert margin(X, y, [1, 1], p=1).radius == 4.0
    assert np.isnan(margin([[0.0, 1.0]], [1], [1, 0]).normalised)


@pytest.mark.parametrize("p", PS)
@given(seed=seeds, n=st.integers(1, 6))
def test_deletion_margins_are_those_of_what_is_left(p, seed, n):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((7, n)), rng.choice([-1, 1], 7)
    w = rng.standard_normal(n) * rng.choice([0.0, 1e-9, 1.0, 1e9], n)
    w[rng.integers(n)] = 1.0
    b = rng.standard_normal()
    found = deletion_margins(X, y, w, b, p=p)
    for j in range(n):
        rest = np.where(np.arange(n) == j, 0.0, w)
        if not rest.any():
            assert np.isnan(found[j])
            continue
        exact = margin(X, y, rest, b, p=p).geometric
        assert found[j] == pytest.approx(exact, rel=1e-9, abs=1e-9 * abs(exact))


@given(seed=seeds)
def test_deleting_a_feature_raises_the_margin_exactly_if_the_condition_holds(seed):
    rng = np.random.default_rng(seed)
    X, y, w = rng.standard_normal((4, 3)), rng.choice([-1, 1], 4), rng.random(3) + 0.1
    w /= np.linalg.norm(w)
    margins = y * (X @ w)
    j = rng.integers(3)
    left = margins - y * w[j] * X[:, j]
    condition = (left > np.sqrt(1 - w[j] ** 2) * margins.min()).all()
    before, after = margin(X, y, w).geometric, deletion_margins(X, y, w)[j]
    assert condition == (after > before)


@pytest.mark.parametrize("p", PS)
@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_largest_margins_are_proved_and_no_classifier_beats_them(p, intercept, rng):
    X, y = draw(int(rng.integers(1000)), m=12, n=6)
    found = max_margin(X, y, p=p, intercept=intercept)
    assert found.verify(X, y)
    assert 0 < found.lower <= found.upper <= found.lower + 1e-11
    assert np.linalg.norm(found.w, p) == pytest.approx(1)
    assert margin(X, y, found.w, found.b, p=p).geometric == pytest.approx(found.lower)
    for w in found.w + 0.1 * rng.standard_normal((50, 6)):
        heights = X @ w
        b = -(heights[y > 0].min() + heights[y < 0].max()) / 2 if intercept else 0.0
        assert margin(X, y, w, b, p=p).geometric <= found.upper


def test_known_largest_margins():
    assert max_margin(*PAIR).lower == pytest.approx(1.0)
    found = max_margin(*THREE)
    assert found.lower == pytest.approx(1.0488088481701625, rel=1e-12)
    assert found.w == pytest.approx([0.95346258924, 0.09534625892, 0.28603877677])
    exact = {(0,): 1.0, (0, 1): 1.0, (0, 2): 1.0}
    for S, value in exact.items():
        sample = np.array(THREE[0])[:, S]
        assert max_margin(sample, THREE[1]).lower == pytest.approx(value, rel=1e-12)
    with pytest.raises(ValueError, match="X and y must be separable"):
        max_margin(np.array(THREE[0])[:, [1, 2]], THREE[1])


def test_two_samples_are_halved_by_their_bisector():
    X, y = [[3.0, 4.0], [0.0, 0.0]], [1, -1]
    found = max_margin(X, y, intercept=True)
    assert found.lower == pytest.approx(2.5)
    assert found.w == pytest.approx([0.6, 0.8])
    assert found.b == pytest.approx(-2.5)
    assert found.weights == pytest.approx([0.5, 0.5])
    assert found.support.tolist() == [0, 1]
    sparse = max_margin(X, y, intercept=True, p=1)
    assert sparse.lower == pytest.approx(2.0)
    assert sparse.w == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize(("m", "n"), [(10, 30), (60, 8)])
def test_cvxpy_and_svc_agree(m, n, intercept, rng):
    X, y = draw(int(rng.integers(1000)), m, n)
    if intercept:
        X = X + 10.0
    exact = max_margin(X, y, intercept=intercept)
    found = svc_max_margin(X, y, intercept=intercept)
    assert exact.verify(X, y)
    assert found.verify(X, y)
    assert exact.gap < 1e-10
    assert found.gap < 1e-5
    assert found.w == pytest.approx(exact.w, abs=1e-4)
    assert found.b == pytest.approx(exact.b, abs=1e-3)


@pytest.mark.parametrize("p", PS)
def test_an_intercept_makes_translations_harmless(p):
    X, y = draw(3, 10, 5)
    plain = max_margin(X, y, intercept=True, p=p)
    moved = max_margin(X + 1e4, y, intercept=True, p=p)
    assert moved.verify(X + 1e4, y)
    assert moved.lower == pytest.approx(plain.lower, abs=1e-7)


@pytest.mark.parametrize("scale", [1e-300, 1e-100, 1e200])
@pytest.mark.parametrize("p", PS)
def test_scales_do_not_matter(scale, p):
    X, y = draw(4)
    plain = max_margin(X, y, p=p, intercept=True)
    found = max_margin(scale * X, y, p=p, intercept=True)
    assert found.lower / scale == pytest.approx(plain.lower, rel=1e-10)
    assert found.b / scale == pytest.approx(plain.b, rel=1e-8, abs=1e-10)
    assert found.verify(scale * X, y)


def test_an_l1_margin_has_few_features():
    X, y = draw(1, 10, 40, 3)
    assert np.count_nonzero(max_margin(X, y, p=1).w) <= 10
    assert np.count_nonzero(max_margin(X, y).w) == 40


@pytest.mark.parametrize("p", PS)
@given(seed=seeds)
def test_fewer_features_never_have_a_larger_margin(p, seed):
    X, y = draw(seed)
    whole = max_margin(X, y, p=p)
    assert np.nanmax(deletion_margins(X, y, whole.w, p=p)) <= whole.upper
    S = np.r_[0, 1 + np.random.default_rng(seed).choice(3, 2, replace=False)]
    assert max_margin(X[:, S], y, p=p).lower <= whole.upper


def test_the_margin_over_the_radius_may_rise():
    """Of 100 samples in 50 features, 3 of which are their label and some noise."""
    rng = np.random.default_rng(0)
    y = rng.choice([-1, 1], 100)
    X = rng.standard_normal((100, 50))
    X[:, :3] = y[:, None] * (1 + 0.2 * X[:, :3])
    dense, sparse = max_margin(X, y), max_margin(X[:, :3], y)
    assert sparse.upper < dense.lower
    few = margin(X[:, :3], y, sparse.w).normalised
    assert few > 2 * margin(X, y, dense.w).normalised


FALSE = {
    "lower": lambda f: {"lower": f.lower + 1e-9},
    "upper": lambda f: {"upper": f.upper - 1e-9},
    "nan": lambda f: {"upper": np.nan},
    "nowhere": lambda f: {"lower": np.nan},
    "adrift": lambda f: {"b": np.nan},
    "negative": lambda f: {"weights": f.weights - 0.1},
    "doubled": lambda f: {"weights": 0.5 * f.weights},
    "flipped": lambda f: {"w": -f.w},
    "short": lambda f: {"w": f.w[:-1]},
    "zero": lambda f: {"w": 0 * f.w},
    "infinite": lambda f: {"w": np.inf * f.w},
    "shifted": lambda f: {"b": f.b + 0.1},
    "weights": lambda f: {"weights": f.weights[:-1]},
    "unknown": lambda f: {"weights": np.nan * f.weights},
}


@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("change", FALSE)
def test_false_proofs_are_refused(change, intercept):
    X, y = draw(5)
    found = max_margin(X, y, intercept=intercept)
    assert not replace(found, **FALSE[change](found)).verify(X, y)


def test_weights_of_one_class_prove_nothing_with_an_intercept():
    X, y = draw(5)
    without = max_margin(X, y)
    assert not replace(without, intercept=True).verify(X, y)
    assert replace(without, upper=without.upper + 1.0, lower=0.0).verify(X, y)


@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
def test_small_margins_are_as_exact_as_large_ones(size, intercept, rng):
    X, y = draw(int(rng.integers(1000)), 20, 5)
    X[:, 0] *= size
    for found in (
        max_margin(X, y, intercept=intercept),
        best_sparse_margin(X, y, 5, intercept=intercept),
    ):
        assert found.verify(X, y)
        assert size / 2 < found.upper < found.lower + 1e-12


@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_nearest_points_have_no_smaller_product_with_a_sample(intercept, rng):
    """The condition of Wolfe: the least vector of a hull supports it."""
    X, y = draw(int(rng.integers(1000)), 9, 5)
    Z = y[:, None] * X
    weights = nearest(Z, y.astype(float), intercept)
    v = weights @ Z
    products = Z @ v
    sums = [products[y > 0].min(), products[y < 0].min()]
    least = sum(sums) / 2 if intercept else products.min()
    assert least == pytest.approx(v @ v, rel=1e-12)


def test_features_that_do_not_separate_are_refused():
    with pytest.raises(ValueError, match="separable by k = 1 features, got a margin"):
        best_sparse_margin(np.array(THREE[0])[:, 1:], THREE[1], 1)
    for solve in (max_margin, svc_max_margin):
        with pytest.raises(ValueError, match=r"separable, got a margin of .* at most"):
            solve([[1.0], [2.0], [3.0]], [1, -1, 1], intercept=True)
        with pytest.raises(ValueError, match="separable, got a margin of"):
            solve(np.zeros((2, 2)), [1, -1])


def test_integers_lists_and_memory_order():
    X, y = np.array([[2, 1], [1, 3], [-1, -2]]), np.array([1, 1, -1], dtype=np.int8)
    exact = max_margin(X.astype(float), y)
    for form in (X.tolist(), np.asfortranarray(X), X.astype(np.float32)):
        assert max_margin(form, y.tolist()).lower == exact.lower
        assert margin(form, y, exact.w).geometric == pytest.approx(exact.lower)


SOLVERS = [max_margin, svc_max_margin, partial(best_sparse_margin, k=1)]


@pytest.mark.parametrize("solve", [*SOLVERS, lambda X, y: margin(X, y, [1.0, 1.0])])
@pytest.mark.parametrize(
    ("X", "y", "error", "words"),
    [
        ([1.0, 2.0], [1, 1], ValueError, "X must have 2 axes"),
        (np.zeros((0, 2)), [], ValueError, r"got shape \(0, 2\)"),
        ([[np.inf, 1.0]], [1], ValueError, "X must be finite, got inf"),
        ([[1j, 1.0]], [1], TypeError, "X must be real"),
        ([[1.0, 1.0]], [1, 1], ValueError, r"y must have shape \(1,\) to match X"),
        ([[1.0, 1.0]], [0], ValueError, r"labels -1 and 1, got 0\.0"),
        ([[1.0, 1.0]], [np.nan], ValueError, "y must be finite"),
    ],
)
def test_bad_samples_are_refused(solve, X, y, error, words):
    with pytest.raises(error, match=words):
        solve(X, y)


@pytest.mark.parametrize("solve", SOLVERS)
def test_an_intercept_needs_both_labels(solve):
    with pytest.raises(ValueError, match="both labels for an intercept, got -1 alone"):
        solve([[1.0, 1.0], [2.0, 1.0]], [-1, -1], intercept=True)


@pytest.mark.parametrize("function", [margin, deletion_margins])
def test_bad_classifiers_are_refused(function):
    with pytest.raises(ValueError, match=r"w must have shape \(2,\) to match X"):
        function(*PAIR, [1.0])
    with pytest.raises(ValueError, match="w must not be zero"):
        function(*PAIR, [0.0, 0.0])
    with pytest.raises(ValueError, match="b must be finite, got nan"):
        function(*PAIR, [1.0, 0.0], np.nan)
    with pytest.raises(ValueError, match="p must be 1 or 2, got 3"):
        function(*PAIR, [1.0, 0.0], p=3)
    with pytest.raises(ValueError, match=r"k must be in 1\.\.2, got 3"):
        best_sparse_margin(*PAIR, 3)


def test_a_proof_without_intercept_allows_none():
    """All labels are plus, so that any intercept would raise the margin."""
    for found in (max_margin(*PAIR), best_sparse_margin(*PAIR, 1)):
        assert found.verify(*PAIR)
        assert not replace(found, b=0.1).verify(*PAIR)
