"""Lower a tape of PennyLane to a Program."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess
from pennylane.operation import Operator
from pennylane.tape import QuantumScript
from pennylane.wires import DynamicWire

from qgrad_lab.circuit.ir.instructions import Gate, Instruction
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.ir.sampled import Sampled
from qgrad_lab.circuit.ir.verify import MAX_WIRES, verify
from qgrad_lab.circuit.lower.allocation import has_allocations, refuse_allocations
from qgrad_lab.circuit.lower.matrices import has_batch, parts
from qgrad_lab.circuit.lower.measurements.registry import (
    lower_measurement,
    lower_mixed,
    lower_outcomes,
)
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.circuit.lower.operations import (
    is_native,
    is_plain,
    is_preparation,
    lower,
    lower_plain,
)
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.mixture import Mixture
from qgrad_lab.circuit.lower.readouts.outcomes import measures_outcomes
from qgrad_lab.circuit.lower.readouts.readout import Outputs, Readout
from qgrad_lab.circuit.record.sources import explained, number_of, place_of
from qgrad_lab.core.mode import lowering
from qgrad_lab.errors import CompileError
from qgrad_lab.gates.table import GATES


class LoweredTape(NamedTuple):
    """A tape that was lowered.

    Attributes
    ----------
    program
        What the engine runs: a Program, or a ``Sampled`` circuit if the tape has shots.
    operands
        The traced numbers that it reads.
    outputs
        What it measures, and the traced values that readouts need.
    readouts
        One for each measurement of the tape; of a mixture, a ``Mixture``.
    """

    program: Program | Sampled
    operands: Operands
    outputs: Outputs
    readouts: tuple[Any, ...]


def tape_program(
    tape: QuantumScript,
    wire_map: dict[Any, int] | None,
    name: str,
    single: bool = False,
    mixed: bool = False,
    outputs: Outputs | None = None,
) -> LoweredTape:
    """Lower ``tape`` to a Program.

    Parameters
    ----------
    tape
        Operations and measurements with traced or known parameters, after transforms.
    wire_map
        From wire labels to wires of the Program; ``None`` for those of the tape.
    name
        Of the quantum function.
    single
        Whether its states are complex64, not complex128.
    mixed
        Whether the state that it begins with is one of a mixture, without shots.
    outputs
        What it has to measure beside the measurements of ``tape``.

    Returns
    -------
    LoweredTape
        With a verified Program.

    Raises
    ------
    CompileError
        If an operation or measurement cannot be compiled, or a wire is not on the device.
    """
    if wire_map is None:
        wire_map = standard_wires(tape, name)
    operands = Operands()
    body = lower_operations(tape, wire_map, operands, name)
    outputs = outputs or Outputs()

    def lower_gates(gates: QuantumScript) -> tuple[Instruction, ...]:
        return lower_operations(gates, wire_map, operands, name, inside=True)

    shots = tape.shots.total_shots or 0
    context = Context(wire_map, operands, outputs, lower_gates, shots)

    def read(measurement: MeasurementProcess) -> Readout | Mixture:
        readout = read_unchecked(measurement)
        checks.extend(_checks(outputs, operands, number_of(measurement)))
        return readout

    def read_unchecked(measurement: MeasurementProcess) -> Readout | Mixture:
        of_outcomes = measures_outcomes(measurement)
        if not of_outcomes:
            _check_wires(measurement, wire_map, name)
        if mixed:
            return lower_mixed(measurement, context)
        return (lower_outcomes if of_outcomes else lower_measurement)(measurement, context)

    checks: list[Instruction] = []
    readouts = tuple(explained(read, measurement) for measurement in tape.measurements)
    if len(wire_map) > MAX_WIRES:
        raise CompileError(
            f"The circuit {name} has {len(wire_map)} wires; a state vector on more than "
            f"{MAX_WIRES} wires fits no machine. Use fewer wires."
        )
    program = Program(
        num_wires=context.num_wires,
        num_theta=operands.theta.size,
        num_index=operands.index.size,
        num_data=operands.data.size,
        body=(*body, *checks),
        measurements=() if tape.shots else outputs.measurements,
        name=name,
        single=single,
    )
    if tape.shots:
        sampled = Sampled(program, outputs.measurements, tuple(tape.shots))
        for setting in sampled.settings:
            verify(setting)
        return LoweredTape(sampled, operands, outputs, readouts)
    verify(program)
    return LoweredTape(program, operands, outputs, readouts)


def device_wires(device: qml.devices.Device) -> dict[Any, int] | None:
    """Map wire labels of ``device`` to wires of a Program; ``None`` if it has no fixed ones."""
    if device.wires is None:
        return None
    return {wire: i for i, wire in enumerate(device.wires)}


def has_single_precision(device: qml.devices.Device) -> bool:
    """Return whether the states of ``device`` are complex64, not complex128.

    Raises
    ------
    CompileError
        If they have another type, which PennyLane refuses too when it runs a circuit.
    """
    wanted = getattr(device, "c_dtype", np.complex128)
    for dtype in (np.complex64, np.complex128):
        if wanted == np.dtype(dtype):  # equal to every name of the type
            return dtype is np.complex64
    raise CompileError(
        f"The device {device.name} has c_dtype={wanted!r}. The states of a circuit are "
        "np.complex64 or np.complex128: "
        "qml.device('lightning.qubit', wires=..., c_dtype=np.complex64)."
    )


def standard_wires(tape: QuantumScript, name: str) -> dict[Any, int]:
    """Map the wire labels of ``tape`` to wires of a Program, for a device without wires.

    As in PennyLane: integers from 0 on stand for themselves, if those that are only measured come
    last; other labels are numbered in order of appearance.

    Raises
    ------
    CompileError
        If an operation or a measurement acts on a wire that is known only when the program runs.
    """
    if has_traced_wires(tape):
        raise CompileError(
            f"An operation or a measurement of {name} acts on a wire that is known only when the "
            "program runs, and its device has no wires. Give it wires: "
            "qml.device('lightning.qubit', wires=...)."
        )
    acted = qml.wires.Wires.all_wires([operation.wires for operation in tape.operations])
    measured = [wire for wire in tape.wires if wire not in acted]
    count = len(acted) + len(measured)
    if set(acted) == set(range(len(acted))) and set(measured) == set(range(len(acted), count)):
        return {wire: wire for wire in range(count)}
    return {wire: number for number, wire in enumerate([*acted, *measured])}


def has_traced_wires(tape: QuantumScript) -> bool:
    """Return whether some wires of ``tape`` are known only when the program runs."""
    return any(isinstance(wire, jax.core.Tracer) for wire in tape.wires)


def lower_operations(
    tape: QuantumScript,
    wire_map: dict[Any, int],
    operands: Operands,
    name: str,
    inside: bool = False,
) -> tuple[Instruction, ...]:
    """Lower the operations of ``tape``, without its measurements.

    Parameters
    ----------
    tape
        Operations with traced or known parameters.
    wire_map
        From wire labels to wires of the Program.
    operands
        Takes the traced numbers.
    name
        Of the quantum function, for messages.
    inside
        Whether they are in a loop or a branch, where no operation is the circuit's first.
    """
    body: list[Instruction] = []
    if has_allocations(tape.operations):
        refuse_allocations(name)

    def lower_one(operation: Operator) -> list[Instruction]:
        _check_wires(operation, wire_map, name)
        known = operands.index.size
        instructions = lower(operation, wire_map, operands)
        place = place_of(operation)
        # Few operations read integers that may be wrong.
        fallible = operands.index.size != known
        return [
            dataclasses.replace(
                each,
                place=each.place or place,
                source=number_of(operation) if fallible and each.may_fail else each.source,
            )
            if isinstance(each, Gate)
            else each
            for each in instructions
        ]

    for operation in _decomposed(tape, inside, _accepted):
        gate = lower_plain(operation, wire_map, operands)
        if gate is not None:
            body.append(gate)
        else:
            body += explained(lower_one, operation)
    return tuple(body)


def split_batch(tape: QuantumScript) -> tuple[Sequence[QuantumScript], Any]:
    """Split ``tape``, which was given a batch of parameters, into one for each of them.

    Returns
    -------
    tapes
        Empty if no operation takes a batch.
    postprocess
        From their results to that of ``tape``.
    """

    def has_known_batch(operation: Operator, first: bool) -> bool:
        return _accepted(operation, first) or has_batch(operation)

    # PennyLane may not know it of a template, and knows it of the gates that the template is.
    native = tape.copy(operations=_decomposed(tape, False, has_known_batch))
    if native.batch_size is None:
        return (), None
    return qml.transforms.broadcast_expand(native)


def _decomposed(
    tape: QuantumScript, inside: bool, accepts: Callable[[Operator, bool], bool]
) -> list[Operator]:
    """Return the operations, after PennyLane has decomposed those that are not accepted.

    ``accepts`` is told of an operation whether it is the first of its circuit.
    """
    operations = tape.operations
    for position, operation in enumerate(operations):
        if is_plain(operation):
            continue
        if isinstance(operation, qml.ops.MidMeasure | qml.ops.Conditional):
            raise CompileError(
                "MidCircuitMeasure is not allowed: qml.measure cannot be compiled. Use "
                "qml.defer_measurements on the QNode."
            )
        if not accepts(operation, position == 0 and not inside):
            break
    else:
        return operations
    first = None if inside else operations[0]
    with lowering():
        (native,), _ = qml.devices.preprocess.decompose(
            tape,
            stopping_condition=lambda operation: accepts(operation, operation is first),
            skip_initial_state_prep=False,
            decomposer=parts,
            name="qgrad_lab",
            error=CompileError,
        )
    return native.operations


def _checks(outputs: Outputs, operands: Operands, source: int) -> list[Instruction]:
    """Return gates that do nothing, and fail where traced wires of a measurement are wrong."""
    gates: list[Instruction] = []
    while outputs.traced_wires:
        wires = [operands.integer(wire, "A wire") for wire in outputs.traced_wires.pop(0)]
        controls = tuple(wires[1:])
        gate = Gate(
            GATES["Identity"],
            (wires[0],),
            controls=controls,
            control_values=(True,) * len(controls),
            source=source,
        )
        gates.append(gate)
    return list(dict.fromkeys(gates))


def _accepted(operation: Operator, first: bool) -> bool:
    if is_preparation(operation):
        return first and not any(isinstance(wire, jax.core.Tracer) for wire in operation.wires)
    return is_native(operation)


def _check_wires(thing: Any, wire_map: dict[Any, int], name: str) -> None:
    for wire in thing.wires:
        if not isinstance(wire, jax.core.Tracer) and wire not in wire_map:
            if isinstance(wire, DynamicWire):
                refuse_allocations(name)
            raise CompileError(
                f"{thing} in {name} acts on the wire {wire!r}, which the device does not have; its "
                f"wires are {list(wire_map)}. Use one of them, or create the device with more "
                "wires."
            )
