"""A function studied along its parameters, its steps and its size; ``qgrad_lab.plots`` draws it."""

from qgrad_lab.studies.api import landscape, scaling, step_sizes
from qgrad_lab.studies.results import (
    Landscape,
    LandscapeRow,
    Scaling,
    ScalingRow,
)
from qgrad_lab.studies.step_results import StepSizes

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
