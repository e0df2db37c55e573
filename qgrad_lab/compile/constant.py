"""Arguments that are constants of a compiled program, such as the instance of a method."""

from typing import Any

import jax


@jax.tree_util.register_pytree_node_class
class Constant:
    """A value that is a constant of a compiled program, known by its identity."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)

    def tree_flatten(self) -> tuple[tuple[()], "Constant"]:
        """No leaves: all of it is part of the tree's structure."""
        return (), self

    @classmethod
    def tree_unflatten(cls, data: "Constant", children: Any) -> "Constant":
        """The constant that was flattened."""
        return data


def unwrapped(argument: Any) -> Any:
    """The value of a constant; other arguments as they are."""
    return argument.value if type(argument) is Constant else argument
