"""Count SIGINT, as the native library does (``native/host/interrupt.cpp``)."""

import ctypes

from qgrad_lab.engine.library import native_function

_interrupts = native_function("qgrad_lab_interrupts", ctypes.c_uint64)
_forget_runs = native_function("qgrad_lab_forget_runs", None)


def count() -> int:
    """Return how often SIGINT came since the first call of a circuit."""
    return int(_interrupts())


def forget_runs() -> None:
    """Forget the runs of earlier executables, whose numbers a new one may use again.

    XLA numbers the runs of two executables with the same code alike.
    """
    _forget_runs()
