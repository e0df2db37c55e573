"""Which quantum function is being recorded, in this thread: where loops and branches belong to."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pennylane as qml

from qgrad_lab.circuit.record.sources import SourceQueue


class WiresNeeded(Exception):
    """A loop, a branch or ``measure`` has to know all wires, and the device has none."""


@dataclass
class Recording:
    """A quantum function that is being recorded.

    Parameters
    ----------
    name
        Of the function.
    wire_map
        From wire labels to wires of the Program; ``None`` where the device has no fixed wires.
    single
        Whether its states are complex64, not complex128.
    defers
        Whether PennyLane replaces measurements in the middle by controlled operations.
    discards
        Whether shots that have another outcome than was selected are to be left out.
    shot_key
        Key of the random numbers to come u32[2], where the function is run for one shot.
    unknown
        A traced boolean, where the function is run to find out its wires; see `wire_discovery`.

    Attributes
    ----------
    queue
        PennyLane's queue that the function's own operations go to; those of loops, branches and
        functions under ``qml.adjoint`` or ``qml.ctrl`` go to others.
    num_measured
        How many wires were measured in the middle so far.
    state
        What ``measure`` has left of the operations before it, where none came since.
    """

    name: str
    wire_map: dict[Any, int] | None
    single: bool = False
    defers: bool = False
    discards: bool = False
    shot_key: Any = None
    unknown: Any = None
    queue: Any = None
    num_measured: int = 0
    state: qml.StatePrep | None = None

    def wires(self) -> dict[Any, int]:
        """The wires, for what has to know them at once."""
        if self.wire_map is None:
            raise WiresNeeded
        return self.wire_map

    def is_active(self) -> bool:
        """Whether what is recorded now goes to the function's own queue."""
        return qml.QueuingManager.active_context() is self.queue


class _State(threading.local):
    recording: Recording | None = None


_state = _State()


def current_recording() -> Recording | None:
    """The innermost quantum function that this thread is recording."""
    return _state.recording


@contextlib.contextmanager
def record(recording: Recording) -> Iterator[SourceQueue]:
    """Make ``recording`` the current one inside the ``with`` block; gives its queue."""
    previous = _state.recording
    _state.recording = recording
    try:
        with SourceQueue() as queue:
            recording.queue = queue
            yield queue
    finally:
        _state.recording = previous
