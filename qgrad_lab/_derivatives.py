"""How each derivative is computed, once it is known of what and how.

`qgrad_lab.differentiate` holds the public functions. A derivative is evaluated here in one of two
places: in JAX, by the function of the same name, or on a `FlatFunction`, by JAX's automatic
differentiation or by finite differences.
"""

import dataclasses
import functools
import types
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend.core import jaxpr_as_fun
from jax.tree_util import all_leaves, tree_flatten, tree_leaves, tree_structure, tree_unflatten

from qgrad_lab import finite_difference
from qgrad_lab._arguments import Call, FlatFunction, Options, describe, function_name
from qgrad_lab._jaxprs import equations
from qgrad_lab.tracing import Mode, current_mode


class Derivative:
    """A function that computes derivatives of ``f``: what ``grad(f)`` and its relatives return.

    Attributes
    ----------
    transform : str
        Which derivative: ``"grad"``, ``"value_and_grad"``, ``"jacobian"`` or ``"hessian"``.
    f : callable
        The function to differentiate, also as ``__wrapped__``.
    options : Options
        How.
    """

    def __init__(self, transform: str, f: Callable[..., Any], options: Options) -> None:
        # Not f.__dict__: a QNode's attributes would pass for attributes of its derivative.
        functools.update_wrapper(self, f, updated=())
        self.transform = transform
        self.f = f
        self.options = options

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = Call.bind(self.f, args, kwargs, self.options.argnum)
        in_jax, inside = _TRANSFORMS[self.transform]
        # JAX fails on [0, 0] with an error about something else, so that is done here.
        if _belongs_to_jax(self.options) and not call.repeats:
            argnums = call.requested[0] if call.single else call.requested
            return in_jax(self.f, argnums=argnums)(*call.args, **call.kwargs)
        return inside(call, self.options)

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[..., Any]:
        """Bind to an instance, so that a method can be decorated as a function can."""
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        given = f"method={self.options.method!r}"
        if self.options.step is not None:
            given += f", h={self.options.step!r}"
        if self.options.argnum is not None:
            given += f", argnum={self.options.argnum!r}"
        return f"{self.transform}({function_name(self.f)[1:-1]}, {given})"


def jvp(call: Call, directions: tuple[Any, ...], options: Options) -> tuple[Any, Any]:
    """The value of ``call`` and its derivative along one direction for each position."""
    if _belongs_to_jax(options):
        return jax.jvp(call, call.selected, directions)
    target = FlatFunction(call, "jvp")
    expected: Any = tree_structure(call.selected)
    given: Any = tree_structure(directions)
    if given != expected:
        raise TypeError(
            f"The tangents of jvp must have the trees of the differentiated params, {expected}, "
            f"and have {given}."
        )
    vectors = tree_leaves(directions)
    _check_alike("jvp", "differentiated params", target.leaves, "tangent", vectors)
    if options.method == "fd":
        outputs, changes = finite_difference.jvp(target, target.leaves, vectors, options.step)
    else:
        outputs, changes = jax.jvp(target, target.leaves, vectors)
    return target.results(outputs), target.results(changes)


def vjp(call: Call, cotangents: Any, options: Options) -> tuple[Any, Any]:
    """The value of ``call`` and the gradient of its sum weighted by ``cotangents``."""
    if _belongs_to_jax(options):
        result, pull_tree_back = jax.vjp(call, *call.selected)
        leaves, tree = tree_flatten(result)
        weights = _cotangent_leaves(cotangents, tree, leaves)
        return result, call.arrange(pull_tree_back(tree_unflatten(tree, weights)))
    target = FlatFunction(call, "vjp")
    outputs, pullback = _vjp(target, options)
    result = target.results(outputs)
    weights = _cotangent_leaves(cotangents, tree_structure(result), outputs)
    return result, target.derivatives(pullback(weights))


def _belongs_to_jax(options: Options) -> bool:
    # A reference (Mode.REFERENCE) runs the program that was written for compilation, so it needs
    # the contract of compiled programs, such as scalars inside trees, rather than JAX's own.
    return options.method == "auto" and current_mode() is Mode.OUTSIDE


def _grad(call: Call, options: Options) -> Any:
    target = FlatFunction(call, "grad", scalar=True)
    outputs, pullback = _vjp(target, options)
    return target.results([target.derivatives(pullback([jnp.ones_like(outputs[0])]))])


