"""Compile ahead of use."""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import csc_array

from sparsetheory._checks import quiet
from sparsetheory._parallel import cpu_count
from sparsetheory.conditions._nullspace import null_space
from sparsetheory.conditions._search import Clock, Race, Sections
from sparsetheory.conditions._sections import gram
from sparsetheory.conditions._semidefinite import semidefinite_share
from sparsetheory.conditions.nullspace import null_space_constant
from sparsetheory.conditions.spark import spark
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.setting import Precision, check_setting
from sparsetheory.experiments.trials import run_trials
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

Job = Callable[[], object]


def warmup() -> float:
    """Compile every solver, for arrays and for convolutions.

    The searches for isometry constants too, for real and for complex matrices, and
    those for null vectors, for real ones.

    Compiled code is kept on disk, so that a second call, in another process too, only
    loads it. With two processors a second process begins at the other end.

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
            code = "from sparsetheory._warmup import backwards; backwards()"
            silent = subprocess.DEVNULL
            other = subprocess.Popen(
                [sys.executable, "-c", code], stdout=silent, stderr=silent
            )
        for job in jobs():
            job()
        if other is not None:
            other.wait()
    return time.perf_counter() - start


def backwards() -> None:
    """Compile all, the last first."""
    with quiet():
        for job in reversed(jobs()):
            job()


def jobs() -> list[Job]:
    """Return what compiles everything, piece by piece."""
    A, ones = gaussian(6, 8, 0), np.ones(6)
    single, few = A.astype(np.float32), ones.astype(np.float32)
    by_columns = np.asfortranarray(single)
    designs: list[tuple[Any, Any]] = [
        (np.asfortranarray(A), ones),
        (csc_array(A), ones),
    ]
    designs += [(csc_array(single), ones), (by_columns, few)]
    x = sparse_signal(8, 2, 0)
    precisions: tuple[Precision, ...] = ("double", "single")
    return [
        *solvers(A),
        *(partial(try_out, precision) for precision in precisions),
        *(partial(pursue, single, few, 2) for pursue in (iht, htp, cosamp, omp)),
        partial(null_space_constant, A, 1),
        partial(certify, A),
        partial(l1_verdict, A, x),
        partial(group_verdict, A, x, 2),
        *(partial(lasso, B, y, 0.01, max_iter=2) for B, y in designs),
        *(partial(group_lasso, B, y, 1e-3, 2) for B, y in designs),
        partial(spark, A),
        partial(searches, A + 1j * A),
        partial(searches, A),
        *solvers(BlockCirculant(np.ones((1, 2, 2)), 4)),
    ]


def solvers(A: MeasurementOperator) -> list[Job]:
    """Return what compiles every solver for a kind of matrix, long ones first."""
    y = A @ np.ones(8)
    return [
        partial(group_lasso, A, y, 1e-3, 2, max_iter=30),
        *(partial(pursue, A, y, 2) for pursue in (iht, htp, cosamp, omp)),
        partial(iht, A, y, 2, step=0.1, max_iter=2),
        partial(fista, A, y, 1.0, max_iter=2),
        partial(lasso, A, y, 0.01, max_iter=2),
        partial(group_ista, A, y, 1.0, 2, max_iter=2),
        partial(group_iht, A, y, 2, 2),
        partial(group_omp, A, y, 2, 2),
        partial(basis_pursuit, A, y, max_iter=2),
        partial(group_basis_pursuit, A, y, groups=2, max_iter=2),
    ]


def try_out(precision: Precision) -> None:
    """Compile a trial that draws its own matrix."""
    setting = check_setting(iht, 8, gaussian, "signs", 0, 1e-3, precision=precision)
    run_trials(setting, 6, 1, range(1))


def certify(A: Any) -> None:
    """Compile the semidefinite relaxation of null space constants."""
    space = null_space(A)
    semidefinite_share(space, 1, space.projector, max_iter=2)


def searches(A: Any) -> None:
    """Compile the searches for isometry constants."""
    side = Sections(gram(A, 3, True), 1, 3, Clock())
    side.explore(3, 1)
    for method in ("chain", "ordered", "connected"):
        Race(side, 3, method, -1.0).run(-1.0)
