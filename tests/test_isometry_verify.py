"""Brackets on isometry constants are verified only if they hold, whatever they say."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import sparsetheory as st
from sparsetheory.conditions._search import Clock, Sections
from sparsetheory.conditions._sections import gram
from sparsetheory.conditions.evidence import Evidence
from sparsetheory.conditions.relaxation import semidefinite_dual

KINDS = ["search", "semidefinite", "averaging", "Babel", "Frobenius", "pairs",
         "columns", "rank", "unknown"]  # fmt: skip

pytestmark = pytest.mark.slow  # when interpreted


def unit(A):
    return A / np.linalg.norm(A, axis=0)


def ends(A, k):
    G = A.conj().T @ A
    S = np.array(list(itertools.combinations(range(len(G)), k)))
    w = np.linalg.eigvalsh(G[S[:, :, None], S[:, None, :]])
    return w[:, -1].max() - 1, 1 - w[:, 0].min()


def with_sides(found, **changes):
    """Return the result with changes to both of its sides."""
    above, below = (
        dataclasses.replace(side, **changes) for side in (found.above, found.below)
    )
    return dataclasses.replace(found, above=above, below=below)


def resting_on(found, name, evidence, upper):
    side = dataclasses.replace(getattr(found, name), evidence=evidence, upper=upper)
    return dataclasses.replace(found, **{name: side})


numbers = some.sampled_from([-1.0, 0.0, 0.01, 0.3, 1.0, 1e3, np.inf, -np.inf, np.nan])


@some.composite
def forgeries(draw, depth=3):
    basis = draw(some.none() | forgeries(depth - 1)) if depth else None
    dual = draw(some.sampled_from([None, 0.0, -1.0, 1e150, np.inf, np.nan]))
    return Evidence(
        draw(some.sampled_from(KINDS)),
        draw(some.integers(-1, 6)),
        draw(numbers),
        draw(some.sampled_from(["", "chain", "ordered", "connected", "other"])),
        draw(some.sampled_from([-1, 0, 10, 10**9])),
        None if dual is None else np.full((8, 8), dual),
        basis,
    )


@settings(max_examples=150)
@given(
    seed=some.integers(0, 5),
    k=some.integers(1, 5),
    evidence=forgeries(),
    share=some.sampled_from([0.0, 0.5, 0.9, 1 - 1e-6, -3.0, np.nan, -np.inf]),
    rounding=some.sampled_from([None, 0.0, 0.2, 10.0, -1.0, np.nan, np.inf]),
    name=some.sampled_from(["above", "below"]),
)
def test_no_forged_evidence_shows_a_bound_below_the_truth(
    seed, k, evidence, share, rounding, name
):
    A = np.random.default_rng(seed).standard_normal((5, 8))
    A = unit(A) if seed % 2 else A / 2
    found = st.rip_constant(A, k, both=True)
    side = getattr(found, name)
    truth = ends(A, k)[name == "below"]
    upper = truth - (1 - share) * max(abs(truth), 0.1)
    change = {} if rounding is None else {"rounding": rounding}
    for lower in (side.lower, upper):
        for proof in (evidence, dataclasses.replace(evidence, size=k), side.evidence):
            forged = dataclasses.replace(
                side, lower=lower, upper=upper, evidence=proof, **change
            )
            assert not dataclasses.replace(found, **{name: forged}).verify(A)


def test_evidence_of_every_kind_is_accepted(rng):
    A = unit(rng.standard_normal((12, 30)))
    k = 5
    found = st.rip_constant(A, k, both=True)
    assert found.verify(A)
    for name, sign in (("above", 1), ("below", -1)):
        side = Sections(gram(A, k, False), sign, k, Clock())
        bound, dual = semidefinite_dual(side.values, k, max_iter=200)
        proofs = [Evidence("semidefinite", k, bound, dual=dual)]
        pair = Evidence("pairs", 2, float(side.lower[2]))
        proofs.append(Evidence("averaging", k, 4 * pair.bound, basis=pair))
        proofs.append(Evidence("Babel", k, float(st.babel(A)[k - 2])))
        proofs.append(Evidence("Frobenius", k, float(side.caps[k])))
        for method in ("chain", "ordered", "connected"):
            one = Sections(gram(A, k, False), sign, k, Clock())
            for t in range(3, k + 1):
                one.close(t, methods=[method])
            assert one.upper[k].method == method
            proofs.append(one.upper[k])
        if sign < 0:
            proofs.append(Evidence("rank", k, 1.0))
        for proof in proofs:
            assert resting_on(found, name, proof, proof.bound).verify(A)
    for order, kind in ((1, "columns"), (2, "pairs")):
        few = st.rip_constant(A, order, both=True)
        assert few.above.evidence.kind == kind
        assert few.verify(A)


def test_an_average_over_sets_that_a_search_has_closed_is_accepted():
    A = unit(np.random.default_rng(0).standard_normal((24, 48)))
    found = st.rip_constant(A, 12, time_limit=0.5)
    assert found.verify(A)
    side = Sections(gram(A, 6, False), 1, 6, Clock())
    for t in (3, 4):
        side.close(t)
    proof = side.upper[6]
    assert (proof.kind, proof.basis.kind, proof.size) == ("averaging", "search", 6)
    six = st.rip_constant(A, 6, both=True)
    assert resting_on(six, "above", proof, side.caps[6]).verify(A)


def test_a_layer_is_verified_from_a_dual_by_lag():
    layer = st.BlockCirculant(np.random.default_rng(0).standard_normal((3, 2, 3)), 40)
    found = st.rip_constant(layer, 4, normalise=True, both=True)
    side = Sections(gram(layer, 4, True), 1, 4, Clock())
    bound, dual = semidefinite_dual(side.values, 4)
    proof = Evidence("semidefinite", 4, bound, dual=dual)
    assert resting_on(found, "above", proof, bound).verify(layer)
    assert not resting_on(found, "above", proof, bound - 1e-6).verify(layer)
    complex_dual = dataclasses.replace(proof, dual=dual + 0j)
    assert not resting_on(found, "above", complex_dual, bound).verify(layer)


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence("columns", 1, 0.0),
        Evidence("columns", 5, 0.0),
        Evidence("pairs", 5, 0.01),
        Evidence("pairs", 2, 0.9),
        Evidence("rank", 5, 0.0),
        Evidence("averaging", 5, 0.0, basis=Evidence("pairs", 2, 0.0)),
    ],
)
def test_evidence_for_fewer_columns_or_for_nothing_is_refused(evidence):
    A = unit(np.random.default_rng(1).standard_normal((10, 14)))
    found = st.rip_constant(A, 5, both=True)
    assert not with_sides(found, upper=evidence.bound, evidence=evidence).verify(A)
    high = with_sides(found, lower=evidence.bound, upper=evidence.bound)
    assert not with_sides(high, evidence=evidence).verify(A)


def test_the_evidence_of_a_smaller_order_is_none_for_a_larger():
    A = unit(np.random.default_rng(1).standard_normal((10, 14)))
    four, five = (st.rip_constant(A, k, both=True) for k in (4, 5))
    for name in ("above", "below"):
        side = getattr(four, name)
        assert not resting_on(five, name, side.evidence, side.upper).verify(A)
        loose = dataclasses.replace(side.evidence, bound=4.0)
        assert not resting_on(five, name, loose, 4.0).verify(A)
        high = resting_on(five, name, side.evidence, getattr(five, name).upper)
        assert not high.verify(A)


def test_rounding_is_not_taken_from_the_result():
    A = unit(np.random.default_rng(1).standard_normal((10, 14)))
    found = st.rip_constant(A, 4, both=True)
    for rounding in (0.2, 0.0, -1.0, np.nan):
        assert not with_sides(found, rounding=rounding).verify(A)
    side = dataclasses.replace(found.above, rounding=0.2, upper=found.above.upper - 0.1)
    assert not dataclasses.replace(found, above=side).verify(A)


def test_what_is_malformed_is_refused_without_an_error():
    A = unit(np.random.default_rng(1).standard_normal((10, 14)))
    found = st.rip_constant(A, 4, both=True)

    def changed(**changes):
        above = dataclasses.replace(found.above, **changes)
        return dataclasses.replace(found, above=above)

    S, proof = found.above.support, found.above.evidence
    zero = np.zeros((14, 14))
    assert changed(support=S.tolist()[::-1]).verify(A)
    for support in (S + 14, S - 14, S[:3], S.astype(float), [*S[:3], S[0]], None):
        assert not changed(support=support).verify(A)
    for dual in (np.full((14, 14), np.nan), zero[1:], zero.tolist(), zero + np.inf):
        evidence = Evidence("semidefinite", 4, 1.0, dual=dual)
        assert not changed(evidence=evidence).verify(A)
    for evidence in (
        None,
        dataclasses.replace(proof, size=4.0),
        dataclasses.replace(proof, nodes=None),
        dataclasses.replace(proof, bound=np.nan),
        dataclasses.replace(proof, basis=proof),
    ):
        assert not changed(evidence=evidence).verify(A)
    for changes in ({"upper": np.nan}, {"lower": np.nan}, {"upper": -np.inf}):
        assert not changed(**changes).verify(A)
    assert not found.verify(A[:, :3])
    assert not found.verify(A[:, :12])
    for k in (0, 3, 15):
        assert not dataclasses.replace(found, k=k).verify(A)


def test_a_lower_bound_above_the_upper_one_is_refused():
    A = unit(np.random.default_rng(1).standard_normal((10, 14)))
    found = st.rip_constant(A, 4, both=True)
    side = found.above
    wide = resting_on(found, "above", Evidence("Babel", 4, 3.0), 3.0)
    assert wide.verify(A)
    crossed = dataclasses.replace(side, lower=side.upper + 1e-12)
    assert not dataclasses.replace(found, above=crossed).verify(A)
