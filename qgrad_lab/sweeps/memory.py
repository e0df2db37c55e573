"""Keep results in memory."""

from typing import Any

import numpy as np

from qgrad_lab.sweeps.extra import required
from qgrad_lab.sweeps.layout import Layout
from qgrad_lab.sweeps.streaming import Task


class Memory:
    """Arrays that are filled as blocks come; NaN where none came."""

    def __init__(self, layout: Layout, coordinates: Any) -> None:
        self._layout = layout
        self._coordinates = coordinates
        self._arrays = {
            one.name: np.full((*layout.outer_shape, *one.own_shape), np.nan, one.dtype)
            for one in layout.variables
        }

    def is_done(self, task: Task) -> bool:
        """Return False: nothing is there from before."""
        return False

    def write(self, task: Task, arrays: list[np.ndarray]) -> None:
        """Take the results of a block."""
        place = self._layout.place(task.region, task.program.variant)
        for variable, array in zip(self._layout.variables, arrays, strict=True):
            self._arrays[variable.name][place] = array

    def finish(self, time: str) -> None:
        """Note when all was there."""
        self._coordinates.attrs["finished"] = time

    def dataset(self) -> Any:
        """Return all of it."""
        xarray = required("xarray")
        variables = {
            one.name: xarray.Variable(one.dims, self._arrays[one.name], one.attrs)
            for one in self._layout.variables
        }
        return self._coordinates.assign(variables)
