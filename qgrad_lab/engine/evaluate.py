"""Evaluate a member of the derivative family, in terms of native calls and lower members.

D[0] is the circuit itself: one native sweep, or an estimate from shots. Derivatives are left to the
member's method (``engine.methods``).
"""

import dataclasses
from importlib import import_module
from typing import Protocol, cast

import jax

from qgrad_lab.engine import calls, methods, sampling
from qgrad_lab.engine.member import Bind, Member
from qgrad_lab.methods.table import BEST, METHODS, Scope


class _Method(Protocol):
    """A file of ``engine.methods``."""

    NATIVE_ORDERS: int

    def evaluate(self, member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
        """Evaluate a derivative."""


_METHODS = {
    row.name: cast(_Method, import_module(f"{methods.__name__}.{row.module}"))
    for row in METHODS
    if row.scope is Scope.QNODES
}


def evaluate(member: Member, bind: Bind, *operands: jax.Array) -> jax.Array:
    """Evaluate ``member``.

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
    if member.order or member.transposed:
        return _METHODS[member.method].evaluate(member, bind, *operands)
    if member.circuit.settings:
        return _sampled(member, *operands)
    return calls.sweeps(member, *operands)


def native_orders(member: Member) -> int:
    """Return how many orders of derivatives are native sweeps, and take no shifted circuits."""
    return _METHODS[member.method].NATIVE_ORDERS


def differentiated(member: Member) -> Member:
    """Return the member itself, where its derivative is taken at the same operands."""
    keep = not member.order and not member.transposed and native_orders(member) > 0
    return dataclasses.replace(member, keep=keep)


def _sampled(member: Member, theta: jax.Array, index: jax.Array, data: jax.Array) -> jax.Array:
    """Estimate D[0] from random outcomes in each setting of the circuit."""

    def exact(theta: jax.Array, index: jax.Array, data: jax.Array) -> list[jax.Array]:
        members = [Member(setting, BEST) for setting in member.circuit.settings]
        return [calls.sweeps(setting, theta, index, data) for setting in members]

    return sampling.estimates(cast(sampling.Sampled, member.circuit), exact, theta, index, data)
