"""Trace a function for ``jax.jit`` in our mode, with room for its loops."""

import functools
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.record.pytrees import abstract
from qgrad_lab.compile import waiting
from qgrad_lab.compile.options import CompileOptions
from qgrad_lab.compile.signature import static_arguments, unwrapped
from qgrad_lab.core.failures import LoopOverflow
from qgrad_lab.core.garbage import fewer_collections
from qgrad_lab.core.mode import Mode, mode, without_assertions
from qgrad_lab.engine.randomness import start_run
from qgrad_lab.errors import ArgumentError

Arguments = tuple[tuple[Any, ...], dict[str, Any]]
"""Arguments of a call, by position and by name."""


class JittedFunction:
    """A function of ``jax.jit``, made anew when its loops need more room.

    Parameters
    ----------
    original
        The user's function, whose name and signature JAX is shown.
    function
        What is traced: the same function, or what autograph made of it.
    options
        Those of ``qjit``.
    notice
        Called with the arguments of every trace.

    Attributes
    ----------
    jitted
        The function of ``jax.jit``.
    capacities
        For how many iterations its loops of unknown length are compiled, by label.
    signature
        Abstract arguments of the latest trace; ``None`` before the first one.
    waits
        Whether a call has to `wait` for its result.
    """

    __slots__ = (
        "_function",
        "_growing",
        "_is_in_doubt",
        "_may_fail",
        "_notice",
        "_options",
        "_original",
        "capacities",
        "jitted",
        "signature",
        "waits",
    )

    def __init__(
        self,
        original: Callable[..., Any],
        function: Callable[..., Any],
        options: CompileOptions,
        notice: Callable[[tuple[Any, ...], dict[str, Any]], None],
    ) -> None:
        self._original, self._function = original, function
        self._options, self._notice = options, notice
        self._growing = threading.Lock()
        self._may_fail = False  # or take long; then it is waited for
        self.waits = self._is_in_doubt = False  # in doubt: whenever it was traced
        self.signature: Arguments | None = None
        self.capacities: dict[int, int] = {}
        self.jitted = self.fresh()

    def fresh(self) -> Any:
        """Return a function of ``jax.jit`` that shares no trace with others, with today's room."""
        capacities = self.capacities

        @functools.partial(functools.update_wrapper, wrapped=self._original, updated=())
        def traced(*args: Any, **kwargs: Any) -> Any:
            _traces.happened = True
            self.waits = self._is_in_doubt = True
            self.signature = abstract((args, kwargs))
            self._notice(args, kwargs)
            asserting = without_assertions() if self._options.disable_assertions else nullcontext()
            with (
                asserting,
                fewer_collections(),
                mode(Mode.COMPILED, capacities, self._options.seed),
            ):
                start_run()
                return jax.tree.map(_strong, self.inline(args, kwargs))

        argnums, argnames = static_arguments(
            self._original, self._options.static_argnums, self._options.static_argnames
        )
        try:
            return jax.jit(traced, static_argnums=argnums, static_argnames=argnames)
        except ValueError as error:
            name = getattr(self._original, "__name__", "fn")
            raise ArgumentError(
                f"qjit was given static arguments that {name} does not have: static_argnums="
                f"{self._options.static_argnums}, static_argnames={self._options.static_argnames}. "
                "Positions count from 0, or from -1 at the end; names are those of the definition."
            ) from error

    def inline(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function as a part of the program that is being traced."""
        try:
            return self._function(*map(unwrapped, args), **kwargs)
        except TypeError as error:
            if not str(error).startswith(_TRACED_SHAPE):
                raise
            raise ArgumentError(
                "An array has a shape that is known only when the program runs, and the shapes of "
                "a compiled program are fixed. Make the number in it a static argument, as in "
                "qjit(f, static_argnums=0), or pass an array of that shape."
            ).with_traceback(error.__traceback__) from error

    def trace_new(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the ``jax.stages.Traced`` of these arguments; ``None`` if JAX had it already."""
        _traces.happened = False
        traced = self.jitted.trace(*args, **kwargs)
        return traced if _traces.happened else None

    def make_room(self, overflow: LoopOverflow) -> None:
        """Compile anew, at the next call, for as many iterations as ``overflow`` asks for."""
        with self._growing:
            # Another thread may have done it in the meantime.
            if self.capacities.get(overflow.label, 0) < overflow.enough:
                self.capacities = {**self.capacities, overflow.label: overflow.enough}
                self.jitted = self.fresh()

    def note_fallible(self) -> None:
        """Take note that a program which is compiled in a call may be refused when it runs."""
        self.waits = self._may_fail = True

    def wait(self, result: Any) -> None:
        """Wait for ``result`` of a call, unless its program can neither fail nor take long."""
        if self._is_in_doubt and self.signature is not None:
            args, kwargs = self.signature
            is_needed = waiting.is_needed(self.jitted.trace(*args, **kwargs).jaxpr.jaxpr)
            self._is_in_doubt = False
            self._may_fail = self._may_fail or is_needed
            self.waits = self._may_fail
        if self.waits:
            waiting.wait_for(result)


_TRACED_SHAPE = "Shapes must be 1D sequences of concrete values"
"""How JAX's error begins where a shape is traced."""


class _Traces(threading.local):
    happened = False


_traces = _Traces()
"""Whether a program was traced, in this thread, since ``happened`` was set to ``False``."""


def _strong(leaf: Any) -> Any:
    """Return a result that keeps its type beside others: a float does not become a float32."""
    if isinstance(leaf, jax.Array):
        return jax.lax.convert_element_type(leaf, leaf.dtype) if leaf.weak_type else leaf
    return jnp.asarray(leaf, jnp.result_type(leaf)) if type(leaf) in _PYTHON_NUMBERS else leaf


_PYTHON_NUMBERS = (bool, int, float, complex)
