"""The variants of a sweep: methods, each with the steps that it takes."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qgrad_lab.comparison.methods import Method, methods_of
from qgrad_lab.comparison.methods import derivative as derivative_by
from qgrad_lab.differentiate.api import value_and_grad


class Variant(NamedTuple):
    """A variant: one way to compute every point.

    Attributes
    ----------
    place : int
        The number of its method among those asked for.
    step : int or None
        The number of its step along the dimension ``h``; None for a method without one, whose
        results are the same all along it, and where there is no such dimension.
    """

    method: Method
    place: int
    step: int | None

    def derivative(self, fn: Callable[..., Any], argnames: tuple[str, ...]) -> Callable[..., Any]:
        """Return the ``value_and_grad`` of ``fn``."""
        transform = functools.partial(value_and_grad, argnames=argnames)
        return derivative_by(fn, self.method, None, transform)


class Ways:
    """The methods and steps that were asked for.

    Attributes
    ----------
    methods : tuple of str
        Each once.
    steps : tuple of float or None
        Along the dimension ``h``; None if there is no such dimension.
    h : float or None
        The one step that was given, if it was one.
    variants : list of Variant
        What is computed at every point.

    Raises
    ------
    ValueError
        If there is no such method, none at all, or nothing for ``h`` to be the step of.
    """

    def __init__(self, names: str | Sequence[str], h: Any) -> None:
        found = methods_of(names, h)
        self.methods = tuple(dict.fromkeys(method.name for method in found))
        stepped = tuple(dict.fromkeys(method.h for method in found if method.row.takes_step))
        is_list = np.ndim(h) > 0
        self.steps = stepped if is_list else None
        self.h = None if is_list else h
        self.variants = [
            Variant(
                method,
                self.methods.index(method.name),
                stepped.index(method.h) if is_list and method.row.takes_step else None,
            )
            for method in found
        ]
