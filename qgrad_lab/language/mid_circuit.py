"""``measure``: a measurement in the middle of a quantum function."""

from typing import Any

import pennylane as qml

from qgrad_lab.circuit.control.mid_circuit import measure_wire
from qgrad_lab.circuit.record.recording import current_recording
from qgrad_lab.core.mode import is_recording, lowering


def measure(wires: Any, reset: bool = False, postselect: int | None = None) -> Any:
    """Measure a wire in the middle of a quantum function.

    In compiled programs this is ``qml.measure``. Its outcome is an integer in arithmetic
    (``m + n``, ``m % 2``, ``np.pi * m``) and a truth value under ``~``, ``&``, ``|`` and ``^``. It
    decides in `cond` what comes next, and may be used in angles and in classical code.

    Parameters
    ----------
    wires : wire
        One wire.
    reset : bool, optional
        Whether to set the wire to zero afterwards.
    postselect : int, optional
        The outcome, 0 or 1, that is selected: results are those of the executions that find it.
        If there is none, results are not numbers.

    Returns
    -------
    Outcome
        0 or 1, traced: an i64 scalar to functions of JAX, a boolean where it is returned.

    Raises
    ------
    CompileError
        In a function under ``qml.adjoint`` or ``qml.ctrl``, or outside of a quantum function; for
        means over the outcomes of more than 24 measurements, or a ``qml.state`` of them.
    DifferentiableCompileError
        When one run is differentiated, or a circuit with shots.

    Notes
    -----
    What an execution means follows from what leaves the circuit.

    - Without shots, a circuit that returns measurement processes alone (``qml.expval``, ``var``,
      ``probs``, ``density_matrix``, ``purity``, ``vn_entropy``, ``mutual_info``, also of outcomes,
      as in ``qml.expval(m)``) returns their **exact means over all outcomes**, which have every
      derivative by every method. Selected outcomes renormalise the mean. k measurements take at
      most 2^k circuits and the memory of k + 2 states: branches of probability zero are not run,
      nor is a second one that is the same as the first, as after the reset of a wire that is not
      entangled.
    - Without shots, a circuit that returns outcomes, or classical values that depend on them, draws
      **one run** at each execution, and its expectation values are those of the state of this run.
      So it does where a loop of unknown length measures. One run has no derivative.
    - With shots, every shot draws its own outcomes, classical values are stacked, one for each
      shot, and shots that do not find a selected outcome are left out, or with
      ``postselect_mode="fill-shots"`` projected on it.

    ``mcm_method`` of the QNode is as in PennyLane: ``"tree-traversal"`` for exact means,
    ``"one-shot"`` for shots, ``"deferred"`` for controlled operations on further wires.

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
