"""A ReLU network with one hidden layer and no biases, small enough to differentiate.

Its loss is half the mean of squared errors. Where no unit is at its kink the loss is
smooth, and gradient and Hessian are exact.
"""

from dataclasses import dataclass

import numpy as np

from sparsetheory.types import Matrix, Vector

Weights = list[Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Inputs and targets; the weights come as a list of two matrices."""

    x: Matrix
    y: Matrix

    def outputs(self, w: Weights) -> Matrix:
        """Return the outputs, one row for each input."""
        return np.asarray(np.maximum(self.x @ w[0], 0.0) @ w[1])

    def loss(self, w: Weights) -> float:
        """Return half the mean squared error."""
        return float(0.5 * np.sum((self.outputs(w) - self.y) ** 2) / len(self.x))

    def grad(self, w: Weights) -> Weights:
        """Return the gradient of the loss."""
        a = np.maximum(self.x @ w[0], 0.0)
        error = (a @ w[1] - self.y) / len(self.x)
        return [self.x.T @ ((error @ w[1].T) * (a > 0)), a.T @ error]

    def hvp(self, w: Weights, v: Weights) -> Weights:
        """Return the Hessian times a direction, by differentiating `grad` along it.

        B. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Comput. 6(1),
        1994.
        """
        a = np.maximum(self.x @ w[0], 0.0)
        error = (a @ w[1] - self.y) / len(self.x)
        da = (self.x @ v[0]) * (a > 0)
        change = (da @ w[1] + a @ v[1]) / len(self.x)
        back = (change @ w[1].T + error @ v[1].T) * (a > 0)
        return [self.x.T @ back, a.T @ change + da.T @ error]

    def jacobian(self, w: Weights) -> Matrix:
        """Return derivatives of all outputs by all weights, shape (N, n)."""
        a = np.maximum(self.x @ w[0], 0.0)
        units = np.eye(w[1].shape[1])
        on = np.where(a > 0, 1.0, 0.0)
        first = np.einsum("ni,nh,ho->noih", self.x, on, w[1])
        second = np.einsum("nh,op->nohp", a, units)
        size = a.shape[0] * w[1].shape[1]
        return np.hstack([first.reshape(size, -1), second.reshape(size, -1)])


def draw_network(seed: int) -> tuple[Network, Weights]:
    """Return a network with 8 inputs, 16 hidden units and 3 outputs, and weights."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((60, 8)), rng.standard_normal((60, 3))
    w = [rng.standard_normal((8, 16)) / 2.0, rng.standard_normal((16, 3)) / 3.0]
    return Network(x, y), w


def flat(parts: Weights) -> Vector:
    """Return the vector of a list of matrices."""
    return np.concatenate([part.ravel() for part in parts])


def scaled(w: Weights, factors: Vector) -> Weights:
    """Return weights times factors, one for each."""
    first = w[0].size
    return [
        w[0] * factors[:first].reshape(w[0].shape),
        w[1] * factors[first:].reshape(w[1].shape),
    ]
