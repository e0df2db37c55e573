"""One thread for the work of a widget: the newest request counts, older ones end."""

import threading
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

DEBOUNCE = 0.3
"""Seconds without a new request after which work begins."""


class Cancelled(Exception):
    """Ends work that nobody waits for any more."""


class Job(Protocol):
    """What a worker does, and whom it tells; everything is called in the worker's thread."""

    def compute(self, progress: Callable[[float, str], None]) -> Any:
        """The result. ``progress`` raises `Cancelled` when it is not wanted any more."""

    def done(self, result: Any) -> None:
        """It was computed, and is the newest."""

    def failed(self, error: Exception) -> None:
        """It could not be."""

    def cancelled(self) -> None:
        """The user did not want it any more, or has sent SIGINT; there is no newer request."""

    def progressed(self, part: float, now: str) -> None:
        """So much of the work is done, and this is what is being done now."""


class _Request(NamedTuple):
    number: int
    job: Job


class Worker:
    """Runs the newest of the jobs that it is given, after a moment without newer ones."""

    def __init__(self, debounce: float = DEBOUNCE) -> None:
        self._debounce = debounce
        self._changed = threading.Condition()
        self._number = 0
        self._request: _Request | None = None
        self._running = False
        self._closed = False
        # It must not keep its widget alive, nor end in the middle when the kernel shuts down.
        thread = threading.Thread(target=_serve, args=[weakref.ref(self)], daemon=True)
        thread.name = "qgrad_lab workbench"
        thread.start()

    def submit(self, job: Job) -> None:
        """Have ``job`` done in place of all others."""
        with self._changed:
            self._number += 1
            self._request = _Request(self._number, job)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Give up whatever is asked for; what runs ends before its next native call."""
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
        """Whether all is done, or came to be within ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._request is None and not self._running, timeout
            )

    def _next(self) -> _Request | None:
        """Wait a moment for a request that is not followed by another; None if there is none."""
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
