"""Every thread records operations in queues of its own.

PennyLane keeps the queues that are recording in one list for the whole process. Its lock keeps two
threads from recording at once, and no more than that: an operator made by a thread that records
nothing goes to the circuit that another one is recording, and `stop_recording` in one takes the
queues from the other, which then fails with the lock held, so that no other thread ever records
again. A workbench traces in a thread of its own while the user's cells run, so here each thread has
its own list.
"""

import functools
import threading
from collections.abc import Iterator
from typing import Any

import pennylane as qml


class _Queues(threading.local):
    """The queues that the calling thread is recording in, as PennyLane uses its list of them."""

    def __init__(self) -> None:
        self.queues: list[Any] = []

    def append(self, queue: Any) -> None:
        self.queues.append(queue)

    def pop(self) -> Any:
        return self.queues.pop()

    def __len__(self) -> int:
        return len(self.queues)

    def __getitem__(self, index: int) -> Any:
        return self.queues[index]


def _stop_recording(cls: Any) -> Iterator[None]:
    # Runs as PennyLane's own function, with its globals: it can use nothing but its argument.
    contexts = cls._active_contexts
    stopped, contexts.queues = contexts.queues, []
    try:
        yield
    finally:
        contexts.queues = stopped


@functools.cache
def install() -> None:
    """Let PennyLane use the queues of the calling thread, once."""
    manager = qml.QueuingManager
    own = _Queues()
    own.queues = manager._active_contexts  # of the thread that imports us
    # PennyLane decorates functions with it while it is imported, so there is nothing to replace but
    # its code.
    function = vars(manager)["stop_recording"].__func__.__wrapped__
    function.__code__ = _stop_recording.__code__
    manager._active_contexts = own
