"""Random sparse signals.

Every draw takes ``rng``, an integer or a `numpy.random.Generator`.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory._rng import fair_signs
from sparsetheory.types import Seed, Vector

Amplitude = Literal["gaussian", "signs", "uniform", "nonnegative"]


def sparse_signal(
    n: int, k: int, rng: Seed, *, amplitude: Amplitude = "gaussian"
) -> Vector:
    """Vector with k nonzeros at uniformly random places.

    Parameters
    ----------
    n, k : int
    rng : int or Generator
    amplitude : {"gaussian", "signs", "uniform", "nonnegative"}
        Law of the nonzeros: N(0, 1), ±1 with equal chance, uniform on [-1, 1], or the
        absolute value of N(0, 1).

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.sparse_signal(6, 2, rng=0, amplitude="signs")
    array([ 0.,  0.,  0.,  1.,  0., -1.])
    """
    n = check_integer("n", n, 1)
    k = check_integer("k", k, 0, n)
    rng = np.random.default_rng(rng)
    x = np.zeros(n)
    x[rng.choice(n, size=k, replace=False)] = _amplitudes(k, rng, amplitude)
    return x


def group_sparse_signal(
    groups: npt.ArrayLike, k: int, rng: Seed, *, amplitude: Amplitude = "gaussian"
) -> Vector:
    """Vector that is nonzero on k whole groups, uniformly chosen.

    Parameters
    ----------
    groups : array_like, shape (n,)
        Label of each entry's group.
    k : int
        Number of groups that are nonzero.
    rng : int or Generator
    amplitude : {"gaussian", "signs", "uniform", "nonnegative"}
        As in `sparse_signal`.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.group_sparse_signal([0, 0, 1, 1, 2, 2], 1, rng=0, amplitude="signs")
    array([0., 0., 0., 0., 1., 1.])
    """
    labels, member = np.unique(np.asarray(groups), return_inverse=True)
    if np.ndim(groups) != 1 or labels.size == 0:
        raise ValueError(f"groups must be a list of labels, got {groups!r}")
    k = check_integer("k", k, 0, labels.size)
    rng = np.random.default_rng(rng)
    active = np.isin(member, rng.choice(labels.size, size=k, replace=False))
    x = np.zeros(member.size)
    x[active] = _amplitudes(int(active.sum()), rng, amplitude)
    return x


@dataclass(frozen=True)
class GroupedSignal:
    """The law of signals that are nonzero on whole groups; see `grouped_signal`.

    Attributes
    ----------
    group_size : int
        Entries per group.
    amplitude : str
    """

    group_size: int
    amplitude: Amplitude

    def __call__(self, n: int, k: int, rng: Seed) -> Vector:
        """Return a vector of k nonzeros, which fill groups."""
        size = self.group_size
        if n % size or k % size:
            raise ValueError(f"n and k must be multiples of {size}, got {n} and {k}")
        groups = np.arange(n) // size
        return group_sparse_signal(groups, k // size, rng, amplitude=self.amplitude)


def grouped_signal(size: int, *, amplitude: Amplitude = "gaussian") -> GroupedSignal:
    """Law of signals that are nonzero on groups of consecutive entries.

    Parameters
    ----------
    size : int
        Entries per group.
    amplitude : {"gaussian", "signs", "uniform", "nonnegative"}
        As in `sparse_signal`.

    Returns
    -------
    GroupedSignal
        A callable ``(n, k, rng) -> x`` with k nonzeros in ``k / size`` groups, for
        `phase_transition`; n and k are multiples of `size`.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.grouped_signal(2, amplitude="signs")(6, 2, rng=0)
    array([0., 0., 0., 0., 1., 1.])
    """
    size = check_integer("size", size, 1)
    _amplitudes(1, np.random.default_rng(0), amplitude)
    return GroupedSignal(size, amplitude)


def _amplitudes(k: int, rng: np.random.Generator, amplitude: Amplitude) -> Vector:
    if amplitude == "gaussian":
        return rng.standard_normal(k)
    if amplitude == "signs":
        return fair_signs(k, rng)
    if amplitude == "uniform":
        return rng.uniform(-1.0, 1.0, k)
    if amplitude == "nonnegative":
        return np.abs(rng.standard_normal(k))
    names = ", ".join(map(repr, get_args(Amplitude)))
    raise ValueError(f"amplitude must be one of {names}, got {amplitude!r}")
