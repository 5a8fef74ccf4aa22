"""The loss on a mask: gradient, curvature, tangent kernel, progress.

For ``L_m(w) = L(m * w)`` the gradient is the gradient of L at the masked weights, with
zeros off the mask, and the Hessian is the block of active weights, with zeros around.
``grad(w)`` and ``hvp(w, v)`` belong to L; they take and return the structure of w, an
array or a list of arrays. A mask has that structure too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import LinearOperator, eigsh

from sparsetheory._checks import check_array, check_integer, check_number
from sparsetheory.lottery._layout import (
    Arrays,
    Curvature,
    Flags,
    Gradient,
    Layout,
    lay_out,
    lay_out_mask,
)
from sparsetheory.types import Matrix, Vector

DENSE = 64  # weights; below, all eigenvalues cost no more than a few


def restricted_gradient(grad: Gradient, w: Arrays, mask: Arrays) -> Arrays:
    """Gradient of the loss on a mask, ``m * grad(m * w)``.

    It vanishes at a critical point of the pruned loss, where the gradient of the whole
    loss need not.

    Parameters
    ----------
    grad : callable
        ``grad(w)``, the gradient of the loss.
    w : array_like or list of ndarray
    mask : like `w`, of bool

    Returns
    -------
    like `w`

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.restricted_gradient(lambda w: w - 2.0, [1.0, 5.0], [True, False])
    array([-1.,  0.])
    """
    layout, point, on = _masked(w, mask)
    g = layout.flat("grad(w)", grad(layout.restore(point)))
    return layout.restore(np.where(on, g, 0.0))


def restricted_hessian(hvp: Curvature, w: Arrays, mask: Arrays) -> LinearOperator:
    """Hessian of the loss on a mask, as a map of its active weights.

    The Hessian by all weights, P H P, has besides this block zeros alone. Its extreme
    eigenvalues lie within those of H at the masked weights, which the block's
    interlace.

    Parameters
    ----------
    hvp : callable
        ``hvp(w, v)``, the Hessian of the loss at w times v.
    w : array_like or list of ndarray
    mask : like `w`, of bool
        Not all False.

    Returns
    -------
    LinearOperator, shape (k, k)
        Symmetric; of the k entries that the mask keeps, in their order.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> H = np.array([[1.0, 2.0], [2.0, 1.0]])
    >>> block = st.restricted_hessian(lambda w, v: H @ v, [1.0, 1.0], [True, False])
    >>> block @ np.eye(1)
    array([[1.]])
    """
    layout, point, on = _masked(w, mask)
    k = int(np.count_nonzero(on))
    if k == 0:
        raise ValueError("mask must keep a weight, it keeps none")

    def product(v: Vector) -> Vector:
        direction = np.zeros(on.size)
        direction[on] = v.ravel()
        image = hvp(layout.restore(point), layout.restore(direction))
        return layout.flat("hvp(w, v)", image)[on]

    return LinearOperator((k, k), product, product, dtype=np.float64)


def _masked(w: Arrays, mask: Arrays) -> tuple[Layout, Vector, Flags]:
    layout, flat = lay_out("w", w)
    on = layout.mask("mask", mask)
    return layout, np.where(on, flat, 0.0), on


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The ends of the spectrum of a Hessian on a mask, and what follows for descent.

    Attributes
    ----------
    smallest, largest : float
        Rayleigh quotients of `vectors`, so that the smallest eigenvalue is at most the
        one and the largest at least the other, up to rounding.
    vectors : ndarray, shape (2, n)
        Directions of norm one that attain them, zero off the mask; for a list of
        arrays, one array after the other.
    residual : float
        ``max ||H_S v - lambda v||``: each of the two is that close to an eigenvalue.
    exact : bool
        Whether they come from the whole matrix, and so are its ends up to rounding; if
        not, from a Krylov space, which has missed an end only if it is orthogonal to
        it.
    """

    smallest: float
    largest: float
    vectors: Matrix
    residual: float
    exact: bool

    @property
    def stable_step(self) -> float:
        """Gradient descent with a smaller step is stable: 2 / largest, or inf."""
        return 2.0 / self.largest if self.largest > 0 else np.inf

    @property
    def best_step(self) -> float:
        """The fastest on a quadratic, 2 / (smallest + largest); NaN if not convex."""
        return 2.0 / (self.smallest + self.largest) if self.smallest > 0 else np.nan

    @property
    def condition(self) -> float:
        """The quotient largest / smallest; inf if the Hessian is not positive."""
        return self.largest / self.smallest if self.smallest > 0 else np.inf


