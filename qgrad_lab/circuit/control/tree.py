"""Follow all outcomes of the measurements in the middle of a circuit.

The branches are a binary tree, gone through depth first: a measurement leaves two states, each with
the probability of its branch as squared norm, and what is linear in ``|psi><psi|`` is summed over
the leaves. Derivatives save the state at each measurement on the path, and evaluate what comes
between them anew (``jax.checkpoint``), so that k measurements take the memory of k + 2 states.

Two kinds of branches are not run, for values and first derivatives (``negligible`` tells):

- those that have the probability zero;
- the second one of two that are the same but for a factor, as after the reset of a wire that was
  not entangled, where nothing depends on the outcome. With ``psi1 = c psi0`` at this point the
  first one is run with ``(psi0 + c* psi1) / sqrt(1 + |c|^2)`` for c that is held constant, which
  has the same ``|psi><psi|`` as both together, and the same first derivative of it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from qgrad_lab.circuit.classical.part import Numbers
from qgrad_lab.circuit.classical.staged import StagedPart, Values
from qgrad_lab.circuit.control.collapse import NOTHING, normalised, projected, weight
from qgrad_lab.circuit.control.cuts import Cut
from qgrad_lab.circuit.control.negligible import negligible
from qgrad_lab.circuit.ir.program import Program
from qgrad_lab.circuit.lower.readouts.readout import amplitudes_of
from qgrad_lab.engine.randomness import folded, wrapped

_NESTED = 6
"""The most measurements whose loops over outcomes are nested.

