"""Return the operators that a function under ``qml.adjoint`` or ``qml.ctrl`` applied."""

import functools
from collections.abc import Callable
from typing import Any

import pennylane as qml

from qgrad_lab.errors import ArgumentError


class Operators(list[Any]):
    """Operators in the order of their application, with the wires of all of them."""

    @property
    def wires(self) -> qml.wires.Wires:
        """The wires that they act on, those that control them included."""
        return qml.wires.Wires.all_wires([operator.wires for operator in self])

    @property
    def control_wires(self) -> qml.wires.Wires:
        """The wires that control them."""
        found = [getattr(operator, "control_wires", None) for operator in self]
        return qml.wires.Wires.all_wires([wires for wires in found if wires is not None])


def is_function(operand: Any) -> bool:
    """Return whether ``operand`` is a function that applies operators, or a class of them."""
    return callable(operand) and not isinstance(operand, qml.operation.Operator)


def without_measurements(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return ``function``, which may not measure, as it stands under ``qml.<name>``."""

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        context = qml.QueuingManager.active_context()
        for made in () if context is None else context.queue:
            if isinstance(made, qml.measurements.MeasurementProcess):
                raise ArgumentError(
                    f"{made} stands in a function under qml.{name}. A measurement has no inverse "
                    "and no wires control it: apply operators in this function, and measure after "
                    "it."
                )
        return result

    return checked


def applied(transformed: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``transformed``, which applies operators, as a function that returns them.

    One operator is returned as it is, several as `Operators`.
    """

    @functools.wraps(transformed)
    def function(*args: Any, **kwargs: Any) -> Any:
        context = qml.QueuingManager.active_context()
        if context is None:
            return transformed(*args, **kwargs)
        # Operators among the arguments are not applied themselves, as PennyLane has it.
        for leaf in filter(_is_operator, qml.pytrees.flatten((args, kwargs), _is_operator)[0]):
            qml.QueuingManager.remove(leaf)
        before = len(context)
        transformed(*args, **kwargs)
        latest = reversed(context)
        operators = [next(latest).obj for _ in range(len(context) - before)][::-1]
        return operators[0] if len(operators) == 1 else Operators(operators)

    return function


def _is_operator(value: Any) -> bool:
    return isinstance(value, qml.operation.Operator)