def restricted_spectrum(
    hvp: Curvature, w: Arrays, mask: Arrays, *, tol: float = 1e-10
) -> Spectrum:
    """Extreme eigenvalues of the Hessian on a mask, by products with it alone.

    By the Lanczos method; with few active weights by the matrix.

    Parameters
    ----------
    hvp : callable
        ``hvp(w, v)``, the Hessian of the loss at w times v, symmetric.
    w : array_like or list of ndarray
    mask : like `w`, of bool
        Not all False.
    tol : float
        Relative accuracy that Lanczos asks for.

    Returns
    -------
    Spectrum

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.
    scipy.sparse.linalg.ArpackNoConvergence
        If Lanczos does not reach `tol`.

    References
    ----------
    .. [1] R. Lehoucq, D. Sorensen, C. Yang, "ARPACK users' guide", SIAM, 1998.

    Examples
    --------
    Without its first weight the best step of descent is smaller, not larger.

    >>> import numpy as np
    >>> import sparsetheory as st
    >>> def hvp(w, v):
    ...     return np.array([1.0, 10.0, 10.0]) * v
    >>> whole = st.restricted_spectrum(hvp, np.ones(3), [True, True, True])
    >>> pruned = st.restricted_spectrum(hvp, np.ones(3), [False, True, True])
    >>> round(whole.best_step, 3), round(pruned.best_step, 3)
    (0.182, 0.1)
    """
    check_number("tol", tol)
    block = restricted_hessian(hvp, w, mask)
    k = block.shape[0]
    exact = k <= DENSE
    if exact:
        H = block @ np.eye(k)
        values, vectors = np.linalg.eigh((H + H.T) / 2)
    else:
        start = np.random.default_rng(0).standard_normal(k)
        if (block @ start).any():
            values, vectors = eigsh(block, k=2, which="BE", v0=start, tol=tol)
        else:  # ARPACK refuses a start that goes to zero
            values, vectors = np.zeros(2), np.eye(k, 2)
        order = np.argsort(values)
        values, vectors = values[order], vectors[:, order]
    ends, V = values[[0, -1]], vectors[:, [0, -1]]
    residual = np.linalg.norm(block @ V - V * ends, axis=0).max()
    _, on = lay_out_mask("mask", mask)
    directions = np.zeros((2, on.size))
    directions[:, on] = V.T
    return Spectrum(float(ends[0]), float(ends[1]), directions, float(residual), exact)


@dataclass(frozen=True, slots=True, eq=False)
class TangentKernel:
    """Neural tangent kernel of a pruned network.

    Attributes
    ----------
    matrix : ndarray, shape (N, N)
        ``J_m J_m^T``, at most the kernel of the whole network at the same weights.
    eigenvalues : ndarray, shape (N,)
        Ascending.
    rank : int
        Of J_m, numerically; N if the linearised network can take any values on the N
        outputs, for which it needs N weights at least.
    """

    matrix: Matrix
    eigenvalues: Vector
    rank: int


