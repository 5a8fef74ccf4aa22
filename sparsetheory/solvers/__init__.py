"""Sparse solvers: an operator and data in, a `Recovery` out."""
