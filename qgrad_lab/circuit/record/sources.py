"""Find the user's line that made an operation or a measurement, for messages about it.

A circuit is recorded first and compiled afterwards, when the user's line is no longer running. So
the queue that records it notes the caller. An instruction that can fail only when the circuit runs
carries its line as a number, which the engine's error repeats.
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

from qgrad_lab.circuit.record.compat import trace_state
from qgrad_lab.core.tracebacks import PACKAGE
from qgrad_lab.errors import CompileError

Result = TypeVar("Result")

_PENNYLANE = os.path.dirname(os.path.abspath(qml.__file__)) + os.sep
_LIBRARIES = (_PENNYLANE, PACKAGE)

# JAX too attributes what a circuit computes to the user's line.
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
    """An instruction in the user's code, whose line is looked up on demand.

    Finding the line of an instruction takes time in proportion to the length of its function, and
    programs write circuits of thousands of lines.
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
        # Operations can be pickled or copied to another process; code objects cannot.
        return _Found, (self.source(),)


class _Found:
    """A line that has been looked up."""

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
    """Return where ``thing`` was made, to be kept with what it becomes; None if unknown."""
    return getattr(thing, "_qgrad_lab_place", None)


_known: dict[int, Source] = {}


def number_of(thing: Any) -> int:
    """Return a number for the line that made ``thing``, for `source_of_number`; 0 if unknown.

    It is the same in every process, and in a notebook independent of the number of the cell: it is
    part of the compiled program, which JAX's persistent cache has to find again.
    """
    source = _source_of(thing)
    if source is None:
        return 0
    text = linecache.getline(source.file, source.line).strip()
    number = zlib.crc32(f"{source.function} {source.line} {text}".encode())
    _known[number] = source
    return number


def code_of(function: Callable[..., Any]) -> types.CodeType | None:
    """Return the code of the user's function, which may be wrapped."""
    return getattr(inspect.unwrap(function), "__code__", None)


def number_of_code(*functions: Callable[..., Any]) -> int:
    """Return a number for the code of the user's ``functions``, for `source_of_number`.

    As with `number_of`, the same code has the same number in every process.
    """
    known = [code for code in map(code_of, functions) if code is not None]
    parts = [(code.co_qualname, code.co_code.hex(), code.co_names) for code in known]
    number = zlib.crc32(repr(parts).encode())
    if known:
        last = known[-1]
        _known[number] = Source(last.co_filename, last.co_firstlineno, last.co_name)
    return number


def source_of_number(number: int) -> Source | None:
    """Return the newest line that has this number."""
    return _known.get(number)


class OtherTrace(CompileError):
    """An operation was recorded in another trace of JAX than its quantum function."""


def _refuse(what: str, _: Any) -> None:
    raise OtherTrace(
        f"{what} stands in a function that a transformation of JAX traces on its own, such as "
        "jax.lax.cond, scan, while_loop, jax.vmap, jax.grad or jax.checkpoint, and a trace keeps "
        "no gates. Write a loop with for_loop or while_loop of qgrad_lab and a branch with cond, "
        "call the function without the transformation, or leave the gates out of it."
    )


def check_trace(trace: Any, what: str, thing: Any = None) -> None:
    """Refuse ``what``, the object ``thing``, if JAX is in another trace than ``trace``."""
    if trace_state() != trace:
        explained(functools.partial(_refuse, what), thing)


class SourceQueue(qml.queuing.AnnotatedQueue):
    """A queue that notes on each object where it was made, all in the same trace of JAX."""

    def __init__(self) -> None:
        super().__init__()
        self._trace = trace_state()

    def append(self, obj: Any, **kwargs: Any) -> None:
        """Record ``obj``, and the user's innermost line that is running."""
        super().append(obj, **kwargs)
        frame = sys._getframe(1)
        while frame.f_back is not None and is_library(frame.f_code.co_filename):
            frame = frame.f_back
        # On the object, because PennyLane's transforms keep it when they copy objects.
        obj._qgrad_lab_place = _Place(frame.f_code, frame.f_lasti)
        self.check_trace(type(obj).__name__, obj)

    def check_trace(self, what: str, thing: Any = None) -> None:
        """Refuse ``what`` is recorded now, the object ``thing``, in another trace of JAX.

        Such a trace runs once for many calls or iterations, or may come out of JAX's caches and not
        run at all, so that there is no telling how often it is meant.

        Raises
        ------
        OtherTrace
            If the queue belongs to another one.
        """
        check_trace(self._trace, what, thing)


@functools.lru_cache(maxsize=4096)
def is_library(file: str) -> bool:
    """Return whether a file is PennyLane's or of this package."""
    return file.startswith(_LIBRARIES)


def explained(function: Callable[[Any], Result], thing: Any) -> Result:
    """Call ``function(thing)``, and note the line that made ``thing`` on its error, if known."""
    try:
        return function(thing)
    except CompileError as error:
        source = _source_of(thing)
        if source is not None and not getattr(error, "__notes__", None):
            error.add_note(str(source))
        raise
