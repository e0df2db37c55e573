"""What functions return that make measurements."""

from collections.abc import Callable, Iterable
from typing import Any

import jax
import pennylane as qml
from pennylane.measurements import MeasurementProcess


def kinds_of(makers: Iterable[Callable[[Any], Any]]) -> set[type]:
    """The types of all measurements that functions of three numbers return."""
    point = jax.numpy.array([0.3, 0.7, -0.4])
    with qml.QueuingManager.stop_recording():
        results = [maker(point) for maker in makers]
    leaves = jax.tree.leaves(results, is_leaf=lambda leaf: isinstance(leaf, MeasurementProcess))
    return {type(leaf) for leaf in leaves}
