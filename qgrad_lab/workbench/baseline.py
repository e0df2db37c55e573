"""The gradient that every method is checked against."""

import math
import warnings
from typing import Any

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from qgrad_lab.reference import reference
from qgrad_lab.workbench.point import Point

BOUND = 2 * 2**30
"""Bytes of intermediate values up to which the reference is run."""


def gradient(point: Point) -> tuple[list[Any] | None, str | None]:
    """The leaves of the gradient by ``jax.grad`` on ``default.qubit``.

    Returns
    -------
    leaves, reason
        One of them is None: either there is a gradient, with its leaves in the order of
        ``point.selected``, or there is a reason why not.
    """
    order = sorted(set(point.positions))  # a position may have been asked for twice

    def scalar(selected: tuple[Any, ...]) -> Any:
        args = list(point.args)
        for position, argument in zip(order, selected, strict=True):
            args[position] = argument
        (leaf,) = jax.tree.leaves(reference(point.f)(*args, **point.kwargs))
        return leaf

    at = tuple(point.args[position] for position in order)
    try:
        with warnings.catch_warnings():
            # Of the simulation by PennyLane, which is no business of the user's.
            warnings.simplefilter("ignore")
            program, shapes = jax.make_jaxpr(jax.grad(scalar), return_shape=True)(at)
            size = _bytes(program)
            if size > BOUND:
                return None, f"it would take {size / 2**30:.1f} GiB of intermediate values"
            # One operation after the other: compiling the whole takes far longer than it saves.
            leaves = jaxpr_as_fun(program)(*jax.tree.leaves(at))
    except Exception as error:
        return None, f"{type(error).__name__}: {first_paragraph(error)}"
    found = dict(zip(order, jax.tree.unflatten(jax.tree.structure(shapes), leaves), strict=True))
    return jax.tree.leaves(tuple(found[position] for position in point.positions)), None


def largest_difference(one: list[Any], other: list[Any]) -> float:
    """The largest absolute difference over all elements; not a number if any is."""
    largest = 0.0
    for a, b in zip(one, other, strict=True):
        left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
        with np.errstate(invalid="ignore"):
            distance = np.where(left == right, 0.0, np.abs(left - right))  # also inf and inf
        largest = float(np.max(distance, initial=largest))
    return largest


def first_paragraph(error: BaseException) -> str:
    """The beginning of a message, on one line: JAX explains at length, to the screenful."""
    message = str(error).strip().split("\n\n")[0]
    return " ".join(message.split())


def _bytes(program: ClosedJaxpr) -> float:
    """All that ``program`` computes, which is at least what it holds at once."""
    return sum(
        math.prod(variable.aval.shape) * variable.aval.dtype.itemsize
        for equation in program.jaxpr.eqns
        for variable in equation.outvars
    )
