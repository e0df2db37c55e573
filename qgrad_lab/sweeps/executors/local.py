"""Compute blocks with what Python has: the calling thread, pools of threads or processes."""

import concurrent.futures
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from qgrad_lab.sweeps.executors.protocol import Lost
from qgrad_lab.sweeps.executors.worker import Failed, compute, compute_sent
from qgrad_lab.sweeps.programs import BlockProgram


class Here:
    """The calling thread, which computes a block when it is submitted."""

    name = "this process"
    remote = False

    def workers(self) -> int:
        """Return 1."""
        return 1

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """Compute the block, and return a future that is done."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        program.compile()
        try:
            future.set_result(compute(program.call, program.given, swept))
        except Failed as failure:
            future.set_exception(failure)
        return future

    def check(self) -> None:
        """Do nothing: this process cannot be lost."""

    def translated(self, error: BaseException) -> BaseException:
        """Return the error itself."""
        return error

    def cancel(self, futures: Iterable[Any]) -> None:
        """Do nothing: all futures are done."""

    def close(self) -> None:
        """Do nothing: there are no workers."""


class _Pool:
    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self.name = type(executor).__name__

    def workers(self) -> int:
        """Return the size of the pool; if it does not tell, the number of processors."""
        return getattr(self._executor, "_max_workers", None) or os.cpu_count() or 1

    def check(self) -> None:
        """Do nothing: the pool tells by its futures."""

    def translated(self, error: BaseException) -> BaseException:
        """Return `Lost` for a pool that broke: a worker that dies takes it along."""
        if isinstance(error, concurrent.futures.BrokenExecutor):
            return Lost(
                f"a process of the {self.name} died, and the executor with it: it was killed, "
                "ran out of memory, or could not start (a script that starts processes needs "
                "if __name__ == '__main__':). Make a new executor"
            )
        return error

    def cancel(self, futures: Iterable[Any]) -> None:
        """Cancel what has not started; what is running runs to its end."""
        for future in futures:
            future.cancel()

    def close(self) -> None:
        """Do nothing: workers keep what they have compiled."""


class Threads(_Pool):
    """A pool of threads of this process."""

    remote = False

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """Return a future."""
        program.compile()
        return self._executor.submit(compute, program.call, program.given, swept)


class Processes(_Pool):
    """Any other pool: its workers may be other processes, on other machines."""

    remote = True

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """Return a future."""
        return self._executor.submit(compute_sent, program.payload, swept)
