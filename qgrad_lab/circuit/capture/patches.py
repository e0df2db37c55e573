"""Patch PennyLane: a QNode call is its own execution, a compiled circuit, or the reference.

PennyLane has no hook at this place short of its program capture, which changes how the user's
function is run. So ``QNode.__call__`` is wrapped once; outside of our modes the wrapper calls
straight through. The mode is thread-local, hence nothing has to be patched and restored around a
trace. The same goes for the function that makes controlled operations, which PennyLane has no way
to extend to operations of ours, such as loops.
"""

import functools
from typing import Any

import pennylane as qml
from pennylane.ops.op_math import controlled as controlled_module

from qgrad_lab.circuit.capture import qnode
from qgrad_lab.circuit.capture.quantum_function import qnode_name
from qgrad_lab.circuit.lower.blocks import region_of
from qgrad_lab.circuit.record import queues, shadow_seeds
from qgrad_lab.circuit.record.compat import complete_jax, complete_powers
from qgrad_lab.core.mode import Mode, mode, threads
from qgrad_lab.errors import CompileError
from qgrad_lab.methods.table import Scope, names_of, quoted


@functools.cache
def install() -> None:
    """Wrap what this module patches, at the first call only."""
    complete_jax()
    complete_powers()
    queues.install()
    shadow_seeds.install()
    original = qml.QNode.__call__

    @functools.wraps(original)
    def __call__(self: qml.QNode, *args: Any, **kwargs: Any) -> Any:
        state = threads.state
        if state.diff_method is not None and state.mode is not Mode.REFERENCE:
            self = _with_diff_method(self, state.diff_method)
        match state.mode:
            case Mode.OUTSIDE:
                return original(self, *args, **kwargs)
            case Mode.COMPILED:
                return qnode.call(self, args, kwargs)
            case Mode.REFERENCE:
                device = qml.device("default.qubit", wires=self.device.wires)
                moved = self.update(device=device, diff_method="backprop", interface="jax")
                moved = qml.set_shots(moved, None)  # the reference of an estimate is exact
                # PennyLane may call QNodes of its own while it executes this one.
                with mode(Mode.OUTSIDE):
                    return original(moved, *args, **kwargs)

    qml.QNode.__call__ = __call__

    specs = qml.specs

    @functools.wraps(specs)
    def specs_of(qnode: Any, *args: Any, **options: Any) -> Any:
        # PennyLane asks Catalyst what a compiled QNode is; there is one QNode in ours.
        inside = getattr(qnode, "user_function", None)
        is_compiled = type(qnode).__name__ == "QJIT" and isinstance(inside, qml.QNode)
        return specs(inside if is_compiled else qnode, *args, **options)

    qml.specs = specs_of

    make_controlled = controlled_module.create_controlled_op

    @functools.wraps(make_controlled)
    def create_controlled_op(
        op: Any, control: Any, control_values: Any = None, *rest: Any, **options: Any
    ) -> Any:
        region = region_of(op)
        if region is None:
            return make_controlled(op, control, control_values, *rest, **options)
        labels = qml.wires.Wires(control)
        if control_values is None:
            control_values = [True] * len(labels)
        elif isinstance(control_values, bool | int):
            control_values = [control_values]
        qml.QueuingManager.remove(op)
        return region.controlled(labels, control_values)

    controlled_module.create_controlled_op = create_controlled_op


def _with_diff_method(node: qml.QNode, diff_method: str) -> qml.QNode:
    try:
        return node.update(diff_method=diff_method)
    except qml.exceptions.QuantumFunctionError as error:
        raise CompileError(
            f"The QNode {qnode_name(node)} is on the device "
            f"{node.device.name}, which does not support diff_method={diff_method!r}. On "
            f"lightning.qubit it is {quoted(names_of(Scope.QNODES), 'or')}."
        ) from error
