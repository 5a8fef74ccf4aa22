"""What all conditions take for a matrix, and what they refuse."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from scipy.sparse.linalg import aslinearoperator

import sparsetheory as st

CALLS = {
    "mutual_coherence": lambda A: st.mutual_coherence(A).value,
    "babel": lambda A: st.babel(A),
    "block_coherence": lambda A: st.block_coherence(A, 2).value,
    "rip_constant": lambda A: st.rip_constant(A, 3).lower,
    "rip_lower_bound_by_sampling": lambda A: (
        st.rip_lower_bound_by_sampling(A, 2, trials=50).lower
    ),
    "convergence_bounds": lambda A: [
        c.factor for c in st.convergence_bounds(A, 1).contractions
    ],
    "spark": lambda A: st.spark(A).upper,
    "verify": lambda A: st.rip_constant(np.asarray(MATRIX), 3).verify(A),
}
MATRIX = [[1, 0, 2, 1], [0, 1, 2, -1], [1, 1, -1, 3]]
every = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every
def test_array_likes_are_as_good_as_arrays(call):
    expected = call(np.array(MATRIX, dtype=float))
    forms = (
        MATRIX,
        tuple(map(tuple, MATRIX)),
        np.array(MATRIX),
        np.array(MATRIX, dtype=np.int8),
        np.array(MATRIX, dtype=np.float32),
        np.asfortranarray(MATRIX),
        np.repeat(MATRIX, 2, axis=1)[:, ::2],
        scipy.sparse.csr_array(np.array(MATRIX, dtype=float)),
        aslinearoperator(np.array(MATRIX, dtype=float)),
    )
    for form in forms:
        assert_allclose(call(form), expected, rtol=1e-12)


@every
def test_lists_of_complex_numbers_are_taken(call):
    A = np.array(MATRIX) * np.exp(1j * np.arange(4))
    assert_allclose(call(A.tolist()), call(A), rtol=1e-12)


@every
@pytest.mark.parametrize(
    ("A", "error", "message"),
    [
        ([1.0, 2.0, 3.0, 4.0], ValueError, r"got shape \(4,\)"),
        (np.ones(4), ValueError, r"got shape \(4,\)"),
        (np.ones(4) * 1j, ValueError, r"got shape \(4,\)"),
        (np.ones((2, 4, 1)), ValueError, r"got shape \(2, 4, 1\)"),
        (np.ones((0, 4)), ValueError, r"got shape \(0, 4\)"),
        (3.0, TypeError, "got float"),
        (None, TypeError, "got NoneType"),
        ("abcd", TypeError, "got str"),
        ([[1.0, np.nan, 0.0, 1.0]], ValueError, r"got nan at \(0, 1\)"),
        ([[1.0, np.inf * 1j, 0.0, 1.0]], ValueError, "finite"),
        (np.ma.array(np.ones((2, 4))), TypeError, "masked"),
        (np.ma.array(np.ones((2, 4)) * 1j), TypeError, "masked"),
        ([["a", "b", "c", "d"]], TypeError, "numeric"),
    ],
)
def test_what_is_no_matrix_is_refused_alike(call, A, error, message):
    with pytest.raises(error, match=message):
        call(A)
