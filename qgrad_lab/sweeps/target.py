"""Tell which arguments of a sweep's function are swept, fixed and differentiated."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.sweeps.extra import is_data_array
from qgrad_lab.sweeps.grid import Coordinate, Grid, Labelled, Swept
from qgrad_lab.sweeps.paths import PathEnd, find

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class DifferentiatedLeaf(NamedTuple):
    """One differentiated array.

    Attributes
    ----------
    name : str
        The argument that it is a part of.
    label : str
        Such as ``params['w']``.
    own_dims : tuple of str or None
        Names of its axes, where the user gave any.
    """

    name: str
    label: str
    own_dims: tuple[str, ...] | None
    coords: dict[str, Coordinate]
    units: str | None


class Target:
    """The function of a sweep, as one of what is swept.

    A program of it is given the swept values, and those fixed values that are arrays, or numbers
    that are differentiated. All other fixed values are constants of the program, so that a number
    of layers can bound a Python loop and a string can choose a branch.

    Attributes
    ----------
    differentiated : tuple of str
        Names of arguments.
    given : tuple of numpy.ndarray
        The fixed values that a program is given.
    swept : list of Swept
        Those of the grid; differentiated integers have become floats, here and in `given`.
    leaves : list of DifferentiatedLeaf
        What is differentiated, in the order of the gradient.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        grid: Grid,
        fixed: Mapping[str, Any],
        argnum: int | Sequence[int] | None,
        argnames: str | Sequence[str] | None,
    ) -> None:
        self.fn = fn
        self.name = str(getattr(fn, "__name__", type(fn).__name__))
        self._parameters = _parameters(fn, self.name)
        self.differentiated = self._selected(argnum, argnames)
        whole = {one.path.name for one in grid.swept if not one.path.keys}
        self._check_names(whole, {one.path.name for one in grid.swept} - whole, fixed)
        values = self._values(whole, {one.path.name for one in grid.swept}, fixed)

        labelled = jax.tree.map(Labelled, values, is_leaf=is_data_array)
        paths = jax.tree_util.tree_leaves_with_path(values, is_leaf=is_data_array)
        self._tree = jax.tree.structure(labelled)
        self._constants = []
        self._is_given = []
        for path, leaf in paths:
            moves = path[0].key in self.differentiated
            value = Labelled(leaf).values if is_data_array(leaf) else leaf
            is_given = _is_array(value) or (moves and _is_number(value))
            self._constants.append(_as_floats(np.asarray(value)) if moves and is_given else value)
            self._is_given.append(is_given)
        pairs = zip(self._constants, self._is_given, strict=True)
        self.given = tuple(np.asarray(leaf) for leaf, is_given in pairs if is_given)
        plain = jax.tree.unflatten(self._tree, self._constants)
        starts = _starts(plain)
        self._places = []
        for one in grid.swept:
            place = find(plain[one.path.name], one.path)
            self._places.append(PathEnd(starts[one.path.name] + place.leaf, place.inside))
        self.swept = [self._checked(*pair) for pair in zip(grid.swept, self._places, strict=True)]
        self.leaves = self._differentiated_leaves(paths)

    def flat(
        self, derivative: Callable[..., Any]
    ) -> Callable[[Sequence[Any], Sequence[Any]], list[Any]]:
        """Return value and gradient at one point, as a list, from the given and the swept values.

        ``derivative`` is a ``value_and_grad`` of `fn` by `differentiated`.
        """

        def at_point(given: Sequence[Any], swept: Sequence[Any]) -> list[Any]:
            moving = iter(given)
            leaves = [
                jnp.asarray(next(moving)) if is_given else leaf
                for leaf, is_given in zip(self._constants, self._is_given, strict=True)
            ]
            for place, value in zip(self._places, swept, strict=True):
                if place.inside:
                    whole = jnp.asarray(leaves[place.leaf])
                    value = whole.at[place.inside].set(value.astype(whole.dtype))
                leaves[place.leaf] = value
            args, kwargs = self._bound(jax.tree.unflatten(self._tree, leaves))
            return jax.tree.leaves(derivative(*args, **kwargs))

        return at_point

    def _selected(self, argnum: Any, argnames: Any) -> tuple[str, ...]:
        if argnum is not None and argnames is not None:
            raise TypeError(
                f"Got both argnum={argnum!r} and argnames={argnames!r}. They are two ways to say "
                "what is differentiated: give one of them."
            )
        names = list(self._parameters)
        if argnames is not None:
            return (argnames,) if isinstance(argnames, str) else tuple(argnames)
        numbers = argnum if isinstance(argnum, Sequence) else (argnum or 0,)
        try:
            return tuple(names[number] for number in numbers)
        except (IndexError, TypeError):
            raise ValueError(
                f"Invalid argnum {argnum!r}: {self.name!r} has the arguments {', '.join(names)}. "
                "Give the position of one of them, or several, or their names as argnames."
            ) from None

    def _check_names(self, whole: set[str], parts: set[str], fixed: Mapping[str, Any]) -> None:
        known = [name for name, one in self._parameters.items() if one.kind is not one.VAR_KEYWORD]
        if len(known) == len(self._parameters):  # it takes no other names
            for name in (*self.differentiated, *whole, *parts, *fixed):
                if name not in known:
                    raise ValueError(
                        f"{self.name!r} has no argument {name!r}; its arguments are "
                        f"{', '.join(known)}."
                    )
        twice = whole & (parts | set(fixed))
        if twice:
            raise ValueError(
                f"The argument {min(twice)!r} is swept as a whole, and it is in fixed, or parts of "
                "it are swept as well. Give it once."
            )

    def _values(self, whole: set[str], names: set[str], fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call by name; what is swept as a whole is a marker."""
        values: dict[str, Any] = {name: _SWEPT if name in whole else None for name in names}
        values.update(fixed)
        for name in (*names, *self.differentiated):
            if name not in whole and name not in fixed:
                default = self._parameters[name].default if name in self._parameters else _EMPTY
                if default is _EMPTY:
                    raise ValueError(
                        f"The argument {name!r} has no value: it is differentiated, or a part of "
                        "it is swept, and all of it that is not swept has to be fixed: "
                        f"fixed={{{name!r}: ...}}."
                    )
                values[name] = default
        missing = [
            name
            for name, one in self._parameters.items()
            if one.default is _EMPTY and one.kind is not one.VAR_KEYWORD and name not in values
        ]
        if missing:
            raise ValueError(
                f"{self.name!r} needs the argument {missing[0]!r}, which is neither swept nor "
                f"fixed. Give it to the grid, or fixed={{{missing[0]!r}: ...}}."
            )
        order = [name for name in self._parameters if name in values]
        # JAX sorts the keys of a dict, and the order here is that of its leaves.
        return {name: values[name] for name in sorted({*order, *values})}

    def _bound(self, values: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Pass the same arguments by position, as far as the function takes them, else by name."""
        args, by_name = [], dict(values)
        for name, parameter in self._parameters.items():
            if parameter.kind not in _POSITIONAL or name not in values:
                break
            args.append(by_name.pop(name))
        return args, by_name

    def _checked(self, one: Swept, place: PathEnd) -> Swept:
        whole = self._constants[place.leaf]
        own = one.values.shape[1:]
        differentiated = one.path.name in self.differentiated
        if place.inside:
            expected = np.shape(np.asarray(whole)[place.inside])
            kind = np.result_type(whole)
            if own != expected or not np.can_cast(one.values.dtype, kind, "same_kind"):
                raise ValueError(
                    f"The values of {one.label!r} have the type {one.values.dtype}{list(own)}, and "
                    f"that part of {one.path.name!r} is {kind}{list(expected)}."
                )
        return dataclasses.replace(one, values=_as_floats(one.values)) if differentiated else one

    def _differentiated_leaves(self, paths: list[tuple[Any, Any]]) -> list[DifferentiatedLeaf]:
        found = []
        whole = {
            place.leaf: one
            for one, place in zip(self.swept, self._places, strict=True)
            if not place.inside
        }
        for name in self.differentiated:
            for number, (path, given) in enumerate(paths):
                if path[0].key == name:
                    label = name + jax.tree_util.keystr(path[1:])
                    own: Any = whole.get(number)
                    if own is not None:
                        found.append(
                            DifferentiatedLeaf(name, label, own.own_dims, own.coords, own.units)
                        )
                    else:
                        own = Labelled(given)
                        found.append(
                            DifferentiatedLeaf(name, label, own.dims, own.coords, own.units)
                        )
        return found


_EMPTY = inspect.Parameter.empty


class _SweptMarker:
    """A marker for a value that is swept, which JAX takes for a leaf."""

    def __repr__(self) -> str:
        return "swept"


_SWEPT = _SweptMarker()


def _as_floats(values: np.ndarray) -> np.ndarray:
    return values.astype(float) if values.dtype.kind in "iu" else values


def _parameters(fn: Callable[..., Any], name: str) -> dict[str, inspect.Parameter]:
    try:
        parameters = dict(inspect.signature(fn).parameters)
    except (TypeError, ValueError):  # built into C
        parameters = {}
    if not parameters or any(one.kind is one.VAR_POSITIONAL for one in parameters.values()):
        raise TypeError(
            f"A sweep knows the arguments of {name!r} by their names, and its signature does not "
            f"tell them all. Give it a function with named arguments: lambda x: {name}(x)."
        )
    return parameters


def _starts(tree: dict[str, Any]) -> dict[str, int]:
    """Return the number of the first leaf of each entry."""
    starts, count = {}, 0
    for name, value in tree.items():
        starts[name] = count
        count += len(jax.tree.leaves(value))
    return starts


def _is_array(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "biufc"
    return isinstance(leaf, jax.Array)


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, bool | int | float | complex)
