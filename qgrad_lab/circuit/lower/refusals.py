"""Which QNodes may be differentiated and by what, and why others may not."""

from collections.abc import Sequence
from typing import Any

import pennylane as qml

from qgrad_lab.methods.table import BEST, BEST_WITH_SHOTS, BY_NAME, Scope, names_of, quoted

_METHODS = names_of(Scope.QNODES)
_STAND_INS = ("best", "device")
"""Further names of ``BEST``."""

_WITH_SHOTS = tuple(name for name in _METHODS if BY_NAME[name].takes_shots)

_DISCRETE = (qml.measurements.SampleMP, qml.measurements.CountsMP)

REFUSALS = {
    None: (
        "Cannot differentiate a QNode explicitly marked non-differentiable (with "
        f"diff_method=None). Give it diff_method={quoted(_METHODS, 'or')}, or use "
        "jax.lax.stop_gradient on its arguments."
    ),
    "finite-diff": (
        "Finite differences at the QNode level is not supported under method='auto'. Use "
        "grad(..., method='fd') for finite differences of the whole function, or give the QNode "
        f"diff_method={quoted(_METHODS, 'or')}."
    ),
}
"""Why a QNode of this ``diff_method`` may not be differentiated, on any device."""

MID_CIRCUIT = (
    "MidCircuitMeasure is not allowed: a circuit with qml.measure cannot be differentiated, for "
    "each execution draws outcomes of its own. Use qml.defer_measurements on the QNode, or "
    "jax.lax.stop_gradient on its arguments."
)


def engine_method(diff_method: Any, sampled: bool) -> str:
    """Return the engine's method for a ``diff_method``; for one that is refused, any.

    Parameters
    ----------
    diff_method
        Of the QNode.
    sampled
        Whether the circuit has shots.
    """
    if sampled:
        return diff_method if diff_method in _WITH_SHOTS else BEST_WITH_SHOTS
    return diff_method if diff_method in _METHODS else BEST


def refusal_of(
    diff_method: Any, kinds: Sequence[type | None], num_measured: int, sampled: bool
) -> str | None:
    """Return why a circuit may not be differentiated, if so.

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
    if diff_method not in (*_METHODS, *_STAND_INS):
        return REFUSALS.get(diff_method) or (
            f"Invalid gradient method {diff_method!r} of a QNode. A compiled QNode on "
            "lightning.qubit is differentiated with diff_method="
            f"{quoted((*_METHODS, *_STAND_INS), 'or')}. Other methods are PennyLane's own, for its "
            "other devices, such as default.qubit."
        )
    if not sampled:
        return None
    if diff_method not in ("best", *_WITH_SHOTS):
        return (
            f"A QNode with shots cannot be differentiated with diff_method={diff_method!r}, which "
            f"needs the exact state. Give it diff_method={quoted(_WITH_SHOTS, 'or')}, or remove "
            "the shots with qml.set_shots(qnode, None)."
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
