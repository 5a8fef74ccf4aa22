"""State evolution: definitions by quadrature, a run of AMP, limits, references.

The reference numbers were computed once from another implementation.
"""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import norm

from sparsetheory.theory.bayes import bayes_amp_threshold, bernoulli_gauss_mmse
from sparsetheory.theory.curves import (
    l1_statistical_dimension,
    l1_weak_threshold,
    minimax_threshold,
    nonnegative_weak_threshold,
)
from sparsetheory.theory.lasso import lasso_risk, noise_sensitivity
from sparsetheory.theory.state_evolution import (
    amp_threshold,
    nonnegative_amp_threshold,
    state_evolution,
    state_evolution_limit,
)

LASSO = [  # (delta, eps, sigma2, lam, mean, sd), (alpha, tau2, mse, active)
    (
        (0.64, 0.128, 0.2, 1.0, 1.0, 0.0),
        (1.9458458093568, 0.36366511508082, 0.10474567365173, 0.094592972944277),
    ),
    (
        (0.5, 0.1, 0.04, 0.3, 0.0, 1.0),
        (1.5774816757575, 0.082771720613879, 0.02138586030694, 0.1694889800723),
    ),
    (
        (0.25, 0.05, 0.01, 0.2, 1.0, 0.0),
        (1.6756149506645, 0.071195002112162, 0.01529875052804, 0.13816672995304),
    ),
    (
        (0.5, 0.05, 1.0, 1.5, 5.0, 0.0),
        (1.6228268656405, 1.7303104734582, 0.36515523672909, 0.14866043734784),
    ),
]
SENSITIVITY = [  # delta, rho, M, M*, lambda
    (0.1, 0.0947146838798368, 0.0587049547264746, 0.142159802314373, 1.2611266944),
    (0.1, 0.170486430983706, 0.0923286982125144, 1.20355971867947, 0.490474212201),
    (0.25, 0.133691776203879, 0.15252430406727, 0.391185470921211, 0.962483336086),
    (0.5, 0.347120699563333, 0.468770781207675, 7.50532352930468, 0.23009825718),
]
BAYES = {
    0.05: 0.11873230509579834,
    0.1: 0.20755907868011259,
    0.2: 0.355410827957598,
    0.4: 0.5892460011308966,
    0.6: 0.7711551593093531,
}


def soft(y, theta):
    return np.sign(y) * np.maximum(np.abs(y) - theta, 0)


def risk_by_quadrature(tau, theta, mean, sd):
    """E (soft(X + tau g) - X)^2, over a grid of X and g."""
    g = np.linspace(-9, 9, 3001)
    w = norm.pdf(g) * (g[1] - g[0])
    X = mean + sd * g[:, None] if sd else np.array([[mean]])
    inner = (soft(X + tau * g, theta) - X) ** 2 @ w
    return float(w @ inner) if sd else float(inner[0])


def test_minimax_thresholds_belong_to_their_curves():
    delta = np.linspace(0.05, 0.95, 7)
    for threshold, curve in [
        (amp_threshold, l1_weak_threshold),
        (nonnegative_amp_threshold, nonnegative_weak_threshold),
    ]:
        t = threshold(delta)
        assert_allclose(curve(delta), 1 - t * norm.sf(t) / norm.pdf(t), rtol=1e-12)
        assert_allclose(threshold([0.0, 1.0]), [np.inf, 0.0])
    eps = l1_weak_threshold(delta) * delta
    t = [minimax_threshold(float(e)) for e in eps]
    assert_allclose(amp_threshold(delta), t, rtol=1e-10)
    assert_allclose(amp_threshold([0.1, 0.5]), [1.73567017614394, 0.87690098555286])
    assert_allclose(nonnegative_amp_threshold(0.1), 1.42018688810044)


@pytest.mark.parametrize(("mean", "sd"), [(1.0, 0.0), (0.0, 1.0), (1.3, 0.7)])
def test_one_step_by_its_definition(mean, sd):
    delta, eps, sigma2, alpha = 0.4, 0.15, 0.03, 1.2
    mse = state_evolution(delta, eps, sigma2, alpha, steps=2, mean=mean, sd=sd)
    assert_allclose(mse[0], eps * (mean**2 + sd**2))
    for before, after in pairwise(mse):
        tau = np.sqrt(sigma2 + before / delta)
        some = risk_by_quadrature(tau, alpha * tau, mean, sd)
        none = risk_by_quadrature(tau, alpha * tau, 0.0, 0.0)
        assert_allclose(after, eps * some + (1 - eps) * none, rtol=2e-5)


