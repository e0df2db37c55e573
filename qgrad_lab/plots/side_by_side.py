"""Draw gradients side by side as bars, points or maps, with their differences below."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from qgrad_lab.methods.look import Look
from qgrad_lab.plots import heatmaps, parts
from qgrad_lab.plots.figures import (
    furnished,
    literal,
    name_shortened,
    new_figure,
    shortened,
)
from qgrad_lab.plots.parts import Subplot
from qgrad_lab.plots.scales import ErrorAxis
from qgrad_lab.plots.style import Style, Theme, looks
from qgrad_lab.results.accuracy import limit
from qgrad_lab.results.comparison import Comparison
from qgrad_lab.results.format import difference, element_name, number

BARS = 160
"""The most bars of a subplot, which shows more elements as points."""
SUBPLOTS = 6
"""The most leaves of a gradient that are drawn."""


def gradients(comparison: Comparison, *, theme: str = "auto") -> Figure:
    """Draw the gradients of a comparison side by side, with their differences from the reference.

    Vectors are bars, or points if there are many elements; matrices are maps. Scalar leaves share a
    subplot.

    Parameters
    ----------
    comparison : Comparison
        Made by `qgrad_lab.compare`.
    theme : {"auto", "light", "dark"}, optional
        The colours; ``"auto"`` is dark if matplotlib's own style is.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot, so that it is drawn once: as the last value of a cell.

    Raises
    ------
    ValueError
        If ``theme`` is none of these.

    Examples
    --------
    >>> from qgrad_lab import compare, plots
    >>> figure = plots.gradients(compare(lambda x: x**3, 2.0))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['gradient', '|difference|']
    """
    rows = [row for row in comparison.rows if row.error is None]
    every_look = dict(zip(map(id, comparison.rows), looks(comparison.rows), strict=True))
    chosen = [every_look[id(row)] for row in rows]
    leaves, more = _leaves(comparison, rows)
    remarks = _remarks(comparison, rows, leaves, more)
    blocks = _blocks(leaves)
    width = _width(leaves, len(rows))
    heights = [_height(block, comparison, len(rows), width) for block in blocks]

    with new_figure(theme, width, sum(heights) or 1.0) as (figure, colours):
        place = furnished(
            figure,
            colours,
            title=f"Gradient of {shortened(comparison.call)}",
            alt=_alt(comparison, leaves),
            handles=_handles(comparison, leaves, rows, chosen, colours),
            remarks=remarks,
        )
        if not blocks:
            axes = place.subplots()
            axes.set_axis_off()
            words = "No method gave a gradient." if not rows else "The gradient has no elements."
            axes.text(0.0, 0.5, words, va="center")
        else:
            pieces = place.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)
            labels = [row.label for row in rows]
            for piece, block in zip(pieces[:, 0], blocks, strict=True):
                if block[0].is_map:
                    heatmaps.draw(piece, block[0], labels, colours)
                else:
                    _draw_flat(piece, block, chosen, comparison, colours)
    return figure


def _leaves(comparison: Comparison, rows: Sequence[Any]) -> tuple[list[Subplot], int]:
    """Return the subplots to draw, and how many more there would be."""
    if not rows:
        return [], 0
    by_row = [[np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(r.gradient)] for r in rows]
    true: list[Any] = [None] * len(comparison.labels)
    if comparison.reference is not None:
        true = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(comparison.reference)]
    by_leaf = [
        Subplot(label, None, [leaves[i] for leaves in by_row], true[i])
        for i, label in enumerate(comparison.labels)
    ]
    numbers = [leaf for leaf in by_leaf if leaf.methods[0].ndim == 0]
    arrays = [leaf for leaf in by_leaf if leaf.methods[0].ndim and leaf.size]
    if len(numbers) > 1:
        together = Subplot(
            "single numbers",
            tuple(leaf.name for leaf in numbers),
            [np.array([leaf.methods[i] for leaf in numbers]) for i in range(len(rows))],
            None if true[0] is None else np.array([leaf.reference for leaf in numbers]),
        )
        numbers = [together]
    found = numbers + arrays
    return found[:SUBPLOTS], len(found) - len(found[:SUBPLOTS])


def _blocks(leaves: Sequence[Subplot]) -> list[list[Subplot]]:
    """Group subplots that stand beside each other: maps alone, others in pairs."""
    blocks: list[list[Subplot]] = []
    for leaf in leaves:
        last = blocks[-1] if blocks else []
        if last and len(last) < 2 and not last[0].is_map and not leaf.is_map:
            last.append(leaf)
        else:
            blocks.append([leaf])
    return blocks


def _width(leaves: Sequence[Subplot], methods: int) -> float:
    if len(leaves) == 1 and not leaves[0].is_map:
        bars = leaves[0].size * max(1, methods)
        return float(np.clip(4.2 + 0.16 * bars, 5.2, 9.0))
    return 9.0


def _height(block: Sequence[Subplot], comparison: Comparison, methods: int, width: float) -> float:
    if block[0].is_map:
        return heatmaps.height(block[0], methods, width)
    single = len(block) == 1 and block[0].size == 1
    return (3.9 if single else 4.6) if comparison.reference is not None else 2.8


def _draw_flat(
    piece: SubFigure,
    block: Sequence[Subplot],
    chosen: Sequence[Look],
    comparison: Comparison,
    theme: Theme,
) -> None:
    """Draw values above, and differences below."""
    there = comparison.reference is not None
    shape = (2 if there else 1, len(block))
    ratios = [3, 2] if there else [1]
    axes = piece.subplots(*shape, squeeze=False, height_ratios=ratios, sharex="col")
    for column, leaf in enumerate(block):
        upper, lower = axes[0, column], axes[-1, column]
        upper.set_title(literal(leaf.name if leaf.ticks else f"in {leaf.name}"))
        _values(upper, leaf, chosen, theme)
        if there:
            _residuals(lower, leaf, chosen, comparison, theme)
        _elements(lower, leaf)
        if column == 0:
            upper.set_ylabel("gradient")
            if there:
                lower.set_ylabel("|difference|")
    piece.align_ylabels(axes[:, 0])


def _values(axes: Axes, leaf: Subplot, chosen: Sequence[Look], theme: Theme) -> None:
    parts.zero_line(axes, theme)
    positions = np.arange(leaf.size)
    bars = _has_bars(leaf)
    places = _places(leaf)
    true = None if leaf.reference is None else parts.finite(leaf.reference).ravel()
    if not bars and true is not None:
        axes.vlines(positions, 0.0, true, **_thin_style(theme))
    for i, (values, look) in enumerate(zip(leaf.methods, chosen, strict=True)):
        flat = parts.finite(values).ravel()
        if bars:
            axes.bar(
                places[i],
                flat,
                width=_bar_width(leaf),
                color=look.colour,
                hatch=look.hatch,
                edgecolor=theme.surface,
                lw=0,
            )
        else:
            axes.plot(positions, flat, **_point_style(look, i, len(leaf.methods), leaf.size))
    if bars and true is not None:
        axes.plot(positions, true, **parts.reference_style(theme), zorder=3)
    axes.grid(visible=True, axis="y")
    axes.margins(y=0.08)


def _residuals(
    axes: Axes, leaf: Subplot, chosen: Sequence[Look], comparison: Comparison, theme: Theme
) -> None:
    residuals = [values.ravel() for values in leaf.residuals]
    most = limit(comparison.reference)
    scale = ErrorAxis([*residuals, [most]])
    axes.axhline(most, **parts.limit_style(theme))
    places = _places(leaf)
    beside = _has_bars(leaf)
    for i, (values, look) in enumerate(zip(residuals, chosen, strict=True)):
        x = places[i] if beside else np.arange(leaf.size)
        style = _point_style(look, 0 if beside else i, len(residuals), leaf.size)
        axes.plot(x, scale.place(values), **{**style, "zorder": 3})
    scale.apply(axes, theme)


def _elements(axes: Axes, leaf: Subplot) -> None:
    """Label the horizontal axis with the names or numbers of the elements."""
    count = leaf.size
    margin = max(0.6, 0.012 * count)
    axes.set_xlim(-margin, count - 1 + margin)
    names = leaf.ticks
    shape = leaf.methods[0].shape
    if names is None and len(shape) > 1 and count > 1 and count == max(shape):
        shape = (count,)
    if names is None and len(shape) > 1 and count > 1:
        names = tuple(element_name("", index) for index in np.ndindex(shape))
    if count == 1 and leaf.ticks is None:
        axes.set_xticks([0], [""])
        axes.tick_params(axis="x", length=0)
    elif names is not None:
        long = max(map(len, names)) * count > 60
        stride = max(1, math.ceil(count / 40))
        axes.set_xticks(
            range(0, count, stride),
            [literal(name_shortened(name)) for name in names[::stride]],
            rotation=40 if long else 0,
            ha="right" if long else "center",
            rotation_mode="anchor",
        )
        axes.tick_params(axis="x", length=2)
    else:
        axes.set_xlabel("element")
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))


def _has_bars(leaf: Subplot) -> bool:
    return leaf.size * max(1, len(leaf.methods)) <= BARS


def _bar_width(leaf: Subplot) -> float:
    return min(0.8 / len(leaf.methods), 0.4 if leaf.size > 1 else 0.2)


def _places(leaf: Subplot) -> list[np.ndarray]:
    """Return the positions of each method's bars: beside each other around the element."""
    count, width = len(leaf.methods), _bar_width(leaf)
    return [np.arange(leaf.size) + (i - (count - 1) / 2) * width for i in range(count)]


