"""Lottery tickets on real data: the claims about them, and whether they hold.

Networks for images of digits, many seeds at once and paired: tickets and twenty other
ways to prune; fresh weights by learning rate, steps and depth, or in one layer; other
ways to look for tickets; masks that move, and masks that train alone; tickets of other
digits, and tickets found again; noisy labels, and labels at random. Prints each claim
with its effect, interval, exact p value and what follows. Writes STEM.json.gz, all
numbers of each seed, and a picture STEM_STUDY of each study, as .png and .svg.

  python scripts/lottery_ticket.py
  python scripts/lottery_ticket.py --preset paper --resume --engine processes
  python scripts/lottery_ticket.py --study tickets --study noise
  python scripts/lottery_ticket.py --redraw figures/lottery_paper.json.gz
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import matplotlib as mpl

import sparsetheory as st
from sparsetheory.experiments.arms import ARMS, Case
from sparsetheory.experiments.engines import end_children, engine
from sparsetheory.experiments.records import (
    check_writable,
    complete_records,
    load_records,
    resumed_records,
    stem_of,
)
from sparsetheory.plotting.saving import save_figure

mpl.use("Agg")

Scale = Mapping[str, Any]
Comparisons = tuple[tuple[str, str, str, Any], ...]
"""Claims, an arm, the one that it is compared with, and how it should do."""
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "seeds": 3,
        "rate": 0.5,
        "rounds": [2, 4],
        "masks": [1, 2],
        "widths": [100],
        "long": 800,
        "noisy": 1000,
    },
    "paper": {
        "seeds": 12,
        "rate": 0.2,
        "rounds": [3, 6, 10, 14],
        "masks": [1, 3, 6],
        "widths": [100, 400],
        "long": 1600,
        "noisy": 1000,
    },
}
ENOUGH = 5000  # random labels, for a standard error of 0.4 points
AS_GOOD, WORSE, MUCH_WORSE, BETTER = "as good", "worse", "much worse", "better"


@dataclass(frozen=True)
class Study:
    """A study, its picture, and its part of the table.

    `setup` returns what pieces and study are given: one argument, and options. `rows`
    yields lines of the table.
    """

    pieces: Callable[..., dict[str, Callable[[], Any]]]
    result: Callable[..., Any]
    plot: Callable[[Any], Any]
    setup: Callable[[Scale], tuple[Any, dict[str, Any]]]
    rows: Callable[[Any], Iterator[str]]


def bench(scale: Scale, **options: Any) -> st.LotteryBench:
    first = scale["seed"]
    return st.lottery_bench(
        "digits", seeds=range(first, first + scale["seeds"]), **options
    )


def pruned(scale: Scale, **options: Any) -> dict[str, Any]:
    return {"rounds": scale["rounds"], "rate": scale["rate"]} | options


def plain(scale: Scale) -> tuple[Any, dict[str, Any]]:
    return bench(scale), pruned(scale)


def layers(scale: Scale) -> tuple[Any, dict[str, Any]]:
    one = bench(scale)
    return one, pruned(scale, arms=st.layer_arms(one))


def procedures(scale: Scale) -> tuple[Any, dict[str, Any]]:
    arms = st.procedure_arms(rounds=max(scale["rounds"]), rate=scale["rate"])
    return bench(scale), pruned(scale, arms=arms)


def transfer(scale: Scale) -> tuple[Any, dict[str, Any]]:
    one, other = (bench(scale, classes=c) for c in (range(5), range(5, 10)))
    arms = st.transfer_arms(one, rounds=max(scale["rounds"]), rate=scale["rate"])
    return other, pruned(scale, arms=arms)


def settings(scale: Scale) -> tuple[Any, dict[str, Any]]:
    slow, deep = {"optimiser": st.SGD(lr=0.1)}, {"hidden": [50] * 4, "scheme": "he"}
    benches = {
        "400 steps of 0.1": bench(scale, **slow),
        f"{scale['long']} steps of 0.5": bench(scale, steps=scale["long"]),
        "deep, 600 steps of 0.1": bench(scale, steps=600, **slow, **deep),
    }
    names = "ticket", "re-initialised", "re-initialised, fan-in", "shuffled in layers"
    return benches, pruned(scale, arms=names)


def moving(scale: Scale) -> tuple[Any, dict[str, Any]]:
    benches = {f"{s} steps": bench(scale, steps=s) for s in (400, scale["long"])}
    names = "ticket", "shuffled in layers", "SET", "RigL"
    return benches, pruned(scale, arms=names)


def strong(scale: Scale) -> tuple[Any, dict[str, Any]]:
    def untrained(case: Case) -> Any:
        return case.bench.w0 * case.shuffled(by_layer=True)

    benches = {f"{k} units": bench(scale, hidden=[k]) for k in scale["widths"]}
    trained = ARMS["edge-popup, weights frozen"]
    arms = {"trained mask": trained, "random mask": untrained}
    return benches, pruned(scale, rounds=scale["masks"], arms=arms)


def noisy(scale: Scale) -> tuple[Any, dict[str, Any]]:
    return bench(scale, steps=scale["noisy"]), pruned(scale)


def head(claims: str, what: str, density: float | None = None) -> str:
    """Return the beginning of a line of the table."""
    share = "" if density is None else f"{100 * density:.1f} %"
    return f"{claims:8} {what:66} {share:>7} "


def line(claims: str, what: str, density: float, effect: Any, how: Any) -> str:
    """Return a line of the table: differences in points, and what they say."""
    found = {True: "holds", False: "fails", None: "undecided"}[effect.bears_out(how)]
    mean, low, high = (100 * x for x in (effect.mean, effect.low, effect.high))
    interval = f"{mean:+7.2f} [{low:+7.2f}, {high:+7.2f}]"
    return head(claims, what, density) + f"{interval}  p {effect.p:.4f}  {how}: {found}"


def lines(compared: Comparisons, result: Any) -> Iterator[str]:
    """Yield comparisons of arms at the least density, with dense networks at each."""
    for claims, arm, than, how in compared:
        for at, density in enumerate(result.density):
            if than == "dense" or at == result.density.size - 1:
                effect = result.effect(arm, than, at)
                yield line(claims, f"{arm} against {than}", density, effect, how)


def grid_lines(compared: Comparisons, result: Any) -> Iterator[str]:
    for setting, study in result.studies.items():
        for text in lines(compared, study):
            yield f"{text} ({setting})"


def noise_lines(result: Any) -> Iterator[str]:
    for claim, of, how in (("C42", "test", BETTER), ("C61", "gap", WORSE)):
        for level, share in enumerate(result.noise):
            for at in range(1, result.density.size):
                effect = result.effect(of, level=level, at=at)
                what = f"{of} of ticket against dense, {100 * share:g} % redrawn"
                yield line(claim, what, result.density[at], effect, how)


def overlap_lines(result: Any) -> Iterator[str]:
    for name in result.overlap:
        for at, density in enumerate(result.density):
            shares = (each[name][at].mean() for each in (result.overlap, result.chance))
            what = "{}, {:.0%} shared, {:.0%} by chance".format(name, *shares)
            yield line("C65", what, density, result.effect(name, at), AS_GOOD)


def chance_lines(result: Any) -> Iterator[str]:
    labels = len(result.seeds) * result.trials
    for name, rows in result.correct.items():
        low, high = (100 * end for end in result.interval(name))
        share, density = rows[-1].sum() / labels, result.density[-1]
        density = 1.0 if name == "dense" else density
        what = f"{name}, random labels"
        interval = f"{100 * share:7.2f} [{low:7.2f}, {high:7.2f}]"
        yield head("C82", what, density) + f"{interval}  p {result.p(name):.4f}"
    found = (
        "undecided" if labels < 5000 else "fails" if result.least_p < 1e-3 else "holds"
    )
    what = f"{labels} labels each, all p at once"
    yield head("C82", what) + f"{'':28}p {result.least_p:.4f}  by chance: {found}"


TICKETS = (
    ("C15 C47", "ticket", "dense", AS_GOOD),
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
PLAIN = st.lottery_pieces, st.lottery_study
GRID = st.lottery_grid_pieces, st.lottery_grid
EFFECTS = st.plot_lottery_effects
MASKS = partial(EFFECTS, than="dense")
# pieces, study, picture, what they are given, lines of the table
STUDIES = {
    "tickets": Study(*PLAIN, st.plot_lottery, plain, partial(lines, TICKETS)),
    "settings": Study(*GRID, EFFECTS, settings, partial(grid_lines, FRESH)),
    "layers": Study(*PLAIN, EFFECTS, layers, partial(lines, ONE_LAYER)),
    "procedures": Study(*PLAIN, EFFECTS, procedures, partial(lines, PROCEDURES)),
    "moving": Study(*GRID, EFFECTS, moving, partial(grid_lines, MOVING)),
    "strong": Study(*GRID, MASKS, strong, partial(grid_lines, STRONG)),
    "transfer": Study(*PLAIN, EFFECTS, transfer, partial(lines, TRANSFER)),
    "overlap": Study(
        st.overlap_pieces, st.overlap_study, st.plot_overlap, plain, overlap_lines
    ),
    "noise": Study(
        *(st.label_noise_pieces, st.label_noise_study, st.plot_label_noise),
        *(noisy, noise_lines),
    ),
    "chance": Study(
        st.chance_pieces, st.chance_study, st.plot_chance, plain, chance_lines
    ),
}


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--preset", choices=PRESETS, default="quick", help="seconds, or minutes")
    add("--study", action="append", choices=STUDIES, help="one of them (default: all)")
    add("--seeds", type=int, help="how many")
    add("--seed", type=int, default=0, help="the first one (default: 0)")
    add("--engine", choices=("threads", "processes", "dask"), default="threads")
    add("--workers", type=int, help="how many (default: one per processor)")
    add("--out", type=Path, metavar="STEM", help="(default: figures/lottery_PRESET)")
    add("--resume", action="store_true", help="go on from STEM.json.gz")
    add("--redraw", type=Path, metavar="FILE.json.gz", help="draw stored results again")
    args = parser.parse_args(argv)
    try:
        prepare(args)
    except (EOFError, OSError, TypeError, ValueError) as error:
        parser.error(str(error))
    return args


def prepare(args: argparse.Namespace) -> None:
    """Read and check all that the work depends on, before the work."""
    default = Path("figures", f"lottery_{args.preset}")
    args.out = args.out or (stem_of(args.redraw) if args.redraw else default)
    check_writable(args.out)
    args.records = {}
    if args.redraw:
        args.records, args.settings = load_records(args.redraw, ())
        return
    scale = PRESETS[args.preset]
    seeds = scale["seeds"] if args.seeds is None else args.seeds
    for name, value, least, most in (
        ("--seed", args.seed, 0, 2**31),
        ("--seeds", seeds, 2, 40),
        ("--workers", 1 if args.workers is None else args.workers, 1, 1024),
    ):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
        if value > most:
            raise ValueError(f"{name} must be at most {most}, got {value}")
    args.settings = {**scale, "seeds": seeds, "seed": args.seed}
    if args.resume:
        args.records = resumed_records(f"{args.out}.json.gz", (), args.settings)


@cache
def work(settings: str, study: str) -> dict[str, Callable[[], Any]]:
    """Return the pieces of a study, the same ones as long as this process lasts."""
    first, options = STUDIES[study].setup(json.loads(settings))
    return STUDIES[study].pieces(first, **options)


def piece(settings: str, study: str, name: str) -> Any:
    return work(settings, study)[name]()


def tasks(settings: Scale, studies: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield the name of each piece of work, and how to do it, in any process."""
    text = json.dumps(settings)
    for study in studies:
        for name in work(text, study):
            yield f"{study}|{name}", partial(piece, text, study, name)


