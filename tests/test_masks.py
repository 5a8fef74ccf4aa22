"""Masks, best approximations and schedules of pruning."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

import sparsetheory as st

WHOLE = some.integers(-3, 3).map(float)  # with ties

SCORES = arrays(float, some.integers(1, 12), elements=WHOLE)


@pytest.mark.parametrize(
    ("d", "density", "k"),
    [
        *[(50, 0.58, 29), (100, 0.29, 29), (100, 0.57, 57), (100, 0.58, 58)],
        *[(200, 0.29, 58), (200, 0.57, 114), (200, 0.58, 116)],
    ],
)
def test_budgets_are_not_one_short_where_floats_are(d, density, k):
    assert int(d * density) == k - 1
    assert st.mask_budget(d, density) == k


@given(some.integers(0, 10**9), some.integers(0, 1000))
def test_a_budget_is_the_largest_within_the_density(d, mille):
    k = st.mask_budget(d, mille / 1000)
    assert 1000 * k <= d * mille < 1000 * (k + 1)
    assert st.mask_budget(d, Fraction(mille, 1000)) == k
    assert st.mask_budget(d, np.float32(mille / 1000)) == k


@given(SCORES, some.data())
def test_top_masks_keep_k_and_nothing_pruned_beats_what_is_kept(scores, data):
    k = data.draw(some.integers(0, scores.size))
    mask = st.top_mask(scores, k)
    assert np.count_nonzero(mask) == k
    assert st.mask_density(mask) == k / scores.size
    order = np.lexsort((np.arange(scores.size), -scores))
    assert_array_equal(np.flatnonzero(mask), np.sort(order[:k]))


@given(SCORES, some.data())
def test_what_was_pruned_stays_pruned(scores, data):
    bits = some.lists(some.booleans(), min_size=scores.size, max_size=scores.size)
    within = np.array(data.draw(bits))
    k = data.draw(some.integers(0, int(within.sum())))
    mask = st.top_mask(scores, k, within=within)
    assert np.count_nonzero(mask) == k
    assert not np.any(mask & ~within)
    assert_array_equal(mask[within], st.top_mask(scores[within], k) if k else False)


def test_a_list_of_layers_is_pruned_as_one_vector(rng):
    layers = [rng.standard_normal((3, 4)), rng.standard_normal(5), np.zeros((0, 2))]
    masks = st.top_mask(layers, 7)
    assert [mask.shape for mask in masks] == [(3, 4), (5,), (0, 2)]
    flat = st.top_mask(np.concatenate([layer.ravel() for layer in layers]), 7)
    assert_array_equal(np.concatenate([mask.ravel() for mask in masks]), flat)


def test_layers_of_any_memory_order_and_type_are_read_alike(rng):
    a = rng.integers(-9, 9, (4, 6))
    for other in (np.asfortranarray(a), a.astype(float), a[::-1][::-1], a.tolist()):
        assert_array_equal(st.top_mask(other, 7), st.top_mask(a, 7))


def test_each_layer_has_its_own_budget(rng):
    layers = [rng.standard_normal(n) for n in (100, 50, 3)]
    masks = st.layer_masks(layers, 0.29)
    assert [int(mask.sum()) for mask in masks] == [29, 14, 0]
    again = st.layer_masks(layers, 0.1, within=[*masks[:2], np.ones(3, bool)])
    assert all(np.all(new <= old) for new, old in zip(again[:2], masks, strict=False))
    for layer, mask in zip(layers, masks, strict=True):
        assert_array_equal(mask, st.top_mask(layer, int(mask.sum())))


def published(sizes, rate):
    """Counts removed by rules in use, of which only the last is exact."""
    ranked, n = np.sort(sizes), sizes.size
    count = int(n * rate)
    below = int((sizes < ranked[count - 1]).sum()) if count else 0
    exact = n - int(st.top_mask(sizes, n - round(n * rate)).sum())
    return below, int((sizes <= ranked[count - 1]).sum()), exact


@pytest.mark.parametrize(
    ("sizes", "rate", "removed"),
    [
        (np.arange(1, 11), 0.2, (1, 2, 2)),
        (np.arange(1, 12), 0.9, (8, 9, 10)),
        (np.arange(1, 102), 0.9, (89, 90, 91)),
        (np.array([0] * 6 + [1, 2, 3, 4]), 0.2, (0, 6, 2)),
        (np.full(10, 7), 0.2, (0, 10, 2)),
    ],
)
def test_a_strict_threshold_prunes_one_too_few_and_ties_spoil_both(
    sizes, rate, removed
):
    assert published(sizes, rate) == removed


@pytest.mark.parametrize(
    ("d", "path"),
    [(9, [9, 9, 9, 9]), (20, [20, 17, 15, 13, 12, 11, 10, 9, 9])],
)
def test_a_strict_threshold_stalls_at_nine_weights(d, path):
    sizes, counts = np.arange(1.0, d + 1), [d]
    for _ in path[1:]:
        threshold = np.sort(sizes)[max(int(sizes.size * 0.2), 1) - 1]
        sizes = sizes[~(sizes < threshold)]
        counts.append(sizes.size)
    assert counts == path


def test_a_strict_threshold_leaves_more_weights_each_round():
    sizes, counts = np.random.default_rng(0).permutation(LENET), []
    for _ in range(12):
        threshold = np.partition(sizes, int(0.2 * sizes.size) - 1)
        sizes = sizes[~(sizes < threshold[int(0.2 * sizes.size) - 1])]
        counts.append(sizes.size)
    assert counts == [
        *[212961, 170370, 136297, 109039, 87233, 69788, 55832, 44667],
        *[35735, 28589, 22873, 18300],
    ]


@given(some.lists(some.sampled_from("abc"), min_size=1, max_size=9), some.data())
def test_group_masks_and_weight_masks_correspond(labels, data):
    size = len(set(labels))
    active = np.array(data.draw(some.lists(some.booleans(), min_size=size,
                                           max_size=size)))  # fmt: skip
    mask = st.expand_groups(active, labels)
    assert_array_equal(st.active_groups(mask, labels), active)
    for g, label in enumerate(sorted(set(labels))):
        assert_array_equal(mask[np.array(labels) == label], active[g])


@given(some.lists(some.booleans(), min_size=1, max_size=6), some.integers(1, 4))
def test_groups_of_one_size_are_expanded_as_by_their_labels(active, size):
    mask = st.expand_groups(active, size)
    labels = np.arange(size * len(active)) // size
    assert np.array_equal(mask, st.expand_groups(active, labels))
    assert np.array_equal(st.active_groups(mask, size), active)


def test_a_density_that_was_computed_counts_as_it_is_written():
    assert st.mask_budget(100, 1 - 0.9) == 9
    assert st.mask_budget(100, 0.1) == st.mask_budget(100, 1 - Fraction("0.9")) == 10


def test_a_group_is_active_if_any_weight_is_kept():
    mask = np.array([True, False, False, False])
    assert_array_equal(st.active_groups(mask, 2), [True, False])


def test_zeros_of_the_weights_lower_their_density_and_not_that_of_the_mask():
    w, mask = np.array([0.0, 1.0, 2.0, 0.0]), np.array([True, True, False, False])
    assert st.mask_density(mask) == 0.5
    assert st.weight_density(w, mask) == 0.25
    assert st.weight_density([w, w[:1]]) == 0.4
    assert st.weight_density(-w) == 0.5


BAD_MASKS = [
    (lambda: st.mask_budget(10, 1.01), ValueError, "density must lie in .* got 1.01"),
    (lambda: st.mask_budget(10, -0.1), ValueError, "density must .* got -0.1"),
    (lambda: st.mask_budget(10, np.nan), ValueError, "density must .* got nan"),
    (lambda: st.mask_budget(10, "0.5"), TypeError, "must be a number, got '0.5'"),
    (lambda: st.mask_budget(10, True), TypeError, "must be a number, got True"),
    (lambda: st.mask_budget(10, np.True_), TypeError, "must be a number, got np.True_"),
    (lambda: st.expand_groups([True], 0), ValueError, "groups must be at least 1"),
    (lambda: st.expand_groups([True], 2.0), TypeError, "groups must be an integer"),
    (lambda: st.mask_budget(2.5, 0.1), TypeError, "d must be an integer, got 2.5"),
    (lambda: st.top_mask([1.0, np.nan], 1), ValueError, r"finite, got nan at \(1,\)"),
    (lambda: st.top_mask([1.0, np.inf], 1), ValueError, "finite, got inf"),
    (lambda: st.top_mask([1.0, 2.0], 3), ValueError, r"k must be in 0\.\.2, got 3"),
    (lambda: st.top_mask([], 0), ValueError, "scores must not be empty"),
    (lambda: st.top_mask([np.zeros((0, 3))], 0), ValueError, "scores must not be emp"),
    (lambda: st.top_mask([1j], 0), TypeError, "scores must be real"),
    (lambda: st.top_mask(["a"], 0), TypeError, "scores must be numeric"),
    (
        lambda: st.top_mask([np.ones(2), np.array([0, np.nan])], 1),
        ValueError,
        r"scores\[1\] must be finite, got nan",
    ),
    (
        lambda: st.top_mask([1.0, 2.0], 1, within=[True]),
        ValueError,
        r"within must have shape \(2,\), got shape \(1,\)",
    ),
    (
        lambda: st.top_mask([1.0, 2.0], 1, within=[1, 0]),
        TypeError,
        "within must be boolean, got dtype int",
    ),
    (
        lambda: st.top_mask([1.0, 2.0], 2, within=[True, False]),
        ValueError,
        r"k must be in 0\.\.1, got 2",
    ),
    (lambda: st.layer_masks(np.ones(3), 0.5), TypeError, "must be a list of arrays"),
    (lambda: st.layer_masks([np.ones(3)], 2), ValueError, "density must lie in"),
    (lambda: st.mask_density([]), ValueError, "mask must not be empty"),
    (lambda: st.mask_density([0, 1]), TypeError, "mask must be boolean"),
    (
        lambda: st.layer_masks(
            [np.ones(2), np.ones(4)],
            *[0.5],
            within=[np.ones(2, bool), np.arange(4) < 1],
        ),
        ValueError,
        r"within\[1\] must keep at least 2 to leave a density of 0\.5, got 1",
    ),
    (
        lambda: st.top_mask([2**53, 2**53 + 1], 1),
        ValueError,
        "scores must be within 2\\^53 if integers, got 9007199254740993",
    ),
    (
        lambda: st.layer_masks([np.ones(1), np.array([-(2**63)])], 1),
        ValueError,
        "got -9223372036854775808",
    ),
    (
        lambda: st.top_mask(np.array([2**63], dtype=np.uint64), 1),
        ValueError,
        "got 9223372036854775808",
    ),
    (
        lambda: st.magnitude_saliency([[1.0, 2.0], [3.0]]),
        ValueError,
        "w must be an array, got lists of unequal lengths",
    ),
    (
        lambda: st.mask_density([[True, False], [True]]),
        ValueError,
        "mask must be an array, got lists of unequal lengths",
    ),
    (
        lambda: st.best_k_term([1.0, 2.0], 1, weights=[1.0]),
        ValueError,
        r"weights must have shape \(2,\) to match w, got \(1,\)",
    ),
    (lambda: st.expand_groups([True], ["a", "b"]), ValueError, r"shape \(2,\) to matc"),
    (lambda: st.active_groups([True, True], [1]), ValueError, "groups must have shape"),
    (lambda: st.best_k_term([1.0], 2), ValueError, r"k must be in 0\.\.1, got 2"),
    (lambda: st.best_k_term([1.0], 1, p=0), ValueError, "p must be positive, got 0"),
    (lambda: st.best_k_term([1.0], 1, p=np.nan), ValueError, "positive, got nan"),
    (lambda: st.best_k_term([], 0), ValueError, "w must have entries"),
    (
        lambda: st.best_k_term([1.0], 1, weights=[0.0]),
        ValueError,
        "positive weights, got 0",
    ),
    (
        lambda: st.best_quadratic([1.0, 2.0], np.ones((2, 2)), 1),
        ValueError,
        "positive definite, its least eigenvalue is",
    ),
    (
        lambda: st.best_quadratic([1.0, 2.0], [[1.0, 0.5], [0.0, 1.0]], 1),
        ValueError,
        r"symmetric, got 0.5 and 0.0 at \(0, 1\)",
    ),
    (
        lambda: st.best_quadratic(np.ones(40), np.eye(40), 20),
        ValueError,
        f"at most 1000000 supports, got {comb(40, 20)}",
    ),
    (lambda: st.best_quadratic([1.0], np.ones((1, 2)), 1), ValueError, "square"),
    (lambda: st.best_groups([1.0], [0], 1), ValueError, "positive .* got 0 and 1.0"),
    (lambda: st.best_groups([-1.0], [1], 1), ValueError, "got 1 and -1.0"),
    (lambda: st.best_groups([1.0], [1.5], 1), TypeError, "sizes must be integers"),
    (lambda: st.best_groups([], [], 1), ValueError, "not empty"),
    (
        lambda: st.best_groups([1.0, 1.0], [10**9, 10**9 - 1], 10**9),
        ValueError,
        "the table must have at most",
    ),
]


def test_integers_that_floats_tell_apart_are_ranked():
    most = 2**53
    for scores in ([most - 1, most], [-most, 1 - most]):
        assert st.top_mask(scores, 1).tolist() == [False, True]
    small = np.array([1, most], dtype=np.uint64)
    assert st.top_mask(small, 1).tolist() == [False, True]


@pytest.mark.parametrize(("call", "error", "message"), BAD_MASKS)
def test_bad_input_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


LENET = 266200
