"""How a long computation tells how far it is, and is asked to stop."""

import time

from qgrad_lab.comparison.running import Progress

INTERVAL = 0.05
"""Seconds between two reports: short for people, long beside what a report costs."""


def silent(done: float, now: str) -> None:
    """The `Progress` of those who do not want to know."""


class Stage:
    """A part of the work, of known size, between two fractions of the whole.

    Parameters
    ----------
    progress
        Whom to tell.
    start, stop
        The fractions of the whole at its beginning and its end.
    count
        Of how many equal steps it consists.
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
        """Some more steps are done; reports, unless it has just been reported."""
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
        """Whether an error is the one by which whom it tells has ended the work."""
        return error is self._end
