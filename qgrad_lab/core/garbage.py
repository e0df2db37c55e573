"""Raise the collector's generation-0 threshold while a program is traced.

Tracing makes some fifty objects for each operation, nearly all of which live until it is done.
Python looks for garbage among them again and again, each time among all objects of the process too,
those of JAX and PennyLane included: close to half of the time that it takes to trace 10,000 gates.
"""

import contextlib
import gc
import threading
from collections.abc import Iterator

_YOUNG = 200_000
"""The threshold: new objects, about 30 MB, until Python looks for garbage among them."""


class _Patience:
    """The collector's thresholds, raised while at least one thread asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._usual = self._ours = (0, 0, 0)

    def begin(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._usual = gc.get_threshold()
                young, middle, old = self._usual
                # Where the first is zero, the user has switched collections off.
                self._ours = (max(young, _YOUNG) if young else 0, middle, old)
                gc.set_threshold(*self._ours)

    def end(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0 and gc.get_threshold() == self._ours:
                gc.set_threshold(*self._usual)  # unless the user has set others meanwhile


_patience = _Patience()


@contextlib.contextmanager
def fewer_collections() -> Iterator[None]:
    """Raise the collector's generation-0 threshold inside the ``with`` block.

    Examples
    --------
    >>> usual = gc.get_threshold()
    >>> with fewer_collections():
    ...     print(gc.get_threshold()[0])
    200000
    >>> gc.get_threshold() == usual
    True
    """
    _patience.begin()
    try:
        yield
    finally:
        _patience.end()
