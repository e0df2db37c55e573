"""Time exact means over outcomes beside deferred ones: ``python -m tests.benchmarks.measuring``.

A circuit on 10 wires measures k of them in the middle, each followed by a gate on condition. The
deferred circuit has k wires more. Value and gradient of both are taken in turn.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

from qgrad_lab import qjit, value_and_grad

WIRES = 10
COUNTS = (4, 8, 12)
_REPEATS = 5


def circuit(count: int) -> Callable[..., Any]:
    """Return a quantum function of f64[2, WIRES] that measures ``count`` times."""

    def quantum_function(x: Any) -> Any:
        for wire in range(WIRES):
            qml.RY(x[0, wire], wires=wire)
        for number in range(count):
            for wire in range(WIRES - 1):
                qml.CNOT(wires=[wire, wire + 1])
            outcome = qml.measure(number % WIRES)
            qml.cond(outcome, qml.RX)(x[1, number % WIRES], wires=(number + 1) % WIRES)
            for wire in range(WIRES):
                qml.RY(x[1, wire], wires=wire)
        return qml.expval(qml.Z(0) @ qml.Z(1) + qml.X(2))

    return quantum_function


def contestants(count: int) -> dict[str, Callable[..., Any]]:
    """Return the compiled value and gradient, by name."""
    function = circuit(count)
    exact = qml.QNode(function, qml.device("lightning.qubit", wires=WIRES))
    deferred = qml.QNode(
        function, qml.device("lightning.qubit", wires=WIRES + count), mcm_method="deferred"
    )
    return {
        "all outcomes": qjit(value_and_grad(exact)),
        "deferred": qjit(value_and_grad(deferred)),
    }


def main() -> None:
    """Print a table of medians, in milliseconds."""
    x = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (2, WIRES)))
    print(f"{'measurements':>12} {'name':>14} {'first (s)':>10} {'then (ms)':>10}")
    for count in COUNTS:
        functions = contestants(count)
        first, results = {}, {}
        for name, f in functions.items():
            start = time.perf_counter()
            results[name] = jax.block_until_ready(f(x))
            first[name] = time.perf_counter() - start
        one, other = results.values()
        for got, want in zip(one, other, strict=True):
            np.testing.assert_allclose(got, want, atol=1e-9)
        times: dict[str, list[float]] = {name: [] for name in functions}
        for _ in range(_REPEATS):
            for name, f in functions.items():
                start = time.perf_counter()
                jax.block_until_ready(f(x))
                times[name].append(time.perf_counter() - start)
        for name in functions:
            print(f"{count:>12} {name:>14} {first[name]:>10.2f} {1e3 * median(times[name]):>10.2f}")


if __name__ == "__main__":
    main()
