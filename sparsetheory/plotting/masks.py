"""Which weights different saliencies keep."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.experiments.saliencies import SaliencyComparison
from sparsetheory.lottery._layout import Arrays, lay_out
from sparsetheory.lottery.masks import top_mask
from sparsetheory.plotting.curves import COLOURS, MARKERS


def plot_saliencies(scores: Mapping[str, Arrays], k: int, ax: Any = None) -> Any:
    """Draw how many of the k weights that one saliency keeps another keeps too.

    Shares of k; two masks drawn at random share k/n on average.

    Parameters
    ----------
    scores : dict of str to array_like or list of ndarray
        Labels, and scores of the same n weights.
    k : int
        From 1 to n.
    ax : matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> import sparsetheory as st
    >>> w = [0.5, -2.0, 1.0, 0.1]
    >>> scores = {"magnitude": st.magnitude_saliency(w), "value": w}
    >>> ax = st.plot_saliencies(scores, 2)
    >>> [text.get_text() for text in ax.texts]
    ['1.00', '0.50', '0.50', '1.00']
    """
    from matplotlib import pyplot as plt

    if not scores:
        raise ValueError("scores must not be empty, got {}")
    first = next(iter(scores))
    layout, flat = lay_out(f"scores[{first!r}]", scores[first])
    vectors = [layout.flat(f"scores[{name!r}]", s) for name, s in scores.items()]
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    kept = np.array([top_mask(vector, k) for vector in vectors], dtype=np.int64)
    shared = kept @ kept.T / k
    if ax is None:
        side = 1.6 + 0.62 * len(scores)
        _, ax = plt.subplots(figsize=(side + 1.2, side), layout="constrained")
    image = ax.imshow(shared, vmin=0.0, vmax=1.0, cmap="cividis")
    for (i, j), share in np.ndenumerate(shared):
        colour = "black" if share > 0.5 else "white"
        ax.text(j, i, f"{share:.2f}", ha="center", va="center", color=colour, size=8)
    places = np.arange(len(scores))
    ax.set_xticks(places, list(scores), rotation=40, ha="right", fontsize=8)
    ax.set_yticks(places, list(scores), fontsize=8)
    ax.set_title(f"{k} of {flat.size} weights; chance {k / flat.size:.2g}", fontsize=10)
    ax.figure.colorbar(image, ax=ax, label="share kept by both")
    return ax


def plot_saliency_loss(result: SaliencyComparison, ax: Any = None) -> Any:
    """Draw the loss and the accuracy of a pruned network over the weights it keeps.

    Parameters
    ----------
    result : SaliencyComparison
    ax : two matplotlib Axes, optional
        By default new ones.

    Returns
    -------
    ndarray of matplotlib Axes, shape (2,)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> network = st.mlp([4, 6, 2])
    >>> w, X = st.initial_weights(network, seed=0), np.eye(4)
    >>> found = st.saliency_comparison(network, w, X, [0, 1, 1, 0], density=[0.5, 1.0])
    >>> st.plot_saliency_loss(found)[0].get_ylabel()
    'loss'
    """
    from matplotlib import pyplot as plt

    if ax is None:
        _, ax = plt.subplots(1, 2, figsize=(10.0, 4.2), layout="constrained")
    axes = np.asarray(ax)
    order = np.argsort(result.density)
    for one, table in zip(axes, (result.loss, result.accuracy), strict=True):
        for i, (name, row) in enumerate(zip(result.scores, table, strict=True)):
            style = {"color": COLOURS[i], "marker": MARKERS[i], "markersize": 4}
            one.plot(result.density[order], row[order], label=name, **style)
        one.set(xlabel="share of weights kept, without retraining", xscale="log")
    axes[0].set(ylabel="loss", yscale="log")
    axes[1].set(ylabel="accuracy", ylim=(0, 1.02))
    axes[0].legend(fontsize=8)
    return axes
