"""Figures of results; the only place that imports Matplotlib."""
