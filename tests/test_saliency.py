"""Saliencies against the changes that they predict, and the loss on a mask."""

from itertools import pairwise

import numpy as np
import pytest
from networks import Network, positive, quadratic
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st

H2 = np.array([[2.0, 1.0], [1.0, 3.0]])


@pytest.fixture
def network(rng):
    return Network(rng)


def flat(parts):
    return np.concatenate([part.ravel() for part in parts])


def test_snip_is_the_derivative_by_the_mask(network):
    scores = st.snip_saliency(network.w, network.grad)
    assert [s.shape for s in scores] == [w.shape for w in network.w]
    for layer, place in ((0, (1, 2)), (1, (3, 3)), (2, (0, 1))):
        losses = []
        for m in (1 + 1e-6, 1 - 1e-6):
            w = [W.copy() for W in network.w]
            w[layer][place] *= m
            losses.append(network.loss(w))
        slope = abs(losses[0] - losses[1]) / 2e-6
        assert scores[layer][place] == pytest.approx(slope, rel=1e-5, abs=1e-9)


def rescaled(w, rng):
    c = rng.uniform(0.2, 5.0, w[0].shape[1])
    return [w[0] * c, w[1] / c[:, None], *w[2:]]


def test_snip_does_not_see_a_rescaling_that_the_network_does_not(network, rng):
    other = rescaled(network.w, rng)
    assert network.loss(other) == pytest.approx(network.loss(network.w))
    before = st.snip_saliency(network.w, network.grad)
    assert_allclose(flat(st.snip_saliency(other, network.grad)), flat(before), 1e-9,
                    1e-14)  # fmt: skip
    same = st.top_mask(st.magnitude_saliency(network.w), 20)
    moved = st.top_mask(st.magnitude_saliency(other), 20)
    assert np.any(flat(same) != flat(moved))


def test_what_flows_into_a_unit_flows_out(network):
    g = network.grad(network.w)
    flows = [W * G for W, G in zip(network.w, g, strict=True)]
    for before, after in pairwise(flows):
        assert_allclose(before.sum(axis=0), after.sum(axis=1), atol=1e-14)
    assert_allclose([f.sum() for f in flows], flows[0].sum(), rtol=1e-12)


def test_snip_is_zero_at_a_critical_point_where_removal_costs(rng):
    H, w = positive(rng, 6), rng.standard_normal(6)
    loss, grad, _ = quadratic(H, H @ w)
    assert_allclose(st.snip_saliency(w, grad), 0.0, atol=1e-13)
    assert all(loss(np.where(np.arange(6) == i, 0.0, w)) > loss(w) for i in range(6))


def test_grasp_on_a_quadratic():
    w, g = np.array([1.0, -1.0]), np.array([1.0, 2.0])
    _, grad, hvp = quadratic(H2, H2 @ w - g)
    paper = st.grasp_saliency(w, grad, hvp)
    assert_array_equal(paper, [4.0, -7.0])
    reversed_ = st.grasp_saliency(w, grad, hvp, convention="reversed")
    assert_array_equal(reversed_, -paper)
    change = [np.sum(grad(u) ** 2) - g @ g for u in (w * [0, 1], w * [1, 0])]
    assert_allclose(change, [-3.0, 24.0])
    assert_allclose(change, -2 * paper + w**2 * np.sum(H2**2, axis=0))
    # The paper removes the second, whose removal raises the norm of the gradient.
    assert_array_equal(st.top_mask(paper, 1), [True, False])


def test_grasp_is_the_first_order_change_of_the_squared_gradient(network):
    scores = st.grasp_saliency(network.w, network.grad, network.hvp)
    for layer, place in ((0, (1, 2)), (1, (3, 3)), (2, (0, 1))):
        squares = []
        for t in (1e-6, -1e-6):
            w = [W.copy() for W in network.w]
            w[layer][place] *= 1 - t
            squares.append(np.sum(flat(network.grad(w)) ** 2))
        slope = (squares[0] - squares[1]) / 2e-6
        assert slope == pytest.approx(-2 * scores[layer][place], rel=1e-3, abs=1e-6)


def test_removing_by_the_paper_keeps_more_gradient_than_the_reverse(rng):
    network = Network(rng, sizes=(8, 20, 4))
    norms = {}
    for name in ("paper", "reversed"):
        scores = st.grasp_saliency(network.w, network.grad, network.hvp,
                                   convention=name)  # fmt: skip
        mask = st.top_mask(scores, 200)
        on = [W * m for W, m in zip(network.w, mask, strict=True)]
        g = st.restricted_gradient(network.grad, on, mask)
        norms[name] = np.linalg.norm(flat(g))
    assert norms["paper"] > norms["reversed"]


def test_obd_is_exact_for_one_weight_of_a_quadratic(rng):
    H, w, b = positive(rng, 5), rng.standard_normal(5), rng.standard_normal(5)
    loss, grad, hvp = quadratic(H, b)
    scores = st.obd_saliency(w, st.hessian_diagonal(w, hvp), grad(w))
    change = [loss(np.where(np.arange(5) == i, 0.0, w)) - loss(w) for i in range(5)]
    assert_allclose(scores, change, atol=1e-13)
    assert_allclose(st.hessian_diagonal(w, hvp), np.diag(H))


