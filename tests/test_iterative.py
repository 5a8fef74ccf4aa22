"""Pruning in rounds, masks that move, masks that train, and controls."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as s
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

NETWORK = st.mlp([6, 9, 5, 3])

n, WEIGHTS, LAYER = NETWORK.n, NETWORK.weights, NETWORK.layer

SEEDS = (0, 1, 2)

STEPS, BATCH = 24, 8


@pytest.fixture
def data(rng):
    return rng.standard_normal((60, 6)), rng.integers(0, 3, 60)


def trainer(X, y, optimiser=None, seen=None, seeds=SEEDS):
    """Train, and note every step's parameters beside the mask."""

    def train(w, mask, start=0, stop=STEPS):
        span = {"start": start, "steps": stop, "keep": range(start, stop + 1)}
        run = st.train(
            *(NETWORK, w, X, y),
            **{"mask": mask, "batch": BATCH, "seed": seeds, "optimiser": optimiser},
            **span,
        )
        if seen is not None:
            seen.append((mask, start, stop, run.snapshots))
        return run.w

    return train


def never_alive(seen):
    for mask, start, stop, snapshots in seen:
        assert sorted(snapshots) == list(range(start, stop + 1))
        for w in snapshots.values():
            assert not w[~np.broadcast_to(mask, w.shape)].any()


def weights():
    return st.initial_weights(NETWORK, SEEDS)


def identity(w, mask):
    return w


@pytest.mark.parametrize("rewind", [0, 7, None])
@pytest.mark.parametrize(
    "optimiser", [st.SGD(0.3), st.SGD(0.1, 0.9, 0.01), st.Adam(0.01)]
)
def test_a_pruned_weight_is_zero_at_every_step_of_every_round(data, rewind, optimiser):
    seen = []
    run = st.iterative_magnitude_pruning(
        trainer(*data, optimiser, seen), weights(), rounds=5, rewind_step=rewind
    )
    assert len(seen) == 6 + (rewind == 7)
    never_alive(seen)
    assert not run.weights[~run.masks].any()


def test_the_first_steps_are_trained_once_and_late_rewinding_starts_there(data):
    seen = []
    w0 = weights()
    run = st.iterative_magnitude_pruning(
        trainer(*data, seen=seen), w0, rounds=2, rewind_step=7, prunable=WEIGHTS
    )
    dense = st.train(NETWORK, w0, *data, steps=STEPS, batch=BATCH, seed=SEEDS, keep=[7])
    assert_array_equal(run.start, dense.snapshots[7])
    assert_array_equal(run.weights[0], dense.w)  # without momentum all is one path
    assert [(start, stop) for _, start, stop, _ in seen] == [(0, 7)] + 3 * [(7, STEPS)]
    for mask, start, _, snapshots in seen[1:]:
        assert_array_equal(snapshots[start], np.where(mask, dense.snapshots[7], 0))


def test_each_round_is_training_from_the_start_with_the_largest_weights_of_before(data):
    w0 = weights()
    run = st.iterative_magnitude_pruning(
        trainer(*data), w0, rounds=4, rate=0.3, prunable=WEIGHTS
    )
    assert run.masks[0].all()
    counts = st.surviving_counts(int(WEIGHTS.sum()), 0.3, 4)
    assert_allclose(run.density, counts / counts[0], rtol=1e-15)
    for before, w, mask, after, count in zip(
        *(run.masks, run.weights, run.masks[1:], run.weights[1:], counts[1:]),
        strict=False,
    ):
        for i in range(len(SEEDS)):
            sizes = np.where(before[i] & WEIGHTS, abs(w[i]), -1.0)
            expected = np.argsort(-sizes, kind="stable")[:count]
            assert_array_equal(np.flatnonzero(mask[i] & WEIGHTS), np.sort(expected))
            assert mask[i][~WEIGHTS].all()
        options = {"steps": STEPS, "batch": BATCH, "seed": SEEDS, "mask": mask}
        assert_array_equal(after, st.train(NETWORK, w0, *data, **options).w)


