"""Replace the ``diff_method`` of all QNodes of a function."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from qgrad_lab.circuit.capture.patches import install
from qgrad_lab.core import mode
from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate.options import check_callable
from qgrad_lab.methods.table import Scope, names_of

install()

P = ParamSpec("P")
R = TypeVar("R")

_DIFF_METHODS = (*names_of(Scope.QNODES, Scope.PENNYLANE), "best")


def with_diff_method(fn: Callable[P, R], diff_method: str) -> Callable[P, R]:
    """Replace the ``diff_method`` of all QNodes of ``fn``.

    The same program is differentiated in another way, without being rewritten: QNodes that ``fn``
    calls, however deep, are differentiated by ``diff_method`` whatever they were made with.

    Parameters
    ----------
    fn : callable
        A function that calls QNodes, a QNode, or a compiled program.
    diff_method : {"adjoint", "parameter-shift", "backprop", "best"}
        As of a QNode. On ``lightning.qubit``, the adjoint method and the parameter-shift rule are
        the native ones, and circuits with shots have the rule alone.

    Returns
    -------
    callable
        With the arguments and results of ``fn``.

    Raises
    ------
    TypeError
        If ``fn`` is not callable.
    ValueError
        If ``diff_method`` is none of these.
    CompileError
        When the derivative is computed, if a QNode cannot be differentiated in this way.

    See Also
    --------
    compare : Several methods side by side.
    reference : All QNodes on ``default.qubit``.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import grad, qjit, with_diff_method
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1), diff_method="adjoint")
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> print(f"{qjit(grad(with_diff_method(circuit, 'parameter-shift')))(0.4):.6f}")
    -0.389418
    """
    with frames_hidden:
        check_callable(fn, "with_diff_method")
        if diff_method not in _DIFF_METHODS:
            raise ValueError(
                f"Invalid diff_method {diff_method!r}: for all QNodes of a program it is one of "
                f"{', '.join(map(repr, _DIFF_METHODS))}."
            )

    @functools.wraps(fn)
    def changed(*args: P.args, **kwargs: P.kwargs) -> R:
        with mode.diff_method(diff_method):
            return fn(*args, **kwargs)

    return changed
