"""Draw a function and its derivatives along one element of its arguments, or over two."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qgrad_lab.methods.look import Look
from qgrad_lab.plots import parts, surfaces
from qgrad_lab.plots.figures import furnished, literal, new_figure, shortened
from qgrad_lab.plots.scales import ErrorAxis
from qgrad_lab.plots.style import Style, Theme, looks
from qgrad_lab.results.format import number
from qgrad_lab.results.landscapes import Landscape, LandscapeRow


def landscape(found: Landscape, *, theme: str = "auto") -> Figure:
    """Draw a function, its derivatives by each method, and their differences from the reference.

    Parameters
    ----------
    found : Landscape
        Made by `qgrad_lab.landscape`.
    theme : {"auto", "light", "dark"}, optional
        The colours; ``"auto"`` is dark if matplotlib's own style is.

    Returns
    -------
    matplotlib.figure.Figure
        Along one element, three curves above each other: the function, its derivative and the
        differences. Over two, the function as a surface and as a map, with the gradient by the
        first method as arrows that point uphill, and a map of the differences for each method.

    Raises
    ------
    ValueError
        If ``theme`` is none of these.

    Examples
    --------
    >>> from qgrad_lab import landscape, plots
    >>> figure = plots.landscape(landscape(lambda x: x**3, 2.0, span=1.0))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['<lambda>', 'derivative', '|difference|']
    """
    if len(found.axes) == 2:
        return surfaces.surface(found, theme=theme)
    return _curves(found, theme)


def _curves(found: Landscape, theme: str) -> Figure:
    rows = [row for row in found.rows if row.error is None]
    every_look = dict(zip(map(id, found.rows), looks(found.rows), strict=True))
    chosen = [every_look[id(row)] for row in rows]
    there = found.reference is not None and bool(rows)
    (name,) = found.elements
    with new_figure(theme, 7.5, 6.6 if there else 4.6) as (figure, colours):
        handles = [
            parts.method_line(look, row.label) for row, look in zip(rows, chosen, strict=True)
        ]
        here: Style = {"color": colours.muted, "lw": 1.0, "ls": (0, (1, 2))}
        place = furnished(
            figure,
            colours,
            title=f"{shortened(found.call)} along {name}",
            alt=parts.landscape_alt(found),
            handles=parts.drawn(
                [
                    *handles,
                    parts.reference_line(found.reference_name, colours) if there else None,
                    parts.Line2D(
                        [], [], label=f"the call, {name} = {number(found.at[0], 4)}", **here
                    ),
                ]
            ),
            remarks=parts.landscape_remarks(found),
        )
        panels: Sequence[Axes] = place.subplots(
            3 if there else 2, 1, sharex=True, height_ratios=[3, 3, 2][: 3 if there else 2]
        )
        low, high = found.axes[0][[0, -1]]
        for axes in panels:
            axes.set_xlim(low, high)
            axes.grid(visible=True)
            if low <= found.at[0] <= high:
                axes.axvline(found.at[0], **here)
        panels[0].plot(found.axes[0], parts.finite(found.value), color=colours.ink, lw=1.6)
        panels[0].set_ylabel(literal(shortened(found.function, 24)))
        _slopes(panels[1], found, rows, chosen, colours)
        if there:
            _residuals(panels[2], found, rows, chosen, colours)
        panels[-1].set_xlabel(literal(name))
        place.align_ylabels(panels)
    return figure


def _slopes(
    axes: Axes,
    found: Landscape,
    rows: Sequence[LandscapeRow],
    chosen: Sequence[Look],
    theme: Theme,
) -> None:
    x = found.axes[0]
    parts.zero_line(axes, theme)
    if found.reference is not None:
        axes.plot(x, parts.finite(found.reference[0]), **parts.broad(theme))
    for i, (row, look) in enumerate(zip(rows, chosen, strict=True)):
        assert row.derivatives is not None
        axes.plot(
            x,
            parts.finite(row.derivatives[0]),
            color=look.colour,
            ls=look.dash,
            marker=look.marker,
            markevery=parts.sparse(len(x), i, len(rows)),
        )
    axes.set_ylabel("derivative")


def _residuals(
    axes: Axes,
    found: Landscape,
    rows: Sequence[LandscapeRow],
    chosen: Sequence[Look],
    theme: Theme,
) -> None:
    arrays = [found.residuals(row) for row in rows]
    curves = [array[0] for array in arrays if array is not None]
    scale = ErrorAxis(curves)
    for i, (values, look) in enumerate(zip(curves, chosen, strict=True)):
        axes.plot(
            found.axes[0],
            scale.place(values),
            color=look.colour,
            lw=0.9,
            ls=look.dash,
            marker=look.marker,
            ms=4.5,
            markevery=parts.sparse(len(values), i, len(curves)),
        )
    scale.apply(axes, theme)
    axes.set_ylabel("|difference|")
