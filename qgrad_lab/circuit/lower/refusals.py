"""Refuse derivatives of circuits that have none, and say why."""

from collections.abc import Sequence
from typing import Any

from qgrad_lab.circuit.lower.measurements.registry import LOWERINGS, listed, lowering_of
from qgrad_lab.methods.table import BEST, BEST_WITH_SHOTS, BY_NAME, Scope, names_of, quoted

_METHODS = names_of(Scope.QNODES)
_STAND_INS = ("best", "device")
"""Further names of ``BEST``."""

_WITH_SHOTS = tuple(name for name in _METHODS if BY_NAME[name].takes_shots)

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
"""The reason why QNodes with these ``diff_method`` cannot be differentiated, on any device."""

MID_CIRCUIT = (
    "MidCircuitMeasure is not allowed: a circuit that draws outcomes of qml.measure cannot be "
    "differentiated. It does so with shots, and where it returns outcomes or lets them decide how "
    "often a loop runs. Without shots, one that returns measurements alone, such as "
    "qml.expval(qml.Z(0)), has exact means over all outcomes, which can be differentiated. Or use "
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
    """Return the reason why a circuit cannot be differentiated; ``None`` if it can.

    Parameters
    ----------
    diff_method
        Of the QNode.
    kinds
        Types of the measurements; ``None`` for classical values.
    num_measured
        The number of wires that are measured in the middle of the circuit.
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
    rows = [lowering_of(kind) for kind in kinds if kind is not None]
    discrete = next((row for row in rows if row is not None and row.is_discrete), None)
    if discrete is not None:
        smooth = listed((row for row in LOWERINGS if row.sampled and not row.is_discrete), "or")
        return (
            f"{discrete.name} cannot be differentiated: outcomes, and how many of them there are, "
            f"are integers. Return {smooth}, or use jax.lax.stop_gradient on the arguments of the "
            "QNode."
        )
    return None
