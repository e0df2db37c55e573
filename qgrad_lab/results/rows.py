"""Share what the rows of all results have: a label, a key, and the reason for a failure."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar


class Row(Protocol):
    """The numbers of one method, with its step, or the reason why there are none."""

    @property
    def method(self) -> str:
        """The name of the method."""

    @property
    def h(self) -> float | None:
        """The step asked for, if any."""

    @property
    def label(self) -> str:
        """The method, with its step if one was asked for."""


class FallibleRow(Row, Protocol):
    """A row that holds either numbers or an error."""

    @property
    def error(self) -> str | None:
        """Why the method failed."""


AnyRow = TypeVar("AnyRow", bound=Row)


def label(method: str, h: float | None) -> str:
    """Return a method's name, with its step if one was asked for.

    >>> label("auto", None), label("fd", 1e-05)
    ('auto', 'fd, h = 1e-05')
    """
    return method if h is None else f"{method}, h = {h:g}"


def find(rows: Sequence[AnyRow], key: str | tuple[str, float | None], among: str) -> AnyRow:
    """Return the first row of a method, or of a method and step.

    Raises
    ------
    KeyError
        If there is none; ``among`` names what was searched.
    """
    method, *step = (key,) if isinstance(key, str) else key
    for row in rows:
        if row.method == method and (not step or row.h == step[0]):
            return row
    found = ", ".join(row.label for row in rows)
    raise KeyError(f"{key!r} is not among {among}: {found}")


def fields(row: Any) -> dict[str, Any]:
    """Return the fields of a row by name, without copying them, and its label."""
    found = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return {**found, "label": row.label}


def failures(rows: Iterable[FallibleRow]) -> list[str]:
    """Return a sentence for each method that failed."""
    return [f"{row.label} failed: {row.error}" for row in rows if row.error is not None]


def no_reference(name: str, reason: str) -> str:
    """Return a sentence that says why there is no reference."""
    return f"No reference by {name}: {reason.rstrip('.')}."
