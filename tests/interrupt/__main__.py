"""Calls that would take minutes or hours, in a process that test_interrupt.py interrupts.

For every name in its input it prints a line of JSON. If the name is that of a call, it prints
"started" before, when the native library is at work.
"""

import concurrent.futures
import faulthandler
import json
import os
import signal
import sys
import threading
import time
import traceback

import jax
import jax.numpy as jnp
import numpy as np
import pennylane as qml

import qgrad_lab as lab
from qgrad_lab.engine.plans import counts


def circuit(wires, method="adjoint", shots=None, also=()):
    """<Z...Z> behind RX(x[l]) on every wire, with gates in between which commute with all that."""

    @qml.set_shots(shots)
    @qml.qnode(qml.device("lightning.qubit", wires=wires), diff_method=method)
    def layers(x):
        @lab.for_loop(0, len(x), 1)
        def layer(i):
            for wire in range(wires):
                qml.RX(x[i], wires=wire)
            for wire in range(wires - 1):
                qml.IsingXX(0.3, wires=[wire, wire + 1])

        layer()
        words = [qml.prod(*(pauli(wire) for wire in range(wires))) for pauli in (qml.Z, *also)]
        results = [qml.expval(word) for word in words]
        return results if also else results[0]

    return layers


def angles(*shape):
    return jnp.asarray(np.random.default_rng(1).uniform(0, 0.2 / shape[-1], shape))


def gradient(x, wires):
    """The gradient of ``circuit``."""
    angle = np.sum(np.asarray(x), axis=-1, keepdims=True)
    return np.broadcast_to(-wires * np.sin(angle) * np.cos(angle) ** (wires - 1), np.shape(x))


def hessian(x, wires):
    angle = np.sum(np.asarray(x))
    power = np.cos(angle) ** (wires - 2)
    second = wires * power * ((wires - 1) * np.sin(angle) ** 2 - np.cos(angle) ** 2)
    return np.full((len(x), len(x)), second)


def trained(x, steps, wires):
    for _ in range(steps):
        x = x - 0.01 * gradient(x, wires)
    return x


@lab.qjit
def train(x, steps):
    """Gradient descent, in a loop with a circuit of two wires in it."""
    return jax.lax.fori_loop(0, steps, lambda _, x: x - 0.01 * lab.grad(circuit(2))(x), x)


gradient_of_16 = lab.qjit(lab.grad(circuit(16)))
# For so many operations JAX does not wait, where x is large.
in_jax = jax.jit(lambda x: gradient_of_16(x) * (1.0 + 0.0 * x))


def awaited(x):
    in_jax.lower(x).compile()
    return np.asarray(in_jax(x))


CALLS = {
    "sweep": (
        lab.qjit(lab.grad(circuit(24))),
        (angles(100),),
        (angles(1),),
        lambda x: gradient(x, 24),
    ),
    "loop": (train, (angles(3), 10**9), (angles(3), 5), lambda x, steps: trained(x, steps, 2)),
    "batch": (
        lab.qjit(jax.vmap(lab.grad(circuit(12)))),
        (angles(10**5, 20),),
        (angles(10, 4),),
        lambda x: gradient(x, 12),
    ),
    "shifts": (
        lab.qjit(lab.grad(circuit(12, "parameter-shift"))),
        (angles(2000),),
        (angles(3),),
        lambda x: gradient(x, 12),
    ),
    "jacobian": (
        lab.qjit(lab.jacobian(circuit(16, also=(qml.X,)))),
        (angles(20000),),
        (angles(3),),
        lambda x: np.stack([gradient(x, 16), np.zeros(len(x))]),
    ),
    "hessian": (
        lab.qjit(lab.hessian(circuit(12))),
        (angles(2000),),
        (angles(3),),
        lambda x: hessian(x, 12),
    ),
    "samples": (
        lab.qjit(lab.grad(circuit(8, "parameter-shift", shots=1000)), seed=1),
        (angles(2000),),
        (angles(3),),
        None,
    ),
    "outside": (
        lab.grad(lab.qjit(circuit(16))),
        (angles(20000),),
        (angles(3),),
        lambda x: gradient(x, 16),
    ),
    "asynchronous": (
        awaited,
        (angles(20000),),
        (angles(3),),
        lambda x: gradient(x, 16),
    ),
}
"""A function, arguments with which it takes long, others with which it does not, and what it gives
for these, if that is not random."""


