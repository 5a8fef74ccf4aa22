"""Tickets on disk, and what they lead to again."""

import io
import json
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import sparsetheory as st

NETWORKS = [
    st.mlp([6, 5, 3], activation="tanh"),
    st.convnet((5, 4), [2, 3], 3, taps=2, stride=1),
]


def drawn(network, rng, count=2, **options):
    w0 = st.initial_weights(network, range(count))
    return st.Ticket(network, rng.random(w0.shape) < 0.3, w0, **options)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_ticket_comes_back_and_trains_to_the_same(network, dtype, rng, tmp_path):
    X, y = rng.standard_normal((60, network.inputs)), rng.integers(0, 3, 60)
    w = st.initial_weights(network, [3, 4], dtype=dtype)
    mask = rng.random(network.n) < 0.5
    options = {"seed": (3, 4), "mask": mask, "steps": 30}
    run = st.train(network, w, X, y, keep=[10], watch=[0, 30], **options)
    ticket = st.Ticket(
        *(network, np.stack([mask] * 2), run.snapshots[10], 10, (3, 4), run.history),
        settings={"batch": 50, "note": "δ"},
    )
    path = ticket.save(tmp_path / "one")
    assert path == tmp_path / "one.npz"
    again = st.load_ticket(path)
    assert again.network == network
    assert again.w0.dtype == dtype
    assert (again.step, again.seed, again.settings) == (10, (3, 4), ticket.settings)
    for name in ("mask", "w0"):
        assert_array_equal(getattr(again, name), getattr(ticket, name))
    for name in ("steps", "loss", "accuracy", "test_loss", "test_accuracy"):
        assert_array_equal(getattr(again.history, name), getattr(run.history, name))
    options = {"seed": again.seed, "start": again.step, "mask": again.mask, "steps": 30}
    assert_array_equal(st.train(again.network, again.w0, X, y, **options).w, run.w)


def test_density_counts_weights_alone(rng):
    network = NETWORKS[0]
    mask = network.weights.copy()
    mask[:9] = False
    ticket = st.Ticket(network, mask, np.zeros(network.n))
    assert ticket.density == (45 - 9) / 45
    assert drawn(network, rng, 3).density.shape == (3,)


def test_a_ticket_keeps_copies(rng):
    network = NETWORKS[0]
    mask, w0 = np.ones(network.n, bool), np.zeros(network.n)
    ticket = st.Ticket(network, mask, w0)
    mask[0], w0[0] = False, 1.0
    settings = {"rates": [0.1]}
    other = st.Ticket(network, mask, w0, settings=settings)
    settings["rates"].append(0.2)
    assert other.settings == {"rates": [0.1]}
    assert ticket.mask.all()
    assert not ticket.w0.any()


def test_a_file_is_written_whole_or_not_at_all(rng, tmp_path):
    ticket = drawn(NETWORKS[0], rng)
    path = ticket.save(tmp_path / "a.npz")
    before = path.read_bytes()
    bad = drawn(NETWORKS[0], rng, settings={"f": print})
    with pytest.raises(TypeError, match="JSON"):
        bad.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        ticket.save(tmp_path / "no" / "a.npz")


