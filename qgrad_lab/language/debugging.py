"""Look at values while a compiled program runs: ``qgrad_lab.debug``.

>>> from qgrad_lab import debug, qjit
>>> @qjit
... def square(x):
...     debug.print("x = {x}", x=x)
...     return x**2
>>> print(square(3.0))
x = 3.0
9.0
"""

import builtins
from collections.abc import Callable
from typing import Any

import jax

__all__ = ["callback", "print", "print_memref"]


def callback(callback_fn: Callable[..., Any]) -> Callable[..., None]:
    """Call a Python function for its side effects, whenever the program comes to it.

    Parameters
    ----------
    callback_fn : callable
        Takes arrays, and returns ``None``.

    Returns
    -------
    callable
        The function, for compiled programs.

    Raises
    ------
    ValueError
        When the program runs, if ``callback_fn`` returns something.

    See Also
    --------
    pure_callback : A function for its result.

    Examples
    --------
    >>> from qgrad_lab import debug, qjit
    >>> seen = []
    >>> @qjit
    ... def square(x):
    ...     debug.callback(seen.append)(x)
    ...     return x**2
    >>> print(square(3.0), float(seen[0]))
    9.0 3.0
    """

    def checked(*args: Any, **kwargs: Any) -> None:
        result = callback_fn(*args, **kwargs)
        if result is not None:
            raise ValueError(
                f"debug.callback called a function that returned {result!r}; it returns None. Use "
                "pure_callback for a result."
            )

    def call(*args: Any, **kwargs: Any) -> None:
        jax.debug.callback(checked, *args, ordered=False, **kwargs)

    return call


def print(fmt: Any, *args: Any, **kwargs: Any) -> None:
    """Print values when the program runs: ``jax.debug.print``, or ``print`` of a single value.

    Parameters
    ----------
    fmt : str or array
        A text with places for the values, as of ``str.format``; or the value to print.
    *args, **kwargs
        The values.

    Examples
    --------
    >>> from qgrad_lab import debug, qjit
    >>> @qjit
    ... def show(x):
    ...     debug.print("{} and {y}", x, y=2 * x)
    ...     return x
    >>> print(show(3))
    3 and 6
    3
    """
    if isinstance(fmt, str):
        jax.debug.print(fmt, *args, **kwargs)
    else:
        jax.debug.callback(builtins.print, fmt, *args, **kwargs)


def print_memref(x: Any) -> None:
    """Print an array with its type and shape, when the program runs.

    Parameters
    ----------
    x : array
        The array.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from qgrad_lab import debug, qjit
    >>> qjit(debug.print_memref)(jnp.array([1.0, 2.0]))
    float64[2]: [1. 2.]
    """
    x = jax.numpy.asarray(x)
    kind = f"{x.dtype}[{','.join(map(str, x.shape))}]"
    jax.debug.print(kind + ": {}", x)