def test_signs_of_the_signal_do_not_matter():
    a = state_evolution(0.4, 0.1, 0.1, 1.0, steps=4, mean=-2.0, sd=0.3)
    b = state_evolution(0.4, 0.1, 0.1, 1.0, steps=4, mean=2.0, sd=0.3)
    assert_allclose(a, b, rtol=1e-14)


def test_message_passing_follows_state_evolution():
    n, m, k, sigma2, alpha = 4000, 2000, 400, 0.01, 1.2
    rng = np.random.default_rng(0)
    A = rng.standard_normal((m, n), dtype=np.float32) / np.float32(np.sqrt(m))
    x = np.zeros(n)
    x[:k] = rng.standard_normal(k)
    y = A @ x + np.sqrt(sigma2) * rng.standard_normal(m)
    predicted = state_evolution(m / n, k / n, sigma2, alpha, steps=6, mean=0, sd=1)
    estimate, z, tau2 = np.zeros(n), y, sigma2 + predicted[0] * n / m
    found = [np.mean(x**2)]
    for mse in predicted[1:]:
        theta = alpha * np.sqrt(tau2)
        estimate = soft(estimate + A.T @ z, theta)
        z = y - A @ estimate + z * np.count_nonzero(estimate) / m
        tau2 = sigma2 + mse * n / m
        found.append(np.mean((estimate - x) ** 2))
    # A mean square of k independent normals is within 5 sqrt(2 / k) of its mean.
    assert_allclose(found, predicted, rtol=5 * np.sqrt(2 / k))
    # Control: another threshold is told apart.
    other = state_evolution(m / n, k / n, sigma2, alpha * 1.5, steps=6, mean=0, sd=1)
    assert abs(found[-1] / other[-1] - 1) > 5 * np.sqrt(2 / k)


def test_noiseless_message_passing_succeeds_up_to_the_curve():
    for delta in (0.2, 0.5, 0.8):
        alpha = float(amp_threshold(delta))
        critical = delta * float(l1_weak_threshold(delta))
        for mean, sd in [(1.0, 0.0), (0.0, 1.0)]:
            below, above = (
                state_evolution_limit(delta, f * critical, 0.0, alpha, mean=mean, sd=sd)
                for f in (0.99, 1.01)
            )
            assert below == 0.0
            assert above > 0.0


def test_noiseless_errors_keep_their_digits_down_to_nothing():
    # Near 0 each step multiplies the error by [eps(1 + a^2) + (1 - eps) M] / delta.
    delta, eps, alpha = 0.5, 0.1, 1.14
    off = 2 * ((1 + alpha**2) * norm.sf(alpha) - alpha * norm.pdf(alpha))
    factor = (eps * (1 + alpha**2) + (1 - eps) * off) / delta
    for mean, sd, exact in [(1.0, 0.0, 1e-12), (0.0, 1.0, 1e-6)]:
        mse = state_evolution(delta, eps, 0.0, alpha, steps=400, mean=mean, sd=sd)
        assert_allclose(mse[301:] / mse[300:-1], factor, rtol=exact)


def test_limit_is_where_the_sequence_ends():
    for sigma2 in (0.0, 0.2):
        limit = state_evolution_limit(0.5, 0.3, sigma2, 1.0, mean=0.5, sd=0.2)
        mse = state_evolution(0.5, 0.3, sigma2, 1.0, steps=3000, mean=0.5, sd=0.2)
        assert_allclose(mse[-1], limit, rtol=1e-10)
    assert state_evolution_limit(0.5, 0.1, 0.1, 0.3) == np.inf
    assert state_evolution_limit(0.5, 0.0, 0.0, 1.0) == 0.0


