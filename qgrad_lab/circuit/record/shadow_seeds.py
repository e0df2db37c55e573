"""Tell the seeds of classical shadows that users give from those that PennyLane draws.

Where there is none, PennyLane draws one when the measurement is made. A compiled program makes it
once and runs many times, and has to choose new bases in each of its runs.
"""

import functools
from typing import Any

import numpy as np
import pennylane as qml


class DrawnSeed(int):
    """A seed that nobody gave."""


def seed_of(given: int | None) -> int:
    """Return the seed of a shadow: the one given, or a new one."""
    return given or DrawnSeed(np.random.randint(2**30))


def _classical_shadow(wires: Any, seed: int | None = None) -> Any:
    # Runs with the globals of PennyLane's function.
    from qgrad_lab.circuit.record.shadow_seeds import seed_of

    return ClassicalShadowMP(wires=Wires(wires), seed=seed_of(seed))  # type: ignore[name-defined]  # noqa: F821


def _shadow_expval(H: Any, k: int = 1, seed: int | None = None) -> Any:
    # Runs with the globals of PennyLane's function.
    from qgrad_lab.circuit.record.shadow_seeds import seed_of

    return ShadowExpvalMP(H=H, seed=seed_of(seed), k=k)  # type: ignore[name-defined]  # noqa: F821


@functools.cache
def install() -> None:
    """Make PennyLane mark the seeds that it draws; further calls do nothing."""
    # Users may have imported the functions already, so that only their code can be replaced.
    qml.classical_shadow.__code__ = _classical_shadow.__code__
    qml.shadow_expval.__code__ = _shadow_expval.__code__
