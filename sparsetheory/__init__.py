"""Sparse recovery: solvers, guarantees and the experiments that test them."""

from importlib.metadata import version as _version

from sparsetheory._warmup import warmup
from sparsetheory.ensembles import (
    gaussian,
    group_sparse_signal,
    partial_dct,
    rademacher,
    random_circulant,
    random_rows,
    sparse_signal,
    spherical,
)
from sparsetheory.experiments.compare import Comparison, compare
from sparsetheory.experiments.curve import TransitionCurve, fit_map, transition_curve
from sparsetheory.experiments.fit import Transition, fit_transition
from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.experiments.phase import phase_transition
from sparsetheory.experiments.store import PhaseMap, load_maps, save_maps
from sparsetheory.layers import digits_filters
from sparsetheory.operators import BlockCirculant, operator_norm
from sparsetheory.plotting import plot_phase_map, plot_phase_maps
from sparsetheory.solvers.basis_pursuit import basis_pursuit
from sparsetheory.solvers.certificates import Verdict, l1_verdict
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.proximal import fista, group_ista, ista
from sparsetheory.solvers.pursuit import cosamp, htp, omp, subspace_pursuit
from sparsetheory.theory.curves import (
    l1_statistical_dimension,
    l1_weak_threshold,
    nonnegative_weak_threshold,
)
from sparsetheory.theory.finite import l1_median_sparsity, l1_success_probability
from sparsetheory.types import Recovery

__version__ = _version("sparsetheory")

__all__ = [
    "BlockCirculant",
    "Comparison",
    "PhaseMap",
    "Recovery",
    "Transition",
    "TransitionCurve",
    "Verdict",
    "__version__",
    "basis_pursuit",
    "compare",
    "cosamp",
    "digits_filters",
    "fista",
    "fit_map",
    "fit_transition",
    "gaussian",
    "group_ista",
    "group_sparse_signal",
    "htp",
    "iht",
    "ista",
    "l1_median_sparsity",
    "l1_statistical_dimension",
    "l1_success_probability",
    "l1_verdict",
    "l1_weak_threshold",
    "load_maps",
    "nonnegative_weak_threshold",
    "omp",
    "operator_norm",
    "partial_dct",
    "phase_transition",
    "plot_phase_map",
    "plot_phase_maps",
    "rademacher",
    "random_circulant",
    "random_rows",
    "save_maps",
    "sparse_signal",
    "spherical",
    "subspace_pursuit",
    "transition_curve",
    "warmup",
    "wilson_interval",
]
