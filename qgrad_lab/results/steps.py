"""The errors of finite differences, and what follows from them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from qgrad_lab.results import describe
from qgrad_lab.results.export import plain
from qgrad_lab.results.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qgrad_lab.results.table import Table


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StepSizes(Study):
    """The error of finite differences against their step.

    Made by `qgrad_lab.step_sizes`. The error of a step is the largest over all elements. Steps are
    in the units of the elements.

    Attributes
    ----------
    call : str
        The text of the call.
    function : str
        The name of the function.
    value : float
        What it returns.
    elements : tuple of str
        The names of the elements that were differentiated.
    total : int
        How many elements there are.
    gradient : numpy.ndarray
        The true derivatives in `elements`, as far as the reference is true.
    hs : numpy.ndarray
        The steps, in growing order.
    element_errors : numpy.ndarray
        The absolute error of each step (rows) in each element (columns).
    noise : float
        The error of one value of the function.
    noise_kind : {"rounding", "shots"}
        Where that comes from.
    second : numpy.ndarray or None
        The second derivatives in `elements`, exact; None if they could not be computed.
    default : float
        The step that ``grad`` takes where none is given.
    order : int
        With which power of the step the truncation error falls: 1, unless `second` vanishes.
    coefficient : float or None
        The truncation error is this times the power; None if it is not known.
    coefficient_source : {"second derivatives", "fit", ""}
        Where that comes from.
    reference_name : str
        What `gradient` is.
    reference_error : str or None
        Why it is not the reference that was asked for.

    Examples
    --------
    >>> from qgrad_lab import step_sizes
    >>> found = step_sizes(lambda x: x**2, 3.0, hs=[1e-3, 1e-1])
    >>> found.gradient.tolist(), found.second.tolist(), found.errors.round(6).tolist()
    ([6.0], [2.0], [0.001, 0.1])
    >>> found.truncation.round(6).tolist(), found.best, found.noise_kind
    ([0.001, 0.1], 0.001, 'rounding')
    """

    call: str
    function: str
    value: float
    elements: tuple[str, ...]
    total: int
    gradient: np.ndarray
    hs: np.ndarray
    element_errors: np.ndarray
    noise: float
    noise_kind: str
    second: np.ndarray | None
    default: float
    order: int
    coefficient: float | None
    coefficient_source: str
    reference_name: str
    reference_error: str | None = None

    @property
    def errors(self) -> np.ndarray:
        """The error of each step, the largest over all elements; not a number if any is."""
        return np.max(self.element_errors, axis=1, initial=0.0)

    @property
    def truncation(self) -> np.ndarray | None:
        """The error that each step has by the curvature of the function, ``h |f''| / 2``.

        As in Press et al., *Numerical Recipes*, 3rd ed. (2007), section 5.7; None if it is not
        known.
        """
        return None if self.coefficient is None else self.coefficient * self.hs**self.order

    @property
    def noise_error(self) -> np.ndarray:
        """The error that each step has by rounding, ``2 noise / h``, or by shots.

        Samples are independent, so that with shots it is ``sqrt(2) noise / h``.
        """
        return self._noise_factor * self.noise / self.hs

    @property
    def best(self) -> float:
        """The step with the smallest error of all that were tried."""
        errors = self.errors
        if not np.isfinite(errors).any():
            return float("nan")
        return float(self.hs[np.nanargmin(errors)])

    @property
    def best_error(self) -> float:
        """The error of `best`."""
        errors = self.errors
        return float(np.nanmin(errors)) if np.isfinite(errors).any() else float("nan")

    @property
    def predicted(self) -> float | None:
        """The step at which truncation and noise have the smallest sum; None if not known.

        In the units of the element; where the derivative of ``truncation + noise_error`` is zero.
        """
        if not self.coefficient or not self.noise:
            return None
        p = self.order
        step = (self._noise_factor * self.noise / (p * self.coefficient)) ** (1 / (p + 1))
        return float(step)

    @property
    def predicted_error(self) -> float | None:
        """That sum at `predicted`."""
        if self.predicted is None or self.coefficient is None:
            return None
        h = self.predicted
        return float(self.coefficient * h**self.order + self._noise_factor * self.noise / h)

    @property
    def reason(self) -> str:
        """Why the best step is what it is, in words."""
        return describe.reason(self)

    @property
    def _noise_factor(self) -> float:
        # Two values, whose rounding errors may add up; samples are independent.
        return 2.0 if self.noise_kind == "rounding" else 2.0**0.5

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            As of the other studies; with what follows from the numbers, such as `best`.

        Examples
        --------
        >>> from qgrad_lab import step_sizes
        >>> found = step_sizes(lambda x: x**2, 3.0, hs=[1e-3, 1e-1]).to_dict()
        >>> found["study"], found["hs"], found["best"]
        ('StepSizes', [0.001, 0.1], 0.001)
        """
        derived = {
            "errors": self.errors,
            "truncation": self.truncation,
            "noise_error": self.noise_error,
            "best": self.best,
            "best_error": self.best_error,
            "predicted": self.predicted,
            "predicted_error": self.predicted_error,
            "reason": self.reason,
        }
        return {**super().to_dict(), **plain(derived)}

    def plot(self, *, theme: str = "auto") -> Figure:
        """The error against the step, on logarithmic axes, with what it is made of.

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
        >>> from qgrad_lab import step_sizes
        >>> figure = step_sizes(lambda x: x**2, 3.0, hs=[1e-3, 1e-1]).plot()
        >>> figure.axes[0].get_yscale()
        'log'
        """
        from qgrad_lab.plots import step_sizes  # matplotlib takes long to import

        return step_sizes(self, theme=theme)

    def _table(self) -> Table:
        return describe.step_sizes(self)
