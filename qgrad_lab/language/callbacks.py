"""Python functions called while a compiled program runs: ``pure_callback``, ``accelerate``."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, overload

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.core.mode import Mode, mode
from qgrad_lab.errors import DifferentiableCompileError

F = TypeVar("F", bound=Callable[..., Any])


class PureCallback:
    """A function that runs in Python while the program runs; made by `pure_callback`.

    Examples
    --------
    >>> import numpy as np
    >>> from qgrad_lab import grad, pure_callback, qjit
    >>> @pure_callback
    ... def sine(x) -> float:
    ...     return np.sin(x)
    >>> @sine.fwd
    ... def forward(x):
    ...     return sine(x), x
    >>> @sine.bwd
    ... def backward(x, cotangent):
    ...     return (pure_callback(np.cos, float)(x) * cotangent,)
    >>> print(f"{qjit(grad(sine))(0.4):.6f}")
    0.921061
    """

    def __init__(self, function: Callable[..., Any], result: Any) -> None:
        functools.update_wrapper(self, function, updated=())
        self._function = function
        self._result = result
        self._fwd: Callable[..., Any] | None = None
        self._bwd: Callable[..., Any] | None = None

    def fwd(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate the forward pass: from the arguments to the result and to what ``bwd`` needs."""
        self._fwd = function
        return function

    def bwd(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Decorate the backward pass ``bwd(residuals, cotangent)``: a tuple, one an argument."""
        self._bwd = function
        return function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function when the program runs.

        Raises
        ------
        ValueError
            If only one of ``fwd`` and ``bwd`` was given.
        DifferentiableCompileError
            If the function is differentiated without them.
        """
        if kwargs:
            args = inspect.signature(self._function).bind(*args, **kwargs).args
        if self._fwd is None and self._bwd is None:
            return self._undifferentiated(*args)
        if self._fwd is None or self._bwd is None:
            missing = "fwd" if self._fwd is None else "bwd"
            raise ValueError(
                f"The pure_callback {self._name} has no {missing}; a gradient takes both, fwd and "
                f"bwd. Decorate a function with {self._name}.{missing}."
            )

        @jax.custom_vjp
        def differentiable(*args: Any) -> Any:
            return self._call(*args)

        differentiable.defvjp(self._fwd, self._bwd)
        return differentiable(*args)

    @property
    def _name(self) -> str:
        return getattr(self._function, "__name__", type(self._function).__name__)

    def _undifferentiated(self, *args: Any) -> Any:
        @jax.custom_jvp
        def values(*args: Any) -> Any:
            return self._call(*args)

        def refuse(_primals: Any, _tangents: Any) -> Any:
            raise DifferentiableCompileError(
                f"The pure_callback {self._name} is differentiated, and Python functions have no "
                f"derivatives. Give it one by {self._name}.fwd and {self._name}.bwd, write it with "
                "JAX, or differentiate with method='fd'."
            )

        values.defjvp(refuse)
        return values(*args)

    def _call(self, *args: Any) -> Any:
        def in_python(*args: Any) -> Any:
            with mode(Mode.OUTSIDE):
                result = self._function(*args)
            return jax.tree.map(
                lambda kind, leaf: np.asarray(leaf, kind.dtype), self._result, result
            )

        return jax.pure_callback(in_python, self._result, *args, vmap_method="sequential")


def pure_callback(callback_fn: Callable[..., Any], result_type: Any = None) -> PureCallback:
    """Call a Python function, such as one of NumPy or SciPy, while the program runs.

    Parameters
    ----------
    callback_fn : callable
        A function without side effects. It is given JAX arrays.
    result_type : type or pytree, optional
        What it returns: scalar types (``float``), dtypes or ``jax.ShapeDtypeStruct``, also in a
        pytree. By default, the annotation of its result.

    Returns
    -------
    PureCallback
        The function, for compiled programs. Its decorators ``fwd`` and ``bwd`` give it a
        derivative.

    Raises
    ------
    TypeError
        If the type of the result is not known.

    See Also
    --------
    accelerate : A function that JAX can compile.

    Examples
    --------
    >>> import numpy as np
    >>> from qgrad_lab import pure_callback, qjit
    >>> @pure_callback
    ... def sine(x) -> float:
    ...     return np.sin(x)
    >>> print(f"{qjit(sine)(0.4):.6f}")
    0.389418
    """
    if result_type is None:
        try:
            result_type = inspect.signature(callback_fn).return_annotation
        except ValueError:  # a ufunc of NumPy
            result_type = inspect.Signature.empty
    kinds: Any = None if result_type is inspect.Signature.empty else result_type
    found = None if kinds is None else jax.tree.map(_struct, kinds)
    if found is None or None in jax.tree.leaves(found, is_leaf=lambda leaf: leaf is None):
        name = getattr(callback_fn, "__name__", repr(callback_fn))
        raise TypeError(
            f"pure_callback was given {name} with the result type {kinds!r}. Annotate what it "
            "returns, or give result_type: float, int, bool, complex, a dtype or a "
            "jax.ShapeDtypeStruct, alone or in a pytree."
        )
    return PureCallback(callback_fn, found)


def _struct(kind: Any) -> jax.ShapeDtypeStruct | None:
    if hasattr(kind, "shape") and hasattr(kind, "dtype") and not isinstance(kind, type):
        return jax.ShapeDtypeStruct(kind.shape, kind.dtype)
    try:
        return jax.ShapeDtypeStruct((), jnp.dtype(kind))
    except TypeError:
        return None


@overload
def accelerate(func: F, *, dev: Any = None) -> F: ...
@overload
def accelerate(func: None = None, *, dev: Any = None) -> Callable[[F], F]: ...
def accelerate(func: Callable[..., Any] | None = None, *, dev: Any = None) -> Any:
    """Compile a classical function with ``jax.jit``, as all classical code in a program is.

    For programs that say where a function runs. It is part of the program that calls it, with all
    its derivatives; outside of a program it runs on ``dev``.

    Parameters
    ----------
    func : callable, optional
        A function that JAX can trace. Without it, a decorator is returned.
    dev : jax.Device, optional
        Where it runs when it is called outside of a compiled program.

    Returns
    -------
    callable
        The function.

    Raises
    ------
    TypeError
        If ``func`` cannot be called.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import accelerate, grad, qjit
    >>> @qjit
    ... @grad
    ... def f(x):
    ...     return accelerate(jnp.sin)(x) ** 2
    >>> print(f"{f(0.4):.6f}")
    0.717356
    """
    if func is None:
        return functools.partial(accelerate, dev=dev)
    if not callable(func):
        raise TypeError(
            f"accelerate was given {func!r} of type {type(func).__name__}, which is not a "
            "callable object. Give it a function that JAX can trace."
        )
    jitted = jax.jit(func)

    @functools.wraps(func, updated=())
    def accelerated(*args: Any, **kwargs: Any) -> Any:
        leaves = jax.tree.leaves((args, kwargs))
        if dev is not None and not any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            args, kwargs = jax.device_put((args, kwargs), dev)
        return jitted(*args, **kwargs)

    return accelerated
