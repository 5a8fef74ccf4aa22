"""Random measurement matrices with a fast transform behind them.

Every draw takes ``rng``, an integer or a `numpy.random.Generator`, and every matrix A
has ``E ||A x||^2 = ||x||^2``.
"""

import numpy as np
from scipy.linalg import circulant, hadamard, toeplitz

from sparsetheory._rng import check_draw, fair_signs
from sparsetheory.types import Matrix, Seed


def partial_dct(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of the orthonormal DCT-II, times sqrt(n / m).

    Parameters
    ----------
    m, n : int
        With ``m <= n``.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.partial_dct(3, 6, rng=0)
    >>> bool(np.allclose(A @ A.T, 2 * np.eye(3)))
    True
    """
    m, n, rng = check_draw(m, n, rng, most=n)
    frequency = np.sort(rng.choice(n, size=m, replace=False))
    rows = np.cos(np.pi / n * np.outer(frequency, np.arange(n) + 0.5))
    rows *= np.where(frequency == 0, m**-0.5, (2 / m) ** 0.5)[:, None]
    return np.asarray(rows)


def random_circulant(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of a circulant with i.i.d. entries ±1/sqrt(m).

    Parameters
    ----------
    m, n : int
        With ``m <= n``.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import sparsetheory as st
    >>> import numpy as np
    >>> A = st.random_circulant(4, 4, rng=0)
    >>> bool((A[1] == np.roll(A[0], 1)).all())
    True
    """
    m, n, rng = check_draw(m, n, rng, most=n)
    C = circulant(fair_signs(n, rng) * m**-0.5)
    return np.ascontiguousarray(C[np.sort(rng.choice(n, size=m, replace=False))])


def partial_fourier(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of the real Fourier basis, times sqrt(n / m).

    The basis is orthonormal: a constant, a cosine and a sine per frequency, and an
    alternation if n is even.

    Parameters
    ----------
    m, n : int
        With ``m <= n``.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.partial_fourier(3, 6, rng=0)
    >>> bool(np.allclose(A @ A.T, 2 * np.eye(3)))
    True
    """
    m, n, rng = check_draw(m, n, rng, most=n)
    row = np.sort(rng.choice(n, size=m, replace=False))
    frequency = (row + 1) // 2  # rows 2 f - 1 and 2 f are a cosine and a sine
    angle = 2 * np.pi / n * np.outer(frequency, np.arange(n))
    waves = np.where((row % 2 == 1)[:, None], np.cos(angle), np.sin(angle))
    waves[row == 0] = 1.0
    single = (row == 0) | (2 * frequency == n)
    return np.asarray(waves * np.where(single, m**-0.5, (2 / m) ** 0.5)[:, None])


def partial_hadamard(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of the Hadamard matrix of Sylvester, over sqrt(m).

    Parameters
    ----------
    m, n : int
        With ``m <= n`` and n a power of two.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Raises
    ------
    ValueError
        If n is no power of two.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.partial_hadamard(3, 8, rng=0)
    >>> bool(np.allclose(A @ A.T, 8 / 3 * np.eye(3)))
    True
    """
    m, n, rng = check_draw(m, n, rng, most=n)
    if n & (n - 1):
        raise ValueError(f"n must be a power of two, got {n}")
    rows = np.sort(rng.choice(n, size=m, replace=False))
    return np.asarray(hadamard(n)[rows] * m**-0.5)


def flat_circulant(m: int, n: int, rng: Seed) -> Matrix:
    """Matrix of m random rows of a random orthogonal circulant, times sqrt(n / m).

    All its eigenvalues have modulus 1 and independent uniform phases [1]_.

    Parameters
    ----------
    m, n : int
        With ``m <= n``.
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    References
    ----------
    .. [1] J. Romberg, "Compressive sensing by random convolution", SIAM J. Imaging
       Sci. 2(4), 2009.

    Examples
    --------
    >>> import numpy as np
    >>> import sparsetheory as st
    >>> A = st.flat_circulant(3, 6, rng=0)
    >>> bool(np.allclose(A @ A.T, 2 * np.eye(3)))
    True
    """
    m, n, rng = check_draw(m, n, rng, most=n)
    spectrum = np.exp(2j * np.pi * rng.random(n // 2 + 1))
    real = [0, n // 2] if n % 2 == 0 else [0]
    spectrum[real] = fair_signs(len(real), rng)
    C = circulant(np.fft.irfft(spectrum, n)) * (n / m) ** 0.5
    return np.ascontiguousarray(C[np.sort(rng.choice(n, size=m, replace=False))])


def random_toeplitz(m: int, n: int, rng: Seed) -> Matrix:
    """Toeplitz matrix with ``m + n - 1`` independent entries ±1/sqrt(m).

    Parameters
    ----------
    m, n : int
    rng : int or Generator

    Returns
    -------
    ndarray, shape (m, n)

    Examples
    --------
    >>> import sparsetheory as st
    >>> A = st.random_toeplitz(4, 6, rng=0)
    >>> bool((A[1:, 1:] == A[:-1, :-1]).all())
    True
    """
    m, n, rng = check_draw(m, n, rng)
    signs = fair_signs(m + n - 1, rng) * m**-0.5
    return np.ascontiguousarray(toeplitz(signs[n - 1 :], signs[n - 1 :: -1]))


CIRCULANT = (random_circulant, flat_circulant, random_toeplitz)
