"""Samples that a feature or more separates."""

import numpy as np

INTERCEPTS = (False, True)


def draw(seed, m=8, n=4, signal=1):
    """Return separable samples of both labels: the first features are near theirs."""
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(m) % 2, 1, -1)
    X = rng.standard_normal((m, n))
    X[:, :signal] = y[:, None] * (1 + 0.2 * np.abs(X[:, :signal]))
    return X, y
