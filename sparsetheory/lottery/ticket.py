"""A sparse network and all that it takes to train it again."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_array, check_integer
from sparsetheory._files import write_whole
from sparsetheory.lottery._layers import Array, Convolution, Dense
from sparsetheory.lottery.initial import check_seeds
from sparsetheory.lottery.network import Network
from sparsetheory.lottery.training import History, check_mask

FORMAT = 1
KINDS: dict[str, Any] = {"dense": Dense, "convolution": Convolution}


@dataclass(frozen=True, eq=False)
class Ticket:
    """A mask with the parameters it is rewound to, of one network or of several.

    Attributes
    ----------
    network : Network
    mask : ndarray of bool, shape (n,) or (networks, n)
        True where a parameter is kept.
    w0 : ndarray, shape of `mask`
        Parameters to start from, of all entries, pruned ones too.
    step : int
        Steps of training after which `w0` was: where `train` is to start.
    seed : tuple of int
        Of the order of the data, of all networks or of each, see `train`.
    history : History or None
        Of a training that belongs to it, of as many networks.
    settings : dict
        What else to keep: anything that JSON can hold.
    """

    network: Network
    mask: npt.NDArray[np.bool_]
    w0: Array
    step: int = 0
    seed: tuple[int, ...] = (0,)
    history: History | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        single = getattr(self.w0, "dtype", None) == np.float32
        w0 = check_array("w0", self.w0, max(1, np.ndim(self.w0)))
        if w0.ndim > 2 or w0.shape[-1] != self.network.n:
            want = f"({self.network.n},) or (networks, {self.network.n})"
            raise ValueError(f"w0 must have shape {want}, got {w0.shape}")
        seed, lead = check_seeds(self.seed), w0.shape[:-1]
        if len(seed) not in (1, *lead):
            raise ValueError(f"seed must number 1 or {lead}, got {len(seed)}")
        if self.history is not None:
            _check_history(self.history, lead)
        own = {
            "mask": check_mask(self.mask, w0.shape).copy(),
            "w0": w0.astype(np.float32 if single else np.float64),
            "step": check_integer("step", self.step, 0),
            "seed": seed,
            "settings": deepcopy(self.settings),
        }
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @property
    def density(self) -> npt.NDArray[np.float64]:
        """Share of weights, without biases, that the mask keeps, of each network."""
        return np.asarray(self.mask[..., self.network.weights].mean(axis=-1))

    def save(self, path: str | Path) -> Path:
        """Write all to one ``.npz``, whole or not at all, and return its path."""
        path = Path(path)
        path = path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
        names = {kind: name for name, kind in KINDS.items()}
        header = {
            "format": FORMAT,
            "layers": [[names[type(L)], asdict(L)] for L in self.network.layers],
            "activation": self.network.activation,
            "step": self.step,
            "seed": self.seed,
            "settings": self.settings,
        }
        arrays: dict[str, Any] = {"mask": self.mask, "w0": self.w0}
        if self.history is not None:
            for part in fields(History):
                arrays[f"history/{part.name}"] = getattr(self.history, part.name)
        content = io.BytesIO()
        np.savez_compressed(content, header=np.array(json.dumps(header)), **arrays)
        write_whole(path, content.getvalue())
        return path


def _check_history(history: History, lead: tuple[int, ...]) -> None:
    steps = np.asarray(history.steps)
    if steps.ndim != 1 or steps.dtype.kind not in "iu":
        raise ValueError(f"steps must be a list of integers, got {steps!r}")
    if (np.diff(steps, prepend=-1) <= 0).any():
        raise ValueError(f"steps must ascend from 0, got {steps}")
    for part in fields(History)[1:]:
        values, want = np.asarray(getattr(history, part.name)), (steps.size, *lead)
        if values.shape != want or values.dtype.kind != "f":
            raise ValueError(
                f"{part.name} must hold floats of shape {want} to match the steps and "
                f"networks, got {values.dtype} of shape {values.shape}"
            )


def load_ticket(path: str | Path) -> Ticket:
    """Read what `Ticket.save` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Ticket

    Raises
    ------
    ValueError
        If the file is no ticket, or of another format.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import sparsetheory as st
    >>> network = st.mlp([4, 3, 2])
    >>> w0 = st.initial_weights(network, seed=0)
    >>> ticket = st.Ticket(network, abs(w0) > 0.5, w0)
    >>> with TemporaryDirectory() as folder:
    ...     again = st.load_ticket(ticket.save(f"{folder}/ticket"))
    >>> bool((again.w0 == w0).all()), again.network == network
    (True, True)
    """
    file = io.BytesIO(Path(path).read_bytes())
    try:
        with np.load(file, allow_pickle=False) as stored:
            content = {name: stored[name] for name in stored.files}
        header = json.loads(str(content["header"]))
        other = int(header["format"]) != FORMAT
        found = None if other else _ticket(header, content)
    except Exception as error:  # damage shows as almost anything
        raise ValueError(f"{path} is not a ticket: {error!r}") from error
    if found is None:
        raise ValueError(
            f"{path} has format {header['format']}, this version reads {FORMAT}"
        )
    return found


def _ticket(header: dict[str, Any], content: dict[str, Any]) -> Ticket:
    layers = []
    for kind, sizes in header["layers"]:
        whole = {k: tuple(v) if isinstance(v, list) else v for k, v in sizes.items()}
        layers.append(KINDS[kind](**whole))
    history = None
    if "history/steps" in content:
        parts = {f.name: content[f"history/{f.name}"] for f in fields(History)}
        history = History(**parts)
    return Ticket(
        Network(tuple(layers), header["activation"]),
        content["mask"],
        content["w0"],
        header["step"],
        tuple(header["seed"]),
        history,
        header["settings"],
    )
