"""Studies of how tickets train: what each computes, draws and says of which claims.

Densities are those of the rows, so that findings are by their rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sparsetheory.claims import rewinding, training
from sparsetheory.claims.claim import Numbers, judge
from sparsetheory.claims.rows import BY_ID
from sparsetheory.claims.table import (
    Scale,
    Study,
    bench,
    head,
    interval,
    verdict,
)
from sparsetheory.experiments.bench import LotteryBench
from sparsetheory.experiments.descent import (
    batch_pieces,
    batch_study,
    step_size_pieces,
    step_size_study,
)
from sparsetheory.experiments.flow import FlowStudy, flow_pieces, flow_study
from sparsetheory.experiments.intervals import clopper_pearson_interval
from sparsetheory.experiments.perturbations import (
    noise_pieces,
    noise_study,
    order_pieces,
    order_study,
)
from sparsetheory.experiments.rewinding import (
    RewindingStudy,
    rewinding_pieces,
    rewinding_study,
)
from sparsetheory.experiments.sharpness import sharpness_pieces, sharpness_study
from sparsetheory.experiments.speed import SpeedStudy, speed_pieces, speed_study
from sparsetheory.experiments.sweep import TrainingSweep
from sparsetheory.plotting.training import (
    panels,
    plot_flow,
    plot_rewinding,
    plot_sharpness,
    plot_speed,
    plot_spread,
    plot_sweep,
)


class Part(NamedTuple):
    """What a study consists of: pieces and study, and what both are given."""

    pieces: Callable[..., dict[str, Callable[[], Any]]]
    study: Callable[..., Any]
    bench: LotteryBench
    options: dict[str, Any]


def parts_pieces(parts: Mapping[str, Part]) -> dict[str, Callable[[], Any]]:
    """Return the pieces of all parts."""
    return {
        f"{name}|{piece}": work
        for name, part in parts.items()
        for piece, work in part.pieces(part.bench, **part.options).items()
    }


def parts_study(
    parts: Mapping[str, Part], *, known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the result of each part."""
    found = {}
    for name, part in parts.items():
        own = {
            k.removeprefix(f"{name}|"): record for k, record in (known or {}).items()
        }
        found[name] = part.study(part.bench, known=own, **part.options)
    return found


