"""What every solver has in common: three kinds of operator, input, warnings, scale."""

import os
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pylops
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory import _kernels
from sparsetheory._checks import quiet

LABELS = np.arange(48) // 4


def lam_of(A, y):
    return 0.1 * float(np.abs(A.T @ y).max())


SOLVERS = {
    "iht": lambda A, y, **o: st.iht(A, y, 4, **o),
    "iht, accelerated": lambda A, y, **o: st.iht(A, y, 4, accelerate=True, **o),
    "iht, fixed": lambda A, y, **o: st.iht(
        A, y, 4, step=0.9 / st.operator_norm(A) ** 2, **o
    ),
    "ista": lambda A, y, **o: st.ista(A, y, lam_of(A, y), **o),
    "fista": lambda A, y, **o: st.fista(A, y, lam_of(A, y), **o),
    "group_ista": lambda A, y, **o: st.group_ista(A, y, lam_of(A, y), LABELS, **o),
    "basis_pursuit": lambda A, y, **o: st.basis_pursuit(A, y, **o),
    "group_basis_pursuit": lambda A, y, **o: st.group_basis_pursuit(
        A, y, groups=LABELS, **o
    ),
}
CONVEX = ("ista", "fista", "group_ista", "basis_pursuit", "group_basis_pursuit")
solvers = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)


def layers(rng):
    yield st.BlockCirculant(rng.standard_normal((2, 3, 5)), 16)
    yield st.BlockCirculant(rng.standard_normal((2, 3, 3, 3)), 4, origin=1)
    whole = st.BlockCirculant(rng.standard_normal((3, 3, 5)), 16)
    yield whole.take(rng.permutation(48)[:30])
    yield st.BlockCirculant(rng.standard_normal((5, 3, 4)), 16, stride=2)


@solvers
def test_operator_matrix_and_foreign_operator_give_one_answer(solve, rng):
    for C in layers(rng):
        M = C.to_dense()
        y = M @ st.sparse_signal(48, 3, rng)
        expected = solve(M, y).x
        for A in (C, aslinearoperator(M), pylops.MatrixMult(M), csr_array(M)):
            assert_allclose(solve(A, y).x, expected, atol=1e-10)


@solvers
def test_compiled_and_interpreted_agree(solve, rng):
    A = st.gaussian(24, 48, rng)
    y = A @ st.sparse_signal(48, 3, rng)
    compiled = solve(A, y)
    interpreted = solve(aslinearoperator(A), y)
    assert_allclose(interpreted.x, compiled.x, atol=1e-10)
    assert interpreted.n_iter == compiled.n_iter


@solvers
@pytest.mark.parametrize("scale", [1e-6, 1e-3, 3.0, 1e6])
def test_scaling_the_problem_changes_no_support(solve, scale, rng):
    A = st.gaussian(24, 48, rng)
    y = A @ st.sparse_signal(48, 4, rng)
    base, scaled = solve(A, y), solve(scale * A, scale * y)
    assert_array_equal(scaled.support, base.support)
    assert_allclose(scaled.x, base.x, rtol=1e-6, atol=1e-9)


def test_zero_data_have_the_zero_solution(rng):
    A, y = st.gaussian(24, 48, rng), np.zeros(24)
    for found in (
        st.iht(A, y, 4),
        st.iht(A, y, 4, step=0.1),
        st.ista(A, y, 0.1),
        st.fista(A, y, 0.1),
        st.group_ista(A, y, 0.1, LABELS),
        st.basis_pursuit(A, y),
        st.nonnegative_basis_pursuit(A, y),
        st.group_basis_pursuit(A, y, groups=LABELS),
    ):
        assert found.converged
        assert found.support.size == 0


@solvers
def test_stopping_short_warns_once_with_the_figures(solve, rng):
    A = st.gaussian(24, 48, rng)
    y = rng.standard_normal(24)
    with pytest.warns(ConvergenceWarning, match=r"after 2 iterations .* > ") as caught:
        found = solve(A, y, max_iter=2, tol=1e-14)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (found.n_iter, found.converged) == (2, False)


@solvers
def test_zero_tolerance_runs_all_iterations_in_silence(solve, rng):
    A = st.gaussian(24, 48, rng)
    found = solve(A, A @ st.sparse_signal(48, 2, rng), max_iter=37, tol=0)
    assert found.n_iter == 37


@solvers
def test_quiet_is_quiet_in_its_thread_alone(solve, rng):
    A, y = st.gaussian(24, 48, rng), rng.standard_normal(24)
    with quiet():
        assert not solve(A, y, max_iter=2, tol=1e-14).converged
    with pytest.warns(ConvergenceWarning):
        solve(A, y, max_iter=2, tol=1e-14)


