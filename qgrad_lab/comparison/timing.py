"""Measure the wall-clock time of compiled functions."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax

BUDGET = 0.2
"""Seconds spent on each function."""
PATIENCE = 5.0
"""Seconds after which slow functions are timed with fewer than three calls."""
_FEWEST, _MOST = 3, 2000


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Call ``function`` and wait for its result; return it with the seconds that took."""
    start = time.perf_counter()
    result = jax.block_until_ready(function())
    return result, time.perf_counter() - start


def in_turn(
    functions: Sequence[Callable[[], Any]], between: Callable[[], None] = lambda: None
) -> list[list[float]]:
    """Return the seconds of every call of every function.

    The functions take turns, so that a machine that slows down slows all of them down. ``between``
    is called after every call, off the clock; it may raise to stop.
    """
    seconds: list[list[float]] = [[] for _ in functions]
    start = time.perf_counter()
    for turn in range(1, _MOST + 1):
        for function, record in zip(functions, seconds, strict=True):
            record.append(timed(function)[1])
            between()
        elapsed = time.perf_counter() - start
        if elapsed > PATIENCE or (turn >= _FEWEST and elapsed > BUDGET * len(functions)):
            break
    return seconds


def median(seconds: Sequence[float]) -> float:
    """Return the median, which an interrupted call does not move."""
    return statistics.median(seconds)
