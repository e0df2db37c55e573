"""``qjit``: compile a hybrid quantum-classical function with JAX."""

import functools
import inspect
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab.circuit.interception import install
from qgrad_lab.tracing import (
    DEFAULT_LOOP_CAPACITY,
    Mode,
    current_mode,
    loop_capacity,
    mode,
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
        self._jitted = self._make_jitted(DEFAULT_LOOP_CAPACITY)
        annotated = _annotated_arguments(function, static_argnums)
        if annotated:
            self._compile_ahead(annotated)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled program, after compiling it if the signature is new."""
        if current_mode() is Mode.REFERENCE:
            return self.original_function(*args, **kwargs)
        try:
            result = self._jitted(*args, **kwargs)
            if self._has_bounded_loops and not _is_traced(result):
                jax.block_until_ready(result)  # so that the error, if there is one, comes here
            return result
        except jax.errors.JaxRuntimeError as error:
            needed = _LOOP_OVERFLOW.search(str(error))
            if needed is None:
                raise
        # The program is pure: with room for more iterations it runs again, from the start.
        self._jitted = self._make_jitted(2 ** (int(needed[1]) - 1).bit_length())
        return self(*args, **kwargs)

    def _make_jitted(self, capacity: int) -> Any:
        """The jitted function, with room for ``capacity`` iterations in loops of unknown length."""
        function = self.original_function

        @functools.wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            self._signature = self._abstract(args, kwargs)
            with mode(Mode.COMPILED), loop_capacity(capacity) as has_bounded_loops:
                result = function(*args, **kwargs)
                self._has_bounded_loops |= has_bounded_loops()
                return result

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
            self._jitted.lower(*annotated).compile()
        except Exception as error:
            # Whatever the user's function raises belongs to the first call, which raises it.
            warnings.warn(f"AOT compilation failed: {error}", UserWarning, stacklevel=4)


_LOOP_OVERFLOW = re.compile(r"a loop of (\d+) iterations exceeds its capacity")
"""What the engine says, see ``engine/native/schedule.cpp``."""


def _is_traced(tree: Any) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree))


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
