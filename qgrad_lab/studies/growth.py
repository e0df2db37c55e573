"""Time the methods on functions of growing size."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab.comparison.methods import Method, derivative, methods_of
from qgrad_lab.comparison.point import Point, PointProgram
from qgrad_lab.comparison.running import Progress, first_runs, trace
from qgrad_lab.comparison.timing import in_turn, median
from qgrad_lab.results.scalings import Scaling, ScalingRow
from qgrad_lab.studies.pacing import Phase, silent

PATIENCE = 10.0
"""Seconds to a first result after which a method is not tried on larger sizes."""


def run(
    make: Callable[[Any], Any],
    sizes: Sequence[Any],
    *,
    methods: Sequence[str] | str,
    h: float | Sequence[float] | None,
    argnum: int | Sequence[int] | None,
    function: str | None = None,
    progress: Progress = silent,
) -> Scaling:
    """Do what `qgrad_lab.scaling` does; ``function`` is the text of ``make`` for titles."""
    chosen = methods_of(methods, h)
    if not callable(make):
        raise TypeError(
            f"scaling calls its first argument with each size, and {make!r} of type "
            f"{type(make).__name__} is not callable. Give a function from a size to a pair "
            "(function, arguments)."
        )
    wanted = tuple(sizes) if isinstance(sizes, Sequence | np.ndarray | range) else ()
    if not wanted:
        raise ValueError(
            f"Invalid sizes {sizes!r}: they are a list of what the first argument is called with, "
            "such as [2, 4, 8]."
        )
    function = function or str(getattr(make, "__name__", type(make).__name__))
    timings = _Timings(chosen, len(wanted))
    parameters = []
    for i, size in enumerate(wanted):
        start, stop = i / len(wanted), (i + 1) / len(wanted)

        def report(
            part: float, now: str, start: float = start, stop: float = stop, size: Any = size
        ) -> None:
            progress(start + part * (stop - start), f"{function}({size}): {now}")

        report(0.0, "tracing")
        f, args = _made(make(size), function, size)
        point = Point(f, args, {}, argnum)
        _time(point, timings, i, size, report)
        parameters.append(sum(np.size(leaf) for leaf in jax.tree.leaves(point.selected)))
    progress(1.0, "done")
    return Scaling(function, wanted, np.array(parameters), timings.rows())


class _Timings:
    """The times and errors of each method at each size, as far as they are known."""

    def __init__(self, methods: Sequence[Method], count: int) -> None:
        self.methods = methods
        self.seconds = {method: np.full(count, np.nan) for method in methods}
        self.first = {method: np.full(count, np.nan) for method in methods}
        self.errors: dict[Method, list[str | None]] = {method: [None] * count for method in methods}
        self.too_slow: dict[Method, str] = {}

    def rows(self) -> tuple[ScalingRow, ...]:
        """Return a row for each method."""
        return tuple(
            ScalingRow(
                method.name,
                method.h,
                self.seconds[method],
                self.first[method],
                tuple(self.errors[method]),
            )
            for method in self.methods
        )


def _time(point: Point, timings: _Timings, i: int, size: Any, report: Progress) -> None:
    """Time all methods at one size."""
    # First, because this checks argnum.
    derivatives = {method: derivative(point.f, method, point.argnum) for method in timings.methods}
    name = str(getattr(point.f, "__name__", type(point.f).__name__))
    contents, seen = trace(point, name, f"{name}(...)")
    working: dict[Method, PointProgram] = {}
    for number, (method, derived) in enumerate(derivatives.items()):
        if method in timings.too_slow:
            timings.errors[method][i] = timings.too_slow[method]
            continue
        report(0.1 + 0.4 * number / len(derivatives), f"compiling {method.label}")
        attempt = first_runs(point, method, derived, contents, seen)
        timings.errors[method][i] = attempt.error
        if attempt.program is None or attempt.seconds is None:
            continue
        working[method] = attempt.program
        timings.first[method][i] = attempt.seconds
        if attempt.seconds > PATIENCE:
            timings.too_slow[method] = (
                f"not tried: its first result took {attempt.seconds:.0f} s at {size}"
            )
    phase = Phase(report, 0.5, 0.5, 1, "timing")
    timed = in_turn(list(working.values()), between=phase.step)
    for method, seconds in zip(working, timed, strict=True):
        timings.seconds[method][i] = median(seconds)


def _made(made: Any, function: str, size: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    if isinstance(made, tuple | list) and len(made) == 2:
        f, args = made
        if callable(f) and isinstance(args, tuple | list):
            return f, tuple(args)
    raise TypeError(
        f"{function}({size!r}) returned a {type(made).__name__}, and scaling takes a pair: the "
        "function, and a tuple of its arguments, such as (loss, (theta,))."
    )
