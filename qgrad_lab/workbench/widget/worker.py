"""Run a widget's work in one thread: the newest request counts, older ones end."""

import threading
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

DEBOUNCE = 0.3
"""Seconds without a new request before work begins."""


class Cancelled(Exception):
    """Raised to end work that nobody waits for any more."""


class Job(Protocol):
    """A job and its callbacks, all called in the worker's thread."""

    def compute(self, progress: Callable[[float, str], None]) -> Any:
        """Return the result; ``progress`` raises `Cancelled` once it is not wanted any more."""

    def done(self, result: Any) -> None:
        """Take the result, if it is still the newest."""

    def failed(self, error: Exception) -> None:
        """Take the error of the computation."""

    def cancelled(self) -> None:
        """React to a cancellation or SIGINT, if there is no newer request."""

    def progressed(self, part: float, now: str) -> None:
        """Report the fraction done and the current step."""


class _Request(NamedTuple):
    number: int
    job: Job


class Worker:
    """A thread that runs the newest of its jobs, after a moment without newer ones."""

    def __init__(self, debounce: float = DEBOUNCE) -> None:
        self._debounce = debounce
        self._changed = threading.Condition()
        self._number = 0
        self._request: _Request | None = None
        self._running = False
        self._closed = False
        # The thread must not keep its widget alive, nor be killed in the middle at shutdown.
        thread = threading.Thread(target=_serve, args=[weakref.ref(self)], daemon=True)
        thread.name = "qgrad_lab workbench"
        thread.start()

    def submit(self, job: Job) -> None:
        """Run ``job`` in place of all others."""
        with self._changed:
            self._number += 1
            self._request = _Request(self._number, job)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Drop all jobs; a running one ends before its next native call."""
        with self._changed:
            self._number += 1
            self._request = None
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel, and end the thread."""
        with self._changed:
            self._closed = True
        self.cancel()

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds, and return whether all work is done."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._request is None and not self._running, timeout
            )

    def _next(self) -> _Request | None:
        """Wait for a request that no other follows at once; None if there is none."""
        with self._changed:
            if self._closed:
                raise Cancelled
            if self._request is None:
                self._changed.wait(1.0)
                return None
            number = self._request.number
            if self._changed.wait_for(lambda: self._number != number, self._debounce):
                return None
            request, self._request, self._running = self._request, None, True
            return request

    def _do(self, request: _Request) -> None:
        def progress(part: float, now: str) -> None:
            if self._number != request.number:
                raise Cancelled
            request.job.progressed(part, now)

        try:
            result = request.job.compute(progress)
            progress(1.0, "")
            request.job.done(result)
        except (Cancelled, KeyboardInterrupt):  # SIGINT stops circuits in every thread
            with self._changed:
                newer = self._request is not None
            if not newer:
                request.job.cancelled()
        except Exception as error:
            if self._number == request.number:
                request.job.failed(error)
        finally:
            with self._changed:
                self._running = False
                self._changed.notify_all()


def _serve(reference: "weakref.ref[Worker]") -> None:
    while True:
        worker = reference()
        if worker is None:
            return
        try:
            request = worker._next()
        except Cancelled:
            return
        if request is not None:
            worker._do(request)
        del worker, request
