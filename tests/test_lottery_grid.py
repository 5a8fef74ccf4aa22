"""Studies in several settings, on noisy labels, of tickets beside one another."""

import threading
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import sparsetheory as st
from sparsetheory._parallel import once
from sparsetheory.experiments.overlap import shared_weights


@cache
def bench(steps=60):
    return st.lottery_bench("wine", hidden=[12], seeds=[0, 1, 2, 3], steps=steps)


GRID = {"rounds": [2, 6], "arms": ["ticket", "random"]}


def benches():
    return {"short": bench(20), "long|er": bench(60)}


@cache
def grid():
    return st.lottery_grid(benches(), **GRID)


def test_a_grid_is_a_study_in_each_setting():
    for setting, given in benches().items():
        alone, found = st.lottery_study(given, **GRID), grid().studies[setting]
        assert_array_equal(found.dense, alone.dense)
        assert_array_equal(found.density, alone.density)
        for arm in GRID["arms"]:
            assert_array_equal(found.accuracy[arm], alone.accuracy[arm])
        effect = grid().effect(setting, "random", "ticket", 0, level=0.9)
        assert effect == alone.effect("random", "ticket", 0, level=0.9)


def test_pieces_of_a_grid_are_not_run_again():
    pieces = st.lottery_grid_pieces(benches(), **GRID)
    assert list(pieces)[2:4] == ["short|random", "long|er|dense"]
    known = {name: np.full((2, 4), i / 10) for i, name in enumerate(pieces)}
    for name in ("short|dense", "long|er|dense"):
        known[name] = known[name][:1]
    found = st.lottery_grid(benches(), known=known, **GRID)
    assert_array_equal(
        found.studies["long|er"].accuracy["random"], np.full((2, 4), 0.5)
    )
    partly = {"short|ticket": known["short|ticket"], "of another grid": np.ones(3)}
    found = st.lottery_grid(benches(), known=partly, **GRID)
    assert_array_equal(found.studies["short"].accuracy["ticket"], np.full((2, 4), 0.1))
    assert_array_equal(
        found.studies["short"].accuracy["random"],
        grid().studies["short"].accuracy["random"],
    )
    with pytest.raises(ValueError, match="benches"):
        st.lottery_grid({}, **GRID)


@cache
def noisy():
    return st.label_noise_study(bench(), noise=(0, 0.3, 1), rounds=[3, 6])


def test_noisy_labels_are_those_of_the_splits_and_none_are_the_clean_ones():
    found = noisy()
    for level, share in ((0, 0.0), (1, 0.3)):
        same = st.lottery_bench(
            "wine", hidden=[12], seeds=range(4), steps=60, label_noise=share
        )
        run = same.rewound(rounds=6)
        for at, end in enumerate((0, 3, 6)):
            w = run.weights[end]
            assert_array_equal(found.test[level, at], same.accuracy(w))
            seen = same.network.accuracy(w, same.data.X, same.data.y)
            assert_array_equal(found.train[level, at], seen)
    assert found.density[0] == 1
    assert_array_equal(found.density[1:], [run.density[3], run.density[6]])


def test_the_gap_is_the_mean_over_labels_that_are_redrawn_for_testing_too():
    given, found = bench(), noisy()
    w = given.rewound(rounds=3).weights[-1]
    data = given.data
    guess = given.network.outputs(w, data.test_X).argmax(axis=-1)
    right = guess == data.test_y
    by_chance = np.mean([guess == label for label in range(3)], axis=0)
    assert_allclose(by_chance, 1 / 3)
    assert_allclose(found.gap[0, 1], found.train[0, 1] - right.mean(axis=1))
    for level, share in ((1, 0.3), (2, 1.0)):
        other = (1 - share) * found.test[level] + share / 3
        assert_allclose(found.gap[level], found.train[level] - other)
    effect = found.effect("gap", level=1, at=2, coverage=0.9)
    gap = found.gap[1]
    assert effect == st.paired_effect(gap[2], gap[0], level=0.9)
    assert found.effect() == st.paired_effect(found.test[2, 2], found.test[2, 0])


def test_pieces_of_noise_are_not_run_again():
    options = {"noise": (0, 0.3, 1), "rounds": [3, 6]}
    pieces = st.label_noise_pieces(bench(), **options)
    assert list(pieces) == ["noise 0", "noise 0.3", "noise 1"]
    made = np.full((2, 3, 4), 0.5)
    known = {"noise 0.3": made, "noise 1": made}
    again = st.label_noise_study(bench(), known=known, **options)
    assert_array_equal(again.test[0], noisy().test[0])
    assert_array_equal(again.train[1:], np.full((2, 3, 4), 0.5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": [1.1]}, r"1\.1"),
        ({"noise": [-0.1]}, r"-0\.1"),
        ({"noise": []}, "noise"),
        ({"noise": [0.1, 0.1]}, "distinct"),
        ({"noise": [np.nan]}, "nan"),
        ({"rounds": [-1]}, "-1"),
    ],
)
def test_noise_that_is_none_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        st.label_noise_study(bench(), **options)


@cache
def shared():
    return st.overlap_study(bench(), rounds=[3, 6])


