"""Register measurements, and lower them by their type.

What is supported, what is refused and what messages list follows from ``LOWERINGS``.
"""

from collections.abc import Iterable

from pennylane.measurements import MeasurementProcess

from qgrad_lab.circuit.lower.measurements import (
    classical_shadow,
    counts,
    density_matrix,
    expval,
    mutual_info,
    probs,
    purity,
    sample,
    state,
    var,
    vn_entropy,
)
from qgrad_lab.circuit.lower.measurements.lowering import Combination, Lowering
from qgrad_lab.circuit.lower.readouts.context import Context
from qgrad_lab.circuit.lower.readouts.mixture import Mixture
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes, measures_outcomes
from qgrad_lab.circuit.lower.readouts.readout import Readout
from qgrad_lab.circuit.lower.readouts.traced_wires import labelled
from qgrad_lab.errors import CompileError

LOWERINGS: tuple[Lowering, ...] = (
    expval.LOWERING,
    var.LOWERING,
    probs.LOWERING,
    state.LOWERING,
    density_matrix.LOWERING,
    purity.LOWERING,
    vn_entropy.LOWERING,
    mutual_info.LOWERING,
    sample.LOWERING,
    counts.LOWERING,
    *classical_shadow.LOWERINGS,
)
"""All that can be lowered. Messages list them in this order, which means nothing else."""

_PROCESSING = (
    "process",
    "process_state",
    "process_density_matrix",
    "process_samples",
    "process_counts",
)
"""Methods with which a measurement process computes its result from a state or from samples."""


def lowering_of(kind: type[MeasurementProcess]) -> Lowering | None:
    """Find the row for measurements of type ``kind``: that of its most specific registered base.

    Returns
    -------
    Lowering or None
        ``None`` if it has no registered base, has several of which none is the most specific, or
        is a subclass that computes its result otherwise than that base.
    """
    rows = {row.kind: row for row in LOWERINGS}
    bases = [base for base in kind.__mro__ if base in rows]
    if not bases or not all(issubclass(bases[0], base) for base in bases):
        return None
    if any(getattr(kind, name, None) is not getattr(bases[0], name, None) for name in _PROCESSING):
        return None
    return rows[bases[0]]


def lower_measurement(measurement: MeasurementProcess, context: Context) -> Readout:
    """Lower ``measurement``: add what the circuit has to measure for it, and read the result.

    Parameters
    ----------
    measurement
        As a quantum function returns it.
    context
        Of the circuit, exact or with shots.

    Returns
    -------
    Readout
        Of an f64 scalar, but f64[2^k] for ``probs``, c128[2^n] for ``state`` and c128[2^k, 2^k]
        for ``density_matrix``; for ``sample`` i64[shots, k], or f64[shots] of an observable; for
        ``counts`` a pair of arrays: the basis states i64[2^k], or the eigenvalues of an observable,
        and how often each was found.

    Raises
    ------
    CompileError
        For a measurement or an observable that cannot be measured in such a circuit.
    """
    _check(measurement)
    measurement = labelled(measurement, context.outputs)
    row = lowering_of(type(measurement))
    lower = row and (row.sampled if context.shots else row.exact)
    if lower:
        return lower(measurement, context)
    if context.shots:
        raise CompileError(
            f"{measurement} cannot be compiled for a circuit with shots, which returns "
            f"{listed(row for row in LOWERINGS if row.sampled)}. Remove the shots with "
            "qml.set_shots(qnode, None) where it asks for the exact state."
        )
    raise _not_exact(measurement)


def _not_exact(measurement: MeasurementProcess) -> CompileError:
    return CompileError(
        f"{measurement} cannot be compiled. A circuit without shots is exact, and returns "
        f"{listed(row for row in LOWERINGS if row.exact)}. For "
        f"{listed(row for row in LOWERINGS if not row.exact)} give it shots, for example with "
        "qml.set_shots(qnode, 1000)."
    )


def lower_outcomes(measurement: MeasurementProcess, context: Context) -> Readout:
    """Lower a statistic of what ``measure`` returned, in one execution of the circuit.

    Parameters
    ----------
    measurement
        For which ``measures_outcomes`` holds.
    context
        Of the circuit; all shots have the same outcomes.

    Raises
    ------
    CompileError
        For a measurement that is no statistic of outcomes.
    """
    outcomes = TracedOutcomes.of(measurement, context.outputs, context.shots)
    row = lowering_of(type(measurement))
    if row and row.of_outcomes and (row.sampled if context.shots else row.exact):
        read = row.of_outcomes(outcomes)
        if read is not None:
            return read
    raise _no_statistic(measurement)


def _no_statistic(measurement: MeasurementProcess) -> CompileError:
    statistics = [row for row in LOWERINGS if row.of_outcomes]
    return CompileError(
        f"A {type(measurement).__name__} of the result of measure cannot be compiled. Without "
        f"shots {listed(row for row in statistics if row.exact)} of outcomes can, with shots "
        f"{listed(row for row in statistics if not row.exact)} too; or return the outcome itself."
    )


def lower_mixed(measurement: MeasurementProcess, context: Context) -> Mixture:
    """Lower ``measurement`` of the mixture of states that measurements in the middle leave.

    Parameters
    ----------
    measurement
        As a quantum function returns it, of an observable or of what ``measure`` returned.
    context
        Of the circuit after the last of the measurements in the middle, exact.

    Raises
    ------
    CompileError
        For a measurement or an observable that cannot be measured in such a circuit.
    """
    row = lowering_of(type(measurement))
    if measures_outcomes(measurement):
        outcomes = TracedOutcomes.of(measurement, context.outputs, 0)
        found = row and row.of_mixed_outcomes and row.of_mixed_outcomes(outcomes, context)
        if found:
            return found
        raise _no_statistic(measurement)
    _check(measurement)
    measurement = labelled(measurement, context.outputs)
    if row and row.mixed:
        return row.mixed(measurement, context)
    if row and row.exact:
        raise CompileError(
            f"{measurement} cannot be compiled for a circuit that measures in the middle: over all "
            "outcomes it leaves a mixture of states, which has "
            f"{listed(row for row in LOWERINGS if row.mixed)}. Return an outcome too, so that one "
            "run is drawn."
        )
    raise _not_exact(measurement)


def combinations(kind: type[MeasurementProcess]) -> tuple[Combination, ...]:
    """Return how the results of single shots become that of all, for each array of the result.

    Raises
    ------
    CompileError
        If they cannot, in a circuit that measures in the middle.
    """
    row = lowering_of(kind)
    if row and row.over_shots:
        return row.over_shots
    raise CompileError(
        f"A {kind.__name__} cannot be compiled for a circuit with shots that measures in the "
        f"middle, which returns {listed(row for row in LOWERINGS if row.over_shots)}."
    )


def listed(rows: Iterable[Lowering], last: str = "and") -> str:
    """List the names of ``rows`` for a message, with ``last`` before the last of them."""
    *names, name = (row.name for row in rows)
    return f"{', '.join(names)} {last} {name}" if names else name


def _check(measurement: MeasurementProcess) -> None:
    """Refuse results of ``qml.measure``."""
    if measurement.mv is not None:
        raise CompileError(
            f"MidCircuitMeasure is not allowed: {measurement} is one of the result of a "
            "measurement that PennyLane was to replace. Use qml.defer_measurements on the QNode."
        )
