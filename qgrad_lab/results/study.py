"""The base of all studies: render a table, and export plain data."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any

from qgrad_lab.results.export import jsonable
from qgrad_lab.results.rows import fields, find
from qgrad_lab.results.table import Table

VERSION = 1
"""The version of the form of ``to_dict``."""


class Study(abc.ABC):
    """A study: a dataclass that is shown as a table, and becomes plain data."""

    @abc.abstractmethod
    def _table(self) -> Table:
        """Return the table that is shown."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain Python objects that ``json.dumps`` takes.

        Returns
        -------
        dict
            With the ``version`` of this form, and the name of the ``study``. Arrays are nested
            lists, times are in seconds. Numbers that are not finite are the words ``"NaN"``,
            ``"Infinity"`` and ``"-Infinity"``, as JSON has no such numbers.

        Examples
        --------
        >>> from qgrad_lab import landscape
        >>> found = landscape(lambda x: x**3, 2.0, span=2.0, points=3, methods="auto").to_dict()
        >>> found["study"], found["axes"], found["rows"][0]["derivatives"]
        ('Landscape', [[1.0, 2.0, 3.0]], [[3.0, 12.0, 27.0]])
        """
        found = {"version": VERSION, "study": type(self).__name__}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            found[field.name] = [fields(row) for row in value] if field.name == "rows" else value
        written: dict[str, Any] = jsonable(found)
        return written

    def __repr__(self) -> str:
        return self._table().text()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return self._table().bundle()


class StudyOfMethods(Study):
    """A study with one row for each method and step, which are its keys."""

    rows: tuple[Any, ...]

    def __getitem__(self, key: str | tuple[str, float | None]) -> Any:
        return find(self.rows, key, "the methods of this study")
