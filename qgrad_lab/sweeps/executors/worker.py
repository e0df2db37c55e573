"""Compute blocks where they are: in this process, or in a worker of an executor."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from qgrad_lab._version import __version__
from qgrad_lab.compile import export

_KEPT = 64
"""Programs that a worker keeps compiled."""


class Payload(NamedTuple):
    """A program as it is sent to workers.

    Attributes
    ----------
    key : str
        Tells it from others.
    version : str
        Of the package that it comes from.
    code : bytes
        What `export.to_bytes` gave.
    given : tuple of numpy.ndarray
        Its arguments that are the same at all points.
    """

    key: str
    version: str
    code: bytes
    given: tuple[np.ndarray, ...]


class Computed(NamedTuple):
    """Results at the points of a block: value, then gradients, each with the points first."""

    arrays: list[np.ndarray]
    seconds: float


class Failed(Exception):
    """A program was refused while it ran.

    Attributes
    ----------
    message : str
        Of the error.
    position : int or None
        At which point of the block; None if it is not refused there alone.
    original : Exception or None
        The error itself, in the process where it was raised.
    """

    def __init__(
        self, message: str, position: int | None, original: Exception | None = None
    ) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position
        self.original = original

    def __reduce__(self) -> Any:
        return Failed, (self.message, self.position)


def compute_sent(payload: Payload, swept: tuple[np.ndarray, ...]) -> Computed:
    """Compute a block with a program that was sent here."""
    return compute(_loaded(payload, swept), payload.given, swept)


_kept: dict[str, Payload] = {}


def keep(payload: Payload) -> None:
    """Keep a program for the blocks that will come."""
    _kept[payload.key] = payload


def forget(key: str) -> None:
    """Forget a program: no more blocks will come for it."""
    _kept.pop(key, None)


def compute_kept(key: str, swept: tuple[np.ndarray, ...]) -> Computed:
    """Compute a block with a program that is kept here."""
    return compute_sent(_kept[key], swept)


def compute(
    program: Callable[..., Any], given: tuple[np.ndarray, ...], swept: tuple[np.ndarray, ...]
) -> Computed:
    """Compute ``program`` at the points ``swept``.

    Raises
    ------
    Failed
        With the point at which it fails.
    """
    try:
        start = time.perf_counter()
        results = jax.block_until_ready(program(given, swept))
        seconds = time.perf_counter() - start
    except Exception as error:
        position = None
        if not export.is_overflow(str(error)):
            position = _first_failing(program, given, swept)
        raise Failed(f"{error}", position, error) from error
    return Computed([np.asarray(result) for result in results], seconds)


def _first_failing(
    program: Callable[..., Any], given: tuple[np.ndarray, ...], swept: tuple[np.ndarray, ...]
) -> int | None:
    """Find the point that fails by halving; points are repeated, for a program has one shape."""
    count = len(swept[0])

    def fails(first: int, last: int) -> bool:
        places = np.resize(np.arange(first, last), count)
        try:
            jax.block_until_ready(program(given, tuple(values[places] for values in swept)))
        except Exception:  # whatever it is, it is the error that is being looked for
            return True
        return False

    first, last = 0, count
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if fails(first, middle) else (middle, last)
    return first if fails(first, last) else None


_programs: OrderedDict[str, Callable[..., Any]] = OrderedDict()
_loading = threading.Lock()


def _loaded(payload: Payload, swept: tuple[np.ndarray, ...]) -> Callable[..., Any]:
    """Return the program, which is compiled when this process sees it first."""
    with _loading:
        if payload.key not in _programs:
            if payload.version != __version__:
                raise RuntimeError(
                    f"A worker has qgrad_lab {__version__} and was sent a program of qgrad_lab "
                    f"{payload.version}. Install the same version on all machines of the executor."
                )
            _programs[payload.key] = export.from_bytes(payload.code, payload.given, swept)
            while len(_programs) > _KEPT:
                _programs.popitem(last=False)
        _programs.move_to_end(payload.key)
        return _programs[payload.key]
