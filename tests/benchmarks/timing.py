"""Timing of contestants in turn, so that a machine's drift hits all of them alike.

A round times one block of consecutive calls of each contestant. Blocks, not single calls: programs
call a gradient in a loop, and single calls in turn would time how well each survives in the caches
while the other runs.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax


class Timing(NamedTuple):
    """Seconds a call of one contestant: the median first call, and over all blocks."""

    first: float
    median: float
    fastest: float
    blocks: int


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Wall-clock seconds of one call, waited for, and its result."""
    start = time.perf_counter()
    result = jax.block_until_ready(function())
    return time.perf_counter() - start, result


def time_in_turn(
    contestants: Mapping[str, Callable[[], Callable[[], Any]]],
    *,
    budget: float = 3.0,
    min_rounds: int = 7,
    block_seconds: float = 0.02,
    first_rounds: int = 5,
) -> tuple[dict[str, Timing], dict[str, Any]]:
    """Build every contestant, then call them one after the other, round after round.

    Parameters
    ----------
    contestants
        Factories: each builds a fresh function of no arguments. Building and the first call are
        timed together as ``first``, more than once, each time with a function of its own.
    budget
        Seconds for all rounds.
    min_rounds
        Rounds that are run whatever they take.
    block_seconds
        Least duration of a block.
    first_rounds
        How often each contestant is built and called for the first time.

    Returns
    -------
    timings, results
        Of each contestant; results are those of a first call, to be checked by the caller.
    """
    first: dict[str, list[float]] = {name: [] for name in contestants}
    functions, results = {}, {}
    for _ in range(first_rounds):
        for name, build in contestants.items():
            seconds, (functions[name], results[name]) = _first_call(build)
            first[name].append(seconds)
    lengths = {}
    for name, function in functions.items():
        timed(function)  # the second call may still be filling caches of its own
        lengths[name] = max(1, int(block_seconds / timed(function)[0]))
    samples: dict[str, list[float]] = {name: [] for name in contestants}
    start = time.perf_counter()
    while len(samples[name]) < min_rounds or time.perf_counter() - start < budget:
        for name, function in functions.items():
            samples[name].append(_block(function, lengths[name]))
    return {
        name: Timing(
            statistics.median(first[name]), statistics.median(times), min(times), len(times)
        )
        for name, times in samples.items()
    }, results


def _first_call(build: Callable[[], Callable[[], Any]]) -> tuple[float, tuple[Callable, Any]]:
    """Seconds until a function that is yet to be built has returned, the function, its result."""

    def build_and_call() -> tuple[Callable, Any]:
        function = build()
        return function, function()

    return timed(build_and_call)


def _block(function: Callable[[], Any], calls: int) -> float:
    """Seconds a call, each waited for, over consecutive calls."""
    start = time.perf_counter()
    for _ in range(calls):
        jax.block_until_ready(function())
    return (time.perf_counter() - start) / calls
