"""Calls the library with anything, for as long as one likes: no call may end the interpreter.

    python -m tests.support.fuzz [--minutes M] [--seed S]

Programs of random operations, wires, shapes, types and options, most of them wrong, run in a child
process. Whatever Python exception comes out of one is fine; a signal, an exit or a call that hangs
is not, and is reported with the seed that repeats it. Exceptions are counted by class, and those
that were raised in the library itself and are none of its own errors are listed: a user should have
been told more.
"""

import argparse
import collections
import functools
import json
import multiprocessing
import pathlib
import random
import sys
import time
import traceback
import warnings
from typing import Any

COMPOSITE = ("Rot", "CRot", "U2", "U3", "QFT")
"""Operations that programs usually have and that are no rows of the gate table."""
PACKAGE = str(pathlib.Path(__file__).parents[2] / "qgrad_lab")
SECONDS_PER_CASE = 120
PLANNED = (ValueError, TypeError, NotImplementedError, ImportError, MemoryError)
ODDNESS = (0.0, 0.02, 0.1, 0.3)
"""How likely each choice in a program is an odd one; drawn for each program."""


class _Choices(random.Random):
    """Random choices, some of which are odd."""

    oddness = 0.0

    def odd(self) -> bool:
        return self.random() < self.oddness

    def pick(self, usual: list[Any], odd: list[Any]) -> Any:
        return self.choice(odd if odd and self.odd() else usual)


def _number(rng: _Choices, jnp: Any, np: Any) -> Any:
    """A parameter of an operation, from sensible to absurd."""
    if not rng.odd():
        return rng.uniform(-7, 7)
    special = [0.0, -0.0, 1e-320, 1e308, np.inf, -np.inf, np.nan, 2**63, -1, True, None, "x", 1j]
    dtypes = ["float64", "float32", "float16", "complex128", "int32", "int8", "bool", "uint64"]
    match rng.randrange(5):
        case 0:
            return rng.choice(special)
        case 1:
            shape = tuple(rng.randrange(4) for _ in range(rng.randrange(4)))
            return np.ones(shape) * rng.uniform(-2, 2)
        case 2:
            size = rng.choice([1, 2, 3, 4, 8, 16])
            return np.eye(size) * rng.choice([1.0, 1j, 2.0, np.nan])
        case 3:
            return jnp.ones((rng.choice([1, 2, 4, 8]),), rng.choice(dtypes))
        case _:
            return jnp.asarray(rng.uniform(-3, 3), rng.choice(dtypes[:3]))


def _wires(rng: _Choices, count: int, traced: Any) -> Any:
    if count <= 3 and not rng.odd():
        wires = rng.sample(range(3), count)
        if rng.random() < 0.15:
            wires[rng.randrange(count)] = traced
        return wires
    wires = [
        rng.choice([0, 1, 2, -1, 7, 2**40, 1.5, "a", None, (0, 1), True]) for _ in range(count)
    ]
    return rng.choice([wires, wires, [], None, wires[:1], 5])


def _operation(rng: _Choices, qml: Any, names: list[str], x: Any, n: Any, tools: Any) -> None:
    """Queue one operation, perhaps in a loop, a branch, an adjoint or a control."""
    jnp, np, lab = tools
    name = rng.pick(_usual_names(), names)
    kind = getattr(qml, name)
    num_params = getattr(kind, "num_params", None)
    num_wires = getattr(kind, "num_wires", None)
    count = num_wires if isinstance(num_wires, int) else rng.randrange(1, 4)
    wires = _wires(rng, count, n)
    params = [
        x[rng.randrange(3)] if rng.random() < 0.5 else _number(rng, jnp, np)
        for _ in range(num_params if isinstance(num_params, int) else rng.randrange(3))
    ]
    control = _wires(rng, 1, n)

    def make(*_: Any) -> None:
        kind(*params, wires=wires)

    match rng.randrange(12):
        case 0:
            qml.adjoint(make)()
        case 1:
            qml.ctrl(make, control=control)()
        case 2:
            # A longer loop is no hang, but days of honest work for the parameter-shift rule.
            count = rng.pick([0, 1, 5, n], [-3, x[0], 10**4, "3"])
            lab.for_loop(0, count, rng.pick([1], [0, n]))(make)()
        case 3:
            lab.cond(rng.pick([x[0] > 0, True], [n, x, None]))(make)()
        case 4:
            limit = rng.pick([2], [n, x])
            lab.while_loop(lambda k: k < limit)(lambda k: (make(), k + 1)[1])(0)
        case _:
            make()