def _point_style(look: Look, number: int, of: int, count: int) -> Style:
    """Return hollow markers, the first the largest, so that coinciding ones are all seen."""
    small = 1.0 if count <= 60 else 0.72
    return {
        "ls": "none",
        "marker": look.marker,
        "ms": small * (6.5 - 2.5 * number / max(1, of - 1)),
        "mfc": "none",
        "mec": look.colour,
        "mew": 1.3 * small,
    }


def _thin_style(theme: Theme) -> Style:
    """Return the style of the reference among many elements: thin bars."""
    return {"color": theme.muted, "lw": 0.7}


def _handles(
    comparison: Comparison,
    leaves: Sequence[Subplot],
    rows: Sequence[Any],
    chosen: Sequence[Look],
    theme: Theme,
) -> list[Artist]:
    flat = [leaf for leaf in leaves if not leaf.is_map]
    if not flat:
        return []
    handles: list[Artist] = []
    with_bars, points = any(map(_has_bars, flat)), not all(map(_has_bars, flat))
    for i, (row, look) in enumerate(zip(rows, chosen, strict=True)):
        if with_bars:
            handles.append(parts.method_bar(look, row.label, theme))
        else:
            style = _point_style(look, i, len(rows), max(leaf.size for leaf in flat))
            handles.append(parts.Line2D([], [], label=literal(row.label), **style))
    if comparison.reference is not None:
        name = comparison.reference_name
        if with_bars:
            handles.append(parts.reference_marker(name, theme))
        if points:
            label = literal(name) if not with_bars else "the same, of many elements"
            handles.append(parts.Line2D([], [], label=label, **_thin_style(theme)))
        handles.append(parts.limit_line(limit(comparison.reference), theme))
    return handles


