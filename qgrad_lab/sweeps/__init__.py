"""Gradients over a grid of points, as one labelled dataset: ``sweep``."""

from qgrad_lab.sweeps.api import sweep

__all__ = ["sweep"]
