"""Pictures of claims, most from the studies that their numbers come from."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from sparsetheory.claims import (
    chance,
    coherence,
    design,
    drawings,
    dynamic,
    hypotheses,
    jacobian,
    learning,
    lottery,
    procedures,
    recovery,
    reinitialised,
    rewinding,
    training,
)
from sparsetheory.conditions.pruning import pruning_report
from sparsetheory.ensembles import gaussian
from sparsetheory.experiments.convergence import convergence_rate
from sparsetheory.experiments.curve import transition_curve
from sparsetheory.experiments.subset_sum import subset_sum_trials
from sparsetheory.experiments.tickets import ticket_trials
from sparsetheory.layers import digits_filters
from sparsetheory.learning.bounds import rademacher_bounds
from sparsetheory.learning.margin import margin
from sparsetheory.learning.rademacher import rademacher_complexity
from sparsetheory.operators import BlockCirculant
from sparsetheory.plotting.convergence import plot_convergence
from sparsetheory.plotting.curves import plot_transition_curves
from sparsetheory.plotting.designs import plot_design
from sparsetheory.plotting.jacobian import plot_jacobian_recovery
from sparsetheory.plotting.learning import (
    plot_generalisation,
    plot_margins,
    plot_rademacher,
)
from sparsetheory.plotting.lottery import plot_lottery
from sparsetheory.plotting.lottery_studies import (
    plot_chance,
    plot_label_noise,
    plot_lottery_effects,
    plot_overlap,
)
from sparsetheory.plotting.maps import plot_phase_map, plot_phase_maps
from sparsetheory.plotting.model_selection import plot_model_selection
from sparsetheory.plotting.pruning import plot_pruning
from sparsetheory.plotting.tickets import plot_subset_sum, plot_ticket_probability
from sparsetheory.plotting.training import (
    plot_flow,
    plot_rewinding,
    plot_sharpness,
    plot_speed,
    plot_spread,
    plot_sweep,
)
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


def margins() -> Any:
    """Draw margins of class means, with all features and with those that matter."""
    X, y = learning.separable(0, 100, 50, 3)
    means = learning.difference_of_means(X, y)
    return plot_margins(
        {
            "all 50 features": margin(X, y, means),
            "the 3 that matter": margin(X, y, np.where(np.arange(50) < 3, means, 0.0)),
        }
    )


def complexity() -> Any:
    """Draw complexities of one sample."""
    X = learning.waves()
    return plot_rademacher(rademacher_complexity(X), rademacher_bounds(X))


EFFECTS = "Differences of accuracy in points, with 95 % intervals, over the share kept"
NOISE = Figure(
    lambda: plot_label_noise(hypotheses.noisy()),
    "Tickets less dense networks, on clean labels and on noisy ones: accuracy on test "
    "data, and the gap to training data.",
)
REWOUND = Figure(
    lambda: plot_rewinding(rewinding.study()),
    "Accuracy of tickets, and how many a line of no larger loss joins to other "
    "networks, over the step that they are rewound to.",
)
FIGURES: Mapping[str, Figure] = {
    "C13": Figure(
        drawings.left_gradients,
        "What is left of the gradient as one weight of a network shrinks, over its "
        "score.",
    ),
    "C15": arms(),
    "C17": arms("re-initialised", "re-initialised, fan-in"),
    "C19": Figure(
        lambda: plot_ticket_probability(
            ticket_trials(10, 3, np.linspace(0.4, 1.8, 15), trials=200_000)
        ),
        "The chance that 3 of 10 weights in given places exceed a threshold, and no "
        "others: formula and counts with 95 % intervals.",
    ),
    "C22": Figure(
        drawings.hidden_saddles,
        "A saddle of two coupled weights is none once either is pruned.",
    ),
    "C25": Figure(
        lambda: plot_sharpness(training.spectra()),
        "Spectra of the loss on tickets, over the step that they are rewound to.",
    ),
    "C28": Figure(
        lambda: plot_lottery_effects(dynamic.on_digits(), than=dynamic.STATIC),
        f"{EFFECTS}: masks that move less one at random that stays.",
    ),
    "C31": Figure(
        drawings.supports,
        "Supports along the way: entries come back in iterative hard thresholding, "
        "and never in magnitude pruning.",
    ),
    "C32": Figure(
        drawings.risks,
        "Mean squared error of one normal observation of μ once thresholded at λ.",
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
    "C42": NOISE,
    "C43": Figure(
        margins,
        "How margins of samples are distributed; a line from the foot marks the least.",
    ),
    "C44": Figure(
        complexity,
        "Rademacher complexity of k features in one ball, exact, and bounds on it.",
    ),
    "C45": Figure(
        lambda: plot_model_selection({"random designs": coherence.signs_found()}),
        "How often designs are irrepresentable, and how often the LASSO finds all "
        "signs, over the number of samples and the size of the coefficients.",
    ),
    "C46": Figure(
        lambda: plot_design(design.studies()),
        "How good the longest rows are beside the best ones, and how many are among "
        "them, over the variance of the prior.",
    ),
    "C47": arms(),
    "C49": arms("re-initialised", "mask of another seed"),
    "C50": arms("shuffled in layers", "re-initialised", "signs kept, one magnitude"),
    "C51": REWOUND,
    "C52": Figure(
        drawings.expansions,
        "Errors of the expansions of a pruned network about both starts.",
    ),
    "C53": Figure(
        lambda: plot_rewinding(rewinding.deep_study()),
        "Tickets of five layers, over the step that they are rewound to.",
    ),
    "C55": Figure(
        lambda: plot_subset_sum(subset_sum_trials(range(2, 19, 2), trials=100)),
        "The error of the best subset of n random weights and of the best one of "
        "them: medians and quartiles, and their laws.",
    ),
    "C58": Figure(
        lambda: plot_flow(training.flows()),
        "Accuracy on masks over the cosine that they keep with the gradient, by seed.",
    ),
    "C59": Figure(
        lambda: plot_generalisation(learning.coin_flips()),
        "Gaps between test and training error on labels that are coin flips, "
        "what bounds them, and the rate that is 0 where all features are kept.",
    ),
    "C60": Figure(
        drawings.complexities,
        "Rademacher complexity of all supports of k among n features over that of "
        "one, for normal samples.",
    ),
    "C61": NOISE,
    "C64": arms("random", "shuffled in layers"),
    "C65": Figure(
        lambda: plot_overlap(hypotheses.overlap()),
        "Shares of a ticket that others have, and what chance would give.",
    ),
    "C72": arms("re-initialised", "random"),
    "C79": arms("one-shot"),
    "C81": Figure(
        lambda: plot_lottery_effects(procedures.procedures()),
        f"{EFFECTS}: other recipes less tickets.",
    ),
    "C82": Figure(
        lambda: plot_chance(chance.study()),
        "Accuracy on random labels, with exact 95 % intervals, and chance.",
    ),
    "C84": arms("one-shot", "one-shot, fine-tuned"),
    "C85": arms("re-initialised", "shuffled in layers"),
    "C86": REWOUND,
    "C87": Figure(
        lambda: plot_lottery_effects(reinitialised.layers()),
        f"{EFFECTS}: tickets with one layer exchanged less tickets.",
    ),
    "C89": arms("signs kept, one magnitude", "magnitudes kept"),
    "C90": Figure(
        lambda: plot_sweep(training.noises()),
        "Accuracy over the noise on initial weights.",
    ),
    "C91": Figure(
        lambda: plot_sweep(training.step_sizes()),
        "Accuracy over the size of steps.",
    ),
    "C93": Figure(
        lambda: plot_sweep(training.batch_sizes()),
        "Accuracy over the size of batches.",
    ),
    "C94": Figure(
        lambda: plot_spread(training.data_orders()),
        "Standard deviations of the accuracy over orders of the data, by seed.",
    ),
    "C95": Figure(
        lambda: plot_speed(training.speeds()),
        "Training loss over the steps, geometric means over seeds.",
    ),
}
