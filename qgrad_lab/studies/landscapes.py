"""Run the methods of a landscape, and its reference."""

import dataclasses
import itertools
import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.comparison.methods import Method, derivative, methods_of
from qgrad_lab.comparison.point import Point, PointProgram
from qgrad_lab.comparison.references import (
    Kind,
    Reference,
    check_kind,
    gradient_at,
    reference_of,
)
from qgrad_lab.comparison.running import Progress, first_runs, reason_of, texts_of, trace
from qgrad_lab.differentiate.api import jvp
from qgrad_lab.results import differences
from qgrad_lab.results.landscapes import Landscape, LandscapeRow
from qgrad_lab.studies import elements as named
from qgrad_lab.studies.elements import Element
from qgrad_lab.studies.moves import coordinate, moved, restricted, stacked
from qgrad_lab.studies.pacing import Phase, silent

POINTS = (101, 31)
"""The default numbers of points: along one element, and along each of two."""
MOST_POINTS = 1_000_000
AT_ONCE = (32, 8, 2)
"""Numbers of points at which the simulation in JAX may run at once, as most of its cost is that of
starting its operations; the first that its memory allows is taken."""

Along = int | str | Sequence[int | str] | None
Span = float | Sequence[float] | Sequence[Sequence[float]] | None


def run(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    *,
    along: Along,
    span: Span,
    points: int | Sequence[int] | None,
    methods: Sequence[str] | str,
    h: float | Sequence[float] | None,
    argnum: int | Sequence[int] | None,
    reference: Kind,
    function: str | None = None,
    call: str | None = None,
    progress: Progress = silent,
) -> Landscape:
    """Do what `qgrad_lab.landscape` does; ``function`` and ``call`` are their texts for titles."""
    chosen = methods_of(methods, h)
    check_kind(reference)
    function, call = texts_of(f, function, call)
    point = Point(f, args, kwargs, argnum)
    elements = _elements(point, along, everywhere=argnum is None)
    axes = _axes(elements, span, points)

    line = restricted(point, elements)
    every = tuple(range(len(elements)))
    derivatives = {method: ways_to_differentiate(line.f, method, every) for method in chosen}
    progress(0.0, f"tracing {function}")
    contents, seen = trace(line, function, call)
    attempts = {}
    for number, (method, derived) in enumerate(derivatives.items()):
        progress(0.05 + 0.25 * number / len(derivatives), f"compiling {method.label}")
        for one in derived:
            attempts[method] = first_runs(line, method, one, contents, seen)
            if attempts[method].error is None:
                break

    grid = [
        tuple(coordinate(point, one, value) for one, value in zip(elements, values, strict=True))
        for values in itertools.product(*axes)
    ]
    shape = tuple(map(len, axes))
    value = np.full(shape, np.nan)
    computed = False
    rows = []
    for number, (method, attempt) in enumerate(attempts.items()):
        error = attempt.error
        slopes = None
        if attempt.program is not None:
            start = 0.3 + 0.4 * number / len(attempts)
            stop = start + 0.4 / len(attempts)
            phase = Phase(progress, start, stop, len(grid), f"evaluating {method.label}")
            try:
                values, slopes = _sweep(attempt.program, grid, len(elements), phase)
            except Exception as failure:
                if phase.ended_by(failure):
                    raise
                error = reason_of(failure)
            else:
                if not computed:
                    value, computed = values.reshape(shape), True
        found = None if slopes is None else tuple(slopes.reshape(len(elements), *shape))
        rows.append(LandscapeRow(method.name, method.h, found, error=error, notes=attempt.notes))

    phase = Phase(progress, 0.7, 1.0, len(grid), "computing the reference")
    name, truth, reason = _reference(point, elements, grid, reference, phase)
    by_element = None if truth is None else tuple(truth.reshape(len(elements), *shape))
    progress(1.0, "done")
    return Landscape(
        call=call,
        function=function,
        elements=tuple(one.name for one in elements),
        at=tuple(one.value for one in elements),
        axes=axes,
        value=value,
        rows=tuple(_compared(row, by_element) for row in rows),
        reference=by_element,
        reference_name=name,
        reference_error=reason or None,
        shots=contents.sampled > 0,
    )


