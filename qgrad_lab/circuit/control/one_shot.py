"""Run circuits that measure in the middle shot by shot."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pennylane as qml

from qgrad_lab.circuit.control.keys import next_key
from qgrad_lab.circuit.lower.measurements.registry import combinations
from qgrad_lab.engine.randomness import folded

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
    snapshots
        Of the circuit, in the order in which it takes them; ``None`` if it takes none.
    """

    structure: Any
    leaves: list[Any]
    kinds: Sequence[type | None]
    num_measured: int
    num_wires: int
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
        As of a circuit that does not measure in the middle; of a classical value, those of all
        shots, stacked.
    """
    key = next_key(shots=shots)
    traced: list[ReturnValue] = []

    def parts(number: jax.Array) -> list[Any]:
        traced.append(execute(folded(key, number)))
        return [jnp.asarray(part) for part in jax.tree.leaves(traced[-1].leaves)]

    types = jax.eval_shape(parts, jnp.zeros((), jnp.uint32))
    tree = jax.tree.structure(traced[-1].leaves)
    kinds = traced[-1].kinds
    ways = [way for kind in kinds for way in (("each",) if kind is None else combinations(kind))]
    at_once = max(1, min(_AT_ONCE, shots, _CHUNK_BYTES // (64 * 2**num_wires)))
    chunks = -(-shots // at_once)
    at_once = -(-shots // chunks)

    def some(totals: list[Any], chunk: jax.Array) -> tuple[list[Any], list[Any]]:
        numbers = chunk * at_once + jnp.arange(at_once, dtype=jnp.uint32)
        found = jax.vmap(parts)(numbers)
        counted = numbers < shots
        return (
            [
                total + jnp.tensordot(counted.astype(rows.dtype), rows, axes=1)
                if way in ("sum", "mean")
                else rows[0]
                for total, rows, way in zip(totals, found, ways, strict=True)
            ],
            [rows if way in _STACKED else rows[:0] for rows, way in zip(found, ways, strict=True)],
        )

    totals, stacked = jax.lax.scan(
        some,
        [jnp.zeros(part.shape, part.dtype) for part in types],
        jnp.arange(chunks, dtype=jnp.uint32),
    )
    combined = []
    for total, rows, way in zip(totals, stacked, ways, strict=True):
        rows = rows.reshape(-1, *rows.shape[2:])[:shots]
        match way:
            case "mean":
                combined.append(total / shots)
            case "variance":
                combined.append(jnp.var(rows))
            case "outcome":  # of one shot each
                combined.append(rows.reshape(shots, *rows.shape[2:]))
            case "each":
                combined.append(rows)
            case _:
                combined.append(total)
    return traced[-1]._replace(leaves=jax.tree.unflatten(tree, combined))


def single_shot(measurement: qml.measurements.MeasurementProcess) -> Any:
    """Return what each shot measures for ``measurement``: for a variance, the observable."""
    if isinstance(measurement, qml.measurements.VarianceMP):
        with qml.QueuingManager.stop_recording():
            return qml.sample(measurement.obs if measurement.mv is None else measurement.mv)
    return measurement


_STACKED = ("variance", "outcome", "each")
