"""Check the options of ``qjit``."""

import dataclasses
import operator
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class CompileOptions:
    """How to compile: the keyword arguments of ``qjit``, checked."""

    static_argnums: tuple[int, ...] = ()
    static_argnames: tuple[str, ...] = ()
    autograph: bool = False
    seed: int | None = None
    verbose: bool = False

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of ``qjit`` that give these."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def check_options(
    static_argnums: Any, static_argnames: Any, autograph: Any, seed: Any, verbose: Any
) -> CompileOptions:
    """Check the keyword arguments of ``qjit``.

    Raises
    ------
    TypeError
        If one has the wrong type.
    ValueError
        If ``seed`` is out of range.
    """
    return CompileOptions(
        _sequence(static_argnums, int, "static_argnums", "the positions of arguments"),
        _sequence(static_argnames, str, "static_argnames", "the names of arguments"),
        bool(autograph),
        _checked_seed(seed),
        bool(verbose),
    )


def _sequence(value: Any, kind: type, name: str, meaning: str) -> tuple[Any, ...]:
    if value is None:
        return ()
    values = (value,) if isinstance(value, kind) else value
    if (
        not isinstance(values, Sequence)
        or isinstance(values, str)
        or any(isinstance(v, bool) or not isinstance(v, kind) for v in values)
    ):
        article = "an" if kind is int else "a"
        raise TypeError(
            f"{name} was {value!r}; it is {article} {kind.__name__} or a sequence of "
            f"{kind.__name__}s, {meaning}."
        )
    return tuple(values)


def _checked_seed(seed: Any) -> int | None:
    if seed is None:
        return None
    try:
        number = operator.index(seed)
    except TypeError:
        number = None
    if number is None or isinstance(seed, bool):
        raise TypeError(f"seed was {seed!r} of type {type(seed).__name__}; it is an int or None.")
    if not 0 <= number < 2**32:
        raise ValueError(f"seed was {seed!r}; it is an unsigned 32-bit integer, below 2**32.")
    return number
