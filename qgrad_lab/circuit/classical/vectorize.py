"""Vectorize structurally identical scalar expressions.

Users write ``qml.RX(2 * x[i], wires=i)``. To JAX that is a multiplication for each gate, which
takes XLA milliseconds to compile, and its derivative a padded array. Here scalars that the same
operations make of elements of arrays are found, and become one operation on vectors; an expression
that occurs several times is evaluated once.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal

from qgrad_lab.core.primitives import REAL

_MAX_ELEMENTS = 8
"""Bound on an expression: one that grows from gate to gate has the structure of no other."""

_MIN_GROUP = 3
"""Fewest expressions of one structure that are worth a vector."""


class _Element:
    """Placeholder of an element of an array, another one in each expression."""


_ELEMENT = _Element()


@dataclasses.dataclass(frozen=True, eq=False)
class _Structure:
    """What structurally identical expressions have in common."""

    primitive: Any
    params: Mapping[str, Any]
    operands: tuple[Any, ...]
    """Structures, elements, literals and variables."""

    def evaluate(self, elements: Iterator[Any], values: Mapping[Any, Any]) -> Any:
        """Evaluate the expression of these elements, given the values of its variables."""
        operands = []
        for operand in self.operands:
            if isinstance(operand, _Structure):
                operands.append(operand.evaluate(elements, values))
            elif operand is _ELEMENT:
                operands.append(next(elements))
            elif isinstance(operand, Literal):
                aval: Any = operand.aval
                operands.append(np.asarray(operand.val, aval.dtype))
            else:
                operands.append(values[operand])
        return self.primitive.bind(*operands, **self.params)

    def variables(self) -> Iterator[Any]:
        """Yield the variables that it reads, which are the same in all expressions."""
        for operand in self.operands:
            if isinstance(operand, _Structure):
                yield from operand.variables()
            elif operand is not _ELEMENT and not isinstance(operand, Literal):
                yield operand


Elements = tuple[int, ...]
"""Positions of the elements that an expression reads, in the order in which it reads them."""


class Expressions:
    """The scalar expressions of array elements among the variables of a jaxpr."""

    def __init__(self) -> None:
        self._structures: dict[Any, _Structure] = {}
        self._known: dict[Any, tuple[_Structure, Elements]] = {}

    def note(self, equation: Any, positions: Mapping[Any, np.ndarray]) -> None:
        """Take note of the result of ``equation`` if it is such an expression.

        Parameters
        ----------
        equation
            Of the jaxpr.
        positions
            Of the variables that consist of elements of arrays.
        """
        if equation.primitive.name not in REAL or not _is_scalar(equation.outvars[0]):
            return
        operands: list[Any] = []
        names: list[Any] = []
        elements: Elements = ()
        for operand in equation.invars:
            if isinstance(operand, Literal):
                operands.append(operand)
                value: Any = operand.val
                names.append((str(np.asarray(value).dtype), np.asarray(value).item()))
            elif operand in positions and _is_scalar(operand):
                operands.append(_ELEMENT)
                names.append(_ELEMENT)
                elements += (int(positions[operand]),)
            elif operand in self._known:
                structure, inner = self._known[operand]
                operands.append(structure)
                names.append(structure)
                elements += inner
            else:
                operands.append(operand)
                names.append(operand)
        if not 0 < len(elements) <= _MAX_ELEMENTS:
            return
        try:
            key = (equation.primitive, tuple(sorted(equation.params.items())), tuple(names))
            hash(key)
        except TypeError:  # not hashable, or not to be sorted
            return
        if key not in self._structures:
            self._structures[key] = _Structure(equation.primitive, equation.params, tuple(operands))
        structure = self._structures[key]
        self._known[equation.outvars[0]] = structure, elements

    def groups(self, variables: Sequence[Any]) -> "list[Group]":
        """Return the groups of structurally identical expressions among ``variables``."""
        found: dict[_Structure, Group] = {}
        for place, variable in enumerate(variables):
            if not isinstance(variable, Literal) and variable in self._known:
                structure, elements = self._known[variable]
                group = found.setdefault(structure, Group(structure))
                group.rows.setdefault(elements, []).append(place)
        return [group for group in found.values() if group.size >= _MIN_GROUP]


@dataclasses.dataclass
class Group:
    """Structurally identical expressions.

    Attributes
    ----------
    structure
        Of all of them.
    rows
        For each different expression the elements that it reads, and the places of its value.
    """

    structure: _Structure
    rows: dict[Elements, list[int]] = dataclasses.field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of places in which the value of one of them is needed."""
        return sum(map(len, self.rows.values()))

    def variables(self) -> Iterator[Any]:
        """Yield the variables whose values they need."""
        return self.structure.variables()

    def evaluate(
        self, elements: Callable[[np.ndarray], jax.Array], values: Mapping[Any, Any]
    ) -> jax.Array:
        """Evaluate all of them at once.

        Parameters
        ----------
        elements
            From positions to elements.
        values
            Of the variables.

        Returns
        -------
        jax.Array
            A number for each of ``rows``, f64[R].
        """
        columns = [elements(np.array(column)) for column in zip(*self.rows, strict=True)]
        return jax.vmap(lambda *row: self.structure.evaluate(iter(row), values))(*columns)


def _is_scalar(variable: Any) -> bool:
    return variable.aval.shape == () and variable.aval.dtype == np.float64
