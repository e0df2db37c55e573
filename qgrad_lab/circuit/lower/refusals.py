"""Which QNodes may be differentiated, and why others may not."""

from collections.abc import Sequence
from typing import Any

import pennylane as qml

METHODS = {
    "adjoint": "adjoint",
    "best": "adjoint",
    "device": "adjoint",
    "parameter-shift": "parameter-shift",
}
"""The engine's method for each ``diff_method`` of a QNode without shots."""

_DISCRETE = (qml.measurements.SampleMP, qml.measurements.CountsMP)

REFUSALS = {
    None: (
        "Cannot differentiate a QNode explicitly marked non-differentiable (with "
        "diff_method=None). Give it diff_method='adjoint' or 'parameter-shift', or use "
        "jax.lax.stop_gradient on its arguments."
    ),
    "finite-diff": (
        "Finite differences at the QNode level is not supported under method='auto'. Use "
        "grad(..., method='fd') for finite differences of the whole function, or give the QNode "
        "diff_method='adjoint' or 'parameter-shift'."
    ),
}
"""Why a QNode of this ``diff_method`` may not be differentiated, on any device."""

_SAMPLED_METHODS = frozenset({"best", "parameter-shift"})

MID_CIRCUIT = (
    "MidCircuitMeasure is not allowed: a circuit with qml.measure cannot be differentiated, for "
    "each execution draws outcomes of its own. Use qml.defer_measurements on the QNode, or "
    "jax.lax.stop_gradient on its arguments."
)


def refusal_of(
    diff_method: Any, kinds: Sequence[type | None], num_measured: int, sampled: bool
) -> str | None:
    """Why a circuit may not be differentiated, if so.

    Parameters
    ----------
    diff_method
        Of the QNode.
    kinds
        Types of the measurements.
    num_measured
        How many wires are measured in the middle of the circuit.
    sampled
        Whether the circuit has shots.
    """
    if num_measured:
        return MID_CIRCUIT
    if diff_method not in METHODS:
        return REFUSALS.get(diff_method) or (
            f"Invalid gradient method {diff_method!r} of a QNode. A compiled QNode on "
            "lightning.qubit is differentiated with diff_method='adjoint', 'parameter-shift', "
            "'best' or 'device'. Other methods are PennyLane's own, for its other devices, such as "
            "default.qubit."
        )
    if not sampled:
        return None
    if diff_method not in _SAMPLED_METHODS:
        return (
            f"A QNode with shots cannot be differentiated with diff_method={diff_method!r}, which "
            "needs the exact state. Give it diff_method='parameter-shift', or remove the shots "
            "with qml.set_shots(qnode, None)."
        )
    discrete = [kind for kind in kinds if kind is not None and issubclass(kind, _DISCRETE)]
    if discrete:
        name = "qml.sample" if issubclass(discrete[0], _DISCRETE[0]) else "qml.counts"
        return (
            f"{name} cannot be differentiated: outcomes, and how many of them there are, are "
            "integers. Return qml.expval, qml.var or qml.probs, or use jax.lax.stop_gradient on "
            "the arguments of the QNode."
        )
    return None
