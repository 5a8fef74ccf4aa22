"""Sparse changes of a network's parameters, recovered from what they do to outputs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer, check_number, quiet
from sparsetheory._parallel import cpu_count, parallel_map, stop_if_cancelled
from sparsetheory._rng import Role, stream
from sparsetheory.conditions.coherence import Coherence, mutual_coherence
from sparsetheory.conditions.isometry import Isometry, rip_constant
from sparsetheory.experiments.environment import versions
from sparsetheory.experiments.identity import plain_fingerprint
from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.experiments.trialstore import TrialStore, open_outcomes
from sparsetheory.lottery.network import Network
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.certificates import Verdict
from sparsetheory.solvers.greedy import iht
from sparsetheory.solvers.proximal import fista
from sparsetheory.types import Counts, Matrix, Recovery, Solver, Vector

WEIGHT = 1e-3  # of the penalty, relative to the least that makes the solution zero
FURTHEST = 1e100  # how far outputs may be from linear: solvers form squares
NONE = np.iinfo(np.int8).min  # no verdict yet

Job = tuple[int, int, int]
"""Samples, nonzeros and number of a trial."""


def lasso(A: Matrix, y: Vector, k: int) -> Recovery:
    """Solve the LASSO with a thousandth of the largest penalty; k is not used."""
    return fista(A, y, WEIGHT * float(np.abs(A.T @ y).max()))


SOLVERS: Mapping[str, Solver] = {"IHT": iht, "LASSO": lasso}


@dataclass(frozen=True, eq=False)
class JacobianRecovery:
    r"""Outcomes of `jacobian_recovery`, and what is known of its matrices.

    Attributes
    ----------
    solvers : tuple of str
    size : ndarray
        Norms of the change, relative to that of w; zero for data that are linear.
    samples, k : ndarray of int
    outcomes : ndarray of int8, shape (solvers, sizes, samples, k, trials)
        The `Verdict` on each trial.
    linearity : ndarray, shape (sizes, samples, k, trials)
        :math:`\|f(w + \delta) - f(w) - J\delta\| / \|J\delta\|`. It shrinks with
        the size down to 1e-7 or so, and then grows again by rounding.
    seen : ndarray of int, shape (samples, k, trials)
        Columns of J that are not zero, among which the change is planted.
    n, classes : int
        Parameters, and outputs per sample.
    coherence : tuple of Coherence
        Of J at the first trial for each number of samples.
    isometry : tuple of Isometry
        Of the same matrices with unit columns: exact, or a bracket.
    seed : int
    """

    solvers: tuple[str, ...]
    size: Vector
    samples: Counts
    k: Counts
    outcomes: npt.NDArray[np.int8]
    linearity: npt.NDArray[np.float64]
    seen: npt.NDArray[np.int64]
    n: int
    classes: int
    coherence: tuple[Coherence, ...]
    isometry: tuple[Isometry, ...]
    seed: int

    @property
    def m(self) -> Counts:
        """Rows: outputs of all samples."""
        return self.samples * self.classes

    @property
    def trials(self) -> int:
        """Trials of each cell."""
        return int(self.outcomes.shape[-1])

    @property
    def successes(self) -> Counts:
        """Changes found, shape (solvers, sizes, samples, k)."""
        return np.asarray((self.outcomes == Verdict.SUCCESS).sum(axis=-1))

    @property
    def unresolved(self) -> Counts:
        """Those not found by a solver that stopped short."""
        return np.asarray((self.outcomes == Verdict.UNRESOLVED).sum(axis=-1))

    def interval(self, level: float = 0.95) -> tuple[Vector, Vector]:
        """Return `wilson_interval` of the share of changes found."""
        return wilson_interval(self.successes, self.trials, level)


@dataclass(frozen=True, eq=False)
class _Setting:
    network: Network
    w: Vector
    X: Matrix
    size: Vector
    solvers: Mapping[str, Solver]
    seed: int

    def store(self, path: str | Path) -> contextlib.AbstractContextManager[TrialStore]:
        """Open the store at `path` for this setting."""
        described = {
            "experiment": "jacobian recovery",
            "network": repr(self.network),
            "size": self.size.tolist(),
            "solvers": list(self.solvers),
            "seed": self.seed,
            "versions": versions(),
        }
        parts = (type(self.network), self.w, self.X, *self.solvers.values())
        return open_outcomes(path, *plain_fingerprint(described, setting=parts))


def jacobian_recovery(
    network: Network,
    w: npt.ArrayLike,
    X: npt.ArrayLike,
    *,
    samples: npt.ArrayLike,
    k: npt.ArrayLike,
    size: npt.ArrayLike = 1e-3,
    trials: int = 20,
    solvers: Mapping[str, Solver] = SOLVERS,
    order: int = 3,
    time_limit: float = 5.0,
    seed: int = 0,
    workers: int | None = None,
    progress: bool = False,
    store: str | Path | None = None,
    executor: Executor | None = None,
) -> JacobianRecovery:
    r"""Plant sparse changes in a network, and find them by its Jacobian.

    A trial draws samples and k parameters, changes these by ±c, and observes

    .. math:: y = f(w + \delta) - f(w) \approx J \delta,

    all outputs f on the samples. Columns of the Jacobian J differ in length by orders
    of magnitude, so that solvers get unit columns, ``A = J / norms``, and find
    ``norms * δ``. Parameters whose column is zero can't be observed, and are left out.
    The change is found if the k largest entries of a solver's result are where it is;
    one that does not change y, or leads further than 1e100 times from what is linear,
    is not.

    Parameters
    ----------
    network : Network
    w : array_like, shape (n,)
        Initial or trained.
    X : array_like, shape (all samples, inputs)
        Of which trials draw some.
    samples, k : int or array_like of int
        Crossed. J has ``samples * classes`` rows.
    size : float or array_like
        ``||δ|| / ||w||``, at least 0; at 0 the data are ``J δ``, the limit of small
        changes, and w may be zero. The same problems for each.
    trials : int
        Per cell.
    solvers : mapping of str to callable
        ``(A, y, k) -> Recovery``; by default `iht`, and `fista` with a thousandth of
        the least penalty that gives zero.
    order : int
        Of the isometry constants; of all columns where fewer are seen.
    time_limit : float
        Seconds for each of those; how narrow the brackets are depends on it, nothing
        else does.
    seed : int
        A trial's stream depends on ``(seed, n, m, k, trial)`` alone.
    workers, progress, store, executor
        As in `phase_transition`. A store keeps the trials, of any samples and k.

    Returns
    -------
    JacobianRecovery

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or k exceeds the parameters that can
        be observed; if the store is a file of another kind.
    OSError
        If the store can't be read or written.
    KeyboardInterrupt
        On Ctrl-C.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([6, 5, 3], activation="tanh")
    >>> w = st.initial_weights(network, seed=0)
    >>> X = np.random.default_rng(0).standard_normal((100, 6))
    >>> found = st.jacobian_recovery(network, w, X, samples=60, k=2, trials=5)
    >>> found.successes.ravel()
    array([5, 5])
    """
    w, X = check_array("w", w, 1), check_array("X", X, 2)
    network.data(w, X)
    counts = _integers("samples", samples, len(X))
    sparsities = _integers("k", k, network.n)
    sizes = check_array("size", np.atleast_1d(np.asarray(size)), 1)
    norm = float(np.linalg.norm(w))
    for each in sizes:
        number = check_number("size", each, positive=False)
        if number > 0 and not 0 < number * norm < np.inf:
            raise ValueError(
                f"size must give changes a length, got {each} times ||w|| = {norm}"
            )
    if not solvers:
        raise ValueError("solvers must not be empty")
    trials = check_integer("trials", trials, 1)
    order = check_integer("order", order, 1, network.n)
    seed = check_integer("seed", seed, 0)
    workers = check_integer("workers", cpu_count() if workers is None else workers, 1)
    setting = _Setting(network, w, X, sizes, dict(solvers), seed)
    # What is given twice is found once.
    rows, row = np.unique(counts, return_inverse=True)
    columns, column = np.unique(sparsities, return_inverse=True)
    coherence, isometry = [], []
    for s in rows:
        A = _problem(setting, (int(s), int(sparsities[0]), 0))[1]
        coherence.append(mutual_coherence(A))
        least = min(order, A.shape[1])
        constant = rip_constant(A, least, normalise=True, time_limit=time_limit)
        if constant.interrupted:
            raise KeyboardInterrupt
        isometry.append(constant)

    from tqdm import tqdm

    cells = (rows.size, columns.size, trials)
    outcomes = np.full((len(solvers), sizes.size, *cells), NONE, dtype=np.int8)
    linearity = np.full((sizes.size, *cells), np.nan)
    seen = np.full(cells, -1, dtype=np.int64)
    place = {
        (int(rows[i]), int(columns[j]), t): (i, j, t) for i, j, t in np.ndindex(cells)
    }
    run = partial(_trial, setting)
    kept = contextlib.nullcontext() if store is None else setting.store(store)
    with (
        kept as book,
        tqdm(total=len(place), disable=not progress, unit="trial") as bar,
    ):

        def take(job: Job, found: Vector) -> None:
            at = (..., *place[job])
            verdicts, linearity[at] = np.split(found[:-1], [-sizes.size])
            outcomes[at], seen[at] = verdicts.reshape(outcomes.shape[:2]), found[-1]
            bar.update()

        def jobs() -> Iterator[Job]:
            for job in place:
                known = book.get(*job) if book else None
                if known is None:
                    yield job
                else:
                    take(job, np.frombuffer(known))

        for job, found in parallel_map(run, jobs(), workers, executor):
            take(job, found)
            if book:
                book.put(*job, found)
    at = row[:, None], column
    return JacobianRecovery(
        *(tuple(solvers), sizes, counts, sparsities),
        *(outcomes[:, :, *at], linearity[:, *at], seen[at]),
        *(network.n, network.classes),
        tuple(coherence[i] for i in row),
        tuple(isometry[i] for i in row),
        seed,
    )


def _problem(setting: _Setting, job: Job) -> tuple[Matrix, Matrix, Vector, Vector]:
    """Return samples, unit columns, all norms, and the direction of the change."""
    samples, k, trial = job
    network, n = setting.network, setting.network.n
    key = (setting.seed, n, samples * network.classes, k, trial)
    chosen = stream(*key, Role.MATRIX).choice(len(setting.X), samples, replace=False)
    X = setting.X[chosen]
    J = network.jacobian(setting.w, X)
    norms = np.linalg.norm(J, axis=0)
    seen = norms > 0
    if seen.sum() < k:
        raise ValueError(f"k must be at most {seen.sum()}, which are seen, got {k}")
    change = np.zeros(n)
    rng = stream(*key, Role.SIGNAL)
    change[seen] = sparse_signal(int(seen.sum()), k, rng, amplitude="signs") / k**0.5
    return X, np.asfortranarray(J[:, seen] / norms[seen]), norms, change


def _trial(setting: _Setting, job: Job) -> Vector:
    """Return verdicts by solvers and sizes, linearity errors and the columns seen."""
    X, A, norms, change = _problem(setting, job)
    network, w, k = setting.network, setting.w, job[1]
    seen = norms > 0
    linear = A @ (norms * change)[seen]
    verdicts = np.full((len(setting.solvers), setting.size.size), Verdict.FAILURE)
    errors = np.zeros(setting.size.size)
    before = network.outputs(w, X)
    for j, size in enumerate(setting.size):
        y = linear
        if size > 0:
            scale = float(size * np.linalg.norm(w))
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                y = (network.outputs(w + scale * change, X) - before).ravel() / scale
                errors[j] = np.linalg.norm(y - linear) / np.linalg.norm(linear)
        if not (y.any() and errors[j] < FURTHEST):
            continue
        for i, solver in enumerate(setting.solvers.values()):
            stop_if_cancelled()
            with quiet():
                found = solver(A, y, k)
            verdicts[i, j] = _judged(found, change[seen], k)
    return np.concatenate([verdicts.ravel(), errors, [seen.sum()]])


def _judged(found: Recovery, change: Vector, k: int) -> Verdict:
    largest = np.argsort(-np.abs(found.x), kind="stable")[:k]
    if np.all(change[largest] != 0) and np.all(found.x[largest] != 0):
        return Verdict.SUCCESS
    return Verdict.FAILURE if found.converged else Verdict.UNRESOLVED


def _integers(name: str, value: npt.ArrayLike, most: int) -> Counts:
    given = np.atleast_1d(np.asarray(value))
    if given.ndim != 1 or given.size == 0:
        raise ValueError(f"{name} must be a number or a list of some, got {value!r}")
    return np.array([check_integer(name, v, 1, most) for v in given], dtype=np.int64)
