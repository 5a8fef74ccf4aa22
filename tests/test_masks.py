"""Masks, best approximations and schedules of pruning."""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import combinations
from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

WHOLE = some.integers(-3, 3).map(float)  # with ties
SCORES = arrays(float, some.integers(1, 12), elements=WHOLE)
W = np.array([3.0, -2.5, 1.5, -1.0, 0.75])


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


@pytest.mark.parametrize(
    ("p", "error"),
    [
        *[(0.5, 9.5528608939117), (1, 3.25), (2, 1.9525624189766635)],
        *[(3, 1.6864991779263563), (np.inf, 1.5)],
    ],
)
def test_magnitude_is_best_in_every_lp_norm(p, error):
    best = st.best_k_term(W, 2, p=p)
    assert_array_equal(best.support, [0, 1])
    assert best.error == pytest.approx(error, rel=1e-14)


def lp(errors, p):
    a = np.abs(errors)
    return a.max() if np.isinf(p) else (a**p).sum() ** (1 / p)


@given(
    arrays(float, 5, elements=WHOLE),
    arrays(float, 5, elements=some.integers(1, 4).map(float)),
    some.integers(0, 5),
    some.sampled_from([0.3, 1, 2, 3.5, np.inf]),
    some.booleans(),
)
def test_no_support_has_a_nearer_vector(w, c, k, p, nonnegative):
    best = st.best_k_term(w, k, p=p, weights=c, nonnegative=nonnegative)
    target = np.maximum(w, 0) if nonnegative else w
    errors = [
        lp(c * (np.where(np.isin(np.arange(5), S), target, 0.0) - w), p)
        for S in combinations(range(5), k)
    ]
    assert best.error == pytest.approx(min(errors), rel=1e-12)
    assert best.error == pytest.approx(lp(c * (best.x - w), p), rel=1e-12)
    assert best.support.size == k
    assert np.all(best.x[np.delete(np.arange(5), best.support)] == 0)


def test_magnitude_is_not_best_with_weights_or_signs():
    weighted = st.best_k_term(W, 2, weights=np.sqrt([1, 1, 4, 1, 1]))
    assert_array_equal(weighted.support, [0, 2])
    assert weighted.error**2 == pytest.approx(7.8125)
    assert W[2:] ** 2 @ [4, 1, 1] == 10.5625
    positive = st.best_k_term(W, 2, nonnegative=True)
    assert_array_equal(positive.support, [0, 2])
    assert positive.error**2 == pytest.approx(7.8125)
    assert W @ W - W[0] ** 2 == 10.0625  # the larger magnitude is negative


def test_approximation_errors_neither_overflow_nor_vanish():
    for scale in (1e-200, 1e200):
        best = st.best_k_term(scale * W, 2, p=3)
        assert best.error == pytest.approx(1.6864991779263563 * scale)
    assert st.best_k_term(W, 5).error == 0.0


H = np.array([[2.0, 1.8, 0.0], [1.8, 2.0, 0.0], [0.0, 0.0, 1.0]])
V = np.array([1.0, -1.0, 0.9])


@pytest.mark.parametrize(
    ("k", "refit", "square", "support"),
    [
        *[(1, False, 0.4, [2]), (1, True, 0.4, [2])],
        *[(2, False, 0.81, [0, 1]), (2, True, 0.38, [0, 2])],
    ],
)
def test_the_norm_of_a_matrix_asks_for_other_supports(k, refit, square, support):
    best = st.best_quadratic(V, H, k, refit=refit)
    assert best.error**2 == pytest.approx(square)
    assert_array_equal(best.support, support)


def test_without_refitting_fewer_entries_can_be_better():
    errors = [st.best_quadratic(V, H, k).error for k in range(4)]
    assert errors[1] < errors[2]
    refit = [st.best_quadratic(V, H, k, refit=True).error for k in range(4)]
    assert np.all(np.diff(refit) <= 0)
    assert refit[0] == errors[0] == pytest.approx(np.sqrt(V @ H @ V))
    assert refit[3] == errors[3] == 0.0


def test_the_best_support_in_a_matrix_norm_is_that_of_all(rng):
    B = rng.standard_normal((9, 6))
    M, w = B.T @ B, rng.standard_normal(6)
    for k, refit in ((2, True), (2, False), (4, True), (4, False)):
        best = st.best_quadratic(w, M, k, refit=refit)
        least = np.inf
        for S in combinations(range(6), k):
            u, on = np.zeros(6), np.isin(np.arange(6), S)
            u[on] = np.linalg.lstsq(B[:, on], B @ w)[0] if refit else w[on]
            least = min(least, np.linalg.norm(B @ (u - w)))
        assert best.error == pytest.approx(least, rel=1e-10)
        assert best.error == pytest.approx(np.linalg.norm(B @ (best.x - w)))


