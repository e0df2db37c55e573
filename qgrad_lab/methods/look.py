"""The look of a method in plots, in matplotlib's terms but without matplotlib."""

from typing import NamedTuple

# M. Okabe and K. Ito, Color Universal Design (2008), https://jfly.uni-koeln.de/color/.
BLUE, VERMILLION, GREEN, PINK = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
# P. Tol, Colour Schemes, SRON/EPS/TN/09-002 (2021), the scheme "bright".
PURPLE = "#AA3377"

Dash = str | tuple[float, tuple[float, ...]]


class Look(NamedTuple):
    """How a method is drawn in every figure: colour, marker, dash and hatch."""

    colour: str
    marker: str
    dash: Dash
    hatch: str = ""
