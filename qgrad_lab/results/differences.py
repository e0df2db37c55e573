"""Measure how far gradients are from a reference, element by element and leaf by leaf."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def distances(values: Any, reference: Any) -> np.ndarray:
    """Return the absolute difference of every element.

    Equal infinities are not apart; a NaN is NaN apart from everything, another NaN included.

    >>> distances([1.0, np.inf, np.inf, np.nan], [1.5, np.inf, 2.0, np.nan])
    array([0.5, 0. , inf, nan])
    """
    left, right = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(left == right, 0.0, np.abs(left - right))


def absolute(gradient: Sequence[Any], reference: Sequence[Any]) -> tuple[float, ...]:
    """Return, for each leaf, the largest absolute difference; NaN if any is.

    >>> absolute([np.array([1.0, 2.0]), np.inf], [np.array([1.0, 2.5]), np.inf])
    (0.5, 0.0)
    """
    return tuple(
        float(np.max(distances(values, true), initial=0.0))
        for values, true in zip(gradient, reference, strict=True)
    )


def relative(absolute: Sequence[float], reference: Sequence[Any]) -> tuple[float, ...]:
    """Return, for each leaf, the difference divided by the largest finite element of the reference.

    >>> relative([0.5, 0.0, 0.1, 0.5], [np.array([1.0, -2.0]), 0.0, 0.0, np.array([np.inf, 2.0])])
    (0.25, 0.0, inf, 0.25)
    """
    found = []
    for difference, leaf in zip(absolute, reference, strict=True):
        with np.errstate(invalid="ignore", divide="ignore"):
            quotient = np.float64(difference) / magnitude([leaf])
        found.append(0.0 if difference == 0 else float(quotient))
    return tuple(found)


def largest(values: Iterable[float]) -> float:
    """Return the largest of some differences, 0 if there are none, NaN if any is.

    >>> largest([1.0, 2.0]), largest([float("nan"), 2.0]), largest([])
    (2.0, nan, 0.0)
    """
    return max(values, key=lambda value: (value != value, value), default=0.0)


def magnitude(leaves: Iterable[Any]) -> float:
    """Return the largest absolute element of all that are finite; 0 if none is.

    >>> magnitude([np.array([1.0, -2.0]), np.inf]), magnitude([np.nan])
    (2.0, 0.0)
    """
    found = 0.0
    for leaf in leaves:
        values = np.abs(np.asarray(leaf, np.float64))
        found = max(found, float(np.max(values, initial=0.0, where=np.isfinite(values))))
    return found
