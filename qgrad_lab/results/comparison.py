"""`Comparison`: the gradients of one function by several methods, beside a reference."""

import dataclasses
from typing import TYPE_CHECKING, Any

from qgrad_lab.results import accuracy, comparison_table, export
from qgrad_lab.results.accuracy import TOLERANCE
from qgrad_lab.results.comparison_data import Best, ComparisonData, MethodResult
from qgrad_lab.results.rows import find

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

THEMES = ("auto", "light", "dark")
"""The themes of figures: here, because `qgrad_lab.plots` takes long to import."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Comparison(ComparisonData):
    """A function differentiated at one point by several methods, beside a reference.

    Made by `qgrad_lab.compare`. In a notebook it is shown as a table. ``comparison["auto"]`` is the
    row of a method, ``comparison["fd", 1e-5]`` that of a method and step; a method that was not
    compared raises a ``KeyError``.

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
        What it is, such as ``jax.grad on default.qubit``; empty if none was asked for.
    reference_error : str or None
        Why there is none.
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

    @property
    def gradient(self) -> Any:
        """The gradient by the first method that has one."""
        for row in self.rows:
            if row.error is None:
                return row.gradient
        return None

    def __getitem__(self, key: str | tuple[str, float | None]) -> MethodResult:
        return find(self.rows, key, "the methods compared")

    def is_accurate(self, row: MethodResult, tolerance: float = TOLERANCE) -> bool | None:
        """Return whether a row is as close to the reference as asked for.

        Parameters
        ----------
        row : MethodResult
            One of `rows`.
        tolerance : float, optional
            The largest difference of an element, relative to the largest finite element of the
            reference, or to 1 if that is larger.

        Returns
        -------
        bool or None
            False if an element has no finite difference, as a number beside an infinity. Equal
            infinities agree. None if it is not known: the method failed, there is no reference, or
            both are NaN in some elements and agree in all others.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> found = compare(lambda x: x**3, 2.0, h=0.1)
        >>> found.is_accurate(found["auto"]), found.is_accurate(found["fd"])
        (True, False)
        >>> found.is_accurate(found["fd"], tolerance=0.1)
        True
        """
        return accuracy.is_accurate(self, row, tolerance)

    def best(self, tolerance: float = TOLERANCE) -> Best:
        """Return the fastest of the accurate methods, with the reason.

        Parameters
        ----------
        tolerance : float, optional
            As for `is_accurate`.

        Returns
        -------
        Best
            Its row is None if no method is known to be accurate.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> found = compare(lambda x: x**3, 2.0, h=0.1).best()
        >>> found.row.method
        'auto'
        >>> print(found.reason)
        auto is the only one of 2 methods within 1e-06 of jax.grad on default.qubit
        """
        return accuracy.best(self, tolerance)

    def plot(self, *, theme: str = "auto") -> "Figure":
        """Draw the gradients side by side, with the reference and the differences from it.

        Parameters
        ----------
        theme : {"auto", "light", "dark"}, optional
            As in `qgrad_lab.plots`.

        Returns
        -------
        matplotlib.figure.Figure
            Not registered with pyplot, so that it is drawn once: as the last value of a cell.

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
        # Upwards and lazily: results do without matplotlib, which takes long to import.
        from qgrad_lab.plots import gradients

        return gradients(self, theme=theme)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            With the ``version`` of this form. Gradients are dictionaries from `labels` to a float
            or to nested lists of floats, the value is one from its path (empty for a bare number).
            Times are in seconds, memory in bytes. A row is ``accurate`` as by `is_accurate`, up to
            the absolute difference ``limit``; its ``advice`` is why it is off, or cannot be
            checked. Numbers that are not finite are the words ``"NaN"``, ``"Infinity"`` and
            ``"-Infinity"``, as JSON has no such numbers.

        Examples
        --------
        >>> from qgrad_lab import compare
        >>> found = compare(lambda x: x**3, 2.0, methods="auto").to_dict()
        >>> found["value"], found["reference"], found["rows"][0]["gradient"]
        ({'': 8.0}, {'x': 12.0}, {'x': 12.0})
        """
        return export.dictionary(self)

    def to_pandas(self) -> "DataFrame":
        """Return the rows as a table, one column for each measure and each leaf of the gradient.

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
        return comparison_table.text(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {
            "text/plain": comparison_table.text(self),
            "text/html": comparison_table.html(self),
            export.MIME_TYPE: export.dictionary(self),
        }
