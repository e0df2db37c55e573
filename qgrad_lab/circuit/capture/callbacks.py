"""Call PennyLane while a compiled program runs, for a circuit that it executes and differentiates.

Traced parameters of the circuit are the operands of a callback. In the callback they are NumPy
arrays, with which PennyLane executes the tape (``device_execution``). Derivatives are callbacks
too.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from jax.custom_derivatives import SymbolicZero
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture.device_execution import DeviceExecution, Directions
from qgrad_lab.core.failures import refusal_text
from qgrad_lab.core.mode import Mode, mode
from qgrad_lab.errors import DifferentiableCompileError

_PIECE_BYTES = 32 * 2**10
"""Well below the size from which on JAX copies in another thread, about 100 kB."""


def outputs_of(
    qnode: qml.QNode,
    tape: QuantumScript,
    types: Sequence[jax.ShapeDtypeStruct],
    refusal: str | None,
) -> list[jax.Array]:
    """Return the results of all measurements of ``tape``, which PennyLane executes.

    Parameters
    ----------
    qnode
        Whose device and ``diff_method`` are used.
    tape
        As it was recorded under a trace.
    types
        Shapes and types of the results; copy after copy for several numbers of shots.
    refusal
        Why there are no derivatives; ``None`` if there are.
    """
    parameters = tape.get_parameters(trainable_only=False)
    traced = [isinstance(value, jax.core.Tracer) for value in parameters]
    # Arrays of JAX that are known are NumPy arrays to PennyLane from here on.
    known = [i for i, value in enumerate(parameters) if isinstance(value, jax.Array)]
    known = [i for i in known if not traced[i]]
    tape = tape.bind_new_parameters([np.asarray(parameters[i]) for i in known], known)
    indices = tuple(i for i, one in enumerate(traced) if one)
    # PennyLane computes in 64 bits.
    operands = tuple(_widened(parameters[i]) for i in indices)
    execution = DeviceExecution(qnode, tape, indices, tuple(types))
    return _Callbacks(execution, operands, refusal).outputs()


@dataclasses.dataclass(frozen=True, eq=False)
class _Callbacks:
    """The callbacks of one circuit.

    Attributes
    ----------
    execution
        What is called.
    operands
        Traced values of its parameters.
    refusal
        Why there are no derivatives; ``None`` if there are.
    """

    execution: DeviceExecution
    operands: tuple[Any, ...]
    refusal: str | None

    def outputs(self) -> list[jax.Array]:
        """Return the results of all measurements, differentiable in the operands."""
        types = self.execution.types
        if any(kind.dtype.kind != "f" for kind in types):
            return self._not_differentiable()
        flat = self._derivative(())(*self.operands)
        ends = np.cumsum([0, *(int(np.prod(kind.shape)) for kind in types)])
        return [
            flat[start:end].reshape(kind.shape)
            for start, end, kind in zip(ends[:-1], ends[1:], types, strict=True)
        ]

    def _not_differentiable(self) -> list[jax.Array]:
        """Return results that are not all real numbers."""
        execution = self.execution

        @jax.custom_jvp
        def values(*operands: Any) -> Any:
            types = list(execution.types)
            return _callback(execution.results, types, operands, execution.where)

        def refuse(primals: Any, tangents: Any) -> Any:
            kinds = ", ".join(str(measured) for measured in execution.tape.measurements)
            raise DifferentiableCompileError(
                f"{execution.where} returns {kinds}, which are not all real numbers, and its "
                f"diff_method {execution.qnode.diff_method!r} differentiates real numbers. Use "
                "diff_method='backprop' where the device has it, or lightning.qubit."
            )

        values.defjvp(refuse)
        return values(*self.operands)

    def _derivative(self, directions: Directions) -> Callable[..., jax.Array]:
        """Return a function from the operands to `DeviceExecution.derivative`."""
        sizes = [sum(self.operands[i].size for i in places) for places in directions]
        count = sum(int(np.prod(kind.shape)) for kind in self.execution.types)
        struct = jax.ShapeDtypeStruct((count, *sizes), np.dtype(float))

        @jax.custom_jvp
        def tensor(*operands: Any) -> Any:
            return _callback(
                lambda arrays: self.execution.derivative(arrays, directions),
                struct,
                operands,
                self.execution.where,
            )

        def along(primals: Any, tangents: Any) -> Any:
            places = tuple(
                i for i, tangent in enumerate(tangents) if not isinstance(tangent, SymbolicZero)
            )
            value = tensor(*primals)
            if not places:
                return value, jnp.zeros_like(value)
            self._check_derivative(places, len(directions) + 1)
            higher = self._derivative((*directions, places))(*primals)
            direction = jnp.concatenate([jnp.ravel(tangents[i]) for i in places])
            return value, higher @ direction

        tensor.defjvp(along, symbolic_zeros=True)
        return tensor

    def _check_derivative(self, places: tuple[int, ...], order: int) -> None:
        if self.refusal is not None:
            raise DifferentiableCompileError(self.refusal)
        for i in places:
            self.execution.check_derivative(i, self.operands[i].dtype, order)


def _callback(
    function: Callable[..., Any], result: Any, operands: Sequence[Any], where: str
) -> Any:
    """Call ``function`` of a list of NumPy arrays when the program runs.

    Parameters
    ----------
    function
        Is called outside of our modes.
    result
        Shapes and types of what it returns.
    operands
        Traced values.
    where
        The QNode and its device, for what PennyLane refuses.
    """
    shapes = [operand.shape for operand in operands]
    pieces = [_pieces(operand) for operand in operands]
    counts = [len(own) for own in pieces]

    def numpy_only(*arrays: Any) -> Any:
        found = iter(arrays)
        values = [
            np.concatenate([np.asarray(next(found)) for _ in range(count)]).reshape(shape)
            for count, shape in zip(counts, shapes, strict=True)
        ]
        try:
            with mode(Mode.OUTSIDE):
                return function(values)
        except Exception as error:
            # Not in the line that raises: JAX quotes that one in its own message.
            text = refusal_text(f"{where}: {error}")
            raise RuntimeError(text) from error

    flat = [piece for own in pieces for piece in own]
    return jax.pure_callback(numpy_only, result, *flat, vmap_method="sequential")


def _pieces(operand: Any) -> list[Any]:
    """Cut the elements of ``operand`` into flat arrays of which none is large.

    A callback gets its operands as arrays of JAX. Large ones are copied by another thread of JAX,
    and where all of these wait for callbacks, as on a machine with one core, the copy never ends.
    """
    flat = jnp.ravel(operand)
    at_once = max(1, _PIECE_BYTES // flat.dtype.itemsize)
    return [flat[start : start + at_once] for start in range(0, max(1, flat.size), at_once)]


def _widened(value: Any) -> Any:
    wide = {"f": jnp.float64, "c": jnp.complex128, "i": jnp.int64, "u": jnp.int64}
    return value.astype(wide.get(value.dtype.kind, value.dtype))
