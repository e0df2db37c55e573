"""A workload's circuit as a QNode, written as its user would write it."""

from collections.abc import Callable, Sequence
from typing import Any

import pennylane as qml

from tests.benchmarks.circuits import Gate, Observable, Parameter, Repeat
from tests.benchmarks.workloads import Workload


def make_qnode(
    workload: Workload,
    device: str,
    diff_method: str,
    for_loop: Callable[..., Any] | None = None,
    **options: Any,
) -> qml.QNode:
    """A fresh QNode of the parameters (and features), returning a value or a list of values.

    Parameters
    ----------
    workload
        Whose circuit and observables it has.
    device, diff_method, options
        Of the QNode.
    for_loop
        What makes a loop of a `Repeat`, called as ``qml.for_loop``; without it, Python's loop.
    """
    # The device and the gates' names are looked up once, as they are in a user's module.
    gates = {gate.name: _operation(gate.name) for gate in _all_gates(workload)}

    def apply(gate: Gate, arguments: Sequence[Any], iteration: tuple[Any, ...] = ()) -> None:
        if gate.angle is None:
            gates[gate.name](wires=gate.wires)
        else:
            gates[gate.name](_angle(gate.angle, arguments, iteration), wires=gate.wires)

    def repeat(operation: Repeat, arguments: Sequence[Any]) -> None:
        def body(iteration: Any) -> None:
            for gate in operation.body:
                apply(gate, arguments, (iteration,))

        if for_loop is not None:
            for_loop(0, operation.times, 1)(body)()
            return
        for iteration in range(operation.times):
            body(iteration)

    def circuit(*arguments: Any) -> Any:
        for operation in workload.circuit:
            if isinstance(operation, Repeat):
                repeat(operation, arguments)
            else:
                apply(operation, arguments)
        values = [qml.expval(observable(terms)) for terms in workload.observables]
        return values if len(values) > 1 else values[0]

    # Catalyst takes annotations for types of arguments, to compile for when the function is made.
    circuit.__annotations__.clear()
    return qml.QNode(
        circuit, qml.device(device, wires=workload.wires), diff_method=diff_method, **options
    )


def observable(terms: Observable) -> Any:
    """A Hamiltonian, or a plain Pauli word."""
    words = [
        qml.prod(*(getattr(qml, letter)(wire) for letter, wire in zip(letters, on, strict=True)))
        if on
        else qml.Identity(0)
        for _, letters, on in terms
    ]
    if len(terms) == 1 and terms[0].coefficient == 1.0:
        return words[0]
    return qml.Hamiltonian([term.coefficient for term in terms], words)


def _angle(angle: Parameter | float, arguments: Sequence[Any], iteration: tuple[Any, ...]) -> Any:
    if not isinstance(angle, Parameter):
        return angle
    index = (*iteration, *angle.element)
    value = arguments[angle.argument][index if len(index) > 1 else index[0]]
    return value if angle.factor == 1.0 else angle.factor * value


def _all_gates(workload: Workload) -> list[Gate]:
    return [
        gate
        for operation in workload.circuit
        for gate in (operation.body if isinstance(operation, Repeat) else (operation,))
    ]


def _operation(name: str) -> Callable[..., Any]:
    if name == "CCRY":
        return lambda angle, wires: qml.ctrl(qml.RY(angle, wires=wires[2]), control=wires[:2])
    return getattr(qml, name)
