"""The numbers of landscapes and of scaling: NumPy's arrays, of which showing computes nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from qgrad_lab.comparison.results import label
from qgrad_lab.studies import describe
from qgrad_lab.studies.study import Rows, Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qgrad_lab.studies.tables import Table


@dataclasses.dataclass(frozen=True, eq=False)
class LandscapeRow:
    """The derivatives by one method, along a line or over a plane.

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
        The largest absolute difference to the reference, over all points and elements; not a
        number if any is. None without one.
    error : str or None
        Why the method failed, or does not apply.
    notes : tuple of str
        What was warned of.
    """

    method: str
    h: float | None = None
    derivatives: tuple[np.ndarray, ...] | None = None
    difference: float | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The method, and its step where one was asked for."""
        return label(self.method, self.h)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Landscape(Rows, Study):
    """A function and its derivatives along one or two elements of its arguments.

    Made by `qgrad_lab.landscape`. ``found["auto"]`` is the row of a method, ``found["fd", 1e-5]``
    that with a step.

    Attributes
    ----------
    call : str
        The text of the call.
    function : str
        The name of the function.
    elements : tuple of str
        The names of the elements that are moved: one or two.
    at : tuple of float
        Their values in the call itself.
    axes : tuple of numpy.ndarray
        The values that each of them takes.
    value : numpy.ndarray
        The function, ``value[i]`` or ``value[i, j]`` at ``axes[0][i]`` and ``axes[1][j]``. Not a
        number everywhere if all methods failed.
    rows : tuple of LandscapeRow
        One for each method and step.
    reference : tuple of numpy.ndarray, or None
        The derivatives that the others are measured against.
    reference_name : str
        What they are; empty where none were asked for.
    reference_error : str or None
        Why they are not there.
    shots : bool
        Whether the function has circuits with shots.
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
        """The absolute differences of a row to the reference, one array for each element."""
        if row.derivatives is None or self.reference is None:
            return None
        return tuple(
            np.abs(found - true)
            for found, true in zip(row.derivatives, self.reference, strict=True)
        )

    def plot(self, *, theme: str = "auto") -> Figure:
        """The function, its derivatives and their differences to the reference.

        Along one element they are curves. Over two, the function is a surface and a map with
        arrows that point uphill.

        Parameters
        ----------
        theme : {"auto", "light", "dark"}, optional
            As in `qgrad_lab.plots`.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot, so that it is drawn once: by being a cell's last value.
        """
        from qgrad_lab.plots import landscape  # matplotlib takes long to import

        return landscape(self, theme=theme)

    def _table(self) -> Table:
        return describe.landscape(self)


@dataclasses.dataclass(frozen=True, eq=False)
class ScalingRow:
    """What one method costs for functions of growing size.

    Attributes
    ----------
    method : str
        One of ``qgrad_lab.comparison.METHODS``.
    h : float or None
        The step that finite differences were asked to take.
    seconds : numpy.ndarray
        For each size, the median time per call, value and gradient together; not a number where
        there is none.
    first : numpy.ndarray
        Seconds to the first result: tracing, compilation and one run.
    errors : tuple of (str or None)
        For each size, why there is no time.
    """

    method: str
    h: float | None
    seconds: np.ndarray
    first: np.ndarray
    errors: tuple[str | None, ...]

    @property
    def label(self) -> str:
        """The method, and its step where one was asked for."""
        return label(self.method, self.h)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Scaling(Rows, Study):
    """The time of gradients against the number of parameters.

    Made by `qgrad_lab.scaling`. ``found["auto"]`` is the row of a method.

    Attributes
    ----------
    function : str
        The name of what makes the functions.
    sizes : tuple
        What it was called with.
    parameters : numpy.ndarray
        The number of differentiated elements at each size.
    rows : tuple of ScalingRow
        One for each method and step.
    """

    function: str
    sizes: tuple[Any, ...]
    parameters: np.ndarray
    rows: tuple[ScalingRow, ...]

    def growth(self, row: ScalingRow) -> float | None:
        """The power of the number of parameters with which the time of a row grows.

        The slope through its points on logarithmic axes, the upper half of them, where fixed costs
        matter least; None if they are fewer than two.
        """
        known = np.isfinite(row.seconds) & (self.parameters > 0)
        kept = max(2, (int(np.count_nonzero(known)) + 1) // 2)
        x, y = np.log(self.parameters[known])[-kept:], np.log(row.seconds[known])[-kept:]
        if len(x) < 2 or np.ptp(x) == 0:
            return None
        return float(np.polyfit(x, y, 1)[0])

    def plot(self, *, theme: str = "auto") -> Figure:
        """The time of one call against the number of parameters, on logarithmic axes.

        Parameters
        ----------
        theme : {"auto", "light", "dark"}, optional
            As in `qgrad_lab.plots`.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot, so that it is drawn once: by being a cell's last value.
        """
        from qgrad_lab.plots import scaling  # matplotlib takes long to import

        return scaling(self, theme=theme)

    def _table(self) -> Table:
        return describe.scaling(self)
