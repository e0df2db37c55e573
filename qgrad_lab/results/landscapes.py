"""`Landscape`: a function and its derivatives along one or two elements of its arguments."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from qgrad_lab.results.differences import distances
from qgrad_lab.results.format import difference, number
from qgrad_lab.results.rows import failures, label, no_reference
from qgrad_lab.results.study import StudyOfMethods
from qgrad_lab.results.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True, eq=False)
class LandscapeRow:
    """The derivatives by one method, along a line or over a plane.

    A row of a `Landscape`.

    Attributes
    ----------
    method : str
        One of ``qgrad_lab.comparison.METHODS``.
    h : float or None
        The step that finite differences were asked to take.
    derivatives : tuple of numpy.ndarray, or None
        The derivative in each of the elements, with the shape of ``Landscape.value``; None if the
        method failed.
    difference : float or None
        The largest absolute difference from the reference over all points and elements, NaN if
        any is; None without a reference.
    error : str or None
        Why the method failed, or does not apply.
    notes : tuple of str
        Warnings that were issued.

    Examples
    --------
    >>> from qgrad_lab import landscape
    >>> row = landscape(lambda x: x**3, 2.0, span=2.0, points=3, methods="auto")["auto"]
    >>> row.label, row.derivatives[0].tolist(), row.difference
    ('auto', [3.0, 12.0, 27.0], 0.0)
    """

    method: str
    h: float | None = None
    derivatives: tuple[np.ndarray, ...] | None = None
    difference: float | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The method, with its step if one was asked for."""
        return label(self.method, self.h)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Landscape(StudyOfMethods):
    """A function and its derivatives along one or two elements of its arguments.

    Made by `qgrad_lab.landscape`. ``found["auto"]`` is the row of a method, ``found["fd", 1e-5]``
    that of a method and step; a method that was not evaluated raises a ``KeyError``.

    Attributes
    ----------
    call : str
        The text of the call.
    function : str
        The name of the function.
    elements : tuple of str
        The names of the one or two elements that are moved.
    at : tuple of float
        Their values in the call itself.
    axes : tuple of numpy.ndarray
        The values that each of them takes.
    value : numpy.ndarray
        The function: ``value[i]``, or ``value[i, j]``, at ``axes[0][i]`` and ``axes[1][j]``; NaN
        everywhere if all methods failed.
    rows : tuple of LandscapeRow
        One for each method and step.
    reference : tuple of numpy.ndarray, or None
        The derivatives that the others are measured against.
    reference_name : str
        What they are; empty if none were asked for.
    reference_error : str or None
        Why there are none.
    shots : bool
        Whether the function has circuits with shots.

    Examples
    --------
    >>> from qgrad_lab import landscape
    >>> found = landscape(lambda x, y: x**2 * y, 1.0, 2.0, along=("x", "y"), span=2.0, points=3)
    >>> found.elements, found.at, found.axes[1].tolist()
    (('x', 'y'), (1.0, 2.0), [1.0, 2.0, 3.0])
    >>> found.value.tolist()
    [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [4.0, 8.0, 12.0]]
    """

    call: str
    function: str
    elements: tuple[str, ...]
    at: tuple[float, ...]
    axes: tuple[np.ndarray, ...]
    value: np.ndarray
    rows: tuple[LandscapeRow, ...]
    reference: tuple[np.ndarray, ...] | None = None
    reference_name: str = ""
    reference_error: str | None = None
    shots: bool = False

    def residuals(self, row: LandscapeRow) -> tuple[np.ndarray, ...] | None:
        """Return the absolute differences of a row from the reference, an array for each element.

        Parameters
        ----------
        row : LandscapeRow
            One of `rows`.

        Returns
        -------
        tuple of numpy.ndarray, or None
            Each with the shape of `value`: 0 for equal infinities, NaN if either is NaN. None
            without a reference, or if the method failed.

        Examples
        --------
        >>> from qgrad_lab import landscape
        >>> found = landscape(lambda x: x**2, 1.0, span=2.0, points=3, h=0.1)
        >>> found.residuals(found["fd"])[0].round(6).tolist()
        [0.1, 0.1, 0.1]
        """
        if row.derivatives is None or self.reference is None:
            return None
        pairs = zip(row.derivatives, self.reference, strict=True)
        return tuple(distances(values, true) for values, true in pairs)

    def plot(self, *, theme: str = "auto") -> Figure:
        """Draw the function, its derivatives and their differences from the reference.

        Along one element these are curves. Over two, the function is a surface, and a map with
        arrows that point uphill.

        Parameters
        ----------
        theme : {"auto", "light", "dark"}, optional
            As in `qgrad_lab.plots`.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot, so that it is drawn once: as the last value of a cell.

        Raises
        ------
        ValueError
            If ``theme`` is none of these.

        Examples
        --------
        >>> from qgrad_lab import landscape
        >>> figure = landscape(lambda x: x**2, 1.0, points=5).plot(theme="dark")
        >>> len(figure.axes)
        3
        """
        # Upwards and lazily: results do without matplotlib, which takes long to import.
        from qgrad_lab.plots import landscape

        return landscape(self, theme=theme)

    def _table(self) -> Table:
        names = " and ".join(self.elements)
        spans = " and ".join(f"{number(axis[0], 4)} to {number(axis[-1], 4)}" for axis in self.axes)
        sizes = " x ".join(str(len(axis)) for axis in self.axes)
        titles = ["Method"]
        titles += [f"d/d {name}, {end}" for name in self.elements for end in ("least", "most")]
        rows = []
        for row in self.rows:
            if row.derivatives is None:
                rows.append((row.label, "failed", *[""] * (len(titles) - 1)))
                continue
            ends = [
                number(end(values), 5) for values in row.derivatives for end in (np.min, np.max)
            ]
            rows.append((row.label, *ends, difference(row.difference)))
        remarks = failures(self.rows)
        remarks += [f"{row.label}: {note}" for row in self.rows for note in row.notes]
        if np.isfinite(self.value).any():
            for word, place in (("Lowest", np.nanargmin), ("Highest", np.nanargmax)):
                index = np.unravel_index(place(self.value), self.value.shape)
                where = ", ".join(
                    f"{name} = {number(axis[i], 5)}"
                    for name, axis, i in zip(self.elements, self.axes, index, strict=True)
                )
                remarks.append(f"{word} value {number(self.value[index], 6)} at {where}.")
        if self.reference is not None:
            remarks.append(f"Difference: the largest from {self.reference_name}, over all points.")
        elif self.reference_error:
            remarks.append(no_reference(self.reference_name, self.reference_error))
        headline = f"{self.call} along {names}: {sizes} points, from {spans}"
        return Table(headline, (*titles, "Difference"), rows, remarks)
