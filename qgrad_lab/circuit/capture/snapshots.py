"""Take the snapshots that a quantum function asks for with ``qml.Snapshot``.

Each is a circuit of its own: the operations before it, and what it measures. So the circuit itself
is the same with snapshots and without, and snapshots that nobody reads cost nothing.
"""

import pennylane as qml
from pennylane.operation import Operator
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture.quantum_function import qnode_name
from qgrad_lab.circuit.control.cuts import refuse_snapshots
from qgrad_lab.circuit.lower.operations import snapshot_of
from qgrad_lab.core.mode import drops_snapshots
from qgrad_lab.errors import CompileError


def has_snapshots(qnode: qml.QNode, tape: QuantumScript) -> bool:
    """Return whether ``qnode`` returns snapshots beside its results.

    Not while it is differentiated, nor under ``qml.snapshots``, which returns them in its own form.

    Raises
    ------
    CompileError
        Under ``qml.snapshots``, if a snapshot has no tag.
    """
    found = [one for one in map(snapshot_of, tape.operations) if one is not None]
    if not found or drops_snapshots():
        return False
    if not _is_under_snapshots(qnode):
        return True
    if not all(isinstance(snapshot.tag, str) for snapshot in found):
        raise CompileError(
            f"qml.snapshots of {qnode_name(qnode)} returns a dictionary of texts and numbers, "
            "which JAX does not sort. Give every qml.Snapshot a tag, or leave out qml.snapshots: a "
            "compiled QNode returns (snapshots, results) without it."
        )
    return False


def _is_under_snapshots(qnode: qml.QNode) -> bool:
    # A transform of the QNode, or on devices of PennyLane that take snapshots themselves, a call.
    if getattr(getattr(qnode.device, "_debugger", None), "active", False):
        return True
    transform = qml.snapshots.tape_transform
    return any(getattr(t, "tape_transform", None) is transform for t in qnode.compile_pipeline)


def snapshot_tapes(tape: QuantumScript, name: str) -> list[QuantumScript]:
    """Return a tape for each snapshot of ``tape``, which the quantum function ``name`` recorded.

    Raises
    ------
    CompileError
        If the circuit measures in the middle.
    """
    before: list[Operator] = []
    found: list[QuantumScript] = []
    for operation in tape.operations:
        if isinstance(operation, qml.ops.MidMeasure | qml.ops.Conditional):
            refuse_snapshots(name)
        snapshot = snapshot_of(operation)
        if snapshot is not None:
            asked = snapshot.hyperparameters
            shots = tape.shots if asked["shots"] == "workflow" else asked["shots"]
            found.append(QuantumScript(list(before), [asked["measurement"]], shots))
        else:
            before.append(operation)
    return found
