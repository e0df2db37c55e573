"""Give wires of the device to what ``qml.allocate`` allocates."""

from collections.abc import Iterable
from typing import Any

import pennylane as qml
from pennylane.allocation import Allocate, AllocateState, Deallocate
from pennylane.exceptions import AllocationError
from pennylane.operation import Operator
from pennylane.tape import QuantumScript
from pennylane.wires import DynamicWire

from qgrad_lab.circuit.lower.blocks import Region
from qgrad_lab.core.mode import lowering
from qgrad_lab.errors import CompileError


def has_allocations(operations: Iterable[Operator]) -> bool:
    """Return whether some wires are allocated or deallocated by ``operations``."""
    return any(isinstance(_base(operation), Allocate | Deallocate) for operation in operations)


def _base(operation: Operator) -> Operator:
    """Return what ``operation`` is the adjoint of or controls, or itself."""
    while isinstance(operation, qml.ops.Adjoint | qml.ops.Controlled):
        operation = operation.base
    return operation


def refuse_allocations(name: str) -> None:
    """Refuse allocated wires where it is not known which wires of the device are free.

    Raises
    ------
    CompileError
        Always.
    """
    raise CompileError(
        f"The quantum function {name} has qml.allocate beside a loop, a branch, a measurement in "
        "the middle or a wire that is known only when the program runs, or under qml.adjoint or "
        "qml.ctrl. In a compiled program it is then not known which wires are free. Use wires of "
        "the device instead: "
        "qml.device('lightning.qubit', wires=...) with one for each that is allocated."
    )


def with_wires(tape: QuantumScript, wire_map: dict[Any, int] | None, name: str) -> QuantumScript:
    """Replace allocated wires by those that PennyLane takes for them.

    No wire is reset to be used again: a further one takes its place, with the same results.

    Parameters
    ----------
    tape
        All operations and measurements of the quantum function.
    wire_map
        The wires of the device; ``None`` if it has no fixed ones.
    name
        Of the quantum function.

    Raises
    ------
    CompileError
        If it is not known which wires are free, or too few are.
    """
    if any(isinstance(operation, Region) for operation in tape.operations):
        refuse_allocations(name)
    labels = [wire for wire in tape.wires if not isinstance(wire, DynamicWire)]
    if not all(isinstance(wire, int | str) for wire in labels):
        refuse_allocations(name)
    numbers = [wire for wire in labels if isinstance(wire, int)]
    free = [] if wire_map is None else [wire for wire in wire_map if wire not in labels]
    if wire_map is None and _reuses(tape) and not all(m.wires for m in tape.measurements):
        raise CompileError(
            f"The quantum function {name} measures all wires of a device that has no fixed ones, "
            "and allocates a wire again that was left in another state than it began with. Give "
            "the device wires, name those that are measured, or allocate with restored=True."
        )
    with lowering(), qml.QueuingManager.stop_recording():
        try:
            (resolved,), _ = qml.transforms.resolve_dynamic_wires(
                tape,
                zeroed=free[::-1],
                min_int=max(numbers, default=-1) + 1 if wire_map is None else None,
                allow_resets=False,
            )
        except AllocationError as error:
            if "deallocated" in str(error):
                raise CompileError(
                    f"The quantum function {name} uses an allocated wire after it was "
                    "deallocated. Use it inside the with block of qml.allocate, or before "
                    "qml.deallocate."
                ) from error
            raise CompileError(
                f"The quantum function {name} allocates more wires than are free: of the "
                f"{len(wire_map or ())} wires of its device {len(free)} are not used otherwise, "
                "and none is reset to be used again. Create the device with more wires, or "
                "without wires; allocate with restored=True where a wire is left as it was."
            ) from error
    return resolved


def _reuses(tape: QuantumScript) -> bool:
    """Return whether PennyLane may reset a wire to allocate it again."""
    restored: dict[Any, bool] = {}
    is_left = False
    for operation in tape.operations:
        if isinstance(operation, Allocate):
            if is_left and operation.state == AllocateState.ZERO:
                return True
            restored |= dict.fromkeys(operation.wires, operation.restored)
        elif isinstance(operation, Deallocate):
            is_left = is_left or not all(restored.get(wire, True) for wire in operation.wires)
    return False
