"""Training against its formulas, and pruned parameters that stay zero."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits

import sparsetheory as st

NETWORK = st.mlp([6, 5, 3])
OPTIMISERS = {
    "plain": st.SGD(0.2),
    "momentum": st.SGD(0.1, momentum=0.9, weight_decay=0.05),
    "adam": st.Adam(0.02, weight_decay=0.05),
    "adamw": st.Adam(0.02, weight_decay=0.05, decoupled=True),
}
optimisers = pytest.mark.parametrize("kind", OPTIMISERS)


@pytest.fixture
def data(rng):
    return rng.standard_normal((60, 6)), rng.integers(0, 3, 60)


def sgd(w, slopes, o):
    v = np.zeros_like(w)
    for slope in slopes:
        v = o.momentum * v + slope(w) + o.weight_decay * w
        w = w - o.lr * v
    return w


def adam(w, slopes, o):
    a = b = np.zeros_like(w)
    for t, slope in enumerate(slopes, start=1):
        g = slope(w)
        if not o.decoupled:
            g = g + o.weight_decay * w
        a = o.beta1 * a + (1 - o.beta1) * g
        b = o.beta2 * b + (1 - o.beta2) * g**2
        decay = o.lr * o.weight_decay * w if o.decoupled else 0
        mean, root = a / (1 - o.beta1**t), np.sqrt(b / (1 - o.beta2**t))
        w = w - decay - o.lr * mean / (root + o.eps)
    return w


@optimisers
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("loss", [st.cross_entropy, st.squared_error])
def test_steps_are_those_of_the_formulas(kind, masked, loss, data, rng):
    X, y = data
    w = st.initial_weights(NETWORK, 3)
    mask = rng.random(NETWORK.n) < 0.6 if masked else np.ones(NETWORK.n, bool)
    order = st.batch_order(60, 7, 9, seed=5)

    def slope(index):
        return lambda w: mask * NETWORK.gradient(w, X[index], y[index], loss=loss)

    formula = sgd if isinstance(OPTIMISERS[kind], st.SGD) else adam
    expected = formula(w * mask, [slope(index) for index in order], OPTIMISERS[kind])
    found = st.train(
        *(NETWORK, w, X, y),
        **{"steps": 9, "batch": 7, "seed": 5, "loss": loss},
        **{"optimiser": OPTIMISERS[kind], "mask": mask if masked else None},
    )
    assert_allclose(found.w, expected, atol=1e-12)


@optimisers
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pruned_parameters_are_zero_after_every_step(kind, dtype, data):
    w = st.initial_weights(NETWORK, range(3), dtype=dtype)
    mask = np.random.default_rng(1).random(w.shape) < 0.5
    run = st.train(
        *(NETWORK, w, *data),
        **{"steps": 60, "batch": 8, "mask": mask, "keep": range(61)},
        optimiser=OPTIMISERS[kind],
    )
    assert sorted(run.snapshots) == list(range(61))
    for snapshot in (*run.snapshots.values(), run.w):
        assert snapshot.dtype == dtype
        assert not snapshot[~mask].any()
    assert (run.w[mask] != w[mask]).mean() > 0.5


@optimisers
def test_what_an_optimiser_remembers_of_pruned_parameters_is_zero(kind, data):
    seen = []

    class Watched(type(OPTIMISERS[kind])):
        def step(self, w, g, state, t):
            super().step(w, g, state, t)
            seen.append([w.copy(), *(s.copy() for s in state)])

    o = OPTIMISERS[kind]
    optimiser = Watched(**{f: getattr(o, f) for f in o.__dataclass_fields__})
    mask = np.random.default_rng(1).random(NETWORK.n) < 0.5
    w = st.initial_weights(NETWORK, 0)
    st.train(NETWORK, w, *data, steps=20, batch=8, mask=mask, optimiser=optimiser)
    assert len(seen) == 20
    assert all(not s[~mask].any() for each in seen for s in each)


def test_without_a_mask_decay_and_momentum_move_what_was_zero(data):
    w = st.initial_weights(NETWORK, 0)
    mask = np.random.default_rng(1).random(NETWORK.n) < 0.5
    run = st.train(NETWORK, w * mask, *data, optimiser=OPTIMISERS["momentum"])
    assert (run.w[~mask] != 0).mean() > 0.9


@optimisers
def test_a_network_without_a_unit_trains_as_the_smaller_network(kind, data):
    small, w = st.mlp([6, 4, 3]), st.initial_weights(NETWORK, 0)
    keep = np.arange(5) != 2
    parts = [np.ones_like(p, dtype=bool) for p in NETWORK.split(w)]
    parts[0][2], parts[1][2], parts[2][:, 2] = False, False, False
    W, b, V, c = NETWORK.split(w)
    options = {"optimiser": OPTIMISERS[kind], "steps": 50, "batch": 10}
    large = st.train(NETWORK, w, *data, mask=NETWORK.join(parts), **options).w
    start = small.join([W[keep], b[keep], V[:, keep], c])
    assert_allclose(
        st.train(small, start, *data, **options).w,
        large[NETWORK.join(parts)],
        atol=1e-12,
    )


@optimisers
def test_networks_at_once_train_as_one_by_one(kind, data, rng):
    X, y = rng.standard_normal((3, 60, 6)), rng.integers(0, 3, (3, 60))
    w = st.initial_weights(NETWORK, range(3))
    mask = rng.random(w.shape) < 0.7
    options = {"optimiser": OPTIMISERS[kind], "steps": 30, "batch": 9}
    own = st.train(NETWORK, w, X, y, seed=[4, 5, 6], mask=mask, **options).w
    shared = st.train(NETWORK, w, *data, seed=[4, 5, 6], mask=mask[0], **options).w
    for i in range(3):
        one = {"seed": 4 + i, **options}
        alone = st.train(NETWORK, w[i], X[i], y[i], mask=mask[i], **one)
        assert_allclose(own[i], alone.w, atol=1e-11)
        alone = st.train(NETWORK, w[i], *data, mask=mask[0], **one)
        assert_allclose(shared[i], alone.w, atol=1e-11)


def test_a_seed_gives_the_same_training_again_and_another_one_does_not(data):
    w = st.initial_weights(NETWORK, 0)
    one, same, other = (
        st.train(NETWORK, w, *data, batch=5, seed=s).w for s in (1, 1, 2)
    )
    assert_array_equal(one, same)
    assert abs(one - other).max() > 1e-3


def test_from_a_snapshot_training_goes_on_as_if_it_had_never_stopped(data):
    w = st.initial_weights(NETWORK, [0, 1])
    options = {"batch": 5, "seed": [7, 8], "steps": 40, "optimiser": st.SGD(0.1)}
    run = st.train(NETWORK, w, *data, keep=[0, 15, 40], **options)
    again = st.train(NETWORK, run.snapshots[15], *data, start=15, **options)
    assert_array_equal(again.w, run.w)
    assert_array_equal(run.snapshots[40], run.w)
    assert_array_equal(run.snapshots[0], w)


def test_the_history_is_what_the_snapshots_give(data, rng):
    test = rng.standard_normal((11, 6)), rng.integers(0, 3, 11)
    w = st.initial_weights(NETWORK, [0, 1])
    at = [0, 5, 20]
    run = st.train(
        NETWORK, w, *data, steps=20, batch=8, watch=at[::-1], keep=at, test=test
    )
    h = run.history
    assert h.steps.tolist() == at
    for i, step in enumerate(at):
        s = run.snapshots[step]
        assert_allclose(h.loss[i], NETWORK.loss(s, *data))
        assert_allclose(h.accuracy[i], NETWORK.accuracy(s, *data))
        assert_allclose(h.test_loss[i], NETWORK.loss(s, *test))
        assert_allclose(h.test_accuracy[i], NETWORK.accuracy(s, *test))
    assert np.isnan(st.train(NETWORK, w, *data, watch=[3]).history.test_loss).all()


def test_targets_that_are_no_labels_have_no_accuracy(data, rng):
    t = rng.standard_normal((60, 3))
    w = st.initial_weights(NETWORK, 0)
    run = st.train(NETWORK, w, data[0], t, loss=st.squared_error, watch=[0, 400])
    assert np.isnan(run.history.accuracy).all()
    assert run.history.loss[1] < 0.9 * run.history.loss[0]


def test_training_that_diverges_shows_it_and_leaves_others_alone(data):
    w = st.initial_weights(NETWORK, [0, 1])
    w[0] *= 1e200
    mask = np.random.default_rng(1).random(NETWORK.n) < 0.5
    options = {"batch": 5, "mask": mask, "watch": [40], "steps": 40}
    run = st.train(NETWORK, w, *data, **options)
    assert np.isnan(run.history.loss[0, 0])
    assert np.isnan(run.history.accuracy[0, 0])
    assert not run.w[:, ~mask].any()
    alone = st.train(NETWORK, w[1], *data, **options)
    assert_allclose(run.w[1], alone.w, atol=1e-12)


def test_the_given_parameters_are_left_alone(data):
    w = st.initial_weights(NETWORK, 0)
    before = w.copy()
    st.train(NETWORK, w, *data, mask=np.zeros(NETWORK.n, bool))
    assert_array_equal(w, before)


def test_ten_networks_learn_digits():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    split = np.stack([np.random.default_rng(s).permutation(1797) for s in range(10)])
    train, test = split[:, :1000], split[:, 1000:1697]
    network = st.mlp([64, 100, 10])
    w = st.initial_weights(network, range(10), dtype=np.float32)
    run = st.train(network, w, X[train], y[train], seed=range(10))
    found = network.accuracy(run.w, X[test], y[test])
    # An independent program found 96.44 % with standard deviation 0.76 over ten seeds.
    error = 5 * np.hypot(found.std(ddof=1), 0.0076) / np.sqrt(10)
    assert_allclose(found.mean(), 0.9644, atol=error)


def test_a_convolutional_network_learns_digits():
    X, y = load_digits(return_X_y=True)
    network = st.convnet((8, 8), [1, 4, 8], 10)
    w = st.initial_weights(network, [0, 1], scheme="he", dtype=np.float32)
    options = {"optimiser": st.SGD(0.1, momentum=0.9), "watch": [400]}
    data = X[:1200] / 16, y[:1200]
    run = st.train(network, w, *data, test=(X[1200:] / 16, y[1200:]), **options)
    assert (run.history.test_accuracy[0] > 0.85).all()


BAD = [
    ({"steps": -1}, "steps must be at least 0, got -1"),
    ({"steps": 5, "start": 6}, r"start must be in 0\.\.5, got 6"),
    ({"batch": 61}, r"batch must be in 1\.\.60, got 61"),
    ({"seed": [1, 2]}, "seed must number 1 or"),
    ({"seed": 1.5}, "seed must be an integer, got 1.5"),
    ({"watch": [401]}, r"watch must be in 0\.\.400, got 401"),
    ({"keep": [3], "start": 4}, r"keep must be in 4\.\.400, got 3"),
    ({"mask": [True]}, r"mask must have shape \(53,\), got \(1,\)"),
    ({"mask": np.full(53, 0.5)}, "mask must be boolean, got dtype float64"),
    ({"mask": np.ones(53, int)}, "mask must be boolean, got dtype int64"),
    ({"test": (np.ones((2, 5)), [0, 1])}, "X must end in shape"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_options_are_named(options, message, data):
    w = st.initial_weights(NETWORK, 0)
    with pytest.raises((TypeError, ValueError), match=message):
        st.train(NETWORK, w, *data, **options)


def test_data_of_other_networks_are_refused(data):
    X, y = data
    w = st.initial_weights(NETWORK, [0, 1])
    with pytest.raises(ValueError, match="of one network or of as many"):
        st.train(NETWORK, w, np.stack([X] * 3), y)
    with pytest.raises(ValueError, match="of one network or of as many"):
        st.train(NETWORK, w[0], np.stack([X] * 2), y)
    with pytest.raises(ValueError, match=r"y must be of \(2,\) networks"):
        st.train(NETWORK, w, X, np.stack([y] * 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: st.SGD(0), "lr must be positive"),
        (lambda: st.SGD(0.1, momentum=1.0), r"momentum must lie in \[0, 1\), got 1"),
        (lambda: st.SGD(0.1, weight_decay=-1), "weight_decay must be non-negative"),
        (lambda: st.Adam(np.nan), "lr must be positive and finite"),
        (lambda: st.Adam(beta2=1.5), r"beta2 must lie in \[0, 1\), got 1.5"),
        (lambda: st.Adam(eps=0), "eps must be positive"),
    ],
)
def test_bad_optimisers_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
