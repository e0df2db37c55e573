"""The von Neumann entropy of a density matrix, with derivatives of every order.

JAX differentiates spectral functions through eigenvectors, which have no derivative where
eigenvalues coincide: at product states, and at maximally entangled ones. The entropy has. So
eigenvectors are never differentiated here. The first derivative is

    d tr(-rho log rho) = -tr((log rho + 1) d rho),

and the derivatives of the matrix logarithm are a family that is closed under differentiation, as
the circuit's own is:

    L[k](rho; E1..Ek) = (-1)^(k+1) sum over permutations s of
                        int_0^inf R(t) E_s(1) R(t) ... E_s(k) R(t) dt,    R(t) = (rho + t)^-1

(the k-th derivative of ``log rho = int_0^inf (1/(1 + t) - R(t)) dt``). In the variable ``log t``
the integrand is analytic in a strip and decays exponentially, so that the trapezoidal rule
converges to rounding error, without the cancellation that divided differences suffer from.

Where an eigenvalue vanishes (a pure state), -x log x has an infinite slope; eigenvalues are
treated as if they were at least 1e-16. First derivatives are exact there all the same, because
an eigenvalue at zero is at its minimum. Second derivatives, which diverge logarithmically, come
out finite, as they are at that distance.
"""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_FLOOR = 1e-16
"""The least eigenvalue: rounding error of a density matrix."""

_STEP = 0.5
"""Of the trapezoidal rule in log t: its error is exp(-2 pi^2 / step), below 1e-16."""

# Outside of these bounds the integrand is below rounding error, for eigenvalues from _FLOOR to 1.
_NODES = np.exp(np.arange(-76.0, 40.0, _STEP))


@jax.custom_jvp
def entropy(rho: jax.Array) -> jax.Array:
    """``-tr(rho log rho)``, in nats.

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
    slope = _log(0)(rho) + jnp.eye(rho.shape[0])
    return entropy(rho), -jnp.real(jnp.sum(slope.T * rho_dot))


@functools.cache
def _log(order: int) -> Any:
    """L[order], a function of ``rho`` and as many directions, in which it is linear."""

    @jax.custom_jvp
    def member(rho: jax.Array, *directions: jax.Array) -> jax.Array:
        eigenvalues, vectors = jnp.linalg.eigh(rho)
        eigenvalues = jnp.maximum(eigenvalues, _FLOOR)
        adjoint = vectors.conj().T
        if order == 0:
            return (vectors * jnp.log(eigenvalues)[None]) @ adjoint
        rotated = [adjoint @ direction @ vectors for direction in directions]
        return vectors @ _integral(eigenvalues, rotated) @ adjoint

    @member.defjvp
    def rule(primals: Any, tangents: Any) -> tuple[Any, Any]:
        rho, *directions = primals
        rho_dot, *direction_dots = tangents
        tangent = _log(order + 1)(rho, *directions, rho_dot)
        for i, dot in enumerate(direction_dots):
            tangent = tangent + member(rho, *directions[:i], dot, *directions[i + 1 :])
        return member(*primals), tangent

    return member


def _integral(eigenvalues: jax.Array, directions: list[jax.Array]) -> jax.Array:
    """L[k] in the basis in which rho is diagonal."""
    sign = (-1.0) ** (len(directions) + 1)

    def add(total: jax.Array, node: jax.Array) -> tuple[jax.Array, None]:
        resolvent = 1.0 / (eigenvalues + node)
        for permuted in itertools.permutations(directions):
            product = resolvent[:, None] * permuted[0] * resolvent[None]
            for direction in permuted[1:]:
                product = (product @ direction) * resolvent[None]
            total = total + sign * _STEP * node * product
        return total, None

    return jax.lax.scan(add, jnp.zeros_like(directions[0]), jnp.asarray(_NODES))[0]
