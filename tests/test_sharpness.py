"""Spectra of the loss on tickets, by the step they are rewound to."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st


@cache
def bench():
    return st.lottery_bench("wine", hidden=[5], seeds=3, steps=60)


@cache
def tickets():
    return bench().rewound(rounds=5)


@cache
def study():
    return st.sharpness_study(bench(), steps=[60, 0, 7], rounds=4, tickets=tickets())


def whole_hessian(w, i):
    b = bench()
    options = {"X": b.data.X[i], "y": b.data.y[i]}
    columns = [b.network.hvp(w, e, **options) for e in np.eye(w.size)]
    return np.array(columns)


@pytest.mark.parametrize("t", range(3))
@pytest.mark.parametrize("i", range(3))
def test_eigenvalues_are_those_of_the_block_at_the_masked_weights(t, i):
    step = (0, 7, 60)[t]
    b, mask = bench(), tickets().masks[4, i]
    dense = b.train(b.w0, np.ones_like(tickets().masks[0]), stop=step)[i].astype(float)
    H = whole_hessian(dense * mask, i)
    expected = np.linalg.eigvalsh(H[np.ix_(mask, mask)])
    scale = np.abs(expected).max()
    assert_allclose(study().ticket[t, i], expected, atol=1e-12 * scale)
    ends = np.linalg.eigvalsh(H)[[0, -1]]  # which those of a block interlace
    assert ends[0] - 1e-12 <= study().ticket[t, i].min()
    assert study().largest[t, i] <= ends[1] + 1e-12
    whole = np.linalg.eigvalsh(whole_hessian(dense, i))[[0, -1]]
    assert_allclose(study().dense[t, i], whole, rtol=1e-4)
    assert study().dense[t, i, 0] >= whole[0] - 1e-12
    assert study().dense[t, i, 1] <= whole[1] + 1e-12
    assert_allclose(study().effective[t, i], np.trace(H[mask][:, mask]) / expected[-1])
    assert study().steps[t] == step


def test_density_counts_weights_alone():
    weights = bench().network.weights
    assert study().density == tickets().masks[4, 0, weights].mean()
    assert study().ticket.shape[-1] == tickets().masks[4, 0].sum()


def test_where_the_loss_is_convex_no_eigenvalue_is_negative():
    convex = st.lottery_bench("wine", hidden=[], seeds=2, steps=60)
    found = st.sharpness_study(convex, steps=[0, 60], rounds=3)
    assert (found.negative == 0).all()
    assert (found.ticket[..., 0] < 1e-12).all()  # adding to all outputs does nothing
    assert (found.condition == np.inf).all()
    assert (study().negative > 0).all()


def made(*eigenvalues):
    values = np.array(eigenvalues, dtype=float)[None]
    return st.SharpnessStudy((0,), (0,), 0.1, values, values[..., [0, -1]])


def test_measures_of_known_spectra():
    found = made([-2.0, -1e-17, 0.0, 4.0], [1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 1.0, 1.0])
    assert_array_equal(found.largest, [[4, 4, 1]])
    assert_array_equal(found.negative, [[0.25, 0, 0]])
    assert_array_equal(found.condition, [[np.inf, 4, np.inf]])
    assert_array_equal(found.effective, [[0.5, 2.5, 3]])


def test_effects_are_paired_differences():
    found = study()
    one, other = found.negative[2], found.negative[1]
    assert found.effect("negative", 60, 7) == st.paired_effect(one, other)
    one, other = found.largest[1], found.largest[0]
    assert found.effect("largest", 7, level=0.9).low == (
        st.paired_effect(one, other, level=0.9).low
    )
    with pytest.raises(ValueError, match="got 8"):
        found.effect("largest", 8)
    with pytest.raises(ValueError, match="got 8"):
        found.effect("largest", 7, 8)


def test_by_default_steps_are_shares_of_all():
    long = st.lottery_bench("wine", seeds=1, steps=400)
    for b, steps in ((bench(), (0, 1, 3, 12, 60)), (long, (0, 4, 20, 80, 400))):
        names = [f"{kind} at {step}" for step in steps for kind in ("ticket", "dense")]
        assert list(st.sharpness_pieces(b, rounds=1)) == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": []}, "empty"),
        ({"steps": [61]}, "got 61"),
        ({"rounds": -1}, "got -1"),
        ({"rounds": 6}, "6 rounds, got 5"),
    ],
)
def test_spectra_that_are_not_there_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        st.sharpness_study(bench(), tickets=tickets(), **options)


def test_the_picture_shows_means_of_the_ends():
    left, right = st.plot_sharpness(study())
    ends = [line[0].get_ydata() for line in left.containers]
    assert_allclose(ends[0], study().largest.mean(axis=-1))
    assert_allclose(ends[1], study().ticket[..., 0].mean(axis=-1))
    assert_allclose(ends[2], study().dense[..., 1].mean(axis=-1))
    share = right.containers[0][0].get_ydata()
    assert_allclose(share, 100 * study().negative.mean(axis=-1))
