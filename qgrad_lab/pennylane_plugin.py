"""What PennyLane finds under the entry points ``pennylane.compilers``.

``qml.qjit(compiler="qgrad_lab")`` is `qgrad_lab.qjit`. Inside compiled programs PennyLane asks
`context` whether they are ours, and if so its own ``qml.for_loop``, ``qml.grad`` and so on call
the functions of the same names in this module, with the signatures that it expects.

>>> import pennylane as qml
>>> sorted(qml.compiler.available_compilers())  # doctest: +SKIP
['qgrad_lab']
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import pennylane as qml
from pennylane.operation import Operator
from pennylane.ops.op_math import controlled as controlled_module
from pennylane.ops.op_math.adjoint import create_adjoint_op

from qgrad_lab import control_flow
from qgrad_lab._measure import measure
from qgrad_lab.control_flow import switch
from qgrad_lab.differentiate import grad, jacobian, jvp, value_and_grad, vjp
from qgrad_lab.errors import CompileError
from qgrad_lab.qjit import qjit
from qgrad_lab.tracing import is_recording, lowering

__all__ = [
    "adjoint",
    "cond",
    "context",
    "ctrl",
    "for_loop",
    "grad",
    "jacobian",
    "jvp",
    "measure",
    "qjit",
    "switch",
    "value_and_grad",
    "vjp",
    "while_loop",
]


class _Context:
    """Tells PennyLane whether the calling thread is tracing one of our programs."""

    @staticmethod
    def is_tracing() -> bool:
        """Whether the code that asks is part of a program being compiled."""
        return is_recording()


context = _Context()


def for_loop(
    lower_bound: Any, upper_bound: Any, step: Any, *, allow_array_resizing: bool = False
) -> Callable[..., Any]:
    """``qml.for_loop`` in a compiled program: `qgrad_lab.for_loop`.

    Raises
    ------
    CompileError
        If ``allow_array_resizing`` is set: the shapes of a compiled program are fixed.
    """
    _check_resizing(allow_array_resizing, "for_loop")
    loop = control_flow.for_loop(lower_bound, upper_bound, step)
    return lambda body: loop(_without_operators(body))


def while_loop(
    cond_fn: Callable[..., Any], *, allow_array_resizing: bool = False
) -> Callable[..., Any]:
    """``qml.while_loop`` in a compiled program: `qgrad_lab.while_loop`.

    Raises
    ------
    CompileError
        If ``allow_array_resizing`` is set: the shapes of a compiled program are fixed.
    """
    _check_resizing(allow_array_resizing, "while_loop")
    loop = control_flow.while_loop(cond_fn)
    return lambda body: loop(_without_operators(body))


def cond(pred: Any) -> Callable[[Callable[..., Any]], Any]:
    """``qml.cond`` in a compiled program: `qgrad_lab.cond`, for operators as branches too."""
    if isinstance(pred, qml.ops.MeasurementValue):  # of a circuit under qml.defer_measurements
        return lambda function: _deferred(pred, function)
    return lambda function: _Conditional(pred, _without_operators(function))


def _deferred(pred: Any, function: Callable[..., Any]) -> Any:
    with lowering():
        return qml.cond(pred, function)


class _Conditional(control_flow.Conditional):
    """A `Conditional` whose branches may be operator classes, or functions that return one."""

    def else_if(self, condition: Any) -> Callable[..., control_flow.Conditional]:
        add = super().else_if(condition)
        return lambda function: add(_without_operators(function))

    def otherwise(self, function: Callable[..., Any]) -> control_flow.Conditional:
        return super().otherwise(_without_operators(function))


def _without_operators(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` without the operators that it returns: they are in the circuit already."""

    @functools.wraps(function, updated=())
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        leaves = jax.tree.leaves(result, is_leaf=_is_operator)
        return None if leaves and all(map(_is_operator, leaves)) else result

    return wrapper


def _is_operator(leaf: Any) -> bool:
    return isinstance(leaf, Operator)


def _check_resizing(allowed: bool, name: str) -> None:
    if allowed:
        raise CompileError(
            f"qml.{name} was given allow_array_resizing=True, and the shapes of a compiled program "
            "are fixed. Carry an array of the largest shape that is needed."
        )


def adjoint(fn: Any, lazy: bool = True) -> Any:
    """``qml.adjoint`` in a compiled program: PennyLane's own, whose operators are compiled."""
    return create_adjoint_op(fn, lazy)


def ctrl(
    op: Any,
    control: Any,
    control_values: bool | int | Sequence[bool | int] | None = None,
    work_wires: Any = None,
    work_wire_type: str = "borrowed",
) -> Any:
    """``qml.ctrl`` in a compiled program: PennyLane's own, whose operators are compiled."""
    # Of a function, PennyLane makes the operators one by one, with this function again.
    return controlled_module.create_controlled_op(
        op,
        control,
        control_values=control_values,
        work_wires=work_wires,
        work_wire_type=work_wire_type,
    )
