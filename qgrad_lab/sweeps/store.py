"""Keep results in a zarr store, from which a sweep goes on where it stopped.

The store is the labelled result itself, as ``xarray.open_zarr`` reads it; what is not computed yet
is NaN. Its group ``completion`` tells which sweep it belongs to, and has a mark for each block and
variant: a checksum of the block's numbers, written after them. So a block whose writing was cut
short has no mark, or one that does not fit, and is computed again.
"""

import contextlib
import json
import os
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from qgrad_lab.sweeps.blocks import Blocks
from qgrad_lab.sweeps.extra import required
from qgrad_lab.sweeps.layout import Layout
from qgrad_lab.sweeps.methods import Variant
from qgrad_lab.sweeps.streaming import Task

FORMAT = 1
"""Version of what is written into a store."""

_GROUP = "completion"

_SLAB_BYTES = 32 * 2**20


class Store:
    """A zarr store, perhaps with a part of a sweep in it.

    Attributes
    ----------
    block : tuple of int or None
        The shape of the blocks that are in it; None for a new one.
    """

    def __init__(self, location: Any) -> None:
        self._zarr = required("zarr")
        self._location = os.fspath(location) if isinstance(location, os.PathLike) else location
        self._record = self._read()
        self.block: tuple[int, ...] | None = None
        if self._record is not None:
            self.block = tuple(self._record["block"])

    def open(
        self,
        layout: Layout,
        blocks: Blocks,
        variants: Sequence[Variant],
        identity: Mapping[str, str],
        coordinates: Any,
    ) -> None:
        """Find the sweep in it, or make a place for a new one.

        Parameters
        ----------
        identity
            Digests of all that the numbers depend on. A store with others is another sweep.
        coordinates
            A Dataset without variables, for a new store.

        Raises
        ------
        ValueError
            If there is something else in the store.
        """
        self._layout, self._variants = layout, list(variants)
        record = {"format": FORMAT, "block": list(blocks.block), "identity": dict(identity)}
        if self._record is not None:
            self._check(record, coordinates.attrs)
        if self._record is None or not self._has_marks():
            self._make(record, blocks, coordinates)
        self._group = self._opened("r+")
        self._arrays = [self._group[variable.name] for variable in layout.variables]
        self._marks = self._group[f"{_GROUP}/marks"]
        self._known = self._marks[:]
        # What is there is read in slabs of many blocks, for each reading takes a millisecond.
        row = sum(array.nbytes for array in self._arrays) / layout.outer_shape[0]
        rows = blocks.block[0]
        self._slab_length = rows * max(1, int(_SLAB_BYTES / (row * rows + 1)))
        self._slab_start: int | None = None
        self._slab: list[np.ndarray] | None = None

    def is_done(self, task: Task) -> bool:
        """Return whether the results of a block are there, as they were written."""
        mark = self._known[self._mark(task)]
        if not mark:
            return False
        first, *rest = self._layout.place(task.region, task.program.variant)
        start = first.start - first.start % self._slab_length
        if start != self._slab_start:
            self._slab_start = start
            end = min(start + self._slab_length, self._arrays[0].shape[0])
            self._slab = self._numbers((slice(start, end),))
        if self._slab is None:  # a block in it is damaged
            found = self._numbers((first, *rest))
        else:
            inside = (slice(first.start - start, first.stop - start), *rest)
            found = [array[inside] for array in self._slab]
        return found is not None and bool(mark == _checksum(found))

    def _numbers(self, place: tuple[Any, ...]) -> list[np.ndarray] | None:
        try:
            return [array[place] for array in self._arrays]
        except Exception:  # whatever a codec raises for bytes that it has not written
            return None

    def write(self, task: Task, arrays: list[np.ndarray]) -> None:
        """Take the results of a block."""
        place = self._layout.place(task.region, task.program.variant)
        for array, values in zip(self._arrays, arrays, strict=True):
            array[place] = values
        self._known[self._mark(task)] = _checksum(arrays)
        self._marks[:, task.block] = self._known[:, task.block]

    def finish(self, time: str) -> None:
        """Note when all was there."""
        if not self._group.attrs["finished"]:
            self._group.attrs["finished"] = time
            with _unspecified():  # without consolidated metadata, xarray warns when it reads
                self._zarr.consolidate_metadata(self._location)

    def dataset(self) -> Any:
        """Return all of it, which is read when it is used."""
        xarray = required("xarray")
        found = xarray.open_zarr(self._location, chunks=None, consolidated=False)
        return found[[variable.name for variable in self._layout.variables]]

    def _opened(self, mode: str) -> Any:
        # What consolidated metadata tells was there when it was written, and need not be any more.
        return self._zarr.open_group(self._location, mode=mode, use_consolidated=False)

    def _mark(self, task: Task) -> tuple[int, int]:
        return self._variants.index(task.program.variant), task.block

    def _read(self) -> dict[str, Any] | None:
        """Return what a store says of its sweep; None for an empty one."""
        errors = self._zarr.errors
        missing = (FileNotFoundError, KeyError, errors.GroupNotFoundError)
        try:
            group = self._opened("r")
        except missing:
            is_path = isinstance(self._location, str) and os.path.exists(self._location)
            if is_path and (not os.path.isdir(self._location) or os.listdir(self._location)):
                raise self._foreign("is there already, and no zarr store") from None
            return None
        try:
            record: dict[str, Any] = json.loads(group[_GROUP].attrs["record"])
        except missing:
            if not dict(group.attrs) and not list(group.keys()):
                return None
            raise self._foreign("is a zarr store, and not that of a sweep") from None
        if record["format"] != FORMAT:
            raise self._foreign(f"has the format {record['format']}, not {FORMAT}")
        return record

    def _foreign(self, what: str) -> ValueError:
        return ValueError(
            f"store={self._location!r} {what}. Nothing was changed. Give another place, or delete "
            "what is there."
        )

    def _check(self, record: dict[str, Any], attrs: Mapping[str, Any]) -> None:
        assert self._record is not None
        known, wanted = self._record["identity"], record["identity"]
        names = sorted(set(known) | set(wanted))
        different = [name for name in names if known.get(name) != wanted.get(name)]
        if self._record["block"] != record["block"] and "grid" not in different:
            different.append(f"chunk (it has blocks of {self._record['block']} points)")
        if not different:
            return
        if "methods" in different or "h" in different:
            different = [name for name in different if name != "function"]  # other programs anyway
        group = self._opened("r")
        versions = [
            f"{name} {group.attrs.get(name)} then, {attrs[name]} now"
            for name in ("qgrad_lab", "jax", "pennylane")
            if name in group.attrs and group.attrs.get(name) != attrs.get(name)
        ]
        other = f" It was computed with other versions ({'; '.join(versions)})." if versions else ""
        raise self._foreign(
            f"has another sweep in it: it differs in {', '.join(different)}.{other} To go on with "
            "that sweep, call it as it was called"
        )

    def _has_marks(self) -> bool:
        return "marks" in self._opened("r")[_GROUP]

    def _make(self, record: dict[str, Any], blocks: Blocks, coordinates: Any) -> None:
        """Make a store: the record first and the marks last, so that a half-made one is known."""
        zarr, layout = self._zarr, self._layout
        zarr.open_group(self._location, mode="w")
        attributes = {"record": json.dumps(record)}
        zarr.create_group(self._location, path=_GROUP, attributes=attributes)
        with _unspecified():
            coordinates.to_zarr(self._location, mode="a", zarr_format=3, consolidated=False)
        group = self._opened("r+")
        for variable in layout.variables:
            group.create_array(
                variable.name,
                shape=(*layout.outer_shape, *variable.own_shape),
                chunks=layout.chunks(variable, blocks),
                dtype=variable.dtype,
                fill_value=np.nan,
                dimension_names=variable.dims,
                attributes=variable.attrs,
            )
        group.create_array(
            f"{_GROUP}/marks",
            shape=(len(self._variants), len(blocks.regions())),
            chunks=(len(self._variants), 1),
            dtype="uint64",
            fill_value=0,
        )


@contextlib.contextmanager
def _unspecified() -> Iterator[None]:
    """Write what the specification of zarr 3 has no place for yet: texts, consolidated metadata.

    No numbers depend on them, and zarr and xarray read what they wrote.
    """
    with warnings.catch_warnings():
        for message in (".*Zarr V3 specification", "Consolidated metadata is currently not part"):
            warnings.filterwarnings("ignore", message=message)
        yield


def _checksum(arrays: Sequence[np.ndarray]) -> int:
    """Return a checksum of the bytes of all arrays; never 0."""
    found = 0
    for array in arrays:
        # A chunk without any number is not written, and is read as NaN of one kind.
        plain = np.where(np.isnan(array), np.nan, array)
        found = zlib.crc32(np.ascontiguousarray(plain).tobytes(), found)
    return 2**32 + found
