"""Submit blocks, a few at a time, and hand over results as they come."""

import queue
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from qgrad_lab.compile import export
from qgrad_lab.sweeps.blocks import count
from qgrad_lab.sweeps.executors.protocol import Executor
from qgrad_lab.sweeps.executors.worker import Computed, Failed
from qgrad_lab.sweeps.grid import Grid
from qgrad_lab.sweeps.programs import BlockProgram

_PER_WORKER = 3
"""Blocks that are submitted for each worker: one that it computes, and others on their way."""

_PATIENCE = 0.5
"""Seconds without results after which the executor is asked whether there will be any."""


class Task(NamedTuple):
    """A block to compute by one program.

    Attributes
    ----------
    block : int
        The number of the block.
    region : tuple of slice
        Where it is in the grid.
    """

    program: BlockProgram
    block: int
    region: tuple[slice, ...]


def stream(
    tasks: Iterable[Task], grid: Grid, executor: Executor, take: Callable[[Task, Computed], None]
) -> None:
    """Compute ``tasks`` with ``executor``; ``take`` gets the results, in the order that they come.

    Raises
    ------
    Lost
        If the executor stops to work.
    Exception
        What a program raises when it runs, with a note that tells the point.
    """
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    pending: dict[Any, tuple[Task, int]] = {}

    def submit(task: Task) -> None:
        future = executor.submit(task.program, grid.points(task.region, task.program.size))
        pending[future] = task, task.program.edition
        future.add_done_callback(done.put)

    def keep(task: Task, computed: Computed) -> None:
        points = count(task.region)
        take(task, Computed([array[:points] for array in computed.arrays], computed.seconds))

    def collect() -> None:
        try:
            future = done.get(timeout=_PATIENCE)
        except queue.Empty:
            executor.check()
            return
        task, edition = pending.pop(future)
        outcome = _outcome(future)
        if isinstance(outcome, Computed):
            keep(task, outcome)
        elif executor.remote and export.is_overflow(outcome.message):
            if edition == task.program.edition:
                task.program.make_room(outcome.message)
            submit(task)
        else:
            raise _explained(outcome, task, grid)

    try:
        for task in tasks:
            while len(pending) >= max(1, _PER_WORKER * executor.workers()):
                collect()
            submit(task)
            if not executor.remote and done.qsize():
                collect()
        while pending:
            collect()
    except KeyboardInterrupt:
        while done.qsize():  # what has come already need not be computed again
            future = done.get()
            task, _ = pending.pop(future)
            if future.exception() is None:
                keep(task, future.result())
        raise
    except BaseException as error:  # Dask's CancelledError is no Exception
        translated = executor.translated(error)
        if translated is error:
            raise
        raise translated from error
    finally:
        if pending:
            executor.cancel(pending)


def _outcome(future: Any) -> Computed | Failed:
    # What is raised for a failure must not have it as its context, for it is the other way round.
    try:
        computed: Computed = future.result()
        return computed
    except Failed as failure:
        return failure


def _explained(failure: Failed, task: Task, grid: Grid) -> Exception:
    """Return the error of a program, with the point at which it came."""
    error = failure.original or export.error_of(failure.message)
    if error is None:
        error = RuntimeError(failure.message)
    if failure.position is not None:
        position = min(failure.position, count(task.region) - 1)
        error.add_note(f"The sweep stopped at {grid.describe(task.region, position)}.")
    return error
