"""What the fast LASSO and its kin do with every kind of bad or odd input."""

import numpy as np
import pytest
from bad_problems import BAD, problem
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st
from sparsetheory.solvers import reference

LAM = 0.5


# All of one signature: the last argument is a weight or a distance.
SOLVERS = {
    "lasso": st.lasso,
    "lasso_path": lambda A, y, lam, **o: st.lasso_path(A, y, [2 * lam, lam], **o),
    "basis_pursuit_denoise": st.basis_pursuit_denoise,
}
CHECKS = {
    "lasso_gap": lambda A, y, lam: st.lasso_gap(A, y, lam, np.zeros(24)),
    "group_lasso_gap": lambda A, y, lam: st.group_lasso_gap(A, y, lam, 4, np.zeros(24)),
    "lasso_kkt": lambda A, y, lam: st.lasso_kkt(A, y, lam, np.zeros(24)),
    "lambda_max": lambda A, y, lam: st.lambda_max(A, y),
    "reference": reference.lasso,
}
ALL = SOLVERS | CHECKS
solvers = pytest.mark.parametrize("solve", SOLVERS.values(), ids=SOLVERS)
everything = pytest.mark.parametrize("solve", ALL.values(), ids=ALL)


@everything
@pytest.mark.parametrize("case", BAD.values(), ids=BAD)
def test_bad_problems_are_named(solve, case):
    spoil, message = case
    A, y = spoil(*problem())
    with pytest.raises((TypeError, ValueError), match=message):
        solve(A, y, LAM)


@pytest.mark.parametrize("lam", [0.0, -0.1, np.nan, np.inf, None, "one", 1j])
@pytest.mark.parametrize(
    "solve", [st.lasso, CHECKS["lasso_gap"], CHECKS["lasso_kkt"], reference.lasso]
)
def test_bad_weights_are_named(solve, lam):
    with pytest.raises((TypeError, ValueError), match=r"lam must be .*, got"):
        solve(*problem(), lam)


@pytest.mark.parametrize(
    ("lams", "message"),
    [
        ([1.0, 0.0], "lams must be positive numbers, got 0.0"),
        ([1.0, -2.0], "lams must be positive numbers, got -2.0"),
        ([1.0, np.nan], r"lams must be finite, got nan at \(1,\)"),
        ([], "lams must be positive numbers, got none"),
        (1.0, "lams must have 1 axes"),
    ],
)
def test_bad_paths_are_named(lams, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.lasso_path(*problem(), lams)


@pytest.mark.parametrize("eps", [-0.1, np.nan, np.inf, None])
def test_bad_distances_are_named(eps):
    with pytest.raises((TypeError, ValueError), match=r"eps must be .*, got"):
        st.basis_pursuit_denoise(*problem(), eps)


@solvers
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"max_iter": 0}, "max_iter must be at least 1, got 0"),
        ({"max_iter": 2.5}, "max_iter must be an integer, got 2.5"),
        ({"tol": -1.0}, "tol must be non-negative and finite, got -1.0"),
        ({"tol": np.nan}, "tol must be non-negative and finite, got nan"),
    ],
)
def test_bad_options_are_named(solve, option, message):
    with pytest.raises((TypeError, ValueError), match=message):
        solve(*problem(), LAM, **option)


@pytest.mark.parametrize(
    ("x0", "message"),
    [
        (np.zeros(3), r"x0 must have shape \(24,\) to match A, got \(3,\)"),
        (np.full(24, np.inf), "x0 must be finite, got inf at"),
    ],
)
def test_bad_starts_are_named(x0, message):
    with pytest.raises(ValueError, match=message):
        st.lasso(*problem(), LAM, x0=x0)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_scales_without_squares_are_refused(scale):
    A, y = problem()
    with pytest.raises(ValueError, match="A must be rescaled, the longest column has"):
        st.lasso(scale * A, y, scale * LAM)
    with pytest.raises(ValueError, match="y must be rescaled, its entries reach"):
        st.lasso(A, scale * y, scale * LAM)


@solvers
def test_one_iteration_is_not_enough_and_says_so(solve):
    A, y = problem()
    with pytest.warns(ConvergenceWarning, match="duality gap") as caught:
        solve(A, y, LAM, max_iter=1, tol=1e-12)
    assert len(caught) == 1


