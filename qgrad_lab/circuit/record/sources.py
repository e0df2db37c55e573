"""The user's line that made an operation or a measurement, for messages about it.

A circuit is recorded first and compiled afterwards, when the user's line is no longer running. So
the queue that records it notes who was calling. What can fail only when the circuit runs has the
line as a number, which the engine's error repeats.
"""

import functools
import inspect
import itertools
import linecache
import os
import sys
import types
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pennylane as qml
from jax.extend.source_info_util import register_exclusion

from qgrad_lab.core.tracebacks import PACKAGE
from qgrad_lab.errors import CompileError

Result = TypeVar("Result")

_PENNYLANE = os.path.dirname(os.path.abspath(qml.__file__)) + os.sep
_LIBRARIES = (_PENNYLANE, PACKAGE)

# What a circuit computes comes from the user's line, to JAX too.
register_exclusion(_PENNYLANE)


class Source(NamedTuple):
    """A line of a file or of a notebook cell."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        text = linecache.getline(self.file, self.line).strip()
        place = f'File "{self.file}", line {self.line}, in {self.function}'
        return f"  {place}\n    {text}" if text else f"  {place}"


class _Place:
    """An instruction in the user's code, whose line is looked up when it is asked for.

    To find the line of an instruction takes time in proportion to the length of its function, and
    circuits of thousands of lines are written by programs.
    """

    __slots__ = ("code", "instruction")

    def __init__(self, code: types.CodeType, instruction: int) -> None:
        self.code = code
        self.instruction = instruction

    def source(self) -> Source:
        """The line."""
        positions = itertools.islice(self.code.co_positions(), self.instruction // 2, None)
        line = next(positions, (None,))[0] or self.code.co_firstlineno
        return Source(self.code.co_filename, line, self.code.co_name)

    def __reduce__(self) -> Any:
        # Code cannot be pickled or copied to another process, and operations can.
        return _Found, (self.source(),)


class _Found:
    """A line that was looked up before."""

    __slots__ = ("_source",)

    def __init__(self, source: Source) -> None:
        self._source = source

    def source(self) -> Source:
        """The line."""
        return self._source


def _source_of(thing: Any) -> Source | None:
    place = place_of(thing)
    return None if place is None else place.source()


def place_of(thing: Any) -> Any:
    """Where ``thing`` was made, to be kept with what is made of it; None where it is not known."""
    return getattr(thing, "_qgrad_lab_place", None)


_known: dict[int, Source] = {}


def number_of(thing: Any) -> int:
    """A number for the line that made ``thing``, for `source_of_number`; 0 where it is not known.

    It is the same in every process, and in a notebook whatever number its cell has: it is part of
    the compiled program, which has to be found again in JAX's persistent cache.
    """
    source = _source_of(thing)
    if source is None:
        return 0
    text = linecache.getline(source.file, source.line).strip()
    number = zlib.crc32(f"{source.function} {source.line} {text}".encode())
    _known[number] = source
    return number


def code_of(function: Callable[..., Any]) -> types.CodeType | None:
    """The code of a function of the user's, also of one that is wrapped."""
    return getattr(inspect.unwrap(function), "__code__", None)


def number_of_code(*functions: Callable[..., Any]) -> int:
    """A number for the user's code that ``functions`` are, for `source_of_number`.

    The same code has the same number in every process, as with `number_of`.
    """
    known = [code for code in map(code_of, functions) if code is not None]
    parts = [(code.co_qualname, code.co_code.hex(), code.co_names) for code in known]
    number = zlib.crc32(repr(parts).encode())
    if known:
        last = known[-1]
        _known[number] = Source(last.co_filename, last.co_firstlineno, last.co_name)
    return number


def source_of_number(number: int) -> Source | None:
    """The newest line that has this number."""
    return _known.get(number)


class SourceQueue(qml.queuing.AnnotatedQueue):
    """A queue that notes on each object in it where it comes from."""

    def append(self, obj: Any, **kwargs: Any) -> None:
        """Record ``obj``, and the innermost line of the user's that is running."""
        super().append(obj, **kwargs)
        frame = sys._getframe(1)
        while frame.f_back is not None and is_library(frame.f_code.co_filename):
            frame = frame.f_back
        # On the object, for PennyLane's transforms keep it in the copies that they make.
        obj._qgrad_lab_place = _Place(frame.f_code, frame.f_lasti)


@functools.lru_cache(maxsize=4096)
def is_library(file: str) -> bool:
    """Whether a file is PennyLane's, or one of those that record circuits."""
    return file.startswith(_LIBRARIES)


def explained(function: Callable[[Any], Result], thing: Any) -> Result:
    """``function(thing)``, whose error tells the line that made ``thing``, where it is known."""
    try:
        return function(thing)
    except CompileError as error:
        source = _source_of(thing)
        if source is not None and not getattr(error, "__notes__", None):
            error.add_note(str(source))
        raise
