"""Why a method is off, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from qgrad_lab.methods.table import STEPPED
from qgrad_lab.results.differences import size

if TYPE_CHECKING:
    from qgrad_lab.results.comparison import Comparison, MethodResult

DEFAULT_STEP = 1e-7
_EPS = float(np.finfo(np.float64).eps)

_SHARPEST = 1e4
"""How many times as large as the function and its gradient a second derivative may be, to be taken
for what makes a difference."""


def why_off(comparison: Comparison, row: MethodResult) -> str | None:
    """What makes a method differ from the reference, if it does by more than is accurate.

    Finite differences with a step h have an error of about ``h |f''| / 2`` from truncation, and of
    about ``2 eps |f| / h`` from rounding (Press et al., Numerical Recipes, 3rd ed., section 5.7).
    The second can be computed, and the first falls with the step: what does neither is no matter of
    the step.
    """
    if comparison.is_accurate(row) is not False or row.difference is None:
        return None
    if not np.isfinite(row.difference):
        return "it is infinite, or not a number, where the reference is not"
    if comparison.shots:
        return (
            "the circuits have shots, so it is an estimate; the reference is exact. More shots "
            "bring it closer, by the square root of their number"
        )
    if row.method not in STEPPED:
        return (
            "the reference is another function here: is the function differentiable at this point, "
            "are all of its parts differentiated (no jax.lax.stop_gradient), and does it do the "
            "same at every call?"
        )
    if any(leaf.dtype == np.float32 for leaf in jax.tree.leaves(row.gradient)):
        return "the gradient is in 32-bit floats, of which differences lose half of the digits"
    if _is_rounding(comparison, row):
        return "rounding: the step is too short, and the error grows as it shrinks"
    if _shorter_steps_are_no_better(comparison):
        return (
            "it is not the step, as others are off by as much: the values of the function change "
            "otherwise than the reference says. Is there a kink or a jump at this point, a "
            "jax.lax.stop_gradient, or a derivative rule that is wrong?"
        )
    bend = 2 * row.difference / _step(row)
    if bend > _SHARPEST * max(_size(comparison.value), _size(comparison.reference)):
        return (
            f"either the step is too long, for a function with a second derivative of about "
            f"{bend:.0e}, or its values change otherwise than the reference says: a kink or a jump "
            "at this point, a jax.lax.stop_gradient, a derivative rule that is wrong. A second "
            "step tells: only truncation falls in proportion to it"
        )
    return "truncation: the step is too long, and the error falls in proportion to it"


def _is_rounding(comparison: Comparison, row: MethodResult) -> bool:
    assert row.difference is not None
    step = _step(row)
    rounding = 2 * _EPS * max(_size(comparison.value), row.difference * step) / step
    return row.difference <= 10 * rounding


def _shorter_steps_are_no_better(comparison: Comparison) -> bool:
    """Whether no step is accurate, and the shortest two are off by about as much."""
    stepped = [
        row for row in comparison.rows if row.method in STEPPED and row.difference is not None
    ]
    if any(comparison.is_accurate(row) for row in stepped):
        return False
    left = [row for row in stepped if not _is_rounding(comparison, row)]
    found = sorted((_step(row), row.difference or 0.0) for row in left)
    if len(found) < 2:
        return False
    (short, with_short), (long, with_long) = found[:2]
    # Of truncation the ratio of differences is that of the steps: an order of one.
    order = math.log(with_long / with_short) / math.log(long / short)
    return order < 0.5


def _step(row: MethodResult) -> float:
    return DEFAULT_STEP if row.h is None else row.h


def _size(tree: Any) -> float:
    """The largest absolute element."""
    return max(map(size, jax.tree.leaves(tree)), default=0.0)