def test_overlaps_are_counted_in_what_two_masks_keep():
    network = st.mlp([3, 2, 2])
    on, layer = network.weights, network.layer
    one, other = np.zeros((2, network.n), bool)
    first, second = (np.flatnonzero(on & (layer == each)) for each in np.unique(layer))
    one[first[:4]] = one[second[:2]] = True  # of 6 and of 4
    other[first[2:5]] = other[second[2:]] = True
    share, chance = shared_weights(network, one, other)
    assert share == 2 / 6
    assert chance == pytest.approx((4 * 3 / 6 + 2 * 2 / 4) / 6)


def test_chance_is_the_mean_overlap_with_shuffled_masks():
    given = bench()
    mask = given.rewound(rounds=5).masks[-1]
    network = given.network
    draws = np.stack(
        [
            st.shuffled_mask(mask, seed, prunable=network.weights, layers=network.layer)
            for seed in range(400)
        ]
    )
    share, chance = shared_weights(network, np.broadcast_to(mask, draws.shape), draws)
    error = share.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert (abs(share.mean(axis=0) - chance[0]) < 5 * error).all()
    assert_allclose(chance, chance[:1].repeat(400, axis=0))


def test_other_tickets_have_the_weights_or_the_order_of_other_seeds():
    found, given = shared(), bench()
    assert_array_equal(
        found.accuracy["ticket"][1], given.accuracy(given.rewound(rounds=6).weights[-1])
    )
    alone = st.lottery_bench("wine", hidden=[12], seeds=[2], steps=60)
    one = st.overlap_study(alone, rounds=[3, 6])
    for name in found.overlap:
        assert_array_equal(found.overlap[name][:, [2]], one.overlap[name])
        assert not np.array_equal(found.accuracy[name], found.accuracy["ticket"])
    other = replace(given, seeds=[seed + 2**32 for seed in given.seeds])
    for name, train, w in (
        ("other order", other.train, given.w0),
        ("other weights", given.train, other.w0),
        ("other weights and order", other.train, other.w0),
    ):
        run = st.iterative_magnitude_pruning(
            train, w, rounds=6, prunable=given.network.weights
        )
        assert_array_equal(found.accuracy[name][1], given.accuracy(run.weights[-1]))
    first, second, both = found.overlap.values()
    assert (first[1] > second[1]).all()
    assert (first[1] > both[1]).all()
    effect = found.effect("other order", 0)
    accuracy = found.accuracy
    assert effect == st.paired_effect(accuracy["other order"][0], accuracy["ticket"][0])
    excess = found.excess("other weights", 1, level=0.9)
    pair = found.overlap["other weights"][1], found.chance["other weights"][1]
    assert excess == st.paired_effect(*pair, level=0.9)


def test_pieces_of_overlaps_are_not_run_again():
    pieces = st.overlap_pieces(bench(), rounds=[3, 6])
    known = {"other order": np.full((3, 2, 4), 0.25), "ticket": pieces["ticket"]()}
    again = st.overlap_study(bench(), rounds=[3, 6], known=known)
    assert_array_equal(known["ticket"][0], np.ones((2, 4)))
    assert_array_equal(again.overlap["other order"], np.full((2, 4), 0.25))
    assert_array_equal(
        again.overlap["other weights"], shared().overlap["other weights"]
    )
    with pytest.raises(ValueError, match="empty"):
        st.overlap_study(bench(), rounds=[])


def test_threads_that_ask_at_once_wait_for_one_result():
    calls = []

    @once
    def slow(x):
        calls.append(x)
        time.sleep(0.05)
        return object()

    found = []
    threads = [
        threading.Thread(target=lambda i=i: found.append(slow(i % 2))) for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(calls) == [0, 1]
    assert len(set(map(id, found))) == 2


def lines_of(ax):
    drawn = {}
    for bars in ax.containers:
        ends = [part[:, 1] for part in bars[2][0].get_segments()]
        drawn[bars.get_label()] = bars[0].get_ydata(), np.array(ends)
    return drawn


def test_pictures_of_effects_show_paired_differences():
    study = grid().studies["short"]
    drawn = lines_of(st.plot_lottery_effects(grid(), arms=["random"]))
    assert set(drawn) == {"random, short", "random, long|er"}
    alone = lines_of(st.plot_lottery_effects(study, than="dense"))
    assert set(alone) == {"ticket", "random"}
    for found, than in ((drawn["random, short"], "ticket"), (alone["random"], "dense")):
        effects = [study.effect("random", than, at) for at in (1, 0)]  # ascending
        assert_allclose(found[0], [100 * e.mean for e in effects])
        assert_allclose(found[1], [[100 * e.low, 100 * e.high] for e in effects])


def test_pictures_of_noise_and_overlap_show_their_numbers():
    found = noisy()
    ax = st.plot_label_noise(found)
    drawn = lines_of(ax)
    assert len(drawn) == 6
    effects = [found.effect("gap", level=1, at=at) for at in (2, 1)]
    values, ends = drawn["gap, 30 % redrawn"]
    assert_allclose(values, [100 * e.mean for e in effects])
    assert_allclose(ends, [[100 * e.low, 100 * e.high] for e in effects])
    same = st.plot_overlap(shared(), ax)
    assert same is ax
    values, ends = lines_of(st.plot_overlap(shared()))["other weights"]
    expected = 100 * shared().overlap["other weights"][::-1]
    assert_allclose(values, expected.mean(axis=1))
    half = stats.t.ppf(0.975, 3) * stats.sem(expected, axis=1)
    assert_allclose(np.diff(ends, axis=1)[:, 0], 2 * half)
