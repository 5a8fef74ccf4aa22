"""Greedy solvers and experiments in single precision."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.experiments.identity import fingerprint
from sparsetheory.experiments.setting import check_setting
from sparsetheory.experiments.trials import run_trials
from sparsetheory.solvers.certificates import Verdict

GREEDY = [st.iht, st.htp, st.cosamp, st.subspace_pursuit, st.omp]
ROUNDING = float(np.finfo(np.float32).eps)
GRID = {"n": 100, "delta": 0.5, "signal": "signs", "stop_early": True}


def problem(seed, m=60, n=100, k=8, noise=0.0):
    A, x = st.gaussian(m, n, seed), st.sparse_signal(n, k, seed + 1000)
    spread = noise * np.linalg.norm(A @ x) / m**0.5
    return A, A @ x + spread * np.random.default_rng(seed).standard_normal(m), x


def rounded(A, y):
    return A.astype(np.float32), y.astype(np.float32)


@pytest.mark.parametrize("solver", GREEDY)
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_single_precision_finds_what_double_finds_up_to_its_rounding(solver, noise):
    for seed in range(10):
        A, y, _ = problem(seed, noise=noise)
        expected, found = solver(A, y, 8), solver(*rounded(A, y), 8)
        assert found.converged
        assert found.x.dtype == np.float32
        assert_array_equal(found.support, expected.support)
        error = np.linalg.norm(found.x - expected.x) / np.linalg.norm(expected.x)
        condition = np.linalg.cond(A[:, expected.support]) ** 2
        assert 0.0 < error < 2 * condition * ROUNDING


@pytest.mark.parametrize(
    "solver", [*GREEDY, partial(st.iht, accelerate=True), partial(st.iht, step=0.3)]
)
def test_only_two_arrays_in_single_precision_stay_so(solver):
    A, y, _ = problem(3)
    B, z = rounded(A, y)
    assert solver(B, z, 8).x.dtype == np.float32
    wide = solver(B.astype(float), z.astype(float), 8)
    for mixed in ((B, z.astype(float)), (B.astype(float), z), (B, z.tolist())):
        found = solver(*mixed, 8)
        assert found.x.dtype == np.float64
        assert_array_equal(found.x, wide.x)


def test_any_memory_order_gives_the_same_in_single_precision():
    A, y = rounded(*problem(4)[:2])
    expected = st.iht(A, y, 8).x
    frozen = y.copy()
    frozen.flags.writeable = False
    for other in (np.ascontiguousarray(A), np.repeat(A, 2, axis=1)[:, ::2]):
        assert_array_equal(st.iht(other, frozen, 8).x, expected)


def test_a_tolerance_below_rounding_does_not_run_to_the_end():
    for seed in range(30):
        A, y = rounded(*problem(seed, k=12, noise=(0.0, 0.5)[seed % 2])[:2])
        for k in (6, 12):  # too few as well
            found = st.iht(A, y, k, tol=1e-15)
            assert found.converged
            assert found.n_iter < 1000
    again = st.iht(A, y, k, tol=0.0, max_iter=found.n_iter + 50)
    assert again.n_iter == found.n_iter + 50
    assert_allclose(again.x, found.x, atol=1e-5 * np.abs(found.x).max())


def test_the_tolerance_is_at_least_the_rounding():
    counts = np.zeros(3, dtype=int)
    for seed in range(10):
        A, y = rounded(*problem(seed)[:2])
        runs = [st.iht(A, y, 8, tol=tol) for tol in (1e-15, 2.0**-23, 2.0**-22)]
        counts += [run.n_iter for run in runs]
        assert_array_equal(runs[0].x, runs[1].x)
        assert st.omp(A, y, 20, tol=1e-15).n_iter == 8  # what is left is rounding
        assert st.omp(A, y, 20, tol=0.0).n_iter == 20
    assert counts[0] == counts[1] > counts[2]


def test_the_residual_of_a_fixed_point_is_orthogonal_to_its_columns():
    A, y, _ = problem(5, noise=0.3)
    for solver in GREEDY:
        x = solver(*rounded(A, y), 8).x.astype(float)
        r = y - A @ x
        on = np.flatnonzero(x)
        bound = 50 * ROUNDING * np.linalg.norm(y)
        assert np.abs(A[:, on].T @ r).max() < bound
        off = np.setdiff1d(np.arange(100), on)
        assert np.abs(A[:, off].T @ r).max() > 50 * bound


@given(strategies.integers(0, 30), strategies.sampled_from([np.nan, np.inf, -np.inf]))
def test_single_precision_refuses_what_double_does(place, value):
    A, y = rounded(*problem(0, m=6, n=10, k=2)[:2])
    bad = A.copy()
    bad[place % 6, place % 10] = value
    with pytest.raises(ValueError, match="A must be finite"):
        st.iht(bad, y, 2)
    with pytest.raises(ValueError, match=r"y must have shape \(6,\)"):
        st.htp(A, y[:-1], 2)


@pytest.mark.parametrize("solver", GREEDY)
def test_scales_that_single_precision_can_not_square_are_refused(solver):
    A, y = rounded(*problem(0)[:2])
    expected = solver(A, y, 8).x
    for scale in (2.0**-20, 2.0**20):  # exact, so that nothing changes
        found = solver(A, np.float32(scale) * y, 8).x
        assert_array_equal(found, np.float32(scale) * expected)
    for scale in (1e-14, 1e14):
        with pytest.raises(ValueError, match="must be rescaled"):
            solver(A, np.float32(scale) * y, 8)
        double = solver(A.astype(float), scale * y.astype(float), 8).x
        assert_allclose(double, scale * expected, rtol=1e-4)


def test_trials_meet_the_same_problems_rounded():
    met = {}
    for precision in ("double", "single"):
        seen = met[precision] = []

        def solver(A, y, k, seen=seen):
            seen.append((A, y))
            return st.iht(A, y, k)

        st.phase_transition(
            solver, n=40, delta=0.5, rho=0.2, trials=3, workers=1, precision=precision
        )
    for (A, y), (B, z) in zip(*met.values(), strict=True):
        assert A.dtype == np.float64
        assert B.dtype == z.dtype == np.float32
        assert_array_equal(B, A.astype(np.float32))
        assert_allclose(z, y, atol=8 * ROUNDING * np.linalg.norm(y))


@pytest.mark.parametrize("solver", [st.iht, st.htp])
def test_precision_does_not_move_the_transition(solver):
    grid = GRID | {"rho": [0.2, 0.26, 0.32], "trials": 100}
    double = st.phase_transition(solver, **grid)
    single = st.phase_transition(solver, precision="single", **grid)
    pair = st.compare(double, single)
    assert pair.paired
    won = [found.outcomes == Verdict.SUCCESS for found in (double, single)]
    discordant = np.sum(won[0] != won[1])
    assert discordant <= 0.02 * double.counts.sum()
    assert 30 < double.successes.sum() < 270
    fewer = st.phase_transition(solver, **grid | {"rho": [0.2 + 0.04, 0.3, 0.36]})
    assert fewer.successes.sum() < double.successes.sum() - 20


def test_a_store_tells_precisions_apart(tmp_path):
    grid = GRID | {"rho": 0.28, "trials": 20, "store": tmp_path / "trials"}
    double = st.phase_transition(st.iht, **grid)
    single = st.phase_transition(st.iht, precision="single", **grid)
    assert double.settings["precision"] == "double"
    assert single.settings["precision"] == "single"
    settings = [
        check_setting(
            *(st.iht, 40, st.gaussian, st.sparse_signal, 0, 1e-3), precision=precision
        )
        for precision in ("double", "single")
    ]
    assert fingerprint(settings[0])[0] != fingerprint(settings[1])[0]


def test_a_curve_runs_in_single_precision_and_repeats():
    options = GRID | {"trials": 32, "precision": "single"}
    one, two = (st.transition_curve(st.iht, workers=w, **options) for w in (1, 2))
    assert_array_equal(one.cells, two.cells)
    double = st.transition_curve(st.iht, **options | {"precision": "double"})
    assert abs(one.k50[0] - double.k50[0]) < 0.5 * (double.high[0] - double.low[0])


def test_what_single_precision_can_not_do_is_said():
    run = partial(st.phase_transition, n=64, delta=0.5, rho=0.2, trials=1, workers=1)
    with pytest.raises(ValueError, match="precision must be double or single, got 'h"):
        run(st.iht, precision="half")
    with pytest.raises(ValueError, match="basis_pursuit is decided by proof"):
        run(st.basis_pursuit, precision="single")
    with pytest.raises(ValueError, match=r"tol must be at least 0\.0001 .* got 1e-05"):
        run(st.iht, precision="single", tol=1e-5)
    run(st.iht, tol=1e-5)
    layers = st.random_layers(2, 2, 3, size=512)
    with pytest.raises(TypeError, match="for ensembles of arrays, got BlockCirculant"):
        run(st.iht, precision="single", n=1024, ensemble=layers)


def test_a_solver_without_single_precision_gets_double_arrays_of_its_own():
    setting = check_setting(
        *(partial(st.group_iht, groups=1), 40, st.gaussian, st.sparse_signal, 0, 1e-3),
        precision="single",
    )
    assert run_trials(setting, 30, 3, range(2)) == [Verdict.SUCCESS] * 2
