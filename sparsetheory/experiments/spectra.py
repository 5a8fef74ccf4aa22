"""Spectra of the loss on masks, along training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer
from sparsetheory._parallel import blas_held
from sparsetheory.lottery._layout import Curvature, Flags
from sparsetheory.lottery.landscape import restricted_spectrum
from sparsetheory.lottery.losses import Loss, cross_entropy
from sparsetheory.lottery.network import Network
from sparsetheory.lottery.optimisers import SGD, Adam
from sparsetheory.lottery.training import check_mask, train
from sparsetheory.types import Counts, Matrix, Vector

TOGETHER = 8  # products with a Hessian; more leave the cache

Measure = Callable[[Vector, Vector], float]
"""Of the eigenvalues of a block and of the whole."""


@dataclass(frozen=True, eq=False)
class HessianSpectra:
    """Eigenvalues of Hessians on masks, by `hessian_spectra`.

    Attributes
    ----------
    masks : tuple of str
    kept : ndarray of int, shape (masks,)
        Parameters that each mask keeps.
    n : int
        Parameters of the network.
    steps : ndarray of int, shape (times,)
        Steps of training on the mask.
    loss : ndarray, shape (masks, times)
    block, whole : tuple of tuple of ndarray
        Of each mask at each time, ascending: eigenvalues of the Hessian on the mask,
        and of that by all parameters at the same point, both up to rounding. All, or
        where there are too many the two ends, which Lanczos finds from within.
    """

    masks: tuple[str, ...]
    kept: Counts
    n: int
    steps: Counts
    loss: Matrix
    block: tuple[tuple[Vector, ...], ...]
    whole: tuple[tuple[Vector, ...], ...]

    @property
    def smallest(self) -> Matrix:
        """Smallest eigenvalues on the masks, shape (masks, times)."""
        return np.array([[values[0] for values in row] for row in self.block])

    @property
    def largest(self) -> Matrix:
        """Largest eigenvalues on the masks, shape (masks, times)."""
        return np.array([[values[-1] for values in row] for row in self.block])

    @property
    def negative(self) -> Matrix:
        """Negative eigenvalues on the masks, shape (masks, times).

        Those below zero by more than ``n eps ||H||``, with room for rounding; NaN where
        the ends alone are known.
        """
        return self._each(_negative)

    @property
    def excess(self) -> Matrix:
        r"""How far eigenvalues are from interlacing, shape (masks, times).

        The largest of :math:`\lambda_i - \mu_i` and :math:`\mu_i - \lambda_{i+n-k}`
        for the eigenvalues μ of a block of k parameters and λ of the whole Hessian: by
        Cauchy's theorem not above zero but for rounding. NaN where the ends alone are
        known.
        """
        return self._each(_excess)

    def complete(self, mask: int, time: int) -> bool:
        """Whether all eigenvalues are there, of the block and of the whole."""
        found = self.block[mask][time].size, self.whole[mask][time].size
        return found == (self.kept[mask], self.n)

    def _each(self, measure: Measure) -> Matrix:
        table = np.full((len(self.masks), self.steps.size), np.nan)
        for i, j in np.ndindex(*table.shape):
            if self.complete(i, j):
                table[i, j] = measure(self.block[i][j], self.whole[i][j])
        return table


def _negative(inner: Vector, outer: Vector) -> float:
    room = outer.size * np.finfo(float).eps * np.abs(outer[[0, -1]]).max()
    return float(np.count_nonzero(inner < -room))


def _excess(inner: Vector, outer: Vector) -> float:
    k = inner.size
    below, above = outer[:k] - inner, inner - outer[outer.size - k :]
    return float(max(below.max(), above.max()))


def hessian_spectra(
    network: Network,
    w: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    masks: Mapping[str, npt.ArrayLike],
    *,
    steps: npt.ArrayLike = (0, 400),
    optimiser: SGD | Adam | None = None,
    batch: int | None = None,
    loss: Loss = cross_entropy,
    limit: int = 2048,
    seed: int = 0,
) -> HessianSpectra:
    r"""Train a network on masks, and find the spectra of the loss on the way.

    On a mask m with the projection P the Hessian of :math:`w \mapsto L(m \odot w)` is
    :math:`P \nabla^2 L(m \odot w) P`. Found are the eigenvalues of its block of active
    parameters, and those of :math:`\nabla^2 L(m \odot w)`, which they interlace.

    Parameters
    ----------
    network : Network
    w : array_like, shape (n,)
        Where training starts on each mask.
    X : array_like, shape (samples, inputs)
    y : array_like
        Labels or targets, see `Network`.
    masks : mapping of str to array_like of bool, shape (n,)
        Each keeps one parameter at least.
    steps : int or array_like of int
        After how many steps of training.
    optimiser, batch, loss, seed
        As in `train`. The Hessian is that of all samples.
    limit : int
        Of how many parameters a Hessian is formed, and all eigenvalues found; it takes
        as many products. Of more the two ends are found by `restricted_spectrum`.

    Returns
    -------
    HessianSpectra

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above, or training diverges.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([4, 6, 2])
    >>> w, X = st.initial_weights(network, seed=0), np.eye(4)
    >>> mask = st.top_mask(abs(w), 20)
    >>> found = st.hessian_spectra(network, w, X, [0, 1, 1, 0], {"half": mask}, batch=4)
    >>> found.largest.shape, bool((found.excess < 1e-12).all())
    ((1, 2), True)
    """
    start, X = network.data(check_array("w", w, 1), check_array("X", X, 2))
    if not masks:
        raise ValueError("masks must not be empty, got {}")
    table = np.array([check_mask(mask, start.shape) for mask in masks.values()])
    kept = np.count_nonzero(table, axis=1)
    if kept.min() == 0:
        name = list(masks)[int(kept.argmin())]
        raise ValueError(f"masks must keep a parameter, {name!r} keeps none")
    limit = check_integer("limit", limit, 1)
    times = sorted(
        {check_integer("steps", s, 0) for s in np.atleast_1d(steps).tolist()}
    )
    if not times:
        raise ValueError(f"steps must not be empty, got {steps!r}")
    run = train(
        network,
        np.tile(start, (len(table), 1)),
        X,
        y,
        mask=table,
        optimiser=optimiser,
        steps=times[-1],
        batch=batch,
        loss=loss,
        seed=seed,
        watch=times,
        keep=times,
    )
    if not np.isfinite(run.w).all():
        raise ValueError("training diverged, the optimiser's steps are too large")
    hvp = partial(network.hvp, X=X, y=y, loss=loss)
    every = np.ones(network.n, dtype=bool)

    def values(i: int, on: Flags) -> tuple[Vector, ...]:
        return tuple(_eigenvalues(hvp, run.snapshots[s][i], on, limit) for s in times)

    with blas_held():
        whole = tuple(values(i, every) for i in range(len(table)))
        block = tuple(
            whole[i] if on.all() else values(i, on) for i, on in enumerate(table)
        )
    counts = np.array(times, dtype=np.int64)
    return HessianSpectra(
        tuple(masks), kept, network.n, counts, run.history.loss.T, block, whole
    )


def _eigenvalues(hvp: Curvature, w: Vector, mask: Flags, limit: int) -> Vector:
    k = int(np.count_nonzero(mask))
    if k > limit:
        found = restricted_spectrum(hvp, w, mask)
        return np.array([found.smallest, found.largest])
    places = np.flatnonzero(mask)
    rows = [
        hvp(w, (part[:, None] == np.arange(w.size)).astype(np.float64))[:, places]
        for part in np.array_split(places, -(-k // TOGETHER))
    ]
    H = check_array("the Hessian", np.concatenate(rows), 2)
    return np.asarray(np.linalg.eigvalsh((H + H.T) / 2))
