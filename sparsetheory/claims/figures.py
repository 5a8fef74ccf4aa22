"""Pictures of claims, most from the studies that their numbers come from."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from sparsetheory.claims import jacobian, lottery, recovery
from sparsetheory.conditions.pruning import pruning_report
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.convergence import convergence_rate
from sparsetheory.experiments.curve import transition_curve
from sparsetheory.experiments.subset_sum import subset_sum_trials
from sparsetheory.experiments.tickets import ticket_trials
from sparsetheory.layers import digits_filters
from sparsetheory.operators import BlockCirculant
from sparsetheory.plotting.convergence import plot_convergence
from sparsetheory.plotting.curves import plot_transition_curves
from sparsetheory.plotting.jacobian import plot_jacobian_recovery
from sparsetheory.plotting.lottery import plot_lottery
from sparsetheory.plotting.maps import plot_phase_map
from sparsetheory.plotting.pruning import plot_pruning
from sparsetheory.plotting.tickets import plot_subset_sum, plot_ticket_probability
from sparsetheory.signals import sparse_signal
from sparsetheory.solvers.basis_pursuit import basis_pursuit


class Figure(NamedTuple):
    """What draws a picture, and what it says below.

    `draw` returns Matplotlib's Axes, or an array of them.
    """

    draw: Callable[[], Any]
    caption: str


def arms(*names: str) -> Figure:
    """Draw arms of the study of tickets beside tickets and dense networks."""

    def draw() -> Any:
        found = lottery.study()
        accuracy = {name: found.accuracy[name] for name in ("ticket", *names)}
        return plot_lottery(replace(found, accuracy=accuracy))

    caption = "Accuracy on test data over the share of weights kept"
    return Figure(draw, f"{caption}: dense networks, {', '.join(('tickets', *names))}.")


def transitions() -> Any:
    """Draw transitions of basis pursuit at three sizes."""
    delta = np.linspace(0.1, 0.9, 5)
    curves = {
        f"n = {n}": transition_curve(basis_pursuit, n=n, delta=delta, trials=96)
        for n in (50, 100, 200)
    }
    return plot_transition_curves(curves)


def rates() -> Any:
    """Draw masked descent and IHT on one problem."""
    A, x = gaussian(200, 400, rng=1), sparse_signal(400, 10, rng=2)
    return plot_convergence(convergence_rate(A, x, step=0.6))


FIGURES: Mapping[str, Figure] = {
    "C15": arms(),
    "C17": arms("re-initialised", "re-initialised, fan-in"),
    "C19": Figure(
        lambda: plot_ticket_probability(
            ticket_trials(10, 3, np.linspace(0.4, 1.8, 15), trials=200_000)
        ),
        "The chance that 3 of 10 weights in given places exceed a threshold, and no "
        "others: formula and counts with 95 % intervals.",
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
    "C41": Figure(
        transitions,
        "The sparsity at which recovery is an even bet, with 95 % intervals, and "
        "theory.",
    ),
    "C47": arms(),
    "C49": arms("re-initialised", "mask of another seed"),
    "C55": Figure(
        lambda: plot_subset_sum(subset_sum_trials(range(2, 19, 2), trials=100)),
        "The error of the best subset of n random weights and of the best one of "
        "them: medians and quartiles, and their laws.",
    ),
    "C64": arms("random", "shuffled in layers"),
    "C79": arms("one-shot"),
    "C84": arms("one-shot", "one-shot, fine-tuned"),
    "C85": arms("re-initialised", "shuffled in layers"),
    "C89": arms("signs kept, one magnitude", "magnitudes kept"),
}
