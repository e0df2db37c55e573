"""``qjit``: compile a hybrid quantum-classical function with JAX."""

import dataclasses
import functools
import operator
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax

from qgrad_lab import _autograph
from qgrad_lab._failures import LoopOverflow, loop_overflow, python_error
from qgrad_lab._signature import Declared, static_arguments
from qgrad_lab._tracebacks import frames_hidden
from qgrad_lab.circuit.interception import install
from qgrad_lab.circuit.sources import source_of_number
from qgrad_lab.engine.randomness import start_run
from qgrad_lab.tracing import (
    Mode,
    current_mode,
    is_seeded,
    mode,
    when_fallible,
)

install()


@dataclasses.dataclass(frozen=True)
class _Options:
    """How to compile: the checked keyword arguments of ``qjit``."""

    static_argnums: tuple[int, ...] = ()
    static_argnames: tuple[str, ...] = ()
    autograph: bool = False
    seed: int | None = None
    verbose: bool = False


class QJIT:
    """A compiled function; an ordinary JAX function to ``jax.grad``, ``jax.vmap``, ``jax.jit``.

    Made by ``qjit``. It can be called from several threads, copied and pickled as its function can,
    exported with ``jax.export``, and be a method of a class. The instance that a method belongs to
    is a constant of the program, known by its identity, unless its class is a JAX pytree: then it
    is an argument like the others.

    Attributes
    ----------
    original_function : Callable
        The function that was compiled.
    """

    original_function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any], options: _Options | None = None) -> None:
        functools.update_wrapper(self, function, updated=())
        self.original_function = function
        self._options = options = options or _Options()
        self._signature: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._may_fail = False
        self._compiled_function = _autograph.convert(function) if options.autograph else function
        self._loop_capacities: dict[int, int] = {}
        self._jitted = self._make_jitted()
        is_static = options.static_argnums or options.static_argnames
        self._declared = None if is_static else Declared.of(function)
        if self._declared is not None:
            self._compile_ahead(*self._declared.required())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled program, after compiling it if the signature is new."""
        with frames_hidden:
            if current_mode() is Mode.REFERENCE:
                return self.original_function(*map(_unwrapped, args), **kwargs)
            if args and isinstance(args[0], type):
                # Since Python 3.13 a classmethod does not bind what it wraps, but hands its class
                # over.
                args = (_Constant(args[0]), *args[1:])
            if self._declared is not None:
                args, kwargs = self._declared.promote(args, kwargs)
            if self._options.verbose:
                self._compile(args, kwargs)
            if is_seeded():
                # Part of a seeded program. From JAX's caches two calls would be one piece of code,
                # and only which of the two runs first would tell their random numbers apart.
                return self._make_jitted()(*args, **kwargs)
            return self._run(args, kwargs)

    def _run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        while True:
            known = self._loop_capacities
            previous = when_fallible(self._note_fallible)
            try:
                result = self._jitted(*args, **kwargs)
                if self._may_fail:
                    _wait_for(result)  # so that the error, if there is one, comes here
                return result
            except Exception as error:
                overflow = loop_overflow(error)
                # The second is a program that does not get the room it is given.
                if overflow is None or known.get(overflow.label, 0) > overflow.capacity:
                    told = python_error(error, source_of_number)
                    if told is None:
                        raise
                    raise told from None
            finally:
                when_fallible(previous)
            # The program is pure: with room for more iterations it runs again, from the start.
            self._make_room(overflow)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The method of ``instance``, for a ``QJIT`` in a class."""
        if instance is None:
            return self
        is_leaf = jax.tree_util.all_leaves([instance])
        return types.MethodType(self, _Constant(instance) if is_leaf else instance)

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
        """
        args, kwargs = self._last_signature()
        return self._jitted.lower(*args, **kwargs).as_text()

    def _last_signature(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self._signature is None:
            raise ValueError(
                f"{self!r} has not been compiled yet. Call it once, or annotate its arguments."
            )
        return self._signature

    def _note_fallible(self) -> None:
        self._may_fail = True

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
            self._signature = jax.tree.map(_abstract, (args, kwargs))
            self._notice_mismatch(args, kwargs)
            with mode(Mode.COMPILED, capacities, self._options.seed):
                start_run()
                return function(*map(_unwrapped, args), **kwargs)

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
        previous = when_fallible(self._note_fallible)
        try:
            lowered = traced.lower()
            lower = time.perf_counter()
            lowered.compile()
        finally:
            when_fallible(previous)
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


@jax.tree_util.register_pytree_node_class
class _Constant:
    """A value that is a constant of a compiled program, known by its identity."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Constant) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def tree_flatten(self) -> tuple[tuple[()], "_Constant"]:
        return (), self

    @classmethod
    def tree_unflatten(cls, data: "_Constant", children: Any) -> "_Constant":
        return data


