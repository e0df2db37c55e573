"""Gradients side by side: bars, points or maps, and their differences to the reference."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from qgrad_lab.methods.look import Look
from qgrad_lab.plots import heatmaps, parts
from qgrad_lab.plots.figures import (
    drawing,
    failures,
    furnished,
    name_shortened,
    plain,
    shortened,
)
from qgrad_lab.plots.scales import ErrorAxis
from qgrad_lab.plots.style import Style, Theme, looks
from qgrad_lab.results.comparison import TOLERANCE, Comparison
from qgrad_lab.results.format import difference, number

BARS = 160
"""Bars of a panel; where there would be more, there are points."""
SMALL = 16
"""Elements up to which a matrix is shown as bars."""
PANELS = 6
"""Leaves of a gradient that are drawn."""


class Leaf(NamedTuple):
    """What is drawn in one panel.

    Attributes
    ----------
    name : str
        Above it.
    ticks : tuple of str, or None
        The names of its elements, where they are not numbers.
    methods : list of numpy.ndarray
        For each method that worked.
    reference : numpy.ndarray or None
        For the reference.
    """

    name: str
    ticks: tuple[str, ...] | None
    methods: list[np.ndarray]
    reference: np.ndarray | None

    @property
    def size(self) -> int:
        """How many elements it has."""
        return int(self.methods[0].size)

    @property
    def is_map(self) -> bool:
        """Whether it is drawn as a map: a matrix, and not a small one."""
        return sum(length > 1 for length in self.methods[0].shape) > 1 and self.size > SMALL

    @property
    def residuals(self) -> list[np.ndarray]:
        """The absolute differences of the methods to the reference."""
        assert self.reference is not None
        found = []
        for values in self.methods:
            with np.errstate(invalid="ignore"):
                same = values == self.reference  # also of two infinities
                found.append(np.where(same, 0.0, np.abs(values - self.reference)))
        return found


def gradients(comparison: Comparison, *, theme: str = "auto") -> Figure:
    """The gradients of a comparison side by side, and their differences to the reference below.

    Vectors are bars, or points where there are many, matrices are maps. Numbers that are leaves of
    their own share a panel.

    Parameters
    ----------
    comparison : Comparison
        Made by `qgrad_lab.compare`.
    theme : {"auto", "light", "dark"}, optional
        The colours; ``"auto"`` is dark where matplotlib's own style is.

    Returns
    -------
    matplotlib.figure.Figure
        Not registered with pyplot, so that it is drawn once: by being a cell's last value.

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

    with drawing(theme, width, sum(heights) or 1.0) as (figure, colours):
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


def _leaves(comparison: Comparison, rows: Sequence[Any]) -> tuple[list[Leaf], int]:
    """The panels to draw, and how many more there would be."""
    if not rows:
        return [], 0
    by_row = [[np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(r.gradient)] for r in rows]
    true: list[Any] = [None] * len(comparison.labels)
    if comparison.reference is not None:
        true = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(comparison.reference)]
    by_leaf = [
        Leaf(label, None, [leaves[i] for leaves in by_row], true[i])
        for i, label in enumerate(comparison.labels)
    ]
    numbers = [leaf for leaf in by_leaf if leaf.methods[0].ndim == 0]
    arrays = [leaf for leaf in by_leaf if leaf.methods[0].ndim and leaf.size]
    if len(numbers) > 1:
        together = Leaf(
            "single numbers",
            tuple(leaf.name for leaf in numbers),
            [np.array([leaf.methods[i] for leaf in numbers]) for i in range(len(rows))],
            None if true[0] is None else np.array([leaf.reference for leaf in numbers]),
        )
        numbers = [together]
    found = numbers + arrays
    return found[:PANELS], len(found) - len(found[:PANELS])


def _blocks(leaves: Sequence[Leaf]) -> list[list[Leaf]]:
    """Which panels stand beside each other: maps alone, others in pairs."""
    blocks: list[list[Leaf]] = []
    for leaf in leaves:
        last = blocks[-1] if blocks else []
        if last and len(last) < 2 and not last[0].is_map and not leaf.is_map:
            last.append(leaf)
        else:
            blocks.append([leaf])
    return blocks


def _width(leaves: Sequence[Leaf], methods: int) -> float:
    if len(leaves) == 1 and not leaves[0].is_map:
        bars = leaves[0].size * max(1, methods)
        return float(np.clip(4.2 + 0.16 * bars, 5.2, 9.0))
    return 9.0


def _height(block: Sequence[Leaf], comparison: Comparison, methods: int, width: float) -> float:
    if block[0].is_map:
        return heatmaps.height(block[0], methods, width)
    single = len(block) == 1 and block[0].size == 1
    return (3.9 if single else 4.6) if comparison.reference is not None else 2.8


def _draw_flat(
    piece: SubFigure,
    block: Sequence[Leaf],
    chosen: Sequence[Look],
    comparison: Comparison,
    theme: Theme,
) -> None:
    """Values above, differences below."""
    there = comparison.reference is not None
    shape = (2 if there else 1, len(block))
    ratios = [3, 2] if there else [1]
    axes = piece.subplots(*shape, squeeze=False, height_ratios=ratios, sharex="col")
    for column, leaf in enumerate(block):
        upper, lower = axes[0, column], axes[-1, column]
        upper.set_title(plain(leaf.name if leaf.ticks else f"in {leaf.name}"))
        _values(upper, leaf, chosen, theme)
        if there:
            _residuals(lower, leaf, chosen, comparison, theme)
        _elements(lower, leaf)
        if column == 0:
            upper.set_ylabel("gradient")
            if there:
                lower.set_ylabel("|difference|")
    piece.align_ylabels(axes[:, 0])


