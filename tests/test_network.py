"""Networks against finite differences, closed forms and symmetries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

import sparsetheory as st

NETWORKS = [
    st.mlp([6, 3]),
    st.mlp([6, 5, 4, 3]),
    st.mlp([6, 5, 4, 3], activation="tanh"),
    st.convnet((5, 4), [2, 3, 4], 3),
    st.convnet((5, 4), [2, 3, 4], 3, activation="tanh"),
    st.convnet((3, 4), [2, 3], 3, taps=2, stride=1),
]
STEP = 1e-6  # errors of central differences: STEP^2, and rounding over STEP

networks = pytest.mark.parametrize("network", NETWORKS)
losses = pytest.mark.parametrize(
    "loss", [st.cross_entropy, st.squared_error], ids=lambda loss: loss.name
)


def problem(network, rng, count=2):
    w = rng.standard_normal((count, network.n))
    X = rng.standard_normal((7, network.inputs))
    return w, X, rng.integers(0, network.classes, 7)


@networks
@losses
def test_the_gradient_is_the_slope_of_the_loss(network, loss, rng):
    w, X, y = problem(network, rng)
    v = STEP * rng.standard_normal(w.shape)
    ends = [network.loss(w + s * v, X, y, loss=loss) for s in (1, -1)]
    slope = (network.gradient(w, X, y, loss=loss) * v).sum(axis=-1)
    assert_allclose(slope / STEP, (ends[0] - ends[1]) / (2 * STEP), rtol=1e-6)


@networks
@losses
def test_several_sets_of_targets_are_taken_one_by_one(network, loss, rng):
    (w, _), X, _ = problem(network, rng)
    y = rng.integers(0, network.classes, (3, 7))
    for slope in (
        lambda y: network.gradient(w, X, y, loss=loss),
        lambda y: network.hvp(w, w[::-1], X, y, loss=loss),
    ):
        assert_allclose(slope(y), [slope(one) for one in y], atol=1e-12)


@networks
@losses
def test_the_hessian_vector_product_is_the_slope_of_the_gradient(network, loss, rng):
    w, X, y = problem(network, rng)
    v = rng.standard_normal(w.shape)
    ends = [network.gradient(w + s * STEP * v, X, y, loss=loss) for s in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * STEP)
    found = network.hvp(w, v, X, y, loss=loss)
    assert_allclose(found, slope, atol=1e-7 * np.linalg.norm(slope))
    assert np.linalg.norm(found) > 0.1


@networks
@losses
def test_the_hessian_is_symmetric_and_linear(network, loss, rng):
    w, X, y = problem(network, rng, 1)
    u, v = rng.standard_normal((2, network.n))
    Hu, Hv, both = (
        network.hvp(w[0], d, X, y, loss=loss) for d in (u, v, 2 * u - 3 * v)
    )
    assert_allclose(u @ Hv, v @ Hu, rtol=1e-9)
    assert_allclose(both, 2 * Hu - 3 * Hv, atol=1e-10 * np.linalg.norm(both))


def test_on_digits_the_product_is_exact_to_eight_digits():
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    network = st.mlp([64, 100, 10])
    w = st.initial_weights(network, range(4))
    v = np.random.default_rng(0).standard_normal(w.shape)
    v /= np.linalg.norm(v, axis=-1, keepdims=True)
    step = 1e-7  # crosses no kink
    ends = [network.gradient(w + s * step * v, X, y) for s in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    error = np.linalg.norm(network.hvp(w, v, X, y) - slope, axis=-1)
    assert (error < 1e-7 * np.linalg.norm(slope, axis=-1)).all()


@networks
def test_the_products_with_the_jacobian_agree(network, rng):
    w, X, _ = problem(network, rng)
    v = rng.standard_normal(w.shape)
    ends = [network.outputs(w + s * STEP * v, X) for s in (1, -1)]
    forth = network.jvp(w, v, X)
    assert_allclose(forth, (ends[0] - ends[1]) / (2 * STEP), atol=1e-6)
    u = rng.standard_normal(forth.shape)
    back = network.vjp(w, u, X)
    assert_allclose((forth * u).sum(axis=(-1, -2)), (v * back).sum(axis=-1))
    for i in range(2):
        J = network.jacobian(w[i], X)
        assert_allclose(J @ v[i], forth[i].ravel(), atol=1e-10)
        assert_allclose(J.T @ u[i].ravel(), back[i], atol=1e-10)
        A = network.jacobian_operator(w[i], X)
        assert_allclose(A @ v[i], forth[i].ravel(), atol=1e-10)
        assert_allclose(A.T @ u[i].ravel(), back[i], atol=1e-10)


@networks
def test_many_networks_at_once_are_the_same_as_one_by_one(network, rng):
    w, _, _ = problem(network, rng, 3)
    X = rng.standard_normal((3, 7, network.inputs))
    y = rng.integers(0, network.classes, (3, 7))
    v = rng.standard_normal(w.shape)
    u = rng.standard_normal((3, 7, network.classes))
    for i in range(3):
        one = X[i], y[i]
        for name, more in (("outputs", ()), ("loss", (y,)), ("accuracy", (y,))):
            found = getattr(network, name)(w, X, *more)[i]
            alone = getattr(network, name)(w[i], X[i], *(y[i] for _ in more))
            assert_allclose(found, alone, rtol=1e-12)
        assert_allclose(network.gradient(w, X, y)[i], network.gradient(w[i], *one))
        assert_allclose(network.hvp(w, v, X, y)[i], network.hvp(w[i], v[i], *one))
        assert_allclose(network.jvp(w, v, X)[i], network.jvp(w[i], v[i], X[i]))
        assert_allclose(network.vjp(w, u, X)[i], network.vjp(w[i], u[i], X[i]))


@networks
def test_one_network_takes_many_directions(network, rng):
    w, X, y = problem(network, rng, 1)
    v, u = rng.standard_normal((3, network.n)), rng.standard_normal((3, 7, 3))
    for found, alone in (
        (network.hvp(w[0], v, X, y), [network.hvp(w[0], d, X, y) for d in v]),
        (network.jvp(w[0], v, X), [network.jvp(w[0], d, X) for d in v]),
        (network.vjp(w[0], u, X), [network.vjp(w[0], d, X) for d in u]),
        (network.vjp(w, u[0], X)[0], network.vjp(w[0], u[0], X)),
    ):
        assert_allclose(found, np.array(alone), atol=1e-11)


def test_without_hidden_layers_squares_are_least_squares(rng):
    network, X, t = st.mlp([4, 1]), rng.standard_normal((9, 4)), rng.standard_normal(9)
    w, v = rng.standard_normal((2, 5))
    A = np.column_stack([X, np.ones(9)])
    options = {"loss": st.squared_error}
    data = X, t[:, None]
    residual = A @ w - t
    assert_allclose(network.loss(w, *data, **options), residual @ residual / 18)
    assert_allclose(network.gradient(w, *data, **options), A.T @ residual / 9)
    assert_allclose(network.hvp(w, v, *data, **options), A.T @ (A @ v) / 9)


def test_cross_entropy_at_zero_is_the_logarithm_of_the_number_of_classes(rng):
    network = st.mlp([6, 5, 3])
    _, X, y = problem(network, rng)
    w = np.zeros(network.n)
    assert_allclose(network.loss(w, X, y), np.log(3), rtol=1e-14)
    slope = network.split(network.gradient(w, X, y))[-1]
    assert_allclose(slope, 1 / 3 - np.bincount(y, minlength=3) / 7, atol=1e-15)


def test_cross_entropy_of_huge_outputs_is_linear(rng):
    network = st.mlp([1, 2])
    w = network.join([[[1e4], [0.0]], [0.0, 0.0]])
    assert_allclose(network.loss(w, [[1.0]], [1]), 1e4)
    assert network.loss(w, [[1.0]], [0]) == 0


def test_labels_stand_for_unit_vectors(rng):
    network = NETWORKS[1]
    w, X, y = problem(network, rng)
    units = np.eye(3)[y]
    for loss in (st.cross_entropy, st.squared_error):
        pair = (network.gradient(w, X, t, loss=loss) for t in (y, units))
        assert_allclose(*pair)
    right = (network.outputs(w, X).argmax(-1) == y).mean(-1)
    assert_allclose(network.accuracy(w, X, y), right)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("taps", [1, 2, 3])
def test_a_layer_is_the_convolution_that_is_a_measurement_matrix(stride, taps, rng):
    network = st.convnet((5, 4), [2, 3], 2, taps=taps, stride=stride)
    filters, bias, out, offset = network.split(rng.standard_normal(network.n))
    A = st.BlockCirculant.from_conv_layer(filters, (5, 4), stride=stride)
    x = rng.standard_normal(40)
    hidden = np.maximum(A @ x + np.repeat(bias, A.shape[0] // 3), 0)
    w = network.join([filters, bias, out, offset])
    assert_allclose(network.outputs(w, [x])[0], out @ hidden + offset, atol=1e-12)


def test_what_enters_a_rectifier_is_what_leaves_it(rng):
    network = st.mlp([6, 5, 4, 3])
    w, X, y = problem(network, rng, 1)
    parts = network.split(w[0] * network.gradient(w[0], X, y))
    for i in (0, 2):
        enters = parts[i].sum(axis=1) + parts[i + 1]
        assert_allclose(enters, parts[i + 2].sum(axis=0), atol=1e-14)


def test_rescaling_a_rectifier_changes_neither_outputs_nor_saliency(rng):
    network = st.mlp([6, 5, 3])
    w, X, y = problem(network, rng, 1)
    W, b, V, c = network.split(w[0])
    scale = rng.uniform(0.1, 10, 5)
    other = network.join([scale[:, None] * W, scale * b, V / scale, c])
    assert_allclose(network.outputs(other, X), network.outputs(w[0], X), rtol=1e-9)
    saliency = [u * network.gradient(u, X, y) for u in (w[0], other)]
    assert_allclose(*saliency, atol=1e-13)
    along = network.join([W, b, 0 * V, 0 * c]) - network.join([0 * W, 0 * b, V, 0 * c])
    assert_allclose(network.jvp(w[0], along, X), 0, atol=1e-13)


def test_removing_a_weight_changes_the_squared_gradient_as_grasp_says(rng):
    network = st.mlp([6, 5, 3], activation="tanh")
    w, X, y = problem(network, rng, 1)
    w = w[0]
    g = network.gradient(w, X, y)
    score = -2 * w * network.hvp(w, g, X, y)
    for i in (0, 7, 40):
        step = 1e-5 * w * (np.arange(w.size) == i)
        ends = [np.sum(network.gradient(w + s * step, X, y) ** 2) for s in (-1, 1)]
        assert_allclose((ends[0] - ends[1]) / 2e-5, score[i], rtol=1e-6)


def test_the_masked_jacobian_is_that_of_the_masked_network(rng):
    network = st.mlp([6, 5, 3])
    w, X, _ = problem(network, rng, 1)
    mask = rng.random(network.n) < 0.5
    J = network.jacobian(w[0] * mask, X)
    v = mask * rng.standard_normal(network.n)
    move = network.outputs(w[0] * mask + 1e-7 * v, X)
    move = (move - network.outputs(w[0] * mask, X)).ravel()
    assert_allclose(J[:, mask] @ v[mask], move / 1e-7, atol=1e-5)


def test_single_precision_stays_single_and_is_close(rng):
    network = NETWORKS[3]
    w, X, y = problem(network, rng)
    v = rng.standard_normal(w.shape)
    w4, v4 = w.astype(np.float32), v.astype(np.float32)
    for name, more in (("gradient", (X, y)), ("outputs", (X,)), ("loss", (X, y))):
        found = getattr(network, name)(w4, *more)
        assert found.dtype == np.float32
        assert_allclose(found, getattr(network, name)(w, *more), rtol=1e-3, atol=1e-4)
    assert network.hvp(w4, v4, X, y).dtype == np.float32
    assert network.jacobian(w4[0], X).dtype == np.float32


def test_parameters_split_and_join_in_the_order_that_is_said():
    network = st.convnet((4, 4), [1, 2], 3)
    w = np.arange(2.0 * network.n).reshape(2, -1)
    parts = network.split(w)
    assert [p.shape[1:] for p in parts] == list(network.shapes)
    assert_allclose(network.join(parts), w)
    assert_allclose(np.concatenate([p[0].ravel() for p in parts]), w[0])
    assert network.weights.sum() == 2 * 9 + 3 * 8
    assert [p.all() for p in network.split(network.weights)] == [True, False] * 2
    parts[0][...] = 0  # views
    assert not w[:, :18].any()


@given(
    kind=some.sampled_from([np.int64, np.float32, np.float64, bool]),
    order=some.sampled_from("CF"),
    writeable=some.booleans(),
)
def test_any_real_array_will_do(kind, order, writeable):
    network = NETWORKS[1]
    rng = np.random.default_rng(0)
    X = np.asarray(rng.integers(0, 2, (7, 6)), dtype=kind, order=order)
    w = np.asarray(rng.integers(-1, 2, network.n), dtype=np.float64)
    X.flags.writeable = w.flags.writeable = writeable
    y = rng.integers(0, 3, 7).astype(np.uint8)
    plain = network.gradient(w, X.astype(float), y.tolist())
    assert_allclose(network.gradient(w, X, y), plain)


BAD = [
    (lambda n, w, X, y: n.outputs(w[:-1], X), r"w must have shape \(\.\.\., 74\)"),
    (lambda n, w, X, y: n.outputs(w * np.nan, X), "w must be finite"),
    (lambda n, w, X, y: n.outputs(w * 1j, X), "w must be real"),
    (lambda n, w, X, y: n.outputs(w, X[:, :-1]), r"X must end in shape \(samples, 6\)"),
    (lambda n, w, X, y: n.outputs(w, X[:0]), "X must end in shape"),
    (lambda n, w, X, y: n.outputs(w, X[0]), "X must end in shape"),
    (lambda n, w, X, y: n.outputs(w, X + np.inf), "X must be finite"),
    (lambda n, w, X, y: n.loss(w, X, y[:-1]), "y must hold 7 integer labels"),
    (lambda n, w, X, y: n.loss(w, X, y + 0.5), "y must hold 7 integer labels"),
    (lambda n, w, X, y: n.loss(w, X, y + 3), r"labels must lie in 0\.\.2, got"),
    (lambda n, w, X, y: n.loss(w, X, np.ones((7, 3))), "must sum to one"),
    (lambda n, w, X, y: n.hvp(w, w[:-1], X, y), "must have 74 entries"),
    (lambda n, w, X, y: n.vjp(w, y, X), r"u must end in shape \(7, 3\)"),
    (lambda n, w, X, y: n.jacobian(np.array([w, w]), X), r"got \(2, 74\), \(7, 6\)"),
    (lambda n, w, X, y: n.jacobian(w, X[None]), r"\(74,\) and \(samples, 6\), got"),
    (lambda n, w, X, y: n.jacobian_operator(w, X[None]), r"\(74,\), \(1, 7, 6\)"),
    (lambda n, w, X, y: n.loss([[0.0], []], X, y), "w must be .* of unequal lengths"),
    (lambda n, w, X, y: n.join([w]), "arrays must number 6"),
    (lambda n, w, X, y: n.join([w] * 6), r"arrays must end in shape \(5, 6\)"),
    (lambda n, w, X, y: st.mlp([6]), "sizes must number two"),
    (lambda n, w, X, y: st.mlp([6, 0]), "sizes must be at least 1, got 0"),
    (lambda n, w, X, y: st.mlp([6, 1.5]), "sizes must be an integer, got 1.5"),
    (lambda n, w, X, y: st.mlp([6, 2], activation="elu"), "got 'elu'"),
    (lambda n, w, X, y: st.Network(n.layers[::2], "relu"), "layers must chain"),
    (lambda n, w, X, y: st.Network((), "relu"), "layers must not be empty"),
    (lambda n, w, X, y: st.Network((w,), "relu"), "layers must be dense or conv"),
    (lambda n, w, X, y: st.Network(n.layers, "elu"), "got 'elu'"),
    (lambda n, w, X, y: st.mlp(6), "sizes must number two at least, got 6"),
    (lambda n, w, X, y: st.convnet((8, 8), [1], 2), "channels must number two"),
    (lambda n, w, X, y: st.convnet((8, 8), 1, 2), "channels must number two"),
    (lambda n, w, X, y: st.convnet(8, [1, 2], 2), "height and a width, got 8"),
    (lambda n, w, X, y: st.convnet((8,), [1, 2], 2), r"a width, got \(8,\)"),
    (lambda n, w, X, y: st.convnet((8, 0), [1, 2], 2), "size must be at least 1"),
    (lambda n, w, X, y: st.convnet((8, 8), [1, 2], 2, taps=0), "taps must be at"),
    (lambda n, w, X, y: st.initial_weights(n, -1), "seed must be at least 0, got -1"),
    (lambda n, w, X, y: st.initial_weights(n, []), "seed must not be empty"),
    (lambda n, w, X, y: st.initial_weights(n, 0, scheme="x"), "got 'x'"),
    (lambda n, w, X, y: st.initial_weights(n, 0, dtype=int), "got int64"),
    (lambda n, w, X, y: st.batch_order(3, 4, 1, 0), r"batch must be in 1\.\.3, got 4"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message, rng):
    network = NETWORKS[1]
    w, X, y = problem(network, rng, 1)
    with pytest.raises((TypeError, ValueError), match=message):
        call(network, w[0], X, y)


@pytest.mark.parametrize("scheme", ["he", "glorot"])
def test_initial_weights_have_the_variance_of_their_scheme(scheme):
    networks = {
        st.mlp([50, 40, 30]): [(50, 40), (40, 30)],
        st.convnet((6, 6), [8, 12], 10): [(72, 108), (108, 10)],
    }
    for network, fans in networks.items():
        parts = network.split(st.initial_weights(network, range(9), scheme=scheme))
        for W, b, (into, out) in zip(parts[::2], parts[1::2], fans, strict=True):
            variance = 2 / into if scheme == "he" else 2 / (into + out)
            # The square of a normal has variance 2.
            error = 5 * variance * np.sqrt(2 / W.size)
            assert_allclose(np.mean(W**2), variance, atol=error)
            assert abs(np.mean(W)) < 5 * np.sqrt(variance / W.size)
            assert not b.any()


def test_a_seed_gives_the_same_weights_alone_and_among_others():
    network = NETWORKS[3]
    both = st.initial_weights(network, [5, 6])
    assert_allclose(both, [st.initial_weights(network, s) for s in (5, 6)], rtol=0)
    assert abs(both[0] - both[1]).max() > 0.1
    single = st.initial_weights(network, 5, dtype=np.float32)
    assert single.dtype == np.float32
    assert_allclose(single, both[0].astype(np.float32), rtol=1e-6)


def test_an_order_goes_through_all_data_and_a_longer_one_begins_the_same():
    order = st.batch_order(10, 4, 10, seed=3)
    assert (np.sort(order.reshape(4, 10), axis=1) == np.arange(10)).all()
    assert (st.batch_order(10, 4, 17, seed=3)[:10] == order).all()
    assert (st.batch_order(10, 4, 10, seed=4) != order).any()
    assert st.batch_order(10, 4, 0, seed=4).shape == (0, 4)


@pytest.mark.parametrize("dtype", [int, bool])
@pytest.mark.parametrize("lead", [(), (3,)])
def test_integers_that_could_be_labels_or_targets_are_refused(dtype, lead, rng):
    network = st.mlp([2, 3])
    w = np.broadcast_to(st.initial_weights(network, 0), (*lead, network.n))
    X = rng.standard_normal((3, 2))
    ones = np.broadcast_to(np.eye(3), (*lead, 3, 3))
    with pytest.raises(ValueError, match="could be labels or targets"):
        network.gradient(w, X, ones.astype(dtype))
    found = (network.gradient(w, X, y) for y in (ones, [0, 1, 2]))
    assert_allclose(*found)
    four = rng.standard_normal((4, 2))  # no doubt with other numbers of samples
    both = np.eye(3)[[0, 2, 1, 1]].astype(dtype), [0, 2, 1, 1]
    assert_allclose(*(network.gradient(w, four, y) for y in both))