def test_fine_tuning_goes_on_from_the_weights_of_before(data):
    seen = []
    run = st.iterative_magnitude_pruning(
        trainer(*data, seen=seen), weights(), rounds=3, rewind_step=None
    )
    for (mask, start, _, snapshots), before in zip(seen[1:], run.weights, strict=False):
        assert start == 0
        assert_array_equal(snapshots[0], np.where(mask, before, 0))
    assert run.rewind_step is None


def test_one_round_prunes_in_one_shot_to_an_exact_count(data):
    run = st.iterative_magnitude_pruning(
        trainer(*data), weights(), rounds=1, density=0.29
    )
    assert run.masks.shape == (2, 3, n)
    assert set(run.masks[1].sum(axis=1)) == {st.mask_budget(n, 0.29)}
    for w, mask in zip(run.weights[0], run.masks[1], strict=True):
        assert_array_equal(mask, st.top_mask(abs(w), st.mask_budget(n, 0.29)))


def test_networks_trained_together_are_those_trained_alone(data):
    w0 = weights()
    options = {"rounds": 3, "rewind_step": 5, "layers": LAYER, "prunable": WEIGHTS}
    many = st.iterative_magnitude_pruning(trainer(*data), w0, **options)
    for i, seed in enumerate(SEEDS):
        one = st.iterative_magnitude_pruning(
            trainer(*data, seeds=seed), w0[i], **options
        )
        assert_array_equal(one.masks, many.masks[:, i])
        assert_allclose(one.weights, many.weights[:, i], atol=1e-12)


def test_layers_are_pruned_each_to_its_own_count(data):
    run = st.iterative_magnitude_pruning(
        *(trainer(*data), weights()),
        **{"rounds": 3, "rate": 0.25, "layers": LAYER, "prunable": WEIGHTS},
    )
    for layer in range(3):
        part = WEIGHTS & (layer == LAYER)
        counts = st.surviving_counts(int(part.sum()), 0.25, 3)
        for mask, count in zip(run.masks, counts, strict=True):
            assert set(mask[:, part].sum(axis=1)) == {count}


@given(
    hnp.arrays(np.float64, s.integers(1, 60), elements=s.integers(-3, 3)),
    s.floats(0.01, 1),
    s.none() | s.integers(1, 6),
)
def test_densities_are_met_exactly_whatever_the_ties(w, density, rounds):
    def train(w, mask):
        return w

    run = st.iterative_magnitude_pruning(train, w, density=density, rounds=rounds)
    assert run.masks[-1].sum() == st.mask_budget(w.size, density)
    for more, less in pairwise(run.masks):
        assert not (less & ~more).any()
    if rounds is None:
        assert len(run.masks) == st.rounds_to_density(0.2, density) + 1
        rho, root, last = Fraction("0.8"), 1, st.mask_budget(w.size, density)
    else:
        rho, root, last = Fraction(str(density)), rounds, 0
    for r, k in enumerate(run.masks.sum(axis=1)):
        ideal = w.size**root * rho**r
        assert k == last or int(k) ** root <= ideal
        assert (int(k) + 1) ** root > ideal


@pytest.mark.parametrize(
    ("size", "options", "counts"),
    [
        (1000, {"rounds": 3, "density": 0.729}, [1000, 900, 810, 729]),
        (100, {"rounds": 5, "density": 1e-5}, [100, 10, 1, 0, 0, 0]),
        (100, {"rounds": 2, "density": 0.0}, [100, 0, 0]),
        (9, {"density": 0.1}, [9, 7, 5, 4, 3, 2, 2, 1, 1, 1, 0, 0]),
        (1000, {"density": 0.5}, [1000, 800, 640, 512, 500]),
        (9, {"rounds": 5}, [9, 8, 7, 6, 5, 4]),
    ],
)
def test_rounds_keep_what_is_said_and_no_float_loses_one(size, options, counts):
    w = np.arange(1.0, size + 1)
    run = st.iterative_magnitude_pruning(lambda w, m: np.where(m, w, 0), w, **options)
    assert_array_equal(run.masks.sum(axis=1), counts)


