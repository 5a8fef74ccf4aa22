"""What saliencies keep of a network, and what its loss is without retraining."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer
from sparsetheory._parallel import blas_held
from sparsetheory.lottery.masks import mask_budget, top_mask
from sparsetheory.lottery.network import Network
from sparsetheory.lottery.saliency import (
    grasp_saliency,
    hessian_diagonal,
    magnitude_saliency,
    obd_saliency,
    random_saliency,
    snip_saliency,
    synflow_saliency,
)
from sparsetheory.types import Counts, Matrix, Vector


@dataclass(frozen=True, eq=False)
class SaliencyComparison:
    """Scores of a network's weights by several saliencies, by `saliency_comparison`.

    Attributes
    ----------
    scores : dict of str to ndarray, shape (weights,)
        Without biases.
    kept : ndarray of int, shape (densities,)
        Weights kept; all biases are.
    loss, accuracy : ndarray, shape (saliencies, densities)
        Of the network as it is, without those that score lowest.
    seed : int
    """

    scores: dict[str, Vector]
    kept: Counts
    loss: Matrix
    accuracy: Matrix
    seed: int

    @property
    def density(self) -> Vector:
        """Share of weights kept, shape (densities,)."""
        return np.asarray(self.kept / next(iter(self.scores.values())).size)


def saliency_comparison(
    network: Network,
    w: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    density: npt.ArrayLike,
    seed: int = 0,
) -> SaliencyComparison:
    """Score a network's weights by seven saliencies, and prune by each.

    Those are `magnitude_saliency`, `random_saliency`, `snip_saliency`, `grasp_saliency`
    by both conventions, `obd_saliency` with the exact diagonal of the Hessian, and
    `synflow_saliency` with the biases set to zero, for which activations are linear.
    The loss is the cross-entropy. Biases stay and do not compete.

    Parameters
    ----------
    network : Network
    w : array_like, shape (n,)
        Initial or trained.
    X : array_like, shape (samples, inputs)
        For scores and losses.
    y : array_like of int, shape (samples,)
        Labels.
    density : float or array_like
        Shares of the weights to keep, in [0, 1]; see `mask_budget`.
    seed : int
        Of the random scores.

    Returns
    -------
    SaliencyComparison

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([4, 6, 2])
    >>> w, X = st.initial_weights(network, seed=0), np.eye(4)
    >>> found = st.saliency_comparison(network, w, X, [0, 1, 1, 0], density=[0.5, 1.0])
    >>> found.kept, found.loss.shape
    (array([18, 36]), (7, 2))
    """
    w, X = network.data(check_array("w", w, 1), check_array("X", X, 2))
    shares = np.atleast_1d(np.asarray(density)).tolist()
    if not shares:
        raise ValueError(f"density must not be empty, got {density!r}")
    seed, on = check_integer("seed", seed, 0), network.weights
    kept = [mask_budget(int(on.sum()), share) for share in shares]
    with blas_held():
        scores = _scores(network, w, X, y, seed)
        masks = np.tile(~on, (len(scores), len(kept), 1))
        for i, j in np.ndindex(*masks.shape[:2]):
            masks[i, j, on] = top_mask(list(scores.values())[i], kept[j])
        pruned = w * masks
        loss, accuracy = (f(pruned, X, y) for f in (network.loss, network.accuracy))
    counts = np.array(kept, dtype=np.int64)
    return SaliencyComparison(scores, counts, loss, accuracy, seed)


def _scores(
    network: Network, w: Vector, X: Matrix, y: npt.ArrayLike, seed: int
) -> dict[str, Vector]:
    grad, hvp = (partial(f, X=X, y=y) for f in (network.gradient, network.hvp))
    linear = replace(network, activation="relu")  # where nothing is negative
    ones = np.ones((1, network.inputs)), np.ones((1, network.classes))

    def flow(a: Vector) -> Vector:
        return linear.vjp(np.where(network.weights, a, 0.0), ones[1], ones[0])

    each = {
        "magnitude": magnitude_saliency(w),
        "random": random_saliency(w, seed),
        "SNIP": snip_saliency(w, grad),
        "GraSP": grasp_saliency(w, grad, hvp),
        "GraSP, reversed": grasp_saliency(w, grad, hvp, convention="reversed"),
        "OBD": obd_saliency(w, hessian_diagonal(w, hvp)),
        "SynFlow": synflow_saliency(w, flow),
    }
    return {name: s[network.weights] for name, s in each.items()}