def _value_and_grad(call: Call, options: Options) -> tuple[Any, Any]:
    target = FlatFunction(call, "value_and_grad", scalar=True)
    outputs, pullback = _vjp(target, options)
    gradient = target.derivatives(pullback([jnp.ones_like(outputs[0])]))
    return target.results(outputs), target.results([gradient])


def _jacobian(call: Call, options: Options, transform: str = "jacobian") -> Any:
    target = FlatFunction(call, transform)
    if options.method == "fd":
        _, blocks = finite_difference.jacobian(target, target.leaves, options.step)
    else:
        blocks = _autodiff_jacobian(target, target.leaves)
    return target.results([target.derivatives(row) for row in blocks])


def _hessian(call: Call, options: Options) -> Any:
    @functools.wraps(call.f, updated=())
    def first(*args: Any, **kwargs: Any) -> Any:
        inner = dataclasses.replace(call, args=args, kwargs=kwargs)
        return _jacobian(inner, options, "hessian")

    return _jacobian(dataclasses.replace(call, f=first), options, "hessian")


_TRANSFORMS: dict[str, tuple[Callable[..., Any], Callable[[Call, Options], Any]]] = {
    "grad": (jax.grad, _grad),
    "value_and_grad": (jax.value_and_grad, _value_and_grad),
    "jacobian": (jax.jacobian, _jacobian),
    "hessian": (jax.hessian, _hessian),
}


def _vjp(
    target: FlatFunction, options: Options
) -> tuple[list[Array], Callable[[Sequence[Any]], Sequence[Array]]]:
    if options.method == "fd":
        return finite_difference.vjp(target, target.leaves, options.step)
    outputs, pullback = jax.vjp(target, *target.leaves)
    return outputs, lambda cotangents: pullback(list(cotangents))


def _autodiff_jacobian(function: Callable[..., Any], leaves: Sequence[Any]) -> list[list[Array]]:
    """One row per output and one block per leaf, in the mode that takes fewer passes."""
    # Traced first: only the program tells how many outputs there are.
    program = jax.make_jaxpr(function)(*leaves)
    if not leaves:
        return [[] for _ in program.out_avals]
    evaluate = jaxpr_as_fun(program)
    argnums = tuple(range(len(leaves)))
    inputs = sum(aval.size for aval in program.in_avals)
    outputs = sum(aval.size for aval in program.out_avals)
    # A tie goes to forward mode, which stores nothing; in a Hessian this is forward over reverse.
    # A custom_vjp has no forward mode.
    reverse_only = any(
        eqn.primitive.name.startswith("custom_vjp") for eqn in equations(program.jaxpr)
    )
    if outputs < inputs or reverse_only:
        return [list(row) for row in jax.jacrev(evaluate, argnums=argnums)(*leaves)]
    # In forward mode a derivative has the dtype of the result; here it has the argument's.
    return [
        [block.astype(aval.dtype) for block, aval in zip(row, program.in_avals, strict=True)]
        for row in jax.jacfwd(evaluate, argnums=argnums)(*leaves)
    ]


def _cotangent_leaves(cotangents: Any, tree: Any, outputs: Sequence[Any]) -> list[Any]:
    """The cotangents of ``vjp``, one for each output, from either form that they may have."""
    leaves, given = tree_flatten(cotangents)
    listed = isinstance(cotangents, list | tuple) and all_leaves(cotangents)
    if given != tree and not (listed and len(leaves) == len(outputs)):
        raise TypeError(
            f"The cotangents of vjp must have the tree of the results, {tree}, or be a list of "
            f"{len(outputs)} arrays, one for each; they have the tree {given}."
        )
    _check_alike("vjp", "results", outputs, "cotangent", leaves)
    return leaves


def _check_alike(
    transform: str, kind: str, points: Sequence[Any], vector_kind: str, vectors: Sequence[Any]
) -> None:
    for number, (point, vector) in enumerate(zip(points, vectors, strict=True)):
        message = (
            f"{transform}: {vector_kind} {number} has {describe(vector)} and must be like leaf "
            f"{number} of the {kind}, which has {describe(point)}."
        )
        if _dtype(point) != _dtype(vector):
            raise TypeError(message)
        if jnp.shape(point) != jnp.shape(vector):
            raise ValueError(message)


def _dtype(leaf: Any) -> Any:
    try:
        return jnp.result_type(leaf)
    except (TypeError, ValueError):  # a string, say, which no array is like
        return type(leaf)
