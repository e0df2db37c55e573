"""Read the engine's errors, which come through XLA and JAX as text."""

import dataclasses
import re
from collections.abc import Callable

import jax

JAX_ERRORS = (jax.errors.JaxRuntimeError, ValueError)
"""The errors of JAX, of which it raises either for what the engine refuses."""


@dataclasses.dataclass(frozen=True)
class LoopOverflow:
    """A loop had more iterations than it was compiled for.

    Parameters
    ----------
    label
        Which loop.
    count
        How many iterations it has, at least.
    capacity
        How many it was compiled for.
    """

    label: int
    count: int
    capacity: int

    @property
    def enough(self) -> int:
        """The capacity to try next."""
        if self.count == self.capacity + 1:  # it only told that the capacity was not enough
            return 4 * self.capacity
        return 2 ** (self.count - 1).bit_length()


_LOOP_OVERFLOW = re.compile(r"loop (\d+) has (\d+) iterations or more and was compiled for (\d+)\.")


def loop_overflow(error: Exception) -> LoopOverflow | None:
    """Read what ``error`` says of a loop, if ``native/plan/schedule.cpp`` raised it for one."""
    found = _LOOP_OVERFLOW.search(str(error)) if isinstance(error, JAX_ERRORS) else None
    return None if found is None else LoopOverflow(*map(int, found.groups()))


_INTERRUPTED = "qgrad_lab: interrupted by SIGINT"


def is_interrupted(error: BaseException | None) -> bool:
    """Return whether ``error`` of JAX says that the engine (``native/xla/ffi.cpp``) was stopped."""
    return isinstance(error, JAX_ERRORS) and _INTERRUPTED in str(error)


_CLASSES: dict[str, type[Exception]] = {
    "INVALID_ARGUMENT": ValueError,
    "RESOURCE_EXHAUSTED": MemoryError,
}
_SOURCE = re.compile(r" \[source (\d+)\]")
_OURS = re.compile(rf"({'|'.join(_CLASSES)}): .*?qgrad_lab: (.*)", re.DOTALL)


_ASSERTION = re.compile(r"qgrad_lab: assertion \[(.*?)\] does not hold", re.DOTALL)


def assertion_text(message: str) -> str:
    """Return the text by which an assertion tells its message through XLA."""
    return f"qgrad_lab: assertion [{message}] does not hold"


def refusal_text(message: str) -> str:
    """Return the text by which a callback tells through XLA why it cannot be executed."""
    return f"INVALID_ARGUMENT: qgrad_lab: {message}"


def python_error(error: Exception, source_of_number: Callable[[int], object]) -> Exception | None:
    """Make the exception that ``error`` of JAX stands for, if ``native/xla/ffi.cpp`` raised it.

    A ``RuntimeError`` for an assertion; a ``ValueError`` for a wire, a bit or the length of a loop;
    a ``MemoryError`` for a circuit that does not fit. ``source_of_number``
    knows the user's line by its number.
    """
    if not isinstance(error, JAX_ERRORS):
        return None
    asserted = _ASSERTION.search(str(error))
    if asserted is not None:
        return RuntimeError(asserted[1])
    found = _OURS.search(str(error))
    if found is None:
        return None
    message = found[2].strip()
    origin = _SOURCE.search(message)
    told = _CLASSES[found[1]](_SOURCE.sub("", message))
    source = None if origin is None else source_of_number(int(origin[1]))
    if source is not None:
        told.add_note(str(source))
    return told
