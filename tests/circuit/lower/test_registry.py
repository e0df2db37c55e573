"""The registry of measurements: which lowering a type takes, and what follows from the rows."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
import pytest
from pennylane.measurements import (
    DensityMatrixMP,
    ExpectationMP,
    ProbabilityMP,
    PurityMP,
    SampleMeasurement,
    StateMeasurement,
    StateMP,
    VarianceMP,
)

from qgrad_lab import CompileError, DifferentiableCompileError, measure, qjit
from qgrad_lab.circuit.ir.instructions import Probs
from qgrad_lab.circuit.ir.sampled import Outcomes
from qgrad_lab.circuit.lower.measurements import registry
from qgrad_lab.circuit.lower.measurements.lowering import Lowering
from qgrad_lab.circuit.lower.measurements.registry import LOWERINGS, listed, lowering_of

ROWS = {row.name: row for row in LOWERINGS}


class Renamed(PurityMP):
    """Purity by another name."""


class Otherwise(PurityMP):
    """A subclass of purity that is not purity."""

    def process_state(self, state: Any, wire_order: Any) -> Any:
        return 1.0 - super().process_state(state, wire_order)


class Both(ExpectationMP, VarianceMP):
    """Neither of the two is the more specific type."""


class Participation(ProbabilityMP):
    """The sum of squared probabilities, registered in some of the tests."""


class Inherited(Participation):
    """Of a base that is more specific than another registered one."""


def of_probabilities(
    kind: type, exact: bool = True, sampled: bool = True, name: str = "participation"
) -> Lowering:
    """The row of a measurement that is the sum of squared probabilities."""

    def lower_exact(measurement: Any, context: Any) -> Any:
        read = context.outputs.measure(Probs(context.wires_or_all(measurement.wires)))
        return lambda measured: jnp.sum(read(measured) ** 2)

    def lower_sampled(measurement: Any, context: Any) -> Any:
        wires = context.wires_or_all(measurement.wires)
        read = context.outputs.measure(Outcomes(wires, "Z" * len(wires)))
        return lambda measured: jnp.sum(read(measured) ** 2)

    return Lowering(kind, name, lower_exact if exact else None, lower_sampled if sampled else None)


def register(monkeypatch: pytest.MonkeyPatch, row: Lowering) -> None:
    monkeypatch.setattr(registry, "LOWERINGS", (*LOWERINGS, row))


def run(returned: Any, shots: int | None = None, x: float = 0.4) -> Any:
    @qml.qnode(qml.device("lightning.qubit", wires=2))
    def circuit(x: Any) -> Any:
        qml.RY(x, 0)
        qml.CNOT([0, 1])
        return returned()

    return qjit(qml.set_shots(circuit, shots), seed=1)(x)


@pytest.mark.parametrize("row", LOWERINGS, ids=list(ROWS))
def test_a_row(row: Lowering) -> None:
    """It has a lowering, and combines shots only if it takes them."""
    assert row.exact or row.sampled
    assert row.sampled or not row.over_shots
    assert lowering_of(row.kind) is row


def test_a_type_and_a_name_have_one_row() -> None:
    assert len({row.kind for row in LOWERINGS}) == len(ROWS) == len(LOWERINGS)


def test_the_most_specific_type_wins_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for rows in (LOWERINGS, LOWERINGS[::-1]):
        monkeypatch.setattr(registry, "LOWERINGS", rows)
        assert issubclass(DensityMatrixMP, StateMP)
        assert lowering_of(DensityMatrixMP) is ROWS["qml.density_matrix"]
        assert lowering_of(StateMP) is ROWS["qml.state"]


def test_subclasses() -> None:
    assert lowering_of(Renamed) is ROWS["qml.purity"]
    assert lowering_of(Otherwise) is None
    assert lowering_of(Both) is None
    assert lowering_of(StateMeasurement) is None
    assert lowering_of(SampleMeasurement) is None


def test_a_subclass_that_computes_something_else_is_refused() -> None:
    wires = qml.wires.Wires([1])
    expected = run(lambda: qml.purity(wires=[1]))
    np.testing.assert_allclose(run(lambda: Renamed(wires=wires)), expected, atol=1e-12)
    with pytest.raises(CompileError, match="cannot be compiled. A circuit without shots is exact"):
        run(lambda: Otherwise(wires=wires))


def test_a_subclass_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is lowered with its own row, from which messages know it too."""
    register(monkeypatch, of_probabilities(Participation))
    p = np.cos(0.2) ** 2
    for kind in (Participation, Inherited):
        returned = lambda kind=kind: kind(wires=qml.wires.Wires([0]))  # noqa: E731
        np.testing.assert_allclose(run(returned), p**2 + (1 - p) ** 2, atol=1e-12)
        np.testing.assert_allclose(run(returned, 10_000), p**2 + (1 - p) ** 2, atol=0.02)
    with pytest.raises(CompileError, match="qml.mutual_info and participation. For qml.sample"):
        run(lambda: qml.sample(wires=0))
    with pytest.raises(CompileError, match="qml.shadow_expval and participation. Remove"):
        run(lambda: qml.purity(wires=0), 10)


def test_a_base_does_not_stand_in_for_what_a_row_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """``probs`` takes shots; what is registered as more specific and does not is refused."""
    returned = lambda: Participation(wires=qml.wires.Wires([0]))  # noqa: E731
    register(monkeypatch, of_probabilities(Participation, sampled=False))
    with pytest.raises(CompileError, match="cannot be compiled for a circuit with shots"):
        run(returned, 10)
    register(monkeypatch, of_probabilities(Participation, exact=False))
    with pytest.raises(CompileError, match="For qml.sample, .* and participation give it"):
        run(returned)


def test_shots_of_their_own_are_combined_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The participation ratio of many shots does not follow from that of each."""
    register(monkeypatch, of_probabilities(Participation))

    def returned() -> Any:
        measure(0)
        return Participation(wires=qml.wires.Wires([0]))

    with pytest.raises(CompileError, match=r"A Participation .* returns qml.expval, qml.var"):
        run(returned, 10)


def test_derivatives_of_integers_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    row = of_probabilities(Participation)
    register(monkeypatch, Lowering(row.kind, row.name, sampled=row.sampled, is_discrete=True))
    message = r"^participation cannot be differentiated: .* integers\."
    with pytest.raises(DifferentiableCompileError, match=message):
        jax.grad(lambda x: run(lambda: Participation(wires=qml.wires.Wires([0])), 10, x))(0.4)


def test_names_are_listed() -> None:
    assert listed([ROWS["qml.var"]]) == "qml.var"
    assert listed([ROWS["qml.var"], ROWS["qml.probs"]], "or") == "qml.var or qml.probs"
