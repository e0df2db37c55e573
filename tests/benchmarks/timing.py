"""Timing of contestants in turn, so that a machine's drift hits all of them alike.

A round times one block of consecutive calls of each contestant. Blocks, not single calls: programs
call a gradient in a loop, and single calls in turn would time how well each survives in the caches
while the other runs.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

BLOCK_SECONDS = 0.02
"""Least duration of a block, if a single call does not take longer."""


class Spread(NamedTuple):
    """Median and quartiles."""

    median: float
    lower: float
    upper: float

    @staticmethod
    def of(values: Sequence[float]) -> "Spread":
        """Of one or more values."""
        if len(values) < 2:
            return Spread(values[0], values[0], values[0])
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        return Spread(median, lower, upper)


class Plan(NamedTuple):
    """How long to measure.

    Attributes
    ----------
    seconds
        For all rounds of a row, if ``rounds`` of them do not take longer.
    rounds
        Least number of rounds; three are enough where they take six times ``seconds``.
    first_calls
        How often a contestant is built and called for the first time, if that is quick.
    """

    seconds: float = 5.0
    rounds: int = 7
    first_calls: int = 5

    def is_enough(self, rounds: int, seconds: float) -> bool:
        """Whether to stop after so many rounds that took ``seconds``."""
        if rounds < self.rounds:
            return rounds >= 3 and seconds > 6 * self.seconds
        return seconds > self.seconds


def wait(result: Any) -> Any:
    """``result``, computed."""
    jax = sys.modules.get("jax")
    return result if jax is None else jax.block_until_ready(result)


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Wall-clock seconds of one call, waited for, and its result."""
    start = time.perf_counter()
    result = wait(function())
    return time.perf_counter() - start, result


def first_calls(
    build: Callable[[], Callable[[], Any]], times: int, *, enough: float = 5.0
) -> tuple[list[float], Callable[[], Any], Any]:
    """Build and call a function anew, up to ``times`` times and until that took ``enough`` seconds.

    Returns
    -------
    seconds, function, result
        Of each time, building and calling together; the function and result of the last one.
    """
    found: list[float] = []
    while not found or (len(found) < times and sum(found) < enough):
        start = time.perf_counter()
        function = build()
        result = wait(function())
        found.append(time.perf_counter() - start)
    return found, function, result


def block(function: Callable[[], Any], calls: int) -> float:
    """Seconds a call, each waited for, over consecutive calls."""
    start = time.perf_counter()
    for _ in range(calls):
        wait(function())
    return (time.perf_counter() - start) / calls


def calls_in_block(seconds: float) -> int:
    """How many calls of so many seconds make a block."""
    return max(1, int(BLOCK_SECONDS / seconds))
