"""Differentiate one function at one point by several methods, side by side.

In: a function, the arguments of its call, and the names of methods and of a reference. Out: a
`Comparison` (``results/``) of gradients, differences, times, counted circuits and memory.
`Point` is the call with its differentiated arguments, ``methods`` what is compiled for each method,
``references`` the independent gradients, ``timing`` and ``meters`` what is measured.
``studies/``, ``sweeps/`` and ``workbench/`` run methods at points through these.
"""

from qgrad_lab.comparison.api import compare
from qgrad_lab.methods.table import NAMES as METHODS
from qgrad_lab.results.comparison import Best, Comparison, MethodResult

__all__ = ["METHODS", "Best", "Comparison", "MethodResult", "compare"]
