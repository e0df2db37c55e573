"""The numbers that a comparison of differentiation methods holds."""

import dataclasses
from typing import Any

import jax
import numpy as np

from qgrad_lab.workbench import report

METHODS = ("auto", "fd")
"""The methods that can be compared, in the order in which they are shown by default."""


@dataclasses.dataclass(frozen=True, eq=False)
class MethodResult:
    """What one differentiation method gave and cost.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    h : float or None
        The step that finite differences were asked to take; None for their default and for methods
        without one.
    gradient : pytree of NumPy arrays, or None
        What ``grad`` returns for this method; None if it failed.
    difference : float or None
        The largest absolute difference to the reference, over all elements; None without one.
    first : float or None
        Seconds to the first result: tracing, compilation and one run.
    per_call : float or None
        Seconds per call of the compiled function, value and gradient together: the median.
    calls : int
        How many calls `per_call` is the median of.
    error : str or None
        Why the method failed.
    notes : tuple of str
        What was warned of.
    """

    method: str
    h: float | None = None
    gradient: Any = None
    difference: float | None = None
    first: float | None = None
    per_call: float | None = None
    calls: int = 0
    error: str | None = None
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """One function differentiated at one point by several methods, beside a reference.

    In a notebook it shows itself as a table. ``comparison["fd"]`` is the result of a method.

    Attributes
    ----------
    call : str
        The source text of the call, such as ``loss(theta)``.
    function : str
        The source text of the function alone.
    argnum : int or tuple of int
        The positions of the differentiated arguments.
    value : pytree of NumPy arrays
        The value of the call; None if every method failed.
    labels : tuple of str
        The name of each leaf of a gradient, in order: the argument, and the path in it.
    rows : tuple of MethodResult
        One for each method, in the order asked for.
    reference : pytree of NumPy arrays, or None
        The gradient by ``jax.grad`` on ``default.qubit``, in the form of the others.
    reference_error : str or None
        Why there is no reference.
    """

    call: str
    function: str
    argnum: int | tuple[int, ...]
    value: Any
    labels: tuple[str, ...]
    rows: tuple[MethodResult, ...]
    reference: Any = None
    reference_error: str | None = None

    @property
    def gradient(self) -> Any:
        """The gradient by the first method that has one."""
        for row in self.rows:
            if row.error is None:
                return row.gradient
        return None

    def __getitem__(self, method: str) -> MethodResult:
        for row in self.rows:
            if row.method == method:
                return row
        raise KeyError(f"{method!r} is not among the methods {[r.method for r in self.rows]}")

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            Gradients are dictionaries from `labels` to a float or to nested lists of floats, the
            value is one from its path (empty for a bare number). Times are in seconds.
        """
        rows = [
            {
                **{field.name: getattr(row, field.name) for field in dataclasses.fields(row)},
                "gradient": self._plain(row.gradient),
                "notes": list(row.notes),
            }
            for row in self.rows
        ]
        return {
            "call": self.call,
            "function": self.function,
            "argnum": list(self.argnum) if isinstance(self.argnum, tuple) else self.argnum,
            "value": {
                jax.tree_util.keystr(path): np.asarray(leaf).tolist()
                for path, leaf in jax.tree_util.tree_leaves_with_path(self.value)
            },
            "rows": rows,
            "reference": self._plain(self.reference),
            "reference_error": self.reference_error,
        }

    def _plain(self, gradient: Any) -> dict[str, Any] | None:
        if gradient is None:
            return None
        leaves = jax.tree.leaves(gradient)
        return {
            label: np.asarray(leaf).tolist()
            for label, leaf in zip(self.labels, leaves, strict=True)
        }

    def __repr__(self) -> str:
        return report.text(self)

    def _repr_html_(self) -> str:
        return report.html(self)
