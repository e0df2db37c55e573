"""Density matrices of some of the wires.

The density matrix of few wires is read from the expectation values of all their Pauli words, 4^k
numbers; that of many wires from the amplitudes, 2^(n+1) numbers.
"""

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.ir.instructions import Expval, Term
from qgrad_lab.circuit.lower.pauli_basis import compose, words
from qgrad_lab.circuit.lower.readouts.readout import Measured, Outputs, Readout

_MAX_WORDS = 64
"""Each word costs a pass over the state; for more of them one copy of the state is cheaper."""


def density_matrix(wires: tuple[int, ...], num_wires: int, outputs: Outputs) -> Readout:
    """Read the density matrix of ``wires``, the first most significant, c128[2^k, 2^k]."""
    if _is_small(len(wires), num_wires):
        reads = [outputs.number(Expval((Term(1.0, word),))) for word in words(wires)]

        def composed(measured: Measured) -> jax.Array:
            expectations = jnp.stack([read(measured) for read in reads])
            return compose(expectations / 2 ** len(wires) + 0j)

        return composed
    amplitudes = outputs.amplitudes()

    def traced_out(measured: Measured) -> jax.Array:
        psi = matrix_of(amplitudes(measured), wires)
        return psi @ psi.conj().T

    return traced_out


def smaller_density_matrix(wires: tuple[int, ...], num_wires: int, outputs: Outputs) -> Readout:
    """Read the density matrix of ``wires`` or of all others, whichever are fewer.

    The state of all wires is pure, so both have the same spectrum, but for zeros (Schmidt
    decomposition).
    """
    others = tuple(wire for wire in range(num_wires) if wire not in wires)
    return density_matrix(min(wires, others, key=len), num_wires, outputs)


def matrix_of(amplitudes: jax.Array, wires: tuple[int, ...]) -> jax.Array:
    """Arrange the state c128[2^n] as c128[2^k, 2^(n-k)]: rows are basis states of ``wires``."""
    num_wires = amplitudes.size.bit_length() - 1
    tensor = amplitudes.reshape((2,) * num_wires)
    return jnp.moveaxis(tensor, wires, range(len(wires))).reshape(2 ** len(wires), -1)


def _is_small(num_kept: int, num_wires: int) -> bool:
    """Return whether Pauli words give the density matrix with fewer numbers than amplitudes do."""
    return 4**num_kept <= min(_MAX_WORDS, 2**num_wires)