def test_obd_of_a_set_lacks_the_cross_terms(rng):
    H, w = positive(rng, 5), rng.standard_normal(5)
    loss, _, hvp = quadratic(H, H @ w)
    gone = np.array([True, True, False, True, False])
    change = loss(np.where(gone, 0.0, w)) - loss(w)
    scores = st.obd_saliency(w, st.hessian_diagonal(w, hvp))
    off = H - np.diag(np.diag(H))
    u = np.where(gone, w, 0.0)
    assert change == pytest.approx(scores[gone].sum() + 0.5 * u @ off @ u)
    assert abs(change - scores[gone].sum()) > 1e-3


def test_obs_is_exact_with_the_others_adapted(rng):
    H, w = positive(rng, 6), rng.standard_normal(6)
    loss, grad, _ = quadratic(H, H @ w)
    scores = st.obs_saliency(w, H)
    assert np.all(scores <= st.obd_saliency(w, np.diag(H)) + 1e-14)
    for i in range(6):
        mask = np.arange(6) != i
        u = st.obs_update(w, H, mask)
        assert u[i] == 0.0
        assert loss(u) - loss(w) == pytest.approx(scores[i])
        # Hassibi and Stork's step, and a zero gradient where weights are left.
        step = -w[i] / np.linalg.inv(H)[i, i] * np.linalg.inv(H)[:, i]
        assert_allclose(u, w + step, atol=1e-12)
        assert_allclose(st.restricted_gradient(grad, u, mask), 0.0, atol=1e-12)


def test_known_scores():
    H = [[2.0, 1.8, 0.0], [1.8, 2.0, 0.0], [0.0, 0.0, 1.0]]
    w = [1.0, -1.0, 0.9]
    assert_allclose(st.obs_saliency(w, H), [0.19, 0.19, 0.405])
    assert_allclose(st.obd_saliency(w, np.diag(H)), [1.0, 1.0, 0.405])
    small = st.obd_saliency([0.01, 0.08, 0.08], [2000.0, 31.25, 31.3])
    assert_allclose(small[:2], 0.1)
    assert small[2] > 0.1  # from there on the larger weight matters more


def test_flow_through_weights_and_later_biases_is_whole(rng):
    network = st.mlp([4, 5, 3, 2])
    w, ones = rng.standard_normal(network.n), np.ones((1, 4))
    scores = st.synflow_saliency(
        w, lambda a: network.vjp(a, np.ones((1, 2)), ones).ravel()
    )
    sums = np.array([part.sum() for part in network.split(scores)])
    whole = network.outputs(abs(w), ones).sum()
    for i in range(3):
        later = sums[2 * i + 1 :: 2].sum()
        assert sums[2 * i] + later == pytest.approx(whole)
        assert later > 0.01 * whole


def test_synaptic_flow_is_conserved_and_is_that_through_a_weight(network):
    sizes = [np.abs(W) for W in network.w]

    def flow(a):
        return np.linalg.multi_dot([np.ones(len(a[0])), *a, np.ones(a[-1].shape[1])])

    def grad(a):
        found = []
        for i in range(len(a)):
            left, right = np.ones(len(a[0])), np.ones(a[-1].shape[1])
            for W in a[:i]:
                left = left @ W
            for W in a[:i:-1]:
                right = W @ right
            found.append(np.outer(left, right))
        return found

    total = flow(sizes)
    scores = st.synflow_saliency(network.w, grad)
    assert_allclose([s.sum() for s in scores], total)
    for before, after in pairwise(scores):
        assert_allclose(before.sum(axis=0), after.sum(axis=1))
    without = [a.copy() for a in sizes]
    without[1][2, 3] = 0.0
    assert total - flow(without) == pytest.approx(scores[1][2, 3])
    # In rounds it never takes the last weight of a layer while another has more.
    mask = [np.ones(W.shape, bool) for W in network.w]
    for k in np.geomspace(flat(sizes).size, 6, 60).astype(int):
        masked = [W * m for W, m in zip(network.w, mask, strict=True)]
        mask = st.top_mask(st.synflow_saliency(masked, grad), int(k), within=mask)
    assert all(m.any() for m in mask)
    assert flow([a * m for a, m in zip(sizes, mask, strict=True)]) > 0


def test_random_scores_are_those_of_their_seed_and_choose_evenly():
    w = [np.zeros((2, 2)), np.zeros(3)]
    first, again = st.random_saliency(w, 5), st.random_saliency(w, 5)
    assert_array_equal(flat(first), flat(again))
    rng, trials = np.random.default_rng(1), 4000
    kept = sum(st.top_mask(st.random_saliency(np.zeros(6), rng), 2).astype(int)
               for _ in range(trials))  # fmt: skip
    error = np.sqrt(trials * (1 / 3) * (2 / 3))
    assert np.abs(kept - trials / 3).max() < 5 * error


