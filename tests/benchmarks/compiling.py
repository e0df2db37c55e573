"""``python -m tests.benchmarks.compiling``: how long it takes until a program runs.

- Capture: what an operation of an unrolled circuit costs beside the user's own code, which is the
  same function run under PennyLane's queue (and traced by JAX, where it takes parameters ``x[i]``).
- First calls of gradients, beside the first call of a trivial ``jax.jit``, which is JAX's floor.
- First calls in fresh processes, with nothing kept from an earlier one, and with everything kept.

Seconds are the least of several runs, of the process's CPU time and of the clock: what else runs on
the machine only ever adds to them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

import qgrad_lab
from qgrad_lab import for_loop, grad, qjit
from qgrad_lab.core.garbage import fewer_collections

WIRES = 4


class Seconds(NamedTuple):
    """Of one piece of work."""

    clock: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.clock * 1e3:10.1f} ms{self.cpu * 1e3:10.1f} ms CPU"


def fastest(prepare: Callable[[], Callable[[], Any]], rounds: int) -> Seconds:
    """The least of ``rounds`` runs of functions that ``prepare`` makes, which is not timed."""
    clocks, cpus = [], []
    for _ in range(rounds):
        function = prepare()
        clock, cpu = time.perf_counter(), time.process_time()
        jax.block_until_ready(function())
        clocks.append(time.perf_counter() - clock)
        cpus.append(time.process_time() - cpu)
    return Seconds(min(clocks), min(cpus))


def angles(gates: int) -> jax.Array:
    """Parameters of the circuits below."""
    return jnp.linspace(0.0, 6.0, 3 * (gates // 4))


def unrolled(gates: int, literal: bool = False) -> Callable[[Any], Any]:
    """A quantum function of ``gates`` operations in a Python loop, three in four with an angle."""

    def circuit(x: Any) -> Any:
        for i in range(gates // 4):
            wire = i % WIRES
            for k in range(3 * i, 3 * i + 3):
                qml.RX(0.001 * k if literal else x[k], wires=wire)
            qml.CNOT(wires=[wire, (wire + 1) % WIRES])
        return qml.expval(qml.Z(0))

    return circuit


def looped(gates: int) -> Callable[[Any], Any]:
    """The same circuit as one loop."""

    def circuit(x: Any) -> Any:
        @for_loop(0, gates // 4, 1)
        def body(i: Any) -> None:
            wire = i % WIRES
            for k in range(3):
                qml.RX(x[3 * i + k], wires=wire)
            qml.CNOT(wires=[wire, (wire + 1) % WIRES])

        body()
        return qml.expval(qml.Z(0))

    return circuit


def layered(wires: int, layers: int) -> Callable[[Any], Any]:
    """RX RY RZ on each wire and a ring of CNOTs, ``layers`` times."""

    def circuit(x: Any) -> Any:
        for layer in range(layers):
            for wire in range(wires):
                qml.RX(x[layer, wire, 0], wires=wire)
                qml.RY(x[layer, wire, 1], wires=wire)
                qml.RZ(x[layer, wire, 2], wires=wire)
            for wire in range(wires):
                qml.CNOT(wires=[wire, (wire + 1) % wires])
        return qml.expval(qml.Z(0) @ qml.Z(1))

    return circuit


def gradient(function: Callable[[Any], Any], wires: int) -> Any:
    """A compiled gradient that shares nothing with an earlier one."""
    device = qml.device("lightning.qubit", wires=wires)
    return qjit(grad(qml.QNode(function, device, diff_method="adjoint")))


def capture(gates: int, literal: bool, rounds: int = 8) -> tuple[Seconds, Seconds]:
    """Of the user's code alone, and of the program with it: traced, and its Program encoded."""
    x = angles(gates)
    function = unrolled(gates, literal)
    device = qml.device("lightning.qubit", wires=WIRES)

    def queued(x: Any) -> Any:
        with qml.tape.QuantumTape():
            function(x)
        return 0.0

    def user() -> Callable[[], Any]:
        def fresh(x: Any) -> Any:
            with fewer_collections():  # as in our programs, which do not get the credit for it
                return queued(x)

        return lambda: jax.make_jaxpr(fresh)(x).eqns[:0]

    def ours() -> Callable[[], Any]:
        compiled = qjit(qml.QNode(function, device))
        return lambda: jax.make_jaxpr(compiled)(x).eqns[:0]

    pairs = [(fastest(user, 1), fastest(ours, 1)) for _ in range(rounds)]  # in turn
    alone, whole = zip(*pairs, strict=True)
    return Seconds(*map(min, zip(*alone, strict=True))), Seconds(
        *map(min, zip(*whole, strict=True))
    )


