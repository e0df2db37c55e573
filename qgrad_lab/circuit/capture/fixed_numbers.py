"""Check the numbers of a QNode that a compiled program has to know: of shots, and of wires."""

from typing import Any

import jax
import pennylane as qml

from qgrad_lab.circuit.capture.quantum_function import qnode_name
from qgrad_lab.errors import CompileError


def fixed_shots(qnode: qml.QNode, kwargs: dict[str, Any]) -> qml.measurements.Shots:
    """Return the shots of a call of ``qnode``, and take them out of ``kwargs``.

    Raises
    ------
    CompileError
        If they, or the wires of the device, are known only when the program runs.
    """
    shots = qml.measurements.Shots(qnode._get_shots(kwargs))
    numbers = [number for copies in shots.shot_vector for number in copies]
    if any(isinstance(number, jax.core.Tracer) for number in numbers):
        raise CompileError(
            f"The number of shots of {qnode_name(qnode)} is a traced value, known only when the "
            "program runs; a compiled program draws a fixed number of them. If it is an argument "
            "of the compiled function, make that static, qjit(..., static_argnums=...): the "
            "function is then compiled once for each number. Otherwise give a Python number."
        )
    if any(isinstance(wire, jax.core.Tracer) for wire in qnode.device.wires or ()):
        raise CompileError(
            f"The wires of the device of {qnode_name(qnode)} are given by a traced value, known "
            "only when the program runs; a state has a fixed size. If it is an argument of the "
            "compiled function, make that static, qjit(..., static_argnums=...): the function is "
            "then compiled once for each number. Otherwise give a Python number."
        )
    return shots