def test_damage_and_other_formats_are_named(rng, tmp_path):
    path = drawn(NETWORKS[0], rng).save(tmp_path / "a.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="is not a ticket"):
        st.load_ticket(path)
    np.savez(path, x=1)
    with pytest.raises(ValueError, match="is not a ticket"):
        st.load_ticket(path)
    with np.load(io.BytesIO(whole)) as stored:
        parts = dict(stored)
    header = json.loads(str(parts["header"])) | {"format": 2}
    np.savez(path, **parts | {"header": np.array(json.dumps(header))})
    with pytest.raises(ValueError, match="has format 2, this version reads 1"):
        st.load_ticket(path)


def run_of(network, rng):
    X, y = rng.standard_normal((20, network.inputs)), rng.integers(0, 3, 20)
    w = st.initial_weights(network, [3, 4])
    return st.train(network, w, X, y, steps=4, batch=5, watch=[0, 4]).history


CONVOLUTION = {"channels": 2, "filters": 3, "size": [5, 4], "taps": 2, "stride": 1}
HEADERS = [
    ({"layers": [["convolution", CONVOLUTION | {"taps": 0}]]}, "taps must be at least"),
    ({"layers": [["convolution", CONVOLUTION | {"size": [5.5, 4]}]]}, "size must be"),
    ({"activation": "gelu"}, "activation must be one of"),
    ({"activation": ["relu"]}, "is not a ticket"),
    ({"layers": []}, "layers must not be empty"),
    ({"layers": [["dense", {"inputs": 6, "outputs": 3.5}]]}, "outputs must be an int"),
    ({"layers": [["dense", {"inputs": 0, "outputs": 3}]]}, "inputs must be at least 1"),
    ({"layers": [["sparse", {"inputs": 6, "outputs": 3}]]}, "sparse"),
    (
        {
            "layers": [
                ["dense", {"inputs": i, "outputs": o}] for i, o in ((6, 5), (4, 3))
            ]
        },
        "layers must chain",
    ),
    ({"seed": [1, 2, 3]}, r"seed must number 1 or \(2,\), got 3"),
]
ARRAYS = [
    ({"steps": np.array([4, 0])}, "steps must ascend"),
    ({"steps": np.array([-1, 0])}, "steps must ascend"),
    ({"steps": np.array([0.0, 4.0])}, "steps must be a list of integers"),
    ({"loss": np.zeros((2, 3))}, r"loss must hold floats of shape \(2, 2\)"),
    ({"test_loss": np.zeros((3, 2))}, r"test_loss must hold floats of shape \(2, 2\)"),
    ({"accuracy": np.full((2, 2), "a")}, "accuracy must hold floats"),
]


@pytest.mark.parametrize(
    ("header", "arrays", "message"),
    [
        *((header, {}, message) for header, message in HEADERS),
        *(({}, arrays, message) for arrays, message in ARRAYS),
    ],
)
def test_a_file_is_checked_as_a_ticket_is(header, arrays, message, rng, tmp_path):
    network = NETWORKS[0]
    ticket = drawn(network, rng, history=run_of(network, rng))
    path = ticket.save(tmp_path / "a.npz")
    with np.load(path) as stored:
        parts = dict(stored)
    assert st.load_ticket(path).network == network
    written = json.dumps(json.loads(str(parts["header"])) | header)
    changed = {f"history/{name}": value for name, value in arrays.items()}
    np.savez(path, **parts | changed | {"header": np.array(written)})
    with pytest.raises(ValueError, match=message):
        st.load_ticket(path)


def test_no_pickle_is_in_the_file(rng, tmp_path):
    path = drawn(NETWORKS[0], rng).save(tmp_path / "a.npz")
    with zipfile.ZipFile(path) as file:
        heads = [file.read(name)[:128] for name in file.namelist()]
    assert len(heads) == 3
    assert not any(b"'|O'" in head for head in heads)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w0": np.zeros(5)}, r"w0 must have shape \(53,\) or \(networks, 53\)"),
        ({"w0": np.full(53, np.nan)}, "w0 must be finite"),
        ({"mask": np.ones(52, bool)}, r"mask must have shape \(53,\), got \(52,\)"),
        ({"mask": np.arange(53)}, "mask must be boolean"),
        ({"step": -1}, "step must be at least 0, got -1"),
        ({"seed": (1.5,)}, "seed must be an integer"),
        ({"seed": (1, 2)}, r"seed must number 1 or \(\), got 2"),
    ],
)
def test_bad_tickets_are_refused(change, message):
    parts = {"mask": np.ones(53, bool), "w0": np.zeros(53)} | change
    with pytest.raises((TypeError, ValueError), match=message):
        st.Ticket(NETWORKS[0], **parts)
