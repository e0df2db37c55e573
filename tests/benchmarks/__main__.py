"""Gradients of layered circuits beside Catalyst, in one process.

    python -m tests.benchmarks [--json FILE] [--quick]

Each workload is RX, RY, RZ on every wire and a ring of CNOTs, ``layers`` times, and the gradient of
<Z0 Z1> in all angles. No timing is kept whose gradient was not checked: against the same QNode on
``default.qubit`` with backprop up to 4 wires, against the other contestants beyond. Catalyst takes
part where it is installed (Python 3.12, jax 0.7.1, pennylane-catalyst 0.15.0).
"""

import argparse
import importlib.metadata
import json
import platform
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

import qgrad_lab
from tests.benchmarks.timing import time_in_turn

try:
    import catalyst
except ImportError:
    catalyst = None

WORKLOADS = [
    ("adjoint", 2, 1),
    ("adjoint", 4, 3),
    ("adjoint", 10, 5),
    ("adjoint", 16, 4),
    ("parameter-shift", 4, 3),
    ("parameter-shift", 10, 5),
]
_REFERENCE_WIRES = 4


def make_circuit(wires: int, layers: int, diff_method: str) -> qml.QNode:
    """A fresh QNode of the workload, so that nothing is cached from another contestant."""

    @qml.qnode(qml.device("lightning.qubit", wires=wires), diff_method=diff_method)
    def circuit(x):
        for layer in range(layers):
            for wire in range(wires):
                qml.RX(x[layer, wire, 0], wires=wire)
                qml.RY(x[layer, wire, 1], wires=wire)
                qml.RZ(x[layer, wire, 2], wires=wire)
            for wire in range(wires if wires > 1 else 0):
                qml.CNOT(wires=[wire, (wire + 1) % wires])
        return qml.expval(qml.Z(0) @ qml.Z(1) if wires > 1 else qml.Z(0))

    return circuit


def contestants(
    method: str, wires: int, layers: int, x: jax.Array
) -> dict[str, Callable[[], Callable[[], Any]]]:
    """Factories of functions that compute the gradient at ``x``."""

    def ours() -> Callable[[], Any]:
        compiled = qgrad_lab.qjit(qgrad_lab.grad(make_circuit(wires, layers, method)))
        return lambda: compiled(x)

    def theirs() -> Callable[[], Any]:
        compiled = catalyst.qjit(catalyst.grad(make_circuit(wires, layers, method)))
        return lambda: compiled(x)

    return {"qgrad_lab": ours} | ({"catalyst": theirs} if catalyst else {})


def check(results: dict[str, Any], method: str, wires: int, layers: int, x: jax.Array) -> None:
    """Stop if a contestant's gradient is wrong."""
    expected = results["qgrad_lab"]
    if wires <= _REFERENCE_WIRES:
        expected = jax.grad(qgrad_lab.reference(make_circuit(wires, layers, method)))(x)
    for name, result in results.items():
        difference = float(np.max(np.abs(np.asarray(result) - np.asarray(expected))))
        if difference > 1e-9:
            raise SystemExit(f"{name}: gradient wrong by {difference} at {wires} x {layers}")


def run(workload: tuple[str, int, int], budget: float) -> dict[str, Any]:
    """Time one workload."""
    method, wires, layers = workload
    x = jnp.asarray(np.random.default_rng(7).uniform(0, 2 * np.pi, (layers, wires, 3)))
    timings, results = time_in_turn(contestants(method, wires, layers, x), budget=budget)
    check(results, method, wires, layers, x)
    row = {"method": method, "wires": wires, "layers": layers}
    return row | {name: timing._asdict() for name, timing in timings.items()}


def text(row: dict[str, Any]) -> str:
    """One line of the table."""
    ours = row["qgrad_lab"]
    line = f"{row['method']:16}{row['wires']:3} x {row['layers']}"
    line += f"{ours['median'] * 1e6:13.1f} us{ours['first'] * 1e3:10.1f} ms"
    if theirs := row.get("catalyst"):
        line += f"{theirs['median'] * 1e6:13.1f} us{theirs['first'] * 1e3:10.1f} ms"
        line += f"{theirs['median'] / ours['median']:9.1f}x{theirs['first'] / ours['first']:9.1f}x"
    return line


def main() -> None:
    """Run all workloads and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--json", help="write the results to this file")
    parser.add_argument("--quick", action="store_true", help="one second a workload")
    arguments = parser.parse_args()
    versions = {
        package: importlib.metadata.version(package)
        for package in ("jax", "pennylane", "pennylane-lightning")
        + (("pennylane-catalyst",) if catalyst else ())
    }
    print(f"Python {platform.python_version()}, {versions}")
    header = f"{'method':16}{'circuit':7}{'each call':>15}{'first':>12}"
    if catalyst:
        header += f"{'catalyst':>15}{'first':>12}{'ratio':>10}{'first':>10}"
    print(header)
    # What the first compilation of a process loads once is nobody's first call.
    run(("adjoint", 1, 1), budget=0.0)
    rows = []
    for workload in WORKLOADS:
        rows.append(run(workload, budget=1.0 if arguments.quick else 5.0))
        print(text(rows[-1]), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"versions": versions, "rows": rows}, file, indent=2)


if __name__ == "__main__":
    main()
