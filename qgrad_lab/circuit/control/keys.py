"""Make keys of random numbers for circuits, which differ between the iterations of loops."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import jax

from qgrad_lab.circuit.record.compat import trace_state
from qgrad_lab.engine import randomness


class _Thread(threading.local):
    counter: tuple[Any, Any] | None = None


_thread = _Thread()


@contextlib.contextmanager
def in_iteration(counter: Any) -> Iterator[None]:
    """Trace inside the ``with`` block the body of a loop with the traced ``counter``."""
    previous = _thread.counter
    _thread.counter = trace_state(), counter
    try:
        yield
    finally:
        _thread.counter = previous


def next_key(*ties: Any, shots: int = 1) -> jax.Array:
    """Return a new key, u32[2], of its own in every iteration of the loop around the caller.

    The parameters are those of `qgrad_lab.engine.randomness.next_key`.
    """
    counter = _thread.counter
    if counter is not None and counter[0] == trace_state():
        # JAX takes what does not depend on the iteration out of the derivative of a loop.
        ties = (*ties, counter[1])
    return randomness.next_key(*ties, shots=shots)