@pytest.mark.parametrize(("problem", "answer"), LASSO, ids=str)
def test_lasso_risk_is_the_reference(problem, answer):
    delta, eps, sigma2, lam, mean, sd = problem
    risk = lasso_risk(delta, eps, sigma2, lam, mean=mean, sd=sd)
    found = [risk.alpha, risk.tau2, risk.mse, risk.active]
    assert_allclose(found, answer, rtol=3e-13)


@pytest.mark.parametrize("delta", [0.3, 1.0, 2.0])
def test_calibration_solves_its_two_equations(delta):
    eps, sigma2, mean, sd = 0.1, 0.05, 0.7, 0.4
    lam = np.array([[0.05, 0.3], [1.0, 4.0]])
    risk = lasso_risk(delta, eps, sigma2, lam, mean=mean, sd=sd)
    assert risk.mse.shape == lam.shape
    assert_allclose(risk.tau2, sigma2 + risk.mse / delta, rtol=1e-12)
    theta = risk.alpha * np.sqrt(risk.tau2)
    assert_allclose(lam, theta * (1 - risk.active / delta), rtol=1e-11)
    v = np.sqrt(sd**2 + risk.tau2)
    kept = eps * (norm.sf((theta - mean) / v) + norm.sf((theta + mean) / v))
    kept += (1 - eps) * 2 * norm.sf(risk.alpha)
    assert_allclose(risk.active, kept, rtol=1e-11)
    for index in np.ndindex(lam.shape):
        again = state_evolution_limit(
            delta, eps, sigma2, float(risk.alpha[index]), mean=mean, sd=sd
        )
        assert_allclose(again, risk.mse[index], rtol=1e-9)


def test_lasso_risk_at_the_ends():
    # A heavy weight kills everything; a light one without noise loses in proportion.
    heavy = lasso_risk(0.5, 0.1, 0.2, 1e3)
    assert_allclose([heavy.mse, heavy.active], [0.1, 0], atol=1e-12)
    light = lasso_risk(0.5, 0.05, 0.0, [1e-6, 1e-8, 1e-60])
    assert_allclose(light.mse / np.array([1e-6, 1e-8, 1e-60]) ** 2, light.mse[0] * 1e12)
    # Least squares: tau^2 = sigma^2 + tau^2 / delta.
    least = lasso_risk(2.0, 0.1, 0.3, 1e-12)
    assert_allclose(least.mse, 2 * (0.6 - 0.3), rtol=1e-6)


@pytest.mark.parametrize("row", SENSITIVITY, ids=str)
def test_noise_sensitivity_is_the_reference(row):
    delta, rho, *expected = row
    found = noise_sensitivity(delta, rho)
    values = [found.minimax_risk, found.sensitivity, found.lam]
    assert_allclose(values, expected, rtol=1e-11)


def test_noise_sensitivity_is_the_lasso_with_huge_entries():
    delta, rho = 0.5, 0.3
    worst = noise_sensitivity(delta, rho)
    risk = lasso_risk(delta, rho * delta, 1.0, worst.lam, mean=1e6)
    assert_allclose(risk.mse, worst.sensitivity, rtol=1e-9)
    assert_allclose(risk.alpha, minimax_threshold(rho * delta), rtol=1e-7)
    # any other weight or law is better for the worst, or worse for the tuned
    for factor in (0.7, 1.4):
        other = lasso_risk(delta, rho * delta, 1.0, factor * worst.lam, mean=1e6)
        assert other.mse > worst.sensitivity
    assert lasso_risk(delta, rho * delta, 1.0, worst.lam).mse < worst.sensitivity


def test_noise_sensitivity_is_finite_below_the_curve():
    for delta in (0.1, 0.5, 0.9):
        rho = float(l1_weak_threshold(delta)) * np.array([0.999, 1.001])
        found = noise_sensitivity(delta, rho)
        assert found.sensitivity[0] > 100 * delta
        assert found.sensitivity[1] == np.inf
        assert found.lam[0] > found.lam[1] == 0
        assert_allclose(found.minimax_risk, l1_statistical_dimension(rho * delta))
    ends = noise_sensitivity([0, 0, 0.5, 1], [0, 0.5, 0, 1])
    assert_allclose(ends.sensitivity, [0, np.inf, 0, np.inf])


