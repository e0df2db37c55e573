"""Evaluate primitives outside of a trace, as JAX does its own: by a compiled program."""

import functools
from collections.abc import Callable
from typing import Any

import jax


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``jax.jit(function)``, which compiles under ``jax.disable_jit`` too.

    A primitive that runs native code has no other way to be evaluated.
    """
    jitted = jax.jit(function)

    @functools.wraps(function)
    def call(*values: Any) -> Any:
        with jax.disable_jit(False):
            return jitted(*values)

    return call
