"""The notebook side of qgrad_lab: the ``%%qgrad`` magic and what it shows.

Everything here uses the public functions of `qgrad_lab` alone, and a table can be made without
IPython, by `compare`.
"""

from qgrad_lab.workbench.comparison import METHODS, Comparison, MethodResult
from qgrad_lab.workbench.running import compare

__all__ = ["METHODS", "Comparison", "MethodResult", "compare"]