def ways_to_differentiate(
    f: Callable[..., Any], method: Method, every: tuple[int, ...]
) -> list[Callable[..., Any]]:
    """Return ways to compute value and derivatives by a method, in order of preference.

    The parameter-shift rule in forward mode only shifts the parameters that depend on the elements;
    in reverse mode it shifts all of them. Not all functions have a forward mode.
    """
    backward = derivative(f, method, every)
    if not method.row.per_parameter:
        return [backward]

    def in_forward_mode(f: Callable[..., Any], argnum: Sequence[int]) -> Callable[..., Any]:
        def value_and_slopes(*args: Any, **kwargs: Any) -> tuple[Any, tuple[Any, ...]]:
            def moving(*elements: Any) -> Any:
                return f(*elements, *args[len(elements) :], **kwargs)

            at = [jnp.asarray(args[place]) for place in argnum]
            slopes = []
            for place, one in enumerate(at):
                value, slope = jvp(moving, at, [jnp.ones_like(one)], argnum=place)
                slopes.append(slope)
            return value, tuple(slopes)

        return value_and_slopes

    return [derivative(f, method, every, in_forward_mode), backward]


def _sweep(
    program: PointProgram, grid: Sequence[tuple[Any, ...]], count: int, phase: Phase
) -> tuple[np.ndarray, np.ndarray]:
    """Return the value and, for each element, the derivative at every point."""
    values, slopes = np.empty(len(grid)), np.empty((count, len(grid)))
    for i, coordinates in enumerate(grid):
        value, gradient = program.at(coordinates)
        values[i] = np.asarray(jax.tree.leaves(value)[0])
        slopes[:, i] = [np.asarray(leaf) for leaf in jax.tree.leaves(gradient)]
        phase.step()
    return values, slopes


def _reference(
    point: Point,
    elements: Sequence[Element],
    grid: Sequence[tuple[Any, ...]],
    kind: Kind,
    phase: Phase,
) -> tuple[str, np.ndarray | None, str]:
    """Return the name of the reference, its derivatives at every point, and why there are none."""
    if kind == "catalyst":
        # In all elements, because Catalyst's derivative through setting one element is zero.
        places = [named.position(point, one) for one in elements]
        wanted = sorted({place for place in places if place is not None})
        point = Point(point.f, point.args, point.kwargs, wanted or point.argnum)
    if kind == "catalyst" or callable(kind):
        return _of_all_elements(point, elements, grid, kind, phase)
    if kind == "jax":
        for count in AT_ONCE:
            compared = reference_of(stacked(point, elements, count), kind)
            # All at once may be too large, and not every function can be mapped over its points.
            if compared.gradient is not None:
                found, reason = _in_chunks(compared, grid, count, phase)
                if found is not None:
                    return compared.name, found, reason
            phase.step(0)
    compared = reference_of(restricted(point, elements), kind)
    found, reason = _one_by_one(compared, grid, phase)
    return compared.name, found, reason


def _in_chunks(
    compared: Reference, grid: Sequence[tuple[Any, ...]], count: int, phase: Phase
) -> tuple[np.ndarray | None, str]:
    columns = [np.asarray(column) for column in zip(*grid, strict=True)]
    found = np.empty((len(columns), len(grid)))
    for start in range(0, len(grid), count):
        part = slice(start, start + count)
        chunk = [column[part] for column in columns]
        size = len(chunk[0])
        # Chunks have one size, so the last is padded with its last point.
        filled = [np.pad(column, (0, count - size), mode="edge") for column in chunk]
        leaves, reason = gradient_at(compared, filled)
        if leaves is None:
            return None, reason
        found[:, part] = [leaf[:size] for leaf in leaves]
        phase.step(size)
    return found, ""


def _one_by_one(
    compared: Reference, grid: Sequence[tuple[Any, ...]], phase: Phase
) -> tuple[np.ndarray | None, str]:
    found = np.empty((len(grid), len(grid[0])))
    for i, coordinates in enumerate(grid):
        leaves, reason = gradient_at(compared, coordinates)
        if leaves is None:
            return None, reason
        found[i] = leaves
        phase.step()
    return found.T, ""


