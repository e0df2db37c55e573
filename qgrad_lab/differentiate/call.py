"""Bind a call to the arguments that are differentiated in it; name these in messages."""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from qgrad_lab.core.mode import without_snapshots
from qgrad_lab.differentiate.options import Selector


@dataclasses.dataclass(frozen=True, eq=False)
class BoundCall:
    """A call ``f(*args, **kwargs)`` of which some arguments are differentiated.

    Attributes
    ----------
    requested : tuple of int or str
        The arguments asked for: positions, none of them negative, and names of keyword arguments,
        perhaps with repetitions.
    single : bool
        Whether one argument was asked for by an int or a name (or by default), so that the result
        is one derivative and no tuple of them.
    """

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    requested: tuple[Selector, ...]
    single: bool

    @classmethod
    def bind(
        cls,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        selection: Selector | tuple[Selector, ...],
    ) -> "BoundCall":
        """Find the arguments that ``selection`` means in this call.

        An argument that was passed by keyword counts as positional if the signature of ``f``
        lets it, so that ``grad(f)(x=1.0)`` means ``grad(f)(1.0)``. A name means the argument of
        this name however it was passed.

        Raises
        ------
        ValueError
            If the call has no such argument.
        """
        wanted = selection if isinstance(selection, tuple) else (selection,)
        positions = [index for index in wanted if isinstance(index, int)]
        if kwargs and any(not -len(args) <= index < len(args) for index in positions):
            args, kwargs = keywords_made_positional(f, args, kwargs)
        requested = tuple(
            _find_position(f, args, kwargs, one)
            if isinstance(one, int)
            else _find_name(f, args, kwargs, one)
            for one in wanted
        )
        return cls(f, args, kwargs, requested, not isinstance(selection, tuple))

    @property
    def places(self) -> tuple[Selector, ...]:
        """The arguments asked for, each once and in order, those with names last."""
        return tuple(sorted(set(self.requested), key=lambda place: (isinstance(place, str), place)))

    @property
    def repeats(self) -> bool:
        """Whether an argument was asked for more than once."""
        return len(self.places) < len(self.requested)

    @property
    def positional(self) -> bool:
        """Whether all arguments that were asked for are positional."""
        return not any(isinstance(place, str) for place in self.requested)

    @property
    def selected(self) -> tuple[Any, ...]:
        """The arguments at `places`."""
        return self.at(self.places)

    def at(self, places: Sequence[Selector]) -> tuple[Any, ...]:
        """Return the arguments at ``places``."""
        return tuple(
            self.kwargs[place] if isinstance(place, str) else self.args[place] for place in places
        )

    def __call__(self, *selected: Any) -> Any:
        """Evaluate ``f`` with other arguments at `places`."""
        return self.with_arguments(self.places, selected)

    def with_arguments(self, places: Sequence[Selector], values: Sequence[Any]) -> Any:
        """Evaluate ``f`` with ``values`` at ``places``.

        States of a circuit that it looks at on the way have no part in its derivative: as in
        Catalyst, there are no snapshots then.
        """
        args, kwargs = list(self.args), dict(self.kwargs)
        for place, value in zip(places, values, strict=True):
            if isinstance(place, str):
                kwargs[place] = value
            else:
                args[place] = value
        with without_snapshots():
            return self.f(*args, **kwargs)

    def arrange(self, derivatives: Sequence[Any]) -> Any:
        """Arrange derivatives for `places` in the form that was asked for: one, or a tuple."""
        found = dict(zip(self.places, derivatives, strict=True))
        asked = tuple(found[place] for place in self.requested)
        return asked[0] if self.single else asked


def _find_position(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], index: int
) -> int:
    count = len(args)
    if -count <= index < count:
        return index % count
    raise ValueError(
        f"Invalid argnum {index}: {function_name(f)} was called with {count} positional "
        f"argument{'' if count == 1 else 's'}"
        + (f", so argnum may be {-count} to {count - 1}." if count else ".")
        + (
            f" Keyword-only arguments ({', '.join(kwargs)}) are chosen by name, such as "
            f"argnames={next(iter(kwargs))!r}, or passed by position."
            if kwargs
            else ""
        )
    )


def _find_name(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str
) -> Selector:
    if name in kwargs:
        return name
    names = _positional_names(f)[: len(args)]
    if name in names:
        return names.index(name)
    given = ", ".join([*names, *kwargs])
    raise ValueError(
        f"Invalid argnames {name!r}: {function_name(f)} was called without an argument of this "
        f"name; it was given {given or 'none with a name'}. Pass {name} in the call."
    )


def function_name(f: Callable[..., Any]) -> str:
    """Return the name of ``f``, in quotes, for a message."""
    return f"'{getattr(f, '__name__', type(f).__name__)}'"


def describe_argument(f: Callable[..., Any], place: Selector) -> str:
    """Describe an argument of ``f`` by its number and, where the signature tells, by its name."""
    if isinstance(place, str):
        return f"argument {place!r} of {function_name(f)}"
    names = _positional_names(f)
    if place < len(names):
        return f"argument {place} ({names[place]!r}) of {function_name(f)}"
    return f"argument {place} of {function_name(f)}"


def describe(leaf: Any) -> str:
    """Describe a leaf by its type, such as ``float64[2, 3]``; if no array, by its Python type."""
    try:
        return f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}"
    except (TypeError, ValueError):
        return f"the {type(leaf).__name__} {leaf!r}"


def signature_of(f: Callable[..., Any]) -> inspect.Signature | None:
    """Return the signature of ``f``; ``None`` where it has none."""
    try:
        return inspect.signature(f)
    except (TypeError, ValueError):  # built into C, or not callable that way
        return None


def keywords_made_positional(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Pass the same arguments by position, as far as the signature allows."""
    signature = signature_of(f)
    if signature is None:
        return args, kwargs
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the call of f itself says it better
        return args, kwargs
    return bound.args, bound.kwargs


def _positional_names(f: Callable[..., Any]) -> list[str]:
    """Return the names of arguments that can be passed by position, as far as they are known."""
    signature = signature_of(f)
    parameters = signature.parameters.values() if signature else ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds]
