"""Lottery tickets on real data: the claims about them, and whether they hold.

Networks for images of digits, many seeds at once and paired: tickets and twenty other
ways to prune; fresh weights by learning rate, steps and depth, or in one layer; other
ways to look for tickets; masks that move, and masks that train alone; tickets of other
digits, and tickets found again; noisy labels, and labels at random; tickets along
training, rewound late, from noisy weights, by order, batch and step, how soon they
learn, their curvature and gradients; and code that looks for tickets, to the letter.
Prints each claim with its effects, intervals, exact p values and what follows. Writes
STEM.json.gz, all numbers of each seed, and a picture STEM_STUDY of each study, as .png
and .svg.

  python scripts/lottery_ticket.py
  python scripts/lottery_ticket.py --preset paper --resume --workers 4
  python scripts/lottery_ticket.py --study tickets --study noise
  python scripts/lottery_ticket.py --redraw figures/lottery_paper.json.gz
"""

import argparse
import time
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import study

from sparsetheory.claims.studies import STUDIES, results, tasks
from sparsetheory.experiments.engines import engine
from sparsetheory.experiments.records import complete_records
from sparsetheory.plotting.saving import save_figure

mpl.use("Agg")

PRESETS: dict[str, dict[str, Any]] = {
    "quick": {
        "seeds": 2,
        "rate": 0.5,
        "rounds": [2, 4],
        "masks": [1, 2],
        "widths": [100],
        "long": 800,
        "noisy": 1000,
        "late": [0, 4, 80],
        "spectra": [0, 80],
        "orders": 4,
    },
    "paper": {
        "seeds": 12,
        "rate": 0.2,
        "rounds": [3, 6, 11, 14],
        "masks": [1, 3, 6],
        "widths": [100, 400],
        "long": 1600,
        "noisy": 1000,
        "late": [0, 4, 20, 40, 80, 160],
        "spectra": [0, 4, 20, 80, 400],
        "orders": 8,
    },
}
HEADER = """\
Differences of accuracy in points, 95 % intervals, exact sign-flip p values. As good:
all of the interval above minus a point. Worse and better: all of it on that side of
zero, and p at most 0.05, each line by itself; much worse: by five points. Steps,
doublings and eigenvalues are as they are; below such lines a claim and the finding, by
the rule of its row, with corrections for what is tested together."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = study.options(__doc__, PRESETS, "lottery")
    add = parser.add_argument
    add("--study", action="append", choices=STUDIES, help="one of them (default: all)")
    add("--seeds", type=int, help="how many")
    add("--seed", type=int, default=0, help="the first one (default: 0)")
    add("--engine", choices=("threads", "processes", "dask"), default="processes")
    add("--workers", type=int, help="how many (default: one per processor)")
    return study.arguments(parser, argv, (), settings)


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return all that the work depends on."""
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
    return {**scale, "seeds": seeds, "seed": args.seed}


def main(argv: list[str] | None = None) -> None:
    from matplotlib import pyplot as plt

    start = time.perf_counter()
    args = arguments(argv)
    paths = []
    if not args.redraw:
        paths.append(Path(f"{args.out}.json.gz"))
        todo = tasks(args.settings, args.study or STUDIES)
        with engine(args.engine, args.workers) as where:
            complete_records(paths[0], todo, args.records, args.settings, **where)
    first, last = args.settings["seed"], args.settings["seed"] + args.settings["seeds"]
    print(f"Seeds {first} to {last - 1}. {HEADER}")
    for name, result in results(args.records, args.settings):
        print(name)
        for text in STUDIES[name].rows(result):
            print(f"  {text}")
        if plot := STUDIES[name].plot:
            figure = np.ravel(plot(result))[0].figure
            paths += save_figure(figure, f"{args.out}_{name}")
            plt.close(figure)
    print(f"wrote {', '.join(map(str, paths))} in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    study.run(main)
