"""Study a function along its parameters, its finite-difference steps and its size.

In: a function and its arguments, or a callable that makes both from a size. Out: a `Landscape`,
`StepSizes` or a `Scaling` (``results/``), which ``plots/`` draws.
Every method is compiled once, by ``comparison/``, and evaluated at many points; ``elements`` names
the numbers among the arguments, ``moves`` makes the call a function of a few of them.
"""

from qgrad_lab.results.landscapes import Landscape, LandscapeRow
from qgrad_lab.results.scalings import Scaling, ScalingRow
from qgrad_lab.results.steps import StepSizes
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
