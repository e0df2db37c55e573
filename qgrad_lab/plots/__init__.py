"""Draw comparisons and studies as matplotlib figures, each of which is shown once.

In: a `Comparison`, `Landscape`, `StepSizes` or `Scaling` (``results/``), and a theme. Out: a figure
that is not registered with pyplot, with a text alternative; nothing is computed anew.

Every method has one colour, marker and dash in all figures. ``theme="light"`` and ``"dark"`` are
for light and dark pages; figures are not transparent, so that either can be read anywhere.
``"auto"``, the default, is dark if matplotlib's own style is, as after
``plt.style.use("dark_background")``.
"""

from qgrad_lab.plots.costs import cost, scaling
from qgrad_lab.plots.landscapes import landscape
from qgrad_lab.plots.side_by_side import gradients
from qgrad_lab.plots.steps import step_sizes
from qgrad_lab.plots.style import LOOKS

__all__ = ["LOOKS", "cost", "gradients", "landscape", "scaling", "step_sizes"]
