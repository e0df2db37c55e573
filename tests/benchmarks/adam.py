"""Adam in plain numpy: for contestants without JAX, and to check those with it.

Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015), algorithm 1, with the constants
that `optax.adam` has by default.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.workloads import LEARNING_RATE


def adam(gradient: Callable[[Any], Any], x: np.ndarray, steps: int) -> np.ndarray:
    """The parameters after ``steps`` steps from ``x``."""
    decay_mean, decay_square, epsilon = 0.9, 0.999, 1e-8
    mean, square = np.zeros_like(x), np.zeros_like(x)
    for step in range(1, steps + 1):
        slope = np.asarray(gradient(x))
        mean = decay_mean * mean + (1 - decay_mean) * slope
        square = decay_square * square + (1 - decay_square) * slope**2
        unbiased = mean / (1 - decay_mean**step), square / (1 - decay_square**step)
        x = x - LEARNING_RATE * unbiased[0] / (np.sqrt(unbiased[1]) + epsilon)
    return x
