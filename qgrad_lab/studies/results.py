"""The numbers that studies hold: arrays are NumPy's, and to show them computes nothing."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from qgrad_lab.comparison.export import plain
from qgrad_lab.comparison.results import label
from qgrad_lab.studies import describe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qgrad_lab.studies.tables import Table

VERSION = 1
"""Of the form of ``to_dict``."""


class _Study(abc.ABC):
    """What all of them can do."""

    @abc.abstractmethod
    def _table(self) -> Table:
        """What it shows of itself."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            With the ``version`` of this form, and the ``study`` that it is of. Arrays are nested
            lists, times are in seconds. Of numbers that are not finite it has the words ``"NaN"``,
            ``"Infinity"`` and ``"-Infinity"``, as JSON has no such numbers.
        """
        kind = type(self).__name__
        found = {"version": VERSION, "study": kind}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name == "rows":
                value = [
                    {**_fields(row), "label": label(row.method, row.h)}  # in words, too
                    for row in value
                ]
            found[field.name] = value
        written: dict[str, Any] = plain(found)
        return written

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return self._table().bundle()


class _Rows:
    """Studies with one row for each method and step."""

    rows: tuple[Any, ...]

    def __getitem__(self, key: str | tuple[str, float | None]) -> Any:
        method, *step = (key,) if isinstance(key, str) else key
        for row in self.rows:
            if row.method == method and (not step or row.h == step[0]):
                return row
        found = ", ".join(row.label for row in self.rows)
        raise KeyError(f"{key!r} is not among the methods of this study: {found}")


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
class Landscape(_Rows, _Study):
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


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class StepSizes(_Study):
    """The error of finite differences against their step.

    Made by `qgrad_lab.step_sizes`. The error of a step is the largest over all elements.

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
        """The error of each step: the largest over all elements; not a number if any is."""
        return np.max(self.element_errors, axis=1, initial=0.0)

    @property
    def truncation(self) -> np.ndarray | None:
        """The error that each step has by the curvature of the function: ``h |f''| / 2``."""
        return None if self.coefficient is None else self.coefficient * self.hs**self.order

    @property
    def noise_error(self) -> np.ndarray:
        """The error that each step has by rounding, ``2 noise / h``, or by shots."""
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
        """The step at which truncation and noise have the smallest sum; None if not known."""
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
        """
        from qgrad_lab.plots import step_sizes  # matplotlib takes long to import

        return step_sizes(self, theme=theme)

    def _table(self) -> Table:
        return describe.step_sizes(self)


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
class Scaling(_Rows, _Study):
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


def _fields(row: Any) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
