"""Meter calls of compiled programs: circuits, sweeps and memory."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from qgrad_lab.compile.api import QJIT
from qgrad_lab.engine.plans import counts, take_peak_bytes


class Work(NamedTuple):
    """The work of the native library during a call, in all threads.

    Attributes
    ----------
    executions : int
        Circuits that were run from their beginning: each is a sweep of a state through its gates,
        or through the remaining ones if circuits share their beginning.
    sweeps : int
        These, and the backward sweeps of adjoint derivatives.
    state_bytes : int
        The most memory that states took at once.
    """

    executions: int
    sweeps: int
    state_bytes: int


def metered(function: Callable[[], Any]) -> tuple[Any, Work]:
    """Call ``function`` and wait for its result; return it with the work that it took.

    Concurrent work of other threads is included.
    """
    take_peak_bytes()
    before = counts()
    result = jax.block_until_ready(function())
    after = counts()
    forward = after.forward - before.forward
    work = Work(forward, forward + after.backward - before.backward, take_peak_bytes())
    return result, work


def program_bytes(compiled: QJIT, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """Return the bytes of a compiled program's arguments, results and intermediate arrays.

    This is XLA's plan for arguments like these; None if it does not tell. States of the native
    library are not included.
    """
    statistics = compiled.executable(args, kwargs).memory_analysis()
    if statistics is None:
        return None
    return int(
        statistics.argument_size_in_bytes
        + statistics.output_size_in_bytes
        + statistics.temp_size_in_bytes
        - statistics.alias_size_in_bytes
    )
