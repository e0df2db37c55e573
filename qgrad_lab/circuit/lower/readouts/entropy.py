"""The von Neumann entropy of a density matrix, with derivatives of every order.

JAX differentiates spectral functions through eigenvectors, which have no derivative where
eigenvalues coincide: at product states, and at maximally entangled ones. The entropy has one, so
eigenvectors are never differentiated here. The first derivative of the entropy is

    d tr(-rho log rho) = -tr((log rho + 1) d rho),

and that of the matrix logarithm, from ``log rho = int_0^inf (1/(1 + t) - R(t)) dt``, is

    d log rho = int_0^inf R(t) d rho R(t) dt,    R(t) = (rho + t)^-1,

in which only inverses are left, which JAX differentiates any number of times. In the variable
``log t`` the integrand is analytic in a strip and decays exponentially, so that the trapezoidal
rule converges to rounding error, without the cancellation that divided differences suffer from.

Where an eigenvalue vanishes (a pure state), -x log x has an infinite slope; eigenvalues are
treated as if they were at least 1e-16. First derivatives are exact there all the same, because
an eigenvalue at zero is at its minimum. Second derivatives are exact where it stays at zero; where
it does not they diverge logarithmically, and come out finite, as they are at that distance. Third
derivatives are exact where no eigenvalue vanishes; elsewhere rounding errors swamp them.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_FLOOR = 1e-16
"""The least eigenvalue: rounding error of a density matrix."""

_STEP = 0.5
"""Step of the trapezoidal rule in log t: the error is exp(-2 pi^2 / step), below 1e-16."""

# Outside of these bounds the integrand is below rounding error, for eigenvalues from _FLOOR to 1.
_NODES = np.exp(np.arange(-76.0, 40.0, _STEP))

CHUNK_BYTES = 64 * 2**20
"""Bound on the memory of the inverses that are held at once."""


@jax.custom_jvp
def entropy(rho: jax.Array) -> jax.Array:
    """Evaluate ``-tr(rho log rho)``, in nats.

    Parameters
    ----------
    rho
        Density matrix, c128[d, d].

    Returns
    -------
    jax.Array
        f64 scalar.
    """
    eigenvalues = jnp.linalg.eigvalsh(rho)
    # 0 log 0 = 0, and rounding may make a vanishing eigenvalue negative.
    positive = jnp.where(eigenvalues > 0.0, eigenvalues, 1.0)
    return -jnp.sum(positive * jnp.log(positive))


@entropy.defjvp
def _entropy_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    (rho,), (rho_dot,) = primals, tangents
    slope = _log(rho) + jnp.eye(rho.shape[0])
    return entropy(rho), -jnp.real(jnp.sum(slope.T * rho_dot))


@jax.custom_jvp
def _log(rho: jax.Array) -> jax.Array:
    eigenvalues, vectors = _eigh(rho)
    return (vectors * jnp.log(eigenvalues)[None]) @ vectors.conj().T


@_log.defjvp
def _log_jvp(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    (rho,), (rho_dot,) = primals, tangents
    # In the eigenbasis at this point, a constant, rho is diagonal. What its own derivatives change
    # is in ``change``, whose value is zero: the matrices to invert are 1, however singular rho is.
    constant = jax.lax.stop_gradient(rho)
    eigenvalues, vectors = _eigh(constant)
    adjoint = vectors.conj().T
    change = adjoint @ (rho - constant) @ vectors
    direction = adjoint @ rho_dot @ vectors

    def term(node: jax.Array) -> jax.Array:
        root = jnp.sqrt(1.0 / (eigenvalues + node))
        scale = root[:, None] * root[None]
        inverse = jnp.linalg.inv(jnp.eye(len(root)) + scale * change)
        return _STEP * node * scale * (inverse @ (scale * direction) @ inverse)

    def part(nodes: jax.Array) -> jax.Array:
        return jnp.sum(jax.vmap(term)(nodes), axis=0)

    # In parts that fit. Not in a scan, which JAX 0.7 cannot transpose twice here.
    size = min(len(_NODES), max(1, CHUNK_BYTES // (16 * direction.size)))
    if size < len(_NODES):
        part = jax.checkpoint(part)
    parts = [part(jnp.asarray(_NODES[i : i + size])) for i in range(0, len(_NODES), size)]
    total = functools.reduce(jnp.add, parts)
    return _log(rho), vectors @ total @ adjoint


def _eigh(rho: jax.Array) -> tuple[jax.Array, jax.Array]:
    eigenvalues, vectors = jnp.linalg.eigh(rho)
    return jnp.maximum(eigenvalues, _FLOOR), vectors
