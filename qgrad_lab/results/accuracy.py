"""Decide whether a gradient is accurate, and which method to use.

This is the one rule: tables, figures, advice, `Comparison.to_dict` and, through that, JupyterLab's
viewer take their verdicts and limits from here.
"""

import math
from typing import Any

import jax
import numpy as np

from qgrad_lab.results.comparison_data import Best, ComparisonData, MethodResult
from qgrad_lab.results.differences import distances, magnitude

TOLERANCE = 1e-6
"""The default limit, relative to the largest finite element of the reference, or to 1 if larger."""


def limit(reference: Any, tolerance: float = TOLERANCE) -> float:
    """Return the largest absolute difference from ``reference`` that counts as accurate.

    It is the tolerance times the largest finite element, or times 1 if that is larger.

    >>> limit(np.array([0.5, -30.0, np.inf]), 0.1)
    3.0
    """
    return tolerance * max(1.0, magnitude(jax.tree.leaves(reference)))


def is_accurate(
    comparison: ComparisonData, row: MethodResult, tolerance: float = TOLERANCE
) -> bool | None:
    """Return whether all elements of a row are within the limit; None if that cannot be told.

    It cannot if there is no gradient or no reference, or if both are NaN in some elements and
    within the limit in all others. An element without a finite difference is never within it.
    """
    if row.error is not None or row.absolute is None:
        return None
    most = limit(comparison.reference, tolerance)
    if all(math.isfinite(difference) for difference in row.absolute):
        return all(difference <= most for difference in row.absolute)
    if any(math.isinf(difference) for difference in row.absolute):
        return False
    pairs = zip(jax.tree.leaves(row.gradient), jax.tree.leaves(comparison.reference), strict=True)
    for values, true in pairs:
        known = distances(values, true)[~(np.isnan(values) & np.isnan(true))]
        if not np.all(np.isfinite(known) & (known <= most)):
            return False
    return None


def best(comparison: ComparisonData, tolerance: float = TOLERANCE) -> Best:
    """Return the fastest of the accurate methods, with the reason."""
    working = [row for row in comparison.rows if row.error is None]
    if not working:
        return Best(None, "every method failed")
    if comparison.reference is None:
        why = comparison.reference_error or "none was asked for"
        return Best(None, f"there is no reference to be accurate to: {why.rstrip('.')}")
    near = f"within {tolerance:g} of {comparison.reference_name}"
    verdicts = [is_accurate(comparison, row, tolerance) for row in working]
    accurate = [row for row, verdict in zip(working, verdicts, strict=True) if verdict]
    if not accurate:
        unknown = ", as far as can be told: the reference is NaN in some elements"
        return Best(None, f"no method is {near}" + (unknown if None in verdicts else ""))
    fastest = min(accurate, key=lambda row: row.per_call or 0.0)
    count = len(comparison.rows)
    if count == 1:
        return Best(fastest, f"{fastest.label} is {near}")
    if len(accurate) == 1:
        return Best(fastest, f"{fastest.label} is the only one of {count} methods {near}")
    return Best(fastest, f"{fastest.label} is the fastest of the {len(accurate)} methods {near}")
