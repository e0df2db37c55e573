"""Runs the methods of a comparison, and its reference."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab.differentiate import value_and_grad
from qgrad_lab.errors import CompileError, DifferentiableCompileError
from qgrad_lab.workbench import baseline
from qgrad_lab.workbench.comparison import METHODS, Comparison, MethodResult
from qgrad_lab.workbench.point import Point
from qgrad_lab.workbench.timing import in_turn, median, timed

_STEPPED = ("fd",)
"""The methods that take a step ``h``."""


def compare(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any] | None = None,
    *,
    methods: Sequence[str] = METHODS,
    h: float | None = None,
    argnum: int | Sequence[int] | None = None,
    function: str | None = None,
    call: str | None = None,
) -> Comparison:
    """Differentiate ``f`` at one point by several methods; check and time each.

    Each method is compiled with `qgrad_lab.qjit`. The reference is `jax.grad` of the same function
    on ``default.qubit``; it is left out where it fails or would take gigabytes.

    Parameters
    ----------
    f : callable
        A function, QNode or compiled program that returns one real number, perhaps in a pytree.
    args, kwargs : sequence, dict
        The arguments of the call. Arrays, and numbers that are differentiated, are arguments of the
        compiled program too; all others, such as strings and numbers of layers, are its constants.
    methods : sequence of str, optional
        Which of `METHODS`.
    h : float, optional
        The step of finite differences.
    argnum : int or sequence of int, optional
        As for `qgrad_lab.grad`.
    function, call : str, optional
        How to write the function and its call in the table.

    Returns
    -------
    Comparison
        A method that fails has its reason in its row, and takes nothing from the others.

    Raises
    ------
    TypeError, ValueError
        If ``f`` is not callable; if an option has a value that `qgrad_lab.grad` does not take.
    DifferentiableCompileError
        If ``f`` does not return one number.
    Exception
        Whatever ``f`` raises, and `qgrad_lab.CompileError` for a program that cannot be compiled.

    Examples
    --------
    >>> comparison = compare(lambda x: x**3, [2.0], methods=["auto"])
    >>> float(comparison.gradient), comparison["auto"].difference
    (12.0, 0.0)
    """
    steps = {method: h if method in _STEPPED else None for method in methods}
    # First, for this checks all options.
    derivatives = {
        method: value_and_grad(f, method=method, h=step, argnum=argnum)
        for method, step in steps.items()
    }
    function = function or str(getattr(f, "__name__", type(f).__name__))
    call = call or f"{function}(...)"
    point = Point(f, args, kwargs or {}, argnum)
    seen = _trace(point, function, call)

    programs = {method: point.program(derivative) for method, derivative in derivatives.items()}
    attempts = {method: _attempt(program, seen) for method, program in programs.items()}
    working = [method for method, attempt in attempts.items() if attempt.error is None]
    seconds = dict(zip(working, in_turn([programs[m] for m in working]), strict=True))
    truth, reason = baseline.gradient(point) if working else (None, None)

    rows = []
    for method, attempt in attempts.items():
        row = MethodResult(method, h=steps[method], error=attempt.error, notes=attempt.notes)
        if method in working:
            leaves = jax.tree.leaves(attempt.gradient)
            row = dataclasses.replace(
                row,
                gradient=_on_host(attempt.gradient),
                difference=None if truth is None else baseline.largest_difference(leaves, truth),
                first=attempt.seconds,
                per_call=median(seconds[method]),
                calls=len(seconds[method]),
            )
        rows.append(row)

    one = attempts[working[0]] if working else _Attempt()
    form = jax.tree.structure(one.gradient)
    return Comparison(
        call=call,
        function=function,
        argnum=point.argnum,
        value=_on_host(one.value),
        labels=point.labels,
        rows=tuple(rows),
        reference=None if truth is None else _on_host(jax.tree.unflatten(form, truth)),
        reference_error=reason,
    )


@dataclasses.dataclass(frozen=True)
class _Attempt:
    """The first run of a method."""

    value: Any = None
    gradient: Any = None
    seconds: float | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()


def _trace(point: Point, function: str, call: str) -> set[str]:
    """Trace the call itself, before any method is timed; return what was warned of.

    What is wrong with the program, and not with a method, is found here, once. It also takes the
    cost of what JAX and PennyLane do only the first time off the method that comes first.
    """
    with warnings.catch_warnings(record=True) as caught:
        shape = point.shape()
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    leaves = jax.tree.leaves(shape)
    if len(leaves) != 1 or leaves[0].shape != ():
        name = function if function.isidentifier() else "f"
        given = ", ".join(f"{leaf.dtype}{list(leaf.shape)}" for leaf in leaves) or "no number"
        raise DifferentiableCompileError(
            f"{call} returns {given}, and only a single number has a gradient. Return an "
            "expectation value, such as qml.expval(qml.Z(0)), or differentiate a function that "
            f"makes one number of the result, such as lambda x: {name}(x)[0]."
        )
    return {str(warning.message) for warning in caught}


def _attempt(program: Callable[[], Any], seen: set[str]) -> _Attempt:
    with warnings.catch_warnings(record=True) as caught:
        try:
            (value, gradient), seconds = timed(program)
        except Exception as error:
            return _Attempt(error=_reason(error))
    notes = dict.fromkeys(str(warning.message) for warning in caught)
    return _Attempt(value, gradient, seconds, notes=tuple(n for n in notes if n not in seen))


def _reason(error: Exception) -> str:
    message = baseline.first_paragraph(error)
    if isinstance(error, CompileError | ValueError) and message:
        return message
    return f"{type(error).__name__}: {message}"


def _on_host(tree: Any) -> Any:
    """The same tree with NumPy arrays, so that to show it moves and computes nothing."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[()], tree)
