"""The user's line that made an operation or a measurement, for messages about it.

A circuit is recorded first and compiled afterwards, when the user's line is no longer running. So
the queue that records it notes who was calling.
"""

import linecache
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pennylane as qml

from qgrad_lab.errors import CompileError

Result = TypeVar("Result")

_LIBRARIES = tuple(
    os.path.dirname(os.path.abspath(file)) + os.sep
    for file in (qml.__file__, os.path.dirname(os.path.abspath(__file__)))
)


class Source(NamedTuple):
    """A line of a file or of a notebook cell."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.line).strip()
        place = f'File "{self.file}", line {self.line}, in {self.function}'
        return f"  {place}\n    {text}" if text else f"  {place}"


class SourceQueue(qml.queuing.AnnotatedQueue):
    """A queue that notes on each object in it where it comes from."""

    def append(self, obj: Any, **kwargs: Any) -> None:
        """Record ``obj``, and the innermost line of the user's that is running."""
        super().append(obj, **kwargs)
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
            frame = frame.f_back
        code = frame.f_code
        # On the object, for PennyLane's transforms keep it in the copies that they make.
        obj._qgrad_lab_source = Source(code.co_filename, frame.f_lineno, code.co_name)


def explained(function: Callable[[Any], Result], thing: Any) -> Result:
    """``function(thing)``, whose error tells the line that made ``thing``, where it is known."""
    try:
        return function(thing)
    except CompileError as error:
        source = getattr(thing, "_qgrad_lab_source", None)
        if source is not None and not getattr(error, "__notes__", None):
            error.add_note(str(source))
        raise
