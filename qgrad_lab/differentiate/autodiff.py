"""Evaluate a derivative: dispatch to JAX, or to autodiff or finite differences.

Outside of compiled programs ``"auto"`` is the function of JAX with the same name. Everything else
is evaluated on a `FlatFunction`, by JAX's automatic differentiation or by the file of another
method (``differentiate.methods``).
"""

import dataclasses
import functools
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend.core import jaxpr_as_fun
from jax.tree_util import (
    all_leaves,
    tree_flatten,
    tree_leaves,
    tree_map,
    tree_structure,
    tree_unflatten,
)

from qgrad_lab.core.jaxprs import equations
from qgrad_lab.core.mode import Mode, current_mode, without_snapshots
from qgrad_lab.core.pickling import reduced
from qgrad_lab.core.primitives import CUSTOM_VJP
from qgrad_lab.core.tracebacks import frames_hidden
from qgrad_lab.differentiate.call import BoundCall, describe, function_name
from qgrad_lab.differentiate.flat_function import FlatFunction, Outputs
from qgrad_lab.differentiate.methods import rule_of
from qgrad_lab.differentiate.options import DerivativeOptions
from qgrad_lab.engine.elements import parts


class Derivative:
    """A derivative of ``f``: what ``grad(f)`` and its relatives return.

    Attributes
    ----------
    transform : str
        Which derivative: ``"grad"``, ``"value_and_grad"``, ``"jacobian"`` or ``"hessian"``.
    f : callable
        The function to differentiate, also as ``__wrapped__``.
    options : DerivativeOptions
        How.
    """

    def __init__(self, transform: str, f: Callable[..., Any], options: DerivativeOptions) -> None:
        # Not f.__dict__: a QNode's attributes would pass for attributes of its derivative.
        functools.update_wrapper(self, f, updated=())
        self.transform = transform
        self.f = f
        self.options = options

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Differentiate at these arguments."""
        with frames_hidden:
            call = BoundCall.bind(self.f, args, kwargs, self.options.selection)
            # JAX fails on [0, 0] with an error about something else, so that is done here.
            if _belongs_to_jax(self.options) and not call.repeats:
                with without_snapshots():
                    return _in_jax(self.transform, call, self.options)
            return _TRANSFORMS[self.transform][1](call, self.options)

    def __get__(self, instance: Any, owner: type | None = None) -> Callable[..., Any]:
        """Bind to an instance, so that a method can be decorated as a function can."""
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        """Pickle as the call of the public function that made it."""
        return reduced(self, self.transform, self.f, self.options.keywords())

    def __repr__(self) -> str:
        given = f"method={self.options.method!r}"
        if self.options.step is not None:
            given += f", h={self.options.step!r}"
        if self.options.argnum is not None:
            given += f", argnum={self.options.argnum!r}"
        if self.options.argnames is not None:
            given += f", argnames={self.options.argnames!r}"
        given += ", has_aux=True" * self.options.has_aux
        given += ", allow_int=True" * self.options.allow_int
        return f"{self.transform}({function_name(self.f)[1:-1]}, {given})"


def jvp(
    call: BoundCall, directions: tuple[Any, ...], options: DerivativeOptions
) -> tuple[Any, ...]:
    """Evaluate ``call`` and its derivative along one direction for each of its places."""
    if _belongs_to_jax(options):
        return jax.jvp(call, call.selected, directions, has_aux=options.has_aux)
    target = FlatFunction(call, "jvp", has_aux=options.has_aux)
    expected: Any = tree_structure(call.selected)
    given: Any = tree_structure(directions)
    if given != expected:
        raise TypeError(
            f"The tangents of jvp must have the trees of the differentiated params, {expected}, "
            f"and have {given}."
        )
    vectors = tree_leaves(directions)
    _check_alike("jvp", "differentiated params", target.leaves, "tangent", vectors)
    rule = rule_of(options.method)
    if rule is not None:
        outputs, changes, aux = rule.jvp(target, target.leaves, vectors, options.step)
    else:
        outputs, changes, aux = jax.jvp(target, target.leaves, vectors, has_aux=True)
    return _with_aux(options, target, aux, target.results(outputs), target.results(changes))


def vjp(call: BoundCall, cotangents: Any, options: DerivativeOptions) -> tuple[Any, ...]:
    """Evaluate ``call`` and the gradient of its sum weighted by ``cotangents``."""
    if _belongs_to_jax(options):
        in_jax: Any = jax.vjp  # has_aux may be either
        result, pull_tree_back, *extra = in_jax(call, *call.selected, has_aux=options.has_aux)
        leaves, tree = tree_flatten(result)
        weights = _cotangent_leaves(cotangents, tree, leaves)
        return result, call.arrange(pull_tree_back(tree_unflatten(tree, weights))), *extra
    target = FlatFunction(call, "vjp", has_aux=options.has_aux)
    outputs, pullback, aux = _vjp(target, options)
    result = target.results(outputs)
    weights = _cotangent_leaves(cotangents, tree_structure(result), outputs)
    return _with_aux(options, target, aux, result, target.gradients(pullback(weights)))


def _belongs_to_jax(options: DerivativeOptions) -> bool:
    # A reference (Mode.REFERENCE) runs the program that was written for compilation, so it needs
    # the contract of compiled programs, such as scalars inside trees, rather than JAX's own.
    return rule_of(options.method) is None and current_mode() is Mode.OUTSIDE


def _in_jax(transform: str, call: BoundCall, options: DerivativeOptions) -> Any:
    """Differentiate by the function of JAX with the name ``transform``."""
    in_jax, inside = _TRANSFORMS[transform]
    given: dict[str, Any] = {"has_aux": options.has_aux}
    if options.allow_int:
        if transform in ("jacobian", "hessian"):  # JAX fails on booleans, and has no such option
            return inside(call, options)
        given["allow_int"] = True
    if call.positional:
        argnums: Any = call.requested[0] if call.single else call.requested
        return in_jax(call.f, argnums=argnums, **given)(*call.args, **call.kwargs)

    # JAX differentiates in positional arguments only.
    @functools.wraps(call.f, updated=())
    def of_requested(*values: Any) -> Any:
        return call.with_arguments(call.requested, values)

    argnums = 0 if call.single else tuple(range(len(call.requested)))
    return in_jax(of_requested, argnums=argnums, **given)(*call.at(call.requested))


def _with_aux(
    options: DerivativeOptions, target: FlatFunction, aux: Any, *results: Any
) -> tuple[Any, ...]:
    return (*results, target.aux(aux)) if options.has_aux else results


def _grad(call: BoundCall, options: DerivativeOptions) -> Any:
    (_, gradient), *aux = _gradient("grad", call, options)
    return (gradient, *aux) if aux else gradient


def _value_and_grad(call: BoundCall, options: DerivativeOptions) -> tuple[Any, Any]:
    (value, gradient), *aux = _gradient("value_and_grad", call, options)
    return ((value, *aux), gradient) if aux else (value, gradient)


def _gradient(transform: str, call: BoundCall, options: DerivativeOptions) -> tuple[Any, ...]:
    """Return the pair of value and gradient, and the auxiliary data if there is any."""
    target = FlatFunction(
        call, transform, scalar=True, has_aux=options.has_aux, allow_int=options.allow_int
    )
    outputs, pullback, aux = _vjp(target, options)
    gradient = target.gradients(pullback([jnp.ones_like(outputs[0])]))
    pair = target.results(outputs), target.results([gradient])
    return _with_aux(options, target, aux, pair)


def _jacobian(call: BoundCall, options: DerivativeOptions, transform: str = "jacobian") -> Any:
    target = FlatFunction(call, transform, has_aux=options.has_aux, allow_int=options.allow_int)
    rule = rule_of(options.method)
    if rule is not None:
        outputs, blocks, aux = rule.jacobian(target, target.leaves, options.step)
        shapes = [output.shape for output in outputs]
    else:
        shapes, blocks, aux = _autodiff_jacobian(target, target.leaves)
    rows = [target.rows(row, shape) for row, shape in zip(blocks, shapes, strict=True)]
    result = target.results(rows)
    return (result, target.aux(aux)) if options.has_aux else result


def _hessian(call: BoundCall, options: DerivativeOptions) -> Any:
    @functools.wraps(call.f, updated=())
    def first(*args: Any, **kwargs: Any) -> Any:
        inner = dataclasses.replace(call, args=args, kwargs=kwargs)
        result = _jacobian(inner, options, "hessian")
        if not options.allow_int:
            return result
        # Derivatives in integers are integers, which are zero as floats too.
        derivatives, *aux = result if options.has_aux else (result,)
        derivatives = tree_map(_as_float, derivatives)
        return (derivatives, *aux) if aux else derivatives

    return _jacobian(dataclasses.replace(call, f=first), options, "hessian")


def _as_float(block: Any) -> Any:
    return block if jnp.issubdtype(block.dtype, jnp.floating) else block.astype(float)


_TRANSFORMS: dict[str, tuple[Callable[..., Any], Callable[[BoundCall, DerivativeOptions], Any]]] = {
    "grad": (jax.grad, _grad),
    "value_and_grad": (jax.value_and_grad, _value_and_grad),
    "jacobian": (jax.jacobian, _jacobian),
    "hessian": (jax.hessian, _hessian),
}


def _vjp(
    target: FlatFunction, options: DerivativeOptions
) -> tuple[list[Array], Callable[[Sequence[Any]], Sequence[Array]], list[Array]]:
    rule = rule_of(options.method)
    if rule is not None:
        return rule.vjp(target, target.leaves, options.step)
    outputs, pullback, aux = jax.vjp(target, *target.leaves, has_aux=True)
    return outputs, lambda cotangents: pullback(list(cotangents)), aux


def _autodiff_jacobian(
    function: Callable[..., Outputs], leaves: Sequence[Any]
) -> tuple[list[tuple[int, ...]], list[list[Array]], list[Array]]:
    """Compute a Jacobian in the mode that takes fewer passes.

    Returns
    -------
    shapes
        Of the results.
    rows
        One for each result, with one block for each leaf.
    aux
        The auxiliary data.
    """
    # Traced first: only the program tells how many outputs there are.
    count = 0

    def flat(*leaves: Any) -> list[Array]:
        nonlocal count
        outputs, aux = function(*leaves)
        count = len(outputs)
        return [*outputs, *aux]

    program = jax.make_jaxpr(flat)(*leaves)
    out_avals = program.out_avals[:count]
    shapes = [aval.shape for aval in out_avals]
    evaluate = jaxpr_as_fun(program)

    def split(*leaves: Any) -> Outputs:
        results = evaluate(*leaves)
        return results[:count], results[count:]

    if not leaves:
        return shapes, [[] for _ in shapes], split()[1]
    argnums = tuple(range(len(leaves)))
    inputs = sum(aval.size for aval in program.in_avals)
    outputs = sum(aval.size for aval in out_avals)
    # A tie goes to forward mode, which stores nothing; in a Hessian this is forward over reverse.
    # A custom_vjp has no forward mode.
    reverse_only = any(eqn.primitive.name == CUSTOM_VJP for eqn in equations(program.jaxpr))
    if outputs < inputs or reverse_only:
        if all(aval.dtype == jnp.float64 for aval in (*program.in_avals, *out_avals)):
            return shapes, *_reverse_rows(split, leaves, shapes)
        rows, aux = jax.jacrev(split, argnums=argnums, has_aux=True)(*leaves)
        return shapes, [list(row) for row in rows], aux
    # In forward mode a derivative has the dtype of the result; here it has the argument's.
    rows, aux = jax.jacfwd(split, argnums=argnums, has_aux=True)(*leaves)
    cast = [
        [block.astype(aval.dtype) for block, aval in zip(row, program.in_avals, strict=True)]
        for row in rows
    ]
    return shapes, cast, aux


def _reverse_rows(
    function: Callable[..., Outputs], leaves: Sequence[Any], shapes: Sequence[tuple[int, ...]]
) -> tuple[list[list[Array]], list[Array]]:
    """Compute what ``jax.jacrev`` does, without slices for each result, slow to compile."""

    def joined(*leaves: Any) -> tuple[Array, list[Array]]:
        outputs, aux = function(*leaves)
        return jnp.concatenate([jnp.ravel(output) for output in outputs]), aux

    sizes = [math.prod(shape) for shape in shapes]
    _, pullback, aux = jax.vjp(joined, *leaves, has_aux=True)
    rows: list[list[Array]] = [[] for _ in shapes]
    for leaf, block in zip(leaves, jax.vmap(pullback)(jnp.eye(sum(sizes))), strict=True):
        pieces = parts(jnp.ravel(block), [size * jnp.size(leaf) for size in sizes])
        for row, shape, piece in zip(rows, shapes, pieces, strict=True):
            row.append(piece.reshape(*shape, *jnp.shape(leaf)))
    return rows, aux


def _cotangent_leaves(cotangents: Any, tree: Any, outputs: Sequence[Any]) -> list[Any]:
    """Return the cotangents of ``vjp``, one for each output, from either of their forms."""
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
