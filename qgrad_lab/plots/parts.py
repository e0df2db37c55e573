"""Parts that several figures share: legend entries, markers, remarks and texts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qgrad_lab.methods.look import Look
from qgrad_lab.plots.figures import literal, shortened
from qgrad_lab.plots.style import Style, Theme
from qgrad_lab.results import advice
from qgrad_lab.results.comparison import Comparison
from qgrad_lab.results.differences import distances
from qgrad_lab.results.format import difference, number
from qgrad_lab.results.landscapes import Landscape
from qgrad_lab.results.rows import FallibleRow, failures, no_reference

REFERENCE_MARKER = "D"

_SMALL = 16
"""The most elements of a matrix that is shown as bars."""
_LONGEST_REMARK = 300


class Subplot(NamedTuple):
    """Derivatives to draw in one subplot: a leaf of the gradient, or several scalar ones.

    Attributes
    ----------
    name : str
        The title.
    ticks : tuple of str, or None
        The names of the elements, unless they are numbers.
    methods : list of numpy.ndarray
        The derivatives by each method that worked.
    reference : numpy.ndarray or None
        The derivatives by the reference.
    """

    name: str
    ticks: tuple[str, ...] | None
    methods: list[np.ndarray]
    reference: np.ndarray | None

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(self.methods[0].size)

    @property
    def is_map(self) -> bool:
        """Whether this is drawn as a map: a matrix that is not small."""
        return sum(length > 1 for length in self.methods[0].shape) > 1 and self.size > _SMALL

    @property
    def residuals(self) -> list[np.ndarray]:
        """The absolute differences of the methods from the reference."""
        assert self.reference is not None
        return [distances(values, self.reference) for values in self.methods]


def method_line(look: Look, label: str, **properties: Any) -> Line2D:
    """Return a method's legend entry: a line with its marker."""
    return Line2D(
        [],
        [],
        color=look.colour,
        marker=look.marker,
        ls=look.dash,
        label=literal(label),
        **properties,
    )


def method_bar(look: Look, label: str, theme: Theme) -> Patch:
    """Return a method's legend entry: a bar."""
    return Patch(
        facecolor=look.colour, hatch=look.hatch, edgecolor=theme.surface, lw=0, label=literal(label)
    )


def reference_marker(name: str, theme: Theme) -> Line2D:
    """Return the reference's legend entry: a marker."""
    return Line2D([], [], label=literal(name), **reference_style(theme))


def reference_style(theme: Theme) -> Style:
    """Return the style of markers that stand out on bars and on paper."""
    return {
        "ls": "none",
        "marker": REFERENCE_MARKER,
        "ms": 5.0,
        "mfc": theme.ink,
        "mec": theme.surface,
        "mew": 0.8,
    }


def reference_line(name: str, theme: Theme) -> Line2D:
    """Return the reference's legend entry: a broad line."""
    return Line2D([], [], label=literal(name), **broad(theme))


def broad(theme: Theme) -> Style:
    """Return the style of a line that others are drawn upon."""
    return {"color": theme.band, "lw": 6.0, "ls": "-", "solid_capstyle": "round"}


def limit_line(limit: float, theme: Theme) -> Line2D:
    """Return the legend entry of the difference up to which a gradient is accurate."""
    return Line2D([], [], label=f"accurate below {difference(limit)}", **limit_style(theme))


def limit_style(theme: Theme) -> Style:
    """Return the style of the line at that difference."""
    return {"color": theme.muted, "lw": 1.0, "ls": (0, (4, 3))}


def sparse(count: int, number: int = 0, of: int = 1, most: int = 14) -> slice:
    """Return which points have a marker, so that those of several lines do not hide each other."""
    stride = max(1, -(-count // most))
    return slice((number * stride) // max(1, of), None, stride)


def zero_line(axes: Axes, theme: Theme) -> None:
    """Draw a line at zero."""
    axes.axhline(0.0, color=theme.muted, lw=0.8, zorder=0.5)


def drawn(handles: Sequence[Artist | None]) -> list[Artist]:
    """Return the handles that are not None."""
    return [handle for handle in handles if handle is not None]


def not_finite(label: str, arrays: Sequence[np.ndarray]) -> str | None:
    """Return a sentence on elements that no plot has a place for; None if there are none."""
    count = sum(int(np.count_nonzero(~np.isfinite(array))) for array in arrays)
    if not count:
        return None
    return f"{label}: {count} element{' is' if count == 1 else 's are'} infinite or no number."


def finite(values: np.ndarray) -> np.ndarray:
    """Replace infinities by NaN, which leaves a gap and does not stretch the axes."""
    return np.where(np.isfinite(values), values, np.nan)


def failed(rows: Sequence[FallibleRow]) -> list[str]:
    """Return a sentence for each method that failed, short enough for a figure."""
    return [shortened(sentence, _LONGEST_REMARK) for sentence in failures(rows)]


def comparison_remarks(comparison: Comparison) -> list[str]:
    """Return sentences on what a figure of a comparison cannot show."""
    unplaced = [
        row
        for row in comparison.rows
        if row.difference is not None and not np.isfinite(row.difference)
    ]
    said = advice.remarks(comparison, unplaced, brief=True)
    infinite = advice.infinity_remark(comparison)
    said += [] if infinite is None else [infinite]
    return said + _missing_reference(comparison) + failed(comparison.rows)


def landscape_remarks(found: Landscape) -> list[str]:
    """Return sentences on what a figure of a landscape cannot show."""
    said = []
    for row in found.rows:
        if row.derivatives is not None:
            remark = not_finite(row.label, row.derivatives)
            said += [remark] if remark is not None else []
    return said + _missing_reference(found) + failed(found.rows)


def landscape_alt(found: Landscape) -> str:
    """Describe a landscape in words."""
    said = f"{shortened(found.call)} along {' and '.join(found.elements)}"
    if np.isfinite(found.value).any():
        low, high = np.nanmin(found.value), np.nanmax(found.value)
        said += f", between {number(low, 4)} and {number(high, 4)}"
    for row in found.rows:
        if row.error is not None:
            said += f"; {row.label} failed"
        elif row.difference is not None:
            said += (
                f"; its derivative by {row.label} differs by {difference(row.difference)} at most"
            )
    return said + "."


def _missing_reference(found: Comparison | Landscape) -> list[str]:
    if found.reference is not None or found.reference_error is None:
        return []
    return [shortened(no_reference(found.reference_name, found.reference_error), _LONGEST_REMARK)]
