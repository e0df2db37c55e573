"""``reference``: the same function on ``default.qubit`` with backprop, which shares no code."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from qgrad_lab.circuit.capture.patches import install
from qgrad_lab.core.mode import Mode, mode

install()

P = ParamSpec("P")
R = TypeVar("R")


def reference(fn: Callable[P, R]) -> Callable[P, R]:
    """Move the QNodes of ``fn`` to ``default.qubit``, with ``diff_method="backprop"``.

    The result shares no code with the engine: circuits are simulated by PennyLane in JAX and
    differentiated by ``jax.grad``. It is for checking, and slow.

    Parameters
    ----------
    fn : callable
        A function that calls QNodes, a QNode, or a compiled program.

    Returns
    -------
    callable
        With the arguments and results of ``fn``. It raises what PennyLane and JAX raise.

    See Also
    --------
    compare : Several methods beside this reference.

    Examples
    --------
    >>> import jax, pennylane as qml
    >>> from qgrad_lab import reference
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> print(f"{jax.grad(reference(circuit))(0.4):.6f}")
    -0.389418
    """

    @functools.wraps(fn)
    def moved(*args: P.args, **kwargs: P.kwargs) -> R:
        with mode(Mode.REFERENCE):
            return fn(*args, **kwargs)

    return moved
