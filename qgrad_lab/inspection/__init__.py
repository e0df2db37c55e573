"""Show every form that a program takes, from the user's source to machine code.

In: a function, QNode or compiled program, and the arguments of a call. Out: `Stages`, a mapping of
names to texts, whose lines are mapped to the user's lines.
`Pipeline` compiles step by step as stages are asked for, ``line_maps`` and ``native_code`` read
what JAX and XLA print, and ``view`` and ``bundle`` render all of it for notebooks.
"""

from qgrad_lab.inspection.api import Stages, stages
from qgrad_lab.inspection.pipeline import STAGES
from qgrad_lab.inspection.stage import Line, Stage

__all__ = ["STAGES", "Line", "Stage", "Stages", "stages"]
