"""Evaluate derivatives by exact shift rules, from members that are one order lower."""

import dataclasses
import warnings
from collections.abc import Callable
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.engine import sampling
from qgrad_lab.engine.member import Bind, Circuit, Member, result_width
from qgrad_lab.engine.shift_rules import NO_DEPENDENCE

CHUNK_BYTES = 64 * 2**20
"""Bound on the operands and results of shifted evaluations that are held at once."""

MUCH_WORK = 10**10
"""Gates in all shifted circuits of one derivative from which on there is a warning."""


@dataclasses.dataclass(frozen=True)
class Shifts:
    """All shifted evaluations of a circuit: task t shifts theta[slot[t]] by shift[t]."""

    slot: np.ndarray
    shift: np.ndarray
    coefficient: np.ndarray

    @classmethod
    def of(cls, circuit: Circuit, with_state: bool = False) -> "Shifts":
        """Return those of a circuit, and warn if they are very much work.

        ``with_state`` is whether the amplitudes that it begins with are shifted too.
        """
        rules = list(circuit.shift_rules)
        if not with_state:
            for slot in circuit.state_in_theta:
                rules[slot] = NO_DEPENDENCE
        slots = [slot for slot, rule in enumerate(rules) for _ in rule.shifts]
        shifts = [shift for rule in rules for shift in rule.shifts]
        coefficients = [c for rule in rules for c in rule.coefficients]
        _warn_of_work(circuit.num_theta, len(slots))
        return cls(np.array(slots, np.int32), np.array(shifts), np.array(coefficients))

    def chunks(self, size: int) -> "Shifts":
        """Reshape to [chunks, size]; the last chunk is filled up with tasks of weight zero."""
        missing = -len(self.slot) % size

        def fill(values: np.ndarray) -> np.ndarray:
            return np.pad(values, (0, missing)).reshape(-1, size)

        return Shifts(fill(self.slot), fill(self.shift), fill(self.coefficient))


def _warn_of_work(num_theta: int, count: int) -> None:
    if count * num_theta > MUCH_WORK:
        warnings.warn(
            f"A shift rule evaluates a circuit of {num_theta:,} parameters {count:,} times "
            "for one derivative, which may take hours. Without shots, diff_method='adjoint' "
            "computes first and second derivatives in one sweep.",
            stacklevel=3,
        )


def _rekeyed(member: Member, index: jax.Array, chunk: jax.Array) -> jax.Array:
    """Return ``index`` for shifted circuits, each of which has random numbers of its own."""
    if not member.circuit.settings:
        return index
    return sampling.rekeyed(index, 1 + 2 * member.order + member.transposed, chunk)


def _accumulate(
    member: Member,
    contribution: Callable[[jax.Array, jax.Array, jax.Array, jax.Array], jax.Array],
    theta: jax.Array,
    shape: tuple[int, ...],
    width: int,
    with_state: bool = False,
) -> jax.Array:
    """Sum ``contribution(shifted theta, slot, coefficient, chunk)`` over chunks of all shifts.

    ``width`` is how many numbers one shifted evaluation holds, which bounds the chunk size.
    """
    shifts = Shifts.of(member.circuit, with_state)
    total = jnp.zeros(shape)
    count = len(shifts.slot)
    if count == 0:
        return total
    chunk = max(1, min(count, CHUNK_BYTES // (8 * max(1, width))))
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
    """Return ``values * weights`` along the last dimension, without rank promotion."""
    return values * jnp.expand_dims(weights, range(values.ndim - 1))


def direction(
    member: Member,
    bind: Bind,
    theta: jax.Array,
    index: jax.Array,
    data: jax.Array,
    *rest: jax.Array,
    with_state: bool = True,
) -> jax.Array:
    """Evaluate D[k], k >= 1, or D[k]T from shifted values of D[k-1], or D[k-1]T.

    D[k](.; v1..vk) = sum_p vk_p dD[k-1](.; v1..v(k-1))/dtheta_p; the same for D[k]T. Without
    ``with_state`` p is none of the amplitudes that the circuit begins with.
    """
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
    total = _accumulate(member, contribution, theta, (*batch, width), size)
    if not with_state or not member.circuit.state_in_theta:
        return total
    return total + _along_state(member, bind, theta, [index, *others], last)


def _along_state(
    member: Member, bind: Bind, theta: jax.Array, others: list[jax.Array], last: jax.Array
) -> jax.Array:
    """Evaluate the part of D[k], or D[k]T, along the amplitudes that the circuit begins with.

    Along any direction of these together results are polynomials, as in one coefficient. The step
    is as long as the amplitudes, against cancellation.
    """
    state = member.circuit.state_in_theta
    psi, direction = (values[..., state.start : state.stop] for values in (theta, last))
    length, norm = (jnp.linalg.norm(each, axis=-1, keepdims=True) for each in (psi, direction))
    length = jnp.where(length > 0.0, length, 1.0)
    step = jnp.where(norm > 0.0, length / jnp.where(norm > 0.0, norm, 1.0), 1.0)
    before, after = state.start, theta.shape[-1] - state.stop
    pads = [(0, 0)] * (direction.ndim - 1) + [(before, after)]
    change = jnp.pad(step * direction, pads)
    rule = member.circuit.shift_rules[state.start]
    lower = member.lowered()
    terms = [
        coefficient * bind(lower, theta + shift * change, *others)
        for coefficient, shift in zip(rule.coefficients, rule.shifts, strict=True)
    ]
    return reduce(jnp.add, terms) / step


def gradient(
    member: Member,
    bind: Bind,
    theta: jax.Array,
    index: jax.Array,
    data: jax.Array,
    *rest: jax.Array,
    with_state: bool = True,
) -> jax.Array:
    """Evaluate D[k]T from shifted values of D[k].

    D[k]T(.; v1..vk, y)_p = sum_m y_m dD[k]_m/dtheta_p. Without ``with_state`` it is zero in the
    amplitudes that the circuit begins with.
    """
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
    return _accumulate(member, contribution, theta, (*batch, num_theta), size, with_state)
