"""``measure``: a measurement in the middle of a quantum function."""

from typing import Any

import pennylane as qml

from qgrad_lab.circuit.control.mid_circuit import measure_wire
from qgrad_lab.circuit.record.recording import current_recording
from qgrad_lab.core.mode import is_recording, lowering


def measure(wires: Any, reset: bool = False, postselect: int | None = None) -> Any:
    """Measure a wire in the middle of a quantum function.

    In compiled programs this is ``qml.measure``. The outcome is a traced boolean: it can be
    returned, be used in classical code and in angles, and decide in `cond` what comes next.

    Parameters
    ----------
    wires : wire
        One wire.
    reset : bool, optional
        Whether to set the wire to zero afterwards.
    postselect : int, optional
        The outcome, 0 or 1, that the state is projected on. Where it has probability zero, the
        other outcome is returned, with the state that belongs to it.

    Returns
    -------
    bool
        The outcome, as an array.

    Raises
    ------
    CompileError
        In a function under ``qml.adjoint`` or ``qml.ctrl``, or outside of a quantum function.
    DifferentiableCompileError
        When the circuit is differentiated.

    Notes
    -----
    Without shots, an execution of the circuit draws one outcome, and expectation values are those
    of the state that belongs to it. With shots, every shot draws its own, and classical values that
    the circuit returns are stacked, one for each shot. Postselection projects every execution, when
    it comes to it: measurements before are not selected by it. With ``mcm_method="deferred"``, or
    under ``qml.defer_measurements``, PennyLane replaces measurements by controlled operations on
    further wires: results are averages over all outcomes, and can be differentiated.

    Loops and branches may measure. They are then not differentiated either, and their classical
    values carry the state along.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import measure, qjit
    >>> @qjit
    ... @qml.qnode(qml.device("lightning.qubit", wires=2))
    ... def circuit():
    ...     qml.Hadamard(0)
    ...     m = measure(0)
    ...     qml.cond(m, qml.X)(1)
    ...     return m, qml.expval(qml.Z(1))
    >>> m, z = circuit()
    >>> print(z == 1 - 2 * m)
    True
    """
    recording = current_recording()
    if not is_recording() or (recording is not None and recording.defers):
        with lowering():
            return qml.measure(wires, reset=reset, postselect=postselect)
    return measure_wire(wires, bool(reset), postselect)