def first_call(function: Callable[[Any], Any], wires: int, x: Any, rounds: int = 5) -> Seconds:
    """Until the gradient of ``function`` is there, nothing known before."""

    def prepare() -> Callable[[], Any]:
        compiled = gradient(function, wires)
        return lambda: compiled(x)

    return fastest(prepare, rounds)


def floor(rounds: int = 5) -> Seconds:
    """The first call of a function that does nearly nothing, under ``jax.jit``."""
    numbers = iter(range(1_000_000))
    x = jnp.ones(6)

    def prepare() -> Callable[[], Any]:
        number = next(numbers)
        return lambda: jax.jit(lambda x: jnp.sin(x) * number)(x)

    return fastest(prepare, rounds)


_FRESH = """
import json, sys, time
import jax, jax.numpy as jnp, numpy as np
from tests.benchmarks import compiling
x = jnp.asarray(np.linspace(0.0, 6.0, 150).reshape(5, 10, 3))
circuit = compiling.gradient(compiling.layered(10, 5), 10)
def loss(x):
    return jnp.sum(jnp.sin(circuit(x)) * jnp.cos(x) ** 2)
program = compiling.qjit(compiling.grad(loss))
clock, cpu = time.perf_counter(), time.process_time()
jax.block_until_ready(program(x))
print(json.dumps([time.perf_counter() - clock, time.process_time() - cpu]))
"""


def fresh_process(cache: str, rounds: int = 3) -> Seconds:
    """The first call of a hybrid program in a process of its own; ``cache`` is its folder."""
    seconds = []
    for _ in range(rounds):
        done = subprocess.run(
            [sys.executable, "-c", _FRESH],
            env={**os.environ, "QGRAD_LAB_CACHE": cache},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds.append(json.loads(done.stdout))
    return Seconds(*map(min, zip(*seconds, strict=True)))


def main() -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.compiling")
    parser.add_argument("--gates", type=int, default=10_000, help="of the unrolled circuit")
    parser.add_argument("--large", action="store_true", help="ten times as many gates, too")
    arguments = parser.parse_args()
    gates = arguments.gates
    # Compiled anew whenever it is called for the first time; see fresh_process for the cache.
    os.environ["QGRAD_LAB_CACHE"] = "0"
    first_call(layered(2, 1), 2, jnp.ones((1, 2, 3)))  # what is loaded once
    print(f"jax {jax.__version__}, qgrad_lab {qgrad_lab.__file__}")
    for literal in (True, False):
        user, ours = capture(gates, literal)
        name = "literal angles" if literal else "angles x[i]"
        own = (ours.cpu - user.cpu) / gates
        print(f"capture of {gates:,} gates, {name:16}{ours}, user's code {user.cpu * 1e3:.1f} ms")
        print(f"    beside the user's code: {own * 1e6:.1f} us for each operation")
    print(f"{'first call of a trivial jax.jit':50}{floor()}")
    for wires, layers in ((2, 1), (4, 3), (10, 5)):
        x = jnp.asarray(np.linspace(0.0, 6.0, layers * wires * 3).reshape(layers, wires, 3))
        seconds = first_call(layered(wires, layers), wires, x)
        print(f"{f'first call of the gradient, {wires} x {layers}':50}{seconds}")
    for count in (gates, 10 * gates) if arguments.large else (gates,):
        x = angles(count)
        rounds = 3 if count == gates else 1
        seconds = first_call(unrolled(count), WIRES, x, rounds)
        print(f"{f'first call of the gradient, {count:,} gates x[i]':50}{seconds}")
        seconds = first_call(looped(count), WIRES, x)
        print(f"{f'first call of the gradient, {count:,} as a loop':50}{seconds}")
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'fresh process, hybrid 10 x 5, nothing kept':50}{fresh_process('0')}")
        fresh_process(folder, rounds=1)
        print(f"{'fresh process, hybrid 10 x 5, kept from before':50}{fresh_process(folder)}")


if __name__ == "__main__":
    main()
