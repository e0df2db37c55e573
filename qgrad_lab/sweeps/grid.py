"""Lay out the points of a sweep: values of arguments along named dimensions."""

import copy
import dataclasses
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from qgrad_lab.sweeps.extra import is_data_array
from qgrad_lab.sweeps.paths import ArgumentPath, parse


class Coordinate(NamedTuple):
    """Values along a dimension, and their units."""

    values: np.ndarray
    units: str | None = None


class Labelled:
    """An array with names of its dimensions, their coordinates, and units.

    Attributes
    ----------
    values : numpy.ndarray
    dims : tuple of str or None
        The names; ``None`` for an array without.
    coords : dict of str to Coordinate
        By the names of dimensions.
    units : str or None
    """

    def __init__(self, given: Any) -> None:
        self.dims: tuple[str, ...] | None = None
        self.coords: dict[str, Coordinate] = {}
        self.units: str | None = None
        if is_data_array(given):
            self.dims = tuple(map(str, given.dims))
            for dim in (name for name in self.dims if name in given.coords):
                own = given.coords[dim]
                self.coords[dim] = Coordinate(np.asarray(own.values), own.attrs.get("units"))
            self.units = given.attrs.get("units")
            given = given.values
        self.values = np.asarray(given)


@dataclasses.dataclass(frozen=True, eq=False)
class Swept:
    """The values of one argument, or of a part of it.

    Attributes
    ----------
    path : ArgumentPath
        What takes them.
    dim : str
        The dimension of the grid along which they are.
    values : numpy.ndarray
        One for each point of the dimension, along the first axis.
    own_dims : tuple of str or None
        Names of the other axes, if they have any.
    """

    path: ArgumentPath
    dim: str
    values: np.ndarray
    own_dims: tuple[str, ...] | None
    coords: dict[str, Coordinate]
    units: str | None

    @property
    def label(self) -> str:
        """Its name in the result."""
        return self.path.text


class Grid:
    """All points: the outer product of its dimensions.

    Attributes
    ----------
    swept : list of Swept
        In the order that they were given.
    dims : dict of str to int
        The number of points along each dimension, in the order of first appearance.
    index : dict of str to Coordinate
        Of dimensions that have one.
    """

    def __init__(self, grid: Mapping[str, Any]) -> None:
        if not isinstance(grid, Mapping) or not grid:
            raise TypeError(
                f"The grid was {grid!r}; it is a mapping from names of arguments to their values, "
                "such as {'x': numpy.linspace(0, 1, 11)}."
            )
        self.swept = [_swept(parse(key), values) for key, values in grid.items()]
        self.dims: dict[str, int] = {}
        self.index: dict[str, Coordinate] = {}
        for one in self.swept:
            self._add(one)
        for one in self.swept:
            clash = set(one.own_dims or ()) & set(self.dims)
            if clash:
                raise ValueError(
                    f"The values of {one.label!r} have the dimension {min(clash)!r} twice over: as "
                    "an axis of their own, and as one of the grid. Only the first dimension of "
                    "an array is swept; rename the other."
                )

    def _add(self, one: Swept) -> None:
        size = len(one.values)
        if self.dims.setdefault(one.dim, size) != size:
            first = next(other for other in self.swept if other.dim == one.dim)
            raise ValueError(
                f"{first.label!r} and {one.label!r} share the dimension {one.dim!r}, along which "
                f"they have {len(first.values)} and {size} values. Values that move together are "
                "as many; for an outer product give them dimensions of different names."
            )
        found = one.coords.get(one.dim)
        if found is None and one.label == one.dim:
            found = Coordinate(one.values, one.units)
        if found is not None:
            known = self.index.setdefault(one.dim, found)
            if not np.array_equal(known.values, found.values):
                raise ValueError(
                    f"The dimension {one.dim!r} has two different coordinates, "
                    f"{_short(known.values)} and {_short(found.values)} (that of {one.label!r}). "
                    "Values that move together have the same; for an outer product give them "
                    "dimensions of different names."
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of points along each dimension."""
        return tuple(self.dims.values())

    @property
    def size(self) -> int:
        """The number of points."""
        return math.prod(self.shape)

    def with_values(self, swept: list[Swept]) -> "Grid":
        """Return the same grid with values of other types."""
        found = copy.copy(self)
        found.swept = swept
        return found

    def points(self, region: tuple[slice, ...], count: int) -> tuple[np.ndarray, ...]:
        """Return the values of all `swept` at the points of ``region``, one after the other.

        The last point is repeated until there are ``count``, for programs have one shape.
        """
        sizes = [part.stop - part.start for part in region]
        steps = np.indices(sizes).reshape(len(sizes), -1)
        steps = np.pad(steps, [(0, 0), (0, count - steps.shape[1])], mode="edge")
        places = {
            dim: part.start + own for dim, part, own in zip(self.dims, region, steps, strict=True)
        }
        return tuple(one.values[places[one.dim]] for one in self.swept)

    def describe(self, region: tuple[slice, ...], position: int) -> str:
        """Describe the point with the number ``position`` in ``region``: ``x=0.5, y=1.0``."""
        points = self.points(region, math.prod(part.stop - part.start for part in region))
        point = [values[position] for values in points]
        named = zip(self.swept, point, strict=True)
        return ", ".join(f"{one.label}={_short(value)}" for one, value in named)


def _short(value: np.ndarray) -> str:
    text = np.array2string(np.asarray(value), threshold=6, edgeitems=2, separator=", ")
    return " ".join(text.split())


def _swept(path: ArgumentPath, given: Any) -> Swept:
    try:
        array = Labelled(given)
    except ValueError:  # lists of different lengths
        array = Labelled(None)
    values = array.values
    if values.ndim == 0 or values.size == 0 or values.dtype.kind not in "biufc":
        raise ValueError(
            f"The grid was given {given!r} for {path.text!r}; it takes a sequence of numbers, or "
            "an array of them whose first axis are the points. What is the same at all points "
            "belongs into fixed={...}, and what is no number takes one sweep each."
        )
    if array.dims is not None:
        dim, own_dims = array.dims[0], array.dims[1:]
    elif values.ndim == 1:
        dim, own_dims = path.text, None
    else:
        dim, own_dims = f"{path.text}_point", None
    if dim == path.text and values.ndim > 1:
        raise ValueError(
            f"The first dimension of the values of {dim!r} has the name {dim!r} too, which xarray "
            f"keeps for coordinates with one axis. Rename it: values.rename({{{dim!r}: 'point'}})."
        )
    return Swept(path, dim, values, own_dims or None, array.coords, array.units)
