"""Noise, orders of the data, batches and step sizes for tickets."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.experiments.arms import ARMS, draw_case
from sparsetheory.experiments.bench import LotteryBench

ENDS = (3, 8)


@cache
def bench():
    return st.lottery_bench("wine", hidden=[20], seeds=4, steps=60)


@cache
def tickets():
    return bench().rewound(rounds=8)


@cache
def plain():
    names = ["ticket", "re-initialised", "shuffled in layers"]
    return st.lottery_study(bench(), rounds=ENDS, arms=names, tickets=tickets())


def test_what_is_not_varied_gives_what_other_studies_give():
    options = {"rounds": ENDS, "tickets": tickets()}
    noise = st.noise_study(bench(), sizes=[0], **options)
    order = st.order_study(bench(), orders=1, **options)
    batch = st.batch_study(bench(), batches=[50], **options)
    step = st.step_size_study(bench(), sizes=[0.5], **options)
    for found in (noise, order, batch, step):
        assert found.seeds == plain().seeds
        assert_array_equal(found.density, plain().density)
        assert_array_equal(found.dense[0], plain().dense)
        for name, table in found.accuracy.items():
            assert_array_equal(table[0], plain().accuracy[name])
    assert list(order.accuracy) == list(plain().accuracy)


@pytest.fixture
def trained(monkeypatch):
    """Return what training is asked for, in place of training."""
    calls = []

    def train(self, w, mask, *span):
        calls.append((self, w, mask))
        return np.where(mask, w, 0)

    monkeypatch.setattr(LotteryBench, "train", train)
    return calls


def test_noise_is_relative_to_the_weights_of_each_layer(trained):
    b = st.lottery_bench("digits", hidden=[100], seeds=2, steps=1)
    none = tickets_of(b)
    st.noise_study(b, sizes=[0.5, 2.0], rounds=[0], tickets=none)
    calls = {}
    for n, (_, w, _) in enumerate(trained):
        calls[n] = w - b.w0
    half, double, *_ = calls.values()
    assert_allclose(4 * half, double, atol=1e-6)
    assert_array_equal(calls[2], half)  # of the ticket, as of the dense network
    assert abs(np.corrcoef(half)[0, 1]) < 5 / np.sqrt(b.network.weights.sum())
    for moved, w in zip(b.network.split(double), b.network.split(b.w0), strict=True):
        if w.ndim == 2:
            assert not moved.any()
            continue
        for i in range(2):
            count = w[i].size
            quotient = moved[i].std() / np.sqrt(np.mean(w[i] ** 2))
            assert_allclose(quotient, 2, atol=2 * 5 / np.sqrt(2 * count))
            assert abs(moved[i].mean()) < 5 * moved[i].std() / np.sqrt(count)


def tickets_of(b):
    masks = np.ones((1, *b.w0.shape), dtype=bool)
    return st.PruningRounds(masks, b.w0[None], np.ones(1), b.w0, 0)


def test_noise_of_a_seed_is_its_own():
    alone = st.lottery_bench("wine", hidden=[20], seeds=[2], steps=60)
    one = st.noise_study(alone, sizes=[2.0], rounds=[8])
    many = st.noise_study(bench(), sizes=[2.0], rounds=[8], tickets=tickets())
    assert_allclose(one.accuracy["ticket"][..., 0], many.accuracy["ticket"][..., 2])
    assert one.accuracy["ticket"][0, 0, 0] < 1


def test_all_batches_show_as_many_samples(trained):
    options = {"batches": [7, 50, 120], "rounds": [3], "tickets": tickets()}
    st.batch_study(bench(), **options)
    shown = [(b.batch, b.steps) for b, *_ in trained]
    assert shown == 2 * [(7, 429), (50, 60), (120, 25)]
    assert all(b.optimiser == st.SGD(lr=0.5) for b, *_ in trained)


def test_step_sizes_are_the_optimisers(trained):
    b = replace(bench(), optimiser=st.Adam(lr=0.01, beta1=0.5))
    options = {"rounds": [3], "tickets": tickets()}
    found = st.step_size_study(b, sizes=[0.2, 0.1, 0.2], **options)
    assert found.values == (0.1, 0.2)
    assert [each.optimiser for each, *_ in trained] == 2 * [
        st.Adam(lr=0.1, beta1=0.5),
        st.Adam(lr=0.2, beta1=0.5),
    ]
    assert all((each.batch, each.steps) == (50, 60) for each, *_ in trained)


def test_orders_differ_in_the_order_alone(trained):
    st.order_study(bench(), orders=3, rounds=ENDS, tickets=tickets())
    assert [b.order for b, *_ in trained] == [0, 1, 2] + 3 * [0, 0, 1, 1, 2, 2]
    shuffled = trained[-6:]
    for _, w, mask in shuffled[2:]:
        assert_array_equal(w, bench().w0)
        assert any(np.array_equal(mask, other) for _, _, other in shuffled[:2])


def test_runs_of_an_order_are_those_of_a_bench_with_it():
    found = st.order_study(
        bench(), orders=2, arms=["re-initialised"], rounds=ENDS, tickets=tickets()
    )
    other = replace(bench(), order=1)
    case = draw_case(other, tickets(), 8, "re-initialised")
    expected = other.accuracy(ARMS["re-initialised"](case))
    assert_array_equal(found.runs("re-initialised")[1], expected)


def test_networks_that_diverge_are_wrong_everywhere():
    found = st.step_size_study(bench(), sizes=[0.5, 1e30], rounds=[8])
    assert_array_equal(found.dense[1], 0)
    assert_array_equal(found.accuracy["ticket"][1], 0)
    assert found.dense[0].min() > 0.9


def made():
    table = np.array([[0.8, 0.7], [0.9, 0.7], [0.7, 0.4]])
    return st.TrainingSweep(
        seeds=(0, 1),
        varied="batch",
        values=(5.0, 10.0, 20.0),
        density=np.array([0.5, 0.1]),
        dense=table,
        accuracy={"ticket": np.stack([table - 0.3, table[::-1] - 0.1], axis=1)},
    )


def test_the_best_value_and_the_spread_of_known_runs():
    found = made()
    assert_array_equal(found.runs("ticket", 0), found.dense - 0.3)
    assert_array_equal(found.best("dense"), [10, 5])
    assert_array_equal(found.best("ticket"), [10, 10])
    assert_array_equal(found.best("ticket", 0), [10, 5])
    assert_allclose(found.spread("dense"), [0.1, 0.3 / 3**0.5])
    one = replace(found, values=(5.0,), dense=found.dense[:1])
    with pytest.raises(ValueError, match="two"):
        one.spread("dense")


def test_effects_are_between_arms_or_between_values():
    found = made()
    effect = found.effect("ticket", value=5)
    expected = st.paired_effect([0.6, 0.3], [0.8, 0.7])
    assert_allclose([effect.mean, effect.low], [expected.mean, expected.low])
    effect = found.effect("ticket", "ticket", value=10, base=20, at=0, level=0.9)
    expected = st.paired_effect([0.6, 0.4], [0.4, 0.1], level=0.9)
    assert_allclose([effect.mean, effect.low], [expected.mean, expected.low])
    for options in ({"value": 6}, {"value": 5, "base": 6}):
        with pytest.raises(ValueError, match="got 6"):
            found.effect("ticket", **options)


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (st.noise_study, {"sizes": []}, "sizes must not be empty"),
        (st.noise_study, {"sizes": [-0.1]}, r"-0\.1"),
        (st.noise_study, {"sizes": [np.nan]}, "nan"),
        (st.noise_study, {"rounds": [9]}, "9 rounds, got 8"),
        (st.order_study, {"orders": 0}, "got 0"),
        (st.order_study, {"arms": ["best"]}, "got 'best'"),
        (st.batch_study, {"batches": []}, "batches must not be empty"),
        (st.batch_study, {"batches": [121]}, "got 121"),
        (st.batch_study, {"rounds": []}, "rounds must not be empty"),
        (st.step_size_study, {"sizes": [0.0]}, r"got 0\.0"),
    ],
)
def test_what_cannot_vary_is_refused(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(bench(), tickets=tickets(), **options)


def test_values_that_are_close_are_pieces_of_their_own():
    pieces = st.step_size_pieces(bench(), sizes=[0.1234567, 0.1234568, 2])
    assert list(pieces)[3:] == [
        f"ticket, step size {each}" for each in ("0.1234567", "0.1234568", "2")
    ]


def test_defaults_fit_the_bench():
    found = st.batch_study(bench(), rounds=[3], tickets=tickets())
    assert found.values == (5, 10, 25, 50, 100)


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(TypeError, match="batches"):
        st.batch_study(bench(), batches=[2.5])


def test_pictures_show_means_and_spreads():
    ax = st.plot_sweep(made())
    shown = {c.get_label(): c[0].get_ydata() for c in ax.containers}
    assert_allclose(shown["dense"], [75, 80, 55])
    assert_allclose(shown["ticket, 50 %"], [45, 50, 25])
    ax = st.plot_spread(made())
    dots = [line.get_ydata() for line in ax.lines if line.get_marker() == "o"]
    assert_allclose(dots[0], [10, 30 / 3**0.5])
    assert len(dots) == 3
    one = replace(made(), values=(5.0,), dense=made().dense[:1])
    with pytest.raises(ValueError, match="two"):
        st.plot_spread(one)
