"""Draw the error of finite differences against their step."""

import numpy as np
from matplotlib.figure import Figure

from qgrad_lab.plots import parts
from qgrad_lab.plots.figures import furnished, literal, new_figure, shortened
from qgrad_lab.plots.scales import ErrorAxis, logarithmic
from qgrad_lab.plots.style import LOOKS, Style
from qgrad_lab.results.format import difference
from qgrad_lab.results.steps import StepSizes


def step_sizes(found: StepSizes, *, theme: str = "auto") -> Figure:
    """Draw the error of finite differences against their step, with its two parts.

    Parameters
    ----------
    found : StepSizes
        Made by `qgrad_lab.step_sizes`.
    theme : {"auto", "light", "dark"}, optional
        The colours; ``"auto"`` is dark if matplotlib's own style is.

    Returns
    -------
    matplotlib.figure.Figure
        On logarithmic axes: the error of each step, the lines of truncation and of rounding (or of
        shots), the best step that was tried and the step at which the lines balance.

    Raises
    ------
    ValueError
        If ``theme`` is none of these.

    Examples
    --------
    >>> from qgrad_lab import plots, step_sizes
    >>> figure = plots.step_sizes(step_sizes(lambda x: x**3, 2.0))
    >>> figure.axes[0].get_xlabel()
    'step h (in the units of the parameter)'
    """
    look = LOOKS["fd"]
    errors = found.errors
    with new_figure(theme, 7.5, 4.2) as (figure, colours):
        lines = _lines(found)
        styles: dict[str, Style] = {
            "truncation": {"color": colours.ink, "lw": 1.2, "ls": (0, (6, 3))},
            "noise": {"color": colours.ink, "lw": 1.4, "ls": (0, (1, 1.5))},
        }
        points: Style = {"ls": "none", "marker": look.marker, "color": look.colour, "ms": 4.5}
        star: Style = {
            "ls": "none",
            "marker": "*",
            "ms": 15,
            "mfc": look.colour,
            "mec": colours.ink,
            "mew": 1.0,
        }
        upright: Style = {"color": LOOKS["auto"].colour, "lw": 1.4, "ls": (0, (8, 2, 1, 2))}
        usual: Style = {"color": colours.muted, "lw": 1.0, "ls": (0, (1, 2))}
        within = found.hs[0] <= found.default <= found.hs[-1]
        predicted = found.predicted
        best = np.isfinite(found.best)
        legend = [
            parts.Line2D([], [], label="measured error", **points),
            *(parts.Line2D([], [], label=label, **styles[key]) for key, label, _ in lines),
            parts.Line2D(
                [],
                [],
                label=f"best tried, h = {found.best:.1e}, error {difference(found.best_error)}",
                **{**star, "ms": 10},
            )
            if best
            else None,
            parts.Line2D([], [], label=f"best by the lines, h = {predicted:.1e}", **upright)
            if predicted is not None
            else None,
            parts.Line2D([], [], label=f"default, h = {found.default:.1g}", **usual)
            if within
            else None,
        ]
        place = furnished(
            figure,
            colours,
            title=f"Error of finite differences of {shortened(found.call)}",
            alt=f"Error of finite differences of {shortened(found.call)} against the step. "
            f"{found.reason}",
            handles=parts.drawn(legend),
            remarks=_remarks(found),
        )
        axes = place.subplots()
        scale = ErrorAxis([errors])
        for key, _, values in lines:
            axes.plot(found.hs, values, **styles[key])
        axes.plot(found.hs, scale.place(errors), **points)
        if within:
            axes.axvline(found.default, **usual)
        if predicted is not None:
            axes.axvline(predicted, **upright)
        if best:
            axes.plot([found.best], scale.place([found.best_error]), **star, zorder=4)
        scale.apply(axes, colours)
        logarithmic(axes, found.hs, horizontal=True)
        axes.set_xlabel("step h (in the units of the parameter)")
        axes.set_ylabel(f"error, from {literal(shortened(found.reference_name, 30))}")
    return figure


def _lines(found: StepSizes) -> list[tuple[str, str, np.ndarray]]:
    lines = []
    if found.truncation is not None and found.coefficient:
        power = "h" if found.order == 1 else f"$h^{{{found.order}}}$"
        exact = found.coefficient_source == "second derivatives"
        label = "truncation, h |f''| / 2" if exact else f"truncation, ∝ {power} (fitted)"
        lines.append(("truncation", label, found.truncation))
    if found.noise > 0:
        words = (
            f"rounding, 2 · {found.noise:.0e} / h"
            if found.noise_kind == "rounding"
            else f"shot noise, √2 · {found.noise:.0e} / h"
        )
        lines.append(("noise", words, found.noise_error))
    return lines


def _remarks(found: StepSizes) -> list[str]:
    remarks = []
    if len(found.elements) > 1:
        whole = "all" if len(found.elements) == found.total else f"{len(found.elements)} of the"
        remarks.append(f"The error is the largest over {whole} {found.total} elements.")
    if found.reference_error is not None:
        reason = shortened(found.reference_error, 300).rstrip(".")
        remarks.append(f"{found.reference_name} stands in for the reference. {reason}.")
    return remarks
