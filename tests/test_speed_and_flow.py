"""How soon tickets learn, and what their masks keep of the gradient."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import sparsetheory as st
from sparsetheory.experiments.arms import ARMS, draw_case
from sparsetheory.experiments.records import complete_records, load_records

ENDS = (3, 8)


@cache
def bench():
    return st.lottery_bench("wine", hidden=[20], seeds=4, steps=60)


@cache
def tickets():
    return bench().rewound(rounds=8)


@cache
def speed():
    return st.speed_study(bench(), every=20, rounds=ENDS, tickets=tickets())


@cache
def flow():
    return st.flow_study(bench(), rounds=ENDS, tickets=tickets())


@pytest.mark.parametrize("name", ["ticket", "re-initialised", "shuffled in layers"])
def test_losses_are_those_of_the_arms(name):
    b = bench()
    for i, end in enumerate(ENDS):
        case = draw_case(b, tickets(), end, name)
        assert_allclose(speed().loss[name][i, -1], b.loss(ARMS[name](case)), rtol=1e-4)
    assert speed().loss[name].shape == (2, 4, 4)
    assert speed().steps == (0, 20, 40, 60)


def test_losses_are_known_on_the_way():
    b = bench()
    for i, step in enumerate(speed().steps):
        w = b.train(b.w0, tickets().masks[8], stop=step)
        assert_allclose(speed().loss["ticket"][1, i], b.loss(w), rtol=1e-4)
        w = b.train(b.w0, tickets().masks[0], stop=step)
        assert_allclose(speed().dense[i], b.loss(w), rtol=1e-4)


def made():
    dense = np.array([[2.0, 2.0, 2.0], [1.0, 0.5, 2.0], [1.2, 0.3, 1.5]])
    loss = {"ticket": np.stack([dense, dense / 2])}
    return st.SpeedStudy((0, 1, 2), (0, 10, 20), np.array([0.5, 0.1]), dense, loss)


def test_a_loss_is_reached_when_it_is_first_met():
    found = made()
    assert_array_equal(found.reached("dense", 1.0), [10, 10, np.inf])
    assert_array_equal(found.reached("dense", 0.4), [np.inf, 20, np.inf])
    assert_array_equal(found.reached("ticket", 1.0), [0, 0, 0])
    assert_array_equal(found.reached("ticket", 2.0, 0), [0, 0, 0])
    with pytest.raises(ValueError, match="loss"):
        found.reached("dense", 0.0)


def test_what_is_never_reached_counts_as_the_last_step():
    effect = made().effect("ticket", loss=0.5)
    assert effect == st.paired_effect([10, 10, 20], [20, 10, 20])
    effect = made().effect("ticket", "dense", loss=1.0, at=0, level=0.9)
    assert effect == st.paired_effect([0, 0, 0], [0, 0, 0], level=0.9)


def test_cosines_are_those_of_the_gradients_on_the_masks():
    b = bench()
    for i, end in enumerate(ENDS):
        mask = tickets().masks[end]
        for point, table in (
            (b.w0, flow().cosine),
            (b.w0 * mask, flow().pruned_cosine),
        ):
            for n in range(4):
                g = b.network.gradient(point[n].astype(float), b.data.X[n], b.data.y[n])
                expected = (g @ (g * mask[n])) / (
                    np.linalg.norm(g) * np.linalg.norm(g * mask[n])
                )
                assert_allclose(table["ticket"][i, n], expected, rtol=1e-4)


def test_no_mask_of_as_many_weights_keeps_more_than_the_largest_gradients():
    most = flow().cosine["largest gradients"]
    for cosine in flow().cosine.values():
        assert (cosine <= most + 1e-6).all()


def test_accuracies_on_masks_are_those_of_the_arms():
    b = bench()
    for name in ("ticket", "SNIP", "shuffled in layers"):
        for i, end in enumerate(ENDS):
            case = draw_case(b, tickets(), end, name)
            assert_array_equal(flow().accuracy[name][i], b.accuracy(ARMS[name](case)))
    assert_array_equal(flow().dense, b.accuracy(tickets().weights[0]))


def test_effects_on_masks_are_paired_differences():
    found = flow()
    one, other = found.accuracy["SNIP"][0], found.accuracy["ticket"][0]
    assert found.effect("SNIP", "ticket", 0) == st.paired_effect(one, other)
    one = found.accuracy["SNIP"][1]
    expected = st.paired_effect(one, found.dense, level=0.9)
    assert found.effect("SNIP", level=0.9) == expected


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (st.speed_study, {"every": 0}, "got 0"),
        (st.speed_study, {"every": 61}, "got 61"),
        (st.speed_study, {"rounds": []}, "empty"),
        (st.speed_study, {"rounds": [9]}, "9 rounds, got 8"),
        (st.flow_study, {"rounds": []}, "empty"),
        (st.flow_study, {"rounds": [9]}, "9 rounds, got 8"),
    ],
)
def test_studies_that_cannot_be_done_are_refused(function, options, message):
    with pytest.raises(ValueError, match=message):
        function(bench(), tickets=tickets(), **options)


def same(one, other):
    """Tell whether two results hold the same numbers."""
    for name, value in vars(one).items():
        if isinstance(value, dict):
            assert value.keys() == vars(other)[name].keys()
            pairs = [(value[key], vars(other)[name][key]) for key in value]
        else:
            pairs = [(value, vars(other)[name])]
        for a, b in pairs:
            assert_array_equal(a, b)


STUDIES = {
    "rewinding": {"steps": [0, 30], "rounds": [3]},
    "sharpness": {"steps": [0, 60], "rounds": 8},
    "noise": {"sizes": [0.0, 1.0], "rounds": [3, 8]},
    "order": {"orders": 2, "arms": ["ticket"], "rounds": [3]},
    "batch": {"batches": [20, 60], "rounds": [3]},
    "step_size": {"sizes": [0.1, 0.5], "rounds": [3]},
    "speed": {"rounds": [3, 8]},
    "flow": {"rounds": [3, 8]},
}


@pytest.mark.parametrize("name", STUDIES)
def test_pieces_are_what_a_study_does_and_can_be_kept(name, tmp_path):
    pieces_of = getattr(st, f"{name}_pieces")
    study_of = getattr(st, f"{name}_study")
    options, path, calls = STUDIES[name], tmp_path / "study.json.gz", []

    def counted(key, piece):
        return lambda: calls.append(key) or piece()

    records = {}
    for stop in (2, None):  # the second run finds what the first one did
        pieces = pieces_of(bench(), **options)
        work = {n: counted(n, f) for n, f in list(pieces.items())[:stop]}
        complete_records(path, work, records, {}, progress=False)
        records, _ = load_records(path, [])
    assert calls == list(pieces)
    same(study_of(bench(), **options), study_of(bench(), **options, known=records))
    assert all(np.isfinite(each).all() for each in records.values())
    broken = dict(records)
    broken[calls[0]] = broken[calls[0]] + 1
    with pytest.raises(AssertionError):
        same(study_of(bench(), **options), study_of(bench(), **options, known=broken))


def test_pictures_show_losses_and_cosines():
    found = speed()
    lines = {line.get_label(): line for line in st.plot_speed(found).lines}
    expected = np.exp(np.log(found.loss["ticket"][0]).mean(axis=-1))
    label = f"{100 * found.density[0]:.3g} %, ticket"
    assert_allclose(lines[label].get_ydata(), expected)
    lines = {line.get_label(): line for line in st.plot_flow(flow()).lines}
    label = f"SNIP, {100 * found.density[1]:.3g} %"
    assert_array_equal(lines[label].get_xdata(), flow().cosine["SNIP"][1])
    assert_allclose(lines[label].get_ydata(), 100 * flow().accuracy["SNIP"][1])
