"""Show every form that a program takes, from the user's source to machine code.

In: a function and its arguments. Out: stages, each a text whose lines are mapped to the user's.
"""

from qgrad_lab.inspection.api import Stages, stages
from qgrad_lab.inspection.pipeline import STAGES
from qgrad_lab.inspection.stage import Line, Stage

__all__ = ["STAGES", "Line", "Stage", "Stages", "stages"]
