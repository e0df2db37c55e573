"""Keep on disk what XLA compiled for our programs, so that after a restart it need not again.

JAX has such a cache, but only one for the whole process. Whoever sets its folder and its thresholds
sets them for every program of the user's, and for good: a folder that the user chooses later is
ignored. So JAX's own reading, writing and keys are used, with a folder of ours and without
thresholds, while one of our programs is compiled and at no other time. Where the user has
configured JAX's cache, ours is not used.

There is no public way to do this. If a release of JAX lacks one of the few functions that are used
here, nothing is kept, and everything else works as before.
"""

import contextlib
import functools
import inspect
import os
import platform
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax

from qgrad_lab.compile.cache_folder import CacheFolder
from qgrad_lab.core.mode import take_lowered_circuit, threads

VARIABLE = "QGRAD_LAB_CACHE"
"""Environment variable: another folder, or ``0`` for none."""

MAX_BYTES = 256 * 2**20
"""Size of all entries in the folder; one takes about 10 kB."""

_OFF = frozenset({"0", "off", "no", "false"})


def folder() -> Path | None:
    """Return the folder that compiled programs are kept in; ``None`` if they are not kept.

    Examples
    --------
    >>> import os
    >>> previous = os.environ.get("QGRAD_LAB_CACHE")
    >>> os.environ["QGRAD_LAB_CACHE"] = "0"
    >>> print(folder())
    None
    >>> os.environ["QGRAD_LAB_CACHE"] = previous or ""
    """
    chosen = os.environ.get(VARIABLE, "")
    if chosen:
        return None if chosen.lower() in _OFF else Path(chosen).expanduser()
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "qgrad_lab"
        given = os.environ.get("XDG_CACHE_HOME", "")
        # A relative path is to be ignored: XDG Base Directory Specification 0.8.
        return (Path(given) if os.path.isabs(given) else Path.home() / ".cache") / "qgrad_lab"
    except RuntimeError:  # there is no home
        return None


class _Entries:
    """A folder as JAX's cache of compiled programs."""

    def __init__(self, path: Path) -> None:
        self._path = path  # a part of what JAX asks of a cache
        self._folder = CacheFolder(path, MAX_BYTES)

    def get(self, key: str) -> bytes | None:
        """Return the entry of a program that was compiled on a machine like this one."""
        return self._folder.get(key + _machine())

    def put(self, key: str, value: bytes) -> None:
        """Keep an entry."""
        self._folder.put(key + _machine(), value)


@functools.cache
def _entries(path: Path) -> _Entries:
    return _Entries(path)


def _chosen_entries() -> _Entries | None:
    """Return the cache to use; ``None`` if there is none, or if the user has one of JAX's."""
    if getattr(jax.config, "jax_compilation_cache_dir", None) is not None:
        return None
    path = folder()
    return None if path is None else _entries(path)


@functools.cache
def _machine() -> str:
    """Describe what machine code depends on: machines of several kinds may share a home folder."""
    features = ""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        features = next((line for line in file if line.startswith(("flags", "Features"))), "")
    return f" {sys.platform} {platform.machine()} {features}"


class _Current(threading.local):
    entries: _Entries | None = None
    bypassed = False


_current = _Current()
"""The cache of what the calling thread is compiling; ``None`` for JAX's own."""


@contextlib.contextmanager
def bypassed() -> Iterator[None]:
    """Compile anew what this thread compiles meanwhile, and keep nothing of it.

    JAX's keys leave out the user's lines, so that what is kept names those of the program that was
    compiled first.
    """
    previous = _current.bypassed
    _current.bypassed = True
    try:
        yield
    finally:
        _current.bypassed = previous


@functools.cache
def install() -> None:
    """Let JAX use the cache for our programs, once."""
    try:
        from jax._src import compilation_cache, compiler, config

        compile_program = compiler.compile_or_get_cached
        find_cache = compilation_cache._get_cache
        thresholds: Any = (
            config.persistent_cache_min_compile_time_secs,
            config.persistent_cache_min_entry_size_bytes,
        )
    except (ImportError, AttributeError):
        return
    signature = inspect.signature(compile_program)
    if not {"backend", "host_callbacks"} <= signature.parameters.keys():
        return

    @functools.wraps(compile_program)
    def compile_or_get_cached(*args: Any, **kwargs: Any) -> Any:
        entries = None
        if _is_ours():
            given = signature.bind(*args, **kwargs).arguments
            # Code that calls Python belongs to this process.
            if given["backend"].platform == "cpu" and not given["host_callbacks"]:
                entries = _chosen_entries()
        if entries is None or _current.bypassed:
            return compile_program(*args, **kwargs)
        previous = _current.entries
        _current.entries = entries
        try:
            with thresholds[0](0.0), thresholds[1](0):
                return compile_program(*args, **kwargs)
        finally:
            _current.entries = previous

    @functools.wraps(find_cache)
    def _get_cache(backend: Any) -> Any:
        return None if _current.bypassed else _current.entries or find_cache(backend)

    compiler.compile_or_get_cached = compile_or_get_cached
    compilation_cache._get_cache = _get_cache


def _is_ours() -> bool:
    """Return whether a compiled function is being called, or what is compiled has a circuit."""
    has_circuit = take_lowered_circuit()
    return has_circuit or threads.state.running is not None
