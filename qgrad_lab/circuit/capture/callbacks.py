"""A circuit that PennyLane executes and differentiates while a compiled program runs.

Its traced parameters are the operands of a callback. In the callback they are NumPy arrays, the
tape is rebuilt with them, and PennyLane executes it on the device. Derivatives are callbacks too:
the first by PennyLane, with the QNode's own ``diff_method``; that of a derivative by the exact
shift rule of the gate, applied to the order below.

Nothing in a callback touches JAX, which may wait for that very callback to end.
"""

import dataclasses
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import autograd
import autograd.numpy as anp
import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from jax.custom_derivatives import SymbolicZero
from pennylane.tape import QuantumScript

from qgrad_lab.core.mode import Mode, mode
from qgrad_lab.engine.shift_rules import QUADRATIC_RULE, QUARTIC_RULE, ShiftRule, trigonometric_rule
from qgrad_lab.errors import CompileError, DifferentiableCompileError

_POLYNOMIAL = (
    qml.measurements.ExpectationMP,
    qml.measurements.ProbabilityMP,
    qml.measurements.VarianceMP,
)
"""Measurements that are polynomials in the expectation values of the circuit."""


_PIECE_BYTES = 32 * 2**10
"""Well below the size from which on JAX copies in another thread, about 100 kB."""


def qnode_name(qnode: qml.QNode) -> str:
    """Of the quantum function, for messages."""
    return getattr(qnode.func, "__name__", "circuit")


