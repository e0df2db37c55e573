"""The numbers of a comparison, as plain data."""

import dataclasses
from typing import Any, NamedTuple

from qgrad_lab.results import differences
from qgrad_lab.results.rows import label


@dataclasses.dataclass(frozen=True, eq=False)
class MethodResult:
    """The gradient by one differentiation method, and what it cost.

    A row of a `Comparison`.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    h : float or None
        The step that finite differences were asked to take; None for their default and for methods
        without one.
    gradient : pytree of NumPy arrays, or None
        What ``grad`` returns for this method; None if it failed.
    absolute : tuple of float, or None
        For each leaf of the gradient, its largest absolute difference from the reference over all
        elements: 0 for equal infinities, NaN if either is NaN. None without a reference.
    relative : tuple of float, or None
        The same divided by the largest finite absolute element of the reference's leaf: infinite
        where that is zero and the difference is not.
    first : float or None
        Seconds to the first result: tracing, compilation and one run.
    per_call : float or None
        Seconds per call of the compiled function, value and gradient together: the median.
    calls : int
        How many calls `per_call` is the median of.
    executions : int or None
        How many circuits the native library runs from their beginning in one call.
    sweeps : int or None
        How often it sweeps over a state: these, and the backward sweeps of adjoint derivatives.
    memory : int or None
        Bytes that one call needs: the states of circuits held at once, and what XLA sets aside.
    error : str or None
        Why the method failed, or does not apply.
    notes : tuple of str
        Warnings that were issued.

    Examples
    --------
    >>> from qgrad_lab import compare
    >>> row = compare(lambda x: x**3, 2.0, methods="fd", h=0.1)["fd"]
    >>> print(row.label, row.gradient.round(6), round(row.difference, 6), row.executions)
    fd, h = 0.1 12.61 0.61 0
    """

    method: str
    h: float | None = None
    gradient: Any = None
    absolute: tuple[float, ...] | None = None
    relative: tuple[float, ...] | None = None
    first: float | None = None
    per_call: float | None = None
    calls: int = 0
    executions: int | None = None
    sweeps: int | None = None
    memory: int | None = None
    error: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The method, with its step if one was asked for."""
        return label(self.method, self.h)

    @property
    def difference(self) -> float | None:
        """The largest of `absolute`; NaN if any is."""
        return None if self.absolute is None else differences.largest(self.absolute)

    @property
    def relative_difference(self) -> float | None:
        """The largest of `relative`; NaN if any is."""
        return None if self.relative is None else differences.largest(self.relative)


class Best(NamedTuple):
    """The recommended method, if any, and why.

    Made by `Comparison.best`.

    Attributes
    ----------
    row : MethodResult or None
        The row of the method; None if none is known to be accurate.
    reason : str
        Why it is this one, or none, in words.
    """

    row: MethodResult | None
    reason: str


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ComparisonData:
    """The fields of a `Comparison`, which documents them, for the functions that render it."""

    call: str
    function: str
    argnum: int | tuple[int, ...]
    value: Any
    labels: tuple[str, ...]
    rows: tuple[MethodResult, ...]
    reference: Any = None
    reference_name: str = ""
    reference_error: str | None = None
    shots: bool = False