JAX recurses into nested loops. Those before the last ones are one loop over all of their outcomes,
which evaluates anew what its paths share, little beside what comes after them.
"""

Execute = Callable[[Program, Numbers], jax.Array]
"""Bind a Program: the vector of its measured numbers."""

Leaf = Callable[[Values], Any]
"""From the values on the path, that of the last state included, to what is summed."""


def follow(
    part: StagedPart,
    cuts: Sequence[Cut],
    start: Values,
    execute: Execute,
    leaf: Leaf,
    types: Any,
) -> Any:
    """Sum ``leaf`` over all branches.

    Parameters
    ----------
    part
        The classical part. Its first results are for each cut the wire, and whether it is active.
    cuts
        In the order of time; what is traced in them is not used.
    start
        Stage 0 of the classical part.
    execute
        For the Programs between cuts.
    leaf
        Evaluates the end of a branch.
    types
        Shapes and types of what it returns, a pytree; ``None`` if no measurement branches, and the
        state is to be normalised.
    """

    def descend(values: Values, stage: int, psi: jax.Array) -> Any:
        if stage == len(cuts):
            return leaf(values)
        left = sum(cut.branches for cut in cuts[stage:])
        if left > _NESTED:
            return several(values, stage, psi, left - _NESTED)
        if cuts[stage].branches:
            return several(values, stage, psi, 1)
        return descend(*step(values, stage, psi, None, False)[:3])

    def step(values: Values, stage: int, psi: jax.Array, outcome: Any, left_out: Any) -> Any:
        """Go on to the next cut: values, stage and state there, and whether it vanishes."""
        cut = cuts[stage]
        program = cut.program
        if program is not None:

            def run() -> jax.Array:
                return amplitudes_of(execute(program, part.numbers(values, stage)))

            psi = (
                run()
                if left_out is False
                else jax.lax.cond(left_out, lambda: jnp.zeros_like(psi), run)
            )
        after = _After(part, values, stage, cut, psi)
        if cut.branches:
            psi, vanishes = after.branch(outcome)
        else:
            outcome, vanishes = jnp.asarray(bool(cut.postselect)), jnp.asarray(False)
            psi = after.state(outcome)
            if types is None:
                psi = normalised(psi, after.before)
        return part.advance(values, stage + 1, outcome, psi), stage + 1, psi, vanishes

    def several(values: Values, stage: int, psi: jax.Array, count: int) -> Any:
        """Sum over all outcomes of the next ``count`` measurements that branch."""

        @jax.checkpoint
        def path(number: jax.Array) -> Any:
            return one_path(values, stage, psi, number, count)

        def add(total: Any, number: jax.Array) -> tuple[Any, None]:
            return jax.tree.map(jnp.add, total, path(number)), None

        nothing = jax.tree.map(_zeros, types)
        return jax.lax.scan(add, nothing, jnp.arange(2**count))[0]

    def one_path(values: Values, stage: int, psi: jax.Array, number: jax.Array, count: int) -> Any:
        """Follow one path, along which the outcomes are the ``count`` last bits of ``number``."""
        left_out: Any = False
        for bit in reversed(range(count)):
            while not cuts[stage].branches:
                values, stage, psi, _ = step(values, stage, psi, None, left_out)
            outcome = (number >> bit) & 1 == 1
            values, stage, psi, vanishes = step(values, stage, psi, outcome, left_out)
            left_out = jnp.logical_or(left_out, vanishes)
        return jax.lax.cond(
            left_out, lambda: jax.tree.map(_zeros, types), lambda: descend(values, stage, psi)
        )

    return descend(start, 0, jnp.zeros(0, jnp.complex128))


def draw(
    part: StagedPart,
    cuts: Sequence[Cut],
    start: Values,
    execute: Execute,
    leaf: Leaf,
    types: Any,
    key: jax.Array,
) -> Any:
    """Return ``leaf`` of one branch, drawn among all that outcomes to be selected leave.

    The parameters are those of `follow`, and the key of random numbers u32[2]. A measurement has to
    know the probabilities of the branches that follow, so all of them are run, and each measurement
    draws which one is kept. Where none is left the result is not a number.
    """

    def descend(values: Values, stage: int, psi: jax.Array, probability: Any, key: Any) -> Any:
        if stage == len(cuts):
            return probability, leaf(values)
        cut = cuts[stage]
        if cut.program is not None:
            psi = amplitudes_of(execute(cut.program, part.numbers(values, stage)))
        after = _After(part, values, stage, cut, psi)

        def branch(outcome: jax.Array) -> Any:
            psi = after.state(outcome)
            part_of_it = weight(psi)
            own = folded(key, 1 + outcome.astype(jnp.uint32))

            def run() -> Any:
                normal = psi / jnp.sqrt(part_of_it)
                below = part.advance(values, stage + 1, outcome, normal)
                return descend(below, stage + 1, normal, probability * part_of_it, own)

            def nothing() -> Any:
                return jnp.zeros(()), jax.tree.map(_zeros, types)

            return jax.lax.cond(part_of_it <= NOTHING, nothing, run)

        if not cut.branches:
            return branch(jnp.asarray(bool(cut.postselect)))
        weights, results = jax.lax.map(branch, jnp.asarray([False, True]))
        drawn = jax.random.uniform(wrapped(folded(key, 0)), (), jnp.float64)
        one = drawn * (weights[0] + weights[1]) < weights[1]
        return weights[0] + weights[1], jax.tree.map(
            lambda value: jnp.where(one, value[1], value[0]), results
        )

    total, result = descend(start, 0, jnp.zeros(0, jnp.complex128), jnp.ones(()), key)
    return jax.tree.map(
        lambda value: (
            jnp.where(total > 0.0, value, jnp.nan)
            if jnp.issubdtype(value.dtype, jnp.inexact)
            else value
        ),
        result,
    )


def _zeros(kind: Any) -> jax.Array:
    return jnp.zeros(kind.shape, kind.dtype)


class _After:
    """The states after a measurement."""

    def __init__(
        self, part: StagedPart, values: Values, stage: int, cut: Cut, psi: jax.Array
    ) -> None:
        self.before = psi
        self._cut = cut
        self._used = part.reads(stage + 1)
        self._wire = part.result(values, 2 * stage) if cut.wire is None else cut.wire
        self._active = True if cut.active is True else part.result(values, 2 * stage + 1)

    def state(self, outcome: jax.Array) -> jax.Array:
        """Return the state after ``outcome``; where nothing is measured, it is always zero."""
        cut, psi = self._cut, projected(self.before, self._wire, outcome, self._cut.reset)
        if self._active is True:
            return psi
        # Without a measurement the state goes on as it is, once.
        unmeasured = jnp.where(outcome & jnp.asarray(cut.branches), 0.0, self.before)
        return jnp.where(self._active, psi, unmeasured)

    def branch(self, outcome: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return the state to go on with after ``outcome``, and whether there is nothing to do."""
        psi = self.state(outcome)
        left_out = negligible(weight(psi) - NOTHING * weight(self.before))
        if self._used or not self._cut.reset:
            return psi, left_out
        zero, one = (self.state(jnp.asarray(each)) for each in (False, True))
        norm = weight(zero)
        ratio = jnp.vdot(zero, one) / jnp.where(norm > 0.0, norm, 1.0)
        rest = weight(one - ratio * zero)
        same = negligible(rest - NOTHING * weight(self.before))
        ratio = jax.lax.stop_gradient(ratio)
        factor = jnp.sqrt(1.0 + jnp.real(ratio) ** 2 + jnp.imag(ratio) ** 2)
        both = (zero + jnp.conj(ratio) * one) / factor
        return jnp.where(same & ~outcome, both, psi), jnp.where(same, outcome, left_out)
