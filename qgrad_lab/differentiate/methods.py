"""The methods of whole functions: what ``method=`` of `grad` may be, and the file behind each.

``"auto"`` is JAX's own differentiation and has no file (``autodiff``). Every other method is a file
of this room with the functions of `Rule`, which a row of ``qgrad_lab.methods.table`` names.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from jax import Array

from qgrad_lab.methods.table import METHODS, Scope, explained, listed

_FUNCTION_METHODS = tuple(row for row in METHODS if row.scope is Scope.FUNCTION)
_AUTO = "auto"


class Rule(Protocol):
    """A method's functions, whose arguments and results are those of `finite_difference`."""

    def jacobian(
        self, function: Callable[..., Any], leaves: Sequence[Any], step: float | None
    ) -> tuple[list[Array], list[list[Array]], list[Array]]:
        """Return values, the derivatives of each in each leaf, and auxiliary data."""

    def jvp(
        self,
        function: Callable[..., Any],
        leaves: Sequence[Any],
        directions: Sequence[Any],
        step: float | None,
    ) -> tuple[list[Array], list[Array], list[Array]]:
        """Return values, their derivatives along one direction, and auxiliary data."""

    def vjp(
        self, function: Callable[..., Any], leaves: Sequence[Any], step: float | None
    ) -> tuple[list[Array], Callable[[Sequence[Any]], list[Array]], list[Array]]:
        """Return values, the map from cotangents to gradients, and auxiliary data."""


_RULES = {
    row.name: cast(Rule, import_module(f"{__package__}.{row.module}"))
    for row in _FUNCTION_METHODS
    if row.module is not None
}


def rule_of(method: str) -> Rule | None:
    """Return the functions of a method; None for that of JAX."""
    return _RULES.get(method)


def check_method(method: Any) -> str:
    """Return the name of a method of whole functions; None stands for ``"auto"``.

    Raises
    ------
    ValueError
        If there is no such method.
    """
    if method is None:
        return _AUTO
    if isinstance(method, str) and any(method == row.name for row in _FUNCTION_METHODS):
        return method
    known = [
        explained(row, "; the same as None" if row.name == _AUTO else "")
        for row in _FUNCTION_METHODS
    ]
    raise ValueError(f"Invalid differentiation method {method!r}: it is {listed(known, 'or')}.")
