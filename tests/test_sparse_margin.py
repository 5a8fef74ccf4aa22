"""The best k features against all supports, and the proof of the search."""

import contextlib
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from separable import INTERCEPTS, draw

from sparsetheory import best_sparse_margin, max_margin
from sparsetheory.learning import sparse_margin


@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_the_best_features_are_the_best_of_all_supports(intercept, rng):
    X, y = draw(int(rng.integers(1000)), 10, 7)
    if intercept:
        X = X + 3.0
    before = 0.0
    for k in range(1, 8):
        found = best_sparse_margin(X, y, k, intercept=intercept)
        assert found.verify(X, y)
        assert found.upper - found.lower < 1e-9
        values = []
        for S in combinations(range(7), k):
            with contextlib.suppress(ValueError):  # not separable
                values.append(max_margin(X[:, S], y, intercept=intercept).lower)
        assert found.lower == pytest.approx(max(values), rel=1e-10)
        assert found.support.size == k
        assert np.isin(np.flatnonzero(found.w), found.support).all()
        assert before <= found.upper
        before = found.lower
    whole = max_margin(X, y, intercept=intercept)
    assert found.lower == pytest.approx(whole.lower, rel=1e-10)


def test_a_search_leaves_out_most_supports():
    X, y = draw(2, 30, 30, 2)
    found = best_sparse_margin(X, y, 3)
    assert len(found.inside) < 4060 / 10
    assert found.verify(X, y)


def test_a_search_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(sparse_margin, "MOST", 3)
    with pytest.raises(ValueError, match="at most 3 parts"):
        best_sparse_margin(*draw(2, 12, 8, 3), 4)
    monkeypatch.setattr(sparse_margin, "PAIRS", 30)
    with pytest.raises(ValueError, match="at most 30 pairs of labels, got 36"):
        best_sparse_margin(*draw(2, 12, 8), 4, intercept=True)


SPARSE = {
    "lower": lambda f: {"lower": f.lower + 1e-9},
    "upper": lambda f: {"upper": f.upper - 1e-9},
    "nan": lambda f: {"upper": np.nan},
    "nowhere": lambda f: {"lower": np.nan},
    "adrift": lambda f: {"b": np.nan},
    "infinite": lambda f: {"w": np.where(f.w != 0, np.inf, 0)},
    "part": lambda f: {
        "inside": f.inside[1:],
        "outside": f.outside[1:],
        "weights": f.weights[1:],
    },
    "twice": lambda f: {
        "inside": np.r_[f.inside[1:], f.inside[-1:]],
        "outside": np.r_[f.outside[1:], f.outside[-1:]],
        "weights": np.r_[f.weights[1:], f.weights[-1:]],
    },
    "rows": lambda f: {"weights": f.weights[1:]},
    "both": lambda f: {"outside": f.outside | f.inside},
    "weights": lambda f: {"weights": 0.5 * f.weights},
    "support": lambda f: {"support": f.support[:-1]},
    "elsewhere": lambda f: {"w": np.roll(f.w, 1)},
    "zero": lambda f: {"w": 0 * f.w},
    "shifted": lambda f: {"b": 0.1},
}


@pytest.mark.parametrize("change", SPARSE)
def test_false_proofs_of_the_best_features_are_refused(change):
    X, y = draw(6, 12, 6, 2)
    found = best_sparse_margin(X, y, 3)
    assert len(found.inside) > 2
    assert found.verify(X, y)
    assert not replace(found, **SPARSE[change](found)).verify(X, y)


def test_parts_are_a_partition_if_each_support_lies_in_one():
    def flags(*rows):
        return np.array(rows, dtype=bool)

    is_partition = sparse_margin._is_partition
    nothing = flags([0, 0])
    assert is_partition(nothing, nothing, 1)
    assert is_partition(flags([1, 0], [0, 0]), flags([0, 0], [1, 0]), 1)
    assert not is_partition(flags([1, 0]), nothing, 1)
    assert not is_partition(flags([1, 0], [1, 0]), flags([0, 0], [0, 0]), 1)
    assert not is_partition(flags([0, 0], [0, 0]), flags([0, 0], [0, 0]), 1)
    assert not is_partition(flags([1, 0], [0, 0]), flags([1, 0], [1, 0]), 1)


def test_the_bound_of_a_part_has_the_features_inside():
    Z, a, none = np.eye(3), np.array([0.5, 0.3, 0.2]), np.zeros(3, dtype=bool)
    inside, outside = np.array([0, 0, 1], dtype=bool), np.array([1, 0, 0], dtype=bool)
    for s, t, support in (
        (none, none, [0, 1]),
        (inside, none, [0, 2]),
        (none, outside, [1, 2]),
    ):
        bound, chosen = sparse_margin._bound(Z, a, s, t, 2)
        assert chosen.tolist() == support
        assert bound == pytest.approx(np.linalg.norm(a[support]))
