"""The numbers of landscapes and of scaling: NumPy's arrays, of which showing computes nothing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from qgrad_lab.results import describe
from qgrad_lab.results.comparison import label
from qgrad_lab.results.study import Rows, Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qgrad_lab.results.table import Table


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
        The largest absolute difference to the reference, over all points and elements; not a
        number if any is. None without one.
    error : str or None
        Why the method failed, or does not apply.
    notes : tuple of str
        What was warned of.

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
        """The method, and its step where one was asked for."""
        return label(self.method, self.h)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Landscape(Rows, Study):
    """A function and its derivatives along one or two elements of its arguments.

    Made by `qgrad_lab.landscape`. ``found["auto"]`` is the row of a method, ``found["fd", 1e-5]``
    that with a step; of one that was not evaluated, a ``KeyError``.

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
        """The absolute differences of a row to the reference, one array for each element.

        Parameters
        ----------
        row : LandscapeRow
            One of `rows`.

        Returns
        -------
        tuple of numpy.ndarray, or None
            With the shape of `value`; None without a reference, or if the method failed.

        Examples
        --------
        >>> from qgrad_lab import landscape
        >>> found = landscape(lambda x: x**2, 1.0, span=2.0, points=3, h=0.1)
        >>> found.residuals(found["fd"])[0].round(6).tolist()
        [0.1, 0.1, 0.1]
        """
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
        from qgrad_lab.plots import landscape  # matplotlib takes long to import

        return landscape(self, theme=theme)

    def _table(self) -> Table:
        return describe.landscape(self)


@dataclasses.dataclass(frozen=True, eq=False)
class ScalingRow:
    """What one method costs for functions of growing size.

    A row of a `Scaling`.

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

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import scaling
    >>> row = scaling(lambda n: (jnp.sum, (jnp.ones(n),)), [2, 4], methods="auto")["auto"]
    >>> row.label, row.seconds.shape, row.errors
    ('auto', (2,), (None, None))
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

    Made by `qgrad_lab.scaling`. ``found["auto"]`` is the row of a method; of one that was not
    timed, a ``KeyError``.

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

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import scaling
    >>> found = scaling(lambda n: (jnp.sum, (jnp.ones(n),)), [2, 4], methods="auto")
    >>> found.sizes, found.parameters.tolist(), found["auto"].first.shape
    ((2, 4), [2, 4], (2,))
    """

    function: str
    sizes: tuple[Any, ...]
    parameters: np.ndarray
    rows: tuple[ScalingRow, ...]

    def growth(self, row: ScalingRow) -> float | None:
        """The power of the number of parameters with which the time of a row grows.

        The slope through its points on logarithmic axes, the upper half of them, where fixed costs
        matter least.

        Parameters
        ----------
        row : ScalingRow
            One of `rows`.

        Returns
        -------
        float or None
            About 1 where the time is in proportion to the number; None if there are fewer than two
            points.

        Examples
        --------
        >>> import jax.numpy as jnp
        >>> from qgrad_lab import scaling
        >>> found = scaling(lambda n: (jnp.sum, (jnp.ones(n),)), [2], methods="auto")
        >>> found.growth(found["auto"]) is None
        True
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

        Raises
        ------
        ValueError
            If ``theme`` is none of these.

        Examples
        --------
        >>> import jax.numpy as jnp
        >>> from qgrad_lab import scaling
        >>> found = scaling(lambda n: (jnp.sum, (jnp.ones(n),)), [2, 4], methods="auto")
        >>> found.plot().axes[0].get_xscale()
        'log'
        """
        from qgrad_lab.plots import scaling  # matplotlib takes long to import

        return scaling(self, theme=theme)

    def _table(self) -> Table:
        return describe.scaling(self)
