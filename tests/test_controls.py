"""What tickets are compared with."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as s
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

NETWORK = st.mlp([6, 9, 5, 3])

n, WEIGHTS, LAYER = NETWORK.n, NETWORK.weights, NETWORK.layer


@given(s.integers(0, 50))
def test_shuffled_masks_keep_the_counts_of_layers_or_of_all(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((2, n)) < rng.random()
    mask[:, ~WEIGHTS] = True
    layered = st.shuffled_mask(mask, rng, prunable=WEIGHTS, layers=LAYER)
    free = st.shuffled_mask(mask, rng, prunable=WEIGHTS)
    for other in (layered, free):
        assert_array_equal(other.sum(axis=1), mask.sum(axis=1))
        assert other[:, ~WEIGHTS].all()
    for layer in range(3):
        part = layer == LAYER
        assert_array_equal(layered[:, part].sum(axis=1), mask[:, part].sum(axis=1))


def test_shuffled_masks_are_uniform():
    rng = np.random.default_rng(0)
    trials = 4000
    drawn = st.shuffled_mask(
        np.tile([True, False, False, True, True], (trials, 1)),
        rng,
        layers=[0, 0, 0, 1, 1],
    )
    assert drawn[:, 3:].all()
    error = 5 * np.sqrt(2 / 9 / trials)
    assert_allclose(drawn[:, :3].mean(axis=0), 1 / 3, atol=error)


@pytest.fixture
def redrawn(rng):
    w0, fresh = st.initial_weights(NETWORK, [3, 4])
    w0 = w0 + np.where(WEIGHTS, 0, 0.5)
    return w0, rng.random(n) < 0.4, fresh


def test_a_part_of_the_old_weights_stays(redrawn):
    w0, mask, fresh = redrawn

    def w(keep):
        return st.reinitialised(NETWORK, w0, mask, fresh, keep=keep)

    signs, sizes, alone = w("signs"), w("magnitudes"), w("signs_alone")
    assert_array_equal(w("none")[WEIGHTS], fresh[WEIGHTS])
    assert_array_equal(signs[WEIGHTS], (np.sign(w0) * abs(fresh))[WEIGHTS])
    assert_array_equal(sizes[WEIGHTS], (abs(w0) * np.sign(fresh))[WEIGHTS])
    assert_array_equal(np.sign(alone), np.sign(w0))
    for layer in range(3):
        part = WEIGHTS & (layer == LAYER)
        assert_allclose(abs(alone[part]), np.sqrt(np.mean(w0[part] ** 2)))
    for each in (w("none"), signs, sizes, alone):
        assert_array_equal(each[~WEIGHTS], w0[~WEIGHTS])


def test_rms_scaling_gives_the_ticket_its_root_mean_square_in_each_layer(redrawn):
    w0, mask, fresh = redrawn
    w = st.reinitialised(NETWORK, w0, mask, fresh, scale="rms")
    for layer in range(3):
        part = WEIGHTS & (layer == LAYER) & mask
        assert_allclose((w[part] ** 2).sum(), (w0[part] ** 2).sum())
        assert np.ptp(w[part] / fresh[part]) < 1e-12


def test_fan_in_scaling_undoes_pruning_of_each_unit_in_variance(redrawn):
    w0, mask, fresh = redrawn
    w = st.reinitialised(NETWORK, w0, mask, fresh, scale="fan_in")
    for new, old, on in zip(*map(NETWORK.split, (w, fresh, mask)), strict=True):
        if new.ndim == 2:
            for row, before, kept in zip(new, old, on, strict=True):
                factor = np.sqrt(kept.size / max(1, kept.sum())) if kept.any() else 1
                assert_allclose(row, factor * before)


def test_convolutions_are_scaled_by_filter():
    network = st.convnet((4, 4), [1, 3], classes=2)
    w0, fresh = st.initial_weights(network, [0, 1])
    mask = np.random.default_rng(0).random(network.n) < 0.5
    w = st.reinitialised(network, w0, mask, fresh, scale="fan_in")
    new, old, on = (network.split(v)[0] for v in (w, fresh, mask))
    for i in range(3):
        assert_allclose(new[i], old[i] * np.sqrt(9 / on[i].sum()))


def test_controls_say_what_is_wrong(redrawn):
    w0, mask, fresh = redrawn
    with pytest.raises(ValueError, match="got 'all'"):
        st.reinitialised(NETWORK, w0, mask, fresh, keep="all")
    with pytest.raises(ValueError, match="got 'he'"):
        st.reinitialised(NETWORK, w0, mask, fresh, scale="he")
    with pytest.raises(ValueError, match="fresh must have shape"):
        st.reinitialised(NETWORK, w0, mask, fresh[1:])
    with pytest.raises(TypeError, match="float64"):
        st.shuffled_mask([0.5, 1.0], 0)
    with pytest.raises(ValueError, match="shape"):
        st.shuffled_mask(True, 0)
    with pytest.raises(ValueError, match=r"each network of \(2, 3\), got 1"):
        st.shuffled_mask(np.ones((2, 3), bool), [np.random.default_rng(0)])


def test_networks_with_streams_of_their_own_are_those_alone():
    mask = np.random.default_rng(0).random((2, n)) < 0.3
    both = st.shuffled_mask(mask, [np.random.default_rng(i) for i in (7, 8)])
    for i in range(2):
        assert_array_equal(both[i], st.shuffled_mask(mask[i], 7 + i))


def test_layers_number_weights_and_biases():
    assert_array_equal(np.bincount(NETWORK.layer), [6 * 9 + 9, 9 * 5 + 5, 5 * 3 + 3])
    assert (np.diff(NETWORK.layer) >= 0).all()
