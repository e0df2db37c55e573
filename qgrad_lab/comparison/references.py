"""Compute independent gradients, which methods are checked against."""

import contextlib
import importlib.util
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from qgrad_lab.circuit.capture.qnode import is_qnode
from qgrad_lab.comparison.point import Point
from qgrad_lab.differentiate.on_default_qubit import reference as on_default_qubit

BOUND = 2 * 2**30
"""Bytes of intermediate values up to which the simulation in JAX is run."""

Kind = Literal["jax", "catalyst"] | Callable[..., Any] | None
"""The ways to ask for a reference."""

KINDS = ("jax", "catalyst")


class Reference(NamedTuple):
    """An independent gradient of the function of a `Point`.

    Attributes
    ----------
    name : str
        Its name for people; empty if none was asked for.
    gradient : callable or None
        From the differentiated arguments to the leaves of the gradient in them, in the order of
        ``point.selected``.
    reason : str or None
        Why there is none.
    """

    name: str
    gradient: Callable[[Sequence[Any]], list[Any]] | None = None
    reason: str | None = None


class Refused(Exception):
    """A reference cannot be had, for the reason that is the message."""


def check_kind(kind: Any) -> None:
    """Raise an error for what is not a `Kind`.

    Raises
    ------
    ValueError
        If it is none.
    """
    if kind is None or callable(kind) or (isinstance(kind, str) and kind in KINDS):
        return
    raise ValueError(
        f"Invalid reference {kind!r}: it is 'jax' (jax.grad on default.qubit), 'catalyst' (where "
        "it is installed), a function from the arguments to their gradient, or None."
    )


def reference_of(point: Point, kind: Kind) -> Reference:
    """Return the reference of a kind, traced and compiled as far as possible without running it."""
    check_kind(kind)
    if kind is None:
        return Reference("")
    if kind == "jax":
        name, make = "jax.grad on default.qubit", _by_jax
    elif kind == "catalyst":
        name, make = "catalyst.grad", _by_catalyst
    else:
        name = str(getattr(kind, "__name__", type(kind).__name__))
        return Reference(name, _by_function(point, kind))
    try:
        return Reference(name, make(point))
    except Refused as refusal:
        return Reference(name, reason=str(refusal))
    except Exception as error:
        return Reference(name, reason=_said(error))


def gradient_at(reference: Reference, selected: Sequence[Any]) -> tuple[list[Any] | None, str]:
    """Return the leaves of the gradient, or None and the reason why there are none."""
    if reference.gradient is None:
        return None, reference.reason or ""
    try:
        with _quiet():
            return [np.asarray(leaf) for leaf in reference.gradient(selected)], ""
    except Refused as refusal:
        return None, str(refusal)
    except Exception as error:
        return None, _said(error)


def first_paragraph(error: BaseException) -> str:
    """Return the beginning of a message on one line, as JAX's explanations fill a screen."""
    message = str(error).strip().split("\n\n")[0]
    return " ".join(message.split())


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {first_paragraph(error)}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Suppress the warnings of simulators, which do not concern the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _scalar(point: Point, f: Callable[..., Any]) -> Callable[[tuple[Any, ...]], Any]:
    """Return ``f`` as a function of the tuple of differentiated arguments, each of them once."""

    def scalar(distinct: tuple[Any, ...]) -> Any:
        args, kwargs = point.arguments(dict(zip(point.distinct, distinct, strict=True)))
        (leaf,) = jax.tree.leaves(f(*args, **kwargs))
        return leaf

    return scalar


def _distinct(point: Point, selected: Sequence[Any]) -> tuple[Any, ...]:
    """Return each differentiated argument once, from all in the order asked for."""
    by_position = dict(zip(point.positions, selected, strict=True))
    return tuple(by_position[position] for position in point.distinct)


def _in_order(point: Point, found: Sequence[Any]) -> list[Any]:
    """Return the leaves of gradients in distinct arguments, in the order asked for."""
    by_position = dict(zip(point.distinct, found, strict=True))
    return jax.tree.leaves(tuple(by_position[position] for position in point.positions))


