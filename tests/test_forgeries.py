"""Certificates with any field of any kind are refused, without an error."""

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import sparsetheory as st
from sparsetheory.conditions.evidence import Evidence, NullSpaceEvidence, well_formed

pytestmark = pytest.mark.slow  # when interpreted

A = np.random.default_rng(1).standard_normal((6, 9)) / 3
LAYER = st.BlockCirculant([[[1.0, 0.5], [0.3, -0.4]], [[0.0, 0.8], [0.6, 0.1]]], 5)
MAKERS = {
    "isometry": lambda: (st.rip_constant(A, 2, both=True), A),
    "isometry of a layer": lambda: (st.rip_constant(LAYER, 3, both=True), LAYER),
    "null space, searched": lambda: (st.null_space_constant(A, 2), A),
    "null space, bounded": lambda: (st.null_space_bounds(A, 1)[0], A),
    "convergence": lambda: (st.convergence_bounds(A, 1), A),
    "pruning": lambda: (st.pruning_effect(LAYER, 2, LAYER.filters != 0.3), LAYER),
}
JUNK = some.sampled_from([
    None, "x", b"x", "", 1.5, 4.0, np.nan, -np.inf, 1j, -1, 0, 10**400, True, (), [],
    [[1], [2, 3]], ["x"], {}, object(), int, np.array("x"), np.zeros((0, 3)),
    np.array([None]), np.array([1j, 2]), np.full((9, 9), np.nan), np.datetime64("NaT"),
    np.ma.masked, Evidence, Evidence("search", 2, 0.0), NullSpaceEvidence("dual"),
    NullSpaceEvidence("semidefinite", np.full((18, 18), 1e-3)),
])  # fmt: skip


@functools.cache
def certificate(name):
    """A result and what it is of."""
    return MAKERS[name]()


def paths(part, above=()):
    """Return the way to each field, down through results and tuples of them."""
    if isinstance(part, tuple):
        for i, each in enumerate(part):
            yield from paths(each, (*above, i))
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            way = (*above, field.name)
            yield way
            yield from paths(getattr(part, field.name), way)


def changed(part, way, value):
    if not way:
        return value
    first, *rest = way
    if isinstance(part, tuple):
        return (*part[:first], changed(part[first], rest, value), *part[first + 1 :])
    new = changed(getattr(part, first), rest, value)
    return dataclasses.replace(part, **{first: new})


@pytest.mark.parametrize("name", MAKERS)
def test_certificates_are_well_formed_and_hold(name):
    found, of = certificate(name)
    assert well_formed(found)
    assert found.verify(of)


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=120)
@given(some.data())
def test_a_field_of_another_kind_is_refused(name, data):
    found, of = certificate(name)
    way = data.draw(some.sampled_from(list(paths(found))))
    forged = changed(found, way, data.draw(JUNK))
    if not well_formed(forged):
        assert not forged.verify(of)
    else:  # what it says may still be so
        assert forged.verify(of) in (True, False)


@pytest.mark.parametrize("name", ["isometry", "null space, bounded", "convergence"])
def test_every_field_is_looked_at(name):
    """None may be what no field is of."""
    found, of = certificate(name)
    for way in paths(found):
        forged = changed(found, way, object())
        assert not well_formed(forged)
        assert not forged.verify(of)


@pytest.mark.parametrize("k", [4.0, 2.0, "2", None, True, np.float64(2), [2]])
def test_orders_are_integers(k):
    for name in ("isometry", "null space, searched", "convergence", "pruning"):
        found, of = certificate(name)
        assert not dataclasses.replace(found, k=k).verify(of)


def test_numbers_of_numpy_are_numbers():
    found, of = certificate("isometry")
    for kind in (np.int32, np.uint8, np.int64):
        assert dataclasses.replace(found, k=kind(2)).verify(of)
    side = dataclasses.replace(found.above, lower=np.float64(found.above.lower))
    assert dataclasses.replace(found, above=side).verify(of)


def test_a_mask_that_is_none_of_the_layer_is_refused():
    found, of = certificate("pruning")
    for mask in (
        np.zeros_like(found.mask), found.mask[0], found.mask.astype(int), ~found.mask,
        found.mask.tolist(), np.ones((2, 2, 3), dtype=bool), None,
    ):  # fmt: skip
        assert not dataclasses.replace(found, mask=mask).verify(of)


def test_evidence_may_rest_on_itself_in_vain():
    proof = Evidence("averaging", 2, 0.0)
    object.__setattr__(proof, "basis", proof)
    found, of = certificate("isometry")
    above = dataclasses.replace(found.above, evidence=proof)
    assert not dataclasses.replace(found, above=above).verify(of)
