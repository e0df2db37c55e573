"""A function studied along its parameters, its steps and its size; ``qgrad_lab.plots`` draws it."""

from qgrad_lab.results.steps import StepSizes
from qgrad_lab.results.studies import Landscape, LandscapeRow, Scaling, ScalingRow
from qgrad_lab.studies.api import landscape, scaling, step_sizes

__all__ = [
    "Landscape",
    "LandscapeRow",
    "Scaling",
    "ScalingRow",
    "StepSizes",
    "landscape",
    "scaling",
    "step_sizes",
]
