"""Track the quantum function that this thread records, which loops and branches belong to."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pennylane as qml

from qgrad_lab.circuit.record.sources import SourceQueue
from qgrad_lab.core.mode import in_circuit


class WiresNeeded(Exception):
    """Raised where a loop, a branch or ``measure`` needs all wires and the device has none."""


@dataclass
class Recording:
    """A quantum function that is being recorded.

    Parameters
    ----------
    name
        The name of the function.
    wire_map
        From wire labels to wires of the Program; ``None`` where the device has no fixed wires.
    single
        Whether its states are complex64, not complex128.
    defers
        Whether PennyLane replaces measurements in the middle by controlled operations.
    discards
        Whether outcomes are drawn also where one is selected, and shots with another left out.
    shot_key
        Key of the random numbers to come, u32[2], if the function is run for one shot.
    unknown
        A traced boolean, if the function is run to find its wires; see ``wire_discovery``.
    signals
        Whether ``measure`` asks for it to be run anew, with ``cuts``.
    cuts
        Takes the measurements in the middle, if all outcomes are followed; see ``control.cuts``.

    Attributes
    ----------
    queue
        PennyLane's queue of the function's own operations; those of loops, branches and functions
        under ``qml.adjoint`` or ``qml.ctrl`` go to other queues.
    num_measured
        The number of wires measured in the middle so far.
    valid
        Whether this execution found all outcomes that were selected, a traced boolean; ``None``
        without shots.
    state
        The preparation that the last ``measure`` put in place of all operations before it.
    root
        The queue in which the function began. Where all outcomes are followed, a branch that
        measures has another one.
    active
        Whether what is recorded is asked for, a traced boolean in such a branch.
    """

    name: str
    wire_map: dict[Any, int] | None
    single: bool = False
    defers: bool = False
    discards: bool = False
    shot_key: Any = None
    unknown: Any = None
    signals: bool = False
    cuts: list[Any] | None = None
    queue: Any = None
    num_measured: int = 0
    valid: Any = None
    state: qml.StatePrep | None = None
    root: Any = None
    active: Any = True

    def wires(self) -> dict[Any, int]:
        """Return the wires, where they are needed before the function ends.

        Raises
        ------
        WiresNeeded
            If the device has no fixed wires.
        """
        if self.wire_map is None:
            raise WiresNeeded
        return self.wire_map

    def is_active(self) -> bool:
        """Return whether what is recorded now goes to the function's own queue."""
        return qml.QueuingManager.active_context() is self.queue


class _Current(threading.local):
    recording: Recording | None = None


_current = _Current()


def current_recording() -> Recording | None:
    """Return the innermost quantum function that this thread is recording."""
    return _current.recording


@contextlib.contextmanager
def record(recording: Recording) -> Iterator[SourceQueue]:
    """Make ``recording`` the current one inside the ``with`` block; yields its queue."""
    previous = _current.recording
    _current.recording = recording
    try:
        with in_circuit(), SourceQueue() as queue:
            recording.queue = recording.root = queue
            yield queue
    finally:
        _current.recording = previous
