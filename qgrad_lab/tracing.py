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
from collections.abc import Callable, Iterator
from typing import Any

import jax

DEFAULT_LOOP_CAPACITY = 32
"""Iterations for which a loop of unknown length is compiled at first."""


class Mode(enum.Enum):
    """What a QNode call means."""

    OUTSIDE = "outside"
    COMPILED = "compiled"
    REFERENCE = "reference"


class _State(threading.local):
    mode: Mode = Mode.OUTSIDE
    loop_capacity: int = DEFAULT_LOOP_CAPACITY
    loop_capacity_used: bool = False


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


def use_loop_capacity() -> int:
    """How many iterations a loop of unknown length is compiled for; notes that there is one."""
    _state.loop_capacity_used = True
    return _state.loop_capacity


@contextlib.contextmanager
def loop_capacity(value: int) -> Iterator[Callable[[], bool]]:
    """Compile loops of unknown length for ``value`` iterations inside the ``with`` block.

    Yields a function that tells, inside the block, whether there was such a loop.
    """
    previous = _state.loop_capacity, _state.loop_capacity_used
    _state.loop_capacity, _state.loop_capacity_used = value, False
    try:
        yield lambda: _state.loop_capacity_used
    finally:
        _state.loop_capacity, _state.loop_capacity_used = previous
