"""Designs of known correlations."""

import numpy as np


def with_gram(G):
    return np.linalg.cholesky(G).T


def equicorrelated(n, rho):
    G = np.full((n, n), float(rho))
    np.fill_diagonal(G, 1.0)
    return with_gram(G)


def worst_signs(s, rho):
    """Correlations -rho among s features, and rho of each with one more."""
    G = np.full((s + 1, s + 1), -float(rho))
    G[s] = G[:, s] = rho
    np.fill_diagonal(G, 1.0)
    return with_gram(G)
