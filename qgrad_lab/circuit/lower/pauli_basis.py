"""Decompose matrices on a few wires into Pauli words, and compose them again."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

LETTERS = "IXYZ"

Word = tuple[tuple[int, str], ...]
"""A Pauli word: ``(wire, letter)`` pairs in the order of the wires; the empty word is 1."""

_PAULIS = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_PRODUCTS = {
    "XY": (1j, "Z"),
    "YZ": (1j, "X"),
    "ZX": (1j, "Y"),
    "YX": (-1j, "Z"),
    "ZY": (-1j, "X"),
    "XZ": (-1j, "Y"),
}


def words(wires: tuple[int, ...]) -> list[Word]:
    """List all ``4^k`` Pauli words on ``wires``; the letter of the last wire runs fastest."""
    return [
        tuple(sorted((w, letter) for w, letter in zip(wires, letters, strict=True) if letter > "I"))
        for letters in itertools.product(LETTERS, repeat=len(wires))
    ]


def multiply(left: Word, right: Word) -> tuple[complex, Word]:
    """Multiply two Pauli words: return a power of i, and a word."""
    phase: complex = 1.0
    letters = dict(left)
    for wire, letter in right:
        own = letters.pop(wire, None)
        if own is None:
            letters[wire] = letter
        elif own != letter:
            factor, letters[wire] = _PRODUCTS[own + letter]
            phase *= factor
    return phase, tuple(sorted(letters.items()))


def decompose(matrix: Any) -> Any:
    """Return the coefficients of ``matrix``, known or traced, in the order of ``words``.

    Goes wire by wire, as a fast Walsh-Hadamard transform does: k sweeps over the 4^k numbers.

    Parameters
    ----------
    matrix
        c128[2^k, 2^k].

    Returns
    -------
    array
        c128[4^k]: ``tr(P matrix) / 2^k`` for each word P.
    """
    xp = _namespace(matrix)
    k = matrix.shape[0].bit_length() - 1
    by_wire = [axis for wire in range(k) for axis in (wire, k + wire)]
    pairs = xp.transpose(matrix.reshape((2,) * (2 * k)), by_wire).reshape((4,) * k)
    traces = _PAULIS.transpose(0, 2, 1).reshape(4, 4) / 2
    for _ in range(k):
        # The first axis goes to the end: after k sweeps the order is as before.
        pairs = xp.tensordot(pairs, traces, axes=[[0], [1]])
    return pairs.reshape(-1)


def compose(coefficients: Any) -> Any:
    """Invert ``decompose``: return the matrix with these coefficients, c128[2^k, 2^k]."""
    xp = _namespace(coefficients)
    k = (coefficients.size.bit_length() - 1) // 2
    pairs = coefficients.reshape((4,) * k)
    for _ in range(k):
        pairs = xp.tensordot(pairs, _PAULIS.reshape(4, 4), axes=[[0], [0]])
    by_wire = pairs.reshape((2, 2) * k)
    rows_then_columns = (*range(0, 2 * k, 2), *range(1, 2 * k, 2))
    return xp.transpose(by_wire, rows_then_columns).reshape(2**k, 2**k)


def _namespace(array: Any) -> Any:
    return jnp if isinstance(array, jax.Array) else np
