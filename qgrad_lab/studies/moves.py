"""Make a call a function of a few of its elements, or of a distance in a direction."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.comparison.point import Point
from qgrad_lab.studies.elements import Element


def restricted(point: Point, elements: Sequence[Element]) -> Point:
    """Return the call as a function of some elements, with everything else fixed.

    Its differentiated arguments are the values of ``elements``, before all others. Finite
    differences in one element then take one more evaluation, not one for every element.
    """
    return _restricted(point, elements, lambda f: f, lambda start: start)


def stacked(point: Point, elements: Sequence[Element], count: int) -> Point:
    """Return the sum of `restricted` over ``count`` values of every element.

    The derivative of the sum in one of the values is that of the function there.
    """

    def summed(f: Callable[..., Any], values: Sequence[Any], *rest: Any, **kwargs: Any) -> Any:
        def one(*values: Any) -> Any:
            (leaf,) = jax.tree.leaves(f(values, *rest, **kwargs))
            return leaf

        return jnp.sum(jax.vmap(one)(*values))

    def of_many(f: Callable[..., Any]) -> Callable[..., Any]:
        return lambda values, *rest, **kwargs: summed(f, values, *rest, **kwargs)

    return _restricted(point, elements, of_many, lambda start: np.full(count, start))


def coordinate(point: Point, element: Element, value: float) -> Any:
    """Return a value in the type of an element, so that nothing is compiled again."""
    leaf = jax.tree.leaves((point.args, point.kwargs))[element.leaf]
    return float(value) if isinstance(leaf, float) else np.asarray(value, leaf.dtype)


def moved(point: Point, elements: Sequence[Element], values: Sequence[Any]) -> tuple[Any, ...]:
    """Return ``point.selected`` with some elements replaced."""
    args, _ = _placed((point.args, point.kwargs), elements, values)
    return tuple(args[position] for position in point.positions)


def directed(point: Point, elements: Sequence[Element], *, wide: bool) -> Point:
    """Return the call as a function of a distance ``t`` and a direction, its first two arguments.

    Parameters
    ----------
    point
        The call.
    elements
        The elements that may be moved. A direction has one array for each of their leaves.
    wide
        Whether they are moved in 64 bits, as finite differences do if they can.
    """
    numbers = sorted({one.leaf for one in elements})

    def shifted(t: Any, direction: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        leaves, tree = jax.tree.flatten((args, kwargs))
        for number, change in zip(numbers, direction, strict=True):
            leaf = jnp.asarray(leaves[number])
            dtype = np.float64 if wide else leaf.dtype
            step = jnp.asarray(t, dtype) * jnp.asarray(change, dtype)
            leaves[number] = leaf.astype(dtype) + step
        args, kwargs = jax.tree.unflatten(tree, leaves)
        return point.f(*args, **kwargs)

    start = direction_of(point, elements, ())
    return Point(_named(shifted, point.f), (0.0, start, *point.args), point.kwargs, (0, 1))


def direction_of(
    point: Point, elements: Sequence[Element], chosen: Sequence[Element]
) -> list[np.ndarray]:
    """Return the direction, for `directed`, in which ``chosen`` increase."""
    leaves = jax.tree.leaves((point.args, point.kwargs))
    numbers = sorted({one.leaf for one in elements})
    found = {number: np.zeros(np.shape(leaves[number])) for number in numbers}
    for one in chosen:
        found[one.leaf][one.index] = 1.0
    return list(found.values())


def _restricted(
    point: Point,
    elements: Sequence[Element],
    transform: Callable[[Callable[..., Any]], Callable[..., Any]],
    start: Callable[[Any], Any],
) -> Point:
    count = len(elements)

    def at(values: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        args, kwargs = _placed((args, kwargs), elements, values)
        return point.f(*args, **kwargs)

    function = transform(at)

    def of_elements(*args: Any, **kwargs: Any) -> Any:
        return function(args[:count], *args[count:], **kwargs)

    starts = [start(coordinate(point, one, one.value)) for one in elements]
    named = _named(of_elements, point.f)
    return Point(named, (*starts, *point.args), point.kwargs, tuple(range(count)))


def _named(function: Callable[..., Any], f: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``function`` the name of ``f``."""
    function.__name__ = str(getattr(f, "__name__", type(f).__name__))
    return function


def _placed(
    arguments: tuple[tuple[Any, ...], dict[str, Any]],
    elements: Sequence[Element],
    values: Sequence[Any],
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    leaves, tree = jax.tree.flatten(arguments)
    for one, value in zip(elements, values, strict=True):
        if one.index:
            value = jnp.asarray(leaves[one.leaf]).at[one.index].set(value)
        leaves[one.leaf] = value
    found: tuple[tuple[Any, ...], dict[str, Any]] = jax.tree.unflatten(tree, leaves)
    return found
