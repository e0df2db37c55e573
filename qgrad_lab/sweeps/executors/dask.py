"""Compute blocks on a Dask cluster."""

import contextlib
import time
import uuid
from collections.abc import Iterable
from typing import Any

import distributed
import numpy as np

from qgrad_lab.sweeps.executors.protocol import Lost
from qgrad_lab.sweeps.executors.worker import Payload, compute_kept, forget, keep
from qgrad_lab.sweeps.programs import BlockProgram

_LOOK_AGAIN = 5.0
"""Seconds after which the cluster is asked for its size again, for it may grow and shrink."""

_ATTEMPTS = 5
"""Attempts to reach all workers, while some of them die."""


class DaskCluster:
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
        self._plugins: dict[str, str] = {}
        self._workers, self._asked = 1, 0.0
        self.check()

    def workers(self) -> int:
        """Return the number of threads of all workers."""
        if time.monotonic() - self._asked > _LOOK_AGAIN:
            self.check()
            self._workers = max(1, sum(self._client.nthreads().values()))
            self._asked = time.monotonic()
        return self._workers

    def submit(self, program: BlockProgram, swept: tuple[np.ndarray, ...]) -> Any:
        """Return a future."""
        payload = program.payload
        if payload.key not in self._plugins:
            self._register(payload)
        self._count += 1
        return self._client.submit(
            compute_kept,
            payload.key,
            swept,
            key=f"qgrad_lab-sweep-{self._run}-{self._count}",
            pure=False,
        )

    def check(self) -> None:
        """Raise `Lost` if there is no scheduler."""
        if self._client.status != "running":
            raise self._lost()

    def translated(self, error: BaseException) -> BaseException:
        """Return `Lost` for a scheduler, or for workers that died one after the other."""
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
        """Cancel what has not started."""
        with contextlib.suppress(OSError):  # no scheduler, no futures
            if self._client.status == "running":
                self._client.cancel(list(futures), force=True)

    def close(self) -> None:
        """Take the programs from the workers."""
        for name in self._plugins.values():
            with contextlib.suppress(OSError):
                if self._client.status == "running":
                    self._client.unregister_worker_plugin(name)

    def _register(self, payload: Payload) -> None:
        """Give a program to all workers, and to those that will join them."""
        # Not as data of the cluster, which workers get from each other: one that has to get it from
        # a worker that just died waits half a minute.
        name = self._plugins[payload.key] = f"qgrad_lab-{self._run}-{payload.key[:16]}"
        for attempt in range(_ATTEMPTS):
            try:
                self._client.register_plugin(_Program(payload), name=name)
                return
            except OSError:  # a worker died while it was told
                self.check()
                if attempt == _ATTEMPTS - 1:
                    raise

    def _lost(self) -> Lost:
        return Lost(
            "the connection to the Dask scheduler is lost: it died, was closed, or cannot be "
            "reached. Connect a new Client"
        )


class _Program(distributed.WorkerPlugin):
    """A plug-in of workers that brings them a program."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload

    def setup(self, worker: Any) -> None:
        """Keep the program, before the first block comes."""
        keep(self._payload)

    def teardown(self, worker: Any) -> None:
        """Forget it, when the sweep is over."""
        forget(self._payload.key)
