"""Lower observables to sums of Pauli words, with known or traced coefficients."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml
from pennylane.operation import Operator

from qgrad_lab.circuit.ir.instructions import Term
from qgrad_lab.circuit.lower.operands import Operands
from qgrad_lab.circuit.lower.pauli_basis import Word, decompose, multiply, words
from qgrad_lab.circuit.lower.readouts.traced_wires import has_traced
from qgrad_lab.errors import CompileError

Sentence = dict[Word, Any]
"""A sum of Pauli words: a map from each word to its coefficient, known or traced."""

# A matrix becomes Pauli words only where they are few: each word costs a pass over the state, and
# with parameter-shift each traced coefficient costs two executions.
_MAX_KNOWN_WIRES = 6
_MAX_KNOWN_WORDS = 64
_MAX_TRACED_WIRES = 2
_MAX_PRODUCTS = 4096

_ZERO = 1e-15
"""Coefficients of a known matrix below this fraction of the largest are rounding errors."""


def sentence(observable: Operator, wire_map: dict[Any, int]) -> Sentence | None:
    """Expand ``observable`` in Pauli words; return ``None`` if there would be too many of them.

    Sums and products of Pauli operators may have any size. Other operators are expanded if they
    act on few wires.

    Parameters
    ----------
    observable
        Any operator that has a matrix, with known or traced parameters.
    wire_map
        From wire labels to wires of the Program; ``None`` of wires that are traced.
    """
    if has_traced(observable.wires):
        return None
    known = known_words(observable)
    if known is not None:
        return {_word_of(word, wire_map): c for word, c in known.items()}
    match observable:
        case qml.ops.Sum():
            return _sum([sentence(operand, wire_map) for operand in observable.operands])
        case qml.ops.Prod():
            return _product([sentence(operand, wire_map) for operand in observable.operands])
        case qml.ops.SProd():
            base = sentence(observable.base, wire_map)
            scalar = scalar_of(observable)
            return base and {word: _times(scalar, c) for word, c in base.items()}
        case _:
            return _expanded(observable, wire_map)


def known_words(observable: Operator) -> dict[qml.pauli.PauliWord, Any] | None:
    """Return the Pauli words that ``observable`` is known to be a sum of, and their coefficients.

    ``None`` if it is made of other operators, or if some of it is traced. Coefficients that are
    arrays of JAX were multiplied while a program was traced if the observable was made there; what
    was traced so is for ``sentence`` to multiply anew.
    """
    if observable.pauli_rep is None or is_traced(observable):
        return None
    found = {word: _number(c) for word, c in observable.pauli_rep.items()}
    return None if any(isinstance(c, jax.core.Tracer) for c in found.values()) else found


def scalar_of(product: qml.ops.SProd) -> Any:
    """Return the factor of ``product``, known or traced, as a number: NumPy's if it is known."""
    return _number(product.scalar)


def is_traced(observable: Operator) -> bool:
    """Return whether some parameters of ``observable`` are traced."""
    return any(isinstance(value, jax.core.Tracer) for value in observable.data)


def commute_by_wire(words: Sentence) -> bool:
    """Return whether one measurement of each wire, in one basis, measures all ``words``."""
    letters: dict[int, str] = {}
    return all(
        letters.setdefault(wire, letter) == letter for word in words for wire, letter in word
    )


def single_word(observable: Operator, wire_map: dict[Any, int]) -> tuple[float, Word] | None:
    """Take ``observable`` apart if it is a known number times a Pauli word other than 1."""
    known = None if has_traced(observable.wires) else known_words(observable)
    if known is None or len(known) != 1:
        return None
    ((word, coefficient),) = known.items()
    number = complex(coefficient)
    if not word or number.imag or not number.real:
        return None
    return number.real, _word_of(word, wire_map)


def terms(observable: Operator, parts: list[Sentence], operands: Operands) -> tuple[Term, ...]:
    """Add ``parts`` up to the terms of a Program.

    Parameters
    ----------
    observable
        The measured observable, for messages.
    parts
        Sums of Pauli words that add up to it.
    operands
        Takes traced coefficients.

    Raises
    ------
    CompileError
        If the observable is known not to be Hermitian.
    """
    total = _sum(list(parts)) or {}
    known = [abs(c) for c in total.values() if not isinstance(c, jax.core.Tracer)]
    scale = max((float(size) for size in known if np.ndim(size) == 0), default=0.0)
    result = []
    for word, coefficient in total.items():
        if not isinstance(coefficient, jax.core.Tracer) and np.ndim(coefficient) == 0:
            if abs(np.imag(coefficient)) > 1e-12 * scale:
                raise not_hermitian(observable)
            coefficient = np.real(coefficient)
        number = operands.coefficient(coefficient)
        if number != 0.0:
            result.append(Term(number, word))
    return tuple(result)


