"""Make figures that are shown once, as the last value of a cell."""

import base64
import contextlib
import io
import math
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from qgrad_lab.plots.style import Theme, parameters
from qgrad_lab.plots.style import theme as theme_of

SHARPNESS = 2
"""Pixels of the picture for each pixel that it takes on a page."""
_PIXELS_PER_INCH = 100
_LETTER = 0.073
"""The approximate width of a letter of the remarks, in inches."""


class StudyFigure(Figure):
    """A matplotlib figure with a text alternative.

    It is not known to pyplot, so that neither ``%matplotlib inline`` nor ``plt.show`` shows it
    again, and it is shown even if no backend was ever chosen.

    Attributes
    ----------
    alt : str
        Its contents in words, for people who do not see it: Jupyter's ``alt`` text.
    """

    alt: str = ""

    def png(self) -> bytes:
        """Return the picture as it is shown."""
        found = io.BytesIO()
        self.savefig(found, format="png", dpi=SHARPNESS * _PIXELS_PER_INCH)
        return found.getvalue()

    def __repr__(self) -> str:
        return f"<Figure: {self.alt}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        _use_own_picture()
        data = base64.b64encode(self.png()).decode("ascii")
        return {"text/plain": repr(self), "image/png": data}, {"image/png": self._metadata()}

    def _metadata(self) -> dict[str, Any]:
        width, height = self.get_size_inches() * _PIXELS_PER_INCH
        return {"width": round(width), "height": round(height), "alt": self.alt}


@contextlib.contextmanager
def new_figure(theme: str, width: float, height: float) -> Iterator[tuple[StudyFigure, Theme]]:
    """Make a figure of a size in inches, to be drawn in the theme that comes with it."""
    chosen = theme_of(theme)
    with matplotlib.rc_context(parameters(chosen)):
        figure = StudyFigure(
            figsize=(width, height), dpi=SHARPNESS * _PIXELS_PER_INCH, layout="constrained"
        )
        FigureCanvasAgg(figure)
        yield figure, chosen
        # The layout of figures in figures takes two rounds: this one, and that of the drawing.
        figure.draw_without_rendering()


def furnished(
    figure: StudyFigure,
    theme: Theme,
    *,
    title: str,
    alt: str,
    handles: Sequence[Artist] = (),
    remarks: Sequence[str] = (),
) -> SubFigure:
    """Add title, legend and remarks around a place for the axes, and grow the figure to hold them.

    Parameters
    ----------
    figure, theme
        As from `new_figure`; until now, the height of the figure is that of the axes.
    title
        The title above everything.
    alt
        The contents of the figure, in words.
    handles
        The entries of the legend, which is below the axes and covers no data.
    remarks
        The sentences below everything.
    """
    width, height = figure.get_size_inches()
    lines = [
        line for remark in remarks for line in textwrap.wrap(remark, max(20, int(width / _LETTER)))
    ]
    title = "\n".join(textwrap.wrap(title, max(20, int(width / 0.103))))
    columns = _columns(handles, width)
    legend = 0.12 + 0.24 * math.ceil(len(handles) / columns) if handles else 0.0
    parts = [0.28 * (title.count("\n") + 1) + 0.05, height + legend]
    if lines:
        parts.append(0.1 + 0.17 * len(lines))
    figure.set_size_inches(width, sum(parts))
    figure.alt = alt
    figure.suptitle(literal(title), x=0.01, ha="left")
    if lines:
        text = figure.supxlabel(
            literal("\n".join(lines)), x=0.01, ha="left", fontsize=8.5, color=theme.muted
        )
        text.set_linespacing(1.3)
    place: Any = figure.subfigures()
    if handles:
        place.legend(handles=list(handles), loc="outside lower center", ncols=columns)
    found: SubFigure = place
    return found


def literal(text: str) -> str:
    """Escape dollars, which would begin a formula."""
    return text.replace("$", r"\$")


def shortened(text: str, most: int = 60) -> str:
    """Return a text on one line, cut if it is too long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def name_shortened(name: str, most: int = 24) -> str:
    """Cut the middle of a name that is too long, as names of elements differ at their ends."""
    if len(name) <= most:
        return name
    tail = (2 * most) // 3
    return name[: most - tail - 1] + "…" + name[-tail:]


def _columns(handles: Sequence[Artist], width: float) -> int:
    """Return how many entries of the legend fit beside each other."""
    if not handles:
        return 1
    longest = max(len(re.sub(r"[${}^\\]", "", str(handle.get_label()))) for handle in handles)
    fitting = max(1, int(width / (0.72 + 0.067 * longest)))
    lines = math.ceil(len(handles) / fitting)
    return math.ceil(len(handles) / lines)


def _use_own_picture() -> None:
    """Have IPython take our picture, not that of its formatter for all figures of matplotlib.

    ``%matplotlib inline`` registers such a formatter, which takes precedence over the methods of an
    object, and makes a picture of a size that does not fit our metadata.
    """
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    formatter = getattr(shell, "display_formatter", None)
    if formatter is not None:
        formatter.formatters["image/png"].for_type(
            StudyFigure, lambda figure: (figure.png(), figure._metadata())
        )
