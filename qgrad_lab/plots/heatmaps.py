"""Draw matrices of derivatives as maps, one for each method, with its differences below."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from qgrad_lab.plots.figures import literal
from qgrad_lab.plots.parts import Subplot
from qgrad_lab.plots.scales import ErrorAxis
from qgrad_lab.plots.style import Theme, diverging, sequential

MOST = 5
"""The most methods beside each other, without the reference."""


def height(leaf: Subplot, methods: int, width: float) -> float:
    """Return the inches that both rows of maps take."""
    columns = min(methods, MOST) + (leaf.reference is not None)
    rows, across = matrix(leaf.methods[0]).shape
    one = np.clip((width - 1.5) / columns * rows / across, 1.0, 2.6)
    return float(one + 0.8) * (2 if leaf.reference is not None else 1)


def matrix(values: np.ndarray) -> np.ndarray:
    """Flatten an array to a matrix: its first axis down, all others across."""
    squeezed = np.squeeze(values)
    return squeezed.reshape(squeezed.shape[0], -1)


def draw(piece: SubFigure, leaf: Subplot, labels: Sequence[str], theme: Theme) -> None:
    """Draw the maps of one subplot."""
    methods = [matrix(values) for values in leaf.methods[:MOST]]
    names = [literal(label) for label in labels[:MOST]]
    true = None if leaf.reference is None else matrix(leaf.reference)
    columns = len(methods) + (true is not None)
    axes = piece.subplots(1 if true is None else 2, columns, squeeze=False)
    piece.suptitle(
        literal(f"in {leaf.name}") + f", {' × '.join(map(str, leaf.methods[0].shape))}",
        fontsize=10,
        fontweight="normal",
        x=0.01,
        ha="left",
    )
    shown = methods if true is None else [*methods, true]
    finite = np.concatenate([values[np.isfinite(values)] for values in shown])
    most = float(np.max(np.abs(finite), initial=0.0)) or 1.0
    colours = diverging(theme)
    for column, values in enumerate(shown):
        title = names[column] if column < len(names) else "reference"
        picture = _map(axes[0, column], values, colours, Normalize(-most, most), theme)
        axes[0, column].set_title(title)
    piece.colorbar(picture, ax=axes[0, :], label="gradient", pad=0.02, aspect=15)
    if true is not None:
        axes[1, -1].set_axis_off()
        _draw_differences(
            piece, axes[1], [matrix(values) for values in leaf.residuals[:MOST]], theme
        )
    for row in axes[:, 1:]:
        for one in row:
            one.tick_params(labelleft=False)
    for one in axes[-1, : len(methods)]:
        one.set_xlabel(_across(leaf.methods[0]))
    for one in axes[:, 0]:
        one.set_ylabel("index 0")


def _draw_differences(
    piece: SubFigure, axes: np.ndarray, residuals: Sequence[np.ndarray], theme: Theme
) -> None:
    scale = ErrorAxis(residuals)
    norm = LogNorm(*scale.limits)
    for one, values in zip(axes, residuals, strict=False):
        picture = _map(one, scale.place(values), sequential(theme), norm, theme)
    bar = piece.colorbar(picture, ax=list(axes), label="|difference|", pad=0.02, aspect=15)
    places, texts = scale.ticks
    bar.set_ticks(places, labels=texts)
    bar.minorticks_off()


def _map(
    axes: Axes, values: np.ndarray, colours: Any, norm: Normalize, theme: Theme
) -> ScalarMappable:
    rows, columns = values.shape
    aspect: Any = "equal" if max(rows, columns) <= 3 * min(rows, columns) else "auto"
    shown = np.ma.masked_invalid(values)
    picture: ScalarMappable = axes.imshow(shown, cmap=colours, norm=norm, aspect=aspect)
    for down, across in np.argwhere(~np.isfinite(values)):
        axes.plot(across, down, "x", color=theme.ink, ms=4)
    axes.spines[:].set_visible(True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    return picture


def _across(values: np.ndarray) -> str:
    axes = [str(axis) for axis, length in enumerate(values.shape) if length > 1][1:]
    return f"index {axes[0]}" if len(axes) == 1 else f"indices {', '.join(axes)}"
