r"""Saliencies: what each weight is worth. The larger, the later it goes.

Weights are an array or a list of arrays; ``grad(w)`` and ``hvp(w, v)`` take and return
the same structure, and so do the scores. `top_mask` keeps the largest.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_groups, check_vector
from sparsetheory._kernels.threshold import group_norms
from sparsetheory.lottery._layout import (
    Arrays,
    Curvature,
    Gradient,
    lay_out,
    lay_out_mask,
)
from sparsetheory.types import Matrix, Seed, Vector


def magnitude_saliency(w: Arrays) -> Arrays:
    r"""Magnitudes :math:`|w_i|`.

    Parameters
    ----------
    w : array_like or list of ndarray

    Returns
    -------
    like `w`

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.magnitude_saliency([0.5, -2.0])
    array([0.5, 2. ])
    """
    layout, flat = lay_out("w", w)
    return layout.restore(np.abs(flat))


def random_saliency(w: Arrays, rng: Seed) -> Arrays:
    """Scores that are independent of the weights, uniform on [0, 1).

    The mask of the k largest is then uniform among all of k entries.

    Parameters
    ----------
    w : array_like or list of ndarray
        Only its shapes matter.
    rng : int or Generator

    Returns
    -------
    like `w`

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.random_saliency([0.5, -2.0], rng=0).round(3)
    array([0.637, 0.27 ])
    """
    layout, flat = lay_out("w", w)
    return layout.restore(np.random.default_rng(rng).random(flat.size))


def snip_saliency(w: Arrays, grad: Gradient) -> Arrays:
    r"""Sensitivity to a connection, :math:`|w_i g_i|` [1]_.

    The derivative of the loss by the mask's entry at 1, without its sign: to first
    order, how much the loss changes when the weight goes. Zero for every weight at a
    critical point. In ReLU networks without biases it does not change when the weights
    into a unit grow by a factor and those out of it shrink by it; and the sums of
    :math:`w_i g_i` into and out of a unit are equal.

    Parameters
    ----------
    w : array_like or list of ndarray
    grad : callable
        ``grad(w)``, the gradient of the loss.

    Returns
    -------
    like `w`

    References
    ----------
    .. [1] N. Lee, T. Ajanthan, P. Torr, "SNIP: single-shot network pruning based on
       connection sensitivity", ICLR 2019.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.snip_saliency([3.0, -1.0], lambda w: w - 2.0)
    array([3., 3.])
    """
    layout, flat = lay_out("w", w)
    g = layout.flat("grad(w)", grad(layout.restore(flat)))
    return layout.restore(np.abs(flat * g))


def grasp_saliency(
    w: Arrays,
    grad: Gradient,
    hvp: Curvature,
    *,
    convention: Literal["paper", "reversed"] = "paper",
) -> Arrays:
    r"""Gradient signal :math:`w_i (Hg)_i` [1]_.

    Without the weight :math:`\|g\|^2` changes by :math:`-2 w_i (Hg)_i` to first order,
    on quadratics by :math:`w_i^2 \|H e_i\|^2` more. The paper removes where this change
    is the largest and so keeps the gradient's norm up.

    Parameters
    ----------
    w : array_like or list of ndarray
    grad : callable
        ``grad(w)``, the gradient g of the loss.
    hvp : callable
        ``hvp(w, v)``, its Hessian H times v.
    convention : {"paper", "reversed"}
        "reversed" gives :math:`-w_i (Hg)_i`, of which some texts keep the largest: it
        removes the weights that the paper keeps.

    Returns
    -------
    like `w`

    Raises
    ------
    ValueError
        If there is no such convention, or a shape does not match.

    References
    ----------
    .. [1] C. Wang, G. Zhang, R. Grosse, "Picking winning tickets before training by
       preserving gradient flow", ICLR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> H = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> grad, hvp = lambda w: np.array([1.0, 2.0]), lambda w, v: H @ v
    >>> st.grasp_saliency([1.0, -1.0], grad, hvp)
    array([ 4., -7.])
    """
    signs = {"paper": 1.0, "reversed": -1.0}
    if convention not in signs:
        raise ValueError(f"convention must be one of {list(signs)}, got {convention!r}")
    layout, flat = lay_out("w", w)
    g = layout.flat("grad(w)", grad(layout.restore(flat)))
    product = hvp(layout.restore(flat), layout.restore(g))
    return layout.restore(signs[convention] * flat * layout.flat("hvp(w, g)", product))


def synflow_saliency(w: Arrays, grad: Gradient) -> Arrays:
    r"""Synaptic flow :math:`|w_i| \, \partial R / \partial |w_i|` [1]_, without data.

    R is the sum of the outputs of the network with weights :math:`|w|` at an input of
    ones: with all layers linear, the sum over paths of the products of their weights'
    magnitudes, and the score is the part of it that runs through the weight. The
    scores of each layer's weights sum to R with those of its biases and of all later
    ones.

    Parameters
    ----------
    w : array_like or list of ndarray
    grad : callable
        ``grad(a)``, the gradient of R at the magnitudes a.

    Returns
    -------
    like `w`

    References
    ----------
    .. [1] H. Tanaka, D. Kunin, D. Yamins, S. Ganguli, "Pruning neural networks without
       any data by iteratively conserving synaptic flow", NeurIPS 2020.

    Examples
    --------
    A network of two weights in a row, and a third beside them.

    >>> import numpy as np
    >>> import sparsetheory as st
    >>> st.synflow_saliency([-2.0, 3.0, 1.0], lambda a: np.array([a[1], a[0], 1.0]))
    array([6., 6., 1.])

    Of a `Network`; magnitudes leave every ReLU open.

    >>> network = st.mlp([4, 3, 2])
    >>> w, ones = st.initial_weights(network, seed=0), np.ones((1, 4))
    >>> scores = st.synflow_saliency(w, lambda a: network.vjp(a, np.ones((1, 2)), ones))
    >>> sums = [part.sum() for part in network.split(scores)]
    >>> np.allclose(sums[::2], network.outputs(abs(w), ones).sum())
    True
    """
    layout, flat = lay_out("w", w)
    sizes = np.abs(flat)
    flow = layout.flat("grad(|w|)", grad(layout.restore(sizes)))
    return layout.restore(sizes * flow)


def hessian_diagonal(w: Arrays, hvp: Curvature) -> Arrays:
    """Diagonal of the Hessian, exact, by as many products as there are weights.

    Parameters
    ----------
    w : array_like or list of ndarray
    hvp : callable
        ``hvp(w, v)``, the Hessian at w times v.

    Returns
    -------
    like `w`

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> H = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> st.hessian_diagonal([1.0, -1.0], lambda w, v: H @ v)
    array([2., 3.])
    """
    layout, flat = lay_out("w", w)
    diagonal = np.empty(flat.size)
    for i in range(flat.size):
        unit = np.zeros(flat.size)
        unit[i] = 1.0
        product = hvp(layout.restore(flat), layout.restore(unit))
        diagonal[i] = layout.flat("hvp(w, v)", product)[i]
    return layout.restore(diagonal)


def obd_saliency(w: Arrays, diagonal: Arrays, gradient: Arrays | None = None) -> Arrays:
    r"""Optimal brain damage :math:`\tfrac12 H_{ii} w_i^2` [1]_.

    The second-order change of the loss when the weight alone goes, at a critical point;
    :math:`-g_i w_i + \tfrac12 H_{ii} w_i^2` with a gradient. Exact for quadratics. Of
    several weights the changes do not add up, unless H is diagonal on them.

    Parameters
    ----------
    w : array_like or list of ndarray
    diagonal : like `w`
        Of the Hessian, as from `hessian_diagonal`.
    gradient : like `w`, optional
        By default zero.

    Returns
    -------
    like `w`

    References
    ----------
    .. [1] Y. LeCun, J. Denker, S. Solla, "Optimal brain damage", NeurIPS 1989.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.obd_saliency([0.01, 0.08], [2000.0, 20.0])
    array([0.1  , 0.064])
    """
    layout, flat = lay_out("w", w)
    scores = 0.5 * layout.flat("diagonal", diagonal) * flat**2
    if gradient is not None:
        scores -= layout.flat("gradient", gradient) * flat
    return layout.restore(scores)


def obs_saliency(w: npt.ArrayLike, H: npt.ArrayLike) -> Vector:
    r"""Optimal brain surgeon :math:`w_i^2 / (2 [H^{-1}]_{ii})` [1]_.

    The least second-order change of the loss when the weight goes and all others adapt,
    at a critical point; never above that of `obd_saliency`. `obs_update` gives the
    weights adapted. Exact for quadratics.

    Parameters
    ----------
    w : array_like, shape (n,)
    H : array_like, shape (n, n)
        Hessian, symmetric and positive definite.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If H is not what is said above.

    References
    ----------
    .. [1] B. Hassibi, D. Stork, "Second order derivatives for network pruning: optimal
       brain surgeon", NeurIPS 1992.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.obs_saliency([1.0, -1.0], [[2.0, 1.8], [1.8, 2.0]])
    array([0.19, 0.19])
    """
    w, H = check_quadratic(w, H)
    return np.asarray(0.5 * w**2 / np.diag(np.linalg.inv(H)))


def obs_update(w: npt.ArrayLike, H: npt.ArrayLike, mask: npt.ArrayLike) -> Vector:
    r"""Weights that adapt when others go: the nearest to w on a mask in the norm of H.

    .. math:: \min_u \tfrac12 (u - w)^T H (u - w)
        \quad\text{subject to } u_i = 0 \text{ off the mask.}

    At a critical point this is the least second-order change of the loss.

    Parameters
    ----------
    w : array_like, shape (n,)
    H : array_like, shape (n, n)
        Symmetric and positive definite.
    mask : array_like of bool, shape (n,)
        True where a weight stays.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.obs_update([1.0, -1.0], [[2.0, 1.8], [1.8, 2.0]], [True, False])
    array([0.1, 0. ])
    """
    w, H = check_quadratic(w, H)
    _, on = lay_out_mask("mask", mask)
    if on.shape != w.shape:
        raise ValueError(f"mask must have shape {w.shape} to match w, got {on.shape}")
    u = np.zeros_like(w)
    u[on] = w[on] + np.linalg.solve(H[np.ix_(on, on)], H[np.ix_(on, ~on)] @ w[~on])
    return u


def check_quadratic(w: npt.ArrayLike, H: npt.ArrayLike) -> tuple[Vector, Matrix]:
    """Return weights and a positive definite matrix of their size, made symmetric."""
    H = check_array("H", H, 2)
    if H.shape[0] != H.shape[1] or H.size == 0:
        raise ValueError(f"H must be square and not empty, got shape {H.shape}")
    w = check_vector("w", w, len(H), "H")
    skew = np.abs(H - H.T)
    if skew.max() > 1e-10 * np.abs(H).max():
        i, j = (int(a) for a in np.unravel_index(skew.argmax(), H.shape))
        raise ValueError(
            f"H must be symmetric, got {H[i, j]} and {H[j, i]} at {(i, j)}"
        )
    H = (H + H.T) / 2
    values = np.linalg.eigvalsh(H)
    # The bound of a backward stable eigensolver, with room.
    if values[0] <= 4 * len(H) * np.finfo(float).eps * np.abs(values).max():
        raise ValueError(
            f"H must be positive definite, its least eigenvalue is {values[0]:.3g}"
        )
    return w, H


def group_saliency(w: Arrays, groups: npt.ArrayLike) -> Vector:
    r"""Norms :math:`\|w_g\|_2` of groups of weights.

    Keeping the q largest is the nearest vector with q groups in the ℓ2 norm.

    Parameters
    ----------
    w : array_like or list of ndarray
    groups : int or array_like of int or str, shape (n,)
        Size of consecutive groups, a divisor of n; or the label of each weight's group,
        one array after the other.

    Returns
    -------
    ndarray, shape (number of groups,)
        In the order of the sorted labels.

    Examples
    --------
    >>> import sparsetheory as st
    >>> st.group_saliency([3.0, 4.0, 1.0, 0.0], 2)
    array([5., 1.])
    """
    _, flat = lay_out("w", w)
    norms: Vector = group_norms(flat, check_groups(groups, flat.size))
    return norms