def test_a_diagonal_norm_is_the_weighted_one(rng):
    w, c = rng.standard_normal(16), rng.uniform(0.5, 2.0, 16)
    for refit in (False, True):
        best = st.best_quadratic(w, np.diag(c**2), 8, refit=refit)
        assert_array_equal(best.support, st.best_k_term(w, 8, weights=c).support)


def test_groups_under_a_budget_of_weights_are_a_knapsack():
    energies, sizes = [9.0, 7.0, 6.9], [3, 2, 2]
    kept = st.best_groups(energies, sizes, 4)
    assert_array_equal(kept, [False, True, True])
    assert 22.9 - np.sum(energies, where=kept) == pytest.approx(9.0)
    # By norm the first stays, and then no other fits.
    assert 22.9 - energies[0] == pytest.approx(13.9)


@given(
    some.lists(some.tuples(some.integers(0, 9), some.integers(1, 4)), min_size=1,
               max_size=7),
    some.integers(0, 30),
    some.integers(1, 3),
)  # fmt: skip
def test_no_choice_of_groups_is_worth_more(groups, budget, unit):
    energies, sizes = np.array(groups).T
    sizes = unit * sizes
    kept = st.best_groups(energies, sizes, budget)
    assert sizes[kept].sum() <= budget
    worth = [
        sum(energies[list(S)])
        for q in range(len(groups) + 1)
        for S in combinations(range(len(groups)), q)
        if sum(sizes[list(S)]) <= budget
    ]
    assert energies[kept].sum() == max(worth)


def test_groups_of_one_size_go_by_norm(rng):
    energies = rng.random(12)
    kept = st.best_groups(energies, np.full(12, 5), 34)
    assert_array_equal(kept, st.top_mask(energies, 6))


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


@pytest.mark.parametrize(("call", "error", "message"), BAD_MASKS)
def test_bad_input_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


LENET = 266200
ROUNDED = {
    "round": [
        *[266200, 212960, 170368, 136294, 109035, 87228, 69782, 55826, 44661],
        *[35729, 28583, 22866, 18293],
    ],
    "floor": [
        *[266200, 212960, 170368, 136295, 109036, 87229, 69784, 55828, 44663],
        *[35731, 28585, 22868, 18295],
    ],
    "ceil": [
        *[266200, 212960, 170368, 136294, 109035, 87228, 69782, 55825, 44660],
        *[35728, 28582, 22865, 18292],
    ],
}


@pytest.mark.parametrize("rounding", ROUNDED)
def test_whole_weights_survive(rounding):
    found = st.surviving_counts(LENET, 0.2, 12, rounding=rounding)
    assert_array_equal(found, ROUNDED[rounding])


@given(some.integers(1, 10**6), some.integers(0, 100), some.integers(0, 40))
def test_counts_stay_near_the_geometric_law(d, percent, rounds):
    law = d * (1 - percent / 100) ** np.arange(rounds + 1)
    # Each rounding is off by one at most, and later rounds shrink it.
    slack = min(rounds, 100 / max(percent, 1)) + 1e-6
    for rounding, low, high in (("floor", 0, 1), ("ceil", -1, 0), ("round", -1, 1)):
        gap = st.surviving_counts(d, percent / 100, rounds, rounding=rounding) - law
        assert low * slack - 1e-6 <= gap.min() <= gap.max() <= high * slack + 1e-6


def test_flooring_stops_for_good_and_the_ceiling_does_not():
    assert st.surviving_counts(4, 0.2, 9)[-1] == 4
    assert st.surviving_counts(4, 0.2, 9, rounding="ceil")[-1] == 0


@pytest.mark.parametrize(
    ("rate", "density", "rounds"),
    [
        *[(0.2, 0.1, 11), (0.06, 0.8836, 2), (0.01, 0.9801, 2), (0.08, 0.8464, 2)],
        *[(0.06, 0.78074896, 4), (0.2, 0.32768, 5), (0.2, 0.3276799999, 6)],
        *[(0.5, 1, 0), (1e-9, 0.5, 693147181), (0.999, 1e-300, 100)],
        (Fraction(1, 5), Fraction(4, 5) ** 200, 200),
        (Fraction(1, 5), Fraction(4, 5) ** 200 - Fraction(1, 10**300), 201),
    ],
)
def test_rounds_are_counted_exactly(rate, density, rounds):
    assert st.rounds_to_density(rate, density) == rounds


