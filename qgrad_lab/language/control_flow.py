"""Loops and branches of compiled programs: ``for_loop``, ``while_loop``, ``cond``, ``switch``.

They take classical and quantum code alike, and carry any pytree. Inside a quantum function a loop
becomes one instruction of the Program, whatever its number of iterations, and its classical part
one ``lax.scan``. Loops whose number of iterations is known only at run time are bounded: they scan
over a capacity, doing nothing once they are finished, so that every derivative of every order
exists. A program that runs past a capacity is compiled again with a larger one, by ``qjit``.

Outside of compiled programs they are the Python statements of the same name.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.circuit.control.dispatch import bounded, choose, loop, without_operators
from qgrad_lab.circuit.record.outcome import (
    as_boolean,
    is_postponed,
    postponed_choice,
    unwrapped,
)
from qgrad_lab.circuit.record.sources import code_of, number_of_code
from qgrad_lab.core.mode import Mode, current_mode
from qgrad_lab.errors import CompileError

P = ParamSpec("P")
R = TypeVar("R")


def _is_traced(*values: Any) -> bool:
    return any(isinstance(value, jax.core.Tracer) for value in values)


def _as_integer(value: Any, name: str, what: str) -> Any:
    """Convert a bound of a loop, or a case, to an i64."""
    integral = jnp.issubdtype(jnp.result_type(value), jnp.integer)
    if not integral or jnp.ndim(value) > 0:
        raise TypeError(
            f"{name} was given {what} of type {jnp.result_type(value)} and shape "
            f"{jnp.shape(value)}; it is one integer. Convert it, for example by .astype(int)."
        )
    return jnp.asarray(value, jnp.int64)


def _as_condition(value: Any, name: str) -> Any:
    """Convert what a condition returned to a boolean."""
    value = as_boolean(value)
    if jnp.ndim(value) > 0:
        raise TypeError(
            f"The condition of {name} has the shape {jnp.shape(value)}; it is one boolean. Use "
            "jnp.all or jnp.any."
        )
    return jnp.asarray(value).astype(bool)


def _name(kind: str, body: Callable[..., Any]) -> str:
    """Describe a loop of the user's in messages."""
    code = code_of(body)
    where = "" if code is None else f", {code.co_filename}:{code.co_firstlineno}"
    return f"A {kind} ({getattr(body, '__name__', 'function')}{where})"


class _Carry:
    """The values that a loop carries, as many as its body was given."""

    def __init__(self, count: int, name: str) -> None:
        self._count, self._name = count, name
        self._container: type = tuple

    def of(self, result: Any) -> tuple[Any, ...]:
        """Return the result of the loop's body as one value for each that it was given."""
        count = self._count
        if count == 0 and (result is None or (isinstance(result, tuple | list) and not result)):
            return ()
        values = result if count > 1 and isinstance(result, tuple | list) else (result,)
        if len(values) != count:
            raise TypeError(
                f"The body of {self._name} was given {count} carried "
                f"value{'' if count == 1 else 's'} and returned {len(values)}. It returns one new "
                "value for each, in the same order."
            )
        self._container = list if isinstance(values, list) else tuple
        return tuple(values)

    def result(self, values: tuple[Any, ...]) -> Any:
        """Return carried values as the loop does: nothing, the one, or all as the body did."""
        if not values:
            return None
        return values[0] if len(values) == 1 else self._container(values)


def _check_resizing(allowed: bool, name: str) -> None:
    if allowed:
        raise CompileError(
            f"{name} was given allow_array_resizing=True, and the shapes of a compiled program "
            "are fixed. Carry an array of the largest shape that is needed."
        )