def _measurement(rng: _Choices, qml: Any, x: Any, n: Any, tools: Any) -> Any:
    jnp, np, _ = tools
    observable = rng.pick(
        [
            lambda: qml.Z(0),
            lambda: qml.X(0) @ qml.Y(1),
            lambda: qml.Hamiltonian([x[0], 0.3], [qml.Z(0), qml.X(1)]),
            lambda: qml.Projector([0, 1], wires=[0, 1]),
            lambda: qml.Hadamard(0),
        ],
        [
            lambda: qml.Z(n),
            lambda: qml.Z(9),
            lambda: qml.Hamiltonian([x[0], _number(rng, jnp, np)], [qml.Z(0), qml.X(1)]),
            lambda: qml.Hermitian(_number(rng, jnp, np), wires=[0]),
            lambda: _number(rng, jnp, np),
        ],
    )
    wires = _wires(rng, rng.randrange(1, 4), 0)
    return rng.pick(
        [
            lambda: qml.expval(observable()),
            lambda: qml.var(observable()),
            lambda: qml.probs(wires=wires),
            lambda: qml.state(),
            lambda: qml.purity(wires=[0]),
            lambda: qml.vn_entropy(wires=[0]),
            lambda: qml.density_matrix(wires=[0]),
            lambda: [qml.expval(qml.Z(0)), {"a": qml.var(qml.X(1))}],
        ],
        [
            lambda: qml.probs(op=observable()),
            lambda: qml.sample(),
            lambda: qml.counts(wires=wires),
            lambda: _number(rng, jnp, np),
            lambda: None,
        ],
    )()