def test_the_ceiling_of_a_quotient_of_logarithms_is_often_one_off():
    wrong = cases = 0
    for percent in range(1, 60):
        keep = Fraction(100 - percent, 100)
        for S in range(1, 12):
            cases += 1
            assert st.rounds_to_density(Fraction(percent, 100), keep**S) == S
            exact = log(float(keep**S)) / log(1 - percent / 100)
            wrong += int(np.ceil(exact)) != S
    assert cases == 649
    assert wrong > 100


@given(some.integers(1, 999), some.integers(1, 10**6))
def test_the_density_is_reached_and_not_before(mille, millionth):
    rate, density = Fraction(mille, 1000), Fraction(millionth, 10**6)
    S = st.rounds_to_density(float(rate), millionth / 10**6)
    assert (1 - rate) ** S <= density
    assert S == 0 or (1 - rate) ** (S - 1) > density


@pytest.mark.parametrize("digits", [50, 120])
def test_densities_next_to_a_power_are_told_from_it(digits):
    S, rate = 1000, Fraction(1, 1000)
    below = Fraction(int((1 - rate) ** S * 10**digits), 10**digits)
    assert below < (1 - rate) ** S < below + Fraction(1, 10**digits)
    assert st.rounds_to_density(rate, below) == S + 1
    assert st.rounds_to_density(rate, below + Fraction(1, 10**digits)) == S


@pytest.mark.parametrize("power", [30, 41, 60, 300])
def test_rounds_of_tiny_shares_are_found(power):
    rate = Fraction(1, 10**power)
    # -log(1 - a) = a + a^2/2 + ..., and log 2 to 40 digits
    log_two = Decimal("0.6931471805599453094172321214581765680755")
    with localcontext(prec=40):
        expected = log_two * Decimal(10) ** power - log_two / 2
    S = st.rounds_to_density(rate, 0.5)
    assert abs(S - int(expected)) <= 2 + 10 ** (power - 39)
    assert st.rounds_to_density(float(f"1e-{power}"), 0.5) == S
    assert st.rounds_to_density(rate, 1) == 0
    assert st.rounds_to_density(rate, 1 - rate) == 1
    assert st.rounds_to_density(rate, 1 - rate - rate**3) == 2


def test_densities_after_rounds():
    after = [1 - st.density_after_rounds(0.2, S) for S in (10, 11)]
    assert after == pytest.approx([0.8926258176, 0.91410065408], rel=1e-15)
    assert st.density_after_rounds(0.3, 0) == 1.0
    assert st.density_after_rounds(1, 1) == 0.0


def test_dynamic_sparse_training_balances_where_it_was_derived():
    before = st.dst_equilibrium(0.3, 0.1)
    after = st.dst_equilibrium(0.3, 0.1, revive=True)
    assert (before.density, before.factor) == (0.25, 0.6)
    assert after.density == pytest.approx(0.2702702702702703, rel=1e-15)
    assert after.factor == pytest.approx(0.63)
    assert st.dst_regrowth(0.3, 0.1) == pytest.approx(0.03333333333333333)
    assert st.dst_regrowth(0.3, 0.1, revive=True) == pytest.approx(0.03225806451612903)
    assert st.dst_equilibrium(0.9, 0.8).factor == pytest.approx(-0.7)


@given(some.floats(0.01, 1), some.floats(0.01, 0.9), some.floats(0, 1), some.booleans())
def test_the_distance_to_equilibrium_shrinks_by_its_factor(p, g, rho, revive):
    found = st.dst_equilibrium(p, g, revive=revive)
    kept = (1 - p) * rho
    step = kept + g * (1 - (kept if revive else rho))
    gap = step - found.density
    assert gap == pytest.approx(found.factor * (rho - found.density), abs=1e-12)
    if found.density < 1:
        back = st.dst_regrowth(p, found.density, revive=revive)
        assert back == pytest.approx(g, rel=1e-9)


