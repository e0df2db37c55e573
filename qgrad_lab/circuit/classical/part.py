"""The classical part of a circuit or of a region: the numbers that it reads, as traced values.

The user's function is traced on its own (for ``views``); its operations become instructions, and
the numbers they read become results of a jaxpr, which is then evaluated where it was called.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr

from qgrad_lab.circuit.classical.assemble import assemble
from qgrad_lab.circuit.lower.blocks import Sizes
from qgrad_lab.circuit.lower.operands import Operands


class Numbers(NamedTuple):
    """What a circuit reads: theta f64[P], index i64[K], data c128[D]."""

    theta: jax.Array
    indices: jax.Array
    data: jax.Array


class Classical(NamedTuple):
    """A traced classical part.

    Attributes
    ----------
    jaxpr
        Its results are the pieces of theta, index and data, then ``num_results`` others.
    counts
        How many pieces theta, index and data have.
    sizes
        Lengths of theta, index and data.
    num_results
        Results beside the numbers of the circuit.
    static
        Whatever the function returned beside arrays, such as instructions.
    """

    jaxpr: ClosedJaxpr
    counts: tuple[int, int, int]
    sizes: Sizes
    num_results: int
    static: Any

    def evaluate(self, arguments: Sequence[Any]) -> tuple[Numbers, list[Any]]:
        """The numbers and the other results, at ``arguments``."""
        theta, others = assemble(self.jaxpr, arguments, self.counts[0])
        end = self.counts[1] + self.counts[2]
        index = others[: self.counts[1]]
        data = others[self.counts[1] : end]
        return join(theta, index, data), others[end:]


def trace(function: Callable[..., tuple[Operands, list[Any], Any]], *arguments: Any) -> Classical:
    """Trace ``function``, which returns operands, traced results, and anything static."""
    captured: list[tuple[Operands, int, Any]] = []

    def flat(*values: Any) -> list[Any]:
        operands, results, static = function(*values)
        captured.append((operands, len(results), static))
        return [*operands.theta.values, *operands.index.values, *operands.data.values, *results]

    jaxpr = jax.make_jaxpr(flat)(*arguments)
    operands, num_results, static = captured[-1]
    pieces = (operands.theta, operands.index, operands.data)
    counts = (len(pieces[0].values), len(pieces[1].values), len(pieces[2].values))
    sizes = Sizes(pieces[0].size, pieces[1].size, pieces[2].size)
    return Classical(jaxpr, counts, sizes, num_results, static)


def join(theta: jax.Array, index: Sequence[Any], data: Sequence[Any]) -> Numbers:
    """Numbers from theta and the pieces of the others."""
    return Numbers(theta, joined(index, jnp.int64), joined(data, jnp.complex128))


def joined(pieces: Sequence[Any], dtype: Any) -> jax.Array:
    """One flat array of all pieces."""
    if not pieces:
        return jnp.zeros(0, dtype)
    return jnp.concatenate([jnp.ravel(jnp.asarray(piece, dtype)) for piece in pieces])
