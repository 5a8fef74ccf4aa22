"""Which weights different saliencies keep."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sparsetheory.lottery._layout import Arrays, lay_out
from sparsetheory.lottery.masks import top_mask


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
