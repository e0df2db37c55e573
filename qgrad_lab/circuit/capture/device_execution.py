"""Execute and differentiate a tape on the device of its QNode, in NumPy.

The first derivative is PennyLane's, with the QNode's own ``diff_method``; that of a derivative
comes from the exact shift rule of the gate, applied to the order below.

This is what callbacks call, so nothing here touches JAX, which may wait for that very callback to
end.
"""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pennylane as qml
from pennylane.tape import QuantumScript

from qgrad_lab.circuit.capture.quantum_function import qnode_name
from qgrad_lab.engine.shift_rules import QUADRATIC_RULE, QUARTIC_RULE, ShiftRule, trigonometric_rule
from qgrad_lab.errors import CompileError, DifferentiableCompileError

_POLYNOMIAL = (
    qml.measurements.ExpectationMP,
    qml.measurements.ProbabilityMP,
    qml.measurements.VarianceMP,
)
"""Measurements that are polynomials in the expectation values of the circuit."""

Directions = tuple[tuple[int, ...], ...]
"""For each order of a derivative the parameters that it differentiates in."""


@dataclasses.dataclass(frozen=True, eq=False)
class DeviceExecution:
    """A tape, some of whose parameters are given when it is executed.

    Attributes
    ----------
    qnode
        Whose device, ``diff_method`` and transforms are used.
    tape
        Without traced values, but in the parameters that are given.
    indices
        Which parameters of the tape are given; they are numbered in this order.
    types
        Shapes and types of the results of all measurements; copy after copy for several numbers of
        shots.
    """

    qnode: qml.QNode
    tape: QuantumScript
    indices: tuple[int, ...]
    types: tuple[Any, ...]

    @property
    def where(self) -> str:
        """The QNode and its device, for messages."""
        return f"The QNode {qnode_name(self.qnode)} on the device {self.qnode.device.name}"

    def results(self, parameters: Sequence[Any]) -> list[np.ndarray]:
        """Return the results of all measurements."""
        found = self._execute(parameters, "numpy")
        return [
            np.asarray(value if kind.dtype.kind == "c" else np.real(value), kind.dtype)
            for value, kind in zip(found, self.types, strict=True)
        ]

    def derivative(self, parameters: Sequence[Any], directions: Directions) -> np.ndarray:
        """Return all numbers, differentiated.

        Parameters
        ----------
        parameters
            Those that are given.
        directions
            In which of them; for no derivative, none.

        Returns
        -------
        array
            f64[M, P0, P1], the ``P`` being the numbers of elements in each of ``directions``.
        """
        if not directions:
            return np.concatenate([np.ravel(value) for value in self.results(parameters)])
        if len(directions) == 1:
            return self._jacobian(parameters, directions[0])
        # PennyLane's derivatives of derivatives fail, or are wrong, for some circuits that have
        # several results or coefficients; the shift rule is exact, whatever the method below it.
        columns = []
        for i in directions[-1]:
            rule = self._shift_rule(i)
            for element in np.ndindex(np.shape(parameters[i])):
                column = np.zeros(())
                for coefficient, shift in zip(rule.coefficients, rule.shifts, strict=True):
                    shifted = [np.array(value) for value in parameters]
                    shifted[i][element] += shift
                    column = column + coefficient * self.derivative(shifted, directions[:-1])
                columns.append(column)
        return np.stack(columns, axis=-1)

    def check_derivative(self, i: int, dtype: np.dtype, order: int) -> None:
        """Raise a `DifferentiableCompileError` if there is no derivative of ``order``.

        Parameters
        ----------
        i
            The parameter that is differentiated last.
        dtype
            Its type.
        order
            How often the results are differentiated, from 1.
        """
        if dtype.kind != "f":
            raise DifferentiableCompileError(
                f"{self.where} has a parameter of the type {dtype}, as in a matrix; diff_method "
                f"{self.qnode.diff_method!r} does not differentiate it. Use diff_method='backprop' "
                "where the device has it, or lightning.qubit."
            )
        if self._is_coefficient(i) and self._differentiates_on_device():
            raise DifferentiableCompileError(
                f"{self.where} has an observable with a coefficient that depends on what is "
                f"differentiated. Its diff_method {self.qnode.diff_method!r} differentiates in "
                "gates only: use diff_method='parameter-shift', or lightning.qubit."
            )
        if order > 1:
            self._shift_rule(i)

    def _is_coefficient(self, i: int) -> bool:
        """Return whether parameter ``i`` is one of an observable."""
        return self.tape.par_info[self.indices[i]]["op_idx"] >= len(self.tape.operations)

    def _differentiates_on_device(self) -> bool:
        if self.qnode.diff_method != "best":
            return self.qnode.diff_method in ("adjoint", "device")
        config = qml.devices.ExecutionConfig(gradient_method="best", interface="autograd")
        return bool(self.qnode.device.supports_derivatives(config, self.tape))

    def _shift_rule(self, i: int) -> ShiftRule:
        """Return the shift rule of parameter ``i``, for derivatives of derivatives."""
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
            f"{self.where} has first derivatives only, because of {operation} or the measurements "
            f"{', '.join(map(str, self.tape.measurements))}: second derivatives need gates with "
            "known frequencies and measurements of expval, probs and var. Derivatives of any order "
            "exist on lightning.qubit, and on default.qubit with diff_method='backprop'."
        )

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
        expected = [kind.shape for kind in self.types]
        if given == expected:
            return found
        raise CompileError(
            f"{self.where} gave results of the shapes {given}, and its measurements have "
            f"{expected}. Transforms that change what is measured are not compiled on this device."
        )


def _frequencies(found: Sequence[Fraction], squared: bool) -> frozenset[Fraction]:
    """Return the frequencies of a function with the given ones, or of its square."""
    if squared:
        found = [*found, *(abs(a + sign * b) for a in found for b in found for sign in (1, -1))]
    return frozenset(value for value in found if value > 0)
