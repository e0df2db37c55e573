"""The numbers that a comparison of differentiation methods holds."""

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

import jax

from qgrad_lab.results import differences, export, report

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

THEMES = ("auto", "light", "dark")
"""The themes of plots; here, as `qgrad_lab.plots` takes long to import."""

TOLERANCE = 1e-6
"""How far from the reference an accurate gradient may be: beside its largest element, or 1."""


@dataclasses.dataclass(frozen=True, eq=False)
class MethodResult:
    """What one differentiation method gave and cost.

    A row of a `Comparison`.

    Attributes
    ----------
    method : str
        One of ``qgrad_lab.comparison.METHODS``.
    h : float or None
        The step that finite differences were asked to take; None for their default and for methods
        without one.
    gradient : pytree of NumPy arrays, or None
        What ``grad`` returns for this method; None if it failed.
    absolute : tuple of float, or None
        For each leaf of the gradient, its largest absolute difference to the reference over all
        elements; None without one.
    relative : tuple of float, or None
        The same divided by the largest absolute element of the reference's leaf: infinite where
        that is zero and the difference is not.
    first : float or None
        Seconds to the first result: tracing, compilation and one run.
    per_call : float or None
        Seconds per call of the compiled function, value and gradient together: the median.
    calls : int
        How many calls `per_call` is the median of.
    executions : int or None
        How many circuits the native library runs from their beginning in one call.
    sweeps : int or None
        How often it sweeps over a state: these, and the sweeps backwards of adjoint derivatives.
    memory : int or None
        Bytes that one call needs, of the states of circuits at once and what XLA sets aside.
    error : str or None
        Why the method failed, or does not apply.
    notes : tuple of str
        What was warned of.

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
        """The method, and its step where one was asked for."""
        return label(self.method, self.h)

    @property
    def difference(self) -> float | None:
        """The largest of `absolute`; not a number if any is."""
        return _largest(self.absolute)

    @property
    def relative_difference(self) -> float | None:
        """The largest of `relative`; not a number if any is."""
        return _largest(self.relative)


class Best(NamedTuple):
    """The method to use, if any can be recommended, and why.

    Made by `Comparison.best`.

    Attributes
    ----------
    row : MethodResult or None
        Of the method; None where none is known to be accurate.
    reason : str
        Why it is this one, or none, in words.
    """

    row: MethodResult | None
    reason: str


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """One function differentiated at one point by several methods, beside a reference.

    Made by `qgrad_lab.compare`. In a notebook it shows itself as a table. ``comparison["auto"]`` is
    the result of a method, ``comparison["fd", 1e-5]`` that with a step; of one that was not
    compared, a ``KeyError``.

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
        One for each method and step, in the order asked for.
    reference : pytree of NumPy arrays, or None
        The gradient that the others are measured against, in their form.
    reference_name : str
        What it is, such as ``jax.grad on default.qubit``; empty where none was asked for.
    reference_error : str or None
        Why it is not there.
    shots : bool
        Whether the function has circuits with shots, so that its gradients are estimates.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import compare
    >>> found = compare(lambda p: p["a"] * jnp.sum(p["b"]), {"a": 2.0, "b": jnp.ones(2)})
    >>> found.labels, [row.label for row in found.rows], found.reference_name
    (("p['a']", "p['b']"), ['auto', 'fd'], 'jax.grad on default.qubit')
    >>> gradient = found["auto"].gradient
    >>> gradient["a"].tolist(), gradient["b"].tolist()
    (2.0, [2.0, 2.0])
    """

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

    @property
    def gradient(self) -> Any:
        """The gradient by the first method that has one."""
        for row in self.rows:
            if row.error is None:
                return row.gradient
        return None

    def __getitem__(self, key: str | tuple[str, float | None]) -> MethodResult:
        method, *step = (key,) if isinstance(key, str) else key
        for row in self.rows:
            if row.method == method and (not step or row.h == step[0]):
                return row
        found = ", ".join(row.label for row in self.rows)
        raise KeyError(f"{key!r} is not among the methods compared: {found}")

    def is_accurate(self, row: MethodResult, tolerance: float = TOLERANCE) -> bool | None:
        """Whether a row is as close to the reference as asked for; None where that is not known.

        Parameters
        ----------
        row : MethodResult
            One of `rows`.
        tolerance : float, optional
            For the difference in each leaf, as a part of the largest element of the reference, or
            of 1 where that is smaller.

        Returns
        -------
        bool or None

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> found = compare(lambda x: x**3, 2.0, h=0.1)
        >>> found.is_accurate(found["auto"]), found.is_accurate(found["fd"])
        (True, False)
        >>> found.is_accurate(found["fd"], tolerance=0.1)
        True
        """
        if row.error is not None or row.absolute is None:
            return None
        scale = max([1.0, *map(differences.size, jax.tree.leaves(self.reference))])
        return all(difference <= tolerance * scale for difference in row.absolute)

    def best(self, tolerance: float = TOLERANCE) -> Best:
        """The fastest of the methods that are accurate, with the reason.

        Parameters
        ----------
        tolerance : float, optional
            As for `is_accurate`.

        Returns
        -------
        Best
            Its row is None where no method is known to be accurate.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> found = compare(lambda x: x**3, 2.0, h=0.1).best()
        >>> found.row.method
        'auto'
        >>> print(found.reason)
        auto is the only one of 2 methods within 1e-06 of jax.grad on default.qubit
        """
        working = [row for row in self.rows if row.error is None]
        if not working:
            return Best(None, "every method failed")
        if self.reference is None:
            why = self.reference_error or "none was asked for"
            return Best(None, f"there is no reference to be accurate to: {why.rstrip('.')}")
        accurate = [row for row in working if self.is_accurate(row, tolerance)]
        near = f"within {tolerance:g} of {self.reference_name}"
        if not accurate:
            return Best(None, f"no method is {near}")
        fastest = min(accurate, key=lambda row: row.per_call or 0.0)
        count = len(self.rows)
        if count == 1:
            return Best(fastest, f"{fastest.label} is {near}")
        if len(accurate) == 1:
            return Best(fastest, f"{fastest.label} is the only one of {count} methods {near}")
        return Best(
            fastest, f"{fastest.label} is the fastest of the {len(accurate)} methods {near}"
        )

    def plot(self, *, theme: str = "auto") -> "Figure":
        """The gradients side by side, with the reference and the differences to it.

        Parameters
        ----------
        theme : {"auto", "light", "dark"}, optional
            As in `qgrad_lab.plots`.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot, so that it is drawn once: by being a cell's last value.

        See Also
        --------
        qgrad_lab.plots.gradients : The same, with a choice of the theme.
        qgrad_lab.plots.cost : The time of each method against its accuracy.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> figure = compare(lambda x: x**3, 2.0).plot()
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['gradient', '|difference|']
        """
        from qgrad_lab.plots import gradients  # matplotlib takes long to import

        return gradients(self, theme=theme)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            With the ``version`` of this form. Gradients are dictionaries from `labels` to a float
            or to nested lists of floats, the value is one from its path (empty for a bare number).
            Times are in seconds, memory in bytes. A row's ``advice`` is why it is off, if it is by
            more than ``tolerance``. Of numbers that are not finite it has the words
            ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``, as JSON has no such numbers.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> found = compare(lambda x: x**3, 2.0, methods="auto").to_dict()
        >>> found["value"], found["reference"], found["rows"][0]["gradient"]
        ({'': 8.0}, {'x': 12.0}, {'x': 12.0})
        """
        return export.dictionary(self, TOLERANCE)

    def to_pandas(self) -> "DataFrame":
        """The rows as a table, one column for each measure and each leaf of the gradient.

        Returns
        -------
        pandas.DataFrame
            Times in seconds, memory in bytes; arrays in one cell each.

        Raises
        ------
        ImportError
            If pandas is not installed.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> table = compare(lambda x: x**3, 2.0, h=0.1).to_pandas()
        >>> table[["method", "h", "gradient in x"]].values.tolist()
        [['auto', nan, 12.0], ['fd', 0.1, 12.61]]
        """
        return export.frame(self)

    def __repr__(self) -> str:
        return report.text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": report.text(self),
            "text/html": report.html(self),
            export.MIME_TYPE: export.dictionary(self, TOLERANCE),
        }


def label(method: str, h: float | None) -> str:
    """A method, with its step where one was asked for."""
    return method if h is None else f"{method}, h = {h:g}"


def _largest(values: tuple[float, ...] | None) -> float | None:
    if values is None:
        return None
    return max(values, key=lambda value: (value != value, value), default=0.0)
