"""Figures that show themselves once, by being a cell's last value."""

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
"""Pixels of the picture for each one that it takes on a page."""
_PIXELS_PER_INCH = 100
_LETTER = 0.073
"""Inches that a letter of the remarks takes, about."""


class StudyFigure(Figure):
    """A matplotlib figure with a text that says what is in it.

    It is not known to pyplot, so that neither ``%matplotlib inline`` nor ``plt.show`` shows it
    again, and shows itself also where no backend was ever chosen.

    Attributes
    ----------
    alt : str
        What is in it, for people who do not see it: Jupyter's ``alt`` text.
    """

    alt: str = ""

    def png(self) -> bytes:
        """The picture, as it is shown."""
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
def drawing(theme: str, width: float, height: float) -> Iterator[tuple[StudyFigure, Theme]]:
    """A new figure of a size in inches, and the theme in which everything in it is made."""
    chosen = theme_of(theme)
    with matplotlib.rc_context(parameters(chosen)):
        figure = StudyFigure(
            figsize=(width, height), dpi=SHARPNESS * _PIXELS_PER_INCH, layout="constrained"
        )
        FigureCanvasAgg(figure)
        yield figure, chosen
        # The layout of figures in figures needs two rounds: this, and that of the real drawing.
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
    """Title, legend and remarks around a place for the axes; the figure grows to hold them.

    Parameters
    ----------
    figure, theme
        As of `drawing`; the height of the figure is that of the axes until here.
    title
        Above everything.
    alt
        What is in the figure, in words.
    handles
        Of the legend, which is below the axes, where no data are.
    remarks
        Sentences below everything.
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
    figure.suptitle(plain(title), x=0.01, ha="left")
    if lines:
        text = figure.supxlabel(
            plain("\n".join(lines)), x=0.01, ha="left", fontsize=8.5, color=theme.muted
        )
        text.set_linespacing(1.3)
    place: Any = figure.subfigures()
    if handles:
        place.legend(handles=list(handles), loc="outside lower center", ncols=columns)
    found: SubFigure = place
    return found


def plain(text: str) -> str:
    """Text in which a dollar is a dollar, and no beginning of a formula."""
    return text.replace("$", r"\$")


def shortened(text: str, most: int = 60) -> str:
    """The beginning of a text that is too long for a title."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def failures(rows: Sequence[Any]) -> list[str]:
    """A sentence for each method that failed."""
    found = []
    for row in rows:
        if row.error is not None:
            found.append(f"{row.label} failed: {shortened(row.error, 300).rstrip('.')}.")
    return found


def _columns(handles: Sequence[Artist], width: float) -> int:
    """How many entries of the legend fit beside each other."""
    if not handles:
        return 1
    longest = max(len(re.sub(r"[${}^\\]", "", str(handle.get_label()))) for handle in handles)
    fitting = max(1, int(width / (0.72 + 0.067 * longest)))
    lines = math.ceil(len(handles) / fitting)
    return math.ceil(len(handles) / lines)


def _use_own_picture() -> None:
    """Have IPython take our picture instead of that by a formatter for all of matplotlib's figures.

    ``%matplotlib inline`` registers one, which comes before the methods of an object, and of which
    the size does not fit our metadata.
    """
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    formatter = getattr(shell, "display_formatter", None)
    if formatter is not None:
        formatter.formatters["image/png"].for_type(
            StudyFigure, lambda figure: (figure.png(), figure._metadata())
        )
