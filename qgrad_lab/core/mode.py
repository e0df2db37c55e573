"""The mode of each thread: the meaning that QNode calls have in it.

A QNode called by a user means one of three things:

- ``Mode.OUTSIDE``: nothing of ours is going on, PennyLane executes it as always;
- ``Mode.COMPILED``: inside a ``qjit`` program, the call becomes a Program (``circuit.capture``);
- ``Mode.REFERENCE``: inside ``reference(fn)``, the call runs on ``default.qubit`` with backprop.

The mode is thread-local, so that two notebooks' threads never see each other's compilation. It is
part of the key of JAX's caches: a ``jax.jit`` function with a QNode inside is traced anew for each
mode, where its cached trace would bring the circuit of another one.

Loops of unknown length are compiled for a number of iterations, their capacity. It belongs to the
mode, and to the key, for the same reason. So does whether a quantum function is running
(`in_circuit`): in the trace of a function that makes gates outside of it they are not recorded. So
does a ``diff_method`` that is asked of all QNodes (`diff_method`), and the seed of a program's
random numbers: its call sites are numbered as they are traced, and a trace of one program must not
be part of another.
"""

import contextlib
import enum
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import jax

DEFAULT_LOOP_CAPACITY = 32
"""Iterations for which a loop of unknown length is compiled at first."""


class Mode(enum.Enum):
    """The meaning of a QNode call."""

    OUTSIDE = "outside"
    COMPILED = "compiled"
    REFERENCE = "reference"


class _Seeded:
    """The random numbers of one trace of a seeded program."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.number = next(_seeded_traces)
        self.sites = itertools.count()
        self.run: Any = None


_seeded_traces = itertools.count()


class Running(Protocol):
    """A compiled function that is being called."""

    def note_fallible(self) -> None:
        """Take note that a program which it compiles may be refused when it runs."""


class ThreadState:
    """The state of a thread: what it traces, compiles and calls.

    Attributes
    ----------
    ordinary
        Whether a call of a compiled function means nothing special here: it is part of no reference
        and of no seeded program, and in no quantum function.
    in_circuit
        Whether a quantum function is running, whose operations are recorded.
    running
        The innermost compiled function that is being called. What counts for it is the compilation
        rather than the trace, of which JAX may have parts in its caches.
    lowered_circuit
        Whether a circuit became a part of some program since a program was compiled last.
    diff_method
        How all QNodes are differentiated, whatever they say themselves, if so.
    drops_snapshots
        Whether QNodes return their results only, as in a function that is differentiated.
    asserts
        Whether assertions are part of the program that is traced.
    """

    __slots__ = (
        "asserts",
        "diff_method",
        "in_circuit",
        "drops_snapshots",
        "lowered_circuit",
        "loop_capacities",
        "lowering",
        "mode",
        "ordinary",
        "running",
        "seeded",
    )

    def __init__(self) -> None:
        self.mode = Mode.OUTSIDE
        self.seeded: _Seeded | None = None
        self.ordinary = True
        self.in_circuit = False
        self.loop_capacities: Mapping[int, int] = {}
        self.lowering = False
        self.running: Running | None = None
        self.lowered_circuit = False
        self.diff_method: str | None = None
        self.drops_snapshots = False
        self.asserts = True


class _Threads(threading.local):
    def __init__(self) -> None:
        # An object of its own: this is part of every call of a compiled function, and attributes of
        # a thread-local object take several times as long to find as those of others.
        self.state = ThreadState()


threads = _Threads()
"""``threads.state`` is that of the calling thread."""


def _make_cache_key() -> Any:
    """Make a function from values to context managers that put them into keys of JAX's caches."""
    if hasattr(jax, "make_user_context"):
        return jax.make_user_context(default_value=None)
    # JAX 0.7 has no context for this purpose; this one is in the key, and labels operations only.
    from jax.experimental.xla_metadata import set_xla_metadata

    return lambda value: set_xla_metadata(qgrad_lab=value)


_cache_key = _make_cache_key()


def current_mode() -> Mode:
    """Return the mode of the calling thread."""
    return threads.state.mode


def is_recording() -> bool:
    """Return whether the calling thread runs a compiled program's code as the user wrote it.

    Not so while PennyLane decomposes and transforms circuits that have been recorded.
    """
    state = threads.state
    return state.mode is Mode.COMPILED and not state.lowering


@contextlib.contextmanager
def lowering() -> Iterator[None]:
    """Let PennyLane work on recorded circuits as if there was no compiler."""
    state = threads.state
    previous = state.lowering
    state.lowering = True
    try:
        yield
    finally:
        state.lowering = previous


