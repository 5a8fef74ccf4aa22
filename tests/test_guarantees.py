"""What conditions on a matrix guarantee, up to how many entries."""

from dataclasses import replace
from itertools import combinations, product

import hypothesis.strategies as st_
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis.extra.numpy import arrays
from null_vectors import by_circuits
from numpy.testing import assert_allclose
from scipy.linalg import hadamard

import sparsetheory as st
from sparsetheory.conditions._sections import gram
from sparsetheory.conditions.coefficient import coefficients, worst_coefficient

pytestmark = pytest.mark.slow  # when interpreted


def simplex(m):
    return np.linalg.svd(np.eye(m + 1) - 1 / (m + 1))[0][:, :m].T


def row(found, *words):
    (one,) = (r for r in found.rows if all(w in f"{r}" for w in words))
    return one


def largest(holds, top):
    """Return the largest k up to `top` for which it holds of 1, ..., k."""
    return next((k for k in range(top) if not holds[k]), top)


@pytest.mark.parametrize("m", [5, 8, 13])
def test_a_simplex(m):
    # G = (1 + 1/m) I - J/m: coherence 1/m, best scaled constant k / (2m + 2 - k)
    found = st.recovery_guarantees(simplex(m))

    def scaled(s):
        return s / (2 * m + 2 - s) if s <= m else 1.0

    expected = {
        ("1/μ",): lambda k: k < (1 + m) / 2,
        ("μ₁",): lambda k: (2 * k - 1) / m < 1,
        ("A_S",): lambda k: 2 * k < m + 1,
        ("δ_2k < 0.4531",): lambda k: scaled(2 * k) < (2**0.5 - 1) / (2**0.5 - 0.5),
        ("δ_2k < 0.7071", "2014"): lambda k: scaled(2 * k) < 0.5**0.5,
        ("GraDeS",): lambda k: scaled(2 * k) < 1 / 3,
        ("Foucart 2011",): lambda k: scaled(3 * k) < 3**-0.5,
        ("CoSaMP", "Rauhut"): lambda k: scaled(4 * k) < 0.4782,
        ("OMP", "Mo"): lambda k: scaled(k + 1) < (k + 1) ** -0.5,
    }
    for words, holds in expected.items():
        guarantee = row(found, *words)
        k = largest([holds(k + 1e-9) for k in range(1, m + 1)], m)
        tied = largest([holds(k - 1e-9) for k in range(1, m + 1)], m)
        assert guarantee.k == k <= guarantee.most <= tied, words


def matrices(rng):
    yield rng.standard_normal((7, 9))
    yield rng.standard_normal((8, 9)) + 1j * rng.standard_normal((8, 9))
    yield np.linalg.qr(rng.standard_normal((9, 9)))[0][:8]


def brute_constant(A, s):
    """Return the isometry constant of order s, best scaled."""
    values = [np.linalg.eigvalsh(A[:, S].conj().T @ A[:, S]) for S in sets(A, s)]
    low, high = min(v[0] for v in values), max(v[-1] for v in values)
    return (high - low) / (high + low)


def sets(A, s):
    return [list(S) for S in combinations(range(A.shape[1]), s)]


