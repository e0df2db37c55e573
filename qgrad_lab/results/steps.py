"""`StepSizes`: the errors of finite differences against their step, and what follows from them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from qgrad_lab.results.export import jsonable
from qgrad_lab.results.format import difference, number
from qgrad_lab.results.study import Study
from qgrad_lab.results.table import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STEPS_SHOWN = 14
"""Rows of the table, about."""


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
        The value of the call.
    elements : tuple of str
        The names of the elements that were differentiated.
    total : int
        How many elements there are.
    gradient : numpy.ndarray
        The derivatives in `elements` by the reference, which are taken for true.
    hs : numpy.ndarray
        The steps, in increasing order.
    element_errors : numpy.ndarray
        The absolute error of each step (rows) in each element (columns); 0 for equal infinities.
    noise : float
        The error of one value of the function.
    noise_kind : {"rounding", "shots"}
        The source of that error.
    second : numpy.ndarray or None
        The exact second derivatives in `elements`; None if they could not be computed.
    default : float
        The step that ``grad`` takes by default.
    order : int
        The power of the step with which the truncation error falls: 1, unless `second` vanishes.
    coefficient : float or None
        The factor of that power in the truncation error; None if it is not known.
    coefficient_source : {"second derivatives", "fit", ""}
        What the coefficient was derived from.
    reference_name : str
        What `gradient` was computed by.
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
        """The error of each step, the largest over all elements; NaN if any is."""
        return np.max(self.element_errors, axis=1, initial=0.0)

    @property
    def truncation(self) -> np.ndarray | None:
        """The error of each step due to the curvature of the function, ``h |f''| / 2``.

        See Press et al., *Numerical Recipes*, 3rd ed. (2007), section 5.7. None if it is not known.
        """
        return None if self.coefficient is None else self.coefficient * self.hs**self.order

    @property
    def noise_error(self) -> np.ndarray:
        """The error of each step due to rounding, ``2 noise / h``, or to shots.

        Samples are independent, so that with shots it is ``sqrt(2) noise / h``.
        """
        return self._noise_factor * self.noise / self.hs

    @property
    def best(self) -> float:
        """The step with the smallest error of all that were tried; NaN if no error is finite."""
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
        """The step that minimises ``truncation + noise_error``, in the units of the element.

        None if either is not known.
        """
        if not self.coefficient or not self.noise:
            return None
        p = self.order
        step = (self._noise_factor * self.noise / (p * self.coefficient)) ** (1 / (p + 1))
        return float(step)

    @property
    def predicted_error(self) -> float | None:
        """The sum ``truncation + noise_error`` at `predicted`."""
        if self.predicted is None or self.coefficient is None:
            return None
        h = self.predicted
        return float(self.coefficient * h**self.order + self._noise_factor * self.noise / h)

    @property
    def reason(self) -> str:
        """Why the best step is what it is, in words."""
        if not np.isfinite(self.best):
            for name, slope in zip(self.elements, self.gradient, strict=True):
                if not np.isfinite(slope):
                    what = "NaN" if np.isnan(slope) else "infinite"
                    return f"The reference is {what} in {name}, so that no step has a finite error."
            return "No step gave a finite derivative."
        said = f"The best step tried is {self.best:.2g}, with an error of {self.best_error:.1e}."
        noise = (
            f"values that are precise to {self.noise:.1e}"
            if self.noise_kind == "rounding"
            else f"values with a standard deviation of {self.noise:.1e} from shots"
        )
        if self.predicted is not None:
            power = "" if self.order == 1 else f"^{self.order}"
            said += (
                f" Below about {self.predicted:.1e} the noise of {noise} decides, which grows as h "
                f"shrinks; above it truncation, which grows as h{power}. There the two give "
                f"{self.predicted_error:.1e}."
            )
            if self.order > 1:
                said += (
                    " The second derivative vanishes here, so that a longer step does no harm yet."
                )
        elif not self.coefficient:
            said += " No truncation error was seen: the function is linear, or the noise covers it."
        else:
            said += " No noise was seen, so that a shorter step is a better one."
        return said

    @property
    def _noise_factor(self) -> float:
        # The rounding errors of two values may add up; samples are independent.
        return 2.0 if self.noise_kind == "rounding" else 2.0**0.5

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            As for the other studies, with all that follows from the numbers, such as `best`.

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
        return {**super().to_dict(), **jsonable(derived)}

    def plot(self, *, theme: str = "auto") -> Figure:
        """Draw the error against the step on logarithmic axes, with its two parts.

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
        >>> from qgrad_lab import step_sizes
        >>> figure = step_sizes(lambda x: x**2, 3.0, hs=[1e-3, 1e-1]).plot()
        >>> figure.axes[0].get_yscale()
        'log'
        """
        # Upwards and lazily: results do without matplotlib, which takes long to import.
        from qgrad_lab.plots import step_sizes

        return step_sizes(self, theme=theme)

    def _table(self) -> Table:
        errors, truncation, noise = self.errors, self.truncation, self.noise_error
        shown = set(range(0, len(errors), max(1, -(-len(errors) // _STEPS_SHOWN))))
        shown |= {int(np.flatnonzero(self.hs == self.best)[0])} if np.isfinite(self.best) else set()
        rows: list[tuple[str, ...]] = [
            (
                f"{self.hs[i]:.2e}" + (" *" if self.hs[i] == self.best else ""),
                difference(float(errors[i])),
                difference(None if truncation is None else float(truncation[i])),
                difference(float(noise[i])),
            )
            for i in sorted(shown)
        ]
        name = "Rounding" if self.noise_kind == "rounding" else "Shot noise"
        remarks = [f"* {self.reason}"]
        count = len(self.elements)
        if count < self.total:
            remarks.append(f"{count} of {self.total} elements, spread evenly.")
        remarks.append(f"Error: the largest from {self.reference_name}, over all elements.")
        if self.reference_error:
            remarks.append(f"That is not the reference: {self.reference_error.rstrip('.')}.")
        headline = f"Finite differences of {self.call} = {number(self.value)}, by their step"
        return Table(headline, ("h", "Error", "Truncation", name), rows, remarks)
