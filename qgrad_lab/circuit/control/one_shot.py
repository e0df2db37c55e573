"""Run circuits that measure in the middle shot by shot."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml

from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.lower.measurements.lowering import Combination
from qgrad_lab.circuit.lower.measurements.registry import combinations
from qgrad_lab.engine.randomness import folded

LEFT_OUT = -(2**31)
"""The sample of a shot that does not count, as in Catalyst; of narrow types their least number."""

_AT_ONCE = 4096
"""The most shots that are run as one batch."""

_CHUNK_BYTES = 256 * 2**20
"""Bound on the states of shots that are held at once."""


class ReturnValue(NamedTuple):
    """The value of a quantum function: a pytree, taken apart.

    Attributes
    ----------
    structure
        Of the pytree.
    leaves
        Arrays in the place of measurements, and classical values; of ``counts`` a pair.
    kinds
        For each leaf the type of measurement; ``None`` for a classical value.
    num_measured
        How many wires were measured in the middle.
    num_wires
        Of the circuit, if some were measured.
    valid
        Whether it found all outcomes that were selected, bool; ``None`` without shots.
    snapshots
        Of the circuit, in the order in which it takes them; ``None`` if it takes none.
    """

    structure: Any
    leaves: list[Any]
    kinds: Sequence[type | None]
    num_measured: int
    num_wires: int
    valid: Any
    snapshots: list[Any] | None = None

    def restore(self) -> Any:
        """Return the pytree."""
        return jax.tree.unflatten(self.structure, self.leaves)


def one_shot(
    execute: Callable[[jax.Array], ReturnValue], shots: int, num_wires: int
) -> ReturnValue:
    """Execute a circuit once for each shot and combine the results.

    Parameters
    ----------
    execute
        Executes one shot, with a key of its own.
    shots
        How many.
    num_wires
        Of the circuit, for the memory that it takes.

    Returns
    -------
    ReturnValue
        As of a circuit that does not measure in the middle, of the shots that found all outcomes
        that were selected: NaN, or no counts, where none did. In samples, whose number is fixed,
        the others are `LEFT_OUT`. Of a classical value, those of all shots, stacked.
    """
    key = next_key(shots=shots)
    traced: list[tuple[ReturnValue, Any]] = []

    def parts(number: jax.Array) -> tuple[list[Any], jax.Array]:
        value = execute(folded(key, number))
        leaves, tree = jax.tree.flatten(value.leaves)
        # No traced value outlives its trace: ``jax.checking_leaks`` looks for those.
        traced.append((value._replace(leaves=[], valid=None, snapshots=None), tree))
        return [jnp.asarray(part) for part in leaves], jnp.asarray(value.valid)

    types, _ = jax.eval_shape(parts, jnp.zeros((), jnp.uint32))
    static, tree = traced[-1]
    ways = _ways(static)
    at_once = max(1, min(_AT_ONCE, shots, _CHUNK_BYTES // (64 * 2**num_wires)))
    chunks = -(-shots // at_once)
    at_once = -(-shots // chunks)

    def some(totals: list[Any], chunk: jax.Array) -> tuple[list[Any], tuple[list[Any], jax.Array]]:
        numbers = chunk * at_once + jnp.arange(at_once, dtype=jnp.uint32)
        found, valid = jax.vmap(parts)(numbers)
        counted = jnp.logical_and(numbers < shots, valid)
        rows_of = [
            rows if way in _STACKED else rows[:0] for rows, way in zip(found, ways, strict=True)
        ]
        return (
            [
                total + _sum_of(rows, counted) if way in ("sum", "mean") else rows[0]
                for total, rows, way in zip(totals, found, ways, strict=True)
            ],
            (rows_of, valid),
        )

    totals, (stacked, valid) = jax.lax.scan(
        some,
        [jnp.zeros(part.shape, part.dtype) for part in types],
        jnp.arange(chunks, dtype=jnp.uint32),
    )
    valid = valid.ravel()[:shots]
    num_valid = jnp.sum(valid)
    combined = []
    for total, rows, way in zip(totals, stacked, ways, strict=True):
        rows = rows.reshape(-1, *rows.shape[2:])[:shots]
        match way:
            case "mean":
                combined.append(total / num_valid)
            case "variance":
                combined.append(_variance(rows.astype(jnp.float64).ravel(), valid))
            case "outcome":  # of one shot each
                combined.append(_without_others(rows.reshape(shots, *rows.shape[2:]), valid))
            case "each":
                combined.append(rows)
            case _:
                combined.append(total)
    return static._replace(leaves=jax.tree.unflatten(tree, combined))


def single_branch(value: ReturnValue) -> ReturnValue:
    """Combine shots that have the same outcomes in the middle: all are valid, or none is."""
    tree = jax.tree.structure(value.leaves)
    combined = []
    for part, way in zip(jax.tree.leaves(value.leaves), _ways(value), strict=True):
        match way:
            case "mean" | "variance":
                combined.append(jnp.where(value.valid, part, jnp.nan))
            case "sum":
                combined.append(jnp.where(value.valid, part, 0))
            case "outcome":
                valid = jnp.broadcast_to(value.valid, part.shape[:1])
                combined.append(_without_others(part, valid))
            case _:
                combined.append(part)
    return value._replace(leaves=jax.tree.unflatten(tree, combined))


def _ways(value: ReturnValue) -> list[Combination]:
    """Return how each array of the result is combined."""
    return [
        way for kind in value.kinds for way in (("each",) if kind is None else combinations(kind))
    ]


def _without_others(samples: jax.Array, valid: jax.Array) -> jax.Array:
    """Return ``samples`` [shots, ...], those that are not ``valid`` [shots] replaced."""
    rows = valid.reshape(-1, *[1] * (samples.ndim - 1))
    left_out = LEFT_OUT
    if jnp.issubdtype(samples.dtype, jnp.integer):
        left_out = max(left_out, int(jnp.iinfo(samples.dtype).min))
    return jnp.where(rows, samples, jnp.asarray(left_out, samples.dtype))


def _sum_of(rows: jax.Array, counted: jax.Array) -> jax.Array:
    # Not by a product: an estimate of a shot that does not count may be no number.
    return jnp.sum(jnp.where(counted.reshape(-1, *[1] * (rows.ndim - 1)), rows, 0), axis=0)


def _variance(values: jax.Array, valid: jax.Array) -> jax.Array:
    count = jnp.sum(valid)
    differences = values - jnp.sum(jnp.where(valid, values, 0.0)) / count
    return jnp.sum(jnp.where(valid, differences**2, 0.0)) / count


def single_shot(measurement: qml.measurements.MeasurementProcess) -> Any:
    """Return what each shot measures for ``measurement``: for a variance, the observable."""
    if isinstance(measurement, qml.measurements.VarianceMP):
        with qml.QueuingManager.stop_recording():
            return qml.sample(measurement.obs if measurement.mv is None else measurement.mv)
    return measurement


_STACKED = ("variance", "outcome", "each")