@solvers
def test_kinds_and_orders_of_memory_change_nothing(solve):
    A, y = problem()
    expected = solve(A, y, LAM).x
    for other in (
        np.asfortranarray(A),
        np.ascontiguousarray(A),
        A[:, ::-1][:, ::-1],
        np.repeat(A, 2, axis=0)[::2],
        A.tolist(),
        csc_array(A),
        A.astype(">f8"),
        A.view(type("Mine", (np.ndarray,), {})),
    ):
        found = solve(other, y.tolist(), LAM).x
        assert type(found) is np.ndarray
        assert_allclose(found, expected, atol=1e-3)
    locked = A.copy(order="F"), y.copy()
    for array in locked:
        array.flags.writeable = False
    assert_allclose(solve(*locked, LAM).x, expected, atol=1e-3)
    frozen = csc_array(A)
    frozen.data.flags.writeable = frozen.indices.flags.writeable = False
    assert_allclose(solve(frozen, y, LAM).x, expected, atol=1e-3)


@solvers
@pytest.mark.parametrize("kind", [np.int64, np.int8, bool, np.float32, np.float16])
def test_numbers_of_any_kind_are_those_numbers(solve, kind):
    A, y = problem()
    A = np.round(A).astype(kind)
    weight = 20.0  # y is far from the range of some of these
    expected = solve(A.astype(np.float64), y, weight).x
    assert_allclose(solve(A, y, weight).x, expected, atol=1e-12)
    if kind is not np.float16:  # SciPy has no sparse arrays of it
        assert_allclose(solve(csc_array(A), y, weight).x, expected, atol=1e-3)


@solvers
def test_zero_columns_stay_out(solve):
    A, y = problem()
    expected = solve(A, y, LAM).x
    wide = np.zeros((40, 30))
    wide[:, :24] = A
    for B in (wide, csc_array(wide)):
        found = solve(B, y, LAM).x
        assert_allclose(found[..., :24], expected, atol=1e-3)
        assert_array_equal(found[..., 24:], 0.0)


def test_the_zero_matrix_has_the_zero_solution():
    found = st.lasso(np.zeros((3, 4)), np.ones(3), LAM)
    assert (found.support.size, found.converged) == (0, True)
    assert st.lambda_max(np.zeros((3, 4)), np.ones(3)) == 0.0
    with pytest.raises(ValueError, match=r"eps must be at least 1.73205, .* got 0.5"):
        st.basis_pursuit_denoise(np.zeros((3, 4)), np.ones(3), 0.5)


def test_one_row_and_one_column_are_problems_too():
    found = st.lasso([[2.0]], [3.0], 1.0, tol=1e-12)
    assert_allclose(found.x, [1.25])  # (2 * 3 - 1) / 4
    row = st.lasso([[1.0, -2.0, 0.5]], [3.0], 1.0, tol=1e-12)
    assert_allclose(row.x, [0.0, -1.25, 0.0], atol=1e-6)


OPERATORS = {
    "lasso": lambda A, y: st.lasso(A, y, LAM),
    "group_lasso": lambda A, y: st.group_lasso(A, y, LAM, 4),
    "group_lasso_path": lambda A, y: st.group_lasso_path(A, y, [LAM], 4),
    "basis_pursuit_denoise": lambda A, y: st.basis_pursuit_denoise(A, y, LAM),
    "operator_norm": lambda A, y: st.operator_norm(A),
}


@pytest.mark.parametrize("solve", OPERATORS.values(), ids=OPERATORS)
@pytest.mark.parametrize("m", [10, 30])
def test_operators_that_are_not_finite_or_have_no_squares_are_named(m, solve, rng):
    M, y = rng.standard_normal((m, 40)), rng.standard_normal(m)
    for value in (np.nan, np.inf):
        spoilt = M.copy()
        spoilt[3, 5] = value
        with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="finite"):
            solve(aslinearoperator(spoilt), y)
    one_way = LinearOperator(
        M.shape, matvec=lambda x: np.full(m, np.nan), rmatvec=lambda r: M.T @ r
    )
    with pytest.raises(ValueError, match="A must be finite, its products reach nan"):
        solve(one_way, y)
    for scale in (1e155, 1e-170):
        with pytest.raises(ValueError, match="A must be rescaled, its products"):
            solve(aslinearoperator(scale * M), y)


def test_any_limit_of_iterations_is_taken(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 2, 3)), 16).take(np.arange(12))
    y = C @ st.sparse_signal(32, 2, rng)
    options = {"max_iter": 10**20, "tol": 1e-4}
    assert st.lasso(C, y, 0.1 * st.lambda_max(C, y), **options).converged
    assert st.group_lasso(C, y, 0.1, 2, **options).converged
    eps = 0.1 * np.linalg.norm(y)
    assert st.basis_pursuit_denoise(C, y, eps, **options).converged
