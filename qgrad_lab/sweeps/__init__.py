"""``sweep``: gradients over a grid of points, as one labelled dataset."""

import contextlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qgrad_lab._arguments import check_callable
from qgrad_lab.errors import CompileError
from qgrad_lab.sweeps import provenance
from qgrad_lab.sweeps.chunks import Blocks, count
from qgrad_lab.sweeps.engines import Engine, Here, Lost, engine
from qgrad_lab.sweeps.extra import required
from qgrad_lab.sweeps.grid import Grid
from qgrad_lab.sweeps.layout import Layout
from qgrad_lab.sweeps.memory import Memory
from qgrad_lab.sweeps.methods import METHODS, Ways
from qgrad_lab.sweeps.programs import BlockProgram, PointProgram
from qgrad_lab.sweeps.store import Store
from qgrad_lab.sweeps.streaming import Task, stream
from qgrad_lab.sweeps.target import Target
from qgrad_lab.sweeps.worker import Computed

__all__ = ["METHODS", "sweep"]

_SECONDS = 1.0
"""That a block should take, where it is computed elsewhere or written."""

_FEWEST, _MOST = 16, 4096
"""Points in a block that is computed here and kept in memory; the most of any that is not asked
for."""


def sweep(
    fn: Callable[..., Any],
    grid: Mapping[str, Any],
    *,
    fixed: Mapping[str, Any] | None = None,
    argnum: int | Sequence[int] | None = None,
    argnames: str | Sequence[str] | None = None,
    methods: str | Sequence[str] = ("auto",),
    h: float | Sequence[float] | None = None,
    executor: Any = None,
    store: Any = None,
    chunk: int | None = None,
    units: Mapping[str, str] | None = None,
    progress: bool = True,
) -> Any:
    """TODO."""
    required("xarray")
    check_callable(fn, "sweep")
    started = provenance.now()
    points, ways = Grid(grid), Ways(methods, h)
    target = Target(fn, points, fixed or {}, argnum, argnames)
    working = engine(executor)
    kept = None if store is None else Store(store)

    programs, failures = _programs(target, ways)
    layout = Layout(target, points, ways, programs[0].shapes, units or {})
    if kept is not None and kept.block is not None and chunk is None:
        blocks = Blocks(points.shape, kept.block)
    else:
        most = _points_at_once(chunk, points, programs[0], working, kept)
        blocks = Blocks.of(points.shape, most)
    compiled = [BlockProgram(program, points, blocks.size) for program in programs]
    if working.remote:
        for program in compiled:
            program.payload  # noqa: B018 (what cannot be sent is refused here)

    identity = provenance.identity(target, points, ways, programs, units or {})
    attrs = provenance.attributes(
        target, points, ways, identity, fixed or {}, working, blocks.block, started
    )
    coordinates = layout.coordinates(failures, attrs)
    results: Memory | Store = Memory(layout, coordinates)
    if kept is not None:
        kept.open(layout, blocks, [program.variant for program in programs], identity, coordinates)
        results = kept

    regions = list(enumerate(blocks.regions()))
    tasks = [Task(program, *numbered) for numbered in regions for program in compiled]
    missing = [task for task in tasks if not results.is_done(task)]
    total = points.size * len(compiled)
    done = total - sum(count(task.region) for task in missing)
    bar = _bar(target.name, total, done) if progress else contextlib.nullcontext()
    with bar:

        def take(task: Task, computed: Computed) -> None:
            nonlocal done
            variant = task.program.variant
            results.write(task, layout.arrays(computed, task.region, variant))
            done += count(task.region)
            if progress:
                bar.update(count(task.region))

        try:
            stream(missing, points, working, take)
        except Lost as lost:
            raise RuntimeError(f"{_stopped(done, total)}: {lost}. {_go_on(store)}") from lost
        except BaseException as error:
            error.add_note(f"{_stopped(done, total)}. {_go_on(store)}")
            raise
    results.finish(provenance.now())
    return results.dataset()


def _programs(target: Target, ways: Ways) -> tuple[list[PointProgram], list[str]]:
    """A program for each way that applies, and why others do not, for each method."""
    found: list[PointProgram] = []
    failures = ["" for _ in ways.methods]
    first: Exception | None = None
    for variant in ways.variants():
        try:
            found.append(PointProgram(target, variant))
        except Exception as error:  # whatever it is, it takes nothing from other methods
            first = first or error
            failures[variant.method] = _reason(error)
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


def _points_at_once(
    chunk: Any, grid: Grid, program: PointProgram, working: Engine, kept: Store | None
) -> int:
    """How many points a block may have."""
    if chunk is not None:
        if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
            raise ValueError(
                f"chunk was {chunk!r}; it is how many points are computed at once, 1 or more, or "
                "None for about a second's work."
            )
        return chunk
    if isinstance(working, Here) and kept is None:
        # Nothing is sent and nothing is written: blocks are steps of the progress bar.
        return min(_MOST, max(_FEWEST, math.ceil(grid.size / 64)))
    at_once = int(_SECONDS / max(program.seconds(), 1e-9))
    share = math.ceil(grid.size / (4 * working.workers()))
    return max(1, min(_MOST, share, at_once))


def _bar(name: str, total: int, done: int) -> Any:
    return required("tqdm.auto").tqdm(
        desc=name, total=total, initial=done, unit=" points", smoothing=0.1
    )


def _stopped(done: int, total: int) -> str:
    return f"The sweep stopped after {done} of {total} points"


def _go_on(store: Any) -> str:
    if store is None:
        return "They are lost, for there is no store: with store='sweep.zarr' they are kept."
    return (
        f"They are kept in store={str(store)!r}. Call sweep again in the same way to go on: what "
        "is there is not computed again."
    )
