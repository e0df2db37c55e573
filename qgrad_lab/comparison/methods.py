"""The methods of a comparison: what they are called, and the derivatives that they are."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qgrad_lab.differentiate.api import value_and_grad
from qgrad_lab.differentiate.diff_method import with_diff_method
from qgrad_lab.results.comparison import METHODS
from qgrad_lab.results.rows import label

STEPPED = "fd"
"""The method that takes a step ``h``."""

_OF_GRAD = ("auto", STEPPED)


class Method(NamedTuple):
    """A method, and the step asked for, if it takes one."""

    name: str
    h: float | None = None

    @property
    def label(self) -> str:
        """For people."""
        return label(self.name, self.h)

    @property
    def diff_method(self) -> str | None:
        """That of all QNodes, where the method is one of theirs."""
        return None if self.name in _OF_GRAD else self.name


def methods_of(names: Sequence[str] | str, h: float | Sequence[float] | None) -> list[Method]:
    """Every method with every step that it takes, each once.

    Raises
    ------
    ValueError
        If there is no such method, none at all, or nothing for ``h`` to be the step of.

    Examples
    --------
    >>> [method.label for method in methods_of(["auto", "fd"], [1e-3, 1e-5])]
    ['auto', 'fd, h = 0.001', 'fd, h = 1e-05']
    """
    names = [names] if isinstance(names, str) else list(names)
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        given = f"Invalid method {unknown[0]!r}" if unknown else "Invalid methods: there are none"
        raise ValueError(
            f"{given}. The methods are 'auto' (each QNode by its own diff_method, everything else "
            "by JAX), 'fd' (finite differences of the whole function), and 'adjoint', "
            "'parameter-shift' and 'backprop' (all QNodes by that diff_method)."
        )
    steps: list[Any] = [h] if np.ndim(h) == 0 else list(h)  # type: ignore[arg-type]
    if not steps:
        raise ValueError(f"Invalid h {h!r}: give 'fd' one step, or several: h=[1e-3, 1e-7].")
    if h is not None and STEPPED not in names:
        raise ValueError(
            f"Invalid h {h!r}: it is the step of the method 'fd', which is not among the methods "
            f"{', '.join(map(repr, names))}."
        )
    found = []
    for name in names:
        found += [Method(name, step) for step in (steps if name == STEPPED else [None])]
    return list(dict.fromkeys(found))


def derivative(
    f: Callable[..., Any],
    method: Method,
    argnum: int | Sequence[int] | None,
    transform: Callable[..., Callable[..., Any]] = value_and_grad,
) -> Callable[..., Any]:
    """``f``'s value and gradient by ``method``, or what another ``transform`` makes.

    Raises
    ------
    TypeError, ValueError
        Of `qgrad_lab.grad`, for options that it does not take.
    """
    if method.diff_method is not None:
        return transform(with_diff_method(f, method.diff_method), argnum=argnum)
    return transform(f, method=method.name, h=method.h, argnum=argnum)
