"""Scikit-learn estimators: its own checks, and what they must agree with."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array, csr_array
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import Lasso as OtherLasso
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sparsetheory as st
from sparsetheory.estimators import HTP, IHT, GroupLasso, Lasso

MODELS = {
    "IHT": IHT(3),
    "HTP": HTP(3),
    "Lasso": Lasso(0.01, tol=1e-10),
    "GroupLasso": GroupLasso(2, 0.01, tol=1e-8),
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
CHECKS = """
import collections, sys, warnings
warnings.simplefilter("ignore")
from sklearn.utils.estimator_checks import check_estimator
from sparsetheory import estimators
for name in sys.argv[1:]:
    kind = getattr(estimators, name)
    for result in check_estimator(kind(), on_fail=None, on_skip=None):
        print(name, result["status"], result["check_name"], result["exception"])
"""


def data(m=80, n=30, level=5.0):
    rng = np.random.default_rng(0)
    X = 1.0 + rng.standard_normal((m, n))
    coef = np.zeros(n)
    coef[[3, 10, 20]] = 2.0, -1.0, 3.0
    return X, level + X @ coef + 0.01 * rng.standard_normal(m), coef


def test_all_checks_of_scikit_learn_pass():
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}  # one check wants it so
    run = subprocess.run(
        [sys.executable, "-c", CHECKS, *MODELS],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    lines = run.stdout.splitlines()
    assert len(lines) > 200
    assert all(sum(line.startswith(name) for line in lines) > 50 for name in MODELS)
    missed = [line for line in lines if line.split()[1] != "passed"]
    if importlib.util.find_spec("pandas") is None:
        missed = [line for line in missed if "pandas is not installed" not in line]
    assert missed == []


@models
def test_the_intercept_is_found(model):
    X, y, coef = data()
    found = clone(model).fit(X, y)
    assert_allclose(found.coef_, coef, atol=0.05)
    assert_allclose(found.intercept_, 5.0, atol=0.2)
    assert_allclose(found.predict(X), X @ found.coef_ + found.intercept_)
    assert found.score(X, y) > 0.99
    assert found.n_iter_ >= 1


@models
def test_without_intercept_there_is_none(model):
    X, y, _ = data(level=0.0)
    found = clone(model).set_params(fit_intercept=False).fit(X, y)
    assert found.intercept_ == 0.0
    moved = clone(model).set_params(fit_intercept=False).fit(X, y + 5.0)
    assert np.abs(moved.coef_ - found.coef_).max() > 0.1


@models
@pytest.mark.parametrize("kind", [csc_array, csr_array])
@pytest.mark.parametrize("intercept", [True, False])
def test_sparse_input_gives_what_its_array_gives(model, kind, intercept):
    X, y, _ = data()
    X = np.where(np.abs(X) > 1.5, X, 0.0)
    model = clone(model).set_params(fit_intercept=intercept)
    expected = clone(model).fit(X, y)
    found = clone(model).fit(kind(X), y)
    assert_allclose(found.coef_, expected.coef_, atol=1e-3)
    assert_allclose(found.intercept_, expected.intercept_, atol=1e-2)
    assert_allclose(found.predict(kind(X)), expected.predict(X), atol=1e-2)


@pytest.mark.parametrize("kind", [Lasso(0.05), GroupLasso(3, 0.05)])
def test_means_that_are_not_removed_from_sparse_input_are_seen_to(kind):
    rng = np.random.default_rng(4)
    Z, high = rng.standard_normal((80, 30)), 1e7
    X = Z + high
    y = Z[:, :3] @ [2.0, -1.0, 1.5] + high * rng.standard_normal()
    found = clone(kind).fit(csc_array(X), y)
    A, b = X - X.mean(axis=0), y - y.mean()
    gap = st.lasso_gap(A, b, 4.0, found.coef_)
    if isinstance(kind, GroupLasso):
        gap = st.group_lasso_gap(A, b, 4.0, 3, found.coef_)
    assert gap <= 1e-6 * (b @ b) / 2
    single = (3.0 + Z).astype(np.float32)
    y = single[:, :3] @ np.array([2.0, -1.0, 1.5], np.float32) + np.float32(1.0)
    expected = clone(kind).fit(single, y).coef_
    assert_allclose(clone(kind).fit(csc_array(single), y).coef_, expected, atol=1e-3)


@models
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_single_precision_goes_in_and_out(model):
    X, y, coef = data()
    for single in (X.astype(np.float32), csc_array(X.astype(np.float32))):
        found = clone(model).fit(single, y.astype(np.float32))
        assert found.coef_.dtype == np.float32
        assert found.intercept_.dtype == np.float32
        assert found.predict(single).dtype == np.float32
        assert_allclose(found.coef_, coef, atol=0.05)
    assert clone(model).fit(X, y).coef_.dtype == np.float64


def test_the_lasso_is_that_of_scikit_learn():
    X, y, _ = data()
    for alpha in (0.01, 0.3):
        other = OtherLasso(alpha, tol=1e-12).fit(X, y)
        found = Lasso(alpha, tol=1e-12).fit(X, y)
        assert_allclose(found.coef_, other.coef_, atol=1e-6)
        assert_allclose(found.intercept_, other.intercept_, atol=1e-5)
        assert found.dual_gap_ <= 1e-12 * 0.5 * np.sum((y - y.mean()) ** 2)


def test_groups_enter_and_leave_together():
    X, y, _ = data()
    labels = np.arange(30) % 10
    found = GroupLasso(labels, 0.5, weights=np.ones(10)).fit(X, y)
    active = [np.count_nonzero(found.coef_[labels == g]) for g in range(10)]
    assert set(active) == {0, 3}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_k_is_a_tenth_of_the_features_unless_given():
    X, y, _ = data()
    for kind in (IHT, HTP):
        assert np.count_nonzero(kind().fit(X, y).coef_) == 3
        assert np.count_nonzero(kind().fit(X[:, :28], y).coef_) == 2
        assert np.count_nonzero(kind(5).fit(X, y).coef_) == 5
        assert np.count_nonzero(kind().fit(X[:, :4], y).coef_) == 1


def test_a_pipeline_is_searched():
    X, y, _ = data()
    pipeline = make_pipeline(StandardScaler(), Lasso())
    search = GridSearchCV(pipeline, {"lasso__alpha": [1e-2, 10.0]}, cv=3)
    assert search.fit(X, y).best_params_ == {"lasso__alpha": 1e-2}
    search = GridSearchCV(HTP(), {"k": [1, 3]}, cv=3, n_jobs=1)
    assert search.fit(X, y).best_params_ == {"k": 3}


@models
def test_bad_input_is_named(model):
    X, y, _ = data()
    spoilt = X.copy()
    spoilt[0, 0] = np.nan
    for bad, message in (
        (spoilt, "contains NaN"),
        (1j * X, "Complex data"),
        (X[0], "Expected 2D array"),
    ):
        with pytest.raises(ValueError, match=message):
            clone(model).fit(bad, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(model).fit(X, y[:-1])
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
    with pytest.raises(ValueError, match="features"):
        clone(model).fit(X, y).predict(X[:, :4])


@pytest.mark.parametrize("kind", [IHT, HTP])
def test_more_coefficients_than_there_are_is_an_error(kind):
    X, y, _ = data()
    with pytest.raises(ValueError, match=r"k must be in 0\.\.30, got 31"):
        kind(31).fit(X, y)


@pytest.mark.parametrize("alpha", [0.0, -1.0, np.nan, np.inf, None, "x", [1.0, 2.0]])
@pytest.mark.parametrize("kind", [Lasso, lambda alpha: GroupLasso(1, alpha)])
def test_bad_penalties_are_named(kind, alpha):
    X, y, _ = data()
    with pytest.raises((TypeError, ValueError), match=r"^alpha must be .*, got"):
        kind(alpha).fit(X, y)


@pytest.mark.parametrize("model", [Lasso(1e-4, max_iter=1), IHT(3, max_iter=1)])
def test_stopping_short_warns(model):
    X, y, _ = data()
    with pytest.warns(ConvergenceWarning, match="after 1 iterations"):
        model.fit(X, y)


def test_importing_the_package_does_not_load_scikit_learn():
    code = "import sys, sparsetheory; assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_zero_data_are_fitted_by_their_mean():
    X, y, _ = data()
    for model in MODELS.values():
        found = clone(model).fit(X, np.full_like(y, 7.0))
        assert_array_equal(found.coef_, 0.0)
        assert_allclose(found.intercept_, 7.0)
    assert st.lasso(X, np.zeros(80), 1.0).converged


@pytest.mark.parametrize("form", [np.asarray, csc_array])
def test_single_precision_is_centred_in_double(form, rng):
    X, w = 1000 + rng.standard_normal((50_000, 4)), np.arange(4.0)
    y = X @ w + 5
    single, double = (
        Lasso(0.01).fit(form(X.astype(kind)), y.astype(kind))
        for kind in (np.float32, np.float64)
    )
    assert_allclose(single.coef_, double.coef_, atol=1e-3)
    assert_allclose(single.intercept_, double.intercept_, atol=1)
