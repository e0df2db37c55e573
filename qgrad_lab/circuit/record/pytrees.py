"""Operators and measurements as PennyLane registers them with JAX: pytrees of their parameters."""

from typing import Any

import jax
import numpy as np
import pennylane as qml
from pennylane.measurements import MeasurementProcess


def is_quantum(value: Any) -> bool:
    """Return whether ``value`` is an operator, a measurement process or an outcome."""
    return isinstance(value, MeasurementProcess | qml.operation.Operator | qml.ops.MeasurementValue)


def abstract(arguments: Any) -> Any:
    """Return the pytree ``arguments`` with `jax.ShapeDtypeStruct` in the place of traced values.

    The parameters of operators become zeros: PennyLane makes no operators of abstract arrays.
    """
    with qml.QueuingManager.stop_recording():
        return jax.tree.map(_abstract, arguments, is_leaf=is_quantum)


def _abstract(leaf: Any) -> Any:
    if is_quantum(leaf):
        return jax.tree.map(_zeros, leaf)
    if isinstance(leaf, jax.core.Tracer):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, weak_type=leaf.weak_type)
    return leaf


def _zeros(leaf: Any) -> Any:
    if not isinstance(leaf, jax.core.Tracer):
        return leaf
    if leaf.weak_type and leaf.ndim == 0:
        return np.zeros((), leaf.dtype).item()
    return np.zeros(leaf.shape, leaf.dtype)
