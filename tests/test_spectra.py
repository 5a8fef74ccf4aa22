"""Spectra of the loss on masks along training, and saliencies side by side."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.experiments.records import load_records, save_records
from sparsetheory.experiments.spectra import HessianSpectra

SQUARES = {"loss": st.squared_error}


def data(seed, samples=40, inputs=5, classes=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((samples, inputs))
    return X, rng.integers(0, classes, samples)


def everything(network):
    return np.ones(network.n, dtype=bool)


@given(seed=some.integers(0, 1000), share=some.floats(0.05, 1.0))
@settings(max_examples=15, deadline=None)
def test_of_a_linear_network_the_spectrum_is_that_of_the_moments(seed, share):
    X, y = data(seed)
    network = st.mlp([5, 3])
    mask = np.random.default_rng(seed).random(network.n) < share
    mask[0] = True
    found = st.hessian_spectra(
        *(network, st.initial_weights(network, seed), X, y, {"m": mask}),
        steps=[0, 7],
        batch=10,
        **SQUARES,
    )
    extended = np.column_stack([X, np.ones(len(X))])
    moments = extended.T @ extended / len(X)
    whole = np.sort(np.tile(np.linalg.eigvalsh(moments), 3))
    weights, bias = network.split(mask)
    rows = np.column_stack([weights, bias])  # an output's weights, then its bias
    parts = [np.linalg.eigvalsh(moments[np.ix_(on, on)]) for on in rows]
    for j in range(2):
        assert_allclose(found.whole[0][j], whole, atol=1e-12)
        assert_allclose(found.block[0][j], np.sort(np.concatenate(parts)), atol=1e-12)
    assert_array_equal(found.negative, 0)
    assert (found.excess <= 1e-12).all()
    assert_array_equal(found.kept, mask.sum())


def test_a_saddle_is_counted_and_pruning_hides_it():
    # v tanh(a x) + c at zero: of a and v the Hessian is [[0, -b], [-b, 0]] with
    # b the mean of x y, of the two biases diag(0, 1) with -mean(y) off the diagonal
    # between v and a's bias.
    x, y = np.array([[1.0], [2.0], [-3.0]]), np.array([[2.0], [1.0], [-3.0]])
    network = st.mlp([1, 1, 1], activation="tanh")
    masks = {"whole": [True] * 4, "one of two": [True, True, False, True]}
    found = st.hessian_spectra(
        *(network, np.zeros(4), x, y, masks), steps=0, batch=3, **SQUARES
    )
    b = (x * y).mean()
    assert_allclose(found.block[0][0], np.sort([-b, 0, b, 1]), atol=1e-14)
    assert_array_equal(found.negative, [[1], [0]])
    assert_allclose(found.smallest, [[-b], [0]], atol=1e-14)
    assert_allclose(found.largest, [[b], [1]], atol=1e-14)


def test_eigenvalues_that_do_not_interlace_are_seen():
    one, counts = (np.array([-2.0, 1.0]),), np.array([1])
    whole = ((np.array([-1.0, 0.0, 3.0]),),)
    found = HessianSpectra(
        ("m",), np.array([2]), 3, counts, np.ones((1, 1)), (one,), whole
    )
    assert_array_equal(found.excess, 1.0)  # -1 - (-2)
    assert_array_equal(found.negative, 1.0)
    over = ((np.array([0.5, 3.5]),),)
    found = HessianSpectra(
        ("m",), np.array([2]), 3, counts, np.ones((1, 1)), over, whole
    )
    assert_array_equal(found.excess, 0.5)  # 3.5 - 3


def test_rounding_is_no_negative_eigenvalue():
    def negative(value):
        block = (np.array([value, 1.0]),)
        one = np.ones((1, 1))
        found = HessianSpectra(
            ("m",), np.array([2]), 2, np.array([0]), one, (block,), (block,)
        )
        return found.negative.item()

    eps = np.finfo(float).eps
    assert negative(-1.9 * eps) == 0
    assert negative(-2.1 * eps) == 1


def test_spectra_are_of_masked_parameters_along_training():
    X, y = data(0)
    network = st.mlp([5, 6, 3], activation="tanh")
    w = st.initial_weights(network, 1)
    masks = {"few": st.top_mask(abs(w), 12), "all": everything(network)}
    found = st.hessian_spectra(
        network, w, X, y, masks, steps=[30, 0, 30], batch=10, seed=3
    )
    assert_array_equal(found.steps, [0, 30])
    for i, mask in enumerate(masks.values()):
        run = st.train(network, w, X, y, mask=mask, steps=30, batch=10, seed=3)
        for j, point in enumerate((w * mask, run.w)):
            H = np.array([network.hvp(point, e, X, y) for e in np.eye(network.n)])
            values = np.linalg.eigvalsh(H[np.ix_(mask, mask)])
            assert_allclose(found.block[i][j], values, atol=1e-12)
            assert_allclose(found.whole[i][j], np.linalg.eigvalsh(H), atol=1e-12)
            assert_allclose(found.loss[i, j], network.loss(point, X, y), rtol=1e-12)
    assert_array_equal(found.largest[:, 0], [b[0][-1] for b in found.block])
    assert (found.excess < 1e-13).all()
    assert (found.excess[0] < -1e-4).any()
    assert found.complete(0, 1)


def test_hessians_are_formed_by_few_products_and_none_twice():
    X, y = data(0)
    calls = []

    class Watched(st.Network):
        def hvp(self, w, v, X, y, **options):
            calls.append(np.asarray(v).shape)
            return super().hvp(w, v, X, y, **options)

    plain = st.mlp([5, 6, 3], activation="tanh")
    network = Watched(plain.layers, "tanh")
    w = st.initial_weights(network, 1)
    masks = {"all": everything(network), "few": st.top_mask(abs(w), 12)}
    found = st.hessian_spectra(network, w, X, y, masks, steps=0)
    assert found.block[0][0] is found.whole[0][0]
    rows = 2 * network.n + 12
    assert sum(shape[0] for shape in calls) == rows
    assert len(calls) < rows / 5
    H = st.restricted_hessian(partial(plain.hvp, X=X, y=y), w, masks["few"])
    H = H @ np.eye(12)  # column by column
    values = np.linalg.eigvalsh((H + H.T) / 2)
    assert_allclose(found.block[1][0], values, atol=1e-13)


def test_a_batch_is_all_samples_where_they_are_few():
    X, y = data(0, samples=12)
    network = st.mlp([5, 3])
    w = st.initial_weights(network, 1)
    run = st.train(network, w, X, y, steps=3)
    assert_array_equal(run.w, st.train(network, w, X, y, steps=3, batch=12).w)
    found = st.hessian_spectra(
        network, w, X, y, {"all": everything(network)}, steps=[0, 3]
    )
    assert_allclose(found.loss[0, 1], network.loss(run.w, X, y), rtol=1e-12)
    with pytest.raises(ValueError, match=r"batch must be in 1\.\.12, got 50"):
        st.train(network, w, X, y, batch=50)
    X, y = data(0, samples=120)
    run = st.train(network, w, X, y, steps=3)
    assert_array_equal(run.w, st.train(network, w, X, y, steps=3, batch=50).w)


def test_beyond_the_limit_the_ends_are_the_same():
    X, y = data(2)
    network = st.mlp([5, 14, 3], activation="tanh")
    w = st.initial_weights(network, 0)
    masks = {"most": st.top_mask(abs(w), 90), "few": st.top_mask(abs(w), 30)}
    run = partial(st.hessian_spectra, network, w, X, y, masks, steps=0, batch=10)
    exact, ends = run(), run(limit=80)
    assert [row[0].size for row in ends.block] == [2, 30]
    assert [row[0].size for row in ends.whole] == [2, 2]
    assert_allclose(ends.smallest, exact.smallest, atol=1e-8)
    assert_allclose(ends.largest, exact.largest, atol=1e-8)
    assert np.isnan(ends.excess).all()
    assert np.isnan(ends.negative).all()
    plt.close(st.plot_spectra(ends)[0].figure)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"masks": {}}, ValueError, "masks must not be empty"),
        ({"masks": {"none": np.zeros(9, bool)}}, ValueError, "'none' keeps none"),
        ({"masks": {"a": np.ones(8, bool)}}, ValueError, "mask must have shape"),
        ({"masks": {"a": np.full(9, 0.5)}}, TypeError, "mask must be boolean"),
        ({"steps": -1}, ValueError, "steps must be at least 0, got -1"),
        ({"steps": [1.5]}, TypeError, "steps must be an integer, got 1.5"),
        ({"steps": []}, ValueError, "steps must not be empty"),
        ({"limit": 0}, ValueError, "limit must be at least 1, got 0"),
        ({"w": np.full(9, np.nan)}, ValueError, "w must be finite, got nan"),
        ({"w": np.ones(8)}, ValueError, r"w must have shape \(..., 9\)"),
        ({"w": np.ones(9) + 1j}, TypeError, "w must be real"),
        ({"X": np.ones((4, 3))}, ValueError, "X must end in shape"),
        ({"X": np.ones((1, 4, 2))}, ValueError, "X must have 2 axes"),
        ({"optimiser": st.SGD(lr=1e200), "steps": 9}, ValueError, "diverged"),
    ],
)
def test_bad_input_of_spectra_is_told(changes, error, message):
    network = st.mlp([2, 3])
    X, y = data(0, samples=4, inputs=2)
    given = {
        **{"network": network, "w": np.ones(9), "X": X, "y": y},
        "masks": {"all": everything(network)},
        **{"steps": 1, "batch": 4, "loss": st.squared_error},
    }
    with pytest.raises(error, match=message):
        st.hessian_spectra(**{**given, **changes})


def test_the_picture_shows_all_eigenvalues_and_their_bounds():
    X, y = data(0)
    network = st.mlp([5, 6, 3], activation="tanh")
    w = st.initial_weights(network, 1)
    masks = {"few": st.top_mask(abs(w), 12), "all": everything(network)}
    found = st.hessian_spectra(network, w, X, y, masks, steps=[0, 4, 20], batch=10)
    left, right = st.plot_spectra(found)
    assert [line.get_label() for line in right.lines[::2]][:2] == ["few", "all"]
    assert_array_equal(right.lines[0].get_ydata(), found.largest[0])
    assert_array_equal(right.lines[1].get_ydata(), found.smallest[0])
    assert_array_equal(left.lines[0].get_ydata(), found.block[0][2])
    outline = left.collections[0].get_paths()[0].vertices[:, 1]
    assert set(found.whole[0][2][:12]) | set(found.whole[0][2][-12:]) <= set(outline)
    assert left.get_title() == "after 20 steps"
    left.figure.draw_without_rendering()
    for ax in (left, right):
        assert ax.get_legend().get_window_extent().y1 < ax.get_window_extent().y0
    _, given = plt.subplots(1, 2)
    assert st.plot_spectra(found, given)[1] is given[1]
    plt.close("all")


def test_spectra_and_saliencies_are_kept_in_files(tmp_path):
    X, y = data(0)
    network = st.mlp([5, 4, 3])
    w = st.initial_weights(network, 1)
    masks = {"all": everything(network)}
    spectra = st.hessian_spectra(network, w, X, y, masks, steps=[0, 2], batch=10)
    scores = st.saliency_comparison(network, w, X, y, density=[0.5])
    path = save_records(tmp_path / "x.json", {"a": spectra, "b": scores}, {})
    again, _ = load_records(path, [HessianSpectra, st.SaliencyComparison])
    assert_array_equal(again["a"].excess, spectra.excess)
    assert_array_equal(again["a"].whole[0][1], spectra.whole[0][1])
    assert_array_equal(again["b"].scores["OBD"], scores.scores["OBD"])
    assert_array_equal(again["b"].density, [0.5])


@pytest.fixture(scope="module")
def compared():
    X, y = data(5)
    network = st.mlp([5, 8, 3])
    w = st.initial_weights(network, 1)
    w = st.train(network, w, X, y, steps=40, batch=10).w
    found = st.saliency_comparison(network, w, X, y, density=[1, 0, 0.29, 0.5], seed=7)
    return network, w, X, y, found


def test_masks_keep_the_highest_scores_and_all_biases(compared):
    network, w, X, y, found = compared
    assert_array_equal(found.kept, [64, 0, 18, 32])
    assert_array_equal(found.density, np.array([64, 0, 18, 32]) / 64)
    assert next(iter(found.scores)) == "magnitude"
    assert_array_equal(found.scores["magnitude"], abs(w[network.weights]))
    for i, scores in enumerate(found.scores.values()):
        for j, k in enumerate(found.kept):
            pruned = w.copy()
            lowest = np.argsort(scores)[: 64 - k]
            pruned[np.flatnonzero(network.weights)[lowest]] = 0
            assert_allclose(found.loss[i, j], network.loss(pruned, X, y), rtol=1e-12)
            assert found.accuracy[i, j] == network.accuracy(pruned, X, y)


def test_scores_are_what_they_say(compared):
    network, w, X, y, found = compared
    scores, on = found.scores, network.weights
    grad, hvp = network.gradient(w, X, y), partial(network.hvp, w, X=X, y=y)
    assert_allclose(scores["SNIP"], abs(w * grad)[on], rtol=1e-12)
    assert_allclose(scores["GraSP"], (w * hvp(grad))[on], rtol=1e-12)
    assert_array_equal(scores["GraSP, reversed"], -scores["GraSP"])
    step = 1e-4
    for i in np.flatnonzero(on)[::9]:
        e = step * np.eye(network.n)[i]
        losses = network.loss(np.array([w + e, w, w - e]), X, y)
        bend = (losses[0] - 2 * losses[1] + losses[2]) / step**2
        place = np.count_nonzero(on[:i])
        assert_allclose(scores["OBD"][place], 0.5 * bend * w[i] ** 2, atol=1e-6)
    again = st.saliency_comparison(network, w, X, y, density=1, seed=7)
    assert_array_equal(again.scores["random"], scores["random"])
    other = st.saliency_comparison(network, w, X, y, density=1, seed=8)
    assert (other.scores["random"] != scores["random"]).all()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_synaptic_flow_is_the_same_through_each_layer_and_needs_no_biases(activation):
    X, y = data(0)
    network = st.mlp([5, 4, 6, 3], activation=activation)
    w = st.initial_weights(network, 1) + 0.5 * ~network.weights
    found = st.saliency_comparison(network, w, X, y, density=1)
    A, B, C = (np.abs(part) for part in network.split(w)[::2])
    total = (C @ B @ A).sum()
    flows = np.split(found.scores["SynFlow"], [A.size, A.size + B.size])
    assert_allclose([flow.sum() for flow in flows], total, rtol=1e-12)
    paths = (C @ B).sum(axis=0)[:, None] * A
    assert_allclose(flows[0], paths.ravel(), rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"density": 1.5}, ValueError, r"density must lie in \[0, 1\], got 1.5"),
        ({"density": []}, ValueError, "density must not be empty"),
        ({"X": np.ones((7, 4, 2))}, ValueError, "X must have 2 axes"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"w": np.full(9, np.inf)}, ValueError, "w must be finite, got inf"),
        ({"y": [0, 1, 2, 3]}, ValueError, "labels must lie in 0..2, got 3"),
    ],
)
def test_bad_input_of_saliencies_is_told(changes, error, message):
    network = st.mlp([2, 3])
    X, y = data(0, samples=4, inputs=2)
    given = {"network": network, "w": np.ones(9), "X": X, "y": y, "density": 0.5}
    with pytest.raises(error, match=message):
        st.saliency_comparison(**{**given, **changes})


def test_the_picture_of_losses_goes_by_density(compared):
    found = compared[-1]
    loss, accuracy = st.plot_saliency_loss(found)
    order = [1, 2, 3, 0]
    assert_array_equal(loss.lines[2].get_xdata(), found.density[order])
    assert_array_equal(loss.lines[2].get_ydata(), found.loss[2, order])
    assert_array_equal(accuracy.lines[6].get_ydata(), found.accuracy[6, order])
    assert [line.get_label() for line in loss.lines] == list(found.scores)
    plt.close(loss.figure)