def test_rows_agree_with_trying_all_supports(rng):
    for A in matrices(rng):
        m = A.shape[0]
        constant = [0.0] + [brute_constant(A, s) for s in range(1, m + 1)]
        constant += [1.0] * (4 * m)
        found = st.recovery_guarantees(A)
        for words, order, level in (
            (("δ_2k < 0.7071", "2014"), 2, 0.5**0.5),
            (("iht, htp",), 3, 3**-0.5),
            (("Zhao",), 3, (5**0.5 - 1) / 2),
            (("Song",), 3, 0.4859),
        ):
            guarantee = row(found, *words)
            k = largest([d < level for d in constant[order::order]], m)
            assert (guarantee.k, guarantee.most) == (k, k)
        sharp = row(found, "Cai", "2013")  # from k = 2 on
        k = largest([constant[max(s, 2)] < 1 / 3 for s in range(1, m + 1)], m)
        assert (sharp.k, sharp.most) == (k, k)
        any_order = row(found, "δ_tk")
        best = max(
            k
            for s in range(1, m + 1)
            for k in range(3 * s // 4 + 1)
            if k == 0 or constant[s] < (1 - k / s) ** 0.5
        )
        assert any_order.k <= best <= any_order.most


def test_coefficients_of_all_supports_are_the_largest_one(rng):
    for A in matrices(rng):
        for k in (1, 2, 3):
            one = [coefficients(A.conj().T @ A, np.array([S]))[0] for S in sets(A, k)]
            assert_allclose(worst_coefficient(gram(A, k + 1, False), k), max(one))
            unit = A / np.linalg.norm(A, axis=0)
            wanted = [st.exact_recovery_coefficient(A, S) for S in sets(A, k)]
            most = max(coefficients(unit.conj().T @ unit, np.array(sets(A, k))))
            assert_allclose(most, max(wanted))


def test_the_coefficient_row_is_that_of_all_supports(rng):
    for A in (*matrices(rng), np.eye(9) + 0.08 * rng.standard_normal((9, 9))):
        guarantee = row(st.recovery_guarantees(A), "A_S", "basis pursuit")
        G = A.conj().T @ A
        top = min(A.shape)
        worst = [coefficients(G, np.array(sets(A, k))).max() for k in range(1, top + 1)]
        k = largest([value < 1 for value in worst], top)
        assert (guarantee.k, guarantee.most) == (k, k)


def test_a_layer_has_the_guarantees_of_its_matrix(rng):
    filters = rng.standard_normal((6, 2, 3))
    layer = st.BlockCirculant(filters, 9)
    here = st.recovery_guarantees(layer, normalise=True)
    there = st.recovery_guarantees(layer.to_dense(), normalise=True)
    assert [r for r in here.rows if "tk" not in r.condition] == [
        r for r in there.rows if "tk" not in r.condition
    ]


def test_an_orthonormal_matrix_is_always_good(rng):
    Q = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    found = st.recovery_guarantees(Q)
    others = [r for r in found.rows if r != row(found, "δ_tk")]
    assert {(r.k, r.most) for r in others} == {(12, 12)}
    assert row(found, "δ_tk").k == 9


def test_two_bases_come_down_to_coherence():
    n = 16  # [I H]: μ = 1/4, so k < 2.5; the null space has 4 + 4 entries
    A = np.hstack([np.eye(n), hadamard(n) / 4.0])
    found = st.recovery_guarantees(A, time_limit=5.0)
    assert row(found, "1/μ").k == 2
    # sharper than twice μ: δ_4 = 1/2 by a 2 x 2 block of equal entries
    assert row(found, "δ_2k < 0.7071", "2014").k == 2
    assert row(found, "A_S").k <= 3


def test_less_time_says_less_but_nothing_else(rng):
    A = st.gaussian(40, 60, rng=rng)
    full = st.recovery_guarantees(A, normalise=True, time_limit=3.0)
    brief = st.recovery_guarantees(A, normalise=True, time_limit=1e-9)
    for some, more in zip(brief.rows, full.rows, strict=True):
        assert some.k <= more.k <= more.most
        assert more.k <= some.most
    assert any(some.k < some.most for some in brief.rows)


@pytest.mark.parametrize("scale", [1e-200, 256.0, 1e160])
def test_scale_does_not_matter(scale):
    A = st.gaussian(9, 11, rng=3)
    one, other = (st.recovery_guarantees(c * A, time_limit=5.0) for c in (1, scale))
    assert [(r.k, r.most) for r in one.rows] == [(r.k, r.most) for r in other.rows]


def test_columns_that_differ_in_norm():
    found = st.recovery_guarantees(np.diag([1.0, 100.0, 0.01, 1.0]))
    for r in found.rows:
        if "δ" not in r.condition or r.algorithm == "OMP":
            assert (r.k, r.most) == (4, 4), r


@settings(max_examples=20)
@given(arrays(np.int64, (4, 6), elements=st_.integers(-2, 2)), st_.integers(0, 5))
def test_omp_finds_all_that_it_is_promised_to(A, j):
    A = A.astype(float)
    A[:, j] *= 3
    assume(A.any(axis=0).all())
    found = st.recovery_guarantees(A, time_limit=2.0)
    k = max(r.k for r in found.rows if "OMP" in r.algorithm)
    for size in range(1, k + 1):
        for S in combinations(range(6), size):
            for signs in product([-1.0, 1.0], repeat=size):
                x = np.zeros(6)
                x[list(S)] = signs
                assert_allclose(st.omp(A, A @ x, size).x, x, atol=1e-9)


def test_ctrl_c_keeps_what_is_shown(monkeypatch):
    A = st.gaussian(20, 24, rng=0)
    whole = st.recovery_guarantees(A, time_limit=20.0)
    calls = []

    def stop(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return st.rip_constant(*args, **kwargs)

    monkeypatch.setattr("sparsetheory.conditions._constants.rip_constant", stop)
    found = st.recovery_guarantees(A, time_limit=20.0)
    assert len(calls) == 3
    assert found.rows[:3] == whole.rows[:3]
    for some, more in zip(found.rows, whole.rows, strict=True):
        assert some.k <= more.k
        assert more.k <= some.most
    assert any(r.k < r.most for r in found.rows)


@pytest.mark.parametrize(
    ("name", "k"), [("null_space_bounds", 1), ("null_space_constant", 2)]
)
def test_ctrl_c_in_the_null_space(monkeypatch, name, k):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"sparsetheory.conditions.guarantees.{name}", stop)
    A = st.gaussian(32, 64, rng=0)
    found = st.recovery_guarantees(A, normalise=True, time_limit=5.0)
    assert row(found, "null space").k == k < row(found, "null space").most


def test_an_interrupted_constant_ends_what_follows(monkeypatch):
    where = "sparsetheory.conditions.guarantees."
    orders = []

    def stop(A, k, **kwargs):
        orders.append(k)
        found = st.null_space_constant(A, k, **kwargs)
        return replace(found, interrupted=True)

    A = np.random.default_rng(0).standard_normal((12, 15))
    monkeypatch.setattr(where + "null_space_bounds", lambda A, **_: ())
    monkeypatch.setattr(where + "null_space_constant", stop)
    monkeypatch.setattr(where + "spark", None)
    found = st.recovery_guarantees(A, normalise=True, time_limit=5.0)
    null = row(found, "null space")
    assert len(orders) == 1
    assert null.k == orders[0] < null.most  # what it found counts
    assert row(found, "spark").most == 12


@pytest.mark.parametrize(
    ("A", "error"),
    [
        (None, TypeError),
        ("x", TypeError),
        (1.0, TypeError),
        ([[1], [2, 3]], ValueError),
    ],
)
def test_what_is_no_matrix_is_named(A, error):
    with pytest.raises(error, match=r"A must|inhomogeneous"):
        st.recovery_guarantees(A)


def test_lists_are_matrices():
    A = np.hstack([np.eye(3), np.ones((3, 1))])
    assert st.recovery_guarantees(A.tolist()).rows == st.recovery_guarantees(A).rows


def test_dependent_columns_guarantee_nothing(rng):
    A = rng.standard_normal((6, 8))
    A[:, 5] = -2 * A[:, 2]
    found = st.recovery_guarantees(A, normalise=True)
    assert {(r.k, r.most) for r in found.rows} == {(0, 0)}


def test_it_prints_as_a_table():
    found = st.recovery_guarantees(simplex(5), measured={"iht": 2.5})
    lines = str(found).splitlines()
    assert len(lines) == 2 + len(found.rows)
    assert lines[0].split() == ["algorithm", "condition", "source", "k"]
    assert lines[-1].split() == ["iht", "measured", "2.5"]


@pytest.mark.parametrize(
    ("A", "message"),
    [
        (np.ones((3, 1)), r"two columns at least, got shape \(3, 1\)"),
        (np.array([[1.0, 0.0], [1.0, 0.0]]), "zero columns, got one at 1"),
        (np.array([[1.0, np.nan], [1.0, 0.0]]), "finite"),
    ],
)
def test_bad_input(A, message):
    with pytest.raises(ValueError, match=message):
        st.recovery_guarantees(A)
    with pytest.raises(ValueError, match="time_limit must be"):
        st.recovery_guarantees(np.eye(3), time_limit=-1.0)


def test_the_null_space_row_is_necessary_and_sufficient(rng):
    A = rng.standard_normal((8, 11))
    found = st.recovery_guarantees(A, normalise=True)
    unit = A / np.linalg.norm(A, axis=0)
    k = largest([st.null_space_constant(unit, k).recovers for k in (1, 2, 3, 4)], 4)
    null, sparsest = row(found, "null space"), row(found, "spark")
    assert (null.k, null.most) == (k, k)
    assert (sparsest.k, sparsest.most) == (4, 4)  # spark 9
    for r in found.rows:
        limit = null if "basis pursuit" in r.algorithm else sparsest
        assert r.k <= r.most <= limit.most


def test_more_than_a_thousand_columns():
    layer = st.BlockCirculant.from_conv_layer(st.digits_filters(), 64)
    found = st.recovery_guarantees(layer, normalise=True, time_limit=2.0)
    assert (found.m, found.n) == (8 * 64**2, 4 * 64**2)
    assert row(found, "Donoho", "1/μ").k >= 1
    assert row(found, "null space").k == max(
        r.k for r in found.rows if "basis pursuit" in r.algorithm
    )


@settings(max_examples=25)
@given(arrays(np.int64, (3, 5), elements=st_.integers(-2, 2)))
def test_no_row_promises_what_is_not_so(A):
    assume(A.any(axis=0).all())
    A = A.astype(float)
    assume(np.linalg.matrix_rank(A) == 3)
    for normalise in (False, True):
        B = A / np.linalg.norm(A, axis=0) if normalise else A
        whole = [by_circuits(B, k) < 0.5 + 1e-9 for k in (1, 2, 3)]
        k = largest(whole, 3)
        found = st.recovery_guarantees(A, normalise=normalise, time_limit=5.0)
        for r in found.rows[0 if normalise else 2 :]:
            if "basis pursuit" in r.algorithm:
                assert r.k <= k, r
