"""Studies of tickets on digits: what each computes, draws and says of which claims."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

from sparsetheory.claims.chance import ENOUGH, SURE
from sparsetheory.claims.claim import Finding, evaluate
from sparsetheory.claims.rows import BY_ID
from sparsetheory.claims.table import (
    Scale,
    Study,
    bench,
    head,
    interval,
    line,
    verdict,
)
from sparsetheory.claims.training_studies import STUDIES as TRAINING
from sparsetheory.experiments.arms import ARMS, Case
from sparsetheory.experiments.chance import chance_pieces, chance_study
from sparsetheory.experiments.grid import lottery_grid, lottery_grid_pieces
from sparsetheory.experiments.label_noise import label_noise_pieces, label_noise_study
from sparsetheory.experiments.lottery import lottery_pieces, lottery_study
from sparsetheory.experiments.overlap import overlap_pieces, overlap_study
from sparsetheory.experiments.variants import (
    layer_arms,
    procedure_arms,
    transfer_arms,
)
from sparsetheory.lottery.optimisers import SGD
from sparsetheory.plotting.lottery import plot_lottery
from sparsetheory.plotting.lottery_studies import (
    plot_chance,
    plot_label_noise,
    plot_lottery_effects,
    plot_overlap,
)

Comparisons = tuple[tuple[str, str, str, Any], ...]
"""Claims, an arm, the one that it is compared with, and how it should do."""
AS_GOOD, WORSE, MUCH_WORSE, BETTER = "as good", "worse", "much worse", "better"


def pruned(scale: Scale, **options: Any) -> dict[str, Any]:
    """Return how much to prune, and other options."""
    return {"rounds": scale["rounds"], "rate": scale["rate"]} | options


def plain(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up what has no options of its own."""
    return bench(scale), pruned(scale)


