"""Functions of matrices, with derivatives of every order where eigenvalues coincide too.

JAX differentiates what is made of eigenvectors only where all eigenvalues differ. Of a matrix that
is known the eigenvectors are found in NumPy, where nothing is differentiated; exponentials of
traced ones are Pade approximants, and roots are differentiated by the equation that defines them.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg  # type: ignore[import-untyped]

_CLOSE = 1e-12


def exponential(factor: Any, matrix: Any) -> Any:
    """Return ``exp(factor * matrix)``, c128[d, d].

    Parameters
    ----------
    factor
        A number, known or traced.
    matrix
        Square, known or traced.
    """
    traced = isinstance(factor, jax.core.Tracer)
    if isinstance(matrix, jax.core.Tracer) or (traced and not _is_hermitian(matrix)):
        return jax.scipy.linalg.expm(jnp.asarray(factor * matrix, jnp.complex128))
    if not _is_hermitian(matrix):
        return scipy.linalg.expm(factor * matrix)
    eigenvalues, vectors = np.linalg.eigh(matrix)
    exp = jnp.exp if traced else np.exp
    return (vectors * exp(factor * eigenvalues)[None]) @ vectors.conj().T


def power(unitary: np.ndarray, exponent: Any) -> Any:
    """Return the principal ``unitary ** exponent``, c128[d, d], for a known or traced exponent."""
    triangle, vectors = scipy.linalg.schur(unitary, output="complex")
    # The triangle of a unitary matrix is diagonal.
    angles = np.angle(np.diag(triangle))
    angles = np.where(angles < _CLOSE - np.pi, np.pi, angles)  # -1, but for rounding errors
    exp = jnp.exp if isinstance(exponent, jax.core.Tracer) else np.exp
    return (vectors * exp(1j * exponent * angles)[None]) @ vectors.conj().T


@jax.custom_jvp
def root(matrix: jax.Array) -> jax.Array:
    """Return the positive square root of a Hermitian matrix without negative eigenvalues.

    Differentiable to any order where the matrix is invertible: ``R dR + dR R = dM``.

    Parameters
    ----------
    matrix
        c128[d, d].
    """
    eigenvalues, vectors = jnp.linalg.eigh(matrix)
    return (vectors * jnp.sqrt(jnp.maximum(eigenvalues, 0.0))[None]) @ vectors.conj().T


@root.defjvp
def _root_jvp(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    (matrix,), (direction,) = primals, tangents
    found = root(matrix)
    return found, _anticommutator_inverse(found, direction)


def _anticommutator_inverse(positive: jax.Array, right: jax.Array) -> jax.Array:
    """Solve ``positive X + X positive = right`` for X."""
    # JAX differentiates the equation: eigenvectors only solve it.
    eigenvalues, vectors = jnp.linalg.eigh(jax.lax.stop_gradient(positive))
    sums = eigenvalues[:, None] + eigenvalues[None]
    # Where both eigenvalues vanish there is no derivative; 0 is that of a root which stays zero.
    inverses = jnp.where(sums > _CLOSE, 1.0 / jnp.where(sums > _CLOSE, sums, 1.0), 0.0)

    def solve(basis: jax.Array, given: jax.Array) -> jax.Array:
        return basis @ (inverses * (basis.conj().T @ given @ basis)) @ basis.conj().T

    return jax.lax.custom_linear_solve(
        lambda found: positive @ found + found @ positive,
        right,
        lambda _, given: solve(vectors, given),
        lambda _, given: solve(vectors.conj(), given),
    )


def _is_hermitian(matrix: np.ndarray) -> bool:
    scale = max(1.0, float(np.max(np.abs(matrix), initial=0.0)))
    return bool(np.max(np.abs(matrix - matrix.conj().T), initial=0.0) <= _CLOSE * scale)