def test_training_that_revives_pruned_weights_is_refused(data):
    def unmasked(w, mask):
        return st.train(NETWORK, w, *data, steps=STEPS, batch=BATCH).w

    with pytest.raises(ValueError, match=r"zero, \d+ of 26 are not"):
        st.iterative_magnitude_pruning(unmasked, weights()[0], rounds=3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train": lambda w, mask: w[:-1]}, "return shape"),
        ({"train": lambda w, mask: w * np.nan}, "finite"),
        ({"w0": np.ones((2, 2, 2))}, "shape"),
        ({"w0": [1.0, np.nan]}, "nan"),
        ({"w0": [1.0, 1j]}, "complex"),
        ({"w0": []}, "shape"),
        ({"w0": [[1.0], []]}, "w0 must be an array, got lists of unequal"),
        ({"rounds": None}, "neither"),
        ({"rounds": -1}, "-1"),
        ({"density": 1.5}, "1.5"),
        ({"rate": -0.1}, "-0.1"),
        ({"rewind_step": -1}, "-1"),
        ({"rewind_step": 1.5}, "1.5"),
        ({"prunable": np.zeros(4, bool)}, "prunable"),
        ({"prunable": np.ones(5, bool)}, "shape"),
        ({"layers": np.ones(4)}, "float64"),
        ({"layers": np.ones(3, int)}, "shape"),
    ],
)
def test_what_is_wrong_is_said(change, message):
    options = {"train": identity, "w0": np.ones(4), "rounds": 2, **change}
    with pytest.raises((TypeError, ValueError), match=message):
        st.iterative_magnitude_pruning(**options)


@given(s.integers(0, 3), s.sampled_from([np.int64, np.float32, np.float64]))
def test_integers_and_single_precision_are_taken_in_any_memory_order(rounds, dtype):
    w = np.asfortranarray(np.arange(12).reshape(3, 4).astype(dtype))
    run = st.iterative_magnitude_pruning(identity, w, rounds=rounds)
    assert run.weights.dtype == (np.float32 if dtype is np.float32 else np.float64)
    same = st.iterative_magnitude_pruning(identity, w.copy("C"), rounds=rounds)
    assert_array_equal(run.masks, same.masks)


def dynamic(data, seen, **options):
    X, y = data
    mask = np.random.default_rng(5).random((3, n)) < 0.3
    mask[:, ~WEIGHTS] = True
    mask[:, -1] = False  # a bias that is none
    run = st.dynamic_sparse_training(
        *(trainer(X, y, seen=seen), weights(), mask),
        **{"steps": STEPS, "every": 4, "prunable": WEIGHTS, "layers": LAYER},
        **options,
    )
    return mask, run


def slope(X, y):
    return lambda w, step: NETWORK.gradient(w, X, y)


@pytest.mark.parametrize("rigged", [False, True])
def test_moving_masks_keep_the_count_of_each_layer_and_pruned_weights_zero(
    data, rigged
):
    seen = []
    grad = slope(*data) if rigged else None
    mask, run = dynamic(data, seen, grad=grad, share=0.5)
    never_alive(seen)
    assert_array_equal(run.steps, [4, 8, 12, 16])  # three quarters are 18 steps
    assert [(a, b) for _, a, b, _ in seen] == list(pairwise([0, 4, 8, 12, 16, STEPS]))
    assert_array_equal(run.masks[0], mask)
    for layer in range(3):
        part = WEIGHTS & (layer == LAYER)
        for each in run.masks:
            assert_array_equal(each[:, part].sum(axis=1), mask[:, part].sum(axis=1))
    assert (run.masks[:, :, ~WEIGHTS] == mask[:, ~WEIGHTS]).all()
    assert not run.w[~run.masks[-1]].any()


