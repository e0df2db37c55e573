"""Measure a mixture of states: the mean over the outcomes of measurements in the middle.

A result is computed from means of quantities that are linear in ``|psi><psi|``. Each branch of the
circuit adds its own, of its state with the probability of the branch as squared norm.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.ir.instructions import Expval, Term
from qgrad_lab.circuit.lower.readouts.outcomes import TracedOutcomes
from qgrad_lab.circuit.lower.readouts.readout import Measured, Outputs, Readout


class Mixture(NamedTuple):
    """A result of a mixture of states.

    Attributes
    ----------
    linear
        Reads a pytree of arrays that are linear in ``|psi><psi|``, of one branch.
    result
        From their means to the result.
    """

    linear: Readout
    result: Callable[[Any], Any]


def mean(read: Readout) -> Mixture:
    """Return the mean of what ``read`` reads, which is linear in ``|psi><psi|``."""
    return Mixture(read, lambda value: value)


def variance(first: Readout, second: Readout) -> Mixture:
    """Return the variance of a quantity, from the readouts of it and of its square."""
    return Mixture(
        lambda measured: (first(measured), second(measured)),
        lambda means: means[1] - means[0] ** 2,
    )


def weight(outputs: Outputs) -> Readout:
    """Read the probability of a branch, the squared norm of its state."""
    return outputs.number(Expval((Term(1.0, ()),)))


def weighted(read: Readout, outputs: Outputs) -> Readout:
    """Read a quantity that is the same in all of a branch, times the probability of the branch."""
    probability = weight(outputs)

    def product(measured: Measured) -> Any:
        factor = probability(measured)
        return jax.tree.map(lambda value: factor * value, read(measured))

    return product


def outcome(outcomes: TracedOutcomes) -> Readout:
    """Read the number that is the one outcome, or an expression of outcomes, f64."""
    (read,) = outcomes.reads
    return lambda measured: read(measured).astype(jnp.float64)