def _of_all_elements(
    point: Point,
    elements: Sequence[Element],
    grid: Sequence[tuple[Any, ...]],
    kind: Kind,
    phase: Phase,
) -> tuple[str, np.ndarray | None, str]:
    compared = reference_of(point, kind)
    try:
        places = named.selection(point, elements)
    except KeyError:
        reason = (
            "it returns the gradient in the differentiated arguments, and the element is in "
            "another one; pass it by position, and choose that with argnum"
        )
        return compared.name, None, reason
    found = np.empty((len(elements), len(grid)))
    for i, coordinates in enumerate(grid):
        leaves, reason = gradient_at(compared, moved(point, elements, coordinates))
        if leaves is None:
            return compared.name, None, reason
        found[:, i] = [leaves[leaf][index] for leaf, index in places]
        phase.step()
    return compared.name, found, ""


def _compared(row: LandscapeRow, reference: tuple[np.ndarray, ...] | None) -> LandscapeRow:
    if row.derivatives is None or reference is None:
        return row
    difference = differences.largest(differences.absolute(row.derivatives, reference))
    return dataclasses.replace(row, difference=difference)


def _elements(point: Point, along: Along, *, everywhere: bool) -> tuple[Element, ...]:
    if along is None:
        along = 0
    if isinstance(along, str | int | np.integer):
        return (named.element(point, along, everywhere=everywhere),)
    if not isinstance(along, Sequence) or len(along) not in (1, 2):
        raise ValueError(
            f"Invalid along {along!r}: a landscape is along one element, such as 0 or 'theta[3]', "
            "or over two, such as (0, 1) or ('theta[0]', 'phi')."
        )
    found = tuple(named.element(point, one, everywhere=everywhere) for one in along)
    if len({(one.leaf, one.index) for one in found}) < len(found):
        raise ValueError(
            f"Invalid along {along!r}: both are {found[0].name}. Give two different elements, or "
            "one for a curve."
        )
    return found


def _axes(
    elements: Sequence[Element], span: Span, points: int | Sequence[int] | None
) -> tuple[np.ndarray, ...]:
    count = len(elements)
    counts = _counts(points, count)
    spans: Sequence[Any] = [span] * count
    if count == 2 and isinstance(span, Sequence) and any(np.ndim(one) for one in span):
        spans = span
    ends = [_ends(one, element.value) for one, element in zip(spans, elements, strict=False)]
    good = [one for one in ends if one is not None]
    if len(good) != count:
        raise ValueError(
            f"Invalid span {span!r}: it is the width around the point, such as 6.28, or the two "
            "ends, such as (-3.14, 3.14), in growing order; over two elements also a pair of these."
        )
    return tuple(np.linspace(*one, number) for one, number in zip(good, counts, strict=True))


def _counts(points: int | Sequence[int] | None, count: int) -> list[int]:
    if points is None:
        return [POINTS[count - 1]] * count
    given = list(points) if isinstance(points, Sequence) else [points] * count
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in given)
    if len(given) != count or not whole or min(given) < 2 or math.prod(given) > MOST_POINTS:
        each = "an int" if count == 1 else "an int, or one for each of the two elements,"
        raise ValueError(
            f"Invalid points {points!r}: {each} of at least 2, and {MOST_POINTS:,} in all at most, "
            f"such as {POINTS[count - 1]}."
        )
    return [int(n) for n in given]


def _ends(span: Any, at: float) -> tuple[float, float] | None:
    """Return the ends that a span means, if any."""
    given = [span] if np.ndim(span) == 0 else list(span)
    if span is None:
        low, high = at - math.pi, at + math.pi
    elif any(isinstance(n, bool) or not isinstance(n, numbers.Real) for n in given):
        return None
    elif np.ndim(span) == 0:
        low, high = at - float(span) / 2, at + float(span) / 2
    elif len(given) == 2:
        low, high = map(float, given)
    else:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None
