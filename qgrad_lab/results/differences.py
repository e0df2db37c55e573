"""How far two gradients are from each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def absolute(one: Sequence[Any], other: Sequence[Any]) -> tuple[float, ...]:
    """For each leaf, the largest absolute difference; not a number if any is.

    >>> absolute([np.array([1.0, 2.0]), np.inf], [np.array([1.0, 2.5]), np.inf])
    (0.5, 0.0)
    """
    found = []
    for a, b in zip(one, other, strict=True):
        left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
        with np.errstate(invalid="ignore"):
            distance = np.where(left == right, 0.0, np.abs(left - right))  # also inf and inf
        found.append(float(np.max(distance, initial=0.0)))
    return tuple(found)


def relative(differences: Sequence[float], reference: Sequence[Any]) -> tuple[float, ...]:
    """For each leaf, the difference beside the largest element of the reference.

    >>> relative([0.5, 0.0, 0.1], [np.array([1.0, -2.0]), 0.0, 0.0])
    (0.25, 0.0, inf)
    """
    found = []
    for difference, leaf in zip(differences, reference, strict=True):
        scale = float(np.max(np.abs(np.asarray(leaf, np.float64)), initial=0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            found.append(0.0 if difference == 0 else float(np.float64(difference) / scale))
    return tuple(found)


def size(leaf: Any) -> float:
    """The largest absolute element; infinite or not a number if any is."""
    return float(np.max(np.abs(np.asarray(leaf, np.float64)), initial=0.0))
