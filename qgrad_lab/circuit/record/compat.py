"""Restore what PennyLane 0.45 needs of JAX and newer releases of JAX no longer have.

PennyLane tells traced from concrete values with ``jax.core.is_concrete``, and looks into arrays
with ``jax.core.concrete_or_error``, which JAX has removed and moved since. Without them no operator
that validates its parameters can be created under a trace, with or without us.
"""

import functools
import warnings
from typing import Any

import jax
import jax.extend.core
import pennylane as qml


def trace_state() -> Any:
    """Identify the trace that JAX is in: equal in the same trace alone."""
    # It was in jax.core before it moved to jax.extend.
    find = getattr(jax.extend.core, "get_opaque_trace_state", None)
    return (find or jax.core.get_opaque_trace_state)(convention="flax")


def _is_concrete(value: Any) -> bool:
    return not isinstance(value, jax.core.Tracer) or value.to_concrete_value() is not None


_MOVED = ("concrete_or_error", "TraceTag", "set_current_trace", "take_current_trace")
"""What is in ``jax.extend.core`` now. With the last three transforms such as ``qml.metric_tensor``
find out which parameters of a circuit depend on the arguments of its function."""


def complete_powers() -> None:
    """Have exponentials return their powers as all operators do: in a list.

    PennyLane's templates, such as ``qml.ControlledSequence``, ask for one.
    """
    for kind in (qml.ops.Exp, qml.ops.Evolution):
        kind.pow = _in_list(kind.pow)


def _in_list(power: Any) -> Any:
    @functools.wraps(power)
    def pow(self: Any, z: Any) -> Any:
        found = power(self, z)
        return [found] if isinstance(found, qml.operation.Operator) else found

    return pow


def complete_jax() -> None:
    """Put back into ``jax.core`` what is missing there."""
    needed = {
        "is_concrete": _is_concrete,
        **{name: getattr(jax.extend.core, name, None) for name in _MOVED},
    }
    for name, function in needed.items():
        with warnings.catch_warnings():
            # Releases that still have it warn on access that it is deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            missing = not hasattr(jax.core, name)
        if missing:
            setattr(jax.core, name, function)
