"""Lay out the result of a sweep: its variables, dimensions, coordinates and units."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from qgrad_lab.sweeps.blocks import Blocks
from qgrad_lab.sweeps.executors.worker import Computed
from qgrad_lab.sweeps.extra import required
from qgrad_lab.sweeps.grid import Coordinate, Grid
from qgrad_lab.sweeps.methods import Variant, Ways
from qgrad_lab.sweeps.target import Target

NO_UNITS = "dimensionless"

METHOD = "diff_method"
"""The dimension of methods. ``method`` itself is an option of xarray's ``sel``."""


class Variable(NamedTuple):
    """An array of the result.

    Attributes
    ----------
    dims : tuple of str
        Those of the grid, ``diff_method``, perhaps ``h``, and its own.
    own_shape : tuple of int
        Of the own dimensions.
    """

    name: str
    dims: tuple[str, ...]
    own_shape: tuple[int, ...]
    dtype: np.dtype
    attrs: dict[str, str]


class Layout:
    """The form of a result, without its numbers.

    Attributes
    ----------
    variables : list of Variable
        The value, then the gradients, then the seconds: as `arrays` gives them.
    outer : dict of str to int
        The dimensions that all variables have, with their sizes.
    """

    def __init__(
        self,
        target: Target,
        grid: Grid,
        ways: Ways,
        shapes: Sequence[jax.ShapeDtypeStruct],
        units: Mapping[str, str],
    ) -> None:
        self._target, self._grid, self._ways = target, grid, ways
        self.outer = {**grid.dims, METHOD: len(ways.methods)}
        if ways.steps is not None:
            self.outer["h"] = len(ways.steps)
        self._check_names()
        self._units = self._all_units(units)
        value, *gradients = shapes
        self.variables = [
            self._variable(
                "value", (), value, {"long_name": target.name, "units": self._units["value"]}
            )
        ]
        self._own_coords: dict[str, Coordinate] = {}
        for leaf, shape in zip(target.leaves, gradients, strict=True):
            name = self._unused(f"gradient_{_identifier(leaf.label)}")
            dims = leaf.own_dims or tuple(
                f"{_identifier(leaf.label)}_{axis}" for axis in range(len(shape.shape))
            )
            clash = set(dims) & set(self.outer)
            if clash:
                raise ValueError(
                    f"The argument {leaf.label!r} has an axis with the name {min(clash)!r}, which "
                    "is a dimension of the result already. Rename it."
                )
            attrs = {
                "long_name": f"d {target.name} / d {leaf.label}",
                "units": _quotient(self._units["value"], self._units[leaf.label]),
            }
            self._own_coords |= {d: c for d, c in leaf.coords.items() if d in dims}
            self.variables.append(self._variable(name, dims, shape, attrs))
        seconds = jax.ShapeDtypeStruct((), np.dtype(float))
        about = "the time that a block took, divided by its points"
        attrs = {"long_name": "time per point", "units": "s", "comment": about}
        self.variables.append(self._variable("seconds", (), seconds, attrs))

    @property
    def outer_shape(self) -> tuple[int, ...]:
        """The sizes of the dimensions that all variables have."""
        return tuple(self.outer.values())

    def place(self, region: tuple[slice, ...], variant: Variant) -> tuple[Any, ...]:
        """Return where the results of ``variant`` in ``region`` are, in the outer dimensions."""
        place: tuple[Any, ...] = (*region, slice(variant.place, variant.place + 1))
        if self._ways.steps is None:
            return place
        step = variant.step
        return (*place, slice(None) if step is None else slice(step, step + 1))

    def arrays(
        self, computed: Computed, region: tuple[slice, ...], variant: Variant
    ) -> list[np.ndarray]:
        """Return a block's results for each variable, in the shape that they have at `place`."""
        count = len(computed.arrays[0])
        seconds = np.full(count, computed.seconds / count)
        sizes = [part.stop - part.start for part in region]
        ways = [1]
        if self._ways.steps is not None:
            ways.append(len(self._ways.steps) if variant.step is None else 1)
        found = []
        for array, variable in zip([*computed.arrays, seconds], self.variables, strict=True):
            once = array.reshape(*sizes, *(1 for _ in ways), *variable.own_shape)
            shape = (*sizes, *ways, *variable.own_shape)
            found.append(np.broadcast_to(once.astype(variable.dtype), shape))
        return found

    def chunks(self, variable: Variable, blocks: Blocks) -> tuple[int, ...]:
        """Return the chunks of the store: one for each block, method and step."""
        steps = () if self._ways.steps is None else (1,)
        return (*blocks.block, 1, *steps, *(max(1, size) for size in variable.own_shape))

    def coordinates(self, failures: Sequence[str], attrs: Mapping[str, Any]) -> Any:
        """Make a Dataset of the coordinates alone."""
        xarray = required("xarray")
        coords: dict[str, Any] = {}
        grid = self._grid
        for dim, coordinate in grid.index.items():
            coords[dim] = self._axis(dim, coordinate)
        for one in self._grid.swept:
            if one.label != one.dim:
                own = one.own_dims or tuple(
                    f"{_identifier(one.label)}_{axis}" for axis in range(one.values.ndim - 1)
                )
                units = {"units": self._units[one.label]}
                coords[one.label] = ((one.dim, *own), one.values, units)
                self._own_coords |= {d: c for d, c in one.coords.items() if d in own}
        for dim, coordinate in self._own_coords.items():
            coords.setdefault(dim, self._axis(dim, coordinate))
        about = {"long_name": "how it was differentiated"}
        coords[METHOD] = (METHOD, np.array(self._ways.methods), about)
        if any(failures):
            reason = {"long_name": "why a method has no results"}
            coords["failure"] = (METHOD, np.array(failures), reason)
        step = {"long_name": "step of the finite differences"}
        if self._ways.steps is not None:
            coords["h"] = ("h", np.array(self._ways.steps, float), step)
        elif self._ways.h is not None:
            coords["h"] = ((), float(self._ways.h), step)
        return xarray.Dataset(coords=coords, attrs=dict(attrs))

    def _axis(self, dim: str, coordinate: Coordinate) -> tuple[str, np.ndarray, dict[str, str]]:
        values, own = coordinate
        units = {"units": self._units.get(dim, own or NO_UNITS)}
        return dim, values, units if values.dtype.kind in "biufc" else {}

    def _variable(
        self, name: str, dims: tuple[str, ...], shape: jax.ShapeDtypeStruct, attrs: dict[str, str]
    ) -> Variable:
        return Variable(name, (*self.outer, *dims), shape.shape, np.dtype(shape.dtype), attrs)

    def _check_names(self) -> None:
        reserved = {"value", "seconds", "failure", METHOD}
        if self._ways.steps is not None or self._ways.h is not None:
            reserved.add("h")
        for one in self._grid.swept:
            for name in (one.label, one.dim):
                if name in reserved:
                    raise ValueError(
                        f"The grid has the name {name!r}, which the result has for something else. "
                        "Sweep a function whose argument has another name: "
                        f"lambda {name}_: {self._target.name}({name}_)."
                    )

    def _unused(self, name: str) -> str:
        taken = {variable.name for variable in self.variables} | {"seconds"}
        number, found = 2, name
        while found in taken:
            found, number = f"{name}_{number}", number + 1
        return found

    def _all_units(self, units: Mapping[str, str]) -> dict[str, str]:
        """Return units by label, those of an argument counting for its parts."""
        found = {"value": units.get("value", NO_UNITS)}
        names = set()
        for label, name, own in (
            *((leaf.label, leaf.name, leaf.units) for leaf in self._target.leaves),
            *((one.label, one.path.name, one.units) for one in self._grid.swept),
        ):
            found[label] = units.get(label, units.get(name, own or NO_UNITS))
            names.add(name)
        for dim, coordinate in self._grid.index.items():
            found.setdefault(dim, units.get(dim, coordinate.units or NO_UNITS))
        unknown = set(units) - set(found) - names
        if unknown:
            raise ValueError(
                f"units were given for {min(unknown)!r}; they are for 'value', which is what the "
                "function returns, and for what is swept or differentiated: "
                f"{', '.join(repr(label) for label in found if label != 'value')}."
            )
        return found


def _identifier(label: str) -> str:
    return re.sub(r"\W+", "_", label).strip("_")


def _quotient(value: str, argument: str) -> str:
    if argument == NO_UNITS:
        return value
    return f"{'1' if value == NO_UNITS else value} / {argument}"
