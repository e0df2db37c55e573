"""Put instructions into PennyLane's queue: the operator that stands for a loop or a branch.

The body of a loop or a branch is captured as a circuit is: its operations become instructions, and
the numbers that they read become arrays, which the operator carries as its data.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import pennylane as qml

from qgrad_lab.circuit.ir.instructions import Index, Integer
from qgrad_lab.circuit.ir.rewrite import Body, Sizes, controlled, inverse, moved
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.errors import CompileError


def place(region: "Region", operands: Operands) -> Body:
    """Return the body of ``region``, its arrays appended to ``operands``."""
    theta, index, data = region.arrays
    offset = Sizes(
        operands.theta.append(theta), operands.index.append(index), operands.data.append(data)
    )
    return moved(region.body, offset)


class Region(qml.operation.Operation):
    """An operator of PennyLane that stands for the instructions of a loop or a branch.

    It acts on all wires, so that no transform moves an operation across it.
    """

    num_params = 0
    grad_method = None

    def __init__(
        self,
        body: Body,
        arrays: tuple[jax.Array, jax.Array, jax.Array],
        wire_map: Mapping[Any, int],
    ) -> None:
        self.body = body
        self.arrays = arrays
        self.wire_map = wire_map
        super().__init__(wires=list(wire_map))

    def __repr__(self) -> str:
        return f"<loop or branch of {len(self.body)} instructions>"

    @property
    def has_adjoint(self) -> bool:
        """True: every region has an inverse."""
        return True

    def adjoint(self) -> "Region":
        """Return the inverse of the region."""
        return Region(inverse(self.body), self.arrays, self.wire_map)

    def controlled(self, labels: Sequence[Any], values: Sequence[bool]) -> "Region":
        """Return the region on condition that the wires ``labels`` have ``values``."""
        theta, index, data = self.arrays
        controls: list[Integer] = []
        for label in labels:
            if isinstance(label, jax.core.Tracer):
                controls.append(Index(index.size))
                index = jnp.append(index, label)
            elif label in self.wire_map:
                controls.append(self.wire_map[label])
            else:
                raise CompileError(
                    f"qml.ctrl was given the control wire {label!r}, which the device does not "
                    f"have; its wires are {list(self.wire_map)}."
                )
        body = controlled(self.body, tuple(controls), tuple(map(bool, values)))
        return Region(body, (theta, index, data), self.wire_map)

    def __copy__(self) -> "Region":
        with qml.QueuingManager.stop_recording():
            return Region(self.body, self.arrays, self.wire_map)

    def _flatten(self) -> tuple[Any, Any]:
        return self.arrays, (self.body, tuple(self.wire_map.items()))

    @classmethod
    def _unflatten(cls, data: Any, metadata: Any) -> "Region":
        body, wire_map = metadata
        return cls(body, tuple(data), dict(wire_map))


def region_of(operation: Any) -> Region | None:
    """Return the region that ``operation`` is or is the adjoint of; ``None`` if it is none."""
    inverted = False
    while isinstance(operation, qml.ops.Adjoint):
        inverted = not inverted
        operation = operation.base
    if not isinstance(operation, Region):
        return None
    with qml.QueuingManager.stop_recording():
        return operation.adjoint() if inverted else operation
