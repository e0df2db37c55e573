"""Parse names of arguments and of their parts: ``theta``, ``theta[3]``, ``params['w'][0]``.

A part is a leaf of the argument's pytree, or an element or a slice of a leaf that is an array.
"""

import ast
from typing import Any, NamedTuple

import jax
import numpy as np


class ArgumentPath(NamedTuple):
    """A path: an argument's name, and the steps from it to a part of it.

    Attributes
    ----------
    keys : tuple
        One pair for each step: ``("item", key)`` or ``("attribute", name)``.
    """

    text: str
    name: str
    keys: tuple[tuple[str, Any], ...] = ()


def parse(text: Any) -> ArgumentPath:
    """Parse the path that ``text`` is.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> parse("params['w'][0, -1].real")
    ArgumentPath(text="params['w'][0, -1].real", name='params',
         keys=(('item', 'w'), ('item', (0, -1)), ('attribute', 'real')))
    """
    keys: list[tuple[str, Any]] = []
    try:
        node = ast.parse(text, mode="eval").body
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                keys.append(("attribute", node.attr))
            elif isinstance(node, ast.Subscript):
                keys.append(("item", ast.literal_eval(node.slice)))
            else:
                raise ValueError
            node = node.value
    except (SyntaxError, TypeError, ValueError):
        raise ValueError(
            f"The grid was given {text!r}; its keys are the names of arguments, such as 'x', or of "
            "parts of them, such as 'theta[3]' and \"params['w'][0, 1]\"."
        ) from None
    return ArgumentPath(text, node.id, tuple(reversed(keys)))


class PathEnd(NamedTuple):
    """The end of a path: the leaf ``leaf`` of a flat tree, at the index ``inside`` of it."""

    leaf: int
    inside: tuple[Any, ...]


def find(tree: Any, path: ArgumentPath) -> PathEnd:
    """Find where ``path`` leads in ``tree``, the value of the argument that it starts from.

    Raises
    ------
    ValueError
        If it leads nowhere, or to more than one leaf.
    """
    steps = list(path.keys)
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    below = [number for number, (own, _) in enumerate(leaves) if _leads(steps, own, tree)]
    if not below:
        known = ", ".join(path.name + jax.tree_util.keystr(own) for own, _ in leaves[:8])
        raise ValueError(
            f"The grid was given {path.text!r}, and the argument {path.name!r} has no such part. "
            f"Its leaves are {known}{', ...' if len(leaves) > 8 else ''}."
        )
    own, leaf = leaves[below[0]]
    rest = steps[len(own) :]
    if len(below) > 1 or len(steps) < len(own):
        inside = ", ".join(path.name + jax.tree_util.keystr(leaves[number][0]) for number in below)
        raise ValueError(
            f"The grid was given {path.text!r}, which holds the leaves {inside}. Give each leaf "
            "its own key; leaves whose values share a dimension move together."
        )
    return PathEnd(below[0], _index(path, leaf, [key for _, key in rest]))


def _leads(steps: list[tuple[str, Any]], own: tuple[Any, ...], tree: Any) -> bool:
    """Return whether ``steps`` go along the way ``own`` to a leaf, as far as both go."""
    for (kind, key), entry in zip(steps, own, strict=False):
        if kind == "item" and isinstance(key, int) and isinstance(tree, list | tuple) and key < 0:
            key += len(tree)
        known = getattr(entry, "name", None) if kind == "attribute" else _item(entry)
        if known != key:
            return False
        tree = getattr(tree, key) if kind == "attribute" else tree[key]
    return True


def _item(entry: Any) -> Any:
    return getattr(entry, "idx", getattr(entry, "key", None))


def _index(path: ArgumentPath, leaf: Any, keys: list[Any]) -> tuple[Any, ...]:
    """Join ``keys`` to one index of the array ``leaf``, which must have it: JAX does not tell."""
    found: Any = np.empty(np.shape(leaf), bool)
    index: list[Any] = []
    try:
        for key in keys:
            parts = key if isinstance(key, tuple) else (key,)
            if not all(isinstance(part, int) for part in parts):
                raise IndexError
            index += parts
            found = found[parts]
    except (IndexError, TypeError):
        raise ValueError(
            f"The grid was given {path.text!r}, and what it is an element of has the shape "
            f"{list(np.shape(leaf))}."
        ) from None
    return tuple(index)
