"""``vmap``: ``jax.vmap``, also as a decorator, and for the first elements of its arguments."""

import functools
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, overload

import jax

F = TypeVar("F", bound=Callable[..., Any])


@overload
def vmap(
    fn: F,
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_name: Hashable | None = None,
    axis_size: int | None = None,
    spmd_axis_name: Any = None,
) -> F: ...
@overload
def vmap(
    fn: None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_name: Hashable | None = None,
    axis_size: int | None = None,
    spmd_axis_name: Any = None,
) -> Callable[[F], F]: ...
def vmap(
    fn: Callable[..., Any] | None = None,
    in_axes: Any = 0,
    out_axes: Any = 0,
    axis_name: Hashable | None = None,
    axis_size: int | None = None,
    spmd_axis_name: Any = None,
) -> Any:
    """Map a function over an axis of its arguments: ``jax.vmap``.

    Parameters
    ----------
    fn : callable, optional
        The function. Without it, a decorator is returned.
    in_axes, out_axes : int, None or pytree, optional
        Over which axis of each argument, and to which of each result, as of ``jax.vmap``.
    axis_name, spmd_axis_name : optional
        As of ``jax.vmap``.
    axis_size : int, optional
        How many elements, from the first on, of arguments that may have more.

    Returns
    -------
    callable
        The mapped function.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import qjit, vmap
    >>> x = jnp.arange(6.0).reshape(3, 2)
    >>> print(qjit(vmap(jnp.sum))(x), qjit(vmap(jnp.sum, axis_size=2))(x))
    [1. 5. 9.] [1. 5.]
    """
    options = {
        "in_axes": in_axes,
        "out_axes": out_axes,
        "axis_name": axis_name,
        "axis_size": axis_size,
        "spmd_axis_name": spmd_axis_name,
    }
    if fn is None:
        return functools.partial(vmap, **options)
    mapped: Callable[..., Any] = jax.vmap(fn, **options)
    if axis_size is None:
        return mapped

    def first(axis: int | None, arguments: Any) -> Any:
        if axis is None:
            return arguments
        return jax.tree.map(lambda x: jax.lax.slice_in_dim(x, 0, axis_size, axis=axis), arguments)

    @functools.wraps(mapped)
    def first_elements(*args: Any, **kwargs: Any) -> Any:
        axes = in_axes if in_axes is None or isinstance(in_axes, int) else tuple(in_axes)
        args = jax.tree.map(first, axes, args, is_leaf=lambda axis: axis is None)
        kwargs = {name: first(0, value) for name, value in kwargs.items()}
        return mapped(*args, **kwargs)

    return first_elements
