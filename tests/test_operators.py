"""Convolution operators against the sum that defines them, and against PyTorch."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import sparsetheory as st
from sparsetheory._kernels import compile_for
from sparsetheory._kernels.linear import adjoint, forward, pack

TORCH = json.loads((Path(__file__).parent / "torch_conv.json").read_text())

SHAPES = [
    ((1, 1, 3), 8, {}),
    ((2, 3, 4), 7, {}),
    ((3, 2, 16), 16, {"origin": 5}),
    ((2, 3, 9), 5, {}),  # taps wrap round
    ((2, 1, 3), 9, {"stride": 2}),
    ((2, 2, 3), 8, {"stride": 4, "origin": -1}),
    ((2, 2, 3, 2), (4, 5), {}),
    ((1, 2, 3, 3), (6, 4), {"stride": (3, 2), "origin": 1}),
    ((3, 1, 2, 2), (5, 5), {"stride": 2}),
    ((1, 1, 2), 6, {"outputs": 4}),
]


@pytest.fixture(params=SHAPES, ids=str)
def operator(request, rng):
    shape, size, options = request.param
    return st.BlockCirculant(rng.standard_normal(shape), size, **options)


def by_definition(C, x):
    h = C.filters
    x = x.reshape(h.shape[1], *C.size)
    y = np.zeros((h.shape[0], *C.outputs))
    for i in np.ndindex(*C.outputs):
        for t in np.ndindex(*h.shape[2:]):
            axes = zip(i, C.stride, C.origin, t, C.size, strict=True)
            place = tuple((a * s + o - b) % n for a, s, o, b, n in axes)
            y[(slice(None), *i)] += h[(..., *t)] @ x[(slice(None), *place)]
    return y.ravel()


def test_product_is_the_sum_that_defines_it(operator, rng):
    x = rng.standard_normal(operator.shape[1])
    assert_allclose(operator @ x, by_definition(operator, x), atol=1e-12)


def test_dense_matrix_is_the_operator(operator, rng):
    M = operator.to_dense()
    x, y = (rng.standard_normal(size) for size in operator.shape[::-1])
    assert operator.shape == M.shape
    assert_allclose(operator @ x, M @ x, atol=1e-12)
    assert_allclose(operator.T @ y, M.T @ y, atol=1e-12)
    assert_allclose(operator @ np.eye(M.shape[1]), M, atol=1e-12)


def test_adjoint_identity(operator, rng):
    x, y = (rng.standard_normal(size) for size in operator.shape[::-1])
    assert_allclose((operator @ x) @ y, x @ (operator.T @ y))


def test_singular_values_are_those_of_the_matrix(operator):
    expected = np.linalg.svd(operator.to_dense(), compute_uv=False)
    assert_allclose(operator.singular_values(), expected, atol=1e-12)
    assert_allclose(operator.norm(), expected[0], rtol=1e-12)
    assert_allclose(operator.frobenius_norm(), np.sqrt(np.sum(expected**2)))


def test_taken_rows_are_rows_of_the_matrix(operator, rng):
    rows = rng.permutation(operator.shape[0])[: operator.shape[0] // 2 + 1]
    part, M = operator.take(rows, 2.5), 2.5 * operator.to_dense()[rows]
    x, y = (rng.standard_normal(size) for size in part.shape[::-1])
    assert_allclose(part.to_dense(), M, atol=1e-12)
    assert_allclose(part @ x, M @ x, atol=1e-12)
    assert_allclose(part.T @ y, M.T @ y, atol=1e-12)
    assert_allclose(part.norm(), np.linalg.norm(M, 2), rtol=1e-10)
    assert_allclose(part.frobenius_norm(), np.linalg.norm(M))
    again = part.take([0], 2.0)
    assert_allclose(again.to_dense(), 2.0 * M[:1], atol=1e-12)


def test_compiled_products_preserve_inner_products_of_measurements(operator, rng):
    # Compiled, measurements may be Fourier coefficients: an isometry, or nothing.
    x, r = (rng.standard_normal(size) for size in operator.shape[::-1])
    y = operator @ x
    form, packed, _ = compile_for(operator, r, forward)
    if form is operator:  # interpreted
        return
    assert_allclose(packed @ packed, r @ r)
    assert_allclose(packed @ pack(y, form), r @ y, atol=1e-10)


def test_torch_agrees():
    for case in TORCH:
        arguments = {key: case[key] for key in ("stride", "dilation", "groups")}
        padding = case["padding"]
        arguments["padding"] = (
            padding if isinstance(padding, str | int) else tuple(padding)
        )
        for name in ("stride", "dilation"):
            if isinstance(arguments[name], list):
                arguments[name] = tuple(arguments[name])
        layer = st.BlockCirculant.from_conv_layer(
            case["weight"], tuple(case["size"]), **arguments
        )
        assert_allclose(layer @ np.array(case["x"], float), case["y"], atol=1e-10)


@given(some.integers(1, 40), some.integers(0, 2**32 - 1))
def test_one_tap_is_the_identity(size, seed):
    x = np.random.default_rng(seed).standard_normal(size)
    assert_allclose(st.BlockCirculant([[[1.0]]], size) @ x, x, atol=1e-12)


def test_filters_of_unit_spectrum_are_orthogonal(rng):
    phase = np.exp(2j * np.pi * rng.random(9))
    phase[0] = phase[-1] = 1.0
    C = st.BlockCirculant(np.fft.irfft(phase, 16)[None, None], 16)
    assert_allclose(C.singular_values(), np.ones(16), atol=1e-12)


def test_norm_of_anything(rng):
    M = rng.standard_normal((30, 45))
    expected = np.linalg.norm(M, 2)
    for A in (M, M.tolist(), aslinearoperator(M)):
        assert_allclose(st.operator_norm(A), expected, rtol=1e-10)
    for shape in [(3, 50), (50, 3), (1, 1)]:
        small = rng.standard_normal(shape)
        assert_allclose(
            st.operator_norm(aslinearoperator(small)), np.linalg.norm(small, 2)
        )


def test_is_a_scipy_operator(rng):
    C = st.BlockCirculant(rng.standard_normal((2, 2, 3)), 5)
    assert isinstance(C, LinearOperator)
    x = rng.standard_normal(10)
    assert_allclose((2 * C.T @ C) @ x, 2 * (C.T @ (C @ x)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], 4), r"filters must have shape .* got \(2,\)"),
        ((np.ones((1, 0, 2)), 4), r"filters must not be empty, got shape \(1, 0, 2\)"),
        ((np.full((1, 1, 1), np.nan), 4), "filters must be finite, got nan"),
        ((np.ones((1, 1, 2)), 0), "size must be at least 1, got 0"),
        ((np.ones((1, 1, 2)), (3, 4)), r"size must have 1 entries, got \(3, 4\)"),
        ((np.ones((1, 1, 2)), 2.5), "size must be an integer, got 2.5"),
        ((1j * np.ones((1, 1, 2)), 4), "filters must be real, got complex128"),
    ],
)
def test_bad_filters_are_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        st.BlockCirculant(*arguments)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding": "valid"}, "padding must be \"same\" or a number, got 'valid'"),
        ({"padding": 9}, r"padding \(9,\) does not fit size \(4,\)"),
        ({"groups": 2}, "groups must divide 3 channels, got 2"),
        ({"stride": 0}, "stride must be at least 1, got 0"),
    ],
)
def test_bad_layers_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        st.BlockCirculant.from_conv_layer(np.ones((3, 1, 3)), 4, **options)


@pytest.mark.parametrize("rows", [[], [[0]], [0.5], [-1], [10]])
def test_bad_rows_are_named(rows):
    C = st.BlockCirculant(np.ones((2, 1, 2)), 5)
    with pytest.raises(ValueError, match="rows must"):
        C.take(rows)


def test_interpreted_products_are_plain_products(rng):
    M = rng.standard_normal((4, 6))
    x, y = rng.standard_normal(6), rng.standard_normal(4)
    assert_array_equal(forward(M, x), M @ x)
    assert_array_equal(adjoint(M, y), M.T @ y)


def test_shipped_filters_have_unit_norm():
    filters = st.digits_filters()
    assert filters.shape == (8, 4, 3, 3)
    assert_allclose(np.sum(filters**2, axis=(1, 2, 3)), np.ones(8))
