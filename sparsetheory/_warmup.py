"""Compile ahead of use."""

import time

import numpy as np
from scipy.sparse import csc_array

from sparsetheory._checks import quiet
from sparsetheory.conditions._search import Clock, Race, Sections
from sparsetheory.conditions._sections import gram
from sparsetheory.conditions.nullspace import null_space_constant
from sparsetheory.conditions.spark import spark
from sparsetheory.ensembles import gaussian
from sparsetheory.operators import BlockCirculant
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.basis_pursuit import basis_pursuit, group_basis_pursuit
from sparsetheory.solvers.certificates import group_verdict, l1_verdict
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.group_lasso import group_lasso
from sparsetheory.solvers.groups import group_iht, group_omp
from sparsetheory.solvers.lasso import lasso
from sparsetheory.solvers.proximal import fista, group_ista
from sparsetheory.solvers.pursuit import cosamp, htp, omp


def warmup() -> float:
    """Compile every solver for arrays and for convolutions in one and two dimensions.

    The searches for isometry constants too, for real and for complex matrices, and
    those for null vectors, for real ones.

    Compiled code is kept on disk, so that a second call, in another process too, only
    loads it.

    Returns
    -------
    float
        Seconds that it took.

    Examples
    --------
    >>> import sparsetheory as st
    >>> seconds = st.warmup()
    >>> st.warmup() < 1.0
    True
    """
    start = time.perf_counter()
    A = gaussian(6, 8, 0)
    line = BlockCirculant(np.ones((1, 2, 2)), 4)
    plane = BlockCirculant(np.ones((1, 2, 2, 2)), (2, 2))
    with quiet():
        for M in (A, line, plane):
            y = M @ np.ones(8)
            for pursuit in (iht, htp, cosamp, omp):
                pursuit(M, y, 2)
            iht(M, y, 2, step=0.1, max_iter=2)
            fista(M, y, 1.0, max_iter=2)
            lasso(M, y, 0.01, max_iter=2)
            group_ista(M, y, 1.0, 2, max_iter=2)
            group_lasso(M, y, 1e-3, 2, max_iter=30)
            group_iht(M, y, 2, 2)
            group_omp(M, y, 2, 2)
            basis_pursuit(M, y, max_iter=2)
            group_basis_pursuit(M, y, groups=2, max_iter=2)
        for pursuit in (iht, htp, cosamp, omp):
            pursuit(A.astype(np.float32), np.ones(6, np.float32), 2)
        single = A.astype(np.float32)
        ones = np.ones(6)
        for B in (np.asfortranarray(A), csc_array(A), csc_array(single)):
            lasso(B, ones, 0.01, max_iter=2)
            group_lasso(B, ones, 1e-3, 2)
        by_columns, few = np.asfortranarray(single), ones.astype(np.float32)
        lasso(by_columns, few, 0.01, max_iter=2)
        group_lasso(by_columns, few, 1e-3, 2)
        l1_verdict(A, sparse_signal(8, 2, 0))
        group_verdict(A, sparse_signal(8, 2, 0), 2)
        spark(A)
        null_space_constant(A, 1)
        searches()
    return time.perf_counter() - start


def searches() -> None:
    """Compile the searches for isometry constants, real and complex."""
    A = gaussian(6, 8, 0)
    for B in (A, A + 1j * A):
        side = Sections(gram(B, 3, True), 1, 3, Clock())
        side.explore(3, 1)
        for method in ("chain", "ordered", "connected"):
            Race(side, 3, method, -1.0).run(-1.0)
