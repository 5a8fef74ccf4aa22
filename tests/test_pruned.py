"""Layers with channels, filters or taps removed."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

KINDS = {
    "line": ((3, 4, 3), {"size": 7}),
    "stride": ((3, 4, 3), {"size": 8, "stride": 2, "origin": 1}),
    "stride that does not divide": ((2, 3, 3), {"size": 7, "stride": 2}),
    "fewer outputs": ((2, 3, 3), {"size": 7, "outputs": 5}),
    "plane": ((3, 2, 2, 3), {"size": (4, 5), "origin": (1, 0)}),
    "plane with stride": ((2, 3, 2, 2), {"size": (4, 6), "stride": (2, 3)}),
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def layer(request):
    shape, options = request.param
    filters = np.random.default_rng(0).standard_normal(shape)
    return st.BlockCirculant(filters, **options)


def columns(layer):
    return np.arange(layer.shape[1]).reshape(layer.filters.shape[1], -1)


def rows(layer):
    return np.arange(layer.shape[0]).reshape(layer.filters.shape[0], -1)


def test_channels_are_columns(layer):
    gone = [0, layer.filters.shape[1] - 1][: layer.filters.shape[1] - 1]
    part = st.without_channels(layer, gone)
    kept = np.delete(columns(layer), gone, axis=0).ravel()
    assert_allclose(part.to_dense(), layer.to_dense()[:, kept], atol=1e-14)


def test_filters_are_rows(layer):
    part = st.without_filters(layer, [1])
    kept = np.delete(rows(layer), 1, axis=0).ravel()
    assert_allclose(part.to_dense(), layer.to_dense()[kept], atol=1e-14)


def test_a_masked_layer_and_the_rest_add_up(layer):
    mask = np.random.default_rng(1).random(layer.filters.shape) < 0.7
    part, rest = st.with_taps(layer, mask), st.with_taps(layer, ~mask)
    assert_allclose(part.to_dense() + rest.to_dense(), layer.to_dense(), atol=1e-14)
    assert_array_equal(part.filters, layer.filters * mask)
    assert part.shape == layer.shape


def test_masks_of_channels_and_filters_serve_as_well_as_numbers(layer):
    by_mask = st.without_channels(layer, np.arange(layer.filters.shape[1]) == 1)
    assert_array_equal(by_mask.filters, st.without_channels(layer, [1]).filters)
    by_mask = st.without_filters(layer, np.arange(len(layer.filters)) == 0)
    assert_array_equal(by_mask.filters, st.without_filters(layer, [0]).filters)


def test_nothing_is_rescaled_and_a_factor_stays():
    layer = st.BlockCirculant(np.ones((2, 2, 2)), 4).take(np.arange(8), scale=3.0)
    for part in (
        st.without_channels(layer, [0]),
        st.without_filters(layer, [0]),
        st.with_taps(layer, [[[True, False]] * 2] * 2),
    ):
        assert set(np.unique(part.to_dense())) == {0.0, 3.0}
    assert_allclose(st.with_unit_columns(layer).column_norms(), 1.0)


def test_unit_columns_keep_directions(rng):
    layer = st.BlockCirculant(rng.standard_normal((2, 3, 2, 2)), 4)
    unit, dense = st.with_unit_columns(layer), layer.to_dense()
    assert_allclose(unit.to_dense(), dense / np.linalg.norm(dense, axis=0), atol=1e-14)


def test_unit_columns_are_refused_where_no_factor_per_channel_gives_them():
    layer = st.BlockCirculant([[[1.0, 2.0, 3.0]]], 6, stride=2)
    with pytest.raises(ValueError, match=r"got 2 to 3\.16228 in channel 0"):
        st.with_unit_columns(layer)
    assert_allclose(
        st.with_unit_columns(
            st.BlockCirculant([[[3.0, 3.0]]], 6, stride=2)
        ).column_norms(),
        1.0,
    )


def test_29_hundredths_of_100_are_29():
    layer = st.BlockCirculant(np.arange(1.0, 101).reshape(1, 1, -1), 200)
    assert int(100 * 0.29) == 28
    assert (~st.largest_taps(layer, 0.29)).sum() == 29
    assert (~st.largest_taps(layer, Fraction(1, 3))).sum() == 33


@given(some.integers(0, 99), some.booleans())
def test_counts_are_exact_and_what_goes_is_not_larger(percent, per_filter):
    filters = np.random.default_rng(percent).integers(-3, 4, (4, 5, 5)) + 0.5
    layer = st.BlockCirculant(filters, 8)
    mask = st.largest_taps(layer, percent / 100, per_filter=per_filter)
    gone = (~mask).sum(axis=(1, 2))
    if per_filter:
        assert (gone == 25 * percent // 100).all()
    else:
        assert gone.sum() == percent
    for each in range(4) if per_filter else (slice(None),):
        sizes = np.abs(filters[each])
        left = sizes[~mask[each]].max(initial=0.0)
        assert left <= sizes[mask[each]].min()
        tie = (sizes == left).ravel()
        if left == sizes[mask[each]].min():
            assert (np.diff(mask[each].ravel()[tie].astype(int)) >= 0).all()


def test_one_mask_for_each_filter_channel_and_tap():
    layer = st.BlockCirculant([[[1.0, 0.0], [2.0, 3.0]], [[4.0, 5.0], [6.0, 7.0]]], 8)
    masks = st.pruning_masks(layer, taps=True, fractions=[0.25])
    assert len(masks) == 2 + 2 + 7 + 1
    for name, gone in {
        "filter 1": [4, 5, 6, 7],
        "channel 0": [0, 1, 4, 5],
        "tap (0, 1, 1)": [3],
        "smallest 0.25": [0, 1],
    }.items():
        assert_array_equal(np.flatnonzero(~masks[name]), gone)
    assert st.pruning_masks(st.BlockCirculant([[[1.0]]], 8), taps=True) == {}


LAYER = st.BlockCirculant([[[1.0, 2.0], [0.0, 3.0]], [[4.0, 5.0], [0.0, 0.0]]], 8)
KEPT = np.ones(LAYER.filters.shape, dtype=bool)
BLIND = KEPT.copy()
BLIND[:, 1] = False


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "got ndarray", lambda: st.without_channels(np.eye(3), [0])),
        (
            ValueError,
            "choice of 3",
            lambda: st.without_filters(LAYER.take([0, 1, 2]), [0]),
        ),
        (ValueError, "got all 2", lambda: st.without_channels(LAYER, [0, 1])),
        (ValueError, "got all 2", lambda: st.without_filters(LAYER, [1, 0])),
        (
            ValueError,
            "channels .*repeat, got 1",
            lambda: st.without_channels(LAYER, [1] * 2),
        ),
        (
            ValueError,
            r"filters must lie in 0\.\.1, got 2",
            lambda: st.without_filters(LAYER, [2]),
        ),
        (
            ValueError,
            r"channels must lie in 0\.\.1, got -1",
            lambda: st.without_channels(LAYER, [-1]),
        ),
        (TypeError, "channels must hold", lambda: st.without_channels(LAYER, [0.0])),
        (
            ValueError,
            "channels must have shape",
            lambda: st.without_channels(LAYER, [True]),
        ),
        (ValueError, "filters must have 1 axis", lambda: st.without_filters(LAYER, 0)),
        (ValueError, "channel 1 has none", lambda: st.without_filters(LAYER, [0])),
        (ValueError, "channel 1 has none", lambda: st.with_taps(LAYER, BLIND)),
        (TypeError, "boolean, got dtype int64", lambda: st.with_taps(LAYER, KEPT * 1)),
        (
            ValueError,
            r"\(2, 2, 2\).*got \(2, 2\)",
            lambda: st.with_taps(LAYER, KEPT[0]),
        ),
        (ValueError, r"got 1\.0", lambda: st.largest_taps(LAYER, 1.0)),
        (ValueError, "fraction", lambda: st.largest_taps(LAYER, -0.1)),
        (ValueError, "nan", lambda: st.largest_taps(LAYER, np.nan)),
        (TypeError, "half", lambda: st.largest_taps(LAYER, "half")),
        (
            ValueError,
            "channel 0 is",
            lambda: st.with_unit_columns(st.BlockCirculant([[[0.0], [1.0]]], 3)),
        ),
    ],
)
def test_bad_input_is_named(error, message, call):
    with pytest.raises(error, match=message):
        call()
