"""A compiled function: what ``qjit`` returns."""

import functools
import operator
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import jax

from qgrad_lab.circuit.capture.patches import install
from qgrad_lab.circuit.contents import plans_text
from qgrad_lab.circuit.record.sources import source_of_number
from qgrad_lab.compile import autograph, cache, waiting
from qgrad_lab.compile.constant import Constant, unwrapped
from qgrad_lab.compile.options import Options
from qgrad_lab.compile.signature import Declared, static_arguments
from qgrad_lab.core.failures import LoopOverflow, is_interrupted, loop_overflow, python_error
from qgrad_lab.core.garbage import fewer_collections
from qgrad_lab.core.mode import Mode, current_mode, is_seeded, mode, running, threads
from qgrad_lab.core.tracebacks import frames_hidden, hide_interruption
from qgrad_lab.engine import interrupts as engine_interrupts
from qgrad_lab.engine.randomness import start_run

install()
cache.install()

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")


class QJIT(Generic[P, R]):
    """A compiled function; an ordinary JAX function to ``jax.grad``, ``jax.vmap``, ``jax.jit``.

    Made by ``qjit``. It can be called from several threads, copied and pickled as its function can,
    exported with ``jax.export``, and be a method of a class. The instance that a method belongs to
    is a constant of the program, known by its identity, unless its class is a JAX pytree: then it
    is an argument like the others.

    Attributes
    ----------
    original_function : callable
        The function that was compiled.

    See Also
    --------
    stages : Every form of the program, from the source to machine code.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, pennylane as qml
    >>> from qgrad_lab import qjit
    >>> @qjit
    ... @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> circuit
    <qjit-compiled function circuit>
    >>> print(jax.vmap(jax.grad(circuit))(jnp.array([0.4, 0.8])).round(6))
    [-0.389418 -0.717356]
    """

    original_function: Callable[P, R]

    def __init__(self, function: Callable[P, R], options: Options | None = None) -> None:
        functools.update_wrapper(self, function, updated=())
        self.original_function = function
        self._options = options = options or Options()
        self._signature: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._may_fail = False  # or take long; then it is waited for
        self._waits = self._is_in_doubt = False  # in doubt: whenever it was traced
        self._compiled_function = autograph.convert(function) if options.autograph else function
        self._loop_capacities: dict[int, int] = {}
        self._jitted = self._make_jitted()
        is_static = options.static_argnums or options.static_argnames
        self._declared = None if is_static else Declared.of(function)
        self._prepares = self._declared is not None or options.verbose
        if self._declared is not None:
            self._compile_ahead(*self._declared.required())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the compiled program, after compiling it if the signature is new."""
        state = threads.state
        # As a rule there is nothing to prepare. Programs may take as little time as this test.
        if self._prepares or not state.ordinary or (args and isinstance(args[0], type)):
            with frames_hidden:
                # A checker lets nobody assign to P.args, though these are the same arguments.
                call, args, kwargs = self._prepare(args, kwargs)  # type: ignore[assignment]
                if call is not None:
                    return call(*args, **kwargs)
        try:
            interrupts = 0
            while True:
                known = self._loop_capacities
                previous = state.running
                state.running = self
                try:
                    result = self._jitted(*args, **kwargs)
                    if self._waits:
                        self._wait_for(result)  # so that the error, if there is one, comes here
                    return result
                except Exception as error:
                    with frames_hidden:
                        if is_interrupted(error):
                            interrupts = _go_on(interrupts)
                            continue
                        overflow = _told(error, known)
                finally:
                    state.running = previous
                # The program is pure: with room for more iterations it runs again, from the start.
                self._make_room(overflow)
        except KeyboardInterrupt as stop:
            hide_interruption(stop)
            raise

    def _prepare(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Callable[..., Any] | None, tuple[Any, ...], dict[str, Any]]:
        """What to call in the place of the compiled program, if so, and with which arguments."""
        if current_mode() is Mode.REFERENCE:
            return self.original_function, tuple(map(unwrapped, args)), kwargs
        if args and isinstance(args[0], type):
            # Since Python 3.13 a classmethod does not bind what it wraps, but hands its class over.
            args = (Constant(args[0]), *args[1:])
        if self._declared is not None:
            args, kwargs = self._declared.promote(args, kwargs)
        if self._options.verbose:
            self._compile(args, kwargs)
        # Part of a seeded program, it is compiled anew. From JAX's caches two calls would be one
        # piece of code, and only which of the two runs first would tell their random numbers apart.
        return self._make_jitted() if is_seeded() else None, args, kwargs

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: "QJIT[Concatenate[Any, Q], R]", instance: object, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The method of ``instance``, for a ``QJIT`` in a class."""
        if instance is None:
            return self
        is_leaf = jax.tree_util.all_leaves([instance])
        return types.MethodType(self, Constant(instance) if is_leaf else instance)

    def __reduce__(self) -> Any:
        """As a function is pickled: by its name if it has one, and by its parts if it has none."""
        if _is_importable(self):
            return vars(self)["__qualname__"]
        return QJIT, (self.original_function, self._options)

    def __repr__(self) -> str:
        return f"<qjit-compiled function {self._name}>"

    @property
    def _name(self) -> str:
        function = self.original_function
        name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
        return name or type(function).__name__

    @property
    def seed(self) -> int | None:
        """The seed of the random numbers in the program; ``None`` for a new one at every call."""
        return self._options.seed

    @property
    def jaxpr(self) -> Any:
        """The ``ClosedJaxpr`` of the most recently compiled signature.

        Raises
        ------
        ValueError
            If the function has not been compiled yet.

        Examples
        --------
        >>> from qgrad_lab import qjit
        >>> square = qjit(lambda x: x**2)
        >>> print(square(3.0), square.jaxpr.in_avals)
        9.0 [ShapedArray(float64[], weak_type=True)]
        """
        args, kwargs = self._last_signature()
        return self._jitted.trace(*args, **kwargs).jaxpr

    @property
    def mlir(self) -> str:
        """The StableHLO text of the most recently compiled signature.

        Raises
        ------
        ValueError
            If the function has not been compiled yet.

        Examples
        --------
        >>> from qgrad_lab import qjit
        >>> square = qjit(lambda x: x**2)
        >>> print(square(3.0), "stablehlo.multiply" in square.mlir)
        9.0 True
        """
        args, kwargs = self._last_signature()
        return self._jitted.lower(*args, **kwargs).as_text()

    @property
    def plan(self) -> str:
        """How the circuits of the most recently compiled signature are evaluated.

        For each circuit: the wires and gates that its results depend on, the passes over slices of
        its state, and in each of them the runs of gates on one wire that are one matrix. Then the
        sweeps, bytes and floating-point operations that a value and a gradient should take.

        Raises
        ------
        ValueError
            If the function has not been compiled yet.

        Examples
        --------
        >>> import pennylane as qml
        >>> from qgrad_lab import qjit
        >>> @qjit
        ... @qml.qnode(qml.device("lightning.qubit", wires=3))
        ... def circuit(x):
        ...     qml.RX(x, wires=0)
        ...     qml.CNOT(wires=[0, 1])
        ...     qml.RY(0.5, wires=1)
        ...     qml.RZ(x, wires=2)
        ...     return qml.expval(qml.Z(1))
        >>> value = circuit(0.1)
        >>> print(circuit.plan, end="")
        circuit: plan on 2 wires (0 1), 3 of 4 gates {
          pass over 1 slice of 4 amplitudes, wires 0 1 {
            wire 0: RX(theta[0])
            wire 1, control 0: [1: PauliX] RY(0.5)
          }
          estimated value: 2 sweeps, 0.000256 MB, 0.000112 million operations
          estimated gradient: 5 sweeps, 0.00064 MB, 0.0004 million operations
        }
        """
        args, kwargs = self._last_signature()
        return plans_text(self._jitted.trace(*args, **kwargs).jaxpr.jaxpr)

    def executable(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What JAX compiled, or compiles now, for arguments like these.

        Parameters
        ----------
        args : tuple
            The arguments of a call, or `jax.ShapeDtypeStruct` in their places.
        kwargs : dict
            Those by name.

        Returns
        -------
        jax.stages.Compiled
            With JAX's ``memory_analysis()``, ``cost_analysis()`` and ``as_text()``.

        Raises
        ------
        CompileError, Exception
            What is wrong with the program, as in a call of it.

        Examples
        --------
        >>> from qgrad_lab import qjit
        >>> square = qjit(lambda x: x**2)
        >>> square.executable((3.0,), {}).memory_analysis().output_size_in_bytes
        8
        """
        with running(self):
            return self._jitted.lower(*args, **kwargs).compile()

    def _last_signature(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self._signature is None:
            raise ValueError(
                f"{self!r} has not been compiled yet. Call it once, or annotate its arguments."
            )
        return self._signature

    def note_fallible(self) -> None:
        """Take note that a program which is compiled may be refused when it runs."""
        self._waits = self._may_fail = True

    def _wait_for(self, result: Any) -> None:
        if self._is_in_doubt:
            args, kwargs = self._last_signature()
            takes_long = waiting.takes_long(self._jitted.trace(*args, **kwargs).jaxpr.jaxpr)
            self._is_in_doubt = False
            self._may_fail = self._may_fail or takes_long
            self._waits = self._may_fail
        if self._waits:
            waiting.wait_for(result)

    def _make_room(self, overflow: LoopOverflow) -> None:
        with _growing:
            # Another thread may have done it in the meantime.
            if self._loop_capacities.get(overflow.label, 0) < overflow.enough:
                self._loop_capacities = {**self._loop_capacities, overflow.label: overflow.enough}
                self._jitted = self._make_jitted()

    def _make_jitted(self) -> Any:
        """The jitted function, with the present room for iterations in loops of unknown length."""
        original, function = self.original_function, self._compiled_function
        capacities = self._loop_capacities

        @functools.partial(functools.update_wrapper, wrapped=original, updated=())
        def traced(*args: Any, **kwargs: Any) -> Any:
            _traced.happened = True
            self._waits = self._is_in_doubt = True
            self._signature = jax.tree.map(_abstract, (args, kwargs))
            self._notice_mismatch(args, kwargs)
            with fewer_collections(), mode(Mode.COMPILED, capacities, self._options.seed):
                start_run()
                return function(*map(unwrapped, args), **kwargs)

        argnums, argnames = static_arguments(
            original, self._options.static_argnums, self._options.static_argnames
        )
        return jax.jit(traced, static_argnums=argnums, static_argnames=argnames)

    def _notice_mismatch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        mismatch = self._declared and self._declared.mismatch(args, kwargs)
        if mismatch:
            warnings.warn(
                f"Provided arguments did not match declared signature, recompiling {self._name}: "
                f"{mismatch}.",
                UserWarning,
                stacklevel=2,
            )

    def _compile_ahead(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self._compile(args, kwargs)
        except Exception as error:
            # Whatever the user's function raises belongs to the first call, which raises it.
            warnings.warn(f"AOT compilation failed: {error}", UserWarning, stacklevel=4)

    def _compile(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Fill JAX's caches, so that a call with this signature runs at once; tell if verbose.

        A call looks for the traced program, for its lowered form and for its executable in the
        same caches.
        """
        if current_mode() is not Mode.OUTSIDE or _is_traced((args, kwargs)):
            return  # part of another program, which compiles it
        _traced.happened = False
        start = time.perf_counter()
        traced = self._jitted.trace(*args, **kwargs)
        if not _traced.happened:
            return
        trace = time.perf_counter()
        with running(self):
            lowered = traced.lower()
            lower = time.perf_counter()
            lowered.compile()
        end = time.perf_counter()
        if self._options.verbose:
            arguments = ", ".join(
                f"{aval.dtype}{list(aval.shape)}" for aval in traced.jaxpr.in_avals
            )
            print(
                f"qgrad_lab: compiled {self._name}({arguments}) in {end - start:.3f} s: "
                f"tracing {trace - start:.3f} s, lowering {lower - trace:.3f} s, "
                f"XLA {end - lower:.3f} s",
                file=sys.stderr,
            )


_growing = threading.Lock()


class _Traced(threading.local):
    happened = False


_traced = _Traced()
"""Whether a program was traced, in this thread, since ``happened`` was set to ``False``."""


def _told(error: Exception, known: Mapping[int, int]) -> LoopOverflow:
    """The loop that ``error`` tells of, if there may be room for it; raises other errors.

    ``known`` are the capacities that the program had.
    """
    overflow = loop_overflow(error)
    # The second is a program that does not get the room it is given.
    if overflow is not None and known.get(overflow.label, 0) <= overflow.capacity:
        return overflow
    told = python_error(error, source_of_number)
    if told is None:
        raise error
    raise told from None


def _go_on(interrupts: int) -> int:
    """The number of interrupts, if one that the engine stopped for need not stop the program.

    A handler of the user's that returned, where Python's raises KeyboardInterrupt, lets what runs
    in the main thread go on, as it does for Python's own functions. ``interrupts`` is the number
    with which the program ran; if there was none since, it was given the result of one that ended.
    """
    count = engine_interrupts.count()
    if count == interrupts or threading.current_thread() is not threading.main_thread():
        raise KeyboardInterrupt("SIGINT stopped this program, or one whose result it was given")
    return count


def _abstract(leaf: Any) -> Any:
    if isinstance(leaf, jax.core.Tracer):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, weak_type=leaf.weak_type)
    return leaf


def _is_traced(tree: Any) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree))


def _is_importable(compiled: QJIT) -> bool:
    """Whether another process finds ``compiled`` under its name in its module."""
    module = getattr(compiled, "__module__", None)
    name = getattr(compiled, "__qualname__", None)
    if module is None or name is None or module == "__main__":
        return False
    try:
        return operator.attrgetter(name)(sys.modules[module]) is compiled
    except (KeyError, AttributeError):
        return False
