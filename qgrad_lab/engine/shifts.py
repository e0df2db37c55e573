"""How a member of the derivative family becomes numbers.

The method changes how a member is evaluated, never what it means:

- ``"adjoint"``: orders 0 and 1 and their transposes are native sweeps (forward, adjoint, tangent,
  tangent and adjoint together); higher orders apply the exact shift rule to the member one below.
- ``"parameter-shift"``: every order applies the shift rule to the one below, down to the circuit.
  The first is one native call, in which evaluations share the beginnings of their circuits.

A circuit with shots is evaluated by the latter, its order 0 by ``engine.sampling``.
"""

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, Protocol, cast

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.engine import sampling
from qgrad_lab.engine.library import FFI_TARGET, SHIFT_TARGET
from qgrad_lab.engine.shift import ShiftRule

_CHUNK_BYTES = 64 * 2**20
"""Bound on the operands and results of shifted evaluations that are held at once."""

_MUCH_WORK = 10**10
"""Gates in all shifted circuits of one derivative from which on there is a warning."""


class Circuit(Protocol):
    """What the engine knows of a circuit, with or without shots."""

    @property
    def num_theta(self) -> int:
        """Length P of theta."""

    @property
    def num_outputs(self) -> int:
        """Length M of the vector of measured numbers."""

    @property
    def has_numbers_in_theta(self) -> bool:
        """Whether a matrix or a state is part of theta."""

    @property
    def absorbed(self) -> "Circuit":
        """The same circuit with data in theta."""

    @property
    def may_fail(self) -> bool:
        """Whether it may be refused when it runs: for what it reads, or for want of memory."""

    @property
    def shift_rules(self) -> tuple[ShiftRule, ...]:
        """One rule for each element of theta."""

    @property
    def settings(self) -> "tuple[NativeCircuit, ...]":
        """Circuits whose results are sampled; none for a circuit without shots."""


class NativeCircuit(Circuit, Protocol):
    """A circuit that the native library runs; ``circuit.ir.program.Program`` is one."""

    @property
    def num_wires(self) -> int:
        """How many wires it has, those included that nothing depends on."""

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
        ``"adjoint"`` or ``"parameter-shift"``.
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
        """The member one order up."""
        return dataclasses.replace(self, order=self.order + 1, keep=False)

    def differentiated(self) -> "Member":
        """The member itself, where its derivative is taken at the same operands."""
        keep = self.order == 0 and not self.transposed and self.method == "adjoint"
        return dataclasses.replace(self, keep=keep)

    def lowered(self) -> "Member":
        """The member one order down."""
        return dataclasses.replace(self, order=self.order - 1)

    def transpose(self) -> "Member":
        """D[k]T of D[k]."""
        return dataclasses.replace(self, transposed=True)

    def absorbed(self) -> "Member":
        """The member of the circuit that has data in theta."""
        return dataclasses.replace(self, circuit=self.circuit.absorbed)

    def plain(self) -> "Member":
        """D[k] of D[k]T."""
        return dataclasses.replace(self, transposed=False)


Bind = Callable[..., jax.Array]


def result_width(member: Member) -> int:
    """Length of the last dimension of the member's value."""
    return member.circuit.num_theta if member.transposed else member.circuit.num_outputs


