"""A compiled function: what ``qjit`` returns."""

import functools
import types
import warnings
from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import jax

from qgrad_lab.circuit.capture.patches import install
from qgrad_lab.circuit.capture.qnode import is_qnode
from qgrad_lab.circuit.contents import plans_text
from qgrad_lab.compile import ahead, autograph, cache
from qgrad_lab.compile.jitted import Arguments, JittedFunction
from qgrad_lab.compile.options import CompileOptions
from qgrad_lab.compile.other_arrays import refuse_other_arrays
from qgrad_lab.compile.run import overflow_of, run_jitted
from qgrad_lab.compile.signature import Constant, Declared, unwrapped
from qgrad_lab.core.mode import Mode, current_mode, is_seeded, running, threads
from qgrad_lab.core.pickling import reduced
from qgrad_lab.core.tracebacks import frames_hidden

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

    def __init__(self, function: Callable[P, R], options: CompileOptions | None = None) -> None:
        functools.update_wrapper(self, function, updated=())
        self.original_function = function
        self._options = options = options or CompileOptions()
        converted = autograph.convert(function) if options.autograph else function
        self._jitted = JittedFunction(function, converted, options, self._notice_mismatch)
        is_static = options.static_argnums or options.static_argnames
        self._declared = None if is_static else Declared.of(function)
        declares = self._declared is not None and bool(self._declared.arguments)
        self._prepares = declares or options.verbose
        if self._declared is not None:
            args, kwargs = self._declared.required()
            ahead.compile_declared(self._jitted, self._name, args, kwargs, options.verbose)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the compiled program, after compiling it if the signature is new."""
        state = threads.state
        try:
            # As a rule there is nothing to prepare. Programs may take as little time as this test.
            if self._prepares or not state.ordinary or (args and isinstance(args[0], type)):
                # A checker lets nobody assign to P.args, though these are the same arguments.
                call, args, kwargs = self._prepare(args, kwargs)  # type: ignore[assignment]
                if call is not None:
                    return call(*args, **kwargs)
            return run_jitted(self._jitted, state, args, kwargs)
        except BaseException as error:
            with frames_hidden:  # entered here, where it costs nothing unless there is an error
                if isinstance(error, TypeError):
                    refuse_other_arrays(self._name, args, kwargs)
                raise

    def _prepare(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, Any]:
        """Return what to call in the place of the compiled program, if so, and its arguments."""
        if current_mode() is Mode.REFERENCE:
            return self.original_function, tuple(map(unwrapped, args)), kwargs
        args, kwargs = self._fitted(args, kwargs)
        if threads.state.in_circuit:
            # JAX would keep a trace, and the gates belong to this call of the function alone.
            return self._jitted.inline, (args, kwargs), {}
        if self._options.verbose:
            ahead.compile_for(self._jitted, self._name, args, kwargs, verbose=True)
        # Part of a seeded program, it is compiled anew. From JAX's caches two calls would be one
        # piece of code, and only which of the two runs first would tell their random numbers apart.
        return self._jitted.fresh() if is_seeded() else None, args, kwargs

    def _fitted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        """Return the arguments of a call as the program takes them."""
        if args and isinstance(args[0], type):
            # Since Python 3.13 a classmethod does not bind what it wraps, but hands its class over.
            args = (Constant(args[0]), *args[1:])
        return (args, kwargs) if self._declared is None else self._declared.promote(args, kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: "QJIT[Concatenate[Any, Q], R]", instance: object, owner: type | None = None
    ) -> Callable[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the method of ``instance``, for a ``QJIT`` in a class."""
        if instance is None or _is_static(self.original_function):
            return self
        is_leaf = jax.tree_util.all_leaves([instance])
        return types.MethodType(self, Constant(instance) if is_leaf else instance)

    def __reduce__(self) -> Any:
        """Pickle as a function is: by its name if it has one, and by its parts if it has none."""
        return reduced(self, "qjit", self.original_function, self.options)

    def __repr__(self) -> str:
        return f"<qjit-compiled function {self._name}>"

    @property
    def _name(self) -> str:
        function = self.original_function
        name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
        return name or type(function).__name__

    @property
    def user_function(self) -> Callable[P, R]:
        """The function that was compiled, by the name under which PennyLane looks for it.

        ``qml.draw``, ``qml.draw_mpl`` and ``qml.matrix`` of a compiled QNode show that QNode.

        Examples
        --------
        >>> import pennylane as qml
        >>> from qgrad_lab import qjit
        >>> @qjit
        ... @qml.qnode(qml.device("lightning.qubit", wires=1))
        ... def circuit(x):
        ...     qml.RX(x, wires=0)
        ...     return qml.expval(qml.Z(0))
        >>> print(qml.draw(circuit)(0.3))
        0: ──RX(0.30)─┤  <Z>
        """
        return self.original_function

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments that ``qjit`` was given, or took as defaults.

        Examples
        --------
        >>> from qgrad_lab import qjit
        >>> qjit(lambda x: x**2, seed=7).options["seed"]
        7
        """
        return self._options.keywords()

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
        return self._jitted.jitted.trace(*args, **kwargs).jaxpr

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
        return self._jitted.jitted.lower(*args, **kwargs).as_text()

    @property
    def plan(self) -> str:
        """The plan by which circuits of the most recently compiled signature are evaluated.

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
        return plans_text(self._jitted.jitted.trace(*args, **kwargs).jaxpr.jaxpr)

    def trace(self, *args: Any, **kwargs: Any) -> jax.stages.Traced:
        """Trace the function for arguments like these, without running it.

        As ``trace`` of a function of `jax.jit`. In the program that comes of it, QNodes on
        ``lightning.qubit`` are native circuits.

        Parameters
        ----------
        *args, **kwargs
            The arguments of a call, or `jax.ShapeDtypeStruct` in their places. Those that the
            function declares are converted to their types, as in a call.

        Returns
        -------
        jax.stages.Traced
            With JAX's ``jaxpr``, ``out_info`` (the tree of shapes and dtypes of the result) and
            ``lower()``.

        Raises
        ------
        CompileError, Exception
            What is wrong with the program, as in a call of it.

        See Also
        --------
        lower : The next step.
        stages : Every form of the program, from the source to machine code.

        Notes
        -----
        Loops of unknown length have room for 32 iterations, or for as many as a call before has
        needed. A call that needs more compiles the program again; what was traced here does not
        change, and raises JAX's error where it is run.

        Examples
        --------
        >>> import jax, pennylane as qml
        >>> from qgrad_lab import qjit
        >>> @qjit
        ... @qml.qnode(qml.device("lightning.qubit", wires=1))
        ... def circuit(x):
        ...     qml.RX(x, wires=0)
        ...     return qml.probs(wires=0)
        >>> traced = circuit.trace(jax.ShapeDtypeStruct((), float))
        >>> traced.out_info.shape, "qgrad_lab" in traced.lower().as_text()
        ((2,), True)
        """
        with frames_hidden, running(self._jitted):
            args, kwargs = self._fitted(args, kwargs)
            traced: jax.stages.Traced = self._jitted.jitted.trace(*args, **kwargs)
            return traced

    def lower(self, *args: Any, **kwargs: Any) -> jax.stages.Lowered:
        """Lower the function for arguments like these to what XLA compiles.

        As ``lower`` of a function of `jax.jit`: the same as ``trace(*args, **kwargs).lower()``.

        Parameters
        ----------
        *args, **kwargs
            As of `trace`.

        Returns
        -------
        jax.stages.Lowered
            With JAX's ``as_text()``, StableHLO by default, ``cost_analysis()`` and ``compile()``.

        Raises
        ------
        CompileError, Exception
            What is wrong with the program, as in a call of it.

        See Also
        --------
        trace : The step before, and what becomes of loops of unknown length.
        executable : The step after, with what was compiled kept for the next process.

        Examples
        --------
        >>> from qgrad_lab import qjit
        >>> square = qjit(lambda x: x**2)
        >>> lowered = square.lower(3.0)
        >>> "stablehlo.multiply" in lowered.as_text()
        True
        >>> print(lowered.compile()(3.0))
        9.0
        """
        with frames_hidden, running(self._jitted):
            args, kwargs = self._fitted(args, kwargs)
            lowered: jax.stages.Lowered = self._jitted.jitted.lower(*args, **kwargs)
            return lowered

    def executable(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what JAX compiled, or compiles now, for arguments like these.

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
        with frames_hidden, running(self._jitted):
            args, kwargs = self._fitted(args, kwargs)
            return self._jitted.jitted.lower(*args, **kwargs).compile()

    def make_room(self, error: Exception) -> None:
        """Compile, at the next call, for as many iterations of a loop as ``error`` tells of.

        A call does this by itself. Programs that were made by `lower` or ``jax.export`` cannot:
        when one of them fails because a loop has more iterations than it was compiled for, this
        makes room in what is lowered next.

        Parameters
        ----------
        error : Exception
            What was raised where that program ran.

        Raises
        ------
        Exception
            If ``error`` tells of something else: it, as a call of this function would raise it.

        Examples
        --------
        >>> from qgrad_lab import qjit, while_loop
        >>> @qjit
        ... def count(x):
        ...     @while_loop(lambda x, n: x < 1.0)
        ...     def double(x, n):
        ...         return 2 * x, n + 1
        ...     return double(x, 0)[1]
        >>> compiled = count.lower(1.0).compile()
        >>> try:
        ...     compiled(2.0**-40).block_until_ready()
        ... except Exception as error:
        ...     count.make_room(error)
        >>> print(count.lower(1.0).compile()(2.0**-40))
        40
        """
        with frames_hidden:
            self._jitted.make_room(overflow_of(error, self._jitted.capacities))

    def _last_signature(self) -> Arguments:
        if self._jitted.signature is None:
            raise ValueError(
                f"{self!r} has not been compiled yet. Call it once, or annotate its arguments."
            )
        return self._jitted.signature

    def _notice_mismatch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        mismatch = self._declared and self._declared.mismatch(args, kwargs)
        if mismatch:
            warnings.warn(
                f"Provided arguments did not match declared signature, recompiling {self._name}: "
                f"{mismatch}.",
                UserWarning,
                stacklevel=2,
            )


def _is_static(function: Any) -> bool:
    """Return whether ``function``, or that of a QNode, is a ``staticmethod``."""
    while not isinstance(function, staticmethod):
        if not hasattr(function, "__wrapped__") and not is_qnode(function):
            return False
        function = function.func if is_qnode(function) else function.__wrapped__
    return True