def _remarks(
    comparison: Comparison, rows: Sequence[Any], leaves: Sequence[Subplot], more: int
) -> list[str]:
    found = []
    if more:
        found.append(f"{more} more leaves of the gradient are not drawn; the comparison has them.")
    if any(leaf.is_map for leaf in leaves) and len(rows) > heatmaps.MOST:
        found.append(f"Maps show the first {heatmaps.MOST} of {len(rows)} methods.")
    for i, row in enumerate(rows):
        remark = parts.not_finite(row.label, [leaf.methods[i] for leaf in leaves])
        if remark is not None:
            found.append(remark)
    return found + parts.comparison_remarks(comparison)


def _alt(comparison: Comparison, leaves: Sequence[Subplot]) -> str:
    said = f"Gradient of {shortened(comparison.call)}"
    if leaves:
        said += f", {sum(leaf.size for leaf in leaves)} elements"
    for row in comparison.rows:
        if row.error is not None:
            said += f"; {row.label} failed"
        elif row.difference is not None:
            said += f"; {row.label} differs by {difference(row.difference)} at most"
        else:
            values = [np.asarray(leaf) for leaf in jax.tree.leaves(row.gradient)]
            largest = max((float(np.max(np.abs(v), initial=0.0)) for v in values), default=0.0)
            said += f"; {row.label} has {number(largest, 4)} as its largest element"
    return said + "."
