"""What a call of ``grad`` and its relatives is given: checks and selection.

Every check that needs nothing but the options happens when ``grad(f, ...)`` is called
(`check_options`); whatever depends on the arguments happens at the call of the result (`Call`);
whatever depends on the value of ``f`` happens while ``f`` is traced (``FlatFunction``).
"""

import dataclasses
import inspect
import math
import numbers
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from qgrad_lab.differentiate.methods import check_method

Selector = int | str
"""Which argument: by its position, or by the name that it was passed with."""


@dataclasses.dataclass(frozen=True)
class Options:
    """How to differentiate: the checked and normalised keyword arguments of ``grad``."""

    method: str
    step: float | None
    argnum: int | tuple[int, ...] | None
    argnames: str | tuple[str, ...] | None = None
    has_aux: bool = False
    allow_int: bool = False

    @property
    def selection(self) -> Selector | tuple[Selector, ...]:
        """The arguments to differentiate; a tuple where a tuple of derivatives is asked for."""
        if self.argnames is None:
            return self.argnum or 0 if not isinstance(self.argnum, tuple) else self.argnum
        if self.argnum is None:
            return self.argnames
        by_position = self.argnum if isinstance(self.argnum, tuple) else (self.argnum,)
        by_name = self.argnames if isinstance(self.argnames, tuple) else (self.argnames,)
        return (*by_position, *by_name)


def check_options(
    method: Any,
    h: Any,
    argnum: Any,
    argnums: Any,
    argnames: Any = None,
    has_aux: Any = False,
    allow_int: Any = False,
) -> Options:
    """Check what ``grad`` was given beside the function.

    Raises
    ------
    ValueError
        If a value is not among those allowed.
    TypeError
        If both spellings ``argnum`` and ``argnums`` are given.
    """
    if argnum is not None and argnums is not None:
        raise TypeError(
            f"Got both argnum={argnum!r} and argnums={argnums!r}. They are two spellings of one "
            "option: give one of them."
        )
    return Options(
        check_method(method),
        _check_step(h),
        _check_argnum(argnum, argnums),
        _check_argnames(argnames),
        _check_flag(has_aux, "has_aux"),
        _check_flag(allow_int, "allow_int"),
    )


def check_callable(f: Any, transform: str) -> Callable[..., Any]:
    """``f`` itself, if it can be called at all."""
    if callable(f):
        return f
    raise TypeError(
        f"{transform} differentiates a function, a QNode or a compiled program, and {f!r} of type "
        f"{type(f).__name__} is not a callable object."
    )


def check_sequence(values: Any, transform: str, name: str) -> tuple[Any, ...]:
    """The entries of the argument ``name`` of ``jvp`` or ``vjp``, one per argument of ``f``."""
    if isinstance(values, Sequence) and not isinstance(values, str):
        return tuple(values)
    raise ValueError(
        f"The argument '{name}' of {transform} must be a list or a tuple, and got a "
        f"{type(values).__name__}. For a single entry write [{name}]."
    )


def _check_step(h: Any) -> float | None:
    if h is None:
        return None
    # A bool is a Real for Python, but h=True is a mistake and not a step of 1.
    if not isinstance(h, bool) and isinstance(h, numbers.Real):
        try:
            step = float(h)
        except OverflowError:  # an int or fraction beyond every float
            step = math.inf
        if math.isfinite(step) and step > 0:
            return step
    raise ValueError(
        f"Invalid h value {h!r}: the step of the finite differences is a finite number above "
        "zero, such as 1e-7, or None for the default."
    )


def _check_argnum(argnum: Any, argnums: Any) -> int | tuple[int, ...] | None:
    name, given = ("argnum", argnum) if argnums is None else ("argnums", argnums)
    if given is None:
        return None
    if isinstance(given, Sequence) and not isinstance(given, str):
        if not given:
            raise ValueError(
                f"Invalid {name} {given!r}: it names no argument to differentiate. Give an int, a "
                "non-empty list or tuple of ints, or None for the first argument."
            )
        return tuple(_check_index(index, name, given) for index in given)
    return _check_index(given, name, given)


def _check_index(index: Any, name: str, given: Any) -> int:
    try:
        if not isinstance(index, bool):
            return operator.index(index)
    except TypeError:
        pass
    raise ValueError(
        f"Invalid {name} {given!r}: it is an int, a list or tuple of ints, or None for the first "
        "argument."
    )


def _check_argnames(argnames: Any) -> str | tuple[str, ...] | None:
    if argnames is None or (isinstance(argnames, str) and argnames):
        return argnames
    if isinstance(argnames, Sequence) and not isinstance(argnames, str) and argnames:
        if all(isinstance(name, str) and name for name in argnames):
            return tuple(argnames)
    raise ValueError(
        f"Invalid argnames {argnames!r}: it is the name of an argument, a non-empty list or tuple "
        "of names, or None."
    )


def _check_flag(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"Invalid {name} {value!r}: it is True or False.")


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
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
    ) -> "Call":
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
        """The arguments at ``places``."""
        return tuple(
            self.kwargs[place] if isinstance(place, str) else self.args[place] for place in places
        )

    def __call__(self, *selected: Any) -> Any:
        """The value of ``f`` with other arguments at `places`."""
        return self.with_arguments(self.places, selected)

    def with_arguments(self, places: Sequence[Selector], values: Sequence[Any]) -> Any:
        """The value of ``f`` with ``values`` at ``places``."""
        args, kwargs = list(self.args), dict(self.kwargs)
        for place, value in zip(places, values, strict=True):
            if isinstance(place, str):
                kwargs[place] = value
            else:
                args[place] = value
        return self.f(*args, **kwargs)

    def arrange(self, derivatives: Sequence[Any]) -> Any:
        """Derivatives for `places`, in the form that was asked for: one, or a tuple."""
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
    """What to call ``f`` in a message."""
    return f"'{getattr(f, '__name__', type(f).__name__)}'"


def describe_argument(f: Callable[..., Any], place: Selector) -> str:
    """An argument of ``f``, by number and, where the signature tells, by name."""
    if isinstance(place, str):
        return f"argument {place!r} of {function_name(f)}"
    names = _positional_names(f)
    if place < len(names):
        return f"argument {place} ({names[place]!r}) of {function_name(f)}"
    return f"argument {place} of {function_name(f)}"


def describe(leaf: Any) -> str:
    """The type of a leaf, such as ``float64[2, 3]``; for no array, its Python type."""
    try:
        return f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}"
    except (TypeError, ValueError):
        return f"the {type(leaf).__name__} {leaf!r}"


def signature_of(f: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of ``f``, if it tells."""
    try:
        return inspect.signature(f)
    except (TypeError, ValueError):  # built into C, or not callable that way
        return None


def keywords_made_positional(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The same arguments, by position as far as the signature allows it."""
    signature = signature_of(f)
    if signature is None:
        return args, kwargs
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the call of f itself says it better
        return args, kwargs
    return bound.args, bound.kwargs


def _positional_names(f: Callable[..., Any]) -> list[str]:
    """Names of the arguments that can be passed by position, as far as the signature tells."""
    signature = signature_of(f)
    parameters = signature.parameters.values() if signature else ()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [parameter.name for parameter in parameters if parameter.kind in kinds]
