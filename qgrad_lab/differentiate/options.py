"""Check what ``grad`` and its relatives are given beside the arguments of the function."""

import dataclasses
import math
import numbers
import operator
from collections.abc import Callable, Sequence
from typing import Any

from qgrad_lab.differentiate.methods import check_method

Selector = int | str
"""An argument: its position, or the name that it was passed with."""


@dataclasses.dataclass(frozen=True)
class DerivativeOptions:
    """How to differentiate: the keyword arguments of ``grad``, checked and normalised."""

    method: str
    step: float | None
    argnum: int | tuple[int, ...] | None
    argnames: str | tuple[str, ...] | None = None
    has_aux: bool = False
    allow_int: bool = False

    def keywords(self) -> dict[str, Any]:
        """Return the keyword arguments of ``grad`` that give these."""
        return {
            "method": self.method,
            "h": self.step,
            "argnum": self.argnum,
            "argnames": self.argnames,
            "has_aux": self.has_aux,
            "allow_int": self.allow_int,
        }

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
) -> DerivativeOptions:
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
    return DerivativeOptions(
        check_method(method),
        _check_step(h),
        _check_argnum(argnum, argnums),
        _check_argnames(argnames),
        _check_flag(has_aux, "has_aux"),
        _check_flag(allow_int, "allow_int"),
    )


def check_callable(f: Any, transform: str) -> Callable[..., Any]:
    """Return ``f`` if it can be called.

    Raises
    ------
    TypeError
        If it cannot.
    """
    if callable(f):
        return f
    raise TypeError(
        f"{transform} differentiates a function, a QNode or a compiled program, and {f!r} of type "
        f"{type(f).__name__} is not a callable object."
    )


def check_sequence(values: Any, transform: str, name: str) -> tuple[Any, ...]:
    """Return the entries of the argument ``name`` of ``jvp`` or ``vjp``, one per argument of ``f``.

    Raises
    ------
    ValueError
        If it is not a list or a tuple.
    """
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
