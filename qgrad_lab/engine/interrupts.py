"""SIGINT, as the native library counts it (``native/host/interrupt.cpp``)."""

import ctypes

from qgrad_lab.engine.library import native_function

_interrupts = native_function("qgrad_lab_interrupts", ctypes.c_uint64)
_forget_runs = native_function("qgrad_lab_forget_runs", None)


def count() -> int:
    """How often SIGINT came, since the first call of a circuit."""
    return int(_interrupts())


def forget_runs() -> None:
    """Tell that there is going to be a new executable, whose runs may have numbers that are known.

    XLA numbers the runs of two executables with the same code alike.
    """
    _forget_runs()
