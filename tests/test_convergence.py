"""Measured rates against the spectrum on the support, and against guarantees."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory.experiments.convergence import tail

ROUNDING = 1e-4  # relative, of a ratio of errors just above the floor


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(11)
    A = rng.standard_normal((200, 400)) / np.sqrt(200)
    support = rng.choice(400, 10, replace=False)
    x = np.zeros(400)
    x[support] = rng.uniform(-1, 1, 10)
    return A, x


def ratios(run):
    start = 0 if run.found is None else run.found
    errors = run.errors[start:]
    errors = errors[errors > 1e-11 * run.errors[0]]
    return errors[1:] / errors[:-1]


@pytest.mark.parametrize(
    ("step", "predicted", "masked", "iht", "found"),
    [
        (0.5, 0.6515018936529582, 0.6514617192839762, 0.6090283021388536, 9),
        (0.6, 0.5818022723835498, 0.5817926610821139, 0.578605493856889, 7),
        (0.7, 0.5121026511141414, 0.5121000486759978, 0.5118068860228753, 5),
    ],
)
def test_rates_on_a_known_matrix_and_support(
    problem, step, predicted, masked, iht, found
):
    result = st.convergence_rate(*problem, step=step)
    eigenvalues = 0.6969962126940837, 1.4780554348926416
    assert_allclose((result.alpha, result.beta), eigenvalues, rtol=1e-12)
    assert_allclose(result.predicted, predicted, rtol=1e-12)
    assert_allclose(result.masked.rate, predicted, atol=1e-4)
    assert_allclose(result.masked.rate, masked, atol=1e-4)
    # Measured there earlier in the run, for other entries on the support.
    assert iht <= predicted
    assert result.iht.rate <= predicted
    assert_allclose(result.iht.rate, predicted, atol=1e-3)
    assert result.iht.found == found


def test_the_best_step_on_the_support_is_the_default(problem):
    best = st.convergence_rate(*problem)
    kappa = best.beta / best.alpha
    assert_allclose(best.predicted, (kappa - 1) / (kappa + 1), rtol=1e-12)
    assert_allclose(best.masked.rate, best.predicted, atol=1e-4)
    assert_allclose(best.iht.rate, best.predicted, atol=1e-4)
    for factor in (0.9, 1.1):
        other = st.convergence_rate(*problem, step=factor * best.step)
        assert other.masked.rate > best.masked.rate + 0.01


@pytest.mark.parametrize("seed", range(4))
def test_no_step_on_the_support_contracts_less_than_predicted(seed):
    A = st.gaussian(100, 200, rng=seed)
    x = st.sparse_signal(200, 6, rng=seed + 100)
    for step in (0.5, 0.9):
        result = st.convergence_rate(A, x, step=step)
        for run in (result.masked, result.iht):
            assert run.found is not None
            steps = ratios(run)
            assert steps.max() <= result.predicted * (1 + ROUNDING)
            # norms of M^t e are log-convex in t for a symmetric M
            assert np.diff(steps).min() >= -ROUNDING
            assert_allclose(run.spread[1], steps[-10:].max(), rtol=1e-12)


def test_an_error_along_the_slowest_eigenvector_contracts_at_the_limit_at_once():
    A = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 9)))[0]
    A = A * np.sqrt(np.linspace(0.5, 1.5, 9))
    x = np.zeros(9)
    x[0] = 1.0
    found = st.convergence_rate(A, x, step=0.4)
    assert_allclose(found.predicted, 1 - 0.4 * 0.5)
    assert_allclose(found.masked.spread, 0.8, atol=1e-4)
    assert_allclose(found.iht.spread, 0.8, atol=1e-4)


def test_masked_descent_is_gradient_descent_on_the_support():
    A, x = st.gaussian(50, 100, rng=0), st.sparse_signal(100, 5, rng=1)
    found = st.convergence_rate(A, x, step=0.5)
    S = np.flatnonzero(x)
    z, expected = np.zeros(5), [np.linalg.norm(x)]
    for _ in range(found.masked.errors.size - 1):
        z = z + 0.5 * A[:, S].T @ (A @ x - A[:, S] @ z)
        expected.append(np.linalg.norm(z - x[S]))
    assert_allclose(found.masked.errors, expected, rtol=1e-3)


def test_errors_of_iht_are_those_of_one_long_run():
    A, x = st.gaussian(50, 100, rng=0), st.sparse_signal(100, 5, rng=1)
    found = st.convergence_rate(A, x, step=0.6)
    for t in (1, 3, 10):
        z = st.iht(A, A @ x, 5, step=0.6, max_iter=t, tol=0).x
        assert_allclose(found.iht.errors[t], np.linalg.norm(z - x), rtol=1e-9)


def test_a_layer_contracts_as_its_matrix_does():
    layer = st.BlockCirculant([[[1.0, 0.3]]], 30)
    x = np.zeros(30)
    x[[3, 4, 5]] = 1.0, -0.8, 0.5
    assert_allclose(
        st.convergence_rate(layer, x).iht.errors,
        st.convergence_rate(layer @ np.eye(30), x).iht.errors,
        atol=1e-12,
    )


def test_guarantees_lie_above_every_error():
    layer = st.BlockCirculant([[[1.0, 0.2]]], 40)
    promised = st.convergence_bounds(layer, 3)
    step = promised.contractions[0].step
    x = np.zeros(40)
    x[[3, 4, 5]] = 1.0, -0.8, 0.5
    result = st.convergence_rate(layer, x, step=step, bounds=promised.contractions)
    assert result.bounds == promised.contractions
    for bound in result.bounds:
        run = {"masked": result.masked, "iht": result.iht}.get(bound.algorithm)
        if run is not None and bound.measure == "error":
            limit = bound.factor ** np.arange(run.errors.size) * run.errors[0]
            assert np.all(run.errors <= limit * (1 + 1e-9) + 1e-15)
            assert result.predicted <= bound.factor + 1e-12


def test_a_run_that_ends_at_a_wrong_point_has_no_rate():
    A, x = st.gaussian(20, 100, rng=0), st.sparse_signal(100, 10, rng=1)
    found = st.convergence_rate(A, x, max_iter=300)
    assert found.iht.found is None
    assert found.iht.window is None
    assert np.isnan(found.iht.rate)
    assert found.masked.rate < 1


def test_with_more_entries_than_rows_nothing_contracts():
    A = np.random.default_rng(0).standard_normal((3, 10))
    found = st.convergence_rate(A, [1.0, -2, 1, 1, 3, 0, 0, 0, 0, 0], max_iter=200)
    assert found.alpha == 0
    assert_allclose([found.predicted, found.masked.rate], 1, rtol=1e-6)


def test_a_step_that_is_too_long_diverges_at_its_rate():
    A, x = st.gaussian(40, 60, rng=0), st.sparse_signal(60, 4, rng=1)
    found = st.convergence_rate(A, x, step=2.0)
    assert found.predicted > 1
    assert found.masked.errors[-1] >= 1e6 * found.masked.errors[0]
    assert_allclose(found.masked.rate, found.predicted, rtol=1e-2)


def test_orthonormal_columns_leave_no_tail():
    found = st.convergence_rate(np.eye(6), [0, 2.0, 0, 0, -1.0, 0])
    assert found.predicted == 0
    assert found.iht.errors.size == 2
    assert np.isnan(found.iht.rate)


@given(some.floats(0.05, 1.5), some.integers(0, 4), some.integers(5, 40))
@example(0.05, 4, 20)
def test_the_tail_of_a_geometric_sequence_is_its_ratio(rate, found, count):
    errors = rate ** np.arange(found + count + 1)
    above = np.flatnonzero(errors > 1e-11)[-1]
    window, measured, spread = tail(errors, found)
    if above - found < 5:
        assert window is None
        return
    assert window == (max(found, above - 10), above)
    assert_allclose([measured, *spread], rate, rtol=1e-9)


def test_the_tail_leaves_out_what_is_before_the_support_and_below_the_floor():
    errors = np.concatenate([np.full(7, 0.5), 0.1 ** np.arange(12), np.full(9, 4e-12)])
    window, rate, _ = tail(errors, 7)
    assert window == (8, 18)
    assert_allclose(rate, 0.1)


def test_picture_has_errors_slopes_and_guarantees():
    layer = st.BlockCirculant([[[1.0, 0.2]]], 40)
    x = np.zeros(40)
    x[[3, 4, 5]] = 1.0, -0.8, 0.5
    bounds = st.convergence_bounds(layer, 3).contractions
    result = st.convergence_rate(layer, x, step=bounds[0].step, bounds=bounds)
    ax = st.plot_convergence(result)
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert_allclose(
        lines[f"IHT: {result.iht.rate:.4f}"].get_ydata(),
        result.iht.errors / result.iht.errors[0],
    )
    slope = lines[f"predicted, max |1 - ηλ| = {result.predicted:.4f}"].get_ydata()
    assert_allclose(slope[1:] / slope[:-1], result.predicted)
    drawn = [label for label in lines if label.startswith("at most")]
    shown = [b for b in bounds if b.algorithm == "iht" and b.measure == "error"]
    assert len(drawn) == sum(b.recovers for b in shown) > 0
    assert st.plot_convergence(result, ax) is ax


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.eye(3), np.zeros(3)), {}, "x must have a nonzero"),
        ((np.eye(3), np.ones(2)), {}, r"x must have shape \(3,\) to match A, got \(2"),
        ((np.eye(3), [1, np.nan, 0]), {}, "x must be finite, got nan"),
        ((np.zeros((3, 3)), [1, 0, 0]), {}, "A must not be zero on the support"),
        ((np.eye(3), [1, 0, 0]), {"step": -1}, "step must be positive"),
        ((np.eye(3), [1, 0, 0]), {"max_iter": 0}, "max_iter must be at least 1"),
    ],
)
def test_bad_input_is_named(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        st.convergence_rate(*arguments, **options)


def test_any_dtype_and_order_of_memory_will_do():
    A = np.diag([1, 2, 3])
    plain = st.convergence_rate(A.astype(float), [1.0, 0, 1.0])
    for other in (A, np.asfortranarray(A), A[::-1][::-1]):
        found = st.convergence_rate(other, np.array([1, 0, 1]))
        assert_allclose(found.iht.errors, plain.iht.errors, rtol=1e-9)