def known_matrix(observable: Operator) -> Any:
    """Return the matrix of ``observable``.

    Returns
    -------
    array
        Dense NumPy or traced JAX matrix; a SciPy sparse matrix for a ``SparseHamiltonian``.

    Raises
    ------
    CompileError
        If it has no matrix.
    """
    if isinstance(observable, qml.SparseHamiltonian):
        return observable.sparse_matrix()
    if isinstance(observable, qml.Projector):
        ket = projector_ket(observable)
        return ket[:, None] * ket.conj()[None]
    if not observable.has_matrix:
        raise CompileError(
            f"The observable {observable} cannot be compiled: it has no matrix. Measure sums and "
            "products of Pauli operators, qml.Hermitian, qml.Projector, qml.SparseHamiltonian or "
            "qml.Hadamard."
        )
    with jax.ensure_compile_time_eval():  # arrays of JAX that are known stay known
        matrix = observable.matrix()
    return matrix if isinstance(matrix, jax.core.Tracer) else np.asarray(matrix)


def projector_ket(projector: qml.Projector) -> Any:
    """Return the state that ``projector`` projects on, known or traced, c128[2^k]."""
    (parameter,) = projector.data
    num_wires = len(projector.wires)
    if np.shape(parameter)[0] == num_wires:  # a bit for each wire
        place = parameter @ (2 ** np.arange(num_wires)[::-1])
        return (np.arange(2**num_wires) == place) * (1.0 + 0j)
    return parameter


def not_hermitian(observable: Operator) -> CompileError:
    """Make the error for an observable that is not Hermitian."""
    return CompileError(
        f"The observable {observable} is not Hermitian, so its expectation value is not a real "
        "number. For an operator A measure (A + qml.adjoint(A)) / 2, for a matrix M "
        "qml.Hermitian((M + M.conj().T) / 2, wires=...)."
    )


def _word_of(word: qml.pauli.PauliWord, wire_map: dict[Any, int]) -> Word:
    """Convert PennyLane's Pauli word to wires of the Program."""
    return tuple(sorted((wire_map[wire], letter) for wire, letter in word.items()))


def _expanded(observable: Operator, wire_map: dict[Any, int]) -> Sentence | None:
    num_wires = len(observable.wires)
    if num_wires > _MAX_KNOWN_WIRES:
        return None
    matrix = known_matrix(observable)
    wires = tuple(wire_map[wire] for wire in observable.wires)
    if isinstance(matrix, jax.core.Tracer):
        if num_wires > _MAX_TRACED_WIRES:
            return None
        # If the matrix is not Hermitian, this is its Hermitian part.
        traced = jnp.real(decompose(matrix.astype(jnp.complex128)))
        return {word: traced[i] for i, word in enumerate(words(wires))}
    if isinstance(observable, qml.SparseHamiltonian):
        matrix = matrix.toarray()
    coefficients = decompose(matrix)
    threshold = _ZERO * np.max(np.abs(coefficients))
    kept = {
        word: c
        for word, c in zip(words(wires), coefficients.tolist(), strict=True)
        if not abs(c) <= threshold  # NaN is kept here, and refused later
    }
    return kept if len(kept) <= _MAX_KNOWN_WORDS else None


def _sum(parts: list[Sentence | None]) -> Sentence | None:
    total: Sentence = {}
    for part in parts:
        if part is None:
            return None
        for word, coefficient in part.items():
            total[word] = total[word] + coefficient if word in total else coefficient
    return total


def _product(parts: list[Sentence | None]) -> Sentence | None:
    total: Sentence = {(): 1.0}
    for part in parts:
        if part is None or len(total) * len(part) > _MAX_PRODUCTS:
            return None
        products = []
        for left, a in total.items():
            for right, b in part.items():
                phase, word = multiply(left, right)
                products.append({word: _times(phase, _times(a, b))})
        total = _sum(list(products)) or {}
    return total


def _number(value: Any) -> Any:
    """Return a coefficient as a number: PennyLane takes arrays of one element too."""
    if isinstance(value, jax.core.Tracer):
        return value.reshape(()) if value.size == 1 and value.ndim else value
    if isinstance(value, jax.Array | np.ndarray):
        value = np.asarray(value)
        return value.reshape(()) if value.size == 1 else value
    return value


def _times(a: Any, b: Any) -> Any:
    # A multiplication by 1 would hide from ``classical.assemble`` that a coefficient is an element
    # of an array.
    if not isinstance(a, jax.core.Tracer) and np.ndim(a) == 0 and a == 1:
        return b
    if not isinstance(b, jax.core.Tracer) and np.ndim(b) == 0 and b == 1:
        return a
    return a * b
