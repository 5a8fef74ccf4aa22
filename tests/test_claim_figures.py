"""Pictures of claims: one for each, readable and small."""

import numpy as np
import pytest
from rows import BY_ID

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