def results(records: Mapping[str, Any], settings: Scale) -> Iterator[tuple[str, Any]]:
    """Yield each study of which all is known, and its result."""
    text = json.dumps(settings)
    for name, study in STUDIES.items():
        parts = (key.partition("|") for key in records)
        known = {
            part: records[f"{name}|{part}"] for first, _, part in parts if first == name
        }
        if known and known.keys() >= work(text, name).keys():
            first, options = study.setup(settings)
            yield name, study.result(first, known=known, **options)


def main(argv: list[str] | None = None) -> None:
    from matplotlib import pyplot as plt

    start = time.perf_counter()
    args = arguments(argv)
    paths = []
    if not args.redraw:
        paths.append(Path(f"{args.out}.json.gz"))
        todo = dict(tasks(args.settings, args.study or STUDIES))
        with engine(args.engine, args.workers) as where:
            complete_records(paths[0], todo, args.records, args.settings, **where)
    print(
        "Differences of accuracy in points, 95 % intervals, exact sign-flip p values."
    )
    for name, result in results(args.records, args.settings):
        print(name)
        for text in STUDIES[name].rows(result):
            print(f"  {text}")
        figure = STUDIES[name].plot(result).figure
        paths += save_figure(figure, f"{args.out}_{name}")
        plt.close(figure)
    print(f"wrote {', '.join(map(str, paths))} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        end_children()
        os._exit(130)  # whatever still runs in a thread is not waited for
    except (BrokenProcessPool, OSError, ValueError) as error:
        print(f"lottery_ticket.py: error: {error}", file=sys.stderr)
        sys.exit(1)
