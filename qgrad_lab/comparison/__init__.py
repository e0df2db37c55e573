"""One function differentiated by several methods, side by side: ``compare`` and its result."""

from qgrad_lab.comparison.api import compare
from qgrad_lab.methods.table import NAMES as METHODS
from qgrad_lab.results.comparison import Best, Comparison, MethodResult

__all__ = ["METHODS", "Best", "Comparison", "MethodResult", "compare"]
