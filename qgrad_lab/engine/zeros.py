"""Symbolic zeros: tangents that are known to be zero without being computed."""

from typing import Any

import jax
from jax.interpreters import ad

_Zero: Any = ad.Zero  # JAX does not annotate it


def is_zero(tangent: Any) -> bool:
    """Return whether ``tangent`` is a symbolic zero."""
    return type(tangent) is _Zero


def zero_tangent(value: Any) -> Any:
    """Return the symbolic zero that is a tangent of ``value``."""
    # JAX has a function for this, under different names in different releases.
    return _Zero(jax.typeof(value).to_tangent_aval())