def test_group_norms_prune_whole_groups_best(rng):
    w, labels = rng.standard_normal(9), np.array([0, 1, 2] * 3)
    norms = st.group_saliency(w, labels)
    assert_allclose(norms, [np.linalg.norm(w[labels == g]) for g in range(3)])
    mask = st.expand_groups(st.top_mask(norms, 1), labels)
    errors = [np.linalg.norm(w[labels != g]) for g in range(3)]
    assert np.linalg.norm(w[~mask]) == pytest.approx(min(errors))


def test_scores_have_the_structure_of_the_weights(network):
    parts = st.magnitude_saliency(network.w)
    vector = st.magnitude_saliency(flat(network.w))
    assert_array_equal(flat(parts), vector)
    matrix = st.magnitude_saliency(network.w[0].T)
    assert_array_equal(matrix, parts[0].T)
    integers = st.magnitude_saliency(np.arange(-3, 3, dtype=np.int8))
    assert_array_equal(integers, [3, 2, 1, 0, 1, 2])


def test_callables_may_overwrite_what_they_get():
    w = np.array([1.0, -3.0])
    assert_array_equal(st.snip_saliency(w, lambda u: u.__imul__(2.0)), [2.0, 18.0])
    assert_array_equal(w, [1.0, -3.0])


ONES = np.ones(3)

BAD = [
    (lambda: st.magnitude_saliency([np.nan]), ValueError, "w must be finite, got nan"),
    (lambda: st.magnitude_saliency([1j]), TypeError, "w must be real"),
    (
        lambda: st.snip_saliency(ONES, lambda w: w[:2]),
        ValueError,
        r"grad\(w\) must hav",
    ),
    (lambda: st.snip_saliency(ONES, lambda w: w * np.nan), ValueError, "got nan"),
    (
        lambda: st.snip_saliency([ONES, ONES], lambda w: w[0]),
        ValueError,
        r"must have arrays of shapes \[\(3,\), \(3,\)\], got shape \(3,\)",
    ),
    (
        lambda: st.grasp_saliency(ONES, lambda w: w, lambda w, v: v, convention="seed"),
        ValueError,
        r"one of \['paper', 'reversed'\], got 'seed'",
    ),
    (lambda: st.obd_saliency(ONES, [1.0]), ValueError, "diagonal must have shape"),
    (lambda: st.obs_saliency(ONES, -np.eye(3)), ValueError, "least eigenvalue is -1"),
    (lambda: st.obs_saliency([1.0], np.eye(3)), ValueError, "w must have shape"),
    (lambda: st.obs_update(ONES, np.eye(3), [True]), ValueError, "mask must have shap"),
    (lambda: st.obs_update(ONES, np.eye(3), ONES), TypeError, "mask must be boolean"),
    (lambda: st.group_saliency(ONES, 2), ValueError, "groups must divide"),
    (
        lambda: st.restricted_hessian(lambda w, v: v, ONES, ONES < 0),
        ValueError,
        "mask must keep a weight",
    ),
    (
        lambda: st.restricted_spectrum(lambda w, v: v, ONES, ONES > 0, tol=-1),
        ValueError,
        "tol must be positive",
    ),
    (lambda: st.masked_kernel(np.ones((2, 3)), [True]), ValueError, "1 columns"),
    (lambda: st.gradient_flow([0.0, 0.0], [True, True]), ValueError, "not be zero"),
    (lambda: st.random_progress(ONES, 4), ValueError, r"k must be in 0\.\.3, got 4"),
    (lambda: st.soft_threshold_risk(0.0, -1.0), ValueError, "lam must .* got -1.0"),
    (lambda: st.hard_threshold_risk(np.nan, 1.0), ValueError, "mu must .* got nan"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_told(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_picture_shows_shares_of_both(network):
    from matplotlib import pyplot as plt

    scores = {
        "magnitude": st.magnitude_saliency(network.w),
        "SNIP": st.snip_saliency(network.w, network.grad),
        "random": st.random_saliency(network.w, 0),
    }
    n, k = flat(network.w).size, 20
    ax = st.plot_saliencies(scores, k)
    assert ax.get_title().startswith(f"{k} of {n} weights")
    image = np.asarray(ax.images[0].get_array())
    kept = [flat(st.top_mask(s, k)) for s in scores.values()]
    for i, j in np.ndindex(3, 3):
        assert image[i, j] == np.count_nonzero(kept[i] & kept[j]) / k
    assert [label.get_text() for label in ax.get_yticklabels()] == list(scores)
    _, mine = plt.subplots()
    assert st.plot_saliencies(scores, k, mine) is mine
    plt.close("all")
    with pytest.raises(ValueError, match="scores must not be empty"):
        st.plot_saliencies({}, 1)
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        st.plot_saliencies(scores, 0)
    with pytest.raises(ValueError, match=r"scores\['b'\] must have shape"):
        st.plot_saliencies({"a": np.ones(3), "b": np.ones(2)}, 1)