def test_a_change_drops_the_smallest_and_grows_where_the_gradient_is_largest(data):
    seen = []
    _, run = dynamic(data, seen, grad=slope(*data), share=0.5)
    w = seen[0][3][4]
    g = abs(NETWORK.gradient(w, *data))
    rate = 0.25 * (1 + np.cos(np.pi * 4 / 18))
    for i in range(3):
        for layer in range(3):
            part = np.flatnonzero(WEIGHTS & (layer == LAYER))
            on = run.masks[0, i, part]
            goes = int(rate * on.sum())
            alive = part[on]
            stays = alive[np.argsort(-abs(w[i, alive]), kind="stable")]
            stays = stays[: on.sum() - goes]
            free = np.setdiff1d(part, stays)
            new = free[np.argsort(-g[i, free], kind="stable")][:goes]
            kept = part[run.masks[1, i, part]]
            assert_array_equal(kept, np.sort(np.concatenate([stays, new])))
            assert not seen[1][3][4][i, new].any()  # they begin at zero


def test_random_growth_is_fair():
    """Of six places two are kept by size; each other is grown equally often."""
    trials, w = 3000, np.array([3.0, 2.0, 1.0, 0, 0, 0])
    grown = np.zeros(6)
    rng = np.random.default_rng(0)
    for _ in range(trials):
        run = st.dynamic_sparse_training(
            *(lambda w, mask, start, stop: w, w, w > 0),
            **{"steps": 2, "every": 1, "share": 0.99, "until": 1, "rng": rng},
        )
        assert run.masks[1].sum() == 3
        grown += run.masks[1] & ~np.array([1, 1, 0, 0, 0, 0], bool)
    # 0.99 (1 + cos(pi/2)) / 2 of three: one goes and one comes.
    error = 5 * np.sqrt(0.25 * 0.75 / trials)
    assert_allclose(grown[2:] / trials, 0.25, atol=error)


def test_with_nothing_to_move_it_is_masked_training(data):
    mask, run = dynamic(data, [], share=0.0)
    options = {"steps": STEPS, "batch": BATCH, "seed": SEEDS, "mask": mask}
    assert_allclose(run.w, st.train(NETWORK, weights(), *data, **options).w, atol=1e-12)
    assert (run.masks == mask).all()


def test_scores_descend_by_the_formula_and_weights_stay(data):
    w = weights()
    lr, mu = 0.2, 0.7
    found = st.edge_popup(
        *(slope(*data), w),
        **{"density": 0.4, "steps": 6, "lr": lr, "momentum": mu, "rng": 3},
        **{"prunable": WEIGHTS, "layers": LAYER},
    )
    rms = np.sqrt((w[:, WEIGHTS] ** 2).mean(axis=1, keepdims=True))
    scores = rms * np.random.default_rng(3).random(w.shape)

    def masked(scores):
        mask = np.ones(w.shape, bool)
        for layer in range(3):
            part = np.flatnonzero(WEIGHTS & (layer == LAYER))
            k = st.mask_budget(part.size, 0.4)
            for i in range(3):
                mask[i, part] = st.top_mask(scores[i, part], k)
        return mask

    v = 0
    for _ in range(6):
        v = mu * v + w * NETWORK.gradient(w * masked(scores), *data)
        scores = scores - lr * v
    assert_allclose(found.scores, scores, atol=1e-12)
    assert_array_equal(found.mask, masked(scores))
    assert_array_equal(found.w, np.where(found.mask, w, 0))


def test_a_mask_alone_lowers_the_loss():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 6))
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    network = st.mlp([6, 60, 3])
    w = st.initial_weights(network, 0)

    def grad(w, step):
        return network.gradient(w, X, y)

    options = {"density": 0.5, "prunable": network.weights, "layers": network.layer}
    losses = [
        float(network.loss(st.edge_popup(grad, w, steps=steps, **options).w, X, y))
        for steps in (0, 150)
    ]
    assert losses[1] < 0.8 * losses[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density": 1.2}, "1.2"),
        ({"steps": -1}, "-1"),
        ({"lr": 0.0}, "lr"),
        ({"momentum": 1.0}, "1.0"),
        ({"grad": lambda w, step: w[1:]}, "shape"),
        ({"grad": lambda w, step: np.full(4, np.inf)}, "finite"),
    ],
)
def test_edge_popup_says_what_is_wrong(change, message):
    options = {"grad": identity, "w": np.ones(4), "density": 0.5, "steps": 3, **change}
    with pytest.raises(ValueError, match=message):
        st.edge_popup(**options)