def _by_jax(point: Point) -> Callable[[Sequence[Any]], list[Any]]:
    at = _distinct(point, point.selected)
    gradient = jax.grad(_scalar(point, on_default_qubit(point.f)))
    with _quiet():
        program, shapes = jax.make_jaxpr(gradient, return_shape=True)(at)
    size = _bytes(program)
    if size > BOUND:
        raise Refused(
            f"it would take {size / 2**30:.1f} GiB of intermediate values, more than the "
            f"{BOUND / 2**30:.0f} GiB up to which it is run"
        )
    # Evaluated operation by operation: compiling the whole takes far longer than it saves.
    run = jaxpr_as_fun(program)
    dtypes = [jax.numpy.result_type(leaf) for leaf in jax.tree.leaves(at)]

    def evaluate(selected: Sequence[Any]) -> list[Any]:
        given = jax.tree.leaves(_distinct(point, selected))
        given = [np.asarray(leaf, dtype) for leaf, dtype in zip(given, dtypes, strict=True)]
        return _in_order(point, jax.tree.unflatten(jax.tree.structure(shapes), run(*given)))

    return evaluate


def _by_catalyst(point: Point) -> Callable[[Sequence[Any]], list[Any]]:
    if importlib.util.find_spec("catalyst") is None:
        raise Refused("Catalyst is not installed; pip install pennylane-catalyst")
    import catalyst

    # Catalyst compiles the function itself, not our compiled program of it.
    f = getattr(point.f, "original_function", point.f)
    if is_qnode(f) and point.has_no_constants and not point.kwargs:
        return _by_catalyst_of_a_qnode(point, f)
    scalar = _scalar(point, f)
    compiled = catalyst.qjit(catalyst.grad(lambda distinct: scalar(distinct)))

    def evaluate(selected: Sequence[Any]) -> list[Any]:
        distinct = jax.tree.map(jax.numpy.asarray, _distinct(point, selected))
        return _in_order(point, compiled(distinct))

    return evaluate


def _by_catalyst_of_a_qnode(point: Point, qnode: Any) -> Callable[[Sequence[Any]], list[Any]]:
    """Differentiate the QNode by Catalyst without a function around it.

    Catalyst differentiates functions that call QNodes in another way, on which its compiler crashes
    for some circuits (0.15.0: two single excitations and a double one).
    """
    import catalyst

    compiled = catalyst.qjit(catalyst.grad(qnode, argnums=list(point.distinct)))

    def evaluate(selected: Sequence[Any]) -> list[Any]:
        args, _ = point.arguments(dict(zip(point.positions, selected, strict=True)))
        return _in_order(point, compiled(*jax.tree.map(jax.numpy.asarray, args)))

    return evaluate


def _by_function(
    point: Point, function: Callable[..., Any]
) -> Callable[[Sequence[Any]], list[Any]]:
    expected = [np.shape(leaf) for leaf in jax.tree.leaves(point.selected)]

    def evaluate(selected: Sequence[Any]) -> list[Any]:
        args, kwargs = point.arguments(dict(zip(point.positions, selected, strict=True)))
        leaves = [_real(leaf) for leaf in jax.tree.leaves(function(*args, **kwargs))]
        found = [np.shape(leaf) for leaf in leaves]
        if found != expected:
            raise Refused(
                f"it returned arrays of the shapes {found}, and the gradient has {expected}: a "
                "reference is called with the arguments of the call, and returns the gradient in "
                "those that are differentiated"
            )
        return leaves

    return evaluate


def _real(leaf: Any) -> Any:
    if not np.iscomplexobj(leaf):
        return leaf
    if np.any(np.imag(leaf) != 0):
        raise Refused(
            "it returned complex numbers, and the gradient of a real function of real arguments is "
            "real"
        )
    return np.real(leaf)


def _bytes(program: ClosedJaxpr) -> float:
    """Return the size of all that ``program`` computes: an upper bound of what it holds at once."""
    return sum(
        math.prod(variable.aval.shape) * variable.aval.dtype.itemsize
        for equation in program.jaxpr.eqns
        for variable in equation.outvars
    )
