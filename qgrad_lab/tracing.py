"""Which meaning a QNode call has at this moment, in this thread.

A QNode called by a user means one of three things:

- ``Mode.OUTSIDE``: nothing of ours is going on, PennyLane executes it as always;
- ``Mode.COMPILED``: inside a ``qjit`` program, the call becomes a Program (``circuit.capture``);
- ``Mode.REFERENCE``: inside ``reference(fn)``, the call runs on ``default.qubit`` with backprop.

The mode is thread-local, so that two notebooks' threads never see each other's compilation. It is
part of the key of JAX's caches: a ``jax.jit`` function with a QNode inside is traced anew for each
mode, where its cached trace would bring the circuit of another one.

Loops of unknown length are compiled for a number of iterations, their capacity. It belongs to the
mode, and to the key, for the same reason. So does the seed of a program's random numbers: its call
sites are numbered as they are traced, and a trace of one program must not be part of another.
"""

import contextlib
import enum
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax

DEFAULT_LOOP_CAPACITY = 32
"""Iterations for which a loop of unknown length is compiled at first."""


class Mode(enum.Enum):
    """What a QNode call means."""

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


class _State(threading.local):
    mode: Mode = Mode.OUTSIDE
    seeded: _Seeded | None = None
    loop_capacities: Mapping[int, int] = {}
    when_fallible: Callable[[], None] | None = None
    lowering: bool = False


_state = _State()


def _make_cache_key() -> Any:
    """A function from a value to a context manager that puts it into the keys of JAX's caches."""
    if hasattr(jax, "make_user_context"):
        return jax.make_user_context(default_value=None)
    # JAX 0.7 has no context for this purpose; this one is in the key, and labels operations only.
    from jax.experimental.xla_metadata import set_xla_metadata

    return lambda value: set_xla_metadata(qgrad_lab=value)


_cache_key = _make_cache_key()


def current_mode() -> Mode:
    """The mode of the calling thread."""
    return _state.mode


def is_compiling() -> bool:
    """Whether the calling thread is tracing a compiled program."""
    return _state.mode is Mode.COMPILED


def is_recording() -> bool:
    """Whether the calling thread runs the code of a compiled program, as the user wrote it.

    Not so while PennyLane decomposes and transforms circuits that have been recorded.
    """
    return _state.mode is Mode.COMPILED and not _state.lowering


@contextlib.contextmanager
def lowering() -> Iterator[None]:
    """Let PennyLane work on recorded circuits as if there was no compiler."""
    previous = _state.lowering
    _state.lowering = True
    try:
        yield
    finally:
        _state.lowering = previous


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
    previous = _state.mode, _state.loop_capacities, _state.lowering, _state.seeded
    capacities = dict(_state.loop_capacities)
    for label, capacity in (loop_capacities or {}).items():
        capacities[label] = max(capacity, capacities.get(label, 0))
    _state.mode, _state.loop_capacities, _state.lowering = value, capacities, False
    if seed is not None and _state.seeded is None:
        _state.seeded = _Seeded(seed)
    parts = [value.value, *(f"{label}:{capacities[label]}" for label in sorted(capacities))]
    if _state.seeded is not None:
        parts.append(f"seed:{_state.seeded.seed}:{_state.seeded.number}")
    key = " ".join(parts)
    try:
        with _cache_key(key):
            yield
    finally:
        _state.mode, _state.loop_capacities, _state.lowering, _state.seeded = previous


def is_seeded() -> bool:
    """Whether the program that the calling thread is tracing has a seed."""
    return _state.seeded is not None


def begin_run(number: Callable[[], Any]) -> None:
    """Note the ``number()`` of the run of a seeded program, if it has none: a traced value."""
    if _state.seeded is not None and _state.seeded.run is None:
        _state.seeded.run = number()


def next_site() -> tuple[Any, tuple[int, int]] | None:
    """The run, and seed and number of one more call site of random numbers; ``None`` unseeded."""
    seeded = _state.seeded
    return None if seeded is None else (seeded.run, (seeded.seed, next(seeded.sites)))


def loop_capacity(label: int) -> int:
    """How many iterations the loop ``label`` of unknown length is compiled for."""
    return _state.loop_capacities.get(label, DEFAULT_LOOP_CAPACITY)


def note_fallible() -> None:
    """Note that the program being compiled has a circuit that may be refused when it runs."""
    if _state.when_fallible is not None:
        _state.when_fallible()


def when_fallible(notify: Callable[[], None] | None) -> Callable[[], None] | None:
    """From now on, call ``notify`` if a program is compiled that may be refused when it runs.

    Returns what was called before, to be restored. What counts is the compilation rather than the
    trace, of which JAX may have parts in its caches. No context manager: this is part of every call
    of a compiled function.
    """
    previous = _state.when_fallible
    _state.when_fallible = notify
    return previous