def test_bayes_thresholds_are_the_reference():
    assert_allclose(bayes_amp_threshold(list(BAYES)), list(BAYES.values()), rtol=1e-11)


@pytest.mark.parametrize("eps", [1e-6, 0.1, 0.7, 0.999])
@pytest.mark.parametrize("s", [1e-6, 0.02, 1.0, 50.0])
def test_least_error_by_its_definition(eps, s):
    def density(y):
        on, off = norm.pdf(y, scale=np.sqrt(1 + s)), norm.pdf(y, scale=np.sqrt(s))
        return eps * on, (1 - eps) * off

    def explained(y):  # E[X | y]^2 times the density of y
        on, off = density(y)
        return on**2 / (on + off) * (y / (1 + s)) ** 2 if on > 0 else 0.0

    end, knee = 10 * np.sqrt(1 + s), np.sqrt(s)
    points = [0, *(knee * np.array([2.0, 4.0, 6.0, 10.0])), end]
    parts = [
        2 * quad(explained, a, b, epsabs=0, epsrel=1e-11)[0]
        for a, b in pairwise(points)
        if a < b
    ]
    found = bernoulli_gauss_mmse(eps, s)
    assert_allclose(found, eps - sum(parts), rtol=1e-9, atol=1e-13 * eps)


def test_bayes_lies_between_information_and_l1():
    eps = np.array([1e-8, 1e-3, 0.05, 0.3, 0.8, 0.99])
    bayes = bayes_amp_threshold(eps)
    assert np.all(bayes >= eps)
    assert np.all(bayes < l1_statistical_dimension(eps))
    assert np.all(np.diff(bayes_amp_threshold(np.linspace(0, 1, 50))) > 0)
    assert_allclose(bayes_amp_threshold([0.0, 1.0]), [0.0, 1.0])
    assert_allclose(bernoulli_gauss_mmse(1.0, 0.5), 0.5 / 1.5, rtol=1e-13)
    assert type(bernoulli_gauss_mmse(0.3, 0.5)) is np.ndarray
    assert bernoulli_gauss_mmse(0.0, 0.5) == 0.0
    assert bayes_amp_threshold([[0.1, 0.2]]).shape == (1, 2)
    # between delta and the sup no fixed point is left: mmse(s) < delta s
    s = np.logspace(-12, 3, 500)
    worst = np.max(bernoulli_gauss_mmse(0.2, s) / s)
    assert bayes_amp_threshold(0.2) * (1 - 1e-3) < worst <= bayes_amp_threshold(0.2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"delta": 0}, "delta must be positive and finite, got 0"),
        ({"delta": np.inf}, "delta must be positive and finite, got inf"),
        ({"eps": 1.5}, r"eps must lie in \[0, 1\], got 1.5"),
        ({"sigma2": -1.0}, "sigma2 must be non-negative and finite, got -1.0"),
        ({"sd": -1.0}, "sd must be non-negative and finite, got -1.0"),
        ({"mean": np.nan}, "mean must be finite, got nan"),
    ],
)
def test_arguments_out_of_range_are_named(changed, message):
    problem = {"delta": 0.5, "eps": 0.1, "sigma2": 0.1, "mean": 1.0, "sd": 0.0}
    with pytest.raises(ValueError, match=message):
        lasso_risk(lam=1.0, **(problem | changed))
    with pytest.raises(ValueError, match=message):
        state_evolution(alpha=1.0, steps=2, **(problem | changed))


def test_other_arguments_out_of_range_are_named():
    with pytest.raises(ValueError, match="lam must be positive and finite, got 0"):
        lasso_risk(0.5, 0.1, 0.1, [1.0, 0.0])
    with pytest.raises(ValueError, match="sigma2 must be positive without a signal"):
        lasso_risk(0.5, 0.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="alpha must be non-negative and finite"):
        state_evolution_limit(0.5, 0.1, 0.1, -1.0)
    with pytest.raises(ValueError, match="s must be positive and finite, got 0"):
        bernoulli_gauss_mmse(0.1, [1.0, 0.0])
    with pytest.raises(ValueError, match=r"rho must lie in \[0, 1\], got 2"):
        noise_sensitivity(0.5, 2.0)
