"""Why a method is off, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

if TYPE_CHECKING:
    from qgrad_lab.comparison.results import Comparison, MethodResult

DEFAULT_STEP = 1e-7
_EPS = float(np.finfo(np.float64).eps)


def why_off(comparison: Comparison, row: MethodResult) -> str | None:
    """What makes a method differ from the reference, if it does by more than is accurate.

    Finite differences with a step h have an error of about ``h |f''| / 2`` from truncation, and of
    about ``2 eps |f| / h`` from rounding (Press et al., Numerical Recipes, 3rd ed., section 5.7);
    which of them it is, the second, that can be computed, tells.
    """
    if comparison.is_accurate(row) is not False or row.difference is None:
        return None
    difference = row.difference
    if not np.isfinite(difference):
        return "it is infinite, or not a number, where the reference is not"
    if comparison.shots:
        return (
            "the circuits have shots, so it is an estimate; the reference is exact. More shots "
            "bring it closer, by the square root of their number"
        )
    if row.method != "fd":
        return (
            "the reference is another function here: is the function differentiable at this point, "
            "and does it do the same at every call?"
        )
    value = max(map(float, map(np.abs, jax.tree.leaves(comparison.value))), default=0.0)
    step = DEFAULT_STEP if row.h is None else row.h
    if any(leaf.dtype == np.float32 for leaf in jax.tree.leaves(row.gradient)):
        return "the gradient is in 32-bit floats, of which differences lose half of the digits"
    rounding = 2 * _EPS * max(value, difference * step) / step
    if difference > 10 * rounding:
        return "truncation: the step is too long, and the error falls in proportion to it"
    return "rounding: the step is too short, and the error grows as it shrinks"
