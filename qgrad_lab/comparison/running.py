"""Run the methods of a comparison, and its reference."""

import dataclasses
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab.circuit.contents import Contents
from qgrad_lab.comparison.meters import Work, metered
from qgrad_lab.comparison.methods import Method, derivative, methods_of
from qgrad_lab.comparison.point import Point, PointProgram
from qgrad_lab.comparison.references import (
    Kind,
    check_kind,
    first_paragraph,
    gradient_at,
    reference_of,
)
from qgrad_lab.comparison.timing import in_turn, median, timed
from qgrad_lab.differentiate.diff_method import with_diff_method
from qgrad_lab.errors import CompileError, DifferentiableCompileError
from qgrad_lab.methods.table import Scope
from qgrad_lab.results import differences
from qgrad_lab.results.comparison import Comparison, MethodResult

Progress = Callable[[float, str], None]
"""Called with the fraction of the work that is done, and what is being done; may raise to stop."""


def run(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    *,
    methods: Sequence[str] | str,
    h: float | Sequence[float] | None,
    argnum: int | Sequence[int] | None,
    reference: Kind,
    function: str | None = None,
    call: str | None = None,
    progress: Progress = lambda done, now: None,
) -> Comparison:
    """Do what `qgrad_lab.compare` does; ``function`` and ``call`` are their texts for the table."""
    chosen = methods_of(methods, h)
    check_kind(reference)
    # First, because this checks all options.
    derivatives = {method: derivative(f, method, argnum) for method in chosen}
    function, call = texts_of(f, function, call)
    point = Point(f, args, kwargs, argnum)
    progress(0.0, f"tracing {function}")
    contents, seen = trace(point, function, call)

    attempts = {}
    for number, (method, derived) in enumerate(derivatives.items()):
        progress(0.1 + 0.5 * number / len(derivatives), f"compiling {method.label}")
        attempts[method] = first_runs(point, method, derived, contents, seen)
    working = {method: a.program for method, a in attempts.items() if a.program is not None}
    progress(0.6, "timing")
    seconds = dict(zip(working, in_turn(list(working.values())), strict=True))
    progress(0.8, "computing the reference" if reference is not None else "done")
    compared = reference_of(point, reference)
    truth, reason = gradient_at(compared, point.selected) if working else (None, "")
    progress(1.0, "done")

    rows = []
    for method, attempt in attempts.items():
        row = MethodResult(method.name, method.h, error=attempt.error, notes=attempt.notes)
        if attempt.program is not None:
            row = dataclasses.replace(
                row,
                gradient=on_host(attempt.gradient),
                first=attempt.seconds,
                per_call=median(seconds[method]),
                calls=len(seconds[method]),
                executions=attempt.work.executions,
                sweeps=attempt.work.sweeps,
                memory=_memory(attempt),
            )
            if truth is not None:
                absolute = differences.absolute(jax.tree.leaves(row.gradient), truth)
                relative = differences.relative(absolute, truth)
                row = dataclasses.replace(row, absolute=absolute, relative=relative)
        rows.append(row)

    one = next((attempts[method] for method in working), FirstRuns())
    form = jax.tree.structure(one.gradient)
    return Comparison(
        call=call,
        function=function,
        argnum=point.argnum,
        value=on_host(one.value),
        labels=point.labels,
        rows=tuple(rows),
        reference=None if truth is None else on_host(jax.tree.unflatten(form, truth)),
        reference_name=compared.name,
        reference_error=reason or None,
        shots=contents.sampled > 0,
    )


def texts_of(f: Callable[..., Any], function: str | None, call: str | None) -> tuple[str, str]:
    """Return the texts of a function and its call, made up unless given."""
    function = function or str(getattr(f, "__name__", type(f).__name__))
    return function, call or f"{function}(...)"


@dataclasses.dataclass(frozen=True)
class FirstRuns:
    """The first runs of a method."""

    program: PointProgram | None = None
    value: Any = None
    gradient: Any = None
    seconds: float | None = None
    work: Work = Work(0, 0, 0)
    error: str | None = None
    notes: tuple[str, ...] = ()


def trace(point: Point, function: str, call: str) -> tuple[Contents, set[str]]:
    """Trace the call itself, before any method is timed; return its circuits and warnings.

    Errors of the program, as opposed to those of a method, are raised here, once. It also keeps
    the one-time costs of JAX and PennyLane out of the time of the first method.
    """
    with warnings.catch_warnings(record=True) as caught:
        shape, contents = point.trace(point.f)
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
    return contents, {str(warning.message) for warning in caught}


def first_runs(
    point: Point,
    method: Method,
    derived: Callable[..., Any],
    contents: Contents,
    seen: set[str],
) -> FirstRuns:
    """Compile and run a method, or return why that fails."""
    program = point.program(derived)
    with warnings.catch_warnings(record=True) as caught:
        try:
            if method.diff_method is not None and not any(contents):
                # A QNode that PennyLane simulates in JAX becomes one of ours by this.
                _, contents = point.trace(with_diff_method(point.f, method.diff_method))
                if method.row.scope is Scope.QNODES and not any(contents):
                    return FirstRuns(
                        error=f"{method.name} is a diff_method of QNodes, and the function calls "
                        "none; auto differentiates it by JAX"
                    )
            (value, gradient), seconds = timed(program)
            _, work = metered(program)
        except Exception as error:
            return FirstRuns(error=reason_of(error))
    notes = dict.fromkeys(str(warning.message) for warning in caught)
    kept = tuple(note for note in notes if note not in seen)
    return FirstRuns(program, value, gradient, seconds, work, notes=kept)


def _memory(attempt: FirstRuns) -> int | None:
    assert attempt.program is not None
    own = attempt.program.bytes()
    return None if own is None else own + attempt.work.state_bytes


def reason_of(error: Exception) -> str:
    """Return why a method failed, in the words of its error."""
    message = first_paragraph(error)
    if isinstance(error, CompileError | ValueError) and message:
        return message
    return f"{type(error).__name__}: {message}"


def on_host(tree: Any) -> Any:
    """Convert the leaves of a tree to NumPy, so that showing it moves and computes nothing."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[()], tree)
