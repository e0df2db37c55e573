"""A call as a function of flat lists of arrays, which the methods of differentiation take."""

from collections.abc import Sequence
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.tree_util import tree_flatten, tree_leaves_with_path, tree_unflatten

from qgrad_lab.differentiate.call import (
    BoundCall,
    describe,
    describe_argument,
    function_name,
)
from qgrad_lab.errors import DifferentiableCompileError

Outputs = tuple[list[Array], list[Array]]
"""Results to differentiate, and auxiliary data that comes with them."""


class FlatFunction:
    """A `BoundCall` as a function from a list of float arrays to a list of float arrays.

    Building it checks the arguments, calling it checks the results.

    Parameters
    ----------
    transform : str
        The name of the public function, for messages.
    scalar : bool
        Whether the result must be a single number.
    has_aux : bool
        Whether the function returns a pair of its result and auxiliary data.
    allow_int : bool
        Whether the arguments may have leaves of integers and booleans. These have no part in the
        list; derivatives in them are zero.

    Attributes
    ----------
    leaves : list of array
        The leaves of the differentiated arguments that are real floating point.

    Raises
    ------
    DifferentiableCompileError
        If a leaf of a differentiated argument is not real floating point; on a call, if a result
        is not, or is not a single scalar where it must be.
    TypeError
        On a call, if there is no pair where there has to be one.
    """

    def __init__(
        self,
        call: BoundCall,
        transform: str,
        *,
        scalar: bool = False,
        has_aux: bool = False,
        allow_int: bool = False,
    ) -> None:
        self._call = call
        self._transform = transform
        self._scalar = scalar
        self._has_aux = has_aux
        self._out_tree: jax.tree_util.PyTreeDef | None = None
        self._aux: tuple[Any, list[Any]] | None = None
        for place, argument in zip(call.places, call.selected, strict=True):
            for path, leaf in tree_leaves_with_path(argument):
                if not (_is_real_float(leaf) or (allow_int and _is_integer(leaf))):
                    self._refuse_argument(place, path, leaf)
        self._in_leaves, self._in_tree = tree_flatten(call.selected)
        self.leaves = [leaf for leaf in self._in_leaves if _is_real_float(leaf)]

    def __call__(self, *leaves: Any) -> Outputs:
        """Evaluate the function with ``leaves`` in the place of its floating-point leaves."""
        moving = iter(leaves)
        arguments = [next(moving) if _is_real_float(leaf) else leaf for leaf in self._in_leaves]
        result = self._call(*tree_unflatten(self._in_tree, arguments))
        aux: list[Array] = []
        if self._has_aux:
            result, aux = self._without_aux(result)
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
        return [jnp.asarray(leaf) for _, leaf in found], aux

    def _without_aux(self, pair: Any) -> tuple[Any, list[Array]]:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise TypeError(
                f"{self._transform} was given has_aux=True, so {function_name(self._call.f)} has "
                "to return a pair, (result, auxiliary data), and it returned "
                f"{_outline(pair)}. Return a pair, or leave has_aux out."
            )
        result, aux = pair
        leaves, tree = tree_flatten(aux)
        # What is no array, such as a text, is the same in every call of one trace.
        self._aux = tree, [_ARRAY if _is_array(leaf) else leaf for leaf in leaves]
        return result, [jnp.asarray(leaf) for leaf in leaves if _is_array(leaf)]

    def results(self, leaves: Sequence[Any]) -> Any:
        """Put one entry per result into the tree that ``f`` returned when it was last traced."""
        assert self._out_tree is not None, "the function has not been called"
        return tree_unflatten(self._out_tree, leaves)

    def aux(self, leaves: Sequence[Any]) -> Any:
        """Put the arrays of the auxiliary data back into its tree."""
        assert self._aux is not None, "the function has not been called"
        tree, kept = self._aux
        arrays = iter(leaves)
        return tree_unflatten(tree, [next(arrays) if leaf is _ARRAY else leaf for leaf in kept])

    def gradients(self, leaves: Sequence[Any]) -> Any:
        """Put one entry per float leaf into the trees of the differentiated arguments.

        The entries of integers are zeros of the type ``float0``, as in JAX.
        """
        found = iter(leaves)
        return self._arranged(
            next(found) if _is_real_float(leaf) else np.zeros(jnp.shape(leaf), jax.dtypes.float0)
            for leaf in self._in_leaves
        )

    def rows(self, leaves: Sequence[Any], shape: tuple[int, ...]) -> Any:
        """Put entries into these trees as `gradients` does, for a result of the shape ``shape``.

        The entries of integers are zeros of the argument's type, as in `jax.jacobian`.
        """
        found = iter(leaves)
        return self._arranged(
            next(found)
            if _is_real_float(leaf)
            else jnp.zeros(shape + jnp.shape(leaf), jnp.result_type(leaf))
            for leaf in self._in_leaves
        )

    def _arranged(self, leaves: Any) -> Any:
        return self._call.arrange(tree_unflatten(self._in_tree, list(leaves)))

    def _refuse_argument(self, place: int | str, path: Any, leaf: Any) -> NoReturn:
        where = jax.tree_util.keystr(path)
        raise DifferentiableCompileError(
            f"{self._transform} only supports differentiation on floating-point arguments, and "
            f"{describe_argument(self._call.f, place)} has {describe(leaf)}"
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


_ARRAY = object()
"""The place of an array in auxiliary data."""


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float | complex)


def _outline(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    return describe(value) if _is_array(value) else f"a {type(value).__name__}"


def _is_real_float(leaf: Any) -> bool:
    try:
        return bool(jnp.issubdtype(jnp.result_type(leaf), jnp.floating))
    except (TypeError, ValueError):
        return False


def _is_integer(leaf: Any) -> bool:
    try:
        dtype = jnp.result_type(leaf)
    except (TypeError, ValueError):
        return False
    return bool(jnp.issubdtype(dtype, jnp.integer) or jnp.issubdtype(dtype, jnp.bool_))