def run_case(seed: int, names: list[str]) -> None:
    """One random program, compiled and called."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import pennylane as qml

    import qgrad_lab as lab

    rng = _Choices(seed)
    rng.oddness = rng.choice(ODDNESS)
    tools = jnp, np, lab
    device = qml.device("lightning.qubit", wires=rng.pick([3], [1, 2, None]))
    method = rng.pick(
        ["adjoint", "parameter-shift"], ["best", "device", None, "finite-diff", "hadamard", "x"]
    )
    shots = rng.pick([None, None, None, 10], [1, 0, -1, (5, 3), "many"])
    script = rng.randrange(2**32)
    length = rng.randrange(1, 6)
    oddness = rng.oddness

    @qml.set_shots(shots)
    @qml.qnode(device, diff_method=method)
    def circuit(x: Any, n: Any) -> Any:
        steps = _Choices(script)  # the same program in every trace
        steps.oddness = oddness
        for _ in range(length):
            _operation(steps, qml, names, x, n, tools)
        return _measurement(steps, qml, x, n, tools)

    def total(x: Any, n: Any) -> Any:
        leaves = jax.tree.leaves(circuit(x, n))
        return sum(jnp.sum(jnp.real(leaf)) for leaf in leaves)

    x = jnp.array([rng.pick([0.3, 0.0, -2.0], [np.nan, 1e300]), 0.7, -1.1])
    n = rng.pick([0, 1, 2], [3, -1, 10**12, 2.5, True])
    argnum = rng.pick([None, 0, [0], [0, 0]], [1, -1, 5, "x", [], 0.5])
    way = rng.pick(["auto", None, "fd"], ["wrong", 3])
    h = rng.pick([None, 1e-7, 1e-3], [0, -1, np.inf, "h"])
    static = rng.pick([1], [0, 7, "x"])
    transforms = [
        lambda: lab.qjit(circuit)(x, n),
        lambda: lab.qjit(lab.grad(total, argnum=argnum, method=way, h=h))(x, n),
        lambda: lab.qjit(lab.grad(total))(x, n),
        lambda: lab.qjit(lab.jacobian(lambda x: total(x, 1), method=way))(x),
        lambda: jax.hessian(lab.qjit(total))(x, n),
        lambda: lab.qjit(jax.vmap(total, in_axes=(0, None)))(jnp.stack([x, x + 1]), n),
        lambda: lab.qjit(lab.value_and_grad(total), static_argnums=static)(x, n),
        lambda: lab.qjit(lambda x, n: lab.jvp(total, [x, n], [x], argnum=[0]))(x, n),
    ]
    jax.block_until_ready(rng.choice(transforms)())


@functools.cache
def _usual_names() -> list[str]:
    """The gates that take wires and angles only, and what is composed of them."""
    from qgrad_lab.gates.table import CONTROLLED, GATES

    plain = [name for name, kind in GATES.items() if kind.extra is None]
    return [*plain, *CONTROLLED.values(), *COMPOSITE]


def operation_names() -> list[str]:
    """Every operation class of PennyLane."""
    import pennylane as qml

    return sorted(
        name
        for name in dir(qml)
        if isinstance(getattr(qml, name), type)
        and issubclass(getattr(qml, name), qml.operation.Operator)
        and name not in ("Snapshot", "FromBloq")
    )


def _child(first: int, connection: Any) -> None:
    """Run cases from ``first`` on, telling the parent of each before and after."""
    import gc

    import jax

    warnings.simplefilter("ignore")
    names = operation_names()
    for seed in range(first, first + 300):  # then a fresh process, which has no full caches
        connection.send(("begin", seed, None))
        outcome = "returned"
        unplanned = None
        try:
            run_case(seed, names)
        except Exception as error:
            outcome = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)
            inside = frames and frames[-1].filename.startswith(PACKAGE)
            planned = isinstance(error, PLANNED) or type(error).__module__.startswith("qgrad_lab")
            if inside and not planned:
                unplanned = f"{outcome}: {error} ({frames[-1].filename}:{frames[-1].lineno})"
        connection.send((outcome, seed, unplanned))
    jax.clear_caches()
    gc.collect()


def fuzz(seconds: float, seed: int, out: Any = None) -> dict[str, Any]:
    """Run cases for ``seconds``; what became of them."""
    context = multiprocessing.get_context("spawn")
    outcomes: collections.Counter = collections.Counter()
    died: list[str] = []
    unplanned: dict[int, str] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        parent, connection = context.Pipe()
        child = context.Process(target=_child, args=(seed, connection), daemon=True)
        child.start()
        connection.close()
        running = None
        while time.monotonic() < end:
            try:
                if not parent.poll(SECONDS_PER_CASE):
                    died.append(f"seed {running}: no answer in {SECONDS_PER_CASE} s")
                    break
                outcome, case, odd = parent.recv()
            except EOFError:
                child.join()
                if child.exitcode:
                    died.append(f"seed {running}: exit code {child.exitcode}")
                break
            running = case
            if outcome != "begin":
                seed = case + 1
                outcomes[outcome] += 1
                if odd:
                    unplanned[case] = odd
        child.kill()
        child.join()
        if running is not None and running >= seed:
            seed = running + 1
        if out is not None:
            print(sum(outcomes.values()), "calls", dict(outcomes), died, file=out, flush=True)
    return {"outcomes": dict(outcomes), "died": died, "unplanned": unplanned, "next_seed": seed}


def main() -> None:
    """Fuzz and print what was found; exit with 1 if the interpreter ended or hung."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fuzz")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print("seed", arguments.seed)
    found = fuzz(60 * arguments.minutes, arguments.seed, out=sys.stderr)
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["died"]))


if __name__ == "__main__":
    main()
