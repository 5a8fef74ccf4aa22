"""Late rewinding, and what lies on the lines between networks."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as s
from hypothesis.extra import numpy as arrays
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st


@cache
def bench():
    return st.lottery_bench("wine", hidden=[20], seeds=4, steps=60)


@cache
def study():
    return st.rewinding_study(bench(), steps=[0, 30, 60], rounds=[3, 8], points=5)


def made(loss, accuracy):
    """Return a study of one step, density and seed, the same on both paths."""
    tables = (
        np.tile(np.reshape(t, (-1, 1)), (1, 1, 2, 1, 1)) for t in (loss, accuracy)
    )
    return st.RewindingStudy((0,), (0,), np.array([0.1]), *tables)


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("j", range(2))
def test_lines_lead_from_the_ticket_to_the_dense_network_and_to_another_order(i, j):
    b, step, end = bench(), (0, 30, 60)[i], (3, 8)[j]
    run = b.rewound(rounds=8, rewind_step=step)
    again = replace(b, order=1).train(run.start, run.masks[end], step)
    ticket = run.weights[end].astype(float)
    for goal, path in ((run.weights[0], 0), (again, 1)):
        for place, point in enumerate((0, 0.25, 0.5, 0.75, 1)):
            w = ticket + point * (goal - ticket)
            expected = b.network.loss(w, b.data.X, b.data.y)
            assert_allclose(study().loss[i, j, path, place], expected, rtol=1e-9)
            shown = b.network.accuracy(w, b.data.test_X, b.data.test_y)
            assert_array_equal(study().accuracy[i, j, path, place], shown)
    assert_array_equal(study().ticket[i, j], b.accuracy(run.weights[end]))
    assert_array_equal(study().dense[i], b.accuracy(run.weights[0]))


def test_without_momentum_the_dense_network_does_not_depend_on_the_step():
    assert_array_equal(study().dense, np.tile(study().dense[0], (3, 1)))


def test_rewound_to_the_end_there_is_nothing_left_that_an_order_could_change():
    last = study().loss[-1, :, 1]
    assert_allclose(last, np.broadcast_to(last[:, :1], last.shape), rtol=1e-12)
    assert study().connected[-1, :, 1].all()
    assert_array_equal(study().barrier[-1, :, 1], 0)
    assert np.ptp(study().loss[0, :, 1], axis=1).min() > 0


def test_where_the_loss_is_convex_all_are_connected():
    """Without hidden layers it is, and the loss on a line is below its chord."""
    convex = st.lottery_bench("wine", hidden=[], seeds=3, steps=60)
    found = st.rewinding_study(convex, steps=[0, 10], rounds=[2, 6])
    assert found.connected.all()
    first, middle, last = (found.loss[..., i, :] for i in (0, 5, 10))
    assert (middle <= (first + last) / 2 * (1 + 1e-12)).all()
    assert not study().connected.all()  # with a hidden layer some are not


@pytest.mark.parametrize(
    ("loss", "connected"),
    [
        ([1.0, 0.5, 0.9], True),
        ([0.5, 1.0, 1.0], True),
        ([1.0, 1.001, 0.9], False),
        ([0.9, 1.001, 1.0], False),
        ([0.0, 0.5, 1.0], True),
        ([1.0, 1.0 + 1e-12, 1.0], True),
    ],
)
def test_connected_means_no_loss_above_both_ends(loss, connected):
    assert made(loss, loss).connected.tolist() == [[[[connected], [connected]]]]


def test_a_barrier_is_the_fall_below_the_mean_of_the_ends():
    found = made([1.0, 1.0, 1.0], [0.9, 0.7, 0.8])
    assert_allclose(found.barrier, 0.15)
    assert_allclose(made([1.0, 1.0], [0.9, 0.8]).barrier, 0.05)


values = s.floats(0, 1, width=32)


@given(arrays.arrays(np.float64, s.integers(2, 8), elements=values))
def test_both_kinds_of_barrier_differ_by_half_the_gap_of_the_ends_at_most(accuracy):
    """Below the mean, and below the worse end: the documents' kind of connection."""
    below_mean = made(accuracy, accuracy).barrier[0, 0, 0, 0]
    below_both = min(accuracy[0], accuracy[-1]) - accuracy.min()
    gap = abs(accuracy[0] - accuracy[-1]) / 2
    assert below_mean >= 0
    assert_allclose(below_mean, below_both + gap, atol=1e-12)


def test_effects_are_paired_differences():
    found = study()
    one, other = found.ticket[1, 0], found.ticket[0, 0]
    assert found.effect(30, 0, at=0) == st.paired_effect(one, other)
    expected = st.paired_effect(found.ticket[2, 1], found.dense[2], level=0.9)
    assert found.effect(60, level=0.9) == expected
    for given_steps in ((5, 0), (0, 5)):
        with pytest.raises(ValueError, match="got 5"):
            found.effect(*given_steps)


def test_by_default_steps_are_shares_of_all():
    long = st.lottery_bench("wine", seeds=1, steps=400)
    for b, steps in ((bench(), (0, 1, 3, 6, 12, 24)), (long, (0, 4, 20, 40, 80, 160))):
        names = [f"rewound to {step}" for step in steps]
        assert list(st.rewinding_pieces(b, rounds=[1])) == names


def test_another_order_changes_nothing_but_the_order():
    b, other = bench(), replace(bench(), order=1)
    assert_array_equal(b.w0, other.w0)
    assert_array_equal(b.fresh, other.fresh)
    drawn = np.concatenate([b.orders[0], other.orders[0]])
    assert len(np.unique(drawn, axis=0)) == 8  # each seed's own, in each order
    for orders in (b.orders, other.orders):  # 25 times all of 120 samples
        drawn = np.sort(orders.swapaxes(0, 1).reshape(4, 25, 120), axis=-1)
        assert_array_equal(drawn, np.broadcast_to(np.arange(120), drawn.shape))
    mask = np.ones_like(b.w0, dtype=bool)
    w = b.w0
    for step in range(3):
        w = w - 0.5 * other.step_gradient(w, step)
    assert_allclose(other.train(b.w0, mask, 0, 3), w, atol=1e-6)
    alone = replace(st.lottery_bench("wine", hidden=[20], seeds=[2], steps=60), order=1)
    assert_array_equal(alone.orders[:, 0], other.orders[:, 2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": []}, "empty"),
        ({"steps": [61]}, "got 61"),
        ({"steps": [-1]}, "got -1"),
        ({"rounds": []}, "empty"),
        ({"points": 2}, "got 2"),
        ({"rate": 1.5}, "1.5"),
    ],
)
def test_what_cannot_be_walked_is_refused(options, message):
    given_options = {"steps": [0], "rounds": [1], **options}
    with pytest.raises(ValueError, match=message):
        st.rewinding_study(bench(), **given_options)


def test_the_picture_shows_accuracies_and_shares():
    left, right = st.plot_rewinding(study())
    means = [line[0].get_ydata() for line in left.containers]
    assert_allclose(means[0], 100 * study().dense.mean(axis=-1))
    assert_allclose(means[2], 100 * study().ticket[:, 1].mean(axis=-1))
    shares = [line.get_ydata() for line in right.lines]
    assert_allclose(shares[1], 100 * study().connected[:, 0, 1].mean(axis=-1))
    assert_allclose(shares[2], 100 * study().connected[:, 1, 0].mean(axis=-1))
    assert_array_equal(right.lines[0].get_xdata(), [0, 30, 60])
