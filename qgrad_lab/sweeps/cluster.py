"""A Dask cluster as an engine."""

import contextlib
import time
import uuid
from collections.abc import Iterable
from typing import Any

import numpy as np

from qgrad_lab.sweeps.engines import Lost
from qgrad_lab.sweeps.programs import BlockProgram
from qgrad_lab.sweeps.worker import Payload, run

_LOOK_AGAIN = 5.0
"""Seconds after which the cluster is asked for its size again, for it may grow and shrink."""


class Cluster:
    """The workers that a ``dask.distributed.Client`` reaches.

    A block whose worker dies is computed by another one: Dask sees to that. A block that fails is
    not tried again, because it would fail again.
    """

    remote = True

    def __init__(self, client: Any) -> None:
        self._client = client
        self.name = "dask.distributed"
        self._run = uuid.uuid4().hex[:8]
        self._count = 0
        self._payloads: dict[str, Any] = {}
        self._workers, self._asked = 1, 0.0
        self.check()

    def workers(self) -> int:
        """Threads of all workers."""
        if time.monotonic() - self._asked > _LOOK_AGAIN:
            self.check()
            self._workers = max(1, sum(self._client.nthreads().values()))
            self._asked = time.monotonic()
        return self._workers

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """A future."""
        payload = program.payload
        if payload.key not in self._payloads:
            # A task, not data that is scattered: when all workers that have it die, the scheduler
            # still knows how to make it.
            self._payloads[payload.key] = self._client.submit(
                _itself, payload, key=f"qgrad_lab-program-{self._run}-{payload.key[:16]}"
            )
        self._count += 1
        return self._client.submit(
            run,
            self._payloads[payload.key],
            swept,
            key=f"qgrad_lab-sweep-{self._run}-{self._count}",
            pure=False,
        )

    def check(self) -> None:
        """Raise `Lost` if there is no scheduler."""
        if self._client.status != "running":
            raise self._lost()

    def translated(self, error: BaseException) -> BaseException:
        """`Lost`, for a scheduler or for workers that died one after the other."""
        name, module = type(error).__name__, type(error).__module__
        if name == "KilledWorker":
            return Lost(
                "one block was on several Dask workers that died, one after the other: as a rule "
                "they ran out of memory. Use a smaller chunk, or workers with more memory"
            )
        is_closed = isinstance(error, OSError) and module.startswith("distributed.")
        if is_closed or name in ("CancelledError", "FutureCancelledError", "FuturesCancelledError"):
            return self._lost()
        return error

    def cancel(self, futures: Iterable[Any]) -> None:
        """Those that have not started do not start."""
        with contextlib.suppress(OSError):  # no scheduler, no futures
            if self._client.status == "running":
                self._client.cancel(list(futures), force=True)

    def _lost(self) -> Lost:
        return Lost(
            "the connection to the Dask scheduler is lost: it died, was closed, or cannot be "
            "reached. Connect a new Client"
        )


def _itself(payload: Payload) -> Payload:
    return payload
