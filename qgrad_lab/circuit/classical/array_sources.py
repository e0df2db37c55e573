"""Take elements from several arrays that are numbered one after the other."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.engine.elements import take


class ArraySources:
    """Arrays of real numbers, and positions in all of them.

    Parameters
    ----------
    variables
        Inputs of a jaxpr.
    values
        Of these.

    Attributes
    ----------
    positions
        For each variable that holds real numbers the positions of its elements, in its shape.
    """

    def __init__(self, variables: Sequence[Any], values: Sequence[Any]) -> None:
        self._values: list[Any] = []
        self._ends = [0]
        self.positions = {}
        for variable, value in zip(variables, values, strict=True):
            if jnp.issubdtype(variable.aval.dtype, jnp.floating):
                self.positions[variable] = self.add(value, variable.aval.shape)

    def add(self, value: Any, shape: tuple[int, ...]) -> np.ndarray:
        """Append an array and return the positions of its elements, in its shape."""
        first = self._ends[-1]
        size = int(np.prod(shape))
        self._values.append(value)
        self._ends.append(first + size)
        return np.arange(first, first + size).reshape(shape)

    def elements(self, positions: np.ndarray) -> jax.Array:
        """Return the elements at ``positions``, f64[P]."""
        if len(positions) == 0:
            return jnp.zeros(0)
        numbers = np.searchsorted(self._ends, positions, side="right") - 1
        parts = []
        places = np.empty(len(positions), np.int64)
        end = 0
        for own in _by_number(numbers):
            number = numbers[own[0]]
            part, local = _cover(self._values[number], positions[own] - self._ends[number])
            places[own] = end + local
            end += part.size
            parts.append(part)
        joined = parts[0] if len(parts) == 1 else jnp.concatenate(parts)
        return joined if np.array_equal(places, np.arange(end)) else take(joined, places)


def _by_number(numbers: np.ndarray) -> list[np.ndarray]:
    """Return the places of each number, by first appearance: often the order that is asked for."""
    order = np.argsort(numbers, kind="stable")
    (changes,) = np.nonzero(np.diff(numbers[order]))
    return sorted(np.split(order, changes + 1), key=lambda own: int(own[0]))


def _cover(value: Any, positions: np.ndarray) -> tuple[jax.Array, np.ndarray]:
    """Return a vector that has an array's elements at ``positions``, and their places in it."""
    vector = jnp.ravel(jnp.asarray(value)).astype(jnp.float64)
    first, last = int(positions[0]), int(positions[-1])
    if np.array_equal(positions, np.arange(first, last + 1)):
        is_whole = len(positions) == vector.size
        part = vector if is_whole else jax.lax.slice(vector, (first,), (last + 1,))
        return part, positions - first
    if vector.size <= 4 * len(positions) + 64:
        return vector, positions
    distinct, local = np.unique(positions, return_inverse=True)
    return take(vector, distinct), local
