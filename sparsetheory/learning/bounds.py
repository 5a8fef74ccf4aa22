"""Bounds on Rademacher complexities, with their constants."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

import numpy as np
import numpy.typing as npt

from sparsetheory._parallel import blas_held
from sparsetheory.learning.rademacher import HELD, check_class
from sparsetheory.theory.binomials import log_binomial
from sparsetheory.theory.order import support_entropy
from sparsetheory.types import Counts, Matrix, Vector

WORK = 10**7  # operations; supports that take more are not tried one by one
NEWTON, CLOSE, SHORT = 50, 1e-9, 1e-9  # steps, error, and least share of a length
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True, eq=False)
class RademacherBounds:
    r"""Bounds on Rademacher complexities, by `rademacher_bounds`.

    With T the largest trace of :math:`X_S^T X_S` over supports S of k groups, L the
    largest of its eigenvalues, or a bound on it, N the number of supports and B the
    radius.

    Attributes
    ----------
    k : ndarray of int
    lower : ndarray, shape of `k`
        :math:`B \sqrt{T/2} / m`, a lower bound on the complexity of the class.
    fixed : ndarray, shape of `k`
        :math:`B \sqrt T / m`, an upper bound for each support by itself and not for
        the class.
    union : ndarray, shape of `k`
        :math:`B (\sqrt T + \sqrt{2 L \log N}) / m`, an upper bound for the class.
    entropy : ndarray, shape of `k`
        The same with k log(en/k) in place of log N, which it exceeds.
    upper : ndarray, shape of `k`
        The least upper bound known for the class, of four that `rademacher_bounds`
        names.
    """

    k: Counts
    lower: Vector
    fixed: Vector
    union: Vector
    entropy: Vector
    upper: Vector


def rademacher_bounds(
    X: npt.ArrayLike,
    k: npt.ArrayLike | None = None,
    *,
    radius: float = 1.0,
    groups: npt.ArrayLike | None = None,
) -> RademacherBounds:
    r"""Bounds on the Rademacher complexity of linear functions of k features.

    A fixed support costs :math:`B \sqrt{T} / m`, by Jensen's inequality, without a
    logarithm; and at least :math:`1 / \sqrt 2` of that, by Kahane's. The choice of one
    among N costs :math:`\log N \le k \log(en/k)` more [1]_:

    .. math:: E \max_S \|X_S^T \sigma\|^2
        \le T + 2 \sqrt{T L \log N} + 2 L \log N
        \le (\sqrt T + \sqrt{2 L \log N})^2.

    Other bounds on the left side use the lengths of single features alone, K of which
    are at most in k groups: that of the ℓ1 ball [3]_,
    :math:`2 K \max_j \|x_j\|^2 \log 2n`; the trace of all of :math:`X^T X`, of the ℓ2
    ball; and what is left of squares above any level t,

    .. math:: \min_t \Bigl( K t + \sum_j E (\langle x_j, \sigma \rangle^2 - t)_+ \Bigr)
        \le \min_t \Bigl( K t + 4 \sum_j \|x_j\|^2 e^{-t / 2\|x_j\|^2} \Bigr),

    by Hoeffding's inequality: :math:`2 K \|x\|^2 \log(2en/K)` for equal lengths.

    The largest eigenvalue L is found by trying all supports if they are few; otherwise
    it is bounded by that of all columns, by T, and by sums of norms of blocks.

    Parameters
    ----------
    X : array_like, shape (m, n)
        Samples in rows.
    k : array_like of int, optional
        From 1 to the number of features or groups, by default each of these.
    radius : float
        B, positive.
    groups : int or array_like of int or str, shape (n,), optional
        As in `rademacher_complexity`.

    Returns
    -------
    RademacherBounds

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] D. Hsu, S. Kakade, T. Zhang, "A tail inequality for quadratic forms of
       subgaussian random vectors", Electron. Commun. Probab. 17, 2012; its moment
       generating function, and a union over supports.
    .. [2] R. Latała, K. Oleszkiewicz, "On the best constant in the Khinchin-Kahane
       inequality", Studia Math. 109, 1994.
    .. [3] P. Massart, "Some applications of concentration inequalities to statistics",
       Ann. Fac. Sci. Toulouse 9, 2000, for the ℓ1 ball.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> X = np.cos(np.outer(np.arange(1, 11), np.arange(1, 7)))
    >>> bounds = st.rademacher_bounds(X, [1, 3, 6])
    >>> bounds.fixed.round(4), bounds.union.round(4)
    (array([0.2246, 0.3879, 0.5339]), array([0.6499, 1.0041, 0.5339]))
    >>> bounds.upper.round(4)
    array([0.5008, 0.5339, 0.5339])
    """
    X, scale, groups, k = check_class(X, k, groups, radius)
    m, n = X.shape
    number = groups.starts.size - 1
    X = X[:, groups.order]
    lengths = (X**2).sum(axis=0)
    energies = np.sort(np.add.reduceat(lengths, groups.starts[:-1]))[::-1]
    sizes = np.sort(np.diff(groups.starts))[::-1]
    at = k.ravel() - 1
    T, features = np.cumsum(energies)[at], np.cumsum(sizes)[at]
    with blas_held():
        L = _largest_eigenvalues(X, groups.starts, k.ravel(), T, features)
    supports = log_binomial(number, k.ravel())
    choice = np.sqrt(2 * L * supports)
    entropy = np.sqrt(2 * L * support_entropy(number, k.ravel()))
    tail = np.sqrt(T + 2 * np.sqrt(T * L * supports) + 2 * L * supports)
    ball = np.sqrt(lengths.max() * 2 * np.log(2 * n) * features)
    known = [tail, ball, _above_levels(lengths, features)]
    upper = np.minimum(np.min(known, axis=0), np.sqrt(lengths.sum()))
    found = np.sqrt(T / 2), np.sqrt(T), np.sqrt(T) + choice, np.sqrt(T) + entropy, upper
    return RademacherBounds(k, *(scale / m * x.reshape(k.shape) for x in found))


def _above_levels(lengths: Vector, features: Counts) -> Vector:
    """Return bounds on mean norms of so many entries, at the best of all levels.

    Newton's method rises to the level, from that of more features; any is a bound.
    """
    found, t = np.empty(features.size), 0.0
    top = float(lengths.max())
    if top == 0:
        return np.zeros(features.size)
    double = 2 * np.maximum(lengths, SHORT * top)
    for i in np.argsort(-features):
        for _ in range(NEWTON):
            decay = np.exp(-t / double)
            excess = np.log(2 * decay.sum() / features[i])
            t += max(excess, 0.0) * decay.sum() / (decay / double).sum()
            if excess < CLOSE:
                break
        left = 2 * double @ np.exp(-t / double)
        found[i] = np.sqrt(features[i] * t + left)
    return found


def _largest_eigenvalues(
    X: Matrix, starts: Counts, k: Counts, traces: Vector, features: Counts
) -> Vector:
    """Return upper bounds on the largest eigenvalues of k blocks of the Gram matrix."""
    (m, n), number = X.shape, starts.size - 1
    everything = float(np.linalg.norm(X, 2)) ** 2
    places = [np.arange(a, b) for a, b in pairwise(starts)]
    sums = _block_sums(X, starts)
    found = np.minimum(np.minimum(everything, traces), sums[k - 1])
    for i, (count, size) in enumerate(zip(k, features, strict=True)):
        if comb(number, int(count)) * int(size) ** 2 * max(m, int(size)) <= WORK:
            found[i] = max(
                float(np.linalg.norm(X[:, np.concatenate(chosen)], 2)) ** 2
                for chosen in combinations(places, int(count))
            )
    return np.asarray(found * (1 + 8 * n * EPS))


def _block_sums(X: Matrix, starts: Counts) -> Vector:
    """Return the largest sums of the norms of k blocks in a row of the Gram matrix.

    The diagonal block among them, by Gershgorin's theorem for blocks; other blocks in
    the norm of Frobenius.
    """
    n, number = X.shape[1], starts.size - 1
    own = np.array([np.linalg.norm(X[:, a:b], 2) ** 2 for a, b in pairwise(starts)])
    found = np.zeros(number)
    step = max(1, HELD * number // n**2)
    for start in range(0, number, step):
        rows = starts[start : start + step + 1]
        squares = (X[:, rows[0] : rows[-1]].T @ X) ** 2
        squares = np.add.reduceat(squares, starts[:-1], axis=1)
        norms = np.sqrt(np.add.reduceat(squares, rows[:-1] - rows[0], axis=0))
        norms[np.arange(rows.size - 1), np.arange(start, start + rows.size - 1)] = -1.0
        norms = np.sort(norms, axis=1)[:, ::-1]
        norms[:, 1:], norms[:, 0] = norms[:, :-1], own[start : start + step]
        found = np.maximum(found, np.cumsum(norms, axis=1).max(axis=0))
    return found
