"""Pictures of claims on training, from the studies that their numbers come from."""

from dataclasses import replace
from typing import Any

from sparsetheory.claims import (
    dynamic,
    hypotheses,
    lottery,
    procedures,
    reinitialised,
    rewinding,
    training,
)
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.plotting.lottery import plot_lottery
from sparsetheory.plotting.lottery_studies import (
    plot_label_noise,
    plot_lottery_effects,
    plot_overlap,
)
from sparsetheory.plotting.training import (
    plot_flow,
    plot_rewinding,
    plot_sharpness,
    plot_speed,
    plot_spread,
    plot_sweep,
)


def arms(*names: str) -> Figure:
    """Draw arms of the study of tickets beside tickets and dense networks."""

    def draw() -> Any:
        found = lottery.study()
        accuracy = {name: found.accuracy[name] for name in ("ticket", *names)}
        return plot_lottery(replace(found, accuracy=accuracy))

    caption = "Accuracy on test data over the share of weights kept"
    return Figure(draw, f"{caption}: dense networks, {', '.join(('tickets', *names))}.")


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
FIGURES = {
    "C15": arms(),
    "C17": arms("re-initialised", "re-initialised, fan-in"),
    "C25": Figure(
        lambda: plot_sharpness(training.spectra()),
        "Spectra of the loss on tickets, over the step that they are rewound to.",
    ),
    "C28": Figure(
        lambda: plot_lottery_effects(dynamic.on_digits(), than=dynamic.STATIC),
        f"{EFFECTS}: masks that move less one at random that stays.",
    ),
    "C42": NOISE,
    "C47": arms(),
    "C49": arms("re-initialised", "mask of another seed"),
    "C50": arms("shuffled in layers", "re-initialised", "signs kept, one magnitude"),
    "C51": REWOUND,
    "C53": Figure(
        lambda: plot_rewinding(rewinding.deep_study()),
        "Tickets of five layers, over the step that they are rewound to.",
    ),
    "C58": Figure(
        lambda: plot_flow(training.flows()),
        "Accuracy on masks over the cosine that they keep with the gradient, by seed.",
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