@contextlib.contextmanager
def mode(
    value: Mode, loop_capacities: Mapping[int, int] | None = None, seed: int | None = None
) -> Iterator[None]:
    """Give QNode calls the meaning ``value`` inside the ``with`` block.

    Parameters
    ----------
    value
        The meaning.
    loop_capacities
        Capacities of loops of unknown length, by label. Where programs are nested, the inner one is
        part of the outer one, so the larger capacity holds.
    seed
        Of the program's random numbers. A program inside a seeded one has part in its numbers.
    """
    state = threads.state
    previous = state.mode, state.loop_capacities, state.lowering, state.seeded, state.ordinary
    capacities = dict(state.loop_capacities)
    for label, capacity in (loop_capacities or {}).items():
        capacities[label] = max(capacity, capacities.get(label, 0))
    state.mode, state.loop_capacities, state.lowering = value, capacities, False
    if seed is not None and state.seeded is None:
        state.seeded = _Seeded(seed)
    state.ordinary = value is not Mode.REFERENCE and state.seeded is None and not state.in_circuit
    try:
        with _cache_key(_key(state)):
            yield
    finally:
        (
            state.mode,
            state.loop_capacities,
            state.lowering,
            state.seeded,
            state.ordinary,
        ) = previous


@contextlib.contextmanager
def in_circuit() -> Iterator[None]:
    """Have compiled functions run as a part of the quantum function that calls them."""
    state = threads.state
    previous = state.in_circuit, state.ordinary
    state.in_circuit, state.ordinary = True, False
    try:
        with _cache_key(_key(state)):
            yield
    finally:
        state.in_circuit, state.ordinary = previous


@contextlib.contextmanager
def diff_method(name: str) -> Iterator[None]:
    """Have all QNodes differentiated by ``name`` inside the ``with`` block.

    Nested blocks are ignored: the outermost wins.
    """
    state = threads.state
    previous = state.diff_method
    state.diff_method = previous or name
    try:
        with _cache_key(_key(state)):
            yield
    finally:
        state.diff_method = previous


@contextlib.contextmanager
def without_snapshots() -> Iterator[None]:
    """Have QNodes return their results inside the ``with`` block, and no snapshots beside them."""
    state = threads.state
    previous = state.drops_snapshots
    state.drops_snapshots = True
    try:
        with _cache_key(_key(state)):
            yield
    finally:
        state.drops_snapshots = previous


def drops_snapshots() -> bool:
    """Return whether QNodes return their results only."""
    return threads.state.drops_snapshots


@contextlib.contextmanager
def without_assertions() -> Iterator[None]:
    """Leave assertions out of what is traced inside the ``with`` block."""
    state = threads.state
    previous = state.asserts
    state.asserts = False
    try:
        with _cache_key(_key(state)):
            yield
    finally:
        state.asserts = previous


def asserts() -> bool:
    """Return whether assertions are part of the program that the calling thread traces."""
    return threads.state.asserts


def _key(state: ThreadState) -> str:
    """Return what tells a trace from those of the same function in other modes."""
    capacities = state.loop_capacities
    parts = [state.mode.value, *(f"{label}:{capacities[label]}" for label in sorted(capacities))]
    if state.seeded is not None:
        parts.append(f"seed:{state.seeded.seed}:{state.seeded.number}")
    if state.in_circuit:
        parts.append("in_circuit")
    if state.diff_method is not None:
        parts.append(f"diff_method:{state.diff_method}")
    if state.drops_snapshots:
        parts.append("without snapshots")
    if not state.asserts:
        parts.append("without assertions")
    return " ".join(parts)


def is_seeded() -> bool:
    """Return whether the program that the calling thread is tracing has a seed."""
    return threads.state.seeded is not None


def begin_run(number: Callable[[], Any]) -> None:
    """Note the ``number()`` of the run of a seeded program, if it has none: a traced value."""
    if threads.state.seeded is not None and threads.state.seeded.run is None:
        threads.state.seeded.run = number()


def next_site() -> tuple[Any, tuple[int, int]] | None:
    """Return the run, and seed and number of a new call site of random numbers; or ``None``."""
    seeded = threads.state.seeded
    return None if seeded is None else (seeded.run, (seeded.seed, next(seeded.sites)))


def loop_capacity(label: int) -> int:
    """Return how many iterations the loop ``label`` of unknown length is compiled for."""
    return threads.state.loop_capacities.get(label, DEFAULT_LOOP_CAPACITY)


def note_circuit(fallible: bool) -> None:
    """Note that the program being compiled has a circuit, which may be refused when it runs."""
    state = threads.state
    state.lowered_circuit = True
    if fallible and state.running is not None:
        state.running.note_fallible()


def take_lowered_circuit() -> bool:
    """Return whether a circuit was lowered since the last time that this was asked."""
    state = threads.state
    found = state.lowered_circuit
    state.lowered_circuit = False
    return found


@contextlib.contextmanager
def running(function: Running) -> Iterator[None]:
    """Have what is compiled in the ``with`` block belong to ``function``."""
    state = threads.state
    previous = state.running
    state.running = function
    try:
        yield
    finally:
        state.running = previous
