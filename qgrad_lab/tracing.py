"""Which meaning a QNode call has at this moment, in this thread.

A QNode called by a user means one of three things:

- ``Mode.OUTSIDE``: nothing of ours is going on, PennyLane executes it as always;
- ``Mode.COMPILED``: inside a ``qjit`` program, the call becomes a Program (``circuit.capture``);
- ``Mode.REFERENCE``: inside ``reference(fn)``, the call runs on ``default.qubit`` with backprop.

The mode is thread-local, so that two notebooks' threads never see each other's compilation. It is
part of the key of JAX's caches: a ``jax.jit`` function with a QNode inside is traced anew for each
mode, where its cached trace would bring the circuit of another one.
"""

import contextlib
import enum
import threading
from collections.abc import Iterator
from typing import Any

import jax


class Mode(enum.Enum):
    """What a QNode call means."""

    OUTSIDE = "outside"
    COMPILED = "compiled"
    REFERENCE = "reference"


class _State(threading.local):
    mode: Mode = Mode.OUTSIDE


_state = _State()


def _make_cache_key() -> Any:
    """A function from a value to a context manager that puts it into the keys of JAX's caches."""
    if hasattr(jax, "make_user_context"):
        return jax.make_user_context(default_value=None)
    # JAX 0.7 has no context for this purpose; this one is in the key, and labels operations only.
    from jax.experimental.xla_metadata import set_xla_metadata

    return lambda value: set_xla_metadata(qgrad_lab=value)


_cache_key = _make_cache_key()


def current_mode() -> Mode:
    """The mode of the calling thread."""
    return _state.mode


def is_compiling() -> bool:
    """Whether the calling thread is tracing a compiled program."""
    return _state.mode is Mode.COMPILED


@contextlib.contextmanager
def mode(value: Mode) -> Iterator[None]:
    """Give QNode calls the meaning ``value`` inside the ``with`` block."""
    previous = _state.mode
    _state.mode = value
    try:
        with _cache_key(value.value):
            yield
    finally:
        _state.mode = previous
