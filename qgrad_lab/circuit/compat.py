"""What PennyLane 0.45 asks of JAX and newer releases of JAX no longer have.

PennyLane tells traced from concrete values with ``jax.core.is_concrete``, which JAX has removed
since. Without it no operator that validates its parameters can be created under a trace, with or
without us. It makes NumPy's arrays of JAX's with ``jax.core.concrete_or_error``, which is elsewhere
now; without it no device but the ones that compute in JAX takes arrays of JAX.
"""

import warnings
from typing import Any

import jax
import jax.extend.core


def trace_state() -> Any:
    """Which trace JAX is in: equal to another one in the same trace."""
    # Before it moved to jax.extend it was in jax.core.
    find = getattr(jax.extend.core, "get_opaque_trace_state", None)
    return (find or jax.core.get_opaque_trace_state)(convention="flax")


def _is_concrete(value: Any) -> bool:
    return not isinstance(value, jax.core.Tracer) or value.to_concrete_value() is not None


def complete_jax() -> None:
    """Give ``jax.core`` the functions back where they are missing."""
    if _is_missing("is_concrete"):
        jax.core.is_concrete = _is_concrete
    if _is_missing("concrete_or_error"):
        jax.core.concrete_or_error = jax.extend.core.concrete_or_error


def _is_missing(name: str) -> bool:
    with warnings.catch_warnings():
        # Releases in which it still exists warn of its end when it is looked up.
        warnings.simplefilter("ignore", DeprecationWarning)
        return not hasattr(jax.core, name)
