"""Plug the compiler into PennyLane, which finds it by entry points ``pennylane.compilers``.

``qml.qjit(compiler="qgrad_lab")`` is `qgrad_lab.qjit`. Inside compiled programs PennyLane asks
`context` whether they are ours, and if so its own ``qml.for_loop``, ``qml.grad`` and so on call
the functions of the same names in this module, with the signatures that it expects.

>>> import pennylane as qml
>>> sorted(qml.compiler.available_compilers())  # doctest: +SKIP
['qgrad_lab']
"""

from collections.abc import Callable, Sequence
from typing import Any

import pennylane as qml
from pennylane.ops.op_math import controlled as controlled_module
from pennylane.ops.op_math.adjoint import create_adjoint_op
from pennylane.transforms.core import Transform

from qgrad_lab.circuit.record.operators import applied, is_function, without_measurements
from qgrad_lab.compile.api import QJIT, qjit
from qgrad_lab.core.mode import is_recording
from qgrad_lab.differentiate.api import grad, jacobian, jvp, value_and_grad, vjp
from qgrad_lab.errors import ArgumentError
from qgrad_lab.language import control_flow
from qgrad_lab.language.control_flow import for_loop, switch, while_loop
from qgrad_lab.language.mid_circuit import measure

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


@Transform.generic_register
def transform_program(obj: QJIT, transform: Transform, *targs: Any, **tkwargs: Any) -> Any:
    """Apply a transform of PennyLane's to a compiled QNode: the transformed QNode is compiled."""
    if not isinstance(obj.original_function, qml.QNode):
        raise ArgumentError(
            f"{transform} was given {obj!r}, and it transforms QNodes. Apply it to the QNode that "
            "this function calls."
        )
    return qjit(transform(obj.original_function, *targs, **tkwargs), **obj.options)


class _Context:
    """The context that tells PennyLane whether the calling thread traces one of our programs."""

    @staticmethod
    def is_tracing() -> bool:
        """Return whether the code that asks is part of a program being compiled."""
        return is_recording()


context = _Context()


def cond(pred: Any) -> Callable[[Callable[..., Any]], Any]:
    """Do what ``qml.cond`` does in a compiled program: `qgrad_lab.cond`."""
    return lambda function: control_flow.Conditional(pred, function)


def adjoint(fn: Any, lazy: bool = True) -> Any:
    """Do what ``qml.adjoint`` does: PennyLane's own, whose operators are compiled.

    The adjoint of a function returns its operator, or a list of them that has ``wires`` too.
    """
    _check_operand("adjoint", fn)
    if not is_function(fn):
        return create_adjoint_op(fn, lazy)
    return applied(create_adjoint_op(without_measurements(fn, "adjoint"), lazy))


def ctrl(
    op: Any,
    control: Any,
    control_values: bool | int | Sequence[bool | int] | None = None,
    work_wires: Any = None,
    work_wire_type: str = "borrowed",
) -> Any:
    """Do what ``qml.ctrl`` does: PennyLane's own, whose operators are compiled.

    A controlled function returns its operator, or a list of them that has ``wires`` and
    ``control_wires`` too.
    """
    _check_operand("ctrl", op)
    is_of_function = is_function(op)
    # Of a function, PennyLane makes the operators one by one, with this function again.
    made = controlled_module.create_controlled_op(
        without_measurements(op, "ctrl") if is_of_function else op,
        control,
        control_values=control_values,
        work_wires=work_wires,
        work_wire_type=work_wire_type,
    )
    return applied(made) if is_of_function else made


def _check_operand(name: str, operand: Any) -> None:
    if not isinstance(operand, qml.operation.Operator) and not callable(operand):
        raise ArgumentError(
            f"qml.{name} was given {operand!r} of type {type(operand).__name__}. It takes an "
            "operator, such as qml.RX(x, wires=0), or a function that applies operators: for a "
            "list of operators, a function that applies them in turn."
        )
