"""Trace the classical part of a circuit, of a loop or of a branch: the numbers that it reads.

The user's function is traced on its own (see ``assemble``); its operations become instructions, and
the numbers that they read become results of a jaxpr, which is then evaluated where it was called.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import ClosedJaxpr

from qgrad_lab.circuit.classical.assemble import assemble
from qgrad_lab.circuit.ir.rewrite import Sizes
from qgrad_lab.circuit.lower.operands import Operands


class Numbers(NamedTuple):
    """The numbers that a circuit reads: theta f64[P], index i64[K], data c128[D]."""

    theta: jax.Array
    indices: jax.Array
    data: jax.Array

    @classmethod
    def of(cls, operands: Operands) -> "Numbers":
        """Join the pieces of ``operands``."""
        theta = join(operands.theta.values, jnp.float64)
        return _numbers(theta, operands.index.values, operands.data.values)

    @classmethod
    def zeros(cls, sizes: Sizes) -> "Numbers":
        """Return zeros of these lengths."""
        return cls(
            jnp.zeros(sizes.theta),
            jnp.zeros(sizes.index, jnp.int64),
            jnp.zeros(sizes.data, jnp.complex128),
        )


class ClassicalPart(NamedTuple):
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
        """Evaluate the numbers and the other results at ``arguments``."""
        theta, others = assemble(self.jaxpr, arguments, self.counts[0])
        end = self.counts[1] + self.counts[2]
        index = others[: self.counts[1]]
        data = others[self.counts[1] : end]
        return _numbers(theta, index, data), others[end:]


def trace(
    function: Callable[..., tuple[Operands, list[Any], Any]], *arguments: Any
) -> ClassicalPart:
    """Trace ``function``, which returns operands, traced results, and anything static."""
    traced: list[tuple[tuple[int, int, int], Sizes, int, Any]] = []

    def flat(*values: Any) -> list[Any]:
        operands, results, static = function(*values)
        pieces = (operands.theta, operands.index, operands.data)
        counts = (len(pieces[0].values), len(pieces[1].values), len(pieces[2].values))
        sizes = Sizes(pieces[0].size, pieces[1].size, pieces[2].size)
        # No traced value outlives its trace: ``jax.checking_leaks`` looks for those.
        traced.append((counts, sizes, len(results), static))
        return [value for piece in pieces for value in piece.values] + results

    jaxpr = jax.make_jaxpr(flat)(*arguments)
    return ClassicalPart(jaxpr, *traced[-1])


def _numbers(theta: jax.Array, index: Sequence[Any], data: Sequence[Any]) -> Numbers:
    return Numbers(theta, join(index, jnp.int64), join(data, jnp.complex128))


def join(pieces: Sequence[Any], dtype: Any) -> jax.Array:
    """Join pieces, scalars and arrays, to one flat array."""
    if not pieces:
        return jnp.zeros(0, dtype)
    return jnp.concatenate([jnp.ravel(jnp.asarray(piece, dtype)) for piece in pieces])
