"""Conditions that are checked while a compiled program runs: ``debug_assert``."""

from typing import Any

import jax
import numpy as np

from qgrad_lab.core.failures import assertion_text
from qgrad_lab.core.mode import Mode, asserts, current_mode


def debug_assert(condition: Any, error: str) -> None:
    """Stop a compiled program, when it runs, unless a condition holds.

    ``qjit(..., disable_assertions=True)`` leaves all of them out.

    Parameters
    ----------
    condition : bool
        Known or traced. Of an array, all elements have to hold.
    error : str
        The message.

    Raises
    ------
    RuntimeError
        At the call of the program, if the condition does not hold.

    Examples
    --------
    >>> from qgrad_lab import debug_assert, qjit
    >>> @qjit
    ... def f(x):
    ...     debug_assert(x < 5, "x is too large")
    ...     return 8 * x
    >>> print(f(4))
    32
    >>> f(6)
    Traceback (most recent call last):
    RuntimeError: x is too large
    """
    if not asserts():
        return
    if current_mode() is not Mode.COMPILED and not isinstance(condition, jax.core.Tracer):
        if not np.all(condition):
            raise RuntimeError(error)
        return
    # Not in the line that raises: JAX quotes that one in its own message.
    text = assertion_text(error)

    def check(holds: Any) -> None:
        if not np.all(holds):
            raise RuntimeError(text)

    jax.debug.callback(check, condition)