@dataclasses.dataclass(frozen=True, eq=False)
class Execution:
    """A tape whose traced parameters are operands of callbacks.

    Attributes
    ----------
    indices
        Which parameters of the tape are operands.
    operands
        Traced values of these.
    shapes
        Of the results of all measurements; copy after copy for several numbers of shots.
    """

    qnode: qml.QNode
    tape: QuantumScript
    indices: tuple[int, ...]
    operands: tuple[Any, ...]
    shapes: tuple[jax.ShapeDtypeStruct, ...]
    refusal: str | None

    @classmethod
    def of(
        cls,
        qnode: qml.QNode,
        tape: QuantumScript,
        shapes: Sequence[jax.ShapeDtypeStruct],
        refusal: str | None,
    ) -> "Execution":
        """An execution of ``tape``, as it was recorded under a trace."""
        parameters = tape.get_parameters(trainable_only=False)
        traced = [isinstance(value, jax.core.Tracer) for value in parameters]
        # Arrays of JAX that are known are NumPy arrays to PennyLane from here on.
        known = [i for i, value in enumerate(parameters) if isinstance(value, jax.Array)]
        known = [i for i in known if not traced[i]]
        tape = tape.bind_new_parameters([np.asarray(parameters[i]) for i in known], known)
        indices = tuple(i for i, one in enumerate(traced) if one)
        # PennyLane computes in 64 bits.
        operands = tuple(_widened(parameters[i]) for i in indices)
        return cls(qnode, tape, indices, operands, tuple(shapes), refusal)

    def outputs(self) -> list[jax.Array]:
        """The results of all measurements, differentiable in `operands`."""
        if any(shape.dtype.kind != "f" for shape in self.shapes):

            @jax.custom_jvp
            def values(*operands: Any) -> Any:
                return self._callback(self._run, list(self.shapes), operands)

            def refuse(primals: Any, tangents: Any) -> Any:
                kinds = ", ".join(str(measured) for measured in self.tape.measurements)
                raise DifferentiableCompileError(
                    f"{self._where} returns {kinds}, which are not all real numbers, and its "
                    f"diff_method {self.qnode.diff_method!r} differentiates real numbers. Use "
                    "diff_method='backprop' where the device has it, or lightning.qubit."
                )

            values.defjvp(refuse)
            return values(*self.operands)
        flat = self._derivative(())(*self.operands)
        ends = np.cumsum([0, *(int(np.prod(shape.shape)) for shape in self.shapes)])
        return [
            flat[start:end].reshape(shape.shape)
            for start, end, shape in zip(ends[:-1], ends[1:], self.shapes, strict=True)
        ]

    def _derivative(self, moving: tuple[tuple[int, ...], ...]) -> Callable[..., jax.Array]:
        """All numbers, f64[M], differentiated in the operands ``moving[0]``, then in ``moving[1]``.

        From the operands to f64[M, P0, P1], the ``P`` being the numbers of elements that move.
        """
        sizes = [sum(self.operands[i].size for i in places) for places in moving]
        count = sum(int(np.prod(shape.shape)) for shape in self.shapes)
        struct = jax.ShapeDtypeStruct((count, *sizes), np.dtype(float))

        @jax.custom_jvp
        def tensor(*operands: Any) -> Any:
            return self._callback(lambda *arrays: self._numbers(arrays, moving), struct, operands)

        def along(primals: Any, tangents: Any) -> Any:
            places = tuple(
                i for i, tangent in enumerate(tangents) if not isinstance(tangent, SymbolicZero)
            )
            value = tensor(*primals)
            if not places:
                return value, jnp.zeros_like(value)
            self._check_derivative(places, len(moving) + 1)
            higher = self._derivative((*moving, places))(*primals)
            direction = jnp.concatenate([jnp.ravel(tangents[i]) for i in places])
            return value, higher @ direction

        tensor.defjvp(along, symbolic_zeros=True)
        return tensor

    def _check_derivative(self, places: tuple[int, ...], order: int) -> None:
        if self.refusal is not None:
            raise DifferentiableCompileError(self.refusal)
        for i in places:
            if self.operands[i].dtype.kind != "f":
                raise DifferentiableCompileError(
                    f"{self._where} has a parameter of the type {self.operands[i].dtype}, as in a "
                    f"matrix; diff_method {self.qnode.diff_method!r} does not differentiate it. "
                    "Use diff_method='backprop' where the device has it, or lightning.qubit."
                )
            if self._is_coefficient(i) and self._differentiates_on_device():
                raise DifferentiableCompileError(
                    f"{self._where} has an observable with a coefficient that depends on what is "
                    f"differentiated. Its diff_method {self.qnode.diff_method!r} differentiates in "
                    "gates only: use diff_method='parameter-shift', or lightning.qubit."
                )
            if order > 1:
                self._shift_rule(i)

    def _is_coefficient(self, i: int) -> bool:
        """Whether operand ``i`` is a parameter of an observable."""
        return self.tape.par_info[self.indices[i]]["op_idx"] >= len(self.tape.operations)

    def _differentiates_on_device(self) -> bool:
        if self.qnode.diff_method != "best":
            return self.qnode.diff_method in ("adjoint", "device")
        config = qml.devices.ExecutionConfig(gradient_method="best", interface="autograd")
        return bool(self.qnode.device.supports_derivatives(config, self.tape))

    def _shift_rule(self, i: int) -> ShiftRule:
        """That of operand ``i``, for derivatives of derivatives."""
        info = self.tape.par_info[self.indices[i]]
        operation, kinds = info["op"], tuple(type(m) for m in self.tape.measurements)
        squared = qml.measurements.VarianceMP in kinds
        if all(kind in _POLYNOMIAL for kind in kinds):
            if self._is_coefficient(i):
                return QUARTIC_RULE if squared else QUADRATIC_RULE
            try:
                given = operation.parameter_frequencies[info["p_idx"]]
            except (qml.exceptions.ParameterFrequenciesUndefinedError, IndexError):
                given = None
            if given is not None:
                found = [Fraction(value).limit_denominator(1000) for value in given]
                if np.allclose([float(value) for value in found], given, rtol=0, atol=1e-12):
                    return trigonometric_rule(_frequencies(found, squared))
        raise DifferentiableCompileError(
            f"{self._where} has first derivatives only, because of {operation} or the measurements "
            f"{', '.join(map(str, self.tape.measurements))}: second derivatives need gates with "
            "known frequencies and measurements of expval, probs and var. Derivatives of any order "
            "exist on lightning.qubit, and on default.qubit with diff_method='backprop'."
        )

    @property
    def _where(self) -> str:
        return f"The QNode {qnode_name(self.qnode)} on the device {self.qnode.device.name}"

    # -- In callbacks, where everything is NumPy's ------------------------------------------------

    @staticmethod
    def _callback(function: Callable[..., Any], result: Any, operands: Sequence[Any]) -> Any:
        shapes = [operand.shape for operand in operands]
        pieces = [_pieces(operand) for operand in operands]
        counts = [len(own) for own in pieces]

        def numpy_only(*arrays: Any) -> Any:
            found = iter(arrays)
            values = [
                np.concatenate([np.asarray(next(found)) for _ in range(count)]).reshape(shape)
                for count, shape in zip(counts, shapes, strict=True)
            ]
            with mode(Mode.OUTSIDE):
                return function(*values)

        flat = [piece for own in pieces for piece in own]
        return jax.pure_callback(numpy_only, result, *flat, vmap_method="sequential")

    def _run(self, *parameters: Any) -> list[np.ndarray]:
        results = self._execute(parameters, "numpy")
        return [
            np.asarray(value if shape.dtype.kind == "c" else np.real(value), shape.dtype)
            for value, shape in zip(results, self.shapes, strict=True)
        ]

    def _numbers(
        self, parameters: Sequence[Any], moving: tuple[tuple[int, ...], ...]
    ) -> np.ndarray:
        if not moving:
            return np.concatenate([np.ravel(value) for value in self._run(*parameters)])
        if len(moving) == 1:
            return self._jacobian(parameters, moving[0])
        # PennyLane's derivatives of derivatives fail, or are wrong, for some circuits that have
        # several results or coefficients; the shift rule is exact, whatever the method below it.
        columns = []
        for i in moving[-1]:
            rule = self._shift_rule(i)
            for element in np.ndindex(np.shape(parameters[i])):
                column = np.zeros(())
                for coefficient, shift in zip(rule.coefficients, rule.shifts, strict=True):
                    shifted = [np.array(value) for value in parameters]
                    shifted[i][element] += shift
                    column = column + coefficient * self._numbers(shifted, moving[:-1])
                columns.append(column)
        return np.stack(columns, axis=-1)

    def _jacobian(self, parameters: Sequence[Any], places: tuple[int, ...]) -> np.ndarray:
        def numbers(flat: Any) -> Any:
            values, end = list(parameters), 0
            for i in places:
                start, end = end, end + np.size(values[i])
                values[i] = anp.reshape(flat[start:end], np.shape(values[i]))
            return anp.concatenate(
                [anp.ravel(value) for value in self._execute(values, "autograd")]
            )

        flat = np.concatenate([np.ravel(parameters[i]) for i in places])
        return np.asarray(autograd.jacobian(numbers)(flat))

    def _execute(self, parameters: Sequence[Any], interface: str) -> list[Any]:
        tape = self.tape.bind_new_parameters(list(parameters), list(self.indices))
        # Devices mix up results of different types and shapes when they differentiate them at once.
        split = interface == "autograd" and self._differentiates_on_device()
        parts = [[m] for m in tape.measurements] if split else [tape.measurements]
        results = qml.execute(
            [tape.copy(measurements=part) for part in parts],
            self.qnode.device,
            diff_method=self.qnode.diff_method,
            interface=interface,
            transform_program=self.qnode.compile_pipeline,
            gradient_kwargs=self.qnode.gradient_kwargs,
            **self.qnode.execute_kwargs,
        )
        copies: list[list[Any]] = [[] for _ in range(max(1, len(list(tape.shots))))]
        for part, result in zip(parts, results, strict=True):
            in_copies = result if tape.shots.has_partitioned_shots else [result]
            for copy, values in zip(copies, in_copies, strict=True):
                copy += [values] if len(part) == 1 else list(values)
        return self._checked([value for copy in copies for value in copy])

    def _checked(self, found: list[Any]) -> list[Any]:
        given = [np.shape(value) for value in found]
        expected = [shape.shape for shape in self.shapes]
        if given == expected:
            return found
        raise CompileError(
            f"{self._where} gave results of the shapes {given}, and its measurements have "
            f"{expected}. Transforms that change what is measured are not compiled on this device."
        )


def _frequencies(found: Sequence[Fraction], squared: bool) -> frozenset[Fraction]:
    """Those of a function with the given ones, or of its square."""
    if squared:
        found = [*found, *(abs(a + sign * b) for a in found for b in found for sign in (1, -1))]
    return frozenset(value for value in found if value > 0)


def _pieces(operand: Any) -> list[Any]:
    """The elements of ``operand``, in flat arrays of which none is large.

    A callback gets its operands as arrays of JAX. Large ones are copied by another thread of JAX,
    and where all of these wait for callbacks, as on a machine with one core, the copy never ends.
    """
    flat = jnp.ravel(operand)
    at_once = max(1, _PIECE_BYTES // flat.dtype.itemsize)
    return [flat[start : start + at_once] for start in range(0, max(1, flat.size), at_once)]


def _widened(value: Any) -> Any:
    wide = {"f": jnp.float64, "c": jnp.complex128, "i": jnp.int64, "u": jnp.int64}
    return value.astype(wide.get(value.dtype.kind, value.dtype))
