"""Which quantum function is being recorded, in this thread: where loops and branches belong to."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qgrad_lab.errors import CompileError


@dataclass
class Recording:
    """A quantum function that is being recorded.

    Parameters
    ----------
    name
        Of the function.
    wire_map
        From wire labels to wires of the Program; ``None`` where the device has no fixed wires.
    defers
        Whether PennyLane replaces measurements in the middle by controlled operations.
    discards
        Whether shots that have another outcome than was selected are to be left out.
    shot_key
        Key of the random numbers u32[2], where the function is run for one shot.

    Attributes
    ----------
    queue
        PennyLane's queue that the function's own operations go to; those of loops, branches and
        functions under ``qml.adjoint`` or ``qml.ctrl`` go to others.
    num_measured
        How many wires were measured in the middle so far.
    """

    name: str
    wire_map: dict[Any, int] | None
    defers: bool = False
    discards: bool = False
    shot_key: Any = None
    queue: Any = None
    num_measured: int = 0

    def wires(self) -> dict[Any, int]:
        """The wires, for loops and branches, which have to know them at once."""
        if self.wire_map is None:
            raise CompileError(
                f"The quantum function {self.name} has loops or branches, and its device has no "
                "wires. Give it wires: qml.device('lightning.qubit', wires=...)."
            )
        return self.wire_map


class _State(threading.local):
    recording: Recording | None = None


_state = _State()


def current_recording() -> Recording | None:
    """The innermost quantum function that this thread is recording."""
    return _state.recording


@contextlib.contextmanager
def recording(value: Recording | None) -> Iterator[None]:
    """Make ``value`` the current recording inside the ``with`` block."""
    previous = _state.recording
    _state.recording = value
    try:
        yield
    finally:
        _state.recording = previous
