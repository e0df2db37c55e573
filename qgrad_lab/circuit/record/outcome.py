"""The outcome of a measurement in the middle of a circuit, as the user's code sees it."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml

from qgrad_lab.core.mode import lowering


class Outcome(qml.ops.MeasurementValue):
    """A traced bit: an integer in arithmetic, a truth value under ``~``, ``&``, ``|`` and ``^``.

    Of PennyLane's own class, so that ``qml.expval(m)`` and its like take it, and with the same
    meaning: comparisons are bits that can be added too. Functions of JAX take an outcome for an i64
    scalar. Returned from a quantum function it is a boolean.

    Parameters
    ----------
    value
        A boolean scalar, traced or known.
    """

    __array_ufunc__ = None
    # Arrays of NumPy leave arithmetic with an outcome to the outcome.

    def __init__(self, value: Any) -> None:
        super().__init__([])
        self.value = value

    def __jax_array__(self) -> jax.Array:
        return jnp.asarray(self.value, jnp.int64)

    @property
    def dtype(self) -> Any:
        """The type in arithmetic."""
        return jnp.dtype("int64")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a scalar."""
        return ()

    @property
    def ndim(self) -> int:
        """The number of dimensions, none."""
        return 0

    @property
    def size(self) -> int:
        """The number of elements, one."""
        return 1

    def astype(self, dtype: Any) -> jax.Array:
        """Return the outcome as an array of the type ``dtype``."""
        return jnp.asarray(self.value).astype(dtype)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.__jax_array__())

    def __float__(self) -> float:
        return float(self.__jax_array__())

    def __index__(self) -> int:
        return operator.index(self.__jax_array__())

    def __add__(self, other: Any) -> Any:
        return self.__jax_array__() + unwrapped(other)

    def __radd__(self, other: Any) -> Any:
        return unwrapped(other) + self.__jax_array__()

    def __sub__(self, other: Any) -> Any:
        return self.__jax_array__() - unwrapped(other)

    def __rsub__(self, other: Any) -> Any:
        return unwrapped(other) - self.__jax_array__()

    def __mul__(self, other: Any) -> Any:
        return self.__jax_array__() * unwrapped(other)

    def __rmul__(self, other: Any) -> Any:
        return unwrapped(other) * self.__jax_array__()

    def __truediv__(self, other: Any) -> Any:
        return self.__jax_array__() / unwrapped(other)

    def __rtruediv__(self, other: Any) -> Any:
        return unwrapped(other) / self.__jax_array__()

    def __floordiv__(self, other: Any) -> Any:
        return self.__jax_array__() // unwrapped(other)

    def __rfloordiv__(self, other: Any) -> Any:
        return unwrapped(other) // self.__jax_array__()

    def __mod__(self, other: Any) -> Any:
        return self.__jax_array__() % unwrapped(other)

    def __rmod__(self, other: Any) -> Any:
        return unwrapped(other) % self.__jax_array__()

    def __pow__(self, other: Any) -> Any:
        return self.__jax_array__() ** unwrapped(other)

    def __rpow__(self, other: Any) -> Any:
        return unwrapped(other) ** self.__jax_array__()

    def __lshift__(self, other: Any) -> Any:
        return self.__jax_array__() << unwrapped(other)

    def __rlshift__(self, other: Any) -> Any:
        return unwrapped(other) << self.__jax_array__()

    def __rshift__(self, other: Any) -> Any:
        return self.__jax_array__() >> unwrapped(other)

    def __neg__(self) -> Any:
        return -self.__jax_array__()

    def __pos__(self) -> Any:
        return self.__jax_array__()

    def __abs__(self) -> Any:
        return self.__jax_array__()

    def __invert__(self) -> "Outcome":
        return Outcome(jnp.logical_not(self.value))

    def __and__(self, other: Any) -> Any:
        return _bit(jnp.logical_and(self.value, unwrapped(other)))

    def __or__(self, other: Any) -> Any:
        return _bit(jnp.logical_or(self.value, unwrapped(other)))

    def __xor__(self, other: Any) -> Any:
        return _bit(jnp.logical_xor(self.value, unwrapped(other)))

    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__

    def __eq__(self, other: Any) -> Any:
        return _bit(self.__jax_array__() == unwrapped(other))

    def __ne__(self, other: Any) -> Any:
        return _bit(self.__jax_array__() != unwrapped(other))

    def __lt__(self, other: Any) -> Any:
        return _bit(self.__jax_array__() < unwrapped(other))

    def __le__(self, other: Any) -> Any:
        return _bit(self.__jax_array__() <= unwrapped(other))

    def __gt__(self, other: Any) -> Any:
        return _bit(self.__jax_array__() > unwrapped(other))

    def __ge__(self, other: Any) -> Any:
        return _bit(self.__jax_array__() >= unwrapped(other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<outcome {self.value!r}>"

    __str__ = __repr__


def unwrapped(value: Any) -> Any:
    """Return an integer scalar for an outcome; anything else as it is."""
    return value.__jax_array__() if isinstance(value, Outcome) else value


def as_boolean(value: Any) -> Any:
    """Return a boolean scalar for an outcome; anything else as it is."""
    return value.value if isinstance(value, Outcome) else value


def is_outcome(value: Any) -> bool:
    """Return whether ``value`` is an outcome."""
    return isinstance(value, Outcome)


def _bit(value: Any) -> Any:
    return Outcome(value) if jnp.ndim(value) == 0 else value


jax.tree_util.register_pytree_node(
    Outcome, lambda outcome: ((outcome.value,), None), lambda _, values: Outcome(values[0])
)


def is_postponed(condition: Any) -> bool:
    """Return whether PennyLane itself measures what ``condition`` is made of, as for a drawing."""
    return isinstance(condition, qml.ops.MeasurementValue) and not is_outcome(condition)


def postponed_choice(
    conditions: Sequence[Any], functions: Sequence[Callable[[], Any]], otherwise: Callable[[], Any]
) -> None:
    """Apply what PennyLane applies under each of ``conditions`` where none before it holds."""
    none_before: Any = None
    with lowering():
        for condition, function in zip(conditions, functions, strict=True):
            holds = condition if none_before is None else none_before & condition
            qml.cond(holds, function)()
            none_before = ~condition if none_before is None else none_before & ~condition
        qml.cond(none_before, otherwise)()