def for_loop(
    lower_bound: Any, upper_bound: Any = None, step: Any = 1, *, allow_array_resizing: bool = False
) -> Callable[[Callable[Concatenate[Any, P], R]], Callable[P, R]]:
    """Loop over a range of integers: ``for i in range(lower_bound, upper_bound, step)``.

    Parameters
    ----------
    lower_bound, upper_bound, step : int
        As those of ``range``: with one argument, it is the upper bound. They may be traced.
    allow_array_resizing : bool, optional
        PennyLane's and Catalyst's word for values whose shapes change; only ``False`` is allowed.

    Returns
    -------
    callable
        A decorator of the body ``body(i, *values) -> values``. The decorated function takes the
        initial values and returns the final ones: any pytrees, whose shapes and types stay the
        same.

    Raises
    ------
    ValueError
        If ``step`` is zero.
    TypeError
        If the body returns another number of values than it was given.
    CompileError
        If ``allow_array_resizing`` is set: the shapes of a compiled program are fixed.

    Examples
    --------
    >>> import pennylane as qml
    >>> from qgrad_lab import for_loop, qjit
    >>> @qjit
    ... @qml.qnode(qml.device("lightning.qubit", wires=3))
    ... def circuit(x):
    ...     @for_loop(0, 3)
    ...     def layer(i, angle):
    ...         qml.RX(angle, wires=i)
    ...         return angle / 2
    ...     layer(x)
    ...     return qml.expval(qml.Z(2))
    >>> print(f"{circuit(0.8):.6f}")
    0.980067
    """
    _check_resizing(allow_array_resizing, "for_loop")
    if upper_bound is None:
        lower_bound, upper_bound = 0, lower_bound
    lower_bound, upper_bound, step = map(unwrapped, (lower_bound, upper_bound, step))
    if not _is_traced(step) and step == 0:
        raise ValueError("for_loop was given step=0; it is a positive or negative integer.")

    def decorator(body: Callable[..., Any]) -> Callable[..., Any]:
        body = without_operators(body)

        def run(*values: Any) -> Any:
            carry = _Carry(len(values), "for_loop")
            if current_mode() is not Mode.COMPILED:
                for i in range(lower_bound, upper_bound, step):
                    values = carry.of(body(i, *values))
                return carry.result(values)

            def iteration(i: Any, *carried: Any) -> tuple[Any, ...]:
                return carry.of(body(i, *carried))

            if not _is_traced(lower_bound, upper_bound, step):
                numbers = range(lower_bound, upper_bound, step)
                return carry.result(loop(iteration, numbers, values))
            lower, upper, stride = (
                _as_integer(bound, "for_loop", "a bound or step")
                for bound in (lower_bound, upper_bound, step)
            )
            # The engine takes a negative number of iterations for an error.
            iterations = jnp.where(
                stride == 0, -1, jnp.maximum(0, -((lower - upper) // jnp.where(stride, stride, 1)))
            )

            def still(number: Any, *_carried: Any) -> Any:
                return number < iterations

            def numbered(number: Any, *carried: Any) -> tuple[Any, ...]:
                return iteration(lower + number * stride, *carried)

            label, name = number_of_code(body), _name("for_loop", body)
            return carry.result(bounded(still, numbered, values, label, name, iterations))

        return run

    return decorator


def while_loop(
    cond_fn: Callable[..., Any], *, allow_array_resizing: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Loop while a condition holds: ``while cond_fn(*values)``.

    Parameters
    ----------
    cond_fn : callable
        From the carried values to a boolean scalar.
    allow_array_resizing : bool, optional
        As in `for_loop`.

    Returns
    -------
    callable
        A decorator of the body ``body(*values) -> values``; see `for_loop`.

    Raises
    ------
    TypeError
        If the body returns another number of values than it was given.
    CompileError
        If ``allow_array_resizing`` is set: the shapes of a compiled program are fixed.

    Examples
    --------
    >>> from qgrad_lab import grad, qjit, while_loop
    >>> @qjit
    ... @grad
    ... def f(x):
    ...     @while_loop(lambda y: y < 10.0)
    ...     def double(y):
    ...         return 2.0 * y
    ...     return double(x)
    >>> print(f"{f(1.5):.1f}")
    8.0
    """
    _check_resizing(allow_array_resizing, "while_loop")

    def decorator(body: Callable[..., Any]) -> Callable[..., Any]:
        body = without_operators(body)

        def run(*values: Any) -> Any:
            carry = _Carry(len(values), "while_loop")
            if current_mode() is not Mode.COMPILED:
                while cond_fn(*values):
                    values = carry.of(body(*values))
                return carry.result(values)

            def still(_number: Any, *carried: Any) -> Any:
                return _as_condition(cond_fn(*carried), "while_loop")

            def iteration(_number: Any, *carried: Any) -> tuple[Any, ...]:
                return carry.of(body(*carried))

            label, name = number_of_code(cond_fn, body), _name("while_loop", body)
            return carry.result(bounded(still, iteration, values, label, name))

        return run

    return decorator


class Conditional:
    """The branches of a choice: called, it runs the first whose condition holds.

    Made by `qgrad_lab.cond`.

    Examples
    --------
    >>> from qgrad_lab import cond, qjit
    >>> @qjit
    ... def sign(x):
    ...     @cond(x > 0)
    ...     def found():
    ...         return 1
    ...     @found.else_if(x < 0)
    ...     def found():
    ...         return -1
    ...     @found.otherwise
    ...     def found():
    ...         return 0
    ...     return found()
    >>> print(sign(3.0), sign(-0.5), sign(0.0))
    1 -1 0
    """

    def __init__(self, condition: Any, function: Callable[..., Any]) -> None:
        self._conditions = [as_boolean(condition)]
        self._functions = [without_operators(function)]
        self._otherwise: Callable[..., Any] | None = None

    def else_if(self, condition: Any) -> Callable[[Callable[..., Any]], "Conditional"]:
        """Return a decorator of the branch that runs if ``condition`` holds and none before did."""

        def decorator(function: Callable[..., Any]) -> Conditional:
            self._conditions.append(as_boolean(condition))
            self._functions.append(without_operators(function))
            return self

        return decorator

    def otherwise(self, function: Callable[..., Any]) -> "Conditional":
        """Decorate the branch that runs if no condition holds."""
        self._otherwise = without_operators(function)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the first branch whose condition holds; return its result, ``None`` without one.

        Raises
        ------
        TypeError
            If branches return different pytrees, and a condition is traced; if a condition is an
            array.
        """
        otherwise = self._otherwise or (lambda *_, **__: None)
        if any(map(is_postponed, self._conditions)):
            branches = [_closed(f, args, kwargs) for f in self._functions]
            return postponed_choice(self._conditions, branches, _closed(otherwise, args, kwargs))
        functions = [*self._functions, otherwise]
        if current_mode() is not Mode.COMPILED or not _is_traced(*self._conditions):
            held = (f for c, f in zip(self._conditions, self._functions, strict=True) if c)
            result = next(held, otherwise)(*args, **kwargs)
            # Of NumPy's types, so that what is known stays known and has a dtype nevertheless.
            return jax.tree.map(_typed, result) if current_mode() is Mode.COMPILED else result
        conditions = [_as_condition(condition, "cond") for condition in self._conditions]
        # The first condition that holds; the last entry stands for none.
        number = jnp.argmax(jnp.stack([*conditions, jnp.asarray(True)]))
        return choose(number, [_closed(f, args, kwargs) for f in functions], "cond")


def _typed(leaf: Any) -> Any:
    return np.asarray(leaf)[()] if isinstance(leaf, bool | int | float | complex) else leaf


def _closed(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[[], Any]:
    return lambda: function(*args, **kwargs)


@overload
def cond(pred: Any) -> Callable[[Callable[..., Any]], Conditional]: ...
@overload
def cond(
    pred: Any,
    true_fn: Callable[..., Any],
    false_fn: Callable[..., Any] | None = None,
    elifs: Sequence[tuple[Any, Callable[..., Any]]] = (),
) -> Conditional: ...
def cond(
    pred: Any,
    true_fn: Callable[..., Any] | None = None,
    false_fn: Callable[..., Any] | None = None,
    elifs: Sequence[tuple[Any, Callable[..., Any]]] = (),
) -> Any:
    """Choose between functions by conditions: ``if``, ``elif``, ``else``.

    Parameters
    ----------
    pred : bool
        The first condition, known or traced.
    true_fn, false_fn : callable, optional
        The branches for ``pred`` and for no condition. Without ``true_fn``, ``cond`` is a
        decorator, with ``else_if`` and ``otherwise`` to decorate more branches.
    elifs : sequence of (bool, callable), optional
        Further conditions and branches.

    Returns
    -------
    Conditional
        Takes the arguments of the branches. With a traced condition all branches return the same
        pytree of arrays.

    Raises
    ------
    TypeError
        When called, if branches return different pytrees, and a condition is traced; if a condition
        is an array.

    See Also
    --------
    switch : A choice by an integer.

    Examples
    --------
    >>> from qgrad_lab import cond, grad, qjit
    >>> @qjit
    ... @grad
    ... def f(x):
    ...     @cond(x > 1.0)
    ...     def branch():
    ...         return x**2
    ...     @branch.otherwise
    ...     def branch():
    ...         return 3.0 * x
    ...     return branch()
    >>> print(f"{f(0.5):.1f} {f(2.0):.1f}")
    3.0 4.0
    """
    if true_fn is None:
        return lambda function: Conditional(pred, function)
    conditional = Conditional(pred, true_fn)
    for condition, function in elifs:
        conditional.else_if(condition)(function)
    return conditional if false_fn is None else conditional.otherwise(false_fn)


class Switch:
    """The cases of a choice by number: called, it runs the one with the given number.

    Made by `qgrad_lab.switch`, whose example this is.
    """

    def __init__(self, index: Any, default: Callable[..., Any]) -> None:
        self._index = unwrapped(index)
        self._default = without_operators(default)
        self._cases: dict[int, Callable[..., Any]] = {}

    def branch(self, case: int) -> Callable[[Callable[..., Any]], "Switch"]:
        """Return a decorator of the function for the number ``case``."""

        def decorator(function: Callable[..., Any]) -> Switch:
            self._cases[case] = without_operators(function)
            return self

        return decorator

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the case with the given number, and return its result.

        Raises
        ------
        TypeError
            If cases return different pytrees, and the number is traced; if it is not an integer.
        """
        if current_mode() is not Mode.COMPILED or not _is_traced(self._index):
            number = operator.index(self._index)
            return self._cases.get(number, self._default)(*args, **kwargs)
        index = _as_integer(self._index, "switch", "an index")
        found = jnp.stack([index == case for case in self._cases] + [jnp.asarray(True)])
        functions = [*self._cases.values(), self._default]
        return choose(jnp.argmax(found), [_closed(f, args, kwargs) for f in functions], "switch")


def switch(index: Any) -> Callable[[Callable[..., Any]], Switch]:
    """Choose between functions by an integer.

    Parameters
    ----------
    index : int
        The number of the case, known or traced.

    Returns
    -------
    callable
        A decorator of the default case, which makes a `Switch` of it: that has ``branch(case)`` to
        decorate the others, and takes their arguments.

    Raises
    ------
    TypeError
        When called, if cases return different pytrees, and ``index`` is traced; if it is not an
        integer.

    See Also
    --------
    cond : A choice by conditions.

    Examples
    --------
    >>> from qgrad_lab import qjit, switch
    >>> @qjit
    ... def f(i, x):
    ...     @switch(i)
    ...     def power(x):
    ...         return 1.0 + 0.0 * x
    ...     @power.branch(2)
    ...     def power(x):
    ...         return x**2
    ...     return power(x)
    >>> print(f(2, 3.0), f(7, 3.0))
    9.0 1.0
    """
    return lambda default: Switch(index, default)
