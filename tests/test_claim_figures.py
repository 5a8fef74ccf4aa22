"""Pictures of claims: one for each, readable and small."""

import numpy as np
import pytest
from rows import BY_ID, result

from sparsetheory.claims import landscape
from sparsetheory.claims.drawings import studies
from sparsetheory.claims.figures import FIGURES, MODULES
from sparsetheory.plotting.saving import drawn

SLOW = {"C34", "C36", "C40", "C41", "C46", "C59", "C62", "C67", "C82"}
LARGE = {"C31": 100, "C37": 75, "C40": 90, "C34": 75}
"""Pictures of more than 70 kB: a page holds all of them."""


def test_every_claim_has_a_picture_of_one_topic():
    names = [name for module in MODULES for name in module.FIGURES]
    assert sorted(names) == sorted(BY_ID)
    assert FIGURES.keys() == BY_ID.keys()


def test_captions_are_sentences():
    for name, figure in FIGURES.items():
        assert figure.caption[0].isupper(), name
        assert figure.caption.endswith("."), name
        assert "  " not in figure.caption, name
        assert 30 < len(figure.caption) < 320, name


def marked(name):
    return pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])


@pytest.mark.parametrize(
    "name", [marked(name) for name in BY_ID if name not in studies.FIGURES]
)
def test_pictures_are_labelled_small_and_not_empty(name):
    axes = np.ravel(FIGURES[name].draw())
    for ax in axes:
        assert ax.get_xlabel() or ax.get_ylabel()
        assert ax.lines or ax.collections or ax.patches or ax.images
        assert all(np.isfinite(ax.dataLim.get_points()).ravel())
    assert len(drawn(axes, "svg")) < 1000 * LARGE.get(name, 70)


@pytest.mark.parametrize("name", ["C01", "C24", "C33"])
def test_pictures_come_out_the_same_again(name):
    first, second = (drawn(FIGURES[name].draw(), "svg") for _ in range(2))
    assert first == second


def named(ax, label):
    (line,) = (line for line in ax.lines if line.get_label() == label)
    return line.get_xydata()


def test_contractions_are_drawn_up_to_the_worst():
    numbers = result("C38").numbers
    left, right = FIGURES["C38"].draw()
    runs, bounds = left.lines[::2], left.lines[1::2]
    for name, run, bound in zip(("masked", "iht"), runs, bounds, strict=True):
        assert run.get_xdata().max() == numbers[f"{name}_worst"]
        assert run.get_ydata().max() == 1
        assert set(bound.get_xdata()) == {numbers[f"{name}_bound"]}
    masked, iht, bound = right.lines
    assert masked.get_ydata()[0] == iht.get_ydata()[0] == bound.get_ydata()[0] == 1
    assert np.all(masked.get_ydata()[1:] < bound.get_ydata()[1:])


def test_condition_numbers_are_drawn_from_the_worst_on():
    numbers, ax = result("C24").numbers, FIGURES["C24"].draw()
    before, after = ax.lines[0].get_data()
    ends = landscape.blocks()
    kappa = ends[..., 1] / ends[..., 0]
    assert (after / before).max() == (kappa[:, 1] / kappa[:, 0]).max() < 1
    indefinite = ax.lines[1].get_xydata()[0]
    assert indefinite[0] == abs(numbers["quotient_indefinite"])
    assert indefinite[1] == numbers["quotient_indefinite_pruned"]


def test_groups_are_marked_where_they_are():
    numbers = result("C10").numbers
    left, right = FIGURES["C10"].draw()
    for ax in (left, right):
        marks = [line for line in ax.lines if line.get_marker() != "None"]
        assert all(line.get_linestyle() == "None" for line in marks)
    least = named(right, "least norms within the budget").ravel()
    assert least == pytest.approx([2, numbers["lost_within_4_weights"]])
    best = named(right, "best within the budget").ravel()
    assert best == pytest.approx([4, numbers["least_lost_within_4_weights"]])
    by_norm = named(right, "groups go by least norm")
    assert np.sort(by_norm[:, 0]).tolist() == [0, 2, 6, 8]
    assert left.get_xticks().tolist() == [0, 1, 2, 3]
