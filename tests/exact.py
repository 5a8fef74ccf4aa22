"""Linear equations in exact arithmetic."""

from fractions import Fraction


def fractions(A):
    return [[Fraction(float(entry)) for entry in row] for row in A]


def gram(A):
    columns = list(zip(*A, strict=True))
    return [[dot(a, b) for b in columns] for a in columns]


def dot(a, b):
    """Return an inner product; that of nothing is a fraction too."""
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def solve(G, b):
    """Return x with G x = b, by Gauss and Jordan."""
    n = len(b)
    M = [[*row, Fraction(right)] for row, right in zip(G, b, strict=True)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(M[r][i]))
        M[i], M[pivot] = M[pivot], M[i]
        M[i] = [entry / M[i][i] for entry in M[i]]
        for r in range(n):
            if r != i:
                factor = M[r][i]
                M[r] = [x - factor * y for x, y in zip(M[r], M[i], strict=True)]
    return [row[n] for row in M]
