"""Name the single elements of the arguments of a call, and find them by their names."""

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from qgrad_lab.comparison.point import Point, argument_name
from qgrad_lab.results.format import element_name


@dataclasses.dataclass(frozen=True)
class Element:
    """One number among the arguments of a `Point`.

    Attributes
    ----------
    name : str
        Its name as people write it, such as ``theta[3]`` or ``params['w'][1, 2]``.
    leaf : int
        The number of its leaf in ``(point.args, point.kwargs)``.
    index : tuple of int
        Its index in that leaf.
    value : float
        Its value at the point.
    """

    name: str
    leaf: int
    index: tuple[int, ...]
    value: float


@dataclasses.dataclass(frozen=True, eq=False)
class _Leaf:
    name: str
    number: int
    value: Any
    differentiated: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return np.shape(self.value)

    @property
    def is_float(self) -> bool:
        return _is_float(self.value)

    def element(self, place: tuple[int, ...]) -> Element:
        """Return the element at an index."""
        value = float(np.asarray(self.value)[place])
        return Element(element_name(self.name, place), self.number, place, value)

    def elements(self) -> Iterator[Element]:
        return map(self.element, np.ndindex(self.shape))


def elements_of(point: Point) -> list[Element]:
    """Return every element of the differentiated arguments, in order."""
    leaves = [leaf for leaf in _leaves(point) if leaf.differentiated and leaf.is_float]
    return list(itertools.chain.from_iterable(leaf.elements() for leaf in leaves))


def element(point: Point, along: Any, *, everywhere: bool = False) -> Element:
    """Return the element that ``along`` names or counts.

    Parameters
    ----------
    point
        The call.
    along
        A number, which counts the elements of the differentiated arguments, or a name.
    everywhere
        Whether a name may be that of an element of any argument.

    Raises
    ------
    ValueError
        If there is none.
    """
    if isinstance(along, str):
        return _by_name(point, along, everywhere)
    found = elements_of(point)
    counted = isinstance(along, int | np.integer) and not isinstance(along, bool)
    if counted and -len(found) <= along < len(found):
        return found[along]
    raise ValueError(
        f"Invalid along {along!r}: an element is named by a text, or by its number among the "
        f"{len(found)} element{'' if len(found) == 1 else 's'} of the differentiated arguments, "
        f"counted from 0. {_offer(point)}"
    )


def position(point: Point, element: Element) -> int | None:
    """Return the position of an element's argument; None if that is passed by name."""
    numbers = itertools.count()
    for place, argument in enumerate(point.args):
        if element.leaf in [next(numbers) for _ in jax.tree.leaves(argument)]:
            return place
    return None


def selection(point: Point, elements: Sequence[Element]) -> list[tuple[int, tuple[int, ...]]]:
    """Return, for each element, the number of its leaf in ``point.selected`` and its index there.

    Raises
    ------
    KeyError
        If an element is not in a differentiated argument.
    """
    numbers = itertools.count()
    by_argument = [[next(numbers) for _ in jax.tree.leaves(argument)] for argument in point.args]
    order = [number for position in point.positions for number in by_argument[position]]
    places = {number: place for place, number in reversed(list(enumerate(order)))}
    return [(places[one.leaf], one.index) for one in elements]


def _leaves(point: Point) -> list[_Leaf]:
    found = []
    paths, _ = jax.tree_util.tree_flatten_with_path((point.args, point.kwargs))
    for number, (path, leaf) in enumerate(paths):
        keyword, place = path[0].idx == 1, path[1]
        name = place.key if keyword else argument_name(point.f, place.idx)
        differentiated = not keyword and place.idx in point.positions
        name += jax.tree_util.keystr(path[2:])
        found.append(_Leaf(name, number, leaf, differentiated))
    return found


def _by_name(point: Point, name: str, everywhere: bool) -> Element:
    leaves = [leaf for leaf in _leaves(point) if leaf.differentiated or everywhere]
    wanted = _normal(name)
    # The longest name first: in a list of arrays, "theta[0][2]" is an element of "theta[0]".
    for leaf in sorted(leaves, key=lambda leaf: -len(leaf.name)):
        own = _normal(leaf.name)
        if not wanted.startswith(own):
            continue
        rest = wanted[len(own) :]
        if not re.fullmatch(r"(\[-?\d+(,-?\d+)*,?\])*", rest):
            continue
        if not leaf.is_float:
            raise ValueError(
                f"Invalid along {name!r}: {leaf.name} is {_described(leaf.value)}, and only "
                f"floating-point numbers are moved. {_offer(point, everywhere)}"
            )
        index = tuple(map(int, re.findall(r"-?\d+", rest)))
        shape = leaf.shape
        if not index and np.size(leaf.value) == 1:
            index = (0,) * len(shape)
        if len(index) != len(shape) or any(
            not -size <= i < size for i, size in zip(index, shape, strict=True)
        ):
            raise ValueError(
                f"Invalid along {name!r}: {leaf.name} has the shape {shape}, so an element of it "
                f"is named with {len(shape)} index{'' if len(shape) == 1 else 'es'} within that, "
                f"such as {next(leaf.elements()).name!r}."
            )
        return leaf.element(tuple(i % size for i, size in zip(index, shape, strict=True)))
    raise ValueError(
        f"Invalid along {name!r}: no argument has this name. {_offer(point, everywhere)}"
    )


def _normal(name: str) -> str:
    return name.replace('"', "'").replace(" ", "")


def _offer(point: Point, everywhere: bool = False) -> str:
    """Return a sentence with the names that can be chosen."""
    leaves = [
        leaf
        for leaf in _leaves(point)
        if (leaf.differentiated or everywhere) and leaf.is_float and np.size(leaf.value)
    ]
    if not leaves:
        return "There is no floating-point number to move: write 2.0 for 2, or choose argnum."
    names = []
    for leaf in leaves[:6]:
        found = list(itertools.islice(leaf.elements(), 1))
        names.append(repr(found[0].name))
        if np.size(leaf.value) > 1:
            last = tuple(size - 1 for size in leaf.shape)
            names[-1] += f" to {leaf.element(last).name!r}"
    more = ", ..." if len(leaves) > len(names) else ""
    return f"There are {', '.join(names)}{more}."


def _is_float(leaf: Any) -> bool:
    if isinstance(leaf, float):
        return True
    # By JAX's types: to NumPy, bfloat16 and its like are no floats.
    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and jax.numpy.issubdtype(dtype, np.floating)


def _described(leaf: Any) -> str:
    dtype = getattr(leaf, "dtype", None)
    return f"of type {type(leaf).__name__}" if dtype is None else f"an array of {dtype}"
