"""Density matrices of some of the wires, and what follows from them.

The density matrix of few wires comes from the expectation values of all their Pauli words, 4^k
numbers; that of many wires from the amplitudes, 2^(n+1) numbers.
"""

from typing import Any

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.ir.instructions import Expval, Term
from qgrad_lab.circuit.lower.measurements.entropy import entropy
from qgrad_lab.circuit.lower.measurements.readout import Measured, Outputs, Readout
from qgrad_lab.circuit.lower.pauli_basis import compose, words

_MAX_WORDS = 64
"""Each word costs a pass over the state; for more of them one copy of the state is cheaper."""


def is_small(num_kept: int, num_wires: int) -> bool:
    """Whether Pauli words give the density matrix of so many wires with the fewer numbers."""
    return 4**num_kept <= min(_MAX_WORDS, 2**num_wires)


def density_matrix(wires: tuple[int, ...], num_wires: int, outputs: Outputs) -> Readout:
    """The density matrix of ``wires``, the first of them most significant, c128[2^k, 2^k]."""
    if is_small(len(wires), num_wires):
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


def matrix_of(amplitudes: jax.Array, wires: tuple[int, ...]) -> jax.Array:
    """The state c128[2^n] as c128[2^k, 2^(n-k)]: rows are basis states of ``wires``."""
    num_wires = amplitudes.size.bit_length() - 1
    tensor = amplitudes.reshape((2,) * num_wires)
    return jnp.moveaxis(tensor, wires, range(len(wires))).reshape(2 ** len(wires), -1)


def purity(wires: tuple[int, ...], num_wires: int, outputs: Outputs) -> Readout:
    """``tr(rho^2)`` of the density matrix of ``wires``, an f64 scalar."""
    rho = density_matrix(_smaller_side(wires, num_wires), num_wires, outputs)

    def squared(measured: Measured) -> jax.Array:
        matrix = rho(measured)
        return jnp.sum(jnp.real(matrix) ** 2 + jnp.imag(matrix) ** 2)

    return squared


def vn_entropy(wires: tuple[int, ...], num_wires: int, outputs: Outputs) -> Readout:
    """The von Neumann entropy of ``wires`` in nats, an f64 scalar."""
    rho = density_matrix(_smaller_side(wires, num_wires), num_wires, outputs)
    return lambda measured: entropy(rho(measured))


def mutual_information(
    first: tuple[int, ...], second: tuple[int, ...], num_wires: int, outputs: Outputs
) -> Readout:
    """``S(first) + S(second) - S(first and second)`` in nats, an f64 scalar."""
    parts = [vn_entropy(wires, num_wires, outputs) for wires in (first, second, first + second)]

    def information(measured: Measured) -> Any:
        s_first, s_second, s_both = (part(measured) for part in parts)
        return s_first + s_second - s_both

    return information


def _smaller_side(wires: tuple[int, ...], num_wires: int) -> tuple[int, ...]:
    """``wires`` or all others, whichever are fewer.

    The state of all wires is pure, so the density matrices of both have the same spectrum, but for
    zeros (Schmidt decomposition).
    """
    others = tuple(wire for wire in range(num_wires) if wire not in wires)
    return others if len(others) < len(wires) else wires
