"""Compiled programs as bytes, which run in other processes and on other machines.

They travel as ``jax.export`` serialises them: what XLA compiles, with the calls of our native
library in it. Where they arrive, this package is needed and nothing of the user's source.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.export

from qgrad_lab.circuit.record.sources import source_of_number
from qgrad_lab.compile.compiled import QJIT, _told
from qgrad_lab.core.failures import loop_overflow, python_error
from qgrad_lab.core.mode import running
from qgrad_lab.engine.library import TARGETS


def shapes(program: QJIT, *args: Any) -> Any:
    """The tree of shapes and dtypes that ``program`` returns."""
    return program._jitted.trace(*args).out_info


def text(program: QJIT, *args: Any) -> str:
    """What XLA is given, without the places in the source: it is the same in every process."""
    with running(program):
        return str(program._jitted.lower(*args).as_text())


def compile_now(program: QJIT, *args: Any) -> None:
    """Compile, so that a call with arguments like these runs at once."""
    program._compile(args, {})


def to_bytes(program: QJIT, *args: Any) -> bytes:
    """``program``, for arguments like these.

    Raises
    ------
    Exception
        Whatever ``jax.export`` raises for a program that calls Python.
    """
    allowed = [jax.export.DisabledSafetyCheck.custom_call(name) for name in TARGETS]
    with running(program):
        exported = jax.export.export(program._jitted, disabled_checks=allowed)(*args)
    return bytes(exported.serialize())


def from_bytes(code: bytes, *args: Any) -> Callable[..., Any]:
    """The program that `to_bytes` wrote, compiled for arguments like these.

    What XLA compiles is kept as for any other program. Errors come as JAX raises them, for only
    the process that the program comes from knows what they tell.
    """
    program = QJIT(jax.export.deserialize(bytearray(code)).call)
    compile_now(program, *args)
    jitted: Callable[..., Any] = program._jitted
    return jitted


def is_overflow(message: str) -> bool:
    """Whether the engine tells of a loop with more iterations than its program was compiled for."""
    return loop_overflow(ValueError(message)) is not None


def make_room(program: QJIT, message: str) -> None:
    """Compile ``program`` for more iterations: a copy of it failed with ``message`` elsewhere."""
    program._make_room(_told(ValueError(message), program._loop_capacities))


def error_of(message: str) -> Exception | None:
    """The exception that a message of the engine stands for, with the user's line; else None."""
    return python_error(ValueError(message), source_of_number)
