"""Real data, paired statistics, and tickets against their controls."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as s
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn import datasets

import sparsetheory as st
from sparsetheory.experiments.arms import ARMS, Case
from sparsetheory.experiments.records import complete_records, load_records

numbers = s.lists(s.integers(-6, 6), min_size=2, max_size=9)


@given(numbers)
def test_p_is_the_share_of_all_sign_flips_that_are_as_far_from_zero(d):
    flips = [abs(np.dot(signs, d)) for signs in product((1, -1), repeat=len(d))]
    expected = np.mean([far >= abs(sum(d)) for far in flips])
    found = st.paired_effect(0.1 * np.array(d), np.zeros(len(d)))
    assert found.p == expected
    assert found.p >= 2.0 ** (1 - len(d))
    assert found.n == len(d)


def test_one_sign_only_gives_the_least_p_up_to_forty_pairs():
    for n in (2, 10, 25, 40):
        assert st.paired_effect(np.arange(1.0, n + 1), np.zeros(n)).p == 2.0 ** (1 - n)


def test_the_interval_is_that_of_students_t(rng):
    a, b = rng.standard_normal((2, 12))
    found = st.paired_effect(a, b, level=0.99)
    expected = stats.ttest_rel(a, b).confidence_interval(0.99)
    assert_allclose([found.low, found.high], [expected.low, expected.high])
    assert_allclose(found.mean, (a - b).mean())


def test_the_interval_and_p_keep_their_level():
    rng = np.random.default_rng(0)
    trials, covered, small = 2000, 0, 0
    for d in rng.standard_normal((trials, 8)):
        found = st.paired_effect(d, np.zeros(8))
        covered += found.low <= 0 <= found.high
        small += found.p <= 6 / 128  # a level that the test has exactly
    error = 5 * np.sqrt(0.05 * 0.95 / trials)
    assert_allclose(covered / trials, 0.95, atol=error)
    assert_allclose(small / trials, 6 / 128, atol=error)


def test_non_inferiority_is_decided_by_the_whole_interval():
    d = np.array([-0.2, 0.0, 0.1, -0.1])
    found = st.paired_effect(d, np.zeros(4))
    assert found.low < -0.1 < found.high
    assert found.non_inferior(1.0) is True
    assert found.non_inferior(0.1) is None
    assert st.paired_effect(d - 1, np.zeros(4)).non_inferior(0.1) is False
    assert found.non_inferior(-found.low) is None  # the margin itself is too much
    with pytest.raises(ValueError, match="-1"):
        found.non_inferior(-1)


DECIDED = {  # of intervals that lie below, at or above zero and the margins
    "as good": [False, False, None, None, True, True, True, True],
    "worse": [True, True, True, None, False, False, False, False],
    "much worse": [True, None, False, False, False, False, False, False],
    "better": [False, False, False, False, False, None, True, True],
}


def made(low, high, p=0.01, n=10):
    return st.PairedEffect((low + high) / 2, low, high, 0.95, p, n)


def test_claims_are_borne_out_by_the_whole_interval_and_the_test():
    both = [(-0.2, -0.06), (-0.2, -0.01), (-0.02, -0.005), (-0.02, 0.005)]
    both += [(-0.009, 0.009), (-0.009, 0.02), (0.001, 0.005), (0.001, 0.02)]
    for claim, decided in DECIDED.items():
        for ends, expected in zip(both, decided, strict=True):
            effect = made(*ends)
            assert effect.bears_out(claim) is expected, (claim, ends)
            assert made(*ends, n=5).bears_out(claim) is None  # p is 1/16 at least
    # What the test denies is not claimed, whatever the interval says.
    assert made(-0.2, -0.06, p=0.06).bears_out("worse") is None
    assert made(-0.2, -0.06, p=0.06).bears_out("much worse") is None
    assert made(0.011, 0.02, p=0.06).bears_out("better") is None
    assert made(-0.2, -0.06, p=0.06).bears_out("worse", alpha=0.07) is True
    assert made(-0.2, -0.06, n=5, p=0.06).bears_out("worse", alpha=0.07) is True
    assert made(-0.2, -0.06).bears_out("much worse", much=0.06) is None
    assert made(-0.02, 0.005).bears_out("as good", margin=0.03) is True
    # Margins are open ends: a loss of a margin is one.
    assert made(-0.01, 0.1).bears_out("as good") is None
    assert made(-0.2, -0.01).bears_out("as good") is False


@pytest.mark.parametrize(
    ("a", "b", "level", "message"),
    [
        ([1.0], [1.0], 0.95, "got 1"),
        (np.ones(41), np.ones(41), 0.95, "got 41"),
        ([1.0, 2.0], [1.0], 0.95, "same shape"),
        ([1.0, np.nan], [1.0, 2.0], 0.95, "nan"),
        ([1.0, 2.0], [1.0, 2.0], 1.0, "level"),
        ([[1.0, 2.0]], [[1.0, 2.0]], 0.5, "axes"),
    ],
)
def test_pairs_that_are_none_are_refused(a, b, level, message):
    with pytest.raises(ValueError, match=message):
        st.paired_effect(a, b, level=level)


@pytest.mark.parametrize("data", ["digits", "wine", "breast_cancer"])
def test_splits_are_disjoint_parts_of_the_data_and_each_seed_has_its_own(data):
    found = st.draw_splits(data, seed=[4, 5])
    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    assert found.X.dtype == np.float32
    assert found.classes == len(np.unique(y))
    for i in range(2):
        old, new = found.X[i], found.test_X[i]
        assert len(old) + len(new) <= len(X)
        if data == "digits":
            assert (len(old), len(new)) == (1000, 697)
            shift, scale = 0.0, 16.0
        else:
            assert_allclose(old.mean(axis=0), 0, atol=1e-4)
            assert_allclose(old.std(axis=0), 1, atol=1e-4)
            order = np.random.default_rng((4 + i, 1001)).permutation(len(y))
            part = X[order[: len(old)]]
            shift, scale = part.mean(axis=0), part.std(axis=0)
        scaled = ((X - shift) / scale).astype(np.float32)
        known = {(*row, label) for row, label in zip(scaled.tolist(), y, strict=True)}
        sets = [
            {(*row, label) for row, label in zip(rows.tolist(), labels, strict=True)}
            for rows, labels in ((old, found.y[i]), (new, found.test_y[i]))
        ]
        assert sets[0] <= known
        assert sets[1] <= known
        assert not sets[0] & sets[1]
    assert not np.array_equal(found.y[0], found.y[1])
    again = st.draw_splits(data, seed=5)
    assert_array_equal(again.X[0], found.X[1])


def test_noise_redraws_a_share_of_the_training_labels_and_no_other():
    clean, noisy = (
        st.draw_splits("digits", range(20), label_noise=share) for share in (0, 0.3)
    )
    assert_array_equal(clean.X, noisy.X)
    assert_array_equal(clean.test_y, noisy.test_y)
    wrong = (clean.y != noisy.y).mean()
    # Of 300 redrawn labels one in ten is the old one.
    assert_allclose(wrong, 0.27, atol=5 * np.sqrt(0.3 * 0.09 / clean.y.size))
    drawn = np.bincount(noisy.y[clean.y != noisy.y], minlength=10)
    old = np.bincount(clean.y.ravel(), minlength=10)
    # Each class for 3 % of the samples of the others.
    expected = 0.03 * (old.sum() - old)
    assert (abs(drawn - expected) < 5 * np.sqrt(expected)).all()


def test_data_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="got 'iris'"):
        st.draw_splits("iris", 0)
    with pytest.raises(ValueError, match=r"got 1\.5"):
        st.draw_splits("wine", 0, label_noise=1.5)
    with pytest.raises(ValueError, match="distinct"):
        st.lottery_bench("wine", seeds=[1, 1])
    with pytest.raises(ValueError, match="2\\^32"):
        st.lottery_bench("wine", seeds=[1 << 32])


@cache
def bench():
    return st.lottery_bench("wine", hidden=[20], seeds=4, steps=60)


@cache
def case():
    run = bench().rewound(rounds=6)
    return Case(
        bench(),
        run.masks[6],
        run.weights[0],
        [np.random.default_rng(i) for i in range(4)],
    )


def test_the_gradients_of_all_steps_are_what_training_descends():
    b = bench()
    w = b.w0
    for step in range(3):
        w = w - 0.5 * b.step_gradient(w, step)
    assert_allclose(b.train(b.w0, np.ones_like(w, bool), 0, 3), w, atol=1e-6)


def test_seeds_do_not_see_one_another():
    alone = st.lottery_bench("wine", hidden=[20], seeds=[2], steps=60)
    one, many = alone.rewound(rounds=3), bench().rewound(rounds=3)
    assert_array_equal(one.masks[:, 0], many.masks[:, 2])
    assert_allclose(
        alone.accuracy(one.weights[-1])[0], bench().accuracy(many.weights[-1])[2]
    )


@pytest.mark.parametrize("name", ARMS)
def test_each_arm_has_as_many_weights_as_the_ticket_at_most(name):
    c = case()
    w = ARMS[name](c)
    weights = bench().network.weights
    assert w.shape == bench().w0.shape
    alive = np.count_nonzero(w[:, weights], axis=1)
    assert (alive <= c.mask[:, weights].sum(axis=1)).all()
    assert alive.min() > 0.5 * c.mask[0, weights].sum()


@pytest.mark.parametrize(
    "name",
    [
        *(n for n in ARMS if n.startswith(("re-init", "signs", "magnitudes"))),
        "ticket",
    ],
)
def test_arms_on_the_mask_of_the_ticket_stay_in_it(name):
    assert not ARMS[name](case())[~case().mask].any()


def test_synflow_prunes_in_a_hundred_steps_by_the_flow_that_is_left():
    b, mask = bench(), case().mask
    place = np.flatnonzero(b.network.weights)
    share = mask[0, place].mean()
    for i in range(4):
        W, _, V, _ = map(abs, b.network.split(b.w0[i].astype(float)))
        on = np.ones(place.size)
        for step in range(1, 101):
            A, B = on[: W.size].reshape(W.shape) * W, on[W.size :].reshape(V.shape) * V
            flow = [A * B.sum(axis=0)[:, None], B * A.sum(axis=1)]
            scores = np.where(on, np.concatenate([f.ravel() for f in flow]), -1)
            kept = np.argsort(-scores, kind="stable")
            on = np.zeros(place.size)
            on[kept[: round(share ** (step / 100) * place.size)]] = 1
        alive = ARMS["SynFlow"](case())[i, place] != 0
        assert not alive[on == 0].any()
        assert alive.sum() > 0.8 * on.sum()  # some never get a gradient


def test_arms_differ():
    found = [ARMS[name](case()) for name in ARMS]
    for i, one in enumerate(found):
        assert not any(np.array_equal(one, other) for other in found[:i])


def test_edge_popup_leaves_weights_as_they_were():
    w = ARMS["edge-popup, weights frozen"](case())
    assert_array_equal(w[w != 0], bench().w0[w != 0])


def test_another_seed_needs_another_seed():
    alone = st.lottery_bench("wine", hidden=[20], seeds=[2], steps=10)
    with pytest.raises(ValueError, match="two"):
        st.lottery_study(alone, rounds=[2], arms=["mask of another seed"])


def test_pieces_are_what_the_study_does_and_can_be_kept(tmp_path):
    options = {"rounds": [2, 6], "arms": ["ticket", "random"]}
    whole = st.lottery_study(bench(), **options)
    calls = []

    def counted(name, piece):
        return lambda: calls.append(name) or piece()

    path, records = tmp_path / "study.json", {}
    for stop in (2, 3):  # the second run finds what the first one did
        pieces = st.lottery_pieces(bench(), **options)
        work = {n: counted(n, f) for n, f in list(pieces.items())[:stop]}
        complete_records(path, work, records, {}, progress=False)
        records, _ = load_records(path, [])
    assert calls == ["dense", "ticket", "random"]
    again = st.lottery_study(bench(), **options, known=records)
    for found in (whole, again):
        assert_array_equal(found.dense, records["dense"][0])
        for name in ("ticket", "random"):
            assert_array_equal(found.accuracy[name], records[name])
    n = int(bench().network.weights.sum())
    assert_array_equal(whole.density, st.surviving_counts(n, 0.2, 6)[[2, 6]] / n)


def test_effects_are_paired_differences_of_the_arms():
    found = st.LotteryStudy(
        (0, 1, 2),
        np.array([0.5, 0.1]),
        np.array([0.9, 0.8, 0.95]),
        {"ticket": np.array([[0.8, 0.8, 0.8], [0.7, 0.6, 0.5]])},
    )
    effect = found.effect("ticket", at=1, level=0.9)
    assert effect == st.paired_effect([0.7, 0.6, 0.5], [0.9, 0.8, 0.95], level=0.9)
    assert found.effect("dense", "ticket", 0).mean == pytest.approx(0.25 / 3)


def test_what_a_study_cannot_do_is_said():
    with pytest.raises(ValueError, match="got 'best'"):
        st.lottery_study(bench(), arms=["best"])
    with pytest.raises(ValueError, match="empty"):
        st.lottery_study(bench(), rounds=[])
    with pytest.raises(ValueError, match="-1"):
        st.lottery_study(bench(), rounds=[-1])


def test_arms_of_ones_own_are_run():
    found = st.lottery_study(
        bench(), rounds=[3], arms={"untrained": lambda c: c.bench.w0 * c.mask}
    )
    expected = bench().accuracy(bench().w0 * bench().rewound(rounds=3).masks[3])
    assert_array_equal(found.accuracy["untrained"][0], expected)


def test_the_picture_shows_means_and_intervals():
    arms = {"a": np.array([[0.8, 0.9], [0.6, 0.8]]), "b": np.ones((2, 2))}
    found = st.LotteryStudy((0, 1), np.array([0.5, 0.1]), np.array([0.9, 0.8]), arms)
    ax = st.plot_lottery(found)
    assert_allclose(ax.lines[0].get_ydata(), 85)
    line = next(c for c in ax.containers if c.get_label() == "a")
    assert_allclose(line[0].get_ydata(), [70, 85])
    half = np.diff([p[:, 1] for p in line[2][0].get_segments()], axis=1)[:, 0] / 2
    t = stats.t.ppf(0.975, 1)
    assert_allclose(half, [10 * t, 5 * t])


@pytest.mark.slow
def test_on_digits_arms_are_at_the_distances_that_were_found_before():
    """Other seeds and splits agree with a study of ten, by the errors of both."""
    b = st.lottery_bench("digits", seeds=range(40, 50))
    names = [
        *("ticket", "signs kept, one magnitude", "signs kept", "re-initialised"),
        *("magnitudes kept", "SNIP", "GraSP", "shuffled in layers"),
    ]
    found = st.lottery_study(b, rounds=[14], arms=names)
    before = {"signs kept, one magnitude": -0.2, "signs kept": -0.5}
    before |= {"re-initialised": -2.7, "magnitudes kept": -3.4, "SNIP": -9.9}
    before |= {"GraSP": -8.8, "shuffled in layers": -33.5}
    assert_allclose(100 * found.dense.mean(), 96.4, atol=1.5)
    for name, points in before.items():
        effect = found.effect(name, "ticket", level=0.99)
        room = 2**0.5 * (effect.high - effect.low) / 2  # both studies have an error
        assert abs(effect.mean - points / 100) < room, name
    at_quarter = st.lottery_study(b, rounds=[6], arms=["ticket", "random"])
    assert at_quarter.effect("ticket", "dense").mean > -0.005
    assert at_quarter.effect("random", "dense").non_inferior(0.005) is False


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": -5}, ValueError, "steps must be at least 0, got -5"),
        ({"steps": "a"}, TypeError, "steps must be an integer, got 'a'"),
        ({"batch": 0}, ValueError, "batch must be at least 1, got 0"),
        ({"scheme": "foo"}, ValueError, "scheme must be one of .* got 'foo'"),
        ({"optimiser": "sgd"}, TypeError, "optimiser must be SGD or Adam, got 'sgd'"),
    ],
)
def test_benches_that_can_not_be_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        st.lottery_bench("wine", seeds=2, **options)


def test_tickets_of_another_pruning_are_refused():
    bench = st.lottery_bench("wine", hidden=[5], seeds=2, steps=10)
    other = st.lottery_bench("wine", hidden=[5], seeds=[5, 6], steps=10)
    for tickets, message in (
        (bench.rewound(rounds=2), "tickets must have 3 rounds, got 2"),
        (bench.rewound(rounds=3, rate=0.7), "pruned at the rate 0.2, to .* got 0.03"),
        (bench.rewound(rounds=3, rewind_step=5), "rewound to the initial weights"),
        (other.rewound(rounds=3), "rewound to the initial weights of the bench"),
    ):
        with pytest.raises(ValueError, match=message):
            st.lottery_study(bench, rounds=[3], arms=["random"], tickets=tickets)


def test_arms_must_return_weights_of_every_seed():
    bench = st.lottery_bench("wine", hidden=[5], seeds=2, steps=10)
    with pytest.raises(ValueError, match="no arm must be called 'dense'"):
        st.lottery_study(bench, rounds=[1], arms={"dense": lambda case: case.dense})
    with pytest.raises(ValueError, match="arm 'one' must return weights of shape"):
        st.lottery_study(bench, rounds=[1], arms={"one": lambda case: case.dense[:1]})
