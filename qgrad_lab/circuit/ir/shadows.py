"""Define classical shadows: outcomes of measurements in random Pauli bases.

Each shot measures every wire in a basis of its own, X, Y or Z, its *recipe*. From the outcomes the
expectation value of any Pauli word can be estimated: a shot tells of the words that its recipes
contain (H.-Y. Huang, R. Kueng, J. Preskill, Nat. Phys. 16, 1050 (2020)).
"""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from qgrad_lab.circuit.ir.instructions import Term
from qgrad_lab.engine.randomness import folded, wrapped

LETTERS = "XYZ"
"""A recipe is the place of a letter."""

_NUMBERS_AT_ONCE = 2**22

_HALF = math.sqrt(0.5)
_ROTATIONS = np.array(
    [[[_HALF, _HALF], [_HALF, -_HALF]], [[_HALF, -1j * _HALF], [_HALF, 1j * _HALF]], np.eye(2)]
)
"""For each letter the matrix that takes its eigenstates of 1 and -1 to basis states."""


@dataclass(frozen=True)
class Shadow:
    """The outcomes and the recipes of every shot; or estimates from them.

    Parameters
    ----------
    wires
        Measured wires.
    seed
        Of the recipes; ``None`` for new ones in every execution.
    number
        Tells shadows without a seed apart, which are drawn independently.
    observables
        The sums of Pauli words that are estimated; ``None`` to give the shadow itself.
    parts
        The number of parts of the shots, of whose means the median is taken.
    """

    wires: tuple[int, ...]
    seed: int | None
    number: int
    observables: tuple[tuple[Term, ...], ...] | None = None
    parts: int = 1

    def size(self, shots: int) -> int:
        """Count the numbers that it gives for so many shots."""
        if self.observables is None:
            return 2 * shots * len(self.wires)
        return len(self.observables)

    def draw(self, key: jax.Array, psi: jax.Array, shots: int) -> tuple[jax.Array, jax.Array]:
        """Return outcomes and recipes, i64[shots, k], of the state ``psi`` c128[2^n]."""
        key = folded(key, self.number)
        size = shots, len(self.wires)
        if self.seed is None:
            recipes = jax.random.randint(wrapped(folded(key, 0)), size, 0, 3, jnp.int64)
        else:  # the same as PennyLane's
            recipes = jnp.asarray(np.random.RandomState(self.seed).randint(0, 3, size), jnp.int64)
        uniform = jax.random.uniform(wrapped(folded(key, 1)), size, jnp.float64)
        num_wires = psi.size.bit_length() - 1
        others = [wire for wire in range(num_wires) if wire not in self.wires]
        state = jnp.transpose(psi.reshape((2,) * num_wires), (*self.wires, *others))

        def shot(drawn: tuple[jax.Array, jax.Array]) -> jax.Array:
            rest, bits = state.ravel(), []
            for recipe, number in zip(*drawn, strict=True):
                halves = jnp.asarray(_ROTATIONS)[recipe] @ rest.reshape(2, -1)
                weights = jnp.sum(jnp.real(halves) ** 2 + jnp.imag(halves) ** 2, axis=1)
                bits.append((number * jnp.sum(weights) >= weights[0]).astype(jnp.int64))
                rest = halves[bits[-1]]
            return jnp.stack(bits)

        at_once = max(1, _NUMBERS_AT_ONCE // psi.size)
        return jax.lax.map(shot, (recipes, uniform), batch_size=min(shots, at_once)), recipes

    def estimate(self, bits: jax.Array, recipes: jax.Array, coefficients: jax.Array) -> jax.Array:
        """Estimate the observables, f64[size].

        Parameters
        ----------
        bits, recipes
            i64[shots, k].
        coefficients
            f64[W], of the terms of all observables, one after the other.
        """
        assert self.observables is not None
        all_terms = [term for terms in self.observables for term in terms]
        wanted = np.full((len(all_terms), len(self.wires)), -1)
        for row, term in zip(wanted, all_terms, strict=True):
            for wire, letter in term.word:
                row[self.wires.index(wire)] = LETTERS.index(letter)

        def mean(word: jax.Array) -> jax.Array:
            acts = word >= 0
            told = jnp.all((recipes == word[None]) | ~acts[None], axis=1)
            signs = 1.0 - 2.0 * (jnp.sum(jnp.where(acts[None], bits, 0), axis=1) & 1)
            values = jnp.where(told, signs, 0.0) * 3.0 ** jnp.sum(acts)
            step = -(-len(values) // self.parts)
            starts = range(0, len(values), step)
            return jnp.median(jnp.stack([jnp.mean(values[i : i + step]) for i in starts]))

        at_once = max(1, _NUMBERS_AT_ONCE // bits.size)
        weighted = coefficients * jax.lax.map(mean, jnp.asarray(wanted), batch_size=at_once)
        owners = [i for i, terms in enumerate(self.observables) for _ in terms]
        return jnp.zeros(len(self.observables)).at[np.array(owners, int)].add(weighted)

    def __str__(self) -> str:
        text = f"shadow({', '.join(map(str, self.wires))})"
        if self.seed is not None:
            text = f"{text[:-1]}, seed={self.seed})"
        return text if self.observables is None else f"{len(self.observables)} from {text}"