def layers(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up other weights in one layer."""
    one = bench(scale)
    return one, pruned(scale, arms=layer_arms(one))


def procedures(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up other ways to look for tickets."""
    arms = procedure_arms(rounds=max(scale["rounds"]), rate=scale["rate"])
    return bench(scale), pruned(scale, arms=arms)


def transfer(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up digits 5 to 9, with tickets of 0 to 4."""
    one, other = (bench(scale, classes=c) for c in (range(5), range(5, 10)))
    arms = transfer_arms(one, rounds=max(scale["rounds"]), rate=scale["rate"])
    return other, pruned(scale, arms=arms)


def settings(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up fresh weights by learning rate, steps and depth."""
    slow: dict[str, Any] = {"optimiser": SGD(lr=0.1)}
    deep: dict[str, Any] = {"hidden": [50] * 4, "scheme": "he", "steps": 600}
    benches = {
        "400 steps of 0.1": bench(scale, **slow),
        f"{scale['long']} steps of 0.5": bench(scale, steps=scale["long"]),
        "deep, 600 steps of 0.1": bench(scale, **slow, **deep),
    }
    names = "ticket", "re-initialised", "re-initialised, fan-in", "shuffled in layers"
    return benches, pruned(scale, arms=names)


def moving(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up masks that move, in a shorter and a longer training."""
    benches = {f"{s} steps": bench(scale, steps=s) for s in (400, scale["long"])}
    names = "ticket", "shuffled in layers", "SET", "RigL"
    return benches, pruned(scale, arms=names)


def strong(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up masks that train alone, by width."""

    def untrained(case: Case) -> Any:
        return case.bench.w0 * case.shuffled(by_layer=True)

    benches = {f"{k} units": bench(scale, hidden=[k]) for k in scale["widths"]}
    trained = ARMS["edge-popup, weights frozen"]
    arms = {"trained mask": trained, "random mask": untrained}
    return benches, pruned(scale, rounds=scale["masks"], arms=arms)


def noisy(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up a training long enough to learn wrong labels."""
    return bench(scale, steps=scale["noisy"]), pruned(scale)


def guesses(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up random labels, more of them."""
    return bench(scale, times=3), pruned(scale)


def lines(compared: Comparisons, result: Any) -> Iterator[str]:
    """Yield comparisons of arms at the least density, with dense networks at each."""
    for claims, arm, than, how in compared:
        for at, density in enumerate(result.density):
            if than == "dense" or at == result.density.size - 1:
                effect = result.effect(arm, than, at)
                yield line(claims, f"{arm} against {than}", density, effect, how)


def grid_lines(compared: Comparisons, result: Any) -> Iterator[str]:
    """Yield these comparisons in each setting."""
    for setting, study in result.studies.items():
        for text in lines(compared, study):
            yield f"{text} ({setting})"


def noise_lines(result: Any) -> Iterator[str]:
    """Yield what pruning does to accuracy and gap, by noise and density."""
    for claim, of, how, said in (
        ("C42", "test", BETTER, ""),
        ("C61", "gap", WORSE, "smaller"),
    ):
        for level, share in enumerate(result.noise):
            for at in range(1, result.density.size):
                effect = result.effect(of, level=level, at=at)
                what = f"{of} of ticket against dense, {100 * share:g} % redrawn"
                yield line(claim, what, result.density[at], effect, how, said)


def overlap_lines(result: Any) -> Iterator[str]:
    """Yield how other tickets compare, and what they share with the first."""
    for name in result.overlap:
        for at, density in enumerate(result.density):
            shares = (each[name][at].mean() for each in (result.overlap, result.chance))
            what = "{}, {:.0%} shared, {:.0%} by chance".format(name, *shares)
            yield line("C65", what, density, result.effect(name, at), AS_GOOD)


def chance_lines(result: Any) -> Iterator[str]:
    """Yield shares of random labels, with exact intervals and p values."""
    labels = len(result.seeds) * result.trials
    for name, rows in result.correct.items():
        low, high = (100 * end for end in result.interval(name))
        share, density = rows[-1].sum() / labels, result.density[-1]
        density = 1.0 if name == "dense" else density
        what = f"{name}, random labels"
        shown = interval(100 * share, low, high, "")
        yield head("C82", what, density) + f"{shown}  p {result.p(name):.4f}"
    found = Finding.REFUTED if result.least_p < SURE else Finding.HOLDS
    found = Finding.UNDECIDED if labels < ENOUGH else found
    what = f"{labels} labels each, all p at once"
    yield head("C82", what) + f"{'':28}p {result.least_p:.4f}  by chance: {found}"


def code_pieces(rows: Iterable[str]) -> dict[str, Callable[[], Any]]:
    """Return what computes rows of the ledger."""
    return {row: partial(numbers, row) for row in rows}


def numbers(row: str) -> dict[str, Any]:
    """Return the numbers of a row, and its finding."""
    found = evaluate(BY_ID[row])
    return {**found.numbers, "finding": str(found.finding)}


def code_study(
    rows: Iterable[str], *, known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the numbers and the finding of each row."""
    return {row: (known or {}).get(row) or numbers(row) for row in rows}


def code_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield the finding of each row and its claim."""
    for row, found in result.items():
        yield verdict(row, found["finding"])


CODE = "C48", "C66", "C68", "C69", "C70", "C71", "C83"  # without real data
TICKETS = (
    ("C15", "ticket", "dense", AS_GOOD),
    ("C17 C85", "re-initialised", "ticket", WORSE),
    ("C17", "re-initialised, fan-in", "ticket", WORSE),
    ("C49", "re-initialised", "ticket", MUCH_WORSE),
    ("C49", "mask of another seed", "ticket", MUCH_WORSE),
    ("C85", "shuffled in layers", "re-initialised", AS_GOOD),
    ("C64", "random", "ticket", MUCH_WORSE),
    ("C64", "shuffled in layers", "ticket", MUCH_WORSE),
    ("C79", "one-shot", "ticket", WORSE),
    ("C84", "one-shot, fine-tuned", "one-shot", WORSE),
    ("C89", "signs kept, one magnitude", "ticket", AS_GOOD),
    ("C89", "signs kept", "ticket", AS_GOOD),
    ("C89", "magnitudes kept", "ticket", WORSE),
    ("C13", "GraSP, reversed", "GraSP", WORSE),
    ("C62", "SNIP", "ticket", AS_GOOD),
    ("C62", "GraSP", "ticket", AS_GOOD),
)
FRESH = (
    ("C17 C85", "re-initialised", "ticket", WORSE),
    ("C17", "re-initialised, fan-in", "ticket", WORSE),
    ("C49", "re-initialised", "ticket", MUCH_WORSE),
    ("C85", "shuffled in layers", "re-initialised", AS_GOOD),
)
ONE_LAYER = (
    ("C87", "layer 1 re-initialised", "ticket", WORSE),
    ("C87", "layer 2 re-initialised", "ticket", WORSE),
    ("C87", "layer 1 re-initialised", "layer 2 re-initialised", WORSE),
    ("C87", "layer 1 not rewound", "ticket", WORSE),
    ("C87", "layer 2 not rewound", "ticket", WORSE),
)
PROCEDURES = (
    ("C81", "rewound at the end alone", "dense", AS_GOOD),
    ("C81", "rewound at the end alone", "ticket", AS_GOOD),
    ("C84", "never rewound", "ticket", WORSE),
    ("C67", "shuffled, mask at the start alone", "mask at resets alone", MUCH_WORSE),
    ("C67", "shuffled in layers", "ticket", MUCH_WORSE),
)
MOVING = (
    ("C28", "SET", "shuffled in layers", BETTER),
    ("C28", "RigL", "shuffled in layers", BETTER),
    ("C28", "RigL", "ticket", AS_GOOD),
)
TRANSFER = (
    ("C65", "ticket of the other task", "ticket", AS_GOOD),
    ("C65", "ticket of the other task", "other task's, shuffled", BETTER),
    ("C65", "re-initialised", "ticket", WORSE),
)
STRONG = (
    ("C62", "trained mask", "random mask", BETTER),
    ("C62", "trained mask", "dense", AS_GOOD),
)


def ticket_lines(result: Any) -> Iterator[str]:
    """Yield comparisons of arms, and down to where tickets are as good as dense ones.

    Densities are tested from the largest on, up to the first that fails.
    """
    yield from lines(TICKETS, result)
    least, good = 1.0, True
    for at, density in enumerate(result.density):
        effect = result.effect("ticket", "dense", at)
        if density < 0.1:
            yield line("C47", "ticket against dense", density, effect, AS_GOOD)
        good = good and effect.bears_out(AS_GOOD) is True
        least = density if good else least
    what = "tickets as good as dense, in this order of densities, down to"
    yield head("C15", what, least)


PLAIN = lottery_pieces, lottery_study
GRID = lottery_grid_pieces, lottery_grid
EFFECTS = plot_lottery_effects
MASKS = partial(EFFECTS, than="dense")
# pieces, study, picture, what they are given, lines of the table
STUDIES = {
    "tickets": Study(*PLAIN, plot_lottery, plain, ticket_lines),
    "settings": Study(*GRID, EFFECTS, settings, partial(grid_lines, FRESH)),
    "layers": Study(*PLAIN, EFFECTS, layers, partial(lines, ONE_LAYER)),
    "procedures": Study(*PLAIN, EFFECTS, procedures, partial(lines, PROCEDURES)),
    "moving": Study(*GRID, EFFECTS, moving, partial(grid_lines, MOVING)),
    "strong": Study(*GRID, MASKS, strong, partial(grid_lines, STRONG)),
    "transfer": Study(*PLAIN, EFFECTS, transfer, partial(lines, TRANSFER)),
    "overlap": Study(overlap_pieces, overlap_study, plot_overlap, plain, overlap_lines),
    "noise": Study(
        *(label_noise_pieces, label_noise_study, plot_label_noise),
        *(noisy, noise_lines),
    ),
    "chance": Study(chance_pieces, chance_study, plot_chance, guesses, chance_lines),
    **TRAINING,
    "code": Study(code_pieces, code_study, None, lambda _: (CODE, {}), code_lines),
}


@cache
def given(scale: str, study: str) -> tuple[Any, dict[str, Any]]:
    """Return what a study is given, the same as long as this process lasts."""
    return STUDIES[study].setup(json.loads(scale))


@cache
def work(scale: str, study: str) -> dict[str, Callable[[], Any]]:
    """Return the pieces of a study, which share what they have found."""
    first, options = given(scale, study)
    return STUDIES[study].pieces(first, **options)


def piece(scale: str, study: str, name: str) -> Any:
    """Do a piece of work."""
    return work(scale, study)[name]()


def tasks(scale: Scale, studies: Iterable[str]) -> dict[str, Callable[[], Any]]:
    """Return what is to be done, piece by piece, in any process.

    Parameters
    ----------
    scale : mapping of str to number or list
        Settings of a preset of the script, and the first seed.
    studies : iterable of str
        Names in `STUDIES`.
    """
    text = json.dumps(scale)
    return {
        f"{study}|{name}": partial(piece, text, study, name)
        for study in studies
        for name in work(text, study)
    }


def results(records: Mapping[str, Any], scale: Scale) -> Iterator[tuple[str, Any]]:
    """Yield each study of which all pieces are known, and its result."""
    text = json.dumps(scale)
    for name, study in STUDIES.items():
        start = f"{name}|"
        known = {
            key.removeprefix(start): record
            for key, record in records.items()
            if key.startswith(start)
        }
        if known and known.keys() >= work(text, name).keys():
            first, options = given(text, name)
            yield name, study.result(first, known=known, **options)
