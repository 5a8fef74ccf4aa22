"""Pictures of claims on recovery from few measurements."""

from typing import Any

import numpy as np

from sparsetheory.claims import coherence, convexity, jacobian, recovery
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.conditions.pruning import pruning_report
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.convergence import convergence_rate
from sparsetheory.experiments.curve import transition_curve
from sparsetheory.layers import digits_filters
from sparsetheory.operators import BlockCirculant
from sparsetheory.plotting.axes import bars, below, beside
from sparsetheory.plotting.convergence import plot_convergence
from sparsetheory.plotting.curves import COLOURS, plot_transition_curves
from sparsetheory.plotting.jacobian import plot_jacobian_recovery
from sparsetheory.plotting.maps import plot_phase_map, plot_phase_maps
from sparsetheory.plotting.model_selection import plot_model_selection
from sparsetheory.plotting.pruning import plot_pruning
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.basis_pursuit import basis_pursuit
from sparsetheory.theory.bounds import RIP_CONDITIONS


def guarantees() -> Any:
    """Draw isometry constants with their bounds, and how many signals are missed.

    The order of a constant, a multiple of k, is part of its condition.
    """
    axes = beside(("isometry constant, of the order named", ""), ("signals missed", ""))
    found = convexity.tried()
    names = {
        "l1 2k": "basis pursuit",
        "iht 0.618": "IHT",
        "iht 1/sqrt(3)": "HTP",
        "cosamp 0.4782": "CoSaMP",
        "sp 0.4859": "subspace pursuit",
    }
    own, most = zip(*(found.constants[name] for name in names), strict=True)
    both = {"of this matrix": own, "condition: less than": most}
    orders = [f"{text}, {RIP_CONDITIONS[name].order}k" for name, text in names.items()]
    bars(axes[0], orders, both)
    counts = {names[name]: count for name, count in found.missed.items()}
    beyond = {
        "at_scale_2": "IHT, matrix doubled",
        "with_uneven_columns": "IHT, uneven columns",
        "with_columns_normalised": "IHT, these made even",
    }
    counts |= {label: found.beside[name] for name, label in beyond.items()}
    bars(axes[1], list(counts), {"": list(counts.values())})
    axes[1].set_title(f"of {found.signals} with entries ±1 and ±0.1", fontsize=10)
    below(axes[0])
    return axes


def contractions() -> Any:
    """Draw measured contractions and their bounds, and two runs on a harder matrix."""
    left, right = beside(
        ("factor of the error in one step, at worst", "share of supports, or runs"),
        ("iteration", "error over its start"),
    )
    easy, hard = convexity.contractions(), convexity.wrong_signal()
    names = {"masked": "descent on a mask", "iht": "IHT"}
    t = np.array(convexity.TIMES[:-1])
    for i, (name, label) in enumerate(names.items()):
        style, share = {"color": COLOURS[i]}, np.linspace(0, 1, 51)
        left.plot(np.quantile(easy.factors[name], share), share, **style)
        left.axvline(easy.bounds[name], linestyle="--", **style)
        sizes = np.linalg.norm(hard.errors[name][:-1], axis=1)
        right.semilogy(t, sizes / sizes[0], label=label, **style)
    bound = hard.bounds["masked"] ** t
    right.semilogy(t, bound, "--", color=COLOURS[0], label="bound")
    right.minorticks_off()
    below(right, 3)
    return np.array([left, right])


def transitions() -> Any:
    """Draw transitions of basis pursuit at three sizes."""
    delta = np.linspace(0.1, 0.9, 5)
    curves = {
        f"n = {n}": transition_curve(basis_pursuit, n=n, delta=delta, trials=96)
        for n in (50, 100, 200)
    }
    return plot_transition_curves(curves)


def harms() -> Any:
    """Draw where supports are found with noise, with like columns and with neither."""
    titles = {"clean": "clean", "noise_.5": "noise of half the signal"}
    titles["correlation_.5"] = "correlation ½ of all columns"
    maps = {titles[name]: found for name, found in recovery.harmed_maps().items()}
    return np.array(plot_phase_maps(maps, columns=3).axes)


def rates() -> Any:
    """Draw masked descent and IHT on one problem."""
    A, x = gaussian(200, 400, rng=1), sparse_signal(400, 10, rng=2)
    return plot_convergence(convergence_rate(A, x, step=0.6))


FIGURES = {
    "C35": Figure(
        guarantees,
        "Left: a matrix of 20 columns meets the condition of five algorithms, k = 2. "
        "Right: they recover signals on all pairs of places, with all signs, of sizes "
        "1 and 0.1, the larger first; with another scale, or columns of uneven "
        "length, hard thresholding misses many.",
    ),
    "C38": Figure(
        contractions,
        "Left: on a convolution layer descent on no support, and no run of IHT, is "
        "slower than its bound (dashed). Right: a matrix that nearly confuses two "
        "signals. Descent on the mask, from one entry, has a bound below one and "
        "converges; IHT has none, starts at the wrong signal and stays.",
    ),
    "C34": Figure(
        lambda: plot_jacobian_recovery(jacobian.study()),
        "Sparse changes of the weights that are found from outputs, over the number "
        "of outputs and over the size of the change.",
    ),
    "C36": Figure(
        lambda: plot_phase_map(recovery.full_map()),
        "Where basis pursuit recovers, by proof in each trial: sparsity over the "
        "share of measurements.",
    ),
    "C37": Figure(
        lambda: plot_pruning(pruning_report(BlockCirculant(digits_filters(), 8), 2)),
        "Isometry constants of a layer for images of digits before and after each "
        "filter and channel is removed.",
    ),
    "C39": Figure(
        rates,
        "The error of gradient descent on the support and of iterative hard "
        "thresholding, and the slope that theory predicts.",
    ),
    "C40": Figure(
        harms,
        "How often iterative hard thresholding finds the support of signs.",
    ),
    "C41": Figure(
        transitions,
        "The sparsity at which recovery is an even bet, with 95 % intervals, and "
        "theory.",
    ),
    "C45": Figure(
        lambda: plot_model_selection({"random designs": coherence.signs_found()}),
        "How often designs are irrepresentable, and how often the LASSO finds all "
        "signs, over the number of samples and the size of the coefficients.",
    ),
}
