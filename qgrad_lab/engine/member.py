"""A member of a circuit's derivative family, and the circuit as the engine sees it."""

import dataclasses
from collections.abc import Callable
from typing import Protocol

import jax
import numpy as np

from qgrad_lab.engine.shift_rules import ShiftRule


class Circuit(Protocol):
    """A circuit, with or without shots, as the engine sees it."""

    @property
    def num_theta(self) -> int:
        """The length P of theta."""

    @property
    def num_outputs(self) -> int:
        """The length M of the vector of measured numbers."""

    @property
    def has_matrices_in_theta(self) -> bool:
        """Whether a matrix is part of theta."""

    @property
    def absorbed(self) -> "Circuit":
        """The same circuit with data in theta."""

    @property
    def undone(self) -> "Circuit | None":
        """The circuit that undoes this one, if this one takes a state in data to a state.

        It takes the state that is measured back to the state in data, as an adjoint matrix.
        """

    @property
    def state_in_theta(self) -> range:
        """Which elements of theta are the amplitudes that the circuit begins with."""

    @property
    def may_fail(self) -> bool:
        """Whether it may be refused at run time: for what it reads, or for want of memory."""

    @property
    def shift_rules(self) -> tuple[ShiftRule, ...]:
        """One shift rule for each element of theta."""

    @property
    def settings(self) -> "tuple[NativeCircuit, ...]":
        """The circuits whose results are sampled; none for a circuit without shots."""


class NativeCircuit(Circuit, Protocol):
    """A circuit that the native library runs; ``circuit.ir.program.Program`` is one."""

    @property
    def num_wires(self) -> int:
        """The number of wires, including those that nothing depends on."""

    @property
    def words(self) -> np.ndarray:
        """The encoding that the native library reads, i64."""

    @property
    def digest(self) -> int:
        """A 64-bit digest of ``words``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """One member of one circuit's derivative family.

    Parameters
    ----------
    circuit
        The Program.
    method
        How derivatives are evaluated: the name of a method of QNodes (``methods.table``).
    refusal
        Why the circuit may not be differentiated, or ``None``.
    order
        k, the number of directional derivatives.
    transposed
        Whether this is D[k]T.
    keep
        Whether the derivative of D[0] will be asked for at the same operands, so that the native
        library keeps its state for D[0]T.
    """

    circuit: Circuit
    method: str
    refusal: str | None = None
    order: int = 0
    transposed: bool = False
    keep: bool = False

    def raised(self) -> "Member":
        """Return the member one order up."""
        return dataclasses.replace(self, order=self.order + 1, keep=False)

    def lowered(self) -> "Member":
        """Return the member one order down."""
        return dataclasses.replace(self, order=self.order - 1)

    def transpose(self) -> "Member":
        """Return D[k]T of D[k]."""
        return dataclasses.replace(self, transposed=True)

    def absorbed(self) -> "Member":
        """Return the member of the circuit that has data in theta."""
        return dataclasses.replace(self, circuit=self.circuit.absorbed)

    def backwards(self) -> "Member":
        """Return D[k] of the circuit that undoes this one, which takes a state to a state."""
        assert self.circuit.undone is not None
        return dataclasses.replace(self, circuit=self.circuit.undone, transposed=False, keep=False)

    def plain(self) -> "Member":
        """Return D[k] of D[k]T."""
        return dataclasses.replace(self, transposed=False)


Bind = Callable[..., jax.Array]
"""``bind(member, *operands)``: the value of a member, computed when the program runs."""


def result_width(member: Member) -> int:
    """Return the length of the last dimension of the member's value."""
    return member.circuit.num_theta if member.transposed else member.circuit.num_outputs
