"""Pictures of claims that liken one thing to another, or have it both ways."""

from typing import Any

import numpy as np

from sparsetheory.claims import analogies
from sparsetheory.claims.drawings.figure import Figure
from sparsetheory.experiments.intervals import wilson_interval
from sparsetheory.plotting.axes import bars, below, beside, cells, dots
from sparsetheory.plotting.curves import points


def paths() -> Any:
    """Draw how often both methods part, and a path that loses an index."""
    left, right = beside(
        (f"draws, of {analogies.DRAWS}", "columns"),
        ("step on the path of the LASSO", "column"),
    )
    found = analogies.supports()
    series = {
        "another support than by pruning": [
            sum(s.differ for s in f) for f in found.values()
        ],
        "path loses an index": [sum(s.drops for s in f) for f in found.values()],
    }
    bars(left, list(found), series)
    left.set_xlim(0, analogies.DRAWS)
    below(left)
    path = next(each.lasso for each in found["correlated"] if each.drops)
    entries = range(analogies.N)
    cells(right, [[entry in support for support in path] for entry in entries])
    right.set_title("correlated columns; black: in the support", fontsize=10)
    return np.array([left, right])


def wells() -> Any:
    """Draw a double well, and how many leave either side of it, by noise."""
    left, right = beside(
        ("weight w", "loss"), ("noise of each slope", "share that leaves")
    )
    w, noise = np.linspace(-1.6, 1.6, 81), np.linspace(0, 2, 5)
    left.plot(w, np.polyval(analogies.WELL, w), color="black")
    for i, (name, start) in enumerate(analogies.STARTS.items()):
        left.plot(
            start, np.polyval(analogies.WELL, start), **dots(i, f"{name} minimum")
        )
        counts = np.array([analogies.leaving(start, size) for size in noise.tolist()])
        ends = np.array(wilson_interval(counts, analogies.BALLS))
        label = f"started in the {name} one"
        points(right, i, noise, counts / analogies.BALLS, ends, label)
    right.set_ylim(-0.02, 1)
    for ax in (left, right):
        ax.legend(frameon=False)
    return np.array([left, right])


FIGURES = {
    "C80": Figure(
        paths,
        "Left: the LASSO and pruning by magnitude keep the same of orthonormal "
        "columns, not so of correlated ones. Right: a path on which an entry comes "
        "and goes.",
    ),
    "C92": Figure(
        wells,
        "Noisy descents that end in the other minimum of a double well, with 95 % "
        "intervals. The same noise carries out of the poor minimum and out of the "
        "good one.",
    ),
}
