"""Draw the cost of gradients: time against accuracy, and against the number of parameters."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qgrad_lab.methods.look import Look
from qgrad_lab.plots import parts
from qgrad_lab.plots.figures import furnished, literal, new_figure, shortened
from qgrad_lab.plots.scales import ErrorAxis, logarithmic, unit_of_times
from qgrad_lab.plots.style import Style, Theme, looks
from qgrad_lab.results.accuracy import limit
from qgrad_lab.results.comparison import Comparison
from qgrad_lab.results.comparison_data import MethodResult
from qgrad_lab.results.format import difference, duration
from qgrad_lab.results.scalings import Scaling, ScalingRow


def cost(comparison: Comparison, *, theme: str = "auto") -> Figure:
    """Draw the time of each method against its accuracy: the lower left is the best.

    Parameters
    ----------
    comparison : Comparison
        Made by `qgrad_lab.compare`.
    theme : {"auto", "light", "dark"}, optional
        The colours; ``"auto"`` is dark if matplotlib's own style is.

    Returns
    -------
    matplotlib.figure.Figure
        A marker for each method, and a ring around the best; without a reference, only the times.

    Raises
    ------
    ValueError
        If ``theme`` is none of these.

    Examples
    --------
    >>> from qgrad_lab import compare, plots
    >>> figure = plots.cost(compare(lambda x: x**3, 2.0))
    >>> print(figure.axes[0].get_ylabel())
    largest difference from
    jax.grad on default.qubit
    """
    every_look = dict(zip(map(id, comparison.rows), looks(comparison.rows), strict=True))
    rows = [row for row in comparison.rows if row.error is None and row.per_call is not None]
    chosen = [every_look[id(row)] for row in rows]
    there = comparison.reference is not None
    best = comparison.best()
    remarks = [f"Best: {best.reason}."] if best.row is not None else []
    with new_figure(theme, 7.0, 3.9 if there else 1.4 + 0.3 * len(rows)) as (figure, colours):
        ring: Style = {
            "ls": "none",
            "marker": "o",
            "ms": 17,
            "mfc": "none",
            "mec": colours.ink,
            "mew": 1.2,
        }
        handles = [
            parts.Line2D([], [], label=literal(row.label), **_marker(look))
            for row, look in zip(rows, chosen, strict=True)
        ]
        if there:
            handles.append(parts.limit_line(limit(comparison.reference), colours))
        if best.row is not None:
            handles.append(parts.Line2D([], [], label="best", **{**ring, "ms": 10}))
        place = furnished(
            figure,
            colours,
            title=f"Time and accuracy of the gradient of {shortened(comparison.call)}",
            alt=_alt(comparison, rows),
            handles=handles,
            remarks=remarks + parts.comparison_remarks(comparison),
        )
        axes = place.subplots()
        unit, name = unit_of_times([row.per_call or np.nan for row in rows])
        times = np.array([row.per_call for row in rows], np.float64) / unit
        if there:
            heights = _accuracies(axes, comparison, rows, colours)
            axes.axhline(limit(comparison.reference), **parts.limit_style(colours))
        else:
            heights = np.arange(len(rows), 0, -1.0)
            axes.set_yticks(heights, [literal(row.label) for row in rows])
            axes.set_ylim(0.4, len(rows) + 0.6)
        for x, y, row, look in zip(times, heights, rows, chosen, strict=True):
            if row is best.row:
                axes.plot([x], [y], **ring, clip_on=False)
            axes.plot([x], [y], **_marker(look), zorder=3)
        logarithmic(axes, times, horizontal=True)
        axes.set_xlabel(f"time per call ({name}), value and gradient together")
    return figure


def scaling(found: Scaling, *, theme: str = "auto") -> Figure:
    """Draw the time of one call of each method against the number of parameters.

    Parameters
    ----------
    found : Scaling
        Made by `qgrad_lab.scaling`.
    theme : {"auto", "light", "dark"}, optional
        The colours; ``"auto"`` is dark if matplotlib's own style is.

    Returns
    -------
    matplotlib.figure.Figure
        On logarithmic axes, with the power of growth in the legend.

    Raises
    ------
    ValueError
        If ``theme`` is none of these.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import plots, scaling
    >>> def sines(count):
    ...     return lambda x: jnp.sum(jnp.sin(x)), (jnp.ones(count),)
    >>> figure = plots.scaling(scaling(sines, [2, 4], methods="auto"))
    >>> figure.axes[0].get_xlabel()
    'number of parameters, P'
    """
    chosen = looks(found.rows)
    with new_figure(theme, 7.0, 4.2) as (figure, colours):
        handles, remarks = [], []
        for row, look in zip(found.rows, chosen, strict=True):
            power = found.growth(row)
            grows = "" if power is None else f", grows as $P^{{{power:.1f}}}$"
            handle = parts.method_line(look, row.label)
            handle.set_label(literal(row.label) + grows)
            handles.append(handle)
            remarks += _missing(found, row)
        place = furnished(
            figure,
            colours,
            title=f"Time of a gradient{_of(found)}, by the number of parameters",
            alt=_alt_of_scaling(found),
            handles=handles,
            remarks=remarks,
        )
        axes = place.subplots()
        every = np.concatenate([row.seconds for row in found.rows])
        unit, name = unit_of_times(every)
        for row, look in zip(found.rows, chosen, strict=True):
            axes.plot(
                found.parameters,
                row.seconds / unit,
                color=look.colour,
                ls=look.dash,
                marker=look.marker,
            )
        logarithmic(axes, found.parameters, horizontal=True, whole=True)
        logarithmic(axes, every / unit)
        axes.set_xlabel("number of parameters, P")
        axes.set_ylabel(f"time per call ({name})")
    return figure


def _accuracies(
    axes: Axes, comparison: Comparison, rows: Sequence[MethodResult], theme: Theme
) -> np.ndarray:
    """Make the axis of differences, and return where the methods are on it."""
    values = np.array([row.difference for row in rows], np.float64)
    scale = ErrorAxis([values, [limit(comparison.reference)]])
    scale.apply(axes, theme)
    axes.set_ylabel("largest difference from\n" + literal(comparison.reference_name))
    return scale.place(values)


def _marker(look: Look) -> Style:
    return {"ls": "none", "marker": look.marker, "color": look.colour, "ms": 8}


def _missing(found: Scaling, row: ScalingRow) -> list[str]:
    """Return a sentence for each reason why a method has no time, with the sizes."""
    by_reason: dict[str, list[str]] = {}
    for size, error in zip(found.sizes, row.errors, strict=True):
        if error is not None:
            by_reason.setdefault(error, []).append(str(size))
    return [
        f"{row.label} at {', '.join(sizes)} failed: {shortened(reason, 300).rstrip('.')}."
        for reason, sizes in by_reason.items()
    ]


def _alt(comparison: Comparison, rows: Sequence[MethodResult]) -> str:
    said = f"Time and accuracy of the gradient of {shortened(comparison.call)}"
    for row in rows:
        said += f"; {row.label} takes {duration(row.per_call)}"
        if row.difference is not None:
            said += f" and differs by {difference(row.difference)}"
    return said + "."


def _of(found: Scaling) -> str:
    return f" of {shortened(found.function)}(size)" if found.function.isidentifier() else ""


def _alt_of_scaling(found: Scaling) -> str:
    said = f"Time of a gradient{_of(found)}, by the number of parameters"
    for row in found.rows:
        known = row.seconds[np.isfinite(row.seconds)]
        if known.size:
            said += f"; {row.label} takes {duration(known[0])} to {duration(known[-1])}"
    return said + "."
