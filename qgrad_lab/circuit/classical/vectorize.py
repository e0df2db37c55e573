"""Expressions that are alike, so that all of them are evaluated at once.

Users write ``qml.RX(2 * x[i], wires=i)``. To JAX that is a multiplication for each gate, which
takes XLA milliseconds to compile, and its derivative a padded array. Here scalars that the same
operations make of elements of arrays are found, and become one operation on vectors; an expression
that is there several times is evaluated once.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import Literal

_ELEMENTWISE = frozenset(
    "abs acos acosh add asin asinh atan atan2 atanh cbrt convert_element_type copy copy_p cos cosh "
    "div exp exp2 expm1 integer_pow log log1p logistic max min mul neg pow sign sin sinh sqrt "
    "square sub tan tanh".split()
)
_MOST_LEAVES = 8
"""Of an expression: one that grows from gate to gate is not like any other."""
_FEWEST = 3
"""Expressions that are alike, from which on they are evaluated at once."""


class _Leaf:
    """An element of an array, another one in each expression."""


_LEAF = _Leaf()


@dataclasses.dataclass(frozen=True, eq=False)
class _Structure:
    """What expressions that are alike have in common."""

    primitive: Any
    params: Mapping[str, Any]
    operands: tuple[Any, ...]
    """Structures, leaves, literals and variables."""

    def evaluate(self, leaves: Iterator[Any], values: Mapping[Any, Any]) -> Any:
        """The expression with these leaves, and with the values of variables."""
        operands = []
        for operand in self.operands:
            if isinstance(operand, _Structure):
                operands.append(operand.evaluate(leaves, values))
            elif operand is _LEAF:
                operands.append(next(leaves))
            elif isinstance(operand, Literal):
                aval: Any = operand.aval
                operands.append(np.asarray(operand.val, aval.dtype))
            else:
                operands.append(values[operand])
        return self.primitive.bind(*operands, **self.params)

    def variables(self) -> Iterator[Any]:
        """Those that it reads, which are the same in all expressions."""
        for operand in self.operands:
            if isinstance(operand, _Structure):
                yield from operand.variables()
            elif operand is not _LEAF and not isinstance(operand, Literal):
                yield operand


Leaves = tuple[int, ...]
"""Positions of elements, in the order in which a structure reads them."""


class Expressions:
    """The expressions among the variables of a jaxpr."""

    def __init__(self) -> None:
        self._structures: dict[Any, _Structure] = {}
        self._known: dict[Any, tuple[_Structure, Leaves]] = {}

    def note(self, equation: Any, views: Mapping[Any, np.ndarray]) -> None:
        """Take note of what ``equation`` makes, if that is an expression.

        Parameters
        ----------
        equation
            Of the jaxpr.
        views
            The variables that are elements of arrays, as their positions.
        """
        if equation.primitive.name not in _ELEMENTWISE or not _is_scalar(equation.outvars[0]):
            return
        operands: list[Any] = []
        names: list[Any] = []
        leaves: Leaves = ()
        for operand in equation.invars:
            if isinstance(operand, Literal):
                operands.append(operand)
                value: Any = operand.val
                names.append((str(np.asarray(value).dtype), np.asarray(value).item()))
            elif operand in views and _is_scalar(operand):
                operands.append(_LEAF)
                names.append(_LEAF)
                leaves += (int(views[operand]),)
            elif operand in self._known:
                structure, inner = self._known[operand]
                operands.append(structure)
                names.append(structure)
                leaves += inner
            else:
                operands.append(operand)
                names.append(operand)
        if not 0 < len(leaves) <= _MOST_LEAVES:
            return
        try:
            key = (equation.primitive, tuple(sorted(equation.params.items())), tuple(names))
            hash(key)
        except TypeError:  # not hashable, or not to be sorted
            return
        if key not in self._structures:
            self._structures[key] = _Structure(equation.primitive, equation.params, tuple(operands))
        structure = self._structures[key]
        self._known[equation.outvars[0]] = structure, leaves

    def groups(self, variables: Sequence[Any]) -> "list[Group]":
        """Those of ``variables`` that are alike."""
        found: dict[_Structure, Group] = {}
        for place, variable in enumerate(variables):
            if not isinstance(variable, Literal) and variable in self._known:
                structure, leaves = self._known[variable]
                group = found.setdefault(structure, Group(structure))
                group.rows.setdefault(leaves, []).append(place)
        return [group for group in found.values() if group.size >= _FEWEST]


@dataclasses.dataclass
class Group:
    """Expressions that are alike.

    Attributes
    ----------
    structure
        Of all of them.
    rows
        For each different expression its leaves, and the places where it is asked for.
    """

    structure: _Structure
    rows: dict[Leaves, list[int]] = dataclasses.field(default_factory=dict)

    @property
    def size(self) -> int:
        """How often one of them is asked for."""
        return sum(map(len, self.rows.values()))

    def variables(self) -> Iterator[Any]:
        """Whose values they need."""
        return self.structure.variables()

    def evaluate(
        self, elements: Callable[[np.ndarray], jax.Array], values: Mapping[Any, Any]
    ) -> jax.Array:
        """A number for each of ``rows``, f64[R].

        Parameters
        ----------
        elements
            From positions to elements.
        values
            Of the variables.
        """
        columns = [elements(np.array(column)) for column in zip(*self.rows, strict=True)]
        return jax.vmap(lambda *leaves: self.structure.evaluate(iter(leaves), values))(*columns)


def _is_scalar(variable: Any) -> bool:
    return variable.aval.shape == () and variable.aval.dtype == np.float64
