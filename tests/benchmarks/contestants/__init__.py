"""The contestants: each computes a workload's derivative in its own way.

A contestant is a module of this package with

- ``unable(workload)``: why it cannot take part in a row, or ``None``; known without trying.
- ``build(workload)``: a `Built`, made afresh, with nothing kept from another one.

It is imported in the process that runs it, by `load`, so that a missing package is told as such.
"""

import dataclasses
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any


@dataclasses.dataclass(frozen=True)
class Built:
    """A compiled function and its arguments; it is compiled at the first call at the latest."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __call__(self) -> Any:
        return self.function(*self.arguments)


OURS = "qgrad_lab"

MODULES = {
    OURS: "qgrad_lab_qjit",
    "catalyst": "catalyst_qjit",
    "lightning": "lightning_jit",
    "backprop": "default_qubit_jit",
    "tensorcircuit": "tensorcircuit_jit",
    "tensorcircuit-network": "tensorcircuit_network_jit",
    "qulacs": "qulacs_backprop",
}
"""The modules, by the names of the contestants."""

TITLES = {
    OURS: "qgrad_lab",
    "catalyst": "Catalyst",
    "lightning": "PennyLane, lightning.qubit",
    "backprop": "PennyLane, default.qubit backprop",
    "tensorcircuit": "TensorCircuit-NG",
    "tensorcircuit-network": "TensorCircuit-NG, no state",
    "qulacs": "qulacs",
}

PACKAGES = {
    OURS: ("jax", "jaxlib", "pennylane", "pennylane-lightning"),
    "catalyst": ("pennylane-catalyst", "jax", "pennylane", "pennylane-lightning"),
    "lightning": ("pennylane", "pennylane-lightning", "jax"),
    "backprop": ("pennylane", "jax"),
    "tensorcircuit": ("tensorcircuit-ng", "jax"),
    "tensorcircuit-network": ("tensorcircuit-ng", "jax"),
    "qulacs": ("qulacs",),
}
"""The distributions whose versions are reported."""


def load(name: str) -> ModuleType:
    """Import the contestant ``name``; raises ``ImportError`` if its packages are not there."""
    return importlib.import_module(f"{__name__}.{MODULES[name]}")
