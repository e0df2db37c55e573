"""Estimate measured numbers from a finite number of shots.

A circuit with shots is a member of the derivative family like any other, with ``"parameter-shift"``
as its method: order 0 is an estimate from random outcomes, every higher order applies the shift
rule to the one below, so each shifted circuit is sampled on its own. The last two elements of
``index`` hold a key for JAX's random numbers. With the key as an operand the primitive stays a
function in the sense of JAX: evaluated twice it gives the same numbers.
"""

import math
from collections.abc import Callable
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.engine.randomness import folded, wrapped

_CHUNK_BYTES = 64 * 2**20
"""Bound on the probabilities and outcomes that are held at once."""

_DRAWS = 2**18
"""How many outcomes are drawn at once where only their counts are needed."""


class Sampled(Protocol):
    """A circuit with shots, as the engine sees it; ``circuit.ir.sampled.Sampled`` is one."""

    @property
    def num_outputs(self) -> int:
        """The length M of the vector of measured numbers."""

    @property
    def num_held(self) -> int:
        """The count of numbers that one evaluation holds at once."""

    def estimate(
        self, theta: jax.Array, probabilities: list[jax.Array], key: jax.Array
    ) -> jax.Array:
        """Estimate the measured numbers, f64[M], from one f64[2^k] for each setting and a key."""


Exact = Callable[[jax.Array, jax.Array, jax.Array], list[jax.Array]]
"""From theta, index and data to the probabilities in each setting, f64[..., 2^k]."""


def with_key(index: jax.Array, key: jax.Array) -> jax.Array:
    """Append the key u32[2] to ``index`` i64[..., K]."""
    return jnp.concatenate([index, key.astype(jnp.int64)], axis=-1)


def rekeyed(index: jax.Array, *numbers: jax.Array | int) -> jax.Array:
    """Replace the key in ``index`` by one that is independent for each sequence of numbers.

    Parameters
    ----------
    index
        i64[..., K] with a key at its end.
    numbers
        Scalars.
    """
    keys = index[..., -2:].reshape(-1, 2).astype(jnp.uint32)
    keys = jax.vmap(lambda key: folded(key, *numbers))(keys)
    keys = keys.reshape(*index.shape[:-1], 2).astype(jnp.int64)
    return jnp.concatenate([index[..., :-2], keys], axis=-1)


def estimates(
    circuit: Sampled, exact: Exact, theta: jax.Array, index: jax.Array, data: jax.Array
) -> jax.Array:
    """Estimate the numbers of every element of a batch, f64[..., M].

    Elements that share a key are sampled independently nevertheless.

    Parameters
    ----------
    circuit
        What is measured, with how many shots.
    exact
        Runs the circuit.
    theta, index, data
        As the primitive's (``engine.primitive``), with keys at the end of index.
    """
    shapes = [operand.shape[:-1] for operand in (theta, index, data)]
    batch = jnp.broadcast_shapes(*shapes)
    size = math.prod(batch)
    # For each element of the batch, the row that it has in each operand.
    own = [
        np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), batch).ravel()
        for shape in shapes
    ]
    theta, index, data = (
        operand.reshape(math.prod(shape), operand.shape[-1])
        for operand, shape in zip((theta, index, data), shapes, strict=True)
    )
    numbers, keys = index[:, :-2], index[:, -2:].astype(jnp.uint32)
    alike = [bool(rows.size) and (rows == rows[0]).all() for rows in own]
    index_alike = alike[1] or numbers.shape[-1] == 0
    shared = None
    if alike[0] and index_alike and alike[2]:
        shared = exact(theta[:1], numbers[:1], data[:1])
    # Elements with the same key are numbered.
    positions = np.zeros(batch, np.uint32)
    for axis, length in enumerate(batch):
        if shapes[1][axis] == 1:
            column = np.arange(length).reshape([-1] + [1] * (len(batch) - axis - 1))
            positions = positions * length + column.astype(np.uint32)
    rows: list[np.ndarray] = [*own, positions.ravel()]

    def some(rows: list[jax.Array]) -> jax.Array:
        here = theta[rows[0]]
        if shared is None:
            probabilities = exact(here, numbers[rows[1]], data[rows[2]])
        else:
            count = len(rows[0])
            probabilities = [jnp.broadcast_to(p, (count, p.shape[-1])) for p in shared]
        mine = jax.vmap(folded)(keys[rows[1]], rows[3])
        return jax.vmap(circuit.estimate)(here, probabilities, mine)

    at_once = max(1, min(size, _CHUNK_BYTES // (8 * circuit.num_held)))
    chunks = -(-size // at_once)
    if chunks <= 1:
        return some([jnp.asarray(r) for r in rows]).reshape(*batch, circuit.num_outputs)
    at_once = -(-size // chunks)
    # Pad the last chunk with the first element.
    missing = chunks * at_once - size
    stacked = [jnp.asarray(np.pad(r, (0, missing)).reshape(chunks, at_once)) for r in rows]
    values = jax.lax.map(some, stacked).reshape(chunks * at_once, circuit.num_outputs)
    return values[:size].reshape(*batch, circuit.num_outputs)


def outcomes(key: jax.Array, probabilities: jax.Array, shots: int) -> jax.Array:
    """Draw numbers of basis states, i64[shots], with ``probabilities`` f64[2^k].

    By inversion of the cumulative distribution: the first state at which it exceeds a uniform
    number (L. Devroye, *Non-Uniform Random Variate Generation* (1986), section III.2).
    """
    cumulative = jax.lax.cummax(jnp.cumsum(probabilities))
    total = cumulative[-1]
    uniform = jax.random.uniform(wrapped(key), (shots,), jnp.float64) * total
    # Rounding must not lead past the last state.
    uniform = jnp.minimum(uniform, jnp.nextafter(total, jnp.zeros_like(total)))
    found = jnp.searchsorted(cumulative, uniform, side="right")
    return jnp.minimum(found.astype(jnp.int64), len(probabilities) - 1)


def frequencies(key: jax.Array, probabilities: jax.Array, shots: int) -> jax.Array:
    """Draw outcomes and return the frequency of each basis state, f64[2^k]."""
    at_once = min(shots, _DRAWS)

    def add(counts: jax.Array, chunk: jax.Array) -> tuple[jax.Array, None]:
        found = outcomes(folded(key, chunk), probabilities, at_once)
        counted = jnp.arange(at_once) < shots - chunk * at_once
        return counts.at[found].add(counted.astype(jnp.int64)), None

    counts = jnp.zeros(len(probabilities), jnp.int64)
    counts, _ = jax.lax.scan(add, counts, jnp.arange(-(-shots // at_once)))
    return counts / shots
