"""A small network and quadratics by their definitions, apart from the package's own."""

from itertools import pairwise

import numpy as np


def quadratic(H, b=0.0):
    """``1/2 w'Hw - b'w`` with its gradient and Hessian."""
    return (
        lambda w: 0.5 * w @ H @ w - np.sum(b * w),
        lambda w: H @ w - b,
        lambda w, v: H @ v,
    )


def positive(rng, n):
    B = rng.standard_normal((n + 3, n))
    return B.T @ B / n


class Network:
    """A ReLU network without biases, squared loss, by its definition."""

    def __init__(self, rng, sizes=(5, 7, 6, 3), samples=40):
        self.x = rng.standard_normal((samples, sizes[0]))
        self.y = rng.standard_normal((samples, sizes[-1]))
        self.w = [rng.standard_normal(p) / np.sqrt(p[0]) for p in pairwise(sizes)]

    def outputs(self, w):
        layers = [self.x]
        for i, W in enumerate(w):
            z = layers[-1] @ W
            layers.append(z if i == len(w) - 1 else np.maximum(z, 0.0))
        return layers

    def loss(self, w):
        return 0.5 * np.mean(np.sum((self.outputs(w)[-1] - self.y) ** 2, axis=1))

    def grad(self, w):
        layers = self.outputs(w)
        back = (layers[-1] - self.y) / len(self.x)
        found = []
        for W, a in zip(w[::-1], layers[-2::-1], strict=True):
            found.append(a.T @ back)
            back = (back @ W.T) * (a > 0)
        return found[::-1]

    def hvp(self, w, v, eps=1e-6):
        ends = [self.grad([W + s * eps * V for W, V in zip(w, v, strict=True)])
                for s in (1, -1)]  # fmt: skip
        return [(a - b) / (2 * eps) for a, b in zip(*ends, strict=True)]
