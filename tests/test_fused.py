"""Drawing and solving in one compiled call against drawing, then solving."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

import sparsetheory as st
from sparsetheory._checks import quiet
from sparsetheory._kernels._compile import JIT
from sparsetheory._rng import Role, stream
from sparsetheory.experiments.fused import fused_solver
from sparsetheory.experiments.setting import check_setting
from sparsetheory.experiments.trials import run_trials

N = 40
needs_jit = pytest.mark.skipif(not JIT, reason="nothing is compiled")


def setting(solver=st.iht, ensemble=st.gaussian, signal="gaussian", **options):
    return check_setting(solver, N, ensemble, signal, 3, 1e-3, **options)


@needs_jit
@pytest.mark.parametrize("ensemble", [st.gaussian, st.spherical])
@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("accelerate", [False, True])
def test_finds_what_the_solver_finds(ensemble, precision, accelerate):
    solver = partial(st.iht, accelerate=accelerate, max_iter=60, tol=1e-5)
    solve, met = fused_solver(setting(solver, ensemble, precision=precision)), 0
    dtype = np.float32 if precision == "single" else np.float64
    for trial, (m, k) in enumerate([(1, 1), (20, 3), (20, 9), (N, 20), (50, 4)]):
        x = st.sparse_signal(N, k, trial)
        A = ensemble(m, N, stream(3, N, m, k, trial, Role.MATRIX)).astype(dtype)
        with quiet():
            wanted = solver(A, A @ x.astype(dtype), k)
        found = solve(m, k, trial, x)
        assert found.x.dtype == dtype
        if wanted.converged:  # or else rounding may send them apart
            atol = 1e-3 if precision == "single" else 1e-9
            assert_allclose(found.x, wanted.x, atol=atol)
            assert found.converged
            met += 1
    assert met >= 2


@needs_jit
@pytest.mark.parametrize("stop_early", [False, True])
@pytest.mark.parametrize("signal", ["gaussian", st.grouped_signal(4)])
def test_gives_the_same_verdicts(monkeypatch, signal, stop_early):
    ours = setting(partial(st.iht, max_iter=200), signal=signal, stop_early=stop_early)
    unit = ours.unit  # entries come in groups, and the solver is told their number
    cells = [(20, 3), (20, 6), (20, 9)] if unit == 1 else [(20, 4), (38, 4)]
    one = [run_trials(ours, *cell, range(40)) for cell in cells]
    monkeypatch.setattr(
        "sparsetheory.experiments.trials.fused_solver", lambda setting: None
    )
    assert one == [run_trials(ours, *cell, range(40)) for cell in cells]
    assert unit > 1 or len({verdict for verdicts in one for verdict in verdicts}) > 1


@pytest.mark.parametrize(
    "options",
    [
        {"solver": st.htp},
        {"solver": partial(st.iht, step=0.1)},
        {"solver": partial(st.iht, x0=np.ones(N))},
        {"solver": lambda A, y, k: st.iht(A, y, k)},
        {"ensemble": st.rademacher},
        {"ensemble": lambda m, n, rng: st.gaussian(m, n, rng)},
        {"noise": 0.1},
        {"signals_per_matrix": 2},
    ],
)
def test_leaves_other_settings_alone(options):
    assert fused_solver(setting(**options)) is None


@needs_jit
def test_refuses_options_as_the_solver_does():
    with pytest.raises(ValueError, match="max_iter must be at least 1, got 0"):
        fused_solver(setting(partial(st.iht, max_iter=0)))


def test_signals_out_of_scale_are_refused_as_by_the_solver():
    huge = setting(signal=lambda n, k, rng: 1e200 * st.sparse_signal(n, k, rng))
    with pytest.raises(ValueError, match="must be rescaled"):
        run_trials(huge, 20, 3, range(2))


def test_scale_changes_no_verdict():
    def times(factor):
        return setting(signal=lambda n, k, rng: factor * st.sparse_signal(n, k, rng))

    few, many = (run_trials(times(c), 20, 6, range(40)) for c in (1.0, 2.0**40))
    assert few == many
