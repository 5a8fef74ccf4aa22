"""Compile ahead of use."""

import subprocess
import sys
import time

import numpy as np
from scipy.sparse import csc_array

from sparsetheory._checks import quiet
from sparsetheory._parallel import cpu_count
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
from sparsetheory.types import MeasurementOperator

COLD = 0.5  # seconds that a first solver takes if it is not on disk


def warmup() -> float:
    """Compile every solver for arrays and for convolutions in one and two dimensions.

    The searches for isometry constants too, for real and for complex matrices, and
    those for null vectors, for real ones.

    Compiled code is kept on disk, so that a second call, in another process too, only
    loads it. With two processors a second process compiles what convolutions need.

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
    with quiet():
        omp(gaussian(6, 8, 0), np.ones(6), 2)
        other = None
        if time.perf_counter() - start > COLD and cpu_count() > 1:
            # Into the cache on disk; what fails there is compiled here.
            code = "from sparsetheory._warmup import layers; layers()"
            silent = subprocess.DEVNULL
            other = subprocess.Popen(
                [sys.executable, "-c", code], stdout=silent, stderr=silent
            )
        arrays()
        if other is not None:
            other.wait()
        layers()
    return time.perf_counter() - start


def arrays() -> None:
    """Compile all that arrays and sparse arrays need."""
    A, ones = gaussian(6, 8, 0), np.ones(6)
    solvers(A)
    single, few = A.astype(np.float32), ones.astype(np.float32)
    for pursuit in (iht, htp, cosamp, omp):
        pursuit(single, few, 2)
    for B in (np.asfortranarray(A), csc_array(A), csc_array(single)):
        lasso(B, ones, 0.01, max_iter=2)
        group_lasso(B, ones, 1e-3, 2)
    by_columns = np.asfortranarray(single)
    lasso(by_columns, few, 0.01, max_iter=2)
    group_lasso(by_columns, few, 1e-3, 2)
    l1_verdict(A, sparse_signal(8, 2, 0))
    group_verdict(A, sparse_signal(8, 2, 0), 2)
    spark(A)
    null_space_constant(A, 1)
    searches()


def layers() -> None:
    """Compile all that convolutions in one and two dimensions need."""
    with quiet():
        solvers(BlockCirculant(np.ones((1, 2, 2)), 4))
        solvers(BlockCirculant(np.ones((1, 2, 2, 2)), (2, 2)))


def solvers(A: MeasurementOperator) -> None:
    """Compile every solver for a kind of matrix."""
    y = A @ np.ones(8)
    for pursuit in (iht, htp, cosamp, omp):
        pursuit(A, y, 2)
    iht(A, y, 2, step=0.1, max_iter=2)
    fista(A, y, 1.0, max_iter=2)
    lasso(A, y, 0.01, max_iter=2)
    group_ista(A, y, 1.0, 2, max_iter=2)
    group_lasso(A, y, 1e-3, 2, max_iter=30)
    group_iht(A, y, 2, 2)
    group_omp(A, y, 2, 2)
    basis_pursuit(A, y, max_iter=2)
    group_basis_pursuit(A, y, groups=2, max_iter=2)


def searches() -> None:
    """Compile the searches for isometry constants, real and complex."""
    A = gaussian(6, 8, 0)
    for B in (A, A + 1j * A):
        side = Sections(gram(B, 3, True), 1, 3, Clock())
        side.explore(3, 1)
        for method in ("chain", "ordered", "connected"):
            Race(side, 3, method, -1.0).run(-1.0)
