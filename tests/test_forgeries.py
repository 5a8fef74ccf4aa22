"""Certificates with any field of any kind are refused, without an error."""

import dataclasses
import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import sparsetheory as st
from sparsetheory.conditions.evidence import (
    Evidence,
    NullSpaceEvidence,
    is_dual,
    well_formed,
)

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


def as_matrix(array):
    return array.view(np.matrix)


CLASSES = [
    as_matrix, np.ma.masked_array, np.float16, np.float32, np.longdouble, np.complex64,
    np.complex128,
]  # fmt: skip


@pytest.mark.parametrize("make", CLASSES)
def test_matrices_of_another_precision_or_class_are_refused(make):
    """Rounding in float16 could take a bound below the constant."""
    found, of = certificate("null space, bounded")
    wide = dataclasses.replace(found, upper=found.upper + 1)
    assert wide.verify(of)
    proof = NullSpaceEvidence("dual", make(found.evidence.dual))
    assert not dataclasses.replace(wide, evidence=proof).verify(of)
    proof = NullSpaceEvidence("semidefinite", make(np.zeros((18, 18))))
    assert not dataclasses.replace(wide, evidence=proof).verify(of)
    found, of = certificate("isometry")
    assert not is_dual(make(np.zeros((9, 9))), (9, 9))
    proof = Evidence("semidefinite", 2, 0.0, dual=make(np.full((9, 9), 6e4)))
    above = dataclasses.replace(found.above, evidence=proof)
    # It holds by what needs no evidence.
    assert dataclasses.replace(found, above=above).verify(of) in (True, False)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_only_null_vector_is_taken_from_the_matrix(k):
    B = np.random.default_rng(0).standard_normal((5, 6))
    found = st.null_space_constant(B, k)
    assert found.evidence.kind == "line"
    assert found.verify(B)
    for vector in (np.zeros(6), np.ones(6), np.eye(6)[0], found.vector + 1e-6):
        for upper in (0.0, 0.5000001, found.lower, found.upper, np.inf):
            forged = dataclasses.replace(found, lower=0.0, upper=upper, vector=vector)
            assert not forged.verify(B)
    low = dataclasses.replace(found, lower=0.0)
    assert low.verify(B)
    z = np.sort(np.abs(np.linalg.svd(B)[2][-1]))[::-1]
    assert not dataclasses.replace(low, upper=z[:k].sum() / z[k:].sum()).verify(B)
    for factor in (1e-300, 1e300):
        assert dataclasses.replace(found, vector=factor * found.vector).verify(B)


def equal_columns():
    B = np.random.default_rng(0).standard_normal((5, 9))
    B[:, 3] = B[:, 1]
    return B


HALVES = {
    "line": (lambda: st.BlockCirculant([[[1.0, -1.0]]], 8), 4),
    "search": (equal_columns, 1),
}


@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("name", HALVES)
def test_no_bound_below_the_constant_holds_by_however_little(name, bounded):
    """With a share of a half, that would promise recovery."""
    make, k = HALVES[name]
    of = make()
    by = st.null_space_bounds if bounded else st.null_space_constant
    found = by(of, k)[-1] if bounded else by(of, k)
    assert found.recovers is None or found.upper > 1
    assert found.verify(of)
    for less in (1e-8, 2e-9, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15):
        upper = (0.5 - less) / (0.5 + less)
        forged = dataclasses.replace(found, lower=min(found.lower, upper), upper=upper)
        assert forged.recovers
        assert not forged.verify(of)
    above = dataclasses.replace(found, lower=1.0, upper=max(found.upper, 1.0))
    assert not above.verify(of)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("shape", [(5, 6), (4, 9), (6, 10)])
def test_honest_results_hold_and_better_ones_do_not(shape, seed):
    B = np.random.default_rng(seed).standard_normal(shape)
    for k in (1, 2, 3):
        for found in (st.null_space_constant(B, k), st.null_space_bounds(B, k)[-1]):
            assert found.verify(B)
            if found.upper < np.inf and found.evidence.kind == "search":
                upper = found.lower * (1 - 1e-12)
                forged = dataclasses.replace(found, lower=0.0, upper=upper)
                assert not forged.verify(B)
