"""What pruning does to isometry constants, against enumeration and closed forms."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.conditions import pruning
from sparsetheory.conditions.changes import (
    Change,
    Ends,
    certified_ends,
    found_ends,
    normalised_ends,
)

MEASURES = ("raw", "normalised", "scaled")

TOLERANCE = 1e-9

SHAPES = {
    "line": ((3, 2, 3), {"size": 6}),
    "stride": ((3, 2, 3), {"size": 6, "stride": 2}),
    "fewer outputs": ((3, 2, 3), {"size": 6, "outputs": 5}),
    "plane": ((3, 2, 2, 2), {"size": (2, 3)}),
    "plane with stride": ((4, 2, 2, 2), {"size": (4, 2), "stride": (2, 1)}),
}


def ends(A, k):
    """Least and largest eigenvalue over all k columns."""
    G = A.T @ A
    S = np.array(list(itertools.combinations(range(len(G)), k)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, 0].min(), w[:, -1].max()


def constants(A, k):
    unit = A / np.linalg.norm(A, axis=0)
    (a, b), (c, d) = ends(A, k), ends(unit, k)
    return max(1 - a, b - 1), max(1 - c, d - 1), (b - a) / (b + a)


def drawn(seed, shape, options):
    taps = np.random.default_rng(seed).standard_normal(shape)
    return st.BlockCirculant(taps / np.sqrt(taps[:, 0].size), **options)


def pruned(layer, mask):
    A = st.BlockCirculant(
        layer.filters * mask,
        layer.size,
        stride=layer.stride,
        origin=layer.origin,
        outputs=layer.outputs,
    ).to_dense()
    return A[:, A.any(axis=0)]


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seed", range(3))
def test_brackets_certificates_and_verdicts_agree_with_all_supports(kind, seed):
    k, layer = 3, drawn(seed, *SHAPES[kind])
    masks = st.pruning_masks(layer, fractions=[0.2])
    both = masks["channel 0"] & masks["filter 1"]
    report = st.pruning_report(layer, k, masks | {"both": both})
    assert report.complete
    before = constants(layer.to_dense(), k)
    for name, effect in report.effects.items():
        after = constants(pruned(layer, effect.mask), k)
        assert effect.exact
        for measure, old, new in zip(MEASURES, before, after, strict=True):
            found = getattr(effect, measure)
            assert_allclose(found.before, old, atol=TOLERANCE)
            assert_allclose(found.after, new, atol=TOLERANCE)
            low, high = found.certified
            assert low - TOLERANCE <= new <= high + TOLERANCE
            if name.startswith("channel"):
                assert high <= found.before[1] + TOLERANCE
                assert found.change in (Change.HELPS, Change.HARMLESS)
            right = {
                Change.HELPS: new < old,
                Change.HURTS: new > old,
                Change.HARMLESS: new <= old + TOLERANCE,
                Change.UNDECIDED: abs(new - old) < TOLERANCE,
            }
            assert right[found.change]


@pytest.mark.parametrize("kind", SHAPES)
def test_removing_channels_raises_no_constant_of_any_order(kind):
    for seed, k in itertools.product(range(10), (2, 3, 4)):
        layer = drawn(seed, *SHAPES[kind])
        before = constants(layer.to_dense(), k)
        after = constants(st.without_channels(layer, [seed % 2]).to_dense(), k)
        assert all(b <= a + TOLERANCE for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("kind", SHAPES)
def test_removing_a_filter_lowers_all_eigenvalues_by_no_more_than_its_own(kind):
    k = 3
    for seed in range(10):
        layer = drawn(seed, *SHAPES[kind])
        part = st.without_filters(layer, [0])
        kept = part.to_dense()
        lost = layer.to_dense()[: layer.shape[0] - len(kept)]
        (a, b), (c, d) = ends(layer.to_dense(), k), ends(kept, k)
        _, loss = ends(lost, k)
        assert a - loss - TOLERANCE <= c <= a + TOLERANCE
        assert b - loss - TOLERANCE <= d <= b + TOLERANCE


@pytest.mark.parametrize("kind", SHAPES)
def test_removed_taps_move_roots_of_eigenvalues_by_no_more_than_their_norm(kind):
    k = 3
    for seed in range(10):
        layer = drawn(seed, *SHAPES[kind])
        mask = np.random.default_rng(seed).random(layer.filters.shape) < 0.8
        mask[0, :, 0] = True  # no column becomes zero
        part, rest = st.with_taps(layer, mask), layer.filters * ~mask
        cut = pruning.with_filters(layer, rest)
        loss = ends(cut.to_dense(), k)[1]
        old, new = (np.sqrt(ends(A.to_dense(), k)) for A in (layer, part))
        assert (np.abs(new - old) <= np.sqrt(loss) + TOLERANCE).all()
        assert loss <= cut.norm() ** 2 + TOLERANCE
        channels = np.abs(rest).sum(axis=tuple(range(2, rest.ndim)))
        assert cut.norm() <= np.linalg.norm(channels, 2) + TOLERANCE
        if kind == "line":
            found = st.pruning_effect(layer, k, mask)
            assert_allclose(found.loss, loss, rtol=1e-9)


@pytest.mark.parametrize("kind", SHAPES)
def test_unit_columns_at_most_double_a_small_constant(kind):
    k, seen = 3, 0
    for seed in range(40):
        layer = drawn(seed, *SHAPES[kind])
        A = layer.to_dense()
        A *= np.sqrt(2 / sum(ends(A, k)))
        raw, unit, _ = constants(A, k)
        if raw < 1:
            seen += 1
            assert unit <= 2 * raw / (1 - raw) + TOLERANCE
    assert seen > 5


def shares(count, factor=1.0):
    """How often removing a filter raises each constant."""
    k, raised = 3, np.zeros(3)
    for seed in range(count):
        layer = drawn(seed, (3, 2, 3), {"size": 6})
        layer = st.BlockCirculant(factor * layer.filters, 6)
        effect = st.pruning_effect(layer, k, st.pruning_masks(layer)["filter 1"])
        found = [getattr(effect, measure).change for measure in MEASURES]
        raised += [change is Change.HURTS for change in found]
        assert all(change is not Change.UNDECIDED for change in found)
    return raised / count


def test_removing_one_filter_of_three_raises_constants_as_often_as_elsewhere():
    # Of 300 layers with 2 inputs, 3 outputs, 3 taps, 6 points, from another program.
    count, p = 100, np.array([171, 258, 255]) / 300
    five = 5 * np.sqrt(p * (1 - p) * (1 / count + 1 / 300))
    assert (np.abs(shares(count) - p) <= five).all()
    assert not (np.abs(shares(count, 3.0) - p) <= five).all()


def test_a_circulant_beside_another_loses_columns_and_rows():
    # delta_1, delta_2, delta_3 by enumeration, from another program.
    first = [
        *(-0.5854546108834232, -0.01669992656172841, 0.0845972049189129),
        *(0.09868184819004634, -0.122914642308406, 0.634881514166134),
        *(-0.03829120376245513, 0.9160593445417815),
    ]
    alone = (0.6187442685257063, 1.2878960159387867, 1.9078995621192636)
    second = np.random.default_rng(0).standard_normal(8) / 8**0.5
    layer = st.BlockCirculant([[first, second]], 8)
    keep = np.ones((1, 2, 8), dtype=bool)
    keep[0, 1] = False
    for k, value in zip((1, 2, 3), alone, strict=True):
        found = st.pruning_effect(layer, k, keep)
        assert_allclose(found.raw.after, value, atol=TOLERANCE)
        assert found.raw.after[0] <= found.raw.before[1]
        assert found.raw.change in (Change.HELPS, Change.HARMLESS)
    rows = st.without_channels(layer, [1]).take(np.arange(2, 8), scale=(8 / 6) ** 0.5)
    assert_allclose(st.rip_constant(rows, 1).lower, 1.1484115918645954, atol=TOLERANCE)
    for k in (1, 2, 3):
        assert st.rip_constant(rows, k).lower > alone[k - 1] + 0.5


def test_weyl_is_tight_for_parallel_filters():
    a, b = 1.2, 0.5
    layer = st.BlockCirculant([[[a]], [[b]]], 8)
    found = st.pruning_effect(layer, 3, [[[True]], [[False]]])
    assert_allclose(found.loss, b * b, rtol=1e-11)
    assert_allclose(found.raw.before, a * a + b * b - 1, atol=1e-11)
    for measure, value in (("raw", a * a - 1), ("normalised", 0.0), ("scaled", 0.0)):
        assert_allclose(getattr(found, measure).after, value, atol=1e-11)
    assert_allclose(found.raw.certified[0], a * a - 1, atol=1e-11)
    old = found_ends(found.before[0])
    sure = certified_ends(old, b * b, (9.0, 0.0), fewer=False, rows=True)
    assert_allclose(sure.least[0], a * a, atol=1e-11)
    assert_allclose(sure.least[1], a * a + b * b, atol=1e-11)


def test_perturbation_is_tight_on_constants():
    a, b = 0.9, 0.4  # the sum of all columns is seen by both taps alike
    layer = st.BlockCirculant([[[a, b]]], 3)
    found = st.pruning_effect(layer, 3, [[[True, False]]])
    assert_allclose(found.loss, b * b, rtol=1e-11)
    old = found_ends(found.before[0])
    sure = certified_ends(old, b * b, (9.0, 0.0), fewer=False, rows=False)
    assert_allclose(sure.largest, (a * a, (a + 2 * b) ** 2), atol=1e-11)
    assert_allclose(found.raw.after, 1 - a * a, atol=1e-11)


def test_unit_columns_are_bounded_by_what_is_left_of_them():
    a, b = 1.2, 0.5
    layer = st.BlockCirculant([[[a, 0.3]], [[b, 0.0]]], 16)
    found = st.pruning_effect(layer, 2, np.arange(2).reshape(2, 1, 1) < [[[1, 1]]])
    first, last = a * a + b * b + 0.09, a * a + 0.09
    before = a * 0.3 / first
    assert_allclose(found.normalised.before, before, atol=1e-11)
    assert_allclose(found.normalised.after, a * 0.3 / last, atol=1e-11)
    high = (1 + before) * first / last - 1
    low = 1 - (1 - before - b * b / first) * first / last
    assert_allclose(found.normalised.certified[1], max(high, low), atol=1e-11)


def test_scaling_columns_divides_eigenvalues_by_what_lies_between_their_squares(rng):
    A, d, k = rng.standard_normal((6, 7)), rng.uniform(0.5, 2.0, 7), 3
    A /= np.linalg.norm(A, axis=0)
    (a, b), (c, e) = ends(A * d, k), ends(A, k)
    span = d.min() ** 2, d.max() ** 2
    known = normalised_ends(Ends((a, a), (b, b)), span)
    assert known.least[0] <= c <= known.least[1]
    assert known.largest[0] <= e <= known.largest[1]
    one = normalised_ends(Ends((0.2, 0.4), (1.5, 3.0)), (0.5, 1.25))
    assert_allclose(one, ((0.16, 0.8), (1.2, 6.0)), rtol=1e-11)


def test_a_filter_off_the_deciding_columns_is_harmless_by_weyl_alone():
    h = np.zeros((4, 2, 2))
    h[0, 0] = 1.0, 1.0  # decides: the upper side is 2
    h[1, 1], h[2, 1] = [1.0, 0.0], [0.1, 0.0]
    layer = st.BlockCirculant(h, 8)
    keep = np.arange(4) != 2
    mask = np.broadcast_to(keep[:, None, None], h.shape)
    found = st.pruning_effect(layer, 2, mask).raw
    assert (found.change, found.reason) == (Change.HARMLESS, "Weyl")
    assert_allclose(found.after, found.before, atol=1e-11)


def test_weyl_needs_a_search_where_the_filter_is_large():
    h = np.zeros((3, 2, 2))
    h[0, 0] = 1.0, 0.5  # the upper side is 3/4, the lower one 1/4
    h[1, 1, 0], h[2, 1, 0] = 0.5**0.5, 0.55**0.5
    layer = st.BlockCirculant(h, 8)
    found = st.pruning_effect(layer, 2, st.pruning_masks(layer)["filter 2"])
    assert (found.raw.change, found.raw.reason) == (Change.HARMLESS, "Weyl, search")
    assert_allclose(found.raw.certified[1], 0.25 + 0.55, atol=1e-11)
    assert_allclose(1 - found_ends(found.after[0]).least[1], 0.5, atol=1e-11)


def test_single_columns_prove_harm_without_a_search():
    h = np.zeros((3, 2, 2))
    h[0, 0] = 1.0, 0.1
    h[1, 1, 0], h[2, 1, 0] = 0.4**0.5, 0.6**0.5
    layer = st.BlockCirculant(h, 8)
    found = st.pruning_effect(layer, 2, st.pruning_masks(layer)["filter 2"])
    assert_allclose(found.raw.before, 0.11, atol=1e-11)
    assert_allclose(found.raw.after, 0.6, atol=1e-11)
    assert (found.raw.change, found.raw.reason) == (Change.HURTS, "Weyl")


def test_a_constant_of_one_or_more_does_not_rise_without_a_filter():
    for seed in range(10):
        layer = drawn(seed, (3, 2, 3), {"size": 6})
        layer = st.BlockCirculant(4 * layer.filters, 6)
        for found in st.pruning_report(layer, 2).effects.values():
            assert found.raw.before[0] >= 1
            assert found.raw.change in (Change.HELPS, Change.HARMLESS)


def test_a_mask_of_what_is_zero_changes_nothing():
    layer = st.BlockCirculant([[[1.0, 0.0, 0.5]]], 16)
    found = st.pruning_effect(layer, 3, layer.filters != 0)
    assert found.loss == 0.0
    assert found.removed is None
    for measure in MEASURES:
        assert getattr(found, measure).change is Change.HARMLESS
        assert getattr(found, measure).reason == "interlacing"


def test_effects_do_not_depend_on_the_size_of_the_grid():
    values = []
    for size in (16, 100):
        layer = st.BlockCirculant.from_conv_layer(st.digits_filters(), size)
        mask = st.pruning_masks(layer)["filter 0"]
        found = st.pruning_effect(layer, 2, mask)
        values.append([getattr(found, measure).after for measure in MEASURES])
        values[-1].append((found.loss, found.loss))
    assert_allclose(values[0], values[1], atol=1e-10)


TWO = st.BlockCirculant([[[1.0, 0.0], [0.0, 2.0]], [[3.0, 4.0], [0.0, 0.0]]], 8)

ALL = np.ones((2, 2, 2), dtype=bool)

EVEN = st.BlockCirculant([[[1.0, 1.0]]], 4, stride=2)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "got list", lambda: st.pruning_effect([[1.0]], 1, ALL)),
        (TypeError, "boolean", lambda: st.pruning_effect(TWO, 1, ALL * 1.0)),
        (ValueError, "it keeps none", lambda: st.pruning_effect(TWO, 1, ~ALL)),
        (
            ValueError,
            "it keeps none",
            lambda: st.pruning_effect(TWO, 1, TWO.filters == 0),
        ),
        (ValueError, r"got \(2, 2\)", lambda: st.pruning_report(TWO, 1, {"a": ALL[0]})),
        (
            ValueError,
            r"k must be in 1\.\.16, got 17",
            lambda: st.pruning_effect(TWO, 17, ALL),
        ),
        (ValueError, r"k must be in 1\.\.8, got 9", lambda: st.pruning_report(TWO, 9)),
        (ValueError, "got 0", lambda: st.pruning_report(TWO, 0)),
        (ValueError, "time_limit", lambda: st.pruning_report(TWO, 2, time_limit=0)),
        (ValueError, "empty", lambda: st.pruning_report(TWO, 2, {})),
        (
            ValueError,
            "mask must leave no column zero, 1 is",
            lambda: st.pruning_effect(EVEN, 1, [[[True, False]]]),
        ),
        (
            ValueError,
            r"before must be .*\(2, False\).*got \[\(1, False\)",
            lambda: st.pruning_effect(
                TWO, 2, ALL, before=(st.rip_constant(TWO, 1),) * 2
            ),
        ),
    ],
)
def test_bad_input_is_named(error, message, call):
    with pytest.raises(error, match=message):
        call()