def masked_kernel(jacobian: npt.ArrayLike, mask: Arrays) -> TangentKernel:
    r"""Tangent kernel of a pruned network from the Jacobian at its masked weights.

    .. math:: f_m(\theta) \approx f(m \odot \theta_0)
        + J(m \odot \theta_0)\, (m \odot (\theta - \theta_0)),

    where the network is expanded about the weights that it has, :math:`m \odot
    \theta_0`. For a mask of k of n weights drawn at random the mean of the kernel is
    k/n times the whole one, if the Jacobian is held fixed.

    Parameters
    ----------
    jacobian : array_like, shape (N, n)
        Derivatives of N outputs by all n weights.
    mask : array_like of bool, shape (n,), or list of ndarray of bool

    Returns
    -------
    TangentKernel

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] A. Jacot, F. Gabriel, C. Hongler, "Neural tangent kernel: convergence and
       generalization in neural networks", NeurIPS 2018.

    Examples
    --------
    >>> import sparsetheory as st
    >>> J = [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]
    >>> kernel = st.masked_kernel(J, [False, True, False])
    >>> kernel.matrix, kernel.rank
    (array([[4., 0.],
            [0., 0.]]), 1)
    """
    J = check_array("jacobian", jacobian, 2)
    _, on = lay_out_mask("mask", mask)
    if J.shape[0] == 0 or J.shape[1] != on.size:
        raise ValueError(
            f"jacobian must have rows and {on.size} columns to match mask, "
            f"got shape {J.shape}"
        )
    K: Matrix = J[:, on] @ J[:, on].T
    rank = int(np.linalg.matrix_rank(J[:, on])) if on.any() else 0
    return TangentKernel(K, np.asarray(np.linalg.eigvalsh(K)), rank)


@dataclass(frozen=True, slots=True)
class GradientFlow:
    """What a mask keeps of a gradient.

    Attributes
    ----------
    cosine : float
        Between g and ``m * g``, equal to ``||m * g|| / ||g||``.
    progress : float
        Its square: the decrease of the loss in a short step along ``m * g``, over that
        along g. A cosine of 1 - eps leaves 1 - 2 eps at least.
    """

    cosine: float
    progress: float


def gradient_flow(gradient: Arrays, mask: Arrays) -> GradientFlow:
    """Cosine between a gradient and its masked part, and the progress that is left.

    To first order in the step, at one point. For what a pruned network does the
    gradient is that at the masked weights.

    Parameters
    ----------
    gradient : array_like or list of ndarray
        Not zero.
    mask : like `gradient`, of bool

    Returns
    -------
    GradientFlow
        0 and 0 if all that is not zero is masked.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> flow = st.gradient_flow([3.0, 4.0, 12.0], [False, True, True])
    >>> round(flow.cosine, 3), round(flow.progress, 3)
    (0.973, 0.947)
    """
    layout, g = lay_out("gradient", gradient)
    on = layout.mask("mask", mask)
    cosine = float(np.linalg.norm(_unit(g)[on]))
    return GradientFlow(cosine, cosine**2)


def random_progress(gradient: Arrays, k: int) -> tuple[float, float]:
    r"""Mean and variance of the progress under a random mask of k entries.

    With :math:`p_i = g_i^2 / \|g\|^2` and a mask uniform among all of k of n entries

    .. math:: E = \frac kn, \qquad \mathrm{Var} = \frac{k (n - k)}{n - 1}
        \Bigl(\frac1n \sum_i p_i^2 - \frac1{n^2}\Bigr).

    Exact.

    Parameters
    ----------
    gradient : array_like or list of ndarray
        Not zero.
    k : int
        From 0 to n.

    Returns
    -------
    mean, variance : float

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> mean, variance = st.random_progress([1.0, 2.0, 3.0, 4.0], 2)
    >>> mean, round(variance, 4)
    (0.5, 0.0478)
    """
    _, g = lay_out("gradient", gradient)
    n = g.size
    k = check_integer("k", k, 0, n)
    p = _unit(g) ** 2
    spread = float(np.mean((p - 1 / n) ** 2))  # equal to the bracket, and not negative
    return k / n, k * (n - k) / max(n - 1, 1) * spread


def _unit(g: Vector) -> Vector:
    peak = np.abs(g).max()
    if peak == 0:
        raise ValueError(f"gradient must not be zero, all {g.size} entries are")
    scaled = g / peak
    return np.asarray(scaled / np.linalg.norm(scaled))