def rewound(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up tickets rewound to later steps, of two layers and of five."""
    kind, ends = (rewinding_pieces, rewinding_study), {"rounds": rewinding.ENDS}
    deep = bench(scale, **rewinding.DEEP)
    return {
        "two layers": Part(*kind, bench(scale), {"steps": scale["late"], **ends}),
        "five layers": Part(*kind, deep, {"steps": rewinding.DEEP_STEPS, **ends}),
    }, {}


def curved(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up spectra on tickets, and step sizes."""
    one, ends = bench(scale), training.ENDS
    spectra = {"steps": scale["spectra"], "rounds": ends[-1]}
    return {
        "spectra": Part(sharpness_pieces, sharpness_study, one, spectra),
        "steps": Part(step_size_pieces, step_size_study, one, {"rounds": ends}),
    }, {}


def on_tickets(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up what has no other options than the densities of the rows."""
    return bench(scale), {"rounds": training.ENDS}


def ordered(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up orders of the data."""
    return bench(scale), {"rounds": training.ENDS, "orders": scale["orders"]}


def timed(scale: Scale) -> tuple[Any, dict[str, Any]]:
    """Set up losses along training."""
    return bench(scale), {"rounds": training.SPEED_ENDS}


def draw_rewound(found: Mapping[str, RewindingStudy]) -> Any:
    """Draw each depth in a row."""
    axes = panels(len(found), 2)
    for row, (name, result) in zip(axes, found.items(), strict=True):
        left = plot_rewinding(result, row)[0]
        left.set_title(f"{name}, {left.get_title()}")
    return axes


def draw_curved(found: Mapping[str, Any]) -> Any:
    """Draw spectra, and step sizes beside them."""
    axes = panels(1, 3)[0]
    plot_sharpness(found["spectra"], axes[:2])
    plot_sweep(found["steps"], axes[2])
    return axes


def line(claims: str, what: str, density: float, x: Numbers, name: str) -> str:
    """Return a line of the table: a difference among the numbers of a row."""
    mean, low, high, p = (x[f"{name}{end}"] for end in ("", "_low", "_high", "_p"))
    return head(claims, what, density) + f"{interval(mean, low, high)}  p {p:.4f}"


def judged(row: str, x: Numbers) -> str:
    """Return a row of the ledger and its finding, by its rule."""
    return verdict(row, judge(BY_ID[row], x))


def rewound_lines(found: Mapping[str, RewindingStudy]) -> Iterator[str]:
    """Yield what late rewinding changes, and how many tickets it connects."""
    shallow, deep = found.values()
    x, named = rewinding.few_steps(shallow), list(enumerate(rewinding.NAMES))
    for i, name in named:
        density, early = shallow.density[i], f"rewound to {rewinding.EARLY}"
        yield line("C86", f"{early} against dense", density, x, name)
        yield line("C86", "rewound to 0 against dense", density, x, f"start_{name}")
    yield judged("C86", x)
    x = rewinding.resetting(shallow, deep)
    for i, name in named:
        for step in shallow.steps[1:]:
            what, label = f"rewound to {step} against 0", f"{name}_from_{step}"
            yield line("C53", what, shallow.density[i], x, label)
        what = f"rewound to {deep.steps[1]} against 0, five layers"
        yield line("C53", what, deep.density[i], x, f"deep_{name}_late")
    yield judged("C53", x)
    x, density = rewinding.connections(shallow), shallow.density[rewinding.TENTH]
    for step in shallow.steps:
        count, n = int(x[f"connected_from_{step}"]), len(shallow.seeds)
        low, high = (100 * float(end) for end in clopper_pearson_interval(count, n))
        what = f"rewound to {step}, connected to dense, % of seeds"
        yield head("C51", what, density) + interval(100 * count / n, low, high, "")
    what = f"rewound to {rewinding.LATEST} against 0, connected"
    more = x["late_more_connected"]
    yield head("C51", what, density) + f"{more:+7.2f}{'':20}  p {x['late_p']:.4f}"
    yield judged("C51", x)


def curved_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield how spectra change, and which step sizes suit."""
    spectra, sizes = found["spectra"], found["steps"]
    x = training.curvature(spectra)
    for step in spectra.steps[1:]:
        what = f"largest eigenvalue on the ticket at {step} against 0"
        yield line("C25", what, spectra.density, x, f"change_at_{step}")
    yield judged("C25", x)
    x = training.tamer(spectra, sizes)
    for end, step in (("start", spectra.steps[0]), ("end", spectra.steps[-1])):
        what = f"doublings of the largest eigenvalue at {step}, ticket against dense"
        label = f"doublings_of_curvature_at_{end}"
        yield line("C91", what, spectra.density, x, label)
    for name, density in zip(training.NAMES, sizes.density, strict=True):
        what, label = "doublings of the best step size", f"doublings_of_step_{name}"
        yield line("C91", f"{what}, ticket against dense", density, x, label)
        for size in sizes.values[-3:]:
            label = f"over_dense_with_step_{size:g}_{name}"
            what = f"ticket against dense, step size {size:g}"
            yield line("C91", what, density, x, label)
    yield judged("C91", x)


def noise_lines(found: TrainingSweep) -> Iterator[str]:
    """Yield what tickets lose by noise."""
    x = training.noise(found)
    for name, density in zip(training.NAMES, found.density, strict=True):
        for size in found.values[1:]:
            what = f"ticket with noise of {size:g} against none"
            yield line("C90", what, density, x, f"{name}_with_{size:g}")
    yield judged("C90", x)


def order_lines(found: TrainingSweep) -> Iterator[str]:
    """Yield by how much less the accuracy of tickets varies."""
    x = training.orders(found)
    for name, density in zip(training.NAMES, found.density, strict=True):
        for arm in training.CONTROLS:
            what = f"deviation by order, ticket against {arm}"
            label = f"ticket_over_{arm}_{name}".replace(" ", "_")
            yield line("C94", what, density, x, label)
    yield judged("C94", x)


def batch_lines(found: TrainingSweep) -> Iterator[str]:
    """Yield what larger batches change."""
    x, other = training.batches(found), f"{training.LARGER} against {training.SMALLER}"
    arms = (
        ("dense", "dense", 1.0),
        *(
            ("ticket", name, density)
            for name, density in zip(training.NAMES, found.density, strict=True)
        ),
    )
    for arm, name, density in arms:
        what = f"{arm}, batches of {other}"
        yield line("C93", what, density, x, f"{name}_gains")
    yield judged("C93", x)


def speed_lines(found: SpeedStudy) -> Iterator[str]:
    """Yield how many steps fewer tickets take."""
    x = training.times(found)
    for name, density in zip(training.SPEED_NAMES, found.density, strict=True):
        for arm in training.CONTROLS:
            what = f"steps to a loss of {training.LOSS:g}, ticket against {arm}"
            label = f"ticket_over_{arm}_{name}".replace(" ", "_")
            yield line("C95", what, density, x, label)
    yield judged("C95", x)


def flow_lines(found: FlowStudy) -> Iterator[str]:
    """Yield what masks that keep most of the gradient are good for."""
    x = training.real_flow(found)
    for name, density in zip(training.NAMES, found.density, strict=True):
        most, ticket = (
            x[f"cosine_of_{mask}_{name}"] for mask in ("largest_gradients", "ticket")
        )
        what = f"largest gradients against ticket, cosines {most:.2f} and {ticket:.2f}"
        label = f"largest_gradients_over_ticket_{name}"
        yield line("C58", what, density, x, label)
    yield judged("C58", x)


PARTS = parts_pieces, parts_study
STUDIES = {
    "rewinding": Study(*PARTS, draw_rewound, rewound, rewound_lines),
    "curvature": Study(*PARTS, draw_curved, curved, curved_lines),
    "perturbed": Study(noise_pieces, noise_study, plot_sweep, on_tickets, noise_lines),
    "orders": Study(order_pieces, order_study, plot_spread, ordered, order_lines),
    "batches": Study(batch_pieces, batch_study, plot_sweep, on_tickets, batch_lines),
    "speed": Study(speed_pieces, speed_study, plot_speed, timed, speed_lines),
    "flow": Study(flow_pieces, flow_study, plot_flow, on_tickets, flow_lines),
}
