"""The loss on a mask."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays
from networks import Network, positive, quadratic
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.theory.rates import gradient_rate

H2 = np.array([[2.0, 1.0], [1.0, 3.0]])


@pytest.fixture
def network(rng):
    return Network(rng)


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
