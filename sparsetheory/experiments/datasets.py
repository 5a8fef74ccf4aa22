"""Small data sets that come with scikit-learn, split and scaled by seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from sparsetheory._checks import check_integer
from sparsetheory.lottery.initial import check_seeds

Name = Literal["digits", "wine", "breast_cancer"]
SIZES = {"digits": (1000, 697), "wine": (120, 58), "breast_cancer": (380, 189)}
SPLIT, NOISE = 1001, 1002  # roles of a seed's streams

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Splits:
    """Training and test data, one split for each seed.

    Attributes
    ----------
    X : ndarray of float32, shape (seeds, samples, inputs)
    y : ndarray of int, shape (seeds, samples)
    test_X, test_y : ndarray
        The same of other samples.
    classes : int
    """

    X: Array
    y: npt.NDArray[np.int64]
    test_X: Array
    test_y: npt.NDArray[np.int64]
    classes: int


def draw_splits(
    data: Name,
    seed: int | Sequence[int],
    *,
    label_noise: float = 0.0,
    classes: Sequence[int] | None = None,
) -> Splits:
    """Split a data set at random, once for each seed.

    Pixels of digits are divided by 16; other features are standardised by the mean and
    the standard deviation of the training data. Digits are split into 1000 and 697
    samples [1]_, wine into 120 and 58, breast cancer into 380 and 189.

    Parameters
    ----------
    data : {"digits", "wine", "breast_cancer"}
    seed : int or sequence of int
    label_noise : float
        Share of the training labels that are drawn anew, uniform over all classes, in
        [0, 1]; the nearest whole number of them, at random.
    classes : sequence of int, optional
        Labels to keep, two at least, which become 0, 1, ... in ascending order; sizes
        shrink by the share of all samples that have others.

    Returns
    -------
    Splits

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above.

    References
    ----------
    .. [1] E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI
       Machine Learning Repository, 1998.

    Examples
    --------
    >>> import sparsetheory as st
    >>> found = st.draw_splits("digits", seed=range(3))
    >>> found.X.shape, found.test_X.shape
    ((3, 1000, 64), (3, 697, 64))
    """
    if data not in get_args(Name):
        raise ValueError(f"data must be one of {get_args(Name)}, got {data!r}")
    if not 0 <= label_noise <= 1:
        raise ValueError(f"label_noise must lie in [0, 1], got {label_noise}")
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    size, rest = SIZES[data]
    if classes is not None:
        kept, total = _labels(classes, int(y.max())), len(y)
        inside = np.isin(y, kept)
        X, y = X[inside], np.searchsorted(kept, y[inside])
        size, rest = (part * len(y) // total for part in (size, rest))
    many = int(y.max()) + 1
    parts: list[tuple[Array, ...]] = []
    for one in check_seeds(seed):
        order = np.random.default_rng((one, SPLIT)).permutation(len(y))
        old, new = order[:size], order[size : size + rest]
        if data == "digits":
            shift, scale = 0.0, 16.0
        else:
            shift, scale = X[old].mean(axis=0), X[old].std(axis=0)
        labels = noisy_labels(y[old], label_noise, many, one)
        scaled = (((X[part] - shift) / scale).astype(np.float32) for part in (old, new))
        parts.append((*scaled, labels, y[new]))
    train, test, labels, goal = (np.stack(each) for each in zip(*parts, strict=True))
    return Splits(train, labels, test, goal, many)


def noisy_labels(
    labels: npt.NDArray[np.int64], share: float, classes: int, seed: int
) -> npt.NDArray[np.int64]:
    """Return labels of which a share is drawn anew, uniform over all classes."""
    rng = np.random.default_rng((seed, NOISE))
    wrong = rng.permutation(labels.size)[: round(share * labels.size)]
    noisy = labels.copy()
    noisy[wrong] = rng.integers(0, classes, wrong.size)
    return noisy


def _labels(classes: Sequence[int], most: int) -> npt.NDArray[np.int64]:
    each = [check_integer("classes", one, 0, most) for one in classes]
    if len(set(each)) < max(2, len(each)):
        raise ValueError(f"classes must be two labels or more, distinct, got {each}")
    return np.array(sorted(each))
