"""`Point`: a call of a function, as a point at which it is differentiated."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr

from qgrad_lab.circuit.contents import Contents, contents
from qgrad_lab.comparison.meters import program_bytes
from qgrad_lab.compile.api import QJIT, qjit
from qgrad_lab.core.mode import without_snapshots
from qgrad_lab.differentiate.call import keywords_made_positional, signature_of
from qgrad_lab.inspection.api import Stages, stages


class Point:
    """The call ``f(*args, **kwargs)``, and the arguments that are differentiated.

    Attributes
    ----------
    argnum : int or tuple of int
        As given; the first argument by default.
    positions : tuple of int
        The same as positions from the start, without those that do not exist.
    distinct : tuple of int
        The same in increasing order, each once.

    Notes
    -----
    A compiled program takes the leaves of the arguments that are arrays or differentiated numbers.
    All others are constants of the program, so that a number of layers can bound a Python loop and
    a string can choose a branch.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnum: int | Sequence[int] | None,
    ) -> None:
        self.f = f
        self.argnum = tuple(argnum) if isinstance(argnum, Sequence) else argnum or 0
        wanted = self.argnum if isinstance(self.argnum, tuple) else (self.argnum,)
        self.args, self.kwargs = _by_position(f, tuple(args), dict(kwargs), wanted)
        count = len(self.args)
        self.positions = tuple(i % count for i in wanted if -count <= i < count)
        self.distinct = tuple(sorted(set(self.positions)))

        paths, self._tree = jax.tree_util.tree_flatten_with_path((self.args, self.kwargs))
        self._leaves = [leaf for _, leaf in paths]
        self._is_given = [_is_given(path, leaf, self.positions) for path, leaf in paths]

    @property
    def selected(self) -> tuple[Any, ...]:
        """The differentiated arguments, in the order that was asked for."""
        return tuple(self.args[position] for position in self.positions)

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each leaf of `selected`, such as ``params['w']``."""
        named = []
        for position, argument in zip(self.positions, self.selected, strict=True):
            name = argument_name(self.f, position)
            for path, _ in jax.tree_util.tree_leaves_with_path(argument):
                named.append(name + jax.tree_util.keystr(path))
        return tuple(named)

    @property
    def has_no_constants(self) -> bool:
        """Whether a compiled program takes all of the arguments."""
        return all(self._is_given)

    def arguments(self, moved: Mapping[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call, with those at some positions replaced."""
        args = tuple(moved.get(position, arg) for position, arg in enumerate(self.args))
        return args, self.kwargs

    def trace(self, f: Callable[..., Any]) -> tuple[Any, Contents]:
        """Return the tree of shapes and dtypes of ``f`` compiled here, and its circuits."""
        program, shape = self.jaxpr(f)
        return shape, contents(program.jaxpr)

    def jaxpr(self, f: Callable[..., Any]) -> tuple[ClosedJaxpr, Any]:
        """Trace ``f`` compiled here; return the jaxpr and the tree of shapes and dtypes."""
        args, kwargs = self._given({})
        found: tuple[ClosedJaxpr, Any] = jax.make_jaxpr(qjit(self._program(f)), return_shape=True)(
            *args, **kwargs
        )
        return found

    def program(self, derivative: Callable[..., Any]) -> "PointProgram":
        """Return a new compiled program of ``derivative``, which was made of `f`."""
        return PointProgram(qjit(self._program(derivative)), self._given, self.positions)

    def stages(self, derivative: Callable[..., Any]) -> Stages:
        """Return the stages of ``derivative``, which was made of `f`, at this point."""
        args, kwargs = self._given({})
        return stages(self._program(derivative), *args, **kwargs)

    def _given(self, moved: Mapping[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of a compiled program, with None in place of constants."""
        leaves = jax.tree.leaves(self.arguments(moved)) if moved else self._leaves
        # To JAX, None is a tree without leaves.
        given = [leaf if own else None for leaf, own in zip(leaves, self._is_given, strict=True)]
        found: tuple[tuple[Any, ...], dict[str, Any]] = jax.tree.unflatten(self._tree, given)
        return found

    def _program(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``f`` as a function of the arguments of a compiled program, constants built in.

        JAX's errors name a function and its arguments, so both are the user's; the annotations are
        not kept, as they would have `qjit` compile for other arguments.
        """

        @functools.wraps(self.f, updated=())
        def program(*args: Any, **kwargs: Any) -> Any:
            leaves = iter(jax.tree.leaves((args, kwargs)))
            merged = [
                next(leaves) if given else leaf
                for leaf, given in zip(self._leaves, self._is_given, strict=True)
            ]
            args, kwargs = jax.tree.unflatten(self._tree, merged)
            with without_snapshots():
                return f(*args, **kwargs)

        signature = signature_of(self.f)
        if signature is not None:
            bare = [
                parameter.replace(annotation=inspect.Parameter.empty)
                for parameter in signature.parameters.values()
            ]
            program.__signature__ = signature.replace(parameters=bare)  # type: ignore[attr-defined]
        return program


class PointProgram:
    """A compiled program of a `Point`, evaluated there when called without arguments."""

    def __init__(
        self,
        compiled: QJIT,
        given: Callable[[Mapping[int, Any]], tuple[tuple[Any, ...], dict[str, Any]]],
        positions: tuple[int, ...],
    ) -> None:
        self._compiled, self._given, self._positions = compiled, given, positions
        self._args, self._kwargs = given({})

    def __call__(self) -> Any:
        """Evaluate the program at the point."""
        return self._compiled(*self._args, **self._kwargs)

    def at(self, selected: Sequence[Any]) -> Any:
        """Evaluate it with other differentiated arguments, of the same shapes, in their order."""
        args, kwargs = self._given(dict(zip(self._positions, selected, strict=True)))
        return self._compiled(*args, **kwargs)

    def bytes(self) -> int | None:
        """Return the memory that XLA set aside for it; None if that is not known."""
        return program_bytes(self._compiled, self._args, self._kwargs)


def _is_given(path: tuple[Any, ...], leaf: Any, positions: tuple[int, ...]) -> bool:
    if isinstance(leaf, jax.Array):
        return True
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "biufc"
    in_args, place = path[0].idx == 0, path[1]
    differentiated = in_args and place.idx in positions
    return differentiated and isinstance(leaf, bool | int | float | complex)


def _by_position(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wanted: Sequence[int],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Make keywords positional if a differentiated position is missing, as `grad` does."""
    if not kwargs or all(-len(args) <= index < len(args) for index in wanted):
        return args, kwargs
    return keywords_made_positional(f, args, kwargs)


def argument_name(f: Callable[..., Any], position: int) -> str:
    """Return the name of an argument in the signature, or else its number."""
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = signature_of(f)
    parameters = tuple(signature.parameters.values()) if signature else ()
    if position < len(parameters) and parameters[position].kind in named:
        return parameters[position].name
    return f"argument {position}"