def _values(axes: Axes, leaf: Leaf, chosen: Sequence[Look], theme: Theme) -> None:
    parts.zero_line(axes, theme)
    positions = np.arange(leaf.size)
    bars = _has_bars(leaf)
    places = _places(leaf)
    if not bars and leaf.reference is not None:
        axes.vlines(positions, 0.0, leaf.reference.ravel(), **_thin_style(theme))
    for i, (values, look) in enumerate(zip(leaf.methods, chosen, strict=True)):
        flat = np.where(np.isfinite(values), values, np.nan).ravel()
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
    if bars and leaf.reference is not None:
        axes.plot(positions, leaf.reference.ravel(), **parts.reference_style(theme), zorder=3)
    axes.grid(visible=True, axis="y")
    axes.margins(y=0.08)


def _residuals(
    axes: Axes, leaf: Leaf, chosen: Sequence[Look], comparison: Comparison, theme: Theme
) -> None:
    residuals = [values.ravel() for values in leaf.residuals]
    scale = ErrorAxis([*residuals, [accuracy(comparison)]])
    axes.axhline(accuracy(comparison), color=theme.muted, lw=1.0, ls=(0, (4, 3)))
    places = _places(leaf)
    beside = _has_bars(leaf)
    for i, (values, look) in enumerate(zip(residuals, chosen, strict=True)):
        x = places[i] if beside else np.arange(leaf.size)
        style = _point_style(look, 0 if beside else i, len(residuals), leaf.size)
        axes.plot(x, scale.place(values), **{**style, "zorder": 3})
    scale.apply(axes, theme)


def _elements(axes: Axes, leaf: Leaf) -> None:
    """The names or numbers of the elements, on the horizontal axis."""
    count = leaf.size
    margin = max(0.6, 0.012 * count)
    axes.set_xlim(-margin, count - 1 + margin)
    names = leaf.ticks
    shape = leaf.methods[0].shape
    if names is None and len(shape) > 1 and count > 1 and count == max(shape):
        shape = (count,)
    if names is None and len(shape) > 1 and count > 1:
        names = tuple(f"[{', '.join(map(str, index))}]" for index in np.ndindex(shape))
    if count == 1 and leaf.ticks is None:
        axes.set_xticks([0], [""])
        axes.tick_params(axis="x", length=0)
    elif names is not None:
        long = max(map(len, names)) * count > 60
        stride = max(1, math.ceil(count / 40))
        axes.set_xticks(
            range(0, count, stride),
            [plain(name_shortened(name)) for name in names[::stride]],
            rotation=40 if long else 0,
            ha="right" if long else "center",
            rotation_mode="anchor",
        )
        axes.tick_params(axis="x", length=2)
    else:
        axes.set_xlabel("element")
        axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))


def _has_bars(leaf: Leaf) -> bool:
    return leaf.size * max(1, len(leaf.methods)) <= BARS


def _bar_width(leaf: Leaf) -> float:
    return min(0.8 / len(leaf.methods), 0.4 if leaf.size > 1 else 0.2)


def _places(leaf: Leaf) -> list[np.ndarray]:
    """Where the bars of each method are: beside each other around the element."""
    count, width = len(leaf.methods), _bar_width(leaf)
    return [np.arange(leaf.size) + (i - (count - 1) / 2) * width for i in range(count)]


def _point_style(look: Look, number: int, of: int, count: int) -> Style:
    """Hollow markers, the first the largest, so that those upon each other are all seen."""
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
    """The reference as thin bars, where there are many elements."""
    return {"color": theme.muted, "lw": 0.7}


def _handles(
    comparison: Comparison,
    leaves: Sequence[Leaf],
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
            handles.append(parts.Line2D([], [], label=plain(row.label), **style))
    if comparison.reference is not None:
        name = comparison.reference_name
        if with_bars:
            handles.append(parts.reference_marker(name, theme))
        if points:
            label = plain(name) if not with_bars else "the same, of many elements"
            handles.append(parts.Line2D([], [], label=label, **_thin_style(theme)))
        limit = f"accurate below {difference(accuracy(comparison))}"
        handles.append(parts.Line2D([], [], color=theme.muted, lw=1.0, ls=(0, (4, 3)), label=limit))
    return handles


def accuracy(comparison: Comparison) -> float:
    """The difference up to which a method counts as accurate."""
    leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(comparison.reference)]
    largest = [float(np.max(np.abs(leaf), initial=0.0)) for leaf in leaves]
    scale = max([1.0, *(size for size in largest if math.isfinite(size))])
    return TOLERANCE * scale


def _remarks(
    comparison: Comparison, rows: Sequence[Any], leaves: Sequence[Leaf], more: int
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
    if comparison.reference is None and comparison.reference_error is not None:
        reason = shortened(comparison.reference_error, 300).rstrip(".")
        found.append(f"No reference by {comparison.reference_name}: {reason}.")
    return found + failures(comparison.rows)


def _alt(comparison: Comparison, leaves: Sequence[Leaf]) -> str:
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
