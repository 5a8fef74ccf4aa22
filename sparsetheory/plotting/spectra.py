"""Spectra of the loss on masks as a picture."""

from typing import Any

import numpy as np

from sparsetheory.experiments.spectra import HessianSpectra
from sparsetheory.plotting.curves import COLOURS, MARKERS

BELOW: dict[str, Any] = {
    "loc": "upper center",
    "bbox_to_anchor": (0.5, -0.14),
    "borderaxespad": 0,
}
SMALL = 1e-3  # of the largest magnitude; below, the axis of eigenvalues is linear


def plot_spectra(result: HessianSpectra, ax: Any = None) -> Any:
    """Draw eigenvalues on masks within their bounds, and the ends along training.

    On the left after the last step: all eigenvalues on each mask, and the band that
    those of the whole Hessian leave to each by interlacing. On the right the largest
    (solid) and the smallest (dashed) on each mask.

    Parameters
    ----------
    result : HessianSpectra
        Masks of which the ends alone are known are not on the left.
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
    >>> masks = {"half": st.top_mask(abs(w), 20)}
    >>> found = st.hessian_spectra(network, w, X, [0, 1, 1, 0], masks, batch=4)
    >>> st.plot_spectra(found).shape
    (2,)
    """
    from matplotlib import pyplot as plt

    if ax is None:
        _, ax = plt.subplots(1, 2, figsize=(10.5, 5.4), layout="constrained")
    spectrum, ends = axes = np.asarray(ax)
    last = result.steps.size - 1
    peak = 0.0
    for i, name in enumerate(result.masks):
        colour = COLOURS[i % len(COLOURS)]
        style = {"color": colour, "marker": MARKERS[i % len(MARKERS)], "markersize": 4}
        ends.plot(result.steps, result.largest[i], label=name, **style)
        ends.plot(result.steps, result.smallest[i], linestyle="--", **style)
        if not result.complete(i, last):
            continue
        inner, outer = result.block[i][last], result.whole[i][last]
        k = inner.size
        x = np.arange(1, k + 1) / k
        label = f"{name}: {result.negative[i, last]:.0f} of {k} negative"
        spectrum.plot(x, inner, color=colour, linewidth=1.8, label=label)
        bounds = outer[:k], outer[outer.size - k :]
        spectrum.fill_between(x, *bounds, facecolor=(colour, 0.12), edgecolor=colour)
        peak = max(peak, float(np.abs(outer).max()))
    if peak:
        spectrum.set_yscale("symlog", linthresh=10 ** np.floor(np.log10(SMALL * peak)))
        spectrum.legend(
            title="shaded: what interlacing allows",
            fontsize=8,
            title_fontsize=8,
            **BELOW,
        )
    spectrum.set(
        xlabel="rank of the eigenvalue, as a share",
        ylabel="eigenvalue of the Hessian on the mask",
        title=f"after {result.steps[last]} steps",
    )
    ends.set(
        xlabel="steps of training on the mask",
        ylabel="largest and smallest (dashed) eigenvalue",
    )
    ends.axhline(0, color="#888888", linewidth=0.6)
    positive = result.steps[result.steps > 0]
    if positive.size > 1:
        ends.set_xscale("symlog", linthresh=positive.min())
        ends.set_xticks(result.steps, [str(s) for s in result.steps])
        ends.minorticks_off()
        ends.set_xlim(left=-0.1 * positive.min() if result.steps[0] == 0 else None)
    ends.legend(fontsize=8, **BELOW)
    return axes
