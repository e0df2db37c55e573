"""What a call of ``grad`` and its relatives is given: checks, selection, and the flat view.

Every check that needs nothing but the options happens when ``grad(f, ...)`` is called
(`check_options`); whatever depends on the arguments happens at the call of the result (`Call`);
whatever depends on the value of ``f`` happens while ``f`` is traced (`FlatFunction`).
"""

import dataclasses
import inspect
import math
import numbers
import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
from jax import Array

from qgrad_lab.errors import DifferentiableCompileError

_METHODS = ("auto", "fd")


@dataclasses.dataclass(frozen=True)
class Options:
    """How to differentiate: the checked and normalised keyword arguments of ``grad``."""

    method: str
    step: float | None
    argnum: int | tuple[int, ...] | None


def check_options(method: Any, h: Any, argnum: Any, argnums: Any) -> Options:
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
    return Options(_check_method(method), _check_step(h), _check_argnum(argnum, argnums))


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


def _check_method(method: Any) -> str:
    if method is None:
        return "auto"
    if isinstance(method, str) and method in _METHODS:
        return method
    raise ValueError(
        f"Invalid differentiation method {method!r}: it is 'auto' (each QNode by its own "
        "diff_method, everything else by JAX; the same as None) or 'fd' (finite differences of "
        "the whole function)."
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


@dataclasses.dataclass(frozen=True, eq=False)
class Call:
    """A call ``f(*args, **kwargs)`` of which some positional arguments are differentiated.

    Attributes
    ----------
    requested : tuple of int
        The positions asked for, none of them negative, perhaps with repetitions.
    single : bool
        Whether one position was asked for by an int (or by default), so that the result is one
        derivative and no tuple of them.
    """

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    requested: tuple[int, ...]
    single: bool

    @classmethod
    def bind(
        cls,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnum: int | tuple[int, ...] | None,
    ) -> "Call":
        """Find the arguments that ``argnum`` means in this call.

        An argument that was passed by keyword counts as positional if the signature of ``f``
        lets it, so that ``grad(f)(x=1.0)`` means ``grad(f)(1.0)``.

        Raises
        ------
        ValueError
            If the call has no such argument.
        """
        wanted = argnum if isinstance(argnum, tuple) else (argnum or 0,)
        if kwargs and any(not -len(args) <= index < len(args) for index in wanted):
            args, kwargs = _keywords_made_positional(f, args, kwargs)
        count = len(args)
        for index in wanted:
            if not -count <= index < count:
                raise ValueError(
                    f"Invalid argnum {index}: {function_name(f)} was called with {count} "
                    f"positional argument{'' if count == 1 else 's'}"
                    + (f", so argnum may be {-count} to {count - 1}." if count else ".")
                    + (
                        f" Keyword-only arguments ({', '.join(kwargs)}) cannot be differentiated; "
                        "pass them by position."
                        if kwargs
                        else ""
                    )
                )
        requested = tuple(index % count for index in wanted)
        return cls(f, args, kwargs, requested, not isinstance(argnum, tuple))

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions asked for, each once and in order."""
        return tuple(sorted(set(self.requested)))

    @property
    def repeats(self) -> bool:
        """Whether a position was asked for more than once."""
        return len(self.positions) < len(self.requested)

    @property
    def selected(self) -> tuple[Any, ...]:
        """The arguments at `positions`."""
        return tuple(self.args[position] for position in self.positions)

    def __call__(self, *selected: Any) -> Any:
        """The value of ``f`` with other arguments at `positions`."""
        args = list(self.args)
        for position, value in zip(self.positions, selected, strict=True):
            args[position] = value
        return self.f(*args, **self.kwargs)

    def arrange(self, derivatives: Sequence[Any]) -> Any:
        """Derivatives for `positions`, in the form that was asked for: one, or a tuple."""
        found = dict(zip(self.positions, derivatives, strict=True))
        asked = tuple(found[position] for position in self.requested)
        return asked[0] if self.single else asked


class FlatFunction:
    """A `Call` seen as a function from a list of float arrays to a list of float arrays.

    This is what the methods of differentiation work on. Building it checks the arguments,
    calling it checks the results.

    Parameters
    ----------
    transform : str
        The name of the public function, for messages.
    scalar : bool
        Whether the result must be a single number.

    Attributes
    ----------
    leaves : list of array
        The leaves of the differentiated arguments.

    Raises
    ------
    DifferentiableCompileError
        If a leaf of a differentiated argument is not real floating point; on a call, if a result
        is not, or is not a single scalar where it must be.
    """

    def __init__(self, call: Call, transform: str, *, scalar: bool = False) -> None:
        self._call = call
        self._transform = transform
        self._scalar = scalar
        self._out_tree: jax.tree_util.PyTreeDef | None = None
        for position, argument in zip(call.positions, call.selected, strict=True):
            for path, leaf in jax.tree_util.tree_leaves_with_path(argument):
                if not _is_real_float(leaf):
                    self._refuse_argument(position, path, leaf)
        self.leaves, self._in_tree = jax.tree_util.tree_flatten(call.selected)

    def __call__(self, *leaves: Any) -> list[Array]:
        result = self._call(*jax.tree_util.tree_unflatten(self._in_tree, leaves))
        found, self._out_tree = jax.tree_util.tree_flatten_with_path(result)
        if self._scalar and (len(found) != 1 or jnp.shape(found[0][1]) != ()):
            self._refuse_result(
                "scalar-output functions",
                found,
                "Reduce the result to one number, for example with jnp.sum, or use jacobian.",
            )
        if not all(_is_real_float(leaf) for _, leaf in found):
            self._refuse_result(
                "differentiation on floating-point results",
                found,
                "Return real floats: x.astype(float), or jnp.real(x) and jnp.imag(x).",
            )
        return [jnp.asarray(leaf) for _, leaf in found]

    def results(self, leaves: Sequence[Any]) -> Any:
        """Put one entry per result into the tree that ``f`` returned when it was last traced."""
        assert self._out_tree is not None, "the function has not been called"
        return jax.tree_util.tree_unflatten(self._out_tree, leaves)

    def derivatives(self, leaves: Sequence[Any]) -> Any:
        """Put one entry per argument leaf into the trees of the differentiated arguments."""
        return self._call.arrange(jax.tree_util.tree_unflatten(self._in_tree, leaves))

    def _refuse_argument(self, position: int, path: Any, leaf: Any) -> NoReturn:
        where = jax.tree_util.keystr(path)
        raise DifferentiableCompileError(
            f"{self._transform} only supports differentiation on floating-point arguments, and "
            f"{describe_argument(self._call.f, position)} has {describe(leaf)}"
            + (f" at {where}" if where else "")
            + ". Pass it as a float (2.0 for 2, or x.astype(float)), or choose other arguments "
            "with argnum."
        )

    def _refuse_result(self, supported: str, found: Sequence[Any], advice: str) -> NoReturn:
        given = ", ".join(
            f"{jax.tree_util.keystr(path)} {describe(leaf)}".strip() for path, leaf in found
        )
        raise DifferentiableCompileError(
            f"{self._transform} only supports {supported}, and {function_name(self._call.f)} "
            f"returned {given or 'no number at all'}. {advice}"
        )


def function_name(f: Callable[..., Any]) -> str:
    """What to call ``f`` in a message."""
    return f"'{getattr(f, '__name__', type(f).__name__)}'"


def describe_argument(f: Callable[..., Any], position: int) -> str:
    """Argument ``position`` of ``f``, by number and, where the signature tells, by name."""
    signature = _signature(f)
    parameters = tuple(signature.parameters.values()) if signature else ()
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if position < len(parameters) and parameters[position].kind in named:
        return f"argument {position} ('{parameters[position].name}') of {function_name(f)}"
    return f"argument {position} of {function_name(f)}"


def describe(leaf: Any) -> str:
    """The type of a leaf, such as ``float64[2, 3]``; for no array, its Python type."""
    try:
        return f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}"
    except (TypeError, ValueError):
        return f"the {type(leaf).__name__} {leaf!r}"


def _is_real_float(leaf: Any) -> bool:
    try:
        return bool(jnp.issubdtype(jnp.result_type(leaf), jnp.floating))
    except (TypeError, ValueError):
        return False


def _signature(f: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(f)
    except (TypeError, ValueError):  # built into C, or not callable that way
        return None


def _keywords_made_positional(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    signature = _signature(f)
    if signature is None:
        return args, kwargs
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the call of f itself says it better
        return args, kwargs
    return bound.args, bound.kwargs
