"""Saliencies against the changes that they predict, and the loss on a mask."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad

import sparsetheory as st
from sparsetheory.theory.rates import gradient_rate

H2 = np.array([[2.0, 1.0], [1.0, 3.0]])


def quadratic(H, b=0.0):
    """``1/2 w'Hw - b'w`` with its gradient and Hessian."""
    return (
        lambda w: 0.5 * w @ H @ w - np.sum(b * w),
        lambda w: H @ w - b,
        lambda w, v: H @ v,
    )


def positive(rng, n):
    B = rng.standard_normal((n + 3, n))
    return B.T @ B / n


class Network:
    """A ReLU network without biases, squared loss, by its definition."""

    def __init__(self, rng, sizes=(5, 7, 6, 3), samples=40):
        self.x = rng.standard_normal((samples, sizes[0]))
        self.y = rng.standard_normal((samples, sizes[-1]))
        self.w = [rng.standard_normal(p) / np.sqrt(p[0]) for p in pairwise(sizes)]

    def outputs(self, w):
        layers = [self.x]
        for i, W in enumerate(w):
            z = layers[-1] @ W
            layers.append(z if i == len(w) - 1 else np.maximum(z, 0.0))
        return layers

    def loss(self, w):
        return 0.5 * np.mean(np.sum((self.outputs(w)[-1] - self.y) ** 2, axis=1))

    def grad(self, w):
        layers = self.outputs(w)
        back = (layers[-1] - self.y) / len(self.x)
        found = []
        for W, a in zip(w[::-1], layers[-2::-1], strict=True):
            found.append(a.T @ back)
            back = (back @ W.T) * (a > 0)
        return found[::-1]

    def hvp(self, w, v, eps=1e-6):
        ends = [self.grad([W + s * eps * V for W, V in zip(w, v, strict=True)])
                for s in (1, -1)]  # fmt: skip
        return [(a - b) / (2 * eps) for a, b in zip(*ends, strict=True)]


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


# The loss on a mask.


def test_the_restricted_gradient_is_that_of_the_restricted_loss(network, rng):
    mask = [rng.random(W.shape) < 0.5 for W in network.w]
    g = st.restricted_gradient(network.grad, network.w, mask)
    for layer, place in ((0, (1, 2)), (0, (0, 0)), (1, (3, 3)), (2, (0, 1))):
        losses = []
        for t in (1e-6, -1e-6):
            w = [W.copy() for W in network.w]
            w[layer][place] += t
            on = [W * m for W, m in zip(w, mask, strict=True)]
            losses.append(network.loss(on))
        slope = (losses[0] - losses[1]) / 2e-6
        assert g[layer][place] == pytest.approx(slope, abs=1e-8)
        assert mask[layer][place] or g[layer][place] == 0.0


def test_a_critical_point_on_a_mask_need_not_be_one_of_the_loss():
    _, grad, _ = quadratic(H2, np.array([2.0, 5.0]))
    mask = [True, False]
    assert_array_equal(st.restricted_gradient(grad, [1.0, 7.0], mask), 0.0)
    assert_array_equal(grad(np.array([1.0, 0.0])), [0.0, -4.0])


def test_the_restricted_hessian_is_the_block_at_the_masked_weights(rng):
    def hvp(w, v):  # of sum w_i^4 / 12 + w'Hw / 2
        return w**2 * v + H @ v

    H, w = positive(rng, 6), rng.standard_normal(6)
    mask = np.array([True, False, True, True, False, True])
    block = st.restricted_hessian(hvp, w, mask)
    expected = (np.diag(w**2) + H)[np.ix_(mask, mask)]
    assert_allclose(block @ np.eye(4), expected)
    assert_allclose(block.T @ np.eye(4), expected)
    assert block.dtype == np.float64


def test_eigenvalues_on_a_mask_interlace_and_condition_never_rises(rng):
    for n, k in ((5, 4), (6, 3), (7, 1)):
        B = rng.standard_normal((n, n))
        for H in (B + B.T, B.T @ B):
            _, _, hvp = quadratic(H)
            ones = np.ones(n, bool)
            whole = st.restricted_spectrum(hvp, np.zeros(n), ones)
            values = np.linalg.eigvalsh(H)
            for S in combinations(range(n), k):
                mask = np.isin(np.arange(n), S)
                part = st.restricted_spectrum(hvp, np.zeros(n), mask)
                inner = np.linalg.eigvalsh(H[np.ix_(mask, mask)])
                assert np.all(values[:k] <= inner + 1e-12)
                assert np.all(inner <= values[n - k :] + 1e-12)
                assert_allclose([part.smallest, part.largest], inner[[0, -1]])
                assert part.condition <= whole.condition * (1 + 1e-9)
                assert part.stable_step >= whole.stable_step * (1 - 1e-12)
                negative = np.count_nonzero(inner < -1e-12)
                total = np.count_nonzero(values < -1e-12)
                assert total - (n - k) <= negative <= total


def test_a_saddle_may_hide_though_its_direction_is_not_pruned():
    H = np.array([[1.0, 2.0], [2.0, 1.0]])
    _, _, hvp = quadratic(H)
    whole = st.restricted_spectrum(hvp, np.zeros(2), [True, True])
    assert (whole.smallest, whole.largest) == (pytest.approx(-1), pytest.approx(3))
    assert np.all(np.abs(whole.vectors[0]) > 0.7)
    for mask in ([True, False], [False, True]):
        part = st.restricted_spectrum(hvp, np.zeros(2), mask)
        assert part.smallest == part.largest == 1.0
    assert whole.condition == np.inf
    assert np.isnan(whole.best_step)


def test_steps_and_conditions():
    _, _, hvp = quadratic(np.diag([1.0, 10.0, 10.0]))
    whole = st.restricted_spectrum(hvp, np.zeros(3), np.ones(3, bool))
    part = st.restricted_spectrum(hvp, np.zeros(3), [False, True, True])
    assert whole.stable_step == part.stable_step == pytest.approx(0.2)
    assert whole.best_step == pytest.approx(0.18181818181818182)
    assert part.best_step == pytest.approx(0.1)
    H = np.array([[4.0, 1.0, 2.0], [1.0, 3.0, 0.0], [2.0, 0.0, 2.0]])
    _, _, hvp = quadratic(H)
    conditions = [8.658805810121724, 1.938748901931751, 6.854101966249688, 1.5]
    masks = [[1, 1, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]]
    for mask, condition in zip(masks, conditions, strict=True):
        found = st.restricted_spectrum(hvp, np.zeros(3), np.array(mask, bool))
        assert found.condition == pytest.approx(condition)
    concave = st.restricted_spectrum(lambda w, v: -v, np.zeros(2), [True, False])
    assert concave.stable_step == np.inf


@pytest.mark.parametrize("kind", ["convex", "indefinite"])
def test_lanczos_finds_the_ends_and_shows_its_residual(rng, kind):
    n = 150
    B = rng.standard_normal((n, n))
    H = B.T @ B if kind == "convex" else B + B.T
    mask = np.arange(n) % 3 > 0
    calls = []

    def hvp(w, v):
        calls.append(1)
        return H @ v

    found = st.restricted_spectrum(hvp, np.zeros(n), mask)
    inner = np.linalg.eigvalsh(H[np.ix_(mask, mask)])
    scale = inner[-1]
    assert not found.exact
    assert_allclose([found.smallest, found.largest], inner[[0, -1]], atol=1e-8 * scale)
    assert inner[0] <= found.smallest + 1e-12 * scale
    assert found.largest <= inner[-1] + 1e-12 * scale
    for value, v in zip((found.smallest, found.largest), found.vectors, strict=True):
        assert np.linalg.norm(v) == pytest.approx(1.0)
        assert np.all(v[~mask] == 0)
        assert v @ H @ v == pytest.approx(value, abs=1e-8 * scale)
        assert np.linalg.norm((H @ v - value * v)[mask]) <= found.residual * 1.01
    assert found.residual < 1e-6 * scale
    again = st.restricted_spectrum(hvp, np.zeros(n), mask)
    assert again.smallest == found.smallest


@pytest.mark.parametrize("n", [3, 80])  # by the matrix, and by Lanczos
def test_where_the_loss_is_flat_the_spectrum_is_zero(n):
    mask = np.arange(n) != 1
    found = st.restricted_spectrum(lambda w, v: 0 * v, np.ones(n), mask)
    assert found.smallest == found.largest == found.residual == 0
    assert found.stable_step == np.inf
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(2), atol=1e-12)
    assert not found.vectors[:, 1].any()


def test_masked_descent_is_projected_and_goes_at_the_rate_of_the_block(rng):
    n = 12
    H, b = positive(rng, n) + 0.1 * np.eye(n), rng.standard_normal(n)
    _, grad, hvp = quadratic(H, b)
    mask = np.arange(n) % 2 == 0
    ends = st.restricted_spectrum(hvp, np.zeros(n), mask)
    step = ends.best_step
    best = np.zeros(n)
    best[mask] = np.linalg.solve(H[np.ix_(mask, mask)], b[mask])
    w = projected = mask * rng.standard_normal(n)
    errors = []
    for _ in range(400):
        w = w - step * st.restricted_gradient(grad, w, mask)
        projected = mask * (projected - step * grad(projected))
        assert_allclose(w, projected, atol=1e-13)
        errors.append(np.linalg.norm(w - best))
    rate = float(gradient_rate(ends.smallest, ends.largest))
    seen = [error for error in errors if error > 1e-9]
    ratios = np.divide(seen[1:], seen[:-1])
    assert rate == pytest.approx((ends.condition - 1) / (ends.condition + 1))
    assert ratios.max() <= rate * (1 + 1e-6)
    assert ratios[-1] == pytest.approx(rate, rel=1e-2)


def test_kernels_of_masks_are_smaller_and_shrink_with_the_density(rng):
    J = rng.standard_normal((6, 20))
    whole = st.masked_kernel(J, np.ones(20, bool))
    assert_allclose(whole.matrix, J @ J.T)
    total, trials = 0.0, 2000
    for _ in range(trials):
        mask = st.top_mask(rng.random(20), 8)
        part = st.masked_kernel(J, mask)
        assert np.linalg.eigvalsh(whole.matrix - part.matrix)[0] > -1e-10
        total += np.trace(part.matrix)
    share = total / trials / np.trace(whole.matrix)
    _, variance = st.random_progress(np.linalg.norm(J, axis=0), 8)
    assert abs(share - 8 / 20) < 5 * np.sqrt(variance / trials)


@pytest.mark.parametrize(("k", "rank"), [(0, 0), (3, 3), (6, 6), (20, 6)])
def test_as_many_weights_as_outputs_are_needed(rng, k, rank):
    J = rng.standard_normal((6, 20))
    kernel = st.masked_kernel(J, np.arange(20) < k)
    assert kernel.rank == rank
    assert (kernel.eigenvalues[0] > 1e-9) == (rank == 6)


def test_the_progress_left_is_the_squared_cosine():
    g, mask = np.array([3.0, 4.0, 12.0]), np.array([False, True, True])
    flow = st.gradient_flow(g, mask)
    assert flow.cosine == pytest.approx(0.9730085108210398)
    assert flow.progress == pytest.approx(0.9467455621301775)
    masked = mask * g
    cosine = g @ masked / np.linalg.norm(g) / np.linalg.norm(masked)
    assert flow.cosine == pytest.approx(cosine)
    assert flow.progress == pytest.approx(g @ masked / (g @ g))
    assert st.gradient_flow(1e-200 * g, mask).cosine == pytest.approx(cosine)
    assert st.gradient_flow([0.0, 1.0], [True, False]).progress == 0.0


@given(arrays(float, 6, elements=some.floats(-9, 9)), some.integers(0, 6))
def test_random_masks_keep_their_share_of_the_gradient(g, k):
    if np.abs(g).max() < 1e-3:
        return
    kept = [st.gradient_flow(g, np.isin(np.arange(6), S)).progress
            for S in combinations(range(6), k)]  # fmt: skip
    mean, variance = st.random_progress(g, k)
    assert np.mean(kept) == pytest.approx(mean, abs=1e-12)
    assert np.var(kept) == pytest.approx(variance, abs=1e-12)


def test_known_variance_of_the_progress():
    mean, variance = st.random_progress([1, 2, 3, 4], 2)
    assert mean == 0.5
    assert variance == pytest.approx(0.04777777777777777, rel=1e-12)
    assert st.random_progress([2.0], 1) == (1.0, 0.0)


RISKS = """
1 0 0.15067956668754157 0.8012519569012009
1 1 0.7248655711453139 1.107981933026376
1 2 1.5931303866541617 1.2432408884161517
1 8 1.999999999997136 1.000000000016685
2 0 0.011537453429040057 0.26146412994911067
2 1 0.9096765858829805 1.2552662697549575
2 2 2.904262549636103 2.50044030717756
2 4 4.926305653650145 1.2332700678527941
3 0 0.00040687016097446654 0.029290886534888254
3 4 9.258136451956194 3.137858084497459
3 8 9.99999912527022 1.0000106254514547
"""


@pytest.mark.parametrize("row", RISKS.split("\n")[1:-1])
def test_risks_of_thresholding(row):
    lam, mu, soft, hard = map(float, row.split())
    assert st.soft_threshold_risk([mu, -mu], lam) == pytest.approx(soft, rel=1e-11)
    assert st.hard_threshold_risk([mu, -mu], lam) == pytest.approx(hard, rel=1e-11)


def test_risks_are_the_integrals(rng):
    lam, mu = rng.uniform(0.1, 3.0), rng.uniform(-4.0, 4.0)

    def risk(rule):
        def integrand(z):
            return (rule(z) - mu) ** 2 * np.exp(-((z - mu) ** 2) / 2)

        points = [-lam, lam]
        value, _ = quad(integrand, mu - 12, mu + 12, points=points, epsabs=1e-12)
        return value / np.sqrt(2 * np.pi)

    soft = risk(lambda z: np.sign(z) * max(abs(z) - lam, 0.0))
    hard = risk(lambda z: z if abs(z) > lam else 0.0)
    assert float(st.soft_threshold_risk(mu, lam)) == pytest.approx(soft, rel=1e-9)
    assert float(st.hard_threshold_risk(mu, lam)) == pytest.approx(hard, rel=1e-9)


def test_limits_of_the_risks():
    assert float(st.soft_threshold_risk(30.0, 2.0)) == pytest.approx(5.0)
    assert float(st.hard_threshold_risk(30.0, 2.0)) == pytest.approx(1.0)
    for risk in (st.soft_threshold_risk, st.hard_threshold_risk):
        assert_allclose(risk([0.0, 1.0, 5.0], 0.0), 1.0)
        assert float(risk(3.0, 60.0)) == pytest.approx(9.0)
    grid = st.soft_threshold_risk(np.linspace(0, 9, 200), 1.5)
    assert np.all(np.diff(grid) >= -1e-13)


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
