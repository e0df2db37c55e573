"""Run a sweep: make its programs, cut its grid, and have blocks computed and kept."""

import contextlib
import math
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from qgrad_lab.errors import CompileError
from qgrad_lab.sweeps import provenance
from qgrad_lab.sweeps.blocks import Blocks, count
from qgrad_lab.sweeps.executors.local import Here
from qgrad_lab.sweeps.executors.protocol import Executor, Lost
from qgrad_lab.sweeps.executors.worker import Computed
from qgrad_lab.sweeps.extra import required
from qgrad_lab.sweeps.grid import Grid
from qgrad_lab.sweeps.layout import Layout
from qgrad_lab.sweeps.memory import Memory
from qgrad_lab.sweeps.methods import Ways
from qgrad_lab.sweeps.programs import BlockProgram, SinglePointProgram
from qgrad_lab.sweeps.store import Store
from qgrad_lab.sweeps.streaming import Task, stream
from qgrad_lab.sweeps.target import Target

_SECONDS = 1.0
"""Seconds that a block should take, where it is computed elsewhere or written."""

_FEWEST, _MOST = 16, 4096
"""Points in a block that is computed here and kept in memory; the most of any that is not asked
for."""


class Request(NamedTuple):
    """A sweep that is asked for."""

    target: Target
    grid: Grid
    ways: Ways
    fixed: Mapping[str, Any]
    units: Mapping[str, str]
    chunk: Any


def run_sweep(request: Request, executor: Executor, location: Any, progress: bool) -> Any:
    """Return the Dataset of a sweep, computed by ``executor`` and kept in a store.

    ``location`` is that of the store; without one, results are kept in memory.
    """
    target, grid, ways = request.target, request.grid, request.ways
    started = provenance.now()
    store = None if location is None else Store(location)
    points, failures = _programs(target, ways)
    layout = Layout(target, grid, ways, points[0].shapes, request.units)
    blocks = _blocks(request, points[0], executor, store)
    programs = [BlockProgram(point, grid, blocks.size) for point in points]
    if executor.remote:
        for program in programs:
            program.check_payload()

    identity = provenance.identity(target, grid, ways, points, request.units)
    attrs = provenance.attributes(
        target, grid, ways, identity, request.fixed, executor, blocks.block, started
    )
    coordinates = layout.coordinates(failures, attrs)
    variants = [program.variant for program in programs]
    results: Memory | Store
    if store is None:
        results = Memory(layout, coordinates)
    else:
        store.open(layout, blocks, variants, identity, coordinates)
        results = store

    numbered = list(enumerate(blocks.regions()))
    tasks = [Task(program, *block) for block in numbered for program in programs]
    missing = [task for task in tasks if not results.is_done(task)]
    total = grid.size * len(programs)
    done = total - sum(count(task.region) for task in missing)
    bar = required("tqdm.auto").tqdm(
        desc=target.name, total=total, initial=done, unit=" points", disable=not progress
    )

    def take(task: Task, computed: Computed) -> None:
        nonlocal done
        results.write(task, layout.arrays(computed, task.region, task.program.variant))
        done += count(task.region)
        bar.update(count(task.region))

    with bar, contextlib.closing(executor):
        try:
            stream(missing, grid, executor, take)
        except Lost as lost:
            raise RuntimeError(f"{lost}. {_stopped(done, total, location)}") from lost
        except BaseException as error:
            error.add_note(_stopped(done, total, location))
            raise
    results.finish(provenance.now())
    return results.dataset()


def _programs(target: Target, ways: Ways) -> tuple[list[SinglePointProgram], list[str]]:
    """Make a program for each way that applies; return, for each method, why others do not."""
    found: list[SinglePointProgram] = []
    failures = ["" for _ in ways.methods]
    first: Exception | None = None
    for variant in ways.variants:
        try:
            found.append(SinglePointProgram(target, variant))
        except Exception as error:  # whatever it is, it takes nothing from other methods
            first = first or error
            failures[variant.place] = _reason(error)
    if first is not None and not found:
        raise first
    for method, reason in zip(ways.methods, failures, strict=True):
        if reason:
            warnings.warn(
                f"The method {method!r} has no results in this sweep: {reason}",
                UserWarning,
                stacklevel=3,
            )
    return found, failures


def _reason(error: Exception) -> str:
    text = " ".join(str(error).strip().partition("\n\n")[0].split())
    if isinstance(error, CompileError | ValueError) and text:
        return text
    return f"{type(error).__name__}: {text}"


def _blocks(
    request: Request, point: SinglePointProgram, executor: Executor, store: Store | None
) -> Blocks:
    chunk, grid = request.chunk, request.grid
    if chunk is not None:
        if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
            raise ValueError(
                f"chunk was {chunk!r}; it is the most points in a block, 1 or more, or None for "
                "about a second's work."
            )
        return Blocks.of(grid.shape, chunk)
    if store is not None and store.block is not None:
        return Blocks(grid.shape, store.block)
    if store is None and isinstance(executor, Here):
        # Nothing is sent and nothing is written: blocks are the steps of the progress bar.
        return Blocks.of(grid.shape, min(_MOST, max(_FEWEST, math.ceil(grid.size / 64))))
    at_once = int(_SECONDS / max(point.seconds(), 1e-9))
    share = math.ceil(grid.size / (4 * executor.workers()))
    return Blocks.of(grid.shape, max(1, min(_MOST, share, at_once)))


def _stopped(done: int, total: int, location: Any) -> str:
    text = f"The sweep stopped after {done} of {total} points"
    if location is None:
        return f"{text}, which are lost: with store='sweep.zarr' they would be kept."
    return (
        f"{text}, which are kept in store={str(location)!r}. Call sweep again in the same way: it "
        "goes on from there, and computes nothing twice."
    )
