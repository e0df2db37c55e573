"""What all studies can do: show themselves, and become plain data."""

from __future__ import annotations

import abc
import dataclasses
from typing import TYPE_CHECKING, Any

from qgrad_lab.results.comparison import label
from qgrad_lab.results.export import plain

if TYPE_CHECKING:
    from qgrad_lab.results.table import Table

VERSION = 1
"""Of the form of ``to_dict``."""


class Study(abc.ABC):
    """What all of them can do."""

    @abc.abstractmethod
    def _table(self) -> Table:
        """What it shows of itself."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            With the ``version`` of this form, and the ``study`` that it is of. Arrays are nested
            lists, times are in seconds. Of numbers that are not finite it has the words ``"NaN"``,
            ``"Infinity"`` and ``"-Infinity"``, as JSON has no such numbers.

        Examples
        --------
        >>> from qgrad_lab import landscape
        >>> found = landscape(lambda x: x**3, 2.0, span=2.0, points=3, methods="auto").to_dict()
        >>> found["study"], found["axes"], found["rows"][0]["derivatives"]
        ('Landscape', [[1.0, 2.0, 3.0]], [[3.0, 12.0, 27.0]])
        """
        kind = type(self).__name__
        found = {"version": VERSION, "study": kind}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if field.name == "rows":
                value = [
                    {**_fields(row), "label": label(row.method, row.h)}  # in words, too
                    for row in value
                ]
            found[field.name] = value
        written: dict[str, Any] = plain(found)
        return written

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return self._table().bundle()


class Rows:
    """Studies with one row for each method and step."""

    rows: tuple[Any, ...]

    def __getitem__(self, key: str | tuple[str, float | None]) -> Any:
        method, *step = (key,) if isinstance(key, str) else key
        for row in self.rows:
            if row.method == method and (not step or row.h == step[0]):
                return row
        found = ", ".join(row.label for row in self.rows)
        raise KeyError(f"{key!r} is not among the methods of this study: {found}")


def _fields(row: Any) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