def _unwrapped(argument: Any) -> Any:
    return argument.value if type(argument) is _Constant else argument


def _abstract(leaf: Any) -> Any:
    if isinstance(leaf, jax.core.Tracer):
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, weak_type=leaf.weak_type)
    return leaf


def _wait_for(tree: Any) -> None:
    """Wait until arrays are computed, those under ``jax.vmap`` and ``jax.grad`` too."""
    for leaf in jax.tree.leaves(tree):
        while isinstance(leaf, jax.core.Tracer):
            # JAX has no public way from a traced value to the value that it stands for. Where this
            # one fails, an error comes when the value is used, instead of here.
            leaf = getattr(leaf, "val", getattr(leaf, "primal", None))
        jax.block_until_ready(leaf)


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


def qjit(
    fn: Callable[..., Any] | None = None,
    *,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    autograph: bool = False,
    seed: int | None = None,
    verbose: bool = False,
) -> Any:
    """Compile a hybrid quantum-classical function.

    QNodes on ``lightning.qubit`` called inside become native circuits, and all classical code is
    compiled by JAX. The result is an ordinary JAX function. QNodes on other devices are executed,
    and differentiated by their ``diff_method``, by PennyLane in callbacks of the program.

    Parameters
    ----------
    fn : Callable
        A function of pytrees of arrays, written with JAX and QNodes; a QNode; or a ``QJIT`` object,
        which is compiled anew with the given options. Without it, a decorator is returned.
    static_argnums : int or sequence of int, optional
        Positions of arguments that are compile-time constants; each new value (they must be
        hashable) compiles anew.
    static_argnames : str or sequence of str, optional
        Names of such arguments, however they are passed.
    autograph : bool, optional
        Whether Python's ``for``, ``while``, ``if``, ``and``, ``or`` and ``not`` may depend on
        traced values, in ``fn`` and in the functions of yours that it calls. Loops over lists,
        arrays and known ranges are unrolled; use `for_loop` for long ones.
    seed : int, optional
        Seed of the random numbers in the program, from 0 to 2**32 - 1, for circuits with shots or
        `measure`. Each call of the compiled function then gives the same results, on any number of
        threads. Without it, they are new at every call.
    verbose : bool, optional
        Whether to tell, on the standard error stream, what is compiled and how long it took.

    Returns
    -------
    QJIT
        Compiles at the first call of each signature (shapes and types of the arguments); ahead of
        time, at once, if every argument is annotated with a scalar type (``float``) or an abstract
        array (``jax.ShapeDtypeStruct``). Arguments of such a function are converted to the declared
        types where these can hold them, as a float can hold an int.

    Raises
    ------
    TypeError
        If ``fn`` is not callable, or an option has the wrong type.
    ValueError
        If ``seed`` is out of range.
    CompileError
        At the call, for a circuit that cannot be compiled; at once, if ``autograph`` does not find
        the source of ``fn``.

    Warns
    -----
    UserWarning
        If a function cannot be compiled ahead of time, though its arguments are annotated; when
        called, if it is compiled again because the arguments do not fit the annotations.

    Notes
    -----
    Circuits with shots (``qml.set_shots``) are sampled: each QNode in the program, each iteration
    of a loop and each element of ``jax.vmap`` on its own. A circuit whose arguments are the same
    for all elements of ``jax.vmap`` is evaluated, and sampled, once for all of them. In the same
    way ``jax.grad`` of a loop of JAX (``lax.scan``) may evaluate a circuit once whose arguments are
    the same in all iterations; in a `for_loop` it does not. Inside a seeded program, two calls of
    one ``jax.jit`` function with equal arguments may exchange their random numbers.

    With shots ``qml.sample`` returns an array of shape ``(shots, wires)``, of an observable one
    eigenvalue for each shot, and ``qml.counts`` a pair of arrays: the numbers of all basis states,
    or the eigenvalues of the observable, and how often each was found.
    Called inside another seeded program, a program draws from the random numbers of that one.

    Examples
    --------
    >>> import jax, pennylane as qml
    >>> from qgrad_lab import grad, qjit
    >>> @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def circuit(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.expval(qml.Z(0))
    >>> @qjit
    ... def loss(x):
    ...     return circuit(x) ** 2
    >>> print(f"{loss(0.4):.6f} {jax.grad(loss)(0.4):.6f} {qjit(grad(loss))(0.4):.6f}")
    0.848353 -0.717356 -0.717356

    Compiled when it is defined, for a float, and called with an int:

    >>> @qjit
    ... def cube(x: float):
    ...     return x**3
    >>> cube(2)
    Array(8., dtype=float64, weak_type=True)

    Constants of the program:

    >>> @qjit(static_argnames="power")
    ... def sum_of_powers(x, power):
    ...     return sum(x**n for n in range(power))
    >>> print(sum_of_powers(2.0, power=4))
    15.0

    Shots:

    >>> @qjit(seed=7)
    ... @qml.set_shots(100)
    ... @qml.qnode(qml.device("lightning.qubit", wires=1))
    ... def sampled(x):
    ...     qml.RX(x, wires=0)
    ...     return qml.sample(), qml.expval(qml.Z(0))
    >>> sample, mean = sampled(0.4)
    >>> sample.shape, bool(abs(mean - (1 - 2 * sample.mean())) < 1e-12)
    ((100, 1), True)

    Statements that depend on arguments:

    >>> @qjit(autograph=True)
    ... def collatz(n):
    ...     steps = 0
    ...     while n != 1:
    ...         if n % 2 == 0:
    ...             n = n // 2
    ...         else:
    ...             n = 3 * n + 1
    ...         steps += 1
    ...     return steps
    >>> print(collatz(27))
    111
    """
    with frames_hidden:
        options = _Options(
            _sequence(static_argnums, int, "static_argnums", "the positions of arguments"),
            _sequence(static_argnames, str, "static_argnames", "the names of arguments"),
            bool(autograph),
            _checked_seed(seed),
            bool(verbose),
        )
        if fn is None:
            return lambda fn: qjit(fn, **_keywords(options))
        if not callable(fn):
            raise TypeError(
                f"qjit was given {fn!r} of type {type(fn).__name__}, which is not a callable "
                "object. Give it a function or a QNode."
            )
        if isinstance(fn, QJIT):
            fn = fn.original_function
        return QJIT(fn, options)


def _keywords(options: _Options) -> dict[str, Any]:
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def _sequence(value: Any, kind: type, name: str, meaning: str) -> tuple[Any, ...]:
    if value is None:
        return ()
    values = (value,) if isinstance(value, kind) else value
    if (
        not isinstance(values, Sequence)
        or isinstance(values, str)
        or any(isinstance(v, bool) or not isinstance(v, kind) for v in values)
    ):
        article = "an" if kind is int else "a"
        raise TypeError(
            f"{name} was {value!r}; it is {article} {kind.__name__} or a sequence of "
            f"{kind.__name__}s, {meaning}."
        )
    return tuple(values)


def _checked_seed(seed: Any) -> int | None:
    if seed is None:
        return None
    try:
        number = operator.index(seed)
    except TypeError:
        number = None
    if number is None or isinstance(seed, bool):
        raise TypeError(f"seed was {seed!r} of type {type(seed).__name__}; it is an int or None.")
    if not 0 <= number < 2**32:
        raise ValueError(f"seed was {seed!r}; it is an unsigned 32-bit integer, below 2**32.")
    return number
