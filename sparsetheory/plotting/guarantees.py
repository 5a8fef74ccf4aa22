"""Pictures of isometry constants and of what conditions guarantee."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sparsetheory.conditions.guarantees import Guarantees
from sparsetheory.conditions.isometry import Isometry
from sparsetheory.plotting.curves import COLOURS, LIMIT, MARKERS

LEVEL = 0.5**0.5, "1/√2: basis pursuit recovers k/2"
ZERO = 0.5  # where no entry stands on a logarithmic axis


def plot_isometry(found: Mapping[str, Sequence[Isometry]], ax: Any = None) -> Any:
    """Draw isometry constants over k, exact ones as marks and brackets as bars.

    The constants of one label are those of one matrix, so that each bounds the next.

    Parameters
    ----------
    found : mapping of str to sequence of Isometry
        Labels of matrices, and the constants of each.
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(20, 40, rng=0)
    >>> ax = st.plot_isometry({"Gaussian": [st.rip_constant(A, k) for k in (1, 2, 3)]})
    >>> ax.get_xlabel()
    'k'
    """
    from matplotlib import pyplot as plt

    if not any(found.values()):
        raise ValueError("found must not be empty")
    alone = ax is None
    if alone:
        _, ax = plt.subplots(figsize=(5.6, 4.4), layout="constrained")
    for i, (label, constants) in enumerate(found.items()):
        if not constants:
            continue
        colour = COLOURS[i % len(COLOURS)]
        ordered = sorted(constants, key=lambda c: c.k)
        k, low, high = np.array([(c.k, c.lower, c.upper) for c in ordered]).T
        low = np.maximum.accumulate(low)  # no constant is below one of fewer columns
        high = np.minimum.accumulate(high[::-1])[::-1]
        exact = np.array([c.exact for c in ordered])
        ax.fill_between(k, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(k, high, color=colour, linewidth=1)
        ax.vlines(k[~exact], low[~exact], high[~exact], color=colour, linewidth=2)
        ax.plot(
            k[exact],
            high[exact],
            linestyle="none",
            color=colour,
            marker=MARKERS[i % len(MARKERS)],
            markersize=5,
            label=label,
        )
        if not exact.any():
            ax.plot([], [], color=colour, linewidth=2, label=label)
    level, what = LEVEL
    ax.axhline(level, color="black", linewidth=0.8, linestyle=":")
    ax.annotate(
        what,
        (1, level),
        xycoords=("axes fraction", "data"),
        xytext=(-3, 2),
        textcoords="offset points",
        ha="right",
        fontsize=7,
    )
    ax.set_xlabel("k")
    unit = all(c.normalised for constants in found.values() for c in constants)
    ax.set_ylabel(rf"isometry constant $\delta_k${', unit columns' if unit else ''}")
    ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    if alone:
        ax.legend(
            fontsize=8, title="marks exact, bars between bounds", title_fontsize=7
        )
    return ax


def plot_guarantees(found: Guarantees, ax: Any = None) -> Any:
    """Draw for each condition how many entries it guarantees, on a logarithmic axis.

    A mark is what is shown; a bar reaches to what is not refuted. Lines are what was
    measured.

    Parameters
    ----------
    found : Guarantees
    ax : matplotlib Axes, optional
        By default new ones, with a legend.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.gaussian(20, 24, rng=0)
    >>> ax = st.plot_guarantees(st.recovery_guarantees(A, measured={"OMP": 5.2}))
    >>> ax.get_xscale()
    'log'
    """
    from matplotlib import pyplot as plt
    from matplotlib.ticker import FixedLocator, FuncFormatter

    rows = found.rows
    alone = ax is None
    if alone:
        height = 1.5 + 0.23 * len(rows)
        _, ax = plt.subplots(figsize=(7.2, height), layout="constrained")
    algorithms = list(dict.fromkeys(row.algorithm for row in rows))
    for place, row in enumerate(rows):
        index = algorithms.index(row.algorithm)
        colour = COLOURS[index % len(COLOURS)]
        low, high = max(row.k, ZERO), max(row.most, ZERO)
        ax.plot([low, high], [place, place], color=colour, linewidth=3, alpha=0.4)
        ax.plot(
            low,
            place,
            linestyle="none",
            color=colour,
            marker=MARKERS[index % len(MARKERS)],
            markersize=6,
        )
    for i, (name, k) in enumerate(found.measured.items()):
        style = ("-", "--", "-.", ":")[i % 4]
        ax.axvline(k, **(LIMIT | {"linestyle": style}), label=f"{name}, measured")
    ax.set_xscale("log")
    top = max([found.m, *found.measured.values()])
    ax.set_xlim(ZERO * 0.85, top * 1.1)
    ticks = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000, 5000]
    ax.xaxis.set_major_locator(FixedLocator([ZERO, *(t for t in ticks if t <= top)]))
    ax.xaxis.set_minor_locator(FixedLocator([]))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: "0" if x == ZERO else f"{x:g}")
    )
    labels = [f"{row.algorithm}: {row.condition}" for row in rows]
    ax.set_yticks(range(len(rows)), labels, fontsize=7)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(axis="x", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_xlabel(f"entries recovered for certain, of n = {found.n} by m = {found.m}")
    if alone and found.measured:
        ax.figure.legend(fontsize=8, loc="outside lower center", ncols=4)
    return ax
