"""Compiled programs as bytes, which run in other processes and on other machines.

They travel as ``jax.export`` serialises them: what XLA compiles, with the calls of our native
library in it. Where they arrive, this package is needed and nothing of the user's source.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.export

from qgrad_lab.circuit.record.sources import source_of_number
from qgrad_lab.compile.compiled import QJIT
from qgrad_lab.core.failures import loop_overflow, python_error
from qgrad_lab.engine.library import TARGETS


def to_bytes(program: QJIT, *args: Any) -> bytes:
    """Serialise ``program`` for arguments like these.

    Raises
    ------
    Exception
        Whatever ``jax.export`` raises for a program that calls Python.
    """
    allowed = [jax.export.DisabledSafetyCheck.custom_call(name) for name in TARGETS]
    exported = jax.export.export(program, disabled_checks=allowed)(*args)
    return bytes(exported.serialize())


def from_bytes(code: bytes, *args: Any) -> Callable[..., Any]:
    """Compile the program that `to_bytes` wrote, for arguments like these.

    What XLA compiles is kept as for any other program. Errors come as JAX raises them, for only
    the process that the program comes from knows what they tell.
    """
    program = QJIT(jax.export.deserialize(bytearray(code)).call)
    compiled: Callable[..., Any] = program.executable(args, {})
    return compiled


def is_overflow(message: str) -> bool:
    """Return whether the engine tells of a loop with more iterations than it was compiled for."""
    return loop_overflow(ValueError(message)) is not None


def error_of(message: str) -> Exception | None:
    """Return the exception that a message of the engine stands for, with the user's line."""
    return python_error(ValueError(message), source_of_number)
