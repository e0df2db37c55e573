"""Let every thread record operations in queues of its own.

PennyLane keeps the active queues in one list for the whole process. Its lock only keeps two threads
from recording at once: an operator made by a thread that records nothing goes to the circuit that
another one is recording, and ``stop_recording`` in one thread takes the queues away from the other,
which then fails with the lock held, so that no thread ever records again. The workbench traces in a
thread of its own while the user's cells run, so here each thread has its own list.
"""

import functools
import threading
from collections.abc import Iterator
from typing import Any

import pennylane as qml

from qgrad_lab.circuit.record.compat import trace_state
from qgrad_lab.circuit.record.sources import SourceQueue, check_trace
from qgrad_lab.core.mode import threads


class _Queues(threading.local):
    """The active queues of the calling thread, with the interface of PennyLane's list."""

    def __init__(self) -> None:
        self.queues: list[Any] = []

    def append(self, queue: Any) -> None:
        if threads.state.in_circuit and not isinstance(queue, SourceQueue):
            # PennyLane's own, for the functions under qml.adjoint and qml.ctrl; see `SourceQueue`.
            queue._qgrad_lab_trace = trace_state()
        self.queues.append(queue)

    def pop(self) -> Any:
        return self.queues.pop()

    def __len__(self) -> int:
        return len(self.queues)

    def __getitem__(self, index: int) -> Any:
        queue = self.queues[index]
        trace = getattr(queue, "_qgrad_lab_trace", None)
        if trace is not None:
            check_trace(trace, "A gate")
        return queue


def _stop_recording(cls: Any) -> Iterator[None]:
    # Runs with the globals of PennyLane's function: it can use nothing but its argument.
    contexts = cls._active_contexts
    stopped, contexts.queues = contexts.queues, []
    try:
        yield
    finally:
        contexts.queues = stopped


@functools.cache
def install() -> None:
    """Make PennyLane use the queues of the calling thread; further calls do nothing."""
    manager = qml.QueuingManager
    own = _Queues()
    own.queues = manager._active_contexts  # those of the thread that imports us
    # PennyLane decorates functions with it at import, so that only its code can be replaced.
    function = vars(manager)["stop_recording"].__func__.__wrapped__
    function.__code__ = _stop_recording.__code__
    manager._active_contexts = own