@pytest.mark.parametrize("revive", [False, True])
def test_random_pruning_and_regrowth_keep_the_density(revive):
    p, g, d, steps = 0.3, 0.1, 2000, 400
    rng = np.random.default_rng(3)
    law = st.dst_equilibrium(p, g, revive=revive)
    active = rng.random(d) < law.density
    counts = []
    for _ in range(steps):
        kept = active & (rng.random(d) >= p)
        empty = ~kept if revive else ~active
        active = kept | (empty & (rng.random(d) < g))
        counts.append(active.mean())
    # Each weight is a chain of two states whose correlation falls by the factor.
    variance = law.density * (1 - law.density) * (1 + law.factor) / (1 - law.factor)
    error = np.sqrt(variance / (d * steps))
    assert abs(np.mean(counts) - law.density) < 5 * error
    other = st.dst_equilibrium(p, g, revive=not revive)
    assert abs(np.mean(counts) - other.density) > 5 * error


def vgg16(stays=None):
    channels = np.array(st.VGG16_CHANNELS)
    if stays is not None:
        channels[1:] = channels[1:] * np.asarray(stays)
    return st.conv_costs(channels, np.square(st.VGG16_SIDES))


def test_parameters_and_macs_of_vgg16():
    whole = vgg16()
    assert whole.parameters.sum() == 14710464
    assert whole.macs.sum() == 15346630656


@pytest.mark.parametrize(
    ("stays", "parameters", "macs"),
    [
        (np.full(13, 0.5), 0.25002936685069893, 0.2514124293785311),
        (np.full(13, 0.75), 0.5625220251380242, 0.5635593220338984),
        (np.where(np.arange(13) == 1, 0.5, 1), 0.9962410431105369, 0.9096045197740112),
        (np.where(np.arange(13) == 11, 0.5, 1), 0.8396178393829046, 0.9698681732580038),
    ],
)
def test_totals_scale_apart_though_layers_scale_alike(stays, parameters, macs):
    part, whole = vgg16(stays), vgg16()
    assert part.parameters.sum() / whole.parameters.sum() == pytest.approx(parameters)
    assert part.macs.sum() / whole.macs.sum() == pytest.approx(macs)
    product = np.concatenate([[1], stays[:-1]]) * stays
    assert_allclose(part.parameters / whole.parameters, product)
    assert_allclose(part.macs / whole.macs, product)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: st.density_after_rounds(0.2, -1), ValueError, "rounds must be at l"),
        (lambda: st.density_after_rounds(1.5, 1), ValueError, "rate .* got 1.5"),
        (lambda: st.rounds_to_density(0, 0.5), ValueError, r"\(0, 1\), got 0"),
        (lambda: st.rounds_to_density(1, 0.5), ValueError, r"\(0, 1\), got 1"),
        (lambda: st.rounds_to_density(0.2, 0), ValueError, r"\(0, 1\], got 0"),
        (lambda: st.rounds_to_density("x", 0.5), TypeError, "must be a number, got"),
        (
            lambda: st.surviving_counts(0, 0.2, 1),
            ValueError,
            r"d .* got 0",
        ),
        (
            lambda: st.surviving_counts(9, 0.2, 1, rounding="down"),
            ValueError,
            "rounding must be one of .* got 'down'",
        ),
        (lambda: st.dst_equilibrium(0, 0), ValueError, "not both be 0"),
        (lambda: st.dst_equilibrium(0.1, np.inf), ValueError, "regrow .* got inf"),
        (lambda: st.dst_regrowth(0.5, 0.9), ValueError, "at 0.9 it would"),
        (lambda: st.dst_regrowth(0.5, 1), ValueError, "at 1 it would"),
        (lambda: st.conv_costs([3, 4], [1, 1]), ValueError, "got 2 and 2"),
        (lambda: st.conv_costs([3, -4], [1]), ValueError, "got -4"),
        (lambda: st.conv_costs([3, 4.5], [1]), TypeError, "integers, got dtype float"),
        (lambda: st.surviving_counts(10**19, 0.2, 1), ValueError, "got 1(0){19}$"),
        (lambda: st.conv_costs([2**40] * 2, [1]), ValueError, r"parameters must be b"),
        (
            lambda: st.conv_costs([2**30] * 2, [4], kernel=2),
            ValueError,
            r"macs must be below 2\^63, got 9223372036854775808",
        ),
        (
            lambda: st.conv_costs(np.array([2**63, 1], np.uint64), [1]),
            ValueError,
            r"channels must be below 2\^63",
        ),
        (lambda: st.conv_costs([3, 4], [1], kernel=0), ValueError, "kernel must be"),
    ],
)
def test_bad_schedules_are_told(call, error, message):
    with pytest.raises(error, match=message):
        call()