def when_at_work(action):
    """Call ``action`` in another thread, when the native library will have begun with a circuit."""

    def wait():
        while counts() == before:
            time.sleep(0.01)
        time.sleep(0.3)
        action()

    before = counts()
    threading.Thread(target=wait).start()


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def interrupted(name):
    function, long, short, expected = CALLS[name]
    first = np.asarray(function(*short))
    when_at_work(lambda: print("started", flush=True))
    try:
        jax.block_until_ready(function(*long))
        text = "it ended"
        stopped = 0.0
    except KeyboardInterrupt:
        stopped = time.monotonic()
        text = traceback.format_exc()
    again = np.asarray(function(*short))
    right = first if expected is None else expected(*short)
    return {
        "stopped": stopped,
        "text": text,
        "same": np.array_equal(first, again),
        "difference": float(np.max(np.abs(again - right))),
    }


def own_handler():
    """One that returns: Python's own functions go on then, and so does a program."""
    batch = CALLS["batch"][0]
    x = angles(400, 20)
    expected, seen = batch(x), []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(counts()))
    try:
        start = counts()
        when_at_work(interrupt)
        result = batch(x)
    finally:
        signal.signal(signal.SIGINT, before)
    same = np.array_equal(result, expected)
    return [len(seen), same, counts().forward - start.forward > 400]


def ignored():
    """SIGINT where it is ignored."""
    batch = CALLS["batch"][0]
    x = angles(400, 20)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        start = counts()
        when_at_work(interrupt)
        batch(x)
    finally:
        signal.signal(signal.SIGINT, before)
    return counts().forward - start.forward


def in_another_thread():
    """What becomes of a program there, and of the main thread that waits for it."""
    function, long, short, expected = CALLS["batch"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(function, *long)
        when_at_work(interrupt)
        try:
            future.result()
            told = None
        except KeyboardInterrupt:
            told = "KeyboardInterrupt"
        error = future.exception()
    difference = float(np.max(np.abs(function(*short) - expected(*short))))
    return [told, type(error).__name__, str(error), difference]


def results_that_were_not_finished():
    _, long, short, expected = CALLS["asynchronous"]
    in_jax.lower(*long).compile()
    when_at_work(interrupt)  # first: it waits for circuits that begin from now on
    result = in_jax(*long)
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
    try:
        lab.qjit(lambda x: train(x[:3], 5))(result)
        told = None
    except KeyboardInterrupt as stop:
        told = str(stop)
    return [told, float(np.max(np.abs(in_jax(*short) - expected(*short))))]


def between_calls():
    """How many of many calls fail that come right after an interrupt."""
    x = angles(3)
    expected = in_jax(x)
    failures = 0
    for _ in range(50):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            pass
        try:
            failures += not np.array_equal(in_jax(x), expected)
        except Exception:
            failures += 1
    return failures


def forked():
    """The exit status of a process of its own that is interrupted."""
    child = os.fork()
    if child == 0:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            os._exit(7)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def without_a_handler():
    """Does not return: SIGINT ends the process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    function, long, _, _ = CALLS["batch"]
    when_at_work(interrupt)
    function(*long)


def behind_another_library():
    """One that puts its C handler in front of ours, and calls ours."""
    with open(os.devnull, "w") as nowhere:
        faulthandler.register(signal.SIGINT, file=nowhere, chain=True)
        try:
            function, long, _, _ = CALLS["batch"]
            when_at_work(interrupt)
            function(*long)
            told = None
        except KeyboardInterrupt:
            told = "KeyboardInterrupt"
        finally:
            faulthandler.unregister(signal.SIGINT)
    return told


SCENARIOS = {
    function.__name__: function
    for function in (
        own_handler,
        ignored,
        in_another_thread,
        results_that_were_not_finished,
        between_calls,
        forked,
        behind_another_library,
        without_a_handler,
    )
}

if __name__ == "__main__":
    # What is started in the background, as CI may be, begins with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    jax.config.update("jax_enable_x64", True)
    for line in sys.stdin:
        name = line.strip()
        result = interrupted(name) if name in CALLS else SCENARIOS[name]()
        print(json.dumps(result), flush=True)