def evaluate(member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
    """The value of ``member``, in terms of native sweeps and lower members.

    Parameters
    ----------
    member
        What to evaluate.
    bind
        ``bind(member, *operands)`` of the lower members.
    operands
        As the primitive's, see ``engine.primitive``.

    Returns
    -------
    jax.Array
        f64[..., M], or f64[..., P] where transposed.
    """
    if member.circuit.settings and member.order == 0 and not member.transposed:
        return _sampled(member, *operands)
    native_orders = 1 if member.method == "adjoint" else 0
    if member.order <= native_orders and (member.method == "adjoint" or not member.transposed):
        return _native(member, *operands)
    if not member.circuit.settings and member.order + member.transposed == 1:
        return _native_shifts(member, *operands)
    # A shifted matrix is not unitary, and a sweep back cannot undo it: such circuits are shifted in
    # forward sweeps only.
    forward_only = member.method == "parameter-shift" or member.circuit.has_numbers_in_theta
    if member.transposed and forward_only:
        return _shifted_gradient(member, bind, *operands)
    return _shifted_direction(member, bind, *operands)


def _sampled(member: Member, theta: jax.Array, index: jax.Array, data: jax.Array) -> jax.Array:
    def exact(theta: jax.Array, index: jax.Array, data: jax.Array) -> list[jax.Array]:
        return [
            _native(Member(setting, "adjoint"), theta, index, data)
            for setting in member.circuit.settings
        ]

    return sampling.estimates(cast(sampling.Sampled, member.circuit), exact, theta, index, data)


def _rekeyed(member: Member, index: jax.Array, chunk: jax.Array) -> jax.Array:
    """``index`` for the shifted circuits of ``member``, which have random numbers of their own."""
    if not member.circuit.settings:
        return index
    return sampling.rekeyed(index, 1 + 2 * member.order + member.transposed, chunk)


def _native(member: Member, *operands: jax.Array) -> jax.Array:
    """One call of the native library's sweeps."""
    return _call(FFI_TARGET, member, operands, order=np.int64(member.order), keep=member.keep)


def _native_shifts(member: Member, *operands: jax.Array) -> jax.Array:
    """D[1] or D[0]T by the shift rule, in one call of the native library."""
    shifts = _Shifts.of(member.circuit)
    _warn_of_work(member.circuit.num_theta, len(shifts.slot))
    return _call(
        SHIFT_TARGET,
        member,
        operands,
        slots=shifts.slot.astype(np.int64),
        shifts=shifts.shift.astype(np.float64),
        coefficients=shifts.coefficient.astype(np.float64),
    )


def _call(
    target: str, member: Member, operands: tuple[jax.Array, ...], **attributes: Any
) -> jax.Array:
    batch = jnp.broadcast_shapes(*(operand.shape[:-1] for operand in operands))
    size = int(np.prod(batch, dtype=np.int64))

    def rows(operand: jax.Array) -> jax.Array:
        own = operand.shape[:-1]
        if own != batch and any(n != 1 for n in own):
            operand = jnp.broadcast_to(operand, (*batch, operand.shape[-1]))
        return operand.reshape(
            -1 if operand.size else int(np.prod(operand.shape[:-1])), operand.shape[-1]
        )

    circuit = cast(NativeCircuit, member.circuit)
    call = jax.ffi.ffi_call(
        target, jax.ShapeDtypeStruct((size, result_width(member)), jnp.dtype("float64"))
    )
    value = call(
        *(rows(operand) for operand in operands),
        program=circuit.words,
        digest=np.int64(circuit.digest),
        transposed=member.transposed,
        **attributes,
    )
    return value.reshape(*batch, value.shape[-1])


@dataclasses.dataclass(frozen=True)
class _Shifts:
    """All shifted evaluations of a circuit: task t shifts theta[slot[t]] by shift[t]."""

    slot: np.ndarray
    shift: np.ndarray
    coefficient: np.ndarray

    @classmethod
    def of(cls, circuit: Circuit) -> "_Shifts":
        rules = circuit.shift_rules
        slots = [slot for slot, rule in enumerate(rules) for _ in rule.shifts]
        shifts = [shift for rule in rules for shift in rule.shifts]
        coefficients = [c for rule in rules for c in rule.coefficients]
        return cls(np.array(slots, np.int32), np.array(shifts), np.array(coefficients))

    def chunks(self, size: int) -> "_Shifts":
        """Reshaped to [chunks, size]; the last chunk is filled up with tasks of weight zero."""
        missing = -len(self.slot) % size

        def fill(values: np.ndarray) -> np.ndarray:
            return np.pad(values, (0, missing)).reshape(-1, size)

        return _Shifts(fill(self.slot), fill(self.shift), fill(self.coefficient))


def _warn_of_work(num_theta: int, count: int) -> None:
    if count * num_theta > _MUCH_WORK:
        warnings.warn(
            f"A shift rule evaluates a circuit of {num_theta:,} parameters {count:,} times "
            "for one derivative, which may take hours. Without shots, diff_method='adjoint' "
            "computes first and second derivatives in one sweep.",
            stacklevel=3,
        )


def _accumulate_shifts(
    member: Member,
    contribution: Callable[[jax.Array, jax.Array, jax.Array, jax.Array], jax.Array],
    theta: jax.Array,
    shape: tuple[int, ...],
    width: int,
) -> jax.Array:
    """Sum ``contribution(shifted theta, slot, coefficient, chunk)`` over chunks of all shifts.

    ``width`` is how many numbers one shifted evaluation holds, which bounds the chunk.
    """
    shifts = _Shifts.of(member.circuit)
    total = jnp.zeros(shape)
    count = len(shifts.slot)
    if count == 0:
        return total
    _warn_of_work(theta.shape[-1], count)
    chunk = max(1, min(count, _CHUNK_BYTES // (8 * max(1, width))))
    shifts = shifts.chunks(chunk)
    positions = jnp.arange(theta.shape[-1])

    def add(total: jax.Array, tasks: tuple[jax.Array, ...]) -> tuple[jax.Array, None]:
        slot, shift, coefficient, number = tasks
        # [chunk, ..., P]: theta with one element shifted, a batch dimension in front.
        column = (chunk, *(1 for _ in theta.shape))
        selected = slot.reshape(column) == positions.reshape((1,) * theta.ndim + (-1,))
        shifted = theta[None] + jnp.where(selected, shift.reshape(column), 0.0)
        return total + contribution(shifted, slot, coefficient, number), None

    tasks = (
        jnp.asarray(shifts.slot),
        jnp.asarray(shifts.shift),
        jnp.asarray(shifts.coefficient),
        jnp.arange(len(shifts.slot)),
    )
    if tasks[0].shape[0] == 1:
        return add(total, tuple(task[0] for task in tasks))[0]
    return jax.lax.scan(add, total, tasks)[0]


def _weighted(values: jax.Array, weights: jax.Array) -> jax.Array:
    """``values * weights`` along the last dimension, also where rank promotion is an error."""
    return values * jnp.expand_dims(weights, range(values.ndim - 1))


def _shifted_direction(
    member: Member,
    bind: Bind,
    theta: jax.Array,
    index: jax.Array,
    data: jax.Array,
    *rest: jax.Array,
) -> jax.Array:
    """D[k](.; v1..vk) = sum_p vk_p dD[k-1](.; v1..v(k-1))/dtheta_p; the same for D[k]T."""
    *directions, last = rest[: member.order]
    others = [data, *directions, *rest[member.order :]]
    lower = member.lowered()
    batch = jnp.broadcast_shapes(*(x.shape[:-1] for x in (theta, index, data, *rest)))

    def contribution(
        shifted: jax.Array, slot: jax.Array, coefficient: jax.Array, chunk: jax.Array
    ) -> jax.Array:
        operands = [_rekeyed(member, index, chunk), *others]
        values = bind(lower, shifted, *(operand[None] for operand in operands))
        weights = _weighted(last[..., slot], coefficient)
        weights = jnp.moveaxis(weights, -1, 0)[..., None]
        return jnp.sum(weights * values, axis=0)

    width = result_width(member)
    size = int(np.prod(batch)) * (width + theta.shape[-1])
    return _accumulate_shifts(member, contribution, theta, (*batch, width), size)


def _shifted_gradient(
    member: Member,
    bind: Bind,
    theta: jax.Array,
    index: jax.Array,
    data: jax.Array,
    *rest: jax.Array,
) -> jax.Array:
    """D[k]T(.; v1..vk, y)_p = sum_m y_m dD[k]_m/dtheta_p, from shifted values of D[k]."""
    *directions, y = rest
    others = [data, *directions]
    plain = member.plain()
    batch = jnp.broadcast_shapes(*(x.shape[:-1] for x in (theta, index, data, *rest)))
    num_theta = theta.shape[-1]

    def contribution(
        shifted: jax.Array, slot: jax.Array, coefficient: jax.Array, chunk: jax.Array
    ) -> jax.Array:
        operands = [_rekeyed(member, index, chunk), *others]
        values = bind(plain, shifted, *(operand[None] for operand in operands))
        numbers = jnp.moveaxis(jnp.sum(values * y[None], axis=-1), 0, -1)
        numbers = _weighted(numbers, coefficient)
        return jnp.zeros((*batch, num_theta)).at[..., slot].add(numbers)

    size = int(np.prod(batch)) * (result_width(plain) + num_theta)
    return _accumulate_shifts(member, contribution, theta, (*batch, num_theta), size)
