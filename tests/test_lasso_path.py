"""The LASSO for many weights."""

import numpy as np
import pytest
from lassos import certified, problem
from numpy.testing import assert_array_equal
from scipy.sparse import csc_array
from scipy.sparse.linalg import aslinearoperator
from sklearn.exceptions import ConvergenceWarning

import sparsetheory as st


@pytest.mark.parametrize("kind", ["array", "sparse", "layer", "operator"])
def test_a_path_is_the_solutions_one_by_one(kind, rng):
    C = st.BlockCirculant(rng.standard_normal((2, 3, 5)), 32)
    M = C.to_dense()
    A = {
        "array": M,
        "sparse": csc_array(M),
        "layer": C,
        "operator": aslinearoperator(M),
    }[kind]
    y = M @ st.sparse_signal(96, 4, rng) + 0.1 * rng.standard_normal(64)
    lams = st.lambda_max(M, y) * np.array([2.0, 0.5, 0.1, 0.02, 0.3])
    path = st.lasso_path(A, y, lams, tol=1e-9)
    assert path.converged.all()
    assert_array_equal(path.lams, lams)
    assert (path.x.shape, path.duals.shape) == ((5, 96), (5, 64))
    for i, lam in enumerate(lams):
        one = st.Recovery(path.x[i], 0, True, path.gaps[i], path.duals[i])
        assert certified(M, y, lam, one, 1e-9) <= 1e-9


@pytest.mark.slow
def test_a_path_costs_less_than_its_parts(rng):
    A, y, lam = problem(rng, 200, 1000, 20, 1)
    lams = np.geomspace(lam, lam / 100, 30)
    path = st.lasso_path(A, y, lams, tol=1e-8)
    alone = sum(st.lasso(A, y, t, tol=1e-8).n_iter for t in lams)
    assert path.n_iter.sum() < 0.8 * alone


def test_a_path_that_stops_short_warns_once(rng):
    A, y, lam = problem(rng)
    lams = [20 * lam, lam, lam / 2]
    with pytest.warns(ConvergenceWarning, match="2 of 3 duality gaps up to") as caught:
        path = st.lasso_path(A, y, lams, max_iter=1, tol=1e-12)
    assert len(caught) == 1
    assert_array_equal(path.converged, [True, False, False])