@solvers
def test_a_start_at_the_solution_ends_at_once(solve, rng):
    A = st.gaussian(24, 48, rng)
    y = A @ st.group_sparse_signal(LABELS, 1, rng)  # sparse to every solver
    first = solve(A, y)
    again = solve(A, y, x0=first.x)
    assert again.n_iter <= max(first.n_iter // 2, 100)
    assert_allclose(again.x, first.x, atol=1e-5)


@solvers
def test_arguments_are_left_alone(solve, rng):
    A = st.gaussian(24, 48, rng)
    y = A @ st.sparse_signal(48, 3, rng)
    x0 = np.ones(48)
    copies = A.copy(), y.copy(), x0.copy()
    solve(A, y, x0=x0)
    for now, then in zip((A, y, x0), copies, strict=True):
        assert_array_equal(now, then)


@pytest.mark.parametrize("name", CONVEX)
def test_gap_bounds_the_distance_to_the_minimum(name, rng):
    A = st.gaussian(24, 48, rng)
    y = A @ st.sparse_signal(48, 4, rng) + 0.01 * rng.standard_normal(24)
    lam = lam_of(A, y)
    groups = [g == LABELS for g in range(12)]

    def objective(x):
        loss = 0.5 * np.sum((y - A @ x) ** 2)
        if name == "basis_pursuit":
            return np.abs(x).sum()
        grouped = sum(2.0 * np.linalg.norm(x[g]) for g in groups)
        if name == "group_basis_pursuit":
            return grouped
        if name == "group_ista":
            return loss + lam * grouped
        return loss + lam * np.abs(x).sum()

    solve = SOLVERS[name]
    best = objective(solve(A, y, tol=1e-12, max_iter=200_000).x)
    with quiet():
        for n_iter in (1, 5, 20, 60):
            found = solve(A, y, max_iter=n_iter, tol=1e-14)
            assert found.gap >= objective(found.x) - best - 1e-10 * best
    assert solve(A, y).gap <= 1e-4 * best


BAD = [
    (lambda A, y: (A, y[:-1]), r"y must have shape \(24,\) to match A, got \(23,\)"),
    (lambda A, y: (A, y[:, None]), r"y must have shape \(24,\) .* got \(24, 1\)"),
    (lambda A, y: (A, np.where(y > 0, y, np.nan)), "y must be finite, got nan at"),
    (lambda A, y: (np.inf * A, y), "A must be finite, got -?inf at"),
    (lambda A, y: (A[0], y), r"A must have 2 axes, got shape \(48,\)"),
    (lambda A, y: (A[:, :0], y), r"A must have rows and columns, got shape \(24, 0\)"),
    (lambda A, y: (1j * A, y), "A must be real, got complex128"),
    (lambda A, y: (aslinearoperator(1j * A), y), "A must be real, got complex128"),
    (lambda A, y: (A, 1j * y), "y must be real, got complex128"),
    (lambda A, y: ("A", y), "A must be an array, .* got str"),
    (lambda A, y: (A.astype(str), y), "A must be numeric, got dtype <U"),
]


@pytest.mark.parametrize("name", ["iht", "ista", "fista", "group_ista", "bp"])
@pytest.mark.parametrize(("spoil", "message"), BAD)
def test_bad_problems_are_named(name, spoil, message):
    rng = np.random.default_rng(0)
    A, y = spoil(st.gaussian(24, 48, rng), rng.standard_normal(24))
    solve = {
        "iht": lambda: st.iht(A, y, 4),
        "ista": lambda: st.ista(A, y, 1.0),
        "fista": lambda: st.fista(A, y, 1.0),
        "group_ista": lambda: st.group_ista(A, y, 1.0, LABELS),
        "bp": lambda: st.basis_pursuit(A, y),
    }[name]
    with pytest.raises((TypeError, ValueError), match=message):
        solve()


@solvers
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"max_iter": 0}, "max_iter must be at least 1, got 0"),
        ({"max_iter": 2.5}, "max_iter must be an integer, got 2.5"),
        ({"tol": -1.0}, "tol must be non-negative and finite, got -1.0"),
        ({"tol": np.nan}, "tol must be non-negative and finite, got nan"),
        ({"x0": np.zeros(3)}, r"x0 must have shape \(48,\) to match A, got \(3,\)"),
        ({"x0": np.full(48, np.inf)}, "x0 must be finite, got inf at"),
    ],
)
def test_bad_options_are_named(solve, option, message):
    A, y = st.gaussian(24, 48, 0), np.ones(24)
    with pytest.raises((TypeError, ValueError), match=message):
        solve(A, y, **option)


@pytest.mark.parametrize("lam", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("solver", [st.ista, st.fista])
def test_bad_penalties_are_named(solver, lam):
    with pytest.raises(ValueError, match=f"lam must be positive and finite, got {lam}"):
        solver(np.eye(3), np.ones(3), lam)


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan])
@pytest.mark.parametrize(
    "solver",
    [partial(st.ista, lam=1.0), partial(st.fista, lam=1.0), partial(st.iht, k=1)],
)
def test_bad_steps_are_named(solver, step):
    with pytest.raises(ValueError, match="step must be positive and finite"):
        solver(np.eye(3), np.ones(3), step=step)


