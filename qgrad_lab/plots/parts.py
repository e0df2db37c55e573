"""What several figures have: entries of legends, lines of methods, markers of the reference."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qgrad_lab.methods.look import Look
from qgrad_lab.plots.figures import plain
from qgrad_lab.plots.style import Style, Theme

REFERENCE_MARKER = "D"


def method_line(look: Look, label: str, **properties: Any) -> Line2D:
    """A method's entry in a legend, as a line with its marker."""
    return Line2D(
        [],
        [],
        color=look.colour,
        marker=look.marker,
        ls=look.dash,
        label=plain(label),
        **properties,
    )


def method_bar(look: Look, label: str, theme: Theme) -> Patch:
    """A method's entry in a legend, as a bar."""
    return Patch(
        facecolor=look.colour, hatch=look.hatch, edgecolor=theme.surface, lw=0, label=plain(label)
    )


def reference_marker(name: str, theme: Theme) -> Line2D:
    """The reference's entry in a legend, as markers."""
    return Line2D([], [], label=plain(name), **reference_style(theme))


def reference_style(theme: Theme) -> Style:
    """Markers that are seen on bars and on paper."""
    return {
        "ls": "none",
        "marker": REFERENCE_MARKER,
        "ms": 5.0,
        "mfc": theme.ink,
        "mec": theme.surface,
        "mew": 0.8,
    }


def reference_line(name: str, theme: Theme) -> Line2D:
    """The reference's entry in a legend, as a broad line."""
    return Line2D([], [], label=plain(name), **broad(theme))


def broad(theme: Theme) -> Style:
    """A line that others are drawn upon."""
    return {"color": theme.band, "lw": 6.0, "ls": "-", "solid_capstyle": "round"}


def sparse(count: int, number: int = 0, of: int = 1, most: int = 14) -> slice:
    """Which of many points have a marker, so that those of several lines do not hide each other."""
    stride = max(1, -(-count // most))
    return slice((number * stride) // max(1, of), None, stride)


def zero_line(axes: Axes, theme: Theme) -> None:
    """Where nothing changes."""
    axes.axhline(0.0, color=theme.muted, lw=0.8, zorder=0.5)


def drawn(handles: Sequence[Artist | None]) -> list[Artist]:
    """Those that are there."""
    return [handle for handle in handles if handle is not None]


def not_finite(label: str, arrays: Sequence[np.ndarray]) -> str | None:
    """A sentence on elements that no plot has a place for."""
    count = sum(int(np.count_nonzero(~np.isfinite(array))) for array in arrays)
    if not count:
        return None
    return f"{label}: {count} element{' is' if count == 1 else 's are'} infinite or no number."
