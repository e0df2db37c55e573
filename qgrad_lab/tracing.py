"""Which meaning a QNode call has at this moment, in this thread.

A QNode called by a user means one of three things:

- ``Mode.OUTSIDE``: nothing of ours is going on, PennyLane executes it as always;
- ``Mode.COMPILED``: inside a ``qjit`` program, the call becomes a Program (``circuit.capture``);
- ``Mode.REFERENCE``: inside ``reference(fn)``, the call runs on ``default.qubit`` with backprop.

The mode is thread-local, so that two notebooks' threads never see each other's compilation.
"""

import contextlib
import enum
import threading
from collections.abc import Iterator


class Mode(enum.Enum):
    """What a QNode call means."""

    OUTSIDE = "outside"
    COMPILED = "compiled"
    REFERENCE = "reference"


class _State(threading.local):
    mode: Mode = Mode.OUTSIDE


_state = _State()


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
        yield
    finally:
        _state.mode = previous
