"""Resolve the methods of a comparison: names and steps to derivatives."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qgrad_lab.differentiate.api import value_and_grad
from qgrad_lab.differentiate.diff_method import with_diff_method
from qgrad_lab.methods.table import (
    BY_NAME,
    METHODS,
    NAMES,
    STEPPED,
    MethodRow,
    Scope,
    any_takes_step,
    explained,
    names_of,
    quoted,
)
from qgrad_lab.results.rows import label


class Method(NamedTuple):
    """A method, and the step asked for, if it takes one."""

    name: str
    h: float | None = None

    @property
    def label(self) -> str:
        """The name and the step, for people."""
        return label(self.name, self.h)

    @property
    def row(self) -> MethodRow:
        """Its row in the table."""
        return BY_NAME[self.name]

    @property
    def diff_method(self) -> str | None:
        """That of all QNodes, where the method is one of theirs."""
        return None if self.row.scope is Scope.FUNCTION else self.name


def methods_of(names: Sequence[str] | str, h: float | Sequence[float] | None) -> list[Method]:
    """Return every method with every step that it takes, each once.

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
    unknown = [name for name in names if name not in NAMES]
    if unknown or not names:
        given = f"Invalid method {unknown[0]!r}" if unknown else "Invalid methods: there are none"
        raise ValueError(f"{given}. The methods are {_known()}.")
    steps: list[Any] = [h] if np.ndim(h) == 0 else list(h)  # type: ignore[arg-type]
    if not steps:
        raise ValueError(
            f"Invalid h {h!r}: give {quoted(STEPPED, 'or')} one step, or several: h=[1e-3, 1e-7]."
        )
    if h is not None and not any_takes_step(names):
        raise ValueError(
            f"Invalid h {h!r}: it is the step of the method {quoted(STEPPED, 'or')}, which is not "
            f"among the methods {', '.join(map(repr, names))}."
        )
    found = []
    for name in names:
        found += [Method(name, step) for step in (steps if name in STEPPED else [None])]
    return list(dict.fromkeys(found))


def _known() -> str:
    """Return all methods and what they are, as part of a sentence."""
    functions = [explained(row) for row in METHODS if row.scope is Scope.FUNCTION]
    qnodes = quoted(names_of(Scope.QNODES, Scope.PENNYLANE), "and")
    return f"{', '.join(functions)}, and {qnodes} (all QNodes by that diff_method)"


def derivative(
    f: Callable[..., Any],
    method: Method,
    argnum: int | Sequence[int] | None,
    transform: Callable[..., Callable[..., Any]] = value_and_grad,
) -> Callable[..., Any]:
    """Return ``f``'s value and gradient by ``method``, or what another ``transform`` makes.

    Raises
    ------
    TypeError, ValueError
        Of `qgrad_lab.grad`, for options that it does not take.
    """
    if method.diff_method is not None:
        return transform(with_diff_method(f, method.diff_method), argnum=argnum)
    return transform(f, method=method.name, h=method.h, argnum=argnum)
