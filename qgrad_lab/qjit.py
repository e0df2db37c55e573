"""``qjit``: compile a hybrid quantum-classical function with JAX."""

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab.circuit.interception import install
from qgrad_lab.tracing import (
    LoopOverflow,
    Mode,
    current_mode,
    loop_overflow,
    mode,
    when_bounded,
)

install()


class QJIT:
    """A compiled function; an ordinary JAX function to ``jax.grad``, ``jax.vmap``, ``jax.jit``.

    Made by ``qjit``.

    Attributes
    ----------
    original_function : Callable
        The function that was compiled.
    """

    original_function: Callable[..., Any]

    def __init__(self, function: Callable[..., Any], static_argnums: tuple[int, ...] = ()) -> None:
        functools.update_wrapper(self, function, updated=())
        self.original_function = function
        self._static_argnums = static_argnums
        self._signature: tuple[tuple[Any, ...], dict[str, Any]] | None = None
        self._has_bounded_loops = False
        self._loop_capacities: dict[int, int] = {}
        self._jitted = self._make_jitted()
        annotated = _annotated_arguments(function, static_argnums)
        if annotated:
            self._compile_ahead(annotated)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled program, after compiling it if the signature is new."""
        if current_mode() is Mode.REFERENCE:
            return self.original_function(*args, **kwargs)
        while True:
            known = self._loop_capacities
            try:
                with when_bounded(self._note_bounded_loops):
                    result = self._jitted(*args, **kwargs)
                if self._has_bounded_loops:
                    _wait_for(result)  # so that the error, if there is one, comes here
                return result
            except (jax.errors.JaxRuntimeError, ValueError) as error:  # JAX raises either
                overflow = loop_overflow(error)
                if overflow is None or known.get(overflow.label, 0) > overflow.capacity:
                    raise  # the second is a program that does not get the room it is given
            # The program is pure: with room for more iterations it runs again, from the start.
            self._make_room(overflow)

    def _note_bounded_loops(self) -> None:
        self._has_bounded_loops = True

    def _make_room(self, overflow: LoopOverflow) -> None:
        with _growing:
            # Another thread may have done it in the meantime.
            if self._loop_capacities.get(overflow.label, 0) < overflow.enough:
                self._loop_capacities = {**self._loop_capacities, overflow.label: overflow.enough}
                self._jitted = self._make_jitted()

    def _make_jitted(self) -> Any:
        """The jitted function, with the present room for iterations in loops of unknown length."""
        function = self.original_function
        capacities = self._loop_capacities

        @functools.wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            self._signature = self._abstract(args, kwargs)
            with mode(Mode.COMPILED, capacities):
                return function(*args, **kwargs)

        return jax.jit(traced, static_argnums=self._static_argnums)

    def __repr__(self) -> str:
        name = getattr(self.original_function, "__qualname__", "function")
        return f"<qjit-compiled function {name}>"

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

    def _abstract(self, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        def abstract(leaf: Any) -> Any:
            if isinstance(leaf, jax.core.Tracer):
                return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
            return leaf

        static = {i % len(args) for i in self._static_argnums if -len(args) <= i < len(args)}
        abstracted = tuple(
            arg if i in static else jax.tree.map(abstract, arg) for i, arg in enumerate(args)
        )
        return abstracted, jax.tree.map(abstract, kwargs)

    def _compile_ahead(self, annotated: list[Any]) -> None:
        try:
            with when_bounded(self._note_bounded_loops):
                self._jitted.lower(*annotated).compile()
        except Exception as error:
            # Whatever the user's function raises belongs to the first call, which raises it.
            warnings.warn(f"AOT compilation failed: {error}", UserWarning, stacklevel=4)


_growing = threading.Lock()


def _wait_for(tree: Any) -> None:
    """Wait until arrays are computed, those under ``jax.vmap`` and ``jax.grad`` too."""
    for leaf in jax.tree.leaves(tree):
        while isinstance(leaf, jax.core.Tracer):
            # JAX has no public way from a traced value to the value that it stands for. Where this
            # one fails, an error comes when the value is used, instead of here.
            leaf = getattr(leaf, "val", getattr(leaf, "primal", None))
        jax.block_until_ready(leaf)


def _annotated_arguments(
    function: Callable[..., Any], static_argnums: tuple[int, ...]
) -> list[Any] | None:
    """What to compile for ahead of time: abstract arguments, if every argument is annotated so."""
    if static_argnums:
        return None
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    arguments = []
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            return None
        argument = _abstract_annotation(parameter.annotation)
        if argument is None:
            return None
        arguments.append(argument)
    return arguments


def _abstract_annotation(annotation: Any) -> jax.ShapeDtypeStruct | None:
    """A scalar type (``float``), a NumPy dtype, or an array type with shape and dtype."""
    if isinstance(annotation, jax.ShapeDtypeStruct):
        return annotation
    if annotation in (float, int, bool, complex):
        return jax.ShapeDtypeStruct((), np.dtype(annotation), weak_type=annotation is not bool)
    if isinstance(annotation, np.dtype) or (
        isinstance(annotation, type) and issubclass(annotation, np.generic)
    ):
        return jax.ShapeDtypeStruct((), np.dtype(annotation))
    if hasattr(annotation, "shape") and hasattr(annotation, "dtype"):
        return jax.ShapeDtypeStruct(annotation.shape, annotation.dtype)
    return None


def qjit(
    fn: Callable[..., Any] | None = None, *, static_argnums: int | Sequence[int] | None = None
) -> Any:
    """Compile a hybrid quantum-classical function.

    QNodes on ``lightning.qubit`` called inside become native circuits, and all classical code is
    compiled by JAX. The result is an ordinary JAX function.

    Parameters
    ----------
    fn : Callable
        A function of pytrees of arrays, written with JAX and QNodes; a QNode; or a ``QJIT`` object,
        which is compiled anew with the given options. Without it, a decorator is returned.
    static_argnums : int or sequence of int, optional
        Positions of arguments that are compile-time constants; each new value (they must be
        hashable) compiles anew.

    Returns
    -------
    QJIT
        Compiles at the first call of each signature (shapes and types of the arguments); ahead of
        time, at once, if every argument is annotated with a scalar type (``float``) or an abstract
        array (``jax.ShapeDtypeStruct``).

    Raises
    ------
    TypeError
        If ``fn`` is not callable, or ``static_argnums`` is not an int or a sequence of ints.
    CompileError
        At the call, for a circuit that cannot be compiled.

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
    """
    argnums = _static_argnums(static_argnums)
    if fn is None:
        return functools.partial(qjit, static_argnums=static_argnums)
    if not callable(fn):
        raise TypeError(
            f"qjit was given {fn!r} of type {type(fn).__name__}, which is not a callable object. "
            "Give it a function or a QNode."
        )
    if isinstance(fn, QJIT):
        fn = fn.original_function
    return QJIT(fn, argnums)


def _static_argnums(value: int | Sequence[int] | None) -> tuple[int, ...]:
    if value is None:
        return ()
    values = (value,) if isinstance(value, int) else tuple(value)
    if any(isinstance(v, bool) or not isinstance(v, int) for v in values):
        raise TypeError(
            f"static_argnums was {value!r}; it is an int or a sequence of ints, the positions of "
            "arguments."
        )
    return values
