"""Draw a function of two elements: a surface, a map with its gradient, maps of the differences."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure

from qgrad_lab.plots import parts
from qgrad_lab.plots.figures import furnished, literal, new_figure, shortened
from qgrad_lab.plots.scales import ErrorAxis
from qgrad_lab.plots.style import Style, Theme, sequential
from qgrad_lab.results.format import number
from qgrad_lab.results.landscapes import Landscape, LandscapeRow

ARROWS = 14
"""The most arrows along each axis."""
MOST = 3
"""The most maps of differences beside each other."""


def surface(found: Landscape, *, theme: str = "auto") -> Figure:
    """Draw what `qgrad_lab.plots.landscape` describes, over two elements."""
    rows = [row for row in found.rows if row.error is None]
    compared = rows if found.reference is not None else []
    maps = -(-len(compared) // MOST)
    remarks = parts.landscape_remarks(found)
    if rows:
        remarks.insert(0, f"Arrows: the gradient by {rows[0].label}; they point uphill.")
    with new_figure(theme, 9.0, 4.1 + 2.7 * maps) as (figure, colours):
        place = furnished(
            figure,
            colours,
            title=f"{shortened(found.call)} over {found.elements[0]} and {found.elements[1]}",
            alt=parts.landscape_alt(found),
            handles=[
                parts.Line2D([], [], label=f"the call, {_here(found)}", **_here_style(colours))
            ],
            remarks=remarks,
        )
        heights = [4.1] + ([2.7 * maps] if maps else [])
        pieces = place.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        left, right = pieces[0].subfigures(1, 2, width_ratios=[1, 1.15])
        _draw_surface(left, found, colours)
        _draw_map(right, found, rows, colours)
        if maps:
            _draw_differences(pieces[1], found, compared, maps, colours)
    return figure


def _draw_surface(piece: SubFigure, found: Landscape, theme: Theme) -> None:
    axes = piece.add_subplot(projection="3d", computed_zorder=False)
    x, y = np.meshgrid(*found.axes, indexing="ij")
    axes.plot_surface(
        x,
        y,
        parts.finite(found.value),
        cmap=sequential(theme),
        rcount=40,
        ccount=40,
        linewidth=0,
        antialiased=True,
    )
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color(theme.surface)
        axis._axinfo["grid"].update(color=theme.grid, linewidth=0.6)
        axis.line.set_color(theme.muted)
        axis.set_major_locator(_few())
    axes.tick_params(labelsize=7.5, pad=1)
    axes.set_xlabel(literal(found.elements[0]), labelpad=1)
    axes.set_ylabel(literal(found.elements[1]), labelpad=1)
    axes.view_init(elev=32, azim=-55)
    axes.set_box_aspect((1, 1, 0.7), zoom=0.88)


def _draw_map(
    piece: SubFigure, found: Landscape, rows: Sequence[LandscapeRow], theme: Theme
) -> None:
    axes = piece.subplots()
    colours = sequential(theme)
    shown = np.ma.masked_invalid(found.value).T
    picture = axes.pcolormesh(*found.axes, shown, cmap=colours, shading="gouraud")
    if shown.count() and np.ptp(shown.compressed()) > 0:
        axes.contour(
            *found.axes,
            shown,
            levels=9,
            colors="white",
            linewidths=0.5,
            linestyles="solid",
            alpha=0.6,
        )
    if rows and rows[0].derivatives is not None:
        _draw_arrows(axes, found, rows[0].derivatives)
    _frame(axes, found, theme)
    axes.set_ylabel(literal(found.elements[1]))
    axes.set_xlabel(literal(found.elements[0]))
    piece.colorbar(picture, ax=axes, label=literal(shortened(found.function, 24)), aspect=25)


def _draw_arrows(axes: Axes, found: Landscape, slopes: Sequence[np.ndarray]) -> None:
    """Draw arrows on a coarser grid, the longest as long as a cell of it is wide."""
    picks = []
    for axis in found.axes:
        stride = max(1, -(-len(axis) // ARROWS))
        picks.append(np.arange((len(axis) - 1) % stride // 2, len(axis), stride))
    across, up = (slope[np.ix_(*picks)] for slope in slopes)
    # Lengths are relative to the map, so that an arrow points along the slope that is seen.
    widths = [np.ptp(axis) for axis in found.axes]
    across, up = across * widths[0], up * widths[1]
    length = np.hypot(across, up)
    longest = np.max(length[np.isfinite(length)], initial=0.0)
    if longest == 0:
        return
    x, y = np.meshgrid(*(axis[pick] for axis, pick in zip(found.axes, picks, strict=True)))
    axes.quiver(
        x,
        y,
        np.ma.masked_invalid(across.T / longest),
        np.ma.masked_invalid(up.T / longest),
        angles="uv",
        pivot="mid",
        units="width",
        scale=ARROWS * 0.95,
        width=0.0042,
        headwidth=4.5,
        headlength=5,
        headaxislength=4.5,
        minlength=0.4,
        facecolor="white",
        edgecolor="#1a1a1a",
        linewidth=0.5,
    )


def _draw_differences(
    piece: SubFigure, found: Landscape, rows: Sequence[LandscapeRow], lines: int, theme: Theme
) -> None:
    """Draw the length of the difference of the gradients, for each method."""
    lengths = []
    for row in rows:
        residuals = found.residuals(row)
        assert residuals is not None
        lengths.append(np.sqrt(sum(values**2 for values in residuals)))
    columns = min(MOST, len(rows))
    every = piece.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
    scale = ErrorAxis(lengths)
    norm = LogNorm(*scale.limits)
    for axes, row, values in zip(every.ravel(), rows, lengths, strict=False):
        placed = scale.place(values).T
        picture = axes.pcolormesh(
            *found.axes, placed, cmap=sequential(theme), norm=norm, shading="nearest"
        )
        axes.set_title(literal(f"|difference| of {row.label}"))
        _frame(axes, found, theme)
    for axes in every.ravel()[len(rows) :]:
        axes.set_axis_off()
    for axes in every[:, 0]:
        axes.set_ylabel(literal(found.elements[1]))
    for axes in every[-1]:
        axes.set_xlabel(literal(found.elements[0]))
    bar = piece.colorbar(picture, ax=every, label="|difference|", aspect=15, pad=0.02)
    places, texts = scale.ticks
    bar.set_ticks(places, labels=texts)
    bar.minorticks_off()


def _frame(axes: Axes, found: Landscape, theme: Theme) -> None:
    (left, right), (low, high) = (axis[[0, -1]] for axis in found.axes)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    axes.spines[:].set_visible(True)
    if left <= found.at[0] <= right and low <= found.at[1] <= high:
        axes.plot(*found.at, **_here_style(theme))


def _here_style(theme: Theme) -> Style:
    return {
        "ls": "none",
        "marker": "o",
        "ms": 7.0,
        "mfc": "none",
        "mec": "#D55E00",
        "mew": 2.0,
        "zorder": 4,
    }


def _here(found: Landscape) -> str:
    pairs = zip(found.elements, found.at, strict=True)
    return ", ".join(f"{name} = {number(value, 4)}" for name, value in pairs)


def _few() -> object:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)
