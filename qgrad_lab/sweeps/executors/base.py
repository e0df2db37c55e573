"""Where blocks are computed: in this process, by an executor, or by a Dask cluster.

An engine takes one block at a time and gives a future for it. Those of Dask and those of Python
are alike as far as `streaming` goes.
"""

import concurrent.futures
import os
from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from qgrad_lab.sweeps.executors.worker import Failed, compute, run
from qgrad_lab.sweeps.programs import BlockProgram


class Lost(RuntimeError):
    """An engine does not work any more."""


class Engine(Protocol):
    """What `streaming` needs.

    Attributes
    ----------
    name : str
        For the provenance.
    remote : bool
        Whether programs leave this process.
    """

    name: str
    remote: bool

    def workers(self) -> int:
        """How many blocks are computed at once, as far as that is known."""

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """A future of `worker.Computed`."""

    def check(self) -> None:
        """Raise `Lost` if no more results will come."""

    def translated(self, error: BaseException) -> BaseException:
        """``error``, which came while blocks were computed, or `Lost` where it means that."""

    def cancel(self, futures: Iterable[Any]) -> None:
        """Forget about them."""

    def close(self) -> None:
        """Leave the workers as they were."""


def engine(executor: Any) -> Engine:
    """The engine for what the user gave as ``executor``.

    Raises
    ------
    TypeError
        If it is no executor.
    ValueError
        If its processes would be forked.
    """
    if executor is None:
        return Here()
    client = getattr(executor, "_client", executor)  # of a client's get_executor()
    if type(client).__module__.partition(".")[0] == "distributed" and hasattr(client, "scatter"):
        from qgrad_lab.sweeps.executors.dask import Cluster

        return Cluster(client)
    if isinstance(executor, concurrent.futures.ThreadPoolExecutor):
        return Threads(executor)
    if isinstance(executor, concurrent.futures.Executor):
        _check_start_method(executor)
        return Processes(executor)
    raise TypeError(
        f"executor was {executor!r} of type {type(executor).__name__}; it is a "
        "concurrent.futures.Executor, a dask.distributed.Client, or None for this process."
    )


def _check_start_method(executor: Any) -> None:
    context = getattr(executor, "_mp_context", None)
    if context is not None and context.get_start_method() == "fork":
        raise ValueError(
            "The executor forks its processes, and a process in which JAX has run cannot be forked "
            "safely: the copies may wait for each other forever. Start them anew: "
            "ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn'))."
        )


class Here:
    """The calling thread, which computes a block when it is submitted."""

    name = "this process"
    remote = False

    def workers(self) -> int:
        """One."""
        return 1

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """A future that is done."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        program.compile()
        try:
            future.set_result(compute(program.call, program.given, swept))
        except Failed as failure:
            future.set_exception(failure)
        return future

    def check(self) -> None:
        """It cannot be lost."""

    def translated(self, error: BaseException) -> BaseException:
        """The error itself."""
        return error

    def cancel(self, futures: Iterable[Any]) -> None:
        """There are none."""

    def close(self) -> None:
        """There are no workers."""


class _Pool:
    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self.name = type(executor).__name__

    def workers(self) -> int:
        """Of an executor that does not tell, as many as there are processors."""
        return getattr(self._executor, "_max_workers", None) or os.cpu_count() or 1

    def check(self) -> None:
        """The executor tells by its futures."""

    def translated(self, error: BaseException) -> BaseException:
        """A worker that died takes the executor with it."""
        if isinstance(error, concurrent.futures.BrokenExecutor):
            return Lost(
                f"a process of the {self.name} died, and the executor with it: it was killed, "
                "ran out of memory, or could not start (a script that starts processes needs "
                "if __name__ == '__main__':). Make a new executor"
            )
        return error

    def cancel(self, futures: Iterable[Any]) -> None:
        """Those that are running run to their end."""
        for future in futures:
            future.cancel()

    def close(self) -> None:
        """They keep what they have compiled."""


class Threads(_Pool):
    """Threads of this process."""

    remote = False

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """A future."""
        program.compile()
        return self._executor.submit(compute, program.call, program.given, swept)


class Processes(_Pool):
    """Any other executor: its workers may be other processes, on other machines."""

    remote = True

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """A future."""
        return self._executor.submit(run, program.payload, swept)
