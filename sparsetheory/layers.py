"""Filters of convolution layers that come with the package."""

from importlib.resources import as_file, files

import numpy as np
import numpy.typing as npt


def digits_filters() -> npt.NDArray[np.float64]:
    """Return filters learned from images of handwritten digits, shape (8, 4, 3, 3).

    Two stages of dictionary learning on scikit-learn's digits [1]_: 4 filters of
    3 x 3 pixels for the images, then 8 filters of 4 channels for their responses. Each
    of the 8 has unit norm. ``scripts/learn_filters.py`` learns them.

    Returns
    -------
    ndarray, shape (8, 4, 3, 3)

    References
    ----------
    .. [1] E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI
       Machine Learning Repository, 1998.

    Examples
    --------
    >>> import sparsetheory as st
    >>> layer = st.BlockCirculant.from_conv_layer(st.digits_filters(), size=8)
    >>> layer.shape
    (512, 256)
    """
    with as_file(files("sparsetheory") / "data" / "digits_filters.npy") as path:
        filters: npt.NDArray[np.float64] = np.load(path, allow_pickle=False)
    return filters
