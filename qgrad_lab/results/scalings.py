"""`Scaling`: the time of gradients against the number of parameters."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from qgrad_lab.results.format import duration
from qgrad_lab.results.rows import label
from qgrad_lab.results.study import StudyOfMethods
from qgrad_lab.results.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True, eq=False)
class ScalingRow:
    """The cost of one method for functions of growing size.

    A row of a `Scaling`.

    Attributes
    ----------
    method : str
        One of ``qgrad_lab.comparison.METHODS``.
    h : float or None
        The step that finite differences were asked to take.
    seconds : numpy.ndarray
        For each size, the median time per call, value and gradient together; NaN if there is none.
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
        """The method, with its step if one was asked for."""
        return label(self.method, self.h)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Scaling(StudyOfMethods):
    """The time of gradients against the number of parameters.

    Made by `qgrad_lab.scaling`. ``found["auto"]`` is the row of a method; one that was not timed
    raises a ``KeyError``.

    Attributes
    ----------
    function : str
        The name of the callable that makes the functions.
    sizes : tuple
        The sizes that it was called with.
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
        """Return the power of the number of parameters with which the time of a row grows.

        It is the slope through the upper half of its points on logarithmic axes, where fixed costs
        matter least.

        Parameters
        ----------
        row : ScalingRow
            One of `rows`.

        Returns
        -------
        float or None
            About 1 for a time proportional to the number; None with fewer than two points.

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
        """Draw the time of one call against the number of parameters, on logarithmic axes.

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
        >>> import jax.numpy as jnp
        >>> from qgrad_lab import scaling
        >>> found = scaling(lambda n: (jnp.sum, (jnp.ones(n),)), [2, 4], methods="auto")
        >>> found.plot().axes[0].get_xscale()
        'log'
        """
        # Upwards and lazily: results do without matplotlib, which takes long to import.
        from qgrad_lab.plots import scaling

        return scaling(self, theme=theme)

    def _table(self) -> Table:
        rows = []
        for i, size in enumerate(self.sizes):
            times = [
                "failed" if row.errors[i] is not None else duration(float(row.seconds[i]))
                for row in self.rows
            ]
            rows.append((str(size), f"{self.parameters[i]:,}", *times))
        remarks = []
        for row in self.rows:
            power = self.growth(row)
            if power is not None:
                remarks.append(f"{row.label}: the time grows as the parameters to the {power:.1f}.")
            for size, error in zip(self.sizes, row.errors, strict=True):
                if error is not None:
                    remarks.append(f"{row.label} at {size} failed: {error}")
        titles = ("Size", "Parameters", *(f"{row.label}, per call" for row in self.rows))
        return Table(f"Time of a gradient of {self.function}(size)", titles, rows, remarks)
