"""The ways in which a sweep differentiates its function."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import qgrad_lab
from qgrad_lab.differentiate import value_and_grad

METHODS = ("auto", "fd", "adjoint", "parameter-shift")
"""``"auto"`` and ``"fd"`` are those of `qgrad_lab.grad`; with the others all QNodes have that
``diff_method``."""


class Variant(NamedTuple):
    """One way: a method, and the step that it takes.

    Attributes
    ----------
    method : int
        Its number among those asked for.
    step : int or None
        The number of its step along the dimension ``h``; None for a method without one, whose
        results are the same all along it, and where there is no such dimension.
    """

    name: str
    h: float | None
    method: int
    step: int | None


class Ways:
    """All methods and steps that were asked for.

    Attributes
    ----------
    methods : tuple of str
    steps : tuple of float or None
        Along the dimension ``h``; None if there is no such dimension.
    h : float or None
        The one step that was given, if it was one.
    """

    def __init__(self, methods: Any, h: Any) -> None:
        self.methods = (methods,) if isinstance(methods, str) else tuple(methods or ())
        unknown = [method for method in self.methods if method not in METHODS]
        if unknown or not self.methods or len(set(self.methods)) < len(self.methods):
            raise ValueError(
                f"Invalid methods {methods!r}: they are one or more of "
                f"{', '.join(map(repr, METHODS))}, each once."
            )
        is_list = isinstance(h, Sequence) or getattr(h, "ndim", 0) == 1
        self.steps = tuple(h) if is_list else None
        self.h = None if is_list else h
        if is_list and (not len(h) or len(set(self.steps or ())) < len(h)):
            raise ValueError(
                f"Invalid h {h!r}: it is the step of finite differences, or a list of different "
                "steps, such as [1e-3, 1e-5, 1e-7]."
            )

    def variants(self) -> list[Variant]:
        """What is computed at every point."""
        found = []
        for number, method in enumerate(self.methods):
            if method != "fd":
                found.append(Variant(method, None, number, None))
            elif self.steps is None:
                found.append(Variant(method, self.h, number, None))
            else:
                for step, h in enumerate(self.steps):
                    found.append(Variant(method, h, number, step))
        return found


def derivative(
    fn: Callable[..., Any], variant: Variant, argnames: tuple[str, ...]
) -> Callable[..., Any]:
    """The ``value_and_grad`` of ``fn``."""
    if variant.name in ("auto", "fd"):
        return value_and_grad(fn, method=variant.name, h=variant.h, argnames=argnames)
    return value_and_grad(qgrad_lab.with_diff_method(fn, variant.name), argnames=argnames)