@given(some.integers(1, 6), some.integers(1, 8), some.data())
def test_any_shape_is_solved(m, n, data):
    seed = data.draw(some.integers(0, 99))
    rng = np.random.default_rng(seed)
    A = st.gaussian(m, n, rng)
    y = A @ rng.standard_normal(n)
    k = data.draw(some.integers(0, n))
    with quiet():
        assert np.count_nonzero(st.iht(A, y, k).x) <= k
        assert st.fista(A, y, 0.1).gap >= 0
        found = st.basis_pursuit(A, y)
    assert_allclose(A @ found.x, y, atol=1e-8)


def test_arrays_of_any_kind_are_taken(rng):
    A, x = st.gaussian(24, 48, rng), st.sparse_signal(48, 3, rng)
    y = A @ x
    expected = st.iht(A, y, 3).x
    for other in (A.tolist(), np.asfortranarray(A), A[:, ::-1][:, ::-1]):
        assert_array_equal(st.iht(other, y.tolist(), np.int64(3)).x, expected)
    single = st.iht(A.astype(np.float32), y.astype(np.float32), 3).x
    assert single.dtype == np.float32
    assert_allclose(single, x, atol=1e-5)
    whole = rng.integers(-3, 4, (24, 48))
    found = st.iht(whole, whole @ np.eye(48, dtype=int)[5], 1)
    assert_allclose(found.x, np.eye(48)[5], atol=1e-6)


def test_operators_that_return_nan_are_reported(rng):
    A = LinearOperator(
        (4, 6),
        matvec=lambda x: np.full(4, np.nan),
        rmatvec=lambda r: np.ones(6),
        dtype=float,
    )
    with pytest.warns(ConvergenceWarning):
        assert not st.iht(A, np.ones(4), 2).converged


@pytest.mark.parametrize(
    ("A", "message"),
    [
        (
            LinearOperator((3, 3), matvec=lambda x: x, dtype=float),
            "must have an adjoint",
        ),
        (csr_array(np.diag([1.0, np.nan, 1.0])), "A must be finite"),
        (np.ma.masked_array(np.eye(3)), "A must not be masked"),
    ],
    ids=["no adjoint", "sparse nan", "masked"],
)
def test_bad_operators_are_named(A, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.iht(A, np.ones(3), 1)


def test_arrays_that_cannot_be_written_are_taken(rng):
    A, y = st.gaussian(24, 48, rng), rng.standard_normal(24)
    expected = st.fista(A, y, 0.1).x
    A.flags.writeable = y.flags.writeable = False
    assert_array_equal(st.fista(A, y, 0.1).x, expected)


@pytest.mark.slow
def test_a_damaged_cache_is_compiled_anew(tmp_path):
    code = (
        "import numpy as np, sparsetheory as st; "
        "print(st.iht(np.eye(3), np.array([3.0, 1, 2]), 1).x)"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environment,
        )
        assert run.stdout.strip() == "[3. 0. 0.]", run.stderr
        for path in tmp_path.rglob("*.nb[ci]"):
            path.write_bytes(path.read_bytes()[:50])


def test_without_compiled_transforms_one_warning_and_the_same_answer(rng, monkeypatch):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 5)), 16)
    y = C @ st.sparse_signal(48, 3, rng)
    expected = st.iht(C, y, 3).x
    monkeypatch.setattr(_kernels, "fft_error", lambda: "no module named rocket_fft")
    monkeypatch.setattr(_kernels, "_warned", False)
    if not _kernels.JIT:
        pytest.skip("nothing is compiled")
    with pytest.warns(RuntimeWarning, match="rocket-fft does not import") as caught:
        first = st.iht(C, y, 3).x
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = st.iht(C, y, 3).x
    assert len(caught) == 1
    assert_allclose(first, expected, atol=1e-10)
    assert_array_equal(first, second)


@pytest.mark.slow
def test_a_missing_rocket_fft_does_not_stop_the_import():
    code = (
        "import sys; sys.modules['rocket_fft'] = None\n"
        "import warnings, numpy as np, sparsetheory as st\n"
        "C = st.BlockCirculant(np.ones((1, 2, 2)), 8)\n"
        "with warnings.catch_warnings(record=True) as w:\n"
        "    warnings.simplefilter('always')\n"
        "    st.iht(C, C @ np.eye(16)[3], 1); st.iht(C, C @ np.eye(16)[3], 1)\n"
        "print([str(x.message)[:27] for x in w if x.category is RuntimeWarning])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "['rocket-fft does not import ']"
