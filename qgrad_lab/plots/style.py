"""Define how everything looks: one fixed look for each method, and two themes.

The colours can be told apart with every kind of colour vision, and have a contrast of 3 or more on
both backgrounds; markers, dashes and hatches tell the same without any colour.
"""

import colorsys
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb

from qgrad_lab.methods.look import BLUE, VERMILLION, Dash, Look
from qgrad_lab.methods.table import METHODS, STEPPED

Style = dict[str, Any]
"""Properties of artists."""

LOOKS = {row.name: row.look for row in METHODS}
"""How each method is drawn: colour, marker, dash and hatch, as matplotlib takes them."""

_STEP_MARKERS = "sPXph*8d"
_STEP_DASHES: tuple[Dash, ...] = ("--", (0, (6, 2)), (0, (3, 2)), (0, (2, 1)), (0, (1, 1)))
_STEP_HATCHES = ("////", "\\\\\\\\", "||||", "++++", "oo", "//", "\\\\", "**")


class Theme(NamedTuple):
    """A theme: the colours of paper and ink."""

    name: str
    surface: str
    ink: str
    muted: str
    grid: str
    band: str


LIGHT = Theme("light", "#ffffff", "#1a1a1a", "#5f5f5f", "#dcdcdc", "#c4c4c4")
DARK = Theme("dark", "#111111", "#f0f0f0", "#b4b4b4", "#3c3c3c", "#5c5c5c")


def theme(name: str) -> Theme:
    """Return the theme of a name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name == "auto":
        red, green, blue = to_rgb(_face())
        return DARK if colorsys.rgb_to_hls(red, green, blue)[1] < 0.5 else LIGHT
    for known in (LIGHT, DARK):
        if name == known.name:
            return known
    raise ValueError(
        f"Invalid theme {name!r}: it is 'light', 'dark', or 'auto' (dark where matplotlib's own "
        "style is, as after plt.style.use('dark_background'))."
    )


def looks(rows: Sequence[Any]) -> list[Look]:
    """Return the look of each row; of which several may be one method with several steps."""
    found = []
    seen: Counter[str] = Counter()
    for row in rows:
        look = LOOKS[row.method]
        if row.method in STEPPED:
            steps = seen[row.method]
            if steps:
                look = Look(
                    _shade(look.colour, steps),
                    _STEP_MARKERS[steps % len(_STEP_MARKERS)],
                    _STEP_DASHES[steps % len(_STEP_DASHES)],
                    _STEP_HATCHES[steps % len(_STEP_HATCHES)],
                )
            seen[row.method] += 1
        found.append(look)
    return found


def parameters(theme: Theme) -> Any:
    """Return parameters for `matplotlib.rc_context`, by which a user's style only changes fonts."""
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": theme.muted,
        "axes.facecolor": theme.surface,
        "axes.formatter.limits": (-4, 5),
        "axes.formatter.useoffset": False,
        "axes.grid": False,
        "axes.labelcolor": theme.ink,
        "axes.labelsize": 9.5,
        "axes.linewidth": 0.8,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": theme.ink,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "axes.titleweight": "normal",
        "axes.unicode_minus": True,
        "figure.edgecolor": theme.surface,
        "figure.facecolor": theme.surface,
        "figure.titlesize": 12,
        "figure.titleweight": "bold",
        "font.size": 9.5,
        "grid.alpha": 1.0,
        "grid.color": theme.grid,
        "grid.linestyle": "-",
        "grid.linewidth": 0.6,
        "hatch.color": theme.surface,
        "hatch.linewidth": 0.8,
        "image.interpolation": "nearest",
        "legend.fontsize": 9.5,
        "legend.frameon": False,
        "legend.handlelength": 2.6,
        "legend.labelcolor": theme.ink,
        "lines.linewidth": 1.6,
        "lines.markersize": 5.5,
        "mathtext.fontset": "dejavusans",
        "text.color": theme.ink,
        "text.usetex": False,
        "xtick.color": theme.muted,
        "xtick.direction": "out",
        "xtick.labelcolor": theme.ink,
        "xtick.labelsize": 8.5,
        "ytick.color": theme.muted,
        "ytick.direction": "out",
        "ytick.labelcolor": theme.ink,
        "ytick.labelsize": 8.5,
    }


def diverging(theme: Theme) -> Colormap:
    """Return a colour map from blue below zero, over the paper, to vermillion above."""
    ends = ("#00314d", "#6e3000") if theme.name == "light" else ("#a8dcff", "#ffcfa8")
    stops = [ends[0], BLUE, theme.surface, VERMILLION, ends[1]]
    found = LinearSegmentedColormap.from_list(f"qgrad_{theme.name}", stops)
    return found.with_extremes(bad=theme.grid)


def sequential(theme: Theme) -> Colormap:
    """Return a colour map of sizes, for all kinds of colour vision.

    It is cividis (J. R. Nunez et al., PLoS ONE 13 (2018) e0199239).
    """
    found: Colormap = matplotlib.colormaps["cividis"]
    return found.with_extremes(bad=theme.grid)


def _face() -> Any:
    """Return the background of matplotlib's own style."""
    face = matplotlib.rcParams["figure.facecolor"]
    # Older inline backends of Jupyter make it transparent, mostly on a light page.
    return "white" if face == "none" or (isinstance(face, tuple) and face[-1] == 0) else face


def _shade(colour: str, step: int) -> str:
    """Return the same hue, lighter and darker in turn, within what can be seen on the paper."""
    hue, light, saturation = colorsys.rgb_to_hls(*to_rgb(colour))
    change = (0.0, -0.1, 0.055, -0.05, 0.03, -0.075, -0.025)[step % 7]
    return to_hex(colorsys.hls_to_rgb(hue, light + change, saturation))
