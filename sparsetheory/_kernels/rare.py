"""Estimates of the probability of a rare ticket, one weight after the other."""

import numpy as np

from sparsetheory._kernels._compile import compiled

HALF_NORM = np.sqrt(np.pi / 2.0)  # area below exp(-x^2/2) for positive x


@compiled
def log_above(rng, draws, count, u, a, signed):
    """Estimate the log-probability that `count` weights N(a, 1) are of size >= u.

    With so many draws for each. Above the mean these are exponential beyond u, and
    weighted by the ratio of the densities (Robert 1995). If `signed`, only positive
    weights count.
    """
    total, h = 0.0, u - a
    rate = 0.5 * (h + np.hypot(h, 2.0))
    for _ in range(count):
        if h <= 0.0:
            z = a + rng.standard_normal(draws)
            good = z >= u if signed else np.abs(z) >= u
            total += np.log(np.count_nonzero(good) / draws)
        else:
            x = rng.standard_exponential(draws)
            y = x / rate
            ratio = np.exp(x - 0.5 * y * (y + 2.0 * h))
            if not signed:
                ratio *= 1.0 + np.exp(-2.0 * a * (u + y))
            total += np.log(ratio.mean() / (2.0 * HALF_NORM * rate)) - 0.5 * h * h
    return total


@compiled
def log_below(rng, draws, count, u):
    """Estimate the log-probability that `count` weights N(0, 1) are of size < u.

    With so many draws for each, below 1 from the uniform density on [0, u].
    """
    total = 0.0
    for _ in range(count):
        if u >= 1.0:
            good = np.abs(rng.standard_normal(draws)) < u
            total += np.log(np.count_nonzero(good) / draws)
        else:
            x = u * rng.random(draws)
            mean = np.exp(-0.5 * x * x).mean()
            total += np.log(mean / HALF_NORM) + np.log(u)
    return total
