"""Sparse networks: training, pruning, and what remains."""
