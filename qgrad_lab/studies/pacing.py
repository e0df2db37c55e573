"""Report the progress of a long computation, and let it be stopped."""

import time

from qgrad_lab.comparison.running import Progress

INTERVAL = 0.05
"""Seconds between two reports: short for people, long beside what a report costs."""


def silent(done: float, now: str) -> None:
    """Report to nobody: the default `Progress`."""


class Phase:
    """A part of the work that consists of equal steps, between two fractions of the whole.

    Parameters
    ----------
    progress
        The callback to report to.
    start, stop
        The fractions of the whole at its beginning and its end.
    count
        The number of steps.
    now
        What is being done, in words.
    """

    def __init__(self, progress: Progress, start: float, stop: float, count: int, now: str) -> None:
        self._progress, self._start, self._stop = progress, start, stop
        self._count, self._now = max(1, count), now
        self._done = 0
        self._last = time.perf_counter()
        self._end: BaseException | None = None
        progress(start, now)

    def step(self, count: int = 1) -> None:
        """Count more steps as done, and report unless that has just been done."""
        self._done += count
        present = time.perf_counter()
        if present - self._last >= INTERVAL:
            self._last = present
            part = min(1.0, self._done / self._count)
            try:
                self._progress(self._start + part * (self._stop - self._start), self._now)
            except BaseException as end:
                self._end = end
                raise

    def ended_by(self, error: BaseException) -> bool:
        """Return whether ``error`` was raised by the callback to stop the work."""
        return error is self._end
