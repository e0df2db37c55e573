"""What a call of a compiled program did and took, as the native library counts it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from qgrad_lab.compile.api import QJIT
from qgrad_lab.engine.plans import counts, take_peak_bytes


class Work(NamedTuple):
    """What the native library did during a call, in all threads.

    Attributes
    ----------
    executions : int
        Circuits that were run from their beginning: each is a sweep of a state through its gates,
        or, of circuits that have a beginning in common, what is left of one.
    sweeps : int
        These, and the sweeps backwards of adjoint derivatives.
    state_bytes : int
        The most memory that states took at once.
    """

    executions: int
    sweeps: int
    state_bytes: int


def metered(function: Callable[[], Any]) -> tuple[Any, Work]:
    """What ``function`` returns, once it is computed, and the work that it was.

    Work of other threads at the same time is counted in.
    """
    take_peak_bytes()
    before = counts()
    result = jax.block_until_ready(function())
    after = counts()
    forward = after.forward - before.forward
    work = Work(forward, forward + after.backward - before.backward, take_peak_bytes())
    return result, work


def program_bytes(compiled: QJIT, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int | None:
    """The arguments, results and intermediate arrays of a compiled program, in bytes.

    As XLA has planned them for arguments like these; ``None`` where it does not tell. What the
    native library takes for states is not among them.
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
