"""The public function of this room: ``compare``."""

from collections.abc import Callable, Sequence
from typing import Any

from qgrad_lab.comparison.references import Kind
from qgrad_lab.comparison.running import run
from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.methods.table import DEFAULT_NAMES
from qgrad_lab.results.comparison import Comparison


def compare(
    fn: Callable[..., Any],
    *args: Any,
    methods: Sequence[str] | str = DEFAULT_NAMES,
    h: float | Sequence[float] | None = None,
    argnum: int | Sequence[int] | None = None,
    reference: Kind = "jax",
    **kwargs: Any,
) -> Comparison:
    """Differentiate ``fn`` at one point by several methods; check and time each.

    Each method is compiled with `qgrad_lab.qjit`, timed in turn with the others, so that a machine
    that slows down slows all of them, and compared with an independent reference.

    Parameters
    ----------
    fn : callable
        A function, QNode or compiled program that returns one real number, perhaps in a pytree.
    *args, **kwargs
        The arguments of the call, which are the point. Arrays and differentiated numbers are
        arguments of the compiled program too; all others, such as strings and numbers of layers,
        are its constants.
    methods : str or sequence of str, optional
        ``"auto"`` (every QNode by its own ``diff_method``, everything else by JAX) and ``"fd"``
        (finite differences of the whole function) are the methods of `grad`. ``"adjoint"``,
        ``"parameter-shift"`` and ``"backprop"`` are ``"auto"`` with that ``diff_method`` for all
        QNodes (`with_diff_method`).
    h : float or sequence of float, optional
        The step of ``"fd"``; each of several steps makes a row of its own.
    argnum : int or sequence of int, optional
        The positions of the arguments to differentiate, as for `grad`; the first by default.
    reference : {"jax", "catalyst"}, callable or None, optional
        ``"jax"`` is `jax.grad` of the same function on ``default.qubit``, unless that would take
        gigabytes. ``"catalyst"`` is ``catalyst.grad``, if installed. A callable takes the arguments
        of the call and returns the gradient.

    Returns
    -------
    Comparison
        A method that fails, or does not apply, has the reason in its row and leaves the others
        unaffected. The same holds for the reference.

    Raises
    ------
    TypeError, ValueError
        If ``fn`` is not callable; if an option has a value that is not among those above.
    DifferentiableCompileError
        If ``fn`` does not return one number.
    Exception
        Whatever ``fn`` raises, and `CompileError` for a program that cannot be compiled.

    See Also
    --------
    landscape : The same along a line, or over a plane, of parameters.
    step_sizes : The error of finite differences against their step.

    Notes
    -----
    The difference from the reference is the largest over all elements; the relative one is divided
    by the largest finite element of the reference. `Comparison.is_accurate` says what counts as
    accurate if a gradient is infinite or NaN.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import compare
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> found = compare(circuit, 0.4, methods=["adjoint", "parameter-shift", "fd"], h=[1e-2, 1e-6])
    >>> for row in found.rows:
    ...     print(f"{row.label:15} {row.gradient:.5f} {row.executions}")
    adjoint         -0.38942 1
    parameter-shift -0.38942 3
    fd, h = 0.01    -0.39402 2
    fd, h = 1e-06   -0.38942 2
    >>> found["parameter-shift"].difference < 1e-15
    True
    >>> print(f"{found['fd', 1e-2].relative_difference:.1%}")
    1.2%
    """
    with frames_hidden:
        return run(fn, args, kwargs, methods=methods, h=h, argnum=argnum, reference=reference)
